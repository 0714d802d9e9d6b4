//! JPEG (ITU-T T.81) with JFIF, Adobe and EXIF marks. The bytes pass through as they are.

use std::sync::Arc;

use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace as JpegColor;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{ColorSpace, Filter, Format, Kept, Limits, ScanError, StoredImage, guarded, icc, resolution};
use crate::geom::Orientation;

/// A JPEG file that came in.
pub(super) struct Jpeg {
    header: Header,
}

impl Jpeg {
    pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Self, ScanError> {
        let header = Header::parse(bytes).map_err(|what| ScanError::broken(Format::Jpeg, what))?;
        limits.pixels(u64::from(header.width), u64::from(header.height))?;
        header.supported().map_err(|what| ScanError::unsupported(Format::Jpeg, what))?;
        if !header.complete {
            return Err(ScanError::broken(Format::Jpeg, "the image data ends early"));
        }
        Ok(Self { header })
    }

    pub(super) fn pixels(&self) -> u64 {
        u64::from(self.header.width) * u64::from(self.header.height)
    }

    pub(super) fn keep(&self, bytes: &Arc<[u8]>) -> Kept {
        let header = &self.header;
        let orientation = Orientation::from_tag(header.exif_orientation);
        let (width, height, said) = if orientation.swaps_axes() {
            (header.height, header.width, header.dpi.map(|[x, y]| [y, x]))
        } else {
            (header.width, header.height, header.dpi)
        };
        let (dpi, dpi_source) = resolution(said, width, height);
        let stored = StoredImage {
            data: Arc::clone(bytes),
            filter: Filter::Dct,
            color_space: header.color_space(),
            width: header.width,
            height: header.height,
            bits: 8,
            decode: header.decode(),
            orientation,
            original: true,
        };
        Kept { stored, dpi, dpi_source, pixels: None }
    }
}

/// What the markers before and around the image data say.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u8,
    precision: u8,
    /// The second byte of the frame's marker, 0xC0 to 0xCF.
    frame: u8,
    /// The transform byte of an Adobe APP14 segment.
    pub(super) adobe: Option<u8>,
    /// Pixels an inch along the stored axes.
    dpi: Option<[f64; 2]>,
    /// EXIF Orientation; 0 where there is none.
    exif_orientation: u32,
    icc: Option<Arc<[u8]>>,
    /// Whether the end marker was reached.
    complete: bool,
}

impl Header {
    /// Walks the segments, through the scans, to the end marker.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        const EARLY: &str = "it ends early";
        let mut header = Self::default();
        let mut chunks: Vec<(u8, &[u8])> = Vec::new();
        let mut jfif_density = None;
        let mut at = 2;
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return Err("the start marker is missing");
        }
        // Between segments only fill bytes may stand; inside a scan this finds the next marker.
        while let Some(skip) = bytes.get(at..).and_then(|rest| memchr::memchr(0xff, rest)) {
            at += skip;
            let Some(&marker) = bytes.get(at + 1) else { break };
            match marker {
                0xff => {
                    at += 1;
                    continue;
                }
                0x00 | 0x01 | 0xd0..=0xd8 => {
                    at += 2;
                    continue;
                }
                0xd9 => {
                    header.complete = header.frame != 0;
                    break;
                }
                _ => {}
            }
            let length = match bytes.get(at + 2..at + 4) {
                Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
                _ => break,
            };
            let Some(segment) = bytes.get(at + 4..at + 2 + length.max(2)) else { break };
            match marker {
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                    let &[precision, y1, y0, x1, x0, components, ..] = segment else { return Err(EARLY) };
                    if header.frame != 0 {
                        return Err("it has two frames");
                    }
                    header.frame = marker;
                    header.precision = precision;
                    header.height = u32::from(u16::from_be_bytes([y1, y0]));
                    header.width = u32::from(u16::from_be_bytes([x1, x0]));
                    header.components = components;
                }
                0xe0 if segment.starts_with(b"JFIF\0") => jfif_density = segment.get(7..12).and_then(density),
                0xe1 if segment.starts_with(b"Exif\0\0") => header.exif(&segment[6..]),
                0xe2 if segment.starts_with(b"ICC_PROFILE\0") && segment.len() > 14 => {
                    chunks.push((segment[12], &segment[14..]));
                }
                0xee if segment.starts_with(b"Adobe") => header.adobe = segment.get(11).copied(),
                _ => {}
            }
            at += 2 + length.max(2);
        }
        if header.frame == 0 {
            return Err(EARLY);
        }
        if header.width == 0 || header.height == 0 {
            return Err("its width or height is 0");
        }
        header.dpi = jfif_density.or(header.dpi);
        chunks.sort_by_key(|(number, _)| *number);
        let profile: Vec<u8> = chunks.iter().flat_map(|(_, data)| data.iter().copied()).collect();
        header.icc = icc::fits(&profile, header.components).then(|| profile.into());
        Ok(header)
    }

    /// Whether this is a kind of JPEG that PDF's DCTDecode takes (ISO 32000-1 section 7.4.8).
    pub(super) fn supported(&self) -> Result<(), &'static str> {
        match self.frame {
            0xc0..=0xc2 => {}
            0xc3 | 0xc7 | 0xcb | 0xcf => return Err("lossless JPEG coding"),
            0xc9..=0xcb | 0xcd.. => return Err("arithmetic JPEG coding"),
            _ => return Err("hierarchical JPEG coding"),
        }
        if self.precision != 8 {
            return Err("more than 8 bits a sample");
        }
        if !matches!(self.components, 1 | 3 | 4) {
            return Err("a number of colour components other than 1, 3 and 4");
        }
        Ok(())
    }

    fn color_space(&self) -> ColorSpace {
        match (self.components, &self.icc) {
            (4, profile) => ColorSpace::Cmyk { profile: profile.clone() },
            (components, Some(profile)) => ColorSpace::Icc { components, profile: Arc::clone(profile) },
            (1, None) => ColorSpace::Gray,
            (_, None) => ColorSpace::Rgb,
        }
    }

    /// Adobe's programs write the inks of a CMYK JPEG inverted and mark the file with APP14; PDF takes the samples as they
    /// are, so the copy says it.
    fn decode(&self) -> Option<Vec<i64>> {
        (self.components == 4 && self.adobe.is_some()).then(|| [1, 0].repeat(4))
    }

    fn exif(&mut self, tiff: &[u8]) {
        use exif::{In, Tag, Value};
        let Some(Ok(exif)) = guarded(|| exif::Reader::new().read_raw(tiff.to_vec())) else { return };
        let number = |tag| exif.get_field(tag, In::PRIMARY).and_then(|field| field.value.get_uint(0));
        let ratio = |tag| match exif.get_field(tag, In::PRIMARY).map(|field| &field.value) {
            Some(Value::Rational(values)) => values.first().map(exif::Rational::to_f64),
            _ => None,
        };
        self.exif_orientation = number(Tag::Orientation).unwrap_or(0);
        let per_inch = match number(Tag::ResolutionUnit) {
            Some(3) => 2.54,
            _ => 1.0,
        };
        if let (Some(x), Some(y)) = (ratio(Tag::XResolution), ratio(Tag::YResolution)) {
            self.dpi = Some([x * per_inch, y * per_inch]);
        }
    }
}

