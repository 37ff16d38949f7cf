//! What may stand in the file: one row per key, its name and its reader. The walk knows no other
//! keys, and a test holds the shipped `default.toml` to these rows.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::chat::Api;
use crate::chat::Dialect;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Pico;
use crate::chat::Secret;
use crate::chat::Tariff;
use crate::config::BudgetConfig;
use crate::config::Config;
use crate::config::HeaderValue;
use crate::config::ModelConfig;
use crate::config::PriceConfig;
use crate::config::ProviderConfig;
use crate::config::SeatConfig;
use crate::config::UiConfig;
use crate::config::explain::Source;
use crate::config::explain::nearest;
use crate::config::keys::api_key;
use crate::config::keys::key_name;
use crate::config::keys::more_keys;
use crate::config::params::PARAMS;
use crate::config::value::CHOSEN;
use crate::config::value::Field;
use crate::config::value::STAND_IN;
use crate::config::value::Value;
use crate::config::value::Walk;
use crate::config::value::rows;

/// Reads a text: what is written, what to tell, and all that is wrong with it.
pub(super) fn read(source: &Source, beside: &Path) -> (Config, Vec<Notice>, Vec<String>) {
    let mut walk = Walk::new(source, beside);
    let text = untangled(source.text());
    let (table, faults) = DeTable::parse_recoverable(&text);
    let mut rows: Vec<Range<usize>> = Vec::new();
    for fault in &faults {
        let at = fault.span().unwrap_or(0..0);
        let row = row_of(&text, at.start);
        // One slip makes the parser stumble several times over the same line.
        if !rows.contains(&row) {
            walk.error(&at, &format!("this is not TOML: {}", fault.message()), "");
            rows.push(row);
        }
    }
    let mut config = Config::default();
    // What the parser could make of the rest is checked too, but for lines that it stumbled on.
    let mut rest = Walk::new(source, beside);
    rest.fields(table.get_ref(), "the file", ROOT, &mut config);
    if faults.is_empty() {
        check_names(&config, table.get_ref(), &mut rest);
    }
    walk.take_outside(rest, &rows);
    let (notices, errors) = walk.finish();
    (config, notices, errors)
}

/// The text with `lineup = …` at the top under its stand-in, every byte at its place.
fn untangled(text: &str) -> Cow<'_, str> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_start();
        if body.starts_with('[') {
            break;
        }
        if body.strip_prefix(CHOSEN).is_some_and(|rest| rest.trim_start().starts_with('=')) {
            let at = offset + line.len() - body.len();
            let mut out = text.to_owned();
            out.replace_range(at..at + CHOSEN.len(), STAND_IN);
            return Cow::Owned(out);
        }
        offset += line.len();
    }
    Cow::Borrowed(text)
}

/// The bytes of the line in which an offset stands.
fn row_of(text: &str, offset: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    let start = bytes.iter().take(offset).rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = bytes.iter().skip(offset).position(|byte| *byte == b'\n').map_or(bytes.len(), |at| offset + at);
    start..end + 1
}

/// Names that point to other places of the file.
fn check_names(config: &Config, table: &DeTable<'_>, walk: &mut Walk<'_>) {
    let chosen = table.iter().find(|(_, value)| value.get_ref().as_str() == config.lineup.as_deref());
    if let (Some(name), Some((_, value))) = (&config.lineup, chosen)
        && !config.lineups.contains_key(name)
    {
        let hint = match nearest(name, config.lineups.keys().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "write it: [lineup.NAME] with seats = [\"provider/model\"]".to_owned(),
        };
        let shown = walk.source.quote(&value.span());
        walk.error(&value.span(), &format!("there is no line-up {shown}"), &hint);
    }
    let mut seen: Vec<(&str, &ModelRef)> = Vec::new();
    for (model, written) in &config.models {
        let Some(alias) = written.alias.as_deref() else { continue };
        match seen.iter().find(|(other, _)| *other == alias) {
            Some((_, first)) => {
                let message = format!("the alias of this model is that of {first} too");
                walk.error(&written.at, &message, "give one of them another alias");
            }
            None => seen.push((alias, model)),
        }
    }
}

