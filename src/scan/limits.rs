//! What a file may cost, and the guards that hold it to that.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use super::ScanError;

/// What a file may cost. The defaults take any office's scans on a machine with a few GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file: 1 GiB.
    pub max_bytes: u64,
    /// Pages of the file: 2000.
    pub max_pages: u32,
    /// Pixels of one image or one rendered page: 200 million (A4 at 1200 dpi has 139 million).
    pub max_pixels: u64,
    /// Bytes that one compressed stream may expand to: 1 GiB.
    pub max_decoded: u64,
    /// Time for opening a PDF and for rendering one of its pages: 60 s.
    pub page_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 30,
            max_pages: 2000,
            max_pixels: 200_000_000,
            max_decoded: 1 << 30,
            page_timeout: Duration::from_secs(60),
        }
    }
}

impl Limits {
    pub(super) fn bytes(&self, bytes: u64) -> Result<(), ScanError> {
        if bytes > self.max_bytes {
            return Err(ScanError::TooManyBytes { bytes, limit: self.max_bytes });
        }
        Ok(())
    }

    pub(super) fn pages(&self, pages: usize) -> Result<(), ScanError> {
        if pages as u64 > u64::from(self.max_pages) {
            return Err(ScanError::TooManyPages { pages: pages as u64, limit: self.max_pages });
        }
        Ok(())
    }

    /// Refuses an image that is too large, before anything is allocated for it. A side of 0 is the caller's to refuse.
    pub(super) fn pixels(&self, width: u64, height: u64) -> Result<(), ScanError> {
        if width.saturating_mul(height) > self.max_pixels {
            return Err(ScanError::TooManyPixels { width, height, limit: self.max_pixels });
        }
        Ok(())
    }

    /// Reads all that `reader` gives, up to [`Limits::max_decoded`]. `None` where the compressed data is broken.
    pub(super) fn read_all(&self, reader: impl Read) -> Result<Option<Vec<u8>>, ScanError> {
        read_at_most(reader, self.max_decoded)
    }
}

/// Reads all that `reader` gives, up to `limit` bytes. `None` where reading fails.
pub(super) fn read_at_most(reader: impl Read, limit: u64) -> Result<Option<Vec<u8>>, ScanError> {
    let mut out = Vec::new();
    if reader.take(limit.saturating_add(1)).read_to_end(&mut out).is_err() {
        return Ok(None);
    }
    if out.len() as u64 > limit {
        return Err(ScanError::Bomb { limit });
    }
    Ok(Some(out))
}

/// Runs a decoder that others wrote: its panic becomes `None`.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    // Nothing of the decoder outlives a panic: its inputs are shared bytes, its half-made output is dropped.
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Runs `work` on its own thread, with a stack for deep nesting, for at most `limit`. The inner `None` is a panic.
///
/// A thread cannot be stopped from outside: one that is too slow is left behind and ends with its work or the process.
pub(super) fn timed<T: Send + 'static>(
    limit: Duration,
    page: u32,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, ScanError> {
    const STACK: usize = 64 << 20;
    let too_slow = || ScanError::TooSlow { page, seconds: limit.as_secs() };
    let (sender, receiver) = mpsc::sync_channel(1);
    let spawned = std::thread::Builder::new().name("scan".to_owned()).stack_size(STACK).spawn(move || {
        // The receiver is gone when the time is over; then nobody wants the result.
        let _ = sender.send(guarded(work));
    });
    // No thread to be had is a machine at its end: the page comes back when there is room.
    spawned.map_err(|_| too_slow())?;
    match receiver.recv_timeout(limit) {
        Ok(result) => Ok(result),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(too_slow()),
        Err(mpsc::RecvTimeoutError::Disconnected) => Ok(None),
    }
}
