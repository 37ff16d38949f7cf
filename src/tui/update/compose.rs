//! Typing: what keys do in the composer that the keymap leaves to it, Enter, pastes, and the list of
//! commands that opens while one is typed.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::state::BURST;
use crate::tui::state::Composer;
use crate::tui::state::Offer;
use crate::tui::state::Offers;
use crate::tui::state::PASTED;
use crate::tui::state::Pasted;
use crate::tui::state::REFUSED;
use crate::tui::state::State;
use crate::tui::update::act;
use crate::tui::update::command;
use crate::tui::update::history;
use crate::tui::update::send;

/// How long after the last key a draft is saved, and estimated.
const SAVE_AFTER: Duration = Duration::from_millis(800);
const ESTIMATE_AFTER: Duration = Duration::from_millis(250);

/// A key that is bound to nothing: text, or one of readline's.
pub fn key(state: &mut State, key: KeyEvent, out: &mut Vec<Effect>) {
    if key.code == KeyCode::Char('?') && key.modifiers.is_empty() && state.composer.is_empty() {
        act::act(state, Action::Help, out);
        return;
    }
    match key.code {
        KeyCode::Up if !state.composer.up() => history::previous(state),
        KeyCode::Down if !state.composer.down() => history::next(state),
        KeyCode::Up | KeyCode::Down => {}
        _ => {
            if edit(&mut state.composer, key) {
                if matches!(key.code, KeyCode::Char(_)) && plain(key) {
                    typed(state);
                }
                changed(state);
            }
        }
    }
}

fn plain(key: KeyEvent) -> bool {
    !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER)
}

/// The readline keys; says whether the draft may have changed.
fn edit(composer: &mut Composer, key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match (key.code, control, alt) {
        (KeyCode::Char('a'), true, false) | (KeyCode::Home, ..) => composer.home(),
        (KeyCode::Char('e'), true, false) | (KeyCode::End, ..) => composer.end(),
        (KeyCode::Char('b'), true, false) => composer.left(),
        (KeyCode::Char('f'), true, false) => composer.right(),
        (KeyCode::Char('b'), false, true) | (KeyCode::Left, true, _) | (KeyCode::Left, _, true) => {
            composer.word_left()
        }
        (KeyCode::Char('f'), false, true) | (KeyCode::Right, true, _) | (KeyCode::Right, _, true) => {
            composer.word_right();
        }
        (KeyCode::Left, ..) => composer.left(),
        (KeyCode::Right, ..) => composer.right(),
        (KeyCode::Char('k'), true, false) => composer.kill_to_end(),
        (KeyCode::Char('u'), true, false) => composer.kill_to_start(),
        (KeyCode::Char('w'), true, false) => composer.kill_word(),
        (KeyCode::Char('y'), true, false) => composer.yank(),
        (KeyCode::Char('h'), true, false) => composer.backspace(),
        (KeyCode::Char('d'), true, false) => composer.delete(),
        (KeyCode::Char('d'), false, true) | (KeyCode::Delete, _, true) => composer.kill_next_word(),
        (KeyCode::Backspace, _, true) => composer.kill_word_part(),
        // Ctrl-_ comes as one of these three, as the terminal likes.
        (KeyCode::Char('_' | '7' | '/'), true, false) => composer.undo(),
        (KeyCode::Backspace, ..) => composer.backspace(),
        (KeyCode::Delete, ..) => composer.delete(),
        (KeyCode::Char(c), false, false) if !c.is_control() => composer.insert(c),
        _ => return false,
    }
    true
}

/// Whether the last character was typed less than a moment ago.
fn is_quick(state: &State) -> bool {
    state.guards.typed.is_some_and(|typed| state.clock.since(typed) < BURST)
}

/// A character was typed.
fn typed(state: &mut State) {
    state.guards.quick = if is_quick(state) { state.guards.quick.saturating_add(1) } else { 0 };
    state.guards.typed = Some(state.clock.now);
}

/// Enter. After a backslash, or in a burst of keys that was a paste, it is a new line.
pub fn enter(state: &mut State, out: &mut Vec<Effect>) {
    if state.composer.after_backslash() {
        state.composer.backspace();
        newline(state);
        return;
    }
    if is_quick(state) && state.guards.quick + 1 >= PASTED {
        newline(state);
        typed(state);
        return;
    }
    send::enter(state, out);
}

/// A new line in the draft.
pub fn newline(state: &mut State) {
    state.composer.newline();
    changed(state);
}

/// What was pasted.
pub fn paste(state: &mut State, raw: &str) {
    if raw.len() > REFUSED {
        state.tell(crate::chat::Notice::error(format!(
            "{} MB were pasted; more than 64 MB are not taken. Nothing was changed.",
            raw.len() >> 20
        )));
        return;
    }
    let pasted = Pasted::new(raw);
    if pasted.invisible > 0 {
        state.tell(crate::chat::Notice::warning(format!(
            "the paste has {} invisible characters; they are sent as they are",
            pasted.invisible
        )));
    }
    state.composer.search = None;
    state.composer.paste(pasted);
    changed(state);
}

/// The draft has changed: what follows from it is due.
pub fn changed(state: &mut State) {
    let now = state.clock.now;
    state.due.draft = Some(now + SAVE_AFTER);
    state.due.estimate = Some(now + ESTIMATE_AFTER);
    if state.composer.is_empty() {
        state.estimate = None;
        state.due.estimate = None;
    }
    offer(state);
}

/// What Enter would send has changed by something else than typing.
pub fn estimate_soon(state: &mut State) {
    state.due.estimate = Some(state.clock.now + ESTIMATE_AFTER);
}

/// Opens, narrows or closes the list of commands.
fn offer(state: &mut State) {
    let line = state.composer.first_line();
    let typed = line.strip_prefix('/').filter(|name| {
        state.composer.line_count() == 1 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    });
    let rows: Vec<Offer> = match typed {
        Some(name) => command::matching(name).map(|row| Offer { name: row.name, doc: row.doc }).collect(),
        None => Vec::new(),
    };
    let selected = state.composer.offers.as_ref().map_or(0, |offers| offers.selected);
    let selected = selected.min(rows.len().saturating_sub(1));
    state.composer.offers = (!rows.is_empty()).then_some(Offers { rows, selected });
}

/// Keys of the list of commands, while it is open; says whether it took the key.
pub fn offer_key(state: &mut State, key: KeyEvent, out: &mut Vec<Effect>) -> bool {
    let Some(offers) = &mut state.composer.offers else { return false };
    if !plain(key) {
        return false;
    }
    let last = offers.rows.len().saturating_sub(1);
    match key.code {
        KeyCode::Up => offers.selected = offers.selected.saturating_sub(1),
        KeyCode::Down => offers.selected = (offers.selected + 1).min(last),
        KeyCode::Tab | KeyCode::Enter => {
            let Some(name) = offers.rows.get(offers.selected).map(|row| row.name) else { return false };
            // What may be left out is not waited for: Enter does what the list says it does.
            let wants = command::find(name).is_some_and(|row| row.waits());
            if key.code == KeyCode::Enter && (!wants || state.composer.first_line() == format!("/{name}")) {
                state.composer.set(&format!("/{name}"));
                state.composer.offers = None;
                send::enter(state, out);
            } else {
                state.composer.set(&format!("/{name} "));
                changed(state);
            }
        }
        _ => return false,
    }
    true
}
