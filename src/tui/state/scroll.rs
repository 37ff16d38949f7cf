//! Where a pane is read. It either follows its end, or stays at a place of the text: a turn, a
//! piece of it, and a place in the piece's source, so that the place survives re-wraps, resizes and
//! whatever streams in. Only a person's key moves it.
//!
//! Costs depend on what is visible and on what came since the end was left, never on the length of
//! the room.

use crate::chat::Status;
use crate::chat::Turn;
use crate::tui::markdown::Anchor;
use crate::tui::state::item::Piece;
use crate::tui::state::pane::Pane;

/// A place in the text of a pane.
#[derive(Clone, Copy, Debug)]
struct Spot {
    turn: usize,
    piece: Piece,
    row: usize,
    width: u16,
    anchor: Option<Anchor>,
}

/// A row of a pane: a turn and a row of it.
pub type At = (usize, usize);

/// Where a pane is read, and what of it is visible.
#[derive(Debug, Default)]
pub struct Scroll {
    /// `None`: it follows its end.
    place: Option<Spot>,
    /// The end as it was when the person left it.
    seen: Option<Spot>,
    /// The first visible row.
    pub top: At,
    /// Cells of the text area.
    pub width: u16,
    /// Rows of the text area.
    pub height: u16,
    /// Rows that came since the end was left and are below what is visible.
    pub new: usize,
    /// Whether there is anything below.
    pub below: bool,
    /// The turns that have documents.
    built: Vec<usize>,
}

impl Scroll {
    /// Whether it follows its end.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.place.is_none()
    }

    /// Follows the end.
    pub fn follow(&mut self) {
        self.place = None;
        self.seen = None;
    }

    /// So many turns have come before those that there are. It follows its end.
    pub(super) fn prepend(&mut self, turns: usize) {
        self.top.0 += turns;
        for index in &mut self.built {
            *index += turns;
        }
    }

    /// The turns that have documents.
    #[must_use]
    pub fn built(&self) -> &[usize] {
        &self.built
    }

    /// Whether the first visible row is in this piece of this turn.
    #[must_use]
    pub fn reads(&self, turn: usize, piece: Piece) -> bool {
        self.place.is_some_and(|spot| spot.turn == turn && spot.piece == piece)
    }
}

impl Pane {
    /// Lays out what is visible in an area of this size.
    pub fn settle(&mut self, turns: &[Turn], width: u16, height: u16) {
        self.scroll.width = width;
        self.scroll.height = height;
        let end = self.end(turns);
        match self.scroll.place {
            None => {
                self.scroll.top = end;
                self.scroll.new = 0;
                self.scroll.below = false;
            }
            Some(spot) => {
                let top = self.resolve(turns, spot).min(end);
                self.scroll.top = top;
                self.scroll.below = top < end;
                self.scroll.new = self.count_new(turns, top);
            }
        }
        self.keep_docs(turns);
    }

    /// Scrolls by rows. At the very end it follows again.
    pub fn scroll_by(&mut self, turns: &[Turn], by: isize) {
        let from = self.top(turns);
        let to = self.step(turns, from, by);
        self.scroll_to(turns, to);
    }

    /// Scrolls to a row.
    pub fn scroll_to(&mut self, turns: &[Turn], to: At) {
        let end = self.end(turns);
        if to >= end {
            self.scroll.follow();
            return;
        }
        if self.scroll.follows() {
            self.scroll.seen = self.last_row(turns).and_then(|row| self.spot(turns, row));
        }
        self.scroll.place = self.spot(turns, to);
    }

    /// To the turn after or before the first visible row.
    pub fn scroll_turn(&mut self, turns: &[Turn], forward: bool) {
        let (turn, row) = self.top(turns);
        let shown = |pane: &mut Self, index: &usize| pane.height(turns, *index, pane.scroll.width) > 0;
        let to = if forward {
            (turn + 1..turns.len()).find(|index| shown(self, index))
        } else if row > 0 {
            Some(turn)
        } else {
            (0..turn).rev().find(|index| shown(self, index))
        };
        match to {
            Some(index) => self.scroll_to(turns, (index, 0)),
            None if forward => self.scroll.follow(),
            None => self.scroll_to(turns, (0, 0)),
        }
    }

    /// The turn that is being read: the last one while the end is followed, else the one in the
    /// middle of what is visible.
    #[must_use]
    pub fn reading(&mut self, turns: &[Turn]) -> Option<usize> {
        if self.scroll.follows() {
            return self.last_asked(turns);
        }
        let middle = isize::try_from(self.scroll.height / 2).unwrap_or(0);
        let top = self.top(turns);
        Some(self.step(turns, top, middle).0)
    }

    fn top(&mut self, turns: &[Turn]) -> At {
        let end = self.end(turns);
        self.scroll.place.map_or(end, |spot| self.resolve(turns, spot).min(end))
    }

    /// The first visible row when the end is visible.
    fn end(&mut self, turns: &[Turn]) -> At {
        let width = self.scroll.width;
        let mut left = usize::from(self.scroll.height);
        for index in (0..turns.len()).rev() {
            let height = self.height(turns, index, width);
            if height >= left {
                return (index, height - left);
            }
            left -= height;
        }
        (0, 0)
    }

