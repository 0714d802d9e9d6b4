//! PNG (ISO 15948). Where it has neither alpha nor interlace its compressed data passes through as it is: PDF has the
//! same filters as `/Predictor 15`.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use flate2::read::ZlibDecoder;
use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder};

use super::limits::read_at_most;
use super::{
    ColorSpace, Filter, Format, Kept, Limits, ScanError, StoredImage, encode, guarded, icc, resolution,
};
use crate::geom::Orientation;

/// A PNG file that came in.
pub(super) struct Png {
    width: u32,
    height: u32,
    bits: u8,
    /// 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha.
    color: u8,
    interlaced: bool,
    transparent: bool,
    palette: Option<Arc<[u8]>>,
    profile: Option<Arc<[u8]>>,
    dpi: Option<[f64; 2]>,
    data: Vec<Range<usize>>,
}

impl Png {
    pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Self, ScanError> {
        let broken = |what: &str| ScanError::broken(Format::Png, what);
        let mut png: Option<Self> = None;
        let mut ended = false;
        for chunk in Chunks::new(bytes) {
            let Chunk { kind, range } =
                chunk.ok_or_else(|| broken("it ends early or a checksum is wrong"))?;
            let data = &bytes[range.clone()];
            match (&kind, &mut png) {
                (b"IHDR", None) => png = Some(Self::header(data, limits)?),
                (_, None) => return Err(broken("the header is not first")),
                (b"PLTE", Some(png)) => {
                    let entries = data.len() / 3;
                    if !data.len().is_multiple_of(3) || entries == 0 || entries > 256 {
                        return Err(broken("the palette's length is wrong"));
                    }
                    png.palette = (png.color == 3).then(|| data.into());
                }
                (b"tRNS", Some(png)) => png.transparent = true,
                (b"pHYs", Some(png)) => png.dpi = physical(data),
                (b"iCCP", Some(png)) => png.profile = profile(data).filter(|p| icc::fits(p, png.channels())),
                (b"IDAT", Some(png)) => png.data.push(range),
                (b"IEND", Some(_)) => {
                    ended = true;
                    break;
                }
                _ => {}
            }
        }
        let png = png.ok_or_else(|| broken("the header is missing"))?;
        if !ended || png.data.is_empty() {
            return Err(broken("it ends early"));
        }
        if png.color == 3 && png.palette.is_none() {
            return Err(broken("the palette is missing"));
        }
        Ok(png)
    }

    fn header(data: &[u8], limits: &Limits) -> Result<Self, ScanError> {
        let broken = |what: &str| ScanError::broken(Format::Png, what);
        let &[w3, w2, w1, w0, h3, h2, h1, h0, bits, color, 0, 0, interlace @ (0 | 1)] = data else {
            return Err(broken("the header is wrong"));
        };
        let (width, height) = (u32::from_be_bytes([w3, w2, w1, w0]), u32::from_be_bytes([h3, h2, h1, h0]));
        let known = match color {
            0 => matches!(bits, 1 | 2 | 4 | 8 | 16),
            3 => matches!(bits, 1 | 2 | 4 | 8),
            2 | 4 | 6 => matches!(bits, 8 | 16),
            _ => false,
        };
        if width == 0 || height == 0 || !known {
            return Err(broken("the header is wrong"));
        }
        limits.pixels(u64::from(width), u64::from(height))?;
        Ok(Self {
            width,
            height,
            bits,
            color,
            interlaced: interlace == 1,
            transparent: false,
            palette: None,
            profile: None,
            dpi: None,
            data: Vec::new(),
        })
    }

    /// Components of a pixel, alpha aside; a palette's colours are RGB.
    fn channels(&self) -> u8 {
        if matches!(self.color, 0 | 4) { 1 } else { 3 }
    }

    pub(super) fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    pub(super) fn keep(&self, bytes: &Arc<[u8]>, limits: &Limits) -> Result<Kept, ScanError> {
        let (dpi, dpi_source) = resolution(self.dpi, self.width, self.height);
        let kept = |stored, pixels| Kept { stored, dpi, dpi_source, pixels };
        if matches!(self.color, 0 | 2 | 3) && !self.interlaced && !self.transparent {
            let data: Arc<[u8]> = self.data.iter().flat_map(|range| &bytes[range.clone()]).copied().collect();
            if self.inflates_exactly(&data) {
                let components = if self.color == 2 { 3 } else { 1 };
                let stored = StoredImage {
                    data,
                    filter: Filter::Flate { png_predictor: Some((components, self.bits, self.width)) },
                    color_space: self.color_space(),
                    width: self.width,
                    height: self.height,
                    bits: self.bits,
                    decode: None,
                    orientation: Orientation::Upright,
                    original: true,
                };
                return Ok(kept(stored, None));
            }
        }
        let image = self.decoded(bytes, limits)?;
        let mut stored = encode::image(&image);
        if let (Some(profile), false) = (&self.profile, matches!(self.color, 3)) {
            // Coding made grey of a coloured image only where all its pixels are grey; then the profile no longer fits.
            if icc::fits(profile, encode::channels(&image)) {
                let components = encode::channels(&image);
                stored.color_space = ColorSpace::Icc { components, profile: Arc::clone(profile) };
            }
        }
        Ok(kept(stored, Some(encode::eight_bit(image))))
    }

