//! The print: the seal in a QR code alone, without the copy. What the office sealed is proven; the paper that bears the code is not.

mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::Failure;
use crate::record::{Act, Digest, commitment_of, day_text};
use crate::registry::check::Published;
use crate::registry::{Entry, EntryKind};
use crate::seal::{Seal, SealError, UnverifiedSeal, from_qr_text};

use super::Options;
use super::fact::{Fact, FactId, Language, State, Text};
use super::issuer::unlisted_key;
use super::paper::Paper;
use super::reason::Reason as _;
use super::report::{VERSION, date, facts_text, printable};
use super::signatures::rfc3339;
use super::status::{Silence, Status, StatusAnswer};
use super::trust::TrustList;
use words::{Open, advice, other_entry, summary};

/// What a seal alone comes to. There is no `valid`: a print is not the certified copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SealVerdict {
    /// The office sealed these values.
    Sealed,
    /// The office did not, or the copy is not in force any more.
    Invalid,
    /// The office did, but on the paper something else was read, or little of it.
    Differs,
    /// Nothing is wrong, but something needed could not be concluded, or the copy is a trial.
    Indeterminate,
    /// The office is not in the trust list.
    UnknownIssuer,
}

impl SealVerdict {
    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Invalid => "invalid",
            Self::Differs => "differs",
            Self::Indeterminate => "indeterminate",
            Self::UnknownIssuer => "unknown-issuer",
        }
    }
}

/// What verification of a seal by itself found. Serialises to the JSON of `saoy verify --seal --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SealReport {
    /// [`VERSION`].
    pub version: u32,
    /// The whole in one word.
    pub verdict: SealVerdict,
    /// Whether the seal says that the copy is a trial (THỬ NGHIỆM).
    pub trial: bool,
    /// The moment of checking that was handed in, RFC 3339.
    pub checked_at: String,
    /// The verdict in a sentence.
    pub summary: Text,
    /// What to do.
    pub advice: Text,
    /// What the office sealed; none where no trusted key sealed it.
    pub seal: Option<SealFacts>,
    /// Each check.
    pub facts: Vec<Fact>,
    /// What the registry says now, where that is known.
    pub status: Option<Status>,
    /// What was read again from the print, where that was done ([`SealReport::with_paper`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
    /// What a list says of the entry's number, until the entry itself is known to be this seal's.
    #[serde(skip)]
    listed: Option<(Status, Fact)>,
}

/// What the office sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SealFacts {
    /// The copy's id: lower-case hexadecimal, 32 digits.
    pub copy_id: String,
    /// The office's code.
    pub office: String,
    /// The office's name in the trust list.
    pub office_name: String,
    /// The act.
    pub act: Act,
    /// Number and year in the book: `12/2026`.
    pub number: String,
    /// The day in Vietnam's calendar, `YYYY-MM-DD`.
    pub date: String,
    /// The number of pages.
    pub pages: u32,
    /// The index in the office's registry.
    pub index: u64,
    /// Values by the names of their fields.
    pub values: BTreeMap<String, String>,
    /// Names of the fields for which the code had no room.
    pub omitted: Vec<String>,
    /// SHA-256(R), whose first half is the copy's id.
    #[serde(skip)]
    pub record: Digest,
    /// The id of the key that sealed.
    #[serde(skip)]
    pub key_id: [u8; 8],
}

/// Why a text is no seal, for whoever gave it.
pub fn no_seal(error: &SealError) -> Failure {
    let advice = match error {
        SealError::Text(_) => {
            "Đưa nguyên văn nội dung đọc được từ mã QR: SC1: và phần chữ in hoa theo sau, hoặc đường dẫn https://…/#… trong đó."
        }
        _ => "Không sử dụng dấu này; hỏi cơ quan có tên trong đó.",
    };
    Failure::from(error.clone()).in_vietnamese(error.reason().vi, advice)
}

impl SealReport {
    /// The exit code of `saoy verify --seal`: that of a copy of the same worth.
    pub const fn exit_code(&self, allow_status_unknown: bool) -> u8 {
        match (self.verdict, self.status) {
            (SealVerdict::Sealed, Some(_)) => 0,
            (SealVerdict::Sealed, None) if allow_status_unknown => 0,
            (SealVerdict::Sealed, None) => 3,
            _ => 1,
        }
    }

