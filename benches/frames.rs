//! A thousand pieces of a reply in every wire format: the JSON alone, and as it stands on the wire.

use salon::internals::{Abilities, Api, ChatRequest, Decoder, Dialect, Endpoint, ModelRef, Params, decoder};

/// How many pieces there are.
pub const PIECES: usize = 1000;

/// A wire format.
pub struct Format {
    /// What it is called in the tables.
    pub name: &'static str,
    /// Who speaks it.
    pub dialect: Dialect,
    /// It is OpenAI's newer form.
    pub responses: bool,
    /// The payload of one piece of text; `n` counts them.
    payload: fn(n: usize, text: &str) -> serde_json::Value,
    /// What stands around a payload.
    frame: fn(&str) -> String,
}

impl Format {
    /// The payloads.
    pub fn payloads(&self) -> Vec<String> {
        (0..PIECES).map(|n| (self.payload)(n, &format!(" w{}", n % 100)).to_string()).collect()
    }

    /// A reader of it.
    pub fn decoder(&self) -> Box<dyn Decoder> {
        let mut endpoint = Endpoint::new("one", self.dialect, "");
        endpoint.quirks.api = self.responses.then_some(Api::Responses);
        let asked = ChatRequest {
            model: ModelRef::new("one", "one"),
            messages: Vec::new().into(),
            params: Params::default(),
            tools: Vec::new(),
            abilities: Abilities::default(),
        };
        decoder(&endpoint, &asked)
    }

    /// The same as on the wire.
    pub fn frames(&self) -> Vec<String> {
        self.payloads().iter().map(|payload| (self.frame)(payload)).collect()
    }
}

/// All of them.
pub const FORMATS: &[Format] = &[
    Format {
        name: "openai",
        dialect: Dialect::OpenAi,
        responses: false,
        payload: |_, text| {
            serde_json::json!({
                "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_312_000, "model": "one",
                "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }],
            })
        },
        frame: |payload| format!("data: {payload}\n\n"),
    },
    Format {
        name: "openai responses",
        dialect: Dialect::OpenAi,
        responses: true,
        payload: |n, text| {
            serde_json::json!({
                "type": "response.output_text.delta", "sequence_number": n, "item_id": "msg_1", "output_index": 0,
                "content_index": 0, "delta": text, "logprobs": [],
            })
        },
        frame: |payload| format!("event: response.output_text.delta\ndata: {payload}\n\n"),
    },
    Format {
        name: "openrouter",
        dialect: Dialect::OpenRouter,
        responses: false,
        payload: |_, text| {
            serde_json::json!({
                "id": "gen-1", "provider": "Somebody", "model": "a/one", "object": "chat.completion.chunk",
                "created": 1_767_312_000,
                "choices": [{ "index": 0, "delta": { "role": "assistant", "content": text },
                              "finish_reason": null, "native_finish_reason": null, "logprobs": null }],
            })
        },
        frame: |payload| format!("data: {payload}\n\n"),
    },
    Format {
        name: "anthropic",
        dialect: Dialect::Anthropic,
        responses: false,
        payload: |n, text| match n {
            0 => serde_json::json!({
                "type": "message_start",
                "message": { "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "one",
                             "stop_reason": null, "usage": { "input_tokens": 9, "output_tokens": 1 } },
            }),
            1 => serde_json::json!({
                "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" },
            }),
            _ => serde_json::json!({
                "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text },
            }),
        },
        frame: |payload| format!("event: content_block_delta\ndata: {payload}\n\n"),
    },
    Format {
        name: "gemini",
        dialect: Dialect::Gemini,
        responses: false,
        payload: |n, text| {
            serde_json::json!({
                "candidates": [{ "content": { "parts": [{ "text": text }], "role": "model" }, "index": 0 }],
                "usageMetadata": { "promptTokenCount": 9, "candidatesTokenCount": n, "totalTokenCount": n + 9 },
                "modelVersion": "one", "responseId": "r1",
            })
        },
        frame: |payload| format!("data: {payload}\r\n\r\n"),
    },
    Format {
        name: "ollama",
        dialect: Dialect::Ollama,
        responses: false,
        payload: |_, text| {
            serde_json::json!({
                "model": "one", "created_at": "2026-11-22T10:00:00.123456789Z",
                "message": { "role": "assistant", "content": text }, "done": false,
            })
        },
        frame: |payload| format!("{payload}\n"),
    },
];
