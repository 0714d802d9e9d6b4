//! Fields and words as read → figures: how much is right, what is flagged, what passes silently.
//!
//! In come papers with what a perfect reader answers about them (`<name>.expected.json`, in the shape of `saoy read --json`)
//! and what was read; out goes a [`Report`], as data, as lines for people ([`Report::table`]) or as an HTML page with the
//! wrong fields' crops ([`html`]). Not its business: reading, and whether the figures are good enough.

mod html;
mod memory;
mod report;
mod text;

pub use html::html;
pub use memory::Remembering;
pub use report::fitted;
pub use report::{Bin, FieldFigures, FormFigures, Report, StraightThrough, Wrong, evaluate};
pub use text::{ErrorRate, error_rate, same};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::error::Failure;
use crate::ocr::PageText;
use crate::record::Fields;

/// What a perfect reader answers about a paper.
#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    /// The form's id; null for a paper that no form describes.
    pub form: Option<String>,
    /// What each page says.
    #[serde(default)]
    pub pages: Vec<ExpectedPage>,
    /// The value of every field.
    #[serde(default)]
    pub fields: BTreeMap<String, ExpectedField>,
}

/// One page's words.
#[derive(Clone, Debug, Deserialize)]
pub struct ExpectedPage {
    /// Lines as printed.
    pub text: String,
}

/// One field's value.
#[derive(Clone, Debug, Deserialize)]
pub struct ExpectedField {
    /// A text, a list of texts, or null.
    pub value: Value,
}

/// A paper to be read: its scan, and what is expected of it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The scan.
    pub scan: PathBuf,
    /// What a perfect reader answers.
    pub expected: Expected,
}

/// A paper that was read, or why it could not be.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The paper.
    pub sample: Sample,
    /// The pages' words and the fields.
    pub read: Result<(Vec<PageText>, Fields), Failure>,
}

/// Why papers cannot be evaluated.
#[derive(Debug, Error)]
pub enum EvalError {
    /// A file or folder could not be read.
    #[error("{file}: {source}")]
    Read {
        /// The file or folder.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// An expectation is not in the shape of `saoy read --json`.
    #[error("{file}:{line}: {what}")]
    Expectation {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// An expectation stands there without its scan.
    #[error("{file} has no scan beside it")]
    NoScan {
        /// The expectation.
        file: String,
    },
    /// A folder without any expectation.
    #[error("{folder} holds no .expected.json")]
    Empty {
        /// The folder.
        folder: String,
    },
}

impl From<EvalError> for Failure {
    fn from(error: EvalError) -> Self {
        let (code, advice) = match &error {
            EvalError::Read { .. } => ("eval-unreadable", "check that the folder exists and can be read"),
            EvalError::Expectation { .. } => {
                ("eval-expectation", "mend the file; samples/README.md describes its shape")
            }
            EvalError::NoScan { .. } => {
                ("eval-no-scan", "put the PDF, JPEG, PNG or TIFF of the same name beside it")
            }
            EvalError::Empty { .. } => (
                "eval-empty",
                "make papers with `cargo run --release --example generate -- --out DIR --split tune`",
            ),
        };
        Failure::new(code, error.to_string(), advice)
    }
}

/// The papers of a folder, by name: every `<name>.expected.json` with its scan beside it.
///
/// # Errors
/// [`EvalError`], the first that is met.
pub fn samples(folder: &Path) -> Result<Vec<Sample>, EvalError> {
    let unread = |file: &Path| {
        let file = file.display().to_string();
        move |source| EvalError::Read { file, source }
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread(folder))? {
        let path = entry.map_err(unread(folder))?.path();
        if path.file_name().is_some_and(|n| n.to_string_lossy().ends_with(ENDING)) {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(EvalError::Empty { folder: folder.display().to_string() });
    }
    found.into_iter().map(|file| sample(&file)).collect()
}

const ENDING: &str = ".expected.json";

fn sample(file: &Path) -> Result<Sample, EvalError> {
    let name = || file.display().to_string();
    let bytes = std::fs::read(file).map_err(|source| EvalError::Read { file: name(), source })?;
    let expected = serde_json::from_slice(&bytes).map_err(|e| EvalError::Expectation {
        file: name(),
        line: e.line(),
        what: e.to_string(),
    })?;
    let stem = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = stem.trim_end_matches(ENDING);
    let scan = ["jpg", "jpeg", "png", "tif", "tiff", "pdf"]
        .iter()
        .map(|ending| file.with_file_name(format!("{stem}.{ending}")))
        .find(|path| path.exists());
    Ok(Sample { scan: scan.ok_or_else(|| EvalError::NoScan { file: name() })?, expected })
}
