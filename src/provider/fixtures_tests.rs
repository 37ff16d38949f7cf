//! Every recorded stream of the chat dialects gives the outcome that is written beside it: whole,
//! in pieces of every size, and split at every byte.

use serde_json::Value;

use crate::chat::{
    Api, Billing, Dialect, Endpoint, Fault, Finish, Pico, StreamEvent, Tokens, Tool, ToolCall,
};
use crate::provider::openai::tests::{asked, endpoint};
use crate::provider::{Decoder, halves};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

/// What a stream came to.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    text: String,
    thinking: String,
    parts: Vec<String>,
    calls: Vec<ToolCall>,
    opaque: Option<String>,
    tokens: Option<Tokens>,
    billing: Billing,
    cost: Option<Pico>,
    model: Option<String>,
    upstream: Option<String>,
    id: Option<String>,
    keepalives: u64,
    finish: Option<Finish>,
    fault: Option<Fault>,
}

impl Outcome {
    fn take(&mut self, event: StreamEvent) {
        assert!(self.finish.is_none() && self.fault.is_none(), "nothing follows the end: {event:?}");
        let raw = |text: Option<crate::text::Untrusted>| text.map(|text| text.raw().to_owned());
        match event {
            StreamEvent::Text(text) => {
                assert!(!text.is_empty());
                self.text.push_str(text.raw());
            }
            StreamEvent::Thinking(text) => {
                assert!(!text.is_empty());
                self.thinking.push_str(text.raw());
            }
            StreamEvent::Part(text) => self.parts.push(text.raw().to_owned()),
            StreamEvent::ToolCall(call) => self.calls.push(call),
            StreamEvent::Opaque(json) => self.opaque = Some(json),
            StreamEvent::Usage { tokens, billing, .. } => {
                self.tokens = Some(tokens);
                self.billing = billing;
            }
            StreamEvent::Cost(cost) => self.cost = Some(cost),
            StreamEvent::Started { served_model, upstream, generation_id } => {
                self.model = self.model.take().or(raw(served_model));
                self.upstream = self.upstream.take().or(raw(upstream));
                self.id = self.id.take().or(raw(generation_id));
            }
            StreamEvent::KeepAlive => self.keepalives += 1,
            StreamEvent::Hold(_) => {}
            StreamEvent::Note(_) => {}
            StreamEvent::Finished(finish) => self.finish = Some(finish),
        }
    }
}

fn decode(decoder: &mut dyn Decoder, pieces: &[&[u8]]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut out = Vec::new();
    let mut fault = None;
    for piece in pieces {
        if let Err(found) = decoder.push(piece, &mut out) {
            fault = Some(found);
            break;
        }
    }
    if fault.is_none() {
        fault = decoder.end(&mut out).err();
    }
    out.into_iter().for_each(|event| outcome.take(event));
    assert!(outcome.finish.is_none() || fault.is_none(), "one end");
    outcome.fault = fault;
    outcome
}

/// An endpoint that speaks as the recording does.
fn spoken(expected: &Value) -> Endpoint {
    let mut endpoint = endpoint();
    endpoint.dialect = match expected["protocol"].as_str() {
        Some("openrouter") => Dialect::OpenRouter,
        Some("gemini") => Dialect::Gemini,
        Some("ollama") => Dialect::Ollama,
        Some("anthropic") => Dialect::Anthropic,
        _ => Dialect::OpenAi,
    };
    if expected["protocol"] == "openai-responses" {
        endpoint.quirks.api = Some(Api::Responses);
    }
    endpoint.quirks.implicit_think = expected["options"]["think_tags"] == "implicit-open";
    endpoint
}

fn decoder(expected: &Value) -> Box<dyn Decoder> {
    let endpoint = spoken(expected);
    (halves(endpoint.dialect).expect("it travels").decoder)(&endpoint, &asked("lab/m"))
}

/// The recordings of the chat dialects: name, bytes, expected outcome.
fn recordings() -> Vec<(String, Vec<u8>, Value)> {
    let index = std::fs::read_to_string(format!("{FOLDER}/index.json")).expect("the index is there");
    let index: Value = serde_json::from_str(&index).expect("JSON");
    let streams = index["streams"].as_object().expect("streams");
    let known =
        ["openrouter", "openai", "openai-compat", "openai-responses", "anthropic", "gemini", "ollama"];
    for (name, expected) in streams {
        assert!(known.iter().any(|known| expected["protocol"] == *known), "{name} has no protocol");
    }
    let read = |name: &String| std::fs::read(format!("{FOLDER}/{name}")).expect(name);
    streams.iter().map(|(name, e)| (name.clone(), read(name), e.clone())).collect()
}

/// What a recorded reply left for the next request.
pub(super) struct Told {
    pub(super) name: String,
    pub(super) endpoint: Endpoint,
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) opaque: String,
}

