//! What the office's own registry says about its copies.

use super::Office;
use crate::verify::status::Since;
use crate::verify::{Status, StatusAnswer, StatusSource};

impl StatusSource for Office {
    fn status(&self, office: &str, index: u64) -> Option<StatusAnswer> {
        if office != self.config.office.code {
            return None;
        }
        let leaf = self.entry(index).ok()?.leaf;
        // What cannot be read is not known.
        let row = self.store.log().state_of(index).ok()?;
        Some(StatusAnswer {
            leaf: Some(leaf),
            status: Status::of(row.as_ref()),
            since: row.as_ref().map(Since::of),
            as_of: self.read_at.unwrap_or_else(|| self.clock.now()),
            until: None,
        })
    }
}
