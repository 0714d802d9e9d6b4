//! Whether a copy is still in force, asked of whoever knows; the answer is handed in.

use serde::Serialize;
use time::OffsetDateTime;

use super::trust::TrustList;
use crate::record::{Digest, day_text};
use crate::registry::status::{StatusList, StatusRow};
use crate::registry::{RegistryError, RevokeCause, VoidCause};

/// Whoever knows what a registry says today: an office about its own copies, or a published list.
pub trait StatusSource {
    /// What is known about the entry at `index` of the office with this code; none where nothing is.
    fn status(&self, office: &str, index: u64) -> Option<StatusAnswer>;
}

/// What a source knows about one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusAnswer {
    /// The RFC 6962 leaf hash of the entry at that index; another than the copy's means two histories. A signed list names none.
    pub leaf: Option<Digest>,
    /// What later entries say about it.
    pub status: Status,
    /// When and why it is not in force any more.
    pub since: Option<Since>,
    /// The number in the book (`12/2026`) of the copy that took its place, where the source knows it; a log and its lists have none.
    pub replacement: Option<String>,
    /// As of when.
    pub as_of: OffsetDateTime,
    /// Until when the answer is to be relied on; `None` for one that was given just now.
    pub until: Option<OffsetDateTime>,
}

/// When and why a copy ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The day of the entry, `YYYY-MM-DD`.
    pub day: String,
    /// The coded cause of a revocation or void: `annulled`.
    pub cause: Option<&'static str>,
}

/// Signed status lists of offices' logs, each by the office's code.
#[derive(Clone, Debug, Default)]
pub struct StatusLists(Vec<(String, StatusList)>);

impl StatusLists {
    /// Adds a signed list. It must be signed by the log of an office of the trust list, with a key that is good for it.
    ///
    /// # Errors
    /// What is wrong with the list; [`RegistryError::Unsigned`] for a log that nobody in the list has.
    pub fn add(&mut self, bytes: &[u8], trust: &TrustList) -> Result<(), RegistryError> {
        let origin = StatusList::origin_of(bytes)?;
        let office = trust.log(&origin).ok_or(RegistryError::Unsigned)?;
        let list = StatusList::open(bytes, &origin, |size| office.log_trust().keys_at(size))?;
        self.0.push((office.code.clone(), list));
        Ok(())
    }
}

impl StatusSource for StatusLists {
    fn status(&self, office: &str, index: u64) -> Option<StatusAnswer> {
        // The newest of several.
        let lists = self.0.iter().filter(|(code, list)| code == office && index < list.size);
        let (_, list) = lists.max_by_key(|(_, list)| (list.size, list.made))?;
        let row = list.row(index)?;
        let at = |seconds: u64| OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok();
        Some(StatusAnswer {
            leaf: None,
            status: Status::of(row),
            since: row.map(Since::of),
            replacement: None,
            as_of: at(list.made)?,
            until: Some(at(list.until)?),
        })
    }
}

impl Status {
    /// The state that a row of the registry gives its issue.
    pub fn of(row: Option<&StatusRow>) -> Self {
        match row.map(|row| (row.kind, row.replacement)) {
            None => Self::Good,
            Some((2, _)) => Self::Void,
            Some((4, replacement)) => Self::Superseded { replacement },
            Some((5, replacement)) => Self::Corrected { replacement },
            Some(_) => Self::Revoked,
        }
    }
}

impl Since {
    /// What the row says about it.
    pub fn of(row: &StatusRow) -> Self {
        let cause = match row.kind {
            2 => VoidCause::from_code(row.cause).map(VoidCause::name),
            3 => RevokeCause::from_code(row.cause).map(RevokeCause::name),
            _ => None,
        };
        Self { day: day_text(row.day).unwrap_or_default(), cause }
    }
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
