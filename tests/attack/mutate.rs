//! Chance: flipped bits, and changes that know what a PDF is made of.

use memchr::memmem;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::pdf::Copy;

/// One changed file: what was done, where, and the bytes.
pub(crate) struct Mutation {
    pub(crate) what: &'static str,
    pub(crate) at: usize,
    pub(crate) bytes: Vec<u8>,
}

/// One bit somewhere.
pub(crate) fn flip(copy: &[u8], dice: &mut ChaCha8Rng) -> Mutation {
    let (at, bit) = (dice.random_range(0..copy.len()), dice.random_range(0..8));
    let mut bytes = copy.to_vec();
    bytes[at] ^= 1 << bit;
    Mutation { what: "bit", at, bytes }
}

/// One change of structure; none where the place that chance found does not allow it.
pub(crate) fn structure(copy: &[u8], dice: &mut ChaCha8Rng) -> Option<Mutation> {
    let view = Copy::new(copy);
    let tokens = tokens(&view);
    let pick = |dice: &mut ChaCha8Rng| tokens[dice.random_range(0..tokens.len())].clone();
    let objects: Vec<usize> = memmem::find_iter(copy, b" 0 obj\n").collect();
    let object = |dice: &mut ChaCha8Rng| {
        let head = objects[dice.random_range(0..objects.len())];
        let start = copy[..head].iter().rposition(|b| *b == b'\n').expect("a line") + 1;
        start..start + memmem::find(&copy[start..], b"endobj\n").expect("its end") + 7
    };
    let splice = |range: std::ops::Range<usize>, with: &[u8]| {
        [&copy[..range.start], with, &copy[range.end..]].concat()
    };
    let (what, at, bytes) = match dice.random_range(0..12) {
        0 => {
            let range = object(dice);
            ("object dropped", range.start, splice(range, b""))
        }
        1 => {
            let range = object(dice);
            let again = copy[range.clone()].to_vec();
            ("object doubled", range.start, splice(range.end..range.end, &again))
        }
        2 => {
            let (a, b) = (object(dice), object(dice));
            if a.end > b.start {
                return None;
            }
            let bytes =
                [&copy[..a.start], &copy[b.clone()], &copy[a.end..b.start], &copy[a.clone()], &copy[b.end..]]
                    .concat();
            ("objects swapped", a.start, bytes)
        }
        3 => {
            let range = pick(dice);
            ("token dropped", range.start, splice(range, b""))
        }
        4 => {
            let range = pick(dice);
            let again = [&copy[range.clone()], b" ", &copy[range.clone()]].concat();
            ("token doubled", range.start, splice(range, &again))
        }
        5 => {
            let (a, b) = (pick(dice), pick(dice));
            let with = copy[b].to_vec();
            ("token replaced by another", a.start, splice(a, &with))
        }
        6 => {
            let range = pick(dice);
            let blanks: &[u8] = [&b" "[..], b"\n", b"\r", b"\t", b"\0", b"%x\n"][dice.random_range(0..6)];
            ("white space put in", range.start, splice(range.start..range.start, blanks))
        }
        7 => {
            let range = pick(dice);
            if !copy[range.start].is_ascii_digit() {
                return None;
            }
            let value: [&[u8]; 6] = [b"0", b"-1", b"4294967296", b"99999999999999999999", b"1e9", b"0001"];
            let at = range.start;
            ("number replaced", at, splice(range, value[dice.random_range(0..6)]))
        }
        8 => {
            let range = pick(dice);
            if copy[range.start] != b'/' {
                return None;
            }
            let escaped = format!("/#{:02X}", copy[range.start + 1]);
            ("name escaped", range.start, splice(range.start..range.start + 2, escaped.as_bytes()))
        }
        9 => {
            let place = dice.random_range(0..copy.len());
            let count = dice.random_range(1..64).min(copy.len() - place);
            ("bytes cut out", place, splice(place..place + count, b""))
        }
        10 => {
            let (from, to) = (dice.random_range(0..copy.len()), dice.random_range(0..copy.len()));
            let count = dice.random_range(1..64).min(copy.len() - from);
            let part = copy[from..from + count].to_vec();
            ("bytes copied elsewhere", to, splice(to..to, &part))
        }
        _ => {
            let range = pick(dice);
            let nested: &[u8] = [&b"[[["[..], b"<<", b">>", b"(", b"<", b"null"][dice.random_range(0..6)];
            ("bracket put in", range.start, splice(range.start..range.start, nested))
        }
    };
    (bytes != copy).then_some(Mutation { what, at, bytes })
}

/// The tokens of all dictionaries, tables and trailers: whatever is no stream and no gap.
fn tokens(copy: &Copy<'_>) -> Vec<std::ops::Range<usize>> {
    let gaps = copy.gaps();
    let mut found = Vec::new();
    let mut at = 0;
    while at < copy.bytes.len() {
        if copy.bytes[at..].starts_with(b"stream\n") {
            at += memmem::find(&copy.bytes[at..], b"endstream").map_or(copy.bytes.len() - at, |end| end + 9);
            continue;
        }
        if let Some(gap) = gaps.iter().find(|gap| gap.start == at) {
            at = gap.end;
            continue;
        }
        if copy.bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        at += 1;
        while at < copy.bytes.len()
            && !copy.bytes[at].is_ascii_whitespace()
            && !b"/<>[]()".contains(&copy.bytes[at])
            && !gaps.iter().any(|gap| gap.start == at)
        {
            at += 1;
        }
        found.push(start..at);
    }
    found
}
