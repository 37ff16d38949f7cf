//! Every recorded error body, and what is not recorded: the forms of bodies, and hostile ones.

use serde_json::Value;

use super::*;

/// What was noon of a day when the recordings were made.
const NOW: Millis = Millis(1_787_400_000_000);

fn party() -> Party {
    Party { name: "lab".to_owned(), key: Some("the variable LAB_KEY".to_owned()) }
}

fn recordings() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.starts_with("http-") {
            let text = std::fs::read_to_string(&path).expect("a text");
            out.push((name, serde_json::from_str(&text).expect("JSON")));
        }
    }
    out
}

fn respond(recording: &Value) -> (Head, Vec<u8>) {
    let status = u16::try_from(recording["status"].as_u64().expect("a status")).expect("a status");
    let headers = recording["headers"].as_object().expect("headers");
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().expect("a text").to_owned()))
        .collect();
    let body = match &recording["body"] {
        Value::String(text) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    };
    (Head { status, headers }, body)
}

#[test]
fn every_recording_is_what_it_is() {
    let all = recordings();
    assert!(all.len() >= 30, "the recordings are there");
    for (name, recording) in all {
        let (head, body) = respond(&recording);
        let expect = &recording["expect"];
        let kind = named(expect["kind"].as_str().expect("a kind"));
        assert_eq!(kind.name, expect["kind"], "{name}: the kind has a row");
        let found = from_response(&party(), &head, &body, NOW);
        assert_eq!(found.class, kind.class, "{name}: {found:?}");
        assert_eq!(found.hint, fault(&party(), kind, "").hint, "{name}: {found:?}");
        assert_eq!(Some(found.retryable), expect["retry"].as_bool(), "{name}");
        if let Some(seconds) = expect["retry_after_s"].as_f64() {
            assert_eq!(found.retry_after_ms, Some((seconds * 1000.0).round() as u64), "{name}");
        }
        if let Some(at) = expect["reset_unix_ms"].as_i64() {
            assert_eq!(found.retry_after_ms, u64::try_from(at - NOW.0).ok(), "{name}");
        }
        if let Some(display) = expect["display"].as_str() {
            assert_eq!(found.message.raw(), display, "{name}");
        }
        assert!(!found.message.is_empty(), "{name}: it says what happened");
    }
}

#[test]
fn rules_name_kinds_that_exist() {
    for name in RULES.iter().map(|(_, _, name)| name).chain(STATUSES.iter().map(|(_, _, name)| name)) {
        assert_eq!(named(name).name, *name);
    }
}

#[test]
fn every_form_of_body_is_read() {
    let table = [
        (r#"{"error":{"message":"a"}}"#, "a"),
        (r#"{"error":"a"}"#, "a"),
        (r#"{"message":"a"}"#, "a"),
        (r#"{"detail":"a"}"#, "a"),
        (
            r#"{"detail":[{"loc":["body","messages",0],"msg":"missing"},{"msg":"b"}]}"#,
            "body.messages.0: missing; b",
        ),
        (r#"{"errors":["a","b"]}"#, "a; b"),
        (r#"{"object":"error","message":"a"}"#, "a"),
        (r#"[{"error":{"message":"a"}}]"#, "a"),
        (r#"{"error":{"message":"{\"error\":{\"message\":\"a\"}}"}}"#, "a"),
        (r#"{"error":{"metadata":{"raw":"{\"message\":\"a\"}","provider_name":"Tarn"}}}"#, "[Tarn] a"),
        ("plain words", "plain words"),
        ("", "HTTP 418 I'm a teapot"),
        ("{}", "HTTP 418 I'm a teapot"),
        ("[]", "HTTP 418 I'm a teapot"),
        ("<!DOCTYPE html><title>Oh\nno</title>", "Oh\nno (HTML page)"),
        ("<html><body>x", "A gateway answered with an HTML page."),
    ];
    for (body, words) in table {
        let head = Head { status: 418, headers: Vec::new() };
        assert_eq!(from_response(&party(), &head, body.as_bytes(), NOW).message.raw(), words, "{body}");
    }
}

#[test]
fn hostile_bodies_are_survived_and_cut() {
    let deep = "[".repeat(100_000);
    let long = "x".repeat(3 * MOST_WORDS);
    let split = format!("{}é", "x".repeat(MOST_WORDS - 1));
    for body in
        [deep.as_bytes(), long.as_bytes(), split.as_bytes(), b"\xff\xfe\x00", b"{\"error\":{\"code\":1e99}}"]
    {
        let head = Head { status: 500, headers: Vec::new() };
        let found = from_response(&party(), &head, body, NOW);
        assert!(found.message.len() <= MOST_WORDS + 64);
        assert_eq!(found.class, FaultClass::Provider);
    }
}

#[test]
fn should_retry_is_obeyed_where_it_may_be() {
    for (status, header, expected) in [
        (500, "false", false),
        (429, "false", false),
        (418, "true", true),
        (401, "true", false),
        (400, "true", false),
    ] {
        let head = Head { status, headers: vec![("x-should-retry".to_owned(), header.to_owned())] };
        assert_eq!(from_response(&party(), &head, b"", NOW).retryable, expected, "{status} {header}");
    }
    for (status, expected) in [(501, false), (500, true), (503, true), (529, true), (404, false), (408, true)]
    {
        let head = Head { status, headers: Vec::new() };
        assert_eq!(from_response(&party(), &head, b"", NOW).retryable, expected, "{status}");
    }
}

#[test]
fn errors_in_streams() {
    let found = in_stream(
        &party(),
        r#"{"code":502,"message":"gone","metadata":{"error_type":"provider_unavailable"}}"#,
    );
    assert_eq!((found.class, found.http_status, found.retryable), (FaultClass::Provider, Some(502), true));
    assert_eq!(in_stream(&party(), r#""words""#).message.raw(), "words");
    assert_eq!(in_stream(&party(), r#"{"code":"server_error","message":"m"}"#).class, FaultClass::Provider);
    assert!(in_stream(&party(), "{}").message.raw().contains("error"));
}
