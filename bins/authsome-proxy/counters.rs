//! How much of what a session did, for those who watch a proxy.

use mitm::Verdict;
use proto::ops::proxy::Counted;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// As [`Counted`], while it is being counted.
#[derive(Default)]
pub struct Counters {
    tunnelled: AtomicU64,
    intercepted: AtomicU64,
    injected: AtomicU64,
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

    pub fn counted(&self) -> Counted {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            tunnelled: count(&self.tunnelled),
            intercepted: count(&self.intercepted),
            injected: count(&self.injected),
            refused: self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
