//! The tour: explains salon, a chapter a turn, in all the markdown that a pane can show. A word
//! in the prompt opens its chapter; the chapters go round.

use crate::provider::demo::cue::Cue;
use crate::provider::demo::play::Beat;

/// One chapter.
struct Chapter {
    /// Words of a prompt that open it.
    words: &'static [&'static str],
    /// What is thought before it.
    thought: &'static str,
    /// The chapter, markdown.
    text: &'static str,
}

const CHAPTERS: &[Chapter] = &[
    Chapter {
        words: &[],
        thought: "Somebody is here for the first time. What should come first? Not a list of everything: what this \
            room is, what is in it, and what to do next. A table for the words, a bit of code so that highlighting is \
            seen, and where to go on.",
        text: include_str!("tour/1-room.md"),
    },
    Chapter {
        words: &["keys", "keyboard", "shortcut", "shortcuts", "scroll", "copy"],
        thought: "Now the keys. There are many; the ones that matter on the first day fit into a table. Where the \
            keyboard is decides what a letter does, so that comes first.",
        text: include_str!("tour/2-keys.md"),
    },
    Chapter {
        words: &["login", "provider", "providers", "config", "openrouter", "ollama", "models"],
        thought: "How to get from demo models to real ones. A variable in the environment is the shortest way, the \
            config file is for what should stay. No key must ever be written into a prompt.",
        text: include_str!("tour/3-providers.md"),
    },
    Chapter {
        words: &["money", "cost", "costs", "price", "prices", "bill", "usage", "budget"],
        thought: "Money. What do the marks mean, what is counted, and what is not known? Say that demo money is play \
            money, before anybody worries.",
        text: include_str!("tour/4-money.md"),
    },
    Chapter {
        words: &["ask", "command", "shell", "cli", "script", "pipe"],
        thought: "The last chapter: the same without the screen. Examples that can be pasted, then what the exit \
            status says. Then it goes round again.",
        text: include_str!("tour/5-shell.md"),
    },
];

/// What it answers.
pub(super) fn act(cue: &Cue) -> Vec<Beat> {
    let asked = CHAPTERS.iter().find(|chapter| chapter.words.iter().any(|word| cue.has_word(word)));
    let by_turn = || CHAPTERS.get(cue.turn() % CHAPTERS.len());
    let Some(chapter) = asked.or_else(by_turn) else { return Vec::new() };
    vec![Beat::Think(chapter.thought.into()), Beat::Say(chapter.text.trim_end().into())]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each key that the tour names is a default key of the program, read from the table of actions.
    #[test]
    fn the_keys_of_the_tour_are_the_default_keys() {
        let actions = include_str!("../../tui/action.rs");
        let mut named = 0;
        for line in CHAPTERS[1].text.lines().filter(|line| line.starts_with("| `")) {
            let cell = line.split('|').nth(1).expect("the first cell");
            for key in cell.split('`').skip(1).step_by(2) {
                let letter = key.chars().count() == 1;
                let spelled = if letter { key.to_owned() } else { key.to_lowercase() };
                assert!(actions.contains(&format!(", \"{spelled}\")")), "{key} is no default key");
                named += 1;
            }
        }
        assert!(named > 20, "the table of keys was not found");
    }

    #[test]
    fn the_first_chapter_shows_all_of_markdown() {
        let text = CHAPTERS[0].text;
        for mark in ["# ", "\n- ", "\n1. ", "\n> ", "```rust", "|---|", "**", "](https://"] {
            assert!(text.contains(mark), "{mark:?}");
        }
    }

    #[test]
    fn every_chapter_says_how_to_go_on() {
        for chapter in CHAPTERS {
            assert!(chapter.text.trim_end().lines().last().is_some_and(|line| line.contains("Next:")));
        }
    }
}
