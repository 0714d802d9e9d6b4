//! Records and disclosures from outside: round trips, and one input a refusal.

use std::collections::BTreeMap;

use crate::format_fixture;
use data_encoding::BASE64URL_NOPAD;
use format_fixture::{example, fields};
use proptest::prelude::*;
use saoy::ambient::SeededEntropy;
use saoy::error::Failure;
use saoy::geom::PixelBox;
use saoy::record::{
    Act, BookNumber, ConfirmedField, Digest, Disclosure, EncodeError, Officer, PageDigest, Record,
    RecordError, Role, Source, SourcePage, canonical, commitment, copy_id, day_text, day_to_date, digests,
    disclose, fields_from_bytes, fields_to_bytes, parse_canonical, timestamp, to_nfc, vietnam_day,
};
use serde_json::{Value, json};

#[test]
fn a_record_reads_back() {
    let e = example();
    assert_eq!(Record::parse(&e.record_bytes), Ok(e.record.clone()));
    assert_eq!(copy_id(&e.record_bytes), Digest::of(&e.record_bytes).hex()[..32]);
    let inner = Digest::of(&e.record_bytes);
    assert_eq!(commitment(&e.record_bytes), Digest::of(&[b"saoy/commit/v1".as_slice(), &inner.0].concat()));
    // Another salt is another commitment: the log cannot be searched for a record whose content one guesses.
    let mut other = e.record.clone();
    other.salt = BASE64URL_NOPAD.encode(&[1; 32]);
    assert_ne!(commitment(&other.to_bytes().expect("a record")), commitment(&e.record_bytes));
}

#[test]
fn one_bit_makes_another_record_or_none() {
    let e = example();
    for bit in 0..e.record_bytes.len() * 8 {
        let mut changed = e.record_bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = Record::parse(&changed) {
            assert_ne!(other, e.record, "bit {bit}");
            assert_eq!(other.to_bytes().as_ref(), Ok(&changed), "bit {bit}");
        }
    }
}

#[test]
fn a_record_has_one_form() {
    let e = example();
    let text = String::from_utf8(e.record_bytes.clone()).expect("UTF-8");
    let parse = |text: &str| Record::parse(text.as_bytes()).expect_err("refused");
    let not_canonical =
        |text: &str| matches!(parse(text), RecordError::Encode(EncodeError::NotCanonical { .. }));
    assert!(not_canonical(&format!("{text}\n")));
    assert!(not_canonical(&text.replacen(':', ": ", 1)));
    assert!(not_canonical(&text.replacen("\"copies\":2,", "\"copies\":2,\"copies\":2,", 1)));
    assert!(not_canonical(&text.replacen("\"act\"", "\"\\u0061ct\"", 1)));
    assert_eq!(parse(&text.replacen("\"copies\":2", "\"copies\":2.0", 1)), EncodeError::Number.into());
    assert_eq!(parse(&text.replacen("Lê", "Le\u{302}", 1)), EncodeError::NotNfc.into());
    assert!(matches!(parse(&text[1..]), RecordError::Encode(EncodeError::Syntax { .. })));
    assert_eq!(
        parse(&text.replacen("\"version\":1", "\"version\":2", 1)),
        RecordError::Version { found: Some(2) }
    );
    assert_eq!(parse(&text.replacen(",\"version\":1", "", 1)), RecordError::Version { found: None });
    assert_eq!(parse("[]"), RecordError::Version { found: None });
    // A member that is left out is not null, one too many is not nothing.
    assert!(not_canonical(&text.replacen("\"globals\":null,", "", 1)));
    assert!(matches!(parse(&text.replacen("\"trial\":false,", "", 1)), RecordError::Shape { .. }));
    assert!(matches!(parse(&text.replacen("\"trial\":false", "\"trial\":0", 1)), RecordError::Shape { .. }));
    assert!(matches!(parse(&text.replacen("\"trial\"", "\"triam\"", 1)), RecordError::Shape { .. }));
    let upper = e.record.pages[0].stream.hex().to_uppercase();
    assert!(matches!(
        parse(&text.replacen(&e.record.pages[0].stream.hex(), &upper, 1)),
        RecordError::Shape { .. }
    ));
    assert_eq!(
        Record::parse(&vec![b' '; (16 << 20) + 1]),
        Err(RecordError::TooLong { found: 16777217, most: 16777216 })
    );
    // What a person sees holds no value of the record.
    let failure =
        Failure::from(parse(&text.replacen("\"title\":\"Phó Chủ tịch\"", "\"title\":[\"Phó\"]", 1)));
    assert!(failure.code == "bad-record" && !failure.message.contains("Phó"), "{failure:?}");
}

