//! `authsome connection`: several accounts of one provider. It opens no secret but to move it.

#![forbid(unsafe_code)]

mod args;
mod run;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
