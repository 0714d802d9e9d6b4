use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use super::signatures::rfc3339;
use super::trust::TrustList;

/// A sentence in both languages of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

impl Text {
    /// From both.
    pub fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into() }
    }

    /// One after the other.
    pub(super) fn joined(parts: impl IntoIterator<Item = Self>, between: &str) -> Self {
        let parts = parts.into_iter().map(|part| (part.vi, part.en));
        let (vi, en): (Vec<_>, Vec<_>) = parts.unzip();
        Self::new(vi.join(between), en.join(between))
    }

    /// In one language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Vietnamese => &self.vi,
            Language::English => &self.en,
        }
    }
}

/// The language of a report for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Tiếng Việt.
    #[default]
    Vietnamese,
    /// English.
    English,
}

/// How one check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Checked, and it holds.
    Passed,
    /// Checked, and it does not hold.
    Failed,
    /// Could not be checked, or there was nothing to check it against.
    NotChecked,
    /// It holds, but something about it should be known.
    Warning,
}

/// What is checked. The order is that of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FactId {
    /// The trust list itself is not expired.
    TrustList,
    /// The file keeps to the grammar of a copy, its last signature covers every byte, and the bytes are those that were signed.
    FileUntouched,
    /// What was appended after the last signature is validation data and timestamps alone; only where something was.
    Additions,
    /// The document timestamp that was appended; only with one.
    Timestamp,
    /// The four attachments, each once, and nothing else attached.
    Attachments,
    /// `record.json` is a record in its canonical form.
    Record,
    /// Record, seal, log and certificates belong to one office of the trust list.
    Issuer,
    /// The signers that the record asks for have signed, in its order.
    Signers,
    /// The officer's PDF signature.
    SignatureOfficer,
    /// The officer's certificate.
    CertificateOfficer,
    /// The office's PDF signature.
    SignatureOffice,
    /// The office's certificate.
    CertificateOffice,
    /// The time that the office and its signers claim, and whether somebody else bears it out. The verdict does not depend on it.
    Time,
    /// The page images are those of the record and all that the pages show.
    Pages,
    /// The disclosed fields are those of the record.
    Disclosures,
    /// The office's seal, with the values of the record.
    Seal,
    /// The registry entry is one of issue and commits to this record.
    Entry,
    /// The entry is in the tree of the checkpoint.
    Inclusion,
    /// The checkpoint is signed by the office's log key.
    Checkpoint,
    /// As many witnesses cosigned a checkpoint over the entry as the reader's policy asks for; only with a policy.
    Witnessed,
    /// A signed checkpoint over the entry is in a national log of the offices' checkpoints; only where that is asked for.
    National,
    /// The metadata names the same copy.
    CopyId,
    /// The paper that bears a seal's code; only for a seal by itself, and never checked.
    Paper,
    /// The sealed values were read again from a rescanned print; only with one.
    PaperValues,
    /// A signature in a PDF that is no copy; only beside its refusal.
    Foreign,
    /// The copy was not revoked, voided, superseded or corrected.
    Status,
}

