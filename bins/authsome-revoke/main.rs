//! `authsome revoke`: the provider forgets the tokens, then this machine does. It speaks no OAuth itself.

#![forbid(unsafe_code)]

mod args;
mod request;
mod run;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
