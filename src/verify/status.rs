//! Whether a copy is still in force, asked of whoever knows; the answer is handed in.

use serde::Serialize;
use time::OffsetDateTime;

use super::fact::Text;
use super::reason::Reason as _;
use super::trust::TrustList;
use crate::record::day_text;
use crate::registry::status::{StatusList, StatusRow};
use crate::registry::{Entry, RegistryError, RevokeCause, VoidCause};

/// Whoever knows what a registry says today: an office about its own copies, or a published list.
pub trait StatusSource {
    /// What is known about the entry at `index` of the office with this code.
    ///
    /// # Errors
    /// Why nothing is.
    fn status(&self, office: &str, index: u64) -> Result<StatusAnswer, Silence>;
}

/// Why a source says nothing about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It speaks for other offices alone.
    OtherOffice,
    /// It is the office's own registry, and has so many entries, which end before this one.
    NoEntry {
        /// How many it has.
        size: u64,
    },
    /// It is a list over the first entries, which end before this one.
    Newer {
        /// How many it covers.
        size: u64,
    },
    /// It could not be asked, or not be believed: why, in a clause.
    Unable(Text),
}

impl Silence {
    /// What was asked and why that helped nobody, in a sentence.
    pub fn text(&self) -> Text {
        let why = match self {
            Self::OtherOffice => Text::new(
                "nguồn được hỏi là của cơ quan khác, không phải của cơ quan cấp",
                "who was asked speaks for other offices, not for the one that issued it",
            ),
            Self::NoEntry { size } => Text::new(
                format!("đã tra sổ đăng ký của cơ quan: sổ có {size} mục, không có mục này"),
                format!("the office's registry was consulted: it has {size} entries, and not this one"),
            ),
            Self::Newer { size } => Text::new(
                format!("danh sách tình trạng chỉ gồm {size} mục đầu, chưa có mục này"),
                format!("the status list covers the first {size} entries, and this one is newer"),
            ),
            Self::Unable(why) => why.clone(),
        };
        Text::new(
            format!("{}; chưa biết có bị thu hồi, thay thế hay không", why.vi),
            format!("{}; whether it was revoked or replaced is unknown", why.en),
        )
    }
}

/// What a source knows about one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusAnswer {
    /// The entry at that index, where the source has it; another than the copy's means two histories. A signed list knows indexes alone.
    pub entry: Option<Entry>,
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

/// Signed status lists of offices' logs, each by the office's code; and why some that were named are not there.
#[derive(Clone, Debug, Default)]
pub struct StatusLists {
    lists: Vec<(String, StatusList)>,
    missing: Vec<Missing>,
}

/// Why a status list that was named is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Its address does not answer.
    Unreachable,
    /// Its address has none.
    NotThere,
    /// What was given is refused.
    Refused(RegistryError),
}

impl Missing {
    fn text(&self) -> Text {
        match self {
            Self::Unreachable => Text::new(
                "không tới được địa chỉ của danh sách tình trạng",
                "the status list's address cannot be reached",
            ),
            Self::NotThere => Text::new(
                "địa chỉ được nêu không có danh sách tình trạng",
                "there is no status list at the address that was given",
            ),
            Self::Refused(RegistryError::Unsigned) => Text::new(
                "danh sách tình trạng được nêu không có chữ ký của nhật ký nào trong danh sách tin cậy: của cơ quan khác, hoặc của khóa mới hơn",
                "the status list that was given is signed by no log of the trust list: it is another office's, or of a newer key",
            ),
            Self::Refused(error) => Text::new(
                format!(
                    "tệp được nêu không phải là danh sách tình trạng, hoặc đã hỏng ({})",
                    error.reason().vi
                ),
                format!("what was given is no status list, or a broken one ({error})"),
            ),
        }
    }
}

impl StatusLists {
    /// Adds a signed list. It must be signed by the log of an office of the trust list, with a key that is good for it.
    ///
    /// # Errors
    /// What is wrong with the list; [`RegistryError::Unsigned`] for a log that nobody in the list has.
    pub fn add(&mut self, bytes: &[u8], trust: &TrustList) -> Result<(), RegistryError> {
        let origin = StatusList::origin_of(bytes)?;
        let office = trust.log(&origin).ok_or(RegistryError::Unsigned)?;
        let list = StatusList::open(bytes, &origin, |size| office.log_trust().keys_at(size))?;
        self.lists.push((office.code.clone(), list));
        Ok(())
    }

    /// Remembers that a list was named and is not there: a copy that no other list knows is then told so.
    pub fn add_missing(&mut self, why: Missing) {
        if !self.missing.contains(&why) {
            self.missing.push(why);
        }
    }

    /// Why no list speaks for an office.
    fn silence(&self) -> Silence {
        if self.missing.is_empty() {
            return Silence::OtherOffice;
        }
        Silence::Unable(Text::joined(self.missing.iter().map(Missing::text), "; "))
    }
}

impl StatusSource for StatusLists {
    fn status(&self, office: &str, index: u64) -> Result<StatusAnswer, Silence> {
        let own = || self.lists.iter().filter(|(code, _)| code == office).map(|(_, list)| list);
        let size = own().map(|list| list.size).max().ok_or_else(|| self.silence())?;
        // The newest of several.
        let covering = own().filter(|list| index < list.size).max_by_key(|list| (list.size, list.made));
        let list = covering.ok_or(Silence::Newer { size })?;
        let row = list.row(index).expect("its size was looked at");
        let at = |seconds: u64| {
            let time = i64::try_from(seconds).ok().and_then(|t| OffsetDateTime::from_unix_timestamp(t).ok());
            time.ok_or_else(|| {
                Silence::Unable(Text::new(
                    "danh sách tình trạng ghi thời điểm không thể có",
                    "the status list states a time that there is not",
                ))
            })
        };
        Ok(StatusAnswer {
            entry: None,
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
