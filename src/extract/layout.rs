//! Words as they stand on paper: visual rows across blocks and columns, in a frame that is straightened and upright.

use std::ops::Range;

use super::text;
use crate::geom::PixelBox;
use crate::ocr::PageText;

/// A word or the part of one that stands by itself: `Số:158` gives `Số`, `:` and `158`.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) fold: String,
    pub(crate) confidence: f32,
    /// Page pixels.
    pub(crate) bbox: PixelBox,
    /// Index of the page.
    pub(crate) page: usize,
    /// The visual row.
    pub(crate) row: usize,
    /// Edges in the reading frame: x along the lines, y down.
    pub(crate) x0: f32,
    pub(crate) x1: f32,
    pub(crate) y0: f32,
    pub(crate) y1: f32,
    /// Whether no white space stood before it on the paper.
    pub(crate) glued: bool,
    /// The OCR line that it came in.
    segment: usize,
}

impl Token {
    pub(crate) fn is_mark(&self) -> bool {
        self.fold.is_empty()
    }
}

/// Tokens side by side on one height.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) tokens: Range<usize>,
    pub(crate) page: usize,
    /// Centre.
    pub(crate) y: f32,
    /// Height of its words.
    pub(crate) height: f32,
    /// Runs of tokens without a wide gap.
    pub(crate) cells: Vec<Range<usize>>,
}

/// One page's extent in the reading frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sheet {
    pub(crate) x0: f32,
    pub(crate) y0: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

/// A whole document's words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// In row order, left to right.
    pub(crate) tokens: Vec<Token>,
    pub(crate) rows: Vec<Row>,
    pub(crate) sheets: Vec<Sheet>,
}

/// A gap of so many line heights parts two cells.
const CELL_GAP: f32 = 2.0;
/// Where the OCR itself parted two lines, a smaller gap does.
const SEGMENT_GAP: f32 = 1.0;

impl Layout {
    pub(crate) fn new(pages: &[PageText]) -> Self {
        let mut layout = Self::default();
        for (index, page) in pages.iter().enumerate() {
            layout.add_page(index, page);
        }
        layout
    }

    /// Where a token's centre is on its page, as fractions of width and height.
    pub(crate) fn fraction(&self, token: &Token) -> (f32, f32) {
        let sheet = &self.sheets[token.page];
        let x = ((token.x0 + token.x1) / 2.0 - sheet.x0) / sheet.width.max(1.0);
        let y = ((token.y0 + token.y1) / 2.0 - sheet.y0) / sheet.height.max(1.0);
        (x, y)
    }

    /// The cell that holds a token.
    pub(crate) fn cell_of(&self, token: usize) -> Range<usize> {
        let row = &self.rows[self.tokens[token].row];
        row.cells.iter().find(|c| c.contains(&token)).cloned().unwrap_or(row.tokens.clone())
    }

    fn add_page(&mut self, index: usize, page: &PageText) {
        let frame = Frame::of(page);
        let corners = [(0.0, 0.0), (page.width as f32, page.height as f32)].map(|(x, y)| frame.turn(x, y));
        let corners =
            [corners[0], corners[1], frame.turn(page.width as f32, 0.0), frame.turn(0.0, page.height as f32)];
        let bound = |pick: fn(&(f32, f32)) -> f32| {
            let values = corners.iter().map(pick);
            (values.clone().fold(f32::MAX, f32::min), values.fold(f32::MIN, f32::max))
        };
        let ((x0, x1), (y0, y1)) = (bound(|c| c.0), bound(|c| c.1));
        self.sheets.push(Sheet { x0, y0, width: x1 - x0, height: y1 - y0 });

        let mut segments: Vec<Segment> = Vec::new();
        for (number, line) in page.lines.iter().enumerate() {
            let words = page.words.get(line.words.clone()).unwrap_or(&[]);
            let tokens: Vec<Token> =
                words.iter().flat_map(|word| split(word, &frame, index, number)).collect();
            segments.extend(Segment::of(tokens));
        }
        for row in into_rows(segments) {
            self.push_row(index, row);
        }
    }

