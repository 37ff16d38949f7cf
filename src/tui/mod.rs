//! The screen. Inside it floors of its own hold, lower to upper: step 0 roles, actions, effects;
//! 1 theme, keymap, markdown, widget, screen; 2 panel; 3 state; 4 update and view; 5 runtime; the
//! door on top.

mod action;
mod door;
mod effect;
#[cfg(test)]
mod harness;
mod keymap;
mod markdown;
mod panel;
mod runtime;
mod screen;
mod state;
mod theme;
mod update;
mod view;
mod widget;

pub use door::{Setup, run, terminal};
pub use effect::{Login, LoginNews, LoginRow, Logins, Models, News, TellFound, TellLogin, Welcome};
pub use state::Label;

/// What `benches/` measures of the screen.
#[cfg(feature = "internals")]
pub mod internals {
    pub use crate::tui::effect::Effect;
    pub use crate::tui::keymap::Keymap;
    pub use crate::tui::markdown::{Document, warm};
    pub use crate::tui::state::{Setup, State, Ui};
    pub use crate::tui::theme::Theme;
    pub use crate::tui::update::{Event, update};
    pub use crate::tui::view::{draw, prepare};
}
