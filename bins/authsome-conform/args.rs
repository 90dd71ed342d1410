//! The command line of `authsome-conform`.

use clap::{Parser, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Test a helper against the protocol
///
/// Plays every transcript of the role and prints one line for each; ends with 0 when none failed.
/// The helper is started with --authsome-helper=ROLE as its last argument and AUTHSOME_HOME set to
/// an empty directory, which is removed afterwards.
#[derive(Debug, Parser)]
#[command(name = "authsome-conform", version)]
pub struct Args {
    /// What the helper serves
    pub role: Role,
    /// Use this home, as it is, instead of an empty one (a credential source needs connections)
    #[arg(long, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Play only the cases whose names contain this text
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Print one JSON document for each case
    #[arg(long)]
    pub json: bool,
    /// The helper's program and arguments, as in: -- ./authsome-vault-pass
    #[arg(last = true, required = true, value_name = "HELPER")]
    pub helper: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    Vault,
    Flow,
    Credential,
    Proxy,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Vault => "vault",
            Role::Flow => "flow",
            Role::Credential => "credential",
            Role::Proxy => "proxy",
        }
    }
}
