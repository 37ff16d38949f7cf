//! The first step of a job: everything that will be asked is written down, and only then the runs
//! are let go. What cannot be written is not asked.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::chat::AttemptStart;
use crate::chat::Charge;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Pico;
use crate::chat::RoomId;
use crate::chat::RunId;
use crate::chat::Seat;
use crate::chat::Source;
use crate::chat::Status;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::chat::TurnId;
use crate::engine::Ask;
use crate::engine::Inner;
use crate::engine::Job;
use crate::engine::attempt::Attempt;
use crate::engine::attempt::millis_between;
use crate::engine::estimate;
use crate::engine::estimate::Estimate;
use crate::engine::estimate::pictures;
use crate::engine::event::Outcome;
use crate::engine::event::RunEvent;
use crate::engine::event::RunEventKind;
use crate::engine::journal::Pen;
use crate::engine::limiter::Place;
use crate::engine::outlet::Outlet;
use crate::engine::run::Run;
use crate::store::ReplyStart;
use crate::store::StoreError;
use crate::store::TurnStart;

/// A job that was submitted.
pub struct Start {
    /// What is shared by all.
    pub inner: Arc<Inner>,
    /// What is asked.
    pub job: Job,
    /// For each of its asks, what ends the run and where it stands at the provider.
    pub runs: Vec<(CancellationToken, Option<Place>)>,
    /// Where events go.
    pub outlet: Outlet,
    /// When it was submitted.
    pub submitted: Instant,
}

/// A run, and the name of the provider that it would have asked.
type Asked = (RunId, String);

/// One ask with what is written of it.
struct Planned {
    ask: Ask,
    attempt: AttemptStart,
    input_guess: u64,
}

impl Start {
    /// Writes the job down and starts its runs, or ends them all.
    pub async fn go(self) {
        let Self { inner, job, runs, outlet, submitted } = self;
        let asked: Vec<Asked> =
            job.asks().iter().map(|ask| (ask.run, ask.seat.model.provider.clone())).collect();
        let begun = AssertUnwindSafe(begin(&inner, job)).catch_unwind().await;
        let (planned, name) = match begun {
            Ok(Ok(planned)) => planned,
            Ok(Err(error)) => return refuse(&inner, &asked, &outlet, submitted, &refusal(error)),
            Err(_) => {
                let fault = Fault::new(FaultClass::Internal, "Preparing the requests failed.");
                return refuse(&inner, &asked, &outlet, submitted, &fault.unsent());
            }
        };
        if let Some((name, (run, _))) = name.zip(asked.first()) {
            outlet.send(RunEvent { run: *run, at: inner.clock.now(), kind: RunEventKind::Room(name) });
        }
        for (Planned { ask, attempt, input_guess }, (stop, place)) in planned.into_iter().zip(runs) {
            let pen = Pen::begin(inner.notes.clone(), ask.run, ask.reply, outlet.clone()).await;
            let images = pictures(&ask.messages);
            let run = Run {
                provider: inner.provider(&ask.seat.model.provider),
                inner: Arc::clone(&inner),
                ask,
                first: attempt,
                stop,
                place,
                submitted,
                input_guess,
                images,
                pen,
                attempt: Attempt::new(1),
                spent: Vec::new(),
                owed: Vec::new(),
            };
            inner.runtime.spawn(run.live());
        }
    }
}

/// Commits the job: turn, replies and first attempts in one transaction. Also gives the name that
/// the room has got, when that is not the one that was asked for.
async fn begin(inner: &Inner, job: Job) -> Result<(Vec<Planned>, Option<String>), StoreError> {
    match job {
        Job::Turn { room, turn, parent, prompt, attachments, asks } => {
            let planned = plan(inner, room.id, turn, asks);
            let replies = planned.iter().map(|planned| reply_start(turn, planned)).collect();
            let asked = room.name.clone();
            let start =
                TurnStart { room, turn, parent, at: inner.clock.wall(), prompt, attachments, replies };
            let name = inner.book.begin_turn(start, inner.budgets, inner.zone.clone()).await?;
            Ok((planned, (name != asked).then_some(name)))
        }
        Job::Again { room, turn, ask } => {
            let planned = plan(inner, room.id, turn, vec![ask]);
            let start = planned.iter().map(|planned| reply_start(turn, planned)).next();
            if let Some(start) = start {
                inner.book.begin_reply(room, start, inner.budgets, inner.zone.clone()).await?;
            }
            Ok((planned, None))
        }
    }
}

