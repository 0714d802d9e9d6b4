//! TIFF 6.0 and BigTIFF, any number of pages. The `tiff` crate reads the directories; strips and tiles are decoded here,
//! because the crate knows neither palettes nor FillOrder. A page of one Group 4 strip or one JPEG strip passes through.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use flate2::read::ZlibDecoder;
use tiff::decoder::Decoder;
use tiff::tags::Tag;

use super::decode::{self, Samples, stride};
use super::{
    CcittParams, ColorSpace, Filter, Format, Kept, Limits, ScanError, StoredImage, ccitt, guarded, icc, jpeg,
    resolution,
};
use crate::geom::Orientation;

/// A TIFF file that came in.
pub(super) struct Tiff {
    pages: Vec<Directory>,
    big_endian: bool,
}

/// What one directory says, checked for size only.
#[derive(Clone, Debug)]
struct Directory {
    width: u32,
    height: u32,
    bits: u8,
    samples: u8,
    photometric: u32,
    compression: u32,
    reversed_bits: bool,
    predictor: u32,
    planar: bool,
    orientation: Orientation,
    dpi: Option<[f64; 2]>,
    chunk_width: u32,
    chunk_height: u32,
    tiled: bool,
    chunks: Vec<Range<u64>>,
    palette: Vec<u16>,
    t4_options: u32,
    jpeg_tables: Vec<u8>,
    alpha: bool,
    profile: Option<Arc<[u8]>>,
    unsigned: bool,
}

const NONE: u32 = 1;
const HUFFMAN: u32 = 2;
const GROUP_3: u32 = 3;
const GROUP_4: u32 = 4;
const LZW: u32 = 5;
const JPEG: u32 = 7;
const DEFLATE: u32 = 8;
const OLD_DEFLATE: u32 = 32946;
const PACK_BITS: u32 = 32773;

const WHITE_IS_ZERO: u32 = 0;
const BLACK_IS_ZERO: u32 = 1;
const RGB: u32 = 2;
const PALETTE: u32 = 3;
const CMYK: u32 = 5;
const YCBCR: u32 = 6;

impl Tiff {
    pub(super) fn open(bytes: &Arc<[u8]>, limits: &Limits) -> Result<Self, ScanError> {
        let pages = guarded(|| directories(bytes, limits))
            .unwrap_or_else(|| Err(ScanError::broken(Format::Tiff, "its directories cannot be read")))?;
        if pages.is_empty() {
            return Err(ScanError::NoPages { format: Format::Tiff });
        }
        Ok(Self { pages, big_endian: bytes.starts_with(b"MM") })
    }

    pub(super) fn page_count(&self) -> u32 {
        // `Limits::max_pages` is a u32.
        self.pages.len() as u32
    }

    pub(super) fn pixels(&self, number: u32) -> u64 {
        let page = &self.pages[number as usize - 1];
        u64::from(page.width) * u64::from(page.height)
    }

    pub(super) fn keep(&self, bytes: &Arc<[u8]>, number: u32, limits: &Limits) -> Result<Kept, ScanError> {
        let page = &self.pages[number as usize - 1];
        page.supported()?;
        let (width, height, said) = if page.orientation.swaps_axes() {
            (page.height, page.width, page.dpi.map(|[x, y]| [y, x]))
        } else {
            (page.width, page.height, page.dpi)
        };
        let (dpi, dpi_source) = resolution(said, width, height);
        let (stored, pixels) = match page.pass_through(bytes)? {
            Some(stored) => (stored, None),
            None => {
                let broken = || ScanError::broken(Format::Tiff, "the image data cannot be decoded");
                let (stored, pixels) = page.coded(bytes, self.big_endian, limits)?.ok_or_else(broken)?;
                (stored, Some(pixels))
            }
        };
        Ok(Kept { stored, dpi, dpi_source, pixels })
    }
}

