//! OpenAI's chat completions: the request. What the user did not set is not sent, because every
//! server has its own defaults and refuses its own list of members. Models that are asked by the
//! Responses API go over to it in both halves, by the same rule.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::chat::Api;
use crate::chat::ChatRequest;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Format;
use crate::chat::Media;
use crate::chat::MediaData;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Role;
use crate::provider::Decoder;
use crate::provider::HttpParts;
use crate::provider::body;
use crate::provider::chat_stream::{Chat, Flavour};
use crate::provider::driver::Halves;
use crate::provider::error::Party;
use crate::provider::family;
use crate::provider::kept::Kept;
use crate::provider::lessons::learn_openai;
use crate::provider::members::with_members;
use crate::provider::responses;
use crate::provider::stream::Reader;
use crate::wire::chat_request::{
    Address, Audio, FileData, NamedSchema, Reasoning, Request, RequestCall, RequestContent, RequestFunction,
    RequestMessage, RequestPart, RequestTool, ResponseFormat, StreamOptions,
};

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
    let (params, mut notes) = family::fit(endpoint, asked);
    let fitted = ChatRequest { params, ..asked.clone() };
    let mut parts = match family::api(endpoint, &asked.model.id) {
        Api::Chat => parts(endpoint, &fitted, Form::OpenAi)?,
        Api::Responses => responses::parts(endpoint, &fitted)?,
    };
    notes.append(&mut parts.notes);
    parts.notes = notes;
    Ok(parts)
}

fn decoder(endpoint: &Endpoint, asked: &ChatRequest) -> Box<dyn Decoder> {
    match family::api(endpoint, &asked.model.id) {
        Api::Chat => {
            let flavour = Flavour { openrouter: false, quirks: endpoint.quirks };
            Box::new(Reader::new(Party::of(endpoint), Chat::new(flavour, !asked.tools.is_empty())))
        }
        Api::Responses => responses::decoder(endpoint),
    }
}

/// The request in one of the two forms.
///
/// # Errors
/// When further members of the body, as the config has them, are no JSON object.
pub(super) fn parts(endpoint: &Endpoint, asked: &ChatRequest, form: Form) -> Result<HttpParts, Fault> {
    let mut request = written(endpoint, asked, form)?;
    let mut extras: Vec<(Cow<'_, str>, &str)> = Vec::new();
    if let Some(own) = asked.params.openrouter.as_deref().filter(|_| form == Form::OpenRouter) {
        // Its tools stand beside ours.
        let (rest, tools) = body::without_list(own, "tools", "openrouter")?;
        request.tools.extend(tools.into_iter().map(RequestTool::Server));
        extras.push((Cow::Owned(rest), "openrouter"));
    }
    let further = [&endpoint.extra_body, &asked.params.extra_body].into_iter().flatten();
    extras.extend(further.map(|extra| (Cow::Borrowed(extra.as_str()), "extra_body")));
    let mut body = to_text(&request, asked)?;
    for (extra, setting) in extras {
        body = with_members(&body, &extra, setting)?;
    }
    let mut notes = Vec::new();
    if form == Form::OpenAi && asked.params.thinking_tokens.is_some() {
        notes.push(format!("{} is not told thinking_tokens: its format has only effort", asked.model));
    }
    if form == Form::OpenRouter && asked.params.thinking_tokens.and(asked.params.effort).is_some() {
        notes.push(format!("{} takes effort or thinking_tokens; effort was left out", asked.model));
    }
    Ok(HttpParts {
        path: "/chat/completions".to_owned(),
        headers: Vec::new(),
        body,
        auth: ("authorization", "Bearer "),
        notes,
    })
}

/// A body as JSON text; `asked` tells about how long that is.
pub(super) fn to_text(request: &impl serde::Serialize, asked: &ChatRequest) -> Result<String, Fault> {
    let text = |part: &Part| if let Part::Text(text) = part { text.len() } else { 0 };
    let said: usize = asked.messages.iter().flat_map(|message| &message.parts).map(text).sum();
    let mut body = Vec::with_capacity(said + said / 8 + 1024);
    let written = serde_json::to_writer(&mut body, request).map_err(|error| error.to_string());
    written.and_then(|()| String::from_utf8(body).map_err(|error| error.to_string())).map_err(|error| {
        Fault::new(FaultClass::Internal, format!("The request cannot be written: {error}.")).unsent()
    })
}

fn written<'a>(endpoint: &Endpoint, asked: &'a ChatRequest, form: Form) -> Result<Request<'a>, Fault> {
    let (params, quirks) = (&asked.params, endpoint.quirks);
    let effort = params.effort.map(|effort| effort.name());
    let openai = form == Form::OpenAi;
    let new_name = openai && quirks.max_completion_tokens;
    let tell_usage = openai && quirks.stream_options;
    // One of the two ways to say how hard; the number is the more exact one.
    let thinks = params.thinking_tokens.is_some() || effort.is_some();
    let reasoning = Reasoning {
        effort: effort.filter(|_| params.thinking_tokens.is_none()),
        max_tokens: params.thinking_tokens,
    };
    Ok(Request {
        model: Cow::Owned(asked.model.wire_id()),
        messages: messages(endpoint, asked, form),
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
        reasoning: (thinks && !openai).then_some(reasoning),
        verbosity: params.verbosity.map(|verbosity| verbosity.name()),
        response_format: params.format.as_ref().map(response_format).transpose()?,
        tools: asked.tools.iter().map(function).collect(),
    })
}

fn response_format(format: &Format) -> Result<ResponseFormat, Fault> {
    Ok(match format {
        Format::Json => ResponseFormat::JsonObject,
        Format::Schema(text) => {
            let (name, schema) = body::named_schema(text)?;
            ResponseFormat::JsonSchema { json_schema: NamedSchema { name, schema } }
        }
    })
}

