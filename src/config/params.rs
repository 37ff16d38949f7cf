//! What may stand in `params` of a model or a seat: one row per key.

use toml::de::DeValue;

use crate::chat::Effort;
use crate::chat::Format;
use crate::chat::Params;
use crate::config::value::Field;
use crate::config::value::Value;
use crate::config::value::Walk;
use crate::config::value::rows;

/// `params` of a model or a seat.
pub(super) const PARAMS: &[Field<Params>] = rows![Params;
    "temperature" => |params, value, walk| params.temperature = walk.number(value, 0.0, 2.0);
    "top_p" => |params, value, walk| params.top_p = walk.number(value, 0.0, 1.0);
    "top_k" => |params, value, walk| {
        params.top_k = walk.integer(value, 1, 1_000_000).and_then(|number| u32::try_from(number).ok());
    };
    "max_tokens" => |params, value, walk| params.max_tokens = walk.count(value, i64::MAX);
    "stop" => |params, value, walk| params.stop = walk.strings(value).unwrap_or_default();
    "seed" => |params, value, walk| params.seed = walk.integer(value, i64::MIN, i64::MAX);
    "frequency_penalty" => |params, value, walk| params.frequency_penalty = walk.number(value, -2.0, 2.0);
    "presence_penalty" => |params, value, walk| params.presence_penalty = walk.number(value, -2.0, 2.0);
    "effort" => |params, value, walk| {
        let names = Effort::ALL.map(|(_, name)| name);
        params.effort = walk.word(value, &names).and_then(|name| Effort::from_name(&name));
    };
    "thinking_tokens" => |params, value, walk| params.thinking_tokens = walk.count(value, i64::MAX);
    "verbosity" => |params, value, walk| {
        let names = ["low", "medium", "high", "xhigh", "max"];
        params.verbosity = walk.word(value, &names).and_then(|name| Effort::from_name(&name));
    };
    "format" => |params, value, walk| params.format = format(value, walk);
    "openrouter" => openrouter;
    "extra_body" => |params, value, walk| params.extra_body = walk.json_object(value);
];

/// `params.openrouter`: members that only OpenRouter knows, each as JSON text.
pub(super) const OPENROUTER: &[Field<()>] = rows![();
    "provider" => |(), value, walk| drop(walk.json_object(value));
    "models" => |(), value, walk| drop(walk.strings(value));
    "plugins" => |(), value, walk| tables(value, walk);
    "tools" => |(), value, walk| tables(value, walk);
    "modalities" => |(), value, walk| drop(walk.strings(value));
    "web_search_options" => |(), value, walk| drop(walk.json_object(value));
    "service_tier" => |(), value, walk| drop(walk.name(value));
];

/// `"json"`, or a table that is a JSON Schema.
fn format(value: &Value<'_>, walk: &mut Walk<'_>) -> Option<Format> {
    match value.get_ref() {
        DeValue::Table(_) => walk.json_object(value).map(Format::Schema),
        _ => walk.word(value, &["json"]).map(|_| Format::Json),
    }
}

/// Each member is looked at by its row; what is kept is the text of them all.
fn openrouter(params: &mut Params, value: &Value<'_>, walk: &mut Walk<'_>) {
    if walk.inner_checked(value, "openrouter", OPENROUTER, &mut ()) {
        params.openrouter = walk.json_object(value);
    }
}

/// A list of tables.
fn tables(value: &Value<'_>, walk: &mut Walk<'_>) {
    let DeValue::Array(list) = value.get_ref() else {
        walk.wrong(value, "a list of tables");
        return;
    };
    list.iter().for_each(|item| drop(walk.json_object(item)));
}
