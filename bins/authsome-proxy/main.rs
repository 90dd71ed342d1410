//! `authsome-proxy`: carries a session's traffic; serves role `proxy`.
//!
//! It knows no vault and no OAuth: the role `credential` tells it what goes where. By itself it
//! starts the configured proxy as `authsome run` does, and prints where it listens.

#![forbid(unsafe_code)]

mod args;
mod audit;
mod counters;
mod memory;
mod network;
mod opened;
mod policy;
mod run;
mod serve;
mod source;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::serve_if_asked("proxy", serve::Served::new, serve::Served::end)
        .unwrap_or_else(|| cli::program(|args: &args::Args| &args.globals, run::run))
}
