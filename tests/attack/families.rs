//! The published attack families on signed PDF, made from a copy: Mladenov et al., "1 Trillion Dollar Refund" (CCS 2019: universal signature
//! forgery, incremental saving, signature wrapping); Mainka et al., "Shadow Attacks" (NDSS 2021) and "Breaking the Specification" (S&P 2021:
//! evil annotation, sneaky signature); and what a copy's own parts invite.

use memchr::memmem;
use saoy::signature::cms::SignedData;

use super::pdf::{Copy, append, replaced, replaced_last, stream};
use super::signature;

/// One file that must not pass.
#[derive(Clone, Debug)]
pub(crate) struct Attack {
    pub(crate) family: &'static str,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Attack {
    pub(crate) fn new(family: &'static str, name: &str, bytes: Vec<u8>) -> Self {
        Self { family, name: name.to_owned(), bytes }
    }
}

/// All of them from one copy; `other` is a copy of another office.
pub(crate) fn all(copy: &[u8], other: &[u8]) -> Vec<Attack> {
    let (copy, other) = (&Copy::new(copy), &Copy::new(other));
    let mut found = forgery(copy);
    found.extend(incremental_saving(copy));
    found.extend(wrapping(copy));
    found.extend(shadow(copy));
    found.extend(annotations(copy));
    found.extend(byte_ranges(copy));
    found.extend(edges(copy, other));
    found.extend(duplicates(copy));
    found.extend(cross_references(copy));
    found.extend(evidence(copy, other));
    found.extend(drawings(copy, other));
    found.extend(actions(copy));
    found.extend(appended(copy));
    found.extend(signature::attacks(copy, other));
    found
}

/// Page contents that show something else.
fn forged_contents() -> Vec<u8> {
    stream("", b"q 1 0 0 1 0 0 cm BT /F0 24 Tf 0 Tr 72 700 Td <0041> Tj ET Q")
}

/// Universal signature forgery: the verifier finds a signature and nothing to check it by.
fn forgery(copy: &Copy<'_>) -> Vec<Attack> {
    let (field, value) = copy.last_objects();
    let (holder, signature) = (copy.body(field), copy.body(value));
    let text = String::from_utf8_lossy(&signature).into_owned();
    let part = |key: &str, close: char| {
        let start = text.find(key).expect("the key");
        text[start..=start + text[start..].find(close).expect("its end")].to_owned()
    };
    let (range, contents) = (part("/ByteRange [", ']'), part("/Contents <", '>'));
    let mut found = Vec::new();
    let mut with = |name: &str, from: &str, to: &str, fix: bool| {
        let changed = replaced(&signature, from, to);
        let objects = [(field, holder.clone()), (value, changed)];
        found.push(Attack::new("universal-signature-forgery", name, copy.second(&objects, fix)));
    };
    for (name, to) in [
        ("contents-missing", ""),
        ("contents-null", "/Contents null"),
        ("contents-empty", "/Contents <>"),
        ("contents-zero", "/Contents <00>"),
        ("contents-literal", "/Contents (0)"),
        ("contents-reference", "/Contents 1 0 R"),
    ] {
        with(name, &contents, to, false);
    }
    for (name, to) in [
        ("range-missing", ""),
        ("range-null", "/ByteRange null"),
        ("range-empty", "/ByteRange []"),
        ("range-zeros", "/ByteRange [0 0 0 0]"),
        ("range-negative", "/ByteRange [0 -1 10 10]"),
        ("range-huge", "/ByteRange [0 99999999999999999999 0 0]"),
        ("range-real", "/ByteRange [0.0 1.0 2.0 3.0]"),
    ] {
        with(name, &range, to, false);
    }
    with("subfilter-sha1", "/ETSI.CAdES.detached", "/adbe.pkcs7.sha1", true);
    with("subfilter-x509", "/ETSI.CAdES.detached", "/adbe.x509.rsa_sha1", true);
    with("filter-missing", "/Filter /Adobe.PPKLite ", "", true);
    with("type-doc-timestamp", "/Type /Sig", "/Type /DocTimeStamp", true);
    with("reference-transform", "/Type /Sig", "/Type /Sig /Reference []", true);
    found
}

