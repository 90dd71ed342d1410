//! The error of a failed renewal, for people and for the record.

use crate::journal::{self, Failure};
use crate::world::login_command;
use proto::record::Connection;
use proto::{Code, Error, Key, Outcome};

/// Returns the failure as the record keeps it: of the provider's words only the error word. Records are readable
/// without a secret, and free text may quote what was sent.
pub(super) fn storable(key: &Key, error: &Error) -> Failure {
    let why = match &error.error {
        Some(word) => format!("{} rejected the renewal ({word})", key.provider),
        None => error.message.clone(),
    };
    Failure { why, outcome: error.outcome, hint: error.hint.clone(), ..Failure::default() }
}

/// Returns a flow's error with the command that mends this connection.
pub(super) fn for_people(key: &Key, mut error: Error) -> Error {
    error.code = Code::RefreshFailed;
    if error.hint.is_none() {
        let flags = if error.outcome == Some(Outcome::FixConfig) { " --force --reset-client" } else { " --force" };
        error.hint = match error.outcome {
            Some(Outcome::Reauthorize | Outcome::FixConfig) => Some(login_command(key, flags)),
            _ => None,
        };
    }
    error.about(key)
}

/// Returns the error of the last try until the time of the next one has come.
pub(super) fn too_soon(key: &Key, record: &Connection, retry_at: i64) -> Error {
    let failure = journal::failure(record).unwrap_or_else(|| Failure {
        why: "the token was rejected and renewed a moment ago".to_owned(),
        ..Failure::default()
    });
    if failure.outcome == Some(Outcome::FixConfig) {
        let error = Error::new(Code::RefreshFailed, failure.why).outcome(Outcome::FixConfig);
        return Error { hint: failure.hint, ..error };
    }
    let why = failure.why;
    Error::new(Code::RefreshFailed, format!("not renewing the connection {} of {} yet: {why}", key.slot, key.provider))
        .outcome(Outcome::RetryAt)
        .retry_at(retry_at)
        .hint("try again in a moment")
}

pub(super) fn busy(key: &Key) -> Error {
    Error::new(Code::Locked, format!("another process is renewing the connection {} of {}", key.slot, key.provider))
        .outcome(Outcome::RetryAt)
        .hint("try again in a moment")
}
