//! A deadline that is moved with every request and hardly ever reached: moving it costs a clock
//! reading, and the timer is touched only when it fires.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::IDLE;

pub(crate) struct Clock {
    deadline: Instant,
    stalled: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Clock {
    pub fn new(limit: Duration) -> Clock {
        Clock { deadline: Instant::now() + limit, stalled: false, timer: None }
    }

    pub fn start(&mut self, limit: Duration) {
        self.deadline = Instant::now() + limit;
    }

    /// Ready when the time is over.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }

    /// An operation that may rest for [`IDLE`], each time that it has to wait.
    pub fn poll_io<T>(
        &mut self,
        cx: &mut Context<'_>,
        operation: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = operation(cx) {
            self.stalled = false;
            return Poll::Ready(done);
        }
        if !self.stalled {
            self.stalled = true;
            self.start(IDLE);
        }
        ready!(self.poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}