#[test]
fn records_refuse() {
    let e = example();
    let refused = |member: &str, change: &dyn Fn(&mut Record)| {
        let mut record = e.record.clone();
        change(&mut record);
        let problem = match record.to_bytes() {
            Err(RecordError::Member { member: found, problem }) if found == member => problem,
            other => panic!("{member}: {other:?}"),
        };
        // The same bytes, made without validation, are refused on reading.
        let bytes = canonical(&serde_json::to_value(&record).expect("JSON")).expect("canonical");
        let read = Record::parse(&bytes).expect_err("refused");
        assert_eq!(read, RecordError::Member { member: member.into(), problem });
    };
    for code in ["", "H99.", ".H99", "H 99", "Ví-Dụ", "H99/1", "123456789012345678901234567890123"] {
        refused("office.code", &|r| r.office.code = code.into());
    }
    for text in ["", " a", "a ", "a\nb", "a\u{85}b", &"a".repeat(513)] {
        refused("office.name", &|r| r.office.name = text.into());
        refused("officer.name", &|r| r.officer = Some(Officer { name: text.into(), title: "T".into() }));
        refused("officer.title", &|r| r.officer = Some(Officer { name: "N".into(), title: text.into() }));
        refused("book.symbol", &|r| r.book.symbol = text.into());
    }
    refused("signers", &|r| r.signers.clear());
    refused("signers", &|r| r.signers.reverse());
    refused("signers", &|r| r.signers.truncate(1));
    refused("signers", &|r| r.trial = true);
    refused("signers", &|r| r.act = Act::AgencyCopy);
    refused("signers", &|r| r.signers[1].certificate = r.signers[0].certificate);
    refused("officer", &|r| r.officer = None);
    refused("trial", &|r| {
        (r.act, r.trial) = (Act::AgencyCopy, true);
        r.signers.remove(0);
    });
    refused("signers", &|r| {
        (r.act, r.trial) = (Act::Digitisation, true);
        r.signers.clear();
    });
    refused("book.number", &|r| r.book.number = 0);
    for day in ["2026-11-21", "2026-11-31", "2026-11-22 ", "22-11-2026"] {
        refused("date", &|r| r.date = day.into());
    }
    // 03:04:05Z is the same day in Vietnam; 17:00:00Z is the next.
    refused("date", &|r| r.issued_at = "2026-11-22T17:00:00Z".into());
    refused("book.year", &|r| r.book.year = 2025);
    for (name, time) in [("converted_at", 0), ("compared_at", 1), ("issued_at", 2)] {
        refused(name, &|r| {
            let members = [&mut r.converted_at, &mut r.compared_at, &mut r.issued_at];
            *members.into_iter().nth(time).expect("three") = "2026-11-22T03:04:05+00:00".into();
        });
    }
    refused("converted_at", &|r| r.converted_at = "2026-11-22T03:04:06Z".into());
    refused("compared_at", &|r| r.compared_at = "2026-11-22T03:04:06Z".into());
    refused("pages", &|r| r.pages.clear());
    refused("sources", &|r| r.sources.clear());
    refused("sources", &|r| r.sources.push(r.sources[0].clone()));
    refused("sources[0].page", &|r| r.sources[0].page = 0);
    for form in ["", "Giay", "giay_khai", "-a", "a--b", &"a".repeat(65)] {
        refused("form", &|r| r.form = Some(form.into()));
    }
    refused("copies", &|r| r.copies = 0);
    for salt in ["", "AAAA", &BASE64URL_NOPAD.encode(&[0; 31]), &(e.record.salt.clone() + "=")] {
        refused("salt", &|r| r.salt = salt.into());
    }
    refused("_sd[1]", &|r| r.sd[1] = "AAAA".into());
    refused("_sd", &|r| r.sd.swap(0, 1));
    refused("_sd", &|r| r.sd[1] = r.sd[0].clone());
    refused("_sd_alg", &|r| r.sd_alg = "sha-512".into());

    let hash = Digest::of(b"x").hex();
    let page = |name: &str, change: &dyn Fn(&mut PageDigest)| {
        refused(&format!("pages[0].{name}"), &|r| change(&mut r.pages[0]));
    };
    page("filter", &|p| p.filter = "LZWDecode".into());
    page("filter", &|p| p.filter = String::new());
    for space in [
        "",
        "DeviceCMYK",
        "ICCBased:3",
        "ICCBased:2:x",
        &format!("ICCBased:2:{hash}"),
        &format!("ICCBased:3:{hash}0"),
        &format!("Indexed:DeviceRGB:256:{hash}"),
        &format!("Indexed:DeviceRGB:01:{hash}"),
        "Indexed:DeviceRGB:1:x",
        &format!("Indexed:Pattern:1:{hash}"),
        &format!("Indexed:1:{hash}"),
        &format!("Indexed:Indexed:DeviceRGB:1:{hash}:1:{hash}"),
    ] {
        page("color_space", &|p| p.color_space = space.into());
    }
    page("width", &|p| p.width = 0);
    page("height", &|p| p.height = 0);
    page("bits", &|p| p.bits = 0);
    page("bits", &|p| p.bits = 3);
    page("decode", &|p| p.decode = Some(vec![]));
    page("decode", &|p| p.decode = Some(vec![1]));
    for (name, value) in [("", "1"), ("K ", "1"), ("K", ""), ("K", "1 2"), ("K", "é")] {
        page("decode_parms", &|p| p.decode_parms = Some(BTreeMap::from([(name.into(), value.into())])));
    }
    page("decode_parms", &|p| p.decode_parms = Some(BTreeMap::new()));
    page("globals", &|p| p.globals = Some(Digest::of(b"x")));
    assert_eq!(
        Record { version: 2, ..e.record.clone() }.to_bytes(),
        Err(RecordError::Version { found: Some(2) })
    );
    let number = |n| Record {
        book: saoy::record::BookNumber { number: n, ..e.record.book.clone() },
        ..e.record.clone()
    };
    assert!(number((1 << 53) - 1).to_bytes().is_ok());
    assert!(matches!(number(1 << 53).to_bytes(), Err(RecordError::Member { .. })));
}

