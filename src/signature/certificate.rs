//! One X.509 certificate as facts: what it says, not whether it is believed.

use std::sync::OnceLock;

use const_oid::ObjectIdentifier;
use der::{Decode as _, Tagged as _, pem::LineEnding, referenced::OwnedToRef as _};
use spki::SubjectPublicKeyInfoRef;
use time::OffsetDateTime;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::name::Name;

use super::Algorithm;
use crate::record::Digest;

/// `organizationIdentifier` (X.520): here the office's code.
pub const ORGANIZATION_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.97");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const TITLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.12");

const PEM_LABEL: &str = "CERTIFICATE";

/// Why bytes are not a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not DER, or not X.509 version 3.
    #[error("not an X.509 certificate in DER")]
    Malformed,
    /// Not PEM, or PEM of something else.
    #[error("not a certificate in PEM")]
    Pem,
    /// A time that the calendar does not have.
    #[error("the certificate's validity is not a time")]
    Validity,
    /// An extension that cannot be read, or that is there twice.
    #[error("a certificate extension is malformed or repeated")]
    Extension,
}

/// A certificate and what it says.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Vec<u8>,
    inner: x509_cert::Certificate,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    /// The subject in words, once somebody asked for it: a service tells it with every copy.
    subject: OnceLock<String>,
}

/// Equal bytes say the same.
impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Certificate {
    /// Reads one certificate.
    ///
    /// # Errors
    /// When the bytes are not exactly one.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let inner = x509_cert::Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        if inner.tbs_certificate().version() != x509_cert::Version::V3 {
            return Err(CertificateError::Malformed);
        }
        let validity = inner.tbs_certificate().validity();
        let not_before = utc(validity.not_before)?;
        let not_after = utc(validity.not_after)?;
        Ok(Self { der: der.to_vec(), inner, not_before, not_after, subject: OnceLock::new() })
    }

    /// Reads a PEM text that holds exactly one certificate.
    ///
    /// # Errors
    /// When it holds none, several or something else.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let mut all = Self::chain_from_pem(text)?;
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => Err(CertificateError::Pem),
        }
    }

    /// Reads a PEM text of one or more certificates, in their order; text between them is skipped, as OpenSSL writes it.
    ///
    /// # Errors
    /// When there is none or one of them cannot be read.
    pub fn chain_from_pem(text: &str) -> Result<Vec<Self>, CertificateError> {
        const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
        const END: &str = "-----END CERTIFICATE-----";
        let mut rest = text;
        let mut found = Vec::new();
        while let Some(begin) = rest.find(BEGIN) {
            let from = &rest[begin..];
            let end = from.find(END).ok_or(CertificateError::Pem)? + END.len();
            let (label, der) =
                der::pem::decode_vec(&from.as_bytes()[..end]).map_err(|_| CertificateError::Pem)?;
            if label != PEM_LABEL {
                return Err(CertificateError::Pem);
            }
            found.push(Self::from_der(&der)?);
            rest = &from[end..];
        }
        if found.is_empty() { Err(CertificateError::Pem) } else { Ok(found) }
    }

    /// The bytes as they came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as PEM with a final newline.
    pub fn pem(&self) -> String {
        der::pem::encode_string(PEM_LABEL, LineEnding::LF, &self.der)
            .expect("a certificate in memory fits into a string")
    }

    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.der)
    }

    /// The subject as RFC 4514 writes names, `organizationIdentifier` by that name.
    pub fn subject(&self) -> &str {
        self.subject.get_or_init(|| written(self.inner.tbs_certificate().subject()))
    }

    /// The issuer, written as the subject is.
    pub fn issuer(&self) -> String {
        written(self.inner.tbs_certificate().issuer())
    }

    /// The first moment of validity.
    pub const fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// The last moment of validity.
    pub const fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// `commonName` of the subject.
    pub fn common_name(&self) -> Option<String> {
        self.subject_attribute(COMMON_NAME)
    }

    /// `organizationName` of the subject.
    pub fn organization(&self) -> Option<String> {
        self.subject_attribute(ORGANIZATION)
    }

    /// `organizationIdentifier` of the subject; in certificates made here the office's code.
    pub fn organization_identifier(&self) -> Option<String> {
        self.subject_attribute(ORGANIZATION_IDENTIFIER)
    }

    /// `title` of the subject.
    pub fn title(&self) -> Option<String> {
        self.subject_attribute(TITLE)
    }

    /// The algorithm of the key, if it is one that signs here.
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::of_key(self.public_key_info())
    }

    /// The bit string of the public key.
    pub fn public_key(&self) -> &[u8] {
        self.public_key_info().subject_public_key.raw_bytes()
    }

    /// Whether basicConstraints say CA, and how many certificate authorities may follow.
    ///
    /// # Errors
    /// When the extension cannot be read.
    pub fn authority(&self) -> Result<Option<Authority>, CertificateError> {
        let found = self
            .inner
            .tbs_certificate()
            .get_extension::<BasicConstraints>()
            .map_err(|_| CertificateError::Extension)?;
        Ok(found.filter(|(_, c)| c.ca).map(|(_, c)| Authority { path_length: c.path_len_constraint }))
    }

    /// keyUsage, if the extension is there.
    ///
    /// # Errors
    /// When the extension cannot be read.
    pub fn key_usage(&self) -> Result<Option<KeyUsage>, CertificateError> {
        let found = self
            .inner
            .tbs_certificate()
            .get_extension::<KeyUsage>()
            .map_err(|_| CertificateError::Extension)?;
        Ok(found.map(|(_, usage)| usage))
    }

    /// The identifiers of the critical extensions.
    pub(super) fn critical_extensions(&self) -> impl Iterator<Item = ObjectIdentifier> + '_ {
        self.inner
            .tbs_certificate()
            .extensions()
            .into_iter()
            .flatten()
            .filter(|extension| extension.critical)
            .map(|extension| extension.extn_id)
    }

    /// The parsed certificate.
    pub(crate) const fn x509(&self) -> &x509_cert::Certificate {
        &self.inner
    }

    fn public_key_info(&self) -> SubjectPublicKeyInfoRef<'_> {
        self.inner.tbs_certificate().subject_public_key_info().owned_to_ref()
    }

    fn subject_attribute(&self, oid: ObjectIdentifier) -> Option<String> {
        text_of(self.inner.tbs_certificate().subject().iter().find(|a| a.oid == oid)?)
    }
}

