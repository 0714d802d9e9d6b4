//! Timestamp tokens in, as a document timestamp carries them (RFC 3161, ISO 32000-2 section 12.8.5).
//!
//! In come the bytes of a gap and whoever can digest what they cover; out goes the time that the token states and the certificate that answers
//! for it. Not its business: whether that certificate is believed, and making tokens.

use const_oid::ObjectIdentifier;
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode as _, Encode as _, Tag, Tagged as _};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use super::algorithm::{RsaDigest, verify_ecdsa, verify_ed25519, verify_rsa};
use super::certificate::Certificate;
use super::cms::{CONTENT_TYPE, ContentInfo, MESSAGE_DIGEST, SIGNED_DATA, encoded_length};
use super::{Algorithm, DigestAlgorithm, Hasher};

const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// Why a timestamp is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// Not a token in DER.
    #[error("the timestamp token is not one that can be read: {0}")]
    Malformed(&'static str),
    /// A digest or key that is not known here.
    #[error("the timestamp's {0} is not one that is known here")]
    Algorithm(&'static str),
    /// It is about other bytes.
    #[error("the timestamp is about other bytes")]
    Imprint,
    /// Its signature does not hold.
    #[error("the timestamp's signature does not hold")]
    Signature,
}

/// What a token says, and who.
#[derive(Clone, Debug)]
pub struct Timestamp {
    /// The time that it states.
    pub time: OffsetDateTime,
    /// The certificate of the authority; nobody vouched for it.
    pub authority: Certificate,
}

/// Reads a token, whose gap is filled up with zeros, and checks that it is about the bytes that `digest` digests and that its signature holds.
///
/// # Errors
/// The first check that fails.
pub fn verify(gap: &[u8], digest: impl Fn(DigestAlgorithm) -> Vec<u8>) -> Result<Timestamp, TimestampError> {
    use TimestampError::{Imprint, Malformed, Signature};
    let bad = |what| move |_| Malformed(what);
    let length = encoded_length(gap).ok_or(Malformed("no DER"))?;
    let (der, padding) = gap.split_at_checked(length).ok_or(Malformed("cut off"))?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(Malformed("bytes behind it"));
    }
    let content = ContentInfo::from_der(der).map_err(bad("no SignedData"))?;
    let signed = content.content;
    if content.content_type != SIGNED_DATA || signed.encapsulated.content_type != TST_INFO {
        return Err(Malformed("no timestamp"));
    }
    let info = signed.encapsulated.content.ok_or(Malformed("no content"))?;
    let info = info.decode_as::<OctetString>().map_err(bad("no content"))?;
    let (algorithm, imprint, time) = tst_info(info.as_bytes()).ok_or(Malformed("no TSTInfo"))?;
    if digest(algorithm.ok_or(TimestampError::Algorithm("digest"))?) != imprint {
        return Err(Imprint);
    }

    let [signer] = signed.signer_infos.as_ref() else { return Err(Malformed("not one signer")) };
    let mut certificates = signed
        .certificates
        .iter()
        .flat_map(SetOfVec::iter)
        .filter_map(|any| Certificate::from_der(&any.to_der().ok()?).ok());
    let authority = certificates.find(|certificate| {
        let tbs = certificate.x509().tbs_certificate();
        *tbs.issuer() == signer.sid.issuer && *tbs.serial_number() == signer.sid.serial_number
    });
    let authority = authority.ok_or(Malformed("without its authority's certificate"))?;
    let attribute = |oid| {
        let mut found = signer.signed_attributes.iter().filter(|attribute| attribute.oid == oid);
        let (attribute, more) = (found.next()?, found.next());
        (more.is_none() && attribute.values.len() == 1).then(|| attribute.values.get(0))?
    };
    let kind = attribute(CONTENT_TYPE).and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let stated = attribute(MESSAGE_DIGEST).and_then(|any| any.decode_as::<OctetString>().ok());
    let known = digest_of(signer.digest_algorithm.oid).ok_or(TimestampError::Algorithm("digest"))?;
    let mut hasher = Hasher::new(known);
    hasher.update(info.as_bytes());
    if kind != Some(TST_INFO) || stated.is_none_or(|stated| stated.as_bytes() != hasher.finish()) {
        return Err(Signature);
    }
    let message = signer.signed_attributes.to_der().map_err(bad("attributes"))?;
    let (key, signature) = (authority.public_key(), signer.signature.as_bytes());
    let holds = match (authority.algorithm(), known) {
        (Some(Algorithm::RsaPkcs1), DigestAlgorithm::Sha256) => {
            verify_rsa(key, &message, signature, RsaDigest::Sha256)
        }
        (Some(Algorithm::RsaPkcs1), DigestAlgorithm::Sha512) => {
            verify_rsa(key, &message, signature, RsaDigest::Sha512)
        }
        (Some(Algorithm::EcdsaP256), DigestAlgorithm::Sha256) => verify_ecdsa(key, &message, signature),
        (Some(Algorithm::Ed25519), DigestAlgorithm::Sha512) => verify_ed25519(key, &message, signature),
        _ => return Err(TimestampError::Algorithm("key")),
    };
    holds.map_err(|_| Signature)?;
    Ok(Timestamp { time, authority })
}

fn digest_of(oid: ObjectIdentifier) -> Option<DigestAlgorithm> {
    match oid {
        SHA256 => Some(DigestAlgorithm::Sha256),
        SHA512 => Some(DigestAlgorithm::Sha512),
        _ => None,
    }
}

/// Version 1, policy, imprint, serial number, time; what follows says how exact it is.
fn tst_info(der: &[u8]) -> Option<(Option<DigestAlgorithm>, Vec<u8>, OffsetDateTime)> {
    let members = Vec::<Any>::from_der(der).ok()?;
    let [version, _policy, imprint, _serial, time, ..] = members.as_slice() else { return None };
    if version.decode_as::<u8>().ok()? != 1 || time.tag() != Tag::GeneralizedTime {
        return None;
    }
    let imprint = imprint.decode_as::<Vec<Any>>().ok()?;
    let [algorithm, hash] = imprint.as_slice() else { return None };
    let algorithm = algorithm.decode_as::<Vec<Any>>().ok()?;
    let algorithm = algorithm.first()?.decode_as::<ObjectIdentifier>().ok()?;
    let hash = hash.decode_as::<OctetString>().ok()?;
    Some((digest_of(algorithm), hash.as_bytes().to_vec(), generalized(time.value())?))
}

/// `YYYYMMDDhhmmss[.f…]Z` (RFC 3161 section 2.4.2), to the second.
fn generalized(text: &[u8]) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let part = |from: usize| whole[from..from + 2].parse::<u8>().ok();
    let month = Month::try_from(part(4)?).ok()?;
    let date = Date::from_calendar_date(whole[..4].parse().ok()?, month, part(6)?).ok()?;
    let time = Time::from_hms(part(8)?, part(10)?, part(12)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_of_either_kind() {
        let seconds = |text: &str| generalized(text.as_bytes()).map(OffsetDateTime::unix_timestamp);
        assert_eq!(seconds("20261123030350Z"), Some(1_795_403_030));
        assert_eq!(seconds("20261123030350.123Z"), Some(1_795_403_030));
        for text in ["", "Z", "20261123030350", "20261323030350Z", "2026112303035.0Z", "20261123030350.Z"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
