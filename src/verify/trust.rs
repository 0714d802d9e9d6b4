//! The trust list, `trust.json`: which offices there are, and their keys. Keys inside a copy are never trust.
//!
//! ```json
//! {"version":1,"sequence":1,"issued":"2026-10-01T00:00:00Z","expires":"2027-01-01T00:00:00Z","offices":[{"code":"H99.01","name":"…","root":"<PEM>",
//!   "seal_keys":[{"key":"<base64, 32 bytes>","id":"<16 hexadecimal digits>","from":0,"until":null}],
//!   "log":{"origin":"…","keys":[{"vkey":"…","from":0,"until":null}],"url":null}}]}
//! ```
//!
//! `issued` may be left out. `from` and `until` are indexes of the office's registry, `until` exclusive: a seal key is valid for an entry at such an
//! index, a log key for a checkpoint whose last entry has such an index. The reader is strict: unknown and repeated members,
//! offices that share a code, a key or a log, and keys that do not fit their ids are refused. Two offices may have one root,
//! since both may have bought their certificates: the record, which their own key seals, names each by its digest.

mod merge;
mod signed;

pub use signed::SignedList;

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::reason::Reason as _;
use crate::error::Failure;
use crate::record::check_office_code;
use crate::registry::check::{LogTrust, Trusted};
use crate::registry::note::NoteVerifier;
use crate::seal::key_id;
use crate::signature::certificate::Certificate;

/// The version that this code reads and writes.
pub const VERSION: u64 = 1;
/// Bytes of a trust list.
const MAX_BYTES: usize = 64 << 20;

/// The offices that are trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct TrustList {
    sequence: u64,
    issued: Option<OffsetDateTime>,
    expires: OffsetDateTime,
    offices: Vec<Office>,
}

/// One office.
#[derive(Clone, Debug, PartialEq)]
pub struct Office {
    /// Its code: `H99.01`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its root certificate.
    pub root: Certificate,
    /// Its seal keys.
    pub seal_keys: Vec<SealKey>,
    /// Its log.
    pub log: Log,
}

/// An office's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The origin, which is also the name of its keys.
    pub origin: String,
    /// The keys that sign its checkpoints.
    pub keys: Vec<LogKey>,
    /// Where it is published.
    pub url: Option<String>,
}

/// Indexes of a registry for which a key is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexRange {
    /// The first.
    pub from: u64,
    /// The first after them; none for "still".
    pub until: Option<u64>,
}

impl IndexRange {
    /// Whether the index is one of them.
    pub fn contains(self, index: u64) -> bool {
        index >= self.from && self.until.is_none_or(|until| index < until)
    }
}

/// A seal key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealKey {
    /// The key.
    pub key: VerifyingKey,
    /// For which entries.
    pub valid: IndexRange,
}

/// A log key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    /// The key with its name.
    pub key: NoteVerifier,
    /// For checkpoints whose last entry has one of these indexes.
    pub valid: IndexRange,
}

/// Why a file is no trust list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrustError {
    /// Larger than any.
    #[error("the trust list has {0} bytes, more than any")]
    TooLong(usize),
    /// Not the JSON of one.
    #[error("the trust list is malformed: {0}")]
    Shape(String),
    /// Another version.
    #[error("the trust list has version {0}, this program reads version {VERSION}")]
    Version(u64),
    /// Not a time.
    #[error("the trust list's expiry is not a time as RFC 3339 writes it")]
    Expiry,
    /// Not a time, or one after the expiry.
    #[error("the trust list's time of issue is not one before its expiry as RFC 3339 writes it")]
    Issued,
    /// A member of an office that is not as it must be.
    #[error("office {office}: {problem}")]
    Office {
        /// Its code.
        office: String,
        /// What is wrong.
        problem: String,
    },
    /// Not a signed list of this root.
    #[error("the signed trust list is refused: {0}")]
    Note(String),
    /// A list before the pinned one.
    #[error("the trust list has sequence {offered}, and one with {pinned} is pinned")]
    Older {
        /// The pinned list's sequence.
        pinned: u64,
        /// The offered one's.
        offered: u64,
    },
    /// Another list with the sequence of the pinned one.
    #[error("this trust list and the pinned one differ, and both have sequence {0}")]
    Forked(u64),
    /// Two offices that share what must be one's own.
    #[error("offices {first} and {second} have the same {what}")]
    Shared {
        /// One office's code.
        first: String,
        /// The other's.
        second: String,
        /// What they share.
        what: &'static str,
    },
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        let (code, advice, vietnamese) = match error {
            TrustError::Older { .. } => (
                "trust-older",
                "Fetch the newest list from where it is published; an old one hides what was revoked since.",
                "Lấy danh sách mới nhất từ nơi công bố: danh sách cũ che giấu những gì đã bị thu hồi sau đó.",
            ),
            TrustError::Forked(_) => (
                "trust-forked",
                "Do not use it: whoever keeps the root signed two lists as one. Ask them which is theirs, out of band.",
                "Không sử dụng: nơi giữ khóa gốc đã ký hai danh sách cùng một số. Hỏi họ qua kênh khác xem danh sách nào là đúng.",
            ),
            TrustError::Note(_) => (
                "trust-unsigned",
                "Fetch the list again from where it is published, and compare the root key with what was told out of band.",
                "Lấy lại danh sách từ nơi công bố, và so khóa gốc với khóa đã được báo qua kênh khác.",
            ),
            _ => (
                "bad-trust-list",
                "Fetch the trust list again from where it is published, and name it with --trust.",
                "Lấy lại danh sách tin cậy từ nơi công bố, rồi nêu tệp đó sau --trust.",
            ),
        };
        let told = error.reason();
        Self::new(code, told.en, advice).in_vietnamese(told.vi, vietnamese)
    }
}

