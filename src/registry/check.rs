//! A whole log checked from what it publishes: checkpoint, bundles, tiles, status list; the first lie is named.
//!
//! In come a place to read from and the keys that somebody trusts; out goes what was found. Nothing that the place says is
//! believed before it fits the signed checkpoint. Not its business: how a place is read, which the caller hands in.

use std::fmt;

use serde::Serialize;

use super::checkpoint::Checkpoint;
use super::entry::Entry;
use super::error::RegistryError;
use super::merkle;
use super::note::{Note, NoteVerifier};
use super::replay::Replay;
use super::status::StatusList;
use super::tiles::{self, CHECKPOINT_PATH, Content, Tile};
use crate::error::Failure;
use crate::record::Digest;

/// Where the status list lies, relative to the prefix.
pub const STATUS_PATH: &str = "status";

/// Where a log's files are read.
pub trait Place {
    /// A file by its path below the prefix; `None` where there is none.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure>;

    /// The paths of all files, where the place can tell.
    ///
    /// # Errors
    /// What keeps them from being listed.
    fn list(&self) -> Result<Option<Vec<String>>, Failure> {
        Ok(None)
    }
}

/// Whom the reader trusts to write one log.
#[derive(Clone, Debug)]
pub struct LogTrust {
    /// The log's origin.
    pub origin: String,
    /// Keys that sign checkpoints.
    pub log_keys: Vec<Trusted<NoteVerifier>>,
    /// Ids of keys that seal.
    pub seal_keys: Vec<Trusted<[u8; 8]>>,
}

/// A key with the entries for which it is good.
#[derive(Clone, Debug)]
pub struct Trusted<K> {
    /// The key.
    pub key: K,
    /// The first entry.
    pub from: u64,
    /// The first entry for which it no longer is.
    pub until: Option<u64>,
}

impl<K> Trusted<K> {
    fn is_good(&self, index: u64) -> bool {
        self.from <= index && self.until.is_none_or(|until| index < until)
    }
}

impl LogTrust {
    /// The keys for a checkpoint whose last entry this is.
    pub fn keys_at(&self, last: u64) -> Vec<NoteVerifier> {
        self.log_keys.iter().filter(|key| key.is_good(last)).map(|key| key.key.clone()).collect()
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogAudit {
    /// The log.
    pub origin: String,
    /// The size that its checkpoint states.
    pub size: u64,
    /// The root that it states, hexadecimal.
    pub root: String,
    /// Entries that were derived again.
    pub entries: u64,
    /// Issues that are not in force any more.
    pub ended: u64,
    /// Until when the published status list is to be relied on, seconds since 1970.
    pub status_until: Option<u64>,
    /// The entries that the published status list covers; `None` where the log names no list.
    pub status_size: Option<u64>,
    /// Issues that ended after it: the list does not say so yet.
    pub not_in_status: u64,
    /// The first thing that is wrong.
    pub wrong: Option<String>,
}

impl fmt::Display for LogAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, size, root, entries, ended, wrong, status_size, not_in_status, .. } = self;
        match wrong {
            Some(wrong) => write!(f, "WRONG: {wrong}"),
            None => {
                writeln!(f, "{origin}: {entries} entries, {ended} not in force any more")?;
                match (status_size, not_in_status) {
                    (_, 0) => {}
                    (None, _) => {
                        writeln!(f, "no status list is published: what ended stands in the entries alone")?
                    }
                    (Some(list), late) => writeln!(
                        f,
                        "the status list covers the first {list} entries: {late} that ended later are not in it yet"
                    )?,
                }
                write!(f, "root {root} at size {size}\nnothing is wrong")
            }
        }
    }
}

/// One entry that is in a log as its signed checkpoint has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The entry.
    pub entry: Entry,
    /// The size of the log that it was found in.
    pub size: u64,
}

