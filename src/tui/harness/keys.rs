//! Keys: focus, Esc and Ctrl-C, scrolling, the composer, commands, panels.

use crate::chat::*;
use crate::engine::Estimate;
use crate::tui::effect::{Effect, Report};
use crate::tui::harness::{Harness, setup};
use crate::tui::state::Focus;
use crate::tui::update::Event;

fn long(h: &mut Harness, rows: usize) {
    let text: String = (1..=rows).map(|n| format!("line {n}  \n")).collect();
    h.send("go").text(1, &text);
}

#[test]
fn tab_goes_round_composer_and_panes() {
    let mut h = Harness::new(&["a", "b"]);
    let mut seen = Vec::new();
    for _ in 0..4 {
        h.press("tab");
        seen.push((h.state.focus, h.state.current));
    }
    assert_eq!(seen, [(Focus::Pane, 0), (Focus::Pane, 1), (Focus::Composer, 1), (Focus::Pane, 0)]);
    h.press("shift-tab");
    assert_eq!(h.state.focus, Focus::Composer);
    h.press("alt-2");
    assert_eq!((h.state.focus, h.state.current), (Focus::Composer, 1));
    h.press("tab").press("x").sees("i to write").press("i");
    assert_eq!(h.state.focus, Focus::Composer);
}

#[test]
fn a_pane_follows_its_end_until_it_is_left() {
    let mut h = Harness::new(&["a"]);
    long(&mut h, 100);
    h.sees("line 100").press("pageup").misses("line 100");
    let before = h.pane_text(0);
    h.text(1, "line 101  \nline 102  \n");
    h.sees("↓ 2 new");
    assert_eq!(h.pane_text(0)[..20], before[..20], "what streams moves nothing");
    h.press("tab").press("G").sees("line 102").misses("new ");
    h.press("k").press("j").text(1, "line 103").sees("line 103");
    h.press("g").sees("line 1").press("]").press("[");
}

#[test]
fn the_place_being_read_survives_a_resize() {
    let mut h = Harness::new(&["a"]);
    let words: Vec<String> = (0..600).map(|n| format!("word{n}")).collect();
    h.send("go").text(1, &words.join(" ")).done(1);
    for _ in 0..4 {
        h.press("pageup");
    }
    h.press("tab").press("k");
    let first = h.pane_text(0)[0].split(' ').next().map(str::to_owned).expect("a word");
    for (width, height) in [(60, 30), (200, 12), (45, 40), (120, 40)] {
        h.resize(width, height);
        assert!(h.pane_text(0)[0].contains(&first), "{first} at {width}×{height}:\n{}", h.screen());
        assert!(!h.state.panes[0].scroll.follows());
    }
}

#[test]
fn esc_closes_before_it_stops_and_then_waits_half_a_second() {
    let mut h = Harness::new(&["a"]);
    h.send("go").text(1, "x").press("f1").sees("type to search");
    h.press("esc").misses("type to search").press("esc");
    assert!(!h.has_effect(|e| matches!(e, Effect::Cancel(_))));
    h.wait(600).press("esc");
    assert!(h.has_effect(|e| matches!(e, Effect::Cancel(_))));
}

#[test]
fn esc_twice_stops_all_and_with_a_key_between_only_its_pane() {
    let mut h = Harness::new(&["a", "b", "c"]);
    h.send("go").text(1, "x").text(2, "y").text(3, "z").press("esc").wait(300).press("esc");
    assert!(h.has_effect(|e| matches!(e, Effect::CancelAll)));
    let mut h = Harness::new(&["a", "b", "c"]);
    h.send("go").text(1, "x").text(2, "y").text(3, "z").press("esc").press("alt-2").press("esc");
    assert!(!h.has_effect(|e| matches!(e, Effect::CancelAll)));
    assert_eq!(h.effects.iter().filter(|e| matches!(e, Effect::Cancel(_))).count(), 2);
}

