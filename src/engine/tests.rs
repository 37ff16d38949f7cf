//! Whole runs in a world of fakes: order, stops, retries, panics, a disk that fails.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use crate::chat::Billing;
use crate::chat::Charge;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Finish;
use crate::chat::Limits;
use crate::chat::Pico;
use crate::chat::Source;
use crate::chat::Status;
use crate::chat::StreamEvent;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::chat::ToolCall;
use crate::engine::RunEventKind;
use crate::engine::SaveState;
use crate::engine::clock::Clock;
use crate::engine::fake::Cast;
use crate::engine::fake::Mood;
use crate::engine::fake::Shown;
use crate::engine::fake::Stage;
use crate::engine::fake::Step;
use crate::engine::fake::Told;
use crate::engine::fake::cast;
use crate::engine::fake::cost;
use crate::engine::fake::count;
use crate::engine::fake::end;
use crate::engine::fake::play;
use crate::engine::fake::say;
use crate::engine::fake::status;
use crate::engine::fake::think;
use crate::engine::fake::too_many;
use crate::engine::mailbox;
use crate::store::DeltaKind;
use crate::store::StoreError;
use crate::text::LONGEST;
use crate::text::Untrusted;

fn real(pico: i64, source: Source) -> Charge {
    Charge::of(Pico(pico), source, Tariff::Metered)
}

#[test]
fn a_reply_from_submit_to_finish() {
    let started = Step::Say(vec![StreamEvent::Started {
        served_model: Some(Untrusted::from("m-2026")),
        upstream: Some(Untrusted::from("Up")),
        generation_id: Some(Untrusted::from("gen-1")),
    }]);
    let script = vec![
        Step::Wait(100),
        started,
        think("hm"),
        Step::Wait(300),
        say("one "),
        say("two"),
        count(7, 3),
        end(),
    ];
    let mut stage = Stage::new(vec![cast("lab", vec![script])]);
    let told = stage.run(&["lab/m"]).remove(0);
    assert_eq!(told.text(), "one two");
    assert_eq!(told.events[0], RunEventKind::Connecting { attempt: 1 });
    assert!(matches!(told.events[1], RunEventKind::Started { .. }), "{:?}", told.events);
    assert!(matches!(told.events[2], RunEventKind::Thinking(_)), "{:?}", told.events);
    assert_eq!(told.count(|event| matches!(event, RunEventKind::Usage(_))), 1);
    let outcome = told.outcome;
    assert_eq!(outcome.status, Status::Done);
    assert_eq!(outcome.finish.as_deref(), Some("stop"));
    assert_eq!((outcome.ttft_ms, outcome.total_ms, outcome.attempts), (Some(100), 400, 1));
    assert_eq!(outcome.charge, real(7 * 3 + 3 * 10, Source::Computed));
    assert_eq!(outcome.served_model, Some(Untrusted::from("m-2026")));
    assert_eq!(outcome.key_alias, "default");
    let written = stage.book.written.lock().unwrap();
    let start = &written.turns[0].replies[0].attempt;
    assert_eq!((start.n, start.who.as_str(), start.reserve), (1, "me", None));
    let row = &written.ends[0];
    assert_eq!(row.entry.generation_id, Some(Untrusted::from("gen-1")));
    assert_eq!(row.entry.raw_usage.as_deref(), Some("{\"in\":7}"));
    assert_eq!((row.entry.duration_ms, row.entry.error_class), (400, None));
    assert!(row.entry.prices.as_deref().is_some_and(|json| json.contains("\"output\":10")));
}

#[test]
fn nothing_is_sent_before_the_turn_is_written() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![say("x"), end()]])]);
    *stage.book.begin_takes.lock().unwrap() = 50;
    stage.run(&["lab/a", "lab/b"]);
    let log: Vec<String> = stage.log().into_iter().filter(|line| !line.starts_with("closed")).collect();
    assert_eq!(log, ["begun", "sent lab 50", "sent lab 50"]);
}

#[test]
fn the_name_that_the_room_got_is_told_once() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![say("x"), end()]])]);
    let names = |told: &[Told]| {
        let all = told.iter().flat_map(|told| &told.events);
        all.filter(|event| matches!(event, RunEventKind::Room(name) if name == "taken 2")).count()
    };
    assert_eq!(names(&stage.run(&["lab/a"])), 0);
    *stage.book.name.lock().unwrap() = Some("taken 2".to_owned());
    assert_eq!(names(&stage.run(&["lab/a", "lab/b"])), 1);
}

#[test]
fn asking_again_is_a_reply_of_its_own() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![say("x"), end()]])]);
    let ask = stage.ask(2, "lab/m");
    let job = stage.again(ask.clone());
    let clock = Arc::clone(&stage.clock);
    let told = play(&clock, async {
        let (outlet, inlet) = mailbox();
        stage.engine().submit(job, outlet);
        stage.listen(inlet, &[ask]).await
    });
    assert_eq!(told[0].outcome.status, Status::Done);
    assert_eq!(stage.book.written.lock().unwrap().replies.len(), 1);
}

