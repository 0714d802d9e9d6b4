//! The samples' generator and the samples that the repository keeps.

#[path = "../samples/generate/paper/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the generator's command line uses the rest")]
pub(crate) mod paper;

use std::collections::BTreeSet;
use std::path::Path;

use paper::{Color, Form, Scans, Split, Wear, drawn, make};
use saoy::extract::Forms;
use serde_json::Value;

fn committed() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".expected.json") {
            all.push((name, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn value<'a>(paper: &'a Value, field: &str) -> &'a Value {
    paper["fields"][field].get("value").unwrap_or_else(|| panic!("{field} is missing"))
}

/// What fits a PIN: province 999, century and sex, year.
fn check_pin(paper: &Value) {
    let Some(pin) = value(paper, "child_pin").as_str() else { return };
    let year: u32 = value(paper, "child_dob").as_str().unwrap()[..4].parse().unwrap();
    assert_eq!(pin.len(), 12);
    assert_eq!(&pin[..3], "999");
    let digit: u32 = pin[3..4].parse().unwrap();
    assert_eq!((19 + digit / 2) * 100 + pin[4..6].parse::<u32>().unwrap(), year);
    assert_eq!(if digit % 2 == 1 { "Nữ" } else { "Nam" }, value(paper, "child_sex").as_str().unwrap());
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let scans = Scans { dpi: Some(200), wear: Some(Wear::Clean), color: Some(Color::Gray), split: None };
    let once = |seed| {
        let recipes = drawn(seed, 1, Some(Form::Birth), scans, false).unwrap();
        let files = make(&recipes[0]).unwrap();
        (files.name, files.ending, files.bytes, serde_json::to_string(&files.expected).unwrap())
    };
    let first = once(11);
    assert!(first == once(11), "the same seed gave other bytes");
    assert!(first.2 != once(12).2, "another seed gave the same bytes");
    assert_eq!(first.1, "png");
    check_pin(&serde_json::from_str(&first.3).unwrap());
}

#[test]
fn splits_share_no_paper_and_the_measured_styles_are_what_they_say() {
    let made = |split, wear| {
        let scans = Scans { dpi: None, wear: Some(wear), color: None, split: Some(split) };
        make(&drawn(1, 1, Some(Form::Birth), scans, false).unwrap()[0]).unwrap()
    };
    let names: Vec<Value> = [Split::Tune, Split::Calibrate, Split::Test]
        .into_iter()
        .map(|split| {
            let json = serde_json::to_value(&made(split, Wear::Worn).expected).unwrap();
            value(&json, "child_name").clone()
        })
        .collect();
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2], "{names:?}");
    let (worn, phone) = (made(Split::Tune, Wear::Worn), made(Split::Tune, Wear::Phone));
    // The paper is the same one, whatever is done to it.
    let said = [&worn, &phone].map(|files| serde_json::to_string(&files.expected).unwrap());
    assert_eq!(said[0], said[1]);
    let size = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8().dimensions();
    assert_eq!(size(&worn.bytes), (1654, 2339), "A4 at 200 dpi");
    assert_eq!(size(&phone.bytes), (3024, 4032));
}

#[test]
fn every_kept_sample_has_its_scan_and_every_field_of_its_form() {
    let all = committed();
    assert!(all.len() >= 14);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let forms = Forms::builtin().unwrap();
    let mut kinds = BTreeSet::new();
    let mut size = 0;
    for (name, paper) in &all {
        let stem = name.strip_suffix(".expected.json").unwrap();
        let scan = ["jpg", "png", "tif", "pdf"]
            .iter()
            .map(|ending| folder.join(format!("{stem}.{ending}")))
            .find(|path| path.exists())
            .unwrap_or_else(|| panic!("{stem} has no scan"));
        size += std::fs::metadata(scan).unwrap().len();
        assert!(
            paper["pages"].as_array().unwrap().iter().all(|page| !page["text"].as_str().unwrap().is_empty())
        );
        let fields: BTreeSet<&str> =
            paper["fields"].as_object().unwrap().keys().map(String::as_str).collect();
        let form =
            forms.get(paper["form"].as_str().unwrap()).unwrap_or_else(|| panic!("{name}: no such form"));
        assert_eq!(fields, form.field_names().collect(), "{name}");
        kinds.insert(form.id().to_owned());
    }
    let all: BTreeSet<String> = forms.iter().map(|form| form.id().to_owned()).collect();
    assert_eq!(kinds, all, "every form has a sample");
    assert!(size < 12_000_000, "the kept samples hold {size} bytes");
}

#[test]
fn what_a_kept_certificate_says_agrees_with_itself() {
    for (name, paper) in committed().iter().filter(|(_, paper)| paper["form"] == "giay-khai-sinh") {
        check_pin(paper);
        let text = paper["pages"][0]["text"].as_str().unwrap();
        let flat = text.replace('\n', " ");
        for (field, entry) in paper["fields"].as_object().unwrap() {
            // Dates are printed in another form, and the variant is what the title means.
            if field == "doc_variant" || field.ends_with("_dob") || field == "reg_date" {
                continue;
            }
            if let Some(value) = entry["value"].as_str() {
                assert!(flat.contains(value), "{name}: {field} {value:?} is not printed");
            }
        }
        let (born, registered) = (value(paper, "child_dob").as_str(), value(paper, "reg_date").as_str());
        assert!(born <= registered, "{name}");
        let year: i32 = born.unwrap()[..4].parse().unwrap();
        let mother: i32 = value(paper, "mother_birth_year").as_str().unwrap().parse().unwrap();
        assert!((12..=60).contains(&(year - mother)), "{name}");
    }
}
