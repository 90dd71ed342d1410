//! Time as a tool, so that a test need not wait.

use std::time::Duration;

pub trait Clock {
    /// Unix seconds.
    fn now(&self) -> i64;

    fn sleep(&self, time: Duration);
}

/// The machine's own.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        proto::time::now()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
