//! Figures that come after the end: what is still open, and the row that closes it (safety R68). A
//! row is added, none is changed; sums take the last.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::chat::Charge;
use crate::chat::Millis;
use crate::chat::Pico;
use crate::chat::ReplyId;
use crate::chat::Source;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::store::Settled;
use crate::store::Settlement;
use crate::store::StoreError;
use crate::store::Unsettled;
use crate::store::codec;
use crate::store::codec::Columns;
use crate::store::codec::maybe_signed;
use crate::store::codec::raw;
use crate::store::ledger;
use crate::store::writer::Fail;

/// The most attempts that are asked about at once.
const MOST: i64 = 200;

/// Writes by which name a provider is asked for the cost of an attempt, while it runs.
pub(super) fn name(conn: &Connection, reply: ReplyId, n: u32, generation: &str) -> Result<(), Fail> {
    conn.prepare_cached(
        "UPDATE attempt SET generation_id = ?3 WHERE reply = ?1 AND n = ?2 AND generation_id IS NULL",
    )?
    .execute(params![reply.0.into_bytes(), n, generation])?;
    Ok(())
}

/// Attempts begun since a time at one of these providers that have ended without a figure of its.
pub(super) fn open(conn: &Connection, since: Millis, providers: &[String]) -> Result<Vec<Unsettled>, Fail> {
    let mut query = conn.prepare_cached(
        "SELECT reply, n, provider, model, generation_id FROM bill
         WHERE at >= ?1 AND generation_id IS NOT NULL AND source <> 'reported' AND tariff = 'metered'
           AND provider IN (SELECT value FROM json_each(?3))
         ORDER BY at DESC, id DESC LIMIT ?2",
    )?;
    let rows = query.query_map(params![since.0, MOST, codec::texts_json(providers)], |row| {
        let mut columns = Columns::of(row);
        Ok(Unsettled {
            reply: ReplyId(columns.uuid()?),
            n: columns.get()?,
            model: columns.model()?,
            generation: columns.get()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The latest row of an attempt.
struct Latest {
    attempt: i64,
    seq: i64,
    tokens: Tokens,
    charge: Charge,
}

/// Adds the provider's figure, and answers what the reply costs now. `None`: there is one already.
pub(super) fn settle(conn: &Connection, settlement: &Settlement) -> Result<Option<Settled>, Fail> {
    let Settlement { reply, n, .. } = *settlement;
    let latest = conn
        .prepare_cached(
            "SELECT id, seq, input, cache_read, cache_write, cache_write_1h, output, reasoning, audio_input,
                    audio_output, image_output, searches, amount, source, tariff
             FROM bill WHERE reply = ?1 AND n = ?2",
        )?
        .query_row(params![reply.0.into_bytes(), n], |row| {
            let mut columns = Columns::of(row);
            let (attempt, seq) = (columns.get()?, columns.get()?);
            Ok(Latest { attempt, seq, tokens: columns.tokens()?, charge: columns.charge()? })
        })
        .optional()?;
    let Some(latest) = latest else {
        return Err(StoreError::NotFound(format!("attempt {n} of the reply {reply} has not ended")).into());
    };
    if latest.charge.source == Source::Reported {
        return Ok(None);
    }
    // What was counted by the provider stays; what was guessed gives way.
    let counted = latest.charge.source == Source::Computed || settlement.tokens.is_empty();
    let tokens = if counted { latest.tokens } else { settlement.tokens };
    add(conn, &latest, settlement, &tokens)?;
    let charge = ledger::charge_of(conn, reply)?.unwrap_or(Charge::unknown(Tariff::Metered));
    show(conn, settlement, &tokens, &charge)?;
    Ok(Some(Settled { reply, charge, tokens }))
}

fn add(
    conn: &Connection,
    latest: &Latest,
    settlement: &Settlement,
    tokens: &Tokens,
) -> Result<(), rusqlite::Error> {
    let own = latest.charge.amount.filter(|_| latest.charge.source == Source::Computed);
    conn.prepare_cached(
        "INSERT INTO ledger (attempt, seq, origin, at, served_model, upstream, generation_id, input, cache_read,
                             cache_write, cache_write_1h, output, reasoning, audio_input, audio_output,
                             image_output, searches, tier, raw_usage, prices, amount, source, tariff, computed,
                             ttft_ms, duration_ms, finish, error_class)
         SELECT attempt, seq + 1, 'settle', ?3, coalesce(served_model, ?4), coalesce(upstream, ?5), generation_id,
                ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, coalesce(tier, ?16), ?17, prices, ?18, 'reported',
                tariff, ?19, ttft_ms, duration_ms, finish, error_class
         FROM ledger WHERE attempt = ?1 AND seq = ?2",
    )?
    .execute(params![
        latest.attempt,
        latest.seq,
        settlement.at.0,
        raw(settlement.served_model.as_ref()),
        raw(settlement.upstream.as_ref()),
        maybe_signed(tokens.input),
        maybe_signed(tokens.cache_read),
        maybe_signed(tokens.cache_write),
        maybe_signed(tokens.cache_write_1h),
        maybe_signed(tokens.output),
        maybe_signed(tokens.reasoning),
        maybe_signed(tokens.audio_input),
        maybe_signed(tokens.audio_output),
        maybe_signed(tokens.image_output),
        maybe_signed(tokens.searches),
        settlement.tier,
        settlement.raw,
        settlement.cost.0,
        own.map(|Pico(own)| own),
    ])?;
    Ok(())
}

/// Brings the reply up to date: its charge, and its tokens when this was its last attempt.
fn show(
    conn: &Connection,
    settlement: &Settlement,
    tokens: &Tokens,
    charge: &Charge,
) -> Result<(), rusqlite::Error> {
    let id = settlement.reply.0.into_bytes();
    let charge = codec::settled(charge);
    conn.prepare_cached("UPDATE reply SET amount = ?2, source = ?3, tariff = ?4 WHERE id = ?1")?.execute(
        params![id, charge.amount.map(|Pico(amount)| amount), charge.source.name(), charge.tariff.name()],
    )?;
    conn.prepare_cached(
        "UPDATE reply SET input = ?3, cache_read = ?4, cache_write = ?5, cache_write_1h = ?6, output = ?7,
                reasoning = ?8, audio_input = ?9, audio_output = ?10, image_output = ?11, searches = ?12
         WHERE id = ?1 AND attempts = ?2",
    )?
    .execute(params![
        id,
        settlement.n,
        maybe_signed(tokens.input),
        maybe_signed(tokens.cache_read),
        maybe_signed(tokens.cache_write),
        maybe_signed(tokens.cache_write_1h),
        maybe_signed(tokens.output),
        maybe_signed(tokens.reasoning),
        maybe_signed(tokens.audio_input),
        maybe_signed(tokens.audio_output),
        maybe_signed(tokens.image_output),
        maybe_signed(tokens.searches),
    ])?;
    Ok(())
}
