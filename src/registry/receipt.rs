//! The receipt of an entry: a C2SP tlog-proof ([`super::proof`]) whose `extra` line is always there and carries the entry.
//!
//! The line is not authenticated by itself; [`Receipt::verify`] recomputes the leaf from it.

use std::fmt;

use super::checkpoint::Checkpoint;
use super::entry::Entry;
use super::error::RegistryError;
use super::note::{Note, NoteVerifier};
use super::proof::Proof;
use crate::record::Digest;

/// An entry with its proof of inclusion and the checkpoint to which the proof leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry; its `index` is the receipt's.
    pub entry: Entry,
    /// From the leaf's sibling to the root's child.
    pub proof: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

impl Receipt {
    /// Reads a receipt. Nothing is verified yet.
    ///
    /// # Errors
    /// [`RegistryError::Receipt`], [`RegistryError::Entry`], [`RegistryError::Note`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RegistryError> {
        let Proof { extra, index, hashes, checkpoint } = Proof::parse(bytes)?;
        let entry = Entry::parse(&extra.ok_or(RegistryError::Receipt("no extra line"))?)?;
        if index != entry.index {
            return Err(RegistryError::Receipt("the index is not the entry's"));
        }
        Ok(Self { entry, proof: hashes, checkpoint })
    }

    /// The receipt's bytes, as they are attached.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// Checks the checkpoint's signature, its origin, and that the entry is in its tree.
    ///
    /// # Errors
    /// As [`Proof::verify`].
    pub fn verify(&self, origin: &str, known: &[NoteVerifier]) -> Result<Checkpoint, RegistryError> {
        self.as_proof().verify(&self.entry.leaf_hash(), origin, known)
    }

    fn as_proof(&self) -> Proof {
        Proof {
            extra: Some(self.entry.to_bytes()),
            index: self.entry.index,
            hashes: self.proof.clone(),
            checkpoint: self.checkpoint.clone(),
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_proof().fmt(f)
    }
}
