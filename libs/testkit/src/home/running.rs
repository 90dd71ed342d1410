//! A program under way: what it has written so far, and its end, which comes in any case.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::output::Output;
use crate::wait::{lock, wait_until};

/// A child process, in a process group of its own. It is killed with its group when dropped.
///
/// ```
/// let home = testkit::Home::new("/usr/bin")?;
/// let mut cat = home.spawn("cat", &[])?;
/// cat.write("open http://127.0.0.1:1/x now\n")?;
/// assert_eq!(cat.word("http://")?, "http://127.0.0.1:1/x");
/// cat.close_stdin();
/// assert_eq!(cat.finish()?.code, Some(0));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Collected,
    stderr: Collected,
    name: String,
    end: Instant,
}

struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    pub(super) fn start(mut command: Command, limit: Duration) -> io::Result<Running> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child =
            command.spawn().map_err(|error| io::Error::new(error.kind(), format!("starting {name}: {error}")))?;
        let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
        let stdin = child.stdin.take();
        Ok(Running { child, stdin, stdout, stderr, name, end: Instant::now() + limit })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    pub fn write(&mut self, text: &str) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or_else(|| io::Error::other("stdin is closed"))?;
        stdin.write_all(text.as_bytes())?;
        stdin.flush()
    }

    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits until the text stands in stdout or stderr.
    pub fn see(&mut self, text: &str) -> io::Result<()> {
        self.wait_for(text, |seen| seen.contains(text).then_some(()))
    }

    /// The first whole word in stdout, else stderr, that begins so: `word("http://")` finds a URL.
    pub fn word(&mut self, prefix: &str) -> io::Result<String> {
        self.words(prefix, 1).map(|mut words| words.remove(0))
    }

    /// The first `count` such words of one stream.
    pub fn words(&mut self, prefix: &str, count: usize) -> io::Result<Vec<String>> {
        self.wait_for(prefix, |seen| {
            // A word is whole once a blank follows it.
            let whole = &seen[..seen.rfind(char::is_whitespace).unwrap_or(0)];
            let words = whole.split_whitespace().filter(|word| word.starts_with(prefix));
            let words: Vec<String> = words.take(count).map(str::to_owned).collect();
            (words.len() == count).then_some(words)
        })
    }

    fn wait_for<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> io::Result<T> {
        loop {
            let ended = self.child.try_wait()?.is_some();
            if ended {
                self.drain();
            }
            if let Some(found) = find(&self.stdout()).or_else(|| find(&self.stderr())) {
                return Ok(found);
            }
            if ended || Instant::now() >= self.end {
                let why = if ended { "ended" } else { "was waited for" };
                return Err(io::Error::other(format!("{} {why} without {what:?}: {}", self.name, self.so_far())));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(pid(self.child.id())?, signal)?)
    }

    /// Sends a signal to its whole process group, as a terminal does with Ctrl-C.
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process_group(pid(self.child.id())?, signal)?)
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits for its end, at the latest until the home's limit.
    pub fn finish(mut self) -> io::Result<Output> {
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if Instant::now() >= self.end {
                let message = format!("{} did not end in time: {}", self.name, self.so_far());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        self.drain();
        Ok(self.output(status))
    }

    /// Reads on until the pipes end; a grandchild that keeps them open is not waited for long.
    fn drain(&mut self) {
        for stream in [&mut self.stdout, &mut self.stderr] {
            let Some(reader) = stream.reader.take() else { continue };
            if wait_until(Duration::from_secs(2), || reader.is_finished()) {
                let _ = reader.join();
            }
        }
    }

    fn output(&self, status: ExitStatus) -> Output {
        Output { code: status.code(), signal: status.signal(), stdout: self.stdout(), stderr: self.stderr() }
    }

    fn so_far(&self) -> String {
        format!("stdout {:?}, stderr {:?}", self.stdout(), self.stderr())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a child was waited for its number may be someone else's; only one that lives is killed.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.signal_group(Signal::KILL);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Collected {
    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.bytes)).into_owned()
    }
}

fn collect(stream: Option<impl Read + Send + 'static>) -> Collected {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let reader = stream.map(|mut stream| {
        let bytes = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                lock(&bytes).extend_from_slice(&buffer[..count]);
            }
        })
    });
    Collected { bytes, reader }
}

pub(crate) fn pid(number: u32) -> io::Result<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no process has this number"))
}
