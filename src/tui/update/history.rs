//! Earlier prompts: Up and Down, and the search through them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::state::Search;
use crate::tui::state::State;
use crate::tui::update::compose;

/// The prompt before; the draft is kept.
pub fn previous(state: &mut State) {
    let draft = state.composer.text();
    if let Some(prompt) = state.composer.prompts.previous(&draft) {
        put(state, &prompt);
    }
}

/// The next prompt, or the draft.
pub fn next(state: &mut State) {
    if let Some(prompt) = state.composer.prompts.next() {
        put(state, &prompt);
    }
}

/// Sets the draft without leaving the walk through the prompts.
fn put(state: &mut State, prompt: &str) {
    state.composer.set(prompt);
    compose::changed(state);
    state.composer.offers = None;
}

/// Opens the search, or goes to the next older match.
pub fn search(state: &mut State) {
    match &mut state.composer.search {
        Some(search) => search.skip += 1,
        None => state.composer.search = Some(Search::default()),
    }
}

/// Leaves the search; says whether it was open.
pub fn leave(state: &mut State) -> bool {
    state.composer.search.take().is_some()
}

/// Keys of the search, while it is open; says whether it took the key.
pub fn search_key(state: &mut State, key: KeyEvent) -> bool {
    let Some(search) = &mut state.composer.search else { return false };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('r') if control => {
            let further = search.skip + 1;
            if state.composer.prompts.find(&search.query, further).is_some() {
                search.skip = further;
            }
        }
        KeyCode::Char('s') if control => search.skip = search.skip.saturating_sub(1),
        KeyCode::Char(c) if !control && !c.is_control() && !key.modifiers.contains(KeyModifiers::ALT) => {
            search.query.push(c);
            search.skip = 0;
        }
        KeyCode::Backspace => {
            search.query.pop();
            search.skip = 0;
        }
        KeyCode::Enter | KeyCode::Tab | KeyCode::Right | KeyCode::End => {
            let Search { query, skip } = search.clone();
            state.composer.search = None;
            if let Some(found) = state.composer.prompts.find(&query, skip).map(str::to_owned) {
                put(state, &found);
            }
        }
        _ => return false,
    }
    true
}
