//! Requests to Ollama: only what is set, in its form.

use std::sync::Arc;

use super::*;
use crate::chat::ToolCall;
use crate::provider::openai::tests::{asked, endpoint};
use crate::text::Untrusted;

fn body_of(asked: &ChatRequest) -> String {
    request(&endpoint(), asked).expect("parts").body
}

#[test]
fn only_what_is_set_is_sent() {
    let parts = request(&endpoint(), &asked("lab/qwen3:8b")).expect("parts");
    assert_eq!(
        parts.body,
        r#"{"model":"qwen3:8b","messages":[{"role":"user","content":"hi"}],"stream":true,"truncate":false,"shift":false}"#
    );
    assert_eq!((parts.path.as_str(), parts.notes.len()), ("/api/chat", 0));
    let mut full = asked("lab/qwen3:8b");
    full.params = Params {
        temperature: Some(0.7),
        top_p: Some(0.5),
        top_k: Some(40),
        max_tokens: Some(5),
        stop: vec!["x".to_owned()],
        seed: Some(-1),
        frequency_penalty: Some(0.25),
        presence_penalty: Some(-0.5),
        format: Some(Format::Json),
        verbosity: Some(Effort::High),
        thinking_tokens: Some(9),
        ..Params::default()
    };
    let parts = request(&endpoint(), &full).expect("parts");
    assert!(
        parts.body.ends_with(
            r#""format":"json","options":{"temperature":0.7,"top_p":0.5,"top_k":40,"num_predict":5,"stop":["x"],"seed":-1,"frequency_penalty":0.25,"presence_penalty":-0.5},"truncate":false,"shift":false}"#
        ),
        "{}",
        parts.body
    );
    assert_eq!(parts.notes.len(), 2);
    assert!(parts.notes[0].contains("verbosity") && parts.notes[1].contains("thinking tokens"));
}

#[test]
fn options_of_the_user_are_laid_over() {
    let mut endpoint = endpoint();
    endpoint.extra_body = Some(r#"{"keep_alive":"1h","options":{"num_ctx":32768}}"#.to_owned());
    let mut asked = asked("lab/qwen3:8b");
    asked.params.seed = Some(7);
    asked.params.extra_body = Some(r#"{"options":{"num_ctx":8192},"truncate":true}"#.to_owned());
    assert_eq!(
        request(&endpoint, &asked).expect("parts").body,
        r#"{"model":"qwen3:8b","messages":[{"role":"user","content":"hi"}],"stream":true,"options":{"seed":7,"num_ctx":8192},"truncate":true,"shift":false,"keep_alive":"1h"}"#
    );
}

#[test]
fn thinking_is_a_switch_or_a_level() {
    use Effort::{High, Low, Max, Medium, Minimal, None as Off, Xhigh};
    let table = [
        ("qwen3:8b", Off, Think::Switch(false), 0),
        ("qwen3:8b", Minimal, Think::Level("low"), 1),
        ("qwen3:8b", Low, Think::Level("low"), 0),
        ("qwen3:8b", Medium, Think::Level("medium"), 0),
        ("qwen3:8b", High, Think::Level("high"), 0),
        ("qwen3:8b", Xhigh, Think::Level("high"), 1),
        ("qwen3:8b", Max, Think::Level("max"), 0),
        ("gpt-oss:20b", Off, Think::Level("low"), 1),
        ("gpt-oss:20b", High, Think::Level("high"), 0),
        ("somebody/gpt-oss-small", Max, Think::Level("high"), 1),
    ];
    for (id, effort, expected, count) in table {
        let mut notes = Vec::new();
        assert_eq!(think(id, effort, &mut notes), expected, "{id} {effort:?}");
        assert_eq!(notes.len(), count, "{id} {effort:?}");
    }
}

#[test]
fn pictures_are_base64_and_nothing_else_is_taken() {
    let with = |media_type: &str, data| {
        let mut asked = asked("lab/qwen3-vl:8b");
        let (media_type, name) = (media_type.to_owned(), Some("plan.x".to_owned()));
        Arc::make_mut(&mut asked.messages)[0].parts.push(Part::Media(Media { media_type, name, data }));
        request(&endpoint(), &asked)
    };
    let base64 = || MediaData::Base64(Arc::from("QUJD"));
    let body = with("image/png", base64()).expect("parts").body;
    assert!(body.contains(r#"{"role":"user","content":"hi","images":["QUJD"]}"#), "{body}");
    let url = MediaData::Url("https://example.org/a.png".to_owned());
    for refused in [with("image/png", url), with("application/pdf", base64())] {
        let fault = refused.expect_err("refused");
        assert!(fault.unsent && fault.class == FaultClass::BadRequest && !fault.hint.is_empty());
        assert!(fault.message.raw().contains("plan.x"), "{fault:?}");
    }
}

#[test]
fn calls_and_results_go_back() {
    let mut asked = asked("lab/qwen3:8b");
    let call = |id: &str, name: &str, arguments: &str| {
        Part::ToolCall(ToolCall {
            id: id.to_owned(),
            name: Untrusted::from(name),
            arguments: Untrusted::from(arguments),
        })
    };
    let result = |id: &str, text: &str| Part::ToolResult { call_id: id.to_owned(), text: text.to_owned() };
    let state = Part::Opaque { model: "lab/qwen3:8b".to_owned(), json: r#"{"thinking":"Both."}"#.to_owned() };
    asked.tools = vec![Tool {
        name: "now".to_owned(),
        description: "Time".to_owned(),
        schema: r#"{"type":"object"}"#.to_owned(),
    }];
    asked.messages = Arc::new(vec![
        Message {
            role: Role::Assistant,
            parts: vec![
                state,
                call("a", "tide_at", r#"{"d":1.50}"#),
                call("salon-call-2", "now", "{}"),
                call("unanswered", "now", "{}"),
            ],
        },
        Message { role: Role::Tool, parts: vec![result("salon-call-2", "noon"), result("a", "high")] },
    ]);
    let body = body_of(&asked);
    let expected = r#"[{"role":"assistant","content":"","thinking":"Both.","tool_calls":[{"id":"a","function":{"name":"tide_at","arguments":{"d":1.50}}},{"function":{"name":"now","arguments":{}}}]},{"role":"tool","content":"high","tool_name":"tide_at","tool_call_id":"a"},{"role":"tool","content":"noon","tool_name":"now"}]"#;
    assert!(body.contains(expected), "{body}");
    assert!(body.contains(
        r#""tools":[{"type":"function","function":{"name":"now","description":"Time","parameters":{"type":"object"}}}]"#
    ));
    asked.model = "lab/other".parse().expect("a model");
    assert!(!body_of(&asked).contains("Both."), "the thinking of another model stays");
}
