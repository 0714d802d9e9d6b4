//! The engine that offices use: Tesseract finds the lines of a page, the network of its model reads them all at once.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use image::{GrayImage, imageops};
use saoy_lines::{LineReader, LineWord, ModelError};
use unicode_normalization::UnicodeNormalization;

use super::tesseract::{Analysis, TextLine};
use super::{OcrError, RawLine, RawWord, Recognizer, Tesseract, mean_confidence};
use crate::geom::PixelBox;

/// Pixels of paper left around a line.
const MARGIN: u32 = 4;
/// A gap wider than this many heights of its line parts it: words of another column.
const WIDEST_GAP: f32 = 2.0;
/// Ink of so few pixels each way is dirt, whatever was read in it: half a millimetre at the resolution of reading.
const SPECK: u32 = 4;
/// Descenders reach this far below the baseline, in heights above it.
const DESCENT: f32 = 0.28;

/// Saoy's own model of Vietnamese, by the name that takes the place of a language's; `models/training` says how it came to be.
pub const OWN_MODEL: &str = "saoy";
const OWN_MODEL_FILE: &[u8] = include_bytes!("../../models/saoy.traineddata");

/// The model that reads what is printed in plain Latin letters; Tesseract's packages bring it along.
const LATIN: &str = "eng";
/// The letters and fillers of a machine-readable zone (ICAO Doc 9303-3, 4.3).
const ZONE_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<";
/// The lines of the zones on cards have thirty characters, those of a passport forty-four.
const ZONE_LENGTH: usize = 20;
/// Fewer letters and digits say too little about the language.
const PLAIN_LENGTH: usize = 4;

/// Reads as Tesseract does, several times as fast. Lines without any Vietnamese letter are read by the model of English too, where it is
/// installed: the Vietnamese one hardly knows F, J, W and Z, and takes the I of some faces for a T.
pub struct LineEngine {
    analysis: Analysis,
    models: Arc<Models>,
}

/// The model of one language, loaded once for all workers.
#[derive(Clone)]
pub struct LineModel(Arc<Models>);

struct Models {
    own: LineReader,
    /// That of plain letters, loaded with the first line that asks for it; none where it is not installed or of another kind.
    latin: LazyLock<Option<LineReader>, LoadLatin>,
}

type LoadLatin = Box<dyn FnOnce() -> Option<LineReader> + Send>;

impl Models {
    fn new(own: LineReader, latin: impl FnOnce() -> Option<Vec<u8>> + Send + 'static) -> Self {
        let load: LoadLatin = Box::new(|| LineReader::without_words(&latin()?).ok());
        Self { own, latin: LazyLock::new(load) }
    }
}

impl LineModel {
    /// Saoy's own ([`OWN_MODEL`]).
    ///
    /// # Errors
    /// None that a build which passes its tests has.
    pub fn own() -> Result<Self, OcrError> {
        let own = LineReader::new(OWN_MODEL_FILE).map_err(|_| OcrError::Start(OWN_MODEL.to_owned()))?;
        let latin = || Tesseract::new(LATIN).ok()?.model(LATIN).ok();
        Ok(Self(Arc::new(Models::new(own, latin))))
    }

    /// The model of a language that `tesseract` has loaded; `None` where it is of a kind that only Tesseract itself reads, or where there
    /// are several languages.
    ///
    /// # Errors
    /// When its file cannot be read or is broken.
    pub fn of(tesseract: &Tesseract) -> Result<Option<Self>, OcrError> {
        let language = tesseract.languages();
        if language.contains('+') {
            return Ok(None);
        }
        match LineReader::new(&tesseract.model(language)?) {
            Ok(own) => {
                let latin = (language != LATIN).then(|| tesseract.model_file(LATIN));
                Ok(Some(Self(Arc::new(Models::new(own, || std::fs::read(latin?).ok())))))
            }
            Err(ModelError::Unsupported(_)) => Ok(None),
            Err(ModelError::NotTrainedData) => Err(OcrError::Start(language.to_owned())),
        }
    }

