//! Objects and tokens (ISO 32000-1 section 7.2 and 7.3).

use std::borrow::Cow;
use std::cell::Cell;

use data_encoding::HEXLOWER_PERMISSIVE;

use super::error::{PdfError, Problem};

/// Deeper nesting than the writer ever makes.
const MAX_DEPTH: u32 = 16;
/// Values in one file or content stream; bounds memory at some tens of megabytes.
const MAX_VALUES: usize = 2_000_000;
/// Entries of one dictionary; each is compared with those before it.
const MAX_ENTRIES: usize = 512;

/// One object, borrowed from the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Object<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Value and text as written.
    Real(f64, &'a str),
    Name(Cow<'a, str>),
    String(Text<'a>),
    Array(Vec<Object<'a>>),
    Dictionary(Dictionary<'a>),
    Reference(u32),
}

/// A string's bytes and the place of its token, delimiters included.
#[derive(Clone, Debug)]
pub(crate) struct Text<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) hex: bool,
}

impl Text<'_> {
    /// The text of a text string: ASCII, or UTF-16BE behind its mark.
    pub(crate) fn text(&self) -> Option<String> {
        match self.bytes.strip_prefix(&[0xfe, 0xff]) {
            Some(units) if units.len() % 2 == 0 => {
                let units: Vec<u16> =
                    units.chunks_exact(2).map(|u| u16::from_be_bytes([u[0], u[1]])).collect();
                String::from_utf16(&units).ok()
            }
            Some(_) => None,
            None => self.bytes.is_ascii().then(|| String::from_utf8_lossy(&self.bytes).into_owned()),
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<'a> Object<'a> {
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Real(value, _) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&Text<'a>> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Object<'a>]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_dictionary(&self) -> Option<&Dictionary<'a>> {
        match self {
            Self::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }

    pub(crate) fn as_reference(&self) -> Option<u32> {
        match self {
            Self::Reference(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether two objects say the same: numbers by their value, however many digits they are written with, and text strings by their text.
    pub(crate) fn alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(_) | Self::Real(..), Self::Integer(_) | Self::Real(..)) => {
                self.as_number() == other.as_number()
            }
            (Self::Array(a), Self::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.alike(b))
            }
            (Self::Dictionary(a), Self::Dictionary(b)) => a.alike(b),
            (Self::String(a), Self::String(b)) => {
                a == b || a.text().is_some_and(|text| b.text() == Some(text))
            }
            _ => self == other,
        }
    }

    /// Calls `found` for each reference in the object, at any depth.
    pub(crate) fn references(&self, found: &mut impl FnMut(u32)) {
        match self {
            Self::Reference(number) => found(*number),
            Self::Array(items) => items.iter().for_each(|item| item.references(found)),
            Self::Dictionary(dictionary) => {
                dictionary.entries.iter().for_each(|(_, value)| value.references(found));
            }
            _ => {}
        }
    }

    /// Calls `seen` for each dictionary key in the object, at any depth.
    pub(crate) fn keys(&self, seen: &mut impl FnMut(&str)) {
        match self {
            Self::Array(items) => items.iter().for_each(|item| item.keys(seen)),
            Self::Dictionary(dictionary) => {
                for (key, value) in &dictionary.entries {
                    seen(key);
                    value.keys(seen);
                }
            }
            _ => {}
        }
    }
}

/// A dictionary; no key stands twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary<'a> {
    entries: Vec<(Cow<'a, str>, Object<'a>)>,
}

/// Equal whatever the order of the keys.
impl PartialEq for Dictionary<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.entries.len() == other.entries.len()
            && self.entries.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<'a> Dictionary<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&Object<'a>> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Object<'a>)> {
        self.entries.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The first key that is not in `allowed`.
    pub(crate) fn stranger(&self, allowed: &[&str]) -> Option<&str> {
        self.entries.iter().map(|(name, _)| name.as_ref()).find(|name| !allowed.contains(name))
    }

    /// Whether two dictionaries say the same, as [`Object::alike`].
    pub(crate) fn alike(&self, other: &Self) -> bool {
        self.entries.len() == other.entries.len()
            && self.entries.iter().all(|(key, value)| other.get(key).is_some_and(|other| value.alike(other)))
    }

    /// The same without one key.
    pub(crate) fn without(&self, key: &str) -> Self {
        Self { entries: self.entries.iter().filter(|(name, _)| name != key).cloned().collect() }
    }

    pub(crate) fn is_name(&self, key: &str, value: &str) -> bool {
        self.get(key).and_then(Object::as_name) == Some(value)
    }
}

