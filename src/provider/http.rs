//! The only constructor of HTTP clients (safety R14 to R17, R41, R42): no redirects, no referer, no
//! content decoding, no retries of its own, HTTP/1.1, keys in headers that never show themselves,
//! and nothing of this machine through a proxy.
//!
//! A client is built at its first use: reading the system's certificates takes longer than a frame.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, Once, OnceLock};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Redactor;
use crate::chat::Secret;
use crate::provider::lessons::LessonBook;

/// So many streams may hold a large frame at the same time; the others are read on when one of these
/// is done. Together they stay within what one room may take (safety R40).
const MOST_LARGE: usize = 3;

/// The most headers of a response.
const MOST_HEADERS: usize = 200;

/// Which rules a client follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rules {
    /// It speaks to this machine only, and never through a proxy.
    loopback: bool,
    /// It may need certificates.
    tls: bool,
    connect: Duration,
}

/// Where clients come from. Clones share them.
#[derive(Clone)]
pub struct Http(Arc<Shared>);

struct Shared {
    redactor: Redactor,
    clients: Mutex<Vec<(Rules, Client)>>,
    /// Keys that were asked for, by provider and alias.
    keys: Mutex<HashMap<(String, String), Secret>>,
    lessons: OnceLock<LessonBook>,
    /// Who may read a large frame.
    large: Arc<Semaphore>,
}

impl Http {
    /// Makes nothing yet. Keys that are used from now on are known to `redactor`.
    #[must_use]
    pub fn new(redactor: Redactor) -> Self {
        Self(Arc::new(Shared {
            redactor,
            clients: Mutex::default(),
            keys: Mutex::default(),
            lessons: OnceLock::new(),
            large: Arc::new(Semaphore::new(MOST_LARGE)),
        }))
    }

    /// From now on what models teach is kept in this book; the first one that is given stays.
    pub fn keep_lessons(&self, lessons: LessonBook) {
        drop(self.0.lessons.set(lessons));
    }

    /// What models taught.
    pub(super) fn lessons(&self) -> &LessonBook {
        self.0.lessons.get_or_init(LessonBook::default)
    }

    /// Waits for the leave to hold a large frame, which ends when the answer is dropped. `None` never
    /// comes while this lives.
    pub(super) async fn leave_for_large(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.large).acquire_owned().await.ok()
    }

    /// What takes the keys out of texts.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// The key of an endpoint, asked for once. Its source may run a command or read a file, so it
    /// is not asked on this thread.
    pub(super) async fn key(&self, endpoint: &Endpoint) -> Result<Option<Secret>, Fault> {
        let Some(source) = endpoint.key.clone() else { return Ok(None) };
        let (name, place) = (&endpoint.name, place(endpoint));
        if let Some(key) = self.0.keys.lock().ok().and_then(|keys| keys.get(&place).cloned()) {
            return Ok(Some(key));
        }
        let asked = tokio::task::spawn_blocking(move || source.key()).await;
        let key = asked
            .map_err(|_| {
                Fault::new(FaultClass::Internal, format!("Asking for the key of {name} failed.")).unsent()
            })?
            .map_err(|error| {
                let words = format!("There is no key for {name}: {}.", error.tried.trim_end_matches('.'));
                Fault::new(FaultClass::Auth, words).hint(error.hint).unsent()
            })?;
        self.0.redactor.learn(&key);
        if let Ok(mut keys) = self.0.keys.lock() {
            keys.insert(place, key.clone());
        }
        Ok(Some(key))
    }

    /// The provider refused the key, or there is another one now: the next request asks its source
    /// again.
    pub fn forget_key(&self, endpoint: &Endpoint) {
        if let Ok(mut keys) = self.0.keys.lock() {
            keys.remove(&place(endpoint));
        }
    }

    /// The client for an address. May read the system's certificates: not for the thread that draws.
    pub(super) fn client(&self, url: &Url, connect: Duration) -> Result<Client, Fault> {
        let rules = Rules { loopback: is_here(url), tls: url.scheme() == "https", connect };
        let broken = || Fault::new(FaultClass::Internal, "The HTTP clients are broken.").unsent();
        let mut clients = self.0.clients.lock().map_err(|_| broken())?;
        if let Some((_, client)) = clients.iter().find(|(known, _)| *known == rules) {
            return Ok(client.clone());
        }
        let client = build(rules).map_err(|error| {
            let words = format!("No HTTP client could be made: {}.", error.without_url());
            Fault::new(FaultClass::Internal, words).unsent()
        })?;
        clients.push((rules, client.clone()));
        Ok(client)
    }
}

fn place(endpoint: &Endpoint) -> (String, String) {
    (endpoint.name.clone(), endpoint.key_alias.clone())
}

fn build(rules: Rules) -> Result<Client, reqwest::Error> {
    static PROVIDER: Once = Once::new();
    // An error says that another one is installed already, which does as well.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let builder = || {
        let builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .http1_only()
            .http1_max_headers(MOST_HEADERS)
            .tcp_nodelay(true)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(rules.connect);
        if rules.loopback { builder.no_proxy() } else { builder }
    };
    if rules.loopback && !rules.tls {
        return builder().tls_certs_only([]).build();
    }
    // Where the system has no certificates at all, plain HTTP still works, and TLS says why it fails.
    builder().build().or_else(|_| builder().tls_certs_only([]).build())
}

