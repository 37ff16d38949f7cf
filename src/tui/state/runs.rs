//! Replies in flight: which seat each belongs to, where it stands, and the figures that are shown
//! of it while it lives. A run is found by its id alone; a seat is never found by its model.

use std::collections::HashMap;
use std::time::Duration;
use std::time::Instant;

use crate::chat::Charge;
use crate::chat::Fault;
use crate::chat::ReplyId;
use crate::chat::RunId;
use crate::chat::SeatId;
use crate::chat::Tokens;

/// Live figures change at most this often.
pub const FIGURES_EVERY: Duration = Duration::from_millis(250);

/// After this long without any event the pane says so.
pub const SILENT_AFTER: Duration = Duration::from_secs(15);

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// For others on the same key.
    Waiting,
    /// The request was sent.
    Connecting,
    /// Thinking comes.
    Thinking,
    /// Text comes.
    Streaming,
}

/// A pause before the next attempt.
#[derive(Clone, Debug)]
pub struct Retry {
    /// The attempt that follows.
    pub attempt: u32,
    /// When it follows.
    pub at: Instant,
    /// Why the one before failed.
    pub why: Fault,
}

/// A wait for a turn at the provider.
#[derive(Clone, Debug)]
pub struct Queue {
    /// For what, in words.
    pub why: String,
    /// When it ends, as far as that is known.
    pub until: Option<Instant>,
}

/// Figures as they are shown: kept apart so that they change calmly.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Output tokens so far.
    pub out: u64,
    /// Input tokens.
    pub input: Option<u64>,
    /// Output tokens a second.
    pub speed: Option<u64>,
    /// What it costs so far.
    pub charge: Option<Charge>,
}

/// One reply in flight.
#[derive(Clone, Debug)]
pub struct Live {
    /// Whose.
    pub seat: SeatId,
    /// The turn, as an index of the room's turns.
    pub turn: usize,
    /// The reply.
    pub reply: ReplyId,
    /// Where it stands.
    pub phase: Phase,
    /// What it waits for.
    pub queued: Option<Queue>,
    /// The attempt that runs.
    pub attempt: u32,
    /// The pause that it is in.
    pub retry: Option<Retry>,
    /// When it was asked for.
    pub begun: Instant,
    /// When the request was sent, or the run begun.
    pub asked: Instant,
    /// When something was last heard of it.
    pub heard: Instant,
    /// The first and the last delta.
    pub deltas: Option<(Instant, Instant)>,
    /// When thinking began.
    pub thinking_since: Option<Instant>,
    /// Bytes of text and of thinking, for estimates.
    pub bytes: (u64, u64),
    /// What the server counted so far.
    pub counted: Tokens,
    /// Input tokens as they were estimated before sending.
    pub input_guess: u64,
    /// Whether the person stopped it.
    pub stopping: bool,
    /// What is shown.
    pub shown: Figures,
    /// When what is shown was computed.
    pub shown_at: Option<Instant>,
}

impl Live {
    /// A run that begins.
    #[must_use]
    pub fn new(seat: SeatId, turn: usize, reply: ReplyId, now: Instant) -> Self {
        Self {
            seat,
            turn,
            reply,
            phase: Phase::Waiting,
            queued: None,
            attempt: 0,
            retry: None,
            begun: now,
            asked: now,
            heard: now,
            deltas: None,
            thinking_since: None,
            bytes: (0, 0),
            counted: Tokens::default(),
            input_guess: 0,
            stopping: false,
            shown: Figures::default(),
            shown_at: None,
        }
    }

    /// A delta of so many bytes has come.
    pub fn delta(&mut self, bytes: usize, thinking: bool, now: Instant) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let count = if thinking { &mut self.bytes.1 } else { &mut self.bytes.0 };
        *count = count.saturating_add(bytes);
        let first = self.deltas.map_or(now, |(first, _)| first);
        self.deltas = Some((first, now));
        self.retry = None;
        self.queued = None;
    }

    /// The tokens so far: the server's where it has counted, else from the length of the text.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let guess = guess_tokens(self.bytes.0.saturating_add(self.bytes.1));
        Tokens {
            input: self.counted.input.or(Some(self.input_guess)),
            output: Some(self.counted.output.unwrap_or(0).max(guess)),
            ..self.counted
        }
    }

    /// Output tokens a second, from the first delta to the last.
    #[must_use]
    pub fn speed(&self, out: u64) -> Option<u64> {
        let (first, last) = self.deltas?;
        let took = u64::try_from(last.saturating_duration_since(first).as_millis()).ok()?;
        (took >= 200).then(|| out.saturating_mul(1000) / took)
    }
}

/// Tokens of so many bytes of text, roughly: about four bytes each.
#[must_use]
pub fn guess_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

/// All replies in flight.
#[derive(Debug, Default)]
pub struct Runs {
    live: HashMap<RunId, Live>,
}

impl Runs {
    /// A run begins.
    pub fn insert(&mut self, run: RunId, live: Live) {
        self.live.insert(run, live);
    }

    /// The run of that id.
    #[must_use]
    pub fn get(&self, run: RunId) -> Option<&Live> {
        self.live.get(&run)
    }

    /// The run of that id.
    pub fn get_mut(&mut self, run: RunId) -> Option<&mut Live> {
        self.live.get_mut(&run)
    }

    /// A run has ended.
    pub fn remove(&mut self, run: RunId) -> Option<Live> {
        self.live.remove(&run)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&RunId, &Live)> {
        self.live.iter()
    }

    /// All of them, in no order.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Live> {
        self.live.values_mut()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether none is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.live.clear();
    }
}
