//! Opening, in order: directory and file, our lock, what the file is, journal and migrations, whether
//! it is sound, what the dead left behind. Each refusal has its answer: a place that cannot be written
//! gives a store in memory (safety R55), a damaged file is set aside (R56), a newer or foreign one is
//! left alone.
//!
//! A start on a sound file writes nothing to it.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::chat::Millis;
use crate::chat::Notice;
use crate::store::Estimator;
use crate::store::Place;
use crate::store::StoreError;
use crate::store::instance;
use crate::store::instance::Instance;
use crate::store::place;
use crate::store::schema;
use crate::store::schema::Kind;
use crate::store::sweep;
use crate::store::writer::Book;
use crate::store::writer::DbFile;
use crate::store::writer::Fail;

/// Why a file could not be opened as it is.
enum Trouble {
    /// Nothing can be written there.
    Unwritable(String),
    /// The file is damaged.
    Damaged(String),
    /// It must not be touched.
    Refused(StoreError),
}

/// One attempt to open a file.
struct Opening<'a> {
    path: &'a Path,
    locks: PathBuf,
    now: Millis,
    estimate: &'a Estimator<'a>,
    notices: Vec<Notice>,
    /// Whether nobody else is opening at this moment.
    first: bool,
}

/// Opens the place.
pub(super) fn open(
    place: Place<'_>,
    now: Millis,
    estimate: &Estimator<'_>,
) -> Result<(Book, Vec<Notice>), StoreError> {
    schema::assert_version()?;
    match place {
        Place::Memory => Ok((in_memory(now)?, Vec::new())),
        Place::File(path) => {
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let mut opening =
                Opening { path, locks: dir.join("locks"), now, estimate, notices: Vec::new(), first: false };
            let book = opening.book()?;
            Ok((book, opening.notices))
        }
    }
}

fn in_memory(now: Millis) -> Result<Book, StoreError> {
    let name = DbFile::default();
    let migrated = || -> Result<rusqlite::Connection, Fail> {
        let mut conn = schema::connect_to_memory()?;
        schema::migrate(&mut conn, None, schema::MIGRATIONS)?;
        Ok(conn)
    };
    let conn = migrated().map_err(|fail| name.tell(fail))?;
    Ok(Book::new(conn, Instance::alone(now), name, false))
}

