//! How a request to a provider fails.

use crate::{Cause, Reason, TransportError};
use std::time::{Duration, SystemTime};

/// Why there is no token. No text in it holds a secret that was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A whole answer that says no (RFC 6749 §5.2), whatever its status.
    #[error("the provider answered {error}")]
    Rejected {
        status: u16,
        /// Printable ASCII, as RFC 6749 §5.2 has it; `unnamed_error` when it was not.
        error: String,
        /// Foreign text: make it fit for where it is shown.
        description: Option<String>,
    },
    /// A whole answer that is not what the standard says.
    #[error("expected {expected}, got {found} (status {status}{})", .content_type.as_ref().map(|t| format!(", {t}")).unwrap_or_default())]
    Unexpected {
        status: u16,
        /// Without parameters.
        content_type: Option<String>,
        expected: &'static str,
        found: &'static str,
    },
    /// There is no usable metadata at any of its places.
    #[error("no usable {expected} at {}", .tried.iter().map(|tried| tried.place.as_str()).collect::<Vec<_>>().join(", "))]
    NowhereFound { expected: &'static str, tried: Vec<Tried> },
    /// A whole 429 or 503: nothing was done, try later.
    #[error("the provider is busy (status {status})")]
    Throttled { status: u16, retry_after: Option<RetryAfter> },
    /// The request did not leave.
    #[error("{0}")]
    NotSent(Cause),
    /// The request left and no whole answer came.
    #[error("{0}")]
    Lost(Cause),
    /// The provider's settings do not allow this request.
    #[error("{0}")]
    Settings(String),
}

/// One place where metadata was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The address of the place. It is foreign text if metadata named it.
    pub place: String,
    pub said: Error,
}

/// What an answer is that is meant for people.
pub(crate) const PAGE: &str = "HTML";

/// `Retry-After` (RFC 9110 §10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    In(Duration),
    At(SystemTime),
}

impl Error {
    /// What a rejection means, if this is one.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Error::Rejected { error, .. } => Some(Reason::of(error)),
            _ => None,
        }
    }

    /// Returns whether the failure may be over when the request is repeated: it is the network's, or that of a server
    /// that fails or is busy.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::NotSent(_) | Error::Lost(_) | Error::Throttled { .. } => true,
            Error::Unexpected { status, .. } => *status >= 500,
            Error::NowhereFound { tried, .. } => tried.iter().any(|tried| tried.said.is_passing()),
            Error::Rejected { .. } | Error::Settings(_) => false,
        }
    }

    /// Returns the error for an answer with a good status and other content than expected.
    pub(crate) fn unexpected(status: u16, expected: &'static str, found: &'static str) -> Error {
        Error::Unexpected { status, content_type: None, expected, found }
    }

    pub(crate) fn missing(endpoint: &str) -> Error {
        Error::Settings(format!("the definition has no {endpoint}"))
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Error {
        match error {
            TransportError::NotSent(why) => Error::NotSent(why),
            TransportError::Lost(why) => Error::Lost(why),
        }
    }
}
