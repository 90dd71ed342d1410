//! Processes of their own for the tests of crashes and of many writers: this test program, started
//! again as one ignored test that reads what to do from its environment.

use crate::*;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};

const HOME: &str = "STORE_TEST_HOME";
const TASK: &str = "STORE_TEST_TASK";
/// A user without any right of its own.
const NOBODY: u32 = 65534;
/// The test harness writes to stdout as well.
const MARK: &str = "store-test ";

pub struct Writer {
    pub child: Child,
    lines: BufReader<ChildStdout>,
}

impl Writer {
    pub fn start(home: &Path, task: &str) -> Writer {
        Writer::spawn(Command::new(std::env::current_exe().unwrap()), home, task)
    }

    /// No file may grow past `kib`; writing more is an error, not a signal.
    pub fn start_on_a_small_disk(home: &Path, task: &str, kib: u32) -> Writer {
        let mut command = Command::new("sh");
        let script = format!("ulimit -f {}; trap '' XFSZ; exec \"$0\" \"$@\"", kib * 2);
        command.args(["-c", &script]).arg(std::env::current_exe().unwrap());
        Writer::spawn(command, home, task)
    }

    /// As a user who may read the home and write nothing in it.
    pub fn start_as_a_reader(home: &Path, task: &str) -> Writer {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let inside = std::fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
        for path in inside.chain([home.to_owned(), home.parent().unwrap().to_owned()]) {
            let mode = if path.is_dir() { 0o500 } else { 0o400 };
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            if is_root {
                chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        Writer::spawn(command, home, task)
    }

    fn spawn(mut command: Command, home: &Path, task: &str) -> Writer {
        command.args(["--exact", "children::child", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(HOME, home).env(TASK, task).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Writer { child, lines }
    }

    /// What the child said next; `None` when it has ended.
    pub fn said(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // A line cut by a kill was not said.
            let said = line.split_once(MARK).and_then(|(_, said)| said.strip_suffix('\n'));
            if let Some(said) = said {
                return Some(said.to_owned());
            }
        }
    }

    pub fn finish(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.said()).collect();
        assert!(self.child.wait().unwrap().success());
        said
    }

    /// SIGKILL; what it had said until then.
    pub fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        let said = std::iter::from_fn(|| self.said()).collect();
        self.child.wait().unwrap();
        said
    }
}

fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(format!("{MARK}{text}\n").as_bytes()).unwrap();
    stdout.flush().unwrap();
}

#[test]
#[ignore = "started by other tests as a process of its own"]
fn child() {
    let home = PathBuf::from(std::env::var_os(HOME).unwrap());
    let task = std::env::var(TASK).unwrap();
    match task.split_once(' ').unwrap() {
        ("count", times) => count(&home, times.parse().unwrap()),
        ("put", key) => say(&Vault::open(&home).unwrap().put(&put(key, "ntn_x")).unwrap().rev),
        ("fill", size) => fill(&home, size.parse().unwrap()),
        ("get", key) => {
            let got = Vault::open(&home).and_then(|mut vault| get(&mut vault, key));
            say(&got.map_or_else(|error| error.to_string(), |entry| entry.rev));
        }
        ("hold", key) => hold(&home, key),
        ("keep", key) => keep(&home, key),
        _ => unreachable!("no such task"),
    }
}

/// Adds 1 to a counter in the record, `times` times, by compare-and-swap.
fn count(home: &Path, times: usize) {
    let mut vault = Vault::open(home).unwrap();
    let mut done = 0;
    while done < times {
        let entry = get(&mut vault, KEY).unwrap();
        let mut next = Put { if_rev: Expect::Rev(entry.rev), ..put(KEY, "ntn_x") };
        next.record = record(&format!(r#"{{"count":{}}}"#, entry.record["count"].as_u64().unwrap() + 1));
        match vault.put(&next) {
            Ok(_) => done += 1,
            Err(error) => assert_eq!(error.code, Code::Conflict, "{error}"),
        }
    }
    say("done");
}

/// Puts one entry after the other, each in its own key, until one is refused.
fn fill(home: &Path, size: usize) {
    let mut vault = Vault::open(home).unwrap();
    for n in 0.. {
        match vault.put(&put(&format!("default/notion/c{n}"), &format!("{n:0size$}"))) {
            Ok(_) => say(&n.to_string()),
            Err(error) => return say(&format!("refused {}: {error}", error.code.as_str())),
        }
    }
}

/// Reads an entry and keeps the vault until it is killed.
fn keep(home: &Path, key: &str) {
    let mut vault = Vault::open(home).unwrap();
    say(&get(&mut vault, key).unwrap().rev);
    std::thread::sleep(std::time::Duration::from_secs(60));
}

/// Holds the lock of a key until it is killed.
fn hold(home: &Path, key: &str) {
    let mut vault = Vault::open(home).unwrap();
    vault.lock(&key.parse().unwrap()).unwrap();
    say("held");
    std::thread::sleep(std::time::Duration::from_secs(60));
}
