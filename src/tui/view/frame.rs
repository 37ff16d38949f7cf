//! A pane: its border with title and figures, its text, and what lies over the text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::chat::Reply;
use crate::chat::Status;
use crate::text::cell_width;
use crate::text::clip;
use crate::text::one_line;
use crate::tui::state::Focus;
use crate::tui::state::Pane;
use crate::tui::state::State;
use crate::tui::state::speed;
use crate::tui::theme::Role;
use crate::tui::view::body;
use crate::tui::view::intro;
use crate::tui::view::status::Figures;
use crate::tui::view::title::title;
use crate::tui::widget::Field;
use crate::tui::widget::Frame;
use crate::tui::widget::Paint;
use crate::tui::widget::Weight;
use crate::tui::widget::put;
use crate::tui::widget::put_right;

/// Draws a pane.
pub fn draw(state: &State, index: usize, area: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    let Some(pane) = state.panes.get(index) else { return };
    let current = index == state.current;
    let focused = current && state.focus == Focus::Pane && state.panels.is_empty();
    let cells = usize::from(area.width.saturating_sub(3));
    let title = title(state, pane, current, cells);
    let ahead = below(pane);
    let left = cells.saturating_sub(1 + ahead.as_deref().map_or(0, cell_width));
    let mut status = vec![Field::new(" ", Role::Status)];
    status.extend(figures(state, pane).map(|figures| figures.fit(left)).unwrap_or_default());
    let role = match (focused, current) {
        (true, _) => Role::BorderFocus,
        (false, true) => Role::BorderCurrent,
        _ => Role::Border,
    };
    let weight = if current { Weight::Heavy } else { Weight::Light };
    let open = state.look.zoom;
    let status: &[Field] = if status.len() > 1 { &status } else { &[] };
    Frame { area, weight, role, title: &title, status, open }.draw(buffer, paint);
    let inner = body::text_area(area);
    if pane.last_shown(&state.room.turns).is_none() {
        intro::draw(state, pane, inner, buffer, paint);
    } else {
        body::draw(state, pane, inner, buffer, paint);
    }
    if let Some(ahead) = ahead {
        let edge = Rect {
            x: area.x + 1,
            y: area.bottom().saturating_sub(1),
            width: area.width.saturating_sub(3),
            height: 1,
        };
        put_right(buffer, edge, &ahead, paint.of(Role::Key));
    }
    held(state, pane, inner, buffer, paint);
}

/// The figures of what is newest in a pane: the reply in flight, else the last turn's.
#[must_use]
pub fn figures(state: &State, pane: &Pane) -> Option<Figures> {
    if let Some(live) = state.live(pane) {
        return Some(Figures::live(live, &state.clock));
    }
    let at = pane.last_shown(&state.room.turns)?;
    match reply(state, pane, at) {
        Some(reply) if reply.status != Status::Streaming => Some(Figures::of(reply, speed(pane, at, reply))),
        Some(_) => Some(word("waiting")),
        None => Some(word("not asked")),
    }
}

fn reply<'a>(state: &'a State, pane: &Pane, at: usize) -> Option<&'a Reply> {
    state.room.turns.get(at)?.active(pane.id())
}

fn word(text: &str) -> Figures {
    Figures { state: text.to_owned(), role: Some(Role::Dim), ..Figures::default() }
}

/// What came below what is visible. It stands in the border, so that no text is under it.
fn below(pane: &Pane) -> Option<String> {
    match (pane.scroll.new, pane.scroll.below) {
        (0, false) => None,
        (0, true) => Some(" ↓ more ".to_owned()),
        (new, _) => Some(format!(" ↓ {new} new ")),
    }
}

/// Over the last row: what the seat gets next.
fn held(state: &State, pane: &Pane, inner: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    let Some(y) = inner.height.checked_sub(1).map(|last| inner.y + last) else { return };
    let row = Rect { y, height: 1, ..inner };
    let Some(held) = pane.held.last() else { return };
    let more = if pane.held.len() > 1 { format!(" (+{})", pane.held.len() - 1) } else { String::new() };
    let tail = format!("\"{more} · {}", state.keys.name("{esc} takes it back"));
    let prompt = one_line(held.prompt.lines().next().unwrap_or("")).into_owned();
    let room = usize::from(row.width).saturating_sub(7 + cell_width(&tail));
    let shown = clip(&prompt, room);
    let dots = if shown.len() < prompt.len() { "…" } else { "" };
    let shown = if dots.is_empty() { shown } else { clip(&prompt, room.saturating_sub(1)) };
    blank(row, buffer, paint);
    put(buffer, row, &format!("next: \"{shown}{dots}{tail}"), paint.of(Role::Warn));
}

fn blank(row: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    put(buffer, row, &" ".repeat(usize::from(row.width)), paint.of(Role::Text));
}
