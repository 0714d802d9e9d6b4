//! Just enough of a PDF editor to do harm: it finds a copy's objects by their text and writes revisions as other programs would.

use std::ops::Range;

use memchr::memmem;

/// A copy as an attacker sees it.
pub(crate) struct Copy<'a> {
    pub(crate) bytes: &'a [u8],
}

impl<'a> Copy<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Where the first revision ends.
    pub(crate) fn first_end(&self) -> usize {
        memmem::find(self.bytes, b"%%EOF\n").expect("a revision") + 6
    }

    /// The number of the last revision's `startxref`.
    pub(crate) fn table(&self) -> usize {
        let at = memmem::rfind(self.bytes, b"startxref\n").expect("startxref") + 10;
        number(&self.bytes[at..])
    }

    /// The last trailer's entries, without `/Size` and `/Prev`.
    fn trailer(&self) -> String {
        let at = memmem::rfind(self.bytes, b"trailer\n<<").expect("a trailer") + 10;
        let end = at + memmem::find(&self.bytes[at..], b">>\nstartxref").expect("its end");
        let text = String::from_utf8_lossy(&self.bytes[at..end]).into_owned();
        // Up to its end: a /Prev that stands twice would be refused for that alone.
        let id = text.find("/ID").map_or("", |id| &text[id..]);
        let id = &id[..id.find(']').map_or(0, |end| end + 1)];
        format!("/Root {} 0 R {id}", self.with(b"/Type /Catalog"))
    }

    pub(crate) fn size(&self) -> u32 {
        let at = memmem::rfind(self.bytes, b"/Size ").expect("a size") + 6;
        number(&self.bytes[at..]) as u32
    }

    /// The last definition of an object: what stands between `obj` and `endobj`.
    pub(crate) fn range(&self, object: u32) -> Range<usize> {
        let head = format!("\n{object} 0 obj\n");
        let start = memmem::rfind(self.bytes, head.as_bytes()).expect("the object") + head.len();
        start..start + memmem::find(&self.bytes[start..], b"\nendobj\n").expect("its end")
    }

    pub(crate) fn body(&self, object: u32) -> Vec<u8> {
        self.bytes[self.range(object)].to_vec()
    }

    /// A dictionary's text.
    pub(crate) fn text(&self, object: u32) -> String {
        String::from_utf8_lossy(&self.bytes[self.range(object)]).into_owned()
    }

    /// The object in whose dictionary this stands first.
    pub(crate) fn with(&self, needle: &[u8]) -> u32 {
        let at = memmem::find(self.bytes, needle).expect("what is looked for");
        let head = memmem::rfind(&self.bytes[..at], b" 0 obj\n").expect("an object");
        let line = self.bytes[..head].iter().rposition(|b| *b == b'\n').expect("a line") + 1;
        number(&self.bytes[line..]) as u32
    }

    /// The object that `/Key N 0 R` in another names.
    pub(crate) fn named(&self, object: u32, key: &str) -> u32 {
        let text = self.text(object);
        let at = text.find(&format!("/{key} ")).expect("the key") + key.len() + 2;
        number(&text.as_bytes()[at..]) as u32
    }

    /// The page with the strip.
    pub(crate) fn last_page(&self) -> u32 {
        self.with(b"/Strip ")
    }

    /// The stream of an attachment.
    pub(crate) fn attachment(&self, name: &str) -> u32 {
        let utf16: String = name.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
        let spec = self.with(format!("/UF <FEFF{utf16}>").as_bytes());
        let text = self.text(spec);
        let at = text.find("/EF << /F ").expect("an embedded file") + 10;
        number(&text.as_bytes()[at..]) as u32
    }

    /// From `<` to after `>` of every `/Contents` that is a hexadecimal string.
    pub(crate) fn gaps(&self) -> Vec<Range<usize>> {
        memmem::find_iter(self.bytes, b"/Contents <")
            .filter(|at| self.bytes[at + 11] != b'<')
            .map(|at| {
                let start = at + 10;
                start..start + self.bytes[start..].iter().position(|b| *b == b'>').expect("its end") + 1
            })
            .collect()
    }

    /// The last signature's CMS without its padding.
    pub(crate) fn cms(&self) -> Vec<u8> {
        let gap = self.gaps().pop().expect("a signature");
        let mut bytes: Vec<u8> = self.bytes[gap.start + 1..gap.end - 1]
            .chunks_exact(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits"))
            .collect();
        let length = 4 + usize::from(bytes[2]) * 256 + usize::from(bytes[3]);
        bytes.truncate(length);
        bytes
    }

    /// Other CMS bytes in the last gap, padded.
    pub(crate) fn with_cms(&self, cms: &[u8]) -> Vec<u8> {
        let gap = self.gaps().pop().expect("a signature");
        let mut digits: String = cms.iter().map(|byte| format!("{byte:02X}")).collect();
        let room = gap.len() - 2;
        assert!(digits.len() <= room, "it fits");
        digits.extend(std::iter::repeat_n('0', room - digits.len()));
        let mut out = self.bytes.to_vec();
        out[gap.start + 1..gap.end - 1].copy_from_slice(digits.as_bytes());
        out
    }

    /// An incremental update as an editor appends it.
    pub(crate) fn update(&self, objects: &[(u32, Vec<u8>)]) -> Vec<u8> {
        self.update_with(objects, "")
    }

    pub(crate) fn update_with(&self, objects: &[(u32, Vec<u8>)], trailer: &str) -> Vec<u8> {
        let mut out = self.bytes.to_vec();
        let offsets = append(&mut out, objects);
        let size = offsets.iter().map(|(n, _)| n + 1).max().unwrap_or(0).max(self.size());
        let table = out.len();
        out.extend_from_slice(b"xref\n");
        for (object, offset) in offsets {
            out.extend_from_slice(format!("{object} 1\n{offset:010} 00000 n \n").as_bytes());
        }
        let entries = format!("/Size {size} {} /Prev {} {trailer}", self.trailer(), self.table());
        out.extend_from_slice(format!("trailer\n<< {entries} >>\nstartxref\n{table}\n%%EOF\n").as_bytes());
        out
    }

    /// The same file with its second revision written anew from these objects; `fix` gives the signature a `/ByteRange` that is right for it.
    pub(crate) fn second(&self, objects: &[(u32, Vec<u8>)], fix: bool) -> Vec<u8> {
        let end = self.first_end();
        let mut out = Copy::new(&self.bytes[..end]).update(objects);
        if fix {
            let gap = Copy::new(&out).gaps().pop().expect("a signature");
            let at = memmem::rfind(&out, b"/ByteRange [").expect("a range") + 11;
            let close = at + out[at..].iter().position(|b| *b == b']').expect("its end");
            let text = format!("[0 {} {} {}", gap.start, gap.end, out.len() - gap.end);
            let text = format!("{text:<width$}", width = close - at);
            out[at..close].copy_from_slice(text.as_bytes());
        }
        out
    }

    /// The office's field and signature, as revision 2 has them.
    pub(crate) fn last_objects(&self) -> (u32, u32) {
        let field = self.with(b"/T (saoy-office)");
        (field, self.named(field, "V"))
    }
}

/// Objects in their usual form; gives their offsets.
pub(crate) fn append(out: &mut Vec<u8>, objects: &[(u32, Vec<u8>)]) -> Vec<(u32, usize)> {
    let mut offsets = Vec::new();
    for (object, body) in objects {
        offsets.push((*object, out.len()));
        out.extend_from_slice(format!("{object} 0 obj\n").as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    }
    offsets
}

/// A stream with these entries.
pub(crate) fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("<< {entries} /Length {} >>\nstream\n", data.len()).into_bytes();
    out.extend_from_slice(data);
    out.extend_from_slice(b"\nendstream");
    out
}

/// The decimal number at the start.
pub(crate) fn number(bytes: &[u8]) -> usize {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit());
    digits.fold(0, |value, digit| value * 10 + usize::from(digit - b'0'))
}

/// The first `from` replaced by `to`; it must be there.
pub(crate) fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = memmem::find(bytes, from.as_bytes()).unwrap_or_else(|| panic!("{from} is not there"));
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

/// The last one.
pub(crate) fn replaced_last(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = memmem::rfind(bytes, from.as_bytes()).unwrap_or_else(|| panic!("{from} is not there"));
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}
