//! The PDF signatures: who signed, whether the signature holds, whether its certificate leads to the office's root.

use std::sync::Arc;

use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use unicode_normalization::UnicodeNormalization as _;

use crate::record::{Record, Role, parse_timestamp};
use crate::signature::byte_range::{self, ByteRange};
use crate::signature::certificate::Certificate;
use crate::signature::chain::{self, ChainError};
use crate::signature::cms::{CmsError, SignedData};
use crate::signature::paths::Paths;

use super::fact::{Fact, FactId, Text};
use super::gate::PdfSignature;
use super::indication::{Indication, SubIndication};
use super::reason::Reason as _;
use super::report::{SignatureFacts, quoted};
use super::trust::{Office, TrustList};

/// How far a claimed time may lie from the record's before it is remarked upon.
pub(super) const PLAUSIBLE: Duration = Duration::DAY;
/// How far clocks may differ.
pub(super) const SKEW: Duration = Duration::minutes(10);

/// One signature, with what was found about it.
#[derive(Debug)]
pub(crate) struct Checked<'s> {
    pdf: &'s PdfSignature,
    signed: Result<SignedData, Text>,
    /// Whether the signature holds over the bytes that it covers; none where those could not be digested.
    holds: Option<Result<(), CmsError>>,
    /// The certificate's path to the root of the office that the record names, at the claimed time; none without those.
    path: Option<Result<Arc<chain::Path>, ChainError>>,
    paths: &'s Paths,
}

/// Reads every SignedData, digests the file and looks for each certificate's path; bytes that two signatures share are hashed
/// once.
pub(crate) fn read<'s>(
    file: &[u8],
    signatures: &'s [PdfSignature],
    office: Option<&Office>,
    paths: &'s Paths,
) -> Vec<Checked<'s>> {
    let mut checked = Vec::new();
    let mut wanted = Vec::new();
    for pdf in signatures {
        let mut signed = SignedData::parse(&pdf.contents).map_err(|error| error.reason());
        let numbers = [0, pdf.gap.start as u64, pdf.gap.end as u64, (pdf.end - pdf.gap.end) as u64];
        match (&signed, ByteRange::check(numbers, file, pdf.end as u64)) {
            (Ok(data), Ok(range)) => wanted.push((range, data.digest_algorithm())),
            (Ok(_), Err(error)) => signed = Err(error.reason()),
            (Err(_), _) => {}
        }
        checked.push(Checked { pdf, signed, holds: None, path: None, paths });
    }
    if let Ok(digests) = byte_range::digests(file, &wanted) {
        let open = checked.iter_mut().filter(|c| c.signed.is_ok());
        for (one, digest) in open.zip(digests) {
            one.holds = one.signed.as_ref().ok().map(|signed| signed.verify(&digest).map(|_| ()));
        }
    }
    if let Some(office) = office {
        for one in &mut checked {
            one.path = one.path_to(office);
        }
    }
    checked
}

const fn signature_fact(role: Role) -> FactId {
    match role {
        Role::Officer => FactId::SignatureOfficer,
        Role::Office => FactId::SignatureOffice,
    }
}

const fn certificate_fact(role: Role) -> FactId {
    match role {
        Role::Officer => FactId::CertificateOfficer,
        Role::Office => FactId::CertificateOffice,
    }
}

