//! What each action does. One row an action of the keymap, in groups; each does its work in the file
//! that is about it.

use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::state::Focus;
use crate::tui::state::State;
use crate::tui::update::again;
use crate::tui::update::compose;
use crate::tui::update::copy;
use crate::tui::update::guard;
use crate::tui::update::history;
use crate::tui::update::panels;
use crate::tui::update::scroll;
use crate::tui::update::seats;
use crate::tui::update::send;

/// Does an action.
pub fn act(state: &mut State, action: Action, out: &mut Vec<Effect>) {
    let done = of_leaving(state, action, out)
        || of_focus(state, action)
        || scroll::act(state, action)
        || of_replies(state, action, out)
        || of_looks(state, action, out)
        || of_panels(state, action, out)
        || of_draft(state, action, out);
    debug_assert!(done, "every action is done somewhere: {action:?}");
}

fn of_leaving(state: &mut State, action: Action, out: &mut Vec<Effect>) -> bool {
    match action {
        Action::Escape => guard::escape(state, out),
        Action::Interrupt => guard::interrupt(state, out),
        Action::StopAll => send::stop_all(state, out),
        Action::Quit => guard::quit(state, out),
        Action::QuitIfEmpty => guard::quit_if_empty(state, out),
        Action::Suspend => out.push(Effect::Suspend),
        Action::Redraw => out.push(Effect::Redraw),
        _ => return false,
    }
    true
}

fn of_focus(state: &mut State, action: Action) -> bool {
    match action {
        Action::FocusNext => step_focus(state, true),
        Action::FocusPrevious => step_focus(state, false),
        Action::FocusComposer => state.focus = Focus::Composer,
        Action::Pane(number) => pane(state, number),
        Action::PaneLeft => state.current = state.current.saturating_sub(1),
        Action::PaneRight => {
            state.current = (state.current + 1).min(state.panes.len().saturating_sub(1));
        }
        _ => return false,
    }
    true
}

/// Round composer and panes.
fn step_focus(state: &mut State, forward: bool) {
    let last = state.panes.len().checked_sub(1);
    let (focus, current) = match (state.focus, forward, last) {
        (_, _, None) => (Focus::Composer, 0),
        (Focus::Composer, true, _) => (Focus::Pane, 0),
        (Focus::Composer, false, Some(last)) => (Focus::Pane, last),
        (Focus::Pane, true, Some(last)) if state.current < last => (Focus::Pane, state.current + 1),
        (Focus::Pane, false, _) if state.current > 0 => (Focus::Pane, state.current - 1),
        (Focus::Pane, ..) => (Focus::Composer, state.current),
    };
    state.focus = focus;
    state.current = current;
}

/// The pane with that number; the number is the seat's, and counts places when no seat has it.
fn pane(state: &mut State, number: u8) {
    let by_seat = state.panes.iter().position(|pane| pane.id().0 == u32::from(number));
    let by_place = usize::from(number).checked_sub(1).filter(|at| *at < state.panes.len());
    match by_seat.or(by_place) {
        Some(at) => state.current = at,
        None => state.say(format!("there is no pane {number}")),
    }
}

fn of_replies(state: &mut State, action: Action, out: &mut Vec<Effect>) -> bool {
    match action {
        Action::CopyReply => copy::reply(state, out),
        Action::CopyAll => copy::all(state, out),
        Action::CopyCode | Action::SaveCode => copy::ask_digit(state, action),
        Action::SaveReply => copy::save_reply(state, out),
        Action::Again => again::again(state, out),
        Action::AgainFailed => again::again_failed(state, out),
        Action::VersionPrevious => again::version(state, false, out),
        Action::VersionNext => again::version(state, true, out),
        Action::Mute => seats::mute(state, out),
        Action::RemoveSeat => seats::ask_remove(state),
        Action::TargetOnly => seats::target(state, true),
        Action::TargetMark => seats::target(state, false),
        _ => return false,
    }
    true
}

fn of_looks(state: &mut State, action: Action, out: &mut Vec<Effect>) -> bool {
    match action {
        Action::ToggleThinking => scroll::toggle_thinking(state),
        Action::ToggleThinkingAll => scroll::toggle_thinking_all(state),
        Action::ToggleRaw => scroll::toggle_raw(state),
        Action::Zoom => state.look.zoom = !state.look.zoom,
        Action::NextLayout => seats::next_layout(state, out),
        _ => return false,
    }
    true
}

fn of_panels(state: &mut State, action: Action, out: &mut Vec<Effect>) -> bool {
    match action {
        Action::Models => panels::open(state, "model"),
        Action::Help => panels::open(state, "help"),
        Action::Palette => panels::open(state, "palette"),
        Action::Themes => panels::open(state, "theme"),
        Action::Usage => panels::cycle_usage(state, out),
        Action::NewRoom => guard::new_room(state, out),
        _ => return false,
    }
    true
}

fn of_draft(state: &mut State, action: Action, out: &mut Vec<Effect>) -> bool {
    match action {
        Action::Send => compose::enter(state, out),
        Action::Newline => compose::newline(state),
        Action::ExternalEditor => out.push(Effect::Editor(state.composer.text())),
        Action::HistorySearch => history::search(state),
        Action::HistoryPrevious => history::previous(state),
        Action::HistoryNext => history::next(state),
        _ => return false,
    }
    true
}
