//! Why a record or a disclosure is refused.

use thiserror::Error;

use super::encode::EncodeError;
use crate::error::Failure;

/// Why a record or a disclosure is refused. No value of a field is in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The bytes are not canonical JSON, or a value has no canonical form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// More bytes than any record has.
    #[error("{found} bytes, at most {most} are read")]
    TooLong {
        /// As many came.
        found: usize,
        /// As many are read.
        most: usize,
    },
    /// Written by another version of the format.
    #[error("format version {}, this program reads version 1", found.map_or("missing".to_owned(), |v| v.to_string()))]
    Version {
        /// The version, where it is a number.
        found: Option<u64>,
    },
    /// A member is missing, unknown or of the wrong type.
    #[error("a member is missing, unknown or of the wrong type before byte {column}")]
    Shape {
        /// Where reading stopped, from 1; 0 where no place is known.
        column: usize,
    },
    /// A member has a value that it cannot have.
    #[error("{member}: {problem}")]
    Member {
        /// The member, `pages[3].filter`.
        member: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not base64url without padding.
    #[error("the {0} is not base64url without padding")]
    Base64(&'static str),
    /// Not a disclosure.
    #[error("not a disclosure: {0}")]
    Disclosure(&'static str),
    /// A field that cannot be certified or disclosed like this.
    #[error("field {name:?} {problem}")]
    Field {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Disclosures whose names do not ascend.
    #[error("field {name:?} is not in the order of the names, or comes twice")]
    Order {
        /// The one that comes too late.
        name: String,
    },
    /// A disclosure whose digest the record does not list.
    #[error("field {name:?} is not among those that the record certifies")]
    NotCertified {
        /// Its name.
        name: String,
    },
    /// A name that is disclosed twice.
    #[error("field {name:?} is disclosed twice")]
    Twice {
        /// The name.
        name: String,
    },
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let (code, advice) = match &error {
            RecordError::Version { .. } => ("record-version", "Use a newer version of saoy."),
            RecordError::NotCertified { .. } | RecordError::Twice { .. } | RecordError::Order { .. } => (
                "bad-disclosure",
                "Do not rely on the fields of this file; ask the office that issued it for a new copy.",
            ),
            RecordError::Field { .. } => ("bad-field", "Correct the field in the file given with --fields."),
            _ => ("bad-record", "Do not rely on this file; ask the office that issued it for a new copy."),
        };
        Self::new(code, error.to_string(), advice)
    }
}
