//! The schema of OpenAI's chat completions, as OpenAI, OpenRouter and most other servers speak it:
//! how it is read. What is sent stands beside it. Money stays the JSON text that it was.
//!
//! It must not know what a member means for a reply; that is the dialect's.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, SeqAccess};

use crate::wire::tolerant::Accept;
use crate::wire::tolerant::Tolerant;
use crate::wire::tolerant::accept;
use crate::wire::tolerant::tolerant;
use crate::wire::{List, Obj, Raw, Text, Whole};

tolerant!(
    /// One event of a stream, and equally a whole answer.
    Chunk {
        /// The id of the reply.
        id: Text<'a> = "id",
        /// The model that serves.
        model: Text<'a> = "model",
        /// OpenRouter: who serves it.
        provider: Text<'a> = "provider",
        /// The pieces of the reply.
        choices: Choices<'a> = "choices",
        /// The tokens.
        usage: Raw<'a> = "usage",
        /// The tier that serves.
        service_tier: Text<'a> = "service_tier",
        /// A failure.
        error: Raw<'a> = "error",
        /// `error` in the flat form of a failure.
        object: Text<'a> = "object",
        /// Beside `object: error`, or as the only member of a failure.
        message: Text<'a> = "message",
        /// Groq's second place for usage.
        x_groq: Obj<Groq<'a>> = "x_groq",
        /// Perplexity's sources: a list of addresses, whole in every chunk.
        citations: Raw<'a> = "citations",
        /// The same with their titles.
        search_results: Raw<'a> = "search_results",
    }
);

tolerant!(
    /// `x_groq`.
    Groq {
        /// The tokens.
        usage: Raw<'a> = "usage",
    }
);

tolerant!(
    /// One alternative of a reply.
    Choice {
        /// Which one.
        index: Whole = "index",
        /// What is new.
        delta: Obj<Delta<'a>> = "delta",
        /// All of it, in an answer that is no stream. Some streams repeat it beside `delta`. In a box,
        /// because events are moved while they are read, and nearly none has it.
        message: Obj<Box<Delta<'a>>> = "message",
        /// Why the reply ended.
        finish_reason: Text<'a> = "finish_reason",
        /// A failure of this alternative.
        error: Raw<'a> = "error",
    }
);

tolerant!(
    /// What is new in a reply.
    Delta {
        /// Text, or a list of parts.
        content: Content<'a> = "content",
        /// Thinking, as DeepSeek, llama.cpp and xAI name it.
        reasoning_content: Text<'a> = "reasoning_content",
        /// Thinking, as OpenRouter, vLLM, Groq and Ollama name it.
        reasoning: Text<'a> = "reasoning",
        /// Thinking, as a few others name it.
        thinking: Text<'a> = "thinking",
        /// OpenRouter's opaque state.
        reasoning_details: Raw<'a> = "reasoning_details",
        /// What the model says instead of a reply.
        refusal: Text<'a> = "refusal",
        /// Fragments of calls.
        tool_calls: List<CallPiece<'a>> = "tool_calls",
        /// The one call of the older form.
        function_call: Obj<Function<'a>> = "function_call",
        /// Images.
        images: List<Part<'a>> = "images",
        /// Sources and files.
        annotations: List<Annotation<'a>> = "annotations",
    }
);

tolerant!(
    /// What a search found.
    Found {
        /// Its title.
        title: Text<'a> = "title",
        /// Where it is.
        url: Text<'a> = "url",
    }
);

tolerant!(
    /// A fragment of a call.
    CallPiece {
        /// Which call.
        index: Whole = "index",
        /// The call's id, usually in the first fragment only.
        id: Text<'a> = "id",
        /// Name and arguments.
        function: Obj<Function<'a>> = "function",
        /// Name and input of a call of the kind `custom`.
        custom: Obj<Function<'a>> = "custom",
        /// What goes back with the call: the signature of a thought at Gemini's layer.
        extra_content: Raw<'a> = "extra_content",
    }
);

tolerant!(
    /// Name and arguments of a call.
    Function {
        /// The tool.
        name: Text<'a> = "name",
        /// A piece of the arguments' JSON text as a string, or the arguments as an object.
        arguments: Raw<'a> = "arguments",
        /// The free text of a `custom` call.
        input: Raw<'a> = "input",
    }
);

tolerant!(
    /// One part of a content that is a list.
    Part {
        /// What kind.
        kind: Text<'a> = "type",
        /// Text.
        text: Text<'a> = "text",
        /// Mistral: the thinking, itself a list of text parts.
        thinking: Content<'a> = "thinking",
        /// An image.
        image_url: Obj<ImageUrl<'a>> = "image_url",
    }
);

tolerant!(
    /// Where an image is, or the image itself as a `data:` address.
    ImageUrl {
        /// The address.
        url: Text<'a> = "url",
    }
);

tolerant!(
    /// A source.
    Annotation {
        /// The source, when it is an address.
        url_citation: Obj<UrlCitation<'a>> = "url_citation",
    }
);

tolerant!(
    /// A source on the web.
    UrlCitation {
        /// Its address.
        url: Text<'a> = "url",
        /// Its title.
        title: Text<'a> = "title",
    }
);

