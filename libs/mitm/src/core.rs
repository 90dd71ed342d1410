//! What all connections of a proxy share, and what belongs to one of them.

use crate::password::Password;
use crate::placeholder::Placeholders;
use crate::tls::Http;
use crate::upstream::{Key, Upstreams};
use crate::{Policy, Refusal, SessionCa};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct Core {
    pub policy: Arc<dyn Policy>,
    pub ca: Arc<SessionCa>,
    pub password: Password,
    pub placeholders: Arc<Placeholders>,
    pub upstreams: Upstreams,
}

/// A client connection towards one authority.
pub(crate) struct Link {
    pub key: Key,
    pub http: Http,
    /// Answers every request.
    pub misdirected: Option<Refusal>,
    /// Answers the first request: the upstream was tried when the connection was opened, in vain.
    pub unreachable: Mutex<Option<Refusal>>,
}

impl Link {
    pub fn new(key: Key, http: Http) -> Link {
        Link { key, http, misdirected: None, unreachable: Mutex::default() }
    }

    pub fn refusal(&self) -> Option<Refusal> {
        let unreachable = || self.unreachable.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.misdirected.clone().or_else(unreachable)
    }
}
