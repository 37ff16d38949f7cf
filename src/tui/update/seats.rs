//! The line-up and the layout: who sits where, who is sent to, how panes are arranged.

use crate::chat::ModelRef;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::text::one_line;
use crate::tui::effect::Effect;
use crate::tui::panel::Choice;
use crate::tui::panel::Confirm;
use crate::tui::screen::LayoutChoice;
use crate::tui::state::Pane;
use crate::tui::state::State;
use crate::tui::update::compose;
use crate::tui::update::panels;

/// The current seat gets another model; its history stays its own.
pub fn swap(state: &mut State, model: ModelRef, out: &mut Vec<Effect>) {
    let Some(pane) = state.panes.get_mut(state.current) else {
        add(state, vec![model], out);
        return;
    };
    let before = state.known.labels.get(&pane.seat.model);
    let after = state.known.labels.get(&model);
    // What the config gave for the model before goes; what the person set for the seat stays.
    if pane.seat.system == before.and_then(|label| label.system.clone()) {
        pane.seat.system = after.and_then(|label| label.system.clone());
    }
    pane.seat.params = after.map(|label| label.params.clone()).unwrap_or_default();
    pane.seat.model = model.clone();
    let seat = pane.id();
    let live = pane.live.is_some();
    let when = if live { " from the next prompt on" } else { "" };
    state.say(format!("{seat} is {} now{when}", one_line(&model.to_string())));
    lineup_changed(state, out);
}

/// Seats for these models, at the end. They start empty.
pub fn add(state: &mut State, models: Vec<ModelRef>, out: &mut Vec<Effect>) {
    let added = models.len();
    for model in models {
        let label = state.known.labels.get(&model);
        let seat = Seat {
            id: state.room.next_seat(),
            params: label.map(|label| label.params.clone()).unwrap_or_default(),
            system: label.and_then(|label| label.system.clone()),
            model,
            muted: false,
        };
        let turns = state.room.turns.len();
        state.panes.push(Pane::new(seat, turns, &state.keys));
    }
    state.say(if added == 1 {
        "one seat more; it starts empty".to_owned()
    } else {
        format!("{added} seats more; they start empty")
    });
    lineup_changed(state, out);
}

/// Asks before the current seat leaves the room.
pub fn ask_remove(state: &mut State) {
    let Some(pane) = state.pane() else { return };
    if state.panes.len() == 1 {
        let text = state.keys.name("the last seat stays; {models} gives it another model");
        state.say(text);
        return;
    }
    let seat = pane.id();
    let question = format!(
        "Take {seat} {} out of the room? Its replies stay in the room's history and are not shown.",
        state.seat_name(&pane.seat)
    );
    panels::ask(state, Confirm::new(question, "remove", Choice::Remove(seat)));
}

/// Other seats in the place of all. They start empty, and where something was said already, under
/// numbers that the room never had.
pub fn replace_all(state: &mut State, seats: Vec<Seat>, out: &mut Vec<Effect>) {
    for seat in state.panes.iter().map(Pane::id).collect::<Vec<_>>() {
        take_out(state, seat, out);
    }
    if state.room.turns.is_empty() {
        state.room.last_seat = 0;
    }
    let turns = state.room.turns.len();
    for seat in seats {
        let seat = Seat { id: state.room.next_seat(), ..seat };
        state.panes.push(Pane::new(seat, turns, &state.keys));
    }
    state.current = 0;
    lineup_changed(state, out);
}

/// A seat leaves the room.
pub fn remove(state: &mut State, seat: SeatId, out: &mut Vec<Effect>) {
    take_out(state, seat, out);
    state.say(format!("{seat} has left the room"));
    lineup_changed(state, out);
}

fn take_out(state: &mut State, seat: SeatId, out: &mut Vec<Effect>) {
    let Some(at) = state.panes.iter().position(|pane| pane.id() == seat) else { return };
    let pane = state.panes.remove(at);
    if let Some(run) = pane.live {
        out.push(Effect::Cancel(run));
    }
    for held in pane.held {
        if let Some(turn) = state.room.index(held.turn).and_then(|at| state.room.turns.get_mut(at)) {
            turn.targets.retain(|target| *target != seat);
        }
    }
    state.target.forget(seat);
    state.current = state.current.min(state.panes.len().saturating_sub(1));
}

/// The current seat is left out of what goes to all, or taken in again.
pub fn mute(state: &mut State, out: &mut Vec<Effect>) {
    let Some(pane) = state.pane_mut() else { return };
    pane.seat.muted = !pane.seat.muted;
    let (seat, muted) = (pane.id(), pane.seat.muted);
    state.say(if muted {
        format!("{seat} is muted: what goes to all leaves it out")
    } else {
        format!("{seat} gets what goes to all again")
    });
    lineup_changed(state, out);
}

/// The current seat gets its own system prompt; without text it has none.
pub fn system(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    let Some(pane) = state.pane_mut() else { return };
    pane.seat.system = (!text.is_empty()).then(|| text.to_owned());
    let seat = pane.id();
    state.say(if text.is_empty() {
        format!("{seat} has no system prompt now")
    } else {
        format!("{seat} has a system prompt of its own")
    });
    lineup_changed(state, out);
}

/// Sends go to the current seat only, or its mark is set or taken.
pub fn target(state: &mut State, only: bool) {
    let Some(seat) = state.pane().map(Pane::id) else { return };
    if only {
        state.target.toggle_only(seat)
    } else {
        state.target.toggle_mark(seat)
    }
    let words = state.target.words(state.panes.iter().map(|pane| &pane.seat));
    state.say(format!("enter sends {words}"));
    compose::estimate_soon(state);
}

/// The next layout, which is remembered.
pub fn next_layout(state: &mut State, out: &mut Vec<Effect>) {
    let next = state.look.layout.next();
    layout(state, next, out);
}

/// Uses a layout, and remembers it.
pub fn layout(state: &mut State, choice: LayoutChoice, out: &mut Vec<Effect>) {
    state.look.layout = choice;
    let name = choice.name();
    state.say(format!("layout: {name}"));
    out.push(Effect::Remember { key: "layout", value: name.to_owned() });
}

/// Saves the line-up, with the room when it is stored.
fn lineup_changed(state: &mut State, out: &mut Vec<Effect>) {
    if state.room.is_stored() && state.room.read_only.is_none() {
        out.push(Effect::SaveRoom(state.head()));
    }
    remember(state, out);
    compose::estimate_soon(state);
}

/// Remembers the line-up for the next new room.
pub fn remember(state: &State, out: &mut Vec<Effect>) {
    out.push(Effect::Lineup(state.seats()));
}
