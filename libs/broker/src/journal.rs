//! What to do about a connection that may need a renewal: the one decision, free of side effects.
//!
//! The journal is `record.renewal`, written with `if_rev` before a refresh token is sent and taken
//! away with `if_rev` when it is known what became of it. So whoever finds an entry knows that the
//! token may be on its way, and whoever finds an entry whose writer is gone knows that the token may
//! be used up. Such a token is sent once more. If the first request never arrived, or the provider
//! accepts a token twice for a while, the connection lives; otherwise it was lost anyway.

use crate::life::{Life, life};
use proto::Outcome;
use proto::record::{Connection, Renewal, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a renewal may take, in seconds; longer than the flow's own deadline of 20 s.
pub(crate) const LEASE: i64 = 25;

/// A journal entry further ahead than this was written by a clock that was wrong.
const FARTHEST: i64 = 60;

/// At most one renewal because of a 401 in so many seconds.
pub(crate) const TRY_EVERY: i64 = 60;

/// The field of the record that holds the SHA-256 of a refresh token that was sent a second time.
const RESENT: &str = "resent_sha256";

/// The longest a failed renewal is kept from being tried again, in seconds.
const LONGEST_PAUSE: i64 = 24 * 3600;

/// Why a renewal is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// The token is dead, or soon will be.
    Due,
    /// The provider answered 401 to a token; true when the vault's is still that one.
    Rejected { same_token: bool },
}

/// Whether a refresh token may be sent again when nobody knows what became of the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    Never,
    Always,
    Once,
    /// Within so many seconds of the first time, once.
    Within(i64),
}

/// The state of the process that wrote a journal entry, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// The writer may act on the entry until it ends.
    Unknown,
    /// The writer no longer acts on the entry: it is dead or has lost the answer.
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The vault has a token that serves.
    Nothing,
    /// Somebody's renewal may be under way until then.
    WaitUntil(i64),
    /// Send the refresh token. `again`: it was sent before.
    Send { again: bool },
    /// It was sent, may be used up, and may not be sent again.
    Invalidate,
    /// Only a person can help.
    Invalid,
    /// Nothing to renew with.
    NotRenewable,
    /// Tried a moment ago.
    TooSoon { retry_at: i64 },
}

/// Decides what a renewal does with this record. `refresh_sha256` is the SHA-256 of the refresh token in
/// the vault, empty when there is none. `writer` is the state of the journal entry's writer, if there is an entry.
pub(crate) fn decide(
    record: &Connection,
    refresh_sha256: &str,
    why: &Why,
    reuse: Reuse,
    writer: Writer,
    now: i64,
) -> Decision {
    if record.status != Status::Connected {
        return Decision::Invalid;
    }
    match why {
        Why::Due if life(record, now) == Life::Fresh => return Decision::Nothing,
        Why::Rejected { same_token: false } => return Decision::Nothing,
        _ => {}
    }
    if !record.renewable {
        return Decision::NotRenewable;
    }
    // An entry about another refresh token says nothing of this one.
    if let Some(renewal) = record.renewal.as_ref().filter(|renewal| renewal.token_sha256 == refresh_sha256) {
        return match (writer, is_living(renewal, now)) {
            (Writer::Unknown, true) => Decision::WaitUntil(renewal.until),
            _ if may_repeat(renewal, record, reuse, now) => Decision::Send { again: true },
            _ if *why == Why::Due && life(record, now) == Life::Due => Decision::Nothing,
            _ => Decision::Invalidate,
        };
    }
    if let Some(at) = retry_at(record).filter(|at| now < *at && at - now <= LONGEST_PAUSE) {
        return Decision::TooSoon { retry_at: at };
    }
    match (why, record.tried_at) {
        (Why::Rejected { .. }, Some(at)) if (at..at + TRY_EVERY).contains(&now) => {
            Decision::TooSoon { retry_at: at + TRY_EVERY }
        }
        _ => Decision::Send { again: false },
    }
}

fn may_repeat(renewal: &Renewal, record: &Connection, reuse: Reuse, now: i64) -> bool {
    let sent_at = renewal.until - LEASE;
    let resent = resent(record) == Some(renewal.token_sha256.as_str());
    match reuse {
        Reuse::Never => false,
        Reuse::Always => true,
        Reuse::Once => !resent,
        Reuse::Within(grace) => !resent && (sent_at..sent_at + grace).contains(&now),
    }
}

pub(crate) fn is_living(renewal: &Renewal, now: i64) -> bool {
    (now..=now + FARTHEST).contains(&renewal.until)
}

