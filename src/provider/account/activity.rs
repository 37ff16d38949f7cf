//! `GET /activity`: what was done in the last whole days of UTC, by day, model and upstream. For
//! management keys.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::Pico;
use crate::provider::account::count;
use crate::provider::account::money;
use crate::provider::account::text;
use crate::text::Untrusted;

/// A day's use of a model at an upstream. What OpenRouter did not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityRow {
    /// The day of UTC, as `2026-08-21`.
    pub date: Untrusted,
    /// The model, without the provider's name.
    pub model: Untrusted,
    /// Who ran it.
    pub upstream: Untrusted,
    /// What it cost in credits.
    pub spent: Option<Pico>,
    /// What it cost over keys of one's own at other providers.
    pub byok: Option<Pico>,
    /// How often it was asked.
    pub requests: Option<u64>,
    /// Tokens in.
    pub input: Option<u64>,
    /// Tokens out.
    pub output: Option<u64>,
    /// Tokens of thinking.
    pub reasoning: Option<u64>,
}

/// What was done, newest day first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// A row for each day, model and upstream.
    pub rows: Vec<ActivityRow>,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    data: Vec<Row<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    date: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    provider_name: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    byok_usage_inference: Option<&'a RawValue>,
    #[serde(borrow)]
    requests: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_tokens: Option<&'a RawValue>,
}

impl Activity {
    /// From the answer's body; `None` when it is another's.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let Whole { data } = serde_json::from_slice::<Whole<'_>>(body).ok()?;
        let row = |row: Row<'_>| ActivityRow {
            date: text(row.date).unwrap_or_default(),
            model: text(row.model).unwrap_or_default(),
            upstream: text(row.provider_name).unwrap_or_default(),
            spent: money(row.usage),
            byok: money(row.byok_usage_inference),
            requests: count(row.requests),
            input: count(row.prompt_tokens),
            output: count(row.completion_tokens),
            reasoning: count(row.reasoning_tokens),
        };
        let mut rows: Vec<ActivityRow> = data.into_iter().map(row).collect();
        rows.sort_by(|a, b| b.date.raw().cmp(a.date.raw()).then_with(|| a.model.raw().cmp(b.model.raw())));
        Some(Self { rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_to_the_last_digit() {
        let activity =
            Activity::read(include_bytes!("../../../tests/fixtures/or-activity.json")).expect("days");
        let [row] = activity.rows.as_slice() else { panic!("one row") };
        assert_eq!((row.date.raw(), row.model.raw()), ("2026-08-21", "kestrel/kestrel-large-2"));
        assert_eq!((row.spent, row.byok), (Some(Pico(15_000_000_000)), Some(Pico(12_000_000_000))));
        let counts = (row.requests, row.input, row.output, row.reasoning);
        assert_eq!(counts, (Some(5), Some(50), Some(125), Some(25)));
    }

    #[test]
    fn the_newest_day_is_first_and_odd_members_are_unknown() {
        let body = br#"{"data":[{"date":"2026-08-01","usage":"x"},{"date":"2026-08-02","requests":-1}]}"#;
        let rows = Activity::read(body).expect("days").rows;
        assert_eq!(rows.iter().map(|row| row.date.raw()).collect::<Vec<_>>(), ["2026-08-02", "2026-08-01"]);
        assert_eq!((rows[0].requests, rows[1].spent), (None, None));
        assert_eq!(Activity::read(b"{\"data\":{}}"), None);
    }
}
