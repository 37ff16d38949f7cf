//! Error bodies in all the forms that they have: an object or a text under `error`, flat objects,
//! lists, FastAPI's `detail`, HTML pages of gateways, plain text, nothing. The innermost words of
//! a provider behind the provider are the ones to show.
//!
//! It must not judge; it says what is there.

use serde_json::{Map, Value};

/// What a body says.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    /// The words to show; empty when there are none.
    pub(super) words: String,
    /// Codes and types, in lower case.
    pub(super) tags: Vec<String>,
    /// The status that the body itself names.
    pub(super) status: Option<u16>,
    /// Whether the provider says that trying again can help.
    pub(super) retryable: Option<bool>,
    /// Seconds to wait, as the body says, decimal text.
    pub(super) wait: Option<String>,
    /// When a limit is lifted, as OpenRouter copies it into the body.
    pub(super) reset: Option<String>,
    /// Whether it is a page for browsers.
    pub(super) html: bool,
}

/// The most of a plain body that is shown.
const MOST_SHOWN: usize = 2048;

/// Reads a whole body.
pub(super) fn read(bytes: &[u8]) -> Report {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => of_value(value),
        Err(_) => Report { words: words_of(bytes), html: is_html(bytes), ..Report::default() },
    }
}

/// Reads the value of an `error` member, or a whole object that is an error.
pub(super) fn read_error(json: &str) -> Report {
    match serde_json::from_str::<Value>(json) {
        Ok(Value::String(words)) => Report { words, ..Report::default() },
        Ok(value @ (Value::Object(_) | Value::Array(_))) => of_value(value),
        Ok(value) => Report { words: value.to_string(), ..Report::default() },
        Err(_) => Report { words: words_of(json.as_bytes()), ..Report::default() },
    }
}

/// The words of a body that is no JSON: the title of a page, or the text itself.
pub(super) fn words_of(bytes: &[u8]) -> String {
    let shown = bytes.get(..MOST_SHOWN).unwrap_or(bytes);
    let text = String::from_utf8_lossy(shown);
    if !is_html(bytes) {
        return text.trim().to_owned();
    }
    let title =
        between(&text, "<title", "</title").and_then(|rest| rest.split_once('>')).map(|(_, title)| title);
    match title.map(str::trim).filter(|title| !title.is_empty()) {
        Some(title) => format!("{title} (HTML page)"),
        None => "A gateway answered with an HTML page.".to_owned(),
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    // Only ASCII letters change, so that positions in both texts are the same.
    let lower = text.to_ascii_lowercase();
    let start = lower.find(from)? + from.len();
    let end = lower.get(start..)?.find(to)? + start;
    text.get(start..end)
}

fn is_html(bytes: &[u8]) -> bool {
    let head = bytes.trim_ascii_start();
    let head = head.get(..64).unwrap_or(head).to_ascii_lowercase();
    head.starts_with(b"<!doctype") || head.starts_with(b"<html") || head.starts_with(b"<head")
}

fn of_value(value: Value) -> Report {
    let mut report = Report::default();
    let Value::Object(outer) = unwrap_list(value) else { return report };
    match outer.get("error") {
        Some(Value::String(words)) => report.words.clone_from(words),
        Some(Value::Object(inner)) => of_object(&mut report, inner),
        Some(Value::Array(list)) => {
            if let Some(Value::Object(inner)) = list.first() {
                of_object(&mut report, inner);
            }
        }
        _ => of_object(&mut report, &outer),
    }
    // Ollama: a model that runs in the cloud, and nobody who is known there.
    if let Some(url) = text(outer.get("signin_url"), &[]) {
        report.words = format!("{} (sign in at {url})", report.words);
    }
    report
}

fn unwrap_list(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().next().unwrap_or(Value::Null),
        other => other,
    }
}

fn of_object(report: &mut Report, error: &Map<String, Value>) {
    for member in ["code", "type", "status", "error_type"] {
        match error.get(member) {
            Some(Value::String(tag)) => report.tags.push(tag.to_ascii_lowercase()),
            Some(Value::Number(number)) if report.status.is_none() => report.status = status(number.as_u64()),
            _ => {}
        }
        let numeric = report.tags.last().and_then(|tag| tag.parse::<u64>().ok());
        report.status = report.status.or(status(numeric));
    }
    report.status = report.status.or(status(error.get("http_status").and_then(Value::as_u64)));
    tag_at(report, error, &["innererror", "code"]);
    tag_at(report, error, &["details", "error_code"]);
    of_metadata(report, error.get("metadata"));
    of_availability(report, error.get("availability"));
    of_google_details(report, error.get("details"));
    report.words = words(error, report.words.clone());
}

