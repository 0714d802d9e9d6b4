//! An image XObject → a stored image: its stream as it is where PDF/A has the filter, else coded again without loss.

use std::sync::Arc;

use ::image::DynamicImage;
use flate2::read::ZlibDecoder;
use pdf::primitive::{Dictionary, Primitive};

use super::super::decode::{self, Samples, stride};
use super::super::limits::{guarded, read_at_most};
use super::super::{CcittParams, ColorSpace, Filter, Limits, ScanError, StoredImage, icc, jpeg};
use super::content::Drawn;
use super::objects::{Objects, StreamFilter};
use crate::geom::Orientation;

/// The image as the copy keeps it, upright as stored; with pixels where coding it again needed them. None for an image
/// that has to be rendered: masks, colour spaces that the copy does not know, data that does not match its dictionary.
pub(super) fn keep(
    objects: &Objects,
    drawn: &Drawn,
    resources: &Primitive,
    limits: &Limits,
) -> Result<Option<(StoredImage, Option<DynamicImage>)>, ScanError> {
    let info = &drawn.stream.info;
    let masked = ["SMask", "Mask", "OC"].iter().any(|key| !matches!(objects.get(info, key), Primitive::Null));
    if masked || objects.number(info, "SMaskInData").is_some_and(|kind| kind != 0.0) {
        return Ok(None);
    }
    let side = |key| {
        objects
            .number(info, key)
            .filter(|side| *side >= 1.0 && *side <= f64::from(u32::MAX))
            .map(|side| side as u32)
    };
    let (Some(width), Some(height)) = (side("Width"), side("Height")) else { return Ok(None) };
    limits.pixels(u64::from(width), u64::from(height))?;
    let stencil = objects.bool(info, "ImageMask").unwrap_or(false);
    if stencil && !drawn.black_on_white {
        return Ok(None);
    }
    let (Some(raw), Some(filters)) = (objects.raw(&drawn.stream), objects.filters(info)) else {
        return Ok(None);
    };
    let Some(image) =
        (Source { objects, info, resources, width, height, stencil, limits }).take(raw, &filters)?
    else {
        return Ok(None);
    };
    Ok(Some(image))
}

struct Source<'a> {
    objects: &'a Objects,
    info: &'a Dictionary,
    resources: &'a Primitive,
    width: u32,
    height: u32,
    stencil: bool,
    limits: &'a Limits,
}

type Taken = Option<(StoredImage, Option<DynamicImage>)>;