    /// The fact with this id.
    pub fn fact(&self, id: FactId) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.id == id)
    }

    /// The report with what the office's public log has at the entry that the seal names, found by [`crate::registry::check::entry`]; or why
    /// nothing was found there that can be believed. Of a seal that does not hold nothing is looked up.
    #[must_use]
    pub fn with_entry(mut self, found: Result<&Published, &str>) -> Self {
        let Some(seal) = &self.seal else { return self };
        let fact = match found {
            Ok(Published { entry, size }) => entry_fact(seal, entry, Some(*size)),
            Err(why) => not_found(seal.index, why),
        };
        let state = fact.state;
        self.put(fact);
        match state {
            State::Failed => {
                self.put(not_asked());
                (self.verdict, self.status) = (SealVerdict::Invalid, None);
                (self.summary, self.advice) = (other_entry(), advice(SealVerdict::Invalid, None, None));
            }
            State::Passed => {
                if let Some((status, fact)) = self.listed.take() {
                    self.put(fact);
                    self.status = Some(status);
                    if self.verdict == SealVerdict::Sealed {
                        self.summary = summary(self.verdict, None, self.status, true);
                    }
                }
            }
            _ => {}
        }
        self
    }

    /// Puts a fact that was found now in the place of any with its id.
    pub(super) fn put(&mut self, mut fact: Fact) {
        if fact.as_of.is_none() && fact.state != State::NotChecked {
            fact.as_of = OffsetDateTime::parse(&self.checked_at, &Rfc3339).ok();
        }
        self.facts.retain(|other| other.id != fact.id);
        self.facts.push(fact);
        self.facts.sort_by_key(|fact| fact.id);
    }

    /// The report for people: verdict, what to do, what was sealed, one line a fact. Fields stand under their names.
    pub fn text(&self, language: Language) -> String {
        self.text_titled(language, &|_| None)
    }

    /// The same with what people call a field, where `title` knows it.
    pub fn text_titled(&self, language: Language, title: &dyn Fn(&str) -> Option<String>) -> String {
        let called = |name: &str| printable(&title(name).unwrap_or_else(|| name.to_owned()));
        let say = |vi: &'static str, en: &'static str| match language {
            Language::Vietnamese => vi,
            Language::English => en,
        };
        let mut out = format!("{}\n{}\n", self.summary.get(language), self.advice.get(language));
        if let Some(seal) = &self.seal {
            let mut line = |what: &str, value: &str| {
                let _ = writeln!(out, "{what}: {value}");
            };
            line(
                say("\nCơ quan", "\nOffice"),
                &format!("{} ({})", printable(&seal.office_name), printable(&seal.office)),
            );
            line(say("Số chứng thực", "Number"), &printable(&seal.number));
            line(say("Ngày", "Date"), &date(&seal.date, language));
            let (entry, pages) = (say("mục số", "entry"), say("trang", "pages"));
            let technical = format!("{}; {entry} {}; {pages}: {}", seal.copy_id, seal.index, seal.pages);
            line(say("Mã bản sao", "Copy id"), &technical);
            for (name, value) in &seal.values {
                line(&format!("  {}", called(name)), &printable(value));
            }
            if !seal.omitted.is_empty() {
                let omitted: Vec<String> = seal.omitted.iter().map(|name| called(name)).collect();
                line(say("  Không đủ chỗ trong mã", "  No room in the code"), &omitted.join(", "));
            }
        }
        out + "\n" + &facts_text(&self.facts, language)
    }
}

/// Verifies a seal by its QR code's text: `SC1:…`, or the link `https://HOST/#…` whose address is not looked at.
///
/// # Errors
/// [`SealError::Text`], [`SealError::Cose`] and [`SealError::Content`] where the text holds no seal. A seal that the office did
/// not make is no error but a report.
pub fn verify_seal(text: &str, trust: &TrustList, options: &Options<'_>) -> Result<SealReport, SealError> {
    let unverified = UnverifiedSeal::parse(&from_qr_text(text.trim())?)?;
    let (code, index) = (unverified.office_code().to_owned(), unverified.index());
    let office = trust.office(&code);
    let (issuer, seal_fact, seal) = open(unverified, trust);
    let trial = seal.as_ref().is_some_and(|seal| seal.trial);
    let seal = seal.zip(office).map(|(seal, office)| SealFacts::of(seal, &office.name));
    let asked = seal.as_ref().zip(options.status);
    let registry = match asked.map(|(seal, source)| (seal, source.status(&code, index))) {
        None => InRegistry::unknown(Fact::not_checked(FactId::Status, not_consulted())),
        Some((seal, answer)) => InRegistry::of(seal, answer, options),
    };
    let InRegistry { entry, status_fact, status, listed, missing } = registry;
    let mut facts = vec![super::trust_list(trust, options.now), issuer, seal_fact];
    facts.extend(entry);
    facts.extend([not_the_paper(), status_fact]);
    let facts: Vec<Fact> = facts.into_iter().map(|fact| fact.dated(options.now, trust)).collect();

    let failed = |id: FactId| facts.iter().any(|fact| fact.id == id && fact.state == State::Failed);
    let unlisted = office.is_some() && facts[1].state == State::NotChecked;
    let open = if trial {
        Some(Open::Trial)
    } else if unlisted {
        Some(Open::UnlistedKey)
    } else if missing {
        Some(Open::NoEntry)
    } else {
        (facts[0].state == State::NotChecked).then_some(Open::Expired)
    };
    let verdict = if facts.iter().any(|fact| fact.state == State::Failed) {
        SealVerdict::Invalid
    } else if office.is_none() {
        SealVerdict::UnknownIssuer
    } else if open.is_some() {
        SealVerdict::Indeterminate
    } else {
        SealVerdict::Sealed
    };
    let summary = match failed(FactId::Entry) {
        true => other_entry(),
        false => summary(verdict, open, status, asked.is_some()),
    };
    Ok(SealReport {
        version: VERSION,
        verdict,
        trial,
        checked_at: rfc3339(options.now),
        summary,
        advice: advice(verdict, open, status),
        seal,
        facts,
        status,
        paper: None,
        listed,
    })
}

