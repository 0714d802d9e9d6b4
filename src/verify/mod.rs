//! Copy + trust list → report. *Core.*
//!
//! In come a file's bytes, a [`TrustList`] and the present time; out goes a [`Report`]: separate facts, and a verdict over
//! them; of a print's QR code, which holds the seal alone, a [`SealReport`]. No input or output, no clock, no network of its own. Not its business: making copies; `certify` and this room meet
//! only in `record`, `registry`, `seal` and `signature`.
//!
//! The order is that of trust: first the bytes (`pdf`, `document`, `gate`: one reading of the file, every byte accounted for
//! and covered), then cryptography, then whose keys they are. A fact that could not be checked says so and is never told as
//! one that holds. What this room decides where the design leaves it open:
//!
//! - A file without any trace of a copy is refused ([`NotACopy`]); one with a trace that does not keep to the grammar is a
//!   copy that was tampered with, thus `invalid`.
//! - A key's index range is half-open; a log key must be valid for the checkpoint's last entry.
//! - A seal or log key that nobody in the list has may be newer than the list: where all else holds, certificates, signatures and pages under
//!   that office, the verdict is `indeterminate`. A key that the list gives to another office, or to other entries, makes it `invalid`.
//! - An expired trust list makes the verdict `indeterminate`, a claimed signing time that lies in the future or more than a
//!   day from the record's a remark.
//! - A revoked, voided, superseded or corrected copy is `invalid`, and the sentence says which.
//! - A certificate in a signature that its path does not need is refused: no signature would cover it.
//! - What was appended after the last signature may be validation data and document timestamps alone; the copy is verified without them.

mod additions;
mod changes;
mod document;
mod evidence;
mod fact;
mod foreign;
mod gate;
mod indication;
mod issuer;
mod moment;
mod national;
mod pages;
mod paper;
pub mod pdf;
mod print;
mod reason;
mod refusal;
mod report;
mod signatures;
pub mod status;
#[cfg(test)]
mod testing;
pub mod trust;
mod validation_data;
mod verdict;
mod xmp;

pub use fact::{Fact, FactId, Language, State, Text};
pub use foreign::{ForeignSignature, foreign_signatures};
pub use indication::{Indication, MainIndication, SubIndication};
pub use national::{National, ProofSource};
pub use pages::PageImage;
pub use paper::{Comparison, Paper, PaperValue};
pub use print::{SealFacts, SealReport, SealVerdict, no_seal, verify_seal};
pub(crate) use reason::Reason;
pub use refusal::NotACopy;
pub use report::{
    CopyFacts, FieldFacts, Known, Report, SignatureFacts, VERSION, Verdict, facts_text, humanised, printable,
};
pub use status::{Silence, Status, StatusAnswer, StatusSource};
pub use trust::TrustList;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::record::{self, PageDigest, Record, Role, copy_id};
use crate::registry::Receipt;
use crate::registry::policy::Policy;
use crate::seal::SealError;
pub use crate::signature::paths::Paths;

use document::Document;
use evidence::{Evidence, no_record};
use pdf::{File, PdfError};
use signatures::rfc3339;
use trust::Office;

/// What verification needs besides the file and the trust list.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The present.
    pub now: OffsetDateTime,
    /// Who knows the status of copies; without one it is unknown.
    pub status: Option<&'a dyn StatusSource>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("now", &self.now).field("status", &self.status.is_some()).finish()
    }
}

/// Checks the form of a copy without its cryptography: grammar, signature gaps, pages. For whoever makes a copy and wants to
/// know before it leaves; gives the digests of the page images.
///
/// # Errors
/// The first thing that is not as in a copy.
pub fn examine(file: &[u8]) -> Result<Vec<PageDigest>, PdfError> {
    let file = File::parse(file)?;
    let document = Document::read(&file)?;
    gate::check(&file, &document)?;
    let mut pages = pages::Pages::new(&file);
    (0..document.pages.len()).map(|index| pages.check(&document, index)).collect()
}

