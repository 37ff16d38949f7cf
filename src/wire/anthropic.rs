//! The schema of Anthropic's Messages: what is sent is strict, what is read is tolerant. Blocks of a
//! reply that go back unchanged stay the JSON text that they were.
//!
//! It must not know what a member means for a reply; that is the dialect's.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::wire::tolerant::tolerant;
use crate::wire::{List, Obj, Raw, Text, Whole};

/// A request's body.
#[derive(Debug, Default, Serialize)]
pub struct Request<'a> {
    /// The id of the model.
    pub model: Cow<'a, str>,
    /// The most tokens of the reply, thinking included; required.
    pub max_tokens: u64,
    /// Instructions; they are no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<Cow<'a, str>>,
    /// What was said; roles alternate.
    pub messages: Vec<Turn<'a>>,
    /// Whether the answer comes as events.
    pub stream: bool,
    /// Texts that end the reply.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub stop_sequences: &'a [String],
    /// Randomness, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Sampling among the k likeliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// What the model may call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolDef<'a>>,
    /// Whether and how it thinks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Thinking>,
    /// How hard it works, and the form of the answer.
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    pub output_config: OutputConfig<'a>,
}

/// A tool that a model may call.
#[derive(Debug, Serialize)]
pub struct ToolDef<'a> {
    /// What the model calls it.
    pub name: &'a str,
    /// What it is for.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub description: &'a str,
    /// The JSON Schema of its arguments.
    pub input_schema: &'a RawValue,
}

/// `thinking`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Thinking {
    /// So many tokens of it.
    Enabled {
        /// At least 1024, and less than `max_tokens`.
        budget_tokens: u64,
    },
    /// As much as the model finds right.
    Adaptive {
        /// What of it is sent.
        display: &'static str,
    },
    /// None.
    Disabled,
}

/// `output_config`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct OutputConfig<'a> {
    /// How hard the model works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<&'static str>,
    /// The form of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<OutputFormat<'a>>,
}

impl OutputConfig<'_> {
    fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none()
    }
}

/// The form of the answer.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutputFormat<'a> {
    /// JSON that fits a schema.
    JsonSchema {
        /// The schema.
        schema: &'a RawValue,
    },
}

/// What one side said until the other one spoke.
#[derive(Debug, Serialize)]
pub struct Turn<'a> {
    /// `user` or `assistant`.
    pub role: &'static str,
    /// What was said, in order.
    pub content: Vec<Block<'a>>,
}

/// One block of a message.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block<'a> {
    /// Text, never empty.
    Text {
        /// It.
        text: Cow<'a, str>,
    },
    /// A picture.
    Image {
        /// Its bytes, or where it is.
        source: Source<'a>,
    },
    /// A document.
    Document {
        /// Its bytes, or where it is.
        source: Source<'a>,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
    },
    /// A call that the model made.
    ToolUse {
        /// The call's id.
        id: Cow<'a, str>,
        /// The tool.
        name: &'a str,
        /// The arguments, an object.
        input: Box<RawValue>,
    },
    /// What a call came to.
    ToolResult {
        /// The call's id.
        tool_use_id: Cow<'a, str>,
        /// The result.
        content: &'a str,
    },
    /// A block of the model's that goes back as it came.
    #[serde(untagged)]
    Kept(Box<RawValue>),
}

/// Where the content of a picture or a document is.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Source<'a> {
    /// Here, in base64.
    Base64 {
        /// As in `image/png`.
        media_type: &'a str,
        /// The bytes.
        data: &'a str,
    },
    /// Here, as plain text.
    Text {
        /// `text/plain`.
        media_type: &'static str,
        /// The text.
        data: String,
    },
    /// At an address.
    Url {
        /// The address.
        url: &'a str,
    },
}

tolerant!(
    /// One event of a stream, and equally a whole answer, whose members are those of `message`.
    Event {
        /// What kind of event.
        kind: Text<'a> = "type",
        /// The reply that begins.
        message: Obj<Message<'a>> = "message",
        /// Which block it is about.
        index: Whole = "index",
        /// The block that begins.
        content_block: Raw<'a> = "content_block",
        /// What is new.
        delta: Obj<Delta<'a>> = "delta",
        /// The tokens so far.
        usage: Raw<'a> = "usage",
        /// A failure.
        error: Raw<'a> = "error",
    }
);

tolerant!(
    /// A reply: its beginning, or all of it in an answer that is no stream.
    Message {
        /// `message`.
        kind: Text<'a> = "type",
        /// Its id.
        id: Text<'a> = "id",
        /// The model that serves.
        model: Text<'a> = "model",
        /// All blocks, when it is whole.
        content: Raw<'a> = "content",
        /// Why it ended.
        stop_reason: Text<'a> = "stop_reason",
        /// More about it.
        stop_details: Obj<StopDetails<'a>> = "stop_details",
        /// The tokens.
        usage: Raw<'a> = "usage",
    }
);

tolerant!(
    /// What is new in a block, or why the reply ends.
    Delta {
        /// What kind.
        kind: Text<'a> = "type",
        /// Text.
        text: Text<'a> = "text",
        /// Thinking.
        thinking: Text<'a> = "thinking",
        /// The seal of a thinking block.
        signature: Text<'a> = "signature",
        /// A piece of the JSON text of a call's arguments.
        partial_json: Text<'a> = "partial_json",
        /// A source of the text.
        citation: Raw<'a> = "citation",
        /// What a compacted conversation came to.
        content: Text<'a> = "content",
        /// Why the reply ends.
        stop_reason: Text<'a> = "stop_reason",
        /// More about it.
        stop_details: Obj<StopDetails<'a>> = "stop_details",
    }
);

