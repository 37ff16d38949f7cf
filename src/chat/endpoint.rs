//! A configured provider as the floors above the config see it: plain data and a way to its key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::secret::{KeySource, Secret};
use crate::chat::usage::Tariff;

/// The wire formats that salon speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI chat completions, as most servers speak it.
    OpenAi,
    /// OpenRouter's form of it.
    OpenRouter,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's `streamGenerateContent`.
    Gemini,
    /// Ollama's own lines of JSON.
    Ollama,
    /// The offline models of the program itself.
    Demo,
}

impl Dialect {
    /// All dialects with their names in the config.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::OpenAi, "openai"),
        (Self::OpenRouter, "openrouter"),
        (Self::Anthropic, "anthropic"),
        (Self::Gemini, "gemini"),
        (Self::Ollama, "ollama"),
        (Self::Demo, "demo"),
    ];

    /// The name in the config.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(dialect, _)| *dialect == self).map_or("openai", |(_, name)| name)
    }

    /// The dialect of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(dialect, _)| *dialect)
    }
}

/// The two formats in which OpenAI's models are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Chat completions, as most servers know them.
    Chat,
    /// Responses, which some of OpenAI's own models want.
    Responses,
}

impl Api {
    /// Both with their names in the config.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Chat, "chat"), (Self::Responses, "responses")];

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(api, _)| *api)
    }
}

/// What the config says of one model's way, beyond that of its endpoint. It is in no database.
#[derive(Clone, Default)]
pub struct ModelWay {
    /// Further headers; the values are treated like keys.
    pub headers: Vec<(String, Secret)>,
    /// In which format it is asked.
    pub api: Option<Api>,
    /// Says what is missing where a header has no value: then it is not asked at all.
    pub missing: Option<Arc<dyn KeySource>>,
}

/// How long to wait for what (safety R35). There is no limit on a whole reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, TCP and TLS together.
    pub connect: Duration,
    /// From the request's sending to the response's head.
    pub headers: Duration,
    /// Without any byte.
    pub transport_idle: Duration,
    /// Without any payload, while no keep-alive comes either.
    pub payload_idle: Duration,
    /// Without any payload, while keep-alives come.
    pub keepalive_idle: Duration,
}

impl Timeouts {
    /// For servers in a data centre.
    pub const REMOTE: Self = Self {
        connect: Duration::from_secs(10),
        headers: Duration::from_secs(60),
        transport_idle: Duration::from_secs(60),
        payload_idle: Duration::from_secs(120),
        keepalive_idle: Duration::from_secs(600),
    };

    /// For servers on this machine, which may have to load a model first.
    pub const LOCAL: Self = Self { headers: Duration::from_secs(600), ..Self::REMOTE };
}

/// How much a provider is asked at once, and how often a request is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in flight for one key.
    pub concurrency: usize,
    /// Further attempts after the first, before the first byte only. At most 2.
    pub retries: u32,
    /// Requests that may begin within a minute, for one key.
    pub rate: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 16, retries: 2, rate: None }
    }
}

/// Where a server departs from the letter of its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// It always sends a finish reason: `[DONE]` without one means that the reply was cut.
    pub always_finishes: bool,
    /// It takes `max_completion_tokens`, not `max_tokens`.
    pub max_completion_tokens: bool,
    /// It knows `stream_options.include_usage`.
    pub stream_options: bool,
    /// Thinking comes as `<think>` tags at the head of the text.
    pub think_tags: bool,
    /// The template opens that tag itself, so that a reply begins inside of it.
    pub implicit_think: bool,
    /// It is OpenAI itself: its reasoning models refuse sampling parameters, and some of its models
    /// are asked by the Responses API only.
    pub openai: bool,
    /// Its reasoning models take their instructions in the role `developer`.
    pub developer_role: bool,
    /// It tells summaries of the thinking to whoever asks for them.
    pub summaries: bool,
    /// Ids of calls must have nine letters or digits.
    pub short_call_ids: bool,
    /// In which format all of its models are asked; `None`: by the model.
    pub api: Option<Api>,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            always_finishes: false,
            max_completion_tokens: false,
            stream_options: true,
            think_tags: true,
            implicit_think: false,
            openai: false,
            developer_role: false,
            summaries: true,
            short_call_ids: false,
            api: None,
        }
    }
}

/// A provider that can be asked.
#[derive(Clone)]
pub struct Endpoint {
    /// The name in the config, the first half of a model ref.
    pub name: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// With the version path and without a slash at the end. Never has a key in it.
    pub base_url: String,
    /// Where its key comes from; `None` for servers that want none.
    pub key: Option<Arc<dyn KeySource>>,
    /// What the key is called in the ledger.
    pub key_alias: String,
    /// Further headers; the values are treated like keys.
    pub headers: Vec<(String, Secret)>,
    /// What is written of single models, by the id that the provider knows them by.
    pub models: BTreeMap<String, ModelWay>,
    /// The header that carries the key and what stands before the key in it, where they are others
    /// than those of the dialect.
    pub auth: Option<(&'static str, &'static str)>,
    /// Further members of every request's body, a raw JSON object.
    pub extra_body: Option<String>,
    /// Whether a key may travel over plain HTTP to another machine.
    pub allow_insecure_http: bool,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How much to ask.
    pub limits: Limits,
    /// Where it departs from its dialect.
    pub quirks: Quirks,
    /// How its tokens are paid for.
    pub tariff: Tariff,
}

impl Endpoint {
    /// An endpoint of which nothing is known but its address: no key, remote, paid by the token.
    #[must_use]
    pub fn new(name: impl Into<String>, dialect: Dialect, base_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            dialect,
            base_url: base_url.into(),
            key: None,
            key_alias: "default".to_owned(),
            headers: Vec::new(),
            models: BTreeMap::new(),
            auth: None,
            extra_body: None,
            allow_insecure_http: false,
            timeouts: Timeouts::REMOTE,
            limits: Limits::default(),
            quirks: Quirks::default(),
            tariff: Tariff::Metered,
        }
    }
}
