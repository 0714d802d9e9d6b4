//! A line's pixels → its words.

use std::borrow::Cow;

use fast_image_resize as fir;
use image::GrayImage;

use crate::ModelError;
use crate::decode::{Found, decode};
use crate::dictionary::Dictionary;
use crate::model::Model;
use crate::network::{Activations, Network};

/// Lines that go through the network side by side.
const TOGETHER: usize = 24;
/// Longer lines, in pixels at the network's height, are no lines.
const LONGEST: usize = 1 << 15;

/// One model, ready to read. It is not changed by reading: all workers share one.
pub struct LineReader {
    network: Network,
    texts: Vec<Option<String>>,
    /// Outputs that say the same as an earlier one.
    aliases: Vec<(usize, usize)>,
    blank: usize,
    dictionary: Dictionary,
}

/// A word of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct LineWord {
    /// As the model writes it, without white space.
    pub text: String,
    /// 0 to 1, of its least sure character.
    pub confidence: f32,
    /// From where to where, in pixels of the line.
    pub span: [f32; 2],
}

impl LineReader {
    /// From the bytes of a `*.traineddata` file.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn new(file: &[u8]) -> Result<Self, ModelError> {
        Self::of(Model::parse(file, true)?)
    }

    /// The same without the model's dictionary, which makes most of some files: loaded at once, and small. Letters alone decide then.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn without_words(file: &[u8]) -> Result<Self, ModelError> {
        Self::of(Model::parse(file, false)?)
    }

    fn of(mut model: Model) -> Result<Self, ModelError> {
        let network = Network::new(&model);
        // On paper the two are one.
        for text in model.texts.iter_mut().flatten().filter(|t| *t == "⁄") {
            "/".clone_into(text);
        }
        let aliases = aliases(&model.texts);
        let dictionary = Dictionary::new(&model.texts, model.words);
        Ok(Self { network, texts: model.texts, aliases, blank: model.blank, dictionary })
    }

    /// The words of each line, dark on light or light on dark; with `allowed`, only of these characters.
    pub fn read(&self, lines: &[GrayImage], allowed: Option<&str>) -> Vec<Vec<LineWord>> {
        let lines: Vec<Cow<'_, GrayImage>> = lines.iter().map(dark_on_light).collect();
        let may = |code: usize| match (self.texts.get(code).and_then(Option::as_deref), allowed) {
            (Some(text), Some(allowed)) => text.chars().all(|c| c == ' ' || allowed.contains(c)),
            (text, None) => text.is_some(),
            (None, _) => false,
        };
        let mut words = vec![Vec::new(); lines.len()];
        let mut order: Vec<usize> = (0..lines.len())
            .filter(|i| self.width_of(&lines[*i]).is_some() && has_print(&lines[*i]))
            .collect();
        order.sort_by_key(|i| std::cmp::Reverse(self.width_of(&lines[*i])));
        for group in order.chunks(TOGETHER) {
            let inputs: Vec<Activations> = group.iter().map(|i| self.activations(&lines[*i])).collect();
            let widths: Vec<usize> = inputs.iter().map(|a| a.width).collect();
            for ((i, mut outputs), width) in group.iter().zip(self.network.run(inputs)).zip(widths) {
                outputs.merge(&self.aliases);
                let found = decode(&outputs, self.blank, &self.dictionary, may);
                let place = lines[*i].width() as f32 / width as f32 * self.network.reduction as f32;
                words[*i] = self.words(&found, outputs.places, place, &lines[*i]);
            }
        }
        words
    }

    /// A line as the network takes it: at its height, dark on light, from its ink (1) to its paper (255); 128 is nothing. What it is to
    /// be trained with. Nothing where it is too small or too long to be a line, or holds no print.
    pub fn network_input(&self, line: &GrayImage) -> Option<GrayImage> {
        self.width_of(line).filter(|_| has_print(line))?;
        let input = self.activations(&dark_on_light(line));
        GrayImage::from_raw(input.width as u32, input.height as u32, input.values)
    }

    /// A line's width at the network's height; nothing where it is too small or too long to be one.
    fn width_of(&self, line: &GrayImage) -> Option<usize> {
        let height = self.network.height;
        let width = line.width() as usize * height / line.height().max(1) as usize;
        (self.network.reduction..LONGEST).contains(&width).then_some(width)
    }

    /// The line at the network's height, the range from its ink to its paper stretched over all activations.
    fn activations(&self, line: &GrayImage) -> Activations {
        let height = self.network.height;
        let width = self.width_of(line).unwrap_or(self.network.reduction);
        let pixels = resize(line, width, height);
        let (black, white) = ink_and_paper(&pixels[height / 2 * width..][..width]);
        let contrast = if white > black { (white - black) / 2.0 } else { 1.0 };
        let activation: Vec<u8> = (0..=255)
            .map(|pixel| ((pixel as f32 - black) / contrast - 1.0).clamp(-1.0, 1.0))
            .map(|value| (value * 127.0 + 128.0).round() as u8)
            .collect();
        let values = pixels.iter().map(|pixel| activation[usize::from(*pixel)]).collect();
        Activations { height, width, depth: 1, values }
    }

    /// Characters → words. `place` is the width of a place in pixels of the line.
    fn words(&self, found: &[Found], places: usize, place: f32, line: &GrayImage) -> Vec<LineWord> {
        let between = |a: &Found, b: &Found| (a.places.1 as f32 + 1.0 + b.places.0 as f32) / 2.0;
        let pitch = pitch(found) * place;
        let mut words: Vec<LineWord> = Vec::new();
        let mut within = false;
        for (n, character) in found.iter().enumerate() {
            let text = self.texts.get(character.code).and_then(Option::as_deref).unwrap_or(" ");
            if text.trim().is_empty() {
                within = false;
                continue;
            }
            let end = match found.get(n + 1) {
                Some(next) => between(character, next),
                None => (character.places.1 as f32 + 2.0).min(places as f32),
            };
            let mut confidence = confidence(character.certainty);
            if within && let Some(before) = n.checked_sub(1).and_then(|before| found.get(before)) {
                let gap = [(before.places.1 + 1) as f32 * place, character.places.0 as f32 * place];
                if gap[1] - gap[0] > pitch && columns_of_ink(line, gap) > PASSED_OVER * pitch {
                    confidence = confidence.min(DOUBTFUL);
                }
            }
            match words.last_mut() {
                Some(word) if within => {
                    word.text.push_str(text);
                    word.span[1] = end * place;
                    word.confidence = word.confidence.min(confidence);
                }
                _ => {
                    let start = match n.checked_sub(1).and_then(|before| found.get(before)) {
                        Some(before) => between(before, character),
                        None => (character.places.0 as f32 - 1.0).max(0.0),
                    };
                    words.push(LineWord {
                        text: text.to_owned(),
                        confidence,
                        span: [start * place, end * place],
                    });
                    within = true;
                }
            }
        }
        words
    }
}

