//! The document's frame: catalog, page tree, form fields, attachments, metadata. Whatever the writer does not make is refused.

use crate::record::Role;

use super::fact::Text;
use super::pdf::{Dictionary, File, Indirect, Object, PdfError, Problem, TextString, decoded};

/// Decoded bytes of one attachment.
const MAX_ATTACHMENT: usize = 16 << 20;
/// Attachments that are looked at; a copy has four.
const MAX_ATTACHMENTS: usize = 16;
/// Pages of one copy.
const MAX_PAGES: usize = 20_000;
/// Levels of the page tree.
const MAX_PAGE_TREE: u32 = 8;

/// Keys that start something, hide something or fetch something, wherever they stand.
const NEVER: [&str; 20] = [
    "JS",
    "JavaScript",
    "AA",
    "OpenAction",
    "OC",
    "OCGs",
    "OCProperties",
    "XFA",
    "URI",
    "Launch",
    "SMask",
    "Mask",
    "Alternates",
    "OPI",
    "PS",
    "FFilter",
    "FDecodeParms",
    "Encrypt",
    "Perms",
    "Ref",
];

/// The frame of a copy.
#[derive(Debug)]
pub(crate) struct Document<'f, 'a> {
    /// Page objects in order.
    pub(crate) pages: Vec<(&'f Indirect<'a>, &'f Dictionary<'a>)>,
    /// Signature fields in the order of `/Fields`.
    pub(crate) fields: Vec<Field<'f, 'a>>,
    /// Attached files by name.
    pub(crate) attachments: Vec<Attachment<'a>>,
    /// The XMP packet.
    pub(crate) metadata: Option<&'a [u8]>,
}

/// One signature field.
#[derive(Debug)]
pub(crate) struct Field<'f, 'a> {
    pub(crate) number: u32,
    pub(crate) role: Role,
    pub(crate) dictionary: &'f Dictionary<'a>,
}

/// One attached file.
#[derive(Debug)]
pub(crate) struct Attachment<'a> {
    pub(crate) name: String,
    pub(crate) bytes: std::borrow::Cow<'a, [u8]>,
}

/// The name of a role's signature field.
pub(crate) const fn field_name(role: Role) -> &'static str {
    match role {
        Role::Officer => "saoy-officer",
        Role::Office => "saoy-office",
    }
}

pub(crate) fn structure(object: &Indirect<'_>, what: impl Into<String>) -> PdfError {
    PdfError::at(object.start, Problem::Structure(what.into()))
}

/// The same in both languages of a report.
pub(crate) fn told(object: &Indirect<'_>, vi: impl Into<String>, en: impl Into<String>) -> PdfError {
    PdfError::at(object.start, Problem::Told(Text::new(vi, en)))
}

/// Refuses a key that is not in `allowed`.
pub(crate) fn only(
    object: &Indirect<'_>,
    dictionary: &Dictionary<'_>,
    what: &str,
    allowed: &[&str],
) -> Result<(), PdfError> {
    match dictionary.stranger(allowed) {
        Some(key) => Err(structure(object, format!("{what} has /{key}"))),
        None => Ok(()),
    }
}

/// The object behind a reference that must be a dictionary (or a stream's).
pub(crate) fn target<'f, 'a>(
    file: &'f File<'a>,
    owner: &Indirect<'_>,
    value: Option<&Object<'a>>,
    what: &str,
) -> Result<(&'f Indirect<'a>, &'f Dictionary<'a>), PdfError> {
    let object = value.and_then(Object::as_reference).and_then(|number| file.get(number));
    object
        .and_then(|object| Some((object, object.value.as_dictionary()?)))
        .ok_or_else(|| structure(owner, format!("{what} is not a reference to a dictionary")))
}

/// A dictionary that stands directly or behind a reference.
pub(crate) fn dictionary<'f, 'a>(
    file: &'f File<'a>,
    owner: &'f Indirect<'a>,
    value: Option<&'f Object<'a>>,
    what: &str,
) -> Result<(&'f Indirect<'a>, &'f Dictionary<'a>), PdfError> {
    match value {
        Some(Object::Dictionary(direct)) => Ok((owner, direct)),
        other => target(file, owner, other, what),
    }
}

