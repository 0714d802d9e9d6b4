//! A page's pixels → a grey image for reading, and the way back from its boxes to the page's own.
//!
//! Colour becomes grey with seals removed and red print kept ([`super::red`]), the resolution becomes the one that
//! the engine reads best and fastest, a page lying on its side is turned, a skewed one straightened.

use fast_image_resize as fir;
use image::{DynamicImage, GrayImage, RgbImage, imageops};

use super::leaders;
use super::paper;
use super::red::{self, Red};
use super::specks;
use crate::geom::PixelBox;
use crate::scan::Page;
use crate::scan::deskew::skew_angle;

/// Pages are scaled down to this many pixels an inch. Measured on worn Vietnamese pages: at 200 as few errors as at 240 and 300
/// with 15 % less time than at 300; below 170 stacked marks are lost.
pub(super) const READING_PPI: f64 = 200.0;
/// Coarser pages are scaled up to this, but by no more than [`MOST_ENLARGED`].
const LEAST_PPI: f64 = 150.0;
const MOST_ENLARGED: f64 = 2.0;
/// Below this angle in degrees straightening costs more than it brings.
const LEAST_SKEW: f32 = 0.3;

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
    to_page: Affine,
    page_size: (u32, u32),
}

impl Prepared {
    /// The smallest box of page pixels around a box of this image.
    pub fn to_page(&self, b: PixelBox) -> PixelBox {
        let corners = [(b.x0, b.y0), (b.x1, b.y0), (b.x0, b.y1), (b.x1, b.y1)]
            .map(|(x, y)| self.to_page.apply([x as f32, y as f32]));
        let least = |i: usize| corners.iter().map(|c| c[i]).fold(f32::INFINITY, f32::min);
        let most = |i: usize| corners.iter().map(|c| c[i]).fold(f32::NEG_INFINITY, f32::max);
        let (width, height) = self.page_size;
        let edge = |v: f32, limit: u32| (v.round().max(0.0) as u32).min(limit);
        let x0 = edge(least(0), width.saturating_sub(1));
        let y0 = edge(least(1), height.saturating_sub(1));
        PixelBox::new(x0, y0, edge(most(0), width).max(x0 + 1), edge(most(1), height).max(y0 + 1))
    }

    /// A point of this image on the page.
    pub fn point_to_page(&self, point: [f32; 2]) -> [f32; 2] {
        self.to_page.apply(point)
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

/// A page in grey at the resolution of reading, as it lies.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) image: GrayImage,
    ppi: u32,
    page_size: (u32, u32),
    /// The number of blobs where there are too many to read.
    pub(super) noise: Option<usize>,
    /// The red seals on the page, in its own pixels; none where red cannot be told or was not looked for.
    pub(super) seals: Option<Vec<PixelBox>>,
}

impl Ground {
    pub(super) fn of(page: &Page) -> Self {
        let dpi = plausible_dpi(page);
        let (grey, seals) = to_grey(&page.pixels, dpi);
        Self { seals, ..Self::scaled(grey, dpi, READING_PPI) }
    }

    /// A part of the page, at most at `ppi`.
    pub(super) fn of_box(page: &Page, b: PixelBox, ppi: f64) -> (Self, PixelBox) {
        let dpi = plausible_dpi(page);
        let margin = |d: f64| (d / 25.4) as u32; // a millimetre
        let b = PixelBox::new(
            b.x0.saturating_sub(margin(dpi[0])),
            b.y0.saturating_sub(margin(dpi[1])),
            (b.x1 + margin(dpi[0])).min(page.pixels.width()),
            (b.y1 + margin(dpi[1])).min(page.pixels.height()),
        );
        // Seals are found on the whole page: a part of a ring is not one.
        let grey = match &page.pixels {
            DynamicImage::ImageRgb8(rgb) => {
                let red = red::find(rgb, dpi);
                let part = imageops::crop_imm(rgb, b.x0, b.y0, b.width(), b.height()).to_image();
                grey_of_rgb(&part, &red, [b.x0, b.y0])
            }
            other => imageops::crop_imm(&other.to_luma8(), b.x0, b.y0, b.width(), b.height()).to_image(),
        };
        (Self::scaled(grey, dpi, ppi), b)
    }

    fn scaled(grey: GrayImage, dpi: [f64; 2], most_ppi: f64) -> Self {
        let finest = dpi[0].max(dpi[1]);
        let ppi = finest.max(LEAST_PPI).min(finest * MOST_ENLARGED).min(most_ppi);
        let (width, height) = grey.dimensions();
        let scaled = |pixels: u32, dpi: f64| ((f64::from(pixels) * ppi / dpi).round() as u32).max(1);
        let mut image = resize(grey, scaled(width, dpi[0]), scaled(height, dpi[1]));
        paper::even_out(&mut image);
        let noise = specks::clear(&mut image).err();
        Self { image, ppi: ppi.round() as u32, page_size: (width, height), noise, seals: None }
    }

