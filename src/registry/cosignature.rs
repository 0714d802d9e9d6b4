//! C2SP tlog-cosignature v1.0.1, <https://c2sp.org/tlog-cosignature@v1.0.1>: a witness's timestamped signature, with Ed25519.
//!
//! A line of a signed note whose signature is `u64 time ‖ Ed25519 signature` over `cosignature/v1`, the time and the note's
//! text; its key has type 0x04. It says that at that time this was the largest consistent tree of the log that the witness
//! had seen.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::error::RegistryError;
use super::note::{Note, NoteSignature, is_name, typed_key_id};

/// The signature type of a cosignature with Ed25519.
const COSIGNATURE: u8 = 4;

/// A witness's key that signs.
#[derive(Clone)]
pub struct Cosigner {
    verifier: CosignatureVerifier,
    key: SigningKey,
}

impl Cosigner {
    /// The key under the witness's name.
    ///
    /// # Errors
    /// As [`CosignatureVerifier::new`].
    pub fn new(name: &str, key: SigningKey) -> Result<Self, RegistryError> {
        Ok(Self { verifier: CosignatureVerifier::new(name, key.verifying_key())?, key })
    }

    /// The public half.
    pub const fn verifier(&self) -> &CosignatureVerifier {
        &self.verifier
    }

    /// The cosignature over a checkpoint's text at `time`, seconds since 1970 below 2^63.
    pub fn cosign(&self, text: &str, time: u64) -> NoteSignature {
        let signature = self.key.sign(message(text, time).as_bytes());
        NoteSignature {
            name: self.verifier.name.clone(),
            id: self.verifier.id,
            signature: [time.to_be_bytes().as_slice(), &signature.to_bytes()].concat(),
        }
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosigner({})", self.verifier)
    }
}

/// A known witness. Written as a vkey with type 0x04.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignatureVerifier {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl CosignatureVerifier {
    /// The key under this name.
    ///
    /// # Errors
    /// [`RegistryError::Key`] for an empty name, one with white space or `+`, or a key of small order.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, RegistryError> {
        if !is_name(name) {
            return Err(RegistryError::Key("the name is empty or has white space, a control character or +"));
        }
        if key.is_weak() {
            return Err(RegistryError::Key("the key has small order"));
        }
        Ok(Self { name: name.to_owned(), id: typed_key_id(name, COSIGNATURE, &key), key })
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256(name ‖ 0A ‖ 04 ‖ key)\[..4\].
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The key.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// When this witness cosigned the note, seconds since 1970; `None` where it did not. Of several cosignatures the latest.
    ///
    /// # Errors
    /// [`RegistryError::Signature`] where one of this key does not verify.
    pub fn verify(&self, note: &Note) -> Result<Option<u64>, RegistryError> {
        let mut latest = None;
        for line in note.signatures().iter().filter(|line| line.name == self.name && line.id == self.id) {
            latest = latest.max(Some(self.verify_line(note.text(), line)?));
        }
        Ok(latest)
    }

    /// The time of one line of this key over a note's text.
    ///
    /// # Errors
    /// [`RegistryError::Signature`].
    pub fn verify_line(&self, text: &str, line: &NoteSignature) -> Result<u64, RegistryError> {
        let broken = || RegistryError::Signature { name: self.name.clone() };
        if line.name != self.name || line.id != self.id {
            return Err(broken());
        }
        let (time, signature) = line.signature.split_first_chunk().ok_or_else(broken)?;
        let time = Some(u64::from_be_bytes(*time)).filter(|time| i64::try_from(*time).is_ok());
        let time = time.ok_or_else(broken)?;
        Signature::from_slice(signature)
            .and_then(|signature| self.key.verify_strict(message(text, time).as_bytes(), &signature))
            .map_err(|_| broken())?;
        Ok(time)
    }
}

impl fmt::Display for CosignatureVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[COSIGNATURE], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&typed))
    }
}

impl FromStr for CosignatureVerifier {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let error = RegistryError::Key;
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(typed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(error("not name+id+key"));
        };
        let typed = super::from_base64(typed).map_err(|_| error("the key is not base64"))?;
        let Some((&COSIGNATURE, key)) = typed.split_first() else {
            return Err(error("not of type Ed25519 cosignature"));
        };
        let key = key.try_into().map_err(|_| error("the key is not 32 bytes"))?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| error("the key is no point"))?;
        let verifier = Self::new(name, key)?;
        if HEXLOWER.encode(&verifier.id) != id {
            return Err(error("the id does not belong to name and key"));
        }
        Ok(verifier)
    }
}

fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}
