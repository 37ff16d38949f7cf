//! Hard budgets (safety R72): what is spent, what replies in flight may still cost, and whether one more
//! turn fits. It is asked in the transaction that begins the turn, so two sends cannot both take the
//! last dollar, whichever instances they come from.
//!
//! Play money is outside. A charge that is not known counts as nothing here, as everywhere.

use jiff::ToSpan;
use jiff::Zoned;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use rusqlite::params;
use uuid::Uuid;

use crate::chat::Millis;
use crate::chat::Pico;
use crate::chat::RoomId;
use crate::chat::short_usd;
use crate::store::Budgets;
use crate::store::StoreError;
use crate::store::writer::Fail;

/// Budgets and whose days they are for.
pub(super) struct Limits {
    /// The limits.
    pub(super) budgets: Budgets,
    /// Whose days, weeks and months.
    pub(super) zone: TimeZone,
}

/// What is about to be sent.
pub(super) struct Plan<'a> {
    /// When.
    pub(super) at: Millis,
    /// In which room.
    pub(super) room: RoomId,
    /// What each attempt can cost at most; `None` where it cannot be told.
    pub(super) reserves: &'a [Option<i64>],
}

/// One budget line.
struct Line {
    name: &'static str,
    setting: &'static str,
    limit: Pico,
    since: Millis,
    room: Option<RoomId>,
    renews: &'static str,
}

/// Refuses what does not fit. When a reserve cannot be told, only what is already spent refuses it.
pub(super) fn check(conn: &Connection, limits: &Limits, plan: &Plan<'_>) -> Result<(), Fail> {
    // What costs nothing for sure is not refused: play money and models of the user's own machine.
    if plan.reserves.iter().all(|reserve| *reserve == Some(0)) {
        return Ok(());
    }
    let wanted: i128 = plan.reserves.iter().flatten().map(|reserve| i128::from((*reserve).max(0))).sum();
    for line in lines(limits, plan) {
        let limit = i128::from(line.limit.0);
        let spent = spent(conn, &line)?;
        if spent >= limit {
            let (spent, limit) = (short_usd(spent), short_usd(limit));
            let why = format!("The budget for {} is spent: {spent} of {limit}.", line.name);
            let advice = format!("Raise {} in the config{}.", line.setting, line.renews);
            return Err(StoreError::Budget { why, advice }.into());
        }
        let open = if wanted > 0 { open(conn, &line)? } else { 0 };
        if wanted > 0 && spent + open + wanted > limit {
            let why = format!(
                "This may cost {}, and of the budget for {}, {}, {} are spent and {} held for replies in flight.",
                short_usd(wanted),
                line.name,
                short_usd(limit),
                short_usd(spent),
                short_usd(open)
            );
            let (setting, renews) = (line.setting, line.renews);
            let advice =
                format!("Lower max_tokens, ask fewer models, or raise {setting} in the config{renews}.");
            return Err(StoreError::Budget { why, advice }.into());
        }
    }
    Ok(())
}

/// The lines that are set.
fn lines(limits: &Limits, plan: &Plan<'_>) -> impl Iterator<Item = Line> {
    let Budgets { day, week, month, room } = limits.budgets;
    let [from_day, from_week, from_month] = starts(plan.at, &limits.zone);
    let line = |name, setting, limit: Option<Pico>, since| {
        limit.map(|limit| Line { name, setting, limit, since, room: None, renews: "" })
    };
    [
        line("today", "budget.day", day, from_day)
            .map(|line| Line { renews: ", or wait until tomorrow", ..line }),
        line("this week", "budget.week", week, from_week)
            .map(|line| Line { renews: ", or wait until Monday", ..line }),
        line("this month", "budget.month", month, from_month)
            .map(|line| Line { renews: ", or wait until next month", ..line }),
        line("this room", "budget.room", room, Millis(i64::MIN)).map(|line| Line {
            renews: ", or go on in a new room",
            room: Some(plan.room),
            ..line
        }),
    ]
    .into_iter()
    .flatten()
}

/// When the day, the week (from Monday) and the month of a moment began. A day that has no midnight
/// begins with its first moment.
pub(super) fn starts(at: Millis, zone: &TimeZone) -> [Millis; 3] {
    let first_moment =
        |day: Zoned| day.start_of_day().map(|start| Millis(start.timestamp().as_millisecond()));
    let Ok(now) = jiff::Timestamp::from_millisecond(at.0) else { return [at; 3] };
    let now = now.to_zoned(zone.clone());
    let since_monday = i64::from(now.weekday().since(Weekday::Monday));
    let monday = now.checked_sub(since_monday.days()).and_then(first_moment);
    let month = now.first_of_month().and_then(first_moment);
    [first_moment(now).unwrap_or(at), monday.unwrap_or(at), month.unwrap_or(at)]
}

/// What is spent of a line.
fn spent(conn: &Connection, line: &Line) -> Result<i128, rusqlite::Error> {
    real_money(conn, line.since, line.room)
}

/// Real money since a time, by the latest figures: the total of a `Sum`, in pico-dollars.
/// Sums are taken in halves, so that no sum overflows.
pub(super) fn real_money(
    conn: &Connection,
    since: Millis,
    room: Option<RoomId>,
) -> Result<i128, rusqlite::Error> {
    // Two statements, so that each finds its rows by an index.
    let sql = match room {
        Some(_) => {
            "SELECT sum(amount >> 32), sum(amount & 4294967295) FROM bill
             WHERE room = ?2 AND at >= ?1 AND tariff NOT IN ('play', 'subscription')
               AND NOT (tariff IN ('local', 'free') AND source = 'computed')"
        }
        None => {
            "SELECT sum(amount >> 32), sum(amount & 4294967295) FROM bill
             WHERE at >= ?1 AND ?2 IS NULL AND tariff NOT IN ('play', 'subscription')
               AND NOT (tariff IN ('local', 'free') AND source = 'computed')"
        }
    };
    halves(conn, sql, since, room.map(|room| room.0))
}

/// What attempts in flight may still cost.
fn open(conn: &Connection, line: &Line) -> Result<i128, rusqlite::Error> {
    halves(
        conn,
        "SELECT sum(reserve >> 32), sum(reserve & 4294967295) FROM attempt
         WHERE ended IS NULL AND at >= ?1 AND (?2 IS NULL OR room = ?2)",
        line.since,
        line.room.map(|room| room.0),
    )
}

fn halves(conn: &Connection, sql: &str, since: Millis, room: Option<Uuid>) -> Result<i128, rusqlite::Error> {
    conn.prepare_cached(sql)?.query_row(params![since.0, room.map(Uuid::into_bytes)], |row| {
        let (high, low): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok((i128::from(high.unwrap_or(0)) << 32) + i128::from(low.unwrap_or(0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_and_months_begin_in_the_zone() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let zone_and_starts = [
            // A Sunday in summer time; Monday of that week was the 25th of May.
            ("2026-05-31T22:30:00Z", "2026-05-31T22:00:00Z", "2026-05-31T22:00:00Z", "2026-05-31T22:00:00Z"),
            ("2026-05-31T21:30:00Z", "2026-05-30T22:00:00Z", "2026-05-24T22:00:00Z", "2026-04-30T22:00:00Z"),
            // The day on which summer time begins: it, its week and its month began in winter time.
            ("2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-22T23:00:00Z", "2026-02-28T23:00:00Z"),
        ];
        for (at, day, week, month) in zone_and_starts {
            let millis = |text: &str| Millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
            assert_eq!(starts(millis(at), &berlin), [millis(day), millis(week), millis(month)], "{at}");
        }
    }
}
