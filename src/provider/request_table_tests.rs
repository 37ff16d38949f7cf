//! What each parameter becomes in each format, and that nothing else is sent: a parameter that is
//! set adds its own members to the request and touches no other. And what goes back: the opaque
//! state of a reply goes to the model that made it, and to no other.

use std::sync::Arc;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::chat::{Api, Dialect, Effort, Format, Message, Params, Part, Role};
use crate::provider::fixtures_tests::{Told, recorded};
use crate::provider::halves;
use crate::provider::openai::tests::{asked, endpoint};

/// The formats, each with a model that takes most of it.
const FORMATS: [(&str, Dialect, &str); 6] = [
    ("chat", Dialect::OpenAi, "lab/m"),
    ("responses", Dialect::OpenAi, "lab/m"),
    ("openrouter", Dialect::OpenRouter, "lab/m"),
    ("anthropic", Dialect::Anthropic, "lab/claude-opus-4-1"),
    ("gemini", Dialect::Gemini, "lab/gemini-2.5-flash"),
    ("ollama", Dialect::Ollama, "lab/m"),
];

/// The leaves of a JSON value by their place.
fn leaves(value: &Value, at: &str, out: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, value)| leaves(value, &format!("{at}/{name}"), out));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(index, value)| leaves(value, &format!("{at}/{index}"), out));
        }
        leaf => drop(out.insert(at.to_owned(), leaf.to_string())),
    }
}

/// What is sent with these parameters, and what is told.
fn sent(format: (&str, Dialect, &str), params: Params) -> (BTreeMap<String, String>, Vec<String>) {
    let (name, dialect, model) = format;
    let mut endpoint = endpoint();
    endpoint.dialect = dialect;
    endpoint.quirks.api = (name == "responses").then_some(Api::Responses);
    let mut asked = asked(model);
    asked.params = params;
    let parts = (halves(dialect).expect("it travels").request)(&endpoint, &asked).expect("parts");
    let mut out = BTreeMap::new();
    leaves(&serde_json::from_str(&parts.body).expect("JSON"), "", &mut out);
    (out, parts.notes)
}

/// A parameter, and its members in the order of [`FORMATS`]; `-`: it is not sent, and that is told.
type Row = (&'static str, fn(&mut Params), [&'static str; 6]);

