//! Strangers: clients that have not shown the session's password yet. Another user of the machine may open connections
//! and send nothing. So there are few places, and the oldest stranger makes room for a new one. A client that shows the
//! password is no stranger any more.

use crate::limits::STRANGERS;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// All strangers of a proxy.
#[derive(Default)]
pub(crate) struct Strangers(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// The senders that tell a stranger to leave, in the order in which the strangers came.
    told: BTreeMap<u64, oneshot::Sender<()>>,
    next: u64,
}

/// The place of one client. Dropping it frees the place.
pub(crate) struct Stranger {
    number: u64,
    told: oneshot::Receiver<()>,
    all: Arc<Strangers>,
}

impl Strangers {
    /// Returns a place for a client that was just accepted. If none is free, the oldest stranger is told to leave.
    pub fn enter(self: &Arc<Strangers>) -> Stranger {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        waiting.told.insert(number, tell);
        if waiting.told.len() > STRANGERS
            && let Some((_, oldest)) = waiting.told.pop_first()
        {
            // That client may be leaving by itself.
            let _ = oldest.send(());
        }
        Stranger { number, told, all: self.clone() }
    }

    pub fn count(&self) -> usize {
        self.lock().told.len()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stranger {
    /// Returns `Ready` when the client has to leave.
    pub fn poll_told(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        std::pin::Pin::new(&mut self.told).poll(cx).map(|_| ())
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.all.lock().told.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    fn is_told(stranger: &mut Stranger) -> bool {
        stranger.poll_told(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn the_oldest_makes_room_and_a_place_is_free_again() {
        let all = Arc::new(Strangers::default());
        let mut present: Vec<Stranger> = (0..STRANGERS).map(|_| all.enter()).collect();
        assert!(!present.iter_mut().any(is_told));
        drop(present.remove(1));
        present.push(all.enter());
        assert!(!present.iter_mut().any(is_told));
        present.push(all.enter());
        assert!(is_told(&mut present[0]) && !present[1..].iter_mut().any(is_told));
        assert_eq!(all.count(), STRANGERS);
        drop(present);
        assert_eq!(all.count(), 0);
    }
}
