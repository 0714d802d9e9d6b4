//! Dark areas without print: photographs, a scanner's lid, the table under a card. Page analysis takes the lines beside such an
//! area for a part of the picture, so they become paper before reading.

use image::GrayImage;

/// Areas are looked at in cells of so many millimetres.
const CELL_MM: f64 = 1.0;
/// An area has at least so many dark cells: 8 mm square. The boldest print has none that hang together so.
const LEAST_CELLS: usize = 64;
/// What is brighter is paper; a dark cell has at most a twentieth of it.
const PAPER: u8 = 190;

/// Whitens large dark areas, with the millimetre around them.
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
        if area.len() < LEAST_CELLS {
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
}
