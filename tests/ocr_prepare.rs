//! What is done to a page before it is read, seen from outside: photographs flattened, and every box back on the page as it came.

use std::sync::atomic::AtomicBool;

use crate::ocr_support;
use image::{DynamicImage, Rgb, RgbImage, imageops};
use imageproc::geometric_transformations::{
    Border, Interpolation, Projection, rotate_about_center, warp_into,
};
use ocr_support::*;
use saoy::eval;
use saoy::extract::Forms;
use saoy::geom::PixelBox;
use saoy::ocr::score::cer;
use saoy::ocr::{Defect, EnginePool, PAGE_DEADLINE, PageText, read_page, reread};
use saoy::pipeline;
use saoy::record::Fields;
use saoy::scan::Limits;

/// A4 at 200 dpi.
const A4: (u32, u32) = (1654, 2339);

/// A sheet of eighteen lines with a seal over the last ones, its lines' boxes, and its text.
fn document() -> (RgbImage, Vec<PixelBox>, String) {
    let mut image = RgbImage::from_pixel(A4.0, A4.1, Rgb(PAPER));
    let lines: Vec<&str> = LINES.into_iter().cycle().take(18).collect();
    let boxes = lines.iter().enumerate();
    let boxes = boxes.map(|(i, l)| draw(&mut image, l, 170.0, 250.0 + 92.0 * i as f32, 38.0, INK)).collect();
    seal(&mut image, 1200.0, 1750.0, 140.0);
    (image, boxes, lines.join("\n"))
}

/// A sheet on a brown table, its corners at these places, half of it in the shadow of whoever takes the photograph.
fn photograph(
    sheet: &RgbImage,
    (width, height): (u32, u32),
    corners: [(f32, f32); 4],
) -> (RgbImage, Projection) {
    let (w, h) = (sheet.width() as f32, sheet.height() as f32);
    let projection =
        Projection::from_control_points([(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)], corners).unwrap();
    let nothing = Rgb([1, 2, 3]);
    let mut photo = RgbImage::from_pixel(width, height, nothing);
    warp_into(sheet, projection, Interpolation::Bilinear, Border::Constant(nothing), &mut photo);
    for (x, y, pixel) in photo.enumerate_pixels_mut() {
        if *pixel == nothing {
            let grain = (x.wrapping_mul(2_654_435_761).wrapping_add(y / 64) >> 24) as u8 / 10;
            *pixel = Rgb([96 + grain, 70 + grain, 48 + grain]);
        }
        let side = (x as f32 / width as f32 + y as f32 / height as f32 - 1.0) / 0.06;
        let light = 0.95 - 0.3 * side.clamp(0.0, 1.0);
        pixel.0 = pixel.0.map(|c| (f32::from(c) * light) as u8);
    }
    (photo, projection)
}

const SEEN_ASLANT: [(f32, f32); 4] = [(190.0, 110.0), (2010.0, 260.0), (2140.0, 2960.0), (90.0, 2840.0)];

fn place(projection: &Projection, b: PixelBox) -> PixelBox {
    let corners = [(b.x0, b.y0), (b.x1, b.y0), (b.x0, b.y1), (b.x1, b.y1)]
        .map(|(x, y)| *projection * (x as f32, y as f32));
    let xs = || corners.iter().map(|c| c.0);
    let ys = || corners.iter().map(|c| c.1);
    let least = |v: &mut dyn Iterator<Item = f32>| v.fold(f32::MAX, f32::min).round() as u32;
    let most = |v: &mut dyn Iterator<Item = f32>| v.fold(0.0, f32::max).round() as u32;
    PixelBox::new(least(&mut xs()), least(&mut ys()), most(&mut xs()), most(&mut ys()))
}

fn assert_near(found: PixelBox, drawn: PixelBox, within: u32) {
    for (a, b) in <[u32; 4]>::from(found).into_iter().zip(<[u32; 4]>::from(drawn)) {
        assert!(a.abs_diff(b) <= within, "{found:?} against {drawn:?}");
    }
}

fn is_photo(text: &PageText) -> bool {
    text.upright.as_ref().unwrap().frame.is_photo()
}

