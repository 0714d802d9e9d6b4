//! What is wrong with a picture of a page, in words that help the person at the scanner.
//!
//! The thresholds stand between what was measured on generated pages (33 to 36 papers each of the clean, worn and phone styles, none of which may
//! draw a remark) and pages made bad on purpose.

use image::GrayImage;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{PageText, Word};
use crate::geom::PixelBox;

/// A fault of a page's picture; written as `too-dark` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Defect {
    /// The paper itself is dark: too little light.
    TooDark,
    /// Letters have too few pixels to be told apart.
    TooSmall,
    /// Print runs into the picture's edge: a part of the paper is missing.
    CutOff,
    /// Strokes have no sharp edges.
    Blurred,
    /// A reflection hides what lies under it.
    Glare,
    /// The head that a paper has once stands on the page twice.
    TwoPapers,
}

impl Defect {
    /// What is wrong, and what to do about it: goes on after "page 1 ".
    pub fn advice(self) -> &'static str {
        match self {
            Self::TooDark => "is too dark: more light, or a brighter setting, and scan it again",
            Self::TooSmall => {
                "has letters too small to read well: scan it at 300 pixels an inch, or from nearer"
            }
            Self::CutOff => "is cut off: print runs into the edge; lay the whole paper on the glass",
            Self::Blurred => "is blurred: hold still or clean the glass, and scan it again",
            Self::Glare => "has a bright reflection: turn the light away and take it again",
            Self::TwoPapers => "seems to show two papers: scan each by itself",
        }
    }
}

/// Side of the squares in which light and sharpness are measured, pixels at reading resolution.
const SQUARE: usize = 48;
/// Paper darker than this is underexposed. The darkest photograph of 66 of the phone style, table included, has 139.
const DARK: f32 = 80.0;
/// The steepest step over two pixels, as a share of the contrast around it: the page's median. Measured: 0.67 and more on all styles,
/// 0.43 blurred by 2 pixels (σ, 0.25 mm), where marks begin to run together.
const SHARP: f32 = 0.45;
/// Fewer squares with print say nothing about sharpness.
const ENOUGH_PRINT: usize = 30;
/// No paper reflects more.
const BLOWN: f32 = 252.0;
/// Around a reflection the paper is darker than this.
const AROUND_GLARE: f32 = 232.0;
/// Half the words that stand higher than so many pixels, marks and tails with them, are large enough. Measured: 24 and more
/// for 200-dpi cards; at 110 dpi 12-point print has 16.
const LEAST_HEIGHT: u32 = 17;
/// Words of so many letters say how high print is.
const LETTERS: usize = 3;

/// What the picture itself shows; `image` is as scanned, but for its resolution.
pub(super) fn of_image(image: &GrayImage) -> Vec<Defect> {
    let (columns, rows) = (image.width() as usize / SQUARE, image.height() as usize / SQUARE);
    if columns < 4 || rows < 4 {
        return Vec::new();
    }
    let squares: Vec<Square> =
        (0..rows * columns).map(|i| Square::of(image, i % columns * SQUARE, i / columns * SQUARE)).collect();
    let mut defects = Vec::new();
    if median(squares.iter().map(|s| s.paper)).is_some_and(|usual| usual < DARK) {
        defects.push(Defect::TooDark);
    }
    let steps: Vec<f32> = squares.iter().filter_map(Square::sharpness).collect();
    if steps.len() >= ENOUGH_PRINT && median(steps.into_iter()).is_some_and(|usual| usual < SHARP) {
        defects.push(Defect::Blurred);
    }
    if has_glare(&squares, columns) {
        defects.push(Defect::Glare);
    }
    defects
}

/// What its words show.
pub(super) fn of_text(page: &PageText) -> Vec<Defect> {
    let mut defects = Vec::new();
    let Some(upright) = &page.upright else { return defects };
    let words = || page.words.iter().zip(&upright.boxes);
    let letters = |word: &Word| word.text.chars().filter(|c| c.is_alphabetic()).count();
    let heights = words().filter(|(word, _)| letters(word) >= LETTERS).map(|(_, b)| b.height() as f32);
    if median(heights).is_some_and(|usual| usual < LEAST_HEIGHT as f32) {
        defects.push(Defect::TooSmall);
    }
    // The sheet's edges are those of its picture, or of what was cut out of a photograph.
    let photo = upright.frame.is_photo();
    let size = if photo { upright.frame.size() } else { (page.width, page.height) };
    let placed: Vec<(&Word, PixelBox)> =
        words().map(|(word, b)| (word, if photo { *b } else { word.bbox })).collect();
    if is_cut_off(&placed, page, size) {
        defects.push(Defect::CutOff);
    }
    let heads: usize = page
        .lines
        .iter()
        .map(|line| {
            let text: String = page.line_words(line).iter().map(|word| word.text.as_str()).collect();
            plain(&text).matches("conghoaxahoi").count()
        })
        .sum();
    if heads > 1 {
        defects.push(Defect::TwoPapers);
    }
    defects
}

