//! What can go wrong with a home.

use std::path::PathBuf;

use crate::error::Failure;

/// An error of the office's home on disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no office.
    #[error("{path} is no office's home: it has no saoy.db")]
    NoHome {
        /// The folder.
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
    /// The file system's error.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What.
        source: std::io::Error,
    },
}

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
            StoreError::Schema { .. } => ("schema", "use the version of saoy that made this home"),
            StoreError::Conflict { .. } => ("conflict", "run `saoy registry check`; nothing was changed"),
            StoreError::Sealed { .. } => {
                ("sealed", "check that keys/ belongs to this home; run `saoy registry check`")
            }
            StoreError::Corrupt { .. } => {
                ("damaged", "run `saoy registry check`, then restore from a backup")
            }
            StoreError::Database(_) | StoreError::Blob(_) | StoreError::Io { .. } => {
                ("storage", "check disk space, permissions and the disk itself, then run again")
            }
        };
        Self::new(code, error.to_string(), advice)
    }
}
