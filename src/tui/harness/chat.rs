//! A prompt in, text out: sending, streaming, stopping, holding, asking again.

use crate::chat::*;
use crate::engine::{Job, Outcome, RunEventKind, SaveState};
use crate::tui::effect::Effect;
use crate::tui::harness::{Harness, outcome, setup};
use crate::tui::state::Focus;
use crate::tui::update::{Dirty, Event};

#[test]
fn a_prompt_goes_in_and_text_comes_out() {
    let mut h = Harness::new(&["eliza", "echo"]);
    h.sees("new room").sees("2 seats").sees("each sees its own").sees("to all 2").sees("F1 help");
    h.send("hello there");
    assert!(h.has_effect(|e| matches!(e, Effect::Submit(Job::Turn { asks, .. }) if asks.len() == 2)));
    h.sees("hello there").sees("waiting 0s");
    h.says(1, RunEventKind::Connecting { attempt: 1 }).sees("connecting");
    h.thinks(1, "let me see").sees("thinking").sees("let me see");
    h.wait(3200)
        .text(1, "How do you **do**?")
        .sees("How do you do?")
        .sees("thought 3.2s")
        .misses("let me see");
    assert_eq!(h.dirty, Dirty::Stream);
    h.text(2, "hello there").done(1).sees("done 11s").sees("$0.0143 play");
    h.sees("▸1 eliza");
    assert_eq!(h.state.room.title(), "hello there");
}

#[test]
fn seats_of_one_model_are_independent() {
    let mut h = Harness::new(&["echo", "echo"]);
    h.send("one").text(1, "first").text(2, "second");
    h.done(2);
    assert!(h.state.panes[0].live.is_some() && h.state.panes[1].live.is_none());
    h.sees("echo #2").text(1, " more").sees("first more").misses("second more");
    h.done(1).send("two");
    assert_eq!(h.sent_to(1), ["User: one", "Assistant: first more", "User: two"]);
    assert_eq!(h.sent_to(2), ["User: one", "Assistant: second", "User: two"]);
}

#[test]
fn esc_stops_the_current_pane_and_keeps_its_text() {
    let mut h = Harness::new(&["a", "b"]);
    h.send("go").text(1, "partial").text(2, "other");
    h.sees("esc stop 1").press("esc");
    let first = h.run_of(1);
    assert!(h.has_effect(|e| matches!(e, Effect::Cancel(run) if *run == first)));
    h.stopped(1).sees("partial").sees("stopped by you").sees("stopped 11s").misses("esc stop 1");
    assert!(h.state.panes[1].live.is_some());
    h.send("next");
    assert_eq!(h.sent_to(1), ["User: go", "Assistant: partial", "User: next"]);
}

#[test]
fn busy_seats_hold_what_idle_ones_get_now() {
    let mut h = Harness::new(&["a", "b"]);
    h.send("one").text(1, "x").done(1).text(2, "slow");
    h.send("two");
    assert_eq!((h.asked(1), h.asked(2)), (2, 1));
    h.sees("next: \"two\" · esc takes it back");
    h.done(2);
    assert_eq!(h.asked(2), 2);
    h.misses("next: \"two\"");
    assert_eq!(h.sent_to(2), ["User: one", "Assistant: slow", "User: two"]);
}

#[test]
fn esc_takes_back_what_is_held_and_only_then_stops() {
    let mut h = Harness::new(&["a"]);
    h.send("one").text(1, "x").send("two").sees("next: \"two\"");
    h.press("esc").sees("the prompt is back");
    assert_eq!(h.state.composer.typed(), "two");
    assert_eq!(h.state.room.turns.len(), 1);
    assert!(h.state.panes[0].live.is_some());
    h.wait(600).press("esc");
    assert!(h.has_effect(|e| matches!(e, Effect::Cancel(_))));
}

