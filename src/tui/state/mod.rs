//! All that the screen shows, and nothing of how it looks or what keys do. Pure: no IO, no clock;
//! time comes with every event. `update` changes it, `view` reads it.

mod clock;
mod composer;
mod focus;
mod item;
mod keys;
mod money;
mod notes;
mod notices;
mod pane;
mod paste;
mod prompts;
mod questions;
mod room;
mod runs;
mod scroll;
mod setup;
mod summary;
mod target;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use ratatui::layout::Size;

use crate::chat::Ids;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Tariff;
use crate::chat::Turn;
use crate::store::RoomHead;
use crate::text::cell_width;
use crate::text::one_line;
use crate::tui::effect::LoginRow;
use crate::tui::keymap::Keymap;
use crate::tui::keymap::Pending;
use crate::tui::panel::LoginStage;
use crate::tui::panel::ModelRow;
use crate::tui::panel::Panel;
use crate::tui::screen::Areas;

pub use clock::{Clock, FRAME};
pub use composer::{Composer, Offer, Offers, Search};
pub use focus::{AGAIN, BURST, Due, Focus, GUARD, Guards, Look, PASTED, TWICE, Usage};
pub use item::{Item, Piece, Told};
pub use keys::KeyNames;
pub use money::{Money, turn_sum};
pub use notices::Notices;
pub use pane::{Held, Pane};
pub use paste::{Pasted, REFUSED};
pub use room::RoomState;
pub use runs::{FIGURES_EVERY, Figures, Live, Phase, Queue, Retry, Runs, SILENT_AFTER, guess_tokens};
pub use setup::{Estimator, Label, Pricer, Setup, Ui};
pub use summary::{Next, speed};
pub use target::{Target, listed};

/// Cells beside a notice in the composer's border that are left for the keys, and the width below
/// which there are none.
const HINTS: usize = 26;
const NARROW: usize = 60;

/// What is known of models and money, and who to ask.
pub struct Known {
    /// The models that can be chosen.
    pub models: Vec<ModelRow>,
    /// How often they were told.
    pub models_told: u64,
    /// How the tokens of each provider are paid for.
    pub tariffs: BTreeMap<String, Tariff>,
    /// Providers on this machine: nobody is paid there.
    pub near: BTreeSet<String>,
    /// What the config says of models.
    pub labels: HashMap<ModelRef, Label>,
    /// What there is to log in to.
    pub logins: Vec<LoginRow>,
    /// Estimates a request.
    pub estimate: Estimator,
    /// Prices tokens.
    pub price: Pricer,
}

/// The state of the screen.
pub struct State {
    /// The room.
    pub room: RoomState,
    /// Its seats, in their order.
    pub panes: Vec<Pane>,
    /// The current pane, as an index. There is always exactly one while there are panes.
    pub current: usize,
    /// Where the keyboard is.
    pub focus: Focus,
    /// Where Enter sends.
    pub target: Target,
    /// Replies in flight.
    pub runs: Runs,
    /// The draft.
    pub composer: Composer,
    /// How far a login is.
    pub login: LoginStage,
    /// Open panels, the one with the keyboard last.
    pub panels: Vec<Box<dyn Panel>>,
    /// What is on the screen, and where.
    pub look: Look,
    /// The keys.
    pub keymap: Keymap,
    /// Their names, for advice.
    pub keys: Arc<KeyNames>,
    /// A sequence of keys that has begun.
    pub pending: Pending,
    /// Moments that keys are judged by.
    pub guards: Guards,
    /// What is due later.
    pub due: Due,
    /// What is told.
    pub notices: Notices,
    /// What is shown is not on disk: why.
    pub not_saved: Option<String>,
    /// Models and prices.
    pub known: Known,
    /// Sums.
    pub money: Money,
    /// The estimate of what Enter would send now.
    pub estimate: Option<Next>,
    /// Time.
    pub clock: Clock,
    /// Where ids come from.
    pub ids: Ids,
    /// The commands that can be typed, for the palette and the help.
    pub commands: Vec<(&'static str, &'static str)>,
}

