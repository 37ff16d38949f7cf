//! Which key does what: the defaults from the rows of the actions, what the config changes, and the
//! one function that turns a key into an action. Must not know what an action does.

mod chord;

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;

use crate::chat::Notice;
use crate::text::one_line;
use crate::tui::action::ACTIONS;
use crate::tui::action::Action;
use crate::tui::action::ActionRow;
use crate::tui::action::Context;

pub use chord::Chord;

/// What the config says: context → chord or sequence → action, or `none` to unbind.
pub type Overrides = BTreeMap<String, BTreeMap<String, String>>;

/// All bindings.
#[derive(Clone, Debug)]
pub struct Keymap {
    /// Those of the user first, then the defaults: hints name the first.
    bindings: Vec<Binding>,
}

/// The keys of a sequence so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    context: Option<Context>,
    keys: Vec<Chord>,
}

/// What a key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// Do this.
    Action(Action),
    /// It begins a sequence: wait for more.
    Prefix,
    /// It is bound to nothing. In the composer it may be text.
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Binding {
    context: Context,
    keys: Vec<Chord>,
    /// `None` where the user unbound a key: it must not reach the global context either.
    action: Option<Action>,
}

/// A key as it is printed on keyboards: `F1`, `ctrl-j`.
#[must_use]
pub fn key_name(chord: &str) -> String {
    let function =
        chord.strip_prefix('f').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if function { chord.to_uppercase() } else { chord.to_owned() }
}

impl Pending {
    /// Forgets the sequence.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.context = None;
    }

    /// The keys so far, for a hint: `ctrl-x`. `None` when no sequence has begun.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        (!self.keys.is_empty()).then(|| print(&self.keys))
    }
}

impl Default for Keymap {
    fn default() -> Self {
        let row_keys = |row: &'static ActionRow| row.keys.iter().map(move |key| (row.action, key));
        let binding = |(action, (context, text)): (Action, &(Context, &str))| {
            let keys = parse(text).ok()?;
            Some(Binding { context: *context, keys, action: Some(action) })
        };
        Self { bindings: ACTIONS.iter().flat_map(row_keys).filter_map(binding).collect() }
    }
}

impl Keymap {
    /// The defaults with what the config changes. What cannot be used is told and left out; the rest holds.
    #[must_use]
    pub fn load(overrides: &Overrides) -> (Self, Vec<Notice>) {
        let mut notices = Vec::new();
        let mut wanted: Vec<Binding> = Vec::new();
        for (name, keys) in overrides {
            let Some(context) = Context::ALL.iter().find(|row| row.1 == name.as_str()).map(|row| row.0)
            else {
                let names = Context::ALL.iter().map(|row| row.1);
                notices.push(Notice::warning(unknown("context", name, "keys", names)));
                continue;
            };
            for (keys, action) in keys {
                match read(context, keys, action) {
                    Ok(binding) => {
                        match wanted.iter().find(|b| b.context == context && b.keys == binding.keys) {
                            Some(first) => notices.push(Notice::warning(twice(&binding, keys, first))),
                            None => wanted.push(binding),
                        }
                    }
                    Err(text) => notices.push(Notice::warning(text)),
                }
            }
        }
        for (at, binding) in wanted.iter().enumerate() {
            let rest = wanted.iter().skip(at + 1);
            notices.extend(rest.filter_map(|other| out_of_reach(binding, other)));
        }
        let mut bindings = Self::default().bindings;
        bindings.retain(|default| {
            let same = |w: &Binding| w.context == default.context;
            let yields =
                wanted.iter().find(|w| same(w) && w.action.is_some() && overlap(&w.keys, &default.keys));
            if let Some(winner) = yields {
                notices.push(Notice::info(gives_way(default, winner)));
            }
            yields.is_none() && !wanted.iter().any(|w| same(w) && w.keys == default.keys)
        });
        wanted.extend(bindings);
        let keymap = Self { bindings: wanted };
        notices.extend(keymap.without_keys());
        (keymap, notices)
    }

    /// What a key does in a context: looked up there first, then among the global ones. Characters
    /// come to the global ones from a pane only: elsewhere they are text. A key that does not go on
    /// with the sequence begun counts by itself (Ctrl-C always arrives); Esc only ends the sequence.
    pub fn resolve(&self, context: Context, pending: &mut Pending, key: KeyEvent) -> Resolved {
        let Some(chord) = Chord::from_event(key) else { return Resolved::None };
        if pending.context != Some(context) {
            pending.clear();
        }
        let begun = !pending.keys.is_empty();
        pending.context = Some(context);
        pending.keys.push(chord);
        let mut resolved = self.lookup(context, &pending.keys);
        if resolved == Resolved::None && begun {
            pending.keys.clear();
            if !chord.is_esc() {
                pending.keys.push(chord);
                resolved = self.lookup(context, &pending.keys);
            }
        }
        if resolved != Resolved::Prefix {
            pending.clear();
        }
        resolved
    }

    /// The key to name in a hint for an action, where it really works in that context.
    #[must_use]
    pub fn chord(&self, action: Action, context: Context) -> Option<String> {
        let keys = |wanted: Context| {
            self.bindings
                .iter()
                .filter(move |b| b.context == wanted && b.action == Some(action))
                .map(|b| b.keys.as_slice())
                .find(|keys| self.lookup(context, keys) == Resolved::Action(action))
        };
        keys(context).or_else(|| keys(Context::Global)).map(print)
    }