/// A token of a content stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Token<'a> {
    Operand(Object<'a>),
    Operator(&'a str),
}

/// Reads tokens and objects from bytes, from `position` on.
#[derive(Debug)]
pub(crate) struct Lexer<'a> {
    bytes: &'a [u8],
    position: usize,
    values: Cell<usize>,
    content: bool,
    /// The longest number, in characters.
    digits: usize,
}

impl<'a> Lexer<'a> {
    /// Over a file.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, values: Cell::new(0), content: false, digits: 18 }
    }

    /// The same for what other programs wrote: numbers with more digits than say anything.
    pub(crate) fn lenient(bytes: &'a [u8]) -> Self {
        Self { digits: 1024, ..Self::new(bytes) }
    }

    /// Over a decoded content stream: without references and dictionaries.
    pub(crate) fn content(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, values: Cell::new(0), content: true, digits: 18 }
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn seek(&mut self, position: usize) {
        self.position = position;
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn fail<T>(&self, problem: Problem) -> Result<T, PdfError> {
        Err(PdfError::at(self.position, problem))
    }

    /// Moves past white space: space, tab, line feed, carriage return and nothing else.
    pub(crate) fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    /// Moves past `text` if it stands here.
    pub(crate) fn take(&mut self, text: &[u8]) -> bool {
        let here = self.bytes.get(self.position..).is_some_and(|rest| rest.starts_with(text));
        if here {
            self.position += text.len();
        }
        here
    }

    /// Moves past one line ending, `\n` or `\r\n`.
    pub(crate) fn take_line_end(&mut self) -> bool {
        self.take(b"\n") || self.take(b"\r\n")
    }

    /// An unsigned number of at most ten digits.
    pub(crate) fn digits(&mut self) -> Option<usize> {
        let rest = self.bytes.get(self.position..)?;
        let count = rest.iter().take(11).take_while(|b| b.is_ascii_digit()).count();
        if count == 0 || count > 10 || (count > 1 && rest[0] == b'0') {
            return None;
        }
        self.position += count;
        rest[..count].iter().try_fold(0usize, |n, d| n.checked_mul(10)?.checked_add(usize::from(d - b'0')))
    }

    /// The next token of a content stream; none at its end.
    pub(crate) fn token(&mut self) -> Result<Option<Token<'a>>, PdfError> {
        self.skip_space();
        match self.peek() {
            None => Ok(None),
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'\'' | b'"') => {
                let start = self.position;
                while matches!(
                    self.peek(),
                    Some(b'A'..=b'Z' | b'a'..=b'z' | b'\'' | b'"' | b'*' | b'0'..=b'9')
                ) {
                    self.position += 1;
                }
                self.boundary()?;
                let word =
                    std::str::from_utf8(&self.bytes[start..self.position]).expect("only ASCII was taken");
                Ok(Some(Token::Operator(word)))
            }
            Some(_) => self.object(0).map(|object| Some(Token::Operand(object))),
        }
    }

    /// Moves past a number of a content stream, as [`Self::token`] would read it; whether one stands here.
    pub(crate) fn skip_number(&mut self) -> Result<bool, PdfError> {
        self.skip_space();
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return Ok(false);
        }
        self.count()?;
        self.numeral()?;
        Ok(true)
    }

    /// One value more.
    fn count(&self) -> Result<(), PdfError> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > MAX_VALUES { self.fail(Problem::Budget) } else { Ok(()) }
    }

    /// One object.
    pub(crate) fn object(&mut self, depth: u32) -> Result<Object<'a>, PdfError> {
        if depth > MAX_DEPTH {
            return self.fail(Problem::Depth);
        }
        self.count()?;
        match self.peek() {
            Some(b'/') => self.name().map(Object::Name),
            Some(b'(') => self.literal().map(Object::String),
            Some(b'<') if self.bytes.get(self.position + 1) == Some(&b'<') && !self.content => {
                self.dictionary(depth).map(Object::Dictionary)
            }
            Some(b'<') => self.hexadecimal().map(Object::String),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.keyword(b"true", Object::Boolean(true)),
            Some(b'f') => self.keyword(b"false", Object::Boolean(false)),
            Some(b'n') => self.keyword(b"null", Object::Null),
            _ => self.fail(Problem::Syntax),
        }
    }

    fn keyword(&mut self, word: &[u8], value: Object<'a>) -> Result<Object<'a>, PdfError> {
        if !self.take(word) {
            return self.fail(Problem::Syntax);
        }
        self.boundary()?;
        Ok(value)
    }

    /// Refuses a token that runs on into the next.
    pub(crate) fn boundary(&self) -> Result<(), PdfError> {
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'[' | b']' | b'<' | b'>' | b'(' | b')') => {
                Ok(())
            }
            Some(_) => self.fail(Problem::Syntax),
        }
    }

    fn array(&mut self, depth: u32) -> Result<Object<'a>, PdfError> {
        self.position += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.take(b"]") {
                return Ok(Object::Array(items));
            }
            items.push(self.object(depth + 1)?);
        }
    }

    pub(crate) fn dictionary(&mut self, depth: u32) -> Result<Dictionary<'a>, PdfError> {
        if !self.take(b"<<") {
            return self.fail(Problem::Syntax);
        }
        let mut entries: Vec<(Cow<'a, str>, Object<'a>)> = Vec::new();
        loop {
            self.skip_space();
            if self.take(b">>") {
                return Ok(Dictionary { entries });
            }
            let start = self.position;
            if self.peek() != Some(b'/') {
                return self.fail(Problem::Syntax);
            }
            let key = self.name()?;
            if entries.iter().any(|(name, _)| *name == key) {
                return Err(PdfError::at(start, Problem::DuplicateKey(key.into_owned())));
            }
            if entries.len() == MAX_ENTRIES {
                return self.fail(Problem::Budget);
            }
            self.skip_space();
            let value = self.object(depth + 1)?;
            entries.push((key, value));
        }
    }

    fn name(&mut self) -> Result<Cow<'a, str>, PdfError> {
        let start = self.position;
        self.position += 1;
        let first = self.position;
        let mut owned: Option<String> = None;
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => {
                    let digits = self.bytes.get(self.position + 1..self.position + 3);
                    let value = digits.and_then(hex_pair).filter(|v| (0x21..0x7f).contains(v));
                    let Some(value) = value else { return self.fail(Problem::Syntax) };
                    let so_far = &self.bytes[first..self.position];
                    let name = owned.get_or_insert_with(|| String::from_utf8_lossy(so_far).into_owned());
                    name.push(char::from(value));
                    self.position += 3;
                }
                b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%' => break,
                0x21..0x7f => {
                    if let Some(name) = &mut owned {
                        name.push(char::from(byte));
                    }
                    self.position += 1;
                }
                _ => break,
            }
            if self.position - start > 128 {
                return self.fail(Problem::Syntax);
            }
        }
        if self.position == first {
            return self.fail(Problem::Syntax);
        }
        self.boundary()?;
        Ok(match owned {
            Some(name) => Cow::Owned(name),
            None => Cow::Borrowed(
                std::str::from_utf8(&self.bytes[first..self.position]).expect("only ASCII was taken"),
            ),
        })
    }

    /// The characters of a number, and whether it is a real one.
    fn numeral(&mut self) -> Result<(&'a [u8], bool), PdfError> {
        let start = self.position;
        self.take(b"-");
        let whole = self.run_of_digits();
        let mut real = false;
        if whole > 0 && self.take(b".") {
            real = true;
            if self.run_of_digits() == 0 {
                return self.fail(Problem::Syntax);
            }
        }
        if whole == 0 || self.position - start > self.digits {
            return self.fail(Problem::Syntax);
        }
        self.boundary()?;
        Ok((&self.bytes[start..self.position], real))
    }

    /// A number, or in a file `N 0 R`.
    fn number(&mut self) -> Result<Object<'a>, PdfError> {
        let start = self.position;
        let (text, real) = self.numeral()?;
        let text = std::str::from_utf8(text).expect("only ASCII was taken");
        if real {
            let value = text.parse().map_err(|_| PdfError::at(start, Problem::Syntax))?;
            return Ok(Object::Real(value, text));
        }
        let value: i64 = text.parse().map_err(|_| PdfError::at(start, Problem::Syntax))?;
        if !self.content && self.bytes[self.position..].starts_with(b" 0 R") {
            self.position += 4;
            self.boundary()?;
            let number = u32::try_from(value).ok().filter(|n| *n > 0);
            return number.map(Object::Reference).ok_or_else(|| PdfError::at(start, Problem::Syntax));
        }
        Ok(Object::Integer(value))
    }

    fn run_of_digits(&mut self) -> usize {
        let start = self.position;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.position += 1;
        }
        self.position - start
    }

    fn hexadecimal(&mut self) -> Result<Text<'a>, PdfError> {
        let start = self.position;
        let digits = hexadecimal_digits(&self.bytes[start + 1..]);
        let body = &self.bytes[start + 1..start + 1 + digits];
        self.position = start + 1 + digits;
        if !self.take(b">") || !digits.is_multiple_of(2) {
            return self.fail(Problem::Syntax);
        }
        let bytes = HEXLOWER_PERMISSIVE.decode(body).expect("an even number of digits was counted");
        Ok(Text { bytes: Cow::Owned(bytes), start, end: self.position, hex: true })
    }

    fn literal(&mut self) -> Result<Text<'a>, PdfError> {
        let start = self.position;
        self.position += 1;
        let first = self.position;
        let mut depth = 0u32;
        let mut owned: Option<Vec<u8>> = None;
        loop {
            let Some(byte) = self.peek() else { return self.fail(Problem::Syntax) };
            let mut value = byte;
            let mut length = 1;
            match byte {
                b'(' => depth += 1,
                b')' if depth == 0 => break,
                b')' => depth -= 1,
                b'\\' => {
                    let so_far = &self.bytes[first..self.position];
                    owned.get_or_insert_with(|| so_far.to_vec());
                    (value, length) = match self.bytes.get(self.position + 1) {
                        Some(b'n') => (b'\n', 2),
                        Some(b'r') => (b'\r', 2),
                        Some(b't') => (b'\t', 2),
                        Some(b'b') => (8, 2),
                        Some(b'f') => (12, 2),
                        Some(b @ (b'(' | b')' | b'\\')) => (*b, 2),
                        Some(b'0'..=b'3') => match self.bytes.get(self.position + 1..self.position + 4) {
                            Some([a, b @ b'0'..=b'7', c @ b'0'..=b'7']) => {
                                ((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'), 4)
                            }
                            _ => return self.fail(Problem::Syntax),
                        },
                        _ => return self.fail(Problem::Syntax),
                    };
                }
                // A line ending in a literal means something else than its bytes.
                b'\r' => return self.fail(Problem::Syntax),
                _ => {}
            }
            if let Some(bytes) = &mut owned {
                bytes.push(value);
            }
            self.position += length;
        }
        let end = self.position;
        self.position += 1;
        let bytes = owned.map_or(Cow::Borrowed(&self.bytes[first..end]), Cow::Owned);
        Ok(Text { bytes, start, end: self.position, hex: false })
    }
}

