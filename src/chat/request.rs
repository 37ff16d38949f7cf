//! What a model is asked: messages and the parameters that the user set, and nothing else.

use crate::chat::message::Message;
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
    pub messages: Vec<Message>,
    /// What the user set.
    pub params: Params,
}
