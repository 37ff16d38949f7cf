//! What is written wins over what is known, and what cannot be asked says so.

use std::path::Path;

use super::*;
use crate::chat::Api;
use crate::chat::Limits;

pub(crate) fn preset(name: &str, variables: &[&str], defaults: &[&str]) -> Preset {
    let demo = name == "demo";
    Preset {
        name: name.to_owned(),
        dialect: if demo { Dialect::Demo } else { Dialect::OpenAi },
        base_url: if demo { String::new() } else { format!("https://{name}.example/v1") },
        base_env: Vec::new(),
        base_path: String::new(),
        key_env: variables.iter().map(|name| (*name).to_owned()).collect(),
        defaults: defaults.iter().map(|id| (*id).to_owned()).collect(),
        quirks: Quirks::default(),
        tariff: if demo { Tariff::Play } else { Tariff::Metered },
        auth: None,
        local: name == "ollama",
        host_env: (name == "ollama").then(|| "OLLAMA_HOST".to_owned()),
        concurrency: (name == "ollama").then_some(1),
    }
}

pub(crate) fn presets() -> Vec<Preset> {
    vec![
        preset("openrouter", &["OR_KEY"], &["a/one", "b/two", "c/three"]),
        preset("openai", &["OA_KEY"], &["four"]),
        preset("ollama", &[], &["qwen"]),
        preset("demo", &[], &["tour"]),
    ]
}

