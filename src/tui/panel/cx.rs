//! What panels may know: borrowed, read only, and nothing of how the screen works.

use std::collections::BTreeMap;

use crate::chat::Charge;
use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::Sum;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::store::UsageReport;
use crate::text::one_line;
use crate::tui::effect::LoginRow;
use crate::tui::keymap::Keymap;
use crate::tui::panel::LoginStage;

/// What panels may know.
pub struct Cx<'a> {
    /// The keys.
    pub keymap: &'a Keymap,
    /// The models that are known.
    pub models: &'a [ModelRow],
    /// How often they were told anew: with another number, other models may stand at every place.
    pub models_told: u64,
    /// The commands: name and sentence.
    pub commands: &'a [(&'static str, &'static str)],
    /// All themes.
    pub themes: &'a [String],
    /// The theme in use.
    pub theme: &'a str,
    /// Figures.
    pub usage: &'a UsageView<'a>,
    /// The current seat: its number and model.
    pub seat: Option<(u32, String)>,
    /// Whether only demo models sit in the room because there is no key.
    pub demo: bool,
    /// What there is to log in to.
    pub logins: &'a [LoginRow],
    /// How far a login is.
    pub login: &'a LoginStage,
    /// The providers that there are, with how they are paid for.
    pub providers: &'a BTreeMap<String, Tariff>,
}

/// What to say of a model whose provider does not exist: the nearest one that does, else all.
#[must_use]
pub fn no_such_provider(model: &ModelRef, known: &BTreeMap<String, Tariff>) -> Option<String> {
    if known.contains_key(&model.provider) {
        return None;
    }
    let near = known
        .keys()
        .map(|name| (strsim::damerau_levenshtein(&model.provider, name), name))
        .filter(|(far, name)| *far <= 2 && *far < name.chars().count())
        .min_by_key(|(far, _)| *far);
    let hint = match near {
        Some((_, name)) => format!("did you mean {name}/{}?", one_line(&model.id)),
        None => format!("there are {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
    };
    Some(format!("there is no provider {}; {hint}", one_line(&model.provider)))
}

/// A model to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRow {
    /// Which.
    pub model: ModelRef,
    /// What is searched: alias, reference and name together.
    pub search: String,
    /// The user's name for it.
    pub alias: Option<String>,
    /// Tokens that fit, when known.
    pub context: Option<u64>,
    /// May be sent pictures.
    pub sees: bool,
    /// Can call tools.
    pub has_tools: bool,
    /// Can think before it answers.
    pub thinks: bool,
    /// The day after which it is gone, when it is known.
    pub expires: Option<String>,
    /// How it is paid for.
    pub tariff: Tariff,
    /// Dollars for a million tokens in and out, when known.
    pub price: Option<(Pico, Pico)>,
}

/// A reply in the table that compares a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TurnRow {
    /// The number of the pane.
    pub number: u32,
    /// What the seat is called.
    pub name: String,
    /// The model that really served, when it is another.
    pub served: String,
    /// How it ended.
    pub finish: String,
    /// To the first token, in milliseconds.
    pub ttft_ms: Option<u64>,
    /// Output tokens a second.
    pub speed: Option<u64>,
    /// What it took.
    pub tokens: Tokens,
    /// What it cost; live ones are estimates.
    pub charge: Option<Charge>,
}

/// Figures for the full view.
#[derive(Clone, Debug, Default)]
pub struct UsageView<'a> {
    /// The last turn, a row a seat.
    pub turn: Vec<TurnRow>,
    /// Its number, from 1.
    pub turn_number: usize,
    /// What it cost.
    pub turn_sum: Sum,
    /// The room.
    pub room: Sum,
    /// Today.
    pub today: Sum,
    /// The budget of a day.
    pub budget_day: Option<Pico>,
    /// By model, by day; empty until the ledger has answered.
    pub reports: &'a [UsageReport],
}
