//! `authsome run`: a command under the session's proxy.
//!
//! It starts the proxy, prepares the command's environment, passes signals and the status on, and
//! cleans up. It sees no credential: the proxy and the credential source do. It keeps the limits that it was
//! started with, which the command inherits.

#![forbid(unsafe_code)]

mod args;
mod child;
mod elsewhere;
mod environment;
mod exceptions;
mod git_settings;
mod inherited;
mod roots;
mod run;
mod session_line;
mod signals;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
