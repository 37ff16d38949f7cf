//! Model servers on this machine: who answers at an address, told by the shape of the answer and not
//! by the port alone. No key and no header of the user's is ever sent, since nobody knows yet who
//! listens there.

use std::time::Duration;

use serde_json::Value;

use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::provider::Http;
use crate::provider::HttpParts;
use crate::provider::catalogue;
use crate::provider::catalogue::Catalogue;
use crate::provider::exchange::Exchange;
use crate::provider::http;

/// A server on this machine answers at once or is not there.
const CONNECT: Duration = Duration::from_millis(300);
const ANSWER: Duration = Duration::from_millis(1500);

/// Longer answers are another's.
const MOST: usize = 4 * 1024 * 1024;

/// How a kind of server is known by its answer.
struct Kind {
    /// The name of its preset.
    name: &'static str,
    /// In which format it lists them.
    dialect: Dialect,
    /// Where it lists its models, behind the base URL without its `/v1`.
    path: &'static str,
    /// Whether the answer is its own.
    is: fn(&Value) -> bool,
}

const KINDS: &[Kind] = &[
    Kind { name: "ollama", dialect: Dialect::Ollama, path: "/api/tags", is: is_ollama },
    Kind {
        name: "llamacpp",
        dialect: Dialect::OpenAi,
        path: "/v1/models",
        is: |answer| any_model(answer, is_llamacpp),
    },
    Kind {
        name: "vllm",
        dialect: Dialect::OpenAi,
        path: "/v1/models",
        is: |answer| any_model(answer, is_vllm),
    },
    Kind {
        name: "lmstudio",
        dialect: Dialect::OpenAi,
        path: "/v1/models",
        is: |answer| is_list(answer) && !any_model(answer, |model| is_llamacpp(model) || is_vllm(model)),
    },
];

/// The models of the server behind an endpoint, when it is one on this machine that answers like
/// the server of that name; an endpoint of another name must list models as OpenAI does.
pub async fn find_local(endpoint: &Endpoint, http: &Http) -> Option<Vec<String>> {
    if !http::is_loopback(&endpoint.base_url) {
        return None;
    }
    let kind = KINDS.iter().find(|kind| kind.name == endpoint.name);
    let mut asked = endpoint.clone();
    asked.base_url = root(&endpoint.base_url).to_owned();
    asked.key = None;
    asked.headers = Vec::new();
    asked.timeouts.connect = CONNECT;
    asked.timeouts.headers = ANSWER;
    asked.timeouts.payload_idle = ANSWER;
    let path = kind.map_or("/v1/models", |kind| kind.path);
    let parts = HttpParts {
        path: path.to_owned(),
        headers: Vec::new(),
        body: String::new(),
        auth: ("authorization", "Bearer "),
        notes: Vec::new(),
    };
    let exchange = Exchange { endpoint: asked, http: http.clone() };
    let body = exchange.fetch(parts, MOST).await.ok()?;
    let answer: Value = serde_json::from_slice(&body).ok()?;
    let fits = kind.map_or_else(|| is_list(&answer), |kind| (kind.is)(&answer));
    let body = String::from_utf8(body).ok().filter(|_| fits)?;
    catalogue::read(&endpoint.name, kind.map_or(Dialect::OpenAi, |kind| kind.dialect), &[body])
        .ok()
        .map(Catalogue::into_ids)
}

/// A base URL without the version path that OpenAI's format has.
fn root(base_url: &str) -> &str {
    base_url.strip_suffix("/v1").unwrap_or(base_url)
}

/// Every model that it has was pulled by its digest.
fn is_ollama(answer: &Value) -> bool {
    let models = answer["models"].as_array();
    models.is_some_and(|models| {
        models.iter().all(|model| model["name"].is_string() && model["digest"].is_string())
    })
}

fn is_llamacpp(model: &Value) -> bool {
    model["owned_by"] == "llamacpp"
}

fn is_vllm(model: &Value) -> bool {
    model["owned_by"] == "vllm" || model["max_model_len"].is_u64()
}

/// A list as OpenAI's format has it.
fn is_list(answer: &Value) -> bool {
    let models = answer["data"].as_array();
    answer["object"] == "list"
        && models.is_some_and(|models| models.iter().all(|model| model["id"].is_string()))
}

fn any_model(answer: &Value, is: impl Fn(&Value) -> bool) -> bool {
    is_list(answer) && answer["data"].as_array().is_some_and(|models| models.iter().any(is))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Redactor;
    use crate::chat::Secret;
    use crate::provider::driver_tests::mock::{Mock, response};
    use crate::provider::openai::tests::endpoint;

    fn recorded(name: &str) -> String {
        let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("a recording")
    }

    #[test]
    fn servers_are_known_by_their_answers() {
        let lists = [
            ("ollama", recorded("ollama-tags.json")),
            ("llamacpp", recorded("llamacpp-models.json")),
            ("vllm", recorded("vllm-models.json")),
            ("lmstudio", r#"{"object":"list","data":[{"id":"qwen3-8b","object":"model"}]}"#.to_owned()),
            ("nobody", r#"{"models":[{"name":"x"}]}"#.to_owned()),
            ("nobody", r#"{"status":"ok"}"#.to_owned()),
            ("nobody", r#"{"object":"list","data":[{"name":"x"}]}"#.to_owned()),
        ];
        for kind in KINDS {
            for (name, text) in &lists {
                let answer: Value = serde_json::from_str(text).expect("JSON");
                assert_eq!((kind.is)(&answer), kind.name == *name, "{} at {name}: {text}", kind.name);
            }
        }
        let empty: Value = serde_json::from_str(r#"{"models":[]}"#).expect("JSON");
        assert!(is_ollama(&empty), "one without models is there all the same");
    }

    #[tokio::test]
    async fn the_endpoints_address_is_asked_and_no_key_is_sent() {
        let http = Http::new(Redactor::default());
        for (name, path, body, found) in [
            ("ollama", "/api/tags", recorded("ollama-tags.json"), Some(2)),
            ("vllm", "/v1/models", recorded("vllm-models.json"), Some(1)),
            ("vllm", "/v1/models", recorded("llamacpp-models.json"), None),
            ("mine", "/v1/models", recorded("llamacpp-models.json"), Some(1)),
            ("ollama", "/api/tags", "<html>".to_owned(), None),
        ] {
            let mock = Mock::always(response("200 OK", "application/json", &body));
            let mut endpoint = endpoint();
            endpoint.name = name.to_owned();
            endpoint.base_url = format!("{}/v1", mock.url());
            endpoint.headers = vec![("x-mine".to_owned(), Secret::new("sk-CANARY-01234"))];
            let models = find_local(&endpoint, &http).await;
            assert_eq!(models.map(|models| models.len()), found, "{name} {body}");
            let seen = mock.seen().requests;
            assert!(seen[0].head.starts_with(&format!("GET {path} ")), "{}", seen[0].head);
            assert!(!seen[0].head.contains("CANARY") && seen[0].header("authorization").is_none());
        }
        let mut far = endpoint();
        far.base_url = "https://api.example.com/v1".to_owned();
        assert_eq!(find_local(&far, &http).await, None);
    }
}