#[test]
fn a_photographed_sheet_is_read_as_if_scanned_and_its_boxes_lie_on_the_photograph() {
    let (sheet, boxes, written) = document();
    let (photo, projection) = photograph(&sheet, (2250, 3000), SEEN_ASLANT);
    let text = read(photo);
    assert!(is_photo(&text));
    assert!(cer(&written, &text.text()) < 0.01, "{}", text.text());
    assert_eq!((text.width, text.height), (2250, 3000));
    assert_eq!(text.lines.len(), boxes.len());
    for (line, drawn) in text.lines.iter().zip(&boxes) {
        let (first, last) = (&text.line_words(line)[0], text.line_words(line).last().unwrap());
        let drawn_start = place(&projection, PixelBox::new(drawn.x0, drawn.y0, drawn.x0 + 1, drawn.y1));
        let drawn_end = place(&projection, PixelBox::new(drawn.x1 - 1, drawn.y0, drawn.x1, drawn.y1));
        assert!(first.bbox.x0.abs_diff(drawn_start.x0) <= 20, "{first:?} {drawn_start:?}");
        assert!(last.bbox.x1.abs_diff(drawn_end.x1) <= 20, "{last:?} {drawn_end:?}");
        assert!(
            drawn_start.y0 < first.bbox.y1 && first.bbox.y0 < drawn_start.y1,
            "{first:?} {drawn_start:?}"
        );
        let [_, y0, _, y1] = line.baseline;
        assert!((y0 - drawn_start.y1 as f32).abs() < 24.0 && (y1 - drawn_end.y1 as f32).abs() < 24.0);
    }
    let seals = text.seals.as_deref().unwrap();
    assert_eq!(seals.len(), 1, "{seals:?}");
    assert_near(seals[0], place(&projection, PixelBox::new(1060, 1610, 1340, 1890)), 40);
}

#[test]
fn as_it_was_read_a_photographed_line_is_level_and_its_words_are_read_again_there() {
    let (sheet, boxes, _) = document();
    let (photo, _) = photograph(&sheet, (2250, 3000), SEEN_ASLANT);
    let photo = page(photo);
    let text = read_page(&photo, &mut vie(), PAGE_DEADLINE).unwrap();
    let straight = text.straight();
    assert_eq!(straight.text(), text.text());
    let share = f64::from(straight.width) / f64::from(A4.0);
    for (line, drawn) in straight.lines.iter().zip(&boxes) {
        let [_, y0, _, y1] = line.baseline;
        assert!((y0 - y1).abs() <= 6.0, "{line:?}");
        let found = straight.line_words(line).iter().map(|w| w.bbox).reduce(|a, b| a.union(&b)).unwrap();
        let drawn = <[u32; 4]>::from(*drawn).map(|v| (f64::from(v) * share) as u32);
        assert_near(found, drawn.into(), 16);
    }
    let frame = &text.upright.as_ref().unwrap().frame;
    let line = &straight.lines[9];
    let bbox = straight.line_words(line).iter().map(|w| w.bbox).reduce(|a, b| a.union(&b)).unwrap();
    let (again, confidence) = reread(&photo, Some(frame), bbox, None, &mut vie()).unwrap();
    assert!(cer(LINES[9 % LINES.len()], &again) < 0.05 && confidence > 0.7, "{again} {confidence}");
    // There and back again is the same place, but for the hull's growth.
    let there = frame.of_page(frame.to_page(bbox));
    assert_eq!(there.union(&bbox), there);
}

#[test]
fn a_photograph_that_lies_on_its_side_is_read() {
    let (sheet, _, written) = document();
    let (photo, _) = photograph(&sheet, (2250, 3000), SEEN_ASLANT);
    for photo in [imageops::rotate90(&photo), imageops::rotate180(&photo)] {
        let text = read(photo);
        assert!(is_photo(&text));
        assert!(cer(&written, &text.text()) < 0.01, "{}", text.text());
    }
}