/// The page images of a copy, in the order of its pages, as [`verify`] reads them: to be shown beside what it found. What they are worth its
/// report says.
///
/// # Errors
/// The first thing that is not as in a copy.
pub fn pictures(file: &[u8]) -> Result<Vec<PageImage<'_>>, PdfError> {
    let file = File::parse(&file[..additions::split(file).0])?;
    let document = Document::read(&file)?;
    let mut pages = pages::Pages::new(&file);
    (0..document.pages.len()).map(|index| pages.picture(&document, index)).collect()
}

/// Verifies one file.
///
/// # Errors
/// [`NotACopy`] where there is nothing to verify. A copy that is damaged or forged is no error but a report.
pub fn verify(pdf: &[u8], trust: &TrustList, options: &Options<'_>) -> Result<Report, NotACopy> {
    verify_witnessed(pdf, trust, options, None, None)
}

/// How many witnesses the reader asks for, and the receipts that were stapled beside the copy later.
#[derive(Clone, Copy, Debug)]
pub struct Witnesses<'a> {
    /// The reader's policy (C2SP tlog-policy).
    pub policy: &'a Policy,
    /// Receipts of the same entry over later checkpoints.
    pub stapled: &'a [Receipt],
}

/// Verifies one file as [`verify`] does, and whether its entry was witnessed and its checkpoint is in a national log: each a fact of its
/// own where it is asked for, never passed on the office's word.
///
/// # Errors
/// As [`verify`].
pub fn verify_witnessed(
    pdf: &[u8],
    trust: &TrustList,
    options: &Options<'_>,
    witnesses: Option<Witnesses<'_>>,
    national: Option<National<'_>>,
) -> Result<Report, NotACopy> {
    Verifier { trust, status: options.status, witnesses, national, paths: &Paths::default() }
        .copy(pdf, options.now)
}

/// What many files are verified against, for whoever verifies more than one: a service, a folder.
#[derive(Clone, Copy)]
pub struct Verifier<'a> {
    /// The offices that are trusted.
    pub trust: &'a TrustList,
    /// Who knows the status of copies.
    pub status: Option<&'a dyn StatusSource>,
    /// The witnesses that the reader asks for.
    pub witnesses: Option<Witnesses<'a>>,
    /// The national logs that the reader asks for.
    pub national: Option<National<'a>>,
    /// Where certificates were found to lead, kept from file to file.
    pub paths: &'a Paths,
}

impl std::fmt::Debug for Verifier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("trust", &self.trust.sequence()).finish_non_exhaustive()
    }
}

impl Verifier<'_> {
    /// Verifies one file at the present `now`, as [`verify_witnessed`] does.
    ///
    /// # Errors
    /// As [`verify`].
    pub fn copy(&self, pdf: &[u8], now: OffsetDateTime) -> Result<Report, NotACopy> {
        copy(pdf, self, &Options { now, status: self.status })
    }

    /// Verifies the seal of a print at the present `now`, as [`verify_seal`] does.
    ///
    /// # Errors
    /// As [`verify_seal`].
    pub fn seal(&self, text: &str, now: OffsetDateTime) -> Result<SealReport, SealError> {
        verify_seal(text, self.trust, &Options { now, status: self.status })
    }
}

