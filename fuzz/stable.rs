//! The harness of the fuzz targets without a fuzzer: every seed, and seeds that were damaged.
//!
//! `AUTHSOME_FUZZ_SECONDS` is how long each goes on beyond that; `.ci/fuzz` sets it.

mod harness;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::time::{Duration, Instant};

/// Enough to notice a mistake that is easy to reach; the search for others takes time.
const CASES: u32 = 2000;

macro_rules! targets {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            hold(stringify!($name), harness::$name);
        }
    )*};
}

targets! { host head target definition line }

fn hold(name: &str, check: fn(&[u8])) {
    let seeds = seeds(name);
    seeds.iter().for_each(|seed| check(seed));
    let extra = std::env::var("AUTHSOME_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = Instant::now() + Duration::from_secs(extra);
    loop {
        let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let held = runner.run(&damaged(seeds.clone()), |bytes| {
            check(&bytes);
            Ok(())
        });
        if let Err(error) = held {
            panic!("{name}: {error}");
        }
        if Instant::now() >= end {
            return;
        }
    }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/fuzz/seeds/{name}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let seeds: Vec<_> = files.flatten().map(|file| std::fs::read(file.path()).unwrap_or_default()).collect();
    assert!(!seeds.is_empty(), "{folder} is empty");
    seeds
}

/// A seed, or two joined, with some bytes put in, taken out or changed; seldom, any bytes.
fn damaged(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let one = prop::sample::select(seeds);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), piece(), 0..4_u8), 0..5);
    let seeded = (one.clone(), prop::option::weighted(0.2, one), edits).prop_map(|(mut bytes, more, edits)| {
        bytes.extend(more.into_iter().flatten());
        for (at, byte, piece, edit) in edits {
            let at = at.index(bytes.len() + 1);
            match edit {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ => drop(bytes.splice(at..at, piece.bytes())),
            }
        }
        bytes
    });
    prop_oneof![9 => seeded, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

/// What parsers differ about.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "\r\n",
        "\n",
        "\r",
        "\0",
        " ",
        "\t",
        ":",
        ".",
        "..",
        "%2e",
        "%00",
        "@",
        "#",
        "?",
        "//",
        "\\",
        "[",
        "]",
        "::1",
        "127.1",
        "0x7f.1",
        "。",
        "ß",
        "xn--",
        "Content-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "\r\nHost: evil.test",
        "chunked, ",
        "\u{202e}",
        "\"secret\":{}",
        "{",
        "}",
        "[",
        "null",
        "http://",
        "https://",
        "*.",
        "/v1",
        "regex:",
        "authsome-proxy-managed",
    ])
}
