//! Reading with Tesseract's layout and model, on pages drawn here.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::ocr_support;
use image::{DynamicImage, GrayImage, Rgb, RgbImage, imageops};
use imageproc::geometric_transformations::{Border, Interpolation, rotate_about_center};
use ocr_support::*;
use saoy::error::Failure;
use saoy::geom::PixelBox;
use saoy::ocr::score::cer;
use saoy::ocr::{
    EnginePool, LineModel, OcrError, PAGE_DEADLINE, PageJob, Recognizer, Tesseract, read_page, reread,
};

#[test]
fn reads_vietnamese_and_says_where_each_line_stands() {
    let (image, boxes) = letter();
    let text = read(image);
    assert!(cer(&LINES.join("\n"), &text.text()) < 0.01, "{}", text.text());
    assert_eq!(text.lines.len(), LINES.len());
    for (found, drawn) in line_boxes(&text).into_iter().zip(&boxes) {
        for (found, drawn) in <[u32; 4]>::from(found).into_iter().zip(<[u32; 4]>::from(*drawn)) {
            assert!(found.abs_diff(drawn) <= 8, "{found} against {drawn}");
        }
    }
    for (line, drawn) in text.lines.iter().zip(&boxes) {
        let [x0, y0, x1, y1] = line.baseline;
        assert!(x0 < x1 && (y0 - y1).abs() < 6.0 && y0 > drawn.y0 as f32 && y0 <= drawn.y1 as f32 + 6.0);
    }
    assert!(text.words.iter().all(|w| !w.text.contains(char::is_whitespace) && w.confidence > 0.5));
    assert_eq!((text.width, text.height, text.dpi), (1800, 1200, Some([300.0; 2])));
}

#[test]
fn tesseract_alone_reads_the_same_at_the_same_places() {
    let (image, _) = letter();
    let own = read(image.clone());
    let tesseract = read_page(&page(image), &mut tesseract(), PAGE_DEADLINE).unwrap();
    assert!(cer(&tesseract.text(), &own.text()) < 0.01, "{} against {}", tesseract.text(), own.text());
    assert_eq!(own.words.len(), tesseract.words.len());
    for (own, tesseract) in own.words.iter().zip(&tesseract.words) {
        assert!(overlap(own.bbox, tesseract.bbox) > 0.7, "{own:?} {tesseract:?}");
    }
}

#[test]
fn several_languages_are_left_to_tesseract() {
    let both = Tesseract::new("vie+eng").expect("apt install tesseract-ocr-eng");
    assert!(LineModel::of(&both).unwrap().is_none());
    let pool = EnginePool::of_language("vie+eng", 1).unwrap();
    let (text, _) = pool
        .with_engine(|engine| {
            let line = imageops::crop_imm(&letter().0, 100, 220, 1700, 110).to_image();
            engine.read_line(&DynamicImage::from(line).to_luma8(), 300, None)
        })
        .unwrap();
    assert!(cer(LINES[0], &text) < 0.05, "{text}");
}

#[test]
fn every_word_is_in_exactly_one_line_and_blocks_ascend() {
    let text = read(letter().0);
    let mut next = 0;
    for line in &text.lines {
        assert_eq!(line.words.start, next);
        assert!(!line.words.is_empty());
        next = line.words.end;
    }
    assert_eq!(next, text.words.len());
    assert!(text.lines.windows(2).all(|w| w[0].block <= w[1].block));
}

#[test]
fn a_turned_page_is_read_and_its_boxes_lie_on_the_page_as_it_came() {
    let (image, boxes) = letter();
    let (w, h) = image.dimensions();
    // Where a box of the upright page lies after turning the page clockwise.
    let quarter = |b: PixelBox| PixelBox::new(h - b.y1, b.x0, h - b.y0, b.x1);
    let half = |b: PixelBox| PixelBox::new(w - b.x1, h - b.y1, w - b.x0, h - b.y0);
    let three = |b: PixelBox| PixelBox::new(b.y0, w - b.x1, b.y1, w - b.x0);
    let places: [&dyn Fn(PixelBox) -> PixelBox; 3] = [&quarter, &half, &three];
    let turned = [imageops::rotate90(&image), imageops::rotate180(&image), imageops::rotate270(&image)];
    let directions = [[0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]];
    for ((turned, place), direction) in turned.into_iter().zip(places).zip(directions) {
        let text = read(turned);
        assert!(cer(&LINES.join("\n"), &text.text()) < 0.01, "{direction:?}: {}", text.text());
        for ((found, drawn), line) in line_boxes(&text).into_iter().zip(&boxes).zip(&text.lines) {
            assert!(overlap(found, place(*drawn)) > 0.8, "{direction:?}: {found:?} {:?}", place(*drawn));
            let [x0, y0, x1, y1] = line.baseline;
            let along = (x1 - x0) * direction[0] + (y1 - y0) * direction[1];
            assert!(along > 0.9 * (x1 - x0).hypot(y1 - y0), "the baseline runs as the line is read");
        }
    }
}

