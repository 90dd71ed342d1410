//! The command line of `authsome run`.

use std::ffi::OsString;

/// Run a command that uses credentials without seeing them
///
/// The command gets placeholders; a local proxy puts the real credential on its https requests to
/// the providers' own hosts. Its exit status is passed on.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome run", bin_name = "authsome run", version)]
pub struct Args {
    #[command(flatten)]
    pub session: cli::SessionArgs,
    /// Command to run, with its arguments
    #[arg(trailing_var_arg = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
    #[command(flatten)]
    pub globals: cli::Globals,
}
