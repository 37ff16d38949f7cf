//! One reply: ask, read what streams, ask again when that is safe, and end. Each run is a task of
//! its own; what happens to it happens to no other. It decides when to try again and how a run
//! ends; it does not count money (`account.rs`), and tells nobody anything but through the journal.

use std::future::pending;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use std::time::Instant;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::chat::AttemptStart;
use crate::chat::Charge;
use crate::chat::ChatRequest;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::LedgerEntry;
use crate::chat::Pico;
use crate::chat::Status;
use crate::chat::StreamEvent;
use crate::chat::Tariff;
use crate::chat::apart;
use crate::chat::short_usd;
use crate::engine::Ask;
use crate::engine::Inner;
use crate::engine::account::total;
use crate::engine::attempt::Account;
use crate::engine::attempt::Attempt;
use crate::engine::attempt::millis_between;
use crate::engine::event::Outcome;
use crate::engine::event::RunEventKind;
use crate::engine::journal::Pen;
use crate::engine::lane::Ending;
use crate::engine::lane::Piece;
use crate::engine::limiter::Hold;
use crate::engine::limiter::Place;
use crate::engine::limiter::spread;
use crate::engine::settle;
use crate::provider::EventStream;
use crate::provider::Provider;
use crate::store::DeltaKind;
use crate::store::ReplyEnd;

/// The longest wait for which a request is sent again by itself; a longer one is the user's to wait.
const MOST_PATIENCE_MS: u64 = 60_000;

/// The most further attempts, whatever the provider's limits say (safety R43).
const MOST_RETRIES: u32 = 2;

/// How many batches are taken at once before they are handed over.
const MOST_AT_ONCE: usize = 64;

/// One reply in flight.
pub struct Run {
    /// What is shared by all.
    pub inner: Arc<Inner>,
    /// What is asked.
    pub ask: Ask,
    /// Who answers; `None` when no provider has that name.
    pub provider: Option<Arc<dyn Provider>>,
    /// The first attempt as it was written; later ones are like it but for number and time.
    pub first: AttemptStart,
    /// Ends the run.
    pub stop: CancellationToken,
    /// Where it stands at the provider; `None` when the next attempt has to line up anew.
    pub place: Option<Place>,
    /// When the job was submitted.
    pub submitted: Instant,
    /// Our estimate of what is sent, in tokens.
    pub input_guess: u64,
    /// How many pictures are sent.
    pub images: u64,
    /// The way to the journal.
    pub pen: Pen,
    /// The request that is in flight, or was the last.
    pub attempt: Attempt,
    /// What earlier attempts cost.
    pub spent: Vec<Charge>,
    /// How they ended, for questions about their cost that are asked after the end.
    pub owed: Vec<LedgerEntry>,
}

impl Run {
    /// Runs to the end. Nothing that happens in here, a panic included, goes beyond this run.
    pub async fn live(mut self) {
        let status = AssertUnwindSafe(self.drive()).catch_unwind().await.unwrap_or_else(|_| {
            self.fail(internal_fault());
            Status::Failed
        });
        self.place = None;
        self.close(status).await;
    }

    /// Asks until there is an end that counts.
    async fn drive(&mut self) -> Status {
        let stop = self.stop.clone();
        loop {
            let answer = tokio::select! {
                biased;
                () = stop.cancelled() => return Status::Stopped,
                answer = self.request() => answer,
            };
            let Err(fault) = answer else { return Status::Done };
            let status = if fault.cut && self.attempt.output { Status::Cut } else { Status::Failed };
            let pause = self.pause_before_retry(&fault);
            self.heed(&fault, pause);
            // Only now: whoever comes in next shall know of the pause.
            self.place = None;
            self.fail(fault);
            let Some(pause) = pause else { return status };
            tokio::select! {
                biased;
                () = stop.cancelled() => return Status::Stopped,
                () = self.rest(pause) => {}
            }
            // Not to be stopped half-way: once this is on its way, the next attempt has begun.
            if !self.begin_next().await {
                return status;
            }
        }
    }

