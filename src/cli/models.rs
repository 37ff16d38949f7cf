//! `salon models`: the models that are known, with what they take, can and cost. What a model costs
//! is exact decimal text; nothing is asked here.

use serde_json::{Value, json};

use crate::chat::Effort;
use crate::chat::ModelInfo;
use crate::chat::Pico;
use crate::chat::Tariff;
use crate::chat::usd;
use crate::cli::args::ListFormat;
use crate::cli::args::ModelsArgs;
use crate::cli::filter::Cost;
use crate::cli::filter::fitting;
use crate::cli::json::line;
use crate::cli::json::object;
use crate::cli::out::Out;
use crate::cli::table;
use crate::price::Origin;
use crate::price::Price;
use crate::text::Untrusted;
use crate::text::cell_width;

/// A model and what is known of it.
#[derive(Clone, Debug)]
pub struct ModelLine {
    /// What the config, the lists and the book say.
    pub info: ModelInfo,
    /// The short name of the config.
    pub alias: Option<String>,
    /// What it costs, and who says so.
    pub price: Option<(Price, Origin)>,
    /// How it is paid for.
    pub tariff: Tariff,
    /// Whether its provider has a key, or needs none.
    pub ready: bool,
}

/// A column: its head, whether it stands to the right, its rank (those with the highest rank go
/// first when the terminal is narrow; 0 stays), and its cell.
type Column = (&'static str, bool, u8, fn(&ModelLine) -> String);

const COLUMNS: &[Column] = &[
    ("model", false, 0, |model| Untrusted::from(model.info.model.to_string()).line().into_owned()),
    ("alias", false, 3, |model| safe(model.alias.as_deref())),
    ("in $/M", true, 0, |model| price(model, |price| price.input)),
    ("out $/M", true, 0, |model| price(model, |price| price.output)),
    ("context", true, 1, |model| count(model.info.context)),
    ("reply", true, 6, |model| count(model.info.max_output)),
    ("takes", false, 5, takes),
    ("can", false, 4, can),
    ("", false, 2, remark),
];

/// Prints the models and gives the exit status: 1 when none fits.
pub fn run(args: &ModelsArgs, models: &[ModelLine], out: &mut Out) -> u8 {
    let found = fitting(args, models);
    if found.is_empty() {
        let query = Untrusted::from(args.query.join(" "));
        out.tell(&match query.line().as_ref() {
            "" => "salon: no model that is known fits".to_owned(),
            query => format!("salon: no model that is known has {query} in its name and fits"),
        });
    }
    match args.format {
        ListFormat::Json => out.line(line(&Value::Array(found.iter().map(|model| member(model)).collect()))),
        ListFormat::Table if found.is_empty() => {}
        ListFormat::Table => {
            let width = out.width();
            fitted(&found, width).iter().for_each(|line| out.line(line));
        }
    }
    out.tell(&format!("models: {} of {}", found.len(), models.len()));
    u8::from(found.is_empty())
}

/// The table, with as many columns as fit the width. A name that is still too long is cut in its
/// middle, a figure never.
fn fitted(models: &[&ModelLine], width: Option<usize>) -> Vec<String> {
    let mut columns: Vec<&Column> = COLUMNS.iter().collect();
    let mut rows: Vec<Vec<String>> =
        models.iter().map(|model| columns.iter().map(|(_, _, _, cell)| cell(model)).collect()).collect();
    // A column in which nothing stands says nothing.
    drop_columns(&mut columns, &mut rows, |at, rows| {
        rows.iter().all(|row| row.get(at).is_none_or(String::is_empty))
    });
    loop {
        let heads: Vec<table::Column> = columns.iter().map(|(head, right, _, _)| (*head, *right)).collect();
        let lines = table::lines(&heads, &rows);
        let widest = lines.iter().map(|line| cell_width(line)).max().unwrap_or(0);
        let too_much = width.map_or(0, |width| widest.saturating_sub(width));
        let rank = columns.iter().map(|(_, _, rank, _)| *rank).max().unwrap_or(0);
        if too_much == 0 {
            return lines;
        }
        if rank == 0 {
            let names = rows.iter().filter_map(|row| row.first()).map(|name| cell_width(name)).max();
            let room = names.unwrap_or(0).saturating_sub(too_much).max(8);
            for name in rows.iter_mut().filter_map(|row| row.first_mut()) {
                *name = shortened(name, room);
            }
            return table::lines(&heads, &rows);
        }
        let ranks: Vec<u8> = columns.iter().map(|(_, _, rank, _)| *rank).collect();
        drop_columns(&mut columns, &mut rows, |at, _| ranks.get(at) == Some(&rank));
    }
}

fn drop_columns(
    columns: &mut Vec<&Column>,
    rows: &mut [Vec<String>],
    goes: impl Fn(usize, &[Vec<String>]) -> bool,
) {
    let gone: Vec<bool> = (0..columns.len()).map(|at| goes(at, rows)).collect();
    let stays = |at: &mut usize| {
        let stays = gone.get(*at) != Some(&true);
        *at += 1;
        stays
    };
    let mut at = 0;
    columns.retain(|_| stays(&mut at));
    for row in rows {
        let mut at = 0;
        row.retain(|_| stays(&mut at));
    }
}

/// A name without its middle.
fn shortened(name: &str, room: usize) -> String {
    if cell_width(name) <= room {
        return name.to_owned();
    }
    let chars: Vec<char> = name.chars().collect();
    let (before, after) = (room.saturating_sub(1) / 2, room.saturating_sub(1).div_ceil(2));
    let head: String = chars.iter().take(before).collect();
    let tail: String = chars.iter().skip(chars.len().saturating_sub(after)).collect();
    format!("{head}…{tail}")
}

fn safe(text: Option<&str>) -> String {
    text.map(|text| Untrusted::from(text).line().into_owned()).unwrap_or_default()
}

/// Dollars per million tokens, exact.
fn per_million(price: Pico) -> String {
    usd(i128::from(price.0) * 1_000_000)
}

fn price(model: &ModelLine, part: fn(&Price) -> Pico) -> String {
    match (Cost::of(model), &model.price) {
        (Cost::Priced | Cost::Play, Some((price, _))) => per_million(part(price)),
        (Cost::Unknown | Cost::Priced | Cost::Play, _) => "?".to_owned(),
        (cost, _) => cost.name().to_owned(),
    }
}

/// Tokens: whole thousands with a `k`.
fn count(tokens: Option<u64>) -> String {
    match tokens {
        None => String::new(),
        Some(tokens) if tokens >= 1_000_000 && tokens % 100_000 == 0 => {
            let (whole, tenth) = (tokens / 1_000_000, tokens % 1_000_000 / 100_000);
            if tenth == 0 { format!("{whole}m") } else { format!("{whole}.{tenth}m") }
        }
        Some(tokens) if tokens >= 1000 => format!("{}k", tokens / 1000),
        Some(tokens) => tokens.to_string(),
    }
}

/// What may be sent besides text, and what comes back besides text.
fn takes(model: &ModelLine) -> String {
    let others = |list: &Option<Vec<String>>| {
        let list = list.iter().flatten().filter(|kind| *kind != "text");
        list.map(|kind| safe(Some(kind))).collect::<Vec<_>>()
    };
    let can = &model.info.abilities;
    let (input, output) = (others(&can.input), others(&can.output));
    let mut words = input.join(" ");
    if !output.is_empty() {
        words.push_str(&format!("{}→ {}", if words.is_empty() { "" } else { " " }, output.join(" ")));
    }
    words
}

fn can(model: &ModelLine) -> String {
    let can = &model.info.abilities;
    let thinks = match (can.reasoning, can.always_reasons) {
        (Some(true), Some(true)) => "thinks always",
        (Some(true), _) => "thinks",
        _ => "",
    };
    let tools = if can.tools == Some(true) { "tools" } else { "" };
    [tools, thinks].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn remark(model: &ModelLine) -> String {
    let fee = |price: Option<Pico>, what: &str| {
        price.filter(|price| *price > Pico::ZERO).map(|price| format!("+${} a {what}", price.usd()))
    };
    let price = model.price.as_ref().map(|(price, _)| price);
    let remarks = [
        (!model.ready).then(|| "no key".to_owned()),
        price.and_then(|price| fee(price.request, "request")),
        model.info.alias_of.as_deref().map(|id| format!("now {}", safe(Some(id)))),
        model.info.expires.as_deref().map(|day| format!("until {}", safe(Some(day)))),
    ];
    remarks.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn member(model: &ModelLine) -> Value {
    let price = model.price.as_ref().filter(|_| Cost::of(model) != Cost::Unknown);
    let price = price.map_or(Value::Null, |(price, origin)| {
        object([
            ("input", json!(per_million(price.input))),
            ("output", json!(per_million(price.output))),
            ("cache_read", json!(price.cache_read.map(per_million))),
            ("cache_write", json!(price.cache_write.map(per_million))),
            ("source", json!(origin.name())),
            ("request", json!(price.request.map(Pico::usd))),
            ("search", json!(price.search.map(Pico::usd))),
        ])
    });
    let can = &model.info.abilities;
    let efforts = can.efforts.as_ref();
    let efforts = efforts.map(|efforts| efforts.iter().copied().map(Effort::name).collect::<Vec<_>>());
    object([
        ("model", json!(model.info.model.to_string())),
        ("name", json!(model.info.name)),
        ("alias", json!(model.alias)),
        ("price", price),
        ("context", json!(model.info.context)),
        ("max_output", json!(model.info.max_output)),
        ("ready", json!(model.ready)),
        ("cost", json!(Cost::of(model).name())),
        ("input", json!(can.input)),
        ("output", json!(can.output)),
        ("tools", json!(can.tools)),
        ("reasoning", json!(can.reasoning)),
        ("efforts", json!(efforts)),
        ("alias_of", json!(model.info.alias_of)),
        ("expires", json!(model.info.expires)),
    ])
}

#[cfg(test)]
#[path = "models_tests.rs"]
mod tests;
