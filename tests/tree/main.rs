//! The tree checks itself: nothing listed is missing, nothing present is unlisted, what is
//! generated is current, and what the design forbids is not there.
//!
//! A failure names what was forgotten and the file to touch. `AUTHSOME_UPDATE=1 cargo test --test
//! tree` writes the manual and the completions anew.
#![allow(clippy::unwrap_used)]

mod arrows;
mod bins;
mod completions;
mod definitions;
mod dependencies;
mod errors;
mod files;
mod manual;
mod programs;
mod protocol;
mod roff;
mod scan;
mod sources;
mod words;

// As the dispatcher has them, under the names that they use for each other.
#[path = "../../bins/authsome/commands.rs"]
#[allow(dead_code)]
mod commands;
#[path = "../../bins/authsome/help.rs"]
#[allow(dead_code)]
mod help;
// The manual shows its table.
#[path = "../../bins/authsome-run/inherited.rs"]
#[allow(dead_code)]
mod inherited;
