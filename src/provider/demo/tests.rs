//! The laws of a stream, held by every demo model, and what is particular to some.

use std::sync::Arc;

use std::future::Future;
use std::task::Context;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::StreamExt;

use super::*;
use crate::chat::Abilities;
use crate::chat::Dialect;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Finish;
use crate::chat::Message;
use crate::chat::ModelRef;
use crate::chat::Params;
use crate::chat::Part;
use crate::chat::Role;
use crate::chat::Source;
use crate::chat::StreamEvent;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::price::PriceBook;
use crate::price::Work;

fn endpoint() -> Endpoint {
    Endpoint { tariff: Tariff::Play, ..Endpoint::new("demo", Dialect::Demo, "") }
}

/// Prompts and replies in turn, the last one a prompt.
fn request(id: &str, said: &[&str]) -> ChatRequest {
    let roles = [Role::User, Role::Assistant];
    let messages = said.iter().zip(roles.into_iter().cycle()).map(|(text, role)| Message::text(role, *text));
    ChatRequest {
        model: ModelRef::new("demo", id),
        messages: Arc::new(messages.collect()),
        params: Params::default(),
        tools: Vec::new(),
        abilities: Abilities::default(),
    }
}

/// All items of a stream that never waits.
fn play(demo: &Demo, request: ChatRequest) -> Vec<Result<Vec<StreamEvent>, Fault>> {
    let mut stream = demo.stream(request);
    let mut items = Vec::new();
    while let Some(item) = stream.next().now_or_never().expect("it never waits") {
        items.push(item);
    }
    items
}

fn at_once() -> Demo {
    Demo::new(endpoint(), Pace::NONE)
}

/// What came of a stream, with its texts joined.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    text: String,
    thinking: String,
    calls: usize,
    tokens: Option<Tokens>,
    finish: Option<Finish>,
    fault: Option<Fault>,
}

fn heard(items: Vec<Result<Vec<StreamEvent>, Fault>>) -> Heard {
    let mut out = Heard::default();
    for item in items {
        match item {
            Ok(events) => events.into_iter().for_each(|event| hear(&mut out, event)),
            Err(fault) => out.fault = Some(fault),
        }
    }
    out
}

fn hear(out: &mut Heard, event: StreamEvent) {
    match event {
        StreamEvent::Text(text) => out.text.push_str(text.raw()),
        StreamEvent::Thinking(text) => out.thinking.push_str(text.raw()),
        StreamEvent::ToolCall(_) => out.calls += 1,
        StreamEvent::Usage { tokens, .. } => out.tokens = Some(tokens),
        StreamEvent::Finished(finish) => out.finish = Some(finish),
        _ => {}
    }
}

fn ask(id: &str, said: &[&str]) -> Heard {
    heard(play(&at_once(), request(id, said)))
}

const TALKS: &[&[&str]] = &[
    &["hello there"],
    &[""],
    &["please: 429"],
    &["503"],
    &["401"],
    &["a cut"],
    &["an error"],
    &["stall"],
    &["my boat is old", "I see.", "and it leaks"],
    &["a", "b", "c", "d", "e", "f", "g 🦀 für immer"],
];

#[test]
fn every_model_ends_properly() {
    for model in models() {
        for talk in TALKS {
            let name = format!("{} on {talk:?}", model.id);
            let items = play(&at_once(), request(model.id, talk));
            let (last, before) = items.split_last().expect("something comes");
            assert!(before.iter().all(Result::is_ok), "{name}: a fault is the last item");
            let events: Vec<&StreamEvent> = items.iter().flatten().flatten().collect();
            assert!(items.iter().flatten().all(|batch| !batch.is_empty()), "{name}: an empty batch");
            let ends = events.iter().filter(|event| matches!(event, StreamEvent::Finished(_))).count();
            match last {
                Ok(batch) => {
                    assert!(matches!(batch.last(), Some(StreamEvent::Finished(_))), "{name}: no end mark");
                    assert_eq!(ends, 1, "{name}");
                    let bills =
                        events.iter().filter(|event| matches!(event, StreamEvent::Usage { .. })).count();
                    assert_eq!(bills, 1, "{name}");
                }
                Err(fault) => {
                    assert_eq!(ends, 0, "{name}: {fault}");
                    assert!(!fault.hint.is_empty(), "{name}: a fault says what to do");
                }
            }
            if let Some(first) = events.first() {
                assert!(matches!(first, StreamEvent::Started { .. }), "{name}: begins with {first:?}");
            }
        }
    }
}

