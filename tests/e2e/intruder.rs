//! Another process of the same user, which wants what authsome's programs have.
//!
//! It has no capability: where the tests run as root, the programs run as `nobody`.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use testkit::{Home, Running, Signal, wait_until};

const NOBODY: u32 = 65534;

/// A home of a user who is not root.
struct Person {
    home: Home,
    /// `None` when the tests themselves do not run as root.
    uid: Option<u32>,
}

impl Person {
    fn new() -> Person {
        let home = Home::new(Path::new(env!("CARGO_BIN_EXE_authsome")).parent().unwrap()).unwrap();
        let uid = (fs::metadata("/proc/self").unwrap().uid() == 0).then_some(NOBODY);
        Person { home, uid }
    }

    /// Starts a program as this person, who owns all that is in the home by then.
    fn start(&self, program: &str, args: &[&str]) -> Running {
        let mut command = self.home.command(program);
        self.become_person(command.args(args));
        self.home.spawn_command(command).unwrap()
    }

    fn become_person(&self, command: &mut Command) {
        if let Some(uid) = self.uid {
            give(self.home.root(), uid);
            command.uid(uid).gid(uid);
        }
    }
}

fn give(path: &Path, uid: u32) {
    chown(path, Some(uid), Some(uid)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| give(&entry.unwrap().path(), uid));
    }
}

#[test]
fn every_program_that_asks_a_helper_is_closed_to_other_processes_of_the_user() {
    for args in [
        &["list"][..],
        &["whoami"],
        &["get", "openai"],
        &["export", "openai"],
        &["logout", "openai"],
        &["revoke", "openai"],
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
