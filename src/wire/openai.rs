//! The schema of OpenAI's chat completions, as OpenAI, OpenRouter and most other servers speak it:
//! what is sent is strict, what is read is tolerant. Money stays the JSON text that it was.
//!
//! It must not know what a member means for a reply; that is the dialect's.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, SeqAccess};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::wire::tolerant::Accept;
use crate::wire::tolerant::Tolerant;
use crate::wire::tolerant::accept;
use crate::wire::tolerant::tolerant;
use crate::wire::{List, Obj, Raw, Text, Whole};

/// A request's body.
#[derive(Debug, Default, Serialize)]
pub struct Request<'a> {
    /// The id of the model.
    pub model: Cow<'a, str>,
    /// What was said.
    pub messages: Vec<RequestMessage<'a>>,
    /// Whether the answer comes as events.
    pub stream: bool,
    /// What the stream should hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// Randomness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Sampling among the k likeliest; not of OpenAI's own servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// The most tokens of the reply, by its older name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// The most tokens of the reply, thinking included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u64>,
    /// Texts that end the reply.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub stop: &'a [String],
    /// Seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Penalty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Penalty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// How hard to think, in OpenAI's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<&'a str>,
    /// How hard to think, in OpenRouter's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning<'a>>,
    /// How long the answer shall be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<&'a str>,
    /// What form the answer must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// What the model may call, and what the server may do for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<RequestTool<'a>>,
}

/// `response_format`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// The schema with its name.
        json_schema: NamedSchema,
    },
}

/// A schema with its name.
#[derive(Debug, Serialize)]
pub struct NamedSchema {
    /// What it is called.
    pub name: String,
    /// The schema.
    pub schema: Box<RawValue>,
}

/// Something that may be called.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum RequestTool<'a> {
    /// A tool of ours.
    Function {
        /// `function`.
        r#type: &'static str,
        /// What it is.
        function: RequestFunction<'a>,
    },
    /// A tool that the server runs, as the user wrote it.
    Server(Box<RawValue>),
}

/// A tool of ours.
#[derive(Debug, Serialize)]
pub struct RequestFunction<'a> {
    /// What the model calls it.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// The schema of its arguments.
    pub parameters: Box<RawValue>,
}

/// `stream_options`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StreamOptions {
    /// Whether a last chunk tells the tokens.
    pub include_usage: bool,
}

/// `reasoning` of OpenRouter.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Reasoning<'a> {
    /// How hard, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<&'a str>,
    /// How hard, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
}

/// One message of a request.
#[derive(Debug, Default, Serialize)]
pub struct RequestMessage<'a> {
    /// Who speaks.
    pub role: &'a str,
    /// What is said; null beside calls.
    pub content: Option<RequestContent<'a>>,
    /// The calls that the model made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<RequestCall<'a>>,
    /// The call that this message answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<Cow<'a, str>>,
    /// Opaque state of OpenRouter, sent back unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_details: Option<Box<RawValue>>,
}

/// What is said in a message: a text where that is all, because not every server takes parts.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum RequestContent<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// Parts, in order.
    Parts(Vec<RequestPart<'a>>),
}

/// One part of a message.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RequestPart<'a> {
    /// Text.
    Text {
        /// The text.
        text: Cow<'a, str>,
    },
    /// A picture.
    ImageUrl {
        /// Where it is.
        image_url: Address,
    },
    /// A film; OpenRouter's.
    VideoUrl {
        /// Where it is.
        video_url: Address,
    },
    /// A sound.
    InputAudio {
        /// The sound.
        input_audio: Audio<'a>,
    },
    /// A document.
    File {
        /// The document.
        file: FileData<'a>,
    },
}

/// An address, or the thing itself as a `data:` address.
#[derive(Debug, Serialize)]
pub struct Address {
    /// The address.
    pub url: String,
}

/// A sound.
#[derive(Debug, Serialize)]
pub struct Audio<'a> {
    /// Its bytes in base64.
    pub data: &'a str,
    /// `wav`, `mp3`, …
    pub format: &'a str,
}

/// A document.
#[derive(Debug, Serialize)]
pub struct FileData<'a> {
    /// Its name.
    pub filename: &'a str,
    /// Itself as a `data:` address, or its address.
    pub file_data: String,
}

/// A call in a request.
#[derive(Debug)]
pub struct RequestCall<'a> {
    /// The call's id.
    pub id: Cow<'a, str>,
    /// The tool.
    pub name: &'a str,
    /// The arguments as JSON text.
    pub arguments: &'a str,
}

impl Serialize for RequestCall<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Function<'a> {
            name: &'a str,
            arguments: &'a str,
        }
        #[derive(Serialize)]
        struct Call<'a> {
            id: &'a str,
            r#type: &'static str,
            function: Function<'a>,
        }
        Call {
            id: &self.id,
            r#type: "function",
            function: Function { name: self.name, arguments: self.arguments },
        }
        .serialize(to)
    }
}

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
        /// All of it, in an answer that is no stream. Some streams repeat it beside `delta`.
        message: Obj<Delta<'a>> = "message",
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

    #[test]
    fn a_request_has_only_what_is_set() {
        let request = Request {
            model: "m".into(),
            stream: true,
            messages: vec![RequestMessage {
                role: "user",
                content: Some(RequestContent::Text("hi".into())),
                ..Default::default()
            }],
            ..Default::default()
        };
        assert_eq!(
            serde_json::to_string(&request).expect("JSON"),
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}"#
        );
    }
}