tolerant!(
    /// Tokens, under all names that servers have for them.
    Usage {
        /// All input.
        prompt_tokens: Whole = "prompt_tokens",
        /// Output, in most servers with the thinking.
        completion_tokens: Whole = "completion_tokens",
        /// Both.
        total_tokens: Whole = "total_tokens",
        /// Kinds of input.
        prompt_tokens_details: Obj<PromptDetails<'a>> = "prompt_tokens_details",
        /// Kinds of output.
        completion_tokens_details: Obj<CompletionDetails<'a>> = "completion_tokens_details",
        /// Together: input read from a cache.
        cached_tokens: Whole = "cached_tokens",
        /// DeepSeek: input read from a cache.
        prompt_cache_hit_tokens: Whole = "prompt_cache_hit_tokens",
        /// OpenRouter: dollars, as their decimal text.
        cost: Raw<'a> = "cost",
        /// OpenRouter: whether the user's own key of the upstream was used.
        is_byok: Raw<'a> = "is_byok",
        /// OpenRouter: what the upstream bills.
        cost_details: Obj<CostDetails<'a>> = "cost_details",
        /// OpenRouter: what its own tools did.
        server_tool_use_details: Obj<ServerTools<'a>> = "server_tool_use_details",
        /// The same by its older name.
        server_tool_use: Obj<ServerTools<'a>> = "server_tool_use",
        /// xAI: the cost in 10⁻¹⁰ dollars.
        cost_in_usd_ticks: Whole = "cost_in_usd_ticks",
    }
);

tolerant!(
    /// Kinds of input.
    PromptDetails {
        /// Read from a cache.
        cached_tokens: Whole = "cached_tokens",
        /// Written to a cache.
        cache_write_tokens: Whole = "cache_write_tokens",
        /// Sound.
        audio_tokens: Whole = "audio_tokens",
        /// Pictures.
        image_tokens: Whole = "image_tokens",
    }
);

tolerant!(
    /// What a server's own tools did.
    ServerTools {
        /// Searches of the web.
        web_search_requests: Whole = "web_search_requests",
    }
);

tolerant!(
    /// Kinds of output.
    CompletionDetails {
        /// Thinking.
        reasoning_tokens: Whole = "reasoning_tokens",
        /// Sound.
        audio_tokens: Whole = "audio_tokens",
        /// Images.
        image_tokens: Whole = "image_tokens",
    }
);

tolerant!(
    /// Who bills what.
    CostDetails {
        /// The upstream's bill, as decimal text.
        upstream_inference_cost: Raw<'a> = "upstream_inference_cost",
    }
);

/// The content of a message: a text or a list of parts.
#[derive(Clone, Debug, Default)]
pub enum Content<'a> {
    /// None.
    #[default]
    Missing,
    /// A text.
    Text(Cow<'a, str>),
    /// Parts.
    Parts(List<Part<'a>>),
    /// Something else.
    Odd,
}

impl Tolerant for Content<'_> {
    fn odd(&self) -> bool {
        match self {
            Self::Missing | Self::Text(_) => false,
            Self::Parts(parts) => parts.odd(),
            Self::Odd => true,
        }
    }
}

impl<'de> Accept<'de> for Content<'de> {
    fn missing() -> Self {
        Self::Missing
    }
    fn wrong() -> Self {
        Self::Odd
    }
    fn text(text: Cow<'de, str>) -> Self {
        Self::Text(text)
    }
    fn seq<S: SeqAccess<'de>>(seq: S) -> Result<Self, S::Error> {
        List::seq(seq).map(Self::Parts)
    }
}

impl<'de> Deserialize<'de> for Content<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        accept(from)
    }
}

/// The alternatives of a reply, of which only the first is asked for. It is kept without a list,
/// because every event of a stream has one.
#[derive(Clone, Debug, Default)]
pub struct Choices<'a> {
    first: Option<Choice<'a>>,
    more: Vec<Choice<'a>>,
    odd: bool,
}

impl<'a> Choices<'a> {
    /// The pieces of the first alternative.
    pub fn iter(&self) -> impl Iterator<Item = &Choice<'a>> {
        self.first.iter().chain(&self.more)
    }
}

impl Tolerant for Choices<'_> {
    fn odd(&self) -> bool {
        self.odd || self.iter().any(Tolerant::odd)
    }
}

impl<'de> Accept<'de> for Choices<'de> {
    fn missing() -> Self {
        Self::default()
    }
    fn wrong() -> Self {
        Self { odd: true, ..Self::default() }
    }
    fn seq<S: SeqAccess<'de>>(mut seq: S) -> Result<Self, S::Error> {
        let mut out = Self::default();
        while let Some(choice) = seq.next_element::<Obj<Choice<'de>>>()? {
            out.odd |= choice.odd();
            let Some(choice) = choice.into_inner() else { continue };
            if choice.index.get().unwrap_or(0) != 0 {
                continue;
            }
            if out.first.is_none() {
                out.first = Some(choice);
            } else {
                out.more.push(choice);
            }
        }
        Ok(out)
    }
}

impl<'de> Deserialize<'de> for Choices<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        accept(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_read() {
        let chunk: Chunk<'_> = serde_json::from_str(
            r#"{"id":"x","choices":[{"index":1,"delta":{"content":"no"}},{"delta":{"content":"yes"}}],"usage":{"cost":2.8e-05}}"#,
        )
        .expect("an object");
        let texts: Vec<_> = chunk.choices.iter().filter_map(|choice| choice.delta.get()).collect();
        assert!(matches!(texts.as_slice(), [Delta { content: Content::Text(text), .. }] if text == "yes"));
        let usage: Usage<'_> = serde_json::from_str(chunk.usage.get().expect("usage")).expect("an object");
        assert_eq!(usage.cost.get(), Some("2.8e-05"));
    }
}
