//! Attempts and what they cost. A row is only ever added; every figure is a fold over the view `bill`,
//! which takes the highest row of each attempt.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::chat::AttemptStart;
use crate::chat::Charge;
use crate::chat::FaultClass;
use crate::chat::LedgerEntry;
use crate::chat::Pico;
use crate::chat::ReplyId;
use crate::chat::Tariff;
use crate::store::StoreError;
use crate::store::codec::Columns;
use crate::store::codec::maybe_signed;
use crate::store::codec::raw;
use crate::store::codec::settled;
use crate::store::codec::signed;
use crate::store::instance::Instance;
use crate::store::writer::Fail;

/// How a ledger row came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The attempt ended while its salon lived.
    End,
    /// Its salon died; the figures are estimates.
    Sweep,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Sweep => "sweep",
        }
    }
}

/// Writes that a request is about to leave. The same attempt again changes nothing.
pub(super) fn begin(conn: &Connection, me: &Instance, start: &AttemptStart) -> Result<(), Fail> {
    conn.prepare_cached(
        "INSERT INTO attempt (reply, n, instance, at, door, room, turn, seat, provider, model, key_alias, who, tag,
                              reserve)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (reply, n) DO NOTHING",
    )?
    .execute(params![
        start.reply.0.into_bytes(),
        start.n,
        me.blob(),
        start.at.0,
        start.door.name(),
        start.room.map(|room| room.0.into_bytes()),
        start.turn.map(|turn| turn.0.into_bytes()),
        start.seat.map(|seat| seat.0),
        start.model.provider,
        start.model.id,
        start.key_alias,
        start.who,
        start.tag,
        start.reserve.map(|reserve| reserve.max(0)),
    ])?;
    Ok(())
}

/// Writes how an attempt ended. Answers whether this was news: an attempt ends once (safety R64).
pub(super) fn end(conn: &Connection, entry: &LedgerEntry, origin: Origin) -> Result<bool, Fail> {
    let attempt: Option<i64> = conn
        .prepare_cached("SELECT id FROM attempt WHERE reply = ?1 AND n = ?2")?
        .query_row(params![entry.reply.0.into_bytes(), entry.n], |row| row.get(0))
        .optional()?;
    let Some(attempt) = attempt else {
        return Err(StoreError::NotFound(format!(
            "attempt {} of the reply {} was never begun, so it cannot end",
            entry.n, entry.reply
        ))
        .into());
    };
    let (seq, ended): (i64, i64) = conn
        .prepare_cached(
            "SELECT coalesce(max(seq), 0), coalesce(sum(origin = 'end'), 0) FROM ledger WHERE attempt = ?1",
        )?
        .query_row([attempt], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if ended > 0 {
        return Ok(false);
    }
    insert(conn, attempt, seq + 1, entry, origin)?;
    conn.prepare_cached("UPDATE attempt SET ended = ?2 WHERE id = ?1")?
        .execute(params![attempt, entry.at.0])?;
    Ok(true)
}

fn insert(
    conn: &Connection,
    attempt: i64,
    seq: i64,
    entry: &LedgerEntry,
    origin: Origin,
) -> Result<(), rusqlite::Error> {
    let charge = settled(&entry.charge);
    conn.prepare_cached(
        "INSERT INTO ledger (attempt, seq, origin, at, served_model, upstream, generation_id, input, cache_read,
                             cache_write, cache_write_1h, output, reasoning, raw_usage, prices, amount, source,
                             tariff, computed, ttft_ms, duration_ms, finish, error_class, audio_input,
                             audio_output, image_output, searches, tier)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
                 ?22, ?23, ?24, ?25, ?26, ?27, ?28)",
    )?
    .execute(params![
        attempt,
        seq,
        origin.name(),
        entry.at.0,
        raw(entry.served_model.as_ref()),
        raw(entry.upstream.as_ref()),
        raw(entry.generation_id.as_ref()),
        maybe_signed(entry.tokens.input),
        maybe_signed(entry.tokens.cache_read),
        maybe_signed(entry.tokens.cache_write),
        maybe_signed(entry.tokens.cache_write_1h),
        maybe_signed(entry.tokens.output),
        maybe_signed(entry.tokens.reasoning),
        entry.raw_usage,
        entry.prices,
        charge.amount.map(|amount| amount.0),
        charge.source.name(),
        charge.tariff.name(),
        entry.computed,
        maybe_signed(entry.ttft_ms),
        signed(entry.duration_ms),
        entry.finish,
        entry.error_class.map(FaultClass::name),
        maybe_signed(entry.tokens.audio_input),
        maybe_signed(entry.tokens.audio_output),
        maybe_signed(entry.tokens.image_output),
        maybe_signed(entry.tokens.searches),
        entry.tier,
    ])?;
    Ok(())
}

/// What all attempts of a reply cost together, as weakly known as the weakest of them. `None` when
/// none has ended.
pub(super) fn charge_of(conn: &Connection, reply: ReplyId) -> Result<Option<Charge>, Fail> {
    let mut query =
        conn.prepare_cached("SELECT amount, source, tariff FROM bill WHERE reply = ?1 ORDER BY n")?;
    let charges = query.query_map([reply.0.into_bytes()], |row| Columns::of(row).charge())?;
    let mut all: Option<Charge> = None;
    for charge in charges {
        let charge = charge?;
        all = Some(all.map_or(charge, |sum| plus(&sum, &charge)));
    }
    Ok(all)
}

fn plus(a: &Charge, b: &Charge) -> Charge {
    let amount = a.amount.zip(b.amount).and_then(|(a, b): (Pico, Pico)| a.plus(b));
    // Attempts that are paid in different ways are together what some money is paid for.
    let tariff = if a.tariff == b.tariff { a.tariff } else { Tariff::Metered };
    settled(&Charge { amount, source: a.source.min(b.source), tariff })
}
