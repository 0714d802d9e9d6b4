//! The log in the database: entries, tiles, checkpoints, states, all written in one transaction a batch.
//!
//! Opening it takes no key, so that anyone who may read the file can serve and check the log.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};

use super::frozen::Frozen;
use super::{SCHEMA_VERSION, StoreError, digest, options, signed, there, unsigned};
use crate::error::Failure;
use crate::record::Digest;
use crate::registry::entry::{Entry, EntryKind, KeyRole, NO_PREDECESSOR};
use crate::registry::log::{LogState, LoggedEntry, Next, SignedCheckpoint};
use crate::registry::merkle;
use crate::registry::note::{Note, NoteSignature};
use crate::registry::replay::KeyChange;
use crate::registry::status::{self, StatusRow};
use crate::registry::tiles::{self, Content, Edge, Tile, WIDTH};
use crate::registry::{Checkpoint, RegistryError};

/// Rows that one statement inserts; SQLite takes 32,766 values.
const ROWS: usize = 512;

/// The log's part of an office's database, on a thread of its own.
#[derive(Debug)]
pub struct LogDb {
    // Declared before the runtime: dropped first.
    pool: SqlitePool,
    runtime: tokio::runtime::Runtime,
    /// Set where the database is read without SQLite's locks.
    frozen: Option<Frozen>,
}

impl LogDb {
    /// Opens a home's log to read it; a writer may be at work.
    ///
    /// # Errors
    /// [`StoreError::NoHome`], [`StoreError::Schema`] of another version, [`StoreError::Changing`] for a reader who may not write
    /// into the home while another process does.
    pub fn open(home: &Path) -> Result<Self, StoreError> {
        let path = there(home)?;
        let reader = options(&path).read_only(true);
        let refused = match Self::connect(home, reader.clone()).and_then(Self::of_this_schema) {
            Err(error @ StoreError::Database(_)) => error,
            result => return result,
        };
        // Where nothing may be written beside it, SQLite opens a database in WAL mode only as one that never changes.
        let frozen = Frozen::of(&path)?;
        let Ok(mut log) = Self::connect(home, reader.immutable(true)) else {
            return Err(refused);
        };
        log.frozen = Some(frozen);
        log.of_this_schema()
            .map_err(|error| if matches!(error, StoreError::Database(_)) { refused } else { error })
    }

    pub(super) fn connect(home: &Path, options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("saoy-store")
            .enable_all()
            .build()
            .map_err(|source| StoreError::Io { path: home.to_owned(), source })?;
        // One connection for as long as the store is open: a moment that is held must not be lost with its connection.
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = runtime.block_on(pool.connect_with(options))?;
        Ok(Self { pool, runtime, frozen: None })
    }

    pub(super) fn of_this_schema(self) -> Result<Self, StoreError> {
        let found = self.run(|pool| async move {
            let row = sqlx::query("SELECT value FROM meta WHERE name = 'schema'").fetch_one(&pool).await?;
            Ok(row.try_get::<String, _>(0)?)
        })?;
        match found == SCHEMA_VERSION {
            true => Ok(self),
            false => Err(StoreError::Schema { found, expected: SCHEMA_VERSION }),
        }
    }

    /// Runs a future on the store's own thread and waits for it.
    pub(super) fn run<T, F>(&self, work: impl FnOnce(SqlitePool) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let future = work(self.pool.clone());
        self.runtime.spawn(async move {
            // A closed channel would mean that the waiting thread is gone; then nobody needs the answer.
            let _ = sender.send(future.await);
        });
        let answer = receiver
            .recv()
            .map_err(|_| StoreError::Corrupt { what: "the store's thread ended early".into() })?;
        self.frozen.as_ref().map_or(Ok(()), Frozen::check)?;
        answer
    }

