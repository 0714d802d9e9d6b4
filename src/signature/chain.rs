//! The path from a signer's certificate to the root that is trusted, at one moment (RFC 5280).
//!
//! `rustls-webpki` builds and checks the path (names, signatures, validity, basicConstraints, pathLen, name constraints, unknown
//! critical extensions); what it leaves out because browsers do not ask is checked here: keyUsage of every certificate, the
//! root's own validity, extensions and pathLen, and the length of the whole.

use std::time::Duration;

use const_oid::ObjectIdentifier;
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, UnixTime, alg_id,
};
use time::OffsetDateTime;
use webpki::{
    EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter, RequiredEkuNotFoundContext,
};

use super::algorithm::{self, RsaDigest, SignatureError};
use super::certificate::{Certificate, CertificateError};

/// The longest path, root and signer included.
pub const MAX_CERTIFICATES: usize = 4;

/// Critical extensions that are understood here or by the path check: keyUsage, basicConstraints, nameConstraints, extKeyUsage,
/// subjectAltName.
const UNDERSTOOD: [ObjectIdentifier; 5] = [
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.30"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
];

/// Why a certificate is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The root, the signer's certificate or one between is not a certificate.
    #[error("a certificate of the path cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// Something in the path is not as RFC 5280 asks.
    #[error("a certificate of the path is malformed: {0}")]
    Malformed(String),
    /// The asked moment lies before 1970.
    #[error("{0} is no time for a certificate")]
    Time(OffsetDateTime),
    /// A certificate of the path had expired.
    #[error("a certificate of the path expired at {0}")]
    Expired(OffsetDateTime),
    /// A certificate of the path was not valid yet.
    #[error("a certificate of the path is not valid before {0}")]
    NotYetValid(OffsetDateTime),
    /// No path leads to the root.
    #[error("the certificate was not issued under the office's root")]
    UnknownIssuer,
    /// A certificate's signature is wrong.
    #[error("a certificate of the path carries a wrong signature")]
    BadSignature,
    /// An issuer is no authority: basicConstraints or keyUsage say so.
    #[error("a certificate of the path was issued by one that is not an authority")]
    NotAnAuthority,
    /// The signer's certificate is an authority's.
    #[error("the signer's certificate is an authority's")]
    SignerIsAuthority,
    /// More certificates than a pathLen or [`MAX_CERTIFICATES`] allow.
    #[error("the path has more certificates than it may")]
    TooLong,
    /// The key of the signer's certificate is not for signing documents.
    #[error("the signer's certificate is not for signing documents")]
    Purpose,
    /// An extension is critical and not understood.
    #[error("a certificate of the path has a critical extension that is not understood")]
    CriticalExtension,
    /// A name lies outside the constraints of an authority.
    #[error("a name in the path lies outside its authority's constraints")]
    NameConstraint,
    /// An algorithm that is not accepted.
    #[error("a certificate of the path uses an algorithm that is not accepted")]
    Algorithm,
}

/// A path that was checked: the signer's certificate first, the root last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    certificates: Vec<Certificate>,
}

impl Path {
    /// All certificates, the signer's first, the root last; two at least.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The signer's certificate.
    pub fn signer(&self) -> &Certificate {
        &self.certificates[0]
    }
}

/// Checks that `leaf` may sign documents and leads to `root` at the moment `at`, by way of any of `intermediates`.
///
/// All are DER. The root is believed because it was handed in; its own signature is not looked at. What stands in
/// `intermediates` without being needed is ignored, the leaf and the root themselves included.
///
/// # Errors
/// The reason nearest to the truth when several paths fail.
pub fn verify(
    leaf: &[u8],
    intermediates: &[Vec<u8>],
    root: &[u8],
    at: OffsetDateTime,
) -> Result<Path, ChainError> {
    let seconds = u64::try_from(at.unix_timestamp()).map_err(|_| ChainError::Time(at))?;
    let moment = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let leaf_facts = Certificate::from_der(leaf)?;
    let root_facts = check_root(root, at)?;

    let root_der = CertificateDer::from(root);
    let anchors = [webpki::anchor_from_trusted_cert(&root_der).map_err(|e| reason(&e))?];
    let leaf_der = CertificateDer::from(leaf);
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(|e| reason(&e))?;
    let between: Vec<_> = intermediates
        .iter()
        .filter(|der| der.as_slice() != leaf && der.as_slice() != root)
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let path = end_entity
        .verify_for_usage(&ALGORITHMS, &anchors, &between, moment, DocumentSigning, None, None)
        .map_err(|e| reason(&e))?;

    let mut certificates = vec![leaf_facts];
    for certificate in path.intermediate_certificates() {
        let certificate = Certificate::from_der(certificate.der().as_ref())?;
        check_authority(&certificate)?;
        certificates.push(certificate);
    }
    let between = certificates.len() - 1;
    certificates.push(root_facts);
    let allowed = certificates
        .last()
        .and_then(|root| root.authority().ok()?)
        .and_then(|authority| authority.path_length);
    if certificates.len() > MAX_CERTIFICATES || allowed.is_some_and(|most| between > usize::from(most)) {
        return Err(ChainError::TooLong);
    }
    check_signer(&certificates[0])?;
    Ok(Path { certificates })
}

