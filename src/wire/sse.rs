//! Server-sent events as a machine that is fed with bytes: the rules of the WHATWG, and three
//! departures that real servers need. An event without its blank line at the end of the body is
//! kept when it is whole; a bare `error:` line is an error event; comments are told, because they
//! show that the server is alive.
//!
//! It must not: reconnect, read JSON (but to see whether the last event is whole), or hold more
//! than one event.

use std::borrow::Cow;

use memchr::memchr2;
use serde::de::IgnoredAny;

use crate::wire::{CAP, KEPT, TooLong, text_of};

/// What the stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// An event: its type (`message` when it has none) and its data.
    Event {
        /// The type.
        name: Cow<'a, str>,
        /// The data lines, joined with newlines.
        data: Cow<'a, str>,
    },
    /// A comment: a sign of life.
    Comment,
}

/// How the body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail<'a> {
    /// Between two events.
    Clean,
    /// With a whole event that lacked its blank line.
    Last(Frame<'a>),
    /// In the middle of an event.
    Cut,
}

/// The framer.
#[derive(Debug)]
pub struct Sse {
    /// A line that has begun in earlier bytes.
    line: Vec<u8>,
    /// The data of the event that is being read.
    data: Vec<u8>,
    has_data: bool,
    name: Vec<u8>,
    /// The event has been handed out; its buffers are emptied before the next byte.
    spent: bool,
    /// The last byte was a carriage return, so that a newline belongs to it.
    after_cr: bool,
    /// No line has been read yet, so that a byte order mark may stand here.
    first: bool,
    cap: usize,
}

enum Step {
    /// The input is used up.
    Hungry,
    Event,
    Comment,
}

impl Default for Sse {
    fn default() -> Self {
        Self::with_cap(CAP)
    }
}

impl Sse {
    /// A framer whose lines and events may have that many bytes.
    #[must_use]
    pub fn with_cap(cap: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            name: Vec::new(),
            spent: false,
            after_cr: false,
            first: true,
            cap,
        }
    }

    /// Reads from the front of `input` up to the end of the next frame. `None`: all of it is read
    /// and no frame has ended.
    ///
    /// # Errors
    /// When a line or an event is longer than the cap.
    pub fn next<'a>(&'a mut self, input: &mut &[u8]) -> Result<Option<Frame<'a>>, TooLong> {
        match self.step(input)? {
            Step::Hungry => Ok(None),
            Step::Comment => Ok(Some(Frame::Comment)),
            Step::Event => Ok(Some(self.event())),
        }
    }

    /// How many bytes wait for the end of their line or event.
    #[must_use]
    pub fn held(&self) -> usize {
        if self.spent { self.line.len() } else { self.line.len() + self.data.len() }
    }

    /// The body has ended.
    pub fn end(&mut self) -> Tail<'_> {
        self.clear_spent();
        let line = std::mem::take(&mut self.line);
        if std::str::from_utf8(&line).is_err() {
            return Tail::Cut;
        }
        let step = if line.is_empty() { Ok(Step::Hungry) } else { self.take_line(&line) };
        if step.is_err() {
            return Tail::Cut;
        }
        if !self.has_data {
            return Tail::Clean;
        }
        self.has_data = false;
        self.spent = true;
        if is_whole(&self.data) { Tail::Last(self.event()) } else { Tail::Cut }
    }

    fn step(&mut self, input: &mut &[u8]) -> Result<Step, TooLong> {
        self.clear_spent();
        loop {
            if self.after_cr && !input.is_empty() {
                self.after_cr = false;
                *input = input.strip_prefix(b"\n").unwrap_or(input);
            }
            let bytes = *input;
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.line.extend_from_slice(bytes);
                *input = &[];
                return if self.line.len() > self.cap { Err(self.too_long()) } else { Ok(Step::Hungry) };
            };
            let (head, rest) = bytes.split_at(end);
            self.after_cr = rest.first() == Some(&b'\r');
            *input = rest.get(1..).unwrap_or_default();
            let step = if self.line.is_empty() {
                self.take_line(head)?
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(head);
                if line.len() > KEPT && !self.has_data && line.starts_with(b"data:") {
                    self.move_data(line)?
                } else {
                    let step = self.take_line(&line)?;
                    line.clear();
                    line.shrink_to(KEPT);
                    self.line = line;
                    step
                }
            };
            if !matches!(step, Step::Hungry) {
                return Ok(step);
            }
        }
    }

    /// One whole line, without its end.
    fn take_line(&mut self, line: &[u8]) -> Result<Step, TooLong> {
        let line = if std::mem::take(&mut self.first) {
            line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            return Ok(self.blank_line());
        }
        if line.len() > self.cap {
            return Err(self.too_long());
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            return self.add_data(value).map(|()| Step::Hungry);
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = match colon {
            Some(0) => return Ok(Step::Comment),
            Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default()),
            None => (line, &[][..]),
        };
        match field {
            b"data" => self.add_data(value)?,
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            }
            // Not of the standard: old servers write an error as a field of that name.
            b"error" if !value.is_empty() => {
                self.name.clear();
                self.name.extend_from_slice(b"error");
                self.add_data(value)?;
            }
            _ => {}
        }
        Ok(Step::Hungry)
    }

    fn add_data(&mut self, value: &[u8]) -> Result<(), TooLong> {
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if self.has_data {
            self.data.push(b'\n');
        }
        self.has_data = true;
        self.data.extend_from_slice(value);
        if self.data.len() > self.cap { Err(self.too_long()) } else { Ok(()) }
    }

    /// A long line that begins an event becomes its data without a copy: there is an image in it.
    fn move_data(&mut self, mut line: Vec<u8>) -> Result<Step, TooLong> {
        if line.len() > self.cap {
            return Err(self.too_long());
        }
        self.first = false;
        self.has_data = true;
        line.drain(..if line.get(5) == Some(&b' ') { 6 } else { 5 });
        self.data = line;
        Ok(Step::Hungry)
    }

    fn blank_line(&mut self) -> Step {
        if self.has_data {
            self.has_data = false;
            self.spent = true;
            Step::Event
        } else {
            self.name.clear();
            Step::Hungry
        }
    }

    fn clear_spent(&mut self) {
        if std::mem::take(&mut self.spent) {
            self.data.clear();
            self.name.clear();
            self.data.shrink_to(KEPT);
        }
    }

    fn event(&self) -> Frame<'_> {
        let name = if self.name.is_empty() { Cow::Borrowed("message") } else { text_of(&self.name) };
        Frame::Event { name, data: text_of(&self.data) }
    }

    fn too_long(&self) -> TooLong {
        TooLong { cap: self.cap }
    }
}

/// Whether data without its blank line is all that the server meant to send.
fn is_whole(data: &[u8]) -> bool {
    data.trim_ascii() == b"[DONE]" || serde_json::from_slice::<IgnoredAny>(data).is_ok()
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
