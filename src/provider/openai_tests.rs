//! Requests: only what is set, in the form that the quirks ask for.

use std::sync::Arc;

use super::*;
use crate::chat::{Abilities, Dialect, Effort, Params, Quirks, Tool, ToolCall};
use crate::text::Untrusted;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::new("lab", Dialect::OpenAi, "http://127.0.0.1:1/v1")
}

pub(crate) fn asked(model: &str) -> ChatRequest {
    ChatRequest {
        model: model.parse().expect("a model"),
        messages: Arc::new(vec![Message::text(Role::User, "hi")]),
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
    asked.messages = Arc::new(vec![
        Message { role: Role::Assistant, parts: vec![Part::ToolCall(call)] },
        Message {
            role: Role::Tool,
            parts: vec![
                Part::ToolResult { call_id: "c1".to_owned(), text: "noon".to_owned() },
                Part::ToolResult { call_id: "c2".to_owned(), text: "one".to_owned() },
            ],
        },
        Message { role: Role::Assistant, parts: Vec::new() },
    ]);
    let body = body_of(&endpoint(), &asked);
    assert!(body.contains(
        r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"now","arguments":"{}"}}]},{"role":"tool","content":"noon","tool_call_id":"c1"},{"role":"tool","content":"one","tool_call_id":"c2"},{"role":"assistant","content":""}]"#
    ), "{body}");
}

/// DeepSeek wants the thinking while the calls go on; Gemini's layer wants its signatures always.
#[test]
fn thinking_goes_back_while_calls_go_on_and_signatures_always() {
    let mut asked = asked("lab/m");
    let call = ToolCall { id: "c1".to_owned(), name: "now".into(), arguments: "{}".into() };
    let json =
        r#"{"reasoning_content":"Ask.","extra_content":{"c1":{"google":{"thought_signature":"U2ln"}}}}"#;
    let state = |model: &str| Part::Opaque { model: model.to_owned(), json: json.to_owned() };
    Arc::make_mut(&mut asked.messages).extend([
        Message { role: Role::Assistant, parts: vec![state("lab/m"), Part::ToolCall(call)] },
        Message {
            role: Role::Tool,
            parts: vec![Part::ToolResult { call_id: "c1".to_owned(), text: "noon".to_owned() }],
        },
    ]);
    let thinking = r#""reasoning_content":"Ask.""#;
    let signed = r#""arguments":"{}"},"extra_content":{"google":{"thought_signature":"U2ln"}}}"#;
    let has = |asked: &ChatRequest| {
        let body = body_of(&endpoint(), asked);
        (body.contains(thinking), body.contains(signed))
    };
    assert_eq!(has(&asked), (true, true));
    let mut ended = asked.clone();
    Arc::make_mut(&mut ended.messages)
        .push(Message { role: Role::Assistant, parts: vec![Part::Text("At noon.".to_owned())] });
    Arc::make_mut(&mut ended.messages).push(Message::text(Role::User, "thanks"));
    assert_eq!(has(&ended), (false, true), "the turn is finished");
    Arc::make_mut(&mut asked.messages)[1].parts[0] = state("lab/other");
    assert_eq!(has(&asked), (false, false), "another model made it");
    Arc::make_mut(&mut asked.messages)[1].parts = vec![state("lab/m"), Part::Text("At noon.".to_owned())];
    Arc::make_mut(&mut asked.messages).truncate(2);
    assert_eq!(has(&asked), (false, false), "nothing was called");
}

fn media(media_type: &str, name: &str) -> Part {
    let data = MediaData::Base64("aGk=".into());
    Part::Media(Media { media_type: media_type.to_owned(), name: Some(name.to_owned()), data })
}

#[test]
fn media_are_content_parts_and_text_alone_is_text() {
    let mut asked = asked("lab/m");
    Arc::make_mut(&mut asked.messages)[0].parts.extend([
        media("image/png", "a.png"),
        Part::Text("and this".to_owned()),
        media("application/pdf", "b.pdf"),
        media("audio/mpeg", "c.mp3"),
        media("video/mp4", "d.mp4"),
    ]);
    let address = Media {
        media_type: "image/jpeg".to_owned(),
        name: None,
        data: MediaData::Url("https://example.org/e.jpg".to_owned()),
    };
    Arc::make_mut(&mut asked.messages)[0].parts.push(Part::Media(address));
    let expected = concat!(
        r#"{"role":"user","content":[{"type":"text","text":"hi"},"#,
        r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},"#,
        r#"{"type":"text","text":"and this"},"#,
        r#"{"type":"file","file":{"filename":"b.pdf","file_data":"data:application/pdf;base64,aGk="}},"#,
        r#"{"type":"input_audio","input_audio":{"data":"aGk=","format":"mp3"}},"#,
        r#"{"type":"video_url","video_url":{"url":"data:video/mp4;base64,aGk="}},"#,
        r#"{"type":"image_url","image_url":{"url":"https://example.org/e.jpg"}}]}"#,
    );
    let body = body_of(&endpoint(), &asked);
    assert!(body.contains(expected), "{body}");
}