/// The address of an endpoint with a path behind it.
pub(super) fn address(endpoint: &Endpoint, path: &str) -> Result<Url, Fault> {
    let name = &endpoint.name;
    let refuse = |words: String| {
        let hint = format!("Write base_url of {name} as in https://openrouter.ai/api/v1.");
        Err(Fault::new(FaultClass::BadRequest, words).hint(hint).unsent())
    };
    // Read by itself first: without a host, the path would become one.
    let base = Url::parse(&endpoint.base_url);
    let Ok((base, url)) = base.and_then(|base| {
        Url::parse(&format!("{}{path}", endpoint.base_url.trim_end_matches('/'))).map(|url| (base, url))
    }) else {
        return refuse(format!("The base_url of {name} is no address."));
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return refuse(format!("The base_url of {name} is no http:// or https:// address."));
    }
    if !url.username().is_empty() || url.password().is_some() || base.query().is_some() {
        return refuse(format!("The base_url of {name} has a user, a password or a query in it."));
    }
    let secrets = endpoint.key.is_some() || !endpoint.headers.is_empty();
    if url.scheme() == "http" && secrets && !is_here(&url) && !endpoint.allow_insecure_http {
        let words = format!("The key of {name} would travel unencrypted to {}; it was not sent.", host(&url));
        let hint = format!(
            "Write https:// in base_url of {name}, or allow_insecure_http = true if you trust the way."
        );
        return Err(Fault::new(FaultClass::BadRequest, words).hint(hint).unsent());
    }
    Ok(url)
}

/// Whether a base URL is of this machine, by its letters: no name is looked up. What is no URL is not.
pub fn is_loopback(base_url: &str) -> bool {
    Url::parse(base_url).is_ok_and(|url| is_here(&url))
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `host:port` of an address, for sentences.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Adds a header whose value shows itself nowhere. `what` names it in the refusal of a bad value.
pub(super) fn add_secret(
    headers: &mut HeaderMap,
    name: &str,
    value: &Secret,
    what: &str,
) -> Result<(), Fault> {
    let refuse = |words: String| Fault::new(FaultClass::Auth, words).unsent();
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| refuse(format!("The name of {what} is no name of a header.")))?;
    let mut value = HeaderValue::from_str(value.expose())
        .map_err(|_| refuse(format!("The value of {what} has characters that no header may have.")))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::openai::tests::endpoint;

    #[test]
    fn keys_travel_unencrypted_on_this_machine_only() {
        let table = [
            ("https://api.example.com/v1", true),
            ("http://localhost:1234/v1", true),
            ("http://LOCALHOST/v1", true),
            ("http://127.0.0.1:8000", true),
            ("http://127.8.9.1", true),
            ("http://[::1]:8080", true),
            ("http://10.0.0.1", false),
            ("http://localhost.evil.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://127.0.0.1@evil.example", false),
            ("https://user:pass@example.com", false),
            ("http://example.com", false),
            ("ftp://localhost", false),
            ("localhost:1234", false),
            ("https://", false),
            ("", false),
        ];
        for (base_url, allowed) in table {
            let mut endpoint = endpoint();
            endpoint.base_url = base_url.to_owned();
            endpoint.headers = vec![("x-key".to_owned(), Secret::new("0123456789"))];
            let address = address(&endpoint, "/chat");
            assert_eq!(address.is_ok(), allowed, "{base_url}");
            assert!(address.err().is_none_or(|fault| fault.unsent && !fault.hint.is_empty()));
        }
    }

    #[test]
    fn insecure_is_allowed_by_the_user_or_without_secrets() {
        let mut endpoint = endpoint();
        endpoint.base_url = "http://10.0.0.1:80/v1/".to_owned();
        assert_eq!(address(&endpoint, "/x").expect("no key").as_str(), "http://10.0.0.1/v1/x");
        endpoint.headers = vec![("x-key".to_owned(), Secret::new("0123456789"))];
        endpoint.allow_insecure_http = true;
        assert!(address(&endpoint, "/x").is_ok());
    }

    #[test]
    fn secrets_in_headers_do_not_show_themselves() {
        let mut headers = HeaderMap::new();
        add_secret(&mut headers, "Authorization", &Secret::new("Bearer sk-CANARY-1"), "the key")
            .expect("a header");
        assert!(!format!("{headers:?}").contains("CANARY"));
        for bad in ["sk-CANARY\n1", "sk-CANARY\u{0}"] {
            let fault = add_secret(&mut headers, "x-key", &Secret::new(bad), "the key").expect_err("refused");
            assert!(!format!("{fault:?}").contains("CANARY"));
        }
        assert!(add_secret(&mut headers, "x key", &Secret::new("v"), "the key").is_err());
    }

    #[test]
    fn clients_are_made_once_for_each_rule() {
        let http = Http::new(Redactor::default());
        let local = Url::parse("http://127.0.0.1:1/").expect("an address");
        for _ in 0..3 {
            http.client(&local, Duration::from_secs(1)).expect("a client");
        }
        assert_eq!(http.0.clients.lock().expect("not poisoned").len(), 1);
    }
}
