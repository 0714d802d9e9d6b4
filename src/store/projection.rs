//! A log as files: the projection of the database in C2SP's tlog-tiles layout, into whatever holds files.
//!
//! The database is the truth. The checkpoint comes after all tiles that it promises, and only over the one that was found, so that
//! no place ever goes back. What an export that was cut short left, the next one completes: everything from the published size
//! on is written again, with the same bytes.

use std::collections::BTreeMap;

use super::LogDb;
use crate::error::Failure;
use crate::registry::check::{Place, STATUS_PATH};
use crate::registry::note::Note;
use crate::registry::tiles::{self, CHECKPOINT_PATH, Content, Tile};
use crate::registry::{Checkpoint, RegistryError};

/// What never changes once it is there: tiles.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// What has to be asked for again each time: checkpoint and status.
pub(crate) const FRESH: &str = "no-cache";

/// What an export did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// The log's size now.
    pub size: u64,
    /// Its published size before.
    pub from: u64,
    /// Files that were written.
    pub written: u64,
    /// Partial files that were removed, since the full ones are there.
    pub removed: u64,
}

/// A place into which one export at a time writes.
pub(super) trait Target: Place {
    /// How people name it.
    fn name(&self) -> String;

    /// All files with their lengths in bytes, by path.
    fn lengths(&self) -> Result<BTreeMap<String, u64>, Failure>;

    /// Writes a file, or the same over it. It lasts once [`Target::settle`] has returned.
    fn put(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), Failure>;

    /// Waits until all that was put and removed lasts.
    fn settle(&mut self) -> Result<(), Failure>;

    /// Replaces a file that must still be `old` (`None`: not there), and makes it last.
    fn swap(&mut self, path: &str, old: Option<&[u8]>, new: &[u8]) -> Result<(), Failure>;

    /// Removes a file; none there is no error.
    fn remove(&mut self, path: &str) -> Result<(), Failure>;
}

/// Content type and caching of a published file (tlog-tiles, "Parameters", "Checkpoints", "Merkle Tree").
pub(super) fn headers(path: &str) -> (&'static str, &'static str) {
    match path {
        CHECKPOINT_PATH | STATUS_PATH => ("text/plain; charset=utf-8", FRESH),
        _ => ("application/octet-stream", IMMUTABLE),
    }
}

/// Brings a place to the state of the database. `progress` is told how many files are done and how many there are.
///
/// # Errors
/// `log-empty`; `log-ahead` where the place's checkpoint is not one of this database's, naming both; what keeps the place from
/// being written.
pub(super) fn export(
    log: &LogDb,
    target: &mut dyn Target,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Exported, Failure> {
    let _moment = log.moment()?;
    let Some((size, checkpoint)) = log.published_checkpoint()? else {
        return Err(Failure::new(
            "log-empty",
            "the log has no entry yet, and so no checkpoint",
            "export it once something was issued",
        ));
    };
    let published = target.read(CHECKPOINT_PATH)?;
    let from = match &published {
        Some(bytes) => published_size(log, size, bytes, &target.name())?,
        None => 0,
    };
    let there = target.lengths()?;
    let mut done = Exported { size, from, ..Exported::default() };
    let tiles: Vec<Tile> = Tile::all(size).collect();
    for (at, tile) in (1..).zip(&tiles) {
        let path = tile.to_string();
        if !is_published(*tile, from, there.get(&path).copied()) {
            let bytes = match tile.content {
                Content::Entries => log.bundle(*tile)?,
                Content::Hashes(_) => tiles::hashes_to_bytes(&log.tile(*tile)?),
            };
            target.put(&path, bytes)?;
            done.written += 1;
        }
        progress(at, tiles.len() as u64);
    }
    target.settle()?;
    let status = log.status_list()?.map(|(_, note)| note);
    for (path, new) in [(CHECKPOINT_PATH, Some(checkpoint)), (STATUS_PATH, status)] {
        let old = if path == CHECKPOINT_PATH { published.clone() } else { target.read(path)? };
        if let Some(new) = new
            && old.as_ref() != Some(&new)
        {
            target.swap(path, old.as_deref(), &new)?;
            done.written += 1;
        }
    }
    for path in there.keys().filter(|path| is_outgrown(path, size)) {
        target.remove(path)?;
        done.removed += 1;
    }
    target.settle()?;
    Ok(done)
}

/// The size of a published checkpoint, which must be one that the database signed.
fn published_size(log: &LogDb, size: u64, note: &[u8], place: &str) -> Result<u64, Failure> {
    let there = Note::parse(note).and_then(|note| Checkpoint::parse(note.text()));
    let there = there.map_err(|error: RegistryError| {
        Failure::new(
            "log-damaged",
            format!("{place}/{CHECKPOINT_PATH}: {error}"),
            "export into a new place, and find out what changed this one",
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
                    "{place} publishes size {} with root {}, the database has {own}",
                    there.size, there.root
                ),
                "this looks like a restored backup, or another office's place: nothing was written",
            ))
        }
    }
}

/// Whether a file need not be written: it was full when the last checkpoint was published, and is there with its length.
fn is_published(tile: Tile, from: u64, length: Option<u64>) -> bool {
    let then = in_log_of(tile, from);
    then == Some(tile)
        && match tile.content {
            Content::Hashes(_) => length == Some(u64::from(tile.width) * 32),
            Content::Entries => length.is_some_and(|length| length > u64::from(tile.width) * 2),
        }
}

/// Whether a path is a partial tile of which the full one is published.
fn is_outgrown(path: &str, size: u64) -> bool {
    let Ok(tile) = path.parse::<Tile>() else { return false };
    !tile.is_full() && in_log_of(tile, size).is_some_and(|current| current.is_full())
}

/// The tile at the same place in a log of `size`.
fn in_log_of(tile: Tile, size: u64) -> Option<Tile> {
    match tile.content {
        Content::Entries => Tile::entries(tile.index, size),
        Content::Hashes(level) => Tile::hashes(level, tile.index, size),
    }
}
