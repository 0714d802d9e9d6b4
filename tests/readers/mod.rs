//! Every reader of bytes from outside, as the fuzzer and `cargo test` feed them: none panics, hangs or takes much memory, and what
//! has one form only is written as it was read.

#[path = "../../src/verify/testing.rs"]
#[allow(dead_code, unreachable_pub, reason = "the unit tests of src/verify use the rest")]
pub(crate) mod draft;

use std::sync::OnceLock;

use saoy::record::{Disclosure, Record, canonical, fields_from_bytes, fields_to_bytes, parse_canonical};
use saoy::registry::cosignature::CosignatureVerifier;
use saoy::registry::note::{NoteSignature, NoteVerifier};
use saoy::registry::policy::Policy;
use saoy::registry::proof::Proof;
use saoy::registry::replay::Replay;
use saoy::registry::status::StatusList;
use saoy::registry::tiles::{self, Tile};
use saoy::registry::witness::{self, AddCheckpoint};
use saoy::registry::{Checkpoint, Entry, Note, Receipt, RegistryError, merkle};
use saoy::seal::{UnverifiedSeal, from_qr_text, qr_text};
use saoy::signature::certificate::Certificate;
use saoy::signature::chain;
use saoy::signature::cms::SignedData;
use saoy::signature::{Hasher, timestamp};
use saoy::verify::trust::TrustList;
use saoy::verify::{FactId, Options, State, examine};
use time::OffsetDateTime;
use time::macros::datetime;

/// A reader, fed with any bytes; whether it took them.
pub(crate) type Feed = fn(&[u8]) -> bool;

/// The readers by name; `tests/fuzz/corpus` has a folder for each.
pub(crate) const TARGETS: [(&str, Feed); 16] = [
    ("note", note),
    ("proof", proof),
    ("cosignature", cosignature),
    ("policy", policy),
    ("tiles", tiles_and_bundles),
    ("entry", entry),
    ("status", status),
    ("witness", witness_messages),
    ("pdf", pdf),
    ("later", later),
    ("xmp", xmp),
    ("cms", cms),
    ("timestamp", timestamp_token),
    ("seal", seal),
    ("record", record),
    ("trust", trust),
];

/// When the offices of the corpus lived.
const NOW: OffsetDateTime = datetime!(2026-11-22 04:04:05 UTC);

/// The trust list of the corpus.
fn known() -> &'static TrustList {
    static KNOWN: OnceLock<TrustList> = OnceLock::new();
    KNOWN.get_or_init(|| {
        TrustList::parse(include_bytes!("../fuzz/corpus/trust/seed-list")).expect("the seed is a trust list")
    })
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A signed note, the checkpoint in it, a key of it.
fn note(bytes: &[u8]) -> bool {
    let key = text(bytes).parse::<NoteVerifier>();
    if let Ok(key) = &key {
        assert_eq!(key.to_string(), text(bytes));
    }
    let Ok(note) = Note::parse(bytes) else { return key.is_ok() };
    assert_eq!(note.to_string(), text(bytes));
    if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
        assert_eq!(checkpoint.text(), note.text());
    }
    for office in known().offices() {
        let keys: Vec<NoteVerifier> = office.log.keys.iter().map(|key| key.key.clone()).collect();
        let _ = note.verify(&keys);
        let _ = Checkpoint::open(&note, &office.log.origin, &keys);
    }
    true
}

/// A tlog-proof and a receipt, with the hashes climbed whatever the signature says.
fn proof(bytes: &[u8]) -> bool {
    let Ok(proof) = Proof::parse(bytes) else {
        assert!(Receipt::parse(bytes).is_err());
        return false;
    };
    assert_eq!(proof.to_string(), text(bytes));
    if let Ok(checkpoint) = Checkpoint::parse(proof.checkpoint.text()) {
        let leaf = merkle::leaf_hash(b"");
        let _ =
            merkle::verify_inclusion(&leaf, proof.index, checkpoint.size, &proof.hashes, &checkpoint.root);
        let older = proof.index;
        let root = checkpoint.root;
        let _ = merkle::verify_consistency(older, &leaf, checkpoint.size, &root, &proof.hashes);
    }
    if let Ok(receipt) = Receipt::parse(bytes) {
        assert_eq!(receipt.to_bytes(), bytes);
        for office in known().offices() {
            let keys: Vec<NoteVerifier> = office.log.keys.iter().map(|key| key.key.clone()).collect();
            let _ = receipt.verify(&office.log.origin, &keys);
        }
    }
    true
}

