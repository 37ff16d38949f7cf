//! The one reader of streams, and what the formats fill it with.
//!
//! A [`Reader`] feeds bytes to a framing and payloads to a [`Format`], counts what brought something,
//! and decides how a reply ends: what a format must not decide alone is here, so that it is the same
//! in all. Of a reply it holds one frame and the text of one push. No schema of any format is here.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Finish;
use crate::chat::Millis;
use crate::chat::StreamEvent;
use crate::chat::ToolCall;
use crate::provider::Decoder;
use crate::provider::Pulse;
use crate::provider::error;
use crate::provider::error::Party;
use crate::provider::think::Kind;
use crate::text::Untrusted;
use crate::wire::CAP;
use crate::wire::Tolerant;
use crate::wire::sse::Frame;

mod framing;

pub(super) use framing::{Framing, nameless};

/// Why a reply ended and what it calls; `None` when the end mark of the protocol was not there.
pub(super) type End = Option<(Finish, Vec<ToolCall>)>;

/// What one wire format makes of its payloads.
pub(super) trait Format: Send {
    /// How its streams are cut.
    type Framing: Framing;
    /// One payload.
    type Payload<'a>: Deserialize<'a> + Tolerant;

    /// Reads a payload: the name of its event, itself and its text. Whether it brought anything.
    ///
    /// # Errors
    /// When it says that the reply failed.
    fn payload(
        &mut self,
        name: &str,
        payload: &Self::Payload<'_>,
        data: &str,
        tell: &mut Teller<'_>,
    ) -> Result<bool, Fault>;

    /// Reads a body that is no stream. `false`: it is no reply either.
    ///
    /// # Errors
    /// When it says that the reply failed.
    fn whole(&mut self, _body: &str, _tell: &mut Teller<'_>) -> Result<bool, Fault> {
        Ok(false)
    }

    /// The reply has ended, well or not: tells what was held back. Nothing is left for a second time.
    fn let_go(&mut self, _tell: &mut Teller<'_>) {}

    /// Why the reply ended, when all of it was read.
    ///
    /// # Errors
    /// When there was no end mark, and the format knows a better sentence than that it was cut.
    fn finish(&mut self, tell: &mut Teller<'_>) -> Result<End, Fault>;
}

/// The decoder of one reply in a format.
pub(super) struct Reader<F: Format> {
    format: F,
    framing: F::Framing,
    so_far: SoFar,
}

/// What kind of body it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Unknown,
    Frames,
    /// One JSON value or a page.
    Whole,
}

/// What is known of a reply in every format.
#[derive(Debug, Default)]
struct SoFar {
    party: Party,
    mode: Mode,
    /// A body that is no stream, or the beginning of one in which nothing was read yet.
    body: Vec<u8>,
    pending: Pending,
    /// Whether the model, who stands behind the provider, and the id were told.
    told: [bool; 3],
    /// Whether anything of a reply came.
    any: bool,
    /// Whether output tokens were counted.
    counted: bool,
    /// Nothing that follows is read.
    over: bool,
    /// The stream itself said that it ended, with `[DONE]`.
    done: bool,
    odd_told: bool,
    pulse: Pulse,
}

/// Text of the same kind that waits for the end of the push.
#[derive(Debug)]
struct Pending {
    kind: Kind,
    text: String,
}

impl Default for Pending {
    fn default() -> Self {
        Self { kind: Kind::Text, text: String::new() }
    }
}

/// Takes what a format reads and makes it events.
pub(super) struct Teller<'a> {
    so_far: &'a mut SoFar,
    out: &'a mut Vec<StreamEvent>,
}