impl TrustList {
    /// A list of offices.
    ///
    /// # Errors
    /// As [`parse`](Self::parse) says of them.
    pub fn new(sequence: u64, expires: OffsetDateTime, offices: Vec<Office>) -> Result<Self, TrustError> {
        let list = Self { sequence, issued: None, expires, offices };
        list.check()?;
        Ok(list)
    }

    /// The same with the time at which it was made.
    ///
    /// # Errors
    /// [`TrustError::Issued`] for one after its expiry.
    pub fn issued_at(self, issued: OffsetDateTime) -> Result<Self, TrustError> {
        if issued > self.expires {
            return Err(TrustError::Issued);
        }
        Ok(Self { issued: Some(issued), ..self })
    }

    /// Reads a trust list.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        if bytes.len() > MAX_BYTES {
            return Err(TrustError::TooLong(bytes.len()));
        }
        let written: WrittenList =
            serde_json::from_slice(bytes).map_err(|error| TrustError::Shape(error.to_string()))?;
        if written.version != VERSION {
            return Err(TrustError::Version(written.version));
        }
        let expires = OffsetDateTime::parse(&written.expires, &Rfc3339).map_err(|_| TrustError::Expiry)?;
        let issued = written.issued.as_deref().map(|issued| OffsetDateTime::parse(issued, &Rfc3339));
        let issued = issued.transpose().map_err(|_| TrustError::Issued)?;
        let offices = written.offices.into_iter().map(Office::read).collect::<Result<_, _>>()?;
        let list = Self::new(written.sequence, expires, offices)?;
        match issued {
            Some(issued) => list.issued_at(issued),
            None => Ok(list),
        }
    }

    /// The list's JSON, indented, with a final newline.
    pub fn to_json(&self) -> String {
        let written = WrittenList {
            version: VERSION,
            sequence: self.sequence,
            issued: self.issued.map(|at| at.format(&Rfc3339).expect("years of four digits have this form")),
            expires: self.expires.format(&Rfc3339).expect("years of four digits have this form"),
            offices: self.offices.iter().map(Office::write).collect(),
        };
        let mut text = serde_json::to_string_pretty(&written).expect("strings and numbers have a JSON form");
        text.push('\n');
        text
    }

    /// Rises with each edition.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When it was made, where it says so.
    pub const fn issued(&self) -> Option<OffsetDateTime> {
        self.issued
    }

    /// Until when it may be relied on.
    pub const fn expires(&self) -> OffsetDateTime {
        self.expires
    }

    /// All offices.
    pub fn offices(&self) -> &[Office] {
        &self.offices
    }

    /// The office with this code.
    pub fn office(&self, code: &str) -> Option<&Office> {
        self.offices.iter().find(|office| office.code == code)
    }

    /// The office that has this seal key, and the key, whatever the index.
    pub fn seal_key(&self, id: [u8; 8]) -> Option<(&Office, &SealKey)> {
        self.offices.iter().find_map(|office| office.seal_key(id).map(|key| (office, key)))
    }

    /// The office whose log has this origin.
    pub fn log(&self, origin: &str) -> Option<&Office> {
        self.offices.iter().find(|office| office.log.origin == origin)
    }

    /// Whether a key of any office, for whatever entries or purpose, would have this id under that name (C2SP signed-note).
    pub(super) fn has_key_named(&self, name: &str, id: [u8; 4]) -> bool {
        let keys = self.offices.iter().flat_map(Office::raw_keys);
        let mut named =
            keys.filter_map(|key| NoteVerifier::new(name, VerifyingKey::from_bytes(key).ok()?).ok());
        named.any(|key| key.id() == id)
    }

    fn check(&self) -> Result<(), TrustError> {
        let mut seen: BTreeMap<(&'static str, &[u8]), &str> = BTreeMap::new();
        for office in &self.offices {
            office.check()?;
            let code = std::iter::once(("code", office.code.as_bytes()));
            let log = std::iter::once(("log", office.log.origin.as_bytes()));
            let keys = office.raw_keys().map(|key| ("key", key.as_slice()));
            for (what, value) in code.chain(log).chain(keys) {
                if let Some(first) = seen.insert((what, value), &office.code) {
                    let (first, second) = (first.to_owned(), office.code.clone());
                    return Err(TrustError::Shared { first, second, what });
                }
            }
        }
        Ok(())
    }
}

