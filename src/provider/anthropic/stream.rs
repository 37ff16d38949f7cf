//! Reads the answer to a request for Messages. Payloads in, events out; no IO, no clock.
//!
//! What it holds: the blocks of the reply, because they may have to go back. What it must not do:
//! end a reply well without `message_stop`, or let one odd member end it.

use serde_json::value::RawValue;

use crate::chat::Fault;
use crate::chat::Finish;
use crate::chat::StreamEvent;
use crate::provider::anthropic::blocks::{Blocks, Grows};
use crate::provider::anthropic::usage;
use crate::provider::extras::Sources;
use crate::provider::stream::{End, Format, Teller, is_error};
use crate::provider::think::Kind;
use crate::text::Untrusted;
use crate::wire::anthropic::{BlockHead, Citation, Delta, Event, Message, StopDetails};
use crate::wire::sse::Sse;

/// What is known of one reply.
#[derive(Default)]
pub(super) struct Messages {
    /// The id of the reply that is being read.
    id: String,
    blocks: Blocks,
    sources: Sources,
    /// All usage so far, laid over each other.
    usage: String,
    finish: Option<Finish>,
    refusal: Option<String>,
    /// The end mark was there.
    stopped: bool,
}

impl Messages {
    /// A reply begins. Servers between may say so twice, or begin anew after a failure behind them.
    fn message(&mut self, event: &Event<'_>, tell: &mut Teller<'_>) -> bool {
        let Some(message) = event.message.get() else { return false };
        let other = message.id.get().is_some_and(|id| !self.id.is_empty() && id != self.id);
        if other {
            self.begin_anew(tell);
        }
        let new = self.started(message, tell);
        self.count_first(message.usage.get(), tell);
        other || new
    }

    fn started(&mut self, message: &Message<'_>, tell: &mut Teller<'_>) -> bool {
        if let Some(id) = message.id.get() {
            id.clone_into(&mut self.id);
        }
        tell.started([message.model.get(), None, message.id.get()])
    }

    /// What was said stays said; blocks, calls and counts are those of the new beginning.
    fn begin_anew(&mut self, tell: &mut Teller<'_>) {
        tell.anew();
        self.blocks.clear();
        self.usage.clear();
        self.sources = Sources::default();
        (self.finish, self.refusal) = (None, None);
    }

    /// A block begins; whether there was one.
    fn open(&mut self, index: u64, raw: Option<&str>, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let Some(raw) = raw else { return Ok(false) };
        let Ok(head) = serde_json::from_str::<BlockHead<'_>>(raw) else { return Ok(false) };
        let Some(kind) = head.kind.get() else { return Ok(false) };
        self.blocks.open(index, raw, kind)?;
        if kind != "text" {
            tell.came();
        }
        match kind {
            "text" => self.say(index, Grows::Text, head.text.get(), tell)?,
            "thinking" => self.say(index, Grows::Thinking, head.thinking.get(), tell)?,
            _ => false,
        };
        head.citations.items().iter().for_each(|citation| self.cite(citation));
        Ok(true)
    }

    /// A block is whole; whether there was something to show for it.
    fn close(&mut self, index: u64, tell: &mut Teller<'_>) -> bool {
        let words = self.blocks.stop(index);
        let any = words.is_some();
        words.into_iter().for_each(|words| tell.part(words));
        any
    }

