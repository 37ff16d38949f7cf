//! A list to choose from: a query that narrows it, a selected row that is always in view.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::theme::Role;
use crate::tui::widget::fuzzy::Matcher;
use crate::tui::widget::pen::Paint;
use crate::tui::widget::pen::put;

/// What is typed, what it leaves, and which row is selected.
#[derive(Default)]
pub struct List {
    /// What is typed.
    pub query: String,
    /// The rows that match, as indices of what is listed.
    pub hits: Vec<usize>,
    selected: usize,
    top: usize,
    rows: usize,
    matcher: Matcher,
}

impl List {
    /// Searches anew; the selection goes to the best row.
    pub fn search<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        let query = std::mem::take(&mut self.query);
        self.hits = self.matcher.search(&query, names).into_iter().map(|hit| hit.index).collect();
        self.query = query;
        self.selected = 0;
        self.top = 0;
    }

    /// The selected thing, as an index of what is listed.
    #[must_use]
    pub fn picked(&self) -> Option<usize> {
        self.hits.get(self.selected).copied()
    }

    /// Selects the thing of that index, when it is there.
    pub fn select(&mut self, index: usize) {
        if let Some(row) = self.hits.iter().position(|hit| *hit == index) {
            self.selected = row;
            self.keep_in_view();
        }
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize) {
        let last = self.hits.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
        self.keep_in_view();
    }

    /// Moves the selection or edits the query. `Some(true)` when the query has changed and the list
    /// has to be searched anew; `None` when the key means nothing here.
    pub fn key(&mut self, key: KeyEvent) -> Option<bool> {
        let page = isize::try_from(self.rows.max(1)).unwrap_or(1);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Up => self.step(-1),
            KeyCode::Down => self.step(1),
            KeyCode::Char('p') if control => self.step(-1),
            KeyCode::Char('n') if control => self.step(1),
            KeyCode::PageUp => self.step(-page),
            KeyCode::PageDown => self.step(page),
            KeyCode::Home => self.step(isize::MIN / 2),
            KeyCode::End => self.step(isize::MAX / 2),
            KeyCode::Backspace => {
                let last = crate::text::graphemes(&self.query).next_back().map_or(0, str::len);
                self.query.truncate(self.query.len() - last);
                return Some(true);
            }
            KeyCode::Char('u') if control => {
                self.query.clear();
                return Some(true);
            }
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) && !c.is_control() => {
                self.query.push(c);
                return Some(true);
            }
            _ => return None,
        }
        Some(false)
    }

    /// Tells the list how many rows it has.
    pub fn prepare(&mut self, rows: u16) {
        self.rows = usize::from(rows);
        self.keep_in_view();
    }

    /// Draws the rows; `line` writes one into its area.
    pub fn draw(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        paint: Paint<'_>,
        line: &dyn Fn(usize, Rect, &mut Buffer),
    ) {
        for (offset, (row, index)) in
            self.hits.iter().enumerate().skip(self.top).take(usize::from(area.height)).enumerate()
        {
            let Ok(offset) = u16::try_from(offset) else { break };
            let cells = Rect { y: area.y + offset, height: 1, ..area };
            let chosen = row == self.selected;
            put(buffer, cells, if chosen { "▸" } else { " " }, paint.of(Role::Key));
            let rest =
                Rect { x: cells.x + 1.min(cells.width), width: cells.width.saturating_sub(1), ..cells };
            line(*index, rest, buffer);
            if chosen {
                buffer.set_style(cells.intersection(buffer.area), paint.of(Role::Selected));
            }
        }
    }

    fn keep_in_view(&mut self) {
        let rows = self.rows.max(1);
        if self.selected < self.top {
            self.top = self.selected;
        } else if self.selected >= self.top + rows {
            self.top = self.selected + 1 - rows;
        }
    }
}
