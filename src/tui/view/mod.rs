//! The screen from the state: [`prepare`] finds out where everything is and lays out what is
//! visible, [`draw`] writes cells and changes nothing. Roles become styles here, and nowhere below.

mod body;
mod composer;
mod frame;
mod header;
mod hints;
mod intro;
mod overlay;
mod side;
mod status;
mod tabs;
mod title;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use crate::text::cell_width;
use crate::text::graphemes;
use crate::text::safe_emoji;
use crate::tui::panel;
use crate::tui::screen::Shape;
use crate::tui::screen::areas;
use crate::tui::screen::side_fits;
use crate::tui::state::Focus;
use crate::tui::state::State;
use crate::tui::state::Usage;
use crate::tui::theme::Role;
use crate::tui::theme::Theme;
use crate::tui::widget::Frame;
use crate::tui::widget::Paint;
use crate::tui::widget::put;
use crate::tui::widget::to_ascii;

/// Finds out where everything is at this size and lays out what is visible.
pub fn prepare(state: &mut State, size: Size) {
    state.look.size = size;
    let rows = composer::rows(state, size);
    let mut shape = Shape {
        panes: state.panes.len(),
        current: state.current,
        choice: state.look.layout,
        zoomed: state.look.zoom,
        side_panel: false,
        composer_rows: rows,
        notice_rows: overlay::notice_rows(state),
        full_panel: false,
    };
    shape.side_panel = match state.look.usage {
        // One pane has the whole room when it is zoomed, so that a selection takes nothing else.
        Usage::Auto | Usage::Full => !state.look.zoom && side_fits(&shape, size),
        Usage::Side => true,
        Usage::Hidden => false,
    };
    state.look.areas = areas(&shape, size);
    if state.look.areas.too_small {
        return;
    }
    for (index, area) in &state.look.areas.panes {
        if let Some(pane) = state.panes.get_mut(*index) {
            let inner = body::text_area(*area);
            pane.focused = state.focus == Focus::Pane && *index == state.current;
            pane.settle(&state.room.turns, inner.width, inner.height);
        }
    }
    let mut panels = std::mem::take(&mut state.panels);
    for open in &mut panels {
        let inner = Frame::inner(panel::place(open.as_ref(), screen(size)));
        state.with_cx(|cx| open.prepare(inner, cx));
    }
    state.panels = panels;
}

/// Draws the state; gives the cell of the terminal's own cursor, when it is to be seen.
pub fn draw(state: &State, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
    let style = |role: Role| theme.style(role);
    let paint = Paint { style: &style };
    let cursor = if state.look.areas.too_small {
        put(buffer, buffer.area, "too small", paint.of(Role::Warn));
        None
    } else {
        all(state, buffer, paint)
    };
    plain_clusters(buffer);
    if state.look.ui.ascii {
        to_ascii(buffer);
    }
    cursor.filter(|cell| buffer.area.contains(*cell))
}

fn all(state: &State, buffer: &mut Buffer, paint: Paint<'_>) -> Option<Position> {
    buffer.set_style(buffer.area, paint.of(Role::Ground).patch(paint.of(Role::Text)));
    let places = &state.look.areas;
    header::draw(state, places.header, buffer, paint);
    if let Some(strip) = places.tabs {
        tabs::draw(state, strip, buffer, paint);
    }
    for (index, area) in &places.panes {
        frame::draw(state, *index, *area, buffer, paint);
    }
    if let Some(beside) = places.side {
        side::draw(state, beside, buffer, paint);
    }
    let cursor = composer::draw(state, places.composer, buffer, paint);
    overlay::offers(state, buffer, paint);
    overlay::notice(state, buffer, paint);
    overlay::panels(state, buffer, paint).unwrap_or(cursor)
}

/// Clusters whose width terminals do not agree on become what fits of their plain form: what was
/// typed or names a room has not gone through the rules for replies. What is left over is blank.
fn plain_clusters(buffer: &mut Buffer) {
    let count = buffer.content.len();
    for at in 0..count {
        let Some(cell) = buffer.content.get(at) else { break };
        // A single character takes at most four bytes.
        if cell.symbol().len() <= 4 {
            continue;
        }
        let (symbol, style) = (cell.symbol().to_owned(), cell.style());
        let safe = safe_emoji(&symbol);
        if safe == symbol {
            continue;
        }
        let (mut used, cells) = (0, cell_width(&symbol));
        for part in graphemes(&safe) {
            let wide = cell_width(part);
            if used + wide > cells {
                break;
            }
            if let Some(cell) = buffer.content.get_mut(at + used) {
                cell.set_symbol(part).set_style(style);
            }
            used += wide;
        }
    }
}

/// The whole screen.
fn screen(size: Size) -> Rect {
    Rect { x: 0, y: 0, width: size.width, height: size.height }
}
