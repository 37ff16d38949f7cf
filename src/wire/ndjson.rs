//! One JSON value a line, as a machine that is fed with bytes. Blank lines are skipped; the last
//! line may lack its end when it is whole. It must not read the values.

use std::borrow::Cow;

use memchr::memchr;
use serde::de::IgnoredAny;

use crate::wire::{CAP, KEPT, TooLong, text_of};

/// How the body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail<'a> {
    /// After a whole line.
    Clean,
    /// With a whole value whose line had no end.
    Last(Cow<'a, str>),
    /// In the middle of a value.
    Cut,
}

/// The framer.
#[derive(Debug)]
pub struct Ndjson {
    line: Vec<u8>,
    spent: bool,
    cap: usize,
}

impl Default for Ndjson {
    fn default() -> Self {
        Self::with_cap(CAP)
    }
}

impl Ndjson {
    /// A framer whose lines may have that many bytes.
    #[must_use]
    pub fn with_cap(cap: usize) -> Self {
        Self { line: Vec::new(), spent: false, cap }
    }

    /// Reads from the front of `input` up to the end of the next line that is not blank. `None`:
    /// all of it is read and no line has ended.
    ///
    /// # Errors
    /// When a line is longer than the cap.
    pub fn next<'a>(&'a mut self, input: &mut &[u8]) -> Result<Option<Cow<'a, str>>, TooLong> {
        if self.step(input)? {
            self.spent = true;
            return Ok(Some(text_of(self.line.trim_ascii())));
        }
        Ok(None)
    }

    /// How many bytes wait for the end of their line.
    #[must_use]
    pub fn held(&self) -> usize {
        if self.spent { 0 } else { self.line.len() }
    }

    /// The body has ended.
    pub fn end(&mut self) -> Tail<'_> {
        self.clear_spent();
        self.spent = true;
        let line = self.line.trim_ascii();
        if line.is_empty() {
            Tail::Clean
        } else if serde_json::from_slice::<IgnoredAny>(line).is_ok() {
            Tail::Last(text_of(line))
        } else {
            Tail::Cut
        }
    }

    /// Whether `line` holds a whole line now.
    fn step(&mut self, input: &mut &[u8]) -> Result<bool, TooLong> {
        self.clear_spent();
        loop {
            let end = memchr(b'\n', input);
            let (head, rest) = match end {
                Some(at) => (input.get(..at).unwrap_or_default(), input.get(at + 1..).unwrap_or_default()),
                None => (*input, &[][..]),
            };
            self.line.extend_from_slice(head);
            *input = rest;
            if self.line.len() > self.cap {
                return Err(TooLong { cap: self.cap });
            }
            if end.is_none() {
                return Ok(false);
            }
            if self.line.trim_ascii().is_empty() {
                self.line.clear();
            } else {
                return Ok(true);
            }
        }
    }

    fn clear_spent(&mut self) {
        if std::mem::take(&mut self.spent) {
            self.line.clear();
            self.line.shrink_to(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let mut framer = Ndjson::default();
        let mut out = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(line) = framer.next(&mut input).expect("under the cap") {
                out.push(line.into_owned());
            }
        }
        match framer.end() {
            Tail::Clean => {}
            Tail::Last(line) => out.push(line.into_owned()),
            Tail::Cut => out.push("cut".to_owned()),
        }
        out
    }

    #[test]
    fn lines_are_values() {
        assert_eq!(read(&[b"{\"a\":1}\r\n\n{\"b\":2}\n"]), ["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(read(&[b"{\"a\":1}\n{\"b\":2}"]), ["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(read(&[b"{\"a\":1}\n{\"b\":"]), ["{\"a\":1}", "cut"]);
        assert_eq!(Ndjson::with_cap(3).next(&mut &b"abcd"[..]), Err(TooLong { cap: 3 }));
    }

    #[test]
    fn every_split_point_gives_the_same_lines() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ollama-chat.ndjson");
        let bytes = std::fs::read(path).expect("the recording is there");
        let whole = read(&[&bytes]);
        assert!(whole.len() > 1);
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(read(&[head, tail]), whole, "split at {at}");
        }
    }
}
