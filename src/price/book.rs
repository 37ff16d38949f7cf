//! The book that is shipped with salon, `book.toml`: what models cost on its day. `.ci/prices`
//! writes it.
//!
//! Nothing of it is read before a price is asked for, and then only what is needed: the first
//! question splits the text into lines, and a line is parsed when its model is asked for. The book
//! has hundreds of lines, a room a handful of models.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::chat::Pico;
use crate::price::Price;
use crate::price::terms::Change;
use crate::price::terms::Rule;
use crate::price::terms::Scale;
use crate::price::terms::Terms;
use crate::price::terms::dollars;
use crate::price::terms::pieces;

const TEXT: &str = include_str!("book.toml");

/// One model of the book.
struct Row {
    terms: Arc<Terms>,
    context: Option<u64>,
    max_output: Option<u64>,
}

/// A line that is parsed when it is asked for.
struct Line {
    text: &'static str,
    row: OnceLock<Option<Row>>,
}

struct Book {
    dated: &'static str,
    lines: BTreeMap<(&'static str, &'static str), Line>,
}

/// The day of the book.
pub(super) fn dated() -> &'static str {
    book().dated
}

/// The price of a model.
pub(super) fn terms(provider: &str, id: &str) -> Option<Arc<Terms>> {
    row(provider, id).map(|row| Arc::clone(&row.terms))
}

/// Context and most output of a model, in tokens.
pub(super) fn sizes(provider: &str, id: &str) -> Option<(Option<u64>, Option<u64>)> {
    row(provider, id).map(|row| (row.context, row.max_output))
}

/// Whether the book has a line for a model.
pub(super) fn has(provider: &str, id: &str) -> bool {
    line(provider, id).is_some()
}

/// All models: provider and id, sorted.
pub(super) fn models() -> impl Iterator<Item = (&'static str, &'static str)> {
    book().lines.keys().copied()
}

fn book() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(|| split(TEXT))
}

fn line<'a>(provider: &'a str, id: &'a str) -> Option<&'a Line> {
    // The keys of the map live for ever, so that the map may be taken for one of shorter keys.
    let lines: &'a BTreeMap<(&'a str, &'a str), Line> = &book().lines;
    lines.get(&(provider, id))
}

fn row<'a>(provider: &'a str, id: &'a str) -> Option<&'a Row> {
    let line = line(provider, id)?;
    line.row.get_or_init(|| parse(line.text)).as_ref()
}

/// The lines of the book. A section is a provider, a line in it a model.
fn split(text: &'static str) -> Book {
    let (mut dated, mut provider, mut lines) = ("", "", BTreeMap::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix('"') {
            if let Some((id, text)) = rest.split_once("\" = ") {
                lines.insert((provider, id), Line { text, row: OnceLock::new() });
            }
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            provider = name;
        } else if let Some(rest) = line.strip_prefix("dated = \"") {
            dated = rest.trim_end_matches('"');
        }
    }
    Book { dated, lines }
}

/// The prices as they stand in the book.
#[derive(Default, Deserialize)]
struct Prices {
    input: Option<String>,
    output: Option<String>,
    cache_read: Option<String>,
    cache_write: Option<String>,
    cache_write_1h: Option<String>,
    reasoning: Option<String>,
    audio_input: Option<String>,
    audio_output: Option<String>,
    search: Option<String>,
}

#[derive(Deserialize)]
struct Step {
    tokens: u64,
    #[serde(flatten)]
    prices: Prices,
}

#[derive(Deserialize)]
struct Time {
    hours: Vec<String>,
    days: Option<String>,
    #[serde(flatten)]
    prices: Prices,
}

#[derive(Deserialize)]
struct Tier {
    #[serde(flatten)]
    prices: Prices,
    #[serde(default)]
    above: Vec<Step>,
}

#[derive(Deserialize)]
struct RowText {
    #[serde(flatten)]
    prices: Prices,
    #[serde(default)]
    above: Vec<Step>,
    #[serde(default)]
    at_least: bool,
    #[serde(default)]
    times: Vec<Time>,
    #[serde(default)]
    by_hour: bool,
    flex: Option<Tier>,
    priority: Option<Tier>,
    context: Option<u64>,
    max_output: Option<u64>,
}

