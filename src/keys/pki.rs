//! The office's own certificates: a root, and what signs under it (RFC 5280, RFC 9336).

use const_oid::ObjectIdentifier;
use der::asn1::{BitString, OctetString, PrintableStringRef, Utf8StringRef};
use der::{Any, DateTime, Decode as _, Encode as _};
use p256::ecdsa::SigningKey;
use sha2::{Digest as _, Sha256};
use spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use time::OffsetDateTime;
use x509_cert::TbsCertificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder as _, CertificateBuilder};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::{Name, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

use super::{KeyError, PrivateKey};
use crate::ambient::Entropy;
use crate::record::Officer;
use crate::signature::certificate::{Certificate, ORGANIZATION_IDENTIFIER};

/// How long a root is valid.
pub const ROOT_YEARS: i32 = 20;

/// How long an office's or officer's certificate is valid, at most as long as its root.
pub const OFFICE_YEARS: i32 = 5;

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const TITLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.12");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// `id-kp-documentSigning` (RFC 9336).
const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");

/// The most characters in a name or a title.
const MAX_NAME: usize = 200;
/// The most characters in a code.
const MAX_CODE: usize = 64;

/// The names that all certificates of an office carry.
pub(super) struct Office<'a> {
    pub(super) name: &'a str,
    pub(super) code: &'a str,
}

/// A self-signed root for this office, valid from `now`.
pub(super) fn root(
    office: &Office<'_>,
    key: &SigningKey,
    now: OffsetDateTime,
    entropy: &dyn Entropy,
) -> Result<Certificate, KeyError> {
    check_names(office)?;
    let subject = name(office, None, &format!("{} root", office.code))?;
    let profile = Profile { issuer: subject.clone(), subject, authority: true };
    let public = PrivateKey::EcdsaP256(key.clone()).public_key_info();
    make(profile, &public, [now, later(now, ROOT_YEARS)], key, entropy)
}

/// A certificate for the office, or for an officer of it, under its root.
pub(super) fn signer(
    office: &Office<'_>,
    officer: Option<&Officer>,
    key: &PrivateKey,
    (root, root_key): (&Certificate, &SigningKey),
    now: OffsetDateTime,
    entropy: &dyn Entropy,
) -> Result<Certificate, KeyError> {
    check_names(office)?;
    let common_name = match officer {
        Some(officer) => check("officer's name", &officer.name, MAX_NAME)?,
        None => office.name,
    };
    let title = officer.map(|officer| check("officer's title", &officer.title, MAX_NAME)).transpose()?;
    let subject = name(office, title, common_name)?;
    let issuer = root.x509().tbs_certificate().subject().clone();
    let until = later(now, OFFICE_YEARS).min(root.not_after());
    make(
        Profile { issuer, subject, authority: false },
        &key.public_key_info(),
        [now, until],
        root_key,
        entropy,
    )
}

fn make(
    profile: Profile,
    public_key_info: &[u8],
    [from, until]: [OffsetDateTime; 2],
    issuer_key: &SigningKey,
    entropy: &dyn Entropy,
) -> Result<Certificate, KeyError> {
    let mut serial = [0; 16];
    entropy.fill(&mut serial);
    // Positive and of full length: the first bit clear, the second set.
    serial[0] = serial[0] & 0x7f | 0x40;
    let serial = SerialNumber::new(&serial).map_err(encoding)?;
    let validity = Validity::new(moment(from)?, moment(until)?);
    let public = SubjectPublicKeyInfoOwned::from_der(public_key_info).map_err(encoding)?;
    let mut builder = CertificateBuilder::new(profile, serial, validity, public).map_err(building)?;
    let tbs = builder.finalize(issuer_key).map_err(building)?;
    let signature = PrivateKey::EcdsaP256(issuer_key.clone()).sign(&tbs);
    let signature = BitString::from_bytes(&signature).map_err(encoding)?;
    let certificate = builder.assemble(signature, issuer_key).map_err(building)?;
    let der = certificate.to_der().map_err(encoding)?;
    Certificate::from_der(&der).map_err(|error| KeyError::Encoding(error.to_string()))
}

