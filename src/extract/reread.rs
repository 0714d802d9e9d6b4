//! The second reading of weak fields: which places to read again, and what the answer changes.

use serde_json::Value;

use super::error::ExtractError;
use super::form::{FieldSpec, FieldType};
use super::{Forms, confidence, text, validate};
use crate::geom::PixelBox;
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

impl Forms {
    /// The fields that go to the officer and that have a place of one line on the paper: a second reading may settle
    /// them.
    pub fn weak_fields(&self, fields: &Fields) -> Vec<WeakField> {
        let Some(form) = fields.form.as_deref().and_then(|id| self.get(id)) else { return Vec::new() };
        let specs = form.spec().field.iter().filter(|s| s.kind != FieldType::Items);
        specs
            .filter_map(|spec| {
                let name = spec.name.get_ref();
                let field = fields.fields.get(name).filter(|f| f.review && f.raw.is_some())?;
                Some(WeakField {
                    name: name.clone(),
                    page: field.page?,
                    bbox: field.bbox?,
                    allowed: allowed(spec.kind),
                })
            })
            .collect()
    }

    /// Puts second readings beside the first. Where both agree the value is surer; where they differ the first stays
    /// and the field is flagged, unless the first did not read as the field's type and the second does: then the
    /// second is proposed, still for review.
    ///
    /// # Errors
    /// [`ExtractError::UnknownForm`] where the fields are of a form that is not loaded.
    pub fn apply_reread(&self, fields: &mut Fields, readings: &[Reading]) -> Result<(), ExtractError> {
        let Some(id) = fields.form.clone() else { return Ok(()) };
        let form = self.get(&id).ok_or_else(|| self.unknown(&id))?;
        for reading in readings {
            let Some(spec) = form.spec().field.iter().find(|s| *s.name.get_ref() == reading.name) else {
                continue;
            };
            let Some(field) = fields.fields.get_mut(&reading.name) else { continue };
            let second = self.parse(spec, std::slice::from_ref(&reading.text));
            let first_unread = field.value.is_null() || field.problems.iter().any(|p| is_misfit(p));
            if equal(&field.value, &second.value) {
                let sure = confidence::of_words(&[reading.confidence], 1.0);
                field.confidence = field.confidence.max(sure) + (1.0 - field.confidence.max(sure)) * 0.3;
            } else if first_unread && second.problems.is_empty() && !second.value.is_null() {
                field.problems.retain(|p| !is_misfit(p));
                field.problems.push("second-reading".to_owned());
                field.value = second.value;
                field.raw = Some(text::nfc(&reading.text));
            } else {
                field.problems.push("readings-differ".to_owned());
            }
        }
        validate::cross_check(&mut fields.fields, &form.spec().rule);
        self.conclude(form, fields);
        Ok(())
    }
}

/// Problems that say that the text is not of the field's type.
fn is_misfit(problem: &str) -> bool {
    matches!(problem, "format" | "check-digit") || problem.ends_with("-format")
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => text::same(a, b),
        _ => a == b,
    }
}

fn allowed(kind: FieldType) -> Option<String> {
    let set = match kind {
        FieldType::Pin | FieldType::Year => "0123456789",
        FieldType::Date => "0123456789/-.",
        _ => return None,
    };
    Some(set.to_owned())
}

impl Forms {
    pub(super) fn threshold(form: &super::Form, spec: &FieldSpec) -> f32 {
        spec.review_below.unwrap_or(form.spec().review.below)
    }
}
