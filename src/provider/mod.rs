//! The outside world of models: one trait, one row per dialect.
//!
//! A dialect is two pure halves, so that it is tested by a folder of recorded frames: a request
//! becomes HTTP parts, and bytes become [`StreamEvent`]s. The driver between them is the only code
//! of the chat path that speaks HTTP, and `http.rs` the only one that makes HTTP clients.
//!
//! A provider that speaks a known dialect is a row in `presets.toml`. A new dialect is its file, a
//! row in [`DIALECTS`] and its recordings.

mod account;
mod advice;
mod anthropic;
mod body;
mod calls;
pub mod catalogue;
mod chat_stream;
pub mod demo;
mod details;
mod driver;
mod error;
mod exchange;
mod extras;
mod family;
mod gemini;
mod generation;
mod http;
mod kept;
mod lessons;
mod local;
mod loopback;
mod members;
mod nested;
mod oauth;
mod ollama;
mod openai;
mod openrouter;
mod presets;
mod probe;
mod proxy;
mod responses;
mod stream;
mod think;
mod tokens;
mod trouble;
mod watch;
mod whole_calls;

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;

use crate::chat::ChatRequest;
use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::Pico;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::text::Untrusted;

use driver::Driver;
use driver::Halves;

pub use account::{Activity, ActivityRow, Credits, KeyFacts, activity, credits, key_facts};
pub use catalogue::ids as model_ids;
pub use demo::{Demo, Pace, models as demo_models};
pub use http::{Http, is_loopback};
pub use lessons::LessonBook;
pub use local::find_local;
pub use loopback::Loopback;
pub use oauth::{Pkce, exchange as code_for_key, page as login_page};
pub use presets::{Preset, presets};
pub use probe::{Answered, check_key};
pub use proxy::proxy_of;

/// What a stream gives: events in batches, one batch per piece of the response, never empty; at
/// most one fault, as the last item. Nothing follows `Finished` or a fault. Dropping the stream
/// closes the socket.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<Vec<StreamEvent>, Fault>> + Send>>;

/// Something that answers.
pub trait Provider: Send + Sync {
    /// Asks. Returns at once; the request leaves when the stream is first polled.
    fn stream(&self, request: ChatRequest) -> EventStream;

    /// The endpoint behind it: its name, limits and tariff.
    fn endpoint(&self) -> &Endpoint;

    /// Asks what a reply really cost, by the id that the provider gave it. `None`: this provider
    /// cannot be asked. Nothing leaves before the answer is polled.
    fn true_cost(&self, _id: &str) -> Option<CostAnswer> {
        None
    }
}

/// The answer to [`Provider::true_cost`]; nothing in it while the provider does not know yet.
pub type CostAnswer = Pin<Box<dyn Future<Output = Result<Option<TrueCost>, Fault>> + Send>>;

/// What a provider says afterwards of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueCost {
    /// All that was paid for it.
    pub cost: Pico,
    /// Its tokens, as far as told.
    pub tokens: Tokens,
    /// The model that really served.
    pub served_model: Option<Untrusted>,
    /// The provider behind the provider.
    pub upstream: Option<Untrusted>,
    /// The service tier that served, in the provider's word.
    pub tier: Option<String>,
    /// The provider's own object, as JSON text.
    pub raw: String,
}

/// A request as HTTP, without the key: the driver adds that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpParts {
    /// The path behind the base URL, with its leading slash.
    pub path: String,
    /// Headers of the dialect, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body; empty for a request that only asks.
    pub body: String,
    /// The header that carries the key and what stands before the key in it (`Bearer `).
    pub auth: (&'static str, &'static str),
    /// What a person should know about how it was written: a parameter that was left out or changed.
    pub notes: Vec<String>,
}

/// How much a decoder has seen, for the timers of the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Pieces that brought something: text, a fragment of a call, tokens, an end.
    pub payloads: u64,
    /// Pieces that brought nothing: comments, pings, empty deltas.
    pub idles: u64,
}

/// The pure half of a dialect that reads a response. `push` takes any split of the body's bytes.
pub trait Decoder: Send {
    /// Reads the next bytes and adds what they say to `out`.
    ///
    /// # Errors
    /// When the stream says that it failed, or says nothing that can be read; nothing follows.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault>;

    /// The body has ended. Adds `Finished` when the protocol's own end mark was there.
    ///
    /// # Errors
    /// When it was not: the reply was cut.
    fn end(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault>;

    /// Whether the end mark was seen, so that reading may stop.
    fn is_over(&self) -> bool;

    /// How much was seen so far.
    fn pulse(&self) -> Pulse;

    /// How many bytes are held until what they belong to is whole.
    fn held(&self) -> usize;
}

/// All providers of the configuration, by name, each made at first use.
pub type Providers = std::collections::HashMap<String, Arc<dyn Provider>>;

/// A dialect, and its two halves.
pub struct DialectRow {
    /// Which.
    pub dialect: Dialect,
    /// How it is written and read; `None` where nothing travels.
    halves: Option<&'static Halves>,
}

/// The dialects, a row each.
pub const DIALECTS: &[DialectRow] = &[
    // The offline models of the program itself.
    DialectRow { dialect: Dialect::Demo, halves: None },
    // OpenRouter: one key for hundreds of models, and the true cost in every reply.
    DialectRow { dialect: Dialect::OpenRouter, halves: Some(&openrouter::HALVES) },
    // OpenAI's two formats: OpenAI itself and most other servers.
    DialectRow { dialect: Dialect::OpenAi, halves: Some(&openai::HALVES) },
    // Anthropic's Messages: Anthropic itself and servers that copy its format.
    DialectRow { dialect: Dialect::Anthropic, halves: Some(&anthropic::HALVES) },
    // Google's own format: thinking with its signatures, and all parts of a reply.
    DialectRow { dialect: Dialect::Gemini, halves: Some(&gemini::HALVES) },
    // Ollama's own format: the only one in which a history that is too long is told.
    DialectRow { dialect: Dialect::Ollama, halves: Some(&ollama::HALVES) },
];

fn halves(dialect: Dialect) -> Option<&'static Halves> {
    DIALECTS.iter().find(|row| row.dialect == dialect).and_then(|row| row.halves)
}

/// The provider behind an endpoint; `pace` is how fast the demo models speak. Nothing is asked or
/// opened before its first stream is polled.
#[must_use]
pub fn connect(endpoint: Endpoint, http: &Http, pace: Pace) -> Arc<dyn Provider> {
    match halves(endpoint.dialect) {
        Some(halves) => Arc::new(Driver::new(endpoint, http, halves)),
        None => Arc::new(Demo::new(endpoint, pace)),
    }
}

/// The reader of an endpoint's streams alone, without a connection. The demo reads OpenAI's.
#[cfg(feature = "internals")]
#[must_use]
pub fn decoder(endpoint: &Endpoint, asked: &ChatRequest) -> Box<dyn Decoder> {
    (halves(endpoint.dialect).unwrap_or(&openai::HALVES).decoder)(endpoint, asked)
}

#[cfg(test)]
pub(crate) mod driver_tests;
#[cfg(test)]
mod fixtures_tests;
#[cfg(test)]
mod golden_native_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod request_table_tests;
