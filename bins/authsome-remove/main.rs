//! `authsome remove`: take a definition of one's own away. It tells no provider anything.

#![forbid(unsafe_code)]

mod args;
mod run;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
