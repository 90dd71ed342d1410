//! The command line of `authsome-flow`.

use clap::{Parser, ValueEnum};

/// Speak OAuth; the default helper of the role flow
///
/// Other authsome programs start it: login, revoke, and the credential source for renewals.
#[derive(Debug, Parser)]
#[command(name = "authsome-flow", version)]
pub struct Args {
    /// Speak the helper protocol on stdin and stdout
    #[arg(long = "authsome-helper", value_name = "ROLE")]
    pub helper: Role,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    Flow,
}
