//! Whose turn it is on a client connection: shared by the [`crate::guard::Guard`], which reads
//! requests, and the service, which answers them. hyper stands between the two and does not tell.

use crate::head::Fault;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

#[derive(Clone, Default)]
pub(crate) struct Turn(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: AtomicU8,
    fault: Mutex<Option<Fault>>,
    reader: Mutex<Option<Waker>>,
}

const RESTING: u8 = 0;
const ANSWERING: u8 = 1;
const RELEASED: u8 = 2;

impl Turn {
    /// The guard handed over a head.
    pub fn begin(&self) {
        self.0.state.store(ANSWERING, Ordering::Release);
    }

    /// The guard handed over the stand-in for a head that it refused.
    pub fn refuse(&self, fault: Fault) {
        *self.0.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        self.begin();
    }

    /// Why the head of the request at hand is a stand-in. Asked once per request.
    pub fn fault(&self) -> Option<Fault> {
        self.0.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the response is out; if not, the reader is woken then.
    pub fn ended(&self, cx: &Context<'_>) -> bool {
        let answering = || self.0.state.load(Ordering::Acquire) == ANSWERING;
        if !answering() {
            return true;
        }
        *self.0.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        // The response may have ended in between.
        !answering()
    }

    /// The bytes that follow are not HTTP.
    pub fn release(&self) {
        self.set(RELEASED);
    }

    pub fn released(&self) -> bool {
        self.0.state.load(Ordering::Acquire) == RELEASED
    }

    fn end(&self) {
        if !self.released() {
            self.set(RESTING);
        }
    }

    fn set(&self, state: u8) {
        self.0.state.store(state, Ordering::Release);
        if let Some(waker) = self.0.reader.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }
}

/// Held by a response until its last byte was handed to hyper.
pub(crate) struct Answer(Turn);

impl Answer {
    pub fn new(turn: &Turn) -> Answer {
        Answer(turn.clone())
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.0.end();
    }
}
