//! Every fault that a server or the way to it can have, through the real program: one table, a row
//! for each, run by `salon ask`; and several of them at once in one room, beside a clean seat.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::lab;
use crate::lab::{Lab, always, answer, bytes, data, delta, ending, finished, stream};
use crate::mock::{Framing, Generator, Responder, Step, chunk, events_head, head, response};
use crate::pty::Pty;
use crate::sandbox::{Sandbox, slow};

/// Short clocks.
const SHORT: &str = "timeouts = { connect = 1, headers = 1, idle = 1 }\n";

/// A price, so that a charge says how it is known.
const PRICE: &str = "[model.\"lab/m\"]\nprice = { input = \"1.00\", output = \"2.00\" }\n";

/// What a server does, and what must come of it.
struct Row {
    name: &'static str,
    server: Responder,
    status: &'static str,
    /// Empty: there is no error.
    class: &'static str,
    attempts: u64,
    text: &'static str,
    /// How the charge is known, and how much it is; an empty amount is not looked at.
    charge: (&'static str, &'static str),
    /// Must stand in the error's words.
    words: &'static str,
}

fn row(name: &'static str, server: Responder) -> Row {
    let charge = ("computed", "");
    Row { name, server, status: "failed", class: "", attempts: 1, text: "", charge, words: "" }
}

impl Row {
    /// It fails before anything came: nothing is to pay.
    fn fails(self, class: &'static str, attempts: u64, words: &'static str) -> Self {
        Self { class, attempts, words, charge: ("computed", "0"), ..self }
    }

    /// It fails when the provider may have worked already: what that costs is a guess.
    fn fails_dearly(self, class: &'static str, attempts: u64, words: &'static str) -> Self {
        Self { class, attempts, words, charge: ("estimated", ""), ..self }
    }

    /// It ends in the middle, and this text is kept.
    fn cut(self, class: &'static str, text: &'static str, words: &'static str) -> Self {
        Self { status: "cut", class, text, words, charge: ("estimated", ""), ..self }
    }

    /// The provider says in the middle that it failed, and this text is kept.
    fn breaks(self, class: &'static str, text: &'static str, words: &'static str) -> Self {
        Self { status: "failed", ..self.cut(class, text, words) }
    }

    /// It is a whole reply of 12 tokens in and 34 out.
    fn done(self, text: &'static str) -> Self {
        Self { status: "done", text, charge: ("computed", "0.00008"), ..self }
    }

    /// It is a whole reply that says nothing of its tokens.
    fn done_uncounted(self, text: &'static str) -> Self {
        Self { status: "done", text, charge: ("estimated", ""), ..self }
    }
}

fn error(words: &str) -> String {
    json!({ "error": { "message": words } }).to_string()
}

