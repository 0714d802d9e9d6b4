//! C2SP tlog-checkpoint v1.0.0, <https://c2sp.org/tlog-checkpoint@v1.0.0>: a log's signed size and root.
//!
//! The log's key has the origin as its name. Extension lines are read, and none is written.

use super::error::RegistryError;
use super::merkle::empty_root;
use super::note::{Note, NoteSigner, NoteVerifier};
use super::{base64_hash, decimal, hash_from_base64};
use crate::record::Digest;

/// A log's state at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's identity.
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// The tree's root.
    pub root: Digest,
    /// Opaque lines after these.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: impl Into<String>, size: u64, root: Digest) -> Self {
        Self { origin: origin.into(), size, root, extensions: Vec::new() }
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, base64_hash(&self.root));
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`RegistryError::Checkpoint`].
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let error = RegistryError::Checkpoint;
        let text = text.strip_suffix('\n').ok_or(error("the text does not end in a newline"))?;
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(error("no origin"))?;
        let size = lines.next().and_then(decimal).ok_or(error("no size"))?;
        let root = lines.next().and_then(hash_from_base64).ok_or(error("no root hash"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(error("an empty line"));
        }
        if size == 0 && root != empty_root() {
            return Err(error("an empty tree with another root than its own"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// Signs with the log's key, and only with a key that has the origin as its name.
    ///
    /// # Errors
    /// [`RegistryError::Origin`] for a key of another name; [`RegistryError::Checkpoint`] and [`RegistryError::Note`]
    /// for an origin or extension line that is empty, or has a newline or another control character.
    pub fn sign(&self, key: &NoteSigner) -> Result<Note, RegistryError> {
        if key.verifier().name() != self.origin {
            let (found, expected) = (self.origin.clone(), key.verifier().name().to_owned());
            return Err(RegistryError::Origin { found, expected });
        }
        let text = self.text();
        if Self::parse(&text).as_ref() != Ok(self) {
            return Err(RegistryError::Checkpoint("the text would not read back the same"));
        }
        Note::sign(&text, &[key])
    }

    /// Reads a signed checkpoint of the log `origin`: its text, and a signature by one of the log's keys, which have
    /// the origin as their name. Other known keys may have signed too; each of their signatures must verify.
    ///
    /// # Errors
    /// [`RegistryError::Origin`] for another log's, [`RegistryError::Unsigned`] and [`RegistryError::Signature`], and
    /// what reading says.
    pub fn open(note: &Note, origin: &str, known: &[NoteVerifier]) -> Result<Self, RegistryError> {
        let by = note.verify(known)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != origin {
            return Err(RegistryError::Origin { found: checkpoint.origin, expected: origin.to_owned() });
        }
        if !by.iter().any(|key| key.name() == origin) {
            return Err(RegistryError::Unsigned);
        }
        Ok(checkpoint)
    }
}
