//! What others ask of the state: when the screen must change by itself, what a seat is called.

use std::time::Duration;
use std::time::Instant;

use crate::chat::ModelRef;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Tariff;
use crate::text::one_line;
use crate::tui::state::FRAME;
use crate::tui::state::State;

/// The pause before more colours of code are made.
const COLOURS: Duration = Duration::from_millis(16);

impl State {
    /// When the screen must change by itself: the next step of a visible spinner, a notice in
    /// the border that goes, a draft to save, an estimate to make. `None` when nothing moves: then no timer runs.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let step = if self.look.ui.reduced_motion { Duration::from_secs(1) } else { FRAME };
        let frame = self.shows_life().then(|| now + step);
        let colours = self.waits_for_colours().then(|| now + COLOURS);
        let notice = self.notices.until().filter(|_| self.boxed_notice().is_none());
        [frame, colours, notice, self.due.draft, self.due.estimate].into_iter().flatten().min()
    }

    /// Whether a reply in flight is visible somewhere.
    #[must_use]
    pub fn shows_life(&self) -> bool {
        if self.runs.is_empty() {
            return false;
        }
        let areas = &self.look.areas;
        let everywhere = areas.tabs.is_some() || areas.side.is_some() || !self.panels.is_empty();
        everywhere
            || areas
                .panes
                .iter()
                .any(|(index, _)| self.panes.get(*index).is_some_and(|pane| pane.live.is_some()))
    }

    /// Whether visible code waits for its colours, which come a part a frame.
    #[must_use]
    pub fn waits_for_colours(&self) -> bool {
        let visible = self.look.areas.panes.iter().filter_map(|(index, _)| self.panes.get(*index));
        visible.into_iter().any(|pane| {
            pane.scroll.built().iter().filter_map(|index| pane.items.get(*index)).any(super::Item::pending)
        })
    }

    /// Whether somebody is paid when that model is asked.
    #[must_use]
    pub fn costs_money(&self, model: &ModelRef) -> bool {
        // What a server at home is paid for, it passes on.
        let at_home = self.known.near.contains(&model.provider)
            && self.known.tariffs.get(&model.provider) != Some(&Tariff::Local);
        self.tariff(model) == Tariff::Metered && !at_home
    }

    /// How a model is paid for.
    #[must_use]
    pub fn tariff(&self, model: &ModelRef) -> Tariff {
        let tariff = self.known.tariffs.get(&model.provider).copied().unwrap_or_default();
        // A model of a server at home may be somewhere else, and its row knows.
        let row = (tariff == Tariff::Local).then(|| self.known.models.iter().find(|row| row.model == *model));
        row.flatten().map_or(tariff, |row| row.tariff)
    }

    /// What a model is called in titles: its alias, or its id without the author.
    #[must_use]
    pub fn model_name(&self, model: &ModelRef) -> String {
        let alias = self.known.labels.get(model).and_then(|label| label.alias.as_deref());
        one_line(alias.unwrap_or_else(|| model.short())).into_owned()
    }

    /// What a seat is called: its model's name, with the provider where another model is called the
    /// same, numbered where the model sits more than once.
    #[must_use]
    pub fn seat_name(&self, seat: &Seat) -> String {
        let name = self.model_name(&seat.model);
        let alike = self.panes.iter().map(|pane| &pane.seat.model);
        let alike = alike.filter(|other| **other != seat.model).any(|other| self.model_name(other) == name);
        let name = if alike { format!("{}/{name}", one_line(&seat.model.provider)) } else { name };
        let before = self
            .panes
            .iter()
            .take_while(|pane| pane.id() != seat.id)
            .filter(|pane| pane.seat.model == seat.model)
            .count();
        if before == 0 { name } else { format!("{name} #{}", before + 1) }
    }

    /// The seats that Enter sends to.
    #[must_use]
    pub fn targets(&self) -> Vec<SeatId> {
        self.panes.iter().filter(|pane| self.target.takes(&pane.seat)).map(super::Pane::id).collect()
    }
}
