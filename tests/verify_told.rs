//! What is said of a file is true of it, to people and to scripts: each fact names what was compared, a refusal what was found, an exit code the
//! verdict.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use memchr::memmem;
use saoy::record::timestamp;
use saoy::verify::{FactId, Options, Report, State, TrustList, Verdict};
use time::Duration;

use crate::attack;
use crate::attack::pdf::{Copy, replaced, stream};
use crate::verify_additions::extended;
use crate::verify_support::{AllGood, House, NOW, Parts, image, in_vietnamese, options, trust};

fn verify(bytes: &[u8], list: &TrustList) -> Report {
    saoy::verify::verify(bytes, list, &Options { status: Some(&AllGood), ..options() })
        .expect("a trace of a copy")
}

fn state(report: &Report, id: FactId) -> Option<State> {
    report.fact(id).map(|fact| fact.state)
}

/// A folder with a house's copy, one that was changed, and a list that trusts the house.
struct Desk {
    folder: tempfile::TempDir,
    house: House,
}

impl Desk {
    fn new() -> Self {
        let (folder, house) = (tempfile::tempdir().expect("a folder"), House::new("999.01", 1));
        // The list in the houses' time would have expired by the machine's clock one day.
        let list = TrustList::new(7, NOW + Duration::days(36_500), vec![house.trusted()]).expect("a list");
        fs::write(folder.path().join("trust.json"), list.to_json()).expect("written");
        let desk = Self { folder, house };
        let copy = desk.house.copy(1);
        desk.write("good.pdf", &copy);
        desk.write("bad.pdf", &changed(&copy));
        desk
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    fn verify(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saoy"));
        command.arg("verify").arg("--trust").arg(self.folder.path().join("trust.json"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("SAOY_HOME");
        command
    }
}

/// One bit of the page image is another.
fn changed(copy: &[u8]) -> Vec<u8> {
    let mut bytes = copy.to_vec();
    let at = memmem::find(copy, b"/DCTDecode").expect("a picture");
    let at = at + memmem::find(&copy[at..], b"stream\n").expect("its bytes") + 50;
    bytes[at] ^= 1;
    bytes
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
#[cfg(unix)]
fn a_pipe_that_nobody_reads_and_a_full_disk_are_no_verdict() {
    let desk = Desk::new();
    let kinds: [&[&str]; 4] = [
        &["bad.pdf"],
        &["--json", "bad.pdf"],
        &["--json", "--allow-status-unknown", "good.pdf", "bad.pdf"],
        &["--lang", "en", "bad.pdf", "good.pdf"],
    ];
    for arguments in kinds {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = desk.verify(arguments).stdout(writer).output().expect("it runs");
        assert_eq!(code(&output), Some(141), "{arguments:?}");
        if !Path::new("/dev/full").exists() {
            continue;
        }
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
        let output = desk.verify(arguments).stdout(Stdio::from(full)).output().expect("it runs");
        let said = String::from_utf8(output.stderr.clone()).expect("UTF-8");
        assert_eq!(code(&output), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("the report could not be written"), "{said}");
    }
    assert_eq!(code(&desk.verify(&["bad.pdf"]).output().expect("it runs")), Some(1));
}

#[test]
fn same_issuer_is_said_of_what_was_compared_alone() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let parts = house.parts(1, vec![image(1, 300)]);
    let copy = house.issue(&parts);
    let whole = verify(&copy, &list);
    assert_eq!((whole.verdict, state(&whole, FactId::Issuer)), (Verdict::Valid, Some(State::Passed)));

    // Right attachments, and no signature that could be read.
    let unread = attack::pdf::replaced_last(&copy, "/ByteRange [0 ", "/ByteRange [1 ");
    let report = verify(&unread, &list);
    let fact = report.fact(FactId::Issuer).expect("it is asked");
    assert_eq!((report.verdict, fact.state), (Verdict::Invalid, State::NotChecked), "{fact:?}");
    for (vi, en) in [
        ("chứng thư số của người chứng thực", "the officer's certificate (no signature"),
        ("chứng thư số của cơ quan", "the office's certificate (no signature"),
    ] {
        assert!(fact.evidence.vi.contains(vi) && fact.evidence.en.contains(en), "{fact:?}");
    }
    // A copy without its last revision has one certificate of two.
    let report = verify(&copy[..attack::pdf::Copy::new(&copy).first_end()], &list);
    assert_eq!(state(&report, FactId::Issuer), Some(State::NotChecked), "{report:?}");
    // Without the seal there is nothing of the seal to compare, and that is said.
    let mut bare = parts.clone();
    bare.files.retain(|(name, _)| name != "seal.cose");
    let report = verify(&house.issue(&bare), &list);
    let fact = report.fact(FactId::Issuer).expect("it is asked");
    assert_eq!(fact.state, State::NotChecked);
    assert!(fact.evidence.en.contains("the seal (seal.cose is not attached)"), "{fact:?}");
    assert!(fact.evidence.vi.contains("dấu (thiếu tệp đính kèm seal.cose)"), "{fact:?}");
}

#[test]
fn a_file_is_untouched_only_where_its_bytes_are_those_that_were_signed() {
    let (house, other) = (House::new("999.01", 1), House::new("999.02", 2));
    let list = trust(&[&house, &other]);
    let (copy, theirs) = (house.copy(1), other.copy(2));
    let report = verify(&changed(&copy), &list);
    let fact = report.fact(FactId::FileUntouched).expect("it is asked");
    assert_eq!(fact.state, State::Failed, "{fact:?}");
    assert!(fact.evidence.en.contains("were changed after the officer signed them"), "{fact:?}");
    assert!(fact.evidence.vi.contains("đã bị thay đổi sau khi người chứng thực ký"), "{fact:?}");
    // The signatures' own indication stays what ETSI calls it.
    let json = serde_json::to_value(&report).expect("plain data");
    assert_eq!(json["sub_indication"], "HASH_FAILURE");

    let (mut untouched, mut all) = (0, 0);
    for attack in attack::all(&copy, &theirs) {
        let Ok(report) =
            saoy::verify::verify(&attack.bytes, &list, &Options { status: Some(&AllGood), ..options() })
        else {
            continue;
        };
        all += 1;
        let signed = [FactId::SignatureOfficer, FactId::SignatureOffice].map(|id| state(&report, id));
        if state(&report, FactId::FileUntouched) == Some(State::Passed) {
            untouched += 1;
            assert_eq!(signed, [Some(State::Passed); 2], "{}", attack.name);
        }
        if state(&report, FactId::Issuer) == Some(State::Passed) {
            let certificates = [FactId::CertificateOfficer, FactId::CertificateOffice];
            for id in certificates {
                assert!(
                    state(&report, id).is_some_and(|s| s != State::NotChecked),
                    "{}: {id:?}",
                    attack.name
                );
            }
        }
    }
    assert!(all > 150 && untouched < all / 10, "{untouched} of {all}");
}

#[test]
fn what_was_done_to_a_copy_is_told_by_its_name() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let bytes = house.issue(&house.parts(1, vec![image(1, 300), image(2, 300)]));
    let copy = Copy::new(&bytes);
    let (catalog, page, size) = (copy.with(b"/Type /Catalog"), copy.last_page(), copy.size());
    let (root, tree, contents) =
        (copy.body(catalog), copy.with(b"/Type /Pages"), copy.named(page, "Contents"));
    let keyed = |object: u32, key: &str| (object, replaced(&copy.body(object), "<<", &format!("<< {key}")));
    let annotated = || (page, replaced(&copy.body(page), "/Annots [", &format!("/Annots [{size} 0 R ")));
    let annotation = |rest: &str| (size, format!("<< /Type /Annot /Rect [0 0 90 90] {rest} >>").into_bytes());
    let with_field = |body: &[u8]| {
        let body = String::from_utf8_lossy(body).into_owned();
        let at = body.find("/Fields [").expect("a form");
        let end = at + body[at..].find(']').expect("its end");
        format!("{} {size} 0 R{}", &body[..end], &body[end..]).into_bytes()
    };
    let record = copy.attachment("record.json");
    let honest = attack::validation_data(&copy);
    let mut often = bytes.clone();
    for _ in 0..9 {
        often = Copy::new(&often).update(&honest);
    }
    let pages = String::from_utf8_lossy(&copy.body(tree)).replace("/Count 2", "/Count 3");
    let pages = pages.replace("/Kids [", &format!("/Kids [{size} 0 R "));
    let third = format!(
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Third) /F 132 /Rect [0 0 0 0] /P {page} 0 R /V {} 0 R >>",
        size + 1
    );
    let signature = b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /Contents <00> /ByteRange [0 1 2 3] >>";
    let appended = [
        (
            "box",
            vec![(contents, stream("", b"1 1 1 rg 0 0 300 842 re f"))],
            "changes what page 2 draws",
            "sửa nội dung vẽ của trang 2",
        ),
        ("rotate", vec![keyed(page, "/Rotate 180 ")], "changes page 2 (object", "sửa trang 2 (đối tượng"),
        ("rotate", vec![keyed(page, "/Rotate 180 ")], ": /Rotate)", ": /Rotate)"),
        ("crop", vec![keyed(page, "/CropBox [0 0 9 9] ")], ": /CropBox)", ": /CropBox)"),
        (
            "stamp",
            vec![annotated(), annotation("/Subtype /Stamp")],
            "adds an annotation /Stamp",
            "thêm một chú thích /Stamp",
        ),
        ("note", vec![annotated(), annotation("/Subtype /Text")], "changes page 2 (object", ": /Annots)"),
        ("page", vec![(tree, pages.into_bytes()), (size, copy.body(page))], "adds a page", "thêm một trang"),
        (
            "record",
            vec![(record, stream("/Type /EmbeddedFile", b"{}"))],
            "changes the attachment record.json",
            "sửa tệp đính kèm record.json",
        ),
        (
            "script",
            vec![keyed(catalog, "/OpenAction [1 0 R /Fit] ")],
            "changes the catalog: /OpenAction",
            "sửa mục gốc của tệp (/Catalog): /OpenAction",
        ),
        (
            "language",
            vec![(catalog, replaced(&root, "(vi-VN)", "(en-US)"))],
            "changes the catalog: /Lang",
            "(/Catalog): /Lang",
        ),
        ("nothing", vec![(catalog, root.clone())], "adds nothing", "không thêm gì"),
        (
            "signature",
            vec![
                (catalog, with_field(&root)),
                annotated(),
                (size, third.into_bytes()),
                (size + 1, signature.to_vec()),
            ],
            "adds another signature",
            "thêm một chữ ký số khác",
        ),
    ];
    let appended = appended.map(|(name, mut objects, en, vi)| {
        objects.sort_by_key(|(number, _)| *number);
        (name, copy.update(&objects), en, vi)
    });
    let more = [
        ("nine updates", often, "the file was written 11 times", "tệp được ghi 11 lần"),
        ("pyHanko's signature", extended("sign", &bytes), " signature", "chữ ký số"),
        ("in place", replaced(&bytes, "/Lang (vi", "/Lanh (vi"), "the catalog has /Lanh", "/Lanh"),
    ];
    for (name, bytes, en, vi) in appended.into_iter().chain(more) {
        let report = verify(&bytes, &list);
        let fact = report.fact(FactId::FileUntouched).expect("it is asked");
        assert_eq!((report.verdict, fact.state), (Verdict::Invalid, State::Failed), "{name}");
        assert!(fact.evidence.en.contains(en), "{name}: {}", fact.evidence.en);
        assert!(fact.evidence.vi.contains(vi), "{name}: {}", fact.evidence.vi);
        in_vietnamese(&fact.evidence.vi);
    }
}

#[test]
fn revocation_is_said_not_to_have_been_asked() {
    let house = House::new("999.01", 1);
    let report = verify(&house.copy(1), &trust(&[&house]));
    for id in [FactId::CertificateOfficer, FactId::CertificateOffice] {
        let fact = report.fact(id).expect("it is asked");
        assert_eq!(fact.state, State::Passed);
        assert!(
            fact.evidence.en.contains("whether the certificate was revoked was not asked (no CRL, no OCSP)")
        );
        assert!(fact.evidence.vi.contains("không hỏi CRL hay OCSP"));
        in_vietnamese(&fact.evidence.vi);
    }
}

#[test]
fn names_times_and_numbers_that_differ_are_told() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let right = house.parts(1, vec![image(1, 300)]);
    let told = |change: &dyn Fn(&mut Parts), id: FactId| {
        let mut parts = right.clone();
        change(&mut parts);
        house.attach(&mut parts);
        let report = verify(&house.issue(&parts), &list);
        let fact = report.fact(id).expect("it is asked").clone();
        in_vietnamese(&fact.evidence.vi);
        (report.verdict, fact.state, fact.evidence)
    };
    let officer = |name: &str| {
        let name = name.to_owned();
        told(
            &|parts| parts.record.officer.as_mut().expect("one").name.clone_from(&name),
            FactId::CertificateOfficer,
        )
    };
    for same in ["Lê Văn Mẫu", "LÊ VĂN MẪU"] {
        let (verdict, state, evidence) = officer(same);
        assert_eq!((verdict, state), (Verdict::Valid, State::Passed), "{same}: {evidence:?}");
    }
    let (verdict, state, evidence) = officer("Nguyễn Văn Giả");
    assert_eq!((verdict, state), (Verdict::Valid, State::Warning), "{evidence:?}");
    assert!(evidence.en.contains("the record names “Nguyễn Văn Giả” as the officer"), "{evidence:?}");
    assert!(evidence.vi.contains("chứng thư số là của “Lê Văn Mẫu”"), "{evidence:?}");

