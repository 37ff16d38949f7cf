//! How much one key is asked. A gate for each (provider, key): so many requests in flight, so many a
//! minute, and a pause for all of them when the provider asks for one. Who came first goes in first.
//! One gate never holds up another. It does not retry; it only lets in. The randomness of all waits
//! is here and comes from a seed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

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

    /// A place at the end of the line of this endpoint's key, for a request to that model.
    pub fn line_up(&self, endpoint: &Endpoint, id: &str) -> Place {
        // OpenRouter answers twenty requests a minute for all models that it gives away.
        let given_away = endpoint.dialect == Dialect::OpenRouter && id.ends_with(":free");
        Gate::line_up(self.gate(endpoint), given_away.then_some(20))
    }
}

/// The way in to one key of one provider.
pub struct Gate {
    name: String,
    most: usize,
    rate: Option<u32>,
    state: Mutex<State>,
    moved: Notify,
}

/// Who stands where, and what happened before, as far as it decides who comes in.
#[derive(Default)]
struct State {
    closed_until: Option<Instant>,
    inside: usize,
    /// Who is not in yet, in the order of coming: a number, and the limit of the model itself.
    line: Vec<(u64, Option<u32>)>,
    next: u64,
    starts: Starts,
}

/// When requests began within the last minute, oldest first: all of them, and those of models with a
/// limit of their own.
#[derive(Clone, Default)]
struct Starts {
    all: Vec<Instant>,
    limited: Vec<Instant>,
}

/// A place in the line of a gate, then inside. Dropping it leaves it to the next.
pub struct Place {
    gate: Arc<Gate>,
    number: u64,
    rate: Option<u32>,
    is_inside: bool,
}

/// Why one may not begin yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// In words.
    pub why: String,
    /// Not before then; `None` when it depends on when others end.
    pub until: Option<Instant>,
    /// The provider has closed the gate, for all of its key at once.
    pub closed: bool,
}

impl Gate {
    fn new(name: &str, limits: Limits) -> Self {
        let (name, most) = (name.to_owned(), limits.concurrency.max(1));
        Self { name, most, rate: limits.rate, state: Mutex::default(), moved: Notify::new() }
    }

    fn line_up(gate: Arc<Self>, rate: Option<u32>) -> Place {
        let mut state = gate.state();
        let number = state.next;
        state.next += 1;
        state.line.push((number, rate));
        drop(state);
        Place { gate, number, rate, is_inside: false }
    }

    /// Ends when somebody begins, ends, or leaves the line after this was called.
    pub fn moved(&self) -> Notified<'_> {
        self.moved.notified()
    }

    /// Lets nobody in before `until`, as the provider asked.
    pub fn close_until(&self, until: Instant) {
        let mut state = self.state();
        state.closed_until = Some(state.closed_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// Why whoever has that place may not come in yet.
    fn hold(&self, state: &State, place: &Place, now: Instant) -> Option<Hold> {
        if let Some(until) = state.closed_until.filter(|until| *until > now) {
            let why = format!("{} asks to wait", self.name);
            return Some(Hold { why, until: Some(until), closed: true });
        }
        // Each before it has what it may have by now. A model whose own limit is used up is not
        // waited for by others.
        let (mut starts, mut ahead) = (state.starts.clone(), 0);
        for (_, rate) in state.line.iter().take_while(|(number, _)| *number < place.number) {
            let at = starts.next(self.rate, *rate, now).map_or(now, |(at, _)| at);
            if place.rate.is_some() || starts.own(*rate, now).is_none() {
                starts.add(at, rate.is_some());
                ahead += 1;
            }
        }
        if let Some((at, most)) = starts.next(self.rate, place.rate, now) {
            let why = format!("{} takes {most} a minute", self.name);
            return Some(Hold { why, until: Some(at), closed: false });
        }
        (state.inside + ahead >= self.most).then(|| {
            let many = if self.most == 1 { "" } else { " at once" };
            let before = if ahead == 0 { String::new() } else { format!(", {ahead} ahead") };
            let why = format!("{} runs {}{many}{before}", self.name, self.most);
            Hold { why, until: None, closed: false }
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Starts {
    /// When one more may begin after these, and the limit that says so; `None`: now.
    fn next(&self, rate: Option<u32>, own: Option<u32>, now: Instant) -> Option<(Instant, u32)> {
        opens(&self.all, rate, now).max(self.own(own, now))
    }

    /// The same by the limit of the model alone.
    fn own(&self, own: Option<u32>, now: Instant) -> Option<(Instant, u32)> {
        opens(&self.limited, own, now)
    }

    fn add(&mut self, at: Instant, limited: bool) {
        for starts in [Some(&mut self.all), limited.then_some(&mut self.limited)].into_iter().flatten() {
            starts.insert(starts.partition_point(|start| *start <= at), at);
        }
    }

    fn forget(&mut self, now: Instant) {
        for starts in [&mut self.all, &mut self.limited] {
            starts.retain(|start| *start + MINUTE > now);
        }
    }
}

/// When one more than these may begin, at so many a minute.
fn opens(starts: &[Instant], rate: Option<u32>, now: Instant) -> Option<(Instant, u32)> {
    let rate = rate?;
    let first = starts.len().checked_sub(usize::try_from(rate).unwrap_or(usize::MAX))?;
    starts.get(first).map(|start| (*start + MINUTE, rate)).filter(|(at, _)| *at > now)
}

impl Place {
    /// The gate that it is at.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Comes in, and counts as begun, when all who came before have what they may have by now and
    /// there is room left.
    ///
    /// # Errors
    /// Why not yet.
    pub fn enter(&mut self, now: Instant) -> Result<(), Hold> {
        let mut state = self.gate.state();
        state.starts.forget(now);
        if let Some(hold) = self.gate.hold(&state, self, now) {
            return Err(hold);
        }
        state.line.retain(|(number, _)| *number != self.number);
        state.inside += 1;
        if self.gate.rate.is_some() || self.rate.is_some() {
            state.starts.add(now, self.rate.is_some());
        }
        drop(state);
        self.is_inside = true;
        self.gate.moved.notify_waiters();
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        if self.is_inside {
            state.inside -= 1;
        } else {
            state.line.retain(|(number, _)| *number != self.number);
        }
        drop(state);
        self.gate.moved.notify_waiters();
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
