//! The frame in which a page was read.

use super::projection::Projection;
use super::red::Red;
use crate::geom::PixelBox;

/// A page's pixels as they were read: upright, level, flat, the sheet alone where the page is a photograph. As fine as the page; where
/// nothing had to be done it is the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub(super) to_page: Projection,
    pub(super) page_size: (u32, u32),
    pub(super) size: (u32, u32),
    /// Pixels an inch.
    pub(super) dpi: [f64; 2],
    /// In this frame's pixels.
    pub(super) red: Red,
    /// In the page's pixels.
    pub(super) signatures: Vec<PixelBox>,
    /// Whether it was taken out of a photograph.
    pub(super) photo: bool,
    /// Whether shadows lie on it: of every photograph, of which the frame may be all.
    pub(super) shadows: bool,
}

impl Frame {
    /// Width and height, pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Whether the page is a photograph, of which this is the sheet.
    pub fn is_photo(&self) -> bool {
        self.photo
    }

    /// The smallest box of page pixels around a box of this frame.
    pub fn to_page(&self, b: PixelBox) -> PixelBox {
        self.to_page.hull(b, self.page_size)
    }

    /// The smallest box of this frame around a box of page pixels, within the frame.
    pub fn of_page(&self, b: PixelBox) -> PixelBox {
        self.to_page.inverse().map_or(b, |back| back.hull(b, self.size))
    }
}