    fn push_row(&mut self, page: usize, band: Band) {
        let start = self.tokens.len();
        let row = self.rows.len();
        let mut tokens = band.tokens;
        tokens.sort_by(|a, b| a.x0.total_cmp(&b.x0));
        for token in &mut tokens {
            token.row = row;
        }
        self.tokens.extend(tokens);
        let end = self.tokens.len();
        let mut cells = Vec::new();
        let mut from = start;
        for i in start + 1..end {
            let (left, right) = (&self.tokens[i - 1], &self.tokens[i]);
            let limit = if left.segment == right.segment { CELL_GAP } else { SEGMENT_GAP };
            if right.x0 - left.x1 > limit * band.height {
                cells.push(from..i);
                from = i;
            }
        }
        cells.push(from..end);
        self.rows.push(Row { tokens: start..end, page, y: band.y, height: band.height, cells });
    }
}

/// The direction of reading on one page, as the unit vector of its lines.
struct Frame {
    cos: f32,
    sin: f32,
}

impl Frame {
    /// The sum of all baselines: long lines weigh more, a stray turned stamp hardly counts.
    fn of(page: &PageText) -> Self {
        let (mut x, mut y) = (0.0, 0.0);
        for line in &page.lines {
            let [x0, y0, x1, y1] = line.baseline;
            if line.words.len() > 1 || page.lines.len() < 3 {
                x += x1 - x0;
                y += y1 - y0;
            }
        }
        let length = x.hypot(y);
        if length < 1.0 { Self { cos: 1.0, sin: 0.0 } } else { Self { cos: x / length, sin: y / length } }
    }

    fn turn(&self, x: f32, y: f32) -> (f32, f32) {
        (x * self.cos + y * self.sin, y * self.cos - x * self.sin)
    }

    /// The edges of a word in the frame. Its page box is the hull of a turned rectangle, so the rectangle's sides
    /// are solved for: `W = w·c + h·s`, `H = w·s + h·c`.
    fn edges(&self, b: &PixelBox) -> [f32; 4] {
        let (cx, cy) = self.turn((b.x0 + b.x1) as f32 / 2.0, (b.y0 + b.y1) as f32 / 2.0);
        let (width, height) = (b.width() as f32, b.height() as f32);
        let (c, s) = (self.cos.abs(), self.sin.abs());
        let det = c * c - s * s;
        let (w, h) = if det.abs() < 0.2 {
            (width, height)
        } else {
            ((width * c - height * s) / det, (height * c - width * s) / det)
        };
        // A short word on a skewed page can come out flat: its hull was rounded.
        let (w, h) = (w.max(2.0), h.max(width.min(height) * 0.4).max(2.0));
        [cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0]
    }
}