/// The whole replies that left something opaque.
pub(super) fn recorded() -> Vec<Told> {
    // Some state is kept only where a call of a tool may follow.
    let mut asked = asked("lab/m");
    asked.tools.push(Tool {
        name: "t".to_owned(),
        description: "d".to_owned(),
        schema: r#"{"type":"object"}"#.to_owned(),
    });
    let told = |(name, bytes, expected): (String, Vec<u8>, Value)| {
        let endpoint = spoken(&expected);
        let mut decoder = (halves(endpoint.dialect).expect("it travels").decoder)(&endpoint, &asked);
        let outcome = decode(&mut *decoder, &[&bytes]);
        let opaque = outcome.opaque.filter(|_| outcome.finish.is_some())?;
        Some(Told { name, endpoint, text: outcome.text, calls: outcome.calls, opaque })
    };
    recordings().into_iter().filter_map(told).collect()
}

fn check(name: &str, outcome: &Outcome, expected: &Value) {
    let text = |member: &str| expected[member].as_str();
    assert_eq!(outcome.text, text("text").unwrap_or_default(), "{name}: text");
    assert_eq!(outcome.thinking, text("reasoning").unwrap_or_default(), "{name}: thinking");
    assert_eq!(outcome.finish.as_ref().map(Finish::name).as_deref(), text("finish"), "{name}: finish");
    for (found, member) in [(&outcome.model, "model"), (&outcome.upstream, "provider"), (&outcome.id, "id")] {
        if let Some(value) = text(member) {
            assert_eq!(found.as_deref(), Some(value), "{name}: {member}");
        }
    }
    if let Some(count) = expected["keepalives"].as_u64() {
        assert_eq!(outcome.keepalives, count, "{name}: signs of life");
    }
    if let Some(refusal) = text("refusal") {
        assert_eq!(outcome.parts, [refusal], "{name}: refusal");
    }
    let images = expected["images"].as_u64().unwrap_or(0);
    let found = outcome.parts.iter().filter(|part| part.starts_with("[image")).count();
    assert_eq!(u64::try_from(found), Ok(images), "{name}: {:?}", outcome.parts);
    for url in expected["citations"].as_array().into_iter().flatten() {
        let url = url.as_str().expect("an address");
        assert!(outcome.parts.iter().any(|part| part.contains(url)), "{name}: {:?}", outcome.parts);
    }
    if let Some(parts) = expected["parts"].as_array() {
        assert_eq!(&outcome.parts, parts, "{name}: parts");
    }
    if expected["protocol"] == "gemini" {
        let replay = outcome.opaque.as_deref().map(|json| serde_json::from_str::<Value>(json).expect("JSON"));
        assert_eq!(replay.as_ref(), expected.get("replay").or(replay.as_ref()), "{name}: parts to send back");
        assert!(replay.is_none() || outcome.finish.is_some(), "{name}: half a turn is not sent back");
    }
    if let Some(searches) = expected.get("searches") {
        assert_eq!(outcome.tokens.and_then(|tokens| tokens.searches), searches.as_u64(), "{name}: searches");
    }
    if let Some(details) = expected.get("reasoning_details") {
        let found: Value = serde_json::from_str(outcome.opaque.as_deref().expect(name)).expect("JSON");
        assert_eq!(&found, details, "{name}: opaque state");
    }
    if let Some(parts) = expected["parts"].as_array() {
        assert_eq!(&outcome.parts, parts, "{name}: parts");
    }
    check_replay(name, outcome, expected);
    if let Some(tier) = text("tier") {
        assert_eq!(outcome.billing.tier.as_deref(), Some(tier), "{name}: tier");
    }
    assert_eq!(outcome.billing.guessed, expected["guessed"].as_bool().unwrap_or(false), "{name}: guessed");
    check_calls(name, outcome, expected);
    check_usage(name, outcome, expected);
    check_fault(name, outcome, expected);
}

/// The blocks that go back: all of them, or their kinds.
fn check_replay(name: &str, outcome: &Outcome, expected: &Value) {
    let blocks = || serde_json::from_str::<Value>(outcome.opaque.as_deref().expect(name)).expect("JSON");
    if let Some(replay) = expected.get("replay") {
        assert_eq!(&blocks(), replay, "{name}: opaque state");
    }
    if let Some(kinds) = expected["replay_blocks"].as_array() {
        let found: Vec<Value> =
            blocks().as_array().expect("a list").iter().map(|block| block["type"].clone()).collect();
        assert_eq!(&found, kinds, "{name}: opaque state");
    }
}

