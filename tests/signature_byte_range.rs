//! The gap that holds a signature: placeholders, patching, digests, coverage.

use proptest::prelude::*;
use saoy::signature::byte_range::{
    self, BYTE_RANGE_PLACEHOLDER, ByteRange, CAPACITY, GAP, Prefix, RangeError, Slot, contents_placeholder,
};
use saoy::signature::{DigestAlgorithm, Hasher};

/// `before`, the byte range, `between`, the gap, `after`, appended to `file`.
fn append(file: &mut Vec<u8>, before: &[u8], between: &[u8], after: &[u8]) -> Slot {
    file.extend_from_slice(before);
    let byte_range = file.len();
    file.extend_from_slice(BYTE_RANGE_PLACEHOLDER);
    file.extend_from_slice(between);
    let contents = file.len();
    file.extend_from_slice(&contents_placeholder());
    file.extend_from_slice(after);
    Slot { byte_range, contents }
}

fn closed() -> (Vec<u8>, Slot, ByteRange) {
    let mut file = Vec::new();
    let slot = append(&mut file, b"%PDF-1.7 ", b" /Contents ", b" >> %%EOF\n");
    let range = slot.close(&mut file).expect("the placeholders are there");
    (file, slot, range)
}

#[test]
fn closing_writes_the_numbers_in_place() {
    let (file, slot, range) = closed();
    let [_, a, b, c] = range.numbers();
    assert_eq!(a as usize, slot.contents);
    assert_eq!(b - a, GAP as u64);
    assert_eq!(b + c, file.len() as u64);
    let array = &file[slot.byte_range..slot.byte_range + BYTE_RANGE_PLACEHOLDER.len()];
    let text = std::str::from_utf8(array).expect("the array is ASCII");
    assert!(text.ends_with(']') && text.starts_with(&format!("[0 {a} {b} {c}")), "{text}");
    assert!(
        text.trim_start_matches('[')
            .trim_end_matches(']')
            .split(' ')
            .all(|n| n.bytes().all(|d| d.is_ascii_digit()))
    );
}

#[test]
fn what_is_filled_in_is_what_the_gap_holds() {
    let (mut file, slot, range) = closed();
    let before = range.digest(&file, DigestAlgorithm::Sha256).expect("the range fits");
    slot.fill(&mut file, &[0x30, 0xab, 0x00]).expect("it fits");
    assert_eq!(&file[slot.contents..slot.contents + 8], b"<30AB000");
    let contents = range.contents(&file).expect("hexadecimal");
    assert_eq!(contents.len(), CAPACITY);
    assert_eq!(&contents[..3], &[0x30, 0xab, 0x00]);
    assert_eq!(range.digest(&file, DigestAlgorithm::Sha256).expect("the range fits"), before);
    assert_eq!(ByteRange::check(range.numbers(), &file, range.end()), Ok(range));
}

#[test]
fn a_signature_as_large_as_the_gap_fits_and_a_larger_one_does_not() {
    let (mut file, slot, _) = closed();
    assert_eq!(slot.fill(&mut file, &vec![1; CAPACITY + 1]), Err(RangeError::TooLarge(CAPACITY + 1)));
    slot.fill(&mut file, &vec![0xff; CAPACITY]).expect("it fits");
    assert_eq!(file[slot.contents + GAP - 1], b'>');
}

#[test]
fn wrong_offsets_are_refused_and_change_nothing() {
    let mut file = Vec::new();
    let slot = append(&mut file, b"%PDF-1.7 ", b" /Contents ", b"%%EOF\n");
    let untouched = file.clone();
    for wrong in [
        Slot { byte_range: slot.byte_range + 1, ..slot },
        Slot { contents: slot.contents - 1, ..slot },
        Slot { contents: usize::MAX, ..slot },
        Slot { byte_range: file.len() - 3, ..slot },
    ] {
        assert!(matches!(wrong.close(&mut file), Err(RangeError::NoPlaceholder(_))), "{wrong:?}");
        assert_eq!(file, untouched);
    }
}

#[test]
fn a_gap_is_filled_and_closed_only_once() {
    let (mut file, slot, _) = closed();
    assert!(matches!(slot.close(&mut file), Err(RangeError::NoPlaceholder(_))));
    slot.fill(&mut file, &[1]).expect("it fits");
    assert!(matches!(slot.fill(&mut file, &[1]), Err(RangeError::NoPlaceholder(_))));
}

