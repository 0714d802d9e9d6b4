//! A bright sheet on a darker ground: where its four corners lie on a photograph.
//!
//! Light falls unevenly on a photograph, so edges are looked for by ratios (steps of the logarithm of brightness) and not by one threshold:
//! from ground to sheet the brightness rises at once, on one straight line, over most of a side. A flat scan, whose rim is
//! paper, is told by a look at its rim alone.

use image::DynamicImage;

/// The corners of a sheet, clockwise from the left top, in pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Corners(pub(super) [[f64; 2]; 4]);

/// The longer side of the image on which edges are looked for.
const LONGER_SIDE: u32 = 512;
/// The least step of the logarithm of brightness from ground to sheet: a fifth brighter.
const LEAST_STEP: f32 = 0.18;
/// An edge is found along this share of its side at least.
const LEAST_COVER: f32 = 0.55;
/// Edges are looked for up to this slope from upright or level: 19°.
const STEEPEST: f32 = 0.35;
/// A sheet takes up this share of its picture at least.
const LEAST_AREA: f64 = 0.2;

/// The corners of the one sheet on a photograph; none where the picture is the sheet, or where no sheet is told from its ground.
pub(super) fn find(pixels: &DynamicImage) -> Option<Corners> {
    let (width, height) = (pixels.width(), pixels.height());
    if width.min(height) < 64 || rim_is_paper(pixels) {
        return None;
    }
    let small = Logarithms::of(pixels);
    let mut sides = [[0.0; 2]; 4];
    for (side, line) in Side::ALL.into_iter().zip(&mut sides) {
        *line = small.edge(side)?;
    }
    let [left, top, right, bottom] = sides;
    let corner = |upright: [f64; 2], level: [f64; 2]| {
        // x = a + b y and y = c + d x.
        let x = (upright[0] + upright[1] * level[0]) / (1.0 - upright[1] * level[1]);
        let [fx, fy] = small.factor;
        [x * fx, (level[0] + level[1] * x) * fy]
    };
    let corners =
        Corners([corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)]);
    corners.plausible(f64::from(width), f64::from(height)).then_some(corners)
}

impl Corners {
    /// Lengths of the sides: the mean of top and bottom, of left and right.
    pub(super) fn sides(&self) -> [f64; 2] {
        let [a, b, c, d] = self.0;
        let length = |p: [f64; 2], q: [f64; 2]| (p[0] - q[0]).hypot(p[1] - q[1]);
        [(length(a, b) + length(d, c)) / 2.0, (length(a, d) + length(b, c)) / 2.0]
    }

    /// Whether this may be a sheet: convex, large, within the picture, and more than a rim around it is left out.
    fn plausible(&self, width: f64, height: f64) -> bool {
        let p = &self.0;
        let outside = 0.03 * width.max(height);
        let inside = p.iter().all(|[x, y]| {
            (-outside..width + outside).contains(x) && (-outside..height + outside).contains(y)
        });
        let mut area = 0.0;
        let mut convex = true;
        for i in 0..4 {
            let (a, b, c) = (p[i], p[(i + 1) % 4], p[(i + 2) % 4]);
            let (u, v) = ([b[0] - a[0], b[1] - a[1]], [c[0] - b[0], c[1] - b[1]]);
            let sine = (u[0] * v[1] - u[1] * v[0]) / (u[0].hypot(u[1]) * v[0].hypot(v[1])).max(1e-9);
            convex &= sine > 0.8; // corners of 53° to 127°
            area += (a[0] * b[1] - b[0] * a[1]) / 2.0;
        }
        inside && convex && area > LEAST_AREA * width * height
    }
}

/// Whether the picture's rim is as bright as what is inside: a flat scan. Looks at some thousand pixels.
fn rim_is_paper(pixels: &DynamicImage) -> bool {
    let (width, height) = (pixels.width(), pixels.height());
    let shade = Shade::of(pixels);
    let inside = |i: u32, n: u32, side: u32| side / 10 + side * 8 / 10 * i / n;
    let mut paper: Vec<u8> = Vec::new();
    for (i, j) in (0..48).flat_map(|i| (0..48).map(move |j| (i, j))) {
        paper.push(shade.at(inside(i, 48, width), inside(j, 48, height)));
    }
    paper.sort_unstable();
    let paper = f32::from(paper[paper.len() * 3 / 4]);
    // A scanner's own rim may be black or white for a millimetre or two: just inside of it.
    let rim = |at: u32| {
        let (x, y) =
            (width / 100 + (width - width / 50) * at / 128, height / 100 + (height - height / 50) * at / 128);
        [
            (x.min(width - 1), height / 100),
            (x.min(width - 1), height - 1 - height / 100),
            (width / 100, y.min(height - 1)),
            (width - 1 - width / 100, y.min(height - 1)),
        ]
    };
    let mut dark_sides = [0_u32; 4];
    for at in 0..128 {
        for (side, (x, y)) in rim(at).into_iter().enumerate() {
            dark_sides[side] += u32::from(f32::from(shade.at(x, y)) < paper * 0.85);
        }
    }
    dark_sides.iter().filter(|dark| **dark > 64).count() < 2
}

