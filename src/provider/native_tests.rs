//! Gemini's and Ollama's own formats over a real socket: what is sent, a whole reply,
//! and errors in all their places.

use super::*;
use crate::chat::{Effort, Tariff, Tokens};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

fn recording(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FOLDER}/{name}")).expect(name)
}

fn gemini(mock: &Mock) -> Endpoint {
    let base_url = format!("{}/v1beta", mock.url());
    Endpoint { dialect: Dialect::Gemini, base_url, ..at(mock) }
}

fn ollama(mock: &Mock) -> Endpoint {
    Endpoint { dialect: Dialect::Ollama, base_url: mock.url(), key: None, tariff: Tariff::Local, ..at(mock) }
}

/// The events of a stream, and its fault.
async fn events_of(endpoint: Endpoint, request: ChatRequest) -> (Vec<StreamEvent>, Option<Fault>) {
    let mut stream = provider(endpoint).stream(request);
    let (mut out, mut fault) = (Vec::new(), None);
    while let Some(batch) = stream.next().await {
        match batch {
            Ok(events) => out.extend(events),
            Err(found) => fault = Some(found),
        }
    }
    (out, fault)
}

fn tokens(events: &[StreamEvent]) -> Option<Tokens> {
    let of = |event: &StreamEvent| match event {
        StreamEvent::Usage { tokens, .. } => Some(*tokens),
        _ => None,
    };
    events.iter().rev().find_map(of)
}

#[tokio::test]
async fn gemini_is_asked_with_its_key_in_a_header() {
    for framing in [Framing::Chunked, Framing::Length, Framing::Close] {
        let mock = Mock::always(events(framing, &recording("gemini-thinking.sse")));
        let mut request = asked("lab/gemini-2.5-flash");
        request.params.verbosity = Some(Effort::Low);
        request.params.effort = Some(Effort::High);
        let (events, fault) = events_of(gemini(&mock), request).await;
        assert_eq!(fault, None);
        assert!(matches!(&events[0], StreamEvent::Note(note) if note.contains("verbosity")), "{events:?}");
        assert_eq!(events.last(), Some(&StreamEvent::Finished(Finish::Stop)));
        let tokens = tokens(&events).expect("tokens");
        assert_eq!((tokens.input, tokens.output, tokens.reasoning), (Some(21), Some(72), Some(64)));
        let seen = mock.seen();
        let request = &seen.requests[0];
        let line = "POST /v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse HTTP/1.1\r\n";
        assert!(request.head.starts_with(line), "{}", request.head);
        assert_eq!(request.header("x-goog-api-key"), Some(CANARY));
        assert!(request.header("authorization").is_none());
        assert_eq!(
            request.text(),
            r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingBudget":24576}}}"#
        );
    }
}

#[tokio::test]
async fn ollama_is_asked_not_to_cut_the_history() {
    for framing in [Framing::Chunked, Framing::Length, Framing::Close] {
        let mock = Mock::always(events(framing, &recording("ollama-thinking.ndjson")));
        let (events, fault) = events_of(ollama(&mock), asked("lab/quill-r2:8b")).await;
        assert_eq!(fault, None);
        assert_eq!(events.last(), Some(&StreamEvent::Finished(Finish::Stop)));
        let tokens = tokens(&events).expect("tokens");
        assert_eq!((tokens.input, tokens.output, tokens.reasoning), (Some(26), Some(41), None));
        let seen = mock.seen();
        let request = &seen.requests[0];
        assert!(request.head.starts_with("POST /api/chat HTTP/1.1\r\n"), "{}", request.head);
        assert!(request.header("authorization").is_none());
        assert_eq!(
            request.text(),
            r#"{"model":"quill-r2:8b","messages":[{"role":"user","content":"hi"}],"stream":true,"truncate":false,"shift":false}"#
        );
    }
}

#[tokio::test]
async fn errors_inside_of_a_stream_are_told() {
    let mock = Mock::always(events(Framing::Chunked, &recording("gemini-midstream-error.sse")));
    let outcome = ask(gemini(&mock)).await;
    let fault = outcome.fault.expect("a fault");
    assert_eq!(outcome.text, "The log for");
    assert_eq!((fault.class, fault.http_status, fault.retryable), (FaultClass::Provider, Some(503), true));
    let mock = Mock::always(events(Framing::Chunked, &recording("ollama-midstream-error.ndjson")));
    let outcome = ask(ollama(&mock)).await;
    let fault = outcome.fault.expect("a fault");
    assert_eq!(outcome.text, "The rope");
    assert_eq!(fault.message.raw(), "an error was encountered while running the model");
    assert!(!fault.hint.is_empty() && fault.class == FaultClass::Provider, "{fault:?}");
}

/// The recorded refusal as a response.
fn refusal(name: &str) -> Vec<Step> {
    let recording: serde_json::Value = serde_json::from_slice(&recording(name)).expect("JSON");
    let status = format!("{} Refused", recording["status"]);
    response(&status, "application/json", &recording["body"].to_string())
}

#[tokio::test]
async fn gemini_refusals_are_what_they_are() {
    let table = [
        ("http-gemini-400-key-invalid.json", FaultClass::Auth, false, None, "LAB_KEY"),
        ("http-gemini-400-array-body.json", FaultClass::Auth, false, None, "LAB_KEY"),
        ("http-gemini-429-retryinfo.json", FaultClass::Rate, true, Some(34_400), "Wait a moment"),
        ("http-gemini-429-per-day.json", FaultClass::Rate, false, Some(51_000), "tomorrow"),
        ("http-gemini-400-context.json", FaultClass::Context, false, None, "longer context"),
        ("http-gemini-404.json", FaultClass::NotFound, false, None, "the id"),
        ("http-gemini-503.json", FaultClass::Provider, true, None, "Ask again"),
    ];
    for (name, class, retryable, wait, hint) in table {
        let fault = fault_of(gemini(&Mock::always(refusal(name)))).await;
        assert_eq!((fault.class, fault.retryable, fault.retry_after_ms), (class, retryable, wait), "{name}");
        assert!(fault.hint.contains(hint), "{name}: {}", fault.hint);
    }
}

#[tokio::test]
async fn ollama_refusals_say_what_to_type() {
    let table = [
        ("http-ollama-404.json", FaultClass::NotFound, "`ollama pull m`", "'quill-r2:70b' not found"),
        ("http-ollama-401-cloud.json", FaultClass::Auth, "`ollama signin`", "sign in at https://ollama.com/"),
        ("http-ollama-400-context.json", FaultClass::Context, "options.num_ctx", "context length"),
        ("http-ollama-400-no-tools.json", FaultClass::BadRequest, "Leave the parameter out", "support tools"),
    ];
    for (name, class, hint, words) in table {
        let fault = fault_of(ollama(&Mock::always(refusal(name)))).await;
        assert_eq!((fault.class, fault.retryable), (class, false), "{name}");
        assert!(fault.hint.contains(hint), "{name}: {}", fault.hint);
        assert!(fault.message.raw().contains(words), "{name}: {fault:?}");
    }
}

#[tokio::test]
async fn an_ollama_that_does_not_run_says_how_to_start_it() {
    // Taken and given back: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let mut endpoint = endpoint();
    endpoint.dialect = Dialect::Ollama;
    endpoint.base_url = format!("http://{}", port.expect("a port"));
    let fault = fault_of(endpoint.clone()).await;
    assert!(fault.unsent && fault.class == FaultClass::Network, "{fault:?}");
    assert!(fault.hint.contains("`ollama serve`") && fault.hint.contains(&endpoint.base_url), "{fault:?}");
}
