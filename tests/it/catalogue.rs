//! Lists of models against a server: every shape of them, what is kept on disk, and when they are
//! asked for: by `salon models --refresh`, behind an open room once a day, and never before its
//! first frame or for `ask`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lab;
use crate::lab::Lab;
use crate::mock::{Request, Responder, Step, response};
use crate::pty::Pty;
use crate::sandbox::{Ran, Sandbox, slow};

const WIDE: (u16, u16) = (150, 40);
const QUIT: &str = "\x11";
const KEY: &str = "sk-CANARY-list-0123456789";
const HOUR: u64 = 60 * 60 * 1000;

fn page(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    fs::read_to_string(format!("{folder}/{name}.json")).expect("a recording")
}

/// The request line without its version.
fn line(request: &Request) -> String {
    request.head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned()
}

/// A server that answers by the request line, and with 404 to everything else.
fn server(rows: Vec<(&'static str, Vec<Step>)>) -> Lab {
    Lab::new(Arc::new(move |request| {
        let asked = line(request);
        let row = rows.iter().find(|(line, _)| *line == asked);
        row.map_or_else(|| response("404 Not Found", "application/json", "{}"), |(_, steps)| steps.clone())
    }))
}

fn ok(body: &str) -> Vec<Step> {
    response("200 OK", "application/json", body)
}

/// A sandbox whose provider `name` is this server, below `/name`.
fn sandbox(server: &Lab, providers: &[(&str, &str)], more: &str) -> Sandbox {
    let mut config = String::new();
    for (name, dialect) in providers {
        config.push_str(&format!(
            "[provider.{name}]\ndialect = \"{dialect}\"\nbase_url = \"{}/{name}\"\napi_key = {{ env = \"LIST_KEY\" }}\n",
            server.url()
        ));
    }
    Sandbox::new().variable("LIST_KEY", KEY).config(&format!("{config}{more}"))
}

/// `salon models --refresh` of this provider alone.
fn refresh(sandbox: &Sandbox, provider: &str) -> Ran {
    sandbox.run(&["models", "--refresh", "--provider", provider])
}

fn listed(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["models", "--format", "json"], arguments].concat();
    let ran = sandbox.run(&arguments);
    serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.stdout, ran.stderr))
}

fn file(sandbox: &Sandbox, provider: &str) -> PathBuf {
    sandbox.home().join(format!("cache/salon/models/{provider}.json"))
}

/// Makes a list on disk older.
fn age(sandbox: &Sandbox, provider: &str, by: u64) {
    let path = file(sandbox, provider);
    let text = fs::read_to_string(&path).expect("a list");
    let (before, rest) = text.split_once("\"at\":").expect("its time");
    let (at, rest) = rest.split_once(',').expect("more");
    let at: u64 = at.parse().expect("milliseconds");
    fs::write(&path, format!("{before}\"at\":{},{rest}", at - by)).expect("written");
}