#[test]
fn what_cannot_be_written_is_not_asked() {
    let refusals = [
        (StoreError::Budget { why: "Today is spent.".into(), advice: "Wait.".into() }, FaultClass::Budget),
        (StoreError::ReadOnly("pid 7 writes here".to_owned()), FaultClass::Internal),
        (StoreError::Closed, FaultClass::Internal),
    ];
    for (refusal, class) in refusals {
        let mut stage = Stage::new(vec![cast("lab", vec![vec![say("x"), end()]])]);
        *stage.book.refuse.lock().unwrap() = Some(refusal);
        let told = stage.run(&["lab/a", "lab/b"]);
        assert_eq!(told.len(), 2);
        for told in told {
            let fault = told.outcome.fault.expect("a fault");
            assert_eq!((told.outcome.status, fault.class), (Status::Failed, class));
            assert!(fault.unsent && !fault.hint.is_empty());
            assert_eq!((told.outcome.attempts, told.outcome.charge), (0, real(0, Source::Computed)));
        }
        assert_eq!(stage.sent("lab"), 0);
    }
}

#[test]
fn a_provider_that_is_not_there_fails_its_pane_only() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![say("x"), count(1, 1), end()]])]);
    let told = stage.run(&["lba/m", "lab/m"]);
    assert_eq!(told[0].outcome.fault.as_ref().map(|fault| fault.class), Some(FaultClass::NotFound));
    assert_eq!(told[0].outcome.charge, real(0, Source::Computed));
    assert_eq!(told[1].outcome.status, Status::Done);
}

/// Submits one seat, does something after so many milliseconds, and gives what was told.
fn with_stop(stage: &mut Stage, after: u64) -> Told {
    let (job, asks) = stage.turn(&["lab/m"]);
    let clock = Arc::clone(&stage.clock);
    play(&clock, async {
        let engine = stage.engine();
        let (outlet, inlet) = mailbox();
        engine.submit(job, outlet);
        let stopper = async {
            let clock = Shown(Arc::clone(&stage.clock));
            clock.sleep_until(clock.now() + Duration::from_millis(after)).await;
            engine.cancel(asks[0].run);
            engine.cancel(asks[0].run);
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            stage.log()
        };
        let (log, mut told) = tokio::join!(stopper, stage.listen(inlet, &asks));
        let sent = stage.sent("lab");
        let closed = log.iter().filter(|line| *line == "closed lab").count();
        assert_eq!(sent, closed, "the socket is closed at once: {log:?}");
        told.remove(0)
    })
}

#[test]
fn a_stopped_reply_keeps_its_text_and_is_estimated() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![say("half a"), Step::Hang]])]);
    let told = with_stop(&mut stage, 500);
    assert_eq!((told.text().as_str(), told.outcome.status), ("half a", Status::Stopped));
    assert_eq!(told.outcome.total_ms, 500);
    assert_eq!(told.outcome.fault, None);
    let tokens = told.outcome.tokens;
    let (input, output) = (tokens.input.expect("an estimate"), tokens.output.expect("an estimate"));
    let expected = i64::try_from(input * 3 + output * 10).unwrap();
    assert_eq!(told.outcome.charge, real(expected, Source::Estimated));
    assert_eq!(stage.book.written.lock().unwrap().ends[0].status, Status::Stopped);
}

#[test]
fn a_stop_before_the_request_costs_nothing() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![say("x"), end()]])]);
    *stage.book.begin_takes.lock().unwrap() = 100;
    let told = with_stop(&mut stage, 50);
    assert_eq!((told.outcome.status, told.outcome.charge), (Status::Stopped, real(0, Source::Computed)));
    assert_eq!(stage.sent("lab"), 0);
    assert_eq!(stage.book.written.lock().unwrap().ends.len(), 1);
}

#[test]
fn a_stop_during_the_pause_works_at_once() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![Step::Fail(too_many(30_000))]])]);
    let told = with_stop(&mut stage, 1_000);
    assert_eq!((told.outcome.status, told.outcome.total_ms), (Status::Stopped, 1_000));
    assert_eq!((told.outcome.attempts, told.outcome.charge), (1, real(0, Source::Computed)));
    let written = stage.book.written.lock().unwrap();
    assert_eq!(written.ends[0].entry.error_class, Some(FaultClass::Rate));
    assert_eq!(written.ends[0].entry.duration_ms, 0, "the pause is no part of the attempt");
    assert!(written.retries.is_empty());
}

#[test]
fn a_stop_that_knows_its_usage_is_computed() {
    let script = vec![say("abc"), count(10, 2), Step::Hang];
    let mut stage = Stage::new(vec![cast("lab", vec![script])]);
    let told = with_stop(&mut stage, 50);
    assert_eq!(told.outcome.charge, real(50, Source::Computed));
}

#[test]
fn what_was_told_counts_after_a_server_that_counts_early() {
    let script = vec![count(10, 1), say("a rather long reply that goes on after the count"), Step::Hang];
    let mut stage = Stage::new(vec![cast("lab", vec![script])]);
    let told = with_stop(&mut stage, 50);
    assert_eq!(told.outcome.charge.source, Source::Estimated);
    assert_eq!(told.outcome.tokens.input, Some(10));
    assert!(told.outcome.tokens.output > Some(5), "{:?}", told.outcome.tokens);
}

