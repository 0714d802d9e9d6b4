//! What can go wrong while reading.

use std::time::Duration;

use crate::error::Failure;

/// Why an engine could not read. No text of the page is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OcrError {
    /// The language's model is not installed.
    #[error("tesseract has no data for the language '{language}' in {folder}")]
    LanguageMissing {
        /// As asked for.
        language: String,
        /// Where it was looked for.
        folder: String,
    },
    /// Not a language's name.
    #[error("'{0}' is not a list of languages")]
    LanguageName(String),
    /// Tesseract did not start though the data is there.
    #[error("tesseract did not start with the language '{0}'")]
    Start(String),
    /// A variable that this Tesseract does not know.
    #[error("tesseract {version} does not know the variable '{variable}'")]
    Variable {
        /// Its name.
        variable: String,
        /// Of the library.
        version: String,
    },
    /// The page took too long.
    #[error("reading took longer than {} s", .0.as_secs_f32())]
    Deadline(Duration),
    /// Tesseract gave up.
    #[error("tesseract could not read the image of {width} × {height} pixels")]
    Recognize {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// Noise in place of print: it would hold the engine for minutes.
    #[error("the page has {blobs} specks and too much noise to be read")]
    Noise {
        /// How many blobs of ink there are.
        blobs: usize,
    },
    /// The image has no pixels, or too many for the engine.
    #[error("an image of {width} × {height} pixels cannot be read")]
    ImageSize {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
}

impl From<OcrError> for Failure {
    fn from(error: OcrError) -> Self {
        let message = error.to_string();
        match error {
            OcrError::LanguageMissing { language, .. } => Self::new(
                "language-missing",
                message,
                format!(
                    "install the data, on Debian: apt install tesseract-ocr-{}; or point TESSDATA_PREFIX at its folder",
                    language.replace('_', "-")
                ),
            ),
            OcrError::LanguageName(_) => Self::new(
                "language-name",
                message,
                "name languages as Tesseract does, joined by '+': vie, eng, vie+eng",
            ),
            OcrError::Start(_) | OcrError::Variable { .. } => Self::new(
                "ocr-start",
                message,
                "Saoy needs Tesseract 5 with its data of the same version; check `tesseract --list-langs`",
            ),
            OcrError::Deadline(_) => Self::new(
                "ocr-timeout",
                message,
                "scan the page again with less noise, or raise the limit with --page-seconds",
            ),
            OcrError::Noise { .. } => Self::new(
                "ocr-noise",
                message,
                "scan the page again with less contrast, in grey or colour instead of black and white",
            ),
            OcrError::Recognize { .. } | OcrError::ImageSize { .. } => {
                Self::new("ocr-failed", message, "look at the page; scan it again at 300 dpi")
            }
        }
    }
}

/// Why a page of a batch has no text. `E` is what loading the page can fail with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError<E> {
    /// The page could not be had from its scan.
    #[error("{0}")]
    Load(E),
    /// The engine failed.
    #[error("{0}")]
    Ocr(#[from] OcrError),
    /// A defect of the program; only this page is lost.
    #[error("the program failed on this page")]
    Panicked,
}

impl<E: Into<Failure>> From<PageError<E>> for Failure {
    fn from(error: PageError<E>) -> Self {
        match error {
            PageError::Load(e) => e.into(),
            PageError::Ocr(e) => e.into(),
            PageError::Panicked => Self::new(
                "page-panicked",
                "the program failed on this page",
                "this is a defect of Saoy: report it; the other pages are not affected",
            ),
        }
    }
}
