//! Printed sheets become scans: skew, uneven light, tired paper, noise, blur.

use image::{GrayImage, Luma, Rgb, RgbImage};
use imageproc::filter::gaussian_blur_f32;
use imageproc::geometric_transformations::{Border, Interpolation, rotate_about_center};

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
    seed: u64,
}

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
                seed,
            },
            Wear::Worn => Self {
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
