//! PDFs that others signed: which bytes each signature covers, what was written after it, and whether it holds.
//!
//! Said beside "not a copy", and never more than that: whose certificate it is nobody was asked, and what such a file shows is not looked at. The
//! file is searched for `/ByteRange`, since a signature's bytes must stand in it uncompressed (ISO 32000-2, 12.8.1); nothing else of it is read.

use serde::Serialize;

use crate::signature::foreign::{Unread, detached};
use crate::signature::{DigestAlgorithm, Hasher};

use super::fact::{Fact, FactId, State, Text};

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
    let tables: Vec<usize> = positions(file, b"startxref").collect();
    let ranges = positions(file, RANGE).filter_map(|at| numbers(&file[at + RANGE.len()..]));
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
    let length = file.len() as u64;
    let [start, first, second, rest] = byte_range;
    let covered = second.checked_add(rest).filter(|end| *end <= length);
    let gap = start.checked_add(first).zip(covered).filter(|(from, _)| *from < second);
    let gap = gap.and_then(|(from, _)| file.get(usize::try_from(from).ok()?..usize::try_from(second).ok()?));
    let end = covered.unwrap_or(length);
    let told = gap.and_then(contents).filter(|_| start == 0).map(|contents| {
        let digest = |algorithm: DigestAlgorithm| {
            let range = |from: u64, to: u64| usize::try_from(from).ok().zip(usize::try_from(to).ok());
            let mut hasher = Hasher::new(algorithm);
            for (from, to) in [range(0, first), range(second, end)].into_iter().flatten() {
                hasher.update(&file[from..to]);
            }
            hasher.finish()
        };
        detached(&contents, digest)
    });
    let subject =
        told.as_ref().and_then(|told| told.as_ref().ok()).map(|told| told.signer.subject().to_owned());
    let bytes_after = length - end;
    let revisions_after = tables.iter().filter(|at| **at as u64 >= end).count() as u64;
    let whose = subject.as_deref().unwrap_or("—");
    let place = format!("0–{first} + {second}–{end}");
    let rest = if bytes_after == 0 {
        Text::new("bao phủ toàn bộ tệp", "it covers the whole file")
    } else {
        Text::new(
            format!(
                "{bytes_after} byte ghi thêm sau đó ({revisions_after} lần) không được chữ ký này bao phủ"
            ),
            format!(
                "it does not cover the {bytes_after} bytes that were written after it (revisions: {revisions_after})"
            ),
        )
    };
    let (state, vi, en) = match told {
        None => (
            State::Failed,
            "phạm vi ký (/ByteRange) không chừa đúng một chữ ký".to_owned(),
            "what it covers (/ByteRange) does not leave out exactly one signature".to_owned(),
        ),
        Some(Err(error)) => {
            let why = match error {
                Unread::Malformed(_) => "dạng chữ ký này không đọc được ở đây",
                Unread::Algorithm(_) => "thuật toán của chữ ký này không được hỗ trợ ở đây",
            };
            (State::NotChecked, format!("chưa kiểm tra được: {why}"), format!("not checked: {error}"))
        }
        Some(Ok(told)) => match (told.digest, told.signature) {
            (true, true) => (
                State::Warning,
                format!(
                    "còn nguyên vẹn ở các byte {place}; chứng thư số ghi {whose}, chưa kiểm tra là của ai"
                ),
                format!(
                    "it holds over bytes {place}; its certificate says {whose}, and whose that is was not checked"
                ),
            ),
            (false, _) => (
                State::Failed,
                format!("các byte {place} đã bị thay đổi sau khi ký; chứng thư số ghi {whose}"),
                format!("bytes {place} were changed after it was made; its certificate says {whose}"),
            ),
            (true, false) => (
                State::Failed,
                format!("chữ ký không đúng với chứng thư số ghi {whose}"),
                format!("it is not one of the certificate that says {whose}"),
            ),
        },
    };
    let evidence = Text::new(format!("{vi}; {}", rest.vi), format!("{en}; {}", rest.en));
    let id = FactId::Foreign;
    let fact = match state {
        State::Failed => Fact::failed(id, evidence),
        State::NotChecked => Fact::not_checked(id, evidence),
        State::Passed | State::Warning => Fact::warning(id, evidence),
    };
    ForeignSignature { byte_range, bytes_after, revisions_after, subject, fact }
}

/// What a gap holds: one hexadecimal string and nothing else.
fn contents(gap: &[u8]) -> Option<Vec<u8>> {
    let [b'<', digits @ .., b'>'] = gap.trim_ascii() else { return None };
    data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()
}

/// Where `what` stands.
fn positions<'f>(file: &'f [u8], what: &'f [u8]) -> impl Iterator<Item = usize> + 'f {
    let here = move |at: &usize| file[*at] == what[0] && file[*at..].starts_with(what);
    (0..file.len()).filter(here)
}
