//! Keys as they stand in the file: never themselves, but the ways to them, and what they are called.

use std::path::PathBuf;

use toml::de::DeValue;

use crate::config::KeyConfig;
use crate::config::ProviderConfig;
use crate::config::credentials::alias as alias_of_key;
use crate::config::explain::nearest;
use crate::config::value::Value;
use crate::config::value::Walk;

/// The ways to a key, as they are told to who writes one into the file.
const WAYS: &str =
    "write { env = \"VARIABLE\" }, { command = [\"pass\", \"show\", \"name\"] } or { file = \"/path\" }";

/// `api_key`, and each of `keys`.
pub(super) fn api_key(value: &Value<'_>, walk: &mut Walk<'_>) -> Option<KeyConfig> {
    let DeValue::Table(table) = value.get_ref() else {
        walk.error(&value.span(), "a key does not stand in the config", WAYS);
        return None;
    };
    let mut ways = table.iter();
    let (Some((name, way)), None) = (ways.next(), ways.next()) else {
        walk.error(&value.span(), "api_key says one way to the key", WAYS);
        return None;
    };
    match name.get_ref().as_ref() {
        "env" => walk.strings(way).map(KeyConfig::Env),
        "command" => walk.strings(way).map(KeyConfig::Command),
        "file" => walk.name(way).map(|path| {
            let path = PathBuf::from(path);
            KeyConfig::File(if path.starts_with("~") { path } else { walk.beside.join(path) })
        }),
        #[cfg(feature = "keyring")]
        "keyring" => walk.name(way).map(KeyConfig::Keyring),
        #[cfg(not(feature = "keyring"))]
        "keyring" => {
            let hint = format!(
                "this salon is built without the system's keyring: cargo install --features keyring; or {WAYS}"
            );
            walk.error(&name.span(), "keyring is not built in", &hint);
            None
        }
        other => {
            // The name is quoted only when it is near a known one: it may be a key that was put wrong.
            let hint = match nearest(other, ["env", "command", "file", "keyring"]) {
                Some(near) => format!("did you mean {near}?"),
                None => WAYS.to_owned(),
            };
            walk.error(&name.span(), "this is no way to a key", &hint);
            None
        }
    }
}

/// What a key is called. The name is not quoted: it may be a key that was put wrong.
pub(super) fn key_name(value: &Value<'_>, walk: &mut Walk<'_>) -> Option<String> {
    let text = walk.name(value)?;
    match alias_of_key(&text) {
        Ok(name) => Some(name),
        Err(why) => {
            walk.error(&value.span(), "this is no name of a key", &why);
            None
        }
    }
}

/// `[provider.NAME.keys]`: a name and the way to its key, one a line.
pub(super) fn more_keys(provider: &mut ProviderConfig, value: &Value<'_>, walk: &mut Walk<'_>) {
    let Some(table) = walk.table(value, "a table, as in { work = { env = \"WORK_KEY\" } }") else { return };
    for (name, way) in table {
        match alias_of_key(name.get_ref()) {
            Ok(alias) => {
                provider.keys.extend(api_key(way, walk).map(|key| (alias, key)));
            }
            Err(why) => walk.error(&name.span(), "this is no name of a key", &why),
        }
    }
}
