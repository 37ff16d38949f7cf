//! The providers that salon knows by name: rows of `presets.toml`, embedded, read once. A row is
//! only where to ask and how; whether there is a key is asked elsewhere.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::chat::Dialect;
use crate::chat::Quirks;
use crate::chat::Tariff;

/// A provider that needs no line of config but a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name in model refs.
    pub name: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// With the version path, without a slash at the end; empty for the demo, and where every user
    /// has another address.
    pub base_url: String,
    /// Variables that may hold the address, where every user has another one.
    pub base_env: Vec<String>,
    /// What follows the address of such a variable.
    pub base_path: String,
    /// Variables that may hold its key, the first that is set counts. Empty when it wants none.
    pub key_env: Vec<String>,
    /// Ids of the models that are seated when the user named none, without the provider's name.
    pub defaults: Vec<String>,
    /// Where it departs from its dialect.
    pub quirks: Quirks,
    /// How its tokens are paid for.
    pub tariff: Tariff,
    /// The header that carries its key and what stands before the key, where it is not the usual one.
    pub auth: Option<(&'static str, &'static str)>,
    /// Whether it is a server on the user's own machine, which may have to load a model first.
    pub local: bool,
    /// The variable that names its host, for those who have moved it.
    pub host_env: Option<String>,
    /// How many requests it takes at once, where that is not the usual number.
    pub concurrency: Option<usize>,
}

/// Headers that carry a key instead of `authorization`, and what stands before the key in them.
const AUTH: &[(&str, &str)] = &[("api-key", "")];

const TEXT: &str = include_str!("presets.toml");

/// All presets, in the order in which they are offered.
#[must_use]
pub fn presets() -> &'static [Preset] {
    static PRESETS: OnceLock<Vec<Preset>> = OnceLock::new();
    // The text is part of the program, and a test holds that it can be read.
    PRESETS.get_or_init(|| read(TEXT).unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    preset: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    dialect: String,
    #[serde(default)]
    base_url: String,
    #[serde(default)]
    base_env: Vec<String>,
    #[serde(default)]
    base_path: String,
    #[serde(default)]
    key_env: Vec<String>,
    #[serde(default)]
    defaults: Vec<String>,
    #[serde(default)]
    quirks: QuirkRow,
    tariff: Option<String>,
    auth: Option<String>,
    #[serde(default)]
    local: bool,
    host_env: Option<String>,
    concurrency: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuirkRow {
    always_finishes: Option<bool>,
    max_completion_tokens: Option<bool>,
    stream_options: Option<bool>,
    think_tags: Option<bool>,
    implicit_think: Option<bool>,
    openai: Option<bool>,
    short_call_ids: Option<bool>,
}

fn read(text: &str) -> Result<Vec<Preset>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    file.preset.into_iter().map(preset).collect()
}

fn preset(row: Row) -> Result<Preset, String> {
    let Row {
        name,
        dialect,
        base_url,
        base_env,
        base_path,
        key_env,
        defaults,
        quirks,
        tariff,
        auth,
        local,
        host_env,
        concurrency,
    } = row;
    let unknown = |what: &str, word: &str| format!("{name}: unknown {what} {word:?}");
    let dialect = Dialect::from_name(&dialect).ok_or_else(|| unknown("dialect", &dialect))?;
    let tariff = match tariff {
        Some(word) => Tariff::from_name(&word).ok_or_else(|| unknown("tariff", &word))?,
        None if local => Tariff::Local,
        None => Tariff::Metered,
    };
    let auth = match auth.as_deref() {
        None => None,
        Some(header) => Some(
            AUTH.iter()
                .find(|(known, _)| *known == header)
                .copied()
                .ok_or_else(|| unknown("auth", header))?,
        ),
    };
    let usual = Quirks::default();
    let quirks = Quirks {
        always_finishes: quirks.always_finishes.unwrap_or(usual.always_finishes),
        max_completion_tokens: quirks.max_completion_tokens.unwrap_or(usual.max_completion_tokens),
        stream_options: quirks.stream_options.unwrap_or(usual.stream_options),
        think_tags: quirks.think_tags.unwrap_or(usual.think_tags),
        implicit_think: quirks.implicit_think.unwrap_or(usual.implicit_think),
        openai: quirks.openai.unwrap_or(usual.openai),
        developer_role: quirks.openai.unwrap_or(usual.developer_role),
        short_call_ids: quirks.short_call_ids.unwrap_or(usual.short_call_ids),
        ..usual
    };
    Ok(Preset {
        name,
        dialect,
        base_url,
        base_env,
        base_path,
        key_env,
        defaults,
        quirks,
        tariff,
        auth,
        local,
        host_env,
        concurrency,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ModelRef;

    #[test]
    fn the_embedded_rows_can_be_read() {
        let rows = read(TEXT).expect("the rows");
        assert_eq!(rows, presets());
        assert!(rows.len() >= 14);
        let mut names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows.len(), "names are unique");
    }

    #[test]
    fn the_providers_that_people_have_keys_for_are_there() {
        let named = [
            "openrouter",
            "openai",
            "anthropic",
            "gemini",
            "ollama",
            "groq",
            "deepseek",
            "mistral",
            "xai",
            "together",
            "fireworks",
            "perplexity",
            "moonshot",
            "zai",
            "alibaba",
            "cerebras",
            "azure",
            "lmstudio",
            "llamacpp",
            "vllm",
            "demo",
        ];
        for name in named {
            assert!(presets().iter().any(|row| row.name == name), "{name} is missing");
        }
        let row = |name: &str| presets().iter().find(|row| row.name == name).expect("a row");
        assert_eq!(row("azure").auth, Some(("api-key", "")));
        assert!(
            row("azure").quirks.openai && row("openai").quirks.openai && row("openai").quirks.developer_role
        );
        assert!(row("mistral").quirks.short_call_ids);
        let ours = presets().iter().filter(|row| row.quirks.openai).count();
        assert_eq!(ours, 2, "the rules of OpenAI's own models hold at OpenAI's own services");
    }

    #[test]
    fn rows_hold_together() {
        for row in presets() {
            let nowhere = row.dialect == Dialect::Demo || !row.base_env.is_empty();
            assert_eq!(nowhere, row.base_url.is_empty(), "{}", row.name);
            assert!(!row.base_url.ends_with('/'), "{}", row.name);
            assert_eq!(row.tariff == Tariff::Local, row.local, "{}", row.name);
            assert!(row.concurrency != Some(0) && (row.host_env.is_none() || row.local), "{}", row.name);
            let plain = row.base_url.starts_with("http://");
            assert_eq!(plain, row.local, "{}: only this machine without TLS", row.name);
            assert!(row.local || row.dialect == Dialect::Demo || !row.key_env.is_empty(), "{}", row.name);
            for id in &row.defaults {
                format!("{}/{id}", row.name).parse::<ModelRef>().expect("a model ref");
            }
        }
    }
}
