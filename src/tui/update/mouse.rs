//! The mouse, while it is captured: the wheel scrolls what is under it, a click chooses the current
//! pane and moves nothing else.

use crate::tui::screen::Hit;
use crate::tui::state::State;
use crate::tui::update::Dirty;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

/// Rows for one step of the wheel.
const STEP: isize = 3;

/// Takes what the mouse did.
pub fn mouse(state: &mut State, mouse: MouseEvent) -> Dirty {
    if !state.panels.is_empty() {
        return Dirty::Nothing;
    }
    let Hit::Pane(index) = state.look.areas.hit(mouse.column, mouse.row) else { return Dirty::Nothing };
    let Some(pane) = state.panes.get_mut(index) else { return Dirty::Nothing };
    match mouse.kind {
        MouseEventKind::ScrollUp => pane.scroll_by(&state.room.turns, -STEP),
        MouseEventKind::ScrollDown => pane.scroll_by(&state.room.turns, STEP),
        MouseEventKind::Down(MouseButton::Left) => state.current = index,
        _ => return Dirty::Nothing,
    }
    Dirty::Now
}
