//! What a reply really cost, asked afterwards of a provider that did not say it in the stream: after
//! a stop, a cut or a missing figure, and at the start of a room for those of the last day (safety
//! R68). All of it happens beside the runs: nothing waits for it, least of all the end of salon.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use crate::chat::LedgerEntry;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Source;
use crate::chat::Tariff;
use crate::engine::Inner;
use crate::provider::Provider;
use crate::store::Settled;
use crate::store::Settlement;
use crate::store::Unsettled;

/// How long to wait before each question, in milliseconds; after the last one it stays open.
const PAUSES: [u64; 6] = [500, 1000, 2000, 4000, 8000, 15_000];

/// How far back open attempts are looked for.
const BACK_MS: i64 = 24 * 60 * 60 * 1000;

/// How many attempts of earlier rooms are asked about at once.
const AT_ONCE: usize = 4;

/// Who is told of a figure that came afterwards.
pub type Tell = Box<dyn Fn(Settled) + Send + Sync>;

/// Asks about one attempt that has just ended, when there is anything to ask and somebody to tell.
pub fn later(inner: &Arc<Inner>, model: &ModelRef, entry: &LedgerEntry) {
    let Some(generation) = entry.generation_id.as_ref() else { return };
    let known = entry.charge.source == Source::Reported || entry.charge.tariff != Tariff::Metered;
    let Some(provider) = inner.provider(&model.provider) else { return };
    if known || inner.tell.get().is_none() || provider.true_cost(generation.raw()).is_none() {
        return;
    }
    let open = Unsettled {
        reply: entry.reply,
        n: entry.n,
        model: model.clone(),
        generation: generation.raw().to_owned(),
    };
    inner.runtime.spawn(one(Arc::clone(inner), open));
}

/// Asks about everything of the last day that is still open.
pub async fn all(inner: Arc<Inner>) {
    let since = Millis(inner.clock.wall().0.saturating_sub(BACK_MS));
    let names = inner.names_of(|provider| provider.true_cost("").is_some());
    if names.is_empty() {
        return;
    }
    let Ok(open) = inner.book.unsettled(since, names).await else { return };
    stream::iter(open).for_each_concurrent(AT_ONCE, |open| one(Arc::clone(&inner), open)).await;
}

/// Asks until there is an answer that counts, or the patience ends.
async fn one(inner: Arc<Inner>, open: Unsettled) {
    let Some(provider) = inner.provider(&open.model.provider) else { return };
    for pause in PAUSES {
        let until = inner.clock.now() + Duration::from_millis(pause);
        inner.clock.sleep_until(until).await;
        if once(&inner, provider.as_ref(), &open).await.is_over() {
            return;
        }
    }
    tracing::info!(reply = %open.reply, attempt = open.n, "what it cost stays open");
}

/// What became of one question.
enum Asked {
    /// It is written, or need not be asked again.
    Over,
    /// Not yet.
    Open,
}

impl Asked {
    fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }
}

async fn once(inner: &Inner, provider: &dyn Provider, open: &Unsettled) -> Asked {
    let Some(answer) = provider.true_cost(&open.generation) else { return Asked::Over };
    let cost = match answer.await {
        Ok(Some(cost)) => cost,
        Ok(None) => return Asked::Open,
        Err(fault) => {
            tracing::warn!(reply = %open.reply, attempt = open.n, "what it cost is not told: {fault}");
            return if fault.retryable { Asked::Open } else { Asked::Over };
        }
    };
    let settlement = Settlement {
        reply: open.reply,
        n: open.n,
        at: inner.clock.wall(),
        cost: cost.cost,
        tokens: cost.tokens,
        served_model: cost.served_model,
        upstream: cost.upstream,
        tier: cost.tier,
        raw: cost.raw,
    };
    match inner.book.settle(settlement).await {
        Ok(Some(settled)) => {
            tracing::info!(reply = %open.reply, attempt = open.n, charge = %settled.charge, "settled");
            if let Some(tell) = inner.tell.get() {
                tell(settled);
            }
            Asked::Over
        }
        Ok(None) => Asked::Over,
        // Its end may not be written yet, or the disk may be full for a moment.
        Err(_) => Asked::Open,
    }
}
