//! What the certify room promises, from outside and without other people's tools.

use crate::certify_common;
use certify_common::*;
use saoy::certify::{self, Act, Acts, CertifyError, CopyPage, Fonts, Strip, page_digest, page_digests};
use saoy::record::{self, Role};
use saoy::scan::{ColorSpace, Filter};
use saoy::signature::DigestAlgorithm;

const ROLES: [Role; 2] = [Role::Officer, Role::Office];

fn signed(pages: Vec<CopyPage>) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keys = office_keys(folder.path(), false);
    sign(draft(pages, record::Act::Certification, false, Some(seal_text())), &keys)
}

#[test]
fn the_strict_reader_sees_what_was_attested() {
    let pages = every_kind();
    let attested = page_digests(pages.iter().map(|page| &page.stored)).expect("every page can be stored");
    let copy = signed(pages);
    assert_eq!(saoy::verify::examine(&copy).expect("the strict reader takes the copy"), attested);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert!(signed(every_kind()) == signed(every_kind()));
}

#[test]
fn the_second_revision_adds_a_signature_and_nothing_else() {
    let copy = signed(vec![text_page(620, 877, 75.0, 16.0)]);
    let text = String::from_utf8_lossy(&copy);
    let ends: Vec<usize> = text.match_indices("%%EOF\n").map(|(at, found)| at + found.len()).collect();
    assert_eq!(ends.len(), 2);
    let first_end = copy.windows(6).position(|window| window == b"%%EOF\n").expect("revision 1 ends") + 6;
    let added = String::from_utf8_lossy(&copy[first_end..]);
    assert_eq!(added.matches(" 0 obj\n").count(), 2, "the field and its signature");
    assert_eq!(added.matches("/T (saoy-office)").count(), 1);
    assert_eq!(added.matches("/Type /Sig ").count(), 1);
    assert!(added.contains("/Prev ") && !added.contains("/T (saoy-officer)"));
}

#[test]
fn the_officer_s_signature_does_not_depend_on_the_office_s() {
    // Revision 1 is a prefix of the finished copy: what the officer signed is still there.
    let prepare = || {
        let draft = draft(vec![rgb_page()], record::Act::Certification, false, None);
        draft.prepare(Role::Officer, "Trần Thị Ví Dụ", NOW).expect("the officer's turn")
    };
    let request = prepare().to_be_signed(DigestAlgorithm::Sha256);
    assert_eq!(prepare().to_be_signed(DigestAlgorithm::Sha256), request);
    assert_ne!(prepare().to_be_signed(DigestAlgorithm::Sha512).digest, request.digest);
    let [zero, a, b, c] = request.byte_range;
    let bytes = prepare().bytes().to_vec();
    assert_eq!((zero, b + c), (0, bytes.len() as u64));
    assert_eq!((bytes[a as usize], bytes[b as usize - 1]), (b'<', b'>'));
    // The request travels.
    let sent = serde_json::to_string(&request).expect("it can be written");
    assert_eq!(serde_json::from_str::<certify::ToBeSigned>(&sent).expect("it reads back"), request);
}

#[test]
fn signatures_come_in_order_and_fit() {
    let draft = || draft(vec![rgb_page()], record::Act::Certification, false, None);
    let early = draft().prepare(Role::Office, "x", NOW).map(|_| ()).expect_err("the officer comes first");
    assert!(
        matches!(early, CertifyError::Turn { expected: Some(Role::Officer), role: Role::Office }),
        "{early}"
    );
    let unsigned = draft().into_copy().expect_err("nobody has signed");
    assert!(matches!(unsigned, CertifyError::Unsigned { role: Role::Officer }), "{unsigned}");
    let prepared = draft().prepare(Role::Officer, "x", NOW).expect("the officer's turn");
    let long = prepared.finish(&[0x30; 40_000]).map(|_| ()).expect_err("too long");
    assert!(matches!(long, CertifyError::Gap { length: 40_000, .. }), "{long}");
    let one =
        draft().prepare(Role::Officer, "x", NOW).expect("its turn").finish(&[0x30, 0]).expect("it fits");
    assert!(one.into_copy().is_err());
}

