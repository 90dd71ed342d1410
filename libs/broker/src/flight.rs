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
        drop(running);
        let mut landing = Landing { flights: self.clone(), flight: flight.clone(), key: key.clone(), result: None };
        // Without a thread it lands at once, with nothing: that is an error to everyone who waits.
        let _ = std::thread::Builder::new().spawn(move || {
            landing.result = Some(renew());
            drop(landing);
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
        result.clone().unwrap_or_else(|| {
            Err(Error::new(Code::Timeout, "the renewal of the token takes too long").hint("try again in a moment"))
        })
    }
}

/// Lands also when the renewal panics, so that nobody waits for nothing.
struct Landing {
    flights: Arc<Flights>,
    flight: Arc<Flight>,
    key: Key,
    result: Option<Result<()>>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let nothing = || Err(Error::internal("the renewal ended without a result"));
        {
            // Nobody joins a renewal whose result is out: what it tells is of the past.
            let mut running = lock(&self.flights.running);
            running.remove(&self.key);
            *lock(&self.flight.result) = Some(self.result.take().unwrap_or_else(nothing));
        }
        self.flight.done.notify_all();
        self.flights.landed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const LONG: Duration = Duration::from_secs(10);

    #[test]
    fn callers_join_the_one_under_way_and_never_one_that_is_over() {
        let (flights, count) = (Arc::<Flights>::default(), Arc::<AtomicUsize>::default());
        let key: Key = "default/n/work".parse().unwrap();
        for _ in 0..2000 {
            let before = count.load(Ordering::SeqCst);
            let counting = count.clone();
            let renew = move || {
                counting.fetch_add(1, Ordering::SeqCst);
                Ok(())
            };
            flights.start(&key, renew).wait(LONG).unwrap();
            assert_eq!(count.load(Ordering::SeqCst), before + 1);
        }
    }

    #[test]
    fn a_renewal_that_panics_lets_everyone_go() {
        let flights = Arc::<Flights>::default();
        let flight = flights.start(&"default/n/work".parse().unwrap(), || std::panic::resume_unwind(Box::new(())));
        assert!(flight.wait(LONG).is_err());
        assert!(flights.wait_for_all(LONG));
    }
}