fn retries(told: &Told) -> Vec<(u32, u64)> {
    told.events
        .iter()
        .filter_map(|event| match event {
            RunEventKind::Retry { attempt, after_ms, .. } => Some((*attempt, *after_ms)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_wait_that_the_server_asks_for_is_kept() {
    let scripts = vec![vec![Step::Fail(too_many(2_000))], vec![say("ok"), count(1, 1), end()]];
    let mut stage = Stage::new(vec![cast("lab", scripts)]);
    let told = stage.run(&["lab/m"]).remove(0);
    assert_eq!(retries(&told), [(2, 2_000)]);
    assert_eq!(stage.log()[1..], ["sent lab 0", "closed lab", "retry 2", "sent lab 2000", "closed lab"]);
    assert_eq!((told.outcome.attempts, told.outcome.total_ms), (2, 2_000));
    assert_eq!(told.outcome.charge, real(13, Source::Computed));
    let written = stage.book.written.lock().unwrap();
    let (failed, next) = &written.retries[0];
    assert_eq!((failed.n, next.n, failed.charge), (1, 2, real(0, Source::Computed)));
    assert_eq!(failed.error_class, Some(FaultClass::Rate));
    assert_eq!(written.ends[0].entry.n, 2);
}

#[test]
fn retries_have_limits() {
    let busy = || status(503, FaultClass::Provider);
    let never = || status(401, FaultClass::Auth);
    let two = Limits::default();
    let many = Limits { retries: 9, ..two };
    let one = Limits { retries: 1, ..two };
    let none = Limits { retries: 0, ..two };
    for (limits, script, requests) in [
        (two, vec![Step::Fail(busy())], 3),
        (many, vec![Step::Fail(busy())], 3),
        (one, vec![Step::Fail(busy())], 2),
        (none, vec![Step::Fail(busy())], 1),
        (two, vec![Step::Fail(never())], 1),
        (two, vec![Step::Fail(too_many(60_000))], 3),
        (two, vec![Step::Fail(too_many(60_001))], 1),
        (two, vec![say("a"), Step::Fail(Fault::cut("gone"))], 1),
        (two, vec![think("a"), Step::Fail(Fault::cut("gone"))], 1),
        (two, vec![Step::Fail(Fault::cut("gone"))], 3),
        // A stream that just ends has been cut, too.
        (two, vec![], 3),
    ] {
        let row = format!("{limits:?} {script:?}");
        let lab = Cast { limits, ..cast("lab", vec![script]) };
        let mut stage = Stage::new(vec![lab]);
        let told = stage.run(&["lab/m"]).remove(0);
        assert_eq!(stage.sent("lab"), requests, "{row}");
        assert_eq!(usize::try_from(told.outcome.attempts).unwrap(), requests, "{row}");
        assert_eq!(stage.book.written.lock().unwrap().retries.len() + 1, requests, "{row}");
        assert_ne!(told.outcome.status, Status::Done, "{row}");
        assert!(told.outcome.fault.is_some(), "{row}");
    }
}

#[test]
fn a_pause_that_nobody_asked_for_grows_at_random() {
    let lab = cast("lab", vec![vec![Step::Fail(status(503, FaultClass::Provider))]]);
    let mut stage = Stage::new(vec![lab]);
    let told = stage.run(&["lab/m"]).remove(0);
    let pauses = retries(&told);
    assert_eq!(pauses.len(), 2);
    assert!(pauses[0].1 <= 500 && pauses[1].1 <= 1_000, "{pauses:?}");
    assert_ne!(pauses[0].1, pauses[1].1);
}

#[test]
fn a_long_wait_is_told_and_left_to_the_person() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![Step::Fail(too_many(300_000))]])]);
    let told = stage.run(&["lab/m"]).remove(0);
    let fault = told.outcome.fault.expect("a fault");
    assert_eq!((fault.retry_after_ms, told.outcome.total_ms), (Some(300_000), 0));
    assert!(fault.hint.contains("5 min"), "{}", fault.hint);
}

#[test]
fn no_second_request_without_its_row() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![Step::Fail(too_many(10))]])]);
    *stage.book.refuse_retry.lock().unwrap() = true;
    let told = stage.run(&["lab/m"]).remove(0);
    assert_eq!(stage.sent("lab"), 1);
    assert_eq!((told.outcome.status, told.outcome.attempts), (Status::Failed, 1));
}

#[test]
fn lost_attempts_are_paid_for() {
    let lost = Fault::new(FaultClass::Timeout, "nothing came").retryable();
    let scripts = vec![vec![Step::Fail(lost)], vec![say("ok"), count(1, 1), cost(500), end()]];
    let mut stage = Stage::new(vec![cast("lab", scripts)]);
    let told = stage.run(&["lab/m"]).remove(0);
    let written = stage.book.written.lock().unwrap();
    let first = written.retries[0].0.charge;
    assert_eq!(first.source, Source::Estimated);
    let sum = first.amount.expect("an amount").0 + 500;
    assert_eq!(told.outcome.charge, real(sum, Source::Estimated));
    assert_eq!(told.outcome.tokens.input, Some(1), "tokens are the last attempt's");
    assert_eq!(written.ends[0].entry.charge, real(500, Source::Reported));
    assert_eq!(written.ends[0].entry.computed, Some(13));
}

#[test]
fn a_panic_stays_in_its_pane() {
    let bad = cast("bad", vec![vec![say("so far"), Step::Wait(20), Step::Panic]]);
    let good = cast("good", vec![vec![say("a"), Step::Wait(50), say("b"), count(1, 1), end()]]);
    let mut stage = Stage::new(vec![bad, good]);
    let told = stage.run(&["bad/m", "good/m"]);
    assert_eq!(told[0].outcome.status, Status::Failed);
    assert_eq!(told[0].outcome.fault.as_ref().map(|fault| fault.class), Some(FaultClass::Internal));
    assert_eq!(told[0].text(), "so far");
    assert_eq!(told[0].outcome.charge.source, Source::Estimated);
    assert_eq!((told[1].outcome.status, told[1].text().as_str()), (Status::Done, "ab"));
    assert_eq!(stage.book.written.lock().unwrap().ends.len(), 2, "both replies are closed in the book");
}

