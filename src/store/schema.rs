//! What the file must be before anything is written to it: a version of SQLite that does not
//! corrupt, the pragmas (safety R52), a schema that we know, brought up to date (R57).

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;
use rusqlite::TransactionBehavior;

use crate::chat::Notice;
use crate::store::StoreError;
use crate::store::place;
use crate::store::writer::Fail;

/// What `application_id` says: "saln".
pub(super) const APPLICATION: i32 = 0x7361_6c6e;

/// The schema, step by step; `user_version` counts the steps that were taken.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
];

/// Versions before it can corrupt a WAL database that two connections write (safety, the sixth decision).
const SQLITE_AT_LEAST: i32 = 3_051_003;

/// How long a writer waits for another one.
const BUSY: Duration = Duration::from_secs(5);

/// Settings of every connection; they do not touch the file.
const PRAGMAS: &str = "
    PRAGMA foreign_keys = ON;
    PRAGMA mmap_size = 0;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA synchronous = NORMAL;
";

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing yet.
    Empty,
    /// Ours, as old as this program or older.
    Ours,
    /// Ours, but newer than this program.
    Newer(i32),
    /// A database of something else.
    Foreign,
    /// Ours once, but its header contradicts its tables.
    Damaged,
}

/// Refuses a SQLite that is too old.
pub(super) fn assert_version() -> Result<(), StoreError> {
    if rusqlite::version_number() >= SQLITE_AT_LEAST {
        return Ok(());
    }
    Err(StoreError::Failed(format!(
        "SQLite {} can lose data when two programs write at once; salon needs 3.51.3 or later",
        rusqlite::version()
    )))
}

/// Opens a file that exists, for writing.
pub(super) fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(path, flags)?)
}

/// Opens a file for reports only.
pub(super) fn connect_to_read(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(path, flags)?)
}

/// Opens a database in memory.
pub(super) fn connect_to_memory() -> Result<Connection, rusqlite::Error> {
    prepare(Connection::open_in_memory()?)
}

fn prepare(conn: Connection) -> Result<Connection, rusqlite::Error> {
    conn.busy_timeout(BUSY)?;
    conn.execute_batch(PRAGMAS)?;
    Ok(conn)
}

/// What the file is.
pub(super) fn kind(conn: &Connection) -> Result<Kind, rusqlite::Error> {
    let application: i32 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i32 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let (tables, ours): (i64, i64) = conn.query_row(
        "SELECT count(*), coalesce(sum(name IN ('ledger', 'attempt', 'reply')), 0)
         FROM sqlite_schema WHERE type = 'table'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let steps = usize::try_from(version).unwrap_or(usize::MAX);
    Ok(match (application == APPLICATION, ours == 3) {
        _ if tables == 0 && application == 0 && version == 0 => Kind::Empty,
        (true, _) if version > 0 && steps > MIGRATIONS.len() => Kind::Newer(version),
        (true, true) if version > 0 => Kind::Ours,
        (false, false) => Kind::Foreign,
        _ => Kind::Damaged,
    })
}

/// Switches to WAL, or to a rollback journal where the file system does not take it: then a notice.
pub(super) fn set_journal(conn: &Connection) -> Result<Option<Notice>, rusqlite::Error> {
    let refused = match conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
        Ok(mode) if mode == "wal" => return Ok(None),
        Ok(mode) => format!("it stays in the mode {mode}"),
        Err(error) if is_damage(&error) || is_busy(&error) => return Err(error),
        Err(error) => error.to_string(),
    };
    // A file that is in WAL mode already, on a file system without shared memory, is left only by a
    // connection that holds it alone.
    conn.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL;",
    )?;
    Ok(Some(Notice::info(format!(
        "the file system of the database refuses SQLite's WAL mode ({refused}); it works with a rollback journal, \
         and saving takes longer"
    ))))
}

/// Takes the steps that are not taken yet, each in a transaction of its own. A file that has something
/// in it is copied first, beside itself.
pub(super) fn migrate(conn: &mut Connection, file: Option<&Path>, steps: &[&str]) -> Result<(), Fail> {
    let from = steps_taken(conn)?;
    if from >= steps.len() {
        return Ok(());
    }
    if let (1.., Some(path)) = (from, file) {
        back_up(conn, path, from)?;
    }
    for (index, step) in steps.iter().enumerate().skip(from) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Somebody else may have taken it while we waited.
        if steps_taken(&tx)? > index {
            continue;
        }
        tx.execute_batch(step)?;
        tx.pragma_update(None, "application_id", APPLICATION)?;
        tx.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
        tx.commit()?;
    }
    Ok(())
}

pub(super) fn steps_taken(conn: &Connection) -> Result<usize, rusqlite::Error> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(0))
}

