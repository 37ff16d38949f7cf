//! Plays what a demo model answers: cuts it into tokens, keeps time, and ends it with the bill.
//!
//! The clock is only looked at when the pace is not none. Late tokens are not dropped but sent
//! together, as a socket would.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::time::Instant;
use tokio::time::sleep_until;

use crate::chat::Billing;
use crate::chat::ChatRequest;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Finish;
use crate::chat::StreamEvent;
use crate::chat::Tokens;
use crate::chat::ToolCall;
use crate::provider::demo::MODELS;
use crate::provider::demo::Pace;
use crate::provider::demo::cue::Cue;
use crate::provider::demo::cue::input_tokens;
use crate::provider::demo::cue::tokens_of;
use crate::provider::demo::seed::Seed;
use crate::text::Untrusted;

/// One thing that a model does.
pub(super) enum Beat {
    /// Thinks aloud.
    Think(Cow<'static, str>),
    /// Says something.
    Say(Cow<'static, str>),
    /// Is silent for so long, besides what its tempo asks for.
    Wait(Duration),
    /// Shows that it is alive, without a word.
    Alive,
    /// Wants a tool to be called; it ends with that.
    Call(ToolCall),
    /// Fails. Nothing follows.
    Fail(Box<Fault>),
}

/// How fast a model speaks.
#[derive(Clone, Copy)]
pub(super) struct Tempo {
    /// Until the first token, in milliseconds.
    first_ms: u64,
    /// Tokens per second; 0: all at once.
    per_second: u64,
}

impl Tempo {
    /// No pause at all.
    pub(super) const AT_ONCE: Self = Self { first_ms: 0, per_second: 0 };

    /// Milliseconds until the first token, then tokens per second.
    pub(super) const fn speaking(first_ms: u64, per_second: u64) -> Self {
        Self { first_ms, per_second }
    }

    fn first(self) -> Duration {
        Duration::from_millis(self.first_ms)
    }

    /// One token, half to one and a half times the usual.
    fn token(self, seed: &mut Seed) -> Duration {
        match 1_000_000_u64.checked_div(self.per_second) {
            Some(micros) => Duration::from_micros(micros * (500 + seed.below(1001)) / 1000),
            None => Duration::ZERO,
        }
    }
}

/// What one piece of a stream is.
type Item = Result<StreamEvent, Fault>;

/// Events that go out together at most.
const BATCH: usize = 64;
/// Bytes of a piece when nobody waits for single tokens.
const LARGE: usize = 256;

/// What the player does next when the beats are over.
enum Ending {
    Usage,
    Finished,
    Over,
}

/// One reply while it is played.
pub(super) struct Player {
    request: Option<ChatRequest>,
    pace: Pace,
    patience: Duration,
    refusals: Arc<AtomicU64>,
    tempo: Tempo,
    seed: Seed,
    beats: std::vec::IntoIter<Beat>,
    /// The text that is being said, how far it was, and whether it is thinking.
    text: Option<(Cow<'static, str>, usize, bool)>,
    started: bool,
    served: &'static str,
    input: (u64, u64),
    /// Bytes said, and of these thought.
    output: (usize, usize),
    /// Bytes that may still be said.
    allowance: Option<usize>,
    finish: Finish,
    ending: Ending,
    due: Option<Instant>,
    waiting: Option<(Option<Instant>, Item)>,
}

impl Player {
    /// Of a request; nothing happens before the first [`Player::next`].
    pub(super) fn new(
        request: ChatRequest,
        pace: Pace,
        patience: Duration,
        refusals: Arc<AtomicU64>,
    ) -> Self {
        Self {
            request: Some(request),
            pace,
            patience,
            refusals,
            tempo: Tempo::AT_ONCE,
            seed: Seed::from_parts(std::iter::empty()),
            beats: Vec::new().into_iter(),
            text: None,
            started: false,
            served: "",
            input: (0, 0),
            output: (0, 0),
            allowance: None,
            finish: Finish::Stop,
            ending: Ending::Usage,
            due: None,
            waiting: None,
        }
    }

    /// The next events, when their time has come. `None` when all was said.
    pub(super) async fn next(&mut self) -> Option<Result<Vec<StreamEvent>, Fault>> {
        if let Some(request) = self.request.take() {
            self.begin(&request);
        }
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            let Some((due, item)) = self.waiting.take().or_else(|| self.step()) else { break };
            if let Some(due) = due.filter(|due| *due > Instant::now()) {
                if !batch.is_empty() {
                    self.waiting = Some((Some(due), item));
                    break;
                }
                sleep_until(due).await;
            }
            match item {
                Ok(event) => batch.push(event),
                Err(fault) if batch.is_empty() => {
                    self.ending = Ending::Over;
                    return Some(Err(fault));
                }
                Err(fault) => {
                    self.waiting = Some((None, Err(fault)));
                    break;
                }
            }
        }
        (!batch.is_empty()).then_some(Ok(batch))
    }

    fn begin(&mut self, request: &ChatRequest) {
        let cue = Cue::new(request, self.patience, Arc::clone(&self.refusals));
        self.due = (self.pace != Pace::NONE).then(Instant::now);
        self.input = input_tokens(&request.messages);
        self.allowance = request
            .params
            .max_tokens
            .map(|tokens| usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(4));
        self.seed = cue.seed.clone();
        let beats = match MODELS.iter().find(|model| model.id == request.model.id) {
            Some(model) => {
                (self.tempo, self.served) = (model.tempo, model.id);
                (model.act)(&cue)
            }
            None => vec![Beat::Fail(Box::new(unknown(&request.model.id)))],
        };
        self.beats = beats.into_iter();
    }

    /// The next item and when it is due.
    fn step(&mut self) -> Option<(Option<Instant>, Item)> {
        loop {
            if let Some((text, from, thinking)) = self.text.take() {
                if from < text.len() && self.allowance != Some(0) {
                    return Some(self.piece(text, from, thinking));
                }
                if from < text.len() {
                    self.finish = Finish::Length;
                    self.beats = Vec::new().into_iter();
                }
                continue;
            }
            let Some(beat) = self.beats.next() else { return self.end() };
            if !self.started && !matches!(beat, Beat::Fail(_)) {
                // The server answers the request first, and says who it is.
                self.started = true;
                self.hold(beat);
                let started = StreamEvent::Started {
                    served_model: Some(Untrusted::from(self.served)),
                    upstream: None,
                    generation_id: None,
                };
                return Some((self.after(self.tempo.first()), Ok(started)));
            }
            match beat {
                Beat::Think(text) => self.text = Some((text, 0, true)),
                Beat::Say(text) => self.text = Some((text, 0, false)),
                Beat::Wait(real) => {
                    self.after(real);
                }
                Beat::Alive => return Some((self.after(Duration::ZERO), Ok(StreamEvent::KeepAlive))),
                Beat::Call(call) => {
                    self.finish = Finish::ToolCalls;
                    self.beats = Vec::new().into_iter();
                    self.output.0 += call.name.len() + call.arguments.len();
                    return Some((self.after(self.tempo.first()), Ok(StreamEvent::ToolCall(call))));
                }
                Beat::Fail(fault) => {
                    let pause = if self.started { Duration::ZERO } else { self.tempo.first() };
                    return Some((self.after(pause), Err(self.paced(*fault))));
                }
            }
        }
    }

    /// Puts a beat back in front of the others.
    fn hold(&mut self, beat: Beat) {
        let rest = std::mem::take(&mut self.beats);
        self.beats = std::iter::once(beat).chain(rest).collect::<Vec<_>>().into_iter();
    }

    /// The next token of a text.
    fn piece(&mut self, text: Cow<'static, str>, from: usize, thinking: bool) -> (Option<Instant>, Item) {
        let at_once = self.due.is_none() || self.tempo.per_second == 0;
        let wanted = if at_once { LARGE } else { 2 + self.seed.index(5) };
        let wanted = self.allowance.map_or(wanted, |rest| wanted.min(rest));
        let mut to = text.len().min(from + wanted.max(1));
        while !text.is_char_boundary(to) {
            to += 1;
        }
        let said = to - from;
        self.allowance = self.allowance.map(|rest| rest.saturating_sub(said));
        self.output.0 += said;
        let piece = Untrusted::from(text.get(from..to).unwrap_or_default());
        let event = if thinking {
            self.output.1 += said;
            StreamEvent::Thinking(piece)
        } else {
            StreamEvent::Text(piece)
        };
        let pause = self.tempo.token(&mut self.seed);
        self.text = Some((text, to, thinking));
        (self.after(pause), Ok(event))
    }

    /// The bill and the end mark.
    fn end(&mut self) -> Option<(Option<Instant>, Item)> {
        let event = match self.ending {
            Ending::Usage => {
                self.ending = Ending::Finished;
                self.usage()
            }
            Ending::Finished => {
                self.ending = Ending::Over;
                StreamEvent::Finished(self.finish.clone())
            }
            Ending::Over => return None,
        };
        Some((self.due, Ok(event)))
    }

    fn usage(&self) -> StreamEvent {
        let (cached, new) = self.input;
        let (output, thought) = (tokens_of(self.output.0), tokens_of(self.output.1));
        let tokens = Tokens {
            input: Some(new),
            cache_read: Some(cached),
            cache_write: Some(0),
            cache_write_1h: None,
            output: Some(output),
            reasoning: Some(thought.min(output)),
            ..Tokens::default()
        };
        let raw = format!(
            r#"{{"prompt_tokens":{},"completion_tokens":{output},"prompt_tokens_details":{{"cached_tokens":{cached}}},"completion_tokens_details":{{"reasoning_tokens":{}}}}}"#,
            cached + new,
            thought.min(output)
        );
        StreamEvent::Usage { tokens, raw, billing: Billing::default() }
    }

    /// When something is due that comes so long after what was before.
    fn after(&mut self, real: Duration) -> Option<Instant> {
        let pause = self.pace.of(real);
        self.due = self.due.map(|due| due + pause);
        self.due
    }

    /// A fault asks for patience at the pace of everything else.
    fn paced(&self, mut fault: Fault) -> Fault {
        let pace =
            |ms| u64::try_from(self.pace.of(Duration::from_millis(ms)).as_millis()).unwrap_or(u64::MAX);
        fault.retry_after_ms = fault.retry_after_ms.map(pace);
        fault
    }
}

fn unknown(id: &str) -> Fault {
    let known: Vec<String> = MODELS.iter().map(|model| format!("demo/{}", model.id)).collect();
    Fault::new(FaultClass::NotFound, format!("there is no demo model {id:?}"))
        .hint(format!("The demo models are {}.", known.join(", ")))
        .unsent()
}