impl FactId {
    /// What it asks, for people.
    pub fn title(self) -> Text {
        let (vi, en) = match self {
            Self::TrustList => ("Danh sách tin cậy", "Trust list"),
            Self::FileUntouched => ("Tệp còn nguyên vẹn", "File untouched"),
            Self::Additions => ("Phần ghi thêm sau chữ ký", "Added after the signatures"),
            Self::Timestamp => ("Dấu thời gian của tài liệu", "Document timestamp"),
            Self::Attachments => ("Tệp đính kèm", "Attachments"),
            Self::Record => ("Bản ghi chứng thực", "Record"),
            Self::Issuer => ("Cùng một cơ quan", "Same issuer"),
            Self::Signers => ("Đủ người ký", "Required signers"),
            Self::SignatureOfficer => ("Chữ ký số của người chứng thực", "Officer's signature"),
            Self::CertificateOfficer => ("Chứng thư số của người chứng thực", "Officer's certificate"),
            Self::SignatureOffice => ("Chữ ký số của cơ quan", "Office's signature"),
            Self::CertificateOffice => ("Chứng thư số của cơ quan", "Office's certificate"),
            Self::Time => ("Thời điểm cấp và ký", "Time of issue"),
            Self::Pages => ("Ảnh các trang", "Page images"),
            Self::Disclosures => ("Các trường thông tin", "Disclosed fields"),
            Self::Seal => ("Dấu niêm phong điện tử", "Seal"),
            Self::Entry => ("Mục trong sổ đăng ký", "Registry entry"),
            Self::Inclusion => ("Có trong nhật ký công khai", "Log inclusion"),
            Self::Checkpoint => ("Điểm kiểm của nhật ký", "Log checkpoint"),
            Self::Witnessed => ("Bên chứng kiến nhật ký", "Log witnesses"),
            Self::National => ("Nhật ký quốc gia", "National log"),
            Self::CopyId => ("Mã bản sao", "Copy id"),
            Self::Paper => ("Tờ giấy", "The paper"),
            Self::PaperValues => ("Giá trị đọc lại trên tờ giấy", "Values read again from the paper"),
            Self::Foreign => {
                ("Chữ ký số trong tệp không phải bản sao", "Signature in a file that is no copy")
            }
            Self::Status => ("Tình trạng hiện tại", "Status"),
        };
        Text::new(vi, en)
    }
}

/// One check and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What was checked.
    pub id: FactId,
    /// The same for people.
    pub title: Text,
    /// How it ended.
    pub state: State,
    /// What was seen; for a failure which bytes or which value.
    pub evidence: Text,
    /// The moment for which that stands, in JSON as RFC 3339 writes it: of what rests on the file's bytes alone the moment of checking, of a key that the trust list
    /// vouches for the moment at which the list says that it was made, of a certificate the time that its signer claims, of a status the answer's.
    /// None where nothing was concluded, or where the list does not say when it was made.
    #[serde(serialize_with = "moment")]
    pub as_of: Option<OffsetDateTime>,
}

impl Fact {
    fn new(id: FactId, state: State, evidence: Text) -> Self {
        Self { id, title: id.title(), state, evidence, as_of: None }
    }

    /// One that holds.
    pub fn passed(id: FactId, evidence: Text) -> Self {
        Self::new(id, State::Passed, evidence)
    }

    /// One that does not hold.
    pub fn failed(id: FactId, evidence: Text) -> Self {
        Self::new(id, State::Failed, evidence)
    }

    /// One that could not be checked.
    pub fn not_checked(id: FactId, evidence: Text) -> Self {
        Self::new(id, State::NotChecked, evidence)
    }

    /// One that holds with a remark.
    pub fn warning(id: FactId, evidence: Text) -> Self {
        Self::new(id, State::Warning, evidence)
    }

    /// The same, for this moment.
    pub(super) fn at(self, moment: OffsetDateTime) -> Self {
        Self { as_of: Some(moment), ..self }
    }

    /// The same, for the moment at which it was checked, or for that of the trust list where it rests on the list's keys; unless nothing was
    /// concluded or it names its own.
    pub(super) fn dated(self, now: OffsetDateTime, trust: &TrustList) -> Self {
        let moment = match (self.state, self.id) {
            _ if self.as_of.is_some() => return self,
            (State::NotChecked, _) => None,
            (_, FactId::Issuer | FactId::Seal | FactId::Checkpoint) => trust.issued(),
            _ => Some(now),
        };
        Self { as_of: moment, ..self }
    }
}

#[allow(clippy::ref_option, reason = "serde hands the member by reference")]
fn moment<S: Serializer>(moment: &Option<OffsetDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
    moment.map(rfc3339).serialize(serializer)
}