#[test]
fn a_cut_is_cut_only_when_something_came() {
    for (script, expected) in [
        (vec![say("a"), Step::Fail(Fault::cut("gone"))], Status::Cut),
        (vec![say("a")], Status::Cut),
        (vec![Step::Fail(Fault { retryable: false, ..Fault::cut("gone") })], Status::Failed),
        (vec![say("a"), Step::Fail(status(500, FaultClass::Provider))], Status::Failed),
        (vec![end()], Status::Done),
        (vec![Step::Say(vec![StreamEvent::Finished(Finish::Length)])], Status::Done),
        (vec![Step::Say(vec![StreamEvent::Finished(Finish::ContentFilter)])], Status::Done),
    ] {
        let row = format!("{script:?}");
        let mut stage = Stage::new(vec![cast("lab", vec![script])]);
        assert_eq!(stage.run(&["lab/m"])[0].outcome.status, expected, "{row}");
    }
}

#[test]
fn a_reply_without_end_is_ended() {
    let piece = "x".repeat(1 << 20);
    let script: Vec<Step> = (0..20).map(|_| say(&piece)).chain([Step::Hang]).collect();
    let mut stage = Stage::new(vec![cast("lab", vec![script]), cast("ok", vec![vec![say("y"), end()]])]);
    let told = stage.run(&["lab/m", "ok/m"]);
    assert_eq!(told[0].outcome.status, Status::Cut);
    assert_eq!(told[0].outcome.fault.as_ref().map(|fault| fault.class), Some(FaultClass::Protocol));
    assert_eq!(told[0].text().len(), LONGEST);
    assert_eq!(told[1].outcome.status, Status::Done);
}

#[test]
fn calls_parts_and_opaque_state_are_kept_in_order() {
    let call = ToolCall {
        id: "c1".to_owned(),
        name: Untrusted::from("look"),
        arguments: Untrusted::from("{\"a\":1}"),
    };
    let script = vec![Step::Say(vec![
        StreamEvent::Text(Untrusted::from("a")),
        StreamEvent::Opaque("{\"sig\":1}".to_owned()),
        StreamEvent::ToolCall(call.clone()),
        StreamEvent::Part(Untrusted::from("[image, 3 kB]")),
        StreamEvent::KeepAlive,
        StreamEvent::Finished(Finish::ToolCalls),
    ])];
    let mut stage = Stage::new(vec![cast("lab", vec![script])]);
    let told = stage.run(&["lab/m"]).remove(0);
    let shown: Vec<&RunEventKind> = told.events[1..4].iter().collect();
    assert!(matches!(shown[..], [RunEventKind::Text(_), RunEventKind::ToolCall(_), RunEventKind::Part(_)]));
    let written = stage.book.written.lock().unwrap();
    let kinds: Vec<(u64, DeltaKind)> = written.deltas.iter().map(|delta| (delta.seq, delta.kind)).collect();
    assert_eq!(
        kinds,
        [(0, DeltaKind::Text), (1, DeltaKind::Opaque), (2, DeltaKind::ToolCall), (3, DeltaKind::Part)]
    );
    assert_eq!(written.deltas[1].text, "{\"sig\":1}");
    assert_eq!(written.deltas[2].text, "{\"id\":\"c1\",\"name\":\"look\",\"arguments\":\"{\\\"a\\\":1}\"}");
}

fn queued(why: &str, for_ms: Option<u64>) -> RunEventKind {
    RunEventKind::Queued { why: why.to_owned(), for_ms }
}

/// For what a run waited, and how long.
fn waits(told: &Told) -> Vec<(&str, Option<u64>)> {
    let of = |event| match event {
        &RunEventKind::Queued { ref why, for_ms } => Some((why.as_str(), for_ms)),
        _ => None,
    };
    told.events.iter().filter_map(of).collect()
}

#[test]
fn a_full_provider_queues_and_says_so() {
    let script = vec![say("a"), Step::Wait(100), end()];
    let lab = Cast { limits: Limits { concurrency: 2, retries: 0, rate: None }, ..cast("lab", vec![script]) };
    let mut stage = Stage::new(vec![lab]);
    let told = stage.run(&["lab/a", "lab/b", "lab/c"]);
    let queued: Vec<bool> =
        told.iter().map(|told| told.events.contains(&queued("lab runs 2 at once", None))).collect();
    assert_eq!(queued, [false, false, true]);
    assert_eq!(told[2].outcome.total_ms, 200);
    assert_eq!(told[2].outcome.ttft_ms, Some(0), "waiting is no part of it");
}

