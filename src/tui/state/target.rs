//! Where Enter sends: all seats, the marked ones, or one, until changed back.

use crate::chat::Seat;
use crate::chat::SeatId;

/// Where Enter sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// To every seat that is not muted.
    #[default]
    All,
    /// To this seat.
    Only(SeatId),
    /// To these seats, in no order.
    Marked(Vec<SeatId>),
}

impl Target {
    /// Whether the seat is sent to.
    #[must_use]
    pub fn takes(&self, seat: &Seat) -> bool {
        match self {
            Self::All => !seat.muted,
            Self::Only(id) => *id == seat.id,
            Self::Marked(ids) => ids.contains(&seat.id),
        }
    }

    /// Whether the seat is marked.
    #[must_use]
    pub fn marks(&self, seat: SeatId) -> bool {
        matches!(self, Self::Marked(ids) if ids.contains(&seat))
    }

    /// To this seat only; back to all when it was so.
    pub fn toggle_only(&mut self, seat: SeatId) {
        *self = if *self == Self::Only(seat) { Self::All } else { Self::Only(seat) };
    }

    /// Marks the seat or takes its mark; without marks it goes to all.
    pub fn toggle_mark(&mut self, seat: SeatId) {
        let mut ids = match std::mem::take(self) {
            Self::Marked(ids) => ids,
            _ => Vec::new(),
        };
        match ids.iter().position(|id| *id == seat) {
            Some(at) => {
                ids.remove(at);
            }
            None => ids.push(seat),
        }
        *self = if ids.is_empty() { Self::All } else { Self::Marked(ids) };
    }

    /// Forgets a seat that has left the room.
    pub fn forget(&mut self, seat: SeatId) {
        match self {
            Self::Only(id) if *id == seat => *self = Self::All,
            Self::Marked(ids) => {
                ids.retain(|id| *id != seat);
                if ids.is_empty() {
                    *self = Self::All;
                }
            }
            _ => {}
        }
    }

    /// In words, as the composer's title says it: `to all 3`, `to 2 only`, `to 1 and 3`.
    #[must_use]
    pub fn words<'a>(&self, seats: impl Iterator<Item = &'a Seat>) -> String {
        let all: Vec<&Seat> = seats.collect();
        let taken: Vec<u32> = all.iter().filter(|seat| self.takes(seat)).map(|seat| seat.id.0).collect();
        let muted: Vec<u32> = all.iter().filter(|seat| seat.muted).map(|seat| seat.id.0).collect();
        match self {
            Self::Only(id) => format!("to {id} only"),
            Self::Marked(_) => format!("to {}", listed(&taken)),
            Self::All if taken.is_empty() => "to nobody: every seat is muted".to_owned(),
            Self::All if all.len() == 1 => "to the one seat".to_owned(),
            Self::All if muted.is_empty() => format!("to all {}", taken.len()),
            Self::All => format!("to {} · {} muted", listed(&taken), listed(&muted)),
        }
    }
}

/// `1`, `1 and 3`, `1, 2 and 3`.
#[must_use]
pub fn listed(numbers: &[u32]) -> String {
    let words: Vec<String> = numbers.iter().map(u32::to_string).collect();
    match words.split_last() {
        None => "nobody".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ModelRef, Params};

    #[test]
    fn the_title_says_where() {
        let mut seats: Vec<Seat> = (1..=3)
            .map(|id| Seat {
                id: SeatId(id),
                model: ModelRef::new("demo", "echo"),
                system: None,
                params: Params::default(),
                muted: false,
            })
            .collect();
        let mut target = Target::All;
        assert_eq!(target.words(seats.iter()), "to all 3");
        target.toggle_only(SeatId(2));
        assert_eq!(target.words(seats.iter()), "to 2 only");
        target.toggle_mark(SeatId(3));
        target.toggle_mark(SeatId(1));
        assert_eq!(target.words(seats.iter()), "to 1 and 3");
        target.toggle_mark(SeatId(3));
        target.toggle_mark(SeatId(1));
        assert_eq!(target, Target::All);
        if let Some(seat) = seats.get_mut(1) {
            seat.muted = true;
        }
        assert_eq!(target.words(seats.iter()), "to 1 and 3 · 2 muted");
    }
}
