//! Requests: only what is set, in the form that Messages want.

use std::sync::Arc;

use super::*;
use crate::chat::{Effort, Media, MediaData, Message, Part, Role, Tool, ToolCall};
use crate::provider::openai::tests::{asked, endpoint};
use crate::text::Untrusted;

const SONNET: &str = "anthropic/claude-sonnet-4-5";

fn sent(asked: &ChatRequest) -> String {
    request(&endpoint(), asked).expect("parts").body
}

/// The messages alone.
fn turns_of(messages: Vec<Message>) -> String {
    let asked = ChatRequest { messages: messages.into(), ..asked(SONNET) };
    let turns = turns::of(&asked);
    serde_json::to_string(&turns.messages).expect("JSON")
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts }
}

fn call(id: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.to_owned(),
        name: Untrusted::from("now"),
        arguments: Untrusted::from(arguments),
    })
}

fn result(call_id: &str, text: &str) -> Part {
    Part::ToolResult { call_id: call_id.to_owned(), text: text.to_owned() }
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

#[test]
fn only_what_is_set_is_sent() {
    let parts = request(&endpoint(), &asked(SONNET)).expect("parts");
    assert_eq!(
        parts.body,
        r#"{"model":"claude-sonnet-4-5","max_tokens":64000,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"stream":true}"#
    );
    assert_eq!((parts.path.as_str(), parts.auth), ("/messages", ("x-api-key", "")));
    assert_eq!(parts.headers, [("anthropic-version", "2023-06-01".to_owned())]);
    assert!(parts.notes.is_empty());
    let mut full = asked(SONNET);
    full.params.max_tokens = Some(4_000);
    full.params.stop = vec!["END".to_owned()];
    full.params.top_k = Some(3);
    full.params.temperature = Some(0.25);
    full.params.format = Some(Format::Schema(r#"{"type":"object", "x":1.10}"#.to_owned()));
    Arc::make_mut(&mut full.messages).insert(0, Message::text(Role::System, "Be brief."));
    full.tools = vec![Tool {
        name: "now".to_owned(),
        description: String::new(),
        schema: r#"{"type":"object"}"#.to_owned(),
    }];
    assert_eq!(
        sent(&full),
        r#"{"model":"claude-sonnet-4-5","max_tokens":4000,"system":"Be brief.","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"stream":true,"stop_sequences":["END"],"temperature":0.25,"top_k":3,"tools":[{"name":"now","input_schema":{"type":"object"}}],"output_config":{"format":{"type":"json_schema","schema":{"type":"object", "x":1.10}}}}"#
    );
}

#[test]
fn thinking_has_three_forms() {
    let mut asked = asked("anthropic/claude-opus-5");
    let mut written = |effort| {
        asked.params.effort = Some(effort);
        sent(&asked)
    };
    let high = written(Effort::High);
    assert!(
        high.contains(
            r#""thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"high"}}"#
        ),
        "{high}"
    );
    assert!(written(Effort::None).contains(r#""thinking":{"type":"disabled"}}"#));
    asked.model = SONNET.parse().expect("a model");
    asked.params.effort = Some(Effort::Medium);
    assert!(sent(&asked).contains(r#""thinking":{"type":"enabled","budget_tokens":32000}}"#));
}

#[test]
fn further_members_win_and_keep_their_text() {
    let mut endpoint = endpoint();
    endpoint.extra_body = Some(r#"{"metadata":{"user_id":"u"},"max_tokens":7,"stream":false}"#.to_owned());
    let mut asked = asked(SONNET);
    asked.params.extra_body = Some(r#"{"temperature":0.30,"max_tokens":8}"#.to_owned());
    assert_eq!(
        request(&endpoint, &asked).expect("parts").body,
        r#"{"model":"claude-sonnet-4-5","max_tokens":8,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"stream":true,"metadata":{"user_id":"u"},"temperature":0.30}"#
    );
    for odd in ["[1]", "", "{"] {
        asked.params.extra_body = Some(odd.to_owned());
        let fault = request(&endpoint, &asked).expect_err("no object");
        assert!(fault.unsent && fault.class == FaultClass::BadRequest);
    }
}

#[test]
fn schemas_are_objects() {
    for schema in ["", "7", "[]", "{"] {
        let mut asked = asked(SONNET);
        asked.params.format = Some(Format::Schema(schema.to_owned()));
        assert!(request(&endpoint(), &asked).expect_err(schema).unsent);
        asked.params.format = None;
        asked.tools =
            vec![Tool { name: "now".to_owned(), description: String::new(), schema: schema.to_owned() }];
        let fault = request(&endpoint(), &asked).expect_err(schema);
        assert!(fault.message.raw().contains("the tool now"), "{fault:?}");
    }
}

#[test]
fn instructions_are_no_message_and_roles_alternate() {
    let mut request = asked(SONNET);
    request.messages = Arc::new(vec![
        Message::text(Role::System, "A"),
        Message::text(Role::User, "one"),
        Message::text(Role::User, "two"),
        message(Role::Assistant, vec![text(" \n"), text("")]),
        Message::text(Role::User, "three"),
        Message::text(Role::System, "B"),
        Message::text(Role::Assistant, "four"),
        Message::text(Role::Assistant, "five"),
        message(Role::User, vec![]),
    ]);
    let turns = turns::of(&request);
    assert_eq!(turns.system.as_deref(), Some("A\n\nB"));
    assert_eq!(
        serde_json::to_string(&turns.messages).expect("JSON"),
        r#"[{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"},{"type":"text","text":"three"}]},{"role":"assistant","content":[{"type":"text","text":"four"},{"type":"text","text":"five"}]}]"#
    );
}

#[test]
fn results_come_first_in_one_turn_of_the_user() {
    let turns = turns_of(vec![
        Message::text(Role::User, "when?"),
        message(
            Role::Assistant,
            vec![text("Let me see."), call("c1", r#"{"a": 1.50}"#), call("c.2:0", "no")],
        ),
        message(Role::User, vec![text("and quick")]),
        message(Role::Tool, vec![result("c1", "noon")]),
        message(Role::Tool, vec![result("c.2:0", "one")]),
    ]);
    assert_eq!(
        turns,
        r#"[{"role":"user","content":[{"type":"text","text":"when?"}]},{"role":"assistant","content":[{"type":"text","text":"Let me see."},{"type":"tool_use","id":"c1","name":"now","input":{"a": 1.50}},{"type":"tool_use","id":"c_2_0","name":"now","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"noon"},{"type":"tool_result","tool_use_id":"c_2_0","content":"one"},{"type":"text","text":"and quick"}]}]"#
    );
}

/// A call without its result is refused, and so is a result without its call.
#[test]
fn calls_and_results_come_in_pairs_or_not_at_all() {
    let kept = r#"[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","id":"k","name":"now","input":{}}]"#;
    let opaque = || Part::Opaque { model: SONNET.to_owned(), json: kept.to_owned() };
    let turns = turns_of(vec![
        Message::text(Role::User, "a"),
        message(Role::Assistant, vec![opaque()]),
        Message::text(Role::User, "b"),
        message(Role::Assistant, vec![text("c"), call("x", "{}")]),
        message(Role::User, vec![result("y", "orphan"), text("d")]),
    ]);
    assert_eq!(
        turns,
        r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"text","text":"c"}]},{"role":"user","content":[{"type":"text","text":"orphan"},{"type":"text","text":"d"}]}]"#
    );
    let turns = turns_of(vec![
        Message::text(Role::User, "a"),
        message(Role::Assistant, vec![opaque(), call("k", "{}")]),
        message(Role::Tool, vec![result("k", "noon")]),
    ]);
    assert!(turns.contains(&kept[1..kept.len() - 1]), "all blocks in order: {turns}");
    assert_eq!(turns.matches("tool_use\"").count(), 1, "the call goes once: {turns}");
    let odd = r#"[{"type":"tool_use","id":"f.now:0","name":"now","input":{}}]"#;
    let turns = turns_of(vec![
        message(Role::Assistant, vec![Part::Opaque { model: SONNET.to_owned(), json: odd.to_owned() }]),
        message(Role::Tool, vec![result("f.now:0", "noon")]),
    ]);
    assert!(turns.contains(r#""tool_use_id":"f.now:0""#), "the id as the server gave it: {turns}");
}

/// Blocks of the same family go back to the byte; others get the plain text.
#[test]
fn blocks_go_back_unchanged_to_their_family_only() {
    let blocks = r#"{"type":"thinking","thinking":"t\u0041","signature":"s=="},{"type":"new", "x":1.10},{"type":"text","text":"kept"}"#;
    for (maker, goes) in [
        (SONNET, true),
        ("anthropic/claude-sonnet-4-5-20250929", true),
        ("anthropic/claude-opus-4-5", false),
        ("openrouter/anthropic/claude-sonnet-4-5", false),
    ] {
        let opaque = Part::Opaque { model: maker.to_owned(), json: format!("[{blocks}]") };
        let turns = turns_of(vec![
            Message::text(Role::User, "a"),
            message(Role::Assistant, vec![opaque, text("plain")]),
            Message::text(Role::User, "b"),
        ]);
        assert_eq!(turns.contains(blocks), goes, "{maker}: {turns}");
        assert_eq!(turns.contains("plain"), !goes, "{maker}: {turns}");
    }
    for odd in ["", "7", "{}", "[7]", "[{}]", "[]"] {
        let opaque = Part::Opaque { model: SONNET.to_owned(), json: odd.to_owned() };
        let turns = turns_of(vec![message(Role::Assistant, vec![opaque, text("plain")])]);
        assert!(turns.contains("plain"), "{odd}: {turns}");
    }
}

#[test]
fn media_are_pictures_documents_or_told() {
    let media = |kind: &str, data: MediaData| {
        Part::Media(Media { media_type: kind.to_owned(), name: Some("f".to_owned()), data })
    };
    let here = |data: &str| MediaData::Base64(Arc::from(data));
    let there = || MediaData::Url("https://lab/f".to_owned());
    let table = [
        (
            media("image/png", here("QUJD")),
            r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}}"#,
        ),
        (media("image/webp", there()), r#"{"type":"image","source":{"type":"url","url":"https://lab/f"}}"#),
        (
            media("application/pdf", here("QUJD")),
            r#"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"QUJD"},"title":"f"}"#,
        ),
        (
            media("application/pdf", there()),
            r#"{"type":"document","source":{"type":"url","url":"https://lab/f"},"title":"f"}"#,
        ),
        (
            media("text/markdown", here("QUJD")),
            r#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"ABC"},"title":"f"}"#,
        ),
    ];
    for (part, block) in table {
        let turns = turns_of(vec![message(Role::User, vec![part])]);
        assert_eq!(turns, format!(r#"[{{"role":"user","content":[{block}]}}]"#));
    }
    let mut request = asked(SONNET);
    request.messages =
        Arc::new(vec![message(Role::User, vec![media("audio/wav", here("QUJD")), text("hear")])]);
    let turns = turns::of(&request);
    assert_eq!(turns.notes, ["f was left out: audio/wav is not taken."]);
    assert!(!serde_json::to_string(&turns.messages).expect("JSON").contains("QUJD"));
}
