//! What a model is asked: messages and the parameters that the user set, and nothing else.

use std::sync::Arc;

use crate::chat::message::Message;
use crate::chat::message::Tool;
use crate::chat::model::Abilities;
use crate::chat::model::ModelRef;

/// How hard a reasoning model should think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all.
    None,
    /// The least that the model can.
    Minimal,
    /// Little.
    Low,
    /// The usual.
    Medium,
    /// Long.
    High,
    /// Longer.
    Xhigh,
    /// As long as it can.
    Max,
}

impl Effort {
    /// All efforts with their names on the wire and in the config.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::None, "none"),
        (Self::Minimal, "minimal"),
        (Self::Low, "low"),
        (Self::Medium, "medium"),
        (Self::High, "high"),
        (Self::Xhigh, "xhigh"),
        (Self::Max, "max"),
    ];

    /// The name on the wire and in the config.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(effort, _)| *effort == self).map_or("medium", |(_, name)| name)
    }

    /// The effort of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(effort, _)| *effort)
    }
}

/// The form that an answer must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Any JSON object.
    Json,
    /// JSON that fits a JSON Schema, which is here as JSON text.
    Schema(String),
}

impl Format {
    /// As it is stored: `json`, or the text of the schema.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Json => "json".to_owned(),
            Self::Schema(schema) => schema.clone(),
        }
    }

    /// From how it is stored.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        if text == "json" { Self::Json } else { Self::Schema(text) }
    }
}

/// Parameters that the user set. What is `None` or empty is not sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    /// Randomness, 0 to 2.
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1.
    pub top_p: Option<f64>,
    /// Sampling among the k likeliest.
    pub top_k: Option<u32>,
    /// The most tokens that a reply may have, thinking included.
    pub max_tokens: Option<u64>,
    /// Texts that end the reply.
    pub stop: Vec<String>,
    /// Seed for repeatable sampling.
    pub seed: Option<i64>,
    /// -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// -2 to 2.
    pub presence_penalty: Option<f64>,
    /// How hard to think.
    pub effort: Option<Effort>,
    /// How many tokens thinking may take, where a model wants a number and not a word.
    pub thinking_tokens: Option<u64>,
    /// How long the answer shall be: low to max.
    pub verbosity: Option<Effort>,
    /// What form the answer must have.
    pub format: Option<Format>,
    /// What OpenRouter alone knows (preferences of providers, fallbacks, plugins, its own tools): a
    /// raw JSON object whose members join the request's body there.
    pub openrouter: Option<String>,
    /// Further members of the request's body, a raw JSON object.
    pub extra_body: Option<String>,
}

impl Params {
    /// These parameters over `base`: what is set here wins.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        Self {
            temperature: self.temperature.or(base.temperature),
            top_p: self.top_p.or(base.top_p),
            top_k: self.top_k.or(base.top_k),
            max_tokens: self.max_tokens.or(base.max_tokens),
            stop: if self.stop.is_empty() { base.stop.clone() } else { self.stop.clone() },
            seed: self.seed.or(base.seed),
            frequency_penalty: self.frequency_penalty.or(base.frequency_penalty),
            presence_penalty: self.presence_penalty.or(base.presence_penalty),
            effort: self.effort.or(base.effort),
            thinking_tokens: self.thinking_tokens.or(base.thinking_tokens),
            verbosity: self.verbosity.or(base.verbosity),
            format: self.format.clone().or_else(|| base.format.clone()),
            openrouter: self.openrouter.clone().or_else(|| base.openrouter.clone()),
            extra_body: self.extra_body.clone().or_else(|| base.extra_body.clone()),
        }
    }
}

/// One request to one model.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRequest {
    /// Who is asked.
    pub model: ModelRef,
    /// What was said, oldest first; a system message, if any, is the first.
    pub messages: Arc<Vec<Message>>,
    /// What the user set.
    pub params: Params,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// What is known of the model, so that it is not asked for what it refuses.
    pub abilities: Abilities,
}