/// Whether several lines end at the very edge, or the words of one line lie along it.
fn is_cut_off(words: &[(&Word, PixelBox)], page: &PageText, (width, height): (u32, u32)) -> bool {
    const NEAR: u32 = 400; // a share of the longer side: 0.7 mm of A4
    const LINES: usize = 3;
    let near = (width.max(height) / NEAR).max(1);
    let says = |word: &Word| word.text.chars().filter(|c| c.is_alphanumeric()).count() >= 2;
    let (mut left, mut right, mut above, mut below) = (0, 0, 0, 0);
    for line in &page.lines {
        let Some(line) = words.get(line.words.clone()) else { continue };
        let any = |at: &dyn Fn(&PixelBox) -> bool| line.iter().any(|(word, b)| says(word) && at(b));
        let most = |at: &dyn Fn(&PixelBox) -> bool| {
            line.len() >= LINES && line.iter().filter(|(_, b)| at(b)).count() * 2 > line.len()
        };
        left += usize::from(any(&|b| b.x0 <= near));
        right += usize::from(any(&|b| b.x1 + near >= width));
        above += usize::from(most(&|b| b.y0 <= near));
        below += usize::from(most(&|b| b.y1 + near >= height));
    }
    left >= LINES || right >= LINES || above > 0 || below > 0
}

/// Letters without marks and case, nothing else.
fn plain(text: &str) -> String {
    let letters = text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    letters.map(|c| if c == 'đ' { 'd' } else { c }).filter(|c| c.is_alphanumeric()).collect()
}

/// One square of the picture.
struct Square {
    /// The mean of what is lighter than the mean.
    paper: f32,
    darkest: u8,
    /// The largest difference over two pixels.
    step: u8,
}

impl Square {
    fn of(image: &GrayImage, x0: usize, y0: usize) -> Self {
        let width = image.width() as usize;
        let line = |y: usize| &image.as_raw()[(y0 + y) * width + x0..][..SQUARE];
        let sum: u32 = (0..SQUARE).flat_map(line).map(|p| u32::from(*p)).sum();
        let mean = (sum / (SQUARE * SQUARE) as u32) as u8;
        let (mut light, mut n, mut darkest, mut step) = (0_u32, 0_u32, 255, 0);
        for y in 0..SQUARE {
            for p in line(y) {
                if *p >= mean {
                    light += u32::from(*p);
                    n += 1;
                }
                darkest = darkest.min(*p);
            }
            step = line(y).iter().zip(&line(y)[2..]).map(|(a, b)| a.abs_diff(*b)).fold(step, u8::max);
            if y >= 2 {
                step = line(y).iter().zip(line(y - 2)).map(|(a, b)| a.abs_diff(*b)).fold(step, u8::max);
            }
        }
        Self { paper: light as f32 / n.max(1) as f32, darkest, step }
    }

    /// The steepest step as a share of the contrast; none where there is no print.
    fn sharpness(&self) -> Option<f32> {
        let contrast = self.paper - f32::from(self.darkest);
        (contrast >= 30.0 && contrast >= 0.3 * self.paper).then(|| f32::from(self.step) / contrast)
    }
}

/// Whether there is a patch that is white with light on paper that is not: its light falls off at once.
fn has_glare(squares: &[Square], columns: usize) -> bool {
    const LEAST: usize = 2;
    let rows = squares.len() / columns;
    let blown = |i: usize| squares[i].paper >= BLOWN;
    let around = |i: usize, far: usize| {
        let (x, y) = (i % columns, i / columns);
        let xs = x.saturating_sub(far)..(x + far + 1).min(columns);
        (y.saturating_sub(far)..(y + far + 1).min(rows))
            .flat_map(move |y| xs.clone().map(move |x| y * columns + x))
    };
    let mut seen = vec![false; squares.len()];
    for first in 0..squares.len() {
        if seen[first] || !blown(first) {
            continue;
        }
        let mut patch = vec![first];
        seen[first] = true;
        let mut next = 0;
        while let Some(&i) = patch.get(next) {
            for j in around(i, 1) {
                if !seen[j] && blown(j) {
                    seen[j] = true;
                    patch.push(j);
                }
            }
            next += 1;
        }
        if patch.len() < LEAST || patch.len() * 4 > squares.len() {
            continue;
        }
        let ring = patch.iter().flat_map(|i| around(*i, 3)).filter(|j| !blown(*j));
        if median(ring.map(|j| squares[j].paper)).is_some_and(|paper| paper <= AROUND_GLARE) {
            return true;
        }
    }
    false
}

fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}
