//! Requests in, headers out; and the renewal of tokens: serves role `credential`.
//!
//! It asks the configured vault and the flows as any other program does, and stores nothing itself.

#![forbid(unsafe_code)]

mod args;
mod run;

fn main() -> std::process::ExitCode {
    cli::serve_if_asked("credential", run::broker, run::finish).unwrap_or_else(cli::only_a_helper::<args::Args>)
}
