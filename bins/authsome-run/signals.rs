//! Signals meant for the command.
//!
//! The terminal sends Ctrl-C to the whole foreground group, so the command already has it. What a process sends to
//! `run` alone is passed on, and so is a hang-up of the terminal that reached `run` alone. A signal that was ignored
//! when `run` started is ignored by both.

use cli::kernel::inherited::is_ignored;
use proto::{Error, Result};
use rustix::process::{Pid, Signal, getpgid, getpgrp, getpid, getsid, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const PASSED: &[i32] = &[SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// Held until there is a command to pass them to.
pub struct Signals {
    child: Arc<AtomicI32>,
    /// Came before the command was there.
    early: Arc<Mutex<Vec<i32>>>,
}

impl Signals {
    /// From here on none of them ends this process.
    pub fn hold() -> Result<Signals> {
        let passed = PASSED.iter().filter(|signal| !is_ignored(**signal));
        let mut infos = SignalsInfo::<WithOrigin>::new(passed)
            .map_err(|error| Error::unavailable(format!("cannot handle signals: {error}")))?;
        let signals = Signals { child: Arc::default(), early: Arc::default() };
        let (child, early) = (signals.child.clone(), signals.early.clone());
        std::thread::spawn(move || {
            for info in infos.forever() {
                let mut early = early.lock().unwrap_or_else(PoisonError::into_inner);
                let from_kernel = matches!(info.cause, Cause::Kernel);
                match child.load(Ordering::SeqCst) {
                    0 => early.push(info.signal),
                    pid if from_kernel && reached(pid, info.signal) => {}
                    pid => send(pid, info.signal),
                }
            }
        });
        Ok(signals)
    }

    /// A signal that came before the command was started.
    pub fn early(&self) -> Option<i32> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner).first().copied()
    }

    /// Passes everything on to `pid` from now on; 0 ends that.
    pub fn pass_to(&self, pid: u32) {
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = i32::try_from(pid).unwrap_or(0);
        self.child.store(pid, Ordering::SeqCst);
        early.drain(..).filter(|_| pid != 0).for_each(|signal| send(pid, signal));
    }
}

/// Returns whether a signal that the kernel sent to this process reached the command `pid`, too.
///
/// A key of the terminal reaches the foreground group, and so does a hang-up when the leader of the terminal's session
/// ends. When the terminal goes away, only that leader gets the hang-up (tty_ioctl(4), `TIOCNOTTY`). It may be this
/// process.
fn reached(pid: i32, signal: i32) -> bool {
    let shares_group = Pid::from_raw(pid).is_some_and(|pid| getpgid(Some(pid)) == Ok(getpgrp()));
    let leads_session = getsid(None) == Ok(getpid());
    signal != SIGHUP || (shares_group && !leads_session)
}

fn send(pid: i32, signal: i32) {
    if let (Some(pid), Some(signal)) = (Pid::from_raw(pid), Signal::from_named_raw(signal)) {
        // It may have ended a moment ago.
        let _ = kill_process(pid, signal);
    }
}
