//! Finds out whether a page is exactly one image.
//!
//! A small interpreter of content streams that knows where things are painted, not what they look like. Whatever it does
//! not know makes the page one that is rendered: no answer here can hide anything from the kept page.

use std::sync::Arc;

use pdf::primitive::{Dictionary, PdfStream, Primitive};

use super::super::{Limits, ScanError};
use super::PageInfo;
use super::objects::{Objects, number};

/// `[a b c d e f]` as PDF writes it.
pub(super) type Matrix = [f64; 6];

/// The one image and how it lies on the page.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) stream: PdfStream,
    /// From the unit square to user space.
    pub(super) matrix: Matrix,
    /// Whether a stencil would be painted in black on untouched paper.
    pub(super) black_on_white: bool,
}

/// The page's one image, if nothing else can be seen on it. Walks all of the content either way, so that a form that
/// draws itself is found.
pub(super) fn one_image(
    objects: &Objects,
    page: &PageInfo,
    number: u32,
    limits: &Limits,
) -> Result<Option<Drawn>, ScanError> {
    let Some(content) = contents(objects, &page.dictionary, limits)? else { return Ok(None) };
    let mut walk = Walk {
        objects,
        view: page.view,
        number,
        limits,
        left: MOST_OPERATORS,
        drawn: None,
        painted_before: false,
        other: has_visible_annotations(objects, &page.dictionary),
        forms: Vec::new(),
    };
    let state =
        State { matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], clipped: false, black: true, invisible_text: false };
    walk.run(&content, &page.resources, state)?;
    Ok(walk.drawn.filter(|_| !walk.other))
}

/// More than any drawing has that is still a page; each costs microseconds.
const MOST_OPERATORS: u64 = 5_000_000;

/// The content streams one after another. None where one cannot be read.
fn contents(objects: &Objects, page: &Dictionary, limits: &Limits) -> Result<Option<Vec<u8>>, ScanError> {
    let parts = match objects.get(page, "Contents") {
        Primitive::Array(parts) => parts,
        Primitive::Null => return Ok(None),
        single => vec![single],
    };
    let mut content = Vec::new();
    for part in parts {
        let Primitive::Stream(stream) = objects.resolve(&part) else { return Ok(None) };
        let Some(data) = objects.decoded(&stream, limits)? else { return Ok(None) };
        content.extend_from_slice(&data);
        content.push(b'\n');
        if content.len() as u64 > limits.max_decoded {
            return Err(ScanError::Bomb { limit: limits.max_decoded });
        }
    }
    Ok(Some(content))
}

/// Whether an annotation has an appearance of its own: a stamp, a note, a filled field.
fn has_visible_annotations(objects: &Objects, page: &Dictionary) -> bool {
    match objects.get(page, "Annots") {
        Primitive::Null => false,
        Primitive::Array(annotations) => {
            annotations.iter().any(|annotation| match objects.resolve(annotation) {
                Primitive::Dictionary(annotation) => annotation.get("AP").is_some(),
                _ => false,
            })
        }
        _ => true,
    }
}

#[derive(Clone)]
struct State {
    matrix: Matrix,
    /// A clip is in force that may hide part of the page.
    clipped: bool,
    /// The fill colour is black.
    black: bool,
    invisible_text: bool,
}

struct Walk<'a> {
    objects: &'a Objects,
    view: [f64; 4],
    number: u32,
    limits: &'a Limits,
    left: u64,
    drawn: Option<Drawn>,
    /// Something was painted before the image; the image will cover it.
    painted_before: bool,
    /// Something can be seen that is not the image.
    other: bool,
    /// Objects of the forms being drawn.
    forms: Vec<u64>,
}

/// What is known of the current path: nothing in it, one rectangle in user space, or more.
enum Path {
    Empty,
    Rectangle([f64; 4]),
    More,
}

