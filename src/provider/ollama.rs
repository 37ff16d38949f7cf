//! Ollama in its own format: the request. What the user did not set is not sent, but for one thing:
//! a conversation that does not fit is to be refused, not silently cut.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::chat::ChatRequest;
use crate::chat::Effort;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Format;
use crate::chat::Media;
use crate::chat::MediaData;
use crate::chat::Message;
use crate::chat::Params;
use crate::chat::Part;
use crate::chat::Role;
use crate::chat::Tool;
use crate::provider::Decoder;
use crate::provider::HttpParts;
use crate::provider::driver::Halves;
use crate::provider::error::Party;
use crate::provider::lessons::learn_params;
use crate::provider::nested::with_nested;
use crate::provider::stream::Reader;
use crate::provider::whole_calls;
use crate::provider::whole_calls::{answered, object, told_id};
use crate::wire::ollama::ToolFunction;
use crate::wire::ollama::{CallFunction, Options, Request, RequestCall, RequestMessage, RequestTool, Think};

mod stream;

/// The dialect.
pub(super) static HALVES: Halves =
    Halves { request, decoder, learn: |fault, sent, _, lessons| learn_params(fault, sent, lessons) };

fn decoder(endpoint: &Endpoint, asked: &ChatRequest) -> Box<dyn Decoder> {
    Box::new(Reader::new(Party::of(endpoint), stream::Ollama::new(endpoint.quirks, !asked.tools.is_empty())))
}

fn request(endpoint: &Endpoint, asked: &ChatRequest) -> Result<HttpParts, Fault> {
    let mut notes = Vec::new();
    let params = &asked.params;
    for (what, set) in [
        ("verbosity", params.verbosity.is_some()),
        ("number of thinking tokens", params.thinking_tokens.is_some()),
    ] {
        if set {
            notes.push(format!("Ollama has no {what}: it was not sent."));
        }
    }
    let request = Request {
        model: Cow::Owned(asked.model.wire_id()),
        messages: messages(asked)?,
        stream: true,
        think: params.effort.map(|effort| think(&asked.model.id, effort, &mut notes)),
        format: format(params)?,
        tools: asked.tools.iter().map(tool).collect::<Result<_, Fault>>()?,
        options: options(params),
        truncate: false,
        shift: false,
    };
    let mut body = serde_json::to_string(&request).map_err(|error| {
        Fault::new(FaultClass::Internal, format!("The request cannot be written: {error}.")).unsent()
    })?;
    for extra in [&endpoint.extra_body, &params.extra_body].into_iter().flatten() {
        body = with_nested(&body, extra, "options")?;
    }
    let path = "/api/chat".to_owned();
    Ok(HttpParts { path, headers: Vec::new(), body, auth: ("authorization", "Bearer "), notes })
}

/// Whether and how hard to think. gpt-oss knows three levels and never stops.
fn think(id: &str, effort: Effort, notes: &mut Vec<String>) -> Think {
    let always = id.rsplit('/').next().unwrap_or(id).starts_with("gpt-oss");
    let level = match effort {
        Effort::None if !always => return Think::Switch(false),
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::Xhigh => "high",
        Effort::Max => {
            if always {
                "high"
            } else {
                "max"
            }
        }
    };
    if effort == Effort::None {
        notes.push(format!("{id} cannot stop thinking: the effort is \"{level}\", its least."));
    } else if level != effort.name() {
        notes.push(format!("{id} knows no effort \"{}\": it is \"{level}\".", effort.name()));
    }
    Think::Level(level)
}

fn format(params: &Params) -> Result<Option<Box<RawValue>>, Fault> {
    match &params.format {
        None => Ok(None),
        Some(Format::Json) => whole_calls::schema("\"json\"", "the answer").map(Some),
        Some(Format::Schema(text)) => whole_calls::schema(text, "the answer").map(Some),
    }
}

fn tool(tool: &Tool) -> Result<RequestTool<'_>, Fault> {
    let parameters = whole_calls::schema(&tool.schema, &tool.name)?;
    let function = ToolFunction { name: &tool.name, description: &tool.description, parameters };
    Ok(RequestTool { r#type: "function", function })
}

fn options(params: &Params) -> Option<Options<'_>> {
    let any = !params.stop.is_empty()
        || params.temperature.is_some()
        || params.top_p.is_some()
        || params.top_k.is_some()
        || params.max_tokens.is_some()
        || params.seed.is_some()
        || params.frequency_penalty.is_some()
        || params.presence_penalty.is_some();
    any.then_some(Options {
        temperature: params.temperature,
        top_p: params.top_p,
        top_k: params.top_k,
        num_predict: params.max_tokens,
        stop: &params.stop,
        seed: params.seed,
        frequency_penalty: params.frequency_penalty,
        presence_penalty: params.presence_penalty,
    })
}

fn messages(asked: &ChatRequest) -> Result<Vec<RequestMessage<'_>>, Fault> {
    let mut out = Vec::with_capacity(asked.messages.len());
    for (at, message) in asked.messages.iter().enumerate() {
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            // Taken along with the calls that they answer.
            Role::Tool => continue,
        };
        let behind = asked.messages.get(at + 1..).unwrap_or_default();
        let answered = answered(message, behind);
        let mut one = RequestMessage { role, content: text(message), ..RequestMessage::default() };
        for part in &message.parts {
            match part {
                Part::Media(media) => one.images.push(image(media)?),
                Part::Opaque { model, json } if !answered.is_empty() && is_same(asked, model) => {
                    one.thinking = stream::thinking_of(json);
                }
                Part::Text(_) | Part::Opaque { .. } | Part::ToolCall(_) | Part::ToolResult { .. } => {}
            }
        }
        one.tool_calls.extend(answered.iter().map(|(call, _)| {
            let arguments = object(call.arguments.raw());
            RequestCall { id: told_id(call), function: CallFunction { name: call.name.raw(), arguments } }
        }));
        if role == "assistant" && one.content.is_empty() && one.tool_calls.is_empty() {
            continue;
        }
        out.push(one);
        out.extend(answered.into_iter().map(|(call, text)| RequestMessage {
            role: "tool",
            content: text.into(),
            tool_name: Some(call.name.raw()),
            tool_call_id: told_id(call),
            ..RequestMessage::default()
        }));
    }
    Ok(out)
}

fn text(message: &Message) -> Cow<'_, str> {
    let mut out = Cow::Borrowed("");
    for part in &message.parts {
        if let Part::Text(text) = part {
            if out.is_empty() {
                out = Cow::Borrowed(text);
            } else {
                out.to_mut().push_str(text);
            }
        }
    }
    out
}

/// A picture in base64, the only medium that there is a place for.
fn image(media: &Media) -> Result<&str, Fault> {
    let name = media.name.as_deref().unwrap_or("A file");
    let refuse =
        |words: String, hint: &str| Err(Fault::new(FaultClass::BadRequest, words).hint(hint).unsent());
    match &media.data {
        _ if !media.media_type.starts_with("image/") => refuse(
            format!("{name} is {}; Ollama takes pictures only.", media.media_type),
            "Send the text of the file, or ask another provider.",
        ),
        MediaData::Base64(data) => Ok(data),
        MediaData::Url(_) => refuse(
            format!("{name} is an address; Ollama fetches no pictures from the network."),
            "Fetch the picture, and attach the file.",
        ),
    }
}

/// Whether the state was made by the model that is asked.
fn is_same(asked: &ChatRequest, model: &str) -> bool {
    model == asked.model.id || model == asked.model.to_string()
}

#[cfg(test)]
#[path = "ollama_tests.rs"]
mod tests;
