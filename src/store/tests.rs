//! What callers may rely on, on real files.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::thread;

use jiff::tz::TimeZone;
use rusqlite::params;

use super::fixture::Disk;
use super::fixture::NOW;
use super::fixture::begin;
use super::fixture::delta;
use super::fixture::dollars;
use super::fixture::end;
use super::fixture::entry;
use super::fixture::head;
use super::fixture::model;
use super::fixture::seat;
use super::fixture::turn;
use super::*;
use crate::chat::Charge;
use crate::chat::Effort;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Ids;
use crate::chat::Media;
use crate::chat::MediaData;
use crate::chat::Params;
use crate::chat::Pico;
use crate::chat::SeatId;
use crate::chat::Source;
use crate::chat::Status;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::chat::ToolCall;

/// One number out of the database, through the writer.
fn count(store: &Store, sql: &'static str) -> i64 {
    store.ask(move |book| book.read(|conn| Ok(conn.query_row(sql, [], |row| row.get(0))?))).wait().unwrap()
}

fn last(store: &Store) -> Room {
    store.load_room(WhichRoom::Last).wait().unwrap()
}

#[test]
fn a_turn_comes_back_as_it_went() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let mut room = head(&mut ids, "rust errors");
    room.seats[1].system = Some("Be brief.\0".to_owned());
    room.seats[1].muted = true;
    room.seats[1].params = Params {
        temperature: Some(0.1 + 0.2),
        top_k: Some(40),
        stop: vec!["END".to_owned()],
        seed: Some(-1),
        effort: Some(Effort::Xhigh),
        extra_body: Some("{\"a\": 1 }".to_owned()),
        ..Params::default()
    };
    let start = turn(&mut ids, &room, "anyhow or thiserror?\n\u{202e}");
    assert_eq!(begin(&store, &start).wait().unwrap(), "rust errors");
    let (first, second) = (&start.replies[0], &start.replies[1]);
    store.append(vec![delta(first.reply, 0, "Both "), delta(second.reply, 0, "half")]).wait().unwrap();

    let live = last(&store);
    assert_eq!(live.turns[0].replies[0].text.raw(), "Both ");
    assert_eq!(live.turns[0].replies[0].status, Status::Streaming);
    assert_eq!(live.turns[0].replies[0].charge, None);

    let call = ToolCall { id: "c1".into(), name: "look".into(), arguments: "{not json".into() };
    let rest = vec![
        delta(first.reply, 1, "work."),
        Delta { kind: DeltaKind::Thinking, ..delta(first.reply, 2, "hm") },
        Delta { reply: first.reply, seq: 3, kind: DeltaKind::ToolCall, text: tool_call_text(&call) },
        Delta { kind: DeltaKind::Opaque, ..delta(first.reply, 4, "{\"sig\": 1}") },
        Delta { kind: DeltaKind::Part, ..delta(first.reply, 5, "[image, 12 kB]") },
        Delta { kind: DeltaKind::Note, ..delta(first.reply, 6, "lab/one does not take top_k") },
        Delta { kind: DeltaKind::Note, ..delta(first.reply, 7, "lab/one does not take top_k") },
        delta(second.reply, 1, " way"),
    ];
    store.finish(rest, end(first, dollars(1, Source::Reported))).wait().unwrap();
    let fault =
        Fault { retry_after_ms: Some(9), ..Fault::new(FaultClass::Rate, "slow \x1b[2J down").hint("wait") };
    let failed = ReplyEnd {
        status: Status::Failed,
        fault: Some(fault.clone()),
        ..end(second, Charge::unknown(Tariff::Metered))
    };
    store.finish(vec![], failed).wait().unwrap();
    store.close();

    let store = disk.store();
    let back = last(&store);
    assert_eq!(back.seats, room.seats);
    assert_eq!((back.name.as_str(), back.id, back.at), ("rust errors", room.id, Millis(NOW.0 + 1000)));
    let turn = &back.turns[0];
    assert_eq!((turn.id, turn.prompt.as_str(), turn.parent), (start.turn, start.prompt.as_str(), None));
    assert_eq!(turn.targets, [SeatId(1), SeatId(2)]);
    let reply = &turn.replies[0];
    assert_eq!(reply.text.raw(), "Both work.\n\n[image, 12 kB]");
    assert_eq!(reply.thinking.raw(), "hm");
    assert_eq!(reply.tool_calls, [call]);
    assert_eq!(reply.opaque, ["{\"sig\": 1}"]);
    assert_eq!(reply.notes, ["lab/one does not take top_k"], "each attempt tells it; it stands there once");
    assert_eq!(reply.charge, Some(dollars(1, Source::Reported)));
    assert_eq!((reply.status, reply.attempts, reply.total_ms), (Status::Done, 1, Some(1100)));
    assert_eq!(reply.served_model.as_ref().map(|model| model.raw()), Some("one-2026"));
    assert_eq!(turn.replies[1].text.raw(), "half way");
    assert_eq!(turn.replies[1].fault, Some(fault));
    assert_eq!(turn.replies[1].charge, Some(Charge::unknown(Tariff::Metered)));
    assert_eq!(count(&store, "SELECT count(*) FROM delta"), 0);
    assert_eq!(count(&store, "SELECT count(*) FROM attempt WHERE ended IS NULL"), 0);
}