/// All keys of the file's top.
pub(super) const ROOT: &[Field<Config>] = rows![Config;
    "lineup" => lineup_or_name;
    "who" => |config, value, walk| config.who = walk.name(value);
    "provider" => providers;
    "model" => models;
    "budget" => |config, value, walk| walk.inner(value, "[budget]", BUDGET, &mut config.budget);
    "ui" => |config, value, walk| walk.inner(value, "[ui]", UI, &mut config.ui);
    "keys" => keys;
    "catalogue" => |config, value, walk| walk.inner(value, "[catalogue]", CATALOGUE, config);
    "demo" => |config, value, walk| walk.inner(value, "[demo]", DEMO, config);
    "discover" => |config, value, walk| walk.inner(value, "[discover]", DISCOVER, config);
];

/// `[discover]`.
pub(super) const DISCOVER: &[Field<Config>] = rows![Config;
    "local" => |config, value, walk| config.discover_local = walk.boolean(value);
];

/// `[budget]`.
pub(super) const BUDGET: &[Field<BudgetConfig>] = rows![BudgetConfig;
    "day" => |budget, value, walk| budget.day = walk.dollars(value);
    "week" => |budget, value, walk| budget.week = walk.dollars(value);
    "month" => |budget, value, walk| budget.month = walk.dollars(value);
    "room" => |budget, value, walk| budget.room = walk.dollars(value);
];

/// `[catalogue]`.
pub(super) const CATALOGUE: &[Field<Config>] = rows![Config;
    "refresh" => |config, value, walk| config.refresh = walk.boolean(value);
];

/// `[demo]`.
pub(super) const DEMO: &[Field<Config>] = rows![Config;
    "pace" => |config, value, walk| config.pace = walk.thousandths(value);
];

/// `[ui]`.
pub(super) const UI: &[Field<UiConfig>] = rows![UiConfig;
    "theme" => |ui, value, walk| ui.theme = walk.name(value);
    "layout" => |ui, value, walk| {
        ui.layout = walk.word(value, &["auto", "columns", "rows", "grid", "tabs"]).filter(|word| word != "auto");
    };
    "mouse" => |ui, value, walk| set(&mut ui.mouse, walk.boolean(value));
    "ascii" => |ui, value, walk| ui.ascii = walk.boolean(value);
    "clipboard" => |ui, value, walk| {
        set(&mut ui.clipboard, walk.word(value, &["auto", "tmux", "command", "osc52", "off"]));
    };
    "sync_output" => |ui, value, walk| set(&mut ui.sync_output, walk.boolean(value));
    "kitty_keys" => |ui, value, walk| set(&mut ui.kitty_keys, walk.boolean(value));
    "reduced_motion" => |ui, value, walk| set(&mut ui.reduced_motion, walk.boolean(value));
    "color" => |ui, value, walk| ui.color = walk.word(value, &["auto", "always", "never"]);
    "title" => |ui, value, walk| set(&mut ui.title, walk.boolean(value));
    "enter" => |ui, value, walk| set(&mut ui.enter, walk.word(value, &["send", "newline"]));
];

