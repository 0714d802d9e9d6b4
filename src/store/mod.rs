//! Bytes at rest: the office's database and its sealed files.
//!
//! In come entries, checkpoints, register rows and jobs to be kept; out they come again, after any crash. One SQLite
//! database a home (`saoy.db`, WAL, `synchronous=FULL`), on a Tokio thread of its own behind the blocking [`Store`]; sealed
//! files under `blobs/`. Only a writer locks the home; readers always open, those that may not write beside the database by
//! `frozen`. Not its business: what an entry means, which number comes next: `registry::log` says that and this room refuses
//! what does not fit.

mod anchor;
mod blobs;
mod bucket;
mod connector;
mod error;
mod folder;
mod frozen;
mod log;
mod national;
mod pins;
mod projection;
mod vault;

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{Row, Sqlite, Transaction};

use crate::ambient::Entropy;
use crate::record::{BookNumber, Digest};
use crate::registry::log::Next;
pub use anchor::{Anchor, LastNumber, anchor_path};
pub(crate) use anchor::{create_durably, file_identity, folder_of, replace_durably, sync_folder_of};
use blobs::Blobs;
pub use bucket::LogBucket;
pub use error::StoreError;
pub use folder::LogFolder;
pub use log::{LogDb, Moment};
pub use national::CheckpointLog;
pub use pins::Pins;
pub use projection::Exported;
pub(crate) use projection::{FRESH, IMMUTABLE};
pub use vault::Key;

/// Sealed files are written in pieces of so many bytes, so that a large one is not in memory twice more.
const PIECE: usize = 8 << 20;

/// The version of the schema that this code writes and reads.
const SCHEMA_VERSION: &str = "2";

/// Whether a home is opened to change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The one writer: takes the lock.
    Write,
    /// Any number of readers.
    Read,
}

/// One book of a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Book {
    /// Its symbol.
    pub symbol: String,
    /// Its year in Vietnam's time.
    pub year: u16,
    /// The first number that it gives.
    pub first: u64,
    /// The last number given; `first - 1` while it is empty.
    pub last: u64,
    /// When it was closed, UTC.
    pub closed_at: Option<String>,
}

/// One line of the certification book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterRow {
    /// Số chứng thực with its book.
    pub book: BookNumber,
    /// The day in Vietnam's calendar.
    pub date: String,
    /// Who asked for the copy.
    pub requester: Option<String>,
    /// What was copied: the form's title.
    pub document: String,
    /// Who certified.
    pub officer: Option<String>,
    /// With which title.
    pub title: Option<String>,
    /// Pages of the original.
    pub pages: u32,
    /// Copies asked for.
    pub copies: u32,
    /// Fee in đồng.
    pub fee: u64,
    /// Whether the copy is marked THỬ NGHIỆM.
    pub trial: bool,
    /// Why the number was voided.
    pub void_cause: Option<String>,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Number and entry are taken; the copy is to be made.
    Entered,
    /// The copy is stored and released.
    Released,
    /// Ended by a void entry.
    Void,
}

impl JobState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Released => "released",
            Self::Void => "void",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        match text {
            "entered" => Ok(Self::Entered),
            "released" => Ok(Self::Released),
            "void" => Ok(Self::Void),
            other => Err(StoreError::Corrupt { what: format!("job state {other:?}") }),
        }
    }
}

/// One document on its way from entry to copy.
#[derive(Clone, Debug)]
pub struct Job {
    /// The index of its entry.
    pub index: u64,
    /// What it is known by: act and scan digests.
    pub key: Digest,
    /// The copy's id.
    pub copy_id: String,
    /// Where its sealed files lie.
    pub folder: String,
    /// The key of its sealed files, wrapped by the vault key.
    pub wrapped_key: Vec<u8>,
    /// R, sealed under the document's key.
    pub record: Vec<u8>,
    /// The claimed time of signing, fixed before anything is signed; UTC, RFC 3339.
    pub signed_at: String,
    /// How far it has come.
    pub state: JobState,
    /// SHA-256 of the released copy.
    pub copy_digest: Option<Digest>,
    /// Why it still waits.
    pub problem: Option<String>,
}

impl Job {
    /// Whether its document was erased: key, record and files are gone, the line of the book stays.
    pub const fn is_erased(&self) -> bool {
        self.wrapped_key.is_empty()
    }
}

