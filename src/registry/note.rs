//! C2SP signed-note v1.0.0, <https://c2sp.org/signed-note@v1.0.0>, with Ed25519 (type 0x01) only.
//!
//! Signatures of other types stay in the note as unknown ones, as the specification asks; no name of a key is looked
//! up here: the known keys are handed in.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::error::RegistryError;

/// The signature type of plain Ed25519 over the note's text.
const ED25519: u8 = 1;
/// Signatures that a note may have; the specification asks for at least 16.
const MAX_SIGNATURES: usize = 64;
/// Bytes that a note may have.
const MAX_BYTES: usize = 1 << 20;

/// A signed note. Its text means nothing before [`verify`](Self::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub id: [u8; 4],
    /// The signature's bytes, without the id.
    pub signature: Vec<u8>,
}

impl Note {
    /// The note with this text and one signature a key.
    ///
    /// # Errors
    /// [`RegistryError::Note`] for a text that does not end in a newline or has control characters, and for no or too
    /// many keys.
    pub fn sign(text: &str, keys: &[&NoteSigner]) -> Result<Self, RegistryError> {
        check_text(text)?;
        if keys.is_empty() || keys.len() > MAX_SIGNATURES {
            return Err(RegistryError::Note("no signature, or too many"));
        }
        let signatures = keys
            .iter()
            .map(|signer| NoteSignature {
                name: signer.verifier.name.clone(),
                id: signer.verifier.id,
                signature: signer.key.sign(text.as_bytes()).to_bytes().to_vec(),
            })
            .collect();
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// A note that nobody signed yet, for [`Note::with`]; it does not read back.
    #[cfg(feature = "issue")]
    pub(crate) fn unsigned(text: &str) -> Self {
        Self { text: text.to_owned(), signatures: Vec::new() }
    }

    /// The note with one more signature line; the same line is not added twice.
    ///
    /// # Errors
    /// [`RegistryError::Note`] for too many.
    pub fn with(mut self, line: NoteSignature) -> Result<Self, RegistryError> {
        if !self.signatures.contains(&line) {
            if self.signatures.len() == MAX_SIGNATURES {
                return Err(RegistryError::Note("no signature, or too many"));
            }
            self.signatures.push(line);
        }
        Ok(self)
    }

    /// Reads a note. Nothing is verified yet.
    ///
    /// # Errors
    /// [`RegistryError::Note`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RegistryError> {
        Self::parse_at_most(MAX_BYTES, bytes)
    }

    /// Reads a note of at most so many bytes.
    pub(crate) fn parse_at_most(most: usize, bytes: &[u8]) -> Result<Self, RegistryError> {
        let error = RegistryError::Note;
        if bytes.len() > most {
            return Err(error("too long"));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| error("not UTF-8"))?;
        let (text, lines) = note.rsplit_once("\n\n").ok_or(error("no blank line"))?;
        // The text keeps its own newline, of which the split took the first of the two.
        let text = &note[..=text.len()];
        check_text(text)?;
        let lines = lines.strip_suffix('\n').ok_or(error("no newline at the end"))?;
        let signatures = lines.split('\n').map(parse_line).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(error("no signature, or too many"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, with its newline at the end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Checks every signature by a known key and says whose they are.
    ///
    /// # Errors
    /// [`RegistryError::Signature`] where one of them does not verify, [`RegistryError::Unsigned`] where there is none,
    /// [`RegistryError::Key`] where two known keys have one name and id.
    pub fn verify<'k>(&self, known: &'k [NoteVerifier]) -> Result<Vec<&'k NoteVerifier>, RegistryError> {
        let mut by: Vec<&NoteVerifier> = Vec::new();
        for line in &self.signatures {
            let mut keys = known.iter().filter(|key| key.name == line.name && key.id == line.id);
            let Some(key) = keys.next() else { continue };
            if keys.any(|other| other != key) {
                return Err(RegistryError::Key("two known keys have one name and id"));
            }
            Signature::from_slice(&line.signature)
                .and_then(|signature| key.key.verify_strict(self.text.as_bytes(), &signature))
                .map_err(|_| RegistryError::Signature { name: line.name.clone() })?;
            if !by.contains(&key) {
                by.push(key);
            }
        }
        if by.is_empty() { Err(RegistryError::Unsigned) } else { Ok(by) }
    }
}

/// The note as it is stored and sent.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The line without its newline.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, id, signature } = self;
        write!(f, "\u{2014} {name} {}", BASE64.encode(&[id, signature.as_slice()].concat()))
    }
}

impl FromStr for NoteSignature {
    type Err = RegistryError;

    /// Reads a line without its newline.
    fn from_str(line: &str) -> Result<Self, RegistryError> {
        parse_line(line)
    }
}

/// A key that signs notes.
#[derive(Clone)]
pub struct NoteSigner {
    verifier: NoteVerifier,
    key: SigningKey,
}

impl NoteSigner {
    /// The key under this name.
    ///
    /// # Errors
    /// [`RegistryError::Key`] for an empty name or one with white space or `+`.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, RegistryError> {
        Ok(Self { verifier: NoteVerifier::new(name, key.verifying_key())?, key })
    }

    /// The public half.
    pub const fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.verifier)
    }
}

/// A known key. Written as `<name>+<8 hexadecimal digits of the id>+<base64 of type and key>` (vkey).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl NoteVerifier {
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
        Ok(Self { name: name.to_owned(), id: typed_key_id(name, ED25519, &key), key })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256(name ‖ 0A ‖ 01 ‖ key)\[..4\].
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The key.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }
}

impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&typed))
    }
}

impl FromStr for NoteVerifier {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let error = RegistryError::Key;
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(typed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(error("not name+id+key"));
        };
        let typed = super::from_base64(typed).map_err(|_| error("the key is not base64"))?;
        let Some((&ED25519, key)) = typed.split_first() else { return Err(error("not of type Ed25519")) };
        let key = key.try_into().map_err(|_| error("the key is not 32 bytes"))?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| error("the key is no point"))?;
        let verifier = Self::new(name, key)?;
        if HEXLOWER.encode(&verifier.id) != id {
            return Err(error("the id does not belong to name and key"));
        }
        Ok(verifier)
    }
}

/// SHA-256(name ‖ 0A ‖ type ‖ key)[..4].
pub(super) fn typed_key_id(name: &str, kind: u8, key: &VerifyingKey) -> [u8; 4] {
    let hash =
        Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(key.as_bytes()).finalize();
    *hash.first_chunk().expect("SHA-256 has 32 bytes")
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

fn check_text(text: &str) -> Result<(), RegistryError> {
    if !text.ends_with('\n') {
        return Err(RegistryError::Note("the text does not end in a newline"));
    }
    if text.contains(|c: char| c < ' ' && c != '\n') {
        return Err(RegistryError::Note("a control character"));
    }
    Ok(())
}

/// Reads a line without its newline.
pub(super) fn parse_line(line: &str) -> Result<NoteSignature, RegistryError> {
    let error = RegistryError::Note("a signature line that is not one");
    let (name, blob) =
        line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' ')).ok_or(error.clone())?;
    let blob = super::from_base64(blob).map_err(|_| error.clone())?;
    match blob.split_first_chunk() {
        Some((id, signature)) if is_name(name) && !signature.is_empty() => {
            Ok(NoteSignature { name: name.to_owned(), id: *id, signature: signature.to_vec() })
        }
        _ => Err(error),
    }
}
