//! What the screen wants done in the world: data, carried out by the runtime. `update` is pure.

use crate::chat::ReplyId;
use crate::chat::RunId;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::TurnId;
use crate::engine::Job;
use crate::store::RoomHead;
use crate::store::UsageQuery;

/// How seats are written down for the next new room.
pub type Lineup = Box<dyn Fn(&[Seat]) -> String + Send + Sync>;

/// One thing to do. The runtime answers those that have an answer with a [`Report`].
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "effects are few and moved once")]
pub enum Effect {
    /// Ask models.
    Submit(Job),
    /// Stop a run.
    Cancel(RunId),
    /// Stop all runs.
    CancelAll,
    /// Save the draft of the room (debounced by `update`).
    SaveDraft {
        /// The room as it is now.
        room: RoomHead,
        /// What is typed.
        draft: String,
    },
    /// Save which version of a seat's reply is the one that counts; `None`: the last one.
    Choose {
        /// The turn.
        turn: TurnId,
        /// The seat.
        seat: SeatId,
        /// The version.
        reply: Option<ReplyId>,
    },
    /// Save the room's name and seats.
    SaveRoom(RoomHead),
    /// Remember a value between starts.
    Remember {
        /// Its name.
        key: &'static str,
        /// The value.
        value: String,
    },
    /// Remember these seats for the next new room.
    Lineup(Vec<Seat>),
    /// Put text on the clipboard, by the best way there is; answered by `Report::Notice`.
    Copy {
        /// What is copied, in words: "reply of 2".
        what: String,
        /// Already made safe.
        text: String,
    },
    /// Write a new file in the working directory; answered by `Report::Notice`.
    SaveFile {
        /// A name without a path, already a slug; made unique by the runtime.
        name: String,
        /// Already made safe.
        text: String,
    },
    /// Ask the ledger; answered by `Report::Usage`.
    Usage(Vec<UsageQuery>),
    /// Ask the ledger for the sums beside the panes; answered by `Report::Spent`.
    Spent,
    /// The draft in an editor; answered by `Report::Edited`.
    Editor(String),
    /// Use the theme of that name; answered by `Report::Notice` when it cannot be loaded.
    Theme(String),
    /// The title of the terminal's window.
    Title(String),
    /// Capture the mouse or not.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// Go to the shell.
    Suspend,
    /// Leave.
    Quit,
}

/// What came back from an effect.
#[derive(Debug)]
pub enum Report {
    /// Something to tell in the status line.
    Notice(crate::chat::Notice),
    /// The answers to `Effect::Usage`, in the order of the questions.
    Usage(Vec<crate::store::UsageReport>),
    /// Today, and the room so far.
    Spent {
        /// Today, in the user's zone.
        today: crate::chat::Sum,
        /// This room.
        room: crate::chat::Sum,
    },
    /// What a reply costs, asked of its provider after the end.
    Settled(crate::store::Settled),
    /// The draft as the editor left it; `None` when the editor failed and the draft stays.
    Edited(Option<String>),
    /// The prompts of earlier rooms, newest first (sent once after the first frame).
    Prompts(Vec<String>),
    /// The models that are known (sent after the first frame, and again when there are others).
    Models(Vec<crate::chat::ModelInfo>),
}

/// A way to tell the room what was found out meanwhile. When the room is gone, nobody is told.
#[derive(Clone)]
pub struct News(tokio::sync::mpsc::UnboundedSender<Report>);

impl News {
    /// A way into this room.
    #[must_use]
    pub fn to(reports: tokio::sync::mpsc::UnboundedSender<Report>) -> Self {
        Self(reports)
    }

    /// The models that are known now.
    pub fn models(&self, models: Vec<crate::chat::ModelInfo>) {
        let _ = self.0.send(Report::Models(models));
    }

    /// Something to tell.
    pub fn tell(&self, notice: crate::chat::Notice) {
        let _ = self.0.send(Report::Notice(notice));
    }
}
