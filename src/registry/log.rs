//! The office's log as its one writer sees it: which entries come next, signed and proven.
//!
//! In come what is to be logged and the tree's right edge; out goes a batch of entries with its checkpoint, ready for one
//! transaction. Appending costs O(log n). Not its business: keeping it, which `store` does.
//!
//! A checkpoint can never be taken back. So the root is computed on two ways before it is signed: the compact range over
//! the leaves as they were made, and the tiles over the leaves hashed again from the bytes that will be stored; and both must
//! still give the root that was signed last. Where they do not, or where a transaction failed, nothing more is signed until
//! the log was loaded again.

use std::sync::{Mutex, MutexGuard};

use super::checkpoint::Checkpoint;
use super::entry::{Entry, EntryKind, KeyRole};
use super::error::RegistryError;
use super::merkle::{self, CompactRange};
use super::note::{Note, NoteSigner, NoteVerifier};
use super::receipt::Receipt;
use super::status::StatusList;
use super::tiles::{self, Edge, Tile};
use crate::error::Failure;
use crate::record::Digest;

/// The most entries of one batch.
pub const MAX_BATCH: usize = 4096;

/// The log of one office.
#[derive(Debug)]
pub struct Registry {
    log_key: NoteSigner,
    seal_key_id: [u8; 8],
    head: Mutex<Head>,
}

/// Where the log stands.
#[derive(Clone, Debug)]
struct Head {
    range: CompactRange,
    edge: Edge,
    last_leaf: Digest,
    root: Digest,
    /// Why nothing more may be signed.
    broken: Option<String>,
}

/// What a log is loaded from.
#[derive(Clone, Debug)]
pub struct LogState {
    /// The tree's right edge.
    pub edge: Edge,
    /// The leaf hash of the last entry; [`super::entry::NO_PREDECESSOR`] where there is none.
    pub last_leaf: Digest,
    /// The last signed checkpoint.
    pub checkpoint: Option<SignedCheckpoint>,
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

/// A tile of 256 hashes that a batch filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTile {
    /// Its level.
    pub level: u8,
    /// Its place in the level.
    pub index: u64,
    /// Its hashes.
    pub hashes: Vec<Digest>,
}

/// Entries that continue the log, with the checkpoint over them. They count once the store has them.
#[derive(Clone, Debug)]
pub struct Next {
    /// The size and root that they continue.
    pub from: (u64, Digest),
    /// The entries, at least one.
    pub entries: Vec<LoggedEntry>,
    /// The tiles that they fill.
    pub tiles: Vec<FullTile>,
    /// The signed checkpoint over them.
    pub checkpoint: SignedCheckpoint,
    head: Head,
}

impl Next {
    /// The first entry.
    pub fn first(&self) -> &LoggedEntry {
        self.entries.first().expect("a batch has an entry")
    }
}

impl Registry {
    /// The log in this state. Refuses where the last signed checkpoint is not over it.
    ///
    /// # Errors
    /// `registry-broken`, naming both roots.
    pub fn load(log_key: NoteSigner, seal_key_id: [u8; 8], state: LogState) -> Result<Self, Failure> {
        Ok(Self { log_key, seal_key_id, head: Mutex::new(Head::load(state)?) })
    }

    /// Takes the log as it stands in the store now; after that, what [`Registry::distrust`] said is forgotten.
    ///
    /// # Errors
    /// As [`Registry::load`]; the log then stays as it was.
    pub fn reload(&self, state: LogState) -> Result<(), Failure> {
        *self.head() = Head::load(state)?;
        Ok(())
    }

    /// From here on nothing is signed until [`Registry::reload`] succeeds: what is in memory may not be what is stored.
    pub fn distrust(&self, why: &str) {
        self.head().broken = Some(why.to_owned());
    }

    /// Whether it has to be loaded again.
    pub fn is_distrusted(&self) -> bool {
        self.head().broken.is_some()
    }

    /// How many entries the log has.
    pub fn size(&self) -> u64 {
        self.head().edge.size()
    }

    /// The root over them.
    pub fn root(&self) -> Digest {
        self.head().root
    }

    /// The key that signs, without its secret.
    pub const fn verifier(&self) -> &NoteVerifier {
        self.log_key.verifier()
    }

    /// Signs a status list of this log.
    ///
    /// # Errors
    /// As [`StatusList::sign`].
    pub fn sign_status(&self, list: &StatusList) -> Result<Note, RegistryError> {
        list.sign(&self.log_key)
    }

    /// The hashes of the partial tile of a level, and its index.
    pub fn partial_tile(&self, level: u8) -> (u64, Vec<Digest>) {
        let head = self.head();
        let hashes = head.edge.size().checked_shr(u32::from(level) * 8).unwrap_or(0);
        (hashes / tiles::WIDTH, head.edge.partial(level).to_vec())
    }

    /// The entry that would come next, and its checkpoint. Nothing is changed until [`Registry::appended`].
    ///
    /// # Errors
    /// As [`Registry::next_batch`].
    pub fn next(&self, kind: EntryKind, day: u32) -> Result<Next, Failure> {
        self.next_batch(vec![kind], day)
    }

