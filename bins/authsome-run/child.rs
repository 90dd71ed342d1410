//! The command itself: started, waited for, its status passed on.

use crate::signals::Signals;
use cli::session::Session;
use cli::{Output, Status, exec_path};
use helper::Child;
use proto::{Error, Result};
use rustix::process::{WaitOptions, WaitStatus, wait};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The end of the command.
#[derive(Debug, Clone, Copy)]
pub enum Ended {
    /// The command ended, by itself or by a signal.
    Command(Status),
    /// The command was not started.
    NotStarted(Status),
}

impl Ended {
    /// Returns the status that `run` ends with.
    pub fn status(self) -> Status {
        let (Ended::Command(status) | Ended::NotStarted(status)) = self;
        status
    }
}

/// Runs `command` to its end. 126 and 127 as in sh, 128+n when a signal ended it.
pub fn run(
    mut command: Command,
    signals: &Signals,
    session: &Session,
    proxy: &Child,
    output: &Output,
) -> Result<Ended> {
    if let Some(signal) = signals.early() {
        return Ok(Ended::NotStarted(ended_by(signal)));
    }
    cli::kernel::die_with_parent(&mut command);
    cli::kernel::mark_as_session(&mut command);
    cli::kernel::inherited::pass_on(&mut command);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(Ended::NotStarted(not_started(&command, &error, output))),
    };
    session.child(child.id())?;
    signals.pass_to(child.id());
    let status = wait_for(child.id(), proxy, output);
    signals.pass_to(0);
    status.map(Ended::Command)
}

/// Waits for the command; orphans of it that this process adopted are reaped on the way.
fn wait_for(pid: u32, proxy: &Child, output: &Output) -> Result<Status> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if u32::try_from(ended.as_raw_nonzero().get()) == Ok(pid) => {
                return Ok(passed_on(status));
            }
            Ok(Some((ended, _))) if u32::try_from(ended.as_raw_nonzero().get()) == Ok(proxy.id()) => {
                output.warning("the proxy has ended; the command's requests fail from now on");
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return Err(Error::unavailable(format!("cannot wait for the command: {error}")).hint("run it again"));
            }
        }
    }
}

/// Lets go of the orphans that have ended meanwhile, so that those who go on can be told from them.
pub fn reap() {
    while matches!(wait(WaitOptions::NOHANG), Ok(Some(_)) | Err(rustix::io::Errno::INTR)) {}
}

fn passed_on(status: WaitStatus) -> Status {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => u8::try_from(code & 0xff).unwrap_or(u8::MAX),
        (None, Some(signal)) => ended_by(signal),
        (None, None) => u8::MAX,
    }
}

fn ended_by(signal: i32) -> Status {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}

fn not_started(command: &Command, error: &std::io::Error, output: &Output) -> Status {
    let program = command.get_program().to_string_lossy();
    let (status, message) = match error.kind() {
        ErrorKind::NotFound => (127, missing(&program)),
        _ => (126, format!("cannot run {program:?}: {error}")),
    };
    output.error(&Error::invalid(message));
    status
}

/// The kernel says of a script without its interpreter that the script is not there.
fn missing(program: &str) -> String {
    let Some(file) = found(program) else { return format!("cannot find the command {program:?}") };
    match interpreter(&file).filter(|name| !Path::new(name).exists()) {
        Some(name) => format!("cannot run {file:?}: its interpreter {name:?} is missing"),
        None => format!("cannot run {file:?}: the loader that it names is missing"),
    }
}

/// Where the kernel was asked to run it from: as the person wrote it, else in PATH.
fn found(program: &str) -> Option<PathBuf> {
    match program.contains('/') {
        true => Some(PathBuf::from(program)).filter(|file| file.is_file()),
        false => exec_path::find_command(program),
    }
}

/// Of a script's first line, `#!/usr/bin/python3 -u`.
fn interpreter(file: &Path) -> Option<String> {
    let mut first = Vec::new();
    // The kernel itself reads no more.
    BufReader::new(File::open(file).ok()?.take(256)).read_until(b'\n', &mut first).ok()?;
    let line = String::from_utf8_lossy(first.strip_prefix(b"#!")?).into_owned();
    // A carriage return of an editor is a part of the name.
    line.trim_start_matches([' ', '\t']).split([' ', '\t', '\n']).next().map(str::to_owned)
}
