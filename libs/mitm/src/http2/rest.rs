//! How long a client's connection has carried no request: HTTP/2 connections are kept open by
//! clients that have forgotten them.

use crate::limits::{IDLE, LINGER};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// Shared by a connection and its streams.
#[derive(Clone)]
pub(crate) struct Streams(Arc<Mutex<State>>);

struct State {
    running: usize,
    since: Instant,
}

/// Held by a stream until the last byte of its response is on its way.
pub(crate) struct Running(Streams);

impl Streams {
    pub fn new() -> Streams {
        Streams(Arc::new(Mutex::new(State { running: 0, since: Instant::now() })))
    }

    pub fn start(&self) -> Running {
        self.lock().running += 1;
        Running(self.clone())
    }

    /// Ready when there was no stream for [`IDLE`].
    pub async fn rested(&self) {
        self.quiet(IDLE).await;
    }

    /// Ready when the client, which was just told that the connection ends, had [`LINGER`] to say the
    /// same, and the streams that it had sent meanwhile are done.
    pub async fn lingered(&self) {
        sleep(LINGER).await;
        self.quiet(LINGER).await;
    }

    async fn quiet(&self, limit: Duration) {
        loop {
            let (running, until) = {
                let state = self.lock();
                (state.running, state.since + limit)
            };
            match running {
                0 if until <= Instant::now() => return,
                0 => sleep_until(until).await,
                _ => sleep(limit).await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running -= 1;
        state.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test(start_paused = true)]
    async fn a_connection_rests_from_the_end_of_its_last_stream() {
        let streams = Streams::new();
        let running = streams.start();
        assert!(timeout(IDLE * 3, streams.rested()).await.is_err());
        drop(running);
        let ended = Instant::now();
        streams.rested().await;
        assert!(ended.elapsed() >= IDLE && ended.elapsed() < IDLE * 2);
    }
}
