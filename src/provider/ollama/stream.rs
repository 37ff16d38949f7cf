//! Reads the answer of Ollama's own chat, one JSON value a line. Payloads in, events out; no IO, no
//! clock.
//!
//! What it holds: calls, and the thinking of a reply that may call tools, because it goes back with
//! the results. What it must not do: end a reply well without `done`, or let one odd member end it.

use crate::chat::Billing;
use crate::chat::Fault;
use crate::chat::Finish;
use crate::chat::Millis;
use crate::chat::Quirks;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::provider::error;
use crate::provider::stream::{End, Format, Teller, cut, is_error};
use crate::provider::think::{Kind, ThinkFilter};
use crate::provider::whole_calls::WholeCalls;
use crate::text::Untrusted;
use crate::wire::ndjson::Ndjson;
use crate::wire::ollama::{Line, Message};

/// The most bytes of thinking that are kept to go back.
const MOST_THINKING: usize = 1024 * 1024;

/// What is known of one reply.
pub(super) struct Ollama {
    think: ThinkFilter,
    calls: WholeCalls,
    /// The thinking, when tools may be called.
    thinking: Option<String>,
    finish: Option<Finish>,
}

impl Ollama {
    /// A reply; `tools`: whether the model may call any.
    pub(super) fn new(quirks: Quirks, tools: bool) -> Self {
        Self {
            think: ThinkFilter::new(quirks.think_tags, quirks.implicit_think),
            calls: WholeCalls::default(),
            thinking: tools.then(String::new),
            finish: None,
        }
    }

    /// Takes what is new; whether there was anything in it.
    fn message(&mut self, message: &Message<'_>, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let Self { think, thinking, .. } = self;
        let mut full = false;
        let mut text = |kind: Kind, text: &str| {
            if let Some(kept) = thinking.as_mut().filter(|_| kind == Kind::Thinking) {
                kept.push_str(text);
            }
            tell.text(kind, text);
        };
        if let Some(thinking) = message.thinking.get() {
            full = true;
            text(Kind::Thinking, thinking);
        }
        if let Some(content) = message.content.get() {
            full = true;
            think.push(content, &mut text);
        }
        for call in message.tool_calls.items() {
            full = true;
            let function = call.function.get();
            let name = function.and_then(|function| function.name.get());
            let arguments = function.and_then(|function| function.arguments.get());
            self.calls.push(call.id.get(), name, arguments)?;
        }
        Ok(full)
    }
}

impl Format for Ollama {
    type Framing = Ndjson;
    type Payload<'a> = Line<'a>;

    fn payload(&mut self, _: &str, line: &Line<'_>, _: &str, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        if line.model.get().is_some() {
            tell.started([line.model.get(), line.remote_host.get(), None]);
        }
        let mut full = match line.message.get() {
            Some(message) => self.message(message, tell)?,
            None => false,
        };
        if let Some(error) = line.error.get().filter(|error| is_error(error)) {
            return Err(tell.failure(error));
        }
        if let Some(event) = usage(line) {
            full = true;
            tell.event(event);
        }
        if line.done.get() == Some("true") {
            full = true;
            tell.over();
            self.finish = Some(match line.done_reason.get() {
                Some("stop") => Finish::Stop,
                Some("length") => Finish::Length,
                Some(other) => Finish::Other(Untrusted::from(other)),
                None => Finish::Unknown,
            });
        }
        Ok(full)
    }

    fn let_go(&mut self, tell: &mut Teller<'_>) {
        self.think.finish(&mut |kind, text| tell.text(kind, text));
    }

    fn finish(&mut self, tell: &mut Teller<'_>) -> Result<End, Fault> {
        let Some(finish) = self.finish.take() else {
            return tell.unread().map_or(Ok(None), |body| Err(no_reply(body, tell)));
        };
        let calls = self.calls.take();
        let thinking = self.thinking.take().filter(|text| !text.is_empty() && text.len() <= MOST_THINKING);
        if let Some(thinking) = thinking.filter(|_| !calls.is_empty()) {
            tell.event(StreamEvent::Opaque(serde_json::json!({ "thinking": thinking }).to_string()));
        }
        Ok(Some((finish, calls)))
    }
}

/// A body without anything of a reply: an error over several lines, a page, or the beginning of a
/// first line.
fn no_reply(body: &[u8], tell: &Teller<'_>) -> Fault {
    let text = body.trim_ascii();
    if serde_json::from_slice::<serde_json::Value>(text).is_ok_and(|value| value.get("error").is_some()) {
        return error::from_response(tell.party(), &error::Head::default(), text, Millis(0));
    }
    if tell.any_frames() && text.starts_with(b"{") || text.starts_with(b"{\"") || text == b"{" {
        return cut();
    }
    error::no_stream(tell.party(), text)
}

/// The tokens of the last line. What is left out is not told: an input that was all in memory lacks
/// its count as well as none.
fn usage(line: &Line<'_>) -> Option<StreamEvent> {
    let (input, output) = (line.prompt_eval_count.get(), line.eval_count.get());
    if input.is_none() && output.is_none() {
        return None;
    }
    let members = [
        ("total_duration", line.total_duration),
        ("load_duration", line.load_duration),
        ("prompt_eval_count", line.prompt_eval_count),
        ("prompt_eval_duration", line.prompt_eval_duration),
        ("eval_count", line.eval_count),
        ("eval_duration", line.eval_duration),
    ];
    let told = members.into_iter().filter_map(|(name, count)| count.get().map(|count| (name, count)));
    let raw: Vec<String> = told.map(|(name, count)| format!("\"{name}\":{count}")).collect();
    Some(StreamEvent::Usage {
        tokens: Tokens { input, output, ..Tokens::default() },
        raw: format!("{{{}}}", raw.join(",")),
        billing: Billing::default(),
    })
}

/// The thinking in the state that [`Ollama`] made.
pub(super) fn thinking_of(json: &str) -> Option<String> {
    let state: serde_json::Value = serde_json::from_str(json).ok()?;
    state.get("thinking")?.as_str().map(str::to_owned)
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
