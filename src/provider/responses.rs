//! OpenAI's Responses API: the request. Nothing is kept at the server, so that the state of the
//! thinking travels with the conversation, encrypted, and goes back in the order in which it came,
//! to the model that made it.

mod decoder;

use serde_json::value::RawValue;

use crate::chat::ChatRequest;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::Format;
use crate::chat::Media;
use crate::chat::MediaData;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Role;
use crate::provider::Decoder;
use crate::provider::HttpParts;
use crate::provider::body;
use crate::provider::error::Party;
use crate::provider::family;
use crate::provider::members::with_members;
use crate::provider::openai::made_by;
use crate::provider::openai::to_text;
use crate::provider::stream::Reader;
use crate::wire::responses;
use crate::wire::responses::{Call, Item, Reasoning, Request, TextOptions, Tool};

/// What is asked for besides, so that thinking can go on in the next request.
const INCLUDE: &[&str] = &["reasoning.encrypted_content"];

/// The reader of an answer.
pub(super) fn decoder(endpoint: &Endpoint) -> Box<dyn Decoder> {
    Box::new(Reader::new(Party::of(endpoint), decoder::Responses::default()))
}

/// The request.
///
/// # Errors
/// When further members of the body, as the config has them, are no JSON object.
pub(super) fn parts(endpoint: &Endpoint, asked: &ChatRequest) -> Result<HttpParts, Fault> {
    let mut body = to_text(&written(endpoint, asked)?, asked)?;
    for extra in [&endpoint.extra_body, &asked.params.extra_body].into_iter().flatten() {
        body = with_members(&body, extra, "extra_body")?;
    }
    let params = &asked.params;
    let unknown = [
        ("top_k", params.top_k.is_some()),
        ("stop", !params.stop.is_empty()),
        ("seed", params.seed.is_some()),
        ("frequency_penalty", params.frequency_penalty.is_some()),
        ("presence_penalty", params.presence_penalty.is_some()),
        ("thinking_tokens", params.thinking_tokens.is_some()),
    ];
    let left = unknown.iter().filter(|(_, is_set)| *is_set);
    let notes =
        left.map(|(name, _)| format!("the Responses API has no {name}; {} was not told it", asked.model));
    Ok(HttpParts {
        path: "/responses".to_owned(),
        headers: Vec::new(),
        body,
        auth: ("authorization", "Bearer "),
        notes: notes.collect(),
    })
}

fn written<'a>(endpoint: &Endpoint, asked: &'a ChatRequest) -> Result<Request<'a>, Fault> {
    let params = &asked.params;
    let instructions: Vec<String> = asked
        .messages
        .iter()
        .filter(|message| message.role == Role::System)
        .map(Message::joined_text)
        .collect();
    let mut input = Vec::with_capacity(asked.messages.len());
    for message in asked.messages.iter().filter(|message| message.role != Role::System) {
        add_items(&mut input, asked, message);
    }
    let format = params.format.as_ref().map(text_format).transpose()?;
    let verbosity = params.verbosity.map(|verbosity| verbosity.name());
    let with_text = format.is_some() || verbosity.is_some();
    // OpenAI refuses the wish where there is no thinking.
    let stateful = !endpoint.quirks.openai || family::reasons(&asked.model.id);
    let summary = endpoint.quirks.summaries.then_some("auto");
    Ok(Request {
        model: asked.model.wire_id().into(),
        instructions: (!instructions.is_empty()).then(|| instructions.join("\n\n")),
        input,
        stream: true,
        store: false,
        include: if stateful { INCLUDE } else { &[] },
        temperature: params.temperature,
        top_p: params.top_p,
        max_output_tokens: params.max_tokens,
        reasoning: params.effort.map(|effort| Reasoning { effort: effort.name(), summary }),
        text: with_text.then_some(TextOptions { format, verbosity }),
        tools: asked.tools.iter().map(tool).collect(),
    })
}

fn text_format(format: &Format) -> Result<responses::Format, Fault> {
    Ok(match format {
        Format::Json => responses::Format::JsonObject,
        Format::Schema(text) => {
            let (name, schema) = body::named_schema(text)?;
            responses::Format::JsonSchema { name, schema }
        }
    })
}

fn tool(tool: &crate::chat::Tool) -> Tool<'_> {
    Tool {
        r#type: "function",
        name: &tool.name,
        description: &tool.description,
        parameters: body::raw(&tool.schema),
    }
}

/// Adds the items of a message in their order; neighbouring texts and media are one message.
fn add_items<'a>(input: &mut Vec<Item<'a>>, asked: &ChatRequest, message: &'a Message) {
    let role = if message.role == Role::Assistant { "assistant" } else { "user" };
    let mut content = Vec::new();
    let flush = |content: &mut Vec<_>, input: &mut Vec<Item<'a>>| {
        if !content.is_empty() {
            input.push(Item::Message { role, content: std::mem::take(content) });
        }
    };
    for part in &message.parts {
        match part {
            Part::Text(text) if role == "assistant" => content.push(responses::Part::OutputText { text }),
            Part::Text(text) => content.push(responses::Part::InputText { text }),
            Part::Media(media) => content.push(medium(media)),
            other => {
                flush(&mut content, input);
                input.extend(item(asked, other));
            }
        }
    }
    flush(&mut content, input);
}

fn item<'a>(asked: &ChatRequest, part: &'a Part) -> Option<Item<'a>> {
    match part {
        Part::Opaque { model, json } if made_by(asked, model) => {
            // An item; what another format of the same model gave is something else.
            let item = RawValue::from_string(json.clone()).ok();
            item.filter(|item| item.get().starts_with('{')).map(Item::Opaque)
        }
        Part::ToolCall(call) => Some(Item::Call(Call::FunctionCall {
            call_id: &call.id,
            name: call.name.raw(),
            arguments: call.arguments.raw(),
        })),
        Part::ToolResult { call_id, text } => {
            Some(Item::Call(Call::FunctionCallOutput { call_id, output: text }))
        }
        _ => None,
    }
}

fn medium(media: &Media) -> responses::Part<'_> {
    if media.media_type.starts_with("image/") {
        return responses::Part::InputImage { image_url: body::address(media) };
    }
    match &media.data {
        MediaData::Url(url) => {
            responses::Part::InputFile { filename: None, file_data: None, file_url: Some(url) }
        }
        MediaData::Base64(_) => responses::Part::InputFile {
            filename: Some(body::name(media)),
            file_data: Some(body::address(media)),
            file_url: None,
        },
    }
}

#[cfg(test)]
#[path = "responses_tests.rs"]
mod tests;
