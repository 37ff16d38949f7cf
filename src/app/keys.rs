//! Which key a provider is asked with: what the config says, else the usual variable, else what
//! `salon login` has kept. No key is read here; whether a variable is set and what kept keys are
//! called is all that is looked at.

use std::sync::Arc;

use crate::chat::Dialect;
use crate::chat::KeySource;
use crate::config::Aliases;
use crate::config::Credentials;
use crate::config::DEFAULT_ALIAS;
use crate::config::Env;
use crate::config::KeyConfig;
use crate::config::MissingKey;
use crate::config::ProviderConfig;
use crate::provider::Preset;

pub(super) type Source = Arc<dyn KeySource>;

/// Where keys may be found.
#[derive(Default)]
pub(super) struct Keys {
    /// The variables.
    pub env: Env,
    /// The file of kept keys; `None` for a user without a home.
    pub file: Option<Credentials>,
    /// What it holds, by name.
    pub kept: Aliases,
    /// The key that was asked for on the command line, by name.
    pub wanted: Option<String>,
}

/// The key of one provider.
pub(super) struct Chosen {
    /// What it is called.
    pub alias: String,
    /// The way to it; `None` for a provider that wants none.
    pub source: Option<Source>,
    /// Whether there is something at the end of that way, as far as can be told without going it.
    pub ready: bool,
    /// All names that the provider has keys under.
    pub known: Vec<String>,
    /// The name in the config that leads nowhere.
    pub unknown: bool,
}

impl Keys {
    /// The keys of this environment, with what is kept in the file. What is wrong with the file is
    /// told, and nothing of it counts.
    pub fn find(env: Env, file: Option<Credentials>) -> (Self, Option<crate::chat::Notice>) {
        let (kept, notice) = match file.as_ref().map(Credentials::aliases) {
            None => (Aliases::new(), None),
            Some(Ok(kept)) => (kept, None),
            Some(Err(error)) => {
                let text = format!("{}; its keys are not used. {}", error.tried, error.hint);
                (Aliases::new(), Some(crate::chat::Notice::warning(text.trim_end())))
            }
        };
        (Self { env, file, kept, wanted: None }, notice)
    }

    /// The key of a provider: by the command line, else the config, else `default`, else the only
    /// one that is kept.
    pub fn choose(&self, name: &str, config: &ProviderConfig, preset: Option<&Preset>) -> Chosen {
        let dialect = config.dialect.or(preset.map(|preset| preset.dialect));
        if dialect == Some(Dialect::Demo) {
            return Chosen::none();
        }
        let known = self.known(name, config, preset);
        let has = |alias: &str| known.iter().any(|name| name == alias);
        let written = config.chosen_key.as_ref().map(|(_, alias)| alias.as_str());
        let wanted = self.wanted.as_deref().filter(|alias| has(alias));
        let unknown = written.is_some_and(|alias| !has(alias));
        let alias = wanted.or(written).unwrap_or_else(|| match known.as_slice() {
            [only] => only,
            _ => DEFAULT_ALIAS,
        });
        let (source, ready) = self.source(name, alias, config, preset);
        Chosen { alias: alias.to_owned(), source, ready, known: known.clone(), unknown }
    }

    /// The names of all keys of a provider, `default` first.
    fn known(&self, name: &str, config: &ProviderConfig, preset: Option<&Preset>) -> Vec<String> {
        let kept = self.kept.get(name).into_iter().flatten();
        let mut known: Vec<String> = config.keys.keys().chain(kept).cloned().collect();
        if config.key.is_some() || self.variable(preset) {
            known.push(DEFAULT_ALIAS.to_owned());
        }
        known.sort_by_key(|alias| (alias != DEFAULT_ALIAS, alias.clone()));
        known.dedup();
        known
    }

    /// Whether one of the provider's usual variables is set.
    fn variable(&self, preset: Option<&Preset>) -> bool {
        preset.is_some_and(|preset| preset.key_env.iter().any(|name| self.env.get(name).is_some()))
    }

    fn source(
        &self,
        name: &str,
        alias: &str,
        config: &ProviderConfig,
        preset: Option<&Preset>,
    ) -> (Option<Source>, bool) {
        let default = alias == DEFAULT_ALIAS;
        let written = config.keys.get(alias).or(config.key.as_ref().filter(|_| default));
        if let Some(written) = written {
            return (Some(written.source(&self.env)), self.is_there(written));
        }
        let usual = preset.map(|preset| preset.key_env.clone()).filter(|names| !names.is_empty() && default);
        if let Some(names) = usual.clone().filter(|_| self.variable(preset)) {
            return (Some(KeyConfig::Env(names).source(&self.env)), true);
        }
        let kept = self.kept.get(name).is_some_and(|kept| kept.iter().any(|kept| kept == alias));
        if let Some(file) = self.file.as_ref().filter(|_| kept) {
            return (Some(file.source(name, alias)), true);
        }
        match usual {
            Some(names) => (Some(absent(name, &names)), false),
            None if default => (None, true),
            None => (Some(unnamed(name, alias)), false),
        }
    }

    /// Whether there is something at the end of a way.
    fn is_there(&self, way: &KeyConfig) -> bool {
        match way {
            KeyConfig::Env(names) => names.iter().any(|name| self.env.get(name).is_some()),
            _ => true,
        }
    }
}

impl Chosen {
    fn none() -> Self {
        Self { alias: DEFAULT_ALIAS.to_owned(), source: None, ready: true, known: Vec::new(), unknown: false }
    }
}

/// No variable is set and nothing is kept.
fn absent(name: &str, variables: &[String]) -> Source {
    let tried = match variables {
        [one] => format!("the variable {one} is not set"),
        many => format!("none of the variables {} is set", many.join(", ")),
    };
    let first = variables.first().map_or("KEY", String::as_str);
    Arc::new(MissingKey { tried, hint: format!("salon login {name}, or export {first}=…") })
}

fn unnamed(name: &str, alias: &str) -> Source {
    Arc::new(MissingKey {
        tried: format!("{name} has no key called {alias}"),
        hint: format!("salon login {name} --alias {alias}"),
    })
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
