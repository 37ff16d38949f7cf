//! The words that callers and the store share: what is asked of it and what it answers. Plain data;
//! nothing here knows SQL or does IO.

use std::path::Path;

use crate::chat::AttemptStart;
use crate::chat::Charge;
use crate::chat::ContextMode;
use crate::chat::Fault;
use crate::chat::LedgerEntry;
use crate::chat::Media;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Pico;
use crate::chat::ReplyId;
use crate::chat::RoomId;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Status;
use crate::chat::Sum;
use crate::chat::Tokens;
use crate::chat::ToolCall;
use crate::chat::TurnId;
use crate::store::Store;
use crate::store::codec;
use crate::text::Untrusted;

/// Why the store could not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// No such room, turn or reply.
    #[error("{0}")]
    NotFound(String),
    /// A hard budget is spent; nothing was written.
    #[error("{why}")]
    Budget {
        /// Which budget, and how much of it is spent.
        why: String,
        /// What to do.
        advice: String,
    },
    /// The writer thread is gone.
    #[error("the store has closed")]
    Closed,
}

/// Where the database is.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// In a file, which is created when it is not there, with its directory.
    File(&'a Path),
    /// Nowhere: it ends with the store.
    Memory,
}

/// What was found while opening.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// What a person should know: nothing is saved, a damaged file was set aside, replies were interrupted.
    pub notices: Vec<Notice>,
}

/// An attempt whose end nobody saw, because the salon that ran it died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Who was asked.
    pub model: ModelRef,
    /// When it was begun.
    pub at: Millis,
    /// About how many characters were sent: the prompts and replies that the seat had before it.
    pub prompt_chars: u64,
    /// How many characters had come, thinking included.
    pub output_chars: u64,
}

/// Estimates tokens and charge of an [`Orphan`] (safety R51). The source of the charge is
/// `Estimated` or, when there is no price, `Unknown`.
pub type Estimator<'a> = dyn Fn(&Orphan) -> (Tokens, Charge) + 'a;

/// A room as it is created with its first turn, or brought up to date: name, seats, positions.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomHead {
    /// Which.
    pub id: RoomId,
    /// What it shall be called. When another room has that name already, a number is added.
    pub name: String,
    /// Whether lists leave it out.
    pub hidden: bool,
    /// What a seat is sent.
    pub context: ContextMode,
    /// The line-up, in the order of the panes.
    pub seats: Vec<Seat>,
}

/// What is committed before any request of a turn leaves.
#[derive(Clone, Debug)]
pub struct TurnStart {
    /// Created when it is not there yet; its seats replace the stored ones.
    pub room: RoomHead,
    /// The new turn.
    pub turn: TurnId,
    /// The turn that it follows.
    pub parent: Option<TurnId>,
    /// When it was sent.
    pub at: Millis,
    /// What the person wrote.
    pub prompt: String,
    /// What goes along with it.
    pub attachments: Vec<Media>,
    /// One per target seat, in pane order.
    pub replies: Vec<ReplyStart>,
}

/// One reply that is asked for, with its first attempt.
#[derive(Clone, Debug)]
pub struct ReplyStart {
    /// The new reply.
    pub reply: ReplyId,
    /// The turn it answers.
    pub turn: TurnId,
    /// Whose it is.
    pub seat: SeatId,
    /// 1 for the first of the seat in the turn.
    pub sibling: u32,
    /// Who is asked.
    pub model: ModelRef,
    /// Its first attempt. An attempt that can cost nothing for sure (local, play money) reserves 0,
    /// and a turn of such attempts only is outside the budgets.
    pub attempt: AttemptStart,
}

/// What kind of delta a piece of a reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaKind {
    /// Text of the reply.
    Text,
    /// Thinking.
    Thinking,
    /// A whole tool call, as JSON: see [`tool_call_text`].
    ToolCall,
    /// State to send back, raw JSON.
    Opaque,
    /// Something else that was shown: a refusal, a placeholder.
    Part,
    /// What was told beside it, in salon's words.
    Note,
}

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The reply.
    pub reply: ReplyId,
    /// Its place among the pieces of the reply, of all kinds and attempts: rising, never used twice.
    /// The same number again is the same piece again and changes nothing.
    pub seq: u64,
    /// What it is.
    pub kind: DeltaKind,
    /// The piece. `ToolCall` and `Opaque` are JSON text.
    pub text: String,
}

/// The text that a whole tool call is stored as: `{"id","name","arguments"}`, the arguments as raw
/// text, because they may be no JSON.
#[must_use]
pub fn tool_call_text(call: &ToolCall) -> String {
    codec::tool_call_json(call)
}

