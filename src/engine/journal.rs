//! Written down before it is told. One task takes what all runs say, joins it, commits it in one
//! transaction, and then tells it to the doors. The first piece after a rest commits at once, later
//! ones at most every 16 ms. When the store fails or takes too long, the journal tells everything
//! all the same, says that it is not saved, and tries again each second with everything kept.
//!
//! It does one thing at a time with the store, because a reply's end must follow its last text. It
//! knows nothing of providers, retries or money.

use std::future::Future;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::sync::watch;

use crate::chat::AttemptStart;
use crate::chat::LedgerEntry;
use crate::chat::Millis;
use crate::chat::ReplyId;
use crate::chat::RunId;
use crate::engine::clock::Clock;
use crate::engine::lane::Ending;
use crate::engine::lane::Lane;
use crate::engine::lane::Piece;
use crate::engine::outlet::Outlet;
use crate::store::Budgets;
use crate::store::Delta;
use crate::store::ReplyEnd;
use crate::store::ReplyStart;
use crate::store::RoomHead;
use crate::store::Settled;
use crate::store::Settlement;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TurnStart;
use crate::store::Unsettled;

/// The shortest time from one commit of texts to the next.
const TICK: Duration = Duration::from_millis(16);

/// How long a commit may take before what it holds is told without it (safety R54).
const SLOW: Duration = Duration::from_millis(250);

/// How long after a failure saving is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// How many notes wait for the journal before runs wait for it.
const NOTES: usize = 32;
/// When so many bytes wait for a store that answers, nothing more is taken before it has them: what a
/// server sends faster than the disk takes it waits in its socket (safety R40).
const FULL: usize = 2 * 1024 * 1024;

/// An answer of the store that is still to come.
pub type Promise<T = ()> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// The part of the store that the engine writes to. Calls are queued when they are made, in the
/// order in which they are made.
pub trait Book: Send + Sync {
    /// See [`Store::begin_turn`].
    fn begin_turn(&self, start: TurnStart, budgets: Budgets, zone: TimeZone) -> Promise<String>;
    /// See [`Store::begin_reply`].
    fn begin_reply(&self, room: RoomHead, start: ReplyStart, budgets: Budgets, zone: TimeZone) -> Promise;
    /// See [`Store::retry`].
    fn retry(&self, failed: LedgerEntry, next: AttemptStart) -> Promise;
    /// See [`Store::append`].
    fn append(&self, deltas: Vec<Delta>) -> Promise;
    /// See [`Store::finish`].
    fn finish(&self, deltas: Vec<Delta>, end: ReplyEnd) -> Promise;
    /// See [`Store::name_attempt`].
    fn name_attempt(&self, reply: ReplyId, n: u32, generation: String) -> Promise;
    /// See [`Store::unsettled`].
    fn unsettled(&self, since: Millis, providers: Vec<String>) -> Promise<Vec<Unsettled>>;
    /// See [`Store::settle`].
    fn settle(&self, settlement: Settlement) -> Promise<Option<Settled>>;
}

impl Book for Store {
    fn begin_turn(&self, start: TurnStart, budgets: Budgets, zone: TimeZone) -> Promise<String> {
        Box::pin(Self::begin_turn(self, start, budgets, zone))
    }

    fn begin_reply(&self, room: RoomHead, start: ReplyStart, budgets: Budgets, zone: TimeZone) -> Promise {
        promise(Self::begin_reply(self, room, start, budgets, zone))
    }

    fn retry(&self, failed: LedgerEntry, next: AttemptStart) -> Promise {
        promise(Self::retry(self, failed, next))
    }

    fn append(&self, deltas: Vec<Delta>) -> Promise {
        promise(Self::append(self, deltas))
    }

    fn finish(&self, deltas: Vec<Delta>, end: ReplyEnd) -> Promise {
        promise(Self::finish(self, deltas, end))
    }

    fn name_attempt(&self, reply: ReplyId, n: u32, generation: String) -> Promise {
        promise(Self::name_attempt(self, reply, n, generation))
    }

    fn unsettled(&self, since: Millis, providers: Vec<String>) -> Promise<Vec<Unsettled>> {
        Box::pin(Self::unsettled(self, since, providers))
    }

