//! Requests: only what is set, in the form that the quirks ask for.

use super::*;
use crate::chat::{Abilities, Dialect, Effort, Limits, Params, Quirks, Tariff, Timeouts, ToolCall};
use crate::text::Untrusted;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint {
        name: "lab".to_owned(),
        dialect: Dialect::OpenAi,
        base_url: "http://127.0.0.1:1/v1".to_owned(),
        key: None,
        key_alias: "default".to_owned(),
        headers: Vec::new(),
        models: std::collections::BTreeMap::new(),
        auth: None,
        extra_body: None,
        allow_insecure_http: false,
        timeouts: Timeouts::REMOTE,
        limits: Limits::default(),
        quirks: Quirks::default(),
        tariff: Tariff::Metered,
    }
}

pub(crate) fn asked(model: &str) -> ChatRequest {
    ChatRequest {
        model: model.parse().expect("a model"),
        messages: vec![Message::text(Role::User, "hi")],
        params: Params::default(),
        tools: Vec::new(),
        abilities: Abilities::default(),
    }
}

fn body_of(endpoint: &Endpoint, asked: &ChatRequest) -> String {
    request(endpoint, asked).expect("parts").body
}

#[test]
fn only_what_is_set_is_sent() {
    let mut endpoint = endpoint();
    assert_eq!(
        body_of(&endpoint, &asked("lab/m")),
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}"#
    );
    endpoint.quirks.stream_options = false;
    let mut full = asked("lab/m");
    full.params = Params {
        temperature: Some(0.7),
        max_tokens: Some(5),
        stop: vec!["x".to_owned()],
        effort: Some(Effort::Low),
        seed: Some(-1),
        ..Params::default()
    };
    assert_eq!(
        body_of(&endpoint, &full),
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"temperature":0.7,"max_tokens":5,"stop":["x"],"seed":-1,"reasoning_effort":"low"}"#
    );
    endpoint.quirks.max_completion_tokens = true;
    assert!(body_of(&endpoint, &full).contains(r#""max_completion_tokens":5"#));
    assert!(!body_of(&endpoint, &full).contains(r#""max_tokens""#));
}

#[test]
fn further_members_win_and_keep_their_text() {
    let mut endpoint = endpoint();
    endpoint.quirks.stream_options = false;
    endpoint.extra_body = Some(r#"{"a":1.10,"stream":false}"#.to_owned());
    let mut asked = asked("lab/m");
    asked.params.temperature = Some(1.0);
    asked.params.extra_body = Some(r#"{"temperature":0.30,"a":2}"#.to_owned());
    assert_eq!(
        body_of(&endpoint, &asked),
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"temperature":0.30,"a":2}"#
    );
    endpoint.extra_body = Some("[1]".to_owned());
    let fault = request(&endpoint, &asked).expect_err("no object");
    assert!(fault.unsent && fault.class == FaultClass::BadRequest);
}

#[test]
fn calls_and_results_have_messages_of_their_own() {
    let mut asked = asked("lab/m");
    let call =
        ToolCall { id: "c1".to_owned(), name: Untrusted::from("now"), arguments: Untrusted::from("{}") };
    asked.messages = vec![
        Message { role: Role::Assistant, parts: vec![Part::ToolCall(call)] },
        Message {
            role: Role::Tool,
            parts: vec![
                Part::ToolResult { call_id: "c1".to_owned(), text: "noon".to_owned() },
                Part::ToolResult { call_id: "c2".to_owned(), text: "one".to_owned() },
            ],
        },
        Message { role: Role::Assistant, parts: Vec::new() },
    ];
    let body = body_of(&endpoint(), &asked);
    assert!(body.contains(
        r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"now","arguments":"{}"}}]},{"role":"tool","content":"noon","tool_call_id":"c1"},{"role":"tool","content":"one","tool_call_id":"c2"},{"role":"assistant","content":""}]"#
    ), "{body}");
}
