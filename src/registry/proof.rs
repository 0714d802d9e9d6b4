//! C2SP tlog-proof@v1, <https://c2sp.org/tlog-proof> (no tag; read at commit 5ba5ee8): that a leaf is in a log.

use std::fmt;

use data_encoding::BASE64;

use super::checkpoint::Checkpoint;
use super::error::RegistryError;
use super::note::{Note, NoteVerifier};
use super::{base64_hash, decimal, hash_from_base64, merkle};
use crate::record::Digest;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Bytes that a proof may have.
const MAX_BYTES: usize = 1 << 20;

/// A proof of inclusion with the checkpoint to which it leads. Of which leaf, its application knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What the application adds; not authenticated by itself.
    pub extra: Option<Vec<u8>>,
    /// The leaf's index.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub hashes: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

impl Proof {
    /// Reads a proof. Nothing is verified yet.
    ///
    /// # Errors
    /// [`RegistryError::Receipt`], [`RegistryError::Note`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RegistryError> {
        let error = RegistryError::Receipt;
        if bytes.len() > MAX_BYTES {
            return Err(error("too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| error("not UTF-8"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(error("no blank line"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(error("not c2sp.org/tlog-proof@v1"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(|line| &line["extra ".len()..]);
        let extra = extra.map(super::from_base64).transpose();
        let extra = extra.map_err(|_| error("the extra line is not base64"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.ok_or(error("no index line"))?;
        let hashes: Vec<Digest> = lines
            .map(hash_from_base64)
            .collect::<Option<_>>()
            .ok_or(error("a proof line that is no hash"))?;
        if hashes.len() > 63 {
            return Err(error("more than 63 hashes"));
        }
        Ok(Self { extra, index, hashes, checkpoint: Note::parse(checkpoint.as_bytes())? })
    }

    /// Checks the checkpoint's signature, its origin, and that the leaf is in its tree.
    ///
    /// # Errors
    /// As [`Checkpoint::open`] and [`merkle::verify_inclusion`].
    pub fn verify(
        &self,
        leaf: &Digest,
        origin: &str,
        known: &[NoteVerifier],
    ) -> Result<Checkpoint, RegistryError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, origin, known)?;
        merkle::verify_inclusion(leaf, self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }

    /// Checks that another log's checkpoint is an entry of this one: how a copy's receipt chains to a national log of the offices'
    /// checkpoints. The entry is the checkpoint's text.
    ///
    /// # Errors
    /// As [`Proof::verify`].
    pub fn verify_checkpoint(
        &self,
        logged: &Note,
        origin: &str,
        known: &[NoteVerifier],
    ) -> Result<Checkpoint, RegistryError> {
        self.verify(&merkle::leaf_hash(logged.text().as_bytes()), origin, known)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", base64_hash(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
