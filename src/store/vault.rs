//! Encryption at rest: XChaCha20-Poly1305 under a key a document, wrapped by the office's vault key.

use chacha20poly1305::aead::{Aead, AeadInOut, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::StoreError;
use crate::ambient::Entropy;

const NONCE: usize = 24;
const TAG: usize = 16;

/// A key that never leaves memory in the clear.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A key from its bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh key.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// The key for one purpose, derived from this one: SHA-256 of label and key.
    pub fn derive(&self, label: &str) -> Self {
        let hash = Sha256::new().chain_update(label).chain_update(self.0.as_ref()).finalize();
        Self::new(hash.into())
    }

    /// Encrypts; `context` must be given again to open. The result is nonce ‖ ciphertext ‖ tag.
    pub fn seal(&self, context: &str, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        // In place: a scan may be large, and this is its only other copy.
        let mut sealed = Vec::with_capacity(NONCE + plain.len() + TAG);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .cipher()
            .encrypt_inout_detached(&XNonce::from(nonce), context.as_bytes(), sealed[NONCE..].as_mut().into())
            .expect("the plaintext is far below the cipher's limit of 256 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Decrypts what [`Key::seal`] made under the same context.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] where the key, the context or a single bit is another.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let broken = || StoreError::Sealed { what: context.to_owned() };
        let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or_else(broken)?;
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: context.as_bytes() })
            .map_err(|_| broken())
    }

    /// This key, sealed under `vault`.
    pub fn wrap(&self, vault: &Self, context: &str, entropy: &dyn Entropy) -> Vec<u8> {
        vault.seal(context, self.0.as_ref(), entropy)
    }

    /// The key that [`Key::wrap`] sealed.
    ///
    /// # Errors
    /// As [`Key::open`].
    pub fn unwrap(vault: &Self, context: &str, wrapped: &[u8]) -> Result<Self, StoreError> {
        let bytes = Zeroizing::new(vault.open(context, wrapped)?);
        let bytes: [u8; 32] =
            bytes.as_slice().try_into().map_err(|_| StoreError::Sealed { what: context.to_owned() })?;
        Ok(Self::new(bytes))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SeededEntropy;

    #[test]
    fn opens_only_with_the_same_key_context_and_bytes() {
        let entropy = SeededEntropy::new([7; 32]);
        let key = Key::random(&entropy);
        let mut sealed = key.seal("a", b"text", &entropy);
        assert_eq!(key.open("a", &sealed).expect("opens"), b"text");
        assert!(key.open("b", &sealed).is_err(), "another context");
        assert!(Key::random(&entropy).open("a", &sealed).is_err(), "another key");
        *sealed.last_mut().expect("not empty") ^= 1;
        assert!(key.open("a", &sealed).is_err(), "a flipped bit");
        assert!(key.open("a", &sealed[..10]).is_err(), "cut short");
    }

    #[test]
    fn a_wrapped_key_opens_what_the_key_sealed() {
        let entropy = SeededEntropy::new([8; 32]);
        let (vault, key) = (Key::random(&entropy), Key::random(&entropy));
        let unwrapped = Key::unwrap(&vault, "k", &key.wrap(&vault, "k", &entropy)).expect("unwraps");
        assert_eq!(unwrapped.open("a", &key.seal("a", b"x", &entropy)).expect("opens"), b"x");
    }
}
