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
            Entry { keys: spellings.map(|s| (loose(&s), text::fold(&s))).collect(), value: e.value }
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
        // From, to, whether spelt so, the phrase.
        let mut all: Vec<(usize, usize, bool, &str)> = Vec::new();
        for entry in &self.entries {
            let phrase: Vec<&str> = entry.value.split(' ').collect();
            let fold: Vec<String> = phrase.iter().map(|w| text::fold(w)).collect();
            let long = fold.iter().map(String::len).sum::<usize>() >= LONG_PHRASE && phrase.len() > 1;
            for i in 0..(words.len() + 1).saturating_sub(phrase.len()) {
                let here = &folds[i..i + fold.len()];
                let mut other = here.iter().zip(&fold).filter(|(a, b)| a != b);
                let near = match (other.next(), other.next()) {
                    (None, _) => true,
                    (Some((a, b)), None) => long && strsim::levenshtein(a, b) == 1,
                    _ => false,
                };
                // A word alone is a kind of place before its name: `Tĩnh` of Hà Tĩnh is no misspelt `tỉnh`.
                let kind = phrase.len() > 1
                    || (words[i].1.chars().all(char::is_lowercase)
                        && words.get(i + 1).is_some_and(|(_, w)| w.starts_with(|c: char| !c.is_lowercase())));
                if near && kind {
                    let right = phrase.iter().zip(&words[i..]).all(|(p, (_, w))| text::same(p, w));
                    all.push((i, i + fold.len(), right, &entry.value));
                }
            }
        }
        // `quản` of `quản lý hành chính` is no misspelt `quận`.
        let excused =
            |from: usize, to: usize| all.iter().any(|(a, b, right, _)| *right && *a <= from && to <= *b);
        let wrong = all.iter().filter(|(from, to, right, _)| !right && !excused(*from, *to));
        let mut wrong: Vec<_> = wrong.collect();
        // The longest first; what overlaps it is settled with it.
        wrong.sort_by_key(|(from, to, ..)| (from.wrapping_sub(*to), *from));
        let mut chosen: Vec<&(usize, usize, bool, &str)> = Vec::new();
        for found in wrong {
            if chosen.iter().all(|c| found.1 <= c.0 || c.1 <= found.0) {
                chosen.push(found);
            }
        }
        let mut respelt = text.to_owned();
        chosen.sort_by_key(|c| std::cmp::Reverse(c.0));
        for (from, to, _, phrase) in &chosen {
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
