//! `salon ask` put together: which seats answer, in which room, through which engine. What is
//! printed is the command line's affair.

use crate::app::USAGE;
use crate::app::build::World;
use crate::app::build::runtime;
use crate::app::lineup::reseat;
use crate::app::models;
use crate::chat::ContextMode;
use crate::chat::Door;
use crate::chat::Ids;
use crate::chat::ModelRef;
use crate::chat::Room;
use crate::chat::Seat;
use crate::chat::Tokens;
use crate::cli;
use crate::cli::AskArgs;
use crate::cli::Asking;
use crate::cli::Out;
use crate::cli::Question;
use crate::store::RoomHead;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::WhichRoom;

/// Asks, and gives the exit status.
pub(super) fn run(world: &World, args: &AskArgs, out: &mut Out) -> u8 {
    let named = match named_seats(world, args) {
        Ok(named) => named,
        Err(why) => return refuse(&why, USAGE, out),
    };
    let question = match cli::question(args, out) {
        Ok(question) => question,
        Err(why) => return refuse(&why, USAGE, out),
    };
    let opened = match world.open_store(false) {
        Ok(opened) => opened,
        Err(error) => return refuse(&error.to_string(), 1, out),
    };
    for notice in &opened.notices {
        out.tell(&notice.text);
    }
    let store = opened.store;
    let code = match prepare(world, args, named, &store) {
        Ok(prepared) => {
            let asked = prepared.0.seats.iter().filter(|seat| !seat.muted).map(|seat| &seat.model);
            for notice in models::look_up(world, asked) {
                out.tell(&notice.text);
            }
            go(world, args, &store, (question, prepared), out)
        }
        Err((why, code)) => refuse(&why, code, out),
    };
    store.close();
    code
}

fn refuse(why: &str, code: u8, out: &mut Out) -> u8 {
    out.tell(&format!("salon: {why}"));
    code
}

/// The seats that the words name; `None`: they name none.
fn named_seats(world: &World, args: &AskArgs) -> Result<Option<Vec<Seat>>, String> {
    let names = world.names();
    let lineup = args.lineup.clone().or_else(|| world.env.get("SALON_LINEUP"));
    let seats = if !args.models.is_empty() {
        Some(names.models(&args.models))
    } else if args.lineup.is_some() || args.room.is_none() {
        lineup.map(|name| names.lineup(&name))
    } else {
        None
    };
    seats.transpose().map_err(|unknown| unknown.to_string())
}

type Prepared = (RoomHead, Vec<crate::chat::Turn>, Ids);

/// The room, what was said in it, and who sits in it.
fn prepare(
    world: &World,
    args: &AskArgs,
    named: Option<Vec<Seat>>,
    store: &Store,
) -> Result<Prepared, (String, u8)> {
    let mut ids = Ids::system();
    let old = args.room.as_deref().map(|name| existing(store, name)).transpose()?.flatten();
    let mut seats = match (&old, named) {
        (Some(room), Some(named)) => reseat(room, named),
        (Some(room), None) => room.seats.clone(),
        (None, Some(named)) => named,
        (None, None) => world.names().standing().map_err(|unknown| (unknown.to_string(), USAGE))?,
    };
    if !seats.iter().any(|seat| !seat.muted) {
        return Err(("every seat of this room is muted; -m names others".to_owned(), USAGE));
    }
    world.check_key(&seats).map_err(|why| (why, USAGE))?;
    for seat in &mut seats {
        seat.system = args.system.clone().or_else(|| seat.system.take());
    }
    let id = old.as_ref().map_or_else(|| ids.room(), |room| room.id);
    let name = match (&old, &args.room) {
        (Some(room), _) => room.name.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => format!("ask {id}"),
    };
    let context = old.as_ref().map_or(ContextMode::Own, |room| room.context);
    let head = RoomHead { id, name, hidden: args.room.is_none(), context, seats };
    Ok((head, old.map(|room| room.turns).unwrap_or_default(), ids))
}

/// The room of that name, taken for writing; `None` when there is none yet.
fn existing(store: &Store, name: &str) -> Result<Option<Room>, (String, u8)> {
    if name.trim().is_empty() {
        return Err(("--room: a room has a name".to_owned(), USAGE));
    }
    match store.load_room(WhichRoom::Name(name.to_owned())).wait() {
        Ok(room) => {
            store.claim_room(room.id).wait().map_err(|error| (error.to_string(), 1))?;
            Ok(Some(room))
        }
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err((error.to_string(), 1)),
    }
}

fn go(
    world: &World,
    args: &AskArgs,
    store: &Store,
    (question, (mut room, past, ids)): (Question, Prepared),
    out: &mut Out,
) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("the system gives no threads: {error}"), 1, out),
    };
    for seat in &mut room.seats {
        seat.params = question.params.over(&seat.params);
    }
    let paid_by = |model: &ModelRef| {
        world.book.tariff(model, &Tokens::default(), world.endpoints.tariff(&model.provider))
    };
    let tariffs = room.seats.iter().map(|seat| (seat.id, paid_by(&seat.model))).collect();
    let code = runtime.block_on(async {
        let engine = world.engine(store.clone(), Door::Cli, args.tag.clone());
        let asking = Asking {
            engine: engine.clone(),
            room,
            past,
            prompt: question.prompt,
            attachments: question.attachments,
            tariffs,
            ids,
            max_cost: question.max_cost,
            timeout: question.timeout,
            format: args.format,
            raw: args.raw,
        };
        cli::ask(asking, out).await
    });
    // What a key source still does must not hold up the end.
    runtime.shutdown_background();
    code
}
