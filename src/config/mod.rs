//! The user's file as plain data: what is written, and nothing else. Presets, prices and doors are
//! unknown here; the root merges what is written with what salon knows of itself.
//!
//! Nothing in the working directory is ever read (safety R18): a file counts when it stands in the
//! user's own config directory, or when a flag or `SALON_CONFIG` names it.

mod credentials;
mod explain;
#[cfg(feature = "keyring")]
mod keyring;
mod keys;
mod params;
mod paths;
mod schema;
mod secrets;
mod value;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chat::Api;
use crate::chat::Dialect;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Params;
use crate::chat::Pico;
use crate::chat::Secret;
use crate::chat::Tariff;

pub use credentials::{Aliases, Credentials, DEFAULT_ALIAS, alias, pasted};
pub use explain::{ConfigErrors, Source, nearest};
pub use paths::{Env, Paths, init, write_private};
pub use secrets::{KeyConfig, MissingKey};

/// The shipped config: every key explained, every key commented out.
pub const DEFAULT: &str = include_str!("default.toml");

/// Larger files are no configs.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Where something stands in the file, in bytes.
pub type Span = Range<usize>;

/// What is written in the file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The line-up of new rooms.
    pub lineup: Option<String>,
    /// Who asks, for the ledger.
    pub who: Option<String>,
    /// `[provider.NAME]`.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// `[model."provider/id"]`.
    pub models: BTreeMap<ModelRef, ModelConfig>,
    /// `[lineup.NAME]`.
    pub lineups: BTreeMap<String, Vec<SeatConfig>>,
    /// `[budget]`.
    pub budget: BudgetConfig,
    /// `[ui]`.
    pub ui: UiConfig,
    /// `[keys.CONTEXT]`: chord to the name of an action, as text.
    pub keys: BTreeMap<String, BTreeMap<String, String>>,
    /// `[catalogue] refresh`: whether lists of models are asked for anew by themselves; `None`: yes.
    pub refresh: Option<bool>,
    /// `[demo] pace` in thousandths of the real pace; 0 is at once.
    pub pace: Option<u32>,
    /// `[discover] local`: whether servers on this machine are looked for; `None`: yes.
    pub discover_local: Option<bool>,
}

/// `[provider.NAME]`, each key as written or absent.
#[derive(Clone, Debug, Default)]
pub struct ProviderConfig {
    /// Where the table stands.
    pub at: Span,
    /// The wire format.
    pub dialect: Option<Dialect>,
    /// Without a slash at the end, without user, query and fragment.
    pub base_url: Option<String>,
    /// Where the key comes from.
    pub key: Option<KeyConfig>,
    /// Further keys, by what they are called.
    pub keys: BTreeMap<String, KeyConfig>,
    /// Which key is used, and where that stands.
    pub chosen_key: Option<(Span, String)>,
    /// Further headers.
    pub headers: Vec<(String, HeaderValue)>,
    /// Further members of every request, a raw JSON object.
    pub extra_body: Option<String>,
    /// `timeouts.connect`, in seconds.
    pub connect: Option<u64>,
    /// `timeouts.headers`, in seconds.
    pub headers_within: Option<u64>,
    /// `timeouts.idle`, in seconds.
    pub idle: Option<u64>,
    /// Requests at once.
    pub concurrency: Option<u32>,
    /// Requests a minute.
    pub rate: Option<u32>,
    /// Further attempts, at most 2.
    pub retries: Option<u32>,
    /// Whether it runs on a machine of the user's, so that nothing is paid.
    pub local: Option<bool>,
    /// How its tokens are paid for.
    pub tariff: Option<Tariff>,
    /// Whether a key may travel over plain HTTP to another machine.
    pub allow_insecure_http: Option<bool>,
    /// Whether it takes `max_completion_tokens` instead of `max_tokens`.
    pub max_completion_tokens: Option<bool>,
    /// Whether thinking comes as `<think>` tags in the text.
    pub think_tags: Option<bool>,
    /// In which of OpenAI's formats its models are asked.
    pub api: Option<Api>,
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    /// As written.
    Plain(Secret),
    /// From a variable of the environment.
    Env(String),
}

/// One seat of a line-up as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeatConfig {
    /// Where it stands.
    pub at: Span,
    /// An alias or a model ref.
    pub model: String,
    /// Its system prompt.
    pub system: Option<String>,
    /// Its parameters.
    pub params: Params,
}

/// What is written of one model: `[model."provider/id"]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelConfig {
    /// Where the table stands.
    pub at: Span,
    /// A short name.
    pub alias: Option<String>,
    /// The user's prices; they win over every other.
    pub price: PriceConfig,
    /// Parameters of every seat with this model.
    pub params: Params,
    /// System prompt of every seat with this model.
    pub system: Option<String>,
    /// Tokens of a request and its reply together.
    pub context: Option<u64>,
    /// Tokens of one reply.
    pub max_output: Option<u64>,
    /// Further headers of its requests.
    pub headers: Vec<(String, HeaderValue)>,
    /// In which of OpenAI's formats it is asked.
    pub api: Option<Api>,
}

