//! How a request to a provider fails.

use crate::{Reason, TransportError};
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
    /// A whole 429 or 503: nothing was done, try later.
    #[error("the provider is busy (status {status})")]
    Throttled { status: u16, retry_after: Option<RetryAfter> },
    /// The request did not leave.
    #[error("{0}")]
    NotSent(String),
    /// The request left and no whole answer came.
    #[error("{0}")]
    Lost(String),
    /// The provider's settings do not allow this request.
    #[error("{0}")]
    Settings(String),
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

    /// Nothing of what was asked for is there: a 4xx, or a page for people.
    pub fn is_missing(&self) -> bool {
        matches!(self, Error::Unexpected { status: 400..500, .. } | Error::Rejected { .. })
            || matches!(self, Error::Unexpected { status: 200..300, found: PAGE, .. })
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
