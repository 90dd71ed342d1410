//! `authsome-flow`: the one program that speaks OAuth; serves role `flow` for the built-in flows.
//!
//! It stores nothing, shows nothing and opens no browser: its host does.

#![forbid(unsafe_code)]

mod args;
mod environment;
mod run;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::kernel::harden();
    run::run(&args::Args::parse())
}
