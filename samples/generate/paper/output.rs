//! Scans become files: JPEG, PNG, TIFF (Group 4), PDF; and what a perfect reader answers about them.

use std::path::Path;

use fax::encoder::Encoder;
use fax::{Color as FaxColor, VecWriter};
use image::codecs::jpeg::{JpegEncoder, PixelDensity};
use image::{ExtendedColorType, GrayImage, ImageEncoder, RgbImage};
use lopdf::{Document, Object, Stream, dictionary};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

/// One paper as files.
pub(crate) struct Files {
    /// Without ending.
    pub(crate) name: String,
    /// `jpg`, `png`, `tif` or `pdf`.
    pub(crate) ending: &'static str,
    /// The scan.
    pub(crate) bytes: Vec<u8>,
    /// What it says.
    pub(crate) expected: Expected,
    /// The pages as JPEG, where that is what they are.
    pub(super) jpegs: Vec<Jpeg>,
}

/// The shape of `read --json`, values only.
#[derive(Clone, Serialize)]
pub(crate) struct Expected {
    /// The form's name.
    pub(crate) form: Option<&'static str>,
    /// What each page says.
    pub(crate) pages: Vec<PageText>,
    /// Every field of the form, in the order of the list of field names.
    #[serde(serialize_with = "in_order")]
    pub(crate) fields: Vec<(&'static str, Value)>,
}

/// One page's words.
#[derive(Clone, Serialize)]
pub(crate) struct PageText {
    /// Lines as printed, in reading order.
    pub(crate) text: String,
}

/// One page, ready to be the image of a PDF page.
#[derive(Clone)]
pub(super) struct Jpeg {
    pub(super) bytes: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) gray: bool,
    pub(super) dpi: u32,
}

/// Writes the scan and its `.expected.json` into `folder`.
pub(crate) fn write(folder: &Path, files: &Files) -> std::io::Result<()> {
    std::fs::write(folder.join(format!("{}.{}", files.name, files.ending)), &files.bytes)?;
    std::fs::write(folder.join(format!("{}.expected.json", files.name)), json(&files.expected))
}

/// Writes all JPEG pages as one PDF beside its own `.expected.json`, whose form and fields stay empty: it is no one paper.
pub(crate) fn join(path: &Path, all: &[Files]) -> std::io::Result<()> {
    let pages: Vec<_> = all.iter().flat_map(|files| files.jpegs.iter().cloned()).collect();
    let text =
        all.iter().filter(|files| !files.jpegs.is_empty()).flat_map(|files| files.expected.pages.clone());
    let expected = Expected { form: None, pages: text.collect(), fields: Vec::new() };
    std::fs::write(path, pdf(&pages)?)?;
    std::fs::write(path.with_extension("expected.json"), json(&expected))
}

/// Pretty JSON with a last line end.
fn json(expected: &Expected) -> String {
    let mut text = serde_json::to_string_pretty(expected).expect("strings and lists have a JSON form");
    text.push('\n');
    text
}

/// A colour JPEG that says its resolution.
pub(super) fn jpeg_rgb(page: &RgbImage, dpi: u32, quality: u8) -> Jpeg {
    let bytes = jpeg(page.as_raw(), page.dimensions(), ExtendedColorType::Rgb8, dpi, quality);
    Jpeg { bytes, width: page.width(), height: page.height(), gray: false, dpi }
}

/// A grey JPEG that says its resolution.
pub(super) fn jpeg_gray(page: &GrayImage, dpi: u32, quality: u8) -> Jpeg {
    let bytes = jpeg(page.as_raw(), page.dimensions(), ExtendedColorType::L8, dpi, quality);
    Jpeg { bytes, width: page.width(), height: page.height(), gray: true, dpi }
}

fn jpeg(
    samples: &[u8],
    (width, height): (u32, u32),
    color: ExtendedColorType,
    dpi: u32,
    quality: u8,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    encoder.set_pixel_density(PixelDensity::dpi(dpi as u16));
    encoder.write_image(samples, width, height, color).expect("memory takes every page");
    bytes
}

/// A PNG that says its resolution: 8-bit colour.
pub(super) fn png_rgb(page: &RgbImage, dpi: u32) -> Vec<u8> {
    png(page.as_raw(), page.dimensions(), png::ColorType::Rgb, png::BitDepth::Eight, dpi)
}

/// A PNG of 8-bit grey.
pub(super) fn png_gray(page: &GrayImage, dpi: u32) -> Vec<u8> {
    png(page.as_raw(), page.dimensions(), png::ColorType::Grayscale, png::BitDepth::Eight, dpi)
}

