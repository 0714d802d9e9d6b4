//! The gate: which bytes each signature covers, before any cryptography (facts: trust.md section 5).
//!
//! One signature a field; the ranges leave out exactly the `/Contents` token; the last signature covers the whole file and an
//! earlier one exactly its revision; revision 2 gives the second field its value and changes nothing else.

use crate::record::Role;

use super::document::{Document, field_name, only, structure, target, told};
use super::fact::Text;
use super::pdf::{Dictionary, File, Indirect, Object, PdfError, Problem, TextString};
use super::signatures::names;

/// A PDF signature as the file holds it.
#[derive(Debug)]
pub(crate) struct PdfSignature {
    pub(crate) role: Role,
    /// The gap: from `<` to after `>`.
    pub(crate) gap: std::ops::Range<usize>,
    /// Where the covered bytes end: the end of its revision.
    pub(crate) end: usize,
    /// The CMS bytes, padding still behind them.
    pub(crate) contents: Vec<u8>,
    /// `/M`, as written.
    pub(crate) claimed: Option<String>,
}

/// Field and signature dictionaries of a copy that keeps to the rules, in the order of signing.
pub(crate) fn check(file: &File<'_>, document: &Document<'_, '_>) -> Result<Vec<PdfSignature>, PdfError> {
    if document.fields.is_empty() {
        return Err(PdfError::at(0, Problem::Structure("the file has no signature field".into())));
    }
    let mut signatures = Vec::new();
    for (index, field) in document.fields.iter().enumerate() {
        let holder = file.get(field.number).expect("the field was read from this object");
        let Some(revision) = file.revisions.get(index) else {
            return Err(unsigned(holder, field.role));
        };
        let Some(value) = field.dictionary.get("V") else {
            return Err(unsigned(holder, field.role));
        };
        let (object, dictionary) = target(file, holder, Some(value), "/V")?;
        if !revision.defines.contains(&object.number) {
            let (name, revision) = (field_name(field.role), index + 1);
            return Err(told(
                object,
                format!("chữ ký của {name} không nằm trong lần ghi thứ {revision}"),
                format!("{name} is not signed in revision {revision}"),
            ));
        }
        signatures.push(signature(file, field.role, object, dictionary, revision.end)?);
    }
    if file.revisions.len() != document.fields.len() {
        let start = file.revisions[document.fields.len() - 1].end;
        return Err(PdfError::at(start, Problem::Structure("a revision that no signature ends".into())));
    }
    let mut ranges = 0;
    for object in file.objects() {
        object.value.keys(&mut |key| ranges += usize::from(key == "ByteRange"));
    }
    if ranges != signatures.len() {
        return Err(PdfError::at(0, Problem::Structure(format!("{ranges} signatures in the file"))));
    }
    second_revision(file, document)?;
    Ok(signatures)
}

/// That a signature is missing whose field is there.
fn unsigned(holder: &Indirect<'_>, role: Role) -> PdfError {
    let (name, who) = (field_name(role), names(&[role]).vi);
    told(
        holder,
        format!(
            "thiếu chữ ký của {who} ({name}): lần ghi có chữ ký đó đã bị cắt bỏ, hoặc bản sao chưa được ký xong"
        ),
        format!(
            "{name} is not signed: the revision with that signature was cut off, or the copy was never finished"
        ),
    )
}

