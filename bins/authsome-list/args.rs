//! The command line of `authsome list`.

/// List providers and connections
#[derive(Debug, clap::Parser)]
#[command(name = "authsome list", bin_name = "authsome list", version)]
pub struct Args {
    /// Only providers that are connected
    #[arg(long)]
    pub connected: bool,
    #[command(flatten)]
    pub globals: cli::Globals,
}
