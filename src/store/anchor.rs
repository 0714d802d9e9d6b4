//! What the office remembers outside its database: the highest signed checkpoint and the last numbers.
//!
//! A database restored from yesterday is whole in itself; only something that was not restored with it can tell. The
//! anchor is one small file, by default `anchor.json` in the home; `SAOY_ANCHOR` puts it on another disk.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Book, StoreError};
use crate::record::Digest;
use crate::registry::log::SignedCheckpoint;

/// The anchor's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The origin of the log: whose anchor this is.
    pub origin: String,
    /// Size of the highest checkpoint that was signed.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// The last number of each book.
    pub numbers: Vec<LastNumber>,
    /// Which file the database was (its inode and time of birth): a database that was brought back from a backup is another one. `None` where
    /// nobody has made sure yet that it is not behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

/// The last number that one book gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastNumber {
    /// The book's symbol.
    pub symbol: String,
    /// Its year.
    pub year: u16,
    /// The number.
    pub number: u64,
}

impl Anchor {
    /// The anchor that belongs to this state.
    pub fn of(origin: &str, checkpoint: Option<&SignedCheckpoint>, books: &[Book]) -> Self {
        let (size, root) = checkpoint.map_or_else(|| (0, Digest::of(b"")), |c| (c.size, c.root));
        let numbers = books
            .iter()
            .map(|b| LastNumber { symbol: b.symbol.clone(), year: b.year, number: b.last })
            .collect();
        Self { origin: origin.to_owned(), size, root, numbers, database: None }
    }

    /// The same, of this database file.
    #[must_use]
    pub fn of_database(self, database: Option<String>) -> Self {
        Self { database, ..self }
    }

    /// Whether nothing would be forgotten with this anchor: that of an office which never issued.
    pub const fn is_empty(&self) -> bool {
        self.size == 0 && self.numbers.is_empty()
    }

    /// What this anchor knows and the database does not: the first disagreement in words, with both values. `entries` is how many
    /// the database has, `there` the root of its checkpoint of the anchor's size.
    pub fn ahead_of(&self, entries: u64, there: Option<Digest>, books: &[Book]) -> Option<String> {
        if self.size > 0 {
            match there {
                None => {
                    return Some(format!(
                        "the anchor knows a signed checkpoint of size {}, the database has {entries} entries and no such checkpoint",
                        self.size
                    ));
                }
                Some(root) if root != self.root => {
                    return Some(format!(
                        "at size {} the anchor has root {}, the database {root}",
                        self.size, self.root
                    ));
                }
                Some(_) => {}
            }
        }
        self.numbers.iter().find_map(|known| {
            let last = books
                .iter()
                .find(|b| b.symbol == known.symbol && b.year == known.year)
                .map(|b| b.last)
                .unwrap_or(0);
            (known.number > last).then(|| {
                let LastNumber { symbol, year, number } = known;
                format!("the anchor knows number {number} of book {symbol} of {year}, the database's last is {last}")
            })
        })
    }

    /// Reads the anchor; none is `None`.
    ///
    /// # Errors
    /// [`StoreError::Anchor`] where the file is not an anchor.
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| StoreError::Anchor { path: path.to_owned(), source }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io { path: path.to_owned(), source }),
        }
    }

    /// Replaces the anchor, durable on return: written beside, synced, renamed, folder synced.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(self).expect("an anchor is plain data");
        replace_durably(path, &bytes).map_err(|source| StoreError::Io { path: path.to_owned(), source })
    }
}

/// Where the anchor of a home lies.
pub fn anchor_path(home: &Path, elsewhere: Option<&Path>) -> PathBuf {
    elsewhere.map_or_else(|| home.join("anchor.json"), Path::to_owned)
}

/// What tells a file from another with the same name and content: number and time of birth, as far as the file system knows them. A
/// copy has others; a snapshot of the whole disk has not.
pub(crate) fn file_identity(path: &Path) -> std::io::Result<String> {
    let metadata = fs::metadata(path)?;
    let born = metadata.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let number = 0;
    Ok(format!("{number}-{}", born.map_or(0, |time| time.as_nanos())))
}

/// Writes a file so that after a crash either the old or the new content is there, never a part. The part beside it has one
/// name, so that crashes leave no more than one; only one process at a time may replace a file.
pub(crate) fn replace_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    sync_folder_of(path)
}

