//! What the office's own registry says about its copies.

use super::Office;
use crate::error::Failure;
use crate::registry::status::StatusRow;
use crate::verify::status::Since;
use crate::verify::{Status, StatusAnswer, StatusSource};

impl Office {
    /// The entry of a copy that is known by its id alone (32 lower-case hexadecimal digits), and what the registry says about it;
    /// `None` for an id that the office does not know, or not any more.
    ///
    /// # Errors
    /// The store's; `status-unknown` where the entry cannot be read.
    pub fn status_by_id(&self, copy_id: &str) -> Result<Option<(u64, StatusAnswer)>, Failure> {
        self.refuse_forgotten()?;
        let Some(index) = self.store.index_of_copy(copy_id)? else { return Ok(None) };
        let answer = self.status(&self.config.office.code, index).ok_or_else(|| {
            Failure::new(
                "status-unknown",
                format!("entry {index} cannot be read"),
                "run `saoy registry check`",
            )
        })?;
        Ok(Some((index, answer)))
    }
}

impl StatusSource for Office {
    fn status(&self, office: &str, index: u64) -> Option<StatusAnswer> {
        if office != self.config.office.code || self.behind.is_some() {
            return None;
        }
        let number = |row: &StatusRow| {
            let line = self.store.register_row(row.replacement).ok()?;
            line.map(|line| line.book.to_string())
        };
        // What cannot be read is not known.
        let (entry, row) = self.store.log().entry_and_state(index).ok()??;
        if index >= self.registry.size() {
            return None;
        }
        Some(StatusAnswer {
            leaf: Some(entry.leaf),
            status: Status::of(row.as_ref()),
            since: row.as_ref().map(Since::of),
            replacement: row.as_ref().filter(|row| matches!(row.kind, 4 | 5)).and_then(number),
            as_of: self.read_at.unwrap_or_else(|| self.clock.now()),
            until: None,
        })
    }
}
