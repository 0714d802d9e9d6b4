//! What may be appended to a copy after its last signature: validation data (`/DSS`, ETSI EN 319 142-1 section 5.4.2) and document timestamps
//! (ISO 32000-2 section 12.8.5), in the form in which pyHanko writes them; nothing that a reader of the copy could see.
//!
//! The copy itself is the file without them and is verified as if they were not there. Here each later revision is compared with the file before
//! it: the catalog gains `/DSS`, `/Extensions` and a field, one page the field's invisible widget, the metadata say the same as before but when
//! and with which program the file was written. Every object that a revision defines is one of these.

use std::collections::BTreeSet;
use std::ops::Range;

use time::OffsetDateTime;

use crate::signature::timestamp::{self, Timestamp, TimestampError};
use crate::signature::{DigestAlgorithm, Hasher};

use super::changes;
use super::document::{Document, dictionary, only, resolve, structure, target, told};
use super::fact::{Fact, FactId, State, Text};
use super::pdf::{Dictionary, File, Indirect, Object, PdfError, Problem, TextString, decoded, later_ends};
use super::reason::Reason as _;
use super::signatures::{pdf_time, rfc3339};
use super::validation_data::Kind;
use super::xmp;

/// Later revisions that are looked at.
pub(crate) const MAX_LATER: usize = 8;
/// Decoded bytes of one certificate, revocation list or answer.
const MAX_STREAM: usize = 16 << 20;
/// Decoded bytes of all of them.
const MAX_STREAMS: usize = 64 << 20;
/// Characters of a timestamp field's name.
const MAX_NAME: usize = 100;
/// Developers whose extensions such revisions use: those of pyHanko and of Adobe's programs.
const DEVELOPERS: [&str; 3] = ["ESIC", "ISO_", "ADBE"];

/// What was appended.
#[derive(Debug, Default)]
pub(crate) struct Additions {
    revisions: usize,
    certificates: usize,
    lists: usize,
    answers: usize,
    stamps: Vec<Stamp>,
}

/// A document timestamp.
#[derive(Debug)]
struct Stamp {
    gap: Range<usize>,
    /// Where the covered bytes end: the end of its revision.
    end: usize,
    contents: Vec<u8>,
    /// The field and the signature dictionary.
    objects: [u32; 2],
}

/// Where the copy ends, and each later revision.
pub(crate) fn split(bytes: &[u8]) -> (usize, Vec<usize>) {
    let signers = |end: usize| {
        let first = File::parse(bytes.get(..end)?).ok()?;
        Some(Document::read(&first).ok()?.fields.len()).filter(|count| (1..=2).contains(count))
    };
    let found = later_ends(bytes, 2 + MAX_LATER).and_then(|mut ends| {
        let count = signers(ends[0])?;
        let later = ends.split_off(count.min(ends.len()));
        let end = *ends.last()?;
        (!later.is_empty()).then_some((end, later))
    });
    found.unwrap_or((bytes.len(), Vec::new()))
}

/// Reads the later revisions of a copy whose own bytes end at `end`.
pub(crate) fn check(
    bytes: &[u8],
    end: usize,
    later: &[usize],
    document: &Document<'_, '_>,
) -> Result<Additions, PdfError> {
    let mut file = File::parse(&bytes[..end])?;
    let copy = file.revisions.last().map_or(0, |revision| revision.size);
    let said = document.metadata.map(xmp::packet);
    let mut found = Additions { revisions: later.len(), ..Additions::default() };
    for end in later {
        let (size, superseded) = (file.revisions.last().map_or(0, |r| r.size), file.superseded.len());
        let trailer = file.trailer().clone();
        let start = file.bytes.len();
        file.append(bytes, *end).map_err(|error| changes::unread(error, &bytes[start..*end], start))?;
        let step = Step { file: &file, old: &file.superseded[superseded..], start, copy, size };
        step.trailer(&trailer)?;
        step.check(document, said.as_ref(), &mut found)?;
    }
    Ok(found)
}

/// One later revision beside the file before it.
struct Step<'f, 'a> {
    file: &'f File<'a>,
    /// The objects that it defines anew, as they were.
    old: &'f [Indirect<'a>],
    start: usize,
    /// `/Size` of the copy.
    copy: u32,
    /// `/Size` before this revision.
    size: u32,
}

