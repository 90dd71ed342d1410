//! Renewals at full size: 50 storms of 200 callers, 500 kills, 10,000 connections.
//!
//! `cargo bench --bench renewal` plays all of it and prints what came out, in some ten minutes on two
//! cores; `cargo bench --bench renewal -- kills` one part. It asserts what `tests/renewal` asserts.
#![allow(clippy::unwrap_used, clippy::print_stdout)]
#![allow(dead_code, unused_imports)] // the tests beside what is used here

#[path = "../tests/renewal/callers.rs"]
mod callers;
#[path = "../tests/renewal/crashes.rs"]
mod crashes;
#[path = "../tests/renewal/many.rs"]
mod many;
#[path = "../tests/renewal/stage.rs"]
mod stage;
#[path = "../tests/e2e/world.rs"]
mod world;

use stage::{Kept, Stage};
use std::time::{Duration, Instant};

fn main() {
    let parts: [(&str, fn()); 3] = [("storms", storms), ("kills", kills), ("sizes", sizes)];
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

/// Reading one of many, and all of them, as ratios to reading the only one.
fn sizes() {
    let (one, thousand, most) = (many::full(1), many::full(1000), many::full(10_000));
    for stage in [&one, &thousand, &most] {
        stage.world.home.run(&["connection", "set-default", "demo", "last"]).unwrap().expect_code(0);
    }
    let stages = [&one, &thousand, &most];
    for args in [&["get", "demo", "--field", "status"][..], &["export", "demo"], &["list", "--connected", "--json"]] {
        let best = fastest(&stages, 20, args);
        let ratio = |at: usize| best[at].as_secs_f64() / best[0].as_secs_f64();
        println!(
            "sizes: {:12} 1: {}   1,000: {} ({:.2} times)   10,000: {} ({:.2} times)",
            args[..args.len().min(2)].join(" "),
            shown(best[0]),
            shown(best[1]),
            ratio(1),
            shown(best[2]),
            ratio(2)
        );
    }
}

/// The fastest of some runs, which is what the machine allows; the slow ones are its neighbours'.
fn fastest(stages: &[&Stage], runs: usize, args: &[&str]) -> Vec<Duration> {
    let mut best = vec![Duration::MAX; stages.len()];
    for _ in 0..runs {
        for (stage, best) in stages.iter().zip(&mut best) {
            let mut command = stage.world.home.command("authsome");
            let began = Instant::now();
            let output = command.args(args).output().unwrap();
            *best = (*best).min(began.elapsed());
            assert!(output.status.success(), "{output:?}");
        }
    }
    best
}

fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
