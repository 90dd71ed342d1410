//! Sessions on disk, and whether this program runs inside one.
//!
//! `run/<pid>-<start>/` belongs to one `authsome run`, named by its process id and the kernel's
//! start time of it, so that a reused pid is never mistaken for it. Inside it `child` and `proxy`
//! hold `<pid>-<start>` of the two processes it started. A program is inside a session when its
//! ancestry reaches a living `run` by any way but through the proxy. Orphans count too: `run`
//! adopts them. `run` holds a lock on the directory (flock(2)), so that a session of another
//! namespace of process ids is known to live although its processes cannot be seen from here.

use crate::Home;
use crate::home::make_private;
use proto::{Error, Result};
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The deepest ancestry that is followed; a chain cannot be longer than the number of processes.
const DEPTH: usize = 4096;

/// A process of a certain start: the same pid later is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    pid: u32,
    /// Clock ticks since boot (proc(5), stat field 22).
    start: u64,
}

/// A session of this process; its directory is removed when dropped.
pub struct Session {
    directory: PathBuf,
    /// Its lock says that the session lives.
    _held: fs::File,
}

impl Session {
    /// Makes this session's directory, after removing those whose owner is dead.
    pub fn begin(home: &Home) -> Result<Session> {
        make_private(&home.run())?;
        sweep(home);
        let Some((own, _)) = stat("self") else {
            return Err(Error::unavailable("cannot read /proc/self/stat"));
        };
        let directory = home.run().join(own.to_string());
        make_private(&directory)?;
        let held = fs::File::open(&directory).and_then(|held| held.lock().map(|()| held));
        let failed = |error| Error::unavailable(format!("cannot lock {}: {error}", directory.display()));
        Ok(Session { _held: held.map_err(failed)?, directory })
    }

    /// Notes that the proxy is this process.
    pub fn proxy(&self, pid: u32) -> Result<()> {
        self.mark("proxy", pid)
    }

    /// Notes that the session's child is this process.
    pub fn child(&self, pid: u32) -> Result<()> {
        self.mark("child", pid)
    }

    /// Writes a file into the session's directory, 0600; gives its path.
    pub fn write(&self, name: &str, contents: &[u8]) -> Result<PathBuf> {
        let path = self.directory.join(name);
        let failed = |error: std::io::Error| Error::unavailable(format!("cannot write {}: {error}", path.display()));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(failed)?;
        file.write_all(contents).map_err(failed)?;
        Ok(path)
    }

    fn mark(&self, name: &str, pid: u32) -> Result<()> {
        // A child that has ended already needs no mark.
        let Some((process, _)) = stat(&pid.to_string()) else { return Ok(()) };
        self.write(name, process.to_string().as_bytes()).map(drop)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next run.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Whether this program runs inside a session of this home.
pub fn inside(home: &Home) -> bool {
    let sessions = living(&home.run());
    if sessions.is_empty() {
        return false;
    }
    if sessions.iter().any(|session| !is_alive(session.owner)) {
        // It lives where this program cannot see it, which may have come from there.
        return true;
    }
    let chain = ancestry();
    chain.windows(2).any(|pair| {
        let [below, above] = pair else { unreachable!("windows of two") };
        sessions.iter().any(|session| {
            let by_child = session.child == Some(*below);
            by_child || (session.owner == *above && session.proxy != Some(*below))
        })
    })
}

struct Living {
    owner: Process,
    child: Option<Process>,
    proxy: Option<Process>,
}

fn living(run: &Path) -> Vec<Living> {
    entries(run)
        .filter(|(owner, directory)| is_alive(*owner) || is_held(directory))
        .map(|(owner, directory)| Living {
            owner,
            child: read_mark(&directory, "child"),
            proxy: read_mark(&directory, "proxy"),
        })
        .collect()
}

/// Removes the directories of sessions whose owner is dead: it was killed and could not do it.
pub fn sweep(home: &Home) {
    for (owner, directory) in entries(&home.run()) {
        if !is_alive(owner) && !is_held(&directory) {
            let _ = fs::remove_dir_all(directory);
        }
    }
}

fn entries(run: &Path) -> impl Iterator<Item = (Process, PathBuf)> {
    let read = fs::read_dir(run);
    read.into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
}

fn read_mark(directory: &Path, name: &str) -> Option<Process> {
    match fs::read_to_string(directory.join(name)) {
        Ok(text) => text.trim().parse().ok(),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(_) => None,
    }
}

fn is_alive(process: Process) -> bool {
    stat(&process.pid.to_string()).is_some_and(|(found, _)| found == process)
}

/// Shared, so that two that look at the same time do not take each other for the owner.
fn is_held(directory: &Path) -> bool {
    fs::File::open(directory).is_ok_and(|held| matches!(held.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
}

/// This process first, then its ancestors.
fn ancestry() -> Vec<Process> {
    let mut chain = Vec::new();
    // Not by number: it may have another one in the namespace that /proc shows.
    let mut pid = "self".to_owned();
    while let Some((process, parent)) = stat(&pid) {
        chain.push(process);
        if parent == 0 || chain.len() > DEPTH {
            break;
        }
        pid = parent.to_string();
    }
    chain
}

/// The living process `pid` (a number, or `self`) and its parent's pid, from `/proc/<pid>/stat`.
fn stat(pid: &str) -> Option<(Process, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let pid = text.split(' ').next()?.parse().ok()?;
    // The second field is the name in parentheses, which may itself hold spaces and parentheses.
    let fields: Vec<&str> = text.get(text.rfind(')')? + 1..)?.split_whitespace().collect();
    // A zombie only waits for its parent to ask how it ended.
    if matches!(fields.first(), Some(&("Z" | "X"))) {
        return None;
    }
    let parent = fields.get(1)?.parse().ok()?;
    let start = fields.get(19)?.parse().ok()?;
    Some((Process { pid, start }, parent))
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_swept_when_its_owner_is_dead_or_its_pid_is_another_process() {
        let parent = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(parent.path())).unwrap();
        let (own, _) = stat("self").unwrap();
        let reused = Process { start: own.start + 1, ..own };
        fs::create_dir_all(home.run().join(reused.to_string())).unwrap();
        let session = Session::begin(&home).unwrap();
        assert!(!home.run().join(reused.to_string()).exists());
        assert!(session.directory.exists());
        drop(session);
        assert_eq!(fs::read_dir(home.run()).unwrap().count(), 0);
    }

    #[test]
    fn the_owner_itself_is_outside_its_session() {
        let parent = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(parent.path())).unwrap();
        let _session = Session::begin(&home).unwrap();
        assert!(!inside(&home));
    }
}
