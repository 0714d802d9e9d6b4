//! One page, one line: prepared, read, and put back on the page's own pixels.

use std::time::Duration;

use unicode_normalization::UnicodeNormalization;

use super::prepare::{Ground, Prepared, Turn};
use super::{Frame, Line, OcrError, PageText, RawLine, Recognizer, Upright, Word, mean_confidence};
use super::{faint, leaders, quality};
use crate::geom::PixelBox;
use crate::scan::{DpiSource, Page};

/// The default limit for one page.
pub const PAGE_DEADLINE: Duration = Duration::from_secs(60);

/// A page read with less confidence than this may lie upside down.
const DOUBTFUL: f32 = 0.7;
/// No other way up is tried once one is read with such confidence: upside down nothing is.
const SURE: f32 = 0.9;
/// Of fewer letters one that happens to look like a letter weighs too much.
const ENOUGH_LETTERS: usize = 40;
/// Another way up must be read better by so much.
const CLEARLY_BETTER: f32 = 0.1;
/// A letter read with less confidence than this is rather none.
const SURE_ENOUGH: f32 = 0.7;
/// Pixels an inch for reading a single line again: its letters are looked at more closely.
const LINE_PPI: f64 = 300.0;

/// Reads a page, whichever way up it lies.
///
/// # Errors
/// When the engine fails, `deadline` passes, or the page is noise.
pub fn read_page(page: &Page, engine: &mut dyn Recognizer, deadline: Duration) -> Result<PageText, OcrError> {
    let mut ground = Ground::of(page);
    if let Some(blobs) = ground.noise {
        return Err(OcrError::Noise { blobs });
    }
    let on_its_side = ground.lies_on_its_side();
    let along = if on_its_side { Turn::ThreeQuarters } else { Turn::None };
    let mut prepared = ground.turned(along);
    if prepared.converged && !ground.photo {
        ground = Ground::whole(page, true);
        prepared = ground.turned(along);
    }
    let lines;
    if on_its_side {
        let turns = [Turn::ThreeQuarters, Turn::Quarter, Turn::None, Turn::Half];
        prepared = best_turn(&ground, turns, engine, deadline)?.prepared;
        lines = engine.read_page(&prepared.image, prepared.ppi, deadline)?;
    } else {
        let upright = engine.read_page(&prepared.image, prepared.ppi, deadline)?;
        let confidence = confidence(&upright);
        if confidence >= DOUBTFUL || upright.is_empty() {
            lines = upright;
        } else {
            let turns = [Turn::None, Turn::Half, Turn::ThreeQuarters, Turn::Quarter];
            let tried = best_turn(&ground, turns, engine, deadline)?;
            if tried.turn == Turn::None || tried.confidence < confidence + CLEARLY_BETTER {
                lines = upright;
            } else {
                prepared = tried.prepared;
                lines = engine.read_page(&prepared.image, prepared.ppi, deadline)?;
            }
        }
    }
    let lines = without_the_faint(&mut prepared, lines, engine, deadline)?;
    let frame = ground.frame(&prepared);
    let mut text = page_text(page, &prepared, frame, lines);
    text.seals = ground.seals;
    text.signatures = ground.signatures;
    text.quality = ground.defects;
    text.quality.extend(quality::of_text(&text));
    Ok(text)
}

/// Where much of a page is faint, the page without it, if then more is read surely: what shows through from the back is read as nothing or
/// nonsense, faded print as words.
fn without_the_faint(
    prepared: &mut Prepared,
    lines: Vec<RawLine>,
    engine: &mut dyn Recognizer,
    deadline: Duration,
) -> Result<Vec<RawLine>, OcrError> {
    let Some(mut image) = faint::cleared(&prepared.image) else { return Ok(lines) };
    // Those that something showed through were not told before.
    leaders::remove(&mut image, prepared.ppi);
    let clear = engine.read_page(&image, prepared.ppi, deadline)?;
    if said(&clear) <= said(&lines) {
        return Ok(lines);
    }
    prepared.image = image;
    Ok(clear)
}

/// How much was read: letters that are surely what they were read as count for it, doubtful ones against it.
fn said(lines: &[RawLine]) -> f32 {
    let words = lines.iter().flat_map(|line| &line.words);
    words.map(|word| (word.confidence - SURE_ENOUGH) * word.text.chars().count() as f32).sum()
}