/// Statuses with bodies of every kind. F11, F12.
fn statuses() -> Vec<Row> {
    let status = |code: u16| lab::status(code, &error("some words"));
    let page = "<!doctype html><html><head><title>Bad gateway</title></head><body>x</body></html>";
    let echo = error(&format!("Incorrect API key provided: {}", lab::KEY));
    let after = |value: &str| answer(429, &[("retry-after", value)], &error("slow down"));
    vec![
        row("400", status(400)).fails("bad_request", 1, "some words"),
        row("401", status(401)).fails("auth", 1, "some words"),
        row("402", status(402)).fails("credit", 1, "some words"),
        row("403", status(403)).fails("auth", 1, "some words"),
        row("404", status(404)).fails("not_found", 1, "some words"),
        row("408", status(408)).fails("timeout", 3, "some words"),
        row("409", status(409)).fails("provider", 3, "some words"),
        row("413", status(413)).fails("context", 1, "some words"),
        row("422", status(422)).fails("bad_request", 1, "some words"),
        row("429", status(429)).fails("rate", 3, "some words"),
        row("500", status(500)).fails("provider", 3, "some words"),
        row("502", status(502)).fails("provider", 3, "some words"),
        row("503", status(503)).fails("provider", 3, "some words"),
        row("504", status(504)).fails("timeout", 3, "some words"),
        row("520", status(520)).fails("provider", 3, "some words"),
        row("524", status(524)).fails("provider", 3, "some words"),
        row("529", status(529)).fails("provider", 3, "some words"),
        row("page", always(response("502 Bad", "text/html", page))).fails("provider", 3, "Bad gateway"),
        row("400 page", always(response("400 Bad", "text/html", page))).fails(
            "bad_request",
            1,
            "Bad gateway",
        ),
        row("empty", always(response("403 No", "text/plain", ""))).fails("auth", 1, "HTTP 403 Forbidden"),
        row("plain", always(response("404 No", "text/plain", "no such route"))).fails(
            "not_found",
            1,
            "no such route",
        ),
        row(
            "escapes",
            lab::status(400, "{\"error\":{\"message\":\"a\\u001b]52;c;QQ==\\u0007b\\u009b31mc\"}}"),
        )
        .fails("bad_request", 1, "a"),
        row("raw escapes", always(response("400 No", "text/plain", "\x1b]0;EVIL\x07\x1b[2Jwords\u{202e}")))
            .fails("bad_request", 1, "words"),
        row("key echoed", lab::status(401, &echo)).fails("auth", 1, "[redacted]"),
        row("large body", lab::status(400, &error(&"x".repeat(3_000_000)))).fails("bad_request", 1, "xxx"),
        row("after 1", after("1")).fails("rate", 3, "slow down"),
        row("after 0", after("0")).fails("rate", 3, "slow down"),
        row("after -1", after("-1")).fails("rate", 3, "slow down"),
        row("after 1e308", after("1e308")).fails("rate", 1, "slow down"),
        row("after NaN", after("NaN")).fails("rate", 3, "slow down"),
        row("after 61", after("61")).fails("rate", 1, "slow down"),
        row("after the past", after("Wed, 21 Oct 2015 07:28:00 GMT")).fails("rate", 3, "slow down"),
        row("after the future", after("Thu, 31 Dec 2099 23:59:59 GMT")).fails("rate", 1, "slow down"),
        row("after ms", answer(429, &[("retry-after-ms", "30")], &error("slow down")))
            .fails("rate", 3, "slow"),
        row("should not retry", answer(500, &[("x-should-retry", "false")], &error("broken")))
            .fails("provider", 1, "broken"),
        row("should retry", answer(422, &[("x-should-retry", "true")], &error("broken"))).fails(
            "bad_request",
            1,
            "broken",
        ),
    ]
}

/// The way: silence, cuts, lengths, encodings, other addresses. F3, F4, F5, F6, F9, F10.
fn ways() -> Vec<Row> {
    let whole = [delta("all of it"), ending(12, 34)].concat();
    let piece = delta("half of it");
    let opened = |framing, length| Step::Send(events_head(framing, length));
    let cut_at = |end: Step| {
        always(vec![opened(Framing::Chunked, 0), Step::Send(chunk(&piece)), Step::Sleep(PAUSE), end])
    };
    let coded = |encoding: &str| {
        let head = head("200 OK", &[("content-type", "text/event-stream"), ("content-encoding", encoding)]);
        always(vec![Step::Send([head, b"\x1f\x8b\x08\x00".to_vec()].concat()), Step::Fin])
    };
    let moved = |code: u16| answer(code, &[("location", "http://127.0.0.2:9/v1/chat/completions")], "");
    let kept = "The text so far is kept";
    let mut rows = vec![
        row("no head", always(vec![Step::Stall])).fails_dearly("timeout", 3, "did not answer within 1 s"),
        row("closed at once", always(vec![Step::Fin])).fails_dearly("network", 3, "closed the connection"),
        row("reset at once", always(vec![Step::Rst])).fails_dearly("network", 3, ""),
        row("no HTTP", always(vec![Step::Send(b"SSH-2.0-dropbear\r\n\r\n".to_vec()), Step::Fin]))
            .fails_dearly("protocol", 1, "does not speak HTTP"),
        row("nothing after the head", lab::stall()).fails_dearly("timeout", 3, "sent nothing for 1 s"),
        row("stall", cut_at(Step::Stall)).cut("timeout", "half of it", kept),
        row("reset", cut_at(Step::Rst)).cut("network", "half of it", kept),
        row("no last chunk", cut_at(Step::Fin)).cut("network", "half of it", kept),
        row("closed without end mark", lab::cut("half of it")).cut("network", "half of it", kept),
        row(
            "short content-length",
            always(vec![opened(Framing::Length, piece.len() + 9), Step::Send(piece.clone()), Step::Fin]),
        )
        .cut("network", "half of it", kept),
        row("cut after the end mark", {
            always(vec![opened(Framing::Chunked, 0), Step::Send(chunk(&whole)), Step::Rst])
        })
        .done("all of it"),
        row("one byte at a time", {
            always(vec![opened(Framing::Close, 0), Step::Split(whole.clone(), 1), Step::Fin])
        })
        .done("all of it"),
        row("carriage returns", bytes(String::from_utf8_lossy(&whole).replace('\n', "\r"))).done("all of it"),
        row("a mark in front", bytes([b"\xef\xbb\xbf".to_vec(), whole.clone()].concat())).done("all of it"),
        row("gzip", coded("gzip")).fails_dearly("protocol", 1, "gzip"),
        row("br", coded("br")).fails_dearly("protocol", 1, "br"),
        row("zstd", coded("zstd")).fails_dearly("protocol", 1, "zstd"),
    ];
    for (name, code) in [("301", 301), ("302", 302), ("303", 303), ("307", 307), ("308", 308)] {
        rows.push(row(name, moved(code)).fails("protocol", 1, "127.0.0.2"));
    }
    rows
}

