//! SignedData for PAdES B-B, both directions (RFC 5652, ETSI EN 319 142-1, EN 319 122-1).
//!
//! Out: [`prepare`] gives [`ToBeSigned`], which may travel to wherever the key lives; [`ToBeSigned::finish`] takes the signature
//! and gives the DER for the gap. In: [`SignedData::parse`] accepts exactly the form that is written here, [`SignedData::verify`]
//! says whose signature it is. Not its business: whether the certificate is believed ([`super::chain`]), where the bytes stand.

use std::error::Error;

use const_oid::ObjectIdentifier;
use data_encoding::BASE64;
use der::{
    Any, Decode as _, Encode as _, Header, Length, Reader as _, Sequence, SliceReader, ValueOrd,
    asn1::{OctetString, OctetStringRef, SetOfVec},
};
use serde::{Deserialize, Serialize};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{name::Name, serial_number::SerialNumber};

use super::certificate::{Certificate, CertificateError};
use super::{Algorithm, DigestAlgorithm, SignatureError, Signer};
use crate::record::Digest;

pub(super) const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(super) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// Why SignedData is not made or not believed.
#[derive(Debug, thiserror::Error)]
pub enum CmsError {
    /// Not SignedData, or more bytes than a length can say.
    #[error("the signature is not CMS SignedData in DER")]
    Malformed,
    /// Readable, but not the one encoding that DER has for it.
    #[error("the signature's CMS is not canonical DER")]
    NotCanonical,
    /// Something other than zeros after the SignedData; the offset in the gap's bytes.
    #[error("the signature's gap holds something else at byte {0} after the SignedData")]
    TrailingBytes(usize),
    /// A version number other than 1.
    #[error("the SignedData has an unexpected version")]
    Version,
    /// The SignedData carries content of its own: it would not be about this file.
    #[error("the SignedData carries content of its own")]
    HasContent,
    /// The content type is not `id-data`.
    #[error("the content type is {0}, not id-data")]
    ContentType(ObjectIdentifier),
    /// Not exactly one signer.
    #[error("the SignedData has {0} signers instead of 1")]
    SignerCount(usize),
    /// Revocation lists, which B-B does not carry.
    #[error("the SignedData carries revocation lists")]
    RevocationLists,
    /// Unsigned attributes, which anyone could have added.
    #[error("the SignedData carries unsigned attributes")]
    UnsignedAttributes,
    /// A signed attribute is missing, repeated, wrong or not one of the three.
    #[error("the signed attribute {0} is missing, repeated, wrong or not allowed")]
    Attribute(ObjectIdentifier),
    /// The digest algorithm is not the one that goes with the key.
    #[error("the digest algorithm is not the one that goes with the signer's key")]
    DigestAlgorithm,
    /// The signature algorithm is not the one of the certificate's key.
    #[error("the signature algorithm is not that of the signer's certificate")]
    SignatureAlgorithm,
    /// The certificate's key is none of ours, or not of the algorithm asked for.
    #[error("the signer's certificate has a key that cannot sign here")]
    Key,
    /// The signer's certificate is not among the certificates.
    #[error("the signer's certificate is not in the SignedData")]
    NoSignerCertificate,
    /// A certificate stands twice: no signature covers the set, so it must be no larger than needed.
    #[error("the SignedData has a certificate twice")]
    RepeatedCertificate,
    /// A certificate cannot be read.
    #[error("a certificate in the SignedData cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// The digest handed in has another length than its algorithm's.
    #[error("a digest of {0} bytes does not go with the signer's key")]
    DigestLength(usize),
    /// The file is not the one that was signed.
    #[error("the file's digest is not the signed one")]
    DigestMismatch,
    /// The signature is not believed.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// The key's home refused or failed.
    #[error("the key could not sign: {0}")]
    Signer(#[source] Box<dyn Error + Send + Sync>),
}

/// What must be signed, ready to travel to the key and back; in JSON the byte strings are base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToBeSigned {
    /// How it must be signed.
    pub algorithm: Algorithm,
    /// The signed attributes, a DER `SET OF`: the message that the key signs, unhashed.
    #[serde(with = "base64")]
    pub message: Vec<u8>,
    /// The signer's certificate, then those between it and the root, DER.
    #[serde(with = "base64_list")]
    pub certificates: Vec<Vec<u8>>,
}

