//! The figures of an evaluation.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::Answer;
use super::text::{ErrorRate, error_rate, same};
use crate::extract::{Fitted, Forms};
use crate::record::Field;

/// What came of reading papers. Shares are of all expected fields, or of the papers or pages that they speak of.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Papers.
    pub papers: usize,
    /// Pages.
    pub pages: usize,
    /// Expected fields.
    pub fields: usize,
    /// Papers that could not be read at all.
    pub failed: usize,
    /// Share of papers whose form was told; null is right where none is expected.
    pub form_right: f64,
    /// Papers that got a form that they are not: never silent, never right.
    pub form_wrong: usize,
    /// Share of fields that are exactly right.
    pub right: f64,
    /// Share of fields that are wrong without being flagged.
    pub wrong_not_flagged: f64,
    /// Share of fields that are right and flagged all the same.
    pub right_but_flagged: f64,
    /// Errors of characters.
    pub cer: f64,
    /// Errors of words.
    pub wer: f64,
    /// Share of papers that need no look at all.
    pub straight_through: f64,
    /// Share of fields that could pass without a look if so many of those that pass may be wrong.
    pub straight_through_at: Vec<StraightThrough>,
    /// How often confidence keeps its word.
    pub reliability: Vec<Bin>,
    /// Seconds a page, from scan to fields; null where answers were remembered.
    pub seconds_a_page: Option<f64>,
    /// By form.
    pub forms: BTreeMap<String, FormFigures>,
    /// All wrong fields.
    pub wrong: Vec<Wrong>,
}

/// At a given error, how much passes.
#[derive(Clone, Debug, Serialize)]
pub struct StraightThrough {
    /// The share of the fields that pass that may be wrong.
    pub error: f64,
    /// The share of all fields that pass.
    pub share: f64,
    /// The least confidence that passes.
    pub confidence: Option<f32>,
}

/// The fields whose confidence lies from `from` up to `to`.
#[derive(Clone, Debug, Serialize)]
pub struct Bin {
    /// From.
    pub from: f32,
    /// Up to.
    pub to: f32,
    /// How many.
    pub fields: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that is right.
    pub right: f64,
}

/// One form's figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FormFigures {
    /// Papers.
    pub papers: usize,
    /// Papers that were told to be of it.
    pub form_right: usize,
    /// Papers that need no look.
    pub straight_through: usize,
    /// Errors of characters.
    pub cer: f64,
    /// All its fields together.
    pub all: FieldFigures,
    /// By field.
    pub fields: BTreeMap<String, FieldFigures>,
}

/// One field's figures over all papers that have it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FieldFigures {
    /// How often it was expected, empty included.
    pub expected: usize,
    /// Right.
    pub right: usize,
    /// Wrong and not flagged.
    pub wrong_not_flagged: usize,
    /// Right and flagged.
    pub right_but_flagged: usize,
}

/// One wrong field.
#[derive(Clone, Debug, Serialize)]
pub struct Wrong {
    /// The scan.
    pub scan: PathBuf,
    /// The form that the paper is.
    pub form: String,
    /// The field.
    pub field: String,
    /// What stands there.
    pub expected: Value,
    /// What was read; null too where the form was not told.
    pub read: Value,
    /// Whether it was flagged.
    pub flagged: bool,
    /// Its place, confidence and problems; null where there is no such field.
    pub found: Option<Field>,
}

const BINS: [f32; 11] = [0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01];
const ERRORS: [f64; 4] = [0.001, 0.002, 0.005, 0.01];

