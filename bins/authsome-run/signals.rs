//! Signals meant for the command.
//!
//! The terminal sends Ctrl-C to the whole foreground group, so the command already has it; what a
//! process sends to `run` alone is passed on.

use proto::{Error, Result};
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
        let mut infos = SignalsInfo::<WithOrigin>::new(PASSED)
            .map_err(|error| Error::unavailable(format!("cannot handle signals: {error}")))?;
        let signals = Signals { child: Arc::default(), early: Arc::default() };
        let (child, early) = (signals.child.clone(), signals.early.clone());
        std::thread::spawn(move || {
            for info in infos.forever() {
                let mut early = early.lock().unwrap_or_else(PoisonError::into_inner);
                match child.load(Ordering::SeqCst) {
                    0 => early.push(info.signal),
                    // From the terminal: the command got it by itself.
                    _ if matches!(info.cause, Cause::Kernel) => {}
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

fn send(pid: i32, signal: i32) {
    let pid = rustix::process::Pid::from_raw(pid);
    let signal = rustix::process::Signal::from_named_raw(signal);
    if let (Some(pid), Some(signal)) = (pid, signal) {
        // It may have ended a moment ago.
        let _ = rustix::process::kill_process(pid, signal);
    }
}
