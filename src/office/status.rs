//! What the office's own registry says about its copies.

use super::Office;
use crate::registry::status::StatusRow;
use crate::verify::{Status, StatusAnswer, StatusSource};

/// The state that a row gives its issue.
pub(super) fn status_of(row: Option<&StatusRow>) -> Status {
    match row {
        None => Status::Good,
        Some(row) if row.kind == 2 => Status::Void,
        Some(row) if row.kind == 4 => Status::Superseded { replacement: row.replacement },
        Some(row) if row.kind == 5 => Status::Corrected { replacement: row.replacement },
        Some(_) => Status::Revoked,
    }
}

impl StatusSource for Office {
    fn status(&self, office: &str, index: u64) -> Option<StatusAnswer> {
        if office != self.config.office.code {
            return None;
        }
        let leaf = self.entry(index).ok()?.leaf;
        // What cannot be read is not known.
        let row = self.store.log().state_of(index).ok()?;
        let status = status_of(row.as_ref());
        Some(StatusAnswer { leaf, status, as_of: self.read_at.unwrap_or_else(|| self.clock.now()) })
    }
}