#[test]
fn records_accept_every_kind() {
    let e = example();
    let accepted = |change: &dyn Fn(&mut Record)| {
        let mut record = e.record.clone();
        change(&mut record);
        let bytes = record.to_bytes().expect("a record");
        assert_eq!(Record::parse(&bytes), Ok(record));
    };
    accepted(&|r| {
        r.trial = true;
        r.officer = None;
        r.signers.remove(0);
    });
    accepted(&|r| {
        r.act = Act::AgencyCopy;
        r.officer = None;
        r.signers.remove(0);
    });
    accepted(&|r| {
        r.act = Act::Digitisation;
        r.signers.truncate(1);
    });
    assert_eq!(Act::Certification.signers(), [Role::Officer, Role::Office]);
    accepted(&|r| r.form = None);
    accepted(&|r| r.sd.clear());
    accepted(&|r| r.office.code = "H99.01-22".into());
    // Half a second before midnight in Vietnam on the last day of the year.
    accepted(&|r| {
        r.date = "2026-12-31".into();
        r.issued_at = "2026-12-31T16:59:59Z".into();
    });
    let hash = Digest::of(b"x");
    for (filter, space, bits) in [
        ("JPXDecode", String::new(), 0),
        ("JPXDecode", "DeviceGray".into(), 8),
        ("JBIG2Decode", "DeviceGray".into(), 1),
        ("CCITTFaxDecode", "DeviceGray".into(), 1),
        ("DCTDecode", format!("ICCBased:4:{hash}"), 8),
        ("FlateDecode", format!("Indexed:DeviceRGB:255:{hash}"), 8),
        ("FlateDecode", format!("Indexed:ICCBased:3:{hash}:0:{hash}"), 4),
    ] {
        accepted(&|r| {
            let page = &mut r.pages[0];
            (page.filter, page.color_space, page.bits) = (filter.into(), space.clone(), bits);
            page.globals = (filter == "JBIG2Decode").then_some(hash);
            page.decode = Some(vec![1, 0]);
            page.decode_parms =
                Some(BTreeMap::from([("K".into(), "-1".into()), ("Columns".into(), "1728".into())]));
        });
    }
}