/// Reads a part of a page again as one line, more closely; with `allowed`, only these characters. The box is in the pixels of the
/// frame in which the page was read, or of the page where none is given. The text is NFC; the mean confidence is 0 to 1. A box taller
/// than wide is taken for a line that runs up or down.
///
/// # Errors
/// When the engine fails.
pub fn reread(
    page: &Page,
    frame: Option<&Frame>,
    bbox: PixelBox,
    allowed: Option<&str>,
    engine: &mut dyn Recognizer,
) -> Result<(String, f32), OcrError> {
    let (width, height) = frame.map_or((page.pixels.width(), page.pixels.height()), Frame::size);
    let inside = PixelBox::new(bbox.x0, bbox.y0, bbox.x1.min(width), bbox.y1.min(height));
    if inside.width() == 0 || inside.height() == 0 {
        return Err(OcrError::ImageSize { width: inside.width(), height: inside.height() });
    }
    let ground = match frame {
        Some(frame) => Ground::of_frame(page, frame, inside, LINE_PPI),
        None => Ground::of_box(page, inside, LINE_PPI),
    };
    let turns: &[Turn] = if bbox.height() > 2 * bbox.width() {
        &[Turn::ThreeQuarters, Turn::Quarter]
    } else if frame.is_some() {
        // It was read this way up.
        &[Turn::None]
    } else {
        &[Turn::None, Turn::Half]
    };
    let mut best = (String::new(), 0.0);
    for turn in turns {
        let prepared = ground.only_turned(*turn);
        let (text, confidence) = engine.read_line(&prepared.image, prepared.ppi, allowed)?;
        if confidence > best.1 {
            best = (text.nfc().collect(), confidence);
        }
        if best.1 >= DOUBTFUL {
            break;
        }
    }
    Ok(best)
}

/// A page turned one way, and how well a part of it was read.
struct Tried {
    turn: Turn,
    prepared: Prepared,
    confidence: f32,
    /// The confidence, less where there were few letters.
    score: f32,
}

/// The way up in which a band of the page with much ink is read with most confidence.
fn best_turn<const N: usize>(
    ground: &Ground,
    turns: [Turn; N],
    engine: &mut dyn Recognizer,
    deadline: Duration,
) -> Result<Tried, OcrError> {
    let mut best: Option<Tried> = None;
    for turn in turns {
        let prepared = ground.turned(turn);
        let (y, height) = inkiest_band(&prepared);
        let lines = engine.read_page(&prepared.band(y, height), prepared.ppi, deadline)?;
        let confidence = confidence(&lines);
        let letters = lines.iter().flat_map(|l| &l.words).flat_map(|w| w.text.chars());
        let letters = letters.filter(|c| c.is_alphanumeric()).count().min(ENOUGH_LETTERS);
        let score = confidence * letters as f32 / ENOUGH_LETTERS as f32;
        if best.as_ref().is_none_or(|best| score > best.score) {
            best = Some(Tried { turn, prepared, confidence, score });
        }
        if score >= SURE {
            break;
        }
    }
    Ok(best.expect("there are turns to try"))
}

/// About eight lines of print: where the most ink is.
fn inkiest_band(prepared: &Prepared) -> (u32, u32) {
    let (width, height) = prepared.image.dimensions();
    let band = (prepared.ppi * 3 / 2).min(height);
    let dark = |y: u32| {
        let row = &prepared.image.as_raw()[y as usize * width as usize..][..width as usize];
        row.iter().step_by(4).filter(|p| **p < 128).count()
    };
    let ink: Vec<usize> = (0..height).map(dark).collect();
    let (mut sum, mut best, mut at) = (ink[..band as usize].iter().sum::<usize>(), 0, 0);
    for y in 0..=height - band {
        if sum > best {
            (best, at) = (sum, y);
        }
        if let Some(next) = ink.get((y + band) as usize) {
            sum = sum + next - ink[y as usize];
        }
    }
    (at, band)
}

fn confidence(lines: &[RawLine]) -> f32 {
    mean_confidence(lines.iter().flat_map(|l| &l.words).map(|w| (w.text.as_str(), w.confidence)))
}

fn page_text(page: &Page, prepared: &Prepared, frame: Frame, raw: Vec<RawLine>) -> PageText {
    let [scale_x, scale_y] = prepared.scale;
    let across = |v: u32| (f64::from(v) * scale_x).round() as u32;
    let down = |v: u32| (f64::from(v) * scale_y).round() as u32;
    let mut upright = Upright { frame, boxes: Vec::new(), baselines: Vec::new() };
    let mut text = PageText {
        width: page.pixels.width(),
        height: page.pixels.height(),
        dpi: (page.dpi_source != DpiSource::Estimated).then_some(page.dpi),
        ..PageText::default()
    };
    for line in raw {
        let first = text.words.len();
        for word in line.words {
            let bbox = prepared.to_page(word.bbox);
            let (x0, y0) = (across(word.bbox.x0), down(word.bbox.y0));
            let in_frame =
                PixelBox::new(x0, y0, across(word.bbox.x1).max(x0 + 1), down(word.bbox.y1).max(y0 + 1));
            // An engine's word may hold a space; ours do not.
            for part in word.text.split_whitespace() {
                let confidence = word.confidence.clamp(0.0, 1.0);
                upright.boxes.push(in_frame);
                text.words.push(Word { text: part.nfc().collect(), confidence, bbox });
            }
        }
        if text.words.len() > first {
            let [x0, y0, x1, y1] = line.baseline;
            let scaled = |v: f32, scale: f64| (f64::from(v) * scale) as f32;
            upright.baselines.push([
                scaled(x0, scale_x),
                scaled(y0, scale_y),
                scaled(x1, scale_x),
                scaled(y1, scale_y),
            ]);
            let [x0, y0] = prepared.point_to_page([x0, y0]);
            let [x1, y1] = prepared.point_to_page([x1, y1]);
            text.lines.push(Line {
                words: first..text.words.len(),
                baseline: [x0, y0, x1, y1],
                block: line.block,
            });
        }
    }
    text.upright = Some(upright);
    text
}
