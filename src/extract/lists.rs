//! Closed lists: the values that a field may have, with the variants that stand on papers.

use serde::Deserialize;

use super::error::ExtractError;
use super::{form, text};

/// One closed list, from `models/forms/lists/<id>.toml`.
#[derive(Clone, Debug)]
pub(crate) struct List {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    value: String,
    /// Folded spellings, the value's own first.
    keys: Vec<(String, String)>,
    /// The value's words, and their folds.
    words: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    #[serde(rename = "source")]
    _source: String,
    #[serde(default)]
    entry: Vec<EntrySpec>,
    /// Values without variants, in short.
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntrySpec {
    value: String,
    #[serde(default)]
    variants: Vec<String>,
}

/// How a text stands to a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// It is the value or a variant of it, accents included.
    Exact(String),
    /// It becomes the value when accents or one misread letter are set aside.
    Near(String),
    /// Not in the list.
    Unknown,
}

impl List {
    pub(crate) fn parse(file: &str, source: &str) -> Result<Self, ExtractError> {
        let spec: Spec = toml::from_str(source).map_err(|e| form::syntax_error(file, source, &e))?;
        let short = spec.values.into_iter().map(|value| EntrySpec { value, variants: Vec::new() });
        let entries = spec.entry.into_iter().chain(short).map(|e| {
            let spellings = std::iter::once(e.value.clone()).chain(e.variants);
            let words = e.value.split(' ').map(|w| (w.to_owned(), text::fold(w))).collect();
            Entry { keys: spellings.map(|s| (loose(&s), text::fold(&s))).collect(), words, value: e.value }
        });
        Ok(Self { entries: entries.collect() })
    }

    /// The text with its phrases spelt as they are, where it holds one with other accents, or, of the longer ones, with one other
    /// letter; None where it holds none such.
    pub(crate) fn respelt(&self, text: &str) -> Option<String> {
        // Each word with where it stands.
        let mut words: Vec<(usize, &str)> = Vec::new();
        for part in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
            words.push((part.as_ptr() as usize - text.as_ptr() as usize, part));
        }
        let folds: Vec<String> = words.iter().map(|(_, w)| text::fold(w)).collect();
        // From, to, whether spelt so, whether in the same letters, the phrase.
        let mut all: Vec<(usize, usize, bool, bool, &str)> = Vec::new();
        for entry in &self.entries {
            let phrase = &entry.words;
            let long = phrase.iter().map(|(_, f)| f.len()).sum::<usize>() >= LONG_PHRASE && phrase.len() > 1;
            for i in 0..(words.len() + 1).saturating_sub(phrase.len()) {
                let here = &folds[i..i + phrase.len()];
                let mut other = here.iter().zip(phrase).filter(|(a, (_, b))| *a != b);
                let (near, same_letters) = match (other.next(), other.next()) {
                    (None, _) => (true, true),
                    (Some((a, (_, b))), None) => (long && strsim::levenshtein(a, b) == 1, false),
                    _ => (false, false),
                };
                // `Đỗ Thị` is a name, `đô thị` is none.
                let named = phrase.iter().zip(&words[i..]).skip(1).any(|((p, _), (_, w))| {
                    let mut letters = w.chars();
                    p.starts_with(char::is_lowercase)
                        && letters.next().is_some_and(char::is_uppercase)
                        && letters.next().is_some_and(char::is_lowercase)
                });
                // A word alone is a kind of place before its name: `Tĩnh` of Hà Tĩnh is no misspelt `tỉnh`.
                let kind = phrase.len() > 1 || is_kind(text, &words, i);
                let right = phrase.iter().zip(&words[i..]).all(|((p, _), (_, w))| text::same(p, w));
                if near && kind && (right || !named) {
                    all.push((i, i + phrase.len(), right, same_letters, &entry.value));
                }
            }
        }
        // `quản` of `quản lý hành chính` is no misspelt `quận`, nor `chi nhánh văn phòng` a `chánh văn phòng`.
        let excused = |from: usize, to: usize, same_letters: bool| {
            all.iter().any(|(a, b, right, ..)| {
                let (around, meets) = (*a <= from && to <= *b, *a < to && from < *b);
                *right && (around || (!same_letters && meets))
            })
        };
        let wrong = all.iter().filter(|(from, to, right, same, _)| !right && !excused(*from, *to, *same));
        let mut wrong: Vec<_> = wrong.collect();
        // The longest first; what overlaps it is settled with it.
        wrong.sort_by_key(|(from, to, ..)| (from.wrapping_sub(*to), *from));
        let mut chosen: Vec<&(usize, usize, bool, bool, &str)> = Vec::new();
        for found in wrong {
            if chosen.iter().all(|c| found.1 <= c.0 || c.1 <= found.0) {
                chosen.push(found);
            }
        }
        let mut respelt = text.to_owned();
        chosen.sort_by_key(|c| std::cmp::Reverse(c.0));
        for (from, to, _, _, phrase) in &chosen {
            let spelling: Vec<(&(usize, &str), &str)> =
                words[*from..*to].iter().zip(phrase.split(' ')).collect();
            for ((at, word), spelt) in spelling.into_iter().rev() {
                if !text::same(word, spelt) {
                    respelt.replace_range(*at..at + word.len(), &with_case(spelt, word));
                }
            }
        }
        (!chosen.is_empty()).then_some(respelt)
    }

    /// Whether a text ends inside one of its long phrases, or with what kind of place would follow: a line below it was lost.
    pub(crate) fn breaks_off(&self, text: &str) -> bool {
        const KINDS: [&str; 7] = ["tỉnh", "huyện", "xã", "phường", "quận", "thị", "thị trấn"];
        const LONG: usize = 5;
        let words: Vec<String> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(text::fold).collect();
        let ends = |phrase: &[String]| (2..phrase.len()).any(|n| words.ends_with(&phrase[..n]));
        let last = text.rsplit(' ').next().unwrap_or_default();
        KINDS.contains(&last)
            || self.entries.iter().any(|entry| {
                let phrase: Vec<String> = entry.value.split(' ').map(text::fold).collect();
                phrase.len() >= LONG && !words.ends_with(&phrase) && ends(&phrase)
            })
    }

    /// Whether a text is a value or a variant, accents included.
    pub(crate) fn contains(&self, raw: &str) -> bool {
        let key = loose(raw);
        self.entries.iter().any(|e| e.keys.iter().any(|(k, _)| *k == key))
    }

    pub(crate) fn find(&self, raw: &str) -> Found {
        let key = loose(raw);
        let fold = text::fold(raw);
        if fold.is_empty() {
            return Found::Unknown;
        }
        let exact = self.entries.iter().find(|e| e.keys.iter().any(|(k, _)| *k == key));
        if let Some(entry) = exact {
            return Found::Exact(entry.value.clone());
        }
        // Only where one value alone is near; two near ones are no answer.
        let reach = |limit: usize| {
            let mut near = self
                .entries
                .iter()
                .filter(|e| e.keys.iter().any(|(_, f)| strsim::levenshtein(f, &fold) <= limit));
            match (near.next(), near.next()) {
                (Some(entry), None) => Some(entry.value.clone()),
                _ => None,
            }
        };
        let by_accent = reach(0);
        let by_letter = || if fold.len() >= 5 { reach(1) } else { None };
        by_accent.or_else(by_letter).map_or(Found::Unknown, Found::Near)
    }
}

