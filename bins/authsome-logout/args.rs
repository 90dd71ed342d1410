//! The command line of `authsome logout`.

use proto::ConnectionName;

/// Forget a connection on this machine
///
/// The provider is not told. The OAuth client stays for the next login.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome logout", bin_name = "authsome logout", version)]
pub struct Args {
    /// Provider of the connection
    pub provider: String,
    /// Connection to forget, when there are several
    #[arg(long, value_name = "NAME")]
    pub connection: Option<ConnectionName>,
    /// Do not ask; needed where there is no terminal
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub globals: cli::Globals,
}