/// All pages, without the thumbnails and masks between them. The crate refuses a chain that loops.
fn directories(bytes: &Arc<[u8]>, limits: &Limits) -> Result<Vec<Directory>, ScanError> {
    let broken = |_| ScanError::broken(Format::Tiff, "its directories cannot be read");
    let mut decoder = Decoder::new(Cursor::new(Arc::clone(bytes))).map_err(broken)?;
    let mut bound = tiff::decoder::Limits::default();
    // Nothing but tag values is read through the crate.
    bound.ifd_value_size = usize::try_from(limits.max_bytes).unwrap_or(usize::MAX).min(64 << 20);
    decoder = decoder.with_limits(bound);
    let mut pages = Vec::new();
    loop {
        let kind: u32 = decoder.find_tag_unsigned(Tag::NewSubfileType).map_err(broken)?.unwrap_or(0);
        const REDUCED: u32 = 1;
        const MASK: u32 = 4;
        if kind & (REDUCED | MASK) == 0 {
            pages.push(directory(&mut decoder, limits)?);
            limits.pages(pages.len())?;
        }
        if !decoder.more_images() {
            return Ok(pages);
        }
        decoder.next_image().map_err(broken)?;
    }
}

fn directory(decoder: &mut Decoder<Cursor<Arc<[u8]>>>, limits: &Limits) -> Result<Directory, ScanError> {
    let missing = |what: &str| ScanError::broken(Format::Tiff, format!("the tag {what} is missing or wrong"));
    let number = |decoder: &mut Decoder<_>, tag, or: u32| -> u32 {
        decoder
            .find_tag_unsigned_vec::<u32>(tag)
            .ok()
            .flatten()
            .and_then(|v| v.first().copied())
            .unwrap_or(or)
    };
    let list = |decoder: &mut Decoder<_>, tag| {
        decoder.find_tag_unsigned_vec::<u64>(tag).ok().flatten().unwrap_or_default()
    };
    let width = number(decoder, Tag::ImageWidth, 0);
    let height = number(decoder, Tag::ImageLength, 0);
    if width == 0 || height == 0 {
        return Err(missing("ImageWidth or ImageLength"));
    }
    limits.pixels(u64::from(width), u64::from(height))?;
    let bits = list(decoder, Tag::BitsPerSample);
    let samples = number(decoder, Tag::SamplesPerPixel, 1);
    let depth = bits.first().copied().unwrap_or(1);
    if bits.iter().any(|b| *b != depth) {
        return Err(ScanError::unsupported(Format::Tiff, "components of different depth"));
    }
    let tiled = decoder.find_tag(Tag::TileOffsets).ok().flatten().is_some();
    let (offsets, counts, chunk_width, chunk_height) = if tiled {
        (
            list(decoder, Tag::TileOffsets),
            list(decoder, Tag::TileByteCounts),
            number(decoder, Tag::TileWidth, 0),
            number(decoder, Tag::TileLength, 0),
        )
    } else {
        let rows = number(decoder, Tag::RowsPerStrip, height).min(height);
        (list(decoder, Tag::StripOffsets), list(decoder, Tag::StripByteCounts), width, rows)
    };
    if chunk_width == 0 || chunk_height == 0 || offsets.is_empty() || offsets.len() != counts.len() {
        return Err(missing("StripOffsets or TileOffsets"));
    }
    limits.pixels(u64::from(chunk_width), u64::from(chunk_height))?;
    let ratio = |decoder: &mut Decoder<_>, tag| match decoder.find_tag(tag).ok().flatten()? {
        tiff::decoder::ifd::Value::Rational(over, under) if over > 0 && under > 0 => {
            Some(f64::from(over) / f64::from(under))
        }
        _ => None,
    };
    let per_inch = match number(decoder, Tag::ResolutionUnit, 2) {
        2 => Some(1.0),
        3 => Some(2.54),
        _ => None,
    };
    let dpi = match (per_inch, ratio(decoder, Tag::XResolution), ratio(decoder, Tag::YResolution)) {
        (Some(unit), Some(x), Some(y)) => Some([x * unit, y * unit]),
        _ => None,
    };
    let bytes = |decoder: &mut Decoder<_>, tag| decoder.get_tag_u8_vec(tag).unwrap_or_default();
    Ok(Directory {
        width,
        height,
        bits: u8::try_from(depth).unwrap_or(0),
        samples: u8::try_from(samples).unwrap_or(0),
        photometric: number(decoder, Tag::PhotometricInterpretation, WHITE_IS_ZERO),
        compression: number(decoder, Tag::Compression, NONE),
        reversed_bits: number(decoder, Tag::FillOrder, 1) == 2,
        predictor: number(decoder, Tag::Predictor, 1),
        planar: samples > 1 && number(decoder, Tag::PlanarConfiguration, 1) == 2,
        orientation: Orientation::from_tag(number(decoder, Tag::Orientation, 1)),
        dpi,
        chunk_width,
        chunk_height,
        tiled,
        chunks: offsets
            .iter()
            .zip(&counts)
            .map(|(offset, count)| *offset..offset.saturating_add(*count))
            .collect(),
        palette: decoder.get_tag_u16_vec(Tag::ColorMap).unwrap_or_default(),
        t4_options: number(decoder, Tag::Unknown(292), 0),
        jpeg_tables: bytes(decoder, Tag::JPEGTables),
        alpha: matches!(number(decoder, Tag::ExtraSamples, 0), 1 | 2),
        profile: Some(bytes(decoder, Tag::IccProfile)).filter(|p| !p.is_empty()).map(Arc::from),
        unsigned: number(decoder, Tag::SampleFormat, 1) == 1,
    })
}

