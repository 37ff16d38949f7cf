//! Logging in to OpenRouter without a key at hand (OAuth with PKCE, RFC 7636): the page to open, and
//! the exchange of the code that it gives for a key. What is secret stays here: the page is told the
//! digest of a random text, and only who knows that text can use the code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use ring::digest;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use serde::Deserialize;
use serde_json::json;

use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Secret;
use crate::provider::Http;
use crate::provider::HttpParts;
use crate::provider::exchange::Exchange;
use crate::provider::http;

/// Longer answers have no key in them.
const MOST: usize = 64 * 1024;

/// The secret text of one login.
pub struct Pkce {
    verifier: Secret,
}

impl Pkce {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new() -> Result<Self, Fault> {
        Ok(Self { verifier: Secret::new(random_text()?) })
    }

    /// What may be told: the digest of the text.
    #[must_use]
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.verifier.expose().as_bytes()))
    }
}

/// 43 characters that nobody can guess.
pub(super) fn random_text() -> Result<String, Fault> {
    let mut bytes = [0_u8; 32];
    let none = |_| Fault::new(FaultClass::Internal, "The system gives no random numbers.").unsent();
    SystemRandom::new().fill(&mut bytes).map_err(none)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The page where the person agrees. With `callback` the code is sent there; without, the page
/// shows it.
///
/// # Errors
/// When the base URL of the endpoint is no address.
pub fn page(endpoint: &Endpoint, pkce: &Pkce, callback: Option<&str>) -> Result<String, Fault> {
    let mut url: Url = http::address(endpoint, "")?;
    url.set_path("/auth");
    let mut query = url.query_pairs_mut();
    if let Some(callback) = callback {
        query.append_pair("callback_url", callback);
    }
    query.append_pair("code_challenge", &pkce.challenge()).append_pair("code_challenge_method", "S256");
    drop(query);
    Ok(url.to_string())
}

/// The key for a code. Takes the secret text, because a code can be used once.
///
/// # Errors
/// When the code is wrong or too old, or OpenRouter cannot be asked.
pub async fn exchange(endpoint: &Endpoint, http: &Http, code: &Secret, pkce: Pkce) -> Result<Secret, Fault> {
    let mut endpoint = endpoint.clone();
    // This is how one gets a key: none is sent.
    endpoint.key = None;
    http.redactor().learn(code);
    http.redactor().learn(&pkce.verifier);
    let exchange = Exchange { endpoint, http: http.clone() };
    let body = exchange.fetch(parts(code, &pkce), MOST).await.map_err(explained)?;
    let key = key_of(&body).ok_or_else(|| {
        let words = "What came back for the code has no key in it.";
        Fault::new(FaultClass::Protocol, words).hint("Check base_url in the config, and try again.")
    })?;
    http.redactor().learn(&key);
    Ok(key)
}

fn parts(code: &Secret, pkce: &Pkce) -> HttpParts {
    let body = json!({
        "code": code.expose(),
        "code_verifier": pkce.verifier.expose(),
        "code_challenge_method": "S256",
    });
    HttpParts {
        path: "/auth/keys".to_owned(),
        headers: Vec::new(),
        body: body.to_string(),
        auth: ("authorization", "Bearer "),
        notes: Vec::new(),
    }
}

fn key_of(body: &[u8]) -> Option<Secret> {
    #[derive(Deserialize)]
    struct Answer {
        key: String,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let good = !answer.key.is_empty() && answer.key.bytes().all(|byte| byte.is_ascii_graphic());
    good.then(|| Secret::new(answer.key))
}

/// What a refusal of a code means.
fn explained(fault: Fault) -> Fault {
    let again = "Begin again: a code can be used once, for 10 minutes, and by the salon that asked for it.";
    let (words, hint) = match fault.http_status {
        Some(400) => ("OpenRouter does not understand the exchange of the code.", again),
        Some(403) => ("OpenRouter does not take this code: it is wrong, was used, or is too old.", again),
        Some(405) => (
            "This address does not exchange codes.",
            "Write https://openrouter.ai/api/v1 as base_url, or leave it out.",
        ),
        _ => return fault,
    };
    Fault { message: words.into(), hint: hint.to_owned(), ..fault }
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;