impl Walk<'_> {
    fn run(&mut self, content: &[u8], resources: &Primitive, mut state: State) -> Result<(), ScanError> {
        const DEEPEST: usize = 256;
        let resources = match self.objects.resolve(resources) {
            Primitive::Dictionary(resources) => resources,
            _ => Dictionary::new(),
        };
        let mut tokens = Tokens::new(content);
        let mut operands: Vec<Operand> = Vec::new();
        let mut saved: Vec<State> = Vec::new();
        let mut path = Path::Empty;
        let mut clip = false;
        while let Some(token) = tokens.next() {
            let operator = match token {
                Token::Operand(operand) => {
                    // Longer lists of operands belong to no operator that matters here.
                    if operands.len() < 64 {
                        operands.push(operand);
                    }
                    continue;
                }
                Token::Operator(operator) => operator,
            };
            self.left = self
                .left
                .checked_sub(1)
                .ok_or(ScanError::TooComplex { page: self.number, limit: MOST_OPERATORS })?;
            match operator {
                b"q" if saved.len() < DEEPEST => saved.push(state.clone()),
                b"q" => self.other = true,
                b"Q" => state = saved.pop().unwrap_or(state),
                b"cm" => match numbers(&operands) {
                    Some(matrix) => state.matrix = product(&matrix, &state.matrix),
                    None => self.other = true,
                },
                b"re" => {
                    let rectangle = numbers(&operands)
                        .and_then(|[x, y, w, h]| placed([x, y, x + w, y + h], &state.matrix));
                    path = match (path, rectangle) {
                        (Path::Empty, Some(rectangle)) => Path::Rectangle(rectangle),
                        _ => Path::More,
                    };
                }
                b"m" | b"l" | b"c" | b"v" | b"y" | b"h" => path = Path::More,
                b"W" | b"W*" => clip = true,
                b"n" | b"S" | b"s" | b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" => {
                    if operator != b"n" && !matches!(path, Path::Empty) {
                        self.paint();
                    }
                    if clip {
                        let harmless =
                            matches!(&path, Path::Rectangle(rectangle) if self.contains_view(rectangle));
                        state.clipped |= !harmless;
                    }
                    (path, clip) = (Path::Empty, false);
                }
                b"g" => state.black = numbers(&operands) == Some([0.0]),
                b"rg" => state.black = numbers(&operands) == Some([0.0; 3]),
                b"k" => state.black = numbers(&operands) == Some([0.0, 0.0, 0.0, 1.0]),
                b"cs" | b"sc" | b"scn" => state.black = false,
                b"G" | b"RG" | b"K" | b"CS" | b"SC" | b"SCN" => {}
                b"w" | b"J" | b"j" | b"M" | b"d" | b"ri" | b"i" | b"BX" | b"EX" => {}
                b"gs" => {
                    if !self.harmless_state(&resources, &operands) {
                        // From here on nothing is certain to be opaque, in place and normal.
                        state.clipped = true;
                    }
                }
                b"BT" | b"ET" | b"Tf" | b"Td" | b"TD" | b"Tm" | b"T*" | b"Tc" | b"Tw" | b"Tz" | b"TL"
                | b"Ts" => {}
                b"Tr" => match numbers(&operands) {
                    Some([mode]) if mode < 7.0 => state.invisible_text = mode == 3.0,
                    _ => self.other = true,
                },
                b"Tj" | b"TJ" | b"'" | b"\"" => {
                    if !state.invisible_text {
                        self.paint();
                    }
                }
                b"Do" => self.draw(&resources, &operands, &state)?,
                b"sh" => self.paint(),
                b"BI" => {
                    tokens.skip_inline_image();
                    self.paint();
                }
                b"BDC" => {
                    self.other |= matches!(operands.first(), Some(Operand::Name(name)) if *name == "OC")
                }
                b"BMC" | b"EMC" | b"MP" | b"DP" => {}
                _ => self.other = true,
            }
            operands.clear();
        }
        Ok(())
    }

    /// Something is painted: before the image it will be covered, after it it can be seen.
    fn paint(&mut self) {
        if self.drawn.is_some() {
            self.other = true;
        } else {
            self.painted_before = true;
        }
    }

    fn contains_view(&self, rectangle: &[f64; 4]) -> bool {
        // Clips are as often rounded as boxes are.
        const SLACK: f64 = 1.0;
        let [x0, y0, x1, y1] = self.view;
        rectangle[0] <= x0 + SLACK
            && rectangle[1] <= y0 + SLACK
            && rectangle[2] >= x1 - SLACK
            && rectangle[3] >= y1 - SLACK
    }

    fn harmless_state(&self, resources: &Dictionary, operands: &[Operand]) -> bool {
        let Some(Operand::Name(name)) = operands.first() else { return false };
        let Some(states) = self.objects.dictionary(resources, "ExtGState") else { return false };
        let Some(entries) = self.objects.dictionary(&states, name) else { return false };
        entries.iter().all(|(key, value)| {
            let value = self.objects.resolve(value);
            let named = |allowed: &[&str]| matches!(&value, Primitive::Name(name) if allowed.contains(&name.as_str()));
            match &**key {
                "ca" => number(&value) == Some(1.0),
                "CA" | "Type" | "LW" | "LC" | "LJ" | "ML" | "D" | "RI" | "OP" | "op" | "OPM" | "FL" | "SM" | "SA" | "TK"
                | "AIS" | "UCR" | "UCR2" | "BG" | "BG2" | "HT" => true,
                "SMask" => named(&["None"]),
                "BM" => named(&["Normal", "Compatible"]),
                "TR" | "TR2" => named(&["Identity", "Default"]),
                _ => false,
            }
        })
    }

    fn draw(&mut self, resources: &Dictionary, operands: &[Operand], state: &State) -> Result<(), ScanError> {
        let found = match operands.first() {
            Some(Operand::Name(name)) => {
                self.objects.dictionary(resources, "XObject").and_then(|objects| objects.get(name).cloned())
            }
            _ => None,
        };
        let Some(found) = found else {
            // Nothing of that name: nothing is drawn.
            return Ok(());
        };
        let Primitive::Stream(stream) = self.objects.resolve(&found) else {
            self.other = true;
            return Ok(());
        };
        self.other |= stream.info.get("OC").is_some();
        match self.objects.name(&stream.info, "Subtype").as_deref() {
            Some("Image") => {
                if self.drawn.is_some() || state.clipped {
                    self.other = true;
                } else {
                    let black_on_white = state.black && !self.painted_before;
                    self.drawn = Some(Drawn { stream, matrix: state.matrix, black_on_white });
                }
                Ok(())
            }
            Some("Form") => self.form(&found, &stream, resources, state),
            _ => {
                self.other = true;
                Ok(())
            }
        }
    }

    fn form(
        &mut self,
        reference: &Primitive,
        stream: &PdfStream,
        outer: &Dictionary,
        state: &State,
    ) -> Result<(), ScanError> {
        const DEEPEST: usize = 32;
        let Primitive::Reference(reference) = reference else {
            self.other = true;
            return Ok(());
        };
        if self.forms.contains(&reference.id) {
            return Err(ScanError::FormLoop { page: self.number, object: reference.id });
        }
        if self.forms.len() >= DEEPEST {
            self.other = true;
            return Ok(());
        }
        let Some(content) = self.objects.decoded(stream, self.limits)? else {
            self.other = true;
            return Ok(());
        };
        let mut inner = state.clone();
        if stream.info.get("Matrix").is_some() {
            match self.objects.numbers(&stream.info, "Matrix").as_deref() {
                Some(&[a, b, c, d, e, f]) => inner.matrix = product(&[a, b, c, d, e, f], &inner.matrix),
                _ => self.other = true,
            }
        }
        let shown =
            self.objects.rectangle(&stream.info, "BBox").and_then(|bounds| placed(bounds, &inner.matrix));
        inner.clipped |= !shown.is_some_and(|shown| self.contains_view(&shown));
        let resources = match self.objects.get(&stream.info, "Resources") {
            // Old forms without resources use those of their page (ISO 32000-1 table 95).
            Primitive::Null => Primitive::Dictionary(outer.clone()),
            resources => resources,
        };
        self.forms.push(reference.id);
        let content: Arc<[u8]> = content.into();
        self.run(&content, &resources, inner)?;
        self.forms.pop();
        Ok(())
    }
}

