//! Requests of the Responses API: items in their order, state to the model that made it, and only
//! what is set; and bodies that are no streams.

use std::sync::Arc;

use super::*;
use crate::chat::{Effort, Finish, Params, StreamEvent, Tool, ToolCall};
use crate::provider::openai::tests::{asked, endpoint};
use crate::text::Untrusted;

fn body_of(endpoint: &Endpoint, asked: &ChatRequest) -> String {
    parts(endpoint, asked).expect("parts").body
}

#[test]
fn only_what_is_set_is_sent() {
    let written = parts(&endpoint(), &asked("lab/m")).expect("parts");
    assert_eq!(written.path, "/responses");
    assert_eq!(
        written.body,
        r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}],"stream":true,"store":false,"include":["reasoning.encrypted_content"]}"#
    );
    let mut full = asked("lab/m");
    Arc::make_mut(&mut full.messages).insert(0, Message::text(Role::System, "Be brief."));
    full.params = Params {
        temperature: Some(0.5),
        max_tokens: Some(9),
        effort: Some(Effort::High),
        verbosity: Some(Effort::Low),
        format: Some(Format::Json),
        seed: Some(1),
        stop: vec!["x".to_owned()],
        extra_body: Some(r#"{"store":true,"metadata":{"a":1.0}}"#.to_owned()),
        ..Params::default()
    };
    full.tools = vec![Tool {
        name: "tide".to_owned(),
        description: "Tells the tide.".to_owned(),
        schema: r#"{"type":"object"}"#.to_owned(),
    }];
    let written = parts(&endpoint(), &full).expect("parts");
    assert_eq!(
        written.body,
        concat!(
            r#"{"model":"m","instructions":"Be brief.","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}],"#,
            r#""stream":true,"store":true,"include":["reasoning.encrypted_content"],"temperature":0.5,"max_output_tokens":9,"#,
            r#""reasoning":{"effort":"high","summary":"auto"},"text":{"format":{"type":"json_object"},"verbosity":"low"},"#,
            r#""tools":[{"type":"function","name":"tide","description":"Tells the tide.","parameters":{"type":"object"}}],"#,
            r#""metadata":{"a":1.0}}"#,
        )
    );
    assert_eq!(
        written.notes,
        [
            "the Responses API has no stop; lab/m was not told it",
            "the Responses API has no seed; lab/m was not told it"
        ]
    );
    let mut openai = endpoint();
    openai.quirks.openai = true;
    for (id, stateful) in [("openai/gpt-4o", false), ("openai/o3", true)] {
        assert_eq!(body_of(&openai, &asked(id)).contains("include"), stateful, "{id}");
    }
    let mut silent = endpoint();
    silent.quirks.summaries = false;
    assert!(body_of(&silent, &full).contains(r#""reasoning":{"effort":"high"}"#));
}

#[test]
fn items_keep_their_order_and_state_goes_to_its_maker() {
    let call = ToolCall {
        id: "call_1".to_owned(),
        name: Untrusted::from("tide"),
        arguments: Untrusted::from(r#"{"pier":"North"}"#),
    };
    let opaque = |model: &str, json: &str| Part::Opaque { model: model.to_owned(), json: json.to_owned() };
    let reasoning = r#"{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"eA=="}"#;
    let mut asked = asked("lab/m");
    Arc::make_mut(&mut asked.messages).push(Message {
        role: Role::Assistant,
        parts: vec![
            opaque("lab/m", reasoning),
            opaque("lab/other", reasoning),
            opaque("lab/m", r#"[{"type":"reasoning.text"}]"#),
            Part::Text("One ".to_owned()),
            Part::Text("moment.".to_owned()),
            Part::ToolCall(call),
        ],
    });
    let result = Part::ToolResult { call_id: "call_1".to_owned(), text: "high".to_owned() };
    Arc::make_mut(&mut asked.messages).push(Message { role: Role::Tool, parts: vec![result] });
    let body = body_of(&endpoint(), &asked);
    let expected = [
        reasoning,
        r#"{"role":"assistant","content":[{"type":"output_text","text":"One "},{"type":"output_text","text":"moment."}]}"#,
        r#"{"type":"function_call","call_id":"call_1","name":"tide","arguments":"{\"pier\":\"North\"}"}"#,
        r#"{"type":"function_call_output","call_id":"call_1","output":"high"}"#,
    ];
    assert!(body.contains(&format!(",{}],\"stream\"", expected.join(","))), "{body}");
}

#[test]
fn media_are_parts() {
    let media = |media_type: &str, name: Option<&str>, data| {
        Part::Media(Media { media_type: media_type.to_owned(), name: name.map(str::to_owned), data })
    };
    let mut asked = asked("lab/m");
    Arc::make_mut(&mut asked.messages)[0].parts.extend([
        media("image/png", Some("a.png"), MediaData::Base64("aGk=".into())),
        media("application/pdf", Some("b.pdf"), MediaData::Base64("aGk=".into())),
        media("application/pdf", None, MediaData::Url("https://example.org/c.pdf".to_owned())),
    ]);
    let body = body_of(&endpoint(), &asked);
    for part in [
        r#"{"type":"input_image","image_url":"data:image/png;base64,aGk="}"#,
        r#"{"type":"input_file","filename":"b.pdf","file_data":"data:application/pdf;base64,aGk="}"#,
        r#"{"type":"input_file","file_url":"https://example.org/c.pdf"}"#,
    ] {
        assert!(body.contains(part), "{part} is missing in {body}");
    }
}

fn read(body: &str) -> (Vec<StreamEvent>, Result<(), Fault>) {
    let mut decoder = decoder(&endpoint());
    let mut out = Vec::new();
    let result = decoder.push(body.as_bytes(), &mut out).and_then(|()| decoder.end(&mut out));
    (out, result)
}

#[test]
fn bodies_that_are_no_streams_are_read() {
    let whole = r#"{"id":"r","status":"completed","model":"m-1","output":[{"type":"message","content":[{"type":"output_text","text":"Hi."}]}],"usage":{"input_tokens":3,"output_tokens":2}}"#;
    let (events, result) = read(whole);
    assert!(result.is_ok());
    assert!(events.contains(&StreamEvent::Text(Untrusted::from("Hi."))), "{events:?}");
    assert_eq!(events.last(), Some(&StreamEvent::Finished(Finish::Stop)));
    let fault =
        read(r#"{"error":{"message":"No such model.","code":"model_not_found"}}"#).1.expect_err("an error");
    assert_eq!(fault.message.raw(), "No such model.");
    assert!(read("<html><title>Bad gateway</title>").1.is_err());
    let empty = "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n";
    assert!(read(empty).1.expect_err("empty").retryable);
}
