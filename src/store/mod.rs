//! The book on disk: rooms, turns, replies, attempts, ledger. SQLite in WAL mode behind one thread
//! that owns the connection; everything here is a message to that thread and a promise of its
//! answer. Nothing above knows SQL.
//!
//! - `terms.rs` is what callers say and hear.
//! - `open.rs` opens: files (`place.rs`), pragmas and migrations (`schema.rs`), this instance and its
//!   lock (`instance.rs`), what a dead instance left behind (`sweep.rs`).
//! - `writer.rs` is the thread; `rooms.rs`, `replies.rs`, `ledger.rs`, `settle.rs`, `budget.rs` and `report.rs` are
//!   what it does; `codec.rs` says how nouns are written in columns.
//!
//! A promise is kept in the order in which it was asked for: a report sees every write that was
//! asked for before it. Dropping a promise does not take back what was asked.

mod budget;
mod codec;
mod extras;
mod health;
mod instance;
mod ledger;
mod open;
mod place;
mod replies;
mod report;
mod rooms;
mod schema;
mod settle;
mod sweep;
mod terms;
mod writer;

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::chat::AttemptStart;
use crate::chat::LedgerEntry;
use crate::chat::Millis;
use crate::chat::ReplyId;
use crate::chat::Room;
use crate::chat::RoomId;
use crate::chat::SeatId;
use crate::chat::Sum;
use crate::chat::Turn;
use crate::chat::TurnId;
use crate::store::budget::Limits;
use crate::store::writer::Book;
use crate::store::writer::Fail;
use crate::store::writer::Message;

pub use health::examine;
pub use terms::{
    Apart, Budgets, Delta, DeltaKind, Estimator, GroupBy, Opened, Orphan, Place, ReplyEnd, ReplyStart,
    RoomHead, RoomLine, Settled, Settlement, StoreError, TurnStart, Unsettled, UsageQuery, UsageReport,
    UsageRow, WhichRoom, tool_call_text,
};

/// How long [`Store::close`] waits for the thread.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// The answer to come. Await it, or `wait()` on a thread that may block.
#[derive(Debug)]
#[must_use]
pub struct Pending<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Pending<T> {
    /// Blocks until the answer is there; never on a thread of the async runtime.
    ///
    /// # Errors
    /// What the store answers, or [`StoreError::Closed`].
    pub fn wait(self) -> Result<T, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}

/// A handle to the store; clones share the thread.
///
/// A store that is dropped without [`Store::close`] ends as if the program had been killed: what was
/// committed is there, and the next start marks what was streaming as interrupted.
#[derive(Clone, Debug)]
pub struct Store {
    to_writer: mpsc::Sender<Message>,
}

impl Store {
    /// [`Store::open_with`] an estimator that counts four characters as a token and knows no price.
    ///
    /// # Errors
    /// As [`Store::open_with`].
    #[cfg(test)]
    pub fn open(place: Place<'_>, now: Millis) -> Result<Opened, StoreError> {
        Self::open_with(place, now, &sweep::unpriced)
    }

    /// Opens or creates the database (directory 0700, files 0600), migrates it, marks what a dead
    /// instance left `streaming` as `interrupted` with a charge by `estimate`, and takes the lock of
    /// this instance. Blocking; fast.
    ///
    /// A file that cannot be written gives a store in memory, and a damaged one is set aside for a
    /// new one; a notice says so.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a file of a newer salon, [`StoreError::Failed`] for one that is not
    /// salon's or that another program holds.
    pub fn open_with(place: Place<'_>, now: Millis, estimate: &Estimator<'_>) -> Result<Opened, StoreError> {
        let (book, notices) = open::open(place, now, estimate)?;
        let to_writer = writer::start(book)?;
        Ok(Opened { store: Self { to_writer }, notices })
    }

    /// The turn, its replies and their first attempts, in one transaction; refused when a hard
    /// budget is spent or the room is another instance's. Answers what the room is called now.
    pub fn begin_turn(
        &self,
        start: TurnStart,
        budgets: Budgets,
        zone: jiff::tz::TimeZone,
    ) -> Pending<String> {
        let limits = Limits { budgets, zone };
        self.ask(move |book| book.write(|tx, me| replies::begin_turn(tx, me, &start, &limits)))
    }

    /// A further reply (asked again) of an existing turn.
    pub fn begin_reply(
        &self,
        room: RoomHead,
        start: ReplyStart,
        budgets: Budgets,
        zone: jiff::tz::TimeZone,
    ) -> Pending<()> {
        let limits = Limits { budgets, zone };
        self.ask(move |book| book.write(|tx, me| replies::begin_reply(tx, me, &room, &start, &limits)))
    }

    /// A retry: the failed attempt's ledger entry and the next attempt's row, in one transaction.
    pub fn retry(&self, failed: LedgerEntry, next: AttemptStart) -> Pending<()> {
        self.ask(move |book| book.write(|tx, me| replies::retry(tx, me, &failed, &next)))
    }

    /// Deltas of all runs of one tick, in one transaction. May be sent again when it failed.
    pub fn append(&self, deltas: Vec<Delta>) -> Pending<()> {
        self.ask(move |book| book.write(|tx, _| replies::append(tx, &deltas)))
    }

    /// The last deltas, the reply and its ledger entry, in one transaction; deltas are folded into
    /// the reply. May be sent again: an attempt ends once (safety R64).
    pub fn finish(&self, deltas: Vec<Delta>, end: ReplyEnd) -> Pending<()> {
        self.ask(move |book| book.write(|tx, _| replies::finish(tx, &deltas, &end)))
    }

    /// Saves which version of a seat's reply is the one that counts; `None`: the last one.
    pub fn choose(&self, turn: TurnId, seat: SeatId, reply: Option<ReplyId>) -> Pending<()> {
        self.ask(move |book| book.write(|tx, _| extras::choose(tx, turn, seat, reply)))
    }

