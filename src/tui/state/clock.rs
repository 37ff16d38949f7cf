//! Time as the screen knows it: given with every event, never read.

use std::time::Duration;
use std::time::Instant;

use crate::chat::Millis;

/// One step of the spinner: at most eight a second.
pub const FRAME: Duration = Duration::from_millis(125);

/// The steps of the spinner.
const SPINNER: [&str; 8] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"];

/// Now, and what the wall clock said at a known moment.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The moment of the last event.
    pub now: Instant,
    base: Instant,
    wall: Millis,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn new(now: Instant, wall: Millis) -> Self {
        Self { now, base: now, wall }
    }

    /// The wall clock at the last event.
    #[must_use]
    pub fn wall(&self) -> Millis {
        let since = self.now.saturating_duration_since(self.base).as_millis();
        Millis(self.wall.0.saturating_add(i64::try_from(since).unwrap_or(i64::MAX)))
    }

    /// How long ago a moment was.
    #[must_use]
    pub fn since(&self, then: Instant) -> Duration {
        self.now.saturating_duration_since(then)
    }

    /// The spinner's sign at the last event.
    #[must_use]
    pub fn spinner(&self) -> &'static str {
        let step = self.now.saturating_duration_since(self.base).as_millis() / FRAME.as_millis();
        let step = usize::try_from(step % 8).unwrap_or(0);
        SPINNER.get(step).copied().unwrap_or("⠋")
    }
}
