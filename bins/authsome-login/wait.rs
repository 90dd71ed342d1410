//! Waiting for whichever comes first: the page, the terminal, the end of the helper, the end of time.

use crate::interrupt;
use crate::page::PageEvent;
use proto::ops::flow::FormAnswer;
use proto::{Code, Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How often a silent helper is looked after.
const PULSE: Duration = Duration::from_millis(200);

/// No person takes longer, and no clock can count much further.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// What was heard.
pub enum Heard {
    Page(PageEvent),
    /// A form, typed on the terminal.
    Form(FormAnswer),
    /// A line, pasted on the terminal.
    Pasted(zeroize::Zeroizing<String>),
    /// The key for another way.
    OtherWay,
    /// Ctrl-C on the terminal, or a signal.
    Interrupted,
    /// The person typed Ctrl-D or the terminal is gone. The page may still bring an answer.
    TerminalClosed,
}

/// Where everything is heard.
pub struct Ears {
    sender: Sender<Heard>,
    receiver: Receiver<Heard>,
    /// The login ends because of [`Heard::Interrupted`].
    interrupted: Arc<AtomicBool>,
    limit: Duration,
    deadline: Instant,
}

impl Ears {
    pub fn new(limit: Duration) -> Ears {
        let (sender, receiver) = channel();
        let limit = limit.min(LONGEST);
        Ears { sender, receiver, interrupted: Arc::default(), limit, deadline: Instant::now() + limit }
    }

    pub fn interrupted(&self) -> Arc<AtomicBool> {
        self.interrupted.clone()
    }

    pub fn sender(&self) -> Sender<Heard> {
        self.sender.clone()
    }

    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// A person has the whole time again for each step.
    pub fn start_step(&mut self) -> Result<()> {
        self.deadline = Instant::now() + self.limit;
        // What was said about an earlier step is over, but for one thing.
        match self.receiver.try_iter().find(|heard| matches!(heard, Heard::Interrupted)) {
            Some(_) => Err(self.end_interrupted()),
            None => Ok(()),
        }
    }

    /// A moment in which nobody but an interruption is listened to, within the time of the step.
    pub fn pause(&self, alive: &dyn Fn() -> bool) -> Result<()> {
        match self.receiver.recv_timeout(PULSE / 4) {
            Ok(Heard::Interrupted) => Err(self.end_interrupted()),
            _ => self.still(alive),
        }
    }

    /// The next thing heard. `Timeout` after the limit; an error when the helper is gone.
    pub fn next(&self, alive: &dyn Fn() -> bool) -> Result<Heard> {
        loop {
            match self.receiver.recv_timeout(PULSE) {
                Ok(Heard::Interrupted) => return Err(self.end_interrupted()),
                Ok(heard) => return Ok(heard),
                Err(RecvTimeoutError::Disconnected) => unreachable!("a sender is kept here"),
                Err(RecvTimeoutError::Timeout) => self.still(alive)?,
            }
        }
    }

    fn end_interrupted(&self) -> Error {
        self.interrupted.store(true, Ordering::SeqCst);
        interrupt::cancelled()
    }

    fn still(&self, alive: &dyn Fn() -> bool) -> Result<()> {
        if !alive() {
            return Err(Error::unavailable("the flow helper ended while the login waited")
                .hint("AUTHSOME_TRACE=1 before the login shows its last words"));
        }
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(self.timed_out())
    }

    /// What is said when the limit is over.
    pub fn timed_out(&self) -> Error {
        let message = format!("nothing happened for {} s", self.limit.as_secs());
        Error::new(Code::Timeout, message).hint("--timeout SECONDS waits longer")
    }
}
