//! The signed list of the states of all entries, and what may follow what: `docs/format.md`, section 4.
//!
//! A list names the issues that are not in force any more; every other issue below its size is. It is derived from the log
//! alone, so that anyone can compute it again; an entry holds its hash, the log's key signs it.

use std::io::{Read as _, Write as _};

use data_encoding::BASE64;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::entry::{Entry, EntryKind};
use super::error::RegistryError;
use super::note::{Note, NoteSigner, NoteVerifier};
use super::{base64_hash, decimal, hash_from_base64};
use crate::record::Digest;

/// The list's first line.
const HEADER: &str = "saoy/status/v1";
/// Bytes of one row.
const ROW: usize = 30;
/// Bytes that a signed list may have.
pub const MAX_BYTES: usize = 16 << 20;
/// Bytes that its rows may have.
const MAX_ROWS: u64 = 256 << 20;

const VOID: u8 = 2;
const REVOKE: u8 = 3;
const SUPERSEDE: u8 = 4;
const CORRECT: u8 = 5;

/// Whether an issue in the state that an entry of type `state` gave it may be the target of one of type `next`. Void and
/// revoked are the end; what was replaced may still be revoked.
pub const fn may_follow(state: u8, next: u8) -> bool {
    matches!(state, SUPERSEDE | CORRECT) && next == REVOKE
}

/// What an entry of this type makes of its target.
pub const fn state_name(kind: u8) -> &'static str {
    match kind {
        VOID => "void",
        REVOKE => "revoked",
        SUPERSEDE => "superseded",
        CORRECT => "corrected",
        _ => "in force",
    }
}

/// An issue that is not in force, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRow {
    /// The issue.
    pub index: u64,
    /// The entry that says so.
    pub by: u64,
    /// That entry's day.
    pub day: u32,
    /// That entry's type: 2 void, 3 revoke, 4 supersede, 5 correct.
    pub kind: u8,
    /// The cause of a void or revocation; 0 otherwise.
    pub cause: u8,
    /// The issue that replaces it; 0 for a void or revocation.
    pub replacement: u64,
}

impl StatusRow {
    /// What an entry says about its target; `None` for one without.
    pub fn of(entry: &Entry) -> Option<Self> {
        let (index, _) = entry.kind.target()?;
        let cause = match entry.kind {
            EntryKind::Void { cause, .. } => cause.code(),
            EntryKind::Revoke { cause, .. } => cause.code(),
            _ => 0,
        };
        let replacement = entry.kind.replacement().map_or(0, |(index, _)| index);
        Some(Self { index, by: entry.index, day: entry.day, kind: entry.kind.code(), cause, replacement })
    }

    fn to_bytes(self) -> [u8; ROW] {
        let mut bytes = [0; ROW];
        bytes[..8].copy_from_slice(&self.index.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.by.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.day.to_be_bytes());
        bytes[20] = self.kind;
        bytes[21] = self.cause;
        bytes[22..].copy_from_slice(&self.replacement.to_be_bytes());
        bytes
    }

    fn parse(bytes: &[u8; ROW]) -> Self {
        let number = |at: usize| {
            u64::from_be_bytes(*bytes[at..].first_chunk().expect("a row has room for three numbers"))
        };
        Self {
            index: number(0),
            by: number(8),
            day: u32::from_be_bytes(*bytes[16..].first_chunk().expect("a row has room for a day")),
            kind: bytes[20],
            cause: bytes[21],
            replacement: number(22),
        }
    }
}

/// The hash of the list over the entries before `size`: SHA-256("saoy/status/v1" ‖ size ‖ rows in order of index).
pub fn list_hash<'a>(size: u64, rows: impl IntoIterator<Item = &'a StatusRow>) -> Digest {
    let rows: Vec<u8> = rows.into_iter().flat_map(|row| row.to_bytes()).collect();
    Digest::of_parts(&[HEADER.as_bytes(), &size.to_be_bytes(), &rows])
}

/// A list as the log's key signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    /// The log.
    pub origin: String,
    /// The entries before this index are covered; the entry here holds the list's hash.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
    /// When it was signed, seconds since 1970.
    pub made: u64,
    /// Until when the office asks that it be relied on, seconds since 1970.
    pub until: u64,
    /// The issues that are not in force, by index.
    pub rows: Vec<StatusRow>,
}

