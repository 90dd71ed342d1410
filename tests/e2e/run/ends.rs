//! How a session ends: by itself, by a signal, by the death of `run`.

use super::{below, connected, is_alive, kill, made, one_below, read, start};
use crate::world::World;
use std::time::Duration;
use testkit::{Signal, wait_until};

const SOON: Duration = Duration::from_secs(10);

/// Makes the file `up` and waits, for half a minute at most.
const RESTING: &str = "n=0; touch up; while [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done";

#[test]
fn the_commands_status_is_passed_on() {
    let world = connected();
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)] {
        world.run(&["sh", "-c", script]).expect_code(code);
    }
    world.run(&["no-such-command"]).expect_code(127);
    world.run(&["/etc/passwd"]).expect_code(126);
}

#[test]
fn a_signal_for_run_reaches_the_command() {
    let world = connected();
    let running = start(&world, RESTING);
    made(&world, "up");
    running.signal(Signal::TERM).unwrap();
    running.finish().unwrap().expect_code(143);
}

#[test]
fn a_command_that_handles_the_signal_decides_itself() {
    let world = connected();
    let running = start(&world, &format!("trap 'echo caught > got; exit 9' TERM; {RESTING}"));
    made(&world, "up");
    running.signal(Signal::TERM).unwrap();
    running.finish().unwrap().expect_code(9);
    assert_eq!(read(&world, "got"), "caught\n");
}

#[test]
fn nothing_of_the_session_outlives_the_command() {
    let world = connected();
    let running = start(&world, &format!("{RESTING}; exit 0"));
    made(&world, "up");
    let others = below(running.id());
    for program in ["authsome-proxy", "authsome-creden", "sh"] {
        assert!(others.iter().any(|(_, name)| name == program), "{program} is not there: {others:?}");
    }
    running.signal(Signal::TERM).unwrap();
    running.finish().unwrap().expect_code(143);
    let ended = wait_until(SOON, || others.iter().all(|(pid, name)| name == "sleep" || !is_alive(*pid)));
    assert!(ended, "still there of {others:?}");
    only_marks_are_left(&world);
}

/// The shell or its own child may have gone on for a moment; the next session sees that they are gone.
pub(super) fn only_marks_are_left(world: &World) {
    let left = std::fs::read_dir(world.home.authsome().join("run")).unwrap().map(|entry| entry.unwrap().path());
    for session in left {
        let files: Vec<_> = std::fs::read_dir(session).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(files.iter().all(|file| file == "child" || file == "left"), "{files:?}");
    }
    let others_are_gone = || {
        world.run(&["true"]).expect_code(0);
        sessions(world) == 0
    };
    assert!(wait_until(SOON, others_are_gone), "the dead session's directory is still there");
}

#[test]
fn when_run_is_killed_its_command_gets_term_its_helpers_end_and_no_file_is_left() {
    let world = connected();
    let running = start(&world, &format!("trap 'echo caught > got; exit 0' TERM; {RESTING}"));
    made(&world, "up");
    let others = below(running.id());
    running.signal(Signal::KILL).unwrap();
    let ended = wait_until(SOON, || others.iter().all(|(pid, _)| !is_alive(*pid)));
    assert!(ended, "still there of {others:?}");
    assert_eq!(read(&world, "got"), "caught\n");
    only_marks_are_left(&world);
    let left: Vec<_> = std::fs::read_dir(world.home.tmp()).unwrap().flatten().map(|entry| entry.path()).collect();
    assert_eq!(left, Vec::<std::path::PathBuf>::new(), "temporary files were left");
}

#[test]
fn what_nobody_could_clean_up_is_swept_by_the_next_session() {
    let world = connected();
    let running = start(&world, RESTING);
    made(&world, "up");
    let proxy = one_below(running.id(), "authsome-proxy");
    kill(proxy, Signal::KILL);
    running.signal(Signal::KILL).unwrap();
    assert!(wait_until(SOON, || !is_alive(proxy) && !is_alive(running.id())));
    assert_eq!(sessions(&world), 1);
    world.run(&["true"]).expect_code(0);
    assert_eq!(sessions(&world), 0, "the dead session's directory is still there");
}

fn sessions(world: &World) -> usize {
    std::fs::read_dir(world.home.authsome().join("run")).map_or(0, |entries| entries.count())
}