    fn color_space(&self) -> ColorSpace {
        match (&self.palette, &self.profile) {
            (Some(table), _) => ColorSpace::Indexed { table: Arc::clone(table) },
            (None, Some(profile)) => {
                ColorSpace::Icc { components: self.channels(), profile: Arc::clone(profile) }
            }
            (None, None) if self.color == 0 => ColorSpace::Gray,
            (None, None) => ColorSpace::Rgb,
        }
    }

    /// Whether the data is one zlib stream with a valid checksum that gives exactly the rows, each with a known filter.
    fn inflates_exactly(&self, data: &[u8]) -> bool {
        let bits_a_pixel = u64::from(self.bits) * if self.color == 2 { 3 } else { 1 };
        let row = (u64::from(self.width) * bits_a_pixel).div_ceil(8) + 1;
        let length = row * u64::from(self.height);
        let mut decoder = ZlibDecoder::new(data);
        let Ok(Some(rows)) = read_at_most(decoder.by_ref(), length) else { return false };
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        rows.len() as u64 == length
            && decoder.total_in() == data.len() as u64
            && rows.iter().step_by(row).all(|filter| *filter <= 4)
    }

    /// Decoded, with alpha flattened on white: 8 or 16 bits, grey or RGB.
    fn decoded(&self, bytes: &[u8], limits: &Limits) -> Result<DynamicImage, ScanError> {
        let broken = || ScanError::broken(Format::Png, "the image data cannot be decoded");
        let mut bounds = image::Limits::default();
        bounds.max_alloc = Some(limits.max_decoded);
        let decoded = guarded(|| {
            let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), bounds.clone()).ok()?;
            decoder.set_limits(bounds).ok()?;
            DynamicImage::from_decoder(decoder).ok()
        });
        Ok(encode::flatten(decoded.flatten().ok_or_else(broken)?))
    }
}

struct Chunk {
    kind: [u8; 4],
    range: Range<usize>,
}

/// The chunks after the signature; `None` ends a file that is cut off or has a wrong CRC.
struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Chunks<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 8 }
    }

    fn read(&mut self) -> Option<Chunk> {
        let head: [u8; 8] = self.bytes.get(self.at..self.at + 8)?.try_into().ok()?;
        let [l3, l2, l1, l0, kind @ ..] = head;
        let start = self.at + 8;
        let end = start.checked_add(u32::from_be_bytes([l3, l2, l1, l0]) as usize)?;
        let stated: [u8; 4] = self.bytes.get(end..end.checked_add(4)?)?.try_into().ok()?;
        let mut crc = flate2::Crc::new();
        crc.update(&self.bytes[start - 4..end]);
        if crc.sum() != u32::from_be_bytes(stated) {
            return None;
        }
        self.at = end + 4;
        Some(Chunk { kind, range: start..end })
    }
}

impl Iterator for Chunks<'_> {
    type Item = Option<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let chunk = self.read();
        if chunk.is_none() {
            self.at = self.bytes.len();
        }
        Some(chunk)
    }
}

/// Pixels an inch from pixels a metre; none where the chunk gives only the aspect.
fn physical(data: &[u8]) -> Option<[f64; 2]> {
    let &[x3, x2, x1, x0, y3, y2, y1, y0, 1] = data else { return None };
    let inch = |bytes| f64::from(u32::from_be_bytes(bytes)) * 0.0254;
    Some([inch([x3, x2, x1, x0]), inch([y3, y2, y1, y0])].map(to_whole))
}

/// Metres hold inches only roughly: 11811 a metre was 300 an inch.
fn to_whole(dpi: f64) -> f64 {
    if (dpi - dpi.round()).abs() < 0.02 { dpi.round() } else { dpi }
}

/// The profile of an iCCP chunk: name, 0, compression method 0, zlib.
fn profile(data: &[u8]) -> Option<Arc<[u8]>> {
    const LARGEST: u64 = 16 << 20;
    let name = data.iter().take(80).position(|b| *b == 0)?;
    let (&0, compressed) = data.get(name + 1..)?.split_first()? else { return None };
    read_at_most(ZlibDecoder::new(compressed), LARGEST).ok()?.map(Arc::from)
}

/// The compressed data of a PNG that this program made: for a PDF stream with `/Predictor 15`.
pub(super) fn image_data(png: &[u8]) -> Vec<u8> {
    Chunks::new(png)
        .flatten()
        .filter(|chunk| &chunk.kind == b"IDAT")
        .flat_map(|chunk| &png[chunk.range])
        .copied()
        .collect()
}
