//! The log's entry: `docs/format.md`, section 3, version 1.
//!
//! Fixed places, big-endian numbers, at most 134 bytes. Nothing in it tells a person, a paper or its kind.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;

use super::error::RegistryError;
use super::merkle;
use crate::record::{Digest, MAX_INTEGER, day_to_date};

/// The version of the layout that this code writes and reads.
pub const VERSION: u8 = 1;
/// The `prev` of entry 0.
pub const NO_PREDECESSOR: Digest = Digest([0; 32]);

const HEAD: usize = 54;

/// The id by which entries and seals name a seal key: SHA-256("saoy/seal-key/v1" ‖ public key)\[..8\].
pub fn seal_key_id(key: &[u8; 32]) -> [u8; 8] {
    let hash = Digest::of_parts(&[b"saoy/seal-key/v1", key]);
    *hash.0.first_chunk().expect("SHA-256 has 32 bytes")
}

/// One entry of an office's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log, from 0, below 2^53.
    pub index: u64,
    /// The leaf hash of the entry before it; [`NO_PREDECESSOR`] for entry 0.
    pub prev: Digest,
    /// Days since 1970-01-01 in Vietnam's calendar.
    pub day: u32,
    /// The id of the seal key in use ([`seal_key_id`]).
    pub key_id: [u8; 8],
    /// What happened.
    pub kind: EntryKind,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A copy was issued.
    Issue {
        /// C of its record ([`crate::record::commitment`]).
        commitment: Digest,
    },
    /// A number was used, but no copy was released under it.
    Void {
        /// The index of the issue.
        target: u64,
        /// Its leaf hash.
        target_leaf: Digest,
        /// Why.
        cause: VoidCause,
    },
    /// A released copy must not be relied on any more.
    Revoke {
        /// The index of the issue.
        target: u64,
        /// Its leaf hash.
        target_leaf: Digest,
        /// Why.
        cause: RevokeCause,
    },
    /// The paper has a newer version, of which a copy was issued.
    Supersede {
        /// The index of the older issue.
        target: u64,
        /// Its leaf hash.
        target_leaf: Digest,
        /// The index of the newer issue.
        replacement: u64,
        /// Its leaf hash.
        replacement_leaf: Digest,
    },
    /// The copy had a mistake; a right one of the same paper was issued.
    Correct {
        /// The index of the mistaken issue.
        target: u64,
        /// Its leaf hash.
        target_leaf: Digest,
        /// The index of the right issue.
        replacement: u64,
        /// Its leaf hash.
        replacement_leaf: Digest,
    },
    /// A list of the states of all entries before this one was signed.
    StatusList {
        /// The list's hash ([`super::status::list_hash`]).
        hash: Digest,
    },
    /// From the next entry on, another key is in use.
    Key {
        /// Which.
        role: KeyRole,
        /// The new Ed25519 public key.
        key: [u8; 32],
    },
}

impl EntryKind {
    /// The issue that this entry changes the state of, with its leaf hash.
    pub const fn target(&self) -> Option<(u64, Digest)> {
        match self {
            Self::Void { target, target_leaf, .. }
            | Self::Revoke { target, target_leaf, .. }
            | Self::Supersede { target, target_leaf, .. }
            | Self::Correct { target, target_leaf, .. } => Some((*target, *target_leaf)),
            Self::Issue { .. } | Self::StatusList { .. } | Self::Key { .. } => None,
        }
    }

    /// The issue that replaces the target, with its leaf hash.
    pub const fn replacement(&self) -> Option<(u64, Digest)> {
        match self {
            Self::Supersede { replacement, replacement_leaf, .. }
            | Self::Correct { replacement, replacement_leaf, .. } => Some((*replacement, *replacement_leaf)),
            _ => None,
        }
    }

    /// The byte of the type.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Issue { .. } => 1,
            Self::Void { .. } => 2,
            Self::Revoke { .. } => 3,
            Self::Supersede { .. } => 4,
            Self::Correct { .. } => 5,
            Self::StatusList { .. } => 6,
            Self::Key { .. } => 7,
        }
    }
}

/// Makes an enum of a cause: its byte in the entry and its name on the command line and in reports.
macro_rules! causes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant = $code,)*
        }

        impl $name {
            /// Every cause, in the order of their bytes.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The byte in the entry.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The cause with this byte.
            pub fn from_code(code: u8) -> Option<Self> {
                Self::ALL.iter().copied().find(|cause| cause.code() == code)
            }

            /// The name, lower case with dashes.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = RegistryError;

            fn from_str(text: &str) -> Result<Self, RegistryError> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|cause| cause.name() == text)
                    .ok_or(RegistryError::Entry("unknown cause"))
            }
        }
    };
}

causes! {
    /// Why a number has no copy.
    VoidCause {
        /// The program or the machine could not finish the copy.
        Failure = 1, "failure";
        /// The office withdrew it before it was released.
        Withdrawn = 2, "withdrawn";
        /// The same paper was certified twice by mistake.
        Duplicate = 3, "duplicate";
    }
}

causes! {
    /// Why a copy must not be relied on any more.
    RevokeCause {
        /// The office issued it by mistake.
        IssuedInError = 1, "issued-in-error";
        /// The original was found to be forged, altered or withdrawn.
        OriginalInvalid = 2, "original-invalid";
        /// A competent authority or a court annulled it.
        Annulled = 3, "annulled";
        /// A key that sealed or signed it was in other hands.
        KeyCompromise = 4, "key-compromise";
    }
}

causes! {
    /// Which of an office's keys changes.
    KeyRole {
        /// The key that seals.
        Seal = 1, "seal";
        /// The key that signs checkpoints.
        Log = 2, "log";
    }
}

