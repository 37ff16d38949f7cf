//! The offline models of the program itself: an ordinary provider without a network. First-time
//! users, screenshots and tests run on it.
//!
//! The same request always gets the same reply, but for `flaky`, which counts its refusals. A
//! reply is played at the speed of a real model, or at once: the pace is a parameter, and without
//! it no timer is ever made. Every model is a row of [`models`]. What it costs stands in the price
//! book like that of any model; that it is play money is the endpoint's tariff.

mod cue;
mod eliza;
mod flaky;
mod plain;
mod play;
mod script;
mod seed;
mod thinker;
mod tour;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use crate::chat::ChatRequest;
use crate::chat::Endpoint;
use crate::provider::EventStream;
use crate::provider::Provider;
use crate::provider::demo::cue::Cue;
use crate::provider::demo::play::Beat;
use crate::provider::demo::play::Player;
use crate::provider::demo::play::Tempo;

/// How fast replies are played, in thousandths of the time that a real model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace(u32);

impl Pace {
    /// Like a real model.
    pub const REAL: Self = Self(1000);
    /// At once, without any timer.
    pub const NONE: Self = Self(0);

    /// So many thousandths of a real model's time.
    #[must_use]
    pub const fn thousandths(thousandths: u32) -> Self {
        Self(thousandths)
    }

    /// How long something takes at this pace that takes a real model so long.
    fn of(self, real: Duration) -> Duration {
        real.saturating_mul(self.0) / 1000
    }
}

/// One demo model.
pub struct DemoModel {
    /// The id behind `demo/`.
    pub id: &'static str,
    /// One line for the model picker.
    pub doc: &'static str,
    /// How fast it speaks.
    tempo: Tempo,
    /// What it answers.
    act: fn(&Cue) -> Vec<Beat>,
}

const MODELS: &[DemoModel] = &[
    DemoModel {
        id: "eliza",
        doc: "turns your words round by the method of 1966; remembers what you said",
        tempo: Tempo::speaking(380, 46),
        act: eliza::act,
    },
    DemoModel {
        id: "tour",
        doc: "explains salon, a chapter a turn, and shows what markdown looks like",
        tempo: Tempo::speaking(620, 85),
        act: tour::act,
    },
    DemoModel {
        id: "thinker",
        doc: "thinks about your prompt at length, then answers with a table",
        tempo: Tempo::speaking(900, 64),
        act: thinker::act,
    },
    DemoModel { id: "echo", doc: "says the prompt back, at once", tempo: Tempo::AT_ONCE, act: plain::echo },
    DemoModel {
        id: "slow",
        doc: "is slow to begin and slow to speak",
        tempo: Tempo::speaking(800, 5),
        act: plain::slow,
    },
    DemoModel {
        id: "flaky",
        doc: "fails on purpose; say 429, 503, 401, cut, error or stall, or let it choose",
        tempo: Tempo::speaking(300, 60),
        act: flaky::act,
    },
    DemoModel {
        id: "tools",
        doc: "asks for a tool to be called",
        tempo: Tempo::speaking(450, 70),
        act: plain::tools,
    },
];

/// All demo models.
#[must_use]
pub fn models() -> &'static [DemoModel] {
    MODELS
}

/// The provider.
pub struct Demo {
    endpoint: Endpoint,
    pace: Pace,
    /// How often `flaky` has refused.
    refusals: Arc<AtomicU64>,
}

impl Demo {
    /// A provider that answers at this pace.
    #[must_use]
    pub fn new(endpoint: Endpoint, pace: Pace) -> Self {
        Self { endpoint, pace, refusals: Arc::default() }
    }
}

impl Provider for Demo {
    fn stream(&self, request: ChatRequest) -> EventStream {
        let patience = self.endpoint.timeouts.payload_idle;
        let player = Player::new(request, self.pace, patience, Arc::clone(&self.refusals));
        let items = stream::unfold(player, async |mut player| {
            let item = player.next().await?;
            Some((item, player))
        });
        Box::pin(items.fuse())
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

#[cfg(test)]
mod tests;
