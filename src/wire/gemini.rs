//! The schema of Google's `streamGenerateContent`: what is sent is strict, what is read is
//! tolerant. The parts of a reply stay the JSON texts that they were, because they go back as they
//! came.
//!
//! It must not know what a member means for a reply; that is the dialect's.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::wire::tolerant::tolerant;
use crate::wire::{List, Obj, Raw, Text, Whole};

/// A request's body.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// What was said.
    pub contents: Vec<RequestContent<'a>>,
    /// The system prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_instruction: Option<RequestContent<'a>>,
    /// What the model may call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<RequestTools<'a>>,
    /// The parameters; left out when none is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation_config: Option<GenerationConfig<'a>>,
}

/// One message.
#[derive(Debug, Default, Serialize)]
pub struct RequestContent<'a> {
    /// `user` or `model`; the system prompt has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// What is said.
    pub parts: Vec<RequestPart<'a>>,
}

/// One part of a message.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum RequestPart<'a> {
    /// A part of the model's own, as it came.
    Raw(Box<RawValue>),
    /// Text.
    Text {
        /// The text.
        text: Cow<'a, str>,
    },
    /// A picture, a document or a sound.
    Inline {
        /// The bytes.
        inline_data: InlineData<'a>,
    },
    /// The same, somewhere else.
    File {
        /// Where.
        file_data: FileData<'a>,
    },
    /// A call that the model made.
    Call {
        /// The call.
        function_call: CallPart<'a>,
        /// What stands for the signature that a call of another model does not have.
        #[serde(skip_serializing_if = "Option::is_none")]
        thought_signature: Option<&'static str>,
    },
    /// The answer to a call.
    Answer {
        /// The answer.
        function_response: AnswerPart<'a>,
    },
}

/// Bytes in a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InlineData<'a> {
    /// As in `image/png`.
    pub mime_type: &'a str,
    /// Base64.
    pub data: &'a str,
}

/// An address in a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileData<'a> {
    /// As in `image/png`.
    pub mime_type: &'a str,
    /// Where.
    pub file_uri: &'a str,
}

/// A call in a request.
#[derive(Debug, Serialize)]
pub struct CallPart<'a> {
    /// Its id, when the model gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// The tool.
    pub name: &'a str,
    /// The arguments, an object.
    pub args: Box<RawValue>,
}

/// The answer to a call.
#[derive(Debug, Serialize)]
pub struct AnswerPart<'a> {
    /// The id of the call, when the model gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// The tool.
    pub name: &'a str,
    /// What it gave.
    pub response: Output<'a>,
}

/// What a tool gave.
#[derive(Debug, Serialize)]
pub struct Output<'a> {
    /// The text.
    pub output: &'a str,
}

/// Tools of one kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestTools<'a> {
    /// Functions.
    pub function_declarations: Vec<Declaration<'a>>,
}

/// A function that the model may call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Declaration<'a> {
    /// What the model calls it.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// The schema of its arguments: all of JSON Schema, which `parameters` does not take.
    pub parameters_json_schema: Box<RawValue>,
}

/// The parameters.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerationConfig<'a> {
    /// Randomness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Sampling among the k likeliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// The most tokens of the reply, thinking included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// Texts that end the reply.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub stop_sequences: &'a [String],
    /// Seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Penalty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Penalty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// The form of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_mime_type: Option<&'static str>,
    /// The schema of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_json_schema: Option<Box<RawValue>>,
    /// Thinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_config: Option<ThinkingConfig>,
}

/// How to think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThinkingConfig {
    /// Whether the thinking is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_thoughts: Option<bool>,
    /// How many tokens it may take; 0 is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_budget: Option<u64>,
    /// How hard, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_level: Option<&'static str>,
}

tolerant!(
    /// One event of a stream, and equally a whole answer.
    Response {
        /// The replies, of which one is asked for.
        candidates: List<Candidate<'a>> = "candidates",
        /// What was found in the prompt.
        prompt_feedback: Obj<PromptFeedback<'a>> = "promptFeedback",
        /// The tokens so far.
        usage: Raw<'a> = "usageMetadata",
        /// The model that serves.
        model_version: Text<'a> = "modelVersion",
        /// The id of the reply.
        response_id: Text<'a> = "responseId",
        /// A failure.
        error: Raw<'a> = "error",
    }
);

tolerant!(
    /// One reply.
    Candidate {
        /// What is new in it.
        content: Obj<Content<'a>> = "content",
        /// Why it ended.
        finish_reason: Text<'a> = "finishReason",
        /// The same in words.
        finish_message: Text<'a> = "finishMessage",
        /// Which one.
        index: Whole = "index",
        /// What it quotes.
        citations: Obj<Citations<'a>> = "citationMetadata",
        /// What was found on the web.
        grounding: Obj<Grounding<'a>> = "groundingMetadata",
    }
);

tolerant!(
    /// What is new in a reply.
    Content {
        /// Its parts, a list.
        parts: Raw<'a> = "parts",
    }
);

tolerant!(
    /// One part of a reply.
    Part {
        /// Text.
        text: Text<'a> = "text",
        /// Whether the text is thinking.
        thought: Raw<'a> = "thought",
        /// What must come back with this part.
        signature: Raw<'a> = "thoughtSignature",
        /// A call.
        function_call: Obj<FunctionCall<'a>> = "functionCall",
        /// A picture or a sound.
        inline_data: Obj<Blob<'a>> = "inlineData",
        /// The same, somewhere else.
        file_data: Obj<Blob<'a>> = "fileData",
        /// A program that the provider ran.
        executable_code: Obj<Code<'a>> = "executableCode",
        /// What the program said.
        code_result: Obj<CodeResult<'a>> = "codeExecutionResult",
    }
);