/// Ink between two characters of a word that is this wide, in pitches of the line's characters, was passed over…
const PASSED_OVER: f32 = 0.5;
/// … and the word is no surer than this.
const DOUBTFUL: f32 = 0.5;

/// The usual distance from a character to the next, in places.
fn pitch(found: &[Found]) -> f32 {
    let mut steps: Vec<usize> =
        found.windows(2).map(|w| w[1].places.0.saturating_sub(w[0].places.0)).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).map_or(f32::INFINITY, |s| *s as f32)
}

/// How many columns from the first to the second hold ink in their middle, where letters are.
fn columns_of_ink(line: &GrayImage, [from, to]: [f32; 2]) -> f32 {
    let least = line.as_raw().iter().copied().min().unwrap_or(0);
    let most = line.as_raw().iter().copied().max().unwrap_or(0);
    let ink = least + (most - least) / 2;
    let rows = line.height() / 4..line.height() * 3 / 4;
    let holds_ink = |x: &u32| rows.clone().any(|y| line.get_pixel(*x, y).0[0] < ink);
    (from as u32..(to as u32).min(line.width())).filter(holds_ink).count() as f32
}

/// A line whose ground is dark, turned to its negative: more than half of a line's pixels are ground.
fn dark_on_light(line: &GrayImage) -> Cow<'_, GrayImage> {
    let mut histogram = [0_usize; 256];
    for pixel in line.as_raw() {
        histogram[usize::from(*pixel)] += 1;
    }
    let all = line.as_raw().len();
    let at = |share: usize| {
        let mut seen = 0;
        let found = histogram.iter().position(|count| {
            seen += count;
            seen * 100 > all * share
        });
        found.unwrap_or(255)
    };
    let (dark, ground, light) = (at(0), at(50), at(98));
    // In the third nearest to the dark: bold letters in a tight box are no dark ground.
    if ground - dark >= (light - dark).div_ceil(3) {
        return Cow::Borrowed(line);
    }
    let mut negative = line.clone();
    negative.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
    Cow::Owned(negative)
}

