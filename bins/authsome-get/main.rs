//! `authsome get`: one connection, for people and scripts. It opens no secret itself.

#![forbid(unsafe_code)]

mod args;
mod run;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
