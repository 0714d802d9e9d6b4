//! Why something does not hold, in both languages of a report. The English is the error's own; the Vietnamese says as much as helps a reader, and
//! leaves out what only a programmer would look up.

use crate::record::RecordError;
use crate::registry::RegistryError;
use crate::seal::SealError;
use crate::signature::SignatureError;
use crate::signature::byte_range::RangeError;
use crate::signature::chain::ChainError;
use crate::signature::cms::CmsError;
use crate::signature::timestamp::TimestampError;

use super::fact::Text;
use super::pdf::{PdfError, Problem};
use super::trust::TrustError;

/// An error as a reason in a sentence.
pub(crate) trait Reason {
    /// In both languages, without a full stop.
    fn reason(&self) -> Text;
}

impl Reason for PdfError {
    fn reason(&self) -> Text {
        let vi = match &self.problem {
            Problem::Header => "phần đầu tệp sai".to_owned(),
            Problem::Ending => "phần cuối tệp sai, hoặc có gì ghi thêm".to_owned(),
            Problem::NoXref | Problem::XrefEntry | Problem::XrefSections | Problem::StartXref { .. } => {
                "bảng tham chiếu chéo sai".to_owned()
            }
            Problem::Revisions => "nhiều hơn hai lần ghi".to_owned(),
            Problem::Unaccounted => "có byte không thuộc đối tượng nào".to_owned(),
            Problem::NotTheObject(number) => format!("ở đây phải là đối tượng {number}"),
            Problem::Syntax => "không đọc được đối tượng".to_owned(),
            Problem::Depth => "lồng nhau quá sâu".to_owned(),
            Problem::Budget => "quá nhiều giá trị".to_owned(),
            Problem::DuplicateKey(key) => format!("khóa /{key} có hai lần"),
            Problem::Length => "độ dài của luồng dữ liệu sai".to_owned(),
            Problem::Dangling(number) => format!("thiếu đối tượng {number}"),
            Problem::Unreferenced(number) => format!("không có gì nhắc tới đối tượng {number}"),
            Problem::Stream(_) => "không giải nén được luồng dữ liệu".to_owned(),
            Problem::Told(text) => text.vi.clone(),
            Problem::Structure(what) => match keys(what) {
                keys if keys.is_empty() => "có phần mà bản sao không có, hoặc khác với bản sao".to_owned(),
                keys => format!("có phần mà bản sao không có, hoặc khác với bản sao: {}", keys.join(", ")),
            },
        };
        Text::new(format!("{vi}, tại byte {}", self.offset), self.to_string())
    }
}

/// The keys of PDF that an English sentence names: they are no words of a language.
fn keys(what: &str) -> Vec<&str> {
    let words = what.split(|c: char| c.is_whitespace() || "(),;:[]".contains(c));
    words.filter(|word| word.len() > 1 && word.starts_with('/')).collect()
}

impl Reason for RecordError {
    fn reason(&self) -> Text {
        let vi = match self {
            Self::Encode(_) => "không ở dạng chuẩn".to_owned(),
            Self::TooLong { found, .. } => format!("dài {found} byte, quá dài"),
            Self::Version { found: Some(version) } => {
                format!("thuộc phiên bản {version}, chương trình này không đọc được")
            }
            Self::Version { found: None } => "không ghi phiên bản".to_owned(),
            Self::Shape { .. } => "thiếu hoặc thừa thành phần".to_owned(),
            Self::Member { member, .. } => format!("giá trị của “{member}” không thể như vậy"),
            Self::Base64(_) => "mã hóa sai".to_owned(),
            Self::Disclosure(_) => "không phải là trường được công bố".to_owned(),
            Self::Field { name, .. } => format!("trường “{name}” không thể như vậy"),
            Self::Order { name } => format!("trường “{name}” đứng sai chỗ, hoặc có hai lần"),
            Self::NotCertified { name } => format!("trường “{name}” không thuộc bản ghi này"),
            Self::Twice { name } => format!("trường “{name}” có hai lần"),
        };
        Text::new(vi, self.to_string())
    }
}

