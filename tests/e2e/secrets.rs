//! Planted secrets: every command is run, and nothing of them is found where anyone could look.

use crate::world::World;
use testkit::{Config, Output, Recorder, scan};

const API_KEY: &str = "sk-planted0123456789abcdefghijklmnop";

/// Everything a program wrote, for people and as a trace.
fn collect(written: &mut String, output: Output) {
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    written.push_str(&output.stdout);
    written.push_str(&output.stderr);
}

#[test]
fn no_secret_is_in_argv_environment_output_trace_or_on_disk() {
    let mut world = World::new("demo", Config::notion());
    world.home.set_env("AUTHSOME_TRACE", "1");
    let recorder = Recorder::start(std::process::id()).unwrap();
    let mut written = String::new();

    // Logins by every way in: the page, stdin.
    let running = world.start_login(&[]);
    world.fill_form(&world.opened_as(1)).unwrap();
    testkit::Browser::new().unwrap().open(&world.opened_as(2)).unwrap();
    collect(&mut written, running.finish().unwrap());
    let login = ["login", "openai", "--stdin", "--no-check"];
    collect(&mut written, world.home.run_with_input(&login, API_KEY).unwrap());

    // Every command that answers without being asked for a secret.
    let commands: &[&[&str]] = &[
        &["list"],
        &["list", "--json"],
        &["get", "demo"],
        &["get", "openai", "--json"],
        &["inspect", "demo"],
        &["whoami"],
        &["connection", "list", "demo"],
        &["connection", "set-default", "demo", "default"],
        &["vault", "get", "demo", "openai"],
        &["vault", "list"],
        &["help", "-a"],
    ];
    for command in commands {
        collect(&mut written, world.home.run(command).unwrap());
    }
    collect(
        &mut written,
        world.run(&[
            "sh",
            "-c",
            "env; cat /proc/self/environ; sleep 0.2; exec curl -s https://api.notion.test/v1/users/me",
        ]),
    );
    world.assert_real_token();

    // Asked for, a secret goes to stdout alone: never into the trace beside it.
    for asked in [&["export", "demo"][..], &["get", "openai", "--show-secret", "--field", "api_key"]] {
        let output = world.home.run(asked).unwrap().expect_code(0);
        written.push_str(&output.stderr);
    }
    let moves: &[&[&str]] = &[
        &["connection", "rename", "demo", "default", "work"],
        &["login", "demo", "--connection", "work"],
        &["logout", "openai", "--yes"],
        &["revoke", "demo", "--yes"],
        &["remove", "demo", "--yes"],
    ];
    for command in moves {
        collect(&mut written, world.home.run(command).unwrap());
    }

    let mut secrets = world.server.secrets();
    secrets.push(API_KEY.to_owned());
    assert!(secrets.len() >= 4, "a client secret, a code and two tokens at least: {}", secrets.len());
    assert!(written.contains("trace["), "nothing was traced, so nothing was shown");
    let leaked: Vec<usize> = (0..secrets.len()).filter(|at| written.contains(&secrets[*at])).collect();
    assert!(leaked.is_empty(), "secrets {leaked:?} were written to stdout or stderr");
    assert_eq!(recorder.findings(&secrets), [], "in argv or environment of a process");
    assert!(
        recorder.seen().iter().any(|seen| seen.argv.contains("authsome-credential")),
        "the helpers were not looked at"
    );
    assert_eq!(scan(world.home.root(), &secrets).unwrap(), [], "on disk");
}

#[test]
fn every_program_that_holds_a_secret_leaves_no_core_dump() {
    let world = World::new("demo", Config::notion());
    world.connect(&[]);
    let args = world.run_args(&["sleep", "5"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let running = world.home.spawn("authsome", &args).unwrap();
    let holders = ["authsome-proxy", "authsome-credential"];
    let seen = testkit::wait_until(std::time::Duration::from_secs(10), || {
        holders.iter().all(|name| below(running.id()).iter().any(|pid| command(*pid).contains(name)))
    });
    assert!(seen, "the session's programs are not there");
    for pid in below(running.id()).into_iter().filter(|pid| command(*pid).contains("--authsome-helper=")) {
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{}: {core}", command(pid));
    }
}

/// `pid` itself (the dispatcher became `authsome-run`) and all processes below it.
fn below(pid: u32) -> Vec<u32> {
    let children = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten().flat_map(|task| {
        let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
    });
    std::iter::once(pid).chain(children.flat_map(below).collect::<Vec<_>>()).collect()
}

fn command(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}
