//! One page's image: its dictionary, its digest, its place on the page.
//!
//! What is written and what the record attests come from one description, [`Described`]; they cannot differ.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::geom::Orientation;
use crate::record::{Digest, PageDigest};
use crate::scan::{ColorSpace, Filter, StoredImage};

use super::color;
use super::error::CertifyError;
use super::file::{File, Ref, hex, number};

/// The digest of a page's image as [`compose`](super::compose) stores it.
///
/// # Errors
/// The image cannot stand in a PDF/A file: empty, sizes that contradict each other, a JPEG 2000 that PDF/A forbids.
pub fn page_digest(image: &StoredImage) -> Result<PageDigest, CertifyError> {
    let described = Described::of(image)?;
    Ok(PageDigest {
        stream: Digest::of(&image.data),
        filter: described.filter.to_owned(),
        color_space: described.space.digest_text(),
        width: image.width,
        height: image.height,
        bits: image.bits,
        decode: described.decode,
        decode_parms: (!described.parms.is_empty())
            .then(|| described.parms.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()),
        globals: described.globals.map(Digest::of),
    })
}

/// The digests of several pages, in order.
///
/// # Errors
/// As [`page_digest`].
pub fn page_digests<'a>(
    images: impl IntoIterator<Item = &'a StoredImage>,
) -> Result<Vec<PageDigest>, CertifyError> {
    images.into_iter().map(page_digest).collect()
}

/// Objects that pages share: ICC profiles and JBIG2 globals, each written once.
#[derive(Default)]
pub(super) struct Shared(BTreeMap<Digest, Ref>);

impl Shared {
    fn profile(&mut self, file: &mut File, components: u8, profile: &[u8]) -> Ref {
        *self
            .0
            .entry(Digest::of(profile))
            .or_insert_with(|| file.add_deflated(format_args!("/N {components}"), profile))
    }

    fn globals(&mut self, file: &mut File, globals: &[u8]) -> Ref {
        *self.0.entry(Digest::of(globals)).or_insert_with(|| file.add_stream("", globals))
    }
}

/// Writes the image; its stream is the scan's own bytes.
pub(super) fn write_image(
    file: &mut File,
    shared: &mut Shared,
    image: &StoredImage,
) -> Result<Ref, CertifyError> {
    let described = Described::of(image)?;
    let mut entries =
        format!("/Type /XObject /Subtype /Image /Width {} /Height {}", image.width, image.height);
    let mut entry =
        |text: std::fmt::Arguments<'_>| entries.write_fmt(text).expect("writing to memory succeeds");
    match &described.space {
        Space::InStream => {}
        Space::Device(name) => entry(format_args!(" /ColorSpace /{name}")),
        Space::Icc { components, profile } => {
            entry(format_args!(" /ColorSpace [/ICCBased {}]", shared.profile(file, *components, profile)));
        }
        Space::Indexed(table) => {
            entry(format_args!(" /ColorSpace [/Indexed /DeviceRGB {} {}]", table.len() / 3 - 1, hex(table)));
        }
    }
    if image.bits > 0 {
        entry(format_args!(" /BitsPerComponent {}", image.bits));
    }
    if let Some(decode) = &described.decode {
        let numbers: Vec<String> = decode.iter().map(i64::to_string).collect();
        entry(format_args!(" /Decode [{}]", numbers.join(" ")));
    }
    entry(format_args!(" /Filter /{}", described.filter));
    if let Some(globals) = described.globals {
        entry(format_args!(" /DecodeParms << /JBIG2Globals {} >>", shared.globals(file, globals)));
    } else if !described.parms.is_empty() {
        entry(format_args!(" /DecodeParms <<"));
        for (key, value) in &described.parms {
            entry(format_args!(" /{key} {value}"));
        }
        entry(format_args!(" >>"));
    }
    Ok(file.add_stream(entries, &image.data))
}

/// The operators that draw the image `/Im0` over `[0 0 width height]`, turned to stand upright.
pub(super) fn place(orientation: Orientation, width: f64, height: f64) -> String {
    let (w, h) = (width, height);
    let matrix = match orientation {
        Orientation::Upright => [w, 0.0, 0.0, h, 0.0, 0.0],
        Orientation::MirrorHorizontal => [-w, 0.0, 0.0, h, w, 0.0],
        Orientation::Rotate180 => [-w, 0.0, 0.0, -h, w, h],
        Orientation::MirrorVertical => [w, 0.0, 0.0, -h, 0.0, h],
        Orientation::Transpose => [0.0, -h, -w, 0.0, w, h],
        Orientation::Rotate90 => [0.0, -h, w, 0.0, 0.0, h],
        Orientation::Transverse => [0.0, h, w, 0.0, 0.0, 0.0],
        Orientation::Rotate270 => [0.0, h, -w, 0.0, w, 0.0],
    };
    let numbers: Vec<String> = matrix.iter().map(|&value| number(value)).collect();
    format!("q {} cm /Im0 Do Q\n", numbers.join(" "))
}