/// A price as the decimal texts of the file, USD per million tokens. A text that is no price stays,
/// so that the price book makes the model's charge unknown instead of taking another price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceConfig {
    /// Uncached input.
    pub input: Option<String>,
    /// Output.
    pub output: Option<String>,
    /// Input read from a cache.
    pub cache_read: Option<String>,
    /// Input written to a cache.
    pub cache_write: Option<String>,
}

/// Hard limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetConfig {
    /// A day.
    pub day: Option<Pico>,
    /// A week, from Monday.
    pub week: Option<Pico>,
    /// A month.
    pub month: Option<Pico>,
    /// One room.
    pub room: Option<Pico>,
}

/// What the screen is told; what is not written has its default here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiConfig {
    /// The theme's name.
    pub theme: Option<String>,
    /// `columns`, `rows`, `grid` or `tabs`; `None`: by the size.
    pub layout: Option<String>,
    /// Only ASCII glyphs; `None`: by the locale.
    pub ascii: Option<bool>,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// `auto`, `tmux`, `command`, `osc52` or `off`.
    pub clipboard: String,
    /// Whether frames are sent as synchronised updates.
    pub sync_output: bool,
    /// Whether the Kitty keyboard protocol is asked for.
    pub kitty_keys: bool,
    /// No spinners.
    pub reduced_motion: bool,
    /// `auto`, `always` or `never`; `None`: `auto`.
    pub color: Option<String>,
    /// What Enter does in the composer: `send` or `newline`.
    pub enter: String,
    /// Whether the window's title is set.
    pub title: bool,
}

impl Default for UiConfig {
    fn default() -> Self {
        Self {
            theme: None,
            layout: None,
            ascii: None,
            mouse: false,
            clipboard: "auto".to_owned(),
            sync_output: true,
            kitty_keys: true,
            reduced_motion: false,
            color: None,
            enter: "send".to_owned(),
            title: true,
        }
    }
}

/// A config that was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is written.
    pub config: Config,
    /// The file, when there is one; for errors that are found later.
    pub source: Option<Arc<Source>>,
    /// What to tell.
    pub notices: Vec<Notice>,
}

impl Loaded {
    /// No file: nothing is written.
    #[must_use]
    pub fn empty() -> Self {
        Self { config: Config::default(), source: None, notices: Vec::new() }
    }

    /// An error at a place of the file, told as those of the loader are.
    #[must_use]
    pub fn complain(&self, at: &Span, message: &str, hint: &str) -> String {
        match &self.source {
            Some(source) => source.explain(at, message, hint),
            None => format!("{message}\n  {hint}"),
        }
    }
}

/// Which file is the config: the flag, else `SALON_CONFIG`, else the user's own. The second is
/// whether a person named it, so that it must exist.
#[must_use]
pub fn which(flag: Option<&Path>, env: &Env, paths: Option<&Paths>) -> Option<(PathBuf, bool)> {
    if let Some(path) = flag {
        return Some((path.to_path_buf(), true));
    }
    if let Some(path) = env.get("SALON_CONFIG") {
        return Some((PathBuf::from(path), true));
    }
    paths.map(|paths| (paths.config.clone(), false))
}

/// Reads the config.
///
/// # Errors
/// When it cannot be read, or is not understood; all that is wrong with it at once.
pub fn load(flag: Option<&Path>, env: &Env, paths: Option<&Paths>) -> Result<Loaded, ConfigErrors> {
    let Some((path, named)) = which(flag, env, paths) else { return Ok(Loaded::empty()) };
    let bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => return Ok(Loaded::empty()),
        Err(error) => return Err(ConfigErrors::file(&path, &format!("cannot be read: {error}"))),
    };
    let mut loaded = match String::from_utf8(bytes) {
        Ok(text) => parse(&path, text)?,
        Err(error) => {
            let line = error
                .as_bytes()
                .iter()
                .take(error.utf8_error().valid_up_to())
                .filter(|b| **b == b'\n')
                .count();
            return Err(ConfigErrors::file(&path, &format!("line {} is not UTF-8", line + 1)));
        }
    };
    let plain = |provider: &ProviderConfig| {
        provider.headers.iter().any(|(_, value)| matches!(value, HeaderValue::Plain(_)))
    };
    let plain_model =
        |model: &ModelConfig| model.headers.iter().any(|(_, value)| matches!(value, HeaderValue::Plain(_)));
    let config = &loaded.config;
    let any = config.providers.values().any(plain) || config.models.values().any(plain_model);
    if any && paths::is_open(&path) {
        loaded.notices.push(Notice::warning(format!(
            "{}: others on this machine can read its headers; chmod 600 {0} closes it",
            path.display()
        )));
    }
    Ok(loaded)
}

/// Reads a config from its text. `path` is its name in errors, and relative key files are looked
/// for beside it.
///
/// # Errors
/// When it is not understood; all that is wrong with it at once.
pub fn parse(path: &Path, text: String) -> Result<Loaded, ConfigErrors> {
    let source = Arc::new(Source::new(path, text));
    let (config, notices, errors) = schema::read(&source, path.parent().unwrap_or(Path::new("")));
    if errors.is_empty() {
        Ok(Loaded { config, source: Some(source), notices })
    } else {
        Err(ConfigErrors::new(errors))
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other("it is larger than 4 MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