/// `None` when any text is no price: half a price is none.
fn parse(text: &str) -> Option<Row> {
    let value = toml::de::ValueDeserializer::parse(text).ok()?;
    let text = RowText::deserialize(value).ok()?;
    let mut base = scale(&text.prices, &text.above)?;
    for time in &text.times {
        base.rules.extend(hours(time)?);
    }
    let search = base.price.search;
    let mut tiers = Vec::new();
    for (name, tier) in [("flex", &text.flex), ("priority", &text.priority)] {
        if let Some(tier) = tier {
            let mut scale = scale(&tier.prices, &tier.above)?;
            scale.price.search = search;
            tiers.push((name.to_owned(), scale));
        }
    }
    let terms = Terms { base, tiers, at_least: text.at_least, is_rough: text.by_hour, is_of_an_hour: false };
    Some(Row { terms: Arc::new(terms), context: text.context, max_output: text.max_output })
}

/// A price with those of long requests. A step without prices is dearer in a way that is not known.
fn scale(prices: &Prices, above: &[Step]) -> Option<Scale> {
    let base = change(prices)?;
    let price = Price { input: base.input?, output: base.output?, ..base.others };
    let mut rules = Vec::new();
    for step in above {
        let change = change(&step.prices)?;
        let is_odd = change.input.is_none();
        rules.push(Rule { above: Some(step.tokens), is_odd, change, ..Rule::default() });
    }
    rules.sort_by_key(|rule| rule.above);
    Some(Scale { price, rules })
}

fn hours(time: &Time) -> Option<Vec<Rule>> {
    let change = change(&time.prices)?;
    let days = match &time.days {
        Some(text) => Some(text.bytes().try_fold(0, |days, day| match day {
            b'1'..=b'7' => Some(days | 1 << (day - b'1')),
            _ => None,
        })?),
        None => None,
    };
    let rule = |text: &String| {
        let (from, until) = text.split_once('-')?;
        // A day that ends at midnight ends at its last minute's end.
        let until = if until == "0000" { 2400 } else { until.parse().ok()? };
        Some(Rule { hours: Some((from.parse().ok()?, until)), days, change, ..Rule::default() })
    };
    time.hours.iter().map(rule).collect()
}

/// `None` when any text is no price.
fn change(text: &Prices) -> Option<Change> {
    let read = |text: &Option<String>, scale: fn(&str) -> Result<Pico, String>| {
        text.as_deref().map(scale).transpose().ok()
    };
    Some(Change {
        input: read(&text.input, dollars)?,
        output: read(&text.output, dollars)?,
        others: Price {
            cache_read: read(&text.cache_read, dollars)?,
            cache_write: read(&text.cache_write, dollars)?,
            cache_write_1h: read(&text.cache_write_1h, dollars)?,
            reasoning: read(&text.reasoning, dollars)?,
            audio_input: read(&text.audio_input, dollars)?,
            audio_output: read(&text.audio_output, dollars)?,
            search: read(&text.search, pieces)?,
            ..Price::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_book_is_a_price() {
        for (provider, id) in models() {
            assert!(row(provider, id).is_some(), "{provider}/{id}");
        }
        assert!((150..400).contains(&models().count()), "{}", models().count());
    }

    #[test]
    fn the_lines_are_the_whole_file() {
        let whole: toml::Table = TEXT.parse().expect("TOML");
        let mut count = 0;
        for (provider, section) in whole.iter().filter_map(|(name, value)| Some((name, value.as_table()?))) {
            for (id, row) in section {
                let line = line(provider, id).expect("a line for every model");
                let found =
                    toml::Value::deserialize(toml::de::ValueDeserializer::parse(line.text).expect("a value"));
                assert_eq!(&found.expect("a value"), row, "{provider}/{id}");
                count += 1;
            }
        }
        assert_eq!(count, models().count());
        assert_eq!(whole.get("dated").and_then(toml::Value::as_str), Some(dated()));
        assert_eq!(dated().len(), "2026-11-22".len());
    }

    #[test]
    fn sizes_and_steps_are_sane() {
        for (provider, id) in models() {
            let row = row(provider, id).expect("a row");
            let steps: Vec<u64> = row.terms.base.rules.iter().filter_map(|rule| rule.above).collect();
            assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{provider}/{id}");
            assert!(row.context.is_none_or(|tokens| tokens >= 1000), "{provider}/{id}");
        }
    }
}
