//! Sends what a dialect wrote and feeds what comes back to its decoder: the only HTTP of the chat
//! path. It owns the timers, the limits and the sentences about the network; it knows no schema.
//!
//! A request is fitted to its model before the dialect writes it: what the model is known not to
//! take is left out, and told once in a run of the program. It must not try again (the engine does),
//! follow a redirect, or read on after the end mark.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::stream;
use reqwest::Response;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout_at;

use crate::chat::ChatRequest;
use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Millis;
use crate::chat::Quirks;
use crate::chat::StreamEvent;
use crate::provider::CostAnswer;
use crate::provider::Decoder;
use crate::provider::EventStream;
use crate::provider::Http;
use crate::provider::HttpParts;
use crate::provider::Provider;
use crate::provider::advice::advised;
use crate::provider::error;
use crate::provider::exchange::{Exchange, Opened};
use crate::provider::generation;
use crate::provider::lessons;
use crate::provider::lessons::Lessons;
use crate::provider::trouble;
use crate::provider::watch::Watch;
use crate::text::Untrusted;

/// The two halves of a dialect, and what it learns from refusals.
pub(super) struct Halves {
    /// A request becomes HTTP.
    pub(super) request: fn(&Endpoint, &ChatRequest) -> Result<HttpParts, Fault>,
    /// Bytes become events.
    pub(super) decoder: fn(&Endpoint, &ChatRequest) -> Box<dyn Decoder>,
    /// What a refusal of the request, as it was sent with these quirks, teaches about its model:
    /// the sentence to tell, when the request written anew may be taken. Each lesson comes once.
    pub(super) learn: fn(&Fault, &ChatRequest, &Quirks, &mut Lessons) -> Option<String>,
}

/// The most text of a reply, thinking included.
const MOST_TEXT: usize = 8 * 1024 * 1024;
/// The most pieces of a stream.
const MOST_PIECES: u64 = 1_000_000;
/// So many bytes that are already there are read into one batch.
const MOST_OF_BATCH: usize = 256 * 1024;
/// So many of them are decoded at once: small frames become much larger events.
const MOST_OF_PUSH: usize = 16 * 1024;
/// A frame that is longer than this needs leave to be read on.
const LARGE: usize = 1024 * 1024;
/// How many pieces that are already there are read into one batch.
const MOST_AT_ONCE: usize = 64;

/// A provider over HTTP.
pub(super) struct Driver(Arc<Inner>);

struct Inner {
    exchange: Exchange,
    halves: &'static Halves,
    /// What is still to be told of a model, by its id.
    news: Mutex<Vec<(String, String)>>,
    /// What was told of a model: once in a run of the program is enough.
    told: Mutex<HashSet<(String, String)>>,
}

impl Driver {
    pub(super) fn new(endpoint: Endpoint, http: &Http, halves: &'static Halves) -> Self {
        let exchange = Exchange { endpoint, http: http.clone() };
        Self(Arc::new(Inner { exchange, halves, news: Mutex::default(), told: Mutex::default() }))
    }
}

impl Provider for Driver {
    fn stream(&self, request: ChatRequest) -> EventStream {
        let inner = Arc::clone(&self.0);
        Box::pin(stream::unfold(State::Asked(inner, Box::new(request)), step))
    }

    fn endpoint(&self) -> &Endpoint {
        &self.0.exchange.endpoint
    }

    fn true_cost(&self, id: &str) -> Option<CostAnswer> {
        if self.0.exchange.endpoint.dialect != Dialect::OpenRouter {
            return None;
        }
        let (inner, id) = (Arc::clone(&self.0), id.to_owned());
        Some(Box::pin(async move { generation::ask(&inner.exchange, &id).await }))
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
        // Apart, because what is awaited here is large and this is moved for every batch.
        State::Asked(inner, request) => match Box::pin(inner.ask(*request)).await {
            Ok(mut reader) => match reader.greeting() {
                Some(batch) => Some((Ok(batch), State::Reading(reader))),
                None => Some(reader.next().await),
            },
            Err(fault) => Some((Err(inner.exchange.redacted(fault)), State::Over)),
        },
        State::Reading(reader) => Some(reader.next().await),
        State::Failing(fault) => Some((Err(*fault), State::Over)),
        State::Over => None,
    }
}

impl Inner {
    /// Sends the request and waits for the head of the response.
    async fn ask(self: &Arc<Self>, mut request: ChatRequest) -> Result<Box<Reader>, Fault> {
        let mut endpoint = self.exchange.endpoint.clone();
        if let Some(way) = endpoint.models.get(&request.model.id) {
            if let Some(Err(error)) = way.missing.as_ref().map(|missing| missing.key()) {
                return Err(Fault::new(FaultClass::Auth, error.tried).hint(error.hint).unsent());
            }
            endpoint.headers.extend(way.headers.iter().cloned());
        }
        let known = self.exchange.http.lessons().of(&endpoint, &request.model.id).await;
        let mut notes = known.apply(&mut endpoint.quirks, &mut request);
        notes.extend(lessons::drop_unlisted(&mut request));
        notes.extend(lessons::clamp_effort(&mut request));
        let mut parts = (self.halves.request)(&endpoint, &request)?;
        notes.append(&mut parts.notes);
        let exchange = Exchange { endpoint: endpoint.clone(), http: self.exchange.http.clone() };
        let Opened { response, head, host } = match exchange.open(parts).await {
            Ok(opened) => opened,
            Err(fault) => {
                let fault = self.learn(fault, &request, &endpoint.quirks, known).await;
                return Err(advised(&endpoint, &request, fault));
            }
        };
        Ok(Box::new(Reader {
            decoder: (self.halves.decoder)(&endpoint, &request),
            watch: Watch::new(endpoint.timeouts, Instant::now()),
            inner: Arc::clone(self),
            host,
            notes: self.to_tell(&request.model.id, notes),
            generation: head.get("x-generation-id").map(Untrusted::from),
            hold: error::spent_for_ms(&head, Millis::now()),
            response,
            text: 0,
            leave: None,
        }))
    }

