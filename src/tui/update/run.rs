//! What runs say. Costs per event do not grow with the reply, the history or the number of panes,
//! and nothing here touches focus, scroll or selection.

use crate::chat::Notice;
use crate::chat::RunId;
use crate::chat::Status;
use crate::engine::Outcome;
use crate::engine::RunEvent;
use crate::engine::RunEventKind;
use crate::engine::SaveState;
use crate::text::Untrusted;
use crate::tui::effect::Effect;
use crate::tui::state::FIGURES_EVERY;
use crate::tui::state::Figures;
use crate::tui::state::Live;
use crate::tui::state::Phase;
use crate::tui::state::Piece;
use crate::tui::state::Queue;
use crate::tui::state::Retry;
use crate::tui::state::State;
use crate::tui::update::Dirty;
use crate::tui::update::compose;
use crate::tui::update::send;

/// Takes what runs say.
pub fn run(state: &mut State, events: Vec<RunEvent>, out: &mut Vec<Effect>) -> Dirty {
    let mut dirty = Dirty::Nothing;
    for event in events {
        dirty = dirty.max(one(state, event, out));
    }
    dirty
}

fn one(state: &mut State, event: RunEvent, out: &mut Vec<Effect>) -> Dirty {
    let RunEvent { run, at, kind } = event;
    if let RunEventKind::Save(save) = kind {
        return saved(state, save);
    }
    let Some(live) = state.runs.get_mut(run) else { return Dirty::Nothing };
    live.heard = at;
    match kind {
        RunEventKind::Queued { why, for_ms } => {
            live.phase = Phase::Waiting;
            live.retry = None;
            let until = for_ms.map(|ms| at + std::time::Duration::from_millis(ms));
            live.queued = Some(Queue { why, until });
        }
        RunEventKind::Connecting { attempt } => {
            live.phase = Phase::Connecting;
            live.attempt = attempt;
            live.asked = at;
            live.queued = None;
            live.retry = None;
            tell_why(state, run, None);
        }
        RunEventKind::Started { served_model, upstream } => started(state, run, served_model, upstream),
        RunEventKind::Text(text) => text_came(state, run, &text, at),
        RunEventKind::Thinking(text) => thinking_came(state, run, &text, at),
        RunEventKind::ToolCall(call) => {
            let (turn, reply) = (live.turn, live.reply);
            if let Some(reply) = state.room.reply_mut(turn, reply) {
                reply.tool_calls.push(call);
            }
            touch(state, run);
        }
        RunEventKind::Part(part) => {
            let (turn, seat) = (live.turn, live.seat);
            if let Some(item) = state.pane_of_mut(seat).and_then(|pane| pane.items.get_mut(turn)) {
                item.parts.push(part);
                item.grow();
            }
        }
        RunEventKind::Note(words) => {
            // It stays with the reply that it is about: several seats may have something to tell.
            let (turn, reply) = (live.turn, live.reply);
            if let Some(reply) = state.room.reply_mut(turn, reply) {
                reply.note(words);
            }
            touch(state, run);
        }
        RunEventKind::Room(name) => {
            state.room.name = Some(name);
            out.push(Effect::Title(format!("salon · {}", state.room.title())));
            return Dirty::Now;
        }
        RunEventKind::Usage(tokens) => live.counted = tokens,
        RunEventKind::Retry { attempt, after_ms, why } => {
            let then = at + std::time::Duration::from_millis(after_ms);
            let words = why.message.line().into_owned();
            live.retry = Some(Retry { attempt, at: then, why });
            live.phase = Phase::Waiting;
            tell_why(state, run, Some(words));
        }
        RunEventKind::Finished(outcome) => {
            finished(state, run, *outcome, out);
            return Dirty::Stream;
        }
        RunEventKind::Save(_) => {}
    }
    figures(state, run, false);
    Dirty::Stream
}

