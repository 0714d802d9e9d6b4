//! Input bytes → pages.
//!
//! In comes one file: PDF, JPEG, PNG or TIFF. Out come its pages one at a time, each with the image stream as the
//! copy will keep it and upright pixels to read. Not its business: what the page says.
//!
//! Every format has one file that turns a page into a [`StoredImage`]; one decoder (`decode.rs`) turns any stored image
//! into pixels, so what is read is what is kept. A PDF page that is not exactly one image is rendered, and the
//! rendering is what is kept. Sizes are checked before anything is decoded, decoders written by others run behind
//! `catch_unwind`, and rendering runs on a thread of its own with a time limit.

mod ccitt;
mod decode;
pub mod deskew;
mod encode;
mod error;
mod icc;
mod jpeg;
mod limits;
mod pdf;
mod png;
mod tiff;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use image::DynamicImage;

pub use error::{Format, ScanError};
pub use limits::Limits;
use limits::guarded;

use crate::geom::Orientation;
use crate::record::Digest;

/// One file as it came in, opened and counted. Cheap to clone; its pages can be had from several threads at once.
#[derive(Clone)]
pub struct Scan {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    bytes: Arc<[u8]>,
    digest: Digest,
    limits: Limits,
    source: Source,
}

enum Source {
    Jpeg(jpeg::Jpeg),
    Png(png::Png),
    Tiff(tiff::Tiff),
    Pdf(pdf::Pdf),
}

impl Scan {
    /// Reads the file, tells its type by its first bytes and counts its pages.
    ///
    /// # Errors
    /// Whatever makes the whole file unusable: see [`ScanError`].
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, ScanError> {
        let unreadable = |e: std::io::Error| ScanError::Unreadable { path: path.to_owned(), kind: e.kind() };
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        limits.bytes(size)?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        // A file may grow, or be a pipe that tells no size: one byte more than allowed is enough to know.
        file.take(limits.max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Self::from_bytes(&name, bytes, limits)
    }

    /// The same from bytes already in memory; `name` is what the file is called.
    ///
    /// # Errors
    /// As [`Scan::open`].
    pub fn from_bytes(name: &str, bytes: impl Into<Arc<[u8]>>, limits: &Limits) -> Result<Self, ScanError> {
        let bytes: Arc<[u8]> = bytes.into();
        limits.bytes(bytes.len() as u64)?;
        if bytes.is_empty() {
            return Err(ScanError::Empty);
        }
        let source = match format_of(&bytes)? {
            Format::Jpeg => Source::Jpeg(jpeg::Jpeg::open(&bytes, limits)?),
            Format::Png => Source::Png(png::Png::open(&bytes, limits)?),
            Format::Tiff => Source::Tiff(tiff::Tiff::open(&bytes, limits)?),
            Format::Pdf => Source::Pdf(pdf::Pdf::open(&bytes, limits)?),
        };
        let digest = Digest::of(&bytes);
        Ok(Self { inner: Arc::new(Inner { name: name.to_owned(), bytes, digest, limits: *limits, source }) })
    }

    /// What the file is called, without its folder.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The bytes as they came in.
    pub fn bytes(&self) -> &[u8] {
        &self.inner.bytes
    }

    /// SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        self.inner.digest
    }

    /// The media type: `application/pdf`, `image/jpeg`, `image/png` or `image/tiff`.
    pub fn media_type(&self) -> &'static str {
        match self.inner.source {
            Source::Jpeg(_) => "image/jpeg",
            Source::Png(_) => "image/png",
            Source::Tiff(_) => "image/tiff",
            Source::Pdf(_) => "application/pdf",
        }
    }

    /// How many pages, at least 1.
    pub fn page_count(&self) -> u32 {
        match &self.inner.source {
            Source::Jpeg(_) | Source::Png(_) => 1,
            Source::Tiff(tiff) => tiff.page_count(),
            Source::Pdf(pdf) => pdf.page_count(),
        }
    }

    /// A guess at the work that a page makes, for longest first: pixels where they are known, else a share of the file.
    /// 0 for a page that is not there.
    pub fn page_cost(&self, number: u32) -> u64 {
        if number == 0 || number > self.page_count() {
            return 0;
        }
        match &self.inner.source {
            Source::Jpeg(jpeg) => jpeg.pixels(),
            Source::Png(png) => png.pixels(),
            Source::Tiff(tiff) => tiff.pixels(number),
            Source::Pdf(pdf) => pdf.cost(number),
        }
    }

    /// One page: the image as kept and its upright pixels. Decodes this page only.
    ///
    /// # Errors
    /// No such page, a limit, or an image that cannot be decoded: see [`ScanError`].
    pub fn page(&self, number: u32) -> Result<Page, ScanError> {
        let Kept { stored, dpi, dpi_source, pixels } = self.keep(number)?;
        let pixels = match pixels {
            Some(pixels) => pixels,
            None => decode::upright(&stored, self.format(), &self.inner.limits)?,
        };
        Ok(Page { number, stored, pixels, dpi, dpi_source })
    }

    /// The image of a page as [`Scan::page`] keeps it, with its resolution, without decoding pixels where that can be
    /// avoided: for resuming a job whose page was already read.
    ///
    /// # Errors
    /// As [`Scan::page`].
    pub fn stored_page(&self, number: u32) -> Result<(StoredImage, [f64; 2], DpiSource), ScanError> {
        self.keep(number).map(|kept| (kept.stored, kept.dpi, kept.dpi_source))
    }

    fn format(&self) -> Format {
        match self.inner.source {
            Source::Jpeg(_) => Format::Jpeg,
            Source::Png(_) => Format::Png,
            Source::Tiff(_) => Format::Tiff,
            Source::Pdf(_) => Format::Pdf,
        }
    }

    fn keep(&self, number: u32) -> Result<Kept, ScanError> {
        let pages = self.page_count();
        if number == 0 || number > pages {
            return Err(ScanError::NoSuchPage { page: number, pages });
        }
        let (bytes, limits) = (&self.inner.bytes, &self.inner.limits);
        match &self.inner.source {
            Source::Jpeg(jpeg) => Ok(jpeg.keep(bytes)),
            Source::Png(png) => png.keep(bytes, limits),
            Source::Tiff(tiff) => tiff.keep(bytes, number, limits),
            Source::Pdf(pdf) => pdf.keep(number, limits),
        }
    }
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Scan({}, {} bytes, {} pages)",
            self.media_type(),
            self.inner.bytes.len(),
            self.page_count()
        )
    }
}

