//! Why a file or a page is refused.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::error::Failure;

/// A format that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG (ITU-T T.81).
    Jpeg,
    /// PNG (ISO 15948).
    Png,
    /// TIFF 6.0 and BigTIFF.
    Tiff,
    /// PDF (ISO 32000).
    Pdf,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::Pdf => "PDF",
        })
    }
}

/// Why a file or a page is refused. Nothing of what is written on the paper is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// The operating system does not give the file.
    #[error("{} cannot be read: {kind}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        kind: ErrorKind,
    },
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Neither PDF, JPEG, PNG nor TIFF.
    #[error("the file is {found}, not a PDF, JPEG, PNG or TIFF")]
    WrongType {
        /// What it looks like.
        found: &'static str,
    },
    /// A PDF with an encryption dictionary.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// Damaged or cut off.
    #[error("the {format} is broken: {what}")]
    Broken {
        /// The format by its first bytes.
        format: Format,
        /// What is wrong.
        what: String,
    },
    /// A kind of image that the format has and this program does not read.
    #[error("the {format} uses {what}, which is not supported")]
    Unsupported {
        /// The format.
        format: Format,
        /// What is used.
        what: String,
    },
    /// No page in it.
    #[error("the {format} has no page")]
    NoPages {
        /// The format.
        format: Format,
    },
    /// Larger than [`Limits::max_bytes`](super::Limits::max_bytes).
    #[error("the file has {bytes} bytes, more than the limit of {limit}")]
    TooManyBytes {
        /// What it has.
        bytes: u64,
        /// What is allowed.
        limit: u64,
    },
    /// More than [`Limits::max_pages`](super::Limits::max_pages).
    #[error("the file has {pages} pages or more, the limit is {limit}")]
    TooManyPages {
        /// Where counting stopped.
        pages: u64,
        /// What is allowed.
        limit: u32,
    },
    /// An image larger than [`Limits::max_pixels`](super::Limits::max_pixels).
    #[error("an image of {width} × {height} pixels is over the limit of {limit} pixels")]
    TooManyPixels {
        /// Pixels across.
        width: u64,
        /// Pixels down.
        height: u64,
        /// What is allowed.
        limit: u64,
    },
    /// Compressed data that expands beyond [`Limits::max_decoded`](super::Limits::max_decoded).
    #[error("compressed data expands to more than {limit} bytes")]
    Bomb {
        /// What is allowed.
        limit: u64,
    },
    /// The page tree of a PDF comes back to where it was.
    #[error("the PDF's page tree loops at object {object}")]
    PageTreeLoop {
        /// The object that is its own ancestor.
        object: u64,
    },
    /// A form XObject draws itself.
    #[error("page {page} loops: the form in object {object} draws itself")]
    FormLoop {
        /// The page.
        page: u32,
        /// The form's object.
        object: u64,
    },
    /// Forms that draw forms multiply beyond reason.
    #[error("page {page} draws more than {limit} things")]
    TooComplex {
        /// The page.
        page: u32,
        /// What is allowed.
        limit: u64,
    },
    /// Took longer than [`Limits::page_timeout`](super::Limits::page_timeout); page 0 is opening the file.
    #[error("{} took longer than {seconds} s", if *page == 0 { "opening the file".to_owned() } else { format!("page {page}") })]
    TooSlow {
        /// The page, or 0.
        page: u32,
        /// What is allowed.
        seconds: u64,
    },
    /// Asked for a page that is not there.
    #[error("there is no page {page}: the file has {pages}")]
    NoSuchPage {
        /// The page.
        page: u32,
        /// How many there are.
        pages: u32,
    },
}

impl ScanError {
    pub(super) fn broken(format: Format, what: impl Into<String>) -> Self {
        Self::Broken { format, what: what.into() }
    }

    pub(super) fn unsupported(format: Format, what: impl Into<String>) -> Self {
        Self::Unsupported { format, what: what.into() }
    }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        const SCAN_AGAIN: &str =
            "Scan the paper again, or save the file again from the program that made it.";
        const SUSPICIOUS: &str =
            "This file was not made by a scanner: do not open it elsewhere, and scan the paper yourself.";
        let (code, advice) = match &error {
            ScanError::Unreadable { kind: ErrorKind::NotFound, .. } => {
                ("file-not-found", "Check the file's name and folder.")
            }
            ScanError::Unreadable { .. } => {
                ("unreadable-file", "Check that it is a file and that you are allowed to read it.")
            }
            ScanError::Empty => {
                ("empty-file", "The scan or the copying of the file was interrupted: scan or copy it again.")
            }
            ScanError::WrongType { .. } => (
                "wrong-type",
                "Give a PDF, JPEG, PNG or TIFF; print other documents to PDF or scan the paper.",
            ),
            ScanError::Encrypted => {
                ("encrypted-pdf", "Save the PDF without password and restrictions, or scan the paper.")
            }
            ScanError::Broken { .. } => ("broken-file", SCAN_AGAIN),
            ScanError::Unsupported { .. } => (
                "unsupported-image",
                "Save it as a PDF, as a JPEG or as a TIFF with LZW or Group 4 compression.",
            ),
            ScanError::NoPages { .. } => ("no-pages", SCAN_AGAIN),
            ScanError::TooManyBytes { .. } => (
                "too-many-bytes",
                "Scan at 300 dpi, or raise the limit with --max-bytes if the file is to be trusted.",
            ),
            ScanError::TooManyPages { .. } => {
                ("too-many-pages", "Split the file into smaller ones, or raise the limit with --max-pages.")
            }
            ScanError::TooManyPixels { .. } => (
                "too-many-pixels",
                "Scan at 300 dpi, or raise the limit with --max-pixels if the file is to be trusted.",
            ),
            ScanError::Bomb { .. } => ("decompression-bomb", SUSPICIOUS),
            ScanError::PageTreeLoop { .. } => ("pdf-page-loop", SUSPICIOUS),
            ScanError::FormLoop { .. } => ("pdf-form-loop", SUSPICIOUS),
            ScanError::TooComplex { .. } => {
                ("page-too-complex", "Print the page and scan it, or have it saved as an image.")
            }
            ScanError::TooSlow { .. } => {
                ("too-slow", "Print the page and scan it, or raise the limit with --page-seconds.")
            }
            ScanError::NoSuchPage { .. } => {
                ("no-such-page", "Ask for a page that the file has; the first is 1.")
            }
        };
        Self::new(code, error.to_string(), advice)
    }
}
