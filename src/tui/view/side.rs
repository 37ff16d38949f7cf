//! Usage beside the panes: today against the budget, this turn seat by seat, the room. Sums carry
//! their weakest mark; play money stands apart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::chat::Sum;
use crate::chat::short_usd;
use crate::text::cell_width;
use crate::text::clip_middle;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::tui::widget::Field;
use crate::tui::widget::Frame;
use crate::tui::widget::Paint;
use crate::tui::widget::Weight;
use crate::tui::widget::gauge;
use crate::tui::widget::put;

/// One line: what, how much, and the role of the amount.
struct Line(String, String, Role);

/// Draws it.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    let title = [Field::new(" usage", Role::Title)];
    Frame { area, weight: Weight::Light, role: Role::Border, title: &title, status: &[], open: false }
        .draw(buffer, paint);
    let inner = Frame::inner(area).intersection(buffer.area);
    let cells = usize::from(inner.width);
    for (y, Line(what, amount, role)) in (inner.y..inner.bottom()).zip(lines(state, cells)) {
        let row = Rect { y, height: 1, ..inner };
        let room = cells.saturating_sub(cell_width(&amount) + 1);
        put(buffer, row, &clip_middle(&what, room), paint.of(Role::Text));
        let wide = u16::try_from(cell_width(&amount)).unwrap_or(0).min(row.width);
        put(buffer, Rect { x: row.right() - wide, width: wide, ..row }, &amount, paint.of(role));
    }
}

fn lines(state: &State, cells: usize) -> Vec<Line> {
    let mut out = Vec::new();
    let today = &state.money.today;
    match state.money.budget_day {
        Some(budget) => {
            let budget = i128::from(budget.0);
            let of = format!("{} of {}", real(today), short_usd(budget));
            out.push(Line("today".to_owned(), of, Role::Money));
            let part = if budget <= 0 { 100 } else { today.total().max(0) * 100 / budget };
            let role = match part {
                ..80 => Role::Gauge,
                80..100 => Role::Warn,
                _ => Role::Bad,
            };
            let percent = format!("{part}%");
            let bar = gauge(today.total(), budget, cells.saturating_sub(6));
            out.push(Line(String::new(), format!("{bar} {percent:>5}"), role));
        }
        None => out.push(Line("today".to_owned(), real(today), Role::Money)),
    }
    play(&mut out, today);
    let turn = state.turn_so_far();
    let number = state.room.turns.len();
    if number > 0 {
        out.push(Line(format!("turn {number}"), sum(&turn), Role::Money));
        for (index, pane) in state.panes.iter().enumerate() {
            let mark = if index == state.current { "▸" } else { " " };
            let what = format!("{mark}{} {}", pane.id(), state.seat_name(&pane.seat));
            let row = state.turn_row(pane);
            let amount = match row.as_ref().map(|row| row.charge) {
                None => "–".to_owned(),
                Some(None) => "…".to_owned(),
                Some(Some(charge)) => charge.to_string(),
            };
            out.push(Line(what, amount, Role::Money));
        }
    }
    out.push(Line("room".to_owned(), real(&state.money.room), Role::Money));
    play(&mut out, &state.money.room);
    out
}

/// The real money of a sum.
fn real(all: &Sum) -> String {
    Sum { play: 0, play_count: 0, ..*all }.to_string()
}

/// A sum: real money, or play money when there is no other.
fn sum(all: &Sum) -> String {
    all.to_string()
}

fn play(out: &mut Vec<Line>, all: &Sum) {
    if all.play_count > 0 {
        out.push(Line("  demo".to_owned(), format!("{} play", short_usd(all.play)), Role::Demo));
    }
}
