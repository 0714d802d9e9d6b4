//! Dark areas without print: photographs, a scanner's lid, also where it is seen through a punch hole, the table under a card. Page analysis takes
//! the lines beside such an area for a part of the picture, and a hole for a letter, so they become paper before reading.

use image::GrayImage;

/// Areas are looked at in cells of so many millimetres.
const CELL_MM: f64 = 1.0;
/// An area has at least so many dark cells: 8 mm square. The boldest print has none that hang together so.
const LEAST_CELLS: usize = 64;
/// Punch holes are 6 mm wide, 12 mm from the paper's edge (ISO 838); a cell is dark where it lies within.
const HOLE_CELLS: std::ops::RangeInclusive<usize> = 3..=8;
/// The middle of a hole is at most so many millimetres from the picture's edge.
const HOLE_FROM_EDGE: usize = 25;
/// What is brighter is paper; a dark cell has at most a twentieth of it.
const PAPER: u8 = 190;

/// Whitens large dark areas and punch holes, with the millimetre around them.
pub(super) fn clear(image: &mut GrayImage, ppi: f64) {
    let size = ((ppi / 25.4 * CELL_MM).round() as usize).max(2);
    let (columns, rows) = (image.width() as usize / size, image.height() as usize / size);
    let stride = image.width() as usize;
    if columns < 8 || rows < 8 {
        return;
    }
    let raw: &mut [u8] = image;
    let dark = |cell: usize| {
        let start = cell / columns * size * stride + cell % columns * size;
        let lines = (0..size).map(|y| &raw[start + y * stride..][..size]);
        let bright: usize = lines.map(|l| l.iter().filter(|v| **v > PAPER).count()).sum();
        bright * 20 <= size * size
    };
    let mut waiting: Vec<bool> = (0..columns * rows).map(dark).collect();
    for start in 0..waiting.len() {
        if !std::mem::take(&mut waiting[start]) {
            continue;
        }
        let mut area = vec![start];
        let mut next = 0;
        while let Some(&at) = area.get(next) {
            next += 1;
            let (x, y) = (at % columns, at / columns);
            let beside = [
                (x > 0, 1, false),
                (x + 1 < columns, 1, true),
                (y > 0, columns, false),
                (y + 1 < rows, columns, true),
            ];
            for (inside, step, forward) in beside {
                let other = if forward { at + step } else { at.wrapping_sub(step) };
                if inside && std::mem::take(&mut waiting[other]) {
                    area.push(other);
                }
            }
        }
        if area.len() < LEAST_CELLS && !is_hole(&area, columns, rows) {
            continue;
        }
        for at in area {
            let (x, y) = ((at % columns) * size, (at / columns) * size);
            for y in y.saturating_sub(size)..(y + 2 * size).min(raw.len() / stride) {
                raw[y * stride + x.saturating_sub(size)..y * stride + (x + 2 * size).min(stride)].fill(255);
            }
        }
    }
}

/// Whether these cells fill a disc as large as a punch hole, near an edge.
fn is_hole(area: &[usize], columns: usize, rows: usize) -> bool {
    let bounds = |of: fn(usize, usize) -> usize| {
        let all = || area.iter().map(|at| of(*at, columns));
        all().min().zip(all().max()).unwrap_or_default()
    };
    let ((left, right), (top, bottom)) =
        (bounds(|at, columns| at % columns), bounds(|at, columns| at / columns));
    let (width, height) = (right - left + 1, bottom - top + 1);
    let round = HOLE_CELLS.contains(&width)
        && HOLE_CELLS.contains(&height)
        && width.abs_diff(height) <= 1
        && area.len() * 10 >= width * height * 6;
    let (x, y) = ((left + right) / 2, (top + bottom) / 2);
    round && x.min(columns - 1 - x).min(y).min(rows - 1 - y) <= HOLE_FROM_EDGE
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    #[test]
    fn a_photograph_goes_and_print_stays() {
        let mut image = GrayImage::from_fn(800, 800, |x, y| {
            let photo = (100..300).contains(&x) && (100..350).contains(&y);
            // Bars of 3 mm with gaps: bolder than any title.
            let print = (500..524).contains(&y) && x % 40 < 24;
            Luma([if photo {
                110
            } else if print {
                10
            } else {
                250
            }])
        });
        clear(&mut image, 200.0);
        assert!((90..310).all(|x| (90..360).all(|y| image.get_pixel(x, y).0[0] >= 250)));
        assert!((500..524).all(|y| (0..800).all(|x| (image.get_pixel(x, y).0[0] == 10) == (x % 40 < 24))));
    }

    /// A page of 210 × 297 mm at 200 dpi with a disc of so many millimetres.
    fn punched(diameter: f32, [x, y]: [f32; 2]) -> GrayImage {
        let mm = 200.0 / 25.4;
        GrayImage::from_fn(1654, 2339, |px, py| {
            let far = (px as f32 - x * mm).hypot(py as f32 - y * mm);
            Luma([if far < diameter / 2.0 * mm { 40 } else { 250 }])
        })
    }

    #[test]
    fn punch_holes_go_and_smaller_blots_or_those_amid_the_page_stay() {
        let dark = |image: &GrayImage| image.pixels().filter(|p| p.0[0] < 200).count();
        for (diameter, at, goes) in [
            (6.0, [12.0, 108.5], true),
            (6.4, [197.3, 188.9], true),
            (5.5, [80.2, 12.4], true),
            (6.0, [105.0, 150.0], false),
            (2.5, [12.0, 108.0], false),
        ] {
            let mut image = punched(diameter, at);
            clear(&mut image, 200.0);
            assert_eq!(dark(&image) == 0, goes, "{diameter} mm at {at:?}");
        }
    }
}
