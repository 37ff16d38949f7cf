//! A question that is asked before money is spent again, something is deleted, or replies are left.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::chat::SeatId;
use crate::tui::panel::Ask;
use crate::tui::panel::Cx;
use crate::tui::panel::Outcome;
use crate::tui::panel::Panel;
use crate::tui::theme::Role;
use crate::tui::widget::Paint;
use crate::tui::widget::put;
use crate::tui::widget::wrap;

/// What is agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The first send that costs money.
    Send,
    /// Leaving while replies stream.
    Quit,
    /// A new room while replies stream.
    NewRoom,
    /// Asking a seat again whose reply is done.
    Again(SeatId),
    /// Taking a seat out of the room.
    Remove(SeatId),
}

/// A question.
pub struct Confirm {
    question: String,
    yes: &'static str,
    choice: Choice,
    lines: Vec<String>,
}

impl Confirm {
    /// A question; `yes` says what agreeing does.
    #[must_use]
    pub fn new(question: String, yes: &'static str, choice: Choice) -> Self {
        let lines = wrap(&question, 60);
        Self { question, yes, choice, lines }
    }
}

impl Panel for Confirm {
    fn title(&self) -> String {
        "sure?".to_owned()
    }

    fn handle(&mut self, key: KeyEvent, _cx: &Cx<'_>) -> Outcome {
        match key.code {
            KeyCode::Enter | KeyCode::Char('y' | 'Y') => Outcome::Close(vec![Ask::Yes(self.choice)]),
            KeyCode::Char('n' | 'N') => Outcome::Close(Vec::new()),
            _ => Outcome::Ignored,
        }
    }

    fn prepare(&mut self, area: Rect, _cx: &Cx<'_>) {
        self.lines = wrap(&self.question, usize::from(area.width.saturating_sub(2)));
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, _cx: &Cx<'_>) -> Option<Position> {
        let mut row = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
        for line in self.lines.iter().take(usize::from(area.height)) {
            put(buffer, row, line, paint.of(Role::Text));
            row.y += 1;
        }
        if row.y + 1 < area.bottom() {
            row.y += 1;
        }
        if row.y < area.bottom() {
            put(buffer, row, &format!("y or enter: {}   n or esc: no", self.yes), paint.of(Role::Key));
        }
        None
    }

    fn hints(&self) -> &'static str {
        ""
    }

    fn wants(&self) -> (u16, u16) {
        (66, u16::try_from(self.lines.len()).unwrap_or(8).saturating_add(4))
    }
}
