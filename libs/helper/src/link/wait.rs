//! Waiting for one request's events, and reading for others meanwhile.

use super::{Broken, Link, Said};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long a helper may take to answer a cancel.
const CANCEL: Duration = Duration::from_secs(2);

/// Waiting for the events of one request.
pub(super) struct Wait<'a> {
    pub link: &'a Link,
    pub receiver: Receiver<Said>,
    /// The requests that this thread waits for.
    pub own: &'a [u64],
    pub deadline: Option<Instant>,
    pub cancelled: bool,
}

impl Wait<'_> {
    pub fn next(&mut self, id: u64) -> Result<Said, Broken> {
        loop {
            if let Some(event) = self.event()? {
                return Ok(event);
            }
            if self.deadline.is_none_or(|deadline| Instant::now() < deadline) {
                continue;
            }
            if self.cancelled {
                return Err(self.gone("no answer in time", true));
            }
            self.link.cancel(id);
            self.cancelled = true;
            self.deadline = Some(Instant::now() + CANCEL);
        }
    }

    /// The next event; `None` when the deadline passed, or when what was read was for another.
    fn event(&self) -> Result<Option<Said>, Broken> {
        let Some(mut incoming) = self.link.take_incoming() else { return self.wait() };
        // Whoever read until now may have read this one's, too.
        let received = self.receiver.try_recv().ok();
        if received.is_none()
            && let Err(what) = self.link.read_one(&mut incoming, self.deadline)
        {
            self.link.break_off(&what);
            return self.wait();
        }
        let received = received.or_else(|| self.receiver.try_recv().ok());
        self.link.give_back(incoming, self.own);
        Ok(received)
    }

    /// The same while another thread reads.
    fn wait(&self) -> Result<Option<Said>, Broken> {
        let received = match self.deadline {
            None => self.receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(deadline) => self.receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())),
        };
        match received {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(self.gone("it is gone", false)),
        }
    }

    fn gone(&self, what: &str, timed_out: bool) -> Broken {
        Broken { helper: self.link.0.helper.clone(), what: what.to_owned(), timed_out }
    }
}
