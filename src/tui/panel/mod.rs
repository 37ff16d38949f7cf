//! Panels: each is one file and one row of [`PANELS`]. A panel sees a narrow [`Cx`], never the
//! state, and answers with what it wants done; it changes nothing but itself.

mod confirm;
mod cx;
mod help;
mod login;
mod models;
mod palette;
mod themes;
mod usage;
mod usage_rows;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::chat::ModelRef;
use crate::tui::action::Action;
use crate::tui::effect::Login;
use crate::tui::widget::Paint;

pub use confirm::{Choice, Confirm};
pub use cx::{Cx, ModelRow, TurnRow, UsageView, no_such_provider};
pub use login::{LoginStage, TITLE as LOGIN};
pub use usage_rows::{sum_lines, tokens};

/// What a panel wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// An action, as if its key had been pressed.
    Do(Action),
    /// A command, as if it had been typed, without its slash.
    Command(String),
    /// The current seat gets this model.
    Swap(ModelRef),
    /// These models get seats of their own.
    Add(Vec<ModelRef>),
    /// Show this theme; `keep` it, or only look at it.
    Theme {
        /// Its name.
        name: String,
        /// Whether it is remembered.
        keep: bool,
    },
    /// The person has agreed.
    Yes(Choice),
    /// A step of a login.
    Login(Login),
    /// Put this on the clipboard.
    Copy {
        /// What it is, in words.
        what: String,
        /// Already safe.
        text: String,
    },
    /// Ask the ledger anew, for so many days; `None`: for all time.
    Since(Option<u32>),
}

/// What a panel made of a key.
#[derive(Debug)]
pub enum Outcome {
    /// The key means nothing to it.
    Ignored,
    /// It stays, and wants this done.
    Stay(Vec<Ask>),
    /// It closes, and wants this done.
    Close(Vec<Ask>),
}

/// Something over the room that has the keyboard.
pub trait Panel {
    /// Its title.
    fn title(&self) -> String;

    /// A key. Esc never comes here: it closes.
    fn handle(&mut self, key: KeyEvent, cx: &Cx<'_>) -> Outcome;

    /// Its inner area is known; lays out.
    fn prepare(&mut self, area: Rect, cx: &Cx<'_>);

    /// Draws into its inner area; gives the cell of the cursor, when it has one.
    fn draw(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, cx: &Cx<'_>) -> Option<Position>;

    /// The keys to name in its lower border; empty when it names them itself.
    fn hints(&self) -> &'static str;

    /// A paste; whether it took it.
    fn paste(&mut self, _text: &str, _cx: &Cx<'_>) -> bool {
        false
    }

    /// What Esc does besides closing it.
    fn dismiss(&mut self) -> Vec<Ask> {
        Vec::new()
    }

    /// Whether it is the full view of usage, which F3 closes.
    fn is_usage(&self) -> bool {
        false
    }

    /// The columns and rows that it would like, borders included; it gets at most the screen.
    fn wants(&self) -> (u16, u16) {
        (84, 28)
    }
}

/// One row of [`PANELS`].
pub struct PanelRow {
    /// Its name; also its command.
    pub name: &'static str,
    /// Makes it.
    pub open: fn(&Cx<'_>) -> Box<dyn Panel>,
}

/// The panels that open by name.
pub const PANELS: &[PanelRow] = &[
    PanelRow { name: "help", open: |cx| Box::new(help::Help::new(cx)) },
    PanelRow { name: "login", open: |cx| login(cx, "") },
    PanelRow { name: "model", open: |cx| Box::new(models::Models::new(cx)) },
    PanelRow { name: "palette", open: |cx| Box::new(palette::Palette::new(cx)) },
    PanelRow { name: "theme", open: |cx| Box::new(themes::Themes::new(cx)) },
    PanelRow { name: "usage", open: |_| Box::new(usage::UsagePanel::default()) },
];

/// The panel that logs in, over a provider that may be named.
#[must_use]
pub fn login(cx: &Cx<'_>, provider: &str) -> Box<dyn Panel> {
    Box::new(login::LoginPanel::new(cx, provider))
}

/// Opens a panel by its name.
#[must_use]
pub fn open(name: &str, cx: &Cx<'_>) -> Option<Box<dyn Panel>> {
    PANELS.iter().find(|row| row.name == name).map(|row| (row.open)(cx))
}

/// Where a panel stands: in the middle of the screen, all of it where the screen is small.
#[must_use]
pub fn place(panel: &dyn Panel, screen: Rect) -> Rect {
    if screen.width < 60 || screen.height < 16 {
        return screen;
    }
    let (columns, rows) = panel.wants();
    if columns == u16::MAX {
        return Rect { y: screen.y + 1, height: screen.height - 1, ..screen };
    }
    let width = columns.min(screen.width);
    let height = rows.min(screen.height.saturating_sub(2));
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    }
}
