//! Pages that are not one image: rendered by `hayro` at 300 dpi.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use image::RgbImage;

use super::super::limits::timed;
use super::super::{DpiSource, Format, Kept, Limits, ScanError, encode};

const DPI: f64 = 300.0;
/// Below this a page can no longer be read.
const LOWEST_DPI: f64 = 72.0;

struct Shared(Arc<[u8]>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn load(bytes: &Arc<[u8]>) -> Result<Pdf, ScanError> {
    Pdf::new(Arc::new(Shared(Arc::clone(bytes)))).map_err(|error| match error {
        LoadPdfError::Decryption(
            DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm,
        ) => ScanError::Encrypted,
        _ => ScanError::broken(Format::Pdf, "its structure cannot be read"),
    })
}

/// How many pages the renderer finds.
pub(super) fn count(bytes: &Arc<[u8]>) -> Result<usize, ScanError> {
    load(bytes).map(|pdf| pdf.pages().len())
}

/// One page rendered, on a thread of its own, and coded without loss; grey where all its pixels are.
///
/// The file is parsed for each page: `hayro` keeps what it decodes as long as the file, and hundreds of pages add up.
pub(super) fn keep(
    bytes: &Arc<[u8]>,
    number: u32,
    object: Option<(u64, u64)>,
    user_unit: f64,
    limits: &Limits,
) -> Result<Kept, ScanError> {
    let (bytes, max_pixels) = (Arc::clone(bytes), limits.max_pixels);
    let rendered =
        timed(limits.page_timeout, number, move || render(&bytes, number, object, user_unit, max_pixels))?;
    let (image, dpi) = rendered.unwrap_or_else(|| {
        Err(ScanError::broken(Format::Pdf, format!("page {number} cannot be rendered")))
    })?;
    let pixels = encode::grey_if_grey(image);
    Ok(Kept { stored: encode::image(&pixels), dpi, dpi_source: DpiSource::Rendered, pixels: Some(pixels) })
}

fn render(
    bytes: &Arc<[u8]>,
    number: u32,
    object: Option<(u64, u64)>,
    user_unit: f64,
    max_pixels: u64,
) -> Result<(RgbImage, [f64; 2]), ScanError> {
    let pdf = load(bytes)?;
    let pages = pdf.pages();
    // By its object: the two readers may count the pages of a damaged tree differently.
    let same = |id: (u64, u64)| {
        pages.iter().find(|page| {
            page.raw().obj_id().is_some_and(|found| (found.obj_number as u64, found.gen_number as u64) == id)
        })
    };
    let page =
        object.and_then(same).or_else(|| object.is_none().then(|| pages.get(number as usize - 1)).flatten());
    let page =
        page.ok_or_else(|| ScanError::broken(Format::Pdf, format!("page {number} cannot be found")))?;

    let (width, height) = page.render_dimensions();
    let inches = [f64::from(width) * user_unit / 72.0, f64::from(height) * user_unit / 72.0];
    let wanted = [inches[0] * DPI, inches[1] * DPI];
    let side = f64::from(u16::MAX);
    let shrink = (max_pixels as f64 / (wanted[0] * wanted[1]))
        .sqrt()
        .min(side / wanted[0])
        .min(side / wanted[1])
        .min(1.0);
    if shrink * DPI < LOWEST_DPI || shrink.is_nan() {
        return Err(ScanError::TooManyPixels {
            width: wanted[0] as u64,
            height: wanted[1] as u64,
            limit: max_pixels,
        });
    }
    // The renderer cuts fractions off.
    let pixels = wanted.map(|length| (length * shrink).round().clamp(1.0, side));
    let scale = |pixels: f64, units: f32| ((pixels + 0.01) / f64::from(units)) as f32;

    let missing_image = Arc::new(AtomicBool::new(false));
    let missing_font = Arc::new(AtomicBool::new(false));
    let (image_flag, font_flag) = (Arc::clone(&missing_image), Arc::clone(&missing_font));
    let settings = InterpreterSettings {
        warning_sink: Arc::new(move |warning| match warning {
            InterpreterWarning::ImageDecodeFailure => image_flag.store(true, Ordering::Relaxed),
            InterpreterWarning::UnsupportedFont => font_flag.store(true, Ordering::Relaxed),
            _ => {}
        }),
        ..InterpreterSettings::default()
    };
    let pixmap = hayro::render(
        page,
        &RenderCache::new(),
        &settings,
        &RenderSettings::default(),
        &PixmapSettings {
            x_scale: scale(pixels[0], width),
            y_scale: scale(pixels[1], height),
            bg_color: WHITE,
        },
    );
    // A page with a hole in it is no copy of the page.
    if missing_image.load(Ordering::Relaxed) {
        return Err(ScanError::broken(Format::Pdf, format!("an image on page {number} cannot be decoded")));
    }
    if missing_font.load(Ordering::Relaxed) {
        return Err(ScanError::unsupported(Format::Pdf, format!("a font on page {number}")));
    }
    let (width, height) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
    // On a white ground every pixel is opaque: alpha says nothing.
    let rgb =
        pixmap.data_as_u8_slice().as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
    let image = RgbImage::from_raw(width, height, rgb)
        .ok_or_else(|| ScanError::broken(Format::Pdf, format!("page {number} cannot be rendered")))?;
    Ok((image, [f64::from(width) / inches[0], f64::from(height) / inches[1]]))
}
