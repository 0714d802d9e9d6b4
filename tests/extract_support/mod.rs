//! Papers written as lines of text, laid out in a grid of characters.

use saoy::geom::PixelBox;
use saoy::ocr::{Line, PageText, Word};

/// Pixels of one character and of one line.
pub(crate) const CELL: (u32, u32) = (14, 48);
const HEIGHT: u32 = 26;

/// Lays out a page: every line of text is a row, three spaces part two OCR lines.
pub(crate) fn page(text: &str) -> PageText {
    let mut page = PageText { width: 1400, height: 2000, dpi: Some([170.0, 170.0]), ..PageText::default() };
    for (row, line) in text.lines().enumerate() {
        let chars: Vec<char> = line.chars().collect();
        let y0 = 40 + row as u32 * CELL.1;
        let (mut column, mut first) = (0, page.words.len());
        while column < chars.len() {
            if chars[column] == ' ' {
                column += 1;
                continue;
            }
            let end = (column..chars.len()).find(|&c| chars[c] == ' ').unwrap_or(chars.len());
            let x = |c: usize| 40 + c as u32 * CELL.0;
            page.words.push(Word {
                text: chars[column..end].iter().collect(),
                confidence: 0.95,
                bbox: PixelBox::new(x(column), y0, x(end) - 2, y0 + HEIGHT),
            });
            let next = (end..chars.len()).find(|&c| chars[c] != ' ').unwrap_or(chars.len());
            if next - end >= 3 || next == chars.len() {
                push_line(&mut page, first);
                first = page.words.len();
            }
            column = next.max(end);
        }
    }
    page
}

fn push_line(page: &mut PageText, first: usize) {
    let (a, b) = (page.words[first].bbox, page.words[page.words.len() - 1].bbox);
    page.lines.push(Line {
        words: first..page.words.len(),
        baseline: [a.x0 as f32, a.y1 as f32, b.x1 as f32, b.y1 as f32],
        block: page.lines.len() as u32,
    });
}