/// A cosigner's key, a signature line, and a note that the key may have cosigned: a key, then the note.
fn cosignature(bytes: &[u8]) -> bool {
    let text = text(bytes);
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(line) = first.parse::<NoteSignature>() {
        assert_eq!(line.to_string(), first);
        return true;
    }
    let Ok(key) = first.parse::<CosignatureVerifier>() else { return false };
    assert_eq!(key.to_string(), first);
    if let Ok(note) = Note::parse(rest.as_bytes()) {
        let _ = key.verify(&note);
    }
    true
}

/// A policy, asked about a note by the keys of its own logs.
fn policy(bytes: &[u8]) -> bool {
    let Ok(policy) = Policy::parse(bytes) else { return false };
    static NOTE: OnceLock<Note> = OnceLock::new();
    let note =
        NOTE.get_or_init(|| Note::parse(include_bytes!("../fuzz/corpus/note/seed-note")).expect("a note"));
    let _ = policy.witnessed(note);
    true
}

/// A tile's path; or a width, then a bundle or a tile of hashes.
fn tiles_and_bundles(bytes: &[u8]) -> bool {
    if let Ok(tile) = text(bytes).parse::<Tile>() {
        assert_eq!(tile.to_string(), text(bytes));
        return true;
    }
    let Some((width, rest)) = bytes.split_first() else { return false };
    let width = u16::from(*width) + 1;
    let bundle = tiles::bundle_from_bytes(rest, width);
    if let Ok(entries) = &bundle {
        assert_eq!(tiles::bundle_to_bytes(entries).as_deref(), Ok(rest));
    }
    let hashes = tiles::hashes_from_bytes(rest, width);
    if let Ok(hashes) = &hashes {
        assert_eq!(tiles::hashes_to_bytes(hashes), rest);
        // A root is asked for over a power of two of them only.
        let _ = hashes.len().is_power_of_two().then(|| tiles::perfect_root(hashes));
    }
    bundle.is_ok() || hashes.is_ok()
}

/// One entry; or a whole log: entries one after another, each after its length.
fn entry(bytes: &[u8]) -> bool {
    if let Ok(entry) = Entry::parse(bytes) {
        assert_eq!(entry.to_bytes(), bytes);
        assert!(bytes.len() <= 200);
        return true;
    }
    let mut replay = Replay::new(None);
    let mut leaves = Vec::new();
    let mut rest = bytes;
    while let Some((length, tail)) = rest.split_first() {
        let (entry, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        let leaf_of = |index: u64| {
            let place = usize::try_from(index).expect("an issue before it");
            Ok::<_, RegistryError>(leaves[place])
        };
        if replay.push(entry, leaf_of, |_, _, _| {}).is_err() {
            break;
        }
        leaves.push(replay.last_leaf());
        assert_eq!(replay.root(), replay.edge().root());
        rest = tail;
    }
    !leaves.is_empty()
}

/// A status list's text. Packed rows have several forms; the list that they give has one.
fn status(bytes: &[u8]) -> bool {
    let _ = StatusList::origin_of(bytes);
    let Ok(list) = StatusList::parse(text(bytes)) else { return false };
    assert_eq!(StatusList::parse(&list.text()).as_ref(), Ok(&list));
    for index in [0, 1, list.size.saturating_sub(1), list.size, u64::MAX] {
        let _ = list.row(index);
    }
    true
}

/// What a witness is asked, judged as if it had seen half of it, and what it answers.
fn witness_messages(bytes: &[u8]) -> bool {
    let text = text(bytes);
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string(), text);
        let _ = witness::origin_of(&request);
        if let Ok(checkpoint) = Checkpoint::parse(request.checkpoint.text()) {
            let root = merkle::empty_root();
            let newer = (checkpoint.size, &checkpoint.root);
            let _ = merkle::verify_consistency(request.old, &root, newer.0, newer.1, &request.proof);
        }
        return true;
    }
    if let Ok(size) = witness::size_from_text(text) {
        assert_eq!(text.trim_end(), size.to_string());
        return true;
    }
    let Ok(lines) = witness::answer_from_text(text) else { return false };
    assert_eq!(witness::answer_to_text(&lines), text);
    true
}

/// A file, as it is; or, where it does not begin as one, pieces of a file that are put together with the right table of offsets, lengths
/// and ranges, so that what lies behind these is reached: trailers, then `number object`, 0x01 between pieces, 0x02 before revision 2.
fn pdf(bytes: &[u8]) -> bool {
    let options = Options { now: NOW, status: None };
    let taken = |file: &[u8]| {
        let _ = saoy::verify::verify(file, known(), &options);
        examine(file).is_ok()
    };
    if bytes.starts_with(b"%PDF") {
        return taken(bytes);
    }
    let Some(draft) = draft_of(text(bytes)) else { return false };
    taken(&draft.bytes())
}