impl Opening<'_> {
    /// The book of the file, of a new file in its place, or of none.
    fn book(&mut self) -> Result<Book, StoreError> {
        // Kept until all is open: two that start at once do not migrate or set aside the same file.
        let ready = place::create_dir(&self.locks).map(|()| instance::opening(&self.locks));
        self.first = matches!(ready, Ok(Some(_)));
        let mut answer = match &ready {
            Ok(_) => self.file(),
            Err(error) => Err(Trouble::Unwritable(error.to_string())),
        };
        if let Err(Trouble::Damaged(why)) = answer {
            answer = self.set_aside(&why).and_then(|()| self.file());
        }
        match answer {
            Ok(book) => Ok(book),
            Err(Trouble::Refused(error)) => Err(error),
            Err(Trouble::Unwritable(why) | Trouble::Damaged(why)) => {
                self.notices.push(Notice::warning(format!(
                    "nothing is saved: {} cannot be written ({why}). This room and what it costs are kept in memory \
                     and end with salon",
                    self.path.display()
                )));
                in_memory(self.now)
            }
        }
    }

    /// The book of the file as it is.
    fn file(&mut self) -> Result<Book, Trouble> {
        if self.path.is_dir() {
            return Err(Trouble::Unwritable("it is a directory".to_owned()));
        }
        let had_wal = place::has_wal(self.path);
        place::create(self.path).map_err(|error| Trouble::Unwritable(error.to_string()))?;
        if place::is_open_to_others(self.path) {
            self.notices.push(Notice::warning(format!(
                "other users of this machine can open {0}; chmod 600 {0} keeps it to you",
                self.path.display()
            )));
        }
        let me = self.instance()?;
        let mut conn = schema::connect(self.path).map_err(|error| self.trouble(error.into()))?;
        let kind = schema::kind(&conn).map_err(|error| self.trouble(error.into()))?;
        self.accept(kind)?;
        let journal = schema::set_journal(&conn).map_err(|error| self.trouble(error.into()))?;
        schema::migrate(&mut conn, Some(self.path), schema::MIGRATIONS).map_err(|fail| self.trouble(fail))?;
        match schema::strange(&conn) {
            Ok(None) => {}
            Ok(Some(why)) => return Err(Trouble::Damaged(why)),
            Err(fail) => return Err(self.trouble(fail)),
        }
        let dead = me.dead(&conn).map_err(|error| self.trouble(error.into()))?;
        // Who ended without a row and without giving its lock back may have met damage as it wrote.
        let met = dead.is_empty() && me.has_left_locks();
        if met || !dead.is_empty() || (had_wal && !me.has_company()) {
            match schema::check(&conn, met) {
                Ok(None) => {}
                Ok(Some(why)) => return Err(Trouble::Damaged(why)),
                Err(error) => return Err(self.trouble(error.into())),
            }
        }
        if let Err(fail) = self.sweep(&mut conn, &dead) {
            match self.trouble(fail) {
                // Somebody holds the file just now. The next start sweeps.
                Trouble::Refused(error) => self.notices.push(Notice::warning(error.to_string())),
                trouble => return Err(trouble),
            }
        }
        if self.first {
            me.clear_locks();
        }
        let readers = journal.is_none();
        self.notices.extend(journal);
        Ok(Book::new(conn, me, DbFile(Some(self.path.to_owned())), readers))
    }

    fn instance(&mut self) -> Result<Instance, Trouble> {
        match Instance::take(&self.locks, self.now) {
            Ok(me) => Ok(me),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                self.notices.push(Notice::warning(format!(
                    "the file system of {} knows no locks: open one salon at a time",
                    self.path.display()
                )));
                Ok(Instance::alone(self.now))
            }
            Err(error) => Err(Trouble::Unwritable(error.to_string())),
        }
    }

    /// Whether the file is ours to open.
    fn accept(&self, kind: Kind) -> Result<(), Trouble> {
        let name = self.path.display();
        match kind {
            Kind::Empty | Kind::Ours => Ok(()),
            Kind::Newer(version) => Err(Trouble::Refused(StoreError::Newer(format!(
                "{name} was written by a newer salon (schema {version}; this one knows {}). Start that one, or name \
                 another data directory",
                schema::MIGRATIONS.len()
            )))),
            Kind::Foreign => Err(Trouble::Refused(StoreError::Failed(format!(
                "{name} is a database of another program, and is left alone. Move it away, or name another data \
                 directory"
            )))),
            Kind::Damaged => Err(Trouble::Damaged("its header contradicts its tables".to_owned())),
        }
    }

    fn sweep(&mut self, conn: &mut rusqlite::Connection, dead: &[uuid::Uuid]) -> Result<(), Fail> {
        let interrupted = sweep::sweep(conn, dead, self.now, self.estimate)?;
        if interrupted > 0 {
            let (replies, their) = if interrupted == 1 {
                ("1 reply was".to_owned(), "its")
            } else {
                (format!("{interrupted} replies were"), "their")
            };
            self.notices.push(Notice::info(format!(
                "{replies} interrupted when salon ended; what had come is kept, and {their} cost is estimated"
            )));
        }
        Ok(())
    }

    /// Sets a damaged file aside and says so. Not while another salon has it open.
    fn set_aside(&mut self, why: &str) -> Result<(), Trouble> {
        let company = Instance::take(&self.locks, self.now).map(|me| {
            let company = me.has_company();
            me.unlock();
            company
        });
        if company.unwrap_or(false) || !self.first {
            return Err(Trouble::Unwritable(format!("it is damaged ({why}), and another salon has it open")));
        }
        let aside = place::set_aside(self.path, self.now).map_err(|error| {
            Trouble::Unwritable(format!("it is damaged ({why}) and cannot be renamed: {error}"))
        })?;
        self.notices.push(Notice::error(format!(
            "{} is damaged ({why}). It is kept as {}, and a new one was begun; the command line tool sqlite3 reads \
             what can be saved with .recover",
            self.path.display(),
            aside.display()
        )));
        Ok(())
    }

    fn trouble(&self, fail: Fail) -> Trouble {
        match &fail {
            Fail::Sql(error) if schema::is_damage(error) => Trouble::Damaged(error.to_string()),
            Fail::Sql(error) if schema::is_unwritable(error) => Trouble::Unwritable(error.to_string()),
            _ => Trouble::Refused(DbFile(Some(self.path.to_owned())).tell(fail)),
        }
    }
}
