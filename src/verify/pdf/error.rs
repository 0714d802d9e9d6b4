use thiserror::Error;

use crate::verify::fact::Text;

/// Why a file is not in the grammar of a copy. Offsets count bytes from the start of the file, or of the decoded content
/// stream that `place` names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem}, at byte {offset}{}", place.as_deref().map(|p| format!(" of {p}")).unwrap_or_default())]
pub struct PdfError {
    /// Where.
    pub offset: usize,
    /// What is wrong.
    pub problem: Problem,
    /// The decoded stream that the offset counts in; none for the file itself.
    pub place: Option<String>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The first line is another.
    #[error("the file does not start with %PDF-1.7 and a binary comment")]
    Header,
    /// Something stands after the last `%%EOF`, or `startxref` is not written as it must be.
    #[error("the file does not end with startxref, an offset and %%EOF")]
    Ending,
    /// `startxref` or `/Prev` points elsewhere.
    #[error("a cross-reference table should stand here")]
    NoXref,
    /// A cross-reference line is not 20 bytes of the written form.
    #[error("a cross-reference entry is malformed")]
    XrefEntry,
    /// Sections overlap, leave gaps or are out of order.
    #[error("the cross-reference table's sections are not those of a copy")]
    XrefSections,
    /// A `startxref` value that differs from the table's place.
    #[error("startxref says {said}, but the table stands at {is}")]
    StartXref {
        /// As written.
        said: usize,
        /// Where it is.
        is: usize,
    },
    /// More revisions than a copy has.
    #[error("more than two revisions")]
    Revisions,
    /// Bytes that belong to nothing.
    #[error("bytes that belong to no object")]
    Unaccounted,
    /// An object other than the table says.
    #[error("object {0} should start here")]
    NotTheObject(u32),
    /// No object can be read here.
    #[error("not an object of the grammar")]
    Syntax,
    /// Deeper than any copy.
    #[error("nested too deeply")]
    Depth,
    /// More values than any copy has.
    #[error("too many values")]
    Budget,
    /// A name twice in one dictionary.
    #[error("the key /{0} stands twice in one dictionary")]
    DuplicateKey(String),
    /// `/Length` absent, indirect or wrong.
    #[error("the stream's /Length is missing or wrong")]
    Length,
    /// A reference to nothing.
    #[error("object {0} is referred to but absent")]
    Dangling(u32),
    /// An object that nothing refers to.
    #[error("object {0} is referred to by nothing")]
    Unreferenced(u32),
    /// A stream that does not decode within its limit.
    #[error("the stream does not decode: {0}")]
    Stream(&'static str),
    /// An entry that a copy does not have, or has otherwise.
    #[error("{0}")]
    Structure(String),
    /// The same, in words for both languages of a report.
    #[error("{}", .0.en)]
    Told(Text),
}

impl PdfError {
    /// At `offset` of the file.
    pub(crate) fn at(offset: usize, problem: Problem) -> Self {
        Self { offset, problem, place: None }
    }

    /// The same inside a decoded stream.
    pub(crate) fn inside(mut self, place: &str) -> Self {
        self.place = Some(place.to_owned());
        self
    }
}
