//! Providers as they are in force: what the config writes over what the presets know. Nothing is
//! asked and no key is read here; whether a variable is set is all that is looked at.

mod host;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::keys::Chosen;
use crate::app::keys::Keys;
use crate::app::keys::Source;
use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Limits;
use crate::chat::ModelWay;
use crate::chat::Quirks;
use crate::chat::Secret;
use crate::chat::Tariff;
use crate::chat::Timeouts;
use crate::config::Env;
use crate::config::HeaderValue;
use crate::config::Loaded;
use crate::config::MissingKey;
use crate::config::ProviderConfig;
use crate::config::nearest;
use crate::provider::Preset;
use crate::provider::is_loopback;
use crate::text::Untrusted;

/// A provider that can be named.
pub(super) struct Known {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Whether its key has a source that is there, or it needs none.
    pub ready: bool,
    /// Models for those who named none.
    pub defaults: Vec<String>,
    /// What its keys are called.
    pub keys: Vec<String>,
    /// The preset that is the same server under another name, and whose prices hold.
    pub book_as: Option<String>,
}

/// All providers that can be named, by name, in the order in which line-ups take from them.
pub(super) struct Endpoints {
    known: BTreeMap<String, Known>,
    /// Presets in their own order, then the others by name.
    order: Vec<String>,
}

impl Endpoints {
    /// What is written over what is known, and what is wrong with it: where, and how it is told. A
    /// provider that is wrong stays known by its name, so that nothing else is said of it.
    pub fn build(loaded: &Loaded, presets: &[Preset], keys: &Keys) -> (Self, Vec<(usize, String)>) {
        let (mut known, mut order, mut errors) = (BTreeMap::new(), Vec::new(), Vec::new());
        let written = &loaded.config.providers;
        let own = written.keys().filter(|name| !presets.iter().any(|preset| preset.name == **name));
        let names: Vec<&String> = presets.iter().map(|preset| &preset.name).chain(own).collect();
        for name in names {
            let preset = presets.iter().find(|preset| preset.name == *name);
            let (mut one, refusal) = merge(name, preset, written.get(name), keys);
            ways(&mut one.endpoint, loaded, &keys.env);
            if preset.is_none() {
                one.book_as = same_server(&one.endpoint.base_url, presets);
            }
            known.insert(name.clone(), one);
            order.push(name.clone());
            let Some((message, hint)) = refusal else { continue };
            let hint = match nearest(name, presets.iter().map(|preset| preset.name.as_str())) {
                Some(near) if preset.is_none() => format!("{hint}, or did you mean [provider.{near}]?"),
                _ => hint,
            };
            let at = written.get(name).map(|provider| provider.at.clone()).unwrap_or_default();
            errors.push((at.start, loaded.complain(&at, &message, &hint)));
        }
        (Self { known, order }, errors)
    }

    /// The provider of that name.
    pub fn get(&self, name: &str) -> Option<&Known> {
        self.known.get(name)
    }

    /// All providers, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Known> + Clone {
        self.order.iter().filter_map(|name| self.known.get(name))
    }

    /// How a provider's tokens are paid for.
    pub fn tariff(&self, name: &str) -> Tariff {
        self.get(name).map(|known| known.endpoint.tariff).unwrap_or_default()
    }
}

/// What is written of the provider's single models. They live here and in no database, because
/// headers may carry keys.
fn ways(endpoint: &mut Endpoint, loaded: &Loaded, env: &Env) {
    for (model, written) in &loaded.config.models {
        if model.provider != endpoint.name || (written.headers.is_empty() && written.api.is_none()) {
            continue;
        }
        let (headers, missing) = headers(&written.headers, env);
        endpoint.models.insert(model.id.clone(), ModelWay { headers, api: written.api, missing });
    }
}

/// What happened, and what to do.
pub(super) type Refusal = (String, String);