/// Units, X and Y density of a JFIF segment as pixels an inch; none where it gives only the aspect.
fn density(fields: &[u8]) -> Option<[f64; 2]> {
    let &[unit, x1, x0, y1, y0] = fields else { return None };
    let per_inch = match unit {
        1 => 1.0,
        2 => 2.54,
        _ => return None,
    };
    let value = |high, low| f64::from(u16::from_be_bytes([high, low])) * per_inch;
    Some([value(x1, x0), value(y1, y0)])
}

/// The samples of a JPEG as PDF's DCTDecode gives them: 8 bits, interleaved, 1, 3 (RGB) or 4 (CMYK) components; with
/// the header's size. `None` where it cannot be decoded.
pub(super) fn samples(bytes: &[u8], header: &Header) -> Option<Vec<u8>> {
    let options = DecoderOptions::default()
        .set_max_width(header.width as usize)
        .set_max_height(header.height as usize)
        .set_strict_mode(false);
    guarded(|| {
        let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        decoder.decode_headers().ok()?;
        let stored = decoder.input_colorspace()?;
        let wanted = match header.components {
            1 => JpegColor::Luma,
            3 => JpegColor::RGB,
            // As stored: what zune makes of CMYK assumes Adobe's inversion, PDF does not.
            _ => stored,
        };
        decoder.set_options(options.jpeg_set_out_colorspace(wanted));
        let mut samples = decoder.decode().ok()?;
        if header.components == 4 && stored == JpegColor::YCCK {
            ycck_to_cmyk(&mut samples);
        }
        let length = header.width as usize * header.height as usize * usize::from(header.components);
        (samples.len() == length).then_some(samples)
    })?
}

/// ISO 32000-1 table 13, ColorTransform 1 for four components, as libjpeg does it: C, M, Y = 255 − R, G, B.
fn ycck_to_cmyk(samples: &mut [u8]) {
    for pixel in samples.chunks_exact_mut(4) {
        let (y, cb, cr) = (f32::from(pixel[0]), f32::from(pixel[1]) - 128.0, f32::from(pixel[2]) - 128.0);
        // Float to integer casts saturate, so no clamp is needed.
        pixel[0] = 255 - (y + 1.402 * cr).round() as u8;
        pixel[1] = 255 - (y - 0.344_136 * cb - 0.714_136 * cr).round() as u8;
        pixel[2] = 255 - (y + 1.772 * cb).round() as u8;
    }
}