const PAUSE: Duration = Duration::from_millis(60);

/// What the body says. F7, F13.
fn bodies() -> Vec<Row> {
    let frame = |text: &str| format!("data: {text}\n\n").into_bytes();
    let whole = |parts: Vec<Vec<u8>>| bytes(parts.concat());
    let failure = || data(&json!({ "error": { "message": "upstream fell over", "code": 502 } }));
    let named = b"event: error\ndata: {\"message\":\"upstream fell over\"}\n\n".to_vec();
    let json_body = |body: Value| always(response("200 OK", "application/json", &body.to_string()));
    vec![
        row("invalid JSON", whole(vec![delta("a"), frame("{\"choices\":[{"), delta("b"), ending(12, 34)]))
            .done("ab"),
        row("wrong types", {
            let odd = frame(
                "{\"choices\":[{\"delta\":{\"content\":7,\"tool_calls\":\"x\"},\"index\":\"0\"}],\"id\":[]}",
            );
            whole(vec![delta("a"), odd, delta("b"), ending(12, 34)])
        })
        .done("ab"),
        row("an event of another kind", {
            whole(vec![b"event: ping\ndata: {}\n\n".to_vec(), delta("ab"), ending(12, 34)])
        })
        .done("ab"),
        row("end mark twice, and more", {
            whole(vec![delta("ab"), ending(12, 34), frame("[DONE]"), delta("never")])
        })
        .done("ab"),
        row("end mark and no reason", whole(vec![delta("ab"), frame("[DONE]")])).done_uncounted("ab"),
        row("a reason and no end mark", {
            let reason = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
            whole(vec![delta("ab"), data(&reason)])
        })
        .done_uncounted("ab"),
        row("the end mark alone", whole(vec![frame("[DONE]")])).fails("provider", 3, "empty reply"),
        row("length", whole(vec![delta("ab"), finished("length")])).done_uncounted("ab"),
        row("content filter", whole(vec![delta("ab"), finished("content_filter")])).done_uncounted("ab"),
        row("finish error", whole(vec![delta("ab"), finished("error")])).breaks(
            "provider",
            "ab",
            "with an error",
        ),
        row("error after text", whole(vec![delta("ab"), failure()])).breaks(
            "provider",
            "ab",
            "upstream fell over",
        ),
        row("named error after text", whole(vec![delta("ab"), named.clone()])).breaks(
            "provider",
            "ab",
            "upstream fell over",
        ),
        row("error first", whole(vec![failure()])).fails("provider", 3, "upstream fell over"),
        row("named error first", whole(vec![named])).fails("provider", 3, "upstream fell over"),
        row("200 with an error", json_body(json!({ "error": { "message": "no such thing", "code": 404 } })))
            .fails("not_found", 1, "no such thing"),
        row("200 with a page", always(response("200 OK", "text/html", "<html><title>Log in</title></html>")))
            .fails_dearly("protocol", 1, "Log in"),
        row("200 with nothing", always(response("200 OK", "text/event-stream", ""))).fails_dearly(
            "network",
            3,
            "ended without its end mark",
        ),
        row("200 with a whole reply", {
            json_body(json!({ "id": "c", "model": "m", "choices": [{ "index": 0, "finish_reason": "stop",
                "message": { "role": "assistant", "content": "all at once" } }],
                "usage": { "prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46 } }))
        })
        .done("all at once"),
    ]
}

/// A stream with this usage after its reason.
fn counted(usage: Value) -> Responder {
    let reason = data(&json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }));
    let usage = data(&json!({ "choices": [], "usage": usage }));
    always(stream(vec![delta("ab"), reason, usage, b"data: [DONE]\n\n".to_vec()]))
}

/// What the server counts. F14.
fn counts() -> Vec<Row> {
    let charged = |row: Row, usd: &'static str| Row { charge: ("computed", usd), ..row.done("ab") };
    let twice = {
        let part = |out: u64| {
            data(&json!({ "choices": [{ "index": 0, "delta": { "content": "a" } }],
                "usage": { "prompt_tokens": 12, "completion_tokens": out } }))
        };
        always(stream(vec![part(1), part(2), finished("stop")]))
    };
    vec![
        row("no usage", counted(Value::Null)).done_uncounted("ab"),
        charged(row("usage", counted(json!({ "prompt_tokens": 12, "completion_tokens": 34 }))), "0.00008"),
        Row { text: "aa", ..charged(row("usage that grows", twice), "0.000016") },
        charged(
            row(
                "more cached than sent",
                counted(
                    json!({ "prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": { "cached_tokens": 9 } }),
                ),
            ),
            "",
        ),
        row("negative", counted(json!({ "prompt_tokens": -5, "completion_tokens": -1 })))
            .done_uncounted("ab"),
        Row {
            charge: ("", ""),
            ..row(
                "2^63",
                counted(json!({ "prompt_tokens": 1, "completion_tokens": 9_223_372_036_854_775_808_u64 })),
            )
            .done("ab")
        },
    ]
}

/// The limits, with megabytes to send. F8.
fn limits() -> Vec<Row> {
    let body = |step: Step| always(vec![Step::Send(events_head(Framing::Close, 0)), step]);
    let many = |count: usize| (0..count).map(|n| format!("x-h{n}: v\r\n")).collect::<String>();
    let headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", many(50_000));
    vec![
        row("endless line", body(Step::Forever(b"data: ".repeat(4096))))
            .fails_dearly("protocol", 1, "16 MiB"),
        row("endless text", body(Step::Forever(delta(&"words ".repeat(2000))))).cut("protocol", "", "8 MiB"),
        row("endless headers", always(vec![Step::Send(headers.into_bytes()), Step::Stall]))
            .fails_dearly("protocol", 1, "headers"),
    ]
}

/// One row through the program; what is wrong with it.
fn check(row: &Row, clocks: &str) -> Vec<String> {
    let server = Lab::new(Arc::clone(&row.server));
    let sandbox = server.sandbox_with(&format!("{clocks}{PRICE}"));
    let ran = sandbox.run(&["ask", "-n", "--format", "json", "-m", "lab/m", "hello there"]);
    let mut wrong = check_output(row, &ran.stdout, &ran.stderr);
    let code = if row.status == "done" { 0 } else { 1 };
    if ran.code != Some(code) {
        wrong.push(format!("exit status {:?}, not {code}", ran.code));
    }
    if server.requests().len() as u64 != row.attempts {
        wrong.push(format!("{} requests, not {}", server.requests().len(), row.attempts));
    }
    let usage = sandbox.run(&["usage", "--by", "attempt", "--format", "json"]).expect(0);
    let usage: Value = serde_json::from_str(&usage.stdout).expect("JSON");
    if usage["total"]["attempts"] != row.attempts {
        wrong.push(format!("{} attempts in the ledger", usage["total"]["attempts"]));
    }
    if !wrong.is_empty() {
        wrong.push(format!("\n{}{}", ran.stdout, ran.stderr));
    }
    wrong.into_iter().map(|what| format!("{}: {what}", row.name)).collect()
}

fn check_output(row: &Row, stdout: &str, stderr: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let Ok(object) = serde_json::from_str::<Value>(stdout) else { return vec!["no JSON".to_owned()] };
    let reply = &object["replies"][0];
    let mut same = |what: &str, found: &Value, wanted: Value| {
        if *found != wanted {
            wrong.push(format!("{what} is {found}, not {wanted}"));
        }
    };
    same("status", &reply["status"], json!(row.status));
    let class = if row.class.is_empty() { Value::Null } else { json!(row.class) };
    same("class", &reply["error"]["class"], class);
    same("attempts", &reply["attempts"], json!(row.attempts));
    if !(row.text.is_empty() && row.status == "cut") {
        same("text", &reply["text"], json!(row.text));
    }
    if !row.charge.0.is_empty() {
        same("source", &reply["charge"]["source"], json!(row.charge.0));
    }
    if !row.charge.1.is_empty() {
        same("charge", &reply["charge"]["usd"], json!(row.charge.1));
    }
    let error = &reply["error"];
    let said = format!("{} {stderr}", error["message"].as_str().unwrap_or_default());
    if !said.contains(row.words) {
        wrong.push(format!("{:?} is not said", row.words));
    }
    if row.status == "failed" && !stderr.contains("\n  ") {
        wrong.push("no hint".to_owned());
    }
    for text in [stdout, stderr] {
        if text.contains("CANARY") {
            wrong.push("the key is shown".to_owned());
        }
        if text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}') {
            wrong.push("control characters are printed".to_owned());
        }
    }
    wrong
}

