//! Validation data in a `/DSS` by their outer structure: that a certificate is one, a revocation list one and an answer one, with nothing behind
//! them. Nobody's word is taken for what they say: they are not used.

use const_oid::ObjectIdentifier;
use der::asn1::AnyRef;
use der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};

use crate::signature::certificate::Certificate;

/// `id-pkix-ocsp-basic`, RFC 6960 section 4.2.1.
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");

/// What a list of a `/DSS` is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `/Certs`.
    Certificate,
    /// `/CRLs`.
    RevocationList,
    /// `/OCSPs`.
    Answer,
}

impl Kind {
    /// Whether the bytes are exactly one of these.
    pub(crate) fn is(self, bytes: &[u8]) -> bool {
        match self {
            Self::Certificate => Certificate::from_der(bytes).is_ok(),
            Self::RevocationList => is_revocation_list(bytes).is_some(),
            Self::Answer => is_answer(bytes).is_some(),
        }
    }
}

/// `CertificateList`, RFC 5280 section 5.1; the revoked certificates are not read.
fn is_revocation_list(bytes: &[u8]) -> Option<()> {
    let (list, algorithm) = signed(bytes)?;
    let mut parts = list.into_iter().peekable();
    parts.next_if(|part| part.tag() == Tag::Integer && part.value() == [1]);
    // The algorithm twice, as the clause asks.
    (parts.next()? == algorithm).then_some(())?;
    sequence(parts.next()?)?;
    is_time(parts.next()?).then_some(())?;
    parts.next_if(|part| is_time(*part));
    parts.next_if(|part| part.tag() == Tag::Sequence);
    parts.next_if(|part| part.tag() == context(0));
    parts.next().is_none().then_some(())
}

/// `OCSPResponse`, RFC 6960 section 4.2.1, one that succeeded and is basic.
fn is_answer(bytes: &[u8]) -> Option<()> {
    let [status, response]: [AnyRef<'_>; 2] = sequence(AnyRef::from_der(bytes).ok()?)?.try_into().ok()?;
    (status.tag() == Tag::Enumerated && status.value() == [0]).then_some(())?;
    let [response]: [AnyRef<'_>; 1] = within(response, context(0))?.try_into().ok()?;
    let [kind, basic]: [AnyRef<'_>; 2] = sequence(response)?.try_into().ok()?;
    (kind.decode_as::<ObjectIdentifier>().ok()? == BASIC && basic.tag() == Tag::OctetString).then_some(())?;
    let (data, _) = signed(basic.value())?;
    let mut parts = data.into_iter().peekable();
    parts.next_if(|part| part.tag() == context(0));
    let responder = parts.next()?.tag();
    [context(1), context(2)].contains(&responder).then_some(())?;
    (parts.next()?.tag() == Tag::GeneralizedTime).then_some(())?;
    sequence(parts.next()?)?;
    parts.next_if(|part| part.tag() == context(1));
    parts.next().is_none().then_some(())
}

/// What both have outside: what is signed, the algorithm, a signature, and in an answer certificates. Gives the parts of the first, and the second.
fn signed(bytes: &[u8]) -> Option<(Vec<AnyRef<'_>>, AnyRef<'_>)> {
    let mut parts = sequence(AnyRef::from_der(bytes).ok()?)?.into_iter();
    let (data, algorithm, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let [_, ..] = sequence(algorithm)?[..] else { return None };
    (signature.tag() == Tag::BitString).then_some(())?;
    if let Some(certificates) = parts.next() {
        let [list]: [AnyRef<'_>; 1] = within(certificates, context(0))?.try_into().ok()?;
        sequence(list)?.into_iter().all(|one| one.tag() == Tag::Sequence).then_some(())?;
    }
    parts.next().is_none().then_some(())?;
    Some((sequence(data)?, algorithm))
}

const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

fn is_time(part: AnyRef<'_>) -> bool {
    matches!(part.tag(), Tag::UtcTime | Tag::GeneralizedTime)
}

fn sequence(value: AnyRef<'_>) -> Option<Vec<AnyRef<'_>>> {
    within(value, Tag::Sequence)
}

/// The values in one with this tag.
fn within(value: AnyRef<'_>, tag: Tag) -> Option<Vec<AnyRef<'_>>> {
    (value.tag() == tag).then_some(())?;
    let mut reader = SliceReader::new(value.value()).ok()?;
    let mut parts = Vec::new();
    while !reader.is_finished() {
        parts.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(parts)
}