/// A PNG of one bit a pixel; `page` holds 0 and 255 alone.
pub(super) fn png_bilevel(page: &GrayImage, dpi: u32) -> Vec<u8> {
    let mut packed = Vec::new();
    for row in page.rows() {
        let bits: Vec<bool> = row.map(|pixel| pixel.0[0] > 127).collect();
        for eight in bits.chunks(8) {
            packed.push(eight.iter().enumerate().fold(0, |byte, (i, bit)| byte | u8::from(*bit) << (7 - i)));
        }
    }
    png(&packed, page.dimensions(), png::ColorType::Grayscale, png::BitDepth::One, dpi)
}

fn png(
    samples: &[u8],
    (width, height): (u32, u32),
    color: png::ColorType,
    depth: png::BitDepth,
    dpi: u32,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let meter = (f64::from(dpi) / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: meter, yppu: meter, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header().expect("memory takes every header");
    writer.write_image_data(samples).expect("memory takes every page");
    writer.finish().expect("memory takes every end");
    bytes
}

/// A TIFF with one Group 4 strip a page (TIFF 6.0, compression 4); `pages` hold 0 and 255 alone.
pub(super) fn tiff_g4(pages: &[GrayImage], dpi: u32) -> Vec<u8> {
    const ENTRIES: u16 = 11;
    let mut bytes = b"II\x2a\0".to_vec();
    let mut link = bytes.len();
    bytes.extend([0; 4]);
    for page in pages {
        let mut encoder = Encoder::new(VecWriter::new());
        for row in page.rows() {
            let pels = row.map(|pixel| if pixel.0[0] > 127 { FaxColor::White } else { FaxColor::Black });
            encoder.encode_line(pels, page.width() as u16).expect("memory takes every line");
        }
        let strip = encoder.finish().expect("memory takes every end").finish();
        let strip_at = bytes.len() as u32;
        bytes.extend(&strip);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        let resolution_at = bytes.len() as u32;
        bytes.extend(dpi.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        let directory = bytes.len() as u32;
        bytes[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        bytes.extend(ENTRIES.to_le_bytes());
        // Tag, type (3 short, 4 long, 5 rational), value or offset.
        let entries: [(u16, u16, u32); ENTRIES as usize] = [
            (256, 4, page.width()),
            (257, 4, page.height()),
            (258, 3, 1),
            (259, 3, 4),
            (262, 3, 0),
            (273, 4, strip_at),
            (278, 4, page.height()),
            (279, 4, strip.len() as u32),
            (282, 5, resolution_at),
            (283, 5, resolution_at),
            (296, 3, 2),
        ];
        for (tag, kind, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        link = bytes.len();
        bytes.extend([0; 4]);
    }
    bytes
}

/// A PDF whose pages are the JPEGs, byte for byte.
pub(super) fn pdf(pages: &[Jpeg]) -> std::io::Result<Vec<u8>> {
    let mut document = Document::with_version("1.7");
    let tree = document.new_object_id();
    let mut kids = Vec::new();
    for page in pages {
        let size = |pixels: u32| pixels as f32 * 72.0 / page.dpi as f32;
        let (width, height) = (size(page.width), size(page.height));
        let image = dictionary! {
            "Type" => "XObject",
            "Subtype" => "Image",
            "Width" => i64::from(page.width),
            "Height" => i64::from(page.height),
            "ColorSpace" => if page.gray { "DeviceGray" } else { "DeviceRGB" },
            "BitsPerComponent" => 8,
            "Filter" => "DCTDecode",
        };
        let image = document.add_object(Stream::new(image, page.bytes.clone()));
        let content = format!("q {width} 0 0 {height} 0 0 cm /Im0 Do Q").into_bytes();
        let content = document.add_object(Stream::new(dictionary! {}, content));
        let kid = document.add_object(dictionary! {
            "Type" => "Page",
            "Parent" => tree,
            "MediaBox" => vec![0.into(), 0.into(), width.into(), height.into()],
            "Resources" => dictionary! { "XObject" => dictionary! { "Im0" => image } },
            "Contents" => content,
        });
        kids.push(Object::Reference(kid));
    }
    let count = kids.len() as i64;
    document.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count });
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes)?;
    Ok(bytes)
}

fn in_order<S: Serializer>(fields: &[(&'static str, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Field<'a> {
        value: &'a Value,
    }
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for (name, value) in fields {
        map.serialize_entry(name, &Field { value })?;
    }
    map.end()
}
