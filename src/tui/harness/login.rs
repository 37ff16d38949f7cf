//! Logging in inside the room: what is typed is seen and kept nowhere, and demo seats give way.

use super::*;
use crate::tui::effect::{Login, LoginNews, LoginRow, Welcome};

const CANARY: &str = "sk-CANARY-0123456789";

fn rows() -> Vec<LoginRow> {
    [("openrouter", true), ("groq", false)]
        .map(|(name, browser)| LoginRow {
            name: name.into(),
            said: "no key yet".into(),
            ready: false,
            browser,
        })
        .into()
}

fn room(models: &[&str], demo: bool) -> Harness {
    let mut setup = setup(models);
    setup.ui.demo = demo;
    let mut h = Harness::with(setup, 120, 30);
    h.report(Report::Logins(rows()));
    h
}

fn welcome(models: &[&str]) -> Report {
    let demo = seats(&["eliza", "tour"]).into_iter().map(|seat| seat.model).collect();
    let told = "openrouter takes the key".to_owned();
    Report::Login(LoginNews::Welcome(Box::new(Welcome { told, seats: seats(models), demo, rows: rows() })))
}

#[test]
fn a_key_is_shown_as_dots_and_stands_nowhere_else() {
    for pasted in [true, false] {
        let mut h = room(&["eliza", "tour"], true);
        h.send("/login").sees("which provider?").sees("in the browser").type_text("groq").press("enter");
        if pasted {
            h.paste(&format!("  {CANARY}\n"));
        } else {
            h.type_text(CANARY);
        }
        h.sees("key › ••••••••").misses("CANARY").press("enter").sees("The provider is asked");
        let wanted = Login::Key { provider: "groq".into(), key: Secret::new(CANARY) };
        assert!(h.has_effect(|effect| matches!(effect, Effect::Login(login) if *login == wanted)));
        assert!(h.state.composer.is_empty());
        h.pass(5000);
        assert!(!format!("{:?}", h.effects).contains("CANARY"), "an effect shows the key");
        h.report(Report::Login(LoginNews::Failed("groq refuses it".into())))
            .sees("groq refuses it")
            .misses("CANARY");
    }
}

#[test]
fn a_paste_before_the_provider_is_chosen_goes_nowhere() {
    let mut h = room(&["eliza", "tour"], true);
    h.send("/login").paste(CANARY).sees("choose the provider first").misses("CANARY").press("esc");
    assert!(h.state.composer.is_empty() && h.state.panels.is_empty());
    assert!(h.has_effect(|effect| matches!(effect, Effect::Login(Login::Stop))));
}

#[test]
fn what_is_no_key_is_refused_unseen() {
    let mut h = room(&["eliza", "tour"], true);
    h.send("/login groq").press("enter").type_text("sk-CANARY with blanks").press("enter");
    h.sees("that no key has").misses("CANARY");
    assert!(!h.has_effect(|effect| matches!(effect, Effect::Login(Login::Key { .. }))));
    h.press("enter").sees("is empty").press("q").press("?").sees("••").misses("keys");
}

#[test]
fn the_page_is_shown_and_its_code_is_pasted() {
    let url = format!("https://openrouter.ai/auth?code_challenge={}", "x".repeat(43));
    let mut h = room(&["eliza", "tour"], true);
    h.send("/login elsewhere").press("enter");
    assert!(h.has_effect(|effect| matches!(effect, Effect::Login(Login::Page { .. }))));
    h.report(Report::Login(LoginNews::Page { url: url.clone(), code: true })).sees("paste the code");
    h.press("ctrl-y");
    assert!(h.has_effect(|effect| matches!(effect, Effect::Copy { text, .. } if *text == url)));
    h.paste("the-code-01").misses("the-code").press("enter");
    let wanted = Login::Code { provider: "openrouter".into(), code: Secret::new("the-code-01") };
    assert!(h.has_effect(|effect| matches!(effect, Effect::Login(login) if *login == wanted)));
    let mut h = room(&["eliza", "tour"], true);
    h.send("/login openrouter browser").press("enter");
    assert!(h.has_effect(|effect| matches!(effect, Effect::Login(Login::Browser { .. }))));
    h.report(Report::Login(LoginNews::Page { url, code: false })).sees("5 minutes").press("esc");
    assert!(h.has_effect(|effect| matches!(effect, Effect::Login(Login::Stop))));
}

#[test]
fn demo_seats_give_way_to_real_ones() {
    let mut h = room(&["eliza", "tour"], true);
    h.sees("no key").send("/login groq").press("enter").paste(CANARY).press("enter");
    h.report(welcome(&["openrouter/a", "openrouter/b", "openrouter/c"]));
    assert!(h.state.panels.is_empty());
    h.sees("3 real models sit here now").misses("/login").misses("no key");
    let ids: Vec<u32> = h.state.panes.iter().map(|pane| pane.id().0).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert!(h.has_effect(|effect| matches!(effect, Effect::Lineup(seats) if seats.len() == 3)));
    h.send("hello");
    assert_eq!((h.asked(1), h.asked(2), h.asked(3)), (1, 1, 1));
}

#[test]
fn after_a_talk_with_the_demo_the_real_ones_start_empty() {
    let mut h = room(&["eliza", "tour"], true);
    h.send("hello").text(1, "half");
    h.report(welcome(&["lab/x"])).sees("a real model sits here now");
    assert!(h.has_effect(|effect| matches!(effect, Effect::Cancel(_))));
    assert_eq!(h.state.panes[0].id(), SeatId(3), "a number that the room never had");
    h.send("who are you?").misses("half");
    assert_eq!(h.sent_to(3), ["User: who are you?"]);
}

#[test]
fn seats_that_were_chosen_stay() {
    for (models, demo) in [(&["eliza", "lab/x"][..], true), (&["eliza"], true), (&["eliza", "tour"], false)] {
        let mut h = room(models, demo);
        h.report(welcome(&["openrouter/a"])).sees("chooses its models");
        let kept: Vec<String> = h.state.panes.iter().map(|pane| pane.seat.model.to_string()).collect();
        assert_eq!(kept.len(), models.len());
        assert!(kept[0].ends_with("eliza"), "{kept:?}");
    }
}

#[test]
fn a_server_on_this_machine_is_offered_and_not_seated() {
    let mut h = room(&["eliza", "tour"], true);
    let model = ModelInfo::bare(ModelRef::new("ollama", "qwen3:8b"));
    h.report(Report::Found("ollama runs on this machine: 1 model".into(), vec![model]))
        .sees("ollama runs on this machine");
    h.report(Report::Models(vec![ModelInfo::bare(ModelRef::new("lab", "x"))]));
    assert_eq!(h.state.panes.len(), 2);
    h.press("ctrl-l").type_text("qwen").sees("ollama/qwen3:8b").press("enter").sees("ollama/qwen3:8b");
}
