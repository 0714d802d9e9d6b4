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

    /// Whether a text holds one of the phrases with other accents.
    pub(crate) fn misspelt(&self, text: &str) -> bool {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let folds: Vec<String> = words.iter().map(|w| text::fold(w)).collect();
        let found = |entry: &Entry| -> Vec<(usize, usize, bool)> {
            let phrase: Vec<&str> = entry.value.split(' ').collect();
            let fold: Vec<String> = phrase.iter().map(|w| text::fold(w)).collect();
            (0..(words.len() + 1).saturating_sub(phrase.len()))
                .filter(|i| folds[*i..*i + fold.len()] == fold[..])
                .map(|i| (i, i + phrase.len(), phrase.iter().zip(&words[i..]).all(|(p, w)| text::same(p, w))))
                .collect()
        };
        let all: Vec<(usize, usize, bool)> = self.entries.iter().flat_map(found).collect();
        // `quản` of `quản lý hành chính` is no misspelt `quận`.
        let excused =
            |from: usize, to: usize| all.iter().any(|(a, b, right)| *right && *a <= from && to <= *b);
        all.iter().any(|(from, to, right)| !right && !excused(*from, *to))
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

/// The equality of values with punctuation set aside too: `H'Mông` is `Hmông`.
fn loose(text: &str) -> String {
    text::key(text).chars().filter(|c| !c.is_ascii_punctuation() && !matches!(c, '’' | '‘' | '–')).collect()
}
