//! The fault list, F1 to F9: the way to a server, and how its bytes come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::row::{Place, Row, Site, at, row};
use crate::lab;
use crate::lab::{Lab, always, bytes, data, delta, ending, finished};
use crate::mock::{Framing, Generator, LAST_CHUNK, Responder, Step, chunk, events_head, head};
use crate::tls::{Front, Manner, authority};

pub const PAUSE: Duration = Duration::from_millis(60);
/// What the hint of a reply that is not whole begins with.
pub const AGAIN: &str = "Ask again";

/// A whole reply: `all of it`.
pub fn whole() -> Vec<u8> {
    [delta("all of it"), ending(12, 34)].concat()
}

pub fn frame(text: &str) -> Vec<u8> {
    format!("data: {text}\n\n").into_bytes()
}

/// A stream of these steps after its head.
pub fn body(steps: Vec<Step>) -> Responder {
    let mut all = vec![Step::Send(events_head(Framing::Close, 0))];
    all.extend(steps);
    always(all)
}

/// Nobody listens at that port.
fn closed_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number")
}

fn nowhere(base: String) -> Place {
    Place { base, lab: None, variables: Vec::new(), _keep: None }
}

/// A listener whose queue is full, so that no further connection is answered.
fn full_queue() -> Place {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let listener = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        socket.listen(0).expect("a listener")
    });
    let address = listener.local_addr().expect("an address");
    for _ in 0..4 {
        runtime.spawn(async move {
            let stream = tokio::net::TcpStream::connect(address).await;
            std::future::pending::<()>().await;
            drop(stream);
        });
    }
    std::thread::sleep(Duration::from_millis(100));
    Place { _keep: Some(Box::new((listener, runtime))), ..nowhere(format!("http://{address}/v1")) }
}

/// A TLS server of that manner before one that answers well. The program trusts our authority.
fn tls(manner: Manner) -> Place {
    let lab = Lab::new(bytes(whole()));
    let front = Front::start(manner, lab.url().trim_start_matches("http://").parse().expect("an address"));
    Place {
        base: format!("{}/v1", front.url()),
        lab: Some(lab),
        variables: vec![("SSL_CERT_FILE", authority())],
        _keep: Some(Box::new(front)),
    }
}

pub fn connections() -> Vec<Row> {
    let made = |name, make: fn() -> Place| at("F1", name, Site::Made(make));
    vec![
        made("refused", || nowhere(format!("http://{}/v1", closed_port())))
            .never_sent("network", "refused the connection (TCP)"),
        made("no answer to a connection", full_queue).never_sent("timeout", "(DNS, TCP and TLS together)"),
        made("no such name", || nowhere("https://nowhere.invalid/v1".to_owned()))
            .never_sent("network", "DNS knows no address of nowhere.invalid")
            .with("timeouts = { connect = 10, headers = 1, idle = 1 }\n"),
    ]
}

pub fn certificates() -> Vec<Row> {
    let made = |name, make: fn() -> Place| at("F2", name, Site::Made(make));
    vec![
        made("good", || tls(Manner::Certificate("good"))).done("all of it"),
        made("good, not trusted", || Place { variables: Vec::new(), ..tls(Manner::Certificate("good")) })
            .never_sent("network", "TLS with 127.0.0.1")
            .alone(),
        made("expired", || tls(Manner::Certificate("expired"))).never_sent("network", "expired"),
        made("for another name", || tls(Manner::Certificate("other-name")))
            .never_sent("network", "not valid for"),
        made("self-signed", || tls(Manner::Certificate("self-signed")))
            .never_sent("network", "TLS with 127.0.0.1"),
        made("plain HTTP on the port", || {
            tls(Manner::Says(b"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP was sent to no TLS port"))
        })
        .never_sent("network", "TLS with 127.0.0.1"),
        made("only old versions", || tls(Manner::Says(b"\x15\x03\x01\x00\x02\x02\x46")))
            .never_sent("network", "TLS with 127.0.0.1"),
        made("hangs in the handshake", || tls(Manner::Silent))
            .never_sent("timeout", "within 1 s (DNS, TCP and TLS together)"),
        made("closes in the handshake", || tls(Manner::Closes)).never_sent("network", "127.0.0.1"),
    ]
}

