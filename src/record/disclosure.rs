//! RFC 9901 (Selective Disclosure for JWTs, November 2025), <https://www.rfc-editor.org/rfc/rfc9901>,
//! section 4.2: one disclosure a field, and `fields.json`, which carries them.
//!
//! Narrower than the RFC: the array's JSON is canonical (RFC 8785), the salt is 16 bytes, and the third member is
//! always a [`ConfirmedField`]. One disclosure thus has one encoding, and a field can later be withheld by leaving
//! its line out.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::encode::{canonical, parse_canonical, same, to_nfc};
use super::{ConfirmedField, ConfirmedFields, Digest, Record, RecordError};
use crate::ambient::Entropy;

/// Bytes of a disclosure's salt (RFC 9901 section 9.3 asks for at least 128 bits).
pub const SALT: usize = 16;
/// The longest field name, in bytes.
const MAX_NAME: usize = 96;
/// The most bytes that `fields.json` may have.
const MAX_BYTES: usize = 4 << 20;

/// One certified field with its salt.
#[derive(Clone, Debug, PartialEq)]
pub struct Disclosure {
    salt: [u8; SALT],
    name: String,
    field: ConfirmedField,
    // Kept because the digest is over these characters, and every use needs them.
    encoded: String,
}

impl Disclosure {
    /// A disclosure of its parts; strings in `field` become NFC.
    ///
    /// # Errors
    /// [`RecordError::Field`] for a name that is not lower-case words joined by `_` and `.`, a value with a
    /// fraction, a box without a page or inside out.
    pub fn new(salt: [u8; SALT], name: &str, field: &ConfirmedField) -> Result<Self, RecordError> {
        let field = ConfirmedField { value: to_nfc(&field.value), ..field.clone() };
        check(name, &field)?;
        let array = json!([BASE64URL_NOPAD.encode(&salt), name, field]);
        let encoded = BASE64URL_NOPAD.encode(&canonical(&array)?);
        Ok(Self { salt, name: name.to_owned(), field, encoded })
    }

    /// Reads the base64url form. Exactly what [`encode`](Self::encode) gives is accepted.
    ///
    /// # Errors
    /// [`RecordError`] that says what is not as it must be.
    pub fn parse(encoded: &str) -> Result<Self, RecordError> {
        let bytes =
            BASE64URL_NOPAD.decode(encoded.as_bytes()).map_err(|_| RecordError::Base64("disclosure"))?;
        let Value::Array(members) = parse_canonical(&bytes)? else {
            return Err(RecordError::Disclosure("not an array"));
        };
        let Ok([Value::String(salt), Value::String(name), field]) = <[Value; 3]>::try_from(members) else {
            return Err(RecordError::Disclosure("not an array of salt, name and field"));
        };
        let salt = BASE64URL_NOPAD.decode(salt.as_bytes()).map_err(|_| RecordError::Base64("salt"))?;
        let salt = salt.try_into().map_err(|_| RecordError::Disclosure("the salt is not 16 bytes"))?;
        let field: ConfirmedField = serde_json::from_value(field)
            .map_err(|_| RecordError::Disclosure("the field has not the members that it must have"))?;
        let disclosure = Self::new(salt, &name, &field)?;
        // A member that was left out reads like null; only the written-out form has this encoding.
        if disclosure.encoded != encoded {
            return Err(RecordError::Disclosure("a member is missing"));
        }
        Ok(disclosure)
    }

    /// base64url without padding of the canonical JSON array `[salt, name, field]`.
    pub fn encode(&self) -> String {
        self.encoded.clone()
    }

    /// base64url of SHA-256 over the ASCII characters of [`encode`](Self::encode) (RFC 9901 section 4.2.3).
    pub fn digest(&self) -> String {
        digest(&self.encoded)
    }

    /// The salt.
    pub fn salt(&self) -> &[u8; SALT] {
        &self.salt
    }

    /// The field's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The field.
    pub fn field(&self) -> &ConfirmedField {
        &self.field
    }
}

/// One disclosure a field, in the order of the names, each with a fresh salt.
///
/// # Errors
/// As [`Disclosure::new`].
pub fn disclose(fields: &ConfirmedFields, entropy: &dyn Entropy) -> Result<Vec<Disclosure>, RecordError> {
    fields
        .iter()
        .map(|(name, field)| {
            let mut salt = [0; SALT];
            entropy.fill(&mut salt);
            Disclosure::new(salt, name, field)
        })
        .collect()
}

