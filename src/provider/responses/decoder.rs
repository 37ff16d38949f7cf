//! Reads an answer of the Responses API. Bytes in, events out; no IO, no clock. Pieces belong to
//! their item by its place in the output, because some proxies give it another id with every event.
//! A reply is whole only when the server says that it is completed or incomplete.

use std::collections::HashSet;

use crate::chat::Billing;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Finish;
use crate::chat::Millis;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::provider::Decoder;
use crate::provider::Pulse;
use crate::provider::calls::Calls;
use crate::provider::error;
use crate::provider::error::Party;
use crate::text::Untrusted;
use crate::wire::CAP;
use crate::wire::responses::{Event, OutputItem, Response, Source, Usage};
use crate::wire::sse::{Frame, Sse, Tail};

/// How much of a body that is no stream is kept for the sentence about it.
const MOST_PREFACE: usize = 2048;

/// The most sources that are told.
const MOST_SOURCES: usize = 256;

/// What kind of body it is, by its first byte that is no white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Unknown,
    Events,
    Whole,
}

/// The decoder of one reply.
pub(super) struct ResponsesDecoder {
    party: Party,
    sse: Sse,
    mode: Mode,
    /// A body that is no stream, or the beginning of one in which no frame was seen.
    body: Vec<u8>,
    started: bool,
    calls: Calls,
    /// Items and their parts of which pieces came, so that the whole that follows says nothing new.
    seen: HashSet<(u64, u64)>,
    /// The part of a summary that is being told.
    summary: Option<(u64, u64)>,
    sources: Vec<(String, String)>,
    refusal: String,
    finish: Option<Finish>,
    any: bool,
    over: bool,
    pulse: Pulse,
}

