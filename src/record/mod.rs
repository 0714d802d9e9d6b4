//! The record: what the office attests about one document. *Core.*
//!
//! In come the confirmed fields and the digests of the pages; out goes [`Record`] with its canonical bytes
//! (`record.json`, R) and one disclosure a field (`fields.json`). Not its business: numbers and times, which
//! are handed in, and anything about PDF or the log. The bytes are specified in `docs/format.md`, section 1.

mod digest;
mod field;

pub use digest::Digest;
pub use field::{ConfirmedField, ConfirmedFields, Field, Fields, Source};

use serde::{Deserialize, Serialize};

/// The version of the format that this code writes and reads.
pub const VERSION: u64 = 1;

/// Why a copy exists. The three are never mixed (facts: vietnam.md section 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Số hóa: a paper digitised for a dossier.
    Digitisation,
    /// Sao y, sao lục, trích sao: an agency copies a document that it issued or holds.
    AgencyCopy,
    /// Chứng thực bản sao điện tử từ bản chính: a citizen's original is certified.
    Certification,
}

/// Who signs the copy, in the order in which the act names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The person who certifies.
    Officer,
    /// The office, over the whole file.
    Office,
}

/// The office that issues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeName {
    /// Its code (QĐ 20/2020/QĐ-TTg): `H99.01`.
    pub code: String,
    /// Its name as printed.
    pub name: String,
}

/// The officer who compared the paper with the copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// Name as printed.
    pub name: String,
    /// Title as printed.
    pub title: String,
}

/// Place in the certification book (sổ chứng thực).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookNumber {
    /// The book's symbol: `SCT/BS`.
    pub symbol: String,
    /// The book's year in Vietnam's time.
    pub year: u16,
    /// Số chứng thực, continuous within the year.
    pub number: u64,
}

/// The page of the scan that one page of the copy shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcePage {
    /// SHA-256 of the scan's bytes as they came in.
    pub scan: Digest,
    /// The page in it, from 1.
    pub page: u32,
}

/// The digest of one page's image as the PDF stores it: the stream's bytes before any PDF filter is undone, and
/// every dictionary entry that changes what they look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageDigest {
    /// SHA-256 of the raw (still filtered) stream of the image XObject.
    pub stream: Digest,
    /// `/Filter`: `DCTDecode`, `JPXDecode`, `JBIG2Decode`, `CCITTFaxDecode`, `FlateDecode`.
    pub filter: String,
    /// The colour space: `DeviceGray`, `DeviceRGB`, `ICCBased:<N>:<hex SHA-256 of the profile>`,
    /// `Indexed:<base>:<hival>:<hex SHA-256 of the table>`, where base is one of the former; empty for JPEG 2000
    /// that brings its own.
    pub color_space: String,
    /// `/Width` in pixels.
    pub width: u32,
    /// `/Height` in pixels.
    pub height: u32,
    /// `/BitsPerComponent`; 0 where the filter says it (JPEG 2000).
    pub bits: u8,
    /// `/Decode`, integers only; absent entry is null.
    pub decode: Option<Vec<i64>>,
    /// `/DecodeParms` entries as written, sorted by name, values as PDF text: `{"K": "-1", "Columns": "1728"}`.
    pub decode_parms: Option<std::collections::BTreeMap<String, String>>,
    /// SHA-256 of the decoded JBIG2 globals stream.
    pub globals: Option<Digest>,
}

/// A signer that the record asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredSigner {
    /// Who.
    pub role: Role,
    /// SHA-256 of the signer's certificate, DER.
    pub certificate: Digest,
}

/// What the office attests. Serialised by RFC 8785 these are R's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`VERSION`].
    pub version: u64,
    /// The act.
    pub act: Act,
    /// THỬ NGHIỆM: the office had no officer's certificate; the copy has no legal value.
    pub trial: bool,
    /// The office.
    pub office: OfficeName,
    /// The officer, where the act has one.
    pub officer: Option<Officer>,
    /// The entry in the book.
    pub book: BookNumber,
    /// The day in Vietnam's calendar, `YYYY-MM-DD`.
    pub date: String,
    /// When the paper was scanned into the system, UTC, RFC 3339 with whole seconds.
    pub converted_at: String,
    /// When the officer stated that the paper was compared, UTC; who is `officer`.
    pub compared_at: String,
    /// When the number was taken, UTC.
    pub issued_at: String,
    /// Where each page of the copy comes from, in order.
    pub sources: Vec<SourcePage>,
    /// The image of each page of the copy, in order; as many as `sources`.
    pub pages: Vec<PageDigest>,
    /// The form's id, or null.
    pub form: Option<String>,
    /// Who must have signed, in order.
    pub signers: Vec<RequiredSigner>,
    /// How many copies were asked for.
    pub copies: u32,
    /// 32 random bytes, base64url without padding.
    pub salt: String,
    /// The digests of the disclosures (RFC 9901 section 4.2.3), base64url, sorted.
    #[serde(rename = "_sd")]
    pub sd: Vec<String>,
    /// `sha-256`.
    #[serde(rename = "_sd_alg")]
    pub sd_alg: String,
}
