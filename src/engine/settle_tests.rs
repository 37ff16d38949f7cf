//! Replies whose cost comes after the end: through sockets, the real store and the ledger, by the
//! clock of a test.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::chat::ContextMode;
use crate::chat::Dialect;
use crate::chat::Door;
use crate::chat::Endpoint;
use crate::chat::Ids;
use crate::chat::Limits;
use crate::chat::Message;
use crate::chat::Millis;
use crate::chat::Params;
use crate::chat::Redactor;
use crate::chat::Role;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Source;
use crate::chat::Status;
use crate::engine::Ask;
use crate::engine::Engine;
use crate::engine::Job;
use crate::engine::Outcome;
use crate::engine::RunEventKind;
use crate::engine::Setup;
use crate::engine::World;
use crate::engine::clock::Clock;
use crate::engine::fake::RoundRates;
use crate::engine::fake::Shown;
use crate::engine::fake::TestClock;
use crate::engine::fake::play;
use crate::engine::mailbox;
use crate::provider::Http;
use crate::provider::Pace;
use crate::provider::Providers;
use crate::provider::connect;
use crate::provider::driver_tests::mock::{Mock, Request, Step, head, response};
use crate::store::Budgets;
use crate::store::GroupBy;
use crate::store::Place;
use crate::store::RoomHead;
use crate::store::Settled;
use crate::store::Store;
use crate::store::UsageQuery;
use crate::store::WhichRoom;

const NOT_YET: &str = r#"{"error":{"code":404,"message":"Generation gen-1 not found"}}"#;

/// What `/generation` answers at last: 40 tokens of input, 10 of output, 0.0021 dollars.
fn known(id: &str) -> String {
    format!(
        r#"{{"data":{{"id":"{id}","total_cost":0.0021,"native_tokens_prompt":40,"native_tokens_completion":10,"model":"a/b-2026","provider_name":"Up"}}}}"#
    )
}

/// A server whose streams break off, or never end, and whose true costs are these answers in turn,
/// the last one again and again.
struct Server {
    mock: Mock,
    stalls: bool,
    questions: Arc<AtomicUsize>,
}

