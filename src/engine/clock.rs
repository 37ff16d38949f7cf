//! Time as a parameter: the engine asks here what time it is and waits here, so that tests run by a
//! clock of their own. Durations are measured on the monotonic clock; the wall clock is for what is
//! stored only. Decides nothing.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use crate::chat::Millis;

/// A wait.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What time it is.
pub trait Clock: Send + Sync {
    /// The monotonic clock.
    fn now(&self) -> Instant;

    /// The wall clock.
    fn wall(&self) -> Millis;

    /// Waits until the monotonic clock shows `when`.
    fn sleep_until(&self, when: Instant) -> Sleep;
}

/// The clocks of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> Millis {
        Millis::now()
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        Box::pin(tokio::time::sleep_until(when.into()))
    }
}
