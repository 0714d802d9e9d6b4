//! The record: what the office attests about one document. *Core.*
//!
//! In come the confirmed fields and the digests of the pages; out goes [`Record`] with its canonical bytes
//! (`record.json`, R) and one disclosure a field (`fields.json`). Not its business: numbers and times, which
//! are handed in, and anything about PDF or the log. The bytes are specified in `docs/format.md`, sections 1 and 2.

mod day;
mod digest;
mod disclosure;
mod encode;
mod error;
mod field;
mod validate;

pub use day::{day_from_text, day_text, day_to_date, parse_timestamp, timestamp, vietnam_day};
pub use digest::Digest;
pub use disclosure::{Disclosed, Disclosure, SALT, digests, disclose, fields_from_bytes, fields_to_bytes};
pub use encode::{EncodeError, MAX_INTEGER, canonical, parse_canonical, to_nfc};
pub use error::RecordError;
pub use field::{ConfirmedField, ConfirmedFields, Field, Fields, Source};
pub use validate::check_office_code;

use std::fmt;

use serde::{Deserialize, Serialize};

/// The version of the format that this code writes and reads.
pub const VERSION: u64 = 1;
/// The one digest algorithm of disclosures, by its name in the IANA registry that RFC 9901 refers to.
pub const SD_ALG: &str = "sha-256";
/// The most bytes that a record may have; 2000 pages take about one megabyte.
pub const MAX_BYTES: usize = 16 << 20;

/// C = SHA-256("saoy/commit/v1" ‖ SHA-256(R)): what the log says about a record. R's salt blinds it.
pub fn commitment(record: &[u8]) -> Digest {
    commitment_of(&Digest::of(record))
}

/// The same of SHA-256(R), which is what a seal carries.
pub fn commitment_of(record: &Digest) -> Digest {
    Digest::of_parts(&[b"saoy/commit/v1", &record.0])
}

/// The copy's id: the first 16 bytes of SHA-256(R) as 32 lower-case hexadecimal digits.
pub fn copy_id(record: &[u8]) -> String {
    let mut id = Digest::of(record).hex();
    id.truncate(32);
    id
}

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

impl Act {
    /// Who signs, in order (facts: vietnam.md sections 1.1 to 1.4).
    pub const fn signers(self) -> &'static [Role] {
        match self {
            Self::Digitisation => &[Role::Officer],
            Self::AgencyCopy => &[Role::Office],
            Self::Certification => &[Role::Officer, Role::Office],
        }
    }

    /// Whether the act is a person's: then the record names the officer.
    pub const fn has_officer(self) -> bool {
        matches!(self, Self::Digitisation | Self::Certification)
    }
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

/// `12/2026`, as it stands in the seal and in reports.
impl fmt::Display for BookNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.year)
    }
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

impl Record {
    /// R: the record's canonical bytes, as they are hashed, logged and attached.
    ///
    /// # Errors
    /// As [`validate`](Self::validate), and for a string that is not NFC.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        self.validate()?;
        let value = serde_json::to_value(self).expect("a record's members all have JSON forms");
        let bytes = canonical(&value)?;
        if bytes.len() > MAX_BYTES {
            return Err(RecordError::TooLong { found: bytes.len(), most: MAX_BYTES });
        }
        Ok(bytes)
    }

    /// Reads R. Only the exact bytes that [`to_bytes`](Self::to_bytes) gives are accepted.
    ///
    /// # Errors
    /// [`RecordError`] that says what is not as it must be.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > MAX_BYTES {
            return Err(RecordError::TooLong { found: bytes.len(), most: MAX_BYTES });
        }
        let value = parse_canonical(bytes)?;
        match value.get("version") {
            Some(version) if *version == VERSION => {}
            version => {
                return Err(RecordError::Version { found: version.and_then(serde_json::Value::as_u64) });
            }
        }
        // From the bytes, not from `value`, since only then the error knows the place. Its text may hold values.
        let record: Self =
            serde_json::from_slice(bytes).map_err(|e| RecordError::Shape { column: e.column() })?;
        // A member that was left out reads like null; only the written-out form has these bytes.
        encode::same(&record.to_bytes()?, bytes)?;
        Ok(record)
    }
}