/// Incremental saving: something is appended, well-formed or less so.
fn incremental_saving(copy: &Copy<'_>) -> Vec<Attack> {
    let page = copy.last_page();
    let contents = copy.named(page, "Contents");
    let forged = [(contents, forged_contents())];
    let whole = copy.update(&forged);
    let mut body = copy.bytes.to_vec();
    append(&mut body, &forged);
    let mut without_trailer = whole.clone();
    without_trailer.truncate(memmem::rfind(&whole, b"trailer\n").expect("a trailer"));
    let tail = |bytes: &[u8]| [bytes, format!("startxref\n{}\n%%EOF\n", copy.table()).as_bytes()].concat();
    let (field, value) = copy.last_objects();
    let with_signature = [forged[0].clone(), (field, copy.body(field)), (value, copy.body(value))];
    let attack = |name: &str, bytes| Attack::new("incremental-saving", name, bytes);
    vec![
        attack("new-contents", whole),
        attack("no-table", tail(&body)),
        attack("no-trailer", without_trailer),
        attack("nothing-but-objects", body),
        attack("with-the-signature-again", copy.update(&with_signature)),
        attack("empty-update", copy.update(&[])),
        attack("comment-update", tail(&[copy.bytes, b"% nothing\n"].concat())),
    ]
}

/// Signature wrapping: the covered bytes move, something else takes their place.
fn wrapping(copy: &Copy<'_>) -> Vec<Attack> {
    let gap = copy.gaps().pop().expect("a signature");
    let page = copy.last_page();
    let contents = copy.named(page, "Contents");
    let mut middle = Vec::new();
    append(&mut middle, &[(contents, forged_contents())]);
    let (head, tail) = (&copy.bytes[..gap.end], &copy.bytes[gap.end..]);
    let at = memmem::rfind(head, b"/ByteRange [").expect("a range") + 12;
    let close = at + head[at..].iter().position(|b| *b == b']').expect("its end");
    let moved = [head, b" >>\nendobj\n", &middle[..], tail].concat();
    let start = moved.len() - tail.len();
    let text = format!("{:<width$}", format!("0 {} {start} {}", gap.start, tail.len()), width = close - at);
    let mut declared = moved.clone();
    declared[at..close].copy_from_slice(text.as_bytes());
    // The second range stands in the gap itself, where nothing is covered: readers that take the last of two keys follow it.
    let mut inside = moved.clone();
    let second = format!("> /ByteRange [{}] /X <", text.trim());
    let place = gap.end - 2 - second.len();
    inside[place..place + second.len()].copy_from_slice(second.as_bytes());
    let attack = |name: &str, bytes| Attack::new("signature-wrapping", name, bytes);
    vec![
        attack("moved", moved),
        attack("moved-and-declared", declared),
        attack("declared-in-the-gap", inside),
    ]
}

