//! Printed sheets become scans: skew, uneven light, tired paper, noise, blur; or photographs: perspective, a table, a shadow.

use image::{GrayImage, Luma, Rgb, RgbImage};
use imageproc::filter::gaussian_blur_f32;
use imageproc::geometric_transformations::{
    Border, Interpolation, Projection, rotate_about_center, warp_into,
};

use super::dice::{Dice, cloud, hash};
use super::recipe::Wear;

/// What one pass over the glass does to a page.
pub(super) struct Glass {
    skew: f32,
    noise: f32,
    blur: f32,
    shade: f32,
    slope: (f32, f32),
    fade: f32,
    specks: i64,
    crease: Option<f32>,
    paper: [f32; 3],
    /// JPEG quality, 60 to 92.
    pub(super) quality: u8,
    view: Option<View>,
    seed: u64,
}

/// How a telephone looks at a page on a table.
struct View {
    /// Of the page's corners from those of the frame, as shares of its sides: left top, right top, right bottom, left bottom.
    corners: [(f32, f32); 4],
    /// The table's colour.
    table: [f32; 3],
    /// A shadow's edge through this point in this direction, darker by so much on one side.
    shadow: ((f32, f32), f32, f32),
}

/// The longer side of a photograph, pixels.
const PHOTO: u32 = 4032;

impl Glass {
    /// A pass as worn as `wear` says.
    pub(super) fn new(wear: Wear, dice: &mut Dice) -> Self {
        let seed = dice.seed();
        let signed = |dice: &mut Dice, low: f32, high: f32| {
            let size = dice.real(low, high);
            if dice.chance(0.5) { size } else { -size }
        };
        match wear {
            Wear::Clean => Self {
                skew: 0.0,
                noise: 0.0,
                blur: 0.0,
                shade: 0.0,
                slope: (0.0, 0.0),
                fade: 0.0,
                specks: 0,
                crease: None,
                paper: [255.0; 3],
                quality: 90,
                view: None,
                seed,
            },
            Wear::Scan => Self {
                skew: signed(dice, 0.1, 1.0),
                noise: dice.real(2.0, 3.4),
                blur: dice.real(0.55, 0.75),
                shade: dice.real(0.02, 0.05),
                slope: (dice.real(-0.03, 0.03), dice.real(-0.03, 0.03)),
                fade: dice.real(0.0, 0.12),
                specks: dice.whole(5, 40),
                crease: None,
                paper: [dice.real(246.0, 253.0), dice.real(245.0, 252.0), dice.real(240.0, 250.0)],
                quality: dice.whole(64, 76) as u8,
                view: None,
                seed,
            },
            Wear::Old => Self {
                skew: signed(dice, 0.5, 2.0),
                noise: dice.real(5.0, 8.5),
                blur: dice.real(0.75, 1.0),
                shade: dice.real(0.06, 0.13),
                slope: (dice.real(-0.1, 0.1), dice.real(-0.1, 0.1)),
                fade: dice.real(0.15, 0.38),
                specks: dice.whole(80, 260),
                crease: dice.chance(0.6).then(|| dice.real(0.44, 0.56)),
                paper: [dice.real(236.0, 246.0), dice.real(229.0, 240.0), dice.real(206.0, 226.0)],
                quality: dice.whole(60, 74) as u8,
                view: None,
                seed,
            },
            // The issue's own words: 2° askew, noise, JPEG 60.
            Wear::Worn => Self {
                skew: signed(dice, 1.9, 2.1),
                noise: dice.real(5.0, 7.5),
                blur: dice.real(0.6, 0.9),
                shade: dice.real(0.05, 0.1),
                slope: (dice.real(-0.08, 0.08), dice.real(-0.08, 0.08)),
                fade: dice.real(0.1, 0.28),
                specks: dice.whole(60, 200),
                crease: dice.chance(0.4).then(|| dice.real(0.44, 0.56)),
                paper: [dice.real(238.0, 248.0), dice.real(232.0, 243.0), dice.real(212.0, 232.0)],
                quality: 60,
                view: None,
                seed,
            },
            Wear::Phone => Self {
                skew: 0.0,
                noise: dice.real(2.5, 4.5),
                blur: dice.real(0.8, 1.3),
                shade: dice.real(0.1, 0.22),
                slope: (dice.real(-0.25, 0.25), dice.real(-0.25, 0.25)),
                fade: dice.real(0.0, 0.1),
                specks: dice.whole(0, 20),
                crease: dice.chance(0.3).then(|| dice.real(0.44, 0.56)),
                paper: [dice.real(225.0, 248.0), dice.real(222.0, 244.0), dice.real(212.0, 240.0)],
                quality: dice.whole(78, 90) as u8,
                view: Some(View::any(dice)),
                seed,
            },
        }
    }

    /// The scan of `sheet`.
    pub(super) fn pass(&self, sheet: &RgbImage) -> RgbImage {
        let mut page = if self.skew == 0.0 {
            sheet.clone()
        } else {
            let white = Border::Constant(Rgb([255; 3]));
            rotate_about_center(sheet, self.skew.to_radians(), Interpolation::Bilinear, white)
        };
        if let Some(view) = &self.view {
            page = view.of(&page, self.seed);
        }
        if self.noise > 0.0 {
            self.wear(&mut page);
        }
        if self.blur > 0.0 {
            page = gaussian_blur_f32(&page, self.blur);
        }
        page
    }

