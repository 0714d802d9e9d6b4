//! Chance from a seed: the same seed and number of the paper give the same paper.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One paper's stream of chance.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of paper `number` under `seed`.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        Self(rng)
    }

    /// One of `items`, which is never empty here.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.0.random_range(0..items.len())]
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.0.random_bool(p)
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn whole(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// A number from `low` up to `high`.
    pub(super) fn real(&mut self, low: f32, high: f32) -> f32 {
        self.0.random_range(low..high)
    }

    /// A seed for noise by the pixel.
    pub(super) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// A well mixed number for each `index` under `seed` (SplitMix64's finaliser): noise that needs no order.
pub(super) fn hash(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Smooth noise from 0 to 1 at (`x`, `y`), with features one unit wide.
pub(super) fn cloud(seed: u64, x: f32, y: f32) -> f32 {
    let (column, row) = (x.floor(), y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - column), ease(y - row));
    let at = |dx: i64, dy: i64| {
        let key = ((column as i64 + dx) as u64) ^ ((row as i64 + dy) as u64).rotate_left(32);
        (hash(seed, key) >> 40) as f32 / (1u64 << 24) as f32
    };
    let top = at(0, 0) * (1.0 - u) + at(1, 0) * u;
    let bottom = at(0, 1) * (1.0 - u) + at(1, 1) * u;
    top * (1.0 - v) + bottom * v
}
