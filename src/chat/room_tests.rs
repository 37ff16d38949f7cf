//! Who sees what.

use super::*;
use crate::chat::id::Ids;

fn seat(no: u32, system: Option<&str>) -> Seat {
    Seat {
        id: SeatId(no),
        model: ModelRef::new("demo", "echo"),
        system: system.map(str::to_owned),
        params: Params::default(),
        muted: false,
    }
}

/// A turn from `prompt` and, per seat that was asked, its reply (`None`: no text came).
fn turn(ids: &mut Ids, prompt: &str, replies: &[(u32, Option<&str>)]) -> Turn {
    let id = ids.turn();
    let replies_of = replies
        .iter()
        .map(|(no, text)| {
            let mut reply = Reply::begun(ids.reply(), id, SeatId(*no), 1, ModelRef::new("demo", "echo"));
            match text {
                Some(text) => {
                    reply.text = Untrusted::from((*text).to_owned());
                    reply.status = Status::Done;
                }
                None => reply.status = Status::Failed,
            }
            reply
        })
        .collect();
    Turn {
        id,
        parent: None,
        at: Millis(0),
        prompt: prompt.to_owned(),
        attachments: Vec::new(),
        targets: replies.iter().map(|(no, _)| SeatId(*no)).collect(),
        replies: replies_of,
        chosen: Vec::new(),
    }
}

fn told(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|m| format!("{:?}: {}", m.role, m.joined_text())).collect()
}

#[test]
fn each_sees_its_own() {
    let mut ids = Ids::seeded(1);
    let turns = [
        turn(&mut ids, "one", &[(1, Some("first of 1")), (2, Some("first of 2"))]),
        turn(&mut ids, "only two", &[(2, Some("second of 2"))]),
        turn(&mut ids, "three", &[(1, None), (2, None)]),
    ];
    let upto = turns[2].id;
    assert_eq!(
        told(&own_history(&seat(1, Some("be brief")), &turns, upto)),
        ["System: be brief", "User: one", "Assistant: first of 1", "User: three"]
    );
    assert_eq!(
        told(&own_history(&seat(2, None), &turns, upto)),
        ["User: one", "Assistant: first of 2", "User: only two", "Assistant: second of 2", "User: three"]
    );
}

#[test]
fn a_prompt_without_an_answer_joins_the_next() {
    let mut ids = Ids::seeded(2);
    let turns = [turn(&mut ids, "one", &[(1, None)]), turn(&mut ids, "two", &[(1, None)])];
    assert_eq!(told(&own_history(&seat(1, None), &turns, turns[1].id)), ["User: one\n\ntwo"]);
}

#[test]
fn the_last_sibling_counts() {
    let mut ids = Ids::seeded(3);
    let mut first = turn(&mut ids, "one", &[(1, Some("old"))]);
    let mut again = Reply::begun(ids.reply(), first.id, SeatId(1), 2, ModelRef::new("demo", "echo"));
    again.text = Untrusted::from("new".to_owned());
    again.status = Status::Stopped;
    first.replies.push(again);
    let turns = [first, turn(&mut ids, "two", &[(1, None)])];
    assert_eq!(
        told(&own_history(&seat(1, None), &turns, turns[1].id)),
        ["User: one", "Assistant: new", "User: two"]
    );
}

#[test]
fn the_version_on_the_screen_is_what_is_sent() {
    let mut ids = Ids::seeded(4);
    let mut first = turn(&mut ids, "one", &[(1, Some("old"))]);
    let mut again = Reply::begun(ids.reply(), first.id, SeatId(1), 2, ModelRef::new("demo", "echo"));
    again.text = Untrusted::from("new".to_owned());
    first.chosen.push(first.replies[0].id);
    first.replies.push(again);
    let turns = [first, turn(&mut ids, "two", &[(1, None)])];
    assert_eq!(
        told(&own_history(&seat(1, None), &turns, turns[1].id)),
        ["User: one", "Assistant: old", "User: two"]
    );
}

#[test]
fn attachments_follow_their_prompt_in_every_request() {
    let mut ids = Ids::seeded(1);
    let media = |name: &str| Media {
        media_type: "image/png".to_owned(),
        name: Some(name.to_owned()),
        data: crate::chat::MediaData::Base64("aGk=".into()),
    };
    let mut turns = [
        turn(&mut ids, "one", &[(1, None)]),
        turn(&mut ids, "two", &[(1, Some("reply"))]),
        turn(&mut ids, "three", &[(1, None)]),
    ];
    turns[0].attachments = vec![media("a.png")];
    turns[1].attachments = vec![media("b.png")];
    let messages = own_history(&seat(1, None), &turns, turns[2].id);
    let shown: Vec<String> = messages[0]
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Media(media) => media.label(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(shown, ["one", "[a.png · 2 B]", "two", "[b.png · 2 B]"]);
    assert_eq!(told(&messages)[1..], ["Assistant: reply", "User: three"]);
    assert_eq!(turns[0].shown_prompt(), "one\n[a.png · 2 B]");
    assert_eq!(turns[2].shown_prompt(), "three");
}
