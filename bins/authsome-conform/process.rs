//! A helper as a bare process: lines in, lines out, each with a time limit.
//!
//! Not `libs/helper`'s end of the pipe: that one hides what a helper does wrong.

use helper::{Channel, Lines};
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

pub const HELLO: Duration = Duration::from_secs(5);
pub const REPLY: Duration = Duration::from_secs(20);
/// From EOF to the end.
const ENDING: Duration = Duration::from_secs(2);
/// A credential helper may be writing a renewal.
const ENDING_RENEWAL: Duration = Duration::from_secs(30);

pub struct Process {
    child: std::process::Child,
    stdin: Option<Sender<Vec<u8>>>,
    stdout: Receiver<Result<Zeroizing<Vec<u8>>, String>>,
    ending: Duration,
}

impl Process {
    pub fn start(helper: &[OsString], role: &str, home: &Path) -> Result<Process, String> {
        let Some((program, arguments)) = helper.split_first() else { return Err("no helper was named".into()) };
        let home = std::path::absolute(home).map_err(|error| format!("it has no home: {error}"))?;
        let mut command = cli::helpers::command(from_here(program), &home);
        command.args(arguments).arg(format!("--authsome-helper={role}"));
        command.process_group(0);
        let started = Channel::attach(&mut command).and_then(|channel| Ok((command.spawn()?, channel)));
        let (child, channel) = started.map_err(|error| format!("it cannot be started: {error}"))?;
        let (stdin, stdout) = (writer(channel.writer), reader(Lines::new(channel.reader)));
        let ending = if role == "credential" || role == "proxy" { ENDING_RENEWAL } else { ENDING };
        Ok(Process { child, stdin: Some(stdin), stdout, ending })
    }

    /// A helper that is gone is noticed when it is listened to.
    pub fn say(&self, line: Vec<u8>) {
        if let Some(stdin) = &self.stdin {
            let _ = stdin.send(line);
        }
    }

    /// The next line, without its end.
    pub fn hear(&self, limit: Duration) -> Result<Zeroizing<Vec<u8>>, String> {
        match self.stdout.recv_timeout(limit) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => Err(format!("it said nothing for {} s", limit.as_secs())),
            Err(RecvTimeoutError::Disconnected) => Err("it ended instead of answering".into()),
        }
    }

    /// EOF; then it must end with status 0 in time. Returns the lines it still had to say.
    pub fn end(&mut self) -> Result<Vec<Zeroizing<Vec<u8>>>, String> {
        self.stdin = None;
        let status = self.ended().ok_or_else(|| format!("it did not end within {} s of EOF", self.ending.as_secs()))?;
        if !status.success() {
            return Err(format!("at EOF it ended with {status}, not with status 0"));
        }
        // What it started may hold the pipe open; that is its own business.
        let said = std::iter::from_fn(|| self.stdout.recv_timeout(Duration::from_millis(200)).ok());
        said.collect()
    }

    /// SIGKILL, to it and to what it started.
    pub fn kill(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // Reaped already, the number may be another's.
        if let (Some(group), Ok(None)) = (group, self.child.try_wait()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + self.ending;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes on its own thread: a helper that does not read must not stop the kit.
fn writer(mut stdin: UnixStream) -> Sender<Vec<u8>> {
    let (sender, lines) = mpsc::channel::<Vec<u8>>();
    std::thread::spawn(move || lines.iter().all(|line| stdin.write_all(&line).and_then(|()| stdin.flush()).is_ok()));
    sender
}

fn reader<R: std::io::Read + Send + 'static>(mut lines: Lines<R>) -> Receiver<Result<Zeroizing<Vec<u8>>, String>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            let line = match lines.next_line() {
                Ok(Some(line)) => Ok(line),
                Ok(None) => return,
                Err(error) => Err(format!("it said {error}")),
            };
            let last = line.is_err();
            if sender.send(line).is_err() || last {
                return;
            }
        }
    });
    receiver
}

/// A path is meant from where the kit runs; a bare name is looked up in PATH.
fn from_here(program: &OsString) -> OsString {
    match std::path::absolute(program) {
        Ok(path) if program.to_string_lossy().contains('/') => path.into(),
        _ => program.clone(),
    }
}
