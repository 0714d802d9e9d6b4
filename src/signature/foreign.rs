//! Signatures that other programs made (RFC 5652): whether they hold, and nothing about whom to believe.
//!
//! In comes SignedData in DER and whoever can digest what it covers; out goes whether the digest and the signature hold under the certificate that
//! is enclosed. Not its business: whose certificate that is. It takes more forms than [`super::cms`], which takes Saoy's alone: nothing becomes a copy
//! by it.

use const_oid::ObjectIdentifier;
use der::asn1::{OctetString, SetOfVec};
use der::{Decode as _, Encode as _};

use super::algorithm::{
    ECDSA_SHA256, ED25519, RSA, RSA_SHA256, RsaDigest, verify_ecdsa, verify_ed25519, verify_rsa,
};
use super::certificate::Certificate;
use super::cms::{
    CONTENT_TYPE, ContentInfo, DATA, MESSAGE_DIGEST, SIGNED_DATA, SignedDataDer, encoded_length,
};
use super::{Algorithm, DigestAlgorithm};

/// `sha512WithRSAEncryption` (RFC 4055). Older programs write `rsaEncryption` whatever the digest.
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// Why nothing is said about a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Not in the form that is read here.
    #[error("the signature is not one that can be read here: {0}")]
    Malformed(&'static str),
    /// A digest or key that is not known here.
    #[error("the signature's {0} is not one that is known here")]
    Algorithm(&'static str),
}

/// What was found about a signature.
#[derive(Clone, Debug)]
pub struct Attested {
    /// The certificate that answers for it; nobody vouched for it.
    pub signer: Certificate,
    /// Whether the signed digest is that of the bytes.
    pub digest: bool,
    /// Whether the signature over that digest holds.
    pub signature: bool,
}

/// Reads a detached signature, with zeros behind it as a PDF's gap has them.
///
/// # Errors
/// [`Unread`] where it cannot be judged here; that says nothing against it.
pub fn detached(gap: &[u8], digest: impl Fn(DigestAlgorithm) -> Vec<u8>) -> Result<Attested, Unread> {
    let signed = signed_data(gap)?;
    if signed.encapsulated.content_type != DATA || signed.encapsulated.content.is_some() {
        return Err(Unread::Malformed("it is not a detached one"));
    }
    attested(&signed, DATA, digest)
}

/// The SignedData at the beginning of a gap.
pub(super) fn signed_data(gap: &[u8]) -> Result<SignedDataDer, Unread> {
    let length = encoded_length(gap).ok_or(Unread::Malformed("no DER"))?;
    let (der, padding) = gap.split_at_checked(length).ok_or(Unread::Malformed("cut off"))?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(Unread::Malformed("bytes behind it"));
    }
    let content = ContentInfo::from_der(der).map_err(|_| Unread::Malformed("no SignedData"))?;
    if content.content_type != SIGNED_DATA {
        return Err(Unread::Malformed("no SignedData"));
    }
    Ok(content.content)
}

/// Whether the one signer of this content, of which `digest` knows the digests, signed it.
pub(super) fn attested(
    signed: &SignedDataDer,
    kind: ObjectIdentifier,
    digest: impl Fn(DigestAlgorithm) -> Vec<u8>,
) -> Result<Attested, Unread> {
    let [signer] = signed.signer_infos.as_ref() else { return Err(Unread::Malformed("not one signer")) };
    let mut certificates = signed
        .certificates
        .iter()
        .flat_map(SetOfVec::iter)
        .filter_map(|any| Certificate::from_der(&any.to_der().ok()?).ok());
    let certificate = certificates.find(|certificate| {
        let tbs = certificate.x509().tbs_certificate();
        *tbs.issuer() == signer.sid.issuer && *tbs.serial_number() == signer.sid.serial_number
    });
    let certificate = certificate.ok_or(Unread::Malformed("without its signer's certificate"))?;
    let attribute = |oid| {
        let mut found = signer.signed_attributes.iter().filter(|attribute| attribute.oid == oid);
        let (attribute, more) = (found.next()?, found.next());
        (more.is_none() && attribute.values.len() == 1).then(|| attribute.values.get(0))?
    };
    let stated_kind = attribute(CONTENT_TYPE).and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let stated = attribute(MESSAGE_DIGEST).and_then(|any| any.decode_as::<OctetString>().ok());
    let (Some(stated), true) = (stated, stated_kind == Some(kind)) else {
        return Err(Unread::Malformed("attributes"));
    };
    let known = DigestAlgorithm::of(signer.digest_algorithm.oid).ok_or(Unread::Algorithm("digest"))?;
    let message = signer.signed_attributes.to_der().map_err(|_| Unread::Malformed("attributes"))?;
    let (key, value) = (certificate.public_key(), signer.signature.as_bytes());
    let named = signer.signature_algorithm.oid;
    let holds = match (certificate.algorithm(), known) {
        (Some(Algorithm::RsaPkcs1), DigestAlgorithm::Sha256) if [RSA, RSA_SHA256].contains(&named) => {
            verify_rsa(key, &message, value, RsaDigest::Sha256)
        }
        (Some(Algorithm::RsaPkcs1), DigestAlgorithm::Sha512) if [RSA, RSA_SHA512].contains(&named) => {
            verify_rsa(key, &message, value, RsaDigest::Sha512)
        }
        (Some(Algorithm::EcdsaP256), DigestAlgorithm::Sha256) if named == ECDSA_SHA256 => {
            verify_ecdsa(key, &message, value)
        }
        (Some(Algorithm::Ed25519), DigestAlgorithm::Sha512) if named == ED25519 => {
            verify_ed25519(key, &message, value)
        }
        _ => return Err(Unread::Algorithm("key")),
    };
    Ok(Attested {
        digest: stated.as_bytes() == digest(known).as_slice(),
        signature: holds.is_ok(),
        signer: certificate,
    })
}
