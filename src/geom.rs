//! Boxes and orientations, in the units that their types name.

use serde::{Deserialize, Serialize};

/// A box in pixels of an upright page as the scan shows it (its own orientation mark honoured, nothing
/// deskewed), `x1` and `y1` exclusive. Written as `[x0, y0, x1, y1]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "[u32; 4]", into = "[u32; 4]")]
pub struct PixelBox {
    /// Left edge.
    pub x0: u32,
    /// Top edge.
    pub y0: u32,
    /// Right edge, exclusive.
    pub x1: u32,
    /// Bottom edge, exclusive.
    pub y1: u32,
}

impl PixelBox {
    /// A box from its edges.
    pub const fn new(x0: u32, y0: u32, x1: u32, y1: u32) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// Width in pixels.
    pub const fn width(&self) -> u32 {
        self.x1.saturating_sub(self.x0)
    }

    /// Height in pixels.
    pub const fn height(&self) -> u32 {
        self.y1.saturating_sub(self.y0)
    }

    /// Whether they have a pixel in common.
    pub const fn meets(&self, other: &Self) -> bool {
        self.x0 < other.x1 && other.x0 < self.x1 && self.y0 < other.y1 && other.y0 < self.y1
    }

    /// The smallest box around both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }
}

impl From<[u32; 4]> for PixelBox {
    fn from([x0, y0, x1, y1]: [u32; 4]) -> Self {
        Self { x0, y0, x1, y1 }
    }
}

impl From<PixelBox> for [u32; 4] {
    fn from(b: PixelBox) -> Self {
        [b.x0, b.y0, b.x1, b.y1]
    }
}

/// How a stored image is turned to stand upright: the eight values of the TIFF and EXIF tag Orientation
/// (TIFF 6.0 page 36). A PDF page's `/Rotate` uses the four without a mirror.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Orientation {
    /// Row 0 is the top, column 0 the left.
    #[default]
    Upright = 1,
    /// Mirrored left to right.
    MirrorHorizontal = 2,
    /// Turned by 180°.
    Rotate180 = 3,
    /// Mirrored top to bottom.
    MirrorVertical = 4,
    /// Mirrored along the main diagonal.
    Transpose = 5,
    /// To be turned by 90° clockwise.
    Rotate90 = 6,
    /// Mirrored along the other diagonal.
    Transverse = 7,
    /// To be turned by 270° clockwise.
    Rotate270 = 8,
}

impl Orientation {
    /// The orientation with this tag value; anything outside 1 to 8 is upright, as TIFF readers take it.
    pub const fn from_tag(tag: u32) -> Self {
        match tag {
            2 => Self::MirrorHorizontal,
            3 => Self::Rotate180,
            4 => Self::MirrorVertical,
            5 => Self::Transpose,
            6 => Self::Rotate90,
            7 => Self::Transverse,
            8 => Self::Rotate270,
            _ => Self::Upright,
        }
    }

    /// Whether width and height change places.
    pub const fn swaps_axes(self) -> bool {
        matches!(self, Self::Transpose | Self::Rotate90 | Self::Transverse | Self::Rotate270)
    }
}
