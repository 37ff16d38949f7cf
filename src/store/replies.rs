//! Turns and replies as they happen: begun, appended to, ended. What comes of a reply is small rows at
//! first, so that a commit costs the same however long the reply is; when the reply ends, they are
//! folded into its row.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::chat::AttemptStart;
use crate::chat::LedgerEntry;
use crate::chat::Millis;
use crate::chat::Reply;
use crate::chat::ReplyId;
use crate::chat::SeatId;
use crate::chat::Status;
use crate::chat::ToolCall;
use crate::chat::TurnId;
use crate::store::Delta;
use crate::store::DeltaKind;
use crate::store::ReplyEnd;
use crate::store::ReplyStart;
use crate::store::RoomHead;
use crate::store::StoreError;
use crate::store::TurnStart;
use crate::store::budget;
use crate::store::budget::Limits;
use crate::store::codec;
use crate::store::codec::Columns;
use crate::store::codec::maybe_signed;
use crate::store::codec::raw;
use crate::store::extras;
use crate::store::instance::Instance;
use crate::store::ledger;
use crate::store::ledger::Origin;
use crate::store::rooms;
use crate::store::rooms::Stretch;
use crate::store::writer::Fail;
use crate::text::Untrusted;
use crate::text::lengthen;

/// Begins a turn, and answers what its room is called.
pub(super) fn begin_turn(
    conn: &Connection,
    me: &Instance,
    start: &TurnStart,
    limits: &Limits,
) -> Result<String, Fail> {
    let room = start.room.id;
    let name = rooms::upsert(conn, me, &start.room, Some(start.at))?;
    let reserves: Vec<Option<i64>> = start.replies.iter().map(|reply| reply.attempt.reserve).collect();
    budget::check(conn, limits, &budget::Plan { at: start.at, room, reserves: &reserves })?;
    let targets: Vec<SeatId> = start.replies.iter().map(|reply| reply.seat).collect();
    conn.prepare_cached(
        "INSERT INTO turn (id, room, parent, at, prompt, targets) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        start.turn.0.into_bytes(),
        room.0.into_bytes(),
        start.parent.map(|parent| parent.0.into_bytes()),
        start.at.0,
        start.prompt,
        codec::seats_json(&targets),
    ])?;
    extras::attach(conn, start.turn, &start.attachments)?;
    // What was sent is no draft any more. What was typed since is.
    conn.prepare_cached("UPDATE room SET draft = '' WHERE id = ?1 AND draft = ?2")?
        .execute(params![room.0.into_bytes(), start.prompt])?;
    for reply in &start.replies {
        insert(conn, me, reply, start.turn)?;
    }
    Ok(name)
}

/// Begins a further reply of a turn.
pub(super) fn begin_reply(
    conn: &Connection,
    me: &Instance,
    room: &RoomHead,
    start: &ReplyStart,
    limits: &Limits,
) -> Result<(), Fail> {
    let at = start.attempt.at;
    rooms::upsert(conn, me, room, Some(at))?;
    budget::check(conn, limits, &budget::Plan { at, room: room.id, reserves: &[start.attempt.reserve] })?;
    let turn = start.turn.0.into_bytes();
    let targets = conn
        .prepare_cached("SELECT targets FROM turn WHERE id = ?1 AND room = ?2")?
        .query_row(params![turn, room.id.0.into_bytes()], |row| codec::seats(&mut Columns::of(row)))
        .optional()?;
    let Some(mut targets) = targets else {
        return Err(StoreError::NotFound(format!("there is no turn {} in this room", start.turn)).into());
    };
    // A seat that is asked only now was addressed by the prompt all the same.
    if !targets.contains(&start.seat) {
        targets.push(start.seat);
        conn.prepare_cached("UPDATE turn SET targets = ?2 WHERE id = ?1")?
            .execute(params![turn, codec::seats_json(&targets)])?;
    }
    // The newest version is the one to look at.
    extras::choose(conn, start.turn, start.seat, None)?;
    insert(conn, me, start, start.turn)
}