/// Writes the journal entry: the holder of the lock `holder` is about to send the refresh token.
pub(crate) fn begin(
    record: &mut Connection,
    refresh_sha256: &str,
    why: &Why,
    again: bool,
    holder: Option<&str>,
    now: i64,
) {
    let holder = holder.map(ToOwned::to_owned);
    record.renewal = Some(Renewal { until: now + LEASE, token_sha256: refresh_sha256.to_owned(), holder });
    if again {
        record.rest.insert(RESENT.into(), refresh_sha256.into());
    }
    if matches!(why, Why::Rejected { .. }) {
        record.tried_at = Some(now);
    }
}

/// Removes the journal entry, because the refresh token was not used. It keeps the note that the token was repeated.
pub(crate) fn end(record: &mut Connection) {
    record.renewal = None;
    record.rest.remove("retry");
}

/// Removes all notes about the refresh token, because there is a new one or it is certainly dead.
pub(crate) fn forget(record: &mut Connection) {
    end(record);
    record.rest.remove(RESENT);
}

/// What is known of the last try, in the record's `retry`, so that everyone gets its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// Unix seconds: nobody tries before.
    #[serde(default)]
    pub at: i64,
    /// Failures in a row.
    #[serde(default)]
    pub count: u64,
    /// For people.
    #[serde(default)]
    pub why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Takes the entry away and keeps everyone from trying again before `at`.
pub(crate) fn pause(record: &mut Connection, failed: Failure, at: Option<i64>, jitter: i64, now: i64) -> i64 {
    let count = failure(record).map_or(0, |before| before.count);
    let backoff = 5_i64.saturating_mul(1 << count.min(6)).min(300);
    let wanted = at.unwrap_or(now + backoff).clamp(now + 1, now + LONGEST_PAUSE);
    let at = wanted + jitter.rem_euclid(backoff / 4 + 1);
    end(record);
    let failed = Failure { at, count: count.saturating_add(1), why: proto::redact::shown(&failed.why), ..failed };
    record.rest.insert("retry".into(), Value::Object(proto::codec::to_object(&failed)));
    at
}

/// Before then nobody tries.
pub(crate) fn retry_at(record: &Connection) -> Option<i64> {
    failure(record).map(|failure| failure.at)
}

/// How the last try failed.
pub(crate) fn failure(record: &Connection) -> Option<Failure> {
    Failure::deserialize(record.rest.get("retry")?).ok()
}

