//! The book on disk: rooms, turns, replies, attempts, ledger. SQLite in WAL mode behind one thread
//! that owns the connection; everything here is a message to that thread and a promise of its
//! answer. Nothing above knows SQL.

use std::path::Path;
use tokio::sync::oneshot;
use crate::chat::*;

/// Why the store could not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's or the disk's refusal; the sentence names the file and what to do.
    #[error("{0}")]
    Failed(String),
    /// The file was made by a newer salon.
    #[error("{0}")]
    Newer(String),
    /// Another instance writes this room.
    #[error("{0}")]
    ReadOnly(String),
    /// No such room.
    #[error("{0}")]
    NotFound(String),
    /// A hard budget is spent; nothing was written.
    #[error("{0}")]
    Budget(String),
    /// The writer thread is gone.
    #[error("the store has closed")]
    Closed,
}

/// The answer to come. Await it, or `wait()` on a thread that may block.
#[must_use]
pub struct Pending<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Pending<T> {
    /// Blocks until the answer is there; never on a thread of the async runtime.
    pub fn wait(self) -> Result<T, StoreError> { self.0.blocking_recv().unwrap_or(Err(StoreError::Closed)) }
}

impl<T> std::future::Future for Pending<T> {
    type Output = Result<T, StoreError>;
    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(cx).map(|r| r.unwrap_or(Err(StoreError::Closed)))
    }
}

/// A handle to the store; clones share the thread.
#[derive(Clone)]
pub struct Store { /* sender to the writer thread */ }

/// Where the database is.
pub enum Place<'a> { File(&'a Path), Memory }

/// What was found while opening.
pub struct Opened { pub store: Store, pub notices: Vec<Notice> }

/// A room as it is created with its first turn, or brought up to date: name, seats, positions.
#[derive(Clone, Debug)]
pub struct RoomHead { pub id: RoomId, pub name: String, pub hidden: bool, pub context: ContextMode, pub seats: Vec<Seat> }

/// What is committed before any request of a turn leaves.
#[derive(Clone, Debug)]
pub struct TurnStart {
    /// Created when it is not there yet; its seats replace the stored ones.
    pub room: RoomHead,
    pub turn: TurnId,
    pub parent: Option<TurnId>,
    pub at: Millis,
    pub prompt: String,
    /// One per target seat, in pane order.
    pub replies: Vec<ReplyStart>,
}

#[derive(Clone, Debug)]
pub struct ReplyStart { pub reply: ReplyId, pub turn: TurnId, pub seat: SeatId, pub sibling: u32, pub model: ModelRef, pub attempt: AttemptStart }

/// What kind of delta a piece of a reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaKind { Text, Thinking, ToolCall, Opaque, Part }

/// A piece of a reply. ToolCall/Opaque are JSON text.
#[derive(Clone, Debug)]
pub struct Delta { pub reply: ReplyId, pub seq: u64, pub kind: DeltaKind, pub text: String }

/// How a reply ended; folded with its deltas and the ledger entry in one transaction.
#[derive(Clone, Debug)]
pub struct ReplyEnd {
    pub reply: ReplyId,
    pub status: Status,
    pub finish: Option<String>,
    pub fault: Option<Fault>,
    pub tokens: Tokens,
    /// Sum over attempts.
    pub charge: Charge,
    pub served_model: Option<crate::text::Untrusted>,
    pub upstream: Option<crate::text::Untrusted>,
    pub attempts: u32,
    pub ttft_ms: Option<u64>,
    pub total_ms: u64,
    pub entry: LedgerEntry,
}

/// Limits in pico-dollars; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets { pub day: Option<Pico>, pub week: Option<Pico>, pub month: Option<Pico>, pub room: Option<Pico> }

/// A line of `salon rooms list`.
#[derive(Clone, Debug)]
pub struct RoomLine { pub id: RoomId, pub name: String, pub at: Millis, pub turns: u64, pub models: Vec<ModelRef>, pub sum: Sum }

/// By what a usage report is grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy { Model, Provider, Key, Day, Room, Door, Who, Tag, Attempt }

