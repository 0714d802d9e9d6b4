//! Whether what is being read is a word: of the model's dictionary, or a number.

use std::collections::HashMap;

/// The dictionary as a tree of letters, case set aside, and what each output of the network is.
pub(crate) struct Dictionary {
    nodes: Vec<Branch>,
    kinds: Vec<Kind>,
}

#[derive(Default)]
struct Branch {
    next: HashMap<char, usize>,
    ends_word: bool,
}

/// What an output says, as far as words are made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Space,
    /// In lower case.
    Letter(char),
    Digit,
    /// What joins words and numbers: `-`, `/`.
    Joint,
    /// What stands in numbers: `.`, `,`, `:`, `%`.
    InNumber,
    Other,
}

/// How far a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordState {
    /// Before its first letter.
    Start,
    /// At a branch of the tree.
    Within(usize),
    /// In a number.
    Number,
    /// Behind a word or number.
    Behind,
    /// It is no word.
    Out,
}

/// What one more character makes of it.
pub(crate) struct Step {
    pub(crate) state: WordState,
    /// What has been read since the last beginning is no word.
    pub(crate) falls_out: bool,
    /// A new word can begin after this character.
    pub(crate) begins: bool,
}

const ROOT: usize = 0;

impl Dictionary {
    /// From what each output says and the words. Without words everything is one.
    pub(crate) fn new(texts: &[Option<String>], words: Vec<String>) -> Self {
        let mut nodes = vec![Branch::default()];
        for word in words {
            let mut at = ROOT;
            for letter in word.chars().flat_map(char::to_lowercase) {
                let new = nodes.len();
                at = *nodes[at].next.entry(letter).or_insert(new);
                if at == new {
                    nodes.push(Branch::default());
                }
            }
            nodes[at].ends_word = true;
        }
        Self { nodes, kinds: texts.iter().map(|t| kind(t.as_deref())).collect() }
    }

    /// After one more output.
    pub(crate) fn after(&self, state: WordState, code: usize) -> Step {
        let kind = self.kinds.get(code).copied().unwrap_or(Kind::Other);
        let goes_on = |state| Step { state, falls_out: false, begins: false };
        let begins = Step { state: WordState::Start, falls_out: false, begins: true };
        let falls_out = Step { state: WordState::Out, falls_out: true, begins: false };
        if self.nodes.len() == 1 {
            return goes_on(WordState::Start);
        }
        let unfinished = matches!(state, WordState::Within(at) if !self.nodes[at].ends_word);
        match (kind, state) {
            (Kind::Space, _) => Step { falls_out: unfinished, ..begins },
            (_, WordState::Out) => goes_on(WordState::Out),
            (Kind::Letter(letter), WordState::Start) => self.letter(ROOT, letter),
            (Kind::Letter(letter), WordState::Within(at)) => self.letter(at, letter),
            (Kind::Letter(_), _) => falls_out,
            (Kind::Digit, WordState::Start | WordState::Number) => goes_on(WordState::Number),
            (Kind::Digit, _) => falls_out,
            _ if unfinished => falls_out,
            (Kind::Joint, WordState::Start) => goes_on(WordState::Start),
            (Kind::Joint, WordState::Number) => goes_on(WordState::Number),
            (Kind::Joint, _) => begins,
            (Kind::InNumber, WordState::Number) => goes_on(WordState::Number),
            (_, WordState::Start) => goes_on(WordState::Start),
            _ => goes_on(WordState::Behind),
        }
    }

    fn letter(&self, at: usize, letter: char) -> Step {
        match self.nodes[at].next.get(&letter) {
            Some(next) => Step { state: WordState::Within(*next), falls_out: false, begins: false },
            None => Step { state: WordState::Out, falls_out: true, begins: false },
        }
    }
}

fn kind(text: Option<&str>) -> Kind {
    let mut chars = text.unwrap_or_default().chars();
    match (chars.next(), chars.next()) {
        (Some(' '), None) => Kind::Space,
        (Some('-' | '–' | '/' | '⁄'), None) => Kind::Joint,
        (Some('.' | ',' | ':' | '%'), None) => Kind::InNumber,
        (Some(c), None) if c.is_ascii_digit() => Kind::Digit,
        (Some(c), None) if c.is_alphabetic() => Kind::Letter(c.to_lowercase().next().unwrap_or(c)),
        _ => Kind::Other,
    }
}