impl Source<'_> {
    fn take(&self, raw: Arc<[u8]>, filters: &[StreamFilter]) -> Result<Taken, ScanError> {
        let own = filters.len() <= 1;
        let coded = |wrappers: &[StreamFilter]| -> Result<Option<Arc<[u8]>>, ScanError> {
            if wrappers.is_empty() {
                return Ok(Some(Arc::clone(&raw)));
            }
            Ok(self.objects.undo(raw.to_vec(), wrappers, self.limits)?.map(Arc::from))
        };
        let Some((last, wrappers)) = filters.split_last() else { return self.flat(&raw, filters) };
        let parameters = &last.parameters;
        match last.name.as_str() {
            "DCTDecode" | "DCT" => {
                let Some(data) = coded(wrappers)? else { return Ok(None) };
                self.dct(data, parameters, own)
            }
            "JPXDecode" => {
                let Some(data) = coded(wrappers)? else { return Ok(None) };
                self.jpx(data, own)
            }
            "JBIG2Decode" => {
                let Some(data) = coded(wrappers)? else { return Ok(None) };
                let globals = match self.objects.get(parameters, "JBIG2Globals") {
                    Primitive::Stream(stream) => match self.objects.decoded(&stream, self.limits)? {
                        Some(globals) => Some(Arc::from(globals)),
                        None => return Ok(None),
                    },
                    _ => None,
                };
                let settings = hayro_jbig2::DecodeSettings::default();
                let size = guarded(|| {
                    hayro_jbig2::Page::new_embedded(&data, None, &settings)
                        .map(|page| (page.width(), page.height()))
                });
                match size {
                    Some(Ok(size)) if size == (self.width, self.height) => {
                        self.bilevel(data, Filter::Jbig2 { globals }, own)
                    }
                    _ => Ok(None),
                }
            }
            "CCITTFaxDecode" | "CCF" => {
                let Some(data) = coded(wrappers)? else { return Ok(None) };
                let params = ccitt_params(self.objects, parameters);
                if params.columns != self.width || (params.rows != 0 && params.rows < self.height) {
                    return Ok(None);
                }
                self.bilevel(data, Filter::CcittFax(params), own)
            }
            "FlateDecode" | "Fl" if own => match self.flate_as_it_is(&raw, parameters)? {
                Some(stored) => Ok(Some((stored, None))),
                None => self.flat(&raw, filters),
            },
            _ => self.flat(&raw, filters),
        }
    }

    fn stored(
        &self,
        data: Arc<[u8]>,
        filter: Filter,
        color_space: ColorSpace,
        bits: u8,
        original: bool,
    ) -> StoredImage {
        StoredImage {
            data,
            filter,
            color_space,
            width: self.width,
            height: self.height,
            bits,
            decode: None,
            orientation: Orientation::Upright,
            original,
        }
    }

    /// 1-bit codings; their data is decoded for the page's pixels, so here nothing is.
    fn bilevel(&self, data: Arc<[u8]>, filter: Filter, original: bool) -> Result<Taken, ScanError> {
        let Some(color_space) = self.color_space(1)? else { return Ok(None) };
        let Some(decode) = self.decode(&color_space, 1) else { return Ok(None) };
        let mut stored = self.stored(data, filter, color_space, 1, original);
        stored.decode = decode;
        Ok(Some((stored, None)))
    }

    fn dct(&self, data: Arc<[u8]>, parameters: &Dictionary, original: bool) -> Result<Taken, ScanError> {
        let Ok(header) = jpeg::Header::parse(&data) else { return Ok(None) };
        let same = (header.width, header.height) == (self.width, self.height);
        // Without Adobe's mark the default of ColorTransform is by the number of components (ISO 32000-1 table 13).
        let usual = if header.components == 3 { 1.0 } else { 0.0 };
        let ignored = header.components == 1;
        let transform = self.objects.number(parameters, "ColorTransform").unwrap_or(usual);
        if !same || header.supported().is_err() || (header.adobe.is_none() && !ignored && transform != usual)
        {
            return Ok(None);
        }
        let Some(color_space) = self.color_space(header.components)? else { return Ok(None) };
        if matches!(color_space, ColorSpace::Indexed { .. }) {
            return Ok(None);
        }
        let Some(decode) = self.decode(&color_space, 8) else { return Ok(None) };
        let mut stored = self.stored(data, Filter::Dct, color_space, 8, original);
        stored.decode = decode;
        Ok(Some((stored, None)))
    }

    fn jpx(&self, data: Arc<[u8]>, original: bool) -> Result<Taken, ScanError> {
        let settings = hayro_jpeg2000::DecodeSettings::default();
        let Some((size, components, depth, alpha)) = guarded(|| {
            let image = hayro_jpeg2000::Image::new(&data, &settings).ok()?;
            let channels = image.color_space().num_channels();
            Some(((image.width(), image.height()), channels, image.original_bit_depth(), image.has_alpha()))
        })
        .flatten() else {
            return Ok(None);
        };
        if size != (self.width, self.height)
            || alpha
            || !matches!(self.objects.get(self.info, "Decode"), Primitive::Null)
        {
            return Ok(None);
        }
        let color_space = match self.objects.get(self.info, "ColorSpace") {
            Primitive::Null => ColorSpace::InStream,
            _ => match self.color_space(components)? {
                Some(ColorSpace::Indexed { .. }) | None => return Ok(None),
                Some(space) => space,
            },
        };
        let keepable = jp2_fits_pdf_a(&data, components);
        if keepable {
            return Ok(Some((self.stored(data, Filter::Jpx, color_space, 0, original), None)));
        }
        // Decoding gives 8 bits; what has more would lose them.
        if depth > 8 {
            return Ok(None);
        }
        let as_is = self.stored(data, Filter::Jpx, color_space.clone(), 0, original);
        let Some(samples) = decode::samples(&as_is) else { return Ok(None) };
        let color_space = match (color_space, samples.components) {
            (ColorSpace::InStream, 1) => ColorSpace::Gray,
            (ColorSpace::InStream, 3) => ColorSpace::Rgb,
            (ColorSpace::InStream, _) => ColorSpace::Cmyk { profile: None },
            (space, _) => space,
        };
        Ok(self.coded_again(samples, color_space, None))
    }

    /// A Flate stream that PDF/A can hold as it is: exactly the rows, no predictor or one of PNG's.
    fn flate_as_it_is(
        &self,
        raw: &Arc<[u8]>,
        parameters: &Dictionary,
    ) -> Result<Option<StoredImage>, ScanError> {
        let Some(bits) = self.bits() else { return Ok(None) };
        let Some(components) = self.components()? else { return Ok(None) };
        let Some(color_space) = self.color_space(components)? else { return Ok(None) };
        let Some(decode) = self.decode(&color_space, bits) else { return Ok(None) };
        let value = |key, or: u32| self.objects.number(parameters, key).map_or(or, |value| value as u32);
        let row = stride(self.width, components, bits) as u64;
        let height = u64::from(self.height);
        let (filter, length) = match value("Predictor", 1) {
            1 => (Filter::Flate { png_predictor: None }, row * height),
            10..=15 => {
                let stated = (value("Colors", 1), value("BitsPerComponent", 8), value("Columns", 1));
                if stated != (u32::from(components), u32::from(bits), self.width) {
                    return Ok(None);
                }
                (Filter::Flate { png_predictor: Some((components, bits, self.width)) }, (row + 1) * height)
            }
            _ => return Ok(None),
        };
        if length > self.limits.max_decoded {
            return Err(ScanError::Bomb { limit: self.limits.max_decoded });
        }
        let mut decoder = ZlibDecoder::new(&**raw);
        let Ok(Some(rows)) = read_at_most(&mut decoder, length) else { return Ok(None) };
        let predicted = matches!(filter, Filter::Flate { png_predictor: Some(_) });
        let row = usize::try_from(row).unwrap_or(usize::MAX - 1);
        let known = || rows.chunks(row + 1).all(|row| row[0] <= 4);
        if rows.len() as u64 != length || (predicted && !known()) {
            return Ok(None);
        }
        let mut stored = self.stored(Arc::clone(raw), filter, color_space, bits, true);
        stored.decode = decode;
        Ok(Some(stored))
    }

    /// Flate, LZW, RunLength or no coding at all, coded again.
    fn flat(&self, raw: &[u8], filters: &[StreamFilter]) -> Result<Taken, ScanError> {
        let Some(bits) = self.bits() else { return Ok(None) };
        let Some(components) = self.components()? else { return Ok(None) };
        let Some(color_space) = self.color_space(components)? else { return Ok(None) };
        let Some(decode) = self.decode(&color_space, bits) else { return Ok(None) };
        let Some(mut rows) = self.objects.undo(raw.to_vec(), filters, self.limits)? else { return Ok(None) };
        let length = stride(self.width, components, bits) * self.height as usize;
        if rows.len() < length {
            return Ok(None);
        }
        rows.truncate(length);
        Ok(self.coded_again(Samples { rows, components, bits }, color_space, decode))
    }

    fn coded_again(&self, samples: Samples, color_space: ColorSpace, decode: Option<Vec<i64>>) -> Taken {
        let (mut stored, _) =
            decode::kept_rows(samples, self.width, self.height, color_space, Orientation::Upright)?;
        stored.decode = decode;
        Some((stored, None))
    }

    fn bits(&self) -> Option<u8> {
        if self.stencil {
            return Some(1);
        }
        let bits = self.objects.number(self.info, "BitsPerComponent")?;
        [1_u8, 2, 4, 8, 16].into_iter().find(|known| f64::from(*known) == bits)
    }

    /// The number of components that the colour space gives.
    fn components(&self) -> Result<Option<u8>, ScanError> {
        for components in [1, 3, 4] {
            if self.color_space(components)?.is_some() {
                return Ok(Some(components));
            }
        }
        Ok(None)
    }

    /// The image's colour space, if it is one that the copy knows and has so many components.
    fn color_space(&self, components: u8) -> Result<Option<ColorSpace>, ScanError> {
        if self.stencil {
            // Where the stencil's sample is 0 there is black ink: the very meaning of a grey image.
            return Ok((components == 1).then_some(ColorSpace::Gray));
        }
        let space = self.objects.get(self.info, "ColorSpace");
        self.known(&space, 0)
            .map(|found| found.filter(|(_, count)| *count == components).map(|(space, _)| space))
    }

    fn known(&self, space: &Primitive, depth: u8) -> Result<Option<(ColorSpace, u8)>, ScanError> {
        if depth > 4 {
            return Ok(None);
        }
        Ok(match space {
            Primitive::Name(name) => match name.as_str() {
                "DeviceGray" | "G" => {
                    self.default_space("DefaultGray", depth)?.or(Some((ColorSpace::Gray, 1)))
                }
                "DeviceRGB" | "RGB" => {
                    self.default_space("DefaultRGB", depth)?.or(Some((ColorSpace::Rgb, 3)))
                }
                "DeviceCMYK" | "CMYK" => self
                    .default_space("DefaultCMYK", depth)?
                    .or(Some((ColorSpace::Cmyk { profile: None }, 4))),
                _ => None,
            },
            Primitive::Array(items) => {
                let items: Vec<Primitive> = items.iter().map(|item| self.objects.resolve(item)).collect();
                let Some(Primitive::Name(family)) = items.first() else { return Ok(None) };
                match (family.as_str(), &items[1..]) {
                    ("DeviceGray" | "DeviceRGB" | "DeviceCMYK", []) => self.known(&items[0], depth + 1)?,
                    // Scanners' programs write these with sRGB's gamma; other gammas are left to the renderer.
                    ("CalGray", [Primitive::Dictionary(entries)]) => {
                        let gamma = self.objects.number(entries, "Gamma").unwrap_or(1.0);
                        (2.0..=2.4).contains(&gamma).then_some((ColorSpace::Gray, 1))
                    }
                    ("CalRGB", [Primitive::Dictionary(entries)]) => {
                        let gamma = self.objects.numbers(entries, "Gamma").unwrap_or_default();
                        (gamma.len() == 3 && gamma.iter().all(|g| (2.0..=2.4).contains(g)))
                            .then_some((ColorSpace::Rgb, 3))
                    }
                    ("ICCBased", [Primitive::Stream(stream)]) => {
                        const COUNTS: [u8; 3] = [1, 3, 4];
                        let stated = self.objects.number(&stream.info, "N").unwrap_or(0.0);
                        let Some(count) = COUNTS.into_iter().find(|count| f64::from(*count) == stated) else {
                            return Ok(None);
                        };
                        let profile = self.objects.decoded(stream, self.limits)?;
                        let profile = profile.filter(|profile| icc::fits(profile, count)).map(Arc::from);
                        let space = match (count, profile) {
                            (4, profile) => ColorSpace::Cmyk { profile },
                            (components, Some(profile)) => ColorSpace::Icc { components, profile },
                            (1, None) => ColorSpace::Gray,
                            (_, None) => ColorSpace::Rgb,
                        };
                        Some((space, count))
                    }
                    ("Indexed" | "I", [base, most, table]) => self.indexed(base, most, table)?,
                    _ => None,
                }
            }
            _ => None,
        })
    }

    /// A page may say what its device colours mean (ISO 32000-1 section 8.6.5.6).
    fn default_space(&self, name: &str, depth: u8) -> Result<Option<(ColorSpace, u8)>, ScanError> {
        let Primitive::Dictionary(resources) = self.objects.resolve(self.resources) else { return Ok(None) };
        let Some(spaces) = self.objects.dictionary(&resources, "ColorSpace") else { return Ok(None) };
        match self.objects.get(&spaces, name) {
            space @ Primitive::Array(_) => self.known(&space, depth + 1),
            _ => Ok(None),
        }
    }

    /// A palette over grey or RGB device colours; one over a profile would lose it and is left to the renderer.
    fn indexed(
        &self,
        base: &Primitive,
        most: &Primitive,
        table: &Primitive,
    ) -> Result<Option<(ColorSpace, u8)>, ScanError> {
        let Some((base, components)) = self.known(base, 4)? else { return Ok(None) };
        let Primitive::Integer(most @ 0..=255) = *most else { return Ok(None) };
        let table = match table {
            Primitive::String(string) => string.as_bytes().to_vec(),
            Primitive::Stream(stream) => match self.objects.decoded(stream, self.limits)? {
                Some(table) => table,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let entries = most as usize + 1;
        let Some(table) = table.get(..entries * usize::from(components)) else { return Ok(None) };
        let table: Arc<[u8]> = match base {
            ColorSpace::Rgb => table.into(),
            ColorSpace::Gray => table.iter().flat_map(|grey| [*grey; 3]).collect(),
            _ => return Ok(None),
        };
        Ok(Some((ColorSpace::Indexed { table }, 1)))
    }

    /// `/Decode` where it is the default (`Some(None)`) or inverts; none where it does anything else.
    fn decode(&self, space: &ColorSpace, bits: u8) -> Option<Option<Vec<i64>>> {
        if matches!(self.objects.get(self.info, "Decode"), Primitive::Null) {
            return Some(None);
        }
        let stated = self.objects.numbers(self.info, "Decode")?;
        if matches!(space, ColorSpace::Indexed { .. }) {
            let highest = f64::from((1_u32 << bits) - 1);
            return (stated == [0.0, highest]).then_some(None);
        }
        let components = match space {
            ColorSpace::Gray | ColorSpace::Indexed { .. } => 1,
            ColorSpace::Rgb => 3,
            ColorSpace::Cmyk { .. } => 4,
            ColorSpace::Icc { components, .. } => usize::from(*components),
            ColorSpace::InStream => return None,
        };
        if stated.len() != components * 2 {
            return None;
        }
        if stated.chunks(2).all(|pair| pair == [0.0, 1.0]) {
            return Some(None);
        }
        let inverts = stated.chunks(2).all(|pair| pair == [0.0, 1.0] || pair == [1.0, 0.0]);
        inverts.then(|| Some(stated.iter().map(|value| *value as i64).collect()))
    }
}

/// The parameters of CCITTFaxDecode with their defaults (ISO 32000-1 table 11).
pub(super) fn ccitt_params(objects: &Objects, parameters: &Dictionary) -> CcittParams {
    let number = |key, or: f64| objects.number(parameters, key).unwrap_or(or);
    let flag = |key, or| objects.bool(parameters, key).unwrap_or(or);
    CcittParams {
        // Casts from float saturate.
        k: number("K", 0.0) as i32,
        end_of_line: flag("EndOfLine", false),
        encoded_byte_align: flag("EncodedByteAlign", false),
        columns: number("Columns", 1728.0) as u32,
        rows: number("Rows", 0.0) as u32,
        end_of_block: flag("EndOfBlock", true),
        black_is_1: flag("BlackIs1", false),
    }
}

/// What ISO 19005-2 section 6.2.8.3 asks of JPEG 2000, on the strict side: a JP2 file with one colour specification, sRGB or
/// grey by enumeration, all components of one depth, no palette and no channel definitions.
fn jp2_fits_pdf_a(data: &[u8], components: u8) -> bool {
    let Some(header) = find_box(data, b"jp2h") else { return false };
    if [b"pclr", b"cmap", b"cdef", b"bpcc"].iter().any(|kind| find_box(header, kind).is_some()) {
        return false;
    }
    let Some(image) = find_box(header, b"ihdr") else { return false };
    let (Some(&[c1, c0]), Some(&depth)) = (image.get(8..10), image.get(10)) else { return false };
    let colours = boxes(header).filter(|(kind, _)| kind == b"colr").collect::<Vec<_>>();
    let [(_, colour)] = colours.as_slice() else { return false };
    let enumerated = match colour {
        [1, _, _, 0, 0, 0, space, ..] => *space,
        _ => return false,
    };
    u16::from_be_bytes([c1, c0]) == u16::from(components)
        && depth != 255
        && matches!((enumerated, components), (16, 3) | (17, 1))
}

fn find_box<'a>(data: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(data).find(|(found, _)| found == kind).map(|(_, content)| content)
}

/// The boxes of a JP2 file on one level (ISO 15444-1 annex I).
fn boxes(data: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let head: [u8; 8] = rest.get(..8)?.try_into().ok()?;
        let [l3, l2, l1, l0, kind @ ..] = head;
        let length = match u32::from_be_bytes([l3, l2, l1, l0]) {
            0 => rest.len(),
            // Extended lengths are for boxes over 4 GiB.
            1..8 => return None,
            length => length as usize,
        };
        let content = rest.get(8..length)?;
        rest = &rest[length..];
        Some((kind, content))
    })
}
