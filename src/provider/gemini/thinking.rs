//! How hard Gemini is to think: a word for the third generation and later, a number of tokens for
//! those before. What a model cannot do becomes what is nearest, and a sentence.

use crate::chat::Effort;
use crate::chat::Params;
use crate::wire::gemini::ThinkingConfig;

/// What stands for an effort, in models that take a number of tokens: (effort, tokens).
const BUDGETS: [(Effort, u64); 4] =
    [(Effort::Minimal, 512), (Effort::Low, 2_048), (Effort::Medium, 8_192), (Effort::High, 24_576)];

/// The least and the most tokens of thinking. The first name that the id has in it counts.
const BOUNDS: [(&str, u64, u64); 2] = [("pro", 128, 32_768), ("", 0, 24_576)];

/// The thinking that the user set; `None` when nothing is set.
pub(super) fn config(id: &str, params: &Params, notes: &mut Vec<String>) -> Option<ThinkingConfig> {
    if let Some(tokens) = params.thinking_tokens {
        if let Some(effort) = params.effort {
            notes.push(format!(
                "Gemini takes an effort or a number of thinking tokens: the effort \"{}\" was not sent.",
                effort.name()
            ));
        }
        return Some(budget(tokens));
    }
    let effort = params.effort?;
    Some(if takes_tokens(id) { budget(tokens_of(id, effort, notes)) } else { level(id, effort, notes) })
}

/// Whether the model is of a generation that takes a number of tokens. An id without a number is an
/// alias of the newest.
pub(super) fn takes_tokens(id: &str) -> bool {
    let name = id.rsplit('/').next().unwrap_or(id);
    let generation = name.strip_prefix("gemini-").and_then(|rest| rest.split(['.', '-']).next());
    generation.and_then(|number| number.parse::<u32>().ok()).is_some_and(|generation| generation < 3)
}

fn budget(tokens: u64) -> ThinkingConfig {
    // A model that does not think refuses to tell its thoughts.
    let include_thoughts = (tokens > 0).then_some(true);
    ThinkingConfig { include_thoughts, thinking_budget: Some(tokens), thinking_level: None }
}

fn tokens_of(id: &str, effort: Effort, notes: &mut Vec<String>) -> u64 {
    let (least, most) = BOUNDS
        .iter()
        .find(|(name, ..)| id.contains(name))
        .map_or((0, 24_576), |(_, least, most)| (*least, *most));
    let row = BUDGETS.iter().find(|(known, _)| *known == effort).map(|(_, tokens)| *tokens);
    match (effort, row) {
        (Effort::None, _) if least > 0 => {
            notes.push(format!("{id} cannot stop thinking: it may take {least} tokens for it, the least."));
            least
        }
        (Effort::None, _) => 0,
        (_, Some(tokens)) => tokens,
        _ => {
            notes.push(format!(
                "{id} knows no effort \"{}\": it may take {most} tokens for thinking, the most.",
                effort.name()
            ));
            most
        }
    }
}

fn level(id: &str, effort: Effort, notes: &mut Vec<String>) -> ThinkingConfig {
    // The large models have no level below the second.
    let least = if id.contains("pro") { "low" } else { "minimal" };
    let level = match effort {
        Effort::None | Effort::Minimal => least,
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::Xhigh | Effort::Max => "high",
    };
    if effort == Effort::None {
        notes.push(format!("{id} cannot stop thinking: the effort is \"{level}\", its least."));
    } else if level != effort.name() {
        notes.push(format!("{id} knows no effort \"{}\": it is \"{level}\".", effort.name()));
    }
    ThinkingConfig { include_thoughts: Some(true), thinking_budget: None, thinking_level: Some(level) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str, effort: Option<Effort>, tokens: Option<u64>) -> (Option<ThinkingConfig>, usize) {
        let mut notes = Vec::new();
        let params = Params { effort, thinking_tokens: tokens, ..Params::default() };
        let config = config(id, &params, &mut notes);
        assert!(notes.iter().all(|note| note.ends_with('.') && note.contains("emini")), "{notes:?}");
        (config, notes.len())
    }

    #[test]
    fn generations_take_a_word_or_a_number() {
        let table = [
            ("gemini-2.5-flash", true),
            ("gemini-2.0-flash-lite", true),
            ("models/gemini-1.5-pro", true),
            ("gemini-3-pro-preview", false),
            ("gemini-3.8-flash", false),
            ("gemini-10-pro", false),
            ("gemini-flash-latest", false),
            ("tunedModels/mine", false),
        ];
        for (id, expected) in table {
            assert_eq!(takes_tokens(id), expected, "{id}");
        }
    }

    #[test]
    fn efforts_become_what_the_model_knows() {
        use Effort::{High, Low, Max, Medium, Minimal, None as Off, Xhigh};
        let table = [
            ("gemini-3.8-flash", Off, "minimal", 1),
            ("gemini-3.8-flash", Minimal, "minimal", 0),
            ("gemini-3.8-flash", Low, "low", 0),
            ("gemini-3.8-flash", Medium, "medium", 0),
            ("gemini-3.8-flash", High, "high", 0),
            ("gemini-3.8-flash", Xhigh, "high", 1),
            ("gemini-3.8-flash", Max, "high", 1),
            ("gemini-3-pro-preview", Off, "low", 1),
            ("gemini-3-pro-preview", Minimal, "low", 1),
            ("gemini-3-pro-preview", Low, "low", 0),
        ];
        for (id, effort, level, notes) in table {
            let config = ThinkingConfig {
                include_thoughts: Some(true),
                thinking_budget: None,
                thinking_level: Some(level),
            };
            assert_eq!(of(id, Some(effort), None), (Some(config), notes), "{id} {effort:?}");
        }
        let table = [
            ("gemini-2.5-flash", Off, 0, 0),
            ("gemini-2.5-flash", Minimal, 512, 0),
            ("gemini-2.5-flash", Low, 2_048, 0),
            ("gemini-2.5-flash", Medium, 8_192, 0),
            ("gemini-2.5-flash", High, 24_576, 0),
            ("gemini-2.5-flash", Max, 24_576, 1),
            ("gemini-2.5-pro", Off, 128, 1),
            ("gemini-2.5-pro", Xhigh, 32_768, 1),
        ];
        for (id, effort, tokens, notes) in table {
            assert_eq!(of(id, Some(effort), None), (Some(budget(tokens)), notes), "{id} {effort:?}");
        }
    }

    #[test]
    fn a_number_wins_and_nothing_is_sent_unasked() {
        assert_eq!(of("gemini-3-pro", None, None), (None, 0));
        assert_eq!(of("gemini-3-pro", None, Some(77)), (Some(budget(77)), 0));
        assert_eq!(of("gemini-2.5-flash", Some(Effort::Low), Some(77)), (Some(budget(77)), 1));
        assert_eq!(budget(0).include_thoughts, None);
    }
}
