//! The lines that a person reads about a session: its connections, those left out, and that no credential was used.

use super::connected;
use crate::world::World;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const IN_SESSION: &str = "In this session: demo";
const TYPING: &str = "lets the command type into this terminal";
const NOTHING: &str = "No request of this session got a credential";

/// Returns what a session on a terminal shows, without and with `-q`.
fn shown(world: &World, flags: &[&str], script: &str) -> String {
    let args = world.run_args(&["sh", "-c", script]);
    let args: Vec<&str> = flags.iter().copied().chain(args.iter().map(String::as_str)).collect();
    let mut terminal = world.home.pty("authsome", &args).unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0), "{}", terminal.seen());
    terminal.seen()
}

#[test]
fn on_a_terminal_run_says_who_is_in_and_afterwards_that_nothing_was_injected() {
    let world = connected();
    let seen = shown(&world, &[], "echo command");
    let order = [IN_SESSION, "command", NOTHING].map(|text| seen.find(text));
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{seen}");
    assert!(seen.contains("man authsome-run"), "{seen}");
}

#[test]
fn a_session_that_injected_ends_without_a_word() {
    let world = connected();
    let seen = shown(&world, &[], "curl -s -o /dev/null https://api.notion.test/v1/users/me");
    world.assert_real_token();
    assert!(seen.contains(IN_SESSION) && !seen.contains(NOTHING), "{seen}");
}

#[test]
fn a_quiet_session_and_one_in_a_pipe_say_nothing() {
    let world = connected();
    assert_eq!(shown(&world, &["-q"], "true"), "");
    let output = world.run(&["true"]).expect_code(0);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
}

#[test]
fn on_a_terminal_run_says_that_nothing_is_connected() {
    let world = World::new("demo", testkit::Config::notion());
    let seen = shown(&world, &[], "true");
    assert!(seen.contains("No connection is in this session: authsome login PROVIDER"), "{seen}");
    // There was no placeholder of which anything could have come.
    assert!(!seen.contains(NOTHING), "{seen}");
    assert!(!seen.contains(TYPING), "{seen}");
}

#[test]
fn a_command_that_could_type_into_the_terminal_is_told_where_the_kernel_has_a_switch_for_it() {
    let world = connected();
    let switch = std::fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti");
    let is_on = switch.is_ok_and(|text| text.trim() != "0");
    let seen = shown(&world, &[], "true");
    assert_eq!(seen.contains(TYPING), is_on, "{seen}");
}

/// Breaks the demo provider's definition by a typing error.
fn slipped(world: &World, slip: impl FnOnce(PathBuf, String)) {
    let path = world.home.authsome().join("providers/demo.json");
    let text = std::fs::read_to_string(&path).unwrap();
    slip(path, text);
}

#[test]
fn a_provider_whose_definition_is_broken_is_left_out_with_a_warning_that_nothing_silences() {
    type Slip = fn(PathBuf, String);
    let slips: [(&str, Slip); 4] = [
        ("written by others", |path, _| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap()
        }),
        ("a lost comma", |path, text| std::fs::write(path, text.replacen(',', "", 1)).unwrap()),
        ("another name", |path, text| std::fs::write(path, text.replace("\"demo\"", "\"domo\"")).unwrap()),
        ("no such field's type", |path, text| {
            std::fs::write(path, text.replacen('{', "{\"api_url\": 5, ", 1)).unwrap()
        }),
    ];
    for (what, slip) in slips {
        let world = connected();
        // A home that others may search: what they could write counts.
        let root = world.home.root().to_owned();
        for folder in [root, world.home.path(), world.home.authsome(), world.home.authsome().join("providers")] {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        slipped(&world, slip);
        let args = world.run_args(&["sh", "-c", "echo started $NOTION_ACCESS_TOKEN$DEMO_ACCESS_TOKEN"]);
        let args: Vec<&str> = std::iter::once("-q").chain(args.iter().map(String::as_str)).collect();
        let output = world.home.run(&args).unwrap().expect_code(0);
        assert!(output.stderr.contains("warning: demo is left out: "), "{what}: {:?}", output.stderr);
        assert_eq!(output.stdout, "started\n", "{what}");
        let mut only = args.clone();
        only.splice(2..2, ["--only", "demo"]);
        let refused = world.home.run(&only).unwrap();
        assert!(refused.code != Some(0) && refused.stdout.is_empty(), "{what}: {refused:?}");
    }
}

#[test]
fn a_provider_whose_definition_sends_credentials_elsewhere_is_left_out_with_a_warning() {
    let world = connected();
    slipped(&world, |path, text| std::fs::write(path, text.replace("api.notion.test", "other.notion.test")).unwrap());
    let output = world.run(&["true"]).expect_code(0);
    assert!(output.stderr.contains("warning: demo is left out: "), "{}", output.stderr);
    assert!(output.stderr.contains("authsome login demo --force"), "{}", output.stderr);
}

#[test]
fn a_connection_that_cannot_be_used_is_not_said_to_be_in_the_session() {
    let world = connected();
    slipped(&world, |path, text| std::fs::write(path, text.replace("api.notion.test", "other.notion.test")).unwrap());
    let seen = shown(&world, &[], "echo started");
    assert!(seen.contains("demo is left out: ") && seen.contains("started"), "{seen}");
    assert!(!seen.contains(IN_SESSION), "{seen}");
    assert!(seen.contains("No connection is in this session") && !seen.contains(TYPING), "{seen}");
}

#[test]
fn a_command_whose_connection_is_asked_for_by_name_and_cannot_be_used_is_not_started() {
    let world = connected();
    slipped(&world, |path, text| std::fs::write(path, text.replace("api.notion.test", "other.notion.test")).unwrap());
    for flags in [["--only", "demo"], ["--connection", "demo=default"]] {
        let mut args = world.run_args(&["echo", "started"]);
        args.splice(1..1, flags.map(str::to_owned));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let refused = world.home.run(&args).unwrap();
        assert!(refused.code != Some(0) && refused.stdout.is_empty(), "{flags:?}: {refused:?}");
        assert!(refused.stderr.contains("error: the definition of demo sends credentials elsewhere"), "{refused:?}");
        assert!(refused.stderr.contains("hint: authsome login demo --force"), "{refused:?}");
    }
}
