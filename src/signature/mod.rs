//! PDF signature formats, both directions. *Core.*
//!
//! In come bytes to be signed and a [`Signer`]; out goes CMS SignedData for PAdES B-B (ETSI EN 319 142-1), and back again:
//! parsed, checked, its certificates chained to an office's root. Not its business: where a key lives, what a PDF page looks like.

use std::error::Error;

/// A signature algorithm that a certificate of ours may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, low S, DER (RFC 5758).
    EcdsaP256,
    /// Pure Ed25519, SHA-512 as the CMS digest (RFC 8419).
    Ed25519,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 4055).
    RsaPkcs1,
}

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