impl Directory {
    /// Components that are colour.
    fn colours(&self) -> u8 {
        match self.photometric {
            RGB | YCBCR => 3,
            CMYK => 4,
            _ => 1,
        }
    }

    fn supported(&self) -> Result<(), ScanError> {
        let unsupported = |what: String| Err(ScanError::unsupported(Format::Tiff, what));
        let photometric = match self.photometric {
            WHITE_IS_ZERO | BLACK_IS_ZERO | RGB | PALETTE | CMYK => true,
            YCBCR => self.compression == JPEG,
            _ => false,
        };
        if !photometric {
            return unsupported(format!("photometric interpretation {}", self.photometric));
        }
        let compressions = [NONE, HUFFMAN, GROUP_3, GROUP_4, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACK_BITS];
        if !compressions.contains(&self.compression) {
            return unsupported(format!("compression {}", self.compression));
        }
        let depth = match self.photometric {
            PALETTE => matches!(self.bits, 1 | 2 | 4 | 8),
            _ if self.samples == 1 => matches!(self.bits, 1 | 2 | 4 | 8 | 16),
            _ => matches!(self.bits, 8 | 16),
        };
        let fax = matches!(self.compression, HUFFMAN | GROUP_3 | GROUP_4);
        if !depth
            || !self.unsigned
            || (fax && (self.bits, self.samples) != (1, 1))
            || (self.compression == JPEG && self.bits != 8)
        {
            return unsupported(format!("{} bits a sample of this kind", self.bits));
        }
        if !matches!(self.predictor, 1 | 2) || (self.predictor == 2 && !matches!(self.bits, 8 | 16)) {
            return unsupported(format!("predictor {}", self.predictor));
        }
        if self.samples < self.colours() {
            return Err(ScanError::broken(Format::Tiff, "it has fewer components than its colour space"));
        }
        if self.photometric == PALETTE && self.palette.len() != 3 << self.bits {
            return Err(ScanError::broken(Format::Tiff, "the palette's length is wrong"));
        }
        let (across, down) = (self.width.div_ceil(self.chunk_width), self.height.div_ceil(self.chunk_height));
        let planes = if self.planar { u64::from(self.samples) } else { 1 };
        if self.chunks.len() as u64 != u64::from(across) * u64::from(down) * planes {
            return Err(ScanError::broken(Format::Tiff, "it has a wrong number of strips or tiles"));
        }
        Ok(())
    }

