//! Dotted leaders (`Họ tên: ……………`) are taken off the image that is read.
//!
//! Tesseract's layout analysis takes a block of lines on dotted leaders for a picture and drops all its text, and where it
//! does read it, dots become letters. Leaders are rows of small equal dots at an equal pitch: nothing else on paper is. A dot
//! under a letter (ạ, ọ) stands alone and off that pitch, and stays.

use image::GrayImage;

/// A row of so many dots is a leader; an ellipsis has three.
const LEAST_DOTS: usize = 9;
/// The largest dot, in inches: 1.4 pt.
const DOT: f32 = 0.02;
/// The widest pitch, in inches: 6 pt.
const PITCH: f32 = 0.083;
/// Dots hidden by letters: a row goes on over so many pitches.
const HOP: f32 = 14.0;
/// A dot with so many times the usual ink is none of the leader's. Measured on the samples: at most 2.5 in 877 of 879 leaders, 4.6 where
/// the dot below a letter falls on the pitch.
const INK: f32 = 3.0;
/// This share of the steps must be whole pitches.
const REGULAR: f32 = 0.7;

/// One small blob of ink.
#[derive(Clone, Copy, Debug)]
struct Dot {
    x0: u32,
    x1: u32,
    y0: u32,
    y1: u32,
    area: u32,
    /// How much darker than the limit its pixels are, summed: what is larger is darker too, as its middle is not blurred.
    ink: u32,
    /// Touches a run that is too long, or grew too tall: part of something else.
    spoiled: bool,
}

impl Dot {
    fn centre(&self) -> (f32, f32) {
        ((self.x0 + self.x1) as f32 / 2.0, (self.y0 + self.y1) as f32 / 2.0)
    }
}

/// Paints the leaders of a straightened page over with paper.
pub(super) fn remove(image: &mut GrayImage, ppi: u32) {
    let largest = ((ppi as f32 * DOT).round() as u32).max(3);
    let threshold = Threshold::of(image);
    let mut dots = dots(image, &threshold, largest);
    dots.sort_by_key(|d| (d.x0, d.y0));
    for row in rows(&dots, ppi as f32 * PITCH) {
        for dot in row {
            paint(image, &dots[dot], &threshold);
        }
    }
}

/// Side of the squares in which the shade of the paper is measured.
const SQUARE: usize = 32;
/// How far from paper to ink a pixel must be to count: little, for a small dot is pale.
const DARK: f32 = 0.17;

/// What is dark, square by square: paper is lit unevenly.
struct Threshold {
    /// Row by row of squares, one value a column of pixels.
    rows: Vec<Vec<u8>>,
}

impl Threshold {
    fn of(image: &GrayImage) -> Self {
        let width = image.width() as usize;
        let mut histogram = [0_u64; 256];
        for p in image.as_raw() {
            histogram[usize::from(*p)] += 1;
        }
        let mut seen = 0;
        let darkest = image.as_raw().len() as u64 / 100;
        let ink = histogram.iter().position(|n| {
            seen += n;
            seen > darkest
        });
        let ink = ink.unwrap_or(0) as f32;
        let bands = image.as_raw().chunks(SQUARE * width.max(1));
        let rows = bands.map(|band| {
            let mut limits = Vec::with_capacity(width);
            for x in (0..width).step_by(SQUARE) {
                let end = (x + SQUARE).min(width);
                let pixels = || band.chunks_exact(width).flat_map(|row| &row[x..end]);
                let mean = |least: f32| {
                    let (sum, n) = pixels()
                        .filter(|p| f32::from(**p) >= least)
                        .fold((0_u32, 0_u32), |(s, n), p| (s + u32::from(*p), n + 1));
                    sum as f32 / n.max(1) as f32
                };
                // The mean of what is lighter than the mean is paper.
                let paper = mean(mean(0.0));
                let limit = paper - (DARK * (paper - ink)).max(8.0);
                limits.resize(end, limit.max(0.0) as u8);
            }
            limits
        });
        Self { rows: rows.collect() }
    }