fn compose(pages: Vec<CopyPage>, signers: &[Role]) -> Result<certify::Draft, CertifyError> {
    let fonts = Fonts::find().expect("fonts-liberation2 is installed");
    let strip = Strip { lines: Vec::new(), qr: None, trial: false };
    certify::compose(pages, &strip, &[], &metadata(), signers, &fonts)
}

#[test]
fn a_copy_needs_pages_and_signers() {
    assert!(matches!(compose(Vec::new(), &ROLES), Err(CertifyError::NoPage)));
    assert!(matches!(compose(vec![rgb_page()], &[]), Err(CertifyError::NoSigner)));
}

#[test]
fn sizes_that_no_page_has_are_refused() {
    for dpi in [0.0, f64::NAN, -72.0, f64::INFINITY, 1e9, 1e-12] {
        let page = CopyPage { dpi: [dpi, 72.0], ..rgb_page() };
        let error = compose(vec![rgb_page(), page], &ROLES).map(|_| ()).expect_err("no such size");
        assert!(matches!(error, CertifyError::PageSize { page: 2, .. }), "{dpi}: {error}");
    }
}

#[test]
fn a_page_beyond_the_limit_gets_larger_units() {
    // 400 pixels at 1 dpi: 28800 points, twice what a page may have.
    let copy = signed(vec![CopyPage { dpi: [1.0, 1.0], ..rgb_page() }]);
    assert!(String::from_utf8_lossy(&copy).contains("/UserUnit 2 "));
    saoy::verify::examine(&copy).expect("the strict reader takes it");
}

#[test]
fn images_that_pdfa_forbids_are_refused() {
    let good = || rgb_page().stored;
    type Change = fn(&mut saoy::scan::StoredImage);
    let cases: [(Change, &str); 9] = [
        (|image| image.data = [].into(), "empty"),
        (|image| image.width = 0, "empty"),
        (|image| image.bits = 12, "12 bits"),
        (|image| image.decode = Some(vec![1, 0]), "/Decode has 2 numbers for 3"),
        (|image| image.color_space = ColorSpace::InStream, "only JPEG 2000"),
        (|image| image.color_space = ColorSpace::Indexed { table: [1, 2].into() }, "palette of 2"),
        (|image| image.color_space = ColorSpace::Icc { components: 2, profile: [].into() }, "2 components"),
        (|image| image.filter = Filter::Jbig2 { globals: None }, "JBIG2Decode with 8 bits"),
        (|image| image.filter = Filter::Jpx, "no JP2 header"),
    ];
    for (change, why) in cases {
        let mut image = good();
        change(&mut image);
        let error = page_digest(&image).expect_err(why).to_string();
        assert!(error.contains(why), "{error} / {why}");
        assert!(compose(vec![page(image, 100.0)], &ROLES).is_err(), "{why}");
    }
}

#[test]
fn a_profile_that_pdfa_forbids_is_replaced_and_the_digest_says_so() {
    let mut image = rgb_page().stored;
    image.color_space = ColorSpace::Icc { components: 3, profile: [0; 200].into() };
    assert_eq!(page_digest(&image).expect("it can be stored").color_space, "DeviceRGB");
    image.color_space = ColorSpace::Cmyk { profile: Some([0; 200].into()) };
    assert!(page_digest(&image).expect("it can be stored").color_space.starts_with("ICCBased:4:"));
}

#[test]
fn pages_with_the_same_profile_share_it() {
    let cmyk = || every_kind().swap_remove(3);
    let one = signed(vec![cmyk()]).len();
    let three = signed(vec![cmyk(), cmyk(), cmyk()]).len();
    assert!(three - one < 4000 + 2 * cmyk().stored.data.len(), "{}", three - one);
}