impl Office {
    /// The seal key with this id, whatever the index.
    pub fn seal_key(&self, id: [u8; 8]) -> Option<&SealKey> {
        self.seal_keys.iter().find(|key| key_id(&key.key) == id)
    }

    /// Whom to believe about this office's log.
    pub fn log_trust(&self) -> LogTrust {
        let seal_keys = self.seal_keys.iter().map(|key| Trusted {
            key: key_id(&key.key),
            from: key.valid.from,
            until: key.valid.until,
        });
        let log_keys = self.log.keys.iter().map(|key| Trusted {
            key: key.key.clone(),
            from: key.valid.from,
            until: key.valid.until,
        });
        LogTrust {
            origin: self.log.origin.clone(),
            log_keys: log_keys.collect(),
            seal_keys: seal_keys.collect(),
        }
    }

    fn raw_keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        let seal = self.seal_keys.iter().map(|key| key.key.as_bytes());
        seal.chain(self.log.keys.iter().map(|key| key.key.key().as_bytes()))
    }

    fn check(&self) -> Result<(), TrustError> {
        let fail = |problem: &str| {
            Err(TrustError::Office { office: self.code.clone(), problem: problem.to_owned() })
        };
        if check_office_code(&self.code).is_err() {
            return fail("the code is not letters and digits in groups joined by . or -");
        }
        if self.name.is_empty() || self.name.chars().any(char::is_control) {
            return fail("the name is empty or has control characters");
        }
        if self.seal_keys.iter().any(|key| key.key.is_weak()) {
            return fail("a seal key has small order");
        }
        let ranges = self.seal_keys.iter().map(|k| k.valid).chain(self.log.keys.iter().map(|k| k.valid));
        for range in ranges {
            if range.until.is_some_and(|until| until <= range.from) {
                return fail("a key is valid for no index");
            }
        }
        if self.log.keys.iter().any(|key| key.key.name() != self.log.origin) {
            return fail("a log key has another name than the log's origin");
        }
        Ok(())
    }

    fn read(written: WrittenOffice) -> Result<Self, TrustError> {
        let fail = |problem: String| TrustError::Office { office: written.code.clone(), problem };
        let root = Certificate::from_pem(&written.root).map_err(|error| fail(format!("root: {error}")))?;
        let mut seal_keys = Vec::new();
        for key in &written.seal_keys {
            let bytes =
                BASE64.decode(key.key.as_bytes()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let read = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
            let read = read.ok_or_else(|| fail("a seal key is not 32 bytes of Ed25519 in base64".into()))?;
            if HEXLOWER.encode(&key_id(&read)) != key.id {
                return Err(fail(format!("the seal key's id is not {}", key.id)));
            }
            seal_keys.push(SealKey { key: read, valid: IndexRange { from: key.from, until: key.until } });
        }
        let mut keys = Vec::new();
        for key in &written.log.keys {
            let read: NoteVerifier = key.vkey.parse().map_err(|error| fail(format!("log key: {error}")))?;
            keys.push(LogKey { key: read, valid: IndexRange { from: key.from, until: key.until } });
        }
        let log = Log { origin: written.log.origin, keys, url: written.log.url };
        Ok(Self { code: written.code, name: written.name, root, seal_keys, log })
    }

    fn write(&self) -> WrittenOffice {
        WrittenOffice {
            code: self.code.clone(),
            name: self.name.clone(),
            root: self.root.pem(),
            seal_keys: self
                .seal_keys
                .iter()
                .map(|key| WrittenSealKey {
                    key: BASE64.encode(key.key.as_bytes()),
                    id: HEXLOWER.encode(&key_id(&key.key)),
                    from: key.valid.from,
                    until: key.valid.until,
                })
                .collect(),
            log: WrittenLog {
                origin: self.log.origin.clone(),
                keys: self
                    .log
                    .keys
                    .iter()
                    .map(|key| WrittenLogKey {
                        vkey: key.key.to_string(),
                        from: key.valid.from,
                        until: key.valid.until,
                    })
                    .collect(),
                url: self.log.url.clone(),
            },
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenList {
    version: u64,
    sequence: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issued: Option<String>,
    expires: String,
    offices: Vec<WrittenOffice>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenOffice {
    code: String,
    name: String,
    root: String,
    seal_keys: Vec<WrittenSealKey>,
    log: WrittenLog,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSealKey {
    key: String,
    id: String,
    from: u64,
    until: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLog {
    origin: String,
    keys: Vec<WrittenLogKey>,
    url: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLogKey {
    vkey: String,
    from: u64,
    until: Option<u64>,
}
