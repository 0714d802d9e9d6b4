//! PDF signature formats, both directions. *Core.*
//!
//! In come bytes to be signed and a [`Signer`]; out goes CMS SignedData for PAdES B-B (ETSI EN 319 142-1), and back again:
//! parsed, checked, its certificates chained to an office's root. Not its business: where a key lives, what a PDF page looks like.
//!
//! - [`byte_range`]: the gap in the file that holds a signature, and the digest of everything around it.
//! - [`cms`]: the SignedData in the gap, prepared, finished by whoever holds the key, and strictly read again.
//! - [`certificate`]: what a certificate says; [`chain`]: whether it leads to a root that is trusted; [`paths`]: the
//!   same, remembered.
//! - [`foreign`]: signatures of other programs, as far as they can be judged.
//! - [`timestamp`]: the token of a document timestamp that somebody appended.
//!
//! What this room decides where the design leaves it open: the gap of 32 KiB counts its angle brackets; signed attributes are
//! exactly content-type, message-digest and signing-certificate-v2, unsigned ones are refused; a signer is named by issuer and
//! serial number; a P-256 signature that a token returns with high S is brought to low S before it is written; certificates
//! themselves may carry high S, because other authorities issue them so.

mod algorithm;
pub mod byte_range;
pub mod certificate;
pub mod chain;
pub mod cms;
pub mod foreign;
pub mod paths;
pub mod timestamp;

use std::error::Error;

pub use algorithm::{Algorithm, DigestAlgorithm, Hasher, SignatureError};

/// A private key with its certificate, wherever it lives: a file, a token, a service.
pub trait Signer: Send + Sync {
    /// The algorithm of the key.
    fn algorithm(&self) -> Algorithm;

    /// The certificates, DER, the signer's own first, then intermediates; the root may be left out.
    fn certificates(&self) -> &[Vec<u8>];

    /// The signature over `message`, in the form that CMS carries (ECDSA as DER).
    ///
    /// # Errors
    /// Whatever the key's home says: token absent, refused, broken.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}