fn copy(pdf: &[u8], verifier: &Verifier<'_>, options: &Options<'_>) -> Result<Report, NotACopy> {
    let Verifier { trust, witnesses, national, paths, .. } = *verifier;
    let refuse_or_report = |error: &PdfError| {
        let error = &changes::too_many(error, pdf);
        if refusal::has_traces(pdf) { Ok(damaged(error, trust, options)) } else { Err(refusal::kind(pdf)) }
    };
    // The copy itself; what was appended to it is looked at by itself.
    let (end, later) = additions::split(pdf);
    let own = &pdf[..end];
    let file = match File::parse(own) {
        Ok(file) => file,
        Err(error) => return refuse_or_report(&error),
    };
    let document = match Document::read(&file) {
        Ok(document) => document,
        Err(error) => return refuse_or_report(&error),
    };
    if !refusal::is_copy(&document) && !refusal::has_traces(pdf) {
        return Err(refusal::kind(pdf));
    }

    let added = match (!later.is_empty()).then(|| additions::check(pdf, end, &later, &document)).transpose() {
        Ok(added) => added,
        // Whoever opens the file may see something else than the copy.
        Err(error) => return refuse_or_report(&error),
    };
    let gate = gate::check(&file, &document);
    let evidence = Evidence::read(&document);
    let record = evidence.record.as_ref().ok();
    let office = record.and_then(|record| trust.office(&record.office.code));
    let none = Vec::new();
    let signed = signatures::read(own, gate.as_ref().unwrap_or(&none), office, paths);

    let mut facts = vec![
        trust_list(trust, options.now),
        untouched(&file, gate.as_ref().err(), &signed),
        evidence::attachments(&document),
        evidence.record_fact(),
        issuer::same(office, trust, &evidence, &signed),
    ];
    let (appended, stamped) = added.map_or((Vec::new(), None), |added| added.facts(pdf));
    facts.extend(appended);
    facts.push(match (record, &gate) {
        (None, _) => no_record(FactId::Signers),
        (Some(_), Err(_)) => not_read(FactId::Signers),
        (Some(record), Ok(_)) => signatures::signers(record, &signed),
    });
    for checked in &signed {
        facts.push(checked.signature());
        facts.push(checked.certificate(office, record, options.now));
    }
    if gate.is_err() {
        facts.extend(document.fields.iter().flat_map(|field| signature_facts(field.role)).map(not_read));
    }
    facts.push(page_images(&file, &document, record));
    facts.push(evidence.disclosures());
    facts.push(evidence.seal(office, trust));
    facts.push(evidence.entry());
    facts.push(evidence.inclusion());
    facts.push(evidence.checkpoint(office, trust));
    let witnessed = witnesses.map(|witnesses| evidence.witnessed(office, &witnesses));
    let (witnessed, bound) = witnessed.map_or((None, None), |(fact, bound)| (Some(fact), bound));
    facts.extend(witnessed);
    facts.push(match record {
        None => no_record(FactId::Time),
        Some(record) => {
            let claims: Vec<OffsetDateTime> = signed.iter().filter_map(|one| one.claimed()).collect();
            let moments = moment::Moments { signed: &claims, witnessed: bound, stamped, now: options.now };
            moment::fact(record, &moments)
        }
    });
    let receipt = evidence.receipt.as_ref().ok();
    facts.extend(national.map(|national| national::fact(receipt, office, &national)));
    facts.push(metadata(&document, &evidence));
    // A status is that of an entry: of one that the file only claims it would say what holds for another copy.
    let of_entry = [FactId::Issuer, FactId::Entry, FactId::Inclusion, FactId::Checkpoint];
    let logged = facts.iter().all(|fact| fact.state == State::Passed || !of_entry.contains(&fact.id));
    let (status, status_fact) = status_fact(&evidence, logged, options);
    facts.push(status_fact);

    let copy = record.map(|record| copy_facts(record, &evidence, office));
    let trial = record.is_some_and(|record| record.trial);
    let signatures: Vec<_> = signed.iter().map(|one| one.facts(office, options.now)).collect();
    let signed = Indication::of_file(gate.is_ok(), signatures.iter().map(|one| one.validation));
    let facts = facts.into_iter().map(|fact| fact.dated(options.now, trust)).collect();
    let mut report = report(facts, office.is_some(), trial, status, copy, (signatures, signed), options);
    let listed = record.and_then(|record| issuer::namesake(&record.office.name, trust));
    if let Some(listed) = listed.filter(|_| report.verdict == Verdict::UnknownIssuer) {
        report.advice = verdict::namesake(listed);
    }
    Ok(report)
}

fn report(
    mut facts: Vec<Fact>,
    office_known: bool,
    trial: bool,
    status: Option<Status>,
    copy: Option<CopyFacts>,
    (signatures, signed): (Vec<SignatureFacts>, Indication),
    options: &Options<'_>,
) -> Report {
    facts.sort_by_key(|fact| fact.id);
    let verdict = verdict::of(&facts, office_known, trial);
    let proven = verdict::proven(&facts, office_known);
    let copy = copy.map(|copy| CopyFacts { proven, ..copy });
    Report {
        version: VERSION,
        verdict,
        trial,
        checked_at: rfc3339(options.now),
        summary: verdict::summary(verdict, &facts, trial, status),
        advice: verdict::advice(verdict, &facts, trial, status),
        signed,
        copy,
        signatures,
        facts,
        status,
    }
}

