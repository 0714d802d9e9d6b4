//! What may be appended to a copy, as pyHanko appends it, and what may not: validation data and document timestamps, and nothing that a reader
//! could see.

use std::fs;

use memchr::memmem;
use saoy::record::Role;
use saoy::verify::{FactId, Options, Report, State, TrustList, Verdict};

use saoy::signature::cms::SignedData;

use crate::attack;
use crate::attack::pdf::{Copy, replaced, stream};
use crate::tools_support::*;
use crate::verify_support::{AllGood, House, image, options, trust};

fn verify(bytes: &[u8], list: &TrustList) -> Report {
    saoy::verify::verify(bytes, list, &Options { status: Some(&AllGood), ..options() })
        .expect("a trace of a copy")
}

fn state(report: &Report, id: FactId) -> Option<State> {
    report.fact(id).map(|fact| fact.state)
}

/// The copy with what pyHanko appends.
pub(crate) fn extended(kind: &str, copy: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("copy.pdf"), folder.path().join("extended.pdf"));
    fs::write(&from, copy).expect("written");
    let tool = root().join("tests/tools/extend.py");
    let output =
        run(in_venv("python3"), PYHANKO, [tool.as_os_str(), kind.as_ref(), from.as_os_str(), to.as_os_str()]);
    assert!(output.status.success(), "{}", text(&output));
    fs::read(to).expect("pyHanko wrote it")
}

/// Refused for its form, as no copy of Saoy's.
#[track_caller]
fn refused(name: &str, bytes: &[u8], list: &TrustList) {
    let report = verify(bytes, list);
    assert_eq!(report.verdict, Verdict::Invalid, "{name}");
    let reasons = [FactId::FileUntouched, FactId::Timestamp].map(|id| state(&report, id));
    assert!(reasons.contains(&Some(State::Failed)), "{name}: {:?}", report.failures().collect::<Vec<_>>());
}

/// One office's copy by two signers, another's trial by the office alone, and the list that trusts both.
fn copies() -> (Vec<u8>, Vec<u8>, TrustList) {
    let (a, b) = (House::new("999.01", 1), House::new("999.02", 2));
    let list = trust(&[&a, &b]);
    let two = a.issue(&a.parts(1, vec![image(1, 300), image(2, 300)]));
    let mut parts = b.parts(2, vec![image(3, 300)]);
    parts.record.trial = true;
    parts.record.signers.remove(0);
    parts.roles = vec![Role::Office];
    b.attach(&mut parts);
    let one = b.issue(&parts);
    for (copy, verdict) in [(&two, Verdict::Valid), (&one, Verdict::Indeterminate)] {
        let report = verify(copy, &list);
        assert_eq!((report.verdict, state(&report, FactId::Additions)), (verdict, None));
    }
    (two, one, list)
}

#[test]
fn what_pyhanko_appends_leaves_a_copy_as_good_as_it_was() {
    let (two, one, list) = copies();
    for copy in [&two, &one] {
        for kind in ["dss", "lists", "stamp", "archive"] {
            let longer = extended(kind, copy);
            assert!(longer.len() > copy.len() && longer.starts_with(copy), "{kind}");
            let report = verify(&longer, &list);
            let failures: Vec<_> = report.failures().collect();
            let before = verify(copy, &list);
            assert_eq!((report.verdict, failures.len()), (before.verdict, 0), "{kind}: {failures:?}");
            assert_eq!((&report.copy, &report.signatures), (&before.copy, &before.signatures), "{kind}");
            assert_eq!(state(&report, FactId::Additions), Some(State::Passed), "{kind}");
            let stamp = ["stamp", "archive"].contains(&kind).then_some(State::Warning);
            assert_eq!(state(&report, FactId::Timestamp), stamp, "{kind}");
            if let Some(fact) = report.fact(FactId::Timestamp) {
                assert!(fact.evidence.en.contains("TSA Mau"), "{}", fact.evidence.en);
                assert!(fact.evidence.en.contains("certificate was not checked"), "{}", fact.evidence.en);
            }
            let pages = saoy::verify::pictures(&longer).expect("its pages");
            assert_eq!(pages.len(), saoy::verify::pictures(copy).expect("its pages").len());
        }
    }
    // Once more on top of what is there already.
    let again = extended("archive", &extended("stamp", &extended("dss", &two)));
    assert_eq!(verify(&again, &list).verdict, Verdict::Valid);
}