fn draft_of(text: &str) -> Option<draft::Draft> {
    let (first, second) = text.split_once('\u{2}').unwrap_or((text, ""));
    let mut pieces = first.split('\u{1}');
    let (trailer, second_trailer) = (pieces.next()?, pieces.next()?);
    let object = |piece: &str| {
        let (number, text) = piece.split_once(' ')?;
        Some((number.parse().ok()?, text.to_owned()))
    };
    Some(draft::Draft {
        first: pieces.map(object).collect::<Option<_>>()?,
        second: second.split('\u{1}').filter(|piece| !piece.is_empty()).map(object).collect::<Option<_>>()?,
        trailer: trailer.to_owned(),
        second_trailer: second_trailer.to_owned(),
        between: String::new(),
    })
}

/// The pieces of a draft as the `pdf` target takes them.
#[allow(dead_code, reason = "the fuzzer only reads")]
pub(crate) fn pieces(draft: &draft::Draft) -> Vec<u8> {
    let objects = |of: &[(u32, String)]| {
        of.iter().map(|(n, text)| format!("{n} {text}")).collect::<Vec<_>>().join("\u{1}")
    };
    let (first, second) = (objects(&draft.first), objects(&draft.second));
    format!("{}\u{1}{}\u{1}{first}\u{2}{second}", draft.trailer, draft.second_trailer).into_bytes()
}

/// A copy's frame with metadata, to which somebody appends.
fn base() -> &'static [u8] {
    static BASE: OnceLock<Vec<u8>> = OnceLock::new();
    BASE.get_or_init(|| {
        let mut draft = draft::Draft::new()
            .edit(1, "/Pages 2", "/Metadata 14 0 R /Pages 2")
            .add(14, &metadata(PACKET))
            .edit_second(8, "14 0 R", "15 0 R");
        draft.second[1].0 = 15;
        draft.second_trailer = "/Size 16 /Root 1 0 R /ID [<AA> <BB>]".into();
        draft.bytes()
    })
}

/// The packet of that frame.
const PACKET: &str = "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
    xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" xmlns:s=\"u:s\" \
    xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\"><s:CopyId>ab</s:CopyId><pdf:Producer>A &amp; B</pdf:Producer>\
    </rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>";

fn metadata(packet: &str) -> String {
    draft::stream("/Type /Metadata /Subtype /XML", packet)
}

/// Revisions appended to a copy, each `trailer`, then `number object`, 0x01 between pieces, 0x02 between revisions.
fn later(bytes: &[u8]) -> bool {
    let mut out = base().to_vec();
    for piece in text(bytes).split('\u{2}') {
        let mut parts = piece.split('\u{1}');
        let trailer = parts.next().unwrap_or_default();
        let object = |part: &str| {
            let (number, text) = part.split_once(' ')?;
            Some((number.parse().ok()?, text.to_owned()))
        };
        let Some(objects) = parts.map(object).collect::<Option<Vec<_>>>() else { return false };
        let mark = b"startxref\n";
        let at = out.windows(mark.len()).rposition(|window| window == mark).expect("a file has one");
        let digits: String = out[at + mark.len()..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .map(|b| char::from(*b))
            .collect();
        draft::revision(&mut out, &objects, &format!("{trailer} /Prev {digits}"), "");
    }
    appended(&out)
}

/// Whether what was appended is what may be.
fn appended(file: &[u8]) -> bool {
    let options = Options { now: NOW, status: None };
    let report = saoy::verify::verify(file, known(), &options).expect("it has a copy's fields");
    report.fact(FactId::Additions).is_some_and(|fact| fact.state == State::Passed)
}

/// A revocation list (RFC 5280, section 5.1) of nobody that revokes nothing: the smallest validation data, and all of it text.
const REVOCATION_LIST: &str =
    "0(0\x1a0\x05\x06\x03*\x03\x040\0\x18\x0f20260101000000Z0\x05\x06\x03*\x03\x04\x03\x03\0AB";

/// The pieces that the `later` target takes, of one revision: validation data, a timestamp's field, metadata written anew.
pub(crate) fn later_pieces(store: bool, stamp: bool, packet: Option<&str>) -> Vec<u8> {
    let catalog = draft::Draft::new().edit(1, "/Pages 2", "/Metadata 14 0 R /Pages 2").first[0].1.clone();
    let page = draft::Draft::new().first[2].1.clone();
    let mut objects = Vec::new();
    let mut root = catalog;
    if store {
        root = root.replace("/Pages", "/DSS 16 0 R /Pages");
        objects.push((16, "<< /Type /DSS /CRLs [17 0 R] /VRI << >> >>".to_owned()));
        objects.push((17, draft::stream("", REVOCATION_LIST)));
    }
    if stamp {
        root = root.replace("[7 0 R 8 0 R]", "[7 0 R 8 0 R 18 0 R]");
        objects.push((3, page.replace("[7 0 R 8 0 R]", "[7 0 R 8 0 R 18 0 R]")));
        objects.push((
            18,
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Timestamp) /F 132 /P 3 0 R /Rect [0 0 0 0] /V 19 0 R >>"
                .to_owned(),
        ));
        let value = "<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161";
        let range = "/ByteRange [0 0000000000 0000000000 0000000000]";
        objects.push((19, format!("{value} {range} /Contents {} >>", draft::GAP)));
    }
    objects.extend(packet.map(|packet| (14, metadata(packet))));
    objects.push((1, root));
    let objects: Vec<_> = objects.iter().map(|(number, text)| format!("{number} {text}")).collect();
    format!("/Size 20 /Root 1 0 R /ID [<AA> <CC>]\u{1}{}", objects.join("\u{1}")).into_bytes()
}

