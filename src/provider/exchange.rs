//! One HTTP exchange with an endpoint: its address, key, headers and clocks, and the fault behind
//! whatever comes back instead of success. The chat path, the catalogue and the account all ask
//! through here; none of them makes a client, reads a key or follows a redirect by itself.
//!
//! It must not try again, and knows no schema of what it carries.

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, Url};
use tokio::time::timeout;

use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Millis;
use crate::chat::Secret;
use crate::provider::Http;
use crate::provider::HttpParts;
use crate::provider::error;
use crate::provider::error::{Head, Party};
use crate::provider::http;
use crate::provider::trouble;
use crate::text::Untrusted;

/// The most bytes of headers (safety R40).
const MOST_HEADER_BYTES: usize = 64 * 1024;

/// The way to one endpoint.
#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) endpoint: Endpoint,
    pub(super) http: Http,
}

/// A response of success whose body was not read yet.
pub(super) struct Opened {
    pub(super) response: Response,
    pub(super) head: Head,
    /// `host:port`, for sentences.
    pub(super) host: String,
}

impl Exchange {
    /// Asks and waits for the head of the response. A `GET` is sent where the parts have no body.
    ///
    /// # Errors
    /// When nothing could be sent, nothing came, or the answer is none of success.
    pub(super) async fn open(&self, parts: HttpParts) -> Result<Opened, Fault> {
        let url = http::address(&self.endpoint, &parts.path)?;
        let key = self.http.key(&self.endpoint).await?;
        let headers = self.headers(&parts, key.as_ref())?;
        let response = self.send(&url, parts.body, headers).await?;
        let head = head_of(&response);
        self.check(&url, &head)?;
        if head.status >= 300 {
            return Err(self.refusal(&head, response).await);
        }
        Ok(Opened { response, head, host: http::host(&url) })
    }

    /// Asks and reads the whole answer, at most `most` bytes of it.
    ///
    /// # Errors
    /// As [`Exchange::open`], and when the body breaks off or is longer.
    pub(super) async fn fetch(&self, parts: HttpParts, most: usize) -> Result<Vec<u8>, Fault> {
        self.fetched(parts, most).await.map_err(|fault| self.redacted(fault))
    }

    async fn fetched(&self, parts: HttpParts, most: usize) -> Result<Vec<u8>, Fault> {
        let Opened { mut response, host, .. } = self.open(parts).await?;
        let within = self.endpoint.timeouts.payload_idle;
        let mut body = Vec::new();
        loop {
            match timeout(within, response.chunk()).await {
                Ok(Ok(Some(bytes))) if body.len().saturating_add(bytes.len()) > most => {
                    let words = format!("{host} sent more than {most} bytes; that much is not read.");
                    return Err(Fault::new(FaultClass::Protocol, words));
                }
                Ok(Ok(Some(bytes))) => body.extend_from_slice(&bytes),
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(error)) => return Err(trouble::in_body(&error, &host)),
                Err(_) => return Err(trouble::no_head(&host, within)),
            }
        }
    }

    fn headers(&self, parts: &HttpParts, key: Option<&Secret>) -> Result<HeaderMap, Fault> {
        let name = &self.endpoint.name;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in &parts.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        if let Some(key) = key {
            let (header, before) = self.endpoint.auth.unwrap_or(parts.auth);
            let value = Secret::new(format!("{before}{}", key.expose()));
            http::add_secret(&mut headers, header, &value, &format!("the key of {name}"))?;
        }
        for (header, value) in &self.endpoint.headers {
            self.http.redactor().learn(value);
            http::add_secret(&mut headers, header, value, &format!("a header of {name} in the config"))?;
        }
        Ok(headers)
    }

    async fn send(&self, url: &Url, body: String, headers: HeaderMap) -> Result<Response, Fault> {
        let timeouts = self.endpoint.timeouts;
        let (http, for_client) = (self.http.clone(), url.clone());
        let client =
            tokio::task::spawn_blocking(move || http.client(&for_client, timeouts.connect))
                .await
                .map_err(|_| Fault::new(FaultClass::Internal, "Making an HTTP client failed.").unsent())??;
        let request =
            if body.is_empty() { client.get(url.clone()) } else { client.post(url.clone()).body(body) };
        // Connecting has its own clock inside of the client.
        match timeout(timeouts.connect + timeouts.headers, request.headers(headers).send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(trouble::before_head(&error, &http::host(url), timeouts.connect)),
            Err(_) => Err(trouble::no_head(&http::host(url), timeouts.headers)),
        }
    }

    /// Refuses what no decoder may see.
    fn check(&self, url: &Url, head: &Head) -> Result<(), Fault> {
        let protocol = |words: String| {
            let hint = "Check the base_url in the config, and what stands between salon and the provider.";
            Err(Fault::new(FaultClass::Protocol, words).hint(hint))
        };
        let size: usize = head.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let host = http::host(url);
        if size > MOST_HEADER_BYTES {
            return protocol(format!(
                "{host} sent {size} bytes of headers; at most {MOST_HEADER_BYTES} are read."
            ));
        }
        if (300..400).contains(&head.status) {
            let target = head.get("location").and_then(|to| url.join(to).ok());
            let target = target.map_or_else(|| "another address".to_owned(), |to| http::host(&to));
            let words = format!("{host} wants the request to go to {target}; redirects are not followed.");
            let hint = format!("If {target} is right, write it in base_url of {}.", self.endpoint.name);
            return Err(Fault { http_status: Some(head.status), ..Fault::new(FaultClass::Protocol, words) }
                .hint(hint));
        }
        match head.get("content-encoding") {
            None | Some("identity" | "") => Ok(()),
            Some(encoding) => {
                protocol(format!("{host} sent a body in the encoding {encoding}, which was not asked for."))
            }
        }
    }

    /// The fault behind a status that is none of success.
    async fn refusal(&self, head: &Head, mut response: Response) -> Fault {
        let mut body: Vec<u8> = Vec::new();
        let read = async {
            while let Ok(Some(bytes)) = response.chunk().await {
                let room = error::MOST_BODY.saturating_sub(body.len());
                body.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                if body.len() >= error::MOST_BODY {
                    break;
                }
            }
        };
        // What has come until then says enough.
        drop(timeout(self.endpoint.timeouts.connect, read).await);
        let party = Party::of(&self.endpoint);
        if head.status == 401 {
            self.http.forget_key(&self.endpoint);
        }
        error::from_response(&party, head, &body, Millis::now())
    }

    /// The fault without the keys that it may quote.
    pub(super) fn redacted(&self, mut fault: Fault) -> Fault {
        fault.message = Untrusted::from(self.http.redactor().redact(fault.message.raw()));
        fault
    }
}

fn head_of(response: &Response) -> Head {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Head {
        status: response.status().as_u16(),
        headers: response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
    }
}
