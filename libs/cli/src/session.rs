//! Sessions on disk, and whether this program runs inside one.
//!
//! The command of a session bears a mark that all its descendants keep, in any home and any namespace
//! ([`kernel::mark_as_session`]). A process with `CAP_SYS_RESOURCE` may remove the mark, and some kernels keep none.
//! For these cases the home has notes about its own sessions:
//!
//! `run/<pid>-<start>/` belongs to one `authsome run`, named by its process id and the kernel's
//! start time of it, so that a reused pid is never mistaken for it. Inside it `child` and `proxy`
//! hold `<pid>-<start>` of the two processes it started. A program is inside a session when its
//! ancestry reaches a living `run` by any way but through the proxy. Orphans count too: `run`
//! adopts them, and when it ends it notes in `left` those that go on without it. `run` holds a lock on the directory
//! (flock(2)), so that a session of another namespace of process ids is known to live although its processes
//! cannot be seen from here. Notes that cannot be read may be those of a session: then a program is inside.

use crate::Home;
use crate::files::cannot;
use crate::home::{is_writable, make_private};
use crate::kernel;
use crate::process::{self, Process};
use proto::{Error, Result};
use std::fs;
use std::io::{self, ErrorKind, Write};
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
        let sessions = directory_of_sessions(home)?;
        sweep(home);
        let Some(own) = process::stat("self").map(|found| found.process) else {
            return Err(Error::unavailable("cannot read /proc/self/stat").hint("mount -t proc proc /proc"));
        };
        let directory = sessions.join(own.to_string());
        make_private(&directory)?;
        let held = fs::File::open(&directory).and_then(|held| held.lock().map(|()| held));
        let held = held.map_err(|error| cannot("lock", &directory, &error))?;
        Ok(Session { _held: held, directory })
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
        let failed = |error: io::Error| cannot("write", &path, &error);
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

/// Creates `run/` in the home. For a home on a read-only disk it is a directory of this user among the temporary files;
/// only the mark of the command itself then tells of the session.
fn directory_of_sessions(home: &Home) -> Result<PathBuf> {
    let directory = if home.path().exists() && !is_writable(home.path()) {
        std::env::temp_dir().join(format!("authsome-{}", rustix::process::geteuid().as_raw()))
    } else {
        home.make()?;
        home.run()
    };
    make_private(&directory)?;
    Ok(directory)
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

/// Returns whether this program runs inside a session. The mark tells of sessions of any home, ancestry of this one's.
pub fn inside(home: &Home) -> bool {
    // Notes that cannot be read may be those of a session.
    kernel::is_marked_as_session() || living(&home.run()).map_or(true, |sessions| is_inside_one_of(&sessions))
}

fn is_inside_one_of(sessions: &[Living]) -> bool {
    if sessions.is_empty() {
        return false;
    }
    if sessions.iter().any(|session| session.is_unseen) {
        // It lives where this program cannot see it, which may have come from there.
        return true;
    }
    // Who cannot show where it comes from may come from there.
    let Some(chain) = process::ancestry() else { return true };
    // `run` asks before it has a session. A program that asks later under its process id was put in its place.
    let in_its_place = |session: &Living| chain.first() == Some(&session.owner);
    sessions.iter().any(in_its_place)
        || chain.windows(2).any(|pair| {
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

fn living(run: &Path) -> io::Result<Vec<Living>> {
    let read = entries(run)?.into_iter().map(|(owner, directory)| Living::read(owner, &directory));
    read.filter_map(Result::transpose).collect()
}

impl Living {
    /// Reads the notes of a session; `None` when the session is over.
    fn read(owner: Process, directory: &Path) -> io::Result<Option<Living>> {
        let read = |name: &str| -> io::Result<Vec<Process>> {
            let text = unless_missing(fs::read_to_string(directory.join(name)))?.unwrap_or_default();
            // A line that is no process is ignored.
            Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
        };
        let members = [read("child")?, read("left")?].concat();
        let proxy = read("proxy")?.pop();
        let is_unseen = !owner.is_alive() && is_held(directory)?;
        let lives = owner.is_alive() || is_unseen || members.iter().any(Process::is_alive);
        Ok(lives.then_some(Living { owner, members, proxy, is_unseen }))
    }
}

/// Removes the directories of sessions that are over, and of those whose owner alone is dead all but the marks.
pub fn sweep(home: &Home) {
    // A directory that cannot be read stays, and counts as a session.
    for (owner, directory) in entries(&home.run()).unwrap_or_default() {
        match Living::read(owner, &directory) {
            Ok(None) => _ = fs::remove_dir_all(directory),
            Ok(Some(session)) if !session.is_unseen && !owner.is_alive() => empty(&directory),
            Ok(Some(_)) | Err(_) => {}
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

/// Returns the sessions' directories with their owners. A home without `run/` has none.
fn entries(run: &Path) -> io::Result<Vec<(Process, PathBuf)>> {
    let Some(read) = unless_missing(fs::read_dir(run))? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in read {
        let entry = entry?;
        if let Some(owner) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.push((owner, entry.path()));
        }
    }
    Ok(found)
}

/// Returns whether a process holds the session's lock. It tries a shared lock, so that two processes that look at the
/// same time do not take each other for the owner.
fn is_held(directory: &Path) -> io::Result<bool> {
    let Some(held) = unless_missing(fs::File::open(directory))? else { return Ok(false) };
    Ok(matches!(held.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
}

/// Returns `None` for a file that does not exist, since a session may end while its notes are read.
fn unless_missing<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
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
    fn what_took_the_place_of_a_run_is_inside_its_session() {
        let parent = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(parent.path())).unwrap();
        assert!(!inside(&home));
        let session = Session::begin(&home).unwrap();
        assert!(inside(&home));
        drop(session);
        assert!(!inside(&home));
    }

    #[test]
    fn marks_that_cannot_be_read_mean_inside() {
        let parent = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(parent.path())).unwrap();
        fs::write(home.run(), "").unwrap();
        assert!(inside(&home), "run/ is a file");
        fs::remove_file(home.run()).unwrap();
        let own = process::stat("self").unwrap().process;
        let session = home.run().join(Process { start: own.start + 1, ..own }.to_string());
        fs::create_dir_all(session.join("child")).unwrap();
        assert!(inside(&home), "a mark is a directory");
        sweep(&home);
        assert!(session.exists(), "what cannot be read is not swept");
    }
}
