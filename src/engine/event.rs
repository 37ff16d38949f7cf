//! What the engine tells a door about a run: plain data, which knows nothing of who reads it.

use crate::chat::Charge;
use crate::chat::Fault;
use crate::chat::RunId;
use crate::chat::Status;
use crate::chat::Tokens;
use crate::chat::ToolCall;
use crate::text::Untrusted;

/// Whether what is shown is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveState {
    /// It is again.
    Saved,
    /// It is not; says why.
    NotSaved(String),
}

/// One thing that happened to one run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEvent {
    /// The run.
    pub run: RunId,
    /// When, on the monotonic clock.
    pub at: std::time::Instant,
    /// What.
    pub kind: RunEventKind,
}

/// What happened. Text comes here only after it was committed (or `Save(NotSaved)` was told).
#[derive(Clone, Debug, PartialEq)]
pub enum RunEventKind {
    /// It waits for its turn at the provider.
    Queued {
        /// For what, in words.
        why: String,
        /// For how long, when that is known.
        for_ms: Option<u64>,
    },
    /// A request is being sent.
    Connecting {
        /// 1, 2 or 3.
        attempt: u32,
    },
    /// The server has said who serves; may come again with more.
    Started {
        /// The model that really serves.
        served_model: Option<Untrusted>,
        /// The provider behind the provider.
        upstream: Option<Untrusted>,
    },
    /// Text.
    Text(Untrusted),
    /// Thinking.
    Thinking(Untrusted),
    /// A whole tool call.
    ToolCall(ToolCall),
    /// Something else to show: refusal, image, citation.
    Part(Untrusted),
    /// The room is called so now: another room had the name that was asked for.
    Room(String),
    /// What a person should know about how the request was sent, in salon's words.
    Note(String),
    /// The server's own count so far.
    Usage(Tokens),
    /// An attempt failed and another one follows after a pause.
    Retry {
        /// The attempt that follows: 2 or 3.
        attempt: u32,
        /// The pause.
        after_ms: u64,
        /// Why the last one failed.
        why: Fault,
    },
    /// Whether what is shown is on disk.
    Save(SaveState),
    /// The end. Nothing follows but, when the end itself was not saved at first, `Save(Saved)`.
    Finished(Box<Outcome>),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Done, stopped, cut or failed.
    pub status: Status,
    /// Why it ended, when it ended well.
    pub finish: Option<String>,
    /// Why it failed or was cut.
    pub fault: Option<Fault>,
    /// Tokens of the last attempt.
    pub tokens: Tokens,
    /// The sum of its attempts.
    pub charge: Charge,
    /// How many requests were sent or begun.
    pub attempts: u32,
    /// From sending to the first token, of the last attempt.
    pub ttft_ms: Option<u64>,
    /// From the submit to the end.
    pub total_ms: u64,
    /// The model that really served.
    pub served_model: Option<Untrusted>,
    /// The provider behind the provider.
    pub upstream: Option<Untrusted>,
    /// What the key is called.
    pub key_alias: String,
}

impl RunEventKind {
    /// Takes `next` into itself when both are text of one kind, and says whether it did.
    pub(crate) fn join(&mut self, next: &Self) -> bool {
        match (self, next) {
            (Self::Text(text), Self::Text(more)) | (Self::Thinking(text), Self::Thinking(more)) => {
                text.push(more);
                true
            }
            _ => false,
        }
    }
}
