//! Reads the answer of `streamGenerateContent`: events, the elements of a streamed array, or one
//! whole object. Payloads in, events out; no IO, no clock.
//!
//! What it holds: calls, sources, and the parts of the reply as they came, because they may have to
//! go back. What it must not do: end a reply well without a finish reason, or let one odd member end
//! it.

use serde_json::value::RawValue;

use crate::chat::Fault;
use crate::chat::Finish;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::provider::gemini::parts;
use crate::provider::gemini::parts::Grounds;
use crate::provider::gemini::replay::Replay;
use crate::provider::gemini::usage::Counts;
use crate::provider::stream::{End, Format, Framing, Teller, is_error, nameless};
use crate::provider::think::Kind;
use crate::provider::whole_calls::WholeCalls;
use crate::text::Untrusted;
use crate::wire::TooLong;
use crate::wire::array::Array;
use crate::wire::gemini::{Candidate, Part, Response, Usage};
use crate::wire::sse::{Frame, Sse};

/// Events, or the elements of one array.
#[derive(Default)]
pub(super) struct EventsOrArray {
    events: Sse,
    array: Array,
    is_array: bool,
}

impl Framing for EventsOrArray {
    fn begins_with(&mut self, first: u8) -> bool {
        self.is_array = first == b'[';
        self.is_array || self.events.begins_with(first)
    }

    fn next<'a>(&'a mut self, input: &mut &[u8]) -> Result<Option<Frame<'a>>, TooLong> {
        if self.is_array { Ok(self.array.next(input)?.map(nameless)) } else { self.events.next(input) }
    }

    fn end(&mut self) -> Option<Frame<'_>> {
        if self.is_array { None } else { Framing::end(&mut self.events) }
    }

    fn is_over(&self) -> bool {
        self.array.is_over()
    }

    fn is_begun(&self, body: &[u8]) -> bool {
        if self.is_array { !self.array.is_over() } else { self.events.is_begun(body) }
    }

    fn held(&self) -> usize {
        self.events.held() + self.array.held()
    }
}

/// Why a reply ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Stop,
    Length,
    /// A filter; why is told as a part.
    Filter,
    /// A failure of the provider or its model.
    Failure,
}

/// The reasons that mean something to salon; others are kept as they are.
const REASONS: &[(&str, Means)] = &[
    ("STOP", Means::Stop),
    ("MAX_TOKENS", Means::Length),
    ("SAFETY", Means::Filter),
    ("RECITATION", Means::Filter),
    ("LANGUAGE", Means::Filter),
    ("BLOCKLIST", Means::Filter),
    ("PROHIBITED_CONTENT", Means::Filter),
    ("SPII", Means::Filter),
    ("MODEL_ARMOR", Means::Filter),
    ("IMAGE_SAFETY", Means::Filter),
    ("IMAGE_PROHIBITED_CONTENT", Means::Filter),
    ("IMAGE_RECITATION", Means::Filter),
    ("MALFORMED_FUNCTION_CALL", Means::Failure),
    ("UNEXPECTED_TOOL_CALL", Means::Failure),
    ("TOO_MANY_TOOL_CALLS", Means::Failure),
    ("MISSING_THOUGHT_SIGNATURE", Means::Failure),
    ("MALFORMED_RESPONSE", Means::Failure),
];

/// A reason that says nothing.
const NO_REASON: &str = "FINISH_REASON_UNSPECIFIED";

/// How the reply ends, as far as it was said. Old models say `STOP` with every event, so that the
/// last reason counts.
#[derive(Debug)]
struct Ending {
    finish: Finish,
    /// What to tell of it beside the finish.
    why: Option<String>,
}

/// What is known of one reply.
#[derive(Default)]
pub(super) struct Gemini {
    calls: WholeCalls,
    replay: Replay,
    grounds: Grounds,
    counts: Counts,
    /// The last usage as it came, and what was made of it.
    usage: (String, Tokens),
    doubts: (bool, Option<u64>),
    ending: Option<Ending>,
}

