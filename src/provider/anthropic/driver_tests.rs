//! The dialect over real HTTP on loopback: what is sent, a whole reply, a cut, a failure inside of
//! a stream, and refusals.

use std::sync::Arc;

use futures_util::StreamExt;

use crate::chat::{ChatRequest, Dialect, Fault, FaultClass, Finish, KeyError, KeySource, Redactor, Secret};
use crate::chat::{StreamEvent, Tokens};
use crate::provider::driver_tests::mock::{Framing, Mock, Step, chunk, events, events_head, response};
use crate::provider::openai::tests::{asked, endpoint};
use crate::provider::{Http, Pace, connect};

struct Key;

impl KeySource for Key {
    fn key(&self) -> Result<Secret, KeyError> {
        Ok(Secret::new("sk-CANARY-0123456789"))
    }
    fn describe(&self) -> String {
        "the variable LAB_KEY".to_owned()
    }
}

fn recording(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

#[derive(Debug, Default)]
struct Outcome {
    text: String,
    notes: Vec<String>,
    tokens: Option<Tokens>,
    opaque: Option<String>,
    calls: usize,
    finish: Option<Finish>,
    fault: Option<Fault>,
}

async fn ask(mock: &Mock, request: ChatRequest) -> Outcome {
    let mut endpoint = endpoint();
    endpoint.dialect = Dialect::Anthropic;
    endpoint.base_url = format!("{}/v1", mock.url());
    endpoint.key = Some(Arc::new(Key));
    let provider = connect(endpoint, &Http::new(Redactor::default()), Pace::NONE);
    let mut stream = provider.stream(request);
    let mut outcome = Outcome::default();
    while let Some(batch) = stream.next().await {
        assert!(outcome.fault.is_none() && outcome.finish.is_none(), "nothing follows the end");
        match batch {
            Err(fault) => outcome.fault = Some(fault),
            Ok(events) => events.into_iter().for_each(|event| match event {
                StreamEvent::Text(text) => outcome.text.push_str(text.raw()),
                StreamEvent::Note(note) => outcome.notes.push(note),
                StreamEvent::Usage { tokens, .. } => outcome.tokens = Some(tokens),
                StreamEvent::Opaque(json) => outcome.opaque = Some(json),
                StreamEvent::ToolCall(_) => outcome.calls += 1,
                StreamEvent::Finished(finish) => outcome.finish = Some(finish),
                _ => {}
            }),
        }
    }
    outcome
}

#[tokio::test]
async fn a_whole_reply_over_every_framing() {
    let bytes = recording("anthropic-thinking-tool.sse");
    for framing in [Framing::Chunked, Framing::Length, Framing::Close] {
        let mock = Mock::always(events(framing, &bytes));
        let mut request = asked("lab/claude-opus-5");
        request.params.temperature = Some(0.5);
        let outcome = ask(&mock, request).await;
        assert_eq!((outcome.text.as_str(), outcome.finish), ("Checking.", Some(Finish::ToolCalls)));
        assert_eq!((outcome.calls, outcome.fault), (2, None));
        assert_eq!(outcome.notes, ["temperature was left out: claude-opus-5 takes none."]);
        assert_eq!(outcome.tokens.and_then(|tokens| tokens.output), Some(131));
        assert!(outcome.opaque.is_some_and(|json| json.contains("RXhhbXBsZVNpZw==")));
        let seen = mock.seen();
        let sent = &seen.requests[0];
        assert!(sent.head.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{}", sent.head);
        assert_eq!(sent.header("x-api-key"), Some("sk-CANARY-0123456789"));
        assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
        assert_eq!(sent.header("content-type"), Some("application/json"));
        assert_eq!(sent.header("authorization"), None);
        assert_eq!(
            sent.text(),
            r#"{"model":"claude-opus-5","max_tokens":128000,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"stream":true}"#
        );
    }
}

/// Safety R36: nothing but the end mark ends a reply well.
#[tokio::test]
async fn a_cut_is_told_and_keeps_its_text() {
    let bytes = recording("anthropic-text.sse");
    let end = bytes.windows(20).position(|window| window == b"event: message_stop\n").expect("the mark");
    for (at, last) in [
        (end, vec![Step::Fin]),
        (end, vec![Step::Sleep(std::time::Duration::from_millis(60)), Step::Rst]),
        (end - 40, vec![Step::Fin]),
    ] {
        let mut steps = vec![Step::Send(events_head(Framing::Chunked, 0)), Step::Send(chunk(&bytes[..at]))];
        steps.extend(last);
        let outcome = ask(&Mock::always(steps), asked("lab/m")).await;
        assert_eq!((outcome.text.as_str(), outcome.finish), ("Fog lifts by nine.", None));
        let fault = outcome.fault.expect("a fault");
        assert!(fault.cut && fault.class == FaultClass::Network, "{fault:?}");
        assert_eq!(outcome.opaque, None);
    }
}

#[tokio::test]
async fn a_failure_inside_of_a_stream() {
    let bytes = recording("anthropic-midstream-overloaded.sse");
    let outcome = ask(&Mock::always(events(Framing::Chunked, &bytes)), asked("lab/m")).await;
    let fault = outcome.fault.expect("a fault");
    assert_eq!((fault.class, fault.retryable, fault.cut), (FaultClass::Provider, true, false));
    assert_eq!((fault.message.raw(), outcome.text.as_str()), ("Overloaded", "The harbour master"));
    assert_eq!(outcome.tokens.and_then(|tokens| tokens.input), Some(25), "what was told of it is kept");
}

#[tokio::test]
async fn refusals_have_their_kind_and_say_no_key() {
    let body = |kind: &str, words: &str| {
        format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{words}"}},"request_id":"r"}}"#)
    };
    for (status, kind, class, retry) in [
        ("401 Unauthorized", "authentication_error", FaultClass::Auth, false),
        ("402 Payment Required", "billing_error", FaultClass::Credit, false),
        ("413 Too Large", "request_too_large", FaultClass::Context, false),
        ("529 Overloaded", "overloaded_error", FaultClass::Provider, true),
    ] {
        let answer = response(status, "application/json", &body(kind, "not sk-CANARY-0123456789"));
        let fault = ask(&Mock::always(answer), asked("lab/m")).await.fault.expect(kind);
        assert_eq!((fault.class, fault.retryable), (class, retry), "{kind}: {fault:?}");
        assert_eq!(fault.message.raw(), "not [redacted]");
    }
}
