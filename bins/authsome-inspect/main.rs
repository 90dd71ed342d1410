//! `authsome inspect`: a definition, exactly as it loads again. It asks no vault.

#![forbid(unsafe_code)]

mod args;
mod run;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