    /// One worker's engine with this model.
    pub fn engine(&self) -> LineEngine {
        LineEngine { analysis: Analysis::new(), models: Arc::clone(&self.0) }
    }
}

impl LineEngine {
    /// The lines of a page as the network reads them, each upright: what it is to be trained with.
    ///
    /// # Errors
    /// When Tesseract cannot take the page apart.
    pub fn line_images(&mut self, image: &GrayImage, ppi: u32) -> Result<Vec<GrayImage>, OcrError> {
        Ok(self.cut(image, ppi)?.2)
    }

    /// What of an image of one line the network reads.
    pub fn line_image(image: &GrayImage) -> GrayImage {
        let (top, bottom) = rows_of_print(image);
        imageops::crop_imm(image, 0, top, image.width(), bottom - top).to_image()
    }

    fn cut(&mut self, image: &GrayImage, ppi: u32) -> Result<Cut, OcrError> {
        let lines: Vec<TextLine> = self.analysis.lines(image, ppi)?.into_iter().flat_map(parts).collect();
        let boxes: Vec<PixelBox> = lines.iter().map(|line| surroundings(line, image)).collect();
        let crops = lines.iter().zip(&boxes).map(|(line, b)| upright(image, b, line.quarters)).collect();
        Ok((lines, boxes, crops))
    }
}

/// The lines of a page, what of the image holds each, and that upright.
type Cut = (Vec<TextLine>, Vec<PixelBox>, Vec<GrayImage>);

impl Recognizer for LineEngine {
    fn read_page(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        deadline: Duration,
    ) -> Result<Vec<RawLine>, OcrError> {
        let began = Instant::now();
        let (lines, boxes, crops) = self.cut(image, ppi)?;
        let mut read = Vec::with_capacity(lines.len());
        // Some lines at a time, so that the deadline is kept.
        for crops in crops.chunks(LINES_AT_ONCE) {
            if began.elapsed() >= deadline {
                return Err(OcrError::Deadline(deadline));
            }
            let mut words = self.models.own.read(crops, None);
            self.models.read_plain(crops, &mut words);
            read.extend(words);
        }
        let lines = lines.into_iter().zip(boxes).zip(read);
        Ok(lines.filter_map(|((line, b), words)| raw_line(line, &b, words)).collect())
    }

    fn read_line(
        &mut self,
        image: &GrayImage,
        _ppi: u32,
        allowed: Option<&str>,
    ) -> Result<(String, f32), OcrError> {
        let (width, height) = image.dimensions();
        if width == 0 || height == 0 {
            return Err(OcrError::ImageSize { width, height });
        }
        let line = Self::line_image(image);
        let mut words = self.models.own.read(std::slice::from_ref(&line), allowed).pop().unwrap_or_default();
        let mut confidence = sureness(&words);
        // Of plain characters the other model is a second witness.
        if allowed.is_some_and(str::is_ascii)
            && let Some(other) =
                self.models.latin.as_ref().and_then(|latin| latin.read(&[line], allowed).pop())
            && sureness(&other) > confidence
        {
            confidence = sureness(&other);
            words = other;
        }
        let text: Vec<String> = words.into_iter().map(|w| w.text).collect();
        Ok((text.join(" "), confidence))
    }
}

