//! Copying and saving: always the source, never the rendering, always made safe.

use crate::chat::Notice;
use crate::chat::SeatId;
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::markdown::CodeBlock;
use crate::tui::markdown::Document;
use crate::tui::state::State;

/// Copies the reply that is being read.
pub fn reply(state: &mut State, out: &mut Vec<Effect>) {
    match read(state) {
        Some((seat, text)) => out.push(Effect::Copy { what: format!("reply of {seat}"), text }),
        None => state.say("there is no text to copy here yet"),
    }
}

/// Copies the last replies of all panes, each under its model's name.
pub fn all(state: &mut State, out: &mut Vec<Effect>) {
    let text = together(state);
    if text.is_empty() {
        state.say("there is no text to copy yet");
        return;
    }
    out.push(Effect::Copy { what: format!("replies of {} panes", state.panes.len()), text });
}

/// Saves the reply that is being read to a new file.
pub fn save_reply(state: &mut State, out: &mut Vec<Effect>) {
    let Some((seat, text)) = read(state) else {
        state.say("there is no text to save here yet");
        return;
    };
    let name = format!("{}-{seat}.md", slug(&state.room.title()));
    out.push(Effect::SaveFile { name, text });
}

/// Saves the last replies of all panes to a new file.
pub fn save_all(state: &mut State, out: &mut Vec<Effect>) {
    let text = together(state);
    if text.is_empty() {
        state.say("there is no text to save yet");
        return;
    }
    out.push(Effect::SaveFile { name: format!("{}.md", slug(&state.room.title())), text });
}

/// The next digit says which code block; with a single one nothing is asked.
pub fn ask_digit(state: &mut State, action: Action) {
    let blocks = blocks(state);
    if blocks.is_empty() {
        state.say("this reply has no code block");
        return;
    }
    state.guards.digit = Some(action);
    let verb = if action == Action::SaveCode { "save" } else { "copy" };
    let which = if blocks.len() == 1 { "1".to_owned() } else { format!("1 to {}", blocks.len().min(9)) };
    state.say(format!("{verb} which code block? {which}"));
}

/// Copies or saves a code block, numbered from 1.
pub fn code_block(state: &mut State, action: Action, number: usize, out: &mut Vec<Effect>) {
    let blocks = blocks(state);
    let Some(block) = number.checked_sub(1).and_then(|at| blocks.get(at)) else {
        state.tell(Notice::warning(format!("there is no code block {number}")));
        return;
    };
    let text = block.text.copy().trim_end_matches('\n').to_owned();
    if action == Action::SaveCode {
        let name = format!("{}-{number}.{}", slug(&state.room.title()), extension(&block.language));
        // A line of a file ends; what is pasted somewhere does not.
        let text = format!("{text}\n");
        out.push(Effect::SaveFile { name, text });
    } else {
        out.push(Effect::Copy { what: format!("code block {number}"), text });
    }
}

/// The reply that is being read: whose, and its source.
fn read(state: &mut State) -> Option<(SeatId, String)> {
    let turns = &state.room.turns;
    let pane = state.panes.get_mut(state.current)?;
    let at = pane.reading(turns)?;
    let reply = turns.get(at)?.active(pane.id())?;
    (!reply.text.is_empty()).then(|| (pane.id(), reply.text.copy().into_owned()))
}

fn blocks(state: &mut State) -> Vec<CodeBlock> {
    let turns = &state.room.turns;
    let Some(pane) = state.panes.get_mut(state.current) else { return Vec::new() };
    let Some(reply) =
        pane.reading(turns).and_then(|at| turns.get(at)).and_then(|turn| turn.active(pane.id()))
    else {
        return Vec::new();
    };
    let mut document = Document::new();
    document.finish(&reply.text);
    document.code_blocks(&reply.text)
}

/// The last replies of all panes, each under a heading.
fn together(state: &State) -> String {
    let mut text = String::new();
    for pane in &state.panes {
        let turn = pane.last_asked(&state.room.turns).and_then(|at| state.room.turns.get(at));
        let Some(reply) = turn.and_then(|turn| turn.active(pane.id())).filter(|reply| !reply.text.is_empty())
        else {
            continue;
        };
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        let name = crate::text::one_line(&reply.model.to_string()).into_owned();
        text.push_str(&format!("## {} {name}\n\n{}", pane.id(), reply.text.copy().trim_end()));
    }
    text
}

/// A name that is safe on every file system (safety R86).
#[must_use]
pub fn slug(text: &str) -> String {
    const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];
    let mut out = String::new();
    for c in text.chars() {
        let c = if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        if c != '-' || !(out.is_empty() || out.ends_with('-')) {
            out.push(c);
        }
        if out.len() >= 60 {
            break;
        }
    }
    let out = out.trim_matches('-');
    let stem = out.trim_end_matches(|c: char| c.is_ascii_digit());
    if out.is_empty() || RESERVED.contains(&stem) {
        format!("salon-{out}").trim_end_matches('-').to_owned()
    } else {
        out.to_owned()
    }
}

/// The ending of a file for a language of a code block.
fn extension(language: &str) -> String {
    const ENDINGS: &[(&str, &str)] = &[
        ("rust", "rs"),
        ("python", "py"),
        ("javascript", "js"),
        ("typescript", "ts"),
        ("shell", "sh"),
        ("bash", "sh"),
        ("zsh", "sh"),
        ("console", "sh"),
        ("markdown", "md"),
        ("yaml", "yml"),
        ("csharp", "cs"),
        ("c++", "cpp"),
        ("haskell", "hs"),
        ("kotlin", "kt"),
        ("ruby", "rb"),
        ("perl", "pl"),
    ];
    let language = language.trim().to_ascii_lowercase();
    if let Some((_, ending)) = ENDINGS.iter().find(|(name, _)| *name == language) {
        return (*ending).to_owned();
    }
    let short = !language.is_empty() && language.len() <= 5;
    if short && language.chars().all(|c| c.is_ascii_alphanumeric()) { language } else { "txt".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe() {
        for (text, want) in [
            ("rust errors", "rust-errors"),
            ("../../etc/passwd", "etc-passwd"),
            ("-rf .", "rf"),
            ("", "salon"),
            ("…", "salon"),
            ("con", "salon-con"),
            ("LPT1", "salon-lpt1"),
            ("a\0b", "a-b"),
        ] {
            assert_eq!(slug(text), want);
        }
        assert!(slug(&"x".repeat(300)).len() <= 60);
        assert_eq!(extension("Rust"), "rs");
        assert_eq!(extension("../x"), "txt");
    }
}