tolerant!(
    /// Why a model refused.
    StopDetails {
        /// In a word.
        category: Text<'a> = "category",
        /// In a sentence.
        explanation: Text<'a> = "explanation",
    }
);

tolerant!(
    /// What is read of a block; all of it is kept as text.
    BlockHead {
        /// What kind.
        kind: Text<'a> = "type",
        /// Text with which it begins.
        text: Text<'a> = "text",
        /// Thinking with which it begins.
        thinking: Text<'a> = "thinking",
        /// The id of a call.
        id: Text<'a> = "id",
        /// The tool that is called.
        name: Text<'a> = "name",
        /// The arguments, when they come at once.
        input: Raw<'a> = "input",
        /// What a tool of the provider's found, or what was compacted.
        content: Raw<'a> = "content",
        /// The sources of a text that comes at once.
        citations: List<Citation<'a>> = "citations",
        /// The model that could not answer.
        from: Raw<'a> = "from",
        /// The model that answers in its place.
        to: Raw<'a> = "to",
    }
);

tolerant!(
    /// A source of a text.
    Citation {
        /// Where it is.
        url: Text<'a> = "url",
        /// Where it is, for what the user's own search found.
        source: Text<'a> = "source",
        /// What it is called.
        title: Text<'a> = "title",
        /// What a document is called.
        document_title: Text<'a> = "document_title",
        /// Which document, when it has no name.
        document_index: Whole = "document_index",
    }
);

tolerant!(
    /// A failure of a tool of the provider's.
    ToolError {
        /// In a word.
        error_code: Text<'a> = "error_code",
    }
);

tolerant!(
    /// The arguments of a search.
    Query {
        /// What is searched for.
        query: Text<'a> = "query",
        /// What is fetched.
        url: Text<'a> = "url",
    }
);

tolerant!(
    /// A model, where it is named by an object.
    Named {
        /// Its id.
        model: Text<'a> = "model",
    }
);

tolerant!(
    /// Tokens of a reply, and equally of one of its iterations.
    Usage {
        /// What kind of iteration.
        kind: Text<'a> = "type",
        /// The model of an iteration, when it is another one.
        model: Text<'a> = "model",
        /// Input that was neither read from a cache nor written to one.
        input_tokens: Whole = "input_tokens",
        /// Input written to a cache, for any time.
        cache_creation_input_tokens: Whole = "cache_creation_input_tokens",
        /// Input read from a cache.
        cache_read_input_tokens: Whole = "cache_read_input_tokens",
        /// What was written for how long.
        cache_creation: Obj<CacheCreation<'a>> = "cache_creation",
        /// Output with all thinking.
        output_tokens: Whole = "output_tokens",
        /// Kinds of output.
        output_tokens_details: Obj<OutputDetails<'a>> = "output_tokens_details",
        /// What tools of the provider's did.
        server_tool_use: Obj<ServerToolUse<'a>> = "server_tool_use",
        /// The tier that served.
        service_tier: Text<'a> = "service_tier",
        /// Where it was computed, when that was asked for.
        inference_geo: Text<'a> = "inference_geo",
        /// How fast it was asked to be.
        speed: Text<'a> = "speed",
        /// The rounds of which the reply is made.
        iterations: Raw<'a> = "iterations",
    }
);

tolerant!(
    /// What was written to a cache for how long.
    CacheCreation {
        /// For five minutes.
        ephemeral_5m_input_tokens: Whole = "ephemeral_5m_input_tokens",
        /// For an hour.
        ephemeral_1h_input_tokens: Whole = "ephemeral_1h_input_tokens",
    }
);

tolerant!(
    /// Kinds of output.
    OutputDetails {
        /// Thinking.
        thinking_tokens: Whole = "thinking_tokens",
    }
);

tolerant!(
    /// What tools of the provider's did.
    ServerToolUse {
        /// Searches.
        web_search_requests: Whole = "web_search_requests",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read() {
        let event: Event<'_> = serde_json::from_str(
            r#"{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"Fog"},"more":[1]}"#,
        )
        .expect("an object");
        assert_eq!((event.kind.get(), event.index.get()), (Some("content_block_delta"), Some(3)));
        assert_eq!(event.delta.get().and_then(|delta| delta.text.get()), Some("Fog"));
    }

    #[test]
    fn a_request_has_only_what_is_set() {
        let kept = RawValue::from_string(r#"{"type":"new", "x":1.0}"#.to_owned()).expect("JSON");
        let request = Request {
            model: "m".into(),
            max_tokens: 9,
            stream: true,
            messages: vec![Turn {
                role: "user",
                content: vec![
                    Block::Text { text: "hi".into() },
                    Block::Image { source: Source::Url { url: "https://lab/x.png" } },
                    Block::Kept(kept),
                ],
            }],
            ..Default::default()
        };
        assert_eq!(
            serde_json::to_string(&request).expect("JSON"),
            r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image","source":{"type":"url","url":"https://lab/x.png"}},{"type":"new", "x":1.0}]}],"stream":true}"#
        );
    }
}
