//! The few places for connections that have not sent a request yet.
//!
//! A silent connection costs its sender nothing. So there are few places, the oldest connection makes room for a
//! new one, and a silent connection is closed soon.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::AbortHandle;

/// The number of places. A browser opens some connections before it needs them.
const PLACES: usize = 32;

/// The waiting connections, the oldest first.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    tasks: VecDeque<(u64, AbortHandle)>,
    next: u64,
}

impl Waiting {
    /// Returns a number for a new connection.
    pub fn number(&self) -> u64 {
        let mut queue = self.queue();
        queue.next += 1;
        queue.next
    }

    /// Gives a place to the connection `number`, which `task` serves. When no place is free, it ends the oldest
    /// connection.
    pub fn enter(&self, number: u64, task: AbortHandle) {
        let mut queue = self.queue();
        queue.tasks.push_back((number, task));
        if queue.tasks.len() > PLACES
            && let Some((_, oldest)) = queue.tasks.pop_front()
        {
            oldest.abort();
        }
    }

    /// Frees the place of a connection that has sent a request or has ended.
    pub fn leave(&self, number: u64) {
        self.queue().tasks.retain(|(waiting, _)| *waiting != number);
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