    fn row(&self, y: u32) -> &[u8] {
        &self.rows[y as usize / SQUARE]
    }

    fn is_dark(&self, x: u32, y: u32, value: u8) -> bool {
        value < self.row(y)[x as usize]
    }
}

/// Blobs of at most `largest` pixels each way, with nothing dark beside them.
fn dots(image: &GrayImage, threshold: &Threshold, largest: u32) -> Vec<Dot> {
    let width = image.width() as usize;
    let mut done: Vec<Dot> = Vec::new();
    // Blobs that the row above reaches, and its long runs.
    let mut open: Vec<Dot> = Vec::new();
    let mut long_above: Vec<(u32, u32)> = Vec::new();
    for (y, row) in image.as_raw().chunks_exact(width.max(1)).enumerate() {
        let y = y as u32;
        let mut next: Vec<Dot> = Vec::new();
        let mut long: Vec<(u32, u32)> = Vec::new();
        let limits = threshold.row(y);
        let mut first_open = 0;
        let mut x = 0;
        while x < width {
            let dark = |(pixel, limit): (&u8, &u8)| pixel < limit;
            let Some(skip) = row[x..].iter().zip(&limits[x..]).position(dark) else { break };
            let from = x + skip;
            let to =
                row[from..].iter().zip(&limits[from..]).position(|p| !dark(p)).map_or(width, |n| from + n);
            x = to;
            let (x0, x1) = (from as u32, to as u32);
            while first_open < open.len() && open[first_open].x1 < x0 {
                first_open += 1;
            }
            let touching = open[first_open..].iter_mut().take_while(|d| d.x0 <= x1).filter(|d| d.x1 >= x0);
            if x1 - x0 > largest {
                touching.for_each(|d| d.spoiled = true);
                long.push((x0, x1));
                continue;
            }
            let spoiled = long_above.iter().any(|(a, b)| *a <= x1 && x0 <= *b);
            let ink = row[from..to].iter().zip(&limits[from..to]).map(|(p, l)| u32::from(l - p)).sum();
            let mut grown = Dot { x0, x1, y0: y, y1: y + 1, area: x1 - x0, ink, spoiled };
            for above in touching {
                grown = Dot {
                    x0: grown.x0.min(above.x0),
                    x1: grown.x1.max(above.x1),
                    y0: grown.y0.min(above.y0),
                    y1: y + 1,
                    area: grown.area + above.area,
                    ink: grown.ink + above.ink,
                    spoiled: grown.spoiled || above.spoiled,
                };
                // It lives on in the grown one.
                (above.area, above.ink) = (0, 0);
            }
            grown.spoiled |= grown.x1 - grown.x0 > largest || grown.y1 - grown.y0 > largest;
            next.push(grown);
        }
        done.extend(open.drain(..).filter(|d| d.area > 0 && !d.spoiled));
        open = next;
        long_above = long;
    }
    done.extend(open.into_iter().filter(|d| d.area > 0 && !d.spoiled));
    done
}