pub(crate) fn loaded(text: &str) -> Loaded {
    crate::config::parse(Path::new("config.toml"), text.to_owned())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

/// These variables, and nothing kept.
pub(crate) fn keys(env: &[(&str, &str)]) -> Keys {
    Keys { env: Env::of(env), ..Keys::default() }
}

fn built(text: &str, env: &[(&str, &str)]) -> Endpoints {
    let (endpoints, errors) = Endpoints::build(&loaded(text), &presets(), &keys(env));
    assert_eq!(errors, []);
    endpoints
}

#[test]
fn a_preset_is_there_and_ready_with_its_variable() {
    let endpoints = built("", &[("OR_KEY", "sk-CANARY-1")]);
    let router = endpoints.get("openrouter").expect("known");
    assert!(router.ready);
    assert_eq!(router.endpoint.key.as_ref().expect("a source").key().expect("a key").expose(), "sk-CANARY-1");
    let openai = endpoints.get("openai").expect("known");
    assert!(!openai.ready);
    let error = openai.endpoint.key.as_ref().expect("a source").key().expect_err("none");
    assert_eq!(error.tried, "the variable OA_KEY is not set");
    assert!(endpoints.get("ollama").is_some_and(|known| known.ready && known.endpoint.key.is_none()));
}

#[test]
fn what_is_written_wins() {
    let text = "[provider.openai]\nbase_url = \"http://127.0.0.1:9/v1/\"\napi_key = { env = \"MINE\" }\nretries = 0\n\
                concurrency = 3\nrate = 30\nthink_tags = false\nmax_completion_tokens = true\ntimeouts = { idle = 7 }\n";
    let endpoints = built(text, &[("MINE", "sk-mine-mine"), ("OA_KEY", "sk-other-other")]);
    let endpoint = &endpoints.get("openai").expect("known").endpoint;
    assert_eq!(endpoint.base_url, "http://127.0.0.1:9/v1");
    assert_eq!(endpoint.key.as_ref().expect("a source").key().expect("a key").expose(), "sk-mine-mine");
    assert_eq!(endpoint.limits, Limits { concurrency: 3, retries: 0, rate: Some(30) });
    assert!(endpoint.quirks.max_completion_tokens && !endpoint.quirks.think_tags);
    assert_eq!(endpoint.timeouts.transport_idle, Duration::from_secs(7));
    assert_eq!(endpoint.timeouts.headers, Timeouts::LOCAL.headers, "a model may have to be loaded first");
    assert_eq!(endpoint.tariff, Tariff::Metered, "an address on this machine may be a paid gateway");
}

#[test]
fn an_own_server_needs_an_address() {
    let text = "[provider.openruter]\nretries = 1\n";
    let (endpoints, errors) = Endpoints::build(&loaded(text), &presets(), &keys(&[]));
    assert!(endpoints.get("openruter").is_some(), "its models are not said to be unknown too");
    let errors: Vec<String> = errors.into_iter().map(|(_, text)| text).collect();
    assert!(errors[0].contains("config.toml:1:11: the provider openruter has no base_url"), "{}", errors[0]);
    assert!(errors[0].contains("did you mean [provider.openrouter]?"), "{}", errors[0]);
}

#[test]
fn a_key_travels_in_clear_on_this_machine_only() {
    for (url, near) in [
        ("http://localhost:8000/v1", true),
        ("http://127.1.2.3/v1", true),
        ("http://[::1]:80/v1", true),
        ("http://10.0.0.1/v1", false),
        ("http://localhost.evil.example/v1", false),
        ("http://127.0.0.1.evil.example/v1", false),
        ("https://a.example/v1", false),
    ] {
        assert_eq!(is_loopback(url), near, "{url}");
        let text = format!("[provider.x]\nbase_url = \"{url}\"\napi_key = {{ env = \"X\" }}\n");
        let refused = |text: &str| !Endpoints::build(&loaded(text), &presets(), &keys(&[])).1.is_empty();
        assert_eq!(refused(&text), !near && url.starts_with("http://"), "{url}");
        assert!(!refused(&format!("{text}allow_insecure_http = true\n")), "{url}");
    }
}

#[test]
fn a_header_without_its_variable_stands_in_the_way() {
    let text = "[provider.x]\nbase_url = \"https://x.example/v1\"\nheaders = { X-A = \"plain\", X-B = { env = \"B\" } }\n";
    let endpoints = built(text, &[]);
    let endpoint = &endpoints.get("x").expect("known").endpoint;
    assert!(
        endpoint.key.as_ref().is_some_and(|key| key.key().is_err_and(|error| error.tried.contains("x-b")))
    );
    let endpoints = built(text, &[("B", "blue")]);
    let endpoint = &endpoints.get("x").expect("known").endpoint;
    assert_eq!((endpoint.key.is_none(), endpoint.headers.len()), (true, 2));
}

#[test]
fn ollama_is_where_its_variable_says_and_runs_one_at_a_time() {
    let of = |text: &str, env: &[(&str, &str)]| {
        let endpoints = built(text, env);
        let endpoint = &endpoints.get("ollama").expect("known").endpoint;
        (endpoint.base_url.clone(), endpoint.limits.concurrency)
    };
    assert_eq!(of("", &[]), ("https://ollama.example/v1".to_owned(), 1));
    assert_eq!(of("", &[("OLLAMA_HOST", "box:9")]), ("http://box:9".to_owned(), 1));
    let written = "[provider.ollama]\nbase_url = \"http://127.0.0.1:7\"\nconcurrency = 4\n";
    assert_eq!(of(written, &[("OLLAMA_HOST", "box:9")]), ("http://127.0.0.1:7".to_owned(), 4));
}

#[test]
fn the_address_for_openai_s_format_is_ollama_s_too() {
    let text = "[provider.mine]\ndialect = \"ollama\"\nbase_url = \"http://127.0.0.1:7/v1\"\n";
    let endpoints = built(text, &[]);
    assert_eq!(endpoints.get("mine").expect("known").endpoint.base_url, "http://127.0.0.1:7");
}

#[test]
fn what_is_written_of_a_model_goes_with_its_endpoint() {
    let text = "[model.\"openai/o3\"]\napi = \"responses\"\nheaders = { X-A = \"plain\", X-B = { env = \"B\" } }\n\
                [model.\"openai/o4\"]\nalias = \"o\"\n[provider.openai]\napi = \"chat\"\n";
    let endpoints = built(text, &[("B", "blue")]);
    let openai = &endpoints.get("openai").expect("known").endpoint;
    assert_eq!(openai.quirks.api, Some(Api::Chat));
    let way = openai.models.get("o3").expect("a way");
    assert_eq!((way.api, way.headers.len(), way.missing.is_none()), (Some(Api::Responses), 2, true));
    assert!(!openai.models.contains_key("o4") && openai.headers.is_empty());
    let endpoints = built(text, &[]);
    let way = endpoints.get("openai").and_then(|known| known.endpoint.models.get("o3")).expect("a way");
    let error = way.missing.as_ref().expect("its variable").key().expect_err("not set");
    assert!(error.tried.contains("the variable B is not set"), "{}", error.tried);
}

#[test]
fn an_address_of_ones_own_comes_from_config_or_environment() {
    let built = |text: &str, env: &[(&str, &str)]| {
        let (endpoints, errors) = Endpoints::build(&loaded(text), crate::provider::presets(), &keys(env));
        let azure = endpoints.get("azure").expect("known");
        (azure.endpoint.base_url.clone(), azure.ready, azure.endpoint.auth, errors.len())
    };
    let auth = Some(("api-key", ""));
    let key = ("AZURE_OPENAI_API_KEY", "0123456789");
    let own = "https://res.openai.azure.com/openai/v1".to_owned();
    assert_eq!(built("", &[key]), (String::new(), false, auth, 0), "a key alone is no address");
    for address in ["https://res.openai.azure.com", "https://res.openai.azure.com/", &own] {
        assert_eq!(built("", &[key, ("AZURE_OPENAI_ENDPOINT", address)]), (own.clone(), true, auth, 0));
    }
    let text = format!("[provider.azure]\nbase_url = \"{own}\"\n");
    assert_eq!(built(&text, &[key]), (own.clone(), true, auth, 0));
    assert_eq!(built("[provider.azure]\nretries = 1\n", &[key]).3, 1, "whoever writes of it must say where");
}

#[test]
fn another_name_for_a_known_server_finds_its_prices() {
    let text = "[provider.work]\nbase_url = \"https://openai.example/v1/\"\n\
                [provider.lab]\nbase_url = \"https://openai.example/v2\"\n\
                [provider.demo2]\ndialect = \"demo\"\n";
    let endpoints = built(text, &[]);
    let book_as = |name: &str| endpoints.get(name).expect("known").book_as.clone();
    assert_eq!(book_as("work").as_deref(), Some("openai"));
    for name in ["lab", "demo2", "openai"] {
        assert_eq!(book_as(name), None, "{name}");
    }
}

#[test]
fn how_tokens_are_paid_for_can_be_written() {
    for (written, tariff) in [
        ("", Tariff::Metered),
        ("tariff = \"metered\"\n", Tariff::Metered),
        ("tariff = \"free\"\n", Tariff::Free),
        ("tariff = \"subscription\"\n", Tariff::Subscription),
        ("local = true\n", Tariff::Local),
        ("local = true\ntariff = \"metered\"\n", Tariff::Metered),
    ] {
        let endpoints = built(&format!("[provider.openai]\n{written}"), &[]);
        assert_eq!(endpoints.tariff("openai"), tariff, "{written}");
    }
}