    /// A refusal may say what to leave out, so that the request is sent once more without it.
    async fn learn(
        &self,
        mut fault: Fault,
        sent: &ChatRequest,
        quirks: &Quirks,
        mut known: Lessons,
    ) -> Fault {
        let Some(sentence) = (self.halves.learn)(&fault, sent, quirks, &mut known) else { return fault };
        let id = &sent.model.id;
        self.exchange.http.lessons().add(&self.exchange.endpoint, id, known).await;
        fault.hint = format!("Ask again: {sentence}.");
        fault.retryable = true;
        fault.retry_after_ms = Some(0);
        if let Ok(mut news) = self.news.lock() {
            news.push((id.clone(), sentence));
        }
        fault
    }

    /// What was learnt of a model and how its request was changed, as far as it was not told yet.
    fn to_tell(&self, id: &str, mut notes: Vec<String>) -> Vec<String> {
        if let Ok(mut news) = self.news.lock() {
            let own = news.extract_if(.., |(model, _)| model == id).map(|(_, sentence)| sentence);
            notes.extend(own);
        }
        match self.told.lock() {
            Ok(mut told) => {
                notes.into_iter().filter(|note| told.insert((id.to_owned(), note.clone()))).collect()
            }
            Err(_) => notes,
        }
    }
}

/// A response that is being read.
struct Reader {
    inner: Arc<Inner>,
    response: Response,
    decoder: Box<dyn Decoder>,
    watch: Watch,
    host: String,
    notes: Vec<String>,
    generation: Option<Untrusted>,
    /// For how long the next request has to wait.
    hold: Option<u64>,
    /// Bytes of text so far.
    text: usize,
    /// The leave to hold a large frame.
    leave: Option<OwnedSemaphorePermit>,
}

/// How a body ended.
enum End {
    /// By the server, or after the end mark.
    Body,
    /// By a fault of the way.
    Trouble(Fault),
}

impl Reader {
    /// What is known before the body: how the request was changed, a limit that is used up, and the
    /// id to ask for the cost with, should nothing else come.
    fn greeting(&mut self) -> Option<Vec<StreamEvent>> {
        let mut batch: Vec<StreamEvent> = self.notes.drain(..).map(StreamEvent::Note).collect();
        batch.extend(self.hold.take().map(StreamEvent::Hold));
        if let Some(id) = self.generation.take() {
            let generation_id = Some(id);
            batch.push(StreamEvent::Started { served_model: None, upstream: None, generation_id });
        }
        (!batch.is_empty()).then_some(batch)
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
                        // What the provider itself said of its failure stays; where it said
                        // nothing that can be read, why it was cut is the better sentence.
                        (Err(fault), End::Trouble(_)) if told(&fault) => Some(fault),
                        (Err(_), End::Trouble(fault)) => Some(fault),
                    };
                    return self.finish(out, fault);
                }
                Err(fault) => return self.finish(out, Some(fault)),
            }
        }
    }

    fn finish(self: Box<Self>, out: Vec<StreamEvent>, fault: Option<Fault>) -> (Batch, State) {
        match fault.map(|fault| self.inner.exchange.redacted(fault)) {
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
                    self.inner.exchange.endpoint.timeouts,
                ))));
            }
        };
        let mut batch = 0;
        for left in (0..MOST_AT_ONCE).rev() {
            let bytes = match came {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(Some(End::Body)),
                Err(error) => return Ok(Some(End::Trouble(trouble::in_body(&error, &self.host)))),
            };
            for piece in bytes.chunks(MOST_OF_PUSH) {
                let before = out.len();
                self.decoder.push(piece, out)?;
                self.check(out.get(before..).unwrap_or_default())?;
                if self.decoder.is_over() {
                    return Ok(Some(End::Body));
                }
                // A sign of life takes more room here than on the way, and one says as much as many.
                if out.len() - before > MOST_AT_ONCE {
                    let alive = |event: &StreamEvent| matches!(event, StreamEvent::KeepAlive);
                    out.dedup_by(|next, last| alive(next) && alive(last));
                }
            }
            batch += bytes.len();
            drop(bytes);
            if left == 0 || batch > MOST_OF_BATCH {
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
        if self.decoder.held() <= LARGE {
            self.leave = None;
        } else if self.leave.is_none() {
            let began = Instant::now();
            self.leave = self.inner.exchange.http.leave_for_large().await;
            self.watch.rested(began.elapsed());
        }
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
        let mut fault = Fault::new(FaultClass::Protocol, format!("{} sent {what}.", self.host))
            .hint("Set max_tokens to bound replies.");
        fault.cut = true;
        Err(fault)
    }
}

/// Whether it is the provider that told of this failure.
fn told(fault: &Fault) -> bool {
    !fault.cut && fault.class != FaultClass::Protocol
}
