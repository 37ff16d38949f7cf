//! The schema of a request for a chat completion, as OpenAI, OpenRouter and most other servers take
//! it. It is strict, and what is not set is not written.
//!
//! It must not know what a member means for a reply; that is the dialect's.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

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
    /// The thinking that led to the calls, for servers that gave it under this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<Cow<'a, str>>,
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
    /// What the server hung on it.
    pub extra_content: Option<&'a RawValue>,
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
            #[serde(skip_serializing_if = "Option::is_none")]
            extra_content: Option<&'a RawValue>,
        }
        Call {
            id: &self.id,
            r#type: "function",
            function: Function { name: self.name, arguments: self.arguments },
            extra_content: self.extra_content,
        }
        .serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
