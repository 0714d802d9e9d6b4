//! Copies as tools that nobody here wrote see them: veraPDF, qpdf, poppler, pyHanko, ZBar. A tool that is absent fails the test and
//! says what to install; a copy that was never looked at by others proves nothing.

use std::path::Path;

use crate::certify_common;
use crate::tools_support;
use certify_common::*;
use saoy::certify::CopyPage;
use saoy::geom::Orientation;
use saoy::ocr::{Line, PageText, Word};
use saoy::record::Act;
use tools_support::*;

struct Copy {
    folder: tempfile::TempDir,
    path: String,
    bytes: Vec<u8>,
}

fn copy(pages: Vec<CopyPage>, act: Act, trial: bool, qr: Option<String>) -> Copy {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keys = office_keys(folder.path(), trial);
    let bytes = sign(draft(pages, act, trial, qr), &keys);
    let path = folder.path().join("copy.pdf");
    std::fs::write(&path, &bytes).expect("it can be written");
    std::fs::write(folder.path().join("root.pem"), keys.root_certificate().pem()).expect("it can be written");
    // For a person's eye: SAOY_KEEP=folder keeps every copy.
    if let Some(keep) = std::env::var_os("SAOY_KEEP") {
        let name = std::thread::current().name().unwrap_or("copy").replace("::", "-");
        std::fs::copy(&path, Path::new(&keep).join(format!("{name}.pdf"))).expect("it can be kept");
        std::fs::copy(folder.path().join("root.pem"), Path::new(&keep).join("root.pem"))
            .expect("it can be kept");
    }
    Copy { path: path.display().to_string(), bytes, folder }
}

fn check_structure(copy: &Copy) {
    let checked = run(pdfa_check(), VERAPDF, ["3u", &copy.path]);
    assert!(checked.status.success(), "{}", text(&checked));
    let qpdf = run("qpdf", QPDF, ["--check", &copy.path]);
    let said = text(&qpdf);
    assert!(qpdf.status.success() && !said.contains("WARNING") && said.contains("No syntax"), "{said}");
}

#[test]
fn every_kind_of_page_is_pdfa() {
    check_structure(&copy(every_kind(), Act::Certification, false, Some(seal_text())));
}

#[test]
fn an_agency_copy_is_pdfa() {
    check_structure(&copy(vec![rgb_page()], Act::AgencyCopy, false, Some(seal_text())));
}

#[test]
fn a_trial_is_pdfa_and_says_so() {
    let copy = copy(vec![text_page(1240, 1754, 150.0, 32.0)], Act::Certification, true, None);
    check_structure(&copy);
    let said = text(&run("pdftotext", POPPLER, [&copy.path, "-"]));
    assert!(said.contains("THỬ NGHIỆM") && said.contains("Không có giá trị pháp lý"), "{said}");
}

#[test]
fn the_text_is_found_in_vietnamese() {
    let copy = copy(vec![text_page(1240, 1754, 150.0, 32.0)], Act::Certification, false, Some(seal_text()));
    let said = text(&run("pdftotext", POPPLER, [&copy.path, "-"]));
    let mut rest = said.as_str();
    for line in LINES.iter().copied().chain([
        "Chứng thực bản sao đúng với bản chính",
        "Số chứng thực 12 quyển số 2026 - SCT/BS",
        "Ngày 22 tháng 11 năm 2026",
        "Trần Thị Ví Dụ",
        "Ủy ban nhân dân xã Mẫu",
    ]) {
        let at =
            rest.find(line).unwrap_or_else(|| panic!("{line:?} is not, or not in its order, in\n{said}"));
        rest = &rest[at + line.len()..];
    }
}