    let (verdict, state, evidence) =
        told(&|parts| parts.record.converted_at = timestamp(NOW - Duration::hours(3)), FactId::CopyId);
    assert_eq!((verdict, state), (Verdict::Invalid, State::Failed), "{evidence:?}");
    assert!(evidence.en.contains("converted at 2026-11-22T10:04:05+07:00"), "{evidence:?}");

    let titled = |title: &str| {
        let title = title.to_owned();
        told(&|parts| parts.title.clone_from(&title), FactId::CopyId)
    };
    for same in ["Bản sao", "Bản sao chứng thực số 1, quyển số 2026 - SCT/BS", "Bản số hóa số 1/2026"]
    {
        let (verdict, state, evidence) = titled(same);
        assert_eq!((verdict, state), (Verdict::Valid, State::Passed), "{same}: {evidence:?}");
    }
    let (_, state, evidence) = titled("Bản sao chứng thực số 77, quyển số 2026 - SCT/BS");
    assert_eq!(state, State::Warning, "{evidence:?}");
    assert!(evidence.en.contains("says number 77, the record 1"), "{evidence:?}");
}

#[test]
#[cfg(unix)]
fn what_cannot_be_verified_is_said_in_the_readers_language() {
    let desk = Desk::new();
    desk.write("empty.pdf", b"");
    desk.write("photo.pdf", b"\xff\xd8\xff\xe0 a photograph");
    desk.write("other.pdf", b"%PDF-1.7\n%%EOF\n");
    fs::create_dir(desk.folder.path().join("folder")).expect("made");
    assert!(Command::new("mkfifo").arg(desk.folder.path().join("pipe")).status().expect("it runs").success());
    for (file, code_of, vi, en) in [
        ("empty.pdf", "not-a-copy", "tệp trống", "the file is empty"),
        ("photo.pdf", "not-a-copy", "tệp là ảnh JPEG, không phải PDF", "the file is a JPEG image, not a PDF"),
        ("other.pdf", "not-a-copy", "tệp là PDF, nhưng không phải bản sao", "but not a Saoy copy"),
        ("none.pdf", "unreadable", "không đọc được: không có tệp này", "cannot be read: "),
        ("folder", "no-copies", "trong đó không có tệp PDF nào", "no PDF file is in it"),
        ("pipe", "not-a-file", "đây là đường ống (pipe), không phải tệp", "it is a pipe, not a file"),
    ] {
        let said = |lang: &str| {
            let output = desk.verify(&["--lang", lang, file]).output().expect("it runs");
            assert_eq!(code(&output), Some(2), "{file}");
            String::from_utf8(output.stderr).expect("UTF-8")
        };
        let (vietnamese, english) = (said("vi"), said("en"));
        for (text, words) in [(&vietnamese, vi), (&english, en)] {
            assert!(text.contains(words) && text.contains(&format!("[{code_of}]")), "{file}: {text}");
        }
        let plain = vietnamese
            .replace(file, "")
            .replace(code_of, "")
            .replace("--seal", "")
            .replace("saoy verify", "");
        in_vietnamese(&plain);
        if code_of == "not-a-copy" {
            assert!(vietnamese.contains("--seal") && english.contains("--seal"), "{vietnamese}{english}");
        }
        // Scripts are told the same whatever the people read.
        let output = desk.verify(&["--json", file]).output().expect("it runs");
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
        assert_eq!(line["error"]["code"], code_of);
        assert!(line["error"]["message"].as_str().is_some_and(|message| message.contains(en)), "{line}");
    }
    let unpinned = |lang: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saoy"));
        command.args(["verify", "--lang", lang, "good.pdf"]).current_dir(desk.folder.path());
        let output =
            command.env_remove("SAOY_HOME").env("SAOY_TRUST", desk.folder.path().join("pin")).output();
        let output = output.expect("it runs");
        assert_eq!(code(&output), Some(2));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    assert!(unpinned("vi").contains("không có gì cho biết cơ quan nào được tin cậy"));
    assert!(unpinned("en").contains("nothing says which offices are trusted"));
}

