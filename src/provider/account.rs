//! What OpenRouter says of an account: what a key has spent and may spend, the credits behind it,
//! and what was done in the last days. Money is read from its decimal text; no float touches it.
//!
//! A key for chatting sees its own limits only. Credits and activity are for management keys, and
//! the refusal says so.

mod activity;
mod credits;
mod key;

use serde_json::value::RawValue;

use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Pico;
use crate::provider::Http;
use crate::provider::HttpParts;
use crate::provider::exchange::Exchange;
use crate::text::Untrusted;

pub use activity::{Activity, ActivityRow};
pub use credits::Credits;
pub use key::KeyFacts;

/// Longer answers are no account's.
const MOST: usize = 8 * 1024 * 1024;

/// The limits of the endpoint's key, and what it has spent.
///
/// # Errors
/// When OpenRouter refuses the key or cannot be asked.
pub async fn key_facts(endpoint: &Endpoint, http: &Http) -> Result<KeyFacts, Fault> {
    let body = get(endpoint, http, "/key").await?;
    KeyFacts::read(&body).ok_or_else(|| unreadable(endpoint, "/key"))
}

/// The credits of the account.
///
/// # Errors
/// As [`key_facts`], and when the key is no management key.
pub async fn credits(endpoint: &Endpoint, http: &Http) -> Result<Credits, Fault> {
    let body = get(endpoint, http, "/credits").await.map_err(for_managers)?;
    Credits::read(&body).ok_or_else(|| unreadable(endpoint, "/credits"))
}

/// What was done in the last 30 whole days of UTC.
///
/// # Errors
/// As [`credits()`].
pub async fn activity(endpoint: &Endpoint, http: &Http) -> Result<Activity, Fault> {
    let body = get(endpoint, http, "/activity").await.map_err(for_managers)?;
    Activity::read(&body).ok_or_else(|| unreadable(endpoint, "/activity"))
}

async fn get(endpoint: &Endpoint, http: &Http, path: &str) -> Result<Vec<u8>, Fault> {
    let exchange = Exchange { endpoint: endpoint.clone(), http: http.clone() };
    let parts = HttpParts {
        path: path.to_owned(),
        headers: Vec::new(),
        body: String::new(),
        auth: ("authorization", "Bearer "),
        notes: Vec::new(),
    };
    exchange.fetch(parts, MOST).await
}

fn unreadable(endpoint: &Endpoint, path: &str) -> Fault {
    let words = format!("What {} answers at {path} is not what OpenRouter answers there.", endpoint.name);
    Fault::new(FaultClass::Protocol, words).hint("Check base_url in the config.")
}

/// A refusal of what only management keys may see.
fn for_managers(fault: Fault) -> Fault {
    match fault.http_status {
        Some(403) => fault.hint(
            "This needs a management key of OpenRouter (its settings make one); \
             keep it beside the other: salon login openrouter --alias management.",
        ),
        _ => fault,
    }
}

/// An amount as it stands in the JSON, with quotes or without; nothing when it is no amount.
fn money(raw: Option<&RawValue>) -> Option<Pico> {
    Pico::from_usd(raw?.get().trim_matches('"')).ok()
}

/// A text that is not empty.
fn text(raw: Option<&RawValue>) -> Option<Untrusted> {
    let text: String = serde_json::from_str(raw?.get()).ok()?;
    (!text.is_empty()).then(|| Untrusted::from(text))
}

fn count(raw: Option<&RawValue>) -> Option<u64> {
    raw?.get().parse().ok()
}

fn is_true(raw: Option<&RawValue>) -> bool {
    raw.is_some_and(|raw| raw.get() == "true")
}