/// Writes these bytes one by one, that often a second.
fn trickle(bytes: Vec<u8>, pause: Duration) -> Step {
    let at = move |n: u64| usize::try_from(n).ok().and_then(|n| bytes.get(n)).map(|byte| vec![*byte]);
    Step::Ticks(pause, Generator(Arc::new(move |n| at(n).unwrap_or_default())))
}

pub fn silences() -> Vec<Row> {
    let piece = delta("half of it");
    let stall_after = |count: usize| {
        let mut steps: Vec<Step> = (0..count).map(|_| Step::Send(delta("a"))).collect();
        steps.push(Step::Stall);
        body(steps)
    };
    let quick = events_head(Framing::Close, 0);
    let slow_head = vec![trickle(b"HTTP/1.1 200 OK\r\nx: y\r\n".repeat(9), Duration::from_millis(300))];
    let comments = |count: u64| {
        let alive = [Step::Send(b": alive\n\n".to_vec()), Step::Sleep(Duration::from_millis(250))];
        std::iter::repeat_n(alive, usize::try_from(count).expect("few")).flatten()
    };
    let slow_frame = trickle(delta(&"x".repeat(500)), Duration::from_millis(200));
    vec![
        row("F3", "no head", always(vec![Step::Stall])).fails_dearly(
            "timeout",
            3,
            "did not answer within 1 s",
        ),
        row("F3", "nothing after the head", lab::stall()).fails_dearly("timeout", 3, "sent nothing for 1 s"),
        row("F3", "a head that trickles", always(slow_head)).fails_dearly(
            "timeout",
            3,
            "did not answer within 1 s",
        ),
        row("F3", "half a head", always(vec![Step::Send(quick[..20].to_vec()), Step::Stall])).fails_dearly(
            "timeout",
            3,
            "did not answer within 1 s",
        ),
        row("F4", "stall after one", stall_after(1)).cut("timeout", "a", AGAIN),
        row("F4", "stall after five", stall_after(5)).cut("timeout", "aaaaa", AGAIN),
        row("F4", "stall within a frame", {
            body(vec![Step::Send(piece.clone()), Step::Send(b"data: {\"cho".to_vec()), Step::Stall])
        })
        .cut("timeout", "half of it", AGAIN),
        row("F4", "a frame that trickles", body(vec![Step::Send(piece.clone()), slow_frame])).cut(
            "timeout",
            "half of it",
            "nothing of the reply for 1 s",
        ),
        row("F4", "signs of life, then the reply", {
            body(comments(10).chain([Step::Send(whole()), Step::Fin]).collect())
        })
        .done("all of it"),
        row("F4", "silence after the end mark", body(vec![Step::Send(whole()), Step::Stall]))
            .done("all of it"),
    ]
}

pub fn endings() -> Vec<Row> {
    let piece = delta("half of it");
    let opened = |framing, length| Step::Send(events_head(framing, length));
    let cut_at = |end: Step| {
        always(vec![opened(Framing::Chunked, 0), Step::Send(chunk(&piece)), Step::Sleep(PAUSE), end])
    };
    vec![
        row("F5", "closed at once", always(vec![Step::Fin])).fails_dearly(
            "network",
            3,
            "closed the connection",
        ),
        row("F5", "reset at once", always(vec![Step::Rst])).fails_dearly("network", 3, ""),
        row("F5", "no HTTP", always(vec![Step::Send(b"SSH-2.0-dropbear\r\n\r\n".to_vec()), Step::Fin]))
            .fails_dearly("protocol", 1, "does not speak HTTP"),
        row("F5", "reset", cut_at(Step::Rst)).cut("network", "half of it", AGAIN),
        row("F5", "no last chunk", cut_at(Step::Fin)).cut("network", "half of it", AGAIN),
        row("F5", "no end mark", lab::cut("half of it")).cut("network", "half of it", AGAIN),
        row("F5", "a last chunk and no end mark", {
            always(vec![
                opened(Framing::Chunked, 0),
                Step::Send(chunk(&piece)),
                Step::Send(LAST_CHUNK.to_vec()),
                Step::Next,
            ])
        })
        .cut("network", "half of it", AGAIN),
        row("F5", "short content-length", {
            always(vec![opened(Framing::Length, piece.len() + 9), Step::Send(piece.clone()), Step::Fin])
        })
        .cut("network", "half of it", AGAIN),
        row("F5", "cut after the end mark", {
            always(vec![opened(Framing::Chunked, 0), Step::Send(chunk(&whole())), Step::Rst])
        })
        .done("all of it"),
    ]
}

