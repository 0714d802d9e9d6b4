//! The signature algorithms that a certificate may have: their identifiers, digests and strict verification.

use const_oid::ObjectIdentifier;
use der::{Any, asn1::Null};
use rsa::pkcs1::DecodeRsaPublicKey as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use signature::hazmat::PrehashVerifier as _;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoRef};

/// `ecdsa-with-SHA256` (RFC 5758).
pub(super) const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
/// `id-ecPublicKey` (RFC 5480).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `secp256r1` (RFC 5480).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// `id-Ed25519` (RFC 8410).
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// `rsaEncryption` (RFC 8017).
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `sha256WithRSAEncryption` (RFC 4055).
pub(super) const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
/// `id-sha256` (RFC 5754).
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// `id-sha512` (RFC 5754).
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// The shortest RSA modulus that is still believed, bits.
const RSA_MIN_BITS: u32 = 2048;

/// A signature algorithm that a certificate of ours may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, low S, DER (RFC 5758).
    EcdsaP256,
    /// Pure Ed25519, SHA-512 as the CMS digest (RFC 8419).
    Ed25519,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 4055).
    RsaPkcs1,
}

/// Why a signature is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key's bytes are not a key of its algorithm, or an RSA key is shorter than 2048 bits.
    #[error("the public key is malformed or too weak")]
    Key,
    /// The signature's bytes are not of the form that the algorithm has.
    #[error("the signature is not encoded as its algorithm asks")]
    Encoding,
    /// The other one of the two signatures that ECDSA allows; only the low one is accepted.
    #[error("the ECDSA signature has a high S")]
    HighS,
    /// The signature is well formed and belongs to other bytes or another key.
    #[error("the signature does not belong to these bytes and this key")]
    Mismatch,
}

/// The digest that a signature algorithm goes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl DigestAlgorithm {
    /// How long the digest is, bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The identifier as CMS writes it: parameters absent (RFC 5754).
    pub(super) fn identifier(self) -> AlgorithmIdentifierOwned {
        let oid = match self {
            Self::Sha256 => SHA256,
            Self::Sha512 => SHA512,
        };
        AlgorithmIdentifierOwned { oid, parameters: None }
    }

    /// The digest of an identifier, if it is one of these.
    pub(super) fn of(oid: ObjectIdentifier) -> Option<Self> {
        match oid {
            SHA256 => Some(Self::Sha256),
            SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// A running digest; a clone goes on from the same point.
#[derive(Clone)]
pub enum Hasher {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-512.
    Sha512(Sha512),
}

impl Hasher {
    /// A digest of nothing yet.
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        match algorithm {
            DigestAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            DigestAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    /// The digest: 32 or 64 bytes.
    pub fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hash) => hash.finalize().to_vec(),
            Self::Sha512(hash) => hash.finalize().to_vec(),
        }
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sha256(_) => "Hasher::Sha256",
            Self::Sha512(_) => "Hasher::Sha512",
        })
    }
}

impl Algorithm {
    /// The digest that goes over the file: SHA-512 for Ed25519 (RFC 8419), else SHA-256.
    pub const fn digest(self) -> DigestAlgorithm {
        match self {
            Self::EcdsaP256 | Self::RsaPkcs1 => DigestAlgorithm::Sha256,
            Self::Ed25519 => DigestAlgorithm::Sha512,
        }
    }

    /// The algorithm that a public key signs with, if it is one of ours.
    pub fn of_key(key: SubjectPublicKeyInfoRef<'_>) -> Option<Self> {
        let parameters = key.algorithm.parameters;
        match key.algorithm.oid {
            EC_PUBLIC_KEY if parameters?.decode_as::<ObjectIdentifier>().ok()? == P256 => {
                Some(Self::EcdsaP256)
            }
            ED25519 if parameters.is_none() => Some(Self::Ed25519),
            RSA if parameters?.is_null() => Some(Self::RsaPkcs1),
            _ => None,
        }
    }