impl Gemini {
    /// Takes the parts of an event; whether there was anything in them.
    fn parts(&mut self, list: &str, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let Ok(parts) = serde_json::from_str::<Vec<&RawValue>>(list) else {
            tell.odd(list);
            return Ok(false);
        };
        let mut full = false;
        for raw in parts.into_iter().map(RawValue::get) {
            match serde_json::from_str::<Part<'_>>(raw) {
                Ok(part) => {
                    if crate::wire::is_odd(&part) {
                        tell.odd(raw);
                    }
                    full |= self.part(raw, &part, tell)?;
                }
                Err(_) => tell.odd(raw),
            }
        }
        Ok(full)
    }

    fn part(&mut self, raw: &str, part: &Part<'_>, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        self.replay.push(raw, part);
        let mut full = part.signature.get().is_some();
        if let Some(text) = part.text.get() {
            full = true;
            let kind = if part.thought.get() == Some("true") { Kind::Thinking } else { Kind::Text };
            tell.text(kind, text);
        }
        if let Some(call) = part.function_call.get() {
            full = true;
            self.calls.push(call.id.get(), call.name.get(), call.args.get())?;
        }
        if let Some(words) = parts::told(part) {
            full = true;
            tell.part(words);
        }
        Ok(full)
    }

    /// Takes a reason to end. `Some` is a failure, as the JSON of an error.
    fn reason(&mut self, reason: &str, candidate: &Candidate<'_>) -> Option<String> {
        let message = candidate.finish_message.get();
        let means = REASONS.iter().find(|(known, _)| *known == reason).map(|(_, means)| *means);
        let (finish, why) = match means {
            Some(Means::Stop) => (Finish::Stop, None),
            Some(Means::Length) => (Finish::Length, None),
            Some(Means::Filter) => {
                let words = message.unwrap_or(reason).trim_end_matches('.');
                (Finish::ContentFilter, Some(format!("A filter ended the reply: {words}.")))
            }
            Some(Means::Failure) => {
                let words = message.unwrap_or("The model ended the reply with something that is no reply.");
                let words = format!("{words} ({reason})");
                return Some(serde_json::json!({ "message": words, "status": reason }).to_string());
            }
            None => (Finish::Other(Untrusted::from(reason)), message.map(str::to_owned)),
        };
        self.ending = Some(Ending { finish, why });
        None
    }

    fn usage(&mut self, response: &Response<'_>, tell: &mut Teller<'_>) -> bool {
        if let Some(raw) = response.usage.get().filter(|raw| *raw != self.usage.0)
            && let Ok(usage) = serde_json::from_str::<Usage<'_>>(raw)
        {
            self.counts.take(&usage);
            raw.clone_into(&mut self.usage.0);
        }
        let tokens = self.counts.tokens(self.grounds.searches());
        let doubts = self.counts.doubts();
        if (tokens, doubts) == (self.usage.1, self.doubts) {
            return false;
        }
        (self.usage.1, self.doubts) = (tokens, doubts);
        let raw = if self.usage.0.is_empty() { "{}".to_owned() } else { self.usage.0.clone() };
        tell.event(StreamEvent::Usage { tokens, raw, billing: self.counts.billing() });
        true
    }
}

impl Format for Gemini {
    type Framing = EventsOrArray;
    type Payload<'a> = Response<'a>;

    fn payload(
        &mut self,
        _: &str,
        response: &Response<'_>,
        _: &str,
        tell: &mut Teller<'_>,
    ) -> Result<bool, Fault> {
        tell.started([response.model_version.get(), None, response.response_id.get()]);
        let mut full = false;
        let mut failed = None;
        for candidate in response.candidates.items() {
            if candidate.index.get().unwrap_or(0) != 0 {
                continue;
            }
            if let Some(list) = candidate.content.get().and_then(|content| content.parts.get()) {
                full |= self.parts(list, tell)?;
            }
            full |= self.grounds.take_from(candidate);
            if let Some(reason) = candidate.finish_reason.get().filter(|reason| *reason != NO_REASON) {
                full = true;
                failed = failed.or(self.reason(reason, candidate));
            }
        }
        if let Some(feedback) = response.prompt_feedback.get()
            && let Some(reason) = feedback.block_reason.get()
        {
            full = true;
            let words = feedback.message.get().unwrap_or(reason).trim_end_matches('.');
            let why = Some(format!("The prompt was blocked: {words}."));
            self.ending = Some(Ending { finish: Finish::ContentFilter, why });
        }
        full |= self.usage(response, tell);
        match response.error.get().filter(|error| is_error(error)).or(failed.as_deref()) {
            Some(error) => Err(tell.failure(error)),
            None => Ok(full),
        }
    }

    fn whole(&mut self, body: &str, tell: &mut Teller<'_>) -> Result<bool, Fault> {
        let is_reply = |reply: &Response<'_>| {
            let any = !reply.candidates.items().is_empty()
                || reply.prompt_feedback.get().is_some()
                || reply.usage.get().is_some()
                || reply.response_id.get().is_some();
            any && reply.error.get().is_none()
        };
        match serde_json::from_str::<Response<'_>>(body).ok().filter(is_reply) {
            Some(reply) => self.payload("", &reply, body, tell).map(|_| true),
            None => Ok(false),
        }
    }

    fn let_go(&mut self, tell: &mut Teller<'_>) {
        self.grounds.take().for_each(|words| tell.part(words));
    }

    fn finish(&mut self, tell: &mut Teller<'_>) -> Result<End, Fault> {
        let Some(Ending { finish, why }) = self.ending.take() else { return Ok(None) };
        if let Some(why) = why {
            tell.part(why);
        }
        if let Some(json) = self.replay.take() {
            tell.event(StreamEvent::Opaque(json));
        }
        Ok(Some((finish, self.calls.take())))
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