fn function(tool: &crate::chat::Tool) -> RequestTool<'_> {
    let parameters = body::raw(&tool.schema);
    let function = RequestFunction { name: &tool.name, description: &tool.description, parameters };
    RequestTool::Function { r#type: "function", function }
}

/// How the messages of one request are written.
struct Way<'a> {
    asked: &'a ChatRequest,
    form: Form,
    /// The role of instructions.
    system: &'static str,
    short_ids: bool,
}

fn messages<'a>(endpoint: &Endpoint, asked: &'a ChatRequest, form: Form) -> Vec<RequestMessage<'a>> {
    let quirks = endpoint.quirks;
    let develops = quirks.developer_role && family::reasons(&asked.model.id);
    let way = Way {
        asked,
        form,
        system: if develops { "developer" } else { "system" },
        short_ids: quirks.short_call_ids,
    };
    let mut out = Vec::with_capacity(asked.messages.len());
    // Behind the last words of the user the model is still at work with its tools.
    let asked_last = asked.messages.iter().rposition(|message| message.role == Role::User);
    for (at, message) in asked.messages.iter().enumerate() {
        let results = message.parts.iter().filter_map(|part| match part {
            Part::ToolResult { call_id, text } => Some(RequestMessage {
                role: "tool",
                content: Some(RequestContent::Text(Cow::Borrowed(text))),
                tool_call_id: Some(body::call_id(call_id, way.short_ids)),
                ..RequestMessage::default()
            }),
            _ => None,
        });
        let before = out.len();
        out.extend(results);
        if out.len() == before {
            let mut written = way.message(message);
            if asked_last.is_some_and(|last| at < last) {
                // Servers want it while the calls go on, and some refuse it afterwards.
                written.reasoning_content = None;
            }
            out.push(written);
        }
    }
    out
}

impl<'a> Way<'a> {
    fn message(&self, message: &'a Message) -> RequestMessage<'a> {
        let mut out = RequestMessage { role: self.role(message.role), ..RequestMessage::default() };
        let mut kept = self.kept(message);
        let calls = message.parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
        out.reasoning_content = kept.reasoning_content.take().filter(|_| calls);
        for part in &message.parts {
            match part {
                Part::Text(text) => add_text(&mut out.content, text),
                Part::Media(media) => add_part(&mut out.content, self.medium(media)),
                Part::ToolCall(call) => out.tool_calls.push(RequestCall {
                    id: body::call_id(&call.id, self.short_ids),
                    name: call.name.raw(),
                    arguments: call.arguments.raw(),
                    extra_content: kept.extra_content.get(&call.id).copied(),
                }),
                Part::Opaque { model, json } if self.form == Form::OpenRouter && self.made_by(model) => {
                    // A list; what another format of the same model gave is something else.
                    let details = RawValue::from_string(json.clone()).ok();
                    out.reasoning_details = details.filter(|details| details.get().starts_with('['));
                }
                Part::Opaque { .. } | Part::ToolResult { .. } => {}
            }
        }
        if out.content.is_none() && out.tool_calls.is_empty() {
            out.content = Some(RequestContent::Text(Cow::Borrowed("")));
        }
        out
    }

    /// The state of a reply of the same model at a server that is not OpenRouter.
    fn kept(&self, message: &'a Message) -> Kept<'a> {
        let own = |part: &'a Part| match part {
            Part::Opaque { model, json } if self.form == Form::OpenAi && self.made_by(model) => Some(json),
            _ => None,
        };
        message.parts.iter().find_map(own).map(|json| Kept::read(json)).unwrap_or_default()
    }

    fn medium(&self, media: &'a Media) -> RequestPart<'a> {
        let kind = media.media_type.split('/').next().unwrap_or_default();
        match (kind, &media.data) {
            ("image", _) => RequestPart::ImageUrl { image_url: Address { url: body::address(media) } },
            ("video", _) => RequestPart::VideoUrl { video_url: Address { url: body::address(media) } },
            ("audio", MediaData::Base64(data)) => RequestPart::InputAudio {
                input_audio: Audio { data, format: body::audio_format(&media.media_type) },
            },
            _ => RequestPart::File {
                file: FileData { filename: body::name(media), file_data: body::address(media) },
            },
        }
    }

    fn made_by(&self, model: &str) -> bool {
        made_by(self.asked, model)
    }

    fn role(&self, role: Role) -> &'static str {
        match role {
            Role::System => self.system,
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}

/// Opaque state goes back to the very model that made it: another one refuses it.
pub(super) fn made_by(asked: &ChatRequest, model: &str) -> bool {
    model == asked.model.id || model == asked.model.wire_id() || model == asked.model.to_string()
}

fn add_text<'a>(content: &mut Option<RequestContent<'a>>, text: &'a str) {
    match content {
        Some(RequestContent::Text(before)) => before.to_mut().push_str(text),
        Some(RequestContent::Parts(parts)) => parts.push(RequestPart::Text { text: Cow::Borrowed(text) }),
        None => *content = Some(RequestContent::Text(Cow::Borrowed(text))),
    }
}

/// Adds a part that is no text, so that the content becomes a list.
fn add_part<'a>(content: &mut Option<RequestContent<'a>>, part: RequestPart<'a>) {
    let mut parts = match content.take() {
        Some(RequestContent::Parts(parts)) => parts,
        Some(RequestContent::Text(text)) if text.is_empty() => Vec::new(),
        Some(RequestContent::Text(text)) => vec![RequestPart::Text { text }],
        None => Vec::new(),
    };
    parts.push(part);
    *content = Some(RequestContent::Parts(parts));
}

#[cfg(test)]
#[path = "openai_tests.rs"]
pub(super) mod tests;
