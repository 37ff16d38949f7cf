//! Rooms: their head and seats, who may write them, drafts, and reading one whole.

use std::collections::HashMap;
use std::collections::HashSet;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;
use uuid::Uuid;

use crate::chat::ContextMode;
use crate::chat::Millis;
use crate::chat::Room;
use crate::chat::RoomId;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Turn;
use crate::chat::TurnId;
use crate::store::RoomHead;
use crate::store::StoreError;
use crate::store::WhichRoom;
use crate::store::codec;
use crate::store::codec::Columns;
use crate::store::extras;
use crate::store::instance::Instance;
use crate::store::replies;
use crate::store::writer::Fail;

/// What a room is called that was given no name.
const NAMELESS: &str = "untitled";

/// Creates the room or brings it up to date, takes it for this instance, and answers its name.
/// `at` is when something happened in it; `None` leaves that as it is.
pub(super) fn upsert(
    conn: &Connection,
    me: &Instance,
    head: &RoomHead,
    at: Option<Millis>,
) -> Result<String, Fail> {
    let id = head.id.0.into_bytes();
    check_writer(conn, me, head.id)?;
    let name = free_name(conn, head)?;
    conn.prepare_cached(
        "INSERT INTO room (id, name, hidden, context, at, writer) VALUES (?1, ?2, ?3, ?4, coalesce(?5, ?6), ?7)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, hidden = excluded.hidden,
             context = excluded.context, at = coalesce(?5, at), writer = excluded.writer",
    )?
    .execute(params![
        id,
        name,
        head.hidden,
        head.context.name(),
        at.map(|at| at.0),
        minted(head.id).0,
        me.blob()
    ])?;
    write_seats(conn, head)?;
    Ok(name)
}

fn write_seats(conn: &Connection, head: &RoomHead) -> Result<(), Fail> {
    let id = head.id.0.into_bytes();
    conn.prepare_cached("DELETE FROM seat WHERE room = ?1")?.execute([id])?;
    let mut insert = conn.prepare_cached(
        "INSERT INTO seat (room, no, position, provider, model, system, params, muted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (position, seat) in head.seats.iter().enumerate() {
        insert.execute(params![
            id,
            seat.id.0,
            i64::try_from(position).unwrap_or(i64::MAX),
            seat.model.provider,
            seat.model.id,
            seat.system,
            codec::params_json(&seat.params),
            seat.muted,
        ])?;
    }
    Ok(())
}

/// The wanted name, or with the first number that makes it the only one: `errors`, `errors 2`, …
fn free_name(conn: &Connection, head: &RoomHead) -> Result<String, Fail> {
    let wanted = match head.name.trim() {
        "" => NAMELESS,
        name => name,
    };
    let mut query = conn.prepare_cached("SELECT 1 FROM room WHERE name = ?1 AND id <> ?2")?;
    let mut is_taken = |name: &str| query.exists(params![name, head.id.0.into_bytes()]);
    if !is_taken(wanted)? {
        return Ok(wanted.to_owned());
    }
    // A room that got its number once keeps it, also when a door still calls it by the bare name.
    let stored: Option<String> = conn
        .prepare_cached("SELECT name FROM room WHERE id = ?1")?
        .query_row([head.id.0.into_bytes()], |row| row.get(0))
        .optional()?;
    let has_number = |name: &String| {
        name.strip_prefix(wanted)
            .and_then(|rest| rest.strip_prefix(' '))
            .is_some_and(|n| n.parse::<u64>().is_ok())
    };
    if let Some(stored) = stored.filter(has_number) {
        return Ok(stored);
    }
    // Doubling first and then halving asks a few times only, also when a script has asked the same a
    // thousand times. `below` is taken, `free` is not.
    let numbered = |n: u64| format!("{wanted} {n}");
    let (mut below, mut free) = (1_u64, 2_u64);
    while is_taken(&numbered(free))? {
        (below, free) = (free, free.saturating_mul(2));
    }
    while free - below > 1 {
        let middle = below + (free - below) / 2;
        if is_taken(&numbered(middle))? {
            below = middle;
        } else {
            free = middle;
        }
    }
    Ok(numbered(free))
}