/// The parts of one word: a colon inside parts label and value, a run of dots is a leader by itself.
fn split(word: &crate::ocr::Word, frame: &Frame, page: usize, segment: usize) -> Vec<Token> {
    let text = text::nfc(&word.text);
    let chars: Vec<char> = text.chars().collect();
    let mut cuts = vec![0];
    for i in 0..chars.len() {
        let digit = |j: Option<&char>| j.is_some_and(char::is_ascii_digit);
        let clock = i > 0 && digit(chars.get(i - 1)) && digit(chars.get(i + 1));
        if chars[i] == ':' && !clock {
            cuts.extend([i, i + 1]);
        }
        let leader = |j: usize| {
            matches!(chars.get(j), Some('…'))
                || matches!((chars.get(j), chars.get(j + 1)), (Some('.'), Some('.')))
        };
        if leader(i) {
            let before_is_leader = i > 0 && matches!(chars[i - 1], '.' | '…');
            if !before_is_leader {
                cuts.push(i);
            }
            let end = (i..chars.len()).find(|&j| !matches!(chars[j], '.' | '…')).unwrap_or(chars.len());
            cuts.push(end);
        }
    }
    cuts.push(chars.len());
    cuts.sort_unstable();
    cuts.dedup();
    let edges = frame.edges(&word.bbox);
    let share = |i: usize| i as f32 / chars.len().max(1) as f32;
    let mut out = Vec::with_capacity(cuts.len());
    for pair in cuts.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let text: String = chars[from..to].iter().collect();
        let text = text.trim().to_owned();
        if text.is_empty() {
            continue;
        }
        let (a, b) = (share(from), share(to));
        let at = |t: f32| edges[0] + (edges[2] - edges[0]) * t;
        // Only where lines run along the page's rows can a part of the hull be told.
        let bbox = if frame.cos > 0.95 {
            let width = word.bbox.width() as f32;
            let x = |t: f32| word.bbox.x0 + (width * t).round() as u32;
            PixelBox::new(x(a), word.bbox.y0, x(b), word.bbox.y1)
        } else {
            word.bbox
        };
        out.push(Token {
            fold: text::fold(&text),
            text,
            confidence: word.confidence,
            bbox,
            page,
            row: 0,
            x0: at(a),
            x1: at(b),
            y0: edges[1],
            y1: edges[3],
            glued: !out.is_empty(),
            segment,
        });
    }
    out
}

/// One OCR line in the frame.
struct Segment {
    tokens: Vec<Token>,
    y: f32,
    height: f32,
    x0: f32,
    x1: f32,
}

impl Segment {
    fn of(tokens: Vec<Token>) -> Option<Self> {
        // Words with letters say where the line is; dots and dashes lie low or high.
        let solid: Vec<&Token> = tokens.iter().filter(|t| !t.is_mark()).collect();
        let judged: Vec<&Token> = if solid.is_empty() { tokens.iter().collect() } else { solid };
        let y = median(judged.iter().map(|t| (t.y0 + t.y1) / 2.0))?;
        let height = median(judged.iter().map(|t| t.y1 - t.y0))?;
        let x0 = tokens.iter().map(|t| t.x0).fold(f32::MAX, f32::min);
        let x1 = tokens.iter().map(|t| t.x1).fold(f32::MIN, f32::max);
        Some(Self { tokens, y, height, x0, x1 })
    }
}

/// A row while it grows.
struct Band {
    tokens: Vec<Token>,
    spans: Vec<(f32, f32)>,
    y: f32,
    height: f32,
}

fn into_rows(mut segments: Vec<Segment>) -> Vec<Band> {
    segments.sort_by(|a, b| a.y.total_cmp(&b.y));
    let mut bands: Vec<Band> = Vec::new();
    for segment in segments {
        let fits = |band: &Band| {
            let near = (segment.y - band.y).abs() < 0.5 * segment.height.min(band.height).max(4.0);
            let free = band.spans.iter().all(|(x0, x1)| {
                let overlap = segment.x1.min(*x1) - segment.x0.max(*x0);
                overlap < 0.2 * (segment.x1 - segment.x0).min(x1 - x0)
            });
            near && free
        };
        let near = bands.iter().rposition(fits);
        match near {
            Some(i) => {
                let band = &mut bands[i];
                let (n, m) = (band.tokens.len() as f32, segment.tokens.len() as f32);
                band.y = (band.y * n + segment.y * m) / (n + m);
                band.height = band.height.max(segment.height.min(band.height * 1.5));
                band.spans.push((segment.x0, segment.x1));
                band.tokens.extend(segment.tokens);
            }
            None => bands.push(Band {
                spans: vec![(segment.x0, segment.x1)],
                y: segment.y,
                height: segment.height,
                tokens: segment.tokens,
            }),
        }
    }
    bands.sort_by(|a, b| a.y.total_cmp(&b.y));
    bands
}

fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}
