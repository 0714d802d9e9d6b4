//! What can go wrong while a copy is made.

use std::path::PathBuf;

use crate::error::Failure;
use crate::record::Role;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    /// An image that cannot stand in a PDF/A file.
    #[error("the page's image cannot be stored: {why}")]
    Image {
        /// What is wrong with it.
        why: String,
    },
    /// A page too small or too large for PDF.
    #[error("page {page} is {width:.1} × {height:.1} points; PDF/A takes sides of 3 to 14400")]
    PageSize {
        /// From 1, in the copy.
        page: usize,
        /// In points.
        width: f64,
        /// In points.
        height: f64,
    },
    /// A copy needs a page.
    #[error("the document has no page")]
    NoPage,
    /// The fonts of the certification text are not installed.
    #[error("the font {file} is in none of these folders: {}", folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", "))]
    FontMissing {
        /// The file looked for.
        file: &'static str,
        /// Where.
        folders: Vec<PathBuf>,
    },
    /// A font file that cannot be read as one.
    #[error("the font {path} cannot be used: {why}")]
    Font {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The certification text has a character that the font lacks.
    #[error("the font {font} has no glyph for U+{code:04X}")]
    Glyph {
        /// The font.
        font: String,
        /// The character.
        code: u32,
    },
    /// The seal is too long for the QR code.
    #[error("the seal of {length} characters does not fit a QR code of version 13-M")]
    Qr {
        /// Characters.
        length: usize,
    },
    /// A table's header row leaves no room below it on a page.
    #[error("the table's header row has {lines} lines, which leave no room on a page")]
    TableHeader {
        /// Lines.
        lines: usize,
    },
    /// A file of `models/acts` is wrong.
    #[error("{file}:{line}: {message}")]
    Act {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What was expected.
        message: String,
    },
    /// An act's file could not be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The act is described, but not issued.
    #[error("the act {act} is not issued: {why}")]
    ActUnavailable {
        /// Its id.
        act: String,
        /// Its file's reason.
        why: String,
    },
    /// The act's text asks for a value that the record lacks.
    #[error("the certification text asks for {{{name}}}, which the record does not have")]
    Value {
        /// The placeholder.
        name: String,
    },
    /// A signature out of turn.
    #[error("the next signature is {expected:?}, not {role:?}")]
    Turn {
        /// Whose turn it is; none if all have signed.
        expected: Option<Role>,
        /// Who was named.
        role: Role,
    },
    /// A copy before all have signed.
    #[error("the copy lacks the signature of {role:?}")]
    Unsigned {
        /// Whose.
        role: Role,
    },
    /// A signature larger than its gap.
    #[error("the signature has {length} bytes; there is room for {room}")]
    Gap {
        /// Bytes of CMS.
        length: usize,
        /// Bytes of room.
        room: usize,
    },
    /// No signature was given.
    #[error("the copy names no signer")]
    NoSigner,
}

impl From<CertifyError> for Failure {
    fn from(error: CertifyError) -> Self {
        let (code, advice) = match &error {
            CertifyError::Image { .. } => {
                ("image-not-archivable", "scan the page anew, as JPEG, PNG or TIFF")
            }
            CertifyError::PageSize { .. } => {
                ("page-size", "check the resolution that the scan states, and scan anew")
            }
            CertifyError::NoPage => ("no-page", "give a file with at least one page"),
            CertifyError::FontMissing { .. } => (
                "font-missing",
                "install the Debian package fonts-liberation2 (from Debian 13 fonts-liberation), or set SAOY_FONT_DIR to the folder that has the file",
            ),
            CertifyError::Font { .. } => (
                "font-broken",
                "install the Debian package fonts-liberation2 (from Debian 13 fonts-liberation) again",
            ),
            CertifyError::Glyph { .. } => {
                ("glyph-missing", "check the office's and the officer's name for odd characters")
            }
            CertifyError::Qr { .. } => ("qr-too-long", "leave values out of the seal"),
            CertifyError::TableHeader { .. } => ("table-header", "shorten the columns' titles"),
            CertifyError::Act { .. } => ("act-file", "correct the file at that line"),
            CertifyError::Read { .. } => ("act-file", "check that the file exists and may be read"),
            CertifyError::ActUnavailable { .. } => ("act-unavailable", "choose another act with --act"),
            CertifyError::Value { .. } => ("act-value", "complete the record, or correct the act's text"),
            CertifyError::Turn { .. } => ("signature-order", "sign in the order that the act names"),
            CertifyError::Unsigned { .. } => ("signature-missing", "sign with every key that the act names"),
            CertifyError::Gap { .. } => {
                ("signature-too-large", "use a certificate chain with fewer or smaller certificates")
            }
            CertifyError::NoSigner => ("no-signer", "name at least one signer in the act"),
        };
        Self::new(code, error.to_string(), advice)
    }
}
