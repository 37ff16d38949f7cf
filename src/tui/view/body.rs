//! The text of a pane: only the rows that are visible are touched.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::chat::Status;
use crate::tui::markdown::Flags;
use crate::tui::markdown::Row;
use crate::tui::panel::tokens;
use crate::tui::state::Item;
use crate::tui::state::Pane;
use crate::tui::state::Piece;
use crate::tui::state::State;
use crate::tui::state::Told;
use crate::tui::state::guess_tokens;
use crate::tui::state::speed;
use crate::tui::theme::Role;
use crate::tui::view::status::Figures;
use crate::tui::view::status::took;
use crate::tui::widget::Frame;
use crate::tui::widget::Paint;
use crate::tui::widget::put;
use crate::tui::widget::put_fields;

/// The area of the text in a pane: inside the border, a column free on each side where there is room.
#[must_use]
pub fn text_area(area: Rect) -> Rect {
    let inner = Frame::inner(area);
    if inner.width < 20 {
        return inner;
    }
    Rect { x: inner.x + 1, width: inner.width - 2, ..inner }
}

/// Draws what is visible of a pane's turns.
pub fn draw(state: &State, pane: &Pane, area: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    let area = area.intersection(buffer.area);
    let turns = &state.room.turns;
    let (first, row) = pane.scroll.top;
    let mut skip = row;
    let mut y = area.y;
    for index in first..turns.len() {
        if y >= area.bottom() {
            break;
        }
        let Some((told, item)) = pane.told(turns, index).zip(pane.items.get(index)) else { break };
        if told.hidden {
            continue;
        }
        for (piece, height) in Piece::ALL.into_iter().zip(item.known_heights()) {
            let from = skip.min(height);
            skip -= from;
            let room = usize::from(area.bottom().saturating_sub(y));
            let to = height.min(from + room);
            if from < to {
                let rows = u16::try_from(to - from).unwrap_or(0);
                let place = Rect { y, height: rows, ..area };
                Drawing { state, pane, told: &told, item, index, paint }.piece(piece, from, place, buffer);
                y += rows;
            }
        }
    }
}

/// One turn that is being drawn.
struct Drawing<'a> {
    state: &'a State,
    pane: &'a Pane,
    told: &'a Told<'a>,
    item: &'a Item,
    index: usize,
    paint: Paint<'a>,
}

impl Drawing<'_> {
    /// Draws rows of a piece, from `from` on, as many as `area` has.
    fn piece(&self, piece: Piece, from: usize, area: Rect, buffer: &mut Buffer) {
        let paint = self.paint;
        let range = from..from + usize::from(area.height);
        let line = |row: usize| {
            let offset = u16::try_from(row - from).unwrap_or(0);
            Rect { y: area.y + offset, height: 1, ..area }
        };
        match piece {
            Piece::Prompt | Piece::Thinking | Piece::Reply => {
                let (bar, role) = match piece {
                    Piece::Prompt => ("▌ ", Role::Prompt),
                    Piece::Thinking => ("│ ", Role::Thinking),
                    _ => ("", Role::Text),
                };
                let folded = if piece == Piece::Prompt { self.item.folded() } else { 0 };
                let last = self.item.known_heights().first().map_or(0, |rows| rows.saturating_sub(1));
                self.item.rows(self.told, (piece, area.width), range, &mut |row, cells| {
                    let place = line(row);
                    let used = put(buffer, place, bar, paint.of(role));
                    let rest = Rect { x: place.x + used, width: place.width - used, ..place };
                    if folded > 0 && row == last {
                        put(buffer, rest, &format!("… {folded} more lines"), paint.of(Role::Dim));
                    } else {
                        draw_row(cells, rest, buffer, paint);
                    }
                });
            }
            Piece::Thought => {
                put(buffer, area, &self.thought(), paint.of(Role::Thinking));
            }
            Piece::Notes => self.item.visit_notes(range, &mut |row, field| {
                put(buffer, line(row), &field.text, paint.of(field.role));
            }),
            Piece::Foot => {
                if let Some(reply) = self.told.reply {
                    let figures = Figures::of(reply, speed(self.pane, self.index, reply));
                    let fields: Vec<_> = figures.fit(usize::from(area.width)).into_iter().map(dim).collect();
                    put_fields(buffer, area, &fields, paint);
                }
            }
            Piece::Gap => {}
        }
    }

    /// `thought 3.2s · 310 tok`, or that it thinks.
    fn thought(&self) -> String {
        let open = if self.item.is_open(self.told) { "▾" } else { "▸" };
        let Some(reply) = self.told.reply else { return String::new() };
        let guess = guess_tokens(u64::try_from(reply.thinking.len()).unwrap_or(u64::MAX));
        let count = match reply.tokens.reasoning.filter(|counted| *counted > 0) {
            Some(counted) => tokens(counted),
            None => format!("≈{}", tokens(guess)),
        };
        let thinks =
            reply.status == Status::Streaming && reply.text.is_empty() && self.item.thought_ms.is_none();
        if thinks && self.state.live(self.pane).is_some() {
            return format!("{open} thinking · {count} tok");
        }
        match self.item.thought_ms {
            Some(ms) => format!("{open} thought {} · {count} tok", took(ms)),
            None => format!("{open} thought · {count} tok"),
        }
    }
}

fn dim(mut field: crate::tui::widget::Field) -> crate::tui::widget::Field {
    if matches!(field.role, Role::Status | Role::Money) {
        field.role = Role::Dim;
    }
    field
}

/// Draws a row of a document.
fn draw_row(row: &Row, area: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    if let Some(fill) = row.fill {
        buffer.set_style(area.intersection(buffer.area), paint.of(fill));
    }
    let mut x = area.x;
    for span in &row.spans {
        if x >= area.right() {
            break;
        }
        let mut style = paint.of(span.role);
        for (flag, modifier) in [
            (Flags::BOLD, Modifier::BOLD),
            (Flags::ITALIC, Modifier::ITALIC),
            (Flags::UNDERLINE, Modifier::UNDERLINED),
            (Flags::STRIKE, Modifier::CROSSED_OUT),
        ] {
            if span.also.has(flag) {
                style = style.add_modifier(modifier);
            }
        }
        x += put(buffer, Rect { x, width: area.right() - x, ..area }, &span.text, style);
    }
}
