//! Why an entry, a proof, a note, a checkpoint or a receipt is refused.

use thiserror::Error;

use crate::error::Failure;

/// Why an entry, a proof, a note, a checkpoint or a receipt is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegistryError {
    /// The bytes are no entry.
    #[error("not an entry: {0}")]
    Entry(&'static str),
    /// An index outside the tree.
    #[error("no leaf {index} in a tree of {size}")]
    Index {
        /// The index asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// A consistency proof from a larger tree to a smaller one.
    #[error("a tree of {older} cannot come before one of {newer}")]
    Sizes {
        /// The size that should be the smaller one.
        older: u64,
        /// The size that should be the larger one.
        newer: u64,
    },
    /// A proof with too few or too many hashes.
    #[error("{found} hashes do not make a proof at this place")]
    ProofLength {
        /// As many came.
        found: usize,
    },
    /// A proof that leads to another root than the checkpoint's.
    #[error("the proof leads to another root hash")]
    Root,
    /// A tree's right edge that does not fit its size.
    #[error("{found} hashes are not the right edge of a tree of {size}")]
    Edge {
        /// The tree's size.
        size: u64,
        /// As many came.
        found: usize,
    },
    /// The bytes are no signed note.
    #[error("not a signed note: {0}")]
    Note(&'static str),
    /// Not a verifier key.
    #[error("not a verifier key: {0}")]
    Key(&'static str),
    /// No signature by a known key.
    #[error("no signature by a known key")]
    Unsigned,
    /// A signature by a known key that does not verify.
    #[error("the signature of {name} does not verify")]
    Signature {
        /// The key's name.
        name: String,
    },
    /// The text is no checkpoint.
    #[error("not a checkpoint: {0}")]
    Checkpoint(&'static str),
    /// A checkpoint of another log.
    #[error("a checkpoint of {found:?}, not of {expected:?}")]
    Origin {
        /// The origin in the checkpoint.
        found: String,
        /// The origin that it should have.
        expected: String,
    },
    /// An entry that cannot stand where it stands.
    #[error("entry {index}: {problem}")]
    History {
        /// Its place.
        index: u64,
        /// What is wrong.
        problem: String,
    },
    /// Not a status list.
    #[error("not a status list: {0}")]
    Status(&'static str),
    /// Not a tile, a bundle or their path.
    #[error("not a tile: {0}")]
    Tile(&'static str),
    /// Not a request to a witness or its answer.
    #[error("not a witness's message: {0}")]
    Witness(&'static str),
    /// Not a policy.
    #[error("not a policy: line {line}: {problem}")]
    Policy {
        /// The line, from 1; 0 for the whole.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// The bytes are no receipt.
    #[error("not a receipt: {0}")]
    Receipt(&'static str),
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let (code, advice) = match error {
            RegistryError::Unsigned | RegistryError::Key(_) | RegistryError::Origin { .. } => {
                ("unknown-log", "Check that the trust list names this office's log and its key.")
            }
            RegistryError::History { .. } => (
                "registry-broken",
                "run `saoy registry check --home DIR`: it names the first thing that is wrong",
            ),
            _ => ("bad-log-proof", "Do not rely on this proof; ask the office that issued it for a new one."),
        };
        Self::new(code, error.to_string(), advice)
    }
}