#[test]
fn the_acts_load_and_say_who_signs() {
    let acts = Acts::builtin().expect("the acts load");
    assert_eq!(acts.all().len(), 3);
    let certification = acts.get(record::Act::Certification).expect("it is issued");
    assert_eq!(certification.signers(false), ROLES);
    assert_eq!(certification.signers(true), [Role::Office]);
    assert_eq!(acts.get(record::Act::AgencyCopy).expect("it is issued").signers(false), [Role::Office]);
    let refused = acts.get(record::Act::Digitisation).map(|_| ()).expect_err("it is not issued");
    assert!(
        refused.to_string().contains("digitisation") && refused.to_string().contains("TT 01/2023"),
        "{refused}"
    );
    // The same from the folder.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/acts");
    assert_eq!(Acts::load(&folder).expect("the folder loads").all().len(), 3);
    assert!(matches!(Acts::load(&folder.join("nowhere")), Err(CertifyError::Read { .. })));
}

#[test]
fn the_fee_follows_the_tiers_and_the_cap() {
    let acts = Acts::builtin().expect("the acts load");
    let fee = |pages| acts.get(record::Act::Certification).expect("it is issued").fee(pages);
    let known = [(0, 0), (1, 2000), (2, 4000), (3, 5000), (10, 12_000), (198, 200_000), (500, 200_000)];
    for (pages, amount) in known {
        assert_eq!(fee(pages), Some(amount), "{pages} pages");
    }
    assert_eq!(acts.get(record::Act::AgencyCopy).expect("it is issued").fee(9), None);
}

#[test]
fn what_is_only_recalled_is_not_printed() {
    let acts = Acts::builtin().expect("the acts load");
    let act = acts.get(record::Act::Certification).expect("it is issued");
    let strip = act.strip(&record(false, record::Act::Certification), "00", None).expect("a strip");
    let text: Vec<&str> = strip.lines.iter().map(|line| line.text.as_str()).collect();
    let text = text.join("\n");
    assert!(text.contains("Số chứng thực 12 quyển số 2026 - SCT/BS\nNgày 22 tháng 11 năm 2026"), "{text}");
    assert!(text.contains("22/11/2026 20:15:00 +07:00") && !text.contains("ghi rõ họ"), "{text}");
}

#[test]
fn a_value_that_the_record_lacks_is_asked_for() {
    let acts = Acts::builtin().expect("the acts load");
    let act = acts.get(record::Act::Certification).expect("it is issued");
    let mut record = record(false, record::Act::Certification);
    record.issued_at = "yesterday".into();
    record.converted_at = "yesterday".into();
    let error = act.strip(&record, "00", None).expect_err("no such time");
    assert!(matches!(&error, CertifyError::Value { name } if name == "converted_at"), "{error}");
}

const ACT: &str = r##"id = "agency-copy"
name = "x"
book = "SY"
title = "t"
conversion = "c"
signers = ["office"]
sources = []

[[line]]
text = "a {number}"
size = 10
color = "#000000"
wording = "own"
source = "s"
"##;

#[test]
fn a_wrong_act_file_is_named_with_its_line() {
    Act::parse("x.toml", ACT).expect("the file as it is");
    let cases = [
        ("size = 10", "size = 10\nsiez = 4", 12, "siez"),
        ("name = \"x\"", "nmae = \"x\"", 2, "nmae"),
        ("{number}", "{nubmer}", 10, "nubmer"),
        ("#000000", "black", 12, "#rrggbb"),
        ("#000000", "#00é00", 12, "#rrggbb"),
        ("size = 10", "size = 900", 11, "4 to 72"),
        ("[\"office\"]", "[]", 6, "signer"),
        ("[\"office\"]", "[\"chief\"]", 6, "chief"),
        ("title = \"t\"", "title = \"{x}\"", 4, "{x}"),
        (
            "sources = []",
            "sources = []\nfee = { source = \"s\", tiers = [{ from_page = 2, amount = 1 }] }",
            8,
            "page 1",
        ),
        ("wording = \"own\"", "wording = \"law\"", 13, "law"),
        ("id = \"agency-copy\"", "id = ", 1, ""),
    ];
    for (from, to, line, word) in cases {
        let error = Act::parse("x.toml", &ACT.replace(from, to)).expect_err(to);
        let CertifyError::Act { file, line: found, message } = &error else { panic!("{error}") };
        assert_eq!((file.as_str(), *found), ("x.toml", line), "{to}: {message}");
        assert!(message.contains(word), "{to}: {message}");
    }
}
