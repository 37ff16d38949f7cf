//! A border with a title in its upper line and a status in its lower one: no row is spent on them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::theme::Role;
use crate::tui::widget::pen::Field;
use crate::tui::widget::pen::Paint;
use crate::tui::widget::pen::fields_width;
use crate::tui::widget::pen::put_fields;

/// How strong a border is. It says what colour says too, for those who see none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Everything else.
    Light,
    /// The current pane.
    Heavy,
}

/// Corners and lines: top left, top right, bottom left, bottom right, across, down.
const LIGHT: [&str; 6] = ["╭", "╮", "╰", "╯", "─", "│"];
const HEAVY: [&str; 6] = ["┏", "┓", "┗", "┛", "━", "┃"];

/// A border to draw.
pub struct Frame<'a> {
    /// Where.
    pub area: Rect,
    /// How strong.
    pub weight: Weight,
    /// The role of its lines.
    pub role: Role,
    /// In the upper line.
    pub title: &'a [Field],
    /// In the lower line.
    pub status: &'a [Field],
    /// Without lines at the sides: native selection of what is inside picks up nothing else.
    pub open: bool,
}

impl Frame<'_> {
    /// The area inside, for a border of this area.
    #[must_use]
    pub fn inner(area: Rect) -> Rect {
        Rect {
            x: area.x.saturating_add(1),
            y: area.y.saturating_add(1),
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(2),
        }
    }

    /// Draws it.
    pub fn draw(&self, buffer: &mut Buffer, paint: Paint<'_>) {
        let area = self.area.intersection(buffer.area);
        if area.width < 2 || area.height < 2 {
            return;
        }
        let style = paint.of(self.role);
        let set = if self.weight == Weight::Heavy { &HEAVY } else { &LIGHT };
        let [top_left, top_right, bottom_left, bottom_right, across, down] = *set;
        let (left, right, top, bottom) = (area.x, area.right() - 1, area.y, area.bottom() - 1);
        for x in left..=right {
            cell(buffer, x, top, across, style);
            cell(buffer, x, bottom, across, style);
        }
        if !self.open {
            for y in top..=bottom {
                cell(buffer, left, y, down, style);
                cell(buffer, right, y, down, style);
            }
            cell(buffer, left, top, top_left, style);
            cell(buffer, right, top, top_right, style);
            cell(buffer, left, bottom, bottom_left, style);
            cell(buffer, right, bottom, bottom_right, style);
        }
        let line = Rect { x: left + 1, y: top, width: area.width - 2, height: 1 };
        text_in(buffer, line, self.title, paint);
        text_in(buffer, Rect { y: bottom, ..line }, self.status, paint);
    }
}

fn cell(buffer: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    if let Some(cell) = buffer.cell_mut((x, y)) {
        cell.set_symbol(symbol).set_style(style);
    }
}

/// Fields in a line, a space after the last one when there is room.
fn text_in(buffer: &mut Buffer, line: Rect, fields: &[Field], paint: Paint<'_>) {
    if fields_width(fields) == 0 {
        return;
    }
    let used = put_fields(buffer, line, fields, paint);
    if used < line.width {
        let style = fields.last().map(|field| paint.of(field.role)).unwrap_or_default();
        cell(buffer, line.x + used, line.y, " ", style);
    }
}
