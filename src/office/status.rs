//! What the office's own registry says about its copies today.

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
        match Entry::parse(&logged.entry)?.kind {
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
    Ok(statuses)
}

impl StatusSource for Office {
    fn status(&self, office: &str, index: u64) -> Option<StatusAnswer> {
        let leaf = self.registry.leaf(index).filter(|_| office == self.config.office.code)?;
        let status = self.statuses.get(&index).copied().unwrap_or(Status::Good);
        Some(StatusAnswer { leaf, status, as_of: self.clock.now() })
    }
}
