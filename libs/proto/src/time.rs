//! Time on the wire: whole Unix seconds, UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now. A clock before 1970 reads as 0.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