/// Shadow attacks: what was hidden shows, what showed is hidden, after signing.
fn shadow(copy: &Copy<'_>) -> Vec<Attack> {
    let page = copy.last_page();
    let image = copy.named(copy.last_page(), "Im0");
    let strip = copy.named(page, "Strip");
    let font = copy.with(b"/Type /Font /Subtype /Type0");
    let (dictionary, face) = (copy.body(page), copy.body(font));
    let form =
        |data: &[u8]| stream("/Type /XObject /Subtype /Form /BBox [0 0 595 141] /Resources << >>", data);
    let table_only = {
        // No object is new: the table alone points one number at another's bytes.
        let mut out = copy.bytes.to_vec();
        let offset = memmem::rfind(&out, format!("\n{strip} 0 obj\n").as_bytes()).expect("the strip") + 1;
        let table = out.len();
        let prev = copy.table();
        let root = copy.with(b"/Type /Catalog");
        let size = copy.size();
        let text = format!(
            "xref\n{image} 1\n{offset:010} 00000 n \ntrailer\n<< /Size {size} /Root {root} 0 R /Prev {prev} >>\nstartxref\n{table}\n%%EOF\n"
        );
        out.extend_from_slice(text.as_bytes());
        out
    };
    let attack = |name: &str, bytes| Attack::new("shadow", name, bytes);
    vec![
        attack("hide-the-strip", copy.update(&[(strip, form(b""))])),
        attack(
            "hide-by-page",
            copy.update(&[(
                page,
                replaced(&dictionary, "/MediaBox [0 -", "/MediaBox [0 0 595 842] /X [0 -"),
            )]),
        ),
        attack("replace-the-strip", copy.update(&[(strip, form(b"0 0 595 141 re f"))])),
        attack("replace-a-font's-text", copy.update(&[(font, replaced(&face, "/ToUnicode ", "/X "))])),
        attack("hide-and-replace", table_only),
        attack("free-an-object", {
            let freed = copy.update(&[(image, b"null".to_vec())]);
            replaced_last(&freed, " 00000 n \ntrailer", " 00001 f \ntrailer")
        }),
    ]
}

/// Evil annotation and sneaky signature.
fn annotations(copy: &Copy<'_>) -> Vec<Attack> {
    let page = copy.last_page();
    let catalog = copy.with(b"/Type /Catalog");
    let (field, value) = copy.last_objects();
    let (dictionary, root) = (copy.body(page), copy.body(catalog));
    let new = copy.size();
    let annotated = |kind: &str| {
        let note = format!(
            "<< /Type /Annot /Subtype /{kind} /Rect [0 0 500 800] /F 4 /Contents (forged) /DA (/Helv 20 Tf) >>"
        );
        let page_too = replaced(&dictionary, "/Annots [", &format!("/Annots [{new} 0 R "));
        copy.update(&[(page, page_too), (new, note.into_bytes())])
    };
    let covering = format!(
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (third) /F 132 /P {page} 0 R /Rect [0 0 595 842] /V {value} 0 R >>"
    );
    let sneaky = |name: &str, text: &str| {
        let form = replaced(&root, "/Fields [", &format!("/Fields [{new} 0 R "));
        let bytes = copy.update(&[(catalog, form), (new, text.as_bytes().to_vec())]);
        Attack::new("sneaky-signature", name, bytes)
    };
    let grown = replaced(&copy.body(field), "/Rect [0 0 0 0]", "/Rect [0 0 595 842]");
    let mut found: Vec<Attack> = ["FreeText", "Stamp", "Redact", "Square", "Link"]
        .into_iter()
        .map(|kind| Attack::new("evil-annotation", kind, annotated(kind)))
        .collect();
    found.push(sneaky("a-third-field", &covering));
    found.push(sneaky("unsigned-field", &covering.replace(&format!("/V {value} 0 R"), "")));
    found.push(sneaky(
        "text-field",
        &covering.replace("/FT /Sig", "/FT /Tx").replace(&format!("/V {value} 0 R"), "/V (x)"),
    ));
    found.push(Attack::new("sneaky-signature", "field-grown", copy.update(&[(field, grown.clone())])));
    found.push(Attack::new(
        "sneaky-signature",
        "field-grown-in-revision-2",
        copy.second(&[(field, grown), (value, copy.body(value))], true),
    ));
    found
}