/// All rows, a few at a time: most of them only wait.
fn hold(rows: Vec<Row>, clocks: &str) {
    let next = AtomicUsize::new(0);
    let wrong: Vec<String> = thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            while let Some(row) = rows.get(next.fetch_add(1, Ordering::SeqCst)) {
                wrong.extend(check(row, clocks));
            }
            wrong
        };
        let hands: Vec<_> = (0..6).map(|_| scope.spawn(work)).collect();
        hands.into_iter().flat_map(|hand| hand.join().expect("a row panicked")).collect()
    });
    assert!(wrong.is_empty(), "{} of {} rows\n\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn statuses_are_told_apart_and_retried_as_they_say() {
    hold(statuses(), SHORT);
}

#[test]
fn the_way_fails_and_what_came_is_kept() {
    hold(ways(), SHORT);
}

#[test]
fn odd_bodies_are_survived() {
    hold(bodies(), SHORT);
}

#[test]
fn every_way_to_count_has_its_charge() {
    hold(counts(), SHORT);
}

#[test]
fn endless_answers_end() {
    if slow() {
        hold(limits(), "");
    }
}

/// The one reply of an `ask` as JSON.
fn reply_of(sandbox: &Sandbox, model: &str) -> (Value, String) {
    let ran = sandbox.run(&["ask", "-n", "--format", "json", "-m", model, "hello"]).expect(1);
    let object: Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    (object["replies"][0].clone(), ran.stderr)
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_step() {
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number");
    let sandbox = Sandbox::new().config(&format!(
        "[provider.lab]\ndialect = \"openai\"\nbase_url = \"http://{closed}/v1\"\n\
         [provider.far]\ndialect = \"openai\"\nbase_url = \"https://nowhere.invalid/v1\"\nretries = 0\n\
         [provider.plain]\ndialect = \"openai\"\nbase_url = \"https://{closed}/v1\"\nretries = 1\n"
    ));
    let (reply, told) = reply_of(&sandbox, "lab/m");
    assert_eq!((&reply["error"]["class"], &reply["attempts"]), (&json!("network"), &json!(3)), "{reply}");
    assert_eq!(reply["charge"]["usd"], "0", "nothing was sent: {reply}");
    assert!(told.contains(&closed.to_string()) && told.contains("refused the connection (TCP)"), "{told}");
    let (reply, told) = reply_of(&sandbox, "far/m");
    assert_eq!((&reply["error"]["class"], &reply["attempts"]), (&json!("network"), &json!(1)), "{reply}");
    assert!(told.contains("DNS knows no address of nowhere.invalid"), "{told}");
    let (reply, _) = reply_of(&sandbox, "plain/m");
    assert_eq!((&reply["error"]["class"], &reply["attempts"]), (&json!("network"), &json!(2)), "{reply}");
}

#[test]
fn a_server_that_speaks_no_tls_is_told_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its number");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP was sent to no TLS port");
        }
    });
    let sandbox = Sandbox::new().config(&format!(
        "[provider.lab]\ndialect = \"openai\"\nbase_url = \"https://{address}/v1\"\nretries = 0\n"
    ));
    let (reply, told) = reply_of(&sandbox, "lab/m");
    assert_eq!(reply["error"]["class"], "network", "{reply}");
    assert!(told.contains("TLS with"), "{told}");
}