impl Reason for SealError {
    fn reason(&self) -> Text {
        let vi = match self {
            Self::Cose(_) | Self::Text(_) => "không phải là dấu",
            Self::Content(_) => "nội dung không phải của dấu",
            Self::Key => "dấu của khóa khác",
            Self::Signature => "chữ ký của dấu sai",
            Self::TooLong { .. } => "dấu quá dài",
            Self::Address => "địa chỉ kiểm tra sai",
        };
        Text::new(vi, self.to_string())
    }
}

impl Reason for RegistryError {
    fn reason(&self) -> Text {
        let vi = match self {
            Self::Entry(_) => "không phải là mục của sổ đăng ký".to_owned(),
            Self::Index { index, size } => format!("không có mục {index} trong cây gồm {size} mục"),
            Self::Sizes { .. } | Self::Edge { .. } => "kích thước của cây sai".to_owned(),
            Self::ProofLength { found } => format!("{found} giá trị băm không thành bằng chứng ở vị trí này"),
            Self::Root => "bằng chứng dẫn tới gốc khác".to_owned(),
            Self::Note(_) => "không phải là văn bản có ký".to_owned(),
            Self::Key(_) => "khóa sai".to_owned(),
            Self::Unsigned => "không có chữ ký của khóa đã biết".to_owned(),
            Self::Signature { name } => format!("chữ ký của {name} sai"),
            Self::Checkpoint(_) => "không phải là điểm kiểm".to_owned(),
            Self::Origin { found, expected } => {
                format!("là điểm kiểm của {found}, không phải của {expected}")
            }
            Self::History { index, .. } => format!("mục {index} không thể đứng ở đó"),
            Self::Status(_) => "không phải là danh sách tình trạng".to_owned(),
            Self::Policy { line: 0, .. } => "sai dạng".to_owned(),
            Self::Policy { line, .. } => format!("sai dạng ở dòng {line}"),
            Self::Tile(_) | Self::Witness(_) => "sai dạng".to_owned(),
            Self::Receipt(_) => "không phải là biên nhận".to_owned(),
        };
        Text::new(vi, self.to_string())
    }
}

impl Reason for TrustError {
    fn reason(&self) -> Text {
        let vi = match self {
            Self::TooLong(bytes) => format!("danh sách tin cậy có {bytes} byte, quá dài"),
            Self::Shape(_) => "không phải là danh sách tin cậy, hoặc đã hỏng".to_owned(),
            Self::Version(version) => {
                format!("danh sách tin cậy thuộc phiên bản {version}, chương trình này không đọc được")
            }
            Self::Expiry => "danh sách tin cậy không ghi đúng thời điểm hết hạn".to_owned(),
            Self::Issued => "danh sách tin cậy không ghi đúng thời điểm lập".to_owned(),
            Self::Office { office, .. } => {
                format!("phần của cơ quan {office} trong danh sách tin cậy không thể như vậy")
            }
            Self::Note(_) => {
                "danh sách tin cậy có ký bị từ chối: không có chữ ký đúng của khóa gốc đã ghim".to_owned()
            }
            Self::Older { pinned, offered } => {
                format!("danh sách tin cậy số {offered} cũ hơn danh sách số {pinned} đã ghim")
            }
            Self::Forked(sequence) => {
                format!("danh sách này và danh sách đã ghim khác nhau, nhưng đều mang số {sequence}")
            }
            Self::Shared { first, second, .. } => {
                format!("hai cơ quan {first} và {second} có chung một thứ phải là của riêng")
            }
        };
        Text::new(vi, self.to_string())
    }
}

