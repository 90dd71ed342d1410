//! The command line of `authsome revoke`.

use proto::ConnectionName;

/// Withdraw a provider's tokens, then forget them
///
/// Every connection of the provider, unless one is named. The provider is told first; what it could
/// not be told of is kept. The OAuth client stays for the next login.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome revoke", bin_name = "authsome revoke", version)]
pub struct Args {
    /// Provider of the connections
    pub provider: String,
    /// Only this connection
    #[arg(long, value_name = "NAME")]
    pub connection: Option<ConnectionName>,
    /// Do not ask; needed where there is no terminal
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub globals: cli::Globals,
}