/// The report on a copy whose file does not even keep to the grammar: nothing else in it can be relied on.
fn damaged(error: &PdfError, trust: &TrustList, options: &Options<'_>) -> Report {
    let mut facts = vec![trust_list(trust, options.now), broken(error)];
    let rest = [
        FactId::Attachments,
        FactId::Record,
        FactId::Issuer,
        FactId::Signers,
        FactId::Time,
        FactId::Pages,
        FactId::Disclosures,
        FactId::Seal,
        FactId::Entry,
        FactId::Inclusion,
        FactId::Checkpoint,
        FactId::CopyId,
        FactId::Status,
    ];
    facts.extend(rest.map(not_read));
    let facts = facts.into_iter().map(|fact| fact.dated(options.now, trust)).collect();
    report(facts, false, false, None, None, (Vec::new(), Indication::of_file(false, [])), options)
}

const fn signature_facts(role: Role) -> [FactId; 2] {
    match role {
        Role::Officer => [FactId::SignatureOfficer, FactId::CertificateOfficer],
        Role::Office => [FactId::SignatureOffice, FactId::CertificateOffice],
    }
}

fn not_read(id: FactId) -> Fact {
    Fact::not_checked(
        id,
        Text::new("không kiểm tra vì cấu trúc tệp sai", "not checked, since the file's form is wrong"),
    )
}

fn broken(error: &PdfError) -> Fact {
    Fact::failed(
        FactId::FileUntouched,
        Text::new(
            format!("tệp không còn đúng cấu trúc của bản sao: {}", error.reason().vi),
            format!("the file is not in the form of a copy: {error}"),
        ),
    )
}

fn trust_list(trust: &TrustList, now: OffsetDateTime) -> Fact {
    let (sequence, expires) = (trust.sequence(), rfc3339(trust.expires()));
    if now > trust.expires() {
        return Fact::not_checked(
            FactId::TrustList,
            Text::new(
                format!(
                    "danh sách số {sequence} đã hết hạn ngày {expires}; các khóa trong đó có thể không còn đúng"
                ),
                format!("edition {sequence} expired at {expires}; the keys in it may not be right any more"),
            ),
        );
    }
    if let Some(issued) = trust.issued().filter(|issued| *issued > now + signatures::SKEW).map(rfc3339) {
        return Fact::warning(
            FactId::TrustList,
            Text::new(
                format!(
                    "danh sách số {sequence} ghi ngày lập {issued}, nằm trong tương lai: kiểm tra đồng hồ của máy này, hoặc hỏi nơi lập danh sách"
                ),
                format!(
                    "edition {sequence} says that it was made at {issued}, which lies in the future: check this machine's clock, or ask who made it"
                ),
            ),
        );
    }
    let made = trust
        .issued()
        .map(rfc3339)
        .map_or_else(Default::default, |issued| (format!(" lập lúc {issued}"), format!(" made at {issued}")));
    Fact::passed(
        FactId::TrustList,
        Text::new(
            format!("danh sách số {sequence}{}, có hiệu lực đến {expires}", made.0),
            format!("edition {sequence}{}, good until {expires}", made.1),
        ),
    )
}

/// Grammar, gate and digests: every byte accounted for, all of them covered, and those that were signed.
fn untouched(file: &File<'_>, error: Option<&PdfError>, signed: &[signatures::Checked<'_>]) -> Fact {
    let id = FactId::FileUntouched;
    if let Some(error) = error {
        return broken(error);
    }
    let (length, revisions) = (file.bytes.len(), file.revisions.len());
    let vi = format!("bản sao: {length} byte, {revisions} lần ký, không có byte nào ngoài chữ ký cuối");
    let en = format!(
        "the copy's {length} bytes, {revisions} signed revisions, no byte outside the last signature"
    );
    if let Some(changed) = signed.iter().find(|one| one.is_of_other_bytes()) {
        let (end, who) = (changed.end(), signatures::names(&[changed.role()]));
        return Fact::failed(
            id,
            Text::new(
                format!("{vi}, nhưng trong {end} byte đầu có byte đã bị thay đổi sau khi {} ký", who.vi),
                format!("{en}, but among the first {end} some were changed after {} signed them", who.en),
            ),
        );
    }
    if !signed.iter().all(signatures::Checked::holds) {
        return Fact::not_checked(
            id,
            Text::new(
                format!("{vi}; không có chữ ký đúng nào cho biết các byte có bị thay đổi hay không"),
                format!("{en}; whether they were changed no signature tells, since one does not hold"),
            ),
        );
    }
    Fact::passed(
        id,
        Text::new(
            format!("{vi}; đúng là các byte đã được ký"),
            format!("{en}; they are the bytes that were signed"),
        ),
    )
}

