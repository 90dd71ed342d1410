//! The command line of `authsome list`.

use proto::ConnectionName;

/// List providers and connections
#[derive(Debug, clap::Parser)]
#[command(name = "authsome list", bin_name = "authsome list", version)]
pub struct Args {
    /// Only providers that are connected
    #[arg(long)]
    pub connected: bool,
    /// Only connections of this name
    #[arg(long, value_name = "NAME")]
    pub connection: Option<ConnectionName>,
    #[command(flatten)]
    pub globals: cli::Globals,
}