#[test]
fn attachments_stay_with_their_turn() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let room = head(&mut ids, "boats");
    let store = disk.store();
    let media = |name: Option<&str>, data: &str| Media {
        media_type: "image/png".to_owned(),
        name: name.map(str::to_owned),
        data: MediaData::Base64(data.into()),
    };
    let address = Media { data: MediaData::Url("https://example.org/a.png".to_owned()), ..media(None, "") };
    let attachments = vec![media(Some("boat.png"), "aGk="), address, media(None, "aGV5")];
    let first = TurnStart { attachments: attachments.clone(), ..turn(&mut ids, &room, "what is it?") };
    begin(&store, &first).wait().unwrap();
    begin(&store, &turn(&mut ids, &room, "and now?")).wait().unwrap();
    let back = last(&disk.store());
    // What has an address only is not kept.
    assert_eq!(back.turns[0].attachments, [attachments[0].clone(), attachments[2].clone()]);
    assert!(back.turns[1].attachments.is_empty());
}

#[test]
fn the_version_that_was_chosen_is_the_one_that_counts_after_a_reload() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let room = head(&mut ids, "errors");
    let store = disk.store();
    let start = turn(&mut ids, &room, "?");
    begin(&store, &start).wait().unwrap();
    let first = start.replies[0].clone();
    let again = |ids: &mut Ids, sibling| {
        let reply = ids.reply();
        let attempt = AttemptStart { reply, ..first.attempt.clone() };
        ReplyStart { reply, sibling, attempt, ..first.clone() }
    };
    let ask = |start: ReplyStart| {
        store.begin_reply(room.clone(), start, Budgets::default(), jiff::tz::TimeZone::UTC).wait().unwrap();
    };
    let second = again(&mut ids, 2);
    ask(second.clone());
    let seat = first.seat;
    let active = || last(&disk.store()).turns[0].active(seat).map(|reply| reply.id);
    assert_eq!(active(), Some(second.reply));
    store.choose(start.turn, seat, Some(first.reply)).wait().unwrap();
    assert_eq!(active(), Some(first.reply));
    store.choose(start.turn, seat, Some(second.reply)).wait().unwrap();
    store.choose(start.turn, seat, Some(first.reply)).wait().unwrap();
    assert_eq!(last(&disk.store()).turns[0].chosen, [first.reply], "one a seat");
    store.choose(start.turn, seat, None).wait().unwrap();
    assert_eq!(active(), Some(second.reply));
    store.choose(start.turn, seat, Some(first.reply)).wait().unwrap();
    let third = again(&mut ids, 3);
    ask(third.clone());
    assert_eq!(active(), Some(third.reply), "who asks again looks at the new one");
}

#[test]
fn names_are_unique_and_rooms_are_found_by_them() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let mut names = Vec::new();
    for _ in 0..12 {
        let room = head(&mut ids, "errors");
        names.push(begin(&store, &turn(&mut ids, &room, "?")).wait().unwrap());
    }
    assert_eq!(names[..4], ["errors", "errors 2", "errors 3", "errors 4"]);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 12);
    let found = store.load_room(WhichRoom::Name("errors 3".to_owned())).wait().unwrap();
    // A door that does not know of the number keeps it all the same.
    let again = RoomHead { id: found.id, ..head(&mut ids, "errors") };
    assert_eq!(begin(&store, &turn(&mut ids, &again, "and?")).wait().unwrap(), "errors 3");
    store.save_room(RoomHead { name: "panics".to_owned(), ..again.clone() }).wait().unwrap();
    assert_eq!(store.load_room(WhichRoom::Name("panics".to_owned())).wait().unwrap().name, "panics");
    let missing = store.load_room(WhichRoom::Name("nowhere".to_owned())).wait();
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
}

#[test]
fn hidden_rooms_are_left_out_of_lists() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let seen = head(&mut ids, "seen");
    let hidden = RoomHead { hidden: true, ..head(&mut ids, "hidden") };
    let first = turn(&mut ids, &seen, "one");
    begin(&store, &first).wait().unwrap();
    store.finish(vec![], end(&first.replies[0], dollars(2, Source::Computed))).wait().unwrap();
    begin(&store, &turn(&mut ids, &seen, "two")).wait().unwrap();
    begin(&store, &turn(&mut ids, &seen, "one")).wait().unwrap();
    let later = TurnStart { at: Millis(NOW.0 + 9999), ..turn(&mut ids, &hidden, "secret") };
    begin(&store, &later).wait().unwrap();
    assert_eq!(last(&store).id, seen.id);
    assert_eq!(store.prompts(9).wait().unwrap(), ["one", "two"]);
    assert_eq!(store.prompts(1).wait().unwrap(), ["one"]);
    let lines = store.rooms(false).wait().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].turns, lines[0].models.len()), (3, 2));
    assert_eq!(lines[0].sum.computed, 2 * i128::from(Pico::DOLLAR.0));
    assert_eq!(store.rooms(true).wait().unwrap().len(), 2);
}