fn signature(
    file: &File<'_>,
    role: Role,
    object: &Indirect<'_>,
    dictionary: &Dictionary<'_>,
    end: usize,
) -> Result<PdfSignature, PdfError> {
    let keys = ["Type", "Filter", "SubFilter", "M", "Contents", "ByteRange", "Name"];
    only(object, dictionary, "a signature", &keys)?;
    let right = dictionary.is_name("Type", "Sig")
        && dictionary.is_name("Filter", "Adobe.PPKLite")
        && dictionary.is_name("SubFilter", "ETSI.CAdES.detached");
    if !right {
        return Err(structure(object, "a signature of another kind than ETSI.CAdES.detached"));
    }
    let contents = dictionary.get("Contents").and_then(Object::as_text).filter(|text| text.hex);
    let contents = contents.ok_or_else(|| structure(object, "/Contents is no hexadecimal string"))?;
    let gap = contents.start..contents.end;
    // Lower-case digits would be a second way to write the same signature.
    if file.bytes[gap.clone()].iter().fold(false, |found, byte| found | byte.is_ascii_lowercase()) {
        let lower =
            Text::new("/Contents có chữ số thập lục phân viết thường", "/Contents has lower-case digits");
        return Err(PdfError::at(gap.start, Problem::Told(lower)));
    }
    let range = dictionary.get("ByteRange").and_then(Object::as_array).unwrap_or_default();
    let range: Vec<usize> =
        range.iter().filter_map(|n| n.as_integer().and_then(|n| usize::try_from(n).ok())).collect();
    // A later revision may define the object again: then the gap lies behind what it is said to cover.
    let rest = end.checked_sub(gap.end);
    let rest =
        rest.ok_or_else(|| structure(object, "the signature stands behind the revision that it ends"))?;
    let expected = [0, gap.start, gap.end, rest];
    if range != expected {
        return Err(told(
            object,
            format!("/ByteRange là {range:?}, nhưng lần ghi được ký là {expected:?}"),
            format!("/ByteRange is {range:?}, but the signed revision is {expected:?}"),
        ));
    }
    let claimed = dictionary.get("M").and_then(Object::as_text);
    let claimed = claimed.and_then(TextString::text);
    Ok(PdfSignature { role, gap, end, contents: contents.bytes.to_vec(), claimed })
}

