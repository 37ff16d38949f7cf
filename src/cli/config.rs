//! `salon config`: where the config is, a first one, and what is in force. Values of keys are never
//! read here, so that they cannot be shown.

use std::path::Path;

use crate::chat::Endpoint;
use crate::cli::out::Out;
use crate::config;
use crate::config::Config;
use crate::config::Source;
use crate::text::Untrusted;

/// A provider as it is in force.
pub struct ProviderLine<'a> {
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// Whether it has a key, or needs none.
    pub ready: bool,
}

/// Prints where the config is, whether it is there or not.
pub fn path(path: &Path, out: &mut Out) -> u8 {
    out.text(&Untrusted::from(format!("{}\n", path.display())));
    0
}

/// Writes a first config; never over one that is there.
pub fn init(path: &Path, out: &mut Out) -> u8 {
    match config::init(path) {
        Ok(()) => {
            out.tell(&format!(
                "salon: wrote {}; every key in it is explained and commented out",
                path.display()
            ));
            0
        }
        Err(error) => {
            out.tell(&format!("salon: {error}"));
            1
        }
    }
}

/// Says that nothing is wrong; what is wrong was told before.
pub fn check(config: &Config, source: Option<&Source>, path: &Path, out: &mut Out) -> u8 {
    let name = path.display().to_string();
    let name = Untrusted::from(name.as_str());
    if source.is_none() {
        out.line(format_args!("{}: there is no such file; everything is as built in", name.line()));
    } else {
        out.line(format_args!(
            "{}: nothing is wrong ({} providers, {} models, {} line-ups)",
            name.line(),
            config.providers.len(),
            config.models.len(),
            config.lineups.len()
        ));
    }
    0
}

/// Prints what is in force: providers with the way to their key, line-ups, budgets.
pub fn show(config: &Config, providers: &[ProviderLine<'_>], path: &Path, out: &mut Out) -> u8 {
    let mut lines = vec![format!("config   {}", path.display())];
    for ProviderLine { endpoint, ready } in providers {
        let key = endpoint
            .key
            .as_ref()
            .map_or("no key needed".to_owned(), |key| format!("key: {}", key.describe()));
        let state = if *ready { "" } else { " (not there)" };
        let url = if endpoint.base_url.is_empty() { "offline" } else { &endpoint.base_url };
        lines.push(format!(
            "provider {} · {} · {url} · {key}{state}",
            endpoint.name,
            endpoint.dialect.name()
        ));
    }
    if let Some(name) = &config.lineup {
        lines.push(format!("lineup   {name} for new rooms"));
    }
    for (name, seats) in &config.lineups {
        let models: Vec<&str> = seats.iter().map(|seat| seat.model.as_str()).collect();
        lines.push(format!("lineup   {name}: {}", models.join(", ")));
    }
    for (model, written) in &config.models {
        let alias = written.alias.as_ref().map(|alias| format!(" as {alias}")).unwrap_or_default();
        lines.push(format!("model    {model}{alias}"));
    }
    let budget = &config.budget;
    for (span, limit) in
        [("day", budget.day), ("week", budget.week), ("month", budget.month), ("room", budget.room)]
    {
        if let Some(limit) = limit {
            lines.push(format!("budget   ${} a {span}", limit.usd()));
        }
    }
    for line in lines {
        out.line(Untrusted::from(line).line());
    }
    0
}
