//! Renewals at full size: 50 storms of 200 callers, 500 kills.
//!
//! `cargo bench --bench renewal` plays all of it and prints what came out, in some ten minutes on two
//! cores; `cargo bench --bench renewal -- kills` one part. It asserts what `tests/renewal` asserts.
#![allow(clippy::unwrap_used, clippy::print_stdout)]
#![allow(dead_code, unused_imports)] // the tests beside what is used here

#[path = "../tests/renewal/callers.rs"]
mod callers;
#[path = "../tests/renewal/crashes.rs"]
mod crashes;
#[path = "../tests/renewal/stage.rs"]
mod stage;
#[path = "../tests/e2e/world.rs"]
mod world;

use stage::Kept;
use std::time::Instant;

fn main() {
    let parts: [(&str, fn()); 2] = [("storms", storms), ("kills", kills)];
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            part();
        }
    }
}

/// However many want the same dead token, one renewal is made, and all get what it brought.
fn storms() {
    for kept in [Kept::Bundled, Kept::Directory] {
        let each = callers::storm(kept, 50, 8, 25);
        println!("storms: 50 of 200 callers in 8 processes, {kept:?} vault: one renewal each, {} ms", each.as_millis());
    }
}

/// Programs killed at random instants of a renewal, and what became of the connections.
fn kills() {
    for (name, refresh) in [("strict", crashes::STRICT), ("graceful", crashes::GRACEFUL)] {
        let began = Instant::now();
        let toll = crashes::massacre(250, refresh);
        let seconds = began.elapsed().as_secs();
        println!("kills: 250 renewals at a {name} provider: {toll:?}, no silent loss, {seconds} s");
    }
}
