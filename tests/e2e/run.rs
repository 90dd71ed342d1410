//! Sessions of `authsome run`: what the command gets, what the proxy refuses, how all of it ends,
//! and what a program inside can't get at.

mod attacks;
mod audit;
mod boundary;
mod clients;
mod ends;
mod inherited;
mod places;
mod refusals;
mod restarts;
mod told;

use crate::world::World;
use std::time::Duration;
use testkit::{Config, Running};

/// A provider called demo whose one connection is called `default`.
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

/// `sh -c SCRIPT` in a session, going on while the test does something else.
fn start(world: &World, script: &str) -> Running {
    let args = world.run_args(&["sh", "-c", script]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    world.home.spawn("authsome", &args).unwrap()
}

/// Waits until the script has made the file.
fn made(world: &World, name: &str) {
    let path = world.home.work().join(name);
    assert!(testkit::wait_until(Duration::from_secs(20), || path.exists()), "the script made no file {name}");
}

fn read(world: &World, name: &str) -> String {
    std::fs::read_to_string(world.home.work().join(name)).unwrap_or_default()
}

/// In a script: waits for a file that the test makes, for half a minute at most.
const WAIT_FOR_GO: &str = "n=0; while [ ! -e go ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done";

fn go(world: &World) {
    std::fs::write(world.home.work().join("go"), "").unwrap();
}

/// The processes below `pid`, with their names (proc(5): cut at 15 bytes).
fn below(pid: u32) -> Vec<(u32, String)> {
    let all: Vec<(u32, u32, String)> = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let (head, tail) = stat.rsplit_once(')')?;
            Some((pid, tail.split_whitespace().nth(1)?.parse().ok()?, head.split_once('(')?.1.to_owned()))
        })
        .collect();
    let mut found = vec![(pid, String::new())];
    let mut next = 0;
    while let Some((above, _)) = found.get(next).cloned() {
        found.extend(all.iter().filter(|(_, parent, _)| *parent == above).map(|(pid, _, name)| (*pid, name.clone())));
        next += 1;
    }
    found.split_off(1)
}

fn one_below(run: u32, name: &str) -> u32 {
    let found = below(run);
    let named: Vec<u32> = found.iter().filter(|(_, found)| found == name).map(|(pid, _)| *pid).collect();
    assert_eq!(named.len(), 1, "{name} is not there once: {found:?}");
    named[0]
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, tail)| !tail.trim_start().starts_with(['Z', 'X']))
}

fn kill(pid: u32, signal: testkit::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
