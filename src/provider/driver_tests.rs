//! The driver against a socket that misbehaves: redirects, echoes of keys, encodings, silences, all
//! kinds of endings, and answers that are no streams. Loopback only; the timers are short.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use crate::chat::{
    ChatRequest, Dialect, Endpoint, Fault, FaultClass, Finish, KeyError, KeySource, Redactor, Secret,
    StreamEvent,
};
use crate::provider::openai::tests::{asked, endpoint};
use crate::provider::{Http, Pace, Provider, connect};

#[path = "../../tests/mock/mod.rs"]
pub(crate) mod mock;

use mock::{Framing, Mock, Step, chunk, events, events_head, head, response};

const CANARY: &str = "sk-CANARY-0123456789";

/// A short reply with all that belongs to it.
const REPLY: &str = concat!(
    "data: {\"id\":\"g\",\"model\":\"m-1\",\"choices\":[{\"delta\":{\"content\":\"Hé \"}}]}\n\n",
    ": alive\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"there\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
);

struct Key;

impl KeySource for Key {
    fn key(&self) -> Result<Secret, KeyError> {
        Ok(Secret::new(CANARY))
    }
    fn describe(&self) -> String {
        "the variable LAB_KEY".to_owned()
    }
}

struct NoKey;

impl KeySource for NoKey {
    fn key(&self) -> Result<Secret, KeyError> {
        Err(KeyError { tried: "the variable LAB_KEY is not set".to_owned(), hint: "Set LAB_KEY.".to_owned() })
    }
    fn describe(&self) -> String {
        "the variable LAB_KEY".to_owned()
    }
}

fn at(mock: &Mock) -> Endpoint {
    let mut endpoint = endpoint();
    endpoint.base_url = format!("{}/v1", mock.url());
    endpoint.key = Some(Arc::new(Key));
    endpoint
}

fn provider(endpoint: Endpoint) -> Arc<dyn Provider> {
    connect(endpoint, &Http::new(Redactor::default()), Pace::NONE)
}

/// What a stream came to: its text, its end, its fault.
#[derive(Debug, Default)]
struct Outcome {
    text: String,
    keepalives: usize,
    usage: bool,
    finish: Option<Finish>,
    fault: Option<Fault>,
}

async fn read(provider: &dyn Provider, request: ChatRequest) -> Outcome {
    let mut stream = provider.stream(request);
    let mut outcome = Outcome::default();
    while let Some(batch) = stream.next().await {
        assert!(outcome.fault.is_none() && outcome.finish.is_none(), "nothing follows the end");
        match batch {
            Err(fault) => outcome.fault = Some(fault),
            Ok(events) => {
                assert!(!events.is_empty(), "no batch is empty");
                for event in events {
                    match event {
                        StreamEvent::Text(text) => outcome.text.push_str(text.raw()),
                        StreamEvent::KeepAlive => outcome.keepalives += 1,
                        StreamEvent::Usage { .. } => outcome.usage = true,
                        StreamEvent::Finished(finish) => outcome.finish = Some(finish),
                        _ => {}
                    }
                }
            }
        }
    }
    outcome
}

async fn ask(endpoint: Endpoint) -> Outcome {
    read(&*provider(endpoint), asked("lab/m")).await
}

async fn fault_of(endpoint: Endpoint) -> Fault {
    let outcome = ask(endpoint).await;
    outcome.fault.unwrap_or_else(|| panic!("a fault: {:?} {:?}", outcome.text, outcome.finish))
}