/// What must be signed so that `certificates[0]` answers for a file with this digest.
///
/// `digest` is that of [`Algorithm::digest`], `certificates` as in [`Signer::certificates`].
///
/// # Errors
/// When the digest has the wrong length, or the certificate's key is not of that algorithm.
pub fn prepare(
    digest: &[u8],
    certificates: &[Vec<u8>],
    algorithm: Algorithm,
) -> Result<ToBeSigned, CmsError> {
    if digest.len() != algorithm.digest().length() {
        return Err(CmsError::DigestLength(digest.len()));
    }
    let signer = certificates.first().ok_or(CmsError::NoSignerCertificate)?;
    if Certificate::from_der(signer)?.algorithm() != Some(algorithm) {
        return Err(CmsError::Key);
    }
    let message = attributes(digest, signer)?.to_der().map_err(|_| CmsError::Malformed)?;
    Ok(ToBeSigned { algorithm, message, certificates: certificates.to_vec() })
}

/// Prepares, signs and finishes in one go, with a key that is at hand.
///
/// # Errors
/// As [`prepare`] and [`ToBeSigned::finish`], and what the key's home says.
pub fn sign(digest: &[u8], signer: &dyn Signer) -> Result<Vec<u8>, CmsError> {
    let prepared = prepare(digest, signer.certificates(), signer.algorithm())?;
    let signature = signer.sign(&prepared.message).map_err(CmsError::Signer)?;
    prepared.finish(&signature)
}

impl ToBeSigned {
    /// The SignedData with the signature over [`ToBeSigned::message`]; it is parsed and verified before it is given out.
    ///
    /// An ECDSA signature is DER with either S, as tokens give it; the low one is written.
    ///
    /// # Errors
    /// When the signature does not belong to the message and the certificate.
    pub fn finish(&self, signature: &[u8]) -> Result<Vec<u8>, CmsError> {
        let signer = self.certificates.first().ok_or(CmsError::NoSignerCertificate)?;
        let parsed = Certificate::from_der(signer)?;
        let tbs = parsed.x509().tbs_certificate();
        let signature = self.algorithm.canonical(signature)?;
        let info = SignerInfo {
            version: 1,
            sid: IssuerAndSerialNumber {
                issuer: tbs.issuer().clone(),
                serial_number: tbs.serial_number().clone(),
            },
            digest_algorithm: self.algorithm.digest().identifier(),
            signed_attributes: SetOfVec::from_der(&self.message).map_err(|_| CmsError::Malformed)?,
            signature_algorithm: self.algorithm.identifier(),
            signature: OctetString::new(signature).map_err(|_| CmsError::Malformed)?,
            unsigned_attributes: None,
        };
        let mut certificates = Vec::with_capacity(self.certificates.len());
        for der in &self.certificates {
            let any = Any::from_der(der).map_err(|_| CmsError::Malformed)?;
            if !certificates.contains(&any) {
                certificates.push(any);
            }
        }
        let signed = SignedDataDer {
            version: 1,
            digest_algorithms: set([self.algorithm.digest().identifier()])?,
            encapsulated: EncapsulatedContentInfo { content_type: DATA, content: None },
            certificates: Some(SetOfVec::try_from(certificates).map_err(|_| CmsError::Malformed)?),
            crls: None,
            signer_infos: set([info])?,
        };
        let out = ContentInfo { content_type: SIGNED_DATA, content: signed }
            .to_der()
            .map_err(|_| CmsError::Malformed)?;
        SignedData::parse(&out)?.check_signature()?;
        Ok(out)
    }
}

/// SignedData that was read strictly; nothing in it is believed yet.
#[derive(Clone, Debug)]
pub struct SignedData {
    algorithm: Algorithm,
    signer: Certificate,
    certificates: Vec<Vec<u8>>,
    message: Vec<u8>,
    message_digest: Vec<u8>,
    signature: Vec<u8>,
}

impl SignedData {
    /// Reads the bytes of a gap: one SignedData in the form that [`ToBeSigned::finish`] writes, then only zeros.
    ///
    /// # Errors
    /// The first thing that is not in that form.
    pub fn parse(gap: &[u8]) -> Result<Self, CmsError> {
        let length = encoded_length(gap).ok_or(CmsError::Malformed)?;
        let (der, padding) = gap.split_at_checked(length).ok_or(CmsError::Malformed)?;
        if padding.iter().fold(0, |all, byte| all | byte) != 0 {
            let at = padding.iter().position(|byte| *byte != 0).unwrap_or_default();
            return Err(CmsError::TrailingBytes(length + at));
        }
        let info = ContentInfo::from_der(der).map_err(|_| CmsError::Malformed)?;
        if info.to_der().map_err(|_| CmsError::Malformed)? != der {
            return Err(CmsError::NotCanonical);
        }
        if info.content_type != SIGNED_DATA {
            return Err(CmsError::Malformed);
        }
        Self::from_content(info.content)
    }