fn plan(inner: &Inner, room: RoomId, turn: TurnId, asks: Vec<Ask>) -> Vec<Planned> {
    asks.into_iter()
        .map(|ask| {
            let provider = inner.provider(&ask.seat.model.provider);
            let endpoint = provider.as_ref().map(|provider| provider.endpoint());
            let tariff = endpoint.map_or(Tariff::Metered, |endpoint| endpoint.tariff);
            let tariff = inner.rates.paid_by(&ask.seat.model, &Tokens::default(), tariff);
            let estimate = estimate::of(inner.rates.as_ref(), tariff, &ask.seat, &ask.messages);
            let attempt = AttemptStart {
                reply: ask.reply,
                n: 1,
                at: inner.clock.wall(),
                door: inner.door,
                room: Some(room),
                turn: Some(turn),
                seat: Some(ask.seat.id),
                model: ask.seat.model.clone(),
                key_alias: endpoint.map(|endpoint| endpoint.key_alias.clone()).unwrap_or_default(),
                who: inner.who.clone(),
                tag: inner.tag.clone(),
                reserve: reserve(tariff, &ask.seat, &estimate),
            };
            Planned { ask, attempt, input_guess: estimate.input_tokens }
        })
        .collect()
}

/// What is held against the budgets until the attempt is settled. Play money and local models hold
/// nothing. Real money holds the worst case where the user bounded the reply; where nobody did, the
/// model's own limit would be so far off that it refused what costs a cent, so that only a budget
/// that is already spent refuses.
fn reserve(tariff: Tariff, seat: &Seat, estimate: &Estimate) -> Option<i64> {
    match tariff {
        Tariff::Local | Tariff::Play | Tariff::Free | Tariff::Subscription => Some(0),
        Tariff::Metered => seat.params.max_tokens.and(estimate.at_most).map(|pico| pico.0),
    }
}

fn reply_start(turn: TurnId, planned: &Planned) -> ReplyStart {
    let Planned { ask, attempt, .. } = planned;
    ReplyStart {
        reply: ask.reply,
        turn,
        seat: ask.seat.id,
        sibling: ask.sibling,
        model: ask.seat.model.clone(),
        attempt: attempt.clone(),
    }
}

/// Ends all runs of a job of which nothing was written and nothing was sent.
fn refuse(inner: &Inner, asked: &[Asked], outlet: &Outlet, submitted: Instant, fault: &Fault) {
    let at = inner.clock.now();
    for (run, provider) in asked {
        let provider = inner.provider(provider);
        let endpoint = provider.as_ref().map(|provider| provider.endpoint());
        let tariff = endpoint.map_or(Tariff::Metered, |endpoint| endpoint.tariff);
        let outcome = Outcome {
            status: Status::Failed,
            finish: None,
            fault: Some(fault.clone()),
            tokens: Tokens::default(),
            charge: Charge::of(Pico::ZERO, Source::Computed, tariff),
            attempts: 0,
            ttft_ms: None,
            total_ms: millis_between(submitted, at),
            served_model: None,
            upstream: None,
            key_alias: endpoint.map(|endpoint| endpoint.key_alias.clone()).unwrap_or_default(),
        };
        outlet.send(RunEvent { run: *run, at, kind: RunEventKind::Finished(Box::new(outcome)) });
        inner.forget(*run);
    }
    inner.open.send_modify(|open| *open = open.saturating_sub(asked.len()));
}

/// Why nothing was sent, for the pane.
fn refusal(error: StoreError) -> Fault {
    let (class, hint) = match &error {
        StoreError::Budget { advice, .. } => (FaultClass::Budget, advice.as_str()),
        StoreError::ReadOnly(_) => (FaultClass::Internal, "Write there, or open another room here."),
        StoreError::Failed(_) | StoreError::Newer(_) | StoreError::NotFound(_) | StoreError::Closed => {
            (FaultClass::Internal, "What is asked is written down first: salon doctor says what is wrong.")
        }
    };
    Fault::new(class, error.to_string()).hint(hint).unsent()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ModelRef;
    use crate::chat::Params;
    use crate::chat::SeatId;

    #[test]
    fn only_a_bounded_reply_of_real_money_is_held() {
        let estimate = Estimate { input_tokens: 1, expected: None, at_most: Some(Pico(7)) };
        let seat = |max_tokens| Seat {
            id: SeatId(1),
            model: ModelRef::new("lab", "m"),
            system: None,
            params: Params { max_tokens, ..Params::default() },
            muted: false,
        };
        assert_eq!(reserve(Tariff::Metered, &seat(Some(9)), &estimate), Some(7));
        assert_eq!(reserve(Tariff::Metered, &seat(None), &estimate), None);
        assert_eq!(reserve(Tariff::Play, &seat(Some(9)), &estimate), Some(0));
        for tariff in [Tariff::Local, Tariff::Free, Tariff::Subscription] {
            assert_eq!(reserve(tariff, &seat(None), &estimate), Some(0));
        }
    }
}