fn insert(conn: &Connection, me: &Instance, start: &ReplyStart, turn: TurnId) -> Result<(), Fail> {
    conn.prepare_cached(
        "INSERT INTO reply (id, turn, seat, sibling, provider, model, status, attempts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        start.reply.0.into_bytes(),
        turn.0.into_bytes(),
        start.seat.0,
        start.sibling,
        start.model.provider,
        start.model.id,
        Status::Streaming.name(),
        start.attempt.n,
    ])?;
    ledger::begin(conn, me, &start.attempt)
}

/// Ends one attempt and begins the next one.
pub(super) fn retry(
    conn: &Connection,
    me: &Instance,
    failed: &LedgerEntry,
    next: &AttemptStart,
) -> Result<(), Fail> {
    ledger::end(conn, failed, Origin::End)?;
    ledger::begin(conn, me, next)?;
    conn.prepare_cached("UPDATE reply SET attempts = max(attempts, ?2) WHERE id = ?1")?
        .execute(params![next.reply.0.into_bytes(), next.n])?;
    Ok(())
}

/// Adds pieces. One that is there already, or folded already, changes nothing.
pub(super) fn append(conn: &Connection, deltas: &[Delta]) -> Result<(), Fail> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO delta (reply, seq, kind, text)
         SELECT ?1, ?2, ?3, ?4 FROM reply WHERE id = ?1 AND folded < ?2
         ON CONFLICT (reply, seq) DO NOTHING",
    )?;
    for delta in deltas {
        insert.execute(params![
            delta.reply.0.as_bytes(),
            codec::signed(delta.seq),
            codec::kind_number(delta.kind),
            delta.text,
        ])?;
    }
    Ok(())
}

/// Ends a reply with its last attempt. The same end again changes nothing.
pub(super) fn finish(conn: &Connection, deltas: &[Delta], end: &ReplyEnd) -> Result<(), Fail> {
    if !ledger::end(conn, &end.entry, Origin::End)? {
        return Ok(());
    }
    let (mine, others): (Vec<&Delta>, Vec<&Delta>) =
        deltas.iter().partition(|delta| delta.reply == end.reply);
    if !others.is_empty() {
        append(conn, &others.into_iter().cloned().collect::<Vec<_>>())?;
    }
    fold(conn, end.reply, &mine)?;
    let charge = codec::settled(&end.charge);
    conn.prepare_cached(
        "UPDATE reply SET status = ?2, finish = ?3, fault = ?4, input = ?5, cache_read = ?6, cache_write = ?7,
             cache_write_1h = ?8, output = ?9, reasoning = ?10, amount = ?11, source = ?12, tariff = ?13,
             served_model = ?14, upstream = ?15, attempts = ?16, ttft_ms = ?17, total_ms = ?18,
             audio_input = ?19, audio_output = ?20, image_output = ?21, searches = ?22
         WHERE id = ?1",
    )?
    .execute(params![
        end.reply.0.into_bytes(),
        end.status.name(),
        end.finish,
        end.fault.as_ref().map(codec::fault_json),
        maybe_signed(end.tokens.input),
        maybe_signed(end.tokens.cache_read),
        maybe_signed(end.tokens.cache_write),
        maybe_signed(end.tokens.cache_write_1h),
        maybe_signed(end.tokens.output),
        maybe_signed(end.tokens.reasoning),
        charge.amount.map(|amount| amount.0),
        charge.source.name(),
        charge.tariff.name(),
        raw(end.served_model.as_ref()),
        raw(end.upstream.as_ref()),
        end.attempts,
        maybe_signed(end.ttft_ms),
        codec::signed(end.total_ms),
        maybe_signed(end.tokens.audio_input),
        maybe_signed(end.tokens.audio_output),
        maybe_signed(end.tokens.image_output),
        maybe_signed(end.tokens.searches),
    ])?;
    touch(conn, end.reply, end.entry.at)
}

