//! A server that does on its socket exactly what a test says, byte by byte: it sends, waits,
//! splits, stalls, resets. It knows HTTP only as far as it must to take a request apart, and
//! nothing of the program that it is used against. Loopback only, ends with the test.

#![allow(dead_code, reason = "two test programs share it, and neither uses all of it")]

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One thing to do on a connection, after the request was read.
#[derive(Clone, Debug)]
pub enum Step {
    /// Write these bytes.
    Send(Vec<u8>),
    /// Write these bytes in pieces of that size, each by itself.
    Split(Vec<u8>, usize),
    /// Do nothing for that long.
    Sleep(Duration),
    /// Do nothing until the other side closes.
    Stall,
    /// Write these bytes again and again until the other side closes.
    Forever(Vec<u8>),
    /// Write what the generator gives, with that pause between, until the other side closes.
    Ticks(Duration, Generator),
    /// Close well.
    Fin,
    /// Close with a reset.
    Rst,
    /// Read one more request on the same connection. As the last step: and answer it anew.
    Next,
}

/// What is written at the first tick, the second, and so on.
#[derive(Clone)]
pub struct Generator(pub Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>);

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Generator")
    }
}

/// What is done after a request.
pub type Responder = Arc<dyn Fn(&Request) -> Vec<Step> + Send + Sync>;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Request line and headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        self.head
            .lines()
            .skip(1)
            .find(named)
            .and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Connections that were taken.
    pub connections: usize,
    /// Requests, in the order in which they came.
    pub requests: Vec<Request>,
    /// When the other side was seen to have closed, for each time that it was.
    pub closed: Vec<Instant>,
}

/// The running server. Dropping it ends it.
pub struct Mock {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Mock {
    /// Plays the first script on the first connection, and so on; the last one on all that follow.
    pub fn start(scripts: Vec<Vec<Step>>) -> Self {
        let count = Mutex::new(0);
        Self::answering(Arc::new(move |_| {
            let mut count = count.lock().expect("not poisoned");
            let script = scripts.get(*count).or(scripts.last()).cloned().unwrap_or_default();
            *count += 1;
            script
        }))
    }

    /// Plays what the responder says to the first request of each connection.
    pub fn answering(responder: Responder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime for the mock");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let std = std::net::TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        std.set_nonblocking(true).expect("a socket that does not block");
        let address = std.local_addr().expect("an address");
        let shared = Arc::clone(&seen);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(std).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().expect("not poisoned").connections += 1;
                tokio::spawn(play(stream, Arc::clone(&responder), Arc::clone(&shared)));
            }
        });
        Self { address, seen, runtime: Some(runtime) }
    }

    /// One script for all connections.
    pub fn always(script: Vec<Step>) -> Self {
        Self::start(vec![script])
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().expect("not poisoned").clone()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// How the length of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// In chunks, with an end mark.
    Chunked,
    /// By `content-length`.
    Length,
    /// By the end of the connection.
    Close,
}

/// The head of a response.
pub fn head(status: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str("\r\n");
    out.into_bytes()
}

/// A piece of a chunked body.
pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("{:x}\r\n", bytes.len()).into_bytes();
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
    out
}

/// The end mark of a chunked body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// A whole response with a body of any type.
pub fn response(status: &str, content_type: &str, body: &str) -> Vec<Step> {
    let length = body.len().to_string();
    let mut bytes = head(status, &[("content-type", content_type), ("content-length", &length)]);
    bytes.extend_from_slice(body.as_bytes());
    vec![Step::Send(bytes), Step::Next]
}

/// A stream of events that ends as its framing says.
pub fn events(framing: Framing, body: &[u8]) -> Vec<Step> {
    let mut steps = vec![Step::Send(events_head(framing, body.len()))];
    match framing {
        Framing::Chunked => {
            steps.extend([Step::Send(chunk(body)), Step::Send(LAST_CHUNK.to_vec()), Step::Next])
        }
        Framing::Length => steps.extend([Step::Send(body.to_vec()), Step::Next]),
        Framing::Close => steps.extend([Step::Send(body.to_vec()), Step::Fin]),
    }
    steps
}

/// The head of a stream of events.
pub fn events_head(framing: Framing, length: usize) -> Vec<u8> {
    let length = length.to_string();
    let framing = match framing {
        Framing::Chunked => ("transfer-encoding", "chunked"),
        Framing::Length => ("content-length", length.as_str()),
        Framing::Close => ("connection", "close"),
    };
    head("200 OK", &[("content-type", "text/event-stream"), framing])
}

async fn play(mut stream: TcpStream, responder: Responder, seen: Arc<Mutex<Seen>>) {
    drop(stream.set_nodelay(true));
    let Some(mut request) = take_request(&mut stream, &seen).await else { return };
    while let Some(next) = answer(&mut stream, responder(&request), &seen).await {
        let Some(next) = next else { return };
        request = next;
    }
    wait_for_close(&mut stream, &seen).await;
}

/// Plays a script. `None`: nothing more is done here; `Some(None)`: the connection has ended; else
/// the request that came after the last step, which is answered anew.
async fn answer(stream: &mut TcpStream, steps: Vec<Step>, seen: &Mutex<Seen>) -> Option<Option<Request>> {
    let mut last = None;
    for step in steps {
        last = None;
        let going_on = match step {
            Step::Send(bytes) => stream.write_all(&bytes).await.is_ok(),
            Step::Split(bytes, size) => split(stream, &bytes, size).await,
            Step::Sleep(time) => {
                tokio::time::sleep(time).await;
                true
            }
            Step::Forever(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {}
                false
            }
            Step::Ticks(pause, generator) => {
                let mut tick = 0;
                while stream.write_all(&(generator.0)(tick)).await.is_ok() {
                    tick += 1;
                    tokio::time::sleep(pause).await;
                }
                false
            }
            Step::Stall => false,
            Step::Next => match take_request(stream, seen).await {
                Some(request) => {
                    last = Some(request);
                    true
                }
                None => return Some(None),
            },
            Step::Fin => return Some(None),
            Step::Rst => {
                drop(stream.set_zero_linger());
                return Some(None);
            }
        };
        if !going_on {
            return None;
        }
    }
    last.map(Some)
}

async fn split(stream: &mut TcpStream, bytes: &[u8], size: usize) -> bool {
    for piece in bytes.chunks(size.max(1)) {
        if stream.write_all(piece).await.is_err() {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}

async fn wait_for_close(stream: &mut TcpStream, seen: &Mutex<Seen>) {
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
    seen.lock().expect("not poisoned").closed.push(Instant::now());
}

/// Reads a head and a body by its `content-length`.
async fn take_request(stream: &mut TcpStream, seen: &Mutex<Seen>) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&more[..count]),
            _ => {
                seen.lock().expect("not poisoned").closed.push(Instant::now());
                return None;
            }
        }
    };
    let mut request = Request { head: String::from_utf8_lossy(&bytes[..end]).into_owned(), body: Vec::new() };
    let length: usize = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end);
    while body.len() < length {
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(count @ 1..) => body.extend_from_slice(&more[..count]),
            _ => return None,
        }
    }
    request.body = body;
    seen.lock().expect("not poisoned").requests.push(request.clone());
    Some(request)
}
