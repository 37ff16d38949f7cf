//! OpenAI's chat completions: the request. What the user did not set is not sent, because every
//! server has its own defaults and refuses its own list of members.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::chat::ChatRequest;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Role;
use crate::provider::Decoder;
use crate::provider::HttpParts;
use crate::provider::chat_stream::{ChatDecoder, Flavour};
use crate::provider::driver::Halves;
use crate::provider::error::Party;
use crate::provider::lessons::learn_openai;
use crate::provider::members::with_members;
use crate::wire::openai::{Reasoning, Request, RequestCall, RequestMessage, StreamOptions};

/// The dialect.
pub(super) static HALVES: Halves = Halves { request, decoder, learn: learn_openai };

/// Whose form of the schema is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// OpenAI's own.
    OpenAi,
    /// OpenRouter's.
    OpenRouter,
}

fn request(endpoint: &Endpoint, asked: &ChatRequest) -> Result<HttpParts, Fault> {
    parts(endpoint, asked, Form::OpenAi)
}

fn decoder(endpoint: &Endpoint, _asked: &ChatRequest) -> Box<dyn Decoder> {
    Box::new(ChatDecoder::new(Party::of(endpoint), Flavour { openrouter: false, quirks: endpoint.quirks }))
}

/// The request in one of the two forms.
///
/// # Errors
/// When further members of the body, as the config has them, are no JSON object.
pub(super) fn parts(endpoint: &Endpoint, asked: &ChatRequest, form: Form) -> Result<HttpParts, Fault> {
    let request = body(endpoint, asked, form);
    let mut body = serde_json::to_string(&request).map_err(|error| {
        Fault::new(FaultClass::Internal, format!("The request cannot be written: {error}.")).unsent()
    })?;
    for extra in [&endpoint.extra_body, &asked.params.extra_body].into_iter().flatten() {
        body = with_members(&body, extra)?;
    }
    Ok(HttpParts {
        path: "/chat/completions".to_owned(),
        headers: Vec::new(),
        body,
        auth: ("authorization", "Bearer "),
        notes: Vec::new(),
    })
}

fn body<'a>(endpoint: &Endpoint, asked: &'a ChatRequest, form: Form) -> Request<'a> {
    let (params, quirks) = (&asked.params, endpoint.quirks);
    let effort = params.effort.map(|effort| effort.name());
    let openai = form == Form::OpenAi;
    let new_name = openai && quirks.max_completion_tokens;
    let tell_usage = openai && quirks.stream_options;
    Request {
        model: Cow::Owned(asked.model.wire_id()),
        messages: messages(asked, form),
        stream: true,
        stream_options: tell_usage.then_some(StreamOptions { include_usage: true }),
        temperature: params.temperature,
        top_p: params.top_p,
        top_k: params.top_k,
        max_tokens: params.max_tokens.filter(|_| !new_name),
        max_completion_tokens: params.max_tokens.filter(|_| new_name),
        stop: &params.stop,
        seed: params.seed,
        frequency_penalty: params.frequency_penalty,
        presence_penalty: params.presence_penalty,
        reasoning_effort: effort.filter(|_| openai),
        reasoning: effort.filter(|_| !openai).map(|effort| Reasoning { effort }),
    }
}

fn messages(asked: &ChatRequest, form: Form) -> Vec<RequestMessage<'_>> {
    let mut out = Vec::with_capacity(asked.messages.len());
    for message in &asked.messages {
        let results = message.parts.iter().filter_map(|part| match part {
            Part::ToolResult { call_id, text } => Some(RequestMessage {
                role: "tool",
                content: Some(Cow::Borrowed(text)),
                tool_call_id: Some(call_id),
                ..RequestMessage::default()
            }),
            _ => None,
        });
        let before = out.len();
        out.extend(results);
        if out.len() == before {
            out.push(message_of(asked, message, form));
        }
    }
    out
}

fn message_of<'a>(asked: &ChatRequest, message: &'a Message, form: Form) -> RequestMessage<'a> {
    let mut out = RequestMessage { role: role(message.role), ..RequestMessage::default() };
    for part in &message.parts {
        match part {
            Part::Text(text) => match &mut out.content {
                Some(content) => content.to_mut().push_str(text),
                None => out.content = Some(Cow::Borrowed(text)),
            },
            Part::ToolCall(call) => out.tool_calls.push(RequestCall {
                id: &call.id,
                name: call.name.raw(),
                arguments: call.arguments.raw(),
            }),
            Part::Opaque { model, json } if form == Form::OpenRouter && made_by(asked, model) => {
                out.reasoning_details = RawValue::from_string(json.clone()).ok();
            }
            Part::Opaque { .. } | Part::ToolResult { .. } | Part::Media(_) => {}
        }
    }
    if out.content.is_none() && out.tool_calls.is_empty() {
        out.content = Some(Cow::Borrowed(""));
    }
    out
}

/// Opaque state goes back to the very model that made it: another one refuses it.
fn made_by(asked: &ChatRequest, model: &str) -> bool {
    model == asked.model.id || model == asked.model.wire_id() || model == asked.model.to_string()
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

#[cfg(test)]
#[path = "openai_tests.rs"]
pub(super) mod tests;
