//! What the hot paths cost: a token on its way from the socket to the cells of the screen and to the
//! disk. `cargo bench --features internals` runs it; `docs/performance.md` keeps what it said.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

mod frames;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use salon::internals::tui::{
    Document, Effect, Event, Keymap, Setup, State, Theme, Ui, draw, prepare, update, warm,
};
use salon::internals::*;

use frames::{FORMATS, PIECES};

/// A pane of a room of four on a screen of 200×50 cells.
const WIDTH: u16 = 48;
const HEIGHT: usize = 50;
/// A token has so many characters.
const TOKEN: usize = 4;
/// At 4 × 200 tokens a second and 60 frames, so many tokens come between two frames.
const TOKENS_A_FRAME: usize = 13;

/// Markdown of about that many bytes, as models write it.
fn answer(bytes: usize) -> String {
    let piece = "## Errors in libraries\n\nUse **thiserror** where callers match on the error, and a report where \
                 a person reads it; see [the book](https://doc.rust-lang.org/book/). A type says:\n\n- what \
                 failed, *in words*\n- what was tried\n- what to do next\n\n```rust\n#[derive(Debug)]\npub enum \
                 Fault {\n    /// The file is not there.\n    Missing(PathBuf),\n}\n```\n\n| crate | for | cost \
                 |\n|---|---|---|\n| anyhow | programs | none |\n| thiserror | libraries | `syn` |\n\n";
    piece.repeat(bytes.div_ceil(piece.len()))
}

/// The text in tokens. All of it is ASCII.
fn tokens(text: &str) -> Vec<Untrusted> {
    text.as_bytes().chunks(TOKEN).map(|bytes| Untrusted::from(&*String::from_utf8_lossy(bytes))).collect()
}

/// The end of the document as the screen asks for it; how many spans it has.
fn show(document: &mut Document, text: &Untrusted) -> usize {
    let height = document.height(text, WIDTH);
    let mut spans = 0;
    let last = height.saturating_sub(HEIGHT)..height;
    document.rows(text, WIDTH, last, &mut |_, row| spans += row.spans.len());
    spans
}

fn decode(c: &mut Criterion) {
    for format in FORMATS {
        let (payloads, frames) = (format.payloads(), format.frames());
        let mut group = c.benchmark_group(format!("decode {}, {PIECES} events", format.name));
        group.throughput(Throughput::Elements(PIECES as u64));
        group.bench_function("frames to events", |b| {
            b.iter_batched(
                || format.decoder(),
                |mut decoder| {
                    let mut events = Vec::new();
                    for frame in &frames {
                        decoder.push(frame.as_bytes(), &mut events).expect("a good frame");
                        black_box(&events);
                        events.clear();
                    }
                },
                BatchSize::SmallInput,
            );
        });
        group.bench_function("plain serde_json", |b| {
            b.iter(|| {
                for payload in &payloads {
                    let value: serde_json::Value = serde_json::from_slice(payload.as_bytes()).expect("JSON");
                    black_box(value);
                }
            });
        });
        group.finish();
    }
}

fn sanitise(c: &mut Criterion) {
    let mut group = c.benchmark_group("sanitise, 1 KB");
    group.throughput(Throughput::Bytes(1024));
    let plain = answer(1024)[..1024].to_owned();
    let mixed: String =
        "naïve 日本語 👩‍👩‍👧 \u{1b}[31mred\u{202e} e\u{301}\tend\n".chars().cycle().take(700).collect();
    for (name, text) in [("ascii", plain), ("mixed", mixed)] {
        let text = Untrusted::from(text);
        group.bench_function(name, |b| b.iter(|| black_box(text.pane().len())));
        group.bench_function(format!("{name}, as a stream"), |b| {
            let mut out = String::with_capacity(4096);
            b.iter(|| {
                let mut stream = PaneStream::default();
                out.clear();
                stream.push(&text, &mut out);
                stream.finish(&mut out);
                black_box(out.len())
            });
        });
    }
    group.finish();
}

