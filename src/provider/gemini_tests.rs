//! Requests to Gemini: only what is set, in its form, and parts that go back as they came.

use std::sync::Arc;

use super::*;
use crate::chat::{Media, MediaData, Message, Part, Role, Tool, ToolCall};
use crate::provider::openai::tests::{asked, endpoint};
use crate::text::Untrusted;

fn body_of(asked: &ChatRequest) -> String {
    request(&endpoint(), asked).expect("parts").body
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.to_owned(),
        name: Untrusted::from(name),
        arguments: Untrusted::from(arguments),
    })
}

fn result(id: &str, text: &str) -> Part {
    Part::ToolResult { call_id: id.to_owned(), text: text.to_owned() }
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts }
}

#[test]
fn only_what_is_set_is_sent() {
    let parts = request(&endpoint(), &asked("lab/gemini-2.5-flash")).expect("parts");
    assert_eq!(parts.body, r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#);
    assert_eq!(parts.path, "/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert_eq!((parts.auth, parts.notes.len()), (("x-goog-api-key", ""), 0));
    let mut full = asked("lab/gemini-2.5-flash");
    full.params = Params {
        temperature: Some(0.7),
        top_p: Some(0.5),
        top_k: Some(40),
        max_tokens: Some(5),
        stop: vec!["x".to_owned()],
        seed: Some(-1),
        frequency_penalty: Some(0.25),
        presence_penalty: Some(-0.5),
        effort: Some(Effort::Low),
        format: Some(Format::Json),
        verbosity: Some(Effort::High),
        ..Params::default()
    };
    let parts = request(&endpoint(), &full).expect("parts");
    assert!(
        parts.body.ends_with(
            r#""generationConfig":{"temperature":0.7,"topP":0.5,"topK":40,"maxOutputTokens":5,"stopSequences":["x"],"seed":-1,"presencePenalty":-0.5,"frequencyPenalty":0.25,"responseMimeType":"application/json","thinkingConfig":{"includeThoughts":true,"thinkingBudget":2048}}}"#
        ),
        "{}",
        parts.body
    );
    assert_eq!(parts.notes, ["Gemini has no verbosity: \"high\" was not sent."]);
}

#[test]
fn a_path_is_one_step_and_never_holds_a_query() {
    for (id, path) in [
        ("gemini-3-pro", "/models/gemini-3-pro"),
        ("models/gemini-3-pro", "/models/gemini-3-pro"),
        ("tunedModels/my-1", "/tunedModels/my-1"),
        ("a/../b?key=1#x", "/models/a%2F..%2Fb%3Fkey%3D1%23x"),
        ("models/../x y", "/models/..%2Fx%20y"),
        ("ü%", "/models/%C3%BC%25"),
    ] {
        assert_eq!(super::path(id), format!("{path}:streamGenerateContent?alt=sse"));
    }
}

#[test]
fn roles_take_turns_and_media_go_along() {
    let mut asked = asked("lab/gemini-3-pro");
    let media = |data| {
        Part::Media(Media { media_type: "image/png".to_owned(), name: Some("a.png".to_owned()), data })
    };
    asked.messages = Arc::new(vec![
        Message::text(Role::System, "Be brief."),
        Message::text(Role::User, "one"),
        message(Role::User, vec![media(MediaData::Base64(Arc::from("QUJD")))]),
        Message::text(Role::Assistant, "yes"),
        message(Role::User, vec![media(MediaData::Url("https://example.org/a.png".to_owned()))]),
    ]);
    assert_eq!(
        body_of(&asked),
        r#"{"contents":[{"role":"user","parts":[{"text":"one"},{"inlineData":{"mimeType":"image/png","data":"QUJD"}}]},{"role":"model","parts":[{"text":"yes"}]},{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://example.org/a.png"}}]}],"systemInstruction":{"parts":[{"text":"Be brief."}]}}"#
    );
}

#[test]
fn tools_and_formats_are_schemas_as_they_are_written() {
    let mut asked = asked("lab/gemini-3-pro");
    let schema = r#"{"type":"object","additionalProperties":false,"minimum":1.50}"#;
    asked.tools =
        vec![Tool { name: "tide_at".to_owned(), description: "Tides".to_owned(), schema: schema.to_owned() }];
    asked.params.format = Some(Format::Schema(schema.to_owned()));
    let body = body_of(&asked);
    let tools = format!(
        r#""tools":[{{"functionDeclarations":[{{"name":"tide_at","description":"Tides","parametersJsonSchema":{schema}}}]}}]"#
    );
    assert!(body.contains(&tools), "{body}");
    let format = format!(r#"{{"responseMimeType":"application/json","responseJsonSchema":{schema}}}"#);
    assert!(body.contains(&format), "{body}");
    asked.tools[0].schema = "{".to_owned();
    let fault = request(&endpoint(), &asked).expect_err("no JSON");
    assert!(fault.unsent && fault.message.raw().contains("tide_at"), "{fault:?}");
}

/// A turn with two calls whose results came in the other order.
fn with_calls(model: &str, state: Option<(&str, &str)>) -> ChatRequest {
    let mut asked = asked(model);
    let mut parts: Vec<Part> = state
        .map(|(model, json)| Part::Opaque { model: model.to_owned(), json: json.to_owned() })
        .into_iter()
        .collect();
    parts.push(Part::Text("Looking.".to_owned()));
    parts.push(call("fc-1", "tide_at", r#"{"pier":"North","depth":1.50}"#));
    parts.push(call("salon-call-2", "now", "{}"));
    Arc::make_mut(&mut asked.messages).push(message(Role::Assistant, parts));
    Arc::make_mut(&mut asked.messages).push(message(Role::Tool, vec![result("salon-call-2", "noon")]));
    Arc::make_mut(&mut asked.messages).push(message(Role::Tool, vec![result("fc-1", "high")]));
    Arc::make_mut(&mut asked.messages).push(Message::text(Role::User, "and now?"));
    asked
}

const STATE: &str = r#"[{"text":"Looking."},{"functionCall": {"id":"fc-1","name":"tide_at","args":{"depth":1.50}},"thoughtSignature":"QQ=="},{"functionCall":{"name":"now"}}]"#;
const ANSWERS: &str = r#"{"role":"user","parts":[{"functionResponse":{"id":"fc-1","name":"tide_at","response":{"output":"high"}}},{"functionResponse":{"name":"now","response":{"output":"noon"}}}]},{"role":"user","parts":[{"text":"and now?"}]}]"#;

/// The whole turn goes back as it came, and the results follow in the order of the calls.
#[test]
fn the_same_model_gets_its_parts_back_unchanged() {
    for maker in ["lab/gemini-3-pro", "gemini-3-pro"] {
        let body = body_of(&with_calls("lab/gemini-3-pro", Some((maker, STATE))));
        assert!(body.contains(&format!(r#"{{"role":"model","parts":{STATE}}},{ANSWERS}"#)), "{body}");
    }
}

#[test]
fn another_model_gets_calls_without_their_signatures() {
    let written = |signature: &str| {
        format!(
            r#"{{"role":"model","parts":[{{"text":"Looking."}},{{"functionCall":{{"id":"fc-1","name":"tide_at","args":{{"pier":"North","depth":1.50}}}}{signature}}},{{"functionCall":{{"name":"now","args":{{}}}}}}]}},{ANSWERS}"#
        )
    };
    let sentinel = r#","thoughtSignature":"skip_thought_signature_validator""#;
    for (model, state, signature) in [
        ("lab/gemini-3-flash", Some(("lab/gemini-3-pro", STATE)), sentinel),
        ("lab/gemini-3-flash", None, sentinel),
        ("lab/gemini-3-flash", Some(("lab/gemini-3-flash", "no JSON")), sentinel),
        ("lab/gemini-2.5-flash", Some(("lab/gemini-3-pro", STATE)), ""),
    ] {
        let body = body_of(&with_calls(model, state));
        assert!(body.contains(&written(signature)), "{model}: {body}");
        assert!(!body.contains("QQ=="), "{model}");
    }
}

#[test]
fn calls_without_results_are_left_out() {
    let mut asked = with_calls("lab/gemini-3-pro", Some(("lab/gemini-3-pro", STATE)));
    Arc::make_mut(&mut asked.messages).retain(|message| message.role != Role::Tool);
    let body = body_of(&asked);
    assert!(!body.contains("functionCall") && !body.contains("functionResponse"), "{body}");
    assert!(body.contains(r#"{"role":"model","parts":[{"text":"Looking."}]}"#), "{body}");
    let text = r#"[{"text":"Looking."},{"text":"","thoughtSignature":"QQ=="}]"#;
    Arc::make_mut(&mut asked.messages)[1].parts = vec![
        Part::Opaque { model: "gemini-3-pro".to_owned(), json: text.to_owned() },
        call("x", "now", "{}"),
    ];
    assert!(body_of(&asked).contains(text), "a signed text without calls goes back");
}

#[test]
fn further_members_are_laid_over_the_config() {
    let mut endpoint = endpoint();
    endpoint.extra_body = Some(r#"{"safetySettings":[],"generationConfig":{"candidateCount":1}}"#.to_owned());
    let mut asked = asked("lab/gemini-3-pro");
    asked.params.temperature = Some(1.0);
    asked.params.extra_body = Some(r#"{"generationConfig":{"temperature":0.30}}"#.to_owned());
    assert!(
        request(&endpoint, &asked)
            .expect("parts")
            .body
            .ends_with(r#""generationConfig":{"temperature":0.30,"candidateCount":1},"safetySettings":[]}"#)
    );
}
