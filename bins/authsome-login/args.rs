//! The command line of `authsome login`.

use proto::ConnectionName;

/// Log in to a provider and keep the credential
///
/// Opens the provider in a browser, waits until you have agreed, and ends with 0 only when the
/// connection is stored. Secrets are asked for on a local page or on the terminal, or come from
/// --stdin or the environment; never from arguments.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome login", bin_name = "authsome login", version)]
pub struct Args {
    /// Provider to log in to (see authsome list)
    pub provider: String,
    /// Name of the connection, for several accounts of one provider [default: the one set, else default]
    #[arg(long, value_name = "NAME")]
    pub connection: Option<ConnectionName>,
    /// Flow to use instead of the definition's
    #[arg(long, value_name = "FLOW")]
    pub flow: Option<String>,
    /// Scopes to ask for, separated by commas; +SCOPE adds to the definition's
    #[arg(long, value_name = "SCOPES")]
    pub scopes: Option<String>,
    /// Base URL of a self-hosted provider
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Log in again although connected; confirm a changed definition
    #[arg(long)]
    pub force: bool,
    /// OAuth client to use (its secret is asked for)
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Log in anew with another OAuth client, asked for or registered, in place of the stored one
    #[arg(long)]
    pub reset_client: bool,
    /// Read the secret from stdin: a key alone, or {"client_id":…,"client_secret":…}
    #[arg(long)]
    pub stdin: bool,
    /// Do not open a browser; print the addresses
    #[arg(long)]
    pub no_browser: bool,
    /// Ask nobody anything; fail when a person is needed
    #[arg(long)]
    pub no_input: bool,
    /// Store without trying the credential
    #[arg(long)]
    pub no_check: bool,
    /// How long to wait for a person, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub timeout: u64,
    #[command(flatten)]
    pub globals: cli::Globals,
}
