//! Waiting for whichever comes first: the page, the terminal, the end of the helper, the end of time.

use crate::page::PageEvent;
use proto::ops::flow::FormAnswer;
use proto::{Code, Error, Result};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How often a silent helper is looked after.
const PULSE: Duration = Duration::from_millis(200);

/// What was heard.
pub enum Heard {
    Page(PageEvent),
    /// A form, typed on the terminal.
    Form(FormAnswer),
    /// A line, pasted on the terminal.
    Pasted(zeroize::Zeroizing<String>),
    /// The key for another way.
    OtherWay,
    /// Ctrl-C on the terminal.
    Interrupted,
    /// The terminal is gone; the page may still answer.
    TerminalClosed,
}

/// Where everything is heard.
pub struct Ears {
    sender: Sender<Heard>,
    receiver: Receiver<Heard>,
    limit: Duration,
    deadline: Instant,
}

impl Ears {
    pub fn new(limit: Duration) -> Ears {
        let (sender, receiver) = channel();
        Ears { sender, receiver, limit, deadline: Instant::now() + limit }
    }

    pub fn sender(&self) -> Sender<Heard> {
        self.sender.clone()
    }

    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// A person has the whole time again for each step.
    pub fn start_step(&mut self) {
        self.deadline = Instant::now() + self.limit;
        // What was said about an earlier step is over.
        while self.receiver.try_recv().is_ok() {}
    }

    /// A moment in which nothing is listened to, within the time of the step.
    pub fn pause(&self, alive: &dyn Fn() -> bool) -> Result<()> {
        std::thread::sleep(PULSE / 4);
        self.still(alive)
    }

    /// The next thing heard. `Timeout` after the limit; an error when the helper is gone.
    pub fn next(&self, alive: &dyn Fn() -> bool) -> Result<Heard> {
        loop {
            match self.receiver.recv_timeout(PULSE) {
                Ok(Heard::Interrupted) => return Err(Error::new(Code::Cancelled, "cancelled")),
                Ok(Heard::TerminalClosed) => {}
                Ok(heard) => return Ok(heard),
                Err(RecvTimeoutError::Disconnected) => unreachable!("a sender is kept here"),
                Err(RecvTimeoutError::Timeout) => self.still(alive)?,
            }
        }
    }

    fn still(&self, alive: &dyn Fn() -> bool) -> Result<()> {
        if !alive() {
            return Err(Error::unavailable("the flow helper ended while the login waited"));
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