#[test]
fn ctrl_c_takes_one_rung_a_press() {
    let mut h = Harness::new(&["a"]);
    h.send("go").type_text("draft").press("ctrl-c").press("ctrl-c").press("ctrl-c");
    assert_eq!(h.effects.iter().filter(|e| matches!(e, Effect::CancelAll)).count(), 1);
    assert_eq!(h.state.composer.typed(), "draft", "presses within half a second are one");
    h.text(1, "x").stopped(1).wait(600).press("ctrl-c");
    assert!(h.state.composer.is_empty());
    assert!(!h.has_effect(|e| matches!(e, Effect::Quit)));
    h.wait(600).press("ctrl-c");
    assert!(h.has_effect(|e| matches!(e, Effect::Quit)));
}

#[test]
fn an_idle_ctrl_c_says_what_comes_next_and_a_cleared_draft_comes_back() {
    let mut h = Harness::new(&["a"]);
    h.press("ctrl-c").sees("ctrl-c again quits").wait(5000).press("ctrl-c");
    assert!(!h.has_effect(|e| matches!(e, Effect::Quit)));
    h.wait(4000).type_text("lost?").press("ctrl-c").press("up");
    assert_eq!(h.state.composer.typed(), "lost?");
}

#[test]
fn stopping_all_twice_does_not_quit_unsaid() {
    let mut h = Harness::new(&["a"]);
    h.send("go").text(1, "x").press("ctrl-c").stopped(1).wait(600).press("ctrl-c").sees("ctrl-c again quits");
    assert!(!h.has_effect(|e| matches!(e, Effect::Quit)));
    h.wait(600).press("ctrl-c");
    assert!(h.has_effect(|e| matches!(e, Effect::Quit)));
}

#[test]
fn quitting_asks_while_replies_stream() {
    let mut h = Harness::new(&["a"]);
    h.send("go").press("ctrl-q").sees("1 reply still streams").press("n");
    assert!(!h.has_effect(|e| matches!(e, Effect::Quit)));
    h.press("ctrl-q").press("y");
    assert!(h.has_effect(|e| matches!(e, Effect::Quit)));
    let mut h = Harness::new(&["a"]);
    h.press("ctrl-d").sees("ctrl-d again");
    h.press("ctrl-d");
    assert!(h.has_effect(|e| matches!(e, Effect::Quit)));
}

#[test]
fn newlines_never_send() {
    let mut h = Harness::new(&["a"]);
    h.type_text("one").press("ctrl-j").type_text("two\\").press("enter").type_text("three");
    assert_eq!(h.state.composer.typed(), "one\ntwo\nthree");
    assert_eq!(h.asked(1), 0);
    h.press("enter");
    assert_eq!(h.sent_to(1), ["User: one\ntwo\nthree"]);
}

#[test]
fn who_wants_it_writes_with_enter_and_sends_with_alt_enter() {
    let mut setup = setup(&["a"]);
    setup.ui.enter_sends = false;
    let mut h = Harness::with(setup, 100, 30);
    h.sees("alt-enter send").sees("enter newline").type_text("one").press("enter").type_text("two");
    assert_eq!(h.state.composer.typed(), "one\ntwo");
    h.press("alt-enter");
    assert_eq!(h.sent_to(1), ["User: one\ntwo"]);
}

#[test]
fn a_burst_of_keys_with_enters_is_a_paste() {
    let mut h = Harness::new(&["a"]);
    // Also where pastes come in brackets: a multiplexer may paste without.
    h.paste("x").press("backspace");
    for c in ["a", "b", "c", "enter", "d", "enter"] {
        h.wait(1).event(Event::Key(crate::tui::harness::key(c)));
    }
    assert_eq!(h.state.composer.typed(), "abc\nd\n");
    assert_eq!(h.asked(1), 0);
}

#[test]
fn two_keys_at_once_are_no_paste() {
    let mut h = Harness::new(&["a"]);
    h.type_text("hell");
    for c in ["o", "enter"] {
        h.wait(1).event(Event::Key(crate::tui::harness::key(c)));
    }
    assert_eq!(h.sent_to(1), ["User: hello"]);
}

