//! The fault list, F10 to F18: what a server answers, counts and asks for.

use std::time::Duration;

use serde_json::{Value, json};

use super::row::{Row, error, row};
use super::table::{AGAIN, PAUSE, body, counted, frame, whole};
use crate::lab;
use crate::lab::{always, answer, bytes, data, delta, ending, finished, stream};
use crate::mock::{Framing, Responder, Step, chunk, events_head, response};
use crate::terminal::hostile;

fn redirects() -> Vec<Row> {
    let moved = |code: u16, to: &str| answer(code, &[("location", to)], "");
    let away = "http://127.0.0.2:9/v1/chat/completions";
    let mut rows: Vec<Row> = [301, 302, 303, 307, 308]
        .into_iter()
        .map(|code| row("F10", code.to_string(), moved(code, away)).fails("protocol", 1, "127.0.0.2"))
        .collect();
    for (name, to, words) in [
        ("another port", "http://127.0.0.1:9/v1", "127.0.0.1:9"),
        ("another scheme", "https://other.example/v1", "other.example"),
        ("another scheme yet", "file:///etc/passwd", "not followed"),
        ("a loop", "/v1/chat/completions", "127.0.0.1"),
        ("no address", "http://[", "another address"),
    ] {
        rows.push(row("F10", name, moved(307, to)).fails("protocol", 1, words));
    }
    rows
}

/// Statuses with bodies of every kind.
fn statuses() -> Vec<Row> {
    const STATUSES: [(u16, &str, u64); 27] = [
        (400, "bad_request", 1),
        (401, "auth", 1),
        (402, "credit", 1),
        (403, "auth", 1),
        (404, "not_found", 1),
        (405, "bad_request", 1),
        (408, "timeout", 3),
        (409, "provider", 3),
        (410, "bad_request", 1),
        (413, "context", 1),
        (415, "bad_request", 1),
        (418, "bad_request", 1),
        (422, "bad_request", 1),
        (425, "provider", 3),
        (429, "rate", 3),
        (451, "auth", 1),
        (500, "provider", 3),
        (501, "provider", 1),
        (502, "provider", 3),
        (503, "provider", 3),
        (504, "timeout", 3),
        (505, "provider", 1),
        (520, "provider", 3),
        (521, "provider", 3),
        (522, "provider", 3),
        (524, "provider", 3),
        (529, "provider", 3),
    ];
    let page = "<!doctype html><html><head><title>Bad gateway</title></head><body>x</body></html>";
    let echo = error(&format!("Incorrect API key provided: {}", lab::KEY));
    let text = |status: &str, kind: &str, body: &str| always(response(status, kind, body));
    let mut rows: Vec<Row> = STATUSES
        .iter()
        .map(|(code, class, attempts)| {
            let server = lab::status(*code, &error("some words"));
            row("F11", code.to_string(), server).fails(class, *attempts, "some words")
        })
        .collect();
    rows.extend([
        row("F11", "page", text("502 Bad", "text/html", page)).fails("provider", 3, "Bad gateway"),
        row("F11", "400 page", text("400 Bad", "text/html", page)).fails("bad_request", 1, "Bad gateway"),
        row("F11", "empty", text("403 No", "text/plain", "")).fails("auth", 1, "HTTP 403 Forbidden"),
        row("F11", "plain", text("404 No", "text/plain", "no such route")).fails(
            "not_found",
            1,
            "no such route",
        ),
        row("F11", "escapes", {
            lab::status(400, "{\"error\":{\"message\":\"a\\u001b]52;c;QQ==\\u0007b\\u009b31mc\"}}")
        })
        .fails("bad_request", 1, "a"),
        row("F11", "raw escapes", text("400 No", "text/plain", "\x1b]0;EVIL\x07\x1b[2Jwords\u{202e}")).fails(
            "bad_request",
            1,
            "words",
        ),
        row("F11", "key echoed", lab::status(401, &echo)).fails("auth", 1, "[redacted]"),
        row("F11", "large body", lab::status(400, &error(&"x".repeat(3_000_000)))).fails(
            "bad_request",
            1,
            "xxx",
        ),
        row("F11", "cut body", {
            let head = crate::mock::head("503 Busy", &[("content-length", "500")]);
            always(vec![Step::Send(head), Step::Send(b"half of the words".to_vec()), Step::Fin])
        })
        .fails("provider", 3, "half of the words"),
        row("F11", "a body that never comes", {
            let head = crate::mock::head("400 Bad", &[("content-length", "500")]);
            always(vec![Step::Send(head), Step::Stall])
        })
        .fails("bad_request", 1, "HTTP 400"),
    ]);
    rows
}

