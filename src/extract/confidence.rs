//! How sure a value is: first a figure of the evidence for it (the words' confidence, the label, what agrees and what does not), then
//! the share of values with such evidence that were right on papers whose answers are known, `models/confidence.toml`. A doubt
//! counts more than any amount of good signs, and the engine's own figure is never passed on as it is.

use serde::{Deserialize, Serialize};

use super::error::ExtractError;
use super::form::{self, FieldType};
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
/// A machine-readable zone of which nothing contradicts the print.
pub(crate) const COMPOSED: f32 = 0.95;
/// Long thin strokes of blue are hardly anything but a signature.
pub(crate) const SIGNATURE_FOUND: f32 = 0.9;
/// A worn seal, or one that is not round, is not found: below every form's threshold.
pub(crate) const SEAL_NOT_FOUND: f32 = 0.5;
/// A value with any problem is at most so likely.
const DOUBTFUL: f32 = 0.5;
/// A value that another contradicts.
const CONTRADICTED: f32 = 0.3;
/// No reading of a machine is surer than this.
const CEILING: f32 = 0.99;

/// Bounds a field's evidence, and says whether an officer must look: for a doubt, or where it is right too seldom.
pub(crate) fn conclude(field: &mut Field, threshold: f32, probability: impl Fn(f32) -> f32) {
    let doubts = doubted(field);
    if doubts {
        field.confidence = field.confidence.min(DOUBTFUL);
    }
    if field.problems.iter().any(|p| p.starts_with(CROSS_CHECK)) {
        field.confidence = field.confidence.min(CONTRADICTED);
    }
    field.confidence = field.confidence.min(CEILING);
    field.review = doubts || probability(field.confidence) < threshold;
}

fn doubted(field: &Field) -> bool {
    field.problems.iter().any(|p| !p.starts_with(NOTE))
}

/// What a confidence rests on; each has a curve of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Something speaks against it.
    Doubt,
    /// Nothing stands there.
    Empty,
    /// A name.
    Name,
    /// Figures: dates, numbers, codes.
    Figures,
    /// One of few values, or with check symbols of its own.
    Closed,
    /// Any other text.
    Text,
}

impl Evidence {
    pub(crate) fn of(kind: FieldType, field: &Field) -> Self {
        if doubted(field) {
            return Self::Doubt;
        }
        if field.value.is_null() {
            return Self::Empty;
        }
        match kind {
            FieldType::Name => Self::Name,
            FieldType::Date | FieldType::Year | FieldType::Pin | FieldType::Number | FieldType::Code => {
                Self::Figures
            }
            FieldType::List
            | FieldType::Sex
            | FieldType::Words
            | FieldType::Numerals
            | FieldType::Mrz
            | FieldType::Qr
            | FieldType::RedSeal
            | FieldType::Ink => Self::Closed,
            FieldType::Text | FieldType::Address | FieldType::Items => Self::Text,
        }
    }
}

/// From evidence to probability, as fitted on papers whose answers are known.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// On what it was fitted: papers, styles, seeds, day.
    pub source: String,
    /// How many fields.
    pub fields: usize,
    /// A field that is wrong with a higher probability goes to the officer, unless the form asks for another.
    pub risk: f32,
    /// One for each evidence; without one its figure is the probability.
    pub curve: Vec<Curve>,
}

/// The probabilities of one kind of evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    evidence: Evidence,
    /// Ascending: the evidence's figure and the share that was right; between them in a straight line, below them in
    /// proportion, above as at the end.
    points: Vec<[f32; 2]>,
}

/// One field of a known answer: what its confidence rests on, the figure, and whether it was right.
pub type Fitted = (Evidence, f32, bool);

const FILE: (&str, &str) = ("models/confidence.toml", include_str!("../../models/confidence.toml"));

impl Calibration {
    /// The one that comes with the program.
    pub(crate) fn builtin() -> Result<Self, ExtractError> {
        toml::from_str(FILE.1).map_err(|e| form::syntax_error(FILE.0, FILE.1, &e))
    }

    /// The one of a file, as [`Self::to_toml`] writes it.
    ///
    /// # Errors
    /// [`ExtractError::Read`] where it cannot be read, [`ExtractError::Form`] where it breaks the schema.
    pub fn load(path: &std::path::Path) -> Result<Self, ExtractError> {
        let file = path.display().to_string();
        let source = std::fs::read_to_string(path)
            .map_err(|source| ExtractError::Read { file: file.clone(), source })?;
        toml::from_str(&source).map_err(|e| form::syntax_error(&file, &source, &e))
    }