/// Every page is drawn as it must be, and its image is the record's.
fn page_images(file: &File<'_>, document: &Document<'_, '_>, record: Option<&Record>) -> Fact {
    let id = FactId::Pages;
    let fail = |vi: String, en: String| Fact::failed(id, Text::new(vi, en));
    let count = document.pages.len();
    if let Some(record) = record.filter(|record| record.pages.len() != count) {
        let recorded = record.pages.len();
        return fail(
            format!("tệp có {count} trang, bản ghi có {recorded}"),
            format!("the file has {count} pages, the record {recorded}"),
        );
    }
    let mut pages = pages::Pages::new(file);
    for index in 0..count {
        let page = index + 1;
        let digest = match pages.check(document, index) {
            Ok(digest) => digest,
            Err(error) => {
                return fail(
                    format!(
                        "trang {page} không chỉ gồm ảnh quét, phần chứng thực và lớp chữ ẩn ({})",
                        error.reason().vi
                    ),
                    format!("page {page} is not just the scan, the strip and invisible text: {error}"),
                );
            }
        };
        if let Some(recorded) = record.map(|record| &record.pages[index])
            && *recorded != digest
        {
            let what = page_difference(&digest, recorded);
            return fail(
                format!("ảnh trang {page} khác bản ghi: {what}"),
                format!("the image of page {page} is not the record's: {what}"),
            );
        }
    }
    if record.is_none() {
        return no_record(id);
    }
    Fact::passed(
        id,
        Text::new(
            format!("{count} trang khớp bản ghi, không vẽ gì khác lên ảnh"),
            format!("pages that match the record, with nothing else drawn on them: {count}"),
        ),
    )
}

/// The first member in which two page digests differ.
fn page_difference(found: &PageDigest, recorded: &PageDigest) -> String {
    let show = |what: &str, a: &dyn std::fmt::Debug, b: &dyn std::fmt::Debug| format!("{what} {a:?} ≠ {b:?}");
    if found.stream != recorded.stream {
        return format!("SHA-256 {} ≠ {}", found.stream, recorded.stream);
    }
    let members: [(&str, &dyn std::fmt::Debug, &dyn std::fmt::Debug); 8] = [
        ("/Filter", &found.filter, &recorded.filter),
        ("/ColorSpace", &found.color_space, &recorded.color_space),
        ("/Width", &found.width, &recorded.width),
        ("/Height", &found.height, &recorded.height),
        ("/BitsPerComponent", &found.bits, &recorded.bits),
        ("/Decode", &found.decode, &recorded.decode),
        ("/DecodeParms", &found.decode_parms, &recorded.decode_parms),
        ("/JBIG2Globals", &found.globals, &recorded.globals),
    ];
    let differs = members.iter().find(|(_, a, b)| format!("{a:?}") != format!("{b:?}"));
    differs.map_or_else(String::new, |(what, a, b)| show(what, a, b))
}

