//! Models that are broken, of another kind, or sound.
#![allow(clippy::unwrap_used)] // in a test a panic is the message

use std::path::Path;

use image::{GrayImage, Luma};
use proptest::prelude::*;
use saoy_lines::{LineReader, ModelError};

fn vie() -> Vec<u8> {
    let folders = [
        "/usr/share/tesseract-ocr/5/tessdata",
        "/usr/share/tessdata",
        "/usr/share/tesseract-ocr/4.00/tessdata",
    ];
    let given = std::env::var("TESSDATA_PREFIX").ok();
    let mut files =
        given.iter().map(String::as_str).chain(folders).map(|f| Path::new(f).join("vie.traineddata"));
    std::fs::read(files.find(|f| f.exists()).expect("apt install tesseract-ocr-vie")).unwrap()
}

#[test]
fn what_is_no_model_is_refused() {
    for bytes in [&b""[..], b"\x18", b"%PDF-1.7 and more of it, surely longer than a table", &[0xff; 4096]] {
        assert_eq!(LineReader::new(bytes).err(), Some(ModelError::NotTrainedData));
    }
}

#[test]
fn a_model_without_a_network_is_refused_as_such() {
    let mut model = vie();
    // Entry 17 of the table is the network: −1 says that there is none.
    model[4 + 17 * 8..4 + 18 * 8].fill(0xff);
    let refused = LineReader::new(&model).err().unwrap();
    assert_eq!(refused, ModelError::Unsupported("a model without a neural network".to_owned()));
}

#[test]
fn a_layer_of_another_kind_is_named() {
    let mut model = vie();
    let at = model.windows(7).position(|w| w == b"Softmax").unwrap();
    model[at..at + 7].copy_from_slice(b"Linear_");
    let refused = LineReader::new(&model).err().unwrap();
    assert_eq!(refused, ModelError::Unsupported("a layer of the kind \"Linear_\"".to_owned()));
}

#[test]
fn white_paper_has_no_words_and_lines_too_small_are_passed_over() {
    let reader = LineReader::new(&vie()).unwrap();
    let lines = [
        GrayImage::from_pixel(300, 40, Luma([255])),
        GrayImage::new(0, 0),
        GrayImage::from_pixel(1, 400, Luma([9])),
    ];
    assert_eq!(reader.read(&lines, None), vec![Vec::new(); 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Cut off anywhere it is refused; with a byte changed it is refused or read, and never brings the program down.
    #[test]
    fn broken_models_are_refused(cut in 0.0_f64..1.0, at in 0.0_f64..1.0, byte in any::<u8>()) {
        let model = vie();
        // What lies behind the recoder is not needed.
        let needed = model.len() - 400;
        let cut_off = &model[..(needed as f64 * cut) as usize];
        prop_assert_eq!(LineReader::new(cut_off).err(), Some(ModelError::NotTrainedData));

        let mut changed = model.clone();
        // Most of the file is weights; the structure is at the edges.
        let at = if at < 0.5 { (at * 2.0 * 4096.0) as usize } else { (at * needed as f64) as usize };
        changed[at] = byte;
        if let Ok(reader) = LineReader::new(&changed) {
            let line = GrayImage::from_fn(90, 36, |x, y| Luma([(x * 7 + y * 3) as u8]));
            for word in &reader.read(&[line], None)[0] {
                prop_assert!((0.0..=1.0).contains(&word.confidence));
            }
        }
    }
}