    /// The probability that a value of such evidence is right.
    pub fn probability(&self, evidence: Evidence, figure: f32) -> f32 {
        let points = self.curve.iter().find(|c| c.evidence == evidence).map_or(&[][..], |c| &c.points);
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return figure };
        // Of weaker evidence than any that was seen little is known: it falls in proportion.
        if figure < first[0] {
            return first[1] * (figure / first[0]).max(0.0);
        }
        let between = points.windows(2).find(|pair| figure <= pair[1][0]);
        between.map_or(last[1], |pair| {
            let [[x0, y0], [x1, y1]] = [pair[0], pair[1]];
            if x1 <= x0 { y1 } else { y0 + (y1 - y0) * (figure - x0) / (x1 - x0) }
        })
    }

    /// Fits a curve to each evidence: isotonic, by pooling neighbours until the shares ascend. A pool counts half a right and half a
    /// wrong value more than it has, so that none is certain.
    #[must_use]
    pub fn fit(fields: &[Fitted], source: String, risk: f32) -> Self {
        let mut kinds: Vec<Evidence> = fields.iter().map(|f| f.0).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let curve = kinds.into_iter().map(|evidence| {
            let mut own: Vec<(f32, bool)> =
                fields.iter().filter(|f| f.0 == evidence).map(|f| (f.1, f.2)).collect();
            own.sort_by(|a, b| a.0.total_cmp(&b.0));
            Curve { evidence, points: pooled(&own) }
        });
        Self { source, fields: fields.len(), risk, curve: curve.collect() }
    }

    /// As the file of it.
    pub fn to_toml(&self) -> String {
        let mut lines = vec![
            "# How often a value with such evidence was right. Made by `saoy eval DIR... --calibrate FILE`; docs/reading.md.".to_owned(),
            format!("source = {:?}", self.source),
            format!("fields = {}", self.fields),
            "# A field that is wrong with a higher probability goes to the officer, unless the form asks for another.".to_owned(),
            format!("risk = {}", self.risk),
        ];
        for curve in &self.curve {
            let points: Vec<String> = curve.points.iter().map(|[x, y]| format!("[{x:.3}, {y:.4}]")).collect();
            let name = match curve.evidence {
                Evidence::Doubt => "doubt",
                Evidence::Empty => "empty",
                Evidence::Name => "name",
                Evidence::Figures => "figures",
                Evidence::Closed => "closed",
                Evidence::Text => "text",
            };
            lines.push(format!("\n[[curve]]\nevidence = \"{name}\"\npoints = [{}]", points.join(", ")));
        }
        lines.join("\n") + "\n"
    }
}

/// Both ends of every pool, with its share of right values.
fn pooled(sorted: &[(f32, bool)]) -> Vec<[f32; 2]> {
    struct Pool {
        from: f32,
        to: f32,
        right: f32,
        all: f32,
    }
    let share = |p: &Pool| (p.right + 0.5) / (p.all + 1.0);
    let mut pools: Vec<Pool> = Vec::new();
    for (figure, right) in sorted {
        // Equal figures are one pool from the start; so are the fields of a narrow band, for few tell nothing.
        match pools.last_mut() {
            Some(last) if last.to == *figure || (last.all < LEAST_POOL && *figure - last.from < BAND) => {
                last.to = *figure;
                last.right += f32::from(u8::from(*right));
                last.all += 1.0;
            }
            _ => {
                pools.push(Pool { from: *figure, to: *figure, right: f32::from(u8::from(*right)), all: 1.0 })
            }
        }
        while let [.., before, last] = pools.as_mut_slice()
            && share(before) >= share(last)
        {
            before.to = last.to;
            before.right += last.right;
            before.all += last.all;
            pools.pop();
        }
    }
    pools.iter().flat_map(|p| [[p.from, share(p)], [p.to, share(p)]]).collect()
}

/// A pool smaller than this takes in what is less than [`BAND`] above it.
const LEAST_POOL: f32 = 20.0;
const BAND: f32 = 0.05;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fitted_curve_gives_the_shares_back_and_ascends() {
        // Of text, 60 % right at 0.5 and 98 % at 0.9; the engine is most sure of what is wrong more often.
        let band = |figure: f32, right: usize| (0..100).map(move |i| (Evidence::Text, figure, i < right));
        let fields: Vec<Fitted> = band(0.5, 60).chain(band(0.9, 99)).chain(band(0.95, 97)).collect();
        let fitted = Calibration::fit(&fields, "here".to_owned(), 0.05);
        let read: Calibration = toml::from_str(&fitted.to_toml()).expect("its own file");
        for (figure, share) in [(0.1, 0.12), (0.5, 0.6), (0.9, 0.98), (0.95, 0.98), (1.0, 0.98)] {
            let told = read.probability(Evidence::Text, figure);
            assert!((told - share).abs() < 0.01, "{figure}: {told}");
        }
        let between = read.probability(Evidence::Text, 0.7);
        assert!((0.7..0.9).contains(&between), "{between}");
        // Of names nothing is known.
        assert_eq!(read.probability(Evidence::Name, 0.7), 0.7);
        assert_eq!((read.fields, read.risk), (300, 0.05));
    }

    #[test]
    fn the_calibration_that_comes_with_the_program_is_sound() {
        let builtin = Calibration::builtin().expect("models/confidence.toml");
        assert!((0.0..0.2).contains(&builtin.risk));
        for curve in &builtin.curve {
            assert!(curve.points.windows(2).all(|p| p[0][0] <= p[1][0] && p[0][1] <= p[1][1]), "{curve:?}");
            assert!(curve.points.iter().flatten().all(|x| (0.0..=1.0).contains(x)), "{curve:?}");
        }
    }
}
