//! A private key in memory: P-256 or Ed25519.

use ed25519_dalek::pkcs8::KeypairBytes;
use p256::ecdsa::signature::Signer as _;
use pkcs8::{EncodePrivateKey as _, PrivateKeyInfoRef, SecretDocument};
use spki::EncodePublicKey as _;
use zeroize::Zeroizing;

use crate::ambient::Entropy;
use crate::signature::Algorithm;

/// A private key; it is wiped when it is dropped, and never shown.
#[derive(Clone)]
pub enum PrivateKey {
    /// ECDSA on P-256; signatures are deterministic (RFC 6979) and have low S.
    EcdsaP256(p256::ecdsa::SigningKey),
    /// Ed25519.
    Ed25519(ed25519_dalek::SigningKey),
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({:?})", self.algorithm())
    }
}

/// Why PKCS#8 bytes are not a key that is used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotUsable {
    Malformed,
    Rsa,
    Algorithm,
}

impl PrivateKey {
    /// A new key from this entropy; `None` for RSA, which is not used in software.
    pub fn generate(algorithm: Algorithm, entropy: &dyn Entropy) -> Option<Self> {
        match algorithm {
            Algorithm::EcdsaP256 => Some(Self::EcdsaP256(p256_key(entropy))),
            Algorithm::Ed25519 => Some(Self::Ed25519(ed25519_key(entropy))),
            Algorithm::RsaPkcs1 => None,
        }
    }

    /// Its algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::EcdsaP256(_) => Algorithm::EcdsaP256,
            Self::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The signature as CMS and X.509 carry it: ECDSA as DER with low S, Ed25519 as 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::EcdsaP256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.normalize_s().to_der().as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        }
    }

    /// The SubjectPublicKeyInfo, DER.
    pub fn public_key_info(&self) -> Vec<u8> {
        match self {
            Self::EcdsaP256(key) => key.verifying_key().to_public_key_der(),
            Self::Ed25519(key) => key.verifying_key().to_public_key_der(),
        }
        .expect("a public key has a DER form")
        .into_vec()
    }

    /// PKCS#8 version 1, which OpenSSL 3.0 reads too.
    pub(super) fn to_pkcs8(&self) -> SecretDocument {
        match self {
            Self::EcdsaP256(key) => key.to_pkcs8_der(),
            Self::Ed25519(key) => {
                KeypairBytes { secret_key: key.to_bytes(), public_key: None }.to_pkcs8_der()
            }
        }
        .expect("a private key has a PKCS#8 form")
    }

    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, NotUsable> {
        const EC: pkcs8::ObjectIdentifier = pkcs8::ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
        const ED25519: pkcs8::ObjectIdentifier = pkcs8::ObjectIdentifier::new_unwrap("1.3.101.112");
        const RSA: pkcs8::ObjectIdentifier = pkcs8::ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
        const P256: pkcs8::ObjectIdentifier = pkcs8::ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| NotUsable::Malformed)?;
        match info.algorithm.oid {
            EC if info.algorithm.parameters_oid() == Ok(P256) => {
                p256::ecdsa::SigningKey::try_from(info).map(Self::EcdsaP256).map_err(|_| NotUsable::Malformed)
            }
            ED25519 => {
                ed25519_dalek::SigningKey::try_from(info).map(Self::Ed25519).map_err(|_| NotUsable::Malformed)
            }
            RSA => Err(NotUsable::Rsa),
            _ => Err(NotUsable::Algorithm),
        }
    }
}

pub(super) fn p256_key(entropy: &dyn Entropy) -> p256::ecdsa::SigningKey {
    let mut bytes = Zeroizing::new([0; 32]);
    loop {
        entropy.fill(bytes.as_mut());
        // Refused only when 0 or not below the group's order: once in 2^32.
        if let Ok(key) = p256::ecdsa::SigningKey::from_slice(bytes.as_ref()) {
            return key;
        }
    }
}

pub(super) fn ed25519_key(entropy: &dyn Entropy) -> ed25519_dalek::SigningKey {
    let mut seed = Zeroizing::new([0; 32]);
    entropy.fill(seed.as_mut());
    ed25519_dalek::SigningKey::from_bytes(&seed)
}