impl<'f, 'a> Step<'f, 'a> {
    fn fail<T>(&self, vi: impl std::fmt::Display, en: impl std::fmt::Display) -> Result<T, PdfError> {
        let text = Text::new(format!("lần ghi thêm {vi}"), format!("a later revision {en}"));
        Err(PdfError::at(self.start, Problem::Told(text)))
    }

    /// Refuses it for what it does to these objects.
    fn does<T>(&self, document: &Document<'_, '_>, numbers: &[u32]) -> Result<T, PdfError> {
        let told = changes::told(self.file, self.old, document, numbers);
        self.fail(told.vi, told.en)
    }

    fn old(&self, number: u32) -> Option<&'f Dictionary<'a>> {
        self.old.iter().find(|object| object.number == number)?.value.as_dictionary()
    }

    /// The same document.
    fn trailer(&self, before: &Dictionary<'_>) -> Result<(), PdfError> {
        let after = self.file.trailer();
        let id = |trailer: &Dictionary<'_>| {
            let ids = trailer.get("ID")?.as_array()?;
            Some(ids.first()?.as_text()?.bytes.to_vec())
        };
        let same = ["Root", "Info"].iter().all(|key| before.get(key) == after.get(key));
        if same && id(before) == id(after) {
            return Ok(());
        }
        let keys = changes::keys(before, after).join(", ");
        self.fail(
            format!("sửa phần cuối của bảng tham chiếu (trailer): {keys}"),
            format!("changes the trailer: {keys}"),
        )
    }

    fn check(
        &self,
        document: &Document<'_, '_>,
        said: Option<&Option<xmp::Packet>>,
        found: &mut Additions,
    ) -> Result<(), PdfError> {
        let defines = &self.file.revisions.last().expect("it was read just now").defines;
        let root = self.file.trailer().get("Root").and_then(Object::as_reference);
        let Some((root, before)) = root.and_then(|root| Some((root, self.old(root)?))) else {
            return self.does(document, defines);
        };
        let (object, catalog) = target(self.file, &self.old[0], self.file.trailer().get("Root"), "/Root")?;
        let mut allowed = BTreeSet::from([root]);
        let field = self.catalog(object, before, catalog)?;
        if field.is_none() && catalog.get("DSS").is_none() {
            let others: Vec<u32> = defines.iter().copied().filter(|number| *number != root).collect();
            if others.is_empty() {
                return self.fail(
                    "ghi lại mục gốc của tệp mà không thêm gì",
                    "writes the catalog once more and adds nothing",
                );
            }
            return self.does(document, &others);
        }
        let store = self.store(object, catalog, found)?;
        if let Some(field) = field {
            let stamp = self.stamp(object, field, document, &mut allowed)?;
            found.stamps.push(stamp);
        }
        let stamps: Vec<u32> = found.stamps.iter().flat_map(|stamp| stamp.objects).collect();
        if store.iter().any(|number| *number < self.copy || stamps.contains(number)) {
            return self.fail(
                "lấy đối tượng của bản sao làm dữ liệu kiểm tra",
                "takes an object of the copy for validation data",
            );
        }
        allowed.extend(store);
        if let Some(number) = catalog.get("Metadata").and_then(Object::as_reference)
            && self.old(number).is_some()
        {
            self.metadata(object, catalog, said)?;
            allowed.insert(number);
        }
        let others: Vec<u32> = defines.iter().copied().filter(|number| !allowed.contains(number)).collect();
        if others.is_empty() { Ok(()) } else { self.does(document, &others) }
    }

    /// The catalog, but for what may be added; gives the field that was.
    fn catalog(
        &self,
        object: &Indirect<'a>,
        before: &Dictionary<'a>,
        after: &'f Dictionary<'a>,
    ) -> Result<Option<&'f Object<'a>>, PdfError> {
        const OPEN: [&str; 3] = ["DSS", "Extensions", "AcroForm"];
        let kept = |catalog: &Dictionary<'a>| OPEN.iter().fold(catalog.clone(), |c, key| c.without(key));
        if !kept(before).alike(&kept(after)) {
            let keys = changes::keys(&kept(before), &kept(after)).join(", ");
            return self.fail(
                format!("sửa mục gốc của tệp (/Catalog): {keys}"),
                format!("changes the catalog: {keys}"),
            );
        }
        if before.get("DSS").is_some() && after.get("DSS").is_none() {
            return self.fail("bỏ dữ liệu kiểm tra (/DSS) đã có", "takes validation data (/DSS) away");
        }
        if let Some(extensions) = after.get("Extensions") {
            extensions_only(object, extensions)?;
        }
        let form = |catalog: &'f Dictionary<'a>| catalog.get("AcroForm").and_then(Object::as_dictionary);
        let (Some(old), Some(new)) = (before.get("AcroForm").and_then(Object::as_dictionary), form(after))
        else {
            return self.fail("sửa biểu mẫu (/AcroForm)", "changes the form (/AcroForm)");
        };
        let fields = |form: &Dictionary<'a>| form.get("Fields").and_then(Object::as_array).map(<[_]>::to_vec);
        let (Some(was), Some(is)) = (fields(old), new.get("Fields").and_then(Object::as_array)) else {
            return self.fail("sửa biểu mẫu (/AcroForm)", "changes the form (/AcroForm)");
        };
        if !old.without("Fields").alike(&new.without("Fields")) || !is.starts_with(&was) {
            let mut keys = changes::keys(&old.without("Fields"), &new.without("Fields"));
            keys.extend((!is.starts_with(&was)).then(|| "/Fields".to_owned()));
            let keys = keys.join(", ");
            return self.fail(
                format!("sửa biểu mẫu (/AcroForm): {keys}"),
                format!("changes the form (/AcroForm): {keys}"),
            );
        }
        match &is[was.len()..] {
            [] => Ok(None),
            [field] => Ok(Some(field)),
            more => self.fail(
                format!("thêm {} ô biểu mẫu", more.len()),
                format!("adds {} form fields at once", more.len()),
            ),
        }
    }

    /// The objects of the validation data, each of which is read.
    fn store(
        &self,
        object: &'f Indirect<'a>,
        catalog: &'f Dictionary<'a>,
        found: &mut Additions,
    ) -> Result<BTreeSet<u32>, PdfError> {
        let mut numbers = BTreeSet::new();
        let Some(value) = catalog.get("DSS") else { return Ok(numbers) };
        numbers.extend(value.as_reference());
        let (owner, store) = dictionary(self.file, object, Some(value), "/DSS")?;
        only(owner, store, "/DSS", &["Type", "Certs", "CRLs", "OCSPs", "VRI"])?;
        let mut streams = BTreeSet::new();
        let mut count = |holder, value: Option<&'f Object<'a>>, kind: Kind| -> Result<usize, PdfError> {
            let listed = self.streams(holder, value, &mut numbers)?;
            let all = listed.len();
            streams.extend(listed.into_iter().map(|number| (number, kind)));
            Ok(all)
        };
        let certificates = count(owner, store.get("Certs"), Kind::Certificate)?;
        let lists = count(owner, store.get("CRLs"), Kind::RevocationList)?;
        let answers = count(owner, store.get("OCSPs"), Kind::Answer)?;
        if let Some(related) = store.get("VRI") {
            let (holder, related) = dictionary(self.file, owner, Some(related), "/VRI")?;
            let mut inner = Vec::new();
            for (key, value) in related.iter() {
                let hash = key.len() == 40 && key.bytes().all(|b| b.is_ascii_hexdigit());
                if !hash {
                    return Err(structure(holder, "/VRI has a key that is no hash"));
                }
                let (entry, members) = dictionary(self.file, holder, Some(value), "an entry of /VRI")?;
                only(entry, members, "an entry of /VRI", &["Type", "Cert", "CRL", "OCSP", "TU"])?;
                let is_time = |time: &Object<'_>| {
                    time.as_text().and_then(TextString::text).as_deref().and_then(pdf_time).is_some()
                };
                if members.get("TU").is_some_and(|time| !is_time(time)) {
                    return Err(told(entry, "/TU không phải là thời điểm", "/TU is no date"));
                }
                inner.extend(value.as_reference());
                for (key, kind) in
                    [("Cert", Kind::Certificate), ("CRL", Kind::RevocationList), ("OCSP", Kind::Answer)]
                {
                    count(entry, members.get(key), kind)?;
                }
            }
            numbers.extend(inner);
            numbers.extend(store.get("VRI").and_then(Object::as_reference));
        }
        let mut left = MAX_STREAMS;
        for (number, kind) in streams {
            let stream = self.file.get(number).expect("it was looked at");
            let bytes = decoded(stream, MAX_STREAM.min(left))?;
            left -= bytes.len();
            if !kind.is(&bytes) {
                let what = match kind {
                    Kind::Certificate => Text::new("một chứng thư số X.509", "an X.509 certificate"),
                    Kind::RevocationList => {
                        Text::new("một danh sách thu hồi (CRL)", "a revocation list (CRL)")
                    }
                    Kind::Answer => Text::new("một trả lời OCSP", "an OCSP answer"),
                };
                let (vi, en) = (
                    format!("đối tượng {number} trong /DSS không phải đúng là {}", what.vi),
                    format!("object {number} of /DSS is not exactly {}", what.en),
                );
                return Err(told(stream, vi, en));
            }
        }
        if certificates + lists + answers == 0 {
            return Err(structure(owner, "validation data without any"));
        }
        (found.certificates, found.lists, found.answers) = (certificates, lists, answers);
        Ok(numbers)
    }

    /// The streams of an array, itself direct or not.
    fn streams(
        &self,
        holder: &'f Indirect<'a>,
        value: Option<&'f Object<'a>>,
        numbers: &mut BTreeSet<u32>,
    ) -> Result<Vec<u32>, PdfError> {
        let Some(value) = value else { return Ok(Vec::new()) };
        numbers.extend(value.as_reference());
        let items = resolve(self.file, value).as_array();
        let items = items.ok_or_else(|| structure(holder, "a list of validation data is no array"))?;
        let mut found = Vec::new();
        for item in items {
            let (stream, keys) = target(self.file, holder, Some(item), "validation data")?;
            only(stream, keys, "validation data", &["Length", "Filter"])?;
            if stream.stream.is_none() {
                return Err(structure(stream, "validation data that are no stream"));
            }
            numbers.insert(stream.number);
            found.push(stream.number);
        }
        Ok(found)
    }

    /// A new field with the timestamp in it, and the page that its widget is put on.
    fn stamp(
        &self,
        object: &Indirect<'a>,
        value: &'f Object<'a>,
        document: &Document<'_, '_>,
        allowed: &mut BTreeSet<u32>,
    ) -> Result<Stamp, PdfError> {
        let (widget, field) = target(self.file, object, Some(value), "a timestamp's field")?;
        let held = field.get("V").and_then(Object::as_reference).and_then(|number| self.file.get(number));
        let held = held.and_then(|object| object.value.as_dictionary());
        if held.is_some_and(|held| !held.is_name("Type", "DocTimeStamp") && held.get("ByteRange").is_some()) {
            return self.fail(
                "thêm một chữ ký số khác; sau các chữ ký của bản sao chỉ được thêm dấu thời gian",
                "adds another signature; behind a copy's own only document timestamps may be added",
            );
        }
        if held.is_none() && field.get("V").is_none() {
            return self.fail("thêm một ô biểu mẫu", "adds a form field");
        }
        let keys = ["Type", "Subtype", "FT", "T", "TU", "F", "P", "Rect", "V"];
        only(widget, field, "a timestamp's field", &keys)?;
        let name = field.get("T").and_then(Object::as_text).and_then(TextString::text);
        let own = name.is_none_or(|name| name.starts_with("saoy-") || !is_plain(&name));
        let rect = field.get("Rect").and_then(Object::as_array).unwrap_or_default();
        let invisible = rect.len() == 4 && rect.iter().all(|side| side.as_number() == Some(0.0));
        let right = field.is_name("Type", "Annot")
            && field.is_name("Subtype", "Widget")
            && field.is_name("FT", "Sig")
            && field.get("F").and_then(Object::as_integer).is_some_and(|flags| flags & !0b1000_0110 == 0)
            && field.get("TU").is_none_or(|says| {
                says.as_text().and_then(TextString::text).as_deref().is_some_and(is_plain)
            });
        if !right || !invisible || own {
            return Err(structure(widget, "a timestamp's field that is not an invisible one"));
        }
        let page = field.get("P").and_then(Object::as_reference);
        let page = page.filter(|page| document.pages.iter().any(|(known, _)| known.number == *page));
        let changed = page.and_then(|page| Some((page, self.old(page)?)));
        let Some((page, before)) = changed else {
            return Err(structure(widget, "a timestamp's field that is on no page"));
        };
        let (at, after) = target(self.file, widget, field.get("P"), "a page")?;
        let annotations = |page: &Dictionary<'a>| {
            page.get("Annots").map_or(Some(Vec::new()), |list| list.as_array().map(<[_]>::to_vec))
        };
        let mut expected = annotations(before).ok_or_else(|| structure(at, "/Annots is no array"))?;
        expected.push(value.clone());
        let same = before.without("Annots").alike(&after.without("Annots"));
        if !same || annotations(after).as_ref() != Some(&expected) {
            let keys = changes::keys(before, after).join(", ");
            let number = document.pages.iter().position(|(known, _)| known.number == page).unwrap_or(0) + 1;
            return self
                .fail(format!("sửa trang {number}: {keys}"), format!("changes page {number}: {keys}"));
        }
        let (holder, signature) = target(self.file, widget, field.get("V"), "/V")?;
        only(holder, signature, "a timestamp", &["Type", "Filter", "SubFilter", "Contents", "ByteRange"])?;
        let right = signature.is_name("Type", "DocTimeStamp")
            && signature.is_name("Filter", "Adobe.PPKLite")
            && signature.is_name("SubFilter", "ETSI.RFC3161");
        let contents = signature.get("Contents").and_then(Object::as_text).filter(|text| text.hex);
        let Some(contents) = contents.filter(|_| right) else {
            return Err(structure(holder, "a timestamp of another kind than ETSI.RFC3161"));
        };
        let (gap, end) = (contents.start..contents.end, self.file.bytes.len());
        let range = signature.get("ByteRange").and_then(Object::as_array).unwrap_or_default();
        let range: Vec<usize> =
            range.iter().filter_map(|n| n.as_integer().and_then(|n| usize::try_from(n).ok())).collect();
        let new = [widget.number, holder.number];
        if gap.start < self.start || new.iter().any(|number| *number < self.size) || new[0] == new[1] {
            return Err(structure(holder, "a timestamp that its revision does not bring"));
        }
        if range != [0, gap.start, gap.end, end - gap.end] {
            let what = format!("/ByteRange is {range:?}, but the stamped revision ends at {end}");
            return Err(structure(holder, what));
        }
        allowed.extend(new);
        allowed.insert(page);
        Ok(Stamp { gap, end, contents: contents.bytes.to_vec(), objects: new })
    }

    /// Metadata that were written anew say what the office's say.
    fn metadata(
        &self,
        object: &Indirect<'a>,
        catalog: &Dictionary<'a>,
        said: Option<&Option<xmp::Packet>>,
    ) -> Result<(), PdfError> {
        let (stream, keys) = target(self.file, object, catalog.get("Metadata"), "/Metadata")?;
        only(stream, keys, "the metadata stream", &["Type", "Subtype", "Length"])?;
        let says = stream.stream.and_then(xmp::packet);
        let (Some(Some(said)), Some(says)) = (said, says) else {
            let (vi, en) = (
                "lần ghi thêm thay siêu dữ liệu bằng thứ không đọc được",
                "a later revision puts metadata there that cannot be read",
            );
            return Err(told(stream, vi, en));
        };
        said.rewritten(&says).map_err(|what| {
            let (vi, en) = (
                format!("lần ghi thêm sửa siêu dữ liệu: {}", what.vi),
                format!("a later revision changes the metadata: {}", what.en),
            );
            told(stream, vi, en)
        })
    }
}

