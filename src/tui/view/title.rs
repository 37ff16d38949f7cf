//! The title of a pane: its number, the model's name, and what is special about it. Whole fields go
//! by width; the name is cut in its middle.

use crate::chat::Reply;
use crate::chat::Tariff;
use crate::text::cell_width;
use crate::text::clip_middle;
use crate::tui::state::Pane;
use crate::tui::state::State;
use crate::tui::state::Target;
use crate::tui::theme::Role;
use crate::tui::widget::Field;

/// A name is not cut below this for the sake of what stands behind it.
const NAME: usize = 12;

/// The title of a pane in so many cells.
#[must_use]
pub fn title(state: &State, pane: &Pane, current: bool, cells: usize) -> Vec<Field> {
    let number = format!("{}{} ", if current { "▸" } else { " " }, pane.id());
    let role = if current { Role::Strong } else { Role::Title };
    let turn = pane.last_asked(&state.room.turns).and_then(|at| state.room.turns.get(at));
    let reply = turn.and_then(|turn| turn.active(pane.id()));
    let mut after = Vec::new();
    after.extend(mark(state, pane).map(|text| Field::new(text, Role::Warn)));
    if let (Some(turn), Some(reply)) = (turn, reply) {
        let versions = turn.replies.iter().filter(|other| other.seat == pane.id()).count();
        let at = turn
            .replies
            .iter()
            .filter(|other| other.seat == pane.id())
            .position(|other| other.id == reply.id);
        if let Some(at) = at.filter(|_| versions > 1) {
            after.push(Field::new(format!(" v{}/{versions}", at + 1), Role::Strong));
        }
        after.extend(served(state, pane, reply).map(|text| Field::new(text, Role::Warn)));
    }
    let unseen =
        pane.last_asked(&state.room.turns).and_then(|at| pane.items.get(at)).map_or(0, |item| item.unseen);
    if unseen > 0 {
        after.push(Field::new(format!(" {unseen} hidden"), Role::Warn));
    }
    if pane.raw {
        after.push(Field::new(" · source", Role::Dim));
    }
    after.extend(place(state, pane, reply).map(|text| Field::new(text, Role::Dim)));

    let name = state.seat_name(&pane.seat);
    let room = cells.saturating_sub(cell_width(&number));
    let mut left = room.saturating_sub(cell_width(&name).min(NAME));
    let mut kept = Vec::new();
    for field in after {
        let wide = cell_width(&field.text);
        if wide > left {
            break;
        }
        left -= wide;
        kept.push(field);
    }
    let used: usize = kept.iter().map(|field| cell_width(&field.text)).sum();
    let name = clip_middle(&name, room.saturating_sub(used)).into_owned();
    let mut out = vec![Field::new(number, role), Field::new(name, role)];
    out.append(&mut kept);
    out
}

/// Where sends go, when that is not to all.
fn mark(state: &State, pane: &Pane) -> Option<&'static str> {
    match &state.target {
        Target::Only(seat) if *seat == pane.id() => Some(" ● only"),
        target if target.marks(pane.id()) => Some(" ● marked"),
        _ if pane.seat.muted => Some(" muted"),
        _ => None,
    }
}

/// The model that really served, when it is another than the one that was asked; the model that was
/// asked, when the seat has another one now.
fn served(state: &State, pane: &Pane, reply: &Reply) -> Option<String> {
    if reply.model != pane.seat.model {
        return Some(format!(" · by {}", state.model_name(&reply.model)));
    }
    let served = reply.served_model.as_ref()?.line();
    let known = reply.model.wire_id();
    (served != known && served != reply.model.id && served != reply.model.short())
        .then(|| format!(" → {served}"))
}

/// The provider behind the provider, or that nothing leaves this machine.
fn place(state: &State, pane: &Pane, reply: Option<&Reply>) -> Option<String> {
    match (state.tariff(&pane.seat.model), reply.and_then(|reply| reply.upstream.as_ref())) {
        (Tariff::Play, _) => Some(" · demo".to_owned()),
        (_, Some(upstream)) => Some(format!(" · {}", upstream.line())),
        (Tariff::Local, None) => Some(" · local".to_owned()),
        (Tariff::Metered | Tariff::Free | Tariff::Subscription, None) => None,
    }
}