/// The brightness of single pixels.
enum Shade<'a> {
    Grey(&'a image::GrayImage),
    Rgb(&'a image::RgbImage),
    Other(Box<image::GrayImage>),
}

impl<'a> Shade<'a> {
    fn of(pixels: &'a DynamicImage) -> Self {
        match pixels {
            DynamicImage::ImageLuma8(grey) => Self::Grey(grey),
            DynamicImage::ImageRgb8(rgb) => Self::Rgb(rgb),
            other => Self::Other(Box::new(other.to_luma8())),
        }
    }

    fn at(&self, x: u32, y: u32) -> u8 {
        match self {
            Self::Grey(grey) => grey.get_pixel(x, y).0[0],
            Self::Other(grey) => grey.get_pixel(x, y).0[0],
            // Green alone is near enough to brightness for this.
            Self::Rgb(rgb) => rgb.get_pixel(x, y).0[1],
        }
    }
}

/// A side of the sheet.
#[derive(Clone, Copy, Debug)]
enum Side {
    Left,
    Top,
    Right,
    Bottom,
}

impl Side {
    const ALL: [Self; 4] = [Self::Left, Self::Top, Self::Right, Self::Bottom];
}

/// Logarithms of brightness on a reduced picture.
struct Logarithms {
    width: usize,
    height: usize,
    /// Pixels of the picture a pixel of this.
    factor: [f64; 2],
    values: Vec<f32>,
}

/// A place where the brightness rises inwards.
struct Rise {
    /// Along the side.
    along: f32,
    /// From the picture's edge inwards.
    depth: f32,
}

impl Logarithms {
    fn of(pixels: &DynamicImage) -> Self {
        let (width, height) = (pixels.width(), pixels.height());
        let step = (width.max(height) / LONGER_SIDE).max(1);
        let shade = Shade::of(pixels);
        let (w, h) = ((width / step) as usize, (height / step) as usize);
        // Some pixels of each block say enough, and a large picture takes no longer than a small one.
        let inner = step.min(4);
        let offsets: Vec<u32> = (0..inner).map(|i| (2 * i + 1) * step / (2 * inner)).collect();
        let mut values = Vec::with_capacity(w * h);
        for y in 0..h as u32 {
            for x in 0..w as u32 {
                let mut sum = 0_u32;
                for dy in &offsets {
                    for dx in &offsets {
                        sum += u32::from(shade.at(x * step + dx, y * step + dy));
                    }
                }
                let mean = sum as f32 / (inner * inner) as f32;
                values.push(mean.max(6.0).ln());
            }
        }
        Self { width: w, height: h, factor: [f64::from(step); 2], values }
    }

    /// How long a side is, and how deep the picture is from it.
    fn extent(&self, side: Side) -> (usize, usize) {
        match side {
            Side::Left | Side::Right => (self.height, self.width),
            Side::Top | Side::Bottom => (self.width, self.height),
        }
    }

    fn at(&self, side: Side, along: usize, depth: usize) -> f32 {
        let (x, y) = match side {
            Side::Left => (depth, along),
            Side::Right => (self.width - 1 - depth, along),
            Side::Top => (along, depth),
            Side::Bottom => (along, self.height - 1 - depth),
        };
        self.values[y * self.width + x]
    }

    /// The places on the outer half of a side's depth where all that is outside is darker than what is inside.
    fn rises(&self, side: Side) -> Vec<Rise> {
        const NEAR: usize = 3;
        const FAR: usize = 10;
        let (length, depth) = self.extent(side);
        let mut rises = Vec::new();
        let mut steps = vec![0.0_f32; depth / 2];
        for along in 0..length {
            let line: Vec<f32> = (0..depth).map(|d| self.at(side, along, d)).collect();
            let mean = |from: usize, to: usize| {
                let part = &line[from..to.max(from + 1)];
                part.iter().sum::<f32>() / part.len() as f32
            };
            for (d, step) in steps.iter_mut().enumerate().skip(2) {
                let inside = mean(d, d + NEAR).min(mean(d + NEAR, d + 2 * NEAR) + 0.1);
                let outside = mean(d.saturating_sub(NEAR), d - 1)
                    .max(mean(d.saturating_sub(FAR), d.saturating_sub(NEAR)));
                *step = inside - outside;
            }
            for d in 2..steps.len().saturating_sub(1) {
                let step = steps[d];
                if step >= LEAST_STEP && step > steps[d - 1] && step >= steps[d + 1] {
                    // Between pixels: the step is highest where the parabola through three is.
                    let (before, after) = (steps[d - 1], steps[d + 1]);
                    let curve = before - 2.0 * step + after;
                    let shift = if curve < -1e-6 { 0.5 * (before - after) / curve } else { 0.0 };
                    rises.push(Rise { along: along as f32 + 0.5, depth: d as f32 + shift.clamp(-0.5, 0.5) });
                }
            }
        }
        rises
    }

    /// A side's line in pixels of this: for left and right `x = a + b y`, for top and bottom `y = a + b x`.
    fn edge(&self, side: Side) -> Option<[f64; 2]> {
        let rises = self.rises(side);
        let (length, depth) = self.extent(side);
        let middle = length as f32 / 2.0;
        const SLOPES: i32 = 35;
        let margin = (length as f32 * STEEPEST / 2.0) as usize + 1;
        let bins = depth / 2 + 2 * margin + 2;
        let slope_of = |i: i32| i as f32 * STEEPEST / SLOPES as f32;
        // How many places lie on each line; two neighbouring bins count together.
        let mut best: Vec<(u32, f32, f32)> = Vec::new();
        let mut votes = vec![0_u32; bins];
        for i in -SLOPES..=SLOPES {
            let slope = slope_of(i);
            votes.fill(0);
            for rise in &rises {
                let at = rise.depth - slope * (rise.along - middle) + margin as f32;
                votes[(at.max(0.0) as usize).min(bins - 1)] += 1;
            }
            for (at, pair) in votes.windows(2).enumerate() {
                let count = pair[0] + pair[1];
                if count as f32 >= LEAST_COVER * 0.8 * length as f32 {
                    best.push((count, slope, at as f32 + 1.0 - margin as f32));
                }
            }
        }
        let most = best.iter().map(|(count, ..)| *count).max()?;
        // Of lines about as good the outermost: what else is as straight lies on the sheet.
        let (_, slope, offset) =
            best.into_iter().filter(|(count, ..)| *count * 10 >= most * 8).reduce(|a, b| {
                let nearer = b.2 < a.2 - 6.0;
                let same = (b.2 - a.2).abs() <= 6.0;
                if nearer || (same && b.0 > a.0) { b } else { a }
            })?;
        let (mut a, mut b) = (f64::from(offset - slope * middle), f64::from(slope));
        for reach in [3.0, 1.5, 1.0] {
            let near: Vec<&Rise> = rises
                .iter()
                .filter(|r| (f64::from(r.depth) - a - b * f64::from(r.along)).abs() <= reach)
                .collect();
            [a, b] = fitted(&near)?;
        }
        let near = rises.iter().filter(|r| (f64::from(r.depth) - a - b * f64::from(r.along)).abs() <= 1.5);
        let mut rows: Vec<u32> = near.map(|r| r.along as u32).collect();
        rows.dedup();
        if (rows.len() as f32) < LEAST_COVER * length as f32 {
            return None;
        }
        // From depths to places.
        Some(match side {
            Side::Left | Side::Top => [a, b],
            Side::Right | Side::Bottom => [depth as f64 - a, -b],
        })
    }
}

/// `depth = a + b along`, by least squares.
fn fitted(rises: &[&Rise]) -> Option<[f64; 2]> {
    if rises.len() < 8 {
        return None;
    }
    let n = rises.len() as f64;
    let (x, y) = rises.iter().fold((0.0, 0.0), |(x, y), r| (x + f64::from(r.along), y + f64::from(r.depth)));
    let (x, y) = (x / n, y / n);
    let (mut xx, mut xy) = (0.0, 0.0);
    for rise in rises {
        let (dx, dy) = (f64::from(rise.along) - x, f64::from(rise.depth) - y);
        (xx, xy) = (xx + dx * dx, xy + dx * dy);
    }
    (xx > 0.0).then(|| [y - x * xy / xx, xy / xx])
}
