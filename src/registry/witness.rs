//! C2SP tlog-witness v1.0.0, <https://c2sp.org/tlog-witness@v1.0.0>: what a log sends to a witness, and what that answers.
//!
//! The bodies of `POST <prefix>/add-checkpoint` with their readers, and the rule by which a witness accepts one. Keeping the
//! state durably before the answer leaves is the server's business.

use std::fmt;

use super::checkpoint::Checkpoint;
use super::error::RegistryError;
use super::note::{Note, NoteSignature, NoteVerifier, parse_line};
use super::{base64_hash, decimal, hash_from_base64, merkle};
use crate::record::Digest;

/// Where a checkpoint is sent, relative to the submission prefix.
pub const ADD_CHECKPOINT: &str = "add-checkpoint";
/// The content type of the size in an answer of 409.
pub const SIZE_TYPE: &str = "text/x.tlog.size";
/// Bytes that a request may have.
pub const MAX_BYTES: usize = 64 << 10;

/// The body of `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the log believes the witness cosigned last.
    pub old: u64,
    /// The consistency proof from there to the checkpoint.
    pub proof: Vec<Digest>,
    /// The checkpoint.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads a body.
    ///
    /// # Errors
    /// [`RegistryError::Witness`], [`RegistryError::Note`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RegistryError> {
        let error = RegistryError::Witness;
        if bytes.len() > MAX_BYTES {
            return Err(error("too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| error("not UTF-8"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(error("no blank line"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(error("no old size"))?;
        let proof: Vec<Digest> = lines
            .map(hash_from_base64)
            .collect::<Option<_>>()
            .ok_or(error("a proof line that is no hash"))?;
        if proof.len() > 63 {
            return Err(error("more than 63 hashes"));
        }
        Ok(Self { old, proof, checkpoint: Note::parse(checkpoint.as_bytes())? })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", base64_hash(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400: malformed, or the old size is above the checkpoint's.
    Malformed(RegistryError),
    /// 403: no good signature by the log.
    Unsigned(RegistryError),
    /// 404: a log that the witness does not know.
    UnknownLog,
    /// 409: the witness cosigned this size last.
    Conflict(u64),
    /// 422: the proof does not lead there, or there is another root at the same size.
    Inconsistent(RegistryError),
}

impl Refusal {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Unsigned(_) => 403,
            Self::UnknownLog => 404,
            Self::Conflict(_) => 409,
            Self::Inconsistent(_) => 422,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) | Self::Unsigned(error) | Self::Inconsistent(error) => error.fmt(f),
            Self::UnknownLog => f.write_str("unknown log"),
            Self::Conflict(size) => write!(f, "{size}"),
        }
    }
}

/// The origin that a request speaks for; nothing is verified.
///
/// # Errors
/// [`Refusal::Malformed`].
pub fn origin_of(request: &AddCheckpoint) -> Result<String, Refusal> {
    Ok(Checkpoint::parse(request.checkpoint.text()).map_err(Refusal::Malformed)?.origin)
}

/// Decides whether a witness that cosigned `last` of this log (size and root; nothing is size 0) may cosign the request's
/// checkpoint. What comes back must be durable before it is cosigned, and nothing else may be decided on `last` meanwhile.
///
/// # Errors
/// [`Refusal`].
pub fn judge(
    request: &AddCheckpoint,
    origin: &str,
    log_keys: &[NoteVerifier],
    last: Option<(u64, Digest)>,
) -> Result<Checkpoint, Refusal> {
    let checkpoint =
        Checkpoint::open(&request.checkpoint, origin, log_keys).map_err(|error| match error {
            RegistryError::Checkpoint(_) => Refusal::Malformed(error),
            RegistryError::Origin { .. } => Refusal::UnknownLog,
            error => Refusal::Unsigned(error),
        })?;
    if request.old > checkpoint.size {
        return Err(Refusal::Malformed(RegistryError::Sizes { older: request.old, newer: checkpoint.size }));
    }
    let (size, root) = last.unwrap_or_else(|| (0, merkle::empty_root()));
    if request.old != size {
        return Err(Refusal::Conflict(size));
    }
    merkle::verify_consistency(size, &root, checkpoint.size, &checkpoint.root, &request.proof)
        .map_err(Refusal::Inconsistent)?;
    Ok(checkpoint)
}

/// The answer of 200: one line a cosignature.
pub fn answer_to_text(cosignatures: &[NoteSignature]) -> String {
    cosignatures.iter().map(|line| format!("{line}\n")).collect()
}

/// Reads the answer of 200. Nothing is verified yet.
///
/// # Errors
/// [`RegistryError::Witness`], [`RegistryError::Note`].
pub fn answer_from_text(text: &str) -> Result<Vec<NoteSignature>, RegistryError> {
    let error = RegistryError::Witness;
    if text.len() > MAX_BYTES {
        return Err(error("too long"));
    }
    let lines = text.strip_suffix('\n').ok_or(error("no newline at the end"))?;
    lines.split('\n').map(parse_line).collect()
}

/// Reads the size in an answer of 409.
///
/// # Errors
/// [`RegistryError::Witness`].
pub fn size_from_text(text: &str) -> Result<u64, RegistryError> {
    text.strip_suffix('\n').and_then(decimal).ok_or(RegistryError::Witness("not a size"))
}

/// The name under which a witness gives out the last checkpoint it cosigned: `<hex of SHA-256(origin)>/checkpoint`.
pub fn monitor_path(origin: &str) -> String {
    format!("{}/checkpoint", Digest::of(origin.as_bytes()).hex())
}
