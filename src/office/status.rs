//! What the office's own registry says about its copies.

use std::collections::HashMap;

use super::Office;
use crate::registry::RegistryError;
use crate::registry::entry::{Entry, EntryKind};
use crate::registry::log::LoggedEntry;
use crate::verify::{Status, StatusAnswer, StatusSource};

/// What later entries say about earlier ones, by index; an entry that is not here is in force.
pub(super) type Statuses = HashMap<u64, Status>;

/// Reads the statuses out of the entries.
pub(super) fn statuses(entries: &[LoggedEntry]) -> Result<Statuses, RegistryError> {
    let mut statuses = HashMap::new();
    for logged in entries {
        apply(&mut statuses, &Entry::parse(&logged.entry)?);
    }
    Ok(statuses)
}

/// What one more entry changes.
pub(super) fn apply(statuses: &mut Statuses, entry: &Entry) {
    match entry.kind {
        EntryKind::Issue { .. } => None,
        EntryKind::Void { target, .. } => statuses.insert(target, Status::Void),
        EntryKind::Revoke { target, .. } => statuses.insert(target, Status::Revoked),
        EntryKind::Supersede { target, replacement, .. } => {
            statuses.insert(target, Status::Superseded { replacement })
        }
        EntryKind::Correct { target, replacement, .. } => {
            statuses.insert(target, Status::Corrected { replacement })
        }
    };
}

impl StatusSource for Office {
    fn status(&self, office: &str, index: u64) -> Option<StatusAnswer> {
        let leaf = self.registry.leaf(index).filter(|_| office == self.config.office.code)?;
        let statuses = self.statuses.lock().expect("no holder of this lock panics");
        let status = statuses.get(&index).copied().unwrap_or(Status::Good);
        Some(StatusAnswer { leaf, status, as_of: self.read_at.unwrap_or_else(|| self.clock.now()) })
    }
}