/// When a room was minted: a room that only has a draft has no other time.
fn minted(id: RoomId) -> Millis {
    let since = id.0.get_timestamp().map_or((0, 0), |time| time.to_unix());
    let millis = since.0.saturating_mul(1000).saturating_add(u64::from(since.1 / 1_000_000));
    Millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// Takes the room for this instance, when it is there.
pub(super) fn claim(conn: &Connection, me: &Instance, room: RoomId) -> Result<(), Fail> {
    check_writer(conn, me, room)?;
    conn.prepare_cached("UPDATE room SET writer = ?2 WHERE id = ?1 AND writer IS NOT ?2")?
        .execute(params![room.0.into_bytes(), me.blob()])?;
    Ok(())
}

/// Refuses when another live instance writes the room.
fn check_writer(conn: &Connection, me: &Instance, room: RoomId) -> Result<(), Fail> {
    let held: Option<(String, Option<[u8; 16]>)> = conn
        .prepare_cached("SELECT name, writer FROM room WHERE id = ?1")?
        .query_row([room.0.into_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((name, Some(writer))) = held else { return Ok(()) };
    match me.rival(conn, Uuid::from_bytes(writer))? {
        None => Ok(()),
        Some(pid) => Err(StoreError::ReadOnly(format!(
            "the room {name:?} is open in another salon (pid {pid}), which writes it; here it can be read. Close it \
             there to write it here"
        ))
        .into()),
    }
}

/// Saves a room that exists.
pub(super) fn save(conn: &Connection, me: &Instance, head: &RoomHead) -> Result<(), Fail> {
    if exists(conn, head.id)? {
        upsert(conn, me, head, None)?;
    }
    Ok(())
}

fn exists(conn: &Connection, room: RoomId) -> Result<bool, rusqlite::Error> {
    conn.prepare_cached("SELECT 1 FROM room WHERE id = ?1")?.exists([room.0.into_bytes()])
}

/// Saves the draft. A room of a draft alone ends with it.
pub(super) fn save_draft(
    conn: &Connection,
    me: &Instance,
    head: &RoomHead,
    draft: &str,
) -> Result<String, Fail> {
    let is_new = !exists(conn, head.id)?;
    if is_new && draft.is_empty() {
        return Ok(head.name.clone());
    }
    let name = upsert(conn, me, head, None)?;
    let id = head.id.0.into_bytes();
    conn.prepare_cached("UPDATE room SET draft = ?2 WHERE id = ?1 AND draft <> ?2")?
        .execute(params![id, draft])?;
    if draft.is_empty() {
        conn.prepare_cached(
            "DELETE FROM room WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM turn WHERE room = ?1)",
        )?
        .execute([id])?;
    }
    Ok(name)
}

/// Some of a room's turns, by their numbers: the first of them, and the one after the last.
#[derive(Clone, Copy)]
pub(super) struct Stretch(RoomId, i64, i64);

impl Stretch {
    /// The last so many turns of a room; all of them when there are not more.
    fn last(conn: &Connection, room: RoomId, count: usize) -> Result<Self, Fail> {
        let first = conn
            .prepare_cached("SELECT no FROM turn WHERE room = ?1 ORDER BY no DESC LIMIT 1 OFFSET ?2")?
            .query_row(params![room.0.into_bytes(), codec::signed(count.saturating_sub(1) as u64)], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(Self(room, first.unwrap_or(i64::MIN), i64::MAX))
    }

    /// The turns before that one.
    fn before(conn: &Connection, room: RoomId, turn: TurnId) -> Result<Self, Fail> {
        let below = conn
            .prepare_cached("SELECT no FROM turn WHERE id = ?1")?
            .query_row([turn.0.into_bytes()], |row| row.get(0))
            .optional()?;
        Ok(Self(room, i64::MIN, below.unwrap_or(i64::MIN)))
    }

    /// What a query is given that says `turn.room = ?1 AND turn.no >= ?2 AND turn.no < ?3`.
    pub(super) fn params(self) -> ([u8; 16], i64, i64) {
        (self.0.0.into_bytes(), self.1, self.2)
    }
}

/// A room with its last turns: so many, or all.
pub(super) fn load(conn: &Connection, which: &WhichRoom, last: Option<usize>) -> Result<Room, Fail> {
    const HEAD: &str = "SELECT id, name, context, draft, at FROM room";
    let read = |row: &rusqlite::Row<'_>| {
        let mut columns = Columns::of(row);
        Ok(Room {
            id: RoomId(columns.uuid()?),
            name: columns.get()?,
            context: columns.word(context_of)?,
            draft: columns.get()?,
            at: Millis(columns.get()?),
            seats: Vec::new(),
            turns: Vec::new(),
        })
    };
    let found = match which {
        WhichRoom::Name(name) => {
            conn.query_row(&format!("{HEAD} WHERE name = ?1"), [name], read).optional()?
        }
        WhichRoom::Last => conn
            .query_row(&format!("{HEAD} WHERE hidden = 0 ORDER BY at DESC, id DESC LIMIT 1"), [], read)
            .optional()?,
    };
    let Some(mut room) = found else { return Err(nothing_found(which).into()) };
    room.seats = seats(conn, room.id)?;
    room.turns = turns(conn, Stretch::last(conn, room.id, last.unwrap_or(usize::MAX))?)?;
    Ok(room)
}

/// The turns of a room before that one.
pub(super) fn earlier(conn: &Connection, room: RoomId, turn: TurnId) -> Result<Vec<Turn>, Fail> {
    turns(conn, Stretch::before(conn, room, turn)?)
}

fn nothing_found(which: &WhichRoom) -> StoreError {
    StoreError::NotFound(match which {
        WhichRoom::Name(name) => format!("there is no room {name:?}; salon rooms list names them"),
        WhichRoom::Last => "there is no room yet".to_owned(),
    })
}

fn context_of(name: &str) -> Option<ContextMode> {
    (name == ContextMode::Own.name()).then_some(ContextMode::Own)
}

fn seats(conn: &Connection, room: RoomId) -> Result<Vec<Seat>, Fail> {
    let mut query = conn.prepare_cached(
        "SELECT no, provider, model, system, params, muted FROM seat WHERE room = ?1 ORDER BY position",
    )?;
    let seats = query.query_map([room.0.into_bytes()], |row| {
        let mut columns = Columns::of(row);
        Ok(Seat {
            id: SeatId(columns.get()?),
            model: columns.model()?,
            system: columns.get()?,
            params: codec::params(&mut columns)?,
            muted: columns.get()?,
        })
    })?;
    Ok(seats.collect::<Result<_, _>>()?)
}

fn turns(conn: &Connection, stretch: Stretch) -> Result<Vec<Turn>, Fail> {
    let mut query = conn.prepare_cached(
        "SELECT id, parent, at, prompt, targets FROM turn
         WHERE room = ?1 AND no >= ?2 AND no < ?3 ORDER BY no",
    )?;
    let turns = query.query_map(stretch.params(), |row| {
        let mut columns = Columns::of(row);
        Ok(Turn {
            id: TurnId(columns.uuid()?),
            parent: columns.maybe_uuid()?.map(TurnId),
            at: Millis(columns.get()?),
            prompt: columns.get()?,
            targets: codec::seats(&mut columns)?,
            attachments: Vec::new(),
            replies: Vec::new(),
            chosen: Vec::new(),
        })
    })?;
    let mut turns: Vec<Turn> = turns.collect::<Result<_, _>>()?;
    let places: HashMap<TurnId, usize> = turns.iter().enumerate().map(|(at, turn)| (turn.id, at)).collect();
    for reply in replies::of_turns(conn, stretch)? {
        if let Some(turn) = places.get(&reply.turn).and_then(|at| turns.get_mut(*at)) {
            turn.replies.push(reply);
        }
    }
    for (turn, media) in extras::attachments(conn, stretch)? {
        if let Some(turn) = places.get(&turn).and_then(|at| turns.get_mut(*at)) {
            turn.attachments.push(media);
        }
    }
    for (turn, reply) in extras::chosen(conn, stretch)? {
        if let Some(turn) = places.get(&turn).and_then(|at| turns.get_mut(*at)) {
            turn.chosen.push(reply);
        }
    }
    Ok(turns)
}

/// The last prompts of rooms that are not hidden, newest first, without repeats.
pub(super) fn prompts(conn: &Connection, limit: usize) -> Result<Vec<String>, Fail> {
    let mut query = conn.prepare_cached(
        "SELECT turn.prompt FROM turn JOIN room ON room.id = turn.room WHERE room.hidden = 0
         ORDER BY turn.no DESC",
    )?;
    let mut rows = query.query([])?;
    let (mut seen, mut prompts) = (HashSet::new(), Vec::new());
    while prompts.len() < limit {
        let Some(row) = rows.next()? else { break };
        let prompt: String = row.get(0)?;
        if seen.insert(prompt.clone()) {
            prompts.push(prompt);
        }
    }
    Ok(prompts)
}

/// Remembers a value.
pub(super) fn remember(conn: &Connection, key: &str, value: &str) -> Result<(), Fail> {
    conn.prepare_cached(
        "INSERT INTO memory (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute([key, value])?;
    Ok(())
}

/// What was remembered.
pub(super) fn remembered(conn: &Connection, key: &str) -> Result<Option<String>, Fail> {
    Ok(conn
        .prepare_cached("SELECT value FROM memory WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}
