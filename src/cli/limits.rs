//! The options that say what input may cost.

use std::time::Duration;

use clap::Args;

use crate::scan;

/// What input may cost: a file that is over a limit is refused, and the others go on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct Limits {
    /// Bytes of one file
    #[arg(long, default_value_t = scan::Limits::default().max_bytes, value_name = "N")]
    max_bytes: u64,
    /// Pages of one file
    #[arg(long, default_value_t = scan::Limits::default().max_pages, value_name = "N")]
    max_pages: u32,
    /// Pixels of one image or page
    #[arg(long, default_value_t = scan::Limits::default().max_pixels, value_name = "N")]
    max_pixels: u64,
    /// Bytes that one compressed stream may expand to
    #[arg(long, default_value_t = scan::Limits::default().max_decoded, value_name = "N")]
    max_decoded: u64,
    /// Seconds for drawing one page, and again for reading it
    #[arg(long, default_value_t = scan::Limits::default().page_timeout.as_secs(), value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    page_seconds: u64,
}

impl Limits {
    pub(super) fn of_scans(&self) -> scan::Limits {
        scan::Limits {
            max_bytes: self.max_bytes,
            max_pages: self.max_pages,
            max_pixels: self.max_pixels,
            max_decoded: self.max_decoded,
            page_timeout: self.of_a_page(),
        }
    }

    /// For reading one page.
    pub(super) fn of_a_page(&self) -> Duration {
        Duration::from_secs(self.page_seconds)
    }
}
