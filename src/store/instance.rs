//! Who writes: every open store is an instance with a lock file that it holds as long as it lives.
//! The operating system gives the lock back when the process dies, however it dies; so a row whose
//! lock is free is of a dead instance, and a pid that was used again fools nobody.
//!
//! A lock file is created and taken, and left ones are cleared away, only while the opening lock is held.

use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;
use uuid::Uuid;

use crate::chat::Millis;
use crate::store::codec::uuid_at;
use crate::store::place;
use crate::store::writer::Fail;

/// How often and how long it is tried to be the only one who opens: 5 seconds together.
const OPENING_TRIES: u32 = 500;
const OPENING_PAUSE: Duration = Duration::from_millis(10);

/// This instance.
pub(super) struct Instance {
    id: Uuid,
    started: Millis,
    lock: Option<Lock>,
}

/// A lock file that is held.
struct Lock {
    dir: PathBuf,
    path: PathBuf,
    file: File,
}

impl Instance {
    /// An instance that has no lock and takes all others for dead: of a database in memory, or on a
    /// file system that knows no locks.
    pub(super) fn alone(started: Millis) -> Self {
        Self { id: Uuid::now_v7(), started, lock: None }
    }

    /// Takes a new lock in `dir`.
    pub(super) fn take(dir: &Path, started: Millis) -> io::Result<Self> {
        let id = Uuid::now_v7();
        let path = lock_path(dir, id);
        let mut file = place::create(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("a new lock file is locked")),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // For people who look; nothing reads it.
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { id, started, lock: Some(Lock { dir: dir.to_owned(), path, file }) })
    }

    /// The id, as it stands in rows.
    pub(super) fn blob(&self) -> [u8; 16] {
        self.id.into_bytes()
    }

    /// Writes our row.
    pub(super) fn register(&self, conn: &Connection) -> Result<(), rusqlite::Error> {
        conn.execute(
            "INSERT OR REPLACE INTO instance (id, pid, started) VALUES (?1, ?2, ?3)",
            params![self.blob(), i64::from(std::process::id()), self.started.0],
        )?;
        Ok(())
    }

    /// Takes our row away. With it our rooms are free: a claim counts only while its instance has a
    /// row and lives.
    pub(super) fn sign_off(&self, conn: &Connection) -> Result<(), Fail> {
        conn.execute("DELETE FROM instance WHERE id = ?1", [self.blob()])?;
        Ok(())
    }

    /// Gives the lock back and takes its file away.
    pub(super) fn unlock(self) {
        if let Some(lock) = self.lock {
            // The file goes while it is locked, so that nobody meets a free lock of a live name.
            let _ = std::fs::remove_file(&lock.path);
            drop(lock.file);
        }
    }

    /// The pid of another live instance of that id; `None` when it is dead, unknown, or we are it.
    pub(super) fn rival(&self, conn: &Connection, id: Uuid) -> Result<Option<u32>, rusqlite::Error> {
        if id == self.id || !self.lives(id) {
            return Ok(None);
        }
        conn.prepare_cached("SELECT pid FROM instance WHERE id = ?1")?
            .query_row([id.into_bytes()], |row| row.get(0))
            .optional()
    }

    /// The dead instances that have left something: a row, or attempts that nobody ends.
    pub(super) fn dead(&self, conn: &Connection) -> Result<Vec<Uuid>, rusqlite::Error> {
        let mut query =
            conn.prepare("SELECT id FROM instance UNION SELECT instance FROM attempt WHERE ended IS NULL")?;
        let ids = query.query_map([], |row| uuid_at(row, 0))?;
        let mut dead = Vec::new();
        for id in ids {
            let id = id?;
            if id != self.id && !self.lives(id) {
                dead.push(id);
            }
        }
        Ok(dead)
    }

    /// Whether any other instance lives, whatever it has written.
    pub(super) fn has_company(&self) -> bool {
        let Some(lock) = &self.lock else { return false };
        locks_in(&lock.dir).any(|path| path != lock.path && is_held(&path))
    }

    /// Whether another instance ended without giving its lock back: it died, or it met damage.
    pub(super) fn has_left_locks(&self) -> bool {
        let Some(lock) = &self.lock else { return false };
        locks_in(&lock.dir).any(|path| path != lock.path && !is_held(&path))
    }

    /// Takes lock files away that nobody holds.
    pub(super) fn clear_locks(&self) {
        let Some(lock) = &self.lock else { return };
        for path in locks_in(&lock.dir).filter(|path| *path != lock.path && !is_held(path)) {
            // One that stays is looked at again at the next start.
            let _ = std::fs::remove_file(path);
        }
    }

    /// The other live instances, for a sentence: ` (salon with the pid 12 is open too)`, or nothing.
    pub(super) fn name_others(&self, conn: &Connection) -> String {
        let pids = || -> Result<Vec<String>, rusqlite::Error> {
            let mut query = conn.prepare("SELECT id, pid FROM instance")?;
            let rows = query.query_map([], |row| Ok((uuid_at(row, 0)?, row.get::<_, u32>(1)?)))?;
            let mut pids = Vec::new();
            for row in rows {
                let (id, pid) = row?;
                if id != self.id && self.lives(id) {
                    pids.push(pid.to_string());
                }
            }
            Ok(pids)
        };
        match pids() {
            Ok(pids) if !pids.is_empty() => format!(" (salon with the pid {} is open too)", pids.join(", ")),
            _ => String::new(),
        }
    }

    /// Whether somebody holds the lock of that id.
    fn lives(&self, id: Uuid) -> bool {
        id == self.id || self.lock.as_ref().is_some_and(|lock| is_held(&lock_path(&lock.dir, id)))
    }
}

/// Waits until nobody else opens the database, and keeps others from it until the answer is dropped.
/// `None` when that takes too long or the file system knows no locks: the rest is safe without it,
/// only two that start at the same moment on a damaged file are not.
pub(super) fn opening(dir: &Path) -> Option<File> {
    let file = place::create(&dir.join("opening")).ok()?;
    for _ in 0..OPENING_TRIES {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) => thread::sleep(OPENING_PAUSE),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

fn lock_path(dir: &Path, id: Uuid) -> PathBuf {
    dir.join(format!("{}.lock", id.simple()))
}

fn locks_in(dir: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lock"))
}

/// Whether a lock is held. A shared lock tells, so that two who look do not take each other for its
/// owner. What cannot be told counts as held: nothing of a live instance is ever taken.
fn is_held(path: &Path) -> bool {
    match OpenOptions::new().read(true).open(path) {
        Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}
