//! Providers that come into an open room: logins and what becomes of them, and servers that were
//! found on this machine. Demo seats give way to real ones; seats that a person chose stay.

use crate::chat::ModelInfo;
use crate::chat::Notice;
use crate::chat::Tariff;
use crate::tui::effect::Effect;
use crate::tui::effect::Login;
use crate::tui::effect::LoginNews;
use crate::tui::effect::LoginRow;
use crate::tui::effect::Welcome;
use crate::tui::panel;
use crate::tui::panel::LoginStage;
use crate::tui::state::State;
use crate::tui::update::seats;

/// Opens the panel; a provider may be named.
pub fn open(state: &mut State, provider: &str) {
    state.login = LoginStage::Idle;
    let made = state.with_cx(|cx| panel::login(cx, provider));
    close(state);
    state.panels.push(made);
}

/// Begins, or stops.
pub fn begin(state: &mut State, login: Login, out: &mut Vec<Effect>) {
    state.login = match login {
        Login::Stop => LoginStage::Idle,
        Login::Key { .. } => LoginStage::Busy("The provider is asked whether it takes the key …"),
        Login::Code { .. } => LoginStage::Busy("The code is exchanged for a key …"),
        Login::Browser { .. } | Login::Page { .. } => LoginStage::Busy("…"),
    };
    out.push(Effect::Login(login));
}

/// What became of it.
pub fn news(state: &mut State, news: LoginNews, out: &mut Vec<Effect>) {
    match news {
        LoginNews::Page { url, code } => state.login = LoginStage::Page { url, code },
        LoginNews::Failed(why) => state.login = LoginStage::Failed(why),
        LoginNews::Welcome(welcome) => welcomed(state, *welcome, out),
    }
}

/// What there is to log in to.
pub fn rows(state: &mut State, rows: Vec<LoginRow>) {
    state.known.logins = rows;
}

/// Models of servers on this machine: offered, and never seated unasked.
pub fn found(state: &mut State, said: &str, models: Vec<ModelInfo>) {
    let rows = state.model_rows(models);
    for row in rows {
        if !state.known.models.iter().any(|known| known.model == row.model) {
            state.known.models.push(row);
        }
    }
    state.known.models_told += 1;
    if state.only_demo() {
        let keys = state.keys.name("{models} shows its models");
        state.say(format!("{said}; {keys}"));
    }
}

/// The models that are known offline, with those that were found before.
pub fn models(state: &mut State, models: Vec<ModelInfo>) {
    let mut rows = state.model_rows(models);
    let before = std::mem::take(&mut state.known.models);
    let found = before.into_iter().filter(|row| row.tariff == Tariff::Local);
    let found: Vec<_> = found.filter(|row| !rows.iter().any(|known| known.model == row.model)).collect();
    rows.extend(found);
    state.known.models = rows;
    state.known.models_told += 1;
}

fn close(state: &mut State) {
    state.panels.retain(|panel| panel.title() != panel::LOGIN);
}

fn welcomed(state: &mut State, welcome: Welcome, out: &mut Vec<Effect>) {
    let Welcome { told, seats, demo, rows } = welcome;
    close(state);
    state.login = LoginStage::Idle;
    state.known.logins = rows;
    let before: Vec<_> = state.panes.iter().map(|pane| pane.seat.model.clone()).collect();
    let real = !seats.is_empty() && seats.iter().all(|seat| state.tariff(&seat.model) != Tariff::Play);
    let gives_way = state.look.ui.demo && before == demo && real && state.room.read_only.is_none();
    state.look.ui.demo = false;
    if gives_way {
        let count = seats.len();
        seats::replace_all(state, seats, out);
        let seats =
            if count == 1 { "a real model sits".to_owned() } else { format!("{count} real models sit") };
        state.tell(Notice::info(format!("{told}; {seats} here now")));
    } else {
        let keys = state.keys.name("{models} chooses its models");
        state.tell(Notice::info(format!("{told}; {keys}")));
    }
}
