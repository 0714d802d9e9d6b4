//! Pages drawn in code, and engines to read them.

use std::sync::Arc;

use ab_glyph::{Font, FontVec, PxScale, ScaleFont};
use image::{DynamicImage, Rgb, RgbImage};
use saoy::geom::{Orientation, PixelBox};
use saoy::ocr::{LineEngine, LineModel, PAGE_DEADLINE, PageText, Tesseract, read_page};
use saoy::scan::{ColorSpace, DpiSource, Filter, Page, StoredImage};

pub(crate) const INK: [u8; 3] = [25, 25, 30];
pub(crate) const RED: [u8; 3] = [205, 25, 50];
pub(crate) const PAPER: [u8; 3] = [250, 249, 244];

pub(crate) const LINES: [&str; 6] = [
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6",
    "năm 2015 và Nghị định số 30/2020/NĐ-CP về công tác văn thư;",
    "xét đề nghị của công chức Tư pháp - Hộ tịch thị trấn.",
    "Người yêu cầu chứng thực phải xuất trình bản chính giấy tờ,",
    "văn bản làm cơ sở để chứng thực bản sao; người thực hiện",
    "kiểm tra bản chính, đối chiếu với bản sao rồi ghi lời chứng.",
];

pub(crate) fn font() -> FontVec {
    let paths = [
        "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "/usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf",
        "/usr/share/fonts/truetype/freefont/FreeSerif.ttf",
    ];
    let bytes = paths.iter().find_map(|p| std::fs::read(p).ok()).expect("apt install fonts-dejavu-core");
    FontVec::try_from_vec(bytes).expect("a font")
}

/// Draws text with its baseline's start at `x`, `y`; gives its box.
pub(crate) fn draw(image: &mut RgbImage, text: &str, x: f32, y: f32, size: f32, color: [u8; 3]) -> PixelBox {
    let font = font();
    let scaled = font.as_scaled(PxScale::from(size));
    let (mut pen, mut last) = (x, None);
    let mut all: Option<PixelBox> = None;
    for c in text.chars() {
        let id = scaled.glyph_id(c);
        pen += last.map_or(0.0, |l| scaled.kern(l, id));
        last = Some(id);
        let glyph = id.with_scale_and_position(PxScale::from(size), ab_glyph::point(pen, y));
        pen += scaled.h_advance(id);
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let b = outline.px_bounds();
        outline.draw(|dx, dy, ink| {
            let (px, py) = (dx + b.min.x as u32, dy + b.min.y as u32);
            if px < image.width() && py < image.height() {
                let p = image.get_pixel_mut(px, py);
                for (c, color) in p.0.iter_mut().zip(color) {
                    *c = (f32::from(*c) * (1.0 - ink) + f32::from(color) * ink) as u8;
                }
            }
        });
        let b = PixelBox::new(b.min.x as u32, b.min.y as u32, b.max.x as u32, b.max.y as u32);
        all = Some(all.map_or(b, |a| a.union(&b)));
    }
    all.expect("something was drawn")
}

/// A ring with a disc in its middle, drawn over what is there as ink lies on paper.
pub(crate) fn seal(image: &mut RgbImage, cx: f32, cy: f32, radius: f32) {
    for (x, y, p) in image.enumerate_pixels_mut() {
        let d = ((x as f32 - cx).powi(2) + (y as f32 - cy).powi(2)).sqrt() / radius;
        if (0.95..1.0).contains(&d) || (0.80..0.83).contains(&d) || d < 0.3 {
            for (c, red) in p.0.iter_mut().zip(RED) {
                *c = (u16::from(*c) * u16::from(red) / 250).min(255) as u8;
            }
        }
    }
}

/// 6 × 4 inches at 300 dpi.
pub(crate) fn sheet() -> RgbImage {
    RgbImage::from_pixel(1800, 1200, Rgb(PAPER))
}

pub(crate) fn letter() -> (RgbImage, Vec<PixelBox>) {
    let mut image = sheet();
    let boxes = LINES.iter().enumerate();
    let boxes = boxes.map(|(i, l)| draw(&mut image, l, 150.0, 300.0 + 110.0 * i as f32, 58.0, INK)).collect();
    (image, boxes)
}

pub(crate) fn page(pixels: impl Into<DynamicImage>) -> Page {
    let pixels = pixels.into();
    let stored = StoredImage {
        data: Arc::from([]),
        filter: Filter::Dct,
        color_space: ColorSpace::Rgb,
        width: pixels.width(),
        height: pixels.height(),
        bits: 8,
        decode: None,
        orientation: Orientation::Upright,
        original: true,
    };
    Page { number: 1, stored, pixels, dpi: [300.0; 2], dpi_source: DpiSource::File }
}

pub(crate) fn tesseract() -> Tesseract {
    Tesseract::new("vie").expect("apt install tesseract-ocr-vie")
}

pub(crate) fn vie() -> LineEngine {
    LineModel::of(&tesseract()).unwrap().expect("the model is of 8 bits").engine()
}

pub(crate) fn read(pixels: impl Into<DynamicImage>) -> PageText {
    read_page(&page(pixels), &mut vie(), PAGE_DEADLINE).expect("the page is read")
}

/// The share of the smaller box that both cover.
pub(crate) fn overlap(a: PixelBox, b: PixelBox) -> f64 {
    let both = PixelBox::new(a.x0.max(b.x0), a.y0.max(b.y0), a.x1.min(b.x1), a.y1.min(b.y1));
    let area = |b: PixelBox| f64::from(b.width()) * f64::from(b.height());
    area(both) / area(a).min(area(b))
}

pub(crate) fn line_boxes(text: &PageText) -> Vec<PixelBox> {
    let line = |l| text.line_words(l).iter().map(|w| w.bbox).reduce(|a, b| a.union(&b)).unwrap();
    text.lines.iter().map(line).collect()
}
