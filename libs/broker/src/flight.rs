//! One renewal per key at a time in this process; everyone else waits for that one.
//!
//! A renewal runs in its own thread: a caller that goes away does not stop the write.

use crate::vault::lock;
use proto::{Code, Error, Key, Result};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Flights {
    running: Mutex<HashMap<Key, Arc<Flight>>>,
    landed: Condvar,
}

#[derive(Default)]
pub(crate) struct Flight {
    result: Mutex<Option<Result<()>>>,
    done: Condvar,
}

impl Flights {
    /// Joins the renewal of `key` that is under way, or starts `renew`.
    pub fn start(self: &Arc<Self>, key: &Key, renew: impl FnOnce() -> Result<()> + Send + 'static) -> Arc<Flight> {
        let mut running = lock(&self.running);
        if let Some(flight) = running.get(key) {
            return flight.clone();
        }
        let flight = Arc::new(Flight::default());
        running.insert(key.clone(), flight.clone());
        let landing = Landing { flights: self.clone(), flight: flight.clone(), key: key.clone() };
        std::thread::spawn(move || {
            let result = renew();
            *lock(&landing.flight.result) = Some(result);
        });
        flight
    }

    /// Waits until no renewal is under way; false when `limit` passed first.
    pub fn wait_for_all(&self, limit: Duration) -> bool {
        let running = lock(&self.running);
        let waited = self.landed.wait_timeout_while(running, limit, |running| !running.is_empty());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_empty()
    }
}

impl Flight {
    pub fn wait(&self, limit: Duration) -> Result<()> {
        let result = lock(&self.result);
        let waited = self.done.wait_timeout_while(result, limit, |result| result.is_none());
        let (result, _) = waited.unwrap_or_else(PoisonError::into_inner);
        result.clone().unwrap_or_else(|| Err(Error::new(Code::Timeout, "the renewal of the token takes too long")))
    }
}

/// Lands also when the renewal panics, so that nobody waits for nothing.
struct Landing {
    flights: Arc<Flights>,
    flight: Arc<Flight>,
    key: Key,
}

impl Drop for Landing {
    fn drop(&mut self) {
        lock(&self.flight.result).get_or_insert_with(|| Err(Error::internal("the renewal ended without a result")));
        lock(&self.flights.running).remove(&self.key);
        self.flight.done.notify_all();
        self.flights.landed.notify_all();
    }
}
