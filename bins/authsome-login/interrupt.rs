//! Ctrl-C and TERM, at any moment of a login.
//!
//! Where a person is waited for, the wait ends: the terminal, the page and its port are given back.
//! Elsewhere nothing of the login is left to give back, and the program ends by itself.

use crate::wait::Heard;
use cli::Output;
use proto::{Code, Error, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// How long a wait for a person takes to notice.
const NOTICED: Duration = Duration::from_millis(400);

/// From now on nobody but this program says how it ends; the flag tells whether a signal came.
/// `noticed` is set by who hears [`Heard::Interrupted`] and ends the login over it.
pub fn watch(ears: Sender<Heard>, noticed: Arc<AtomicBool>, output: Output) -> Result<Arc<AtomicBool>> {
    let failed = |error: std::io::Error| Error::unavailable(format!("cannot handle signals: {error}"));
    let came = Arc::<AtomicBool>::default();
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, came.clone()).map_err(failed)?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            // Whoever asks twice is not kept waiting.
            let again = noticed.load(Ordering::SeqCst);
            if !again && ears.send(Heard::Interrupted).is_ok() {
                std::thread::sleep(NOTICED);
            }
            if again || !noticed.load(Ordering::SeqCst) {
                output.error(&cancelled());
                std::process::exit(i32::from(Code::Cancelled.exit_status()));
            }
        }
    });
    Ok(came)
}

pub fn cancelled() -> Error {
    Error::new(Code::Cancelled, "cancelled")
}