#[test]
fn drafts_survive_and_a_room_of_a_draft_ends_with_it() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "new room");
    store.save_draft(room.clone(), String::new()).wait().unwrap();
    assert!(matches!(store.load_room(WhichRoom::Last).wait(), Err(StoreError::NotFound(_))));
    store.save_draft(room.clone(), "half a thou".to_owned()).wait().unwrap();
    disk.kill(store);
    let store = disk.store();
    assert_eq!(last(&store).draft, "half a thou");
    store.save_draft(room.clone(), String::new()).wait().unwrap();
    assert!(store.rooms(true).wait().unwrap().is_empty());
    store.save_draft(room.clone(), "a thought".to_owned()).wait().unwrap();
    begin(&store, &turn(&mut ids, &room, "a thought")).wait().unwrap();
    assert_eq!(last(&store).draft, "", "what was sent is no draft");
    store.save_draft(room.clone(), "another".to_owned()).wait().unwrap();
    begin(&store, &turn(&mut ids, &room, "queued before")).wait().unwrap();
    assert_eq!(last(&store).draft, "another");
    store.save_draft(room, String::new()).wait().unwrap();
    assert_eq!(last(&store).turns.len(), 2);
}

#[test]
fn values_are_remembered() {
    let disk = Disk::new();
    let store = disk.store();
    assert_eq!(store.remembered("layout").wait().unwrap(), None);
    store.remember("layout", "grid".to_owned()).wait().unwrap();
    drop(store.remember("layout", "tabs".to_owned()));
    store.close();
    assert_eq!(disk.store().remembered("layout").wait().unwrap().as_deref(), Some("tabs"));
}

#[test]
fn an_end_counts_once() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    let start = turn(&mut ids, &room, "?");
    begin(&store, &start).wait().unwrap();
    let reply = &start.replies[0];
    let deltas = vec![delta(reply.reply, 7, "once")];
    store.append(deltas.clone()).wait().unwrap();
    store.append(deltas.clone()).wait().unwrap();
    for _ in 0..3 {
        store.finish(deltas.clone(), end(reply, dollars(1, Source::Reported))).wait().unwrap();
        store.append(deltas.clone()).wait().unwrap();
    }
    assert_eq!(count(&store, "SELECT count(*) FROM ledger"), 1);
    assert_eq!(count(&store, "SELECT count(*) FROM delta"), 0);
    assert_eq!(last(&store).turns[0].replies[0].text.raw(), "once");
    let never = end(&turn(&mut ids, &room, "?").replies[0], dollars(1, Source::Reported));
    assert!(matches!(store.finish(vec![], never).wait(), Err(StoreError::NotFound(_))));
}

#[test]
fn each_attempt_has_a_row_and_no_row_changes() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    let start = turn(&mut ids, &room, "?");
    begin(&store, &start).wait().unwrap();
    let first = start.replies[0].clone();
    let failed = LedgerEntry {
        error_class: Some(FaultClass::Rate),
        ..entry(&first.attempt, Charge::of(Pico::ZERO, Source::Computed, Tariff::Metered))
    };
    let next = AttemptStart { n: 2, at: Millis(NOW.0 + 2000), ..first.attempt.clone() };
    for _ in 0..2 {
        store.retry(failed.clone(), next.clone()).wait().unwrap();
    }
    let second = ReplyStart { attempt: next, ..first };
    store
        .finish(vec![], ReplyEnd { attempts: 2, ..end(&second, dollars(3, Source::Reported)) })
        .wait()
        .unwrap();
    assert_eq!(count(&store, "SELECT count(*) FROM ledger"), 2);
    assert_eq!(count(&store, "SELECT count(*) FROM attempt WHERE ended IS NULL"), 1, "the other seat's");
    let query = UsageQuery { since: None, until: None, by: GroupBy::Attempt, zone: TimeZone::UTC };
    let report = store.usage(query).wait().unwrap();
    let keys: Vec<String> = report.rows.iter().map(|row| row.key.clone()).collect();
    assert_eq!(keys, [format!("{}/1", second.reply), format!("{}/2", second.reply)]);
    assert_eq!(report.total.sum.mark(), "");
    for sql in ["UPDATE ledger SET amount = 0", "DELETE FROM ledger"] {
        let refused = store.ask(move |book| book.write(|tx, _| Ok(tx.execute(sql, [])?))).wait();
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{sql}");
    }
    // A later and better figure is a further row, and folds take it.
    store
        .ask(|book| {
            book.write(|tx, _| {
                Ok(tx.execute(
                    "INSERT INTO ledger (attempt, seq, origin, at, amount, source, tariff, duration_ms)
                     SELECT attempt, 2, 'settle', at, ?1, 'reported', 'metered', 0 FROM ledger
                     WHERE source = 'reported'",
                    params![5 * Pico::DOLLAR.0],
                )?)
            })
        })
        .wait()
        .unwrap();
    assert_eq!(store.spent(None, None).wait().unwrap().reported, 5 * i128::from(Pico::DOLLAR.0));
    assert_eq!(store.spent(None, Some(room.id)).wait().unwrap().known, 2);
    assert_eq!(store.spent(Some(Millis(NOW.0 + 2000)), None).wait().unwrap().known, 1);
    assert_eq!(store.spent(None, Some(ids.room())).wait().unwrap(), Sum::default());
}

