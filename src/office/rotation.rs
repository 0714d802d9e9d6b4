//! Another key for the seal or the log: an entry names it, the trust list gets its range, the old secret goes.
//!
//! The order survives a crash at any point. The new key lies in `keys/<which>.next.key` before the entry that names it; once the
//! entry is logged, opening the office for writing finishes what is left: trust list, then the new key in the place of the old.

use std::path::Path;

use time::OffsetDateTime;

use super::{Ambient, Office, Parts, Submission, read_trust, write};
use crate::error::Failure;
use crate::keys::OfficeKeys;
use crate::registry::entry::{EntryKind, KeyRole};
use crate::registry::note::NoteVerifier;
use crate::registry::replay::KeyChange;
use crate::store::JobState;
use crate::verify::trust::{IndexRange, LogKey, SealKey, TrustList};

impl Office {
    /// Changes a key. Gives the index of the entry that says so; the office has to be opened again after it.
    ///
    /// # Errors
    /// `pending` while a copy with the old key is not finished; the store's, the file system's.
    pub fn rotate(self, role: KeyRole, passphrase: Option<&[u8]>) -> Result<u64, Failure> {
        let pending = self.store.jobs_in(JobState::Entered)?;
        if let Some(job) = pending.first() {
            return Err(Failure::new(
                "pending",
                format!(
                    "the copy of entry {} is not finished, and needs the key it was begun with",
                    job.index
                ),
                "run `saoy certify` to finish it, or void its number; nothing was changed",
            ));
        }
        let folder = self.home.join("keys");
        let next = OfficeKeys::prepare_next(&folder, role.name(), passphrase, self.entropy.as_ref())?;
        let key = next.verifying_key().to_bytes();
        let index = self.log(&[Submission { kind: EntryKind::Key { role, key }, key: None }])?[0];
        let change = KeyChange { index, role, key };
        finish(&self.home, &self.config.office.code, change, self.clock.now())?;
        Ok(index)
    }
}

impl Parts {
    /// Finishes a change of key that a crash cut short, so that nothing is signed with an old key.
    pub(super) fn finish_rotation(self, ambient: &Ambient) -> Result<Self, Failure> {
        let changes = self.store.log().key_changes()?;
        let mut finished = false;
        for role in [KeyRole::Seal, KeyRole::Log] {
            let Some(change) = changes.iter().rev().find(|change| change.role == role) else { continue };
            let own = match role {
                KeyRole::Seal => self.keys.seal_key(),
                KeyRole::Log => self.keys.log_key(),
            };
            if own.verifying_key().to_bytes() == change.key {
                continue;
            }
            let folder = self.home.join("keys");
            let next = OfficeKeys::next(&folder, role.name(), ambient.passphrase.as_deref())?;
            if next.map(|key| key.verifying_key().to_bytes()) != Some(change.key) {
                return Err(Failure::new(
                    "old-key",
                    format!(
                        "entry {} changed the {role} key, but keys/ does not hold the new one",
                        change.index
                    ),
                    "bring back the newest keys/ from a backup; nothing was signed with the old one",
                ));
            }
            finish(&self.home, &self.config.office.code, *change, ambient.clock.now())?;
            finished = true;
        }
        if !finished {
            return Ok(self);
        }
        let Self { home, config, store, anchor, .. } = self;
        let keys = OfficeKeys::open(&home.join("keys"), ambient.passphrase.as_deref())?;
        Ok(Self { home, config, keys, store, anchor })
    }
}

/// The trust list, then the key itself.
fn finish(home: &Path, code: &str, change: KeyChange, now: OffsetDateTime) -> Result<(), Failure> {
    let trust = read_trust(home)?;
    if let Some(changed) = with_change(&trust, code, change, now)? {
        write(&home.join("trust.json"), changed.to_json().as_bytes())?;
    }
    Ok(OfficeKeys::adopt_next(&home.join("keys"), change.role.name())?)
}

/// The list with the new key from the next entry on, made `now`; `None` where it has it already.
fn with_change(
    trust: &TrustList,
    code: &str,
    change: KeyChange,
    now: OffsetDateTime,
) -> Result<Option<TrustList>, Failure> {
    let from = change.index + 1;
    let valid = IndexRange { from, until: None };
    let key = ed25519_dalek::VerifyingKey::from_bytes(&change.key).map_err(|_| {
        Failure::new("registry-broken", "the new key is none", "run `saoy registry check --home DIR`")
    })?;
    let mut offices = trust.offices().to_vec();
    for office in offices.iter_mut().filter(|office| office.code == code) {
        match change.role {
            KeyRole::Seal => {
                if office.seal_keys.iter().any(|known| known.key == key) {
                    return Ok(None);
                }
                for old in office.seal_keys.iter_mut().filter(|old| old.valid.until.is_none()) {
                    old.valid.until = Some(from);
                }
                office.seal_keys.push(SealKey { key, valid });
            }
            KeyRole::Log => {
                let key = NoteVerifier::new(&office.log.origin, key)?;
                if office.log.keys.iter().any(|known| known.key == key) {
                    return Ok(None);
                }
                for old in office.log.keys.iter_mut().filter(|old| old.valid.until.is_none()) {
                    old.valid.until = Some(from);
                }
                office.log.keys.push(LogKey { key, valid });
            }
        }
    }
    let changed = TrustList::new(trust.sequence() + 1, trust.expires(), offices)?;
    // A list that has expired already gets its key all the same, or nothing could be signed any more.
    Ok(Some(changed.clone().issued_at(now).unwrap_or(changed)))
}