tolerant!(
    /// A call.
    FunctionCall {
        /// Its id; may be missing.
        id: Text<'a> = "id",
        /// The tool.
        name: Text<'a> = "name",
        /// The arguments, an object; may be missing.
        args: Raw<'a> = "args",
    }
);

tolerant!(
    /// Bytes or an address.
    Blob {
        /// As in `image/png`.
        mime_type: Text<'a> = "mimeType",
        /// Base64.
        data: Text<'a> = "data",
        /// The address.
        uri: Text<'a> = "fileUri",
    }
);

tolerant!(
    /// A program.
    Code {
        /// Its language.
        language: Text<'a> = "language",
        /// The program.
        code: Text<'a> = "code",
    }
);

tolerant!(
    /// What a program said.
    CodeResult {
        /// How it ended.
        outcome: Text<'a> = "outcome",
        /// What it wrote.
        output: Text<'a> = "output",
    }
);

tolerant!(
    /// What was found in the prompt.
    PromptFeedback {
        /// Why nothing is answered.
        block_reason: Text<'a> = "blockReason",
        /// The same in words.
        message: Text<'a> = "blockReasonMessage",
    }
);

tolerant!(
    /// What a reply quotes.
    Citations {
        /// The sources.
        sources: List<Source<'a>> = "citationSources",
        /// The sources by their other name.
        citations: List<Source<'a>> = "citations",
    }
);

tolerant!(
    /// What was found on the web.
    Grounding {
        /// What was searched for, a list of texts.
        queries: Raw<'a> = "webSearchQueries",
        /// What was found.
        chunks: List<Chunk<'a>> = "groundingChunks",
    }
);

tolerant!(
    /// One thing that was found.
    Chunk {
        /// On the web.
        web: Obj<Source<'a>> = "web",
        /// In files of the user's.
        retrieved: Obj<Source<'a>> = "retrievedContext",
    }
);

tolerant!(
    /// A source.
    Source {
        /// Its address.
        uri: Text<'a> = "uri",
        /// Its title.
        title: Text<'a> = "title",
    }
);

tolerant!(
    /// Tokens so far. What is zero is left out.
    Usage {
        /// Input, with what was read from a cache.
        prompt: Whole = "promptTokenCount",
        /// The part of the input that was read from a cache.
        cached: Whole = "cachedContentTokenCount",
        /// Output without the thinking.
        candidates: Whole = "candidatesTokenCount",
        /// Thinking.
        thoughts: Whole = "thoughtsTokenCount",
        /// Input that the provider's tools made.
        tool_use: Whole = "toolUsePromptTokenCount",
        /// All of them.
        total: Whole = "totalTokenCount",
        /// Kinds of input.
        prompt_details: List<Modality<'a>> = "promptTokensDetails",
        /// Kinds of input from a cache.
        cache_details: List<Modality<'a>> = "cacheTokensDetails",
        /// Kinds of input of tools.
        tool_details: List<Modality<'a>> = "toolUsePromptTokensDetails",
        /// Kinds of output.
        candidates_details: List<Modality<'a>> = "candidatesTokensDetails",
        /// How the capacity is paid for.
        traffic_type: Text<'a> = "trafficType",
        /// The tier that served.
        service_tier: Text<'a> = "serviceTier",
    }
);

tolerant!(
    /// Tokens of one kind.
    Modality {
        /// Which kind: `TEXT`, `IMAGE`, `AUDIO`, `VIDEO`, `DOCUMENT`.
        modality: Text<'a> = "modality",
        /// How many.
        count: Whole = "tokenCount",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read() {
        let json = r#"{"candidates":[{"content":{"parts":[ {"text":"a","new":1} ]},"finishReason":7,"index":0}],"usageMetadata":{"promptTokenCount":9},"more":{}}"#;
        let event: Response<'_> = serde_json::from_str(json).expect("an object");
        let candidate = &event.candidates.items()[0];
        assert_eq!(
            candidate.content.get().and_then(|content| content.parts.get()),
            Some(r#"[ {"text":"a","new":1} ]"#)
        );
        assert!(candidate.finish_reason.get().is_none() && crate::wire::is_odd(&event));
        let usage: Usage<'_> = serde_json::from_str(event.usage.get().expect("usage")).expect("an object");
        assert_eq!(usage.prompt.get(), Some(9));
    }

    #[test]
    fn a_request_has_only_what_is_set() {
        let part = |text: &'static str| RequestPart::Text { text: text.into() };
        let raw = RawValue::from_string(r#"{"text":"","thoughtSignature":"QQ=="}"#.to_owned()).expect("JSON");
        let request = Request {
            contents: vec![RequestContent {
                role: Some("model"),
                parts: vec![part("hi"), RequestPart::Raw(raw)],
            }],
            ..Request::default()
        };
        assert_eq!(
            serde_json::to_string(&request).expect("JSON"),
            r#"{"contents":[{"role":"model","parts":[{"text":"hi"},{"text":"","thoughtSignature":"QQ=="}]}]}"#
        );
    }
}