#[test]
fn every_shape_of_list_is_asked_for_read_and_kept() {
    let or = page("or-models");
    let rest = r#"{"models":[{"name":"models/pine-late","supportedGenerationMethods":["generateContent"]}]}"#;
    let more = r#"{"data":[{"id":"kestrel-late"}],"has_more":false}"#;
    let first = page("anthropic-models").replace("\"has_more\": false", "\"has_more\": true");
    let server = server(vec![
        ("GET /or/models", ok(&or)),
        ("GET /oa/models", ok(&page("openai-models"))),
        ("GET /an/models?limit=1000", ok(&first)),
        ("GET /an/models?limit=1000&after_id=kestrel-large-2-20260611", ok(more)),
        ("GET /ge/models?pageSize=1000", ok(&page("gemini-models"))),
        ("GET /ge/models?pageSize=1000&pageToken=ExNext", ok(rest)),
        ("GET /ol/api/tags", ok(&page("ollama-tags"))),
        ("POST /ol/api/show", ok(&page("ollama-show"))),
        ("GET /lc/models", ok(&page("llamacpp-models"))),
        ("GET /vl/models", ok(&page("vllm-models"))),
        ("GET /to/models", ok(&page("compat-models-bare-array"))),
    ]);
    let dialects = [
        ("or", "openrouter", 13, "orbit/orbit-5", Some(1_050_000)),
        ("oa", "openai", 2, "gpt-example-5", None),
        ("an", "anthropic", 2, "kestrel-large-2-20260611", Some(1_000_000)),
        ("ge", "gemini", 2, "pine-pro-3", Some(1_048_576)),
        ("ol", "ollama", 2, "quill-r2:8b", Some(40_960)),
        ("lc", "openai", 1, "quill-8b-q4.gguf", Some(131_072)),
        ("vl", "openai", 1, "quill-lab/Quill-R2", Some(32_768)),
        ("to", "openai", 1, "meta-quill/Quill-70B", Some(131_072)),
    ];
    let providers: Vec<(&str, &str)> = dialects.iter().map(|(name, dialect, ..)| (*name, *dialect)).collect();
    let sandbox = sandbox(&server, &providers, "");
    let mut words = vec!["models", "--refresh"];
    words.extend(providers.iter().flat_map(|(name, _)| ["--provider", *name]));
    let ran = sandbox.run(&words).expect(0);
    for (name, _, count, id, context) in dialects {
        let word = if count == 1 { "model" } else { "models" };
        assert!(ran.stderr.contains(&format!("{name}: {count} {word}\n")), "{name}:\n{}", ran.stderr);
        // From the disk, without a word to anybody.
        let kept = listed(&sandbox, &["--provider", name]);
        assert_eq!(kept.len(), count, "{name}");
        let model = kept.iter().find(|model| model["model"] == format!("{name}/{id}").as_str());
        assert_eq!(model.expect(id)["context"].as_u64(), context, "{name}");
        let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let path = file(&sandbox, name);
        assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700), "{name}");
    }
    let keys = [
        ("/or/", None),
        ("/oa/", Some("authorization")),
        ("/an/", Some("x-api-key")),
        ("/ge/", Some("x-goog-api-key")),
    ];
    for request in server.requests() {
        let asked = line(&request);
        assert!(!asked.contains("CANARY"), "a key stood in an address: {asked}");
        let Some((_, header)) = keys.iter().find(|(path, _)| asked.contains(path)) else { continue };
        assert_eq!(request.head.contains("CANARY"), header.is_some(), "{asked}");
        assert!(header.is_none_or(|header| request.header(header).is_some_and(|value| value.contains(KEY))));
    }
    let large = listed(&sandbox, &["orbit/orbit-5-mini", "--provider", "or"]);
    assert_eq!(large[0]["price"]["output"], "2");
    assert_eq!(large[0]["price"]["source"], "catalogue");
    assert_eq!(large[0]["cost"], "priced");
    let together = listed(&sandbox, &["--provider", "to"]);
    assert_eq!(together[0]["price"]["input"], "0.88", "its prices are for a million");
}

#[test]
fn openrouter_needs_no_key_for_its_list() {
    let server = server(vec![("GET /v1/models", ok(&page("or-models")))]);
    let sandbox = Sandbox::new().config(&format!(
        "[provider.openrouter]\nbase_url = \"{}/v1\"\n[catalogue]\nrefresh = false\n",
        server.url()
    ));
    refresh(&sandbox, "openrouter").expect(0);
    let auto = listed(&sandbox, &["openrouter/auto"]);
    assert_eq!((&auto[0]["model"], &auto[0]["cost"]), (&"openrouter/auto".into(), &"unknown".into()));
    let all = listed(&sandbox, &["--provider", "openrouter"]);
    assert!(!all.iter().any(|model| model["model"].as_str().is_some_and(|name| name.contains(":batch"))));
    assert!(all.iter().any(|model| model["alias_of"] == "kestrel/kestrel-large-2"));
}