/// What an entry changes beside the log.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// A number of the book is taken and a job begins.
    Issue {
        /// The line of the book.
        row: RegisterRow,
        /// The job.
        job: Box<Job>,
        /// The first number of the book, should the line open it.
        book_first: u64,
    },
    /// A number is voided: its line says why, its job ends.
    Void {
        /// The issue entry's index.
        target: u64,
        /// Why, in words.
        cause: String,
    },
}

/// An office's home on disk.
#[derive(Debug)]
pub struct Store {
    log: LogDb,
    blobs: Blobs,
    vault: Key,
    _lock: Option<File>,
}

impl Store {
    /// Makes the database and the folder for sealed files in `home`.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where there is a database already.
    pub fn create(home: &Path, vault: Key) -> Result<Self, StoreError> {
        let path = database(home);
        if path.exists() {
            return Err(StoreError::Exists { path });
        }
        let lock = lock(home)?;
        let blobs = home.join("blobs");
        std::fs::create_dir_all(&blobs).map_err(|source| StoreError::Io { path: blobs, source })?;
        let options = options(&path).create_if_missing(true);
        let store = Self::with(home, LogDb::connect(home, options)?, vault, Some(lock))?;
        store.run(|pool, _| async move {
            let mut tx = pool.begin().await?;
            sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *tx).await?;
            sqlx::query("INSERT INTO meta (name, value) VALUES ('schema', $1)")
                .bind(SCHEMA_VERSION)
                .execute(&mut *tx)
                .await?;
            Ok(tx.commit().await?)
        })?;
        Ok(store)
    }

    /// Opens an office's home.
    ///
    /// # Errors
    /// [`StoreError::NoHome`], [`StoreError::Locked`] by another writer, [`StoreError::Schema`] of another version,
    /// [`StoreError::Changing`] for a reader who may not write into the home while another process does.
    pub fn open(home: &Path, vault: Key, mode: Mode) -> Result<Self, StoreError> {
        let path = there(home)?;
        let (log, lock) = match mode {
            Mode::Write => {
                let lock = lock(home)?;
                (LogDb::connect(home, options(&path))?.of_this_schema()?, Some(lock))
            }
            Mode::Read => (LogDb::open(home)?, None),
        };
        Self::with(home, log, vault, lock)
    }

    fn with(home: &Path, log: LogDb, vault: Key, lock: Option<File>) -> Result<Self, StoreError> {
        let blobs = Blobs::local(&home.join("blobs"))?;
        Ok(Self { log, blobs, vault, _lock: lock })
    }

    /// Runs a future on the store's own thread and waits for it.
    fn run<T, F>(&self, work: impl FnOnce(SqlitePool, Blobs) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let blobs = self.blobs.clone();
        self.log.run(|pool| work(pool, blobs))
    }

    // ---- the log ----

    /// The log's part of the database.
    pub const fn log(&self) -> &LogDb {
        &self.log
    }

    /// Writes a batch of entries and all that belongs to it, in one transaction. When this returns, it is durable. `effect` is that
    /// of the first entry; `requests` are the keys that the entries were asked for with.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the batch does not continue the log, the number does not continue the book, or an issue is
    /// ended already; nothing is changed then. After an error of the disk only the database can say whether it took the batch.
    pub fn commit(
        &self,
        next: &Next,
        effect: &Effect,
        requests: &[(Digest, u64)],
        entropy: &dyn Entropy,
    ) -> Result<(), StoreError> {
        let index = next.first().index;
        let sealed = match effect {
            Effect::Nothing => Vec::new(),
            Effect::Issue { row, .. } => self.seal_row(index, row, entropy),
            Effect::Void { target, cause } => {
                let mut row = self.register_row(*target)?.ok_or_else(|| StoreError::Conflict {
                    what: format!("entry {target} has no line in the book"),
                })?;
                row.void_cause = Some(cause.clone());
                self.seal_row(*target, &row, entropy)
            }
        };
        let (next, effect, requests) = (next.clone(), effect.clone(), requests.to_vec());
        self.run(move |pool, _| async move {
            let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
            log::insert(&mut tx, &next, &requests).await?;
            match &effect {
                Effect::Nothing => {}
                Effect::Issue { row, job, book_first } => {
                    take_number(&mut tx, &row.book, *book_first).await?;
                    insert_row(&mut tx, index, &row.book, sealed).await?;
                    insert_job(&mut tx, job).await?;
                }
                Effect::Void { target, .. } => void_job(&mut tx, *target, sealed).await?,
            }
            Ok(tx.commit().await?)
        })
    }

    // ---- the book ----

    /// All books, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn books(&self) -> Result<Vec<Book>, StoreError> {
        self.run(|pool, _| async move {
            let rows = sqlx::query(
                "SELECT symbol, year, first_number, last_number, closed_at FROM books ORDER BY year, symbol",
            )
            .fetch_all(&pool)
            .await?;
            rows.iter()
                .map(|row| {
                    Ok(Book {
                        symbol: row.try_get(0)?,
                        year: u16::try_from(row.try_get::<i64, _>(1)?)
                            .map_err(|_| StoreError::Corrupt { what: "a book's year".into() })?,
                        first: unsigned(row.try_get(2)?)?,
                        last: unsigned(row.try_get(3)?)?,
                        closed_at: row.try_get(4)?,
                    })
                })
                .collect()
        })
    }

    /// Closes a year's books: they give no more numbers.
    ///
    /// # Errors
    /// The database's.
    pub fn close_books(&self, year: u16, at: &str) -> Result<u64, StoreError> {
        let at = at.to_owned();
        self.run(move |pool, _| async move {
            let done = sqlx::query("UPDATE books SET closed_at = $1 WHERE year = $2 AND closed_at IS NULL")
                .bind(at)
                .bind(i64::from(year))
                .execute(&pool)
                .await?;
            Ok(done.rows_affected())
        })
    }

    /// The lines of the book with their entries' indices, in order of number.
    ///
    /// # Errors
    /// The database's, [`StoreError::Sealed`] for a line that does not open, [`StoreError::Corrupt`] for one that stands under
    /// another number than its own.
    pub fn register(&self) -> Result<Vec<(u64, RegisterRow)>, StoreError> {
        let rows = self.run(|pool, _| async move {
            let rows = sqlx::query(
                "SELECT idx, symbol, year, number, sealed FROM register ORDER BY year, symbol, number",
            )
            .fetch_all(&pool)
            .await?;
            rows.iter()
                .map(|row| {
                    let line = format!(
                        "{}/{} of {}",
                        row.try_get::<i64, _>(3)?,
                        row.try_get::<i64, _>(2)?,
                        row.try_get::<String, _>(1)?
                    );
                    Ok((unsigned(row.try_get(0)?)?, line, row.try_get::<Vec<u8>, _>(4)?))
                })
                .collect::<Result<Vec<_>, StoreError>>()
        })?;
        rows.into_iter()
            .map(|(index, line, sealed)| {
                let row = self.open_row(index, &sealed)?;
                let BookNumber { symbol, year, number } = &row.book;
                let own = format!("{number}/{year} of {symbol}");
                if line != own {
                    return Err(StoreError::Corrupt {
                        what: format!("the book's line of entry {index} stands under {line}, but is {own}"),
                    });
                }
                Ok((index, row))
            })
            .collect()
    }

    /// The line of the book for one entry.
    ///
    /// # Errors
    /// The database's; [`StoreError::Sealed`] for a line that does not open.
    pub fn register_row(&self, index: u64) -> Result<Option<RegisterRow>, StoreError> {
        let sealed = self.run(move |pool, _| async move {
            let row = sqlx::query("SELECT sealed FROM register WHERE idx = $1")
                .bind(signed(index))
                .fetch_optional(&pool)
                .await?;
            row.map(|row| Ok(row.try_get::<Vec<u8>, _>(0)?)).transpose()
        })?;
        sealed.map(|sealed| self.open_row(index, &sealed)).transpose()
    }

    fn seal_row(&self, index: u64, row: &RegisterRow, entropy: &dyn Entropy) -> Vec<u8> {
        let plain = serde_json::to_vec(row).expect("a register row is plain data");
        self.book_key().seal(&row_context(index), &plain, entropy)
    }

    fn open_row(&self, index: u64, sealed: &[u8]) -> Result<RegisterRow, StoreError> {
        let context = row_context(index);
        let plain = self.book_key().open(&context, sealed)?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::Sealed { what: context })
    }

    fn book_key(&self) -> Key {
        self.vault.derive("saoy/book/v1")
    }

    // ---- jobs ----

    /// The jobs in one state, in order of their entries.
    ///
    /// # Errors
    /// The database's.
    pub fn jobs_in(&self, state: JobState) -> Result<Vec<Job>, StoreError> {
        self.run(move |pool, _| async move {
            let rows = sqlx::query("SELECT * FROM jobs WHERE state = $1 ORDER BY idx")
                .bind(state.as_str())
                .fetch_all(&pool)
                .await?;
            rows.iter().map(read_job).collect()
        })
    }

    /// The job of one entry.
    ///
    /// # Errors
    /// The database's.
    pub fn job(&self, index: u64) -> Result<Option<Job>, StoreError> {
        self.run(move |pool, _| async move {
            let row = sqlx::query("SELECT * FROM jobs WHERE idx = $1")
                .bind(signed(index))
                .fetch_optional(&pool)
                .await?;
            row.as_ref().map(read_job).transpose()
        })
    }

    /// The entry of the copy with this id.
    ///
    /// # Errors
    /// The database's.
    pub fn index_of_copy(&self, copy_id: &str) -> Result<Option<u64>, StoreError> {
        let copy_id = copy_id.to_owned();
        self.run(move |pool, _| async move {
            let row = sqlx::query("SELECT idx FROM jobs WHERE copy_id = $1");
            let row = row.bind(copy_id).fetch_optional(&pool).await?;
            row.map(|row| unsigned(row.try_get("idx")?)).transpose()
        })
    }

    /// All jobs, in order of their entries.
    ///
    /// # Errors
    /// The database's.
    pub fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.run(move |pool, _| async move {
            sqlx::query("SELECT * FROM jobs ORDER BY idx")
                .fetch_all(&pool)
                .await?
                .iter()
                .map(read_job)
                .collect()
        })
    }

    /// The latest job that is known by this key and whose copy is not void, revoked or replaced.
    ///
    /// # Errors
    /// The database's.
    pub fn job_by_key(&self, key: Digest) -> Result<Option<Job>, StoreError> {
        self.run(move |pool, _| async move {
            let row = sqlx::query(
                "SELECT * FROM jobs WHERE job_key = $1 AND state <> 'void' \
                 AND NOT EXISTS (SELECT 1 FROM states WHERE states.idx = jobs.idx) ORDER BY idx DESC LIMIT 1",
            )
            .bind(key.0.to_vec())
            .fetch_optional(&pool)
            .await?;
            row.as_ref().map(read_job).transpose()
        })
    }

    /// Marks a job's copy as released.
    ///
    /// # Errors
    /// The database's.
    pub fn mark_released(&self, index: u64, copy: Digest) -> Result<(), StoreError> {
        self.run(move |pool, _| async move {
            sqlx::query(
                "UPDATE jobs SET state = 'released', copy_digest = $1, problem = NULL WHERE idx = $2 AND state = 'entered'",
            )
            .bind(copy.0.to_vec())
            .bind(signed(index))
            .execute(&pool)
            .await?;
            Ok(())
        })
    }

    /// Says why a job still waits.
    ///
    /// # Errors
    /// The database's.
    pub fn mark_problem(&self, index: u64, problem: &str) -> Result<(), StoreError> {
        let problem = problem.to_owned();
        self.run(move |pool, _| async move {
            sqlx::query("UPDATE jobs SET problem = $1 WHERE idx = $2 AND state = 'entered'")
                .bind(problem)
                .bind(signed(index))
                .execute(&pool)
                .await?;
            Ok(())
        })
    }

    /// Erases the document of an ended job: the key of its files, its record with salts and disclosures, what it is known by, then the
    /// files themselves. The line of the book stays. Once the key is gone the files say nothing any more; a call that was cut short is
    /// repeated.
    ///
    /// # Errors
    /// The database's, the file system's.
    pub fn erase(&self, job: &Job) -> Result<(), StoreError> {
        let index = job.index;
        self.run(move |pool, _| async move {
            // What is deleted is overwritten in the database and in what the write-ahead log leaves of it.
            sqlx::raw_sql("PRAGMA secure_delete = ON").execute(&pool).await?;
            sqlx::query(
                "UPDATE jobs SET wrapped_key = x'', record = x'', job_key = zeroblob(32), copy_id = 'erased-' || idx, \
                 copy_digest = NULL, problem = NULL WHERE idx = $1 AND state <> 'entered'",
            )
            .bind(signed(index))
            .execute(&pool)
            .await?;
            sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await?;
            Ok(())
        })?;
        match self.blobs.remove_folder(&job.folder) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// The key of a job's sealed files.
    ///
    /// # Errors
    /// [`StoreError::Sealed`].
    pub fn document_key(&self, job: &Job) -> Result<Key, StoreError> {
        Key::unwrap(&self.vault, &job.folder, &job.wrapped_key)
    }

    /// A document's key as a job keeps it.
    pub fn wrap_key(&self, key: &Key, folder: &str, entropy: &dyn Entropy) -> Vec<u8> {
        key.wrap(&self.vault, folder, entropy)
    }

    // ---- sealed files ----

    /// Seals and writes one file of a document, durable on return. A file of that name stays as it is.
    ///
    /// # Errors
    /// The file system's.
    pub fn put(
        &self,
        key: &Key,
        folder: &str,
        name: &str,
        bytes: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<(), StoreError> {
        // The first piece comes last: where it is, all are.
        let last = bytes.len().saturating_sub(1) / PIECE;
        for (i, piece) in (0..=last).map(|i| (i, &bytes[i * PIECE..bytes.len().min((i + 1) * PIECE)])).rev() {
            let sealed = key.seal(&piece_context(folder, name, i, i == last), piece, entropy);
            let (folder, name) = (folder.to_owned(), piece_name(name, i));
            self.run(move |_, blobs| async move { blobs.create(&folder, &name, sealed).await })?;
        }
        Ok(())
    }

    /// Reads and opens one file of a document.
    ///
    /// # Errors
    /// [`StoreError::Sealed`], or the file system's where it is missing.
    pub fn get(&self, key: &Key, folder: &str, name: &str) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        for i in 0.. {
            let last = !self.holds(folder, &piece_name(name, i + 1))?;
            let (in_folder, piece) = (folder.to_owned(), piece_name(name, i));
            let sealed = self.run(move |_, blobs| async move { blobs.read(&in_folder, &piece).await })?;
            let opened = key.open(&piece_context(folder, name, i, last), &sealed);
            bytes.extend(opened.map_err(|_| StoreError::Sealed { what: format!("{folder}/{name}") })?);
            if last {
                break;
            }
        }
        Ok(bytes)
    }

    /// Removes what a crash left of half-written files of a document.
    ///
    /// # Errors
    /// The file system's.
    pub fn sweep(&self, folder: &str) -> Result<(), StoreError> {
        self.blobs.sweep(folder)
    }

    /// Whether a document has a file of this name.
    ///
    /// # Errors
    /// The file system's.
    pub fn holds(&self, folder: &str, name: &str) -> Result<bool, StoreError> {
        let (folder, name) = (folder.to_owned(), name.to_owned());
        self.run(move |_, blobs| async move { blobs.holds(&folder, &name).await })
    }

    /// The folders of documents that no job knows, in order of name.
    ///
    /// # Errors
    /// The file system's, the database's.
    pub fn orphans(&self) -> Result<Vec<String>, StoreError> {
        self.run(move |pool, blobs| async move {
            // In this order: a folder is there before its job.
            let mut folders = blobs.folders().await?;
            let mut known = std::collections::HashSet::new();
            for row in sqlx::query("SELECT folder FROM jobs").fetch_all(&pool).await? {
                known.insert(row.try_get::<String, _>(0)?);
            }
            folders.retain(|folder| !known.contains(folder));
            folders.sort();
            Ok(folders)
        })
    }

    /// Removes the folders of documents that never came to an entry: a crash before the transaction left them. One that holds a
    /// file of the name `keep` stays: it came further, and a database that does not know it is not the newest.
    ///
    /// # Errors
    /// The file system's.
    pub fn remove_orphans(&self, keep: &str) -> Result<usize, StoreError> {
        let mut removed = 0;
        for folder in self.orphans()? {
            if !self.holds(&folder, keep)? {
                self.blobs.remove_folder(&folder)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// The database of a home, which must be there and may be read.
fn there(home: &Path) -> Result<PathBuf, StoreError> {
    let path = database(home);
    match File::open(&path) {
        Ok(_) => Ok(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(StoreError::NoHome { path }),
        Err(source) => Err(StoreError::Io { path, source }),
    }
}

pub(crate) fn database(home: &Path) -> PathBuf {
    home.join("saoy.db")
}

fn lock(home: &Path) -> Result<File, StoreError> {
    let path = home.join("lock");
    let io = |source| StoreError::Io { path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: home.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
}

/// Takes the book's next number: compare and swap on the last one.
async fn take_number(
    tx: &mut Transaction<'_, Sqlite>,
    book: &BookNumber,
    first: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO books (symbol, year, first_number, last_number) VALUES ($1, $2, $3, $3 - 1) ON CONFLICT DO NOTHING",
    )
    .bind(&book.symbol)
    .bind(i64::from(book.year))
    .bind(signed(first))
    .execute(&mut **tx)
    .await?;
    let done = sqlx::query(
        "UPDATE books SET last_number = $1 WHERE symbol = $2 AND year = $3 AND last_number = $1 - 1 AND closed_at IS NULL",
    )
    .bind(signed(book.number))
    .bind(&book.symbol)
    .bind(i64::from(book.year))
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() != 1 {
        let BookNumber { symbol, year, number } = book;
        return Err(StoreError::Conflict {
            what: format!("number {number} does not continue book {symbol} of {year}, or the book is closed"),
        });
    }
    Ok(())
}

async fn insert_row(
    tx: &mut Transaction<'_, Sqlite>,
    index: u64,
    book: &BookNumber,
    sealed: Vec<u8>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO register (idx, symbol, year, number, sealed) VALUES ($1, $2, $3, $4, $5)")
        .bind(signed(index))
        .bind(&book.symbol)
        .bind(i64::from(book.year))
        .bind(signed(book.number))
        .bind(sealed)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn insert_job(tx: &mut Transaction<'_, Sqlite>, job: &Job) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO jobs (idx, job_key, copy_id, folder, wrapped_key, record, signed_at, state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(signed(job.index))
    .bind(job.key.0.to_vec())
    .bind(&job.copy_id)
    .bind(&job.folder)
    .bind(&job.wrapped_key)
    .bind(&job.record)
    .bind(&job.signed_at)
    .bind(job.state.as_str())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn void_job(tx: &mut Transaction<'_, Sqlite>, target: u64, sealed: Vec<u8>) -> Result<(), StoreError> {
    let done = sqlx::query("UPDATE jobs SET state = 'void' WHERE idx = $1 AND state <> 'void'")
        .bind(signed(target))
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() != 1 {
        return Err(StoreError::Conflict { what: format!("entry {target} is void already") });
    }
    sqlx::query("UPDATE register SET sealed = $1 WHERE idx = $2")
        .bind(sealed)
        .bind(signed(target))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn read_job(row: &sqlx::sqlite::SqliteRow) -> Result<Job, StoreError> {
    Ok(Job {
        index: unsigned(row.try_get("idx")?)?,
        key: digest(row.try_get("job_key")?, "job key")?,
        copy_id: row.try_get("copy_id")?,
        folder: row.try_get("folder")?,
        wrapped_key: row.try_get("wrapped_key")?,
        record: row.try_get("record")?,
        signed_at: row.try_get("signed_at")?,
        state: JobState::parse(row.try_get("state")?)?,
        copy_digest: row
            .try_get::<Option<Vec<u8>>, _>("copy_digest")?
            .map(|bytes| digest(bytes, "copy digest"))
            .transpose()?,
        problem: row.try_get("problem")?,
    })
}

fn digest(bytes: Vec<u8>, what: &str) -> Result<Digest, StoreError> {
    let bytes =
        bytes.try_into().map_err(|_| StoreError::Corrupt { what: format!("{what} is not 32 bytes") })?;
    Ok(Digest(bytes))
}

/// The name of a sealed file's piece: the first has the file's own.
fn piece_name(name: &str, piece: usize) -> String {
    if piece == 0 { name.to_owned() } else { format!("{name}.{piece}") }
}

/// What a piece is sealed for: its place, and whether it is the last, so that none can be cut off or moved.
fn piece_context(folder: &str, name: &str, piece: usize, last: bool) -> String {
    format!("{folder}/{name}/{piece}{}", if last { "/end" } else { "" })
}

fn row_context(index: u64) -> String {
    format!("register/{index}")
}

/// SQL's integers are signed; indices and numbers stay far below the sign.
fn signed(value: u64) -> i64 {
    i64::try_from(value).expect("an index or number is below 2^63")
}

fn unsigned(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt { what: format!("an index or number is {value}") })
}
