//! Seals and their QR texts from outside: round trips, and one input a refusal.

use std::collections::BTreeMap;

use crate::format_fixture;
use ciborium::Value;
use coset::{CborSerializable as _, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable as _, iana};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use format_fixture::{Example, example};
use proptest::prelude::*;
use saoy::record::{Act, Digest};
use saoy::seal::{
    self, MAX_QR_CHARS, Seal, SealError, UnverifiedSeal, from_qr_text, qr_text, sign, sign_to_fit, verify,
};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn plain() -> Seal {
    Seal {
        office_code: "999".into(),
        key_id: seal::key_id(&key().verifying_key()),
        index: 41,
        record: Digest([8; 32]),
        act: Act::Certification,
        trial: false,
        number: "12/2026".into(),
        date: 20_779,
        pages: 2,
        values: BTreeMap::new(),
        omitted: Vec::new(),
    }
}

proptest! {
    #[test]
    fn seals_read_back(
        office in "[A-Z][0-9]{2}(\\.[0-9]{1,4})?", index in 0_u64..(1 << 53), record in any::<[u8; 32]>(),
        act in prop::sample::select(vec![Act::Digitisation, Act::AgencyCopy, Act::Certification]), trial in any::<bool>(),
        number in 1_u64..(1 << 53), date in 0_u32..2_932_897, pages in 1_u32.., names in "[a-z_]{1,30}", omitted in "[A-Z]{0}[a-z]{1,8}",
        value in "[\\PC]{1,40}",
    ) {
        let value: String = unicode_normalization::UnicodeNormalization::nfc(value.as_str()).collect();
        let values = BTreeMap::from([(names.clone(), value.clone()), ("zz9".into(), value.clone()), ("b".repeat(24), value)]);
        let omitted = if values.contains_key(&omitted) { vec![] } else { vec![omitted] };
        let seal = Seal {
            office_code: office, index, record: Digest(record), act, trial, number: format!("{number}/2026"), date, pages,
            values, omitted, ..plain()
        };
        let cose = sign(&seal, &key()).expect("a seal");
        prop_assert_eq!(verify(&cose, &key().verifying_key()), Ok(seal.clone()));
        prop_assert_eq!(sign(&seal, &key()), Ok(cose));
    }

    #[test]
    fn no_bytes_make_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = UnverifiedSeal::parse(&bytes);
        let _ = UnverifiedSeal::parse(&[b"\xd2\x84".as_slice(), &bytes].concat());
        let _ = from_qr_text(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn every_bit_counts() {
    let Example { seal_key, cose, .. } = example();
    let public = seal_key.verifying_key();
    assert!(verify(&cose, &public).is_ok());
    for bit in 0..cose.len() * 8 {
        let mut changed = cose.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(verify(&changed, &public).is_err(), "bit {bit}");
    }
    for length in 0..cose.len() {
        assert!(UnverifiedSeal::parse(&cose[..length]).is_err());
    }
    assert_eq!(
        UnverifiedSeal::parse(&[cose.as_slice(), &[0]].concat()).err(),
        Some(SealError::Cose("not a tagged COSE_Sign1"))
    );
}

#[test]
fn a_seal_belongs_to_one_key() {
    let cose = sign(&plain(), &key()).expect("a seal");
    let other = SigningKey::from_bytes(&[6; 32]);
    assert_eq!(verify(&cose, &other.verifying_key()), Err(SealError::Key));
    assert_eq!(sign(&plain(), &other), Err(SealError::Key));
    let unverified = UnverifiedSeal::parse(&cose).expect("a seal");
    assert_eq!((unverified.office_code(), unverified.index()), ("999", 41));
    assert_eq!(unverified.key_id(), seal::key_id(&key().verifying_key()));
    // A key under whose id another one signed.
    let forged = build(&[], |header| header, payload(&[]), b"saoy/seal/v1", &other);
    assert_eq!(verify(&forged, &key().verifying_key()), Err(SealError::Signature));
    // The same signature for another purpose.
    let other_purpose = build(&[], |header| header, payload(&[]), b"", &key());
    assert_eq!(verify(&other_purpose, &key().verifying_key()), Err(SealError::Signature));
    // The neutral element as key, with which a signature of the neutral element verifies for every text.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let weak = VerifyingKey::from_bytes(&neutral).expect("a point");
    let seal = Seal { key_id: seal::key_id(&weak), ..plain() };
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(seal.key_id.to_vec()).build();
    let mut signature = [0; 64];
    signature[0] = 1;
    let sign1 =
        CoseSign1Builder::new().protected(header).payload(payload(&[])).signature(signature.to_vec()).build();
    let cose = sign1.to_tagged_vec().expect("COSE");
    assert_eq!(verify(&cose, &weak), Err(SealError::Signature));
}

/// The payload of [`plain`] with some members changed; an absent value leaves the member out.
fn payload(changes: &[(i64, Option<Value>)]) -> Vec<u8> {
    let mut members: BTreeMap<i64, Value> = BTreeMap::from([
        (1, Value::from(1)),
        (2, Value::from("999")),
        (3, Value::from(41)),
        (4, Value::from(vec![8_u8; 32])),
        (5, Value::from(3)),
        (6, Value::from("12/2026")),
        (7, Value::from(20_779)),
        (8, Value::from(2)),
    ]);
    for (key, value) in changes {
        match value {
            Some(value) => drop(members.insert(*key, value.clone())),
            None => drop(members.remove(key)),
        }
    }
    Value::Map(members.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
        .to_vec()
        .expect("CBOR")
}

/// A COSE_Sign1 that is signed right, whatever it says.
fn build(
    unprotected_kid: &[u8],
    change: impl FnOnce(HeaderBuilder) -> HeaderBuilder,
    payload: Vec<u8>,
    aad: &[u8],
    key: &SigningKey,
) -> Vec<u8> {
    let id = seal::key_id(&self::key().verifying_key());
    let header = change(HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(id.to_vec())).build();
    let mut builder = CoseSign1Builder::new().protected(header).payload(payload);
    if !unprotected_kid.is_empty() {
        builder = builder.unprotected(HeaderBuilder::new().key_id(unprotected_kid.to_vec()).build());
    }
    let sign1 = builder.create_signature(aad, |bytes| key.sign(bytes).to_bytes().to_vec()).build();
    sign1.to_tagged_vec().expect("COSE")
}

#[test]
fn seals_refuse_what_is_signed_but_not_theirs() {
    let good = build(&[], |h| h, payload(&[]), b"saoy/seal/v1", &key());
    assert_eq!(good, sign(&plain(), &key()).expect("a seal"));
    let refused = |cose: &[u8]| UnverifiedSeal::parse(cose).expect_err("refused");
    let one_form = SealError::Cose("not in the one form that this profile has");
    let header = |change: fn(HeaderBuilder) -> HeaderBuilder| {
        refused(&build(&[], change, payload(&[]), b"saoy/seal/v1", &key()))
    };
    assert_eq!(header(|h| h.algorithm(iana::Algorithm::ES256)), one_form);
    assert_eq!(header(|h| h.content_type("text/plain".into())), one_form);
    assert_eq!(header(|h| h.key_id(vec![1; 7])), SealError::Cose("the key's id is not 8 bytes"));
    assert_eq!(refused(&build(b"kid", |h| h, payload(&[]), b"saoy/seal/v1", &key())), one_form);
    // Untagged, and with the payload left out.
    assert_eq!(refused(&good[1..]), SealError::Cose("not a tagged COSE_Sign1"));
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(vec![0; 8]).build();
    let detached = CoseSign1Builder::new()
        .protected(header)
        .signature(vec![0; 64])
        .build()
        .to_tagged_vec()
        .expect("COSE");
    assert_eq!(refused(&detached), SealError::Cose("no payload"));
    assert_eq!(refused(&[0; 2049]), SealError::Cose("too long"));

    let raw = |bytes: Vec<u8>| refused(&build(&[], |h| h, bytes, b"saoy/seal/v1", &key()));
    // The same content, but the members in another order, a number or a length wider than it needs be, open-ended.
    let bytes = payload(&[]);
    assert_eq!(bytes[..5], [0xa8, 0x01, 0x01, 0x02, 0x63]);
    assert_eq!(raw([&[0xa8, 0x02, 0x63, b'9', b'9', b'9', 0x01, 0x01], &bytes[8..]].concat()), one_form);
    assert_eq!(raw([&[0xa8, 0x01, 0x18, 0x01], &bytes[3..]].concat()), one_form);
    assert_eq!(raw([&[0xb8, 0x08], &bytes[1..]].concat()), one_form);
    assert_eq!(raw([&[0xbf], &bytes[1..], &[0xff]].concat()), one_form);
    assert_eq!(raw([&[0xa9], &bytes[1..], &[0x08, 0x02]].concat()), SealError::Content("a key comes twice"));
    assert_eq!(raw([bytes.as_slice(), &[0]].concat()), SealError::Content("not a map"));
    assert_eq!(raw(b"".to_vec()), SealError::Content("not a map"));
    assert_eq!(
        raw(Value::Map(vec![(Value::from("a"), Value::from(1))]).to_vec().expect("CBOR")),
        SealError::Content("a key is not a number")
    );

    let content = |key: i64, value: Option<Value>, problem: &'static str| {
        assert_eq!(raw(payload(&[(key, value)])), SealError::Content(problem), "{key}");
    };
    content(1, Some(Value::from(2)), "another version than 1");
    content(1, None, "another version than 1");
    content(2, None, "no office");
    content(2, Some(Value::from("9 9")), "not an office's code");
    content(3, None, "no index");
    content(3, Some(Value::from(-1)), "no index");
    content(3, Some(Value::from(1_u64 << 53)), "the index is beyond 2^53 - 1");
    content(4, Some(Value::from(vec![8_u8; 31])), "no digest of the record");
    content(5, Some(Value::from(4)), "no act, or an unknown one");
    content(6, None, "no number");
    for number in
        ["12", "012/2026", "0/2026", "12/26", "12/02026", "12/2026/1", "a/2026", "+1/2026", "12/0026"]
    {
        content(6, Some(Value::from(number)), "the number is not as 12/2026");
    }
    content(7, None, "no date");
    content(7, Some(Value::from(2_932_897)), "the date is after the year 9999");
    content(8, Some(Value::from(0)), "no page");
    content(8, Some(Value::from(1_u64 << 32)), "no page count");
    content(11, Some(Value::from(1)), "a trial mark that is not true");
    content(12, Some(Value::from(1)), "an unknown member");
    content(-1, Some(Value::from(1)), "a key is not a number");
    // What is empty or false is left out.
    let spare = |key: i64, value: Value| assert_eq!(raw(payload(&[(key, Some(value))])), one_form, "{key}");
    spare(9, Value::Map(vec![]));
    spare(10, Value::Array(vec![]));
    spare(11, Value::Bool(false));

    let map = |members: &[(&str, &str)]| {
        Some(Value::Map(members.iter().map(|(n, v)| (Value::from(*n), Value::from(*v))).collect()))
    };
    let list = |names: &[&str]| Some(Value::Array(names.iter().map(|n| Value::from(*n)).collect()));
    content(9, list(&["a"]), "values that are no texts by name");
    content(
        9,
        Some(Value::Map(vec![(Value::from("a"), Value::from(1))])),
        "values that are no texts by name",
    );
    content(9, map(&[("A", "x")]), "not a field's name");
    content(9, map(&[("a", "x"), ("b", "x"), ("c", "x"), ("d", "x"), ("e", "x")]), "more than 4 values");
    for value in ["", "a\n", "e\u{301}", &"x".repeat(1025)] {
        content(9, map(&[("a", value)]), "a value is empty, too long, not NFC or has control characters");
    }
    spare(9, map(&[("b", "x"), ("a", "x")]).expect("a map"));
    spare(9, map(&[("aa", "x"), ("b", "x")]).expect("a map"));
    spare(9, map(&[("a", "x"), ("a", "x")]).expect("a map"));
    content(10, map(&[]), "omitted names that are no list");
    content(10, Some(Value::Array(vec![Value::from(1)])), "omitted names that are no texts");
    content(10, list(&["b", "a"]), "omitted names are not sorted, or one comes twice");
    content(10, list(&["a", "a"]), "omitted names are not sorted, or one comes twice");
    content(10, list(&["A"]), "not a field's name");
    let both = payload(&[(9, map(&[("a", "x")])), (10, list(&["a"]))]);
    assert_eq!(raw(both), SealError::Content("a value is omitted that is there"));
    assert_eq!(sign(&Seal { pages: 0, ..plain() }, &key()), Err(SealError::Content("no page")));
}

#[test]
fn values_that_do_not_fit_are_left_out_from_the_last_on() {
    let value = |name: &str, length: usize| (name.to_owned(), "ế".repeat(length));
    let fit = |wanted: &[(String, String)], url| sign_to_fit(plain(), wanted, &key(), url).expect("a seal");
    let names = |seal: &Seal| seal.values.keys().cloned().collect::<Vec<_>>();
    let wanted = [value("owner.name", 10), value("b", 15), value("a", 20), value("c", 60)];
    let (seal, cose) = fit(&wanted, None);
    assert_eq!(
        (names(&seal), seal.omitted.clone()),
        (vec!["b".to_owned(), "owner.name".into()], vec!["a".into(), "c".into()])
    );
    assert_eq!(verify(&cose, &key().verifying_key()), Ok(seal));
    assert!(qr_text(&cose, None).expect("it fits").len() <= MAX_QR_CHARS);
    // The first one alone is too long: none is left.
    let (seal, _) = fit(&[value("a", 100), value("b", 1)], None);
    assert_eq!((names(&seal), seal.omitted), (vec![], vec!["a".to_owned(), "b".into()]));
    let (seal, _) = fit(&[], None);
    assert_eq!(seal, plain());
    // Strings become NFC.
    let (seal, _) = fit(&[("a".into(), "e\u{301}".into())], None);
    assert_eq!(seal.values["a"], "é");

    let long = format!("https://{}", vec!["a".repeat(60); 5].join("."));
    let error = sign_to_fit(plain(), &wanted, &key(), Some(&long)).expect_err("too long");
    assert!(matches!(error, SealError::TooLong { most: 480, .. }), "{error}");
    let five: Vec<_> = ["a", "b", "c", "d", "e"].map(|n| value(n, 1)).to_vec();
    assert_eq!(sign_to_fit(plain(), &five, &key(), None), Err(SealError::Content("more than 4 values")));
    assert_eq!(
        sign_to_fit(plain(), &[value("a", 1), value("a", 2)], &key(), None),
        Err(SealError::Content("a value comes twice"))
    );
    assert_eq!(
        sign_to_fit(plain(), &[("a".into(), String::new())], &key(), None),
        Err(SealError::Content("a value is empty, too long, not NFC or has control characters"))
    );
}

#[test]
fn qr_texts_lead_back() {
    let Example { cose, .. } = example();
    for (url, prefix) in [
        (None, "SC1:"),
        (Some("https://so.example.vn"), "https://so.example.vn/#"),
        (Some("https://so.example.vn/"), "https://so.example.vn/#"),
        (Some("https://so.example.vn:8443/kiem-tra"), "https://so.example.vn:8443/kiem-tra/#"),
    ] {
        let text = qr_text(&cose, url).expect("it fits");
        assert!(text.starts_with(prefix) && text.len() <= MAX_QR_CHARS, "{text}");
        assert_eq!(from_qr_text(&text), Ok(cose.clone()));
    }
    for url in [
        "http://a.vn",
        "https://",
        "https://A.vn",
        "https://a..vn",
        "https://-a.vn",
        "https://a.vn:0",
        "https://a.vn:x",
        "https://a.vn:08",
        "https://a.vn/#",
        "https://a.vn/?q",
        "https://u@a.vn",
        "https://a vn",
        "a.vn",
        "https://ví.vn",
    ] {
        assert_eq!(qr_text(&cose, Some(url)), Err(SealError::Address), "{url}");
    }
    for (text, problem) in [
        ("", "neither SC1: nor https://HOST/#"),
        ("sc1:AAAA", "neither SC1: nor https://HOST/#"),
        ("SC2:AAAA", "neither SC1: nor https://HOST/#"),
        ("http://a.vn/#AAAA", "neither SC1: nor https://HOST/#"),
        ("https://a.vn#AAAA", "neither SC1: nor https://HOST/#"),
        ("SC1:", "empty"),
        ("https://a.vn/#", "empty"),
        ("SC1:aaaa", "not Base32 without padding"),
        ("SC1:A", "not Base32 without padding"),
        ("SC1:AB", "not Base32 without padding"),
        ("SC1:AA======", "not Base32 without padding"),
        ("SC1:AA AA", "not Base32 without padding"),
        ("SC1:0189", "not Base32 without padding"),
    ] {
        assert_eq!(from_qr_text(text), Err(SealError::Text(problem)), "{text}");
    }
    assert_eq!(from_qr_text(&format!("SC1:{}", "A".repeat(477))), Err(SealError::Text("too long")));
}

#[test]
fn what_fits_makes_a_code_of_version_13() {
    use qrcode_version::bits;
    // 480 characters of Base32 and its prefix, and the longest text with an address that is accepted.
    let alone = qr_text(&[0; 297], None).expect("it fits");
    assert_eq!(alone.len(), 480);
    assert!(bits(0, alone.len()) <= 2672);
    assert!(matches!(qr_text(&[0; 298], None), Err(SealError::TooLong { found: 481, .. })));
    let mut longest = 0;
    for bytes in 200..300 {
        if let Ok(text) = qr_text(&vec![0; bytes], Some("https://mot-cua.phuong-vi-du.tinh-vi-du.example.vn"))
        {
            let prefix = text.find('#').expect("a fragment") + 1;
            assert!(bits(prefix, text.len() - prefix) <= 2672);
            longest = text.len();
        }
    }
    assert!((420..=480).contains(&longest), "{longest}");
}

/// The data bits of a QR code with a byte segment and an alphanumeric one, written from ISO/IEC 18004 again.
mod qrcode_version {
    pub(super) fn bits(bytes: usize, alphanumeric: usize) -> usize {
        let byte_segment = if bytes == 0 { 0 } else { 4 + 16 + 8 * bytes };
        byte_segment + 4 + 11 + alphanumeric / 2 * 11 + alphanumeric % 2 * 6
    }
}