#[test]
fn a_prompt_held_by_all_becomes_a_turn_when_one_is_free() {
    let mut h = Harness::new(&["a", "b"]);
    h.send("one").send("two");
    assert_eq!(h.effects.iter().filter(|e| matches!(e, Effect::Submit(_))).count(), 1);
    h.text(2, "done").done(2);
    assert!(h.has_effect(
        |e| matches!(e, Effect::Submit(Job::Turn { prompt, parent: Some(_), .. }) if prompt == "two")
    ));
    h.text(1, "done").done(1);
    assert!(h.has_effect(|e| matches!(e, Effect::Submit(Job::Again { .. }))));
    assert_eq!(h.sent_to(1), ["User: one", "Assistant: done", "User: two"]);
}

#[test]
fn stopping_all_before_any_text_gives_the_prompt_back() {
    let mut h = Harness::new(&["a", "b"]);
    h.send("a question").press("ctrl-c");
    assert!(h.has_effect(|e| matches!(e, Effect::CancelAll)));
    h.stopped(1);
    assert!(h.state.composer.is_empty());
    h.stopped(2);
    assert_eq!(h.state.composer.typed(), "a question");
    h.press("enter");
    assert_eq!(h.sent_to(1), ["User: a question"], "what was taken back is not sent twice");
}

#[test]
fn a_failure_says_what_whose_and_what_to_do() {
    let mut h = Harness::new(&["a", "b"]);
    h.send("go").text(2, "fine");
    let mut fault = Fault::new(FaultClass::Rate, "too many requests").hint("Wait 20 s, then r.");
    fault.http_status = Some(429);
    h.failed(1, fault);
    h.sees("✗ failed: rate · HTTP 429")
        .sees("too many requests")
        .sees("demo takes no more requests for now:")
        .sees("→ Wait 20 s, then r.");
    h.sees("failed: rate 11s").sees("fine");
    h.press("alt-1").press("tab").press("r");
    assert_eq!(h.asked(1), 2, "a failed one is asked again without a question");
    h.sees("v2/2");
}

#[test]
fn a_failure_is_said_once() {
    let words = "words of the provider";
    for (class, name) in FaultClass::ALL {
        let sent = Fault::new(class, words).hint("What to do.");
        let cut = Fault { cut: true, ..sent.clone() };
        for (fault, end) in [(sent.clone().unsent(), "failed"), (sent, "failed"), (cut, "cut")] {
            let mut h = Harness::with(setup(&["lab/a", "lab/b"]), 160, 40);
            h.send("go").text(1, "x").text(2, "fine").failed(1, fault.clone());
            let said: Vec<String> = h
                .pane_text(0)
                .into_iter()
                .skip_while(|row| row != "x")
                .filter(|row| !row.is_empty())
                .collect();
            let [_, head, whose, what, advice] = said.as_slice() else { panic!("{said:#?}") };
            assert_eq!(head, &format!("✗ {end}: {name}"));
            assert!(whose.ends_with(':') && !whose.contains('{'), "it introduces the words: {whose}");
            assert_eq!(
                whose.contains("nothing was sent") || whose.contains("Nothing was sent"),
                fault.unsent
            );
            assert_eq!(whose.contains("what came is kept"), fault.cut);
            assert_eq!((what.as_str(), advice.as_str()), (words, "→ What to do."));
        }
    }
    let mut h = Harness::new(&["lab/a"]);
    let bare = Fault { http_status: Some(503), ..Fault::new(FaultClass::Provider, "HTTP 503 Busy") };
    h.send("go").failed(1, bare).sees("✗ failed: provider ").misses("· HTTP 503").sees("→ r asks again.");
    let asked = Outcome {
        fault: Some(Fault::new(FaultClass::Provider, "down")),
        attempts: 3,
        ..outcome(Status::Failed, Tariff::Metered)
    };
    h.press("tab").press("r").says(1, RunEventKind::Finished(Box::new(asked)));
    h.sees("✗ failed: provider · asked 3 times").sees("The fault is lab's:");
}

#[test]
fn a_retry_counts_down() {
    let mut h = Harness::new(&["a"]);
    let mut why = Fault::new(FaultClass::Rate, "slow down");
    why.http_status = Some(429);
    h.send("go").says(1, RunEventKind::Retry { attempt: 2, after_ms: 12_000, why });
    h.sees("429").sees("retry 2/3 in 12s").sees("! slow down").pass(5000).sees("retry 2/3 in 7s");
    h.says(1, RunEventKind::Connecting { attempt: 2 }).misses("retry").misses("slow down");
    h.pass(300).text(1, "x").sees("first 0.3s");
}

