//! The gap in a PDF that holds a signature, and the digest of everything around it (ISO 32000-2, 12.8.1).
//!
//! The writer puts [`BYTE_RANGE_PLACEHOLDER`] and [`contents_placeholder`] into the signature dictionary and remembers where: a
//! [`Slot`]. When the revision's bytes are complete, [`Slot::close`] writes the real numbers in place, [`ByteRange::digest`] gives
//! what is signed, [`Slot::fill`] writes the SignedData. Nothing here searches for anything.

use super::{DigestAlgorithm, Hasher};

/// The gap: `<`, hexadecimal digits, `>`. 32 KiB with its brackets; a chain of P-256 certificates needs three.
pub const GAP: usize = 32 * 1024;

/// The longest SignedData that fits into the gap, bytes.
pub const CAPACITY: usize = (GAP - 2) / 2;

/// `[0 a b c]` with ten digits a number at most: the width that the array keeps when its numbers are written.
const BYTE_RANGE_WIDTH: usize = 36;

/// What the writer puts where the byte range will stand; it is an array of PDF already.
pub const BYTE_RANGE_PLACEHOLDER: &[u8; BYTE_RANGE_WIDTH] = b"[0 0 0 0                           ]";

/// What the writer puts where the signature will stand: `<`, zeros, `>`, [`GAP`] bytes.
pub fn contents_placeholder() -> Vec<u8> {
    let mut gap = vec![b'0'; GAP];
    gap[0] = b'<';
    gap[GAP - 1] = b'>';
    gap
}

/// Why bytes are not a signed range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The first number is not 0.
    #[error("the byte range begins at {0}, not at 0")]
    Start(u64),
    /// The ranges overlap, run backwards or leave the file.
    #[error("the byte range [0 {a} {b} {c}] does not fit a revision of {end} bytes")]
    Bounds {
        /// End of the first range.
        a: u64,
        /// Start of the second range.
        b: u64,
        /// Length of the second range.
        c: u64,
        /// Where the revision ends.
        end: u64,
    },
    /// The signature does not reach the end of its revision.
    #[error("the signature covers {covered} of {end} bytes")]
    NotCovered {
        /// The end of what is covered.
        covered: u64,
        /// Where the revision ends.
        end: u64,
    },
    /// Between the ranges stands something other than one string of upper-case hexadecimal digits.
    #[error("byte {0} in the signature's gap is not part of a hexadecimal string")]
    Gap(u64),
    /// The writer's offsets do not point at the placeholders.
    #[error("no placeholder at byte {0}")]
    NoPlaceholder(u64),
    /// The SignedData is larger than the gap.
    #[error("the signature has {0} bytes, the gap holds {CAPACITY}")]
    TooLarge(usize),
    /// The file is larger than ten digits can say.
    #[error("a file of {0} bytes is too large to sign")]
    FileTooLarge(u64),
}

/// Where the writer left the two placeholders, offsets in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Of the `[` of the byte range.
    pub byte_range: usize,
    /// Of the `<` of the contents.
    pub contents: usize,
}

impl Slot {
    /// Writes the byte range of a revision that ends where `file` ends.
    ///
    /// # Errors
    /// When the placeholders are not at these offsets, or the file is too large.
    pub fn close(&self, file: &mut [u8]) -> Result<ByteRange, RangeError> {
        let end = file.len();
        self.expect(file, self.contents, &contents_placeholder())?;
        self.expect(file, self.byte_range, BYTE_RANGE_PLACEHOLDER)?;
        let array = self.byte_range..self.byte_range + BYTE_RANGE_WIDTH;
        let gap = self.contents..self.contents + GAP;
        if array.start < gap.end && gap.start < array.end {
            return Err(RangeError::NoPlaceholder(self.byte_range as u64));
        }
        let range = ByteRange { a: gap.start as u64, b: gap.end as u64, c: (end - gap.end) as u64 };
        if end as u64 > 9_999_999_999 {
            return Err(RangeError::FileTooLarge(end as u64));
        }
        let numbers = format!("[0 {} {} {}", range.a, range.b, range.c);
        let text = format!("{numbers:<width$}]", width = BYTE_RANGE_WIDTH - 1);
        file[array].copy_from_slice(text.as_bytes());
        Ok(range)
    }

    /// Writes the SignedData into the gap, in upper-case hexadecimal digits, zeros after it.
    ///
    /// # Errors
    /// When it is too large, or the gap has been filled already.
    pub fn fill(&self, file: &mut [u8], signed_data: &[u8]) -> Result<(), RangeError> {
        if signed_data.len() > CAPACITY {
            return Err(RangeError::TooLarge(signed_data.len()));
        }
        self.expect(file, self.contents, &contents_placeholder())?;
        let start = self.contents + 1;
        data_encoding::HEXUPPER.encode_mut(signed_data, &mut file[start..start + 2 * signed_data.len()]);
        Ok(())
    }

    fn expect(&self, file: &[u8], at: usize, placeholder: &[u8]) -> Result<(), RangeError> {
        let found = at.checked_add(placeholder.len()).and_then(|end| file.get(at..end));
        if found == Some(placeholder) { Ok(()) } else { Err(RangeError::NoPlaceholder(at as u64)) }
    }
}

/// `[0 a b c]`: the bytes `0..a` and `b..b + c` are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    a: u64,
    b: u64,
    c: u64,
}