/// Ranges that overlap, leave out too much or reach too far.
fn byte_ranges(copy: &Copy<'_>) -> Vec<Attack> {
    let gap = copy.gaps().pop().expect("a signature");
    let length = copy.bytes.len();
    let at = memmem::rfind(copy.bytes, b"/ByteRange [").expect("a range") + 12;
    let close = at + copy.bytes[at..].iter().position(|b| *b == b']').expect("its end");
    let with = |name: &str, numbers: &[i64]| {
        let text: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        let text = format!("{:<width$}", text.join(" "), width = close - at);
        let mut bytes = copy.bytes.to_vec();
        bytes[at..close].copy_from_slice(&text.as_bytes()[..close - at]);
        Attack::new("byte-range", name, bytes)
    };
    let [start, end, total] = [gap.start, gap.end, length].map(|n| n as i64);
    vec![
        with("overlap", &[0, start + 100, end - 100, total - end + 100]),
        with("gap-too-wide", &[0, start - 200, end, total - end]),
        with("not-from-zero", &[1, start - 1, end, total - end]),
        with("short", &[0, start, end, total - end - 1]),
        with("beyond-the-end", &[0, start, end, total - end + 1]),
        with("the-first-twice", &[0, start, 0, start]),
        with("only-one", &[0, start]),
        with("backwards", &[end, total - end, 0, start]),
        with("nothing-in-the-gap", &[0, start, start, total - start]),
    ]
}