/// What a format makes of one page.
struct Kept {
    stored: StoredImage,
    dpi: [f64; 2],
    dpi_source: DpiSource,
    /// Upright pixels, where coding the page needed them anyway.
    pixels: Option<DynamicImage>,
}

/// The format by its magic bytes.
fn format_of(bytes: &[u8]) -> Result<Format, ScanError> {
    const OTHERS: [(&[u8], &str); 12] = [
        (b"PK\x03\x04", "a ZIP archive or an office document (docx, xlsx, odt)"),
        (b"\xd0\xcf\x11\xe0", "an old office document (doc, xls)"),
        (b"{\\rtf", "a rich text document"),
        (b"GIF8", "a GIF image"),
        (b"BM", "a BMP image"),
        (b"RIFF", "a WebP image or a sound or video file"),
        (b"\xff\x0a", "a JPEG XL image"),
        (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
        (b"\x97JB2", "a JBIG2 image"),
        (b"AT&T", "a DjVu document"),
        (b"<", "a web page or XML"),
        (b"%!PS", "a PostScript document"),
    ];
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| bytes.starts_with(*magic)) {
        return Ok(Format::Tiff);
    }
    // Readers accept a PDF's header anywhere in the first 1024 bytes (ISO 32000-1 annex H, note 13).
    if bytes[..bytes.len().min(1024)].windows(5).any(|window| window == b"%PDF-") {
        return Ok(Format::Pdf);
    }
    let found = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)).map_or_else(
        || {
            let start = &bytes[..bytes.len().min(512)];
            if bytes.get(4..8) == Some(b"ftyp") {
                "a HEIC or AVIF photo or a video"
            } else if start.iter().all(|b| *b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r')) {
                "text"
            } else {
                "of an unknown kind"
            }
        },
        |(_, name)| name,
    );
    Err(ScanError::WrongType { found })
}

/// Resolution of a page of these pixels: what the file says if that can be true, else A4's width taken for the shorter
/// side. 72 and 96 are what cameras and programs write when they know nothing: on a page that would be larger than A3
/// they are not believed.
fn resolution(said: Option<[f64; 2]>, upright_width: u32, upright_height: u32) -> ([f64; 2], DpiSource) {
    const A4_WIDTH_INCHES: f64 = 210.0 / 25.4;
    const A3_HEIGHT_INCHES: f64 = 420.0 / 25.4;
    let (width, height) = (f64::from(upright_width), f64::from(upright_height));
    if let Some([x, y]) = said {
        let possible = |dpi: f64| dpi.is_finite() && (20.0..=9600.0).contains(&dpi);
        let nothing_known = |dpi: f64| (dpi - 72.0).abs() < 0.5 || (dpi - 96.0).abs() < 0.5;
        let larger_than_a3 = (width / x).max(height / y) > A3_HEIGHT_INCHES * 1.02;
        if possible(x) && possible(y) && !(nothing_known(x) && nothing_known(y) && larger_than_a3) {
            return ([x, y], DpiSource::File);
        }
    }
    let dpi = (width.min(height) / A4_WIDTH_INCHES).max(1.0);
    ([dpi, dpi], DpiSource::Estimated)
}

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
#[derive(Clone, PartialEq)]
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

/// Without the stream: what is on a paper is not for logs.
impl std::fmt::Debug for StoredImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredImage")
            .field("bytes", &self.data.len())
            .field("width", &self.width)
            .field("height", &self.height)
            .field("bits", &self.bits)
            .field("decode", &self.decode)
            .field("orientation", &self.orientation)
            .field("original", &self.original)
            .finish_non_exhaustive()
    }
}

/// One side of paper.
#[derive(Clone)]
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

/// Without the pixels.
impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page")
            .field("number", &self.number)
            .field("stored", &self.stored)
            .field("dpi", &self.dpi)
            .field("dpi_source", &self.dpi_source)
            .finish_non_exhaustive()
    }
}
