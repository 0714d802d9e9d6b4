//! The fuzzer's corpus (`tests/fuzz/corpus`), replayed, with what lies near each input.

use std::path::PathBuf;

use crate::readers;
use crate::verify_support;
use readers::{TARGETS, draft::Draft, pieces};
use saoy::seal;
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