/// Bytes before and after, parts cut off or put together.
fn edges(copy: &Copy<'_>, other: &Copy<'_>) -> Vec<Attack> {
    let first = copy.first_end();
    let attack = |family: &'static str, name: &str, bytes| Attack::new(family, name, bytes);
    let mut found: Vec<Attack> = [
        ("newline", &b"\n"[..]),
        ("space", b" "),
        ("zero", b"\0"),
        ("eof-again", b"%%EOF\n"),
        ("zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("a-whole-pdf", other.bytes),
    ]
    .into_iter()
    .map(|(name, tail)| attack("trailing-bytes", name, [copy.bytes, tail].concat()))
    .collect();
    for (name, head) in [("newline", &b"\n"[..]), ("junk", b"GIF89a"), ("another-header", b"%PDF-2.0\n")] {
        found.push(attack("leading-bytes", name, [head, copy.bytes].concat()));
    }
    found.push(attack("cut", "last-revision", copy.bytes[..first].to_vec()));
    found.push(attack("cut", "last-byte", copy.bytes[..copy.bytes.len() - 1].to_vec()));
    found.push(attack("cut", "last-hundred", copy.bytes[..copy.bytes.len() - 100].to_vec()));
    found.push(attack("cut", "half", copy.bytes[..copy.bytes.len() / 2].to_vec()));
    found.push(attack("cut", "first-revision", copy.bytes[first..].to_vec()));
    let theirs = &other.bytes[other.first_end()..];
    found.push(attack("spliced", "another-copy's-last-revision", [&copy.bytes[..first], theirs].concat()));
    found.push(attack("spliced", "last-revision-twice", [copy.bytes, &copy.bytes[first..]].concat()));
    let mut version = copy.bytes.to_vec();
    version[7] = b'4';
    found.push(attack("leading-bytes", "version-1.4", version));
    found
}

/// Keys that stand twice: one reader takes the first, another the last.
fn duplicates(copy: &Copy<'_>) -> Vec<Attack> {
    let (field, value) = copy.last_objects();
    let (holder, signature) = (copy.body(field), copy.body(value));
    let page = copy.last_page();
    let catalog = copy.with(b"/Type /Catalog");
    let attack = |name: &str, bytes| Attack::new("duplicated-keys", name, bytes);
    let signed = |from: &str, to: &str| {
        copy.second(&[(field, holder.clone()), (value, replaced(&signature, from, to))], true)
    };
    let page_twice = replaced(&copy.body(page), "/Type /Page ", "/Type /Page /MediaBox [0 0 9 9] ");
    let root_twice =
        replaced(&copy.body(catalog), "/Type /Catalog ", &format!("/Type /Catalog /Pages {page} 0 R "));
    vec![
        attack("contents", signed("/Type /Sig ", "/Type /Sig /Contents <00> ")),
        attack("byte-range", signed("/Type /Sig ", "/Type /Sig /ByteRange [0 1 2 3] ")),
        attack("name-with-escapes", signed("/Type /Sig ", "/Type /Sig /Byte#52ange [0 1 2 3] ")),
        attack(
            "v-in-the-field",
            copy.second(
                &[
                    (field, replaced(&holder, "/FT /Sig", &format!("/FT /Sig /V {value} 0 R"))),
                    (value, signature.clone()),
                ],
                true,
            ),
        ),
        attack("media-box", copy.update(&[(page, page_twice)])),
        attack("pages", copy.update(&[(catalog, root_twice)])),
        attack(
            "root-in-the-trailer",
            copy.update_with(&[(page, copy.body(page))], &format!("/Root {catalog} 0 R")),
        ),
    ]
}

/// Tables, streams of tables and of objects, by which two readers see two files.
fn cross_references(copy: &Copy<'_>) -> Vec<Attack> {
    let page = copy.last_page();
    let contents = copy.named(page, "Contents");
    let catalog = copy.with(b"/Type /Catalog");
    let new = copy.size();
    let hidden = b"<< /Type /Annot >>";
    let objects = stream(
        &format!("/Type /ObjStm /N 1 /First {}", format!("{page} 0 ").len()),
        &[format!("{page} 0 ").as_bytes(), hidden].concat(),
    );
    let xref = |out: &mut Vec<u8>, prev: usize| {
        // One row: the page is object 0 of the object stream.
        let at = out.len();
        let row = [2, (new >> 8) as u8, new as u8, 0];
        let entries = format!(
            "/Type /XRef /Size {} /W [1 2 1] /Index [{page} 1] /Root {catalog} 0 R /Prev {prev}",
            new + 2
        );
        append(out, &[(new + 1, stream(&entries, &row))]);
        at
    };
    let mut streams = copy.bytes.to_vec();
    append(&mut streams, &[(new, objects.clone())]);
    let at = xref(&mut streams, copy.table());
    streams.extend_from_slice(format!("startxref\n{at}\n%%EOF\n").as_bytes());

    let mut hybrid = copy.bytes.to_vec();
    append(&mut hybrid, &[(new, objects)]);
    let at = xref(&mut hybrid, copy.table());
    let table = hybrid.len();
    let trailer = format!(
        "xref\n0 0\ntrailer\n<< /Size {} /Root {catalog} 0 R /Prev {} /XRefStm {at} >>\nstartxref\n{table}\n%%EOF\n",
        new + 2,
        copy.table()
    );
    let hybrid = [&hybrid[..], trailer.as_bytes()].concat();

    let last = |from: &str, to: &str| replaced_last(copy.bytes, from, to);
    let table = copy.table();
    let attack = |family: &'static str, name: &str, bytes| Attack::new(family, name, bytes);
    vec![
        attack("object-stream", "redefines-the-page", streams),
        attack("hybrid-table", "xrefstm", hybrid),
        attack(
            "cross-reference",
            "startxref-zero",
            last(
                &format!("startxref\n{table}\n"),
                &format!("startxref\n{:0width$}\n", 0, width = table.to_string().len()),
            ),
        ),
        attack("cross-reference", "prev-loop", {
            let text = String::from_utf8_lossy(&copy.bytes[table..]).into_owned();
            let prev = text
                .find("/Prev ")
                .map(|at| super::pdf::number(&text.as_bytes()[at + 6..]))
                .expect("a /Prev");
            let same = format!("{table:0width$}", width = prev.to_string().len());
            last(&format!("/Prev {prev}"), &format!("/Prev {same}"))
        }),
        attack("cross-reference", "no-prev", {
            let text = String::from_utf8_lossy(&copy.bytes[table..]).into_owned();
            let at = table + text.find("/Prev").expect("a /Prev");
            let mut bytes = copy.bytes.to_vec();
            bytes[at..at + 5].copy_from_slice(b"/Xrev");
            bytes
        }),
        attack("cross-reference", "offset-by-one", {
            let at = memmem::rfind(copy.bytes, b" 00000 n \n").expect("a row") - 1;
            let mut bytes = copy.bytes.to_vec();
            bytes[at] = if bytes[at] == b'9' { b'8' } else { bytes[at] + 1 };
            bytes
        }),
        attack("cross-reference", "generation-one", last(" 00000 n \ntrailer", " 00001 n \ntrailer")),
        attack("cross-reference", "object-twice-in-a-revision", {
            let (field, value) = copy.last_objects();
            copy.second(
                &[(field, copy.body(field)), (value, copy.body(value)), (contents, forged_contents())],
                true,
            )
        }),
        attack("cross-reference", "unreferenced-object", {
            let (field, value) = copy.last_objects();
            copy.second(
                &[(field, copy.body(field)), (value, copy.body(value)), (new, b"<< >>".to_vec())],
                true,
            )
        }),
        attack(
            "encryption",
            "encrypt-in-the-trailer",
            copy.update_with(
                &[(contents, copy.body(contents))],
                "/Encrypt << /Filter /Standard /V 1 /R 2 >>",
            ),
        ),
    ]
}

/// Record, fields, seal and receipt of another copy; a checkpoint that is not this one's.
fn evidence(copy: &Copy<'_>, other: &Copy<'_>) -> Vec<Attack> {
    let files = ["record.json", "fields.json", "seal.cose", "receipt.tlog-proof"];
    let mut found = Vec::new();
    for name in files {
        let (ours, theirs) = (copy.attachment(name), other.attachment(name));
        found.push(Attack::new("swapped-attachment", name, copy.update(&[(ours, other.body(theirs))])));
        // In place, where the lengths allow: then only digests can tell.
        let (range, body) = (copy.range(ours), other.body(theirs));
        if range.len() == body.len() {
            let mut bytes = copy.bytes.to_vec();
            bytes[range].copy_from_slice(&body);
            found.push(Attack::new("swapped-attachment", &format!("{name}-in-place"), bytes));
        }
        let gone = copy.with(format!("/EF << /F {ours} 0 R").as_bytes());
        found.push(Attack::new(
            "swapped-attachment",
            &format!("{name}-detached"),
            copy.update(&[(gone, b"null".to_vec())]),
        ));
    }
    let receipt = copy.attachment("receipt.tlog-proof");
    let text = copy.body(receipt);
    let mut changed =
        |family: &'static str, name: &str, line: &dyn Fn(&str) -> bool, change: &dyn Fn(&mut Vec<u8>)| {
            let mut start = memmem::find(&text, b"stream\n").expect("a stream") + 7;
            for one in String::from_utf8_lossy(&text[start..]).split_inclusive('\n') {
                if line(one.trim_end()) {
                    let mut body = text.clone();
                    let mut part = body[start..start + one.len()].to_vec();
                    change(&mut part);
                    body[start..start + one.len()].copy_from_slice(&part);
                    let mut bytes = copy.bytes.to_vec();
                    bytes[copy.range(receipt)].copy_from_slice(&body);
                    found.push(Attack::new(family, name, bytes));
                    return;
                }
                start += one.len();
            }
            panic!("{name}: no such line");
        };
    let decimal = |line: &str| !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit());
    changed("stale-checkpoint", "smaller-tree", &decimal, &|line| {
        line[0] = if line[0] == b'1' { b'2' } else { b'1' }
    });
    changed("stale-checkpoint", "other-signature", &|line| line.starts_with('—'), &|line| {
        let at = line.len() - 6;
        line[at] = if line[at] == b'A' { b'B' } else { b'A' };
    });
    changed("receipt", "other-index", &|line| line.starts_with("index "), &|line| {
        line[6] = if line[6] == b'9' { b'8' } else { line[6] + 1 }
    });
    found
}