    /// From here until the answer is dropped, all that is read is of one moment, whatever a writer does meanwhile. The store
    /// cannot be written through meanwhile.
    ///
    /// # Errors
    /// The database's.
    pub fn moment(&self) -> Result<Moment<'_>, StoreError> {
        self.run(|pool| async move {
            sqlx::raw_sql("BEGIN").execute(&pool).await?;
            Ok(())
        })?;
        let moment = Moment { log: self };
        // SQLite's moment is that of the first reading.
        self.size()?;
        Ok(moment)
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// The database's.
    pub fn size(&self) -> Result<u64, StoreError> {
        self.run(|pool| async move {
            let row = sqlx::query("SELECT COALESCE(MAX(idx) + 1, 0) FROM entries").fetch_one(&pool).await?;
            unsigned(row.try_get(0)?)
        })
    }

    /// At most `count` entries from `from` on, in order.
    ///
    /// # Errors
    /// The database's.
    pub fn entries(&self, from: u64, count: u64) -> Result<Vec<LoggedEntry>, StoreError> {
        self.run(move |pool| async move {
            let rows = sqlx::query("SELECT idx, entry FROM entries WHERE idx >= $1 ORDER BY idx LIMIT $2")
                .bind(signed(from))
                .bind(signed(count))
                .fetch_all(&pool)
                .await?;
            rows.iter().map(read_entry).collect()
        })
    }

    /// One entry.
    ///
    /// # Errors
    /// As [`LogDb::entries`].
    pub fn entry(&self, index: u64) -> Result<Option<LoggedEntry>, StoreError> {
        Ok(self.entries(index, 1)?.pop().filter(|logged| logged.index == index))
    }

    /// At most `count` checkpoints of a size from `from` on, smallest first.
    ///
    /// # Errors
    /// The database's, [`StoreError::Corrupt`] for a root of another length.
    pub fn checkpoints(&self, from: u64, count: u64) -> Result<Vec<SignedCheckpoint>, StoreError> {
        self.run(move |pool| async move {
            let sql = "SELECT size, root, note FROM checkpoints WHERE size >= $1 ORDER BY size LIMIT $2";
            let rows = sqlx::query(sql).bind(signed(from)).bind(signed(count)).fetch_all(&pool).await?;
            rows.iter().map(read_checkpoint).collect()
        })
    }

    /// The same with the size of the checkpoint before each, as the batch that it ended knew it.
    ///
    /// # Errors
    /// As [`LogDb::checkpoints`].
    pub fn batches(&self, from: u64, count: u64) -> Result<Vec<(u64, SignedCheckpoint)>, StoreError> {
        self.run(move |pool| async move {
            let sql =
                "SELECT size, root, note, after FROM checkpoints WHERE size >= $1 ORDER BY size LIMIT $2";
            let rows = sqlx::query(sql).bind(signed(from)).bind(signed(count)).fetch_all(&pool).await?;
            rows.iter().map(|row| Ok((unsigned(row.try_get(3)?)?, read_checkpoint(row)?))).collect()
        })
    }