#[test]
fn coverage_is_checked() {
    let (file, _, range) = closed();
    let end = file.len() as u64;
    let [_, a, b, c] = range.numbers();
    let bounds = |a, b, c| Err(RangeError::Bounds { a, b, c, end });
    let check = |numbers| ByteRange::check(numbers, &file, end);
    assert_eq!(check([0, a, b, c]), Ok(range));
    assert_eq!(check([1, a, b, c]), Err(RangeError::Start(1)));
    assert_eq!(check([0, a, b, c - 1]), Err(RangeError::NotCovered { covered: end - 1, end }));
    assert_eq!(check([0, a, b, c + 1]), bounds(a, b, c + 1));
    assert_eq!(check([0, b, a, c]), bounds(b, a, c));
    assert_eq!(check([0, a, b, u64::MAX]), bounds(a, b, u64::MAX));
    assert_eq!(check([0, a - 1, b, c]), Err(RangeError::Gap(a - 1)), "the gap reaches into the file");
    assert_eq!(check([0, a + 1, b, c]), Err(RangeError::Gap(a + 1)), "the gap is not all left out");
    assert_eq!(check([0, a, b + 1, c - 1]), Err(RangeError::Gap(a)));
    assert_eq!(check([0, a, a, end - a]), Err(RangeError::Gap(a)), "no gap at all");
    let mut longer = file.clone();
    longer.extend_from_slice(b"an increment");
    assert_eq!(ByteRange::check([0, a, b, c], &longer, end), Ok(range), "the revision ends before the file");
    assert_eq!(
        ByteRange::check([0, a, b, c], &longer, longer.len() as u64),
        Err(RangeError::NotCovered { covered: end, end: longer.len() as u64 })
    );
    assert_eq!(ByteRange::check([0, a, b, c], &file[..file.len() - 1], end), bounds(a, b, c));
}

#[test]
fn anything_but_upper_case_digits_in_the_gap_is_refused() {
    let (file, slot, range) = closed();
    for foreign in *b"ag\n >(<" {
        let mut changed = file.clone();
        changed[slot.contents + 100] = foreign;
        let at = slot.contents as u64 + 100;
        assert_eq!(ByteRange::check(range.numbers(), &changed, range.end()), Err(RangeError::Gap(at)));
        assert_eq!(range.contents(&changed), Err(RangeError::Gap(at)));
    }
    let odd = b"x<123>y";
    assert_eq!(ByteRange::check([0, 1, 6, 1], odd, 7), Err(RangeError::Gap(5)), "an odd number of digits");
    assert_eq!(ByteRange::check([0, 1, 3, 4], b"x<>yyyy", 7), Err(RangeError::Gap(2)), "an empty string");
}

fn plain(file: &[u8], range: &ByteRange, algorithm: DigestAlgorithm) -> Vec<u8> {
    let [_, a, b, c] = range.numbers().map(|n| n as usize);
    let mut hash = Hasher::new(algorithm);
    hash.update(&file[..a]);
    hash.update(&file[b..b + c]);
    hash.finish()
}

#[test]
fn a_prefix_does_not_run_backwards() {
    let mut file = Vec::new();
    let first = append(&mut file, b"one", b" ", b" end one\n").close(&mut file).expect("placeholders");
    let second = append(&mut file, b"two", b" ", b" end two\n").close(&mut file).expect("placeholders");
    let mut prefix = Prefix::new(DigestAlgorithm::Sha256);
    assert!(prefix.is_empty());
    prefix.digest(&file, &second).expect("the range fits");
    assert_eq!(prefix.len(), second.numbers()[1]);
    assert!(matches!(prefix.digest(&file, &first), Err(RangeError::Bounds { .. })));
}

proptest! {
    #[test]
    fn shared_beginnings_give_the_same_digests(
        parts in proptest::collection::vec((any::<Vec<u8>>(), any::<Vec<u8>>(), any::<bool>()), 1..4),
        reverse in any::<bool>(),
    ) {
        let mut file = Vec::new();
        let mut wanted = Vec::new();
        for (before, after, strong) in &parts {
            let slot = append(&mut file, before, b"/Contents", after);
            let range = slot.close(&mut file).expect("placeholders");
            let algorithm = if *strong { DigestAlgorithm::Sha512 } else { DigestAlgorithm::Sha256 };
            slot.fill(&mut file, before).expect("it fits");
            wanted.push((range, algorithm));
        }
        if reverse {
            wanted.reverse();
        }
        let found = byte_range::digests(&file, &wanted).expect("the ranges fit");
        for ((range, algorithm), digest) in wanted.iter().zip(&found) {
            prop_assert_eq!(digest, &plain(&file, range, *algorithm));
            prop_assert_eq!(digest, &range.digest(&file, *algorithm).expect("the range fits"));
        }
    }
}
