//! Papers whose words are known → lines of print for training, each as the network gets it and with what it says.
//!
//!     cargo run --release --example lines -- MODEL OUT FOLDER…
//!
//! MODEL is the `vie.traineddata` to start from; FOLDER holds what the generator makes. OUT becomes one file of lines, one after the other: length of the text in bytes (u16), the
//! text (UTF-8), width (u16), then height × width bytes of grey, row after row; numbers are little-endian.
//!
//! Lines are found as in reading, once for the page and once for the second look. What one says is looked for on its page: those printed words, next to each other on one line, that are
//! nearest to what the present model reads. A line that is like none of them is left out; so is one that may as well be cut elsewhere.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use image::GrayImage;
use rayon::prelude::*;
use saoy::eval::{self, Sample};
use saoy::ocr::{
    LineEngine, LineModel, OcrError, PAGE_DEADLINE, RawLine, Recognizer, Tesseract, read_page, reread,
};
use saoy::scan::{Limits, Scan};
use saoy_lines::LineReader;

/// A text this unlike, in edits a character, is another text.
const UNLIKE: f64 = 0.34;
/// Letters that the model has no output for, or never will on our papers.
const LEFT_OUT: [char; 2] = ['<', '«'];

/// Reads as the engine does and keeps the lines of the page that it read last, and then what is looked at again.
struct Collector {
    engine: LineEngine,
    lines: Vec<GrayImage>,
}

impl Recognizer for Collector {
    fn read_page(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        deadline: Duration,
    ) -> Result<Vec<RawLine>, OcrError> {
        self.lines = self.engine.line_images(image, ppi)?;
        self.engine.read_page(image, ppi, deadline)
    }

    fn read_line(
        &mut self,
        image: &GrayImage,
        _ppi: u32,
        _allowed: Option<&str>,
    ) -> Result<(String, f32), OcrError> {
        self.lines.push(LineEngine::line_image(image));
        Ok((String::new(), 1.0))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [model, out, folders @ ..] = &arguments[..] else {
        return Err("usage: lines MODEL OUT FOLDER…".into());
    };
    let reader = LineReader::new(&std::fs::read(model)?)?;
    let tesseract = Tesseract::new("vie")?;
    let model = LineModel::of(&tesseract)?.ok_or("the Vietnamese model is not one that Saoy reads itself")?;
    let file = Mutex::new(BufWriter::new(File::create(out)?));
    for folder in folders {
        let samples = eval::samples(folder)?;
        let counts: Vec<(usize, usize)> = samples
            .par_iter()
            .map(|sample| {
                let lines = lines_of(sample, &model, &reader).unwrap_or_else(|error| {
                    eprintln!("{}: {error}", sample.scan.display());
                    Vec::new()
                });
                let kept: Vec<_> =
                    lines.iter().filter_map(|(image, text)| Some((image, text.as_ref()?))).collect();
                let mut file = file.lock().expect("no one panics while writing");
                for (image, text) in &kept {
                    write(&mut *file, image, text).expect("the lines are written");
                }
                (lines.len(), kept.len())
            })
            .collect();
        let (lines, kept) = counts.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        println!("{}: {} papers, {lines} lines, {kept} kept", folder.display(), samples.len());
    }
    file.into_inner()?.flush()?;
    Ok(())
}

fn write(file: &mut impl Write, image: &GrayImage, text: &str) -> std::io::Result<()> {
    file.write_all(&(text.len() as u16).to_le_bytes())?;
    file.write_all(text.as_bytes())?;
    file.write_all(&(image.width() as u16).to_le_bytes())?;
    file.write_all(image.as_raw())
}

type Labelled = (GrayImage, Option<String>);

fn lines_of(
    sample: &Sample,
    model: &LineModel,
    reader: &LineReader,
) -> Result<Vec<Labelled>, Box<dyn std::error::Error>> {
    let scan = Scan::open(&sample.scan, &Limits::default())?;
    let mut found = Vec::new();
    for (number, expected) in (1..=scan.page_count()).zip(&sample.expected.pages) {
        let page = scan.page(number)?;
        let mut collector = Collector { engine: model.engine(), lines: Vec::new() };
        let text = read_page(&page, &mut collector, PAGE_DEADLINE)?;
        // Values are read a second time from the page's own pixels: of every other line all, of the others the end.
        let upright = text.upright.as_ref().ok_or("a page that was read has a frame")?;
        for (n, line) in text.lines.iter().enumerate() {
            let from = if n % 2 == 0 { 0 } else { line.words.len() / 2 };
            let boxes = &upright.boxes[line.words.clone()][from..];
            if let Some(bbox) = boxes.iter().copied().reduce(|a, b| a.union(&b)) {
                reread(&page, Some(&upright.frame), bbox, None, &mut collector)?;
            }
        }
        let printed: Vec<Vec<&str>> =
            expected.text.lines().map(|line| line.split_whitespace().collect()).collect();
        let words = reader.read(&collector.lines, None);
        for (line, words) in collector.lines.iter().zip(words) {
            let Some(input) = reader.network_input(line) else { continue };
            let read = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            found.push((input, printed_as(&read, &printed)));
        }
    }
    Ok(found)
}

/// The words of one line of the page that are nearest to what was read.
fn printed_as(read: &str, printed: &[Vec<&str>]) -> Option<String> {
    let length = read.chars().count();
    let words = read.split(' ').count();
    let (mut best, mut least, mut ways) = (None, f64::INFINITY, 0);
    for line in printed {
        for from in 0..line.len() {
            let mut text = String::new();
            for word in &line[from..line.len().min(from + words + 3)] {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(word);
                let long = text.chars().count();
                if long.abs_diff(length) as f64 > UNLIKE * length.max(long) as f64 {
                    continue;
                }
                let unlike = strsim::levenshtein(read, &text) as f64 / length.max(long) as f64;
                if unlike < least {
                    (best, least, ways) = (Some(text.clone()), unlike, 1);
                } else if (unlike - least).abs() < 1e-9 && best.as_deref() != Some(&text) {
                    ways += 1;
                }
            }
        }
    }
    best.filter(|text| ways == 1 && least <= UNLIKE && !text.contains(LEFT_OUT))
}