/// The copy's id and the trial mark in the XMP packet.
fn metadata(document: &Document<'_, '_>, evidence: &Evidence) -> Fact {
    let id = FactId::CopyId;
    let (Some(bytes), Ok(record)) = (&evidence.record_bytes, &evidence.record) else { return no_record(id) };
    let expected = copy_id(bytes);
    let packet = document.metadata.map(String::from_utf8_lossy).unwrap_or_default();
    let ids = property(&packet, "saoy:CopyId");
    let trial = property(&packet, "saoy:Trial");
    if ids.is_empty() && !packet.contains("CopyId>") {
        return Fact::not_checked(
            id,
            Text::new("siêu dữ liệu không ghi mã bản sao", "the metadata names no copy id"),
        );
    }
    if ids != [expected.as_str()] {
        let found = ids.join(", ");
        return Fact::failed(
            id,
            Text::new(
                format!("siêu dữ liệu ghi {found}, bản ghi cho {expected}"),
                format!("the metadata says {found}, the record gives {expected}"),
            ),
        );
    }
    if trial.iter().any(|mark| *mark != if record.trial { "True" } else { "False" }) {
        return Fact::failed(
            id,
            Text::new(
                "siêu dữ liệu và bản ghi khác nhau về việc đây có phải bản thử nghiệm",
                "metadata and record differ about whether this is a trial",
            ),
        );
    }
    // What people are shown of the metadata beside the copy's id.
    let issued = record::parse_timestamp(&record.converted_at);
    let converted = property(&packet, "saoy:ConvertedAt");
    let same = |said: &&str| {
        let said = OffsetDateTime::parse(said, &Rfc3339).ok();
        said.map(OffsetDateTime::unix_timestamp) == issued.map(OffsetDateTime::unix_timestamp)
    };
    if let Some(other) = converted.iter().find(|said| !same(said)).map(|said| report::printable(said)) {
        let recorded = &record.converted_at;
        return Fact::failed(
            id,
            Text::new(
                format!("siêu dữ liệu ghi thời điểm chuyển đổi {other}, bản ghi ghi {recorded}"),
                format!("the metadata say that it was converted at {other}, the record {recorded}"),
            ),
        );
    }
    let title = property(&packet, "dc:title").concat();
    if let Some(other) = numbered(&title).filter(|number| *number != record.book.number.to_string()) {
        let number = record.book.number;
        return Fact::warning(
            id,
            Text::new(
                format!(
                    "{expected}; nhưng tiêu đề trong siêu dữ liệu nêu số {other}, bản ghi là số {number}"
                ),
                format!("{expected}; but the title in the metadata says number {other}, the record {number}"),
            ),
        );
    }
    Fact::passed(id, Text::new(expected.clone(), expected))
}

/// The number that a title gives first: `… số 12, quyển số …`.
fn numbered(title: &str) -> Option<&str> {
    let numbers = title
        .split("số ")
        .skip(1)
        .map(|rest| &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())]);
    numbers.into_iter().find(|digits| !digits.is_empty())
}

/// The contents of every element with this name; attributes and nesting are not expected.
fn property<'p>(packet: &'p str, name: &str) -> Vec<&'p str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    packet
        .split(open.as_str())
        .skip(1)
        .map(|rest| rest.split_once(close.as_str()).map_or("", |(value, _)| value))
        .collect()
}

fn status_fact(evidence: &Evidence, logged: bool, options: &Options<'_>) -> (Option<Status>, Fact) {
    let id = FactId::Status;
    if !logged {
        let unproven = Text::new(
            "không hỏi: chưa chứng minh được bản sao là mục trong sổ đăng ký mà nó nêu",
            "not asked: the copy is not proven to be the registry's entry that it names",
        );
        return (None, Fact::not_checked(id, unproven));
    }
    let asked = match (&evidence.record, evidence.index(), options.status) {
        (Ok(record), Some(index), Some(source)) => source.status(&record.office.code, index),
        _ => {
            let unknown = Text::new(
                "không hỏi được cơ quan cấp: chưa biết có bị thu hồi, thay thế hay không",
                "nobody was asked who knows: whether it was revoked or replaced is unknown",
            );
            return (None, Fact::not_checked(id, unknown));
        }
    };
    let answer = match asked {
        Ok(answer) => answer,
        Err(silence) => return (None, Fact::not_checked(id, silence.text())),
    };
    let own = evidence.receipt.as_ref().ok().map(|receipt| &receipt.entry);
    if let Some(there) = &answer.entry
        && own != Some(there)
    {
        let there = there.leaf_hash();
        let text = Text::new(
            format!("sổ đăng ký của cơ quan có mục khác ở vị trí này ({there})"),
            format!("the office's registry has another entry at this index ({there})"),
        );
        return (None, Fact::failed(id, text).at(answer.as_of));
    }
    told_status(&answer, options)
}

