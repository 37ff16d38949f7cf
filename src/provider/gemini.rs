//! Google's Gemini in its own format: the request. What the user did not set is not sent, and what
//! the format has no place for becomes a sentence.

use serde_json::value::RawValue;

use crate::chat::ChatRequest;
use crate::chat::Effort;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Format;
use crate::chat::Params;
use crate::provider::Decoder;
use crate::provider::HttpParts;
use crate::provider::driver::Halves;
use crate::provider::error::Party;
use crate::provider::lessons::learn_params;
use crate::provider::nested::with_nested;
use crate::provider::stream::Reader;
use crate::provider::whole_calls;
use crate::wire::gemini::{Declaration, GenerationConfig, Request, RequestTools};

mod history;
mod parts;
mod replay;
mod stream;
mod thinking;
mod usage;

/// The dialect.
pub(super) static HALVES: Halves =
    Halves { request, decoder, learn: |fault, sent, _, lessons| learn_params(fault, sent, lessons) };

fn decoder(endpoint: &Endpoint, _asked: &ChatRequest) -> Box<dyn Decoder> {
    Box::new(Reader::new(Party::of(endpoint), stream::Gemini::default()))
}

fn request(endpoint: &Endpoint, asked: &ChatRequest) -> Result<HttpParts, Fault> {
    let id = asked.model.wire_id();
    let mut notes = Vec::new();
    let (system_instruction, contents) = history::contents(asked);
    let request = Request {
        contents,
        system_instruction,
        tools: tools(asked)?,
        generation_config: config(&id, &asked.params, &mut notes)?,
    };
    let mut body = serde_json::to_string(&request).map_err(|error| {
        Fault::new(FaultClass::Internal, format!("The request cannot be written: {error}.")).unsent()
    })?;
    for extra in [&endpoint.extra_body, &asked.params.extra_body].into_iter().flatten() {
        body = with_nested(&body, extra, "generationConfig")?;
    }
    let path = path(&id);
    Ok(HttpParts { path, headers: Vec::new(), body, auth: ("x-goog-api-key", ""), notes })
}

/// The path of a model. An id may name its folder itself; all else of it is one step of the path.
fn path(id: &str) -> String {
    let (folder, name) = match id.split_once('/') {
        Some((folder @ ("models" | "tunedModels"), name)) => (folder, name),
        _ => ("models", id),
    };
    let mut out = format!("/{folder}/");
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out.push_str(":streamGenerateContent?alt=sse");
    out
}

fn tools(asked: &ChatRequest) -> Result<Vec<RequestTools<'_>>, Fault> {
    let declarations = asked.tools.iter().map(|tool| {
        let parameters_json_schema = whole_calls::schema(&tool.schema, &tool.name)?;
        Ok(Declaration { name: &tool.name, description: &tool.description, parameters_json_schema })
    });
    let function_declarations: Vec<_> = declarations.collect::<Result<_, Fault>>()?;
    Ok(if function_declarations.is_empty() {
        Vec::new()
    } else {
        vec![RequestTools { function_declarations }]
    })
}

fn config<'a>(
    id: &str,
    params: &'a Params,
    notes: &mut Vec<String>,
) -> Result<Option<GenerationConfig<'a>>, Fault> {
    if let Some(verbosity) = params.verbosity {
        notes.push(unsaid("verbosity", verbosity));
    }
    let thinking_config = thinking::config(id, params, notes);
    let response_json_schema: Option<Box<RawValue>> = match &params.format {
        Some(Format::Schema(text)) => Some(whole_calls::schema(text, "the answer")?),
        Some(Format::Json) | None => None,
    };
    let any = thinking_config.is_some()
        || *params
            != Params {
                effort: params.effort,
                thinking_tokens: params.thinking_tokens,
                verbosity: params.verbosity,
                openrouter: params.openrouter.clone(),
                extra_body: params.extra_body.clone(),
                ..Params::default()
            };
    Ok(any.then_some(GenerationConfig {
        temperature: params.temperature,
        top_p: params.top_p,
        top_k: params.top_k,
        max_output_tokens: params.max_tokens,
        stop_sequences: &params.stop,
        seed: params.seed,
        presence_penalty: params.presence_penalty,
        frequency_penalty: params.frequency_penalty,
        response_mime_type: params.format.as_ref().map(|_| "application/json"),
        response_json_schema,
        thinking_config,
    }))
}

fn unsaid(what: &str, value: Effort) -> String {
    format!("Gemini has no {what}: \"{}\" was not sent.", value.name())
}

#[cfg(test)]
#[path = "gemini_tests.rs"]
mod tests;
