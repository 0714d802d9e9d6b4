//! The Ed25519 key of a witness, a national log or the root of trust lists: a file, and no certificate.

use std::fs;
use std::path::Path;

use super::private_key::ed25519_key;
use super::{KeyError, PrivateKey, file};
use crate::ambient::Entropy;

/// An Ed25519 key that signs notes.
pub struct NoteKey(
    /// The key itself.
    pub ed25519_dalek::SigningKey,
);

impl std::fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NoteKey(…)")
    }
}

impl NoteKey {
    /// The key in `DIR/<name>.key`, made where there is none.
    ///
    /// # Errors
    /// As [`load_key`](super::load_key) and [`store_key`](super::store_key).
    pub fn open(
        dir: &Path,
        name: &str,
        passphrase: Option<&[u8]>,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyError> {
        let path = dir.join(format!("{name}.key"));
        match file::load_key(&path, passphrase) {
            Ok((PrivateKey::Ed25519(key), _)) => return Ok(Self(key)),
            Ok((PrivateKey::EcdsaP256(_), _)) => return Err(KeyError::Algorithm(path)),
            Err(KeyError::Missing(_)) => {}
            Err(error) => return Err(error),
        }
        fs::create_dir_all(dir).map_err(|source| file::io(dir, source))?;
        Self::create(&path, passphrase, entropy)
    }

    /// A new key in a new file.
    ///
    /// # Errors
    /// As [`store_key`](super::store_key).
    pub fn create(path: &Path, passphrase: Option<&[u8]>, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let key = ed25519_key(entropy);
        file::store_key(path, &PrivateKey::Ed25519(key.clone()), passphrase, entropy)?;
        file::sync_folder(path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
        Ok(Self(key))
    }
}
