//! A stored image → upright pixels to read, whatever format it came from.

use flate2::read::ZlibDecoder;
use image::{DynamicImage, GrayImage, RgbImage};

use super::limits::{guarded, read_at_most};
use super::{ColorSpace, Filter, Format, Limits, ScanError, StoredImage, ccitt, encode, jpeg};
use crate::geom::Orientation;
use crate::predictor::unfilter;

/// The upright pixels, `Luma8` or `Rgb8`. Grey and RGB are taken as they are, whatever the profile; CMYK is converted
/// without one: the pixels are for reading, the kept image is the stream.
pub(super) fn upright(
    stored: &StoredImage,
    format: Format,
    limits: &Limits,
) -> Result<DynamicImage, ScanError> {
    limits.pixels(u64::from(stored.width), u64::from(stored.height))?;
    let broken = || ScanError::broken(format, "the image data cannot be decoded");
    if stored.width == 0 || stored.height == 0 {
        return Err(broken());
    }
    let image = match samples(stored) {
        Some(samples) => pixels(samples, stored).ok_or_else(broken)?,
        None => return Err(broken()),
    };
    Ok(turn(image, stored.orientation))
}

/// Turns an image upright.
pub(super) fn turn(mut image: DynamicImage, orientation: Orientation) -> DynamicImage {
    let exif =
        image::metadata::Orientation::from_exif(orientation as u8).expect("the values are EXIF's 1 to 8");
    image.apply_orientation(exif);
    image
}

/// Packed rows: each `ceil(width · components · bits / 8)` bytes.
pub(super) struct Samples {
    pub(super) rows: Vec<u8>,
    pub(super) components: u8,
    pub(super) bits: u8,
}

/// Undoes the filter. `None` where the data is broken or has another size than stated.
pub(super) fn samples(stored: &StoredImage) -> Option<Samples> {
    let (width, height) = (stored.width, stored.height);
    let components = match &stored.color_space {
        ColorSpace::Gray | ColorSpace::Indexed { .. } => 1,
        ColorSpace::Rgb => 3,
        ColorSpace::Cmyk { .. } => 4,
        ColorSpace::Icc { components, .. } => *components,
        ColorSpace::InStream => 0,
    };
    match &stored.filter {
        Filter::Dct => {
            let header = jpeg::Header::parse(&stored.data).ok()?;
            header.supported().ok()?;
            if (header.width, header.height, header.components) != (width, height, components) {
                return None;
            }
            Some(Samples { rows: jpeg::samples(&stored.data, &header)?, components, bits: 8 })
        }
        Filter::Jpx => {
            let (found, rows) = jpx(&stored.data, width, height)?;
            (components == 0 || components == found).then_some(Samples { rows, components: found, bits: 8 })
        }
        Filter::Jbig2 { globals } => {
            let rows = jbig2(&stored.data, globals.as_deref(), width, height)?;
            Some(Samples { rows, components: 1, bits: 1 })
        }
        Filter::CcittFax(params) => Some(Samples {
            rows: ccitt::decode(&stored.data, params, width, height)?,
            components: 1,
            bits: 1,
        }),
        Filter::Flate { png_predictor } => {
            let bits = stored.bits;
            let stride = stride(width, components, bits);
            let length = stride.checked_mul(height as usize)?;
            let inflate =
                |limit: usize| read_at_most(ZlibDecoder::new(&*stored.data), limit as u64).ok().flatten();
            let rows = match png_predictor {
                None => inflate(length)?,
                Some((colors, depth, columns)) => {
                    if (*colors, *depth, *columns) != (components, bits, width) {
                        return None;
                    }
                    let filtered = inflate(length.checked_add(height as usize)?)?;
                    unfilter(filtered, stride, usize::from(components * bits).div_ceil(8), height as usize)?
                }
            };
            (rows.len() == length).then_some(Samples { rows, components, bits })
        }
    }
}

/// Bytes of a packed row.
pub(super) fn stride(width: u32, components: u8, bits: u8) -> usize {
    (width as usize * usize::from(components) * usize::from(bits)).div_ceil(8)
}

/// Samples and colour space → 8-bit pixels.
pub(super) fn pixels(samples: Samples, stored: &StoredImage) -> Option<DynamicImage> {
    let (width, height) = (stored.width, stored.height);
    let Samples { rows, components, bits } = samples;
    if let ColorSpace::Indexed { table } = &stored.color_space {
        let indices = unpacked(rows, width, height, components, bits, false)?;
        let colour =
            |index: u8| table.chunks_exact(3).nth(usize::from(index)).map_or([0; 3], |c| [c[0], c[1], c[2]]);
        let colours: Vec<[u8; 3]> = (0..=255).map(colour).collect();
        if colours.iter().all(|[r, g, b]| r == g && g == b) {
            let grey = indices.into_iter().map(|index| colours[usize::from(index)][0]).collect();
            return GrayImage::from_raw(width, height, grey).map(DynamicImage::ImageLuma8);
        }
        let rgb = indices.into_iter().flat_map(|index| colours[usize::from(index)]).collect();
        return RgbImage::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8);
    }
    let mut values = unpacked(rows, width, height, components, bits, true)?;
    invert(&mut values, components, stored.decode.as_deref());
    match components {
        1 => GrayImage::from_raw(width, height, values).map(DynamicImage::ImageLuma8),
        3 => RgbImage::from_raw(width, height, values).map(DynamicImage::ImageRgb8),
        4 => RgbImage::from_raw(width, height, cmyk_to_rgb(&values)).map(DynamicImage::ImageRgb8),
        _ => None,
    }
}

