//! `authsome logout`: forget a connection on this machine. It does not talk to the provider.

#![forbid(unsafe_code)]

mod args;
mod run;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