/// How long a provider asks to wait: in every form, believable or not.
fn waits() -> Vec<Row> {
    let after = |name: &str, headers: &[(&str, &str)], attempts| {
        row("F12", name, answer(429, headers, &error("slow down"))).fails("rate", attempts, "slow down")
    };
    let now = jiff::Timestamp::now().as_millisecond();
    let (soon, late) = ((now + 1_000).to_string(), (now + 3_600_000).to_string());
    let (soon_s, late_s) = ((now / 1000 + 1).to_string(), (now / 1000 + 3_600).to_string());
    let google = |delay: &str| {
        let body = json!({ "error": { "code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED",
            "details": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay }] } });
        answer(429, &[], &body.to_string())
    };
    let router = |wait: f64| {
        let body = json!({ "error": { "code": 429, "message": "slow down",
            "availability": { "retryable": true, "retry_after": wait } } });
        answer(429, &[], &body.to_string())
    };
    let said = |name: &str, server, attempts| row("F12", name, server).fails("rate", attempts, "slow down");
    vec![
        after("1", &[("retry-after", "1")], 3),
        after("0", &[("retry-after", "0")], 3),
        after("0.2", &[("retry-after", "0.2")], 3),
        after("-1", &[("retry-after", "-1")], 3),
        after("1e308", &[("retry-after", "1e308")], 1),
        after("NaN", &[("retry-after", "NaN")], 3),
        after("inf", &[("retry-after", "inf")], 3),
        after("nothing", &[("retry-after", "")], 3),
        after("61", &[("retry-after", "61")], 1),
        after("the past", &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], 3),
        after("the future", &[("retry-after", "Thu, 31 Dec 2099 23:59:59 GMT")], 1),
        after(
            "a date beside a date",
            &[("retry-after", "Thu, 31 Dec 2099 23:59:59 GMT"), ("date", "Thu, 31 Dec 2099 23:59:58 GMT")],
            3,
        ),
        after("no date", &[("retry-after", "Thu, 32 Dec 2099")], 3),
        after("ms", &[("retry-after-ms", "30")], 3),
        after("ms before s", &[("retry-after-ms", "30"), ("retry-after", "3600")], 3),
        after("many ms", &[("retry-after-ms", "3600000")], 1),
        after("reset in ms", &[("x-ratelimit-reset", &soon)], 3),
        after("late reset in ms", &[("x-ratelimit-reset", &late)], 1),
        after("reset in s", &[("x-ratelimit-reset", &soon_s)], 3),
        after("late reset in s", &[("x-ratelimit-reset", &late_s)], 1),
        after("a duration", &[("x-ratelimit-reset-requests", "120ms")], 3),
        after("a long duration", &[("x-ratelimit-reset-tokens", "1h2m3s")], 1),
        after(
            "of two limits the one that is used up",
            &[
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "120ms"),
                ("x-ratelimit-remaining-tokens", "9"),
                ("x-ratelimit-reset-tokens", "1h"),
            ],
            3,
        ),
        after("a time of Anthropic's", &[("anthropic-ratelimit-tokens-reset", "2099-01-01T00:00:00Z")], 1),
        said("RetryInfo", google("1s"), 3),
        said("a long RetryInfo", google("3600s"), 1),
        said("availability", router(0.5), 3),
        said("a long availability", router(600.0), 1),
        row("F12", "should not retry", answer(500, &[("x-should-retry", "false")], &error("broken")))
            .fails("provider", 1, "broken"),
        row("F12", "should retry", answer(418, &[("x-should-retry", "true")], &error("broken"))).fails(
            "bad_request",
            3,
            "broken",
        ),
        row("F12", "should never retry", answer(422, &[("x-should-retry", "true")], &error("broken"))).fails(
            "bad_request",
            1,
            "broken",
        ),
    ]
}

