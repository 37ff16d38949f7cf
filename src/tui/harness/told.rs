//! What is told, and that it stands in nobody's way: notices beside the keys, marks beside texts,
//! prompts that do not push the replies off the screen.

use crate::chat::*;
use crate::engine::RunEventKind;
use crate::tui::effect::{Effect, LoginNews, LoginRow, Report};
use crate::tui::harness::{Harness, setup};
use crate::tui::keymap::{Keymap, Overrides};

#[test]
fn a_notice_leaves_the_keys_in_sight() {
    let mut h = Harness::new(&["a"]);
    h.send("go").text(1, "x");
    h.state.say("copied the reply");
    h.sees("copied the reply ── enter send").sees("esc stop 1").sees("F1 help");
    h.resize(80, 24).sees("copied the reply ── enter send").sees("F1 help");
    h.state.say("w".repeat(70));
    h.sees("wwww").sees("enter send").sees("esc stop 1");
}

#[test]
fn a_box_covers_nothing_and_stays_until_somebody_is_there() {
    let mut h = Harness::with(setup(&["a", "b"]), 100, 20);
    let lines = |name: &str| (1..=40).map(|n| format!("{name} {n}  ")).collect::<Vec<_>>().join("\n");
    h.send("go").text(1, &lines("first")).done(1).text(2, &lines("second")).done(2);
    h.sees("first 40").sees("second 40");
    h.report(Report::Notice(Notice::info("one line\nand another")));
    h.sees("one line").sees("and another").sees("first 40").sees("second 40").sees("done");
    h.pass(60_000).sees("and another");
    assert_eq!(h.state.deadline(h.state.clock.now), None, "nothing is due while nobody does anything");
    h.press("x").misses("and another").sees("first 40");
    // Nobody read what is pressed away at once.
    h.report(Report::Notice(Notice::info("one line\nand another"))).press("x").sees("and another");
    h.press("esc").misses("and another");
}

#[test]
fn a_box_lies_over_a_screen_that_has_no_rows_for_it() {
    let mut h = Harness::with(setup(&["a"]), 20, 6);
    h.report(Report::Notice(Notice::error("one line\nand another"))).sees("one line");
}

#[test]
fn the_mark_of_new_rows_covers_no_text() {
    let mut h = Harness::with(setup(&["a"]), 40, 14);
    let full = "0123456789 0123456789 0123456789 01";
    let rows = vec![full; 30].join("  \n");
    h.send("go").text(1, &rows).press("pageup").press("pageup");
    h.text(1, "  \nlast  \nend  \n").sees("↓ 2 new");
    let text = h.pane_text(0);
    assert!(text.iter().all(|row| row == full), "{text:#?}");
    let screen = h.screen();
    let border = screen.lines().find(|line| line.contains("↓ 2 new")).expect("the mark");
    assert!(border.starts_with('┗') && border.ends_with("↓ 2 new ━┛"), "{border}");
}

#[test]
fn advice_names_the_key_that_stops() {
    let mut keys = Overrides::new();
    let global = [("esc", "none"), ("f8", "stop"), ("ctrl-c", "none"), ("f9", "interrupt")];
    let global = global.map(|(key, action)| (key.to_owned(), action.to_owned()));
    keys.insert("global".to_owned(), global.into_iter().collect());
    let mut setup = setup(&["a"]);
    setup.keymap = Keymap::load(&keys).0;
    let mut h = Harness::with(setup, 120, 30);
    h.send("one").text(1, "x").sees("F8 stop 1");
    h.send("two").sees("next: \"two\" · F8 takes it back").sees("F8 there takes it back").misses("esc ");
    h.press("ctrl-l").sees("F8 close");
}

#[test]
fn a_long_prompt_is_folded_until_its_pane_has_the_keyboard() {
    let mut h = Harness::new(&["a", "b"]);
    let prompt: Vec<String> = (1..=30).map(|n| format!("row {n} of the prompt")).collect();
    let prompt = prompt.join("\n");
    h.paste(&prompt).press("enter").text(1, "the reply").done(1);
    h.sees("row 5 of the prompt").misses("row 6 of the prompt").sees("… 25 more lines").sees("the reply");
    insta::assert_snapshot!(h.screen());
    h.press("tab");
    let text = h.pane_text(0);
    assert!(text.iter().any(|row| row.contains("row 30 of the prompt")), "{text:#?}");
    assert!(!text.iter().any(|row| row.contains("more lines")), "{text:#?}");
    assert!(h.pane_text(1).iter().any(|row| row.contains("… 25 more lines")));
    h.press("v").press("i");
    assert!(h.pane_text(0).iter().any(|row| row.contains("row 30 of the prompt")), "the source is whole");
    assert!(h.sent_to(1)[0].contains("row 30 of the prompt"));
}