/// Counts. `seconds` is what reading all of it took.
pub fn evaluate(answers: &[Answer], seconds: Option<f64>) -> Report {
    let mut report = Report { papers: answers.len(), ..Report::default() };
    let (mut characters, mut words) = (ErrorRate::default(), ErrorRate::default());
    let mut by_form: BTreeMap<String, ErrorRate> = BTreeMap::new();
    let mut judged: Vec<(f32, bool)> = Vec::new();
    let mut total = FieldFigures::default();
    let (mut told, mut straight) = (0, 0);
    for answer in answers {
        let expected = &answer.sample.expected;
        let name = expected.form.clone().unwrap_or_else(|| NO_FORM.to_owned());
        let figures = report.forms.entry(name.clone()).or_default();
        figures.papers += 1;
        report.pages += expected.pages.len();
        let (form, fields) = match &answer.read {
            Ok((pages, fields)) => {
                let mut own = ErrorRate::default();
                for (i, page) in expected.pages.iter().enumerate() {
                    let read = pages.get(i).map(crate::ocr::PageText::text).unwrap_or_default();
                    let (c, w) = error_rate(&page.text, &read);
                    own.add(c);
                    words.add(w);
                }
                characters.add(own);
                by_form.entry(name.clone()).or_default().add(own);
                (fields.form.clone(), &fields.fields)
            }
            Err(_) => {
                report.failed += 1;
                (None, &NONE)
            }
        };
        let form_right = answer.read.is_ok() && form == expected.form;
        told += usize::from(form_right);
        figures.form_right += usize::from(form_right);
        report.form_wrong += usize::from(form.is_some() && form != expected.form);
        let mut looked_at = !form_right;
        for (field, wanted) in &expected.fields {
            let found = fields.get(field).filter(|_| form_right);
            let right = found.is_some_and(|f| same(&f.value, &wanted.value));
            // Of a paper without a form the officer sees all; a wrong form hides that something is missing.
            let flagged = found.map_or(form.is_none(), |f| f.review);
            looked_at |= flagged;
            for figures in [figures.fields.entry(field.clone()).or_default(), &mut figures.all, &mut total] {
                figures.expected += 1;
                figures.right += usize::from(right);
                figures.wrong_not_flagged += usize::from(!right && !flagged);
                figures.right_but_flagged += usize::from(right && flagged);
            }
            judged.push((found.map_or(0.0, |f| f.confidence), right));
            if !right {
                report.wrong.push(Wrong {
                    scan: answer.sample.scan.clone(),
                    form: name.clone(),
                    field: field.clone(),
                    expected: wanted.value.clone(),
                    read: found.map_or(Value::Null, |f| f.value.clone()),
                    flagged,
                    found: found.cloned(),
                });
            }
        }
        straight += usize::from(!looked_at);
        figures.straight_through += usize::from(!looked_at);
    }
    for (name, rate) in by_form {
        if let Some(figures) = report.forms.get_mut(&name) {
            figures.cer = rate.share();
        }
    }
    report.fields = total.expected;
    report.form_right = share(told, report.papers);
    report.right = share(total.right, total.expected);
    report.wrong_not_flagged = share(total.wrong_not_flagged, total.expected);
    report.right_but_flagged = share(total.right_but_flagged, total.expected);
    report.cer = characters.share();
    report.wer = words.share();
    report.straight_through = share(straight, report.papers);
    report.seconds_a_page = seconds.map(|s| s / report.pages.max(1) as f64);
    report.reliability = reliability(&judged);
    report.straight_through_at = straight_through(judged);
    report
}

/// The fields of papers whose form was told, for a calibration to be fitted to; read with [`Forms::uncalibrated`].
pub fn fitted(answers: &[Answer], forms: &Forms) -> Vec<Fitted> {
    let mut fields = Vec::new();
    for answer in answers {
        let (Some(form), Ok((_, read))) = (answer.sample.expected.form.as_deref(), &answer.read) else {
            continue;
        };
        if read.form.as_deref() != Some(form) {
            continue;
        }
        for (name, wanted) in &answer.sample.expected.fields {
            if let Some(field) = read.fields.get(name)
                && let Some(evidence) = forms.evidence(form, name, field)
            {
                fields.push((evidence, field.confidence, same(&field.value, &wanted.value)));
            }
        }
    }
    fields
}

const NO_FORM: &str = "(none)";
static NONE: BTreeMap<String, Field> = BTreeMap::new();

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn reliability(judged: &[(f32, bool)]) -> Vec<Bin> {
    let bin = |from: f32, to: f32| {
        let inside: Vec<&(f32, bool)> = judged.iter().filter(|(c, _)| (from..to).contains(c)).collect();
        let sum: f64 = inside.iter().map(|(c, _)| f64::from(*c)).sum();
        let right = inside.iter().filter(|(_, right)| *right).count();
        Bin {
            from,
            to: to.min(1.0),
            fields: inside.len(),
            confidence: sum / inside.len().max(1) as f64,
            right: share(right, inside.len()),
        }
    };
    BINS.windows(2).map(|pair| bin(pair[0], pair[1])).filter(|bin| bin.fields > 0).collect()
}