#[test]
fn the_same_request_gets_the_same_reply() {
    for model in models() {
        for talk in TALKS {
            let once = play(&at_once(), request(model.id, talk));
            assert_eq!(once, play(&at_once(), request(model.id, talk)), "{} on {talk:?}", model.id);
        }
    }
}

#[test]
fn nothing_follows_the_end() {
    for (id, prompt) in [("eliza", "hello"), ("flaky", "cut"), ("flaky", "503"), ("nobody", "hello")] {
        let mut stream = at_once().stream(request(id, &[prompt]));
        let mut next = || stream.next().now_or_never().expect("at once");
        let over = |item: &Result<Vec<StreamEvent>, Fault>| match item {
            Ok(batch) => matches!(batch.last(), Some(StreamEvent::Finished(_))),
            Err(_) => true,
        };
        while !over(&next().expect("an end")) {}
        assert_eq!([next(), next()], [None, None], "{id} on {prompt}");
    }
}

/// The future of the test runs on tokio with a clock; the pace is a thousandth, so that it is short.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(future)
}

#[test]
fn the_pace_changes_nothing_but_the_time() {
    for model in models() {
        for prompt in ["well, what is my name, and why?", "cut", "stall"] {
            let quick = Demo::new(endpoint(), Pace::thousandths(1));
            let stream = quick.stream(request(model.id, &[prompt]));
            let items = run(stream.collect::<Vec<_>>());
            let calm = heard(items);
            assert_eq!(calm, ask(model.id, &[prompt]), "{} on {prompt:?}", model.id);
        }
    }
}

#[test]
fn a_real_pace_waits_and_gives_single_tokens() {
    let demo = Demo::new(endpoint(), Pace::REAL);
    run(async {
        let mut stream = demo.stream(request("tour", &["hello"]));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(matches!(stream.poll_next_unpin(&mut context), Poll::Pending), "it is not there at once");
    });
    let quick = Demo::new(endpoint(), Pace::thousandths(1));
    let items = run(quick.stream(request("tour", &["hello"])).collect::<Vec<_>>());
    let texts: Vec<StreamEvent> = items.into_iter().flatten().flatten().collect();
    let sizes = texts.iter().filter_map(|event| match event {
        StreamEvent::Text(text) => Some(text.len()),
        _ => None,
    });
    assert!(sizes.clone().all(|size| size <= 9), "tokens are small");
    assert!(sizes.count() > 200);
}

#[test]
fn the_echo_is_at_once_at_any_pace() {
    let demo = Demo::new(endpoint(), Pace::REAL);
    let long = "ä".repeat(100_000);
    for prompt in ["hi", long.as_str()] {
        let heard = heard(play(&demo, request("echo", &[prompt])));
        assert_eq!(heard.text, prompt);
        assert_eq!(heard.finish, Some(Finish::Stop));
    }
}

#[test]
fn a_dropped_stream_leaves_nothing_behind() {
    let demo = Demo::new(endpoint(), Pace::REAL);
    run(async {
        let mut stream = demo.stream(request("slow", &["hello"]));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(stream.poll_next_unpin(&mut context).is_pending());
        assert_eq!(Arc::strong_count(&demo.refusals), 2);
        drop(stream);
        assert_eq!(Arc::strong_count(&demo.refusals), 1);
    });
}

#[test]
fn history_is_used() {
    let eliza = ask("eliza", &["my garden is a desert", "Ah.", "hm"]);
    assert!(eliza.text.contains("your garden"), "{}", eliza.text);
    let thinker = ask("thinker", &["an old lighthouse", "Ah.", "and now?"]);
    assert!(thinker.text.contains("> an old lighthouse"), "{}", thinker.text);
    assert_ne!(ask("tour", &["hi"]).text, ask("tour", &["hi", "Ah.", "hi"]).text);
}

#[test]
fn the_bill_has_disjoint_kinds() {
    for model in models() {
        let (Some(first), Some(second)) =
            (ask(model.id, &["well"]).tokens, ask(model.id, &["well", "A reply.", "fine"]).tokens)
        else {
            panic!("{}: no usage", model.id)
        };
        assert_eq!((first.cache_read, first.input), (Some(0), Some(5)), "{}", model.id);
        // What the first request had is read from the cache; the reply and the new prompt are new.
        assert_eq!((second.cache_read, second.input), (Some(5), Some(6 + 5)), "{}", model.id);
        assert!(second.output > Some(0) && second.reasoning <= second.output, "{}", model.id);
    }
    let thinker = ask("thinker", &["hello"]).tokens.expect("usage");
    assert!(thinker.reasoning > Some(50), "{thinker:?}");
}