impl State {
    /// The state at the start.
    #[must_use]
    pub fn new(setup: Setup, now: Instant) -> Self {
        let last_seat = highest_seat(&setup.seats, &setup.turns);
        let turns = setup.turns.len();
        let mut composer = Composer::new(&setup.draft);
        composer.prompts.add_older(setup.turns.iter().rev().map(|turn| turn.prompt.clone()));
        let notices = Notices::at_start(setup.notices, now);
        let keys = Arc::new(KeyNames::of(&setup.keymap));
        let layout = setup.ui.layout;
        let usage = match setup.ui.usage.as_deref() {
            Some("side") => Usage::Side,
            Some("hidden") => Usage::Hidden,
            _ => Usage::Auto,
        };
        Self {
            room: RoomState {
                id: setup.id,
                name: setup.name,
                hidden: setup.hidden,
                context: setup.context,
                turns: setup.turns,
                unsent: Vec::new(),
                read_only: setup.read_only,
                last_seat,
            },
            panes: setup.seats.into_iter().map(|seat| Pane::new(seat, turns, &keys)).collect(),
            keys,
            current: 0,
            focus: Focus::Composer,
            target: Target::All,
            runs: Runs::default(),
            composer,
            login: LoginStage::default(),
            panels: Vec::new(),
            look: Look {
                ui: setup.ui,
                layout,
                zoom: false,
                usage,
                size: Size::default(),
                areas: Areas::default(),
            },
            keymap: setup.keymap,
            pending: Pending::default(),
            guards: Guards::default(),
            due: Due::default(),
            notices,
            not_saved: None,
            known: Known {
                models: Vec::new(),
                models_told: 0,
                tariffs: setup.tariffs,
                near: setup.near,
                labels: setup.labels,
                logins: Vec::new(),
                estimate: setup.estimate,
                price: setup.price,
            },
            money: Money { budget_day: setup.budget_day, ..Money::default() },
            estimate: None,
            clock: Clock::new(now, setup.at),
            ids: setup.ids,
            commands: Vec::new(),
        }
    }

    /// Puts turns before those that are there, before anything else has happened.
    pub fn prepend(&mut self, earlier: Vec<Turn>) {
        let count = earlier.len();
        self.room.last_seat = self.room.last_seat.max(highest_seat(&[], &earlier));
        self.composer.prompts.add_older(earlier.iter().rev().map(|turn| turn.prompt.clone()));
        self.room.turns.splice(0..0, earlier);
        for pane in &mut self.panes {
            pane.prepend(count);
        }
    }

    /// The current pane.
    #[must_use]
    pub fn pane(&self) -> Option<&Pane> {
        self.panes.get(self.current)
    }

    /// The current pane.
    pub fn pane_mut(&mut self) -> Option<&mut Pane> {
        self.panes.get_mut(self.current)
    }

    /// The pane of a seat.
    #[must_use]
    pub fn pane_of(&self, seat: SeatId) -> Option<&Pane> {
        self.panes.iter().find(|pane| pane.id() == seat)
    }

    /// The pane of a seat.
    pub fn pane_of_mut(&mut self, seat: SeatId) -> Option<&mut Pane> {
        self.panes.iter_mut().find(|pane| pane.id() == seat)
    }

    /// The seats, in the order of the panes.
    #[must_use]
    pub fn seats(&self) -> Vec<Seat> {
        self.panes.iter().map(|pane| pane.seat.clone()).collect()
    }

    /// The room for the store.
    #[must_use]
    pub fn head(&self) -> RoomHead {
        self.room.head(self.seats())
    }

    /// Tells the person something.
    pub fn tell(&mut self, notice: Notice) {
        let now = self.clock.now;
        self.notices.tell(notice, now);
    }

    /// The notice that is shown when the composer's border cannot hold it: it stands in a box of its
    /// own.
    #[must_use]
    pub fn boxed_notice(&self) -> Option<&Notice> {
        let notice = self.notices.shown()?;
        let cells = usize::from(self.look.size.width.saturating_sub(3));
        let one = !notice.text.contains('\n');
        let keys = if cells < NARROW { 0 } else { HINTS };
        let fits = one && cell_width(&one_line(&notice.text)) + 2 + keys <= cells;
        (!fits).then_some(notice)
    }

    /// Tells something that is good to know.
    pub fn say(&mut self, text: impl Into<String>) {
        self.tell(Notice::info(text));
    }
}

fn highest_seat(seats: &[Seat], turns: &[Turn]) -> u32 {
    let seats = seats.iter().map(|seat| seat.id.0);
    let asked = turns.iter().flat_map(|turn| {
        turn.targets.iter().map(|seat| seat.0).chain(turn.replies.iter().map(|reply| reply.seat.0))
    });
    seats.chain(asked).max().unwrap_or(0)
}