fn check_calls(name: &str, outcome: &Outcome, expected: &Value) {
    let none = Vec::new();
    let calls = expected["tool_calls"].as_array().unwrap_or(&none);
    assert_eq!(outcome.calls.len(), calls.len(), "{name}: {:?}", outcome.calls);
    for (found, expected) in outcome.calls.iter().zip(calls) {
        assert_eq!(found.id, expected["id"], "{name}");
        assert_eq!(found.name.raw(), expected["name"], "{name}");
        let arguments: Value = serde_json::from_str(found.arguments.raw()).expect("arguments");
        assert_eq!(arguments, expected["args"], "{name}");
    }
}

fn check_usage(name: &str, outcome: &Outcome, expected: &Value) {
    let Some(usage) = expected["usage"].as_object() else {
        assert_eq!(outcome.tokens, None, "{name}: no tokens were told");
        return;
    };
    let tokens = outcome.tokens.expect(name);
    let found = [
        ("input_total", tokens.input_total()),
        ("cache_read", tokens.cache_read),
        ("cache_write", tokens.cache_write_total()),
        ("output_total", tokens.output),
        ("reasoning", tokens.reasoning),
    ];
    let parts =
        [("audio_in", tokens.audio_input), ("audio_out", tokens.audio_output), ("searches", tokens.searches)];
    let told = parts.into_iter().filter(|(member, _)| usage.contains_key(*member));
    let found = found.into_iter().chain(told);
    for (member, count) in found {
        assert_eq!(count, usage.get(member).and_then(Value::as_u64), "{name}: {member}");
    }
    for (found, member) in [(tokens.cache_write_1h, "cache_write_1h"), (tokens.searches, "searches")] {
        if let Some(count) = usage.get(member) {
            assert_eq!(found, count.as_u64(), "{name}: {member}");
        }
    }
    if let Some(apart) = usage.get("apart") {
        let total = |tokens: &Tokens| tokens.input_total().unwrap_or(0) + tokens.output.unwrap_or(0);
        let found: Value = outcome
            .billing
            .apart
            .iter()
            .map(|(model, tokens)| (model.clone(), Value::from(total(tokens))))
            .collect();
        assert_eq!(&found, apart, "{name}: of other models");
    }
    let cost =
        usage.get("cost").map(|cost| Pico::from_usd(cost.as_str().expect("a text")).expect("an amount"));
    assert_eq!(outcome.cost, cost, "{name}: cost");
}

fn check_fault(name: &str, outcome: &Outcome, expected: &Value) {
    let cut = outcome.fault.as_ref().is_some_and(|fault| fault.cut);
    assert_eq!(cut, expected["truncated"].as_bool().unwrap_or(false), "{name}: {:?}", outcome.fault);
    let Some(error) = expected.get("error") else {
        assert!(cut || outcome.fault.is_none(), "{name}: {:?}", outcome.fault);
        return;
    };
    let fault = outcome.fault.as_ref().expect(name);
    assert_eq!(fault.message.raw(), error["message"], "{name}");
    let code = error["code"].as_str().and_then(|code| code.parse().ok());
    assert_eq!(fault.http_status, code, "{name}");
    assert!(!fault.hint.is_empty(), "{name}");
}

#[test]
fn recordings_are_there() {
    assert!(recordings().len() >= 120);
}