impl Entry {
    /// The entry's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD + 80);
        out.push(VERSION);
        out.push(self.kind.code());
        out.extend_from_slice(&self.index.to_be_bytes());
        out.extend_from_slice(&self.prev.0);
        out.extend_from_slice(&self.day.to_be_bytes());
        out.extend_from_slice(&self.key_id);
        let mut target = |index: &u64, leaf: &Digest| {
            out.extend_from_slice(&index.to_be_bytes());
            out.extend_from_slice(&leaf.0);
        };
        match &self.kind {
            EntryKind::Issue { commitment } => out.extend_from_slice(&commitment.0),
            EntryKind::Void { target: index, target_leaf, cause } => {
                target(index, target_leaf);
                out.push(cause.code());
            }
            EntryKind::Revoke { target: index, target_leaf, cause } => {
                target(index, target_leaf);
                out.push(cause.code());
            }
            EntryKind::Supersede { target: index, target_leaf, replacement, replacement_leaf }
            | EntryKind::Correct { target: index, target_leaf, replacement, replacement_leaf } => {
                target(index, target_leaf);
                target(replacement, replacement_leaf);
            }
            EntryKind::StatusList { hash } => out.extend_from_slice(&hash.0),
            EntryKind::Key { role, key } => {
                out.push(role.code());
                out.extend_from_slice(key);
            }
        }
        out
    }

    /// Reads an entry's bytes.
    ///
    /// # Errors
    /// [`RegistryError::Entry`] for another version, type, length or cause, and as [`check`](Self::check).
    pub fn parse(bytes: &[u8]) -> Result<Self, RegistryError> {
        let mut rest = Reader(bytes);
        let [version, kind] = rest.take()?;
        if version != VERSION {
            return Err(RegistryError::Entry("unknown version"));
        }
        let index = rest.number()?;
        let prev = rest.hash()?;
        let day = u32::from_be_bytes(rest.take()?);
        let key_id = rest.take()?;
        let kind = match kind {
            1 => EntryKind::Issue { commitment: rest.hash()? },
            2 => EntryKind::Void {
                target: rest.number()?,
                target_leaf: rest.hash()?,
                cause: VoidCause::from_code(rest.byte()?).ok_or(RegistryError::Entry("unknown cause"))?,
            },
            3 => EntryKind::Revoke {
                target: rest.number()?,
                target_leaf: rest.hash()?,
                cause: RevokeCause::from_code(rest.byte()?).ok_or(RegistryError::Entry("unknown cause"))?,
            },
            4 => EntryKind::Supersede {
                target: rest.number()?,
                target_leaf: rest.hash()?,
                replacement: rest.number()?,
                replacement_leaf: rest.hash()?,
            },
            5 => EntryKind::Correct {
                target: rest.number()?,
                target_leaf: rest.hash()?,
                replacement: rest.number()?,
                replacement_leaf: rest.hash()?,
            },
            6 => EntryKind::StatusList { hash: rest.hash()? },
            7 => EntryKind::Key {
                role: KeyRole::from_code(rest.byte()?).ok_or(RegistryError::Entry("unknown cause"))?,
                key: rest.take()?,
            },
            _ => return Err(RegistryError::Entry("unknown type")),
        };
        if !rest.0.is_empty() {
            return Err(RegistryError::Entry("too long"));
        }
        let entry = Self { index, prev, day, key_id, kind };
        entry.check()?;
        Ok(entry)
    }

    /// Whether the members agree with each other: what [`parse`](Self::parse) would refuse in this entry's bytes.
    ///
    /// # Errors
    /// [`RegistryError::Entry`] for an index from 2^53 on, a predecessor where there is none or none where there is
    /// one, a day after the year 9999, a target or replacement that does not come before the entry or is the same, a key
    /// that is none.
    pub fn check(&self) -> Result<(), RegistryError> {
        let ensure = |holds: bool, problem| if holds { Ok(()) } else { Err(RegistryError::Entry(problem)) };
        ensure(self.index <= MAX_INTEGER, "the index is beyond 2^53 - 1")?;
        ensure((self.index == 0) == (self.prev == NO_PREDECESSOR), "the predecessor does not fit the index")?;
        ensure(day_to_date(self.day).is_some(), "the day is after the year 9999")?;
        match &self.kind {
            EntryKind::Issue { .. } | EntryKind::StatusList { .. } => Ok(()),
            EntryKind::Void { target, .. } | EntryKind::Revoke { target, .. } => {
                ensure(*target < self.index, "the target does not come before the entry")
            }
            EntryKind::Supersede { target, replacement, .. }
            | EntryKind::Correct { target, replacement, .. } => {
                ensure(*target < self.index, "the target does not come before the entry")?;
                ensure(*replacement < self.index, "the replacement does not come before the entry")?;
                ensure(target != replacement, "the replacement is the target")
            }
            EntryKind::Key { key, .. } => {
                let key = VerifyingKey::from_bytes(key);
                ensure(key.is_ok_and(|key| !key.is_weak()), "the new key is none")
            }
        }
    }

    /// The RFC 6962 leaf hash of the entry's bytes; the `prev` of the next entry.
    pub fn leaf_hash(&self) -> Digest {
        merkle::leaf_hash(&self.to_bytes())
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], RegistryError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(RegistryError::Entry("too short"))?;
        self.0 = rest;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8, RegistryError> {
        self.take().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<u64, RegistryError> {
        self.take().map(u64::from_be_bytes)
    }

    fn hash(&mut self) -> Result<Digest, RegistryError> {
        self.take().map(Digest)
    }
}