    fn chunk<'a>(&self, bytes: &'a [u8], index: usize) -> Result<&'a [u8], ScanError> {
        let range = self.chunks.get(index).cloned().unwrap_or(u64::MAX..u64::MAX);
        usize::try_from(range.start)
            .ok()
            .zip(usize::try_from(range.end).ok())
            .and_then(|(start, end)| bytes.get(start..end))
            .ok_or_else(|| ScanError::broken(Format::Tiff, "the image data ends early"))
    }

    fn color_space(&self) -> ColorSpace {
        let colours = self.colours();
        match (&self.profile, colours) {
            (profile, 4) => ColorSpace::Cmyk { profile: profile.clone().filter(|p| icc::fits(p, 4)) },
            (Some(profile), _) if icc::fits(profile, colours) => {
                ColorSpace::Icc { components: colours, profile: Arc::clone(profile) }
            }
            (_, 3) => ColorSpace::Rgb,
            _ => ColorSpace::Gray,
        }
    }

    /// The page's own bytes, where PDF has the format: one strip of Group 4, or one of JPEG.
    fn pass_through(&self, bytes: &Arc<[u8]>) -> Result<Option<StoredImage>, ScanError> {
        if self.chunks.len() != 1
            || self.tiled && (self.chunk_width, self.chunk_height) != (self.width, self.height)
        {
            return Ok(None);
        }
        let strip = self.chunk(bytes, 0)?;
        let image = |data: Arc<[u8]>, filter, color_space, bits, original| StoredImage {
            data,
            filter,
            color_space,
            width: self.width,
            height: self.height,
            bits,
            decode: None,
            orientation: self.orientation,
            original,
        };
        match self.compression {
            GROUP_4 if matches!(self.photometric, WHITE_IS_ZERO | BLACK_IS_ZERO) => {
                let params = CcittParams {
                    black_is_1: self.photometric == BLACK_IS_ZERO,
                    ..self.group_4(self.height)
                };
                let data = if self.reversed_bits { reversed(strip).into() } else { strip.into() };
                Ok(Some(image(data, Filter::CcittFax(params), self.color_space(), 1, !self.reversed_bits)))
            }
            JPEG if self.samples == self.colours() && self.photometric != WHITE_IS_ZERO => {
                let Some(data) = self.whole_jpeg(strip) else { return Ok(None) };
                let Ok(header) = jpeg::Header::parse(&data) else { return Ok(None) };
                let same = (header.width, header.height, header.components)
                    == (self.width, self.height, self.samples);
                if !same || header.supported().is_err() {
                    return Ok(None);
                }
                let original = *data == *strip;
                Ok(Some(image(data.into(), Filter::Dct, self.color_space(), 8, original)))
            }
            _ => Ok(None),
        }
    }

    fn group_4(&self, rows: u32) -> CcittParams {
        CcittParams {
            k: -1,
            end_of_line: false,
            encoded_byte_align: false,
            columns: self.width,
            rows,
            end_of_block: true,
            black_is_1: false,
        }
    }

    /// A strip or tile as a JPEG that stands alone: with the shared tables, and with an Adobe segment where the
    /// components are not YCbCr although there are three.
    fn whole_jpeg(&self, strip: &[u8]) -> Option<Vec<u8>> {
        const START: [u8; 2] = [0xff, 0xd8];
        const ADOBE_RGB: [u8; 16] = *b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00";
        let body = strip.strip_prefix(&START)?;
        let tables = match self.jpeg_tables.strip_prefix(&START) {
            Some(tables) => tables.strip_suffix(&[0xff, 0xd9]).unwrap_or(tables),
            None => &[],
        };
        let marked = jpeg::Header::parse(strip).ok().is_some_and(|header| header.adobe.is_some());
        let mut out = START.to_vec();
        if self.photometric == RGB && !marked {
            out.extend_from_slice(&ADOBE_RGB);
        }
        out.extend_from_slice(tables);
        out.extend_from_slice(body);
        Some(out)
    }

    /// Everything else: decoded, and coded again without loss.
    fn coded(
        &self,
        bytes: &Arc<[u8]>,
        big_endian: bool,
        limits: &Limits,
    ) -> Result<Option<(StoredImage, image::DynamicImage)>, ScanError> {
        let whole = stride(self.width, self.samples, self.bits) as u64 * u64::from(self.height);
        if whole > limits.max_decoded {
            return Err(ScanError::Bomb { limit: limits.max_decoded });
        }
        let Some(mut rows) = self.rows(bytes, big_endian)? else { return Ok(None) };
        if self.photometric == WHITE_IS_ZERO {
            rows.iter_mut().for_each(|byte| *byte = !*byte);
        }
        let (colours, width, height) = (self.colours(), self.width, self.height);
        if self.samples > colours {
            rows = self.without_extras(&rows);
        }
        let color_space = if self.photometric == PALETTE { self.indexed() } else { self.color_space() };
        let samples = Samples { rows, components: colours, bits: self.bits };
        Ok(decode::kept_rows(samples, width, height, color_space, self.orientation))
    }

    /// RGB triples from the three planes of the ColorMap; some writers give 8-bit values where 16 are meant.
    fn indexed(&self) -> ColorSpace {
        let shift = if self.palette.iter().all(|value| *value < 256) { 0 } else { 8 };
        let entries = self.palette.len() / 3;
        let table = (0..entries)
            .flat_map(|i| [0, 1, 2].map(|plane| (self.palette[plane * entries + i] >> shift) as u8));
        ColorSpace::Indexed { table: table.collect() }
    }

    /// Drops components beyond the colours; alpha is laid on white (on no ink for CMYK).
    fn without_extras(&self, rows: &[u8]) -> Vec<u8> {
        let bytes = usize::from(self.bits / 8);
        let (colours, samples) = (usize::from(self.colours()), usize::from(self.samples));
        let most: u32 = if bytes == 1 { 255 } else { 65535 };
        let paper = if self.photometric == CMYK { 0 } else { most };
        let read = |sample: &[u8]| sample.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
        let mut out = Vec::with_capacity(rows.len() / samples * colours);
        for pixel in rows.chunks_exact(samples * bytes) {
            let alpha = if self.alpha { read(&pixel[colours * bytes..(colours + 1) * bytes]) } else { most };
            for sample in pixel[..colours * bytes].chunks_exact(bytes) {
                // 65535 · 65535 fits; the result is at most `most`.
                let value = (u64::from(read(sample)) * u64::from(alpha)
                    + u64::from(paper) * u64::from(most - alpha))
                    / u64::from(most);
                out.extend_from_slice(&value.to_be_bytes()[8 - bytes..]);
            }
        }
        out
    }

    /// The packed rows of the whole image, 16-bit samples in PDF's (big-endian) order.
    fn rows(&self, bytes: &[u8], big_endian: bool) -> Result<Option<Vec<u8>>, ScanError> {
        let components = if self.planar { 1 } else { self.samples };
        let whole = stride(self.width, components, self.bits);
        let part = stride(self.chunk_width, components, self.bits);
        let across = self.width.div_ceil(self.chunk_width) as usize;
        let down = self.height.div_ceil(self.chunk_height) as usize;
        let height = self.height as usize;
        let planes = if self.planar { usize::from(self.samples) } else { 1 };
        let mut out = vec![vec![0_u8; whole * height]; planes];
        for (index, _) in self.chunks.iter().enumerate() {
            let (plane, place) = (index / (across * down), index % (across * down));
            let (column, top) = (place % across, place / across * self.chunk_height as usize);
            let visible = (self.chunk_height as usize).min(height - top);
            let rows = if self.tiled { self.chunk_height as usize } else { visible };
            let Some(mut data) = self.expanded(self.chunk(bytes, index)?, part, rows) else {
                return Ok(None);
            };
            if self.bits == 16 && !big_endian {
                data.as_chunks_mut::<2>().0.iter_mut().for_each(|sample| sample.reverse());
            }
            if self.predictor == 2 && self.compression != JPEG {
                accumulate(&mut data, part, usize::from(components), self.bits);
            }
            let left = column * part;
            let length = part.min(whole - left);
            for row in 0..visible {
                let target = (top + row) * whole + left;
                out[plane][target..target + length].copy_from_slice(&data[row * part..row * part + length]);
            }
        }
        if planes == 1 {
            return Ok(out.pop());
        }
        let sample = usize::from(self.bits / 8).max(1);
        let mut mixed = Vec::with_capacity(out[0].len() * planes);
        for at in (0..out[0].len()).step_by(sample) {
            out.iter().for_each(|plane| mixed.extend_from_slice(&plane[at..at + sample]));
        }
        Ok(Some(mixed))
    }

    /// One strip or tile: `rows` rows of `part` bytes.
    fn expanded(&self, data: &[u8], part: usize, rows: usize) -> Option<Vec<u8>> {
        let length = part * rows;
        let turned;
        let data = if self.reversed_bits && self.bits == 1 && !matches!(self.compression, JPEG) {
            turned = reversed(data);
            &turned
        } else {
            data
        };
        let exactly = |reader: &mut dyn Read| {
            let mut out = Vec::with_capacity(length);
            // What is missing at the end shows below; broken data may still have given all rows.
            let _ = reader.take(length as u64).read_to_end(&mut out);
            out
        };
        let fax = |params: CcittParams| ccitt::decode(data, &params, self.chunk_width, rows as u32);
        let out = match self.compression {
            NONE => data.get(..length)?.to_vec(),
            PACK_BITS => unpacked(data, length),
            DEFLATE | OLD_DEFLATE => exactly(&mut ZlibDecoder::new(data)),
            LZW => lzw(data, true, length)?,
            // Black runs are 1 in TIFF's samples.
            GROUP_4 => fax(CcittParams { black_is_1: true, ..self.group_4(rows as u32) })?,
            GROUP_3 => fax(CcittParams {
                k: (self.t4_options & 1) as i32,
                end_of_line: true,
                black_is_1: true,
                ..self.group_4(rows as u32)
            })?,
            HUFFMAN => fax(CcittParams {
                k: 0,
                encoded_byte_align: true,
                end_of_block: false,
                black_is_1: true,
                ..self.group_4(rows as u32)
            })?,
            JPEG => {
                let whole = self.whole_jpeg(data)?;
                let header = jpeg::Header::parse(&whole).ok()?;
                header.supported().ok()?;
                let components = if self.planar { 1 } else { self.samples };
                // Strips may be a few rows higher than the image, never larger than stated.
                if header.width != self.chunk_width
                    || header.components != components
                    || (header.height as usize) < rows
                {
                    return None;
                }
                if header.height > self.chunk_height {
                    return None;
                }
                let mut samples = jpeg::samples(&whole, &header)?;
                samples.truncate(length);
                samples
            }
            _ => return None,
        };
        (out.len() == length).then_some(out)
    }
}

