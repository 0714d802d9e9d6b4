//! The second reading of weak fields: which places to read again, and what the answer changes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::confidence::Evidence;
use super::error::ExtractError;
use super::form::{FieldSpec, FieldType};
use super::locate::Located1;
use super::{Forms, confidence, mrz, text, validate};
use crate::geom::PixelBox;
use crate::ocr::PageText;
use crate::record::Fields;

/// A place that is worth a second look.
#[derive(Clone, Debug, PartialEq)]
pub struct WeakField {
    /// The field.
    pub name: String,
    /// The page, from 1.
    pub page: u32,
    /// Where its words stand.
    pub bbox: PixelBox,
    /// The characters that can stand there, where the type tells; None is any.
    pub allowed: Option<String>,
}

/// The lines on the paper that the values of fields were read from.
#[derive(Clone, Debug, Default)]
pub struct Places(BTreeMap<String, Place>);

#[derive(Clone, Debug)]
struct Place {
    /// From 1.
    page: u32,
    /// One a line.
    rows: Vec<PixelBox>,
    /// How likely the least sure word is another, as the engine says; of what was left empty nothing is said.
    doubt: f32,
}

impl Places {
    pub(super) fn add(&mut self, field: &str, found: &Located1) {
        let least = found.confidences.iter().copied().fold(1.0, f32::min);
        let place = Place { page: found.page, rows: found.rows.clone(), doubt: 1.0 - least };
        self.0.insert(field.to_owned(), place);
    }

    /// A place on which no word was found.
    pub(super) fn add_blank(&mut self, field: &str, blank: Option<(u32, PixelBox)>) {
        if let Some((page, bbox)) = blank {
            self.0.insert(field.to_owned(), Place { page, rows: vec![bbox], doubt: 0.0 });
        }
    }
}

/// What the second reading of one field gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The field.
    pub name: String,
    /// The words.
    pub text: String,
    /// The engine's confidence, 0 to 1.
    pub confidence: f32,
}

/// A zone whose check digits hold.
const ZONE: f32 = 0.95;
/// A second reading less sure than this proposes nothing instead of one that is only odd.
const SURE: f32 = 0.6;
/// A value with a word that is another more likely than this is looked at twice, though nothing speaks against it.
const LOOK_TWICE: f32 = 0.02;
/// Readings that differ in more are not of the same words.
const ALIKE: f64 = 0.75;

impl Forms {
    /// The fields that go to the officer and that have a place on the paper: a second reading, line by line, may settle them.
    pub fn weak_fields(&self, fields: &Fields, places: &Places) -> Vec<WeakField> {
        let Some(form) = fields.form.as_deref().and_then(|id| self.get(id)) else { return Vec::new() };
        let specs = form.spec().field.iter();
        let specs = specs.filter(|s| !matches!(s.kind, FieldType::Items | FieldType::Qr));
        let mut weak = Vec::new();
        for spec in specs {
            let name = spec.name.get_ref();
            let Some(field) = fields.fields.get(name).filter(|f| f.review && f.raw.is_some()) else {
                continue;
            };
            let (Some(page), Some(bbox)) = (field.page, field.bbox) else { continue };
            // The lines of a zone have one height and no gaps.
            let edge = |i: u32| bbox.y0 + bbox.height() * i / mrz::LINES as u32;
            let rows = match places.0.get(name) {
                _ if spec.kind == FieldType::Mrz => (0..mrz::LINES as u32)
                    .map(|i| PixelBox::new(bbox.x0, edge(i), bbox.x1, edge(i + 1)))
                    .collect(),
                Some(place) if place.page == page && !place.rows.is_empty() => place.rows.clone(),
                _ => vec![bbox],
            };
            weak.extend(looks_at(name, page, &rows, allowed(spec.kind)));
        }
        weak
    }

    /// The lines of the values that pass and are worth a second look: those of which a word is not quite sure, and those left empty
    /// where a seal's ink crosses the place. What is then read otherwise goes to the officer. A value of several lines has as many places.
    pub fn second_looks(&self, fields: &Fields, places: &Places, pages: &[PageText]) -> Vec<WeakField> {
        let Some(form) = fields.form.as_deref().and_then(|id| self.get(id)) else { return Vec::new() };
        let under_seal = |place: &Place| {
            let seals = pages.get(place.page as usize - 1).and_then(|page| page.seals.as_ref());
            seals.is_some_and(|s| s.iter().any(|seal| place.rows.iter().any(|row| seal.meets(row))))
        };
        let mut looks = Vec::new();
        for spec in form.spec().field.iter().filter(|s| is_looked_at_twice(s.kind)) {
            let name = spec.name.get_ref();
            let (Some(field), Some(place)) = (fields.fields.get(name), places.0.get(name)) else { continue };
            let doubtful = if field.value.is_null() { under_seal(place) } else { place.doubt > LOOK_TWICE };
            if field.review || !doubtful {
                continue;
            }
            // What was read as plain letters the model of plain letters reads too.
            let plain = field.raw.as_deref().is_some_and(str::is_ascii) && spec.kind != FieldType::Name;
            let allowed = match spec.kind {
                FieldType::Pin | FieldType::Year => allowed(spec.kind),
                _ => plain.then(|| (' '..='~').collect()),
            };
            looks.extend(looks_at(name, place.page, &place.rows, allowed));
        }
        looks
    }

