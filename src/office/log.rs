//! The office's log while it is open: what is appended, read and proven.
//!
//! Whatever appends goes through here: the entries, their states and their checkpoint become durable in one transaction, then
//! the anchor remembers them outside the database. After an error of the store nobody knows what it took, so the log is loaded
//! again before anything else is signed, and as long as that fails nothing is.

use std::collections::{HashMap, HashSet};

use time::OffsetDateTime;

use super::Office;
use crate::error::Failure;
use crate::record::{self, Digest};
use crate::registry::entry::{Entry, EntryKind, KeyRole};
use crate::registry::log::{LoggedEntry, MAX_BATCH, Next, Registry};
use crate::registry::receipt::Receipt;
use crate::registry::tiles::{self, Content, Tile};
use crate::store::Effect;

/// What is to be logged.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The entry's content.
    pub kind: EntryKind,
    /// What it is known by: the same key gives the same entry again.
    pub key: Option<Digest>,
}

impl Office {
    /// The entry that would come next. Nothing is changed until [`Office::append`].
    ///
    /// # Errors
    /// As [`Registry::next_batch`]; what keeps the log from being loaded again after an error.
    pub(crate) fn next(&self, kind: EntryKind, day: u32) -> Result<Next, Failure> {
        self.reload_if_distrusted()?;
        self.ask_before_signing()?;
        self.registry.next(kind, day)
    }

    /// Makes an entry durable with all that belongs to it, and remembers it outside the database.
    ///
    /// # Errors
    /// The store's, and nothing is changed then; `anchor` where the entry is logged but could not be remembered outside the
    /// database: nothing must be released before it is.
    pub(crate) fn append(&self, next: &Next, effect: &Effect) -> Result<(), Failure> {
        self.commit(next, effect, &[])
    }

    fn commit(&self, next: &Next, effect: &Effect, requests: &[(Digest, u64)]) -> Result<(), Failure> {
        if let Err(error) = self.store.commit(next, effect, requests, self.entropy.as_ref()) {
            self.registry.distrust(&error.to_string());
            return Err(error.into());
        }
        self.registry.appended(next);
        self.anchor().map_err(|failure| {
            let index = next.first().index;
            Failure::new(
                "anchor",
                format!("entry {index} is logged, but the anchor could not be written: {}", failure.message),
                "make the anchor's folder writable, then run again: the entry is finished, nothing is numbered twice",
            )
        })
    }

    fn reload_if_distrusted(&self) -> Result<(), Failure> {
        if !self.registry.is_distrusted() {
            return Ok(());
        }
        let state = self.store.log().state()?;
        self.registry.reload(state)?;
        self.refuse_restored_backup()?;
        self.anchor()
    }

    /// Logs entries in their order, in as few transactions as they fit into, and gives their indices. One that was logged under
    /// its key before is not logged again.
    ///
    /// # Errors
    /// As [`Registry::next_batch`] and the store's. What came before an error stays logged; with keys the call can be repeated.
    pub fn log(&self, submissions: &[Submission]) -> Result<Vec<u64>, Failure> {
        let mut indices = Vec::with_capacity(submissions.len());
        let mut rest = submissions;
        while !rest.is_empty() {
            let (done, logged) = self.log_batch(&rest[..rest.len().min(MAX_BATCH)])?;
            rest = &rest[done..];
            indices.extend(logged);
        }
        Ok(indices)
    }

    /// Logs the first of these up to a change of key, in one transaction; says how many were taken.
    fn log_batch(&self, submissions: &[Submission]) -> Result<(usize, Vec<u64>), Failure> {
        self.reload_if_distrusted()?;
        self.ask_before_signing()?;
        let keys: Vec<Digest> = submissions.iter().filter_map(|s| s.key).collect();
        let found = self.store.log().requested_all(&keys)?;
        let mut known: HashMap<[u8; 32], u64> = HashMap::new();
        known.extend(keys.iter().zip(found).filter_map(|(key, index)| Some((key.0, index?))));
        let from = self.registry.size();
        let (mut kinds, mut indices, mut requests) = (Vec::new(), Vec::new(), Vec::new());
        for submission in submissions {
            if let Some(index) = submission.key.and_then(|key| known.get(&key.0)) {
                indices.push(*index);
                continue;
            }
            let index = from + kinds.len() as u64;
            kinds.push(submission.kind.clone());
            indices.push(index);
            if let Some(key) = submission.key {
                known.insert(key.0, index);
                requests.push((key, index));
            }
            if matches!(submission.kind, EntryKind::Key { role: KeyRole::Log | KeyRole::Seal, .. }) {
                break;
            }
        }
        if !kinds.is_empty() {
            let next = self.registry.next_batch(kinds, self.day(self.clock.now())?)?;
            self.commit(&next, &Effect::Nothing, &requests)?;
        }
        Ok((indices.len(), indices))
    }