/// Rows of dots at one pitch, as indices; `dots` ascends in x.
fn rows(dots: &[Dot], widest: f32) -> Vec<Vec<usize>> {
    let mut taken = vec![false; dots.len()];
    let mut found = Vec::new();
    // By height, so that a step looks at few dots.
    const BAND: f32 = 4.0;
    let mut bands: std::collections::BTreeMap<i32, Vec<usize>> = std::collections::BTreeMap::new();
    for (i, dot) in dots.iter().enumerate() {
        bands.entry((dot.centre().1 / BAND) as i32).or_default().push(i);
    }
    for first in 0..dots.len() {
        if taken[first] {
            continue;
        }
        let mut row = vec![first];
        let mut steps: Vec<f32> = Vec::new();
        loop {
            let last = row[row.len() - 1];
            let (x, y) = dots[last].centre();
            // Until the pitch is known, only a close neighbour counts.
            let reach = if steps.len() < 4 { widest } else { median(&steps) * HOP };
            let band = (y / BAND) as i32;
            let candidates = (band - 1..=band + 1).filter_map(|b| bands.get(&b)).filter_map(|members| {
                let from = members.partition_point(|&i| dots[i].centre().0 <= x + 1.5);
                members[from..].iter().copied().find(|&i| !taken[i] && (dots[i].centre().1 - y).abs() <= 1.6)
            });
            let next = candidates.min_by(|&a, &b| dots[a].x0.cmp(&dots[b].x0));
            let Some(next) = next.filter(|&n| dots[n].centre().0 - x <= reach) else { break };
            steps.push(dots[next].centre().0 - x);
            row.push(next);
        }
        if row.len() < LEAST_DOTS {
            continue;
        }
        let pitch = median(&steps);
        let whole = |step: &&f32| {
            let times = (**step / pitch).round().max(1.0);
            (**step - times * pitch).abs() <= (0.25 * pitch).max(1.1)
        };
        if (steps.iter().filter(whole).count() as f32) < REGULAR * steps.len() as f32 {
            continue;
        }
        // What is larger than the others is something else that stands among them.
        let areas: Vec<f32> = row.iter().map(|&i| dots[i].area as f32).collect();
        let inks: Vec<f32> = row.iter().map(|&i| dots[i].ink as f32).collect();
        let usual = Usual { area: median(&areas), ink: median(&inks) };
        for &i in &row {
            taken[i] = true;
        }
        row.retain(|&i| usual.is_like(&dots[i]));
        found.push((row, usual, pitch));
    }
    // What letters cut off: dots on the line of a leader that have a neighbour at its pitch.
    for (row, usual, pitch) in &mut found {
        let ends = (dots[row[0]].centre(), dots[row[row.len() - 1]].centre());
        let slope = (ends.1.1 - ends.0.1) / (ends.1.0 - ends.0.0).max(1.0);
        let on_line = |i: usize| {
            let (x, y) = dots[i].centre();
            let line = ends.0.1 + (x - ends.0.0) * slope;
            (y - line).abs() <= 1.8 && usual.is_like(&dots[i])
        };
        let band = (ends.0.1.min(ends.1.1) / BAND) as i32 - 2..=(ends.0.1.max(ends.1.1) / BAND) as i32 + 2;
        let mut near: Vec<usize> =
            band.filter_map(|b| bands.get(&b)).flatten().copied().filter(|&i| on_line(i)).collect();
        near.sort_by(|&a, &b| dots[a].centre().0.total_cmp(&dots[b].centre().0));
        for pair in near.windows(2) {
            let step = dots[pair[1]].centre().0 - dots[pair[0]].centre().0;
            if (step - *pitch).abs() <= (0.25 * *pitch).max(1.1) {
                row.extend(pair.iter().copied().filter(|&i| !std::mem::replace(&mut taken[i], true)));
            }
        }
    }
    found.into_iter().map(|(row, ..)| row).collect()
}

/// The dot in the middle of a leader's, by size.
struct Usual {
    area: f32,
    ink: f32,
}

impl Usual {
    fn is_like(&self, dot: &Dot) -> bool {
        dot.area as f32 <= self.area * 1.8 + 2.0 && dot.ink as f32 <= self.ink * INK
    }
}

fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted[sorted.len() / 2]
}