#[test]
fn a_prompt_that_nearly_fits_is_whole() {
    let mut h = Harness::new(&["a"]);
    h.paste("1\n2\n3\n4\n5\n6\n7\nrow 8").press("enter").sees("row 8").misses("more lines");
}

#[test]
fn how_a_request_was_sent_is_told_in_its_own_pane() {
    let mut h = Harness::new(&["lab/a", "lab/b"]);
    h.send("go");
    for seat in [1, 2] {
        h.says(seat, RunEventKind::Note(format!("lab/{seat} knows no effort xhigh; medium was taken")));
        h.says(seat, RunEventKind::Note(format!("lab/{seat} does not take top_k; it was left out")));
        h.text(seat, "word").done(seat);
    }
    h.pass(60_000);
    for seat in [1, 2] {
        h.sees(&format!("! lab/{seat} knows no effort xhigh"))
            .sees(&format!("! lab/{seat} does not take top_k"));
    }
    h.send("next");
    assert_eq!(h.sent_to(1), ["User: go", "Assistant: word", "User: next"], "it is no part of the reply");

    // Each version of a reply has its own, and they come back with the room.
    h.text(1, "more").done(1).press("tab").press("r").press("enter").text(1, "again").done(1);
    h.says(2, RunEventKind::Note("lab/2 does not take top_k; it was left out".into()));
    let mut again = setup(&["lab/a", "lab/b"]);
    again.turns = h.state.room.turns.clone();
    Harness::with(again, 120, 40)
        .sees("! lab/1 does not take top_k")
        .sees("! lab/2 knows no effort xhigh")
        .sees("! lab/2 does not take top_k");
}

#[test]
fn the_header_has_the_name_that_the_store_gave() {
    let mut h = Harness::new(&["a"]);
    h.send("which crate?").says(1, RunEventKind::Room("which crate? 2".into())).sees(" which crate? 2 ·");
    assert!(h.has_effect(|e| matches!(e, Effect::Title(title) if title == "salon · which crate? 2")));
}

#[test]
fn one_seat_is_not_all_of_them() {
    Harness::new(&["a"]).sees("to the one seat").misses("to all");
}

#[test]
fn seats_that_are_called_the_same_say_their_provider() {
    let mut h = Harness::with(setup(&["lab/x/m", "ollama/m", "ollama/m", "lab/n"]), 200, 30);
    h.sees("1 lab/m ").sees("2 ollama/m ").sees("3 ollama/m #2 ").sees("4 n ");
}

#[test]
fn a_long_name_leaves_the_price_and_the_end_of_a_model_in_sight() {
    let mut h = Harness::with(setup(&["a"]), 80, 24);
    let mut model = ModelInfo::bare(ModelRef::new(
        "lab",
        "an-author/a-very-long-name-of-a-model-instruct-preview-2026-01",
    ));
    model.context = Some(200_000);
    model.expires = Some("2026-12-01".into());
    h.report(Report::Models(vec![model])).press("ctrl-l");
    h.sees("until 2026-12-01").sees("$1.00 in · $2.00 out /M").sees("lab/an-").sees("preview-2026-01 ");
    h.resize(150, 30).sees("an-author/a-very-long-name-of…model-instruct-preview-2026-01");
    h.resize(40, 14).sees("lab/an-author/a").misses("until");
}

#[test]
fn an_address_is_offered_only_while_there_is_one() {
    let mut h = Harness::new(&["eliza"]);
    let row = LoginRow { name: "openrouter".into(), said: "no key yet".into(), ready: false, browser: true };
    h.report(Report::Logins(vec![row])).send("/login elsewhere").press("enter").misses("ctrl-y");
    let url = "https://example.org/auth".to_owned();
    h.report(Report::Login(LoginNews::Page { url, code: true })).sees("enter gives it · ctrl-y copies");
    h.report(Report::Login(LoginNews::Failed("no".into()))).misses("ctrl-y").sees("esc stops");
}
