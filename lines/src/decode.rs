//! Probabilities at each place of a line → its characters: CTC's prefix search.
//!
//! A. Graves, S. Fernández, F. Gomez and J. Schmidhuber, "Connectionist Temporal Classification" (ICML 2006), section 3.2; the search over
//! prefixes as in A. Hannun and others, "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs"
//! (2014). The language model is Tesseract's (`lstm/recodebeam.cpp`): what is no word must be surer than what is one.

use crate::dictionary::{Dictionary, WordState};
use crate::network::{Outputs, log_add};

/// Prefixes that are kept at each place.
const BEAM: usize = 8;
/// What is less likely than this at a place is not followed (0.1 %).
const LEAST: f32 = -6.9;

/// A character that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// Its output.
    pub(crate) code: usize,
    /// The first and the last place that say it.
    pub(crate) places: (usize, usize),
    /// How sure: the natural logarithm of a probability.
    pub(crate) certainty: f32,
}

/// A prefix is a chain of these.
#[derive(Clone, Copy)]
struct Node {
    parent: usize,
    code: usize,
    state: WordState,
    /// The score when its word began.
    before: f32,
}

#[derive(Clone, Copy)]
struct Prefix {
    node: usize,
    /// The likelihood of all paths that end in the blank, and of those that end in the character.
    blank: f32,
    character: f32,
}

impl Prefix {
    fn total(&self) -> f32 {
        log_add(self.blank, self.character)
    }
}

/// What is no word counts so many times as unlikely (`kDictRatio`)…
const NO_WORD: f32 = 2.25;
/// … and a little less likely at each place (`kCertOffset` times what it exceeds 1 by).
const NO_WORD_STEP: f32 = -0.085 * (NO_WORD - 1.0);

const ROOT: usize = 0;
/// In natural logarithms.
const FAR_BEHIND: f32 = 20.0;
const NEVER: f32 = f32::NEG_INFINITY;

/// The likeliest characters of a line; `allowed` says which outputs may be.
pub(crate) fn decode(
    outputs: &Outputs,
    blank: usize,
    dictionary: &Dictionary,
    allowed: impl Fn(usize) -> bool,
) -> Vec<Found> {
    let codes = search(outputs, blank, dictionary, allowed);
    align(outputs, blank, &codes)
}

/// The likeliest text, all its paths added up.
fn search(
    outputs: &Outputs,
    blank: usize,
    dictionary: &Dictionary,
    allowed: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut nodes = vec![Node { parent: ROOT, code: usize::MAX, state: WordState::Start, before: 0.0 }];
    let mut beam = vec![Prefix { node: ROOT, blank: 0.0, character: NEVER }];
    let mut next: Vec<Prefix> = Vec::new();
    let mut likely: Vec<usize> = Vec::new();
    for scores in outputs.log_probabilities.chunks_exact(outputs.codes) {
        likely.clear();
        likely.extend((0..outputs.codes).filter(|c| scores[*c] > LEAST && *c != blank && allowed(*c)));
        next.clear();
        for prefix in &beam {
            let Node { code, state, before, .. } = nodes[prefix.node];
            let weigh =
                |score: f32| if state == WordState::Out { score * NO_WORD + NO_WORD_STEP } else { score };
            // The same text: the blank, or the last character held.
            let held = scores.get(code).copied().unwrap_or(NEVER);
            let (stayed, character) = (prefix.total() + weigh(scores[blank]), prefix.character + weigh(held));
            add(&mut next, prefix.node, stayed, character);
            for new in likely.iter().copied() {
                // The same character again needs a blank between.
                let so_far = if new == code { prefix.blank } else { prefix.total() };
                if so_far == NEVER {
                    continue;
                }
                let next_state = dictionary.after(state, new);
                // The word that ends here, or goes on, proves to be none: all of it counts as such.
                let falls_out = next_state.falls_out && state != WordState::Out;
                let so_far = if falls_out { so_far + (NO_WORD - 1.0) * (so_far - before) } else { so_far };
                let own = if next_state.state == WordState::Out {
                    scores[new] * NO_WORD + NO_WORD_STEP
                } else {
                    scores[new]
                };
                let score = so_far + own;
                let is_child = |p: &&Prefix| {
                    p.node != ROOT && nodes[p.node].parent == prefix.node && nodes[p.node].code == new
                };
                let node = next.iter().find(is_child).or_else(|| beam.iter().find(is_child)).map(|p| p.node);
                let node = node.unwrap_or_else(|| {
                    let before = if next_state.begins { so_far } else { before };
                    nodes.push(Node { parent: prefix.node, code: new, state: next_state.state, before });
                    nodes.len() - 1
                });
                add(&mut next, node, NEVER, score);
            }
        }
        next.sort_by(|a, b| b.total().total_cmp(&a.total()));
        next.truncate(BEAM);
        // What is far behind the best never comes back.
        let floor = next.first().map_or(NEVER, |p| p.total() - FAR_BEHIND);
        next.retain(|p| p.total() >= floor);
        std::mem::swap(&mut beam, &mut next);
    }
    let mut codes = Vec::new();
    let mut at = beam.first().map_or(ROOT, |p| p.node);
    while at != ROOT {
        codes.push(nodes[at].code);
        at = nodes[at].parent;
    }
    codes.reverse();
    codes
}

