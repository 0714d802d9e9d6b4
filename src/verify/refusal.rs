//! Files that are no copies of Saoy: told apart from copies that were tampered with.

use thiserror::Error;

use crate::error::Failure;

use super::document::Document;
use super::evidence::NAMES;
use super::foreign::{ForeignSignature, foreign_signatures};

/// Why there is nothing to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotACopy {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Another kind of file.
    #[error("the file is {0}, not a PDF")]
    OtherKind(&'static str),
    /// A PDF, signed or not, that Saoy did not make.
    #[error("the file is a PDF, but not a Saoy copy")]
    OtherPdf,
}

impl NotACopy {
    /// The refusal for people, and what can be told of the signatures in `file`, which was refused: a PDF may be somebody else's signed one.
    pub fn told(self, file: &[u8]) -> (Failure, Vec<ForeignSignature>) {
        let signatures = if self == Self::OtherPdf { foreign_signatures(file) } else { Vec::new() };
        let failure = match (Failure::from(self), signatures.is_empty()) {
            (failure, true) => failure,
            (failure, false) => Failure {
                message: "the file is a PDF that others signed, not a Saoy copy".into(),
                advice: "Whom those signatures belong to must be asked of the signer's own tool, or of a PDF reader. Where a Saoy copy was expected: \
                    give the PDF file as the office sent it."
                    .into(),
                ..failure
            }
            .in_vietnamese(
                "tệp là PDF do người khác ký, không phải bản sao của Saoy",
                "Các chữ ký đó của ai thì phải hỏi công cụ của người ký, hoặc phần mềm đọc PDF. Nếu đáng lẽ phải là bản sao của Saoy: đưa đúng tệp PDF mà \
                 cơ quan đã gửi.",
            ),
        };
        (failure, signatures)
    }
}

impl From<NotACopy> for Failure {
    fn from(error: NotACopy) -> Self {
        let advice = "Give the certified PDF file as it was received; one that was saved anew or scanned again is not the copy. A print, or a scan or \
            photograph of one, is verified by its QR code: saoy verify --seal FILE.";
        let message = match error {
            NotACopy::Empty => "tệp trống".to_owned(),
            NotACopy::OtherKind(kind) => format!("tệp {}, không phải PDF", kind_in_vietnamese(kind)),
            NotACopy::OtherPdf => "tệp là PDF, nhưng không phải bản sao của Saoy".to_owned(),
        };
        Self::new("not-a-copy", error.to_string(), advice).in_vietnamese(
            message,
            "Đưa đúng tệp PDF đã nhận; tệp được lưu lại hoặc quét lại không còn là bản sao. Bản in, hay ảnh quét, ảnh chụp của bản in, thì kiểm tra bằng \
             mã QR trên đó: saoy verify --seal TỆP.",
        )
    }
}

/// The kinds that [`kind`] tells apart.
fn kind_in_vietnamese(kind: &str) -> &'static str {
    match kind {
        "a JPEG image" => "là ảnh JPEG",
        "a PNG image" => "là ảnh PNG",
        "a TIFF image" => "là ảnh TIFF",
        "a ZIP archive" => "là tệp nén ZIP",
        _ => "thuộc loại không rõ",
    }
}

/// Whether a document that could be read has anything of a copy.
pub(crate) fn is_copy(document: &Document<'_, '_>) -> bool {
    !document.fields.is_empty() || document.attachments.iter().any(|a| NAMES.contains(&a.name.as_str()))
}

/// Whether the bytes bear traces of a copy, however damaged: names that no other program writes.
pub(crate) fn has_traces(bytes: &[u8]) -> bool {
    const WORDS: [&str; 4] = ["saoy-office", "saoy.invalid/ns/", "seal.cose", "receipt.tlog-proof"];
    // All begin with the same letters, or as text strings (UTF-16BE in hexadecimal digits) with zeros.
    let text_strings = WORDS.map(|word| word.bytes().map(|b| format!("00{b:02X}")).collect::<String>());
    bytes.iter().enumerate().any(|(at, byte)| match byte {
        b's' | b'r' => WORDS.iter().any(|word| bytes[at..].starts_with(word.as_bytes())),
        b'0' => text_strings.iter().any(|text| bytes[at..].starts_with(text.as_bytes())),
        _ => false,
    })
}

/// What such a file is.
pub(crate) fn kind(bytes: &[u8]) -> NotACopy {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if bytes.is_empty() {
        NotACopy::Empty
    } else if starts(b"\xff\xd8\xff") {
        NotACopy::OtherKind("a JPEG image")
    } else if starts(b"\x89PNG") {
        NotACopy::OtherKind("a PNG image")
    } else if starts(b"II*\0") || starts(b"MM\0*") {
        NotACopy::OtherKind("a TIFF image")
    } else if starts(b"PK\x03\x04") {
        NotACopy::OtherKind("a ZIP archive")
    } else if contains(&bytes[..bytes.len().min(1024)], b"%PDF-") {
        NotACopy::OtherPdf
    } else {
        NotACopy::OtherKind("of an unknown kind")
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    let Some(first) = what.first() else { return false };
    bytes.iter().enumerate().any(|(at, byte)| byte == first && bytes[at..].starts_with(what))
}
