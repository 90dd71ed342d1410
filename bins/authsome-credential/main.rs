//! Requests in, headers out; and the renewal of tokens: serves role `credential`.
//!
//! It asks the configured vault and the flows as any other program does, and stores nothing itself.

#![forbid(unsafe_code)]

mod args;
mod run;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::kernel::harden();
    run::run(&args::Args::parse())
}
