//! Reads the answer of Ollama's own chat, one JSON value a line. Bytes in, events out; no IO, no
//! clock.
//!
//! What it holds: one line, the text of one push, calls, and the thinking of a reply that may call
//! tools, because it goes back with the results. What it must not do: end a reply well without
//! `done`, or let one odd member end it.

use crate::chat::Billing;
use crate::chat::Fault;
use crate::chat::Finish;
use crate::chat::Millis;
use crate::chat::Quirks;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::provider::Decoder;
use crate::provider::Pulse;
use crate::provider::error;
use crate::provider::error::Party;
use crate::provider::stream::{Pending, cut, is_error, too_long};
use crate::provider::think::{Kind, ThinkFilter};
use crate::provider::whole_calls::WholeCalls;
use crate::text::Untrusted;
use crate::wire::ndjson::{Ndjson, Tail};
use crate::wire::ollama::{Line, Message};

/// The most bytes of thinking that are kept to go back.
const MOST_THINKING: usize = 1024 * 1024;
/// How much of the beginning is kept for the sentence about a body that is no stream.
const MOST_PREFACE: usize = error::MOST_BODY;

/// The decoder of one reply.
pub(super) struct OllamaDecoder {
    party: Party,
    lines: Ndjson,
    /// The beginning of a body in which nothing was read yet.
    preface: Vec<u8>,
    pending: Pending,
    think: ThinkFilter,
    calls: WholeCalls,
    /// The thinking, when tools may be called.
    thinking: Option<String>,
    /// Whether the model was told.
    told: bool,
    finish: Option<Finish>,
    over: bool,
    odd_told: bool,
    pulse: Pulse,
}

impl OllamaDecoder {
    /// A decoder for one answer of that party; `tools`: whether the model may call any.
    pub(super) fn new(party: Party, quirks: Quirks, tools: bool) -> Self {
        Self {
            party,
            lines: Ndjson::default(),
            preface: Vec::new(),
            pending: Pending { kind: Kind::Text, text: String::new() },
            think: ThinkFilter::new(quirks.think_tags, quirks.implicit_think),
            calls: WholeCalls::default(),
            thinking: tools.then(String::new),
            told: false,
            finish: None,
            over: false,
            odd_told: false,
            pulse: Pulse::default(),
        }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if self.pulse.payloads == 0 {
            let room = MOST_PREFACE.saturating_sub(self.preface.len());
            self.preface.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        let mut input = bytes;
        // Taken out for the time of the push, because its lines borrow from it.
        let mut lines = std::mem::take(&mut self.lines);
        let result = loop {
            match lines.next(&mut input) {
                Ok(None) => break Ok(()),
                Ok(Some(line)) => match self.line(&line, out) {
                    Ok(()) if !self.over => {}
                    other => break other,
                },
                Err(_) => break Err(too_long()),
            }
        };
        self.lines = lines;
        result
    }

    fn line(&mut self, text: &str, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let Ok(line) = serde_json::from_str::<Line<'_>>(text) else {
            self.pulse.idles += 1;
            self.tell_odd(text);
            return Ok(());
        };
        if crate::wire::is_odd(&line) {
            self.tell_odd(text);
        }
        self.started(&line, out);
        let mut full = match line.message.get() {
            Some(message) => self.message(message, out)?,
            None => false,
        };
        if let Some(error) = line.error.get().filter(|error| is_error(error)) {
            return Err(error::in_stream(&self.party, error));
        }
        full |= usage(&line).is_some_and(|event| {
            self.pending.flush(out);
            out.push(event);
            true
        });
        if line.done.get() == Some("true") {
            full = true;
            self.over = true;
            self.finish = Some(match line.done_reason.get() {
                Some("stop") => Finish::Stop,
                Some("length") => Finish::Length,
                Some(other) => Finish::Other(Untrusted::from(other)),
                None => Finish::Unknown,
            });
        }
        let count = if full { &mut self.pulse.payloads } else { &mut self.pulse.idles };
        *count += 1;
        Ok(())
    }

