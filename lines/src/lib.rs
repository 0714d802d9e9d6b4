//! Lines of print → characters, by the neural network in Tesseract's models.
//!
//! In come upright lines of grey pixels, out go their words, where they stand and how sure they are. Tesseract itself puts the same
//! network to work place by place and line by line, and compresses every line as PNG on the way; here the lines of a page go through it
//! side by side, in the same 8-bit arithmetic. Not its business: where on the page the lines are, and what the words mean.
//!
//! A crate of its own only so that it can be optimised in builds that are not: `saoy` takes no other.
//!
//! Source: R. Smith, "Building a Multilingual OCR Engine" (tutorial at DAS 2016), and Tesseract 5's `lstm/`, read for its formats.
//!
//! ```no_run
//! let model = std::fs::read("/usr/share/tesseract-ocr/5/tessdata/vie.traineddata")?;
//! let reader = saoy_lines::LineReader::new(&model)?;
//! let line = image::GrayImage::from_pixel(400, 40, image::Luma([255]));
//! for word in &reader.read(&[line], None)[0] {
//!     println!("{} {:.2} {:?}", word.text, word.confidence, word.span);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod dictionary;
mod line;
mod model;
mod network;

pub use line::{LineReader, LineWord};

/// Why a model cannot be used here. Tesseract itself may still take it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Something else, or not all of it.
    #[error("not a model of Tesseract's, or cut off")]
    NotTrainedData,
    /// What it has that is not read here: one of the other kinds of Tesseract's networks.
    #[error("the model has {0}, which is not read here")]
    Unsupported(String),
}
