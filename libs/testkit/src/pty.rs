//! A program on a terminal: what a person types and sees, and whether typing is shown.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pty_process::{Size, blocking};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Signal, kill_process_group};
use rustix::termios::{LocalModes, tcgetattr};

use crate::home::pid;
use crate::wait::{lock, wait_until};

/// A program whose stdin, stdout and stderr are one terminal of 24 lines by 80 columns. It is
/// killed when dropped.
///
/// ```
/// let home = testkit::Home::new("/usr/bin")?;
/// let script = "stty -echo; printf 'Key: '; read key; stty echo; echo; echo got ${#key}";
/// let mut terminal = home.pty("sh", &["-c", script])?;
/// terminal.see("Key: ")?;
/// assert!(!terminal.echo()?, "what is typed must not be shown");
/// terminal.line("12345")?;
/// terminal.see("got 5")?;
/// assert!(!terminal.seen().contains("12345"));
/// assert_eq!(terminal.finish()?, Some(0));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Pty {
    /// The terminal; `None` once it was hung up.
    pty: Option<Arc<blocking::Pty>>,
    /// A descriptor that keeps the reader going while it is open.
    open: Option<OwnedFd>,
    child: Child,
    seen: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    /// How much of it [`Pty::see`] has passed.
    passed: usize,
    end: Instant,
}

impl Pty {
    pub(crate) fn start(command: Command, limit: Duration) -> io::Result<Pty> {
        let (pty, pts) = blocking::open().map_err(io::Error::other)?;
        pty.resize(Size::new(24, 80)).map_err(io::Error::other)?;
        let child = blocking::Command::from(command).spawn(pts).map_err(io::Error::other)?;
        let pty = Arc::new(pty);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (closed, open) = rustix::pipe::pipe()?;
        let reader = std::thread::spawn({
            let (pty, seen) = (Arc::clone(&pty), Arc::clone(&seen));
            move || read_all(&pty, &closed, &seen)
        });
        let (pty, open, reader) = (Some(pty), Some(open), Some(reader));
        Ok(Pty { pty, open, child, seen, reader, passed: 0, end: Instant::now() + limit })
    }

    /// Takes the terminal away, as a closed window or a lost connection does. The program may go on.
    pub fn hang_up(&mut self) {
        self.open = None;
        // The reader's thread holds the terminal as well.
        self.reader.take().map(JoinHandle::join);
        self.pty = None;
    }

    fn terminal(&self) -> io::Result<&blocking::Pty> {
        self.pty.as_deref().ok_or_else(|| io::Error::other("the terminal was hung up"))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything shown so far, with the terminal's `\r\n`.
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&lock(&self.seen)).into_owned()
    }

    /// Waits until the text is shown, after what an earlier `see` found.
    pub fn see(&mut self, text: &str) -> io::Result<()> {
        let from = self.passed;
        let end = self.wait_for(text, |seen| Some(from + find(&seen[from..], text.as_bytes())? + text.len()))?;
        self.passed = end;
        Ok(())
    }

    /// The first whole word shown that begins so.
    pub fn word(&mut self, prefix: &str) -> io::Result<String> {
        self.wait_for(prefix, |seen| {
            let seen = String::from_utf8_lossy(seen);
            let whole = &seen[..seen.rfind(char::is_whitespace).unwrap_or(0)];
            whole.split_whitespace().find(|word| word.starts_with(prefix)).map(str::to_owned)
        })
    }

    fn wait_for<T>(&mut self, what: &str, find: impl Fn(&[u8]) -> Option<T>) -> io::Result<T> {
        loop {
            let ended = self.child.try_wait()?.is_some();
            if ended {
                self.settle();
            }
            let found = find(&lock(&self.seen));
            if let Some(found) = found {
                return Ok(found);
            }
            if ended || Instant::now() >= self.end {
                let why = if ended { "the program ended" } else { "waited" };
                return Err(io::Error::other(format!("{why} without {what:?} in {:?}", self.seen())));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What a program wrote last is still on its way through the terminal when it has ended. A
    /// grandchild that stays on the terminal is not waited for long.
    fn settle(&self) {
        let _ = wait_until(Duration::from_millis(500), || self.reader.as_ref().is_none_or(JoinHandle::is_finished));
    }

    /// Types a text and Enter.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.keys(&format!("{text}\r"))
    }

    /// Types exactly this: `\u{3}` is Ctrl-C, `\u{4}` Ctrl-D.
    pub fn keys(&mut self, text: &str) -> io::Result<()> {
        self.terminal()?.write_all(text.as_bytes())
    }

    /// Whether the terminal shows what is typed.
    pub fn echo(&self) -> io::Result<bool> {
        Ok(tcgetattr(self.terminal()?)?.local_modes.contains(LocalModes::ECHO))
    }

    /// Waits until typing is shown, or is not.
    pub fn wait_for_echo(&self, shown: bool) -> io::Result<()> {
        let left = self.end.saturating_duration_since(Instant::now());
        match wait_until(left, || self.echo().is_ok_and(|echo| echo == shown)) {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::TimedOut, format!("echo never became {shown}"))),
        }
    }

    /// Waits for the program's end: its status, none when a signal ended it.
    pub fn finish(&mut self) -> io::Result<Option<i32>> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.settle();
                return Ok(status.code());
            }
            if Instant::now() >= self.end {
                let message = format!("the program did not end in time; it showed {:?}", self.seen());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // The program leads a session and so a group of its own.
            if let Ok(pid) = pid(self.child.id()) {
                let _ = kill_process_group(pid, Signal::KILL);
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Reads until the last program leaves the terminal, which is an error, or until `closed` is closed.
fn read_all(mut pty: &blocking::Pty, closed: &OwnedFd, seen: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        let mut both = [PollFd::new(pty, PollFlags::IN), PollFd::new(closed, PollFlags::IN)];
        if retry_on_intr(|| poll(&mut both, None)).is_err() || !both[1].revents().is_empty() {
            return;
        }
        let Ok(count @ 1..) = pty.read(&mut buffer) else { return };
        lock(seen).extend_from_slice(&buffer[..count]);
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).position(|window| window == needle)
}