/// A question about usage. Times are UTC; `Day` groups by days of `zone`.
#[derive(Clone, Debug)]
pub struct UsageQuery { pub since: Option<Millis>, pub until: Option<Millis>, pub by: GroupBy, pub zone: jiff::tz::TimeZone }

#[derive(Clone, Debug)]
pub struct UsageRow { pub key: String, pub attempts: u64, pub tokens: Tokens, pub sum: Sum }

#[derive(Clone, Debug)]
pub struct UsageReport { pub rows: Vec<UsageRow>, pub total: UsageRow }

impl Store {
    /// Opens or creates the database (dir 0700, files 0600), migrates, marks what a dead instance left `streaming` as
    /// `interrupted` (with an estimated charge), takes the instance lock. Blocking; fast.
    pub fn open(place: Place<'_>, now: Millis) -> Result<Opened, StoreError> { let _ = (place, now); todo!() }
    /// The turn, its replies and their first attempts, in one transaction; refused when a hard budget is spent or the room is another instance's.
    pub fn begin_turn(&self, start: TurnStart, budgets: Budgets, zone: jiff::tz::TimeZone) -> Pending<()> { let _ = (start, budgets, zone); todo!() }
    /// A further reply (asked again) of an existing turn.
    pub fn begin_reply(&self, room: RoomHead, start: ReplyStart, budgets: Budgets, zone: jiff::tz::TimeZone) -> Pending<()> { let _ = (room, start, budgets, zone); todo!() }
    /// A retry: the failed attempt's ledger entry and the next attempt's row, in one transaction.
    pub fn retry(&self, failed: LedgerEntry, next: AttemptStart) -> Pending<()> { let _ = (failed, next); todo!() }
    /// Deltas of all runs of one tick, in one transaction.
    pub fn append(&self, deltas: Vec<Delta>) -> Pending<()> { let _ = deltas; todo!() }
    /// The last deltas, the reply and its ledger entry, in one transaction; deltas are folded into the reply.
    pub fn finish(&self, deltas: Vec<Delta>, end: ReplyEnd) -> Pending<()> { let _ = (deltas, end); todo!() }
    /// Saves what was typed and not sent. A room that has no turn yet is created only if the draft is not empty.
    pub fn save_draft(&self, room: RoomHead, draft: String) -> Pending<()> { let _ = (room, draft); todo!() }
    /// Saves name and seats of a room that exists.
    pub fn save_room(&self, room: RoomHead) -> Pending<()> { let _ = room; todo!() }
    /// Takes the room for writing by this instance; `ReadOnly` when another live instance has it (names its pid).
    pub fn claim_room(&self, room: RoomId) -> Pending<()> { let _ = room; todo!() }
    /// A room with all its turns. By id, by name, or the last one in which something happened (not hidden).
    pub fn load_room(&self, which: WhichRoom) -> Pending<Room> { let _ = which; todo!() }
    pub fn rooms(&self, hidden: bool) -> Pending<Vec<RoomLine>> { let _ = hidden; todo!() }
    pub fn usage(&self, query: UsageQuery) -> Pending<UsageReport> { let _ = query; todo!() }
    /// The sum of charges since a time, of one room or of all.
    pub fn spent(&self, since: Option<Millis>, room: Option<RoomId>) -> Pending<Sum> { let _ = (since, room); todo!() }
    /// The last prompts, newest first, over all rooms, without repeats.
    pub fn prompts(&self, limit: usize) -> Pending<Vec<String>> { let _ = limit; todo!() }
    /// A value that salon remembers between starts (the last line-up, the layout). 
    pub fn remember(&self, key: &'static str, value: String) -> Pending<()> { let _ = (key, value); todo!() }
    pub fn remembered(&self, key: &'static str) -> Pending<Option<String>> { let _ = key; todo!() }
    /// Commits what is queued and ends the thread.
    pub fn close(&self) { todo!() }
}

#[derive(Clone, Debug)]
pub enum WhichRoom { Id(RoomId), Name(String), Last }
