//! How an error of a config is told: file, line, column, the line itself with a caret, and what was
//! probably meant. Keys never appear (safety R11): the values of `api_key` and `headers`, and of
//! what looks like a slip of these names, are starred out before anything is quoted.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use crate::text::Untrusted;
use crate::text::cell_width;

/// All that is wrong with a config, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    texts: Vec<String>,
}

impl ConfigErrors {
    /// These errors.
    #[must_use]
    pub fn new(texts: Vec<String>) -> Self {
        Self { texts }
    }

    /// One error of the file as a whole.
    #[must_use]
    pub fn file(path: &Path, what: &str) -> Self {
        Self::new(vec![format!("{}: {what}", name_of(path))])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

/// A config's name and text, and the same text without keys, byte for byte as long.
#[derive(Clone)]
pub struct Source {
    name: String,
    text: String,
    masked: String,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name)
    }
}

impl Source {
    /// The text of a file.
    #[must_use]
    pub fn new(path: &Path, text: String) -> Self {
        let masked = mask(&text);
        Self { name: name_of(path), text, masked }
    }

    /// The whole text, keys included.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A part of the text as errors may quote it: one line, short, without keys.
    pub(super) fn quote(&self, span: &Range<usize>) -> String {
        let part = self.masked.get(span.clone()).unwrap_or_default();
        let short: String = part.chars().take(60).collect();
        let more = if short.len() < part.len() { "…" } else { "" };
        format!("{}{more}", Untrusted::from(short).line())
    }

    /// An error at a place: message, the line with a caret under the place, and what to do.
    #[must_use]
    pub fn explain(&self, at: &Range<usize>, message: &str, hint: &str) -> String {
        let (line, column, row) = self.place(at.start);
        let (from, shown) = window(row, column);
        let row_start = at.start.saturating_sub(column);
        let inside = |offset: usize| offset.saturating_sub(row_start + from).min(shown.len());
        let width = |range: Range<usize>| {
            shown.get(range).map_or(0, |part| cell_width(&Untrusted::from(part).line()))
        };
        let (start, end) = (inside(at.start), inside(at.end));
        let gutter = line.to_string();
        let blank = " ".repeat(gutter.len());
        let carets = "^".repeat(width(start..end).max(1));
        let chars = row.get(..column).map_or(column, |head| head.chars().count()) + 1;
        let mut out = format!("{}:{line}:{chars}: {message}\n", self.name);
        out.push_str(&format!("  {gutter} | {}\n", Untrusted::from(shown).line()));
        out.push_str(&format!("  {blank} | {}{carets}", " ".repeat(width(0..start))));
        if !hint.is_empty() {
            out.push_str(&format!("\n  {blank} = {hint}"));
        }
        out
    }

    /// The line number from 1, the byte column from 0, and the masked line of an offset.
    fn place(&self, offset: usize) -> (usize, usize, &str) {
        let offset = offset.min(self.masked.len());
        let head = self.masked.as_bytes().get(..offset).unwrap_or_default();
        let line = head.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let row = self.masked.get(start..).unwrap_or_default();
        let row = row.split('\n').next().unwrap_or_default();
        (line, offset - start, row.strip_suffix('\r').unwrap_or(row))
    }
}

/// The known name that was probably meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(word.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn name_of(path: &Path) -> String {
    Untrusted::from(path.display().to_string()).line().into_owned()
}

/// The part of a long line around a column, with where it begins.
fn window(row: &str, column: usize) -> (usize, &str) {
    const WIDE: usize = 120;
    if row.len() <= WIDE {
        return (0, row);
    }
    let from =
        (0..=column.saturating_sub(WIDE / 2).min(row.len())).rev().find(|at| row.is_char_boundary(*at));
    let from = from.unwrap_or(0);
    let to = (from..=(from + WIDE).min(row.len())).rev().find(|at| row.is_char_boundary(*at));
    (from, row.get(from..to.unwrap_or(row.len())).unwrap_or_default())
}

/// The text with keys starred out, each byte by a star, so that places stay what they are.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut state = Masking::default();
    for line in text.split_inclusive('\n') {
        state.line(line, &mut out);
    }
    out
}

/// What the lines above say about the next one.
#[derive(Default)]
struct Masking {
    /// The table that the lines belong to is one of keys.
    table: bool,
    /// A value that began above goes on: so many brackets are open.
    depth: i32,
    /// A string of several lines goes on; its delimiter.
    open: Option<&'static str>,
}

impl Masking {
    fn line(&mut self, line: &str, out: &mut String) {
        let trimmed = line.trim_start();
        let goes_on = self.depth > 0 || self.open.is_some();
        if !goes_on && trimmed.starts_with('[') {
            self.table = names_a_key(trimmed);
            push_long_words(line, out);
            return;
        }
        let name = trimmed.split('=').next().unwrap_or_default();
        if !(goes_on || self.table || trimmed.contains('=') && names_a_key(name)) {
            // A key in an inline table of a longer line: starred from there to the end.
            match secret_inside(line) {
                Some(at) => {
                    push_long_words(line.get(..at).unwrap_or_default(), out);
                    self.value(line.get(at..).unwrap_or_default(), out);
                }
                None => push_long_words(line, out),
            }
            return;
        }
        let from = if goes_on { 0 } else { line.find('=').map_or(0, |at| at + 1) };
        push_long_words(line.get(..from).unwrap_or_default(), out);
        self.value(line.get(from..).unwrap_or_default(), out);
    }

