//! The decoder where no recording goes: servers that leave things out, and hostile ones.

use super::*;
use crate::chat::FaultClass;
use crate::provider::Decoder;
use crate::provider::Pulse;
use crate::provider::error::Party;
use crate::provider::stream::Reader;

const START: &str = r#"{"type":"message_start","message":{"id":"m","model":"k","usage":{"input_tokens":3,"output_tokens":1}}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn stream(events: &[&str]) -> String {
    events.iter().map(|data| format!("data: {data}\n\n")).collect()
}

fn decode(bytes: &[u8]) -> (Vec<StreamEvent>, Result<(), Fault>) {
    let mut decoder = Reader::new(Party::default(), Messages::default());
    let mut out = Vec::new();
    let result = decoder.push(bytes, &mut out).and_then(|()| decoder.end(&mut out));
    (out, result)
}

fn text_of(out: &[StreamEvent]) -> String {
    let text = |event: &StreamEvent| match event {
        StreamEvent::Text(text) => Some(text.raw().to_owned()),
        _ => None,
    };
    out.iter().filter_map(text).collect()
}

#[test]
fn what_is_left_out_is_guessed() {
    let table: &[(&[&str], &str, Finish)] = &[
        // No start of the block, no kind of the delta, no index, no reason.
        (&[START, r#"{"type":"content_block_delta","delta":{"text":"fog"}}"#, STOP], "fog", Finish::Unknown),
        // No beginning at all.
        (
            &[r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"fog"}}"#, STOP],
            "fog",
            Finish::Unknown,
        ),
        // Text in the start of its block.
        (
            &[START, r#"{"type":"content_block_start","content_block":{"type":"text","text":"fog"}}"#, STOP],
            "fog",
            Finish::Unknown,
        ),
        // A member of an unknown kind of delta is not text.
        (
            &[
                START,
                r#"{"type":"content_block_delta","delta":{"type":"new_delta","text":"no"}}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"stop_sequence"}}"#,
                STOP,
            ],
            "",
            Finish::Stop,
        ),
        (
            &[
                START,
                r#"{"type":"message_delta","delta":{"stop_reason":"model_context_window_exceeded"}}"#,
                STOP,
            ],
            "",
            Finish::Length,
        ),
        (
            &[START, r#"{"type":"message_delta","delta":{"stop_reason":"compaction"}}"#, STOP],
            "",
            Finish::Other(Untrusted::from("compaction")),
        ),
        (
            &[
                START,
                r#"{"type":"content_block_start","content_block":{"type":"tool_use","name":"n"}}"#,
                STOP,
            ],
            "",
            Finish::ToolCalls,
        ),
    ];
    for (events, text, finish) in table {
        let (out, result) = decode(stream(events).as_bytes());
        assert_eq!(result, Ok(()), "{events:?}");
        assert_eq!(text_of(&out), *text, "{events:?}");
        assert_eq!(out.last(), Some(&StreamEvent::Finished(finish.clone())), "{events:?}");
    }
}

#[test]
fn nothing_follows_the_end() {
    let more = r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"more"}}"#;
    let (out, _) = decode(stream(&[START, STOP, more]).as_bytes());
    assert_eq!(text_of(&out), "");
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let mut decoder = Reader::new(Party::default(), Messages::default());
    let mut out = Vec::new();
    let fault =
        decoder.push(stream(&[START, more, error, more]).as_bytes(), &mut out).expect_err("it failed");
    assert!(fault.retryable && fault.class == FaultClass::Provider && !fault.cut, "{fault:?}");
    assert!(decoder.push(stream(&[more]).as_bytes(), &mut out).is_ok());
    assert_eq!(text_of(&out), "more");
}

#[test]
fn answers_that_are_no_streams() {
    for (body, class, words) in [
        (
            r#"{"type":"error","error":{"type":"authentication_error","message":"no"}}"#,
            FaultClass::Auth,
            "no",
        ),
        ("<html><title>Sign in</title></html>", FaultClass::Protocol, "Sign in"),
        ("no such tenant", FaultClass::Protocol, "no such tenant"),
        ("", FaultClass::Network, "end mark"),
        ("event: message_start\n", FaultClass::Network, "end mark"),
    ] {
        let fault = decode(body.as_bytes()).1.expect_err(body);
        assert_eq!(fault.class, class, "{body}: {fault:?}");
        assert!(fault.message.raw().contains(words), "{body}: {fault:?}");
    }
}

#[test]
fn signs_of_life_are_no_payload() {
    let mut decoder = Reader::new(Party::default(), Messages::default());
    let mut out = Vec::new();
    let idle = [r#"{"type":"ping"}"#, r#"{"type":"news"}"#, r#"{"type":"content_block_stop","index":9}"#];
    decoder.push(stream(&idle).as_bytes(), &mut out).expect("no fault");
    decoder.push(b": comment\n\n", &mut out).expect("no fault");
    assert_eq!(decoder.pulse(), Pulse { payloads: 0, idles: 4 });
    assert_eq!(out, [StreamEvent::KeepAlive, StreamEvent::KeepAlive]);
    decoder.push(stream(&[START, START]).as_bytes(), &mut out).expect("no fault");
    assert_eq!(decoder.pulse(), Pulse { payloads: 1, idles: 5 }, "a repeated beginning brings nothing");
}
