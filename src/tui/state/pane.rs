//! A seat as it is drawn: its turns, where it is being read, what it holds back. Each pane is a
//! machine of its own; nothing that happens to one touches another.

use std::sync::Arc;

use crate::chat::RunId;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Turn;
use crate::chat::TurnId;
use crate::tui::state::item::Item;
use crate::tui::state::item::Told;
use crate::tui::state::keys::KeyNames;
use crate::tui::state::scroll::Scroll;

/// A prompt that waits until the seat is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The turn that it is the prompt of.
    pub turn: TurnId,
    /// What was written.
    pub prompt: String,
}

/// A seat as it is drawn.
pub struct Pane {
    /// The seat.
    pub seat: Seat,
    keys: Arc<KeyNames>,
    /// One for each turn of the room.
    pub items: Vec<Item>,
    /// Where it is read.
    pub scroll: Scroll,
    /// Source instead of markdown.
    pub raw: bool,
    /// Thinking open or closed in all turns, when the person has said so.
    pub open: Option<bool>,
    /// Whether it has the keyboard: long prompts are shown whole.
    pub focused: bool,
    /// The reply in flight.
    pub live: Option<RunId>,
    /// Prompts that wait until it has ended, oldest first.
    pub held: Vec<Held>,
}

impl Pane {
    /// A pane for a seat in a room of so many turns.
    #[must_use]
    pub fn new(seat: Seat, turns: usize, keys: &Arc<KeyNames>) -> Self {
        let mut items = Vec::new();
        items.resize_with(turns, || Item::new(keys));
        let keys = Arc::clone(keys);
        Self {
            seat,
            keys,
            items,
            scroll: Scroll::default(),
            raw: false,
            open: None,
            focused: false,
            live: None,
            held: Vec::new(),
        }
    }

    /// The seat's id.
    #[must_use]
    pub fn id(&self) -> SeatId {
        self.seat.id
    }

    /// What there is to show of a turn.
    #[must_use]
    pub fn told<'a>(&self, turns: &'a [Turn], index: usize) -> Option<Told<'a>> {
        let turn = turns.get(index)?;
        let hidden = self.hides(turn);
        let last = !turns.get(index + 1..).unwrap_or_default().iter().any(|later| !self.hides(later));
        let reply = turn.active(self.seat.id);
        Some(Told {
            turn,
            seat: self.seat.id,
            reply,
            hidden,
            raw: self.raw,
            open: self.open,
            last,
            whole: self.focused || self.raw,
        })
    }

    /// The last turn that is shown, as an index of the room's turns.
    #[must_use]
    pub fn last_shown(&self, turns: &[Turn]) -> Option<usize> {
        turns.iter().rposition(|turn| !self.hides(turn))
    }

    /// The last turn that the seat was asked in.
    #[must_use]
    pub fn last_asked(&self, turns: &[Turn]) -> Option<usize> {
        turns.iter().rposition(|turn| turn.active(self.seat.id).is_some())
    }

    /// A new turn has come to the room.
    pub fn grow(&mut self, turns: usize) {
        self.items.resize_with(turns, || Item::new(&self.keys));
    }

    /// So many turns have come before those that there are.
    pub fn prepend(&mut self, turns: usize) {
        self.items.splice(0..0, (0..turns).map(|_| Item::new(&self.keys)));
        self.scroll.prepend(turns);
    }

    /// All layouts are to be made anew.
    pub fn touch(&mut self) {
        for item in &mut self.items {
            item.touch();
        }
    }

    /// The rows of a turn.
    pub fn height(&mut self, turns: &[Turn], index: usize, width: u16) -> usize {
        let Some(told) = self.told(turns, index) else { return 0 };
        let Some(item) = self.items.get_mut(index) else { return 0 };
        let height = item.heights(&told, width).iter().sum();
        if item.is_built() {
            self.note_built(index);
        }
        height
    }

    /// Whether nothing of a turn is shown: the seat holds it back, or it has nobody and nothing.
    fn hides(&self, turn: &Turn) -> bool {
        self.held.iter().any(|held| held.turn == turn.id)
            || turn.targets.is_empty() && turn.replies.is_empty()
    }
}
