//! Pages → words.
//!
//! In comes a page's upright pixels, out goes [`PageText`]: words with boxes in the page's own pixels, grouped into lines in
//! reading order. Deskewing, scaling and the removal of red seals happen to a copy made for reading; the kept image is
//! untouched. Not its business: what the words mean.
//!
//! [`EnginePool`] reads many pages at once, [`read_page`] one. The engine stands behind [`Recognizer`]: [`LineEngine`], for which
//! Tesseract finds the lines and `saoy-lines` reads them with Tesseract's model; Tesseract alone ([`Tesseract`]) for models that it does not
//! take and for several languages at once; in tests, [`FakeRecognizer`].

mod code;
mod engine;
mod error;
mod faint;
pub mod fake;
mod frame;
mod leaders;
mod paper;
mod pen;
mod picture;
mod pool;
mod prepare;
mod projection;
mod quality;
mod read;
mod red;
pub mod score;
mod sheet;
mod specks;
mod tesseract;
mod warp;

pub use self::tesseract::Tesseract;
pub use code::{PageQr, read_codes};
pub use engine::{LineEngine, LineModel, OWN_MODEL};
pub use error::{OcrError, PageError};
pub use fake::FakeRecognizer;
pub use frame::Frame;
pub use pool::{EnginePool, PageJob, PageRead};
pub use prepare::{Prepared, Turn, prepare};
pub use quality::Defect;
pub use read::{PAGE_DEADLINE, read_page, reread};

use std::ops::Range;
use std::time::Duration;

use image::GrayImage;
use serde::{Deserialize, Serialize};

use crate::geom::PixelBox;

/// One word as read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// NFC, without white space.
    pub text: String,
    /// 0 to 1, as the engine gives it, uncalibrated.
    pub confidence: f32,
    /// Upright page pixels.
    #[serde(rename = "box")]
    pub bbox: PixelBox,
}

/// One line: consecutive words on one baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Indices into [`PageText::words`].
    pub words: Range<usize>,
    /// `[x0, y0, x1, y1]` from the line's start to its end in reading direction, upright page pixels: a skewed or turned
    /// line keeps its direction here.
    pub baseline: [f32; 4],
    /// The paragraph or column block, ascending in reading order.
    pub block: u32,
}

/// What one page says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageText {
    /// Width of the upright page in pixels.
    pub width: u32,
    /// Height of the upright page in pixels.
    pub height: u32,
    /// Pixels an inch, or null where only estimated.
    pub dpi: Option<[f64; 2]>,
    /// All words in reading order.
    pub words: Vec<Word>,
    /// All lines in reading order; every word is in exactly one.
    pub lines: Vec<Line>,
    /// The red seals' rings, upright page pixels; null where red cannot be told: a grey or black-and-white scan, red paper.
    #[serde(default)]
    pub seals: Option<Vec<PixelBox>>,
    /// What is wrong with its picture.
    #[serde(default)]
    pub quality: Vec<Defect>,
    /// Signatures in blue ink, page pixels. That there are none says nothing: people sign in black too.
    #[serde(default)]
    pub signatures: Vec<PixelBox>,
    /// The page as it was read; none for a page that was not read from pixels.
    #[serde(skip)]
    pub upright: Option<Upright>,
}

/// Words and lines in the frame in which a page was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Upright {
    /// Where it lies on the page.
    pub frame: Frame,
    /// The box of each word of [`PageText::words`], frame pixels.
    pub boxes: Vec<PixelBox>,
    /// The baseline of each line of [`PageText::lines`], frame pixels.
    pub baselines: Vec<[f32; 4]>,
}

impl PageText {
    /// The words of a line, in reading order.
    pub fn line_words(&self, line: &Line) -> &[Word] {
        self.words.get(line.words.clone()).unwrap_or_default()
    }

    /// The whole text: words by a space, lines by `\n`, blocks by a blank line; no line end after the last.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut block = None;
        for line in &self.lines {
            match block {
                None => {}
                Some(b) if b == line.block => text.push('\n'),
                Some(_) => text.push_str("\n\n"),
            }
            block = Some(line.block);
            for (i, word) in self.line_words(line).iter().enumerate() {
                if i > 0 {
                    text.push(' ');
                }
                text.push_str(&word.text);
            }
        }
        text
    }

    /// The page as it was read, upright, level and flat: all boxes in the frame's pixels. The page itself where there is no frame.
    pub fn straight(&self) -> Self {
        let Some(upright) = &self.upright else { return self.clone() };
        let mut page = self.clone();
        (page.width, page.height) = upright.frame.size();
        page.words.iter_mut().zip(&upright.boxes).for_each(|(word, bbox)| word.bbox = *bbox);
        page.lines.iter_mut().zip(&upright.baselines).for_each(|(line, baseline)| line.baseline = *baseline);
        page.seals =
            self.seals.as_ref().map(|boxes| boxes.iter().map(|b| upright.frame.of_page(*b)).collect());
        page.upright = None;
        page
    }

    /// Whether no letter and no digit was read: a blank page, a picture, or one that cannot be read.
    pub fn is_blank(&self) -> bool {
        !self.words.iter().any(|word| word.text.contains(char::is_alphanumeric))
    }

    /// The words' mean confidence, weighted by their letters; 0 where there are none.
    pub fn confidence(&self) -> f32 {
        mean_confidence(self.words.iter().map(|w| (w.text.as_str(), w.confidence)))
    }
}

/// A word as an engine gives it, before its box is mapped back to the page.
#[derive(Clone, Debug, PartialEq)]
pub struct RawWord {
    /// As the engine writes it.
    pub text: String,
    /// 0 to 1.
    pub confidence: f32,
    /// Pixels of the image that was handed in.
    pub bbox: PixelBox,
}

/// A line as an engine gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct RawLine {
    /// In reading order.
    pub words: Vec<RawWord>,
    /// `[x0, y0, x1, y1]` in pixels of the image that was handed in.
    pub baseline: [f32; 4],
    /// Counts the blocks of text in reading order, from 0.
    pub block: u32,
}

/// An engine that reads. It is used by one thread at a time and may keep state between calls, but a page's
/// result does not depend on the pages before it.
pub trait Recognizer {
    /// Reads a page: dark print on light ground, upright and straight, at `ppi` pixels an inch. Blocks,
    /// their lines and the words come in reading order. Past `deadline` it gives up with [`OcrError::Deadline`].
    fn read_page(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        deadline: Duration,
    ) -> Result<Vec<RawLine>, OcrError>;

    /// Reads an image of one line; with `allowed`, only these characters. Gives the text and the mean
    /// confidence, 0 to 1.
    fn read_line(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        allowed: Option<&str>,
    ) -> Result<(String, f32), OcrError>;
}

/// Mean confidence weighted by letters and digits, so that specks read as punctuation do not count.
fn mean_confidence<'a>(words: impl Iterator<Item = (&'a str, f32)>) -> f32 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (text, confidence) in words {
        let letters = text.chars().filter(|c| c.is_alphanumeric()).count() as f32;
        sum += letters * confidence;
        count += letters;
    }
    if count > 0.0 { sum / count } else { 0.0 }
}