impl StatusList {
    /// Its hash, as the log holds it.
    pub fn hash(&self) -> Digest {
        list_hash(self.size, &self.rows)
    }

    /// What it says about an issue: `Some(None)` for one in force, `None` for one that it does not cover.
    pub fn row(&self, index: u64) -> Option<Option<&StatusRow>> {
        if index >= self.size {
            return None;
        }
        Some(self.rows.binary_search_by_key(&index, |row| row.index).ok().map(|at| &self.rows[at]))
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        for row in &self.rows {
            packed.write_all(&row.to_bytes()).expect("memory takes it");
        }
        let packed = packed.finish().expect("memory takes it");
        let Self { origin, size, root, made, until, .. } = self;
        let (root, rows) = (base64_hash(root), BASE64.encode(&packed));
        format!("{HEADER}\n{origin}\n{size}\n{root}\n{made}\n{until}\n{rows}\n")
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`RegistryError::Status`]: not of this form, rows out of order, outside the list, or of a kind that there is not.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let error = RegistryError::Status;
        let lines: Vec<&str> =
            text.strip_suffix('\n').ok_or(error("no newline at the end"))?.split('\n').collect();
        let [header, origin, size, root, made, until, packed] = lines[..] else {
            return Err(error("not seven lines"));
        };
        if header != HEADER {
            return Err(error("not saoy/status/v1"));
        }
        let number = |text| decimal(text).filter(|n| i64::try_from(*n).is_ok());
        let size = number(size).ok_or(error("no size"))?;
        let root = hash_from_base64(root).ok_or(error("no root hash"))?;
        let times = number(made).zip(number(until)).filter(|(made, until)| made <= until);
        let (made, until) = times.ok_or(error("no times, or in the wrong order"))?;
        let packed = super::from_base64(packed).map_err(|_| error("the rows are not base64"))?;
        let mut bytes = Vec::new();
        ZlibDecoder::new(packed.as_slice())
            .take(MAX_ROWS + 1)
            .read_to_end(&mut bytes)
            .map_err(|_| error("the rows do not unpack"))?;
        let (rows, rest) = bytes.as_chunks::<ROW>();
        if !rest.is_empty() || bytes.len() as u64 > MAX_ROWS {
            return Err(error("a row is cut off, or there are too many"));
        }
        let rows: Vec<StatusRow> = rows.iter().map(StatusRow::parse).collect();
        let in_order = rows.windows(2).all(|pair| pair[0].index < pair[1].index);
        let inside = rows.iter().all(|row| row.index < row.by && row.by < size);
        if !in_order || !inside || !rows.iter().all(|row| (VOID..=CORRECT).contains(&row.kind)) {
            return Err(error("rows that cannot be"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, made, until, rows })
    }

    /// Signs with the log's key.
    ///
    /// # Errors
    /// [`RegistryError::Origin`] for a key of another name, [`RegistryError::Note`].
    pub fn sign(&self, key: &NoteSigner) -> Result<Note, RegistryError> {
        if key.verifier().name() != self.origin {
            let (found, expected) = (self.origin.clone(), key.verifier().name().to_owned());
            return Err(RegistryError::Origin { found, expected });
        }
        Note::sign(&self.text(), &[key])
    }

    /// The log that a signed list speaks for; nothing is verified.
    ///
    /// # Errors
    /// As [`StatusList::parse`].
    pub fn origin_of(bytes: &[u8]) -> Result<String, RegistryError> {
        Ok(Self::parse(Note::parse_at_most(MAX_BYTES, bytes)?.text())?.origin)
    }

    /// Reads a signed list of the log `origin`. `key_for` says which of the log's keys are good for a size.
    ///
    /// # Errors
    /// [`RegistryError::Status`], [`RegistryError::Origin`], [`RegistryError::Unsigned`], [`RegistryError::Signature`].
    pub fn open(
        bytes: &[u8],
        origin: &str,
        keys_for: impl FnOnce(u64) -> Vec<NoteVerifier>,
    ) -> Result<Self, RegistryError> {
        let note = Note::parse_at_most(MAX_BYTES, bytes)?;
        let list = Self::parse(note.text())?;
        if list.origin != origin {
            return Err(RegistryError::Origin { found: list.origin, expected: origin.to_owned() });
        }
        note.verify(&keys_for(list.size))?;
        Ok(list)
    }
}