#[test]
fn filters_choose_and_unknown_ones_are_refused_with_the_known() {
    let server = server(vec![("GET /or/models", ok(&page("or-models")))]);
    let sandbox = sandbox(&server, &[("or", "openrouter")], "");
    refresh(&sandbox, "or").expect(0);
    let ids = |arguments: &[&str]| {
        let found = listed(&sandbox, &[arguments, &["--provider", "or"]].concat());
        let short = |model: &Value| {
            model["model"].as_str().and_then(|name| name.rsplit('/').next()).map(str::to_owned)
        };
        found.iter().filter_map(short).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids(&["--free"]), "kestrel-small-2:free");
    assert_eq!(ids(&["--max-price", "0.2"]), "ember-12b kestrel-small-2:free");
    assert_eq!(
        ids(&["--min-context", "1m", "--tools"]),
        "kestrel-large-2 auto orbit-5 pine-pro-3 kestrel-large-latest"
    );
    assert_eq!(ids(&["--input", "video"]), "auto pine-pro-3");
    assert_eq!(ids(&["--output", "audio"]), "hear-1");
    assert_eq!(ids(&["--expiring"]), "ember-12b");
    assert_eq!(ids(&["orbit", "MINI", "--reasoning"]), "orbit-5-mini");
    for (words, known) in [
        (&["--input", "smell"][..], "image, file, audio, video"),
        (&["--output", "file"], "image, audio"),
        (&["--min-context", "lots"], "128k"),
        (&["--max-price", "cheap"], "IN/OUT"),
        (&["--provider", "oor"], "did you mean or?"),
    ] {
        let ran = sandbox.run(&[&["models"], words].concat()).expect(2);
        assert!(ran.stderr.contains(known), "{words:?}: {}", ran.stderr);
    }
    let table = sandbox.run(&["models", "--provider", "or", "ember"]).expect(0);
    assert!(table.stdout.contains("until 2026-09-30"), "{}", table.stdout);
    assert!(
        table.stderr.contains("lists: or just now\nprices: the config's, else those of the list of or, "),
        "{}",
        table.stderr
    );
    age(&sandbox, "or", 3 * HOUR);
    let table = sandbox.run(&["models", "--provider", "or"]).expect(0);
    assert!(
        table.stderr.contains("lists: or 3 h old") && table.stderr.contains("models: 13 of "),
        "{}",
        table.stderr
    );
    assert!(table.stderr.contains("else those of the book of 20"), "{}", table.stderr);
}

#[test]
fn a_failure_keeps_the_list_that_was_there_and_the_others_go_on() {
    let bad: Vec<(&str, Vec<Step>)> = vec![
        ("500", response("500 Oops", "application/json", "{\"error\":{\"message\":\"down\"}}")),
        (
            "401",
            response(
                "401 No",
                "application/json",
                &format!("{{\"error\":{{\"message\":\"bad key {KEY}\"}}}}"),
            ),
        ),
        ("garbage", ok("<html>hello</html>")),
        ("no list", ok("{\"error\":\"x\"}")),
        ("nothing of it", ok("{\"data\":[1,2,{\"id\":7}]}")),
        ("empty", ok("{\"data\":[]}")),
        (
            "cut",
            vec![
                Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"data\":[{\"id\"".to_vec()),
                Step::Fin,
            ],
        ),
        ("reset", vec![Step::Rst]),
    ];
    let count = bad.len();
    let answers = std::sync::Mutex::new(bad.into_iter());
    let now: std::sync::Mutex<Option<Vec<Step>>> = std::sync::Mutex::new(None);
    let now = Arc::new(now);
    let shared = Arc::clone(&now);
    let good = ok(&page("or-models"));
    let responder: Responder = Arc::new(move |request| {
        let bad = shared.lock().expect("not poisoned").clone();
        if line(request).contains("/or/") { bad.unwrap_or_else(|| good.clone()) } else { good.clone() }
    });
    let server = Lab::new(responder);
    let sandbox = sandbox(&server, &[("or", "openai"), ("ok", "openrouter")], "");
    refresh(&sandbox, "or").expect(0);
    let before = fs::read(file(&sandbox, "or")).expect("a list");
    for _ in 0..count {
        let (name, steps) = answers.lock().expect("not poisoned").next().expect("a row");
        *now.lock().expect("not poisoned") = Some(steps);
        let ran = refresh(&sandbox, "or").expect(1);
        assert!(ran.stderr.contains("its list from before stays: just now"), "{name}: {}", ran.stderr);
        assert!(ran.stdout.contains("orbit-5-mini"), "{name}: what is known is printed");
        assert!(!ran.stderr.contains("CANARY"), "{name}: {}", ran.stderr);
        assert_eq!(fs::read(file(&sandbox, "or")).expect("a list"), before, "{name}");
        let both = sandbox.run(&["models", "--refresh", "--provider", "or", "--provider", "ok"]).expect(0);
        assert!(
            both.stderr.contains("ok: 13 models") && both.stderr.contains("or: "),
            "{name}: {}",
            both.stderr
        );
    }
}