/// The colour space as written.
enum Space<'a> {
    Device(&'static str),
    Icc { components: u8, profile: Cow<'a, [u8]> },
    Indexed(&'a [u8]),
    InStream,
}

impl Space<'_> {
    fn digest_text(&self) -> String {
        match self {
            Self::Device(name) => (*name).to_owned(),
            Self::Icc { components, profile } => format!("ICCBased:{components}:{}", Digest::of(profile)),
            Self::Indexed(table) => {
                format!("Indexed:DeviceRGB:{}:{}", table.len() / 3 - 1, Digest::of(table))
            }
            Self::InStream => String::new(),
        }
    }
}

/// An image in PDF's words.
struct Described<'a> {
    filter: &'static str,
    space: Space<'a>,
    decode: Option<Vec<i64>>,
    /// Sorted by key; without the globals, which have a digest of their own.
    parms: BTreeMap<&'static str, String>,
    globals: Option<&'a [u8]>,
}

impl<'a> Described<'a> {
    fn of(image: &'a StoredImage) -> Result<Self, CertifyError> {
        let refuse = |why: &str| Err(CertifyError::Image { why: why.to_owned() });
        if image.data.is_empty() || image.width == 0 || image.height == 0 {
            return refuse("it is empty");
        }
        let jpx = matches!(image.filter, Filter::Jpx);
        if !(matches!(image.bits, 1 | 2 | 4 | 8 | 16) || jpx && image.bits == 0) {
            return refuse(&format!("{} bits a component", image.bits));
        }
        let (space, components) = match &image.color_space {
            ColorSpace::Gray => (Space::Device("DeviceGray"), 1),
            ColorSpace::Rgb => (Space::Device("DeviceRGB"), 3),
            ColorSpace::Cmyk { profile } => {
                let own = profile.as_deref().filter(|profile| color::usable(profile, 4));
                let profile = Cow::Borrowed(own.unwrap_or(&color::CMYK));
                (Space::Icc { components: 4, profile }, 4)
            }
            ColorSpace::Icc { components, profile } if color::usable(profile, *components) => {
                (Space::Icc { components: *components, profile: Cow::Borrowed(profile) }, *components)
            }
            // A profile that PDF/A forbids is left out: the numbers stay, sRGB's output intent says how they look.
            ColorSpace::Icc { components: 1, .. } => (Space::Device("DeviceGray"), 1),
            ColorSpace::Icc { components: 3, .. } => (Space::Device("DeviceRGB"), 3),
            ColorSpace::Icc { components, .. } => {
                return refuse(&format!("an ICC profile with {components} components"));
            }
            ColorSpace::Indexed { table } => {
                if table.is_empty() || table.len() % 3 != 0 || table.len() > 768 || image.bits > 8 {
                    return refuse(&format!("a palette of {} bytes", table.len()));
                }
                (Space::Indexed(table), 1)
            }
            ColorSpace::InStream if jpx => (Space::InStream, 0),
            ColorSpace::InStream => return refuse("only JPEG 2000 brings its own colour space"),
        };
        if let Some(decode) = &image.decode
            && decode.len() != 2 * usize::from(components)
        {
            return refuse(&format!("/Decode has {} numbers for {components} components", decode.len()));
        }
        let mut parms = BTreeMap::new();
        let mut globals = None;
        let filter = match &image.filter {
            Filter::Dct => "DCTDecode",
            Filter::Jpx => {
                super::jpx::check(&image.data, !matches!(space, Space::InStream))?;
                "JPXDecode"
            }
            Filter::Jbig2 { globals: own } => {
                globals = own.as_deref();
                "JBIG2Decode"
            }
            Filter::CcittFax(ccitt) => {
                parms.insert("K", ccitt.k.to_string());
                parms.insert("EndOfLine", ccitt.end_of_line.to_string());
                parms.insert("EncodedByteAlign", ccitt.encoded_byte_align.to_string());
                parms.insert("Columns", ccitt.columns.to_string());
                parms.insert("Rows", ccitt.rows.to_string());
                parms.insert("EndOfBlock", ccitt.end_of_block.to_string());
                parms.insert("BlackIs1", ccitt.black_is_1.to_string());
                "CCITTFaxDecode"
            }
            Filter::Flate { png_predictor } => {
                if let Some((colors, bits, columns)) = png_predictor {
                    parms.insert("Predictor", "15".to_owned());
                    parms.insert("Colors", colors.to_string());
                    parms.insert("BitsPerComponent", bits.to_string());
                    parms.insert("Columns", columns.to_string());
                }
                "FlateDecode"
            }
        };
        if matches!(filter, "JBIG2Decode" | "CCITTFaxDecode") && (image.bits != 1 || components != 1) {
            return refuse(&format!("{filter} with {} bits and {components} components", image.bits));
        }
        Ok(Self { filter, space, decode: image.decode.clone(), parms, globals })
    }
}
