//! The parts of reading, one page each: `cargo bench --bench parts`. The page is drawn here, 300 dpi in colour, A4.

use std::hint::black_box;
use std::sync::Arc;

use ab_glyph::{Font, FontVec, PxScale, ScaleFont};
use criterion::{Criterion, criterion_group, criterion_main};
use image::{DynamicImage, GrayImage, Rgb, RgbImage, imageops};
use saoy::geom::Orientation;
use saoy::ocr::{PAGE_DEADLINE, Tesseract, Turn, prepare, read_page};
use saoy::scan::deskew::{convergence, line_contrast, skew_angle};
use saoy::scan::{ColorSpace, DpiSource, Filter, Page, StoredImage};

const LINES: [&str; 4] = [
    "Người yêu cầu chứng thực phải xuất trình bản chính giấy tờ, văn bản làm cơ sở",
    "để chứng thực bản sao và bản sao cần chứng thực. Người thực hiện chứng thực",
    "kiểm tra bản chính, đối chiếu với bản sao, nếu nội dung bản sao đúng với bản",
    "chính thì ghi lời chứng theo mẫu số 999/2024, ngày 19 tháng 6 năm 2024.",
];

fn page(seal: bool) -> Page {
    let mut image = RgbImage::from_pixel(2480, 3508, Rgb([250, 249, 244]));
    let bytes = std::fs::read("/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf")
        .expect("apt install fonts-dejavu-core");
    let font = FontVec::try_from_vec(bytes).expect("a font");
    let scale = PxScale::from(56.0);
    let scaled = font.as_scaled(scale);
    for row in 0..36 {
        let mut pen = 260.0;
        for c in LINES[row % LINES.len()].chars() {
            let id = scaled.glyph_id(c);
            let at = ab_glyph::point(pen, 260.0 + 85.0 * row as f32);
            pen += scaled.h_advance(id);
            let Some(outline) = font.outline_glyph(id.with_scale_and_position(scale, at)) else { continue };
            let b = outline.px_bounds();
            outline.draw(|x, y, ink| {
                let (x, y) = (x + b.min.x as u32, y + b.min.y as u32);
                if x < 2480 && y < 3508 {
                    let grey = (245.0 * (1.0 - ink)) as u8;
                    image.put_pixel(x, y, Rgb([grey; 3]));
                }
            });
        }
    }
    if seal {
        for (x, y, p) in image.enumerate_pixels_mut() {
            let d = (x as f32 - 1600.0).hypot(y as f32 - 2900.0) / 213.0;
            if (0.95..1.0).contains(&d) || d < 0.3 {
                p.0[1] /= 8;
                p.0[2] /= 5;
            }
        }
    }
    let stored = StoredImage {
        data: Arc::from([]),
        filter: Filter::Dct,
        color_space: ColorSpace::Rgb,
        width: 2480,
        height: 3508,
        bits: 8,
        decode: None,
        orientation: Orientation::Upright,
        original: true,
    };
    Page {
        number: 1,
        stored,
        pixels: DynamicImage::ImageRgb8(image),
        dpi: [300.0; 2],
        dpi_source: DpiSource::File,
    }
}

/// Which way up, how far askew, whether the lines run together: what is asked of every page before it is read.
fn lie(page: &GrayImage) -> (bool, f32, bool) {
    let on_its_side = line_contrast(&imageops::rotate90(page)) > line_contrast(page);
    let upright = if on_its_side { imageops::rotate270(page) } else { page.clone() };
    (on_its_side, skew_angle(&upright), convergence(&upright).is_some())
}

fn parts(criterion: &mut Criterion) {
    let (plain, sealed) = (page(false), page(true));
    let mut engine = Tesseract::new("vie").expect("apt install tesseract-ocr-vie");
    let reading = prepare(&plain, Turn::None).image;
    let on_its_side = imageops::rotate90(&reading);

    let mut group = criterion.benchmark_group("page");
    group.sample_size(10);
    group.bench_function("deskew", |b| b.iter(|| skew_angle(black_box(&reading))));
    group.bench_function("how it lies", |b| b.iter(|| lie(black_box(&reading))));
    group.bench_function("how it lies, on its side", |b| b.iter(|| lie(black_box(&on_its_side))));
    group.bench_function("prepare", |b| b.iter(|| prepare(black_box(&plain), Turn::None)));
    group.bench_function("prepare with a seal", |b| b.iter(|| prepare(black_box(&sealed), Turn::None)));
    group.bench_function("read_page", |b| {
        b.iter(|| read_page(black_box(&plain), &mut engine, PAGE_DEADLINE).expect("the page is read"));
    });
    group.finish();
}

criterion_group!(benches, parts);
criterion_main!(benches);
