//! A page's pixels → a grey image for reading, and the way back from its boxes to the page's own.
//!
//! The sheet on a photograph is taken out and flattened ([`super::sheet`]), colour becomes grey with seals removed and red print kept
//! ([`super::red`]), the resolution becomes the one that the engine reads best and fastest, a page lying on its side is turned, a
//! skewed one straightened, lines that run towards each other become parallel.

use fast_image_resize as fir;
use image::{DynamicImage, GrayImage, RgbImage, imageops};

use super::frame::Frame;
use super::leaders;
use super::paper;
use super::pen::{self, Pen};
use super::picture;
use super::projection::Projection;
use super::quality::{self, Defect};
use super::red::{self, Red};
use super::sheet::{self, Corners};
use super::specks;
use super::warp::{warp_grey, warp_rgb};
use crate::geom::PixelBox;
use crate::scan::Page;
use crate::scan::deskew::{Convergence, convergence, line_contrast, skew_angle};

/// Pages are scaled down to this many pixels an inch. Measured on worn Vietnamese pages: at 200 as few errors as at 240 and 300
/// with 15 % less time than at 300; below 170 stacked marks are lost.
pub(super) const READING_PPI: f64 = 200.0;
/// Coarser pages are scaled up to this, but by no more than [`MOST_ENLARGED`].
const LEAST_PPI: f64 = 150.0;
const MOST_ENLARGED: f64 = 2.0;
/// Below this angle in degrees straightening costs more than it brings.
const LEAST_SKEW: f32 = 0.3;

/// Along its lines a page is so many times as sharp as across them. Measured on 88 pages, half of them on their side and askew: 2.4 times and more;
/// on diplomas, two columns of short lines within a frame, 1.03 to 2.1 times.
const CLEARLY: f64 = 1.25;

/// How far a page is turned clockwise to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It stands upright.
    None,
    /// 90° clockwise.
    Quarter,
    /// 180°.
    Half,
    /// 270° clockwise.
    ThreeQuarters,
}

/// An image made for reading.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Dark print on light ground.
    pub image: GrayImage,
    /// Its resolution.
    pub ppi: u32,
    pub(super) to_page: Projection,
    page_size: (u32, u32),
    /// Pixels of the page, where it is not turned, a pixel of this.
    pub(super) scale: [f64; 2],
    /// Whether its lines ran towards each other: somebody took it from the side.
    pub(super) converged: bool,
}

impl Prepared {
    /// The smallest box of page pixels around a box of this image.
    pub fn to_page(&self, b: PixelBox) -> PixelBox {
        self.to_page.hull(b, self.page_size)
    }

    /// A point of this image on the page.
    pub fn point_to_page(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        self.to_page.apply([f64::from(x), f64::from(y)]).map(|v| v as f32)
    }

    /// A horizontal band as an image of its own: the `height` rows from `y`.
    pub(super) fn band(&self, y: u32, height: u32) -> GrayImage {
        imageops::crop_imm(&self.image, 0, y, self.image.width(), height).to_image()
    }
}

/// A page as it is read, turned and straightened: all steps at once.
pub fn prepare(page: &Page, turn: Turn) -> Prepared {
    Ground::of(page).turned(turn)
}

/// A page in grey at the resolution of reading, as it lies; of a photograph its sheet, flat.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) image: GrayImage,
    ppi: u32,
    /// Of the picture that this was made smaller from: the page, or its sheet.
    flat_size: (u32, u32),
    /// From that picture to the page.
    flat_to_page: Projection,
    page_size: (u32, u32),
    /// The number of blobs where there are too many to read.
    pub(super) noise: Option<usize>,
    /// The red on that picture.
    pub(super) red: Red,
    /// The red seals on the page, in its own pixels; none where red cannot be told or was not looked for.
    pub(super) seals: Option<Vec<PixelBox>>,
    /// What is wrong with the picture.
    pub(super) defects: Vec<Defect>,
    /// The signatures in blue ink, likewise.
    pub(super) signatures: Vec<PixelBox>,
    /// Whether it is known for a photograph.
    pub(super) photo: bool,
}

impl Ground {
    pub(super) fn of(page: &Page) -> Self {
        let size = (page.pixels.width(), page.pixels.height());
        if let Some(flat) = sheet::find(&page.pixels).and_then(|corners| flattened(page, &corners)) {
            let (grey, red, pen) = to_grey(&flat.pixels, flat.dpi);
            let seals = red.seal_boxes(grey.dimensions());
            let on_page = |boxes: &[PixelBox]| boxes.iter().map(|b| flat.to_page.hull(*b, size)).collect();
            let seals = seals.map(|boxes| on_page(&boxes));
            let signatures = on_page(&pen.strokes);
            let mut ground = Self::scaled(grey, flat.dpi, READING_PPI, true);
            clear_rim(&mut ground.image, (READING_PPI * RIM) as u32);
            return Self { seals, signatures, red, flat_to_page: flat.to_page, page_size: size, ..ground };
        }
        Self::whole(page, false)
    }

