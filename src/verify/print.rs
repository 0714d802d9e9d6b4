//! The print: the seal in a QR code alone, without the copy. What the office sealed is proven; the paper that bears the code is not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::record::{Act, Digest, commitment_of, day_text};
use crate::registry::EntryKind;
use crate::registry::check::Published;
use crate::seal::{Seal, SealError, UnverifiedSeal, from_qr_text};

use super::Options;
use super::fact::{Fact, FactId, Language, State, Text};
use super::paper::{self, Paper};
use super::reason::Reason as _;
use super::report::{VERSION, date, facts_text, printable};
use super::signatures::rfc3339;
use super::status::{Status, StatusAnswer};
use super::trust::TrustList;
use super::verdict;

/// What a seal alone comes to. There is no `valid`: a print is not the certified copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SealVerdict {
    /// The office sealed these values.
    Sealed,
    /// The office did not, or the copy is not in force any more.
    Invalid,
    /// The office did, but on the paper something else was read.
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
        let fact = entry_fact(seal, found);
        let failed = fact.state == State::Failed;
        self.facts.retain(|fact| fact.id != FactId::Entry);
        self.facts.push(fact);
        self.facts.sort_by_key(|fact| fact.id);
        if failed {
            self.verdict = SealVerdict::Invalid;
            self.summary = Text::new(
                "KHÔNG HỢP LỆ: dấu không khớp với mục mà nhật ký công khai của cơ quan có.",
                "INVALID: the seal is not what the office's public log has at its entry.",
            );
            self.advice = advice(SealVerdict::Invalid, self.trial, None);
        }
        self
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
    let answer = seal.as_ref().and(options.status).and_then(|source| source.status(&code, index));
    let (status, status_fact) = status_fact(answer, options);
    let facts = vec![super::trust_list(trust, options.now), issuer, seal_fact, not_the_paper(), status_fact];

    let failed = facts.iter().any(|fact| fact.state == State::Failed);
    let expired = facts[0].state == State::NotChecked;
    let trial = seal.as_ref().is_some_and(|seal| seal.trial);
    let verdict = if failed {
        SealVerdict::Invalid
    } else if office.is_none() {
        SealVerdict::UnknownIssuer
    } else if expired || trial {
        SealVerdict::Indeterminate
    } else {
        SealVerdict::Sealed
    };
    let seal = seal.zip(office).map(|(seal, office)| {
        let mut copy_id = seal.record.hex();
        copy_id.truncate(32);
        SealFacts {
            copy_id,
            office: seal.office_code,
            office_name: office.name.clone(),
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
    });
    Ok(SealReport {
        version: VERSION,
        verdict,
        trial,
        checked_at: rfc3339(options.now),
        summary: summary(verdict, trial, status),
        advice: advice(verdict, trial, status),
        seal,
        facts,
        status,
        paper: None,
    })
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
        return (stranger(owner.map_or("—", |owner| &owner.code)), not_opened(), None);
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

/// The entry that the seal names, as the log has it.
fn entry_fact(seal: &SealFacts, found: Result<&Published, &str>) -> Fact {
    let (id, index) = (FactId::Entry, seal.index);
    let published = match found {
        Ok(published) => published,
        Err(why) => {
            let text = Text::new(
                format!("không tra được mục số {index} trong nhật ký công khai"),
                format!("entry {index} could not be looked up in the public log: {why}"),
            );
            return Fact::not_checked(id, text);
        }
    };
    let (entry, size) = (&published.entry, published.size);
    let commits =
        matches!(&entry.kind, EntryKind::Issue { commitment } if *commitment == commitment_of(&seal.record));
    let same =
        entry.index == index && entry.key_id == seal.key_id && day_text(entry.day) == Some(seal.date.clone());
    if commits && same {
        let text = Text::new(
            format!("mục số {index} của nhật ký công khai ({size} mục) cam kết đúng bản ghi của dấu này"),
            format!("entry {index} of the public log (size {size}) commits to this seal's record"),
        );
        Fact::passed(id, text)
    } else {
        let text = Text::new(
            format!("mục số {index} của nhật ký công khai ({size} mục) không phải là mục của dấu này"),
            format!("entry {index} of the public log (size {size}) is not this seal's"),
        );
        Fact::failed(id, text)
    }
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

fn status_fact(answer: Option<StatusAnswer>, options: &Options<'_>) -> (Option<Status>, Fact) {
    answer.map_or_else(
        || {
            let unknown = Text::new(
                "chưa tra sổ đăng ký: chưa biết có bị thu hồi, thay thế hay không",
                "the registry was not consulted: whether it was revoked or replaced is unknown",
            );
            (None, Fact::not_checked(FactId::Status, unknown))
        },
        |answer| super::told_status(&answer, options),
    )
}

fn summary(verdict: SealVerdict, trial: bool, status: Option<Status>) -> Text {
    match (verdict, status) {
        (SealVerdict::Sealed, None) => Text::new(
            "DẤU ĐÚNG: cơ quan nêu dưới đây đã niêm phong các giá trị này. Chưa kiểm tra tờ giấy, chưa tra sổ đăng ký; bản in không phải là bản sao chứng thực.",
            "SEALED: the office named below sealed these values. The paper was not checked, the registry not consulted; a print is not the certified copy.",
        ),
        (SealVerdict::Sealed, Some(_)) => Text::new(
            "DẤU ĐÚNG: cơ quan nêu dưới đây đã niêm phong các giá trị này, và bản sao đang có hiệu lực. Chưa kiểm tra tờ giấy; bản in không phải là bản sao chứng thực.",
            "SEALED: the office named below sealed these values, and the copy is in force. The paper was not checked; a print is not the certified copy.",
        ),
        (SealVerdict::Invalid, status) => status.and_then(verdict::ended).unwrap_or_else(|| {
            Text::new(
                "KHÔNG HỢP LỆ: dấu trong mã này không phải do cơ quan ghi trong đó niêm phong, hoặc đã bị thay đổi.",
                "INVALID: the office that this code names did not seal it, or it was changed.",
            )
        }),
        (SealVerdict::Differs, _) => paper::differs(),
        (SealVerdict::UnknownIssuer, _) => Text::new(
            "KHÔNG RÕ NƠI CẤP: cơ quan ghi trong mã không có trong danh sách tin cậy.",
            "UNKNOWN ISSUER: the office that the code names is not in the trust list.",
        ),
        (SealVerdict::Indeterminate, _) if trial => Text::new(
            "BẢN THỬ NGHIỆM: dấu đúng, nhưng bản sao này không có giá trị pháp lý.",
            "TRIAL: the seal holds, but the copy is without legal value.",
        ),
        (SealVerdict::Indeterminate, _) => Text::new(
            "CHƯA KẾT LUẬN ĐƯỢC: dấu không sai, nhưng danh sách tin cậy đã hết hạn.",
            "INDETERMINATE: the seal is not wrong, but the trust list has expired.",
        ),
    }
}

fn advice(verdict: SealVerdict, trial: bool, status: Option<Status>) -> Text {
    match verdict {
        SealVerdict::Sealed => Text::new(
            "Đối chiếu từng giá trị dưới đây với tờ giấy; khi cần chắc chắn, yêu cầu tệp PDF bản sao hoặc hỏi cơ quan cấp.",
            "Compare each value below with the paper; where it matters, ask for the PDF copy itself or ask the office.",
        ),
        SealVerdict::Invalid => status.and_then(verdict::instead).unwrap_or_else(|| {
            Text::new(
                "Không sử dụng bản in này; yêu cầu tệp PDF bản sao hoặc hỏi cơ quan cấp.",
                "Do not rely on this print; ask for the PDF copy, or ask the office.",
            )
        }),
        SealVerdict::Differs => paper::compare(),
        SealVerdict::UnknownIssuer => Text::new(
            "Chỉ sử dụng khi có danh sách tin cậy mới có cơ quan này.",
            "Get a trust list that has this office before relying on it.",
        ),
        SealVerdict::Indeterminate if trial => {
            Text::new("Không dùng để làm thủ tục.", "Do not accept it in a procedure.")
        }
        SealVerdict::Indeterminate => {
            Text::new("Lấy danh sách tin cậy mới rồi kiểm tra lại.", "Get a new trust list and verify again.")
        }
    }
}
