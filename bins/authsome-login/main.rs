//! `authsome login`: the person's side of a flow.
//!
//! It owns the browser, the terminal and the listener, and writes the result; the flow helper
//! speaks to the provider. It knows no token endpoint and no grant.

#![forbid(unsafe_code)]

mod args;
mod callback;
mod client;
mod events;
mod fields;
mod host;
mod interrupt;
mod opener;
mod page;
mod pasted;
mod piped;
mod qr;
mod record;
mod redirect;
mod run;
mod terminal;
mod turn;
mod unread;
mod unused;
mod value;
mod wait;

fn main() -> std::process::ExitCode {
    cli::program(|args: &args::Args| &args.globals, run::run)
}
