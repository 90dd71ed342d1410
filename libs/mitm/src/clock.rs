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
        (self.deadline, self.stalled) = (Instant::now() + limit, false);
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
            self.start(IDLE);
            self.stalled = true;
        }
        ready!(self.poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::HEAD;
    use std::future::poll_fn;
    use tokio::time::advance;

    /// Whether an operation that does not come to an end may go on.
    async fn may_wait(clock: &mut Clock) -> bool {
        poll_fn(|cx| Poll::Ready(clock.poll_io::<()>(cx, |_| Poll::Pending).is_pending())).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_its_own_time_even_if_the_one_before_it_ended_in_a_wait() {
        let mut clock = Clock::new(HEAD);
        for _request in 0..2 {
            clock.start(HEAD);
            assert!(may_wait(&mut clock).await);
            advance(IDLE - Duration::from_secs(1)).await;
            assert!(may_wait(&mut clock).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_ends_in_its_time_and_what_moves_does_not() {
        let mut clock = Clock::new(HEAD);
        for _ in 0..3 {
            assert!(may_wait(&mut clock).await);
            advance(IDLE * 2 / 3).await;
            assert!(poll_fn(|cx| clock.poll_io(cx, |_| Poll::Ready(Ok(())))).await.is_ok());
        }
        assert!(may_wait(&mut clock).await);
        advance(IDLE).await;
        assert!(!may_wait(&mut clock).await);
    }
}
