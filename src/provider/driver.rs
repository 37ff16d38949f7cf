//! Sends what a dialect wrote and feeds what comes back to its decoder: the only HTTP of the chat
//! path. It owns the timers, the limits and the sentences about the network; it knows no schema.
//!
//! It must not try again (the engine does), follow a redirect, or read on after the end mark.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::stream;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, Url};
use tokio::time::{timeout, timeout_at};

use crate::chat::ChatRequest;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Millis;
use crate::chat::Quirks;
use crate::chat::Redactor;
use crate::chat::Secret;
use crate::chat::StreamEvent;
use crate::provider::Decoder;
use crate::provider::EventStream;
use crate::provider::Http;
use crate::provider::HttpParts;
use crate::provider::Provider;
use crate::provider::error;
use crate::provider::error::{Head, Party};
use crate::provider::http;
use crate::provider::trouble;
use crate::provider::watch::Watch;
use crate::text::Untrusted;

/// The two halves of a dialect, and what it learns from refusals.
pub(super) struct Halves {
    /// A request becomes HTTP.
    pub(super) request: fn(&Endpoint, &ChatRequest) -> Result<HttpParts, Fault>,
    /// Bytes become events.
    pub(super) decoder: fn(&Endpoint) -> Box<dyn Decoder>,
    /// A refusal becomes a quirk; whether the request, written anew, may be taken.
    pub(super) learn: fn(&Fault, &mut Quirks) -> bool,
}

/// The most bytes of headers (safety R40).
const MOST_HEADER_BYTES: usize = 64 * 1024;
/// The most text of a reply, thinking included.
const MOST_TEXT: usize = 8 * 1024 * 1024;
/// The most pieces of a stream.
const MOST_PIECES: u64 = 1_000_000;
/// How many pieces that are already there are read into one batch.
const MOST_AT_ONCE: usize = 64;

/// A provider over HTTP.
pub(super) struct Driver(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    http: Http,
    halves: &'static Halves,
    /// The key, asked for once; asked for again when the provider refuses it.
    key: Mutex<Option<Secret>>,
    /// Departures that the server's refusals taught.
    quirks: Mutex<Quirks>,
}

impl Driver {
    pub(super) fn new(endpoint: Endpoint, http: &Http, halves: &'static Halves) -> Self {
        let quirks = Mutex::new(endpoint.quirks);
        Self(Arc::new(Inner { endpoint, http: http.clone(), halves, key: Mutex::new(None), quirks }))
    }
}

impl Provider for Driver {
    fn stream(&self, request: ChatRequest) -> EventStream {
        let inner = Arc::clone(&self.0);
        Box::pin(stream::unfold(State::Asked(inner, Box::new(request)), step))
    }

    fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }
}

/// Where a stream stands between two batches.
enum State {
    Asked(Arc<Inner>, Box<ChatRequest>),
    Reading(Box<Reader>),
    /// A fault that follows the batch that was just given.
    Failing(Box<Fault>),
    Over,
}

type Batch = Result<Vec<StreamEvent>, Fault>;

async fn step(state: State) -> Option<(Batch, State)> {
    match state {
        State::Asked(inner, request) => match inner.ask(&request).await {
            Ok(mut reader) => match reader.greeting() {
                Some(batch) => Some((Ok(batch), State::Reading(reader))),
                None => Some(reader.next().await),
            },
            Err(fault) => Some((Err(inner.redacted(fault)), State::Over)),
        },
        State::Reading(reader) => Some(reader.next().await),
        State::Failing(fault) => Some((Err(*fault), State::Over)),
        State::Over => None,
    }
}

impl Inner {
    /// Sends the request and waits for the head of the response.
    async fn ask(self: &Arc<Self>, request: &ChatRequest) -> Result<Box<Reader>, Fault> {
        let mut endpoint = self.endpoint.clone();
        endpoint.quirks = self.quirks.lock().map_or(endpoint.quirks, |quirks| *quirks);
        let parts = (self.halves.request)(&endpoint, request)?;
        let url = http::address(&endpoint, &parts.path)?;
        let key = self.key().await?;
        let headers = self.headers(&parts, key.as_ref())?;
        let sent = self.send(&url, parts.body, headers).await?;
        let head = head_of(&sent);
        self.check(&url, &head)?;
        if head.status >= 300 {
            return Err(self.refusal(&head, sent).await);
        }
        Ok(Box::new(Reader {
            decoder: (self.halves.decoder)(&endpoint),
            watch: Watch::new(endpoint.timeouts, Instant::now()),
            inner: Arc::clone(self),
            host: http::host(&url),
            generation: head.get("x-generation-id").map(Untrusted::from),
            response: sent,
            text: 0,
        }))
    }