#[test]
fn a_wait_for_a_turn_counts_down_and_can_be_stopped() {
    let mut h = Harness::new(&["a", "b"]);
    let queued = |why: &str, for_ms| RunEventKind::Queued { why: why.into(), for_ms };
    h.send("go").says(1, queued("lab takes 20 a minute", Some(42_000)));
    h.sees("starts in 42s · lab takes 20 a minute").pass(40_000).sees("starts in 2s · lab takes 20");
    h.resize(80, 24).sees("starts in 2s").resize(120, 40);
    h.says(1, queued("lab takes 1 a minute", Some(117_000))).sees("starts in 1m57s · lab takes 1 a minute");
    h.says(1, queued("lab runs 1", None)).sees("lab runs 1").misses("lab runs 1 ·");
    h.says(1, RunEventKind::Connecting { attempt: 1 }).misses("lab runs");
    h.pass(300).text(1, "x").sees("first 0.3s");
}

#[test]
fn silence_is_told() {
    let mut h = Harness::new(&["a"]);
    h.send("go").text(1, "well").pass(14_000).misses("no data").pass(2_000).sees("no data for 16s");
    h.text(1, " then").misses("no data");
}

#[test]
fn what_is_done_is_asked_again_only_after_a_question() {
    let mut h = Harness::with(setup(&["lab/a", "lab/b"]), 120, 40);
    h.send("go").text(1, "old").done(1).text(2, "x").done(2);
    h.press("tab").press("r").sees("Ask 1 a again?").sees("It costs ≈$0.0005, at most $0.0080");
    assert_eq!(h.asked(1), 1);
    h.press("n");
    assert_eq!(h.asked(1), 1);
    h.press("r").press("y");
    assert_eq!(h.asked(1), 2);
    h.text(1, "new").done(1).sees("v2/2").sees("new").misses("old");
    h.press("<").sees("v1/2").sees("old").sees("what is shown is what seat 1 is sent");
    assert!(h.has_effect(|e| matches!(e, Effect::Choose { reply: Some(_), .. })), "it is kept");
    h.press(">").sees("v2/2").press("<").sees("v1/2");
    assert!(h.has_effect(|e| matches!(e, Effect::Choose { reply: None, .. })), "the last one is no choice");
    h.press("i").send("more");
    assert_eq!(h.sent_to(1), ["User: go", "Assistant: old", "User: more"]);
}

#[test]
fn all_failed_are_asked_again_at_once() {
    let mut h = Harness::new(&["a", "b", "c"]);
    h.send("go").text(2, "x").done(2);
    h.failed(1, Fault::new(FaultClass::Network, "gone")).failed(3, Fault::cut("ended"));
    h.press("tab").press("R");
    assert_eq!((h.asked(1), h.asked(2), h.asked(3)), (2, 1, 2));
}

#[test]
fn targets_are_told_and_kept() {
    let mut h = Harness::new(&["a", "b", "c"]);
    h.press("alt-2").press("tab").press("tab").press("a").sees("to 2 only").press("i").send("psst");
    assert_eq!((h.asked(1), h.asked(2), h.asked(3)), (0, 1, 0));
    h.sees("not asked").text(2, "yes").done(2);
    h.press("tab").press("space").press("l").press("l").press("space").sees("to 1 and 3");
    h.press("i").send("you two");
    assert_eq!((h.asked(1), h.asked(2), h.asked(3)), (1, 1, 1));
    assert_eq!(h.sent_to(1), ["User: you two"], "what it was not asked is not sent");
    h.press("tab").press("space").press("l").press("l").press("space").sees("to all 3");
    h.press("m").sees("to 1 and 2 · 3 muted");
}