/// Three lines that run along `angle` degrees, counter-clockwise.
fn turned_page(angle: f64) -> CopyPage {
    let (sin, cos) = angle.to_radians().sin_cos();
    let mut page = text_page(1000, 1000, 100.0, 20.0);
    let mut text = PageText { width: 1000, height: 1000, ..PageText::default() };
    // In pixels with y downwards, the origin in the page's middle.
    let at = |along: f64, below: f64| [500.0 + along * cos + below * sin, 500.0 - along * sin + below * cos];
    for (i, line) in LINES[..3].iter().enumerate() {
        let below = f64::from(i as u32) * 60.0 - 60.0;
        let first = text.words.len();
        let mut along = -300.0;
        for word in line.split(' ') {
            let width = 11.0 * word.chars().count() as f64;
            let corners = [
                at(along, below - 20.0),
                at(along + width, below - 20.0),
                at(along, below),
                at(along + width, below),
            ];
            let side = |axis: usize, pick: fn(f64, f64) -> f64| {
                corners.iter().map(|c| c[axis]).reduce(pick).expect("four")
            };
            let bbox = [side(0, f64::min), side(1, f64::min), side(0, f64::max), side(1, f64::max)]
                .map(|v| v.round() as u32);
            text.words.push(Word { text: word.to_owned(), confidence: 1.0, bbox: bbox.into() });
            along += width + 8.0;
        }
        let ([x0, y0], [x1, y1]) = (at(-300.0, below), at(along, below));
        text.lines.push(Line {
            words: first..text.words.len(),
            baseline: [x0, y0, x1, y1].map(|v| v as f32),
            block: 0,
        });
    }
    page.text = text;
    page
}

#[test]
fn skewed_and_turned_lines_keep_their_words() {
    for angle in [0.0, 0.5, 1.0, 3.0, -7.0, 90.0, 180.0, 270.0] {
        let copy = copy(vec![turned_page(angle)], Act::Certification, false, None);
        // Poppler sorts by place unless told not to, and takes a skewed or upright line apart; its words are whole either way.
        let said = text(&run("pdftotext", POPPLER, ["-raw", &copy.path, "-"]));
        let words: Vec<&str> = said.split_whitespace().collect();
        for line in &LINES[..3] {
            let wanted: Vec<&str> = line.split(' ').collect();
            assert!(
                words.windows(wanted.len()).any(|found| found == wanted),
                "{angle}°: {line:?} is not in\n{said}"
            );
        }
    }
}

#[test]
fn attachments_come_out_as_they_went_in() {
    let copy = copy(vec![rgb_page()], Act::Certification, false, None);
    let folder = copy.folder.path().join("attached");
    std::fs::create_dir(&folder).expect("a folder");
    let listed = text(&run("pdfdetach", POPPLER, ["-list", &copy.path]));
    assert!(listed.starts_with("4 embedded files"), "{listed}");
    let saved = run("pdfdetach", POPPLER, ["-saveall", "-o", &folder.display().to_string(), &copy.path]);
    assert!(saved.status.success(), "{}", text(&saved));
    for attachment in attachments() {
        let bytes = std::fs::read(folder.join(&attachment.name)).expect("it was saved");
        assert_eq!(bytes, attachment.bytes, "{}", attachment.name);
    }
}

#[test]
fn poppler_finds_both_signatures_valid() {
    let copy = copy(vec![text_page(1240, 1754, 150.0, 32.0)], Act::Certification, false, Some(seal_text()));
    let said = text(&run("pdfsig", POPPLER, [&copy.path]));
    assert_eq!(said.matches("Signature Validation: Signature is Valid.").count(), 2, "{said}");
    let last = &said[said.find("Signature #2").expect("a second signature")..];
    assert!(last.contains("Total document signed"), "{said}");
    assert!(said.contains("ETSI.CAdES.detached") && said.contains("Nov 22 2026"), "{said}");
}

#[test]
fn pyhanko_trusts_both_signatures_under_the_root() {
    for (trial, count) in [(false, 2), (true, 1)] {
        let copy = copy(vec![rgb_page()], Act::Certification, trial, None);
        let root = copy.folder.path().join("root.pem").display().to_string();
        let arguments =
            ["sign", "validate", "--no-revocation-check", "--trust", &root, "--trust-replace", &copy.path];
        let said = run(pyhanko(), PYHANKO, arguments);
        let said_text = text(&said);
        assert!(said.status.success(), "{said_text}");
        assert_eq!(said_text.matches("INTACT:TRUSTED").count(), count, "{said_text}");
    }
}

/// Page 1 as pixels.
fn render(copy: &Copy, dpi: u32, page: u32) -> image::RgbImage {
    let stem = copy.folder.path().join("render").display().to_string();
    let page = page.to_string();
    let drawn = run(
        "pdftoppm",
        POPPLER,
        ["-r", &dpi.to_string(), "-f", &page, "-l", &page, "-singlefile", "-png", &copy.path, &stem],
    );
    assert!(drawn.status.success() && text(&drawn).is_empty(), "{}", text(&drawn));
    image::open(format!("{stem}.png")).expect("a picture").to_rgb8()
}