#[test]
fn redirects_are_not_followed() {
    let other = Lab::new(lab::text("stolen"));
    let target = format!("{}/v1/chat/completions", other.url());
    for code in [301, 302, 303, 307, 308] {
        let server = Lab::new(answer(code, &[("location", &target)], ""));
        let (reply, told) = reply_of(&server.sandbox(), "lab/m");
        assert_eq!(reply["error"]["class"], "protocol", "{code}: {reply}");
        assert!(told.contains(other.url().trim_start_matches("http://")), "{code}: {told}");
    }
    assert_eq!(other.connections(), 0, "a key may have gone to another server");
}

/// What six seats of one room meet, and what their panes must say.
fn six() -> Vec<(&'static str, Responder, &'static str, &'static str)> {
    let half = chunk(&delta("half of it"));
    let stall = always(vec![Step::Send(events_head(Framing::Chunked, 0)), Step::Send(half), Step::Stall]);
    let limited = answer(429, &[("retry-after", "3600")], &error("slow down"));
    let clean = {
        let reply = Generator(Arc::new(|n| if n < 60 { delta("ok ") } else { ending(12, 34) }));
        always(vec![
            Step::Send(events_head(Framing::Close, 0)),
            Step::Ticks(Duration::from_millis(20), reply),
        ])
    };
    vec![
        ("denied", lab::status(401, &error("wrong key")), "failed: auth", "LAB_KEY"),
        ("limited", limited, "failed: rate", "60 min"),
        ("stalled", stall, "cut", "sent nothing for 1 s"),
        ("cut", lab::cut("half of it"), "cut", "without its end mark"),
        ("broken", lab::error_after("half of it", "fell over"), "failed: provider", "ask another model"),
        ("clean", clean, "done", "ok ok ok"),
    ]
}

