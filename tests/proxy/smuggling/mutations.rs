//! Requests with a few changes at random places: what nobody has published yet.

use super::court::Court;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const SEEDS: &[&str] = &[
    "GET /a HTTP/1.1\r\nHost: api.notion.test\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: api.notion.test\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: api.notion.test\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: api.notion.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: api.notion.test\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: api.notion.test\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2;a=b\r\nab\r\n0\r\nX: y\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: api.notion.test\r\nConnection: close\r\nContent-Length: 2\r\nAccept: */*\r\n\r\nok",
];

const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    "\t",
    ":",
    ";",
    ",",
    "0",
    "5",
    "a",
    "+",
    "\u{b}",
    "\u{a0}",
    "\r\n\r\n",
    "\r\n ",
    "0\r\n\r\n",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Connection: Transfer-Encoding\r\n",
    "Expect: 100-continue\r\n",
    "GET /c HTTP/1.1\r\nHost: api.notion.test\r\n\r\n",
];

#[derive(Debug, Clone)]
enum Change {
    Insert(&'static str),
    Remove(usize),
    Repeat(usize),
}

fn change() -> impl Strategy<Value = (prop::sample::Index, Change)> {
    let what = prop_oneof![
        3 => prop::sample::select(PIECES).prop_map(Change::Insert),
        1 => (1_usize..4).prop_map(Change::Remove),
        1 => (1_usize..30).prop_map(Change::Repeat),
    ];
    (any::<prop::sample::Index>(), what)
}

fn changed(seed: &str, changes: &[(prop::sample::Index, Change)]) -> Vec<u8> {
    let mut bytes = seed.as_bytes().to_vec();
    for (place, change) in changes {
        let at = place.index(bytes.len() + 1);
        let end = |count: &usize| (at + count).min(bytes.len());
        match change {
            Change::Insert(piece) => drop(bytes.splice(at..at, piece.bytes())),
            Change::Remove(count) => drop(bytes.drain(at..end(count))),
            Change::Repeat(count) => {
                let part = bytes[at..end(count)].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

/// The same cases each time, so that a change is judged by what it changed; others, and as many as
/// one likes, with `PROPTEST_CASES`.
#[test]
fn no_change_of_a_request_hides_another_one() {
    let court = Court::new();
    let config = Config { failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let cases = (prop::sample::select(SEEDS), prop::collection::vec(change(), 1..4));
    let mut runner = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::default())),
    };
    let outcome = runner.run(&cases, |(seed, changes)| {
        let sent = changed(seed, &changes);
        court
            .judge(&sent)
            .map(drop)
            .map_err(|fault| TestCaseError::fail(format!("{fault}\n  sent {:?}", String::from_utf8_lossy(&sent))))
    });
    outcome.unwrap();
}
