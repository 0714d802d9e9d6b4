//! How far the lines of a page are from level and from parallel. For reading only: the kept image is never turned.
//!
//! The lower edges of ink are projected along many directions on a reduced 1-bit image; along the direction of the
//! lines the projection is sharpest (Bloomberg, Kopec, Dasari: Measuring document image skew and orientation, 1995). The lines of a page that was
//! photographed from the side run towards one point: the projection is then along the pencil of lines through it.

use image::GrayImage;

/// 100 dpi for A4, where 0.05° is one pixel across the page.
const LONGER_SIDE: u32 = 1200;
/// Pages lie askew by up to so many degrees.
const WIDEST: f64 = 15.0;

/// The angle in degrees, within ±15, by which the page has to be turned clockwise for its lines to be level: positive
/// where they rise to the right. 0 where there are no lines to tell. Good to some 0.05° on a page of text.
pub fn skew_angle(page: &GrayImage) -> f32 {
    let Some(edges) = Edges::of(page, LONGER_SIDE) else { return 0.0 };
    let coarse = search(0.0, WIDEST, 0.25, |angle| edges.sharpness(angle, 3));
    // Without lines all directions are much alike: then there is nothing to straighten.
    const LEAST_CONTRAST: f64 = 1.5;
    if coarse.best < coarse.mean * LEAST_CONTRAST {
        return 0.0;
    }
    let fine = search(coarse.angle, 0.4, 0.1, |angle| edges.sharpness(angle, 1));
    let finest = search(fine.angle, 0.12, 0.02, |angle| edges.sharpness(angle, 1));
    finest.angle.clamp(-WIDEST, WIDEST) as f32
}

/// How much sharper the lines of a page are along their own direction than along others within ±15°: 1 where there are none, some times that on a
/// page of text. Along a page that lies on its side it is less.
pub fn line_contrast(page: &GrayImage) -> f64 {
    let Some(edges) = Edges::of(page, LONGER_SIDE / 2) else { return 1.0 };
    let coarse = search(0.0, WIDEST, 0.5, |angle| edges.sharpness(angle, 3));
    coarse.best / coarse.mean.max(1.0)
}

/// Lines that run towards one point beside the page. Where `u` and `v` are pixels from the page's middle, to the right and down, the line
/// through `(0, v)` is `v − (slope + change · v) · u`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convergence {
    /// Of the line through the middle: positive where it rises to the right.
    pub slope: f64,
    /// Of the slope with each pixel down.
    pub change: f64,
}

/// How the lines of a page run towards each other, where they do: by 0.6° to 12° between its top and its bottom. The page has been turned by its
/// [`skew_angle`], which may be that of any of its lines: the middle one is level to some 4°.
pub fn convergence(page: &GrayImage) -> Option<Convergence> {
    const LEAST_FAN: f64 = 0.01;
    const WIDEST_FAN: f64 = 0.2;
    const STEEPEST: f64 = 0.08;
    // Measured: up to 1.14 on 316 flat scans, 1.2 to 3.0 on 20 of 25 photographs whose lines ran together by 1.1° to 5.4°; the other five stay as
    // they are.
    const LEAST_GAIN: f64 = 1.2;
    let rough = Edges::of(page, LONGER_SIDE / 2)?;
    let fan_at = |slope: f64| {
        let height = rough.height as f64;
        search(0.0, WIDEST_FAN, 0.02, |fan| rough.pencil_sharpness(slope, fan / height, 2))
    };
    let slopes = (-4..=4).map(|i| f64::from(i) * STEEPEST / 4.0);
    let (slope, fan) = slopes
        .map(|slope| (slope, fan_at(slope)))
        .max_by(|(_, a), (_, b)| a.best.total_cmp(&b.best))
        .map(|(slope, found)| (slope, found.angle))?;

    let edges = Edges::of(page, LONGER_SIDE)?;
    let height = edges.height as f64;
    let score = |slope: f64, fan: f64, coarseness| edges.pencil_sharpness(slope, fan / height, coarseness);
    let slope = search(slope, 0.02, 0.004, |slope| score(slope, fan, 2)).angle;
    let fan = search(fan, 0.02, 0.004, |fan| score(slope, fan, 2)).angle;
    let slope = search(slope, 0.004, 0.001, |slope| score(slope, fan, 1)).angle;
    let fan = search(fan, 0.006, 0.001, |fan| score(slope, fan, 1)).angle;
    // No sharper than along any parallel lines?
    let level = search(0.0, STEEPEST, 0.004, |slope| score(slope, 0.0, 2)).angle;
    let parallel = search(level, 0.004, 0.001, |slope| score(slope, 0.0, 1)).best;
    let gained = score(slope, fan, 1) >= parallel * LEAST_GAIN;
    let change = fan / (height * edges.factor as f64);
    (gained && fan.abs() >= LEAST_FAN).then_some(Convergence { slope, change })
}

