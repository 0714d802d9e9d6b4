//! A log of other logs' checkpoints, kept as nothing but its files: C2SP tlog-tiles whose entries are checkpoint texts.
//!
//! One writer. An entry's bundle and tiles are on the disk before the checkpoint that covers them, and that is before its proof
//! leaves; what a crash left ahead of the checkpoint is written again. No size is ever signed twice in public: a
//! checkpoint is given out only once it has its name.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::folder::LogFolder;
use crate::error::Failure;
use crate::record::Digest;
use crate::registry::check::{Place, prefix};
use crate::registry::note::{Note, NoteSigner};
use crate::registry::proof::Proof;
use crate::registry::tiles::{self, CHECKPOINT_PATH, Content, Edge, Tile, WIDTH};
use crate::registry::{Checkpoint, merkle};

/// The log.
pub struct CheckpointLog {
    folder: LogFolder,
    key: NoteSigner,
    edge: Edge,
    /// The entries of the last, partial bundle.
    tail: Vec<Vec<u8>>,
    /// Where each entry is, by leaf hash.
    places: HashMap<[u8; 32], u64>,
    checkpoint: Option<Note>,
    _lock: std::fs::File,
}

impl CheckpointLog {
    /// Opens the log in a folder, or begins one. The key's name is the log's origin.
    ///
    /// # Errors
    /// `export-locked` by another writer; `registry-broken` where files and checkpoint disagree, naming both roots.
    pub fn open(root: &Path, key: NoteSigner) -> Result<Self, Failure> {
        let folder = LogFolder::new(root);
        let lock = folder.begin()?;
        let mut log = Self {
            folder,
            key,
            edge: Edge::default(),
            tail: Vec::new(),
            places: HashMap::new(),
            checkpoint: None,
            _lock: lock,
        };
        let Some(bytes) = log.folder.read(CHECKPOINT_PATH)? else { return Ok(log) };
        let note = Note::parse(&bytes)?;
        let origin = log.key.verifier().name();
        let signed = Checkpoint::open(&note, origin, std::slice::from_ref(log.key.verifier()))?;
        for tile in Tile::all(signed.size).take_while(|tile| tile.content == Content::Entries) {
            let bytes = log.file(tile)?;
            log.tail.clear();
            for entry in tiles::bundle_from_bytes(&bytes, tile.width)? {
                log.take(entry.to_vec());
            }
        }
        let root = log.edge.root();
        if root != signed.root {
            return Err(broken(format!(
                "its checkpoint of size {} has root {}, its entries give {root}",
                signed.size, signed.root
            )));
        }
        log.checkpoint = Some(note);
        Ok(log)
    }

    /// Entries in the log.
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Logs the text of a checkpoint that was verified; one that is in the log already is not logged again. When this returns, it
    /// is durable, and covered by the log's checkpoint. Gives its index.
    ///
    /// # Errors
    /// The file system's; the log then has to be opened again.
    pub fn append(&mut self, logged: &Note) -> Result<u64, Failure> {
        let leaf = merkle::leaf_hash(logged.text().as_bytes());
        if let Some(index) = self.places.get(&leaf.0) {
            return Ok(*index);
        }
        let older = self.size();
        let mut filled = HashMap::new();
        let mut edge = self.edge.clone();
        edge.push_with(leaf, |level, index, hashes| {
            filled.insert((level, index), hashes.to_vec());
        });
        let mut entries = self.tail.clone();
        entries.push(logged.text().as_bytes().to_vec());
        let mut folders = BTreeSet::new();
        for tile in Tile::since(older, older + 1) {
            let bytes = match tile.content {
                Content::Entries => tiles::bundle_to_bytes(&entries)?,
                Content::Hashes(level) => {
                    let full = filled.get(&(level, tile.index)).map(Vec::as_slice);
                    tiles::hashes_to_bytes(full.unwrap_or_else(|| edge.partial(level)))
                }
            };
            self.folder.write(&tile.to_string(), &bytes, &mut folders)?;
        }
        self.folder.sync(&folders)?;
        let checkpoint =
            Checkpoint::new(self.key.verifier().name(), edge.size(), edge.root()).sign(&self.key)?;
        folders.clear();
        self.folder.write(CHECKPOINT_PATH, checkpoint.to_string().as_bytes(), &mut folders)?;
        self.folder.sync(&folders)?;
        self.take(logged.text().as_bytes().to_vec());
        self.checkpoint = Some(checkpoint);
        Ok(older)
    }

    /// The proof that a checkpoint with this text is in the log, by the hash of its leaf; `None` where it is not.
    ///
    /// # Errors
    /// A tile that cannot be read.
    pub fn proof(&self, leaf: &Digest) -> Result<Option<Proof>, Failure> {
        let (Some(&index), Some(checkpoint)) = (self.places.get(&leaf.0), &self.checkpoint) else {
            return Ok(None);
        };
        let read = |tile: Tile| -> Result<Vec<Digest>, Failure> {
            Ok(tiles::hashes_from_bytes(&self.file(tile)?, tile.width)?)
        };
        let hashes = tiles::inclusion_proof(index, self.size(), read)?;
        Ok(Some(Proof { extra: None, index, hashes, checkpoint: checkpoint.clone() }))
    }

    fn take(&mut self, entry: Vec<u8>) {
        let leaf = merkle::leaf_hash(&entry);
        // The first place of an entry is its place.
        self.places.entry(leaf.0).or_insert(self.edge.size());
        self.edge.push_with(leaf, |_, _, _| {});
        self.tail.push(entry);
        if self.tail.len() as u64 == WIDTH {
            self.tail.clear();
        }
    }

    /// A file, or the beginning of the full one at its place.
    fn file(&self, tile: Tile) -> Result<Vec<u8>, Failure> {
        if let Some(bytes) = self.folder.read(&tile.to_string())? {
            return Ok(bytes);
        }
        let full = self.folder.read(&tile.full().to_string())?;
        full.and_then(|bytes| prefix(&bytes, tile)).ok_or_else(|| broken(format!("{tile} is missing")))
    }
}

fn broken(what: String) -> Failure {
    Failure::new(
        "registry-broken",
        what,
        "bring the folder back from where it was published; nothing was signed",
    )
}
