//! Reads an answer of the Responses API. Payloads in, events out; no IO, no clock. Pieces belong to
//! their item by its place in the output, because some proxies give it another id with every event.
//! A reply is whole only when the server says that it is completed or incomplete.

use std::collections::HashSet;

use crate::chat::Billing;
use crate::chat::Fault;
use crate::chat::Finish;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::provider::calls::Calls;
use crate::provider::extras::Sources;
use crate::provider::extras::size;
use crate::provider::stream::{End, Format, Teller};
use crate::provider::think::Kind;
use crate::text::Untrusted;
use crate::wire::responses::{Event, OutputItem, Response, Source, Usage};
use crate::wire::sse::Sse;

/// What is known of one reply.
#[derive(Default)]
pub(super) struct Responses {
    calls: Calls,
    /// Items and their parts of which pieces came, so that the whole that follows says nothing new.
    seen: HashSet<(u64, u64)>,
    /// The part of a summary that is being told.
    summary: Option<(u64, u64)>,
    sources: Sources,
    refusal: String,
    finish: Option<Finish>,
}

impl Responses {
    /// A piece of text; a whole one counts only where no piece came before it. Whether it counts.
    fn text(&mut self, place: (u64, u64), text: Option<&str>, piece: bool, tell: &mut Teller<'_>) -> bool {
        let Some(text) = text.filter(|_| self.is_new(place, piece)) else { return false };
        tell.text(Kind::Text, text);
        true
    }

    fn refuse(&mut self, place: (u64, u64), text: Option<&str>, piece: bool, tell: &mut Teller<'_>) -> bool {
        let Some(text) = text.filter(|_| self.is_new(place, piece)) else { return false };
        tell.came();
        self.refusal.push_str(text);
        true
    }

    fn is_new(&mut self, place: (u64, u64), piece: bool) -> bool {
        let first = self.seen.insert(place);
        first || piece
    }

    /// A piece of a summary. Its parts are paragraphs.
    fn think(&mut self, part: (u64, u64), text: Option<&str>, tell: &mut Teller<'_>) -> bool {
        let Some(text) = text else { return false };
        if self.summary.replace(part).is_some_and(|before| before != part) {
            tell.text(Kind::Thinking, "\n\n");
        }
        tell.text(Kind::Thinking, text);
        true
    }

    fn source(&mut self, source: &Source<'_>) {
        if let Some(url) = source.url.get().or(source.filename.get()) {
            self.sources.add(url, source.title.get().unwrap_or_default());
        }
    }

    /// Whether there was an item.
    fn item(&mut self, at: u64, event: &Event<'_>, done: bool, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let Some(raw) = event.item.get() else { return Ok(false) };
        let Ok(item) = serde_json::from_str::<OutputItem<'_>>(raw) else { return Ok(false) };
        self.take(at, &item, Some(raw).filter(|_| done), tell)?;
        Ok(true)
    }