impl Checked<'_> {
    pub(crate) const fn role(&self) -> Role {
        self.pdf.role
    }

    /// Where the bytes end that it covers.
    pub(crate) const fn end(&self) -> usize {
        self.pdf.end
    }

    /// Whether it is of the bytes that it covers, and of the certificate with it.
    pub(crate) const fn holds(&self) -> bool {
        matches!(self.holds, Some(Ok(())))
    }

    /// Whether it was made over other bytes.
    pub(crate) const fn is_of_other_bytes(&self) -> bool {
        matches!(self.holds, Some(Err(CmsError::DigestMismatch)))
    }

    /// The signature over the bytes.
    pub(crate) fn signature(&self) -> Fact {
        let id = signature_fact(self.pdf.role);
        let (gap, end) = (&self.pdf.gap, self.pdf.end);
        let covered = format!("0–{} + {}–{end}", gap.start, gap.end);
        let result = match (&self.signed, &self.holds) {
            (Ok(signed), Some(Ok(()))) => Ok(signed),
            (Ok(_), Some(Err(error))) => Err(error.reason()),
            (Ok(_), None) => Err(Text::new("không tính được giá trị băm", "no digest")),
            (Err(error), _) => Err(error.clone()),
        };
        match result {
            Ok(signed) => {
                let algorithm = format!("{:?}", signed.algorithm());
                Fact::passed(
                    id,
                    Text::new(
                        format!("chữ ký đúng ({algorithm}), bao phủ các byte {covered}"),
                        format!("the signature holds ({algorithm}) and covers bytes {covered}"),
                    ),
                )
            }
            Err(error) => Fact::failed(
                id,
                Text::new(
                    format!("chữ ký không đúng với các byte {covered} ({})", error.vi),
                    format!("the signature does not hold over bytes {covered}: {}", error.en),
                ),
            ),
        }
    }

    /// The certificate's path to the office's root, at the time that the signer claims.
    pub(crate) fn certificate(
        &self,
        office: Option<&Office>,
        record: Option<&Record>,
        now: OffsetDateTime,
    ) -> Fact {
        let id = certificate_fact(self.pdf.role);
        let Ok(signed) = &self.signed else {
            return Fact::not_checked(
                id,
                Text::new(
                    "không đọc được chữ ký nên không có chứng thư số",
                    "the signature cannot be read, so there is no certificate",
                ),
            );
        };
        let Some(at) = self.claimed() else {
            return Fact::failed(
                id,
                Text::new(
                    "chữ ký không nêu thời điểm ký hợp lệ (/M)",
                    "the signature states no valid time (/M)",
                ),
            );
        };
        let subject = self.signer().map_or_else(|| signed.signer().subject(), Certificate::subject);
        let time = rfc3339(at);
        let (Some(office), Some(path)) = (office, &self.path) else {
            return Fact::not_checked(
                id,
                Text::new(
                    format!("{subject}: không có chứng thư gốc để đối chiếu"),
                    format!("{subject}: there is no root certificate to check it against"),
                ),
            );
        };
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                return Fact::failed(
                    id,
                    Text::new(
                        format!(
                            "{subject}: không dẫn tới chứng thư gốc của cơ quan {} tại thời điểm khai {time} ({})",
                            office.code,
                            error.reason().vi
                        ),
                        format!(
                            "{subject}: does not lead to the root of office {} at the claimed time {time}: {error}",
                            office.code
                        ),
                    ),
                )
                .at(at);
            }
        };
        if surplus(signed, path) {
            return Fact::failed(
                id,
                Text::new(
                    "chữ ký mang theo chứng thư số không thuộc đường dẫn tin cậy",
                    "the signature carries a certificate that is not part of its path",
                ),
            )
            .at(at);
        }
        let issued = record.and_then(|record| parse_timestamp(&record.issued_at));
        let remark = if at > now + SKEW {
            Some(Text::new("thời điểm khai nằm trong tương lai", "the claimed time lies in the future"))
        } else if issued.is_some_and(|issued| (at - issued).abs() > PLAUSIBLE) {
            Some(Text::new(
                "thời điểm khai cách thời điểm cấp trong bản ghi hơn một ngày",
                "the claimed time is more than a day away from the record's time of issue",
            ))
        } else {
            self.another_name(record)
        };
        let vi = format!(
            "{subject}: hợp lệ tại {time}, là thời điểm do người ký tự khai, chưa có dấu thời gian chứng minh; không hỏi CRL hay OCSP xem chứng thư \
             số có bị thu hồi hay không"
        );
        let en = format!(
            "{subject}: valid at {time}, a time that the signer only claims and no timestamp proves; whether the certificate was revoked was not \
             asked (no CRL, no OCSP)"
        );
        let fact = match remark {
            None => Fact::passed(id, Text::new(vi, en)),
            Some(remark) => {
                Fact::warning(id, Text::new(format!("{vi}; {}", remark.vi), format!("{en}; {}", remark.en)))
            }
        };
        fact.at(at)
    }

    /// That the officer whom the record names is not the one in the certificate, but for the case of letters.
    fn another_name(&self, record: Option<&Record>) -> Option<Text> {
        let officer = record?.officer.as_ref().filter(|_| self.pdf.role == Role::Officer)?;
        let plain = |name: &str| {
            name.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect::<String>().to_lowercase()
        };
        let certified = self.signer()?.common_name().unwrap_or_default();
        (plain(&certified) != plain(&officer.name)).then(|| {
            let (named, certified) = (quoted(&officer.name), quoted(&certified));
            Text::new(
                format!("bản ghi nêu người chứng thực là {named}, chứng thư số là của {certified}"),
                format!("the record names {named} as the officer, the certificate is {certified}'s"),
            )
        })
    }

    /// Whether the certificate leads to the root of the office that the record names, whatever else is wrong with it; none
    /// where that is not known.
    pub(crate) fn is_own(&self) -> Option<bool> {
        leads(self.path.as_ref()?)
    }

    /// The office whose root the certificate leads to.
    pub(crate) fn owner<'t>(&self, trust: &'t TrustList) -> Option<&'t Office> {
        trust.offices().iter().find(|office| self.path_to(office).as_ref().and_then(leads) == Some(true))
    }

    fn path_to(&self, office: &Office) -> Option<Result<Arc<chain::Path>, ChainError>> {
        let (signed, at) = (self.signed.as_ref().ok()?, self.claimed()?);
        Some(self.paths.verify(signed.signer().der(), signed.certificates(), office.root.der(), at))
    }

    /// ETSI's word for it, at the present.
    fn indication(&self, office: Option<&Office>, now: OffsetDateTime) -> Indication {
        let (Ok(signed), Some(holds)) = (&self.signed, &self.holds) else {
            return Indication::failed(SubIndication::FormatFailure);
        };
        match holds {
            Ok(()) => {}
            Err(CmsError::DigestMismatch) => return Indication::failed(SubIndication::HashFailure),
            Err(_) => return Indication::failed(SubIndication::SigCryptoFailure),
        }
        if office.is_none() {
            return Indication::open(SubIndication::NoCertificateChainFound);
        }
        match &self.path {
            None => Indication::open(SubIndication::NoPoe),
            Some(Err(error)) => Indication::of_path(error),
            Some(Ok(path)) if surplus(signed, path) => Indication::open(SubIndication::SigConstraintsFailure),
            Some(Ok(path)) if !lasts(path, now) => Indication::open(SubIndication::OutOfBoundsNoPoe),
            Some(Ok(_)) => Indication::PASSED,
        }
    }

    pub(crate) fn facts(&self, office: Option<&Office>, now: OffsetDateTime) -> SignatureFacts {
        let signer = self.signer();
        SignatureFacts {
            role: self.pdf.role,
            subject: signer.map(|certificate| certificate.subject().to_owned()),
            certificate: signer.map(|certificate| certificate.fingerprint().hex()),
            claimed_time: self.claimed().map(rfc3339),
            validation: self.indication(office, now),
        }
    }

    /// The certificate that answers for the signature; where its path is known, the one that is remembered with it.
    fn signer(&self) -> Option<&Certificate> {
        match &self.path {
            Some(Ok(path)) => Some(path.signer()),
            _ => self.signed.as_ref().ok().map(SignedData::signer),
        }
    }

    /// The time that the signer claims.
    pub(crate) fn claimed(&self) -> Option<OffsetDateTime> {
        self.pdf.claimed.as_deref().and_then(pdf_time)
    }
}

