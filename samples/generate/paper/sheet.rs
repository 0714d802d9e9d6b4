//! A sheet of A4 paper being printed on: text, rules and leaders in points, and the lines of text as printed.

use ab_glyph::{Font, FontVec, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};
use qrcode::{Color as Module, EcLevel, QrCode};

/// A4's width in points.
pub(super) const WIDTH: f32 = 595.28;
/// A4's height in points.
pub(super) const HEIGHT: f32 = 841.89;

/// Printer's black.
pub(super) const BLACK: [u8; 3] = [24, 24, 28];
/// The red of printed titles and numbers.
pub(super) const RED: [u8; 3] = [200, 28, 40];

/// How text looks.
#[derive(Clone, Copy)]
pub(super) struct Style<'a> {
    /// The face.
    pub(super) font: &'a FontVec,
    /// Size in points.
    pub(super) size: f32,
    /// Ink.
    pub(super) color: [u8; 3],
}

impl<'a> Style<'a> {
    /// Black text of `size` points.
    pub(super) fn new(font: &'a FontVec, size: f32) -> Self {
        Self { font, size, color: BLACK }
    }

    /// The same in another ink.
    pub(super) fn ink(self, color: [u8; 3]) -> Self {
        Self { color, ..self }
    }

    /// How wide `text` is, in points.
    pub(super) fn width(&self, text: &str) -> f32 {
        let em = self.font.units_per_em().unwrap_or(1000.0);
        let mut units = 0.0;
        let mut before = None;
        for c in text.chars() {
            let id = self.font.glyph_id(c);
            if let Some(before) = before {
                units += self.font.kern_unscaled(before, id);
            }
            units += self.font.h_advance_unscaled(id);
            before = Some(id);
        }
        units / em * self.size
    }

    /// `text` broken into lines: the first at most `first` wide, the others `rest`.
    pub(super) fn wrap(&self, text: &str, first: f32, rest: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let room = if lines.len() == 1 { first } else { rest };
            let line = lines.last_mut().expect("there is always a line");
            let tried = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if line.is_empty() || self.width(&tried) <= room {
                *line = tried;
            } else {
                lines.push(word.to_owned());
            }
        }
        lines
    }
}

/// A page under the press.
pub(super) struct Sheet {
    /// The pixels.
    pub(super) pixels: RgbImage,
    /// Pixels an inch.
    pub(super) dpi: f32,
    /// Lines of text in reading order.
    pub(super) lines: Vec<String>,
}

impl Sheet {
    /// An empty white sheet.
    pub(super) fn new(dpi: u32) -> Self {
        Self::sized(dpi, WIDTH, HEIGHT)
    }

    /// An empty white sheet of another size in points.
    pub(super) fn sized(dpi: u32, width: f32, height: f32) -> Self {
        let side = |points: f32| (points / 72.0 * dpi as f32).round() as u32;
        let pixels = RgbImage::from_pixel(side(width), side(height), Rgb([255; 3]));
        Self { pixels, dpi: dpi as f32, lines: Vec::new() }
    }

    /// Notes that `line` is printed, after all lines before it.
    pub(super) fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Points to pixels.
    pub(super) fn px(&self, points: f32) -> f32 {
        points / 72.0 * self.dpi
    }

    /// Covers a pixel with `color` by `cover` (0 to 1).
    pub(super) fn blend(&mut self, x: i64, y: i64, color: [u8; 3], cover: f32) {
        if x < 0 || y < 0 || x >= i64::from(self.pixels.width()) || y >= i64::from(self.pixels.height()) {
            return;
        }
        let pixel = self.pixels.get_pixel_mut(x as u32, y as u32);
        for (old, new) in pixel.0.iter_mut().zip(color) {
            *old = (f32::from(*old) * (1.0 - cover) + f32::from(new) * cover).round() as u8;
        }
    }