#[test]
fn nothing_else_may_be_appended() {
    let (two, one, list) = copies();
    let copy = Copy::new(&two);
    let (catalog, page) = (copy.with(b"/Type /Catalog"), copy.last_page());
    let honest = attack::validation_data(&copy);
    assert_eq!(
        verify(&copy.update(&honest), &list).verdict,
        Verdict::Valid,
        "the frame of the attacks is right"
    );
    let attacks: Vec<_> = attack::all(&two, &one).into_iter().filter(|a| a.family == "appended").collect();
    assert!(attacks.len() > 25, "{}", attacks.len());
    for attack in attacks {
        refused(&attack.name, &attack.bytes, &list);
    }
    // A second update that takes the first one's objects for something else, and more updates than anybody needs.
    let once = copy.update(&honest);
    refused("page-later", &Copy::new(&once).update(&[(page, copy.body(page))]), &list);
    refused("store-taken-away", &Copy::new(&once).update(&[(catalog, copy.body(catalog))]), &list);
    let mut many = two.clone();
    for _ in 0..9 {
        many = Copy::new(&many).update(&honest);
    }
    refused("nine-updates", &many, &list);
    for changed in
        [[&once[..], b"\n"].concat(), once[..once.len() - 1].to_vec(), [&once[..], b"%%EOF\n"].concat()]
    {
        refused("edges", &changed, &list);
    }
}

#[test]
fn validation_data_are_what_they_say() {
    let (two, _, list) = copies();
    let copy = Copy::new(&two);
    let (honest, size) = (attack::validation_data(&copy), copy.size());
    let cms = copy.cms();
    let signed = SignedData::parse(&cms).expect("the office's signature");
    let certificate = &signed.certificates()[0];
    let longer = extended("lists", &two);
    // pyHanko numbers the streams before the store; each is found by what only it can begin with.
    let stream_of = |key: &str| {
        let extended = Copy::new(&longer);
        let store = extended.with(format!("/{key} [").as_bytes());
        let text = extended.text(store);
        let at = text.find(&format!("/{key} [")).expect("the list") + key.len() + 3;
        let number = attack::pdf::number(text[at..].trim_start().as_bytes()) as u32;
        let body = extended.body(number);
        let start = memmem::find(&body, b"stream\n").expect("a stream") + 7;
        let body = &body[start..];
        let length = 4 + usize::from(body[2]) * 256 + usize::from(body[3]);
        assert_eq!(body[..2], [0x30, 0x82], "{key}");
        body[..length].to_vec()
    };
    let (revocation, answer) = (stream_of("CRLs"), stream_of("OCSPs"));
    let with = |key: &str, bytes: &[u8]| {
        let store = format!("<< /{key} [{size} 0 R] >>").into_bytes();
        copy.update(&[honest[0].clone(), (size, stream("", bytes)), (size + 1, store)])
    };
    let page = b"<html><h1>VALID</h1></html>".repeat(99);
    let header = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).expect("short").to_be_bytes();
        [&[0x30, 0x82, length[0], length[1]][..], bytes].concat()
    };
    let kinds = [("Certs", certificate), ("CRLs", &revocation), ("OCSPs", &answer)];
    for (key, right) in kinds {
        let report = verify(&with(key, right), &list);
        assert_eq!(report.verdict, Verdict::Valid, "{key}: {:?}", report.failures().collect::<Vec<_>>());
        for (other, wrong) in kinds {
            if other != key {
                refused(&format!("{other} as {key}"), &with(key, wrong), &list);
            }
        }
        let last = right.len() - 1;
        let mut inner = right.clone();
        inner[4] ^= 1;
        for (name, wrong) in [
            ("text", header(&page)),
            ("text in a sequence", header(&header(&page))),
            ("text behind it", [&right[..], &page].concat()),
            ("a byte less", right[..last].to_vec()),
            ("another tag", inner),
        ] {
            refused(&format!("{key}: {name}"), &with(key, &wrong), &list);
        }
    }
    let report = verify(&with("Certs", &header(&page)), &list);
    let fact = report.fact(FactId::FileUntouched).expect("it is asked");
    assert!(fact.evidence.en.contains("is not exactly an X.509 certificate"), "{fact:?}");
    assert!(fact.evidence.vi.contains("không phải đúng là một chứng thư số X.509"), "{fact:?}");
}

