//! The outside world as the engine's tests want it: a clock that moves only when nothing else can,
//! a book in memory that can be slow or fail, prices that are round, and providers that follow a
//! script. One log has the order of what happened in all of them.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;
use std::time::Instant;

use jiff::tz::TimeZone;

use crate::chat::Abilities;
use crate::chat::AttemptStart;
use crate::chat::Billing;
use crate::chat::Charge;
use crate::chat::ChatRequest;
use crate::chat::ContextMode;
use crate::chat::Dialect;
use crate::chat::Door;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Finish;
use crate::chat::Ids;
use crate::chat::LedgerEntry;
use crate::chat::Limits;
use crate::chat::Message;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Params;
use crate::chat::Pico;
use crate::chat::ReplyId;
use crate::chat::Role;
use crate::chat::RunId;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Source;
use crate::chat::StreamEvent;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::engine::Ask;
use crate::engine::Engine;
use crate::engine::Inlet;
use crate::engine::Job;
use crate::engine::Outcome;
use crate::engine::RunEvent;
use crate::engine::RunEventKind;
use crate::engine::SaveState;
use crate::engine::Setup;
use crate::engine::World;
use crate::engine::account::Rates;
use crate::engine::clock::Clock;
use crate::engine::clock::Sleep;
use crate::engine::journal::Book;
use crate::engine::journal::Promise;
use crate::engine::mailbox;
use crate::price::Work;
use crate::provider::EventStream;
use crate::provider::Provider;
use crate::provider::Providers;
use crate::store::Budgets;
use crate::store::Delta;
use crate::store::DeltaKind;
use crate::store::ReplyEnd;
use crate::store::ReplyStart;
use crate::store::RoomHead;
use crate::store::Settled;
use crate::store::Settlement;
use crate::store::StoreError;
use crate::store::TurnStart;
use crate::store::Unsettled;
use crate::text::Untrusted;

/// A clock that stands still while there is work, and jumps to the next sleeper when there is none.
pub struct TestClock {
    base: Instant,
    state: Mutex<ClockState>,
}

#[derive(Default)]
struct ClockState {
    now: Duration,
    /// By how much the wall clock was set forward or back, in milliseconds.
    wall_off: i64,
    next: u64,
    sleepers: Vec<(Duration, u64, Waker)>,
}

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { base: Instant::now(), state: Mutex::default() })
    }

    /// Milliseconds since the beginning.
    pub fn ms(&self) -> u64 {
        u64::try_from(self.state.lock().unwrap().now.as_millis()).unwrap()
    }

    /// Sets the wall clock forward or back; the monotonic one goes on.
    pub fn set_wall(&self, by_ms: i64) {
        self.state.lock().unwrap().wall_off += by_ms;
    }

    fn jump(&self) {
        let mut state = self.state.lock().unwrap();
        let Some(first) = state.sleepers.iter().map(|(until, ..)| *until).min() else { return };
        state.now = state.now.max(first);
        let now = state.now;
        let due: Vec<Waker> =
            state.sleepers.iter().filter(|(until, ..)| *until <= now).map(|(.., w)| w.clone()).collect();
        drop(state);
        due.iter().for_each(Waker::wake_by_ref);
    }
}

/// The clock as the engine holds it.
#[derive(Clone)]
pub struct Shown(pub Arc<TestClock>);

impl Clock for Shown {
    fn now(&self) -> Instant {
        self.0.base + self.0.state.lock().unwrap().now
    }

    fn wall(&self) -> Millis {
        let off = self.0.state.lock().unwrap().wall_off;
        Millis(1_700_000_000_000 + i64::try_from(self.0.ms()).unwrap() + off)
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        let until = when.saturating_duration_since(self.0.base);
        Box::pin(Nap { clock: Arc::clone(&self.0), until, id: None })
    }
}

struct Nap {
    clock: Arc<TestClock>,
    until: Duration,
    id: Option<u64>,
}