fn resent(record: &Connection) -> Option<&str> {
    record.rest.get(RESENT).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "aa";

    /// A connection whose access token died at 100, with the journal entry given.
    fn record(until: Option<i64>) -> Connection {
        let text = r#"{"provider":"n","flow":"pkce","status":"connected","expires_at":100,"renewable":true}"#;
        let mut record: Connection = serde_json::from_str(text).unwrap();
        record.renewal = until.map(|until| Renewal { until, token_sha256: TOKEN.into(), holder: None });
        record
    }

    fn due(record: &Connection, reuse: Reuse, now: i64) -> Decision {
        decide(record, TOKEN, &Why::Due, reuse, Writer::Unknown, now)
    }

    /// Decides like [`decide`] for an entry whose writer is gone.
    fn left(record: &Connection, reuse: Reuse, now: i64) -> Decision {
        decide(record, TOKEN, &Why::Due, reuse, Writer::Gone, now)
    }

    #[test]
    fn a_living_renewal_is_waited_for_whatever_the_provider_allows() {
        for reuse in [Reuse::Never, Reuse::Once, Reuse::Always, Reuse::Within(600)] {
            assert_eq!(due(&record(Some(225)), reuse, 200), Decision::WaitUntil(225));
            assert_eq!(due(&record(Some(225)), reuse, 225), Decision::WaitUntil(225));
        }
    }

    #[test]
    fn the_renewal_of_a_dead_process_is_not_waited_for() {
        assert_eq!(left(&record(Some(225)), Reuse::Once, 200), Decision::Send { again: true });
        assert_eq!(left(&record(Some(225)), Reuse::Always, 200), Decision::Send { again: true });
        assert_eq!(left(&record(Some(225)), Reuse::Within(60), 200), Decision::Send { again: true });
        assert_eq!(left(&record(Some(225)), Reuse::Never, 200), Decision::Invalidate);
    }

    #[test]
    fn a_token_whose_answer_was_lost_is_sent_once_more_and_never_a_third_time() {
        for reuse in [Reuse::Once, Reuse::Within(600)] {
            assert_eq!(due(&record(Some(225)), reuse, 226), Decision::Send { again: true });
            let mut twice = record(Some(225));
            begin(&mut twice, TOKEN, &Why::Due, true, None, 226);
            assert_eq!(left(&twice, reuse, 227), Decision::Invalidate);
            assert_eq!(due(&twice, reuse, 252), Decision::Invalidate);
            // A provider that was down meanwhile makes no new token of it.
            pause(&mut twice, Failure::default(), Some(300), 0, 260);
            assert_eq!(due(&twice, reuse, 310), Decision::Send { again: false });
            begin(&mut twice, TOKEN, &Why::Due, false, None, 310);
            assert_eq!(left(&twice, reuse, 311), Decision::Invalidate);
        }
        let mut fixed = record(Some(225));
        begin(&mut fixed, TOKEN, &Why::Due, true, None, 226);
        assert_eq!(due(&fixed, Reuse::Always, 252), Decision::Send { again: true }, "it does no harm there");
    }

    #[test]
    fn where_a_repeat_harms_other_grants_it_is_made_within_the_grace_alone() {
        assert_eq!(due(&record(Some(225)), Reuse::Never, 226), Decision::Invalidate);
        assert_eq!(due(&record(Some(225)), Reuse::Within(60), 226), Decision::Send { again: true });
        assert_eq!(due(&record(Some(225)), Reuse::Within(60), 261), Decision::Invalidate, "60 s after it was sent");
    }

    #[test]
    fn a_living_access_token_is_used_to_its_end_whatever_became_of_the_refresh_token() {
        let mut spent = record(Some(90));
        spent.obtained_at = 50;
        begin(&mut spent, TOKEN, &Why::Due, true, None, 70);
        assert_eq!(left(&spent, Reuse::Once, 99), Decision::Nothing);
        assert_eq!(left(&spent, Reuse::Once, 100), Decision::Invalidate);
        let rejected = Why::Rejected { same_token: true };
        assert_eq!(decide(&spent, TOKEN, &rejected, Reuse::Once, Writer::Gone, 99), Decision::Invalidate);
    }

    #[test]
    fn an_entry_of_a_clock_that_was_wrong_is_dead() {
        assert_eq!(due(&record(Some(9000)), Reuse::Never, 200), Decision::Invalidate);
        assert_eq!(due(&record(Some(9000)), Reuse::Once, 200), Decision::Send { again: true });
    }

    #[test]
    fn an_entry_about_another_refresh_token_says_nothing_of_this_one() {
        let other = |writer| decide(&record(Some(225)), "bb", &Why::Due, Reuse::Never, writer, 200);
        assert_eq!(other(Writer::Unknown), Decision::Send { again: false });
        assert_eq!(other(Writer::Gone), Decision::Send { again: false });
    }

    #[test]
    fn a_401_renews_once_a_minute_and_never_for_a_token_that_was_replaced() {
        let rejected = |same_token, record: &Connection, now| {
            decide(record, TOKEN, &Why::Rejected { same_token }, Reuse::Never, Writer::Unknown, now)
        };
        let mut alive = record(None);
        alive.expires_at = Some(10_000);
        assert_eq!(rejected(false, &alive, 200), Decision::Nothing);
        assert_eq!(rejected(true, &alive, 200), Decision::Send { again: false });
        begin(&mut alive, TOKEN, &Why::Rejected { same_token: true }, false, None, 200);
        end(&mut alive);
        assert_eq!(rejected(true, &alive, 259), Decision::TooSoon { retry_at: 260 });
        assert_eq!(rejected(true, &alive, 260), Decision::Send { again: false });
        assert_eq!(rejected(true, &alive, 100), Decision::Send { again: false }, "the clock was set back");
    }

    #[test]
    fn a_failed_renewal_pauses_everyone_longer_each_time() {
        let mut record = record(None);
        let mut now = 200;
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let down = Failure { why: "it is down".into(), ..Failure::default() };
            let at = pause(&mut record, down, None, 0, now);
            assert_eq!(due(&record, Reuse::Never, now), Decision::TooSoon { retry_at: at });
            assert_eq!(due(&record, Reuse::Never, at), Decision::Send { again: false });
            pauses.push(at - now);
            now = at;
        }
        assert_eq!(failure(&record).unwrap().why, "it is down");
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(
            pause(&mut record, Failure::default(), Some(now + 7), 0, now),
            now + 7,
            "the provider's own word counts"
        );
        end(&mut record);
        assert_eq!(retry_at(&record), None);
    }

    #[test]
    fn what_cannot_be_renewed_is_not() {
        let mut record = record(None);
        record.renewable = false;
        assert_eq!(due(&record, Reuse::Always, 200), Decision::NotRenewable);
        record.status = Status::Invalid;
        assert_eq!(due(&record, Reuse::Always, 200), Decision::Invalid);
    }
}
