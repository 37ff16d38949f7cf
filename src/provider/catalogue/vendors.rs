//! The lists of Anthropic, Gemini and Ollama. None of them tells a price.

use crate::chat::Effort;
use crate::chat::ModelInfo;
use crate::price::Listing;
use crate::provider::HttpParts;
use crate::provider::catalogue::Read;
use crate::provider::catalogue::escaped;
use crate::provider::catalogue::model;
use crate::provider::catalogue::name;
use crate::provider::catalogue::openrouter;
use crate::provider::exchange::Exchange;
use crate::wire::Raw;
use crate::wire::models;
use crate::wire::models::Entry;
use crate::wire::models::Page;
use crate::wire::models::{count, flag, members, object, show, texts};

/// The most models of an Ollama that are asked about one by one.
const MOST_SHOWN: usize = 32;
/// The most bytes of one of those answers; templates and licences are long.
const LONGEST_SHOW: usize = 4 * 1024 * 1024;

/// The query of Anthropic's next page.
pub(super) fn anthropic_next(page: &Page<'_>) -> Option<String> {
    let last = page.last_id.get().filter(|_| flag(page.has_more) == Some(true))?;
    Some(format!("limit=1000&after_id={}", escaped(last)))
}

/// One model of Anthropic's.
pub(super) fn anthropic(provider: &str, entry: &Entry<'_>) -> Read {
    let Some(mut info) = model(provider, entry.id.get()) else { return Read::Odd };
    info.name = name(entry.display_name.get(), &info);
    info.context = count(entry.max_input_tokens);
    info.max_output = count(entry.max_tokens);
    let told = openrouter::members_of(entry.capabilities);
    if !told.is_empty() {
        let can = |name: &str| told.get(name).and_then(|json| supported(json));
        let kinds = [("image_input", "image"), ("pdf_input", "file")];
        let extra = kinds.iter().filter(|(name, _)| can(name) == Some(true)).map(|(_, kind)| *kind);
        info.abilities.input = Some(std::iter::once("text").chain(extra).map(str::to_owned).collect());
        info.abilities.reasoning = can("thinking");
        info.abilities.efforts = told.get("effort").and_then(|json| efforts(json));
    }
    found(info)
}

fn supported(json: &str) -> Option<bool> {
    match object(json)?.get("supported") {
        Some(&"true") => Some(true),
        Some(&"false") => Some(false),
        _ => None,
    }
}

/// The efforts whose members say that they are supported, weakest first.
fn efforts(json: &str) -> Option<Vec<Effort>> {
    let told = object(json)?;
    let has = |name: &str| told.get(name).and_then(|json| supported(json)) == Some(true);
    let found: Vec<Effort> =
        Effort::ALL.into_iter().filter(|(_, name)| has(name)).map(|(effort, _)| effort).collect();
    (!found.is_empty()).then_some(found)
}

/// The query of Gemini's next page.
pub(super) fn gemini_next(page: &Page<'_>) -> Option<String> {
    Some(format!("pageSize=1000&pageToken={}", escaped(page.next_token.get()?)))
}

/// One model of Gemini's; only what makes content can be chatted with.
pub(super) fn gemini(provider: &str, entry: &Entry<'_>) -> Read {
    let id = entry.name.get().map(|name| name.strip_prefix("models/").unwrap_or(name));
    let Some(mut info) = model(provider, id) else { return Read::Odd };
    if texts(entry.methods).is_none_or(|methods| !methods.iter().any(|m| m == "generateContent")) {
        return Read::Other;
    }
    info.name = name(entry.title.get(), &info);
    info.context = count(entry.input_token_limit);
    info.max_output = count(entry.output_token_limit);
    info.abilities.reasoning = flag(entry.thinking);
    found(info)
}

/// One model of Ollama's; embeddings cannot be chatted with.
pub(super) fn ollama(provider: &str, entry: &Entry<'_>) -> Read {
    let Some(mut info) = model(provider, entry.name.get().or_else(|| entry.model.get())) else {
        return Read::Odd;
    };
    info.context = entry.details.get().and_then(|details| count(details.context_length));
    info.is_elsewhere = entry.remote_host.get().is_some();
    if let Some(can) = texts(entry.capabilities).filter(|can| !can.is_empty()) {
        let has = |name: &str| can.iter().any(|ability| ability == name);
        if !has("completion") {
            return Read::Other;
        }
        let kinds = if has("vision") { &["text", "image"][..] } else { &["text"][..] };
        info.abilities.input = Some(kinds.iter().map(|kind| (*kind).to_owned()).collect());
        info.abilities.tools = Some(has("tools"));
        info.abilities.reasoning = Some(has("thinking"));
    }
    found(info)
}

fn found(info: ModelInfo) -> Read {
    Read::Model(Box::new(Listing { info, price: None }), Vec::new())
}

/// A further page of what the list does not tell: contexts and abilities, asked model by model. One
/// that does not answer is left out; so is a page of none.
pub(super) async fn ollama_details(exchange: &Exchange, pages: &[String]) -> Option<String> {
    let mut found = Vec::new();
    for name in unknown(pages) {
        let body = format!("{{\"model\":{}}}", serde_json::Value::from(name.as_str()));
        let path = "/api/show".to_owned();
        let parts = HttpParts {
            path,
            headers: Vec::new(),
            body,
            auth: ("authorization", "Bearer "),
            notes: Vec::new(),
        };
        let Ok(answer) = exchange.fetch(parts, LONGEST_SHOW).await else { continue };
        found.extend(std::str::from_utf8(&answer).ok().and_then(|answer| shown(&name, answer)));
    }
    (!found.is_empty()).then(|| serde_json::json!({ "models": found }).to_string())
}

/// The models of which the list tells no context.
fn unknown(pages: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for (_, items) in pages.iter().filter_map(|page| models::page(page).ok()) {
        let told = |entry: &Entry<'_>| {
            entry.details.get().and_then(|details| count(details.context_length)).is_some()
        };
        let entries = items.into_iter().filter_map(models::entry).filter(|entry| !told(entry));
        names.extend(entries.filter_map(|entry| entry.name.get().map(str::to_owned)));
    }
    names.truncate(MOST_SHOWN);
    names
}

/// An element of a list with what `/api/show` told.
fn shown(name: &str, answer: &str) -> Option<serde_json::Value> {
    let show = show(answer)?;
    let capabilities = texts(show.capabilities).unwrap_or_default();
    Some(serde_json::json!({
        "name": name, "details": { "context_length": context(show.info) }, "capabilities": capabilities
    }))
}

/// The context stands under a name that begins with that of the architecture.
fn context(info: Raw<'_>) -> Option<u64> {
    let told = members(info)?;
    let architecture: Option<String> =
        told.get("general.architecture").and_then(|json| serde_json::from_str(json).ok());
    let own = architecture.and_then(|name| told.get(&format!("{name}.context_length")).copied());
    own.or_else(|| told.iter().find(|(key, _)| key.ends_with(".context_length")).map(|(_, json)| *json))?
        .parse()
        .ok()
}
