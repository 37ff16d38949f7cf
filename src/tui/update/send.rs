//! Enter: a command, or a prompt to the seats it is for. Seats that are free get it now; those that
//! still stream hold it until they are done.

use crate::chat::Notice;
use crate::chat::Pico;
use crate::chat::Reply;
use crate::chat::RunId;
use crate::chat::SeatId;
use crate::chat::Turn;
use crate::chat::TurnId;
use crate::chat::own_history;
use crate::chat::short_usd;
use crate::engine::Ask;
use crate::engine::Job;
use crate::tui::effect::Effect;
use crate::tui::panel::Choice;
use crate::tui::panel::Confirm;
use crate::tui::state::Held;
use crate::tui::state::Live;
use crate::tui::state::State;
use crate::tui::state::listed;
use crate::tui::update::command;
use crate::tui::update::compose;
use crate::tui::update::panels;
use crate::tui::update::seats;

/// Sends the draft, or does the command that it is.
pub fn enter(state: &mut State, out: &mut Vec<Effect>) {
    let text = state.composer.text();
    if text.trim().is_empty() {
        return;
    }
    if state.composer.typed().starts_with('/') && !text.starts_with("//") && state.composer.line_count() == 1
    {
        let line = text.trim().to_owned();
        state.composer.clear();
        compose::changed(state);
        command::run(state, &line, out);
        return;
    }
    if let Some(why) = &state.room.read_only {
        let rest = state.keys.name("{new-room} starts a new room.");
        let why = format!("{}. {rest}", why.trim_end_matches('.'));
        state.tell(Notice::error(why));
        return;
    }
    let targets = state.targets();
    if targets.is_empty() {
        state.tell(Notice::warning(
            "nobody would get it: every seat is muted. /mute takes the current one in again.",
        ));
        return;
    }
    if state.look.ui.first_paid_send && ask_first(state, &text, &targets) {
        return;
    }
    let prompt = text.strip_prefix('/').filter(|_| text.starts_with("//")).unwrap_or(&text).to_owned();
    state.composer.clear();
    state.composer.prompts.push(prompt.clone());
    compose::changed(state);
    prompt_to(state, prompt, targets, out);
}

/// The first send of an install that costs money shows models and worst cost, once.
fn ask_first(state: &mut State, text: &str, targets: &[SeatId]) -> bool {
    let paid: Vec<String> = state
        .panes
        .iter()
        .filter(|pane| targets.contains(&pane.id()) && state.costs_money(&pane.seat.model))
        .map(|pane| pane.seat.model.to_string())
        .collect();
    if paid.is_empty() {
        return false;
    }
    let estimate = state.estimate_next(text);
    let usd = |amount: Pico| short_usd(i128::from(amount.0));
    let (usual, most) = (usd(estimate.expected), usd(estimate.at_most));
    let worst = match (estimate.unbounded, estimate.unpriced) {
        (0, _) => format!("at most {most}"),
        (open, 0) if open == estimate.paid => format!("about {usual}; the most it can cost is not known"),
        (open, _) if open == estimate.paid => "what it can cost is not known".to_owned(),
        (open, _) => format!("at most {most}, and what {open} of them can cost is not known"),
    };
    let about = match estimate.unpriced {
        0 => format!("≈{}, ", short_usd(i128::from(estimate.expected.0))),
        _ => String::new(),
    };
    let question =
        format!("This is the first send that costs money. It goes to {}: {about}{worst}.", paid.join(", "));
    panels::ask(state, Confirm::new(question, "send", Choice::Send));
    true
}

/// A new turn.
fn prompt_to(state: &mut State, prompt: String, targets: Vec<SeatId>, out: &mut Vec<Effect>) {
    let first = state.room.name.is_none();
    state.room.name_by(&prompt);
    let id = state.ids.turn();
    let at = state.clock.wall();
    let parent = state.room.parent(id);
    let busy = |state: &State, seat: SeatId| {
        state.pane_of(seat).is_some_and(|pane| pane.live.is_some() || !pane.held.is_empty())
    };
    let (later, now): (Vec<SeatId>, Vec<SeatId>) = targets.iter().partition(|seat| busy(state, **seat));
    state.room.turns.push(Turn {
        id,
        parent,
        at,
        prompt: prompt.clone(),
        attachments: Vec::new(),
        targets,
        replies: Vec::new(),
        chosen: Vec::new(),
    });
    let turns = state.room.turns.len();
    for pane in &mut state.panes {
        pane.grow(turns);
    }
    for seat in &later {
        if let Some(pane) = state.pane_of_mut(*seat) {
            pane.held.push(Held { turn: id, prompt: prompt.clone() });
        }
    }
    if !later.is_empty() {
        let numbers: Vec<u32> = later.iter().map(|seat| seat.0).collect();
        let verbs = if numbers.len() == 1 { "still streams and gets" } else { "still stream and get" };
        let esc = state.keys.name("{esc}");
        state.say(format!("{} {verbs} it next; {esc} there takes it back", listed(&numbers)));
    }
    if first {
        out.push(Effect::Title(format!("salon · {}", state.room.title())));
        seats::remember(state, out);
    }
    if now.is_empty() {
        state.room.unsent.push(id);
        return;
    }
    submit_turn(state, id, &now, out);
}