#[test]
fn the_code_reads_with_two_other_decoders() {
    for pages in [vec![text_page(1240, 1754, 150.0, 32.0)], vec![text_page(1004, 638, 300.0, 24.0)]] {
        let copy = copy(pages, Act::Certification, false, Some(seal_text()));
        let picture = render(&copy, 200, 1);
        let path = copy.folder.path().join("render.png").display().to_string();
        let read = run("zbarimg", ZBAR, ["-q", "--raw", &path]);
        assert_eq!(String::from_utf8_lossy(&read.stdout).trim(), seal_text());
        let mut grey = rqrr::PreparedImage::prepare(image::DynamicImage::ImageRgb8(picture).to_luma8());
        let grids = grey.detect_grids();
        assert_eq!(grids.len(), 1);
        assert_eq!(grids[0].decode().expect("it decodes").1, seal_text());
    }
}

#[test]
fn the_image_is_neither_scaled_nor_covered() {
    // A card of 85 × 54 mm: narrower than the strip.
    let mut page = text_page(1004, 638, 300.0, 24.0);
    page.text = PageText::default();
    let original = image::load_from_memory(&page.stored.data).expect("a JPEG").to_rgb8();
    let copy = copy(vec![page], Act::Certification, false, Some(seal_text()));
    let picture = render(&copy, 300, 1);
    assert!(picture.width() > 1004 && picture.height() > 638);
    let mut sum = 0_u64;
    for (x, y, pixel) in original.enumerate_pixels() {
        sum += u64::from(pixel.0[0].abs_diff(picture.get_pixel(x, y).0[0]));
    }
    let mean = sum as f64 / (1004.0 * 638.0);
    assert!(mean < 2.0, "the page differs from the scan by {mean} grey levels");
}

#[test]
fn the_certification_text_is_seen() {
    for trial in [false, true] {
        let copy =
            copy(vec![text_page(1240, 1754, 150.0, 32.0)], Act::Certification, trial, Some(seal_text()));
        let picture = render(&copy, 150, 1);
        let count = |seen: fn(u8, u8, u8) -> bool| {
            picture
                .rows()
                .skip(1754)
                .flatten()
                .filter(|pixel| seen(pixel.0[0], pixel.0[1], pixel.0[2]))
                .count()
        };
        // Red heading, blue number, black name: each some thousand pixels.
        assert!(count(|r, g, b| r > 150 && g < 60 && b < 60) > 3000);
        assert!(count(|r, g, b| b > 200 && r < 60 && g < 60) > 3000);
        assert!(count(|r, g, b| r < 60 && g < 60 && b < 60) > 3000);
    }
}

#[test]
fn each_orientation_stands_upright() {
    // The picture upright: red, green above blue, yellow.
    let upright = image::load_from_memory(&rgb_page().stored.data).expect("a JPEG");
    for tag in 1..=8 {
        // The inverse of what the tag asks for.
        let turned = match tag {
            2 => upright.fliph(),
            3 => upright.rotate180(),
            4 => upright.flipv(),
            5 => upright.rotate90().fliph(),
            6 => upright.rotate270(),
            7 => upright.rotate270().fliph(),
            8 => upright.rotate90(),
            _ => upright.clone(),
        };
        let mut stored = rgb_page().stored;
        stored.data = jpeg(&turned).into();
        (stored.width, stored.height) = (turned.width(), turned.height());
        stored.orientation = Orientation::from_tag(tag);
        let copy = copy(vec![page(stored, 100.0)], Act::Certification, false, None);
        let picture = render(&copy, 100, 1);
        for (x, y) in [(50, 50), (350, 50), (50, 250), (350, 250)] {
            let (expected, found) = (upright.to_rgb8().get_pixel(x, y).0, picture.get_pixel(x, y).0);
            let close = expected.iter().zip(found).all(|(a, b)| a.abs_diff(b) < 12);
            assert!(close, "orientation {tag} at {x}, {y}: {found:?}, not {expected:?}");
        }
    }
}

#[test]
fn the_scan_comes_out_byte_for_byte() {
    let page = rgb_page();
    let original = page.stored.data.clone();
    let copy = copy(vec![page], Act::Certification, false, None);
    let stem = copy.folder.path().join("image").display().to_string();
    let listed = run("pdfimages", POPPLER, ["-all", &copy.path, &stem]);
    assert!(listed.status.success(), "{}", text(&listed));
    assert_eq!(std::fs::read(format!("{stem}-000.jpg")).expect("it was written"), *original);
    assert!(copy.bytes.windows(original.len()).any(|window| window == &*original));
}