    fn value(&mut self, value: &str, out: &mut String) {
        for delimiter in ["\"\"\"", "'''"] {
            let odd = value.matches(delimiter).count() % 2 == 1;
            match self.open {
                Some(open) if open == delimiter && odd => self.open = None,
                None if odd => self.open = Some(delimiter),
                _ => {}
            }
        }
        for c in value.chars() {
            match c {
                '{' | '[' => self.depth += 1,
                '}' | ']' => self.depth -= 1,
                _ => {}
            }
        }
        self.depth = self.depth.max(0);
        star(value, out);
    }
}

/// Stars for everything but the shape of a value and the names of the ways to a key.
fn star(value: &str, out: &mut String) {
    let shape = |c: char| c.is_whitespace() || "{}[]=,\"'".contains(c);
    for part in value.split_inclusive(shape) {
        let (word, end) = match part.char_indices().next_back() {
            Some((at, c)) if shape(c) => part.split_at(at),
            _ => (part, ""),
        };
        if ["env", "command", "file", "keyring"].contains(&word) {
            out.push_str(word);
        } else {
            out.push_str(&"*".repeat(word.len()));
        }
        out.push_str(end);
    }
}

/// Whether the name before a `=`, or the head of a table, is that of a key or a slip of it.
fn names_a_key(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    const ENDS: [&str; 10] = [
        "key",
        "keys",
        "headers",
        "header",
        "token",
        "secret",
        "password",
        "authorization",
        "bearer",
        "credentials",
    ];
    if ENDS.iter().any(|end| plain.ends_with(end)) || plain.contains("apikey") || plain.contains("headers") {
        return true;
    }
    let last = name.rsplit('.').next().unwrap_or_default().trim().trim_matches(['"', '\'', ']']);
    ["api_key", "headers"].iter().any(|key| strsim::damerau_levenshtein(last, key) <= 2)
}

/// Where the value of a key begins within a line that is about something else.
fn secret_inside(line: &str) -> Option<usize> {
    let ends = |needle: &str| line.find(needle).map(|at| at + needle.len());
    [ends("api_key"), ends("headers")].into_iter().flatten().min()
}

/// The line with words starred out that look like keys wherever they stand.
fn push_long_words(line: &str, out: &mut String) {
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut rest = line;
    while let Some(start) = rest.find(part_of_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !part_of_word(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        let mixed = word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_alphabetic());
        if word.starts_with("sk-") && word.len() > 8 || mixed && word.len() >= 40 {
            out.push_str(&"*".repeat(word.len()));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_starred_out_and_places_stay() {
        for (line, want) in [
            ("api_key = \"sk-CANARY\"\n", "api_key = \"*********\"\n"),
            ("api_key = { env = \"LAB\" }\n", "api_key = { env = \"***\" }\n"),
            ("api_kye = sk-CANARY\n", "api_kye = *********\n"),
            ("x = { headers = { a = \"b\" } }", "x = { headers = { * = \"*\" } }"),
            ("theme = \"sk-CANARY-1\"", "theme = \"***********\""),
            ("max_tokens = 4000", "max_tokens = 4000"),
            ("\"ctrl-p\" = \"palette\"", "\"ctrl-p\" = \"palette\""),
        ] {
            assert_eq!(mask(line), want);
            assert_eq!(mask(line).len(), line.len());
        }
    }

    #[test]
    fn values_that_go_on_are_starred_out_too() {
        let text = "[provider.a.headers]\nx = \"CANARY\"\n[ui]\ntheme = \"a\"\n";
        assert!(!mask(text).contains("CANARY") && mask(text).contains("theme = \"a\""));
        let text = "headers = {\n a = \"CANARY\",\n}\ntheme = \"a\"\n";
        assert!(!mask(text).contains("CANARY") && mask(text).contains("theme = \"a\""));
        let text = "api_key = \"\"\"\nCANARY\n\"\"\"\ntheme = \"a\"\n";
        assert!(!mask(text).contains("CANARY") && mask(text).contains("theme = \"a\""));
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let source = Source::new(Path::new("c.toml"), "a = 1\nbö = 2\n".to_owned());
        let told = source.explain(&(12..13), "no", "do");
        assert_eq!(told, "c.toml:2:6: no\n  2 | bö = 2\n    |      ^\n    = do");
    }

    #[test]
    fn long_lines_are_shown_around_the_place() {
        let source = Source::new(Path::new("c.toml"), format!("x = \"{}\" y", "ä".repeat(300)));
        let told = source.explain(&(607..608), "no", "");
        assert!(told.lines().all(|line| line.chars().count() < 140), "{told}");
        assert!(told.ends_with('^'));
    }

    #[test]
    fn slips_find_their_name() {
        assert_eq!(nearest("pricee", ["price", "params"]), Some("price"));
        assert_eq!(nearest("dialekt", ["dialect", "base_url"]), Some("dialect"));
        assert_eq!(nearest("zebra", ["price", "params"]), None);
    }
}
