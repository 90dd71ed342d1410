//! The proxy of a session between clients and servers that were not written for it, and under load.
//!
//! What is not installed is skipped, and a line says so; with `CI=true` or
//! `AUTHSOME_REFEREES=required` it is a failure. `.ci/referees` installs it.
#![allow(clippy::unwrap_used)]

mod client;
mod clients;
mod deaths;
mod frames;
mod git;
mod load;
mod nginx;
mod node;
mod python;
mod reader;
mod sdks;
mod site;
mod smuggling;
mod wire;
#[allow(dead_code, reason = "shared with the tests of tests/e2e, which use more of it")]
#[path = "../e2e/world.rs"]
mod world;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use testkit::{Config, Output};
use world::World;

/// The host of the one provider.
const HOST: &str = "api.notion.test";

fn connected() -> World {
    let world = World::new("demo", Config::notion());
    world.connect(&[]);
    world
}

/// The real token, got from outside of any session.
fn token(world: &World) -> String {
    let exported = world.home.run(&["get", "demo", "--show-secret", "--field", "access_token"]).unwrap();
    exported.expect_code(0).stdout.trim().to_owned()
}

/// Runs `command` in a session whose provider is reached at `address`, vouched for by `roots`.
fn run_at(world: &World, address: SocketAddr, roots: &Path, command: &[&str]) -> Output {
    let connect_to = format!("{HOST}:443={address}");
    let mut args = vec!["run", "--connect-to", &connect_to, "--upstream-ca", roots.to_str().unwrap(), "--"];
    args.extend(command);
    world.home.run(&args).unwrap()
}

/// True where it is installed; where it is not, a line says so, or the test fails if it must be.
fn is_here(what: &str, found: bool) -> bool {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
    let required = is("CI", "true") || is("AUTHSOME_REFEREES", "required");
    assert!(found || !required, "{what} is not installed: .ci/referees");
    if !found {
        // Past the capture of a test's output: it is for the person who runs the tests.
        let _ = writeln!(std::io::stderr().lock(), "skipped: {what} is not installed (.ci/referees)");
    }
    found
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.push("/usr/sbin".into());
    places.into_iter().map(|place| place.join(program)).find(|file| file.is_file())
}
