//! A model server for tests of the whole program: what the mock does on its socket, in the words of
//! a chat: a reply, an endless one, an error, another answer for each model.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mock::{Framing, Generator, Mock, Request, Responder, Step, events_head, head, response};
use crate::sandbox::Sandbox;

/// The key of the provider `lab`; nothing may ever show it.
pub const KEY: &str = "sk-CANARY-lab-0123456789";

/// A running server, the provider `lab` of its sandbox.
pub struct Lab {
    mock: Mock,
}

impl Lab {
    pub fn new(responder: Responder) -> Self {
        Self { mock: Mock::answering(responder) }
    }

    /// A sandbox whose provider `lab` is this server, with this added to its config. Its models are
    /// not asked for: requests that a test counts are those for replies.
    pub fn sandbox_with(&self, more: &str) -> Sandbox {
        Sandbox::new().variable("LAB_KEY", KEY).config(&format!(
            "[catalogue]\nrefresh = false\n[provider.lab]\ndialect = \"openai\"\nbase_url = \"{}/v1\"\napi_key = {{ env = \"LAB_KEY\" }}\n{more}",
            self.mock.url()
        ))
    }

    pub fn sandbox(&self) -> Sandbox {
        self.sandbox_with("")
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        self.mock.url()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.mock.seen().connections
    }

    /// All requests so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.mock.seen().requests
    }

    /// Whether the program closes every connection within that time.
    pub fn all_closed(&self, within: Duration) -> bool {
        self.closed(self.connections(), within)
    }

    /// Whether the program closes so many connections within that time.
    pub fn closed(&self, count: usize, within: Duration) -> bool {
        let start = Instant::now();
        while self.mock.seen().closed.len() < count {
            if start.elapsed() > within {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

/// The body of a request.
pub fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).expect("a JSON body")
}

/// One frame of a stream.
pub fn data(json: &Value) -> Vec<u8> {
    format!("data: {json}\n\n").into_bytes()
}

/// A frame with this text.
pub fn delta(text: &str) -> Vec<u8> {
    data(&json!({ "id": "c1", "model": "mock", "choices": [{ "index": 0, "delta": { "content": text } }] }))
}

/// The frames that end a reply well, with its tokens.
pub fn ending(input: u64, output: u64) -> Vec<u8> {
    let mut out =
        data(&json!({ "id": "c1", "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }));
    out.extend(data(&json!({ "id": "c1", "choices": [],
        "usage": { "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output } })));
    out.extend_from_slice(b"data: [DONE]\n\n");
    out
}

/// A stream of these frames, which ends with its connection.
pub fn stream(frames: Vec<Vec<u8>>) -> Vec<Step> {
    let mut steps = vec![Step::Send(events_head(Framing::Close, 0))];
    steps.extend(frames.into_iter().map(Step::Send));
    steps.push(Step::Fin);
    steps
}

/// The same for every request.
pub fn always(steps: Vec<Step>) -> Responder {
    Arc::new(move |_| steps.clone())
}

/// A complete reply of this text: 12 tokens in, 34 out.
pub fn text(text: &str) -> Responder {
    always(stream(vec![delta(text), ending(12, 34)]))
}

/// A complete reply with thinking before its text.
pub fn thinking(thought: &str, text: &str) -> Responder {
    let thought = data(&json!({ "choices": [{ "index": 0, "delta": { "reasoning_content": thought } }] }));
    always(stream(vec![thought, delta(text), ending(12, 34)]))
}

/// A complete reply that says it was served by this model.
pub fn served_as(model: &str, text: &str) -> Responder {
    let first = json!({ "id": model, "model": model, "provider": model,
        "choices": [{ "index": 0, "delta": { "content": text } }] });
    always(stream(vec![data(&first), ending(12, 34)]))
}

/// A reply that ends without its end mark.
pub fn cut(text: &str) -> Responder {
    always(stream(vec![delta(text)]))
}

/// An error in the stream after some text.
pub fn error_after(text: &str, message: &str) -> Responder {
    let error = data(&json!({ "error": { "message": message, "code": 502 } }));
    always(stream(vec![delta(text), error]))
}

/// An HTTP error with this JSON body.
pub fn status(status: u16, body: &str) -> Responder {
    always(response(&format!("{status} Refused"), "application/json", body))
}

/// An HTTP answer with these headers and this JSON body.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Responder {
    let length = body.len().to_string();
    let mut all = vec![("content-type", "application/json"), ("content-length", length.as_str())];
    all.extend_from_slice(headers);
    let mut bytes = head(&format!("{status} Answer"), &all);
    bytes.extend_from_slice(body.as_bytes());
    always(vec![Step::Send(bytes), Step::Next])
}

/// A stream of these bytes, as they are; it ends with its connection.
pub fn bytes(body: impl Into<Vec<u8>>) -> Responder {
    always(stream(vec![body.into()]))
}

/// The frame of a finish reason, and `[DONE]`.
pub fn finished(reason: &str) -> Vec<u8> {
    let mut out =
        data(&json!({ "id": "c1", "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }));
    out.extend_from_slice(b"data: [DONE]\n\n");
    out
}

/// The head of a stream, and then nothing.
pub fn stall() -> Responder {
    always(vec![Step::Send(events_head(Framing::Close, 0)), Step::Stall])
}

fn ticks(pause: Duration, frame: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> Responder {
    let frames = Step::Ticks(pause, Generator(Arc::new(frame)));
    always(vec![Step::Send(events_head(Framing::Close, 0)), frames])
}

/// The same word for ever.
pub fn endless(word: &str) -> Responder {
    let frame = delta(&format!("{word} "));
    ticks(Duration::from_millis(5), move |_| frame.clone())
}

/// `n00001 n00002 …` for ever.
pub fn numbered() -> Responder {
    ticks(Duration::from_millis(2), |n| delta(&format!("n{:05} ", n + 1)))
}

/// Answers with how many messages it was sent: `3 messages`.
pub fn count_messages() -> Responder {
    Arc::new(|request| {
        let count = body(request)["messages"].as_array().map_or(0, Vec::len);
        stream(vec![delta(&format!("{count} messages")), ending(1, 2)])
    })
}

/// Another answer for each model.
pub fn by_model(rows: Vec<(&'static str, Responder)>) -> Responder {
    Arc::new(move |request| {
        let model = body(request)["model"].as_str().unwrap_or_default().to_owned();
        let row = rows.iter().find(|(name, _)| *name == model);
        row.map_or_else(Vec::new, |(_, responder)| responder(request))
    })
}

/// The first request gets the first answer, the next the second; the last one serves the rest.
pub fn in_turn(answers: Vec<Responder>) -> Responder {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Arc::new(move |request| {
        let at = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst).min(answers.len() - 1);
        answers[at](request)
    })
}
