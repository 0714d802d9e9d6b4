//! How far what was read is from what stands there.

use serde_json::Value;

use crate::extract::text;

/// The equality of values: NFC, with case, white space and tone placement set aside; lists item by item.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => text::same(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}

/// Errors, and of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorRate {
    /// Characters or words that differ.
    pub wrong: usize,
    /// Characters or words that were expected.
    pub total: usize,
}

impl ErrorRate {
    /// The share, 0 where nothing was expected.
    pub fn share(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.wrong as f64 / self.total as f64 }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.wrong += other.wrong;
        self.total += other.total;
    }
}

/// Errors of characters and of words. A line is looked for wherever it stands, and set against the stretch of the text that
/// fits best: the order of a page's blocks is not an error of reading. Text that stands nowhere on the paper is not counted.
pub fn error_rate(expected: &str, read: &str) -> (ErrorRate, ErrorRate) {
    let (mut characters, mut words) = (ErrorRate::default(), ErrorRate::default());
    let read = text::nfc(read);
    let (read_characters, read_words): (Vec<char>, Vec<&str>) =
        (read.chars().collect(), read.split(' ').collect());
    for line in expected.lines() {
        let line = text::nfc(line);
        let line_characters: Vec<char> = line.chars().collect();
        characters.add(best_stretch(&line_characters, &read_characters));
        words.add(best_stretch(&line.split(' ').collect::<Vec<_>>(), &read_words));
    }
    (characters, words)
}

/// The fewest edits that make some stretch of `text` into `line` (Sellers 1980).
fn best_stretch<T: PartialEq>(line: &[T], text: &[T]) -> ErrorRate {
    let mut row: Vec<usize> = (0..=line.len()).collect();
    let mut best = line.len();
    for item in text {
        let mut diagonal = row[0];
        for j in 1..row.len() {
            let replaced = diagonal + usize::from(line[j - 1] != *item);
            diagonal = row[j];
            row[j] = replaced.min(row[j] + 1).min(row[j - 1] + 1);
        }
        best = best.min(row[line.len()]);
    }
    ErrorRate { wrong: best, total: line.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_where_it_stands_and_a_missing_one_counts_whole() {
        let (characters, words) = error_rate("Họ và tên\nSố: 12", "Số: 12 gì đó\n\nHọ vả tên");
        assert_eq!((characters.wrong, characters.total), (1, 15));
        assert_eq!((words.wrong, words.total), (1, 5));
        assert_eq!(error_rate("abc", "").0, ErrorRate { wrong: 3, total: 3 });
    }

    #[test]
    fn lists_are_equal_item_by_item() {
        let list = |items: &[&str]| serde_json::json!(items);
        assert!(same(&list(&["Hoà", "b"]), &list(&["hòa", "B"])));
        assert!(!same(&list(&["a", "b"]), &list(&["b", "a"])));
        assert!(!same(&list(&["a"]), &Value::String("a".to_owned())));
        assert!(!same(&Value::Null, &Value::String(String::new())));
    }
}
