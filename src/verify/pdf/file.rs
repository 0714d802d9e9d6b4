//! A file: header, revisions, objects (ISO 32000-1 section 7.5).

use super::error::{PdfError, Problem};
use super::object::{Dictionary, Lexer, Object};

/// One indirect object.
#[derive(Clone, Debug)]
pub(crate) struct Indirect<'a> {
    pub(crate) number: u32,
    pub(crate) value: Object<'a>,
    /// The raw bytes between `stream` and `endstream`.
    pub(crate) stream: Option<&'a [u8]>,
    /// Where `N 0 obj` stands.
    pub(crate) start: usize,
}

/// One revision: objects, cross-reference table, trailer.
#[derive(Debug)]
pub(crate) struct Revision<'a> {
    /// After its `%%EOF` line.
    pub(crate) end: usize,
    /// The objects that it defines, in the order of the file.
    pub(crate) defines: Vec<u32>,
    pub(crate) trailer: Dictionary<'a>,
    /// `/Size`: one more than the highest number so far.
    pub(crate) size: u32,
}

/// A parsed file.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) bytes: &'a [u8],
    /// One or two.
    pub(crate) revisions: Vec<Revision<'a>>,
    /// The objects by number, 0 absent; the last definition.
    objects: Vec<Option<Indirect<'a>>>,
    /// What revision 2 defined anew, as revision 1 had it.
    pub(crate) superseded: Vec<Indirect<'a>>,
    /// Where the last cross-reference table stands.
    table: usize,
}

/// A cross-reference table with its trailer.
struct Section<'a> {
    start: usize,
    end: usize,
    /// (number, offset) in the order of the table, ascending numbers.
    entries: Vec<(u32, usize)>,
    trailer: Dictionary<'a>,
    size: u32,
    previous: Option<usize>,
    /// Whether the table is one section from 0.
    whole: bool,
}

impl<'a> File<'a> {
    /// Reads the whole file.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, PdfError> {
        let body = header(bytes)?;
        let mut lexer = Lexer::new(bytes);
        let last = Section::read(bytes, &mut lexer, last_startxref(bytes)?)?;
        if last.end != bytes.len() {
            return Err(PdfError::at(last.end, Problem::Ending));
        }
        let mut sections = vec![];
        if let Some(previous) = last.previous {
            if previous >= last.start {
                return Err(PdfError::at(last.start, Problem::NoXref));
            }
            let first = Section::read(bytes, &mut lexer, previous)?;
            if first.previous.is_some() {
                return Err(PdfError::at(previous, Problem::Revisions));
            }
            sections.push(first);
        }
        sections.push(last);