    /// Whether there was anything in it.
    fn delta(&mut self, event: &Event<'_>, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let Some(delta) = event.delta.get() else { return Ok(false) };
        let at = index(event);
        // Without a kind, the members say what it is.
        let is = |kind: &str| delta.kind.get().is_none_or(|known| known == kind);
        let text = delta.text.get().filter(|_| is("text_delta"));
        let thinking = delta.thinking.get().filter(|_| is("thinking_delta"));
        let full = self.say(at, Grows::Text, text, tell)? | self.say(at, Grows::Thinking, thinking, tell)?;
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
                self.cite(&citation);
            }
            full = true;
            self.blocks.cite(at, raw)?;
        }
        Ok(full)
    }

    fn cite(&mut self, citation: &Citation<'_>) {
        let url = citation.url.get().or(citation.source.get()).unwrap_or_default();
        let title = citation.title.get().or(citation.document_title.get()).unwrap_or_default();
        match citation.document_index.get() {
            Some(index) if url.is_empty() && title.is_empty() => {
                self.sources.add("", &format!("document {}", index.saturating_add(1)));
            }
            _ => self.sources.add(url, title),
        }
    }

    /// Tells text or thinking of a block, when there is any.
    fn say(
        &mut self,
        index: u64,
        what: Grows,
        text: Option<&str>,
        tell: &mut Teller<'_>,
    ) -> Result<bool, Fault> {
        let Some(text) = text else { return Ok(false) };
        let kind = if what == Grows::Thinking { Kind::Thinking } else { Kind::Text };
        tell.text(kind, text);
        self.blocks.grow(index, what, text)?;
        Ok(true)
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
    fn count_first(&mut self, raw: Option<&str>, tell: &mut Teller<'_>) {
        let read = raw.and_then(usage::read);
        if read.is_some_and(|(tokens, _)| tokens.input_total().is_some()) {
            self.count(raw, tell);
        }
    }

    /// Lays a usage over the earlier ones and tells it; whether there was anything new in it.
    fn count(&mut self, raw: Option<&str>, tell: &mut Teller<'_>) -> bool {
        let merged = raw.and_then(|raw| usage::merged(&self.usage, raw));
        let Some(merged) = merged.filter(|merged| *merged != self.usage) else { return false };
        let Some((tokens, billing)) = usage::read(&merged).filter(|(tokens, _)| !tokens.is_empty()) else {
            return false;
        };
        self.usage.clone_from(&merged);
        tell.event(StreamEvent::Usage { tokens, raw: merged, billing });
        true
    }
}

impl Format for Messages {
    type Framing = Sse;
    type Payload<'a> = Event<'a>;

    fn payload(
        &mut self,
        name: &str,
        event: &Event<'_>,
        data: &str,
        tell: &mut Teller<'_>,
    ) -> Result<bool, Fault> {
        match event.kind.get().unwrap_or(name) {
            "content_block_delta" => return self.delta(event, tell),
            "content_block_start" => return self.open(index(event), event.content_block.get(), tell),
            "content_block_stop" => return Ok(self.close(index(event), tell)),
            "message_start" => return Ok(self.message(event, tell)),
            "message_delta" => {
                let ended = event
                    .delta
                    .get()
                    .is_some_and(|delta| self.ending(delta.stop_reason.get(), delta.stop_details.get()));
                return Ok(self.count(event.usage.get(), tell) || ended);
            }
            "message_stop" => {
                self.stopped = true;
                tell.over();
                return Ok(true);
            }
            "ping" => tell.alive(),
            "error" => return Err(tell.failure(data)),
            _ if event.error.get().is_some_and(is_error) => return Err(tell.failure(data)),
            _ => {}
        }
        Ok(false)
    }

    fn whole(&mut self, body: &str, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let Ok(message) = serde_json::from_str::<Message<'_>>(body) else { return Ok(false) };
        let list = message.content.get().and_then(|raw| serde_json::from_str::<Vec<&RawValue>>(raw).ok());
        let Some(blocks) = list.or_else(|| (message.kind.get() == Some("message")).then(Vec::new)) else {
            return Ok(false);
        };
        self.started(&message, tell);
        for (at, block) in (0..).zip(blocks) {
            self.open(at, Some(block.get()), tell)?;
            self.close(at, tell);
        }
        self.ending(message.stop_reason.get(), message.stop_details.get());
        self.count(message.usage.get(), tell);
        self.stopped = true;
        Ok(true)
    }

    fn let_go(&mut self, tell: &mut Teller<'_>) {
        self.refusal.take().into_iter().chain(self.sources.take()).for_each(|words| tell.part(words));
    }

    fn finish(&mut self, tell: &mut Teller<'_>) -> Result<End, Fault> {
        if !self.stopped {
            return Ok(None);
        }
        let finish = self.finish.take().unwrap_or(Finish::Unknown);
        let kept = self.blocks.take(finish == Finish::Length);
        if let Some(json) = kept.opaque {
            tell.event(StreamEvent::Opaque(json));
        }
        Ok(Some((finish, kept.calls)))
    }
}

/// Which block an event is about; the first when it does not say.
fn index(event: &Event<'_>) -> u64 {
    event.index.get().unwrap_or(0)
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
