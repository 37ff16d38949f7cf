//! From what a provider answers to a [`Fault`]: whose fault it is, whether to try again and when,
//! and what to do. One table of kinds, and one of how a kind is recognised.
//!
//! It must not decide to try again; it says whether that can help. What it quotes is redacted by
//! the driver, which knows the keys.

mod body;
mod wait;

use reqwest::StatusCode;

use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Millis;
use crate::text::Untrusted;

use body::Report;

/// The most of an error's body that is read (safety R40).
pub(super) const MOST_BODY: usize = 64 * 1024;

/// The most of a provider's words that is kept.
const MOST_WORDS: usize = 2048;

/// Who answered, for sentences and hints.
#[derive(Clone, Debug, Default)]
pub(super) struct Party {
    /// The provider's name in the config.
    pub(super) name: String,
    /// Where its key comes from.
    pub(super) key: Option<String>,
}

impl Party {
    /// The party behind an endpoint.
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        Self { name: endpoint.name.clone(), key: endpoint.key.as_ref().map(|key| key.describe()) }
    }
}

/// The head of a response.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// The HTTP status.
    pub(super) status: u16,
    /// The headers; names in lower case.
    pub(super) headers: Vec<(String, String)>,
}

impl Head {
    /// The first value of a header.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim())
    }
}

/// A kind of failure that providers tell.
struct Kind {
    name: &'static str,
    class: FaultClass,
    /// Whether the same request may succeed later.
    retry: bool,
    /// What to do, and no word of what happened: the class and the provider's words say that. `{p}` is
    /// the provider, `{k}` where its key comes from.
    hint: &'static str,
}

const fn kind(name: &'static str, class: FaultClass, retry: bool, hint: &'static str) -> Kind {
    Kind { name, class, retry, hint }
}

const LATER: &str = "Ask again in a moment, or ask another model.";

/// All kinds; the first is the one of what is not recognised.
static KINDS: [Kind; 21] = [
    kind("upstream", FaultClass::Provider, true, LATER),
    kind("overloaded", FaultClass::Provider, true, LATER),
    kind("unavailable", FaultClass::Provider, true, LATER),
    kind("gateway", FaultClass::Provider, true, LATER),
    kind("loading", FaultClass::Provider, true, "Ask again in a moment, when the model is loaded."),
    kind("timeout", FaultClass::Timeout, true, "Ask again, or ask another model."),
    kind("auth", FaultClass::Auth, false, "Check {k}."),
    kind("permission", FaultClass::Auth, false, "Check at {p} what the key from {k} may do."),
    kind("payment", FaultClass::Credit, false, "Add credit at {p}, or raise the limit of the key there."),
    kind("rate_limit", FaultClass::Rate, true, "Wait a moment, or ask another model."),
    kind(
        "rate_limit_daily",
        FaultClass::Rate,
        false,
        "Come back tomorrow, add credit at {p}, or ask another model.",
    ),
    kind(
        "context_length",
        FaultClass::Context,
        false,
        "Start a new room, or choose a model with a longer context.",
    ),
    kind("too_large", FaultClass::Context, false, "Send less: start a new room, or attach smaller files."),
    kind("content_filter", FaultClass::Moderation, false, "Say it in another way, or ask another model."),
    kind(
        "guardrail",
        FaultClass::Moderation,
        false,
        "Change the prompt, or the guardrail of your account at {p}.",
    ),
    kind(
        "invalid_request",
        FaultClass::BadRequest,
        false,
        "Check the params of the model and extra_body in the config.",
    ),
    kind(
        "unsupported_parameter",
        FaultClass::BadRequest,
        false,
        "Leave the parameter out of the seat or the config.",
    ),
    kind("replay_bug", FaultClass::BadRequest, false, "Start a new room, or ask another model."),
    kind(
        "malformed_call",
        FaultClass::Provider,
        false,
        "The model wrote a call of a tool that cannot be read: ask again, or ask another model.",
    ),
    kind(
        "model_not_found",
        FaultClass::NotFound,
        false,
        "Check the id of the model, and the base_url of {p} in the config.",
    ),
    kind(
        "privacy_restricted",
        FaultClass::NotFound,
        false,
        "Change the privacy settings of your account at {p}, or choose another model.",
    ),
];

/// Where a rule looks.
#[derive(Clone, Copy)]
enum Look {
    /// A code or type equals the word.
    Tag,
    /// A code or type contains the word.
    InTag,
    /// The provider's words contain it.
    Words,
}
use Look::{InTag, Tag, Words};