    /// An item of the output, as it begins or as it is whole, with its JSON text.
    fn take(
        &mut self,
        at: u64,
        item: &OutputItem<'_>,
        whole: Option<&str>,
        tell: &mut Teller<'_>,
    ) -> Result<(), Fault> {
        let done = whole.is_some();
        match item.kind.get() {
            Some("function_call" | "custom_tool_call") => {
                tell.came();
                self.calls.begin_at(at, item.call_id.get(), item.name.get());
                if let Some(whole) = item.arguments.get().or(item.input.get()).filter(|_| done) {
                    self.calls.set_at(at, whole)?;
                }
            }
            Some("message") if done => {
                for (part, no) in item.content.items().iter().zip(0..) {
                    self.text((at, no), part.text.get(), false, tell);
                    self.refuse((at, no), part.refusal.get(), false, tell);
                    part.annotations.items().iter().for_each(|source| self.source(source));
                }
            }
            // Without its encrypted state the server would look for it among what it kept: nothing.
            Some("reasoning") if done && item.encrypted_content.get().is_some() => {
                tell.came();
                if let Some(json) = whole.filter(|json| !json.is_empty()) {
                    tell.event(StreamEvent::Opaque(json.to_owned()));
                }
            }
            Some("image_generation_call") if done => {
                if let Some(data) = item.result.get() {
                    tell.came();
                    let format = item.output_format.get().unwrap_or("png");
                    tell.part(format!("[image/{format}, {}]", size(data)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, kind: &str, response: &Response<'_>, tell: &mut Teller<'_>) -> Result<(), Fault> {
        started(response, tell);
        if let Some(event) = response.usage.get().and_then(|raw| usage(raw, response.service_tier.get())) {
            tell.event(event);
        }
        self.finish = Some(match kind {
            "response.failed" => {
                let told = response.error.get().unwrap_or("\"The model failed to reply.\"");
                return Err(tell.failure(told));
            }
            "response.completed" => Finish::Stop,
            _ => match response.incomplete_details.get().and_then(|details| details.reason.get()) {
                Some("max_output_tokens" | "max_tokens") => Finish::Length,
                Some("content_filter") => Finish::ContentFilter,
                Some(other) => Finish::Other(Untrusted::from(other)),
                None => Finish::Other(Untrusted::from("incomplete")),
            },
        });
        tell.over();
        Ok(())
    }
}

impl Format for Responses {
    type Framing = Sse;
    type Payload<'a> = Event<'a>;

    fn payload(
        &mut self,
        name: &str,
        event: &Event<'_>,
        data: &str,
        tell: &mut Teller<'_>,
    ) -> Result<bool, Fault> {
        // The name of the event stands in the data too; some proxies leave out one of them.
        let kind = event.kind.get().unwrap_or(name);
        let item = event.output_index.get().unwrap_or(0);
        let place = (item, event.content_index.get().unwrap_or(0));
        Ok(match kind {
            "response.created" | "response.in_progress" | "response.queued" => {
                event.response.get().is_some_and(|response| started(response, tell))
            }
            "response.output_text.delta" => self.text(place, event.delta.get(), true, tell),
            "response.output_text.done" => self.text(place, event.text.get(), false, tell),
            "response.refusal.delta" => self.refuse(place, event.delta.get(), true, tell),
            "response.refusal.done" => self.refuse(place, event.refusal.get(), false, tell),
            "response.output_text.annotation.added" => {
                event.annotation.get().into_iter().for_each(|source| self.source(source));
                true
            }
            "response.reasoning_summary_text.delta" => {
                self.think((item, event.summary_index.get().unwrap_or(0)), event.delta.get(), tell)
            }
            "response.reasoning_text.delta" => self.think(place, event.delta.get(), tell),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                tell.came();
                self.calls.add_at(item, event.delta.get().unwrap_or_default())?;
                true
            }
            "response.function_call_arguments.done" => {
                self.calls.set_at(item, event.arguments.get().unwrap_or_default())?;
                true
            }
            "response.custom_tool_call_input.done" => {
                self.calls.set_at(item, event.input.get().unwrap_or_default())?;
                true
            }
            "response.output_item.added" => self.item(item, event, false, tell)?,
            "response.output_item.done" => self.item(item, event, true, tell)?,
            "response.completed" | "response.incomplete" | "response.failed" => {
                let none = Response::default();
                self.ended(kind, event.response.get().unwrap_or(&none), tell)?;
                true
            }
            "error" => return Err(tell.failure(data)),
            // Of a kind that is not shown, but it shows that the model is at work.
            other => other.contains("delta") || other.contains("item"),
        })
    }

    fn whole(&mut self, body: &str, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let response = serde_json::from_str::<Response<'_>>(body).ok();
        let Some((response, status)) = response.as_ref().and_then(|it| Some((it, it.status.get()?))) else {
            return Ok(false);
        };
        for (item, at) in response.output.items().iter().zip(0..) {
            // Its state has no text of its own here, and stays away.
            self.take(at, item, Some(""), tell)?;
        }
        self.ended(&format!("response.{status}"), response, tell)?;
        Ok(true)
    }

    fn let_go(&mut self, tell: &mut Teller<'_>) {
        let refusal = std::mem::take(&mut self.refusal);
        let refusal = (!refusal.is_empty()).then_some(refusal);
        refusal.into_iter().chain(self.sources.take()).for_each(|words| tell.part(words));
    }

    fn finish(&mut self, _: &mut Teller<'_>) -> Result<End, Fault> {
        Ok(self.finish.take().map(|finish| (finish, self.calls.take())))
    }
}

/// Whether it says anything new of who answers.
fn started(response: &Response<'_>, tell: &mut Teller<'_>) -> bool {
    tell.started([response.model.get(), None, response.id.get()])
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
