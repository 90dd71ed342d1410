//! The conformance kit: plays the project's own transcripts against anyone's helper.
//!
//! It knows lines and what must come back, not what a helper is made of. It uses neither the vault
//! nor the configuration of the person who runs it: every case has a home of its own, unless `--home`
//! names one.

#![forbid(unsafe_code)]

mod args;
mod cases;
mod checks;
mod conversation;
mod http;
mod matching;
mod player;
mod process;
mod race;
mod run;
mod transcript;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // With --home a helper under test gives away real credentials.
    cli::kernel::harden();
    run::run(args::Args::parse())
}