    fn settle(&self, settlement: Settlement) -> Promise<Option<Settled>> {
        Box::pin(Self::settle(self, settlement))
    }
}

/// What the store answers beyond "done" is nothing to the engine.
fn promise<T, F>(answer: F) -> Promise
where
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    Box::pin(async move { answer.await.map(|_| ()) })
}

/// One run's pen: what it says goes to the journal, and waits when the journal is behind.
pub struct Pen {
    run: RunId,
    notes: mpsc::Sender<Note>,
    pieces: Vec<Piece>,
}

/// What goes to the journal.
#[derive(Debug)]
pub struct Note {
    run: RunId,
    body: Body,
}

enum Body {
    Begin(ReplyId, Outlet),
    Pieces(Vec<Piece>),
    End(Vec<Piece>, Ending),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Begin(..) => "Begin",
            Self::Pieces(_) => "Pieces",
            Self::End(..) => "End",
        })
    }
}

impl Pen {
    /// A pen for a run whose reply has been begun in the store.
    pub async fn begin(notes: mpsc::Sender<Note>, run: RunId, reply: ReplyId, outlet: Outlet) -> Self {
        // Sending fails only when the runtime is going down and the journal has ended before us.
        let _ = notes.send(Note { run, body: Body::Begin(reply, outlet) }).await;
        Self { run, notes, pieces: Vec::new() }
    }

    /// What is written but not handed over yet; text at its end is joined.
    pub fn pieces(&mut self) -> &mut Vec<Piece> {
        &mut self.pieces
    }

    /// Hands over what is written. May be dropped while it waits; what was not handed over stays.
    pub async fn flush(&mut self) {
        if self.pieces.is_empty() {
            return;
        }
        if let Ok(slot) = self.notes.reserve().await {
            let pieces = std::mem::take(&mut self.pieces);
            slot.send(Note { run: self.run, body: Body::Pieces(pieces) });
        }
    }

    /// Hands over the rest and the end.
    pub async fn end(&mut self, ending: Ending) {
        let pieces = std::mem::take(&mut self.pieces);
        let _ = self.notes.send(Note { run: self.run, body: Body::End(pieces, ending) }).await;
    }
}

/// The task that writes, and what it has in hand.
pub struct Journal {
    book: Arc<dyn Book>,
    clock: Arc<dyn Clock>,
    inbox: mpsc::Receiver<Note>,
    /// In the order in which the runs began.
    lanes: Vec<Lane>,
    task: Option<Task>,
    last_append: Option<Instant>,
    /// How many runs are not written down to their end.
    open: watch::Sender<usize>,
}

/// What the store is doing for us.
struct Task {
    answer: Promise,
    since: Instant,
    slow: bool,
    /// The run whose end it is; `None` for the texts of all.
    end_of: Option<RunId>,
}

impl Journal {
    /// A journal that counts `open` down as ends are saved, and the way to it.
    #[must_use]
    pub fn new(
        book: Arc<dyn Book>,
        clock: Arc<dyn Clock>,
        open: watch::Sender<usize>,
    ) -> (Self, mpsc::Sender<Note>) {
        let (notes, inbox) = mpsc::channel(NOTES);
        (Self { book, clock, inbox, lanes: Vec::new(), task: None, last_append: None, open }, notes)
    }

