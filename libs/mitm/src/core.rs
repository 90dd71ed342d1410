//! What all connections of a proxy share, and what belongs to one of them.

use crate::download::Download;
use crate::password::Password;
use crate::placeholder::Placeholders;
use crate::stream::Io;
use crate::tls::Http;
use crate::turn::Turn;
use crate::upstream::{Key, Upstreams};
use crate::{Policy, Refusal, SessionCa};
use http::Response;
use hyper::upgrade::{OnUpgrade, Upgraded};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct Core {
    pub policy: Arc<dyn Policy>,
    pub ca: Arc<SessionCa>,
    pub password: Password,
    pub placeholders: Placeholders,
    pub upstreams: Arc<Upstreams>,
}

impl Core {
    pub fn refuse(&self, key: Option<&Key>, refusal: &Refusal) -> Response<Download> {
        self.policy.refused(key.map(|key| &key.authority), refusal);
        refusal.response().map(Download::own)
    }
}

/// A client connection towards one authority.
pub(crate) struct Link {
    pub key: Key,
    pub http: Http,
    /// Answers every request.
    pub misdirected: Option<Refusal>,
    /// Answers the first request: the upstream was tried when the connection was opened, in vain.
    pub unreachable: Mutex<Option<Refusal>>,
    pub next: Next,
}

impl Link {
    pub fn refusal(&self) -> Option<Refusal> {
        let unreachable = || self.unreachable.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.misdirected.clone().or_else(unreachable)
    }

    pub fn hand_off(&self, handoff: Handoff) {
        self.next.set(handoff);
    }
}

/// What becomes of a client connection when it stops being HTTP.
pub(crate) enum Handoff {
    Tunnel { client: OnUpgrade, upstream: Io },
    Intercept { client: OnUpgrade, key: Key },
    Relay { client: OnUpgrade, upstream: Upgraded },
}

/// Set by a request, taken when the connection is free.
#[derive(Clone)]
pub(crate) struct Next {
    turn: Turn,
    handoff: Arc<Mutex<Option<Handoff>>>,
}

impl Next {
    pub fn new(turn: Turn) -> Next {
        Next { turn, handoff: Arc::default() }
    }

    pub fn set(&self, handoff: Handoff) {
        *self.handoff.lock().unwrap_or_else(PoisonError::into_inner) = Some(handoff);
        // No byte after this request is one of HTTP.
        self.turn.release();
    }

    pub fn take(&self) -> Option<Handoff> {
        self.handoff.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