#[test]
fn extensions_and_metadata_say_nothing_of_their_own() {
    let (two, _, list) = copies();
    let copy = Copy::new(&two);
    let honest = attack::validation_data(&copy);
    let with = |extensions: &str| {
        let root = String::from_utf8_lossy(&honest[0].1).into_owned();
        let root = root.replacen("<<", &format!("<< /Extensions << {extensions} >>"), 1);
        copy.update(&[&[(honest[0].0, root.into_bytes())], &honest[1..]].concat())
    };
    let esic = "/BaseVersion /1.7 /ExtensionLevel 1";
    let iso = "/BaseVersion /2.0 /ExtensionLevel 32002 /ExtensionRevision (:2022) /URL (https://www.iso.org/standard/45875.html)";
    for right in [
        format!("/ESIC << /Type /DeveloperExtensions {esic} >>"),
        format!("/ADBE << {esic} >>"),
        format!("/ISO_ [ << /Type /DeveloperExtensions {iso} >> ] /ESIC << {esic} >>"),
    ] {
        assert_eq!(verify(&with(&right), &list).verdict, Verdict::Valid, "{right}");
    }
    for wrong in [
        format!("/EVIL << {esic} >>"),
        format!("/ESIC << {esic} /URL (https://evil.example) >>"),
        format!("/ISO_ << {} >>", iso.replace("45875", "VALID")),
        format!("/ISO_ << {} >>", iso.replace(":2022", "VALID")),
        "/ESIC << /BaseVersion /VALID /ExtensionLevel 1 >>".into(),
        "/ESIC << /BaseVersion /1.7 /ExtensionLevel 4711471147 >>".into(),
        format!("/ESIC [ << {esic} >> ]"),
        format!("/ESIC << {esic} /Type /Catalog >>"),
    ] {
        refused(&wrong, &with(&wrong), &list);
    }

    let longer = extended("dss", &two);
    assert_eq!(verify(&longer, &list).verdict, Verdict::Valid);
    let tail = String::from_utf8_lossy(&longer[two.len()..]).into_owned();
    let value = |name: &str| {
        let at = tail.find(&format!("{name}=\"")).expect("the property") + name.len() + 2;
        tail[at..].split('"').next().expect("its end").to_owned()
    };
    let (date, producer) = (value("xmp:ModifyDate"), value("pdf:Producer"));
    let words = |length: usize| format!("{:<length$}", "VALID")[..length].to_owned();
    for (name, from, to) in [
        ("date", &date, words(date.len())),
        ("a day that is none", &date, date.replace("T", "x")),
        ("producer", &producer, format!("{}Ộ", words(producer.len() - "Ộ".len()))),
        ("a line", &producer, format!("{}\n", words(producer.len() - 1))),
        ("instruction", &"xpacket end=\"r\"".to_owned(), "xpacket VALID=1".to_owned()),
        ("name", &"<rdf:Seq>".to_owned(), "<rdf:WTF>".to_owned()),
    ] {
        assert_eq!(from.len(), to.len(), "{name}");
        let changed = replaced(&longer[two.len()..], from, &to);
        let report = verify(&[&two[..], &changed].concat(), &list);
        let fact = report.fact(FactId::FileUntouched).expect("it is asked");
        assert_eq!((report.verdict, fact.state), (Verdict::Invalid, State::Failed), "{name}");
        assert!(fact.evidence.vi.contains("siêu dữ liệu"), "{name}: {fact:?}");
    }
    // Another program's name is as good as pyHanko's.
    let renamed = replaced(&longer[two.len()..], &producer, &words(producer.len()).replace(' ', "-"));
    assert_eq!(verify(&[&two[..], &renamed].concat(), &list).verdict, Verdict::Valid);
}

#[test]
fn a_timestamp_before_the_issue_is_remarked_upon() {
    let (two, _, list) = copies();
    let time = |bytes: &[u8]| verify(bytes, &list).fact(FactId::Time).cloned().expect("it is asked");
    assert_eq!(time(&two).state, State::NotChecked);
    let fact = time(&extended("early", &two));
    assert_eq!(fact.state, State::Warning);
    assert!(fact.evidence.en.contains("1990-01-01"), "{fact:?}");
    assert!(fact.evidence.en.contains("earlier than the claimed time"), "{fact:?}");
    assert!(fact.evidence.vi.contains("sớm hơn thời điểm khai"), "{fact:?}");
}

