//! The cheapest question that tells whether a provider is there and takes a key: the list of its
//! models, or what OpenRouter says of a key. Nothing is generated, so that nothing is paid.
//!
//! Prices and abilities are the catalogue's; here only names are read.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::provider::Http;
use crate::provider::HttpParts;
use crate::provider::account;
use crate::provider::account::KeyFacts;
use crate::provider::exchange::Exchange;

/// Larger lists are not read.
const MOST: usize = 32 * 1024 * 1024;

/// What a provider said of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It takes the key, and says what it may spend.
    Key(Box<KeyFacts>),
    /// It takes the key, and lists so many models.
    Models(usize),
    /// It is there, and has no cheap question that would tell.
    Untold,
}

/// How the models of a dialect are listed.
struct Row {
    dialect: Dialect,
    path: &'static str,
    auth: (&'static str, &'static str),
    headers: &'static [(&'static str, &'static str)],
}

const BEARER: (&str, &str) = ("authorization", "Bearer ");

const ROWS: &[Row] = &[
    Row { dialect: Dialect::OpenAi, path: "/models", auth: BEARER, headers: &[] },
    Row { dialect: Dialect::OpenRouter, path: "/models?output_modalities=all", auth: BEARER, headers: &[] },
    Row {
        dialect: Dialect::Anthropic,
        path: "/models?limit=1000",
        auth: ("x-api-key", ""),
        headers: &[("anthropic-version", "2023-06-01")],
    },
    Row {
        dialect: Dialect::Gemini,
        path: "/models?pageSize=1000",
        auth: ("x-goog-api-key", ""),
        headers: &[],
    },
    Row { dialect: Dialect::Ollama, path: "/api/tags", auth: BEARER, headers: &[] },
];

/// The ids of the models that an endpoint lists.
///
/// # Errors
/// When it cannot be asked, refuses, or answers something else.
pub async fn model_ids(endpoint: &Endpoint, http: &Http) -> Result<Vec<String>, Fault> {
    let Some(row) = ROWS.iter().find(|row| row.dialect == endpoint.dialect) else { return Ok(Vec::new()) };
    let headers = row.headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let parts = HttpParts {
        path: row.path.to_owned(),
        headers,
        body: String::new(),
        auth: row.auth,
        notes: Vec::new(),
    };
    let exchange = Exchange { endpoint: endpoint.clone(), http: http.clone() };
    let body = exchange.fetch(parts, MOST).await?;
    ids(&body).ok_or_else(|| {
        let words = format!("What {} answers at {} is no list of models.", endpoint.name, row.path);
        Fault::new(FaultClass::Protocol, words).hint("Check base_url in the config.")
    })
}

/// Asks whether the endpoint's key is taken.
///
/// # Errors
/// When it is refused, or the provider cannot be asked.
pub async fn check_key(endpoint: &Endpoint, http: &Http) -> Result<Answered, Fault> {
    if endpoint.dialect == Dialect::OpenRouter {
        return account::key_facts(endpoint, http).await.map(|facts| Answered::Key(Box::new(facts)));
    }
    match model_ids(endpoint, http).await {
        Ok(ids) => Ok(Answered::Models(ids.len())),
        // Some have no list; that they say so means that they are there.
        Err(fault) if matches!(fault.http_status, Some(404 | 405 | 501)) => Ok(Answered::Untold),
        Err(fault) => Err(fault),
    }
}

/// The ids in a list of models, whoever sent it: `data[].id`, a bare array, `models[].name`.
pub(super) fn ids(body: &[u8]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Whole<'a> {
        #[serde(borrow)]
        data: Option<Vec<&'a RawValue>>,
        #[serde(borrow)]
        models: Option<Vec<&'a RawValue>>,
    }
    #[derive(Deserialize)]
    struct Item {
        id: Option<String>,
        name: Option<String>,
    }
    let items = match serde_json::from_slice::<Whole<'_>>(body) {
        Ok(Whole { data, models }) => data.or(models)?,
        Err(_) => serde_json::from_slice::<Vec<&RawValue>>(body).ok()?,
    };
    let id = |raw: &RawValue| {
        let item: Item = serde_json::from_str(raw.get()).ok()?;
        let id = item.id.or(item.name)?;
        // Gemini names its models as parts of a path.
        Some(id.strip_prefix("models/").unwrap_or(&id).to_owned())
    };
    Some(items.into_iter().filter_map(id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_of_models_is_read() {
        let list = |name: &str| {
            let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
            ids(&std::fs::read(path).expect("a recording")).expect("a list")
        };
        assert_eq!(list("openai-models.json"), ["gpt-example-5", "gpt-example-4"]);
        assert_eq!(list("compat-models-bare-array.json"), ["meta-quill/Quill-70B"]);
        assert_eq!(list("gemini-models.json")[0], "pine-pro-3");
        assert_eq!(list("ollama-tags.json"), ["quill-r2:8b", "orbit-oss:120b-cloud"]);
        assert_eq!(list("vllm-models.json"), ["quill-lab/Quill-R2"]);
        assert!(!list("anthropic-models.json").is_empty());
        assert_eq!(ids(b"{\"data\":[{\"id\":7},{},null,{\"id\":\"a\"}]}"), Some(vec!["a".to_owned()]));
        for other in [&b"<html>"[..], b"{}", b"{\"data\":7}", b"7", b""] {
            assert_eq!(ids(other), None);
        }
    }

    #[test]
    fn every_dialect_that_is_asked_over_http_has_a_row() {
        for (dialect, name) in Dialect::ALL {
            let row = ROWS.iter().any(|row| row.dialect == dialect);
            assert_eq!(row, dialect != Dialect::Demo, "{name}");
        }
    }
}
