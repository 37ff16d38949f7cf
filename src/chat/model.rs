//! What a model is called and what is known of it.

use std::fmt;
use std::str::FromStr;

use crate::chat::request::Effort;

/// `provider/model-id`, split at the first slash: `openrouter/openai/gpt-5.1` is the model
/// `openai/gpt-5.1` at the provider `openrouter`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelRef {
    /// The name of a configured provider.
    pub provider: String,
    /// The id that the provider knows the model by.
    pub id: String,
}

/// Why a text is no model ref.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelRefError {
    /// There is no slash.
    #[error("a model is written provider/model-id, as in demo/eliza; there is no / in it")]
    NoSlash,
    /// The provider or the id is empty.
    #[error("a model is written provider/model-id; one side of the first / is empty")]
    Empty,
}

impl ModelRef {
    /// A model ref of its two halves.
    #[must_use]
    pub fn new(provider: impl Into<String>, id: impl Into<String>) -> Self {
        Self { provider: provider.into(), id: id.into() }
    }

    /// The id that goes on the wire. OpenRouter's own routers carry its name in their id:
    /// `openrouter/auto` names OpenRouter's `openrouter/auto`, because no other id of OpenRouter
    /// is without an author.
    #[must_use]
    pub fn wire_id(&self) -> String {
        if self.provider == "openrouter" && !self.id.contains('/') {
            format!("openrouter/{}", self.id)
        } else {
            self.id.clone()
        }
    }

    /// The id without its author, for titles: `openai/gpt-5.1` is `gpt-5.1`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or(&self.id)
    }
}

impl FromStr for ModelRef {
    type Err = ModelRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (provider, id) = text.split_once('/').ok_or(ModelRefError::NoSlash)?;
        if provider.is_empty() || id.is_empty() {
            return Err(ModelRefError::Empty);
        }
        Ok(Self::new(provider, id))
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.id)
    }
}

/// What is known of a model before it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// Which model.
    pub model: ModelRef,
    /// A name for people, when one is known.
    pub name: Option<String>,
    /// Tokens that fit into one request and its reply together, when known.
    pub context: Option<u64>,
    /// Tokens that one reply may have, when known.
    pub max_output: Option<u64>,
    /// What it takes and can.
    pub abilities: Abilities,
    /// The id that this one stands for now, when it is an alias.
    pub alias_of: Option<String>,
    /// The day after which it is gone, `2026-12-31`.
    pub expires: Option<String>,
    /// The server does not run it, but passes requests for it on to another machine.
    pub is_elsewhere: bool,
}

impl ModelInfo {
    /// A model of which nothing is known but that it is there.
    #[must_use]
    pub fn bare(model: ModelRef) -> Self {
        Self {
            model,
            name: None,
            context: None,
            max_output: None,
            abilities: Abilities::default(),
            alias_of: None,
            expires: None,
            is_elsewhere: false,
        }
    }
}

/// What a model takes and can, as far as it was told. `None` is "not told".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// What may be sent to it: `text`, `image`, `file`, `audio`, `video`.
    pub input: Option<Vec<String>>,
    /// What it answers with: `text`, `image`, `audio`.
    pub output: Option<Vec<String>>,
    /// Whether it can call tools.
    pub tools: Option<bool>,
    /// Whether it can think before it answers.
    pub reasoning: Option<bool>,
    /// Whether it thinks always, so that thinking cannot be switched off.
    pub always_reasons: Option<bool>,
    /// The efforts that it knows, weakest first.
    pub efforts: Option<Vec<Effort>>,
    /// The names of the parameters that it takes, as on the wire.
    pub parameters: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_slash() {
        let model: ModelRef = "openrouter/anthropic/claude-sonnet-4.5".parse().expect("a model");
        assert_eq!(model.provider, "openrouter");
        assert_eq!(model.id, "anthropic/claude-sonnet-4.5");
        assert_eq!(model.short(), "claude-sonnet-4.5");
        assert_eq!(model.to_string(), "openrouter/anthropic/claude-sonnet-4.5");
    }

    #[test]
    fn routers_keep_their_author_on_the_wire() {
        for (text, wire) in [
            ("openrouter/auto", "openrouter/auto"),
            ("openrouter/openai/gpt-5.1", "openai/gpt-5.1"),
            ("lab/qwen3", "qwen3"),
        ] {
            let model: ModelRef = text.parse().expect("a model");
            assert_eq!(model.wire_id(), wire);
        }
    }

    #[test]
    fn halves_must_be_there() {
        assert_eq!("gpt".parse::<ModelRef>(), Err(ModelRefError::NoSlash));
        assert_eq!("/gpt".parse::<ModelRef>(), Err(ModelRefError::Empty));
        assert_eq!("lab/".parse::<ModelRef>(), Err(ModelRefError::Empty));
    }
}
