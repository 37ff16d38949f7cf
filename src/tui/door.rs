//! The door itself: what the root hands over becomes a state and a terminal. What the person chose
//! earlier (theme, layout) is asked of the store here, and nothing else: the first frame waits for it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::chat::Charge;
use crate::chat::Ids;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Room;
use crate::chat::Seat;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::config::UiConfig;
use crate::engine::Engine;
use crate::price::PriceBook;
use crate::price::Work;
use crate::store::Budgets;
use crate::store::Store;
use crate::tui::effect::Lineup;
use crate::tui::effect::Logins;
use crate::tui::effect::Models;
use crate::tui::keymap::Keymap;
use crate::tui::runtime;
use crate::tui::runtime::Options;
use crate::tui::screen::LayoutChoice;
use crate::tui::state;
use crate::tui::state::Label;
use crate::tui::state::Ui;
use crate::tui::theme::Depth;
use crate::tui::theme::Theme;

/// The theme of who chose none.
const THEME: &str = "terminal";
/// How long the tasks that are left may take when the room closes.
const REMAINS: Duration = Duration::from_millis(100);

/// What the root hands over.
pub struct Setup {
    /// The runtime that the engine lives in.
    pub runtime: Runtime,
    /// Asks models.
    pub engine: Engine,
    /// Keeps everything.
    pub store: Store,
    /// What tokens cost.
    pub prices: PriceBook,
    /// The user's budgets.
    pub budgets: Budgets,
    /// How the tokens of each provider are paid for.
    pub tariffs: BTreeMap<String, Tariff>,
    /// Providers on this machine: nobody is paid there.
    pub near: BTreeSet<String>,
    /// What the config says of models.
    pub labels: HashMap<ModelRef, Label>,
    /// The room to go on with, with its last turns; `None`: a new one.
    pub room: Option<Room>,
    /// Who sits in it.
    pub seats: Vec<Seat>,
    /// Why it can only be read, when it can.
    pub read_only: Option<String>,
    /// Whether only the demo models can answer.
    pub demo: bool,
    /// What is in the composer.
    pub draft: String,
    /// Whether that is sent at once.
    pub send: bool,
    /// How the user wants the screen.
    pub ui: UiConfig,
    /// How the user binds keys.
    pub keys: BTreeMap<String, BTreeMap<String, String>>,
    /// The user's folder of themes.
    pub themes: Option<PathBuf>,
    /// What is to be told.
    pub notices: Vec<Notice>,
    /// What is known of models.
    pub models: Arc<dyn Models>,
    /// How seats are written down for the next new room.
    pub lineup: Lineup,
    /// How providers come into the room.
    pub logins: Arc<dyn Logins>,
}

/// Opens the room on the screen; comes back when the person leaves it, with the exit status.
///
/// # Errors
/// When the terminal cannot be used: one sentence.
pub fn run(setup: Setup) -> Result<u8, String> {
    let Setup { runtime, engine, store, prices, budgets, tariffs, labels, .. } = setup;
    // Asked for together, so that the first frame waits for the store once.
    let [theme, layout, paid, usage] = ["theme", "layout", "paid", "usage"].map(|key| store.remembered(key));
    let [theme, layout, paid, usage] =
        [theme, layout, paid, usage].map(|answer| answer.wait().ok().flatten());
    let themes = setup.themes.unwrap_or_default();
    let theme = setup.ui.theme.clone().or(theme).unwrap_or_else(|| THEME.to_owned());
    let layout = setup.ui.layout.clone().or(layout);
    let (keymap, mut notices) = Keymap::load(&setup.keys);
    notices.extend(setup.notices);
    let zone = jiff::tz::TimeZone::system();
    let ui = Ui {
        layout: layout.and_then(|name| LayoutChoice::from_name(&name)).unwrap_or_default(),
        ascii: setup.ui.ascii.unwrap_or_else(|| !speaks_utf8()),
        reduced_motion: setup.ui.reduced_motion,
        newline: None,
        demo: setup.demo,
        mouse: setup.ui.mouse,
        theme: theme.clone(),
        themes: Theme::names_with(&themes),
        first_paid_send: paid.is_none(),
        zone: zone.clone(),
        enter_sends: setup.ui.enter != "newline",
        usage,
    };
    let mut ids = Ids::system();
    let new = setup.room.is_none();
    let room = setup.room.unwrap_or_else(|| Room {
        id: ids.room(),
        name: String::new(),
        context: crate::chat::ContextMode::default(),
        seats: Vec::new(),
        turns: Vec::new(),
        draft: String::new(),
        at: Millis::now(),
    });
    let estimator = engine.clone();
    let pricing = prices;
    let tariff_of = tariffs.clone();
    let state = state::Setup {
        id: room.id,
        name: (!new).then_some(room.name),
        hidden: false,
        context: room.context,
        seats: setup.seats,
        turns: room.turns,
        draft: setup.draft,
        read_only: setup.read_only,
        ids,
        at: Millis::now(),
        keymap,
        ui,
        notices,
        labels,
        tariffs,
        near: setup.near,
        budget_day: budgets.day,
        estimate: Box::new(move |seat, messages| estimator.estimate(seat, messages)),
        price: Box::new(move |model: &ModelRef, tokens: &Tokens| -> Charge {
            let tariff = tariff_of.get(&model.provider).copied().unwrap_or_default();
            pricing.charge(model, &Work::of(*tokens), tariff)
        }),
    };
    let options = Options {
        theme,
        theme_dir: themes,
        depth: depth(setup.ui.color.as_deref()),
        sync_output: setup.ui.sync_output,
        kitty_keys: setup.ui.kitty_keys,
        mouse: setup.ui.mouse,
        title: setup.ui.title,
        clipboard: setup.ui.clipboard,
        zone,
        models: setup.models,
        lineup: setup.lineup,
        logins: setup.logins,
        send: setup.send,
    };
    let code = runtime.block_on(runtime::run(engine, store, state, options));
    runtime.shutdown_timeout(REMAINS);
    code.map_err(|error| format!("the terminal cannot be used: {error}"))
}

/// What there is to say of the terminal, from the environment alone.
#[must_use]
pub fn terminal(ui: &UiConfig) -> Vec<String> {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let colours = match depth(ui.color.as_deref()) {
        Depth::TrueColor => "all colours",
        Depth::Ansi256 => "256 colours",
        Depth::Ansi16 => "16 colours",
        Depth::None => "no colours",
    };
    let inside = ["TMUX", "STY", "ZELLIJ"].iter().find(|name| var(name).is_some());
    let inside = match inside {
        Some(&"TMUX") => ", inside tmux",
        Some(&"STY") => ", inside screen",
        Some(_) => ", inside zellij",
        None => "",
    };
    let glyphs = if ui.ascii.unwrap_or_else(|| !speaks_utf8()) { "ASCII signs" } else { "UTF-8" };
    vec![
        format!(
            "TERM is {}{inside}; {colours}, {glyphs}",
            var("TERM").unwrap_or_else(|| "not set".to_owned())
        ),
        format!("copies with {}", runtime::copies_with(&ui.clipboard)),
    ]
}

/// Colours by the config, else by the environment.
fn depth(color: Option<&str>) -> Depth {
    match color {
        Some("never") => Depth::None,
        Some("always") => Depth::TrueColor,
        _ => Depth::detect(|name| std::env::var(name).ok()),
    }
}

/// Whether the locale says that the terminal is told UTF-8; no locale at all counts as one.
fn speaks_utf8() -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    match named {
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => true,
    }
}
