//! Time on the wire: whole Unix seconds, UTC; and the clock that programs are given to read it from.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now. A clock before 1970 reads as 0.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Time as a parameter, so that a test need not wait.
pub trait Clock {
    /// Unix seconds.
    fn now(&self) -> i64;

    fn sleep(&self, time: Duration);
}

/// The machine's own.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        now()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
