//! `salon usage --account`: what OpenRouter itself says of a key and of the account behind it. The
//! figures are the provider's; the ledger of this machine is not looked at.

use serde_json::{Value, json};

use crate::chat::Fault;
use crate::chat::Pico;
use crate::chat::short_usd;
use crate::chat::usd;
use crate::cli::args::UsageFormat;
use crate::cli::json::line;
use crate::cli::json::object;
use crate::cli::out::Out;
use crate::cli::table;
use crate::provider::Activity;
use crate::provider::ActivityRow;
use crate::provider::Credits;
use crate::provider::KeyFacts;
use crate::text::Untrusted;

/// What one key may know.
pub struct AccountLine {
    /// The provider's name in the config.
    pub provider: String,
    /// What the key is called.
    pub alias: String,
    /// Its limits.
    pub key: Result<KeyFacts, Fault>,
    /// The credits behind it.
    pub credits: Result<Credits, Fault>,
    /// The last days.
    pub activity: Result<Activity, Fault>,
}

/// Prints it, and gives the exit status: 1 when a key could not be asked about.
pub fn print(format: UsageFormat, accounts: &[AccountLine], out: &mut Out) -> u8 {
    if accounts.is_empty() {
        out.tell("salon: no key of OpenRouter is there; salon login openrouter keeps one");
        return 1;
    }
    match format {
        UsageFormat::Csv => {
            out.tell("salon: --account has no CSV; it prints a table or --format json");
            return 2;
        }
        UsageFormat::Json => out.line(line(&Value::Array(accounts.iter().map(member).collect()))),
        UsageFormat::Table => accounts.iter().for_each(|account| show(account, out)),
    }
    u8::from(accounts.iter().any(|account| account.key.is_err()))
}

fn show(account: &AccountLine, out: &mut Out) {
    out.line(format_args!("{} · key {}", account.provider, Untrusted::from(account.alias.as_str()).line()));
    match &account.key {
        Ok(facts) => {
            rows(facts).iter().for_each(|(name, value)| out.line(format_args!("  {name:<10} {value}")))
        }
        Err(fault) => out.line(format_args!("  {}", told(fault))),
    }
    match &account.credits {
        Ok(credits) => out.line(format_args!(
            "  credits    {} left of {} paid in",
            short_usd(credits.left()),
            short_usd(i128::from(credits.total.0))
        )),
        // What is said of the key is said once.
        Err(_) if account.key.is_err() => {}
        Err(fault) => out.line(format_args!("  credits    {}", told(fault))),
    }
    if let Ok(activity) = &account.activity {
        let columns = [
            ("  day", false),
            ("model", false),
            ("by", false),
            ("requests", true),
            ("in", true),
            ("out", true),
            ("thinking", true),
            ("$", true),
        ];
        let rows: Vec<Vec<String>> = activity.rows.iter().map(cells).collect();
        if !rows.is_empty() {
            table::lines(&columns, &rows).iter().for_each(|line| out.line(line));
        }
    }
}

/// What there is to say of a key, a line each. `null` of a limit is no cap, not endless credit.
fn rows(facts: &KeyFacts) -> Vec<(&'static str, String)> {
    let dollars = |amount: Option<Pico>| {
        amount.map_or("?".to_owned(), |amount| format!("${}", usd(i128::from(amount.0))))
    };
    let mut rows = vec![
        ("spent", dollars(facts.spent)),
        (
            "",
            format!(
                "{} today · {} this week · {} this month (days of UTC)",
                dollars(facts.spent_day),
                dollars(facts.spent_week),
                dollars(facts.spent_month)
            ),
        ),
    ];
    rows.push(match facts.limit {
        None => ("limit", "none of its own; the account's credits decide".to_owned()),
        Some(_) => {
            let reset = facts
                .reset
                .as_ref()
                .map_or_else(String::new, |reset| format!(" · begins anew {}", reset.line()));
            ("limit", format!("{} left of {}{reset}", dollars(facts.remaining), dollars(facts.limit)))
        }
    });
    if facts.byok.is_some_and(|byok| byok != Pico::ZERO) {
        rows.push(("own keys", dollars(facts.byok)));
    }
    if facts.free_tier {
        rows.push(("account", "nothing was ever paid in: free models only".to_owned()));
    }
    if let Some(expires) = &facts.expires {
        rows.push(("ends", expires.line().into_owned()));
    }
    rows
}

fn told(fault: &Fault) -> String {
    let text = format!("{} {}", fault.message.line(), fault.hint);
    text.trim_end().to_owned()
}