fn saved(state: &mut State, save: SaveState) -> Dirty {
    let before = state.not_saved.take();
    match save {
        SaveState::NotSaved(why) => state.not_saved = Some(why),
        SaveState::Saved if before.is_some() => state.say("saved again: what is shown is on disk"),
        SaveState::Saved => return Dirty::Nothing,
    }
    Dirty::Now
}

fn started(state: &mut State, run: RunId, served: Option<Untrusted>, upstream: Option<Untrusted>) {
    let Some(live) = state.runs.get(run) else { return };
    let (turn, reply) = (live.turn, live.reply);
    if let Some(reply) = state.room.reply_mut(turn, reply) {
        reply.served_model = reply.served_model.take().or(served);
        reply.upstream = reply.upstream.take().or(upstream);
    }
}

fn text_came(state: &mut State, run: RunId, text: &Untrusted, at: std::time::Instant) {
    let Some(live) = state.runs.get_mut(run) else { return };
    let thought = live.thinking_since.take().filter(|_| live.bytes.0 == 0);
    live.delta(text.len(), false, at);
    live.phase = Phase::Streaming;
    let (turn, reply, seat) = (live.turn, live.reply, live.seat);
    if let Some(reply) = state.room.reply_mut(turn, reply) {
        reply.text.lengthen(text);
    }
    let Some(pane) = state.panes.iter_mut().find(|pane| pane.id() == seat) else { return };
    let reads_thinking = pane.scroll.reads(turn, Piece::Thinking);
    let Some(item) = pane.items.get_mut(turn) else { return };
    if let Some(since) = thought {
        item.thought_ms = u64::try_from(at.saturating_duration_since(since).as_millis()).ok();
        // Who reads the thinking keeps it: collapsing it would move the text away under the eyes.
        if reads_thinking && item.thinking.is_none() {
            item.thinking = Some(true);
        }
    }
    item.grow();
}

fn thinking_came(state: &mut State, run: RunId, text: &Untrusted, at: std::time::Instant) {
    let Some(live) = state.runs.get_mut(run) else { return };
    live.delta(text.len(), true, at);
    live.phase = Phase::Thinking;
    live.thinking_since.get_or_insert(at);
    let (turn, reply, seat) = (live.turn, live.reply, live.seat);
    if let Some(reply) = state.room.reply_mut(turn, reply) {
        reply.thinking.lengthen(text);
    }
    if let Some(item) = state.pane_of_mut(seat).and_then(|pane| pane.items.get_mut(turn)) {
        item.grow();
    }
}

/// Why it is asked again, for as long as that takes.
fn tell_why(state: &mut State, run: RunId, words: Option<String>) {
    let Some(live) = state.runs.get(run) else { return };
    let (turn, seat) = (live.turn, live.seat);
    let item = state.pane_of_mut(seat).and_then(|pane| pane.items.get_mut(turn));
    if let Some(item) = item.filter(|item| item.failed != words) {
        item.failed = words;
        item.grow();
    }
}

/// Makes the layout of the reply anew.
fn touch(state: &mut State, run: RunId) {
    let Some(live) = state.runs.get(run) else { return };
    let (turn, seat) = (live.turn, live.seat);
    if let Some(item) = state.pane_of_mut(seat).and_then(|pane| pane.items.get_mut(turn)) {
        item.grow();
    }
}

/// Computes what is shown of a live run, calmly.
pub fn figures(state: &mut State, run: RunId, at_once: bool) -> bool {
    let now = state.clock.now;
    let Some(live) = state.runs.get(run) else { return false };
    let due = live.shown_at.is_none_or(|shown| now.saturating_duration_since(shown) >= FIGURES_EVERY);
    if !due && !at_once {
        return false;
    }
    let tokens = live.tokens();
    let out = tokens.output.unwrap_or(0);
    let speed = live.speed(out);
    let model = state.pane_of(live.seat).map(|pane| pane.seat.model.clone());
    let model = state
        .room
        .turns
        .get(live.turn)
        .and_then(|turn| turn.replies.iter().find(|reply| reply.id == live.reply))
        .map(|reply| reply.model.clone())
        .or(model);
    let charge = model.filter(|_| out > 0).map(|model| state.guess_charge(&model, &tokens));
    let shown = Figures { out, input: tokens.input_total(), speed, charge };
    if let Some(live) = state.runs.get_mut(run) {
        live.shown = shown;
        live.shown_at = Some(now);
    }
    true
}

