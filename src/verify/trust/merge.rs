//! One list out of many.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{IndexRange, Office, TrustError, TrustList};

impl TrustList {
    /// The offices of all lists, sorted by code. Where several lists have one office, a later description must keep to the
    /// earlier one: keys may be added and their ranges ended, nothing may be taken back.
    ///
    /// # Errors
    /// [`TrustError::Office`] where it does not; as [`TrustList::new`].
    pub fn merge(
        sequence: u64,
        expires: OffsetDateTime,
        lists: impl IntoIterator<Item = Self>,
    ) -> Result<Self, TrustError> {
        let mut merged: BTreeMap<String, Office> = BTreeMap::new();
        for office in lists.into_iter().flat_map(|list| list.offices) {
            if let Some(before) = merged.get(&office.code) {
                office.keeps_to(before).map_err(|problem| TrustError::Office {
                    office: office.code.clone(),
                    problem: problem.to_owned(),
                })?;
            }
            merged.insert(office.code.clone(), office);
        }
        Self::new(sequence, expires, merged.into_values().collect())
    }
}

impl Office {
    /// Whether a verifier who believed the earlier description loses nothing by this one.
    fn keeps_to(&self, before: &Self) -> Result<(), &'static str> {
        if self.root != before.root {
            return Err("two lists give it different root certificates");
        }
        if self.log.origin != before.log.origin {
            return Err("two lists give it different logs");
        }
        let seal = |key: &super::SealKey| self.seal_keys.iter().find(|k| k.key == key.key).map(|k| k.valid);
        let kept = before.seal_keys.iter().all(|key| ends_at_most(seal(key), key.valid));
        let log = |key: &super::LogKey| self.log.keys.iter().find(|k| k.key == key.key).map(|k| k.valid);
        if kept && before.log.keys.iter().all(|key| ends_at_most(log(key), key.valid)) {
            Ok(())
        } else {
            Err("the later list takes back a key, or an end, that the earlier one has")
        }
    }
}

/// Whether a key is still there with the same beginning, and with the same end if it had one.
fn ends_at_most(now: Option<IndexRange>, before: IndexRange) -> bool {
    now.is_some_and(|now| now.from == before.from && (before.until.is_none() || now.until == before.until))
}
