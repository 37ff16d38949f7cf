//! What words lead to which seats, and what is said of words that lead nowhere.

use super::*;
use crate::app::endpoints::tests::keys;
use crate::app::endpoints::tests::loaded;
use crate::app::endpoints::tests::presets;
use crate::chat::ContextMode;
use crate::chat::Ids;
use crate::chat::Millis;
use crate::chat::Turn;

/// Names in a config and an environment.
fn with<T>(text: &str, env: &[(&str, &str)], check: impl FnOnce(&Names<'_>) -> T) -> T {
    let loaded = loaded(text);
    let (endpoints, errors) = Endpoints::build(&loaded, &presets(), &keys(env));
    assert_eq!(errors, []);
    check(&Names { config: &loaded.config, endpoints: &endpoints, book: &PriceBook::default() })
}

fn refs(seats: &[Seat]) -> Vec<String> {
    seats.iter().map(|seat| seat.model.to_string()).collect()
}

const CONFIG: &str = "[model.\"openrouter/a/sonnet-4.5\"]\nalias = \"sonnet\"\nsystem = \"Be brief.\"\n\
                      params = { temperature = 0.7, max_tokens = 9 }\n\
                      [lineup.daily]\nseats = [\"sonnet\", { model = \"demo/echo\", params = { temperature = 0 } }]\n";

#[test]
fn words_lead_to_models() {
    with(CONFIG, &[], |names| {
        for (text, want) in [
            ("sonnet", "openrouter/a/sonnet-4.5"),
            ("demo/anything", "demo/anything"),
            ("openrouter/auto", "openrouter/auto"),
        ] {
            assert_eq!(names.model(text).map(|model| model.to_string()), Ok(want.to_owned()));
        }
    });
}

#[test]
fn words_that_lead_nowhere_name_the_nearest() {
    with(CONFIG, &[], |names| {
        for (text, what, hint) in [
            ("sonet", "there is no model sonet", "did you mean sonnet?"),
            ("sonnet-4.5", "there is no model", "did you mean openrouter/a/sonnet-4.5?"),
            ("eliza", "there is no model eliza", "did you mean demo/eliza?"),
            ("zzzzzzzzz", "there is no model", "as in demo/eliza"),
            ("openruter/a/b", "there is no provider openruter", "did you mean openrouter/a/b?"),
            ("zebra/x", "there is no provider zebra", "there are openrouter, openai, ollama, demo"),
        ] {
            let told = names.model(text).expect_err(text);
            assert!(told.what.contains(what) && told.hint.contains(hint), "{text}: {told:?}");
        }
        let told = names.lineup("dayly").expect_err("no such line-up");
        assert_eq!(told.hint, "did you mean daily?");
    });
}

#[test]
fn seats_take_what_is_written_of_their_model() {
    with(CONFIG, &[], |names| {
        let seats = names.lineup("daily").expect("seats");
        assert_eq!(seats.iter().map(|seat| seat.id.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(seats[0].system.as_deref(), Some("Be brief."));
        assert_eq!((seats[0].params.temperature, seats[0].params.max_tokens), (Some(0.7), Some(9)));
        assert_eq!((seats[1].params.temperature, seats[1].params.max_tokens), (Some(0.0), None));
    });
}

#[test]
fn who_named_none_gets_what_is_there() {
    let standing =
        |text: &str, env: &[(&str, &str)]| with(text, env, |names| refs(&names.standing().expect("seats")));
    assert_eq!(standing("", &[]), ["demo/tour", "demo/eliza", "demo/thinker"]);
    assert_eq!(
        standing("", &[("OR_KEY", "k")]),
        ["openrouter/a/one", "openrouter/b/two", "openrouter/c/three"]
    );
    assert_eq!(
        standing("", &[("OR_KEY", "k"), ("OA_KEY", "k")]),
        ["openrouter/a/one", "openrouter/b/two", "openai/four"]
    );
    assert_eq!(
        standing(&format!("lineup = \"daily\"\n{CONFIG}"), &[("OA_KEY", "k")]),
        ["openrouter/a/sonnet-4.5", "demo/echo"]
    );
}

#[test]
fn the_last_lineup_comes_back_as_it_was() {
    with(CONFIG, &[], |names| {
        let seats = names.lineup("daily").expect("seats");
        assert_eq!(names.remembered(&memory(None, &seats)), Some(seats.clone()));
        assert_eq!(names.remembered(&memory(Some("other"), &seats)), None, "the config says otherwise since");
        assert_eq!(names.remembered(&memory(None, &names.demo())), None, "a demo is no choice");
        for text in ["", "{}", "[]", "{\"seats\":[1,{\"model\":\"x\"}]}"] {
            assert_eq!(names.remembered(text), None, "{text}");
        }
    });
}

#[test]
fn a_model_that_stays_keeps_its_history() {
    let mut ids = Ids::seeded(1);
    let (room, turn) = (ids.room(), ids.turn());
    with("", &[], |names| {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let old = names.models(&texts(&["demo/a", "demo/b"])).expect("seats");
        let turns = vec![Turn {
            attachments: Vec::new(),
            id: turn,
            parent: None,
            at: Millis(0),
            prompt: "x".to_owned(),
            targets: vec![SeatId(1), SeatId(2), SeatId(5)],
            replies: Vec::new(),
            chosen: Vec::new(),
        }];
        let room = Room {
            id: room,
            name: "r".to_owned(),
            context: ContextMode::Own,
            seats: old,
            turns,
            draft: String::new(),
            at: Millis(0),
        };
        let wanted = names.models(&texts(&["demo/b", "demo/c", "demo/b"])).expect("seats");
        let ids: Vec<u32> = reseat(&room, wanted).iter().map(|seat| seat.id.0).collect();
        assert_eq!(ids, [2, 6, 7]);
    });
}