    /// The checkpoint of the largest size.
    ///
    /// # Errors
    /// As [`LogDb::checkpoints`].
    pub fn last_checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        self.run(move |pool| async move {
            let sql = "SELECT size, root, note FROM checkpoints ORDER BY size DESC LIMIT 1";
            sqlx::query(sql).fetch_optional(&pool).await?.as_ref().map(read_checkpoint).transpose()
        })
    }

    /// The checkpoint of one size.
    ///
    /// # Errors
    /// As [`LogDb::checkpoints`].
    pub fn checkpoint(&self, size: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        Ok(self.checkpoints(size, 1)?.pop().filter(|checkpoint| checkpoint.size == size))
    }

    /// The first checkpoint over an entry: that of its batch.
    ///
    /// # Errors
    /// As [`LogDb::checkpoints`].
    pub fn checkpoint_over(&self, index: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        Ok(self.checkpoints(index + 1, 1)?.pop())
    }

    /// A tile of hashes or the entries' leaf hashes in it, as a tree that has it at least so wide has it.
    ///
    /// # Errors
    /// The database's, [`StoreError::Corrupt`] where it has no such tile.
    pub fn tile(&self, tile: Tile) -> Result<Vec<Digest>, StoreError> {
        let corrupt = || StoreError::Corrupt { what: format!("{tile} is not in it, or too short") };
        let Content::Hashes(level) = tile.content else { return Err(corrupt()) };
        if let Some(mut hashes) = self.full_tile(level, tile.index)? {
            hashes.truncate(usize::from(tile.width));
            return Ok(hashes);
        }
        let width = usize::from(tile.width);
        let hashes: Vec<Digest> = match level.checked_sub(1) {
            None => {
                let entries = self.entries(tile.index * WIDTH, tile.width.into())?;
                entries.iter().map(|logged| logged.leaf).collect()
            }
            Some(below) => (tile.index * WIDTH..)
                .take(width)
                .map(|index| Ok(self.full_tile(below, index)?.as_deref().map(tiles::perfect_root)))
                .map_while(Result::transpose)
                .collect::<Result<_, StoreError>>()?,
        };
        if hashes.len() == width { Ok(hashes) } else { Err(corrupt()) }
    }

    /// A full tile of hashes as it is kept, if it is.
    ///
    /// # Errors
    /// The database's, [`StoreError::Corrupt`] for one of another length.
    pub fn full_tile(&self, level: u8, index: u64) -> Result<Option<Vec<Digest>>, StoreError> {
        self.run(move |pool| async move {
            let row = sqlx::query("SELECT hashes FROM tiles WHERE level = $1 AND idx = $2")
                .bind(i64::from(level))
                .bind(signed(index))
                .fetch_optional(&pool)
                .await?;
            let Some(row) = row else { return Ok(None) };
            let hashes = tiles::hashes_from_bytes(row.try_get(0)?, 256);
            hashes.map(Some).map_err(|error| StoreError::Corrupt { what: error.to_string() })
        })
    }

    /// The bytes of a bundle of entries.
    ///
    /// # Errors
    /// The database's, [`StoreError::Corrupt`] where it has fewer entries.
    pub fn bundle(&self, tile: Tile) -> Result<Vec<u8>, StoreError> {
        let corrupt = || StoreError::Corrupt { what: format!("{tile} is not in it, or too short") };
        let entries = self.entries(tile.index * WIDTH, tile.width.into())?;
        let whole = entries.len() == usize::from(tile.width)
            && (tile.index * WIDTH..).zip(&entries).all(|(index, logged)| logged.index == index);
        if !whole {
            return Err(corrupt());
        }
        let entries: Vec<&[u8]> = entries.iter().map(|logged| logged.entry.as_slice()).collect();
        tiles::bundle_to_bytes(&entries).map_err(|_| corrupt())
    }

    /// From where the log goes on.
    ///
    /// # Errors
    /// The database's.
    pub fn state(&self) -> Result<LogState, Failure> {
        let size = self.size()?;
        let edge = Edge::load(size, |tile| Ok::<_, Failure>(self.tile(tile)?))?;
        let last = match size.checked_sub(1) {
            Some(last) => self.entry(last)?,
            None => None,
        };
        let last_leaf = last.map_or(NO_PREDECESSOR, |logged| logged.leaf);
        Ok(LogState { edge, last_leaf, checkpoint: self.last_checkpoint()? })
    }

    /// What a later entry says about an issue; `None` for one in force.
    ///
    /// # Errors
    /// The database's, [`StoreError::Corrupt`] for an entry that says nothing about it.
    pub fn state_of(&self, index: u64) -> Result<Option<StatusRow>, StoreError> {
        let sql = "SELECT e.idx, e.entry FROM states s JOIN entries e ON e.idx = s.by_idx WHERE s.idx = $1";
        self.run(move |pool| async move {
            let row = sqlx::query(sql).bind(signed(index)).fetch_optional(&pool).await?;
            row.as_ref().map(read_state).transpose()
        })
    }

    /// One entry, and what later ones say about it: one question to the database, for whoever verifies many copies.
    ///
    /// # Errors
    /// As [`LogDb::state_of`].
    pub fn entry_and_state(
        &self,
        index: u64,
    ) -> Result<Option<(LoggedEntry, Option<StatusRow>)>, StoreError> {
        let sql = "SELECT idx, entry FROM entries WHERE idx = $1 \
            UNION ALL SELECT e.idx, e.entry FROM states s JOIN entries e ON e.idx = s.by_idx WHERE s.idx = $1";
        self.run(move |pool| async move {
            let rows = sqlx::query(sql).bind(signed(index)).fetch_all(&pool).await?;
            let mut entry = None;
            let mut state = None;
            for row in &rows {
                match unsigned(row.try_get(0)?)? == index {
                    true => entry = Some(read_entry(row)?),
                    false => state = Some(read_state(row)?),
                }
            }
            Ok(entry.map(|entry| (entry, state)))
        })
    }

    /// The states of all issues that are not in force, by index.
    ///
    /// # Errors
    /// As [`LogDb::state_of`].
    pub fn states(&self) -> Result<Vec<StatusRow>, StoreError> {
        let sql = "SELECT e.idx, e.entry FROM states s JOIN entries e ON e.idx = s.by_idx ORDER BY s.idx";
        self.run(move |pool| async move {
            sqlx::query(sql).fetch_all(&pool).await?.iter().map(read_state).collect()
        })
    }

    /// The keys that changed, oldest first.
    ///
    /// # Errors
    /// The database's, [`StoreError::Corrupt`] for an entry that changes none.
    pub fn key_changes(&self) -> Result<Vec<KeyChange>, StoreError> {
        let sql = "SELECT e.idx, e.entry FROM key_changes k JOIN entries e ON e.idx = k.idx ORDER BY k.idx";
        self.run(move |pool| async move {
            let rows = sqlx::query(sql).fetch_all(&pool).await?;
            rows.iter()
                .map(|row| match parse(row)?.kind {
                    EntryKind::Key { role, key } => {
                        Ok(KeyChange { index: unsigned(row.try_get(0)?)?, role, key })
                    }
                    _ => Err(StoreError::Corrupt { what: "a change of key that is none".into() }),
                })
                .collect()
        })
    }

    /// The entry that was asked for with this key.
    ///
    /// # Errors
    /// The database's.
    pub fn requested(&self, key: Digest) -> Result<Option<u64>, StoreError> {
        Ok(self.requested_all(&[key])?.pop().flatten())
    }

    /// The same for many keys, in their order.
    ///
    /// # Errors
    /// The database's.
    pub fn requested_all(&self, keys: &[Digest]) -> Result<Vec<Option<u64>>, StoreError> {
        let keys = keys.to_vec();
        self.run(move |pool| async move {
            let mut found = std::collections::HashMap::new();
            for part in keys.chunks(ROWS) {
                let mut query = QueryBuilder::<Sqlite>::new(
                    "SELECT request_key, idx FROM requests WHERE request_key IN (",
                );
                let mut list = query.separated(", ");
                for key in part {
                    list.push_bind(request_key(*key));
                }
                query.push(")");
                for row in query.build().fetch_all(&pool).await? {
                    found.insert(row.try_get::<Vec<u8>, _>(0)?, unsigned(row.try_get(1)?)?);
                }
            }
            Ok(keys.iter().map(|key| found.get(&request_key(*key)).copied()).collect())
        })
    }

    /// The entries that were asked for with a key, in order.
    ///
    /// # Errors
    /// The database's.
    pub fn requested_entries(&self) -> Result<Vec<u64>, StoreError> {
        self.run(|pool| async move {
            let rows = sqlx::query("SELECT idx FROM requests ORDER BY idx").fetch_all(&pool).await?;
            rows.iter().map(|row| unsigned(row.try_get(0)?)).collect()
        })
    }

    /// Keeps cosignatures of the checkpoint of this size, one a witness; a newer one replaces the older.
    ///
    /// # Errors
    /// The database's.
    pub fn keep_cosignatures(&self, size: u64, lines: &[NoteSignature]) -> Result<(), StoreError> {
        let lines: Vec<(String, String)> =
            lines.iter().map(|line| (line.name.clone(), line.to_string())).collect();
        self.run(move |pool| async move {
            let mut tx = pool.begin().await?;
            for (name, line) in lines {
                sqlx::query("INSERT OR REPLACE INTO cosignatures (size, name, line) VALUES ($1, $2, $3)")
                    .bind(signed(size))
                    .bind(name)
                    .bind(line)
                    .execute(&mut *tx)
                    .await?;
            }
            Ok(tx.commit().await?)
        })
    }

    /// The cosignatures of the checkpoint of this size, in order of the witnesses' names.
    ///
    /// # Errors
    /// The database's, [`StoreError::Corrupt`] for a line that is none.
    pub fn cosignatures(&self, size: u64) -> Result<Vec<NoteSignature>, StoreError> {
        let lines = self.run(move |pool| async move {
            let sql = "SELECT line FROM cosignatures WHERE size = $1 ORDER BY name";
            let rows = sqlx::query(sql).bind(signed(size)).fetch_all(&pool).await?;
            rows.iter().map(|row| Ok(row.try_get::<String, _>(0)?)).collect::<Result<Vec<_>, StoreError>>()
        })?;
        let corrupt = |_| StoreError::Corrupt { what: "a cosignature that is none".into() };
        lines.iter().map(|line| line.parse().map_err(corrupt)).collect()
    }

    /// The last checkpoint as it is published: its size, and the note with the cosignatures that the office has of it.
    ///
    /// # Errors
    /// The database's.
    pub fn published_checkpoint(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let Some(checkpoint) = self.last_checkpoint()? else { return Ok(None) };
        Ok(Some((checkpoint.size, self.with_cosignatures(&checkpoint)?.to_string().into_bytes())))
    }

    /// A checkpoint with the cosignatures that the office has of it.
    ///
    /// # Errors
    /// The database's.
    pub fn with_cosignatures(&self, checkpoint: &SignedCheckpoint) -> Result<Note, StoreError> {
        let corrupt = |_| StoreError::Corrupt { what: "a checkpoint that is no note".into() };
        let note = Note::parse(checkpoint.note.as_bytes()).map_err(corrupt)?;
        self.cosignatures(checkpoint.size)?.into_iter().try_fold(note, Note::with).map_err(corrupt)
    }

    /// The largest size that a witness of this name cosigned.
    ///
    /// # Errors
    /// The database's.
    pub fn cosigned_by(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let name = name.to_owned();
        self.run(move |pool| async move {
            let sql = "SELECT MAX(size) FROM cosignatures WHERE name = $1";
            let row = sqlx::query(sql).bind(name).fetch_one(&pool).await?;
            row.try_get::<Option<i64>, _>(0)?.map(unsigned).transpose()
        })
    }

    /// The sizes from `from` on that somebody cosigned, smallest first.
    ///
    /// # Errors
    /// The database's.
    pub fn cosigned_sizes(&self, from: u64) -> Result<Vec<u64>, StoreError> {
        self.run(move |pool| async move {
            let sql = "SELECT DISTINCT size FROM cosignatures WHERE size >= $1 ORDER BY size LIMIT 1000";
            let rows = sqlx::query(sql).bind(signed(from)).fetch_all(&pool).await?;
            rows.iter().map(|row| unsigned(row.try_get(0)?)).collect()
        })
    }

    /// The status list of the largest size: size and signed note.
    ///
    /// # Errors
    /// The database's.
    pub fn status_list(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        self.run(|pool| async move {
            let sql = "SELECT size, note FROM status_lists ORDER BY size DESC LIMIT 1";
            let row = sqlx::query(sql).fetch_optional(&pool).await?;
            row.map(|row| Ok((unsigned(row.try_get(0)?)?, row.try_get(1)?))).transpose()
        })
    }

    /// Keeps a signed status list; a newer one of the same size replaces it, smaller ones go.
    ///
    /// # Errors
    /// The database's.
    pub fn keep_status_list(&self, size: u64, made: u64, note: &[u8]) -> Result<(), StoreError> {
        let note = note.to_vec();
        self.run(move |pool| async move {
            let mut tx = pool.begin().await?;
            sqlx::query("INSERT OR REPLACE INTO status_lists (size, made, note) VALUES ($1, $2, $3)")
                .bind(signed(size))
                .bind(signed(made))
                .bind(note)
                .execute(&mut *tx)
                .await?;
            sqlx::query("DELETE FROM status_lists WHERE size < $1")
                .bind(signed(size))
                .execute(&mut *tx)
                .await?;
            Ok(tx.commit().await?)
        })
    }
}