fn confirmed(value: Value) -> ConfirmedField {
    ConfirmedField {
        value,
        page: Some(1),
        bbox: Some(PixelBox::new(1, 2, 3, 4)),
        source: Source::Ocr,
        confirmed: true,
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53) + 1..(1_i64 << 53)).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn canonical_json_reads_back(value in json_value()) {
        let value = to_nfc(&value);
        let bytes = canonical(&value).expect("canonical");
        prop_assert_eq!(parse_canonical(&bytes), Ok(value.clone()));
        prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).expect("JSON"), value);
    }

    #[test]
    fn records_read_back(
        names in prop::collection::vec("[^\\p{Cc}\\p{White_Space}][^\\p{Cc}]{0,20}[^\\p{Cc}\\p{White_Space}]", 4), number in 1_u64..(1 << 53),
        seconds in 0_i64..253_402_200_000, salt in any::<[u8; 32]>(), sd in prop::collection::btree_set(any::<[u8; 32]>(), 0..9),
        pages in 1_usize..9, page in 1_u32.., copies in 1_u32.., trial in any::<bool>(),
    ) {
        let nfc = |i: usize| unicode_normalization::UnicodeNormalization::nfc(names[i].as_str()).collect::<String>();
        let mut record = example().record;
        record.office.name = nfc(0);
        record.officer = Some(Officer { name: nfc(1), title: nfc(2) });
        let issued = time::OffsetDateTime::from_unix_timestamp(seconds).expect("before the year 10000");
        let day = vietnam_day(issued);
        record.issued_at = timestamp(issued);
        (record.converted_at, record.compared_at) = (timestamp(time::OffsetDateTime::UNIX_EPOCH), record.issued_at.clone());
        record.date = day_text(day).expect("before the year 10000");
        let year = u16::try_from(day_to_date(day).expect("a day").year()).expect("four digits");
        record.book = BookNumber { symbol: nfc(3), year, number };
        record.salt = BASE64URL_NOPAD.encode(&salt);
        record.sd = sd.iter().map(|digest| BASE64URL_NOPAD.encode(digest)).collect();
        record.sd.sort();
        record.sources = vec![SourcePage { page, ..record.sources[0].clone() }; pages];
        record.pages = vec![record.pages[0].clone(); pages];
        record.copies = copies;
        if trial {
            record.trial = true;
            record.signers.remove(0);
        }
        let bytes = record.to_bytes().expect("a record");
        prop_assert_eq!(Record::parse(&bytes), Ok(record));
    }

    #[test]
    fn disclosures_read_back(salt in any::<[u8; 16]>(), value in json_value(), bits in any::<[bool; 3]>()) {
        let field = ConfirmedField {
            page: bits[0].then_some(3),
            bbox: (bits[0] && bits[1]).then_some(PixelBox::new(0, 0, 5, 0)),
            source: if bits[2] { Source::Officer } else { Source::Ocr },
            confirmed: bits[2],
            value,
        };
        let disclosure = Disclosure::new(salt, "en.full_name", &field).expect("a disclosure");
        prop_assert_eq!(Disclosure::parse(&disclosure.encode()), Ok(disclosure.clone()));
        let field = ConfirmedField { value: to_nfc(&field.value), ..field };
        prop_assert_eq!((disclosure.salt(), disclosure.field()), (&salt, &field));
        prop_assert_eq!(disclosure.digest(), Digest::of(disclosure.encode().as_bytes()).base64url());
    }

    #[test]
    fn no_bytes_make_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Record::parse(&bytes);
        let _ = fields_from_bytes(&bytes);
        let _ = Disclosure::parse(&String::from_utf8_lossy(&bytes));
        let _ = Disclosure::parse(&BASE64URL_NOPAD.encode(&bytes));
    }
}

