//! How much one key is asked at once. A gate for each (provider, key): so many requests in flight,
//! and a pause for all of them when the provider asks for one. One gate never holds up another. It
//! does not retry; it only lets in. The randomness of all waits is here and comes from a seed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::chat::Endpoint;

/// The longest time by which requests that waited for one pause are spread afterwards.
const MAX_SPREAD_MS: u64 = 500;

/// The longest pause before a retry for which no time was asked.
const MAX_BACKOFF_MS: u64 = 8_000;

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
        let gate = gates.entry(key).or_insert_with(|| {
            let most = endpoint.limits.concurrency.clamp(1, Semaphore::MAX_PERMITS);
            Arc::new(Gate {
                name: endpoint.name.clone(),
                most,
                slots: Arc::new(Semaphore::new(most)),
                closed_until: Mutex::new(None),
            })
        });
        Arc::clone(gate)
    }
}

/// The way in to one key of one provider.
pub struct Gate {
    name: String,
    most: usize,
    slots: Arc<Semaphore>,
    closed_until: Mutex<Option<Instant>>,
}

/// Held while a request is in flight.
pub struct Pass {
    _slot: Option<OwnedSemaphorePermit>,
}

impl Gate {
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
            1 => format!("waiting · {} runs 1", self.name),
            most => format!("waiting · {} runs {most} at once", self.name),
        }
    }

    /// Lets nobody in before `until`, as the provider asked.
    pub fn close_until(&self, until: Instant) {
        let mut closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = Some(closed.map_or(until, |earlier| earlier.max(until)));
    }

    /// Until when nobody is let in; `None` when it is open.
    #[must_use]
    pub fn closed(&self, now: Instant) -> Option<Instant> {
        let closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        closed.filter(|until| *until > now)
    }

    /// Why one has to wait for the pause to end, in words.
    #[must_use]
    pub fn why_closed(&self, wait: Duration) -> String {
        format!("waiting · {} asks for {} s", self.name, wait.as_millis().div_ceil(1000))
    }
}

/// By how much a request that waited so long is put off, so that not all come back at once.
pub fn spread(chance: &Chance, waited: Duration) -> Duration {
    let tenth = u64::try_from(waited.as_millis() / 10).unwrap_or(MAX_SPREAD_MS);
    Duration::from_millis(chance.up_to(tenth.min(MAX_SPREAD_MS)))
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