#[test]
fn a_reply_is_asked_again_beside_the_first() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let mut room = head(&mut ids, "room");
    let start = turn(&mut ids, &room, "?");
    begin(&store, &start).wait().unwrap();
    room.seats.push(seat(3));
    let reply = ids.reply();
    let old = &start.replies[0];
    let attempt = AttemptStart { reply, seat: Some(SeatId(3)), ..old.attempt.clone() };
    let again = ReplyStart { reply, seat: SeatId(3), attempt, ..old.clone() };
    store.begin_reply(room.clone(), again.clone(), Budgets::default(), TimeZone::UTC).wait().unwrap();
    let back = last(&store);
    assert_eq!(back.seats.len(), 3);
    assert_eq!(back.turns[0].targets, [SeatId(1), SeatId(2), SeatId(3)]);
    assert_eq!(back.turns[0].replies.len(), 3);
    let lost = ReplyStart { turn: ids.turn(), reply: ids.reply(), ..again };
    let answer = store.begin_reply(room, lost, Budgets::default(), TimeZone::UTC).wait();
    assert!(matches!(answer, Err(StoreError::NotFound(_))));
}

#[test]
fn replies_come_back_in_the_order_in_which_they_were_asked_for() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    let mut asked = Vec::new();
    for prompt in ["one", "two"] {
        let mut start = turn(&mut ids, &room, prompt);
        start.replies.reverse();
        begin(&store, &start).wait().unwrap();
        asked.push(start);
    }
    for start in &mut asked {
        let first = &start.replies[0];
        let reply = ids.reply();
        let attempt = AttemptStart { reply, ..first.attempt.clone() };
        let again = ReplyStart { reply, sibling: 2, attempt, ..first.clone() };
        store.begin_reply(room.clone(), again.clone(), Budgets::default(), TimeZone::UTC).wait().unwrap();
        start.replies.push(again);
    }
    let back = last(&store);
    for (turn, start) in back.turns.iter().zip(&asked) {
        let (back, asked): (Vec<_>, Vec<_>) = (
            turn.replies.iter().map(|reply| (reply.id, reply.seat.0)).collect(),
            start.replies.iter().map(|reply| (reply.reply, reply.seat.0)).collect(),
        );
        assert_eq!(back, asked);
        assert!(!asked.is_sorted_by_key(|(_, seat)| *seat), "or the test shows nothing");
    }
}

#[test]
fn what_a_dead_instance_left_is_marked_and_estimated() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    let before = turn(&mut ids, &room, "0123456789");
    begin(&store, &before).wait().unwrap();
    for reply in &before.replies {
        let text = vec![delta(reply.reply, 0, "0123456789")];
        store.finish(text, end(reply, dollars(1, Source::Reported))).wait().unwrap();
    }
    let start = turn(&mut ids, &room, "0123456789");
    begin(&store, &start).wait().unwrap();
    let (first, second) = (&start.replies[0], &start.replies[1]);
    let failed = entry(&first.attempt, dollars(1, Source::Reported));
    store.retry(failed, AttemptStart { n: 2, ..first.attempt.clone() }).wait().unwrap();
    store.append(vec![delta(first.reply, 0, "so "), delta(first.reply, 1, "far")]).wait().unwrap();
    store.finish(vec![], end(second, dollars(1, Source::Reported))).wait().unwrap();
    disk.kill(store);

    let estimate = |orphan: &Orphan| {
        assert_eq!((orphan.prompt_chars, orphan.output_chars), (30, 6));
        assert_eq!(orphan.model, model());
        (unpriced_tokens(orphan), dollars(2, Source::Estimated))
    };
    let opened = Store::open_with(Place::File(&disk.path), NOW, &estimate).unwrap();
    assert_eq!(opened.notices.len(), 1);
    assert!(opened.notices[0].text.starts_with("1 reply was interrupted"), "{:?}", opened.notices);
    let store = opened.store;
    let back = last(&store);
    let reply = &back.turns[1].replies[0];
    assert_eq!((reply.status, reply.text.raw(), reply.attempts), (Status::Interrupted, "so far", 2));
    assert_eq!(
        reply.charge,
        Some(dollars(3, Source::Estimated)),
        "both attempts, as weakly known as the weakest"
    );
    assert_eq!(reply.tokens.output, Some(2));
    assert_eq!(back.turns[1].replies[1].status, Status::Done);
    assert_eq!(count(&store, "SELECT count(*) FROM ledger"), 5);
    assert_eq!(
        count(&store, "SELECT count(*) FROM instance"),
        0,
        "ours comes with the first thing that we write"
    );
    store.close();
    assert_eq!(std::fs::read_dir(disk.locks()).unwrap().count(), 1, "only the opening lock is left");
    disk.store().close();
}