/// How a reply ended; folded with its deltas and the ledger entry in one transaction.
#[derive(Clone, Debug)]
pub struct ReplyEnd {
    /// The reply.
    pub reply: ReplyId,
    /// How it ended.
    pub status: Status,
    /// Why it ended, when it ended well.
    pub finish: Option<String>,
    /// Why it failed.
    pub fault: Option<Fault>,
    /// Tokens of the last attempt.
    pub tokens: Tokens,
    /// Sum over attempts.
    pub charge: Charge,
    /// The model that really served.
    pub served_model: Option<Untrusted>,
    /// The provider behind the provider.
    pub upstream: Option<Untrusted>,
    /// How many requests there were.
    pub attempts: u32,
    /// From sending to the first token, in milliseconds.
    pub ttft_ms: Option<u64>,
    /// From the submit to the end, in milliseconds.
    pub total_ms: u64,
    /// The row of the last attempt.
    pub entry: LedgerEntry,
}

/// An attempt that has ended without a figure of the provider's, and can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsettled {
    /// The reply that it was for.
    pub reply: ReplyId,
    /// Which attempt of it.
    pub n: u32,
    /// Who was asked.
    pub model: ModelRef,
    /// The provider's name for it.
    pub generation: String,
}

/// What a provider says afterwards of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The reply that it was for.
    pub reply: ReplyId,
    /// Which attempt of it.
    pub n: u32,
    /// When it was said.
    pub at: Millis,
    /// What was paid.
    pub cost: Pico,
    /// The provider's count, as far as told.
    pub tokens: Tokens,
    /// The model that really served.
    pub served_model: Option<Untrusted>,
    /// The provider behind the provider.
    pub upstream: Option<Untrusted>,
    /// The service tier that served.
    pub tier: Option<String>,
    /// The provider's own object, JSON text.
    pub raw: String,
}

/// What a reply costs after one of its attempts was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The reply.
    pub reply: ReplyId,
    /// All its attempts together.
    pub charge: Charge,
    /// The tokens of the attempt.
    pub tokens: Tokens,
}

/// Limits in pico-dollars; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// For a calendar day of the zone.
    pub day: Option<Pico>,
    /// For a week from Monday.
    pub week: Option<Pico>,
    /// For a calendar month.
    pub month: Option<Pico>,
    /// For one room, for ever.
    pub room: Option<Pico>,
}

/// A line of `salon rooms list`.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomLine {
    /// Which.
    pub id: RoomId,
    /// What it is called.
    pub name: String,
    /// When something last happened in it.
    pub at: Millis,
    /// How many turns it has.
    pub turns: u64,
    /// Its line-up.
    pub models: Vec<ModelRef>,
    /// What it has cost.
    pub sum: Sum,
}

/// Which room is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichRoom {
    /// The one of that name, exactly.
    Name(String),
    /// The one in which something last happened, hidden ones left out.
    Last,
}

/// By what a usage report is grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// By the model that was asked for.
    Model,
    /// By provider.
    Provider,
    /// By key, as `provider/alias`.
    Key,
    /// By day of the query's zone, as `2026-11-03`.
    Day,
    /// By room.
    Room,
    /// By door.
    Door,
    /// By who asked.
    Who,
    /// By the user's label.
    Tag,
    /// Not at all: a row per attempt, as `reply/n`.
    Attempt,
}

/// A question about usage. Times are UTC; `Day` groups by days of `zone`.
#[derive(Clone, Debug)]
pub struct UsageQuery {
    /// Attempts begun at this time or later.
    pub since: Option<Millis>,
    /// Attempts begun before this time.
    pub until: Option<Millis>,
    /// What makes a row.
    pub by: GroupBy,
    /// Whose days they are.
    pub zone: jiff::tz::TimeZone,
}

/// One row of a usage report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageRow {
    /// What the row is of.
    pub key: String,
    /// How many attempts have ended.
    pub attempts: u64,
    /// Their tokens; a kind that no attempt told is `None`.
    pub tokens: Tokens,
    /// What they cost.
    pub sum: Sum,
    /// Those whose provider says something else than the prices do.
    pub apart: Apart,
}

/// Charges for which the provider's figure and our own are more than a hundredth apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// How many.
    pub count: u64,
    /// What providers say, in pico-dollars.
    pub reported: i128,
    /// What the prices say.
    pub computed: i128,
}

/// An answer about usage. Days and attempts come in the order of time, other rows dearest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageReport {
    /// The rows.
    pub rows: Vec<UsageRow>,
    /// All of them together.
    pub total: UsageRow,
}
