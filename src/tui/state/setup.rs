//! What the screen starts from: plain data and two questions it may ask about money. The root
//! makes it; nothing here is computed from files or the environment.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::chat::Charge;
use crate::chat::ContextMode;
use crate::chat::Ids;
use crate::chat::Message;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Params;
use crate::chat::Pico;
use crate::chat::RoomId;
use crate::chat::Seat;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::chat::Turn;
use crate::engine::Estimate;
use crate::tui::keymap::Keymap;
use crate::tui::screen::LayoutChoice;

/// What a request is likely to take and to cost.
pub type Estimator = Box<dyn Fn(&Seat, &[Message]) -> Estimate + Send>;

/// What so many tokens of a model cost, by the prices in force.
pub type Pricer = Box<dyn Fn(&ModelRef, &Tokens) -> Charge + Send>;

/// What is known of a model for its title and for a seat that it gets.
#[derive(Clone, Debug, Default)]
pub struct Label {
    /// The user's name for it.
    pub alias: Option<String>,
    /// Parameters that the config gives it.
    pub params: Params,
    /// The system prompt that the config gives it.
    pub system: Option<String>,
}

/// How the screen is to look and behave.
#[derive(Clone, Debug)]
pub struct Ui {
    /// The layout that the user chose, now or earlier.
    pub layout: LayoutChoice,
    /// Only ASCII signs.
    pub ascii: bool,
    /// No spinner: figures change once a second.
    pub reduced_motion: bool,
    /// The newline key that is known to work in this terminal, as hints name it.
    pub newline: Option<String>,
    /// All seats are demo models because there is no key: say so, and how to add one.
    pub demo: bool,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// The theme in use.
    pub theme: String,
    /// All themes.
    pub themes: Vec<String>,
    /// Whether the next paid send is the first of this install, which shows models and worst cost once.
    pub first_paid_send: bool,
    /// What Enter does in the composer: send, else a new line (then Alt-Enter sends).
    pub enter_sends: bool,
    /// How the usage panel was left: `side`, `hidden`, or nothing.
    pub usage: Option<String>,
    /// The zone of the user's days.
    pub zone: jiff::tz::TimeZone,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            layout: LayoutChoice::default(),
            ascii: false,
            reduced_motion: false,
            newline: None,
            demo: false,
            mouse: false,
            theme: String::new(),
            themes: Vec::new(),
            first_paid_send: false,
            enter_sends: true,
            usage: None,
            zone: jiff::tz::TimeZone::UTC,
        }
    }
}

/// Everything that the screen starts from.
pub struct Setup {
    /// The room.
    pub id: RoomId,
    /// Its name; `None` until the first prompt gives it one.
    pub name: Option<String>,
    /// Whether lists leave it out.
    pub hidden: bool,
    /// What a seat is sent.
    pub context: ContextMode,
    /// The line-up.
    pub seats: Vec<Seat>,
    /// What was said so far, oldest first.
    pub turns: Vec<Turn>,
    /// What was typed and not sent.
    pub draft: String,
    /// Why the room can only be read, when it can.
    pub read_only: Option<String>,
    /// Where ids come from.
    pub ids: Ids,
    /// The wall clock now.
    pub at: Millis,
    /// The keys.
    pub keymap: Keymap,
    /// Looks.
    pub ui: Ui,
    /// What loaders have to tell.
    pub notices: Vec<Notice>,
    /// How the tokens of each provider are paid for.
    pub tariffs: BTreeMap<String, Tariff>,
    /// Providers on this machine: nobody is paid there.
    pub near: BTreeSet<String>,
    /// What the config says of models.
    pub labels: HashMap<ModelRef, Label>,
    /// The budget of a day.
    pub budget_day: Option<Pico>,
    /// Estimates a request.
    pub estimate: Estimator,
    /// Prices tokens.
    pub price: Pricer,
}
