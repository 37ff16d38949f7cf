//! Reads the answer to a chat completion, in the forms of OpenAI, OpenRouter and the many servers
//! that are nearly compatible. Bytes in, events out; no IO, no clock.
//!
//! What it holds: one frame, the text of one push, fragments of calls and opaque state. What it
//! must not do: end a reply well without the protocol's end mark, or let one odd member end it.

use crate::chat::Billing;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Finish;
use crate::chat::Quirks;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::provider::Decoder;
use crate::provider::Pulse;
use crate::provider::calls::Calls;
use crate::provider::details::Details;
use crate::provider::error;
use crate::provider::error::Party;
use crate::provider::stream::{MOST_PREFACE, Mode, Pending, cut, is_error, may_be_events, mode_of, too_long};
use crate::provider::think::{Kind, ThinkFilter};
use crate::provider::tokens;
use crate::text::Untrusted;
use crate::wire::CAP;
use crate::wire::openai::{Chunk, Content, Delta, Usage};
use crate::wire::sse::{Frame, Sse, Tail};

mod finish;
mod parts;

use finish::Ending;
use parts::Parts;

/// How a server's answers are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flavour {
    /// It is OpenRouter, whose cost is to be believed and whose opaque state goes back.
    pub(super) openrouter: bool,
    /// Where it departs from the letter.
    pub(super) quirks: Quirks,
}

/// Which of the facts about who serves were told.
#[derive(Debug, Default)]
struct Told {
    model: bool,
    upstream: bool,
    id: bool,
}

/// The decoder of one reply.
pub(super) struct ChatDecoder {
    party: Party,
    flavour: Flavour,
    sse: Sse,
    mode: Mode,
    /// A body that is no stream, or the beginning of one in which no frame was seen.
    body: Vec<u8>,
    pending: Pending,
    think: ThinkFilter,
    told: Told,
    calls: Calls,
    details: Details,
    parts: Parts,
    /// The tier that serves, when it was told.
    tier: Option<String>,
    /// Whether output tokens were counted.
    counted: bool,
    /// The last usage as it came, so that a repeat says nothing.
    usage: String,
    ending: Ending,
    /// Whether anything of a reply came.
    any: bool,
    over: bool,
    odd_told: bool,
    pulse: Pulse,
}