/// How many of the first bytes are digits: a signature's gap has thousands, so they are looked at many at once.
fn hexadecimal_digits(bytes: &[u8]) -> usize {
    let all = |chunk: &&[u8]| chunk.iter().fold(true, |all, byte| all & byte.is_ascii_hexdigit());
    let whole = 64 * bytes.chunks_exact(64).take_while(all).count();
    whole + bytes[whole..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count()
}

fn hex_pair(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let value = |d: u8| char::from(d).to_digit(16);
    u8::try_from(value(*high)? * 16 + value(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Object<'_>, Problem> {
        let mut lexer = Lexer::new(bytes);
        let object = lexer.object(0).map_err(|e| e.problem)?;
        assert_eq!(lexer.position(), bytes.len());
        Ok(object)
    }

    #[test]
    fn reads_each_kind() {
        assert_eq!(read(b"null"), Ok(Object::Null));
        assert_eq!(read(b"-12"), Ok(Object::Integer(-12)));
        assert_eq!(read(b"0.50"), Ok(Object::Real(0.5, "0.50")));
        assert_eq!(read(b"/a#2Fb"), Ok(Object::Name("a/b".into())));
        assert_eq!(read(b"12 0 R"), Ok(Object::Reference(12)));
        assert_eq!(
            read(b"(a\\(b\\051\\n(c))")
                .expect("the test's own input")
                .as_text()
                .expect("the test's own input")
                .bytes
                .as_ref(),
            b"a(b)\n(c)"
        );
        assert_eq!(
            read(b"<00fF>")
                .expect("the test's own input")
                .as_text()
                .expect("the test's own input")
                .bytes
                .as_ref(),
            [0, 255]
        );
        let dictionary = read(b"<</A[1 2.5/B]/C<</D true>>>>").expect("the test's own input");
        let dictionary = dictionary.as_dictionary().expect("the test's own input");
        assert_eq!(
            dictionary
                .get("A")
                .expect("the test's own input")
                .as_array()
                .expect("the test's own input")
                .len(),
            3
        );
        assert_eq!(dictionary.stranger(&["A"]), Some("C"));
    }

    #[test]
    fn refuses_what_readers_differ_about() {
        for bytes in [
            b"+1".as_slice(),
            b"--1",
            b"1.",
            b".5",
            b"1e5",
            b"<0>",
            b"<0 0>",
            b"(a\\\nb)",
            b"(a\rb)",
            b"(\\8)",
            b"(\\12)",
            b"(a",
            b"/",
            b"/a#00b",
            b"/a#2",
            b"/\xc3\xa9",
            b"truefalse",
            b"1true",
            b"[1 %c\n2]",
            b"[1",
            b"<</A 1",
            b"<</A>>",
            b"<<(A) 1>>",
            b"1234567890123456789",
            b"0 0 R",
            b"{1}",
            b"\x00",
        ] {
            assert!(read(bytes).is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(read(b"<</A 1/#41 2>>"), Err(Problem::DuplicateKey("A".into())));
        assert_eq!(read(&[b'['; 40]), Err(Problem::Depth));
    }

    #[test]
    fn text_strings_have_two_forms() {
        let text = |bytes: &[u8]| Text { bytes: Cow::Borrowed(bytes), start: 0, end: 0, hex: false }.text();
        assert_eq!(text(b"abc").as_deref(), Some("abc"));
        assert_eq!(text(&[0xfe, 0xff, 0x1e, 0xa0]).as_deref(), Some("Ạ"));
        assert_eq!(text(&[0xfe, 0xff, 0x1e]), None);
        assert_eq!(text(&[0xe9]), None);
        assert_eq!(text(&[0xfe, 0xff, 0xd8, 0x00]), None);
    }

    #[test]
    fn alike_is_what_says_the_same() {
        let alike = |a: &str, b: &str| {
            let mut lexer = Lexer::lenient(b.as_bytes());
            read(a.as_bytes()).expect("an object").alike(&lexer.object(0).expect("an object"))
        };
        for (a, b) in [
            ("841.92", "841.92000000000000000000000000"),
            ("[1 0.0 /A]", "[1.0 0 /A]"),
            ("<</A (vi-VN)/B 1 0 R>>", "<</B 1 0 R/A <FEFF00760069002D0056004E>>>"),
        ] {
            assert!(alike(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("1", "1.001"),
            ("[1]", "[1 1]"),
            ("1 0 R", "2 0 R"),
            ("(a)", "(b)"),
            ("<E9>", "<E8>"),
            ("/A", "(A)"),
            ("<</A 1>>", "<</A 1/B 2>>"),
            ("<</A 1>>", "<</B 1>>"),
            ("null", "false"),
        ] {
            assert!(!alike(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_number_that_is_passed_over_is_one_that_would_be_read() {
        for text in [
            "1",
            "-12",
            "0.50",
            "1.",
            ".5",
            "1e5",
            "-",
            "12x",
            "123456789012345678",
            "1234567890123456789",
            "1/A",
            "q",
        ] {
            let (mut read, mut past) = (Lexer::content(text.as_bytes()), Lexer::content(text.as_bytes()));
            let number =
                matches!(read.token(), Ok(Some(Token::Operand(Object::Integer(_) | Object::Real(..)))));
            assert_eq!(past.skip_number().is_ok_and(|passed| passed), number, "{text}");
            assert!(!number || past.position() == read.position(), "{text}");
        }
    }

    #[test]
    fn counts_hexadecimal_digits_wherever_they_end() {
        for length in [0, 1, 63, 64, 65, 127, 128, 200] {
            for end in [&b">"[..], b"g", b"\x80", b""] {
                let bytes = [&vec![b'f'; length][..], end, b"00"].concat();
                let expected = if end.is_empty() { length + 2 } else { length };
                assert_eq!(hexadecimal_digits(&bytes), expected, "{length} {end:?}");
            }
        }
    }

    #[test]
    fn bounds_the_number_of_values() {
        let mut bytes = b"[".to_vec();
        bytes.extend(std::iter::repeat_n(*b"0 ", MAX_VALUES + 1).flatten());
        bytes.push(b']');
        assert_eq!(read(&bytes), Err(Problem::Budget));
    }
}