/// Sends a turn that the engine does not know yet to these seats.
fn submit_turn(state: &mut State, turn: TurnId, seats: &[SeatId], out: &mut Vec<Effect>) {
    state.room.unsent.retain(|id| *id != turn);
    let asks: Vec<Ask> = seats.iter().filter_map(|seat| begin(state, turn, *seat)).collect();
    let Some(known) = state.room.index(turn).and_then(|at| state.room.turns.get(at)) else { return };
    let (prompt, attachments) = (known.prompt.clone(), known.attachments.clone());
    let (room, parent) = (state.head(), state.room.parent(turn));
    out.push(Effect::Submit(Job::Turn { room, turn, parent, prompt, attachments, asks }));
}

/// A seat is asked in a turn: its reply and its run begin here.
pub fn begin(state: &mut State, turn: TurnId, seat: SeatId) -> Option<Ask> {
    let at = state.room.index(turn)?;
    let messages = own_history(&state.pane_of(seat)?.seat, &state.room.turns, turn);
    let run = state.ids.run();
    let reply = state.ids.reply();
    let pane = state.pane_of(seat)?;
    let input = state.guess_input(pane, &messages);
    let seat_now = pane.seat.clone();
    let known = state.room.turns.get_mut(at)?;
    let sibling =
        known.replies.iter().filter(|old| old.seat == seat).map(|old| old.sibling).max().unwrap_or(0) + 1;
    known.chosen.retain(|id| !known.replies.iter().any(|old| old.id == *id && old.seat == seat));
    known.replies.push(Reply::begun(reply, turn, seat, sibling, seat_now.model.clone()));
    let mut live = Live::new(seat, at, reply, state.clock.now);
    live.input_guess = input;
    state.runs.insert(run, live);
    let pane = state.pane_of_mut(seat)?;
    pane.live = Some(run);
    if let Some(item) = pane.items.get_mut(at) {
        item.touch();
        item.thinking = None;
        item.thought_ms = None;
        item.speed = None;
        item.parts.clear();
    }
    Some(Ask { run, reply, sibling, seat: seat_now, messages: messages.into() })
}

/// The seat is free: what it held is sent.
pub fn release(state: &mut State, seat: SeatId, out: &mut Vec<Effect>) {
    let Some(pane) = state.pane_of_mut(seat).filter(|pane| pane.live.is_none() && !pane.held.is_empty())
    else {
        return;
    };
    let held = pane.held.remove(0);
    if state.room.unsent.contains(&held.turn) {
        submit_turn(state, held.turn, &[seat], out);
    } else if let Some(ask) = begin(state, held.turn, seat) {
        out.push(Effect::Submit(Job::Again { room: state.head(), turn: held.turn, ask }));
    }
}

/// Takes back the last prompt that a pane holds; says whether there was one.
pub fn take_back(state: &mut State, pane: usize) -> bool {
    let Some(pane) = state.panes.get_mut(pane) else { return false };
    let seat = pane.id();
    let Some(held) = pane.held.pop() else { return false };
    let elsewhere = state.panes.iter().any(|pane| pane.held.iter().any(|other| other.turn == held.turn));
    let unsent = state.room.unsent.contains(&held.turn);
    if let Some(turn) = state.room.index(held.turn).and_then(|at| state.room.turns.get_mut(at)) {
        turn.targets.retain(|target| *target != seat);
    }
    if unsent && !elsewhere {
        state.room.unsent.retain(|id| *id != held.turn);
        forget_turn(state, held.turn);
        give_back(state, &held.prompt);
    } else {
        state.say(format!("taken back from {seat}"));
    }
    for pane in &mut state.panes {
        pane.touch();
    }
    true
}

/// Forgets a turn that nobody got, when it is the last one.
fn forget_turn(state: &mut State, turn: TurnId) {
    if state.room.turns.last().is_some_and(|last| last.id == turn && last.replies.is_empty()) {
        state.room.turns.pop();
        let turns = state.room.turns.len();
        for pane in &mut state.panes {
            pane.items.truncate(turns);
        }
    }
}

/// Puts a prompt back into the composer, when nothing else is typed there.
pub fn give_back(state: &mut State, prompt: &str) {
    if state.composer.is_empty() {
        state.composer.set(prompt);
        compose::changed(state);
        state.say("the prompt is back in the composer");
    } else {
        state.composer.prompts.push(prompt.to_owned());
        state.say("the prompt is in the history: up brings it back");
    }
}

/// Stops a run.
pub fn stop(state: &mut State, run: RunId, out: &mut Vec<Effect>) {
    if let Some(live) = state.runs.get_mut(run).filter(|live| !live.stopping) {
        live.stopping = true;
        out.push(Effect::Cancel(run));
    }
}

/// Stops all runs and takes back all that is held.
pub fn stop_all(state: &mut State, out: &mut Vec<Effect>) {
    for pane in 0..state.panes.len() {
        while take_back(state, pane) {}
    }
    if state.runs.is_empty() {
        return;
    }
    for live in state.runs.values_mut() {
        live.stopping = true;
    }
    out.push(Effect::CancelAll);
}