/// The page image drawn otherwise, or something over it.
fn drawings(copy: &Copy<'_>, other: &Copy<'_>) -> Vec<Attack> {
    let page = copy.last_page();
    let image = copy.named(copy.last_page(), "Im0");
    let contents = copy.named(page, "Contents");
    let (picture, dictionary) = (copy.body(image), copy.body(page));
    let with = |name: &str, key: &str| {
        let changed = replaced(&picture, "/Type /XObject", &format!("/Type /XObject {key}"));
        Attack::new("image", name, copy.update(&[(image, changed)]))
    };
    let framed = |name: &str, key: &str| {
        let changed = replaced(&dictionary, "/Type /Page ", &format!("/Type /Page {key} "));
        Attack::new("image", name, copy.update(&[(page, changed)]))
    };
    let drawn = |name: &str, operators: &str| {
        Attack::new("image", name, copy.update(&[(contents, stream("", operators.as_bytes()))]))
    };
    let theirs = other.body(other.named(other.last_page(), "Im0"));
    let mut flipped = copy.bytes.to_vec();
    let range = copy.range(image);
    flipped[range.end - 20] ^= 1;
    vec![
        with("decode-inverted", "/Decode [1 0 1 0 1 0]"),
        with("colour-key-mask", "/Mask [0 255 0 255 0 255]"),
        with("soft-mask", &format!("/SMask {image} 0 R")),
        with("alternates", "/Alternates []"),
        with("optional-content", &format!("/OC {page} 0 R")),
        with("interpolate", "/Interpolate true"),
        framed("crop-box", "/CropBox [0 0 100 100]"),
        framed("rotate", "/Rotate 180"),
        framed("user-unit", "/UserUnit 10"),
        framed("group", "/Group << /S /Transparency >>"),
        drawn("covering-shape", "q 595 0 0 842 0 0 cm /Im0 Do Q 1 1 1 rg 0 0 300 842 re f"),
        drawn("scaled-away", "q 1 0 0 1 0 0 cm /Im0 Do Q"),
        drawn("clipped", "q 0 0 9 9 re W n 595 0 0 842 0 0 cm /Im0 Do Q"),
        drawn("visible-text", "q 595 0 0 842 0 0 cm /Im0 Do Q BT 0 Tr /F0 40 Tf 9 9 Td <0041> Tj ET"),
        drawn("inline-image", "BI /W 1 /H 1 /BPC 8 /CS /G ID x EI"),
        Attack::new("swapped-page-image", "by-update", copy.update(&[(image, theirs)])),
        Attack::new("swapped-page-image", "one-bit-in-place", flipped),
    ]
}