fn status(number: Option<u64>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok()).filter(|number| (400..600).contains(number))
}

fn text<'a>(value: Option<&'a Value>, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value?, |value, member| value.get(member))?.as_str()
}

fn tag_at(report: &mut Report, error: &Map<String, Value>, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else { return };
    if let Some(tag) = text(error.get(*first), rest) {
        report.tags.push(tag.to_ascii_lowercase());
    }
}

/// OpenRouter's `metadata`. Leaves the words of the provider behind it in `words`.
fn of_metadata(report: &mut Report, metadata: Option<&Value>) {
    for member in ["error_type", "provider_code", "provider_error_code"] {
        if let Some(tag) = text(metadata, &[member]) {
            report.tags.push(tag.to_ascii_lowercase());
        }
    }
    let list = |member: &str| metadata.and_then(|metadata| metadata.get(member)).is_some_and(Value::is_array);
    if list("patterns") {
        report.tags.push("guardrail".to_owned());
    }
    if list("reasons") {
        report.tags.push("moderated".to_owned());
    }
    let reset = metadata.and_then(|metadata| metadata.get("headers")?.get("X-RateLimit-Reset"));
    report.reset = reset.and_then(scalar);
    let raw = metadata.and_then(|metadata| metadata.get("raw")).map(innermost).unwrap_or_default();
    if !raw.is_empty() {
        report.words = match text(metadata, &["provider_name"]) {
            Some(name) => format!("[{name}] {raw}"),
            None => raw,
        };
    }
}

fn of_availability(report: &mut Report, availability: Option<&Value>) {
    if let Some(tag) = text(availability, &["code"]) {
        // More exact than the tags beside it, so that its rule is met first where both have one.
        report.tags.push(tag.to_ascii_lowercase());
    }
    let member = |name: &str| availability.and_then(|availability| availability.get(name));
    report.retryable = member("retryable").and_then(Value::as_bool);
    report.wait = member("retry_after").and_then(scalar);
}

fn of_google_details(report: &mut Report, details: Option<&Value>) {
    for detail in details.and_then(Value::as_array).into_iter().flatten() {
        if let Some(tag) = text(Some(detail), &["reason"]) {
            report.tags.push(tag.to_ascii_lowercase());
        }
        if let Some(delay) = text(Some(detail), &["retryDelay"]) {
            report.wait = report.wait.take().or(Some(delay.trim_end_matches('s').to_owned()));
        }
        for violation in detail.get("violations").and_then(Value::as_array).into_iter().flatten() {
            report.tags.extend(text(Some(violation), &["quotaId"]).map(str::to_ascii_lowercase));
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The words of an error: those of the provider behind, else its own.
fn words(error: &Map<String, Value>, behind: String) -> String {
    if !behind.is_empty() {
        return behind;
    }
    if let Some(message) = error.get("message") {
        return innermost(message);
    }
    match error.get("detail").or_else(|| error.get("errors")) {
        Some(Value::String(detail)) => detail.clone(),
        Some(Value::Array(list)) => list.iter().map(detail_line).collect::<Vec<_>>().join("; "),
        Some(other) => innermost(other),
        None => String::new(),
    }
}

/// One entry of FastAPI's list: where it is, and what is wrong there.
fn detail_line(entry: &Value) -> String {
    let place: Vec<String> =
        entry.get("loc").and_then(Value::as_array).into_iter().flatten().filter_map(scalar).collect();
    let message = text(Some(entry), &["msg"]).or_else(|| text(Some(entry), &["message"])).or(entry.as_str());
    match (place.is_empty(), message) {
        (false, Some(message)) => format!("{}: {message}", place.join(".")),
        (_, message) => message.unwrap_or_default().to_owned(),
    }
}

/// The words inside of words: JSON in a string, an object with an error in it.
fn innermost(value: &Value) -> String {
    let mut value = value.clone();
    for _ in 0..4 {
        value = match value {
            Value::String(text) => match serde_json::from_str::<Value>(&text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => inner,
                _ => return text.trim().to_owned(),
            },
            Value::Array(mut list) if !list.is_empty() => list.swap_remove(0),
            Value::Object(mut object) => {
                let inner = ["error", "message", "detail"].iter().find_map(|member| object.remove(*member));
                let Some(inner) = inner else { return Value::Object(object).to_string() };
                inner
            }
            Value::Null => return String::new(),
            other => return other.to_string(),
        };
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