    /// All bindings for the help: in the order of the actions.
    pub fn rows(&self) -> impl Iterator<Item = (Context, String, &'static ActionRow)> {
        ACTIONS.iter().flat_map(|row| {
            let bindings = self.bindings.iter().filter(|b| b.action == Some(row.action));
            bindings.map(move |b| (b.context, print(&b.keys), row))
        })
    }

    fn lookup(&self, context: Context, keys: &[Chord]) -> Resolved {
        if let Some(found) = self.lookup_in(context, keys) {
            return found;
        }
        let text = keys.first().is_some_and(|chord| chord.is_text());
        if context == Context::Global || (text && context != Context::Pane) {
            return Resolved::None;
        }
        self.lookup_in(Context::Global, keys).unwrap_or(Resolved::None)
    }

    /// `None` when the context says nothing about these keys.
    fn lookup_in(&self, context: Context, keys: &[Chord]) -> Option<Resolved> {
        let here = || self.bindings.iter().filter(|b| b.context == context);
        if let Some(exact) = here().find(|b| b.keys == keys) {
            return Some(exact.action.map_or(Resolved::None, Resolved::Action));
        }
        here().any(|b| b.action.is_some() && b.keys.starts_with(keys)).then_some(Resolved::Prefix)
    }

    /// The actions that had keys and have none now.
    fn without_keys(&self) -> Vec<Notice> {
        let bound = |row: &&ActionRow| self.bindings.iter().any(|b| b.action == Some(row.action));
        ACTIONS
            .iter()
            .filter(|row| !row.keys.is_empty() && !bound(row))
            .map(|row| Notice::info(format!("keys: \"{}\" has no key now", row.name)))
            .collect()
    }
}

/// The name that is nearest to what was written, if one is near.
fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &'a str| (strsim::osa_distance(written, name), name);
    let limit = (written.chars().count() / 3).max(1);
    names
        .map(near)
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|n| n.1)
}

fn parse(text: &str) -> Result<Vec<Chord>, String> {
    let keys: Vec<Chord> = text.split_whitespace().map(Chord::parse).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err("it names no key".to_owned()) } else { Ok(keys) }
}

fn print(keys: &[Chord]) -> String {
    keys.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ")
}

fn read(context: Context, keys: &str, action: &str) -> Result<Binding, String> {
    let place = format!("keys.{}", name_of(context));
    let action = match action.replace('_', "-").as_str() {
        "none" => None,
        name => match ACTIONS.iter().find(|row| row.name == name) {
            Some(row) => Some(row.action),
            None => return Err(unknown("action", action, &place, ACTIONS.iter().map(|row| row.name))),
        },
    };
    let keys = parse(keys).map_err(|why| format!("{place}: \"{}\" cannot be read: {why}", one_line(keys)))?;
    Ok(Binding { context, keys, action })
}

fn unknown<'a>(what: &str, written: &str, place: &str, names: impl Iterator<Item = &'a str>) -> String {
    let written_safe = one_line(written);
    match nearest(&written.to_ascii_lowercase().replace('_', "-"), names) {
        Some(near) => format!("{place}: there is no {what} \"{written_safe}\": did you mean \"{near}\"?"),
        None => format!("{place}: there is no {what} \"{written_safe}\""),
    }
}

fn twice(binding: &Binding, written: &str, first: &Binding) -> String {
    let place = name_of(binding.context);
    format!(
        "keys.{place}: \"{}\" is the key {} again, which is \"{}\" already; that one holds",
        one_line(written),
        print(&first.keys),
        name_of_action(first.action)
    )
}

/// One of two bindings of the user begins the other: the longer one can never be completed.
fn out_of_reach(a: &Binding, b: &Binding) -> Option<Notice> {
    let overlaps =
        a.context == b.context && overlap(&a.keys, &b.keys) && a.action.is_some() && b.action.is_some();
    let (short, long) = if a.keys.len() < b.keys.len() { (a, b) } else { (b, a) };
    overlaps.then(|| {
        Notice::warning(format!(
            "keys.{}: \"{}\" cannot be reached, because \"{}\" alone is \"{}\"",
            name_of(a.context),
            print(&long.keys),
            print(&short.keys),
            name_of_action(short.action)
        ))
    })
}

fn gives_way(default: &Binding, winner: &Binding) -> String {
    format!(
        "keys.{}: \"{}\" ({}) gives way to \"{}\" ({})",
        name_of(default.context),
        print(&default.keys),
        name_of_action(default.action),
        print(&winner.keys),
        name_of_action(winner.action)
    )
}

/// Whether one sequence begins the other without being it.
fn overlap(a: &[Chord], b: &[Chord]) -> bool {
    a.len() != b.len() && (a.starts_with(b) || b.starts_with(a))
}

fn name_of(context: Context) -> &'static str {
    Context::ALL.iter().find(|row| row.0 == context).map_or("", |row| row.1)
}

fn name_of_action(action: Option<Action>) -> &'static str {
    ACTIONS.iter().find(|row| Some(row.action) == action).map_or("none", |row| row.name)
}

#[cfg(test)]
mod tests;
