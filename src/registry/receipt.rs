//! C2SP tlog-proof@v1, <https://c2sp.org/tlog-proof> (no tag; read at commit 5ba5ee8): that an entry is in the log.
//!
//! Narrower than the specification: the `extra` line is always there and carries the entry's bytes. It is not
//! authenticated by itself; [`Receipt::verify`] recomputes the leaf from it.

use std::fmt;

use data_encoding::BASE64;

use super::checkpoint::Checkpoint;
use super::entry::Entry;
use super::error::RegistryError;
use super::note::{Note, NoteVerifier};
use super::{base64_hash, decimal, hash_from_base64, merkle};
use crate::record::Digest;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Bytes that a receipt may have.
const MAX_BYTES: usize = 1 << 20;

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
        let error = RegistryError::Receipt;
        if bytes.len() > MAX_BYTES {
            return Err(error("too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| error("not UTF-8"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(error("no blank line"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(error("not c2sp.org/tlog-proof@v1"));
        }
        let extra =
            lines.next().and_then(|line| line.strip_prefix("extra ")).ok_or(error("no extra line"))?;
        let extra = BASE64.decode(extra.as_bytes()).map_err(|_| error("the extra line is not base64"))?;
        let entry = Entry::parse(&extra)?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        if index.ok_or(error("no index line"))? != entry.index {
            return Err(error("the index is not the entry's"));
        }
        let proof: Vec<Digest> = lines
            .map(hash_from_base64)
            .collect::<Option<_>>()
            .ok_or(error("a proof line that is no hash"))?;
        if proof.len() > 63 {
            return Err(error("more than 63 hashes"));
        }
        Ok(Self { entry, proof, checkpoint: Note::parse(checkpoint.as_bytes())? })
    }

    /// The receipt's bytes, as they are attached.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// Checks the checkpoint's signature, its origin, and that the entry is in its tree.
    ///
    /// # Errors
    /// As [`Checkpoint::open`] and [`merkle::verify_inclusion`].
    pub fn verify(&self, origin: &str, known: &[NoteVerifier]) -> Result<Checkpoint, RegistryError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, origin, known)?;
        merkle::verify_inclusion(
            &self.entry.leaf_hash(),
            self.entry.index,
            checkpoint.size,
            &self.proof,
            &checkpoint.root,
        )?;
        Ok(checkpoint)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extra = BASE64.encode(&self.entry.to_bytes());
        write!(f, "{HEADER}\nextra {extra}\nindex {}\n", self.entry.index)?;
        for hash in &self.proof {
            writeln!(f, "{}", base64_hash(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
