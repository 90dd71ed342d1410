//! Several state machines polled by one task. When one of them wakes another, which is polled right
//! after it anyway, the task need not go through the scheduler for that.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

pub(crate) struct Inline {
    shared: Arc<Shared>,
    waker: Waker,
}

#[derive(Default)]
struct Shared {
    polling: AtomicBool,
    woken: AtomicBool,
    task: Mutex<Option<Waker>>,
}

/// One round to hand something over and one to take it, and one more for an answer.
const ROUNDS: usize = 3;

impl Default for Inline {
    fn default() -> Inline {
        let shared: Arc<Shared> = Arc::default();
        Inline { waker: shared.clone().into(), shared }
    }
}

impl Inline {
    /// Polls until `step` is ready or rests without having been woken. After a few rounds the
    /// scheduler gets its turn: it may be its budget that `step` is waiting for.
    pub fn poll<T>(&self, cx: &mut Context<'_>, mut step: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.shared.remember(cx.waker());
        let mut inner = Context::from_waker(&self.waker);
        for _ in 0..ROUNDS {
            self.shared.woken.store(false, Ordering::SeqCst);
            self.shared.polling.store(true, Ordering::SeqCst);
            let polled = step(&mut inner);
            self.shared.polling.store(false, Ordering::SeqCst);
            if polled.is_ready() || !self.shared.woken.load(Ordering::SeqCst) {
                return polled;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Shared {
    fn remember(&self, task: &Waker) {
        let mut known = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.as_ref().is_some_and(|known| known.will_wake(task)) {
            *known = Some(task.clone());
        }
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        if self.polling.load(Ordering::SeqCst) {
            return;
        }
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}
