//! Processes, as `/proc` tells of them (proc(5)). What they are to a session, `session` knows.

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, test_kill_process, waitid};
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::str::FromStr;

/// More processes than a kernel has.
const MOST: usize = 1 << 22;

/// A parent may end while its child is looked at; the child has another one then.
const TRIES: usize = 5;

/// A process of a certain start: the same pid later is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub pid: u32,
    /// Clock ticks since boot (field 22).
    pub start: u64,
}

impl Process {
    pub fn is_alive(&self) -> bool {
        let pid = self.pid.to_string();
        let Some(found) = stat(&pid) else { return false };
        // Of a zombie nothing runs, unless its first thread alone has ended.
        let runs =
            || !found.is_zombie || fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|tasks| tasks.count() > 1);
        found.process == *self && runs()
    }
}

/// What is told of a process.
pub(crate) struct Stat {
    pub process: Process,
    pub parent: u32,
    pub is_zombie: bool,
}

/// This process first, then its ancestors. None if they cannot be followed to their end.
pub(crate) fn ancestry() -> Option<Vec<Process>> {
    (0..TRIES).find_map(|_| walk())
}

fn walk() -> Option<Vec<Process>> {
    let mut chain = Vec::new();
    // Not by number: it may have another one in the namespace that /proc shows.
    let mut found = stat("self")?;
    while chain.len() < MOST {
        chain.push(found.process);
        if found.parent == 0 {
            return Some(chain);
        }
        match stat(&found.parent.to_string()) {
            Some(above) => found = above,
            None if is_of_another_user(found.parent) => return Some(chain),
            None => return None,
        }
    }
    None
}

/// `/proc` may be mounted so that it hides these; a session's processes are this user's.
fn is_of_another_user(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::PERM))
}

/// All that descend from this process, which is about to end.
pub(crate) fn left_behind() -> Vec<Process> {
    // Only looks: whose children they are, and who waits for them, is not known here.
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    if matches!(waitid(WaitId::All, look), Err(Errno::CHILD)) {
        return Vec::new();
    }
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let all: HashMap<u32, Stat> = names
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|name| stat(&name))
        .map(|found| (found.process.pid, found))
        .collect();
    let parent = |pid: &u32| all.get(pid).map(|found| found.parent);
    let descends = |process: &Process| {
        std::iter::successors(parent(&process.pid), parent).take(MOST).any(|above| above == std::process::id())
    };
    all.values().map(|found| found.process).filter(descends).filter(Process::is_alive).collect()
}

/// Of the process `pid`: a number, or `self`.
pub(crate) fn stat(pid: &str) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let pid = text.split(' ').next()?.parse().ok()?;
    // The second field is the name in parentheses, which may itself hold spaces and parentheses.
    let fields: Vec<&str> = text.get(text.rfind(')')? + 1..)?.split_whitespace().collect();
    let is_zombie = matches!(fields.first(), Some(&("Z" | "X")));
    let parent = fields.get(1)?.parse().ok()?;
    let start = fields.get(19)?.parse().ok()?;
    Some(Stat { process: Process { pid, start }, parent, is_zombie })
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.start)
    }
}

impl FromStr for Process {
    type Err = ();
    fn from_str(text: &str) -> Result<Process, ()> {
        let (pid, start) = text.split_once('-').ok_or(())?;
        Ok(Process { pid: pid.parse().map_err(drop)?, start: start.parse().map_err(drop)? })
    }
}