/// Whether a path that held at some moment holds at this one: all that can have changed is who is in date. The root has no date (RFC 5280, 6.1.1).
fn lasts(path: &chain::Path, now: OffsetDateTime) -> bool {
    let (_, issued) = path.certificates().split_last().expect("a path has a root");
    let now = now.unix_timestamp();
    issued
        .iter()
        .all(|one| (one.not_before().unix_timestamp()..=one.not_after().unix_timestamp()).contains(&now))
}

/// Whether there is a certificate that the path does not need: no signature covers it.
fn surplus(signed: &SignedData, path: &chain::Path) -> bool {
    let used = |der: &[u8]| path.certificates().iter().any(|one| one.der() == der);
    signed.certificates().iter().any(|der| !used(der))
}

fn leads(path: &Result<Arc<chain::Path>, ChainError>) -> Option<bool> {
    match path {
        Ok(_) => Some(true),
        Err(ChainError::UnknownIssuer | ChainError::BadSignature) => Some(false),
        Err(_) => None,
    }
}

/// The signers that the record asks for against those that signed.
pub(crate) fn signers(record: &Record, signatures: &[Checked<'_>]) -> Fact {
    let id = FactId::Signers;
    let wanted: Vec<Role> = record.signers.iter().map(|signer| signer.role).collect();
    let signed: Vec<Role> = signatures.iter().map(Checked::role).collect();
    if wanted != signed {
        return Fact::failed(
            id,
            Text::new(
                format!(
                    "bản ghi yêu cầu chữ ký của: {}; tệp có chữ ký của: {}",
                    names(&wanted).vi,
                    names(&signed).vi
                ),
                format!(
                    "the record asks for signatures by {}; the file has those by {}",
                    names(&wanted).en,
                    names(&signed).en
                ),
            ),
        );
    }
    for (required, checked) in record.signers.iter().zip(signatures) {
        let role = names(&[required.role]);
        let found = checked.signed.as_ref().ok().map(|signed| signed.signer().fingerprint());
        if found != Some(required.certificate) {
            let found = found.map_or_else(|| "—".to_owned(), |digest| digest.hex());
            return Fact::failed(
                id,
                Text::new(
                    format!(
                        "chứng thư số của {} là {found}, bản ghi yêu cầu {}",
                        role.vi, required.certificate
                    ),
                    format!(
                        "the certificate of {} is {found}, the record asks for {}",
                        role.en, required.certificate
                    ),
                ),
            );
        }
    }
    let all = names(&wanted);
    Fact::passed(
        id,
        Text::new(
            format!("đã ký theo đúng thứ tự, đúng chứng thư số: {}", all.vi),
            format!("signed in order and with the certificates that the record names: {}", all.en),
        ),
    )
}

pub(crate) fn names(roles: &[Role]) -> Text {
    let list = |officer: &str, office: &str, none: &str| {
        let names: Vec<&str> = roles
            .iter()
            .map(|role| match role {
                Role::Officer => officer,
                Role::Office => office,
            })
            .collect();
        if names.is_empty() { none.to_owned() } else { names.join(", ") }
    };
    Text::new(list("người chứng thực", "cơ quan", "không ai"), list("the officer", "the office", "nobody"))
}

pub(crate) fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.unix_timestamp().to_string())
}