#[test]
fn each_fact_says_as_of_when_it_stands() {
    let (house, day) = (House::new("999.01", 1), Duration::days(1));
    let made = NOW - day;
    let list = trust(&[&house]).issued_at(made).expect("before its expiry");
    let now = NOW + day;
    let options = Options { status: Some(&AllGood), now };
    let report = saoy::verify::verify(&house.copy(1), &list, &options).expect("a copy");
    assert_eq!(report.verdict, Verdict::Valid);
    let claimed = report.signatures[0].claimed_time.as_deref().expect("a time");
    let claimed = saoy::record::parse_timestamp(claimed).expect("RFC 3339");
    for fact in &report.facts {
        let expected = match (fact.state, fact.id) {
            (State::NotChecked, _) => None,
            // By keys that the list vouches for.
            (_, FactId::Issuer | FactId::Seal | FactId::Checkpoint) => Some(made),
            // At the time of which the signers speak.
            (_, FactId::CertificateOfficer | FactId::CertificateOffice) => Some(claimed),
            // The source's own.
            (_, FactId::Status) => Some(NOW),
            // By the bytes alone.
            _ => Some(now),
        };
        assert_eq!(fact.as_of, expected, "{fact:?}");
    }
    let trust_list = &report.fact(FactId::TrustList).expect("there").evidence;
    assert!(trust_list.en.contains(&format!("made at {}", timestamp(made))), "{trust_list:?}");

    let undated = saoy::verify::verify(&house.copy(1), &trust(&[&house]), &options).expect("a copy");
    assert_eq!(undated.fact(FactId::Seal).expect("there").as_of, None);
    let damaged = verify(&changed(&house.copy(1)), &list);
    let untouched = damaged.fact(FactId::FileUntouched).expect("there");

    assert_eq!(
        (untouched.state, untouched.as_of),
        (State::Failed, Some(crate::verify_support::options().now))
    );
}