    /// Prints `text` from `x` on the baseline `y`, with `space` points added to every blank; returns where it ends.
    pub(super) fn text_spaced(&mut self, x: f32, y: f32, text: &str, style: Style<'_>, space: f32) -> f32 {
        let em = style.font.units_per_em().unwrap_or(1000.0);
        let scale = PxScale::from(self.px(style.size) * style.font.height_unscaled() / em);
        let font = style.font.as_scaled(scale);
        let mut pen = self.px(x);
        let mut before = None;
        for c in text.chars() {
            let id = font.glyph_id(c);
            if let Some(before) = before {
                pen += font.kern(before, id);
            }
            let glyph = id.with_scale_and_position(scale, point(pen, self.px(y)));
            if let Some(outline) = style.font.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                outline.draw(|gx, gy, cover| {
                    let (px, py) = (corner.x as i64 + i64::from(gx), corner.y as i64 + i64::from(gy));
                    self.blend(px, py, style.color, cover.clamp(0.0, 1.0));
                });
            }
            pen += font.h_advance(id);
            if c == ' ' {
                pen += self.px(space);
            }
            before = Some(id);
        }
        pen * 72.0 / self.dpi
    }

    /// Prints `text` from `x` on the baseline `y`; returns where it ends.
    pub(super) fn text(&mut self, x: f32, y: f32, text: &str, style: Style<'_>) -> f32 {
        self.text_spaced(x, y, text, style, 0.0)
    }

    /// Prints `text` around `center` and notes the line.
    pub(super) fn centered(&mut self, center: f32, y: f32, text: &str, style: Style<'_>) {
        self.text(center - style.width(text) / 2.0, y, text, style);
        self.say(text);
    }

    /// A thin line.
    pub(super) fn rule(&mut self, x0: f32, x1: f32, y: f32) {
        let thick = self.px(0.7).max(1.0).round() as i64;
        let top = self.px(y).round() as i64;
        for py in top..top + thick {
            for px in self.px(x0).round() as i64..self.px(x1).round() as i64 {
                self.blend(px, py, BLACK, 0.85);
            }
        }
    }

    /// A frame.
    pub(super) fn frame(&mut self, x0: f32, y0: f32, x1: f32, y1: f32, color: [u8; 3]) {
        let [x0, y0, x1, y1] = [x0, y0, x1, y1].map(|v| self.px(v).round() as i64);
        let thick = self.px(1.2).max(1.0).round() as i64;
        for y in y0..=y1 {
            for x in x0..=x1 {
                if x - x0 < thick || x1 - x < thick || y - y0 < thick || y1 - y < thick {
                    self.blend(x, y, color, 0.85);
                }
            }
        }
    }

    /// A QR code of level M, `size` points wide.
    pub(super) fn code(&mut self, x: f32, y: f32, size: f32, text: &str) {
        let code =
            QrCode::with_error_correction_level(text, EcLevel::M).expect("what papers say fits into a code");
        let n = code.width();
        let edge = |from: f32, i: usize| self.px(from + size * i as f32 / n as f32).round() as i64;
        let dark: Vec<[i64; 4]> = (0..n * n)
            .filter(|i| code[(i % n, i / n)] == Module::Dark)
            .map(|i| [edge(x, i % n), edge(y, i / n), edge(x, i % n + 1), edge(y, i / n + 1)])
            .collect();
        for [x0, y0, x1, y1] in dark {
            for py in y0..y1 {
                for px in x0..x1 {
                    self.blend(px, py, BLACK, 1.0);
                }
            }
        }
    }

    /// A row of dots from `x0` to `x1` at height `y`.
    pub(super) fn leader(&mut self, x0: f32, x1: f32, y: f32) {
        let mut x = x0;
        while x < x1 {
            self.disc(self.px(x), self.px(y), self.px(0.42), BLACK, 0.75);
            x += 2.6;
        }
    }

    /// A soft-edged disc; centre and radius in pixels.
    pub(super) fn disc(&mut self, x: f32, y: f32, radius: f32, color: [u8; 3], strength: f32) {
        let reach = radius + 1.0;
        for py in (y - reach).floor() as i64..=(y + reach).ceil() as i64 {
            for px in (x - reach).floor() as i64..=(x + reach).ceil() as i64 {
                let far = (px as f32 + 0.5 - x).hypot(py as f32 + 0.5 - y);
                let cover = (radius + 0.5 - far).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.blend(px, py, color, cover * strength);
                }
            }
        }
    }
}
