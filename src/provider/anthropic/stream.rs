//! Reads the answer to a request for Messages. Bytes in, events out; no IO, no clock.
//!
//! What it holds: one frame, the text of one push, and the blocks of the reply, because they may
//! have to go back. What it must not do: end a reply well without `message_stop`, or let one odd
//! member end it.

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Finish;
use crate::chat::Millis;
use crate::chat::StreamEvent;
use crate::provider::Decoder;
use crate::provider::Pulse;
use crate::provider::anthropic::blocks::{Blocks, Grows};
use crate::provider::anthropic::sources::Sources;
use crate::provider::anthropic::usage;
use crate::provider::error;
use crate::provider::error::Party;
use crate::provider::stream;
use crate::provider::stream::{MOST_PREFACE, Mode, Pending};
use crate::provider::think::Kind;
use crate::text::Untrusted;
use crate::wire::CAP;
use crate::wire::anthropic::{BlockHead, Citation, Delta, Event, Message, StopDetails};
use crate::wire::sse::{Frame, Sse, Tail};
use serde_json::value::RawValue;

/// The decoder of one reply.
pub(super) struct Messages {
    party: Party,
    sse: Sse,
    mode: Mode,
    /// A body that is no stream, or the beginning of one in which no frame was seen.
    body: Vec<u8>,
    pending: Pending,
    /// Whether the model and the id were told.
    told: (bool, bool),
    /// The id of the reply that is being read.
    id: String,
    blocks: Blocks,
    sources: Sources,
    /// All usage so far, laid over each other.
    usage: String,
    finish: Option<Finish>,
    refusal: Option<String>,
    /// Whether anything of a reply came.
    any: bool,
    over: bool,
    odd_told: bool,
    pulse: Pulse,
}

