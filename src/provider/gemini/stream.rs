//! Reads the answer of `streamGenerateContent`: events, the elements of a streamed array, or one
//! whole object. Bytes in, events out; no IO, no clock.
//!
//! What it holds: one frame, the text of one push, calls, sources, and the parts of the reply as
//! they came, because they may have to go back. What it must not do: end a reply well without a
//! finish reason, or let one odd member end it.

use serde_json::value::RawValue;

use crate::chat::Fault;
use crate::chat::Finish;
use crate::chat::Millis;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::provider::Decoder;
use crate::provider::Pulse;
use crate::provider::error;
use crate::provider::error::Party;
use crate::provider::gemini::parts;
use crate::provider::gemini::parts::Sources;
use crate::provider::gemini::replay::Replay;
use crate::provider::gemini::usage::Counts;
use crate::provider::stream::{Pending, cut, is_error, may_be_events, too_long};
use crate::provider::think::Kind;
use crate::provider::whole_calls::WholeCalls;
use crate::text::Untrusted;
use crate::wire::CAP;
use crate::wire::array::Array;
use crate::wire::gemini::{Candidate, Part, Response, Usage};
use crate::wire::sse::{Frame, Sse, Tail};

/// What kind of body it is, by its first byte that is no white space: content types lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Unknown,
    Events,
    /// The elements of one array.
    Elements,
    /// One object or a page.
    Whole,
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

/// How much of the beginning is kept for the sentence about a body that is no stream.
const MOST_PREFACE: usize = 2048;

/// The decoder of one reply.
pub(super) struct GeminiDecoder {
    party: Party,
    mode: Mode,
    sse: Sse,
    array: Array,
    /// A whole body, or the beginning of a stream in which nothing was read yet.
    body: Vec<u8>,
    pending: Pending,
    /// Whether the model and the id were told.
    told: (bool, bool),
    calls: WholeCalls,
    replay: Replay,
    sources: Sources,
    counts: Counts,
    /// The last usage as it came, and what was made of it.
    usage: (String, Tokens),
    ending: Option<Ending>,
    over: bool,
    odd_told: bool,
    pulse: Pulse,
}

impl GeminiDecoder {
    /// A decoder for one answer of that party.
    pub(super) fn new(party: Party) -> Self {
        Self {
            party,
            mode: Mode::Unknown,
            sse: Sse::default(),
            array: Array::default(),
            body: Vec::new(),
            pending: Pending { kind: Kind::Text, text: String::new() },
            told: (false, false),
            calls: WholeCalls::default(),
            replay: Replay::default(),
            sources: Sources::default(),
            counts: Counts::default(),
            usage: (String::new(), Tokens::default()),
            ending: None,
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
        if self.mode == Mode::Elements {
            let mut array = std::mem::take(&mut self.array);
            let result = loop {
                match array.next(&mut input) {
                    Ok(None) => break Ok(()),
                    Ok(Some(element)) => match self.data(&element, out) {
                        Ok(()) => {}
                        fault => break fault,
                    },
                    Err(_) => break Err(too_long()),
                }
            };
            self.over |= array.is_over();
            self.array = array;
            return result;
        }
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
        // Not of Google: gateways between add it.
        if data.starts_with("[DONE]") {
            self.pulse.payloads += 1;
            self.over = true;
            return Ok(());
        }
        if name == "error" {
            return Err(error::in_stream(&self.party, data));
        }
        self.data(data, out)
    }

    fn data(&mut self, data: &str, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        match serde_json::from_str::<Response<'_>>(data) {
            Ok(response) => self.response(&response, data, out),
            Err(_) => {
                self.pulse.idles += 1;
                self.tell_odd(data);
                Ok(())
            }
        }
    }

    fn response(
        &mut self,
        response: &Response<'_>,
        data: &str,
        out: &mut Vec<StreamEvent>,
    ) -> Result<(), Fault> {
        if crate::wire::is_odd(response) {
            self.tell_odd(data);
        }
        self.started(response, out);
        let mut full = false;
        let mut failed = None;
        for candidate in response.candidates.items() {
            if candidate.index.get().unwrap_or(0) != 0 {
                continue;
            }
            if let Some(list) = candidate.content.get().and_then(|content| content.parts.get()) {
                full |= self.parts(list, out)?;
            }
            full |= self.sources.take_from(candidate);
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
        full |= self.usage(response, out);
        if let Some(error) = response.error.get().filter(|error| is_error(error)) {
            return Err(error::in_stream(&self.party, error));
        }
        if let Some(json) = failed {
            return Err(error::in_stream(&self.party, &json));
        }
        let count = if full { &mut self.pulse.payloads } else { &mut self.pulse.idles };
        *count += 1;
        Ok(())
    }

    fn started(&mut self, response: &Response<'_>, out: &mut Vec<StreamEvent>) {
        let new = |told: &mut bool, text: Option<&str>| {
            let text = text.filter(|_| !*told)?;
            *told = true;
            Some(Untrusted::from(text))
        };
        let served_model = new(&mut self.told.0, response.model_version.get());
        let generation_id = new(&mut self.told.1, response.response_id.get());
        if served_model.is_some() || generation_id.is_some() {
            self.pending.flush(out);
            out.push(StreamEvent::Started { served_model, upstream: None, generation_id });
        }
    }

    /// Takes the parts of an event; whether there was anything in them.
    fn parts(&mut self, list: &str, out: &mut Vec<StreamEvent>) -> Result<bool, Fault> {
        let Ok(parts) = serde_json::from_str::<Vec<&RawValue>>(list) else {
            self.tell_odd(list);
            return Ok(false);
        };
        let mut full = false;
        for raw in parts.into_iter().map(RawValue::get) {
            match serde_json::from_str::<Part<'_>>(raw) {
                Ok(part) => {
                    if crate::wire::is_odd(&part) {
                        self.tell_odd(raw);
                    }
                    full |= self.part(raw, &part, out)?;
                }
                Err(_) => self.tell_odd(raw),
            }
        }
        Ok(full)
    }

