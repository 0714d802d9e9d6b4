//! Whether a copy is still in force, asked of whoever knows; the answer is handed in.

use serde::Serialize;
use time::OffsetDateTime;

use crate::record::Digest;

/// Whoever knows what a registry says today: an office about its own copies, or a published list.
pub trait StatusSource {
    /// What is known about the entry at `index` of the office with this code; none where nothing is.
    fn status(&self, office: &str, index: u64) -> Option<StatusAnswer>;
}

/// What a source knows about one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusAnswer {
    /// The RFC 6962 leaf hash of the entry at that index; another than the copy's means two histories.
    pub leaf: Digest,
    /// What later entries say about it.
    pub status: Status,
    /// As of when.
    pub as_of: OffsetDateTime,
}

/// What later entries of the registry say about an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Status {
    /// Nothing: the copy is in force.
    Good,
    /// The number was used, but no copy was released.
    Void,
    /// It must not be relied on any more.
    Revoked,
    /// A copy of a newer version of the paper was issued.
    Superseded {
        /// Its index.
        replacement: u64,
    },
    /// It had a mistake; a right one was issued.
    Corrected {
        /// Its index.
        replacement: u64,
    },
}