impl ResponsesDecoder {
    pub(super) fn new(party: Party) -> Self {
        Self {
            party,
            sse: Sse::default(),
            mode: Mode::Unknown,
            body: Vec::new(),
            started: false,
            calls: Calls::default(),
            seen: HashSet::new(),
            summary: None,
            sources: Vec::new(),
            refusal: String::new(),
            finish: None,
            any: false,
            over: false,
            pulse: Pulse::default(),
        }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if self.mode == Mode::Unknown {
            let first = bytes.iter().find(|b| !b.is_ascii_whitespace() && !b"\xEF\xBB\xBF".contains(b));
            self.mode = match first {
                None => Mode::Unknown,
                Some(b'{' | b'[' | b'<') => Mode::Whole,
                Some(_) => Mode::Events,
            };
        }
        if self.mode == Mode::Whole {
            self.body.extend_from_slice(bytes);
            return if self.body.len() > CAP { Err(too_long()) } else { Ok(()) };
        }
        if self.pulse == Pulse::default() {
            let room = MOST_PREFACE.saturating_sub(self.body.len());
            self.body.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        let mut input = bytes;
        // Taken out for the time of the push, because its frames borrow from it.
        let mut sse = std::mem::take(&mut self.sse);
        let result = loop {
            match sse.next(&mut input) {
                Ok(None) => break Ok(()),
                Ok(Some(frame)) => match self.frame(&frame, out) {
                    Ok(()) if !self.over => {}
                    other => break other,
                },
                Err(_) => break Err(too_long()),
            }
        };
        self.sse = sse;
        result
    }

    fn frame(&mut self, frame: &Frame<'_>, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let Frame::Event { name, data } = frame else {
            self.pulse.idles += 1;
            out.push(StreamEvent::KeepAlive);
            return Ok(());
        };
        let data = data.trim();
        let Ok(event) = serde_json::from_str::<Event<'_>>(data) else {
            self.pulse.idles += 1;
            if data.starts_with("[DONE]") {
                self.over = true;
            }
            return Ok(());
        };
        // The name of the event stands in the data too; some proxies leave out one of them.
        let kind = event.kind.get().unwrap_or(name);
        let before = out.len();
        self.event(kind, &event, data, out)?;
        let full = out.len() > before || self.over || kind.contains("delta") || kind.contains("item");
        let count = if full { &mut self.pulse.payloads } else { &mut self.pulse.idles };
        *count += 1;
        Ok(())
    }

    fn event(
        &mut self,
        kind: &str,
        event: &Event<'_>,
        data: &str,
        out: &mut Vec<StreamEvent>,
    ) -> Result<(), Fault> {
        let item = event.output_index.get().unwrap_or(0);
        let place = (item, event.content_index.get().unwrap_or(0));
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => {
                self.started(event.response.get(), out);
            }
            "response.output_text.delta" => self.text(place, event.delta.get(), true, out),
            "response.output_text.done" => self.text(place, event.text.get(), false, out),
            "response.refusal.delta" => self.refuse(place, event.delta.get(), true),
            "response.refusal.done" => self.refuse(place, event.refusal.get(), false),
            "response.output_text.annotation.added" => {
                event.annotation.get().into_iter().for_each(|source| self.source(source));
            }
            "response.reasoning_summary_text.delta" => {
                self.think((item, event.summary_index.get().unwrap_or(0)), event.delta.get(), out);
            }
            "response.reasoning_text.delta" => self.think(place, event.delta.get(), out),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.any = true;
                self.calls.add_at(item, event.delta.get().unwrap_or_default())?;
            }
            "response.function_call_arguments.done" => {
                self.calls.set_at(item, event.arguments.get().unwrap_or_default())?;
            }
            "response.custom_tool_call_input.done" => {
                self.calls.set_at(item, event.input.get().unwrap_or_default())?;
            }
            "response.output_item.added" => self.item(item, event, false, out)?,
            "response.output_item.done" => self.item(item, event, true, out)?,
            "response.completed" | "response.incomplete" | "response.failed" => {
                let none = Response::default();
                self.ended(kind, event.response.get().unwrap_or(&none), out)?;
            }
            "error" => return Err(error::in_stream(&self.party, data)),
            _ => {}
        }
        Ok(())
    }

    fn started(&mut self, response: Option<&Response<'_>>, out: &mut Vec<StreamEvent>) {
        let Some(response) = response.filter(|_| !self.started) else { return };
        let text = |text: Option<&str>| text.map(Untrusted::from);
        let (served_model, generation_id) = (text(response.model.get()), text(response.id.get()));
        if served_model.is_some() || generation_id.is_some() {
            self.started = true;
            out.push(StreamEvent::Started { served_model, upstream: None, generation_id });
        }
    }

    /// A piece of text; a whole one counts only where no piece came before it.
    fn text(&mut self, place: (u64, u64), text: Option<&str>, piece: bool, out: &mut Vec<StreamEvent>) {
        let Some(text) = text.filter(|_| self.is_new(place, piece)) else { return };
        self.any = true;
        out.push(StreamEvent::Text(Untrusted::from(text)));
    }

    fn refuse(&mut self, place: (u64, u64), text: Option<&str>, piece: bool) {
        let Some(text) = text.filter(|_| self.is_new(place, piece)) else { return };
        self.any = true;
        self.refusal.push_str(text);
    }

    fn is_new(&mut self, place: (u64, u64), piece: bool) -> bool {
        let first = self.seen.insert(place);
        first || piece
    }

    /// A piece of a summary. Its parts are paragraphs.
    fn think(&mut self, part: (u64, u64), text: Option<&str>, out: &mut Vec<StreamEvent>) {
        let Some(text) = text else { return };
        self.any = true;
        if self.summary.replace(part).is_some_and(|before| before != part) {
            out.push(StreamEvent::Thinking(Untrusted::from("\n\n")));
        }
        out.push(StreamEvent::Thinking(Untrusted::from(text)));
    }

    fn source(&mut self, source: &Source<'_>) {
        let Some(url) = source.url.get().or(source.filename.get()) else { return };
        if self.sources.len() < MOST_SOURCES && !self.sources.iter().any(|(known, _)| known == url) {
            self.sources.push((url.to_owned(), source.title.get().unwrap_or_default().to_owned()));
        }
    }

    fn item(
        &mut self,
        at: u64,
        event: &Event<'_>,
        done: bool,
        out: &mut Vec<StreamEvent>,
    ) -> Result<(), Fault> {
        let Some(raw) = event.item.get() else { return Ok(()) };
        let Ok(item) = serde_json::from_str::<OutputItem<'_>>(raw) else { return Ok(()) };
        self.take(at, &item, Some(raw).filter(|_| done), out)
    }

    /// An item of the output, as it begins or as it is whole, with its JSON text.
    fn take(
        &mut self,
        at: u64,
        item: &OutputItem<'_>,
        whole: Option<&str>,
        out: &mut Vec<StreamEvent>,
    ) -> Result<(), Fault> {
        let done = whole.is_some();
        match item.kind.get() {
            Some("function_call" | "custom_tool_call") => {
                self.any = true;
                self.calls.begin_at(at, item.call_id.get(), item.name.get());
                if let Some(whole) = item.arguments.get().or(item.input.get()).filter(|_| done) {
                    self.calls.set_at(at, whole)?;
                }
            }
            Some("message") if done => {
                for (part, no) in item.content.items().iter().zip(0..) {
                    self.text((at, no), part.text.get(), false, out);
                    self.refuse((at, no), part.refusal.get(), false);
                    part.annotations.items().iter().for_each(|source| self.source(source));
                }
            }
            // Without its encrypted state the server would look for it among what it kept: nothing.
            Some("reasoning") if done && item.encrypted_content.get().is_some() => {
                self.any = true;
                out.extend(
                    whole.filter(|json| !json.is_empty()).map(|json| StreamEvent::Opaque(json.to_owned())),
                );
            }
            Some("image_generation_call") if done => {
                if let Some(data) = item.result.get() {
                    self.any = true;
                    let format = item.output_format.get().unwrap_or("png");
                    let kib = (data.len() / 4 * 3).div_ceil(1024);
                    let words = format!("[image/{format}, {kib} kB]");
                    out.push(StreamEvent::Part(Untrusted::from(words)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn ended(
        &mut self,
        kind: &str,
        response: &Response<'_>,
        out: &mut Vec<StreamEvent>,
    ) -> Result<(), Fault> {
        self.started(Some(response), out);
        out.extend(response.usage.get().and_then(|raw| usage(raw, response.service_tier.get())));
        self.finish = Some(match kind {
            "response.failed" => {
                let told = response.error.get().unwrap_or("\"The model failed to reply.\"");
                return Err(error::in_stream(&self.party, told));
            }
            "response.completed" => Finish::Stop,
            _ => match response.incomplete_details.get().and_then(|details| details.reason.get()) {
                Some("max_output_tokens" | "max_tokens") => Finish::Length,
                Some("content_filter") => Finish::ContentFilter,
                Some(other) => Finish::Other(Untrusted::from(other)),
                None => Finish::Unknown,
            },
        });
        self.over = true;
        Ok(())
    }

    /// What follows the text: a refusal and the sources.
    fn let_go(&mut self, out: &mut Vec<StreamEvent>) {
        self.over = true;
        let refusal = std::mem::take(&mut self.refusal);
        let refusal = (!refusal.is_empty()).then_some(refusal);
        let sources = std::mem::take(&mut self.sources).into_iter().zip(1..).map(|((url, title), no)| {
            if title.is_empty() { format!("[{no}] {url}") } else { format!("[{no}] {title}: {url}") }
        });
        let parts = refusal.into_iter().chain(sources);
        out.extend(parts.map(|text| StreamEvent::Part(Untrusted::from(text))));
    }

    fn conclude(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let nothing = self.pulse == Pulse::default();
        self.let_go(out);
        let calls = self.calls.take();
        let finish = match self.finish.take() {
            Some(Finish::Stop) if !calls.is_empty() => Finish::ToolCalls,
            Some(Finish::Stop) if !self.any => {
                return Err(Fault::new(FaultClass::Provider, "The provider sent an empty reply.")
                    .hint("Ask again, or ask another model.")
                    .retryable());
            }
            Some(finish) => finish,
            None if nothing && !self.body.is_empty() && self.mode == Mode::Events => {
                return Err(if may_be_events(&self.body) {
                    cut()
                } else {
                    error::no_stream(&self.party, &self.body)
                });
            }
            None => return Err(cut()),
        };
        out.extend(calls.into_iter().map(StreamEvent::ToolCall));
        out.push(StreamEvent::Finished(finish));
        Ok(())
    }

    /// A body that is no stream: an error, a whole reply, or a page.
    fn whole(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let body = std::mem::take(&mut self.body);
        let text = String::from_utf8_lossy(&body);
        let short = body.get(..error::MOST_BODY).unwrap_or(&body);
        let response = serde_json::from_str::<Response<'_>>(&text).ok();
        match response.as_ref().and_then(|response| Some((response, response.status.get()?))) {
            Some((response, status)) => {
                for (item, at) in response.output.items().iter().zip(0..) {
                    // Its state has no text of its own here, and stays away.
                    self.take(at, item, Some(""), out)?;
                }
                self.ended(&format!("response.{status}"), response, out)?;
                self.conclude(out)
            }
            None if response.is_some() => {
                Err(error::from_response(&self.party, &error::Head::default(), short, Millis(0)))
            }
            None => Err(error::no_stream(&self.party, short)),
        }
    }
}

impl Decoder for ResponsesDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if self.over {
            return Ok(());
        }
        let result = self.read(bytes, out);
        if result.is_err() {
            self.let_go(out);
        }
        result
    }

    fn end(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if self.mode == Mode::Whole {
            return self.whole(out);
        }
        if !self.over {
            let mut sse = std::mem::take(&mut self.sse);
            if let Tail::Last(frame) = sse.end()
                && let Err(fault) = self.frame(&frame, out)
            {
                self.let_go(out);
                return Err(fault);
            }
        }
        self.conclude(out)
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn held(&self) -> usize {
        self.sse.held() + self.body.len()
    }

    fn pulse(&self) -> Pulse {
        self.pulse
    }
}

/// The tokens in disjoint kinds; the input includes what was read from and written to a cache.
fn usage(raw: &str, tier: Option<&str>) -> Option<StreamEvent> {
    let usage = serde_json::from_str::<Usage<'_>>(raw).ok()?;
    let details = usage.input_tokens_details.get();
    let cache_read = details.and_then(|details| details.cached_tokens.get());
    let cache_write = details.and_then(|details| details.cache_write_tokens.get());
    let cached = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
    let tokens = Tokens {
        input: usage.input_tokens.get().map(|input| input.saturating_sub(cached)),
        cache_read,
        cache_write,
        output: usage.output_tokens.get(),
        reasoning: usage.output_tokens_details.get().and_then(|details| details.reasoning_tokens.get()),
        ..Tokens::default()
    };
    let billing = Billing { tier: tier.map(str::to_owned), ..Billing::default() };
    (tokens != Tokens::default()).then(|| StreamEvent::Usage { tokens, raw: raw.to_owned(), billing })
}

fn may_be_events(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    let line = body.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let fields: [&[u8]; 6] = [b":", b"data:", b"event:", b"id:", b"retry:", b"error:"];
    fields.iter().any(|field| line.starts_with(field) || field.starts_with(line))
}

fn cut() -> Fault {
    Fault::cut("The reply was cut: the stream ended without its end mark.")
        .hint("The text so far is kept. Ask again for a whole reply.")
}

fn too_long() -> Fault {
    let mut fault =
        Fault::new(FaultClass::Protocol, "The stream has a line or an event of more than 16 MiB.")
            .hint("What came until then is kept. Check the base_url in the config.");
    fault.cut = true;
    fault
}
