//! Asking again, and the versions of a reply that come of it. What is on the screen is what the
//! seat is sent next.

use crate::chat::SeatId;
use crate::chat::Status;
use crate::chat::Tariff;
use crate::chat::own_history;
use crate::chat::short_usd;
use crate::engine::Job;
use crate::tui::effect::Effect;
use crate::tui::panel::Choice;
use crate::tui::panel::Confirm;
use crate::tui::state::State;
use crate::tui::update::compose;
use crate::tui::update::panels;
use crate::tui::update::send;

/// Asks the current pane again: at once when the reply failed, with its price when it is done.
pub fn again(state: &mut State, out: &mut Vec<Effect>) {
    let Some(pane) = state.pane() else { return };
    let seat = pane.id();
    let asked = pane.last_asked(&state.room.turns).and_then(|at| state.room.turns.get(at));
    let Some(status) = asked.and_then(|turn| turn.active(seat)).map(|reply| reply.status) else {
        state.say(format!("{seat} was not asked anything yet"));
        return;
    };
    if pane.live.is_some() {
        state.say(format!("{seat} still answers; {} stops it", state.keys.name("{esc}")));
    } else if status == Status::Done {
        let question = format!("Ask {seat} {} again? {}", state.seat_name(&pane.seat), price(state, seat));
        panels::ask(state, Confirm::new(question, "ask again", Choice::Again(seat)));
    } else {
        ask_again(state, seat, out);
    }
}

/// Asks all panes again whose last reply failed or was cut.
pub fn again_failed(state: &mut State, out: &mut Vec<Effect>) {
    let last = state.room.turns.len().checked_sub(1);
    let failed: Vec<SeatId> = state
        .panes
        .iter()
        .filter(|pane| pane.live.is_none())
        .filter(|pane| {
            let turn = last.and_then(|last| state.room.turns.get(last));
            let reply = turn.and_then(|turn| turn.active(pane.id()));
            reply.is_some_and(|reply| {
                matches!(reply.status, Status::Failed | Status::Cut | Status::Interrupted)
            })
        })
        .map(|pane| pane.id())
        .collect();
    if failed.is_empty() {
        state.say("no reply of the last turn has failed");
    }
    for seat in failed {
        ask_again(state, seat, out);
    }
}

/// Asks a seat again in its last turn: a sibling reply.
pub fn ask_again(state: &mut State, seat: SeatId, out: &mut Vec<Effect>) {
    if state.room.read_only.is_some() {
        state.say("this room can only be read");
        return;
    }
    let Some(pane) = state.pane_of(seat).filter(|pane| pane.live.is_none()) else { return };
    let Some(turn) = pane.last_asked(&state.room.turns).and_then(|at| state.room.turns.get_mut(at)) else {
        return;
    };
    if !turn.targets.contains(&seat) {
        turn.targets.push(seat);
    }
    let id = turn.id;
    if let Some(ask) = send::begin(state, id, seat) {
        out.push(Effect::Submit(Job::Again { room: state.head(), turn: id, ask }));
    }
}

/// What asking again is likely to cost, in words.
fn price(state: &State, seat: SeatId) -> String {
    let Some(pane) = state.pane_of(seat) else { return String::new() };
    match state.tariff(&pane.seat.model) {
        Tariff::Local => return "It runs here and costs nothing.".to_owned(),
        Tariff::Play => return "It is a demo model and costs play money.".to_owned(),
        Tariff::Free => return "It costs nothing.".to_owned(),
        Tariff::Subscription => return "The subscription pays for it.".to_owned(),
        Tariff::Metered => {}
    }
    let turns = &state.room.turns;
    let Some(turn) = pane.last_asked(turns).and_then(|at| turns.get(at)) else { return String::new() };
    let estimate = (state.known.estimate)(&pane.seat, &own_history(&pane.seat, turns, turn.id));
    let dollars = |amount: crate::chat::Pico| short_usd(i128::from(amount.0));
    match (estimate.expected, estimate.at_most) {
        (Some(expected), Some(most)) => {
            format!("It costs ≈{}, at most {}.", dollars(expected), dollars(most))
        }
        (Some(expected), None) => format!("It costs ≈{}.", dollars(expected)),
        (None, Some(most)) => format!("It costs at most {}.", dollars(most)),
        (None, None) => "What it costs is not known.".to_owned(),
    }
}

/// Shows another version of the reply that is being read.
pub fn version(state: &mut State, next: bool, out: &mut Vec<Effect>) {
    let current = state.current;
    let turns = &mut state.room.turns;
    let Some(pane) = state.panes.get_mut(current) else { return };
    let seat = pane.id();
    let Some(at) = pane.reading(turns) else { return };
    let Some(turn) = turns.get_mut(at) else { return };
    let versions: Vec<_> =
        turn.replies.iter().filter(|reply| reply.seat == seat).map(|reply| reply.id).collect();
    let shown = turn.active(seat).map(|reply| reply.id);
    let Some(place) = versions.iter().position(|id| Some(*id) == shown) else { return };
    let to = if next { place + 1 } else { place.wrapping_sub(1) };
    let Some(id) = versions.get(to).copied() else {
        let text = if versions.len() == 1 {
            state.keys.name("there is one version; {again} asks again")
        } else {
            format!("this is version {} of {}", place + 1, versions.len())
        };
        state.say(text);
        return;
    };
    turn.chosen.retain(|chosen| !versions.contains(chosen));
    let reply = (versions.last() != Some(&id)).then_some(id);
    turn.chosen.extend(reply);
    let turn = turn.id;
    if let Some(item) = pane.items.get_mut(at) {
        item.touch();
    }
    if state.room.read_only.is_none() {
        out.push(Effect::Choose { turn, seat, reply });
    }
    state.say(format!("version {} of {}: what is shown is what seat {seat} is sent", to + 1, versions.len()));
    compose::estimate_soon(state);
}
