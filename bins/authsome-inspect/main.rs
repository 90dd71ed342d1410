//! `authsome inspect`: a definition, exactly as it loads again. It asks the vault only when a connection
//! is named, and opens no secret.

#![forbid(unsafe_code)]

mod args;
mod run;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
