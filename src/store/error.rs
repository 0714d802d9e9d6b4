//! What can go wrong with a home.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::error::Failure;

/// An error of the office's home on disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no office.
    #[error("{path} does not exist: the folder above it is no office's home")]
    NoHome {
        /// The file that every home has.
        path: PathBuf,
    },
    /// There is an office already.
    #[error("{path} exists already")]
    Exists {
        /// The database.
        path: PathBuf,
    },
    /// Another process writes.
    #[error("{path} is in use by another saoy that issues")]
    Locked {
        /// The home.
        path: PathBuf,
    },
    /// A reader who may not write into the home would miss what another process writes.
    #[error(
        "{path} shows that the office is being written to, or that a run was killed, and this user may not write there"
    )]
    Changing {
        /// The file that shows it.
        path: PathBuf,
    },
    /// Made by another version of Saoy.
    #[error("the database has schema {found}, this saoy knows {expected}")]
    Schema {
        /// What it has.
        found: String,
        /// What this code knows.
        expected: &'static str,
    },
    /// Something does not continue what is stored; nothing was changed.
    #[error("refused: {what}")]
    Conflict {
        /// What does not fit.
        what: String,
    },
    /// A sealed thing does not open: another key, or changed bytes.
    #[error("{what} does not open with this office's key")]
    Sealed {
        /// Which.
        what: String,
    },
    /// A sealed file that must be there is not.
    #[error("{what} is missing")]
    Lost {
        /// Which.
        what: String,
    },
    /// The anchor is there, but cannot be read.
    #[error("the anchor {path} is damaged: {source}")]
    Anchor {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The anchor belongs to another log.
    #[error("the anchor {path} is that of {found}, not of {expected}")]
    OtherAnchor {
        /// Its file.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// Something stored is not what this code writes.
    #[error("the database is damaged: {what}")]
    Corrupt {
        /// What.
        what: String,
    },
    /// The database's own error.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A sealed file's error.
    #[error("sealed files: {0}")]
    Blob(#[from] object_store::Error),
    /// What a bucket's server says, or that there is none.
    #[error("{address}: {}", innermost(.source))]
    Bucket {
        /// The bucket.
        address: String,
        /// What.
        source: object_store::Error,
    },
    /// The file system's error.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What.
        source: std::io::Error,
    },
}

const NO_BUCKET: (&str, &str) =
    ("no-bucket", "make the bucket first; check its name, AWS_REGION and AWS_ENDPOINT_URL");

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (code, advice) = match &error {
            StoreError::NoHome { .. } => {
                ("no-home", "make an office with `saoy init --home DIR --name NAME --code CODE`")
            }
            StoreError::Exists { .. } => {
                ("home-exists", "choose another folder; an office is never overwritten")
            }
            StoreError::Locked { .. } => ("home-locked", "wait until the other run has ended, or stop it"),
            StoreError::Changing { .. } => (
                "home-changing",
                "run again when the other run has ended; after one that was killed, the office's next `saoy certify` puts it right",
            ),
            StoreError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => (
                "not-allowed",
                "run as the user to whom the office belongs, or have that user allow the reading",
            ),
            StoreError::Schema { .. } => ("schema", "use the version of saoy that made this home"),
            StoreError::Conflict { .. } => ("conflict", "run `saoy registry check`; nothing was changed"),
            StoreError::Sealed { .. } => {
                ("sealed", "check that keys/ belongs to this home; run `saoy registry check`")
            }
            StoreError::Lost { .. } => ("lost", "bring blobs/ back from a backup; run `saoy registry check`"),
            StoreError::Anchor { .. } => (
                "anchor-damaged",
                "bring the file back; if it is lost for good, move it away, compare the last number with the copies handed out last, \
                 then run `saoy registry recover --home DIR`",
            ),
            StoreError::OtherAnchor { .. } => {
                ("anchor-other", "SAOY_ANCHOR must name a file of this office's own")
            }
            StoreError::Corrupt { .. } => {
                ("damaged", "run `saoy registry check`, then restore from a backup")
            }
            // object_store gives a list that was refused no kind of its own.
            StoreError::Bucket { source, .. } if innermost(source).contains("NoSuchBucket") => NO_BUCKET,
            StoreError::Bucket { source, .. } => match source {
                object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. } => (
                    "bucket-denied",
                    "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they may list, read, write and delete there",
                ),
                object_store::Error::NotFound { .. } => NO_BUCKET,
                _ => (
                    "bucket",
                    "check AWS_ENDPOINT_URL, AWS_REGION and the network, then run again: what is there already stays",
                ),
            },
            StoreError::Database(_) | StoreError::Blob(_) | StoreError::Io { .. } => {
                ("storage", "check disk space, permissions and the disk itself, then run again")
            }
        };
        Self::new(code, error.to_string(), advice)
    }
}

/// The cause at the bottom, which is what a person can act on; object_store wraps it in the request's address and its retries.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