/// Developer extensions (ISO 32000-2 section 7.12) of [`DEVELOPERS`]: a version and a level, and of ISO's the year and address of the standard.
fn extensions_only(object: &Indirect<'_>, value: &Object<'_>) -> Result<(), PdfError> {
    let fail = |developer: &str| {
        let en = format!("/Extensions of {developer} is none of {}", DEVELOPERS.join(", "));
        told(object, format!("/Extensions của {developer} không phải của {}", DEVELOPERS.join(", ")), en)
    };
    let extensions = value.as_dictionary().ok_or_else(|| fail("—"))?;
    for (developer, entry) in extensions.iter() {
        let single = std::slice::from_ref(entry);
        let entries = if developer == "ISO_" { entry.as_array().unwrap_or(single) } else { single };
        if !DEVELOPERS.contains(&developer) || entries.len() > 8 || !entries.iter().all(is_extension) {
            return Err(fail(if is_plain(developer) { developer } else { "—" }));
        }
    }
    Ok(())
}

fn is_extension(entry: &Object<'_>) -> bool {
    let Some(entry) = entry.as_dictionary() else { return false };
    let text = |value: &Object<'_>| value.as_text().and_then(TextString::text);
    entry.iter().all(|(key, value)| match key {
        "Type" => entry.is_name(key, "DeveloperExtensions"),
        "BaseVersion" => entry.is_name(key, "1.7") || entry.is_name(key, "2.0"),
        "ExtensionLevel" => value.as_integer().is_some_and(|level| (0..100_000).contains(&level)),
        // `:2022`
        "ExtensionRevision" => text(value).is_some_and(|says| {
            let year = says.strip_prefix(':').unwrap_or_default();
            year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit())
        }),
        // `https://www.iso.org/standard/45874.html`
        "URL" => text(value).is_some_and(|says| {
            let number = says.strip_prefix("https://www.iso.org/standard/");
            let number = number.and_then(|rest| rest.strip_suffix(".html")).unwrap_or_default();
            (1..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
        }),
        _ => false,
    })
}

