//! The registry's formats: an append-only log, one an office. *Core.*
//!
//! In come commitments; out go entries, tree hashes, checkpoints and receipts, each with its reader beside its
//! writer. Not its business: where entries are kept and in which order they come (`store`), and keys, which are
//! handed in. The bytes are specified in `docs/format.md`, sections 3 and 4; tiles and notes are C2SP's, so that
//! others' tools read them.

pub mod check;
pub mod checkpoint;
pub mod cosignature;
pub mod entry;
mod error;
#[cfg(feature = "issue")]
pub mod log;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
pub mod receipt;
pub mod replay;
pub mod status;
pub mod tiles;
pub mod witness;

pub use checkpoint::Checkpoint;
pub use entry::{Entry, EntryKind, RevokeCause, VoidCause};
pub use error::RegistryError;
pub use note::Note;
pub use receipt::Receipt;

use crate::record::Digest;

/// The origin of an office's log, which is also the name of its key in checkpoints: `<host>/<code>` where the office has an
/// address for verification, else `<code>.saoy.invalid/log` with the code in lower case.
pub fn origin(office_code: &str, verify_host: Option<&str>) -> String {
    match verify_host {
        Some(host) => format!("{host}/{office_code}"),
        None => format!("{}.saoy.invalid/log", office_code.to_ascii_lowercase()),
    }
}

/// Reads what a decimal number must look like in C2SP's texts: no sign, no leading zero.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Standard base64 of a hash, as C2SP's texts write it.
fn base64_hash(hash: &Digest) -> String {
    data_encoding::BASE64.encode(&hash.0)
}

/// Reads standard base64 in its one form: the library also takes padding in the middle.
fn from_base64(text: &str) -> Result<Vec<u8>, ()> {
    let bytes = data_encoding::BASE64.decode(text.as_bytes()).map_err(|_| ())?;
    if data_encoding::BASE64.encode(&bytes) == text { Ok(bytes) } else { Err(()) }
}

fn hash_from_base64(text: &str) -> Option<Digest> {
    from_base64(text).ok()?.try_into().ok().map(Digest)
}