/// How kinds are recognised, the first that fits. What none of them recognises is told by its status.
const RULES: &[(Look, &str, &str)] = &[
    (Words, "free-models-per-day", "rate_limit_daily"),
    (InTag, "perday", "rate_limit_daily"),
    (Tag, "insufficient_quota", "payment"),
    (Tag, "payment_required", "payment"),
    (Tag, "billing_hard_limit_reached", "payment"),
    (Tag, "billing_error", "payment"),
    (Tag, "enforced_spend_limit_reached", "payment"),
    (Words, "api usage limits", "payment"),
    (Words, "credit balance is too low", "payment"),
    (Tag, "insufficient_balance", "payment"),
    (Words, "insufficient credit", "payment"),
    (Words, "insufficient balance", "payment"),
    (Words, "thought_signature", "replay_bug"),
    (Words, "thought signature", "replay_bug"),
    (Words, "reasoning_details", "replay_bug"),
    (Tag, "context_length_exceeded", "context_length"),
    (Tag, "token_limit_exceeded", "context_length"),
    (Tag, "max_tokens_exceeded", "context_length"),
    (Tag, "string_too_long", "context_length"),
    (Tag, "exceed_context_size_error", "context_length"),
    (Words, "maximum context length", "context_length"),
    (Words, "prompt is too long", "context_length"),
    (Words, "exceed context limit", "context_length"),
    (Words, "exceeds the available context size", "context_length"),
    (Words, "exceeds the maximum number of tokens allowed", "context_length"),
    (Words, "exceeds the context length", "context_length"),
    (Words, "exceeds maximum context length", "context_length"),
    (Words, "exceeds the context window", "context_length"),
    (Tag, "payload_too_large", "too_large"),
    (Tag, "request_too_large", "too_large"),
    (Tag, "content_filter", "content_filter"),
    (Tag, "content_policy_violation", "content_filter"),
    (Tag, "refusal", "content_filter"),
    (Tag, "moderated", "content_filter"),
    (Tag, "guardrail", "guardrail"),
    (Tag, "privacy_restricted", "privacy_restricted"),
    (Tag, "constraint_filtered", "privacy_restricted"),
    (Words, "data policy", "privacy_restricted"),
    (Tag, "api_key_invalid", "auth"),
    (Tag, "invalid_api_key", "auth"),
    (Tag, "authentication", "auth"),
    (Tag, "authentication_error", "auth"),
    (Words, "user location is not supported", "permission"),
    (Tag, "permission_denied", "permission"),
    (Tag, "permission_error", "permission"),
    (Tag, "region_restricted", "permission"),
    (Tag, "model_not_found", "model_not_found"),
    (Tag, "model_deprecated", "model_not_found"),
    (Tag, "no_endpoints", "model_not_found"),
    (Tag, "wrong_endpoint", "model_not_found"),
    (Tag, "free_variant_ended", "model_not_found"),
    (Words, "is not a valid model id", "model_not_found"),
    (Tag, "tool_use_failed", "malformed_call"),
    (Tag, "capacity_exhausted", "rate_limit"),
    (Tag, "rate_limit_exceeded", "rate_limit"),
    (Tag, "rate_limit_error", "rate_limit"),
    (Tag, "resource_exhausted", "rate_limit"),
    (Tag, "unsupported_parameter", "unsupported_parameter"),
    (Tag, "unsupported_value", "unsupported_parameter"),
    (Words, "does not support tools", "unsupported_parameter"),
    (Words, "does not support thinking", "unsupported_parameter"),
    (Words, "is deprecated for this model", "unsupported_parameter"),
    (Words, "is not supported for this model", "unsupported_parameter"),
    (Words, "loading model", "loading"),
    (Words, "model is loading", "loading"),
    (Tag, "overloaded_error", "overloaded"),
    (Tag, "provider_overloaded", "overloaded"),
    (Words, "overloaded", "overloaded"),
    (Tag, "provider_unavailable", "unavailable"),
    (Tag, "temporarily_unavailable", "unavailable"),
    (Tag, "model_unavailable_upstream", "unavailable"),
    (Tag, "unavailable", "unavailable"),
    (Tag, "timeout", "timeout"),
    (Tag, "timeout_error", "timeout"),
    (Tag, "conflict_error", "unavailable"),
    (Tag, "not_found_error", "model_not_found"),
    (Tag, "not_found", "model_not_found"),
    (Tag, "invalid_request", "invalid_request"),
    (Tag, "invalid_prompt", "invalid_request"),
    (Tag, "unprocessable", "invalid_request"),
];

/// What a status means when nothing else is said. Ranges include both ends; the first fits.
const STATUSES: &[(u16, u16, &str)] = &[
    (401, 401, "auth"),
    (402, 402, "payment"),
    (403, 403, "permission"),
    (404, 404, "model_not_found"),
    (408, 408, "timeout"),
    (409, 409, "unavailable"),
    (413, 413, "too_large"),
    (425, 425, "unavailable"),
    (429, 429, "rate_limit"),
    (451, 451, "permission"),
    (400, 499, "invalid_request"),
    (502, 502, "gateway"),
    (503, 503, "unavailable"),
    (504, 504, "timeout"),
    (520, 524, "gateway"),
    (529, 529, "overloaded"),
];

