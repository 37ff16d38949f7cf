//! Commands: one row each. The list that opens while one is typed, the palette, the help and the
//! docs read these rows.

use crate::chat::Notice;
use crate::text::one_line;
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::panel;
use crate::tui::screen::LayoutChoice;
use crate::tui::state::State;
use crate::tui::state::Usage;
use crate::tui::update::act;
use crate::tui::update::again;
use crate::tui::update::compose;
use crate::tui::update::copy;
use crate::tui::update::login;
use crate::tui::update::panels;
use crate::tui::update::seats;

/// One row of [`COMMANDS`].
pub struct CommandRow {
    /// Its name, without the slash.
    pub name: &'static str,
    /// What may follow it; empty when nothing may.
    pub argument: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    run: fn(&mut State, &str, &mut Vec<Effect>),
}

impl CommandRow {
    /// Whether it can do nothing without what follows it.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.argument.is_empty() && !self.argument.starts_with('[')
    }
}

macro_rules! rows {
    ($($name:literal $argument:literal $doc:literal $run:expr;)*) => {
        &[$(CommandRow { name: $name, argument: $argument, doc: $doc, run: $run }),*]
    };
}

/// All commands.
pub const COMMANDS: &[CommandRow] = rows![
    "help" "" "show the keys and commands" |state, _, out| act::act(state, Action::Help, out);
    "model" "[PROVIDER/MODEL]" "choose models; with a model: the current seat gets it" model;
    "add" "PROVIDER/MODEL" "add a seat with that model" add;
    "login" "[PROVIDER]" "log in to a provider: in the browser, or with a key that is not shown" |state, provider, _| login::open(state, provider);
    "stop" "" "stop all replies" |state, _, out| act::act(state, Action::StopAll, out);
    "retry" "" "ask all failed panes again" |state, _, out| again::again_failed(state, out);
    "mute" "" "leave the current seat out of what goes to all, or take it in again" |state, _, out| seats::mute(state, out);
    "remove" "" "take the current seat out of the room" |state, _, out| act::act(state, Action::RemoveSeat, out);
    "system" "[TEXT]" "give the current seat a system prompt; without text: none" |state, text, out| seats::system(state, text, out);
    "usage" "[side|full|hidden]" "usage beside the panes, in full, or hidden" usage;
    "copy" "[all]" "copy the reply of the current pane, or of all" |state, what, out| if what == "all" { copy::all(state, out) } else { copy::reply(state, out) };
    "save" "[all]" "save the reply of the current pane to a file, or of all" |state, what, out| if what == "all" { copy::save_all(state, out) } else { copy::save_reply(state, out) };
    "new" "" "a new room with the same line-up" |state, _, out| act::act(state, Action::NewRoom, out);
    "title" "NAME" "name the room" title;
    "layout" "[auto|columns|rows|grid|tabs]" "arrange the panes" layout;
    "theme" "[NAME]" "choose a theme" theme;
    "mouse" "[on|off]" "capture the mouse, or leave it to the terminal" mouse;
    "palette" "" "search everything that can be done" |state, _, out| act::act(state, Action::Palette, out);
    "clear" "" "clear the draft; up brings it back" |state, _, _| compose::changed(state);
    "redraw" "" "draw the screen anew" |state, _, out| act::act(state, Action::Redraw, out);
    "quit" "" "leave salon" |state, _, out| act::act(state, Action::Quit, out);
];

/// The command of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static CommandRow> {
    COMMANDS.iter().find(|row| row.name == name)
}

/// The commands that begin with this.
pub fn matching(start: &str) -> impl Iterator<Item = &'static CommandRow> {
    COMMANDS.iter().filter(move |row| row.name.starts_with(start))
}

/// Does what a line says.
pub fn run(state: &mut State, line: &str, out: &mut Vec<Effect>) {
    let line = line.strip_prefix('/').unwrap_or(line);
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match find(name) {
        Some(row) => (row.run)(state, argument.trim(), out),
        None => {
            let said = unknown(name, COMMANDS.iter().map(|row| row.name));
            state.tell(Notice::warning(format!(
                "there is no command /{said}. A prompt that begins with / is sent with //."
            )));
            state.composer.set(&format!("/{line}"));
        }
    }
}

/// A name that is not known, with the nearest one that is.
fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = known
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .filter(|(far, _)| *far <= 3)
        .min_by_key(|(far, _)| *far);
    let name = one_line(name);
    near.map_or_else(|| name.to_string(), |(_, other)| format!("{name}; did you mean {other}?"))
}

fn model(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    if text.is_empty() {
        act::act(state, Action::Models, out);
    } else {
        match model_named(state, text) {
            Some(model) => seats::swap(state, model, out),
            None => state.composer.set(&format!("/model {text}")),
        }
    }
}

fn add(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    if text.is_empty() {
        act::act(state, Action::Models, out);
    } else {
        match model_named(state, text) {
            Some(model) => seats::add(state, vec![model], out),
            None => state.composer.set(&format!("/add {text}")),
        }
    }
}

/// A model by its alias or its reference.
fn model_named(state: &mut State, text: &str) -> Option<crate::chat::ModelRef> {
    let alias = state.known.labels.iter().find(|(_, label)| label.alias.as_deref() == Some(text));
    if let Some((model, _)) = alias {
        return Some(model.clone());
    }
    let why = match text.parse() {
        Ok(model) => match panel::no_such_provider(&model, &state.known.tariffs) {
            None => return Some(model),
            Some(why) => why,
        },
        Err(error) => format!("{}: {error}", one_line(text)),
    };
    state.tell(Notice::error(why));
    None
}

fn usage(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    match text {
        "" => panels::cycle_usage(state, out),
        "side" => panels::show_usage(state, Usage::Side, out),
        "full" => panels::show_usage(state, Usage::Full, out),
        "hidden" => panels::show_usage(state, Usage::Hidden, out),
        other => {
            state.tell(Notice::warning(format!("/usage takes side, full or hidden, not {}", one_line(other))))
        }
    }
}

fn title(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    let name: String = one_line(text).trim().chars().take(80).collect();
    if name.is_empty() {
        state.say("/title wants a name");
        return;
    }
    state.room.name = Some(name.clone());
    out.push(Effect::Title(format!("salon · {name}")));
    if state.room.is_stored() {
        out.push(Effect::SaveRoom(state.head()));
    }
}

fn layout(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    if text.is_empty() {
        seats::next_layout(state, out);
        return;
    }
    match LayoutChoice::from_name(text) {
        Some(choice) => seats::layout(state, choice, out),
        None => {
            let said = unknown(text, LayoutChoice::ALL.iter().map(|(_, name)| *name));
            state.tell(Notice::warning(format!("there is no layout {said}")));
        }
    }
}

fn theme(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    if text.is_empty() {
        act::act(state, Action::Themes, out);
    } else if state.look.ui.themes.iter().any(|name| name == text) {
        panels::theme(state, text.to_owned(), true, out);
    } else {
        let said = unknown(text, state.look.ui.themes.iter().map(String::as_str));
        state.tell(Notice::warning(format!("there is no theme {said}")));
    }
}

fn mouse(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    let on = match text {
        "on" => true,
        "off" => false,
        _ => !state.look.ui.mouse,
    };
    state.look.ui.mouse = on;
    out.push(Effect::Mouse(on));
    state.say(if on {
        "the mouse scrolls and chooses panes; /mouse gives it back"
    } else {
        "the mouse is the terminal's again"
    });
}