    fn started(&mut self, line: &Line<'_>, out: &mut Vec<StreamEvent>) {
        let Some(model) = line.model.get().filter(|_| !self.told) else { return };
        self.told = true;
        let upstream = line.remote_host.get().map(Untrusted::from);
        out.push(StreamEvent::Started {
            served_model: Some(Untrusted::from(model)),
            upstream,
            generation_id: None,
        });
    }

    /// Takes what is new; whether there was anything in it.
    fn message(&mut self, message: &Message<'_>, out: &mut Vec<StreamEvent>) -> Result<bool, Fault> {
        let Self { pending, think, thinking, .. } = self;
        let mut full = false;
        let mut tell = |kind: Kind, text: &str| {
            if let Some(kept) = thinking.as_mut().filter(|_| kind == Kind::Thinking) {
                kept.push_str(text);
            }
            pending.add(kind, text, out);
        };
        if let Some(text) = message.thinking.get() {
            full = true;
            tell(Kind::Thinking, text);
        }
        if let Some(text) = message.content.get() {
            full = true;
            think.push(text, &mut tell);
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

    /// The reply has ended, well or not: what was held back follows the text.
    fn let_go(&mut self, out: &mut Vec<StreamEvent>) {
        self.over = true;
        let Self { pending, think, .. } = self;
        think.finish(&mut |kind, text| pending.add(kind, text, out));
        self.pending.flush(out);
    }

    /// Whether the reply has ended well.
    fn conclude(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        self.let_go(out);
        let Some(finish) = self.finish.take() else {
            return Err(if self.pulse.payloads > 0 { cut() } else { self.no_reply() });
        };
        let calls = self.calls.take();
        let thinking = self.thinking.take().filter(|text| !text.is_empty() && text.len() <= MOST_THINKING);
        if let Some(thinking) = thinking.filter(|_| !calls.is_empty()) {
            out.push(StreamEvent::Opaque(serde_json::json!({ "thinking": thinking }).to_string()));
        }
        let ended = matches!(finish, Finish::Stop | Finish::Unknown);
        let finish = if ended && !calls.is_empty() { Finish::ToolCalls } else { finish };
        out.extend(calls.into_iter().map(StreamEvent::ToolCall));
        out.push(StreamEvent::Finished(finish));
        Ok(())
    }

    /// A body without anything of a reply: an error over several lines, a page, or the beginning of
    /// a first line.
    fn no_reply(&mut self) -> Fault {
        let body = std::mem::take(&mut self.preface);
        let text = body.trim_ascii();
        if serde_json::from_slice::<serde_json::Value>(text).is_ok_and(|value| value.get("error").is_some()) {
            return error::from_response(&self.party, &error::Head::default(), text, Millis(0));
        }
        if self.pulse.idles > 0 && text.starts_with(b"{") || text.starts_with(b"{\"") || text == b"{" {
            return cut();
        }
        error::no_stream(&self.party, text)
    }

    /// Says once in the log that something could not be read, with its beginning.
    fn tell_odd(&mut self, data: &str) {
        if !std::mem::replace(&mut self.odd_told, true) {
            let seen = Untrusted::from(data.chars().take(200).collect::<String>());
            tracing::warn!(provider = %self.party.name, "part of the stream has an unknown form: {}", seen.line());
        }
    }
}

impl Decoder for OllamaDecoder {
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
        if !self.over {
            let mut lines = std::mem::take(&mut self.lines);
            if let Tail::Last(line) = lines.end()
                && let Err(fault) = self.line(&line, out)
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
        self.lines.held()
    }

    fn pulse(&self) -> Pulse {
        self.pulse
    }
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

/// The thinking in the state that [`OllamaDecoder`] made.
pub(super) fn thinking_of(json: &str) -> Option<String> {
    let state: serde_json::Value = serde_json::from_str(json).ok()?;
    state.get("thinking")?.as_str().map(str::to_owned)
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