fn unpriced_tokens(orphan: &Orphan) -> Tokens {
    sweep::unpriced(orphan).0
}

/// The variable that names the database to [`a_process_that_writes`].
const CHILD: &str = "SALON_STORE_TEST_CHILD";

/// Not a test of its own: what [`a_killed_process_loses_nothing_that_it_told`] starts and kills. Tells
/// each piece after its commit, as the screen does.
#[test]
fn a_process_that_writes() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = Store::open(Place::File(path.as_ref()), NOW).unwrap().store;
    let mut ids = Ids::system();
    let room = head(&mut ids, "room");
    let start = turn(&mut ids, &room, "?");
    begin(&store, &start).wait().unwrap();
    for seq in 0.. {
        let kind = if seq == 0 { DeltaKind::Note } else { DeltaKind::Text };
        let piece = |reply: &ReplyStart| Delta { kind, ..delta(reply.reply, seq, &format!("{seq} ")) };
        store.append(start.replies.iter().map(piece).collect()).wait().unwrap();
        println!("told {seq}");
    }
}

#[test]
fn a_killed_process_loses_nothing_that_it_told() {
    let disk = Disk::new();
    for round in 1..=3 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::a_process_that_writes", "--nocapture"])
            .env(CHILD, &disk.path)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = std::io::BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let told_last =
            |line: String| line.split("told ").nth(1).and_then(|seq| seq.trim().parse::<u64>().ok());
        let seq = told.by_ref().filter_map(told_last).find(|seq| *seq >= 70 * round).unwrap();
        child.kill().unwrap();
        let seq = told.filter_map(told_last).last().unwrap_or(seq);
        child.wait().unwrap();

        let opened = disk.open();
        assert!(opened.notices[0].text.starts_with("2 replies were interrupted"), "{:?}", opened.notices);
        let room = last(&opened.store);
        for reply in &room.turns[0].replies {
            assert_eq!(reply.status, Status::Interrupted);
            let pieces: Vec<u64> =
                reply.text.raw().split_whitespace().map(|seq| seq.parse().unwrap()).collect();
            assert!(pieces.iter().copied().eq(1..=pieces.len() as u64), "{pieces:?}");
            assert!(pieces.len() as u64 >= seq, "told up to {seq}, kept {}", pieces.len());
            assert_eq!(reply.notes, ["0 "], "what was told beside it");
        }
        opened.store.close();
    }
    assert!(disk.files(".corrupt-").is_empty());
}

#[test]
fn a_live_instance_is_left_alone_and_its_rooms_are_read_only() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let (one, two) = (disk.store(), disk.store());
    let room = head(&mut ids, "room");
    let start = turn(&mut ids, &room, "?");
    begin(&one, &start).wait().unwrap();
    one.append(vec![delta(start.replies[0].reply, 0, "go")]).wait().unwrap();

    let three = disk.store();
    assert_eq!(last(&three).turns[0].replies[0].status, Status::Streaming);
    for refused in [
        two.claim_room(room.id).wait(),
        two.save_room(room.clone()).wait(),
        begin(&two, &turn(&mut ids, &room, "me too")).wait().map(drop),
        two.save_draft(room.clone(), "x".to_owned()).wait().map(drop),
    ] {
        let Err(StoreError::ReadOnly(text)) = refused else { panic!("{refused:?}") };
        assert!(text.contains(&std::process::id().to_string()), "{text}");
    }
    one.claim_room(room.id).wait().unwrap();
    one.finish(vec![], end(&start.replies[0], dollars(1, Source::Reported))).wait().unwrap();
    one.finish(vec![], end(&start.replies[1], dollars(1, Source::Reported))).wait().unwrap();
    one.close();
    two.claim_room(room.id).wait().expect("the writer has signed off");
    three.claim_room(ids.room()).wait().expect("a room that is not there yet is free");
    assert!(three.claim_room(room.id).wait().is_err());
    drop(two);
    // A dead instance's claim is free as soon as the system has taken its lock back.
    while three.claim_room(room.id).wait().is_err() {
        thread::yield_now();
    }
}