impl ChatDecoder {
    /// A decoder for one answer of that party.
    pub(super) fn new(party: Party, flavour: Flavour) -> Self {
        Self {
            party,
            flavour,
            sse: Sse::default(),
            mode: Mode::Unknown,
            body: Vec::new(),
            pending: Pending::default(),
            think: ThinkFilter::new(flavour.quirks.think_tags, flavour.quirks.implicit_think),
            told: Told::default(),
            calls: Calls::default(),
            details: Details::default(),
            parts: Parts::default(),
            tier: None,
            counted: false,
            usage: String::new(),
            ending: Ending::default(),
            any: false,
            over: false,
            odd_told: false,
            pulse: Pulse::default(),
        }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if self.mode == Mode::Unknown {
            self.mode = mode_of(bytes);
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
            self.pending.flush(out);
            out.push(StreamEvent::KeepAlive);
            return Ok(());
        };
        let data = data.trim();
        if data.starts_with("[DONE]") {
            self.pulse.payloads += 1;
            self.over = true;
            return Ok(());
        }
        if name == "error" {
            return Err(self.failure(data));
        }
        match serde_json::from_str::<Chunk<'_>>(data) {
            Ok(chunk) => self.chunk(&chunk, data, out),
            Err(_) => {
                self.pulse.idles += 1;
                self.tell_odd(data);
                Ok(())
            }
        }
    }

    fn chunk(&mut self, chunk: &Chunk<'_>, data: &str, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if crate::wire::is_odd(chunk) {
            self.tell_odd(data);
        }
        self.started(chunk, out);
        let mut full = false;
        let mut failed = None;
        for choice in chunk.choices.iter() {
            // A message beside deltas repeats them; alone it is the whole reply.
            let delta = choice.delta.get().or_else(|| choice.message.get().filter(|_| !self.any));
            if let Some(delta) = delta {
                full |= self.delta(delta, out)?;
            }
            if let Some(reason) = choice.finish_reason.get() {
                full |= self.ending.reason(reason);
            }
            failed = failed.or(choice.error.get());
        }
        if let Some(tier) = chunk.service_tier.get().filter(|tier| self.tier.as_deref() != Some(*tier)) {
            self.tier = Some(tier.to_owned());
        }
        full |= self.usage(chunk, out);
        self.parts.sources(chunk.citations);
        let flat = chunk.object.get() == Some("error")
            || (chunk.message.get().is_some() && chunk.id.get().is_none());
        if let Some(error) = chunk.error.get().filter(|error| is_error(error)).or(failed) {
            return Err(self.failure(error));
        }
        if flat && chunk.choices.iter().next().is_none() {
            return Err(self.failure(data));
        }
        if self.ending.is_failure() {
            return Err(self.failure(r#"{"message":"The provider ended the reply with an error."}"#));
        }
        let count = if full { &mut self.pulse.payloads } else { &mut self.pulse.idles };
        *count += 1;
        Ok(())
    }

    fn started(&mut self, chunk: &Chunk<'_>, out: &mut Vec<StreamEvent>) {
        let told = &mut self.told;
        if told.model && told.id && (told.upstream || chunk.provider.get().is_none()) {
            return;
        }
        let new = |told: &mut bool, text: Option<&str>| {
            let text = text.filter(|_| !*told)?;
            *told = true;
            Some(Untrusted::from(text))
        };
        let served_model = new(&mut told.model, chunk.model.get());
        let upstream = new(&mut told.upstream, chunk.provider.get());
        let generation_id = new(&mut told.id, chunk.id.get());
        if served_model.is_some() || upstream.is_some() || generation_id.is_some() {
            self.pending.flush(out);
            out.push(StreamEvent::Started { served_model, upstream, generation_id });
        }
    }

    /// Whether there was anything in it.
    fn delta(&mut self, delta: &Delta<'_>, out: &mut Vec<StreamEvent>) -> Result<bool, Fault> {
        let Self { pending, think, details, .. } = self;
        let mut full = false;
        let plain = [&delta.reasoning_content, &delta.reasoning, &delta.thinking]
            .into_iter()
            .find_map(|text| text.get());
        if let Some(thinking) = plain {
            full = true;
            pending.add(Kind::Thinking, thinking, out);
        }
        if let Some(json) = delta.reasoning_details.get().filter(|json| *json != "[]") {
            full = true;
            // The same text as the plain member, where there is one.
            details.push(json, &mut |kind, text| {
                if plain.is_none() {
                    pending.add(kind, text, out);
                }
            });
        }
        let mut tell = |kind: Kind, text: &str| pending.add(kind, text, out);
        full |= content(&delta.content, Kind::Text, 0, &mut |kind, text| match kind {
            Kind::Text => think.push(text, &mut tell),
            Kind::Thinking => tell(Kind::Thinking, text),
        });
        for piece in delta.tool_calls.items() {
            full = true;
            self.calls.push(piece)?;
        }
        if let Some(function) = delta.function_call.get() {
            full = true;
            self.calls.push_function(function)?;
        }
        if let Some(part) = self.parts.of_delta(delta) {
            full = true;
            self.pending.flush(out);
            out.extend(part);
        }
        self.any |= full;
        Ok(full)
    }

    fn usage(&mut self, chunk: &Chunk<'_>, out: &mut Vec<StreamEvent>) -> bool {
        let groq = || chunk.x_groq.get().and_then(|groq| groq.usage.get());
        let Some(raw) = chunk.usage.get().or_else(groq).filter(|raw| *raw != self.usage) else {
            return false;
        };
        let Ok(usage) = serde_json::from_str::<Usage<'_>>(raw) else { return false };
        let tokens = tokens::tokens(&usage);
        let cost =
            if self.flavour.openrouter { tokens::openrouter_cost(&usage) } else { tokens::tick_cost(&usage) };
        if tokens == Tokens::default() && cost.is_none() {
            return false;
        }
        raw.clone_into(&mut self.usage);
        self.counted |= tokens.output.is_some_and(|output| output > 0);
        let billing =
            Billing { tier: self.tier.clone(), apart: Vec::new(), guessed: tokens::is_guessed(&usage) };
        self.pending.flush(out);
        out.push(StreamEvent::Usage { tokens, raw: raw.to_owned(), billing });
        out.extend(cost.map(StreamEvent::Cost));
        true
    }

    /// The reply has ended, well or not: what was held back follows the text.
    fn let_go(&mut self, out: &mut Vec<StreamEvent>) {
        self.over = true;
        let Self { pending, think, .. } = self;
        think.finish(&mut |kind, text| pending.add(kind, text, out));
        self.pending.flush(out);
        out.extend(self.parts.take());
        if let Some(json) = self.details.take().filter(|_| self.flavour.openrouter) {
            out.push(StreamEvent::Opaque(json));
        }
    }

    /// Whether the reply has ended well, when `done` says whether the stream itself said that it ended.
    fn conclude(&mut self, done: bool, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let nothing = self.pulse == Pulse::default();
        self.let_go(out);
        let calls = self.calls.take();
        let finish = match self.ending.take(!calls.is_empty()) {
            // Nothing was said and nothing was counted: the provider gave up without a word.
            Some(Finish::Stop) if !self.any && !self.counted && calls.is_empty() => {
                return Err(empty());
            }
            Some(finish) => finish,
            None if done && !self.flavour.quirks.always_finishes => {
                if !self.any && calls.is_empty() {
                    return Err(empty());
                }
                if calls.is_empty() { Finish::Unknown } else { Finish::ToolCalls }
            }
            None if nothing && !may_be_events(&self.body) => {
                return Err(error::no_stream(&self.party, &self.body));
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
        let reply = serde_json::from_str::<Chunk<'_>>(&text).ok();
        let Some(reply) = reply.filter(|reply| reply.choices.iter().next().is_some()) else {
            let told =
                serde_json::from_slice::<serde_json::Value>(&body).is_ok_and(|value| !value.is_number());
            let short = body.get(..error::MOST_BODY).unwrap_or(&body);
            return Err(if told {
                error::from_response(&self.party, &error::Head::default(), short, crate::chat::Millis(0))
            } else {
                error::no_stream(&self.party, short)
            });
        };
        self.chunk(&reply, &text, out)?;
        self.conclude(true, out)
    }

    fn failure(&mut self, json: &str) -> Fault {
        error::in_stream(&self.party, json)
    }

    /// Says once in the log that something could not be read, with its beginning.
    fn tell_odd(&mut self, data: &str) {
        if !std::mem::replace(&mut self.odd_told, true) {
            let seen = Untrusted::from(data.chars().take(200).collect::<String>());
            tracing::warn!(provider = %self.party.name, "part of the stream has an unknown form: {}", seen.line());
        }
    }
}

impl Decoder for ChatDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if self.over {
            return Ok(());
        }
        let result = self.read(bytes, out);
        if result.is_err() {
            self.let_go(out);
        } else {
            self.pending.flush(out);
        }
        result
    }

    fn end(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if self.mode == Mode::Whole {
            let result = self.whole(out);
            if result.is_err() {
                self.let_go(out);
            }
            return result;
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
        self.conclude(self.over, out)
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

/// Tells the texts of a content; lists of parts may have lists of parts. Whether there was any.
fn content(content: &Content<'_>, kind: Kind, depth: u8, tell: &mut dyn FnMut(Kind, &str)) -> bool {
    match content {
        Content::Text(text) if !text.is_empty() => {
            tell(kind, text);
            true
        }
        Content::Parts(parts) if depth < 4 => {
            let mut any = false;
            for part in parts.items() {
                if let Some(text) = part.text.get() {
                    any = true;
                    tell(kind, text);
                }
                any |= self::content(&part.thinking, Kind::Thinking, depth + 1, tell);
            }
            any
        }
        _ => false,
    }
}

fn empty() -> Fault {
    Fault::new(FaultClass::Provider, "The provider sent an empty reply.")
        .hint("Ask again, or ask another model.")
        .retryable()
}
