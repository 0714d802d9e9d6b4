//! What a later revision does to a copy, in words: which objects it changes or adds, and what they are.

use super::document::{Document, field_name};
use super::fact::Text;
use super::pdf::{Dictionary, File, Indirect, Object, PdfError, Problem, TextString};

/// Changes that are told one by one.
const MOST: usize = 4;
/// Letters of a name out of the file.
const MAX_NAME: usize = 40;

/// Why a later revision cannot even be read, with what its bytes seem to hold.
pub(crate) fn unread(error: PdfError, revision: &[u8], start: usize) -> PdfError {
    if !matches!(error.problem, Problem::Syntax | Problem::Unaccounted | Problem::Length | Problem::NoXref) {
        return error;
    }
    const SIGNS: [(&[&[u8]], &str, &str); 5] = [
        (&[b"/Type /Sig", b"/Type/Sig", b"/FT /Sig", b"/FT/Sig"], "chữ ký số", "a signature"),
        (&[b"/JavaScript"], "mã JavaScript", "JavaScript"),
        (&[b"/Encrypt"], "mã hóa", "encryption"),
        (&[b"/FreeText", b"/Stamp", b"/Subtype /Text", b"/Subtype/Text"], "chú thích", "an annotation"),
        (&[b"/ObjStm", b"/XRef"], "đối tượng nén", "compressed objects"),
    ];
    let seen = SIGNS
        .iter()
        .filter(|(words, ..)| words.iter().any(|word| memchr::memmem::find(revision, word).is_some()));
    let (mut vi, mut en) = (Vec::new(), Vec::new());
    for (_, in_vi, in_en) in seen {
        vi.push(*in_vi);
        en.push(*in_en);
    }
    let holds = |words: &[&str], holds: &str| {
        if words.is_empty() { String::new() } else { format!(" ({holds} {})", words.join(", ")) }
    };
    let end = start + revision.len();
    let problem = Text::new(
        format!(
            "lần ghi thêm sau chữ ký cuối, ở các byte {start}–{end}, không ở dạng được phép ghi thêm{}",
            holds(&vi, "có vẻ chứa")
        ),
        format!(
            "what was added after the last signature, bytes {start}–{end}, is not in the form of what may be added{}: {}",
            holds(&en, "it seems to hold"),
            error.problem
        ),
    );
    PdfError { problem: Problem::Told(problem), ..error }
}

/// How often a file was written whose revisions cannot be those of a copy and of what may be appended to it.
pub(crate) fn too_many(error: &PdfError, bytes: &[u8]) -> PdfError {
    if error.problem != Problem::Revisions {
        return error.clone();
    }
    let found = memchr::memmem::find_iter(bytes, b"\nstartxref\n").count();
    let most = super::additions::MAX_LATER;
    let problem = Text::new(
        format!(
            "tệp được ghi {found} lần; một bản sao do một hoặc hai người ký ghi, và ghi thêm được tối đa {most} lần"
        ),
        format!(
            "the file was written {found} times; a copy is written by its one or two signers, and may be added to {most} times at most, in the form \
             of a copy"
        ),
    );
    PdfError { problem: Problem::Told(problem), ..error.clone() }
}

/// The names of the keys in which two dictionaries differ.
pub(crate) fn keys(before: &Dictionary<'_>, after: &Dictionary<'_>) -> Vec<String> {
    let changed = before.iter().filter(|(key, value)| !after.get(key).is_some_and(|now| now.alike(value)));
    let added = after.iter().filter(|(key, _)| before.get(key).is_none());
    changed.chain(added).map(|(key, _)| name(key)).take(MOST).collect()
}

/// A key or a kind as the file names it, where it is a plain name.
fn name(name: &str) -> String {
    let plain = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
    format!("/{}", if plain { name } else { "…" })
}

/// What a revision does to these objects, of which `old` are those that it defines anew.
pub(crate) fn told<'a>(
    file: &File<'a>,
    old: &[Indirect<'a>],
    document: &Document<'_, '_>,
    numbers: &[u32],
) -> Text {
    let changes = Changes { file, old, document };
    let told: Vec<Text> = numbers.iter().take(MOST).map(|number| changes.one(*number)).collect();
    let more = numbers.len() - told.len();
    let more = (more > 0).then(|| {
        Text::new(format!("và số đối tượng khác là {more}"), format!("and further objects: {more}"))
    });
    Text::joined(told.into_iter().chain(more), ", ")
}

/// A revision beside the file before it.
struct Changes<'c, 'a> {
    file: &'c File<'a>,
    old: &'c [Indirect<'a>],
    document: &'c Document<'c, 'c>,
}