/// `first`, then `second`.
fn product(first: &Matrix, second: &Matrix) -> Matrix {
    let [a, b, c, d, e, f] = *first;
    let [g, h, i, j, k, l] = *second;
    [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l]
}

/// A rectangle after a matrix; none where it is no longer upright.
fn placed([x0, y0, x1, y1]: [f64; 4], matrix: &Matrix) -> Option<[f64; 4]> {
    let [a, b, c, d, e, f] = *matrix;
    let slack = 1e-4 * (a.abs() + b.abs() + c.abs() + d.abs());
    if !(b.abs() <= slack && c.abs() <= slack || a.abs() <= slack && d.abs() <= slack) {
        return None;
    }
    let (p, q) = ((a * x0 + c * y0 + e, b * x0 + d * y0 + f), (a * x1 + c * y1 + e, b * x1 + d * y1 + f));
    Some([p.0.min(q.0), p.1.min(q.1), p.0.max(q.0), p.1.max(q.1)])
}

fn numbers<const N: usize>(operands: &[Operand]) -> Option<[f64; N]> {
    let values: Vec<f64> = operands
        .iter()
        .map(|operand| if let Operand::Number(value) = operand { Some(*value) } else { None })
        .collect::<Option<_>>()?;
    values.try_into().ok()
}

