//! What the screen wants done in the world: data, carried out by the runtime. `update` is pure.

use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::chat::ReplyId;
use crate::chat::RunId;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Secret;
use crate::chat::TurnId;
use crate::engine::Job;
use crate::store::RoomHead;
use crate::store::UsageQuery;

/// How seats are written down for the next new room.
pub type Lineup = Box<dyn Fn(&[Seat]) -> String + Send + Sync>;

/// A login, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Keep this key, once the provider takes it.
    Key {
        /// For whom.
        provider: String,
        /// The key.
        key: Secret,
    },
    /// By the browser of this machine, which brings the code.
    Browser {
        /// At whom.
        provider: String,
    },
    /// By a browser elsewhere: the page is wanted that shows a code.
    Page {
        /// At whom.
        provider: String,
    },
    /// The code that the page showed.
    Code {
        /// At whom.
        provider: String,
        /// The code.
        code: Secret,
    },
    /// Whatever goes on is stopped.
    Stop,
}

/// What became of a login.
#[derive(Debug)]
pub enum LoginNews {
    /// This page is to be opened.
    Page {
        /// Its address.
        url: String,
        /// Whether the person pastes the code that it shows.
        code: bool,
    },
    /// Nothing was kept: why, and what to do.
    Failed(String),
    /// The provider can be asked.
    Welcome(Box<Welcome>),
}

/// A provider that has come into the room.
#[derive(Debug)]
pub struct Welcome {
    /// What it said of the key, and where that is kept.
    pub told: String,
    /// The seats of who names none, as they are now.
    pub seats: Vec<Seat>,
    /// The models of the demo line-up, which give way.
    pub demo: Vec<ModelRef>,
    /// What there is to log in to, as it is now.
    pub rows: Vec<LoginRow>,
}

/// A provider that can be logged in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRow {
    /// Its name.
    pub name: String,
    /// Where its key comes from, or that it has none.
    pub said: String,
    /// Whether it has one.
    pub ready: bool,
    /// Whether its own page can be logged in at.
    pub browser: bool,
}

/// Takes what became of a login.
pub type TellLogin = Box<dyn Fn(LoginNews) + Send + Sync>;

/// Takes what a server on this machine is called, and its models.
pub type TellFound = Box<dyn Fn(String, Vec<ModelInfo>) + Send + Sync>;

/// How providers come into an open room. The root has it; everything here returns at once.
pub trait Logins: Send + Sync {
    /// What there is to log in to. May read a file: not for the thread that draws.
    fn rows(&self) -> Vec<LoginRow>;

    /// Does a step of a login.
    fn login(&self, what: Login, tell: TellLogin);

    /// Looks for servers on this machine, if the user lets it.
    fn look_around(&self, tell: TellFound);
}

/// What is known of models, and what is odd about those that sit in the room. The root has it. Both
/// may read files and take their time: not for the thread that draws.
pub trait Models: Send + Sync {
    /// Finds out what models there are, after the first frame, and tells it. Inside the runtime.
    fn tend(&self, news: &News);

    /// These sit in the room now: tells what is odd about them, of each model once.
    fn seated(&self, models: Vec<ModelRef>, news: &News);
}

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
    /// These are the seats now: remember them for the next new room, and say what is odd about their
    /// models.
    Lineup(Vec<Seat>),
    /// Log in to a provider; answered by `Report::Login`.
    Login(Login),
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
    /// What there is to log in to (sent once after the first frame).
    Logins(Vec<LoginRow>),
    /// What became of a login.
    Login(LoginNews),
    /// A server on this machine, in words, and its models.
    Found(String, Vec<ModelInfo>),
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