/// What a root must be by itself at a moment: an authority, valid, without extensions that nobody here understands.
///
/// # Errors
/// The first thing that it is not.
pub fn check_root(root: &[u8], at: OffsetDateTime) -> Result<Certificate, ChainError> {
    let root = Certificate::from_der(root)?;
    if at < root.not_before() {
        return Err(ChainError::NotYetValid(root.not_before()));
    }
    if at > root.not_after() {
        return Err(ChainError::Expired(root.not_after()));
    }
    if root.critical_extensions().any(|oid| !UNDERSTOOD.contains(&oid)) {
        return Err(ChainError::CriticalExtension);
    }
    check_authority(&root)?;
    Ok(root)
}

fn check_authority(certificate: &Certificate) -> Result<(), ChainError> {
    let signs = certificate.key_usage()?.is_some_and(|usage| usage.key_cert_sign());
    if certificate.authority()?.is_some() && signs { Ok(()) } else { Err(ChainError::NotAnAuthority) }
}

fn check_signer(certificate: &Certificate) -> Result<(), ChainError> {
    let usage = certificate.key_usage()?.ok_or(ChainError::Purpose)?;
    if !(usage.digital_signature() || usage.non_repudiation()) {
        return Err(ChainError::Purpose);
    }
    if certificate.algorithm().is_none() {
        return Err(ChainError::Algorithm);
    }
    Ok(())
}

/// Purposes under which document signing certificates are sold: RFC 9336, e-mail protection, Microsoft's and Adobe's document
/// signing, any. A certificate without the extension is for everything that its keyUsage allows.
#[derive(Clone, Copy, Debug)]
struct DocumentSigning;

const PURPOSES: [KeyPurposeId<'static>; 5] = [
    KeyPurposeId::new(&[0x2b, 6, 1, 5, 5, 7, 3, 36]),
    KeyPurposeId::new(&[0x2b, 6, 1, 5, 5, 7, 3, 4]),
    KeyPurposeId::new(&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 12]),
    KeyPurposeId::new(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x2f, 1, 1, 5]),
    KeyPurposeId::new(&[0x55, 0x1d, 37, 0]),
];

impl ExtendedKeyUsageValidator for DocumentSigning {
    fn validate(&self, iter: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let mut present = Vec::new();
        for id in iter {
            let id = id?;
            if PURPOSES.contains(&id) {
                return Ok(());
            }
            present.push(id.to_decoded_oid());
        }
        if present.is_empty() {
            return Ok(());
        }
        let required = webpki::KeyUsage::required(&[0x2b, 6, 1, 5, 5, 7, 3, 36]);
        Err(webpki::Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required, present }))
    }
}

/// How certificates are signed: the algorithms of this room, and RSA with the longer digests that authorities use.
static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 5] = [
    &CertificateAlgorithm::Ecdsa,
    &CertificateAlgorithm::Ed25519,
    &CertificateAlgorithm::Rsa(RsaDigest::Sha256),
    &CertificateAlgorithm::Rsa(RsaDigest::Sha384),
    &CertificateAlgorithm::Rsa(RsaDigest::Sha512),
];

#[derive(Clone, Copy, Debug)]
enum CertificateAlgorithm {
    Ecdsa,
    Ed25519,
    Rsa(RsaDigest),
}

impl SignatureVerificationAlgorithm for CertificateAlgorithm {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        match self {
            Self::Ecdsa => algorithm::verify_ecdsa(key, message, signature),
            Self::Ed25519 => algorithm::verify_ed25519(key, message, signature),
            Self::Rsa(digest) => algorithm::verify_rsa(key, message, signature, *digest),
        }
        .map_err(|_: SignatureError| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self {
            Self::Ecdsa => alg_id::ECDSA_P256,
            Self::Ed25519 => alg_id::ED25519,
            Self::Rsa(_) => alg_id::RSA_ENCRYPTION,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self {
            Self::Ecdsa => alg_id::ECDSA_SHA256,
            Self::Ed25519 => alg_id::ED25519,
            Self::Rsa(RsaDigest::Sha256) => alg_id::RSA_PKCS1_SHA256,
            Self::Rsa(RsaDigest::Sha384) => alg_id::RSA_PKCS1_SHA384,
            Self::Rsa(RsaDigest::Sha512) => alg_id::RSA_PKCS1_SHA512,
        }
    }
}

fn reason(error: &webpki::Error) -> ChainError {
    use webpki::Error;
    match error {
        Error::CertExpired { not_after, .. } => {
            at(*not_after).map_or_else(malformed(error), ChainError::Expired)
        }
        Error::CertNotValidYet { not_before, .. } => {
            at(*not_before).map_or_else(malformed(error), ChainError::NotYetValid)
        }
        Error::UnknownIssuer => ChainError::UnknownIssuer,
        Error::InvalidSignatureForPublicKey => ChainError::BadSignature,
        Error::EndEntityUsedAsCa => ChainError::NotAnAuthority,
        Error::CaUsedAsEndEntity => ChainError::SignerIsAuthority,
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => ChainError::TooLong,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => ChainError::Purpose,
        Error::UnsupportedCriticalExtension => ChainError::CriticalExtension,
        Error::NameConstraintViolation => ChainError::NameConstraint,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | Error::SignatureAlgorithmMismatch => ChainError::Algorithm,
        _ => ChainError::Malformed(error.to_string()),
    }
}

fn malformed(error: &webpki::Error) -> impl FnOnce() -> ChainError {
    let text = error.to_string();
    move || ChainError::Malformed(text)
}

fn at(time: UnixTime) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(i64::try_from(time.as_secs()).ok()?).ok()
}
