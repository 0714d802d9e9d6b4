//! RFC 9052 (COSE, August 2022), <https://www.rfc-editor.org/rfc/rfc9052>: the seal, a `COSE_Sign1` with Ed25519 (RFC 9053)
//! over deterministic CBOR (RFC 8949 section 4.2.1), and its text for a QR code, both directions. *Core.*
//!
//! In come a record's digest and a few values; out goes the office's signature over them, small enough to print.
//! Not its business: the QR's modules (`certify`) and which key belongs to which office (`verify`). A print proves
//! that the office sealed these values; it is not the copy. The bytes are specified in `docs/format.md`, section 5.

use std::collections::BTreeMap;

use ciborium::Value;
use coset::{
    CborSerializable as _, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, TaggedCborSerializable as _,
    iana,
};
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::error::Failure;
use crate::record::{Act, Digest, MAX_INTEGER, Record, check_office_code, day_from_text, day_to_date};
use crate::registry::entry::seal_key_id;

/// The most values that a seal carries.
pub const MAX_VALUES: usize = 4;
/// The most characters that a QR code carries.
pub const MAX_QR_CHARS: usize = 480;

/// The version of the format that this code writes and reads.
const VERSION: u64 = 1;
/// Sets a seal's signature apart from any other that the key might make (RFC 9052 section 4.3).
const EXTERNAL_AAD: &[u8] = b"saoy/seal/v1";
/// Data bits of a QR code of version 13, error correction M (ISO/IEC 18004 table 7).
const QR_13_M_BITS: usize = 2672;
const MAX_BYTES: usize = 2048;
/// The longest value, in bytes.
const MAX_VALUE: usize = 1024;

/// What the office seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The office's code.
    pub office_code: String,
    /// The id of the key that seals ([`key_id`]).
    pub key_id: [u8; 8],
    /// The entry's index in the office's log.
    pub index: u64,
    /// SHA-256(R).
    pub record: Digest,
    /// The act.
    pub act: Act,
    /// The copy is a trial without legal value.
    pub trial: bool,
    /// Số chứng thực and year: `12/2026`.
    pub number: String,
    /// Days since 1970-01-01 in Vietnam's calendar.
    pub date: u32,
    /// Pages of the copy.
    pub pages: u32,
    /// At most [`MAX_VALUES`] of the copy's fields by name.
    pub values: BTreeMap<String, String>,
    /// Fields that the form wanted sealed and that did not fit, sorted.
    pub omitted: Vec<String>,
}