/// A value that stands directly or behind a reference.
pub(crate) fn resolve<'f, 'a>(file: &'f File<'a>, value: &'f Object<'a>) -> &'f Object<'a> {
    match value {
        Object::Reference(number) => file.get(*number).map_or(value, |object| &object.value),
        _ => value,
    }
}

impl<'f, 'a> Document<'f, 'a> {
    /// Walks from the catalog.
    pub(crate) fn read(file: &'f File<'a>) -> Result<Self, PdfError> {
        forbidden(file)?;
        let root = file.trailer().get("Root").and_then(Object::as_reference).and_then(|n| file.get(n));
        let root = root.and_then(|object| Some((object, object.value.as_dictionary()?)));
        let Some((object, catalog)) = root else {
            return Err(PdfError::at(0, Problem::Structure("the trailer's /Root is no catalog".into())));
        };
        let keys =
            ["Type", "Pages", "Metadata", "OutputIntents", "AcroForm", "AF", "Names", "Lang", "MarkInfo"];
        only(object, catalog, "the catalog", &keys)?;
        if !catalog.is_name("Type", "Catalog") {
            return Err(structure(object, "the catalog's /Type is wrong"));
        }
        let mut pages = Vec::new();
        let (tree, node) = target(file, object, catalog.get("Pages"), "/Pages")?;
        page_tree(file, tree, node, None, 0, &mut pages)?;
        let metadata = match catalog.get("Metadata") {
            None => None,
            value => {
                let (stream, dictionary) = target(file, object, value, "/Metadata")?;
                only(stream, dictionary, "the metadata stream", &["Type", "Subtype", "Length"])?;
                stream.stream
            }
        };
        intents(file, object, catalog)?;
        let last = pages.last().map(|(page, _): &(&Indirect<'_>, _)| page.number);
        let fields = fields(file, object, catalog, last)?;
        let attachments = attachments(file, object, catalog)?;
        Ok(Self { pages, fields, attachments, metadata })
    }
}

/// Keys that no object of a copy has.
fn forbidden(file: &File<'_>) -> Result<(), PdfError> {
    for object in file.objects() {
        let mut found = None;
        object.value.keys(&mut |key| {
            if let Some(name) = NEVER.iter().find(|name| **name == key) {
                found = Some(*name);
            }
        });
        if let Some(key) = found {
            return Err(structure(object, format!("/{key} has no place in a copy")));
        }
        let external = object.stream.is_some()
            && object.value.as_dictionary().is_some_and(|dictionary| dictionary.get("F").is_some());
        if external {
            return Err(structure(object, "a stream in another file"));
        }
    }
    Ok(())
}

fn page_tree<'f, 'a>(
    file: &'f File<'a>,
    object: &'f Indirect<'a>,
    node: &'f Dictionary<'a>,
    parent: Option<u32>,
    depth: u32,
    pages: &mut Vec<(&'f Indirect<'a>, &'f Dictionary<'a>)>,
) -> Result<(), PdfError> {
    if node.get("Parent").map(Object::as_reference) != parent.map(Some) {
        return Err(structure(object, "a page's /Parent is wrong"));
    }
    if node.is_name("Type", "Page") && parent.is_some() {
        if pages.len() >= MAX_PAGES {
            return Err(structure(object, "too many pages"));
        }
        pages.push((object, node));
        return Ok(());
    }
    if !node.is_name("Type", "Pages") || depth >= MAX_PAGE_TREE {
        return Err(structure(object, "the page tree is malformed"));
    }
    only(object, node, "a node of the page tree", &["Type", "Kids", "Count", "Parent"])?;
    let kids = node.get("Kids").and_then(Object::as_array).unwrap_or_default();
    let before = pages.len();
    for kid in kids {
        let (page, dictionary) = target(file, object, Some(kid), "a page")?;
        page_tree(file, page, dictionary, Some(object.number), depth + 1, pages)?;
    }
    let count = node.get("Count").and_then(Object::as_integer);
    if kids.is_empty() || count != i64::try_from(pages.len() - before).ok() {
        return Err(structure(object, "a node of the page tree miscounts"));
    }
    Ok(())
}

fn intents<'f, 'a>(
    file: &'f File<'a>,
    object: &'f Indirect<'a>,
    catalog: &'f Dictionary<'a>,
) -> Result<(), PdfError> {
    let Some(intents) = catalog.get("OutputIntents") else { return Ok(()) };
    let intents = resolve(file, intents).as_array();
    for intent in intents.ok_or_else(|| structure(object, "/OutputIntents is no array"))? {
        let (owner, intent) = dictionary(file, object, Some(intent), "an output intent")?;
        let keys = [
            "Type",
            "S",
            "OutputCondition",
            "OutputConditionIdentifier",
            "RegistryName",
            "Info",
            "DestOutputProfile",
        ];
        only(owner, intent, "an output intent", &keys)?;
        if intent.get("DestOutputProfile").is_some() {
            let (profile, entries) = target(file, owner, intent.get("DestOutputProfile"), "a profile")?;
            only(profile, entries, "a profile", &["N", "Alternate", "Length", "Filter"])?;
        }
    }
    Ok(())
}

/// The signature fields: invisible widgets on the last page and nothing else.
fn fields<'f, 'a>(
    file: &'f File<'a>,
    object: &'f Indirect<'a>,
    catalog: &'f Dictionary<'a>,
    last_page: Option<u32>,
) -> Result<Vec<Field<'f, 'a>>, PdfError> {
    let Some(form) = catalog.get("AcroForm") else { return Ok(Vec::new()) };
    let (owner, form) = dictionary(file, object, Some(form), "/AcroForm")?;
    only(owner, form, "/AcroForm", &["Fields", "SigFlags"])?;
    if form.get("SigFlags").and_then(Object::as_integer) != Some(3) {
        return Err(structure(owner, "/SigFlags is not 3"));
    }
    let mut found: Vec<Field<'f, 'a>> = Vec::new();
    for item in form.get("Fields").and_then(Object::as_array).unwrap_or_default() {
        let (widget, field) = target(file, owner, Some(item), "a form field")?;
        let keys = ["Type", "Subtype", "FT", "T", "F", "P", "Rect", "AP", "V"];
        only(widget, field, "a signature field", &keys)?;
        let name = field.get("T").and_then(Object::as_text).and_then(TextString::text);
        let role = [Role::Officer, Role::Office]
            .into_iter()
            .find(|role| name.as_deref() == Some(field_name(*role)))
            .ok_or_else(|| structure(widget, "a form field that is no signature of a copy"))?;
        if found.iter().any(|other| other.role == role) {
            return Err(structure(widget, format!("the field {} stands twice", field_name(role))));
        }
        let rect = field.get("Rect").and_then(Object::as_array).unwrap_or_default();
        let invisible = rect.len() == 4 && rect.iter().all(|side| side.as_number() == Some(0.0));
        let right = field.is_name("Type", "Annot")
            && field.is_name("Subtype", "Widget")
            && field.is_name("FT", "Sig")
            && field.get("F").and_then(Object::as_integer) == Some(132)
            && field.get("P").and_then(Object::as_reference) == last_page;
        if !right || !invisible {
            return Err(structure(widget, "a signature field that is not an invisible one on the last page"));
        }
        if field.get("AP").is_some() {
            empty_appearance(file, widget, field)?;
        }
        found.push(Field { number: widget.number, role, dictionary: field });
    }
    Ok(found)
}

/// A widget's appearance: one form XObject that draws nothing.
fn empty_appearance<'f, 'a>(
    file: &'f File<'a>,
    widget: &'f Indirect<'a>,
    field: &'f Dictionary<'a>,
) -> Result<(), PdfError> {
    let (owner, appearance) = dictionary(file, widget, field.get("AP"), "/AP")?;
    only(owner, appearance, "/AP", &["N"])?;
    let (stream, form) = target(file, owner, appearance.get("N"), "an appearance")?;
    let keys = ["Type", "Subtype", "FormType", "BBox", "Resources", "Length", "Filter"];
    only(stream, form, "an appearance", &keys)?;
    let resources = match form.get("Resources") {
        None => 0,
        value => dictionary(file, stream, value, "/Resources")?.1.len(),
    };
    if resources > 0 || decoded(stream, 64)?.iter().any(|byte| !byte.is_ascii_whitespace()) {
        return Err(structure(stream, "a signature field that draws something"));
    }
    Ok(())
}

/// `/Names` and `/AF` name the same files.
fn attachments<'f, 'a>(
    file: &'f File<'a>,
    object: &'f Indirect<'a>,
    catalog: &'f Dictionary<'a>,
) -> Result<Vec<Attachment<'a>>, PdfError> {
    let Some(names) = catalog.get("Names") else { return Ok(Vec::new()) };
    let (owner, names) = dictionary(file, object, Some(names), "/Names")?;
    only(owner, names, "/Names", &["EmbeddedFiles"])?;
    let (owner, tree) = dictionary(file, owner, names.get("EmbeddedFiles"), "/EmbeddedFiles")?;
    only(owner, tree, "/EmbeddedFiles", &["Names"])?;
    let entries = tree.get("Names").and_then(Object::as_array).unwrap_or_default();
    if entries.len() > 2 * MAX_ATTACHMENTS {
        return Err(structure(owner, "more attachments than any copy has"));
    }
    let mut found: Vec<Attachment<'a>> = Vec::new();
    let mut numbers = Vec::new();
    for entry in entries.chunks(2) {
        let [name, value] = entry else { return Err(structure(owner, "/Names has an odd length")) };
        let name = name.as_text().and_then(TextString::text);
        let (spec, keys) = target(file, owner, Some(value), "an attachment")?;
        let allowed = ["Type", "F", "UF", "Desc", "AFRelationship", "EF"];
        only(spec, keys, "a file specification", &allowed)?;
        let says = |key| keys.get(key).and_then(Object::as_text).and_then(TextString::text);
        let Some(name) = name.filter(|n| says("F").as_ref() == Some(n) && says("UF").as_ref() == Some(n))
        else {
            return Err(structure(spec, "an attachment with two names"));
        };
        let (holder, ef) = dictionary(file, spec, keys.get("EF"), "/EF")?;
        only(holder, ef, "/EF", &["F", "UF"])?;
        if ef.get("UF").is_some_and(|other| Some(other) != ef.get("F")) {
            return Err(structure(holder, format!("{name} is attached in two versions")));
        }
        let (stream, entries) = target(file, holder, ef.get("F"), "an attached file")?;
        only(stream, entries, "an attached file", &["Type", "Subtype", "Params", "Length", "Filter"])?;
        if found.iter().any(|other| other.name == name) {
            return Err(structure(spec, format!("{name} is attached twice")));
        }
        let bytes = decoded(stream, MAX_ATTACHMENT)?;
        numbers.push(spec.number);
        found.push(Attachment { name, bytes });
    }
    let associated: Vec<u32> = match catalog.get("AF") {
        None => Vec::new(),
        Some(list) => resolve(file, list)
            .as_array()
            .unwrap_or_default()
            .iter()
            .filter_map(Object::as_reference)
            .collect(),
    };
    let mut sorted = associated;
    sorted.sort_unstable();
    numbers.sort_unstable();
    if sorted != numbers {
        return Err(structure(object, "/AF and /Names name different files"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::testing::{Draft, stream};

    fn refused(draft: &Draft) -> String {
        let bytes = draft.bytes();
        let file = File::parse(&bytes).expect("the change keeps to the grammar of files");
        Document::read(&file).expect_err("the change is refused").problem.to_string()
    }

    #[test]
    fn reads_the_frame() {
        let bytes = Draft::new().bytes();
        let file = File::parse(&bytes).expect("the draft is in the grammar");
        let document = Document::read(&file).expect("the draft is a copy's frame");
        assert_eq!(document.pages.len(), 1);
        assert_eq!(document.fields.iter().map(|f| f.role).collect::<Vec<_>>(), [Role::Officer, Role::Office]);
        assert_eq!(document.attachments[0].name, "seal.cose");
        assert_eq!(document.attachments[0].bytes.as_ref(), b"seal bytes");
    }

    #[test]
    fn refuses_what_acts_or_hides() {
        for (from, to) in [
            ("/Type /Catalog", "/Type /Catalog /OpenAction 2 0 R"),
            ("/Type /Catalog", "/Type /Catalog /OCProperties << >>"),
            ("/Type /Catalog", "/Type /Catalog /AA << >>"),
            ("/Type /Catalog", "/Type /Catalog /Dests << >>"),
            ("/Type /Catalog", "/Type /Catalog /StructTreeRoot 2 0 R"),
            ("/SigFlags 3", "/SigFlags 3 /NeedAppearances true"),
            ("/SigFlags 3", "/SigFlags 3 /XFA []"),
            ("/SigFlags 3", "/SigFlags 1"),
            ("/Names << /EmbeddedFiles", "/Names << /JavaScript << >> /EmbeddedFiles"),
            ("/Type /Catalog", "/Type /Pages"),
            ("/AF [11 0 R]", "/AF [11 0 R 11 0 R]"),
            ("/AF [11 0 R]", "/AF []"),
            ("[(seal.cose) 11 0 R]", "[(seal.cosy) 11 0 R]"),
            ("[(seal.cose) 11 0 R]", "[(seal.cose) 11 0 R (x)]"),
        ] {
            let _ = refused(&Draft::new().edit(1, from, to));
        }
    }

    #[test]
    fn refuses_another_page_tree() {
        for (from, to) in [
            ("/Count 1", "/Count 2"),
            ("/Count 1", "/Count 1 /Rotate 90"),
            ("/Count 1", "/Count 1 /MediaBox [0 0 1 1]"),
            ("/Kids [3 0 R]", "/Kids [3 0 R 3 0 R]"),
            ("/Kids [3 0 R]", "/Kids [3 0 R 2 0 R]"),
            ("/Type /Pages", "/Type /Page"),
        ] {
            let _ = refused(&Draft::new().edit(2, from, to));
        }
        let _ = refused(&Draft::new().edit(3, "/Parent 2 0 R", "/Parent 1 0 R"));
    }

    #[test]
    fn refuses_fields_that_are_no_invisible_signatures() {
        for (from, to) in [
            ("/Rect [0 0 0 0]", "/Rect [0 0 9 9]"),
            ("/FT /Sig", "/FT /Btn"),
            ("/F 132", "/F 4"),
            ("(saoy-officer)", "(other)"),
            ("(saoy-officer)", "(saoy-office)"),
            ("/FT /Sig", "/FT /Sig /A << >>"),
            ("/FT /Sig", "/FT /Sig /Kids []"),
            ("/P 3 0 R", "/P 2 0 R"),
            ("/Subtype /Widget", "/Subtype /Link"),
        ] {
            let _ = refused(&Draft::new().edit(7, from, to));
        }
        let mut draft = Draft::new();
        draft.first[8].1 = stream("/Type /XObject /Subtype /Form /BBox [0 0 0 0]", "0 0 9 9 re f");
        assert_eq!(refused(&draft), "a signature field that draws something");
    }

    #[test]
    fn refuses_other_attachments_and_streams() {
        for (number, from, to) in [
            (11, "/UF (seal.cose)", "/UF (record.json)"),
            (11, "/UF 12 0 R", "/UF 4 0 R"),
            (11, "/F 12 0 R", "/F 9 0 R"),
            (11, "/AFRelationship /Data", "/AFRelationship /Data /FS /URL"),
            (12, "/Type /EmbeddedFile", "/Type /EmbeddedFile /F (other)"),
            (12, "/Type /EmbeddedFile", "/Type /EmbeddedFile /Filter /LZWDecode"),
            (12, "/Type /EmbeddedFile", "/Type /EmbeddedFile /Filter /FlateDecode"),
            (4, "/Type /XObject", "/Type /XObject /SMask 9 0 R"),
            (4, "/Type /XObject", "/Type /XObject /Alternates []"),
            (4, "/Type /XObject", "/Type /XObject /OC 9 0 R"),
        ] {
            let _ = refused(&Draft::new().edit(number, from, to));
        }
    }
}
