//! Faults that are more than one request to one server: what they do to the seats beside them, and
//! how a person gets out of them.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::row::{SHORT, error};
use crate::lab;
use crate::lab::{Lab, always, answer, delta, ending};
use crate::mock::{Framing, Generator, Responder, Step, chunk, events_head};
use crate::pty::Pty;
use crate::sandbox::Sandbox;
use crate::tls::{Front, Manner, authority};

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
    let screen = room.ended(6);
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
    assert!(!ran.stderr.contains(".;"), "{}", ran.stderr);
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
    room.wait("both stopped", |screen| screen.matches("stopped by you").count() == 2);
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

#[test]
fn a_seat_that_waits_for_its_turn_counts_down_and_can_be_stopped() {
    let server = Lab::new(lab::text("one of a minute"));
    let sandbox = server.sandbox_with("rate = 1\n");
    let mut room = Pty::start(&sandbox, &["-m", "lab/1", "-m", "lab/2"], (140, 30));
    room.see("enter send");
    room.ask("go");
    let left = |screen: &str| -> Option<u32> {
        let rest = screen.split("starts in ").nth(1)?;
        rest.split('s').next()?.parse().ok()
    };
    let screen =
        room.wait("a countdown", |screen| left(screen).is_some() && screen.contains("one of a minute"));
    let first = left(&screen).expect("seconds");
    assert!(first <= 60, "{screen}");
    room.wait("fewer seconds", |screen| left(screen).is_some_and(|now| now + 2 <= first));
    room.send("\x03");
    room.see("stopped");
    room.send("\x11");
    assert_eq!(room.end(), 0);
    assert_eq!(server.requests().len(), 1, "what waited was sent after all");
}

#[test]
fn a_limit_that_is_used_up_holds_the_other_seats_of_the_key() {
    let head = crate::mock::head(
        "200 OK",
        &[
            ("content-type", "text/event-stream"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "1500ms"),
            ("connection", "close"),
        ],
    );
    let reply = [head, delta("the last one"), ending(12, 34)].concat();
    let server =
        Lab::new(lab::in_turn(vec![always(vec![Step::Send(reply), Step::Fin]), lab::text("after the wait")]));
    let sandbox = server.sandbox_with("concurrency = 1\n");
    let words = ["ask", "-n", "--format", "json", "-m", "lab/1", "-m", "lab/2", "go"];
    let ran = sandbox.run(&words).expect(0);
    let object: Value = serde_json::from_str(&ran.stdout).expect("one object");
    let [first, second] = [0, 1].map(|at| object["replies"][at].clone());
    assert_eq!((&first["attempts"], &second["attempts"]), (&json!(1), &json!(1)), "nobody was refused");
    let took = |reply: &Value| reply["total_ms"].as_u64().expect("a time");
    let late = took(&first).max(took(&second));
    assert!(late >= 1_500, "the second came too early: {object}");
    assert!(ran.stderr.contains("waits 2 s: lab asks to wait"), "{}", ran.stderr);
}

/// Safety R45: no certificate is ever taken unseen.
#[test]
fn there_is_no_flag_that_trusts_everybody() {
    let sandbox = Sandbox::new();
    for flag in ["--insecure", "-k", "--no-verify", "--api-key=x"] {
        let ran = sandbox.run(&["ask", "-n", flag, "-m", "demo/echo", "hello"]);
        assert_eq!(ran.code, Some(2), "{flag}: {}", ran.stderr);
    }
    let config =
        "[provider.lab]\ndialect = \"openai\"\nbase_url = \"https://127.0.0.1:9/v1\"\ninsecure = true\n";
    let ran = Sandbox::new().config(config).run(&["config", "check"]);
    assert!(ran.code != Some(0) && ran.stderr.contains("insecure"), "{}", ran.stderr);
}

/// Safety R47: without any network everything starts, and what needs none works.
#[test]
fn it_starts_without_a_network() {
    let apart = |words: &[&str]| {
        let mut command = std::process::Command::new("unshare");
        command.args(["-rn"]).args(words);
        command
    };
    if !apart(&["true"]).status().is_ok_and(|status| status.success()) {
        return;
    }
    let sandbox = Sandbox::new().variable("OPENROUTER_API_KEY", "sk-CANARY-1");
    let program = crate::sandbox::binary().display().to_string();
    let mut command = apart(&[&program, "ask", "-n", "-m", "demo/echo", "hello"]);
    let output = command.env_clear().envs(sandbox.variables()).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hello\n");
    let mut command = portable_pty::CommandBuilder::new("unshare");
    command.args(["-rn", &program, "-m", "demo/echo"]);
    let mut room = Pty::run(&sandbox, command, (100, 30));
    room.see("enter send");
    room.ask("hello");
    room.ended(1);
    room.send("\x11");
    assert_eq!(room.end(), 0);
}