impl Future for Nap {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = Arc::clone(&self.clock);
        let mut state = clock.state.lock().unwrap();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        let id = *self.id.get_or_insert_with(|| {
            state.next += 1;
            state.next
        });
        state.sleepers.retain(|(_, other, _)| *other != id);
        state.sleepers.push((self.until, id, cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Nap {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.clock.state.lock().unwrap().sleepers.retain(|(_, other, _)| *other != id);
        }
    }
}

/// Runs a test on one thread, by the test's clock.
pub fn play<F: Future>(clock: &Arc<TestClock>, test: F) -> F::Output {
    let hook = Arc::clone(clock);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_park(move || hook.jump())
        .build()
        .expect("a runtime");
    let guarded = async { tokio::time::timeout(Duration::from_secs(60), test).await };
    runtime.block_on(guarded).expect("the test waits for something that never comes")
}

/// How the book treats one call of `append` or `finish`.
#[derive(Clone, Copy, Debug)]
pub enum Mood {
    /// Answers after so many milliseconds.
    Takes(u64),
    /// Fails.
    Fails,
    /// Writes, and says that it failed.
    Lies,
}

/// What the book was asked to write, and whether it did.
#[derive(Default)]
pub struct Written {
    pub turns: Vec<TurnStart>,
    pub replies: Vec<ReplyStart>,
    pub retries: Vec<(LedgerEntry, AttemptStart)>,
    /// Deltas that are committed, in order.
    pub deltas: Vec<Delta>,
    /// How many transactions wrote texts.
    pub appends: usize,
    pub ends: Vec<ReplyEnd>,
}

impl Written {
    /// As the store does: what is there already stays as it is.
    fn add(&mut self, deltas: Vec<Delta>) {
        for delta in deltas {
            if !self.deltas.iter().any(|old| (old.reply, old.seq) == (delta.reply, delta.seq)) {
                self.deltas.push(delta);
            }
        }
    }

    pub fn text(&self, reply: ReplyId, kind: DeltaKind) -> String {
        let mut mine: Vec<&Delta> =
            self.deltas.iter().filter(|delta| delta.reply == reply && delta.kind == kind).collect();
        mine.sort_by_key(|delta| delta.seq);
        mine.iter().map(|delta| delta.text.as_str()).collect()
    }
}

/// A book in memory.
pub struct FakeBook {
    clock: Arc<TestClock>,
    log: Log,
    pub written: Arc<Mutex<Written>>,
    pub refuse: Mutex<Option<StoreError>>,
    pub refuse_retry: Mutex<bool>,
    pub begin_takes: Mutex<u64>,
    /// What the room is called, when that is not what was asked for.
    pub name: Mutex<Option<String>>,
    /// How the next calls go; afterwards as `usual`.
    pub moods: Mutex<VecDeque<Mood>>,
    pub usual: Mutex<Mood>,
}

type Log = Arc<Mutex<Vec<String>>>;

impl FakeBook {
    fn after(&self, ms: u64) -> Sleep {
        let shown = Shown(Arc::clone(&self.clock));
        shown.sleep_until(shown.now() + Duration::from_millis(ms))
    }

    fn begin(&self, act: impl FnOnce(&mut Written) + Send + 'static) -> Promise {
        let refusal = self.refuse.lock().unwrap().clone();
        let (wait, log) = (self.after(*self.begin_takes.lock().unwrap()), Arc::clone(&self.log));
        let written = Arc::clone(&self.written);
        Box::pin(async move {
            wait.await;
            if let Some(refusal) = refusal {
                return Err(refusal);
            }
            act(&mut written.lock().unwrap());
            log.lock().unwrap().push("begun".to_owned());
            Ok(())
        })
    }

    fn commit(&self, act: impl FnOnce(&mut Written) + Send + 'static) -> Promise {
        let mood = self.moods.lock().unwrap().pop_front().unwrap_or(*self.usual.lock().unwrap());
        match mood {
            Mood::Fails => {
                Box::pin(async { Err(StoreError::Failed("the disk is full; free some room".to_owned())) })
            }
            Mood::Lies => {
                act(&mut self.written.lock().unwrap());
                Box::pin(async { Err(StoreError::Failed("the answer was lost".to_owned())) })
            }
            Mood::Takes(ms) => {
                let (wait, written) = (self.after(ms), Arc::clone(&self.written));
                Box::pin(async move {
                    wait.await;
                    act(&mut written.lock().unwrap());
                    Ok(())
                })
            }
        }
    }
}

impl Book for FakeBook {
    fn begin_turn(&self, start: TurnStart, _: Budgets, _: TimeZone) -> Promise<String> {
        let asked = start.room.name.clone();
        let name = self.name.lock().unwrap().clone().unwrap_or(asked);
        let begun = self.begin(move |written| written.turns.push(start));
        Box::pin(async move { begun.await.map(|()| name) })
    }

