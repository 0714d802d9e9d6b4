//! Finding printed labels among the words: accent-folded, fuzzy, the longest and best first.

use std::collections::BTreeMap;

use super::form::{Label, Spec};
use super::layout::Layout;
use super::text;

/// A label where it was found.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub(crate) row: usize,
    /// First token and the one behind the label and its colon.
    pub(crate) first: usize,
    pub(crate) end: usize,
    /// 1 for every letter right, less the share that differs.
    pub(crate) quality: f32,
    /// Letters of the printed label.
    len: usize,
    colon: bool,
    start: bool,
}

impl Hit {
    /// How much speaks for it against others on the same words.
    fn weight(&self) -> f32 {
        let bonus = 1.0 + if self.colon { 0.05 } else { 0.0 } + if self.start { 0.03 } else { 0.0 };
        self.len as f32 * self.quality * self.quality * bonus
    }
}

/// All labels of one form on one document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hits<'a> {
    by_label: BTreeMap<&'a str, Vec<Hit>>,
    /// Per row: `(first, end, label)`, ascending.
    by_row: Vec<Vec<(usize, usize)>>,
}

impl<'a> Hits<'a> {
    pub(crate) fn find(layout: &Layout, spec: &'a Spec) -> Self {
        let mut all: Vec<(&'a str, Hit)> = Vec::new();
        for (name, label) in &spec.label {
            let printed: Vec<Printed> = label.text.iter().map(|t| Printed::new(t, label.max_edit)).collect();
            for row in 0..layout.rows.len() {
                all.extend(
                    matches(layout, row, label, &printed)
                        .into_iter()
                        .map(|hit| (name.get_ref().as_str(), hit)),
                );
            }
        }
        all.sort_by(|a, b| b.1.weight().total_cmp(&a.1.weight()).then(a.1.first.cmp(&b.1.first)));
        let mut hits = Self { by_label: BTreeMap::new(), by_row: vec![Vec::new(); layout.rows.len()] };
        for (name, hit) in all {
            let taken = &mut hits.by_row[hit.row];
            if taken.iter().any(|(first, end)| hit.first < *end && *first < hit.end) {
                continue;
            }
            taken.push((hit.first, hit.end));
            hits.by_label.entry(name).or_default().push(hit);
        }
        for row in &mut hits.by_row {
            row.sort_unstable();
        }
        for found in hits.by_label.values_mut() {
            found.sort_by_key(|h| h.first);
        }
        hits
    }

    /// Where a label stands, in reading order.
    pub(crate) fn of(&self, label: &str) -> &[Hit] {
        self.by_label.get(label).map_or(&[], Vec::as_slice)
    }

    /// The first label on a row that begins at or behind a token.
    pub(crate) fn next_in_row(&self, row: usize, token: usize) -> Option<usize> {
        self.by_row[row].iter().map(|(first, _)| *first).find(|first| *first >= token)
    }

    /// Whether a token belongs to a label.
    pub(crate) fn covers(&self, row: usize, token: usize) -> bool {
        self.by_row[row].iter().any(|(first, end)| (*first..*end).contains(&token))
    }

    /// Takes out the labels that touch dead tokens.
    pub(crate) fn bury(&mut self, dead: &[bool]) {
        let alive = |first: usize, end: usize| !dead[first..end].iter().any(|d| *d);
        for found in self.by_label.values_mut() {
            found.retain(|h| alive(h.first, h.end));
        }
        for row in &mut self.by_row {
            row.retain(|(first, end)| alive(*first, *end));
        }
    }
}

/// The best place of a label outside of any form's set: for classification.
pub(crate) fn best(layout: &Layout, label: &Label) -> Option<Hit> {
    let printed: Vec<Printed> = label.text.iter().map(|t| Printed::new(t, label.max_edit)).collect();
    let found = (0..layout.rows.len()).flat_map(|row| matches(layout, row, label, &printed));
    found.max_by(|a, b| a.quality.total_cmp(&b.quality))
}

/// One spelling of a label, ready to compare.
struct Printed {
    fold: String,
    letters: usize,
    words: usize,
    /// So many letters may differ.
    reach: usize,
    counts: [u8; 36],
}

impl Printed {
    fn new(printed: &str, max_edit: f32) -> Self {
        let fold = text::fold(printed);
        let letters = fold.chars().count();
        Self {
            letters,
            words: printed.split_whitespace().count(),
            reach: (letters as f32 * max_edit) as usize,
            counts: counts(&fold),
            fold,
        }
    }
}

/// Labels of fewer letters are easily mistaken.
const SHORT: usize = 12;

/// All places of a label on a row.
fn matches(layout: &Layout, row: usize, label: &Label, printed: &[Printed]) -> Vec<Hit> {
    let line = &layout.rows[row];
    if let Some(page) = label.page
        && !is_page(page, line.page, layout.sheets.len())
    {
        return Vec::new();
    }
    let tokens = &layout.tokens;
    let solid: Vec<usize> = line.tokens.clone().filter(|&i| !tokens[i].is_mark()).collect();
    let mut hits = Vec::new();
    for from in 0..solid.len() {
        let first = solid[from];
        let start = layout.cell_of(first).find(|&i| !tokens[i].is_mark()) == Some(first);
        if (label.start && !start) || !in_zone(layout, first, label.zone) {
            continue;
        }
        let mut best: Option<Hit> = None;
        let mut joined = String::new();
        let most = printed.iter().map(|p| p.words).max().unwrap_or(0) + 2;
        for (n, &last) in solid[from..].iter().take(most).enumerate() {
            // No label has a colon inside.
            if n > 0 && (solid[from + n - 1]..last).any(|i| is_colon(&tokens[i].text)) {
                break;
            }
            joined.push_str(&tokens[last].fold);
            let letters = joined.chars().count();
            let bag = counts(&joined);
            for spelling in printed {
                if letters.abs_diff(spelling.letters) > spelling.reach
                    || bag_distance(&bag, &spelling.counts) > 2 * spelling.reach
                {
                    continue;
                }
                let distance = strsim::levenshtein(&joined, &spelling.fold);
                if distance > spelling.reach {
                    continue;
                }
                let quality = 1.0 - distance as f32 / spelling.letters as f32;
                if best
                    .as_ref()
                    .is_some_and(|b| b.quality * (b.len as f32) >= quality * spelling.letters as f32)
                {
                    continue;
                }
                let behind = (last + 1..line.tokens.end).take_while(|&i| is_colon(&tokens[i].text)).count();
                best = Some(Hit {
                    row,
                    first,
                    end: last + 1 + behind,
                    quality,
                    len: spelling.letters,
                    colon: behind > 0,
                    start,
                });
            }
        }
        hits.extend(best.filter(|hit| fits(layout, hit, label)));
    }
    hits
}

fn fits(layout: &Layout, hit: &Hit, label: &Label) -> bool {
    let own = &layout.tokens[hit.first..hit.end];
    let letters = |tokens: &[super::layout::Token]| tokens.iter().map(|t| t.fold.len()).sum::<usize>();
    if label.colon && !hit.colon {
        return false;
    }
    // In the middle of other words and without a colon a short one must be right to the letter: `Ngã Năm, tỉnh` is
    // not `Năm sinh`.
    if !hit.colon && !hit.start && hit.len < SHORT && hit.quality < 1.0 {
        return false;
    }
    if label.whole && letters(own) * 2 < letters(&layout.tokens[layout.cell_of(hit.first)]) {
        return false;
    }
    if label.capitals {
        let cased = own.iter().flat_map(|t| t.text.chars()).filter(|c| c.is_alphabetic());
        let (small, large) =
            cased.fold((0, 0), |(s, l), c| if c.is_uppercase() { (s, l + 1) } else { (s + 1, l) });
        if large < small * 4 {
            return false;
        }
    }
    true
}

fn is_colon(text: &str) -> bool {
    matches!(text, ":" | ";" | ":." | ".:")
}

fn in_zone(layout: &Layout, token: usize, zone: Option<[f32; 4]>) -> bool {
    let Some([x0, y0, x1, y1]) = zone else { return true };
    let (x, y) = layout.fraction(&layout.tokens[token]);
    (x0..=x1).contains(&x) && (y0..=y1).contains(&y)
}

/// Whether a page index is the one that a form file names: from 1, negative from the last.
pub(crate) fn is_page(named: i32, index: usize, pages: usize) -> bool {
    let (index, pages) = (index as i64, pages as i64);
    let named = i64::from(named);
    if named > 0 { index == named - 1 } else { index == pages + named }
}

fn counts(fold: &str) -> [u8; 36] {
    let mut counts = [0_u8; 36];
    for c in fold.chars() {
        let slot = match c {
            'a'..='z' => c as usize - 'a' as usize,
            '0'..='9' => 26 + c as usize - '0' as usize,
            _ => continue,
        };
        counts[slot] = counts[slot].saturating_add(1);
    }
    counts
}

/// At most twice the edits that part the two: a cheap lower bound.
fn bag_distance(a: &[u8; 36], b: &[u8; 36]) -> usize {
    a.iter().zip(b).map(|(x, y)| x.abs_diff(*y) as usize).sum()
}