impl Teller<'_> {
    /// Text or thinking; pieces of one kind become one event.
    pub(super) fn text(&mut self, kind: Kind, text: &str) {
        if kind != self.so_far.pending.kind {
            self.flush();
            self.so_far.pending.kind = kind;
        }
        self.so_far.any = true;
        self.so_far.pending.text.push_str(text);
    }

    /// Anything else, behind the text so far.
    pub(super) fn event(&mut self, event: StreamEvent) {
        match &event {
            StreamEvent::Part(_) => self.so_far.any = true,
            StreamEvent::Usage { tokens, .. } => {
                self.so_far.counted |= tokens.output.is_some_and(|output| output > 0);
            }
            _ => {}
        }
        self.flush();
        self.out.push(event);
    }

    /// A part of the reply that is no text, in words.
    pub(super) fn part(&mut self, words: String) {
        self.event(StreamEvent::Part(Untrusted::from(words)));
    }

    /// A sign of life.
    pub(super) fn alive(&mut self) {
        self.event(StreamEvent::KeepAlive);
    }

    /// Who serves, who stands behind it, and the id of the reply, each as soon as it is known and
    /// once; whether that is new.
    pub(super) fn started(&mut self, served: [Option<&str>; 3]) -> bool {
        if self.so_far.told.iter().zip(served).all(|(told, text)| *told || text.is_none()) {
            return false;
        }
        let mut new = served.map(|text| text.map(Untrusted::from));
        for (told, text) in self.so_far.told.iter_mut().zip(&mut new) {
            if *told {
                *text = None;
            }
            *told |= text.is_some();
        }
        let [served_model, upstream, generation_id] = new;
        self.event(StreamEvent::Started { served_model, upstream, generation_id });
        true
    }

    /// Something of a reply came that is told later, or not at all.
    pub(super) fn came(&mut self) {
        self.so_far.any = true;
    }

    /// What was said stays said, and the reply begins anew.
    pub(super) fn anew(&mut self) {
        if self.any() {
            self.part("[the provider began the reply anew]".to_owned());
        }
        self.so_far.any = false;
    }

    /// Whether anything of a reply came.
    pub(super) fn any(&self) -> bool {
        self.so_far.any
    }

    /// The end mark was read: nothing that follows is.
    pub(super) fn over(&mut self) {
        self.so_far.over = true;
    }

    /// Whether the stream itself said that it ended, whatever the reply said; a whole body has.
    pub(super) fn is_done(&self) -> bool {
        self.so_far.done || self.so_far.mode == Mode::Whole
    }

    /// The body, when nothing was read in it.
    pub(super) fn unread(&self) -> Option<&[u8]> {
        (self.so_far.pulse.payloads == 0).then_some(&self.so_far.body)
    }

    /// Whether frames were read, if only such as bring nothing.
    pub(super) fn any_frames(&self) -> bool {
        self.so_far.pulse != Pulse::default()
    }

    /// Who answers.
    pub(super) fn party(&self) -> &Party {
        &self.so_far.party
    }

    /// The fault that an error in the stream tells.
    pub(super) fn failure(&self, json: &str) -> Fault {
        error::in_stream(self.party(), json)
    }

    /// Says once in the log that something could not be read, with its beginning.
    pub(super) fn odd(&mut self, data: &str) {
        if !std::mem::replace(&mut self.so_far.odd_told, true) {
            let seen = Untrusted::from(data.chars().take(200).collect::<String>());
            let provider = &self.so_far.party.name;
            tracing::warn!(%provider, "part of the stream has an unknown form: {}", seen.line());
        }
    }

    fn flush(&mut self) {
        let Pending { kind, text } = &mut self.so_far.pending;
        if text.is_empty() {
            return;
        }
        let text = Untrusted::from(std::mem::take(text));
        self.out.push(match kind {
            Kind::Text => StreamEvent::Text(text),
            Kind::Thinking => StreamEvent::Thinking(text),
        });
    }

    fn count(&mut self, full: bool) {
        let pulse = &mut self.so_far.pulse;
        *(if full { &mut pulse.payloads } else { &mut pulse.idles }) += 1;
    }
}

