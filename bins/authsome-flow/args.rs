//! The command line of `authsome-flow`.

use clap::{Parser, ValueEnum};

/// Log in to providers, renew and revoke their tokens, for other authsome programs
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
