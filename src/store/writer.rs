//! The one thread that owns the connection, and the transaction that every write runs in. A job is a
//! closure; jobs run one after the other, so a transaction never waits for anything but the disk.
//! Reports go to a second thread with a connection of its own that cannot write, so that a long one
//! never delays a commit.
//!
//! Nothing here knows what a room is.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::InterruptHandle;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;

use crate::store::StoreError;
use crate::store::instance::Instance;
use crate::store::schema;

/// How many prepared statements are kept; more than there are.
const STATEMENTS: usize = 96;

/// Why a piece of work failed, before it is put into words.
#[derive(Debug)]
pub(super) enum Fail {
    /// SQLite refused.
    Sql(rusqlite::Error),
    /// We refused, in words.
    Told(StoreError),
}

impl From<rusqlite::Error> for Fail {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}

/// What the thread is sent.
pub(super) enum Message {
    /// Work.
    Job(Box<dyn FnOnce(&mut Book) + Send>),
    /// The end; answered when all is closed.
    Close(mpsc::Sender<()>),
}

/// Work of the thread for reports.
pub(super) type Report = Box<dyn FnOnce(&Connection, &DbFile) + Send>;

/// The name of the database, for sentences; none in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct DbFile(pub(super) Option<PathBuf>);

/// What SQLite's refusals mean, and what to do.
const SENTENCES: [(ErrorCode, &str); 8] = [
    (ErrorCode::DiskFull, "the disk is full; free some space"),
    (ErrorCode::DatabaseBusy, "another program holds it; end that program or let it go on"),
    (ErrorCode::DatabaseLocked, "another program holds it; end that program or let it go on"),
    (ErrorCode::DatabaseCorrupt, "the file is damaged; start salon again, which sets it aside and says so"),
    (ErrorCode::NotADatabase, "the file is damaged; start salon again, which sets it aside and says so"),
    (ErrorCode::SystemIoFailure, "the disk does not read or write as it should; check it"),
    (ErrorCode::ReadOnly, "the file cannot be written; check the modes of the file and its directory"),
    (ErrorCode::CannotOpen, "the file cannot be opened; check the modes of the file and its directory"),
];

impl DbFile {
    /// The sentence for a failure; names the file and what to do.
    pub(super) fn tell(&self, fail: Fail) -> StoreError {
        let error = match fail {
            Fail::Told(error) => return error,
            Fail::Sql(error) => error,
        };
        let name = self.0.as_ref().map_or_else(|| "memory".to_owned(), |path| path.display().to_string());
        let advice = error
            .sqlite_error_code()
            .and_then(|code| SENTENCES.iter().find(|(known, _)| *known == code))
            .map(|(_, advice)| *advice);
        StoreError::Failed(match advice {
            Some(advice) => format!("{name}: {advice} ({error})"),
            None => format!("{name}: {error}"),
        })
    }
}

/// The thread for reports.
struct Reader {
    to_reader: mpsc::Sender<Report>,
    stop: InterruptHandle,
    thread: thread::JoinHandle<()>,
}

/// The connection and who we are: all that the writer thread owns.
pub(super) struct Book {
    conn: Connection,
    me: Instance,
    file: DbFile,
    /// Whether our row is committed; it is written with the first transaction, so that a start
    /// writes nothing.
    registered: bool,
    /// Whether SQLite found damage. Then we do not sign off, and the next start checks the file.
    damaged: bool,
    /// Whether readers do not block the writer: only in WAL mode.
    readers: bool,
    reader: Option<Reader>,
}

impl Book {
    /// A book of an opened and migrated connection.
    pub(super) fn new(conn: Connection, me: Instance, file: DbFile, readers: bool) -> Self {
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        Self { conn, me, file, registered: false, damaged: false, readers, reader: None }
    }

    /// Runs `work` in one transaction: all of it is kept, or nothing.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &Instance) -> Result<T, Fail>,
    ) -> Result<T, Fail> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !self.registered {
            self.me.register(&tx)?;
        }
        let answer = work(&tx, &self.me)?;
        tx.commit()?;
        self.registered = true;
        Ok(answer)
    }

    /// Runs `work` in one transaction that does not write, so that it sees one state.
    pub(super) fn read<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Fail>) -> Result<T, Fail> {
        snapshot(&self.conn, work)
    }

    /// Hands a report to the other thread, or does it here when there cannot be one.
    pub(super) fn report(&mut self, report: Report) {
        if self.reader.is_none() && self.readers {
            self.reader = self.file.0.clone().and_then(|path| start_reader(path).ok());
        }
        match &self.reader {
            Some(reader) => {
                if let Err(mpsc::SendError(report)) = reader.to_reader.send(report) {
                    self.reader = None;
                    report(&self.conn, &self.file);
                }
            }
            None => report(&self.conn, &self.file),
        }
    }

    /// The sentence for a failure. Who may hold the database is named.
    pub(super) fn tell(&mut self, fail: Fail) -> StoreError {
        let code = match &fail {
            Fail::Sql(error) => error.sqlite_error_code(),
            Fail::Told(_) => None,
        };
        self.damaged |= matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase));
        let busy = matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
        match self.file.tell(fail) {
            StoreError::Failed(mut text) if busy => {
                text.push_str(&self.me.name_others(&self.conn));
                StoreError::Failed(text)
            }
            error => error,
        }
    }

    /// Signs off and closes. The reader goes first: the last connection to close moves the WAL into
    /// the database, and only a connection that writes can.
    fn close(mut self) {
        if let Some(reader) = self.reader.take() {
            drop(reader.to_reader);
            reader.stop.interrupt();
            let _ = reader.thread.join();
        }
        if self.registered && !self.damaged {
            // A failure leaves the row, and the next start looks closer. That is all it does.
            let _ = self.write(|tx, me| me.sign_off(tx));
        }
        self.conn.flush_prepared_statement_cache();
        if self.conn.close().is_ok() && !self.damaged {
            self.me.unlock();
        }
    }
}

/// Runs `work` in a transaction that does not write.
pub(super) fn snapshot<T>(
    conn: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Fail>,
) -> Result<T, Fail> {
    let tx = conn.unchecked_transaction()?;
    let answer = work(&tx)?;
    tx.commit()?;
    Ok(answer)
}

/// Starts the thread.
pub(super) fn start(book: Book) -> Result<mpsc::Sender<Message>, StoreError> {
    let (to_writer, inbox) = mpsc::channel();
    let thread = thread::Builder::new().name("salon-store".to_owned()).spawn(move || run(book, &inbox));
    match thread {
        Ok(_) => Ok(to_writer),
        Err(error) => {
            Err(StoreError::Failed(format!("no thread could be started for the database: {error}")))
        }
    }
}

fn run(mut book: Book, inbox: &mpsc::Receiver<Message>) {
    while let Ok(message) = inbox.recv() {
        match message {
            Message::Job(job) => job(&mut book),
            Message::Close(done) => {
                book.close();
                let _ = done.send(());
                return;
            }
        }
    }
}

fn start_reader(path: PathBuf) -> Result<Reader, rusqlite::Error> {
    let conn = schema::connect_to_read(&path)?;
    let stop = conn.get_interrupt_handle();
    let (to_reader, inbox) = mpsc::channel::<Report>();
    let thread = thread::Builder::new().name("salon-reports".to_owned()).spawn(move || {
        let file = DbFile(Some(path));
        while let Ok(report) = inbox.recv() {
            report(&conn, &file);
        }
    });
    match thread {
        Ok(thread) => Ok(Reader { to_reader, stop, thread }),
        Err(_) => Err(rusqlite::Error::InvalidQuery),
    }
}
