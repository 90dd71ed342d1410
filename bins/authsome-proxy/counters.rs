//! How much of what a session did, for those who watch a proxy.

use mitm::Verdict;
use proto::Object;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Since the session's start.
#[derive(Default)]
pub struct Counters {
    /// Hosts asked for and carried untouched.
    tunnelled: AtomicU64,
    /// Hosts asked for and opened.
    intercepted: AtomicU64,
    /// Requests that left with a credential and were answered.
    injected: AtomicU64,
    /// By the code of the refusal.
    refused: Mutex<BTreeMap<String, u64>>,
}

impl Counters {
    pub fn verdict(&self, verdict: &Verdict) {
        match verdict {
            Verdict::Tunnel { .. } => self.tunnelled.fetch_add(1, Ordering::Relaxed),
            Verdict::Intercept { .. } => self.intercepted.fetch_add(1, Ordering::Relaxed),
            // Counted as every other refusal is.
            Verdict::Refuse(_) => 0,
        };
    }

    pub fn injected(&self) {
        self.injected.fetch_add(1, Ordering::Relaxed);
    }

    pub fn refused(&self, code: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(code.to_owned()).or_default() += 1;
    }

    /// `{"tunnelled","intercepted","injected","refused":{CODE: n}}`.
    pub fn document(&self) -> Object {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed).into();
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = refused.iter().map(|(code, count)| (code.clone(), (*count).into())).collect();
        Object::from_iter([
            ("tunnelled".to_owned(), count(&self.tunnelled)),
            ("intercepted".to_owned(), count(&self.intercepted)),
            ("injected".to_owned(), count(&self.injected)),
            ("refused".to_owned(), serde_json::Value::Object(refused)),
        ])
    }
}