#[test]
fn pastes_never_send_and_large_ones_are_refused() {
    let mut h = Harness::new(&["a"]);
    h.paste("rm -rf\n").paste(&"x\n".repeat(240)).sees("[Pasted #1 · 240 lines]");
    assert_eq!(h.asked(1), 0);
    h.paste(&"x".repeat((64 << 20) + 1)).sees("more than 64 MB");
    h.press("enter");
    assert_eq!(h.sent_to(1)[0].len(), "User: rm -rf\n".len() + 480);
}

#[test]
fn up_and_down_walk_the_prompts_with_the_draft_kept() {
    let mut h = Harness::new(&["a"]);
    h.send("first").text(1, "x").done(1).send("second").text(1, "y").done(1);
    h.report(Report::Prompts(vec!["ancient".into()]));
    h.type_text("draft").press("up").press("up").press("up");
    assert_eq!(h.state.composer.typed(), "ancient");
    h.press("down").press("down").press("down");
    assert_eq!(h.state.composer.typed(), "draft");
    h.press("ctrl-r").type_text("fir").sees("search: fir").sees("› first").press("enter");
    assert_eq!(h.state.composer.typed(), "first");
    h.press("ctrl-r").press("esc");
    assert!(h.state.composer.search.is_none());
}

#[test]
fn commands_complete_run_and_are_corrected() {
    let mut h = Harness::new(&["a"]);
    h.type_text("/th").sees("choose a theme").press("tab");
    assert_eq!(h.state.composer.typed(), "/theme ");
    h.type_text("day").press("enter");
    assert!(h.has_effect(|e| matches!(e, Effect::Theme(name) if name == "day")));
    h.send("/uasge").sees("did you mean usage?");
    assert_eq!(h.state.composer.typed(), "/uasge");
    h.press("ctrl-u").send("/title rust errors").sees("rust errors");
    h.send("/system be brief").send("go");
    assert_eq!(h.sent_to(1), ["System: be brief", "User: go"]);
    h.send("//etc/hosts what is it");
    assert_eq!(h.state.panes[0].held[0].prompt, "/etc/hosts what is it");
    assert_eq!(h.effects.iter().filter(|e| matches!(e, Effect::Submit(_))).count(), 1);
}

#[test]
fn copies_are_the_source() {
    let mut h = Harness::new(&["a", "b"]);
    h.send("go")
        .text(1, "see **this**:\n```rust\nfn main() {}\n```\nand\n```\nplain\n```\n")
        .text(2, "other\u{1b}[31m");
    h.press("tab").press("y");
    assert!(h.has_effect(|e| matches!(e, Effect::Copy { what, text } if what == "reply of 1" && text.starts_with("see **this**"))));
    h.press("c").sees("which code block? 1 to 2").press("2");
    assert!(h.has_effect(|e| matches!(e, Effect::Copy { text, .. } if text == "plain")));
    h.press("s").press("1");
    assert!(h.has_effect(
        |e| matches!(e, Effect::SaveFile { name, text } if name == "go-1.rs" && text == "fn main() {}\n")
    ));
    h.press("Y");
    assert!(h.has_effect(|e| matches!(e, Effect::Copy { text, .. }
        if text.contains("## 1 demo/a\n\nsee") && text.contains("## 2 demo/b\n\nother") && !text.contains('\u{1b}'))));
}

#[test]
fn a_model_that_is_not_on_this_machine_is_not_local() {
    let mut h = Harness::new(&["ollama/here", "ollama/there"]);
    let model = |id: &str| ModelInfo::bare(ModelRef::new("ollama", id));
    let tariffs = |h: &Harness| ["here", "there"].map(|id| h.state.tariff(&ModelRef::new("ollama", id)));
    assert_eq!(tariffs(&h), [Tariff::Local, Tariff::Local], "nobody has said otherwise");
    let there = ModelInfo { is_elsewhere: true, ..model("there") };
    h.report(Report::Models(vec![model("here"), there]));
    assert_eq!(tariffs(&h), [Tariff::Local, Tariff::Metered]);
    assert!(h.state.costs_money(&ModelRef::new("ollama", "there")));
    assert!(!h.state.costs_money(&ModelRef::new("ollama", "here")));
}