enum Operand {
    Number(f64),
    Name(String),
    /// A string, array or dictionary: its inside matters to no operator looked at here.
    Other,
}

enum Token<'a> {
    Operand(Operand),
    Operator(&'a [u8]),
}

/// Operands and operators of a content stream (ISO 32000-1 section 7.8.2).
struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    fn new(content: &'a [u8]) -> Self {
        Self { rest: content }
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space();
        let &first = self.rest.first()?;
        Some(match first {
            b'/' => Token::Operand(Operand::Name(self.name())),
            b'(' => {
                self.skip_string();
                Token::Operand(Operand::Other)
            }
            b'[' | b'<' => {
                self.skip_group();
                Token::Operand(Operand::Other)
            }
            b']' | b'>' | b')' | b'{' | b'}' => {
                // Stray: an operator of no known name.
                let (word, rest) = self.rest.split_at(1);
                self.rest = rest;
                Token::Operator(word)
            }
            _ => {
                let word = self.word();
                match std::str::from_utf8(word).ok().and_then(|word| word.parse::<f64>().ok()) {
                    Some(value) if first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.') => {
                        Token::Operand(Operand::Number(value))
                    }
                    _ if matches!(word, b"true" | b"false" | b"null") => Token::Operand(Operand::Other),
                    _ => Token::Operator(word),
                }
            }
        })
    }

    fn skip_space(&mut self) {
        loop {
            let space = self.rest.iter().take_while(|b| is_space(**b)).count();
            self.rest = &self.rest[space..];
            if self.rest.first() != Some(&b'%') {
                return;
            }
            let comment = self.rest.iter().take_while(|b| !matches!(b, b'\r' | b'\n')).count();
            self.rest = &self.rest[comment..];
        }
    }

    fn word(&mut self) -> &'a [u8] {
        let length = self.rest.iter().take_while(|b| !is_space(**b) && !is_delimiter(**b)).count().max(1);
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        word
    }

    fn name(&mut self) -> String {
        self.rest = &self.rest[1..];
        let length = self.rest.iter().take_while(|b| !is_space(**b) && !is_delimiter(**b)).count();
        let (raw, rest) = self.rest.split_at(length);
        self.rest = rest;
        let mut name = Vec::with_capacity(raw.len());
        let mut at = 0;
        while at < raw.len() {
            let hex = raw.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
            match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(byte) if raw[at] == b'#' => {
                    name.push(byte);
                    at += 3;
                }
                _ => {
                    name.push(raw[at]);
                    at += 1;
                }
            }
        }
        String::from_utf8_lossy(&name).into_owned()
    }

    /// A literal string with its nested parentheses.
    fn skip_string(&mut self) {
        let (mut depth, mut at) = (0_usize, 0);
        while let Some(byte) = self.rest.get(at) {
            at += 1;
            match byte {
                b'\\' => at += 1,
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        self.rest = &self.rest[at.min(self.rest.len())..];
    }

    /// An array, a dictionary or a hexadecimal string, with what is in it.
    fn skip_group(&mut self) {
        let mut depth = 0_usize;
        while let Some(&byte) = self.rest.first() {
            match byte {
                b'(' => {
                    self.skip_string();
                    continue;
                }
                b'%' => {
                    self.skip_space();
                    continue;
                }
                b'[' | b'<' => depth += 1,
                b']' | b'>' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.rest = &self.rest[1..];
            if depth == 0 {
                return;
            }
        }
    }

    /// From after `BI` to after `EI`.
    fn skip_inline_image(&mut self) {
        let end = self
            .rest
            .windows(4)
            .position(|window| is_space(window[0]) && &window[1..3] == b"EI" && is_space(window[3]))
            .map_or(self.rest.len(), |at| at + 3);
        self.rest = &self.rest[end..];
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}
