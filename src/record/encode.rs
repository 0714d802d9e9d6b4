//! RFC 8785 (JSON Canonicalization Scheme, June 2020), <https://www.rfc-editor.org/rfc/rfc8785>, both directions.
//!
//! Narrower than the RFC: numbers are integers within ±(2^53 − 1), strings and names are NFC (Unicode Standard
//! Annex 15). Number formatting, the hard part of the RFC, is thereby decimal digits.

use serde_json::Value;
use thiserror::Error;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// The largest integer that every JSON reader keeps exactly (RFC 7493 section 2.2).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why a value has no canonical bytes, or bytes are not canonical.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The bytes are no JSON (RFC 8259), or nested too deep.
    #[error("not JSON at line {line}, column {column}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
    },
    /// A number with a fraction or an exponent, or beyond ±(2^53 − 1).
    #[error("a number is not an integer within ±9007199254740991")]
    Number,
    /// A string or a name that is not in Unicode's normalisation form C.
    #[error("a string is not in normalisation form C")]
    NotNfc,
    /// JSON, but not its canonical form: white space, another order, another escape, a name twice.
    #[error("not the canonical form from byte {at} on")]
    NotCanonical {
        /// The first byte that differs, from 0.
        at: usize,
    },
}

/// The canonical bytes of `value`.
///
/// # Errors
/// [`EncodeError::Number`] and [`EncodeError::NotNfc`].
pub fn canonical(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Ok(out)
}

/// Reads bytes that must be canonical.
///
/// # Errors
/// Every [`EncodeError`].
pub fn parse_canonical(bytes: &[u8]) -> Result<Value, EncodeError> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|e| EncodeError::Syntax { line: e.line(), column: e.column() })?;
    same(&canonical(&value)?, bytes)?;
    Ok(value)
}

/// Refuses `given` where it differs from the canonical bytes.
pub(crate) fn same(canonical: &[u8], given: &[u8]) -> Result<(), EncodeError> {
    if canonical == given {
        return Ok(());
    }
    let at = canonical.iter().zip(given).take_while(|(a, b)| a == b).count();
    Err(EncodeError::NotCanonical { at })
}

/// The same value with every string and name in normalisation form C.
pub fn to_nfc(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.nfc().collect()),
        Value::Array(items) => Value::Array(items.iter().map(to_nfc).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, item)| (name.nfc().collect(), to_nfc(item))).collect())
        }
        other => other.clone(),
    }
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            let negative = number.as_i64().is_some_and(|n| n < 0);
            let size = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            let size = size.filter(|size| *size <= MAX_INTEGER).ok_or(EncodeError::Number)?;
            if negative {
                out.push(b'-');
            }
            out.extend_from_slice(size.to_string().as_bytes());
        }
        Value::String(text) => write_string(text, out)?,
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            // Section 3.2.3: by UTF-16 code units, which differs from UTF-8's order beyond U+FFFF.
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (i, (name, item)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_string(name, out)?;
                out.push(b':');
                write(item, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Section 3.2.2.2.
fn write_string(text: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if !text.is_ascii() && !is_nfc(text) {
        return Err(EncodeError::NotNfc);
    }
    out.push(b'"');
    // What needs no escape is taken over in one piece; no byte of a longer character looks like one that does.
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b'"' | b'\\' | ..b' ')) {
        out.extend_from_slice(&bytes[start..at]);
        start = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            8 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            12 => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_and_order_follow_the_rfc() {
        // RFC 8785 sections 3.2.2 and 3.2.3, with the fractions of the sample left out.
        let value = json!({
            "numbers": [333_333_333, 4, -7, 0],
            "string": "\u{20ac}$\u{000F}\u{000a}A'\u{0042}\u{0022}\u{005c}\\\"\u{002f}",
            "literals": [null, true, false]
        });
        let expected = concat!(
            r#"{"literals":[null,true,false],"numbers":[333333333,4,-7,0],"#,
            r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        assert_eq!(String::from_utf8(canonical(&value).expect("canonical")).expect("UTF-8"), expected);

        // RFC 8785 section 3.2.3; its U+FB33 is left out, since normalisation form C excludes it.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "1": "One", "\u{1f600}": "Emoji: Grinning Face",
            "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis", "\u{ff21}": "beyond the surrogates"
        });
        let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
            \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\
            \"😀\":\"Emoji: Grinning Face\",\"Ａ\":\"beyond the surrogates\"}";
        assert_eq!(String::from_utf8(canonical(&value).expect("canonical")).expect("UTF-8"), expected);
        assert_eq!(parse_canonical(expected.as_bytes()).expect("reads"), value);
    }

    #[test]
    fn only_canonical_bytes_are_read() {
        for (input, error) in [
            (&b"{\"a\":1 }"[..], EncodeError::NotCanonical { at: 6 }),
            (b"{\"b\":1,\"a\":2}", EncodeError::NotCanonical { at: 2 }),
            (b"{\"a\":1,\"a\":1}", EncodeError::NotCanonical { at: 6 }),
            (b"\"\\u0041\"", EncodeError::NotCanonical { at: 1 }),
            (b"\"\\/\"", EncodeError::NotCanonical { at: 1 }),
            (b"\"\\u000A\"", EncodeError::NotCanonical { at: 2 }),
            (b"[1]\n", EncodeError::NotCanonical { at: 3 }),
            (b"1.0", EncodeError::Number),
            (b"-0", EncodeError::Number),
            (b"1e3", EncodeError::Number),
            (b"9007199254740992", EncodeError::Number),
            (b"-9007199254740992", EncodeError::Number),
            (b"18446744073709551616", EncodeError::Number),
            ("\"e\u{301}\"".as_bytes(), EncodeError::NotNfc),
            ("{\"e\u{301}\":1}".as_bytes(), EncodeError::NotNfc),
            (b"{\"a\":}", EncodeError::Syntax { line: 1, column: 6 }),
            (b"\"\\ud800\"", EncodeError::Syntax { line: 1, column: 8 }),
            (b"\"\xff\"", EncodeError::Syntax { line: 1, column: 2 }),
            (b"[1][2]", EncodeError::Syntax { line: 1, column: 4 }),
            (b"", EncodeError::Syntax { line: 1, column: 0 }),
        ] {
            assert_eq!(parse_canonical(input), Err(error), "{}", String::from_utf8_lossy(input));
        }
        assert!(matches!(parse_canonical("[".repeat(100_000).as_bytes()), Err(EncodeError::Syntax { .. })));
        for input in ["9007199254740991", "-9007199254740991", "0", "\"\u{7f}\"", "[]", "{}", "\"ế\""] {
            assert!(parse_canonical(input.as_bytes()).is_ok(), "{input}");
        }
    }
}
