//! The figures of an evaluation: what counts as right, as silent, as flagged in vain.

use std::collections::BTreeMap;
use std::path::PathBuf;

use saoy::error::Failure;
use saoy::eval::{Answer, EvalError, Expected, Sample, evaluate, html, samples};
use saoy::geom::PixelBox;
use saoy::ocr::{Line, PageText, Word};
use saoy::record::{Field, Fields};
use saoy::scan::Limits;
use serde_json::{Value, json};

fn expected(form: Option<&str>, fields: &[(&str, Value)]) -> Expected {
    let fields: BTreeMap<&str, Value> = fields.iter().map(|(n, v)| (*n, json!({ "value": v }))).collect();
    serde_json::from_value(json!({ "form": form, "pages": [{ "text": "Số: 1" }], "fields": fields })).unwrap()
}

fn page(text: &str) -> PageText {
    let bbox = PixelBox::new(0, 0, 9, 9);
    let words: Vec<Word> =
        text.split(' ').map(|t| Word { text: t.to_owned(), confidence: 0.9, bbox }).collect();
    let lines = vec![Line { words: 0..words.len(), baseline: [0.0; 4], block: 0 }];
    PageText { width: 10, height: 10, words, lines, ..PageText::default() }
}

fn field(value: Value, confidence: f32, review: bool) -> Field {
    Field { raw: None, value, confidence, page: None, bbox: None, review, problems: Vec::new() }
}

fn answer(expected: Expected, form: Option<&str>, fields: &[(&str, Field)]) -> Answer {
    let fields = fields.iter().map(|(n, f)| ((*n).to_owned(), f.clone())).collect();
    Answer {
        sample: Sample { scan: PathBuf::from("a.png"), expected },
        read: Ok((vec![page("Số: 1")], Fields { form: form.map(str::to_owned), fields })),
    }
}

#[test]
fn right_silent_and_flagged_in_vain_are_told_apart() {
    let wanted =
        expected(Some("f"), &[("a", json!("Hoà")), ("b", json!("2")), ("c", Value::Null), ("d", json!("4"))]);
    let read = [
        ("a", field(json!("HÒA"), 0.99, false)),
        ("b", field(json!("3"), 0.9, false)),
        ("c", field(Value::Null, 0.6, true)),
        ("d", field(json!("5"), 0.4, true)),
    ];
    let report = evaluate(&[answer(wanted, Some("f"), &read)], Some(3.0));
    assert_eq!((report.papers, report.pages, report.fields), (1, 1, 4));
    assert_eq!((report.form_right, report.right), (1.0, 0.5));
    assert_eq!((report.wrong_not_flagged, report.right_but_flagged), (0.25, 0.25));
    assert_eq!((report.cer, report.straight_through, report.seconds_a_page), (0.0, 0.0, Some(3.0)));
    let wrong: Vec<&str> = report.wrong.iter().map(|w| w.field.as_str()).collect();
    assert_eq!(wrong, ["b", "d"]);
    // The surest one is right: a quarter passes at every error; the next is wrong.
    assert!(report.straight_through_at.iter().all(|at| at.share == 0.25 && at.confidence == Some(0.99)));
    let page = html(&report, &Limits::default());
    assert!(
        page.contains("class=\"silent\"") && page.contains("class=\"flagged\"") && !page.contains("<img")
    );
    assert!(page.find("class=\"silent\"") < page.find("class=\"flagged\""), "the worst first");
    assert!(page.contains("<td>form recognised</td><td>100.00 %</td>") && !page.contains("|---"), "{page}");
}

#[test]
fn no_form_is_flagged_whole_and_a_wrong_form_is_silent() {
    let wanted = || expected(Some("f"), &[("a", json!("1"))]);
    let none = evaluate(&[answer(wanted(), None, &[])], None);
    assert_eq!((none.form_right, none.form_wrong, none.wrong_not_flagged), (0.0, 0, 0.0));
    let other = evaluate(&[answer(wanted(), Some("g"), &[("a", field(json!("1"), 0.9, false))])], None);
    assert_eq!((other.form_wrong, other.right, other.wrong_not_flagged), (1, 0.0, 1.0));
    // Unknown is the right answer where no form is expected.
    let unknown = evaluate(&[answer(expected(None, &[]), None, &[])], None);
    assert_eq!((unknown.form_right, unknown.straight_through), (1.0, 1.0));
    let failed = Answer {
        sample: Sample { scan: PathBuf::from("a.png"), expected: wanted() },
        read: Err(Failure::new("x", "y", "z")),
    };
    assert_eq!(evaluate(&[failed], None).failed, 1);
}

#[test]
fn a_folder_that_cannot_be_evaluated_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(samples(folder.path()), Err(EvalError::Empty { .. })));
    let file = folder.path().join("a.expected.json");
    std::fs::write(&file, "{\n\"form\": 1}").unwrap();
    assert!(matches!(samples(folder.path()), Err(EvalError::Expectation { line: 2, .. })));
    std::fs::write(&file, "{\"form\": null}").unwrap();
    assert!(matches!(samples(folder.path()), Err(EvalError::NoScan { .. })));
    std::fs::write(folder.path().join("a.png"), "").unwrap();
    assert_eq!(samples(folder.path()).unwrap().len(), 1);
    assert!(matches!(samples(&folder.path().join("none")), Err(EvalError::Read { .. })));
}
