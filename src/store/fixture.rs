//! What the tests of the store share: a database in a temporary directory, and nouns that differ only in
//! what a test is about.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::chat::AttemptStart;
use crate::chat::Charge;
use crate::chat::ContextMode;
use crate::chat::Door;
use crate::chat::Ids;
use crate::chat::LedgerEntry;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Params;
use crate::chat::Pico;
use crate::chat::ReplyId;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Source;
use crate::chat::Status;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::store::Budgets;
use crate::store::Delta;
use crate::store::DeltaKind;
use crate::store::Opened;
use crate::store::Pending;
use crate::store::Place;
use crate::store::ReplyEnd;
use crate::store::ReplyStart;
use crate::store::RoomHead;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TurnStart;

/// 2026-01-02T00:00:00Z.
pub(super) const NOW: Millis = Millis(1_767_312_000_000);

/// A place for a database.
pub(super) struct Disk {
    /// Kept so that the folder stays.
    _dir: tempfile::TempDir,
    pub(super) path: PathBuf,
}

impl Disk {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data").join("salon.db");
        Self { _dir: dir, path }
    }

    pub(super) fn open(&self) -> Opened {
        self.try_open().unwrap()
    }

    pub(super) fn try_open(&self) -> Result<Opened, StoreError> {
        Store::open(Place::File(&self.path), NOW)
    }

    /// A store without anything to tell.
    pub(super) fn store(&self) -> Store {
        let opened = self.open();
        assert_eq!(opened.notices, []);
        opened.store
    }

    pub(super) fn locks(&self) -> PathBuf {
        self.path.parent().unwrap().join("locks")
    }

    /// Lets a store die without a word, and waits until the system has taken its lock back.
    pub(super) fn kill(&self, store: Store) {
        drop(store);
        let held = |path: PathBuf| {
            path.extension().is_some_and(|extension| extension == "lock")
                && OpenOptions::new().read(true).open(path).is_ok_and(|file| file.try_lock_shared().is_err())
        };
        while std::fs::read_dir(self.locks()).unwrap().any(|entry| held(entry.unwrap().path())) {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The files beside the database whose names hold `part`.
    pub(super) fn files(&self, part: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path.parent().unwrap()).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains(part))
            .collect()
    }
}

pub(super) fn model() -> ModelRef {
    ModelRef::new("lab", "one")
}

pub(super) fn seat(no: u32) -> Seat {
    Seat { id: SeatId(no), model: model(), system: None, params: Params::default(), muted: false }
}

/// A room of two seats.
pub(super) fn head(ids: &mut Ids, name: &str) -> RoomHead {
    RoomHead {
        id: ids.room(),
        name: name.to_owned(),
        hidden: false,
        context: ContextMode::Own,
        seats: vec![seat(1), seat(2)],
    }
}

/// A turn to all seats of a room.
pub(super) fn turn(ids: &mut Ids, room: &RoomHead, prompt: &str) -> TurnStart {
    let turn = ids.turn();
    let replies = room
        .seats
        .iter()
        .map(|seat| {
            let reply = ids.reply();
            ReplyStart {
                reply,
                turn,
                seat: seat.id,
                sibling: 1,
                model: seat.model.clone(),
                attempt: AttemptStart {
                    reply,
                    n: 1,
                    at: NOW,
                    door: Door::Tui,
                    room: Some(room.id),
                    turn: Some(turn),
                    seat: Some(seat.id),
                    model: seat.model.clone(),
                    key_alias: "default".to_owned(),
                    who: "me@here".to_owned(),
                    tag: None,
                    reserve: None,
                },
            }
        })
        .collect();
    let prompt = prompt.to_owned();
    TurnStart { room: room.clone(), turn, parent: None, at: NOW, prompt, attachments: Vec::new(), replies }
}

/// Begins a turn without limits.
pub(super) fn begin(store: &Store, start: &TurnStart) -> Pending<String> {
    store.begin_turn(start.clone(), Budgets::default(), TimeZone::UTC)
}

pub(super) fn delta(reply: ReplyId, seq: u64, text: &str) -> Delta {
    Delta { reply, seq, kind: DeltaKind::Text, text: text.to_owned() }
}

pub(super) fn dollars(amount: i64, source: Source) -> Charge {
    Charge::of(Pico(amount * Pico::DOLLAR.0), source, Tariff::Metered)
}

/// The row of an attempt that went well.
pub(super) fn entry(attempt: &AttemptStart, charge: Charge) -> LedgerEntry {
    LedgerEntry {
        reply: attempt.reply,
        n: attempt.n,
        at: Millis(attempt.at.0 + 1000),
        served_model: Some("one-2026".into()),
        upstream: None,
        generation_id: Some("gen-1".into()),
        tokens: Tokens { input: Some(10), output: Some(20), ..Tokens::default() },
        tier: None,
        raw_usage: Some(r#"{"prompt_tokens":10}"#.to_owned()),
        prices: None,
        charge,
        computed: None,
        ttft_ms: Some(300),
        duration_ms: 1000,
        finish: Some("stop".to_owned()),
        error_class: None,
    }
}

/// The end of a reply that went well at its first attempt.
pub(super) fn end(start: &ReplyStart, charge: Charge) -> ReplyEnd {
    let entry = entry(&start.attempt, charge);
    ReplyEnd {
        reply: start.reply,
        status: Status::Done,
        finish: entry.finish.clone(),
        fault: None,
        tokens: entry.tokens,
        charge,
        served_model: entry.served_model.clone(),
        upstream: None,
        attempts: 1,
        ttft_ms: Some(300),
        total_ms: 1100,
        entry,
    }
}
