//! The left side of prose: the bars of quotes and the bullets of lists, row by row, and the empty rows
//! between blocks. It must not know what the text beside them means.

use crate::text::cell_width;
use crate::tui::theme::Role;

use super::row::{Layout, Row, Span};

/// What is nested deeper has no marks of its own.
const DEPTH: usize = 64;
/// Marks never leave the text fewer cells than this, or half the width.
const ROOM: usize = 20;
/// And never less than the widest character takes.
const WIDEST: usize = 2;

/// What stands on the left of the rows of a quote or an item.
struct Mark {
    first: Span,
    rest: Span,
    cells: usize,
    used: bool,
}

/// Rows in the making.
pub(super) struct Frame {
    out: Layout,
    width: usize,
    marks: Vec<Mark>,
    /// The cells that the marks take.
    used: usize,
    /// Quotes and items that are open and have no marks, inside of those that have.
    bare: usize,
    /// An empty row stands before the next block.
    pub(super) gap: bool,
}

impl Frame {
    /// For a block of so many bytes, drawn in so many cells.
    pub(super) fn new(bytes: usize, width: usize) -> Self {
        Self { out: Layout::of(bytes), width, marks: Vec::new(), used: 0, bare: 0, gap: false }
    }

    /// The cells that are left for text.
    pub(super) fn room(&self) -> usize {
        self.width.saturating_sub(self.used).max(1)
    }

    /// A quote or an item begins. Where there is no room for its mark, it has none.
    pub(super) fn mark(&mut self, first: Span, rest: Span) {
        let cells = cell_width(&first.text);
        let keep = ROOM.min(self.width / 2).max(WIDEST);
        if self.bare > 0 || self.room() < keep + cells || self.marks.len() >= DEPTH {
            self.bare += 1;
            return;
        }
        self.used += cells;
        self.marks.push(Mark { first, rest, cells, used: false });
    }

    /// The quote or item is over; if it had no text, its mark is shown alone.
    pub(super) fn unmark(&mut self, at: usize) {
        if self.bare > 0 {
            self.bare -= 1;
            return;
        }
        if self.marks.last().is_some_and(|mark| !mark.used) {
            self.row(Vec::new(), at, None);
        }
        if let Some(mark) = self.marks.pop() {
            self.used -= mark.cells;
        }
    }

    /// A row, with the marks on its left; it shows that place of the block.
    pub(super) fn row(&mut self, mut spans: Vec<Span>, at: usize, fill: Option<Role>) {
        let mut all = Vec::with_capacity(self.marks.len() + spans.len());
        for mark in &mut self.marks {
            let used = std::mem::replace(&mut mark.used, true);
            all.push(if used { mark.rest.clone() } else { mark.first.clone() });
        }
        all.append(&mut spans);
        self.out.push(Row { spans: all, fill }, at);
    }

    /// The empty row that was owed. The bars of quotes go on through it.
    pub(super) fn empty_row(&mut self) {
        if !std::mem::take(&mut self.gap) || self.out.rows.is_empty() {
            return;
        }
        let marks = self.marks.iter().filter(|mark| mark.used);
        let mut spans: Vec<Span> = marks.map(|mark| mark.rest.clone()).collect();
        while spans.last().is_some_and(|span| span.role == Role::Text) {
            spans.pop();
        }
        let at = self.out.marks.last().copied().unwrap_or(0);
        self.out.push(Row { spans, fill: None }, at as usize);
    }

    /// The rows; at least one.
    pub(super) fn finish(mut self) -> Layout {
        if self.out.rows.is_empty() {
            self.out.push(Row::default(), 0);
        }
        self.out
    }
}