/// Whether a word stands where the kind of a place stands before its name: in small letters before a capital, or with a capital
/// at the beginning of a text before two words with one (`Tình Bình Lâm`; `Tĩnh Gia` is a name).
fn is_kind(text: &str, words: &[(usize, &str)], at: usize) -> bool {
    let (place, word) = words[at];
    let capital = |i: usize| words.get(i).is_some_and(|(_, w)| w.starts_with(|c: char| !c.is_lowercase()));
    if word.chars().all(char::is_lowercase) {
        return capital(at + 1);
    }
    let begins = text[..place].trim_end().is_empty() || text[..place].trim_end().ends_with([',', ';']);
    let parted = |from: usize, to: usize| {
        words.get(from).zip(words.get(to)).is_none_or(|((a, _), (b, _))| text[*a..*b].contains([',', ';']))
    };
    begins
        && word.chars().skip(1).all(char::is_lowercase)
        && capital(at + 1)
        && capital(at + 2)
        && !parted(at, at + 2)
}

/// Phrases of so many letters are known with one of them misread.
const LONG_PHRASE: usize = 9;

/// In capitals, or with a capital first, as the word that it stands for.
fn with_case(spelt: &str, like: &str) -> String {
    let mut letters = like.chars();
    match (letters.next().is_some_and(char::is_uppercase), letters.next().is_some_and(char::is_uppercase)) {
        (true, true) => spelt.to_uppercase(),
        (true, false) => {
            let mut rest = spelt.chars();
            rest.next().map(|c| c.to_uppercase().chain(rest).collect()).unwrap_or_default()
        }
        _ => spelt.to_owned(),
    }
}

/// The equality of values with punctuation set aside too: `H'Mông` is `Hmông`.
fn loose(text: &str) -> String {
    text::key(text).chars().filter(|c| !c.is_ascii_punctuation() && !matches!(c, '’' | '‘' | '–')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_places_are_respelt_before_names_and_names_are_left_alone() {
        let phrases =
            List::parse("here", "source = \"ours\"\nvalues = [\"tỉnh\", \"kinh tế\"]").expect("a list");
        let respelt = |text: &str| phrases.respelt(text);
        assert_eq!(respelt("Tình Bình Lâm").as_deref(), Some("Tỉnh Bình Lâm"));
        assert_eq!(respelt("xã Mây, tình An Lĩnh").as_deref(), Some("xã Mây, tỉnh An Lĩnh"));
        assert_eq!(respelt("ĐẠI HỌC KINH TE NGÀN PHỐ").as_deref(), Some("ĐẠI HỌC KINH TẾ NGÀN PHỐ"));
        let others = List::parse(
            "here",
            "source = \"ours\"\nvalues = [\"chánh văn phòng\", \"chi nhánh\", \"đô thị\"]",
        )
        .expect("a list");
        assert_eq!(others.respelt("CHI NHÁNH VĂN PHÒNG ĐĂNG KÝ"), None);
        assert_eq!(others.respelt("Bà: Đỗ Thị Lan"), None);
        let offices = List::parse("here", "source = \"ours\"\nvalues = [\"quận\", \"quản lý hành chính\"]")
            .expect("a list");
        assert_eq!(offices.respelt("Cục Cảnh sát quản Lý hành chính"), None);
        assert_eq!(offices.respelt("phường Mây, quản Sơn").as_deref(), Some("phường Mây, quận Sơn"));
        assert_eq!(others.respelt("đất đo thị").as_deref(), Some("đất đô thị"));
        for right in ["Tĩnh Gia", "Tĩnh Gia, Thanh Hóa", "Hà Tĩnh", "xã Mây, Tĩnh Gia", "Tỉnh Bình Lâm"]
        {
            assert_eq!(respelt(right), None, "{right}");
        }
    }
}