    fn begin_reply(&self, _: RoomHead, start: ReplyStart, _: Budgets, _: TimeZone) -> Promise {
        self.begin(move |written| written.replies.push(start))
    }

    fn retry(&self, failed: LedgerEntry, next: AttemptStart) -> Promise {
        if *self.refuse_retry.lock().unwrap() {
            return Box::pin(async { Err(StoreError::Failed("no".to_owned())) });
        }
        let n = next.n;
        self.written.lock().unwrap().retries.push((failed, next));
        self.log.lock().unwrap().push(format!("retry {n}"));
        Box::pin(async { Ok(()) })
    }

    fn append(&self, deltas: Vec<Delta>) -> Promise {
        self.commit(move |written| {
            written.add(deltas);
            written.appends += 1;
        })
    }

    fn finish(&self, deltas: Vec<Delta>, end: ReplyEnd) -> Promise {
        self.commit(move |written| {
            written.add(deltas);
            if !written.ends.iter().any(|old| old.reply == end.reply) {
                written.ends.push(end);
            }
        })
    }

    fn name_attempt(&self, _: ReplyId, _: u32, _: String) -> Promise {
        Box::pin(async { Ok(()) })
    }

    fn unsettled(&self, _: Millis, _: Vec<String>) -> Promise<Vec<Unsettled>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn settle(&self, _: Settlement) -> Promise<Option<Settled>> {
        Box::pin(async { Ok(None) })
    }
}

/// 3 pico-dollars a token of input, 10 a token of output; `unpriced` models have none.
pub struct RoundRates;

impl Rates for RoundRates {
    fn rated_as(&self, asked: &ModelRef, served: Option<&str>) -> ModelRef {
        let known = !asked.id.starts_with("unpriced");
        served.filter(|_| !known).map_or_else(|| asked.clone(), |id| ModelRef::new(&asked.provider, id))
    }

    fn rates_json(&self, model: &ModelRef, _: Option<&str>) -> Option<String> {
        (!model.id.starts_with("unpriced")).then(|| "{\"output\":10}".to_owned())
    }

    fn abilities(&self, _model: &ModelRef) -> Abilities {
        Abilities::default()
    }

    fn max_output(&self, model: &ModelRef) -> Option<u64> {
        (model.id == "bounded").then_some(50)
    }

    fn paid_by(&self, model: &ModelRef, _: &Tokens, tariff: Tariff) -> Tariff {
        if tariff == Tariff::Metered && model.id == "gratis" { Tariff::Free } else { tariff }
    }

    fn cost_of(&self, model: &ModelRef, work: &Work, tariff: Tariff) -> Charge {
        let tokens = &work.tokens;
        let amount = self
            .rates_json(model, None)
            .and_then(|_| Pico(3).times(tokens.input?)?.plus(Pico(10).times(tokens.output?)?));
        amount.map_or(Charge::unknown(tariff), |amount| Charge::of(amount, Source::Computed, tariff))
    }
}

/// What a scripted stream does next.
#[derive(Clone, Debug)]
pub enum Step {
    Say(Vec<StreamEvent>),
    Fail(Fault),
    Wait(u64),
    /// The wall clock is set by so many milliseconds.
    Wall(i64),
    Hang,
    Panic,
}

/// A provider that follows scripts, one for each request; the last one is used again.
pub struct FakeProvider {
    endpoint: Endpoint,
    scripts: Mutex<VecDeque<Vec<Step>>>,
    clock: Arc<TestClock>,
    log: Log,
}

struct Socket(String, Log);

impl Drop for Socket {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(format!("closed {}", self.0));
    }
}