/// Something has happened in the room of a reply.
fn touch(conn: &Connection, reply: ReplyId, at: Millis) -> Result<(), Fail> {
    conn.prepare_cached(
        "UPDATE room SET at = ?2 WHERE at < ?2 AND id =
             (SELECT turn.room FROM reply JOIN turn ON turn.id = reply.turn WHERE reply.id = ?1)",
    )?
    .execute(params![reply.0.into_bytes(), at.0])?;
    Ok(())
}

/// What a reply consists of.
#[derive(Default)]
struct Pieces {
    text: String,
    thinking: String,
    tool_calls: Vec<ToolCall>,
    opaque: Vec<String>,
    parts: Vec<String>,
    notes: Vec<String>,
}

impl Pieces {
    fn read(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Self> {
        Ok(Self {
            text: columns.get()?,
            thinking: columns.get()?,
            tool_calls: codec::tool_calls(columns)?,
            opaque: columns.list()?,
            parts: columns.list()?,
            notes: columns.list()?,
        })
    }

    fn add(&mut self, kind: DeltaKind, text: &str) {
        match kind {
            DeltaKind::Text => lengthen(&mut self.text, text),
            DeltaKind::Thinking => lengthen(&mut self.thinking, text),
            DeltaKind::ToolCall => self.tool_calls.push(codec::tool_call(text)),
            DeltaKind::Opaque => self.opaque.push(text.to_owned()),
            DeltaKind::Part => self.parts.push(text.to_owned()),
            DeltaKind::Note => self.notes.push(text.to_owned()),
        }
    }

    /// Adds the stored deltas of a reply, and `more` in their places. Answers the highest number.
    fn add_stored(&mut self, conn: &Connection, reply: ReplyId, more: &[&Delta]) -> Result<i64, Fail> {
        let mut last = -1;
        let mut more = more.iter().peekable();
        let mut query =
            conn.prepare_cached("SELECT seq, kind, text FROM delta WHERE reply = ?1 ORDER BY seq")?;
        let mut rows = query.query([reply.0.as_bytes()])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            while let Some(delta) = more.next_if(|delta| codec::signed(delta.seq) < seq) {
                self.add_new(delta, &mut last);
            }
            self.add(codec::kind_of(row.get(1)?), row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?);
            last = seq;
        }
        for delta in more {
            self.add_new(delta, &mut last);
        }
        Ok(last)
    }

    fn add_new(&mut self, delta: &Delta, last: &mut i64) {
        let seq = codec::signed(delta.seq);
        if seq > *last {
            self.add(delta.kind, &delta.text);
            *last = seq;
        }
    }
}

/// Moves the deltas of a reply, and `more`, into its row. Answers how many characters it has now.
pub(super) fn fold(conn: &Connection, reply: ReplyId, more: &[&Delta]) -> Result<u64, Fail> {
    let id = reply.0.into_bytes();
    let found = conn
        .prepare_cached(
            "SELECT folded, text, thinking, tool_calls, opaque, parts, notes FROM reply WHERE id = ?1",
        )?
        .query_row([id], |row| {
            let mut columns = Columns::of(row);
            Ok((columns.get::<i64>()?, Pieces::read(&mut columns)?))
        })
        .optional()?;
    let Some((folded, mut pieces)) = found else {
        return Err(StoreError::NotFound(format!("there is no reply {reply}")).into());
    };
    let mut more: Vec<&Delta> =
        more.iter().copied().filter(|delta| codec::signed(delta.seq) > folded).collect();
    more.sort_by_key(|delta| delta.seq);
    let last = pieces.add_stored(conn, reply, &more)?;
    conn.prepare_cached(
        "UPDATE reply SET text = ?2, thinking = ?3, tool_calls = ?4, opaque = ?5, parts = ?6, notes = ?7,
             folded = ?8
         WHERE id = ?1",
    )?
    .execute(params![
        id,
        pieces.text,
        pieces.thinking,
        codec::tool_calls_json(&pieces.tool_calls),
        codec::texts_json(&pieces.opaque),
        codec::texts_json(&pieces.parts),
        codec::texts_json(&pieces.notes),
        last.max(folded),
    ])?;
    conn.prepare_cached("DELETE FROM delta WHERE reply = ?1")?.execute([id])?;
    let calls = pieces.tool_calls.iter().map(|call| call.arguments.raw().chars().count()).sum::<usize>();
    let chars = pieces.text.chars().count() + pieces.thinking.chars().count() + calls;
    Ok(u64::try_from(chars).unwrap_or(u64::MAX))
}