    /// The day of Vietnam's calendar that an entry made now gets: never before that of the entry before it.
    ///
    /// # Errors
    /// `clock-back`, with both days.
    pub(crate) fn day(&self, now: OffsetDateTime) -> Result<u32, Failure> {
        let day = record::vietnam_day(now);
        let last = match self.registry.size().checked_sub(1) {
            Some(last) => self.store.log().entry(last)?,
            None => None,
        };
        let Some(last) = last.map(|logged| Entry::parse(&logged.entry)).transpose()? else { return Ok(day) };
        if day >= last.day {
            return Ok(day);
        }
        let text = |day| record::day_text(day).unwrap_or_else(|| format!("day {day}"));
        Err(Failure::new(
            "clock-back",
            format!("the clock says {}, but the last entry is of {}", text(day), text(last.day)),
            "set the machine's clock; nothing was issued",
        ))
    }

    /// An entry of the log as it was loaded.
    ///
    /// # Errors
    /// `no-entry`, the store's.
    pub fn entry(&self, index: u64) -> Result<LoggedEntry, Failure> {
        let size = self.registry.size();
        let found = if index < size { self.store.log().entry(index)? } else { None };
        found.ok_or_else(|| {
            Failure::new(
                "no-entry",
                format!("there is no entry {index}; the registry has {size}"),
                "indices begin at 0; run `saoy registry check` if this one should be there",
            )
        })
    }

    /// The receipt of an entry, over the checkpoint that was signed with it and the cosignatures that came for that one.
    ///
    /// # Errors
    /// `no-entry`, the store's.
    pub fn receipt(&self, index: u64) -> Result<Receipt, Failure> {
        let logged = self.entry(index)?;
        let checkpoint = self.store.log().checkpoint_over(index)?.ok_or_else(|| {
            Failure::new(
                "registry-broken",
                format!("no checkpoint is signed over entry {index}"),
                "run `saoy registry check --home DIR`: it names the first thing that is wrong",
            )
        })?;
        let receipt = Registry::receipt(&logged, &checkpoint, |tile| self.tile(tile))?;
        Ok(Receipt { checkpoint: self.store.log().with_cosignatures(&checkpoint)?, ..receipt })
    }

    /// The proof that the tree of `older` begins the tree of `newer`.
    ///
    /// # Errors
    /// Sizes in the wrong order or beyond the log, the store's.
    pub fn consistency(&self, older: u64, newer: u64) -> Result<Vec<Digest>, Failure> {
        tiles::consistency_proof(older, newer, |tile| self.tile(tile))
    }

    pub(super) fn tile(&self, tile: Tile) -> Result<Vec<Digest>, Failure> {
        // The right edge is in memory already.
        if let Content::Hashes(level) = tile.content {
            let (index, mut hashes) = self.registry.partial_tile(level);
            if index == tile.index && hashes.len() >= usize::from(tile.width) {
                hashes.truncate(tile.width.into());
                return Ok(hashes);
            }
        }
        Ok(self.store.log().tile(tile)?)
    }

    /// The issues among these entries, by index with their leaf hashes, or which of them is none.
    ///
    /// # Errors
    /// `not-issued`, the store's.
    pub(crate) fn issues(&self, indices: &[u64]) -> Result<Vec<Digest>, Failure> {
        let mut seen = HashSet::new();
        indices
            .iter()
            .map(|&index| {
                let logged = self.entry(index).ok();
                let issue = logged.filter(|logged| {
                    seen.insert(index)
                        && Entry::parse(&logged.entry)
                            .is_ok_and(|e| matches!(e.kind, EntryKind::Issue { .. }))
                });
                issue.map(|logged| logged.leaf).ok_or_else(|| {
                    Failure::new(
                        "not-issued",
                        format!(
                            "entry {index} issues no copy; the registry has {} entries",
                            self.registry.size()
                        ),
                        "give the index of an issue: `saoy book show` lists them",
                    )
                })
            })
            .collect()
    }
}
