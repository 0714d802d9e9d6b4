//! Pixels → a stored image, without loss: Flate with PNG's filters.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ExtendedColorType, GrayImage, ImageEncoder};

use super::{ColorSpace, Filter, StoredImage, png};
use crate::geom::Orientation;

/// An upright image of 8 or 16 bits, grey or RGB.
pub(super) fn image(image: &DynamicImage) -> StoredImage {
    let (width, height) = (image.width(), image.height());
    let components = channels(image);
    let bits = match image {
        DynamicImage::ImageLuma16(_) | DynamicImage::ImageRgb16(_) => 16,
        _ => 8,
    };
    let color = match (components, bits) {
        (1, 8) => ExtendedColorType::L8,
        (1, _) => ExtendedColorType::L16,
        (_, 8) => ExtendedColorType::Rgb8,
        _ => ExtendedColorType::Rgb16,
    };
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Default, FilterType::Adaptive)
        .write_image(image.as_bytes(), width, height, color)
        .expect("writing an image of a known kind to memory succeeds");
    StoredImage {
        data: png::image_data(&file).into(),
        filter: Filter::Flate { png_predictor: Some((components, bits, width)) },
        color_space: if components == 1 { ColorSpace::Gray } else { ColorSpace::Rgb },
        width,
        height,
        bits,
        decode: None,
        orientation: Orientation::Upright,
        original: false,
    }
}

/// Packed rows of samples of any depth, as PDF defines them.
pub(super) fn rows(rows: &[u8], width: u32, height: u32, bits: u8, color_space: ColorSpace) -> StoredImage {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(rows).expect("writing to memory succeeds");
    let data: Arc<[u8]> = encoder.finish().expect("writing to memory succeeds").into();
    StoredImage {
        data,
        filter: Filter::Flate { png_predictor: None },
        color_space,
        width,
        height,
        bits,
        decode: None,
        orientation: Orientation::Upright,
        original: false,
    }
}

/// 1 for grey, 3 for RGB.
pub(super) fn channels(image: &DynamicImage) -> u8 {
    if matches!(image, DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_)) { 1 } else { 3 }
}

/// Alpha laid on white paper; any other kind becomes the nearest of grey and RGB with 8 or 16 bits.
pub(super) fn flatten(image: DynamicImage) -> DynamicImage {
    let over_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        // At most 255 · 255 + 127, divided by 255: fits.
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    match image {
        DynamicImage::ImageLuma8(_)
        | DynamicImage::ImageRgb8(_)
        | DynamicImage::ImageLuma16(_)
        | DynamicImage::ImageRgb16(_) => image,
        DynamicImage::ImageLumaA8(_) | DynamicImage::ImageLumaA16(_) => {
            let source = image.into_luma_alpha8();
            let (width, height) = source.dimensions();
            let grey = source.pixels().map(|p| over_white(p.0[0], p.0[1])).collect();
            DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, grey).expect("one byte a pixel"))
        }
        _ => {
            let source = image.into_rgba8();
            let (width, height) = source.dimensions();
            let rgb = source
                .pixels()
                .flat_map(|p| {
                    [over_white(p.0[0], p.0[3]), over_white(p.0[1], p.0[3]), over_white(p.0[2], p.0[3])]
                })
                .collect();
            DynamicImage::ImageRgb8(
                image::RgbImage::from_raw(width, height, rgb).expect("three bytes a pixel"),
            )
        }
    }
}

/// For reading: 8 bits.
pub(super) fn eight_bit(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageLuma16(_) => DynamicImage::ImageLuma8(image.into_luma8()),
        DynamicImage::ImageRgb16(_) => DynamicImage::ImageRgb8(image.into_rgb8()),
        other => other,
    }
}

/// RGB whose pixels are all grey becomes grey.
pub(super) fn grey_if_grey(image: image::RgbImage) -> DynamicImage {
    if image.as_raw().as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b) {
        let (width, height) = image.dimensions();
        let grey = image.as_raw().iter().copied().step_by(3).collect();
        return DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, grey).expect("one byte a pixel"));
    }
    DynamicImage::ImageRgb8(image)
}
