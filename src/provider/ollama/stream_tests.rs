//! What the recordings do not show: tags in the text, state for the next request, and bodies that
//! are no streams.

use super::*;
use crate::chat::FaultClass;
use crate::provider::Decoder;
use crate::provider::Pulse;
use crate::provider::error::Party;
use crate::provider::stream::Reader;

fn read(body: &str, tools: bool) -> (Vec<StreamEvent>, Result<(), Fault>, Pulse) {
    let party = Party { name: "lab".to_owned(), key: None };
    let mut decoder = Reader::new(party, Ollama::new(Quirks::default(), tools));
    let mut out = Vec::new();
    let result = decoder.push(body.as_bytes(), &mut out).and_then(|()| decoder.end(&mut out));
    (out, result, decoder.pulse())
}

#[test]
fn every_reason_to_end_has_its_meaning() {
    for (members, expected) in [
        (r#""done":true,"done_reason":"stop""#, Some(Finish::Stop)),
        (r#""done":true,"done_reason":"length""#, Some(Finish::Length)),
        (r#""done":true,"done_reason":"load""#, Some(Finish::Other(Untrusted::from("load")))),
        (r#""done":true,"done_reason":"unload""#, Some(Finish::Other(Untrusted::from("unload")))),
        (r#""done":true"#, Some(Finish::Unknown)),
        (r#""done":false,"done_reason":"stop""#, None),
        (r#""done":"yes""#, None),
    ] {
        let body = format!(
            "{{\"message\":{{\"content\":\"a\"}}}}\n{{{members}}}\n{{\"message\":{{\"content\":\"b\"}}}}\n"
        );
        let (out, result, _) = read(&body, false);
        let finish = match out.last() {
            Some(StreamEvent::Finished(finish)) => Some(finish.clone()),
            _ => None,
        };
        assert_eq!(finish, expected, "{members}");
        assert_eq!(result.is_err_and(|fault| fault.cut), expected.is_none(), "{members}");
    }
}

/// Models without a template for it write their thinking into the text.
#[test]
fn tags_in_the_text_are_thinking() {
    let body = "{\"message\":{\"content\":\"<think>a</th\"}}\n{\"message\":{\"content\":\"ink>b\"},\"done\":true,\"done_reason\":\"stop\"}";
    let (out, result, pulse) = read(body, false);
    let expected = [
        StreamEvent::Thinking(Untrusted::from("a")),
        StreamEvent::Text(Untrusted::from("b")),
        StreamEvent::Finished(Finish::Stop),
    ];
    assert_eq!((out.as_slice(), result), (expected.as_slice(), Ok(())));
    assert_eq!(pulse, Pulse { payloads: 2, idles: 0 });
}

/// The thinking goes back with the results of the calls that it led to, and only then.
#[test]
fn thinking_is_kept_for_the_next_request_when_tools_are_called() {
    let call = r#"{"message":{"thinking":"Both.","tool_calls":[{"function":{"name":"now"}}]},"done":true,"done_reason":"stop"}"#;
    let none = r#"{"message":{"thinking":"Both.","content":"a"},"done":true,"done_reason":"stop"}"#;
    for (body, tools, kept) in [(call, true, true), (call, false, false), (none, true, false)] {
        let (out, ..) = read(body, tools);
        let state = out.iter().find_map(|event| match event {
            StreamEvent::Opaque(json) => thinking_of(json),
            _ => None,
        });
        assert_eq!(state.as_deref(), kept.then_some("Both."), "{body}");
    }
}

#[test]
fn bodies_that_are_no_streams_are_told() {
    let table = [
        ("<html><title>Sign in</title>", FaultClass::Protocol, "Sign in"),
        ("Ollama is running", FaultClass::Protocol, "Ollama is running"),
        ("", FaultClass::Protocol, "empty"),
        ("{\n\"error\": \"words\"\n}", FaultClass::Provider, "words"),
        ("{\"error\":\"words\"}", FaultClass::Provider, "words"),
        ("{\"error\":{\"message\":\"words\"}}\n", FaultClass::Provider, "words"),
    ];
    for (body, class, words) in table {
        let fault = read(body, false).1.expect_err(body);
        assert!(fault.class == class && fault.message.raw().contains(words), "{body}: {fault:?}");
        assert!(!fault.cut && !fault.hint.is_empty(), "{body}: {fault:?}");
    }
    for cut in ["{\"model\":\"m\",", "{", "{\"message\":{}}\n"] {
        assert!(read(cut, false).1.expect_err(cut).cut, "{cut}");
    }
}