impl Changes<'_, '_> {
    fn one(&self, number: u32) -> Text {
        let Some(now) = self.file.get(number) else {
            return Text::new(format!("đối tượng {number}"), format!("object {number}"));
        };
        let Some(before) = self.old.iter().find(|object| object.number == number) else {
            let what = kind(now);
            return Text::new(
                format!("thêm {} (đối tượng {number})", what.vi),
                format!("adds {} (object {number})", what.en),
            );
        };
        let what = self.role(before);
        let mut differs = match (before.value.as_dictionary(), now.value.as_dictionary()) {
            (Some(before), Some(now)) => keys(before, now),
            _ => Vec::new(),
        };
        let same = before.value.alike(&now.value) && before.stream == now.stream;
        if same {
            return Text::new(
                format!("ghi lại nguyên {} (đối tượng {number})", what.vi),
                format!("writes {} once more (object {number})", what.en),
            );
        }
        differs.retain(|key| key != "/Length");
        let differs = if differs.is_empty() { String::new() } else { format!(": {}", differs.join(", ")) };
        Text::new(
            format!("sửa {} (đối tượng {number}{differs})", what.vi),
            format!("changes {} (object {number}{differs})", what.en),
        )
    }

    /// What an object of the copy is in it.
    fn role(&self, object: &Indirect<'_>) -> Text {
        let pages = self.document.pages.iter().zip(1..);
        for ((page, dictionary), at) in pages {
            if page.number == object.number {
                return Text::new(format!("trang {at}"), format!("page {at}"));
            }
            let drawn = match dictionary.get("Contents") {
                Some(Object::Array(list)) => list.iter().any(|one| one.as_reference() == Some(object.number)),
                one => one.and_then(Object::as_reference) == Some(object.number),
            };
            if drawn {
                return Text::new(format!("nội dung vẽ của trang {at}"), format!("what page {at} draws"));
            }
        }
        if let Some(field) = self.document.fields.iter().find(|field| field.number == object.number) {
            let field = field_name(field.role);
            return Text::new(format!("trường chữ ký {field}"), format!("the signature field {field}"));
        }
        if object.value.as_dictionary().is_some_and(|stream| stream.is_name("Type", "EmbeddedFile"))
            && let Some(file) = self.attached(object.number)
        {
            return Text::new(format!("tệp đính kèm {file}"), format!("the attachment {file}"));
        }
        kind(object)
    }

    /// The name under which a stream is attached.
    fn attached(&self, stream: u32) -> Option<String> {
        let specs = self.file.objects().filter_map(|object| object.value.as_dictionary());
        let file = specs.into_iter().find(|spec| {
            let embedded = spec.get("EF").and_then(Object::as_dictionary);
            embedded.and_then(|ef| ef.get("F")).and_then(Object::as_reference) == Some(stream)
        })?;
        let name = file.get("UF").and_then(Object::as_text).and_then(TextString::text)?;
        super::evidence::NAMES.contains(&name.as_str()).then_some(name)
    }
}

/// What an object is by itself.
fn kind(object: &Indirect<'_>) -> Text {
    let Some(dictionary) = object.value.as_dictionary() else {
        return Text::new("một giá trị", "a value");
    };
    let named = |key: &str| dictionary.get(key).and_then(Object::as_name).unwrap_or_default();
    let (kind, sub) = (named("Type"), named("Subtype"));
    let (vi, en) = match (kind, sub) {
        ("Catalog", _) => ("mục gốc của tệp (/Catalog)", "the file's catalog"),
        ("Pages", _) => ("cây trang", "the page tree"),
        ("Page", _) => ("một trang", "a page"),
        ("Metadata", _) => ("siêu dữ liệu", "the metadata"),
        ("EmbeddedFile", _) => ("một tệp đính kèm", "an attached file"),
        ("Filespec", _) => ("tên của một tệp đính kèm", "an attachment's name"),
        ("Font", _) => ("một phông chữ", "a font"),
        ("Sig", _) => ("một chữ ký số", "a signature"),
        ("DocTimeStamp", _) => ("một dấu thời gian", "a document timestamp"),
        ("Action", _) => ("một hành động", "an action"),
        (_, "Image") => ("một ảnh", "an image"),
        (_, "Form") => ("một hình vẽ", "a drawing"),
        (_, "Widget") => ("một ô biểu mẫu", "a form field"),
        _ if dictionary.get("S").is_some_and(|s| s.as_name() == Some("JavaScript")) => {
            ("mã JavaScript", "JavaScript")
        }
        _ if dictionary.is_name("FT", "Sig") => ("một trường chữ ký", "a signature field"),
        ("Annot", sub) | ("", sub) if !sub.is_empty() && dictionary.get("Rect").is_some() => {
            let sub = name(sub);
            return Text::new(format!("một chú thích {sub}"), format!("an annotation {sub}"));
        }
        ("Annot", _) => ("một chú thích", "an annotation"),
        _ if object.stream.is_some() => ("một luồng dữ liệu", "a stream"),
        _ => ("một đối tượng khác", "another object"),
    };
    Text::new(vi, en)
}