impl<F: Format> Reader<F> {
    /// A decoder for one answer of that party.
    pub(super) fn new(party: Party, format: F) -> Self {
        let so_far = SoFar { party, ..SoFar::default() };
        Self { format, framing: F::Framing::default(), so_far }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let Self { format, framing, so_far } = self;
        if so_far.mode == Mode::Unknown {
            let first =
                bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xEF\xBB\xBF".contains(byte));
            so_far.mode = match first {
                None => Mode::Unknown,
                Some(first) if framing.begins_with(*first) => Mode::Frames,
                Some(_) => Mode::Whole,
            };
        }
        if so_far.mode == Mode::Whole {
            so_far.body.extend_from_slice(bytes);
            return if so_far.body.len() > CAP { Err(too_long()) } else { Ok(()) };
        }
        if so_far.pulse.payloads == 0 {
            let room = F::Framing::PREFACE.saturating_sub(so_far.body.len());
            so_far.body.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        let mut input = bytes;
        let mut tell = Teller { so_far, out };
        while !tell.so_far.over
            && let Some(frame) = framing.next(&mut input).map_err(|_| too_long())?
        {
            take(format, &frame, &mut tell)?;
        }
        tell.so_far.over |= framing.is_over();
        Ok(())
    }

    fn conclude(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let Self { format, framing, so_far } = self;
        let mut tell = Teller { so_far, out };
        if tell.so_far.mode == Mode::Whole {
            let body = std::mem::take(&mut tell.so_far.body);
            if !format.whole(&String::from_utf8_lossy(&body), &mut tell)? {
                return Err(no_reply(tell.party(), &body));
            }
        } else if !tell.so_far.over
            && let Some(frame) = framing.end()
        {
            take(format, &frame, &mut tell)?;
        }
        let_go(format, &mut tell);
        let Some((finish, calls)) = format.finish(&mut tell)? else {
            let SoFar { party, mode, body, .. } = &*tell.so_far;
            let stream = tell.any_frames() || *mode == Mode::Whole || framing.is_begun(body);
            return Err(if stream { cut() } else { error::no_stream(party, body) });
        };
        let nothing = !tell.any() && calls.is_empty();
        let finish = match finish {
            // Nothing was said and nothing was counted: the provider gave up without a word. A model
            // that was paid to say nothing has answered.
            Finish::Stop if nothing && !tell.so_far.counted => return Err(empty()),
            Finish::Unknown if nothing => return Err(empty()),
            // A reply that calls tools wants them to be called, whatever else it says.
            Finish::Stop | Finish::Unknown if !calls.is_empty() => Finish::ToolCalls,
            finish => finish,
        };
        tell.out.extend(calls.into_iter().map(StreamEvent::ToolCall));
        tell.out.push(StreamEvent::Finished(finish));
        Ok(())
    }

    /// Tells what was read so far, and after a fault what was held back too.
    fn told(&mut self, result: Result<(), Fault>, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let mut tell = Teller { so_far: &mut self.so_far, out };
        match result {
            Ok(()) => tell.flush(),
            Err(_) => let_go(&mut self.format, &mut tell),
        }
        result
    }
}

impl<F: Format> Decoder for Reader<F> {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        if self.so_far.over {
            return Ok(());
        }
        let result = self.read(bytes, out);
        self.told(result, out)
    }

    fn end(&mut self, out: &mut Vec<StreamEvent>) -> Result<(), Fault> {
        let result = self.conclude(out);
        self.told(result, out)
    }

    fn is_over(&self) -> bool {
        self.so_far.over
    }

    fn held(&self) -> usize {
        self.framing.held() + self.so_far.body.len()
    }

    fn pulse(&self) -> Pulse {
        self.so_far.pulse
    }
}

/// Reads one frame.
fn take<F: Format>(format: &mut F, frame: &Frame<'_>, tell: &mut Teller<'_>) -> Result<(), Fault> {
    let Frame::Event { name, data } = frame else {
        tell.alive();
        tell.count(false);
        return Ok(());
    };
    let data = data.trim();
    // Of OpenAI; gateways in front of other servers add it.
    if data.starts_with("[DONE]") {
        (tell.so_far.over, tell.so_far.done) = (true, true);
        tell.count(true);
        return Ok(());
    }
    if name == "error" {
        return Err(tell.failure(data));
    }
    let full = match serde_json::from_str::<F::Payload<'_>>(data) {
        Ok(payload) => {
            if crate::wire::is_odd(&payload) {
                tell.odd(data);
            }
            format.payload(name, &payload, data, tell)?
        }
        Err(_) => {
            tell.odd(data);
            false
        }
    };
    tell.count(full);
    Ok(())
}

fn let_go<F: Format>(format: &mut F, tell: &mut Teller<'_>) {
    tell.over();
    format.let_go(tell);
    tell.flush();
}

/// Whether the value of an `error` member says that there was one.
pub(super) fn is_error(json: &str) -> bool {
    !matches!(json, "false" | "{}" | "[]" | "\"\"" | "0")
}

/// The body ended before the reply did.
pub(super) fn cut() -> Fault {
    Fault::cut("The stream ended without its end mark.").hint("Ask again for a whole reply.")
}

/// A body that is neither a stream nor a reply: an error, the beginning of something, or a page.
fn no_reply(party: &Party, body: &[u8]) -> Fault {
    let short = body.get(..error::MOST_BODY).unwrap_or(body);
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => error::from_response(party, &error::Head::default(), short, Millis(0)),
        Err(error) if error.is_eof() => cut(),
        Err(_) => error::no_stream(party, short),
    }
}

/// A frame is longer than what is read.
fn too_long() -> Fault {
    let mut fault =
        Fault::new(FaultClass::Protocol, "The stream has a line or an event of more than 16 MiB.")
            .hint("Check the base_url in the config.");
    fault.cut = true;
    fault
}

fn empty() -> Fault {
    Fault::new(FaultClass::Provider, "The provider sent an empty reply.")
        .hint("Ask again, or ask another model.")
        .retryable()
}
