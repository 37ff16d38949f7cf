//! What is drawn after the room: the list of commands, long notices, panels.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget};

use crate::chat::Notice;
use crate::chat::Severity;
use crate::text::cell_width;
use crate::text::one_line;
use crate::tui::panel;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::tui::view::screen;
use crate::tui::widget::Field;
use crate::tui::widget::Frame;
use crate::tui::widget::Paint;
use crate::tui::widget::Weight;
use crate::tui::widget::put;
use crate::tui::widget::put_clipped;
use crate::tui::widget::wrap;

/// Rows of the list of commands, and of a notice.
const ROWS: (u16, u16) = (8, 8);
/// Columns of the list of commands, where there are so many.
const COMMANDS: u16 = 90;

/// The commands that fit what is typed.
pub fn offers(state: &State, buffer: &mut Buffer, paint: Paint<'_>) {
    let Some(offers) = state.composer.offers.as_ref().filter(|_| state.panels.is_empty()) else { return };
    let composer = state.look.areas.composer;
    let count =
        u16::try_from(offers.rows.len()).unwrap_or(ROWS.0).min(ROWS.0).min(composer.y.saturating_sub(3));
    if count == 0 {
        return;
    }
    let area = Rect {
        y: composer.y - count - 2,
        height: count + 2,
        width: composer.width.min(COMMANDS),
        ..composer
    };
    let title = [Field::new(" commands", Role::Title)];
    let status = [Field::new(state.keys.name(" tab completes · enter does it · {esc} closes"), Role::Dim)];
    boxed(&border(area, &title, &status, Role::BorderFocus), buffer, paint);
    let inner = Frame::inner(area);
    let shown = usize::from(count);
    let top = (offers.selected + 1).saturating_sub(shown);
    for (y, (at, row)) in (inner.y..).zip(offers.rows.iter().enumerate().skip(top).take(shown)) {
        let line = Rect { y, height: 1, ..inner };
        let mark = if at == offers.selected { "▸" } else { " " };
        let used = put(buffer, line, &format!("{mark}/{:<10}", row.name), paint.of(Role::Strong));
        let rest = Rect { x: line.x + used, width: line.width - used, ..line };
        put_clipped(buffer, rest, row.doc, paint.of(Role::Text));
        if at == offers.selected {
            buffer.set_style(line.intersection(buffer.area), paint.of(Role::Selected));
        }
    }
}

/// The rows that the notice wants for a box of its own, with borders; zero when it needs none.
pub fn notice_rows(state: &State) -> u16 {
    state.boxed_notice().map_or(0, |notice| {
        u16::try_from(notice_lines(notice, state.look.size.width).len()).unwrap_or(ROWS.1) + 2
    })
}

/// The rows of a notice on a screen of that width.
fn notice_lines(notice: &Notice, width: u16) -> Vec<String> {
    let cells = usize::from(width.saturating_sub(4));
    notice.text.lines().flat_map(|line| wrap(&one_line(line), cells)).take(usize::from(ROWS.1)).collect()
}

/// A notice that does not fit into the composer's border. It has rows of its own; where the panes
/// cannot spare them, it lies over them.
pub fn notice(state: &State, buffer: &mut Buffer, paint: Paint<'_>) {
    let Some(notice) = state.boxed_notice() else { return };
    let composer = state.look.areas.composer;
    let lines = notice_lines(notice, state.look.size.width);
    let over = || {
        let height = notice_rows(state).min(composer.y);
        Rect { y: composer.y - height, height, ..composer }
    };
    let area = state.look.areas.notice.unwrap_or_else(over);
    if area.height < 3 {
        return;
    }
    let (word, role) = match notice.severity {
        Severity::Info => ("", Role::Good),
        Severity::Warning => (" warning", Role::Warn),
        Severity::Error => (" error", Role::Bad),
    };
    let status = [Field::new(state.keys.name(" {esc} closes"), Role::Dim)];
    boxed(&border(area, &[Field::new(word, role)], &status, role), buffer, paint);
    let inner = Frame::inner(area);
    for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
        put(
            buffer,
            Rect { x: inner.x + 1, y, width: inner.width.saturating_sub(1), height: 1 },
            line,
            paint.of(role),
        );
    }
}

/// The open panels. `None` when there is none; else where the cursor is, if it is anywhere.
pub fn panels(state: &State, buffer: &mut Buffer, paint: Paint<'_>) -> Option<Option<Position>> {
    let mut cursor = None;
    for open in &state.panels {
        let area = panel::place(open.as_ref(), screen(state.look.size)).intersection(buffer.area);
        let title = [Field::new(format!(" {}", open.title()), Role::Title)];
        let room = usize::from(area.width.saturating_sub(4));
        let hints = whole_hints(&state.keys.name(open.hints()), room);
        let status = [Field::new(format!(" {hints}"), Role::Dim)];
        let status: &[Field] = if hints.is_empty() { &[] } else { &status };
        boxed(&border(area, &title, status, Role::BorderFocus), buffer, paint);
        let inner = Frame::inner(area);
        cursor = Some(state.with_cx(|cx| open.draw(inner, buffer, paint, cx)));
    }
    cursor
}

/// The hints that fit whole; the last one, which tells how to leave, goes last.
fn whole_hints(hints: &str, cells: usize) -> String {
    let mut hints: Vec<&str> = hints.split(" · ").collect();
    while hints.len() > 1 && cell_width(&hints.join(" · ")) > cells {
        hints.remove(hints.len() - 2);
    }
    hints.join(" · ")
}

/// Empties the area under a border and draws it.
fn boxed(frame: &Frame<'_>, buffer: &mut Buffer, paint: Paint<'_>) {
    let area = frame.area.intersection(buffer.area);
    Clear.render(area, buffer);
    buffer.set_style(area, paint.of(Role::Ground));
    buffer.set_style(area, paint.of(Role::Panel));
    frame.draw(buffer, paint);
}

/// A border of an overlay.
fn border<'a>(area: Rect, title: &'a [Field], status: &'a [Field], role: Role) -> Frame<'a> {
    Frame { area, weight: Weight::Light, role, title, status, open: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_go_whole_and_the_way_out_goes_last() {
        let hints = "enter swaps the current seat · space marks · + adds seats · esc close";
        assert_eq!(whole_hints(hints, 80), hints);
        assert_eq!(whole_hints(hints, 60), "enter swaps the current seat · space marks · esc close");
        assert_eq!(whole_hints(hints, 20), "esc close");
    }
}
