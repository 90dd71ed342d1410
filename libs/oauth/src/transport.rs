//! The seam to the network. What matters of a failure is whether the provider may have acted.

/// Sends one request and reads the whole answer.
///
/// It follows no redirect, keeps no cookie, and may stop reading after
/// [`MAX_ANSWER`](crate::MAX_ANSWER) bytes and one more. An answer whose head came is given back, with as much
/// of its body as there is; when the body's end did not come, [`Unfinished`] is among the response's extensions.
pub trait Transport {
    fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError>;
}

/// The reason why a request failed on the network, for people. It names the host, but no secret and no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Cause {
    pub text: String,
    /// What mends it.
    pub hint: Option<String>,
}

impl<T: Into<String>> From<T> for Cause {
    fn from(text: T) -> Cause {
        Cause { text: text.into(), hint: None }
    }
}

/// The reason why the end of an answer's body did not come: the connection broke or the time was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished(pub String);

/// Why there is no answer. The texts name no secret and no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The request did not leave: no address, refused, no TLS. It may be sent again.
    #[error("{0}")]
    NotSent(Cause),
    /// The request left and no answer came: a timeout, a reset.
    #[error("{0}")]
    Lost(Cause),
}
