//! What a helper says, line by line, waited for no longer than wanted.

use crate::read::{Lines, Step};
use crate::{Direction, Tracer, trace};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use std::io::Read;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The end of a pipe.
pub(crate) trait Source: Read + AsFd + Send {}

impl<T: Read + AsFd + Send> Source for T {}

pub(crate) struct Incoming {
    lines: Lines<Box<dyn Source>>,
    tracer: Tracer,
}

impl Incoming {
    pub fn new(source: Box<dyn Source>, tracer: Tracer) -> Incoming {
        Incoming { lines: Lines::new(source), tracer }
    }

    /// The next line, or `None` when the deadline passed. An error says how the wire broke.
    pub fn next(&mut self, deadline: Option<Instant>) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        loop {
            if let Some(deadline) = deadline
                && !self.lines.is_buffered()
                && !self.is_readable_until(deadline)
            {
                return Ok(None);
            }
            match self.lines.step().map_err(|error| error.to_string())? {
                Step::Line(line) => {
                    trace(&self.tracer, Direction::FromHelper, &line);
                    return Ok(Some(line));
                }
                Step::More => {}
                Step::End => return Err("it ended".to_owned()),
            }
        }
    }

    /// The other end is closed; what it said before may still be unread.
    pub fn is_closed(&self) -> bool {
        self.poll(Duration::ZERO).contains(PollFlags::HUP)
    }

    fn is_readable_until(&self, deadline: Instant) -> bool {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if !self.poll(left).is_empty() {
                return true;
            }
            if left.is_zero() {
                return false;
            }
        }
    }

    fn poll(&self, limit: Duration) -> PollFlags {
        let mut fds = [PollFd::new(self.lines.source(), PollFlags::IN)];
        let limit = Timespec::try_from(limit).ok();
        // When it fails, the read that follows tells why.
        match retry_on_intr(|| poll(&mut fds, limit.as_ref())) {
            Ok(_) => fds[0].revents(),
            Err(_) => PollFlags::ERR,
        }
    }
}
