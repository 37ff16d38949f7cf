//! The book: one row per attempt, also for retries, stops and failures.

use crate::chat::fault::FaultClass;
use crate::chat::id::{Millis, ReplyId, RoomId, SeatId, TurnId};
use crate::chat::model::ModelRef;
use crate::chat::usage::{Charge, Tokens};
use crate::text::Untrusted;

/// Through which door an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// The screen.
    Tui,
    /// The command line.
    Cli,
}

impl Door {
    /// The name in the store and the JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tui => "tui",
            Self::Cli => "cli",
        }
    }
}

/// What is written before a request leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptStart {
    /// The reply that it is for.
    pub reply: ReplyId,
    /// 1 for the first, 2 and 3 for retries.
    pub n: u32,
    /// When.
    pub at: Millis,
    /// Through which door.
    pub door: Door,
    /// The room, when there is one.
    pub room: Option<RoomId>,
    /// The turn, when there is one.
    pub turn: Option<TurnId>,
    /// The seat, when there is one.
    pub seat: Option<SeatId>,
    /// Who was asked.
    pub model: ModelRef,
    /// What the key is called; never the key.
    pub key_alias: String,
    /// Who asked.
    pub who: String,
    /// The user's label for it.
    pub tag: Option<String>,
    /// The most that it can cost in pico-dollars, held against the budgets until it is settled;
    /// `None` when it cannot be told.
    pub reserve: Option<i64>,
}

/// What is written when an attempt has ended. With [`AttemptStart`] it is the whole row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The reply that it is for.
    pub reply: ReplyId,
    /// Which attempt of it.
    pub n: u32,
    /// When it ended.
    pub at: Millis,
    /// The model that really served.
    pub served_model: Option<Untrusted>,
    /// The provider behind the provider.
    pub upstream: Option<Untrusted>,
    /// The id to ask for the true cost later.
    pub generation_id: Option<Untrusted>,
    /// Tokens, in disjoint kinds.
    pub tokens: Tokens,
    /// The service tier that served, in the provider's word.
    pub tier: Option<String>,
    /// The provider's own usage, JSON text.
    pub raw_usage: Option<String>,
    /// The prices that were in force, JSON text, as the price book writes them.
    pub prices: Option<String>,
    /// What it cost.
    pub charge: Charge,
    /// What our own prices say, when the provider reported its own figure.
    pub computed: Option<i64>,
    /// From the request's sending to the first token, in milliseconds.
    pub ttft_ms: Option<u64>,
    /// From the request's sending to the end, in milliseconds.
    pub duration_ms: u64,
    /// Why it ended, when it ended well.
    pub finish: Option<String>,
    /// Why it failed.
    pub error_class: Option<FaultClass>,
}
