//! Programs in a home of their own, on pipes and on a terminal.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Home, Signal, wait_until};

/// For `env`: tests may have been started in the background, where shells ignore INT for good.
const DEFAULT_INT: &str = "--default-signal=INT";

fn home() -> Home {
    Home::new("/usr/bin").unwrap()
}

fn sh(home: &Home, script: &str) -> testkit::Output {
    home.run_program("sh", &["-c", script]).unwrap()
}

fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_program_sees_this_home_and_nothing_of_the_users() {
    let mut home = home();
    home.set_env("AUTHSOME_TRACE", "0");
    home.set_env("AUTHSOME_TRACE", "1");
    let seen = sh(&home, "env").expect_code(0).stdout;
    // PWD, OLDPWD, SHLVL and _ are the shell's own.
    let own = |name: &&str| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name);
    let mut names: Vec<_> = seen.lines().filter_map(|line| line.split('=').next()).filter(own).collect();
    names.sort();
    assert_eq!(names, ["AUTHSOME_HOME", "AUTHSOME_TRACE", "HOME", "LANG", "PATH", "TMPDIR"]);
    assert!(seen.contains("AUTHSOME_TRACE=1") && seen.contains(":/usr/bin:/bin\n"));
    assert_eq!(sh(&home, "pwd").stdout.trim(), home.work().to_str().unwrap());
}

#[test]
fn it_is_private_and_gone_when_dropped() {
    let home = home();
    home.write_config(&json!({ "callback": "x" })).unwrap();
    let file = home.write_definition("demo", &json!({ "name": "demo" })).unwrap();
    assert_eq!(file, home.authsome().join("providers/demo.json"));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for dir in [home.root().to_owned(), home.path(), home.authsome(), home.authsome().join("providers")] {
        assert_eq!(mode(&dir), 0o700, "{}", dir.display());
    }
    assert_eq!((mode(&file), mode(&home.authsome().join("config.json"))), (0o600, 0o600));
    let root = home.root().to_owned();
    drop(home);
    assert!(!root.exists());
}

#[test]
fn a_drop_in_is_found_on_path() {
    let home = home();
    home.drop_in("authsome-hello", "#!/bin/sh\necho \"hello $1\"\n").unwrap();
    assert_eq!(sh(&home, "authsome-hello you").stdout, "hello you\n");
    assert_eq!(home.run_program("authsome-hello", &["me"]).unwrap().stdout, "hello me\n");
}

#[test]
fn a_program_gets_its_input_and_its_end_is_told() {
    let home = home();
    let output = home.run_program_with_input("sh", &["-c", "cat; cat >&2; exit 7"], "{\"a\":1}").unwrap();
    assert_eq!((output.json(), output.stderr.as_str()), (json!({ "a": 1 }), ""));
    assert_eq!(output.expect_code(7).signal, None);
    let killed = sh(&home, "kill -TERM $$");
    assert_eq!((killed.code, killed.signal), (None, Some(15)));
    assert!(home.run_program("no-such-program", &[]).is_err());
}

#[test]
fn a_program_that_hangs_is_ended_with_its_children() {
    let mut home = home();
    home.set_limit(Duration::from_millis(300));
    let begun = Instant::now();
    let script = "sleep 60 & echo $! > pid; echo started; wait";
    let error = home.run_program("sh", &["-c", script]).unwrap_err().to_string();
    assert!(error.contains("started") && begun.elapsed() < Duration::from_secs(20), "{error}");
    let child: u32 = fs::read_to_string(home.work().join("pid")).unwrap().trim().parse().unwrap();
    assert!(wait_until(Duration::from_secs(5), || !alive(child)));
}

#[test]
fn a_running_program_is_watched_talked_to_and_signalled() {
    let home = home();
    let script = "trap 'echo got INT; exit 5' INT; echo http://127.0.0.1:1/a http://127.0.0.1:2/b >&2; \
                  read x; echo \"read $x\"; while :; do sleep 0.01; done";
    let mut running = home.spawn("env", &[DEFAULT_INT, "sh", "-c", script]).unwrap();
    assert_eq!(running.words("http://", 2).unwrap(), ["http://127.0.0.1:1/a", "http://127.0.0.1:2/b"]);
    running.write("this\n").unwrap();
    running.see("read this").unwrap();
    assert!(!running.ended().unwrap());
    running.signal(Signal::INT).unwrap();
    assert_eq!(running.finish().unwrap().expect_code(5).stdout, "read this\ngot INT\n");
}

#[test]
fn waiting_for_what_never_comes_ends_with_the_program() {
    let home = home();
    let mut running = home.spawn("sh", &["-c", "echo only this"]).unwrap();
    let error = running.see("that").unwrap_err().to_string();
    assert!(error.contains("ended without \"that\"") && error.contains("only this"), "{error}");
    let mut terminal = home.pty("sh", &["-c", "echo only this"]).unwrap();
    let error = terminal.see("that").unwrap_err().to_string();
    assert!(error.contains("ended without \"that\"") && error.contains("only this"), "{error}");
}

#[test]
fn a_terminal_shows_lines_and_signals_by_key() {
    let home = home();
    let script = "trap 'echo stopped; exit 9' INT; tty; stty size; while :; do sleep 0.01; done";
    let mut terminal = home.pty("env", &[DEFAULT_INT, "sh", "-c", script]).unwrap();
    terminal.see("/dev/pts/").unwrap();
    terminal.see("24 80").unwrap();
    assert!(terminal.echo().unwrap());
    terminal.keys("\u{3}").unwrap();
    terminal.see("stopped").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(9));
}

#[test]
fn a_terminal_tells_when_typing_is_hidden_and_shown_again() {
    let home = home();
    let script = "stty -echo; read key; stty echo; read name; echo \"${#key} $name http://done/ \"";
    let mut terminal = home.pty("sh", &["-c", script]).unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal.line("hidden-text").unwrap();
    terminal.wait_for_echo(true).unwrap();
    terminal.line("Ada").unwrap();
    assert_eq!(terminal.word("http://").unwrap(), "http://done/");
    assert_eq!(terminal.finish().unwrap(), Some(0));
    let seen = terminal.seen();
    assert!(seen.contains("11 Ada") && !seen.contains("hidden-text"), "{seen}");
}

#[test]
fn a_program_on_a_dropped_terminal_is_killed() {
    let home = home();
    let mut terminal = home.pty("sh", &["-c", "trap '' HUP; echo ready; while :; do sleep 0.01; done"]).unwrap();
    terminal.see("ready").unwrap();
    let pid = terminal.id();
    assert!(alive(pid));
    drop(terminal);
    assert!(wait_until(Duration::from_secs(5), || !alive(pid)));
}

#[test]
fn a_command_of_ones_own_can_be_run_too() {
    let home = home();
    let mut command: Command = home.command("pwd");
    command.current_dir("/");
    assert_eq!(home.spawn_command(command).unwrap().finish().unwrap().stdout, "/\n");
}
