//! The dispatcher: finds `authsome-<command>` and becomes it.
//!
//! It knows names, not work: no vault, no provider, no network. Adding a command adds a program
//! and a line in `commands.rs`.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod help;
mod run;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match args::parse() {
        Ok(args) => args,
        Err(error) => {
            cli::Output::new(&cli::Globals::default()).error(&error);
            return ExitCode::from(error.code.exit_status());
        }
    };
    let output = cli::Output::new(&args.globals);
    match run::run(args, &output) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.code.exit_status())
        }
    }
}
