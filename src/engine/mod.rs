//! One prompt → N runs → events. The engine asks several models at once, writes everything down
//! before it tells it, bills every attempt, and knows nothing of who listens.

mod event;
pub use event::{Outcome, RunEvent, RunEventKind, SaveState};

use std::sync::Arc;
use crate::chat::*;
use crate::price::PriceBook;
use crate::provider::Providers;
use crate::store::{Budgets, RoomHead, Store};

/// What the engine is built from.
pub struct Deps {
    pub providers: Providers,
    pub prices: PriceBook,
    pub store: Store,
    pub budgets: Budgets,
    pub zone: jiff::tz::TimeZone,
    pub door: Door,
    pub who: String,
    pub tag: Option<String>,
}

/// One reply that is asked for, with the ids that the door minted.
#[derive(Clone, Debug)]
pub struct Ask { pub run: RunId, pub reply: ReplyId, pub sibling: u32, pub seat: Seat, pub messages: Vec<Message> }

/// What the engine is asked to do.
#[derive(Clone, Debug)]
pub enum Job {
    /// A new turn of a room, to one or more seats.
    Turn { room: RoomHead, turn: TurnId, parent: Option<TurnId>, prompt: String, asks: Vec<Ask> },
    /// One seat again in a turn that exists: a sibling reply.
    Again { room: RoomHead, turn: TurnId, ask: Ask },
}

/// A handle; clones share the engine.
#[derive(Clone)]
pub struct Engine { inner: Arc<()> }

impl Engine {
    /// Must be called inside the tokio runtime.
    pub fn new(deps: Deps) -> Self { let _ = deps; todo!() }
    /// Returns at once; everything that happens comes as events to `outlet`. A job that cannot start
    /// (budget, read-only room, store failure) ends each of its runs with `Finished`.
    pub fn submit(&self, job: Job, outlet: crate::engine::Outlet) { let _ = (job, outlet); todo!() }
    /// Stops a run: its socket is closed, its text kept, its charge settled as far as known.
    pub fn cancel(&self, run: RunId) { let _ = run; todo!() }
    pub fn cancel_all(&self) { todo!() }
    /// Estimated tokens and worst case of a request, for the composer. Pure.
    pub fn estimate(&self, seat: &Seat, messages: &[Message]) -> Estimate { let _ = (seat, messages); todo!() }
    /// Stops all runs, waits until they are written down (at most `within`).
    pub async fn shutdown(&self, within: std::time::Duration) { let _ = within; todo!() }
}

/// What a request is likely to take and to cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate { pub input_tokens: u64, pub expected: Option<Pico>, pub at_most: Option<Pico> }

/// A door's mailbox for run events: never blocks the engine; texts of one run that wait are joined, so that a slow door holds one pending text a run.
pub fn mailbox() -> (Outlet, Inlet) { todo!() }
#[derive(Clone)] pub struct Outlet { _p: () }
pub struct Inlet { _p: () }
impl Inlet {
    /// Waits until there is something, then takes all of it. `None` when every outlet is gone.
    pub async fn recv_many(&mut self, into: &mut Vec<RunEvent>) -> Option<usize> { let _ = into; todo!() }
}