struct Found {
    angle: f64,
    best: f64,
    mean: f64,
}

/// The best of the angles, or slopes, `middle ± reach`. The peak is flat and ragged at its top, so its middle is taken: the mean of the
/// angles that come close to it, each by how close.
fn search(middle: f64, reach: f64, step: f64, score: impl Fn(f64) -> f64) -> Found {
    let count = (reach / step).round() as i32;
    let angles = (-count..=count).map(|i| middle + f64::from(i) * step);
    let scores: Vec<(f64, f64)> = angles.map(|angle| (angle, score(angle))).collect();
    let top = scores.iter().map(|(_, score)| *score).fold(0.0, f64::max);
    let mean = scores.iter().map(|(_, score)| score).sum::<f64>() / scores.len() as f64;
    let peak = scores.iter().position(|(_, score)| *score >= top).unwrap_or(0);
    let near = &scores[peak.saturating_sub(2)..(peak + 3).min(scores.len())];
    let floor = near.iter().map(|(_, score)| *score).fold(top, f64::min);
    let weight: f64 = near.iter().map(|(_, score)| score - floor).sum();
    let angle = match weight > 0.0 {
        true => near.iter().map(|(angle, score)| angle * (score - floor)).sum::<f64>() / weight,
        false => scores[peak].0,
    };
    Found { angle, best: top, mean }
}

/// Places of the reduced image where ink ends downwards, column by column.
struct Edges {
    columns: Vec<Vec<u16>>,
    height: usize,
    /// Pixels of the page a pixel of this.
    factor: usize,
}

impl Edges {
    /// On a page whose longer side becomes about so many pixels.
    fn of(page: &GrayImage, longer_side: u32) -> Option<Self> {
        const FEWEST: usize = 100;
        let factor = (page.width().max(page.height()) as f32 / longer_side as f32).round().max(1.0) as usize;
        let (small, width, height) = reduced(page, factor);
        if width < 50 || height < 50 || height > usize::from(u16::MAX) {
            return None;
        }
        let paper = threshold(&small);
        // Scanners leave dark rims, which follow the glass and not the print.
        let (rim_x, rim_y) = (width / 50, height / 50);
        let mut columns = vec![Vec::new(); width];
        for y in rim_y..height - rim_y - 1 {
            let (row, below) = (&small[y * width..(y + 1) * width], &small[(y + 1) * width..(y + 2) * width]);
            for x in rim_x..width - rim_x {
                if row[x] < paper && below[x] >= paper {
                    columns[x].push(y as u16);
                }
            }
        }
        let edges: usize = columns.iter().map(Vec::len).sum();
        (edges >= FEWEST).then_some(Self { columns, height, factor })
    }

