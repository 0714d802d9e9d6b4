//! Noise on a page: specks are taken off, and a page of nothing but noise is refused.
//!
//! Tesseract's layout analysis takes time with the square of the number of blobs, and neither its deadline nor anything else
//! interrupts it: a page of salt and pepper held a worker for minutes. A page of print has some thousand blobs.

use image::GrayImage;

/// A page with fewer specks is not noisy, and they may be its periods: they stay.
const NOISY: usize = 6_000;
/// A page of fewer blobs has not so many specks; a page of close print has about so many blobs.
const DENSE: usize = 15_000;
/// More blobs than a newspaper's page has.
const MOST_BLOBS: usize = 40_000;
/// Darker than this is ink; the paper has been evened out.
const INK: u8 = 160;
/// Once dark specks are gone from an empty page, Tesseract's threshold finds pale ones.
const PALE: u8 = 225;

/// Takes specks off a page that has thousands of them. Gives the number of blobs where even then there are too many to read.
pub(super) fn clear(image: &mut GrayImage) -> Result<(), usize> {
    if starts(image, INK) <= DENSE {
        return Ok(());
    }
    let mut darkness = INK;
    if clear_alone(image, SPECK, INK, NOISY) {
        // Specks that touch each other, and those that scaling made pale.
        for (size, ink) in [(CLUSTER, INK), (SPECK, PALE), (CLUSTER, PALE)] {
            clear_alone(image, size, ink, NOISY / 10);
        }
        darkness = PALE;
    }
    match starts(image, darkness) {
        blobs if blobs > MOST_BLOBS => Err(blobs),
        _ => Ok(()),
    }
}

/// The largest speck, in pixels on a side: 0.4 mm at 200 pixels an inch.
const SPECK: usize = 3;
/// The largest cluster of specks.
const CLUSTER: usize = 5;

/// Clears blobs that fit in a square of `size` with only paper around, where there are more than `least`.
fn clear_alone(image: &mut GrayImage, size: usize, darkness: u8, least: usize) -> bool {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width < size + 2 || height < size + 2 {
        return false;
    }
    let raw: &mut [u8] = image;
    let ink = |x: usize, y: usize| raw[y * width + x] < darkness;
    let mut found = Vec::new();
    for y in 1..height - size {
        for x in 1..width - size {
            // A blob is met at its top left: its first row and its first column hold ink.
            if !(x..x + size).any(|x| ink(x, y)) || !(y..y + size).any(|y| ink(x, y)) {
                continue;
            }
            let (left, top, right, bottom) = (x - 1, y - 1, x + size, y + size);
            let alone = (left..=right).all(|x| !ink(x, top) && !ink(x, bottom))
                && (top..=bottom).all(|y| !ink(left, y) && !ink(right, y));
            if alone {
                found.push(y * width + x);
            }
        }
    }
    let noisy = found.len() > least;
    if noisy {
        for at in found {
            for row in 0..size {
                raw[at + row * width..][..size].fill(255);
            }
        }
    }
    noisy
}

/// The number of blobs from above: runs of ink with only paper over them.
fn starts(image: &GrayImage, darkness: u8) -> usize {
    let width = image.width() as usize;
    let paper = vec![255; width];
    let mut above: &[u8] = &paper;
    let mut count = 0;
    for row in image.as_raw().chunks_exact(width.max(1)) {
        let (mut inside, mut joined) = (false, false);
        for (x, &pixel) in row.iter().enumerate() {
            let ink = pixel < darkness;
            if ink {
                // Joined by a corner counts as joined.
                let near = above[x.saturating_sub(1)..(x + 2).min(width)].iter().any(|&p| p < darkness);
                joined = near || (inside && joined);
            } else if inside && !joined {
                count += 1;
            }
            inside = ink;
        }
        count += usize::from(inside && !joined);
        above = row;
    }
    count
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    fn sheet(blob: u32, pitch: u32) -> GrayImage {
        GrayImage::from_fn(1000, 1000, |x, y| {
            Luma([if x % pitch < blob && y % pitch < blob { 0 } else { 255 }])
        })
    }

    #[test]
    fn blobs_are_counted_once() {
        assert_eq!(starts(&sheet(5, 50), INK), 400);
        assert_eq!(starts(&GrayImage::from_pixel(10, 10, Luma([0])), INK), 1);
        assert_eq!(starts(&GrayImage::from_pixel(10, 10, Luma([255])), INK), 0);
    }

    #[test]
    fn a_page_with_periods_keeps_them_and_a_noisy_one_loses_its_specks() {
        let mut periods = sheet(2, 40);
        let before = periods.clone();
        assert_eq!(clear(&mut periods), Ok(()));
        assert_eq!(periods, before);

        let mut noise = sheet(2, 8);
        assert_eq!(clear(&mut noise), Ok(()));
        assert!(starts(&noise, INK) < 600, "all but those on the edge are gone");
    }

    #[test]
    fn a_page_of_noise_is_refused() {
        let blobs = |x: u32, y: u32| if x % 6 < 4 && y % 6 < 4 { 0 } else { 255 };
        let mut noise = GrayImage::from_fn(2000, 2000, |x, y| Luma([blobs(x, y)]));
        assert!(matches!(clear(&mut noise), Err(blobs) if blobs > MOST_BLOBS));
    }
}
