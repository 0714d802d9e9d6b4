//! A page's stored image → something that a browser can show. For eyes only: colour profiles are left aside, and nothing here is a check.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use hayro_ccitt::EncodingMode;
use saoy::predictor::unfilter;
use saoy::record::PageDigest;
use saoy::verify::PageImage;

/// The most pixels that are decoded: A4 at 600 dpi has 35 million.
const MAX_PIXELS: usize = 80_000_000;

/// An image file.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    /// `image/jpeg` or `image/png`.
    pub(crate) kind: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// One byte a sample, rows without padding; one, three or four samples a pixel.
struct Samples {
    components: usize,
    values: Vec<u8>,
}

impl Picture {
    /// None for one that cannot be decoded, or is larger than any page.
    pub(crate) fn of(image: &PageImage<'_>) -> Option<Self> {
        let digest = &image.digest;
        if digest.filter == "DCTDecode" {
            return Some(Self { kind: "image/jpeg", bytes: without_exif(image.data) });
        }
        let (width, height) = (digest.width as usize, digest.height as usize);
        width.checked_mul(height).filter(|pixels| (1..=MAX_PIXELS).contains(pixels))?;
        let mut samples = match digest.filter.as_str() {
            "FlateDecode" => flate(image, width, height)?,
            "CCITTFaxDecode" => one_bit(&ccitt(image, width, height)?, width),
            "JBIG2Decode" => one_bit(&jbig2(image)?, width),
            "JPXDecode" => jpx(image.data, width, height)?,
            _ => return None,
        };
        if samples.values.len() != width * height * samples.components {
            return None;
        }
        match &image.palette {
            Some(palette) => samples = coloured(&samples, palette),
            None => inverted(&mut samples, digest.decode.as_deref()),
        }
        if samples.components == 4 {
            samples = Samples { components: 3, values: without_ink(&samples.values) };
        }
        Some(Self { kind: "image/png", bytes: png(&samples, digest)? })
    }
}

/// A JPEG file without its EXIF segments: the page says how it is turned, and a browser would turn it once more.
fn without_exif(jpeg: &[u8]) -> Vec<u8> {
    let mut out = jpeg.get(..2).unwrap_or_default().to_vec();
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = jpeg.get(at..at + 4) {
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == 0xda || end > jpeg.len() {
            break;
        }
        if marker != 0xe1 {
            out.extend_from_slice(&jpeg[at..end]);
        }
        at = end;
    }
    out.extend_from_slice(jpeg.get(at..).unwrap_or_default());
    out
}

/// A number or boolean of `/DecodeParms`.
fn parameter(digest: &PageDigest, name: &str) -> Option<i64> {
    let text = digest.decode_parms.as_ref()?.get(name)?;
    match text.as_str() {
        "true" => Some(1),
        "false" => Some(0),
        number => number.parse().ok(),
    }
}

fn components(color_space: &str) -> Option<usize> {
    match color_space {
        "DeviceGray" => Some(1),
        "DeviceRGB" => Some(3),
        text if text.starts_with("Indexed:") => Some(1),
        text => {
            text.strip_prefix("ICCBased:")?.split(':').next()?.parse().ok().filter(|n| [1, 3, 4].contains(n))
        }
    }
}

fn flate(image: &PageImage<'_>, width: usize, height: usize) -> Option<Samples> {
    let digest = &image.digest;
    let (components, bits) = (components(&digest.color_space)?, usize::from(digest.bits));
    let stride = (width * components * bits).div_ceil(8);
    let filtered = parameter(digest, "Predictor").unwrap_or(1) >= 10;
    let length = (stride + usize::from(filtered)) * height;
    let mut rows = Vec::with_capacity(length);
    ZlibDecoder::new(image.data).take(length as u64).read_to_end(&mut rows).ok()?;
    if rows.len() != length {
        return None;
    }
    if filtered {
        rows = unfilter(rows, stride, (components * bits).div_ceil(8), height)?;
    }
    let indexed = image.palette.is_some();
    let values = match bits {
        8 => rows,
        16 => rows.chunks_exact(2).map(|sample| sample[0]).collect(),
        1 | 2 | 4 => {
            let factor = if indexed { 1 } else { 255 / ((1 << bits) - 1) };
            let across = width * components;
            let unpack = |row: &[u8], i: usize| {
                let shift = 8 - bits - (i * bits) % 8;
                (row[i * bits / 8] >> shift & ((1_u16 << bits) - 1) as u8) * factor as u8
            };
            rows.chunks_exact(stride).flat_map(|row| (0..across).map(move |i| unpack(row, i))).collect()
        }
        _ => return None,
    };
    Some(Samples { components, values })
}

/// Rows of black and white.
#[derive(Default)]
struct Bits {
    width: usize,
    rows: Vec<Vec<bool>>,
    row: Vec<bool>,
}

fn one_bit(bits: &Bits, width: usize) -> Samples {
    let line =
        |row: &Vec<bool>| (0..width).map(|x| if row.get(x) == Some(&true) { 0 } else { 255 }).collect();
    let lines: Vec<Vec<u8>> = bits.rows.iter().map(line).collect();
    Samples { components: 1, values: lines.concat() }
}

