//! `authsome-flow`: the one program that speaks OAuth; serves role `flow` for the built-in flows.
//!
//! It stores nothing, shows nothing and opens no browser: its host does.

#![forbid(unsafe_code)]

mod args;
mod environment;
mod run;

use run::Flow;
use std::sync::Arc;

fn main() -> std::process::ExitCode {
    let served = cli::serve_if_asked("flow", |_| Ok(Arc::new(Flow::default())), |_| ());
    served.unwrap_or_else(cli::only_a_helper::<args::Args>)
}