/// Looks one entry up: the checkpoint must be signed, and the entry be in its tree. It tells whoever keeps the place which 256 entries
/// somebody looks for. Inside, why nothing that can be believed was found.
///
/// # Errors
/// What keeps the place from being read.
pub fn entry(place: &dyn Place, trust: &LogTrust, index: u64) -> Result<Result<Published, String>, Failure> {
    match look_up(place, trust, index) {
        Ok(published) => Ok(Ok(published)),
        Err(Stop::Wrong(what)) => Ok(Err(what)),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

fn look_up(place: &dyn Place, trust: &LogTrust, index: u64) -> Result<Published, Stop> {
    let Checkpoint { size, root, .. } = checkpoint(place, trust)?;
    let none = RegistryError::Index { index, size };
    let bundle = Tile::entries(index / tiles::WIDTH, size).ok_or_else(|| none.clone())?;
    let bytes = read(place, bundle)?;
    let entries = tiles::bundle_from_bytes(&bytes, bundle.width)?;
    let at = usize::try_from(index % tiles::WIDTH).expect("below 256");
    let bytes = *entries.get(at).ok_or(none)?;
    let proof = tiles::inclusion_proof::<Stop>(index, size, |tile| {
        Ok(tiles::hashes_from_bytes(&read(place, tile)?, tile.width)?)
    })?;
    merkle::verify_inclusion(&merkle::leaf_hash(bytes), index, size, &proof, &root)?;
    let entry = Entry::parse(bytes)?;
    match entry.index == index {
        true => Ok(Published { entry, size }),
        false => wrong(format!("entry {index} says that it is {}", entry.index)),
    }
}

/// Why a check ends early.
enum Stop {
    Wrong(String),
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<RegistryError> for Stop {
    fn from(error: RegistryError) -> Self {
        Self::Wrong(error.to_string())
    }
}

fn wrong<T>(what: String) -> Result<T, Stop> {
    Err(Stop::Wrong(what))
}

/// Checks a log from its first entry to its checkpoint, and that an `earlier` checkpoint, which the reader has kept, is of its beginning: that
/// nothing was rewritten since. `progress` is told how many entries are done.
///
/// # Errors
/// What keeps the place from being read; what is wrong in the log is in the [`LogAudit`].
pub fn check(
    place: &dyn Place,
    trust: &LogTrust,
    earlier: Option<&Note>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<LogAudit, Failure> {
    let mut audit = LogAudit { origin: trust.origin.clone(), ..LogAudit::default() };
    match run(&mut audit, place, trust, earlier, progress) {
        Ok(()) => {}
        Err(Stop::Wrong(what)) => audit.wrong = Some(what),
        Err(Stop::Failed(failure)) => return Err(failure),
    }
    Ok(audit)
}

fn run(
    audit: &mut LogAudit,
    place: &dyn Place,
    trust: &LogTrust,
    earlier: Option<&Note>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), Stop> {
    let checkpoint = checkpoint(place, trust)?;
    let size = checkpoint.size;
    (audit.size, audit.root) = (size, checkpoint.root.hex());
    let earlier = earlier.map(|note| kept(note, trust, size)).transpose()?;
    let mut replay = Replay::new(None);
    for bundle in Tile::all(size).take_while(|tile| tile.content == Content::Entries) {
        let bytes = read(place, bundle)?;
        let entries =
            tiles::bundle_from_bytes(&bytes, bundle.width).or_else(|e| wrong(format!("{bundle}: {e}")))?;
        let first = bundle.index * tiles::WIDTH;
        let leaves: Vec<Digest> = entries.iter().map(|entry| merkle::leaf_hash(entry)).collect();
        for entry in entries {
            let mut filled = Vec::new();
            let leaf_of = |index: u64| match index.checked_sub(first) {
                Some(here) => Ok(leaves[usize::try_from(here).expect("an entry of this bundle")]),
                None => leaf(place, index, size),
            };
            let entry = replay.push::<Stop>(entry, leaf_of, |level, index, hashes| {
                filled.push((level, index, tiles::hashes_to_bytes(hashes)));
            })?;
            if let Some(kept) = earlier.as_ref().filter(|kept| kept.size == replay.size())
                && kept.root != replay.root()
            {
                return wrong(format!(
                    "the log was rewritten: at size {} the earlier checkpoint has root {}, the entries give {}",
                    kept.size,
                    kept.root,
                    replay.root()
                ));
            }
            for (level, index, hashes) in filled {
                same(place, Tile { content: Content::Hashes(level), index, width: 256 }, &hashes)?;
            }
            let good = |key: &Trusted<_>| key.key == entry.key_id && key.is_good(entry.index);
            if !trust.seal_keys.iter().any(good) {
                return wrong(format!(
                    "entry {}: no trusted seal key of the office is good for it",
                    entry.index
                ));
            }
            audit.entries += 1;
        }
        progress(audit.entries, size);
    }
    let roots = [("entries", replay.root()), ("tiles", replay.edge().root())];
    for (what, root) in roots {
        if root != checkpoint.root {
            return wrong(format!(
                "the checkpoint of size {size} has root {}, the {what} give {root}",
                checkpoint.root
            ));
        }
    }
    for tile in Tile::all(size).filter(|tile| !tile.is_full()) {
        if let Content::Hashes(level) = tile.content {
            same(place, tile, &tiles::hashes_to_bytes(replay.edge().partial(level)))?;
        }
    }
    audit.ended = replay.states().count() as u64;
    let list = status(place, trust, &replay)?;
    let listed = list.as_ref().map_or(0, |list| list.size);
    (audit.status_until, audit.status_size) =
        (list.as_ref().map(|list| list.until), list.map(|list| list.size));
    audit.not_in_status = replay.states().filter(|state| state.by >= listed).count() as u64;
    others(place, size)
}

fn checkpoint(place: &dyn Place, trust: &LogTrust) -> Result<Checkpoint, Stop> {
    let Some(bytes) = place.read(CHECKPOINT_PATH)? else { return wrong("checkpoint is missing".into()) };
    let read = || opened(&Note::parse(&bytes)?, trust);
    read().or_else(|error| wrong(format!("checkpoint: {error}")))
}

/// A checkpoint that the reader kept from before: one of this log, and not larger than it is now.
fn kept(note: &Note, trust: &LogTrust, size: u64) -> Result<Checkpoint, Stop> {
    let kept = opened(note, trust).or_else(|error| wrong(format!("the earlier checkpoint: {error}")))?;
    match kept.size <= size {
        true => Ok(kept),
        false => wrong(format!(
            "the log was cut: the earlier checkpoint has {} entries, this one {size}",
            kept.size
        )),
    }
}

/// A checkpoint that a trusted key of the log has signed.
fn opened(note: &Note, trust: &LogTrust) -> Result<Checkpoint, RegistryError> {
    let size = Checkpoint::parse(note.text())?.size;
    Checkpoint::open(note, &trust.origin, &trust.keys_at(size.saturating_sub(1)))
}

/// A tile or bundle; where a partial one is gone, the beginning of the full one does.
fn read(place: &dyn Place, tile: Tile) -> Result<Vec<u8>, Stop> {
    if let Some(bytes) = place.read(&tile.to_string())? {
        return Ok(bytes);
    }
    match place.read(&tile.full().to_string())? {
        Some(full) if !tile.is_full() => match prefix(&full, tile) {
            Some(bytes) => Ok(bytes),
            None => wrong(format!("{} is cut off", tile.full())),
        },
        _ => wrong(format!("{tile} is missing")),
    }
}

/// The beginning of a tile or bundle, which is what a narrower one at its place holds.
pub fn prefix(bytes: &[u8], tile: Tile) -> Option<Vec<u8>> {
    let width = usize::from(tile.width);
    match tile.content {
        Content::Hashes(_) => bytes.get(..width * 32).map(<[u8]>::to_vec),
        Content::Entries => {
            let mut end = 0;
            for _ in 0..width {
                let length = bytes.get(end..)?.first_chunk::<2>()?;
                end += 2 + usize::from(u16::from_be_bytes(*length));
            }
            bytes.get(..end).map(<[u8]>::to_vec)
        }
    }
}

fn same(place: &dyn Place, tile: Tile, expected: &[u8]) -> Result<(), Stop> {
    if read(place, tile)? == expected {
        return Ok(());
    }
    wrong(format!("{tile} is not the one that the entries give"))
}

/// The leaf hash of an entry of an earlier bundle, whose tile was compared already.
fn leaf(place: &dyn Place, index: u64, size: u64) -> Result<Digest, Stop> {
    let tile = Tile::hashes(0, index / tiles::WIDTH, size).ok_or(RegistryError::Index { index, size })?;
    let hashes = tiles::hashes_from_bytes(&read(place, tile)?, tile.width)?;
    Ok(hashes[usize::try_from(index % tiles::WIDTH).expect("below 256")])
}

/// The published list is the last that an entry names, and the entries give it.
fn status(place: &dyn Place, trust: &LogTrust, replay: &Replay) -> Result<Option<StatusList>, Stop> {
    let lists = replay.status_lists();
    let Some(bytes) = place.read(STATUS_PATH)? else {
        return match lists.last() {
            None => Ok(None),
            Some(list) => wrong(format!("{STATUS_PATH} is missing; entry {} names a list", list.size)),
        };
    };
    let list = StatusList::open(&bytes, &trust.origin, |size| trust.keys_at(size))
        .or_else(|error| wrong(format!("{STATUS_PATH}: {error}")))?;
    let known = lists.iter().find(|known| known.size == list.size);
    match (known, lists.last()) {
        (Some(known), Some(last)) if known.hash == list.hash() && known.root == list.root => {
            match known.size == last.size {
                true => Ok(Some(list)),
                false => wrong(format!(
                    "{STATUS_PATH} is an old one: it covers {} entries, and entry {} names a newer list",
                    list.size, last.size
                )),
            }
        }
        _ => wrong(format!("{STATUS_PATH}: no entry names this list of size {}", list.size)),
    }
}

/// What else lies there must belong to the log: partial tiles of earlier sizes, and what an export that was cut short had
/// written ahead of the checkpoint.
fn others(place: &dyn Place, size: u64) -> Result<(), Stop> {
    for path in place.list()?.unwrap_or_default() {
        if path == CHECKPOINT_PATH || path == STATUS_PATH {
            continue;
        }
        let Ok(tile) = path.parse::<Tile>() else { return wrong(format!("{path} is no file of a log")) };
        let current = match tile.content {
            Content::Entries => Tile::entries(tile.index, size),
            Content::Hashes(level) => Tile::hashes(level, tile.index, size),
        };
        // What lies ahead of the checkpoint is not part of the log yet.
        let Some(current) = current.filter(|current| current.width > tile.width) else { continue };
        let whole = read(place, current)?;
        if place.read(&path)? != prefix(&whole, tile) {
            return wrong(format!("{path} is not the beginning of {current}"));
        }
    }
    Ok(())
}
