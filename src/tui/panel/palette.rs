//! The palette: every action and every command by name, with its key.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::text::cell_width;
use crate::tui::action::ACTIONS;
use crate::tui::action::Action;
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
use crate::tui::widget::put_right;

/// One thing that can be done.
struct Entry {
    name: String,
    doc: &'static str,
    key: String,
    search: String,
    ask: Ask,
}

/// The palette.
pub struct Palette {
    entries: Vec<Entry>,
    list: List,
}

impl Palette {
    /// Everything that can be done.
    #[must_use]
    pub fn new(cx: &Cx<'_>) -> Self {
        let key = |action: Action| {
            [Context::Global, Context::Pane, Context::Composer]
                .into_iter()
                .find_map(|context| cx.keymap.chord(action, context))
                .unwrap_or_default()
        };
        let actions =
            ACTIONS.iter().map(|row| (row.name.to_owned(), row.doc, key(row.action), Ask::Do(row.action)));
        let commands = cx
            .commands
            .iter()
            .map(|(name, doc)| (format!("/{name}"), *doc, String::new(), Ask::Command((*name).to_owned())));
        let entries: Vec<Entry> = actions
            .chain(commands)
            .map(|(name, doc, key, ask)| Entry { search: format!("{name} {doc}"), name, doc, key, ask })
            .collect();
        let mut palette = Self { entries, list: List::default() };
        palette.list.search(palette.entries.iter().map(|entry| entry.search.as_str()));
        palette
    }
}

impl Panel for Palette {
    fn title(&self) -> String {
        "palette".to_owned()
    }

    fn handle(&mut self, key: KeyEvent, _cx: &Cx<'_>) -> Outcome {
        if key.code == KeyCode::Enter {
            let picked = self.list.picked().and_then(|index| self.entries.get(index));
            return Outcome::Close(picked.map(|entry| entry.ask.clone()).into_iter().collect());
        }
        match self.list.key(key) {
            None => Outcome::Ignored,
            Some(changed) => {
                if changed {
                    self.list.search(self.entries.iter().map(|entry| entry.search.as_str()));
                }
                Outcome::Stay(Vec::new())
            }
        }
    }

    fn prepare(&mut self, area: Rect, _cx: &Cx<'_>) {
        self.list.prepare(area.height.saturating_sub(1));
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, _cx: &Cx<'_>) -> Option<Position> {
        let cursor = query_line(area, &self.list.query, "what do you want to do?", buffer, paint);
        let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.list.draw(rows, buffer, paint, &|index, cells, buffer| {
            let Some(entry) = self.entries.get(index) else { return };
            let name = 20.min(cells.width);
            put(buffer, Rect { width: name, ..cells }, &entry.name, paint.of(Role::Strong));
            let used = (name + 1).min(cells.width);
            let key = u16::try_from(cell_width(&entry.key)).unwrap_or(0);
            let key = if key == 0 { 0 } else { key + 2 };
            let room = (cells.width - used).saturating_sub(key);
            let rest = Rect { x: cells.x + used, width: room, ..cells };
            put_clipped(buffer, rest, entry.doc, paint.of(Role::Text));
            if !entry.key.is_empty() {
                put_right(buffer, cells, &format!("  {}", entry.key), paint.of(Role::Key));
            }
        });
        cursor
    }

    fn hints(&self) -> &'static str {
        "enter do it · ↑ ↓ move · {esc} close"
    }
}

/// The line where a query is typed; gives the cell of the cursor.
pub fn query_line(
    area: Rect,
    query: &str,
    empty: &str,
    buffer: &mut Buffer,
    paint: Paint<'_>,
) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let line = Rect { height: 1, ..area };
    let used = put(buffer, line, "› ", paint.of(Role::Key));
    let rest = Rect { x: line.x + used, width: line.width - used, ..line };
    if query.is_empty() {
        put(buffer, rest, empty, paint.of(Role::Dim));
        return Some(Position { x: rest.x.min(area.right() - 1), y: rest.y });
    }
    let wide = put(buffer, rest, query, paint.of(Role::Input));
    Some(Position { x: (rest.x + wide).min(area.right() - 1), y: rest.y })
}
