//! Pictures of pictures: a part of a page as it looks straight from above.

use image::{GrayImage, RgbImage};

use super::projection::Projection;

/// The picture of `width` × `height` of which `way` leads back to the page; what lies outside of the page is white.
pub(super) fn warp_grey(page: &GrayImage, way: &Projection, width: u32, height: u32) -> GrayImage {
    let pixels = warp::<1>(page.as_raw(), page.dimensions(), way, width, height);
    GrayImage::from_raw(width, height, pixels).expect("one byte was pushed for each pixel")
}

/// As [`warp_grey`], in colour.
pub(super) fn warp_rgb(page: &RgbImage, way: &Projection, width: u32, height: u32) -> RgbImage {
    let pixels = warp::<3>(page.as_raw(), page.dimensions(), way, width, height);
    RgbImage::from_raw(width, height, pixels).expect("three bytes were pushed for each pixel")
}

/// Bilinear, `N` bytes a pixel, in 8-bit fractions.
fn warp<const N: usize>(
    raw: &[u8],
    (page_width, page_height): (u32, u32),
    way: &Projection,
    width: u32,
    height: u32,
) -> Vec<u8> {
    let stride = page_width as usize * N;
    let (last_x, last_y) = (page_width as i32 - 1, page_height as i32 - 1);
    let mut out = Vec::with_capacity(width as usize * height as usize * N);
    for y in 0..height {
        for (u, v) in way.row(y, 0).take(width as usize) {
            // The outermost half pixel is that of the edge.
            let (u, v) = (
                if (-0.5..0.0).contains(&u) { 0.0 } else { u },
                if (-0.5..0.0).contains(&v) { 0.0 } else { v },
            );
            let (x0, y0) = (u.floor() as i32, v.floor() as i32);
            if x0 < 0 || y0 < 0 || x0 > last_x || y0 > last_y {
                out.extend([255; N]);
                continue;
            }
            let (fx, fy) = (((u - x0 as f32) * 256.0) as u32, ((v - y0 as f32) * 256.0) as u32);
            let at = y0 as usize * stride + x0 as usize * N;
            let right = if x0 < last_x { N } else { 0 };
            let below = if y0 < last_y { stride } else { 0 };
            out.extend(std::array::from_fn::<u8, N, _>(|c| {
                let p = |i: usize| u32::from(raw[at + c + i]);
                let top = p(0) * (256 - fx) + p(right) * fx;
                let bottom = p(below) * (256 - fx) + p(below + right) * fx;
                ((top * (256 - fy) + bottom * fy + (1 << 15)) >> 16) as u8
            }));
        }
    }
    out
}
