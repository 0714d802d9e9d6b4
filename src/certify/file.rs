//! The file: objects one after another, a classical cross-reference table, a trailer (ISO 32000-1 section 7.5).
//!
//! Written by hand rather than with lopdf: its writer keeps every stream in an object tree of its own (a copy of each
//! image) and gives no offsets of what it wrote, which signing needs. This one appends, and never looks back.

use std::fmt::{self, Display, Write as _};
use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

/// An indirect object's number; the generation is always 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ref(u32);

impl Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} 0 R", self.0)
    }
}

/// A PDF file while it is written: the bytes so far and where each object begins.
pub(super) struct File {
    bytes: Vec<u8>,
    /// The last offset of each object, object 1 first; 0 is "not written".
    offsets: Vec<u64>,
    /// Objects written since the last table.
    fresh: Vec<Ref>,
    /// Where the last table begins.
    last_table: Option<u64>,
}

impl File {
    /// An empty file with room for `capacity` bytes.
    pub(super) fn new(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend_from_slice(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n");
        Self { bytes, offsets: Vec::new(), fresh: Vec::new(), last_table: None }
    }

    /// The next object number, to be written later.
    pub(super) fn reserve(&mut self) -> Ref {
        self.offsets.push(0);
        Ref(u32::try_from(self.offsets.len()).expect("fewer than 2^32 objects"))
    }

    fn begin(&mut self, object: Ref) {
        self.offsets[object.0 as usize - 1] = self.bytes.len() as u64;
        self.fresh.push(object);
        self.text(format_args!("{} 0 obj\n", object.0));
    }

    fn text(&mut self, text: fmt::Arguments<'_>) {
        self.bytes.write_fmt(text).expect("writing to memory succeeds");
    }

    /// Writes an object that is not a stream. The answer is where its `body` begins in the file.
    pub(super) fn put(&mut self, object: Ref, body: impl Display) -> usize {
        self.begin(object);
        let start = self.bytes.len();
        self.text(format_args!("{body}\nendobj\n"));
        start
    }

    /// A new object that is not a stream.
    pub(super) fn add(&mut self, body: impl Display) -> Ref {
        let object = self.reserve();
        self.put(object, body);
        object
    }

    /// Writes a stream as it is; `entries` are the dictionary's without `/Length`.
    pub(super) fn put_stream(&mut self, object: Ref, entries: impl Display, data: &[u8]) {
        self.begin(object);
        self.text(format_args!("<< {entries} /Length {} >>\nstream\n", data.len()));
        self.bytes.extend_from_slice(data);
        self.text(format_args!("\nendstream\nendobj\n"));
    }

    /// A new stream, written as it is.
    pub(super) fn add_stream(&mut self, entries: impl Display, data: &[u8]) -> Ref {
        let object = self.reserve();
        self.put_stream(object, entries, data);
        object
    }

    /// Writes a stream compressed.
    pub(super) fn put_deflated(&mut self, object: Ref, entries: impl Display, data: &[u8]) {
        let mut encoder = ZlibEncoder::new(Vec::with_capacity(data.len() / 3), Compression::default());
        encoder.write_all(data).expect("writing to memory succeeds");
        let packed = encoder.finish().expect("writing to memory succeeds");
        self.put_stream(object, format_args!("{entries} /Filter /FlateDecode"), &packed);
    }

    /// A new stream, compressed.
    pub(super) fn add_deflated(&mut self, entries: impl Display, data: &[u8]) -> Ref {
        let object = self.reserve();
        self.put_deflated(object, entries, data);
        object
    }

    /// Ends the revision: the table of what was written since the last one, trailer, `%%EOF`.
    pub(super) fn close(&mut self, root: Ref, id: &[u8; 16]) {
        let table = self.bytes.len() as u64;
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.sort_by_key(|object| object.0);
        self.text(format_args!("xref\n"));
        if self.last_table.is_none() {
            debug_assert!(self.offsets.iter().all(|&offset| offset != 0), "every reserved object is written");
            self.text(format_args!("0 {}\n0000000000 65535 f \n", self.offsets.len() + 1));
            fresh.iter().for_each(|&object| self.table_entry(object));
        } else {
            for run in fresh.chunk_by(|a, b| a.0 + 1 == b.0) {
                self.text(format_args!("{} {}\n", run[0].0, run.len()));
                run.iter().for_each(|&object| self.table_entry(object));
            }
        }
        let id = hex(id);
        let previous = self.last_table.map(|offset| format!(" /Prev {offset}")).unwrap_or_default();
        self.text(format_args!(
            "trailer\n<< /Size {} /Root {root} /ID [{id} {id}]{previous} >>\nstartxref\n{table}\n%%EOF\n",
            self.offsets.len() + 1,
        ));
        self.last_table = Some(table);
    }

    /// An object's entry in the table: exactly 20 bytes.
    fn table_entry(&mut self, object: Ref) {
        let offset = self.offsets[object.0 as usize - 1];
        self.text(format_args!("{offset:010} 00000 n \n"));
    }

    /// All bytes so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All bytes so far, to fill in what has the same length.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The file.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A hexadecimal string object.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2 + 2);
    out.push('<');
    for byte in bytes {
        write!(out, "{byte:02X}").expect("writing to memory succeeds");
    }
    out.push('>');
    out
}

/// A text string object: UTF-16BE with its mark, in hexadecimal (ISO 32000-1 section 7.9.2.2).
pub(super) fn text_string(text: &str) -> String {
    let mut bytes = vec![0xFE, 0xFF];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    hex(&bytes)
}

/// A name object; what is not a letter, digit or `.+-_` is written as `#xx`.
pub(super) fn name(text: &str) -> String {
    let mut out = String::from("/");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".+-_".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "#{byte:02X}").expect("writing to memory succeeds");
        }
    }
    out
}

/// A number with at most four decimals, never an exponent.
pub(super) fn number(value: f64) -> String {
    let mut out = format!("{value:.4}");
    let kept = out.trim_end_matches('0').trim_end_matches('.').len();
    out.truncate(kept);
    if out == "-0" { "0".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain() {
        let cases = [
            (0.0, "0"),
            (-0.00001, "0"),
            (100.0, "100"),
            (1.5, "1.5"),
            (-2.25, "-2.25"),
            (1e-9, "0"),
            (1e7, "10000000"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn names_and_strings_are_escaped() {
        assert_eq!(name("application/json"), "/application#2Fjson");
        assert_eq!(text_string("Ạ(😀"), "<FEFF1EA00028D83DDE00>");
    }

    #[test]
    fn a_second_revision_lists_only_what_it_wrote() {
        let mut file = File::new(0);
        let root = file.add("<< /Type /Catalog >>");
        let other = file.add("<< >>");
        file.close(root, &[7; 16]);
        let first = file.bytes().len();
        file.put(other, "<< /V 3 0 R >>");
        file.add("<< /Type /Sig >>");
        file.close(root, &[7; 16]);
        let added = String::from_utf8_lossy(&file.bytes()[first..]).into_owned();
        assert!(added.contains("xref\n2 2\n"), "{added}");
        assert!(added.contains("/Size 4 ") && added.contains("/Prev "), "{added}");
        assert!(added.ends_with("%%EOF\n"));
    }
}