#[test]
fn the_picker_swaps_marks_and_adds() {
    let mut h = Harness::new(&["a"]);
    let model = |id: &str| ModelInfo { context: Some(128_000), ..ModelInfo::bare(ModelRef::new("lab", id)) };
    h.report(Report::Models(vec![model("gpt-5.1"), model("qwen3"), model("sonnet-4.5")]));
    h.press("ctrl-l").sees("lab/qwen3").sees("128k").type_text("qw").press("enter");
    assert_eq!(h.state.panes[0].seat.model.to_string(), "lab/qwen3");
    h.press("ctrl-l").press("space").press("space").sees("2 marked").press("+");
    assert_eq!(h.state.panes.len(), 3);
    assert_eq!(h.state.panes[2].id(), SeatId(3));
    h.press("ctrl-l").type_text("lab/one").sees("as typed").press("enter");
    assert_eq!(h.state.panes[0].seat.model.to_string(), "lab/one");
    h.press("tab").press("X").sees("Take 1 one out").press("y");
    assert_eq!(h.state.panes.len(), 2);
    h.press("i").send("/add lab/x");
    assert_eq!(h.state.panes[2].id(), SeatId(4), "a number is never used again");
}

#[test]
fn the_picker_tells_what_a_model_can_and_stays_where_it_is() {
    let mut h = Harness::new(&["a"]);
    let model = |id: &str, kinds: &[&str]| {
        let mut info = ModelInfo::bare(ModelRef::new("lab", id));
        info.name = Some(format!("The {id}"));
        info.abilities.input = Some(kinds.iter().map(|kind| (*kind).to_owned()).collect());
        info.abilities.tools = Some(!kinds.is_empty());
        info.abilities.reasoning = Some(kinds.len() > 1);
        info.expires = (kinds.len() > 1).then(|| "2026-12-31".to_owned());
        info
    };
    h.report(Report::Models(vec![model("plain", &[]), model("seer", &["text", "image"])]));
    h.press("ctrl-l").sees("lab/seer").sees("image  tools  thinks  until 2026-12-31");
    h.press("down").type_text("theseer").sees("lab/seer").misses("lab/plain");
    h.press("ctrl-u").press("down");
    // Others come while it is open: the cursor stays on its model.
    h.report(Report::Models(vec![
        model("new", &[]),
        model("newer", &[]),
        model("seer", &[]),
        model("plain", &[]),
    ]));
    h.sees("lab/newer").misses("image").press("enter");
    assert_eq!(h.state.panes[0].seat.model.to_string(), "lab/seer");
}

#[test]
fn a_model_of_an_unknown_provider_is_refused_with_the_nearest_name() {
    let mut h = Harness::new(&["a"]);
    h.send("/model opnrouter/x/y").sees("there is no provider opnrouter; did you mean openrouter/x/y?");
    assert_eq!(h.state.composer.typed(), "/model opnrouter/x/y", "what was typed can be corrected");
    h.press("ctrl-u").send("/add nowhere/x").sees("there are demo, lab, ollama, openrouter");
    h.press("ctrl-u").press("ctrl-l").type_text("olama/x").sees("did you mean ollama/x?").press("enter");
    h.press("esc");
    assert_eq!(h.state.panes.len(), 1);
    assert_eq!(h.state.panes[0].seat.model.to_string(), "demo/a");
}

#[test]
fn enter_in_the_list_of_commands_does_what_needs_nothing_more() {
    let mut h = Harness::new(&["a"]);
    h.type_text("/mode").press("enter").sees("search, or type provider/model-id").press("esc");
    assert!(h.state.composer.is_empty());
    h.type_text("/titl").press("enter");
    assert_eq!(h.state.composer.typed(), "/title ", "a name is still wanted");
}

