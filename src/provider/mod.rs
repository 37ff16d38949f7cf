//! The outside world of models: one trait, one row per dialect.
//!
//! A dialect is two pure halves, so that it is tested by a folder of recorded frames: a request
//! becomes HTTP parts, and bytes become [`StreamEvent`]s. The driver between them is the only code
//! of the chat path that speaks HTTP.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;

use crate::chat::ChatRequest;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::StreamEvent;

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
}

/// A request as HTTP, without the key: the driver adds that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpParts {
    /// The path behind the base URL, with its leading slash.
    pub path: String,
    /// Headers of the dialect, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: String,
    /// The header that carries the key and what stands before the key in it (`Bearer `).
    pub auth: (&'static str, &'static str),
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
}

/// All providers of the configuration, by name, each made at first use.
pub type Providers = std::collections::HashMap<String, Arc<dyn Provider>>;