impl Provider for FakeProvider {
    fn stream(&self, _: ChatRequest) -> EventStream {
        let mut scripts = self.scripts.lock().unwrap();
        let script = if scripts.len() > 1 { scripts.pop_front() } else { scripts.front().cloned() };
        let steps = script.unwrap_or_default().into_iter();
        let shown = Shown(Arc::clone(&self.clock));
        let name = self.endpoint.name.clone();
        let socket: Option<Socket> = None;
        let log = Arc::clone(&self.log);
        Box::pin(futures_util::stream::unfold((steps, socket), move |(mut steps, mut socket)| {
            let (shown, name, log) = (shown.clone(), name.clone(), Arc::clone(&log));
            async move {
                socket.get_or_insert_with(|| {
                    log.lock().unwrap().push(format!("sent {name} {}", shown.0.ms()));
                    Socket(name, Arc::clone(&log))
                });
                loop {
                    match steps.next()? {
                        Step::Say(batch) => return Some((Ok(batch), (steps, socket))),
                        Step::Fail(fault) => return Some((Err(fault), (steps, socket))),
                        Step::Wait(ms) => shown.sleep_until(shown.now() + Duration::from_millis(ms)).await,
                        Step::Wall(ms) => shown.0.set_wall(ms),
                        Step::Hang => std::future::pending().await,
                        Step::Panic => panic!("as the script says"),
                    }
                }
            }
        }))
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

pub fn say(text: &str) -> Step {
    Step::Say(vec![StreamEvent::Text(Untrusted::from(text))])
}

pub fn think(text: &str) -> Step {
    Step::Say(vec![StreamEvent::Thinking(Untrusted::from(text))])
}

pub fn count(input: u64, output: u64) -> Step {
    let tokens = Tokens { input: Some(input), output: Some(output), ..Tokens::default() };
    Step::Say(vec![StreamEvent::Usage {
        tokens,
        raw: format!("{{\"in\":{input}}}"),
        billing: Billing::default(),
    }])
}

pub fn cost(pico: i64) -> Step {
    Step::Say(vec![StreamEvent::Cost(Pico(pico))])
}

pub fn end() -> Step {
    Step::Say(vec![StreamEvent::Finished(Finish::Stop)])
}

pub fn status(status: u16, class: FaultClass) -> Fault {
    let mut fault = Fault::new(class, format!("the server says {status}"));
    fault.http_status = Some(status);
    fault.retryable = matches!(status, 429 | 503);
    fault
}

pub fn too_many(retry_after_ms: u64) -> Fault {
    Fault { retry_after_ms: Some(retry_after_ms), ..status(429, FaultClass::Rate) }
}

/// One provider of a test.
pub struct Cast {
    pub name: &'static str,
    pub limits: Limits,
    pub tariff: Tariff,
    pub scripts: Vec<Vec<Step>>,
}

pub fn cast(name: &'static str, scripts: Vec<Vec<Step>>) -> Cast {
    Cast { name, limits: Limits::default(), tariff: Tariff::Metered, scripts }
}

/// A whole engine in a world of fakes.
pub struct Stage {
    pub clock: Arc<TestClock>,
    pub book: Arc<FakeBook>,
    pub log: Log,
    pub ids: Ids,
    providers: Providers,
    room: RoomHead,
}

/// All that one run told, and its end.
#[derive(Debug)]
pub struct Told {
    pub events: Vec<RunEventKind>,
    pub outcome: Outcome,
}

impl Told {
    pub fn text(&self) -> String {
        self.events
            .iter()
            .filter_map(|event| match event {
                RunEventKind::Text(text) => Some(text.raw()),
                _ => None,
            })
            .collect()
    }

    pub fn count(&self, is: impl Fn(&RunEventKind) -> bool) -> usize {
        self.events.iter().filter(|event| is(event)).count()
    }
}

impl Stage {
    pub fn new(cast: Vec<Cast>) -> Self {
        let (clock, log) = (TestClock::new(), Log::default());
        let mut providers = Providers::new();
        for Cast { name, limits, tariff, scripts } in cast {
            let endpoint = Endpoint { limits, tariff, ..Endpoint::new(name, Dialect::OpenAi, "") };
            let provider = FakeProvider {
                endpoint,
                scripts: Mutex::new(scripts.into()),
                clock: Arc::clone(&clock),
                log: Arc::clone(&log),
            };
            providers.insert(name.to_owned(), Arc::new(provider));
        }
        let book = Arc::new(FakeBook {
            clock: Arc::clone(&clock),
            log: Arc::clone(&log),
            written: Arc::default(),
            refuse: Mutex::default(),
            refuse_retry: Mutex::default(),
            begin_takes: Mutex::default(),
            name: Mutex::default(),
            moods: Mutex::default(),
            usual: Mutex::new(Mood::Takes(0)),
        });
        let mut ids = Ids::seeded(7);
        let room = RoomHead {
            id: ids.room(),
            name: "a room".to_owned(),
            hidden: false,
            context: ContextMode::Own,
            seats: Vec::new(),
        };
        Self { clock, book, log, ids, providers, room }
    }

    /// The engine; inside the runtime only.
    pub fn engine(&self) -> Engine {
        let setup = Setup {
            providers: self.providers.clone(),
            budgets: Budgets::default(),
            zone: TimeZone::UTC,
            door: Door::Cli,
            who: "me".to_owned(),
            tag: None,
            seed: 11,
        };
        let book: Arc<dyn Book> = Arc::<FakeBook>::clone(&self.book);
        let clock = Arc::new(Shown(Arc::clone(&self.clock)));
        Engine::build(setup, World { rates: Arc::new(RoundRates), book, clock })
    }

    /// Asks for one reply of each model.
    pub fn turn(&mut self, models: &[&str]) -> (Job, Vec<Ask>) {
        let asks: Vec<Ask> = (1..).zip(models).map(|(n, model)| self.ask(n, model)).collect();
        let job = Job::Turn {
            room: self.room.clone(),
            turn: self.ids.turn(),
            parent: None,
            prompt: "hello".to_owned(),
            attachments: Vec::new(),
            asks: asks.clone(),
        };
        (job, asks)
    }

    pub fn ask(&mut self, n: u32, model: &str) -> Ask {
        Ask {
            run: self.ids.run(),
            reply: self.ids.reply(),
            sibling: 1,
            seat: Seat {
                id: SeatId(n),
                model: model.parse().expect("a model"),
                system: None,
                params: Params::default(),
                muted: false,
            },
            messages: Arc::new(vec![Message::text(Role::User, "hello")]),
        }
    }

    pub fn again(&mut self, ask: Ask) -> Job {
        Job::Again { room: self.room.clone(), turn: self.ids.turn(), ask }
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// How often a request was sent to a provider.
    pub fn sent(&self, name: &str) -> usize {
        let start = format!("sent {name} ");
        self.log().iter().filter(|line| line.starts_with(&start)).count()
    }

    /// Runs one turn to its end, and gives what each seat told.
    pub fn run(&mut self, models: &[&str]) -> Vec<Told> {
        let (job, asks) = self.turn(models);
        let clock = Arc::clone(&self.clock);
        play(&clock, async {
            let engine = self.engine();
            let (outlet, inlet) = mailbox();
            engine.submit(job, outlet);
            self.listen(inlet, &asks).await
        })
    }

    /// Listens until the mailbox ends. Holds the law: a text is told only when it is committed, or
    /// after it was said that it is not saved; and nothing but `Saved` follows the end.
    pub async fn listen(&self, mut inlet: Inlet, asks: &[Ask]) -> Vec<Told> {
        let (mut told, mut batch) = (Vec::<RunEvent>::new(), Vec::new());
        while inlet.recv_many(&mut batch).await.is_some() {
            for event in batch.drain(..) {
                told.push(event);
                self.check(told.last().map(|event| event.run), &told, asks);
            }
        }
        asks.iter().map(|ask| gather(&told, ask.run)).collect()
    }

    fn check(&self, run: Option<RunId>, told: &[RunEvent], asks: &[Ask]) {
        let Some(ask) = asks.iter().find(|ask| Some(ask.run) == run) else { return };
        let mine: Vec<&RunEventKind> =
            told.iter().filter(|event| Some(event.run) == run).map(|event| &event.kind).collect();
        let unsaved = mine.iter().rev().find_map(|event| match event {
            RunEventKind::Save(SaveState::NotSaved(_)) => Some(true),
            RunEventKind::Save(SaveState::Saved) => Some(false),
            _ => None,
        });
        if unsaved == Some(true) {
            return;
        }
        let shown: String = mine
            .iter()
            .filter_map(|event| match event {
                RunEventKind::Text(text) => Some(text.raw()),
                _ => None,
            })
            .collect();
        let saved = self.book.written.lock().unwrap().text(ask.reply, DeltaKind::Text);
        assert!(saved.starts_with(&shown), "shown {shown:?}, but saved only {saved:?}");
    }
}

fn gather(told: &[RunEvent], run: RunId) -> Told {
    let events: Vec<RunEventKind> =
        told.iter().filter(|event| event.run == run).map(|event| event.kind.clone()).collect();
    let at = events
        .iter()
        .position(|event| matches!(event, RunEventKind::Finished(_)))
        .expect("every run ends with Finished");
    let after = &events[at + 1..];
    assert!(
        after.iter().all(|event| *event == RunEventKind::Save(SaveState::Saved)),
        "after the end came {after:?}"
    );
    let RunEventKind::Finished(outcome) = &events[at] else { unreachable!("just found") };
    Told { outcome: (**outcome).clone(), events }
}
