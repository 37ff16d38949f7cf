//! What a stream says, in words that every dialect shares.
//!
//! Laws, each held by a test: nothing follows `Finished` or a fault; any split of the bytes gives
//! the same events when neighbouring texts are joined; text is valid UTF-8; a stream is complete
//! only with the protocol's own end mark. A failure is not an event: it is the stream's one last
//! [`crate::chat::Fault`].

use crate::chat::message::ToolCall;
use crate::chat::usage::{Pico, Tokens};
use crate::text::Untrusted;

/// One thing that a stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// Once, when the server says who serves; may come in several pieces, the first of each wins.
    Started {
        /// The model that really serves.
        served_model: Option<Untrusted>,
        /// The provider behind the provider.
        upstream: Option<Untrusted>,
        /// The id to ask for the true cost later.
        generation_id: Option<Untrusted>,
    },
    /// Text of the reply.
    Text(Untrusted),
    /// Thinking that the model shows.
    Thinking(Untrusted),
    /// State to send back unchanged with the next request, raw JSON.
    Opaque(String),
    /// A whole tool call.
    ToolCall(ToolCall),
    /// Something else in the reply, whole or as a placeholder with its size: a refusal, an image,
    /// a citation.
    Part(Untrusted),
    /// Tokens so far: cumulative, the last one wins. `raw` is the provider's own JSON.
    Usage {
        /// The counts, in disjoint kinds.
        tokens: Tokens,
        /// The provider's own object, as JSON text.
        raw: String,
        /// What else their price depends on.
        billing: Billing,
    },
    /// What the provider says that it cost.
    Cost(Pico),
    /// The server is alive and has nothing to say.
    KeepAlive,
    /// What a person should know about how the request was sent: a parameter that was left out or
    /// changed. In salon's words.
    Note(String),
    /// The provider's limit for this key is used up; it is lifted after so many milliseconds.
    Hold(u64),
    /// The protocol's own end mark was seen, and the stream has ended.
    Finished(Finish),
}

/// What the price of tokens depends on besides the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Billing {
    /// The service tier that really served, in the provider's word; `None` when not told.
    pub tier: Option<String>,
    /// Tokens of other models that are contained in the count: their ids and tokens.
    pub apart: Vec<(String, Tokens)>,
    /// Part of the count was inferred and not told: what it costs is an estimate.
    pub guessed: bool,
    /// The part of the input read from a cache that was sound; `None` when not told.
    pub audio_cached: Option<u64>,
    /// The part of the input, cached or not, that was pictures; `None` when not told.
    pub image_input: Option<u64>,
}

/// Why a reply ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model had said all.
    Stop,
    /// The limit of tokens was reached.
    Length,
    /// The model wants tools to be called.
    ToolCalls,
    /// A filter of the provider ended it.
    ContentFilter,
    /// The model refused.
    Refusal,
    /// The server ended the stream well, but gave no reason.
    Unknown,
    /// A reason that is none of these.
    Other(Untrusted),
}

impl Finish {
    /// The word for it in the store, the JSON and on the screen.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Stop => "stop".to_owned(),
            Self::Length => "length".to_owned(),
            Self::ToolCalls => "tool_calls".to_owned(),
            Self::ContentFilter => "content_filter".to_owned(),
            Self::Refusal => "refusal".to_owned(),
            Self::Unknown => "unknown".to_owned(),
            Self::Other(raw) => raw.line().into_owned(),
        }
    }
}