    /// How uneven the projection along a direction is: the squares of its steps, `coarseness` rows to a bin.
    fn sharpness(&self, degrees: f64, coarseness: usize) -> f64 {
        let slope = degrees.to_radians().tan();
        let reach = (slope.abs() * self.columns.len() as f64).ceil() as usize;
        let mut bins = vec![0_i32; (self.height + reach) / coarseness + 2];
        for (x, column) in self.columns.iter().enumerate() {
            let shift = (x as f64 * slope).round() + if slope < 0.0 { reach as f64 } else { 0.0 };
            let shift = shift as usize;
            for y in column {
                bins[(usize::from(*y) + shift) / coarseness] += 1;
            }
        }
        unevenness(&bins)
    }

    /// The same along the lines of a pencil ([`Convergence`], in pixels of this).
    fn pencil_sharpness(&self, slope: f64, change: f64, coarseness: usize) -> f64 {
        let (half_width, half_height) = (self.columns.len() as f64 / 2.0, self.height as f64 / 2.0);
        let at = |u: f64, v: f64| (v + slope * u) / (1.0 - change * u);
        let reach = [-half_width, half_width].map(|u| at(u, half_height).max(-at(u, -half_height)));
        let reach = reach[0].max(reach[1]).max(half_height) + 1.0;
        let mut bins = vec![0_i32; (2.0 * reach) as usize / coarseness + 2];
        for (x, column) in self.columns.iter().enumerate() {
            let u = x as f64 - half_width;
            for y in column {
                let v = at(u, f64::from(*y) - half_height);
                bins[(v + reach) as usize / coarseness] += 1;
            }
        }
        unevenness(&bins)
    }
}

fn unevenness(bins: &[i32]) -> f64 {
    bins.windows(2).map(|pair| i64::from(pair[1] - pair[0]).pow(2)).sum::<i64>() as f64
}

/// The page by means of `factor` × `factor` pixels; what does not fill a block at the right and below is left out.
fn reduced(page: &GrayImage, factor: usize) -> (Vec<u8>, usize, usize) {
    let stride = page.width() as usize;
    let (width, height) = (stride / factor, page.height() as usize / factor);
    if factor == 1 {
        return (page.as_raw().clone(), width, height);
    }
    let mut small = Vec::with_capacity(width * height);
    let mut sums = vec![0_u32; stride];
    let area = (factor * factor) as u32;
    for block in page.as_raw().chunks_exact(stride * factor).take(height) {
        sums.fill(0);
        for row in block.chunks_exact(stride) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += u32::from(*value));
        }
        // A mean of bytes is a byte.
        small.extend(
            sums.chunks_exact(factor).take(width).map(|sums| (sums.iter().sum::<u32>() / area) as u8),
        );
    }
    (small, width, height)
}

