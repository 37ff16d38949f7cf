//! Rooms, seats, turns and replies, and the pure rules of who sees what.

use std::borrow::Cow;

use crate::chat::fault::Fault;
use crate::chat::id::{Millis, ReplyId, RoomId, SeatId, TurnId};
use crate::chat::message::{Media, Message, Part, Role, ToolCall};
use crate::chat::model::ModelRef;
use crate::chat::request::Params;
use crate::chat::usage::{Charge, Tokens};
use crate::text::Untrusted;

/// What a seat is sent of the room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContextMode {
    /// Its own replies only.
    #[default]
    Own,
}

impl ContextMode {
    /// The name in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
        }
    }

    /// As the header says it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Own => "each sees its own",
        }
    }
}

/// One model's place in a room.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// Its ordinal in the room.
    pub id: SeatId,
    /// Who sits there now.
    pub model: ModelRef,
    /// Its own system prompt.
    pub system: Option<String>,
    /// Its own parameters.
    pub params: Params,
    /// Whether it is left out of what goes to all.
    pub muted: bool,
}

/// Where a reply stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// In flight.
    Streaming,
    /// Complete, by the protocol's own end mark.
    Done,
    /// Ended by the user.
    Stopped,
    /// Ended without the end mark, after text had come.
    Cut,
    /// Ended by a fault.
    Failed,
    /// Salon ended while it streamed; written by the sweep at the next start only.
    Interrupted,
}

impl Status {
    /// All statuses with their names in the store and the JSON.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Streaming, "streaming"),
        (Self::Done, "done"),
        (Self::Stopped, "stopped"),
        (Self::Cut, "cut"),
        (Self::Failed, "failed"),
        (Self::Interrupted, "interrupted"),
    ];

    /// The name in the store and the JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or("failed", |(_, name)| name)
    }

    /// The status of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(status, _)| *status)
    }
}

/// One seat's answer in a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Which.
    pub id: ReplyId,
    /// The turn it answers.
    pub turn: TurnId,
    /// Whose.
    pub seat: SeatId,
    /// 1 for the first, higher for those asked again.
    pub sibling: u32,
    /// Who was asked.
    pub model: ModelRef,
    /// Where it stands.
    pub status: Status,
    /// The text so far.
    pub text: Untrusted,
    /// The thinking so far.
    pub thinking: Untrusted,
    /// Calls that the model made.
    pub tool_calls: Vec<ToolCall>,
    /// State to send back, raw JSON.
    pub opaque: Vec<String>,
    /// What was told of how it was asked for or counted, in salon's words; each once.
    pub notes: Vec<String>,
    /// What it took; of the last attempt.
    pub tokens: Tokens,
    /// What it cost: the sum of its attempts. `None` while in flight.
    pub charge: Option<Charge>,
    /// The model that really served.
    pub served_model: Option<Untrusted>,
    /// The provider behind the provider.
    pub upstream: Option<Untrusted>,
    /// Why it ended.
    pub finish: Option<String>,
    /// Why it failed.
    pub fault: Option<Fault>,
    /// How often it was asked for.
    pub attempts: u32,
    /// From sending to the first token, in milliseconds.
    pub ttft_ms: Option<u64>,
    /// From the submit to the end, in milliseconds.
    pub total_ms: Option<u64>,
}

impl Reply {
    /// A reply that has just been asked for.
    #[must_use]
    pub fn begun(id: ReplyId, turn: TurnId, seat: SeatId, sibling: u32, model: ModelRef) -> Self {
        Self {
            id,
            turn,
            seat,
            sibling,
            model,
            status: Status::Streaming,
            text: Untrusted::default(),
            thinking: Untrusted::default(),
            tool_calls: Vec::new(),
            opaque: Vec::new(),
            notes: Vec::new(),
            tokens: Tokens::default(),
            charge: None,
            served_model: None,
            upstream: None,
            finish: None,
            fault: None,
            attempts: 0,
            ttft_ms: None,
            total_ms: None,
        }
    }

    /// Tells something beside the text. Every attempt may tell it anew; it stands there once.
    pub fn note(&mut self, words: String) {
        if !self.notes.contains(&words) {
            self.notes.push(words);
        }
    }
}

