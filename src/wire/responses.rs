//! The schema of OpenAI's Responses API: what is sent is strict, what is read is tolerant.
//!
//! It must not know what a member means for a reply; that is the dialect's.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::wire::tolerant::tolerant;
use crate::wire::{List, Obj, Raw, Text, Whole};

/// A request's body.
#[derive(Debug, Serialize)]
pub struct Request<'a> {
    /// The id of the model.
    pub model: Cow<'a, str>,
    /// The system prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// What was said, as items.
    pub input: Vec<Item<'a>>,
    /// Whether the answer comes as events.
    pub stream: bool,
    /// Whether the server keeps it.
    pub store: bool,
    /// What else the answer shall have.
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    pub include: &'a [&'a str],
    /// Randomness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The most tokens of the reply, thinking included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// How to think.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning<'a>>,
    /// What the text shall be like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<TextOptions<'a>>,
    /// What the model may call, each whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool<'a>>,
}

/// `reasoning`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Reasoning<'a> {
    /// How hard.
    pub effort: &'a str,
    /// Which summary of it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<&'a str>,
}

/// `text`.
#[derive(Debug, Serialize)]
pub struct TextOptions<'a> {
    /// What form it must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// How long it shall be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<&'a str>,
}

/// `text.format`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Format {
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// What the schema is called.
        name: String,
        /// The schema.
        schema: Box<RawValue>,
    },
}

/// A tool.
#[derive(Debug, Serialize)]
pub struct Tool<'a> {
    /// `function`.
    pub r#type: &'a str,
    /// What the model calls it.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// The schema of its arguments.
    pub parameters: Box<RawValue>,
}

/// One item of what was said.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Item<'a> {
    /// A message.
    Message {
        /// Who speaks.
        role: &'a str,
        /// What is said.
        content: Vec<Part<'a>>,
    },
    /// A call that the model made, or the result of one.
    Call(Call<'a>),
    /// State of the server, unchanged.
    Opaque(Box<RawValue>),
}

/// A call or its result.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Call<'a> {
    /// A call.
    FunctionCall {
        /// The id that its result names.
        call_id: &'a str,
        /// The tool.
        name: &'a str,
        /// The arguments as JSON text.
        arguments: &'a str,
    },
    /// Its result.
    FunctionCallOutput {
        /// The call.
        call_id: &'a str,
        /// The result.
        output: &'a str,
    },
}

/// One part of a message.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part<'a> {
    /// What was said to the model.
    InputText {
        /// The text.
        text: &'a str,
    },
    /// What the model said.
    OutputText {
        /// The text.
        text: &'a str,
    },
    /// A picture.
    InputImage {
        /// Its address, or itself as a `data:` address.
        image_url: String,
    },
    /// A document.
    InputFile {
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
        /// Itself as a `data:` address.
        #[serde(skip_serializing_if = "Option::is_none")]
        file_data: Option<String>,
        /// Its address.
        #[serde(skip_serializing_if = "Option::is_none")]
        file_url: Option<&'a str>,
    },
}

tolerant!(
    /// One event of a stream.
    Event {
        /// What kind.
        kind: Text<'a> = "type",
        /// Which item of the output.
        output_index: Whole = "output_index",
        /// Which part of the item.
        content_index: Whole = "content_index",
        /// Which part of the summary.
        summary_index: Whole = "summary_index",
        /// A piece of text.
        delta: Text<'a> = "delta",
        /// The whole text.
        text: Text<'a> = "text",
        /// The whole refusal.
        refusal: Text<'a> = "refusal",
        /// The whole arguments of a call.
        arguments: Text<'a> = "arguments",
        /// The whole input of a call.
        input: Text<'a> = "input",
        /// An item of the output.
        item: Raw<'a> = "item",
        /// A source.
        annotation: Obj<Source<'a>> = "annotation",
        /// All of it so far.
        response: Obj<Response<'a>> = "response",
    }
);

tolerant!(
    /// A reply as the server keeps it.
    Response {
        /// Its id.
        id: Text<'a> = "id",
        /// The model that serves.
        model: Text<'a> = "model",
        /// `completed`, `incomplete`, `failed`.
        status: Text<'a> = "status",
        /// Why it failed.
        error: Raw<'a> = "error",
        /// Why it is not whole.
        incomplete_details: Obj<Incomplete<'a>> = "incomplete_details",
        /// The tier that served.
        service_tier: Text<'a> = "service_tier",
        /// What it took.
        usage: Raw<'a> = "usage",
        /// Its items.
        output: List<OutputItem<'a>> = "output",
    }
);

tolerant!(
    /// Why a reply is not whole.
    Incomplete {
        /// `max_output_tokens` or `content_filter`.
        reason: Text<'a> = "reason",
    }
);

tolerant!(
    /// An item of a reply.
    OutputItem {
        /// `message`, `reasoning`, `function_call`, …
        kind: Text<'a> = "type",
        /// The id that a result names.
        call_id: Text<'a> = "call_id",
        /// The tool.
        name: Text<'a> = "name",
        /// The arguments as JSON text.
        arguments: Text<'a> = "arguments",
        /// The input of a call of the kind `custom`.
        input: Text<'a> = "input",
        /// The state that goes back.
        encrypted_content: Text<'a> = "encrypted_content",
        /// Parts of a message.
        content: List<OutputPart<'a>> = "content",
        /// An image in base64.
        result: Text<'a> = "result",
        /// The format of that image.
        output_format: Text<'a> = "output_format",
    }
);

tolerant!(
    /// A part of a message of a reply.
    OutputPart {
        /// Its text.
        text: Text<'a> = "text",
        /// What the model says instead.
        refusal: Text<'a> = "refusal",
        /// Sources.
        annotations: List<Source<'a>> = "annotations",
    }
);

tolerant!(
    /// A source.
    Source {
        /// Its address.
        url: Text<'a> = "url",
        /// Its title.
        title: Text<'a> = "title",
        /// Its name, when it is a file.
        filename: Text<'a> = "filename",
    }
);

tolerant!(
    /// Tokens.
    Usage {
        /// All input.
        input_tokens: Whole = "input_tokens",
        /// Kinds of input.
        input_tokens_details: Obj<InputDetails<'a>> = "input_tokens_details",
        /// All output, thinking included.
        output_tokens: Whole = "output_tokens",
        /// Kinds of output.
        output_tokens_details: Obj<OutputDetails<'a>> = "output_tokens_details",
    }
);

tolerant!(
    /// Kinds of input.
    InputDetails {
        /// Read from a cache.
        cached_tokens: Whole = "cached_tokens",
        /// Written to a cache.
        cache_write_tokens: Whole = "cache_write_tokens",
    }
);

tolerant!(
    /// Kinds of output.
    OutputDetails {
        /// Thinking.
        reasoning_tokens: Whole = "reasoning_tokens",
    }
);
