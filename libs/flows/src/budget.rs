//! The time that a renewal may take in all.
//!
//! Its entry in the record dies 25 seconds after it was made; a request still under way then could
//! meet another's with the same refresh token. A request takes at most 20 seconds, so none is
//! begun after the first few.

use crate::Clock;
use ::http::{Request, Response};
use oauth::{Transport, TransportError};

/// Seconds from the start in which a request may begin.
const BEGIN_WITHIN: i64 = 3;

/// A transport that refuses to begin too late.
pub(crate) struct Budget<'a> {
    pub(crate) transport: &'a dyn Transport,
    pub(crate) clock: &'a dyn Clock,
    /// Unix seconds.
    pub(crate) began: i64,
}

impl Transport for Budget<'_> {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        if self.clock.now() > self.began + BEGIN_WITHIN {
            return Err(TransportError::NotSent("finding its endpoints took too long".to_owned()));
        }
        self.transport.send(request)
    }
}
