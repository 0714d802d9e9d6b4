//! How right the reading is, on 60 papers of the split `test`: whole, from a drawn paper to its fields, with the engine itself.
//!
//! The bounds hold what is reached, with the room that so few papers need: they keep it from getting worse. How far 600 papers a column are from the goals
//! stands in docs/reading.md. Only figures are printed: nobody looks at a paper of this split.

use std::sync::atomic::AtomicBool;

use saoy::eval::{self, Answer, Report};
use saoy::extract::Forms;
use saoy::ocr::EnginePool;
use saoy::pipeline;
use saoy::scan::Limits;

use crate::samples::paper::{Scans, Split, Wear, drawn, make, write};

const SEED: u64 = 60;
const PAPERS: u64 = 20;

fn measured(wear: Wear) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let scans = Scans { dpi: None, wear: Some(wear), color: None, split: Some(Split::Test) };
    for recipe in drawn(SEED, PAPERS, None, scans, false).unwrap() {
        write(folder.path(), &make(&recipe).unwrap()).unwrap();
    }
    let engines = EnginePool::own(2).unwrap();
    let samples = eval::samples(folder.path()).unwrap();
    let files: Vec<_> = samples.iter().map(|sample| sample.scan.clone()).collect();
    let go_on = AtomicBool::new(false);
    let forms = Forms::builtin().unwrap();
    let read = pipeline::read_only(&engines, &forms, None, &files, &Limits::default(), &go_on, &|_| {});
    let answers: Vec<Answer> =
        samples.into_iter().zip(read).map(|(sample, (_, read))| Answer { sample, read }).collect();
    let report = eval::evaluate(&answers, None);
    println!(
        "{wear:?}: {} papers, {} fields: form {:.3}, right {:.4}, wrong and not flagged {:.4}, right but flagged {:.4}, CER {:.4}",
        report.papers,
        report.fields,
        report.form_right,
        report.right,
        report.wrong_not_flagged,
        report.right_but_flagged,
        report.cer,
    );
    report
}

/// The least that is right, the most that passes wrong, is flagged in vain, is misread.
struct Bounds {
    right: f64,
    silent: f64,
    flagged: f64,
    cer: f64,
}

fn hold(report: &Report, bounds: &Bounds) {
    assert_eq!((report.papers, report.failed, report.form_wrong), (PAPERS as usize, 0, 0));
    assert!((report.form_right - 1.0).abs() < f64::EPSILON, "form told: {}", report.form_right);
    assert!(report.right >= bounds.right, "right: {}", report.right);
    assert!(report.wrong_not_flagged <= bounds.silent, "wrong and not flagged: {}", report.wrong_not_flagged);
    assert!(report.right_but_flagged <= bounds.flagged, "right but flagged: {}", report.right_but_flagged);
    assert!(report.cer <= bounds.cer, "CER: {}", report.cer);
}

#[test]
fn clean_scans_are_read() {
    hold(&measured(Wear::Clean), &Bounds { right: 0.97, silent: 0.005, flagged: 0.1, cer: 0.004 });
}

#[test]
fn worn_papers_are_read() {
    hold(&measured(Wear::Worn), &Bounds { right: 0.96, silent: 0.005, flagged: 0.1, cer: 0.008 });
}

#[test]
fn photographs_are_read() {
    hold(&measured(Wear::Phone), &Bounds { right: 0.96, silent: 0.005, flagged: 0.1, cer: 0.005 });
}