/// A name, and whether a row of the index is of that kind.
type Kind = (&'static str, fn(&Value) -> bool);

/// What a reply can come to, and how its row says so.
const KINDS: [Kind; 10] = [
    ("whole", |row| row["finish"] == "stop"),
    ("with thinking", |row| row["reasoning"].is_string()),
    ("with calls", |row| row["tool_calls"].is_array()),
    ("too long", |row| row["finish"] == "length"),
    ("refused or filtered", |row| {
        row["refusal"].is_string() || row["finish"] == "content_filter" || row["finish"] == "refusal"
    }),
    ("cut", |row| row["truncated"] == true),
    ("failed at once", |row| row["error"].is_object() && row["text"].as_str().is_none_or(str::is_empty)),
    ("failed midway", |row| {
        row["error"].is_object() && row["text"].as_str().is_some_and(|text| !text.is_empty())
    }),
    ("empty and uncounted", |row| row["error"]["message"] == "The provider sent an empty reply."),
    ("silent but counted", |row| {
        row["finish"] == "stop" && row["text"] == "" && row["usage"]["output_total"].as_u64() > Some(0)
    }),
];

/// Nothing of what a reply can come to is untried in any format.
#[test]
fn every_format_has_a_recording_of_every_outcome() {
    let recordings = recordings();
    for protocol in ["openrouter", "openai-compat", "openai-responses", "anthropic", "gemini", "ollama"] {
        for (kind, is) in KINDS {
            // Ollama's own format has no word for it.
            if (protocol, kind) == ("ollama", "refused or filtered") {
                continue;
            }
            let there = recordings.iter().any(|(_, _, row)| row["protocol"] == protocol && is(row));
            assert!(there, "{protocol}: no recording of a reply that is {kind}");
        }
    }
}

#[test]
fn every_recording_has_its_outcome_in_pieces_of_every_size() {
    for (name, bytes, expected) in recordings() {
        let whole = decode(&mut *decoder(&expected), &[&bytes]);
        check(&name, &whole, &expected);
        for size in [1, 2, 7, 64] {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(decode(&mut *decoder(&expected), &pieces), whole, "{name} in pieces of {size}");
        }
    }
}

/// Every byte is once the first of a piece. Many splits are tried at once, far apart, because a
/// decode for each of them would take long.
#[test]
fn every_split_point_gives_the_same_outcome() {
    const APART: usize = 97;
    for (name, bytes, expected) in recordings() {
        let whole = decode(&mut *decoder(&expected), &[&bytes]);
        for first in 0..APART.min(bytes.len()) {
            let (head, tail) = bytes.split_at(first);
            let pieces: Vec<&[u8]> = std::iter::once(head).chain(tail.chunks(APART)).collect();
            assert_eq!(decode(&mut *decoder(&expected), &pieces), whole, "{name} at {first} and so on");
        }
    }
}

/// Safety R36: a reply that is cut anywhere before its finish reason is never taken for whole, and
/// what it says is the beginning of what the whole one says.
#[test]
fn a_cut_is_never_taken_for_an_end() {
    for (name, bytes, expected) in recordings() {
        let whole = decode(&mut *decoder(&expected), &[&bytes]);
        let mut done = false;
        for at in 0..=bytes.len() {
            let short = decode(&mut *decoder(&expected), &[&bytes[..at]]);
            assert!(whole.text.starts_with(&short.text), "{name} at {at}: {:?}", short.text);
            assert!(whole.thinking.starts_with(&short.thinking), "{name} at {at}");
            assert!(
                !done || short.finish.is_some() || short.fault.is_some_and(|fault| !fault.cut),
                "{name} at {at}"
            );
            done |= short.finish.is_some();
        }
        assert_eq!(done, whole.finish.is_some(), "{name}");
    }
}

/// A body that is no stream is what it looks like, whoever sends it.
#[test]
fn bodies_that_are_no_streams_are_the_same_in_every_format() {
    let body = r#"{"error":{"message":"too many words"},"detail":"x"}"#;
    for protocol in ["openrouter", "openai-compat", "openai-responses", "anthropic", "gemini", "ollama"] {
        let row = serde_json::json!({ "protocol": protocol });
        let fault = |body: &str| decode(&mut *decoder(&row), &[body.as_bytes()]).fault.expect(protocol);
        assert_eq!(fault(body).message.raw(), "too many words", "{protocol}");
        for at in 1..body.len() {
            let short = fault(&body[..at]);
            assert!(short.cut && short.retryable, "{protocol} at {at}: {short:?}");
        }
        let page = fault("<html><title>Sign in</title></html>");
        assert!(!page.cut && page.message.raw().contains("Sign in"), "{protocol}: {page:?}");
        let words = fault("no such tenant");
        assert!(!words.cut && words.message.raw().contains("no such tenant"), "{protocol}: {words:?}");
    }
}

/// Members of all dialects, the ones that hold others first.
const MEMBERS: [&str; 23] = [
    "delta",
    "choices",
    "content",
    "usage",
    "tool_calls",
    "function",
    "index",
    "id",
    "model",
    "candidates",
    "parts",
    "text",
    "functionCall",
    "finishReason",
    "usageMetadata",
    "promptTokenCount",
    "thought",
    "message",
    "done",
    "eval_count",
    "type",
    "content_block",
    "stop_reason",
];

/// Safety R39: a member that is gone, renamed or of another type never makes a panic, nor a fault
/// other than those of a stream without its end.
#[test]
fn odd_members_end_no_stream() {
    for (name, bytes, expected) in recordings().into_iter().filter(|(_, _, e)| e.get("error").is_none()) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for odd in ["null", "7", "-1.5", "\"x\"", "[]", "[[7]]", "{}", "{\"a\":{\"b\":1}}", "true"] {
            for member in MEMBERS {
                let changed = replace_member(&text, member, odd);
                let outcome = decode(&mut *decoder(&expected), &[changed.as_bytes()]);
                let fault = outcome.fault;
                assert!(
                    fault.as_ref().is_none_or(|fault| fault.cut || fault.message.raw().contains("empty")),
                    "{name}: {member} = {odd}: {fault:?}"
                );
            }
        }
    }
}

/// Gives the first member of that name in every event another value, and keeps the old one as `old`.
fn replace_member(text: &str, member: &str, value: &str) -> String {
    let key = format!("\"{member}\":");
    text.lines().map(|line| line.replacen(&key, &format!("{key}{value},\"old\":"), 1) + "\n").collect()
}

#[path = "mutation_tests.rs"]
mod mutations;

#[path = "fixtures_http_tests.rs"]
mod over_http;