impl Models {
    /// Reads the lines that hold no Vietnamese letter with the model of English, and keeps what it is surer of. Zones are read with
    /// their own letters, as one word a line.
    fn read_plain(&self, crops: &[GrayImage], read: &mut [Vec<LineWord>]) {
        let which = |wanted: fn(&[LineWord]) -> bool| -> Vec<usize> {
            (0..read.len()).filter(|i| wanted(&read[*i])).collect()
        };
        let (zones, plain) = (which(is_zone), which(|words| !is_zone(words) && is_plain(words)));
        if zones.is_empty() && plain.is_empty() {
            return;
        }
        let Some(latin) = self.latin.as_ref() else { return };
        let images =
            |lines: &[usize]| -> Vec<GrayImage> { lines.iter().map(|i| crops[*i].clone()).collect() };
        for (line, words) in zones.iter().zip(latin.read(&images(&zones), Some(ZONE_LETTERS))) {
            if !words.is_empty() {
                read[*line] = joined(words);
            }
        }
        for (line, words) in plain.iter().zip(latin.read(&images(&plain), None)) {
            if sureness(&words) > sureness(&read[*line]) {
                read[*line] = words;
            }
        }
    }
}

fn sureness(words: &[LineWord]) -> f32 {
    mean_confidence(words.iter().map(|w| (w.text.as_str(), w.confidence)))
}

/// Whether it is a line of a machine-readable zone: long, and with fillers.
fn is_zone(words: &[LineWord]) -> bool {
    let letters = || words.iter().flat_map(|w| w.text.chars());
    letters().count() >= ZONE_LENGTH && letters().filter(|c| matches!(c, '<' | '«')).count() >= 2
}

/// Whether nothing in it was read as a Vietnamese letter.
fn is_plain(words: &[LineWord]) -> bool {
    let letters = || words.iter().flat_map(|w| w.text.chars());
    let vietnamese = |c: char| matches!(c, 'đ' | 'Đ') || c.nfd().nth(1).is_some_and(|mark| mark != '\u{308}');
    letters().filter(|c| c.is_alphanumeric()).count() >= PLAIN_LENGTH && !letters().any(vietnamese)
}

/// The words of one line as one.
fn joined(words: Vec<LineWord>) -> Vec<LineWord> {
    let whole = words.into_iter().reduce(|a, b| LineWord {
        text: a.text + &b.text,
        confidence: a.confidence.min(b.confidence),
        span: [a.span[0].min(b.span[0]), a.span[1].max(b.span[1])],
    });
    whole.into_iter().collect()
}

impl std::fmt::Debug for LineModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LineModel")
    }
}

/// Between them the deadline is looked at.
const LINES_AT_ONCE: usize = 96;

/// A line, parted at wide gaps.
fn parts(line: TextLine) -> Vec<TextLine> {
    if line.quarters % 2 == 1 {
        return vec![line];
    }
    let height = line.words.iter().map(PixelBox::height).max().unwrap_or(0) as f32;
    let mut parts: Vec<TextLine> = Vec::new();
    for word in &line.words {
        match parts.last_mut() {
            Some(part)
                if part
                    .words
                    .last()
                    .is_none_or(|before| word.x0 as f32 <= before.x1 as f32 + WIDEST_GAP * height) =>
            {
                part.words.push(*word);
            }
            _ => parts.push(TextLine { words: vec![*word], ..line.clone() }),
        }
    }
    parts
}

/// What of the image holds the line, with room for what its words may have lost above and below.
fn surroundings(line: &TextLine, image: &GrayImage) -> PixelBox {
    let (width, height) = image.dimensions();
    let least = |f: fn(&PixelBox) -> u32| line.words.iter().map(f).min().unwrap_or(0);
    let most = |f: fn(&PixelBox) -> u32| line.words.iter().map(f).max().unwrap_or(0);
    let (x0, x1, mut y0, mut y1) = (least(|w| w.x0), most(|w| w.x1), least(|w| w.y0), most(|w| w.y1));
    if line.quarters == 0 {
        let [bx0, by0, bx1, by1] = line.baseline;
        let middle = (x0 + x1) as f32 / 2.0;
        let baseline = if bx1 > bx0 { by0 + (by1 - by0) * (middle - bx0) / (bx1 - bx0) } else { by0 };
        let above = (baseline - y0 as f32).max(0.0);
        y1 = y1.max((baseline + above * DESCENT) as u32);
        (y0, y1) = with_marks(image, [x0, x1.min(width)], [y0, y1.min(height)], baseline.max(0.0) as u32);
    }
    PixelBox::new(
        x0.saturating_sub(MARGIN),
        y0.saturating_sub(MARGIN),
        (x1 + MARGIN).min(width),
        (y1 + MARGIN).min(height),
    )
}