#[test]
fn esc_closes_a_box_before_it_stops() {
    let mut h = Harness::new(&["a"]);
    h.send("go").text(1, "x").report(Report::Notice(Notice::info("one line\nand another")));
    h.sees("and another").press("esc").misses("and another");
    assert!(!h.has_effect(|e| matches!(e, Effect::Cancel(_))));
}

#[test]
fn the_palette_reaches_actions_and_commands() {
    let mut h = Harness::new(&["a"]);
    h.press("ctrl-p").sees("what do you want").type_text("zoom").press("enter");
    assert!(h.state.look.zoom);
    h.press("ctrl-p").type_text("/mouse").press("enter");
    assert!(h.has_effect(|e| matches!(e, Effect::Mouse(true))));
    h.press("f1").type_text("stop all").sees("stop all replies").press("esc");
    assert!(h.state.panels.is_empty());
}

#[test]
fn every_action_can_be_done() {
    for row in crate::tui::action::ACTIONS {
        let mut h = Harness::new(&["a", "b"]);
        h.send("go").text(1, "x");
        crate::tui::update::act_for_tests(&mut h.state, row.action, &mut h.effects);
        h.screen();
    }
}

#[test]
fn usage_goes_beside_full_and_away() {
    let mut h = Harness::with(setup(&["lab/a", "lab/b"]), 120, 40);
    h.send("go").text(1, "x").done(1).text(2, "y").done(2);
    h.sees("╭ usage").sees("turn 1").sees("$0.0286");
    h.press("f3").sees("tok/s").sees("turn: $0.0286  ($0.0286 reported)");
    assert!(h.has_effect(|e| matches!(e, Effect::Usage(queries) if queries.len() == 2)));
    h.press("f3").misses("╭ usage").press("f3").sees("╭ usage");
}

#[test]
fn the_first_send_that_costs_asks_once() {
    let mut setup = setup(&["lab/a"]);
    setup.ui.first_paid_send = true;
    let mut h = Harness::with(setup, 100, 30);
    h.send("go").sees("first send that costs money").sees("lab/a").sees("$0.0080");
    assert_eq!(h.asked(1), 0);
    h.press("y");
    assert_eq!(h.asked(1), 1);
    h.text(1, "x").done(1).send("again");
    assert_eq!(h.asked(1), 2);
}

#[test]
fn a_room_that_can_only_be_read_sends_nothing() {
    let mut setup = setup(&["a"]);
    setup.read_only = Some("another salon (pid 42) has this room open".into());
    let mut h = Harness::with(setup, 100, 30);
    h.send("go").sees("read only").sees("pid 42");
    assert_eq!(h.asked(1), 0);
    assert_eq!(h.state.composer.typed(), "go");
}

#[test]
fn a_price_that_is_missing_is_counted_and_hides_no_other() {
    let mut setup = setup(&["lab/a", "lab/free"]);
    setup.estimate = Box::new(|seat, _| Estimate {
        input_tokens: 10,
        expected: (seat.model.id == "a").then_some(Pico(2_000_000_000)),
        at_most: (seat.model.id == "a").then_some(Pico(30_000_000_000)),
    });
    setup.ui.first_paid_send = true;
    let mut h = Harness::with(setup, 120, 30);
    h.type_text("how much?").pass(1000).sees("next ≈$0.0020 +1 ?, at most $0.0300 +1 ? (≈20 tok in)");
    h.press("enter").sees("at most $0.0300, and what 1 of them can cost is");
}

#[test]
fn the_draft_is_saved_and_estimated_after_a_pause() {
    let mut h = Harness::with(setup(&["lab/a", "lab/b"]), 120, 30);
    h.type_text("how much?");
    assert!(!h.has_effect(|e| matches!(e, Effect::SaveDraft { .. })));
    h.pass(1000).sees("next ≈$0.0010, at most $0.0160 (≈6 tok in)");
    assert!(h.has_effect(|e| matches!(e, Effect::SaveDraft { draft, .. } if draft == "how much?")));
    h.pass(20_000);
    assert_eq!(h.state.deadline(h.now), None, "idle: no timer");
}