    /// The picture as the page; of a photograph that its sheet fills the shadows are deep.
    pub(super) fn whole(page: &Page, photo: bool) -> Self {
        let dpi = plausible_dpi(page);
        let (grey, red, pen) = to_grey(&page.pixels, dpi);
        let seals = red.seal_boxes((page.pixels.width(), page.pixels.height()));
        Self { seals, red, signatures: pen.strokes, ..Self::scaled(grey, dpi, READING_PPI, photo) }
    }

    /// A part of the page as it lies, at most at `ppi`.
    pub(super) fn of_box(page: &Page, b: PixelBox, ppi: f64) -> Self {
        let dpi = plausible_dpi(page);
        let b = with_margin(b, dpi, (page.pixels.width(), page.pixels.height()));
        // Seals are found on the whole page: a part of a ring is not one.
        let grey = match &page.pixels {
            DynamicImage::ImageRgb8(rgb) => {
                let red = red::find(rgb, dpi);
                let part = imageops::crop_imm(rgb, b.x0, b.y0, b.width(), b.height()).to_image();
                grey_of_rgb(&part, &red, [b.x0, b.y0])
            }
            other => imageops::crop_imm(&other.to_luma8(), b.x0, b.y0, b.width(), b.height()).to_image(),
        };
        Self::scaled(grey, dpi, ppi, false)
    }

    /// A part of the page as it was read, at most at `ppi`; `b` is in the frame's pixels.
    pub(super) fn of_frame(page: &Page, frame: &Frame, b: PixelBox, ppi: f64) -> Self {
        let b = with_margin(b, frame.dpi, frame.size);
        let way =
            Projection::affine([1.0, 0.0, f64::from(b.x0), 0.0, 1.0, f64::from(b.y0)]).then(frame.to_page);
        let grey = match &page.pixels {
            DynamicImage::ImageRgb8(rgb) => {
                let part = warp_rgb(rgb, &way, b.width(), b.height());
                let mut grey = grey_of_rgb(&part, &frame.red, [b.x0, b.y0]);
                let there = frame.to_page.hull(b, frame.page_size);
                if frame.signatures.iter().any(|signature| signature.meets(&there)) {
                    pen::bleach(&part, &mut grey);
                }
                grey
            }
            DynamicImage::ImageLuma8(grey) => warp_grey(grey, &way, b.width(), b.height()),
            other => warp_grey(&other.to_luma8(), &way, b.width(), b.height()),
        };
        Self::scaled(grey, frame.dpi, ppi, frame.shadows)
    }

    fn scaled(grey: GrayImage, dpi: [f64; 2], most_ppi: f64, photo: bool) -> Self {
        let finest = dpi[0].max(dpi[1]);
        let ppi = finest.max(LEAST_PPI).min(finest * MOST_ENLARGED).min(most_ppi);
        let size = grey.dimensions();
        let scaled = |pixels: u32, dpi: f64| ((f64::from(pixels) * ppi / dpi).round() as u32).max(1);
        let mut image = resize(grey, scaled(size.0, dpi[0]), scaled(size.1, dpi[1]));
        let defects = quality::of_image(&image);
        paper::even_out(&mut image, photo);
        picture::clear(&mut image, ppi);
        let noise = specks::clear(&mut image).err();
        Self {
            image,
            ppi: ppi.round() as u32,
            flat_size: size,
            flat_to_page: Projection::IDENTITY,
            page_size: size,
            noise,
            red: Red::default(),
            seals: None,
            defects,
            signatures: Vec::new(),
            photo,
        }
    }

    /// Turned and straightened.
    pub(super) fn turned(&self, turn: Turn) -> Prepared {
        let mut prepared = self.only_turned(turn);
        if let Some(Straightened { image, back, converged }) = straightened(&prepared.image) {
            prepared.to_page = back.then(prepared.to_page);
            prepared.image = image;
            prepared.converged = converged;
        }
        leaders::remove(&mut prepared.image, prepared.ppi);
        prepared
    }

