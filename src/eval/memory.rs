//! An engine that remembers: the same image a second time costs nothing. For those who tune forms and rules over papers that
//! were read before.

use std::path::{Path, PathBuf};
use std::time::Duration;

use image::GrayImage;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::geom::PixelBox;
use crate::ocr::{OcrError, RawLine, RawWord, Recognizer};

/// Another engine, whose answers are kept in a folder under the digest of what it was asked. The folder then holds what
/// stands on the papers.
pub struct Remembering {
    engine: Box<dyn Recognizer + Send>,
    folder: PathBuf,
    name: String,
}

impl Remembering {
    /// Keeps the answers of `engine`, which `name` tells from others (its languages), in `folder`.
    pub fn new(engine: Box<dyn Recognizer + Send>, name: &str, folder: &Path) -> Self {
        Self { engine, folder: folder.to_owned(), name: name.to_owned() }
    }

    fn file(&self, image: &GrayImage, ppi: u32, asked: &str) -> PathBuf {
        let mut digest = Sha256::new();
        let (width, height) = image.dimensions();
        digest.update(format!("{}\0{asked}\0{width} {height} {ppi}\0", self.name));
        digest.update(image.as_raw());
        self.folder.join(format!("{}.json", data_encoding::HEXLOWER.encode(&digest.finalize())))
    }
}

/// A line as it is kept: words with confidence and box, baseline, block.
#[derive(Serialize, Deserialize)]
struct Kept {
    words: Vec<(String, f32, PixelBox)>,
    baseline: [f32; 4],
    block: u32,
}

fn recall<T: for<'de> Deserialize<'de>>(file: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// An answer that cannot be kept is asked for again; nothing depends on it.
fn keep(file: &Path, answer: &impl Serialize) {
    if let Ok(bytes) = serde_json::to_vec(answer) {
        let _ = std::fs::write(file, bytes);
    }
}

impl Recognizer for Remembering {
    fn read_page(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        deadline: Duration,
    ) -> Result<Vec<RawLine>, OcrError> {
        let file = self.file(image, ppi, "page");
        if let Some(kept) = recall::<Vec<Kept>>(&file) {
            let line = |k: Kept| RawLine {
                words: k
                    .words
                    .into_iter()
                    .map(|(text, confidence, bbox)| RawWord { text, confidence, bbox })
                    .collect(),
                baseline: k.baseline,
                block: k.block,
            };
            return Ok(kept.into_iter().map(line).collect());
        }
        let lines = self.engine.read_page(image, ppi, deadline)?;
        let kept: Vec<Kept> = lines
            .iter()
            .map(|line| Kept {
                words: line.words.iter().map(|w| (w.text.clone(), w.confidence, w.bbox)).collect(),
                baseline: line.baseline,
                block: line.block,
            })
            .collect();
        keep(&file, &kept);
        Ok(lines)
    }

    fn read_line(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        allowed: Option<&str>,
    ) -> Result<(String, f32), OcrError> {
        let file = self.file(image, ppi, &format!("line {}", allowed.unwrap_or_default()));
        if let Some(kept) = recall(&file) {
            return Ok(kept);
        }
        let answer = self.engine.read_line(image, ppi, allowed)?;
        keep(&file, &answer);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers with how often it was asked.
    struct Counting(u32);

    impl Recognizer for Counting {
        fn read_page(&mut self, _: &GrayImage, _: u32, _: Duration) -> Result<Vec<RawLine>, OcrError> {
            self.0 += 1;
            let word = RawWord { text: self.0.to_string(), confidence: 0.5, bbox: PixelBox::new(1, 2, 3, 4) };
            Ok(vec![RawLine { words: vec![word], baseline: [0.0, 1.0, 2.0, 1.0], block: 7 }])
        }

        fn read_line(&mut self, _: &GrayImage, _: u32, _: Option<&str>) -> Result<(String, f32), OcrError> {
            self.0 += 1;
            Ok((self.0.to_string(), 0.25))
        }
    }

    #[test]
    fn the_same_question_gets_the_same_answer_and_another_is_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Remembering::new(Box::new(Counting(0)), "vie", folder.path());
        let image = GrayImage::from_pixel(4, 4, image::Luma([9]));
        let page = engine.read_page(&image, 200, Duration::from_secs(1)).expect("read");
        assert_eq!(engine.read_page(&image, 200, Duration::from_secs(1)).expect("read"), page);
        assert_eq!(engine.read_line(&image, 200, None).expect("read").0, "2");
        assert_eq!(engine.read_line(&image, 200, Some("01")).expect("read").0, "3");
        assert_eq!(engine.read_line(&image, 200, None).expect("read").0, "2");
        let other = GrayImage::from_pixel(4, 4, image::Luma([8]));
        assert_ne!(engine.read_page(&other, 200, Duration::from_secs(1)).expect("read"), page);
    }
}