        let first = &sections[0];
        if !first.whole || first.entries.len() + 1 != first.size as usize {
            return Err(PdfError::at(first.start, Problem::XrefSections));
        }
        let mut file = File {
            bytes,
            revisions: Vec::new(),
            objects: vec![None; first.size as usize],
            superseded: Vec::new(),
            table: 0,
        };
        let mut start = body;
        for section in sections {
            let end = section.end;
            file.revision(&mut lexer, start, section, false)?;
            start = end;
        }
        file.all_referenced()?;
        Ok(file)
    }

    /// Reads one revision more, which must end at `end` of the same file.
    pub(crate) fn append(&mut self, bytes: &'a [u8], end: usize) -> Result<(), PdfError> {
        let (part, start) = (&bytes[..end], self.bytes.len());
        let mut lexer = Lexer::lenient(part);
        let section = Section::read(part, &mut lexer, last_startxref(part)?)?;
        if section.end != end || section.start < start || section.previous != Some(self.table) {
            return Err(PdfError::at(section.start, Problem::NoXref));
        }
        self.bytes = part;
        self.revision(&mut lexer, start, section, true)?;
        // What an earlier revision brought may be left by a later one.
        self.reached().map(drop)
    }

    /// The object with this number.
    pub(crate) fn get(&self, number: u32) -> Option<&Indirect<'a>> {
        self.objects.get(number as usize)?.as_ref()
    }

    /// All objects, last definitions.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Indirect<'a>> {
        self.objects.iter().flatten()
    }

    /// The last trailer.
    pub(crate) fn trailer(&self) -> &Dictionary<'a> {
        &self.revisions.last().expect("a file has a revision").trailer
    }

    /// The objects of one revision, each exactly where the table says, with only white space between. Other programs leave `gaps` in the numbers:
    /// objects that nothing refers to.
    fn revision(
        &mut self,
        lexer: &mut Lexer<'a>,
        start: usize,
        section: Section<'a>,
        gaps: bool,
    ) -> Result<(), PdfError> {
        let mut entries = section.entries;
        entries.sort_unstable_by_key(|(_, offset)| *offset);
        let known = self.revisions.last().map_or(1, |r| r.size);
        if section.size < known || (!gaps && u64::from(section.size - known) > entries.len() as u64) {
            return Err(PdfError::at(section.start, Problem::XrefSections));
        }
        self.objects.resize(section.size as usize, None);
        lexer.seek(start);
        let mut defines = Vec::with_capacity(entries.len());
        for (number, offset) in entries {
            lexer.skip_space();
            if lexer.position() != offset {
                return Err(PdfError::at(lexer.position(), Problem::Unaccounted));
            }
            let object = indirect(self.bytes, lexer, number)?;
            let place = self.objects.get_mut(number as usize);
            let Some(place) = place else { return Err(PdfError::at(offset, Problem::XrefSections)) };
            if let Some(old) = place.replace(object) {
                self.superseded.push(old);
            }
            defines.push(number);
        }
        lexer.skip_space();
        if lexer.position() != section.start {
            return Err(PdfError::at(lexer.position(), Problem::Unaccounted));
        }
        if let Some(gap) = self.objects.iter().skip(1).position(Option::is_none).filter(|_| !gaps) {
            return Err(PdfError::at(section.start, Problem::Dangling(gap as u32 + 1)));
        }
        self.table = section.start;
        self.revisions.push(Revision {
            end: section.end,
            defines,
            trailer: section.trailer,
            size: section.size,
        });
        Ok(())
    }

    /// Every object is reached from the trailer, and every reference reaches one.
    fn all_referenced(&self) -> Result<(), PdfError> {
        let reached = self.reached()?;
        match self.objects().find(|object| !reached[object.number as usize]) {
            Some(object) => Err(PdfError::at(object.start, Problem::Unreferenced(object.number))),
            None => Ok(()),
        }
    }

    /// Which objects are reached from the trailer; every reference reaches one.
    fn reached(&self) -> Result<Vec<bool>, PdfError> {
        let mut reached = vec![false; self.objects.len()];
        let mut open = Vec::new();
        for (_, value) in self.trailer().iter() {
            value.references(&mut |number| open.push(number));
        }
        while let Some(number) = open.pop() {
            let Some(object) = self.get(number) else {
                return Err(PdfError::at(0, Problem::Dangling(number)));
            };
            if !std::mem::replace(&mut reached[number as usize], true) {
                object.value.references(&mut |number| open.push(number));
            }
        }
        Ok(reached)
    }
}

/// Where the revisions end, the oldest first, of a file that may have more than a copy: more than two, or a last one that defines the catalog
/// anew, which no signer's does. None of any other file.
pub(crate) fn later_ends(bytes: &[u8], most: usize) -> Option<Vec<usize>> {
    let mut lexer = Lexer::lenient(bytes);
    let mut at = last_startxref(bytes).ok()?;
    let (mut ends, mut catalog) = (Vec::new(), false);
    loop {
        let section = Section::read(bytes, &mut lexer, at).ok()?;
        let root = section.trailer.get("Root").and_then(Object::as_reference)?;
        if ends.is_empty() {
            catalog = section.entries.iter().any(|(number, _)| *number == root);
        }
        ends.push(section.end);
        match section.previous {
            Some(previous) if previous < at && ends.len() < most => at = previous,
            Some(_) => return None,
            None => break,
        }
    }
    ends.reverse();
    let rising = ends.windows(2).all(|pair| pair[0] < pair[1]) && ends.last() == Some(&bytes.len());
    (rising && ends.len() > 1 && (ends.len() > 2 || catalog)).then_some(ends)
}

/// `%PDF-1.7` and a comment of four bytes above 127; gives where the objects begin.
fn header(bytes: &[u8]) -> Result<usize, PdfError> {
    let rest = bytes.strip_prefix(b"%PDF-1.7\n%");
    match rest {
        Some([a, b, c, d, b'\n', ..]) if [a, b, c, d].iter().all(|byte| **byte > 127) => Ok(15),
        _ => Err(PdfError::at(0, Problem::Header)),
    }
}