/// Safety R40: what a server may make salon keep has an end, for eight of them together.
#[test]
fn eight_servers_without_end_stay_within_memory() {
    if !crate::sandbox::slow() {
        return;
    }
    let forever =
        |bytes: Vec<u8>| always(vec![Step::Send(events_head(Framing::Close, 0)), Step::Forever(bytes)]);
    let line = || forever(b"data: ".repeat(4096));
    let text = || forever(delta(&"words ".repeat(2000)));
    let calls = || {
        let call = json!({ "choices": [{ "index": 0, "delta": { "tool_calls": [{ "index": 0, "id": "c",
            "function": { "name": "f", "arguments": "x".repeat(10_000) } }] } }] });
        forever(lab::data(&call))
    };
    let comments = || forever(b": alive\n\n".repeat(500));
    let mixed = [line(), line(), text(), text(), calls(), calls(), comments(), comments()];
    for (what, servers) in [("of all kinds", mixed), ("of lines", std::array::from_fn(|_| line()))] {
        let most = peak(servers);
        assert!(most > 0 && most < 150 * 1000, "{most} KiB for eight servers {what}");
    }
}

/// The most memory in KiB that a room of these servers takes until all are done.
fn peak(servers: [Responder; 8]) -> u64 {
    let names = ["1", "2", "3", "4", "5", "6", "7", "8"];
    let server = Lab::new(lab::by_model(names.into_iter().zip(servers).collect()));
    let sandbox = server.sandbox();
    let models: Vec<String> = names.iter().map(|name| format!("lab/{name}")).collect();
    let words: Vec<&str> = models.iter().flat_map(|model| ["-m", model.as_str()]).collect();
    let mut room = Pty::start(&sandbox, &words, (300, 80));
    room.see("enter send");
    room.ask("go");
    room.see("usage");
    let start = std::time::Instant::now();
    while room.screen().contains("esc stop") || start.elapsed() < Duration::from_secs(5) {
        assert!(start.elapsed() < Duration::from_secs(300), "it does not end\n{}", room.screen());
        thread::sleep(Duration::from_millis(100));
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", room.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map(str::to_owned);
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Safety R48: what a turn opens it closes.
#[test]
fn many_turns_leave_no_sockets_and_no_threads() {
    let server = Lab::new(lab::in_turn(vec![lab::text("one"), lab::cut("two"), lab::text("three")]));
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/1", "-m", "lab/2"], (100, 30));
    room.see("enter send");
    let pid = room.pid();
    let count = |what: &str| std::fs::read_dir(format!("/proc/{pid}/{what}")).map_or(0, Iterator::count);
    let (fds, tasks) = (|| count("fd"), || count("task"));
    let mut first = (0, 0);
    let turns = if crate::sandbox::slow() { 300 } else { 20 };
    for turn in 0..turns {
        room.send("go");
        thread::sleep(Duration::from_millis(120));
        room.send("\r");
        let start = std::time::Instant::now();
        while server.requests().len() < 2 * (turn + 1) && start.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(server.requests().len() >= 2 * (turn + 1), "turn {turn}: {}", room.screen());
        room.wait("the end", |screen| !screen.contains("esc stop"));
        if turn == 9 {
            first = (fds(), tasks());
        }
    }
    assert!(fds() <= first.0 + 4 && tasks() <= first.1 + 4, "{first:?}, then {} and {}", fds(), tasks());
}

/// Safety R42: what HTTP/2 could do to several streams of one connection cannot happen.
#[test]
fn http_2_is_never_agreed_on() {
    let lab = Lab::new(lab::text("plain"));
    let behind = lab.url().trim_start_matches("http://").parse().expect("an address");
    let front = Front::start(Manner::Certificate("good"), behind);
    let sandbox = Sandbox::new()
        .variable("SSL_CERT_FILE", &authority())
        .config(&format!("[provider.lab]\ndialect = \"openai\"\nbase_url = \"{}/v1\"\n", front.url()));
    sandbox.run(&["ask", "-n", "-m", "lab/1", "-m", "lab/2", "hello"]).expect(0);
    let agreed = front.agreed();
    assert_eq!(agreed.len(), 2, "a connection for each stream");
    assert!(agreed.iter().all(|protocol| protocol.as_deref().is_none_or(|name| name == b"http/1.1")));
    assert!(lab.requests().iter().all(|request| request.head.contains(" HTTP/1.1\r\n")));
}
