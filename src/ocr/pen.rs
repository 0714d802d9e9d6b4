//! Blue ink on paper: a signature, whose strokes run through the name under it.
//!
//! Print is black or red, people sign in blue. Blue print, small stamps of names and dates stay: what counts as strokes of a pen
//! is thin, tall and wide. Where such strokes lie, blue ink counts as paper and black as ink.

use image::{GrayImage, RgbImage};

use crate::geom::PixelBox;

/// The strokes of a pen on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pen {
    /// Around each signature, in pixels of the page.
    pub(super) strokes: Vec<PixelBox>,
    /// Where they lie, in cells.
    cells: Vec<bool>,
    width: usize,
    cell: [f64; 2],
}

/// Cells a millimetre.
const CELLS_PER_MM: f64 = 2.0;
/// A signature is at least so wide and so high, in millimetres; a line of print is lower.
const LEAST_WIDTH: f64 = 12.0;
const LEAST_HEIGHT: f64 = 6.0;
/// And no larger: a frame, a map, a picture.
const MOST_WIDTH: f64 = 90.0;
const MOST_HEIGHT: f64 = 60.0;
/// Strokes cover at most this share of their box; print and stamps cover more. Measured: 0.08 to 0.22 for the samples' signatures.
const MOST_FILL: f64 = 0.3;
/// A piece of blue so near to a signature, in millimetres, is of it.
const PIECE: f64 = 2.0;
/// Where more of a page is blue, blue is the paper or a picture.
const MOST_BLUE: f64 = 0.1;

/// How much bluer than anything else a pixel is.
fn blueness([r, g, b]: [u8; 3]) -> u8 {
    b.saturating_sub(r.max(g))
}

/// Blue ink: dark, unlike a pale ground of blue lines.
fn is_blue(pixel: [u8; 3]) -> bool {
    blueness(pixel) >= 32 && pixel[0] < 150
}

pub(super) fn find(image: &RgbImage, dpi: [f64; 2]) -> Pen {
    let cell = dpi.map(|d| (d / 25.4 / CELLS_PER_MM).max(1.0));
    let width = ((f64::from(image.width()) / cell[0]) as usize).max(1);
    let height = ((f64::from(image.height()) / cell[1]) as usize).max(1);
    let mut blue = vec![false; width * height];
    let raw = image.as_raw();
    let stride = image.width() as usize * 3;
    let last = [image.width() as usize - 1, image.height() as usize - 1];
    // Three samples across and down: a stroke is as wide as a cell.
    let at = |i: usize, size: f64, last: usize| (((i as f64 + 0.5) / 3.0 * size) as usize).min(last);
    for j in 0..height * 3 {
        let row = &raw[at(j, cell[1], last[1]) * stride..][..stride];
        for i in 0..width * 3 {
            let x = at(i, cell[0], last[0]) * 3;
            if is_blue([row[x], row[x + 1], row[x + 2]]) {
                blue[j / 3 * width + i / 3] = true;
            }
        }
    }
    if blue.iter().filter(|b| **b).count() as f64 > MOST_BLUE * (width * height) as f64 {
        return Pen::default();
    }
    let mut pen = Pen { strokes: Vec::new(), cells: vec![false; width * height], width, cell };
    let mut seen = vec![false; width * height];
    let mut pieces = Vec::new();
    for start in 0..blue.len() {
        if !blue[start] || seen[start] {
            continue;
        }
        let blob = blob(&blue, &mut seen, width, start);
        let bounds = bounds(&blob, width);
        if is_signature(&blob, bounds) {
            pen.take(&blob, bounds, image.dimensions());
        } else {
            pieces.push((blob, bounds));
        }
    }
    // Print that a stroke runs through cuts pieces off it.
    let signatures = pen.strokes.len();
    for (blob, bounds) in pieces {
        let near = |stroke: &PixelBox| {
            let reach = cell.map(|c| (PIECE * CELLS_PER_MM * c) as u32);
            let [x0, y0, x1, y1] = pen.pixels(bounds, image.dimensions());
            x0 < stroke.x1 + reach[0]
                && stroke.x0 < x1 + reach[0]
                && y0 < stroke.y1 + reach[1]
                && stroke.y0 < y1 + reach[1]
        };
        if let Some(at) = pen.strokes[..signatures].iter().position(near) {
            let whole = pen.strokes[at];
            pen.take(&blob, bounds, image.dimensions());
            if let Some(piece) = pen.strokes.pop() {
                pen.strokes[at] = whole.union(&piece);
            }
        }
    }
    pen
}