/// Revision 2 redefines the second field by its `/V` and adds that signature: nothing else.
fn second_revision(file: &File<'_>, document: &Document<'_, '_>) -> Result<(), PdfError> {
    let [first, second] = file.revisions.as_slice() else { return Ok(()) };
    let fail = |what: &str| Err(PdfError::at(first.end, Problem::Structure(what.to_owned())));
    let [old] = file.superseded.as_slice() else {
        return fail("revision 2 does not redefine exactly one object");
    };
    if second.size != first.size + 1 || second.defines.len() != 2 {
        return fail("revision 2 does not add exactly one object");
    }
    let field = document.fields.last().filter(|field| field.number == old.number);
    let Some(field) = field else { return fail("revision 2 redefines something else than the second field") };
    let added = field.dictionary.get("V").and_then(Object::as_reference);
    let before = old.value.as_dictionary().filter(|before| before.get("V").is_none());
    let same = before.is_some_and(|before| *before == field.dictionary.without("V"));
    if !same || added != Some(first.size) || old.stream.is_some() {
        return fail("revision 2 changes the second field by more than its value");
    }
    for key in ["Root", "Info"] {
        if first.trailer.get(key) != second.trailer.get(key) {
            return fail("revision 2 changes the trailer");
        }
    }
    let id = |trailer: &Dictionary<'_>| {
        let ids = trailer.get("ID")?.as_array()?;
        Some(ids.first()?.as_text()?.bytes.to_vec())
    };
    if id(&first.trailer) != id(&second.trailer) {
        return fail("revision 2 changes the file's identifier");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::testing::{Draft, GAP, revision};

    fn run(bytes: &[u8]) -> Result<usize, String> {
        let file = File::parse(bytes).map_err(|e| e.to_string())?;
        let document = Document::read(&file).map_err(|e| e.to_string())?;
        check(&file, &document).map(|s| s.len()).map_err(|e| e.to_string())
    }

    fn refused(draft: &Draft) -> String {
        run(&draft.bytes()).expect_err("the change is refused")
    }

    /// Without the second field; its object serves as the appearance's resources.
    fn single() -> Draft {
        let draft = Draft { second: vec![], ..Draft::new() };
        let mut draft = draft.edit(1, "[7 0 R 8 0 R]", "[7 0 R]").edit(3, "[7 0 R 8 0 R]", "[7 0 R]");
        draft.first[7].1 = "<< >>".into();
        draft.edit(9, "/BBox [0 0 0 0]", "/BBox [0 0 0 0] /Resources 8 0 R")
    }

    #[test]
    fn takes_one_and_two_signatures() {
        assert_eq!(run(&Draft::new().bytes()), Ok(2));
        assert_eq!(run(&single().bytes()), Ok(1));
    }

    #[test]
    fn the_gap_is_the_contents_and_nothing_else() {
        let good = Draft::new().bytes();
        let at = good.windows(GAP.len()).position(|w| w == GAP.as_bytes()).expect("a gap");
        let mut lower = good.clone();
        lower[at + 3] = b'a';
        assert!(run(&lower).expect_err("refused").contains("lower-case"));
        let mut upper = good.clone();
        upper[at + 3] = b'A';
        assert_eq!(run(&upper), Ok(2));
        // Moved by one, either way and at either end.
        let range = good.windows(9).position(|w| w == b"ByteRange").expect("a range") + 13;
        let digit = (range..).find(|i| good[*i] == b' ').expect("a space") - 1;
        for change in [1u8, 2] {
            let mut moved = good.clone();
            moved[digit] ^= change;
            assert!(run(&moved).expect_err("refused").contains("/ByteRange"));
        }
    }

    #[test]
    fn refuses_another_kind_of_signature() {
        for (from, to) in [
            ("/ETSI.CAdES.detached", "/adbe.pkcs7.detached"),
            ("/Adobe.PPKLite", "/Other"),
            ("/Type /Sig", "/Type /DocTimeStamp"),
            ("/Type /Sig", "/Type /Sig /Reference []"),
            ("/Type /Sig", "/Type /Sig /Cert <00>"),
        ] {
            let _ = refused(&Draft::new().edit(10, from, to));
        }
    }

    #[test]
    fn refuses_a_missing_and_a_surplus_signature() {
        let draft = Draft { second: vec![], ..Draft::new() };
        assert!(refused(&draft).contains("saoy-office is not signed"));
        let mut bytes = Draft::new().bytes();
        revision(&mut bytes, &[(12, "null".into())], "/Size 15 /Root 1 0 R /Prev 9", "");
        assert!(run(&bytes).is_err());
    }

    #[test]
    fn refuses_a_revision_that_changes_more() {
        let mut more = Draft::new();
        more.second.push((13, "<< /Type /Font /Subtype /Type0 >>".into()));
        assert!(refused(&more).contains("exactly one object"));
        let changed = Draft::new().edit_second(8, "/F 132", "/F 132 /Type /Annot");
        assert!(run(&changed.bytes()).is_err());
        // A new object in the place of the field's appearance.
        let moved = Draft::new().edit_second(8, "/AP << /N 9 0 R >>", "");
        assert!(refused(&moved).contains("more than its value"));
        let mut other = Draft::new();
        other.second[0] = (12, "<< /Type /EmbeddedFile >>".into());
        assert!(run(&other.bytes()).is_err());
        for trailer in [
            "/Size 15 /Root 1 0 R /ID [<AB> <BB>]",
            "/Size 15 /Root 1 0 R",
            "/Size 15 /Root 2 0 R /ID [<AA> <BB>]",
        ] {
            let draft = Draft { second_trailer: trailer.into(), ..Draft::new() };
            assert!(run(&draft.bytes()).is_err(), "{trailer}");
        }
    }

    #[test]
    fn refuses_the_wrong_order_of_signing() {
        let draft =
            Draft::new().edit(1, "[7 0 R 8 0 R]", "[8 0 R 7 0 R]").edit(3, "[7 0 R 8 0 R]", "[8 0 R 7 0 R]");
        assert!(refused(&draft).contains("is not signed in revision"));
    }
}