pub fn pieces() -> Vec<Row> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let long = "words of a long reply ".repeat(6000);
    let umlauts = [delta("Grüße 🙂"), ending(12, 34)].concat();
    let split = |bytes: Vec<u8>, size| body(vec![Step::Split(bytes, size), Step::Fin]);
    let mixed = text(whole()).replacen("\n\n", "\r\n\r", 1);
    let zeros = [b"\0\0\n".to_vec(), whole(), b"\0".to_vec()].concat();
    vec![
        row("F6", "one byte at a time", split(whole(), 1)).done("all of it"),
        row("F6", "64 KB at a time", split([delta(&long), ending(12, 34)].concat(), 1 << 16))
            .done(&long)
            .shown("words of a long reply"),
        row("F6", "inside of characters", split(umlauts, 1)).done("Grüße 🙂"),
        row("F6", "carriage returns", bytes(text(whole()).replace('\n', "\r"))).done("all of it"),
        row("F6", "both kinds of line ends", bytes(mixed)).done("all of it"),
        row("F6", "a mark in front", bytes([b"\xef\xbb\xbf".to_vec(), whole()].concat())).done("all of it"),
        row("F6", "zeros between the lines", bytes(zeros)).done("all of it"),
        row("F6", "zeros in the text", bytes([delta("a\0b"), ending(12, 34)].concat()))
            .done("a\0b")
            .shown("a␀b"),
    ]
}

pub fn frames() -> Vec<Row> {
    let whole = |parts: Vec<Vec<u8>>| bytes(parts.concat());
    let reason = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    let call = |arguments: &str, index: Option<u64>| {
        let mut call = json!({ "id": "c1", "type": "function",
            "function": { "name": "look", "arguments": arguments } });
        if let Some(index) = index {
            call["index"] = json!(index);
        }
        data(&json!({ "choices": [{ "index": 0, "delta": { "tool_calls": [call] } }] }))
    };
    vec![
        row(
            "F7",
            "invalid JSON",
            whole(vec![delta("a"), frame("{\"choices\":[{"), delta("b"), ending(12, 34)]),
        )
        .done("ab"),
        row("F7", "wrong types", {
            let odd = frame(
                "{\"choices\":[{\"delta\":{\"content\":7,\"tool_calls\":\"x\"},\"index\":\"0\"}],\"id\":[]}",
            );
            whole(vec![delta("a"), odd, delta("b"), ending(12, 34)])
        })
        .done("ab"),
        row("F7", "very deep JSON", {
            whole(vec![delta("a"), frame(&"[".repeat(100_000)), delta("b"), ending(12, 34)])
        })
        .done("ab"),
        row("F7", "an event of another kind", {
            whole(vec![b"event: ping\ndata: {}\n\n".to_vec(), delta("ab"), ending(12, 34)])
        })
        .done("ab"),
        row("F7", "unknown members and fields", {
            let odd = json!({ "id": "c1", "weather": { "rain": true }, "choices": [{ "index": 0,
                "logprobs": [1, 2], "delta": { "content": "ab", "mood": "good" } }] });
            whole(vec![b"retry: 5\nid: 7\nfoo: bar\n\n".to_vec(), data(&odd), ending(12, 34)])
        })
        .done("ab"),
        row("F7", "end mark twice, and more", {
            whole(vec![delta("ab"), ending(12, 34), frame("[DONE]"), delta("never")])
        })
        .done("ab"),
        row("F7", "end mark and no reason", whole(vec![delta("ab"), frame("[DONE]")])).done_uncounted("ab"),
        row("F7", "a reason and no end mark", whole(vec![delta("ab"), data(&reason)])).done_uncounted("ab"),
        row("F7", "the end mark alone", whole(vec![frame("[DONE]")])).fails("provider", 3, "empty reply"),
        row("F7", "a call without an index", {
            whole(vec![delta("ab"), call("{\"a\":1}", None), finished("tool_calls")])
        })
        .done_uncounted("ab"),
        row("F7", "a call in pieces that are no JSON", {
            whole(vec![delta("ab"), call("{\"a\":", Some(0)), call("oops", Some(0)), finished("tool_calls")])
        })
        .done_uncounted("ab"),
    ]
}

