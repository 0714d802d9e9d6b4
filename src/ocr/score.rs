//! How far a text is from the truth: character and word error rates.

use unicode_normalization::UnicodeNormalization;

/// Character error rate: edits (insertions, deletions, replacements) a character of the truth, after NFC
/// and with white space folded to single spaces. Above 1 when much was invented.
pub fn cer(truth: &str, read: &str) -> f64 {
    let (truth, read): (Vec<char>, Vec<char>) = (fold(truth).chars().collect(), fold(read).chars().collect());
    rate(distance(&truth, &read), truth.len())
}

/// Word error rate: the same over words.
pub fn wer(truth: &str, read: &str) -> f64 {
    let (truth, read) = (fold(truth), fold(read));
    let truth: Vec<&str> = truth.split_whitespace().collect();
    let read: Vec<&str> = read.split_whitespace().collect();
    rate(distance(&truth, &read), truth.len())
}

fn fold(text: &str) -> String {
    text.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rate(edits: usize, length: usize) -> f64 {
    if length == 0 { edits as f64 } else { edits as f64 / length as f64 }
}

/// Levenshtein's distance.
fn distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits_per_character_of_the_truth() {
        assert_eq!(cer("kitten", "sitting"), 3.0 / 6.0);
        assert_eq!(cer("abcd", ""), 1.0);
        assert_eq!(cer("", ""), 0.0);
    }

    #[test]
    fn white_space_and_composition_do_not_count() {
        assert_eq!(cer("Hà  Nội\n", "Ha\u{300} No\u{323}\u{302}i"), 0.0);
        assert_eq!(wer("một hai ba", "một\nhai bốn"), 1.0 / 3.0);
    }
}