    /// The last row that there is.
    fn last_row(&mut self, turns: &[Turn]) -> Option<At> {
        let width = self.scroll.width;
        (0..turns.len()).rev().find_map(|index| {
            let height = self.height(turns, index, width);
            (height > 0).then(|| (index, height - 1))
        })
    }

    /// A row so many rows further down or up, held within what there is.
    fn step(&mut self, turns: &[Turn], from: At, by: isize) -> At {
        let width = self.scroll.width;
        let (mut turn, row) = from;
        let mut left = by.unsigned_abs();
        if by < 0 {
            if left <= row {
                return (turn, row - left);
            }
            left -= row;
            while turn > 0 {
                turn -= 1;
                let height = self.height(turns, turn, width);
                if left <= height {
                    return (turn, height - left);
                }
                left -= height;
            }
            return (0, 0);
        }
        left = left.saturating_add(row);
        while turn < turns.len() {
            let height = self.height(turns, turn, width);
            if left < height {
                return (turn, left);
            }
            left -= height;
            turn += 1;
        }
        (turns.len(), 0)
    }

    /// The place of a row in the text.
    fn spot(&mut self, turns: &[Turn], (turn, row): At) -> Option<Spot> {
        let width = self.scroll.width;
        let told = self.told(turns, turn)?;
        let item = self.items.get_mut(turn)?;
        let mut left = row;
        for (piece, height) in Piece::ALL.into_iter().zip(item.heights(&told, width)) {
            if left < height {
                item.build(&told);
                let anchor = item.anchor(&told, piece, width, left);
                self.note_built(turn);
                return Some(Spot { turn, piece, row: left, width, anchor });
            }
            left -= height;
        }
        Some(Spot { turn, piece: Piece::Prompt, row: 0, width, anchor: None })
    }

    /// The row where a place of the text is now.
    fn resolve(&mut self, turns: &[Turn], spot: Spot) -> At {
        let width = self.scroll.width;
        let Some(told) = self.told(turns, spot.turn) else { return (0, 0) };
        let Some(item) = self.items.get_mut(spot.turn) else { return (0, 0) };
        let heights = item.heights(&told, width);
        let mut above = 0;
        for (piece, height) in Piece::ALL.into_iter().zip(heights) {
            if piece == spot.piece {
                let row = match spot.anchor.filter(|_| spot.width != width) {
                    Some(anchor) => {
                        item.build(&told);
                        let row = item.row_of(&told, piece, width, anchor).unwrap_or(spot.row);
                        self.scroll.built.push(spot.turn);
                        row
                    }
                    None => spot.row,
                };
                above += row.min(height.saturating_sub(1));
                break;
            }
            above += height;
        }
        let all: usize = heights.iter().sum();
        (spot.turn, above.min(all.saturating_sub(1)))
    }

    /// Rows that came since the end was left and are not visible.
    fn count_new(&mut self, turns: &[Turn], top: At) -> usize {
        let Some(seen) = self.scroll.seen else { return 0 };
        let seen = self.resolve(turns, seen);
        let seen = (seen.0, seen.1 + 1);
        let shown = isize::try_from(self.scroll.height).unwrap_or(0);
        let from = self.step(turns, top, shown).max(seen);
        let width = self.scroll.width;
        let rows: usize = (from.0..turns.len()).map(|index| self.height(turns, index, width)).sum();
        rows.saturating_sub(from.1)
    }

    /// Builds the documents of what is visible and lets those go that scrolled away. A reply that
    /// streams keeps its own: to make it anew for every frame would cost as much as the reply is long.
    fn keep_docs(&mut self, turns: &[Turn]) {
        let width = self.scroll.width;
        let (first, row) = self.scroll.top;
        let wanted = usize::from(self.scroll.height) + row;
        let mut covered = 0;
        let mut end = first;
        while end < turns.len() && covered < wanted {
            covered += self.height(turns, end, width);
            self.build(turns, end);
            end += 1;
        }
        let near = first.saturating_sub(1)..end + 1;
        let seat = self.seat.id;
        let mut built = std::mem::take(&mut self.scroll.built);
        built.retain(|index| {
            let streams = turns
                .get(*index)
                .and_then(|turn| turn.active(seat))
                .is_some_and(|reply| reply.status == Status::Streaming);
            let keep = near.contains(index) || streams;
            if let Some(item) = self.items.get_mut(*index).filter(|_| !keep) {
                item.drop_docs();
            }
            keep
        });
        self.scroll.built = built;
    }

    /// Makes the documents of a turn, and remembers that they are there.
    fn build(&mut self, turns: &[Turn], index: usize) {
        let Some(told) = self.told(turns, index).filter(|told| !told.hidden) else { return };
        if let Some(item) = self.items.get_mut(index) {
            item.build(&told);
            self.note_built(index);
        }
    }

    /// Remembers that a turn has documents, so that they can be let go.
    pub fn note_built(&mut self, index: usize) {
        if !self.scroll.built.contains(&index) {
            self.scroll.built.push(index);
        }
    }
}
