//! The formats on the wire, without IO: bytes become frames, and frames become typed members.
//!
//! Nothing here knows a socket, a provider or a price. Every reader takes any split of the bytes
//! and works in time that grows with the bytes alone.

use std::borrow::Cow;

pub mod anthropic;
pub mod array;
pub mod chat_request;
pub mod gemini;
pub mod models;
pub mod ndjson;
pub mod ollama;
pub mod openai;
pub mod responses;
pub mod sse;
mod tolerant;

pub use tolerant::{List, Obj, Raw, Text, Tolerant, Whole};

/// A line or an event is longer than its cap; nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one line or event is longer than {cap} bytes")]
pub struct TooLong {
    /// The cap, in bytes.
    pub cap: usize,
}

/// The longest line and the longest event (safety R40). Images travel inside of events.
pub const CAP: usize = 16 * 1024 * 1024;

/// What a framer keeps of its buffers from one frame to the next: one frame with an image must not
/// hold its megabytes for the rest of the stream.
const KEPT: usize = 64 * 1024;

/// The text of a frame. Nearly all are UTF-8, which is found out a word at a time; what is not has
/// replacement characters.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Whether something of a wrong type was skipped in what was read.
#[must_use]
pub fn is_odd(read: &impl Tolerant) -> bool {
    read.odd()
}
