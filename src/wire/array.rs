//! The elements of one JSON array that comes in pieces: each object or list in it is handed out
//! when its last byte has come. Scalars between them are skipped. It must not read the elements.

use std::borrow::Cow;

use crate::wire::{CAP, KEPT, TooLong, text_of};

/// The framer.
#[derive(Debug)]
pub struct Array {
    element: Vec<u8>,
    spent: bool,
    /// Open brackets inside of the array.
    depth: usize,
    place: Place,
    /// Inside of a string; `escaped`: after its backslash.
    in_text: bool,
    escaped: bool,
    cap: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    Inside,
    Behind,
}

impl Default for Array {
    fn default() -> Self {
        Self::with_cap(CAP)
    }
}

impl Array {
    /// A framer whose elements may have that many bytes.
    #[must_use]
    pub fn with_cap(cap: usize) -> Self {
        Self {
            element: Vec::new(),
            spent: false,
            depth: 0,
            place: Place::Before,
            in_text: false,
            escaped: false,
            cap,
        }
    }

    /// Reads from the front of `input` up to the end of the next element. `None`: all of it is read
    /// and no element has ended.
    ///
    /// # Errors
    /// When an element is longer than the cap.
    pub fn next<'a>(&'a mut self, input: &mut &[u8]) -> Result<Option<Cow<'a, str>>, TooLong> {
        if std::mem::take(&mut self.spent) {
            self.element.clear();
            self.element.shrink_to(KEPT);
        }
        let bytes = *input;
        let mut from = (self.depth > 0).then_some(0);
        for (at, byte) in bytes.iter().enumerate() {
            let before = self.depth;
            self.step(*byte);
            match (before, self.depth) {
                (0, 1) => from = Some(at),
                (1, 0) => {
                    self.keep(bytes.get(from.unwrap_or(at)..=at).unwrap_or_default())?;
                    *input = bytes.get(at + 1..).unwrap_or_default();
                    self.spent = true;
                    return Ok(Some(text_of(&self.element)));
                }
                _ => {}
            }
        }
        if let Some(from) = from {
            self.keep(bytes.get(from..).unwrap_or_default())?;
        }
        *input = &[];
        Ok(None)
    }

    /// How many bytes wait for the end of their element.
    #[must_use]
    pub fn held(&self) -> usize {
        if self.spent { 0 } else { self.element.len() }
    }

    /// Whether the end of the array was seen.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.place == Place::Behind
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        self.element.extend_from_slice(bytes);
        if self.element.len() > self.cap { Err(TooLong { cap: self.cap }) } else { Ok(()) }
    }

    fn step(&mut self, byte: u8) {
        match self.place {
            Place::Before if byte == b'[' => self.place = Place::Inside,
            Place::Before | Place::Behind => {}
            Place::Inside if self.in_text => match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            },
            Place::Inside => match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b']' if self.depth == 0 => self.place = Place::Behind,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> (Vec<String>, bool) {
        let mut framer = Array::default();
        let mut out = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(element) = framer.next(&mut input).expect("under the cap") {
                out.push(element.into_owned());
            }
        }
        (out, framer.is_over())
    }

    #[test]
    fn elements_are_values() {
        let table: &[(&str, &[&str], bool)] = &[
            ("[]", &[], true),
            (" \r\n[{\"a\":1}\n,\r\n{\"b\":[{}]}]\n", &["{\"a\":1}", "{\"b\":[{}]}"], true),
            ("[{\"a\":\"]}\\\"{\"},[1]]", &["{\"a\":\"]}\\\"{\"}", "[1]"], true),
            ("[7,\"{\",null,{}", &["{}"], false),
            ("[{\"a\":1},{\"b\":", &["{\"a\":1}"], false),
            ("[{}] [{}]", &["{}"], true),
            ("[}{}]", &["{}"], true),
        ];
        for (text, elements, over) in table {
            let expected = (elements.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), *over);
            assert_eq!(read(&[text.as_bytes()]), expected, "{text}");
            for at in 0..=text.len() {
                let (head, tail) = text.as_bytes().split_at(at);
                assert_eq!(read(&[head, tail]), expected, "{text} at {at}");
            }
        }
    }

    #[test]
    fn one_element_has_a_cap() {
        assert_eq!(Array::with_cap(3).next(&mut &b"[{}, {\"a\":1}]"[..]).map(|e| e.is_some()), Ok(true));
        assert_eq!(Array::with_cap(3).next(&mut &b"[{\"a\":"[..]), Err(TooLong { cap: 3 }));
    }
}
