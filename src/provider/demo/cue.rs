//! What a demo model is asked, taken from a request once: the prompt, what was said before, and
//! the tokens of it as a server would count them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crate::chat::ChatRequest;
use crate::chat::Effort;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Role;
use crate::provider::demo::seed::Seed;

/// What a model is asked.
pub(super) struct Cue {
    /// The last thing that the person said.
    pub prompt: String,
    /// What the person said before, oldest first. Its length is the number of the turn.
    pub earlier: Vec<String>,
    /// The result of a tool, when that is what came last.
    pub tool_result: Option<String>,
    /// How hard to think, when it was set.
    pub effort: Option<Effort>,
    /// How long a caller waits for a silent server.
    pub patience: Duration,
    /// Chance, from the whole request.
    pub seed: Seed,
    /// Chance, from the system prompt and the user's seed: the same in all turns of a seat.
    pub seat: Seed,
    /// How often a refusal was played by this provider.
    pub refusals: Arc<AtomicU64>,
}

impl Cue {
    /// Of a request.
    pub(super) fn new(request: &ChatRequest, patience: Duration, refusals: Arc<AtomicU64>) -> Self {
        let of = |role: Role| {
            request.messages.iter().filter(move |message| message.role == role).map(Message::joined_text)
        };
        let mut earlier: Vec<String> = of(Role::User).collect();
        let prompt = earlier.pop().unwrap_or_default();
        let chosen = request.params.seed.map(|seed| seed.to_string()).unwrap_or_default();
        let system: String = of(Role::System).collect();
        let texts = request.messages.iter().flat_map(|message| message.parts.iter()).map(text);
        let seed = Seed::from_parts([request.model.id.as_str(), chosen.as_str()].into_iter().chain(texts));
        let seat = Seed::from_parts([system.as_str(), chosen.as_str()].into_iter());
        let effort = request.params.effort;
        Self { prompt, earlier, tool_result: tool_result(request), effort, patience, seed, seat, refusals }
    }

    /// The number of the turn, from 0.
    pub(super) fn turn(&self) -> usize {
        self.earlier.len()
    }

    /// Whether the prompt has this word, in any case.
    pub(super) fn has_word(&self, word: &str) -> bool {
        self.prompt.split(|c: char| !c.is_alphanumeric()).any(|found| found.eq_ignore_ascii_case(word))
    }
}

/// Input tokens as a server with a cache counts them: what the request before had already, and
/// what is new.
pub(super) fn input_tokens(messages: &[Message]) -> (u64, u64) {
    let asked = |message: &&Message| message.role == Role::User;
    let turns = messages.iter().filter(asked).count();
    let before = if turns < 2 {
        0
    } else {
        let place = messages.iter().enumerate().filter(|(_, message)| message.role == Role::User);
        place.map(|(index, _)| index).nth(turns - 2).map_or(0, |index| index + 1)
    };
    let count = |messages: &[Message]| messages.iter().map(message_tokens).sum::<u64>();
    let (cached, new) = messages.split_at(before.min(messages.len()));
    (count(cached), count(new))
}

/// Tokens of so many bytes: four to a token, rounded up.
pub(super) fn tokens_of(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

fn message_tokens(message: &Message) -> u64 {
    // Roles and separators take some, as they do in real templates.
    4 + tokens_of(message.parts.iter().map(|part| text(part).len()).sum())
}

fn text(part: &Part) -> &str {
    match part {
        Part::Text(text) | Part::ToolResult { text, .. } => text,
        Part::Opaque { json, .. } => json,
        Part::ToolCall(call) => call.arguments.raw(),
        Part::Media(media) => media.name.as_deref().unwrap_or(&media.media_type),
    }
}

fn tool_result(request: &ChatRequest) -> Option<String> {
    let last = request.messages.last().filter(|message| message.role == Role::Tool)?;
    last.parts.iter().find_map(|part| match part {
        Part::ToolResult { text, .. } => Some(text.clone()),
        _ => None,
    })
}