fn reversed(data: &[u8]) -> Vec<u8> {
    data.iter().map(|byte| byte.reverse_bits()).collect()
}

/// TIFF 6.0 section 9.
fn unpacked(mut data: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length);
    while out.len() < length {
        let Some((&head, rest)) = data.split_first() else { break };
        let count = usize::from(head);
        data = match head {
            0..=127 => {
                let Some((run, rest)) = rest.split_at_checked(count + 1) else { break };
                out.extend_from_slice(run);
                rest
            }
            128 => rest,
            129.. => {
                let Some((&byte, rest)) = rest.split_first() else { break };
                out.resize(out.len() + 257 - count, byte);
                rest
            }
        };
    }
    out.truncate(length);
    out
}

/// LZW, most significant bit first, up to `limit` bytes: TIFF 6.0 section 13, which is PDF's with an early change of the code
/// length.
pub(super) fn lzw(data: &[u8], early_change: bool, limit: usize) -> Option<Vec<u8>> {
    use weezl::{BitOrder, LzwStatus, decode::Decoder};
    guarded(|| {
        let mut decoder = match early_change {
            true => Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
            false => Decoder::new(BitOrder::Msb, 8),
        };
        let mut buffer = vec![0; 64 << 10];
        let mut out = Vec::new();
        let mut read = 0;
        while out.len() < limit {
            let step = decoder.decode_bytes(&data[read..], &mut buffer);
            read += step.consumed_in;
            out.extend_from_slice(&buffer[..step.consumed_out]);
            match step.status {
                Ok(LzwStatus::Ok) => {}
                Ok(LzwStatus::Done | LzwStatus::NoProgress) | Err(_) => break,
            }
        }
        out.truncate(limit);
        out
    })
}

/// TIFF 6.0 section 14: each sample is the difference to the one a pixel before.
pub(super) fn accumulate(data: &mut [u8], part: usize, components: usize, bits: u8) {
    for row in data.chunks_exact_mut(part) {
        if bits == 8 {
            for i in components..row.len() {
                row[i] = row[i].wrapping_add(row[i - components]);
            }
        } else {
            let samples = row.as_chunks_mut::<2>().0;
            for i in components..samples.len() {
                let sum =
                    u16::from_be_bytes(samples[i]).wrapping_add(u16::from_be_bytes(samples[i - components]));
                samples[i] = sum.to_be_bytes();
            }
        }
    }
}