#[test]
fn six_faults_in_one_room_leave_each_other_alone() {
    let rows = six();
    let server = Lab::new(lab::by_model(rows.iter().map(|row| (row.0, Arc::clone(&row.1))).collect()));
    let sandbox = server.sandbox_with(SHORT);
    let names: Vec<String> = rows.iter().map(|row| format!("lab/{}", row.0)).collect();
    let words: Vec<&str> = names.iter().flat_map(|name| ["-m", name.as_str()]).collect();
    let mut room = Pty::start(&sandbox, &words, (260, 60));
    room.see("enter send");
    room.ask("go");
    room.see("ok ok ok");
    room.wait("six ends", |screen| {
        screen.matches("failed: ").count() >= 3
            && screen.matches(" cut ").count() >= 2
            && screen.matches(" done ").count() >= 1
    });
    let screen = room.screen();
    let flat = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    for (name, _, state, hint) in &rows {
        assert!(flat.contains(state), "{name}: {state:?} is not said\n{screen}");
        assert!(flat.contains(hint), "{name}: {hint:?} is not said\n{screen}");
    }
    room.send("\x11");
    assert_eq!(room.end(), 0);
}

#[test]
fn a_provider_that_is_full_holds_up_no_other() {
    let limited = Lab::new(lab::in_turn(vec![
        answer(429, &[("retry-after", "2")], &error("slow down")),
        lab::text("after a while"),
    ]));
    let free = Lab::new(lab::text("at once"));
    let sandbox = limited
        .sandbox_with(&format!("[provider.free]\ndialect = \"openai\"\nbase_url = \"{}/v1\"\n", free.url()));
    let ran =
        sandbox.run(&["ask", "-n", "--format", "jsonl", "-m", "lab/m", "-m", "free/m", "hello"]).expect(0);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let place = |kind: &str, seat: u64| {
        lines.iter().position(|line| line["type"] == kind && line["seat"] == seat).expect("a line")
    };
    assert!(place("done", 2) < place("text", 1), "the free one waited\n{}", ran.stdout);
    let replies = &lines.last().expect("the object")["replies"];
    assert_eq!((&replies[0]["attempts"], &replies[1]["attempts"]), (&json!(2), &json!(1)));
    assert!(replies[0]["total_ms"].as_u64() >= Some(2000), "it did not wait as it was told: {replies}");
    assert!(ran.stderr.contains("slow down") && ran.stderr.contains("attempt 2"), "{}", ran.stderr);
    let usage = sandbox.run(&["usage", "--by", "attempt", "--format", "json"]).expect(0);
    let usage: Value = serde_json::from_str(&usage.stdout).expect("JSON");
    assert_eq!(usage["rows"].as_array().map(Vec::len), Some(3), "a row for each attempt: {usage}");
}

