//! Screens: pictures of whole rooms, and what must hold at every size.

use crate::chat::*;
use crate::tui::effect::Report;
use crate::tui::harness::{Harness, setup};

/// A room in the middle of a turn.
fn busy(width: u16, height: u16) -> Harness {
    let mut setup =
        setup(&["openrouter/anthropic/claude-sonnet-4.5", "openrouter/openai/gpt-5.1", "ollama/qwen3:8b"]);
    setup.name = Some("rust errors".into());
    setup.budget_day = Some(Pico(5_000_000_000_000));
    let mut h = Harness::with(setup, width, height);
    let mut today = Sum::default();
    today.add(&Charge::of(Pico(420_000_000_000), Source::Reported, Tariff::Metered));
    h.report(Report::Spent { today, room: today });
    h.send("which error crate?");
    h.thinks(1, "The user asks about error crates.").wait(3200);
    h.text(1, "Use thiserror in a library, because callers match on it:\n").done(1);
    h.text(2, "Both work; the question is who reads the error.").wait(4000);
    h.text(2, " And when.");
    h.says(3, crate::engine::RunEventKind::Queued { why: "ollama runs 1".into(), for_ms: None });
    h.pass(300);
    h
}

#[test]
fn a_wide_room() {
    insta::assert_snapshot!(busy(146, 24).screen());
}

#[test]
fn a_room_at_120_by_40() {
    insta::assert_snapshot!(busy(120, 40).screen());
}

#[test]
fn a_room_at_80_by_24() {
    let mut h = busy(80, 24);
    insta::assert_snapshot!(h.screen());
    h.press("tab").press("z").screen();
    assert!(h.state.panes[0].scroll.height >= 16, "at least 16 rows of text in one pane");
}

#[test]
fn a_room_at_40_by_12() {
    insta::assert_snapshot!(busy(40, 12).screen());
}

#[test]
fn small_sizes() {
    insta::assert_snapshot!(busy(20, 6).screen());
    busy(19, 6).sees("too small");
    busy(20, 5).sees("too small");
}

#[test]
fn the_first_frame_says_demo_and_how_to_add_a_key() {
    let mut setup = setup(&["eliza", "tour", "thinker"]);
    setup.ui.demo = true;
    let mut h = Harness::with(setup, 120, 30);
    h.sees("demo models").sees("export OPENROUTER_API_KEY=").sees("/login");
    insta::assert_snapshot!(h.screen());
}

#[test]
fn how_to_add_a_key_is_said_once_and_fits_small_screens() {
    for (width, height) in [(150, 40), (100, 30), (80, 24), (60, 20), (36, 10)] {
        let mut setup = setup(&["tour", "eliza", "thinker"]);
        setup.ui.demo = true;
        let mut h = Harness::with(setup, width, height);
        let screen = h.screen();
        assert_eq!(screen.matches("/login").count(), 1, "{width}×{height}:\n{screen}");
        assert!(screen.to_lowercase().contains("demo models") || screen.contains("demo model:"), "{screen}");
        h.send("hello").misses("/login");
    }
}

#[test]
fn a_room_with_another_model_is_no_demo() {
    let mut setup = setup(&["tour", "eliza"]);
    setup.ui.demo = true;
    let mut h = Harness::with(setup, 120, 30);
    h.sees("demo models, no key").send("/model lab/x").misses("demo models, no key");
}

#[test]
fn a_zoomed_pane_has_the_whole_room() {
    let mut h = Harness::with(setup(&["a", "b", "c"]), 150, 30);
    h.sees("╭ usage").press("tab").press("z").misses("╭ usage");
    let screen = h.screen();
    let text = screen.lines().nth(5).expect("a row");
    assert!(!text.contains(['│', '┃']), "no line at the sides: {text:?}");
    h.press("z").sees("╭ usage");
}

#[test]
fn what_is_typed_is_drawn_as_wide_as_it_is_counted() {
    let mut h = Harness::new(&["a"]);
    h.type_text("日本語 👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} 🇩🇪 x");
    let buffer = h.buffer();
    for cell in buffer.content() {
        let odd = |c: char| matches!(c, '\u{200d}' | '\u{fe0f}');
        assert!(!cell.symbol().contains(odd), "{:?}", cell.symbol());
    }
    h.sees("日本語 👩 ❤  DE x").press("enter");
    assert_eq!(h.sent_to(1), ["User: 日本語 👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} 🇩🇪 x"], "what is sent is exact");
}

#[test]
fn the_help_is_whole_at_every_width() {
    for width in [80, 36] {
        let mut h = Harness::new(&["a"]);
        h.resize(width, 24).press("f1").type_text("reply of the current pane first");
        let words: String = h.screen().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("what is open"), "{words}");
    }
}

#[test]
fn the_help_is_made_of_the_keymap() {
    let mut h = Harness::new(&["a"]);
    h.press("f1");
    insta::assert_snapshot!(h.screen());
}

#[test]
fn ascii_leaves_no_other_sign() {
    let mut h = busy(120, 30);
    h.state.look.ui.ascii = true;
    for key in ["tab", "f1", "esc", "f3", "esc", "ctrl-l"] {
        h.press(key);
        let screen = h.screen();
        assert!(screen.is_ascii(), "{:?} in\n{screen}", screen.chars().find(|c| !c.is_ascii()));
    }
}

#[test]
fn tabs_show_all_seats_in_a_line() {
    let mut h = busy(60, 20);
    let strip = h.screen().lines().nth(1).expect("a strip").to_owned();
    assert!(strip.starts_with("▸1✓  2"), "{strip}");
    h.press("alt-2").sees("gpt-5.1").sees("▸2");
    h.failed(2, Fault::new(FaultClass::Provider, "down")).sees("2!");
}

#[test]
fn titles_tell_versions_served_models_and_upstreams() {
    let mut h = Harness::with(setup(&["openrouter/openai/gpt-5.1", "ollama/qwen3:8b"]), 120, 30);
    h.send("go").says(
        1,
        crate::engine::RunEventKind::Started {
            served_model: Some("openai/gpt-5.1-2026-01".into()),
            upstream: Some("DeepInfra".into()),
        },
    );
    h.sees("▸1 gpt-5.1 → openai/gpt-5.1-2026-01").sees("2 qwen3:8b · local");
    h.resize(200, 30).sees("→ openai/gpt-5.1-2026-01 · DeepInfra");
}

#[test]
fn the_cursor_is_the_terminals_own() {
    let mut h = Harness::new(&["a"]);
    h.type_text("漢字");
    h.buffer();
    let cursor = h.cursor.expect("a cursor");
    assert_eq!(cursor.x, 6);
    h.press("tab").buffer();
    assert_eq!(h.cursor, None);
}
