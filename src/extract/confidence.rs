//! How sure a value is. A conservative table, not a model: there is no calibration set of real papers, so a doubt
//! counts more than any amount of good signs, and the engine's own figure is never passed on as it is.

use super::validate::{CROSS_CHECK, NOTE};
use crate::record::Field;

/// The words' part: the weakest word decides, for one wrong word makes a wrong value.
pub(crate) fn of_words(confidences: &[f32], label_quality: f32) -> f32 {
    if confidences.is_empty() {
        return 0.0;
    }
    let least = confidences.iter().copied().fold(1.0, f32::min);
    let mean = confidences.iter().sum::<f32>() / confidences.len() as f32;
    ((0.7 * least + 0.3 * mean) * (0.8 + 0.2 * label_quality)).clamp(0.0, 1.0)
}

/// A place where nothing stands: sure as far as the label is.
pub(crate) const EMPTY: f32 = 0.9;
/// Nothing found at all.
pub(crate) const MISSING: f32 = 0.3;
/// A code carries its own error correction.
pub(crate) const CODE: f32 = 0.99;
/// A ring of red ink is hardly anything but a seal.
pub(crate) const SEAL_FOUND: f32 = 0.9;
/// A worn seal, or one that is not round, is not found: below every form's threshold.
pub(crate) const SEAL_NOT_FOUND: f32 = 0.5;
/// A value with any problem is at most so likely.
const DOUBTFUL: f32 = 0.5;
/// A value that another contradicts.
const CONTRADICTED: f32 = 0.3;
/// No reading of a machine is surer than this.
const CEILING: f32 = 0.99;

/// Sets a field's final confidence and whether an officer must look.
pub(crate) fn conclude(field: &mut Field, threshold: f32) {
    let doubts = field.problems.iter().any(|p| !p.starts_with(NOTE));
    if doubts {
        field.confidence = field.confidence.min(DOUBTFUL);
    }
    if field.problems.iter().any(|p| p.starts_with(CROSS_CHECK)) {
        field.confidence = field.confidence.min(CONTRADICTED);
    }
    field.confidence = field.confidence.min(CEILING);
    field.review = doubts || field.confidence < threshold;
}
