//! `authsome demo`: a login, a vault and a session against a provider that lives in this process.
//!
//! The OAuth server, the API, the browser and the agent are made up; the programs in between are
//! the installed ones, run as a person would run them, in a throw-away home.

#![forbid(unsafe_code)]

mod agent;
mod args;
mod run;
mod stage;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