impl Drop for LogDb {
    /// Closes the database: what the write-ahead log holds goes into `saoy.db`, which is then a whole backup by itself.
    fn drop(&mut self) {
        // Nothing is lost where it fails: the log is read again.
        let _ = self.run(|pool| async move {
            pool.close().await;
            Ok(())
        });
    }
}

/// One moment of the database ([`LogDb::moment`]).
#[must_use]
#[derive(Debug)]
pub struct Moment<'a> {
    log: &'a LogDb,
}

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        // It only read; if it cannot be ended, the next statement says so.
        let _ = self.log.run(|pool| async move {
            sqlx::raw_sql("ROLLBACK").execute(&pool).await?;
            Ok(())
        });
    }
}

/// Writes a batch: its checkpoint by compare and swap on the last one, its entries, tiles and what follows from them.
pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    next: &Next,
    requests: &[(Digest, u64)],
) -> Result<(), StoreError> {
    let (from, root) = next.from;
    let swapped = sqlx::query(
        "INSERT INTO checkpoints (size, after, root, note) SELECT $1, $4, $2, $3 \
         WHERE COALESCE((SELECT MAX(idx) + 1 FROM entries), 0) = $4 AND COALESCE((SELECT MAX(size) FROM checkpoints), 0) = $4 \
         AND ($4 = 0 OR (SELECT root FROM checkpoints WHERE size = $4) = $5)",
    )
    .bind(signed(next.checkpoint.size))
    .bind(next.checkpoint.root.0.to_vec())
    .bind(signature_line(&next.checkpoint.note)?)
    .bind(signed(from))
    .bind(root.0.to_vec())
    .execute(&mut **tx)
    .await?;
    if swapped.rows_affected() != 1 {
        let row = sqlx::query("SELECT COALESCE(MAX(size), 0) FROM checkpoints").fetch_one(&mut **tx).await?;
        let stored: i64 = row.try_get(0)?;
        return Err(StoreError::Conflict {
            what: format!(
                "entry {from} continues a log of {from} with root {root}; the stored one has size {stored}, or another root"
            ),
        });
    }
    for part in next.entries.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO entries (idx, entry) ");
        query.push_values(part, |mut row, logged| {
            row.push_bind(signed(logged.index)).push_bind(&logged.entry);
        });
        query.build().execute(&mut **tx).await?;
    }
    for tile in &next.tiles {
        sqlx::query("INSERT INTO tiles (level, idx, hashes) VALUES ($1, $2, $3)")
            .bind(i64::from(tile.level))
            .bind(signed(tile.index))
            .bind(tiles::hashes_to_bytes(&tile.hashes))
            .execute(&mut **tx)
            .await?;
    }
    for logged in &next.entries {
        let entry = Entry::parse(&logged.entry).map_err(|e| StoreError::Corrupt { what: e.to_string() })?;
        insert_state(tx, &entry).await?;
        if matches!(entry.kind, EntryKind::Key { role: KeyRole::Log | KeyRole::Seal, .. }) {
            sqlx::query("INSERT INTO key_changes (idx) VALUES ($1)")
                .bind(signed(entry.index))
                .execute(&mut **tx)
                .await?;
        }
    }
    for part in requests.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO requests (request_key, idx) ");
        query.push_values(part, |mut row, (key, index)| {
            row.push_bind(request_key(*key)).push_bind(signed(*index));
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// What the entry says about its target becomes its state, if it may.
async fn insert_state(tx: &mut Transaction<'_, Sqlite>, entry: &Entry) -> Result<(), StoreError> {
    for (about, leaf) in entry.kind.target().into_iter().chain(entry.kind.replacement()) {
        let row = sqlx::query("SELECT idx, entry FROM entries WHERE idx = $1")
            .bind(signed(about))
            .fetch_optional(&mut **tx)
            .await?;
        let there = row.as_ref().map(read_entry).transpose()?;
        let issue =
            there.filter(|there| there.leaf == leaf).and_then(|there| Entry::parse(&there.entry).ok());
        if !issue.is_some_and(|issue| matches!(issue.kind, EntryKind::Issue { .. })) {
            return Err(StoreError::Conflict {
                what: format!("entry {about} is not the issue it is taken for"),
            });
        }
    }
    let Some(state) = StatusRow::of(entry) else { return Ok(()) };
    let row = sqlx::query(
        "SELECT e.idx, e.entry FROM states s JOIN entries e ON e.idx = s.by_idx WHERE s.idx = $1",
    )
    .bind(signed(state.index))
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(row) = row {
        let there = read_state(&row)?;
        if !status::may_follow(there.kind, state.kind) {
            return Err(StoreError::Conflict {
                what: format!(
                    "entry {} is {} already, by entry {}",
                    state.index,
                    status::state_name(there.kind),
                    there.by
                ),
            });
        }
    }
    sqlx::query(
        "INSERT INTO states (idx, by_idx) VALUES ($1, $2) ON CONFLICT (idx) DO UPDATE SET by_idx = $2",
    )
    .bind(signed(state.index))
    .bind(signed(state.by))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is kept of a checkpoint besides size and root: its only signature line. The rest of the note follows from these.
fn signature_line(note: &str) -> Result<&str, StoreError> {
    let line = note.split_once("\n\n").and_then(|(_, line)| line.strip_suffix('\n'));
    let line = line.filter(|line| !line.contains('\n'));
    line.ok_or_else(|| StoreError::Corrupt { what: "a checkpoint that is not signed by one key".into() })
}

/// What is kept of a request's key: half of a SHA-256 has no collision that anybody can make, and every entry pays for it.
fn request_key(key: Digest) -> Vec<u8> {
    key.0[..16].to_vec()
}

fn parse(row: &SqliteRow) -> Result<Entry, StoreError> {
    let bytes: &[u8] = row.try_get(1)?;
    Entry::parse(bytes).map_err(|error: RegistryError| StoreError::Corrupt { what: error.to_string() })
}

fn read_entry(row: &SqliteRow) -> Result<LoggedEntry, StoreError> {
    let entry: Vec<u8> = row.try_get(1)?;
    Ok(LoggedEntry { index: unsigned(row.try_get(0)?)?, leaf: merkle::leaf_hash(&entry), entry })
}

fn read_state(row: &SqliteRow) -> Result<StatusRow, StoreError> {
    let none = || StoreError::Corrupt { what: "an entry that says nothing about another".into() };
    StatusRow::of(&parse(row)?).ok_or_else(none)
}

fn read_checkpoint(row: &SqliteRow) -> Result<SignedCheckpoint, StoreError> {
    let size = unsigned(row.try_get(0)?)?;
    let root = digest(row.try_get(1)?, "checkpoint root")?;
    let line: &str = row.try_get(2)?;
    // A log's key has the origin as its name.
    let origin = line.split(' ').nth(1).unwrap_or_default();
    let text = Checkpoint::new(origin, size, root).text();
    Ok(SignedCheckpoint { size, root, note: format!("{text}\n{line}\n") })
}