fn back_up(conn: &Connection, path: &Path, version: usize) -> Result<(), Fail> {
    let copy = place::beside(path, &format!(".schema-{version}"));
    let failed = |error: &dyn std::fmt::Display| {
        StoreError::Failed(format!(
            "{} must be brought to a newer schema, and no copy of it could be made first ({error}); nothing was \
             changed. Make room for {}",
            path.display(),
            copy.display()
        ))
    };
    // SQLite writes into an empty file, and would create one with wider modes.
    place::create_empty(&copy).map_err(|error| failed(&error))?;
    let target = copy.to_str().ok_or_else(|| failed(&"its name is not UTF-8"))?;
    conn.execute("VACUUM INTO ?1", [target]).map_err(|error| failed(&error))?;
    Ok(())
}

/// What the migrations make: each name with the fingerprint of its text. A test holds the table. A
/// schema made anew to compare with would cost more than all else of a start.
const OBJECTS: &[(&str, u64)] = &[
    ("attachment", 0x36ddaac547672c75),
    ("attempt", 0x37c64acf5ebf2006),
    ("attempt_at", 0x91df85fdd298b8a0),
    ("attempt_open", 0xc29618453731f8dd),
    ("attempt_room", 0xf4952979ddfcc89b),
    ("bill", 0xcf8898620c93e1b6),
    ("chosen", 0x0b3e39a9893bef53),
    ("delta", 0x04bb49813f11da84),
    ("instance", 0x60bbd7214865c091),
    ("ledger", 0x6cb37c8e34d6e9c4),
    ("ledger_is_not_changed", 0x7d0eea71aa7ee3b7),
    ("ledger_is_not_deleted", 0x4780141163ec1ab4),
    ("memory", 0xe78a9c145d958806),
    ("reply", 0x9ad17ca0734ac57e),
    ("room", 0xf5f6f573252ca0eb),
    ("room_at", 0xdd85be0c0e3e2478),
    ("seat", 0x65228f2aba883ecf),
    ("turn", 0xcb4541201004bb83),
    ("turn_room", 0x7d0e162841cf5d3d),
];

/// Whether a table, an index or a trigger of ours is not there as we made it: then every statement
/// fails that names it, with errors that are none of damage. What others added is left alone.
pub(super) fn strange(conn: &Connection) -> Result<Option<String>, Fail> {
    let found = objects(conn)?;
    let is_there = |(name, print): &(&str, u64)| found.get(name.as_bytes()) == Some(print);
    let missing = OBJECTS.iter().find(|object| !is_there(object));
    Ok(missing.map(|(name, _)| format!("its schema is not ours: {name}")))
}

/// The names in a schema and the fingerprints of their texts; damage need not be UTF-8.
fn objects(conn: &Connection) -> Result<HashMap<Vec<u8>, u64>, rusqlite::Error> {
    let mut query = conn
        .prepare("SELECT CAST(name AS BLOB), CAST(sql AS BLOB) FROM sqlite_schema WHERE sql IS NOT NULL")?;
    query.query_map([], |row| Ok((row.get(0)?, fingerprint(row.get_ref(1)?.as_blob()?))))?.collect()
}