    /// Works until every pen is gone and everything is saved.
    pub async fn work(mut self) {
        let clock = Arc::clone(&self.clock);
        let mut notes = Vec::with_capacity(NOTES);
        let mut is_open = true;
        while is_open || !self.lanes.is_empty() {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                answer = answer_of(self.task.as_mut()) => self.settle(answer),
                count = self.inbox.recv_many(&mut notes, NOTES), if is_open && !self.is_full() => {
                    is_open = count > 0;
                    let now = clock.now();
                    for note in notes.drain(..) {
                        self.take(note, now);
                    }
                }
                () = wait_until(clock.as_ref(), deadline) => {}
            }
            let now = clock.now();
            self.give_up_waiting(now);
            self.start(now);
        }
    }

    /// Whether enough waits. A run that could not be saved goes on unsaved, and is not held up.
    fn is_full(&self) -> bool {
        self.lanes.iter().filter(|lane| !lane.is_alarmed()).map(Lane::waiting).sum::<usize>() >= FULL
    }

    fn take(&mut self, note: Note, now: Instant) {
        let (pieces, ending) = match note.body {
            Body::Begin(reply, outlet) => return self.lanes.push(Lane::new(note.run, reply, outlet)),
            Body::Pieces(pieces) => (pieces, None),
            Body::End(pieces, ending) => (pieces, Some(ending)),
        };
        let slow = self.task.as_ref().is_some_and(|task| task.slow);
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.run == note.run) else { return };
        for piece in pieces {
            lane.take(piece, now);
        }
        if ending.is_some() {
            lane.ending = ending;
        }
        let waits = lane.has_deltas() || lane.ending.is_some();
        if lane.is_alarmed() || (slow && waits) {
            lane.alarm(SLOW_WORDS, now);
        }
    }

    /// Gives the store the next thing to do, when it is free and something is due.
    fn start(&mut self, now: Instant) {
        if self.task.is_some() {
            return;
        }
        let mut deltas = Vec::new();
        let ready = self.lanes.iter_mut().find(|lane| lane.ending.is_some() && lane.may_try(now));
        if let Some(lane) = ready
            && let Some(end) = lane.ending.as_ref().map(|ending| ReplyEnd::clone(&ending.end))
        {
            lane.launch(&mut deltas);
            let answer = self.book.finish(deltas, end);
            self.task = Some(Task { answer, since: now, slow: false, end_of: Some(lane.run) });
            return;
        }
        if self.last_append.is_some_and(|last| now < last + TICK) {
            return;
        }
        for lane in &mut self.lanes {
            if lane.has_deltas() && lane.may_try(now) {
                lane.launch(&mut deltas);
            }
        }
        if !deltas.is_empty() {
            self.last_append = Some(now);
            let answer = self.book.append(deltas);
            self.task = Some(Task { answer, since: now, slow: false, end_of: None });
        }
    }

    /// The store has answered.
    fn settle(&mut self, answer: Result<(), StoreError>) {
        let Some(task) = self.task.take() else { return };
        let now = self.clock.now();
        match answer {
            Ok(()) => {
                if let Some(at) = self.lanes.iter().position(|lane| Some(lane.run) == task.end_of) {
                    self.lanes.remove(at).finished(now);
                    self.open.send_modify(|open| *open = open.saturating_sub(1));
                }
                for lane in self.lanes.iter_mut().filter(|lane| lane.is_flying()) {
                    lane.landed(now);
                }
            }
            Err(error) => {
                let why = error.to_string();
                tracing::error!("not saved: {why}");
                for lane in &mut self.lanes {
                    if lane.is_flying() || Some(lane.run) == task.end_of {
                        lane.crashed(now + AGAIN);
                        lane.alarm(&why, now);
                    }
                }
            }
        }
    }

    /// Tells what waits for a store that takes too long.
    fn give_up_waiting(&mut self, now: Instant) {
        let Some(task) = self.task.as_mut().filter(|task| !task.slow && now >= task.since + SLOW) else {
            return;
        };
        task.slow = true;
        for lane in &mut self.lanes {
            if lane.is_flying() || lane.has_deltas() || lane.ending.is_some() {
                lane.alarm(SLOW_WORDS, now);
            }
        }
    }

    /// When something has to be done though nothing comes; `None` when there is nothing to wait for.
    fn deadline(&self) -> Option<Instant> {
        if let Some(task) = &self.task {
            return (!task.slow).then(|| task.since + SLOW);
        }
        let tick = self.last_append.map(|last| last + TICK);
        self.lanes
            .iter()
            .filter_map(|lane| match (&lane.ending, lane.has_deltas()) {
                (Some(_), _) => lane.retry_at,
                (None, true) => lane.retry_at.max(tick),
                (None, false) => None,
            })
            .min()
    }
}

/// What is said when a commit takes too long.
const SLOW_WORDS: &str = "the disk takes longer than 250 ms";

async fn answer_of(task: Option<&mut Task>) -> Result<(), StoreError> {
    match task {
        Some(task) => task.answer.as_mut().await,
        None => pending().await,
    }
}

async fn wait_until(clock: &dyn Clock, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => clock.sleep_until(deadline).await,
        None => pending().await,
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