/// Paints a dot and its pale rim with the paper beside it; ink that touches the rim stays.
fn paint(image: &mut GrayImage, dot: &Dot, threshold: &Threshold) {
    let (x0, y0) = (dot.x0.saturating_sub(1), dot.y0.saturating_sub(1));
    let (x1, y1) = ((dot.x1 + 1).min(image.width()), (dot.y1 + 1).min(image.height()));
    let mut paper = 0;
    for y in y0..y1 {
        for x in x0..x1 {
            paper = paper.max(image.get_pixel(x, y).0[0]);
        }
    }
    for y in y0..y1 {
        for x in x0..x1 {
            let inside = (dot.x0..dot.x1).contains(&x) && (dot.y0..dot.y1).contains(&y);
            let pixel = &mut image.get_pixel_mut(x, y).0[0];
            if inside || !threshold.is_dark(x, y, *pixel) {
                *pixel = paper;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    fn sheet() -> GrayImage {
        GrayImage::from_pixel(600, 60, Luma([245]))
    }

    fn blot(image: &mut GrayImage, x: u32, y: u32, w: u32, h: u32, shade: u8) {
        for yy in y..y + h {
            for xx in x..x + w {
                image.put_pixel(xx, yy, Luma([shade]));
            }
        }
    }

    fn ink(image: &GrayImage) -> usize {
        image.as_raw().iter().filter(|p| **p < 200).count()
    }

    /// Letters: so that the page has ink to measure by.
    fn letters(image: &mut GrayImage) {
        for i in 0..12 {
            blot(image, 20 + i * 24, 10, 5, 22, 20);
        }
    }

    #[test]
    fn a_leader_goes_and_letters_stay() {
        let mut image = sheet();
        letters(&mut image);
        let before = image.clone();
        for i in 0..90 {
            // A leader that falls by a pixel, with pale and dark dots.
            blot(&mut image, 12 + i * 6, 40 + i / 50, 2, 2, if i % 3 == 0 { 130 } else { 60 });
        }
        remove(&mut image, 240);
        assert_eq!(ink(&image), ink(&before));
    }

    #[test]
    fn what_is_no_leader_stays() {
        let mut image = sheet();
        letters(&mut image);
        // An ellipsis, the dots under letters at no pitch, a row of dashes too long for dots.
        for x in [300, 306, 312] {
            blot(&mut image, x, 40, 2, 2, 30);
        }
        for x in [24, 67, 81, 133, 210, 239, 268, 351, 402, 437, 502, 571] {
            blot(&mut image, x, 50, 3, 3, 30);
        }
        for i in 0..40 {
            blot(&mut image, 10 + i * 14, 5, 9, 2, 30);
        }
        let before = image.clone();
        remove(&mut image, 240);
        assert_eq!(image, before);
    }

    #[test]
    fn a_dot_under_a_letter_on_the_leader_stays() {
        let mut image = sheet();
        letters(&mut image);
        for i in 0..90 {
            blot(&mut image, 12 + i * 6, 40, 2, 2, 60);
        }
        blot(&mut image, 203, 38, 4, 4, 30);
        remove(&mut image, 240);
        assert!((203..207).all(|x| image.get_pixel(x, 39).0[0] == 30));
    }

    #[test]
    fn a_blurred_dot_under_a_letter_at_the_pitch_stays() {
        let mut image = sheet();
        letters(&mut image);
        for i in 0..90 {
            blot(&mut image, 12 + i * 6, 40, 3, 3, 190);
            blot(&mut image, 13 + i * 6, 41, 1, 1, 120);
        }
        // Not twice the area of a leader's dot, and much darker.
        blot(&mut image, 203, 39, 4, 4, 40);
        remove(&mut image, 240);
        assert!((203..207).all(|x| image.get_pixel(x, 40).0[0] == 40));
        assert_eq!(image.get_pixel(301, 41).0[0], 245, "the leader goes");
    }

    #[test]
    fn an_empty_image_is_no_trouble() {
        let mut image = GrayImage::new(0, 0);
        remove(&mut image, 240);
        let mut white = GrayImage::from_pixel(40, 40, Luma([255]));
        remove(&mut white, 240);
        assert!(white.as_raw().iter().all(|p| *p == 255));
    }
}