/// Whether the server sees that the socket was closed.
async fn closed(mock: &Mock) -> bool {
    for _ in 0..2500 {
        if !mock.seen().closed.is_empty() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    false
}

fn assert_whole(outcome: &Outcome) {
    assert_eq!(outcome.text, "Hé there", "{outcome:?}");
    assert_eq!(outcome.finish, Some(Finish::Stop), "{outcome:?}");
    assert!(outcome.usage && outcome.keepalives == 1, "{outcome:?}");
}

#[tokio::test]
async fn a_reply_comes_over_every_framing() {
    for framing in [Framing::Chunked, Framing::Length, Framing::Close] {
        let mock = Mock::always(events(framing, REPLY.as_bytes()));
        assert_whole(&ask(at(&mock)).await);
        let seen = mock.seen();
        let request = &seen.requests[0];
        assert!(request.head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{}", request.head);
        assert_eq!(request.header("authorization"), Some("Bearer sk-CANARY-0123456789"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("accept-encoding"), Some("identity"));
        assert!(request.header("referer").is_none());
        assert!(request.text().contains(r#""stream":true"#));
    }
}

#[tokio::test]
async fn openrouter_tells_its_id_with_the_head() {
    let mut head = head("200 OK", &[("x-generation-id", "gen-1"), ("connection", "close")]);
    head.extend_from_slice(b"data: half");
    let mock = Mock::always(vec![Step::Send(head), Step::Fin]);
    let mut endpoint = at(&mock);
    endpoint.dialect = Dialect::OpenRouter;
    let mut stream = provider(endpoint).stream(asked("lab/m"));
    let first = stream.next().await.expect("a batch").expect("events");
    assert!(
        matches!(&first[..], [StreamEvent::Started { generation_id: Some(id), .. }] if id.raw() == "gen-1"),
        "{first:?}"
    );
    assert!(stream.next().await.expect("an end").expect_err("a fault").cut);
    assert!(stream.next().await.is_none());
    assert_eq!(mock.seen().requests[0].header("x-openrouter-title"), Some("salon"));
}

/// Safety R14: nothing goes to where a redirect points.
#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Mock::always(events(Framing::Close, REPLY.as_bytes()));
    for status in
        ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let location = format!("{}/elsewhere?key={CANARY}", other.url());
        let mock = Mock::always(vec![
            Step::Send(head(status, &[("location", &location), ("content-length", "0")])),
            Step::Fin,
        ]);
        let fault = fault_of(at(&mock)).await;
        assert_eq!(fault.class, FaultClass::Protocol);
        let target = other.url().replace("http://", "");
        assert!(fault.message.raw().contains(&target), "{fault:?}");
        assert!(!format!("{fault:?}").contains("CANARY"), "{fault:?}");
    }
    assert_eq!(other.seen().connections, 0);
}

/// Safety R21: a provider that quotes the key does not make it show.
#[tokio::test]
async fn echoed_keys_are_taken_out() {
    let body = format!(r#"{{"error":{{"message":"wrong key {CANARY}","code":"invalid_api_key"}}}}"#);
    let mock = Mock::always(response("401 Unauthorized", "application/json", &body));
    let fault = fault_of(at(&mock)).await;
    assert_eq!((fault.class, fault.http_status, fault.retryable), (FaultClass::Auth, Some(401), false));
    assert_eq!(fault.message.raw(), "wrong key [redacted]");
    assert!(fault.hint.contains("the variable LAB_KEY"), "{}", fault.hint);
    let stream = format!("data: {{\"error\":\"wrong key {CANARY}\"}}\n\n");
    let fault = fault_of(at(&Mock::always(events(Framing::Close, stream.as_bytes())))).await;
    assert_eq!(fault.message.raw(), "wrong key [redacted]");
}

/// Safety R41.
#[tokio::test]
async fn encoded_bodies_are_refused() {
    for encoding in ["gzip", "br", "zstd", "deflate"] {
        let head = head("200 OK", &[("content-encoding", encoding), ("connection", "close")]);
        let mock = Mock::always(vec![Step::Send(head), Step::Forever(vec![0x1f; 4096])]);
        let fault = fault_of(at(&mock)).await;
        assert_eq!(fault.class, FaultClass::Protocol);
        assert!(fault.message.raw().contains(encoding), "{fault:?}");
    }
}

/// Safety R36: four kinds of ending, at every byte of a reply.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_at_every_byte_are_told_and_keep_their_text() {
    let cuts = futures_util::stream::iter(1..REPLY.len()).for_each_concurrent(16, cut_at);
    cuts.await;
}

/// Cuts the reply after so many bytes, in every way.
async fn cut_at(at_byte: usize) {
    let mark = "\"finish_reason\":\"stop\"}]}\n";
    let finished = REPLY.find(mark).expect("the finish") + mark.len();
    let sent = &REPLY.as_bytes()[..at_byte];
    let opened = |framing| Step::Send(events_head(framing, REPLY.len()));
    let pause = Step::Sleep(Duration::from_millis(60));
    let endings: [(&str, Vec<Step>); 4] = [
        ("fin, close", vec![opened(Framing::Close), Step::Send(sent.to_vec()), Step::Fin]),
        ("fin, chunked", vec![opened(Framing::Chunked), Step::Send(chunk(sent)), Step::Fin]),
        ("short length", vec![opened(Framing::Length), Step::Send(sent.to_vec()), Step::Fin]),
        ("reset", vec![opened(Framing::Chunked), Step::Send(chunk(sent)), pause, Step::Rst]),
    ];
    for (name, script) in endings {
        let outcome = ask(at(&Mock::always(script))).await;
        assert!("Hé there".starts_with(&outcome.text), "{name} at {at_byte}: {outcome:?}");
        // An event is there once its empty line is; a line that ends the body may be whole, too.
        if at_byte > finished {
            assert_eq!((outcome.text.as_str(), &outcome.fault), ("Hé there", &None), "{name} at {at_byte}");
        }
        if at_byte < finished - 1 {
            let cut = |fault: &Fault| fault.cut && fault.class == FaultClass::Network;
            assert!(outcome.finish.is_none(), "{name} at {at_byte}: {outcome:?}");
            assert!(outcome.fault.as_ref().is_some_and(cut), "{name} at {at_byte}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn what_follows_the_end_mark_is_not_read() {
    let mut steps = events(Framing::Chunked, REPLY.as_bytes());
    steps.truncate(2);
    let more = "data: {\"choices\":[{\"delta\":{\"content\":\"more\"}}]}\n\n";
    steps.push(Step::Forever(chunk(more.as_bytes())));
    let mock = Mock::always(steps);
    assert_whole(&ask(at(&mock)).await);
    assert!(closed(&mock).await, "the socket was closed");
}

/// Safety R38: what an answer says of its type is not believed.
#[tokio::test]
async fn answers_that_are_no_streams() {
    let error = r#"{"error":{"message":"Internal Server Error","code":500}}"#;
    for content_type in ["application/json", "text/event-stream"] {
        let fault = fault_of(at(&Mock::always(response("200 OK", content_type, error)))).await;
        assert_eq!((fault.class, fault.http_status), (FaultClass::Provider, Some(500)));
        assert!(fault.retryable && !fault.cut);
    }
    let page = "<html><head><title>Sign in</title></head></html>";
    let fault = fault_of(at(&Mock::always(response("200 OK", "text/html", page)))).await;
    assert_eq!(fault.class, FaultClass::Protocol);
    assert!(fault.message.raw().contains("Sign in"), "{fault:?}");
    let fault = fault_of(at(&Mock::always(response("200 OK", "text/plain", "no such tenant")))).await;
    assert!(fault.message.raw().contains("no such tenant"), "{fault:?}");
    let whole = r#"{"id":"x","choices":[{"message":{"content":"all at once"},"finish_reason":"stop"}]}"#;
    let outcome = ask(at(&Mock::always(response("200 OK", "application/json", whole)))).await;
    assert_eq!((outcome.text.as_str(), outcome.finish), ("all at once", Some(Finish::Stop)));
    let stream = ask(at(&Mock::always(response("200 OK", "application/json", REPLY)))).await;
    assert_whole(&stream);
}

#[tokio::test]
async fn silences_end_in_time() {
    let short = |endpoint: &mut Endpoint| {
        endpoint.timeouts.headers = Duration::from_millis(150);
        endpoint.timeouts.connect = Duration::from_millis(150);
        endpoint.timeouts.transport_idle = Duration::from_millis(150);
        endpoint.timeouts.payload_idle = Duration::from_millis(400);
        endpoint.timeouts.keepalive_idle = Duration::from_millis(600);
    };
    let piece = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let begun = |mut steps: Vec<Step>| {
        let mut all = vec![Step::Send(events_head(Framing::Close, 0)), Step::Send(piece.into())];
        all.append(&mut steps);
        all
    };
    let comment = || [Step::Send(b": alive\n\n".to_vec()), Step::Sleep(Duration::from_millis(50))];
    let comments: Vec<Step> = std::iter::repeat_with(comment).take(60).flatten().collect();
    let table = [
        (vec![Step::Stall], "did not answer", false),
        (begun(vec![Step::Stall]), "sent nothing for", true),
        (begun(comments), "only signs of life", true),
    ];
    for (script, words, cut) in table {
        let mock = Mock::always(script);
        let mut endpoint = at(&mock);
        short(&mut endpoint);
        let outcome = ask(endpoint).await;
        let fault = outcome.fault.expect("a fault");
        assert_eq!((fault.class, fault.cut), (FaultClass::Timeout, cut), "{fault:?}");
        assert!(fault.message.raw().contains(words), "{fault:?}");
        assert_eq!(outcome.text, if cut { "a" } else { "" });
        assert!(closed(&mock).await, "the socket was closed");
    }
}

/// A stream that finished and then hangs is whole.
#[tokio::test]
async fn silence_after_the_finish_is_an_end() {
    let upto = REPLY.find("data: [DONE]").expect("the mark");
    let steps = vec![
        Step::Send(events_head(Framing::Close, 0)),
        Step::Send(REPLY.as_bytes()[..upto].to_vec()),
        Step::Stall,
    ];
    let mock = Mock::always(steps);
    let mut endpoint = at(&mock);
    endpoint.timeouts.transport_idle = Duration::from_millis(100);
    assert_whole(&ask(endpoint).await);
}

#[tokio::test]
async fn connections_that_cannot_be() {
    let mut refused = endpoint();
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    refused.base_url = format!("http://127.0.0.1:{port}");
    let fault = fault_of(refused).await;
    assert!(fault.unsent && fault.retryable && fault.class == FaultClass::Network, "{fault:?}");
    assert!(fault.message.raw().contains(&format!("127.0.0.1:{port} refused")), "{fault:?}");

    let plain = Mock::always(vec![Step::Fin]);
    let mut tls = endpoint();
    tls.base_url = plain.url().replace("http://", "https://");
    tls.timeouts.connect = Duration::from_millis(200);
    let fault = fault_of(tls).await;
    assert!(fault.unsent, "{fault:?}");

    let closing = Mock::always(vec![Step::Fin]);
    let fault = fault_of(at(&closing)).await;
    assert!(!fault.unsent && fault.retryable && fault.class == FaultClass::Network, "{fault:?}");
}

/// Safety R40: headers that do not end.
#[tokio::test]
async fn endless_headers_are_refused() {
    let many = b"HTTP/1.1 200 OK\r\n".to_vec();
    for line in [b"x: y\r\n".to_vec(), vec![b'x'; 4096]] {
        let fault = fault_of(at(&Mock::always(vec![Step::Send(many.clone()), Step::Forever(line)]))).await;
        assert!(matches!(fault.class, FaultClass::Protocol | FaultClass::Network), "{fault:?}");
    }
    let long = "y".repeat(70_000);
    let mock = Mock::always(vec![Step::Send(head("200 OK", &[("x-long", &long)])), Step::Fin]);
    assert_eq!(fault_of(at(&mock)).await.class, FaultClass::Protocol);
}

/// Safety R40: a reply that does not end.
#[tokio::test]
async fn endless_text_is_cut() {
    let piece =
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "a".repeat(100_000));
    let steps = vec![Step::Send(events_head(Framing::Close, 0)), Step::Forever(piece.into_bytes())];
    let outcome = ask(at(&Mock::always(steps))).await;
    let fault = outcome.fault.expect("a fault");
    assert!(fault.cut && fault.class == FaultClass::Protocol, "{fault:?}");
    assert!(outcome.text.len() > 8_000_000);
}

/// Safety R40: few streams hold a large frame at a time, and the others are read on after them.
#[tokio::test]
async fn a_large_frame_waits_for_its_turn_and_comes_whole() {
    let large = "a".repeat(3 * 1024 * 1024);
    let reply = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{large}\"}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
    );
    let steps = vec![Step::Send(events_head(Framing::Close, 0)), Step::Send(reply.into_bytes()), Step::Fin];
    let mock = Mock::always(steps);
    let http = Http::new(Redactor::default());
    let mut leaves = Vec::new();
    while let Ok(leave) = tokio::time::timeout(Duration::from_millis(20), http.leave_for_large()).await {
        leaves.push(leave);
    }
    assert_eq!(leaves.len(), 3);
    // Its server is not held to be silent meanwhile.
    let mut endpoint = at(&mock);
    endpoint.timeouts.transport_idle = Duration::from_millis(200);
    endpoint.timeouts.payload_idle = Duration::from_millis(200);
    let provider = connect(endpoint, &http, Pace::NONE);
    let mut reading = Box::pin(read(&*provider, asked("lab/m")));
    let early = tokio::time::timeout(Duration::from_millis(600), &mut reading).await;
    assert!(early.is_err(), "it was read without leave");
    leaves.pop();
    let outcome = reading.await;
    assert_eq!(outcome.finish, Some(Finish::Stop), "{:?}", outcome.fault);
    assert_eq!(outcome.text, large);
    leaves.push(http.leave_for_large().await);
    assert_eq!(leaves.len(), 3, "the leave was given back");
}

#[tokio::test]
async fn errors_have_their_wait_and_long_bodies_are_not_read() {
    let mut steps = vec![Step::Send(head("429 Too Many", &[("retry-after", "7"), ("connection", "close")]))];
    steps.push(Step::Forever(vec![b'x'; 65536]));
    let fault = fault_of(at(&Mock::always(steps))).await;
    assert_eq!((fault.class, fault.retry_after_ms, fault.retryable), (FaultClass::Rate, Some(7_000), true));
    assert!(fault.message.len() <= 2048);
}

/// A response of success may say that it was the last one for now.
#[tokio::test]
async fn a_limit_that_is_used_up_is_told_with_the_first_batch() {
    let spent = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "3s")];
    let left = [("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-reset-requests", "3s")];
    for (headers, expected) in [(spent, Some(3_000)), (left, None)] {
        let headers = [&headers[..], &[("connection", "close")]].concat();
        let mut bytes = head("200 OK", &headers);
        bytes.extend_from_slice(REPLY.as_bytes());
        let mock = Mock::always(vec![Step::Send(bytes), Step::Fin]);
        let mut stream = provider(at(&mock)).stream(asked("lab/m"));
        let first = stream.next().await.expect("a batch").expect("events");
        let hold = first.iter().find_map(|event| match event {
            StreamEvent::Hold(ms) => Some(*ms),
            _ => None,
        });
        assert_eq!(hold, expected, "{first:?}");
    }
}

#[tokio::test]
async fn a_missing_key_is_told_before_anything_is_sent() {
    let mock = Mock::always(events(Framing::Close, REPLY.as_bytes()));
    let mut endpoint = at(&mock);
    endpoint.key = Some(Arc::new(NoKey));
    let fault = fault_of(endpoint).await;
    assert!(fault.unsent && fault.class == FaultClass::Auth);
    assert!(fault.message.raw().contains("the variable LAB_KEY is not set"), "{fault:?}");
    assert_eq!(fault.hint, "Set LAB_KEY.");
    assert_eq!(mock.seen().connections, 0);
}

/// A server that does not know a member is asked without it the next time.
#[tokio::test]
async fn refusals_teach_the_next_attempt() {
    let refusal =
        response("400 Bad Request", "application/json", r#"{"error":"unknown field stream_options"}"#);
    let mock = Mock::start(vec![[refusal, events(Framing::Close, REPLY.as_bytes())].concat()]);
    let provider = provider(at(&mock));
    let fault = read(&*provider, asked("lab/m")).await.fault.expect("refused");
    assert_eq!((fault.class, fault.retryable, fault.retry_after_ms), (FaultClass::BadRequest, true, Some(0)));
    assert_whole(&read(&*provider, asked("lab/m")).await);
    let seen = mock.seen();
    assert!(seen.requests[0].text().contains("stream_options"));
    assert!(!seen.requests[1].text().contains("stream_options"));
}

/// Two panes that ask the same model at once are refused at once: both learn, and both may go on.
/// What is left out is told once in a run of the program.
#[tokio::test]
async fn panes_learn_together_and_it_is_told_once() {
    let words = r#"{"error":{"message":"Unsupported parameter: 'top_k' is not supported with this model."}}"#;
    let mock = Mock::answering(Arc::new(move |request: &mock::Request| {
        if request.text().contains("top_k") {
            response("400 Bad Request", "application/json", words)
        } else {
            events(Framing::Close, REPLY.as_bytes())
        }
    }));
    let provider = provider(at(&mock));
    let sampled = || {
        let mut request = asked("lab/m");
        request.params.top_k = Some(4);
        request
    };
    let (one, two) = tokio::join!(read(&*provider, sampled()), read(&*provider, sampled()));
    for outcome in [one, two] {
        let fault = outcome.fault.expect("refused");
        assert!(fault.retryable, "{fault:?}");
        assert_eq!(fault.hint, "Ask again: lab/m does not take top_k; it was left out.");
    }
    let mut notes = Vec::new();
    for _ in 0..2 {
        let mut stream = provider.stream(sampled());
        while let Some(batch) = stream.next().await {
            let told = batch.expect("no fault").into_iter().filter_map(|event| match event {
                StreamEvent::Note(note) => Some(note),
                _ => None,
            });
            notes.extend(told);
        }
    }
    assert_eq!(notes, ["lab/m does not take top_k; it was left out"]);
}

/// Safety R44: dropping the stream closes the socket.
#[tokio::test]
async fn dropping_closes() {
    let piece = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let steps =
        vec![Step::Send(events_head(Framing::Chunked, 0)), Step::Send(chunk(piece.as_bytes())), Step::Stall];
    let mock = Mock::always(steps);
    let mut stream = provider(at(&mock)).stream(asked("lab/m"));
    assert!(stream.next().await.expect("a batch").is_ok());
    assert!(mock.seen().closed.is_empty());
    drop(stream);
    assert!(closed(&mock).await, "the server saw the end");
}

/// Asks the server that the environment names; run by the test below in a process of its own,
/// because the proxies of a process are read from its environment.
#[tokio::test]
#[ignore = "only with an environment of its own"]
async fn asks_as_the_environment_says() {
    let Ok(url) = std::env::var("SALON_TEST_TARGET") else { return };
    let mut endpoint = endpoint();
    endpoint.base_url = url;
    drop(ask(endpoint).await);
}

/// Safety R17: nothing of this machine goes through a proxy, though one is set and used for the rest.
#[tokio::test]
async fn this_machine_is_never_proxied() {
    let proxy = Mock::always(response("502 Bad Gateway", "text/plain", "the proxy"));
    let target = Mock::always(events(Framing::Close, REPLY.as_bytes()));
    let ask_at = async |url: String| {
        let mut child = std::process::Command::new(std::env::current_exe().expect("this program"));
        child.args(["--exact", "provider::driver_tests::asks_as_the_environment_says", "--ignored"]);
        child.env("SALON_TEST_TARGET", url).env_remove("NO_PROXY").env_remove("no_proxy");
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            child.env(name, proxy.url());
        }
        let output =
            tokio::task::spawn_blocking(move || child.output()).await.expect("no panic").expect("it ran");
        assert!(output.status.success(), "{output:?}");
    };
    ask_at(target.url()).await;
    assert_eq!((target.seen().requests.len(), proxy.seen().connections), (1, 0));
    ask_at("http://salon.invalid/v1".to_owned()).await;
    assert!(proxy.seen().requests[0].head.starts_with("POST http://salon.invalid/v1/chat/completions "));
}

/// The dialects with formats of their own.
#[path = "native_tests.rs"]
mod native;
