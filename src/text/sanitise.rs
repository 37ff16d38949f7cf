//! The sanitising rule as one table: which class of character becomes what on which surface. Works on
//! characters and never reads escape sequences: with `ESC` itself replaced the rest is inert, no
//! state is needed, and an unfinished sequence cannot swallow text. Must not measure or wrap.
//!
//! Laws, each a test: no control character comes out; sanitising twice changes nothing; the pieces
//! of a stream give what the whole gives; at most eight bytes come out for one that went in. A line
//! break ends every context, so that `pane(a\nb)` is `pane(a)`, `\n`, `pane(b)` (unless `a` ends
//! with a carriage return).

use std::borrow::Cow;
use std::fmt::Write as _;

use super::class::BLACK_FLAG;
use super::class::Class;
use super::class::FLAG_TAGS;
use super::class::class;
use super::class::is_emoji;
use super::class::is_han;
use super::class::is_letter_or_mark;

/// Where text goes: the columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surface {
    /// A pane: several lines.
    Pane,
    /// One line on a surface that people trust.
    Line,
    /// The clipboard.
    Copy,
    /// A Markdown file.
    Export,
    /// Standard output into a pipe or a file.
    Stdout,
}

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It stays.
    Keep,
    /// It goes; in a pane it is counted.
    Drop,
    /// It becomes `\n`.
    Break,
    /// It becomes `␊`.
    BreakSign,
    /// It becomes its picture: U+2400 and the control's number, U+2421 for DEL.
    Picture,
    /// It becomes `<U+009B>`.
    Code,
    /// It becomes U+FFFD.
    Unknown,
    /// It stays where the test of its class allows it, else it goes.
    TestOrDrop,
    /// It stays where the test of its class allows it, else it becomes `<U+200D>`.
    TestOrCode,
    /// So many stay on one base, the others go.
    AtMost(u8),
}

use Fate::{AtMost, Break, BreakSign, Code, Drop, Keep, Picture, TestOrCode, TestOrDrop, Unknown};

/// The table. The columns: pane, line, copy, export, stdout.
///
/// Where a selector's test fails on a trusted line it is shown, as joiners and tags are: nothing
/// that is not seen gets there (R3). A carriage return before a line feed is part of the newline.
const TABLE: [(Class, [Fate; 5]); 15] = [
    (Class::Plain, [Keep, Keep, Keep, Keep, Keep]),
    (Class::Newline, [Break, BreakSign, Break, Break, Keep]),
    (Class::Tab, [Keep, Picture, Keep, Keep, Keep]),
    (Class::Control, [Picture, Picture, Drop, Drop, Drop]),
    (Class::C1, [Code, Code, Drop, Drop, Drop]),
    (Class::BidiOverride, [Code, Code, Drop, Code, Keep]),
    (Class::BidiMark, [Drop, Code, Keep, Keep, Keep]),
    (Class::Invisible, [Drop, Code, Drop, Keep, Keep]),
    (Class::Joiner, [TestOrDrop, TestOrCode, Keep, Keep, Keep]),
    (Class::Selector, [TestOrDrop, TestOrCode, TestOrDrop, Keep, Keep]),
    (Class::IdeographSelector, [TestOrDrop, TestOrCode, TestOrDrop, Keep, Keep]),
    (Class::Tag, [TestOrDrop, TestOrCode, Drop, Drop, Keep]),
    (Class::Private, [Unknown, Unknown, Keep, Keep, Keep]),
    (Class::Nonsense, [Unknown, Unknown, Drop, Keep, Keep]),
    (Class::Mark, [AtMost(8), AtMost(4), Keep, Keep, Keep]),
];

/// Makes a whole text safe for a surface; borrows when nothing changes.
pub(super) fn text(surface: Surface, source: &str) -> Cow<'_, str> {
    whole(surface, source).0
}

/// How many characters a pane does not show.
pub(super) fn hidden(source: &str) -> usize {
    whole(Surface::Pane, source).1
}

