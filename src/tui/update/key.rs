//! Keys: which part of the screen takes one, and in which order.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::action::Action;
use crate::tui::action::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Resolved;
use crate::tui::state::Focus;
use crate::tui::state::State;
use crate::tui::update::act;
use crate::tui::update::compose;
use crate::tui::update::copy;
use crate::tui::update::history;
use crate::tui::update::panels;
use crate::tui::update::send;

/// Takes a key.
pub fn key(state: &mut State, key: KeyEvent, out: &mut Vec<Effect>) {
    if key.code != KeyCode::Esc {
        state.guards.stopped = None;
    }
    if let Some(waiting) = state.guards.digit.take() {
        if let Some(digit) = digit(key) {
            copy::code_block(state, waiting, digit, out);
            return;
        }
        state.say("a digit says which code block; nothing was done");
        if key.code == KeyCode::Esc {
            return;
        }
    }
    if !state.panels.is_empty() && panels::key(state, key, out) {
        return;
    }
    let context = if !state.panels.is_empty() {
        Context::Panel
    } else if state.focus == Focus::Composer {
        Context::Composer
    } else {
        Context::Pane
    };
    if context == Context::Composer
        && (history::search_key(state, key) || compose::offer_key(state, key, out))
    {
        return;
    }
    if context == Context::Composer && key.code == KeyCode::Enter && !state.look.ui.enter_sends {
        // The person wants it the other way round: Enter writes, Alt-Enter or Ctrl-Enter sends.
        if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::CONTROL) {
            send::enter(state, out);
        } else {
            compose::newline(state);
        }
        return;
    }
    match state.keymap.resolve(context, &mut state.pending, key) {
        Resolved::Action(action) => act::act(state, action, out),
        Resolved::Prefix => {}
        Resolved::None => match context {
            Context::Composer => compose::key(state, key, out),
            Context::Pane => unbound(state, key),
            Context::Panel | Context::Global => {}
        },
    }
}

/// A letter that is bound to nothing in a pane.
fn unbound(state: &mut State, key: KeyEvent) {
    let letter = matches!(key.code, KeyCode::Char(c) if !c.is_control());
    if letter && !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        let write =
            state.keymap.chord(Action::FocusComposer, Context::Pane).unwrap_or_else(|| "tab".to_owned());
        state.say(format!("{write} to write"));
    }
}

fn digit(key: KeyEvent) -> Option<usize> {
    match key.code {
        KeyCode::Char(c) if key.modifiers.is_empty() => {
            c.to_digit(10).and_then(|digit| usize::try_from(digit).ok())
        }
        _ => None,
    }
}
