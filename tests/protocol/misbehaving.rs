//! One helper, wrong in one way at a time: the kit names what is wrong, a host survives it with an
//! error that names the helper, and neither shows what the helper said.

use crate::*;

/// How it misbehaves, and a word of what the kit says about it.
const WAYS: &[(&str, &str)] = &[
    ("silent", "no hello"),
    ("no-hello", "no hello"),
    ("greeting", "no hello"),
    ("wrong-version", "versions [99]"),
    ("wrong-role", "role \"flow\""),
    ("endless-hello", "longer than"),
    ("dies", "ended instead of answering"),
    ("dies-mid-reply", "not JSON"),
    ("endless-line", "longer than"),
    ("not-json", "not JSON"),
    ("no-version", "no \"v\""),
    ("unknown-id", "not open"),
    ("second-hello", "hello twice"),
    ("secret-outside", "outside of \"secret\""),
    ("ignores-eof", "did not end"),
    ("fails-at-eof", "not with status 0"),
];

/// Ways that a host has no reason to complain of: it only waits for the end, then enforces it.
const HARMLESS: &[&str] = &["ignores-eof", "fails-at-eof"];

const SAID: &str = "hunter2-in-clear";

#[test]
fn the_kit_catches_each_way() {
    let home = home();
    let script = helper("misbehaving");
    for (way, word) in WAYS {
        let args = ["vault", "--only", "missing", "--", script.to_str().unwrap(), way];
        let output = home.run_program("authsome-conform", &args).unwrap();
        assert_eq!(output.code, Some(1), "{way}: {}", output.stdout);
        assert!(output.stdout.contains(word), "{way}: {}", output.stdout);
        assert!(!output.stdout.contains(SAID) && !output.stderr.contains(SAID), "{way}: {}", output.stdout);
    }
}

#[test]
fn a_host_survives_each_way_and_names_the_helper() {
    let home = home();
    home.write_config(&serde_json::json!({"vault": "misbehaving"})).unwrap();
    for (way, _) in WAYS.iter().filter(|(way, _)| !HARMLESS.contains(way)) {
        let script = format!("#!/bin/sh\nexec {} {way} \"$@\"\n", helper("misbehaving").display());
        let path = home.drop_in("authsome-vault-misbehaving", &script).unwrap();
        let output = home.run_program("authsome-vault", &["get", "notion"]).unwrap();
        assert_eq!(output.code, Some(7), "{way}: {}", output.stderr);
        assert!(output.stderr.contains(path.to_str().unwrap()), "{way}: {}", output.stderr);
        assert!(output.stdout.is_empty(), "{way}: {}", output.stdout);
        assert!(!output.stderr.contains(SAID), "{way}: {}", output.stderr);
    }
}

#[test]
fn a_host_ends_a_helper_that_ignores_eof() {
    let home = home();
    home.write_config(&serde_json::json!({"vault": "misbehaving"})).unwrap();
    let script = format!("#!/bin/sh\nexec {} ignores-eof \"$@\"\n", helper("misbehaving").display());
    home.drop_in("authsome-vault-misbehaving", &script).unwrap();
    let start = std::time::Instant::now();
    let output = home.run_program("authsome-vault", &["get", "notion/work"]).unwrap();
    assert!(output.stderr.contains("nothing is here"), "{}", output.stderr);
    // It would sleep for 30 s; 2 s to EOF, 2 s to TERM.
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}