#[test]
fn a_timestamp_is_right_or_refused() {
    let (two, _, list) = copies();
    let stamped = extended("stamp", &two);
    assert_eq!(verify(&stamped, &list).verdict, Verdict::Valid);
    let tail = &stamped[two.len()..];
    let find = |what: &[u8]| two.len() + memmem::find(tail, what).expect("it is there");
    let at = find(b"/Contents <") + 11;
    let end = at + memmem::find(&stamped[at..], b">").expect("its end");

    // Every byte of the token is signed or says how to read it.
    let token = 4 + usize::from_str_radix(std::str::from_utf8(&stamped[at + 4..at + 8]).expect("digits"), 16)
        .expect("digits");
    let (mut changed_all, step) = (0, token / 97);
    for byte in (0..token).step_by(step.max(1)) {
        let mut changed = stamped.clone();
        let digit = &mut changed[at + 2 * byte];
        *digit = if *digit == b'1' { b'2' } else { b'1' };
        let report = verify(&changed, &list);
        let told = state(&report, FactId::Timestamp);
        // What is neither signed nor looked at: the certificate beyond its key and names. Nothing there is believed.
        if told == Some(State::Warning) && report.verdict == Verdict::Valid {
            continue;
        }
        assert_eq!(report.verdict, Verdict::Invalid, "byte {byte}: {told:?}");
        changed_all += 1;
    }
    assert!(changed_all > 40, "{changed_all} changed tokens were refused");

    // Something else than zeros behind it.
    let mut padded = stamped.clone();
    padded[end - 1] = b'1';
    refused("padding", &padded, &list);
    // Of the same length, so that no offset moves: every one of these stands in bytes that the token digests.
    for (name, from, to) in [
        ("range", "/ByteRange [0 ", "/ByteRange [1 "),
        ("kind", "/DocTimeStamp", "/DocTimeStamq"),
        ("type", "/Type /DocTimeStamp", "/Type /Sig         "),
        ("sub-filter", "/ETSI.RFC3161", "/ETSI.RFC3162"),
        ("rectangle", "/Rect [ 0 0 0 0 ]", "/Rect [ 0 0 9 9 ]"),
        ("producer", "pyHanko 0.", "pyHanko 1."),
        ("title", "Timestamp", "Timestamq"),
        ("extension", "/ExtensionLevel 1", "/ExtensionLevel 2"),
        ("digest-alone", "(Timestamp)", "(Timestamq)"),
    ] {
        assert_eq!(from.len(), to.len());
        let place = find(from.as_bytes());
        let mut changed = stamped.clone();
        changed[place..place + to.len()].copy_from_slice(to.as_bytes());
        refused(name, &changed, &list);
    }
    // The gap that the range leaves is the token and nothing else.
    let range = find(b"/ByteRange [") + 12;
    let close = range + memmem::find(&stamped[range..], b"]").expect("its end");
    let numbers = String::from_utf8(stamped[range..close].to_vec()).expect("numbers");
    let parts: Vec<usize> = numbers.split(' ').map(|n| n.parse().expect("a number")).collect();
    for [a, b, c] in [
        [parts[1] - 1, parts[2], parts[3]],
        [parts[1], parts[2] + 1, parts[3] - 1],
        [parts[1], parts[2], parts[3] - 1],
    ] {
        let text = format!("0 {a} {b} {c}");
        if text.len() != numbers.len() {
            continue;
        }
        let mut changed = stamped.clone();
        changed[range..close].copy_from_slice(text.as_bytes());
        refused("range", &changed, &list);
    }
    // A change of a page after the stamp, and the stamp of another copy.
    let copy = Copy::new(&stamped);
    let page = Copy::new(&two).last_page();
    refused("after-the-stamp", &copy.update(&[(page, copy.body(page))]), &list);
    let mut other = two.clone();
    other.extend_from_slice(tail);
    assert_eq!(other, stamped, "the tail is all that the stamp is");
    let house = House::new("999.01", 1);
    let theirs = house.issue(&house.parts(9, vec![image(1, 300), image(2, 300)]));
    refused("another-copy's", &[&theirs[..], tail].concat(), &list);
}