/// The limits; most have megabytes to send.
pub fn limits() -> Vec<Row> {
    let many = |count: usize| (0..count).map(|n| format!("x-h{n}: v\r\n")).collect::<String>();
    let headers = |count| {
        let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", many(count));
        always(vec![Step::Send(head.into_bytes()), Step::Stall])
    };
    let endless = |bytes: Vec<u8>| body(vec![Step::Forever(bytes)]);
    let nothing = b"data: {\"choices\":[]}\n\n".repeat(500);
    vec![
        row("F8", "many headers", headers(300)).fails_dearly("protocol", 1, "headers"),
        row("F8", "endless headers", headers(50_000)).fails_dearly("protocol", 1, "headers"),
        row("F8", "endless line", endless(b"data: ".repeat(4096)))
            .fails_dearly("protocol", 1, "16 MiB")
            .with("")
            .heavy(),
        row("F8", "endless text", endless(delta(&"words ".repeat(2000))))
            .cut("protocol", "", "8 MiB")
            .with("")
            .heavy(),
        row("F8", "endless comments", endless(b": alive\n\n".repeat(500)))
            .fails_dearly("protocol", 1, "million pieces")
            .with("")
            .heavy(),
        row("F8", "endless empty events", endless(nothing))
            .fails_dearly("protocol", 1, "million pieces")
            .with("")
            .heavy(),
    ]
}

pub fn encodings() -> Vec<Row> {
    let headed = |headers: &[(&str, &str)], steps: Vec<Step>| {
        let mut all = vec![Step::Send(head("200 OK", &[headers, &[("connection", "close")]].concat()))];
        all.extend(steps);
        always(all)
    };
    let coded = |encoding: &'static str| {
        let server = headed(&[("content-encoding", encoding)], vec![Step::Forever(vec![0x1f; 4096])]);
        row("F9", encoding, server).fails_dearly("protocol", 1, encoding)
    };
    let typed =
        |kind: &str, bytes: Vec<u8>| headed(&[("content-type", kind)], vec![Step::Send(bytes), Step::Fin]);
    let latin =
        [b"data: {\"choices\":[{\"delta\":{\"content\":\"h\xe9\"}}]}\n\n".to_vec(), ending(12, 34)].concat();
    let mut rows: Vec<Row> = ["gzip", "br", "zstd", "deflate"].into_iter().map(coded).collect();
    rows.extend([
        row("F9", "a wrong charset", typed("text/event-stream; charset=utf-16", whole())).done("all of it"),
        row("F9", "bytes of another charset", typed("text/event-stream; charset=latin1", latin))
            .done("h\u{fffd}")
            .shown("h"),
        row("F9", "a wrong type", typed("image/png", whole())).done("all of it"),
        row("F9", "no type", headed(&[], vec![Step::Send(whole()), Step::Fin])).done("all of it"),
    ]);
    rows
}

/// All rows, F1 to F18. F15 has none: salon speaks HTTP/1.1 alone (safety R42).
pub fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    for part in [connections, certificates, silences, endings, pieces, frames, limits, encodings] {
        rows.extend(part());
    }
    rows.extend(super::answers::all());
    rows
}

/// A frame with this usage; shared with the rows of answers.
pub fn counted(usage: Value) -> Vec<u8> {
    data(&json!({ "choices": [], "usage": usage }))
}
