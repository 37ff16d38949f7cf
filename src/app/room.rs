//! The room on the screen put together: which room, which seats, what is in the composer.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Arc;

use crate::app::USAGE;
use crate::app::build::World;
use crate::app::build::runtime;
use crate::app::lineup::memory;
use crate::app::lineup::reseat;
use crate::app::logins::Desk;
use crate::app::models::Watch;
use crate::chat::Door;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Room;
use crate::chat::Seat;
use crate::cli::Out;
use crate::cli::RoomArgs;
use crate::config::ModelConfig;
use crate::config::nearest;
use crate::provider::is_loopback;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::WhichRoom;
use crate::text::Untrusted;
use crate::tui;
use crate::tui::Label;
use crate::tui::Setup;

/// Under this name the store remembers the seats of the last room.
const LINEUP: &str = "lineup";

/// Whether there is a screen to draw on; says what works without one.
pub(super) fn has_screen(out: &mut Out) -> bool {
    let term = std::env::var("TERM").unwrap_or_default();
    let why = if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        "a room needs a terminal"
    } else if term.is_empty() || term == "dumb" {
        "this terminal cannot draw a room (TERM)"
    } else {
        return true;
    };
    out.tell(&format!("salon: {why}; without one: salon ask \"PROMPT\""));
    false
}

/// Opens the room, and gives the exit status.
pub(super) fn run(world: World, args: RoomArgs, out: &mut Out) -> u8 {
    match prepare(world, args) {
        Ok(setup) => match tui::run(setup) {
            Ok(code) => code,
            Err(error) => {
                out.tell(&format!("salon: {error}"));
                1
            }
        },
        Err((why, code)) => {
            out.tell(&format!("salon: {why}"));
            code
        }
    }
}

type Refusal = (String, u8);

fn usage(error: impl std::fmt::Display) -> Refusal {
    (error.to_string(), USAGE)
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    (error.to_string(), 1)
}

/// Everything that the screen is started with.
fn prepare(world: World, args: RoomArgs) -> Result<Setup, Refusal> {
    let named = named_seats(&world, &args)?;
    let opened = world.open_store(args.ephemeral).map_err(failed)?;
    let store = opened.store;
    let mut notices = world.notices();
    notices.extend(opened.notices);
    let room = which(&args, &store, &mut notices)?;
    let read_only =
        room.as_ref().and_then(|room| store.claim_room(room.id).wait().err()).map(|error| error.to_string());
    let seats = match (&room, named) {
        (Some(room), Some(named)) if read_only.is_none() => reseat(room, named),
        (Some(room), _) => room.seats.clone(),
        (None, Some(named)) => named,
        (None, None) => last_or_standing(&world, &store)?,
    };
    world.check_key(&seats).map_err(usage)?;
    let demo = world.is_bare() && seats.iter().all(|seat| seat.model.provider == "demo");
    notices.extend(read_only.as_deref().map(Notice::warning));
    let runtime = runtime().map_err(failed)?;
    let engine = {
        let _inside = runtime.enter();
        world.engine(store.clone(), Door::Tui, None)
    };
    let chosen = world.loaded.config.lineup.clone();
    let asked = seats.iter().map(|seat| seat.model.clone()).collect();
    let world = Arc::new(world);
    let logins = Arc::new(Desk::new(Arc::clone(&world), engine.clone(), runtime.handle().clone()));
    let models = Arc::new(Watch::new(Arc::clone(&world), asked));
    Ok(Setup {
        logins,
        runtime,
        engine,
        store,
        prices: world.book.clone(),
        budgets: world.budgets(),
        tariffs: world
            .endpoints
            .iter()
            .map(|known| (known.endpoint.name.clone(), known.endpoint.tariff))
            .collect(),
        near: world
            .endpoints
            .iter()
            .filter(|known| is_loopback(&known.endpoint.base_url))
            .map(|known| known.endpoint.name.clone())
            .collect(),
        draft: args.prompt.or_else(|| room.as_ref().map(|room| room.draft.clone())).unwrap_or_default(),
        send: args.send && read_only.is_none(),
        room,
        seats,
        read_only,
        demo,
        ui: world.loaded.config.ui.clone(),
        keys: world.loaded.config.keys.clone(),
        themes: world.paths.as_ref().map(crate::config::Paths::themes),
        notices,
        labels: labels(&world),
        lineup: Box::new(move |seats| memory(chosen.as_deref(), seats)),
        models,
    })
}

/// What the config says of models, for titles and for seats that take them.
fn labels(world: &World) -> HashMap<ModelRef, Label> {
    let label = |written: &ModelConfig| Label {
        alias: written.alias.clone(),
        params: written.params.clone(),
        system: written.system.clone(),
    };
    world.loaded.config.models.iter().map(|(model, written)| (model.clone(), label(written))).collect()
}

/// The seats that the words or the environment name; `None`: they name none.
fn named_seats(world: &World, args: &RoomArgs) -> Result<Option<Vec<Seat>>, Refusal> {
    let names = world.names();
    if args.demo {
        return Ok(Some(names.demo()));
    }
    if !args.models.is_empty() {
        return names.models(&args.models).map(Some).map_err(usage);
    }
    // A line-up of the environment is for new rooms; one that exists has its own.
    let of_env = || world.env.get("SALON_LINEUP").filter(|_| !args.last && args.room.is_none());
    args.lineup.clone().or_else(of_env).map(|name| names.lineup(&name)).transpose().map_err(usage)
}

/// So many turns fill any screen; those before them are read after the first frame.
const FIRST_TURNS: usize = 64;

/// The room that was asked for, with its last turns; `None`: a new one.
fn which(args: &RoomArgs, store: &Store, notices: &mut Vec<Notice>) -> Result<Option<Room>, Refusal> {
    if let Some(name) = &args.room {
        return match store.load_room_end(WhichRoom::Name(name.clone()), FIRST_TURNS).wait() {
            Ok(room) => Ok(Some(room)),
            Err(StoreError::NotFound(_)) => Err(usage(no_such_room(name, store))),
            Err(error) => Err(failed(error)),
        };
    }
    if !args.last {
        return Ok(None);
    }
    match store.load_room_end(WhichRoom::Last, FIRST_TURNS).wait() {
        Ok(room) => Ok(Some(room)),
        Err(StoreError::NotFound(_)) => {
            notices.push(Notice::info("there is no room yet to go on with; this is the first one"));
            Ok(None)
        }
        Err(error) => Err(failed(error)),
    }
}

fn no_such_room(name: &str, store: &Store) -> String {
    let rooms = store.rooms(false).wait().unwrap_or_default();
    let hint = match nearest(name, rooms.iter().map(|room| room.name.as_str())) {
        Some(near) => format!("did you mean \"{}\"?", Untrusted::from(near).line()),
        None => "`salon rooms list` names them".to_owned(),
    };
    format!("there is no room {}\n  {hint}", Untrusted::from(name).line())
}

/// The seats of the last room, or those of who named none.
fn last_or_standing(world: &World, store: &Store) -> Result<Vec<Seat>, Refusal> {
    let names = world.names();
    let text = store.remembered(LINEUP).wait().unwrap_or_default();
    match text.and_then(|text| names.remembered(&text)) {
        Some(seats) => Ok(seats),
        None => names.standing().map_err(usage),
    }
}
