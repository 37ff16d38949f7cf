//! The composer: the draft, where Enter sends it and what that may cost, and the keys that work now.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use crate::chat::Pico;
use crate::chat::short_usd;
use crate::text::cell_width;
use crate::text::one_line;
use crate::tui::panel::tokens;
use crate::tui::state::Focus;
use crate::tui::state::Search;
use crate::tui::state::State;
use crate::tui::state::Target;
use crate::tui::theme::Role;
use crate::tui::view::hints;
use crate::tui::widget::Field;
use crate::tui::widget::Frame;
use crate::tui::widget::Paint;
use crate::tui::widget::Weight;
use crate::tui::widget::put;

/// The rows of text that the draft wants: at most a third of the screen.
#[must_use]
pub fn rows(state: &mut State, size: Size) -> u16 {
    let most = (size.height / 3).max(1);
    state.composer.rows(size.width.saturating_sub(4)).clamp(1, most)
}

/// Draws it; gives the cell of the cursor when it is there.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer, paint: Paint<'_>) -> Option<Position> {
    let focused = state.focus == Focus::Composer && state.panels.is_empty();
    let inner = if area.height >= 3 && area.width >= 6 {
        let cells = usize::from(area.width.saturating_sub(3));
        let title = title(state, cells);
        let status = hints::line(state, cells);
        let role = if focused { Role::BorderFocus } else { Role::Border };
        Frame { area, weight: Weight::Light, role, title: &title, status: &status, open: false }
            .draw(buffer, paint);
        let inner = Frame::inner(area);
        Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
    } else {
        let used = put(buffer, area, "› ", paint.of(Role::Key));
        Rect { x: area.x + used, width: area.width - used, ..area }
    };
    let inner = inner.intersection(buffer.area);
    if let Some(search) = &state.composer.search {
        return search_line(state, search, inner, buffer, paint);
    }
    let cursor = state.composer.draw(inner, buffer);
    buffer.set_style(inner, paint.of(Role::Input));
    cursor.filter(|_| focused)
}

/// The search through the prompts: what is typed, and the prompt that it found.
fn search_line(
    state: &State,
    search: &Search,
    area: Rect,
    buffer: &mut Buffer,
    paint: Paint<'_>,
) -> Option<Position> {
    let shown = format!("search: {} ", one_line(&search.query));
    let used = put(buffer, area, &shown, paint.of(Role::Key));
    let rest = Rect { x: area.x + used, width: area.width - used, ..area };
    let found = state.composer.prompts.find(&search.query, search.skip);
    let (text, role) = found.map_or(("nothing found".to_owned(), Role::Dim), |prompt| {
        (one_line(prompt.lines().next().unwrap_or("")).into_owned(), Role::Input)
    });
    put(buffer, rest, &format!("› {text}"), paint.of(role));
    let at = area.x + used.saturating_sub(1);
    Some(Position { x: at.min(area.right().saturating_sub(1)), y: area.y })
}

/// Where Enter sends, and what that is likely to cost.
fn title(state: &State, cells: usize) -> Vec<Field> {
    let words = state.target.words(state.panes.iter().map(|pane| &pane.seat));
    let role = if state.target == Target::All { Role::Title } else { Role::Warn };
    let mut used = cell_width(&words) + 1;
    let mut out = vec![Field::new(format!(" {words}"), role)];
    if let Some(text) = estimate(state) {
        for text in text {
            if used + cell_width(&text) > cells {
                break;
            }
            used += cell_width(&text);
            out.push(Field::new(text, Role::Money));
        }
    }
    out
}

/// ` ── next ≈$0.02, at most $0.31` and ` (≈6.9k tok in)`: parts that go whole.
fn estimate(state: &State) -> Option<Vec<String>> {
    let estimate = state.estimate.as_ref()?;
    let dollars = |amount: Pico| short_usd(i128::from(amount.0));
    let cost = if estimate.paid == 0 {
        None
    } else if estimate.unpriced == estimate.paid {
        Some(" ── next: price ?".to_owned())
    } else {
        // A sum says how many of its parts are missing.
        let missing = |count: usize| if count > 0 { format!(" +{count} ?") } else { String::new() };
        let most = match estimate.unbounded {
            open if open > estimate.unpriced => String::new(),
            open => format!(", at most {}{}", dollars(estimate.at_most), missing(open)),
        };
        Some(format!(" ── next ≈{}{}{most}", dollars(estimate.expected), missing(estimate.unpriced)))
    };
    let input = format!(" (≈{} tok in)", tokens(estimate.input_tokens));
    Some(cost.into_iter().chain((estimate.input_tokens > 0).then_some(input)).collect())
}