impl Reason for SignatureError {
    fn reason(&self) -> Text {
        let vi = match self {
            Self::Key => "khóa công khai sai hoặc quá yếu",
            Self::Encoding => "chữ ký không được mã hóa đúng",
            Self::HighS => "chữ ký ECDSA không ở dạng chuẩn",
            Self::Mismatch => "chữ ký không thuộc về các byte và khóa này",
        };
        Text::new(vi, self.to_string())
    }
}

impl Reason for RangeError {
    fn reason(&self) -> Text {
        Text::new("phạm vi ký (/ByteRange) sai", self.to_string())
    }
}

impl Reason for CmsError {
    fn reason(&self) -> Text {
        let vi = match self {
            Self::Malformed => "chữ ký không ở dạng CMS",
            Self::NotCanonical => "chữ ký không ở dạng chuẩn",
            Self::TrailingBytes(_) => "có gì khác ghi sau chữ ký",
            Self::Version => "phiên bản của chữ ký khác",
            Self::HasContent | Self::ContentType(_) => "chữ ký mang nội dung riêng",
            Self::SignerCount(_) => "không phải đúng một người ký",
            Self::RevocationLists | Self::UnsignedAttributes => "chữ ký mang thêm dữ liệu không được ký",
            Self::Attribute(_) => "một thuộc tính được ký thiếu, thừa hoặc sai",
            Self::DigestAlgorithm => "thuật toán băm không đi cùng khóa của người ký",
            Self::SignatureAlgorithm => "thuật toán ký không phải của chứng thư số",
            Self::Key => "khóa của người ký không dùng được ở đây",
            Self::NoSignerCertificate => "thiếu chứng thư số của người ký",
            Self::RepeatedCertificate => "một chứng thư số có hai lần",
            Self::Certificate(_) => "không đọc được một chứng thư số",
            Self::DigestLength(_) => "giá trị băm sai độ dài",
            Self::DigestMismatch => "tệp không phải là tệp đã được ký",
            Self::Signature(error) => return Text::new(error.reason().vi, self.to_string()),
            Self::Signer(_) => "không ký được",
        };
        Text::new(vi, self.to_string())
    }
}

impl Reason for ChainError {
    fn reason(&self) -> Text {
        let vi = match self {
            Self::Certificate(_) | Self::Malformed(_) => "một chứng thư số sai dạng".to_owned(),
            Self::Time(at) => format!("{at} không phải là thời điểm của chứng thư số"),
            Self::Expired(at) => format!("một chứng thư số đã hết hạn lúc {at}"),
            Self::NotYetValid(at) => format!("một chứng thư số chỉ có hiệu lực từ {at}"),
            Self::UnknownIssuer => "không do chứng thư gốc của cơ quan cấp".to_owned(),
            Self::BadSignature => "một chứng thư số có chữ ký sai".to_owned(),
            Self::NotAnAuthority => "nơi cấp không có quyền cấp chứng thư số".to_owned(),
            Self::SignerIsAuthority => "chứng thư số của người ký là của nơi cấp chứng thư số".to_owned(),
            Self::TooLong => "đường dẫn có quá nhiều chứng thư số".to_owned(),
            Self::Purpose => "chứng thư số không dùng để ký tài liệu".to_owned(),
            Self::CriticalExtension => "chứng thư số có phần bắt buộc mà không hiểu được".to_owned(),
            Self::NameConstraint => "tên nằm ngoài phạm vi của nơi cấp".to_owned(),
            Self::Algorithm => "thuật toán không được chấp nhận".to_owned(),
        };
        Text::new(vi, self.to_string())
    }
}

impl Reason for TimestampError {
    fn reason(&self) -> Text {
        let vi = match self {
            Self::Malformed(_) => "không đọc được",
            Self::Algorithm(_) => "thuật toán không được hỗ trợ ở đây",
            Self::Imprint => "dấu thời gian của các byte khác",
            Self::Signature => "chữ ký của dấu thời gian sai",
        };
        Text::new(vi, self.to_string())
    }
}