fn markdown(c: &mut Criterion) {
    warm();
    let mut group = c.benchmark_group("markdown");
    group.sample_size(20);
    let answer_20k = tokens(&answer(20 * 1024));
    group.throughput(Throughput::Elements(answer_20k.len() as u64));
    group.bench_function("20 KB in tokens, a frame each 13", |b| {
        b.iter(|| {
            let (mut document, mut text) = (Document::new(), Untrusted::default());
            let mut spans = 0;
            for some in answer_20k.chunks(TOKENS_A_FRAME) {
                some.iter().for_each(|token| text.push(token));
                spans += show(&mut document, &text);
            }
            document.finish(&text);
            spans + show(&mut document, &text)
        });
    });
    // The same 260 tokens, at the end of a short reply and of a long one.
    let more = tokens(&answer(TOKEN * TOKENS_A_FRAME * 20)[..TOKEN * TOKENS_A_FRAME * 20]);
    group.throughput(Throughput::Elements(more.len() as u64));
    for (name, bytes) in [("after 10 KB", 10 << 10), ("after 1 MB", 1 << 20)] {
        let before = Untrusted::from(answer(bytes));
        group.bench_function(format!("260 tokens {name}"), |b| {
            b.iter_batched(
                || {
                    let (mut document, mut text) = (Document::new(), before.clone());
                    // The text has room to grow now, and what is in view is laid out and coloured.
                    text.push(&Untrusted::from("next\n\n"));
                    for _ in 0..3 {
                        show(&mut document, &text);
                    }
                    (document, text)
                },
                |(mut document, mut text)| {
                    for some in more.chunks(TOKENS_A_FRAME) {
                        some.iter().for_each(|token| text.push(token));
                        black_box(show(&mut document, &text));
                    }
                    (document, text)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn seats(model: &str) -> Vec<Seat> {
    (1..=4)
        .map(|no| Seat {
            id: SeatId(no),
            model: ModelRef::new("demo", model),
            system: None,
            params: Params::default(),
            muted: false,
        })
        .collect()
}

fn endpoint() -> Endpoint {
    Endpoint { tariff: Tariff::Play, ..Endpoint::new("demo", Dialect::Demo, "") }
}

/// A room of four seats on the screen, and the runs of a prompt that was sent in it.
fn room() -> (State, Vec<RunEvent>) {
    let setup = Setup {
        id: Ids::system().room(),
        name: None,
        hidden: false,
        context: ContextMode::Own,
        seats: seats("tour"),
        turns: Vec::new(),
        draft: String::new(),
        read_only: None,
        ids: Ids::system(),
        at: Millis::now(),
        keymap: Keymap::default(),
        ui: Ui::default(),
        notices: Vec::new(),
        tariffs: BTreeMap::from([("demo".to_owned(), Tariff::Play)]),
        near: BTreeSet::new(),
        labels: HashMap::new(),
        budget_day: None,
        estimate: Box::new(|_, _| Estimate { input_tokens: 100, expected: None, at_most: None }),
        price: Box::new(|_, tokens| {
            Charge::of(
                Pico(1000 * i64::try_from(tokens.output.unwrap_or(0)).unwrap_or(0)),
                Source::Computed,
                Tariff::Play,
            )
        }),
    };
    let now = Instant::now();
    let mut state = State::new(setup, now);
    let mut effects = Vec::new();
    let keys = [KeyCode::Char('h'), KeyCode::Char('i'), KeyCode::Enter];
    for (at, code) in (1..).zip(keys) {
        let now = now + std::time::Duration::from_millis(50 * at);
        prepare(&mut state, Size::new(200, 50));
        update(&mut state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), now, &mut effects);
    }
    let asks = effects.iter().find_map(|effect| match effect {
        Effect::Submit(job) => Some(job.asks().to_vec()),
        _ => None,
    });
    let say = |ask: &Ask| RunEvent {
        run: ask.run,
        at: now,
        kind: RunEventKind::Text(Untrusted::from("some **more** words of a reply, and `code` at times; ")),
    };
    let events = asks.expect("the prompt was sent").iter().map(say).collect();
    (state, events)
}

fn screen(c: &mut Criterion) {
    let size = Size::new(200, 50);
    let theme = Theme::default();
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
    let (mut state, events) = room();
    let mut frame = |state: &mut State, events: Vec<RunEvent>| {
        let mut effects = Vec::new();
        update(state, Event::Run(events), Instant::now(), &mut effects);
        prepare(state, size);
        buffer.reset();
        draw(state, &theme, &mut buffer)
    };
    for _ in 0..100 {
        frame(&mut state, events.clone());
    }
    assert_eq!(state.runs.len(), 4, "four replies stream");
    let mut group = c.benchmark_group("screen of four panes, 200x50");
    group.bench_function("a frame in which all four grow", |b| {
        b.iter_batched(|| events.clone(), |events| frame(&mut state, events), BatchSize::SmallInput);
    });
    group.finish();
}

fn start(ids: &mut Ids, room: &RoomHead) -> TurnStart {
    let turn = ids.turn();
    let at = Millis::now();
    let reply = |seat: &Seat| {
        let reply = ids.reply();
        let attempt = AttemptStart {
            reply,
            n: 1,
            at,
            door: Door::Tui,
            room: Some(room.id),
            turn: Some(turn),
            seat: Some(seat.id),
            model: seat.model.clone(),
            key_alias: "default".to_owned(),
            who: "me".to_owned(),
            tag: None,
            reserve: Some(0),
        };
        ReplyStart { reply, turn, seat: seat.id, sibling: 1, model: seat.model.clone(), attempt }
    };
    let replies = room.seats.iter().map(reply).collect();
    TurnStart {
        room: room.clone(),
        turn,
        parent: None,
        at,
        prompt: "a prompt".to_owned(),
        attachments: Vec::new(),
        replies,
    }
}

fn head(ids: &mut Ids, model: &str) -> RoomHead {
    RoomHead {
        id: ids.room(),
        name: "bench".to_owned(),
        hidden: false,
        context: ContextMode::Own,
        seats: seats(model),
    }
}

/// What nobody asks for here: the cost of replies that a dead salon left behind.
fn unpriced(_: &Orphan) -> (Tokens, Charge) {
    (Tokens::default(), Charge::unknown(Tariff::Play))
}

fn store(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("salon.db");
    let opened = Store::open_with(Place::File(&path), Millis::now(), &unpriced).expect("a store");
    let mut ids = Ids::system();
    let room = head(&mut ids, "tour");
    let start = start(&mut ids, &room);
    opened.store.begin_turn(start.clone(), Budgets::default(), TimeZone::UTC).wait().expect("a turn");
    let mut seq = 0;
    c.bench_function("store: 4 deltas of 52 characters, committed", |b| {
        b.iter(|| {
            seq += 1;
            let deltas = start.replies.iter().map(|reply| Delta {
                reply: reply.reply,
                seq,
                kind: DeltaKind::Text,
                text: "x".repeat(TOKEN * TOKENS_A_FRAME),
            });
            opened.store.append(deltas.collect()).wait().expect("committed");
        });
    });
    opened.store.close();
}

/// A whole turn of four demo models at once: provider, journal, store, ledger, events.
fn engine(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("salon.db");
    let opened = Store::open_with(Place::File(&path), Millis::now(), &unpriced).expect("a store");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let demo: Arc<dyn Provider> = Arc::new(Demo::new(endpoint(), Pace::NONE));
    let engine = {
        let _inside = runtime.enter();
        Engine::new(Deps {
            providers: HashMap::from([("demo".to_owned(), demo)]),
            prices: PriceBook::default(),
            store: opened.store.clone(),
            budgets: Budgets::default(),
            zone: TimeZone::UTC,
            door: Door::Cli,
            who: "me".to_owned(),
            tag: None,
            seed: 1,
        })
    };
    let mut ids = Ids::system();
    let room = head(&mut ids, "tour");
    let mut group = c.benchmark_group("engine");
    group.sample_size(20);
    group.bench_function("a turn of four demo/tour, all on disk", |b| {
        b.iter(|| {
            let (outlet, mut inlet) = mailbox();
            let asks: Vec<Ask> = room
                .seats
                .iter()
                .map(|seat| Ask {
                    run: ids.run(),
                    reply: ids.reply(),
                    sibling: 1,
                    seat: seat.clone(),
                    messages: Arc::new(vec![Message::text(Role::User, "hi")]),
                })
                .collect();
            let job = Job::Turn {
                room: room.clone(),
                turn: ids.turn(),
                parent: None,
                prompt: "hi".to_owned(),
                attachments: Vec::new(),
                asks,
            };
            engine.submit(job, outlet);
            runtime.block_on(async {
                let (mut events, mut ended) = (Vec::new(), 0);
                while ended < 4 && inlet.recv_many(&mut events).await.is_some() {
                    ended += events
                        .drain(..)
                        .filter(|event| matches!(event.kind, RunEventKind::Finished(_)))
                        .count();
                }
                assert_eq!(ended, 4);
            });
        });
    });
    group.finish();
    opened.store.close();
}

criterion_group!(benches, decode, sanitise, markdown, screen, store, engine);
criterion_main!(benches);