fn add(next: &mut Vec<Prefix>, node: usize, blank: f32, character: f32) {
    match next.iter_mut().find(|p| p.node == node) {
        Some(same) => {
            same.blank = log_add(same.blank, blank);
            same.character = log_add(same.character, character);
        }
        None => next.push(Prefix { node, blank, character }),
    }
}

/// Where each character stands, on the likeliest path of that text, and how sure it is.
///
/// Sure as in Tesseract (`lstm/recodebeam.h`): a character must be likely at one place by itself, and between characters the likelihoods
/// of those on either side and of the blank are added, since they say the same text.
fn align(outputs: &Outputs, blank: usize, codes: &[usize]) -> Vec<Found> {
    // States: a blank, the first character, a blank, the second, …, a blank.
    let states = 2 * codes.len() + 1;
    let code = |state: usize| if state.is_multiple_of(2) { blank } else { codes[state / 2] };
    let places: Vec<&[f32]> = outputs.log_probabilities.chunks_exact(outputs.codes).collect();
    let mut scores = vec![NEVER; states];
    // How far back the state before was: none, one or two.
    let mut steps = vec![0_u8; places.len() * states];
    for (t, place) in places.iter().enumerate() {
        let steps = &mut steps[t * states..(t + 1) * states];
        // A state that is far too early or too late for the others to be reached is never on the path.
        let last = (2 * t + 1).min(states - 1);
        for state in (0..=last).rev() {
            let mut best = (scores[state], 0);
            if t == 0 {
                best = (if state < 2 { 0.0 } else { NEVER }, 0);
            } else {
                if state >= 1 && scores[state - 1] > best.0 {
                    best = (scores[state - 1], 1);
                }
                if state % 2 == 1
                    && state >= 3
                    && codes[state / 2] != codes[state / 2 - 1]
                    && scores[state - 2] > best.0
                {
                    best = (scores[state - 2], 2);
                }
            }
            scores[state] = best.0 + place[code(state)];
            steps[state] = best.1;
        }
    }
    let mut state =
        if states > 1 && scores[states - 2] > scores[states - 1] { states - 2 } else { states - 1 };
    let mut found: Vec<Found> =
        codes.iter().map(|code| Found { code: *code, places: (usize::MAX, 0), certainty: NEVER }).collect();
    let mut unsure = vec![0.0_f32; codes.len()];
    for (t, place) in places.iter().enumerate().rev() {
        let (before, after) = if state % 2 == 1 {
            (Some(state / 2), None)
        } else {
            ((state / 2).checked_sub(1), Some(state / 2))
        };
        let mut sure = place[blank];
        for neighbour in [before, after].into_iter().flatten().filter(|n| *n < codes.len()) {
            sure = log_add(sure, place[codes[neighbour]]);
        }
        if state % 2 == 1 {
            let character = &mut found[state / 2];
            character.places = (t, character.places.1.max(t));
            character.certainty = character.certainty.max(place[code(state)]);
            // At its edges it shares the place with the one before.
            if let Some(earlier) = (state / 2).checked_sub(1) {
                sure = log_add(sure, place[codes[earlier]]);
            }
            if let Some(later) = codes.get(state / 2 + 1) {
                sure = log_add(sure, place[*later]);
            }
        }
        // A doubtful place between two characters is counted to both.
        for neighbour in [before, after].into_iter().flatten().filter(|n| *n < codes.len()) {
            unsure[neighbour] = unsure[neighbour].min(sure);
        }
        state -= usize::from(steps[t * states + state]);
    }
    for (character, unsure) in found.iter_mut().zip(unsure) {
        character.certainty = character.certainty.min(unsure).min(0.0);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outputs of the letters `abc`, the blank and the space, in this order.
    const TEXTS: [&str; 5] = ["a", "b", "c", "", " "];
    const BLANK: usize = 3;

    fn outputs(places: &[[f32; 5]]) -> Outputs {
        let log_probabilities = places.iter().flatten().map(|p: &f32| p.max(1e-9).ln()).collect();
        Outputs { places: places.len(), codes: 5, log_probabilities }
    }

    fn dictionary(words: &[&str]) -> Dictionary {
        let texts: Vec<Option<String>> =
            TEXTS.iter().map(|t| (!t.is_empty()).then(|| (*t).to_owned())).collect();
        Dictionary::new(&texts, words.iter().map(|w| (*w).to_owned()).collect())
    }

    fn text(found: &[Found]) -> String {
        found.iter().map(|f| TEXTS[f.code]).collect()
    }

    fn sure(code: usize) -> [f32; 5] {
        let mut place = [0.0025; 5];
        place[code] = 0.99;
        place
    }

    #[test]
    fn a_character_that_is_held_is_one_and_a_blank_between_makes_two() {
        let none = dictionary(&[]);
        let held = decode(&outputs(&[sure(0), sure(0), sure(0)]), BLANK, &none, |_| true);
        assert_eq!(text(&held), "a");
        assert_eq!(held[0].places, (0, 2));
        let twice = decode(&outputs(&[sure(0), sure(BLANK), sure(0)]), BLANK, &none, |_| true);
        assert_eq!(text(&twice), "aa");
        assert_eq!((twice[0].places, twice[1].places), ((0, 0), (2, 2)));
    }

    #[test]
    fn the_paths_of_one_text_are_added_up() {
        // By itself the blank is likeliest at each place; the paths that say "a" are together likelier.
        let place = [0.4, 0.0, 0.0, 0.6, 0.0];
        assert_eq!(text(&decode(&outputs(&[place; 2]), BLANK, &dictionary(&[]), |_| true)), "a");
    }

    #[test]
    fn a_word_is_read_where_what_is_none_is_hardly_likelier() {
        let doubtful = [sure(0), sure(BLANK), [0.0, 0.45, 0.55, 0.0, 0.0], sure(BLANK), sure(4)];
        assert_eq!(text(&decode(&outputs(&doubtful), BLANK, &dictionary(&[]), |_| true)), "ac ");
        let found = decode(&outputs(&doubtful), BLANK, &dictionary(&["ab"]), |_| true);
        assert_eq!(text(&found), "ab ");
        assert!(found[1].certainty < 0.5_f32.ln(), "what the dictionary chose is no surer for it");
        let plain = [sure(0), sure(BLANK), [0.0, 0.02, 0.98, 0.0, 0.0], sure(BLANK), sure(4)];
        assert_eq!(text(&decode(&outputs(&plain), BLANK, &dictionary(&["ab"]), |_| true)), "ac ");
    }

    #[test]
    fn only_allowed_outputs_are_read() {
        let places = [sure(0), sure(BLANK), [0.0, 0.9, 0.1, 0.0, 0.0]];
        assert_eq!(text(&decode(&outputs(&places), BLANK, &dictionary(&[]), |code| code != 1)), "ac");
    }

    #[test]
    fn doubt_between_two_characters_counts_to_both() {
        let certain = decode(&outputs(&[sure(0), sure(BLANK), sure(1)]), BLANK, &dictionary(&[]), |_| true);
        // Whether there is a c between them is as good as open.
        let open = [sure(0), [0.0, 0.0, 0.4, 0.6, 0.0], sure(1)];
        let doubtful = decode(&outputs(&open), BLANK, &dictionary(&[]), |_| true);
        assert_eq!((text(&certain), text(&doubtful)), ("ab".to_owned(), "ab".to_owned()));
        for (sure, unsure) in certain.iter().zip(&doubtful) {
            assert!(unsure.certainty < sure.certainty - 0.3, "{unsure:?} {sure:?}");
        }
    }

    #[test]
    fn a_line_of_nothing_has_no_characters() {
        assert!(decode(&outputs(&[sure(BLANK); 4]), BLANK, &dictionary(&[]), |_| true).is_empty());
        assert!(decode(&outputs(&[]), BLANK, &dictionary(&[]), |_| true).is_empty());
    }
}