/// Metadata that somebody wrote anew, beside validation data.
fn xmp(bytes: &[u8]) -> bool {
    let Ok(packet) = std::str::from_utf8(bytes) else { return false };
    // These would end the piece.
    !packet.contains(['\u{1}', '\u{2}']) && later(&later_pieces(true, false, Some(packet)))
}

/// Packets that say what the frame's does.
#[allow(dead_code, reason = "the fuzzer only reads")]
pub(crate) fn packets() -> [String; 2] {
    let attributes = PACKET
        .replace("<s:CopyId>ab</s:CopyId>", "<s:CopyId rdf:parseType='Resource'>ab</s:CopyId>")
        .replace("A &amp; B", "C &lt;1&gt;");
    [PACKET.to_owned(), attributes]
}

/// The token of a document timestamp over no bytes at all.
fn timestamp_token(bytes: &[u8]) -> bool {
    timestamp::verify(bytes, |algorithm| Hasher::new(algorithm).finish()).is_ok()
}

/// The bytes of a gap, and a certificate by itself, up to a root that is trusted.
fn cms(bytes: &[u8]) -> bool {
    let root = known().offices()[0].root.clone();
    if let Ok(certificate) = Certificate::from_der(bytes) {
        assert_eq!(certificate.der(), bytes);
        let _ = (certificate.subject(), certificate.issuer(), certificate.title(), certificate.common_name());
        let _ = (certificate.organization(), certificate.organization_identifier(), certificate.algorithm());
        let _ = (certificate.authority(), certificate.key_usage());
        let _ = chain::verify(bytes, &[], root.der(), NOW);
        let _ = chain::check_root(bytes, NOW);
        return true;
    }
    let Ok(signed) = SignedData::parse(bytes) else { return false };
    let digest = signed.message_digest().to_vec();
    let _ = signed.verify(&digest);
    let _ = chain::verify(signed.signer().der(), signed.certificates(), root.der(), NOW);
    true
}

/// A COSE seal, or the text of a QR code that holds one.
fn seal(bytes: &[u8]) -> bool {
    let from_text = from_qr_text(text(bytes)).ok();
    if let Some(cose) = &from_text
        && let Ok(again) = qr_text(cose, None)
    {
        assert_eq!(from_qr_text(&again).as_ref(), Ok(cose));
    }
    let Ok(unverified) = UnverifiedSeal::parse(from_text.as_deref().unwrap_or(bytes)) else { return false };
    for key in known().offices().iter().flat_map(|office| &office.seal_keys) {
        let _ = unverified.clone().verify(&key.key);
    }
    true
}

/// `record.json`, `fields.json`, and one disclosure of it.
fn record(bytes: &[u8]) -> bool {
    if let Ok(value) = parse_canonical(bytes) {
        assert_eq!(canonical(&value).as_deref(), Ok(bytes));
    }
    if let Ok(disclosure) = Disclosure::parse(text(bytes)) {
        assert_eq!(disclosure.encode(), text(bytes));
        return true;
    }
    if let Ok(disclosures) = fields_from_bytes(bytes) {
        assert_eq!(fields_to_bytes(&disclosures), bytes);
        return true;
    }
    let Ok(record) = Record::parse(bytes) else { return false };
    assert_eq!(record.to_bytes().as_deref(), Ok(bytes));
    true
}

/// A trust list, which may be written in several ways; what it says has one.
fn trust(bytes: &[u8]) -> bool {
    let Ok(list) = TrustList::parse(bytes) else { return false };
    let text = list.to_json();
    assert_eq!(TrustList::parse(text.as_bytes()).map(|again| again.to_json()), Ok(text));
    true
}
