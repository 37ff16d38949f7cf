//! One run's way through the journal: what is not saved yet, what is not told yet, and how it ends.
//! Pure data with rules; the journal decides when. The order of what is told is the order of what
//! happened.

use std::time::Instant;

use crate::chat::ReplyId;
use crate::chat::RunId;
use crate::chat::Tokens;
use crate::chat::ToolCall;
use crate::engine::event::Outcome;
use crate::engine::event::RunEvent;
use crate::engine::event::RunEventKind;
use crate::engine::event::SaveState;
use crate::engine::outlet::Outlet;
use crate::store::Delta;
use crate::store::DeltaKind;
use crate::store::ReplyEnd;
use crate::store::tool_call_text;
use crate::text::Untrusted;

/// One thing that a run hands to the journal.
#[derive(Debug)]
pub enum Piece {
    /// Something to save, and then to tell.
    Written(DeltaKind, String),
    /// A tool call to save, and then to tell.
    Call(ToolCall),
    /// Something to tell only, after all that came before it.
    Told(RunEventKind),
}

/// How a run ended: for the store, and for the door.
#[derive(Debug)]
pub struct Ending {
    /// What is saved.
    pub end: Box<ReplyEnd>,
    /// What is told; taken when it has been.
    pub outcome: Option<Box<Outcome>>,
}

/// The journal's side of one run.
pub struct Lane {
    /// Whose.
    pub run: RunId,
    /// How it ended, when it has.
    pub ending: Option<Ending>,
    /// Not before this instant is saving tried again; set by a failure.
    pub retry_at: Option<Instant>,
    reply: ReplyId,
    outlet: Outlet,
    seq: u64,
    /// Not saved, and not on the way.
    deltas: Vec<Delta>,
    /// The bytes that were added to them.
    waiting: usize,
    /// So many of them, from the first, were tried before. They may be on disk after all, so that
    /// nothing is joined to them: the store takes each piece once and leaves it as it was.
    tried: usize,
    /// On the way to the store.
    flying: Vec<Delta>,
    /// Not told, and belonging to `deltas`.
    events: Vec<RunEventKind>,
    /// Not told, and belonging to `flying`.
    flying_events: Vec<RunEventKind>,
    /// The last count that was not told; counts are cumulative.
    usage: Option<Tokens>,
    /// The door was told that this run is not saved.
    alarmed: bool,
}

impl Lane {
    /// A lane for a run that begins.
    #[must_use]
    pub fn new(run: RunId, reply: ReplyId, outlet: Outlet) -> Self {
        Self {
            run,
            ending: None,
            retry_at: None,
            reply,
            outlet,
            seq: 0,
            deltas: Vec::new(),
            waiting: 0,
            tried: 0,
            flying: Vec::new(),
            events: Vec::new(),
            flying_events: Vec::new(),
            usage: None,
            alarmed: false,
        }
    }

    /// Takes what came. What need not be saved is told at once when nothing waits before it.
    pub fn take(&mut self, piece: Piece, now: Instant) {
        match piece {
            Piece::Written(kind, text) => self.write(kind, text),
            Piece::Call(call) => {
                self.save(DeltaKind::ToolCall, tool_call_text(&call));
                self.events.push(RunEventKind::ToolCall(call));
            }
            Piece::Told(RunEventKind::Usage(tokens)) => self.usage = Some(tokens),
            Piece::Told(event) => self.events.push(event),
        }
        if self.deltas.is_empty() && self.flying.is_empty() {
            self.tell_all(now);
        }
    }

    /// Whether something waits to be saved and is not on the way.
    #[must_use]
    pub fn has_deltas(&self) -> bool {
        !self.deltas.is_empty()
    }

    /// How many bytes wait to be saved and are not on the way.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether something is on the way to the store.
    #[must_use]
    pub fn is_flying(&self) -> bool {
        !self.flying.is_empty()
    }

    /// Whether saving may be tried now.
    #[must_use]
    pub fn may_try(&self, now: Instant) -> bool {
        self.retry_at.is_none_or(|at| at <= now)
    }

    /// Whether the door was told that this run is not saved.
    #[must_use]
    pub fn is_alarmed(&self) -> bool {
        self.alarmed
    }

