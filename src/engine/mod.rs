//! One prompt → N runs → events. The engine asks several models at once, writes everything down
//! before it tells it, bills every attempt, and knows nothing of who listens.
//!
//! | file | what it is for |
//! |---|---|
//! | `start.rs` | a job is committed, then its runs are let go |
//! | `run.rs` | one reply: wait, ask, read, ask again, end |
//! | `attempt.rs` | what one request has said, and its ledger entry; pure |
//! | `account.rs` | tokens → charge; pure |
//! | `estimate.rs` | tokens and cost before they are known; pure |
//! | `settle.rs` | what a reply cost, asked afterwards |
//! | `limiter.rs` | how much one key is asked at once; all randomness |
//! | `journal.rs`, `lane.rs` | join, commit, then tell |
//! | `outlet.rs`, `event.rs` | the mailbox of a door, and what is in it |

mod account;
mod attempt;
mod clock;
mod estimate;
mod event;
mod journal;
mod lane;
mod limiter;
mod outlet;
mod run;
mod settle;
mod start;

pub use estimate::Estimate;
pub use event::{Outcome, RunEvent, RunEventKind, SaveState};
pub use outlet::{Inlet, Outlet, mailbox};

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::chat::Door;
use crate::chat::Media;
use crate::chat::Message;
use crate::chat::ModelRef;
use crate::chat::ReplyId;
use crate::chat::RunId;
use crate::chat::Seat;
use crate::chat::Tariff;
use crate::chat::TurnId;
use crate::engine::account::Rates;
use crate::engine::clock::Clock;
use crate::engine::clock::SystemClock;
use crate::engine::journal::Book;
use crate::engine::journal::Journal;
use crate::engine::journal::Note;
use crate::engine::limiter::Chance;
use crate::engine::limiter::Limiter;
use crate::engine::limiter::Place;
use crate::engine::settle::Tell;
use crate::engine::start::Start;
use crate::price::PriceBook;
use crate::provider::Provider;
use crate::provider::Providers;
use crate::store::Budgets;
use crate::store::RoomHead;
use crate::store::Settled;
use crate::store::Store;

/// What the engine is built from.
pub struct Deps {
    /// Who can be asked.
    pub providers: Providers,
    /// The prices in force.
    pub prices: PriceBook,
    /// Where everything is written down.
    pub store: Store,
    /// Limits that refuse a job.
    pub budgets: Budgets,
    /// The zone whose days the budgets count by.
    pub zone: TimeZone,
    /// Through which door everything here comes.
    pub door: Door,
    /// Who asks.
    pub who: String,
    /// The user's label for what is asked.
    pub tag: Option<String>,
    /// The seed of all jitter.
    pub seed: u64,
}

/// One reply that is asked for, with the ids that the door minted.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The handle of the run.
    pub run: RunId,
    /// The reply that it makes.
    pub reply: ReplyId,
    /// 1 for the first reply of a seat in a turn.
    pub sibling: u32,
    /// Who is asked, and with what parameters.
    pub seat: Seat,
    /// What is sent, oldest first, the system message included.
    pub messages: Arc<Vec<Message>>,
}

/// What the engine is asked to do. Few of them exist at any time, so that their size matters less
/// than that they are plain to build.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Job {
    /// A new turn of a room, to one or more seats.
    Turn {
        /// The room as it is now.
        room: RoomHead,
        /// The new turn.
        turn: TurnId,
        /// The turn that it follows.
        parent: Option<TurnId>,
        /// What the person wrote.
        prompt: String,
        /// What goes along with it.
        attachments: Vec<Media>,
        /// One for each target seat, in pane order.
        asks: Vec<Ask>,
    },
    /// One seat again in a turn that exists: a sibling reply.
    Again {
        /// The room as it is now.
        room: RoomHead,
        /// The turn.
        turn: TurnId,
        /// The seat that is asked again.
        ask: Ask,
    },
}

impl Job {
    /// All replies that are asked for.
    #[must_use]
    pub fn asks(&self) -> &[Ask] {
        match self {
            Self::Turn { asks, .. } => asks,
            Self::Again { ask, .. } => std::slice::from_ref(ask),
        }
    }
}

/// A handle; clones share the engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What all runs share.
struct Inner {
    /// Who can be asked; one may take another's place while the engine runs.
    providers: RwLock<Providers>,
    rates: Arc<dyn Rates>,
    book: Arc<dyn Book>,
    clock: Arc<dyn Clock>,
    budgets: Budgets,
    zone: TimeZone,
    door: Door,
    who: String,
    tag: Option<String>,
    chance: Chance,
    limiter: Limiter,
    runtime: Handle,
    notes: mpsc::Sender<Note>,
    /// The runs that can be stopped.
    live: Mutex<HashMap<RunId, CancellationToken>>,
    /// How many runs are not written down to their end.
    open: watch::Sender<usize>,
    /// Who is told of figures that come after the end; nobody asks for them without.
    tell: OnceLock<Tell>,
    /// Models whose provider was told to say something else than the prices.
    doubted: Mutex<HashSet<ModelRef>>,
}

/// The three outside things that tests replace.
struct World {
    rates: Arc<dyn Rates>,
    book: Arc<dyn Book>,
    clock: Arc<dyn Clock>,
}

/// What is left of [`Deps`] without them.
struct Setup {
    providers: Providers,
    budgets: Budgets,
    zone: TimeZone,
    door: Door,
    who: String,
    tag: Option<String>,
    seed: u64,
}