    fn from_content(content: SignedDataDer) -> Result<Self, CmsError> {
        if content.version != 1 {
            return Err(CmsError::Version);
        }
        if content.encapsulated.content_type != DATA {
            return Err(CmsError::ContentType(content.encapsulated.content_type));
        }
        if content.encapsulated.content.is_some() {
            return Err(CmsError::HasContent);
        }
        if content.crls.is_some() {
            return Err(CmsError::RevocationLists);
        }
        let [info] = content.signer_infos.as_ref() else {
            return Err(CmsError::SignerCount(content.signer_infos.len()));
        };
        if info.version != 1 {
            return Err(CmsError::Version);
        }
        if info.unsigned_attributes.is_some() {
            return Err(CmsError::UnsignedAttributes);
        }

        let mut certificates = Vec::new();
        let mut signer = None;
        for any in content.certificates.iter().flat_map(SetOfVec::iter) {
            let certificate = Certificate::from_der(&any.to_der().map_err(|_| CmsError::Malformed)?)?;
            let tbs = certificate.x509().tbs_certificate();
            if certificates.iter().any(|other: &Vec<u8>| other == certificate.der()) {
                return Err(CmsError::RepeatedCertificate);
            }
            certificates.push(certificate.der().to_vec());
            if *tbs.issuer() == info.sid.issuer && *tbs.serial_number() == info.sid.serial_number {
                signer = Some(certificate);
            }
        }
        let signer = signer.ok_or(CmsError::NoSignerCertificate)?;
        let algorithm = signer.algorithm().ok_or(CmsError::Key)?;
        if info.signature_algorithm != algorithm.identifier() {
            return Err(CmsError::SignatureAlgorithm);
        }
        let digest_algorithm = algorithm.digest().identifier();
        if info.digest_algorithm != digest_algorithm
            || *content.digest_algorithms.as_ref() != [digest_algorithm]
        {
            return Err(CmsError::DigestAlgorithm);
        }

        let message_digest = check_attributes(&info.signed_attributes, &signer)?;
        if message_digest.len() != algorithm.digest().length() {
            return Err(CmsError::Attribute(MESSAGE_DIGEST));
        }
        Ok(Self {
            algorithm,
            message: info.signed_attributes.to_der().map_err(|_| CmsError::Malformed)?,
            message_digest,
            signature: info.signature.as_bytes().to_vec(),
            signer,
            certificates,
        })
    }

    /// The algorithm, which is that of the certificate's key.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digest that must be taken of the file.
    pub const fn digest_algorithm(&self) -> DigestAlgorithm {
        self.algorithm.digest()
    }

    /// The certificate that the signature names; the signing-certificate-v2 attribute has its digest.
    pub const fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// All certificates, the signer's too, DER, in the order of the set.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// The digest that was signed.
    pub fn message_digest(&self) -> &[u8] {
        &self.message_digest
    }

    /// Whether the file with this digest is the signed one.
    ///
    /// # Errors
    /// [`CmsError::DigestMismatch`].
    pub fn check_digest(&self, digest: &[u8]) -> Result<(), CmsError> {
        if digest == self.message_digest { Ok(()) } else { Err(CmsError::DigestMismatch) }
    }

    /// Whether the signature over the signed attributes is that of the signer's certificate.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn check_signature(&self) -> Result<(), CmsError> {
        Ok(self.algorithm.verify(self.signer.public_key(), &self.message, &self.signature)?)
    }

    /// Both checks; then the certificate that answers for the file, whether it is believed or not.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(&self, digest: &[u8]) -> Result<&Certificate, CmsError> {
        self.check_digest(digest)?;
        self.check_signature()?;
        Ok(&self.signer)
    }
}

/// The three signed attributes of PAdES B-B: no signing-time, which `/M` states.
fn attributes(digest: &[u8], signer: &[u8]) -> Result<SetOfVec<Attribute>, CmsError> {
    let octets = |bytes: &[u8]| {
        OctetStringRef::new(bytes)
            .and_then(|octets| Any::encode_from(&octets))
            .map_err(|_| CmsError::Malformed)
    };
    let signing_certificate = SigningCertificateV2 {
        certificates: vec![EssCertIdV2 {
            hash: OctetString::new(Digest::of(signer).0).map_err(|_| CmsError::Malformed)?,
        }],
    };
    set([
        attribute(CONTENT_TYPE, Any::from(DATA))?,
        attribute(MESSAGE_DIGEST, octets(digest)?)?,
        attribute(
            SIGNING_CERTIFICATE_V2,
            Any::encode_from(&signing_certificate).map_err(|_| CmsError::Malformed)?,
        )?,
    ])
}

