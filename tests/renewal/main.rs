//! Tokens that stay alive, shown by real processes: one renewal however many want it, and none
//! lost however they die. Bounded for every day; `benches/renewal.rs` plays the same at full size.
#![allow(clippy::unwrap_used)]

mod callers;
mod crashes;
mod faults;
mod kills;
mod many;
mod repair;
mod stage;

#[path = "../e2e/world.rs"]
#[allow(dead_code)]
mod world;