    /// Puts second readings beside the first. Where both agree the value is surer; where they differ the first stays
    /// and the field is flagged, unless the first did not read as the field's type and the second does: then the
    /// second is proposed, still for review. Then every confidence becomes a probability (`models/confidence.toml`); this is the
    /// last step, to be taken once, with no readings where nothing was read again.
    ///
    /// # Errors
    /// [`ExtractError::UnknownForm`] where the fields are of a form that is not loaded.
    pub fn apply_reread(&self, fields: &mut Fields, readings: &[Reading]) -> Result<(), ExtractError> {
        let Some(id) = fields.form.clone() else { return Ok(()) };
        let form = self.get(&id).ok_or_else(|| self.unknown(&id))?;
        for readings in readings.chunk_by(|a, b| a.name == b.name) {
            let reading = &readings[0];
            let Some(spec) = form.spec().field.iter().find(|s| *s.name.get_ref() == reading.name) else {
                continue;
            };
            let Some(field) = fields.fields.get_mut(&reading.name) else { continue };
            let texts: Vec<String> = readings.iter().map(|r| r.text.clone()).collect();
            let least = readings.iter().map(|r| r.confidence).fold(1.0, f32::min);
            let second = self.parse(spec, &texts);
            let first_unread = field.value.is_null() || field.problems.iter().any(|p| is_misfit(p));
            let first_odd = field.problems.iter().any(|p| is_odd(p));
            let shared = field.raw.as_deref().is_some_and(|raw| is_part(raw, &texts.join(" ")));
            if shared || equal(&field.value, &second.value) {
                let sure = confidence::of_words(&[least], 1.0);
                // A zone that the print gave and that is read so now, check digits and all.
                if spec.kind == FieldType::Mrz && second.problems.is_empty() {
                    field.problems.retain(|p| p.starts_with(validate::NOTE));
                }
                field.confidence = field.confidence.max(sure) + (1.0 - field.confidence.max(sure)) * 0.3;
            } else if first_unread && second.problems.is_empty() && !second.value.is_null() {
                field.problems.retain(|p| !is_misfit(p));
                // Check digits over every character are better witnesses than a first reading that has not the form.
                if spec.kind == FieldType::Mrz {
                    field.confidence = field.confidence.max(confidence::of_words(&[least], 1.0)).max(ZONE);
                } else {
                    field.problems.push("second-reading".to_owned());
                }
                field.value = second.value;
                field.raw = Some(text::nfc(&texts.join(" ")));
            } else if first_odd
                && second.problems.is_empty()
                && least >= SURE
                && alike(&field.value, &second.value)
            {
                // Nothing speaks against the second: it is the better one to begin with, and the officer's to confirm.
                field.problems.retain(|p| !is_odd(p));
                field.problems.push("readings-differ".to_owned());
                field.value = second.value;
                field.raw = Some(text::nfc(&texts.join(" ")));
            } else {
                field.problems.push("readings-differ".to_owned());
            }
        }
        validate::cross_check(&mut fields.fields, &form.spec().rule);
        self.conclude(form, fields);
        if self.calibrated {
            for spec in &form.spec().field {
                if let Some(field) = fields.fields.get_mut(spec.name.get_ref()) {
                    field.confidence =
                        self.calibration.probability(Evidence::of(spec.kind, field), field.confidence);
                }
            }
        }
        Ok(())
    }
}

/// One place a line.
fn looks_at(
    name: &str,
    page: u32,
    rows: &[PixelBox],
    allowed: Option<String>,
) -> impl Iterator<Item = WeakField> {
    rows.iter().map(move |bbox| WeakField {
        name: name.to_owned(),
        page,
        bbox: *bbox,
        allowed: allowed.clone(),
    })
}

/// Problems that say that a text of the field's type is not as people write it.
fn is_odd(problem: &str) -> bool {
    matches!(
        problem,
        "syllable"
            | "name-rare"
            | "surname-rare"
            | "name-case"
            | "stray-mark"
            | "letter-in-number"
            | "place-rare"
            | "word-unknown"
    )
}

/// Problems that say that the text is not of the field's type.
fn is_misfit(problem: &str) -> bool {
    matches!(problem, "format" | "check-digit") || problem.ends_with("-format")
}

/// Whether a word that holds two fields, such as a number and a symbol with a slash between them, was read again as it had been.
fn is_part(raw: &str, word: &str) -> bool {
    let before = word.strip_suffix(raw).is_some_and(|rest| rest.ends_with('/'));
    let after = word.strip_prefix(raw).is_some_and(|rest| rest.starts_with('/'));
    (before || after) && !word.contains(char::is_whitespace)
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => text::same(a, b),
        _ => a == b,
    }
}

/// Whether two texts are readings of the same words: the box of several lines holds what stands beside the first, and is read as one.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => {
            strsim::normalized_levenshtein(&text::fold(a), &text::fold(b)) >= ALIKE
        }
        _ => !b.is_null(),
    }
}

fn allowed(kind: FieldType) -> Option<String> {
    let set = match kind {
        FieldType::Pin | FieldType::Year => "0123456789",
        FieldType::Date => "0123456789/-.",
        FieldType::Mrz => mrz::ALPHABET,
        _ => return None,
    };
    Some(set.to_owned())
}

/// Whether a value is one that nothing else on the paper repeats, and that a letter alone makes another.
fn is_looked_at_twice(kind: FieldType) -> bool {
    matches!(
        kind,
        FieldType::Text
            | FieldType::Address
            | FieldType::Name
            | FieldType::Number
            | FieldType::Code
            | FieldType::Date
            | FieldType::Year
            | FieldType::Pin
    )
}

impl Forms {
    pub(super) fn threshold(&self, form: &super::Form, spec: &FieldSpec) -> f32 {
        spec.review_below.or(form.spec().review.below).unwrap_or(1.0 - self.calibration.risk)
    }
}