/// `[provider.NAME]`.
pub(super) const PROVIDER: &[Field<ProviderConfig>] = rows![ProviderConfig;
    "dialect" => |provider, value, walk| {
        let names = Dialect::ALL.map(|(_, name)| name);
        provider.dialect = walk.word(value, &names).and_then(|name| Dialect::from_name(&name));
    };
    "base_url" => |provider, value, walk| provider.base_url = base_url(value, walk);
    "api_key" => |provider, value, walk| provider.key = api_key(value, walk);
    "keys" => more_keys;
    "key" => |provider, value, walk| {
        provider.chosen_key = key_name(value, walk).map(|name| (value.span(), name));
    };
    "headers" => |provider, value, walk| headers(&mut provider.headers, value, walk);
    "extra_body" => |provider, value, walk| provider.extra_body = walk.json_object(value);
    "timeouts" => |provider, value, walk| walk.inner(value, "timeouts", TIMEOUTS, provider);
    "concurrency" => |provider, value, walk| {
        provider.concurrency = walk.integer(value, 1, 1000).and_then(|number| u32::try_from(number).ok());
    };
    "rate" => |provider, value, walk| {
        provider.rate = walk.integer(value, 1, 100_000).and_then(|number| u32::try_from(number).ok());
    };
    "retries" => |provider, value, walk| {
        provider.retries = walk.integer(value, 0, 2).and_then(|number| u32::try_from(number).ok());
    };
    "local" => |provider, value, walk| provider.local = walk.boolean(value);
    "tariff" => |provider, value, walk| {
        let word = walk.word(value, &["metered", "free", "subscription"]);
        provider.tariff = word.and_then(|word| Tariff::from_name(&word));
    };
    "allow_insecure_http" => |provider, value, walk| provider.allow_insecure_http = walk.boolean(value);
    "max_completion_tokens" => |provider, value, walk| provider.max_completion_tokens = walk.boolean(value);
    "think_tags" => |provider, value, walk| provider.think_tags = walk.boolean(value);
    "api" => |provider, value, walk| provider.api = api(value, walk);
];

/// `timeouts` of a provider, in seconds.
pub(super) const TIMEOUTS: &[Field<ProviderConfig>] = rows![ProviderConfig;
    "connect" => |provider, value, walk| provider.connect = walk.count(value, 86_400);
    "headers" => |provider, value, walk| provider.headers_within = walk.count(value, 86_400);
    "idle" => |provider, value, walk| provider.idle = walk.count(value, 86_400);
];

/// `[model."provider/id"]`.
pub(super) const MODEL: &[Field<ModelConfig>] = rows![ModelConfig;
    "alias" => |model, value, walk| model.alias = alias(value, walk);
    "price" => |model, value, walk| walk.inner(value, "price", PRICE, &mut model.price);
    "params" => |model, value, walk| walk.inner(value, "params", PARAMS, &mut model.params);
    "system" => |model, value, walk| model.system = walk.string(value);
    "context" => |model, value, walk| model.context = walk.count(value, i64::MAX);
    "max_output" => |model, value, walk| model.max_output = walk.count(value, i64::MAX);
    "headers" => |model, value, walk| headers(&mut model.headers, value, walk);
    "api" => |model, value, walk| model.api = api(value, walk);
];

/// `price` of a model, USD per million tokens.
pub(super) const PRICE: &[Field<PriceConfig>] = rows![PriceConfig;
    "input" => |price, value, walk| price.input = price_text(value, walk);
    "output" => |price, value, walk| price.output = price_text(value, walk);
    "cache_read" => |price, value, walk| price.cache_read = price_text(value, walk);
    "cache_write" => |price, value, walk| price.cache_write = price_text(value, walk);
];

/// A seat that is a table.
pub(super) const SEAT: &[Field<SeatConfig>] = rows![SeatConfig;
    "model" => |seat, value, walk| seat.model = walk.name(value).unwrap_or_default();
    "system" => |seat, value, walk| seat.system = walk.string(value);
    "params" => |seat, value, walk| walk.inner(value, "params", PARAMS, &mut seat.params);
];

/// `[lineup.NAME]`.
pub(super) const LINEUP: &[Field<Vec<SeatConfig>>] = rows![Vec<SeatConfig>;
    "seats" => seats;
];

fn set<T>(into: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *into = value;
    }
}