    /// Turned, not straightened.
    pub(super) fn only_turned(&self, turn: Turn) -> Prepared {
        let (w, h) = (f64::from(self.image.width()), f64::from(self.image.height()));
        let (image, back) = match turn {
            Turn::None => (self.image.clone(), Projection::IDENTITY),
            Turn::Quarter => {
                (imageops::rotate90(&self.image), Projection::affine([0.0, 1.0, 0.0, -1.0, 0.0, h]))
            }
            Turn::Half => {
                (imageops::rotate180(&self.image), Projection::affine([-1.0, 0.0, w, 0.0, -1.0, h]))
            }
            Turn::ThreeQuarters => {
                (imageops::rotate270(&self.image), Projection::affine([0.0, -1.0, w, 1.0, 0.0, 0.0]))
            }
        };
        let [x, y] = [f64::from(self.flat_size.0) / w, f64::from(self.flat_size.1) / h];
        let to_page = back.then(Projection::scale(x, y)).then(self.flat_to_page);
        let scale = if matches!(turn, Turn::None | Turn::Half) { [x, y] } else { [y, x] };
        Prepared { image, ppi: self.ppi, to_page, page_size: self.page_size, scale, converged: false }
    }

    /// The frame in which a prepared page was read.
    pub(super) fn frame(&self, prepared: &Prepared) -> Frame {
        let [x, y] = prepared.scale;
        let to_page = Projection::scale(1.0 / x, 1.0 / y).then(prepared.to_page);
        let side = |pixels: u32, scale: f64| (f64::from(pixels) * scale).round() as u32;
        let size = (side(prepared.image.width(), x), side(prepared.image.height(), y));
        let dpi = [f64::from(prepared.ppi) * x, f64::from(prepared.ppi) * y];
        // Seals were found on the flat picture; it is turned and straightened without being bent.
        let from_flat = self.flat_to_page.then(to_page.inverse().unwrap_or(Projection::IDENTITY));
        let red =
            self.red.moved(|[px, py]| from_flat.apply([f64::from(px), f64::from(py)]).map(|v| v as f32));
        Frame {
            to_page,
            page_size: self.page_size,
            size,
            dpi,
            red,
            signatures: self.signatures.clone(),
            photo: self.flat_to_page != Projection::IDENTITY,
            shadows: self.photo,
        }
    }

    /// Whether lines of print run from top to bottom: the page lies on its side.
    pub(super) fn lies_on_its_side(&self) -> bool {
        line_contrast(&imageops::rotate90(&self.image)) > CLEARLY * line_contrast(&self.image)
    }
}

/// The page's resolution, unless the page would then be longer than A2: files lie about it. For reading only.
fn plausible_dpi(page: &Page) -> [f64; 2] {
    let (width, height) = (f64::from(page.pixels.width()), f64::from(page.pixels.height()));
    let inches = [width / page.dpi[0], height / page.dpi[1]];
    if inches.iter().all(|i| *i > 0.0 && *i < 24.0) {
        page.dpi
    } else {
        [width.max(height) / 11.69; 2] // as if it were A4
    }
}

/// A sheet taken out of its photograph.
struct Flat {
    pixels: DynamicImage,
    dpi: [f64; 2],
    to_page: Projection,
}

/// Most papers are of the ISO 216 series; a photograph taken aslant shortens a side.
const A_SERIES: f64 = std::f64::consts::SQRT_2;
/// Sides within this share of that are taken for it.
const NEARLY: f64 = 0.15;
/// A4, in inches.
const A4: [f64; 2] = [8.27, 11.69];
/// Flattened at no more than this: reading needs less.
const FLAT_PPI: f64 = 300.0;

/// The sheet between its corners. It is taken for A4 where its sides are in that proportion: a photograph tells no size.
fn flattened(page: &Page, corners: &Corners) -> Option<Flat> {
    let [across, down] = corners.sides();
    let proportion = across.max(down) / across.min(down);
    let (size, dpi) = if (proportion / A_SERIES - 1.0).abs() <= NEARLY {
        let ppi = (across.max(down) / A4[1]).min(FLAT_PPI);
        let [short, long] = A4.map(|inches| inches * ppi);
        (if across < down { [short, long] } else { [long, short] }, [ppi; 2])
    } else {
        let dpi = plausible_dpi(page);
        let share = (FLAT_PPI / dpi[0].max(dpi[1])).min(1.0);
        ([across * share, down * share], dpi.map(|d| d * share))
    };
    let [width, height] = size.map(|s| s.round().max(1.0));
    let to_page = Projection::of_rectangle(width, height, corners.0)?;
    let (w, h) = (width as u32, height as u32);
    let pixels = match &page.pixels {
        DynamicImage::ImageRgb8(rgb) => warp_rgb(rgb, &to_page, w, h).into(),
        DynamicImage::ImageLuma8(grey) => warp_grey(grey, &to_page, w, h).into(),
        other => warp_grey(&other.to_luma8(), &to_page, w, h).into(),
    };
    Some(Flat { pixels, dpi, to_page })
}

