//! The help: every key from the keymap in force, to search, and what a first look needs to know.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::text::cell_width;
use crate::tui::action::Context;
use crate::tui::panel::Ask;
use crate::tui::panel::Cx;
use crate::tui::panel::Outcome;
use crate::tui::panel::Panel;
use crate::tui::theme::Role;
use crate::tui::widget::List;
use crate::tui::widget::Paint;
use crate::tui::widget::put;

/// What marks and words mean, before the keys.
const FIRST: &[(&str, &str)] = &[
    ("the room", "One prompt goes to every seat; each answers in its own pane and sees its own replies."),
    ("amounts", "$ said by the provider · ~ computed from tokens and prices · ≈ estimated · ? not known"),
    ("▸ and heavy border", "the current pane: esc, page keys and copying act on it, also from the composer"),
];

/// How to ask real models, while only demo models sit in the room.
const KEY: (&str, &str) =
    ("a key for models", "export OPENROUTER_API_KEY=… and start salon again; or: salon config init");

/// One line of the help.
struct Line {
    key: String,
    doc: String,
    search: String,
}

/// The help.
pub struct Help {
    lines: Vec<Line>,
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
        let mut help = Self { lines, list: List::default() };
        help.list.search(help.lines.iter().map(|line| line.search.as_str()));
        help
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
                    self.list.search(self.lines.iter().map(|line| line.search.as_str()));
                }
                Outcome::Stay(Vec::<Ask>::new())
            }
        }
    }

    fn prepare(&mut self, area: Rect, _cx: &Cx<'_>) {
        self.list.prepare(area.height.saturating_sub(1));
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, _cx: &Cx<'_>) -> Option<Position> {
        let cursor = super::palette::query_line(area, &self.list.query, "type to search", buffer, paint);
        let keys = self.lines.iter().map(|line| cell_width(&line.key)).max().unwrap_or(0).min(24);
        let keys = u16::try_from(keys).unwrap_or(24);
        let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.list.draw(rows, buffer, paint, &|index, cells, buffer| {
            let Some(line) = self.lines.get(index) else { return };
            put(buffer, Rect { width: keys.min(cells.width), ..cells }, &line.key, paint.of(Role::Key));
            let used = (keys + 2).min(cells.width);
            let rest = Rect { x: cells.x + used, width: cells.width - used, ..cells };
            put(buffer, rest, &line.doc, paint.of(Role::Text));
        });
        cursor
    }

    fn hints(&self) -> &'static str {
        "↑ ↓ move · type to search · esc close"
    }

    fn wants(&self) -> (u16, u16) {
        (100, 60)
    }
}