/// Everything that is not printable ASCII as `\u{…}`; line breaks and tabs stay. For looking at what
/// a text really holds.
pub(super) fn reveal(source: &str) -> Cow<'_, str> {
    let shown = |c: char| matches!(c, ' '..='~' | '\n' | '\t');
    if source.chars().all(shown) {
        return Cow::Borrowed(source);
    }
    let mut out = String::with_capacity(source.len() * 2);
    for c in source.chars() {
        if shown(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    Cow::Owned(out)
}

fn whole(surface: Surface, source: &str) -> (Cow<'_, str>, usize) {
    let mut filter = Filter::new(surface);
    let mut out = String::new();
    let done = filter.run(source, true, &mut out);
    if done.copied == 0 {
        return (Cow::Borrowed(source), filter.hidden);
    }
    out.push_str(source.get(done.copied..).unwrap_or_default());
    (Cow::Owned(out), filter.hidden)
}

/// The rule of the pane for a text that comes in pieces: all pieces together give exactly what the
/// whole text would give. What only the next piece can decide (a carriage return, a joiner, the tags
/// of a flag) is held back: a few characters at most.
#[derive(Clone, Debug)]
pub struct PaneStream {
    filter: Filter,
    held: String,
}

impl Default for PaneStream {
    fn default() -> Self {
        Self { filter: Filter::new(Surface::Pane), held: String::new() }
    }
}

impl PaneStream {
    /// Adds what came next; what can be shown of it is added to `out`.
    pub fn push(&mut self, more: &super::Untrusted, out: &mut String) {
        self.advance(more.raw(), false, out);
    }

    /// The text is at its end: what was held back is decided.
    pub fn finish(&mut self, out: &mut String) {
        self.advance("", true, out);
    }

    /// How many characters were hidden until now.
    #[cfg(test)]
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.filter.hidden
    }

    fn advance(&mut self, more: &str, last: bool, out: &mut String) {
        if self.held.is_empty() {
            let rest = self.filter.append(more, last, out);
            self.held.push_str(more.get(rest..).unwrap_or_default());
            return;
        }
        self.held.push_str(more);
        let source = std::mem::take(&mut self.held);
        let rest = self.filter.append(&source, last, out);
        self.held.push_str(source.get(rest..).unwrap_or_default());
    }
}

/// What is remembered between two characters.
#[derive(Clone, Debug)]
struct Filter {
    surface: Surface,
    /// The last character that came out; selectors do not count.
    last: char,
    /// Whether a selector came out after it.
    varied: bool,
    /// How many marks came out since the last base.
    marks: u8,
    /// Whether the flag was the character before, in the source: tags that follow something that
    /// was dropped do not follow the flag.
    after_flag: bool,
    hidden: usize,
}

/// How far a run came.
struct Done {
    /// What comes before has been decided.
    decided: usize,
    /// What comes before has been copied to the output; zero when nothing had to change.
    copied: usize,
}

/// What is done with the next bytes.
enum Step {
    /// They cannot be judged before more has come.
    Wait,
    /// So many bytes stay.
    Keep(usize),
    /// The character goes.
    Drop,
    /// The character goes without being missed: it is a part of the one that follows.
    Fold,
    /// The character becomes another.
    Char(char),
    /// The character is named.
    Code,
}

impl Filter {
    fn new(surface: Surface) -> Self {
        Self { surface, last: '\n', varied: false, marks: 0, after_flag: false, hidden: 0 }
    }

    /// As [`Filter::run`], with everything decided copied to `out`; gives where the undecided begins.
    fn append(&mut self, source: &str, last: bool, out: &mut String) -> usize {
        let done = self.run(source, last, out);
        out.push_str(source.get(done.copied..done.decided).unwrap_or_default());
        done.decided
    }

    fn run(&mut self, source: &str, last: bool, out: &mut String) -> Done {
        let bytes = source.as_bytes();
        let mut copied = 0;
        let mut at = 0;
        while at < bytes.len() {
            let plain = self.plain_run(&bytes[at..]);
            if plain > 0 {
                at += plain;
                self.put(char::from(bytes[at - 1]));
                continue;
            }
            let Some(c) = source.get(at..).and_then(|rest| rest.chars().next()) else { break };
            let end = at + c.len_utf8();
            let step = self.step(c, source.get(end..).unwrap_or_default(), last);
            if let Step::Wait = step {
                break;
            }
            self.after_flag = c == BLACK_FLAG;
            if let Step::Keep(len) = step {
                at += len;
                continue;
            }
            out.push_str(source.get(copied..at).unwrap_or_default());
            self.replace(&step, c, out);
            at = end;
            copied = end;
        }
        Done { decided: at, copied }
    }

    /// How many bytes of ASCII follow that stay as they are. This is the path of nearly all text.
    fn plain_run(&self, bytes: &[u8]) -> usize {
        let breaks = self.surface != Surface::Line;
        bytes
            .iter()
            .position(|&b| !(matches!(b, b' '..=b'~') || (breaks && matches!(b, b'\n' | b'\t'))))
            .unwrap_or(bytes.len())
    }