/// Makes the entry of a file in its folder last.
pub(crate) fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The folder in which a file lies or will lie.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates a file whole or not at all: written as `.saoy-<mark>.part` beside it, synced, then linked to its name, which
/// must be free. A crash leaves at most the part, which the next call with the same mark replaces and removes.
pub(crate) fn create_durably(path: &Path, mark: &str, bytes: &[u8]) -> std::io::Result<()> {
    let part = folder_of(path).join(format!(".saoy-{mark}.part"));
    let result = (|| {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        match fs::hard_link(&part, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => same_already(path, bytes, error),
            // Memory sticks (FAT, exFAT) and some shares have no links. Only a name that another program takes in this very
            // moment could be overwritten there.
            Err(error) if has_no_links(&error) => match path.try_exists()? {
                true => same_already(path, bytes, ErrorKind::AlreadyExists.into()),
                false => fs::rename(&part, path),
            },
            other => other,
        }
    })();
    let removed = match fs::remove_file(&part) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    };
    result.and(removed)?;
    sync_folder_of(path)
}

/// A crash came after the name was given, or the same copy is given out again: the file is there, whole.
fn same_already(path: &Path, bytes: &[u8], taken: std::io::Error) -> std::io::Result<()> {
    let file = File::open(path)?;
    let same = file.metadata()?.len() == bytes.len() as u64 && fs::read(path)? == bytes;
    if !same {
        return Err(taken);
    }
    // Whoever wrote it may have been killed before it was on the disk.
    file.sync_all()
}

/// Linux answers EPERM where the file system knows no hard links; others say that it is not supported.
fn has_no_links(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(last: u64) -> Book {
        Book { symbol: "SCT/BS".into(), year: 2026, first: 1, last, closed_at: None }
    }

    #[test]
    fn names_both_values_of_what_the_database_lost() {
        let checkpoint = SignedCheckpoint { size: 3, root: Digest::of(b"three"), note: String::new() };
        let anchor = Anchor::of("log", Some(&checkpoint), &[book(3)]);
        assert_eq!(anchor.ahead_of(3, Some(Digest::of(b"three")), &[book(3)]), None);
        let lost = anchor.ahead_of(2, None, &[book(3)]).expect("refuses");
        assert!(lost.contains("size 3") && lost.contains("2 entries"), "{lost}");
        let forked = anchor.ahead_of(3, Some(Digest::of(b"other")), &[book(3)]).expect("refuses");
        assert!(forked.contains(&Digest::of(b"other").hex()), "{forked}");
        let number = anchor.ahead_of(3, Some(Digest::of(b"three")), &[book(2)]).expect("refuses");
        assert!(number.contains("number 3") && number.contains("last is 2"), "{number}");
    }

    #[test]
    fn is_read_back_as_written_and_damage_is_said() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = anchor_path(folder.path(), None);
        assert_eq!(Anchor::read(&path).expect("reads"), None);
        let anchor = Anchor::of("log", None, &[book(7)]);
        assert!(!anchor.is_empty() && Anchor::of("log", None, &[]).is_empty());
        anchor.write(&path).expect("writes");
        assert_eq!(Anchor::read(&path).expect("reads"), Some(anchor));
        fs::write(&path, b"{").expect("writes");
        assert!(matches!(Anchor::read(&path), Err(StoreError::Anchor { .. })));
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_was_brought_back_is_another() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (path, backup) = (folder.path().join("saoy.db"), folder.path().join("backup"));
        fs::write(&path, b"1").expect("writes");
        let was = file_identity(&path).expect("is there");
        fs::write(&path, b"2").expect("writes");
        assert_eq!(file_identity(&path).expect("is there"), was);
        fs::copy(&path, &backup).expect("copies");
        fs::remove_file(&path).expect("removes");
        fs::copy(&backup, &path).expect("copies");
        assert_ne!(file_identity(&path).expect("is there"), was);
    }

    #[test]
    fn a_taken_name_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        create_durably(&path, "m", b"1").expect("creates");
        assert!(create_durably(&path, "m", b"2").is_err());
        create_durably(&path, "m", b"1").expect("the same again is done already");
        assert_eq!(fs::read(&path).expect("reads"), b"1");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1, "nothing is left beside it");
    }
}