/// Checks the signed attributes against the certificate and gives the message digest.
fn check_attributes(given: &SetOfVec<Attribute>, signer: &Certificate) -> Result<Vec<u8>, CmsError> {
    const EXPECTED: [ObjectIdentifier; 3] = [CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2];
    for attribute in given.iter() {
        if !EXPECTED.contains(&attribute.oid) {
            return Err(CmsError::Attribute(attribute.oid));
        }
    }
    let the_one = |oid: ObjectIdentifier| {
        let mut found = given.iter().filter(|attribute| attribute.oid == oid);
        match (found.next(), found.next()) {
            (Some(attribute), None) if attribute.values.len() == 1 => {
                attribute.values.get(0).ok_or(CmsError::Attribute(oid))
            }
            _ => Err(CmsError::Attribute(oid)),
        }
    };
    let digest = the_one(MESSAGE_DIGEST)?
        .decode_as::<OctetString>()
        .map_err(|_| CmsError::Attribute(MESSAGE_DIGEST))?;
    let expected = attributes(digest.as_bytes(), signer.der())?;
    for oid in EXPECTED {
        let given = the_one(oid)?;
        if !expected.iter().any(|attribute| attribute.oid == oid && attribute.values.get(0) == Some(given)) {
            return Err(CmsError::Attribute(oid));
        }
    }
    Ok(digest.into_bytes().to_vec())
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, CmsError> {
    Ok(Attribute { oid, values: set([value])? })
}

fn set<T: der::DerOrd, const N: usize>(items: [T; N]) -> Result<SetOfVec<T>, CmsError> {
    SetOfVec::try_from(items).map_err(|_| CmsError::Malformed)
}

/// How long the first element is with its header, by its header.
pub(crate) fn encoded_length(bytes: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    let header_length = reader.position();
    let total: Length = (header_length + header.length()).ok()?;
    usize::try_from(total).ok()
}

// The structures of RFC 5652, as far as they occur. Certificates are kept as they came: re-encoding must not touch them.

#[derive(Sequence)]
pub(super) struct ContentInfo {
    pub(super) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) content: SignedDataDer,
}

#[derive(Sequence)]
pub(super) struct SignedDataDer {
    pub(super) version: u8,
    pub(super) digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    pub(super) encapsulated: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(super) certificates: Option<SetOfVec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(super) crls: Option<SetOfVec<Any>>,
    pub(super) signer_infos: SetOfVec<SignerInfo>,
}

#[derive(Sequence)]
pub(super) struct EncapsulatedContentInfo {
    pub(super) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) content: Option<Any>,
}

#[derive(Sequence, ValueOrd)]
pub(super) struct SignerInfo {
    pub(super) version: u8,
    pub(super) sid: IssuerAndSerialNumber,
    pub(super) digest_algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true")]
    pub(super) signed_attributes: SetOfVec<Attribute>,
    pub(super) signature_algorithm: AlgorithmIdentifierOwned,
    pub(super) signature: OctetString,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(super) unsigned_attributes: Option<SetOfVec<Any>>,
}

#[derive(Sequence, ValueOrd)]
pub(super) struct IssuerAndSerialNumber {
    pub(super) issuer: Name,
    pub(super) serial_number: SerialNumber,
}

#[derive(Sequence, ValueOrd)]
pub(super) struct Attribute {
    pub(super) oid: ObjectIdentifier,
    pub(super) values: SetOfVec<Any>,
}

/// RFC 5035 with one certificate, its SHA-256 by default and no more.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certificates: Vec<EssCertIdV2>,
}

#[derive(Sequence)]
struct EssCertIdV2 {
    hash: OctetString,
}

mod base64 {
    use super::BASE64;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64.decode(text.as_bytes()).map_err(|_| D::Error::custom("expected base64"))
    }
}

mod base64_list {
    use super::BASE64;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(list: &[Vec<u8>], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(list.iter().map(|bytes| BASE64.encode(bytes)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let decode =
            |text: String| BASE64.decode(text.as_bytes()).map_err(|_| D::Error::custom("expected base64"));
        texts.into_iter().map(decode).collect()
    }
}
