//! How a body is cut into frames. A framing knows how its streams begin, but no schema: what a frame
//! says is not read here.

use std::borrow::Cow;

use crate::provider::error;
use crate::wire::TooLong;
use crate::wire::ndjson;
use crate::wire::ndjson::Ndjson;
use crate::wire::sse;
use crate::wire::sse::{Frame, Sse};

/// Cuts the bytes of a body into frames.
pub(in crate::provider) trait Framing: Default + Send {
    /// How much of the beginning is kept until something was read, in bytes: for the sentence about
    /// a body that is no stream.
    const PREFACE: usize = 2048;

    /// Whether a body whose first byte that is no white space is this one can be a stream. Else it
    /// is one JSON value or a page: content types lie.
    fn begins_with(&mut self, first: u8) -> bool;

    /// Reads from the front of `input` up to the end of the next frame. `None`: all of it is read.
    ///
    /// # Errors
    /// When a frame is longer than what is read.
    fn next<'a>(&'a mut self, input: &mut &[u8]) -> Result<Option<Frame<'a>>, TooLong>;

    /// The body has ended; the last frame, when it is whole but for its end.
    fn end(&mut self) -> Option<Frame<'_>>;

    /// Whether the end of the stream was seen in its framing.
    fn is_over(&self) -> bool {
        false
    }

    /// Whether a body without a whole frame can be the beginning of a stream.
    fn is_begun(&self, _body: &[u8]) -> bool {
        true
    }

    /// How many bytes wait for the end of their frame.
    fn held(&self) -> usize;
}

impl Framing for Sse {
    fn begins_with(&mut self, first: u8) -> bool {
        !b"{[<".contains(&first)
    }

    fn next<'a>(&'a mut self, input: &mut &[u8]) -> Result<Option<Frame<'a>>, TooLong> {
        Self::next(self, input)
    }

    fn end(&mut self) -> Option<Frame<'_>> {
        match Self::end(self) {
            sse::Tail::Last(frame) => Some(frame),
            sse::Tail::Clean | sse::Tail::Cut => None,
        }
    }

    fn is_begun(&self, body: &[u8]) -> bool {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
        let line = body.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
        let fields: [&[u8]; 6] = [b":", b"data:", b"event:", b"id:", b"retry:", b"error:"];
        fields.iter().any(|field| line.starts_with(field) || field.starts_with(line))
    }

    fn held(&self) -> usize {
        Self::held(self)
    }
}

impl Framing for Ndjson {
    /// An error may stand there over several lines.
    const PREFACE: usize = error::MOST_BODY;

    fn begins_with(&mut self, _: u8) -> bool {
        true
    }

    fn next<'a>(&'a mut self, input: &mut &[u8]) -> Result<Option<Frame<'a>>, TooLong> {
        Ok(Self::next(self, input)?.map(nameless))
    }

    fn end(&mut self) -> Option<Frame<'_>> {
        match Self::end(self) {
            ndjson::Tail::Last(line) => Some(nameless(line)),
            ndjson::Tail::Clean | ndjson::Tail::Cut => None,
        }
    }

    fn held(&self) -> usize {
        Self::held(self)
    }
}

/// A frame of a framing that has no names.
pub(in crate::provider) fn nameless(data: Cow<'_, str>) -> Frame<'_> {
    Frame::Event { name: Cow::Borrowed("message"), data }
}
