//! Panels: opening, closing, their keys, and carrying out what they ask for.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::chat::Millis;
use crate::store::GroupBy;
use crate::store::UsageQuery;
use crate::tui::effect::Effect;
use crate::tui::panel;
use crate::tui::panel::Ask;
use crate::tui::panel::Choice;
use crate::tui::panel::Confirm;
use crate::tui::panel::Outcome;
use crate::tui::state::State;
use crate::tui::state::Usage;
use crate::tui::update::act;
use crate::tui::update::again;
use crate::tui::update::command;
use crate::tui::update::guard;
use crate::tui::update::login;
use crate::tui::update::seats;
use crate::tui::update::send;

/// Opens a panel by its name; one that is open already closes.
pub fn open(state: &mut State, name: &str) {
    let made = state.with_cx(|cx| panel::open(name, cx));
    let Some(made) = made else { return };
    let title = made.title();
    let before = state.panels.len();
    state.panels.retain(|open| open.title() != title);
    if before == state.panels.len() {
        state.panels.push(made);
    }
}

/// Asks a question.
pub fn ask(state: &mut State, question: Confirm) {
    state.panels.push(Box::new(question));
}

/// Closes the panel that has the keyboard; says whether there was one.
pub fn close(state: &mut State, out: &mut Vec<Effect>) -> bool {
    let Some(mut panel) = state.panels.pop() else { return false };
    if panel.is_usage() {
        state.look.usage = Usage::Auto;
    }
    let asks = panel.dismiss();
    carry_out(state, asks, out);
    true
}

/// A key while a panel is open; says whether it was taken.
pub fn key(state: &mut State, key: KeyEvent, out: &mut Vec<Effect>) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if key.code == KeyCode::Esc || control && matches!(key.code, KeyCode::Char('c')) && state.runs.is_empty()
    {
        if close(state, out) {
            state.guards.closed = Some(state.clock.now);
            state.guards.interrupted = Some(state.clock.now);
        }
        return true;
    }
    let Some(mut panel) = state.panels.pop() else { return false };
    let outcome = state.with_cx(|cx| panel.handle(key, cx));
    match outcome {
        Outcome::Ignored => {
            state.panels.push(panel);
            false
        }
        Outcome::Stay(asks) => {
            state.panels.push(panel);
            carry_out(state, asks, out);
            true
        }
        Outcome::Close(asks) => {
            if panel.is_usage() {
                state.look.usage = Usage::Auto;
            }
            state.guards.closed = Some(state.clock.now);
            carry_out(state, asks, out);
            true
        }
    }
}

/// A paste while a panel is open; says whether the panel took it.
pub fn paste(state: &mut State, text: &str) -> bool {
    let Some(mut panel) = state.panels.pop() else { return false };
    let taken = state.with_cx(|cx| panel.paste(text, cx));
    state.panels.push(panel);
    taken
}

fn carry_out(state: &mut State, asks: Vec<Ask>, out: &mut Vec<Effect>) {
    for ask in asks {
        match ask {
            Ask::Do(action) => act::act(state, action, out),
            Ask::Command(name) => command::run(state, &format!("/{name}"), out),
            Ask::Swap(model) => seats::swap(state, model, out),
            Ask::Add(models) => seats::add(state, models, out),
            Ask::Theme { name, keep } => theme(state, name, keep, out),
            Ask::Yes(choice) => agreed(state, choice, out),
            Ask::Login(step) => login::begin(state, step, out),
            Ask::Copy { what, text } => out.push(Effect::Copy { what, text }),
            Ask::Since(days) => out.push(usage_queries(state, days)),
        }
    }
}

fn agreed(state: &mut State, choice: Choice, out: &mut Vec<Effect>) {
    match choice {
        Choice::Send => {
            state.look.ui.first_paid_send = false;
            out.push(Effect::Remember { key: "paid", value: "1".to_owned() });
            send::enter(state, out);
        }
        Choice::Quit => out.push(Effect::Quit),
        Choice::NewRoom => guard::start_room(state, out),
        Choice::Again(seat) => again::ask_again(state, seat, out),
        Choice::Remove(seat) => seats::remove(state, seat, out),
    }
}

/// Uses a theme; `keep` remembers it.
pub fn theme(state: &mut State, name: String, keep: bool, out: &mut Vec<Effect>) {
    state.look.ui.theme.clone_from(&name);
    out.push(Effect::Theme(name.clone()));
    if keep {
        out.push(Effect::Remember { key: "theme", value: name });
    }
}

/// Usage: beside the panes, in full, hidden.
pub fn cycle_usage(state: &mut State, out: &mut Vec<Effect>) {
    let beside = state.look.areas.side.is_some();
    let next = match state.look.usage {
        Usage::Auto | Usage::Side if beside => Usage::Full,
        Usage::Auto | Usage::Hidden => Usage::Side,
        Usage::Side => Usage::Full,
        Usage::Full => Usage::Hidden,
    };
    show_usage(state, next, out);
}

/// Shows usage in one of its ways.
pub fn show_usage(state: &mut State, usage: Usage, out: &mut Vec<Effect>) {
    state.panels.retain(|panel| !panel.is_usage());
    state.look.usage = usage;
    if usage == Usage::Full {
        open(state, "usage");
        out.push(usage_queries(state, Some(1)));
    }
    out.push(Effect::Spent);
    let value = match usage {
        Usage::Auto | Usage::Full => "auto",
        Usage::Side => "side",
        Usage::Hidden => "hidden",
    };
    out.push(Effect::Remember { key: "usage", value: value.to_owned() });
}

/// What the ledger is asked for the full view: by model and by day, for so many of the user's days.
fn usage_queries(state: &State, days: Option<u32>) -> Effect {
    let zone = state.look.ui.zone.clone();
    let since = days.map(|days| days_ago(state.clock.wall(), days, &zone));
    let query = |by| UsageQuery { since, until: None, by, zone: zone.clone() };
    Effect::Usage(vec![query(GroupBy::Model), query(GroupBy::Day)])
}

/// The start of the day so many days ago, today being the first.
fn days_ago(now: Millis, days: u32, zone: &jiff::tz::TimeZone) -> Millis {
    let start = jiff::Timestamp::from_millisecond(now.0).ok().and_then(|at| {
        let back = jiff::Span::new().days(i64::from(days.saturating_sub(1)));
        at.to_zoned(zone.clone()).checked_sub(back).ok()?.start_of_day().ok()
    });
    start.map_or(now, |start| Millis(start.timestamp().as_millisecond()))
}
