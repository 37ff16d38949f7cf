//! Text into cells: fields that are cut at the edge of where they belong, never beyond it. All
//! widths are those of `text`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::text;
use crate::text::cell_width;
use crate::tui::theme::Role;

/// How roles look.
#[derive(Clone, Copy)]
pub struct Paint<'a> {
    /// The style of a role.
    pub style: &'a dyn Fn(Role) -> Style,
}

impl Paint<'_> {
    /// The style of a role.
    #[must_use]
    pub fn of(&self, role: Role) -> Style {
        (self.style)(role)
    }
}

/// A piece of a line with what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it says; one line.
    pub text: String,
    /// What it is.
    pub role: Role,
}

impl Field {
    /// A field.
    #[must_use]
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role }
    }
}

/// The cells that fields take together.
#[must_use]
pub fn fields_width(fields: &[Field]) -> usize {
    fields.iter().map(|field| cell_width(&field.text)).sum()
}

/// Writes text at the start of `area`'s first row, cut at its end; gives the cells that it took.
pub fn put(buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if area.is_empty() || text.is_empty() {
        return 0;
    }
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return put_ascii(buffer, area, text, style);
    }
    let (end, _) = buffer.set_stringn(area.x, area.y, text, usize::from(area.width), style);
    end.saturating_sub(area.x)
}

/// The same for what is nearly all of the text: each character has a cell of its own, so that there
/// is nothing to find out about it.
fn put_ascii(buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    let start = buffer.index_of(area.x, area.y);
    let cells = buffer.content.iter_mut().skip(start).take(usize::from(area.width));
    let mut used = 0;
    for (cell, byte) in cells.zip(text.bytes()) {
        cell.set_char(char::from(byte)).set_style(style);
        used += 1;
    }
    used
}

/// Writes text at the start of `area`'s first row; one that is too long ends with `…`.
pub fn put_clipped(buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    let cells = usize::from(area.width);
    if cell_width(text) <= cells {
        return put(buffer, area, text, style);
    }
    let text = format!("{}…", text::clip(text, cells.saturating_sub(1)).trim_end());
    put(buffer, area, &text, style)
}

/// Writes text at the end of `area`'s first row; nothing when it does not fit.
pub fn put_right(buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> bool {
    let width = u16::try_from(cell_width(text)).unwrap_or(u16::MAX);
    if width > area.width || area.height == 0 {
        return false;
    }
    put(buffer, Rect { x: area.right() - width, width, ..area }, text, style);
    true
}

/// Writes fields one after the other; gives the cells that they took.
pub fn put_fields(buffer: &mut Buffer, area: Rect, fields: &[Field], paint: Paint<'_>) -> u16 {
    let mut used = 0;
    for field in fields {
        if used >= area.width {
            break;
        }
        let rest = Rect { x: area.x + used, width: area.width - used, ..area };
        used += put(buffer, rest, &field.text, paint.of(field.role));
    }
    used
}

/// Writes fields at the end of the row; nothing when they do not fit.
pub fn put_fields_right(buffer: &mut Buffer, area: Rect, fields: &[Field], paint: Paint<'_>) -> bool {
    let width = u16::try_from(fields_width(fields)).unwrap_or(u16::MAX);
    if width > area.width || area.height == 0 {
        return false;
    }
    put_fields(buffer, Rect { x: area.right() - width, width, ..area }, fields, paint);
    true
}

/// The text in lines of at most so many cells, broken at spaces where that can be.
#[must_use]
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    text::wrap(text, cells).into_iter().map(|range| text.get(range).unwrap_or_default().to_owned()).collect()
}

/// A bar of `cells` cells, filled to `part` of `whole`.
#[must_use]
pub fn gauge(part: i128, whole: i128, cells: usize) -> String {
    let cells_wide = i128::try_from(cells).unwrap_or(0);
    let full =
        if whole <= 0 { cells_wide } else { (part.max(0).min(whole) * cells_wide + whole / 2) / whole };
    let full = usize::try_from(full).unwrap_or(0).min(cells);
    format!("{}{}", "▓".repeat(full), "░".repeat(cells - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_written_as_all_text_is() {
        let area = Rect::new(2, 1, 9, 2);
        let style = Style::new().fg(ratatui::style::Color::Red);
        for text in
            ["", "a", "one two", "exactly 9", "longer than nine", "tab\there", "\u{7f}", "ü", "e\u{301}x"]
        {
            for place in
                [Rect::new(2, 1, 9, 1), Rect::new(4, 2, 3, 1), Rect::new(9, 2, 5, 1), Rect::new(0, 0, 4, 1)]
            {
                let (mut ours, mut theirs) = (Buffer::empty(area), Buffer::empty(area));
                let used = put(&mut ours, place, text, style);
                let place = place.intersection(area);
                let end = if place.is_empty() {
                    place.x
                } else {
                    theirs.set_stringn(place.x, place.y, text, usize::from(place.width), style).0
                };
                assert_eq!((used, &ours), (end - place.x, &theirs), "{text:?} at {place}");
            }
        }
    }

    #[test]
    fn a_gauge_is_as_full_as_its_part() {
        assert_eq!(gauge(8, 100, 12), "▓░░░░░░░░░░░");
        assert_eq!(gauge(0, 0, 2), "▓▓");
        assert_eq!(gauge(500, 100, 2), "▓▓");
        assert_eq!(gauge(-5, 100, 2), "░░");
    }
}