/// What a source says about an entry, as a fact.
fn told_status(answer: &StatusAnswer, options: &Options<'_>) -> (Option<Status>, Fact) {
    let id = FactId::Status;
    let as_of = rfc3339(answer.as_of);
    // A list that is too old says nothing about today, but what ended a copy then ended it for ever.
    if let Some(until) = answer.until.filter(|until| *until < options.now && answer.status == Status::Good) {
        let until = rfc3339(until);
        let old = Text::new(
            format!(
                "danh sách trạng thái ngày {as_of} chỉ dùng được đến {until}: quá cũ, chưa biết hiện nay ra sao"
            ),
            format!(
                "the status list of {as_of} was good until {until}: too old, what holds today is unknown"
            ),
        );
        return (None, Fact::not_checked(id, old).at(answer.as_of));
    }
    let since = answer.since.as_ref();
    let (vi, en) = since.map_or_else(Default::default, |since| {
        let cause = since.cause.map_or_else(Default::default, |cause| {
            (format!(", lý do: {}", cause_in_vietnamese(cause)), format!(" because: {cause}"))
        });
        (format!(" ngày {}{}", since.day, cause.0), format!(" on {}{}", since.day, cause.1))
    });
    let fail = |what_vi: String, what_en: String| {
        let text =
            Text::new(format!("{what_vi}{vi} (tính đến {as_of})"), format!("{what_en}{en} (as of {as_of})"));
        Fact::failed(id, text)
    };
    let copy = |index: u64| match &answer.replacement {
        Some(number) => {
            (format!("bản sao số {number} (mục số {index})"), format!("copy {number} (entry {index})"))
        }
        None => (format!("bản sao ở mục số {index} của sổ đăng ký"), format!("entry {index}")),
    };
    let fact = match answer.status {
        Status::Good => Fact::passed(
            id,
            Text::new(format!("đang có hiệu lực, tính đến {as_of}"), format!("in force as of {as_of}")),
        ),
        Status::Void => fail("số này đã bị hủy".into(), "voided".into()),
        Status::Revoked => fail("đã bị thu hồi".into(), "revoked".into()),
        Status::Superseded { replacement } => {
            let (vi, en) = copy(replacement);
            fail(format!("đã được thay bằng {vi}"), format!("superseded by {en}"))
        }
        Status::Corrected { replacement } => {
            let (vi, en) = copy(replacement);
            fail(format!("đã được đính chính bằng {vi}"), format!("corrected by {en}"))
        }
    };
    (Some(answer.status), fact.at(answer.as_of))
}

/// A coded cause for people.
fn cause_in_vietnamese(cause: &str) -> &str {
    match cause {
        "failure" => "không làm xong bản sao",
        "withdrawn" => "cơ quan rút lại trước khi cấp",
        "duplicate" => "chứng thực hai lần",
        "issued-in-error" => "cấp nhầm",
        "original-invalid" => "bản chính không có giá trị",
        "annulled" => "cơ quan có thẩm quyền hủy bỏ",
        "key-compromise" => "khóa bị lộ",
        other => other,
    }
}

fn copy_facts(record: &Record, evidence: &Evidence, office: Option<&Office>) -> CopyFacts {
    let disclosed = evidence.disclosed.as_ref().ok();
    let fields = disclosed.map(|disclosed| {
        disclosed
            .fields
            .iter()
            .map(|(name, field)| {
                let facts = FieldFacts {
                    value: field.value.clone(),
                    confirmed: field.confirmed,
                    page: field.page,
                    bbox: field.bbox,
                };
                (name.clone(), facts)
            })
            .collect()
    });
    CopyFacts {
        proven: false,
        copy_id: evidence.record_bytes.as_deref().map(copy_id).unwrap_or_default(),
        office: record.office.code.clone(),
        office_name: office.map_or_else(|| record.office.name.clone(), |office| office.name.clone()),
        officer: record.officer.as_ref().map(|officer| format!("{}, {}", officer.name, officer.title)),
        act: record.act,
        number: record.book.to_string(),
        book: record.book.symbol.clone(),
        date: record.date.clone(),
        copies: record.copies,
        pages: record.pages.len(),
        index: evidence.index(),
        form: record.form.clone(),
        fields: fields.unwrap_or_default(),
        withheld: disclosed.map(|disclosed| disclosed.withheld),
    }
}