    /// One request, from waiting for its turn to the end of its stream. Dropping this closes the socket.
    async fn request(&mut self) -> Result<(), Fault> {
        let model = &self.ask.seat.model;
        let Some(provider) = self.provider.clone() else {
            return Err(Fault::new(
                FaultClass::NotFound,
                format!("There is no provider called {:?}.", model.provider),
            )
            .hint("Name it in the config, or choose another model.")
            .unsent());
        };
        self.admit(provider.as_ref()).await;
        self.tell(RunEventKind::Connecting { attempt: self.attempt.n }).await;
        let mut stream = provider.stream(ChatRequest {
            model: self.ask.seat.model.clone(),
            messages: Arc::clone(&self.ask.messages),
            params: self.ask.seat.params.clone(),
            tools: Vec::new(),
            abilities: self.inner.rates.abilities(&self.ask.seat.model),
        });
        self.attempt.sent = Some(self.inner.clock.now());
        self.attempt.sent_at = Some(self.inner.clock.wall());
        tracing::info!(model = %self.ask.seat.model, reply = %self.ask.reply, attempt = self.attempt.n, "asked");
        loop {
            let over = self.pull(&mut stream).await;
            // Nothing more is wanted of a stream that is over, least of all that it is kept open.
            if !matches!(over, Ok(false)) {
                return over.map(|_| ());
            }
            self.pen.flush().await;
        }
    }