#[test]
fn a_damaged_list_is_told_and_never_fatal() {
    let server = server(vec![("GET /or/models", ok(&page("or-models")))]);
    let sandbox = sandbox(&server, &[("or", "openrouter")], "");
    refresh(&sandbox, "or").expect(0);
    let text = fs::read(file(&sandbox, "or")).expect("a list");
    for cut in [0, 1, text.len() / 2, text.len() - 1] {
        fs::write(file(&sandbox, "or"), &text[..cut]).expect("written");
        let ran = sandbox.run(&["models", "eliza"]).expect(0);
        assert!(ran.stderr.contains("or.json is left out: it is damaged"), "{cut}: {}", ran.stderr);
        let ran = sandbox.run(&["ask", "-n", "-m", "demo/echo", "hi"]).expect(0);
        assert_eq!(ran.stdout, "hi\n");
    }
    refresh(&sandbox, "or").expect(0);
    assert_eq!(listed(&sandbox, &["--provider", "or"]).len(), 13);
}

/// A server of a list at `/lab/models` that also chats.
fn chatting() -> Lab {
    let list = ok(&page("or-models"));
    let chat = lab::text("hello from the model");
    Lab::new(Arc::new(
        move |request| if line(request).starts_with("GET ") { list.clone() } else { chat(request) },
    ))
}

fn lists_asked(server: &Lab) -> usize {
    server.requests().iter().filter(|request| line(request) == "GET /lab/models").count()
}

