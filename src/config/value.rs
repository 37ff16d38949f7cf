//! Reading single values of the file: each reader gives the value, or notes what was found instead
//! and gives nothing, so that one walk finds all errors. Numbers that are money stay the text that
//! was written; no float touches them.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::chat::Notice;
use crate::chat::Pico;
use crate::config::Span;
use crate::config::explain::Source;
use crate::config::explain::nearest;

/// The key that names the line-up of new rooms, beside the tables `[lineup.NAME]`. TOML allows no
/// such pair, so the parser is shown [`STAND_IN`] in its place, which is as long.
pub(super) const CHOSEN: &str = "lineup";

/// What the parser sees instead of [`CHOSEN`]; a file that really says this says an unknown key.
pub(super) const STAND_IN: &str = "chosen";

/// A value with its place.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// One key of a table: its name and what is done with its value. The rows of a table are all that
/// may stand in it.
pub(super) struct Field<T> {
    pub name: &'static str,
    pub read: fn(&mut T, &Value<'_>, &mut Walk<'_>),
}

/// Rows of a table, each a name and its reader.
macro_rules! rows {
    ($of:ty; $($name:literal => $read:expr;)*) => { &[$(Field::<$of> { name: $name, read: $read }),*] };
}
pub(super) use rows;

/// A walk through the file: what is found on the way is kept with its place.
pub(super) struct Walk<'a> {
    pub source: &'a Source,
    /// The folder of the config, for relative paths in it.
    pub beside: &'a Path,
    errors: Vec<(usize, String)>,
    pub notices: Vec<Notice>,
}

impl<'a> Walk<'a> {
    pub fn new(source: &'a Source, beside: &'a Path) -> Self {
        Self { source, beside, errors: Vec::new(), notices: Vec::new() }
    }

    pub fn error(&mut self, at: &Span, message: &str, hint: &str) {
        self.errors.push((at.start, self.source.explain(at, message, hint)));
    }

    pub fn warn(&mut self, at: &Span, message: &str, hint: &str) {
        self.notices.push(Notice::warning(self.source.explain(at, message, hint)));
    }

    /// Takes over what another walk found, but for errors in these bytes.
    pub fn take_outside(&mut self, other: Self, spans: &[Span]) {
        let outside = |at: &usize| !spans.iter().any(|span| span.contains(at));
        self.errors.extend(other.errors.into_iter().filter(|(at, _)| outside(at)));
        self.notices.extend(other.notices);
    }

    /// All errors in the order of the file.
    pub fn finish(mut self) -> (Vec<Notice>, Vec<String>) {
        self.errors.sort_by_key(|(at, _)| *at);
        (self.notices, self.errors.into_iter().map(|(_, text)| text).collect())
    }

    /// Reads each key of a table by its row; a key without one is an error. `place` names the table.
    pub fn fields<T>(&mut self, table: &DeTable<'_>, place: &str, rows: &[Field<T>], into: &mut T) {
        for (key, value) in table {
            let name = match self.source.text().get(key.span()) {
                Some(CHOSEN) => CHOSEN,
                _ => key.get_ref().as_ref(),
            };
            match rows.iter().find(|row| row.name == name) {
                Some(row) => (row.read)(into, value, self),
                None => self.unknown(&key.span(), key.get_ref(), place, rows.iter().map(|row| row.name)),
            }
        }
    }