/// What the body says.
fn bodies() -> Vec<Row> {
    let whole = |parts: Vec<Vec<u8>>| bytes(parts.concat());
    let failure = || data(&json!({ "error": { "message": "upstream fell over", "code": 502 } }));
    let named = b"event: error\ndata: {\"message\":\"upstream fell over\"}\n\n".to_vec();
    let said = |body: Value| always(response("200 OK", "application/json", &body.to_string()));
    let refusal =
        data(&json!({ "choices": [{ "index": 0, "delta": { "refusal": "I would rather not." } }] }));
    let fell = "upstream fell over";
    vec![
        row("F13", "length", whole(vec![delta("ab"), finished("length")])).done_uncounted("ab"),
        row("F13", "content filter", whole(vec![delta("ab"), finished("content_filter")]))
            .done_uncounted("ab"),
        row("F13", "refusal", whole(vec![refusal, finished("stop")]))
            .done_uncounted("I would rather not.\n")
            .shown("I would rather not."),
        row("F13", "a reason of its own", whole(vec![delta("ab"), finished("moonrise")]))
            .done_uncounted("ab"),
        row("F13", "finish error", whole(vec![delta("ab"), finished("error")])).breaks(
            "provider",
            "ab",
            "with an error",
        ),
        row("F13", "error after text", whole(vec![delta("ab"), failure()])).breaks("provider", "ab", fell),
        row("F13", "named error after text", whole(vec![delta("ab"), named.clone()]))
            .breaks("provider", "ab", fell),
        row("F13", "error first", whole(vec![failure()])).fails("provider", 3, fell),
        row("F13", "named error first", whole(vec![named])).fails("provider", 3, fell),
        row(
            "F13",
            "200 with an error",
            said(json!({ "error": { "message": "no such thing", "code": 404 } })),
        )
        .fails("not_found", 1, "no such thing"),
        row("F13", "200 with a page", {
            always(response("200 OK", "text/html", "<html><title>Log in</title></html>"))
        })
        .fails_dearly("protocol", 1, "Log in"),
        row("F13", "200 with nothing", always(response("200 OK", "text/event-stream", ""))).fails_dearly(
            "network",
            3,
            "ended without its end mark",
        ),
        row("F13", "200 with a whole reply", {
            said(json!({ "id": "c", "model": "m", "choices": [{ "index": 0, "finish_reason": "stop",
                "message": { "role": "assistant", "content": "all at once" } }],
                "usage": { "prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46 } }))
        })
        .done("all at once"),
    ]
}

/// A stream with this usage after its reason.
fn counts_as(usage: Value) -> Responder {
    let reason = data(&json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }));
    always(stream(vec![delta("ab"), reason, counted(usage), b"data: [DONE]\n\n".to_vec()]))
}

/// What the server counts.
fn counts() -> Vec<Row> {
    let growing = {
        let part = |out: u64| {
            data(&json!({ "choices": [{ "index": 0, "delta": { "content": "a" } }],
                "usage": { "prompt_tokens": 12, "completion_tokens": out } }))
        };
        always(stream(vec![part(1), part(2), finished("stop")]))
    };
    let twice = {
        let usage = json!({ "prompt_tokens": 12, "completion_tokens": 34 });
        always(stream(vec![delta("ab"), counted(usage.clone()), finished("stop"), counted(usage)]))
    };
    let cached = json!({ "prompt_tokens": 3, "completion_tokens": 1,
        "prompt_tokens_details": { "cached_tokens": 9 } });
    let huge = json!({ "prompt_tokens": 1, "completion_tokens": 9_223_372_036_854_775_808_u64 });
    let words = json!({ "prompt_tokens": "12", "completion_tokens": [] });
    vec![
        row("F14", "no usage", counts_as(Value::Null)).done_uncounted("ab"),
        row("F14", "usage", counts_as(json!({ "prompt_tokens": 12, "completion_tokens": 34 }))).done("ab"),
        row("F14", "usage twice", twice).done("ab"),
        row("F14", "usage that grows", growing).done("aa").charged("computed", "0.000016"),
        row("F14", "more cached than sent", counts_as(cached)).done("ab").charged("computed", ""),
        row("F14", "negative", counts_as(json!({ "prompt_tokens": -5, "completion_tokens": -1 })))
            .done_uncounted("ab"),
        row("F14", "2^63", counts_as(huge)).done("ab").charged("", ""),
        row("F14", "words for numbers", counts_as(words)).done("ab").charged("", ""),
    ]
}

/// What a bad way does to a good stream.
fn ways() -> Vec<Row> {
    let ms = Duration::from_millis;
    let parts = || vec![delta("all "), delta("of "), delta("it"), ending(12, 34)];
    // Waits that look like chance and are the same in every run.
    let jitter: Vec<Step> = parts()
        .into_iter()
        .zip([90, 240, 30, 170])
        .flat_map(|(part, wait)| [Step::Sleep(ms(wait)), Step::Send(part)])
        .chain([Step::Fin])
        .collect();
    let slices: Vec<Step> = {
        let all = parts().concat();
        let (mut steps, mut at) = (Vec::new(), 0);
        for size in [1, 7, 3, 2, 5, 4, 6].into_iter().cycle() {
            let end = (at + size).min(all.len());
            steps.extend([Step::Send(all[at..end].to_vec()), Step::Sleep(ms(1))]);
            at = end;
            if at == all.len() {
                break;
            }
        }
        steps.into_iter().chain([Step::Fin]).collect()
    };
    let narrow = parts()
        .concat()
        .chunks(100)
        .flat_map(|part| [Step::Send(part.to_vec()), Step::Sleep(ms(100))])
        .chain([Step::Fin])
        .collect();
    let some = |end: Step| {
        let part = [delta("half of it"), delta(" and more")[..20].to_vec()].concat();
        always(vec![
            Step::Send(events_head(Framing::Chunked, 0)),
            Step::Send(chunk(&part)),
            Step::Sleep(PAUSE),
            end,
        ])
    };
    vec![
        row("F16", "latency with jitter", body(jitter)).done("all of it"),
        row("F16", "1 KB a second", body(narrow)).done("all of it"),
        row("F16", "a slow close", body(vec![Step::Send(whole()), Step::Sleep(ms(700)), Step::Fin]))
            .done("all of it"),
        row("F16", "a way that takes all and gives nothing", always(vec![Step::Stall])).fails_dearly(
            "timeout",
            3,
            "did not answer",
        ),
        row("F16", "slices", body(slices)).done("all of it"),
        row("F16", "so many bytes and no more", some(Step::Fin)).cut("network", "half of it", AGAIN),
        row("F16", "so many bytes and a reset", some(Step::Rst)).cut("network", "half of it", AGAIN),
    ]
}

/// Text that a terminal would act on, in every field.
fn hostilities() -> Vec<Row> {
    let evil = hostile();
    let last = format!("{evil} last words");
    let error = json!({ "error": { "message": last, "code": evil, "type": evil, "param": evil,
        "metadata": { "provider_name": evil, "raw": last } } });
    let choice = |delta: Value, reason: Value| {
        data(&json!({ "id": evil, "model": evil, "provider": evil,
            "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] }))
    };
    let call = json!({ "tool_calls": [{ "index": 0, "id": evil, "type": "function",
        "function": { "name": evil, "arguments": evil } }] });
    vec![
        row("F17", "text", lab::text(&last)).done(&last).shown("last words"),
        row("F17", "thinking", lab::thinking(&evil, "last words")).done("last words"),
        row("F17", "names", lab::served_as(&evil, "last words")).done("last words"),
        row("F17", "a tool call", {
            bytes(
                [
                    choice(json!({ "content": "last words" }), Value::Null),
                    choice(call, json!("tool_calls")),
                    frame("[DONE]"),
                ]
                .concat(),
            )
        })
        .done_uncounted("last words"),
        row("F17", "a finish reason", {
            bytes([choice(json!({ "content": "last words" }), json!(evil)), frame("[DONE]")].concat())
        })
        .done_uncounted("last words"),
        row("F17", "an error body", lab::status(400, &error.to_string())).fails(
            "bad_request",
            1,
            "last words",
        ),
        row("F17", "an error in the stream", bytes([delta("ab"), data(&error)].concat())).breaks(
            "provider",
            "ab",
            "last words",
        ),
        row("F17", "a plain body", always(response("404 No", "text/plain", &last))).fails(
            "not_found",
            1,
            "last words",
        ),
        row("F17", "a page", {
            let page = format!("<html><title>{evil} last words</title></html>");
            always(response("500 No", "text/html", &page))
        })
        .fails("provider", 3, ""),
    ]
}

/// The person stops it, and the server does not care.
fn stops() -> Vec<Row> {
    let alive = vec![Step::Send(delta("first")), Step::Forever(b": alive\n\n".to_vec())];
    let quiet = vec![Step::Send(delta("first")), Step::Stall];
    vec![
        row("F18", "it sends on", lab::endless("first")).stops("first"),
        row("F18", "it keeps alive", body(alive)).stops("first").with(""),
        row("F18", "it says nothing", body(quiet)).stops("first").with(""),
    ]
}

pub fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    for part in [redirects, statuses, waits, bodies, counts, ways, hostilities, stops] {
        rows.extend(part());
    }
    rows
}
