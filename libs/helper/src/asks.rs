//! The other half of an ask: who answers it.

use proto::{Code, Error, Object};

/// What answers a helper's asks. The person is behind this, or nobody.
pub trait Asks {
    /// `alive` turns false when the helper is gone and nobody waits for the answer any more.
    fn ask(&mut self, kind: &str, body: Object, alive: &dyn Fn() -> bool) -> proto::Result<Object>;
    fn note(&mut self, text: &str);
}

/// For ops that never ask: every ask is answered `unsupported`.
pub struct NoAsks;

impl Asks for NoAsks {
    fn ask(&mut self, kind: &str, _: Object, _: &dyn Fn() -> bool) -> proto::Result<Object> {
        Err(Error::new(Code::Unsupported, format!("nobody answers the ask {:?} here", proto::redact::shown(kind))))
    }

    fn note(&mut self, _: &str) {}
}