#[test]
fn a_429_pauses_its_own_key_only() {
    let lab = Cast {
        limits: Limits { concurrency: 1, retries: 1, rate: None },
        ..cast("lab", vec![vec![Step::Fail(too_many(5_000))], vec![say("a"), end()]])
    };
    let other = cast("other", vec![vec![say("b"), end()]]);
    let mut stage = Stage::new(vec![lab, other]);
    let told = stage.run(&["lab/a", "lab/b", "other/m"]);
    assert_eq!(told[2].outcome.total_ms, 0);
    assert!(told[0].outcome.total_ms >= 5_000);
    // The second seat got no 429 of its own, but waits as long, and says why.
    let waits = waits(&told[1]);
    assert!(matches!(waits[..], [("lab asks to wait", Some(5_000..=5_500))]), "{waits:?}");
    assert!((5_000..=5_500).contains(&told[1].outcome.total_ms), "{}", told[1].outcome.total_ms);
    assert_eq!(told[1].outcome.attempts, 1);
}

#[test]
fn a_limit_that_an_answer_calls_used_up_holds_the_next_request() {
    let last = Step::Say(vec![StreamEvent::Hold(4_000)]);
    let lab = Cast {
        limits: Limits { concurrency: 1, retries: 0, rate: None },
        ..cast("lab", vec![vec![last, say("a"), end()], vec![say("b"), end()]])
    };
    let far = Step::Say(vec![StreamEvent::Hold(60_001)]);
    let days = Cast {
        limits: Limits { concurrency: 1, retries: 0, rate: None },
        ..cast("days", vec![vec![far, say("c"), end()], vec![say("d"), end()]])
    };
    let mut stage = Stage::new(vec![lab, days]);
    let told = stage.run(&["lab/a", "lab/b", "days/a", "days/b"]);
    assert_eq!((told[0].outcome.total_ms, told[0].text().as_str()), (0, "a"));
    assert!(matches!(told[1].outcome.total_ms, 4_000..=4_400), "{}", told[1].outcome.total_ms);
    assert_eq!(told[3].outcome.total_ms, 0, "nobody waits here for what takes hours");
}

#[test]
fn a_rate_spreads_the_seats_over_minutes_and_a_stop_ends_the_wait() {
    let lab = Cast {
        limits: Limits { concurrency: 9, retries: 0, rate: Some(2) },
        ..cast("lab", vec![vec![say("a"), end()]])
    };
    let mut stage = Stage::new(vec![lab]);
    let told = stage.run(&["lab/a", "lab/b", "lab/c", "lab/d", "lab/e"]);
    assert_eq!(waits(&told[4]), [("lab takes 2 a minute", Some(120_000))], "told once, and for its own time");
    let took: Vec<u64> = told.iter().map(|told| told.outcome.total_ms).collect();
    assert_eq!(took, [0, 0, 60_000, 60_000, 120_000]);
    assert_eq!(waits(&told[2]), [("lab takes 2 a minute", Some(60_000))]);

    let lab = Cast {
        limits: Limits { concurrency: 9, retries: 0, rate: Some(1) },
        ..cast("lab", vec![vec![say("a"), end()]])
    };
    let mut stage = Stage::new(vec![lab]);
    let clock = Arc::clone(&stage.clock);
    let (job, asks) = stage.turn(&["lab/a", "lab/b"]);
    let told = play(&clock, async {
        let (engine, (outlet, inlet)) = (stage.engine(), mailbox());
        engine.submit(job, outlet);
        let shown = Shown(Arc::clone(&clock));
        shown.sleep_until(shown.now() + std::time::Duration::from_millis(7_000)).await;
        engine.cancel(asks[1].run);
        stage.listen(inlet, &asks).await
    });
    assert_eq!((told[1].outcome.status, told[1].outcome.total_ms), (Status::Stopped, 7_000));
    assert_eq!(stage.sent("lab"), 1, "what waited was never sent");
}

#[test]
fn who_waited_for_the_same_pause_does_not_come_back_at_once() {
    let scripts = vec![vec![Step::Fail(too_many(20_000))], vec![say("a"), end()]];
    let lab = Cast { limits: Limits { concurrency: 1, retries: 1, rate: None }, ..cast("lab", scripts) };
    let lab = Cast { limits: Limits { concurrency: 8, ..lab.limits }, ..lab };
    let mut stage = Stage::new(vec![lab]);
    let told = stage.run(&["lab/a", "lab/b", "lab/c", "lab/d", "lab/e", "lab/f"]);
    let mut at: Vec<u64> = told.iter().map(|told| told.outcome.total_ms).collect();
    at.sort_unstable();
    at.dedup();
    assert!(at.len() >= 3 && at.iter().all(|ms| *ms <= 20_500), "{at:?}");
}

/// Safety R46: somebody sets the clock, or a machine wakes up in another hour.
#[test]
fn a_wall_clock_that_jumps_changes_no_duration_no_wait_and_no_order() {
    const HOUR: i64 = 3_600_000;
    let mut seen = Vec::new();
    for jump in [0, HOUR, -HOUR, 400 * 24 * HOUR, -400 * 24 * HOUR] {
        let scripts = vec![
            vec![Step::Wait(50), Step::Wall(jump), Step::Fail(too_many(3_000))],
            vec![
                Step::Wait(100),
                say("a"),
                Step::Wall(-jump / 2),
                Step::Wait(200),
                say("b"),
                count(1, 1),
                end(),
            ],
        ];
        let lab =
            Cast { limits: Limits { concurrency: 1, retries: 1, rate: Some(2) }, ..cast("lab", scripts) };
        let mut stage = Stage::new(vec![lab]);
        let told = stage.run(&["lab/a"]).remove(0);
        let written = stage.book.written.lock().unwrap();
        let (failed, end) = (&written.retries[0].0, &written.ends[0]);
        assert!(failed.n < end.entry.n, "{jump}: attempts are in order by number");
        let outcome = &told.outcome;
        seen.push((
            (told.text(), outcome.attempts, outcome.charge, outcome.total_ms, outcome.ttft_ms),
            (failed.duration_ms, end.entry.duration_ms, retries(&told)),
        ));
    }
    assert_eq!(seen[0].0.3, 3_350);
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
}