fn finished(state: &mut State, run: RunId, outcome: Outcome, out: &mut Vec<Effect>) {
    let Some(live) = state.runs.remove(run) else { return };
    let status = outcome.status;
    let unsent = outcome.fault.as_ref().is_some_and(|fault| fault.unsent);
    let speed = live.speed(outcome.tokens.output.unwrap_or(0));
    if let Some(reply) = state.room.reply_mut(live.turn, live.reply) {
        reply.text.settle();
        reply.thinking.settle();
        reply.status = outcome.status;
        reply.finish = outcome.finish;
        reply.fault = outcome.fault;
        reply.tokens = outcome.tokens;
        reply.charge = Some(outcome.charge);
        reply.attempts = outcome.attempts;
        reply.ttft_ms = outcome.ttft_ms;
        reply.total_ms = Some(outcome.total_ms);
        reply.served_model = outcome.served_model.or_else(|| reply.served_model.take());
        reply.upstream = outcome.upstream.or_else(|| reply.upstream.take());
    }
    if let Some(pane) = state.pane_of_mut(live.seat) {
        pane.live = None;
        let reads_thinking = pane.scroll.reads(live.turn, Piece::Thinking);
        if let Some(item) = pane.items.get_mut(live.turn) {
            item.grow();
            item.failed = None;
            item.speed = speed;
            if reads_thinking && item.thinking.is_none() {
                item.thinking = Some(true);
            }
            if let Some(since) = live.thinking_since.filter(|_| item.thought_ms.is_none()) {
                item.thought_ms = u64::try_from(live.heard.saturating_duration_since(since).as_millis()).ok();
            }
        }
    }
    out.push(Effect::Spent);
    give_back_if_nothing(state, &live, status, unsent);
    send::release(state, live.seat, out);
    if !state.composer.is_empty() {
        compose::estimate_soon(state);
    }
}

/// When every reply of a turn was stopped, or never left, before any text came, the prompt goes
/// back to the composer and the turn counts as never asked.
fn give_back_if_nothing(state: &mut State, live: &Live, status: Status, unsent: bool) {
    if status != Status::Stopped && !unsent || state.runs.iter().any(|(_, other)| other.turn == live.turn) {
        return;
    }
    let Some(turn) = state.room.turns.get_mut(live.turn) else { return };
    let nothing = turn.replies.iter().all(|reply| {
        let never = reply.fault.as_ref().is_some_and(|fault| fault.unsent);
        reply.text.is_empty() && reply.tool_calls.is_empty() && (reply.status == Status::Stopped || never)
    });
    let waits = state.panes.iter().any(|pane| pane.held.iter().any(|held| held.turn == turn.id));
    if !nothing || waits || turn.replies.iter().any(|reply| reply.sibling > 1) {
        return;
    }
    let prompt = turn.prompt.clone();
    // Without targets the turn is not part of what any seat is sent next.
    let failed = turn.replies.iter().find_map(|reply| reply.fault.clone().filter(|fault| fault.unsent));
    turn.targets.clear();
    let index = live.turn;
    for pane in &mut state.panes {
        if let Some(item) = pane.items.get_mut(index) {
            item.touch();
        }
    }
    send::give_back(state, &prompt);
    if let Some(fault) = failed {
        let hint = if fault.hint.is_empty() { String::new() } else { format!(" {}", fault.hint) };
        state.tell(Notice::error(format!(
            "nothing was sent: {}.{hint} The prompt is kept.",
            fault.message.line().trim_end_matches('.')
        )));
    }
}
