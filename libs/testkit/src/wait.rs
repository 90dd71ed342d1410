//! Waiting with an end, and ports.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Whether `condition` came true within `limit`; asked every 5 ms, and once more at the end.
///
/// ```
/// use std::time::Duration;
/// let mut left = 3;
/// assert!(testkit::wait_until(Duration::from_secs(1), || {
///     left -= 1;
///     left == 0
/// }));
/// ```
#[must_use = "assert it, or the wait proves nothing"]
pub fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    condition()
}

/// A loopback port that was free a moment ago, for programs that must be told one.
///
/// ```
/// assert_ne!(testkit::free_port()?, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A lock whose holder may have panicked: a failing test must not take its server's records along.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
