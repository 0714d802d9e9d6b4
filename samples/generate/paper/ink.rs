//! What is put on a sheet by hand: the red round seal and the signature in blue.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use ab_glyph::FontVec;
use image::{Rgb, RgbImage};

use super::dice::{Dice, cloud};
use super::sheet::{Sheet, Style};

/// A seal's radius in points: 36 mm across, as for a People's Committee.
pub(super) const SEAL_RADIUS: f32 = 51.0;

/// A round office seal: two rings, a star, the office on the rim. It colours what lies under it, as stamp ink does.
pub(super) struct Seal<'a> {
    /// Along the upper rim.
    pub(super) top: &'a str,
    /// Along the lower rim, upright.
    pub(super) bottom: &'a str,
    /// The rim's face.
    pub(super) font: &'a FontVec,
}

impl Seal<'_> {
    /// Stamps the seal around (`x`, `y`), slightly turned and unevenly inked.
    pub(super) fn stamp(&self, sheet: &mut Sheet, x: f32, y: f32, dice: &mut Dice) {
        let turn = dice.real(-0.16, 0.16);
        let seed = dice.seed();
        let strength = dice.real(0.72, 0.92);
        let color = [dice.real(205.0, 228.0), dice.real(24.0, 52.0), dice.real(38.0, 66.0)];
        let top = self.strip(self.top, 162.0, sheet.dpi);
        let bottom = self.strip(self.bottom, 72.0, sheet.dpi);
        let reach = sheet.px(SEAL_RADIUS + 1.0) as i64;
        let (cx, cy) = (sheet.px(x), sheet.px(y));
        let pixel = 72.0 / sheet.dpi;
        for py in cy as i64 - reach..=cy as i64 + reach {
            for px in cx as i64 - reach..=cx as i64 + reach {
                let (dx, dy) = ((px as f32 + 0.5 - cx) * pixel, (py as f32 + 0.5 - cy) * pixel);
                let radius = dx.hypot(dy);
                if radius > SEAL_RADIUS + 1.0 {
                    continue;
                }
                let angle = dy.atan2(dx) - turn;
                let band = |inner: f32, outer: f32| {
                    ((radius - inner) / pixel + 0.5).min((outer - radius) / pixel + 0.5).clamp(0.0, 1.0)
                };
                let mut cover = band(49.3, 51.0).max(band(47.4, 48.1)).max(band(33.2, 33.9));
                if (34.5..47.0).contains(&radius) {
                    cover = cover.max(rim(&top, wrap(angle + FRAC_PI_2), 46.2 - radius, sheet.dpi));
                    cover = cover.max(rim(&bottom, -wrap(angle - FRAC_PI_2), radius - 35.2, sheet.dpi));
                }
                cover = cover.max(star(angle, radius, 22.0, pixel));
                for side in [2.62, 0.52] {
                    let (sx, sy) = (40.8 * f32::cos(side), 40.8 * f32::sin(side));
                    let (rx, ry) = (radius * angle.cos() - sx, radius * angle.sin() - sy);
                    cover = cover.max(star(ry.atan2(rx), rx.hypot(ry), 3.4, pixel));
                }
                let worn = 0.55 + 0.55 * cloud(seed, dx / 5.0, dy / 5.0)
                    - 0.35 * cloud(seed ^ 1, dx * 1.4, dy * 1.4);
                cover *= strength * worn.clamp(0.15, 1.0);
                if cover > 0.0 {
                    tint(&mut sheet.pixels, px, py, color, cover);
                }
            }
        }
    }

    /// The rim's text laid out straight, at most `room` points long, on a strip 11 points high.
    fn strip(&self, text: &str, room: f32, dpi: f32) -> RgbImage {
        let mut style = Style::new(self.font, 9.0).ink([0; 3]);
        let width = style.width(text);
        if width > room {
            style.size *= room / width;
        }
        let width = style.width(text);
        let px = |points: f32| (points / 72.0 * dpi).ceil() as u32;
        let pixels = RgbImage::from_pixel(px(width + 2.0), px(11.0), Rgb([255; 3]));
        let mut strip = Sheet { pixels, dpi, lines: Vec::new() };
        strip.text(1.0, 9.0, text, style);
        strip.pixels
    }
}

