//! Offices, certificates and CMS made to measure, right ones and wrong ones.

use der::asn1::{BitString, OctetString};
use der::{Decode as _, Encode as _};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use saoy::ambient::{FixedClock, SeededEntropy};
use saoy::keys::{OfficeKeys, OfficeProfile};
use saoy::record::Officer;
use saoy::signature::Algorithm;
use spki::{EncodePublicKey as _, SubjectPublicKeyInfoRef};
use time::OffsetDateTime;
use time::macros::datetime;
use x509_cert::TbsCertificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder as _, CertificateBuilder};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Validity;

/// The moment at which test offices are made.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-03-02 01:02:03 UTC);

pub(crate) fn profile(algorithm: Algorithm) -> OfficeProfile {
    OfficeProfile {
        name: "Ủy ban nhân dân xã Đông Hải".to_owned(),
        code: "H99.01".to_owned(),
        officer: Some(Officer {
            name: "Nguyễn Thị Thử".to_owned(), title: "Phó Chủ tịch".to_owned()
        }),
        algorithm,
    }
}

/// An office in a folder of its own, always the same for the same algorithm and seed.
pub(crate) fn office(algorithm: Algorithm, seed: u8) -> (tempfile::TempDir, OfficeKeys) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let entropy = SeededEntropy::new([seed; 32]);
    let keys =
        OfficeKeys::create(&dir.path().join("keys"), &profile(algorithm), &FixedClock(NOW), &entropy, None)
            .expect("an office");
    (dir, keys)
}

/// Runs OpenSSL, which Debian always has, in `dir`; its output when it succeeds.
pub(crate) fn openssl(dir: &std::path::Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let out = std::process::Command::new("openssl")
        .current_dir(dir)
        .args(arguments)
        .output()
        .expect("openssl is installed (apt-get install openssl)");
    if out.status.success() { Ok(out.stdout) } else { Err(String::from_utf8_lossy(&out.stderr).into_owned()) }
}

/// A certificate to measure and its key.
pub(crate) struct Made {
    pub(crate) key: SigningKey,
    pub(crate) der: Vec<u8>,
    pub(crate) name: &'static str,
}

/// What a certificate is to say.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) subject: &'static str,
    pub(crate) from: OffsetDateTime,
    pub(crate) until: OffsetDateTime,
    pub(crate) constraints: Option<BasicConstraints>,
    pub(crate) usage: Option<KeyUsage>,
    pub(crate) purposes: Vec<der::asn1::ObjectIdentifier>,
    pub(crate) critical: Option<der::asn1::ObjectIdentifier>,
}

impl Template {
    pub(crate) fn authority(subject: &'static str, path_length: Option<u8>) -> Self {
        Self {
            subject,
            from: datetime!(2026-01-01 0:00 UTC),
            until: datetime!(2036-01-01 0:00 UTC),
            constraints: Some(BasicConstraints { ca: true, path_len_constraint: path_length }),
            usage: Some(KeyUsage(KeyUsages::KeyCertSign.into())),
            purposes: Vec::new(),
            critical: None,
        }
    }

    pub(crate) fn signer(subject: &'static str) -> Self {
        Self {
            constraints: None,
            usage: Some(KeyUsage(KeyUsages::NonRepudiation.into())),
            ..Self::authority(subject, None)
        }
    }

    pub(crate) fn root(self) -> Made {
        let key = key_of(self.subject);
        let name = self.subject;
        let der = self.sign(&key, name, &key);
        Made { key, der, name }
    }

    pub(crate) fn under(self, issuer: &Made) -> Made {
        let key = key_of(self.subject);
        let name = self.subject;
        let der = self.sign(&key, issuer.name, &issuer.key);
        Made { key, der, name }
    }

    fn sign(self, key: &SigningKey, issuer: &'static str, issuer_key: &SigningKey) -> Vec<u8> {
        let time = |at: OffsetDateTime| {
            let since = std::time::Duration::from_secs(at.unix_timestamp().try_into().expect("after 1970"));
            x509_cert::time::Time::try_from(std::time::UNIX_EPOCH + since).expect("a time")
        };
        let serial = SerialNumber::new(&[0x42, self.subject.len() as u8]).expect("a serial number");
        let validity = Validity::new(time(self.from), time(self.until));
        let info = spki::SubjectPublicKeyInfoOwned::from_der(
            key.verifying_key().to_public_key_der().expect("a public key").as_bytes(),
        )
        .expect("a public key");
        let profile = Raw { template: self, issuer };
        let mut builder = CertificateBuilder::new(profile, serial, validity, info).expect("a certificate");
        let tbs = builder.finalize(issuer_key).expect("a certificate");
        let signature: p256::ecdsa::Signature = issuer_key.sign(&tbs);
        let signature = BitString::from_bytes(signature.to_der().as_bytes()).expect("a signature");
        builder.assemble(signature, issuer_key).expect("a certificate").to_der().expect("a certificate")
    }
}

struct Raw {
    template: Template,
    issuer: &'static str,
}

impl BuilderProfile for Raw {
    fn get_issuer(&self, _: &Name) -> Name {
        name(self.issuer)
    }

    fn get_subject(&self) -> Name {
        name(self.template.subject)
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let subject = tbs.subject();
        let mut out = Vec::new();
        if let Some(constraints) = &self.template.constraints {
            out.push(constraints.to_extension(subject, &[])?);
        }
        if let Some(usage) = &self.template.usage {
            out.push(usage.to_extension(subject, &[])?);
        }
        if !self.template.purposes.is_empty() {
            out.push((&ExtendedKeyUsage(self.template.purposes.clone())).to_extension(subject, &[])?);
        }
        if let Some(oid) = self.template.critical {
            let extn_value = OctetString::new([5, 0])?;
            out.push(Extension { extn_id: oid, critical: true, extn_value });
        }
        Ok(out)
    }
}

/// The key that belongs to a subject in these tests.
pub(crate) fn key_of(subject: &str) -> SigningKey {
    use sha2::Digest as _;
    SigningKey::from_slice(&sha2::Sha256::digest(subject)).expect("a digest below the group's order")
}

fn name(common_name: &str) -> Name {
    format!("CN={common_name}").parse().expect("a name")
}

/// One DER element.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        n @ 0..0x80 => out.push(n as u8),
        n @ 0x80..0x100 => out.extend([0x81, n as u8]),
        n => out.extend([0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend_from_slice(content);
    out
}

/// Elements one after another under one tag.
pub(crate) fn group(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &parts.concat())
}

/// The same in the order of DER's SET OF.
pub(crate) fn set_of(tag: u8, mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    group(tag, &parts)
}

/// An object identifier.
pub(crate) fn oid(text: &str) -> Vec<u8> {
    der::asn1::ObjectIdentifier::new(text).expect("an identifier").to_der().expect("an identifier")
}

/// issuerAndSerialNumber of a certificate.
pub(crate) fn issuer_and_serial(certificate: &[u8]) -> Vec<u8> {
    let certificate = x509_cert::Certificate::from_der(certificate).expect("a certificate");
    let tbs = certificate.tbs_certificate();
    group(0x30, &[tbs.issuer().to_der().expect("a name"), tbs.serial_number().to_der().expect("a number")])
}
