//! Keys that end something: Esc, Ctrl-C, Ctrl-D, quitting. Each press does one thing, and never
//! more than it says.

use crate::chat::Severity;
use crate::tui::effect::Effect;
use crate::tui::panel::Choice;
use crate::tui::panel::Confirm;
use crate::tui::state::AGAIN;
use crate::tui::state::GUARD;
use crate::tui::state::Pane;
use crate::tui::state::State;
use crate::tui::state::TWICE;
use crate::tui::state::Usage;
use crate::tui::update::compose;
use crate::tui::update::history;
use crate::tui::update::panels;
use crate::tui::update::send;

/// Esc: closes what is open, else takes back what the current pane holds, else stops its reply; at
/// once again, it stops all. It never clears the draft.
pub fn escape(state: &mut State, out: &mut Vec<Effect>) {
    if close_something(state, out) {
        state.guards.closed = Some(state.clock.now);
        return;
    }
    if state.guards.closed.is_some_and(|closed| state.clock.since(closed) < GUARD) {
        return;
    }
    let current = state.current;
    if send::take_back(state, current) {
        return;
    }
    let again = state.guards.stopped.replace(state.clock.now);
    if again.is_some_and(|before| state.clock.since(before) < AGAIN) {
        send::stop_all(state, out);
    } else if let Some(run) = state.pane().and_then(|pane| pane.live) {
        send::stop(state, run, out);
    }
}

fn close_something(state: &mut State, out: &mut Vec<Effect>) -> bool {
    if panels::close(state, out) {
        return true;
    }
    if state.composer.offers.take().is_some() || history::leave(state) {
        return true;
    }
    // A warning and what stands in a box are closed like a panel; a word in the border goes by itself.
    let warns = state.notices.shown().is_some_and(|notice| notice.severity != Severity::Info);
    (warns || state.boxed_notice().is_some()) && state.notices.dismiss(state.clock.now)
}

/// Ctrl-C: one rung a press. Presses within half a second count as one.
pub fn interrupt(state: &mut State, out: &mut Vec<Effect>) {
    let before = state.guards.interrupted;
    if before.is_some_and(|before| state.clock.since(before) < GUARD) {
        return;
    }
    // It never leaves without having said so: the press before was told what this one does.
    let again = state.guards.leaving.take().is_some_and(|told| state.clock.since(told) < TWICE);
    state.guards.interrupted = Some(state.clock.now);
    if !state.runs.is_empty() || state.panes.iter().any(|pane| !pane.held.is_empty()) {
        send::stop_all(state, out);
    } else if !state.composer.is_empty() {
        let draft = state.composer.text();
        state.composer.clear();
        state.composer.prompts.push(draft);
        compose::changed(state);
        state.guards.leaving = Some(state.clock.now);
        state.say(state.keys.name("the draft is cleared; up brings it back · {interrupt} again quits"));
    } else if again {
        out.push(Effect::Quit);
    } else {
        state.guards.leaving = Some(state.clock.now);
        state.say(state.keys.name("{interrupt} again quits"));
    }
}

/// Leaves; asks while replies stream.
pub fn quit(state: &mut State, out: &mut Vec<Effect>) {
    if state.runs.is_empty() {
        out.push(Effect::Quit);
        return;
    }
    let question = format!("{}. Leave? What came is kept, and they are stopped.", streams(state));
    panels::ask(state, Confirm::new(question, "leave", Choice::Quit));
}

/// Ctrl-D: twice on an empty draft.
pub fn quit_if_empty(state: &mut State, out: &mut Vec<Effect>) {
    if !state.composer.is_empty() {
        state.composer.delete();
        compose::changed(state);
        return;
    }
    let again = state.guards.ended.is_some_and(|before| state.clock.since(before) < TWICE);
    state.guards.ended = Some(state.clock.now);
    if again {
        quit(state, out);
    } else {
        state.say(state.keys.name("{empty} again leaves salon"));
    }
}

/// A new room with the same line-up; asks while replies stream.
pub fn new_room(state: &mut State, out: &mut Vec<Effect>) {
    if state.runs.is_empty() {
        start_room(state, out);
        return;
    }
    let question = format!("{}. A new room stops them; what came is kept in this one.", streams(state));
    panels::ask(state, Confirm::new(question, "new room", Choice::NewRoom));
}

/// Starts the new room. The draft stays.
pub fn start_room(state: &mut State, out: &mut Vec<Effect>) {
    if !state.runs.is_empty() {
        out.push(Effect::CancelAll);
    }
    state.runs.clear();
    state.room.id = state.ids.room();
    state.room.name = None;
    state.room.turns.clear();
    state.room.unsent.clear();
    state.room.read_only = None;
    state.money.room = crate::chat::Sum::default();
    let seats = state.seats();
    state.panes = seats.into_iter().map(|seat| Pane::new(seat, 0, &state.keys)).collect();
    if state.look.usage == Usage::Full {
        state.look.usage = Usage::Auto;
    }
    out.push(Effect::Title("salon".to_owned()));
    out.push(Effect::Spent);
    compose::changed(state);
    state.say("a new room with the same line-up");
}

fn streams(state: &State) -> String {
    match state.runs.len() {
        1 => "1 reply still streams".to_owned(),
        n => format!("{n} replies still stream"),
    }
}