    /// The key, from its source: which may run a command or read a file, so not on this thread.
    async fn key(&self) -> Result<Option<Secret>, Fault> {
        let Some(source) = self.endpoint.key.clone() else { return Ok(None) };
        if let Some(key) = self.key.lock().ok().and_then(|key| key.clone()) {
            return Ok(Some(key));
        }
        let name = &self.endpoint.name;
        let asked = tokio::task::spawn_blocking(move || source.key()).await;
        let key = asked
            .map_err(|_| {
                Fault::new(FaultClass::Internal, format!("Asking for the key of {name} failed.")).unsent()
            })?
            .map_err(|error| {
                let words = format!("There is no key for {name}: {}.", error.tried.trim_end_matches('.'));
                Fault::new(FaultClass::Auth, words).hint(error.hint).unsent()
            })?;
        self.http.redactor().learn(&key);
        if let Ok(mut kept) = self.key.lock() {
            *kept = Some(key.clone());
        }
        Ok(Some(key))
    }

    fn headers(&self, parts: &HttpParts, key: Option<&Secret>) -> Result<HeaderMap, Fault> {
        let name = &self.endpoint.name;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in &parts.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        if let Some(key) = key {
            let (header, before) = parts.auth;
            let value = Secret::new(format!("{before}{}", key.expose()));
            http::add_secret(&mut headers, header, &value, &format!("the key of {name}"))?;
        }
        for (header, value) in &self.endpoint.headers {
            self.http.redactor().learn(value);
            http::add_secret(&mut headers, header, value, &format!("a header of {name} in the config"))?;
        }
        Ok(headers)
    }

    async fn send(&self, url: &Url, body: String, headers: HeaderMap) -> Result<Response, Fault> {
        let timeouts = self.endpoint.timeouts;
        let (http, for_client) = (self.http.clone(), url.clone());
        let client =
            tokio::task::spawn_blocking(move || http.client(&for_client, timeouts.connect))
                .await
                .map_err(|_| Fault::new(FaultClass::Internal, "Making an HTTP client failed.").unsent())??;
        let request = client.post(url.clone()).headers(headers).body(body).send();
        // Connecting has its own clock inside of the client.
        match timeout(timeouts.connect + timeouts.headers, request).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(trouble::before_head(&error, &http::host(url), timeouts.connect)),
            Err(_) => Err(trouble::no_head(&http::host(url), timeouts.headers)),
        }
    }

    /// Refuses what no decoder may see.
    fn check(&self, url: &Url, head: &Head) -> Result<(), Fault> {
        let protocol = |words: String| {
            let hint = "Check the base_url in the config, and what stands between salon and the provider.";
            Err(Fault::new(FaultClass::Protocol, words).hint(hint))
        };
        let size: usize = head.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let host = http::host(url);
        if size > MOST_HEADER_BYTES {
            return protocol(format!(
                "{host} sent {size} bytes of headers; at most {MOST_HEADER_BYTES} are read."
            ));
        }
        if (300..400).contains(&head.status) {
            let target = head.get("location").and_then(|to| url.join(to).ok());
            let target = target.map_or_else(|| "another address".to_owned(), |to| http::host(&to));
            let words = format!("{host} wants the request to go to {target}; redirects are not followed.");
            let hint = format!("If {target} is right, write it in base_url of {}.", self.endpoint.name);
            return Err(Fault { http_status: Some(head.status), ..Fault::new(FaultClass::Protocol, words) }
                .hint(hint));
        }
        match head.get("content-encoding") {
            None | Some("identity" | "") => Ok(()),
            Some(encoding) => {
                protocol(format!("{host} sent a body in the encoding {encoding}, which was not asked for."))
            }
        }
    }

    /// The fault behind a status that is none of success.
    async fn refusal(&self, head: &Head, mut response: Response) -> Fault {
        let mut body: Vec<u8> = Vec::new();
        let read = async {
            while let Ok(Some(bytes)) = response.chunk().await {
                let room = error::MOST_BODY.saturating_sub(body.len());
                body.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                if body.len() >= error::MOST_BODY {
                    break;
                }
            }
        };
        // What has come until then says enough.
        drop(timeout(self.endpoint.timeouts.connect, read).await);
        let party = Party::of(&self.endpoint);
        let mut fault = error::from_response(&party, head, &body, Millis::now());
        if head.status == 401
            && let Ok(mut key) = self.key.lock()
        {
            *key = None;
        }
        let learnt = self.quirks.lock().is_ok_and(|mut quirks| (self.halves.learn)(&fault, &mut quirks));
        if learnt {
            fault.retryable = true;
            fault.retry_after_ms = Some(0);
        }
        fault
    }

    fn redacted(&self, mut fault: Fault) -> Fault {
        let redactor: &Redactor = self.http.redactor();
        fault.message = Untrusted::from(redactor.redact(fault.message.raw()));
        fault
    }
}