/// The surest fields first: as many as keep the error.
fn straight_through(mut judged: Vec<(f32, bool)>) -> Vec<StraightThrough> {
    judged.sort_by(|a, b| b.0.total_cmp(&a.0));
    ERRORS
        .iter()
        .map(|&error| {
            let (mut wrong, mut best) = (0, 0);
            for (i, (confidence, right)) in judged.iter().enumerate() {
                wrong += usize::from(!right);
                // Equal ones pass together or not at all.
                let last = judged.get(i + 1).is_none_or(|next| next.0 < *confidence);
                if last && wrong as f64 <= error * (i + 1) as f64 {
                    best = i + 1;
                }
            }
            let confidence = best.checked_sub(1).map(|i| judged[i].0);
            StraightThrough { error, share: share(best, judged.len()), confidence }
        })
        .collect()
}

impl Report {
    /// As lines for people, in Markdown's tables.
    pub fn table(&self) -> Vec<String> {
        let percent = |x: f64| format!("{:.2} %", x * 100.0);
        let of = |part: usize, whole: usize| percent(share(part, whole));
        let mut lines = vec![
            format!("{} papers, {} pages, {} fields", self.papers, self.pages, self.fields),
            String::new(),
            "| measure | |".to_owned(),
            "|---|---|".to_owned(),
            format!("| form recognised | {} |", percent(self.form_right)),
            format!("| another form than the right one | {} |", self.form_wrong),
            format!("| papers that could not be read | {} |", self.failed),
            format!("| fields exactly right | {} |", percent(self.right)),
            format!("| wrong value not flagged | {} |", percent(self.wrong_not_flagged)),
            format!("| right value flagged | {} |", percent(self.right_but_flagged)),
            format!("| papers without any flag | {} |", percent(self.straight_through)),
            format!("| CER, WER | {}, {} |", percent(self.cer), percent(self.wer)),
        ];
        if let Some(seconds) = self.seconds_a_page {
            lines.push(format!("| seconds a page | {seconds:.2} |"));
        }
        for at in &self.straight_through_at {
            lines.push(format!(
                "| fields that may pass at {} error | {} |",
                percent(at.error),
                percent(at.share)
            ));
        }
        lines.extend([
            String::new(),
            "| form | papers | recognised | right | wrong, not flagged | right, flagged | CER |".to_owned(),
            "|---|---|---|---|---|---|---|".to_owned(),
        ]);
        for (name, form) in &self.forms {
            let all = &form.all;
            lines.push(format!(
                "| {name} | {} | {} | {} | {} | {} | {} |",
                form.papers,
                of(form.form_right, form.papers),
                of(all.right, all.expected),
                of(all.wrong_not_flagged, all.expected),
                of(all.right_but_flagged, all.expected),
                percent(form.cer),
            ));
        }
        lines.extend([
            String::new(),
            "| form | field | expected | right | wrong, not flagged | right, flagged |".to_owned(),
            "|---|---|---|---|---|---|".to_owned(),
        ]);
        for (name, form) in &self.forms {
            for (field, f) in &form.fields {
                lines.push(format!(
                    "| {name} | {field} | {} | {} | {} | {} |",
                    f.expected,
                    of(f.right, f.expected),
                    f.wrong_not_flagged,
                    f.right_but_flagged
                ));
            }
        }
        lines.extend([
            String::new(),
            "| confidence | fields | mean | right |".to_owned(),
            "|---|---|---|---|".to_owned(),
        ]);
        for bin in &self.reliability {
            lines.push(format!(
                "| {:.2} – {:.2} | {} | {:.3} | {:.3} |",
                bin.from, bin.to, bin.fields, bin.confidence, bin.right
            ));
        }
        lines
    }
}