    fn part(&mut self, raw: &str, part: &Part<'_>, out: &mut Vec<StreamEvent>) -> Result<bool, Fault> {
        self.replay.push(raw, part);
        let mut full = part.signature.get().is_some();
        if let Some(text) = part.text.get() {
            full = true;
            let kind = if part.thought.get() == Some("true") { Kind::Thinking } else { Kind::Text };
            self.pending.add(kind, text, out);
        }
        if let Some(call) = part.function_call.get() {
            full = true;
            self.calls.push(call.id.get(), call.name.get(), call.args.get())?;
        }
        if let Some(event) = parts::told(part) {
            full = true;
            self.pending.flush(out);
            out.push(event);
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

    fn usage(&mut self, response: &Response<'_>, out: &mut Vec<StreamEvent>) -> bool {
        if let Some(raw) = response.usage.get().filter(|raw| *raw != self.usage.0)
            && let Ok(usage) = serde_json::from_str::<Usage<'_>>(raw)
        {
            self.counts.take(&usage);
            raw.clone_into(&mut self.usage.0);
        }
        let tokens = self.counts.tokens(self.sources.searches());
        if tokens == self.usage.1 {
            return false;
        }
        self.usage.1 = tokens;
        self.pending.flush(out);
        let raw = if self.usage.0.is_empty() { "{}".to_owned() } else { self.usage.0.clone() };
        out.push(StreamEvent::Usage { tokens, raw, billing: self.counts.billing() });
        true
    }

    /// The reply has ended, well or not: what was held back follows the text.
    fn let_go(&mut self, out: &mut Vec<StreamEvent>) {
        self.over = true;
        self.pending.flush(out);
        out.extend(self.sources.take());
    }

    /// Whether the reply has ended well.
    fn conclude(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let nothing = self.pulse == Pulse::default();
        self.let_go(out);
        let Some(Ending { finish, why }) = self.ending.take() else {
            let readable = match self.mode {
                Mode::Elements => !self.array.is_over(),
                _ => may_be_events(&self.body),
            };
            return Err(if nothing && !readable { error::no_stream(&self.party, &self.body) } else { cut() });
        };
        out.extend(why.map(|why| StreamEvent::Part(Untrusted::from(why))));
        out.extend(self.replay.take().map(StreamEvent::Opaque));
        let calls = self.calls.take();
        let finish = if finish == Finish::Stop && !calls.is_empty() { Finish::ToolCalls } else { finish };
        out.extend(calls.into_iter().map(StreamEvent::ToolCall));
        out.push(StreamEvent::Finished(finish));
        Ok(())
    }

    /// A body that is no stream: an error, a whole reply, or a page.
    fn whole(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let body = std::mem::take(&mut self.body);
        let text = String::from_utf8_lossy(&body);
        let reply = serde_json::from_str::<Response<'_>>(&text).ok();
        let is_reply = |reply: &Response<'_>| {
            let any = !reply.candidates.items().is_empty()
                || reply.prompt_feedback.get().is_some()
                || reply.usage.get().is_some()
                || reply.response_id.get().is_some();
            any && reply.error.get().is_none()
        };
        if let Some(reply) = reply.filter(is_reply) {
            self.response(&reply, &text, out)?;
            return self.conclude(out);
        }
        let short = body.get(..error::MOST_BODY).unwrap_or(&body);
        let told = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
        Err(if told {
            error::from_response(&self.party, &error::Head::default(), short, Millis(0))
        } else if body.trim_ascii_start().starts_with(b"{") {
            // The beginning of an object whose end did not come.
            cut()
        } else {
            error::no_stream(&self.party, short)
        })
    }

    /// Says once in the log that something could not be read, with its beginning.
    fn tell_odd(&mut self, data: &str) {
        if !std::mem::replace(&mut self.odd_told, true) {
            let seen = Untrusted::from(data.chars().take(200).collect::<String>());
            tracing::warn!(provider = %self.party.name, "part of the stream has an unknown form: {}", seen.line());
        }
    }
}

impl Decoder for GeminiDecoder {
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
        if !self.over && self.mode != Mode::Elements {
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
        self.sse.held() + self.array.held() + self.body.len()
    }

    fn pulse(&self) -> Pulse {
        self.pulse
    }
}

fn mode_of(bytes: &[u8]) -> Mode {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xEF\xBB\xBF".contains(byte));
    match first {
        None => Mode::Unknown,
        Some(b'[') => Mode::Elements,
        Some(b'{' | b'<') => Mode::Whole,
        Some(_) => Mode::Events,
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
