//! Figures about usage. Each is a fold over the view `bill`, row by row, with the one rule of adding
//! that the nouns have ([`Sum::add`]): so a total is the sum of its rows by any grouping (safety R73).

use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::tz::TimeZone;
use rusqlite::Connection;
use rusqlite::params;
use uuid::Uuid;

use crate::chat::Charge;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::RoomId;
use crate::chat::Sum;
use crate::chat::Tokens;
use crate::chat::apart;
use crate::store::GroupBy;
use crate::store::RoomLine;
use crate::store::UsageQuery;
use crate::store::UsageReport;
use crate::store::UsageRow;
use crate::store::codec::Columns;
use crate::store::codec::uuid_at;
use crate::store::writer::Fail;
use crate::store::writer::snapshot;

/// One attempt of a report, as far as groupings need it.
struct Item {
    at: i64,
    model: ModelRef,
    key_alias: String,
    room: Option<String>,
    door: String,
    who: String,
    tag: Option<String>,
    reply: Uuid,
    n: u32,
    tokens: Tokens,
    charge: Charge,
    computed: Option<Pico>,
}

impl Item {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns::of(row);
        Ok(Self {
            at: columns.get()?,
            model: columns.model()?,
            key_alias: columns.get()?,
            room: columns.get()?,
            door: columns.get()?,
            who: columns.get()?,
            tag: columns.get()?,
            reply: columns.uuid()?,
            n: columns.get()?,
            tokens: columns.tokens()?,
            charge: columns.charge()?,
            computed: columns.get::<Option<i64>>()?.map(Pico),
        })
    }
}

