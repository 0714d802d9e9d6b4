//! What can go wrong when form files are loaded or a form is asked for.

use thiserror::Error;

use crate::error::Failure;

/// Why a form file is refused, or a form cannot be used. Nothing from a paper is in it.
#[derive(Debug, Error)]
pub enum ExtractError {
    /// A form file breaks the schema: where, and what was expected.
    #[error("{file}:{line}: {expected}")]
    Form {
        /// The file as given.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what was expected.
        expected: String,
    },
    /// A file or folder could not be read.
    #[error("{file}: {source}")]
    Read {
        /// The file or folder.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A value that an officer gave is none that the field can have.
    #[error("field {field}: {problem}")]
    Value {
        /// The field's name.
        field: String,
        /// What is wrong and what was expected, without the value.
        problem: String,
    },
    /// No form has this id.
    #[error("no form has the id {id:?}; known are {known}")]
    UnknownForm {
        /// The id that was asked for.
        id: String,
        /// The ids that exist, joined by commas.
        known: String,
    },
}

impl From<ExtractError> for Failure {
    fn from(error: ExtractError) -> Self {
        let (code, advice) = match &error {
            ExtractError::Form { .. } => {
                ("form-file", "mend the form file at this line; docs/forms.md describes the schema")
            }
            ExtractError::Read { .. } => {
                ("form-unreadable", "check that the folder of forms exists and can be read")
            }
            ExtractError::Value { .. } => (
                "fields-file",
                "correct this value in the file given with --fields, or leave it as it was read; where the paper does say so, \
                 add \"as-on-paper\" to the field's problems; no number was used",
            ),
            ExtractError::UnknownForm { .. } => ("unknown-form", "run `saoy forms list`, or use --form auto"),
        };
        Failure::new(code, error.to_string(), advice)
    }
}