/// Why a seal is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The bytes are no `COSE_Sign1` of this profile.
    #[error("not a seal: {0}")]
    Cose(&'static str),
    /// The payload is not the seal's.
    #[error("not a seal's content: {0}")]
    Content(&'static str),
    /// A seal of another key.
    #[error("sealed with another key")]
    Key,
    /// The signature does not verify.
    #[error("the seal's signature does not verify")]
    Signature,
    /// The seal does not fit a QR code even without values.
    #[error("the seal needs {found} characters in the QR code, at most {most} fit")]
    TooLong {
        /// As many are needed.
        found: usize,
        /// As many fit.
        most: usize,
    },
    /// An address for verification that cannot stand in a QR code.
    #[error("the address for verification is not https://HOST with an optional port and path")]
    Address,
    /// A text that no QR code of ours holds.
    #[error("not a seal's text: {0}")]
    Text(&'static str),
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        let (code, advice) = match error {
            SealError::TooLong { .. } | SealError::Address => {
                ("seal-too-long", "Use a shorter address for verification (saoy init --verify-url).")
            }
            SealError::Text(_) => (
                "bad-seal",
                "Give the code's whole text as it was read, SC1: and what follows in capitals, or the link https://…/#… in it.",
            ),
            _ => ("bad-seal", "Do not rely on this seal; ask the office whose name it bears."),
        };
        Self::new(code, error.to_string(), advice)
    }
}

/// SHA-256("saoy/seal-key/v1" ‖ key)\[..8\].
pub fn key_id(key: &VerifyingKey) -> [u8; 8] {
    seal_key_id(key.as_bytes())
}

impl Seal {
    /// The seal of a record, still without values. `digest` is SHA-256(R).
    ///
    /// # Errors
    /// [`SealError::Content`] for a record whose date is none; a record that was validated has one.
    pub fn of(record: &Record, digest: Digest, index: u64, key: &VerifyingKey) -> Result<Self, SealError> {
        Ok(Self {
            office_code: record.office.code.clone(),
            key_id: key_id(key),
            index,
            record: digest,
            act: record.act,
            trial: record.trial,
            number: record.book.to_string(),
            date: day_from_text(&record.date).ok_or(SealError::Content("the record has no date"))?,
            pages: u32::try_from(record.pages.len()).map_err(|_| SealError::Content("too many pages"))?,
            values: BTreeMap::new(),
            omitted: Vec::new(),
        })
    }
}

/// Seals. The same seal and key give the same bytes.
///
/// # Errors
/// [`SealError::Content`] for members that a seal cannot have, [`SealError::Key`] where `key_id` is not the key's.
pub fn sign(seal: &Seal, key: &SigningKey) -> Result<Vec<u8>, SealError> {
    if seal.key_id != key_id(&key.verifying_key()) {
        return Err(SealError::Key);
    }
    let sign1 = CoseSign1Builder::new()
        .protected(header(seal.key_id))
        .payload(seal.to_cbor()?)
        .create_signature(EXTERNAL_AAD, |bytes| key.sign(bytes).to_bytes().to_vec())
        .build();
    sign1.to_tagged_vec().map_err(|_| SealError::Cose("it cannot be written"))
}

/// Seals with as many of the values as the QR code holds. `wanted` are names and values in the form's order; the last
/// ones are left out first, and the seal names those that it left out.
///
/// # Errors
/// As [`sign`] and [`qr_text`]; [`SealError::TooLong`] where it does not fit even without values;
/// [`SealError::Content`] for more than [`MAX_VALUES`] values or a name twice.
pub fn sign_to_fit(
    seal: Seal,
    wanted: &[(String, String)],
    key: &SigningKey,
    verify_url: Option<&str>,
) -> Result<(Seal, Vec<u8>), SealError> {
    if wanted.len() > MAX_VALUES {
        return Err(SealError::Content("more than 4 values"));
    }
    for kept in (0..=wanted.len()).rev() {
        let (values, omitted) = wanted.split_at(kept);
        let mut omitted: Vec<String> = omitted.iter().map(|(name, _)| name.clone()).collect();
        omitted.sort_unstable();
        let values: BTreeMap<String, String> =
            values.iter().map(|(name, value)| (name.clone(), value.nfc().collect())).collect();
        if values.len() != kept {
            return Err(SealError::Content("a value comes twice"));
        }
        let seal = Seal { values, omitted, ..seal.clone() };
        let cose = sign(&seal, key)?;
        match qr_text(&cose, verify_url) {
            Ok(_) => return Ok((seal, cose)),
            Err(SealError::TooLong { .. }) if kept > 0 => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("the last round returns")
}

/// A seal whose signature was not checked yet. Its members say whose key to take, and nothing more.
#[derive(Clone, Debug)]
pub struct UnverifiedSeal {
    seal: Seal,
    sign1: CoseSign1,
}

impl UnverifiedSeal {
    /// Reads a seal's bytes: exactly those that [`sign`] writes, whatever the signature.
    ///
    /// # Errors
    /// [`SealError::Cose`] and [`SealError::Content`].
    pub fn parse(cose: &[u8]) -> Result<Self, SealError> {
        if cose.len() > MAX_BYTES {
            return Err(SealError::Cose("too long"));
        }
        let sign1 =
            CoseSign1::from_tagged_slice(cose).map_err(|_| SealError::Cose("not a tagged COSE_Sign1"))?;
        let key_id = sign1.protected.header.key_id.as_slice();
        let key_id = key_id.try_into().map_err(|_| SealError::Cose("the key's id is not 8 bytes"))?;
        let payload = sign1.payload.as_deref().ok_or(SealError::Cose("no payload"))?;
        let seal = Seal::from_cbor(payload, key_id)?;
        // Written anew from what was understood: another header, order or width of a number, or an unprotected
        // header, would make other bytes.
        let again = CoseSign1Builder::new()
            .protected(header(key_id))
            .payload(seal.to_cbor()?)
            .signature(sign1.signature.clone())
            .build();
        if again.to_tagged_vec().map_err(|_| SealError::Cose("it cannot be written"))? != cose {
            return Err(SealError::Cose("not in the one form that this profile has"));
        }
        Ok(Self { seal, sign1 })
    }

    /// The code of the office that the seal names.
    pub fn office_code(&self) -> &str {
        &self.seal.office_code
    }

    /// The id of the key that the seal names.
    pub const fn key_id(&self) -> [u8; 8] {
        self.seal.key_id
    }

    /// The log index that the seal names, by which a key may be valid or not.
    pub const fn index(&self) -> u64 {
        self.seal.index
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`SealError::Key`] and [`SealError::Signature`].
    pub fn verify(self, key: &VerifyingKey) -> Result<Seal, SealError> {
        if self.seal.key_id != key_id(key) {
            return Err(SealError::Key);
        }
        self.sign1.verify_signature(EXTERNAL_AAD, |signature, bytes| {
            Signature::from_slice(signature)
                .and_then(|signature| key.verify_strict(bytes, &signature))
                .map_err(|_| SealError::Signature)
        })?;
        Ok(self.seal)
    }
}

/// Reads a seal's bytes and checks the signature.
///
/// # Errors
/// As [`UnverifiedSeal::parse`] and [`UnverifiedSeal::verify`].
pub fn verify(cose: &[u8], key: &VerifyingKey) -> Result<Seal, SealError> {
    UnverifiedSeal::parse(cose)?.verify(key)
}

/// The QR code's text: `<verify_url>/#` or `SC1:`, then Base32 (RFC 4648 section 6) without padding.
///
/// # Errors
/// [`SealError::TooLong`] beyond [`MAX_QR_CHARS`] characters, or where version 13-M cannot hold them: letters of an
/// address take more room than those of Base32. [`SealError::Address`].
pub fn qr_text(cose: &[u8], verify_url: Option<&str>) -> Result<String, SealError> {
    let base32 = BASE32_NOPAD.encode(cose);
    // Mode, count and characters of each segment (ISO/IEC 18004 section 7.4), for versions 10 to 26.
    let alphanumeric = |count: usize| 4 + 11 + (11 * count).div_ceil(2);
    let (prefix, bits) = match verify_url {
        None => ("SC1:".to_owned(), alphanumeric(4 + base32.len())),
        Some(url) => {
            check_verify_url(url)?;
            let prefix = format!("{}/#", url.trim_end_matches('/'));
            let bits = 4 + 16 + 8 * prefix.len() + alphanumeric(base32.len());
            (prefix, bits)
        }
    };
    let text = prefix + &base32;
    if text.len() > MAX_QR_CHARS || bits > QR_13_M_BITS {
        return Err(SealError::TooLong { found: text.len(), most: MAX_QR_CHARS });
    }
    Ok(text)
}

/// The seal's bytes from a QR code's text. The address in it, if any, is not looked at: it is no trust.
///
/// # Errors
/// [`SealError::Text`].
pub fn from_qr_text(text: &str) -> Result<Vec<u8>, SealError> {
    if text.len() > MAX_QR_CHARS {
        return Err(SealError::Text("too long"));
    }
    let base32 = match text.strip_prefix("SC1:") {
        Some(base32) => base32,
        None => {
            let (url, base32) =
                text.split_once("/#").ok_or(SealError::Text("neither SC1: nor https://HOST/#"))?;
            check_verify_url(url).map_err(|_| SealError::Text("neither SC1: nor https://HOST/#"))?;
            base32
        }
    };
    if base32.is_empty() {
        return Err(SealError::Text("empty"));
    }
    BASE32_NOPAD.decode(base32.as_bytes()).map_err(|_| SealError::Text("not Base32 without padding"))
}

/// The host of an address for verification, `https://HOST[:PORT][/PATH]`; what the log's origin begins with.
///
/// # Errors
/// [`SealError::Address`].
pub fn check_verify_url(url: &str) -> Result<&str, SealError> {
    let rest = url.strip_prefix("https://").ok_or(SealError::Address)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let port_holds =
        port.is_none_or(|port| port.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == port));
    let path_holds =
        path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/'));
    if host.split('.').all(label) && port_holds && path_holds { Ok(host) } else { Err(SealError::Address) }
}

fn header(key_id: [u8; 8]) -> Header {
    HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(key_id.to_vec()).build()
}

/// Keys of the payload's map.
mod key {
    pub(super) const VERSION: u64 = 1;
    pub(super) const OFFICE: u64 = 2;
    pub(super) const INDEX: u64 = 3;
    pub(super) const RECORD: u64 = 4;
    pub(super) const ACT: u64 = 5;
    pub(super) const NUMBER: u64 = 6;
    pub(super) const DATE: u64 = 7;
    pub(super) const PAGES: u64 = 8;
    pub(super) const VALUES: u64 = 9;
    pub(super) const OMITTED: u64 = 10;
    pub(super) const TRIAL: u64 = 11;
}

impl Seal {
    fn to_cbor(&self) -> Result<Vec<u8>, SealError> {
        self.check()?;
        let text = |text: &String| Value::Text(text.clone());
        let mut map = vec![
            (key::VERSION, Value::from(VERSION)),
            (key::OFFICE, text(&self.office_code)),
            (key::INDEX, Value::from(self.index)),
            (key::RECORD, Value::Bytes(self.record.0.to_vec())),
            (key::ACT, Value::from(act_code(self.act))),
            (key::NUMBER, text(&self.number)),
            (key::DATE, Value::from(self.date)),
            (key::PAGES, Value::from(self.pages)),
        ];
        if !self.values.is_empty() {
            let mut values: Vec<_> = self.values.iter().collect();
            // RFC 8949 section 4.2.1 sorts by the encoded names; a longer text has the larger first byte.
            values.sort_by_key(|(name, _)| (name.len(), *name));
            let values = values.into_iter().map(|(name, value)| (text(name), text(value))).collect();
            map.push((key::VALUES, Value::Map(values)));
        }
        if !self.omitted.is_empty() {
            map.push((key::OMITTED, Value::Array(self.omitted.iter().map(text).collect())));
        }
        if self.trial {
            map.push((key::TRIAL, Value::Bool(true)));
        }
        let map = Value::Map(map.into_iter().map(|(key, value)| (Value::from(key), value)).collect());
        map.to_vec().map_err(|_| SealError::Content("it cannot be written"))
    }

    /// Reads the payload; the caller writes it anew to see whether it is in the one form.
    fn from_cbor(bytes: &[u8], key_id: [u8; 8]) -> Result<Self, SealError> {
        let error = SealError::Content;
        let Ok(Value::Map(members)) = Value::from_slice(bytes) else { return Err(error("not a map")) };
        let mut map = BTreeMap::new();
        for (name, value) in members {
            let name = name
                .as_integer()
                .and_then(|n| u64::try_from(n).ok())
                .ok_or(error("a key is not a number"))?;
            if map.insert(name, value).is_some() {
                return Err(error("a key comes twice"));
            }
        }
        if map.remove(&key::VERSION).and_then(number) != Some(VERSION) {
            return Err(error("another version than 1"));
        }
        let mut take = |key| map.remove(&key);
        let small = |value| u32::try_from(number(value)?).ok();
        let seal = Self {
            office_code: take(key::OFFICE).and_then(string).ok_or(error("no office"))?,
            key_id,
            index: take(key::INDEX).and_then(number).ok_or(error("no index"))?,
            record: take(key::RECORD)
                .and_then(|value| value.into_bytes().ok()?.try_into().ok())
                .map(Digest)
                .ok_or(error("no digest of the record"))?,
            act: take(key::ACT)
                .and_then(number)
                .and_then(act_from_code)
                .ok_or(error("no act, or an unknown one"))?,
            number: take(key::NUMBER).and_then(string).ok_or(error("no number"))?,
            date: take(key::DATE).and_then(small).ok_or(error("no date"))?,
            pages: take(key::PAGES).and_then(small).ok_or(error("no page count"))?,
            values: match take(key::VALUES) {
                None => BTreeMap::new(),
                Some(value) => values(value).ok_or(error("values that are no texts by name"))?,
            },
            omitted: match take(key::OMITTED) {
                None => Vec::new(),
                Some(value) => {
                    let items = value.into_array().map_err(|_| error("omitted names that are no list"))?;
                    items
                        .into_iter()
                        .map(string)
                        .collect::<Option<_>>()
                        .ok_or(error("omitted names that are no texts"))?
                }
            },
            trial: match take(key::TRIAL) {
                None => false,
                Some(value) => value.as_bool().ok_or(error("a trial mark that is not true"))?,
            },
        };
        if !map.is_empty() {
            return Err(error("an unknown member"));
        }
        Ok(seal)
    }

    fn check(&self) -> Result<(), SealError> {
        let ensure = |holds: bool, problem| if holds { Ok(()) } else { Err(SealError::Content(problem)) };
        ensure(check_office_code(&self.office_code).is_ok(), "not an office's code")?;
        ensure(self.index <= MAX_INTEGER, "the index is beyond 2^53 - 1")?;
        ensure(is_number(&self.number), "the number is not as 12/2026")?;
        ensure(day_to_date(self.date).is_some(), "the date is after the year 9999")?;
        ensure(self.pages > 0, "no page")?;
        ensure(self.values.len() + self.omitted.len() <= MAX_VALUES, "more than 4 values")?;
        ensure(self.omitted.is_sorted_by(|a, b| a < b), "omitted names are not sorted, or one comes twice")?;
        ensure(
            !self.omitted.iter().any(|name| self.values.contains_key(name)),
            "a value is omitted that is there",
        )?;
        let name = |name: &String| {
            !name.is_empty()
                && name.len() <= 96
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.'))
        };
        ensure(self.values.keys().chain(&self.omitted).all(name), "not a field's name")?;
        let value = |value: &String| {
            !value.is_empty()
                && value.len() <= MAX_VALUE
                && is_nfc(value)
                && !value.contains(char::is_control)
        };
        ensure(
            self.values.values().all(value),
            "a value is empty, too long, not NFC or has control characters",
        )
    }
}

fn is_number(text: &str) -> bool {
    let decimal = |text: &str| {
        text.parse::<u64>().is_ok_and(|n| (1..=MAX_INTEGER).contains(&n) && n.to_string() == text)
    };
    text.split_once('/').is_some_and(|(number, year)| decimal(number) && decimal(year) && year.len() == 4)
}

const fn act_code(act: Act) -> u64 {
    match act {
        Act::Digitisation => 1,
        Act::AgencyCopy => 2,
        Act::Certification => 3,
    }
}

const fn act_from_code(code: u64) -> Option<Act> {
    match code {
        1 => Some(Act::Digitisation),
        2 => Some(Act::AgencyCopy),
        3 => Some(Act::Certification),
        _ => None,
    }
}

fn number(value: Value) -> Option<u64> {
    u64::try_from(value.as_integer()?).ok()
}

fn string(value: Value) -> Option<String> {
    value.into_text().ok()
}

fn values(value: Value) -> Option<BTreeMap<String, String>> {
    let members = value.into_map().ok()?;
    members.into_iter().map(|(name, value)| Some((string(name)?, string(value)?))).collect()
}
