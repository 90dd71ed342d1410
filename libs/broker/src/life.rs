//! How an access token stands: alive, to be renewed soon, dead.

use proto::record::Connection;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Fresh,
    /// Still alive, and to be renewed ahead of its end.
    Due,
    Dead,
}

/// The longest time ahead of its end at which a token is renewed, in seconds.
const AHEAD: i64 = 300;

/// How long a token that nobody can renew is still offered after its end: the clock may be ahead,
/// and the provider knows better.
pub(crate) const SKEW: i64 = 300;

/// A token without a told lifetime is fresh until its provider says otherwise.
pub(crate) fn life(record: &Connection, now: i64) -> Life {
    let Some(end) = record.expires_at else { return Life::Fresh };
    let lifetime = end.saturating_sub(record.obtained_at).max(0);
    if now >= end {
        Life::Dead
    } else if now >= end.saturating_sub(AHEAD.min(lifetime / 10)) {
        Life::Due
    } else {
        Life::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(obtained_at: i64, expires_at: Option<i64>, now: i64) -> Life {
        let text = r#"{"provider":"n","flow":"pkce","status":"connected"}"#;
        let mut record: Connection = serde_json::from_str(text).unwrap();
        record.obtained_at = obtained_at;
        record.expires_at = expires_at;
        life(&record, now)
    }

    #[test]
    fn an_hour_long_token_is_renewed_five_minutes_ahead_and_a_short_one_a_tenth_ahead() {
        assert_eq!(at(0, Some(3600), 3299), Life::Fresh);
        assert_eq!(at(0, Some(3600), 3300), Life::Due);
        assert_eq!(at(0, Some(3600), 3600), Life::Dead);
        assert_eq!(at(0, Some(60), 53), Life::Fresh);
        assert_eq!(at(0, Some(60), 54), Life::Due);
        assert_eq!(at(0, Some(5), 4), Life::Fresh, "a tenth of 5 s is no time");
    }

    #[test]
    fn a_token_without_lifetime_never_falls_due() {
        assert_eq!(at(0, None, i64::MAX), Life::Fresh);
    }

    #[test]
    fn a_clock_set_back_does_no_harm() {
        assert_eq!(at(5000, Some(8600), 10), Life::Fresh);
        assert_eq!(at(i64::MIN, Some(i64::MAX), 0), Life::Fresh);
    }
}
