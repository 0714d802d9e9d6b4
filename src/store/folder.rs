//! A folder with a log's files in it, written so that a power cut leaves no file half.
//!
//! A file is written aside, synced, renamed, its folder synced.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::projection::{self, Exported, Target};
use super::{LogDb, StoreError};
use crate::error::Failure;
use crate::registry::check::Place;

/// The file that is written before it gets its name.
const PART: &str = ".saoy.part";
/// The file by which one export at a time is let in.
const LOCK: &str = ".saoy.lock";

/// A folder with a log in it.
#[derive(Clone, Debug)]
pub struct LogFolder {
    root: PathBuf,
}

impl LogFolder {
    /// The log in this folder.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Brings the folder to the state of the database. `progress` is told how many files are done and how many there are.
    ///
    /// # Errors
    /// `log-empty`; `log-ahead` where the folder's checkpoint is not one of this database's, naming both; `export-locked` by
    /// another export at work; the file system's.
    pub fn export(&self, log: &LogDb, progress: &mut dyn FnMut(u64, u64)) -> Result<Exported, Failure> {
        let lock = self.begin()?;
        projection::export(log, &mut Writing { place: self, folders: BTreeSet::new(), _lock: lock }, progress)
    }

    /// Makes the folder, and keeps others from writing into it as long as the answer lives.
    pub(super) fn begin(&self) -> Result<File, Failure> {
        fs::create_dir_all(&self.root).map_err(|source| self.io("", source))?;
        self.lock()
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

/// An export at work on a folder.
struct Writing<'f> {
    place: &'f LogFolder,
    /// Folders whose names do not last yet.
    folders: BTreeSet<PathBuf>,
    _lock: File,
}

impl Place for Writing<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.place.read(path)
    }
}

impl Target for Writing<'_> {
    fn name(&self) -> String {
        self.place.root.display().to_string()
    }

    fn lengths(&self) -> Result<BTreeMap<String, u64>, Failure> {
        let length = |path: String| {
            let found = fs::metadata(self.place.root.join(&path));
            let found = found.map_err(|source| self.place.io(&path, source))?;
            Ok((path, found.len()))
        };
        self.place.files()?.into_iter().map(length).collect()
    }

    fn put(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), Failure> {
        self.place.write(path, &bytes, &mut self.folders)
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.place.sync(&self.folders)?;
        self.folders.clear();
        Ok(())
    }

    /// The lock keeps others from changing what was read.
    fn swap(&mut self, path: &str, _old: Option<&[u8]>, new: &[u8]) -> Result<(), Failure> {
        self.place.write(path, new, &mut self.folders)?;
        self.settle()
    }

    /// Removes its folder too, once that is empty.
    fn remove(&mut self, path: &str) -> Result<(), Failure> {
        let place = self.place.root.join(path);
        match fs::remove_file(&place) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(self.place.io(path, error)),
            _ => {}
        }
        if let Some(folder) = place.parent().filter(|folder| *folder != self.place.root) {
            match fs::remove_dir(folder) {
                Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
                    return Err(self.place.io(path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