/// What the registry that was asked has of a seal.
struct InRegistry {
    /// The entry against the seal, where the source has entries.
    entry: Option<Fact>,
    status: Option<Status>,
    status_fact: Fact,
    /// What a list says of the number alone.
    listed: Option<(Status, Fact)>,
    /// Whether the office's own registry ends before the entry.
    missing: bool,
}

impl InRegistry {
    fn unknown(status_fact: Fact) -> Self {
        Self { entry: None, status: None, status_fact, listed: None, missing: false }
    }

    fn of(seal: &SealFacts, answer: Result<StatusAnswer, Silence>, options: &Options<'_>) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(silence) => {
                let missing = matches!(silence, Silence::NoEntry { .. });
                let status = Fact::not_checked(FactId::Status, silence.text());
                return Self { missing, ..Self::unknown(status) };
            }
        };
        let (status, fact) = super::told_status(&answer, options);
        let Some(there) = &answer.entry else {
            // A list knows numbers. What ended is no good, whosesoever it is; what is in force may be another copy.
            return match status {
                Some(Status::Good) => {
                    let number_alone = number_alone(seal.index, &rfc3339(answer.as_of));
                    let listed = Some((Status::Good, fact));
                    Self { listed, ..Self::unknown(Fact::not_checked(FactId::Status, number_alone)) }
                }
                status => Self { status, ..Self::unknown(fact) },
            };
        };
        let entry = entry_fact(seal, there, None);
        match entry.state {
            State::Failed => Self { entry: Some(entry), ..Self::unknown(not_asked()) },
            _ => Self { entry: Some(entry), status, ..Self::unknown(fact) },
        }
    }
}

impl SealFacts {
    fn of(seal: Seal, office_name: &str) -> Self {
        let mut copy_id = seal.record.hex();
        copy_id.truncate(32);
        Self {
            copy_id,
            office: seal.office_code,
            office_name: office_name.to_owned(),
            act: seal.act,
            number: seal.number,
            date: day_text(seal.date).unwrap_or_default(),
            pages: seal.pages,
            index: seal.index,
            values: seal.values,
            omitted: seal.omitted,
            record: seal.record,
            key_id: seal.key_id,
        }
    }
}