/// One byte a sample: as it is, or scaled to 0–255.
fn unpacked(
    rows: Vec<u8>,
    width: u32,
    height: u32,
    components: u8,
    bits: u8,
    scaled: bool,
) -> Option<Vec<u8>> {
    let across = width as usize * usize::from(components);
    let stride = stride(width, components, bits);
    if rows.len() != stride * height as usize {
        return None;
    }
    let factor = match (bits, scaled) {
        (8, _) => return Some(rows),
        (16, true) => return Some(rows.into_iter().step_by(2).collect()),
        (1, true) => 255,
        (2, true) => 85,
        (4, true) => 17,
        (1 | 2 | 4, false) => 1,
        _ => return None,
    };
    let per_byte = 8 / usize::from(bits);
    let mask = (1_u16 << bits) as u8 - 1;
    let table: Vec<[u8; 8]> = (0..=255_u8)
        .map(|byte| {
            std::array::from_fn(|i| {
                byte.checked_shr(8 - (i as u32 + 1) * u32::from(bits)).map_or(0, |v| v & mask) * factor
            })
        })
        .collect();
    let mut out = Vec::with_capacity(across * height as usize);
    for row in rows.chunks_exact(stride) {
        let start = out.len();
        for byte in row {
            out.extend_from_slice(&table[usize::from(*byte)][..per_byte]);
        }
        out.truncate(start + across);
    }
    Some(out)
}

/// Applies a `/Decode` of `[1 0]` pairs.
fn invert(values: &mut [u8], components: u8, decode: Option<&[i64]>) {
    let Some(decode) = decode else { return };
    let masks: Vec<u8> = decode.chunks(2).map(|pair| if pair == [1, 0] { 0xff } else { 0 }).collect();
    if masks.len() != usize::from(components) || masks.iter().all(|mask| *mask == 0) {
        return;
    }
    for pixel in values.chunks_exact_mut(masks.len()) {
        pixel.iter_mut().zip(&masks).for_each(|(value, mask)| *value ^= mask);
    }
}

fn cmyk_to_rgb(values: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len() / 4 * 3);
    for [c, m, y, k] in values.as_chunks::<4>().0 {
        let light = 255 - u32::from(*k);
        // At most 255 · 255 / 255: fits.
        out.extend([c, m, y].map(|ink| ((255 - u32::from(*ink)) * light / 255) as u8));
    }
    out
}

/// JBIG2 in PDF's embedded organisation → packed rows, 0 is black (ISO 32000-1 section 7.4.7).
fn jbig2(data: &[u8], globals: Option<&[u8]>, width: u32, height: u32) -> Option<Vec<u8>> {
    guarded(|| {
        let settings = hayro_jbig2::DecodeSettings::default();
        let globals = globals.map(|bytes| hayro_jbig2::Globals::new(bytes, &settings)).transpose().ok()?;
        let page = hayro_jbig2::Page::new_embedded(data, globals.as_ref(), &settings).ok()?;
        if (page.width(), page.height()) != (width, height) {
            return None;
        }
        let stride = (width as usize).div_ceil(8);
        let mut rows = Bits { out: Vec::with_capacity(stride * height as usize), stride, byte: 0, used: 0 };
        page.decode(&mut rows).ok()?;
        (rows.out.len() == stride * height as usize).then_some(rows.out)
    })?
}

/// Packs pixels, black as 0.
struct Bits {
    out: Vec<u8>,
    stride: usize,
    byte: u8,
    used: u8,
}

impl hayro_jbig2::Decoder for Bits {
    fn push_pixel(&mut self, black: bool) {
        self.byte = self.byte << 1 | u8::from(!black);
        self.used += 1;
        if self.used == 8 {
            self.out.push(self.byte);
            self.used = 0;
        }
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        let length = self.out.len() + chunk_count as usize;
        self.out.resize(length, if black { 0 } else { 0xff });
    }

    fn next_line(&mut self) {
        if self.used > 0 {
            self.out.push(self.byte << (8 - self.used));
            self.used = 0;
        }
        debug_assert!(self.out.len().is_multiple_of(self.stride));
    }
}

/// JPEG 2000 → (components, 8-bit samples): grey, RGB or CMYK, without alpha.
fn jpx(data: &[u8], width: u32, height: u32) -> Option<(u8, Vec<u8>)> {
    guarded(|| {
        let image = hayro_jpeg2000::Image::new(data, &hayro_jpeg2000::DecodeSettings::default()).ok()?;
        if (image.width(), image.height()) != (width, height) || image.has_alpha() {
            return None;
        }
        let mut context = hayro_jpeg2000::DecoderContext::default();
        let decoded = image.decode(&mut context).ok()?;
        let components = u8::try_from(decoded.components().len()).ok()?;
        let rows = decoded.data_u8();
        let whole = rows.len() == width as usize * height as usize * usize::from(components);
        (whole && matches!(components, 1 | 3 | 4)).then_some((components, rows))
    })?
}

/// For a caller that has rows and wants both: the stored image and its upright pixels.
pub(super) fn kept_rows(
    samples: Samples,
    width: u32,
    height: u32,
    color_space: ColorSpace,
    orientation: Orientation,
) -> Option<(StoredImage, DynamicImage)> {
    let mut stored = encode::rows(&samples.rows, width, height, samples.bits, color_space);
    stored.orientation = orientation;
    let pixels = turn(pixels(samples, &stored)?, orientation);
    Some((stored, pixels))
}