/// The marks over capitals reach this far above what the layout took for the line, in heights above the baseline…
const MARKS: f32 = 0.4;
/// … and no white wider than this parts them from their letters, …
const GAP_ABOVE: f32 = 0.125;
/// … as none wider than this does a dot from the letter above it.
const GAP_BELOW: f32 = 0.2;

/// From which row to which the line goes: with the marks that the layout cut off its capitals, without what stands of the lines above and
/// below where white parts them from it.
fn with_marks(image: &GrayImage, [x0, x1]: [u32; 2], [top, bottom]: [u32; 2], baseline: u32) -> (u32, u32) {
    let letters = baseline.saturating_sub(top);
    if letters < SPECK || x0 >= x1 || baseline >= bottom {
        return (top, bottom);
    }
    let rows = |share: f32| (letters as f32 * share) as u32;
    let ink = |y: u32| {
        let row = &image.as_raw()[(y * image.width()) as usize..][x0 as usize..x1 as usize];
        row.iter().filter(|pixel| **pixel < 128).count()
    };
    // A ruling is no part of a letter.
    let ruling = (x1 - x0) as usize / 2;
    let edge = |way: &mut dyn Iterator<Item = u32>, gap: u32| {
        let (mut last, mut white) = (None, 0);
        for y in way {
            match ink(y) {
                0 => white += 1,
                ink if ink > ruling && white > 0 => return last,
                _ => (last, white) = (Some(y), 0),
            }
            if white > gap.max(1) {
                return last;
            }
        }
        None
    };
    let highest = top.saturating_sub(rows(MARKS));
    let first = edge(&mut (highest..top + letters / 3).rev(), rows(GAP_ABOVE)).unwrap_or(top);
    let last = edge(&mut (baseline - letters / 3..bottom), rows(GAP_BELOW)).map_or(bottom, |y| y + 1);
    (first, last)
}

fn upright(image: &GrayImage, b: &PixelBox, quarters: u8) -> GrayImage {
    let crop = imageops::crop_imm(image, b.x0, b.y0, b.width(), b.height()).to_image();
    match quarters {
        1 => imageops::rotate90(&crop),
        2 => imageops::rotate180(&crop),
        3 => imageops::rotate270(&crop),
        _ => crop,
    }
}

/// The words back on the image. A word's box is as high as the blobs of ink that it covers.
fn raw_line(line: TextLine, b: &PixelBox, words: Vec<LineWord>) -> Option<RawLine> {
    let places: Vec<PixelBox> = words.iter().map(|word| on_image(&line, b, word.span)).collect();
    let words: Vec<RawWord> = words
        .into_iter()
        .enumerate()
        .map(|(n, word)| RawWord {
            bbox: if line.quarters == 0 { with_its_ink(&line, &places, n) } else { places[n] },
            text: word.text,
            confidence: word.confidence,
        })
        .filter(|word| word.bbox.width().max(word.bbox.height()) > SPECK)
        .collect();
    let says_something = words.iter().any(|w| !is_ruling(&w.text));
    says_something.then_some(RawLine { words, baseline: line.baseline, block: line.block })
}