fn head_of(response: &Response) -> Head {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Head {
        status: response.status().as_u16(),
        headers: response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
    }
}

/// A response that is being read.
struct Reader {
    inner: Arc<Inner>,
    response: Response,
    decoder: Box<dyn Decoder>,
    watch: Watch,
    host: String,
    generation: Option<Untrusted>,
    /// Bytes of text so far.
    text: usize,
}

/// How a body ended.
enum End {
    /// By the server, or after the end mark.
    Body,
    /// By a fault of the way.
    Trouble(Fault),
}

impl Reader {
    /// What the head already says: the id to ask for the cost with, should nothing else come.
    fn greeting(&mut self) -> Option<Vec<StreamEvent>> {
        let generation_id = Some(self.generation.take()?);
        Some(vec![StreamEvent::Started { served_model: None, upstream: None, generation_id }])
    }

    async fn next(mut self: Box<Self>) -> (Batch, State) {
        let mut out = Vec::new();
        loop {
            match self.read(&mut out).await {
                Ok(None) if out.is_empty() => {}
                Ok(None) => return (Ok(out), State::Reading(self)),
                Ok(Some(end)) => {
                    let ended = self.decoder.end(&mut out);
                    let fault = match (ended, end) {
                        (Ok(()), _) => None,
                        (Err(fault), End::Body) => Some(fault),
                        // Why it was cut is the better sentence.
                        (Err(_), End::Trouble(fault)) => Some(fault),
                    };
                    return self.finish(out, fault);
                }
                Err(fault) => return self.finish(out, Some(fault)),
            }
        }
    }

    fn finish(self: Box<Self>, out: Vec<StreamEvent>, fault: Option<Fault>) -> (Batch, State) {
        match fault.map(|fault| self.inner.redacted(fault)) {
            Some(fault) if out.is_empty() => (Err(fault), State::Over),
            Some(fault) => (Ok(out), State::Failing(Box::new(fault))),
            None => (Ok(out), State::Over),
        }
    }

    /// Waits for bytes and reads them with what else has come. `Some`: the body has ended.
    async fn read(&mut self, out: &mut Vec<StreamEvent>) -> Result<Option<End>, Fault> {
        let (deadline, silence) = self.watch.deadline();
        let mut came = match timeout_at(deadline.into(), self.response.chunk()).await {
            Ok(came) => came,
            Err(_) => {
                return Ok(Some(End::Trouble(trouble::silent(
                    &self.host,
                    silence,
                    self.inner.endpoint.timeouts,
                ))));
            }
        };
        for left in (0..MOST_AT_ONCE).rev() {
            let bytes = match came {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(Some(End::Body)),
                Err(error) => return Ok(Some(End::Trouble(trouble::in_body(&error, &self.host)))),
            };
            let before = out.len();
            self.decoder.push(&bytes, out)?;
            self.check(out.get(before..).unwrap_or_default())?;
            if self.decoder.is_over() {
                return Ok(Some(End::Body));
            }
            if left == 0 {
                break;
            }
            // Lets the connection's task run, which hands over one piece at a time: at thousands
            // of pieces a second they make one batch, and at a few nothing is delayed.
            tokio::task::yield_now().await;
            match self.response.chunk().now_or_never() {
                Some(next) => came = next,
                None => break,
            }
        }
        self.watch.bytes(self.decoder.pulse(), Instant::now());
        Ok(None)
    }

    fn check(&mut self, new: &[StreamEvent]) -> Result<(), Fault> {
        for event in new {
            if let StreamEvent::Text(text) | StreamEvent::Thinking(text) | StreamEvent::Part(text) = event {
                self.text += text.len();
            }
        }
        let pulse = self.decoder.pulse();
        let what = if self.text > MOST_TEXT {
            "more than 8 MiB of text"
        } else if pulse.payloads.saturating_add(pulse.idles) > MOST_PIECES {
            "more than a million pieces"
        } else {
            return Ok(());
        };
        let mut fault = Fault::new(
            FaultClass::Protocol,
            format!("{} sent {what}; the reply was ended there.", self.host),
        )
        .hint("What came until then is kept; set max_tokens to bound replies.");
        fault.cut = true;
        Err(fault)
    }
}