#[test]
fn of_a_photograph_without_an_edge_the_lines_tell_how_it_was_held() {
    let (sheet, boxes, written) = document();
    // The sheet goes beyond the picture on all sides; its lines run towards each other by 4° to the left, then to the right.
    for corners in [
        [(-60.0, -90.0), (2330.0, -250.0), (2300.0, 3240.0), (-40.0, 3060.0)],
        [(-60.0, -200.0), (2330.0, -40.0), (2350.0, 3060.0), (-90.0, 3260.0)],
    ] {
        let (photo, projection) = photograph(&sheet, (2250, 3000), corners);
        let text = read(photo);
        assert!(!is_photo(&text), "no edge is seen");
        assert!(cer(&written, &text.text()) < 0.02, "{}", text.text());
        let straight = text.straight();
        assert_eq!(text.lines.len(), boxes.len());
        for ((line, level), drawn) in text.lines.iter().zip(&straight.lines).zip(&boxes) {
            let [_, y0, _, y1] = level.baseline;
            assert!((y0 - y1).abs() <= 8.0, "{level:?}");
            let last = text.line_words(line).last().unwrap();
            let end = place(&projection, PixelBox::new(drawn.x1 - 1, drawn.y0, drawn.x1, drawn.y1));
            assert!(last.bbox.x1.abs_diff(end.x1) <= 20, "{last:?} {end:?}");
            assert!(end.y0 < last.bbox.y1 && last.bbox.y0 < end.y1, "{last:?} {end:?}");
        }
    }
}

#[test]
fn punch_holes_are_no_letters() {
    let (mut sheet, _, written) = document();
    let mm = 200.0 / 25.4;
    for y in [108.5, 188.5] {
        let middle = ((12.0 * mm) as i32, (y * mm) as i32);
        imageproc::drawing::draw_filled_circle_mut(&mut sheet, middle, (3.0 * mm) as i32, Rgb([38, 38, 40]));
    }
    let mut page = page(sheet);
    page.dpi = [200.0; 2];
    let text = read_page(&page, &mut vie(), PAGE_DEADLINE).unwrap();
    assert!(cer(&written, &text.text()) < 0.01, "{}", text.text());
    assert!(text.words.iter().all(|word| word.bbox.x0 > 150), "{}", text.text());
}

#[test]
fn a_flat_scan_is_its_own_frame() {
    let (sheet, ..) = document();
    let text = read(sheet);
    assert!(!is_photo(&text));
    let straight = text.straight();
    assert!(straight.words == text.words && straight.lines == text.lines);
    assert_eq!(straight.seals, text.seals);
    let grey = read(DynamicImage::from(document().0).to_luma8());
    assert!(!is_photo(&grey));
}

#[test]
fn a_scan_with_the_lids_dark_rims_is_read() {
    // The lid shows at the right and below: a smaller paper on a larger glass.
    let (sheet, _, written) = document();
    let mut scan = RgbImage::from_pixel(1900, 2600, Rgb([30, 30, 32]));
    imageops::replace(&mut scan, &sheet, 0, 0);
    let text = read(scan);
    assert!(cer(&written, &text.text()) < 0.02, "{}", text.text());
}

#[test]
fn a_page_that_lies_upside_down_and_askew_is_read() {
    let (sheet, _, written) = document();
    let white = Border::Constant(Rgb([255; 3]));
    for degrees in [-9.5_f32, 9.5] {
        let askew = rotate_about_center(&sheet, degrees.to_radians(), Interpolation::Bilinear, white);
        let text = read(imageops::rotate180(&askew));
        assert!(cer(&written, &text.text()) < 0.03, "{degrees}: {}", text.text());
        let level = |l: &saoy::ocr::Line| (l.baseline[1] - l.baseline[3]).abs() < 8.0;
        assert!(text.straight().lines.iter().all(level));
    }
}

#[test]
fn a_page_that_lies_on_its_side_and_askew_is_read() {
    let (sheet, _, written) = document();
    for (degrees, turn) in [(90.0_f32, 9.5_f32), (90.0, -9.5), (270.0, 9.5), (270.0, -6.0)] {
        let larger = 2900;
        let mut ground = RgbImage::from_pixel(larger, larger, Rgb(PAPER));
        imageops::replace(&mut ground, &sheet, i64::from(larger - A4.0) / 2, i64::from(larger - A4.1) / 2);
        let angle = (degrees + turn).to_radians();
        let askew =
            rotate_about_center(&ground, angle, Interpolation::Bilinear, Border::Constant(Rgb(PAPER)));
        let text = read(askew);
        assert!(cer(&written, &text.text()) < 0.03, "{degrees} + {turn}: {}", text.text());
    }
}

fn quality(sheet: RgbImage) -> Vec<Defect> {
    read(sheet).quality
}

#[test]
fn a_good_page_draws_no_remark() {
    let (sheet, ..) = document();
    assert_eq!(quality(sheet.clone()), []);
    assert_eq!(read(DynamicImage::from(sheet.clone()).to_luma8()).quality, []);
    let (photo, _) = photograph(&sheet, (2250, 3000), SEEN_ASLANT);
    assert_eq!(quality(photo), []);
}

