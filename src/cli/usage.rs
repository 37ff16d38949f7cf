//! `salon usage`: what the ledger says, as a table, as JSON, as CSV, or as one line for a status
//! bar. Sums come from the store; nothing is added up here.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::chat::Millis;
use crate::chat::Pico;
use crate::chat::Sum;
use crate::chat::Tokens;
use crate::chat::short_usd;
use crate::chat::usd;
use crate::cli::args::By;
use crate::cli::args::UsageArgs;
use crate::cli::args::UsageFormat;
use crate::cli::json::line;
use crate::cli::json::object;
use crate::cli::json::tokens;
use crate::cli::out::Out;
use crate::cli::table;
use crate::store::Apart;
use crate::store::GroupBy;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::UsageQuery;
use crate::store::UsageReport;
use crate::store::UsageRow;
use crate::text::Untrusted;

/// Prints usage and gives the exit status.
pub fn run(args: &UsageArgs, store: &Store, day_budget: Option<Pico>, out: &mut Out) -> u8 {
    let zone = if args.utc { TimeZone::UTC } else { TimeZone::system() };
    let now = Timestamp::now();
    if args.statusline {
        return told(status_line(store, day_budget, now, zone).map(|line| out.line(line)), out);
    }
    let since = match args.since.as_deref().map(|text| since(text, now, &zone)).transpose() {
        Ok(since) => since,
        Err(why) => {
            out.tell(&format!("salon: {why}"));
            return 2;
        }
    };
    let query = UsageQuery { since: since.map(millis), until: None, by: group(args.by), zone: zone.clone() };
    let report = store.usage(query).wait();
    let span = Span { since, until: now, zone };
    told(report.map(|report| print(args, &report, &span, out)), out)
}

fn told(done: Result<(), StoreError>, out: &mut Out) -> u8 {
    match done {
        Ok(()) => 0,
        Err(error) => {
            out.tell(&format!("salon: {error}"));
            1
        }
    }
}

/// What a report is about.
struct Span {
    since: Option<Timestamp>,
    until: Timestamp,
    zone: TimeZone,
}

fn millis(at: Timestamp) -> Millis {
    Millis(at.as_millisecond())
}

/// A point in time from `7d`, `24h` or `2026-11-01`. Days are whole: `1d` is today.
fn since(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let bad = || {
        format!(
            "--since {}: write 7d (today and the six days before), 24h, or a day as 2026-11-01",
            Untrusted::from(text).line()
        )
    };
    if let Ok(day) = text.parse::<Date>() {
        return start_of(day, zone).ok_or_else(bad);
    }
    let unit = text.chars().next_back().ok_or_else(bad)?;
    let count = text.strip_suffix(unit).and_then(|count| count.parse::<i32>().ok()).filter(|n| *n > 0);
    let count = count.ok_or_else(bad)?;
    let days = match unit {
        'h' => {
            let hours = SignedDuration::from_hours(i64::from(count));
            return now.checked_sub(hours).map_err(|_| bad());
        }
        'd' => count,
        'w' => count.checked_mul(7).ok_or_else(bad)?,
        _ => return Err(bad()),
    };
    let today = now.to_zoned(zone.clone()).date();
    // Longer ago than jiff counts days, there was no salon.
    let back = (days.min(40_000) - 1).days();
    let first = today.checked_sub(back).map_err(|_| bad())?;
    start_of(first, zone).ok_or_else(bad)
}

fn start_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone()).ok().map(|start| start.timestamp())
}

fn group(by: By) -> GroupBy {
    match by {
        By::Model => GroupBy::Model,
        By::Provider => GroupBy::Provider,
        By::Key => GroupBy::Key,
        By::Day => GroupBy::Day,
        By::Room => GroupBy::Room,
        By::Door => GroupBy::Door,
        By::Who => GroupBy::Who,
        By::Tag => GroupBy::Tag,
        By::Attempt => GroupBy::Attempt,
    }
}

fn name(by: By) -> String {
    format!("{by:?}").to_lowercase()
}

fn print(args: &UsageArgs, report: &UsageReport, span: &Span, out: &mut Out) {
    match args.format {
        UsageFormat::Json => out.line(line(&whole(args.by, report, span))),
        UsageFormat::Csv => {
            out.line(CSV_HEAD);
            report.rows.iter().for_each(|row| out.line(csv(row)));
        }
        UsageFormat::Table => {
            if report.rows.is_empty() {
                out.line("nothing was asked in this time");
                return;
            }
            for line in human(args.by, report) {
                out.line(line);
            }
            out.line(format_args!("\n{}", breakdown(&report.total.sum)));
            differences(&report.total.apart).into_iter().for_each(|line| out.line(line));
            out.line(about(span));
        }
    }
}