#[test]
fn tools_formats_and_verbosity_are_members() {
    let mut asked = asked("lab/m");
    asked.tools = vec![Tool {
        name: "tide".to_owned(),
        description: "Tells the tide.".to_owned(),
        schema: r#"{"type":"object","x":1.0}"#.to_owned(),
    }];
    asked.params.verbosity = Some(Effort::Low);
    asked.params.thinking_tokens = Some(9);
    asked.params.format = Some(Format::Schema(r#"{"type":"object"}"#.to_owned()));
    let parts = request(&endpoint(), &asked).expect("parts");
    for member in [
        r#""tools":[{"type":"function","function":{"name":"tide","description":"Tells the tide.","parameters":{"type":"object","x":1.0}}}]"#,
        r#""verbosity":"low""#,
        r#""response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}}"#,
    ] {
        assert!(parts.body.contains(member), "{member} is missing in {}", parts.body);
    }
    assert_eq!(parts.notes, ["lab/m is not told thinking_tokens: its format has only effort"]);
    asked.params.format = Some(Format::Json);
    assert!(body_of(&endpoint(), &asked).contains(r#""response_format":{"type":"json_object"}"#));
    asked.params.format = Some(Format::Schema("{".to_owned()));
    assert!(request(&endpoint(), &asked).is_err_and(|fault| fault.unsent));
}

#[test]
fn openai_reasoning_models_have_developers_and_others_have_systems() {
    let mut openai = endpoint();
    openai.quirks = Quirks { openai: true, developer_role: true, ..Quirks::default() };
    let role = |endpoint: &Endpoint, model: &str| {
        let mut asked = asked(model);
        asked.params.temperature = Some(0.5);
        Arc::make_mut(&mut asked.messages).insert(0, Message::text(Role::System, "Be brief."));
        let body: serde_json::Value = serde_json::from_str(&body_of(endpoint, &asked)).expect("JSON");
        let role = body["messages"][0]["role"].as_str().expect("a role").to_owned();
        (role, body["temperature"].is_number())
    };
    assert_eq!(role(&openai, "openai/gpt-5"), ("developer".to_owned(), false));
    assert_eq!(role(&openai, "openai/gpt-4o"), ("system".to_owned(), true));
    assert_eq!(role(&endpoint(), "lab/gpt-5"), ("system".to_owned(), true));
    openai.quirks.developer_role = false;
    assert_eq!(role(&openai, "openai/gpt-5").0, "system");
}

#[test]
fn both_halves_go_to_the_same_api() {
    let mut openai = endpoint();
    openai.quirks.openai = true;
    let answer = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n\
                  data: {\"type\":\"response.completed\",\"response\":{}}\n\n";
    for (model, path) in [("lab/o1-pro", "/responses"), ("lab/o3", "/chat/completions")] {
        let asked = asked(model);
        assert_eq!(request(&openai, &asked).expect("parts").path, path);
        let mut decoder = decoder(&openai, &asked);
        let mut out = Vec::new();
        let read = decoder.push(answer.as_bytes(), &mut out).and_then(|()| decoder.end(&mut out));
        assert_eq!(read.is_ok(), path == "/responses", "{model}");
    }
}

#[test]
fn ids_of_calls_are_short_where_they_must_be() {
    let mut mistral = endpoint();
    mistral.quirks.short_call_ids = true;
    let call = ToolCall {
        id: "call_0123456789".to_owned(),
        name: Untrusted::from("now"),
        arguments: Untrusted::from("{}"),
    };
    let mut asked = asked("lab/m");
    let result = Part::ToolResult { call_id: call.id.clone(), text: "noon".to_owned() };
    asked.messages = Arc::new(vec![
        Message { role: Role::Assistant, parts: vec![Part::ToolCall(call)] },
        Message { role: Role::Tool, parts: vec![result] },
    ]);
    let body: serde_json::Value = serde_json::from_str(&body_of(&mistral, &asked)).expect("JSON");
    let id = body["messages"][0]["tool_calls"][0]["id"].as_str().expect("an id");
    assert_eq!(id.len(), 9);
    assert_eq!(body["messages"][1]["tool_call_id"], id);
}
