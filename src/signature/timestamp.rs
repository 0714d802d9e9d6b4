//! Timestamp tokens in, as a document timestamp carries them (RFC 3161, ISO 32000-2 section 12.8.5).
//!
//! In come the bytes of a gap and whoever can digest what they cover; out goes the time that the token states and the certificate that answers
//! for it. Not its business: whether that certificate is believed, and making tokens.

use const_oid::ObjectIdentifier;
use der::asn1::OctetString;
use der::{Any, Decode as _, Tag, Tagged as _};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use super::certificate::Certificate;
use super::foreign::{self, Unread};
use super::{DigestAlgorithm, Hasher};

const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

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
    use TimestampError::{Algorithm, Imprint, Malformed, Signature};
    let unread = |error| match error {
        Unread::Malformed(what) => Malformed(what),
        Unread::Algorithm(what) => Algorithm(what),
    };
    let signed = foreign::signed_data(gap).map_err(unread)?;
    if signed.encapsulated.content_type != TST_INFO {
        return Err(Malformed("no timestamp"));
    }
    let info = signed.encapsulated.content.as_ref().ok_or(Malformed("no content"))?;
    let info = info.decode_as::<OctetString>().map_err(|_| Malformed("no content"))?;
    let (algorithm, imprint, time) = tst_info(info.as_bytes()).ok_or(Malformed("no TSTInfo"))?;
    if digest(algorithm.ok_or(Algorithm("digest"))?) != imprint {
        return Err(Imprint);
    }
    let of_info = |algorithm| {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(info.as_bytes());
        hasher.finish()
    };
    let found = foreign::attested(&signed, TST_INFO, of_info).map_err(unread)?;
    if !found.digest || !found.signature {
        return Err(Signature);
    }
    Ok(Timestamp { time, authority: found.signer })
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
    Some((DigestAlgorithm::of(algorithm), hash.as_bytes().to_vec(), generalized(time.value())?))
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