fn whole(by: By, report: &UsageReport, span: &Span) -> Value {
    let at =
        |at: Timestamp| json!(at.to_zoned(span.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
    object([
        ("since", span.since.map_or(Value::Null, at)),
        ("until", at(span.until)),
        ("timezone", json!(zone_name(&span.zone, span.until))),
        ("by", json!(name(by))),
        (
            "rows",
            Value::Array(report.rows.iter().map(|row| row_object(Some(row.key.as_str()), row)).collect()),
        ),
        ("total", row_object(None, &report.total)),
    ])
}

fn row_object(key: Option<&str>, row: &UsageRow) -> Value {
    let mut value = serde_json::Map::new();
    if let Some(key) = key {
        value.insert("key".to_owned(), json!(key));
    }
    value.insert("attempts".to_owned(), json!(row.attempts));
    value.insert("tokens".to_owned(), tokens(&row.tokens));
    value.insert("charge".to_owned(), charge(&row.sum));
    Value::Object(value)
}

fn charge(sum: &Sum) -> Value {
    let mut value = object([
        ("usd", json!(sum.usd())),
        ("reported", json!(usd(sum.reported))),
        ("computed", json!(usd(sum.computed))),
        ("estimated", json!(usd(sum.estimated))),
        ("unknown", json!(sum.unknown)),
    ]);
    if let (true, Value::Object(members)) = (sum.play_count > 0, &mut value) {
        members.insert("play".to_owned(), json!(usd(sum.play)));
    }
    value
}

/// The zone's name, or its distance from UTC where it has none.
fn zone_name(zone: &TimeZone, at: Timestamp) -> String {
    let offset = || at.to_zoned(zone.clone()).strftime("UTC%:z").to_string();
    zone.iana_name().map_or_else(offset, str::to_owned)
}

const CSV_HEAD: &str =
    "key,attempts,input,cache_read,cache_write,output,reasoning,usd,reported,computed,estimated,unknown,play";

fn csv(row: &UsageRow) -> String {
    let count = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
    let used = &row.tokens;
    let sum = &row.sum;
    let cells = [
        Untrusted::from(row.key.as_str()).line().into_owned(),
        row.attempts.to_string(),
        count(used.input),
        count(used.cache_read),
        count(used.cache_write_total()),
        count(used.output),
        count(used.reasoning),
        sum.usd().unwrap_or_default(),
        usd(sum.reported),
        usd(sum.computed),
        usd(sum.estimated),
        sum.unknown.to_string(),
        usd(sum.play),
    ];
    table::csv_line(cells.iter().map(String::as_str))
}

fn human(by: By, report: &UsageReport) -> Vec<String> {
    let head: &'static str = match by {
        By::Model => "model",
        By::Provider => "provider",
        By::Key => "key",
        By::Day => "day",
        By::Room => "room",
        By::Door => "door",
        By::Who => "who",
        By::Tag => "tag",
        By::Attempt => "attempt",
    };
    let columns =
        [(head, false), ("asked", true), ("in", true), ("cached", true), ("out", true), ("cost", true)];
    let cells = |key: &str, row: &UsageRow| {
        let Tokens { cache_read, output, .. } = row.tokens;
        let fresh = [row.tokens.input, row.tokens.cache_write_total()]
            .into_iter()
            .flatten()
            .reduce(u64::saturating_add);
        vec![
            if key.is_empty() { "(none)".to_owned() } else { Untrusted::from(key).line().into_owned() },
            row.attempts.to_string(),
            count(fresh),
            count(cache_read),
            count(output),
            cost(&row.sum),
        ]
    };
    let mut rows: Vec<Vec<String>> = report.rows.iter().map(|row| cells(&row.key, row)).collect();
    rows.push(cells("total", &report.total));
    table::lines(&columns, &rows)
}

/// A number with its thousands set apart; `?` when it is not known.
fn count(number: Option<u64>) -> String {
    let Some(number) = number else { return "?".to_owned() };
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// What people read: real money, and play money beside it when both are there.
fn cost(sum: &Sum) -> String {
    let real = sum.known > 0 || sum.unknown > 0;
    if real && sum.play_count > 0 {
        format!("{sum} and {} play", short_usd(sum.play))
    } else {
        sum.to_string()
    }
}

/// How much of the total is known how.
fn breakdown(sum: &Sum) -> String {
    let mut parts = Vec::new();
    for (amount, how) in [
        (sum.reported, "reported by the provider"),
        (sum.computed, "computed (~)"),
        (sum.estimated, "estimated (≈)"),
    ] {
        if amount != 0 {
            parts.push(format!("{} {how}", short_usd(amount)));
        }
    }
    if sum.unknown > 0 {
        parts.push(format!("{} of unknown cost (?)", sum.unknown));
    }
    if sum.covered > 0 {
        parts.push(format!("{} covered by a subscription", sum.covered));
    }
    if sum.play_count > 0 {
        parts.push(format!("{} play money of the demo models", short_usd(sum.play)));
    }
    if parts.is_empty() { "nothing was charged".to_owned() } else { parts.join(" · ") }
}

/// How far the providers' figures are from what the prices say, where that is far.
fn differences(apart: &Apart) -> Option<String> {
    let requests = if apart.count == 1 { "request costs" } else { "requests cost" };
    (apart.count > 0).then(|| {
        format!(
            "{} {requests} more than 1 % more or less than the prices say: {} reported, {} by the prices",
            apart.count,
            short_usd(apart.reported),
            short_usd(apart.computed)
        )
    })
}

fn about(span: &Span) -> String {
    let day = |at: Timestamp| at.to_zoned(span.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let since = span.since.map_or("the beginning".to_owned(), day);
    format!("from {since} to {}, {}", day(span.until), zone_name(&span.zone, span.until))
}

/// `today $0.42 of $5.00`.
fn status_line(
    store: &Store,
    budget: Option<Pico>,
    now: Timestamp,
    zone: TimeZone,
) -> Result<String, StoreError> {
    let midnight = start_of(now.to_zoned(zone.clone()).date(), &zone).map(millis);
    let sum = store.spent(midnight, None).wait()?;
    let budget = budget.map(|budget| format!(" of {}", short_usd(i128::from(budget.0)))).unwrap_or_default();
    Ok(format!("today {}{budget}", cost(&sum)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn times_are_read() {
        let now = at("2026-11-22T10:30:00Z");
        for (text, want) in [
            ("1d", "2026-11-22T00:00:00Z"),
            ("7d", "2026-11-16T00:00:00Z"),
            ("1w", "2026-11-16T00:00:00Z"),
            ("24h", "2026-11-21T10:30:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
        ] {
            assert_eq!(since(text, now, &TimeZone::UTC), Ok(at(want)), "{text}");
        }
        for text in ["", "d", "0d", "-1d", "7", "7y", "7m", "2026-13-01", "é", "99999999999d", "2147483647w"]
        {
            assert!(since(text, now, &TimeZone::UTC).is_err(), "{text}");
        }
    }

    #[test]
    fn days_begin_in_the_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(since("1d", at("2026-11-22T23:30:00Z"), &zone), Ok(at("2026-11-22T22:00:00Z")));
    }

    fn row(key: &str) -> UsageRow {
        let sum = Sum { reported: 412_000_000, known: 1, unknown: 2, ..Sum::default() };
        let tokens =
            Tokens { input: Some(12), output: Some(40_000), reasoning: Some(8), ..Tokens::default() };
        UsageRow { key: key.to_owned(), attempts: 3, tokens, sum, apart: Apart::default() }
    }

    fn report() -> UsageReport {
        UsageReport { rows: vec![row("openai/gpt, the \"5\"")], total: row("total") }
    }

    #[test]
    fn the_object_is_that_of_the_documentation() {
        let span = Span { since: None, until: at("2026-11-22T10:30:00Z"), zone: TimeZone::UTC };
        let amounts = concat!(
            r#""attempts":3,"tokens":{"input":12,"cache_read":null,"cache_write":null,"output":40000,"reasoning":8},"#,
            r#""charge":{"usd":"0.000412","reported":"0.000412","computed":"0","estimated":"0","unknown":2}"#
        );
        let want = format!(
            r#"{{"since":null,"until":"2026-11-22T10:30:00+00:00","timezone":"UTC","by":"model","rows":[{{"key":"openai/gpt, the \"5\"",{amounts}}}],"total":{{{amounts}}}}}"#
        );
        assert_eq!(line(&whole(By::Model, &report(), &span)), want);
    }

    #[test]
    fn csv_has_as_many_cells_as_its_head() {
        let line = csv(&row("a,b"));
        assert_eq!(line, "\"a,b\",3,12,,,40000,8,0.000412,0.000412,0,0,2,0");
        assert_eq!(csv(&row("a")).split(',').count(), CSV_HEAD.split(',').count());
    }

    #[test]
    fn the_table_says_what_is_not_known() {
        let lines = human(By::Model, &report());
        assert_eq!(lines.len(), 3);
        assert!(lines[1].contains("40 000") && lines[1].ends_with("$0.0004 +2 ?"), "{}", lines[1]);
        assert_eq!(breakdown(&row("").sum), "$0.0004 reported by the provider · 2 of unknown cost (?)");
    }

    #[test]
    fn subscriptions_and_differences_have_their_words() {
        let sum = Sum { covered: 2, ..Sum::default() };
        assert_eq!(breakdown(&sum), "2 covered by a subscription");
        assert_eq!((cost(&sum).as_str(), sum.usd()), ("subscription", None));
        assert_eq!(differences(&Apart::default()), None);
        let apart = Apart { count: 2, reported: 14_300_000_000, computed: 13_000_000_000 };
        assert_eq!(
            differences(&apart).as_deref(),
            Some(
                "2 requests cost more than 1 % more or less than the prices say: $0.0143 reported, \
                 $0.0130 by the prices"
            )
        );
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, want) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(count(Some(number)), want);
        }
        assert_eq!(count(None), "?");
    }
}
