//! The committed samples read by the engine itself: how many fields come out right, and that no wrong one passes unflagged.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use saoy::eval::same;
use saoy::extract::Forms;
use saoy::ocr::EnginePool;
use saoy::pipeline;
use saoy::scan::Limits;
use serde_json::Value;

/// What the whole committed set reaches, with a little room for other builds of Tesseract.
const LEAST_BIRTH: f64 = 0.95;
const LEAST_OFFICE: f64 = 0.88;
const LEAST_OTHER: f64 = 0.95;

/// One field of one sample.
struct Outcome {
    sample: String,
    field: String,
    right: bool,
    review: bool,
}

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("samples/ is in the repository")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.to_string_lossy().ends_with(".expected.json"))
        .collect();
    found.sort();
    assert!(found.len() >= 10, "{found:?}");
    found
}

/// The scan beside an expectation.
fn scan_of(expected: &Path) -> PathBuf {
    let stem = expected.to_string_lossy().trim_end_matches(".expected.json").to_owned();
    let mut files = ["jpg", "png", "tif", "pdf"].iter().map(|end| PathBuf::from(format!("{stem}.{end}")));
    files.find(|file| file.exists()).expect("every expectation has a scan")
}

fn read(expected: &Path, forms: &Forms, engines: &EnginePool) -> Vec<Outcome> {
    let wanted: Value =
        serde_json::from_slice(&std::fs::read(expected).expect("readable")).expect("expectations are JSON");
    let files = [scan_of(expected)];
    let go_on = AtomicBool::new(false);
    let read = pipeline::read_only(engines, forms, None, &files, &Limits::default(), &go_on, &|_| {});
    let (_, fields) = read.into_iter().next().expect("one paper").1.expect("samples are sound");
    let sample = expected.file_name().expect("a file").to_string_lossy().into_owned();
    assert_eq!(fields.form.as_deref(), wanted["form"].as_str(), "{sample}");
    let wanted = wanted["fields"].as_object().expect("fields");
    wanted
        .iter()
        .map(|(name, field)| {
            let got = &fields.fields[name];
            Outcome {
                sample: sample.clone(),
                field: name.clone(),
                right: same(&got.value, &field["value"]),
                review: got.review,
            }
        })
        .collect()
}

fn share(outcomes: &[&Outcome]) -> f64 {
    outcomes.iter().filter(|o| o.right).count() as f64 / outcomes.len().max(1) as f64
}

#[test]
fn the_committed_samples_come_out_right_and_what_is_wrong_is_flagged() {
    let forms = Forms::builtin().expect("the built-in forms load");
    let engines = EnginePool::own(2).expect("the model is read");
    let outcomes: Vec<Outcome> = samples().iter().flat_map(|s| read(s, &forms, &engines)).collect();

    let silent: Vec<String> = outcomes
        .iter()
        .filter(|o| !o.right && !o.review)
        .map(|o| format!("{} {}", o.sample, o.field))
        .collect();
    let first_forms = silent.iter().filter(|s| s.starts_with("khai-sinh") || s.starts_with("van-ban"));
    assert_eq!(first_forms.count(), 0, "wrong and not flagged: {silent:?}");
    // A mark on one letter that makes another name's word (`Cẩm`, `Cấm`) is flagged by nothing: of all fields less than 0.5 %.
    assert!(silent.len() * 200 < outcomes.len(), "wrong and not flagged: {silent:?}");

    let of = |form: &str| outcomes.iter().filter(|o| o.sample.starts_with(form)).collect::<Vec<_>>();
    let (birth, office) = (of("khai-sinh"), of("van-ban"));
    let other: Vec<&Outcome> = outcomes
        .iter()
        .filter(|o| !o.sample.starts_with("khai-sinh") && !o.sample.starts_with("van-ban"))
        .collect();
    let wrong_other: Vec<String> =
        other.iter().filter(|o| !o.right).map(|o| format!("{} {}", o.sample, o.field)).collect();
    assert!(share(&other) >= LEAST_OTHER, "{:.3}: {wrong_other:?}", share(&other));
    // A pen's strokes cannot be told from words; that field always goes to the officer.
    let office: Vec<&Outcome> = office.into_iter().filter(|o| o.field != "has_signature").collect();
    // Four of the six are in colour, and each of those has its seal; of a grey scan nothing is said.
    let seals = office.iter().filter(|o| o.field == "has_seal");
    let told: Vec<&str> = seals.filter(|o| o.right && !o.review).map(|o| o.sample.as_str()).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    let reviewed = birth.iter().filter(|o| o.right && o.review).count();
    let wrong: Vec<String> =
        outcomes.iter().filter(|o| !o.right).map(|o| format!("{} {}", o.sample, o.field)).collect();
    assert!(share(&birth) >= LEAST_BIRTH, "{:.3}: {wrong:?}", share(&birth));
    assert!(share(&office) >= LEAST_OFFICE, "{:.3}: {wrong:?}", share(&office));
    // Flagging everything would pass, and help no one.
    assert!(reviewed * 10 <= birth.len(), "{reviewed} right values of {} go to the officer", birth.len());
}