fn lineup_or_name(config: &mut Config, value: &Value<'_>, walk: &mut Walk<'_>) {
    let DeValue::Table(table) = value.get_ref() else {
        config.lineup = walk.name(value);
        return;
    };
    for (name, value) in table {
        let place = format!("[lineup.{}]", walk.source.quote(&name.span()));
        let mut found = Vec::new();
        let errors = walk.inner_checked(value, &place, LINEUP, &mut found);
        if errors && found.is_empty() {
            walk.error(&name.span(), "this line-up has no seats", "write seats = [\"provider/model\"]");
        }
        config.lineups.insert(name.get_ref().to_string(), found);
    }
}

fn seats(into: &mut Vec<SeatConfig>, value: &Value<'_>, walk: &mut Walk<'_>) {
    let DeValue::Array(list) = value.get_ref() else {
        walk.wrong(value, "a list, as in [\"provider/model\"]");
        return;
    };
    for item in list.iter() {
        let mut seat = SeatConfig { at: item.span(), ..SeatConfig::default() };
        match item.get_ref() {
            DeValue::Table(table) => {
                walk.fields(table, "a seat", SEAT, &mut seat);
                if !table.iter().any(|(key, _)| key.get_ref().as_ref() == "model") {
                    walk.error(
                        &item.span(),
                        "this seat has no model",
                        "write { model = \"provider/model\" }",
                    );
                }
            }
            _ => seat.model = walk.name(item).unwrap_or_default(),
        }
        into.push(seat);
    }
}

fn providers(config: &mut Config, value: &Value<'_>, walk: &mut Walk<'_>) {
    let Some(table) = walk.table(value, "the table [provider.NAME]") else { return };
    for (name, value) in table {
        let text = name.get_ref();
        if text.is_empty() || text.contains('/') || !text.chars().all(|c| c.is_ascii_graphic()) {
            walk.error(&name.span(), "a provider's name has no slash and no spaces", "");
            continue;
        }
        let mut provider = ProviderConfig { at: name.span(), ..ProviderConfig::default() };
        walk.inner(value, &format!("[provider.{text}]"), PROVIDER, &mut provider);
        config.providers.insert(text.to_string(), provider);
    }
}

fn models(config: &mut Config, value: &Value<'_>, walk: &mut Walk<'_>) {
    let Some(table) = walk.table(value, "the table [model.\"provider/id\"]") else { return };
    for (name, value) in table {
        let mut written = ModelConfig { at: name.span(), ..ModelConfig::default() };
        let shown = walk.source.quote(&name.span());
        match name.get_ref().parse::<ModelRef>() {
            Ok(model) => {
                walk.inner(value, &format!("[model.{shown}]"), MODEL, &mut written);
                config.models.insert(model, written);
            }
            Err(error) => {
                let hint = format!("write it in quotes: [model.\"provider/{}\"]", shown.trim_matches('"'));
                walk.error(&name.span(), &error.to_string(), &hint);
            }
        }
    }
}

/// Chords are read by the keymap; what is no text here is told, and left out.
fn keys(config: &mut Config, value: &Value<'_>, walk: &mut Walk<'_>) {
    const CONTEXTS: [&str; 4] = ["global", "composer", "pane", "panel"];
    let Some(table) = walk.table(value, "tables as [keys.global]") else { return };
    for (context, chords) in table {
        let name = context.get_ref().as_ref();
        let (true, DeValue::Table(chords)) = (CONTEXTS.contains(&name), chords.get_ref()) else {
            let hint = match nearest(name, CONTEXTS) {
                Some(near) => format!("left out; did you mean [keys.{near}]?"),
                None => format!(
                    "left out; there are {}",
                    CONTEXTS.map(|name| format!("[keys.{name}]")).join(", ")
                ),
            };
            walk.warn(&context.span(), "there are no such keys", &hint);
            continue;
        };
        let into = config.keys.entry(name.to_owned()).or_default();
        for (chord, action) in chords {
            match action.get_ref() {
                DeValue::String(action) => {
                    into.insert(chord.get_ref().to_string(), action.to_string());
                }
                _ => walk.warn(&action.span(), "an action is a name in quotes", "left out"),
            }
        }
    }
}