    fn wear(&self, page: &mut RgbImage) {
        let (width, height) = (page.width() as f32, page.height() as f32);
        let columns = page.width();
        let crease = self.crease.map(|at| at * height);
        for (x, y, pixel) in page.enumerate_pixels_mut() {
            let (u, v) = (x as f32 / width, y as f32 / height);
            let mut light = 1.0 + self.slope.0 * (u - 0.5) + self.slope.1 * (v - 0.5)
                - self.shade * cloud(self.seed, u * 3.0, v * 4.0);
            if let Some(crease) = crease {
                let far = (y as f32 - crease - 12.0 * (u - 0.5)).abs() / height * 3000.0;
                light -= 0.16 * (1.0 - far / 5.0).max(0.0);
            }
            let fade = self.fade * cloud(self.seed ^ 2, u * 60.0, v * 85.0);
            let dice = hash(self.seed, u64::from(y) * u64::from(columns) + u64::from(x));
            // The sum of four uniform numbers is bell-shaped enough; the grain is shared by the colours but for a rest.
            let bell = (0..4).map(|i| (dice >> (8 * i) & 0xff) as f32).sum::<f32>() / 147.8 - 3.45;
            for (channel, (value, paper)) in pixel.0.iter_mut().zip(self.paper).enumerate() {
                let rest = (dice >> (32 + 8 * channel) & 0xff) as f32 / 255.0 - 0.5;
                let inked = f32::from(*value) + (255.0 - f32::from(*value)) * fade;
                *value = (inked / 255.0 * paper * light + self.noise * (bell + 0.8 * rest)).clamp(0.0, 255.0)
                    as u8;
            }
        }
        for speck in 0..self.specks {
            let dice = hash(self.seed ^ 3, speck as u64);
            let (cx, cy) =
                ((dice % u64::from(page.width())) as i64, (dice >> 24) as i64 % i64::from(page.height()));
            let size = 1 + (dice >> 20 & 1) as i64;
            for (dx, dy) in (0..=size).flat_map(|dx| (0..=size).map(move |dy| (dx, dy))) {
                if let Some(pixel) = page.get_pixel_mut_checked((cx + dx) as u32, (cy + dy) as u32) {
                    *pixel = Rgb([90, 86, 80]);
                }
            }
        }
    }
}

impl View {
    fn any(dice: &mut Dice) -> Self {
        let mut corner = || (dice.real(0.02, 0.085), dice.real(0.02, 0.085));
        let corners = [corner(), corner(), corner(), corner()];
        let table =
            dice.pick(&[&[92.0, 66.0, 46.0], &[60.0, 62.0, 66.0], &[128.0, 96.0, 64.0], &[38.0, 46.0, 60.0]]);
        let shadow = (
            (dice.real(0.3, 0.9), dice.real(0.3, 0.9)),
            dice.real(0.0, std::f32::consts::TAU),
            dice.real(0.15, 0.35),
        );
        Self { corners, table: [table[0], table[1], table[2]], shadow }
    }

    /// The photograph of `sheet`: on a table, seen aslant, half of it in a soft shadow.
    fn of(&self, sheet: &RgbImage, seed: u64) -> RgbImage {
        let (w, h) = (sheet.width() as f32, sheet.height() as f32);
        let (width, height) = if h >= w { (PHOTO * 3 / 4, PHOTO) } else { (PHOTO, PHOTO * 3 / 4) };
        let (fw, fh) = (width as f32, height as f32);
        let [a, b, c, d] = self.corners;
        let to = [
            (a.0 * fw, a.1 * fh),
            (fw - b.0 * fw, b.1 * fh),
            (fw - c.0 * fw, fh - c.1 * fh),
            (d.0 * fw, fh - d.1 * fh),
        ];
        let mut photo = RgbImage::new(width, height);
        for (x, y, pixel) in photo.enumerate_pixels_mut() {
            // Grain along the table.
            let grain = 0.75 + 0.5 * cloud(seed ^ 5, x as f32 / 9.0, y as f32 / 260.0);
            *pixel = Rgb(self.table.map(|c| (c * grain).clamp(0.0, 255.0) as u8));
        }
        let table = photo.clone();
        let projection = Projection::from_control_points([(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)], to)
            .expect("four corners apart span a plane");
        let outside = Border::Constant(Rgb([1, 2, 3]));
        warp_into(sheet, projection, Interpolation::Bilinear, outside, &mut photo);
        let ((px, py), angle, dark) = self.shadow;
        let (nx, ny) = (angle.cos(), angle.sin());
        for (x, y, pixel) in photo.enumerate_pixels_mut() {
            if pixel.0 == [1, 2, 3] {
                *pixel = *table.get_pixel(x, y);
            }
            let side = (x as f32 / fw - px) * nx + (y as f32 / fh - py) * ny;
            let light = 1.0 - dark * (side / 0.06 + 0.5).clamp(0.0, 1.0);
            pixel.0 = pixel.0.map(|c| (f32::from(c) * light) as u8);
        }
        photo
    }
}

/// Grey by the usual weights.
pub(super) fn gray(page: &RgbImage) -> GrayImage {
    image::imageops::grayscale(page)
}

/// Black and white as a scanner's text mode makes it: 0 or 255, against the paper's own brightness.
pub(super) fn bilevel(page: &RgbImage) -> GrayImage {
    let mut gray = gray(page);
    let mut counts = [0u32; 256];
    for pixel in gray.pixels() {
        counts[usize::from(pixel.0[0])] += 1;
    }
    let paper = counts.iter().enumerate().max_by_key(|(_, count)| **count).map_or(255, |(value, _)| value);
    let limit = paper as f32 * 0.66;
    for pixel in gray.pixels_mut() {
        *pixel = Luma([if f32::from(pixel.0[0]) < limit { 0 } else { 255 }]);
    }
    gray
}
