//! A strict reader of the one PDF grammar that a Saoy copy has.
//!
//! In come a file's bytes, out goes `File`: its revisions and its objects, borrowed from the bytes. It repairs nothing and
//! skips nothing: every byte belongs to the header, to one indirect object, to a cross-reference table, to a trailer or to
//! the white space between them, so two readers cannot see two documents in one file. Not its business: what a page or a
//! signature is.
//!
//! The grammar is a subset of ISO 32000-1 section 7: classical cross-reference tables, one or two revisions, generation 0,
//! no object or cross-reference streams, no encryption, no comments after the header, direct `/Length`.

mod error;
mod file;
mod object;
mod stream;

pub use error::{PdfError, Problem};
pub(crate) use file::{File, Indirect, later_ends};
pub(crate) use object::{Dictionary, Lexer, Object, Text as TextString, Token};
pub(crate) use stream::decoded;