/// What a certificate of ours has besides its key: names and extensions.
struct Profile {
    issuer: Name,
    subject: Name,
    authority: bool,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let subject = tbs.subject();
        // Nothing may be issued below what the root issues: path length 0.
        let constraints =
            BasicConstraints { ca: self.authority, path_len_constraint: self.authority.then_some(0) };
        let usage = if self.authority {
            KeyUsages::KeyCertSign | KeyUsages::CRLSign
        } else {
            KeyUsages::DigitalSignature | KeyUsages::NonRepudiation
        };
        let authority = AuthorityKeyIdentifier {
            key_identifier: Some(key_identifier(&issuer_key)?),
            authority_cert_issuer: None,
            authority_cert_serial_number: None,
        };
        let mut extensions = vec![
            (&constraints).to_extension(subject, &[])?,
            (&KeyUsage(usage)).to_extension(subject, &[])?,
            (&SubjectKeyIdentifier(key_identifier(&key)?)).to_extension(subject, &[])?,
            (&authority).to_extension(subject, &[])?,
        ];
        if !self.authority {
            extensions.push((&ExtendedKeyUsage(vec![DOCUMENT_SIGNING])).to_extension(subject, &[])?);
        }
        Ok(extensions)
    }
}

/// The leftmost 160 bits of the key's SHA-256 (RFC 7093, method 1).
fn key_identifier(key: &SubjectPublicKeyInfoRef<'_>) -> der::Result<OctetString> {
    let digest = Sha256::digest(key.subject_public_key.raw_bytes());
    OctetString::new(&digest[..20])
}

fn name(office: &Office<'_>, title: Option<&str>, common_name: &str) -> Result<Name, KeyError> {
    let mut names = vec![
        AttributeTypeAndValue {
            oid: COUNTRY,
            value: PrintableStringRef::new("VN").and_then(|s| Any::encode_from(&s)).map_err(encoding)?,
        },
        utf8(ORGANIZATION, office.name)?,
        utf8(ORGANIZATION_IDENTIFIER, office.code)?,
    ];
    if let Some(title) = title {
        names.push(utf8(TITLE, title)?);
    }
    names.push(utf8(COMMON_NAME, common_name)?);
    let sequence = names
        .into_iter()
        .map(|attribute| RelativeDistinguishedName::try_from(vec![attribute]))
        .collect::<der::Result<Vec<_>>>()
        .and_then(|names| names.to_der())
        .map_err(encoding)?;
    Name::from_der(&sequence).map_err(encoding)
}

fn utf8(oid: ObjectIdentifier, text: &str) -> Result<AttributeTypeAndValue, KeyError> {
    let value = Utf8StringRef::new(text).and_then(|text| Any::encode_from(&text)).map_err(encoding)?;
    Ok(AttributeTypeAndValue { oid, value })
}

fn check_names(office: &Office<'_>) -> Result<(), KeyError> {
    check("office's name", office.name, MAX_NAME)?;
    check("office's code", office.code, MAX_CODE)?;
    Ok(())
}

fn check<'a>(what: &'static str, text: &'a str, most: usize) -> Result<&'a str, KeyError> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > most || text.chars().any(char::is_control) {
        return Err(KeyError::Name { what, most });
    }
    Ok(text)
}

fn moment(at: OffsetDateTime) -> Result<Time, KeyError> {
    let at = at.to_offset(time::UtcOffset::UTC);
    let year = u16::try_from(at.year()).map_err(|_| KeyError::Encoding(format!("the year {}", at.year())))?;
    DateTime::new(year, u8::from(at.month()), at.day(), at.hour(), at.minute(), at.second())
        .map(Time::from)
        .map_err(encoding)
}

/// The same day and time some years on; 29 February becomes 28.
fn later(from: OffsetDateTime, years: i32) -> OffsetDateTime {
    let year = from.year() + years;
    from.replace_year(year)
        .or_else(|_| from.replace_day(28).and_then(|from| from.replace_year(year)))
        .unwrap_or(from)
}

fn encoding(error: der::Error) -> KeyError {
    KeyError::Encoding(error.to_string())
}

fn building(error: builder::Error) -> KeyError {
    KeyError::Encoding(error.to_string())
}