#[test]
fn what_is_given_to_verify_against_is_refused_in_both_languages() {
    let desk = Desk::new();
    let copy = desk.house.copy(2);
    desk.write("copy.pdf", &copy);
    desk.write("broken.json", b"{\"version\":1");
    desk.write("note", b"{}\n\n\xe2\x80\x94 nobody AAAA\n");
    desk.write("policy", b"log none\nwitness\n");
    desk.write("receipt", b"no receipt\n");
    let long = desk.house.trusted();
    let newer = TrustList::new(8, NOW, vec![long]).expect("a list").to_json().replacen(
        "\"version\": 1",
        "\"version\": 9",
        1,
    );
    desk.write("newer.json", newer.as_bytes());
    let refused: [(&[&str], &str, &str, &str); 9] = [
        (
            &["--trust", "trust.json", "--seal", "hello"],
            "no-seal",
            "neither the text",
            "cũng không phải là tệp",
        ),
        (
            &["--trust", "copy.pdf", "good.pdf"],
            "bad-trust-list",
            "PDF, not a trust list",
            "không phải danh sách",
        ),
        (&["--trust", "broken.json", "good.pdf"], "bad-trust-list", "malformed", "đã hỏng"),
        (&["--trust", "newer.json", "good.pdf"], "bad-trust-list", "version 9", "phiên bản 9"),
        (
            &["--trust", "none.json", "good.pdf"],
            "trust",
            "none.json: cannot be read",
            "none.json: không đọc được",
        ),
        (
            &["--trust", "trust.json", "--policy", "policy", "good.pdf"],
            "bad-policy",
            "policy: it is no",
            "chính sách",
        ),
        (
            &["--trust", "trust.json", "--policy", "none", "good.pdf"],
            "unreadable",
            "none: cannot",
            "none: không đọc",
        ),
        (
            &["--trust", "trust.json", "--status", "none", "good.pdf"],
            "no-status-file",
            "none: cannot",
            "none: không đọc",
        ),
        (&["--trust", "trust.json", "--seal", "SC1:ABC"], "bad-seal", "seal", "không phải là dấu"),
    ];
    for (arguments, code_of, english, vietnamese) in refused {
        for (language, words) in [("en", english), ("vi", vietnamese)] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_saoy"));
            command.args(["verify", "--lang", language]).args(arguments).current_dir(desk.folder.path());
            let output = command.env_remove("SAOY_HOME").output().expect("saoy runs");
            let said = String::from_utf8(output.stderr.clone()).expect("UTF-8");
            assert_eq!(code(&output), Some(2), "{arguments:?}: {said}");
            assert!(said.contains(words) && said.contains(&format!("[{code_of}]")), "{arguments:?}: {said}");
            if language == "vi" {
                for line in said.lines() {
                    in_vietnamese(line.trim_start_matches("error: "));
                }
            }
        }
    }
}

#[test]
fn a_list_of_names_that_windows_wrote_is_read() {
    let desk = Desk::new();
    let mut command = desk.verify(&["--ndjson"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("saoy runs");
    let mut input = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut input, b"good.pdf\r\n\r\nbad.pdf\r\n").expect("written");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let reports = String::from_utf8(output.stdout).expect("UTF-8");
    let verdict =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["verdict"].clone();
    let verdicts: Vec<_> = reports.lines().map(verdict).collect();
    assert_eq!(verdicts, ["authentic-status-unknown", "invalid"]);
}

#[test]
fn fields_stand_in_the_order_of_their_form() {
    let desk = Desk::new();
    let output = desk.verify(&["--lang", "en", "good.pdf"]).output().expect("saoy runs");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let at = |name: &str| said.find(&format!("\n  {name}: ")).unwrap_or_else(|| panic!("{name}: {said}"));
    let places = ["Child name", "Child dob", "Child ethnicity", "Father name"].map(at);
    assert!(places.is_sorted(), "{said}");
}
