//! The command line of `authsome inspect`.

use proto::ConnectionName;

/// Print a provider's definition
///
/// What it prints loads again: put it into ~/.authsome/providers/ and edit it, and it wins over the
/// bundled one.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome inspect", bin_name = "authsome inspect", version)]
pub struct Args {
    /// Provider, or an alias of one
    pub provider: String,
    /// Show the definition as this connection uses it, with its base URL
    #[arg(long, value_name = "NAME")]
    pub connection: Option<ConnectionName>,
    #[command(flatten)]
    pub globals: cli::Globals,
}