/// What acts when the file is opened.
fn actions(copy: &Copy<'_>) -> Vec<Attack> {
    let catalog = copy.with(b"/Type /Catalog");
    let root = copy.body(catalog);
    [
        ("javascript", "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"),
        ("launch", "/OpenAction << /S /Launch /F (x) >>"),
        ("optional-content", "/OCProperties << /OCGs [] /D << >> >>"),
        ("xfa", "/XFA (x)"),
        ("permissions", "/Perms << >>"),
        ("dss-of-nobody", "/DSS << /Certs [] >>"),
        ("needs-rendering", "/NeedsRendering true"),
    ]
    .into_iter()
    .map(|(name, key)| {
        let changed = replaced(&root, "/Type /Catalog", &format!("/Type /Catalog {key}"));
        Attack::new("catalog", name, copy.update(&[(catalog, changed)]))
    })
    .collect()
}

/// Validation data as anybody may append them: catalog, one stream, `/DSS`.
pub(crate) fn validation_data(copy: &Copy<'_>) -> Vec<(u32, Vec<u8>)> {
    let (catalog, size) = (copy.with(b"/Type /Catalog"), copy.size());
    let store = format!("<< /Certs [{size} 0 R] >>").into_bytes();
    let root = with_store(copy, &copy.text(catalog));
    let signed = SignedData::parse(&copy.cms()).expect("the office's signature");
    vec![(catalog, root), (size, stream("", &signed.certificates()[0])), (size + 1, store)]
}