/// The digests as a record lists them: sorted, so that their order says nothing about the names.
pub fn digests(disclosures: &[Disclosure]) -> Vec<String> {
    let mut digests: Vec<_> = disclosures.iter().map(Disclosure::digest).collect();
    digests.sort_unstable();
    digests
}

/// The bytes of `fields.json`: the canonical array of the encoded disclosures in the order of their names.
pub fn fields_to_bytes(disclosures: &[Disclosure]) -> Vec<u8> {
    let mut sorted: Vec<_> = disclosures.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let array = Value::Array(sorted.iter().map(|d| Value::String(d.encoded.clone())).collect());
    canonical(&array).expect("base64url strings have a canonical form")
}

/// Reads `fields.json`. Names must ascend, so that one set of disclosures has one file.
///
/// # Errors
/// [`RecordError`] that says what is not as it must be.
pub fn fields_from_bytes(bytes: &[u8]) -> Result<Vec<Disclosure>, RecordError> {
    if bytes.len() > MAX_BYTES {
        return Err(RecordError::TooLong { found: bytes.len(), most: MAX_BYTES });
    }
    let Value::Array(items) = parse_canonical(bytes)? else {
        return Err(RecordError::Disclosure("fields.json is not an array"));
    };
    let mut disclosures: Vec<Disclosure> = Vec::with_capacity(items.len());
    for item in &items {
        let encoded =
            item.as_str().ok_or(RecordError::Disclosure("fields.json is not an array of strings"))?;
        let next = Disclosure::parse(encoded)?;
        if let Some(last) = disclosures.last()
            && last.name >= next.name
        {
            return Err(RecordError::Order { name: next.name });
        }
        disclosures.push(next);
    }
    // The parts were strict; this one makes sure of the whole.
    same(&fields_to_bytes(&disclosures), bytes)?;
    Ok(disclosures)
}

/// What a copy discloses of the fields that its record certifies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disclosed {
    /// The disclosed fields by name.
    pub fields: BTreeMap<String, ConfirmedField>,
    /// How many certified fields are withheld.
    pub withheld: usize,
}

impl Record {
    /// Sets the disclosures against the digests that the record lists.
    ///
    /// # Errors
    /// [`RecordError::NotCertified`] for one that the record does not list, [`RecordError::Twice`] for a name that
    /// comes twice, [`RecordError::Field`] for a page that the copy does not have.
    pub fn disclosed(&self, disclosures: &[Disclosure]) -> Result<Disclosed, RecordError> {
        let mut fields = BTreeMap::new();
        for disclosure in disclosures {
            let name = &disclosure.name;
            if self.sd.binary_search(&disclosure.digest()).is_err() {
                return Err(RecordError::NotCertified { name: name.clone() });
            }
            if disclosure.field.page.is_some_and(|page| page as usize > self.pages.len()) {
                return Err(RecordError::Field {
                    name: name.clone(),
                    problem: "stands on a page that the copy does not have",
                });
            }
            if fields.insert(name.clone(), disclosure.field.clone()).is_some() {
                return Err(RecordError::Twice { name: name.clone() });
            }
        }
        Ok(Disclosed { withheld: self.sd.len() - fields.len(), fields })
    }
}

fn digest(encoded: &str) -> String {
    Digest::of(encoded.as_bytes()).base64url()
}

fn check(name: &str, field: &ConfirmedField) -> Result<(), RecordError> {
    let error = |problem| Err(RecordError::Field { name: name.chars().take(MAX_NAME).collect(), problem });
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if name.len() > MAX_NAME || !name.split('.').all(word) {
        return error("is not a field name: lower-case words joined by _ and .");
    }
    if field.page == Some(0) {
        return error("stands on page 0, pages count from 1");
    }
    if let Some(b) = field.bbox {
        if field.page.is_none() {
            return error("has a box but no page");
        }
        if b.x0 > b.x1 || b.y0 > b.y1 {
            return error("has a box whose end lies before its start");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn the_digest_is_that_of_the_rfc() {
        // RFC 9901 section 4.2.3, over a disclosure of section 4.2.1 with the RFC's own JSON spacing.
        let encoded = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
        assert_eq!(digest(encoded), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
    }
}
