//! Copy + trust list → report. *Core.*
//!
//! In come a file's bytes, a [`TrustList`](trust::TrustList) and the present time; out goes a [`Report`]: separate facts, a
//! verdict over them. No input or output, no clock, no network of its own. Not its business: making copies; `certify` and
//! this room meet only in `record`, `registry`, `seal` and `signature`.
//!
//! The order is that of trust: first the bytes (`pdf`, `document`, `gate`: one reading of the file, every byte accounted for
//! and covered), then cryptography, then whose keys they are.

mod document;
mod fact;
mod gate;
mod pages;
pub mod pdf;
mod report;
mod status;
#[cfg(test)]
mod testing;

pub use fact::{Fact, FactId, Language, State, Text};
pub use report::{CopyFacts, FieldFacts, Report, SignatureFacts, VERSION, Verdict};
pub use status::{Status, StatusAnswer, StatusSource};

use crate::record::PageDigest;

/// Checks the form of a copy without its cryptography: grammar, signature gaps, pages. For whoever makes a copy and wants to
/// know before it leaves; gives the digests of the page images.
///
/// # Errors
/// The first thing that is not as in a copy.
pub fn examine(file: &[u8]) -> Result<Vec<PageDigest>, pdf::PdfError> {
    let file = pdf::File::parse(file)?;
    let document = document::Document::read(&file)?;
    gate::check(&file, &document)?;
    let mut pages = pages::Pages::new(&file);
    (0..document.pages.len()).map(|index| pages.check(&document, index)).collect()
}