    /// The entries that would come next, one for each kind, and the checkpoint over all of them. Nothing is changed until
    /// [`Registry::appended`].
    ///
    /// # Errors
    /// [`RegistryError`] for an entry that cannot be; `registry-broken` where nothing may be signed, naming both values where
    /// two ways of computing a root disagree.
    ///
    /// # Panics
    /// For no entry, more than [`MAX_BATCH`], or one after a change of the log's key.
    pub fn next_batch(&self, kinds: Vec<EntryKind>, day: u32) -> Result<Next, Failure> {
        assert!((1..=MAX_BATCH).contains(&kinds.len()), "a batch has 1 to {MAX_BATCH} entries");
        let changes_key =
            |kind: &EntryKind| matches!(kind, EntryKind::Key { role: KeyRole::Log | KeyRole::Seal, .. });
        assert!(!kinds[..kinds.len() - 1].iter().any(changes_key), "a change of key ends its batch");
        let head = self.head().clone();
        if let Some(why) = &head.broken {
            return Err(broken(format!("nothing is signed until the log is loaded again: {why}")));
        }
        let from = (head.edge.size(), head.root);
        for (way, root) in [("range", head.range.root()), ("tiles", head.edge.root())] {
            if root != head.root {
                return Err(self.stop(format!(
                    "at size {} the root {} was signed, the {way} in memory give {root}",
                    from.0, head.root
                )));
            }
        }

        let mut next = head;
        let mut entries = Vec::with_capacity(kinds.len());
        for kind in kinds {
            let entry =
                Entry { index: next.range.size(), prev: next.last_leaf, day, key_id: self.seal_key_id, kind };
            entry.check()?;
            let bytes = entry.to_bytes();
            let leaf = merkle::leaf_hash(&bytes);
            next.range.push(leaf);
            next.last_leaf = leaf;
            entries.push(LoggedEntry { index: entry.index, entry: bytes, leaf });
        }
        next.root = next.range.root();

        let mut tiles = Vec::new();
        let mut prev = None;
        for logged in &entries {
            let entry = Entry::parse(&logged.entry)?;
            let leaf = merkle::leaf_hash(&logged.entry);
            if entry.index != next.edge.size() || prev.is_some_and(|prev| prev != entry.prev) {
                return Err(self.stop(format!("entry {} does not follow the one before it", entry.index)));
            }
            prev = Some(leaf);
            next.edge.push_with(leaf, |level, index, hashes| {
                tiles.push(FullTile { level, index, hashes: hashes.to_vec() });
            });
        }
        let (size, root) = (next.edge.size(), next.edge.root());
        if root != next.root {
            return Err(self.stop(format!(
                "at size {size} the leaves give root {}, the tiles {root}: nothing is signed",
                next.root
            )));
        }
        let note = Checkpoint::new(self.log_key.verifier().name(), size, root).sign(&self.log_key)?;
        note.verify(std::slice::from_ref(self.log_key.verifier()))?;
        let checkpoint = SignedCheckpoint { size, root, note: note.to_string() };
        Ok(Next { from, entries, tiles, checkpoint, head: next })
    }

    /// The store has taken it.
    pub fn appended(&self, next: &Next) {
        *self.head() = next.head.clone();
    }

    /// The receipt of an entry, over a checkpoint of this log. `read` gives tiles of hashes.
    ///
    /// # Errors
    /// Where entry or checkpoint are not what this log wrote, and whatever `read` says.
    pub fn receipt(
        logged: &LoggedEntry,
        checkpoint: &SignedCheckpoint,
        read: impl FnMut(Tile) -> Result<Vec<Digest>, Failure>,
    ) -> Result<Receipt, Failure> {
        let proof = tiles::inclusion_proof(logged.index, checkpoint.size, read)?;
        merkle::verify_inclusion(&logged.leaf, logged.index, checkpoint.size, &proof, &checkpoint.root)?;
        let checkpoint = Note::parse(checkpoint.note.as_bytes())?;
        Ok(Receipt { entry: Entry::parse(&logged.entry)?, proof, checkpoint })
    }

    fn stop(&self, why: String) -> Failure {
        self.distrust(&why);
        broken(why)
    }

    fn head(&self) -> MutexGuard<'_, Head> {
        self.head.lock().expect("no holder of this lock panics")
    }
}

impl Head {
    fn load(state: LogState) -> Result<Self, Failure> {
        let LogState { edge, last_leaf, checkpoint } = state;
        let (size, root) = (edge.size(), edge.root());
        let signed = checkpoint.as_ref();
        if signed.map_or(0, |c| c.size) != size || signed.is_some_and(|c| c.root != root) {
            let signed =
                signed.map_or_else(|| "none".to_owned(), |c| format!("{} of size {}", c.root, c.size));
            return Err(broken(format!(
                "the last signed checkpoint is {signed}, but the entries give root {root} of size {size}"
            )));
        }
        let range = CompactRange::from_parts(size, edge.subtrees())?;
        Ok(Self { range, edge, last_leaf, root, broken: None })
    }
}

fn broken(what: String) -> Failure {
    Failure::new(
        "registry-broken",
        what,
        "run `saoy registry check --home DIR`: it names the first thing that is wrong",
    )
}