/// The outermost of a sheet that was cut out: its own edge and what lies beside it. In inches.
const RIM: f64 = 0.03;

fn clear_rim(image: &mut GrayImage, rim: u32) {
    let (width, height) = image.dimensions();
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        if x < rim || y < rim || x + rim >= width || y + rim >= height {
            pixel.0 = [255];
        }
    }
}

/// A millimetre around a box, half of one more above.
fn with_margin(b: PixelBox, dpi: [f64; 2], (width, height): (u32, u32)) -> PixelBox {
    let [x, y] = dpi.map(|d| (d / 25.4) as u32);
    PixelBox::new(
        b.x0.saturating_sub(x),
        // The marks over capitals are often outside the box of their word.
        b.y0.saturating_sub(y * 3 / 2),
        (b.x1 + x).min(width),
        (b.y1 + y).min(height),
    )
}

/// The page in grey, what is red on it, and who signed in blue.
fn to_grey(pixels: &DynamicImage, dpi: [f64; 2]) -> (GrayImage, Red, Pen) {
    match pixels {
        DynamicImage::ImageLuma8(grey) => (grey.clone(), Red::colourless(), Pen::default()),
        DynamicImage::ImageRgb8(rgb) => {
            let red = red::find(rgb, dpi);
            let mut grey = grey_of_rgb(rgb, &red, [0, 0]);
            let pen = pen::find(rgb, dpi);
            pen.lift(rgb, &mut grey);
            (grey, red, pen)
        }
        other => (other.to_luma8(), Red::colourless(), Pen::default()),
    }
}

/// Luminance, but red ink is paper within a seal and black elsewhere. `origin` is where the image lies on the page.
fn grey_of_rgb(rgb: &RgbImage, red: &Red, origin: [u32; 2]) -> GrayImage {
    let (width, height) = rgb.dimensions();
    let mut grey: Vec<u8> = Vec::with_capacity(width as usize * height as usize);
    let rows = rgb.as_raw().chunks_exact(width.max(1) as usize * 3);
    if red.ground {
        grey.extend(rgb.as_raw().chunks_exact(3).map(|p| p[0]));
    } else if !red.any {
        grey.extend(rgb.as_raw().chunks_exact(3).map(|p| luma(p[0], p[1], p[2])));
    } else {
        for (y, row) in rows.enumerate() {
            let start = grey.len();
            grey.extend(row.chunks_exact(3).map(|p| {
                let pixel = [p[0], p[1], p[2]];
                if red::is_red(pixel) { p[1].min(p[2]) } else { luma(p[0], p[1], p[2]) }
            }));
            for seal in &red.seals {
                let dy = (y as f32 + 0.5 + origin[1] as f32 - seal.y) / seal.radius[1];
                if dy.abs() >= 1.0 {
                    continue;
                }
                let half = (1.0 - dy * dy).sqrt() * seal.radius[0];
                let edge = |x: f32| ((x - origin[0] as f32).max(0.0) as usize).min(width as usize);
                for x in edge(seal.x - half)..edge(seal.x + half) {
                    let p = &row[x * 3..x * 3 + 3];
                    // Red ink reflects red nearly as paper does; what it lacks is added from its redness.
                    let lift = red::redness([p[0], p[1], p[2]]) / 2;
                    grey[start + x] = p[0].saturating_add(lift);
                }
            }
        }
    }
    GrayImage::from_raw(width, height, grey).expect("one byte was pushed for each pixel")
}

/// ITU-R BT.601, in integers.
fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b)) >> 8) as u8
}

/// By area when shrinking, so that thin strokes stay.
fn resize(image: GrayImage, width: u32, height: u32) -> GrayImage {
    if image.dimensions() == (width, height) {
        return image;
    }
    let (from_width, from_height) = image.dimensions();
    let source =
        fir::images::Image::from_vec_u8(from_width, from_height, image.into_raw(), fir::PixelType::U8)
            .expect("a GrayImage holds one byte a pixel");
    let mut target = fir::images::Image::new(width, height, fir::PixelType::U8);
    let filter = fir::ResizeAlg::Convolution(fir::FilterType::CatmullRom);
    fir::Resizer::new()
        .resize(&source, &mut target, &fir::ResizeOptions::new().resize_alg(filter))
        .expect("both images are of one byte a pixel");
    GrayImage::from_raw(width, height, target.into_vec()).expect("the target holds one byte a pixel")
}