/// Otsu's threshold: values below are ink.
fn threshold(values: &[u8]) -> u8 {
    let mut histogram = [0_u64; 256];
    values.iter().for_each(|value| histogram[usize::from(*value)] += 1);
    let count = values.len() as f64;
    let total: f64 = histogram.iter().enumerate().map(|(value, count)| value as f64 * *count as f64).sum();
    let (mut below, mut sum) = (0.0, 0.0);
    let (mut best, mut threshold) = (0.0, 128);
    for (value, bin) in histogram.iter().enumerate().take(255) {
        below += *bin as f64;
        sum += value as f64 * *bin as f64;
        if below == 0.0 || below == count {
            continue;
        }
        let distance = sum / below - (total - sum) / (count - below);
        let between = below * (count - below) * distance * distance;
        if between > best {
            (best, threshold) = (between, value as u8 + 1);
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// Words of letters on lines that rise to the right by `degrees`; two columns and a ragged edge.
    fn text(width: u32, height: u32, degrees: f64) -> GrayImage {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (middle_x, middle_y) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
        let hash = |a: i64, b: i64| {
            (a.wrapping_mul(7919) ^ b.wrapping_mul(104_729)).wrapping_mul(2_654_435_761) >> 7 & 0xff
        };
        GrayImage::from_fn(width, height, |x, y| {
            let (dx, dy) = (f64::from(x) - middle_x, f64::from(y) - middle_y);
            // Back to the level page.
            let (u, v) = (dx * cos - dy * sin, dx * sin + dy * cos);
            let inside = u.abs() < middle_x * 0.75 && v.abs() < middle_y * 0.8 && u.abs() > middle_x * 0.05;
            let (line, in_line) = ((v / 50.0).floor() as i64, v.rem_euclid(50.0));
            let (letter, in_letter) = ((u / 24.0).floor() as i64, u.rem_euclid(24.0));
            let drop = if hash(line, letter) < 40 { 9.0 } else { 0.0 };
            let rise = if hash(letter, line) < 90 { 10.0 } else { 0.0 };
            let ink = inside
                && hash(line, letter / 5) > 20
                && letter % 6 != 0
                && (3.0..20.0).contains(&in_letter)
                && (14.0 - rise..36.0 + drop).contains(&in_line)
                && !((8.0..14.0).contains(&in_letter) && (18.0..32.0).contains(&in_line));
            Luma([if ink { 30 } else { 235 }])
        })
    }

    #[test]
    fn finds_the_angle_of_a_page_of_text() {
        for degrees in [-14.0, -7.3, -2.0, -0.55, -0.1, 0.0, 0.1, 0.3, 1.25, 4.0, 9.9, 14.5] {
            let found = f64::from(skew_angle(&text(1240, 1754, degrees)));
            assert!((found - degrees).abs() <= 0.06, "{degrees}: found {found}");
        }
    }

    #[test]
    fn finds_lines_that_run_towards_each_other_and_none_on_a_flat_page() {
        for degrees in [-0.3, -0.1, 0.0, 0.2, 0.3] {
            assert_eq!(convergence(&text(1240, 1754, degrees)), None, "{degrees}");
        }
        let flat = text(1240, 1754, 0.0);
        for fan in [-0.17, -0.05, -0.02, 0.02, 0.08, 0.15_f64] {
            let change = fan / 1754.0;
            let seen = GrayImage::from_fn(1240, 1754, |x, y| {
                let (u, v) = (f64::from(x) - 620.0, f64::from(y) - 877.0);
                let w = 1.0 - change * u;
                let (x, y) = ((u / w + 620.0).round(), (v / w + 877.0).round());
                let inside = (0.0..1240.0).contains(&x) && (0.0..1754.0).contains(&y);
                if inside { *flat.get_pixel(x as u32, y as u32) } else { Luma([235]) }
            });
            let found = convergence(&seen).unwrap_or_else(|| panic!("{fan}: none"));
            assert!((found.change * 1754.0 - fan).abs() < 0.004, "{fan}: {found:?}");
            assert!(found.slope.abs() < 0.002, "{fan}: {found:?}");
        }
    }

    #[test]
    fn says_level_where_there_are_no_lines() {
        assert_eq!(skew_angle(&GrayImage::from_pixel(1000, 1400, Luma([255]))), 0.0);
        assert_eq!(skew_angle(&GrayImage::from_pixel(1, 1, Luma([0]))), 0.0);
        assert_eq!(skew_angle(&GrayImage::new(0, 0)), 0.0);
        assert_eq!(line_contrast(&GrayImage::new(0, 0)), 1.0);
        assert_eq!(convergence(&GrayImage::new(0, 0)), None);
        let noise = GrayImage::from_fn(1000, 1400, |x, y| {
            Luma([(x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503).rotate_left(9))
                .wrapping_mul(97)
                .to_be_bytes()[1]])
        });
        assert!(skew_angle(&noise).abs() < 15.1);
    }

    #[test]
    #[ignore = "measures: cargo test --release -- --ignored --nocapture deskew"]
    fn takes_milliseconds() {
        let page = text(2480, 3508, 2.5);
        let start = std::time::Instant::now();
        let found = skew_angle(&page);
        eprintln!("{found}° in {:?}", start.elapsed());
        let start = std::time::Instant::now();
        eprintln!("{:?} in {:?}", convergence(&page), start.elapsed());
    }
}
