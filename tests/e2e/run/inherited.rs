//! What `run` itself was started with: signals, descriptors, limits, a terminal that goes away. The command sees
//! what it would see without `run`, and nothing of it hurts the session.

use self::table::{Action, TABLE, Value};
use super::{below, connected, is_alive, made, read};
use crate::world::World;
use std::time::Duration;
use testkit::{Pty, Signal, wait_until};

// The same table as in `run`.
#[path = "../../../bins/authsome-run/inherited.rs"]
#[allow(dead_code)]
mod table;

const SOON: Duration = Duration::from_secs(10);

/// What the kernel tells of the signals of a process.
const SIGNALS: &[&str] = &["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"];

/// The program that starts a command with certain signals ignored or blocked: env(1).
fn with_signals(world: &World, signals: &[&str], command: &[&str]) -> testkit::Output {
    world.home.run_program("env", &[signals, command].concat()).unwrap()
}

/// `authsome run … -- COMMAND` as words for another program to start.
fn run_words(world: &World, command: &[&str]) -> Vec<String> {
    std::iter::once("authsome".to_owned()).chain(world.run_args(command)).collect()
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn run_started_with_sigchld_ignored_gives_the_commands_status() {
    let world = connected();
    let words = run_words(&world, &["sh", "-c", "exit 7"]);
    with_signals(&world, &["--ignore-signal=CHLD"], &strs(&words)).expect_code(7);
}

#[test]
fn demo_and_conform_started_with_sigchld_ignored_end_as_they_would() {
    let world = connected();
    with_signals(&world, &["--ignore-signal=CHLD"], &["authsome", "demo"]).expect_code(0);
    let conform = ["authsome", "conform", "vault", "--", "authsome-vault"];
    with_signals(&world, &["--ignore-signal=CHLD"], &conform).expect_code(0);
}

#[test]
fn the_command_has_the_ignored_and_blocked_signals_that_run_was_started_with() {
    let world = connected();
    let words = run_words(&world, SIGNALS);
    for signals in [
        &[] as &[&str],
        &["--ignore-signal=CHLD"],
        &["--ignore-signal=PIPE"],
        &["--ignore-signal=HUP", "--ignore-signal=INT"],
        &["--block-signal=TERM", "--block-signal=CHLD"],
        &["--block-signal", "--ignore-signal=USR1"],
    ] {
        let directly = with_signals(&world, signals, SIGNALS).expect_code(0).stdout;
        let in_session = with_signals(&world, signals, &strs(&words)).expect_code(0).stdout;
        assert_eq!(in_session, directly, "{signals:?}");
    }
}

#[test]
fn run_started_with_every_signal_blocked_still_ends_when_it_is_told_to() {
    let world = connected();
    // The command unblocks what was blocked, as a program does that wants signals.
    let rest = ["env", "--default-signal=TERM", "sh", "-c", "touch up; exec sleep 30"];
    let words = run_words(&world, &rest);
    let words = [vec!["--block-signal=HUP", "--block-signal=USR1"], strs(&words)].concat();
    let running = world.home.spawn("env", &words).unwrap();
    made(&world, "up");
    running.signal(Signal::TERM).unwrap();
    running.finish().unwrap().expect_code(143);
}

#[test]
fn a_descriptor_of_whoever_started_run_reaches_the_command_and_no_helper() {
    let world = connected();
    std::fs::write(world.home.work().join("own"), "").unwrap();
    // A proxy that notes its descriptors and becomes the bundled one.
    let spy = "#!/bin/sh\nls -l /proc/self/fd > \"$HOME/descriptors\"\nexec authsome-proxy \"$@\"\n";
    world.home.drop_in("authsome-proxy-spy", spy).unwrap();
    world.home.write_config(&serde_json::json!({"proxy": "spy"})).unwrap();
    let words = run_words(&world, &["readlink", "/proc/self/fd/7"]).join("' '");
    let output = world.home.run_program("sh", &["-c", &format!("exec 7<own; exec '{words}'")]).unwrap().expect_code(0);
    assert!(output.stdout.trim().ends_with("/own"), "the command got {:?}", output.stdout);
    let seen = std::fs::read_to_string(world.home.path().join("descriptors")).unwrap();
    assert!(seen.contains(" 1 ->") && !seen.contains("own"), "the proxy has {seen}");
}

#[test]
fn a_closed_stdin_stdout_or_stderr_is_the_null_device_for_the_command() {
    let world = connected();
    let words = run_words(&world, &["sh", "-c", "readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 > seen"]);
    for (closed, at) in [("<&-", 0), (">&-", 1), ("2>&-", 2)] {
        let script = format!("exec '{}' {closed}", words.join("' '"));
        world.home.run_program("sh", &["-c", &script]).unwrap().expect_code(0);
        let seen = read(&world, "seen");
        let seen: Vec<&str> = seen.lines().collect();
        // The second one is the file that the script writes.
        assert!(at == 1 || seen[at] == "/dev/null", "{closed}: {seen:?}");
    }
}

#[test]
fn few_descriptors_are_enough_and_the_command_has_the_same_limit() {
    let world = connected();
    let words = run_words(&world, &["sh", "-c", "ulimit -n; ulimit -c"]);
    let script = format!("ulimit -n 40; ulimit -c 5; exec '{}'", words.join("' '"));
    let output = world.home.run_program("sh", &["-c", &script]).unwrap();
    assert_eq!(output.expect_code(0).stdout, "40\n5\n");
}

/// `run` on a terminal, and what is below it once the command is up.
fn on_a_terminal(world: &World, before: &str, command: &str) -> (Pty, Vec<u32>) {
    let words = run_words(world, &["sh", "-c", command]);
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!("{before} {}", quoted.join(" "));
    // Whoever runs the tests may ignore SIGHUP, as under nohup.
    let terminal = world.home.pty("env", &["--default-signal", "sh", "-c", &script]).unwrap();
    made(world, "up");
    let all = below(terminal.id()).into_iter().map(|(pid, _)| pid).chain([terminal.id()]).collect();
    (terminal, all)
}

/// The test's own child is a zombie until it is waited for, which [`is_alive`] takes for dead.
fn all_end(all: &[u32]) -> bool {
    wait_until(SOON, || all.iter().all(|pid| !is_alive(*pid)))
}

#[test]
fn when_its_terminal_goes_away_run_ends_and_leaves_nothing() {
    let world = connected();
    let (mut terminal, all) = on_a_terminal(&world, "exec", "touch up; sleep 444; true");
    assert!(all.len() > 4, "too few processes: {all:?}");
    terminal.hang_up();
    assert!(
        all_end(&all),
        "still there of {all:?}: {:?}",
        all.iter().filter(|pid| is_alive(**pid)).collect::<Vec<_>>()
    );
    assert_eq!(terminal.finish().unwrap(), Some(129));
    super::ends::only_marks_are_left(&world);
}

#[test]
fn when_the_terminal_of_a_shell_goes_away_run_below_it_ends_and_leaves_nothing() {
    let world = connected();
    let (mut terminal, all) = on_a_terminal(&world, "", "touch up; exec sleep 444; true");
    terminal.hang_up();
    assert!(all_end(&all), "still there of {all:?}");
}

#[test]
fn under_nohup_run_and_its_command_go_on_without_their_terminal() {
    let world = connected();
    let rest = "touch up; n=0; while [ ! -e go ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done; touch end; exit 3";
    let (mut terminal, _) = on_a_terminal(&world, "exec nohup", rest);
    terminal.hang_up();
    std::thread::sleep(Duration::from_millis(300));
    super::go(&world);
    assert_eq!(terminal.finish().unwrap(), Some(3));
    made(&world, "end");
}

#[test]
fn the_command_gets_of_every_inherited_variable_what_the_table_says() {
    let mut world = connected();
    let own = world.home.work().join("own.pem");
    world.ca.write_pem(&own).unwrap();
    let own = own.to_str().unwrap().to_owned();
    let inherited = |action: Action| match action {
        Action::Set(value) | Action::Replace(value) => Some(match value {
            Value::Proxy => "http://127.0.0.1:9".to_owned(),
            Value::Direct => "intern.test".to_owned(),
            Value::Roots | Value::ExtraRoots => own.clone(),
            Value::One => "0".to_owned(),
        }),
        Action::Drop | Action::Keep(_) => Some("0".to_owned()),
        // What is kept with a warning has tests beside the code that warns.
        _ => None,
    };
    let variables: Vec<(String, Action, String)> = TABLE
        .iter()
        .flat_map(|row| row.names.iter().map(move |name| (name.replace('*', "ACME"), row.action)))
        .filter_map(|(name, action)| Some((name, action, inherited(action)?)))
        .collect();
    variables.iter().for_each(|(name, _, value)| world.home.set_env(name, value));
    let output = world.run(&["env"]).expect_code(0);
    for (name, action, before) in variables {
        let seen = output.stdout.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        let is_right = match action {
            Action::Set(Value::Proxy) | Action::Replace(Value::Proxy) => {
                seen.is_some_and(|seen| seen.starts_with("http://authsome:"))
            }
            Action::Set(Value::Direct) | Action::Replace(Value::Direct) => {
                seen == Some("intern.test,127.0.0.1,localhost,::1")
            }
            Action::Set(Value::One) => seen == Some("1"),
            Action::Set(_) | Action::Replace(_) => seen.is_some_and(|seen| seen.contains("/run/")),
            Action::Drop => seen.is_none(),
            _ => seen == Some(before.as_str()),
        };
        assert!(is_right, "{name}={before} became {seen:?}, by {action:?}");
    }
    assert_eq!(output.stderr, "", "nothing of this is worth a word");
}
