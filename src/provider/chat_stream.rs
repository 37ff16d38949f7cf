//! Reads the answer to a chat completion, in the forms of OpenAI, OpenRouter and the many servers
//! that are nearly compatible. Payloads in, events out; no IO, no clock.
//!
//! What it holds: fragments of calls, refusals, sources and opaque state. What it must not do: end a
//! reply well without the protocol's end mark, or let one odd member end it.

use crate::chat::Fault;
use crate::chat::Finish;
use crate::chat::Quirks;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::provider::calls::Calls;
use crate::provider::details::Details;
use crate::provider::kept::Kept;
use crate::provider::stream::{End, Format, Teller, is_error};
use crate::provider::think::{Kind, ThinkFilter};
use crate::provider::tokens;
use crate::wire::openai::{Chunk, Content, Delta, Usage};
use crate::wire::sse::Sse;

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

/// What is known of one reply.
pub(super) struct Chat {
    flavour: Flavour,
    think: ThinkFilter,
    calls: Calls,
    details: Details,
    parts: Parts,
    /// The tier that serves, when it was told.
    tier: Option<String>,
    /// The last usage as it came, so that a repeat says nothing.
    usage: String,
    /// The thinking that goes back with the results of calls, where it may have to.
    thinking: Option<String>,
    ending: Ending,
}

impl Chat {
    /// A reply of such a server; `keeps`: whether its thinking may have to go back with results.
    pub(super) fn new(flavour: Flavour, keeps: bool) -> Self {
        Self {
            flavour,
            think: ThinkFilter::new(flavour.quirks.think_tags, flavour.quirks.implicit_think),
            calls: Calls::default(),
            details: Details::default(),
            parts: Parts::default(),
            tier: None,
            usage: String::new(),
            thinking: keeps.then(String::new),
            ending: Ending::default(),
        }
    }

    /// Whether there was anything in it.
    fn delta(&mut self, delta: &Delta<'_>, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let Self { think, details, .. } = self;
        let mut full = false;
        let plain = [&delta.reasoning_content, &delta.reasoning, &delta.thinking]
            .into_iter()
            .find_map(|text| text.get());
        if let Some((kept, thinking)) = self.thinking.as_mut().zip(delta.reasoning_content.get()) {
            kept.push_str(thinking);
        }
        if let Some(thinking) = plain {
            full = true;
            tell.text(Kind::Thinking, thinking);
        }
        if let Some(json) = delta.reasoning_details.get().filter(|json| *json != "[]") {
            full = true;
            // The same text as the plain member, where there is one.
            details.push(json, &mut |kind, text| {
                if plain.is_none() {
                    tell.text(kind, text);
                }
            });
        }
        let mut text = |kind: Kind, text: &str| tell.text(kind, text);
        full |= content(&delta.content, Kind::Text, 0, &mut |kind, piece| match kind {
            Kind::Text => think.push(piece, &mut text),
            // Beside a plain member it is the same text.
            Kind::Thinking if plain.is_none() => text(Kind::Thinking, piece),
            Kind::Thinking => {}
        });
        for piece in delta.tool_calls.items() {
            full = true;
            self.calls.push(piece)?;
        }
        if let Some(function) = delta.function_call.get() {
            full = true;
            self.calls.push_function(function)?;
        }
        if let Some(parts) = self.parts.of_delta(delta) {
            full = true;
            parts.into_iter().for_each(|words| tell.part(words));
        }
        if full {
            tell.came();
        }
        Ok(full)
    }

    fn usage(&mut self, chunk: &Chunk<'_>, tell: &mut Teller<'_>) -> bool {
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
        let billing = tokens::billing(&usage, self.tier.clone());
        tell.event(StreamEvent::Usage { tokens, raw: raw.to_owned(), billing });
        if let Some(cost) = cost {
            tell.event(StreamEvent::Cost(cost));
        }
        true
    }
}

impl Format for Chat {
    type Framing = Sse;
    type Payload<'a> = Chunk<'a>;

    fn payload(
        &mut self,
        _: &str,
        chunk: &Chunk<'_>,
        data: &str,
        tell: &mut Teller<'_>,
    ) -> Result<bool, Fault> {
        tell.started([chunk.model.get(), chunk.provider.get(), chunk.id.get()]);
        let mut full = false;
        let mut failed = None;
        for choice in chunk.choices.iter() {
            // A message beside deltas repeats them; alone it is the whole reply.
            let delta = choice
                .delta
                .get()
                .or_else(|| choice.message.get().map(|whole| &**whole).filter(|_| !tell.any()));
            if let Some(delta) = delta {
                full |= self.delta(delta, tell)?;
            }
            if let Some(reason) = choice.finish_reason.get() {
                full |= self.ending.reason(reason);
            }
            failed = failed.or(choice.error.get());
        }
        if let Some(tier) = chunk.service_tier.get().filter(|tier| self.tier.as_deref() != Some(*tier)) {
            self.tier = Some(tier.to_owned());
        }
        full |= self.usage(chunk, tell);
        self.parts.sources(chunk.search_results, chunk.citations);
        let flat = chunk.object.get() == Some("error")
            || (chunk.message.get().is_some() && chunk.id.get().is_none());
        if let Some(error) = chunk.error.get().filter(|error| is_error(error)).or(failed) {
            return Err(tell.failure(error));
        }
        if flat && chunk.choices.iter().next().is_none() {
            return Err(tell.failure(data));
        }
        if self.ending.is_failure() {
            return Err(tell.failure(r#"{"message":"The provider ended the reply with an error."}"#));
        }
        Ok(full)
    }

    fn whole(&mut self, body: &str, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let reply = serde_json::from_str::<Chunk<'_>>(body).ok();
        let Some(reply) = reply.filter(|reply| reply.choices.iter().next().is_some()) else {
            return Ok(false);
        };
        self.payload("", &reply, body, tell).map(|_| true)
    }

    fn let_go(&mut self, tell: &mut Teller<'_>) {
        self.think.finish(&mut |kind, text| tell.text(kind, text));
        self.parts.take().for_each(|words| tell.part(words));
        if let Some(json) = self.details.take().filter(|_| self.flavour.openrouter) {
            tell.event(StreamEvent::Opaque(json));
        }
    }

    fn finish(&mut self, tell: &mut Teller<'_>) -> Result<End, Fault> {
        let silent = tell.is_done() && !self.flavour.quirks.always_finishes;
        let Some(finish) = self.ending.take().or_else(|| silent.then_some(Finish::Unknown)) else {
            return Ok(None);
        };
        let extras = self.calls.take_extras();
        let calls = self.calls.take();
        let kept = self.thinking.take().filter(|_| !calls.is_empty());
        if let Some(json) = kept.and_then(|thinking| Kept::write(&thinking, &extras)) {
            tell.event(StreamEvent::Opaque(json));
        }
        Ok(Some((finish, calls)))
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