/// `D:20261122131811+07'00'` (ISO 32000-1 section 7.9.4), with all parts.
pub(super) fn pdf_time(text: &str) -> Option<OffsetDateTime> {
    let rest = text.strip_prefix("D:")?;
    if !rest.is_ascii() || rest.len() < 15 {
        return None;
    }
    let (digits, zone) = rest.split_at(14);
    let part = |range: std::ops::Range<usize>| -> Option<u16> {
        let part = &digits[range];
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let small = |range| u8::try_from(part(range)?).ok();
    let month = Month::try_from(small(4..6)?).ok()?;
    let date = Date::from_calendar_date(i32::from(part(0..4)?), month, small(6..8)?).ok()?;
    let time = Time::from_hms(small(8..10)?, small(10..12)?, small(12..14)?).ok()?;
    let offset = match zone.as_bytes() {
        b"Z" => UtcOffset::UTC,
        [sign @ (b'+' | b'-'), h1, h2, b'\'', m1, m2, b'\'']
            if [h1, h2, m1, m2].iter().all(|d| d.is_ascii_digit()) =>
        {
            let two = |a: &u8, b: &u8| i8::try_from((a - b'0') * 10 + (b - b'0')).ok();
            let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
            let sign = if *sign == b'-' { -1 } else { 1 };
            UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?
        }
        _ => return None,
    };
    Some(PrimitiveDateTime::new(date, time).assume_offset(offset).to_offset(UtcOffset::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_time_that_a_signature_claims() {
        let time = |text| pdf_time(text).map(rfc3339);
        assert_eq!(time("D:20261122131811+07'00'").as_deref(), Some("2026-11-22T06:18:11Z"));
        assert_eq!(time("D:20261122131811Z").as_deref(), Some("2026-11-22T13:18:11Z"));
        assert_eq!(time("D:20261122131811-03'30'").as_deref(), Some("2026-11-22T16:48:11Z"));
        for text in [
            "",
            "D:2026",
            "D:20261322131811Z",
            "D:20260230131811Z",
            "D:+0261122131811Z",
            "D:20261122131811+07'00",
            "20261122131811Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