const TABLE: &[Row] = &[
    (
        "temperature",
        |params| params.temperature = Some(0.5),
        [
            "/temperature=0.5",
            "/temperature=0.5",
            "/temperature=0.5",
            "/temperature=0.5",
            "/generationConfig/temperature=0.5",
            "/options/temperature=0.5",
        ],
    ),
    (
        "top_p",
        |params| params.top_p = Some(0.9),
        [
            "/top_p=0.9",
            "/top_p=0.9",
            "/top_p=0.9",
            "/top_p=0.9",
            "/generationConfig/topP=0.9",
            "/options/top_p=0.9",
        ],
    ),
    (
        "top_k",
        |params| params.top_k = Some(40),
        ["/top_k=40", "-", "/top_k=40", "/top_k=40", "/generationConfig/topK=40", "/options/top_k=40"],
    ),
    (
        "max_tokens",
        |params| params.max_tokens = Some(99),
        [
            "/max_tokens=99",
            "/max_output_tokens=99",
            "/max_tokens=99",
            "/max_tokens=99",
            "/generationConfig/maxOutputTokens=99",
            "/options/num_predict=99",
        ],
    ),
    (
        "stop",
        |params| params.stop = vec!["END".to_owned()],
        [
            "/stop/0=\"END\"",
            "-",
            "/stop/0=\"END\"",
            "/stop_sequences/0=\"END\"",
            "/generationConfig/stopSequences/0=\"END\"",
            "/options/stop/0=\"END\"",
        ],
    ),
    (
        "seed",
        |params| params.seed = Some(7),
        ["/seed=7", "-", "/seed=7", "-", "/generationConfig/seed=7", "/options/seed=7"],
    ),
    (
        "frequency_penalty",
        |params| params.frequency_penalty = Some(0.25),
        [
            "/frequency_penalty=0.25",
            "-",
            "/frequency_penalty=0.25",
            "-",
            "/generationConfig/frequencyPenalty=0.25",
            "/options/frequency_penalty=0.25",
        ],
    ),
    (
        "presence_penalty",
        |params| params.presence_penalty = Some(0.25),
        [
            "/presence_penalty=0.25",
            "-",
            "/presence_penalty=0.25",
            "-",
            "/generationConfig/presencePenalty=0.25",
            "/options/presence_penalty=0.25",
        ],
    ),
    (
        "effort",
        |params| params.effort = Some(Effort::High),
        [
            "/reasoning_effort=\"high\"",
            "/reasoning/effort=\"high\" /reasoning/summary=\"auto\"",
            "/reasoning/effort=\"high\"",
            "/thinking/type=\"enabled\" /thinking/budget_tokens=25600",
            "/generationConfig/thinkingConfig/includeThoughts=true /generationConfig/thinkingConfig/thinkingBudget=24576",
            "/think=\"high\"",
        ],
    ),
    (
        "thinking_tokens",
        |params| params.thinking_tokens = Some(2048),
        [
            "-",
            "-",
            "/reasoning/max_tokens=2048",
            "/thinking/type=\"enabled\" /thinking/budget_tokens=2048",
            "/generationConfig/thinkingConfig/includeThoughts=true /generationConfig/thinkingConfig/thinkingBudget=2048",
            "-",
        ],
    ),
    (
        "verbosity",
        |params| params.verbosity = Some(Effort::Low),
        ["/verbosity=\"low\"", "/text/verbosity=\"low\"", "/verbosity=\"low\"", "-", "-", "-"],
    ),
    (
        "format",
        |params| params.format = Some(Format::Json),
        [
            "/response_format/type=\"json_object\"",
            "/text/format/type=\"json_object\"",
            "/response_format/type=\"json_object\"",
            "-",
            "/generationConfig/responseMimeType=\"application/json\"",
            "/format=\"json\"",
        ],
    ),
    (
        "schema",
        |params| params.format = Some(Format::Schema(r#"{"type":"object"}"#.to_owned())),
        [
            "/response_format/type=\"json_schema\" /response_format/json_schema/name=\"answer\" /response_format/json_schema/schema/type=\"object\"",
            "/text/format/type=\"json_schema\" /text/format/name=\"answer\" /text/format/schema/type=\"object\"",
            "/response_format/type=\"json_schema\" /response_format/json_schema/name=\"answer\" /response_format/json_schema/schema/type=\"object\"",
            "/output_config/format/type=\"json_schema\" /output_config/format/schema/type=\"object\"",
            "/generationConfig/responseMimeType=\"application/json\" /generationConfig/responseJsonSchema/type=\"object\"",
            "/format/type=\"object\"",
        ],
    ),
    (
        "openrouter",
        |params| params.openrouter = Some(r#"{"models":["a/b"]}"#.to_owned()),
        ["", "", "/models/0=\"a/b\"", "", "", ""],
    ),
    ("extra_body", |params| params.extra_body = Some(r#"{"x":1.50}"#.to_owned()), ["/x=1.5"; 6]),
];

#[test]
fn each_parameter_is_sent_in_its_own_words() {
    for (at, format) in FORMATS.into_iter().enumerate() {
        let (bare, notes) = sent(format, Params::default());
        assert!(notes.is_empty(), "{}: {notes:?}", format.0);
        for (name, set, expected) in TABLE {
            let mut params = Params::default();
            set(&mut params);
            let (full, notes) = sent(format, params);
            let added = full.iter().filter(|(place, leaf)| bare.get(*place) != Some(*leaf));
            let mut found: Vec<String> = added.map(|(place, leaf)| format!("{place}={leaf}")).collect();
            let lost: Vec<_> = bare.keys().filter(|place| !full.contains_key(*place)).collect();
            assert!(lost.is_empty(), "{} {name}: {lost:?}", format.0);
            let told = expected[at] == "-";
            let mut wanted: Vec<&str> = expected[at].split(' ').filter(|word| word.len() > 1).collect();
            wanted.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, wanted, "{} {name}", format.0);
            assert_eq!(!notes.is_empty(), told, "{} {name}: {notes:?}", format.0);
        }
    }
}

/// The members of opaque state that only its maker can read.
const SECRET: [&str; 7] = [
    "signature",
    "thoughtSignature",
    "thought_signature",
    "encrypted_content",
    "data",
    "thinking",
    "reasoning_content",
];

/// The long texts of such members, wherever they are.
fn secrets(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str().filter(|text| SECRET.contains(&name.as_str()) && text.len() > 5) {
                    Some(text) => out.push(serde_json::to_string(text).expect("JSON")),
                    None => secrets(value, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secrets(item, out)),
        _ => {}
    }
}

#[test]
fn state_goes_back_to_its_maker_in_every_format() {
    let mut seen = std::collections::BTreeSet::new();
    for Told { name, endpoint, text, calls, opaque } in recorded() {
        let mut all = Vec::new();
        secrets(&serde_json::from_str(&opaque).expect("JSON"), &mut all);
        if all.is_empty() {
            continue;
        }
        let maker = "lab/claude-opus-4-1";
        let body = |model: &str| {
            let mut asked = asked(model);
            let state = Part::Opaque { model: maker.to_owned(), json: opaque.clone() };
            let own = calls.iter().cloned().map(Part::ToolCall);
            let parts = [state, Part::Text(text.clone())].into_iter().chain(own).collect();
            Arc::make_mut(&mut asked.messages).push(Message { role: Role::Assistant, parts });
            let results = calls
                .iter()
                .map(|call| Part::ToolResult { call_id: call.id.clone(), text: "done".to_owned() });
            Arc::make_mut(&mut asked.messages).push(match calls.is_empty() {
                true => Message::text(Role::User, "go on"),
                false => Message { role: Role::Tool, parts: results.collect() },
            });
            (halves(endpoint.dialect).expect("it travels").request)(&endpoint, &asked).expect("parts").body
        };
        let (same, other) = (body(maker), body("lab/quill-2"));
        for secret in &all {
            assert!(same.contains(secret), "{name}: {secret} goes back\n{same}");
            assert!(!other.contains(secret), "{name}: {secret} stays here\n{other}");
        }
        seen.insert((endpoint.dialect.name(), endpoint.quirks.api == Some(Api::Responses)));
    }
    assert_eq!(seen.len(), 6, "chat, OpenRouter, Responses, Messages, Gemini, Ollama: {seen:?}");
}
