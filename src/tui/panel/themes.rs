//! The themes: moving through the list shows each at once; Esc goes back to the one before.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::panel::Ask;
use crate::tui::panel::Cx;
use crate::tui::panel::Outcome;
use crate::tui::panel::Panel;
use crate::tui::panel::palette::query_line;
use crate::tui::theme::Role;
use crate::tui::widget::List;
use crate::tui::widget::Paint;
use crate::tui::widget::put;

/// The themes.
pub struct Themes {
    names: Vec<String>,
    before: String,
    shown: String,
    list: List,
}

impl Themes {
    /// The list, at the theme in use.
    #[must_use]
    pub fn new(cx: &Cx<'_>) -> Self {
        let mut themes = Self {
            names: cx.themes.to_vec(),
            before: cx.theme.to_owned(),
            shown: cx.theme.to_owned(),
            list: List::default(),
        };
        themes.list.search(themes.names.iter().map(String::as_str));
        if let Some(at) = themes.names.iter().position(|name| *name == themes.before) {
            themes.list.select(at);
        }
        themes
    }

    fn picked(&self) -> Option<&String> {
        self.list.picked().and_then(|index| self.names.get(index))
    }
}

impl Panel for Themes {
    fn title(&self) -> String {
        "themes".to_owned()
    }

    fn handle(&mut self, key: KeyEvent, _cx: &Cx<'_>) -> Outcome {
        if key.code == KeyCode::Enter {
            let theme = self.picked().map(|name| Ask::Theme { name: name.clone(), keep: true });
            return Outcome::Close(theme.into_iter().collect());
        }
        let Some(changed) = self.list.key(key) else { return Outcome::Ignored };
        if changed {
            self.list.search(self.names.iter().map(String::as_str));
        }
        let Some(name) = self.picked().filter(|name| **name != self.shown).cloned() else {
            return Outcome::Stay(Vec::new());
        };
        self.shown.clone_from(&name);
        Outcome::Stay(vec![Ask::Theme { name, keep: false }])
    }

    fn prepare(&mut self, area: Rect, _cx: &Cx<'_>) {
        self.list.prepare(area.height.saturating_sub(1));
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, _cx: &Cx<'_>) -> Option<Position> {
        let cursor = query_line(area, &self.list.query, "type to search", buffer, paint);
        let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.list.draw(rows, buffer, paint, &|index, cells, buffer| {
            if let Some(name) = self.names.get(index) {
                put(buffer, cells, name, paint.of(Role::Text));
            }
        });
        cursor
    }

    fn hints(&self) -> &'static str {
        "enter keep · {esc} back to the one before"
    }

    fn dismiss(&mut self) -> Vec<Ask> {
        if self.shown == self.before {
            return Vec::new();
        }
        vec![Ask::Theme { name: self.before.clone(), keep: false }]
    }

    fn wants(&self) -> (u16, u16) {
        (44, u16::try_from(self.names.len()).unwrap_or(20).saturating_add(3))
    }
}
