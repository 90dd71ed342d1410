//! What the documents show is what happens: every `console` block of the README and of the manual
//! is played, each document in a home of its own.
//!
//! Blocks that need a network, a person or another machine are `sh` blocks and are not played.
#![allow(clippy::unwrap_used)]

#[path = "../support/stories.rs"]
#[allow(dead_code)]
mod stories;

use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_readme_shows_what_happens() {
    let played = stories::play(&root().join("README.md")).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(played > 0, "README.md has a console block");
}

#[test]
fn the_manual_shows_what_happens() {
    stories::play_directory(&root().join("man/src"));
}