fn with_store(copy: &Copy<'_>, root: &str) -> Vec<u8> {
    replaced(root.as_bytes(), "<<", &format!("<< /DSS {} 0 R ", copy.size() + 1))
}

/// Validation data and something else with them, or something else in their name.
fn appended(copy: &Copy<'_>) -> Vec<Attack> {
    let (catalog, page, size) = (copy.with(b"/Type /Catalog"), copy.last_page(), copy.size());
    let (root, honest) = (copy.text(catalog), validation_data(copy));
    let mut found = Vec::new();
    // Tables are written in the order of numbers: any other would be refused for that alone.
    let mut attack = |name: &str, mut objects: Vec<(u32, Vec<u8>)>| {
        objects.sort_by_key(|(number, _)| *number);
        found.push(Attack::new("appended", name, copy.update(&objects)));
    };
    let key = |key: &str| root.replacen("<<", &format!("<< {key} "), 1);
    for (name, changed) in [
        ("open-action", key("/OpenAction [1 0 R /Fit]")),
        ("additional-actions", key("/AA << >>")),
        ("optional-content", key("/OCProperties << >>")),
        ("permissions", key("/Perms << >>")),
        ("extension-with-reference", key("/Extensions << /X << /URL 1 0 R >> >>")),
        ("language", root.replace("/Lang (vi-VN)", "/Lang (en-US)")),
        ("pages", root.replace("/Pages ", "/Pages 1 0 R /Lang2 ")),
        ("a-stream-as-field", root.replace("/Fields [", &format!("/Fields [{size} 0 R "))),
        ("need-appearances", root.replace("/SigFlags 3", "/SigFlags 3 /NeedAppearances true")),
    ] {
        assert_ne!(changed, root, "{name} changes the catalog");
        attack(name, [&[(catalog, with_store(copy, &changed))], &honest[1..]].concat());
    }
    let record = copy.attachment("record.json");
    let (field, signature) = copy.last_objects();
    let note = format!("<< /Type /Annot /Subtype /Text /Rect [0 0 90 90] /Contents (x) /P {page} 0 R >>");
    let noted = replaced(&copy.body(page), "/Annots [", &format!("/Annots [{} 0 R ", size + 2));
    for (name, objects) in [
        ("contents", vec![(copy.named(page, "Contents"), stream("", b"q Q"))]),
        ("page", vec![(page, replaced(&copy.body(page), "/MediaBox [", "/Rotate 90 /MediaBox ["))]),
        ("same-page", vec![(page, copy.body(page))]),
        ("annotation", vec![(page, noted), (size + 2, note.into_bytes())]),
        ("field", vec![(field, copy.body(field))]),
        ("signature", vec![(signature, copy.body(signature))]),
        ("record", vec![(record, copy.body(record))]),
        ("unreferenced", vec![(size + 2, b"<< /Type /Font >>".to_vec())]),
        (
            "metadata",
            vec![(copy.named(catalog, "Metadata"), stream("/Type /Metadata /Subtype /XML", b"<x/>"))],
        ),
    ] {
        attack(&format!("{name}-beside"), [&honest[..], &objects].concat());
        attack(&format!("{name}-alone"), objects);
    }
    let (der, store) = (&honest[1].1, &honest[2].1);
    for (name, stream, store) in [
        ("no-der", stream("", b"no DER"), store.clone()),
        ("two-values", stream("", &[0x30, 0, 0x30, 0]), store.clone()),
        ("no-stream", b"<< >>".to_vec(), store.clone()),
        ("typed-stream", stream("/Type /XObject /Subtype /Form", &[0x30, 0]), store.clone()),
        ("object-of-the-copy", der.clone(), format!("<< /Certs [{size} 0 R {record} 0 R] >>").into_bytes()),
        ("stranger", der.clone(), format!("<< /Certs [{size} 0 R] /JavaScript [] >>").into_bytes()),
    ] {
        attack(name, vec![honest[0].clone(), (size, stream), (size + 1, store)]);
    }
    found
}
