//! The office's log as its one writer sees it: which entry comes next, signed and proven.
//!
//! In come what is to be logged and the leaves so far; out go an entry with its checkpoint, ready for one transaction, and
//! receipts. Not its business: keeping them, which `store` does.

use std::sync::{Mutex, MutexGuard};

use super::checkpoint::Checkpoint;
use super::entry::{Entry, EntryKind, NO_PREDECESSOR};
use super::error::RegistryError;
use super::merkle::{self, CompactRange};
use super::note::{Note, NoteSigner};
use super::receipt::Receipt;
use crate::error::Failure;
use crate::record::Digest;

/// The log of one office.
#[derive(Debug)]
pub struct Registry {
    log_key: NoteSigner,
    seal_key_id: [u8; 8],
    tree: Mutex<Tree>,
}

/// The tree in memory: every complete node, lowest level first; 64 bytes a leaf.
#[derive(Debug, Default)]
struct Tree {
    range: CompactRange,
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    fn push(&mut self, leaf: Digest) {
        let levels = &mut self.levels;
        self.range.push_with(leaf, |level, index, hash| {
            let level = usize::from(level);
            if levels.len() <= level {
                levels.push(Vec::new());
            }
            debug_assert_eq!(levels[level].len() as u64, index, "nodes come in order");
            levels[level].push(*hash);
        });
    }

    fn node(&self, level: u8, index: u64) -> Result<Digest, RegistryError> {
        let index_in_level = usize::try_from(index).ok();
        let found = self.levels.get(usize::from(level)).and_then(|nodes| nodes.get(index_in_level?));
        found.copied().ok_or(RegistryError::Index { index, size: self.range.size() })
    }
}

/// One entry with its leaf hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEntry {
    /// Its index.
    pub index: u64,
    /// Its bytes.
    pub entry: Vec<u8>,
    /// Its RFC 6962 leaf hash.
    pub leaf: Digest,
}

/// One signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// Tree size.
    pub size: u64,
    /// Root hash.
    pub root: Digest,
    /// The signed note.
    pub note: String,
}

/// An entry that continues the log, with the checkpoint over it. It counts once the store has it.
#[derive(Clone, Debug)]
pub struct Next {
    /// The entry.
    pub logged: LoggedEntry,
    /// The signed checkpoint of size `index + 1`.
    pub checkpoint: SignedCheckpoint,
}

impl Registry {
    /// The log of these leaves. Refuses where the last signed checkpoint is not over them.
    ///
    /// # Errors
    /// `registry-broken`, naming both roots.
    pub fn load(
        log_key: NoteSigner,
        seal_key_id: [u8; 8],
        leaves: impl IntoIterator<Item = Digest>,
        last: Option<&SignedCheckpoint>,
    ) -> Result<Self, Failure> {
        let mut tree = Tree::default();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        let (size, root) = (tree.range.size(), tree.range.root());
        if last.map_or(0, |c| c.size) != size || last.is_some_and(|c| c.root != root) {
            let signed = last.map_or_else(|| "none".to_owned(), |c| format!("{} of size {}", c.root, c.size));
            return Err(Failure::new(
                "registry-broken",
                format!(
                    "the last signed checkpoint is {signed}, but the entries give root {root} of size {size}"
                ),
                "run `saoy registry check --home DIR`: it names the first thing that is wrong",
            ));
        }
        Ok(Self { log_key, seal_key_id, tree: Mutex::new(tree) })
    }

    /// How many entries the log has.
    pub fn size(&self) -> u64 {
        self.tree().range.size()
    }

    /// The leaf hash of an entry.
    pub fn leaf(&self, index: u64) -> Option<Digest> {
        self.tree().node(0, index).ok()
    }

    /// The entry that would come next, and its checkpoint. Nothing is changed until [`Registry::appended`].
    ///
    /// # Errors
    /// [`RegistryError`] for an entry that cannot be: a target that is not before it.
    pub fn next(&self, kind: EntryKind, day: u32) -> Result<Next, RegistryError> {
        let tree = self.tree();
        let index = tree.range.size();
        let prev = match index.checked_sub(1) {
            Some(last) => tree.node(0, last)?,
            None => NO_PREDECESSOR,
        };
        let entry = Entry { index, prev, day, key_id: self.seal_key_id, kind };
        entry.check()?;
        let bytes = entry.to_bytes();
        let leaf = merkle::leaf_hash(&bytes);
        let mut range = tree.range.clone();
        range.push(leaf);
        let root = range.root();
        let origin = self.log_key.verifier().name();
        let note = Checkpoint::new(origin, index + 1, root).sign(&self.log_key)?;
        Ok(Next {
            logged: LoggedEntry { index, entry: bytes, leaf },
            checkpoint: SignedCheckpoint { size: index + 1, root, note: note.to_string() },
        })
    }

    /// The store has taken it.
    pub fn appended(&self, next: &Next) {
        self.tree().push(next.logged.leaf);
    }

    /// The receipt of an entry, over a checkpoint of this log.
    ///
    /// # Errors
    /// [`RegistryError`] where entry or checkpoint are not what this log wrote.
    pub fn receipt(
        &self,
        logged: &LoggedEntry,
        checkpoint: &SignedCheckpoint,
    ) -> Result<Receipt, RegistryError> {
        let tree = self.tree();
        let proof =
            merkle::inclusion_proof(logged.index, checkpoint.size, |level, index| tree.node(level, index))?;
        let checkpoint = Note::parse(checkpoint.note.as_bytes())?;
        Ok(Receipt { entry: Entry::parse(&logged.entry)?, proof, checkpoint })
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().expect("no holder of this lock panics")
    }
}
