//! The plain demo models: the echo, the slow one, and the one that wants a tool.

use std::time::Duration;

use crate::chat::ToolCall;
use crate::provider::demo::cue::Cue;
use crate::provider::demo::play::Beat;
use crate::text::Untrusted;

/// Seconds of silence before `slow` says its first word.
const SILENCE: u64 = 4;

const SLOW: &str = "I am slow on purpose: four seconds until the first word, then five tokens in a second. \
    Meanwhile nothing else waits for me: write, scroll, or press `Esc` to stop me. \
    What I have said until then stays.";

/// Says the prompt back.
pub(super) fn echo(cue: &Cue) -> Vec<Beat> {
    let text = if cue.prompt.is_empty() { "(an empty prompt)".to_owned() } else { cue.prompt.clone() };
    vec![Beat::Say(text.into())]
}

/// Signs of life first, then few words, slowly.
pub(super) fn slow(_: &Cue) -> Vec<Beat> {
    let mut beats = Vec::new();
    for _ in 0..SILENCE {
        beats.push(Beat::Alive);
        beats.push(Beat::Wait(Duration::from_secs(1)));
    }
    beats.push(Beat::Say(SLOW.into()));
    beats
}

/// Wants to look the prompt up; with a result, tells it.
pub(super) fn tools(cue: &Cue) -> Vec<Beat> {
    if let Some(result) = &cue.tool_result {
        let quoted = result.lines().map(|line| format!("> {line}\n")).collect::<String>();
        return vec![Beat::Say(format!("The tool said:\n\n{quoted}\nThat answers it.").into())];
    }
    let mut seed = cue.seed.clone();
    let query: Vec<&str> = cue.prompt.split_whitespace().take(12).collect();
    let arguments = serde_json::json!({ "query": query.join(" "), "limit": 3 }).to_string();
    let call = ToolCall {
        id: format!("call_{:016x}", seed.next()),
        name: Untrusted::from("search_notes"),
        arguments: Untrusted::from(arguments),
    };
    vec![Beat::Say("I would look that up before I answer.\n\n".into()), Beat::Call(call)]
}