/// The offset in the file's last `startxref`.
fn last_startxref(bytes: &[u8]) -> Result<usize, PdfError> {
    let fail = || PdfError::at(bytes.len().saturating_sub(40), Problem::Ending);
    let rest = bytes.strip_suffix(b"\n%%EOF\n").ok_or_else(fail)?;
    let digits = rest.iter().rev().take(11).take_while(|b| b.is_ascii_digit()).count();
    let (rest, digits) = rest.split_at(rest.len() - digits);
    if !rest.ends_with(b"startxref\n") || digits.is_empty() || digits.len() > 10 || digits[0] == b'0' {
        return Err(fail());
    }
    std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).ok_or_else(fail)
}

impl<'a> Section<'a> {
    fn read(bytes: &'a [u8], lexer: &mut Lexer<'a>, start: usize) -> Result<Self, PdfError> {
        lexer.seek(start.min(bytes.len()));
        if !lexer.take(b"xref\n") {
            return Err(PdfError::at(start, Problem::NoXref));
        }
        let mut entries: Vec<(u32, usize)> = Vec::new();
        let mut next = 0u32; // the lowest number that may follow
        let mut sections = 0;
        let mut from_zero = false;
        while matches!(lexer.peek(), Some(b'0'..=b'9')) {
            let here = lexer.position();
            let bad = || PdfError::at(here, Problem::XrefSections);
            let first = lexer.digits().and_then(|n| u32::try_from(n).ok()).ok_or_else(bad)?;
            let count = if lexer.take(b" ") { lexer.digits() } else { None };
            let count = count.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0).ok_or_else(bad)?;
            if !lexer.take(b"\n") || (sections > 0 && first < next) {
                return Err(bad());
            }
            let after = first.checked_add(count).ok_or_else(bad)?;
            let lines = bytes.get(lexer.position()..).unwrap_or_default();
            let lines = lines.get(..count as usize * 20).ok_or_else(bad)?;
            for (number, line) in (first..after).zip(lines.chunks_exact(20)) {
                let at = lexer.position() + (number - first) as usize * 20;
                let offset = entry(line, number == 0).ok_or_else(|| PdfError::at(at, Problem::XrefEntry))?;
                if number > 0 {
                    entries.push((number, offset));
                }
            }
            lexer.seek(lexer.position() + lines.len());
            from_zero |= first == 0;
            next = after;
            sections += 1;
        }
        if !lexer.take(b"trailer") {
            return Err(PdfError::at(lexer.position(), Problem::NoXref));
        }
        lexer.skip_space();
        let at = lexer.position();
        let trailer = lexer.dictionary(0)?;
        let fail = |what: &str| PdfError::at(at, Problem::Structure(what.to_owned()));
        if let Some(key) = trailer.stranger(&["Size", "Root", "Info", "ID", "Prev"]) {
            return Err(fail(&format!("the trailer has /{key}")));
        }
        let size = trailer.get("Size").and_then(Object::as_integer).and_then(|n| u32::try_from(n).ok());
        let size = size.filter(|n| *n >= next).ok_or_else(|| fail("the trailer's /Size is wrong"))?;
        // An object takes more than twenty bytes, so a larger number is a lie that would only cost memory.
        if size as usize > bytes.len() / 20 {
            return Err(fail("the trailer's /Size is wrong"));
        }
        let previous = match trailer.get("Prev") {
            None => None,
            Some(value) => {
                let offset = value.as_integer().and_then(|n| usize::try_from(n).ok());
                Some(offset.ok_or_else(|| fail("the trailer's /Prev is wrong"))?)
            }
        };
        lexer.skip_space();
        let said = if lexer.take(b"startxref\n") { lexer.digits() } else { None };
        let Some(said) = said.filter(|_| lexer.take(b"\n%%EOF\n")) else {
            return Err(PdfError::at(lexer.position(), Problem::Ending));
        };
        if said != start {
            return Err(PdfError::at(start, Problem::StartXref { said, is: start }));
        }
        let whole = sections == 1 && from_zero;
        Ok(Self { start, end: lexer.position(), entries, trailer, size, previous, whole })
    }
}