impl Server {
    fn new(stalls: bool, answers: Vec<Vec<Step>>) -> Self {
        let questions = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&questions);
        let mock = Mock::answering(Arc::new(move |request: &Request| {
            if !request.head.starts_with("GET ") {
                let mut bytes = head(
                    "200 OK",
                    &[
                        ("content-type", "text/event-stream"),
                        ("connection", "close"),
                        ("x-generation-id", "gen-1"),
                    ],
                );
                bytes.extend_from_slice(
                    b"data: {\"id\":\"gen-1\",\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n",
                );
                return vec![Step::Send(bytes), if stalls { Step::Stall } else { Step::Fin }];
            }
            assert!(request.head.starts_with("GET /v1/generation?id=gen-1 HTTP/1.1\r\n"), "{}", request.head);
            let at = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            answers[at].clone()
        }));
        Self { mock, stalls, questions }
    }

    fn asked(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

fn not_yet() -> Vec<Step> {
    response("404 Not Found", "application/json", NOT_YET)
}

fn told(id: &str) -> Vec<Step> {
    response("200 OK", "application/json", &known(id))
}

struct Scene {
    clock: Arc<TestClock>,
    stalls: bool,
    store: Store,
    endpoint: Endpoint,
    ids: Ids,
    told: Arc<Mutex<Vec<Settled>>>,
}

impl Scene {
    fn new(server: &Server) -> Self {
        let clock = TestClock::new();
        let wall = Shown(Arc::clone(&clock)).wall();
        let store = Store::open(Place::Memory, wall).expect("a store").store;
        let address = format!("{}/v1", server.mock.url());
        let endpoint = Endpoint {
            limits: Limits { retries: 0, ..Limits::default() },
            ..Endpoint::new("router", Dialect::OpenRouter, address)
        };
        let ids = Ids::seeded(3);
        Self { clock, stalls: server.stalls, store, endpoint, ids, told: Arc::default() }
    }

    fn engine(&self) -> Engine {
        let mut providers = Providers::new();
        let http = Http::new(Redactor::default());
        providers.insert("router".to_owned(), connect(self.endpoint.clone(), &http, Pace::NONE));
        let setup = Setup {
            providers,
            budgets: Budgets::default(),
            zone: TimeZone::UTC,
            door: Door::Tui,
            who: "me".to_owned(),
            tag: None,
            seed: 1,
        };
        let clock = Arc::new(Shown(Arc::clone(&self.clock)));
        Engine::build(setup, World { rates: Arc::new(RoundRates), book: Arc::new(self.store.clone()), clock })
    }

    fn listen(&self, engine: &Engine) {
        let told = Arc::clone(&self.told);
        engine.settle(move |settled| told.lock().unwrap().push(settled));
    }

    /// Asks once; when the stream stalls, stops the run after its first text.
    async fn ask(&mut self, engine: &Engine) -> Outcome {
        let seat = Seat {
            id: SeatId(1),
            model: "router/a/b".parse().expect("a model"),
            system: None,
            params: Params::default(),
            muted: false,
        };
        let room = RoomHead {
            id: self.ids.room(),
            name: "room".to_owned(),
            hidden: false,
            context: ContextMode::Own,
            seats: vec![seat.clone()],
        };
        let run = self.ids.run();
        let messages = vec![Message::text(Role::User, "hello")];
        let ask = Ask { run, reply: self.ids.reply(), sibling: 1, seat, messages: messages.into() };
        let turn = self.ids.turn();
        let (outlet, mut inlet) = mailbox();
        engine.submit(
            Job::Turn {
                room,
                turn,
                parent: None,
                prompt: "hello".to_owned(),
                attachments: Vec::new(),
                asks: vec![ask],
            },
            outlet,
        );
        let mut events = Vec::new();
        loop {
            inlet.recv_many(&mut events).await.expect("an end comes");
            for event in events.drain(..) {
                match event.kind {
                    RunEventKind::Text(_) if self.stalls => engine.cancel(run),
                    RunEventKind::Finished(outcome) => return *outcome,
                    _ => {}
                }
            }
        }
    }

    /// Waits until there is a figure, or until the server was asked so often.
    async fn settled(&self, server: &Server, at_most: usize) -> Option<Settled> {
        for _ in 0..20_000 {
            if let Some(settled) = self.told.lock().unwrap().first() {
                return Some(settled.clone());
            }
            if server.asked() >= at_most {
                return None;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        panic!("neither a figure nor {at_most} questions")
    }

    async fn total(&self) -> (String, u64) {
        let query = UsageQuery { since: None, until: None, by: GroupBy::Model, zone: TimeZone::UTC };
        let report = self.store.usage(query).await.expect("a report");
        (report.total.sum.to_string(), report.total.attempts)
    }

    /// Waits until the end of the reply is on disk: the clock of the test does not wait for the disk.
    async fn written(&self) {
        for _ in 0..20_000 {
            if self.rows().await == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        panic!("the end is not written")
    }

    /// How many attempts are open.
    async fn rows(&self) -> usize {
        self.store.unsettled(Millis(i64::MIN), vec!["router".to_owned()]).await.expect("rows").len()
    }
}

#[test]
fn a_cut_reply_is_settled_when_the_provider_knows_its_cost() {
    let server = Server::new(false, vec![not_yet(), not_yet(), told("gen-1")]);
    let mut scene = Scene::new(&server);
    play(&Arc::clone(&scene.clock), async {
        let engine = scene.engine();
        scene.listen(&engine);
        let outcome = scene.ask(&engine).await;
        assert_eq!((outcome.status, outcome.charge.source), (Status::Cut, Source::Estimated));
        let settled = scene.settled(&server, usize::MAX).await.expect("a figure");
        assert_eq!(settled.charge.to_string(), "$0.0021");
        assert_eq!((settled.tokens.input, settled.tokens.output), (Some(40), Some(10)));
        // Once more where the disk was slower than the clock of the test.
        assert!(server.asked() >= 3, "{}", server.asked());
        assert!(scene.clock.ms() >= 3500, "half a second, one and two: {}", scene.clock.ms());

        assert_eq!(scene.total().await, ("$0.0021".to_owned(), 1), "sums take the last row");
        assert_eq!(scene.rows().await, 0, "nothing is open");
        let room = scene.store.load_room(WhichRoom::Last).await.expect("the room");
        let reply = &room.turns[0].replies[0];
        assert_eq!((reply.charge, reply.tokens), (Some(settled.charge), settled.tokens));
        assert_eq!(reply.status, Status::Cut, "what it cost changes nothing of how it ended");
    });
}

#[test]
fn a_stopped_reply_is_settled_too() {
    let server = Server::new(true, vec![told("gen-1")]);
    let mut scene = Scene::new(&server);
    play(&Arc::clone(&scene.clock), async {
        let engine = scene.engine();
        scene.listen(&engine);
        let outcome = scene.ask(&engine).await;
        assert_eq!((outcome.status, outcome.charge.source), (Status::Stopped, Source::Estimated));
        let settled = scene.settled(&server, usize::MAX).await.expect("a figure");
        assert_eq!((settled.charge.source, settled.reply), (Source::Reported, settled.reply));
        assert_eq!(scene.total().await.0, "$0.0021");
    });
}

#[test]
fn what_was_left_open_is_settled_at_the_next_start() {
    let server = Server::new(false, vec![told("gen-1")]);
    let mut scene = Scene::new(&server);
    play(&Arc::clone(&scene.clock), async {
        // Nobody listens, as with `ask`: nothing is asked.
        let engine = scene.engine();
        scene.ask(&engine).await;
        scene.written().await;
        assert_eq!(server.asked(), 0);
        let estimate = scene.total().await.0;
        assert!(estimate.starts_with('≈'), "{estimate}");

        let engine = scene.engine();
        scene.listen(&engine);
        let settled = scene.settled(&server, usize::MAX).await.expect("a figure");
        assert_eq!(settled.charge.to_string(), "$0.0021");
        assert_eq!((server.asked(), scene.rows().await), (1, 0));
    });
}

#[test]
fn what_is_older_than_a_day_is_left_alone() {
    let server = Server::new(false, vec![told("gen-1")]);
    let mut scene = Scene::new(&server);
    play(&Arc::clone(&scene.clock), async {
        let engine = scene.engine();
        scene.ask(&engine).await;
        scene.written().await;
        let clock = Shown(Arc::clone(&scene.clock));
        clock.sleep_until(clock.now() + Duration::from_secs(24 * 60 * 60 + 1)).await;
        let engine = scene.engine();
        scene.listen(&engine);
        clock.sleep_until(clock.now() + Duration::from_secs(60)).await;
        assert_eq!((server.asked(), scene.rows().await), (0, 1));
    });
}

#[test]
fn an_answer_about_another_reply_changes_nothing() {
    let server = Server::new(false, vec![told("gen-2")]);
    let mut scene = Scene::new(&server);
    play(&Arc::clone(&scene.clock), async {
        let engine = scene.engine();
        scene.listen(&engine);
        let outcome = scene.ask(&engine).await;
        scene.written().await;
        assert_eq!(scene.settled(&server, 1).await, None);
        let clock = Shown(Arc::clone(&scene.clock));
        clock.sleep_until(clock.now() + Duration::from_secs(60)).await;
        assert_eq!(server.asked(), 1, "it is not asked again");
        assert_eq!(scene.total().await.0, outcome.charge.to_string());
        assert_eq!(scene.rows().await, 1, "it stays open");
    });
}

#[test]
fn patience_ends_after_six_questions() {
    let server = Server::new(false, vec![not_yet()]);
    let mut scene = Scene::new(&server);
    play(&Arc::clone(&scene.clock), async {
        let engine = scene.engine();
        scene.listen(&engine);
        let outcome = scene.ask(&engine).await;
        scene.written().await;
        assert_eq!(scene.settled(&server, 6).await, None);
        let clock = Shown(Arc::clone(&scene.clock));
        clock.sleep_until(clock.now() + Duration::from_secs(600)).await;
        assert_eq!((server.asked(), scene.rows().await), (6, 1));
        assert_eq!(scene.total().await.0, outcome.charge.to_string());
    });
}

#[test]
fn the_end_of_salon_does_not_wait_for_an_answer() {
    let server = Server::new(false, vec![vec![Step::Stall]]);
    let mut scene = Scene::new(&server);
    play(&Arc::clone(&scene.clock), async {
        let engine = scene.engine();
        scene.listen(&engine);
        scene.ask(&engine).await;
        scene.written().await;
        assert_eq!(scene.settled(&server, 1).await, None);
        let before = scene.clock.ms();
        engine.shutdown(Duration::from_secs(3600)).await;
        assert!(scene.clock.ms() - before < 1000, "nothing is open for the end");
    });
}