/// Waits until the list was asked for so often.
#[track_caller]
fn wait_for_lists(server: &Lab, count: usize) {
    let start = Instant::now();
    while lists_asked(server) < count {
        assert!(start.elapsed() < Duration::from_secs(20), "{} of {count}", lists_asked(server));
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(lists_asked(server), count);
}

#[test]
fn ask_warns_of_what_is_not_listed_sends_it_and_never_refreshes() {
    let server = chatting();
    let sandbox = sandbox(&server, &[("lab", "openrouter")], "");
    let ask = |model: &str| sandbox.run(&["ask", "-n", "-m", model, "hi"]).expect(0);
    assert!(!ask("lab/orbit/orbbit-5").stderr.contains("did you mean"), "no list is known yet");
    assert_eq!(lists_asked(&server), 0);
    refresh(&sandbox, "lab").expect(0);
    age(&sandbox, "lab", 100 * HOUR);
    let ran = ask("lab/orbit/orbbit-5");
    assert_eq!(ran.stdout, "hello from the model\n");
    assert!(
        ran.stderr.contains("lab/orbit/orbbit-5 is not in the list of lab; it is asked all the same. did you mean lab/orbit/orbit-5"),
        "{}",
        ran.stderr
    );
    assert!(ask("lab/ember/ember-12b").stderr.contains("gone after 2026-09-30"));
    assert!(!ask("lab/orbit/orbit-5").stderr.contains("list of lab"));
    assert_eq!(lists_asked(&server), 1, "only --refresh asked");
    // What the list says it costs is what it costs: 12 tokens in, 34 out.
    let ran = sandbox.run(&["ask", "-n", "-m", "lab/orbit/orbit-5-mini", "--format", "json", "hi"]).expect(0);
    let reply: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(reply["charge"]["usd"], "0.000071");
}

#[test]
fn a_room_asks_once_a_day_after_its_first_frame_and_tells_what_it_learns() {
    let server = chatting();
    let sandbox = sandbox(&server, &[("lab", "openrouter")], "");
    let mut room = Pty::start(&sandbox, &["-m", "lab/orbit/orbbit-5", "-m", "lab/ember/ember-12b"], WIDE);
    room.see("is not in the list of lab");
    assert_eq!(lists_asked(&server), 1);
    room.send("\x0c");
    room.see("search, or type");
    room.type_slowly("quillnight");
    room.see("lab/quill/quill-night");
    room.send("\x1b");
    room.miss("enter swaps");
    room.ask("hi");
    room.ended(2);
    room.send(QUIT);
    assert_eq!(room.end(), 0);
    assert!(file(&sandbox, "lab").exists());

    for (by, asked) in [(0, 0), (23 * HOUR, 0), (2 * HOUR, 1)] {
        age(&sandbox, "lab", by);
        let before = lists_asked(&server);
        let mut room = Pty::start(&sandbox, &["-m", "lab/ember/ember-12b"], WIDE);
        room.see("gone after 2026-09-30");
        wait_for_lists(&server, before + asked);
        thread::sleep(Duration::from_millis(300));
        room.send(QUIT);
        assert_eq!(room.end(), 0);
        assert_eq!(lists_asked(&server) - before, asked, "{by} ms older");
    }
}

#[test]
fn models_that_come_later_are_doubted_too_and_each_once() {
    let server = chatting();
    let sandbox = sandbox(&server, &[("lab", "openrouter")], "");
    refresh(&sandbox, "lab").expect(0);
    let mut room = Pty::start(&sandbox, &["-m", "lab/orbit/orbit-5"], WIDE);
    room.see("enter send");
    wait_for_lists(&server, 1);
    let doubt = "lab/orbit/orbbit-5 is not in the list of lab";
    room.ask("/model lab/orbit/orbbit-5");
    room.see(doubt);
    room.ask("/add lab/ember/ember-12b");
    room.see("gone after 2026-09-30");
    room.send("\x0c");
    room.see("search, or type");
    room.type_slowly("lab/orbit/orbit5x");
    room.send("+");
    room.see("lab/orbit/orbit5x is not in the list of lab");
    room.ask("/model lab/orbit/orbit-5");
    room.see("is lab/orbit/orbit-5 now");
    room.ask("/model lab/orbit/orbbit-5");
    room.see("is lab/orbit/orbbit-5 now");
    thread::sleep(Duration::from_millis(300));
    room.miss(doubt);
    room.send(QUIT);
    assert_eq!(room.end(), 0);
}

#[test]
fn a_list_that_never_comes_is_in_nobodys_way_and_can_be_switched_off() {
    let server = Lab::new(Arc::new(|request| {
        if line(request).starts_with("GET ") { vec![Step::Stall] } else { lab::text("all the same")(request) }
    }));
    let sandbox = sandbox(&server, &[("lab", "openai")], "");
    let mut room = Pty::start(&sandbox, &["-m", "lab/one"], WIDE);
    // The frame first, the request after it.
    let start = Instant::now();
    while !room.screen().contains("enter send") {
        if server.connections() > 0 {
            thread::sleep(Duration::from_millis(200));
            assert!(room.screen().contains("enter send"), "a request went out before the first frame");
        }
        assert!(start.elapsed() < Duration::from_secs(20), "no frame");
        thread::sleep(Duration::from_millis(1));
    }
    room.ask("hi");
    room.see("all the same");
    room.ended(1);
    wait_for_lists(&server, 1);
    room.send(QUIT);
    assert_eq!(room.end(), 0);

    // A key that a command gives may ask its person for a word: that waits until it is needed.
    let mark = sandbox.home().join("asked");
    let shy = format!(
        "[provider.shy]\nbase_url = \"{}/shy\"\napi_key = {{ command = [\"touch\", \"{}\"] }}\n",
        server.url(),
        mark.display()
    );
    let sandbox = self::sandbox(&server, &[("lab", "openai")], &shy);
    let mut room = Pty::start(&sandbox, &["-m", "demo/echo"], WIDE);
    wait_for_lists(&server, 2);
    thread::sleep(Duration::from_millis(300));
    assert!(!mark.exists() && !server.requests().iter().any(|request| line(request).contains("/shy/")));
    room.send(QUIT);
    assert_eq!(room.end(), 0);

    let sandbox = self::sandbox(&server, &[("lab", "openai")], "[catalogue]\nrefresh = false\n");
    let mut room = Pty::start(&sandbox, &["-m", "lab/one"], WIDE);
    room.see("enter send");
    room.ask("hi");
    room.see("all the same");
    room.ended(1);
    thread::sleep(Duration::from_millis(300));
    room.send(QUIT);
    assert_eq!(room.end(), 0);
    assert_eq!(lists_asked(&server), 2, "it was switched off");
}

#[test]
fn a_server_without_a_list_is_told_and_one_that_says_nothing_is_given_up() {
    let silent = server(vec![("GET /lab/models", vec![Step::Stall])]);
    let sandbox = sandbox(&silent, &[("lab", "openai"), ("bare", "openai")], "");
    let ran = refresh(&sandbox, "bare").expect(1);
    assert!(ran.stderr.contains("bare: it has no list of models"), "{}", ran.stderr);
    if slow() {
        let start = Instant::now();
        let ran = refresh(&sandbox, "lab").expect(1);
        assert!(ran.stderr.contains("was not there within 20 s"), "{}", ran.stderr);
        assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    }
}

/// `salon doctor` says how old the lists are, and calls one old only where somebody keeps it fresh.
#[test]
fn the_doctor_tells_how_old_the_lists_are() {
    let server = server(vec![("GET /or/models", ok(&page("or-models")))]);
    let sandbox = sandbox(&server, &[("or", "openrouter")], "");
    let doctor = |config: &str| {
        let path = sandbox.home().join("config/salon/config.toml");
        let text = fs::read_to_string(&path).expect("a config");
        let (_, providers) = text.split_once("[provider.").expect("providers");
        fs::write(&path, format!("{config}[provider.{providers}")).expect("written");
        let ran = sandbox.run(&["doctor", "--offline", "-v"]);
        let line = ran.stdout.lines().find(|line| line.contains("'s list is")).unwrap_or_default();
        (ran.code, line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(doctor(""), (Some(0), String::new()), "there is none");
    refresh(&sandbox, "or").expect(0);
    assert_eq!(doctor(""), (Some(0), "ok models or's list is of just now".to_owned()));
    age(&sandbox, "or", 3 * HOUR);
    assert_eq!(doctor(""), (Some(0), "ok models or's list is 3 h old".to_owned()));
    age(&sandbox, "or", 31 * 24 * HOUR);
    assert_eq!(doctor(""), (Some(1), "wrong models or's list is 31 days old".to_owned()));
    let ran = sandbox.run(&["doctor", "--offline"]).expect(1);
    assert!(ran.stdout.contains("salon models --refresh --provider or"), "{}", ran.stdout);
    assert_eq!(
        doctor("[catalogue]\nrefresh = false\n"),
        (Some(0), "ok models or's list is 31 days old".to_owned())
    );
    fs::write(file(&sandbox, "or"), "{").expect("written");
    assert_eq!(doctor(""), (Some(1), String::new()));
    assert_eq!(server.connections(), 1, "offline is offline");
}

/// What a list says of a model decides what is sent: the nearest effort that it knows, and nothing
/// that it does not take; both are told.
#[test]
fn what_a_listed_model_does_not_take_is_not_sent() {
    let list = serde_json::json!({ "data": [
        { "id": "lab/mild", "supported_parameters": ["reasoning", "temperature", "max_tokens"],
          "reasoning": { "supported_efforts": ["medium", "low"] } },
        { "id": "lab/cold", "supported_parameters": ["max_tokens"] },
    ] });
    let list = ok(&list.to_string());
    let answer = lab::text("fine");
    let server =
        Lab::new(Arc::new(
            move |request| {
                if line(request) == "GET /or/models" { list.clone() } else { answer(request) }
            },
        ));
    let sandbox = sandbox(&server, &[("or", "openrouter")], "");
    refresh(&sandbox, "or").expect(0);
    let ask = |model: &str| {
        let flags = ["--param", "effort=high", "--param", "temperature=0.5", "--param", "max_tokens=9", "hi"];
        let ran = sandbox.run(&[&["ask", "-n", "-m", model], &flags[..]].concat()).expect(0);
        assert_eq!(ran.stdout, "fine\n");
        (lab::body(server.requests().last().expect("a request")), ran.stderr)
    };
    let (sent, told) = ask("or/lab/mild");
    assert_eq!(
        (&sent["reasoning"]["effort"], &sent["temperature"]),
        (&"medium".into(), &0.5.into()),
        "{sent}"
    );
    assert!(told.contains("or/lab/mild knows no effort high; medium was taken"), "{told}");
    assert!(!told.contains("temperature"), "{told}");
    let (sent, told) = ask("or/lab/cold");
    assert_eq!((sent.get("reasoning"), sent.get("temperature")), (None, None), "{sent}");
    assert_eq!(sent["max_tokens"], 9, "{sent}");
    for what in ["temperature", "effort"] {
        assert!(told.contains(&format!("or/lab/cold does not take {what}; it was left out")), "{told}");
    }
}