#[test]
fn a_skewed_page_is_read_and_its_boxes_lie_on_the_page_as_it_came() {
    let (image, boxes) = letter();
    let (cx, cy) = (900.0, 600.0);
    for degrees in [-4.0_f32, 2.5] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let skewed = rotate_about_center(
            &image,
            degrees.to_radians(),
            Interpolation::Bilinear,
            Border::Constant(Rgb(PAPER)),
        );
        let text = read(skewed);
        assert!(cer(&LINES.join("\n"), &text.text()) < 0.01, "{degrees}: {}", text.text());
        for ((found, drawn), line) in line_boxes(&text).into_iter().zip(&boxes).zip(&text.lines) {
            // The middle of the drawn line, turned clockwise.
            let (x, y) = ((drawn.x0 + drawn.x1) as f32 / 2.0 - cx, (drawn.y0 + drawn.y1) as f32 / 2.0 - cy);
            let (x, y) = (cx + x * cos - y * sin, cy + x * sin + y * cos);
            let middle = ((found.x0 + found.x1) as f32 / 2.0, (found.y0 + found.y1) as f32 / 2.0);
            assert!((middle.0 - x).hypot(middle.1 - y) < 12.0, "{degrees}: {middle:?} against {x} {y}");
            let [x0, y0, x1, y1] = line.baseline;
            let slope = (y1 - y0).atan2(x1 - x0).to_degrees();
            assert!((slope - degrees).abs() < 0.7, "{degrees}: the baseline runs at {slope}");
        }
    }
}

#[test]
fn a_seal_hides_nothing_and_red_print_is_read() {
    let mut image = sheet();
    draw(&mut image, "GIẤY CHỨNG NHẬN", 480.0, 250.0, 80.0, RED);
    draw(&mut image, "Số: 0123456789", 640.0, 380.0, 58.0, [225, 110, 115]);
    draw(&mut image, "Người ký giấy khai sinh: Nguyễn Thị Hồng Ngọc", 200.0, 800.0, 58.0, INK);
    draw(&mut image, "nơi đăng ký: thị trấn Mẫu, huyện Mẫu, tỉnh Mẫu", 200.0, 910.0, 58.0, INK);
    let plain = read(image.clone());
    // 36 mm across, over the name.
    seal(&mut image, 1100.0, 820.0, 213.0);
    let sealed = read(image.clone());
    // Red print is no seal; the seal is told with its place, and of a grey scan, in whichever format, nothing is said.
    assert_eq!(plain.seals, Some(vec![]));
    let [found] = sealed.seals.clone().expect("the scan is in colour")[..] else {
        panic!("{:?}", sealed.seals)
    };
    let drawn = PixelBox::new(887, 607, 1313, 1033);
    assert!(overlap(found, drawn) > 0.95 && found.width().abs_diff(drawn.width()) < 60, "{found:?}");
    let grey = DynamicImage::from(image).to_luma8();
    assert_eq!(read(DynamicImage::from(grey.clone()).to_rgb8()).seals, None);
    assert_eq!(read(grey).seals, None);
    for text in [plain.text(), sealed.text()] {
        for part in ["GIẤY CHỨNG NHẬN", "0123456789", "Nguyễn Thị Hồng Ngọc", "tỉnh Mẫu"] {
            assert!(text.contains(part), "{part:?} is missing in {text:?}");
        }
    }
}

#[test]
fn uneven_resolutions_are_read_as_the_paper_was() {
    let (image, boxes) = letter();
    let squeezed = imageops::resize(&image, 1200, 400, imageops::FilterType::Triangle);
    let mut page = page(squeezed);
    page.dpi = [200.0, 100.0];
    let text = read_page(&page, &mut vie(), PAGE_DEADLINE).unwrap();
    assert!(cer(&LINES.join("\n"), &text.text()) < 0.05, "{}", text.text());
    let place = |b: &PixelBox| PixelBox::new(b.x0 * 2 / 3, b.y0 / 3, b.x1 * 2 / 3, b.y1 / 3);
    for (found, drawn) in line_boxes(&text).into_iter().zip(&boxes) {
        assert!(overlap(found, place(drawn)) > 0.7, "{found:?} {drawn:?}");
    }
}

