//! Keys and certificates that live in files.
//!
//! In come an office's name and code, a clock and entropy; out go key files, certificates under the office's root and
//! [`FileSigner`]s. [`OfficeKeys`] is the whole set of one office. Not its business: what is signed, and where the passphrase
//! comes from.
//!
//! What this room decides where the design leaves it open: the root stays P-256 whatever the signers use; it is valid for 20
//! years, signers for 5 years and never longer than their root; the office's code is the subject's organizationIdentifier;
//! names longer than RFC 5280's 64 characters are kept whole (X.520 has lifted the bound, and offices have such names);
//! the root's key is not needed to open the set and may be taken away to a safe place; scrypt runs with N = 2^14, r = 8, p = 1,
//! OpenSSL's own cost: opening an office opens five keys, and its passphrase is a file's, not a person's.
//!
//! ```text
//! DIR/root.pem     root certificate        DIR/root.key     its key
//! DIR/office.pem   office, then authorities between it and the root; DIR/office.key
//! DIR/officer.pem  the same for the officer, if there is one; DIR/officer.key
//! DIR/seal.key     Ed25519                 DIR/log.key      Ed25519
//! DIR/vault.key    32 bytes
//! ```

mod file;
mod note;
mod office;
mod pki;
mod private_key;
mod signer;

use std::path::PathBuf;

use crate::error::Failure;
use crate::signature::certificate::CertificateError;
use crate::signature::chain::ChainError;
use crate::signature::cms::CmsError;

pub use file::{load_key, store_key};
pub use note::NoteKey;
pub use office::{Brought, BroughtSigner, OfficeKeys, OfficeProfile};
pub use pki::{OFFICE_YEARS, ROOT_YEARS};
pub use private_key::PrivateKey;
pub use signer::FileSigner;

/// Why a key or certificate is not made or not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file that must be there is not.
    #[error("{0} does not exist")]
    Missing(PathBuf),
    /// A file that would be overwritten.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// The disk or the system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key is encrypted and no passphrase was given.
    #[error("{0} is encrypted and no passphrase was given")]
    PassphraseNeeded(PathBuf),
    /// The passphrase does not open the key.
    #[error("the passphrase does not open {0}")]
    WrongPassphrase(PathBuf),
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The file is not a key in PKCS#8 PEM.
    #[error("{0} is not a private key in PKCS#8 PEM")]
    NotAKey(PathBuf),
    /// An RSA key in software.
    #[error("{0} is an RSA key, which is not used in software")]
    Rsa(PathBuf),
    /// A key of an algorithm that is not used here.
    #[error("{0} is neither a P-256 nor an Ed25519 key")]
    Algorithm(PathBuf),
    /// A certificate cannot be read.
    #[error("{path}: {source}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: CertificateError,
    },
    /// The key is not that of the certificate.
    #[error("the key of {0} is not that of its certificate")]
    KeyMismatch(PathBuf),
    /// The certificate does not lead to the root.
    #[error("{path}: {source}")]
    Chain {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ChainError,
    },
    /// Officer and office would sign with one key: two signatures that prove no more than one.
    #[error("the officer's certificate has the key of the office's own")]
    OneSigner,
    /// A trial signature did not come out right.
    #[error("{path}: {source}")]
    Trial {
        /// The key's file.
        path: PathBuf,
        /// What is wrong.
        source: CmsError,
    },
    /// A name or code that a certificate cannot carry.
    #[error("the {what} must have 1 to {most} characters and no control characters")]
    Name {
        /// Which one.
        what: &'static str,
        /// How many characters it may have.
        most: usize,
    },
    /// RSA was asked for.
    #[error("RSA keys are not made")]
    RsaAsked,
    /// A certificate could not be encoded; names it can.
    #[error("a certificate could not be made: {0}")]
    Encoding(String),
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let (code, advice) = match &error {
            KeyError::Missing(_) => ("key-missing", "Check --home; an office is made with `saoy init`."),
            KeyError::Exists(_) => ("key-exists", "Keys are never overwritten; choose another folder."),
            KeyError::Io { .. } => ("key-io", "Check the path, its owner and the free space."),
            KeyError::PassphraseNeeded(_) => {
                ("key-passphrase-needed", "Name the file with the passphrase in SAOY_PASSPHRASE_FILE.")
            }
            KeyError::WrongPassphrase(_) => (
                "key-passphrase-wrong",
                "Check that SAOY_PASSPHRASE_FILE names the passphrase with which this office was made.",
            ),
            KeyError::EmptyPassphrase => {
                ("key-passphrase-empty", "Write a passphrase into the file that SAOY_PASSPHRASE_FILE names.")
            }
            KeyError::NotAKey(_) => {
                ("key-malformed", "Convert the key: openssl pkcs8 -topk8 -in KEY -out KEY.pem.")
            }
            KeyError::Rsa(_) | KeyError::RsaAsked => (
                "key-rsa",
                "RSA signing in software leaks the key through timing (RUSTSEC-2023-0071); ask the authority for a \
                 P-256 certificate.",
            ),
            KeyError::Algorithm(_) => ("key-algorithm", "Bring a P-256 or an Ed25519 key."),
            KeyError::Certificate { .. } => {
                ("certificate-malformed", "Bring X.509 certificates as PEM, the signer's own first.")
            }
            KeyError::KeyMismatch(_) => (
                "key-mismatch",
                "Bring the key with the certificate that was issued for it, the signer's own first.",
            ),
            KeyError::Chain { .. } => (
                "certificate-path",
                "Bring a valid certificate for signing documents, the authorities above it, and their root.",
            ),
            KeyError::OneSigner => (
                "certificate-twice",
                "Give the officer's own certificate and key, or leave --officer out for trial copies.",
            ),
            KeyError::Trial { .. } => {
                ("key-trial", "Check the key file against a backup; nothing was issued.")
            }
            KeyError::Name { .. } => ("key-name", "Shorten it, or take the control characters out."),
            KeyError::Encoding(_) => {
                ("certificate-encoding", "Check the office's name and code for unusual characters.")
            }
        };
        Self::new(code, error.to_string(), advice)
    }
}

/// Something that works and should be otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyWarning {
    /// The key lies on the disk without encryption.
    Unencrypted(PathBuf),
    /// Others than the owner may read the key: its mode.
    OpenPermissions(PathBuf, u32),
}

impl std::fmt::Display for KeyWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unencrypted(path) => {
                write!(
                    f,
                    "{} is not encrypted; set SAOY_PASSPHRASE_FILE when making an office",
                    path.display()
                )
            }
            Self::OpenPermissions(path, mode) => {
                write!(f, "{} has mode {mode:03o}; others may read it (chmod 600)", path.display())
            }
        }
    }
}