/// The cells that hang together with one; a gap of one cell parts nothing.
fn blob(blue: &[bool], seen: &mut [bool], width: usize, start: usize) -> Vec<usize> {
    let height = blue.len() / width;
    let mut blob = vec![start];
    seen[start] = true;
    let mut next = 0;
    while let Some(&at) = blob.get(next) {
        next += 1;
        let (x, y) = (at % width, at / width);
        for y in y.saturating_sub(2)..(y + 3).min(height) {
            for x in x.saturating_sub(2)..(x + 3).min(width) {
                let near = y * width + x;
                if blue[near] && !seen[near] {
                    seen[near] = true;
                    blob.push(near);
                }
            }
        }
    }
    blob
}

/// First column and row and last column and row of a blob.
fn bounds(blob: &[usize], width: usize) -> [usize; 4] {
    let fold = |[x0, y0, x1, y1]: [usize; 4], i: &usize| {
        let (x, y) = (i % width, i / width);
        [x0.min(x), y0.min(y), x1.max(x), y1.max(y)]
    };
    blob.iter().fold([usize::MAX, usize::MAX, 0, 0], fold)
}

/// Whether a blob is as a signature is.
fn is_signature(blob: &[usize], [x0, y0, x1, y1]: [usize; 4]) -> bool {
    let millimetres = |a: usize, b: usize| (b - a + 1) as f64 / CELLS_PER_MM;
    let (wide, high) = (millimetres(x0, x1), millimetres(y0, y1));
    let fill = blob.len() as f64 / ((x1 - x0 + 1) * (y1 - y0 + 1)) as f64;
    let size = (LEAST_WIDTH..=MOST_WIDTH).contains(&wide) && (LEAST_HEIGHT..=MOST_HEIGHT).contains(&high);
    size && fill <= MOST_FILL
}

impl Pen {
    /// Cells as pixels of the page.
    fn pixels(&self, [x0, y0, x1, y1]: [usize; 4], page: (u32, u32)) -> [u32; 4] {
        let edge = |cells: usize, size: f64, limit: u32| ((cells as f64 * size) as u32).min(limit);
        let [w, h] = self.cell;
        [edge(x0, w, page.0), edge(y0, h, page.1), edge(x1 + 1, w, page.0), edge(y1 + 1, h, page.1)]
    }

    fn take(&mut self, blob: &[usize], bounds: [usize; 4], page: (u32, u32)) {
        let height = self.cells.len() / self.width;
        for &i in blob {
            let (x, y) = (i % self.width, i / self.width);
            // A stroke's pale rim and its thin ends are bluish only.
            for y in y.saturating_sub(2)..(y + 3).min(height) {
                let row = y * self.width;
                self.cells[row + x.saturating_sub(2)..row + (x + 3).min(self.width)].fill(true);
            }
        }
        let [x0, y0, x1, y1] = self.pixels(bounds, page);
        self.strokes.push(PixelBox::new(x0, y0, x1, y1));
    }