    /// The signature algorithm's identifier as CMS writes it: parameters absent, NULL for RSA (RFC 4055).
    pub(super) fn identifier(self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self {
            Self::EcdsaP256 => (ECDSA_SHA256, None),
            Self::Ed25519 => (ED25519, None),
            Self::RsaPkcs1 => (RSA_SHA256, Some(Any::from(Null))),
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }

    /// Checks a signature as strictly as our own signatures are made: low S for ECDSA, `verify_strict` for Ed25519.
    ///
    /// `key` is the bit string of the SubjectPublicKeyInfo, `signature` as CMS carries it.
    ///
    /// # Errors
    /// Why the signature is not believed.
    pub fn verify(self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match self {
            Self::EcdsaP256 => {
                let (key, signature) = ecdsa_parts(key, signature)?;
                if signature.normalize_s() != signature {
                    return Err(SignatureError::HighS);
                }
                equation(&key, message, &signature)
            }
            Self::Ed25519 => verify_ed25519(key, message, signature),
            Self::RsaPkcs1 => verify_rsa(key, message, signature, RsaDigest::Sha256),
        }
    }

    /// The signature in the one form that is written: an ECDSA signature with low S, others as they are.
    pub(super) fn canonical(self, signature: &[u8]) -> Result<Vec<u8>, SignatureError> {
        match self {
            Self::EcdsaP256 => {
                let signature =
                    p256::ecdsa::Signature::from_der(signature).map_err(|_| SignatureError::Encoding)?;
                Ok(signature.normalize_s().to_der().as_bytes().to_vec())
            }
            Self::Ed25519 | Self::RsaPkcs1 => Ok(signature.to_vec()),
        }
    }
}

/// The digests that an RSA signature on a certificate may have; our own CMS has only SHA-256.
#[derive(Clone, Copy, Debug)]
pub(super) enum RsaDigest {
    Sha256,
    Sha384,
    Sha512,
}

/// ECDSA P-256 with SHA-256 as X.509 has it: either S is good.
pub(super) fn verify_ecdsa(key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let (key, signature) = ecdsa_parts(key, signature)?;
    equation(&key, message, &signature)
}

/// Whether ECDSA's equation holds (FIPS 186-5, 6.4.2). Which keys and signatures are well formed was decided before, by the same code in every
/// build; what is left has one answer, and `ring`, which is there where copies are made, gives it three times as fast.
#[cfg(feature = "issue")]
fn equation(
    key: &p256::ecdsa::VerifyingKey,
    message: &[u8],
    signature: &p256::ecdsa::Signature,
) -> Result<(), SignatureError> {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    let point = key.to_sec1_point(false);
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.as_bytes());
    key.verify(message, &signature.to_bytes()).map_err(|_| SignatureError::Mismatch)
}

/// The same without a system's compiler, for wasm32 and whoever only verifies.
#[cfg(not(feature = "issue"))]
fn equation(
    key: &p256::ecdsa::VerifyingKey,
    message: &[u8],
    signature: &p256::ecdsa::Signature,
) -> Result<(), SignatureError> {
    use signature::Verifier as _;
    key.verify(message, signature).map_err(|_| SignatureError::Mismatch)
}

pub(super) fn verify_ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let key = key.try_into().map_err(|_| SignatureError::Key)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| SignatureError::Key)?;
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| SignatureError::Encoding)?;
    key.verify_strict(message, &signature).map_err(|_| SignatureError::Mismatch)
}

pub(super) fn verify_rsa(
    key: &[u8],
    message: &[u8],
    signature: &[u8],
    digest: RsaDigest,
) -> Result<(), SignatureError> {
    use rsa::{pkcs1v15, traits::PublicKeyParts as _};
    let key = rsa::RsaPublicKey::from_pkcs1_der(key).map_err(|_| SignatureError::Key)?;
    if key.n().bits() < RSA_MIN_BITS {
        return Err(SignatureError::Key);
    }
    let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| SignatureError::Encoding)?;
    match digest {
        RsaDigest::Sha256 => {
            pkcs1v15::VerifyingKey::<Sha256>::new(key).verify_prehash(&Sha256::digest(message), &signature)
        }
        RsaDigest::Sha384 => {
            pkcs1v15::VerifyingKey::<Sha384>::new(key).verify_prehash(&Sha384::digest(message), &signature)
        }
        RsaDigest::Sha512 => {
            pkcs1v15::VerifyingKey::<Sha512>::new(key).verify_prehash(&Sha512::digest(message), &signature)
        }
    }
    .map_err(|_| SignatureError::Mismatch)
}

fn ecdsa_parts(
    key: &[u8],
    signature: &[u8],
) -> Result<(p256::ecdsa::VerifyingKey, p256::ecdsa::Signature), SignatureError> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| SignatureError::Key)?;
    let signature = p256::ecdsa::Signature::from_der(signature).map_err(|_| SignatureError::Encoding)?;
    Ok((key, signature))
}
