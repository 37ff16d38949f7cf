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

pub use door::{Setup, run};
pub use state::Label;