#[test]
fn disclosures_refuse() {
    let encode = |json: &str| BASE64URL_NOPAD.encode(json.as_bytes());
    let refused = |json: &str| Disclosure::parse(&encode(json)).expect_err("refused");
    let field = r#"{"box":null,"confirmed":true,"page":null,"source":"ocr","value":"x"}"#;
    let salt = "AAAAAAAAAAAAAAAAAAAAAA";
    let good = format!(r#"["{salt}","name",{field}]"#);
    assert!(Disclosure::parse(&encode(&good)).is_ok());
    assert_eq!(refused("{}"), RecordError::Disclosure("not an array"));
    assert_eq!(refused("[]"), RecordError::Disclosure("not an array of salt, name and field"));
    assert_eq!(
        refused(&format!(r#"["{salt}",{field}]"#)),
        RecordError::Disclosure("not an array of salt, name and field")
    );
    assert_eq!(refused(&good.replace(salt, "AAAA")), RecordError::Disclosure("the salt is not 16 bytes"));
    assert_eq!(refused(&good.replace(salt, "AAAAAAAAAAAAAAAAAAAAAB")), RecordError::Base64("salt"));
    assert_eq!(refused(&good.replace("\"box\":null,", "")), RecordError::Disclosure("a member is missing"));
    let members = RecordError::Disclosure("the field has not the members that it must have");
    assert_eq!(refused(&good.replace("\"confirmed\":true,", "")), members);
    assert_eq!(refused(&good.replace("\"ocr\"", "\"guess\"")), members);
    assert_eq!(refused(&good.replace("\"value\":\"x\"", "\"value\":\"x\",\"z\":1")), members);
    assert_eq!(refused(&good.replace("\"x\"", "1.5")), EncodeError::Number.into());
    assert_eq!(refused(&good.replace("\"x\"", "\"e\u{301}\"")), EncodeError::NotNfc.into());
    assert!(matches!(
        refused(&good.replace(',', ", ")),
        RecordError::Encode(EncodeError::NotCanonical { .. })
    ));
    assert_eq!(Disclosure::parse(&(encode(&good) + "=")), Err(RecordError::Base64("disclosure")));
    assert_eq!(Disclosure::parse("a+/="), Err(RecordError::Base64("disclosure")));

    let problem = |name: &str, field: &ConfirmedField| match Disclosure::new([0; 16], name, field) {
        Err(RecordError::Field { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let field = confirmed(json!("x"));
    for name in ["", "_sd", "...", "a.", ".a", "A", "a b", "tên", "1a", "a.1", &"a".repeat(97)] {
        assert_eq!(
            problem(name, &field),
            "is not a field name: lower-case words joined by _ and .",
            "{name}"
        );
    }
    let page_0 = ConfirmedField { page: Some(0), ..field.clone() };
    assert_eq!(problem("a", &page_0), "stands on page 0, pages count from 1");
    assert_eq!(problem("a", &ConfirmedField { page: None, ..field.clone() }), "has a box but no page");
    for bbox in [PixelBox::new(3, 2, 1, 4), PixelBox::new(1, 4, 3, 2)] {
        let inside_out = ConfirmedField { bbox: Some(bbox), ..field.clone() };
        assert_eq!(problem("a", &inside_out), "has a box whose end lies before its start");
    }
    assert_eq!(Disclosure::new([0; 16], "a", &confirmed(json!(0.5))), Err(EncodeError::Number.into()));
}

#[test]
fn fields_json_has_one_form() {
    let e = example();
    let bytes = fields_to_bytes(&e.disclosures);
    assert_eq!(fields_from_bytes(&bytes), Ok(e.disclosures.clone()));
    let mut shuffled = e.disclosures.clone();
    shuffled.reverse();
    assert_eq!(fields_to_bytes(&shuffled), bytes);
    assert_eq!(fields_from_bytes(b"[]"), Ok(vec![]));

    let array = |ds: &[&Disclosure]| {
        canonical(&Value::Array(ds.iter().map(|d| json!(d.encode())).collect())).expect("canonical")
    };
    let [first, second, ..] = e.disclosures.as_slice() else { panic!("five fields") };
    let order = |name: &str| Err(RecordError::Order { name: name.into() });
    assert_eq!(fields_from_bytes(&array(&[second, first])), order(first.name()));
    assert_eq!(fields_from_bytes(&array(&[first, first])), order(first.name()));
    assert_eq!(fields_from_bytes(b"{}"), Err(RecordError::Disclosure("fields.json is not an array")));
    assert_eq!(
        fields_from_bytes(b"[1]"),
        Err(RecordError::Disclosure("fields.json is not an array of strings"))
    );
    assert!(fields_from_bytes(&[bytes.as_slice(), b" "].concat()).is_err());
    assert!(matches!(fields_from_bytes(&vec![b'['; (4 << 20) + 1]), Err(RecordError::TooLong { .. })));
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(read) = fields_from_bytes(&changed) else { continue };
        assert!(e.record.disclosed(&read).is_err(), "bit {bit}");
    }
}

#[test]
fn a_copy_discloses_what_its_record_certifies() {
    let e = example();
    let all = e.record.disclosed(&e.disclosures).expect("certified");
    assert_eq!((all.fields.len(), all.withheld), (5, 0));
    assert_eq!(all.fields["child_dob"].source, Source::Officer);
    assert_eq!(all.fields["child_name"].source, Source::Ocr);
    let some = e.record.disclosed(&e.disclosures[1..3]).expect("certified");
    assert_eq!((some.fields.len(), some.withheld), (2, 3));
    assert_eq!(e.record.disclosed(&[]).map(|d| d.withheld), Ok(5));

    let name = e.disclosures[0].name().to_owned();
    let twice = [e.disclosures[0].clone(), e.disclosures[0].clone()];
    assert_eq!(e.record.disclosed(&twice), Err(RecordError::Twice { name: name.clone() }));
    // The same field under another salt, and another value under the same salt.
    let resalted = Disclosure::new([9; 16], &name, e.disclosures[0].field()).expect("a disclosure");
    assert_eq!(e.record.disclosed(&[resalted]), Err(RecordError::NotCertified { name: name.clone() }));
    let other =
        Disclosure::new(*e.disclosures[0].salt(), &name, &confirmed(json!("y"))).expect("a disclosure");
    assert_eq!(e.record.disclosed(&[other]), Err(RecordError::NotCertified { name: name.clone() }));
    let beyond = ConfirmedField { page: Some(2), ..confirmed(json!("x")) };
    let beyond = Disclosure::new([0; 16], &name, &beyond).expect("a disclosure");
    let record = Record { sd: digests(std::slice::from_ref(&beyond)), ..e.record.clone() };
    let problem = "stands on a page that the copy does not have";
    assert_eq!(record.disclosed(&[beyond]), Err(RecordError::Field { name, problem }));
}

#[test]
fn salts_are_fresh_and_strings_nfc() {
    let entropy = SeededEntropy::new([1; 32]);
    let (one, two) =
        (disclose(&fields(), &entropy).expect("fields"), disclose(&fields(), &entropy).expect("fields"));
    assert!(one.iter().zip(&two).all(|(a, b)| a.digest() != b.digest() && a.field() == b.field()));
    let again = disclose(&fields(), &SeededEntropy::new([1; 32])).expect("fields");
    assert_eq!(one, again);
    let apart =
        Disclosure::new([0; 16], "a", &confirmed(json!(["Le\u{302} Va\u{306}n"]))).expect("a disclosure");
    assert_eq!(apart.field().value, json!(["Lê Văn"]));
}