fn ccitt(image: &PageImage<'_>, width: usize, height: usize) -> Option<Bits> {
    let digest = &image.digest;
    let is = |name: &str, otherwise: bool| parameter(digest, name).map_or(otherwise, |value| value != 0);
    let encoding = match parameter(digest, "K").unwrap_or(0) {
        ..0 => EncodingMode::Group4,
        0 => EncodingMode::Group3_1D,
        1.. => EncodingMode::Group3_2D,
    };
    let settings = hayro_ccitt::DecodeSettings {
        columns: digest.width,
        rows: digest.height,
        end_of_block: is("EndOfBlock", true),
        end_of_line: is("EndOfLine", false),
        rows_are_byte_aligned: is("EncodedByteAlign", false),
        encoding,
        strict: false,
    };
    let mut bits = Bits { width, ..Bits::default() };
    // Rows that are missing at the end stay white.
    let _ = hayro_ccitt::decode(image.data, &mut bits, &mut hayro_ccitt::DecoderContext::new(settings));
    bits.rows.resize(height, Vec::new());
    if is("BlackIs1", false) {
        // The samples are turned about, and so is what they mean: a page keeps its look only with /Decode.
        for row in &mut bits.rows {
            row.resize(width, false);
            row.iter_mut().for_each(|black| *black = !*black);
        }
    }
    Some(bits)
}

impl hayro_ccitt::Decoder for Bits {
    fn push_row(&mut self, changes: &[u32]) {
        let mut row = vec![false; self.width];
        for run in changes.chunks(2) {
            let from = (run[0] as usize).min(self.width);
            let to = run.get(1).map_or(self.width, |to| (*to as usize).min(self.width));
            row[from..to.max(from)].fill(true);
        }
        self.rows.push(row);
    }
}

fn jbig2(image: &PageImage<'_>) -> Option<Bits> {
    let settings = hayro_jbig2::DecodeSettings::default();
    let globals = image.globals.as_deref();
    let globals = globals.map(|bytes| hayro_jbig2::Globals::new(bytes, &settings)).transpose().ok()?;
    let page = hayro_jbig2::Page::new_embedded(image.data, globals.as_ref(), &settings).ok()?;
    if (page.width(), page.height()) != (image.digest.width, image.digest.height) {
        return None;
    }
    let mut bits = Bits::default();
    page.decode(&mut bits).ok()?;
    Some(bits)
}

impl hayro_jbig2::Decoder for Bits {
    fn push_pixel(&mut self, black: bool) {
        self.row.push(black);
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        self.row.resize(self.row.len() + 8 * chunk_count as usize, black);
    }

    fn next_line(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }
}

fn jpx(data: &[u8], width: usize, height: usize) -> Option<Samples> {
    let image = hayro_jpeg2000::Image::new(data, &hayro_jpeg2000::DecodeSettings::default()).ok()?;
    if (image.width() as usize, image.height() as usize) != (width, height) || image.has_alpha() {
        return None;
    }
    let mut context = hayro_jpeg2000::DecoderContext::default();
    let decoded = image.decode(&mut context).ok()?;
    let components = decoded.components().len();
    [1, 3, 4].contains(&components).then(|| Samples { components, values: decoded.data_u8() })
}

/// Indexes of a colour table → RGB; the table has three bytes a colour, or one.
fn coloured(samples: &Samples, palette: &[u8]) -> Samples {
    let values = samples.values.iter();
    let colour = |index: &u8| {
        let at = 3 * usize::from(*index);
        palette.get(at..at + 3).map_or([0; 3], |c| [c[0], c[1], c[2]])
    };
    Samples { components: 3, values: values.flat_map(colour).collect() }
}

/// Applies a `/Decode` of `[1 0]` pairs.
fn inverted(samples: &mut Samples, decode: Option<&[i64]>) {
    let Some(decode) = decode.filter(|decode| decode.len() == 2 * samples.components) else { return };
    let masks: Vec<u8> = decode.chunks(2).map(|pair| if pair == [1, 0] { 0xff } else { 0 }).collect();
    for pixel in samples.values.chunks_exact_mut(masks.len()) {
        pixel.iter_mut().zip(&masks).for_each(|(value, mask)| *value ^= mask);
    }
}

/// CMYK → RGB, without a profile.
fn without_ink(cmyk: &[u8]) -> Vec<u8> {
    let pixel = |inks: &[u8]| {
        let light = 255 - u32::from(inks[3]);
        [0, 1, 2].map(|i| ((255 - u32::from(inks[i])) * light / 255) as u8)
    };
    cmyk.chunks_exact(4).flat_map(pixel).collect()
}

/// A PNG file (ISO 15948), quick to write rather than small.
fn png(samples: &Samples, digest: &PageDigest) -> Option<Vec<u8>> {
    let mut lines = ZlibEncoder::new(Vec::new(), Compression::fast());
    for row in samples.values.chunks_exact(digest.width as usize * samples.components) {
        lines.write_all(&[0]).ok()?;
        lines.write_all(row).ok()?;
    }
    let mut header = [digest.width.to_be_bytes(), digest.height.to_be_bytes()].concat();
    header.extend([8, if samples.components == 1 { 0 } else { 2 }, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", lines.finish().ok()?), (b"IEND", Vec::new())] {
        out.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
        let body = [kind.as_slice(), &data].concat();
        out.extend_from_slice(&body);
        let mut crc = flate2::Crc::new();
        crc.update(&body);
        out.extend(crc.sum().to_be_bytes());
    }
    Some(out)
}
