//! The room behind the panes: its turns and what it is called. The rules of who sees what are
//! `chat`'s; here is only what the screen adds: what was not sent yet, and a title.

use crate::chat::ContextMode;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Reply;
use crate::chat::ReplyId;
use crate::chat::Role;
use crate::chat::RoomId;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Turn;
use crate::chat::TurnId;
use crate::chat::own_history;
use crate::store::RoomHead;
use crate::text::one_line;

/// Words of the first prompt that make a title, and the characters they may have.
const TITLE: (usize, usize) = (6, 48);

/// The room.
pub struct RoomState {
    /// Which.
    pub id: RoomId,
    /// Its name; `None` until the first prompt or the person gives it one.
    pub name: Option<String>,
    /// Whether lists leave it out.
    pub hidden: bool,
    /// What a seat is sent.
    pub context: ContextMode,
    /// What was said, oldest first. Turns are added at the end only.
    pub turns: Vec<Turn>,
    /// Turns that wait until a seat is free: the engine does not know them yet.
    pub unsent: Vec<TurnId>,
    /// Why it can only be read.
    pub read_only: Option<String>,
    /// The highest number that a seat ever had.
    pub last_seat: u32,
}

impl RoomState {
    /// As the header calls it.
    #[must_use]
    pub fn title(&self) -> String {
        self.name.as_deref().map_or_else(|| "new room".to_owned(), |name| one_line(name).into_owned())
    }

    /// The name, seats and modes, for the store.
    #[must_use]
    pub fn head(&self, seats: Vec<Seat>) -> RoomHead {
        RoomHead { id: self.id, name: self.title(), hidden: self.hidden, context: self.context, seats }
    }

    /// The number of a seat that joins: never one that was used.
    pub fn next_seat(&mut self) -> SeatId {
        self.last_seat += 1;
        SeatId(self.last_seat)
    }

    /// The turn of that id, as an index.
    #[must_use]
    pub fn index(&self, turn: TurnId) -> Option<usize> {
        self.turns.iter().rposition(|known| known.id == turn)
    }

    /// The turn that another one follows: the last one before it that was sent.
    #[must_use]
    pub fn parent(&self, turn: TurnId) -> Option<TurnId> {
        let at = self.index(turn).unwrap_or(self.turns.len());
        let before = self.turns.get(..at).unwrap_or_default();
        before.iter().rev().map(|turn| turn.id).find(|id| !self.unsent.contains(id))
    }

    /// A reply of a turn.
    pub fn reply_mut(&mut self, turn: usize, reply: ReplyId) -> Option<&mut Reply> {
        self.turns.get_mut(turn)?.replies.iter_mut().rev().find(|known| known.id == reply)
    }

    /// Whether anything of the room is in the store.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.turns.len() > self.unsent.len()
    }

    /// What the seat would be sent with this prompt.
    #[must_use]
    pub fn preview(&self, seat: &Seat, prompt: &str) -> Vec<Message> {
        // No turn has the id of the room, so that the whole history comes.
        let mut messages = own_history(seat, &self.turns, TurnId(self.id.0));
        match messages.last_mut().filter(|last| last.role == Role::User) {
            Some(last) => last.parts.push(Part::Text(format!("\n\n{prompt}"))),
            None => messages.push(Message::text(Role::User, prompt)),
        }
        messages
    }

    /// Names the room by the first words of a prompt, when it has no name.
    pub fn name_by(&mut self, prompt: &str) {
        if self.name.is_none() {
            self.name = title_of(prompt);
        }
    }
}

/// A title from the first words of a prompt.
#[must_use]
pub fn title_of(prompt: &str) -> Option<String> {
    let line = prompt.lines().map(str::trim).find(|line| !line.is_empty())?;
    let words: Vec<&str> = line.split_whitespace().take(TITLE.0).collect();
    let title: String = one_line(&words.join(" ")).chars().take(TITLE.1).collect();
    Some(title.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_make_the_title() {
        assert_eq!(
            title_of("\n  how do I handle errors in rust, please?\nmore").as_deref(),
            Some("how do I handle errors in")
        );
        assert_eq!(title_of(" \n "), None);
        assert_eq!(title_of(&"x".repeat(100)).map(|title| title.len()), Some(48));
    }
}