impl Messages {
    /// A decoder for one answer of that party.
    pub(super) fn new(party: Party) -> Self {
        Self {
            party,
            sse: Sse::default(),
            mode: Mode::Unknown,
            body: Vec::new(),
            pending: Pending::default(),
            told: (false, false),
            id: String::new(),
            blocks: Blocks::default(),
            sources: Sources::default(),
            usage: String::new(),
            finish: None,
            refusal: None,
            any: false,
            over: false,
            odd_told: false,
            pulse: Pulse::default(),
        }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if self.mode == Mode::Unknown {
            self.mode = stream::mode_of(bytes);
        }
        if self.mode == Mode::Whole {
            self.body.extend_from_slice(bytes);
            return if self.body.len() > CAP { Err(stream::too_long()) } else { Ok(()) };
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
                Err(_) => break Err(stream::too_long()),
            }
        };
        self.sse = sse;
        result
    }

    fn frame(&mut self, frame: &Frame<'_>, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let Frame::Event { name, data } = frame else {
            self.alive(out);
            return Ok(());
        };
        let data = data.trim();
        if name == "error" {
            return Err(error::in_stream(&self.party, data));
        }
        let Ok(event) = serde_json::from_str::<Event<'_>>(data) else {
            self.tell_odd(data);
            self.pulse.idles += 1;
            return Ok(());
        };
        if crate::wire::is_odd(&event) {
            self.tell_odd(data);
        }
        let full = match event.kind.get().unwrap_or(name) {
            "content_block_delta" => self.delta(&event, out)?,
            "content_block_start" => self.block(&event, out)?,
            "content_block_stop" => {
                let shown = self.blocks.stop(index(&event));
                shown.is_some_and(|words| self.part(words, out))
            }
            "message_start" => self.message(&event, out),
            "message_delta" => {
                let ended = event
                    .delta
                    .get()
                    .is_some_and(|delta| self.ending(delta.stop_reason.get(), delta.stop_details.get()));
                self.count(event.usage.get(), out) || ended
            }
            "message_stop" => {
                self.over = true;
                true
            }
            "ping" => {
                self.alive(out);
                return Ok(());
            }
            "error" => return Err(error::in_stream(&self.party, data)),
            _ if event.error.get().is_some_and(stream::is_error) => {
                return Err(error::in_stream(&self.party, data));
            }
            _ => false,
        };
        let count = if full { &mut self.pulse.payloads } else { &mut self.pulse.idles };
        *count += 1;
        Ok(())
    }

    fn alive(&mut self, out: &mut Vec<StreamEvent>) {
        self.pulse.idles += 1;
        self.pending.flush(out);
        out.push(StreamEvent::KeepAlive);
    }

    /// A reply begins. Servers between may say so twice, or begin anew after a failure behind them.
    fn message(&mut self, event: &Event<'_>, out: &mut Vec<StreamEvent>) -> bool {
        let Some(message) = event.message.get() else { return false };
        let other = message.id.get().is_some_and(|id| !self.id.is_empty() && id != self.id);
        if other {
            self.begin_anew(out);
        }
        let full = other || !self.told.0;
        self.started(message, out);
        self.count_first(message.usage.get(), out);
        full
    }

    fn started(&mut self, message: &Message<'_>, out: &mut Vec<StreamEvent>) {
        if let Some(id) = message.id.get() {
            id.clone_into(&mut self.id);
        }
        let new = |told: &mut bool, text: Option<&str>| {
            let text = text.filter(|_| !*told)?;
            *told = true;
            Some(Untrusted::from(text))
        };
        let served_model = new(&mut self.told.0, message.model.get());
        let generation_id = new(&mut self.told.1, message.id.get());
        if served_model.is_some() || generation_id.is_some() {
            self.pending.flush(out);
            out.push(StreamEvent::Started { served_model, upstream: None, generation_id });
        }
    }

    /// What was said stays said; blocks, calls and counts are those of the new beginning.
    fn begin_anew(&mut self, out: &mut Vec<StreamEvent>) {
        if std::mem::take(&mut self.any) {
            self.part("[the provider began the reply anew]".to_owned(), out);
        }
        self.blocks.clear();
        self.usage.clear();
        self.sources = Sources::default();
        (self.finish, self.refusal) = (None, None);
    }

    /// A block begins; whether there was one.
    fn block(&mut self, event: &Event<'_>, out: &mut Vec<StreamEvent>) -> Result<bool, Fault> {
        let Some(raw) = event.content_block.get() else { return Ok(false) };
        self.open(index(event), raw, out)
    }

    fn open(&mut self, index: u64, raw: &str, out: &mut Vec<StreamEvent>) -> Result<bool, Fault> {
        let Ok(head) = serde_json::from_str::<BlockHead<'_>>(raw) else { return Ok(false) };
        let Some(kind) = head.kind.get() else { return Ok(false) };
        self.blocks.open(index, raw, kind)?;
        self.any |= kind != "text";
        match kind {
            "text" => self.say(index, Grows::Text, head.text.get(), out)?,
            "thinking" => self.say(index, Grows::Thinking, head.thinking.get(), out)?,
            _ => false,
        };
        for citation in head.citations.items() {
            self.sources.add(citation);
        }
        Ok(true)
    }

    /// Whether there was anything in it.
    fn delta(&mut self, event: &Event<'_>, out: &mut Vec<StreamEvent>) -> Result<bool, Fault> {
        let Some(delta) = event.delta.get() else { return Ok(false) };
        let at = index(event);
        // Without a kind, the members say what it is.
        let is = |kind: &str| delta.kind.get().is_none_or(|known| known == kind);
        let text = delta.text.get().filter(|_| is("text_delta"));
        let thinking = delta.thinking.get().filter(|_| is("thinking_delta"));
        let full = self.say(at, Grows::Text, text, out)? | self.say(at, Grows::Thinking, thinking, out)?;
        if full { Ok(true) } else { self.rare_delta(at, delta) }
    }

    fn rare_delta(&mut self, at: u64, delta: &Delta<'_>) -> Result<bool, Fault> {
        let is = |kind: &str| delta.kind.get().is_none_or(|known| known == kind);
        let mut full = false;
        if let Some(json) = delta.partial_json.get().filter(|_| is("input_json_delta")) {
            full = true;
            self.blocks.grow(at, Grows::Input, json)?;
        }
        if let Some(signature) = delta.signature.get().filter(|_| is("signature_delta")) {
            full = true;
            self.blocks.sign(at, signature)?;
        }
        if let Some(content) = delta.content.get().filter(|_| is("compaction_delta")) {
            full = true;
            self.blocks.grow(at, Grows::Content, content)?;
        }
        if let Some(raw) = delta.citation.get().filter(|_| is("citations_delta")) {
            if let Ok(citation) = serde_json::from_str::<Citation<'_>>(raw) {
                self.sources.add(&citation);
            }
            full = true;
            self.blocks.cite(at, raw)?;
        }
        Ok(full)
    }

    /// Tells text or thinking of a block, when there is any.
    fn say(
        &mut self,
        index: u64,
        what: Grows,
        text: Option<&str>,
        out: &mut Vec<StreamEvent>,
    ) -> Result<bool, Fault> {
        let Some(text) = text else { return Ok(false) };
        self.any = true;
        let kind = if what == Grows::Thinking { Kind::Thinking } else { Kind::Text };
        self.pending.add(kind, text, out);
        self.blocks.grow(index, what, text)?;
        Ok(true)
    }

    fn part(&mut self, words: String, out: &mut Vec<StreamEvent>) -> bool {
        self.pending.flush(out);
        out.push(StreamEvent::Part(Untrusted::from(words)));
        true
    }

    /// Why the reply ends; whether that is new.
    fn ending(&mut self, reason: Option<&str>, details: Option<&StopDetails<'_>>) -> bool {
        let Some(word) = reason else { return false };
        let finish = match word {
            "end_turn" | "stop_sequence" => Finish::Stop,
            "max_tokens" | "model_context_window_exceeded" => Finish::Length,
            "tool_use" => Finish::ToolCalls,
            "refusal" => Finish::Refusal,
            // `pause_turn` wants the conversation back as it is; `compaction` stopped after one.
            other => Finish::Other(Untrusted::from(other)),
        };
        if let Some(details) = details.filter(|_| finish == Finish::Refusal) {
            self.refusal = match (details.explanation.get(), details.category.get()) {
                (Some(why), Some(category)) => Some(format!("{why} ({category})")),
                (why, category) => why.or(category).map(str::to_owned),
            };
        }
        let new = self.finish.as_ref() != Some(&finish);
        self.finish = Some(finish);
        new
    }

    /// The usage with which a reply begins. Servers between that count at the end only begin with
    /// zeros, which say nothing.
    fn count_first(&mut self, raw: Option<&str>, out: &mut Vec<StreamEvent>) {
        let read = raw.and_then(usage::read);
        if read.is_some_and(|(tokens, _)| tokens.input_total().is_some()) {
            self.count(raw, out);
        }
    }

    /// Lays a usage over the earlier ones and tells it; whether there was anything new in it.
    fn count(&mut self, raw: Option<&str>, out: &mut Vec<StreamEvent>) -> bool {
        let merged = raw.and_then(|raw| usage::merged(&self.usage, raw));
        let Some(merged) = merged.filter(|merged| *merged != self.usage) else { return false };
        let Some((tokens, billing)) = usage::read(&merged).filter(|(tokens, _)| !tokens.is_empty()) else {
            return false;
        };
        self.usage.clone_from(&merged);
        self.pending.flush(out);
        out.push(StreamEvent::Usage { tokens, raw: merged, billing });
        true
    }

    /// The reply has ended, well or not: what was held back follows the text.
    fn let_go(&mut self, out: &mut Vec<StreamEvent>) {
        self.over = true;
        self.pending.flush(out);
        out.extend(self.refusal.take().map(|words| StreamEvent::Part(Untrusted::from(words))));
        out.extend(self.sources.take());
    }

    /// Whether the reply has ended well, when `done` says whether it was said that it ended.
    fn conclude(&mut self, done: bool, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let nothing = self.pulse == Pulse::default();
        self.let_go(out);
        if !done {
            let stream = !nothing || stream::may_be_events(&self.body);
            return Err(if stream { stream::cut() } else { error::no_stream(&self.party, &self.body) });
        }
        let kept = self.blocks.take(self.finish == Some(Finish::Length));
        let finish = match self.finish.take() {
            Some(Finish::Stop) | None if !kept.calls.is_empty() => Finish::ToolCalls,
            Some(finish) => finish,
            None if self.any => Finish::Unknown,
            None => {
                return Err(Fault::new(FaultClass::Provider, "The provider sent an empty reply.")
                    .hint("Ask again, or ask another model.")
                    .retryable());
            }
        };
        out.extend(kept.opaque.map(StreamEvent::Opaque));
        out.extend(kept.calls.into_iter().map(StreamEvent::ToolCall));
        out.push(StreamEvent::Finished(finish));
        Ok(())
    }

    /// A body that is no stream: an error, a whole reply, or a page.
    fn whole<'a>(&mut self, body: &'a [u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let message = serde_json::from_slice::<Message<'a>>(body).ok();
        let list = |message: &Message<'a>| -> Option<Vec<&'a RawValue>> {
            let list = message.content.get().and_then(|raw| serde_json::from_str(raw).ok());
            list.or_else(|| (message.kind.get() == Some("message")).then(Vec::new))
        };
        let blocks = message.as_ref().and_then(list);
        let (Some(message), Some(blocks)) = (message, blocks) else {
            let told = serde_json::from_slice::<&RawValue>(body)
                .is_ok_and(|json| json.get().starts_with(['{', '[', '"']));
            let short = body.get(..error::MOST_BODY).unwrap_or(body);
            return Err(if told {
                error::from_response(&self.party, &error::Head::default(), short, Millis(0))
            } else {
                error::no_stream(&self.party, short)
            });
        };
        self.started(&message, out);
        for (at, block) in (0..).zip(blocks) {
            self.open(at, block.get(), out)?;
            if let Some(words) = self.blocks.stop(at) {
                self.part(words, out);
            }
        }
        self.ending(message.stop_reason.get(), message.stop_details.get());
        self.count(message.usage.get(), out);
        self.conclude(true, out)
    }

    /// Says once in the log that something could not be read, with its beginning.
    fn tell_odd(&mut self, data: &str) {
        if !std::mem::replace(&mut self.odd_told, true) {
            let seen = Untrusted::from(data.chars().take(200).collect::<String>());
            tracing::warn!(provider = %self.party.name, "part of the stream has an unknown form: {}", seen.line());
        }
    }
}

impl Decoder for Messages {
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
            let body = std::mem::take(&mut self.body);
            let result = self.whole(&body, out);
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

/// Which block an event is about; the first when it does not say.
fn index(event: &Event<'_>) -> u64 {
    event.index.get().unwrap_or(0)
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
