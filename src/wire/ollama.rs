//! The schema of Ollama's own chat: what is sent is strict, what is read is tolerant.
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
    /// The name of the model.
    pub model: Cow<'a, str>,
    /// What was said.
    pub messages: Vec<RequestMessage<'a>>,
    /// Whether the answer comes as lines.
    pub stream: bool,
    /// Whether and how hard to think.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub think: Option<Think>,
    /// The form of the answer: `"json"` or a schema, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Box<RawValue>>,
    /// What the model may call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<RequestTool<'a>>,
    /// The parameters; left out when none is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Options<'a>>,
    /// Whether a history that is too long is silently cut.
    pub truncate: bool,
    /// Whether the oldest part is silently dropped when the reply fills the context.
    pub shift: bool,
}

/// Whether and how hard to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Think {
    /// Whether.
    Switch(bool),
    /// How hard.
    Level(&'static str),
}

/// One message of a request.
#[derive(Debug, Default, Serialize)]
pub struct RequestMessage<'a> {
    /// Who speaks.
    pub role: &'static str,
    /// What is said, always a text.
    pub content: Cow<'a, str>,
    /// What the model thought before it called tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// Pictures in base64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<&'a str>,
    /// The calls that the model made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<RequestCall<'a>>,
    /// The tool whose result this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_name: Option<&'a str>,
    /// The call whose result this is, when it had an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<&'a str>,
}

/// A call in a request.
#[derive(Debug, Serialize)]
pub struct RequestCall<'a> {
    /// Its id, when the server gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// Name and arguments.
    pub function: CallFunction<'a>,
}

/// Name and arguments of a call in a request.
#[derive(Debug, Serialize)]
pub struct CallFunction<'a> {
    /// The tool.
    pub name: &'a str,
    /// The arguments, an object.
    pub arguments: Box<RawValue>,
}

/// A tool that the model may call.
#[derive(Debug, Serialize)]
pub struct RequestTool<'a> {
    /// Always `function`.
    pub r#type: &'static str,
    /// The function.
    pub function: ToolFunction<'a>,
}

/// A function that the model may call.
#[derive(Debug, Serialize)]
pub struct ToolFunction<'a> {
    /// What the model calls it.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// The schema of its arguments.
    pub parameters: Box<RawValue>,
}

/// The parameters.
#[derive(Debug, Default, Serialize)]
pub struct Options<'a> {
    /// Randomness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Sampling among the k likeliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// The most tokens of the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_predict: Option<u64>,
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
}

tolerant!(
    /// One line of a stream.
    Line {
        /// The model that serves.
        model: Text<'a> = "model",
        /// The machine that really serves, when it is another one.
        remote_host: Text<'a> = "remote_host",
        /// What is new.
        message: Obj<Message<'a>> = "message",
        /// Whether this is the last line.
        done: Raw<'a> = "done",
        /// Why.
        done_reason: Text<'a> = "done_reason",
        /// A failure.
        error: Raw<'a> = "error",
        /// Input. What is zero is left out, also when it was all there already.
        prompt_eval_count: Whole = "prompt_eval_count",
        /// Output, thinking included.
        eval_count: Whole = "eval_count",
        /// Nanoseconds in all.
        total_duration: Whole = "total_duration",
        /// Nanoseconds until the model was there.
        load_duration: Whole = "load_duration",
        /// Nanoseconds for the input.
        prompt_eval_duration: Whole = "prompt_eval_duration",
        /// Nanoseconds for the output.
        eval_duration: Whole = "eval_duration",
    }
);

tolerant!(
    /// What is new in a reply.
    Message {
        /// Text.
        content: Text<'a> = "content",
        /// Thinking.
        thinking: Text<'a> = "thinking",
        /// Whole calls.
        tool_calls: List<Call<'a>> = "tool_calls",
    }
);

tolerant!(
    /// A call.
    Call {
        /// Its id; may be missing.
        id: Text<'a> = "id",
        /// Name and arguments.
        function: Obj<Function<'a>> = "function",
    }
);

tolerant!(
    /// Name and arguments of a call.
    Function {
        /// The tool.
        name: Text<'a> = "name",
        /// The arguments, an object.
        arguments: Raw<'a> = "arguments",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let line: Line<'_> = serde_json::from_str(
            r#"{"message":{"content":"a","tool_calls":[{"function":{"name":"n","arguments":{"x": 1.50}}},7]},"done":true,"eval_count":-1}"#,
        )
        .expect("an object");
        let message = line.message.get().expect("a message");
        let function = message.tool_calls.items()[0].function.get().expect("a function");
        assert_eq!(function.arguments.get(), Some(r#"{"x": 1.50}"#));
        assert_eq!((line.done.get(), line.eval_count.get()), (Some("true"), None));
        assert!(crate::wire::is_odd(&line));
    }

    #[test]
    fn a_request_has_only_what_is_set() {
        let request = Request {
            model: "m".into(),
            stream: true,
            messages: vec![RequestMessage { role: "user", content: "hi".into(), ..Default::default() }],
            think: Some(Think::Level("low")),
            ..Default::default()
        };
        assert_eq!(
            serde_json::to_string(&request).expect("JSON"),
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"think":"low","truncate":false,"shift":false}"#
        );
    }
}