    /// An unknown name at a place.
    pub fn unknown<'n>(
        &mut self,
        at: &Span,
        name: &str,
        place: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        let hint = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("known here: {}", known.collect::<Vec<_>>().join(", ")),
        };
        let shown = self.source.quote(at);
        self.error(at, &format!("unknown key {shown} in {place}"), &hint);
    }

    /// What stands there is not what it must be.
    pub fn wrong(&mut self, value: &Value<'_>, wanted: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(&value.span(), &format!("here stands {wanted}, not {found}"), "");
    }

    pub fn string(&mut self, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.wrong(value, "text in quotes");
                None
            }
        }
    }

    /// A text that is not empty.
    pub fn name(&mut self, value: &Value<'_>) -> Option<String> {
        let text = self.string(value)?;
        if text.trim().is_empty() {
            self.error(&value.span(), "this is empty", "leave the key out, or say what it is");
            return None;
        }
        Some(text)
    }

    pub fn boolean(&mut self, value: &Value<'_>) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(on) => Some(*on),
            _ => {
                self.wrong(value, "true or false");
                None
            }
        }
    }

    /// A whole number between two, both included.
    pub fn integer(&mut self, value: &Value<'_>, low: i64, high: i64) -> Option<i64> {
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong(value, "a whole number");
            return None;
        };
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let number = number.filter(|number| (low..=high).contains(number));
        if number.is_none() {
            let range = match (low, high) {
                (low, i64::MAX) => format!("{low} or more"),
                (low, high) => format!("{low} to {high}"),
            };
            self.error(&value.span(), &format!("this must be a whole number, {range}"), "");
        }
        number
    }

    pub fn count(&mut self, value: &Value<'_>, high: i64) -> Option<u64> {
        self.integer(value, 1, high).and_then(|number| u64::try_from(number).ok())
    }

    /// A number between two, both included.
    pub fn number(&mut self, value: &Value<'_>, low: f64, high: f64) -> Option<f64> {
        let number = match value.get_ref() {
            DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse::<f64>().ok(),
            _ => {
                self.wrong(value, "a number");
                return None;
            }
        };
        let number = number.filter(|number| (low..=high).contains(number));
        if number.is_none() {
            self.error(&value.span(), &format!("this must be a number from {low} to {high}"), "");
        }
        number
    }

    /// The decimal text of an amount, in quotes or not.
    pub fn decimal(&mut self, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
            _ => {
                self.wrong(value, "an amount, as in \"5.00\"");
                None
            }
        }
    }

    /// An amount of dollars that is not negative.
    pub fn dollars(&mut self, value: &Value<'_>) -> Option<Pico> {
        let text = self.decimal(value)?;
        match Pico::from_usd(&text) {
            Ok(amount) if amount >= Pico::ZERO => Some(amount),
            Ok(_) => {
                self.error(&value.span(), "an amount cannot be negative", "");
                None
            }
            Err(_) => {
                self.error(&value.span(), "this is no amount of dollars", "write it as in \"5.00\"");
                None
            }
        }
    }

    /// One of some words.
    pub fn word(&mut self, value: &Value<'_>, known: &[&str]) -> Option<String> {
        let text = self.string(value)?;
        if known.contains(&text.as_str()) {
            return Some(text);
        }
        let hint = match nearest(&text, known.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => String::new(),
        };
        let shown = self.source.quote(&value.span());
        self.error(&value.span(), &format!("{shown} is none of {}", known.join(", ")), &hint);
        None
    }

    /// One text or a list of texts, at least one.
    pub fn strings(&mut self, value: &Value<'_>) -> Option<Vec<String>> {
        let DeValue::Array(list) = value.get_ref() else {
            return self.string(value).map(|text| vec![text]);
        };
        let texts: Option<Vec<String>> = list.iter().map(|item| self.string(item)).collect();
        if texts.as_ref().is_some_and(Vec::is_empty) {
            self.error(&value.span(), "this list is empty", "");
            return None;
        }
        texts
    }

    pub fn table<'v, 'i>(&mut self, value: &'v Value<'i>, wanted: &str) -> Option<&'v DeTable<'i>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                self.wrong(value, wanted);
                None
            }
        }
    }

    /// Reads a table within the table.
    pub fn inner<T>(&mut self, value: &Value<'_>, place: &str, rows: &[Field<T>], into: &mut T) {
        self.inner_checked(value, place, rows, into);
    }

    /// As `inner`; says whether nothing was wrong.
    pub fn inner_checked<T>(
        &mut self,
        value: &Value<'_>,
        place: &str,
        rows: &[Field<T>],
        into: &mut T,
    ) -> bool {
        let before = self.errors.len();
        if let Some(table) = self.table(value, &format!("the table {place}")) {
            self.fields(table, place, rows, into);
        }
        self.errors.len() == before
    }

    /// A factor as thousandths, 0 to 100.
    pub fn thousandths(&mut self, value: &Value<'_>) -> Option<u32> {
        self.number(value, 0.0, 100.0).map(|factor| {
            // Whole thousandths, at most 100 000: the cast cannot lose anything.
            (factor * 1000.0).round() as u32
        })
    }

    /// A table as the raw text of a JSON object; numbers keep their digits.
    pub fn json_object(&mut self, value: &Value<'_>) -> Option<String> {
        self.table(value, "a table, as in { top_a = 0.1 }")?;
        let mut out = String::new();
        self.json(value, &mut out).then_some(out)
    }

    fn json(&mut self, value: &Value<'_>, out: &mut String) -> bool {
        match value.get_ref() {
            DeValue::String(text) => json_string(text, out),
            DeValue::Boolean(on) => out.push_str(if *on { "true" } else { "false" }),
            DeValue::Integer(number) if number.radix() == 10 => out.push_str(plain(number.as_str())),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => out.push_str(&number.to_string()),
                Err(_) => return self.not_json(value),
            },
            DeValue::Float(number) if number.as_str().contains("inf") || number.as_str().contains("nan") => {
                return self.not_json(value);
            }
            DeValue::Float(number) => out.push_str(plain(number.as_str())),
            DeValue::Datetime(date) => json_string(&date.to_string(), out),
            DeValue::Array(list) => {
                out.push('[');
                for (n, item) in list.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    if !self.json(item, out) {
                        return false;
                    }
                }
                out.push(']');
            }
            DeValue::Table(table) => {
                out.push('{');
                for (n, (key, item)) in table.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    json_string(key.get_ref(), out);
                    out.push(':');
                    if !self.json(item, out) {
                        return false;
                    }
                }
                out.push('}');
            }
        }
        true
    }

    fn not_json(&mut self, value: &Value<'_>) -> bool {
        self.error(&value.span(), "JSON has no such number", "");
        false
    }
}

/// A number of TOML as one of JSON, which knows no plus sign.
fn plain(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

fn json_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