#[test]
fn every_model_has_a_price_and_sizes() {
    let book = PriceBook::default();
    for model in models() {
        let name = ModelRef::new("demo", model.id);
        let tokens = ask(model.id, &["well"]).tokens.expect("usage");
        let charge = book.charge(&name, &Work::of(tokens), Tariff::Play);
        assert_eq!(charge.source, Source::Computed, "{name}");
        assert!(charge.amount > Some(crate::chat::Pico::ZERO), "{name}");
        assert!(book.info(&name).and_then(|info| info.context).is_some(), "{name}");
    }
}

#[test]
fn the_most_tokens_are_kept() {
    for (pace, id) in [(Pace::NONE, "tour"), (Pace::thousandths(1), "thinker")] {
        let mut request = request(id, &["hello"]);
        request.params.max_tokens = Some(30);
        let demo = Demo::new(endpoint(), pace);
        let heard = heard(run(demo.stream(request).collect::<Vec<_>>()));
        assert_eq!(heard.finish, Some(Finish::Length), "{id}");
        assert!((30..=31).contains(&heard.tokens.and_then(|tokens| tokens.output).unwrap_or(0)), "{id}");
    }
}

#[test]
fn flaky_refuses_first_and_then_answers() {
    let demo = at_once();
    let first = heard(play(&demo, request("flaky", &["429"])));
    let fault = first.fault.expect("a fault");
    assert_eq!((fault.class, fault.http_status, fault.retryable), (FaultClass::Rate, Some(429), true));
    assert_eq!(fault.retry_after_ms, Some(0), "no pace, no waiting");
    assert_eq!(first.text, "");
    let second = heard(play(&demo, request("flaky", &["429"])));
    assert_eq!((second.finish, second.fault), (Some(Finish::Stop), None));
    let real = Demo::new(endpoint(), Pace::thousandths(500));
    let item = run(async { real.stream(request("flaky", &["429"])).next().await });
    assert_eq!(item.expect("an item").expect_err("a fault").retry_after_ms, Some(600));
}

#[test]
fn flaky_fails_as_it_is_told_or_by_turns() {
    for (prompt, class, cut) in [
        ("please cut it", FaultClass::Network, true),
        ("Error!", FaultClass::Provider, false),
        ("stall", FaultClass::Timeout, false),
        ("503", FaultClass::Provider, false),
        ("401", FaultClass::Auth, false),
    ] {
        let fault = ask("flaky", &[prompt]).fault.expect("a fault");
        assert_eq!((fault.class, fault.cut), (class, cut), "{prompt}");
    }
    let talk = ["x", "y", "x", "y", "x", "y", "x"];
    let by_turns: Vec<bool> =
        [1, 3, 5, 7].iter().map(|turn| ask("flaky", &talk[..*turn]).fault.is_some()).collect();
    assert_eq!(by_turns, [true, true, true, false]);
}

#[test]
fn tools_are_asked_for_and_answered() {
    let heard = ask("tools", &["find \"the\" notes"]);
    assert_eq!((heard.calls, heard.finish), (1, Some(Finish::ToolCalls)));
    let mut request = request("tools", &["find it"]);
    let result = Part::ToolResult { call_id: "call_1".into(), text: "three notes".into() };
    Arc::make_mut(&mut request.messages).push(Message { role: Role::Tool, parts: vec![result] });
    let answer = super::tests::heard(play(&at_once(), request));
    assert!(answer.text.contains("> three notes"), "{}", answer.text);
    assert_eq!(answer.finish, Some(Finish::Stop));
}

#[test]
fn an_unknown_model_is_named_with_the_known_ones() {
    let fault = ask("nobody", &["hello"]).fault.expect("a fault");
    assert_eq!(fault.class, FaultClass::NotFound);
    assert!(fault.unsent && fault.message.raw().contains("nobody") && fault.hint.contains("demo/eliza"));
}

#[test]
fn thinking_can_be_switched_off() {
    let mut request = request("thinker", &["hello"]);
    request.params.effort = Some(crate::chat::Effort::None);
    let heard = heard(play(&at_once(), request));
    assert_eq!(heard.thinking, "");
    assert_eq!(heard.tokens.and_then(|tokens| tokens.reasoning), Some(0));
}