#[test]
fn nothing_is_asked_again_once_a_word_has_come() {
    let server = Lab::new(lab::cut("a"));
    let ran = server.sandbox().run(&["ask", "-n", "-m", "lab/m", "hello"]).expect(1);
    assert_eq!(ran.stdout, "a\n");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_that_sends_on_after_a_stop_is_hung_up_on() {
    let server =
        Lab::new(lab::by_model(vec![("loud", lab::endless("tok")), ("other", lab::endless("word"))]));
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/loud", "-m", "lab/other"], (120, 30));
    room.see("enter send");
    room.ask("go");
    room.wait("both stream", |screen| screen.contains("tok") && screen.contains("word"));
    room.send("\x1b");
    room.see("stopped");
    assert!(server.closed(1, Duration::from_secs(2)), "the socket stays open");
    assert_eq!(server.connections(), 2);
    room.send("\x03");
    assert!(server.all_closed(Duration::from_secs(2)), "the other socket stays open");
    room.send("\x11");
    assert_eq!(room.end(), 0);
}

#[test]
fn an_interrupted_ask_ends_its_requests_and_keeps_the_text() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let server = Lab::new(lab::endless("tok"));
        let sandbox = server.sandbox();
        let mut child = sandbox
            .command(&["ask", "-n", "--format", "json", "-m", "lab/m", "go"])
            .spawn()
            .expect("started");
        let start = std::time::Instant::now();
        while server.requests().is_empty() {
            assert!(start.elapsed() < Duration::from_secs(10), "nothing is asked");
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(200));
        let pid = child.id().to_string();
        std::process::Command::new("kill").args(["-s", signal, &pid]).status().expect("kill");
        let mut stdout = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().expect("stdout"), &mut stdout).expect("text");
        assert_eq!(child.wait().expect("its end").code(), Some(code), "after {signal}");
        assert!(server.all_closed(Duration::from_secs(2)), "the request goes on after {signal}");
        let object: Value = serde_json::from_str(&stdout).expect("one object");
        let reply = &object["replies"][0];
        assert_eq!(reply["status"], "stopped", "{reply}");
        assert!(reply["text"].as_str().is_some_and(|text| text.contains("tok tok")), "{reply}");
        let usage = sandbox.run(&["usage", "--by", "attempt", "--format", "json"]).expect(0);
        assert!(usage.stdout.contains("\"attempts\":1"), "{}", usage.stdout);
    }
}

#[test]
fn a_wait_before_the_next_attempt_can_be_interrupted() {
    let server = Lab::new(answer(429, &[("retry-after", "50")], &error("slow down")));
    let sandbox = server.sandbox();
    let child = sandbox.command(&["ask", "-n", "-m", "lab/m", "go"]).spawn().expect("started");
    while server.requests().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(200));
    let start = std::time::Instant::now();
    std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().expect("kill");
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(10), "it waited on");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_time_limit_keeps_what_came() {
    let server = Lab::new(lab::endless("tok"));
    let ran = server.sandbox().run(&["ask", "-n", "--timeout", "0.7", "-m", "lab/m", "go"]).expect(1);
    assert!(ran.stdout.starts_with("tok tok"), "{}", ran.stdout);
    assert!(ran.stderr.contains("--timeout"), "{}", ran.stderr);
    assert!(server.all_closed(Duration::from_secs(2)));
}

#[test]
fn no_proxy_hears_of_this_machine_and_no_key_goes_out_in_clear() {
    let proxy = Lab::new(lab::text("listened in"));
    let server = Lab::new(lab::text("straight"));
    let more = "[provider.open]\ndialect = \"openai\"\nbase_url = \"http://10.255.255.1/v1\"\n\
                api_key = { env = \"LAB_KEY\" }\n";
    let mut sandbox = server.sandbox();
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        sandbox = sandbox.variable(name, &proxy.url());
    }
    let ran = sandbox.run(&["ask", "-n", "-m", "lab/m", "go"]).expect(0);
    assert_eq!(ran.stdout, "straight\n");
    assert_eq!(proxy.connections(), 0, "the proxy was told of a server on this machine");
    let sandbox = server.sandbox_with(more).variable("http_proxy", &proxy.url());
    let ran = sandbox.run(&["ask", "-n", "-m", "open/m", "go"]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("allow_insecure_http") || ran.stderr.contains("https"), "{}", ran.stderr);
    assert_eq!(proxy.connections(), 0, "the key went out in clear");
}