/// Whose key it is, whether its signature holds, and what was sealed where both do.
fn open(unverified: UnverifiedSeal, trust: &TrustList) -> (Fact, Fact, Option<Seal>) {
    let code = unverified.office_code().to_owned();
    let key_id = data_encoding::HEXLOWER.encode(&unverified.key_id());
    let owner = trust.seal_key(unverified.key_id()).map(|(owner, _)| owner);
    let fail = |id: FactId, vi: String, en: String| Fact::failed(id, Text::new(vi, en));
    let stranger = |owner: &str| {
        fail(
            FactId::Issuer,
            format!(
                "dấu ghi cơ quan {code}, nhưng khóa {key_id} không phải của cơ quan này (thuộc: {owner})"
            ),
            format!(
                "the seal names office {code}, but key {key_id} is not one of that office (it belongs to: {owner})"
            ),
        )
    };
    let not_opened = || {
        Fact::not_checked(
            FactId::Seal,
            Text::new(
                format!("không có khóa tin cậy để kiểm tra (khóa {key_id})"),
                format!("there is no trusted key to check it with (key {key_id})"),
            ),
        )
    };
    let Some(office) = trust.office(&code) else {
        let issuer = match owner {
            Some(owner) => stranger(&owner.code),
            None => Fact::not_checked(
                FactId::Issuer,
                Text::new(
                    format!("cơ quan {code} không có trong danh sách tin cậy"),
                    format!("office {code} is not in the trust list"),
                ),
            ),
        };
        return (issuer, not_opened(), None);
    };
    let Some(key) = office.seal_key(unverified.key_id()) else {
        let issuer = match owner {
            Some(owner) => stranger(&owner.code),
            None => Fact::not_checked(FactId::Issuer, unlisted_key(&key_id, &code, trust)),
        };
        return (issuer, not_opened(), None);
    };
    let issuer = Fact::passed(
        FactId::Issuer,
        Text::new(
            format!("khóa {key_id} là của {} ({code})", office.name),
            format!("key {key_id} is one of {} ({code})", office.name),
        ),
    );
    let index = unverified.index();
    if !key.valid.contains(index) {
        let fact = fail(
            FactId::Seal,
            format!("khóa {key_id} không có hiệu lực cho mục số {index}"),
            format!("key {key_id} is not valid for entry {index}"),
        );
        return (issuer, fact, None);
    }
    match unverified.verify(&key.key) {
        Ok(seal) => {
            let (values, omitted) = (seal.values.len(), seal.omitted.len());
            let fact = Fact::passed(
                FactId::Seal,
                Text::new(
                    format!("dấu đúng; {values} giá trị được niêm phong, {omitted} trường không đủ chỗ"),
                    format!("it holds; values sealed: {values}; fields without room: {omitted}"),
                ),
            );
            (issuer, fact, Some(seal))
        }
        Err(error) => {
            let fact = fail(
                FactId::Seal,
                format!("dấu không đúng ({})", error.reason().vi),
                format!("the seal does not hold: {error}"),
            );
            (issuer, fact, None)
        }
    }
}

/// The entry that the seal names, as the log has it, whose size is told where it was looked at.
fn entry_fact(seal: &SealFacts, entry: &Entry, size: Option<u64>) -> Fact {
    let (id, index) = (FactId::Entry, seal.index);
    let commits =
        matches!(&entry.kind, EntryKind::Issue { commitment } if *commitment == commitment_of(&seal.record));
    let same =
        entry.index == index && entry.key_id == seal.key_id && day_text(entry.day) == Some(seal.date.clone());
    let (vi, en) = match size {
        Some(size) => (format!("nhật ký công khai ({size} mục)"), format!("the public log (size {size})")),
        None => ("sổ đăng ký của cơ quan".to_owned(), "the office's registry".to_owned()),
    };
    if commits && same {
        let text = Text::new(
            format!("mục số {index} của {vi} cam kết đúng bản ghi của dấu này"),
            format!("entry {index} of {en} commits to this seal's record"),
        );
        Fact::passed(id, text)
    } else {
        let text = Text::new(
            format!("mục số {index} của {vi} không phải là mục của dấu này"),
            format!("entry {index} of {en} is not this seal's"),
        );
        Fact::failed(id, text)
    }
}

/// That nothing was found there that can be believed.
fn not_found(index: u64, why: &str) -> Fact {
    let text = Text::new(
        format!("không tra được mục số {index} trong nhật ký công khai"),
        format!("entry {index} could not be looked up in the public log: {why}"),
    );
    Fact::not_checked(FactId::Entry, text)
}

/// That a status would be another copy's.
fn not_asked() -> Fact {
    let text = Text::new(
        "không hỏi: mục mà dấu nêu là của bản sao khác",
        "not asked: the entry that the seal names is another copy's",
    );
    Fact::not_checked(FactId::Status, text)
}

/// What a list of numbers can say.
fn number_alone(index: u64, as_of: &str) -> Text {
    Text::new(
        format!(
            "mục số {index} đang có hiệu lực, tính đến {as_of}; nhưng chưa tra mục đó có phải của dấu này hay không, nên chưa biết bản sao có hiệu lực hay không"
        ),
        format!(
            "entry {index} is in force as of {as_of}, but whether that entry is this seal's was not looked up: whether the copy is in force is unknown"
        ),
    )
}

/// What no code can prove.
fn not_the_paper() -> Fact {
    Fact::not_checked(
        FactId::Paper,
        Text::new(
            "chưa kiểm tra: mã này có thể được in lại trên tờ giấy khác; phải tự đối chiếu từng giá trị",
            "not checked: this code could stand on another paper; each value must be compared by eye",
        ),
    )
}

fn not_consulted() -> Text {
    Text::new(
        "chưa tra sổ đăng ký: chưa biết có bị thu hồi, thay thế hay không",
        "the registry was not consulted: whether it was revoked or replaced is unknown",
    )
}
