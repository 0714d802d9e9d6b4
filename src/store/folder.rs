//! A log as files: the projection of the database in C2SP's tlog-tiles layout, and its reader.
//!
//! The database is the truth. A file is written aside, synced, renamed, its folder synced; the checkpoint comes last, so that
//! it never promises what is not on the disk. A crash at any point leaves a log that the next export completes: everything from
//! the published size on is written again.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{LogDb, StoreError};
use crate::error::Failure;
use crate::registry::check::{Place, STATUS_PATH};
use crate::registry::note::Note;
use crate::registry::tiles::{self, CHECKPOINT_PATH, Content, Tile};
use crate::registry::{Checkpoint, RegistryError};

/// The file that is written before it gets its name.
const PART: &str = ".saoy.part";
/// The file by which one export at a time is let in.
const LOCK: &str = ".saoy.lock";

/// A folder with a log in it.
#[derive(Clone, Debug)]
pub struct LogFolder {
    root: PathBuf,
}

/// What an export did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// The log's size now.
    pub size: u64,
    /// Its size in the folder before.
    pub from: u64,
    /// Files that were written.
    pub written: u64,
    /// Partial files that were removed, since the full ones are there.
    pub removed: u64,
}

impl LogFolder {
    /// The log in this folder.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Brings the folder to the state of the database. `sweep` also removes partial tiles that an export which was cut short left.
    /// `progress` is told how many files are done and how many there are.
    ///
    /// # Errors
    /// `log-empty`; `log-ahead` where the folder's checkpoint is not one of this database's, naming both; another export at
    /// work; the file system's.
    pub fn export(
        &self,
        log: &LogDb,
        sweep: bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Exported, Failure> {
        let _lock = self.begin()?;
        let _moment = log.moment()?;
        let Some(checkpoint) = log.last_checkpoint()? else {
            return Err(Failure::new(
                "log-empty",
                "the log has no entry yet, and so no checkpoint",
                "export it once something was issued",
            ));
        };
        let size = checkpoint.size;
        let from = self.published(log, size)?;
        let mut done = Exported { size, from, ..Exported::default() };
        let mut folders = BTreeSet::new();
        let tiles: Vec<Tile> = Tile::all(size).collect();
        for (at, tile) in (1..).zip(&tiles) {
            let path = tile.to_string();
            if !self.is_published(*tile, from, &path) {
                let bytes = match tile.content {
                    Content::Entries => log.bundle(*tile)?,
                    Content::Hashes(_) => tiles::hashes_to_bytes(&log.tile(*tile)?),
                };
                self.write(&path, &bytes, &mut folders)?;
                done.written += 1;
            }
            progress(at, tiles.len() as u64);
        }
        self.sync(&folders)?;
        folders.clear();
        if from != size || self.read(CHECKPOINT_PATH)?.as_deref() != Some(checkpoint.note.as_bytes()) {
            self.write(CHECKPOINT_PATH, checkpoint.note.as_bytes(), &mut folders)?;
            done.written += 1;
        }
        if let Some((_, note)) = log.status_list()?
            && self.read(STATUS_PATH)?.as_deref() != Some(note.as_slice())
        {
            self.write(STATUS_PATH, &note, &mut folders)?;
            done.written += 1;
        }
        self.sync(&folders)?;
        done.removed = if sweep { self.sweep(size)? } else { self.remove_partial(from, size)? };
        Ok(done)
    }

    /// Makes the folder, and keeps others from writing into it as long as the answer lives.
    pub(super) fn begin(&self) -> Result<File, Failure> {
        fs::create_dir_all(&self.root).map_err(|source| self.io("", source))?;
        self.lock()
    }

    /// The size of the folder's checkpoint, which must be one that the database signed.
    fn published(&self, log: &LogDb, size: u64) -> Result<u64, Failure> {
        let Some(bytes) = self.read(CHECKPOINT_PATH)? else { return Ok(0) };
        let there = Note::parse(&bytes).and_then(|note| Checkpoint::parse(note.text()));
        let there = there.map_err(|error: RegistryError| {
            Failure::new(
                "log-damaged",
                format!("{}: {error}", self.root.join(CHECKPOINT_PATH).display()),
                "export into a new folder, and find out what changed this one",
            )
        })?;
        match log.checkpoint(there.size)? {
            Some(own) if own.root == there.root => Ok(there.size),
            own => {
                let own = own.map_or_else(
                    || format!("no checkpoint of that size and {size} entries"),
                    |own| format!("root {} there", own.root),
                );
                Err(Failure::new(
                    "log-ahead",
                    format!(
                        "{} publishes size {} with root {}, the database has {own}",
                        self.root.display(),
                        there.size,
                        there.root
                    ),
                    "this looks like a restored backup, or another office's folder: nothing was written",
                ))
            }
        }
    }

    /// Whether a file need not be written: it was full when the last checkpoint was published, and is there with its length.
    fn is_published(&self, tile: Tile, from: u64, path: &str) -> bool {
        let then = match tile.content {
            Content::Entries => Tile::entries(tile.index, from),
            Content::Hashes(level) => Tile::hashes(level, tile.index, from),
        };
        if then != Some(tile) {
            return false;
        }
        let length = fs::metadata(self.root.join(path)).map(|m| m.len());
        match tile.content {
            Content::Hashes(_) => length.is_ok_and(|length| length == u64::from(tile.width) * 32),
            Content::Entries => length.is_ok_and(|length| length > u64::from(tile.width) * 2),
        }
    }

    pub(super) fn write(
        &self,
        path: &str,
        bytes: &[u8],
        folders: &mut BTreeSet<PathBuf>,
    ) -> Result<(), Failure> {
        let (part, place) = (self.root.join(PART), self.root.join(path));
        let folder = place.parent().unwrap_or(&self.root).to_owned();
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&part)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            match fs::rename(&part, &place) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    fs::create_dir_all(&folder)?;
                    fs::rename(&part, &place)
                }
                other => other,
            }
        };
        write().map_err(|source| self.io(path, source))?;
        folders.insert(folder);
        Ok(())
    }

    /// Makes the names in these folders last, and the folders in theirs.
    pub(super) fn sync(&self, folders: &BTreeSet<PathBuf>) -> Result<(), Failure> {
        let mut all = BTreeSet::new();
        for folder in folders {
            all.extend(folder.ancestors().take_while(|f| f.starts_with(&self.root)).map(Path::to_owned));
        }
        for folder in all.iter().rev() {
            File::open(folder)
                .and_then(|f| f.sync_all())
                .map_err(|source| StoreError::Io { path: folder.clone(), source })?;
        }
        Ok(())
    }

    /// Removes the partial files of tiles that have become full since the log had `from` entries.
    fn remove_partial(&self, from: u64, size: u64) -> Result<u64, Failure> {
        let mut removed = 0;
        for tile in Tile::since(from, size).filter(Tile::is_full) {
            removed += self.remove_part(&self.root.join(format!("{tile}.p")))?;
        }
        Ok(removed)
    }

    /// Removes every partial file whose full one is there.
    fn sweep(&self, size: u64) -> Result<u64, Failure> {
        let mut removed = 0;
        let files = self.files()?;
        for path in &files {
            let Ok(tile) = path.parse::<Tile>() else { continue };
            let current = match tile.content {
                Content::Entries => Tile::entries(tile.index, size),
                Content::Hashes(level) => Tile::hashes(level, tile.index, size),
            };
            if !tile.is_full() && current.is_some_and(|current| current.is_full()) {
                let folder = self.root.join(format!("{}.p", tile.full()));
                if folder.exists() {
                    removed += self.remove_part(&folder)?;
                }
            }
        }
        Ok(removed)
    }

    fn remove_part(&self, folder: &Path) -> Result<u64, Failure> {
        let count = match fs::read_dir(folder) {
            Ok(entries) => entries.count() as u64,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(source) => return Err(StoreError::Io { path: folder.to_owned(), source }.into()),
        };
        fs::remove_dir_all(folder).map_err(|source| StoreError::Io { path: folder.to_owned(), source })?;
        Ok(count)
    }

    /// The paths of all files but those that begin with a point.
    fn files(&self) -> Result<Vec<String>, Failure> {
        let mut files = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let place = self.root.join(&folder);
            let entries = fs::read_dir(&place).map_err(|source| self.io(&folder, source))?;
            for entry in entries {
                let entry = entry.map_err(|source| self.io(&folder, source))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if folder.is_empty() && name.starts_with('.') {
                    continue;
                }
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                let kind = entry.file_type().map_err(|source| self.io(&path, source))?;
                if kind.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files.sort();
        Ok(files)
    }

    fn lock(&self) -> Result<File, Failure> {
        let path = self.root.join(LOCK);
        let io = |source| StoreError::Io { path: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Failure::new(
                "export-locked",
                format!("another export writes into {}", self.root.display()),
                "wait until it has ended",
            )),
            Err(TryLockError::Error(source)) => Err(io(source).into()),
        }
    }

    fn io(&self, path: &str, source: std::io::Error) -> Failure {
        StoreError::Io { path: self.root.join(path), source }.into()
    }
}

impl Place for LogFolder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(source) => Err(self.io(path, source)),
        }
    }

    fn list(&self) -> Result<Option<Vec<String>>, Failure> {
        self.files().map(Some)
    }
}
