//! The screen. Inside it floors of its own hold, lower to upper: step 0 roles, actions, effects;
//! 1 theme, keymap, markdown, widget, screen; 2 panel; 3 state; 4 update and view; 5 runtime.
pub mod action;
pub mod effect;
pub mod theme;
