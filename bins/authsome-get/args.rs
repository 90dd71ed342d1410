//! The command line of `authsome get`.

use proto::ConnectionName;

/// Show a connection
///
/// Prints what is known of it, one field a line. Its credential is shown only with --show-secret,
/// and never inside a session of authsome run.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome get", bin_name = "authsome get", version)]
pub struct Args {
    /// Provider of the connection
    pub provider: String,
    /// Connection to show, when there are several
    #[arg(long, value_name = "NAME")]
    pub connection: Option<ConnectionName>,
    /// Print this field alone (status, scopes, account.label, …)
    #[arg(long, value_name = "FIELD")]
    pub field: Option<String>,
    /// Show the access token or API key too, renewed if due
    #[arg(long)]
    pub show_secret: bool,
    #[command(flatten)]
    pub globals: cli::Globals,
}