/// A usage report.
pub(super) fn usage(conn: &Connection, query: &UsageQuery) -> Result<UsageReport, Fail> {
    let mut statement = conn.prepare_cached(
        "SELECT b.at, b.provider, b.model, b.key_alias,
                CASE WHEN b.room IS NULL THEN NULL ELSE coalesce(room.name, '(deleted)') END,
                b.door, b.who, b.tag, b.reply, b.n,
                b.input, b.cache_read, b.cache_write, b.cache_write_1h, b.output, b.reasoning,
                b.audio_input, b.audio_output, b.image_output, b.searches,
                b.amount, b.source, b.tariff, b.computed
         FROM bill AS b LEFT JOIN room ON room.id = b.room
         WHERE b.at >= ?1 AND b.at < ?2 ORDER BY b.at, b.id",
    )?;
    let since = query.since.map_or(i64::MIN, |since| since.0);
    let until = query.until.map_or(i64::MAX, |until| until.0);
    let items = statement.query_map(params![since, until], Item::read)?;
    let mut days = Days::of(query.zone.clone());
    let mut total = UsageRow { key: "total".to_owned(), ..UsageRow::default() };
    let mut rows: Vec<UsageRow> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for item in items {
        let item = item?;
        add(&mut total, &item);
        let key = key(query.by, &item, &mut days);
        let place = *places.entry(key).or_insert_with_key(|key| {
            rows.push(UsageRow { key: key.clone(), ..UsageRow::default() });
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(place) {
            add(row, &item);
        }
    }
    if !matches!(query.by, GroupBy::Day | GroupBy::Attempt) {
        rows.sort_by(|a, b| {
            let worth = |row: &UsageRow| (row.sum.total(), row.sum.play);
            worth(b).cmp(&worth(a)).then_with(|| a.key.cmp(&b.key))
        });
    }
    Ok(UsageReport { rows, total })
}

fn key(by: GroupBy, item: &Item, days: &mut Days) -> String {
    match by {
        GroupBy::Model => item.model.to_string(),
        GroupBy::Provider => item.model.provider.clone(),
        GroupBy::Key => format!("{}/{}", item.model.provider, item.key_alias),
        GroupBy::Day => days.label(item.at).to_owned(),
        GroupBy::Room => item.room.clone().unwrap_or_else(|| "(no room)".to_owned()),
        GroupBy::Door => item.door.clone(),
        GroupBy::Who => item.who.clone(),
        GroupBy::Tag => item.tag.clone().unwrap_or_else(|| "(no tag)".to_owned()),
        GroupBy::Attempt => format!("{}/{}", item.reply, item.n),
    }
}

fn add(row: &mut UsageRow, item: &Item) {
    row.attempts += 1;
    row.sum.add(&item.charge);
    let plus = |sum: &mut Option<u64>, more: Option<u64>| {
        if let Some(more) = more {
            *sum = Some(sum.unwrap_or(0).saturating_add(more));
        }
    };
    let (sum, more) = (&mut row.tokens, &item.tokens);
    plus(&mut sum.input, more.input);
    plus(&mut sum.cache_read, more.cache_read);
    plus(&mut sum.cache_write, more.cache_write);
    plus(&mut sum.cache_write_1h, more.cache_write_1h);
    plus(&mut sum.output, more.output);
    plus(&mut sum.reasoning, more.reasoning);
    plus(&mut sum.audio_input, more.audio_input);
    plus(&mut sum.audio_output, more.audio_output);
    plus(&mut sum.image_output, more.image_output);
    plus(&mut sum.searches, more.searches);
    if let Some((told, own)) = apart(&item.charge, item.computed) {
        row.apart.count += 1;
        row.apart.reported += i128::from(told.0);
        row.apart.computed += i128::from(own.0);
    }
}

/// The day of a moment. Moments come mostly in order, so the last day is kept.
struct Days {
    zone: TimeZone,
    first: i64,
    end: i64,
    label: String,
}

impl Days {
    fn of(zone: TimeZone) -> Self {
        Self { zone, first: 0, end: 0, label: String::new() }
    }

    fn label(&mut self, at: i64) -> &str {
        if !(self.first..self.end).contains(&at) {
            let found = jiff::Timestamp::from_millisecond(at).and_then(|time| {
                let day = time.to_zoned(self.zone.clone());
                let (first, next) = (day.start_of_day()?, day.tomorrow()?.start_of_day()?);
                let millis = |moment: &jiff::Zoned| moment.timestamp().as_millisecond();
                Ok((millis(&first), millis(&next), day.date().to_string()))
            });
            (self.first, self.end, self.label) = found.unwrap_or_else(|_| (at, at, "(no day)".to_owned()));
        }
        &self.label
    }
}

/// The sum of charges since a time, of one room or of all.
pub(super) fn spent(conn: &Connection, since: Option<Millis>, room: Option<RoomId>) -> Result<Sum, Fail> {
    let since = since.map_or(i64::MIN, |since| since.0);
    let mut sum = Sum::default();
    let mut add = |row: &rusqlite::Row<'_>| Columns::of(row).charge().map(|charge| sum.add(&charge));
    match room {
        Some(room) => conn
            .prepare_cached("SELECT amount, source, tariff FROM bill WHERE room = ?1 AND at >= ?2")?
            .query_map(params![room.0.into_bytes(), since], &mut add)?
            .collect::<Result<(), _>>()?,
        None => conn
            .prepare_cached("SELECT amount, source, tariff FROM bill WHERE at >= ?1")?
            .query_map([since], &mut add)?
            .collect::<Result<(), _>>()?,
    }
    Ok(sum)
}

/// All rooms, latest first.
pub(super) fn rooms(conn: &Connection, hidden: bool) -> Result<Vec<RoomLine>, Fail> {
    snapshot(conn, |conn| {
        let mut sums = sums_of_rooms(conn)?;
        let mut models = models_of_rooms(conn)?;
        let mut query = conn.prepare_cached(
            "SELECT id, name, at, (SELECT count(*) FROM turn WHERE turn.room = room.id) FROM room
             WHERE hidden = 0 OR ?1 ORDER BY at DESC, id DESC",
        )?;
        let lines = query.query_map([hidden], |row| {
            let mut columns = Columns::of(row);
            let id = columns.uuid()?;
            Ok(RoomLine {
                id: RoomId(id),
                name: columns.get()?,
                at: Millis(columns.get()?),
                turns: columns.count()?,
                models: models.remove(&id).unwrap_or_default(),
                sum: sums.remove(&id).unwrap_or_default(),
            })
        })?;
        Ok(lines.collect::<Result<_, _>>()?)
    })
}

fn sums_of_rooms(conn: &Connection) -> Result<HashMap<Uuid, Sum>, Fail> {
    let mut query =
        conn.prepare_cached("SELECT room, amount, source, tariff FROM bill WHERE room IS NOT NULL")?;
    let mut rows = query.query([])?;
    let mut sums: HashMap<Uuid, Sum> = HashMap::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let room = columns.uuid()?;
        sums.entry(room).or_default().add(&columns.charge()?);
    }
    Ok(sums)
}

fn models_of_rooms(conn: &Connection) -> Result<BTreeMap<Uuid, Vec<ModelRef>>, Fail> {
    let mut query = conn.prepare_cached("SELECT room, provider, model FROM seat ORDER BY room, position")?;
    let mut rows = query.query([])?;
    let mut models: BTreeMap<Uuid, Vec<ModelRef>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let model = ModelRef { provider: row.get(1)?, id: row.get(2)? };
        models.entry(uuid_at(row, 0)?).or_default().push(model);
    }
    Ok(models)
}
