//! Reading: scrolling the current pane, and how its text is shown.

use crate::tui::action::Action;
use crate::tui::state::State;

/// Does an action about scrolling; says whether it was one.
pub fn act(state: &mut State, action: Action) -> bool {
    let current = state.current;
    let turns = &state.room.turns;
    let pane = state.panes.get_mut(current);
    let page = pane.as_ref().map_or(1, |pane| isize::try_from(pane.scroll.height).unwrap_or(1).max(1));
    let by = match action {
        Action::LineUp => -1,
        Action::LineDown => 1,
        Action::HalfUp => -(page / 2).max(1),
        Action::HalfDown => (page / 2).max(1),
        Action::PageUp => -(page - 1).max(1),
        Action::PageDown => (page - 1).max(1),
        Action::Top | Action::Bottom | Action::NextTurn | Action::PreviousTurn => 0,
        _ => return false,
    };
    let Some(pane) = pane else { return true };
    match action {
        Action::Top => pane.scroll_to(turns, (0, 0)),
        Action::Bottom => pane.scroll.follow(),
        Action::NextTurn => pane.scroll_turn(turns, true),
        Action::PreviousTurn => pane.scroll_turn(turns, false),
        _ => pane.scroll_by(turns, by),
    }
    true
}

/// Thinking of what is read in the current pane opens or closes.
pub fn toggle_thinking(state: &mut State) {
    let current = state.current;
    let turns = &state.room.turns;
    let Some(pane) = state.panes.get_mut(current) else { return };
    let Some(at) = pane.reading(turns) else { return };
    let Some(told) = pane.told(turns, at) else { return };
    let none = told.reply.is_none_or(|reply| reply.thinking.is_empty());
    if let Some(item) = pane.items.get_mut(at) {
        let open = item.is_open(&told);
        item.thinking = Some(!open);
        item.grow();
    }
    if none {
        state.say("this reply shows no thinking");
    }
}

/// Thinking of all panes opens or closes.
pub fn toggle_thinking_all(state: &mut State) {
    let open = !state.panes.iter().any(|pane| pane.open == Some(true));
    for pane in &mut state.panes {
        pane.open = Some(open);
        for item in &mut pane.items {
            item.thinking = None;
            item.grow();
        }
    }
    state.say(if open { "thinking is open in all panes" } else { "thinking is closed in all panes" });
}

/// The source of the replies of the current pane, or their markdown.
pub fn toggle_raw(state: &mut State) {
    let Some(pane) = state.pane_mut() else { return };
    pane.raw = !pane.raw;
    pane.touch();
    let raw = pane.raw;
    state.say(if raw { "the source, as the model wrote it" } else { "markdown" });
}
