//! The key of a witness, in a folder of its own.

use std::fs;
use std::path::Path;

use super::private_key::ed25519_key;
use super::{KeyError, PrivateKey, file};
use crate::ambient::Entropy;

/// A witness's Ed25519 key.
pub struct WitnessKey(
    /// The key itself.
    pub ed25519_dalek::SigningKey,
);

impl std::fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WitnessKey(…)")
    }
}

impl WitnessKey {
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
        let key = ed25519_key(entropy);
        file::store_key(&path, &PrivateKey::Ed25519(key.clone()), passphrase, entropy)?;
        file::sync_folder(dir)?;
        Ok(Self(key))
    }
}
