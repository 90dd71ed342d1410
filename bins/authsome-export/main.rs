//! `authsome export`: a credential as variables, renewed if due. Never a refresh token.

#![forbid(unsafe_code)]

mod args;
mod format;
mod header;
mod run;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