impl Engine {
    /// Must be called inside the tokio runtime.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        let Deps { providers, prices, store, budgets, zone, door, who, tag, seed } = deps;
        let world = World { rates: Arc::new(prices), book: Arc::new(store), clock: Arc::new(SystemClock) };
        Self::build(Setup { providers, budgets, zone, door, who, tag, seed }, world)
    }

    fn build(setup: Setup, world: World) -> Self {
        let Setup { providers, budgets, zone, door, who, tag, seed } = setup;
        let World { rates, book, clock } = world;
        let (open, _) = watch::channel(0);
        let (journal, notes) = Journal::new(Arc::clone(&book), Arc::clone(&clock), open.clone());
        let runtime = Handle::current();
        runtime.spawn(journal.work());
        Self {
            inner: Arc::new(Inner {
                providers: RwLock::new(providers),
                rates,
                book,
                clock,
                budgets,
                zone,
                door,
                who,
                tag,
                chance: Chance::new(seed),
                limiter: Limiter::default(),
                runtime,
                notes,
                live: Mutex::default(),
                open,
                tell: OnceLock::new(),
                doubted: Mutex::default(),
            }),
        }
    }

    /// Returns at once; everything that happens comes as events to `outlet`. A job that cannot start
    /// (budget, read-only room, store failure) ends each of its runs with `Finished`.
    pub fn submit(&self, job: Job, outlet: Outlet) {
        let inner = Arc::clone(&self.inner);
        let submitted = inner.clock.now();
        let asks = job.asks();
        inner.open.send_modify(|open| *open += asks.len());
        // They line up now, in the order of the seats: what comes later comes after them.
        let runs = asks.iter().map(|ask| (inner.enlist(ask.run), inner.line_up(&ask.seat.model))).collect();
        let start = Start { inner, job, runs, outlet, submitted };
        self.inner.runtime.spawn(start.go());
    }

    /// From now on providers are asked afterwards what a reply cost, when its stream did not say it,
    /// and `tell` hears of it; those of the last day that are still open are asked for now. Happens
    /// in the background: nothing waits for it.
    pub fn settle(&self, tell: impl Fn(Settled) + Send + Sync + 'static) {
        if self.inner.tell.set(Box::new(tell)).is_ok() {
            self.inner.runtime.spawn(settle::all(Arc::clone(&self.inner)));
        }
    }

    /// A provider takes the place of the one of its name, or is a new one. Runs in flight keep the
    /// one that they began with.
    pub fn adopt_provider(&self, provider: Arc<dyn Provider>) {
        let name = provider.endpoint().name.clone();
        let mut providers = self.inner.providers.write().unwrap_or_else(PoisonError::into_inner);
        providers.insert(name, provider);
    }

    /// Stops a run: its socket is closed, its text kept, its charge settled as far as known.
    pub fn cancel(&self, run: RunId) {
        if let Some(stop) = self.inner.live().get(&run) {
            stop.cancel();
        }
    }

    /// Stops all runs.
    pub fn cancel_all(&self) {
        for stop in self.inner.live().values() {
            stop.cancel();
        }
    }

    /// Estimated tokens and worst case of a request, for the composer. Pure.
    #[must_use]
    pub fn estimate(&self, seat: &Seat, messages: &[Message]) -> Estimate {
        let provider = self.inner.provider(&seat.model.provider);
        let tariff = provider.map_or(Tariff::Metered, |provider| provider.endpoint().tariff);
        estimate::of(self.inner.rates.as_ref(), tariff, seat, messages)
    }

    /// Stops all runs, waits until they are written down (at most `within`).
    pub async fn shutdown(&self, within: Duration) {
        self.cancel_all();
        let mut open = self.inner.open.subscribe();
        let deadline = self.inner.clock.sleep_until(self.inner.clock.now() + within);
        tokio::select! {
            biased;
            _ = open.wait_for(|open| *open == 0) => {}
            () = deadline => {}
        }
    }
}

/// What asking this seat is likely to take and to cost, without an engine. Pure.
#[must_use]
pub fn estimate_with(prices: &PriceBook, tariff: Tariff, seat: &Seat, messages: &[Message]) -> Estimate {
    estimate::of(prices, tariff, seat, messages)
}

impl Inner {
    /// The provider of that name, as it is now.
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        // A map is whole even if somebody panicked beside it.
        self.providers.read().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone)
    }

    /// The names of the providers of which this is true.
    fn names_of(&self, is: impl Fn(&dyn Provider) -> bool) -> Vec<String> {
        let providers = self.providers.read().unwrap_or_else(PoisonError::into_inner);
        providers.iter().filter(|(_, provider)| is(provider.as_ref())).map(|(name, _)| name.clone()).collect()
    }

    /// A place in the line of the model's provider.
    fn line_up(&self, model: &ModelRef) -> Option<Place> {
        let provider = self.provider(&model.provider)?;
        Some(self.limiter.line_up(provider.endpoint(), &model.id))
    }

    /// Makes a run known, so that it can be stopped.
    fn enlist(&self, run: RunId) -> CancellationToken {
        let stop = CancellationToken::new();
        self.live().insert(run, stop.clone());
        stop
    }

    /// A run has ended.
    fn forget(&self, run: RunId) {
        self.live().remove(&run);
    }

    /// Whether it is the first time that this is asked of a model.
    fn doubts(&self, model: &ModelRef) -> bool {
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        doubted.insert(model.clone())
    }

    fn live(&self) -> MutexGuard<'_, HashMap<RunId, CancellationToken>> {
        // A map of tokens is whole even if somebody panicked beside it.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "fake_tests.rs"]
mod fake;

#[cfg(test)]
mod settle_tests;
#[cfg(test)]
mod tests;