#[test]
fn a_line_is_read_again_with_the_characters_that_its_field_allows() {
    let mut image = sheet();
    let label = draw(&mut image, "Số định danh:", 200.0, 500.0, 58.0, INK);
    let digits = draw(&mut image, "999099000017", label.x1 as f32 + 20.0, 500.0, 58.0, INK);
    let page = page(image);
    let mut engine = vie();
    let (all, _) = reread(&page, None, label.union(&digits), None, &mut engine).unwrap();
    assert!(all.contains("999099000017"), "{all}");
    let (number, confidence) = reread(&page, None, digits, Some("0123456789"), &mut engine).unwrap();
    assert_eq!(number, "999099000017");
    assert!(confidence > 0.5, "{confidence}");
    let (letters, _) = reread(&page, None, digits, Some("abc"), &mut engine).unwrap();
    assert!(letters.chars().all(|c| "abc ".contains(c)), "{letters}");
    let (again, _) = reread(&page, None, label.union(&digits), None, &mut engine).unwrap();
    assert_eq!(again, all, "the allowed characters were for one call");
}

#[test]
fn a_box_outside_the_page_is_refused() {
    let page = page(sheet());
    let outside = PixelBox::new(1800, 0, 1900, 40);
    let refused = reread(&page, None, outside, None, &mut vie());
    assert!(matches!(refused, Err(OcrError::ImageSize { .. })), "{refused:?}");
}

#[test]
fn blank_and_tiny_pages_hold_no_words() {
    for image in [sheet(), RgbImage::from_pixel(1, 1, Rgb(PAPER)), RgbImage::from_pixel(3000, 2, Rgb(INK))] {
        assert_eq!(read(image).words, []);
    }
}

#[test]
fn noise_holds_no_worker() {
    // Seen without the guard: minutes, past any deadline.
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let salt = GrayImage::from_fn(1600, 2200, |_, _| image::Luma([if random() % 32 == 0 { 0 } else { 255 }]));
    let mut salted = page(salt);
    salted.dpi = [200.0; 2];
    let text = read_page(&salted, &mut vie(), PAGE_DEADLINE).unwrap();
    assert!(text.words.len() < 20, "{} words were made of specks", text.words.len());

    let coarse = |x: u32, y: u32| if x % 6 < 4 && y % 6 < 4 { 0 } else { 255 };
    let mut blobs = page(GrayImage::from_fn(2400, 2400, |x, y| image::Luma([coarse(x, y)])));
    blobs.dpi = [200.0; 2];
    let refused = read_page(&blobs, &mut vie(), PAGE_DEADLINE);
    assert!(matches!(refused, Err(OcrError::Noise { .. })), "{refused:?}");
}

#[test]
fn a_language_without_data_is_named_with_advice() {
    let missing = Tesseract::new("vie+xxx").err().expect("there is no such language");
    assert!(matches!(&missing, OcrError::LanguageMissing { language, .. } if language == "xxx"));
    let failure = Failure::from(missing);
    assert_eq!(failure.code, "language-missing");
    assert!(failure.advice.contains("apt install tesseract-ocr-xxx"), "{}", failure.advice);
    assert!(matches!(EnginePool::of_language("xxx", 2), Err(OcrError::LanguageMissing { .. })));
    for wrong in ["", "vie+", "../vie", "vie eng", "vie\0"] {
        // A path could lead anywhere.
        assert_eq!(Tesseract::new(wrong).err(), Some(OcrError::LanguageName(wrong.to_owned())));
    }
}

#[test]
fn an_unknown_variable_is_named() {
    let refused = Tesseract::with_variables("vie", &[("no_such_variable", "1")]).err();
    assert!(
        matches!(&refused, Some(OcrError::Variable { variable, .. }) if variable == "no_such_variable"),
        "{refused:?}"
    );
}

#[test]
fn a_deadline_ends_the_reading() {
    let (image, _) = letter();
    let mut engine = vie();
    let deadline = Duration::from_millis(1);
    let cut = read_page(&page(image.clone()), &mut engine, deadline);
    assert_eq!(cut, Err(OcrError::Deadline(deadline)));
    // The engine reads on with the next page.
    let text = read_page(&page(image), &mut engine, PAGE_DEADLINE).unwrap();
    assert!(cer(&LINES.join("\n"), &text.text()) < 0.01);
}

#[test]
fn workers_read_the_same_as_one() {
    let (image, _) = letter();
    let alone = read(image.clone());
    let pool = EnginePool::of_language("vie", 2).unwrap();
    let work = (0..4).map(|document| PageJob { document, page: 1, cost: 1 }).collect();
    let read = Mutex::new(Vec::new());
    pool.read_all(
        work,
        |_, _| Ok::<_, OcrError>(page(image.clone())),
        &AtomicBool::new(false),
        |_, _, result| read.lock().unwrap().push(result.unwrap().text),
    );
    assert_eq!(read.into_inner().unwrap(), vec![alone; 4]);
}

#[test]
fn too_large_an_image_is_refused() {
    let wide = GrayImage::new(40_000, 10);
    let refused = vie().read_page(&wide, 300, PAGE_DEADLINE);
    assert_eq!(refused, Err(OcrError::ImageSize { width: 40_000, height: 10 }));
}