/// A name that a program gives: plain characters, and not many.
pub(super) fn is_plain(text: &str) -> bool {
    text.len() <= MAX_NAME && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

impl Additions {
    /// What was added, and the timestamps among it; with the earliest time that one of them states which holds.
    pub(crate) fn facts(&self, bytes: &[u8]) -> (Vec<Fact>, Option<OffsetDateTime>) {
        let Self { revisions, certificates, lists, answers, stamps } = self;
        let count = stamps.len();
        let added = Text::new(
            format!(
                "{revisions} lần ghi thêm sau chữ ký cuối, chỉ gồm dữ liệu kiểm tra (chứng thư số: {certificates}, danh sách thu hồi: {lists}, trả lời OCSP: {answers}) và dấu thời gian ({count}); bản sao không bị thay đổi"
            ),
            format!(
                "revisions after the last signature: {revisions}, with nothing but validation data (certificates: {certificates}, revocation lists: {lists}, OCSP answers: {answers}) and document timestamps ({count}); the copy is unchanged"
            ),
        );
        let mut facts = vec![Fact::passed(FactId::Additions, added)];
        // One that does not hold, or the earliest.
        let tokens: Vec<_> = stamps.iter().map(|stamp| stamp.verify(bytes)).collect();
        let earliest = tokens.iter().flatten().map(|token| token.time).min();
        let told: Vec<Fact> = stamps.iter().zip(&tokens).map(|(stamp, token)| stamp.fact(token)).collect();
        let failed = told.iter().position(|fact| fact.state == State::Failed);
        facts.extend(told.into_iter().nth(failed.unwrap_or(0)));
        (facts, earliest)
    }
}

impl Stamp {
    /// Reads the token and sets it against the bytes that it covers.
    fn verify(&self, bytes: &[u8]) -> Result<Timestamp, TimestampError> {
        let digest = |algorithm: DigestAlgorithm| {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(&bytes[..self.gap.start]);
            hasher.update(&bytes[self.gap.end..self.end]);
            hasher.finish()
        };
        timestamp::verify(&self.contents, digest)
    }

    fn fact(&self, token: &Result<Timestamp, TimestampError>) -> Fact {
        let id = FactId::Timestamp;
        let covered = format!("0–{} + {}–{}", self.gap.start, self.gap.end, self.end);
        match token {
            Ok(stamp) => {
                let (time, subject) = (rfc3339(stamp.time), stamp.authority.subject());
                Fact::warning(
                    id,
                    Text::new(
                        format!(
                            "dấu thời gian đúng với các byte {covered}: {time}, theo {subject}; chưa kiểm tra chứng thư số của đơn vị cấp dấu thời gian"
                        ),
                        format!(
                            "the timestamp holds over bytes {covered}: {time}, says {subject}; that authority's certificate was not checked"
                        ),
                    ),
                )
                .at(stamp.time)
            }
            Err(error @ TimestampError::Algorithm(_)) => Fact::warning(
                id,
                Text::new(
                    format!(
                        "dấu thời gian trên các byte {covered} chưa kiểm tra được ({})",
                        error.reason().vi
                    ),
                    format!("the timestamp over bytes {covered} was not checked: {error}"),
                ),
            ),
            Err(error) => Fact::failed(
                id,
                Text::new(
                    format!("dấu thời gian không đúng với các byte {covered} ({})", error.reason().vi),
                    format!("the timestamp does not hold over bytes {covered}: {error}"),
                ),
            ),
        }
    }
}
