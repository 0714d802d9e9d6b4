//! Input bytes → pages.
//!
//! In comes one file: PDF, JPEG, PNG or TIFF. Out come its pages one at a time, each with the image stream as the
//! copy will keep it and upright pixels to read. Not its business: what the page says.

use std::sync::Arc;

use image::DynamicImage;

use crate::geom::Orientation;

/// How the bytes of a stored image are coded, in PDF's words (ISO 32000-1 section 7.4).
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// `DCTDecode`: baseline or progressive JPEG.
    Dct,
    /// `JPXDecode`: JPEG 2000.
    Jpx,
    /// `JBIG2Decode` with the decoded globals, where there are any.
    Jbig2 {
        /// The globals stream's decoded bytes.
        globals: Option<Arc<[u8]>>,
    },
    /// `CCITTFaxDecode` with its parameters.
    CcittFax(CcittParams),
    /// `FlateDecode` with an optional PNG predictor.
    Flate {
        /// `Some((colors, bits, columns))` for `/Predictor 15`.
        png_predictor: Option<(u8, u8, u32)>,
    },
}

/// The entries of a CCITTFaxDecode parameter dictionary (ISO 32000-1 table 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcittParams {
    /// `/K`: below 0 Group 4.
    pub k: i32,
    /// `/EndOfLine`.
    pub end_of_line: bool,
    /// `/EncodedByteAlign`.
    pub encoded_byte_align: bool,
    /// `/Columns`.
    pub columns: u32,
    /// `/Rows`.
    pub rows: u32,
    /// `/EndOfBlock`.
    pub end_of_block: bool,
    /// `/BlackIs1`.
    pub black_is_1: bool,
}

/// The colour space of a stored image.
#[derive(Clone, Debug, PartialEq)]
pub enum ColorSpace {
    /// One component.
    Gray,
    /// Three components.
    Rgb,
    /// Four components; the profile is the file's own, or none and the copy brings one.
    Cmyk {
        /// An ICC profile with four components.
        profile: Option<Arc<[u8]>>,
    },
    /// An ICC profile of the file's own, with 1 or 3 components.
    Icc {
        /// Number of components.
        components: u8,
        /// The profile.
        profile: Arc<[u8]>,
    },
    /// A palette over RGB: `3 × (hival + 1)` bytes.
    Indexed {
        /// RGB triples.
        table: Arc<[u8]>,
    },
    /// JPEG 2000 that brings its own.
    InStream,
}

/// One image as the copy keeps it: the scan's own bytes wherever PDF has the format, else coded without loss.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredImage {
    /// The stream.
    pub data: Arc<[u8]>,
    /// How it is coded.
    pub filter: Filter,
    /// What its numbers mean.
    pub color_space: ColorSpace,
    /// Width in stored pixels.
    pub width: u32,
    /// Height in stored pixels.
    pub height: u32,
    /// Bits a component: 1, 2, 4, 8 or 16; 0 where the stream says it (JPEG 2000).
    pub bits: u8,
    /// `/Decode`, where it differs from the default.
    pub decode: Option<Vec<i64>>,
    /// How the image is turned to stand upright.
    pub orientation: Orientation,
    /// Whether these are the scan's own bytes.
    pub original: bool,
}

/// How a page's resolution is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DpiSource {
    /// The file says it.
    File,
    /// Estimated from the size in pixels; the report says so.
    Estimated,
    /// Rendered at this resolution.
    Rendered,
}

/// One side of paper.
#[derive(Clone, Debug)]
pub struct Page {
    /// From 1, in its scan.
    pub number: u32,
    /// The image as kept.
    pub stored: StoredImage,
    /// The upright pixels, `Luma8` or `Rgb8`; for reading only.
    pub pixels: DynamicImage,
    /// Pixels an inch, horizontal and vertical, of the upright page.
    pub dpi: [f64; 2],
    /// How the resolution is known.
    pub dpi_source: DpiSource,
}
