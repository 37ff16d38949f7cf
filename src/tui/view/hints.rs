//! The keys that do something now, by the keymap in force.

use crate::chat::Severity;
use crate::text::cell_width;
use crate::text::one_line;
use crate::tui::action::Action;
use crate::tui::action::Context;
use crate::tui::keymap::key_name;
use crate::tui::state::Focus;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::tui::widget::Field;

/// What the lower border of the composer says: what is told just now, and the keys.
#[must_use]
pub fn line(state: &State, cells: usize) -> Vec<Field> {
    if let Some(digit) = state.pending.shown() {
        return vec![Field::new(format!(" {digit} …"), Role::Key)];
    }
    if let Some(notice) = state.notices.shown().filter(|_| state.boxed_notice().is_none()) {
        let text = one_line(&notice.text);
        let role = match notice.severity {
            Severity::Info => Role::Good,
            Severity::Warning => Role::Warn,
            Severity::Error => Role::Bad,
        };
        let left = cells.saturating_sub(cell_width(&text) + 4);
        let mut out = vec![Field::new(format!(" {text}"), role)];
        let keys = fit(hints(state), left);
        if !keys.is_empty() {
            out.push(Field::new(" ──", Role::Dim));
            out.extend(keys);
        }
        return out;
    }
    fit(hints(state), cells)
}

/// A hint: how much it is wanted, its key, what it does.
type Hint = (u8, String, String);

fn hints(state: &State) -> Vec<Hint> {
    let in_pane = state.focus == Focus::Pane;
    let context = if in_pane { Context::Pane } else { Context::Composer };
    let mut out: Vec<Hint> = Vec::new();
    let key = |action: Action| state.keymap.chord(action, context).map(|chord| key_name(&chord));
    let mut add = |rank: u8, action: Action, what: &str| {
        if let Some(key) = key(action) {
            out.push((rank, key, what.to_owned()));
        }
    };
    let stop = state.pane().filter(|pane| pane.live.is_some()).map(|pane| format!("stop {}", pane.id()));
    if in_pane {
        add(0, Action::FocusComposer, "write");
        if let Some(stop) = &stop {
            add(1, Action::Escape, stop);
        }
        add(4, Action::CopyReply, "copy");
        add(5, Action::Again, "again");
        add(6, Action::TargetOnly, "send here only");
        add(7, Action::Zoom, "zoom");
        add(8, Action::Models, "models");
        add(2, Action::Help, "help");
        return out;
    }
    if state.composer.search.is_some() {
        return vec![
            (0, "enter".to_owned(), "take it".to_owned()),
            (1, key(Action::HistorySearch).unwrap_or_default(), "older".to_owned()),
            (2, key(Action::Escape).unwrap_or_default(), "leave".to_owned()),
        ];
    }
    if state.look.ui.enter_sends {
        add(0, Action::Send, "send");
    } else {
        out.push((0, "alt-enter".to_owned(), "send".to_owned()));
    }
    if !state.look.ui.enter_sends {
        out.push((3, "enter".to_owned(), "newline".to_owned()));
    } else if let Some(newline) = &state.look.ui.newline {
        out.push((3, newline.clone(), "newline".to_owned()));
    } else if let Some(newline) = state.keymap.chord(Action::Newline, context) {
        out.push((3, newline, "newline".to_owned()));
    }
    let key = |action: Action| state.keymap.chord(action, context).map(|chord| key_name(&chord));
    out.extend(key(Action::FocusNext).map(|key| (5, key, "panes".to_owned())));
    if let Some(stop) = stop {
        out.extend(key(Action::Escape).map(|key| (1, key, stop)));
    }
    if state.runs.len() > 1 {
        out.extend(key(Action::Interrupt).map(|key| (4, key, "stop all".to_owned())));
    }
    if state.composer.is_empty() {
        out.push((6, "/".to_owned(), "commands".to_owned()));
    }
    out.extend(key(Action::Help).map(|key| (2, key, "help".to_owned())));
    out
}

/// As many hints as fit, the most wanted ones, in their order.
fn fit(mut hints: Vec<Hint>, cells: usize) -> Vec<Field> {
    let width = |hints: &[Hint]| {
        hints
            .iter()
            .map(|(_, key, what)| cell_width(key) + cell_width(what) + 4)
            .sum::<usize>()
            .saturating_sub(1)
    };
    while !hints.is_empty() && width(&hints) > cells {
        let least = hints.iter().map(|(rank, ..)| *rank).max();
        hints.retain(|(rank, ..)| Some(*rank) != least);
    }
    let mut out = Vec::new();
    for (at, (_, key, what)) in hints.into_iter().enumerate() {
        out.push(Field::new(if at == 0 { " " } else { " · " }, Role::Dim));
        out.push(Field::new(key, Role::Key));
        out.push(Field::new(format!(" {what}"), Role::Dim));
    }
    out
}
