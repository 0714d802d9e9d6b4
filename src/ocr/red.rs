//! Red on paper: seals, which hide what they lie on, and print, which must be read.
//!
//! In Vietnam an office's seal is a red ring of 36 mm (other kinds are 20 to 42 mm) across the signature and often across a
//! name; titles, serial numbers and stamps of names and dates are red too. Taking the red channel alone removes
//! both, taking the luminance keeps both. So rings are looked for: inside a ring red ink counts as paper, outside
//! it red ink counts as black.

use image::RgbImage;

use crate::geom::PixelBox;

/// A seal's outer ring, in pixels of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seal {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Half the ring's width and height; they differ where the resolutions do.
    pub(super) radius: [f32; 2],
    /// Whether it stands alone: where red fringes are all over the page, a ring is found among them too.
    alone: bool,
}

impl Seal {
    /// The box around the ring, as far as it lies on a page of this size.
    fn bbox(&self, (width, height): (u32, u32)) -> PixelBox {
        let edge = |v: f32, limit: u32| (v.max(0.0) as u32).min(limit);
        let [rx, ry] = self.radius;
        PixelBox::new(
            edge(self.x - rx, width),
            edge(self.y - ry, height),
            edge((self.x + rx).ceil(), width),
            edge((self.y + ry).ceil(), height),
        )
    }
}

/// What is red on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Red {
    /// Whether there is red worth a second look.
    pub(super) any: bool,
    /// Whether the paper itself is red or pink: then only the red channel tells print from ground.
    pub(super) ground: bool,
    /// Whether the image is grey though it is stored as colour: a red seal would look like a black one.
    pub(super) grey: bool,
    pub(super) seals: Vec<Seal>,
}

impl Red {
    /// A page without colour.
    pub(super) fn colourless() -> Self {
        Self { grey: true, ..Self::default() }
    }

    /// On the page turned or moved by `to`, which keeps lengths but for the sides' own resolutions.
    pub(super) fn moved(&self, to: impl Fn([f32; 2]) -> [f32; 2]) -> Self {
        let seals = self.seals.iter().map(|seal| {
            let [x, y] = to([seal.x, seal.y]);
            let [rx, ry] = seal.radius;
            // Half the sides of the box around the turned ellipse.
            let across = to([seal.x + rx, seal.y]).map(f64::from);
            let down = to([seal.x, seal.y + ry]).map(f64::from);
            let half = |i: usize, centre: f32| {
                (across[i] - f64::from(centre)).hypot(down[i] - f64::from(centre)) as f32
            };
            Seal { x, y, radius: [half(0, x), half(1, y)], alone: seal.alone }
        });
        Self { seals: seals.collect(), ..self.clone() }
    }

    /// The seals' boxes on a page of this size; none where red cannot be told from other ink.
    pub(super) fn seal_boxes(&self, size: (u32, u32)) -> Option<Vec<PixelBox>> {
        let alone = self.seals.iter().filter(|seal| seal.alone);
        (!self.ground && !self.grey).then(|| alone.map(|seal| seal.bbox(size)).collect())
    }
}

/// Cells a millimetre in which rings are looked for.
const CELLS_PER_MM: f32 = 2.0;
/// Radii of rings in millimetres.
const RADII_MM: std::ops::RangeInclusive<u32> = 9..=24;
/// How much of a ring must be red: worn seals have gaps, text has many more.
const COVERAGE: f32 = 0.6;
/// By so much the share of red on a seal's ring is above that outside of it. Measured: 0.94 and more for the samples'
/// seals, 0.30 for a ring found among the fringes of a page that is a screen's picture.
const ALONE: f32 = 0.5;
/// So many points vote; more tell nothing new.
const VOTERS: usize = 3000;
const MOST_SEALS: usize = 6;
/// Channels that nowhere differ by more are those of a grey image; JPEG rounds by as much.
const GREY: u8 = 8;

/// How much redder than anything else a pixel is.
pub(super) fn redness([r, g, b]: [u8; 3]) -> u8 {
    r.saturating_sub(g.max(b))
}

/// Red ink, pale ink included, in contrast to brown paper or the fringes of a colour scan.
pub(super) fn is_red(pixel: [u8; 3]) -> bool {
    let redness = redness(pixel);
    redness >= 36 && u16::from(redness) * 6 >= u16::from(pixel[0])
}