    fn step(&mut self, c: char, rest: &str, last: bool) -> Step {
        if c == '\r' {
            match rest.chars().next() {
                Some('\n') => return Step::Fold,
                None if !last => return Step::Wait,
                _ => {}
            }
        }
        let class = class(c);
        match TABLE[class as usize].1[self.surface as usize] {
            Keep => self.keep(c, class),
            Drop => Step::Drop,
            Break if c == '\n' => self.keep(c, class),
            Break => Step::Char('\n'),
            BreakSign => Step::Char('\u{240A}'),
            Picture => Step::Char(picture(c)),
            Code => Step::Code,
            Unknown => Step::Char(char::REPLACEMENT_CHARACTER),
            AtMost(limit) if self.marks < limit => self.keep(c, class),
            AtMost(_) => Step::Drop,
            fate @ (TestOrDrop | TestOrCode) => match self.test(c, class, rest, last) {
                Some(true) => self.keep(c, class),
                Some(false) if fate == TestOrCode => Step::Code,
                Some(false) => Step::Drop,
                None => Step::Wait,
            },
        }
    }

    /// Whether a character stands where its class may stand; `None` when more has to come first.
    fn test(&self, c: char, class: Class, rest: &str, last: bool) -> Option<bool> {
        match class {
            Class::Joiner => match rest.chars().next() {
                Some(next) => Some(self.joins(next)),
                None if last => Some(false),
                None => None,
            },
            Class::Selector => {
                Some(!self.varied && (!self.last.is_ascii() || matches!(self.last, '0'..='9' | '#' | '*')))
            }
            Class::IdeographSelector => Some(!self.varied && is_han(self.last)),
            Class::Tag if self.after_flag => {
                let tags = |rest: &str| {
                    FLAG_TAGS.iter().any(|t| t.strip_prefix(c).is_some_and(|t| rest.starts_with(t)))
                };
                let begun = |rest: &str| {
                    FLAG_TAGS.iter().any(|t| t.strip_prefix(c).is_some_and(|t| t.starts_with(rest)))
                };
                match tags(rest) {
                    false if !last && begun(rest) => None,
                    found => Some(found),
                }
            }
            _ => Some(false),
        }
    }

    /// Whether a joiner may stand between what came out last and the next character, which must be
    /// one that will come out itself, or sanitising twice would differ.
    fn joins(&self, next: char) -> bool {
        let kind = class(next);
        if kind == Class::Plain && is_emoji(next) {
            return is_emoji(self.last);
        }
        let comes_out = match (kind, TABLE[Class::Mark as usize].1[self.surface as usize]) {
            (Class::Plain, _) => true,
            (Class::Mark, AtMost(limit)) => self.marks < limit,
            _ => false,
        };
        comes_out && is_letter_or_mark(next) && is_letter_or_mark(self.last)
    }

    /// Remembers that a character stays, and says how long it is with what belongs to it.
    fn keep(&mut self, c: char, class: Class) -> Step {
        match class {
            Class::Selector | Class::IdeographSelector => self.varied = true,
            Class::Mark => {
                self.last = c;
                self.varied = false;
                self.marks = self.marks.saturating_add(1);
            }
            Class::Joiner => {
                self.last = c;
                self.varied = false;
            }
            // Only the first tag of a flag is judged: the others stay with it. On a surface that
            // keeps all tags, each comes here by itself, which is the same.
            Class::Tag if self.surface != Surface::Stdout => {
                self.put('\u{E007F}');
                return Step::Keep(FLAG_TAGS[0].len());
            }
            _ => self.put(c),
        }
        Step::Keep(c.len_utf8())
    }

    /// Remembers that a base came out.
    fn put(&mut self, c: char) {
        self.last = c;
        self.varied = false;
        self.marks = 0;
        self.after_flag = false;
    }

    fn replace(&mut self, step: &Step, c: char, out: &mut String) {
        match *step {
            Step::Char(other) => {
                out.push(other);
                self.put(other);
            }
            Step::Code => {
                // Writing to a string cannot fail.
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
                self.put('>');
            }
            Step::Drop => self.hidden += 1,
            Step::Fold | Step::Keep(_) | Step::Wait => {}
        }
    }
}

/// The picture of a control character.
fn picture(c: char) -> char {
    let code = if c == '\u{7F}' { 0x2421 } else { 0x2400 + u32::from(c) };
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
#[path = "sanitise_tests.rs"]
mod tests;
