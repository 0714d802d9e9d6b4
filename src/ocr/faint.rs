//! What is much fainter than the print: the back of a thin paper showing through, a pale ground.
//!
//! The darkest spots of a page's square millimetres are of two kinds then, print and the faint, with little between them.
//! Faded print is of a kind of its own and cannot be told from it by its shade: who reads decides which page says more ([`super::read`]).

use image::{GrayImage, Luma};

/// Side of the squares, pixels: a millimetre at the resolution of reading.
const SQUARE: usize = 8;
/// Squares whose darkest spot is lighter than this are paper.
const PAPER: usize = 240;
/// Print is darker than this in the mean …
const PRINT: f32 = 110.0;
/// … and the faint lighter.
const FAINT: f32 = 150.0;
/// Of all that is not paper so much is faint at least.
const LEAST_FAINT: f32 = 0.3;
/// Between both lie at most so many, as a share of what would lie there were all shades alike.
const MOST_BETWEEN: f32 = 0.6;
/// Light pixels this near to print are its edges.
const EDGE: usize = 2;

/// The page without the faint; none where there is not enough of it, or where it cannot be told from print.
pub(super) fn cleared(image: &GrayImage) -> Option<GrayImage> {
    let limit = parting(image)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let raw = image.as_raw();
    // Print grown by its edges, first along rows, then down columns.
    let mut beside = vec![false; raw.len()];
    for (near, row) in beside.chunks_exact_mut(width).zip(raw.chunks_exact(width)) {
        for x in (0..width).filter(|x| row[*x] < limit) {
            near[x.saturating_sub(EDGE)..(x + EDGE + 1).min(width)].fill(true);
        }
    }
    let near = |x: usize, y: usize| {
        (y.saturating_sub(EDGE)..(y + EDGE + 1).min(height)).any(|y| beside[y * width + x])
    };
    Some(GrayImage::from_fn(image.width(), image.height(), |x, y| {
        let kept = near(x as usize, y as usize);
        Luma([if kept { raw[y as usize * width + x as usize] } else { 255 }])
    }))
}

/// The shade between print and the faint.
fn parting(image: &GrayImage) -> Option<u8> {
    let width = image.width() as usize;
    let mut shades = [0_u32; PAPER];
    for rows in image.as_raw().chunks_exact((width * SQUARE).max(1)) {
        for x in (0..width / SQUARE).map(|column| column * SQUARE) {
            let darkest = rows.chunks_exact(width).flat_map(|row| &row[x..x + SQUARE]).min();
            let darkest = usize::from(darkest.copied().unwrap_or(255));
            if darkest < PAPER {
                shades[darkest] += 1;
            }
        }
    }
    let all: u32 = shades.iter().sum();
    let mean = |range: std::ops::Range<usize>| {
        let (n, sum) =
            range.fold((0, 0), |(n, sum), shade| (n + shades[shade], sum + shade as u32 * shades[shade]));
        (n as f32, sum as f32 / n.max(1) as f32)
    };
    // Otsu's threshold of these shades.
    let spread = |limit: &usize| {
        let ((n, dark), (m, light)) = (mean(0..*limit), mean(*limit..PAPER));
        n * m * (light - dark) * (light - dark)
    };
    let most = (20..PAPER - 20).map(|limit| spread(&limit)).fold(0.0, f32::max);
    let limits: Vec<usize> = (20..PAPER - 20).filter(|limit| spread(limit) >= most).collect();
    let limit = *limits.get(limits.len() / 2)?;
    let ((_, dark), (faint, light)) = (mean(0..limit), mean(limit..PAPER));
    let (low, high) = (limit - 15, limit + 15);
    let between = mean(low..high).0 * PAPER as f32 / (high - low) as f32;
    let told = dark < PRINT
        && light > FAINT
        && faint >= LEAST_FAINT * all as f32
        && between <= MOST_BETWEEN * all as f32;
    told.then_some(limit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters of one shade, and between them those of another.
    fn sheet(print: u8, faint: Option<u8>) -> GrayImage {
        GrayImage::from_fn(800, 800, |x, y| {
            let (letter, stroke) = (x % 20 < 14 && y % 60 < 24, x % 7 < 3);
            let other = x % 22 < 14 && (30..54).contains(&(y % 60)) && x % 5 < 2;
            Luma([match (letter && stroke, other, faint) {
                (true, ..) => print,
                (_, true, Some(faint)) => faint,
                _ => 252,
            }])
        })
    }

    #[test]
    fn the_faint_goes_and_print_with_its_edges_stays() {
        let image = sheet(30, Some(185));
        let clear = cleared(&image).expect("there are two kinds");
        for (x, y, pixel) in clear.enumerate_pixels() {
            let was = image.get_pixel(x, y).0[0];
            assert!(if was == 30 {
                pixel.0[0] == 30
            } else {
                pixel.0[0] >= 252 || y % 60 < 27 || y % 60 > 57
            });
        }
    }

    #[test]
    fn a_page_of_one_kind_is_left_alone() {
        for image in [sheet(30, None), sheet(150, None), sheet(100, Some(140)), GrayImage::new(0, 0)] {
            assert!(cleared(&image).is_none());
        }
        let white = GrayImage::from_pixel(400, 400, Luma([255]));
        assert!(cleared(&white).is_none());
    }
}
