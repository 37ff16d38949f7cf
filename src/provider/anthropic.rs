//! Anthropic's Messages: the dialect of Anthropic itself and of servers that copy it.
//!
//! Its parts: `models` is what single models take, `plan` what becomes of the parameters, `turns`
//! what was said; `stream` reads the answer, `blocks` keeps the blocks that go back, `usage` counts.

mod blocks;
mod models;
mod plan;
mod stream;
mod turns;
mod usage;

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::chat::ChatRequest;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Format;
use crate::provider::Decoder;
use crate::provider::HttpParts;
use crate::provider::driver::Halves;
use crate::provider::error::Party;
use crate::provider::lessons::learn_params;
use crate::provider::members::with_members;
use crate::provider::stream::Reader;
use crate::wire::anthropic::{OutputConfig, OutputFormat, Request, ToolDef};

use plan::Plan;
use stream::Messages;
use turns::Turns;

/// The dialect. What a model refuses is known before it is asked, so that nothing is learnt.
pub(super) static HALVES: Halves =
    Halves { request, decoder, learn: |fault, sent, _, lessons| learn_params(fault, sent, lessons) };

/// The version of the format; later changes have other headers.
const VERSION: &str = "2023-06-01";

fn request(endpoint: &Endpoint, asked: &ChatRequest) -> Result<HttpParts, Fault> {
    let plan = plan::of(asked);
    let Turns { system, messages, notes } = turns::of(asked);
    let request = Request {
        model: Cow::Owned(asked.model.wire_id()),
        max_tokens: plan.max_tokens,
        system: system.map(Cow::Owned),
        messages,
        stream: true,
        stop_sequences: &asked.params.stop,
        temperature: plan.temperature,
        top_p: plan.top_p,
        top_k: plan.top_k,
        tools: tools(asked)?,
        thinking: plan.thinking,
        output_config: OutputConfig { effort: plan.effort, format: format(asked)? },
    };
    let mut body = serde_json::to_string(&request).map_err(|error| {
        Fault::new(FaultClass::Internal, format!("The request cannot be written: {error}.")).unsent()
    })?;
    for extra in [&endpoint.extra_body, &asked.params.extra_body].into_iter().flatten() {
        body = with_members(&body, extra, "extra_body")?;
    }
    let Plan { notes: mut told, .. } = plan;
    told.extend(notes);
    Ok(HttpParts {
        path: "/messages".to_owned(),
        headers: vec![("anthropic-version", VERSION.to_owned())],
        body,
        auth: ("x-api-key", ""),
        notes: told,
    })
}

fn decoder(endpoint: &Endpoint, _asked: &ChatRequest) -> Box<dyn Decoder> {
    Box::new(Reader::new(Party::of(endpoint), Messages::default()))
}

fn tools(asked: &ChatRequest) -> Result<Vec<ToolDef<'_>>, Fault> {
    asked
        .tools
        .iter()
        .map(|tool| {
            Ok(ToolDef {
                name: &tool.name,
                description: &tool.description,
                input_schema: schema(&tool.schema, &format!("the tool {}", tool.name))?,
            })
        })
        .collect()
}

fn format(asked: &ChatRequest) -> Result<Option<OutputFormat<'_>>, Fault> {
    match &asked.params.format {
        Some(Format::Schema(text)) => {
            Ok(Some(OutputFormat::JsonSchema { schema: schema(text, "the format of the answer")? }))
        }
        // Told by the plan.
        Some(Format::Json) | None => Ok(None),
    }
}

/// A JSON Schema as it was written.
fn schema<'a>(text: &'a str, whose: &str) -> Result<&'a RawValue, Fault> {
    let object: Result<&RawValue, _> = serde_json::from_str(text);
    object.ok().filter(|json| json.get().starts_with('{')).ok_or_else(|| {
        Fault::new(FaultClass::BadRequest, format!("The JSON Schema of {whose} is no JSON object.")).unsent()
    })
}

#[cfg(test)]
#[path = "anthropic/driver_tests.rs"]
mod driver_tests;
#[cfg(test)]
#[path = "anthropic/request_tests.rs"]
mod tests;
