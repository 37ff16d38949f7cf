//! What a dead instance left behind (safety R51): replies that stream no more are marked interrupted
//! with the text that had come, and their attempts get an estimated row in the ledger. Nothing is sent
//! again. Only rows of instances whose lock is free are touched.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::TransactionBehavior;
use rusqlite::params;
use uuid::Uuid;

#[cfg(test)]
use crate::chat::Charge;
use crate::chat::LedgerEntry;
use crate::chat::Millis;
use crate::chat::ReplyId;
use crate::chat::Status;
#[cfg(test)]
use crate::chat::Tariff;
#[cfg(test)]
use crate::chat::Tokens;
use crate::store::Estimator;
use crate::store::Orphan;
use crate::store::StoreError;
use crate::store::codec::Columns;
use crate::store::codec::maybe_signed;
use crate::store::ledger;
use crate::store::ledger::Origin;
use crate::store::replies;
use crate::store::writer::Fail;
use crate::text::Untrusted;

/// How many characters are a token, by and large.
#[cfg(test)]
const CHARS_PER_TOKEN: u64 = 4;

/// The estimate of one who knows no price.
#[cfg(test)]
pub(super) fn unpriced(orphan: &Orphan) -> (Tokens, Charge) {
    let tokens = |chars: u64| Some(chars.div_ceil(CHARS_PER_TOKEN));
    let tariff = if orphan.model.provider == "demo" { Tariff::Play } else { Tariff::Metered };
    let tokens = Tokens {
        input: tokens(orphan.prompt_chars),
        output: tokens(orphan.output_chars),
        ..Tokens::default()
    };
    (tokens, Charge::unknown(tariff))
}

/// One attempt that nobody ended.
struct Left {
    attempt: i64,
    reply: ReplyId,
    n: u32,
    orphan: Orphan,
    generation: Option<Untrusted>,
}

/// Ends what dead instances left open, and takes their rows away. Answers how many replies were
/// interrupted.
pub(super) fn sweep(
    conn: &mut Connection,
    dead: &[Uuid],
    now: Millis,
    estimate: &Estimator<'_>,
) -> Result<usize, Fail> {
    let mut interrupted = 0;
    if dead.is_empty() {
        return Ok(interrupted);
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for id in dead {
        for left in left_by(&tx, *id)? {
            interrupted += usize::from(end(&tx, &left, now, estimate)?);
        }
        tx.execute("DELETE FROM instance WHERE id = ?1", [id.into_bytes()])?;
    }
    tx.commit()?;
    Ok(interrupted)
}

fn left_by(conn: &Connection, instance: Uuid) -> Result<Vec<Left>, Fail> {
    let mut query = conn.prepare_cached(
        "SELECT id, reply, n, provider, model, at, generation_id FROM attempt WHERE instance = ?1 AND ended IS NULL ORDER BY id",
    )?;
    let rows = query.query_map([instance.into_bytes()], |row| {
        let mut columns = Columns::of(row);
        Ok(Left {
            attempt: columns.get()?,
            reply: ReplyId(columns.uuid()?),
            n: columns.get()?,
            orphan: Orphan {
                model: columns.model()?,
                at: Millis(columns.get()?),
                prompt_chars: 0,
                output_chars: 0,
            },
            generation: columns.maybe_outside()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Ends one attempt, and its reply if it still streams.
fn end(conn: &Connection, left: &Left, now: Millis, estimate: &Estimator<'_>) -> Result<bool, Fail> {
    let mut orphan = Orphan { prompt_chars: prompt_chars(conn, left.reply)?, ..left.orphan.clone() };
    match replies::fold(conn, left.reply, &[]) {
        Ok(chars) => orphan.output_chars = chars,
        // The reply was deleted with its room; what it cost is still owed.
        Err(Fail::Told(StoreError::NotFound(_))) => {}
        Err(fail) => return Err(fail),
    }
    let (tokens, charge) = estimate(&orphan);
    let entry = LedgerEntry {
        reply: left.reply,
        n: left.n,
        at: now,
        served_model: None,
        upstream: None,
        generation_id: left.generation.clone(),
        tokens,
        tier: None,
        raw_usage: None,
        prices: None,
        charge,
        computed: None,
        ttft_ms: None,
        duration_ms: 0,
        finish: None,
        error_class: None,
    };
    ledger::end(conn, &entry, Origin::Sweep)?;
    // An attempt that was settled but left open by accident must not stay open.
    conn.execute(
        "UPDATE attempt SET ended = ?2 WHERE id = ?1 AND ended IS NULL",
        params![left.attempt, now.0],
    )?;
    let whole = ledger::charge_of(conn, left.reply)?.unwrap_or(charge);
    let changed = conn.execute(
        "UPDATE reply SET status = ?2, input = ?3, output = ?4, amount = ?5, source = ?6, tariff = ?7,
             attempts = max(attempts, ?8)
         WHERE id = ?1 AND status = ?9",
        params![
            left.reply.0.into_bytes(),
            Status::Interrupted.name(),
            maybe_signed(tokens.input),
            maybe_signed(tokens.output),
            whole.amount.map(|amount| amount.0),
            whole.source.name(),
            whole.tariff.name(),
            left.n,
            Status::Streaming.name(),
        ],
    )?;
    Ok(changed > 0)
}

/// About how much was sent: the prompts that were addressed to the seat and its replies, up to the turn.
fn prompt_chars(conn: &Connection, reply: ReplyId) -> Result<u64, Fail> {
    let chars: Option<i64> = conn
        .query_row(
            "SELECT (SELECT coalesce(sum(length(t.prompt)), 0) FROM turn AS t
                     WHERE t.room = turn.room AND t.no <= turn.no
                       AND EXISTS (SELECT 1 FROM reply AS r WHERE r.turn = t.id AND r.seat = reply.seat))
                  + (SELECT coalesce(sum(length(r.text)), 0) FROM turn AS t JOIN reply AS r ON r.turn = t.id
                     WHERE t.room = turn.room AND t.no < turn.no AND r.seat = reply.seat
                       AND r.sibling = (SELECT max(s.sibling) FROM reply AS s
                                        WHERE s.turn = t.id AND s.seat = r.seat))
                  + (SELECT coalesce(max(length(seat.system)), 0) FROM seat
                     WHERE seat.room = turn.room AND seat.no = reply.seat)
             FROM reply JOIN turn ON turn.id = reply.turn WHERE reply.id = ?1",
            [reply.0.into_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    Ok(chars.map_or(0, |chars| u64::try_from(chars).unwrap_or(0)))
}
