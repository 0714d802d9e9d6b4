//! No honest copy is rejected: copies of every form, act and algorithm, of one to three pages of every kind of image, made by the whole
//! pipeline from stored readings (the answers beside the committed samples). `SAOY_HONEST=10000` makes so many; without it a few of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use saoy::office::NewOffice;
use saoy::pipeline::Request;
use saoy::record::{Act, Field, Fields};
use saoy::signature::Algorithm;
use saoy::store::Mode;
use saoy::verify::{self, Options, State, Verdict};
use serde_json::Value;

use crate::office_support::{Desk, batch, certified, new_office};

/// What was read from each committed sample, under its form.
fn readings() -> Vec<Fields> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut paths: Vec<PathBuf> = fs::read_dir(samples).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(".expected.json"));
    paths.sort();
    paths.iter().map(|path| reading(&serde_json::from_slice(&fs::read(path).unwrap()).unwrap())).collect()
}

fn reading(expected: &Value) -> Fields {
    let field = |value: &Value| Field {
        raw: None,
        value: value.clone(),
        confidence: 0.9,
        page: (!value.is_null()).then_some(1),
        bbox: None,
        review: false,
        // The answers are what stands on the papers, whatever a rule thinks of it.
        problems: vec!["as-on-paper".into()],
    };
    Fields {
        form: expected["form"].as_str().map(str::to_owned),
        fields: expected["fields"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, of)| (name.clone(), field(&of["value"])))
            .collect(),
    }
}

/// A scan of its own for each `mark`: grey, colour, two-tone or 16 bits deep, as PNG, JPEG or TIFF.
fn draw(folder: &Path, mark: u32) -> PathBuf {
    let (width, height) = (90 + mark % 7, 120 + mark % 11);
    let tone = |x: u32, y: u32| ((x * 7 + y * 3) ^ mark.wrapping_mul(0x9E37_79B9).rotate_left(x + y)) as u8;
    let grey = || GrayImage::from_fn(width, height, |x, y| Luma([tone(x, y)]));
    let (image, ending) = match mark % 5 {
        0 => (DynamicImage::from(grey()), "png"),
        1 => (
            DynamicImage::from(RgbImage::from_fn(width, height, |x, y| Rgb([tone(x, y), tone(y, x), 200]))),
            "jpg",
        ),
        2 => {
            let two = GrayImage::from_fn(width, height, |x, y| Luma([tone(x, y) & 0x80]));
            (DynamicImage::from(two), "tif")
        }
        3 => (DynamicImage::from(grey()).into_luma16().into(), "png"),
        _ => (DynamicImage::from(grey()), "jpg"),
    };
    let path = folder.join(format!("scan-{mark}.{ending}"));
    image.save(&path).unwrap();
    path
}

#[test]
fn no_honest_copy_is_rejected() {
    let wanted: u32 = std::env::var("SAOY_HONEST").map_or(120, |n| n.parse().unwrap());
    let readings = readings();
    let desks = [Algorithm::EcdsaP256, Algorithm::Ed25519]
        .map(|algorithm| Desk::of(&NewOffice { algorithm, ..new_office() }));
    let offices = desks.each_ref().map(|desk| desk.open(Mode::Write).unwrap());
    let mut kinds: BTreeMap<(String, String, usize), u32> = BTreeMap::new();
    let (mut made, mut mark) = (0, 0);
    while made < wanted {
        let act = if made / 2 % 2 == 0 { Act::Certification } else { Act::AgencyCopy };
        let reading = &readings[(made / 4) as usize % readings.len()];
        let which = (made % 2) as usize;
        let (desk, office) = (&desks[which], &offices[which]);
        let files: Vec<PathBuf> = (0..1 + made / 8 % 3)
            .map(|_| {
                mark += 1;
                draw(desk.folder.path(), mark)
            })
            .collect();
        let name = files[0].file_name().unwrap().to_string_lossy().into_owned();
        let request = Request {
            act,
            join: files.len() > 1,
            officer_fields: [(name, reading.clone())].into(),
            ..desk.request()
        };
        let copy = certified(batch(office, &files, &request).remove(0)).output;
        let bytes = fs::read(&copy).unwrap();
        let trust = office.trust().unwrap();
        // As the office knows it, and as somebody who asks nobody.
        for (status, expected) in [
            (Some(office as &dyn verify::StatusSource), Verdict::Valid),
            (None, Verdict::AuthenticStatusUnknown),
        ] {
            let report = verify::verify(&bytes, &trust, &Options { now: desk.now, status }).unwrap();
            let failed: Vec<_> = report.facts.iter().filter(|fact| fact.state == State::Failed).collect();
            assert_eq!((report.verdict, failed), (expected, vec![]), "{act:?} of {:?}", reading.form);
        }
        *kinds.entry((reading.form.clone().unwrap(), format!("{act:?}"), which)).or_default() += 1;
        for file in files.iter().chain([&copy]) {
            fs::remove_file(file).unwrap();
        }
        made += 1;
    }
    println!("{made} honest copies, {} kinds of form, act and algorithm: none rejected", kinds.len());
    let forms: std::collections::BTreeSet<_> = readings.iter().map(|r| &r.form).collect();
    assert_eq!(kinds.len(), forms.len() * 4, "{kinds:?}");
}