fn merge(
    name: &str,
    preset: Option<&Preset>,
    written: Option<&ProviderConfig>,
    keys: &Keys,
) -> (Known, Option<Refusal>) {
    let none = ProviderConfig::default();
    let config = written.unwrap_or(&none);
    let dialect = config.dialect.or(preset.map(|preset| preset.dialect)).unwrap_or(Dialect::OpenAi);
    let moved = || keys.env.get(preset?.host_env.as_deref()?).as_deref().and_then(host::base_url);
    let own = || preset.and_then(|preset| own_address(preset, &keys.env));
    let url = config.base_url.clone().or_else(moved).or_else(own);
    let url = url.or_else(|| preset.map(|preset| preset.base_url.clone()));
    let homeless = url.as_ref().is_some_and(String::is_empty) && dialect != Dialect::Demo;
    let mut refusal = None;
    if homeless && written.is_some() {
        refusal = Some((
            format!("the provider {name} has no base_url, and every user of it has another one"),
            "write base_url, with the version path".to_owned(),
        ));
    }
    if url.is_none() && dialect != Dialect::Demo {
        refusal = Some((
            format!("the provider {name} has no base_url, and salon knows none of that name"),
            "write base_url, with the version path".to_owned(),
        ));
    }
    let base_url = match (url.unwrap_or_default(), dialect) {
        // The address of its layer for OpenAI's format, which many have in their notes.
        (url, Dialect::Ollama) => url.strip_suffix("/v1").map(str::to_owned).unwrap_or(url),
        (url, _) => url,
    };
    let local = config.local.unwrap_or_else(|| preset.is_some_and(|preset| preset.local));
    let near = local || is_loopback(&base_url);
    let Chosen { alias, source: key, ready, known, unknown } = keys.choose(name, config, preset);
    if unknown {
        refusal = Some(no_such_key(name, &alias, &known));
    }
    let ready = ready && !homeless;
    let allow_insecure_http = config.allow_insecure_http.unwrap_or(false);
    let in_clear = base_url.starts_with("http://") && !is_loopback(&base_url) && !allow_insecure_http;
    if in_clear && (key.is_some() || !config.headers.is_empty()) {
        refusal = Some((
            format!("the key of {name} would travel in clear over {base_url}"),
            "use https://, or write allow_insecure_http = true".to_owned(),
        ));
    }
    let (headers, missing) = headers(&config.headers, &keys.env);
    let tariff = match (local, preset) {
        _ if config.tariff.is_some() => config.tariff.unwrap_or_default(),
        (true, _) => Tariff::Local,
        (false, _) if config.local.is_some() => Tariff::Metered,
        (false, Some(preset)) => preset.tariff,
        (false, None) => {
            if dialect == Dialect::Demo {
                Tariff::Play
            } else {
                Tariff::Metered
            }
        }
    };
    let endpoint = Endpoint {
        key: missing.or(key),
        key_alias: alias,
        headers,
        auth: preset.and_then(|preset| preset.auth),
        extra_body: config.extra_body.clone(),
        allow_insecure_http,
        timeouts: timeouts(config, near),
        limits: limits(config, preset),
        quirks: quirks(config, preset),
        tariff,
        ..Endpoint::new(name, dialect, base_url)
    };
    let defaults = preset.map(|preset| preset.defaults.clone()).unwrap_or_default();
    (Known { endpoint, ready, defaults, keys: known, book_as: None }, refusal)
}

/// The preset of a server that is paid, by its address.
fn same_server(base_url: &str, presets: &[Preset]) -> Option<String> {
    let url = base_url.trim_end_matches('/');
    let preset = presets.iter().find(|preset| !preset.local && preset.base_url.eq_ignore_ascii_case(url));
    preset.filter(|_| !url.is_empty()).map(|preset| preset.name.clone())
}

/// A name that a provider has no key under.
pub(super) fn no_such_key(name: &str, alias: &str, known: &[String]) -> Refusal {
    let what = format!("{name} has no key called {}", Untrusted::from(alias).line());
    let hint = match known {
        [] => format!("it has none; salon login {name} --alias NAME keeps one"),
        known => format!("it has {}; salon login {name} --alias NAME keeps another", known.join(", ")),
    };
    (what, hint)
}

/// The address that a variable holds, with the preset's path behind it.
fn own_address(preset: &Preset, env: &Env) -> Option<String> {
    let found = preset.base_env.iter().find_map(|name| env.get(name))?;
    let found = found.trim().trim_end_matches('/');
    let has_path = found.ends_with(&preset.base_path);
    Some(if has_path { found.to_owned() } else { format!("{found}{}", preset.base_path) })
}

/// The headers with their values. One whose variable is not set leaves a source in the key's place
/// that says so, because a request without it is not what was asked for.
fn headers(written: &[(String, HeaderValue)], env: &Env) -> (Vec<(String, Secret)>, Option<Source>) {
    let mut found = Vec::new();
    let mut missing: Option<Source> = None;
    for (name, value) in written {
        match value {
            HeaderValue::Plain(secret) => found.push((name.clone(), secret.clone())),
            HeaderValue::Env(variable) => match env.get(variable) {
                Some(value) => found.push((name.clone(), Secret::new(value))),
                None => {
                    missing = Some(Arc::new(MissingKey {
                        tried: format!("the variable {variable} is not set; the header {name} needs it"),
                        hint: format!("export {variable}=…, or take the header out of the config"),
                    }));
                }
            },
        }
    }
    (found, missing)
}

fn timeouts(config: &ProviderConfig, near: bool) -> Timeouts {
    let base = if near { Timeouts::LOCAL } else { Timeouts::REMOTE };
    let or = |written: Option<u64>, base: Duration| written.map_or(base, Duration::from_secs);
    let payload_idle = or(config.idle, base.payload_idle);
    Timeouts {
        connect: or(config.connect, base.connect),
        headers: or(config.headers_within, base.headers),
        transport_idle: or(config.idle, base.transport_idle),
        payload_idle,
        // Keep-alives say that the server is at work: they never make the wait shorter.
        keepalive_idle: base.keepalive_idle.max(payload_idle),
    }
}

fn limits(config: &ProviderConfig, preset: Option<&Preset>) -> Limits {
    let base = Limits::default();
    let written = config.concurrency.and_then(|n| usize::try_from(n).ok());
    let known = preset.and_then(|preset| preset.concurrency);
    Limits {
        concurrency: written.or(known).unwrap_or(base.concurrency),
        retries: config.retries.unwrap_or(base.retries).min(2),
        rate: config.rate.or(base.rate),
    }
}

fn quirks(config: &ProviderConfig, preset: Option<&Preset>) -> Quirks {
    let base = preset.map(|preset| preset.quirks).unwrap_or_default();
    Quirks {
        max_completion_tokens: config.max_completion_tokens.unwrap_or(base.max_completion_tokens),
        think_tags: config.think_tags.unwrap_or(base.think_tags),
        api: config.api.or(base.api),
        ..base
    }
}

#[cfg(test)]
#[path = "endpoints_tests.rs"]
pub(in crate::app) mod tests;