/// Statuses that no header makes worth trying again (safety R43).
const NEVER: [u16; 13] = [400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 451, 501, 505];

/// A fault from a response whose status, or whose body in spite of its status, says that it failed.
pub(super) fn from_response(party: &Party, head: &Head, bytes: &[u8], now: Millis) -> Fault {
    let report = body::read(bytes);
    let status = if head.status < 400 { report.status.unwrap_or(500) } else { head.status };
    let kind = recognise(&report, Some(status));
    let words = if report.words.is_empty() { status_words(status) } else { report.words.clone() };
    let mut fault = fault(party, kind, &words);
    fault.http_status = Some(status);
    fault.retryable = retryable(head, &report, kind, status);
    fault.retry_after_ms = wait::retry_after_ms(head, &report, now);
    fault
}

/// A fault from an error inside a stream, as its JSON text.
pub(super) fn in_stream(party: &Party, json: &str) -> Fault {
    let report = body::read_error(json);
    let kind = recognise(&report, report.status);
    let words = match (report.words.as_str(), report.status) {
        ("", Some(status)) => status_words(status),
        ("", None) => "The provider ended the reply with an error and no words.".to_owned(),
        (words, _) => words.to_owned(),
    };
    let mut fault = fault(party, kind, &words);
    fault.http_status = report.status;
    fault.retryable = kind.retry && report.retryable != Some(false);
    fault.retry_after_ms = wait::retry_after_ms(&Head::default(), &report, Millis(0));
    fault
}

/// How long the limits of this key are used up, as a response of success tells, in milliseconds.
pub(super) fn spent_for_ms(head: &Head, now: Millis) -> Option<u64> {
    wait::spent_for_ms(head, now)
}

/// A body that is neither a stream nor an error: what it began with is shown.
pub(super) fn no_stream(party: &Party, bytes: &[u8]) -> Fault {
    let seen = body::words_of(bytes);
    let words = if seen.is_empty() {
        "The answer was empty.".to_owned()
    } else {
        format!("The answer is not a stream of chat events: {seen}")
    };
    Fault::new(FaultClass::Protocol, clip(&words)).hint(format!(
        "Check the base_url of {}: it ends with the version path, as in https://openrouter.ai/api/v1.",
        party.name
    ))
}

fn fault(party: &Party, kind: &Kind, words: &str) -> Fault {
    let key = party.key.as_deref().unwrap_or("api_key in the config: there is none yet");
    let hint = kind.hint.replace("{p}", &party.name).replace("{k}", key);
    Fault { message: Untrusted::from(clip(words)), ..Fault::new(kind.class, "") }.hint(hint)
}

fn recognise(report: &Report, status: Option<u16>) -> &'static Kind {
    let words = report.words.to_ascii_lowercase();
    let fits = |look: Look, word: &str| match look {
        Tag => report.tags.iter().any(|tag| tag == word),
        InTag => report.tags.iter().any(|tag| tag.contains(word)),
        Words => words.contains(word),
    };
    let rule = RULES.iter().find(|(look, word, _)| fits(*look, word)).map(|(_, _, name)| *name);
    let by_status = || {
        let status = status?;
        STATUSES.iter().find(|(from, to, _)| (*from..=*to).contains(&status)).map(|(_, _, name)| *name)
    };
    let gateway = (report.html && status.is_some_and(|status| status >= 500)).then_some("gateway");
    // Too wide a word to be asked before the status; in a stream there is none.
    let request =
        || report.tags.iter().any(|tag| tag == "invalid_request_error").then_some("invalid_request");
    named(gateway.or(rule).or_else(by_status).or_else(request).unwrap_or("upstream"))
}

fn named(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).unwrap_or(&KINDS[0])
}

/// Whether to try again: the kind, then what the provider says of it. Nothing makes a status of
/// [`NEVER`] or a spent limit worth it.
fn retryable(head: &Head, report: &Report, kind: &Kind, status: u16) -> bool {
    let final_kind = !kind.retry && kind.class != FaultClass::BadRequest;
    if NEVER.contains(&status) || final_kind {
        return false;
    }
    match head.get("x-should-retry") {
        Some("true") => true,
        Some("false") => false,
        _ => report.retryable.unwrap_or(kind.retry),
    }
}

fn status_words(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("HTTP {status} {}", reason.unwrap_or_default()).trim_end().to_owned()
}

fn clip(words: &str) -> String {
    let mut end = words.len().min(MOST_WORDS);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    words.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