pub(super) fn find(image: &RgbImage, dpi: [f64; 2]) -> Red {
    let cell = dpi.map(|d| (d / 25.4 / f64::from(CELLS_PER_MM)).max(1.0));
    let width = ((f64::from(image.width()) / cell[0]) as usize).max(1);
    let height = ((f64::from(image.height()) / cell[1]) as usize).max(1);
    // Four samples a cell: a ring's line is as wide as a cell or wider.
    let mut mask = Mask { width, height, cells: vec![0; width * height] };
    let mut samples = 0usize;
    let mut grey = true;
    let columns: Vec<usize> = sample_positions(width, cell[0], image.width());
    let raw = image.as_raw();
    for (j, y) in sample_positions(height, cell[1], image.height()).into_iter().enumerate() {
        let row = &raw[y * image.width() as usize * 3..][..image.width() as usize * 3];
        let cells = &mut mask.cells[j / 2 * width..][..width];
        for (i, &x) in columns.iter().enumerate() {
            let pixel = [row[x * 3], row[x * 3 + 1], row[x * 3 + 2]];
            grey = grey && is_grey(pixel);
            if is_red(pixel) {
                cells[i / 2] += 1;
                samples += 1;
            }
        }
    }
    let share = samples as f32 / (4 * width * height) as f32;
    if samples < 12 {
        return Red { grey, ..Red::default() };
    }
    if share > 0.3 {
        return Red { any: true, ground: true, ..Red::default() };
    }
    let seals = rings(&mut mask)
        .into_iter()
        .map(|([x, y, r], alone)| Seal {
            alone,
            x: (x + 0.5) * cell[0] as f32,
            y: (y + 0.5) * cell[1] as f32,
            radius: cell.map(|c| (r + 1.5 * CELLS_PER_MM) * c as f32),
        })
        .collect();
    Red { any: true, seals, ..Red::default() }
}

fn is_grey([r, g, b]: [u8; 3]) -> bool {
    r.max(g).max(b) - r.min(g).min(b) <= GREY
}

/// The pixels at one and three quarters of each cell.
fn sample_positions(cells: usize, cell: f64, limit: u32) -> Vec<usize> {
    let position = |i: usize| ((i as f64 / 2.0 + 0.25) * cell) as usize;
    (0..cells * 2).map(|i| position(i).min(limit as usize - 1)).collect()
}

struct Mask {
    width: usize,
    height: usize,
    cells: Vec<u8>,
}

impl Mask {
    fn near(&self, x: f32, y: f32) -> Option<bool> {
        let (x, y) = (x.round() as i64, y.round() as i64);
        if x < 0 || y < 0 || x >= self.width as i64 || y >= self.height as i64 {
            return None;
        }
        let (x, y) = (x as usize, y as usize);
        let columns = x.saturating_sub(1)..(x + 2).min(self.width);
        Some(
            (y.saturating_sub(1)..(y + 2).min(self.height))
                .any(|y| self.cells[y * self.width..][columns.clone()].iter().any(|&c| c > 0)),
        )
    }

    /// The share of a circle inside the page that is red; none when most of it lies outside.
    fn coverage(&self, [x, y, r]: [f32; 3]) -> Option<f32> {
        const STEPS: usize = 180;
        let (mut inside, mut red) = (0, 0);
        for (sin, cos) in (0..STEPS).map(|i| (i as f32 * std::f32::consts::TAU / STEPS as f32).sin_cos()) {
            if let Some(hit) = self.near(x + r * cos, y + r * sin) {
                inside += 1;
                red += usize::from(hit);
            }
        }
        (inside * 5 >= STEPS * 2).then(|| red as f32 / inside as f32)
    }

    /// Whether there is much less red 2.5 to 4.5 mm outside of a ring than on it.
    fn stands_alone(&self, [x, y, r]: [f32; 3]) -> bool {
        let millimetres = [2.5, 3.0, 3.5, 4.0, 4.5];
        let outside = millimetres.map(|mm| self.coverage([x, y, r + mm * CELLS_PER_MM]));
        let outside: Vec<f32> = outside.into_iter().flatten().collect();
        let mean = outside.iter().sum::<f32>() / outside.len().max(1) as f32;
        self.coverage([x, y, r]).is_some_and(|on| on - mean >= ALONE)
    }

    /// The share of a disc that is red.
    fn fill(&self, [x, y, r]: [f32; 3]) -> f32 {
        let (mut inside, mut red) = (0, 0);
        self.each_in_disc([x, y, r], |cell| {
            inside += 1;
            red += usize::from(cell > 0);
        });
        red as f32 / inside.max(1) as f32
    }

    /// The columns from `left` to `right` that are on the page: a ring's centre may lie outside of it.
    fn columns(&self, left: f32, right: f32) -> std::ops::Range<usize> {
        let end = (right.max(0.0) as usize + 1).min(self.width);
        (left.max(0.0) as usize).min(end)..end
    }

    fn each_in_disc(&self, [x, y, r]: [f32; 3], mut see: impl FnMut(u8)) {
        let rows = (y - r).max(0.0) as usize..((y + r).max(0.0) as usize + 1).min(self.height);
        for j in rows {
            let half = (r * r - (j as f32 - y).powi(2)).max(0.0).sqrt();
            let columns = self.columns(x - half, x + half);
            self.cells[j * self.width..][columns].iter().for_each(|&c| see(c));
        }
    }

    fn clear_disc(&mut self, [x, y, r]: [f32; 3]) {
        for j in (y - r).max(0.0) as usize..((y + r).max(0.0) as usize + 1).min(self.height) {
            let half = (r * r - (j as f32 - y).powi(2)).max(0.0).sqrt();
            let columns = self.columns(x - half, x + half);
            self.cells[j * self.width..][columns].fill(0);
        }
    }
}

