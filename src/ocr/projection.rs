//! Plane projections (homographies): how a sheet that is seen aslant lies on its picture.

use super::PixelBox;

/// A projection of the plane: `x' = (a x + b y + c) / (g x + h y + i)`, `y' = (d x + e y + f) / (g x + h y + i)`. Pixel edges are
/// whole numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Projection([f64; 9]);

impl Projection {
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);

    /// `[a b c; d e f]`.
    pub(super) fn affine([a, b, c, d, e, f]: [f64; 6]) -> Self {
        Self([a, b, c, d, e, f, 0.0, 0.0, 1.0])
    }

    pub(super) fn scale(x: f64, y: f64) -> Self {
        Self::affine([x, 0.0, 0.0, 0.0, y, 0.0])
    }

    /// Level lines become the pencil `v − (slope + change · v) · u`.
    pub(super) fn pencil(slope: f64, change: f64) -> Self {
        Self([1.0, 0.0, 0.0, -slope, 1.0, 0.0, change, 0.0, 1.0])
    }

    /// The rectangle from the origin to `width`, `height` on to four corners: left top, right top, right bottom, left bottom. None where
    /// they span no plane. (Heckbert, Fundamentals of Texture Mapping and Image Warping, 1989, 2.2.3.)
    pub(super) fn of_rectangle(width: f64, height: f64, corners: [[f64; 2]; 4]) -> Option<Self> {
        let [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = corners;
        let (sx, sy) = (x0 - x1 + x2 - x3, y0 - y1 + y2 - y3);
        let (dx1, dy1, dx2, dy2) = (x1 - x2, y1 - y2, x3 - x2, y3 - y2);
        let det = dx1 * dy2 - dx2 * dy1;
        if det.abs() < 1e-9 || width <= 0.0 || height <= 0.0 {
            return None;
        }
        let g = (sx * dy2 - dx2 * sy) / det;
        let h = (dx1 * sy - sx * dy1) / det;
        let unit =
            Self([x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1.0]);
        Some(Self::scale(1.0 / width, 1.0 / height).then(unit))
    }

    pub(super) fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let w = g * x + h * y + i;
        [(a * x + b * y + c) / w, (d * x + e * y + f) / w]
    }

    /// This one first, `next` after it.
    pub(super) fn then(self, next: Self) -> Self {
        let mut product = [0.0; 9];
        for (at, value) in product.iter_mut().enumerate() {
            let (row, column) = (at / 3, at % 3);
            *value = (0..3).map(|k| next.0[row * 3 + k] * self.0[k * 3 + column]).sum();
        }
        Self(product)
    }

    /// The way back; none where the plane was folded into a line.
    pub(super) fn inverse(&self) -> Option<Self> {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let adjugate = [
            e * i - f * h,
            c * h - b * i,
            b * f - c * e,
            f * g - d * i,
            a * i - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ];
        let det = a * adjugate[0] + b * adjugate[3] + c * adjugate[6];
        (det.abs() > 1e-12).then(|| Self(adjugate.map(|v| v / det)))
    }

    /// The smallest box around a box's picture, within an image of this size.
    pub(super) fn hull(&self, b: PixelBox, (width, height): (u32, u32)) -> PixelBox {
        let corners = [(b.x0, b.y0), (b.x1, b.y0), (b.x0, b.y1), (b.x1, b.y1)]
            .map(|(x, y)| self.apply([f64::from(x), f64::from(y)]));
        let least = |i: usize| corners.iter().map(|c| c[i]).fold(f64::INFINITY, f64::min);
        let most = |i: usize| corners.iter().map(|c| c[i]).fold(f64::NEG_INFINITY, f64::max);
        let edge = |v: f64, limit: u32| (v.round().max(0.0) as u32).min(limit);
        let x0 = edge(least(0), width.saturating_sub(1));
        let y0 = edge(least(1), height.saturating_sub(1));
        PixelBox::new(x0, y0, edge(most(0), width).max(x0 + 1), edge(most(1), height).max(y0 + 1))
    }

    /// The places in the source of one row of a target's pixel centres, of which this is the way back: less half a pixel each, so that
    /// whole numbers are pixel centres there.
    pub(super) fn row(&self, y: u32, x0: u32) -> impl Iterator<Item = (f32, f32)> {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let (x, y) = (f64::from(x0) + 0.5, f64::from(y) + 0.5);
        let (mut u, mut v, mut w) = (a * x + b * y + c, d * x + e * y + f, g * x + h * y + i);
        std::iter::from_fn(move || {
            let at = ((u / w - 0.5) as f32, (v / w - 0.5) as f32);
            (u, v, w) = (u + a, v + d, w + g);
            Some(at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_come_where_they_belong_and_back() {
        let corners = [[120.0, 90.0], [2700.0, 210.0], [2890.0, 3900.0], [60.0, 3700.0]];
        let projection = Projection::of_rectangle(2480.0, 3508.0, corners).expect("a plane");
        let rectangle = [[0.0, 0.0], [2480.0, 0.0], [2480.0, 3508.0], [0.0, 3508.0]];
        let back = projection.inverse().expect("a plane");
        for (from, to) in rectangle.into_iter().zip(corners) {
            let there = projection.apply(from);
            assert!((there[0] - to[0]).hypot(there[1] - to[1]) < 1e-6, "{there:?}");
            let again = back.apply(there);
            assert!((again[0] - from[0]).hypot(again[1] - from[1]) < 1e-6, "{again:?}");
        }
        let row: Vec<(f32, f32)> = projection.row(1000, 7).take(2).collect();
        let [x, y] = projection.apply([8.5, 1000.5]);
        assert!((f64::from(row[1].0) - x + 0.5).abs() < 1e-2 && (f64::from(row[1].1) - y + 0.5).abs() < 1e-2);
    }

    #[test]
    fn corners_on_one_line_span_nothing() {
        assert_eq!(
            Projection::of_rectangle(1.0, 1.0, [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]),
            None
        );
    }
}