    /// Turned and straightened.
    pub(super) fn turned(&self, turn: Turn) -> Prepared {
        let mut prepared = self.only_turned(turn);
        let skew = skew_angle(&prepared.image);
        if skew.abs() >= LEAST_SKEW {
            let (image, back) = rotate(&prepared.image, skew);
            prepared.to_page = back.then(prepared.to_page);
            prepared.image = image;
        }
        leaders::remove(&mut prepared.image, prepared.ppi);
        prepared
    }

    /// Turned, not straightened.
    pub(super) fn only_turned(&self, turn: Turn) -> Prepared {
        let (w, h) = (self.image.width() as f32, self.image.height() as f32);
        let (image, back) = match turn {
            Turn::None => (self.image.clone(), Affine::IDENTITY),
            Turn::Quarter => (imageops::rotate90(&self.image), Affine([0.0, 1.0, 0.0, -1.0, 0.0, h])),
            Turn::Half => (imageops::rotate180(&self.image), Affine([-1.0, 0.0, w, 0.0, -1.0, h])),
            Turn::ThreeQuarters => (imageops::rotate270(&self.image), Affine([0.0, -1.0, w, 1.0, 0.0, 0.0])),
        };
        let scale = Affine::scale(self.page_size.0 as f32 / w, self.page_size.1 as f32 / h);
        Prepared { image, ppi: self.ppi, to_page: back.then(scale), page_size: self.page_size }
    }

    /// Whether lines of print run from top to bottom: the page lies on its side. Lines make the ink of
    /// neighbouring rows differ; the direction in which it differs more is across them. Counted in strips, so
    /// that skew and columns do not wash it out.
    pub(super) fn lies_on_its_side(&self) -> bool {
        const STRIP: usize = 48;
        // Faded print counts too: without it a worn page has only specks.
        const FADED: u8 = 180;
        let step = (self.ppi / 80).max(1) as usize;
        let (width, height) = (self.image.width() as usize / step, self.image.height() as usize / step);
        if width < STRIP || height < STRIP {
            return false;
        }
        let raw = self.image.as_raw();
        let stride = self.image.width() as usize;
        let ink = |x: usize, y: usize| i64::from(raw[y * step * stride + x * step] < FADED);
        let mut across_rows = 0;
        for strip in 0..width / STRIP {
            let row = |y: usize| (strip * STRIP..(strip + 1) * STRIP).map(|x| ink(x, y)).sum::<i64>();
            across_rows += energy((0..height).map(row));
        }
        let mut across_columns = 0;
        for strip in 0..height / STRIP {
            let column = |x: usize| (strip * STRIP..(strip + 1) * STRIP).map(|y| ink(x, y)).sum::<i64>();
            across_columns += energy((0..width).map(column));
        }
        across_columns > across_rows * 5 / 4
    }
}

/// The sum of squared steps over two places: of an ink profile it is large across lines of print.
fn energy(profile: impl Iterator<Item = i64>) -> i64 {
    let (mut before, mut last, mut sum) = (0, 0, 0);
    for (i, value) in profile.enumerate() {
        if i > 1 {
            sum += (value - before) * (value - before);
        }
        (before, last) = (last, value);
    }
    sum
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

/// The page in grey, and its red seals where red can be told.
fn to_grey(pixels: &DynamicImage, dpi: [f64; 2]) -> (GrayImage, Option<Vec<PixelBox>>) {
    match pixels {
        DynamicImage::ImageLuma8(grey) => (grey.clone(), None),
        DynamicImage::ImageRgb8(rgb) => {
            let red = red::find(rgb, dpi);
            (grey_of_rgb(rgb, &red, [0, 0]), red.seal_boxes(rgb.dimensions()))
        }
        other => (other.to_luma8(), None),
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
    const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    fn scale(x: f32, y: f32) -> Self {
        Self([x, 0.0, 0.0, 0.0, y, 0.0])
    }

    fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let [a, b, c, d, e, f] = self.0;
        [a * x + b * y + c, d * x + e * y + f]
    }

    /// This one first, `next` after it.
    fn then(self, next: Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let [g, h, i, j, k, l] = next.0;
        Self([
            g * a + h * d,
            g * b + h * e,
            g * c + h * f + i,
            j * a + k * d,
            j * b + k * e,
            j * c + k * f + l,
        ])
    }
}