fn saves(told: &Told) -> Vec<&SaveState> {
    told.events
        .iter()
        .filter_map(|event| match event {
            RunEventKind::Save(state) => Some(state),
            _ => None,
        })
        .collect()
}

#[test]
fn a_full_disk_is_told_and_everything_is_saved_when_it_works_again() {
    let script = vec![say("a"), Step::Wait(100), say("b"), Step::Wait(5_000), say("c"), end()];
    let mut stage = Stage::new(vec![cast("lab", vec![script])]);
    stage.book.moods.lock().unwrap().extend([Mood::Takes(0), Mood::Fails, Mood::Fails]);
    let told = stage.run(&["lab/m"]).remove(0);
    let states = saves(&told);
    assert!(
        matches!(&states[..], [SaveState::NotSaved(why), SaveState::Saved] if why.contains("full")),
        "{states:?}"
    );
    let unsaved = told.events.iter().position(|event| matches!(event, RunEventKind::Save(_))).unwrap();
    assert_eq!(told.events[unsaved + 1], RunEventKind::Text(Untrusted::from("b")));
    assert_eq!((told.text().as_str(), told.outcome.total_ms), ("abc", 5_100));
    let written = stage.book.written.lock().unwrap();
    assert_eq!(written.text(written.ends[0].reply, DeltaKind::Text), "abc");
}

#[test]
fn a_slow_disk_holds_the_screen_up_for_a_quarter_of_a_second_only() {
    let script =
        vec![say("a"), Step::Wait(10), say("b"), Step::Wait(400), say("c"), Step::Wait(2_000), end()];
    let mut stage = Stage::new(vec![cast("lab", vec![script])]);
    stage.book.moods.lock().unwrap().extend([Mood::Takes(1_000)]);
    let (job, asks) = stage.turn(&["lab/m"]);
    let clock = Arc::clone(&stage.clock);
    play(&clock, async {
        let (outlet, mut inlet) = mailbox();
        stage.engine().submit(job, outlet);
        let (mut seen, mut batch) = (Vec::new(), Vec::new());
        while inlet.recv_many(&mut batch).await.is_some() {
            let ms = stage.clock.ms();
            seen.extend(batch.drain(..).map(|event| (ms, event.kind)));
        }
        let at = |kind: &RunEventKind| seen.iter().find(|(_, seen)| seen == kind).map(|(ms, _)| *ms);
        assert_eq!(at(&RunEventKind::Text(Untrusted::from("ab"))), Some(250), "{seen:?}");
        assert_eq!(at(&RunEventKind::Text(Untrusted::from("c"))), Some(410), "{seen:?}");
        // The first commit ends after a second; the rest follows at once.
        assert_eq!(at(&RunEventKind::Save(SaveState::Saved)), Some(1_000), "{seen:?}");
        assert!(seen.iter().any(|(ms, kind)| *ms == 250 && matches!(kind, RunEventKind::Save(_))));
    });
    let written = stage.book.written.lock().unwrap();
    assert_eq!(written.text(asks[0].reply, DeltaKind::Text), "abc");
    assert_eq!(written.ends.len(), 1);
}

#[test]
fn an_end_that_could_not_be_saved_is_saved_later() {
    let script = vec![say("a"), Step::Wait(50), say("b"), count(1, 1), end()];
    let mut stage = Stage::new(vec![cast("lab", vec![script])]);
    stage.book.moods.lock().unwrap().extend([Mood::Takes(0), Mood::Fails, Mood::Fails]);
    let told = stage.run(&["lab/m"]).remove(0);
    assert_eq!(told.outcome.total_ms, 50);
    assert_eq!(told.events.last(), Some(&RunEventKind::Save(SaveState::Saved)));
    assert_eq!(stage.clock.ms(), 2_050, "tried again each second");
    let written = stage.book.written.lock().unwrap();
    assert_eq!(written.text(written.ends[0].reply, DeltaKind::Text), "ab");
}

#[test]
fn an_answer_that_was_lost_loses_no_text() {
    let script = vec![say("a"), Step::Wait(20), say("b"), Step::Wait(20), say("c"), count(1, 1), end()];
    for moods in
        [vec![Mood::Lies], vec![Mood::Takes(0), Mood::Lies], vec![Mood::Lies, Mood::Lies, Mood::Lies]]
    {
        let row = format!("{moods:?}");
        let mut stage = Stage::new(vec![cast("lab", vec![script.clone()])]);
        stage.book.moods.lock().unwrap().extend(moods);
        assert_eq!(stage.run(&["lab/m"])[0].text(), "abc", "{row}");
        let written = stage.book.written.lock().unwrap();
        assert_eq!(written.text(written.ends[0].reply, DeltaKind::Text), "abc", "{row}");
    }
}

#[test]
fn a_router_is_priced_as_what_served() {
    let started = Step::Say(vec![StreamEvent::Started {
        served_model: Some(Untrusted::from("m-2026")),
        upstream: None,
        generation_id: None,
    }]);
    let mut stage = Stage::new(vec![cast("lab", vec![vec![started, say("a"), count(2, 1), end()]])]);
    let told = stage.run(&["lab/unpriced-router"]).remove(0);
    assert_eq!(told.outcome.charge, real(16, Source::Computed));
}

