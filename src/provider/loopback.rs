//! The one page that salon serves while somebody logs in by the browser: it takes the code that the
//! provider sends back, says so, and is gone. On this machine only, at a port and a path that nobody
//! can guess, for one answer, for a few minutes.
//!
//! It must not read a body, follow anything that the request says, or show what came.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Secret;
use crate::provider::oauth::random_text;

/// Browsers open connections that they do not use: none of them may hold up the one that counts.
const AT_ONCE: usize = 16;

/// How long one connection may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest head of a request.
const MOST: usize = 8 * 1024;

/// The longest code.
const LONGEST: usize = 512;

/// A page that waits for a code.
pub struct Loopback {
    listener: TcpListener,
    path: String,
    address: String,
}

/// What a request brought.
enum Brought {
    Code(Secret),
    /// The person did not agree.
    Refused,
}

impl Loopback {
    /// Opens it on a port that is free.
    ///
    /// # Errors
    /// When the system gives no port.
    pub async fn open() -> Result<Self, Fault> {
        let no_port = |error: std::io::Error| {
            let words = format!("No page can be opened on this machine: {error}.");
            Fault::new(FaultClass::Internal, words).hint("Log in with --paste.").unsent()
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let port = listener.local_addr().map_err(no_port)?.port();
        // The path is the state of the login: who does not know it brings no code.
        let path = format!("/cb/{}", random_text()?);
        Ok(Self { listener, address: format!("http://127.0.0.1:{port}{path}"), path })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits for the code.
    ///
    /// # Errors
    /// When none comes in time, or the person did not agree.
    pub async fn code(self, within: Duration) -> Result<Secret, Fault> {
        match timeout(within, self.brought()).await {
            Ok(Some(Brought::Code(code))) => Ok(code),
            Ok(Some(Brought::Refused)) => {
                let words = "The login was refused in the browser.";
                Err(Fault::new(FaultClass::Auth, words).hint("Nothing was kept. Begin again to log in."))
            }
            Ok(None) => {
                Err(Fault::new(FaultClass::Internal, "The page that waited for the login has broken."))
            }
            Err(_) => {
                let words = format!("No code came within {} s.", within.as_secs());
                Err(Fault::new(FaultClass::Timeout, words)
                    .hint("Begin again, or log in with --paste where the browser is on another machine."))
            }
        }
    }

    async fn brought(self) -> Option<Brought> {
        let (sender, mut receiver) = mpsc::channel(1);
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let path: Arc<str> = self.path.into();
        loop {
            tokio::select! {
                brought = receiver.recv() => return brought,
                accepted = self.listener.accept() => {
                    let (Ok((stream, _)), Ok(place)) = (accepted, Arc::clone(&places).try_acquire_owned()) else {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue;
                    };
                    let (sender, path) = (sender.clone(), Arc::clone(&path));
                    tokio::spawn(async move {
                        let brought = timeout(PATIENCE, serve(stream, &path)).await;
                        if let Ok(Some(brought)) = brought {
                            drop(sender.try_send(brought));
                        }
                        drop(place);
                    });
                }
            }
        }
    }
}

async fn serve(mut stream: TcpStream, path: &str) -> Option<Brought> {
    let mut head = Vec::new();
    let mut piece = [0_u8; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        head.extend_from_slice(piece.get(..count)?);
        if head.len() > MOST {
            return None;
        }
    }
    let (status, words, brought) = match answer(&head, path) {
        Ok(Brought::Code(code)) => {
            ("200 OK", "salon has what it needs. You can close this page.", Some(Brought::Code(code)))
        }
        Ok(Brought::Refused) => {
            ("200 OK", "salon was not let in. You can close this page.", Some(Brought::Refused))
        }
        Err(status) => (status, "This page is salon's, and there is nothing here.", None),
    };
    drop(stream.write_all(page(status, words).as_bytes()).await);
    drop(stream.shutdown().await);
    brought
}

/// What a request brings; else the status of its refusal.
fn answer(head: &[u8], path: &str) -> Result<Brought, &'static str> {
    let head = std::str::from_utf8(head).map_err(|_| "400 Bad Request")?;
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method != "GET" {
        return Err("405 Method Not Allowed");
    }
    let url = Url::parse(&format!("http://127.0.0.1{target}")).map_err(|_| "400 Bad Request")?;
    if !target.starts_with('/') || url.path() != path {
        return Err("404 Not Found");
    }
    let member =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    // The path is the state already; one that is told besides must be the same.
    let state = path.rsplit('/').next().unwrap_or_default();
    if member("state").is_some_and(|told| told != state) {
        return Err("403 Forbidden");
    }
    if member("error").is_some() {
        return Ok(Brought::Refused);
    }
    let good = |code: &String| {
        !code.is_empty() && code.len() <= LONGEST && code.bytes().all(|byte| byte.is_ascii_graphic())
    };
    member("code").filter(good).map(|code| Brought::Code(Secret::new(code))).ok_or("400 Bad Request")
}

fn page(status: &str, words: &str) -> String {
    let body = format!("<!doctype html><meta charset=utf-8><title>salon</title><p>{words}</p>\n");
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\ncontent-security-policy: default-src 'none'\r\n\
         x-content-type-options: nosniff\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(address: &str, line: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(format!("{line}\r\nHost: {address}\r\n\r\n").as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer.lines().next().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn only_the_right_path_brings_a_code() {
        let page = Loopback::open().await.expect("a page");
        let (host, path) = (page.listener.local_addr().expect("a port"), page.path.clone());
        assert!(host.ip().is_loopback() && page.address() == format!("http://{host}{path}"));
        let host = host.to_string();
        let waiting = tokio::spawn(page.code(Duration::from_secs(20)));
        // Opened and not used, as browsers do.
        let idle = TcpStream::connect(&host).await.expect("connected");
        for (line, status) in [
            ("GET /favicon.ico HTTP/1.1".to_owned(), "404"),
            ("GET /cb/guess?code=abc HTTP/1.1".to_owned(), "404"),
            (format!("GET {path}/more?code=abc HTTP/1.1"), "404"),
            (format!("POST {path}?code=abc HTTP/1.1"), "405"),
            (format!("GET {path} HTTP/1.1"), "400"),
            (format!("GET {path}?code=a%20b HTTP/1.1"), "400"),
            (format!("GET {path}?code={} HTTP/1.1", "x".repeat(600)), "400"),
            (format!("GET {path}?code=abc&state=other HTTP/1.1"), "403"),
            (format!("GET http://evil.example{path}?code=abc HTTP/1.1"), "4"),
        ] {
            let said = ask(&host, &line).await;
            assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{line}: {said}");
        }
        assert!(!waiting.is_finished());
        assert!(ask(&host, &format!("GET {path}?code=the-code HTTP/1.1")).await.contains("200"));
        assert_eq!(waiting.await.expect("no panic").expect("a code").expose(), "the-code");
        assert!(TcpStream::connect(&host).await.is_err(), "the page is gone");
        drop(idle);
    }

    #[tokio::test]
    async fn a_refusal_and_silence_end_it() {
        let page = Loopback::open().await.expect("a page");
        let (host, path) = (page.listener.local_addr().expect("a port").to_string(), page.path.clone());
        let waiting = tokio::spawn(page.code(Duration::from_secs(20)));
        ask(&host, &format!("GET {path}?error=access_denied HTTP/1.1")).await;
        assert_eq!(waiting.await.expect("no panic").expect_err("refused").class, FaultClass::Auth);
        let page = Loopback::open().await.expect("a page");
        let fault = page.code(Duration::from_millis(30)).await.expect_err("too late");
        assert!(fault.class == FaultClass::Timeout && fault.hint.contains("--paste"), "{fault:?}");
    }
}