/// Rings by Hough's vote over centres, one radius after another: `[x, y, radius]` in cells, and whether it stands alone.
fn rings(mask: &mut Mask) -> Vec<([f32; 3], bool)> {
    let mut found = Vec::new();
    while found.len() < MOST_SEALS {
        let Some(best) = best_ring(mask) else { break };
        let alone = mask.stands_alone(best);
        mask.clear_disc([best[0], best[1], best[2] + 1.5 * CELLS_PER_MM]);
        found.push((best, alone));
    }
    found
}

fn best_ring(mask: &Mask) -> Option<[f32; 3]> {
    let points: Vec<(usize, usize)> = (0..mask.cells.len())
        .filter(|&i| mask.cells[i] > 0)
        .map(|i| (i % mask.width, i / mask.width))
        .collect();
    let smallest = *RADII_MM.start() as f32 * CELLS_PER_MM;
    // A ring of the smallest radius with the least coverage has so many points.
    if (points.len() as f32) < smallest * std::f32::consts::TAU * COVERAGE {
        return None;
    }
    let stride = points.len().div_ceil(VOTERS);
    let voters: Vec<_> = points.iter().step_by(stride).copied().collect();

    // Centres may lie outside the page: half a seal across the edges of two sheets.
    let margin = (*RADII_MM.end() as f32 * CELLS_PER_MM) as usize / 2;
    let (width, height) = (mask.width + 2 * margin, mask.height + 2 * margin);
    let mut votes = vec![0u16; width * height];
    let mut best: Option<([f32; 3], f32)> = None;
    for radius in RADII_MM {
        let r = radius as f32 * CELLS_PER_MM;
        votes.fill(0);
        let circle = circle_offsets(r);
        for &(x, y) in &voters {
            for &(dx, dy) in &circle {
                let (cx, cy) = (x as i32 + dx + margin as i32, y as i32 + dy + margin as i32);
                if cx >= 0 && cy >= 0 && (cx as usize) < width && (cy as usize) < height {
                    votes[cy as usize * width + cx as usize] += 1;
                }
            }
        }
        let Some((at, _)) = votes.iter().enumerate().max_by_key(|(_, v)| **v) else { continue };
        let (cx, cy) = ((at % width) as f32 - margin as f32, (at / width) as f32 - margin as f32);
        // The vote is coarse; settle the ring around its winner.
        for dr in -1..=2 {
            for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
                let ring = [cx + dx as f32, cy + dy as f32, r + dr as f32];
                let Some(coverage) = mask.coverage(ring) else { continue };
                // Of concentric rings the outer counts, so a larger one may be a little worse.
                let score = coverage + 0.004 * ring[2];
                if coverage >= COVERAGE
                    && best.is_none_or(|(_, s)| score > s)
                    && mask.fill([ring[0], ring[1], ring[2] * 0.95]) < 0.85
                {
                    best = Some((ring, score));
                }
            }
        }
    }
    best.map(|(ring, _)| ring)
}

fn circle_offsets(r: f32) -> Vec<(i32, i32)> {
    let steps = (r * std::f32::consts::TAU) as usize;
    let mut offsets: Vec<(i32, i32)> = (0..steps)
        .map(|i| {
            let (sin, cos) = (i as f32 * std::f32::consts::TAU / steps as f32).sin_cos();
            ((r * cos).round() as i32, (r * sin).round() as i32)
        })
        .collect();
    offsets.sort_unstable();
    offsets.dedup();
    offsets
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn a_ring_among_red_fringes_is_no_seal() {
        // A dot in one of eight cells, all over the page: as colour fringes of print lie.
        let mut state = 7_u32;
        let dots: Vec<bool> = (0..200 * 200)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24).is_multiple_of(8)
            })
            .collect();
        let paint = |x: u32, y: u32| {
            if dots[(y / 6 * 200 + x / 6) as usize] { Rgb([220, 120, 110]) } else { Rgb([250, 250, 240]) }
        };
        let mut image = RgbImage::from_fn(1200, 1200, paint);
        let red = find(&image, [300.0; 2]);
        assert!(!red.seals.is_empty(), "a ring is found, and read through");
        assert_eq!(red.seal_boxes(image.dimensions()), Some(vec![]), "but it is no seal");

        // The same ring on paper is one.
        image = RgbImage::from_fn(1200, 1200, |x, y| {
            let d = (x as f32 - 600.0).hypot(y as f32 - 600.0);
            if (200.0..212.0).contains(&d) { Rgb([200, 40, 50]) } else { Rgb([250, 250, 240]) }
        });
        let boxes = find(&image, [300.0; 2]).seal_boxes(image.dimensions()).expect("it is in colour");
        assert_eq!(boxes.len(), 1, "{boxes:?}");
        assert!(boxes[0].x0.abs_diff(388) < 30 && boxes[0].y1.abs_diff(812) < 30, "{boxes:?}");
    }
}