#[test]
fn texts_are_joined_into_few_commits() {
    let script: Vec<Step> =
        (0..200).flat_map(|_| [say("x"), Step::Wait(1)]).chain([count(1, 1), end()]).collect();
    let mut stage = Stage::new(vec![cast("lab", vec![script])]);
    let told = stage.run(&["lab/a", "lab/b", "lab/c", "lab/d"]);
    assert!(told.iter().all(|told| told.text().len() == 200));
    let written = stage.book.written.lock().unwrap();
    assert!((10..=20).contains(&written.appends), "{} commits in 200 ms", written.appends);
    assert!(written.deltas.len() <= 4 * 20, "{} rows", written.deltas.len());
}

#[test]
fn shutdown_waits_until_everything_is_written() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![say("a"), Step::Hang]])]);
    *stage.book.usual.lock().unwrap() = Mood::Takes(30);
    let (job, _) = stage.turn(&["lab/a", "lab/b"]);
    let clock = Arc::clone(&stage.clock);
    play(&clock, async {
        let engine = stage.engine();
        let (outlet, inlet) = mailbox();
        drop(inlet);
        engine.submit(job, outlet);
        engine.shutdown(Duration::from_secs(5)).await;
        let ends = stage.book.written.lock().unwrap().ends.clone();
        assert_eq!(ends.len(), 2);
        assert!(ends.iter().all(|end| end.status == Status::Stopped));
        assert!(stage.clock.ms() < 200);
    });
}

#[test]
fn shutdown_does_not_wait_for_ever() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![say("a"), Step::Hang]])]);
    *stage.book.usual.lock().unwrap() = Mood::Fails;
    let (job, _) = stage.turn(&["lab/a"]);
    let clock = Arc::clone(&stage.clock);
    play(&clock, async {
        let engine = stage.engine();
        let (outlet, _inlet) = mailbox();
        engine.submit(job, outlet);
        engine.shutdown(Duration::from_secs(3)).await;
        assert_eq!(stage.clock.ms(), 3_000);
    });
}

#[test]
fn a_door_that_sleeps_holds_up_nobody() {
    let long: Vec<Step> = (0..500).map(|_| say("word ")).chain([count(1, 500), end()]).collect();
    let mut stage = Stage::new(vec![cast("lab", vec![long])]);
    let (first, _) = stage.turn(&["lab/a"]);
    let (second, asks) = stage.turn(&["lab/b"]);
    let clock = Arc::clone(&stage.clock);
    play(&clock, async {
        let engine = stage.engine();
        let (asleep, mut sleeper) = mailbox();
        let (outlet, inlet) = mailbox();
        engine.submit(first, asleep);
        engine.submit(second, outlet);
        let told = stage.listen(inlet, &asks).await;
        assert_eq!(told[0].outcome.status, Status::Done);
        engine.shutdown(Duration::from_secs(1)).await;
        let mut waiting = Vec::new();
        sleeper.try_recv_many(&mut waiting);
        assert!(waiting.len() <= 6, "one pending text a run: {}", waiting.len());
    });
}

#[test]
fn a_flood_arrives_whole() {
    let flood: Vec<Step> = (0..20_000).map(|_| say("word")).chain([count(1, 20_000), end()]).collect();
    let mut stage = Stage::new(vec![cast("lab", vec![flood])]);
    let told = stage.run(&["lab/a", "lab/b", "lab/c", "lab/d"]);
    assert!(told.iter().all(|told| told.text().len() == 80_000));
}

