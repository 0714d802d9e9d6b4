//! A recogniser that reads nothing: quick and the same every time, for tests and rehearsals.

use std::time::Duration;

use image::GrayImage;

use super::{OcrError, RawLine, RawWord, Recognizer};
use crate::geom::PixelBox;

/// Gives a few fixed words whose places and one number follow from the image's size.
#[derive(Clone, Copy, Debug, Default)]
pub struct FakeRecognizer;

const LINES: [&[&str]; 3] =
    [&["CỘNG", "HÒA", "XÃ", "HỘI", "CHỦ", "NGHĨA", "VIỆT", "NAM"], &["Độc", "lập"], &["Trang"]];

impl Recognizer for FakeRecognizer {
    fn read_page(
        &mut self,
        image: &GrayImage,
        _ppi: u32,
        _deadline: Duration,
    ) -> Result<Vec<RawLine>, OcrError> {
        let (width, height) = image.dimensions();
        if width == 0 || height == 0 {
            return Err(OcrError::ImageSize { width, height });
        }
        let size = format!("{width}x{height}");
        let line = |(index, words): (usize, &&[&str])| {
            let mut words: Vec<&str> = words.to_vec();
            if index + 1 == LINES.len() {
                words.push(&size);
            }
            let (across, down) = (words.len() as u32, LINES.len() as u32);
            let (top, bottom) = (height * index as u32 / down, height * (index as u32 * 2 + 1) / (down * 2));
            let word = |(i, text): (usize, &&str)| RawWord {
                text: (*text).to_owned(),
                confidence: 0.9,
                bbox: PixelBox::new(
                    width * i as u32 / across,
                    top,
                    (width * (i as u32 * 8 + 7) / (across * 8)).max(width * i as u32 / across + 1),
                    bottom.max(top + 1),
                ),
            };
            RawLine {
                words: words.iter().enumerate().map(word).collect(),
                baseline: [0.0, bottom as f32, width as f32, bottom as f32],
                block: index as u32,
            }
        };
        Ok(LINES.iter().enumerate().map(line).collect())
    }

    fn read_line(
        &mut self,
        image: &GrayImage,
        _ppi: u32,
        allowed: Option<&str>,
    ) -> Result<(String, f32), OcrError> {
        let text = format!("{}x{}", image.width(), image.height());
        let text = match allowed {
            Some(allowed) => text.chars().filter(|c| allowed.contains(*c)).collect(),
            None => text,
        };
        Ok((text, 0.9))
    }
}