/// One prompt and the replies to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Which.
    pub id: TurnId,
    /// The turn that it follows; `None` for the first.
    pub parent: Option<TurnId>,
    /// When it was sent.
    pub at: Millis,
    /// What the person wrote.
    pub prompt: String,
    /// What goes along with it.
    pub attachments: Vec<Media>,
    /// The seats that it was addressed to.
    pub targets: Vec<SeatId>,
    /// The replies, in the order they were asked for.
    pub replies: Vec<Reply>,
    /// Replies that the person chose to look at where that is not the last sibling: at most one a seat.
    pub chosen: Vec<ReplyId>,
}

impl Turn {
    /// The prompt as it is shown: with a line for each attachment.
    #[must_use]
    pub fn shown_prompt(&self) -> Cow<'_, str> {
        if self.attachments.is_empty() {
            return Cow::Borrowed(&self.prompt);
        }
        let labels: Vec<String> = self.attachments.iter().map(Media::label).collect();
        Cow::Owned(format!("{}\n{}", self.prompt, labels.join("\n")))
    }

    /// The reply of a seat that counts, which is the one on the screen: the chosen one, else the
    /// last sibling.
    #[must_use]
    pub fn active(&self, seat: SeatId) -> Option<&Reply> {
        let own = || self.replies.iter().rev().filter(|reply| reply.seat == seat);
        own().find(|reply| self.chosen.contains(&reply.id)).or_else(|| own().next())
    }
}

/// A saved conversation together with its line-up.
#[derive(Clone, Debug, PartialEq)]
pub struct Room {
    /// Which.
    pub id: RoomId,
    /// What the person or the first prompt called it; unique among the rooms.
    pub name: String,
    /// What a seat is sent.
    pub context: ContextMode,
    /// The line-up, in the order of the panes.
    pub seats: Vec<Seat>,
    /// The turns, oldest first.
    pub turns: Vec<Turn>,
    /// What was typed and not sent.
    pub draft: String,
    /// When something last happened in it.
    pub at: Millis,
}

/// What a seat is sent with the turn `upto` as the last one, in the mode [`ContextMode::Own`]: the
/// prompts that were addressed to it and its own active replies, oldest first, beginning with the
/// system prompt.
///
/// Stopped and cut text is sent. A reply without text sends nothing; its prompt joins the next one,
/// because roles alternate. Attachments follow their prompt, in every request. Thinking is not sent. Opaque state goes along with the reply it came
/// with, for the dialect to use or to leave.
#[must_use]
pub fn own_history(seat: &Seat, turns: &[Turn], upto: TurnId) -> Vec<Message> {
    let mut messages = Vec::new();
    if let Some(system) = seat.system.as_deref().filter(|system| !system.is_empty()) {
        messages.push(Message::text(Role::System, system));
    }
    for turn in turns {
        let asked = turn.targets.contains(&seat.id);
        if asked {
            push_prompt(&mut messages, turn);
        }
        if turn.id == upto {
            break;
        }
        if let Some(reply) = turn.active(seat.id).filter(|_| asked) {
            push_reply(&mut messages, reply);
        }
    }
    messages
}

fn push_prompt(messages: &mut Vec<Message>, turn: &Turn) {
    let media = turn.attachments.iter().cloned().map(Part::Media);
    match messages.last_mut() {
        Some(Message { role: Role::User, parts }) => {
            match parts.last_mut() {
                Some(Part::Text(text)) => {
                    text.push_str("\n\n");
                    text.push_str(&turn.prompt);
                }
                _ => parts.push(Part::Text(turn.prompt.clone())),
            }
            parts.extend(media);
        }
        _ => {
            let mut message = Message::text(Role::User, turn.prompt.as_str());
            message.parts.extend(media);
            messages.push(message);
        }
    }
}

fn push_reply(messages: &mut Vec<Message>, reply: &Reply) {
    if reply.text.is_empty() {
        return;
    }
    let model = reply.model.to_string();
    let mut parts: Vec<Part> =
        reply.opaque.iter().map(|json| Part::Opaque { model: model.clone(), json: json.clone() }).collect();
    parts.push(Part::Text(reply.text.raw().to_owned()));
    messages.push(Message { role: Role::Assistant, parts });
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