/// The replies of turns in the order in which they were asked for, those in flight with what has come.
pub(super) fn of_turns(conn: &Connection, turns: Stretch) -> Result<Vec<Reply>, Fail> {
    let mut query = conn.prepare_cached(
        "SELECT r.no, r.id, r.turn, r.seat, r.sibling, r.provider, r.model, r.status, r.text, r.thinking, r.tool_calls,
                r.opaque, r.parts, r.notes, r.input, r.cache_read, r.cache_write, r.cache_write_1h, r.output, r.reasoning,
                r.audio_input, r.audio_output, r.image_output, r.searches, r.amount, r.source, r.tariff, r.served_model, r.upstream, r.finish, r.fault, r.attempts,
                r.ttft_ms, r.total_ms
         FROM turn AS t JOIN reply AS r ON r.turn = t.id WHERE t.room = ?1 AND t.no >= ?2 AND t.no < ?3 ORDER BY t.no",
    )?;
    let mut rows = query.query(turns.params())?;
    let mut replies: Vec<(i64, Reply)> = Vec::new();
    while let Some(row) = rows.next()? {
        replies.push(read(conn, row)?);
    }
    // SQLite would sort copies of all columns for this, texts included.
    for turn in replies.chunk_by_mut(|(_, a), (_, b)| a.turn == b.turn) {
        if !turn.is_sorted_by_key(|(no, _)| *no) {
            turn.sort_by_key(|(no, _)| *no);
        }
    }
    Ok(replies.into_iter().map(|(_, reply)| reply).collect())
}

/// A reply, and the number that tells when it was asked for.
fn read(conn: &Connection, row: &rusqlite::Row<'_>) -> Result<(i64, Reply), Fail> {
    let columns = &mut Columns::of(row);
    let no = columns.get()?;
    let mut reply = Reply::begun(
        ReplyId(columns.uuid()?),
        TurnId(columns.uuid()?),
        SeatId(columns.get()?),
        columns.get()?,
        columns.model()?,
    );
    reply.status = columns.word(Status::from_name)?;
    let mut pieces = Pieces::read(columns)?;
    reply.tokens = columns.tokens()?;
    reply.charge = columns.maybe_charge()?;
    reply.served_model = columns.maybe_outside()?;
    reply.upstream = columns.maybe_outside()?;
    reply.finish = columns.get()?;
    reply.fault = columns.get::<Option<String>>()?.and_then(|text| codec::fault(&text));
    reply.attempts = columns.get()?;
    reply.ttft_ms = columns.maybe_count()?;
    reply.total_ms = columns.maybe_count()?;
    if reply.status == Status::Streaming {
        pieces.add_stored(conn, reply.id, &[])?;
    }
    // What was shown beside the text stands under it: a reply of a refusal alone is not empty.
    for part in pieces.parts {
        if !pieces.text.is_empty() {
            pieces.text.push_str("\n\n");
        }
        pieces.text.push_str(&part);
    }
    reply.text = Untrusted::from(pieces.text);
    reply.thinking = Untrusted::from(pieces.thinking);
    reply.tool_calls = pieces.tool_calls;
    reply.opaque = pieces.opaque;
    for words in pieces.notes {
        reply.note(words);
    }
    Ok((no, reply))
}