impl ByteRange {
    /// The byte range as a PDF states it, checked against the bytes of the revision that it signs: everything but the gap is
    /// covered, and the gap is exactly one hexadecimal string.
    ///
    /// `file` may go on after the revision, which ends at `end`.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(numbers: [u64; 4], file: &[u8], end: u64) -> Result<Self, RangeError> {
        let [start, a, b, c] = numbers;
        if start != 0 {
            return Err(RangeError::Start(start));
        }
        let bounds = RangeError::Bounds { a, b, c, end };
        let covered = b.checked_add(c).ok_or(bounds)?;
        if a > b || covered > end || end > file.len() as u64 {
            return Err(bounds);
        }
        if covered != end {
            return Err(RangeError::NotCovered { covered, end });
        }
        let range = Self { a, b, c };
        range.gap(file)?;
        Ok(range)
    }

    /// The four numbers.
    pub const fn numbers(&self) -> [u64; 4] {
        [0, self.a, self.b, self.c]
    }

    /// Where the revision ends that is signed.
    pub const fn end(&self) -> u64 {
        self.b + self.c
    }

    /// What the gap holds: the SignedData and the zeros after it.
    ///
    /// # Errors
    /// When the gap is not exactly `<`, upper-case hexadecimal digits in pairs, `>`.
    pub fn contents(&self, file: &[u8]) -> Result<Vec<u8>, RangeError> {
        let digits = self.gap(file)?;
        data_encoding::HEXUPPER
            .decode(digits)
            .map_err(|error| RangeError::Gap(self.a + 1 + error.position as u64))
    }

    /// The digest over the two ranges.
    ///
    /// # Errors
    /// When the file is shorter than the range says.
    pub fn digest(&self, file: &[u8], algorithm: DigestAlgorithm) -> Result<Vec<u8>, RangeError> {
        let (first, second) = self.parts(file)?;
        let mut hash = Hasher::new(algorithm);
        hash.update(first);
        hash.update(second);
        Ok(hash.finish())
    }

    fn gap<'a>(&self, file: &'a [u8]) -> Result<&'a [u8], RangeError> {
        self.parts(file)?;
        let gap = &file[self.a as usize..self.b as usize];
        let [b'<', digits @ .., b'>'] = gap else { return Err(RangeError::Gap(self.a)) };
        let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
        // All at once; one by one only to say which.
        let right = digits.iter().fold(true, |right, byte| right & digit(byte));
        let wrong = if right { None } else { digits.iter().position(|byte| !digit(byte)) };
        match wrong {
            Some(at) => Err(RangeError::Gap(self.a + 1 + at as u64)),
            None if digits.is_empty() || digits.len() % 2 != 0 => Err(RangeError::Gap(self.b - 1)),
            None => Ok(digits),
        }
    }

    fn parts<'a>(&self, file: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), RangeError> {
        let end = file.len() as u64;
        if self.a > self.b || self.b.checked_add(self.c).is_none_or(|covered| covered > end) {
            return Err(RangeError::Bounds { a: self.a, b: self.b, c: self.c, end });
        }
        Ok((&file[..self.a as usize], &file[self.b as usize..self.end() as usize]))
    }
}

/// The digest of a file's beginning, hashed once for all the signatures that share it.
///
/// A second signature covers everything that the first one covers, the first one's gap included: advance to the first gap,
/// [`Prefix::digest`] there, then go on through it to the second.
#[derive(Clone, Debug)]
pub struct Prefix {
    hash: Hasher,
    length: u64,
}

impl Prefix {
    /// The digest of nothing yet.
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        Self { hash: Hasher::new(algorithm), length: 0 }
    }

    /// How many bytes of the file have been hashed.
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether nothing has been hashed.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The digest over `range` of `file`, of which the bytes before this point have been hashed; this point moves to the gap.
    ///
    /// # Errors
    /// When the gap lies before this point, or the file is shorter than the range says.
    pub fn digest(&mut self, file: &[u8], range: &ByteRange) -> Result<Vec<u8>, RangeError> {
        let (first, second) = range.parts(file)?;
        if self.length > range.a {
            let ByteRange { a, b, c } = *range;
            return Err(RangeError::Bounds { a, b, c, end: self.length });
        }
        self.hash.update(&first[self.length as usize..]);
        self.length = range.a;
        let mut fork = self.hash.clone();
        fork.update(second);
        Ok(fork.finish())
    }
}

/// The digests of several signatures of one file, each in the order asked; what they share is hashed once an algorithm.
///
/// # Errors
/// When the file is shorter than a range says.
pub fn digests(file: &[u8], wanted: &[(ByteRange, DigestAlgorithm)]) -> Result<Vec<Vec<u8>>, RangeError> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&i| wanted[i].0.a);
    let mut sha256 = Prefix::new(DigestAlgorithm::Sha256);
    let mut sha512 = Prefix::new(DigestAlgorithm::Sha512);
    let mut found = vec![Vec::new(); wanted.len()];
    for i in order {
        let (range, algorithm) = &wanted[i];
        let prefix = match algorithm {
            DigestAlgorithm::Sha256 => &mut sha256,
            DigestAlgorithm::Sha512 => &mut sha512,
        };
        found[i] = prefix.digest(file, range)?;
    }
    Ok(found)
}
