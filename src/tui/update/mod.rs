//! What changes the state: one pure function from an event to effects. Keys become actions through
//! the keymap, actions are carried out here or handed to the runtime as data. Nothing that a stream
//! says ever moves focus, scroll or selection.

mod act;
mod again;
mod command;
mod compose;
mod copy;
mod guard;
mod history;
mod key;
mod login;
mod mouse;
mod panels;
mod report;
mod run;
mod scroll;
mod seats;
mod send;
mod tick;

use std::time::Instant;

use crossterm::event::{KeyEvent, KeyEventKind, MouseEvent};

use ratatui::layout::Size;

use crate::engine::RunEvent;
use crate::tui::effect::Effect;
use crate::tui::effect::Report;
use crate::tui::state::State;

pub use command::COMMANDS;

/// What can happen to the screen.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "events are moved once, one at a time")]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// A bracketed paste.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The mouse.
    Mouse(MouseEvent),
    /// Runs have something to say.
    Run(Vec<RunEvent>),
    /// An effect was carried out.
    Report(Report),
    /// The deadline has come.
    Tick,
}

/// What has to be drawn, and how soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirty {
    /// Nothing.
    Nothing,
    /// At the pace of streams.
    Stream,
    /// At once: a person waits.
    Now,
}

/// Takes one event. Effects are added to `out` in the order in which they are to be carried out.
pub fn update(state: &mut State, event: Event, now: Instant, out: &mut Vec<Effect>) -> Dirty {
    state.clock.now = now;
    if state.commands.is_empty() {
        state.commands = COMMANDS.iter().map(|row| (row.name, row.doc)).collect();
    }
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => Dirty::Nothing,
        Event::Key(key) => {
            key::key(state, key, out);
            // A box goes with the first key after its time: until then, somebody may be away.
            state.notices.expire(now);
            Dirty::Now
        }
        Event::Paste(text) => {
            if !panels::paste(state, &text) {
                compose::paste(state, &text);
            }
            Dirty::Now
        }
        Event::Resize(width, height) => {
            state.look.size = Size { width, height };
            Dirty::Now
        }
        Event::Mouse(mouse) => mouse::mouse(state, mouse),
        Event::Run(events) => run::run(state, events, out),
        Event::Report(report) => {
            report::report(state, report, out);
            Dirty::Now
        }
        Event::Tick => tick::tick(state, out),
    }
}

/// Sends the draft without a key: a prompt from the command line.
pub fn send_draft(state: &mut State, now: Instant, out: &mut Vec<Effect>) {
    state.clock.now = now;
    act::act(state, crate::tui::action::Action::Send, out);
}

/// Does an action as its key would, for tests that go through all of them.
#[cfg(test)]
pub fn act_for_tests(state: &mut State, action: crate::tui::action::Action, out: &mut Vec<Effect>) {
    act::act(state, action, out);
}
