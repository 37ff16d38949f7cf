//! The conversation in Gemini's form: two roles that take turns, and parts that the model wants
//! back as it sent them.

use serde_json::value::RawValue;

use crate::chat::ChatRequest;
use crate::chat::MediaData;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Role;
use crate::chat::ToolCall;
use crate::provider::gemini::thinking;
use crate::provider::whole_calls::{answered, object, told_id};
use crate::wire::gemini::Part as ReplyPart;
use crate::wire::gemini::{AnswerPart, CallPart, FileData, InlineData, Output, RequestContent, RequestPart};

/// What Google documents for calls that another model made, which have no signature.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The system prompt and the conversation.
pub(super) fn contents(asked: &ChatRequest) -> (Option<RequestContent<'_>>, Vec<RequestContent<'_>>) {
    let mut system = Vec::new();
    let mut out: Vec<RequestContent<'_>> = Vec::new();
    for (at, message) in asked.messages.iter().enumerate() {
        let behind = asked.messages.get(at + 1..).unwrap_or_default();
        match message.role {
            Role::System => system.extend(plain(message)),
            Role::User => join(&mut out, "user", plain(message)),
            Role::Assistant => reply(asked, message, behind, &mut out),
            // Taken along with the calls that they answer.
            Role::Tool => {}
        }
    }
    let system = (!system.is_empty()).then_some(RequestContent { role: None, parts: system });
    (system, out)
}

/// Adds parts to the last message when it is of the same role. What answers calls stands alone.
fn join<'a>(out: &mut Vec<RequestContent<'a>>, role: &'static str, parts: Vec<RequestPart<'a>>) {
    if parts.is_empty() {
        return;
    }
    match out.last_mut() {
        Some(last) if last.role == Some(role) && !answers(last) => last.parts.extend(parts),
        _ => out.push(RequestContent { role: Some(role), parts }),
    }
}

fn answers(content: &RequestContent<'_>) -> bool {
    content.parts.iter().any(|part| matches!(part, RequestPart::Answer { .. }))
}

/// Text and media of a message.
fn plain(message: &Message) -> Vec<RequestPart<'_>> {
    message.parts.iter().filter_map(plain_part).collect()
}

fn plain_part(part: &Part) -> Option<RequestPart<'_>> {
    match part {
        Part::Text(text) => (!text.is_empty()).then(|| RequestPart::Text { text: text.into() }),
        Part::Media(media) => Some(match &media.data {
            MediaData::Base64(data) => {
                RequestPart::Inline { inline_data: InlineData { mime_type: &media.media_type, data } }
            }
            MediaData::Url(uri) => {
                RequestPart::File { file_data: FileData { mime_type: &media.media_type, file_uri: uri } }
            }
        }),
        Part::Opaque { .. } | Part::ToolCall(_) | Part::ToolResult { .. } => None,
    }
}

/// A reply and the answers to its calls.
fn reply<'a>(
    asked: &'a ChatRequest,
    message: &'a Message,
    behind: &'a [Message],
    out: &mut Vec<RequestContent<'a>>,
) {
    let answered = answered(message, behind);
    let parts = own(asked, message, answered.len()).unwrap_or_else(|| {
        let mut parts = plain(message);
        let signed = !thinking::takes_tokens(&asked.model.id);
        parts.extend(answered.iter().enumerate().map(|(at, (call, _))| RequestPart::Call {
            function_call: call_part(call),
            thought_signature: (signed && at == 0).then_some(NO_SIGNATURE),
        }));
        parts
    });
    join(out, "model", parts);
    if !answered.is_empty() {
        let parts = answered.iter().map(|(call, text)| answer(call, text)).collect();
        out.push(RequestContent { role: Some("user"), parts });
    }
}

/// The parts as the model itself sent them. `None` when another model made them, or when not all of
/// its calls were answered: no model takes such a turn back.
fn own<'a>(asked: &ChatRequest, message: &Message, answered: usize) -> Option<Vec<RequestPart<'a>>> {
    let mut parts: Vec<Box<RawValue>> = Vec::new();
    for part in &message.parts {
        if let Part::Opaque { model, json } = part {
            if !is_same(asked, model) {
                return None;
            }
            parts.extend(serde_json::from_str::<Vec<Box<RawValue>>>(json).ok()?);
        }
    }
    let is_call = |json: &str| {
        serde_json::from_str::<ReplyPart<'_>>(json).is_ok_and(|part| part.function_call.get().is_some())
    };
    let calls = parts.iter().filter(|part| is_call(part.get())).count();
    (!parts.is_empty() && calls == answered).then(|| parts.into_iter().map(RequestPart::Raw).collect())
}

/// Whether the state was made by the model that is asked: signatures are of one model.
fn is_same(asked: &ChatRequest, model: &str) -> bool {
    model == asked.model.id || model == asked.model.to_string()
}

fn call_part(call: &ToolCall) -> CallPart<'_> {
    CallPart { id: told_id(call), name: call.name.raw(), args: object(call.arguments.raw()) }
}

fn answer<'a>(call: &'a ToolCall, text: &'a str) -> RequestPart<'a> {
    let response = Output { output: text };
    RequestPart::Answer {
        function_response: AnswerPart { id: told_id(call), name: call.name.raw(), response },
    }
}