/// Paper alone, stretched to the full range, would look like print.
fn has_print(line: &GrayImage) -> bool {
    const LEAST_CONTRAST: u8 = 24;
    let pixels = || line.as_raw().iter().copied();
    pixels().max().unwrap_or(0).abs_diff(pixels().min().unwrap_or(0)) >= LEAST_CONTRAST
}

/// For each output whose text an earlier one has: itself and that one.
fn aliases(texts: &[Option<String>]) -> Vec<(usize, usize)> {
    let earlier = |n: usize, text: &str| texts[..n].iter().position(|t| t.as_deref() == Some(text));
    (0..texts.len()).filter_map(|n| Some((n, earlier(n, texts[n].as_deref()?)?))).collect()
}

/// On Tesseract's scale, which the forms' thresholds are made for: its certainty is the logarithm times 7
/// (`kCertaintyScale`), its confidence 100 and 5 times that.
fn confidence(log_probability: f32) -> f32 {
    (1.0 + 0.35 * log_probability).clamp(0.0, 1.0)
}

fn resize(line: &GrayImage, width: usize, height: usize) -> Vec<u8> {
    let source = fir::images::ImageRef::new(line.width(), line.height(), line.as_raw(), fir::PixelType::U8)
        .expect("a GrayImage holds one byte a pixel");
    let mut target = fir::images::Image::new(width as u32, height as u32, fir::PixelType::U8);
    let filter = fir::ResizeAlg::Convolution(fir::FilterType::Lanczos3);
    fir::Resizer::new()
        .resize(&source, &mut target, &fir::ResizeOptions::new().resize_alg(filter))
        .expect("both images are of one byte a pixel");
    target.into_vec()
}

/// How dark ink is and how light paper, from a row through the middle of a line: of its local minima the first quartile,
/// of its maxima the last (`ComputeBlackWhite` in Tesseract's `lstm/networkio.cpp`).
fn ink_and_paper(row: &[u8]) -> (f32, f32) {
    let (mut minima, mut maxima) = (Vec::new(), Vec::new());
    for window in row.windows(3) {
        let [before, here, after] = [window[0], window[1], window[2]];
        if (here < before && here <= after) || (here <= before && here < after) {
            minima.push(here);
        }
        if (here > before && here >= after) || (here >= before && here > after) {
            maxima.push(here);
        }
    }
    let quartile = |values: &mut Vec<u8>, quarters: usize, without: u8| {
        values.sort_unstable();
        f32::from(values.get(values.len() * quarters / 4).copied().unwrap_or(without))
    };
    (quartile(&mut minima, 1, 0), quartile(&mut maxima, 3, 255))
}
