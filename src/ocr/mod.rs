//! Pages → words.
//!
//! In comes a page's upright pixels, out goes [`PageText`]: words with boxes in the page's own pixels, grouped into lines in
//! reading order. Deskewing, scaling and the removal of red seals happen to a copy made for reading; the kept image is
//! untouched. Not its business: what the words mean.

use std::ops::Range;

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
}