/// FNV-1a: tells texts apart that differ by chance; nobody forges a schema here.
fn fingerprint(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Looks through the whole file, the indexes as well when it is to be thorough. `None` when it is sound.
pub(super) fn check(conn: &Connection, thorough: bool) -> Result<Option<String>, rusqlite::Error> {
    let sql = if thorough { "PRAGMA integrity_check(1)" } else { "PRAGMA quick_check(1)" };
    let verdict: String = conn.query_row(sql, [], |row| row.get(0))?;
    Ok((verdict != "ok").then_some(verdict))
}

/// Whether SQLite says that the file is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether SQLite says that somebody else holds the file.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether SQLite cannot write here, for reasons that are not in the file.
pub(super) fn is_unwritable(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_wal_is_told_and_survived() {
        let conn = connect_to_memory().unwrap();
        assert!(set_journal(&conn).unwrap().is_some(), "a database in memory has no WAL");
        conn.execute_batch("CREATE TABLE t (x)").unwrap();
    }

    #[test]
    fn steps_are_taken_once_and_an_old_file_is_copied_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("salon.db");
        place::create(&path).unwrap();
        let steps = [MIGRATIONS[0], "CREATE TABLE later (x INTEGER)"];
        let mut conn = connect(&path).unwrap();
        migrate(&mut conn, Some(&path), &steps[..1]).unwrap();
        conn.execute("INSERT INTO memory (key, value) VALUES ('a', 'b')", []).unwrap();
        let copy = place::beside(&path, ".schema-1");
        assert!(!copy.exists());
        migrate(&mut conn, Some(&path), &steps).unwrap();
        migrate(&mut conn, Some(&path), &steps).expect("nothing is left to do");
        let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, 2);
        let old = connect(&copy).unwrap();
        assert_eq!(steps_taken(&old).unwrap(), 1);
        let value: String = old.query_row("SELECT value FROM memory", [], |row| row.get(0)).unwrap();
        assert_eq!(value, "b");
    }

    #[test]
    fn a_ledger_of_the_first_schema_comes_along_as_it_is() {
        let mut conn = connect_to_memory().unwrap();
        migrate(&mut conn, None, &MIGRATIONS[..1]).unwrap();
        let insert = |conn: &Connection, tariff: &str, seq: i64| {
            conn.execute(
                "INSERT INTO ledger (attempt, seq, origin, at, generation_id, input, output, amount, source,
                                     tariff, computed, duration_ms, finish)
                 VALUES (1, ?2, 'end', 5, 'gen-1', 10, 20, 7, 'reported', ?1, 8, 9, 'stop')",
                rusqlite::params![tariff, seq],
            )
        };
        conn.execute_batch(
            "INSERT INTO attempt (id, reply, n, instance, at, door, provider, model, key_alias, who)
             VALUES (1, zeroblob(16), 1, zeroblob(16), 5, 'tui', 'lab', 'm', 'default', 'me')",
        )
        .unwrap();
        insert(&conn, "metered", 1).unwrap();
        assert!(insert(&conn, "free", 2).is_err(), "the first schema knows no such tariff");
        migrate(&mut conn, None, MIGRATIONS).unwrap();
        let row: (i64, i64, String, Option<i64>, i64, String) = conn
            .query_row(
                "SELECT amount, input, generation_id, searches, computed, tariff FROM bill WHERE id = 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)),
            )
            .unwrap();
        assert_eq!(row, (7, 10, "gen-1".to_owned(), None, 8, "metered".to_owned()));
        insert(&conn, "free", 2).unwrap();
        insert(&conn, "subscription", 3).unwrap();
        for sql in ["UPDATE ledger SET amount = 1", "DELETE FROM ledger"] {
            assert!(conn.execute(sql, []).is_err(), "{sql}");
        }
        let broken: i64 =
            conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
        assert_eq!(broken, 0);
    }

    #[test]
    fn replies_of_the_third_schema_come_along_with_what_is_in_flight() {
        let mut conn = connect_to_memory().unwrap();
        migrate(&mut conn, None, &MIGRATIONS[..3]).unwrap();
        conn.execute_batch(
            "INSERT INTO room (id, name, at) VALUES (zeroblob(16), 'r', 5);
             INSERT INTO turn (id, room, at, prompt, targets) VALUES (zeroblob(16), zeroblob(16), 5, '?', '[1]');
             INSERT INTO reply (id, turn, seat, sibling, provider, model, status)
             VALUES (zeroblob(16), zeroblob(16), 1, 1, 'lab', 'm', 'streaming');
             INSERT INTO delta (reply, seq, kind, text) VALUES (zeroblob(16), 0, 1, 'hm'), (zeroblob(16), 1, 0, 'go')",
        )
        .unwrap();
        let note = "INSERT INTO delta (reply, seq, kind, text) VALUES (zeroblob(16), 2, 5, 'told')";
        assert!(conn.execute(note, []).is_err(), "the third schema knows no such piece");
        migrate(&mut conn, None, MIGRATIONS).unwrap();
        conn.execute(note, []).unwrap();
        let all: String = conn
            .query_row(
                "SELECT group_concat(seq || kind || d.text) FROM delta AS d JOIN reply ON reply = id",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(all, "01hm,10go,25told");
        let notes: String = conn.query_row("SELECT notes FROM reply", [], |row| row.get(0)).unwrap();
        assert_eq!(notes, "[]");
        conn.execute("DELETE FROM room", []).unwrap();
        let left: i64 = conn.query_row("SELECT count(*) FROM delta", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "pieces go with their reply");
    }

    #[test]
    fn the_table_of_objects_is_what_the_migrations_make() {
        let mut conn = connect_to_memory().unwrap();
        migrate(&mut conn, None, MIGRATIONS).unwrap();
        let mut made: Vec<String> = objects(&conn)
            .unwrap()
            .iter()
            .map(|(name, print)| format!("(\"{}\", {print:#018x}),", String::from_utf8_lossy(name)))
            .collect();
        made.sort();
        let table: Vec<String> =
            OBJECTS.iter().map(|(name, print)| format!("(\"{name}\", {print:#018x}),")).collect();
        assert_eq!(table, made, "the table shall be:\n{}", made.join("\n"));
    }

    #[test]
    fn a_step_that_fails_leaves_nothing() {
        let mut conn = connect_to_memory().unwrap();
        migrate(&mut conn, None, MIGRATIONS).unwrap();
        let steps = [MIGRATIONS, &["CREATE TABLE half (x); CREATE TABLE room (x);"]].concat();
        assert!(migrate(&mut conn, None, &steps).is_err());
        assert_eq!(steps_taken(&conn).unwrap(), MIGRATIONS.len());
        assert!(conn.prepare("SELECT * FROM half").is_err());
    }
}
