//! An office's log from its first entry on, as anyone can derive it: what each entry must say, and the state of each issue.
//!
//! In come entries' bytes in their order; out go the tree and the states, or the first thing that is wrong. The same rules
//! hold for who writes the log, who audits it and who recomputes the status list.

use std::collections::BTreeMap;

use super::entry::{Entry, EntryKind, KeyRole, NO_PREDECESSOR, seal_key_id};
use super::error::RegistryError;
use super::merkle::{self, CompactRange};
use super::status::{self, StatusRow};
use super::tiles::Edge;
use crate::record::Digest;

/// A log as far as it was read.
#[derive(Debug)]
pub struct Replay {
    range: CompactRange,
    edge: Edge,
    prev: Digest,
    day: u32,
    seal_key: Option<[u8; 8]>,
    /// One bit an entry: whether it is an issue.
    issues: Vec<u64>,
    states: BTreeMap<u64, StatusRow>,
    key_changes: Vec<KeyChange>,
    status_lists: Vec<NamedList>,
}

/// A key that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The index of the entry; the new key is good from the next one on.
    pub index: u64,
    /// Which.
    pub role: KeyRole,
    /// The new public key.
    pub key: [u8; 32],
}

/// A status list that an entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedList {
    /// The entries that it covers, which is the index of the entry.
    pub size: u64,
    /// Its hash.
    pub hash: Digest,
    /// The root over the entries that it covers.
    pub root: Digest,
}

impl Replay {
    /// The empty log of an office with this seal key; `None` takes that of the first entry.
    pub fn new(seal_key: Option<[u8; 8]>) -> Self {
        Self {
            range: CompactRange::default(),
            edge: Edge::default(),
            prev: NO_PREDECESSOR,
            day: 0,
            seal_key,
            issues: Vec::new(),
            states: BTreeMap::new(),
            key_changes: Vec::new(),
            status_lists: Vec::new(),
        }
    }

    /// Takes the next entry. `leaf_of` gives the leaf hash of an earlier one; `filled` is told of each tile of hashes that
    /// the entry fills: level, index, hashes.
    ///
    /// # Errors
    /// [`RegistryError::History`] with what is wrong, [`RegistryError::Entry`], and whatever `leaf_of` says.
    pub fn push<E: From<RegistryError>>(
        &mut self,
        bytes: &[u8],
        leaf_of: impl FnMut(u64) -> Result<Digest, E>,
        filled: impl FnMut(u8, u64, &[Digest]),
    ) -> Result<Entry, E> {
        let position = self.edge.size();
        let wrong = |problem: String| Err(RegistryError::History { index: position, problem }.into());
        let entry = match Entry::parse(bytes) {
            Ok(entry) => entry,
            Err(error) => return wrong(error.to_string()),
        };
        if entry.index != position {
            return wrong(format!("it says that its index is {}", entry.index));
        }
        if entry.prev != self.prev {
            return wrong(format!(
                "it says that the leaf before it is {}, but it is {}",
                entry.prev, self.prev
            ));
        }
        if entry.day < self.day {
            return wrong(format!("it is of day {}, the one before it of day {}", entry.day, self.day));
        }
        if self.seal_key.is_some_and(|key| key != entry.key_id) {
            return wrong("it names another seal key, and no entry changes it".into());
        }
        self.relations(&entry, leaf_of)?;
        self.day = entry.day;
        self.seal_key = Some(entry.key_id);
        match &entry.kind {
            EntryKind::Issue { .. } => self.mark_issue(position),
            EntryKind::Key { role, key } => {
                if *role == KeyRole::Seal {
                    self.seal_key = Some(seal_key_id(key));
                }
                self.key_changes.push(KeyChange { index: position, role: *role, key: *key });
            }
            EntryKind::StatusList { hash } => {
                self.status_lists.push(NamedList { size: position, hash: *hash, root: self.range.root() });
            }
            _ => {
                let row = StatusRow::of(&entry).expect("it has a target");
                self.states.insert(row.index, row);
            }
        }
        self.prev = merkle::leaf_hash(bytes);
        self.range.push(self.prev);
        self.edge.push_with(self.prev, filled);
        Ok(entry)
    }

    /// What the entry says about others must be so.
    fn relations<E: From<RegistryError>>(
        &self,
        entry: &Entry,
        mut leaf_of: impl FnMut(u64) -> Result<Digest, E>,
    ) -> Result<(), E> {
        let position = entry.index;
        let wrong = |problem: String| Err(RegistryError::History { index: position, problem }.into());
        for (about, leaf) in entry.kind.target().into_iter().chain(entry.kind.replacement()) {
            if !self.is_issue(about) || leaf_of(about)? != leaf {
                return wrong(format!("it is about entry {about}, which is not the issue it says"));
            }
        }
        if let Some((target, _)) = entry.kind.target()
            && let Some(state) = self.states.get(&target)
            && !status::may_follow(state.kind, entry.kind.code())
        {
            return wrong(format!(
                "entry {target} is {} already, by entry {}",
                status::state_name(state.kind),
                state.by
            ));
        }
        if let EntryKind::StatusList { hash } = &entry.kind
            && status::list_hash(position, self.states.values()) != *hash
        {
            return wrong("the status list is not the one that the entries give".into());
        }
        Ok(())
    }

    /// Entries so far.
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The tree's root.
    pub fn root(&self) -> Digest {
        self.range.root()
    }

    /// The tree's right edge.
    pub const fn edge(&self) -> &Edge {
        &self.edge
    }

    /// The leaf hash of the last entry.
    pub const fn last_leaf(&self) -> Digest {
        self.prev
    }

    /// The id of the seal key that the next entry must name; `None` for the first entry of all.
    pub const fn seal_key(&self) -> Option<[u8; 8]> {
        self.seal_key
    }

    /// The states of the issues that are not in force, by index.
    pub fn states(&self) -> impl Iterator<Item = &StatusRow> {
        self.states.values()
    }

    /// The keys that changed, oldest first.
    pub fn key_changes(&self) -> &[KeyChange] {
        &self.key_changes
    }

    /// The status lists that entries name, oldest first.
    pub fn status_lists(&self) -> &[NamedList] {
        &self.status_lists
    }

    /// Whether the entry issues a copy.
    pub fn is_issue(&self, index: u64) -> bool {
        let word = usize::try_from(index / 64).ok().and_then(|word| self.issues.get(word));
        word.is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn mark_issue(&mut self, index: u64) {
        let word = usize::try_from(index / 64).expect("a log that fits into memory as bits");
        if self.issues.len() <= word {
            self.issues.resize(word + 1, 0);
        }
        self.issues[word] |= 1 << (index % 64);
    }
}
