//! Command lines and environments of processes, as anyone on the machine can read them.
//!
//! It reads `/proc`, so it needs Linux; elsewhere it sees nothing and [`Recorder::start`] says so.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::scan::{Finding, Shapes};
use crate::wait::lock;

/// What was seen of one process image; a process that execs is seen once more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub pid: u32,
    /// The arguments, joined by blanks.
    pub argv: String,
    /// `NAME=value` texts, one a line.
    pub environ: String,
}

/// Looks at every descendant of a process, over and over. Processes that live less than about a
/// millisecond may be missed, so a test repeats what it looks at, or lets it wait.
///
/// ```
/// use std::time::Duration;
/// let home = testkit::Home::new("/usr/bin")?;
/// let recorder = testkit::Recorder::start(std::process::id())?;
/// let mut leak = home.spawn("sh", &["-c", "sleep 5; : hunter-2-secret"])?;
/// assert!(testkit::wait_until(Duration::from_secs(5), || !recorder.findings(&["hunter-2-secret"]).is_empty()));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Recorder {
    seen: Arc<Mutex<BTreeSet<Seen>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Begins to look at the descendants of `root`; the process itself is not among them.
    pub fn start(root: u32) -> io::Result<Recorder> {
        fs::metadata("/proc/self/environ")?;
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new().name("testkit recorder".to_owned()).spawn({
            let (seen, stop) = (Arc::clone(&seen), Arc::clone(&stop));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    for pid in descendants(root) {
                        lock(&seen).extend(look(pid));
                    }
                    std::thread::sleep(Duration::from_micros(500));
                }
            }
        })?;
        Ok(Recorder { seen, stop, thread: Some(thread) })
    }

    /// Everything seen so far, by process number.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).iter().cloned().collect()
    }

    /// Secrets in what was seen; the place says which process and whether argv or environ.
    pub fn findings(&self, secrets: &[impl AsRef<str>]) -> Vec<Finding> {
        find(&self.seen(), secrets)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Looks once at these processes. One that is gone is passed over.
///
/// ```
/// let found = testkit::scan_processes(&[std::process::id()], &["no such secret"]);
/// assert_eq!(found, []);
/// ```
pub fn scan_processes(pids: &[u32], secrets: &[impl AsRef<str>]) -> Vec<Finding> {
    let seen: Vec<Seen> = pids.iter().filter_map(|pid| look(*pid)).collect();
    find(&seen, secrets)
}

fn find(seen: &[Seen], secrets: &[impl AsRef<str>]) -> Vec<Finding> {
    let shapes = Shapes::new(secrets);
    let mut found = Vec::new();
    for process in seen {
        let program = process.argv.split(' ').next().unwrap_or_default();
        found.extend(shapes.look(&format!("argv of {} ({program})", process.pid), process.argv.as_bytes()));
        found.extend(shapes.look(&format!("environ of {} ({program})", process.pid), process.environ.as_bytes()));
    }
    found
}

fn look(pid: u32) -> Option<Seen> {
    let read = |file: &str| fs::read(format!("/proc/{pid}/{file}"));
    let argv = read("cmdline").ok()?;
    // A zombie has no command line; a process that is not dumpable keeps its environment to itself.
    if argv.is_empty() {
        return None;
    }
    let environ = read("environ").unwrap_or_default();
    Some(Seen { pid, argv: joined(&argv, ' '), environ: joined(&environ, '\n') })
}

fn joined(bytes: &[u8], separator: char) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').replace('\0', &separator.to_string())
}

/// Children of children, by the parent that each process names.
fn descendants(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut found = Vec::new();
    let mut left = vec![root];
    while let Some(above) = left.pop() {
        let children = parents.iter().filter(|(_, parent)| *parent == above).map(|(pid, _)| *pid);
        let children: Vec<u32> = children.collect();
        left.extend(&children);
        found.extend(children);
    }
    found
}

/// The fourth field of `stat`; the second, the name, may hold blanks and parentheses.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
