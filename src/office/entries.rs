//! What an office logs besides issues and voids: revocations, replacements, imported records, status lists.

use serde::Serialize;
use time::OffsetDateTime;

use super::{Office, Submission};
use crate::error::Failure;
use crate::record::Digest;
use crate::registry::entry::{Entry, EntryKind, RevokeCause};
use crate::registry::log::MAX_BATCH;
use crate::registry::merkle;
use crate::registry::status::{StatusList, list_hash};
use crate::store::JobState;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Records that were logged.
    pub logged: u64,
    /// Records that were in the log already.
    pub known: u64,
    /// The log's size now.
    pub size: u64,
}

impl Office {
    /// Says for ever that a released copy must not be relied on any more. Gives the entry's index.
    ///
    /// # Errors
    /// `not-issued`, `not-released`, `conflict` for one that is revoked or void already.
    pub fn revoke(&self, index: u64, cause: RevokeCause) -> Result<u64, Failure> {
        let leaves = self.released(&[index])?;
        self.log_one(EntryKind::Revoke { target: index, target_leaf: leaves[0], cause })
    }

    /// Says that a copy of a newer version of the paper was issued. Gives the entry's index.
    ///
    /// # Errors
    /// As [`Office::revoke`]; `conflict` for one that is replaced already.
    pub fn supersede(&self, index: u64, replacement: u64) -> Result<u64, Failure> {
        let leaves = self.replaced(index, replacement)?;
        let (target_leaf, replacement_leaf) = (leaves[0], leaves[1]);
        self.log_one(EntryKind::Supersede { target: index, target_leaf, replacement, replacement_leaf })
    }

    /// Says that a copy had a mistake and a right one of the same paper was issued. Gives the entry's index.
    ///
    /// # Errors
    /// As [`Office::supersede`].
    pub fn correct(&self, index: u64, replacement: u64) -> Result<u64, Failure> {
        let leaves = self.replaced(index, replacement)?;
        let (target_leaf, replacement_leaf) = (leaves[0], leaves[1]);
        self.log_one(EntryKind::Correct { target: index, target_leaf, replacement, replacement_leaf })
    }

    /// Logs records that were digitised elsewhere, each by SHA-256(R); one that is in the log already is not logged again, so that
    /// an import that was cut short is simply repeated. `progress` is told how many are done.
    ///
    /// # Errors
    /// What the source of digests says; the store's. What came before stays logged.
    pub fn import(
        &self,
        records: impl IntoIterator<Item = Result<Digest, Failure>>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, Failure> {
        let mut done = Imported { size: self.registry.size(), ..Imported::default() };
        let mut batch = Vec::with_capacity(MAX_BATCH);
        let mut flush = |batch: &mut Vec<Submission>| -> Result<(), Failure> {
            self.log(batch)?;
            let size = self.registry.size();
            done.logged += size - done.size;
            done.known += batch.len() as u64 - (size - done.size);
            done.size = size;
            batch.clear();
            progress(done.logged + done.known);
            Ok(())
        };
        for record in records {
            let record = match record {
                Ok(record) => record,
                Err(failure) => {
                    flush(&mut batch)?;
                    return Err(failure);
                }
            };
            batch.push(Submission {
                kind: EntryKind::Issue { commitment: Digest::of_parts(&[b"saoy/commit/v1", &record.0]) },
                key: Some(Digest::of_parts(&[b"saoy/import/v1", &record.0])),
            });
            if batch.len() == MAX_BATCH {
                flush(&mut batch)?;
            }
        }
        if !batch.is_empty() {
            flush(&mut batch)?;
        }
        Ok(done)
    }

    /// Signs the list of all states, to be relied on until `until`. An entry with its hash is logged first, unless the last entry
    /// is one: then the same list is signed with the new times.
    ///
    /// # Errors
    /// As [`Office::log`].
    pub fn publish_status(&self, until: OffsetDateTime) -> Result<StatusList, Failure> {
        let rows = self.store.log().states()?;
        let last = match self.registry.size().checked_sub(1) {
            Some(last) => Some(Entry::parse(&self.entry(last)?.entry)?),
            None => None,
        };
        let size = match last {
            Some(Entry { kind: EntryKind::StatusList { .. }, index, .. }) => index,
            _ => self.log_one(EntryKind::StatusList { hash: list_hash(self.registry.size(), &rows) })?,
        };
        let root = match size {
            0 => merkle::empty_root(),
            size => {
                self.store.log().checkpoint(size)?.map(|checkpoint| checkpoint.root).ok_or_else(|| {
                    Failure::new(
                        "registry-broken",
                        format!("there is no checkpoint of size {size}"),
                        "run `saoy registry check --home DIR`: it names the first thing that is wrong",
                    )
                })?
            }
        };
        let seconds = |at: OffsetDateTime| u64::try_from(at.unix_timestamp()).unwrap_or(0);
        let (made, until) = (seconds(self.clock.now()), seconds(until));
        let origin = self.config.log_origin.clone();
        let list = StatusList { origin, size, root, made, until, rows };
        let note = self.registry.sign_status(&list)?;
        self.store.log().keep_status_list(size, made, note.to_string().as_bytes())?;
        Ok(list)
    }

    /// Erases a document: its key, record, salts, disclosures and files. Its entry stays, as a hash that says nothing; its line of the
    /// book stays too, and whoever holds the copy can still prove it. An erasure is no revocation.
    ///
    /// # Errors
    /// `not-issued`; `not-released` for a copy that is not finished; the store's.
    pub fn erase(&self, index: u64) -> Result<(), Failure> {
        self.released(&[index])?;
        let job = self.store.job(index)?.ok_or_else(|| {
            Failure::new(
                "not-issued",
                format!("entry {index} was imported: the office has no document of it"),
                "erase it where the record is kept",
            )
        })?;
        Ok(self.store.erase(&job)?)
    }

    fn log_one(&self, kind: EntryKind) -> Result<u64, Failure> {
        Ok(self.log(&[Submission { kind, key: None }])?[0])
    }

    fn replaced(&self, index: u64, replacement: u64) -> Result<Vec<Digest>, Failure> {
        let leaves = self.released(&[index, replacement])?;
        if let Some(state) = self.store.log().state_of(replacement)? {
            let state = crate::registry::status::state_name(state.kind);
            return Err(Failure::new(
                "conflict",
                format!("entry {replacement} is {state} itself"),
                "name a copy that is in force; nothing was logged",
            ));
        }
        Ok(leaves)
    }

    /// The leaf hashes of issues whose copies are out, or were imported.
    fn released(&self, indices: &[u64]) -> Result<Vec<Digest>, Failure> {
        let leaves = self.issues(indices)?;
        for &index in indices {
            if self.store.job(index)?.is_some_and(|job| job.state == JobState::Entered) {
                return Err(Failure::new(
                    "not-released",
                    format!("the copy of entry {index} was never released"),
                    "void its number instead: `saoy registry void`",
                ));
            }
        }
        Ok(leaves)
    }
}
