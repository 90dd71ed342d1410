//! The one holder of the key: serves role `vault`, and gives shells the same ops as commands.
//!
//! It knows records and secrets, not what they are for. Its commands ask the configured vault as
//! any other program does: there is no way in beside the protocol.

#![forbid(unsafe_code)]

mod args;
mod run;
mod serve;

fn main() -> std::process::ExitCode {
    cli::serve_if_asked("vault", serve::Served::new, |_| ())
        .unwrap_or_else(|| cli::program(|args: &args::Args| &args.globals, run::run))
}