#[test]
fn instances_that_write_at_once_lose_nothing() {
    const EACH: u64 = 40;
    let disk = Disk::new();
    let writers: Vec<_> = (0..4)
        .map(|no| {
            let store = disk.store();
            thread::spawn(move || {
                let mut ids = Ids::seeded(no + 1);
                let room = head(&mut ids, "same name");
                for n in 0..EACH {
                    let start = turn(&mut ids, &room, &format!("{no} {n}"));
                    begin(&store, &start).wait().unwrap();
                    for seq in 0..4 {
                        let piece = |reply: &ReplyStart| delta(reply.reply, seq, "x");
                        store.append(start.replies.iter().map(piece).collect()).wait().unwrap();
                    }
                    for reply in &start.replies {
                        store.finish(vec![], end(reply, dollars(1, Source::Reported))).wait().unwrap();
                    }
                }
                store.close();
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let store = disk.store();
    let lines = store.rooms(false).wait().unwrap();
    assert_eq!(lines.iter().map(|line| line.turns).collect::<Vec<_>>(), [EACH; 4]);
    assert_eq!(count(&store, "SELECT count(*) FROM reply WHERE text = 'xxxx' AND status = 'done'"), 8 * 40);
    assert_eq!(store.spent(None, None).wait().unwrap().known, 8 * EACH);
}

#[test]
fn a_budget_lets_as_many_through_as_fit() {
    let disk = Disk::new();
    let stores = [disk.store(), disk.store()];
    let budgets = Budgets { day: Some(Pico(3 * Pico::DOLLAR.0)), ..Budgets::default() };
    let sends: Vec<_> = (0..50)
        .map(|no| {
            let store = stores[no % 2].clone();
            thread::spawn(move || {
                let mut ids = Ids::seeded(u64::try_from(no).unwrap() + 1);
                let mut room = head(&mut ids, "room");
                room.seats.truncate(1);
                let mut start = turn(&mut ids, &room, "?");
                start.replies[0].attempt.reserve = Some(Pico::DOLLAR.0);
                store.begin_turn(start, budgets, TimeZone::UTC).wait()
            })
        })
        .collect();
    let answers: Vec<_> = sends.into_iter().map(|send| send.join().unwrap()).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert!(
        answers.iter().all(|answer| matches!(answer, Ok(_) | Err(StoreError::Budget { .. }))),
        "{answers:?}"
    );
    assert_eq!(count(&stores[0], "SELECT count(*) FROM turn"), 3);
    assert_eq!(count(&stores[0], "SELECT count(*) FROM room"), 3, "what was refused wrote nothing");
}

#[test]
fn budgets_count_what_they_are_for() {
    let mut ids = Ids::seeded(1);
    let store = Store::open(Place::Memory, NOW).unwrap().store;
    let room = head(&mut ids, "room");
    let ask = |start: TurnStart, budgets: Budgets| store.begin_turn(start, budgets, TimeZone::UTC).wait();
    let dollar = |n: i64| Some(Pico(n * Pico::DOLLAR.0));
    let spent = |ids: &mut Ids, charge: Charge| {
        let start = turn(ids, &room, "?");
        begin(&store, &start).wait().unwrap();
        for reply in &start.replies {
            store.finish(vec![], end(reply, charge)).wait().unwrap();
        }
    };
    spent(&mut ids, Charge::of(Pico(Pico::DOLLAR.0 * 50), Source::Computed, Tariff::Play));
    spent(&mut ids, Charge::unknown(Tariff::Metered));
    spent(&mut ids, dollars(1, Source::Estimated));
    // Two real dollars are spent now.
    let day = |n| Budgets { day: dollar(n), ..Budgets::default() };
    let refused = ask(turn(&mut ids, &room, "?"), day(2));
    let Err(StoreError::Budget { why, advice }) = refused else { panic!("{refused:?}") };
    assert_eq!(why, "The budget for today is spent: $2.00 of $2.00.");
    assert_eq!(advice, "Raise budget.day in the config, or wait until tomorrow.");
    let mut free = turn(&mut ids, &room, "?");
    free.replies.iter_mut().for_each(|reply| reply.attempt.reserve = Some(0));
    ask(free, day(2)).expect("what costs nothing is outside");
    let mut dear = turn(&mut ids, &room, "?");
    dear.replies.iter_mut().for_each(|reply| reply.attempt.reserve = Some(Pico::DOLLAR.0));
    let refused = ask(dear.clone(), day(3));
    let Err(StoreError::Budget { why, .. }) = refused else { panic!("{refused:?}") };
    assert!(
        why.starts_with("This may cost $2.00, and of the budget for today, $3.00, $2.00 are spent"),
        "{why}"
    );
    ask(turn(&mut ids, &room, "?"), day(3)).expect("what cannot be told is refused only by what is spent");
    let other = head(&mut ids, "other");
    let in_room = Budgets { room: dollar(2), ..Budgets::default() };
    ask(turn(&mut ids, &other, "?"), in_room).expect("another room");
    assert!(ask(turn(&mut ids, &room, "?"), in_room).is_err());
    for budgets in [
        Budgets { week: dollar(1), ..Budgets::default() },
        Budgets { month: dollar(1), ..Budgets::default() },
    ] {
        assert!(ask(turn(&mut ids, &other, "?"), budgets).is_err());
    }
    let tomorrow = TurnStart { at: Millis(NOW.0 + 86_400_000), ..dear };
    ask(tomorrow, day(2)).expect("a new day");
}

/// Safety R46: a clock that was set back makes no money unspent and no turn an earlier one.
#[test]
fn a_clock_that_goes_back_frees_no_budget_and_keeps_the_order() {
    let mut ids = Ids::seeded(1);
    let store = Store::open(Place::Memory, NOW).unwrap().store;
    let room = head(&mut ids, "room");
    let at = |hours: i64| Millis(NOW.0 + hours * 3_600_000);
    for (no, hours) in [2, 1, -1, 30].into_iter().enumerate() {
        let start = TurnStart { at: at(hours), ..turn(&mut ids, &room, &format!("turn {no}")) };
        begin(&store, &start).wait().unwrap();
        for reply in &start.replies {
            store.finish(vec![], end(reply, dollars(1, Source::Reported))).wait().unwrap();
        }
    }
    let prompts: Vec<String> = last(&store).turns.iter().map(|turn| turn.prompt.clone()).collect();
    assert_eq!(prompts, ["turn 0", "turn 1", "turn 2", "turn 3"]);
    let budgets = Budgets { day: Some(Pico(2 * Pico::DOLLAR.0)), ..Budgets::default() };
    let back = TurnStart { at: at(-2), ..turn(&mut ids, &room, "?") };
    let answer = store.begin_turn(back, budgets, TimeZone::UTC).wait();
    assert!(matches!(answer, Err(StoreError::Budget { .. })), "{answer:?}");
}

#[test]
fn a_full_disk_keeps_nothing_half_and_is_got_over() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    let start = turn(&mut ids, &room, "?");
    begin(&store, &start).wait().unwrap();
    let limit = |pages: i64| {
        store
            .ask(move |book| {
                book.read(|conn| {
                    Ok(conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
                })
            })
            .wait()
            .unwrap();
    };
    limit(1);
    let large = "x".repeat(100_000);
    let deltas = vec![delta(start.replies[0].reply, 0, "small"), delta(start.replies[1].reply, 0, &large)];
    let refused = store.append(deltas.clone()).wait();
    let Err(StoreError::Failed(text)) = refused else { panic!("{refused:?}") };
    assert!(text.contains("salon.db: the disk is full"), "{text}");
    let ended = store.finish(deltas.clone(), end(&start.replies[1], dollars(1, Source::Reported))).wait();
    assert!(ended.is_err());
    assert_eq!(count(&store, "SELECT count(*) FROM delta"), 0);
    assert_eq!(count(&store, "SELECT count(*) FROM ledger"), 0);
    limit(1_000_000);
    store.append(deltas.clone()).wait().unwrap();
    store.finish(deltas, end(&start.replies[1], dollars(1, Source::Reported))).wait().unwrap();
    let back = last(&store);
    assert_eq!(back.turns[0].replies[0].text.raw(), "small");
    assert_eq!(back.turns[0].replies[1].text.raw(), large);
}

#[test]
fn a_report_sees_what_was_asked_before_it() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    for n in 1..50 {
        drop(begin(&store, &turn(&mut ids, &room, "?")));
        assert_eq!(store.rooms(false).wait().unwrap()[0].turns, n);
    }
    // The thread for reports has a connection that cannot write.
    let refused = store.report(|conn| Ok(conn.execute("DELETE FROM turn", [])?)).wait();
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    store.close();
    assert!(!place::has_wal(&disk.path), "the last connection has cleaned up");
}

#[test]
fn a_closed_store_says_so() {
    let disk = Disk::new();
    let store = disk.store();
    let other = store.clone();
    store.close();
    store.close();
    assert_eq!(other.remember("a", "b".to_owned()).wait(), Err(StoreError::Closed));
    assert_eq!(other.rooms(true).wait(), Err(StoreError::Closed));
}

#[test]
fn answers_are_awaited_too() {
    let store = Store::open(Place::Memory, NOW).unwrap().store;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let value = runtime.block_on(async {
        store.remember("a", "b".to_owned()).await?;
        store.remembered("a").await
    });
    assert_eq!(value, Ok(Some("b".to_owned())));
}

#[test]
fn a_settled_attempt_keeps_both_rows_and_counts_with_the_last() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    let start = turn(&mut ids, &room, "?");
    begin(&store, &start).wait().unwrap();
    let [first, second] = [&start.replies[0], &start.replies[1]];
    store.finish(vec![], end(first, dollars(2, Source::Estimated))).wait().unwrap();
    store.finish(vec![], end(second, dollars(5, Source::Computed))).wait().unwrap();
    let open = |providers: &[&str]| {
        let names = providers.iter().map(|name| (*name).to_owned()).collect();
        store.unsettled(NOW, names).wait().unwrap().len()
    };
    assert_eq!((open(&["lab"]), open(&["other"]), open(&[])), (2, 0, 0));
    let tokens = Tokens { input: Some(1), output: Some(2), ..Tokens::default() };
    let settlement = |reply: ReplyId| Settlement {
        reply,
        n: 1,
        at: NOW,
        cost: Pico(Pico::DOLLAR.0 * 3),
        tokens,
        served_model: Some("late".into()),
        upstream: Some("up".into()),
        tier: None,
        raw: "{}".to_owned(),
    };
    let settled = store.settle(settlement(first.reply)).wait().unwrap().expect("news");
    assert_eq!((settled.charge, settled.tokens), (dollars(3, Source::Reported), tokens));
    assert_eq!(store.settle(settlement(first.reply)).wait().unwrap(), None, "it is known already");
    let settled = store.settle(settlement(second.reply)).wait().unwrap().expect("news");
    assert_eq!(settled.tokens.input, Some(10), "what the provider counted stays");
    assert_eq!(open(&["lab"]), 0);
    assert_eq!(count(&store, "SELECT count(*) FROM ledger"), 4);
    assert_eq!(
        count(&store, "SELECT count(*) FROM ledger WHERE source = 'estimated' AND amount = 2000000000000"),
        1
    );
    assert_eq!(count(&store, "SELECT count(*) FROM bill WHERE computed = 5000000000000"), 1);
    let sum = store.spent(None, Some(room.id)).wait().unwrap();
    assert_eq!((sum.reported, sum.estimated, sum.known), (i128::from(Pico::DOLLAR.0 * 6), 0, 2));
    let replies = &last(&store).turns[0].replies;
    assert_eq!((replies[0].charge, replies[0].tokens), (Some(dollars(3, Source::Reported)), tokens));
    let never = turn(&mut ids, &room, "?").replies[0].reply;
    assert!(matches!(store.settle(settlement(never)).wait(), Err(StoreError::NotFound(_))));
}

#[test]
fn an_attempt_of_a_dead_instance_can_be_settled_by_its_name() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    let start = turn(&mut ids, &room, "?");
    begin(&store, &start).wait().unwrap();
    let reply = start.replies[0].reply;
    store.name_attempt(reply, 1, "gen-7".to_owned()).wait().unwrap();
    store.name_attempt(reply, 1, "gen-8".to_owned()).wait().unwrap();
    disk.kill(store);
    let store = disk.open().store;
    let open = store.unsettled(NOW, vec!["lab".to_owned()]).wait().unwrap();
    let named: Vec<_> = open.iter().map(|open| (open.reply, open.generation.as_str())).collect();
    assert_eq!(named, [(reply, "gen-7")], "the other attempt was never named");
}

#[test]
fn all_kinds_of_tokens_come_back() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    let start = turn(&mut ids, &room, "?");
    begin(&store, &start).wait().unwrap();
    let tokens = Tokens {
        input: Some(1),
        cache_read: Some(2),
        cache_write: Some(3),
        cache_write_1h: Some(4),
        output: Some(5),
        reasoning: Some(6),
        audio_input: Some(7),
        audio_output: Some(8),
        image_output: Some(9),
        searches: Some(10),
    };
    for reply in &start.replies {
        let mut done = end(reply, dollars(1, Source::Reported));
        (done.tokens, done.entry.tokens) = (tokens, tokens);
        done.entry.computed = Some(Pico::DOLLAR.0 * 2);
        done.entry.tier = Some("flex".to_owned());
        store.finish(vec![], done).wait().unwrap();
    }
    assert_eq!(last(&store).turns[0].replies[1].tokens, tokens);
    assert_eq!(count(&store, "SELECT count(*) FROM ledger WHERE tier = 'flex'"), 2);
    let query = UsageQuery { since: None, until: None, by: GroupBy::Model, zone: TimeZone::UTC };
    let total = store.usage(query).wait().unwrap().total;
    assert_eq!((total.tokens.searches, total.tokens.image_output), (Some(20), Some(18)));
    let dollar = i128::from(Pico::DOLLAR.0);
    assert_eq!(total.apart, Apart { count: 2, reported: 2 * dollar, computed: 4 * dollar });
}

#[test]
fn the_last_turns_and_those_before_them_are_all_of_them() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(9);
    let store = disk.store();
    let (room, other) = (head(&mut ids, "long"), head(&mut ids, "other"));
    for n in 0..7 {
        for room in [&other, &room] {
            let start = turn(&mut ids, room, &format!("prompt {n}"));
            begin(&store, &start).wait().unwrap();
            store.append(vec![delta(start.replies[0].reply, 0, "text")]).wait().unwrap();
            store.choose(start.turn, start.replies[0].seat, Some(start.replies[0].reply)).wait().unwrap();
        }
    }
    let named = || WhichRoom::Name("long".to_owned());
    let whole = store.load_room(named()).wait().unwrap();
    assert_eq!(whole.turns.len(), 7);
    for count in [1, 3, 6, 7, 8] {
        let end = store.load_room_end(named(), count).wait().unwrap();
        assert_eq!(end.turns.len(), count.min(7));
        let mut turns = store.earlier_turns(room.id, end.turns[0].id).wait().unwrap();
        turns.extend(end.turns.clone());
        assert_eq!(Room { turns, ..end }, whole, "{count} at first");
    }
}
