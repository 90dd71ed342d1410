//! The command line of `authsome-credential`.

use clap::{Parser, ValueEnum};
use cli::Globals;

/// Tell what goes where; the default helper of the role credential
///
/// Other authsome programs start it: the proxy for what goes on a request, `export` and
/// `get --show-secret` for a token. It renews tokens, too.
#[derive(Debug, Parser)]
#[command(name = "authsome-credential", version)]
pub struct Args {
    /// Speak the helper protocol on stdin and stdout
    #[arg(long = "authsome-helper", value_name = "ROLE")]
    pub helper: Role,
    #[command(flatten)]
    pub globals: Globals,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    Credential,
}