fn cells(row: &ActivityRow) -> Vec<String> {
    let count = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    vec![
        format!("  {}", row.date.line()),
        row.model.line().into_owned(),
        row.upstream.line().into_owned(),
        count(row.requests),
        count(row.input),
        count(row.output),
        count(row.reasoning),
        row.spent.map_or_else(|| "?".to_owned(), |spent| usd(i128::from(spent.0))),
    ]
}

fn member(account: &AccountLine) -> Value {
    let dollars = |amount: Option<Pico>| json!(amount.map(|amount| usd(i128::from(amount.0))));
    let text = |text: &Option<Untrusted>| json!(text.as_ref().map(Untrusted::raw));
    let failed = |fault: &Fault| {
        object([
            ("class", json!(fault.class.name())),
            ("message", json!(fault.message.raw())),
            ("hint", json!(fault.hint)),
        ])
    };
    let key = match &account.key {
        Ok(facts) => object([
            ("spent", dollars(facts.spent)),
            ("spent_day", dollars(facts.spent_day)),
            ("spent_week", dollars(facts.spent_week)),
            ("spent_month", dollars(facts.spent_month)),
            ("limit", dollars(facts.limit)),
            ("remaining", dollars(facts.remaining)),
            ("reset", text(&facts.reset)),
            ("own_keys", dollars(facts.byok)),
            ("free_tier", json!(facts.free_tier)),
            ("management", json!(facts.management)),
            ("expires", text(&facts.expires)),
        ]),
        Err(fault) => object([("error", failed(fault))]),
    };
    let credits = match &account.credits {
        Ok(credits) => object([
            ("total", dollars(Some(credits.total))),
            ("used", dollars(Some(credits.used))),
            ("left", json!(usd(credits.left()))),
        ]),
        Err(fault) => object([("error", failed(fault))]),
    };
    let activity = match &account.activity {
        Ok(activity) => Value::Array(activity.rows.iter().map(day).collect()),
        Err(fault) => object([("error", failed(fault))]),
    };
    object([
        ("provider", json!(account.provider)),
        ("alias", json!(account.alias)),
        ("key", key),
        ("credits", credits),
        ("activity", activity),
    ])
}

fn day(row: &ActivityRow) -> Value {
    let dollars = |amount: Option<Pico>| json!(amount.map(|amount| usd(i128::from(amount.0))));
    object([
        ("date", json!(row.date.raw())),
        ("model", json!(row.model.raw())),
        ("upstream", json!(row.upstream.raw())),
        ("usd", dollars(row.spent)),
        ("own_keys", dollars(row.byok)),
        ("requests", json!(row.requests)),
        ("input", json!(row.input)),
        ("output", json!(row.output)),
        ("reasoning", json!(row.reasoning)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::FaultClass;
    use crate::cli::out::tests::pages;

    fn line() -> AccountLine {
        let usd = |text: &str| Some(Pico::from_usd(text).expect("an amount"));
        AccountLine {
            provider: "openrouter".to_owned(),
            alias: "work".to_owned(),
            key: Ok(KeyFacts {
                limit: usd("100"),
                remaining: usd("74.500125"),
                reset: Some(Untrusted::from("monthly\u{1b}[2J")),
                spent: usd("1025.499875"),
                ..KeyFacts::default()
            }),
            credits: Err(Fault::new(FaultClass::Auth, "Only management keys.").hint("Make one.")),
            activity: Err(Fault::new(FaultClass::Auth, "Only management keys.")),
        }
    }

    #[test]
    fn a_table_and_an_object_say_the_same() {
        let (mut out, stdout, _) = pages(false);
        assert_eq!(print(UsageFormat::Table, &[line()], &mut out), 0);
        assert_eq!(print(UsageFormat::Json, &[line()], &mut out), 0);
        out.flush();
        let text = stdout.text();
        assert!(text.contains("$74.500125 left of $100") && text.contains("Make one."), "{text}");
        assert!(
            text.contains(r#""remaining":"74.500125""#) && text.contains(r#""spent_day":null"#),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn no_cap_is_not_endless_credit() {
        let facts = KeyFacts { spent: Some(Pico::ZERO), free_tier: true, ..KeyFacts::default() };
        let text = format!("{:?}", rows(&facts));
        assert!(text.contains("the account's credits decide") && text.contains("free models only"), "{text}");
    }

    #[test]
    fn without_a_key_it_says_how_to_get_one() {
        let (mut out, _, stderr) = pages(false);
        assert_eq!(print(UsageFormat::Table, &[], &mut out), 1);
        assert_eq!(print(UsageFormat::Csv, &[line()], &mut out), 2);
        assert!(stderr.text().contains("salon login openrouter"), "{}", stderr.text());
    }
}
