//! The fuzzer's corpus (`tests/fuzz/corpus`), replayed, with what lies near each input.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::attack::der::Node;
use crate::readers;
use crate::verify_support;
use readers::{TARGETS, draft::Draft, later_pieces, packets, pieces};
use saoy::record::Role;
use saoy::seal;
use saoy::signature::Signer as _;
use verify_support::{House, image, trust};

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

/// What the readers of copies start from; those of the log are in `tests/log_formats.rs`.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let house = House::new("999.01", 1);
    let parts = house.parts(12, vec![image(1, 60)]);
    let copy = house.issue(&parts);
    let attached = |name: &str| {
        parts.files.iter().find(|(n, _)| n == name).map(|(_, bytes)| bytes.clone()).expect("it is attached")
    };
    let contents = copy.windows(11).position(|window| window == b"/Contents <").expect("a signature") + 11;
    let gap: Vec<u8> = copy[contents..].iter().take_while(|byte| **byte != b'>').copied().collect();
    let mut signed = data_encoding::HEXUPPER.decode(&gap).expect("hexadecimal digits");
    let used = signed.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    signed.truncate(used);
    let cose = attached("seal.cose");
    vec![
        ("trust/seed-list", trust(&[&house]).to_json().into_bytes()),
        ("pdf/seed-draft", Draft::new().bytes()),
        ("pdf/seed-pieces", pieces(&Draft::new())),
        ("later/seed-store", later_pieces(true, false, None)),
        ("later/seed-stamp", later_pieces(false, true, None)),
        ("later/seed-all", later_pieces(true, true, Some(&packets()[1]))),
        ("xmp/seed-packet", packets()[0].clone().into_bytes()),
        ("xmp/seed-other-form", packets()[1].clone().into_bytes()),
        ("timestamp/seed-token", token(&house)),
        ("cms/seed-signed-data", signed),
        ("cms/seed-root", house.keys.root_certificate().der().to_vec()),
        ("seal/seed-qr", seal::qr_text(&cose, None).expect("short").into_bytes()),
        (
            "seal/seed-link",
            seal::qr_text(&cose, Some("https://xacminh.example.vn")).expect("short").into_bytes(),
        ),
        ("seal/seed-cose", cose),
        ("record/seed-disclosure", parts.disclosures[0].encode().into_bytes()),
        ("record/seed-fields", attached("fields.json")),
        ("record/seed-record", attached("record.json")),
    ]
}

/// A timestamp token (RFC 3161) over no bytes, by a key of the house.
fn token(house: &House) -> Vec<u8> {
    const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
    const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
    const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
    const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
    const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let (oid, octets) = (|bytes: &[u8]| Node::bytes(0x06, bytes), |bytes: &[u8]| Node::bytes(0x04, bytes));
    let sequence = |nodes| Node::nodes(0x30, nodes);
    let attribute = |kind, value| sequence(vec![oid(kind), Node::nodes(0x31, vec![value])]);

    let signer = house.keys.signer(Role::Office).expect("the house has both");
    let (mut certificate, _) = Node::read(&signer.certificates()[0]);
    let (serial, issuer) = (certificate.at(&[0, 1]).clone(), certificate.at(&[0, 3]).clone());
    let imprint = sequence(vec![sequence(vec![oid(SHA256)]), octets(&Sha256::digest(b""))]);
    let time = Node::bytes(0x18, b"20261122030405Z");
    let info =
        sequence(vec![Node::bytes(0x02, &[1]), oid(&[0x2a, 0x03]), imprint, Node::bytes(0x02, &[7]), time])
            .write();
    let attributes = vec![
        attribute(CONTENT_TYPE, oid(TST_INFO)),
        attribute(MESSAGE_DIGEST, octets(&Sha256::digest(&info))),
    ];
    let message = Node::nodes(0x31, attributes.clone()).write();
    let signature = signer.sign(&message).expect("a software key signs");
    let signer_info = sequence(vec![
        Node::bytes(0x02, &[1]),
        sequence(vec![issuer, serial]),
        sequence(vec![oid(SHA256)]),
        Node::nodes(0xa0, attributes),
        sequence(vec![oid(ECDSA_SHA256)]),
        octets(&signature),
    ]);
    let content = sequence(vec![oid(TST_INFO), Node::nodes(0xa0, vec![octets(&info)])]);
    let signed_data = sequence(vec![
        Node::bytes(0x02, &[3]),
        Node::nodes(0x31, vec![sequence(vec![oid(SHA256)])]),
        content,
        Node::nodes(0xa0, vec![certificate]),
        Node::nodes(0x31, vec![signer_info]),
    ]);
    sequence(vec![oid(SIGNED_DATA), Node::nodes(0xa0, vec![signed_data])]).write()
}

#[test]
fn the_seeds_of_the_corpus_are_what_is_written_today() {
    for (name, seed) in seeds() {
        let path = corpus().join(name);
        if std::env::var_os("SAOY_WRITE_CORPUS").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &seed).expect("written");
        }
        let kept = std::fs::read(path).ok();
        assert!(kept == Some(seed), "{name}: run with SAOY_WRITE_CORPUS=1 where the format changed");
    }
}

#[test]
fn no_reader_panics_on_what_the_fuzzer_found_or_what_lies_near_it() {
    for (name, feed) in TARGETS {
        let mut seeds = 0;
        for file in std::fs::read_dir(corpus().join(name)).expect("each target has a corpus") {
            let path = file.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("there");
            let taken = feed(&bytes);
            let file = path.file_name().and_then(|name| name.to_str()).expect("named in ASCII");
            if file.starts_with("seed-") {
                assert!(taken, "{name}/{file} is refused: nothing behind the door is replayed");
                seeds += 1;
            }
            for step in 0..bytes.len().min(200) {
                let at = step * bytes.len() / bytes.len().min(200);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (step % 8);
                feed(&changed);
                feed(&bytes[..at]);
            }
        }
        assert!(seeds > 0, "{name} has no seed");
    }
}
