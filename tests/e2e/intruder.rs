//! Attacks of another process of the same user on authsome's programs.

use crate::person::Person;
use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;
use testkit::{Signal, wait_until};

/// The dynamic loader waits for a writer of the FIFO that it is told to load, so the program is held where it has
/// been started and has done nothing yet.
#[test]
fn a_program_that_nobody_may_read_is_closed_before_it_does_anything() {
    for (mode, is_closed) in [(0o755, false), (0o711, true)] {
        let programs = tempfile::tempdir().unwrap();
        let program = programs.path().join("authsome-list");
        fs::set_permissions(programs.path(), Permissions::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_authsome-list"), &program).unwrap();
        // Without the owner's right, too, where the tests do not run as root.
        fs::set_permissions(&program, Permissions::from_mode(if is_closed { mode & !0o400 } else { mode })).unwrap();

        let mut person = Person::with(programs.path());
        let fifo = person.home.work().join("fifo");
        person.start("mkfifo", &[fifo.to_str().unwrap()]).finish().unwrap().expect_code(0);
        person.home.set_env("LD_PRELOAD", fifo.to_str().unwrap());
        let held = person.start("authsome-list", &[]);
        person.home.set_env("LD_PRELOAD", "");
        let started = || {
            let name = fs::read_to_string(format!("/proc/{}/comm", held.id())).unwrap_or_default();
            name.trim_end() == "authsome-list"
        };
        assert!(wait_until(Duration::from_secs(10), started));

        for look in ["cat environ", "cat maps", "head -c 1 < mem", "ls fd", "readlink -v exe"] {
            let script = format!("cd /proc/{} && {look}", held.id());
            let output = person.start("sh", &["-c", &script]).finish().unwrap();
            // A read at address 0 of a memory that is open fails otherwise.
            let refused = output.stderr.to_lowercase().contains("permission denied");
            assert_eq!(refused, is_closed, "{mode:o}: {look}: {}", output.stderr);
        }
        held.signal(Signal::KILL).unwrap();
        drop(held.finish());
    }
}

#[test]
fn every_program_that_asks_a_helper_is_closed_to_other_processes_of_the_user() {
    for args in [
        &["list"][..],
        &["whoami"],
        &["get", "openai"],
        &["export", "openai"],
        &["logout", "openai", "--yes"],
        &["revoke", "openai", "--yes"],
        &["connection", "list", "openai"],
        &["vault", "list"],
        &["proxy"],
        &["run", "--", "true"],
    ] {
        let person = Person::new();
        for role in ["vault", "credential", "proxy"] {
            person
                .home
                .drop_in(&format!("authsome-{role}-slow"), "#!/bin/sh\n: > \"$HOME/asked\"\nexec sleep 4\n")
                .unwrap();
        }
        let config = serde_json::json!({"vault": "slow", "credential": "slow", "proxy": "slow"});
        person.home.write_config(&config).unwrap();
        let running = person.start("authsome", args);
        let asked = person.home.path().join("asked");
        assert!(wait_until(Duration::from_secs(20), || asked.exists()), "{args:?} asks no helper");
        // The kernel gives to root what nobody else may look into: proc(5), `/proc/PID`.
        let owner = fs::metadata(format!("/proc/{}/environ", running.id())).unwrap().uid();
        assert_eq!(owner, 0, "{args:?} can be traced");
        running.signal(Signal::KILL).unwrap();
        drop(running.finish());
    }
}
