//! The help: every key from the keymap in force, to search, and what a first look needs to know.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::action::Context;
use crate::tui::panel::Ask;
use crate::tui::panel::Cx;
use crate::tui::panel::Outcome;
use crate::tui::panel::Panel;
use crate::tui::theme::Role;
use crate::tui::widget::List;
use crate::tui::widget::Paint;
use crate::tui::widget::put;
use crate::tui::widget::put_clipped;
use crate::tui::widget::wrap;

/// What marks and words mean, before the keys.
const FIRST: &[(&str, &str)] = &[
    ("the room", "One prompt goes to every seat; each answers in its own pane and sees its own replies."),
    ("amounts", "$ said by the provider · ~ computed from tokens and prices · ≈ estimated · ? not known"),
    ("▸ and heavy border", "the current pane: esc, page keys and copying act on it, also from the composer"),
];

/// How to ask real models, while only demo models sit in the room.
const KEY: (&str, &str) = ("a key for models", "/login; or export OPENROUTER_API_KEY=… before salon starts");

/// Columns of the keys; on a narrower screen than [`NARROW`] they stand above what they do.
const KEYS: usize = 24;
const NARROW: usize = 56;

/// One thing that the help tells.
struct Line {
    key: String,
    doc: String,
    search: String,
}

/// A row of the list: what is told takes as many as it needs.
struct Row {
    /// Which line it is of.
    line: usize,
    key: String,
    doc: String,
}

/// The help.
pub struct Help {
    lines: Vec<Line>,
    rows: Vec<Row>,
    width: usize,
    list: List,
}

impl Help {
    /// The help for the keys in force.
    #[must_use]
    pub fn new(cx: &Cx<'_>) -> Self {
        let mut lines: Vec<Line> = FIRST
            .iter()
            .chain(cx.demo.then_some(&KEY))
            .map(|(key, doc)| line((*key).to_owned(), (*doc).to_owned()))
            .collect();
        for (context, chord, row) in cx.keymap.rows() {
            let place = match context {
                Context::Global => "",
                Context::Composer => " (composer)",
                Context::Pane => " (pane)",
                Context::Panel => " (panel)",
            };
            lines.push(line(format!("{chord}{place}"), row.doc.to_owned()));
        }
        for (name, doc) in cx.commands {
            lines.push(line(format!("/{name}"), (*doc).to_owned()));
        }
        Self { lines, rows: Vec::new(), width: 0, list: List::default() }
    }

    /// Breaks what is told into rows of so many cells.
    fn lay_out(&mut self, width: usize) {
        self.width = width;
        let narrow = width < NARROW;
        let room = if narrow { width.saturating_sub(2) } else { width.saturating_sub(KEYS + 2) }.max(1);
        self.rows.clear();
        for (line, told) in self.lines.iter().enumerate() {
            let mut key = told.key.clone();
            if narrow {
                self.rows.push(Row { line, key: std::mem::take(&mut key), doc: String::new() });
            }
            for doc in wrap(&told.doc, room) {
                self.rows.push(Row { line, key: std::mem::take(&mut key), doc });
            }
        }
        self.search();
    }

    fn search(&mut self) {
        let found = |row: &Row| self.lines.get(row.line).map_or("", |line| line.search.as_str());
        self.list.search(self.rows.iter().map(found));
    }
}

fn line(key: String, doc: String) -> Line {
    let search = format!("{key} {doc}");
    Line { key, doc, search }
}

impl Panel for Help {
    fn title(&self) -> String {
        "help".to_owned()
    }

    fn handle(&mut self, key: KeyEvent, _cx: &Cx<'_>) -> Outcome {
        match self.list.key(key) {
            None => Outcome::Ignored,
            Some(changed) => {
                if changed {
                    self.search();
                }
                Outcome::Stay(Vec::<Ask>::new())
            }
        }
    }

    fn prepare(&mut self, area: Rect, _cx: &Cx<'_>) {
        let width = usize::from(area.width.saturating_sub(1));
        if self.width != width {
            self.lay_out(width);
        }
        self.list.prepare(area.height.saturating_sub(1));
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, _cx: &Cx<'_>) -> Option<Position> {
        let cursor = super::palette::query_line(area, &self.list.query, "type to search", buffer, paint);
        let narrow = self.width < NARROW;
        let before = u16::try_from(if narrow { 2 } else { KEYS + 2 }).unwrap_or(0);
        let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.list.draw(rows, buffer, paint, &|index, cells, buffer| {
            let Some(row) = self.rows.get(index) else { return };
            let keys = if narrow { cells.width } else { before.min(cells.width).saturating_sub(2) };
            put_clipped(buffer, Rect { width: keys, ..cells }, &row.key, paint.of(Role::Key));
            let used = before.min(cells.width);
            let rest = Rect { x: cells.x + used, width: cells.width - used, ..cells };
            put(buffer, rest, &row.doc, paint.of(Role::Text));
        });
        cursor
    }

    fn hints(&self) -> &'static str {
        "↑ ↓ move · type to search · {esc} close"
    }

    fn wants(&self) -> (u16, u16) {
        (100, 60)
    }
}
