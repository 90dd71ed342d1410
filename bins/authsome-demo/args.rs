//! The command line of `authsome demo`.

/// Watch a login, a vault and a run against an embedded provider
///
/// Everything happens on this machine, in a throw-away home, through the installed programs.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome demo", bin_name = "authsome demo", version)]
pub struct Args {
    /// Use your own browser instead of a scripted one
    #[arg(long)]
    pub browser: bool,
    /// Be the scripted browser: log in where this file leads
    #[arg(long, hide = true, value_name = "URL", conflicts_with = "agent")]
    pub scripted_browser: Option<String>,
    /// Be the agent: ask the API at this address
    #[arg(long, hide = true, value_name = "URL")]
    pub agent: Option<String>,
    #[command(flatten)]
    pub globals: cli::Globals,
}
