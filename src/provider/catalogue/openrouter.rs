//! OpenRouter's list: the whole item, with prices per unit, their conditions, and what a model
//! takes. `:batch` variants cannot be chatted with and are left out.
//!
//! Amounts stay texts, and a condition that nobody here knows makes its price odd instead of being
//! taken for met or not met.

use std::collections::BTreeMap;

use crate::chat::Effort;
use crate::chat::ModelInfo;
use crate::price::Amounts;
use crate::price::Listed;
use crate::price::Listing;
use crate::price::Override;
use crate::price::Unit;
use crate::provider::catalogue::Read;
use crate::provider::catalogue::day;
use crate::provider::catalogue::model;
use crate::provider::catalogue::name;
use crate::wire::Obj;
use crate::wire::Raw;
use crate::wire::models::Entry;
use crate::wire::models::Page;
use crate::wire::models::{amount, count, flag, list, members, object, texts};

/// A part that is taken off a price. Nobody says whether the amounts beside it contain it already.
const DISCOUNT: &str = "discount";

/// A member of a price and its place.
type Row = (&'static str, fn(&mut Amounts) -> &mut Option<String>);

/// The amounts, a row each.
const AMOUNTS: &[Row] = &[
    ("prompt", |amounts| &mut amounts.input),
    ("completion", |amounts| &mut amounts.output),
    ("input_cache_read", |amounts| &mut amounts.cache_read),
    ("input_cache_write", |amounts| &mut amounts.cache_write),
    ("input_cache_write_1h", |amounts| &mut amounts.cache_write_1h),
    ("internal_reasoning", |amounts| &mut amounts.reasoning),
    ("audio", |amounts| &mut amounts.audio_input),
    ("input_audio_cache", |amounts| &mut amounts.audio_cache_read),
    ("audio_output", |amounts| &mut amounts.audio_output),
    ("image_token", |amounts| &mut amounts.image_token),
    ("image_output", |amounts| &mut amounts.image_output),
    ("image", |amounts| &mut amounts.image),
    ("request", |amounts| &mut amounts.request),
    ("web_search", |amounts| &mut amounts.search),
];

/// The query of the next page. Only the query is taken: a list never leads to another host.
pub(super) fn next(page: &Page<'_>) -> Option<String> {
    let next = page.links.get()?.next.get()?.split_once('?')?.1;
    let plain = |c: char| c.is_ascii_alphanumeric() || "=&-_.~%,".contains(c);
    (!next.is_empty() && next.len() < 1000 && next.chars().all(plain)).then(|| next.to_owned())
}

/// One model.
pub(super) fn read(provider: &str, entry: &Entry<'_>) -> Read {
    let Some(mut info) = model(provider, entry.id.get()) else { return Read::Odd };
    if info.model.id.ends_with(":batch") {
        return Read::Other;
    }
    describe(&mut info, entry);
    let others = entry.canonical.get().map(str::to_owned).into_iter().collect();
    Read::Model(Box::new(Listing { info, price: entry.pricing.get().map(price) }), others)
}

/// What the members that OpenRouter made say; other servers send them too.
pub(super) fn describe(info: &mut ModelInfo, entry: &Entry<'_>) {
    let top = entry.top_provider.get();
    info.name = name(entry.name.get(), info);
    info.context = count(entry.context_length).or_else(|| top.and_then(|top| count(top.context_length)));
    info.max_output = top.and_then(|top| count(top.max_completion_tokens));
    info.expires = day(entry.expiration_date.get());
    info.alias_of = entry.alias_target.get().and_then(|target| target.slug.get()).map(str::to_owned);
    let can = &mut info.abilities;
    if let Some(kinds) = entry.architecture.get() {
        can.input = texts(kinds.input);
        can.output = texts(kinds.output);
    }
    if let Some(parameters) = texts(entry.supported_parameters) {
        let has = |name: &str| parameters.iter().any(|parameter| parameter == name);
        can.tools = Some(has("tools"));
        can.reasoning = Some(has("reasoning") || has("reasoning_effort"));
        can.parameters = Some(parameters);
    }
    if let Some(reasoning) = Obj::get(&entry.reasoning) {
        can.reasoning = Some(true);
        can.always_reasons = flag(reasoning.mandatory);
        can.efforts = texts(reasoning.efforts).map(efforts).filter(|efforts| !efforts.is_empty());
    }
}

/// Efforts by their names, weakest first.
pub(super) fn efforts(names: Vec<String>) -> Vec<Effort> {
    let mut efforts: Vec<Effort> = names.iter().filter_map(|name| Effort::from_name(name)).collect();
    efforts.sort_unstable();
    efforts.dedup();
    efforts
}

/// A price for one token. One that is no object has no amounts, and so is known to nobody.
pub(super) fn price(json: &str) -> Listed {
    let Some(told) = object(json) else { return Listed::default() };
    let conditions = told.get("overrides").and_then(|json| list(json)).unwrap_or_default();
    let mut base = amounts(&told);
    // Thinking costs what other output costs where its own price is told as nothing.
    base.reasoning = base.reasoning.filter(|text| !is_nothing(text));
    let overrides = conditions.into_iter().map(condition).collect();
    Listed { unit: Unit::Token, base, overrides, is_discounted: is_discounted(&told) }
}

fn is_nothing(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0' || byte == b'.')
}

fn is_discounted(told: &BTreeMap<String, &str>) -> bool {
    told.get(DISCOUNT).and_then(|json| amount(json)).is_some_and(|text| !is_nothing(&text))
}

fn amounts(told: &BTreeMap<String, &str>) -> Amounts {
    let mut amounts = Amounts::default();
    for (key, place) in AMOUNTS {
        *place(&mut amounts) = told.get(*key).and_then(|json| amount(json));
    }
    amounts
}

fn condition(json: &str) -> Override {
    let Some(told) = object(json) else { return Override { is_odd: true, ..Override::default() } };
    let number = |key: &str| told.get(key).map(|json| json.trim_matches('"').parse::<u64>().ok());
    let hour = |key: &str| match number(key) {
        Some(Some(time)) if time <= 2400 && time % 100 < 60 => u16::try_from(time).ok(),
        _ => None,
    };
    let above = number("min_prompt_tokens");
    let times = ["utc_start", "utc_end"];
    let hours = hour(times[0]).zip(hour(times[1]));
    let odd_hours = hours.is_none() && times.iter().any(|key| told.contains_key(*key));
    let known = |key: &str| {
        key == "min_prompt_tokens"
            || times.contains(&key)
            || key == DISCOUNT
            || AMOUNTS.iter().any(|(name, _)| *name == key)
    };
    Override {
        above: above.flatten(),
        hours,
        is_odd: above == Some(None)
            || odd_hours
            || is_discounted(&told)
            || told.keys().any(|key| !known(key)),
        amounts: amounts(&told),
    }
}

/// The members of an object, or none.
pub(super) fn members_of(raw: Raw<'_>) -> BTreeMap<String, &str> {
    members(raw).unwrap_or_default()
}