/// An attribute's text, if it is of a string type; the ones that office certificates use are plain bytes of UTF-8.
fn text_of(attribute: &AttributeTypeAndValue) -> Option<String> {
    match attribute.value.tag() {
        der::Tag::Utf8String | der::Tag::PrintableString | der::Tag::Ia5String => {
            String::from_utf8(attribute.value.value().to_vec()).ok()
        }
        _ => None,
    }
}

/// A name as RFC 4514 writes it. For `organizationIdentifier` the RFC has no name and would give the DER in hexadecimal; a
/// plain value, which needs no escapes, is written as people read it.
fn written(name: &Name) -> String {
    let mut text = name.to_string();
    for attribute in name.iter().filter(|a| a.oid == ORGANIZATION_IDENTIFIER) {
        let plain =
            |t: &String| t.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
        if let Some(value) = text_of(attribute).filter(plain) {
            text = text.replace(&attribute.to_string(), &format!("organizationIdentifier={value}"));
        }
    }
    text
}

/// What makes a certificate an authority's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority {
    /// How many authorities may stand between it and the signer's certificate.
    pub path_length: Option<u8>,
}

fn utc(time: x509_cert::time::Time) -> Result<OffsetDateTime, CertificateError> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| CertificateError::Validity)?;
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| CertificateError::Validity)
}
