//! A database that is read as it lies, by one who may not write beside it.
//!
//! In WAL mode SQLite wants to make `saoy.db-shm` even for a reader (<https://www.sqlite.org/wal.html#read_only_databases>). Where
//! that is not allowed and no `saoy.db-wal` lies there, everything that was committed is in the database file itself, and it can be
//! opened as immutable (<https://www.sqlite.org/uri.html#uriimmutable>): without locks, which is right as long as nobody writes.
//! A writer shows itself: its `-wal` lies there from its first commit until it closes, and what it moves into the database file changes
//! the file's time. Both are looked at after each answer, and an answer that a writer may have spoilt is not given.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::StoreError;

#[derive(Debug)]
pub(super) struct Frozen {
    database: PathBuf,
    state: (u64, SystemTime),
}

impl Frozen {
    /// The database as it lies; refused where a writer is at work or was killed.
    pub(super) fn of(database: &Path) -> Result<Self, StoreError> {
        let frozen = Self { database: database.to_owned(), state: state(database)? };
        frozen.check()?;
        Ok(frozen)
    }

    /// Refuses where the database may have changed since.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let mut log = self.database.clone().into_os_string();
        log.push("-wal");
        let log = PathBuf::from(log);
        match fs::symlink_metadata(&log) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(StoreError::Io { path: log, source }),
            Ok(_) => return Err(StoreError::Changing { path: log }),
        }
        if state(&self.database)? != self.state {
            return Err(StoreError::Changing { path: self.database.clone() });
        }
        Ok(())
    }
}

fn state(database: &Path) -> Result<(u64, SystemTime), StoreError> {
    fs::metadata(database)
        .and_then(|metadata| Ok((metadata.len(), metadata.modified()?)))
        .map_err(|source| StoreError::Io { path: database.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_writer_is_seen_by_its_log_and_by_what_it_leaves() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = folder.path().join("saoy.db");
        let log = folder.path().join("saoy.db-wal");
        fs::write(&database, b"pages").expect("it can be written");
        let frozen = Frozen::of(&database).expect("nobody writes");
        frozen.check().expect("nobody wrote");
        fs::write(&log, b"").expect("it can be written");
        assert!(matches!(frozen.check(), Err(StoreError::Changing { path }) if path == log));
        assert!(matches!(Frozen::of(&database), Err(StoreError::Changing { .. })));
        fs::remove_file(&log).expect("it is there");
        frozen.check().expect("the writer did nothing");
        let file = fs::File::options().write(true).open(&database).expect("it is there");
        let later = SystemTime::now() + Duration::from_secs(1);
        file.set_modified(later).expect("the time can be set");
        assert!(matches!(frozen.check(), Err(StoreError::Changing { path }) if path == database));
    }
}
