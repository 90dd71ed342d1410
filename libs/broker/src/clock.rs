//! Time, as a parameter: renewals are all about when.

use std::time::Duration;

pub trait Clock: Send + Sync {
    /// Unix seconds.
    fn now(&self) -> i64;
    fn sleep(&self, pause: Duration);
}

/// The machine's own.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        proto::time::now()
    }

    fn sleep(&self, pause: Duration) {
        std::thread::sleep(pause);
    }
}
