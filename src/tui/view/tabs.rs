//! One line with all seats, for layouts that show one of them: `1✓ ▸2⠹ 3!`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::chat::Status;
use crate::tui::state::Pane;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::tui::widget::Field;
use crate::tui::widget::Paint;
use crate::tui::widget::put_fields;

/// Draws it.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    let mut fields = Vec::new();
    for (index, pane) in state.panes.iter().enumerate() {
        let (sign, role) = sign(state, pane);
        let current = index == state.current;
        let before = if current { "▸" } else { " " };
        let number = if current { Role::Strong } else { Role::Text };
        fields.push(Field::new(format!("{before}{}", pane.id()), number));
        let held = if pane.held.is_empty() { " " } else { "+ " };
        fields.push(Field::new(format!("{sign}{held}"), role));
    }
    put_fields(buffer, area, &fields, paint);
}

/// How a seat is, in one sign.
fn sign(state: &State, pane: &Pane) -> (&'static str, Role) {
    if pane.live.is_some() {
        return (state.clock.spinner(), Role::Status);
    }
    let turn = pane.last_shown(&state.room.turns).and_then(|at| state.room.turns.get(at));
    match turn.and_then(|turn| turn.active(pane.id())).map(|reply| reply.status) {
        Some(Status::Done) => ("✓", Role::Good),
        Some(Status::Failed | Status::Cut | Status::Interrupted) => ("!", Role::Bad),
        Some(Status::Stopped) => ("×", Role::Warn),
        Some(Status::Streaming) | None => ("·", Role::Dim),
    }
}
