//! The command line of `authsome remove`.

/// Remove your own definition of a provider
///
/// A definition that came with authsome is in force again where there is one, and the connections
/// stay. Where there is none they could not be used any more, and are forgotten with it.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome remove", bin_name = "authsome remove", version)]
pub struct Args {
    /// Provider whose definition is your own
    pub provider: String,
    /// Do not ask; needed where there is no terminal
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub globals: cli::Globals,
}
