//! A door's mailbox. Sending never waits: what a slow door has not taken yet is joined, so that it
//! holds one pending text a run, however long the door sleeps. It knows nothing of what the events
//! mean beyond that neighbouring texts are one text and that a later count replaces an earlier one.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::Notify;

use crate::chat::RunId;
use crate::engine::event::RunEvent;
use crate::engine::event::RunEventKind;

/// A new mailbox: the end that is written to and the end that is read from.
#[must_use]
pub fn mailbox() -> (Outlet, Inlet) {
    let shared = Arc::new(Shared {
        waiting: Mutex::new(Waiting { open: true, outlets: 1, ..Waiting::default() }),
        arrived: Notify::new(),
    });
    (Outlet { shared: Arc::clone(&shared) }, Inlet { shared })
}

/// The end that is written to. Clones write to the same mailbox.
pub struct Outlet {
    shared: Arc<Shared>,
}

/// The end that is read from. When it is dropped, sending does nothing.
pub struct Inlet {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    events: Vec<RunEvent>,
    /// One row for each run that has an event waiting; there are few.
    marks: Vec<Mark>,
    open: bool,
    outlets: usize,
}

/// Where in the waiting events a run's last event and its last count stand.
struct Mark {
    run: RunId,
    last: usize,
    usage: Option<usize>,
}

impl Outlet {
    /// Adds an event. Never blocks.
    pub fn send(&self, event: RunEvent) {
        let mut waiting = self.shared.lock();
        if !waiting.open {
            return;
        }
        let was_empty = waiting.events.is_empty();
        waiting.add(event);
        drop(waiting);
        if was_empty {
            self.shared.arrived.notify_one();
        }
    }
}

impl Clone for Outlet {
    fn clone(&self) -> Self {
        self.shared.lock().outlets += 1;
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut waiting = self.shared.lock();
        waiting.outlets -= 1;
        if waiting.outlets == 0 {
            self.shared.arrived.notify_one();
        }
    }
}

impl Inlet {
    /// Waits until there is something, then adds all of it to `into` and says how many that were.
    /// `None` when nothing is left and every outlet is gone. May be dropped while it waits; nothing
    /// is lost.
    pub async fn recv_many(&mut self, into: &mut Vec<RunEvent>) -> Option<usize> {
        loop {
            let count = self.try_recv_many(into);
            if count > 0 {
                return Some(count);
            }
            if self.shared.lock().outlets == 0 {
                // An event may have come between the two looks.
                let count = self.try_recv_many(into);
                return (count > 0).then_some(count);
            }
            self.shared.arrived.notified().await;
        }
    }

    /// Adds what is there to `into` and says how many events that were, possibly none.
    pub fn try_recv_many(&mut self, into: &mut Vec<RunEvent>) -> usize {
        let mut waiting = self.shared.lock();
        waiting.marks.clear();
        let count = waiting.events.len();
        if into.is_empty() {
            // The two buffers change places, so that neither is allocated anew.
            std::mem::swap(into, &mut waiting.events);
        } else {
            into.append(&mut waiting.events);
        }
        count
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        let mut waiting = self.shared.lock();
        waiting.open = false;
        waiting.events = Vec::new();
        waiting.marks = Vec::new();
    }
}

impl Shared {
    /// Nothing in here panics while it holds the lock, so that a poisoned lock is still whole.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn add(&mut self, event: RunEvent) {
        let next = self.events.len();
        let is_usage = matches!(event.kind, RunEventKind::Usage(_));
        let Some(mark) = self.marks.iter_mut().find(|mark| mark.run == event.run) else {
            self.marks.push(Mark { run: event.run, last: next, usage: is_usage.then_some(next) });
            self.events.push(event);
            return;
        };
        if is_usage {
            // Counts are cumulative: the last one wins, wherever it stands.
            if let Some(earlier) = mark.usage.and_then(|at| self.events.get_mut(at)) {
                *earlier = event;
                return;
            }
            mark.usage = Some(next);
        } else if let Some(last) = self.events.get_mut(mark.last)
            && last.kind.join(&event.kind)
        {
            return;
        }
        mark.last = next;
        self.events.push(event);
    }
}

#[cfg(test)]
#[path = "outlet_tests.rs"]
mod tests;
