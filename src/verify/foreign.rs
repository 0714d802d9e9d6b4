//! PDFs that others signed: which bytes each signature covers, what was written after it, and whether it holds.
//!
//! Said beside "not a copy", and never more than that: whose certificate it is nobody was asked, and what such a file shows is not looked at. The
//! file is searched for `/ByteRange`, since a signature's bytes must stand in it uncompressed (ISO 32000-2, 12.8.1); nothing else of it is read.

use memchr::memmem;
use serde::Serialize;

use crate::signature::foreign::{Attested, Unread, detached};
use crate::signature::{DigestAlgorithm, Hasher};

use super::fact::{Fact, FactId, Text};

/// Signatures that are looked at; each costs hashing the file.
const MOST: usize = 16;

/// One signature of a PDF that is no copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForeignSignature {
    /// `/ByteRange` as the file states it: offset and length, twice.
    pub byte_range: [u64; 4],
    /// Bytes of the file behind what it covers.
    pub bytes_after: u64,
    /// Revisions that were written after it.
    pub revisions_after: u64,
    /// Who signed, by the certificate that is enclosed; nobody vouched for it.
    pub subject: Option<String>,
    /// What it comes to, in the form of a report's facts. Never `passed`.
    pub fact: Fact,
}

/// The signatures of a PDF that is no copy, in the order of the file.
pub fn foreign_signatures(file: &[u8]) -> Vec<ForeignSignature> {
    const RANGE: &[u8] = b"/ByteRange";
    let tables: Vec<usize> = memmem::find_iter(file, b"startxref").collect();
    let ranges = memmem::find_iter(file, RANGE).filter_map(|at| numbers(&file[at + RANGE.len()..]));
    ranges.take(MOST).map(|range| one(file, &tables, range)).collect()
}

/// Four numbers between brackets.
fn numbers(bytes: &[u8]) -> Option<[u64; 4]> {
    let text: String = bytes.iter().take(200).map(|byte| char::from(*byte)).collect();
    let inside = text.trim_start().strip_prefix('[')?.split_once(']')?.0;
    let list: Result<Vec<u64>, _> = inside.split_ascii_whitespace().map(str::parse).collect();
    list.ok()?.try_into().ok()
}

fn one(file: &[u8], tables: &[usize], byte_range: [u64; 4]) -> ForeignSignature {
    let covered = Covered::of(file, byte_range);
    let told = covered.as_ref().and_then(Covered::judge);
    let [_, _, second, rest] = byte_range;
    let end = second.checked_add(rest).filter(|end| *end <= file.len() as u64).unwrap_or(file.len() as u64);
    let bytes_after = file.len() as u64 - end;
    let revisions_after = tables.iter().filter(|at| **at as u64 >= end).count() as u64;
    let subject =
        told.as_ref().and_then(|told| told.as_ref().ok()).map(|told| told.signer.subject().to_owned());
    let fact = fact(told, byte_range, &after(bytes_after, revisions_after));
    ForeignSignature { byte_range, bytes_after, revisions_after, subject, fact }
}

/// What a `/ByteRange` that lies in its file divides it into.
struct Covered<'f> {
    before: &'f [u8],
    gap: &'f [u8],
    behind: &'f [u8],
}

impl<'f> Covered<'f> {
    /// None where the range does not begin with the file, or is not two parts of it with a gap between them.
    fn of(file: &'f [u8], byte_range: [u64; 4]) -> Option<Self> {
        let [start, first, second, rest] = byte_range.map(|number| usize::try_from(number).ok());
        let (first, second) = (first?, second?);
        let end = second.checked_add(rest?)?;
        let apart = start? == 0 && first < second;
        apart.then_some(Self {
            before: file.get(..first)?,
            gap: file.get(first..second)?,
            behind: file.get(second..end)?,
        })
    }

    /// What its signature comes to; none where the gap holds something else.
    fn judge(&self) -> Option<Result<Attested, Unread>> {
        let digest = |algorithm: DigestAlgorithm| {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(self.before);
            hasher.update(self.behind);
            hasher.finish()
        };
        Some(detached(&contents(self.gap)?, digest))
    }
}

/// What a gap holds: one hexadecimal string and nothing else.
fn contents(gap: &[u8]) -> Option<Vec<u8>> {
    let [b'<', digits @ .., b'>'] = gap.trim_ascii() else { return None };
    data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()
}

/// What follows behind the bytes that a signature covers.
fn after(bytes: u64, revisions: u64) -> Text {
    if bytes == 0 {
        return Text::new("bao phủ toàn bộ tệp", "it covers the whole file");
    }
    Text::new(
        format!("{bytes} byte ghi thêm sau đó ({revisions} lần) không được chữ ký này bao phủ"),
        format!("it does not cover the {bytes} bytes that were written after it (revisions: {revisions})"),
    )
}

/// The fact of a signature, in words.
fn fact(told: Option<Result<Attested, Unread>>, byte_range: [u64; 4], after: &Text) -> Fact {
    let text =
        |vi: String, en: String| Text::new(format!("{vi}; {}", after.vi), format!("{en}; {}", after.en));
    let told = match told {
        None => {
            return Fact::failed(
                FactId::Foreign,
                text(
                    "phạm vi ký (/ByteRange) không chừa đúng một chữ ký".to_owned(),
                    "what it covers (/ByteRange) does not leave out exactly one signature".to_owned(),
                ),
            );
        }
        Some(Err(error)) => {
            let why = match error {
                Unread::Malformed(_) => "dạng chữ ký này không đọc được ở đây",
                Unread::Algorithm(_) => "thuật toán của chữ ký này không được hỗ trợ ở đây",
            };
            let text = text(format!("chưa kiểm tra được: {why}"), format!("not checked: {error}"));
            return Fact::not_checked(FactId::Foreign, text);
        }
        Some(Ok(told)) => told,
    };
    let whose = told.signer.subject();
    let [_, first, second, rest] = byte_range;
    let place = format!("0–{first} + {second}–{}", second + rest);
    match (told.digest, told.signature) {
        (true, true) => Fact::warning(
            FactId::Foreign,
            text(
                format!(
                    "còn nguyên vẹn ở các byte {place}; chứng thư số ghi {whose}, chưa kiểm tra là của ai"
                ),
                format!(
                    "it holds over bytes {place}; its certificate says {whose}, and whose that is was not checked"
                ),
            ),
        ),
        (false, _) => Fact::failed(
            FactId::Foreign,
            text(
                format!("các byte {place} đã bị thay đổi sau khi ký; chứng thư số ghi {whose}"),
                format!("bytes {place} were changed after it was made; its certificate says {whose}"),
            ),
        ),
        (true, false) => Fact::failed(
            FactId::Foreign,
            text(
                format!("chữ ký không đúng với chứng thư số ghi {whose}"),
                format!("it is not one of the certificate that says {whose}"),
            ),
        ),
    }
}