    /// Sends everything that waits on its way; a copy goes to the store, so that a failure loses
    /// nothing.
    pub fn launch(&mut self, into: &mut Vec<Delta>) {
        self.flying = std::mem::take(&mut self.deltas);
        (self.tried, self.waiting) = (0, 0);
        self.flying_events.append(&mut self.events);
        self.flying_events.extend(self.usage.take().map(RunEventKind::Usage));
        into.extend_from_slice(&self.flying);
    }

    /// What was on its way has arrived: it is told.
    pub fn landed(&mut self, now: Instant) {
        self.flying.clear();
        self.retry_at = None;
        self.tell_flying(now);
        if self.deltas.is_empty() {
            self.tell_all(now);
        }
        if self.deltas.is_empty() && self.ending.is_none() {
            self.calm(now);
        }
    }

    /// What was on its way was lost: it waits again, before what came since.
    pub fn crashed(&mut self, retry_at: Instant) {
        self.tried = self.flying.len();
        self.flying.append(&mut self.deltas);
        self.deltas = std::mem::take(&mut self.flying);
        self.retry_at = Some(retry_at);
    }

    /// It cannot be saved now: says so once, and tells everything all the same.
    pub fn alarm(&mut self, why: &str, now: Instant) {
        if !self.alarmed {
            self.alarmed = true;
            self.tell(RunEventKind::Save(SaveState::NotSaved(why.to_owned())), now);
        }
        self.tell_all(now);
        self.tell_outcome(now);
    }

    /// The end is saved: everything is told. Nothing follows.
    pub fn finished(&mut self, now: Instant) {
        self.tell_all(now);
        self.tell_outcome(now);
        self.calm(now);
    }

    fn write(&mut self, kind: DeltaKind, text: String) {
        let event = match kind {
            DeltaKind::Text | DeltaKind::Thinking => {
                let fresh = self.deltas.get_mut(self.tried..).unwrap_or_default();
                match fresh.last_mut().filter(|last| last.kind == kind) {
                    Some(last) => {
                        self.waiting += text.len();
                        last.text.push_str(&text);
                    }
                    None => self.save(kind, text.clone()),
                }
                let text = Untrusted::from(text);
                if kind == DeltaKind::Text { RunEventKind::Text(text) } else { RunEventKind::Thinking(text) }
            }
            DeltaKind::Part => {
                self.save(kind, text.clone());
                RunEventKind::Part(Untrusted::from(text))
            }
            DeltaKind::Note => {
                self.save(kind, text.clone());
                RunEventKind::Note(text)
            }
            // Opaque state is for the next request, not for the screen; calls come as calls.
            DeltaKind::Opaque | DeltaKind::ToolCall => return self.save(kind, text),
        };
        if !self.events.last_mut().is_some_and(|last| last.join(&event)) {
            self.events.push(event);
        }
    }

    fn save(&mut self, kind: DeltaKind, text: String) {
        self.waiting += text.len();
        self.deltas.push(Delta { reply: self.reply, seq: self.seq, kind, text });
        self.seq += 1;
    }

    fn calm(&mut self, now: Instant) {
        if self.alarmed {
            self.alarmed = false;
            self.tell(RunEventKind::Save(SaveState::Saved), now);
        }
    }

    fn tell_flying(&mut self, now: Instant) {
        let mut events = std::mem::take(&mut self.flying_events);
        for event in events.drain(..) {
            self.tell(event, now);
        }
        // The buffer is used again: one tick follows the other.
        self.flying_events = events;
    }

    fn tell_all(&mut self, now: Instant) {
        self.tell_flying(now);
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            self.tell(event, now);
        }
        self.events = events;
        if let Some(tokens) = self.usage.take() {
            self.tell(RunEventKind::Usage(tokens), now);
        }
    }

    fn tell_outcome(&mut self, now: Instant) {
        if let Some(outcome) = self.ending.as_mut().and_then(|ending| ending.outcome.take()) {
            self.tell(RunEventKind::Finished(outcome), now);
        }
    }

    fn tell(&self, kind: RunEventKind, at: Instant) {
        self.outlet.send(RunEvent { run: self.run, at, kind });
    }
}
