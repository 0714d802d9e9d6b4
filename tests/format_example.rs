//! `docs/format.md`, section 9, says what the code does: every value of its worked example is computed here and read
//! out of the page, and the page has no other. On a difference the test prints the section as it should be.

use std::fmt::Write as _;

use crate::format_fixture;
use coset::TaggedCborSerializable as _;
use data_encoding::HEXLOWER;
use format_fixture::{Example, example};
use saoy::record::{Digest, Record, commitment, copy_id, fields_from_bytes, fields_to_bytes};
use saoy::registry::{Entry, Receipt};
use saoy::seal;

/// The name, whether it is text or hexadecimal, and the bytes of each value, in the order of the page.
fn values(e: &Example) -> Vec<(String, bool, Vec<u8>)> {
    let mut values = Vec::new();
    let mut hex = |name: &str, bytes: &[u8]| values.push((name.to_owned(), false, bytes.to_vec()));
    let sign1 = coset::CoseSign1::from_tagged_slice(&e.cose).expect("a COSE_Sign1");
    hex("seal-key", e.seal_key.verifying_key().as_bytes());
    hex("seal-key-id", &seal::key_id(&e.seal_key.verifying_key()));
    hex("record-sha256", &Digest::of(&e.record_bytes).0);
    hex("commitment", &commitment(&e.record_bytes).0);
    for entry in &e.entries {
        hex(&format!("entry-{}", entry.index), &entry.to_bytes());
        hex(&format!("leaf-{}", entry.index), &entry.leaf_hash().0);
    }
    hex("seal-protected", &sign1.protected.original_data.clone().expect("as read"));
    hex("seal-payload", sign1.payload.as_deref().expect("a payload"));
    hex("seal-to-be-signed", &sign1.tbs_data(b"saoy/seal/v1"));
    hex("seal-cose", &e.cose);

    let mut text = |name: &str, text: &str| values.push((name.to_owned(), true, text.as_bytes().to_vec()));
    text("log-vkey", &e.log_key.verifier().to_string());
    text("record-json", std::str::from_utf8(&e.record_bytes).expect("UTF-8"));
    text("copy-id", &copy_id(&e.record_bytes));
    for disclosure in &e.disclosures {
        let array = data_encoding::BASE64URL_NOPAD.decode(disclosure.encode().as_bytes()).expect("base64url");
        text(&format!("array-{}", disclosure.name()), std::str::from_utf8(&array).expect("UTF-8"));
        text(&format!("disclosure-{}", disclosure.name()), &disclosure.encode());
        text(&format!("digest-{}", disclosure.name()), &disclosure.digest());
    }
    text("fields-json", std::str::from_utf8(&fields_to_bytes(&e.disclosures)).expect("UTF-8"));
    text("checkpoint-text", e.receipt.checkpoint.text().trim_end());
    text("receipt", e.receipt.to_string().trim_end());
    text("qr-text", &seal::qr_text(&e.cose, None).expect("it fits"));
    text("qr-text-url", &seal::qr_text(&e.cose, Some("https://so.example.vn")).expect("it fits"));
    values
}

/// The fenced blocks of the page: the words after the fence, and the lines.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(words) = line.strip_prefix("```").filter(|words| !words.is_empty()) {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((words.to_owned(), body.join("\n")));
        }
    }
    blocks
}

#[test]
fn the_page_and_the_code_agree() {
    let page = include_str!("../docs/format.md");
    let mut found: Vec<(String, String)> = blocks(page)
        .into_iter()
        .filter(|(words, _)| words.starts_with("hex ") || words.starts_with("text "))
        .map(
            |(words, body)| {
                if words.starts_with("hex ") { (words, body.replace('\n', "")) } else { (words, body) }
            },
        )
        .collect();
    found.sort();
    let mut expected = Vec::new();
    let mut printed = String::new();
    for (name, is_text, bytes) in values(&example()) {
        let kind = if is_text { "text" } else { "hex" };
        let body = if is_text { String::from_utf8(bytes).expect("UTF-8") } else { HEXLOWER.encode(&bytes) };
        let mut lines = body.clone();
        if !is_text {
            let chunks: Vec<&str> =
                body.as_bytes().chunks(96).map(|c| std::str::from_utf8(c).expect("ASCII")).collect();
            lines = chunks.join("\n");
        }
        writeln!(printed, "```{kind} {name}\n{lines}\n```\n").expect("a string takes everything");
        expected.push((format!("{kind} {name}"), body));
    }
    expected.sort();
    assert!(found == expected, "docs/format.md, section 9, should hold:\n\n{printed}");
}

#[test]
fn the_example_verifies() {
    let e = example();
    assert_eq!(Record::parse(&e.record_bytes).as_ref(), Ok(&e.record));
    let disclosures = fields_from_bytes(&fields_to_bytes(&e.disclosures)).expect("fields.json");
    let disclosed = e.record.disclosed(&disclosures).expect("certified");
    assert_eq!((disclosed.fields.len(), disclosed.withheld), (5, 0));
    let receipt = Receipt::parse(&e.receipt.to_bytes()).expect("a receipt");
    let checkpoint = receipt.verify(&e.origin, &[e.log_key.verifier().clone()]).expect("it verifies");
    assert_eq!(checkpoint.size, 5);
    assert_eq!(Entry::parse(&receipt.entry.to_bytes()).as_ref(), Ok(&e.entries[3]));
    let sealed = seal::verify(&e.cose, &e.seal_key.verifying_key()).expect("it verifies");
    assert_eq!(sealed, e.seal);
    assert_eq!(sealed.record, Digest::of(&e.record_bytes));
    for (name, value) in &sealed.values {
        assert_eq!(disclosed.fields[name].value, **value);
    }
}