/// The statuses, amounts and sources of whole runs by every tariff.
#[test]
fn every_ending_has_its_charge() {
    let refused = || Step::Fail(status(400, FaultClass::BadRequest));
    let unsent = || Step::Fail(Fault::new(FaultClass::Network, "no such host").unsent());
    let cut = || Step::Fail(Fault { retryable: false, ..Fault::cut("gone") });
    type Row = (&'static str, Vec<Step>, Status, Source, Option<i64>);
    let rows: Vec<Row> = vec![
        ("m", vec![say("abc"), count(2, 1), end()], Status::Done, Source::Computed, Some(16)),
        ("m", vec![say("abc"), count(2, 1), cost(99), end()], Status::Done, Source::Reported, Some(99)),
        ("m", vec![say("abc"), cost(99), end()], Status::Done, Source::Reported, Some(99)),
        ("m", vec![say("abc"), end()], Status::Done, Source::Estimated, Some(28)),
        ("m", vec![say("abc"), cut()], Status::Cut, Source::Estimated, Some(28)),
        ("m", vec![say("abc"), count(2, 1), cut()], Status::Cut, Source::Computed, Some(16)),
        ("m", vec![cut()], Status::Failed, Source::Estimated, Some(18)),
        ("m", vec![refused()], Status::Failed, Source::Computed, Some(0)),
        ("m", vec![unsent()], Status::Failed, Source::Computed, Some(0)),
        ("m", vec![say("abc"), refused()], Status::Failed, Source::Estimated, Some(28)),
        ("unpriced", vec![say("abc"), count(2, 1), end()], Status::Done, Source::Unknown, None),
        ("unpriced", vec![say("abc"), count(2, 1), cost(9), end()], Status::Done, Source::Reported, Some(9)),
        ("unpriced", vec![say("abc"), cut()], Status::Cut, Source::Unknown, None),
        ("unpriced", vec![refused()], Status::Failed, Source::Computed, Some(0)),
    ];
    for (model, script, expected, source, amount) in rows {
        for tariff in [Tariff::Metered, Tariff::Play, Tariff::Local] {
            let row = format!("{model} {script:?} {tariff:?}");
            let lab = Cast { tariff, ..cast("lab", vec![script.clone()]) };
            let mut stage = Stage::new(vec![lab]);
            let outcome = stage.run(&[&format!("lab/{model}")]).remove(0).outcome;
            let (source, amount) =
                if tariff == Tariff::Local { (Source::Computed, Some(0)) } else { (source, amount) };
            let charge = Charge { amount: amount.map(Pico), source, tariff };
            assert_eq!((outcome.status, outcome.charge), (expected, charge), "{row}");
            let written = stage.book.written.lock().unwrap();
            assert_eq!(written.ends[0].charge, outcome.charge, "{row}");
            assert_eq!(written.ends[0].entry.charge, outcome.charge, "{row}");
        }
    }
}

/// A server at home that passes the request on does not answer for nothing.
#[test]
fn who_stands_behind_a_local_server_is_paid() {
    for (model, amount) in [("m", Some(16)), ("unpriced", None)] {
        let passed_on = Step::Say(vec![StreamEvent::Started {
            served_model: None,
            upstream: Some(Untrusted::from("https://ollama.com:443")),
            generation_id: None,
        }]);
        let script = vec![passed_on, say("abc"), count(2, 1), end()];
        let lab = Cast { tariff: Tariff::Local, ..cast("lab", vec![script]) };
        let outcome = Stage::new(vec![lab]).run(&[&format!("lab/{model}")]).remove(0).outcome;
        assert_eq!((outcome.charge.tariff, outcome.charge.amount), (Tariff::Metered, amount.map(Pico)));
    }
}

/// A stream in its smallest pieces, and where to split it into batches.
fn streams() -> impl Strategy<Value = (Vec<StreamEvent>, Vec<bool>)> {
    let event = prop_oneof![
        5 => "[a-zé字 ]{0,6}".prop_map(|text| StreamEvent::Text(Untrusted::from(text))),
        2 => "[a-z ]{1,6}".prop_map(|text| StreamEvent::Thinking(Untrusted::from(text))),
        1 => Just(StreamEvent::KeepAlive),
        1 => (0..50_u64, 0..50_u64).prop_map(|(input, output)| StreamEvent::Usage {
            tokens: Tokens { input: Some(input), output: Some(output), ..Tokens::default() },
            raw: format!("[{input},{output}]"),
            billing: Billing::default(),
        }),
        1 => (0..50_i64).prop_map(|pico| StreamEvent::Cost(Pico(pico))),
    ];
    prop::collection::vec((event, any::<bool>()), 0..30).prop_map(|pairs| pairs.into_iter().unzip())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_split_into_batches_is_the_same_reply((events, splits) in streams(), ends in any::<bool>()) {
        let last = if ends { end() } else { Step::Fail(Fault { retryable: false, ..Fault::cut("gone") }) };
        let whole = vec![Step::Say(events.clone()), last.clone()];
        let mut parts: Vec<Step> = Vec::new();
        let mut batch = Vec::new();
        for (event, split) in events.into_iter().zip(splits) {
            batch.push(event);
            if split {
                parts.push(Step::Say(std::mem::take(&mut batch)));
            }
        }
        parts.extend([Step::Say(batch), last]);
        let run = |script: Vec<Step>| {
            let mut stage = Stage::new(vec![cast("lab", vec![script])]);
            let told = stage.run(&["lab/m"]).remove(0);
            let written = stage.book.written.lock().unwrap();
            let end = written.ends[0].clone();
            let saved = (written.text(end.reply, DeltaKind::Text), written.text(end.reply, DeltaKind::Thinking));
            (told.text(), saved, end.entry, told.outcome)
        };
        let (one, other) = (run(whole), run(parts));
        prop_assert_eq!(&one.0, &one.1.0);
        prop_assert_eq!(one, other);
    }
}

#[test]
fn a_figure_far_from_the_prices_is_kept_and_told_once_for_each_model() {
    let dear = vec![say("x"), count(1_000_000_000, 0), cost(3_300_000_000), end()];
    let near = vec![say("x"), count(1_000_000_000, 0), cost(3_010_000_000), end()];
    for (script, expected) in [(dear, 1), (near, 0)] {
        let mut stage = Stage::new(vec![cast("lab", vec![script])]);
        let told = stage.run(&["lab/m", "lab/m"]);
        let words: Vec<&String> = told
            .iter()
            .flat_map(|told| &told.events)
            .filter_map(|event| match event {
                RunEventKind::Note(words) => Some(words),
                _ => None,
            })
            .collect();
        assert_eq!(words.len(), expected, "{words:?}");
        for words in words {
            assert_eq!(words, "lab/m reports $0.0033, prices say $0.0030: 10 % apart");
        }
        let written = stage.book.written.lock().unwrap();
        assert!(written.ends.iter().all(|end| end.entry.computed == Some(3_000_000_000)));
        assert!(written.ends.iter().all(|end| end.charge.source == Source::Reported));
    }
}