/// A page with its lines level and parallel.
struct Straightened {
    image: GrayImage,
    back: Projection,
    /// Whether they had not been parallel.
    converged: bool,
}

/// None where nothing has to be done. Of a photograph in which no edge of the sheet is seen its lines are all that tells how it was held.
fn straightened(image: &GrayImage) -> Option<Straightened> {
    let skew = skew_angle(image);
    let level = (skew.abs() >= LEAST_SKEW).then(|| rotate(image, skew));
    let level = level.map(|(image, back)| Straightened { image, back: back.projection(), converged: false });
    let Some(lines) = convergence(level.as_ref().map_or(image, |level| &level.image)) else { return level };
    let (size, back) = level
        .map_or((image.dimensions(), Projection::IDENTITY), |level| (level.image.dimensions(), level.back));
    let ((width, height), way) = made_parallel(&lines, size);
    let back = way.then(back);
    Some(Straightened { image: warp_grey(image, &back, width, height), back, converged: true })
}

/// The size of a page whose lines converge once they are parallel, and the way back: what is `(u, v)` from its middle comes from
/// `(u, v − slope · u) / (1 + change · u)` from the middle of the page.
fn made_parallel(lines: &Convergence, (width, height): (u32, u32)) -> ((u32, u32), Projection) {
    let (half_width, half_height) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
    let there = |u: f64, v: f64| {
        let w = 1.0 - lines.change * u;
        [u / w, (v + lines.slope * u) / w]
    };
    let corners = [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)]
        .map(|(x, y)| there(x * half_width, y * half_height));
    let least = |i: usize| corners.iter().map(|c| c[i]).fold(f64::INFINITY, f64::min);
    let most = |i: usize| corners.iter().map(|c| c[i]).fold(f64::NEG_INFINITY, f64::max);
    let size = [most(0) - least(0), most(1) - least(1)].map(|side| side.ceil() as u32);
    let to_middle = Projection::affine([1.0, 0.0, least(0), 0.0, 1.0, least(1)]);
    let from_middle = Projection::affine([1.0, 0.0, half_width, 0.0, 1.0, half_height]);
    ((size[0], size[1]), to_middle.then(Projection::pencil(lines.slope, lines.change)).then(from_middle))
}

/// Turned clockwise by `degrees` about its middle on a larger white sheet, by bilinear interpolation; with the way back.
fn rotate(image: &GrayImage, degrees: f32) -> (GrayImage, Affine) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (w, h) = (image.width() as f32, image.height() as f32);
    let width = (w * cos.abs() + h * sin.abs()).ceil();
    let height = (w * sin.abs() + h * cos.abs()).ceil();
    let (cx, cy) = (width / 2.0, height / 2.0);
    let back = Affine([cos, sin, w / 2.0 - cos * cx - sin * cy, -sin, cos, h / 2.0 + sin * cx - cos * cy]);
    let stride = image.width() as usize;
    let (last_x, last_y) = (image.width() as i32 - 1, image.height() as i32 - 1);
    let raw = image.as_raw();
    let mut turned = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height as u32 {
        let [mut u, mut v] = back.apply([0.5, y as f32 + 0.5]);
        (u, v) = (u - 0.5, v - 0.5);
        for _ in 0..width as u32 {
            let (x0, y0) = (u.floor() as i32, v.floor() as i32);
            let value = if x0 < 0 || y0 < 0 || x0 >= last_x || y0 >= last_y {
                255
            } else {
                let (fx, fy) = (((u - x0 as f32) * 256.0) as u32, ((v - y0 as f32) * 256.0) as u32);
                let at = y0 as usize * stride + x0 as usize;
                let p = |i: usize| u32::from(raw[i]);
                let top = p(at) * (256 - fx) + p(at + 1) * fx;
                let bottom = p(at + stride) * (256 - fx) + p(at + stride + 1) * fx;
                ((top * (256 - fy) + bottom * fy + (1 << 15)) >> 16) as u8
            };
            turned.push(value);
            u += cos;
            v -= sin;
        }
    }
    let image =
        GrayImage::from_raw(width as u32, height as u32, turned).expect("one byte was pushed for each pixel");
    (image, back)
}

/// `[a b c; d e f]` over points: `x' = a x + b y + c`, `y' = d x + e y + f`; pixel edges are whole numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Affine([f32; 6]);

impl Affine {
    fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let [a, b, c, d, e, f] = self.0;
        [a * x + b * y + c, d * x + e * y + f]
    }

    fn projection(self) -> Projection {
        Projection::affine(self.0.map(f64::from))
    }
}
