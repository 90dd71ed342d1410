//! The time that a renewal may take in all.
//!
//! Its entry in the record dies 25 seconds after it was made; a request still under way then could
//! meet another's with the same refresh token. And its host waits for 20: an answer that is given
//! up before says what was wrong, where a host could only say that the flow was late.
//!
//! Nothing is sent for a host that is gone: it could not store the answer, and another host may already renew.

use crate::Asks;
use crate::Clock;
use crate::http::Within;
use ::http::{Request, Response};
use oauth::{Transport, TransportError};
use std::time::Duration;

/// Seconds from the start in which a request may begin.
const BEGIN_WITHIN: i64 = 3;

/// Seconds from the start in which every answer must have come, whole.
const END_WITHIN: i64 = 17;

/// The seconds for a request that the login can do without.
const BRIEF: u64 = 5;

/// A transport for such requests. It does not wait for a server that keeps a stream open.
pub(crate) struct Brief<'a>(pub(crate) &'a dyn Transport);

impl Transport for Brief<'_> {
    fn send(&self, mut request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        request.extensions_mut().insert(Within(Duration::from_secs(BRIEF)));
        self.0.send(request)
    }
}

/// A transport that begins no request too late or for a host that is gone, and waits for none too long.
pub(crate) struct Budget<'a> {
    pub(crate) transport: &'a dyn Transport,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) asks: &'a dyn Asks,
    /// Unix seconds.
    pub(crate) began: i64,
}

impl Transport for Budget<'_> {
    fn send(&self, mut request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        if self.asks.cancelled() {
            return Err(TransportError::NotSent("the program that asked for it is gone".into()));
        }
        let spent = self.clock.now().saturating_sub(self.began).max(0);
        if spent > BEGIN_WITHIN {
            return Err(TransportError::NotSent("finding its endpoints took too long".into()));
        }
        let left = u64::try_from(END_WITHIN - spent).unwrap_or_default();
        request.extensions_mut().insert(Within(Duration::from_secs(left)));
        self.transport.send(request)
    }
}
