//! QR codes on a page, from its own pixels: a code is read where it stands, never on the copy made smaller for reading words.

use crate::geom::PixelBox;
use crate::scan::Page;

/// A code that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQr {
    /// Its text.
    pub text: String,
    /// Where it stands, upright page pixels.
    pub bbox: PixelBox,
}

/// The sides of the copies in which codes are looked for, as shares of the page: fine modules need all pixels, grain and blur fewer.
const SHARES: [f64; 4] = [1.0, 0.75, 0.5, 1.5];

/// The codes of a page whose text is UTF-8; one that cannot be decoded is not there.
pub fn read_codes(page: &Page) -> Vec<PageQr> {
    let grey = page.pixels.to_luma8();
    for share in SHARES {
        let size = |side: u32| ((f64::from(side) * share) as u32).max(1);
        let (width, height) = (size(grey.width()), size(grey.height()));
        let image = if share != 1.0 {
            image::imageops::resize(&grey, width, height, image::imageops::FilterType::Triangle)
        } else {
            grey.clone()
        };
        let found = codes(image, share);
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

fn codes(image: image::GrayImage, share: f64) -> Vec<PageQr> {
    let (width, height) = image.dimensions();
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, |x, y| {
            image.as_raw()[y * width as usize + x]
        });
    let grids = prepared.detect_grids();
    let decoded = grids.into_iter().filter_map(|grid| Some((grid.decode().ok()?.1, grid.bounds)));
    decoded
        .filter(|(text, _)| !text.is_empty())
        .map(|(text, corners)| {
            let x = corners.iter().map(|c| c.x.max(0));
            let y = corners.iter().map(|c| c.y.max(0));
            let pixel = |v: Option<i32>| (f64::from(v.unwrap_or(0)) / share) as u32;
            let bbox =
                PixelBox::new(pixel(x.clone().min()), pixel(y.clone().min()), pixel(x.max()), pixel(y.max()));
            PageQr { text, bbox }
        })
        .collect()
}