fn headers(into: &mut Vec<(String, HeaderValue)>, value: &Value<'_>, walk: &mut Walk<'_>) {
    let Some(table) = walk.table(value, "a table, as in { X-Team = \"blue\" }") else { return };
    for (name, value) in table {
        let text = name.get_ref();
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
            walk.error(&name.span(), "this is no name of a header", "letters, digits, - and _");
            continue;
        }
        let read = match value.get_ref() {
            DeValue::Table(table) => match table.iter().next().filter(|_| table.len() == 1) {
                Some((way, name)) if way.get_ref().as_ref() == "env" => walk.name(name).map(HeaderValue::Env),
                _ => {
                    walk.error(&value.span(), "a header is text, or { env = \"VARIABLE\" }", "");
                    None
                }
            },
            _ => walk.string(value).map(|text| HeaderValue::Plain(Secret::new(text))),
        };
        let sendable = |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if matches!(&read, Some(HeaderValue::Plain(text)) if !sendable(text.expose())) {
            walk.error(&value.span(), "this value has characters that no header can carry", "");
            continue;
        }
        into.extend(read.map(|value| (text.to_ascii_lowercase(), value)));
    }
}

fn api(value: &Value<'_>, walk: &mut Walk<'_>) -> Option<Api> {
    let names = Api::ALL.map(|(_, name)| name);
    walk.word(value, &names).and_then(|name| Api::from_name(&name))
}

fn base_url(value: &Value<'_>, walk: &mut Walk<'_>) -> Option<String> {
    let text = walk.name(value)?;
    let example = "as in https://openrouter.ai/api/v1 or http://127.0.0.1:8000/v1";
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        walk.error(&value.span(), "a base_url begins with https:// or http://", example);
        return None;
    };
    let host = rest.split('/').next().unwrap_or_default();
    let fault = if host.contains('@') {
        "a base_url has no user and no password"
    } else if rest.contains(['?', '#']) {
        "a base_url has nothing behind a ? or #"
    } else if host.is_empty() || !text.chars().all(|c| c.is_ascii_graphic()) {
        "this is no address"
    } else {
        return Some(text.trim_end_matches('/').to_owned());
    };
    walk.error(&value.span(), fault, example);
    None
}

fn alias(value: &Value<'_>, walk: &mut Walk<'_>) -> Option<String> {
    let text = walk.name(value)?;
    if text.contains('/') || text.chars().any(char::is_whitespace) {
        walk.error(&value.span(), "an alias has no slash and no spaces", "");
        return None;
    }
    Some(text)
}

/// The text of a price. One that is no price is told, and stays, so that the charge is unknown.
fn price_text(value: &Value<'_>, walk: &mut Walk<'_>) -> Option<String> {
    let text = walk.decimal(value)?;
    if !Pico::from_usd_per_million(&text).is_ok_and(|price| price >= Pico::ZERO) {
        let hint =
            "what this model costs is unknown until it is; write USD per million tokens, as in \"3.00\"";
        walk.warn(&value.span(), "this is no price", hint);
    }
    Some(text)
}

#[cfg(test)]
pub(super) fn all_names() -> Vec<&'static str> {
    fn names<T>(rows: &[Field<T>]) -> Vec<&'static str> {
        rows.iter().map(|row| row.name).collect()
    }
    [
        names(ROOT),
        names(BUDGET),
        names(CATALOGUE),
        names(DEMO),
        names(DISCOVER),
        names(UI),
        names(PROVIDER),
        names(TIMEOUTS),
        names(MODEL),
        names(PRICE),
        names(PARAMS),
        names(crate::config::params::OPENROUTER),
        names(SEAT),
        names(LINEUP),
    ]
    .concat()
}
