//! The shade of the paper, evened out on the image that is read.
//!
//! An unevenly lit or grey page makes Tesseract's global threshold take shadows for pictures, and the text on them is lost.
//! Evenly white pages, which most are, stay as they are.

use image::GrayImage;

/// Side of the squares in which the paper is measured: larger than letters, smaller than shadows.
const SQUARE: usize = 48;
/// Paper lighter than this everywhere is left alone.
const WHITE: f32 = 238.0;
/// No paper is darker than this share of the page's usual paper; what is, is ink or the scanner's lid.
const DARKEST: f32 = 0.7;

/// On a photograph a shadow may be as dark as this share.
const DARKEST_SHADOW: f32 = 0.3;
/// A shadow's edge on a photograph is so soft that from one square to the next the paper keeps this share at least; pictures and
/// coloured grounds end at once.
const SOFT: f32 = 0.84;

/// Lifts the paper to white; ink is lifted in proportion. On a photograph deeper shadows are lifted too.
pub(super) fn even_out(image: &mut GrayImage, photo: bool) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width < SQUARE || height < SQUARE {
        return;
    }
    let (columns, rows) = (width.div_ceil(SQUARE), height.div_ceil(SQUARE));
    let mut paper: Vec<f32> = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            paper.push(shade(image, column, row));
        }
    }
    let mut sorted = paper.clone();
    sorted.sort_by(f32::total_cmp);
    let usual = sorted[sorted.len() / 2];
    if sorted[sorted.len() / 20] >= WHITE || (usual < 90.0 && !photo) {
        return;
    }
    if photo {
        // Nothing falls faster than a shadow's edge: what does is filled up from around, from both directions.
        let mut fill = |order: &mut dyn Iterator<Item = usize>, back: bool| {
            for i in order {
                let (column, row) = (i % columns, i / columns);
                let left =
                    if back { (column + 1 < columns).then(|| i + 1) } else { (column > 0).then(|| i - 1) };
                let above =
                    if back { (row + 1 < rows).then(|| i + columns) } else { (row > 0).then(|| i - columns) };
                let around = left.into_iter().chain(above).map(|j| paper[j]).fold(0.0, f32::max);
                paper[i] = paper[i].max(around * SOFT);
            }
        };
        fill(&mut (0..columns * rows), false);
        fill(&mut (0..columns * rows).rev(), true);
    }
    let darkest = usual * if photo { DARKEST_SHADOW } else { DARKEST };
    // A square full of ink borrows from its neighbours.
    let lightest: Vec<f32> = (0..paper.len())
        .map(|i| {
            let (column, row) = (i % columns, i / columns);
            let near = |v: usize, n: usize| v.saturating_sub(1)..(v + 2).min(n);
            let around = near(row, rows).flat_map(|r| near(column, columns).map(move |c| r * columns + c));
            let own = paper[i];
            let most = around.map(|j| paper[j]).fold(0.0, f32::max);
            if own < 0.9 * most && !photo { most } else { own }.max(darkest)
        })
        .collect();
    let centre = |v: usize| (v as f32 / SQUARE as f32 - 0.5).max(0.0);
    // Between the centres of squares, straight lines.
    let columns_of: Vec<(usize, usize, f32)> = (0..width)
        .map(|x| {
            let at = centre(x);
            let left = (at as usize).min(columns - 1);
            (left, (left + 1).min(columns - 1), at - left as f32)
        })
        .collect();
    for (y, line) in image.chunks_exact_mut(width).enumerate() {
        let at = centre(y);
        let top = (at as usize).min(rows - 1);
        let (bottom, down) = ((top + 1).min(rows - 1), at - top as f32);
        let blend: Vec<f32> = (0..columns)
            .map(|c| {
                250.0 / (lightest[top * columns + c] * (1.0 - down) + lightest[bottom * columns + c] * down)
            })
            .collect();
        for (pixel, (left, right, across)) in line.iter_mut().zip(&columns_of) {
            let gain = blend[*left] + (blend[*right] - blend[*left]) * across;
            *pixel = (f32::from(*pixel) * gain).min(255.0) as u8;
        }
    }
}

/// The paper in one square: the mean of what is lighter than the mean.
fn shade(image: &GrayImage, column: usize, row: usize) -> f32 {
    let width = image.width() as usize;
    let (x0, x1) = (column * SQUARE, ((column + 1) * SQUARE).min(width));
    let lines = image.as_raw().chunks_exact(width).skip(row * SQUARE).take(SQUARE);
    let (mut sum, mut n) = (0_u32, 0_u32);
    for line in lines.clone() {
        sum += line[x0..x1].iter().map(|p| u32::from(*p)).sum::<u32>();
        n += (x1 - x0) as u32;
    }
    let mean = (sum / n.max(1)) as u8;
    let (mut sum, mut n) = (0_u32, 0_u32);
    for line in lines {
        for p in line[x0..x1].iter().filter(|p| **p >= mean) {
            sum += u32::from(*p);
            n += 1;
        }
    }
    sum as f32 / n.max(1) as f32
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    #[test]
    fn a_shadow_goes_and_ink_stays_dark() {
        let mut image = GrayImage::from_fn(480, 480, |x, y| {
            let paper = 230 - (x / 6) as u8;
            Luma([if y % 24 < 3 && x % 7 < 4 { paper / 5 } else { paper }])
        });
        even_out(&mut image, false);
        for (x, y, p) in image.enumerate_pixels() {
            let ink = y % 24 < 3 && x % 7 < 4;
            assert!(if ink { p.0[0] < 80 } else { p.0[0] > 225 }, "{x} {y} {}", p.0[0]);
        }
    }

    #[test]
    fn white_paper_stays_as_it_is() {
        let mut image = GrayImage::from_fn(480, 480, |x, y| Luma([if (x * y) % 11 == 0 { 10 } else { 250 }]));
        let before = image.clone();
        even_out(&mut image, false);
        assert_eq!(image, before);
        let mut small = GrayImage::from_pixel(5, 5, Luma([100]));
        even_out(&mut small, false);
        assert_eq!(small.get_pixel(0, 0).0[0], 100);
    }
}
