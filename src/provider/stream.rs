//! What the decoders of all formats share: text that waits for the end of a push, what kind of body
//! it is, and the two ways in which a body itself is at fault. No schema of any format is here.

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::StreamEvent;
use crate::provider::think::Kind;
use crate::text::Untrusted;

/// How much of a body that is no stream is kept for the sentence about it.
pub(super) const MOST_PREFACE: usize = 2048;

/// What kind of body it is, by its first byte that is no white space: content types lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Unknown,
    Events,
    /// One JSON value or a page.
    Whole,
}

/// Text of the same kind that waits for the end of the push.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) kind: Kind,
    pub(super) text: String,
}

impl Default for Pending {
    fn default() -> Self {
        Self { kind: Kind::Text, text: String::new() }
    }
}

impl Pending {
    pub(super) fn add(&mut self, kind: Kind, text: &str, out: &mut Vec<StreamEvent>) {
        if kind != self.kind {
            self.flush(out);
            self.kind = kind;
        }
        self.text.push_str(text);
    }

    pub(super) fn flush(&mut self, out: &mut Vec<StreamEvent>) {
        if self.text.is_empty() {
            return;
        }
        let text = Untrusted::from(std::mem::take(&mut self.text));
        out.push(match self.kind {
            Kind::Text => StreamEvent::Text(text),
            Kind::Thinking => StreamEvent::Thinking(text),
        });
    }
}

/// What kind of body these bytes begin.
pub(super) fn mode_of(bytes: &[u8]) -> Mode {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xEF\xBB\xBF".contains(byte));
    match first {
        None => Mode::Unknown,
        Some(b'{' | b'[' | b'<') => Mode::Whole,
        Some(_) => Mode::Events,
    }
}

/// Whether the beginning of a body without a whole frame can be the beginning of a stream.
pub(super) fn may_be_events(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    let line = body.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let fields: [&[u8]; 6] = [b":", b"data:", b"event:", b"id:", b"retry:", b"error:"];
    fields.iter().any(|field| line.starts_with(field) || field.starts_with(line))
}

/// Whether the value of an `error` member says that there was one.
pub(super) fn is_error(json: &str) -> bool {
    !matches!(json, "false" | "{}" | "[]" | "\"\"" | "0")
}

/// The body ended before the reply did.
pub(super) fn cut() -> Fault {
    Fault::cut("The reply was cut: the stream ended without its end mark.")
        .hint("The text so far is kept. Ask again for a whole reply.")
}

/// A frame is longer than what is read.
pub(super) fn too_long() -> Fault {
    let mut fault =
        Fault::new(FaultClass::Protocol, "The stream has a line or an event of more than 16 MiB.")
            .hint("What came until then is kept. Check the base_url in the config.");
    fault.cut = true;
    fault
}