#[test]
fn each_fault_of_a_picture_is_named() {
    let (sheet, ..) = document();
    let mut dark = sheet.clone();
    dark.iter_mut().for_each(|v| *v = (f32::from(*v) * 0.27) as u8);
    assert_eq!(quality(dark), [Defect::TooDark]);

    let blurred = imageops::blur(&sheet, 4.0);
    assert!(quality(blurred).contains(&Defect::Blurred));

    let small = imageops::resize(&sheet, 694, 982, imageops::FilterType::Triangle);
    let small = saoy::scan::Page { dpi: [84.0; 2], ..page(small) };
    let text = read_page(&small, &mut vie(), PAGE_DEADLINE).unwrap();
    assert!(text.quality.contains(&Defect::TooSmall), "{:?}", text.quality);

    let cut = imageops::crop_imm(&sheet, 215, 0, A4.0 - 215, A4.1).to_image();
    assert_eq!(quality(cut), [Defect::CutOff]);
    // Through the middle of a line.
    let cut = imageops::crop_imm(&sheet, 0, 0, A4.0, 790).to_image();
    assert!(quality(cut).contains(&Defect::CutOff));

    let mut shiny = sheet;
    for (x, y, pixel) in shiny.enumerate_pixels_mut() {
        let far = (x as f32 - 700.0).hypot(y as f32 - 900.0);
        let light = 255.0 * (1.0 - (far - 160.0) / 40.0).clamp(0.0, 1.0);
        pixel.0 = pixel.0.map(|v| (f32::from(v) * 0.85 + light).min(255.0) as u8);
    }
    assert_eq!(quality(shiny), [Defect::Glare]);
}

/// A committed sample as it is, and what its fields say.
fn sample(name: &str) -> (RgbImage, serde_json::Value) {
    let file = |ending: &str| format!("{}/samples/{name}.{ending}", env!("CARGO_MANIFEST_DIR"));
    let expected = std::fs::read(file("expected.json")).unwrap();
    (image::open(file("jpg")).unwrap().to_rgb8(), serde_json::from_slice(&expected).unwrap())
}

/// The fields of a picture, and the values among them that are wrong though nobody is asked to look.
fn silently_wrong(picture: &RgbImage, expected: &serde_json::Value) -> (Fields, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.png");
    picture.save(&file).unwrap();
    let engines = EnginePool::own(1).unwrap();
    let forms = Forms::builtin().unwrap();
    let go_on = AtomicBool::new(false);
    let read = pipeline::read_only(&engines, &forms, None, &[file], &Limits::default(), &go_on, &|_| {});
    let (_, fields) = read.into_iter().next().unwrap().1.unwrap();
    let wrong = fields.fields.iter().filter(|(name, field)| {
        !field.review && !eval::same(&field.value, &expected["fields"][name.as_str()]["value"])
    });
    let wrong = wrong.map(|(name, field)| format!("{name}: {:?}", field.value)).collect();
    (fields, wrong)
}

#[test]
fn of_half_a_page_and_of_two_papers_nothing_wrong_passes() {
    let (paper, expected) = sample("khai-sinh-06-trich-luc");
    let (whole, wrong) = silently_wrong(&paper, &expected);
    assert!(wrong.is_empty() && whole.form.is_some(), "{wrong:?}");

    let (_, wrong) = silently_wrong(&imageops::rotate180(&paper), &expected);
    assert!(wrong.is_empty(), "upside down: {wrong:?}");

    let (width, height) = paper.dimensions();
    for (half, y) in [("upper", 0), ("lower", height / 2)] {
        let part = imageops::crop_imm(&paper, 0, y, width, height / 2).to_image();
        let (_, wrong) = silently_wrong(&part, &expected);
        assert!(wrong.is_empty(), "{half} half: {wrong:?}");
    }

    // Side by side on a larger glass.
    let (other, _) = sample("khai-sinh-04-ban-sao");
    let mut both = RgbImage::from_pixel(width + other.width(), height.max(other.height()), Rgb([255; 3]));
    imageops::replace(&mut both, &paper, 0, 0);
    imageops::replace(&mut both, &other, i64::from(width), 0);
    let (fields, _) = silently_wrong(&both, &expected);
    assert!(fields.fields.values().all(|field| field.review), "{fields:?}");
}
