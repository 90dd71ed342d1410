//! Sessions on disk, and whether this program runs inside one.
//!
//! `run/<pid>-<start>/` belongs to one `authsome run`, named by its process id and the kernel's
//! start time of it, so that a reused pid is never mistaken for it. Inside it `child` and `proxy`
//! hold `<pid>-<start>` of the two processes it started. A program is inside a session when its
//! ancestry reaches a living `run` by any way but through the proxy. Orphans count too: `run`
//! adopts them, and when it ends it notes in `left` who goes on without it. `run` holds a lock on the directory (flock(2)), so that a session of another
//! namespace of process ids is known to live although its processes cannot be seen from here.

use crate::Home;
use crate::home::make_private;
use crate::process::{self, Process};
use proto::{Error, Result};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

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
        let Some(own) = process::stat("self").map(|found| found.process) else {
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

    fn leave(&self, left: &[Process]) -> Result<()> {
        let lines: String = left.iter().map(|process| format!("{process}\n")).collect();
        self.write("left", lines.as_bytes())?;
        empty(&self.directory);
        Ok(())
    }

    fn mark(&self, name: &str, pid: u32) -> Result<()> {
        // A child that has ended already needs no mark.
        let Some(found) = process::stat(&pid.to_string()) else { return Ok(()) };
        self.write(name, found.process.to_string().as_bytes()).map(drop)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let left = process::left_behind();
        if left.is_empty() || self.leave(&left).is_err() {
            // What cannot be removed now is swept by the next run.
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// Whether this program runs inside a session of this home.
pub fn inside(home: &Home) -> bool {
    let sessions = living(&home.run());
    if sessions.is_empty() {
        return false;
    }
    if sessions.iter().any(|session| session.is_unseen) {
        // It lives where this program cannot see it, which may have come from there.
        return true;
    }
    // Who cannot show where it comes from may come from there.
    let Some(chain) = process::ancestry() else { return true };
    chain.windows(2).any(|pair| {
        let [below, above] = pair else { unreachable!("windows of two") };
        sessions.iter().any(|session| {
            let by_mark = session.members.contains(below);
            by_mark || (session.owner == *above && session.proxy != Some(*below))
        })
    })
}

struct Living {
    owner: Process,
    /// The command, or those it left behind.
    members: Vec<Process>,
    proxy: Option<Process>,
    /// Its processes are of another namespace.
    is_unseen: bool,
}

fn living(run: &Path) -> Vec<Living> {
    entries(run).filter_map(|(owner, directory)| Living::read(owner, &directory)).collect()
}

impl Living {
    fn read(owner: Process, directory: &Path) -> Option<Living> {
        let read = |name: &str| -> Vec<Process> {
            // What is no mark, or cannot be read, says nothing.
            let text = fs::read_to_string(directory.join(name)).unwrap_or_default();
            text.lines().filter_map(|line| line.parse().ok()).collect()
        };
        let members = [read("child"), read("left")].concat();
        let is_unseen = !owner.is_alive() && is_held(directory);
        let lives = owner.is_alive() || is_unseen || members.iter().any(Process::is_alive);
        lives.then(|| Living { owner, members, proxy: read("proxy").pop(), is_unseen })
    }
}

/// Removes the directories of sessions that are over, and of those whose owner alone is dead all but the marks.
pub fn sweep(home: &Home) {
    for (owner, directory) in entries(&home.run()) {
        match Living::read(owner, &directory) {
            None => _ = fs::remove_dir_all(directory),
            Some(session) if !session.is_unseen && !owner.is_alive() => empty(&directory),
            Some(_) => {}
        }
    }
}

/// Nothing but the marks of who may still live stays.
fn empty(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name() != "child" && entry.file_name() != "left" {
            let _ = fs::remove_file(entry.path());
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

/// Shared, so that two that look at the same time do not take each other for the owner.
fn is_held(directory: &Path) -> bool {
    fs::File::open(directory).is_ok_and(|held| matches!(held.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_swept_when_its_owner_is_dead_or_its_pid_is_another_process() {
        let parent = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(parent.path())).unwrap();
        let own = process::stat("self").unwrap().process;
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
