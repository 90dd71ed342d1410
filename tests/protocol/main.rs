//! The protocol between real programs: our helpers and the sample drop-ins pass the kit, a helper
//! that misbehaves passes neither the kit nor a host, and a drop-in carries what a default does.
#![allow(clippy::unwrap_used)] // a test that unwraps what is not there fails, as it should

mod drop_ins;
mod kit;
mod misbehaving;
mod vault;

use std::path::{Path, PathBuf};
use testkit::Home;

fn home() -> Home {
    Home::new(Path::new(env!("CARGO_BIN_EXE_authsome-conform")).parent().unwrap()).unwrap()
}

/// A file of `tests/helpers`.
fn helper(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/helpers").join(name)
}

/// Puts a file of `tests/helpers` on PATH, as a user would.
fn install(home: &Home, name: &str) {
    home.drop_in(name, &std::fs::read_to_string(helper(name)).unwrap()).unwrap();
}

/// The documents that a program printed, one a line.
fn documents(stdout: &str) -> Vec<serde_json::Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
