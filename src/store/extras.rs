//! What belongs to a turn beside its prompt and its replies: files that went along, and which
//! version of a reply the person chose to look at.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::params;

use crate::chat::Media;
use crate::chat::MediaData;
use crate::chat::ReplyId;
use crate::chat::SeatId;
use crate::chat::TurnId;
use crate::store::codec::Columns;
use crate::store::codec::uuid_at;
use crate::store::rooms::Stretch;
use crate::store::writer::Fail;

/// Writes down what goes along with a turn. What has an address only is not kept: who reads it
/// later would see something else.
pub(super) fn attach(conn: &Connection, turn: TurnId, attachments: &[Media]) -> Result<(), Fail> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO attachment (turn, no, media_type, name, data) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (media, no) in attachments.iter().zip(0_i64..) {
        if let MediaData::Base64(data) = &media.data {
            insert.execute(params![turn.0.into_bytes(), no, media.media_type, media.name, &**data])?;
        }
    }
    Ok(())
}

/// What goes along with the turns of a room, in order.
pub(super) fn attachments(conn: &Connection, turns: Stretch) -> Result<Vec<(TurnId, Media)>, Fail> {
    let mut query = conn.prepare_cached(
        "SELECT attachment.turn, media_type, name, data FROM attachment JOIN turn ON turn.id = attachment.turn
         WHERE turn.room = ?1 AND turn.no >= ?2 AND turn.no < ?3 ORDER BY turn.no, attachment.no",
    )?;
    let rows = query.query_map(turns.params(), |row| {
        let mut columns = Columns::of(row);
        let turn = TurnId(columns.uuid()?);
        let (media_type, name) = (columns.get()?, columns.get()?);
        let data = MediaData::Base64(Arc::from(columns.get::<String>()?));
        Ok((turn, Media { media_type, name, data }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes down which version of a seat's reply is the one that counts; `None`: the last one.
pub(super) fn choose(
    conn: &Connection,
    turn: TurnId,
    seat: SeatId,
    reply: Option<ReplyId>,
) -> Result<(), Fail> {
    let turn = turn.0.into_bytes();
    match reply {
        Some(reply) => conn
            .prepare_cached(
                "INSERT INTO chosen (turn, seat, reply) VALUES (?1, ?2, ?3)
                 ON CONFLICT (turn, seat) DO UPDATE SET reply = excluded.reply",
            )?
            .execute(params![turn, seat.0, reply.0.into_bytes()])?,
        None => conn
            .prepare_cached("DELETE FROM chosen WHERE turn = ?1 AND seat = ?2")?
            .execute(params![turn, seat.0])?,
    };
    Ok(())
}

/// The versions that were chosen in a room.
pub(super) fn chosen(conn: &Connection, turns: Stretch) -> Result<Vec<(TurnId, ReplyId)>, Fail> {
    let mut query = conn.prepare_cached(
        "SELECT chosen.turn, chosen.reply FROM chosen JOIN turn ON turn.id = chosen.turn
         WHERE turn.room = ?1 AND turn.no >= ?2 AND turn.no < ?3 ORDER BY turn.no, chosen.seat",
    )?;
    let rows =
        query.query_map(turns.params(), |row| Ok((TurnId(uuid_at(row, 0)?), ReplyId(uuid_at(row, 1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
