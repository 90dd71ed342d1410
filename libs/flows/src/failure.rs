//! What a failed request means: to the person at login, and to the renewal that must not lose or
//! spend a token twice.

use crate::task::Task;
use oauth::{Error as Failure, Reason, RetryAfter};
use proto::redact::shown;
use proto::{Code, Error, Outcome};
use std::time::UNIX_EPOCH;

/// The longest wait that a provider is believed to need, in seconds.
const LONGEST: i64 = 3600;

/// A failure while a person waits. `what` continues "<name> rejected …".
pub(crate) fn login(task: &Task, what: &str, failure: &Failure) -> Error {
    let name = task.name();
    let (code, hint) = match failure {
        Failure::Rejected { .. } => rejected(task, failure.reason().unwrap_or(Reason::Other)),
        Failure::Settings(why) => return task.broken(why),
        Failure::Unexpected { status: 400..500, .. } => {
            (Code::Unavailable, Some(format!("authsome inspect {name} shows the address that was asked")))
        }
        Failure::NotSent(cause) | Failure::Lost(cause) => (Code::Unavailable, cause.hint.clone()),
        Failure::NowhereFound { .. } if failure.is_passing() => {
            (Code::Unavailable, Some(format!("try again: authsome login {name}")))
        }
        Failure::NowhereFound { .. } => (
            Code::Unavailable,
            Some(format!("authsome inspect {name} shows the definition, which can name the endpoints itself")),
        ),
        _ => (Code::Unavailable, None),
    };
    let error = failed(code, &name, what, failure);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn rejected(task: &Task, reason: Reason) -> (Code, Option<String>) {
    let name = task.name();
    match reason {
        Reason::InvalidClient => {
            (Code::Denied, Some(format!("check the client ID and secret: authsome login {name} --reset-client")))
        }
        Reason::RedirectMismatch => {
            let place = task.definition.dashboard_url.as_deref().unwrap_or("the settings of the OAuth app");
            (Code::Denied, Some(format!("register the redirect URI at {place}")))
        }
        Reason::InvalidScope => (Code::Denied, Some(format!("ask for other scopes: authsome login {name} --scopes …"))),
        Reason::ExpiredToken => (Code::Timeout, Some(format!("authsome login {name}"))),
        Reason::Temporary => (Code::Unavailable, None),
        Reason::InvalidGrant | Reason::AccessDenied => (Code::Denied, Some(format!("authsome login {name} --force"))),
        _ => (Code::Denied, None),
    }
}

/// A failure of a renewal. `registered`: the client was made by dynamic registration.
pub(crate) fn refresh(task: &Task, registered: bool, failure: &Failure) -> Error {
    renewal(task, "the refresh token", registered, failure)
}

/// A failure of a renewal that spends nothing: what is lost may be asked for again.
pub(crate) fn repeatable(task: &Task, failure: &Failure) -> Error {
    let error = renewal(task, "the request for a new token", false, failure);
    if error.outcome != Some(Outcome::Lost) {
        return error;
    }
    Error { hint: None, ..error }.outcome(Outcome::RetryAt)
}

/// A failure before the refresh token was sent: whatever it was, the token is as it was.
pub(crate) fn unsent(task: &Task, failure: &Failure) -> Error {
    let name = task.name();
    let error = failed(Code::RefreshFailed, &name, "the question for its endpoints", failure);
    match failure.is_passing() {
        true => passing(task, error, failure),
        false => error.outcome(Outcome::FixConfig).hint(format!("authsome inspect {name}")),
    }
}

fn renewal(task: &Task, what: &str, registered: bool, failure: &Failure) -> Error {
    let name = task.name();
    let wrong_client = failure.reason() == Some(Reason::InvalidClient);
    let what = if wrong_client { "the OAuth client" } else { what };
    let error = failed(Code::RefreshFailed, &name, what, failure);
    let again = format!("authsome login {name} --force");
    match outcome(failure, registered) {
        Outcome::Reauthorize => error.outcome(Outcome::Reauthorize).hint(again),
        Outcome::FixConfig if wrong_client => error
            .outcome(Outcome::FixConfig)
            .hint(format!("check the client ID and secret: authsome login {name} --reset-client")),
        Outcome::FixConfig => error.outcome(Outcome::FixConfig).hint(again),
        Outcome::RetryAt => passing(task, error, failure),
        Outcome::Lost => error.outcome(Outcome::Lost).hint(again),
    }
}

/// Returns the error for a failure that may pass, with the hint of the network's error if it has one.
fn passing(task: &Task, error: Error, failure: &Failure) -> Error {
    let hint = match failure {
        Failure::NotSent(cause) => cause.hint.clone(),
        _ => None,
    };
    Error { retry_at: retry_at(failure, task.now()), hint, ..error.outcome(Outcome::RetryAt) }
}

fn outcome(failure: &Failure, registered: bool) -> Outcome {
    match failure {
        Failure::NotSent(_) | Failure::Throttled { .. } => Outcome::RetryAt,
        // Its next answer tells what became of the token; to wait for that logs nobody out.
        Failure::Unexpected { status: 500.., .. } => Outcome::RetryAt,
        Failure::Lost(_) => Outcome::Lost,
        // A new token may have come in a form that is not understood.
        Failure::Unexpected { status: 200..300, .. } => Outcome::Lost,
        Failure::Unexpected { .. } | Failure::NowhereFound { .. } | Failure::Settings(_) => Outcome::FixConfig,
        Failure::Rejected { .. } => match failure.reason() {
            Some(Reason::InvalidGrant | Reason::ExpiredToken | Reason::AccessDenied) => Outcome::Reauthorize,
            Some(Reason::InvalidClient) if registered => Outcome::Reauthorize,
            Some(Reason::Temporary | Reason::SlowDown) => Outcome::RetryAt,
            _ => Outcome::FixConfig,
        },
    }
}

/// The provider's own word; without one the wait is the caller's to choose.
fn retry_at(failure: &Failure, now: i64) -> Option<i64> {
    let Failure::Throttled { retry_after: Some(told), .. } = failure else { return None };
    let wait = match told {
        RetryAfter::In(time) => i64::try_from(time.as_secs()).unwrap_or(LONGEST),
        RetryAfter::At(time) => {
            let at = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            i64::try_from(at).unwrap_or(LONGEST).saturating_sub(now)
        }
    };
    Some(now + wait.clamp(1, LONGEST))
}

fn failed(code: Code, name: &str, what: &str, failure: &Failure) -> Error {
    let word = match failure {
        Failure::Rejected { error, .. } => Some(shown(error)),
        _ => None,
    };
    Error { error: word, ..Error::new(code, text(name, what, failure)) }
}

fn text(name: &str, what: &str, failure: &Failure) -> String {
    match failure {
        Failure::Rejected { error, description, .. } => {
            let told = description.as_deref().map(|text| format!(": {}", shown(text))).unwrap_or_default();
            format!("{name} rejected {what} ({}){told}", shown(error))
        }
        Failure::NotSent(why) => format!("cannot reach {name}: {}", shown(&why.text)),
        Failure::Lost(why) => format!("no whole answer from {name}: {}", shown(&why.text)),
        Failure::NowhereFound { expected, tried } => {
            let places: Vec<String> =
                tried.iter().map(|tried| format!("{}: {}", shown(&tried.place), said(&tried.said))).collect();
            format!("{name} has no usable {expected} at any of its places ({})", places.join("; "))
        }
        other => format!("{name} gave no usable answer: {other}"),
    }
}

/// Returns in a few words how one well-known place answered.
fn said(failure: &Failure) -> String {
    match failure {
        Failure::Rejected { status, error, .. } => format!("status {status}, {}", shown(error)),
        Failure::Unexpected { status, found, .. } => format!("status {status}, {found}"),
        Failure::Throttled { status, .. } => format!("status {status}, it is busy"),
        Failure::NotSent(why) | Failure::Lost(why) => shown(&why.text),
        other => shown(&other.to_string()),
    }
}

/// A renewal that no answer of the provider could bring about.
pub(crate) fn nothing_to_renew(task: &Task, why: &str) -> Error {
    let name = task.name();
    Error::new(Code::RefreshFailed, format!("cannot renew the connection to {name}: {why}"))
        .outcome(Outcome::Reauthorize)
        .hint(format!("authsome login {name} --force"))
}

/// The same fault, as the outcome of a renewal.
pub(crate) fn in_definition(error: Error) -> Error {
    Error { code: Code::RefreshFailed, ..error }.outcome(Outcome::FixConfig)
}
