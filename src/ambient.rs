//! Time and randomness, handed in: the same input, clock, keys, seed and registry give the same bytes.

use time::{OffsetDateTime, UtcOffset};

/// Vietnam's offset; days, years and numbers are counted in it, stored times are UTC.
pub const VIETNAM: UtcOffset = match UtcOffset::from_hms(7, 0, 0) {
    Ok(offset) => offset,
    Err(_) => unreachable!(),
};

/// The year in which a moment falls in Vietnam.
pub fn vietnam_year(at: OffsetDateTime) -> u16 {
    u16::try_from(at.to_offset(VIETNAM).year()).expect("the present has four digits")
}

/// Where the present time comes from.
pub trait Clock: Send + Sync {
    /// The present, in UTC, whole seconds.
    fn now(&self) -> OffsetDateTime;
}

/// Where salts, nonces and keys come from.
pub trait Entropy: Send + Sync {
    /// Fills `out` with unpredictable bytes.
    fn fill(&self, out: &mut [u8]);
}

/// The machine's clock.
#[cfg(feature = "issue")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "issue")]
impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc().replace_nanosecond(0).expect("zero is a valid nanosecond")
    }
}

/// The operating system's generator.
#[cfg(feature = "issue")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

#[cfg(feature = "issue")]
impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system's random generator works");
    }
}

/// A clock that stands still, for tests and worked examples.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub OffsetDateTime);

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        self.0
    }
}

/// SHA-256 in counter mode over a seed, for tests and worked examples; never for an office's keys.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: [u8; 32],
    counter: std::sync::atomic::AtomicU64,
}

impl SeededEntropy {
    /// The stream that belongs to `seed`.
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: std::sync::atomic::AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) {
        use sha2::{Digest, Sha256};
        for chunk in out.chunks_mut(32) {
            let counter = self.counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let block = Sha256::new().chain_update(self.seed).chain_update(counter.to_be_bytes()).finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