    /// Makes paper of the strokes in the page's grey image.
    pub(super) fn lift(&self, rgb: &RgbImage, grey: &mut GrayImage) {
        let margin = self.cell.map(|c| (2.0 * c) as u32 + 1);
        for stroke in &self.strokes {
            for y in stroke.y0.saturating_sub(margin[1])..(stroke.y1 + margin[1]).min(rgb.height()) {
                let row = (f64::from(y) / self.cell[1]) as usize * self.width;
                for x in stroke.x0.saturating_sub(margin[0])..(stroke.x1 + margin[0]).min(rgb.width()) {
                    let column = ((f64::from(x) / self.cell[0]) as usize).min(self.width - 1);
                    if self.cells.get(row + column).is_some_and(|c| *c) {
                        let value = &mut grey.get_pixel_mut(x, y).0[0];
                        *value = bleached(rgb.get_pixel(x, y).0, *value);
                    }
                }
            }
        }
    }
}

/// Makes paper of all blue in a grey image: of a part of a page that a signature runs through.
pub(super) fn bleach(rgb: &RgbImage, grey: &mut GrayImage) {
    for (pixel, value) in rgb.pixels().zip(grey.iter_mut()) {
        *value = bleached(pixel.0, *value);
    }
}

/// Blue ink reflects blue nearly as paper does; what it lacks is added from its blueness.
fn bleached(pixel: [u8; 3], grey: u8) -> u8 {
    let blueness = blueness(pixel);
    if blueness < 12 {
        return grey;
    }
    grey.max(pixel[2].saturating_add(blueness).saturating_add(blueness / 2))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    const BLUE: Rgb<u8> = Rgb([20, 50, 160]);
    const BLACK: Rgb<u8> = Rgb([15, 15, 18]);

    /// A wave of blue over black print, at 200 pixels an inch.
    fn signed() -> RgbImage {
        RgbImage::from_fn(800, 600, |x, y| {
            let wave = 300.0 + 40.0 * (x as f32 / 25.0).sin();
            let stroke = (200..480).contains(&x) && (y as f32 - wave).abs() < 4.0;
            match (stroke, (300..320).contains(&y) && (180..500).contains(&x) && x % 16 < 9) {
                (_, true) => BLACK,
                (true, false) => BLUE,
                _ => Rgb([250, 250, 245]),
            }
        })
    }

    #[test]
    fn a_signature_becomes_paper_and_the_print_under_it_stays() {
        let image = signed();
        let pen = find(&image, [200.0; 2]);
        assert_eq!(pen.strokes.len(), 1, "{:?}", pen.strokes);
        let stroke = pen.strokes[0];
        assert!(stroke.x0.abs_diff(200) < 8 && stroke.x1.abs_diff(480) < 8, "{stroke:?}");
        let mut grey = image::imageops::grayscale(&image);
        pen.lift(&image, &mut grey);
        for (x, y, pixel) in image.enumerate_pixels() {
            let value = grey.get_pixel(x, y).0[0];
            assert_eq!(value < 128, *pixel == BLACK, "{x} {y} {pixel:?} {value}");
        }
        let part = image::imageops::crop_imm(&image, 150, 250, 400, 120).to_image();
        let mut grey = image::imageops::grayscale(&part);
        bleach(&part, &mut grey);
        assert!(part.enumerate_pixels().all(|(x, y, p)| (grey.get_pixel(x, y).0[0] < 128) == (*p == BLACK)));
    }

    #[test]
    fn blue_print_and_blue_paper_are_no_signature() {
        // Letters: bars of 2.5 mm, a millimetre apart.
        let print = RgbImage::from_fn(800, 600, |x, y| {
            let letter = (300..320).contains(&y) && x % 16 < 9 && (100..700).contains(&x);
            if letter { BLUE } else { Rgb([250, 250, 245]) }
        });
        assert_eq!(find(&print, [200.0; 2]).strokes, []);
        let paper = RgbImage::from_pixel(800, 600, Rgb([90, 120, 190]));
        assert_eq!(find(&paper, [200.0; 2]).strokes, []);
        // A filled stamp.
        let stamp = RgbImage::from_fn(800, 600, |x, y| {
            if (200..400).contains(&x) && (200..300).contains(&y) { BLUE } else { Rgb([250, 250, 245]) }
        });
        assert_eq!(find(&stamp, [200.0; 2]).strokes, []);
    }
}