/// The place of the `n`th word as its blobs of ink bound it, for their edges are sharper than the network's places. A blob that lies in
/// one word only is all of it; one that the network read as several words is parted where it parts them.
fn with_its_ink(line: &TextLine, places: &[PixelBox], n: usize) -> PixelBox {
    let here = places[n];
    let overlap = |a: &PixelBox, b: &PixelBox| a.x1.min(b.x1).saturating_sub(a.x0.max(b.x0));
    let (mut x0, mut x1) = (u32::MAX, 0);
    for blob in line.words.iter().filter(|blob| overlap(blob, &here) > 0) {
        let claims = |place: &&PixelBox| overlap(blob, place) * 3 > blob.width().min(place.width());
        match (places.iter().filter(claims).count(), claims(&&here)) {
            (0 | 1, true) => (x0, x1) = (x0.min(blob.x0), x1.max(blob.x1)),
            (2.., true) => (x0, x1) = (x0.min(blob.x0.max(here.x0)), x1.max(blob.x1.min(here.x1))),
            _ => {}
        }
    }
    if x0 < x1 { PixelBox::new(x0, here.y0, x1, here.y1) } else { here }
}

/// A stroke of the pen or of a frame, not a word.
fn is_ruling(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '-' | '–' | '—' | '_' | '=' | '.' | '~' | '|' | '\'' | ',' | '·' | ' '))
}

fn on_image(line: &TextLine, b: &PixelBox, [start, end]: [f32; 2]) -> PixelBox {
    let (width, height) = (b.width() as f32, b.height() as f32);
    let pixel = |v: f32| v.round().max(0.0) as u32;
    match line.quarters {
        0 => {
            let (x0, x1) = (
                b.x0 + pixel(start),
                (b.x0 + pixel(end)).clamp(b.x0 + pixel(start) + 1, b.x1.max(b.x0 + pixel(start) + 1)),
            );
            let covered = || line.words.iter().filter(|w| w.x0 < x1 && w.x1 > x0);
            let y0 = covered().map(|w| w.y0).min().unwrap_or(b.y0);
            let y1 = covered().map(|w| w.y1).max().unwrap_or(b.y1);
            // The ink's own edges are sharper than the network's places.
            let left = covered().map(|w| w.x0).min().unwrap_or(x0);
            let right = covered().map(|w| w.x1).max().unwrap_or(x1);
            let x0 = x0.max(left);
            PixelBox::new(x0, y0, x1.min(right).max(x0 + 1), y1.max(y0 + 1))
        }
        1 => PixelBox::new(b.x0, b.y0 + pixel(height - end), b.x1, b.y0 + pixel(height - start)),
        2 => PixelBox::new(b.x0 + pixel(width - end), b.y0, b.x0 + pixel(width - start), b.y1),
        _ => PixelBox::new(b.x0, b.y0 + pixel(start), b.x1, b.y0 + pixel(end)),
    }
}

/// From which row to which the print of an image of one line goes, without what stands out of the neighbouring lines.
fn rows_of_print(image: &GrayImage) -> (u32, u32) {
    let (width, height) = image.dimensions();
    let ink: Vec<usize> = image
        .as_raw()
        .chunks_exact(width as usize)
        .map(|row| row.iter().filter(|p| **p < 128).count())
        .collect();
    let heaviest = (0..height as usize).max_by_key(|y| {
        // About a line's core: rows around the middle count more than those at the edges.
        let from_middle = y.abs_diff(height as usize / 2) * 4;
        (ink[*y] * 16).saturating_sub(from_middle * ink[*y] / (height as usize).max(1))
    });
    let Some(core) = heaviest.filter(|y| ink[*y] > 0) else {
        return (0, height);
    };
    // White rows within a line part its marks from its letters; more of them part lines.
    let gap = (height / 10).max(2) as usize;
    let edge = |rows: &mut dyn Iterator<Item = usize>| {
        let (mut last, mut white) = (core, 0);
        for y in rows {
            if ink[y] > 0 {
                (last, white) = (y, 0);
            } else {
                white += 1;
                if white > gap {
                    break;
                }
            }
        }
        last
    };
    let top = edge(&mut (0..core).rev()) as u32;
    let bottom = edge(&mut (core..height as usize)) as u32 + 1;
    (top.saturating_sub(MARGIN), (bottom + MARGIN).min(height))
}
