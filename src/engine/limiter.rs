//! How much one key is asked. A gate for each (provider, key): so many requests in flight, so many a
//! minute, and a pause for all of them when the provider asks for one. One gate never holds up
//! another. It does not retry; it only lets in. The randomness of all waits is here and comes from a seed.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Limits;

/// The longest time by which requests that waited for one pause are spread afterwards.
const MAX_SPREAD_MS: u64 = 500;

/// The longest pause before a retry for which no time was asked.
const MAX_BACKOFF_MS: u64 = 8_000;

const MINUTE: Duration = Duration::from_secs(60);

/// Numbers at random from a seed, for any number of tasks at once.
pub struct Chance(AtomicU64);

impl Chance {
    /// The same seed gives the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A number from 0 to `most`, both included.
    pub fn up_to(&self, most: u64) -> u64 {
        // SplitMix64: a counter and a mixer, so that one atomic addition is all the state there is.
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = u128::from(z ^ (z >> 31));
        // Scaled down, not taken modulo: every value is equally likely but for one part in 2^64.
        u64::try_from((z * (u128::from(most) + 1)) >> 64).unwrap_or(most)
    }

    /// The pause before the retry of that number (0 is the first): full jitter over half a second,
    /// doubled each time, at most eight seconds.
    pub fn backoff(&self, retry: u32) -> Duration {
        let most = 500_u64.checked_shl(retry).unwrap_or(MAX_BACKOFF_MS).min(MAX_BACKOFF_MS);
        Duration::from_millis(self.up_to(most))
    }
}

/// All gates, each made at first use.
#[derive(Default)]
pub struct Limiter {
    gates: Mutex<HashMap<(String, String), Arc<Gate>>>,
}

impl Limiter {
    /// The gate of this endpoint's key.
    pub fn gate(&self, endpoint: &Endpoint) -> Arc<Gate> {
        let key = (endpoint.name.clone(), endpoint.key_alias.clone());
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates.entry(key).or_insert_with(|| Arc::new(Gate::new(&endpoint.name, endpoint.limits)));
        Arc::clone(gate)
    }
}

/// How many requests a minute a model may get besides the limit of its provider: OpenRouter answers
/// twenty for all models that it gives away.
#[must_use]
pub fn rate_of_model(endpoint: &Endpoint, id: &str) -> Option<u32> {
    (endpoint.dialect == Dialect::OpenRouter && id.ends_with(":free")).then_some(20)
}

/// The way in to one key of one provider.
pub struct Gate {
    name: String,
    most: usize,
    rate: Option<u32>,
    slots: Arc<Semaphore>,
    times: Mutex<Times>,
}

/// What happened at a gate, as far as it decides who comes in.
#[derive(Default)]
struct Times {
    closed_until: Option<Instant>,
    /// When requests began within the last minute: all of them, and those of models with a limit of
    /// their own.
    all: VecDeque<Instant>,
    limited: VecDeque<Instant>,
}

/// Held while a request is in flight.
pub struct Pass {
    _slot: Option<OwnedSemaphorePermit>,
}

/// Why one may not begin yet, and when it is worth asking again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// In words.
    pub why: String,
    /// Not before then.
    pub until: Instant,
    /// The provider has closed the gate, for all of its key at once.
    pub closed: bool,
}

impl Gate {
    fn new(name: &str, limits: Limits) -> Self {
        let most = limits.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let slots = Arc::new(Semaphore::new(most));
        Self { name: name.to_owned(), most, rate: limits.rate, slots, times: Mutex::default() }
    }

    /// A pass, when one is free and nobody was there before.
    pub fn try_enter(&self) -> Option<Pass> {
        Arc::clone(&self.slots).try_acquire_owned().ok().map(|slot| Pass { _slot: Some(slot) })
    }

    /// Waits for a pass, first come, first served.
    pub async fn enter(&self) -> Pass {
        // The semaphore is never closed; if it were, waiting for ever would be the worse answer.
        Pass { _slot: Arc::clone(&self.slots).acquire_owned().await.ok() }
    }

    /// Why one has to wait for a pass, in words.
    #[must_use]
    pub fn why_full(&self) -> String {
        match self.most {
            1 => format!("{} runs 1", self.name),
            most => format!("{} runs {most} at once", self.name),
        }
    }

    /// Lets nobody in before `until`, as the provider asked.
    pub fn close_until(&self, until: Instant) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.closed_until = Some(times.closed_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// Whoever has a pass may begin now, and is counted, or is told why not. `rate` is the limit of
    /// the model itself.
    ///
    /// # Errors
    /// When the provider has closed the gate, or a minute's requests have begun.
    pub fn begin(&self, now: Instant, rate: Option<u32>) -> Result<(), Hold> {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = times.closed_until.filter(|until| *until > now) {
            return Err(Hold { why: format!("{} asks to wait", self.name), until, closed: true });
        }
        let Times { all, limited, .. } = &mut *times;
        for (starts, rate) in [(&mut *all, self.rate), (&mut *limited, rate)] {
            let Some((most, until)) = rate.and_then(|rate| Some((rate, opens(starts, rate, now)?))) else {
                continue;
            };
            let why = format!("{} takes {most} a minute", self.name);
            return Err(Hold { why, until, closed: false });
        }
        if self.rate.is_some() {
            all.push_back(now);
        }
        if rate.is_some() {
            limited.push_back(now);
        }
        Ok(())
    }
}

/// When one more may begin, after these; `None`: now. Forgets what began more than a minute ago.
fn opens(starts: &mut VecDeque<Instant>, rate: u32, now: Instant) -> Option<Instant> {
    while starts.front().is_some_and(|start| *start + MINUTE <= now) {
        starts.pop_front();
    }
    let most = usize::try_from(rate).unwrap_or(usize::MAX);
    let first = starts.len().checked_sub(most)?;
    starts.get(first).map(|start| *start + MINUTE)
}

/// By how much a request that waited so long is put off, so that not all come back at once.
pub fn spread(chance: &Chance, waited: Duration) -> Duration {
    let tenth = u64::try_from(waited.as_millis() / 10).unwrap_or(MAX_SPREAD_MS);
    Duration::from_millis(chance.up_to(tenth.min(MAX_SPREAD_MS)))
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