    /// Waits for its turn at the provider, and says so when that takes time.
    async fn admit(&mut self, provider: &dyn Provider) {
        let line_up = || self.inner.limiter.line_up(provider.endpoint(), &self.ask.seat.model.id);
        let mut place = self.place.take().unwrap_or_else(line_up);
        let gate = Arc::clone(place.gate());
        let mut told = None;
        loop {
            // Asked for before looking: nothing moves unseen in between.
            let moved = gate.moved();
            let now = self.inner.clock.now();
            let Err(Hold { why, until, closed }) = place.enter(now) else { break };
            // All of a key wait for the same end of a pause: they do not come back at once.
            let wait = |until: Instant| until.saturating_duration_since(now);
            let spread = |until| until + spread(&self.inner.chance, wait(until));
            let until = if closed { until.map(spread) } else { until };
            if news(told.as_ref(), &why, until) {
                told = Some((why.clone(), until));
                let for_ms = until.map(|until| millis_between(now, until));
                self.tell(RunEventKind::Queued { why, for_ms }).await;
            }
            let slept = async {
                match until {
                    Some(until) => self.inner.clock.sleep_until(until).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = moved, if !closed => {}
                () = slept => {}
            }
        }
        self.place = Some(place);
    }

    /// Takes what the stream has, and waits only when it has nothing. Says whether it is over.
    async fn pull(&mut self, stream: &mut EventStream) -> Result<bool, Fault> {
        poll_fn(|cx| {
            for taken in 0..MOST_AT_ONCE {
                match stream.as_mut().poll_next(cx) {
                    Poll::Pending if taken == 0 => return Poll::Pending,
                    Poll::Pending => break,
                    Poll::Ready(Some(Ok(batch))) => match self.absorb(batch) {
                        Ok(false) => {}
                        over => return Poll::Ready(over),
                    },
                    Poll::Ready(Some(Err(fault))) => return Poll::Ready(Err(fault)),
                    Poll::Ready(None) => {
                        return Poll::Ready(Err(Fault::cut("The stream ended without its end mark.")));
                    }
                }
            }
            Poll::Ready(Ok(false))
        })
        .await
    }

    fn absorb(&mut self, batch: Vec<StreamEvent>) -> Result<bool, Fault> {
        let now = self.inner.clock.now();
        for event in batch {
            if let StreamEvent::Hold(ms) = &event {
                self.hold(*ms);
            }
            if self.attempt.output {
                // Nothing is asked a second time now.
                self.ask.messages = Arc::default();
            }
            let unnamed = self.attempt.generation().is_none();
            let taken = self.attempt.take(event, now, self.pen.pieces());
            if unnamed {
                self.name_attempt();
            }
            if taken? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes down by what name the provider is asked for the cost, should salon die before the end.
    /// The answer is not waited for: what is asked of the store is done in order.
    fn name_attempt(&self) {
        let (Some(id), Some(provider)) = (self.attempt.generation(), &self.provider) else { return };
        if provider.true_cost(id).is_some() {
            drop(self.inner.book.name_attempt(self.ask.reply, self.attempt.n, id.to_owned()));
        }
    }

    /// How long to wait before the same request is sent again; `None` when it is not.
    fn pause_before_retry(&self, fault: &Fault) -> Option<Duration> {
        let retries = self.provider.as_ref()?.endpoint().limits.retries.min(MOST_RETRIES);
        if !fault.retryable || self.attempt.output || self.attempt.n > retries {
            return None;
        }
        match fault.retry_after_ms {
            Some(asked) if asked > MOST_PATIENCE_MS => None,
            Some(asked) => Some(Duration::from_millis(asked)),
            None => Some(self.inner.chance.backoff(self.attempt.n.saturating_sub(1))),
        }
    }

    /// A provider that says "too many" is left alone for a while by all runs of that key.
    fn heed(&self, fault: &Fault, pause: Option<Duration>) {
        let asked = fault.retry_after_ms.filter(|asked| *asked <= MOST_PATIENCE_MS);
        let wait = asked.map(Duration::from_millis).or(pause);
        if let (FaultClass::Rate, Some(wait), Some(provider)) = (fault.class, wait, &self.provider) {
            let gate = self.inner.limiter.gate(provider.endpoint());
            gate.close_until(self.inner.clock.now() + wait);
        }
    }

    /// A provider that says "no more for now" with its answer is not asked again before that is over.
    /// A limit of hours or days is left to the answer of the next request.
    fn hold(&self, ms: u64) {
        if let (Some(provider), true) = (&self.provider, ms <= MOST_PATIENCE_MS) {
            let gate = self.inner.limiter.gate(provider.endpoint());
            gate.close_until(self.inner.clock.now() + Duration::from_millis(ms));
        }
    }

    /// Notes why the attempt failed, and when.
    fn fail(&mut self, mut fault: Fault) {
        // Whatever else could be done: this long nobody waits by chance.
        if let Some(asked) = fault.retry_after_ms.filter(|asked| *asked > MOST_PATIENCE_MS) {
            let minutes = asked.div_ceil(60_000);
            fault.hint = format!("It asks to wait {minutes} min: ask again then, or ask another model.");
        }
        let (reply, attempt) = (self.ask.reply, self.attempt.n);
        tracing::warn!(%reply, attempt, http = fault.http_status, "failed: {fault}");
        self.attempt.failed = Some((fault, self.inner.clock.now(), self.inner.clock.wall()));
    }

    /// The pause before the next attempt.
    async fn rest(&mut self, pause: Duration) {
        let until = self.inner.clock.now() + pause;
        if let Some((why, ..)) = &self.attempt.failed {
            let why = why.clone();
            self.tell(RunEventKind::Retry {
                attempt: self.attempt.n + 1,
                after_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                why,
            })
            .await;
        }
        self.inner.clock.sleep_until(until).await;
    }

    /// Closes the failed attempt in the book and begins the next. When that cannot be written, no
    /// further request is sent.
    async fn begin_next(&mut self) -> bool {
        let failed = self.entry();
        let charge = failed.charge;
        self.owed.push(failed.clone());
        let n = self.attempt.n + 1;
        let next = AttemptStart { n, at: self.inner.clock.wall(), ..self.first.clone() };
        if self.inner.book.retry(failed, next).await.is_err() {
            return false;
        }
        self.spent.push(charge);
        self.attempt = Attempt::new(n);
        true
    }

    /// Writes down how it ended; the journal tells it.
    async fn close(&mut self, status: Status) {
        let entry = self.entry();
        let (reply, attempt, ms) = (self.ask.reply, self.attempt.n, entry.duration_ms);
        tracing::info!(%reply, attempt, status = status.name(), ms, charge = %entry.charge, "ended");
        self.spent.push(entry.charge);
        let charge = total(&self.spent, self.tariff());
        let total_ms = millis_between(self.submitted, self.inner.clock.now());
        let failed = self.attempt.failed.as_ref().map(|(fault, ..)| fault.clone());
        // A run that was stopped while it waited to try again has not failed.
        let fault = failed.filter(|_| status != Status::Stopped);
        let outcome = Outcome {
            status,
            finish: entry.finish.clone(),
            fault,
            tokens: entry.tokens,
            charge,
            attempts: self.attempt.n,
            ttft_ms: entry.ttft_ms,
            total_ms,
            served_model: entry.served_model.clone(),
            upstream: entry.upstream.clone(),
            key_alias: self.first.key_alias.clone(),
        };
        for entry in self.owed.iter().chain([&entry]) {
            settle::later(&self.inner, &self.ask.seat.model, entry);
        }
        if let Some(words) = self.doubt(&entry) {
            self.pen.pieces().push(Piece::Written(DeltaKind::Note, words));
        }
        let end = Box::new(reply_end(&outcome, entry));
        self.pen.end(Ending { end, outcome: Some(Box::new(outcome)) }).await;
        self.inner.forget(self.ask.run);
    }

    /// Says once for each model that its provider charges something else than the prices say.
    fn doubt(&self, entry: &LedgerEntry) -> Option<String> {
        let (told, own) = apart(&entry.charge, entry.computed.map(Pico))?;
        let model = &self.ask.seat.model;
        self.inner.doubts(model).then(|| {
            let far = match own {
                Pico(1..) => {
                    format!("{} % apart", i128::from(told.0.abs_diff(own.0)) * 100 / i128::from(own.0))
                }
                _ => "they say that it costs nothing".to_owned(),
            };
            let short = |pico: Pico| short_usd(i128::from(pico.0));
            format!("{model} reports {}, prices say {}: {far}", short(told), short(own))
        })
    }

    async fn tell(&mut self, event: RunEventKind) {
        self.pen.pieces().push(Piece::Told(event));
        self.pen.flush().await;
    }

    fn entry(&self) -> LedgerEntry {
        let account = Account {
            reply: self.ask.reply,
            model: &self.ask.seat.model,
            tariff: self.tariff(),
            input_guess: self.input_guess,
            images: self.images,
        };
        let now = (self.inner.clock.now(), self.inner.clock.wall());
        self.attempt.entry(self.inner.rates.as_ref(), &account, now)
    }

    fn tariff(&self) -> Tariff {
        self.provider.as_ref().map_or(Tariff::Metered, |provider| provider.endpoint().tariff)
    }
}

/// Whether that is worth telling after what was told: the same wait does not end at the very same
/// instant each time that somebody moves.
fn news(told: Option<&(String, Option<Instant>)>, why: &str, until: Option<Instant>) -> bool {
    let Some((before, was)) = told else { return true };
    let near = |a: Instant, b: Instant| a.max(b) - a.min(b) < Duration::from_secs(1);
    let same = match (was, until) {
        (Some(was), Some(until)) => near(*was, until),
        (None, None) => true,
        _ => false,
    };
    !same || before != why
}

fn reply_end(outcome: &Outcome, entry: LedgerEntry) -> ReplyEnd {
    ReplyEnd {
        reply: entry.reply,
        status: outcome.status,
        finish: outcome.finish.clone(),
        fault: outcome.fault.clone(),
        tokens: outcome.tokens,
        charge: outcome.charge,
        served_model: outcome.served_model.clone(),
        upstream: outcome.upstream.clone(),
        attempts: outcome.attempts,
        ttft_ms: outcome.ttft_ms,
        total_ms: outcome.total_ms,
        entry,
    }
}

/// What a panic is to the person: nothing of what it said is shown, because it may hold anything.
fn internal_fault() -> Fault {
    Fault::new(FaultClass::Internal, "Reading this reply failed.")
        .hint("Please report this. The other panes go on.")
}