/// One line of 20 bytes: `0000000000 65535 f` for object 0, `nnnnnnnnnn 00000 n` for the others.
fn entry(line: &[u8], zero: bool) -> Option<usize> {
    let (text, end) = line.split_at(18);
    if end != b" \n" && end != b"\r\n" {
        return None;
    }
    if zero {
        return (text == b"0000000000 65535 f").then_some(0);
    }
    let digits = text.strip_suffix(b" 00000 n")?;
    digits.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

/// `N 0 obj … endobj`.
fn indirect<'a>(bytes: &'a [u8], lexer: &mut Lexer<'a>, number: u32) -> Result<Indirect<'a>, PdfError> {
    let start = lexer.position();
    if lexer.digits() != Some(number as usize) || !lexer.take(b" 0 obj") {
        return Err(PdfError::at(start, Problem::NotTheObject(number)));
    }
    lexer.boundary()?;
    lexer.skip_space();
    let value = lexer.object(0)?;
    lexer.skip_space();
    let mut stream = None;
    if let Some(dictionary) = value.as_dictionary()
        && lexer.take(b"stream")
    {
        let at = lexer.position();
        let wrong = || PdfError::at(at, Problem::Length);
        let length = dictionary.get("Length").and_then(Object::as_integer);
        let length = length.and_then(|n| usize::try_from(n).ok()).ok_or_else(wrong)?;
        if !lexer.take_line_end() {
            return Err(wrong());
        }
        let from = lexer.position();
        let to = from.checked_add(length).filter(|to| *to <= bytes.len()).ok_or_else(wrong)?;
        stream = Some(&bytes[from..to]);
        lexer.seek(to);
        if !lexer.take_line_end() || !lexer.take(b"endstream") {
            return Err(wrong());
        }
        lexer.skip_space();
    }
    if !lexer.take(b"endobj") {
        return Err(PdfError::at(lexer.position(), Problem::Syntax));
    }
    Ok(Indirect { number, value, stream, start })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::testing::{Draft, revision};

    fn refused(bytes: &[u8]) -> Problem {
        match File::parse(bytes) {
            Err(error) => error.problem,
            Ok(_) => panic!("accepted"),
        }
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Replaces bytes by as many others, so that no offset moves.
    fn patch(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).expect("the text is there");
        let mut out = bytes.to_vec();
        out[at..at + to.len()].copy_from_slice(to.as_bytes());
        out
    }

    #[test]
    fn reads_both_revisions() {
        let bytes = Draft::new().bytes();
        let file = File::parse(&bytes).expect("the draft is in the grammar");
        assert_eq!(file.revisions.len(), 2);
        assert_eq!(file.revisions[1].end, bytes.len());
        assert_eq!(file.superseded.len(), 1);
        assert_eq!(file.get(4).and_then(|o| o.stream), Some(b"jpeg bytes".as_slice()));
        assert_eq!(file.objects().count(), 14);
    }

    #[test]
    fn refuses_another_beginning_or_end() {
        let bytes = Draft::new().bytes();
        assert_eq!(refused(&patch(&bytes, "%PDF-1.7", "%PDF-1.4")), Problem::Header);
        assert_eq!(refused(&[b" ", bytes.as_slice()].concat()), Problem::Header);
        for tail in ["\n", " ", "%\n", "x", "%%EOF\n"] {
            assert_eq!(refused(&[&bytes, tail.as_bytes()].concat()), Problem::Ending);
        }
        assert_eq!(refused(&bytes[..bytes.len() - 1]), Problem::Ending);
        assert_eq!(refused(b""), Problem::Header);
    }

    #[test]
    fn refuses_bytes_that_belong_to_nothing() {
        for junk in ["% a comment\n", "junk\n", "\0", "99 0 obj\nnull\nendobj\n", "\x0c"] {
            let draft = Draft { between: junk.into(), ..Draft::new() };
            assert_eq!(refused(&draft.bytes()), Problem::Unaccounted, "{junk:?}");
        }
        let draft = Draft { between: " \r\n\t\n".into(), ..Draft::new() };
        File::parse(&draft.bytes()).expect("white space between objects is allowed");
    }

    #[test]
    fn refuses_unreferenced_and_missing_objects() {
        let draft = Draft { second: vec![], ..Draft::new() }.add(14, "<< /Hidden true >>");
        assert_eq!(refused(&draft.bytes()), Problem::Unreferenced(14));
        let draft = Draft::new().edit(1, "/AF [11 0 R]", "/AF [77 0 R]");
        assert_eq!(refused(&draft.bytes()), Problem::Dangling(77));
    }

    #[test]
    fn refuses_duplicate_keys_and_objects() {
        let draft = Draft::new().edit(2, "/Count 1", "/Count 1 /Count 1");
        assert_eq!(refused(&draft.bytes()), Problem::DuplicateKey("Count".into()));
        let draft = Draft::new().edit(2, "/Count 1", "/Count 1 /#43ount 1");
        assert_eq!(refused(&draft.bytes()), Problem::DuplicateKey("Count".into()));
        let mut draft = Draft::new();
        let again = draft.first[1].clone();
        draft.first.insert(2, again);
        assert!(File::parse(&draft.bytes()).is_err());
    }

    #[test]
    fn refuses_a_wrong_length() {
        for (from, to) in [
            ("/Length 10", "/Length 11"),
            ("/Length 10", "/Length 09"),
            ("/Length 10", "/Length  9"),
            ("/Length", "/Lengti"),
        ] {
            let bytes = patch(&Draft::new().bytes(), from, to);
            assert!(File::parse(&bytes).is_err(), "{to}");
        }
        let draft = Draft::new().edit(4, "jpeg bytes", "jpeg\nendstream\nendobj\nbytes");
        File::parse(&draft.bytes()).expect("data is counted, not searched");
    }

    #[test]
    fn refuses_tables_that_lie() {
        let bytes = Draft::new().bytes();
        let second = text(&bytes).rfind("startxref\n").expect("there is one") + 10;
        let mut wrong = bytes.clone();
        wrong[second + 1] ^= 1;
        assert!(matches!(refused(&wrong), Problem::NoXref | Problem::Ending));
        assert_eq!(refused(&patch(&bytes, " 65535 f ", " 65535 n ")), Problem::XrefEntry);
        assert_eq!(refused(&patch(&bytes, " 00000 n ", " 00001 n ")), Problem::XrefEntry);
        assert_eq!(refused(&patch(&bytes, "2 0 obj", "4 0 obj")), Problem::NotTheObject(2));
        assert_eq!(refused(&patch(&bytes, "2 0 obj", "2 1 obj")), Problem::NotTheObject(2));
        assert_eq!(refused(&patch(&bytes, "xref\n0 14", "xref\n1 14")), Problem::XrefEntry);
        assert!(File::parse(&patch(&bytes, "xref\n0 14", "xref\n0 13")).is_err());
        let draft = Draft { trailer: "/Size 99 /Root 1 0 R".into(), ..Draft::new() };
        assert_eq!(refused(&draft.bytes()), Problem::XrefSections);
        let draft = Draft { trailer: "/Size 14 /Root 1 0 R /XRefStm 15".into(), ..Draft::new() };
        assert!(matches!(refused(&draft.bytes()), Problem::Structure(_)));
        let draft = Draft { trailer: "/Size 14 /Root 1 0 R /Encrypt 2 0 R".into(), ..Draft::new() };
        assert!(matches!(refused(&draft.bytes()), Problem::Structure(_)));
    }

    #[test]
    fn refuses_a_third_revision_and_a_loop() {
        let draft = Draft::new();
        let mut bytes = draft.bytes();
        let offset = position(&bytes, b"xref\n8 1");
        revision(&mut bytes, &[(12, "null".into())], &format!("/Size 15 /Root 1 0 R /Prev {offset}"), "");
        assert_eq!(refused(&bytes), Problem::Revisions);

        let draft = Draft { second_trailer: "/Size 15 /Root 1 0 R /ID [<AA> <BB>]".into(), ..Draft::new() };
        let mut bytes = draft.bytes();
        let first = position(&bytes, b"xref\n0 14");
        let second = position(&bytes, b"xref\n8 1");
        let at = position(&bytes, b"/Prev ") + 6;
        let (from, to) = (first.to_string(), second.to_string());
        assert_eq!(from.len(), to.len());
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        assert_eq!(refused(&bytes), Problem::NoXref);
    }

    fn position(bytes: &[u8], what: &[u8]) -> usize {
        bytes.windows(what.len()).position(|w| w == what).expect("the bytes are there")
    }

    #[test]
    fn refuses_object_and_cross_reference_streams() {
        let bytes = Draft::new().bytes();
        let at = position(&bytes, b"xref\n0 14");
        let mut wrong = bytes[..at].to_vec();
        wrong.extend_from_slice(b"14 0 obj\n<< /Type /XRef /Length 0 >>\nstream\n\nendstream\nendobj\n");
        wrong.extend_from_slice(format!("startxref\n{at}\n%%EOF\n").as_bytes());
        assert_eq!(refused(&wrong), Problem::NoXref);
    }

    #[test]
    fn never_panics_on_changed_bytes() {
        let bytes = Draft::new().bytes();
        for at in 0..bytes.len() {
            for change in [1u8, 0x10, 0x20, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                let _ = crate::verify::examine(&changed);
            }
            let _ = crate::verify::examine(&bytes[..at]);
        }
    }
}