    /// By what name a provider is asked for the cost of an attempt in flight. The first one counts.
    pub fn name_attempt(&self, reply: ReplyId, n: u32, generation: String) -> Pending<()> {
        self.ask(move |book| book.write(|tx, _| settle::name(tx, reply, n, &generation)))
    }

    /// Attempts begun since a time that have no figure of the provider's, of providers that can be
    /// asked for it.
    pub fn unsettled(&self, since: Millis, providers: Vec<String>) -> Pending<Vec<Unsettled>> {
        self.report(move |conn| settle::open(conn, since, &providers))
    }

    /// The provider's figure for an attempt that has ended without one. Answers what the reply
    /// costs now, or nothing when there is such a figure already. The earlier row stays.
    pub fn settle(&self, settlement: Settlement) -> Pending<Option<Settled>> {
        self.ask(move |book| book.write(|tx, _| settle::settle(tx, &settlement)))
    }

    /// Saves what was typed and not sent, and answers what the room is called now. A room that has
    /// no turn yet is there only as long as its draft is not empty.
    pub fn save_draft(&self, room: RoomHead, draft: String) -> Pending<String> {
        self.ask(move |book| book.write(|tx, me| rooms::save_draft(tx, me, &room, &draft)))
    }

    /// Saves name and seats of a room that exists; of one that does not yet, nothing.
    pub fn save_room(&self, room: RoomHead) -> Pending<()> {
        self.ask(move |book| book.write(|tx, me| rooms::save(tx, me, &room)))
    }

    /// Takes the room for writing by this instance; [`StoreError::ReadOnly`] when another live
    /// instance has it (names its pid). A room that does not exist yet is free.
    pub fn claim_room(&self, room: RoomId) -> Pending<()> {
        self.ask(move |book| book.write(|tx, me| rooms::claim(tx, me, room)))
    }

    /// A room with all its turns. By id, by name, or the last one in which something happened (not hidden).
    pub fn load_room(&self, which: WhichRoom) -> Pending<Room> {
        self.ask(move |book| book.read(|conn| rooms::load(conn, &which, None)))
    }

    /// The same with its last so many turns only: what a screen needs at once.
    pub fn load_room_end(&self, which: WhichRoom, turns: usize) -> Pending<Room> {
        self.ask(move |book| book.read(|conn| rooms::load(conn, &which, Some(turns))))
    }

    /// The turns of a room before that one, from the first.
    pub fn earlier_turns(&self, room: RoomId, turn: TurnId) -> Pending<Vec<Turn>> {
        self.ask(move |book| book.read(|conn| rooms::earlier(conn, room, turn)))
    }

    /// All rooms, latest first; with those that lists leave out when `hidden`.
    pub fn rooms(&self, hidden: bool) -> Pending<Vec<RoomLine>> {
        self.report(move |conn| report::rooms(conn, hidden))
    }

    /// A usage report: attempts that have ended, each with its latest charge.
    pub fn usage(&self, query: UsageQuery) -> Pending<UsageReport> {
        self.report(move |conn| report::usage(conn, &query))
    }

    /// The sum of charges of attempts begun since a time, of one room or of all.
    pub fn spent(&self, since: Option<Millis>, room: Option<RoomId>) -> Pending<Sum> {
        self.ask(move |book| book.read(|conn| report::spent(conn, since, room)))
    }

    /// The last prompts, newest first, over all rooms that are not hidden, without repeats.
    pub fn prompts(&self, limit: usize) -> Pending<Vec<String>> {
        self.ask(move |book| book.read(|conn| rooms::prompts(conn, limit)))
    }

    /// A value that salon remembers between starts (the last line-up, the layout).
    pub fn remember(&self, key: &'static str, value: String) -> Pending<()> {
        self.ask(move |book| book.write(|tx, _| rooms::remember(tx, key, &value)))
    }

    /// What was remembered.
    pub fn remembered(&self, key: &'static str) -> Pending<Option<String>> {
        self.ask(move |book| book.read(|conn| rooms::remembered(conn, key)))
    }

    /// Commits what is queued, signs this instance off and ends the thread. Blocks until that is
    /// done, for five seconds at most. What is asked afterwards is answered [`StoreError::Closed`].
    pub fn close(&self) {
        let (done, wait) = mpsc::channel();
        if self.to_writer.send(Message::Close(done)).is_ok() {
            // A thread that died instead answers by hanging up.
            let _ = wait.recv_timeout(CLOSE_WITHIN);
        }
    }

    /// Has the writer do it.
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Book) -> Result<T, Fail> + Send + 'static,
    ) -> Pending<T> {
        let (answer, pending) = oneshot::channel();
        let job = Box::new(move |book: &mut Book| {
            let result = work(book);
            // Nobody may be waiting any more; the work is done all the same.
            let _ = answer.send(result.map_err(|fail| book.tell(fail)));
        });
        // When the thread is gone the job is dropped with `answer`, which the promise reads as `Closed`.
        let _ = self.to_writer.send(Message::Job(job));
        Pending(pending)
    }

    /// Has it done beside the writer where that is possible, after all that was asked before.
    fn report<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, Fail> + Send + 'static,
    ) -> Pending<T> {
        let (answer, pending) = oneshot::channel();
        let job = Box::new(move |book: &mut Book| {
            book.report(Box::new(move |conn, file| {
                let _ = answer.send(work(conn).map_err(|fail| file.tell(fail)));
            }));
        });
        let _ = self.to_writer.send(Message::Job(job));
        Pending(pending)
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod law_tests;
#[cfg(test)]
mod open_tests;
#[cfg(test)]
mod tests;