/// A signature: loops along a rising line and a flourish, in blue, about `width` points wide.
pub(super) fn sign(sheet: &mut Sheet, x: f32, y: f32, width: f32, dice: &mut Dice) {
    let color = [dice.whole(12, 40) as u8, dice.whole(30, 70) as u8, dice.whole(140, 190) as u8];
    let (waves, turns) = (dice.real(2.6, 4.6), dice.real(3.0, 6.5));
    let (phase, shift) = (dice.real(0.0, TAU), dice.real(0.0, TAU));
    let (tall, rise) = (dice.real(10.0, 19.0), dice.real(2.0, 14.0));
    let steps = 2600;
    for step in 0..steps {
        let t = step as f32 / steps as f32;
        let fall = 1.0 - 0.55 * t;
        let px = x + width * (t * 0.82 + 0.07 * f32::sin(waves * TAU * t + phase));
        let py = y - rise * t
            + tall * fall * f32::sin(turns * TAU * t + shift) * (0.45 + 0.55 * f32::cos(waves * t * 2.1));
        let nib = 0.55 + 0.35 * f32::sin(turns * TAU * t + shift + 0.9);
        let (px, py) = (sheet.px(px), sheet.px(py));
        sheet.disc(px, py, sheet.dpi / 72.0 * nib.max(0.35), color, 0.55);
    }
    let (sweep, dip) = (dice.real(0.7, 1.05), dice.real(3.0, 9.0));
    for step in 0..1400 {
        let t = step as f32 / 1400.0;
        let px = x + width * sweep * (1.0 - t) + 4.0;
        let py = y + tall * 0.75 + dip * f32::sin(PI * t) - rise * (1.0 - t);
        let (px, py) = (sheet.px(px), sheet.px(py));
        sheet.disc(px, py, sheet.dpi / 72.0 * (0.35 + 0.3 * f32::sin(PI * t)), color, 0.55);
    }
}

/// The angle between −π and π.
fn wrap(angle: f32) -> f32 {
    (angle + PI).rem_euclid(TAU) - PI
}

/// How much ink the rim's strip has at `angle` from its middle and `depth` points from its top.
fn rim(strip: &RgbImage, angle: f32, depth: f32, dpi: f32) -> f32 {
    let x = angle * 40.5 / 72.0 * dpi + strip.width() as f32 / 2.0;
    let y = depth / 72.0 * dpi;
    let at = |x: i64, y: i64| {
        if x < 0 || y < 0 || x >= i64::from(strip.width()) || y >= i64::from(strip.height()) {
            0.0
        } else {
            1.0 - f32::from(strip.get_pixel(x as u32, y as u32).0[0]) / 255.0
        }
    };
    let (left, up) = ((x - 0.5).floor(), (y - 0.5).floor());
    let (u, v) = (x - 0.5 - left, y - 0.5 - up);
    let (left, up) = (left as i64, up as i64);
    (at(left, up) * (1.0 - u) + at(left + 1, up) * u) * (1.0 - v)
        + (at(left, up + 1) * (1.0 - u) + at(left + 1, up + 1) * u) * v
}

/// How much of a pixel lies in a five-pointed star that points up.
fn star(angle: f32, radius: f32, size: f32, pixel: f32) -> f32 {
    if radius > size {
        return 0.0;
    }
    // Within a tenth of the turn the edge is a straight line from the tip to the inner corner.
    let fold = (wrap(angle + FRAC_PI_2).abs() % (TAU / 5.0) - TAU / 10.0).abs();
    let from_tip = TAU / 10.0 - fold;
    let inner = size * 0.381_966;
    let (tip, corner) = ((size, 0.0), (inner * f32::cos(TAU / 10.0), inner * f32::sin(TAU / 10.0)));
    let (x, y) = (radius * from_tip.cos(), radius * from_tip.sin());
    let (ex, ey) = (corner.0 - tip.0, corner.1 - tip.1);
    let inside = (ex * (y - tip.1) - ey * (x - tip.0)) / ex.hypot(ey);
    (inside / pixel + 0.5).clamp(0.0, 1.0)
}

/// Transparent ink: what is dark stays dark.
fn tint(pixels: &mut RgbImage, x: i64, y: i64, color: [f32; 3], cover: f32) {
    if x < 0 || y < 0 || x >= i64::from(pixels.width()) || y >= i64::from(pixels.height()) {
        return;
    }
    for (old, ink) in pixels.get_pixel_mut(x as u32, y as u32).0.iter_mut().zip(color) {
        *old = (f32::from(*old) * (1.0 - cover + cover * ink / 255.0)).round() as u8;
    }
}