#[test]
fn unsaved_text_is_shown_and_said() {
    let mut h = Harness::new(&["a"]);
    h.send("go").says(1, RunEventKind::Save(SaveState::NotSaved("disk full".into())));
    h.sees("NOT SAVED: disk full");
    h.says(1, RunEventKind::Save(SaveState::Saved)).misses("NOT SAVED").sees("saved again");
}

#[test]
fn no_event_of_a_stream_moves_focus_or_current_pane() {
    let mut h = Harness::new(&["a", "b"]);
    h.send("go").press("tab").press("l");
    let before = (h.state.focus, h.state.current);
    h.thinks(1, "hm").text(1, "x").done(1).text(2, "y").failed(2, Fault::new(FaultClass::Provider, "down"));
    assert_eq!((h.state.focus, h.state.current), before);
    assert_eq!(h.state.focus, Focus::Pane);
}

#[test]
fn empty_replies_limits_and_refusals_are_said() {
    let mut h = Harness::new(&["a"]);
    h.send("go").done(1).sees("empty reply");
    h.send("go on").text(1, "bla");
    let mut end = crate::tui::harness::outcome(Status::Done, Tariff::Play);
    end.finish = Some("length".into());
    h.says(1, RunEventKind::Finished(Box::new(end))).sees("cut off by the limit").sees("token limit");
}

#[test]
fn a_budget_that_refuses_gives_the_prompt_back() {
    let mut h = Harness::new(&["a", "b"]);
    h.send("dear");
    let fault = || Fault::new(FaultClass::Budget, "the budget of the day is spent").unsent();
    h.failed(1, fault()).failed(2, fault());
    assert_eq!(h.state.composer.typed(), "dear");
    h.sees("nothing was sent: the budget of the day is spent");
}

#[test]
fn late_events_of_runs_that_are_gone_are_ignored() {
    let mut h = Harness::new(&["a"]);
    h.send("go").text(1, "x").done(1);
    h.text(1, "ghost").misses("ghost");
    assert_eq!(h.dirty, Dirty::Nothing);
    h.event(Event::Run(Vec::new()));
}

#[test]
fn a_charge_that_is_settled_later_becomes_exact_where_it_stands() {
    let mut h = Harness::new(&["lab/one"]);
    h.send("go").text(1, "half");
    let mut end = crate::tui::harness::outcome(Status::Cut, Tariff::Metered);
    end.charge = Charge::of(Pico(5_000_000_000), Source::Estimated, Tariff::Metered);
    h.says(1, RunEventKind::Finished(Box::new(end))).sees("≈$0.0050");
    let reply = h.state.room.turns[0].replies[0].id;
    let charge = Charge::of(Pico(2_100_000_000), Source::Reported, Tariff::Metered);
    let tokens = Tokens { input: Some(40), output: Some(10), ..Tokens::default() };
    let settled = crate::store::Settled { reply, charge, tokens };
    h.report(crate::tui::effect::Report::Settled(settled)).sees("$0.0021").misses("≈$0.0050");
    assert!(h.has_effect(|effect| matches!(effect, Effect::Spent)), "the sums are asked for anew");
}

#[test]
fn turns_that_are_read_later_stand_before_the_others() {
    let mut long = Harness::new(&["a"]);
    for n in 1..=30 {
        long.send(&format!("prompt {n}")).text(1, &format!("reply {n}")).done(1);
    }
    let mut turns = long.state.room.turns.clone();
    let last = turns.split_off(28);
    let mut setup = setup(&["a"]);
    setup.turns = last;
    setup.ids = Ids::seeded(2);
    let mut h = Harness::with(setup, 80, 40);
    h.sees("reply 30").sees("prompt 29").misses("reply 28");
    h.state.prepend(turns);
    h.sees("reply 30").sees("reply 25");
    for n in 1..=30 {
        h.press("up");
        assert_eq!(h.state.composer.text(), format!("prompt {}", 31 - n));
    }
    h.press("ctrl-u").send("and now?").text(1, "reply 31").sees("reply 31");
    assert_eq!(h.sent_to(1).len(), 61, "all is remembered");
    h.press("tab").press("g").press("g").sees("prompt 1").sees("reply 3");
}
