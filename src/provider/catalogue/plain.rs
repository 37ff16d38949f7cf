//! OpenAI's list, and those of all the servers that send it with members of their own: llama.cpp,
//! vLLM, Together, Mistral, Groq, Fireworks and others. What none of them tells stays unknown.

use crate::chat::ModelInfo;
use crate::price::Amounts;
use crate::price::Listed;
use crate::price::Listing;
use crate::price::Unit;
use crate::provider::catalogue::Read;
use crate::provider::catalogue::day;
use crate::provider::catalogue::model;
use crate::provider::catalogue::name;
use crate::provider::catalogue::openrouter;
use crate::wire::models::Entry;
use crate::wire::models::{amount, count, flag, object, texts};

/// Kinds of models that answer in words; other kinds are left out.
const KINDS: [&str; 8] = ["model", "chat", "language", "code", "base", "llm", "vlm", "fine-tuned"];

/// One model.
pub(super) fn read(provider: &str, entry: &Entry<'_>) -> Read {
    let Some(mut info) = model(provider, entry.id.get().or_else(|| entry.name.get())) else {
        return Read::Odd;
    };
    let capabilities = openrouter::members_of(entry.capabilities);
    let capability = |name: &str| match capabilities.get(name) {
        Some(&"true") => Some(true),
        Some(&"false") => Some(false),
        _ => None,
    };
    let no_chat = [capability("completion_chat"), flag(entry.supports_chat), flag(entry.active)];
    let other_kind = entry.kind.get().is_some_and(|kind| !KINDS.contains(&kind));
    if no_chat.contains(&Some(false)) || other_kind {
        return Read::Other;
    }
    openrouter::describe(&mut info, entry);
    info.name = name(entry.display_name.get().or_else(|| entry.name.get()), &info);
    info.context = context(entry).or(info.context);
    info.max_output = info.max_output.or_else(|| count(entry.max_completion_tokens));
    let dates = [entry.expiration_date.get(), entry.shutdown_date.get(), entry.deprecation.get()];
    info.expires = dates.into_iter().find_map(day);
    abilities(&mut info, entry, capability);
    let price = entry.pricing.get().and_then(price);
    Read::Model(Box::new(Listing { info, price }), texts(entry.aliases).unwrap_or_default())
}

fn context(entry: &Entry<'_>) -> Option<u64> {
    let meta = entry.meta.get();
    let of_meta = meta.and_then(|meta| count(meta.n_ctx).or_else(|| count(meta.n_ctx_train)));
    [entry.context_length, entry.context_window, entry.max_context_length, entry.max_model_len]
        .into_iter()
        .find_map(count)
        .or(of_meta)
}

fn abilities(info: &mut ModelInfo, entry: &Entry<'_>, capability: impl Fn(&str) -> Option<bool>) {
    let can = &mut info.abilities;
    can.tools = can.tools.or(capability("function_calling")).or(flag(entry.supports_tools));
    can.reasoning = can.reasoning.or(capability("reasoning"));
    let sees = capability("vision").or(flag(entry.supports_image_input));
    if can.input.is_none()
        && let Some(sees) = sees
    {
        let kinds = if sees { &["text", "image"][..] } else { &["text"][..] };
        can.input = Some(kinds.iter().map(|kind| (*kind).to_owned()).collect());
    }
}

/// A price: Together's for a million tokens, or OpenRouter's for one. `None`: no price is told. A
/// machine by the hour has no price for tokens.
fn price(json: &str) -> Option<Listed> {
    let told = object(json)?;
    if told.contains_key("prompt") && told.contains_key("completion") {
        return Some(openrouter::price(json));
    }
    let of = |name: &str| told.get(name).and_then(|json| amount(json));
    let is_nothing = |text: &String| text.bytes().all(|byte| byte == b'0' || byte == b'.');
    if of("hourly").is_some_and(|hourly| !is_nothing(&hourly)) {
        return None;
    }
    let base = Amounts {
        input: Some(of("input")?),
        output: Some(of("output")?),
        cache_read: of("cached_input"),
        ..Amounts::default()
    };
    Some(Listed { unit: Unit::Million, base, ..Listed::default() })
}
