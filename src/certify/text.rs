//! The invisible text: each word where it stands on the image, so that it can be searched, selected and copied.
//!
//! Rendering mode 3 with a font that has nothing to draw. A code is the character's UTF-16 unit, so that even a reader
//! that ignores the map gets the text right; characters beyond the Basic Multilingual Plane, which need two units,
//! take codes from the surrogates' range, free by nature.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization;

use crate::geom::PixelBox;
use crate::ocr::{Line, PageText, Word};

use super::file::{File, Ref, number};

/// A glyph's advance, as a part of the font's size.
const ADVANCE: f64 = 0.5;
/// The font's ascent, as a part of its size.
const ASCENT: f64 = 0.8;
/// The sine of the largest angle that counts as skew: 12°.
const SKEW: f64 = 0.208;
/// Codes for characters beyond the BMP.
const ASTRAL: std::ops::RangeInclusive<u16> = 0xD800..=0xDFFF;

/// The glyphless font of one copy, and which codes it uses.
#[derive(Default)]
pub(super) struct TextFont {
    used: BTreeSet<u16>,
    astral: BTreeMap<char, u16>,
}

impl TextFont {
    fn code(&mut self, c: char) -> u16 {
        let code = match u16::try_from(u32::from(c)) {
            Ok(unit) => unit,
            Err(_) => {
                let next = u16::try_from(self.astral.len()).ok().and_then(|n| ASTRAL.start().checked_add(n));
                match (self.astral.get(&c), next) {
                    (Some(&code), _) => code,
                    (None, Some(code)) if ASTRAL.contains(&code) => {
                        self.astral.insert(c, code);
                        code
                    }
                    _ => 0xFFFD,
                }
            }
        };
        self.used.insert(code);
        code
    }

    /// A word as codes: NFC; what has no place in text (control characters, byte order marks) is left out.
    fn codes(&mut self, word: &str) -> Vec<u16> {
        word.nfc()
            .filter(|&c| {
                !c.is_control() && !c.is_whitespace() && !matches!(c, '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
            })
            .map(|c| self.code(c))
            .collect()
    }

    /// Writes the font.
    pub(super) fn write(&self, file: &mut File, font: Ref) {
        let program = glyphless();
        let program = file.add_deflated(format_args!("/Length1 {}", program.len()), &program);
        // Every code shows glyph 1.
        let map = file.add_deflated("", &[0, 1].repeat(1 << 16));
        let descriptor = file.add(format_args!(
            "<< /Type /FontDescriptor /FontName /SaoyGlyphless /Flags 5 /FontBBox [0 -200 500 800] /ItalicAngle 0 \
             /Ascent 800 /Descent -200 /CapHeight 800 /StemV 80 /FontFile2 {program} >>"
        ));
        let descendant = file.add(format_args!(
            "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /SaoyGlyphless \
             /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> \
             /FontDescriptor {descriptor} /DW 500 /CIDToGIDMap {map} >>"
        ));
        let unicode = file.add_deflated("", to_unicode(self.characters()).as_bytes());
        file.put(
            font,
            format_args!(
                "<< /Type /Font /Subtype /Type0 /BaseFont /SaoyGlyphless /Encoding /Identity-H \
                 /DescendantFonts [{descendant}] /ToUnicode {unicode} >>"
            ),
        );
    }

    fn characters(&self) -> impl Iterator<Item = (u16, char)> {
        let astral: BTreeMap<u16, char> = self.astral.iter().map(|(&c, &code)| (code, c)).collect();
        self.used.iter().map(move |&code| {
            let c = char::from_u32(u32::from(code)).or_else(|| astral.get(&code).copied());
            (code, c.unwrap_or(char::REPLACEMENT_CHARACTER))
        })
    }
}

/// A `ToUnicode` map (ISO 32000-1 section 9.10.3) from two-byte codes.
pub(super) fn to_unicode(characters: impl Iterator<Item = (u16, char)>) -> String {
    let characters: Vec<(u16, char)> = characters.collect();
    let mut out = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
         /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    for chunk in characters.chunks(100) {
        writeln!(out, "{} beginbfchar", chunk.len()).expect("writing to memory succeeds");
        for (code, c) in chunk {
            write!(out, "<{code:04X}> <").expect("writing to memory succeeds");
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "{unit:04X}").expect("writing to memory succeeds");
            }
            out.push_str(">\n");
        }
        out.push_str("endbfchar\n");
    }
    out.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend");
    out
}

/// The operators that write a page's text; empty if it has none. `scale` is user-space units a pixel, horizontal and vertical;
/// `height` the page's height in the same units.
pub(super) fn operators(page: &PageText, scale: [f64; 2], height: f64, font: &mut TextFont) -> String {
    let mut lines: Vec<PlacedLine<'_>> =
        page.lines.iter().filter_map(|line| PlacedLine::of(page, line, scale, height)).collect();
    harmonise(&mut lines);
    let mut out = String::new();
    for line in &lines {
        line.write(&mut out, font);
    }
    // In a state of its own: ET does not end the invisible mode, and the strip would inherit it.
    if out.is_empty() { out } else { format!("q BT\n3 Tr\n{out}ET Q\n") }
}

/// Gives lines of nearly the same height the same size, their median.
///
/// A line without tall letters measures lower than its neighbour in the same print; poppler takes a step of 5 % for another
/// paragraph and loses the columns' order.
fn harmonise(lines: &mut [PlacedLine<'_>]) {
    let mut left: Vec<usize> = (0..lines.len()).collect();
    left.sort_by(|&a, &b| lines[a].size.total_cmp(&lines[b].size));
    while !left.is_empty() {
        let median = lines[left[left.len() / 2]].size;
        left.retain(|&i| {
            let near = (0.7..=1.4).contains(&(lines[i].size / median));
            if near {
                lines[i].size = median;
            }
            !near
        });
    }
}

/// A line in user space.
struct PlacedLine<'a> {
    words: &'a [Word],
    baseline: Baseline,
    /// Each word's start and end along the baseline.
    spans: Vec<[f64; 2]>,
    /// The font's size: as high as the line's highest word stands above the baseline.
    size: f64,
}

impl<'a> PlacedLine<'a> {
    fn of(page: &'a PageText, line: &Line, scale: [f64; 2], height: f64) -> Option<Self> {
        let words = page.words.get(line.words.clone())?;
        let boxes: Vec<Rect> = words.iter().map(|word| Rect::of(word.bbox, scale, height)).collect();
        let baseline = Baseline::of(line.baseline, scale, height, &boxes)?;
        let above = boxes.iter().map(|b| baseline.reach(b)).fold(0.0, f64::max);
        let spans = boxes.iter().map(|b| baseline.span(b)).collect();
        Some(Self { words, baseline, spans, size: (above / ASCENT).max(1.0) })
    }

    fn write(&self, out: &mut String, font: &mut TextFont) {
        let Self { words, baseline, spans, size } = self;
        let size = *size;
        let mut write =
            |text: std::fmt::Arguments<'_>| out.write_fmt(text).expect("writing to memory succeeds");
        write(format_args!("/F0 {} Tf\n", number(size)));
        for (i, word) in words.iter().enumerate() {
            let codes = font.codes(&word.text);
            if codes.is_empty() {
                continue;
            }
            let [start, end] = spans[i];
            let [dx, dy] = baseline.upright();
            // Turned about its own middle, so that both ends stay near the image's.
            let [x, y] = baseline.at((start + end) / 2.0);
            let [x, y] = [x - dx * (end - start) / 2.0, y - dy * (end - start) / 2.0];
            let (cos, sin) = (number(dx), number(dy));
            let stretch = |width: f64, glyphs: usize| 100.0 * width / (glyphs as f64 * ADVANCE * size);
            write(format_args!("{cos} {sin} {} {cos} {} {} Tm\n", number(-dy), number(x), number(y)));
            write(format_args!("{} Tz <", number(stretch((end - start).max(0.1), codes.len()))));
            for code in &codes {
                write(format_args!("{code:04X}"));
            }
            write(format_args!("> Tj\n"));
            // The space reaches to the next word, so that a selection has no holes.
            if let Some([next, _]) = spans.get(i + 1) {
                let gap = (next - end).clamp(0.05 * size, 2.0 * size);
                let space = font.code(' ');
                write(format_args!("{} Tz <{space:04X}> Tj\n", number(stretch(gap, 1))));
            }
        }
    }
}

/// A box in user space, y upwards.
struct Rect {
    centre: [f64; 2],
    size: [f64; 2],
}

impl Rect {
    fn of(b: PixelBox, scale: [f64; 2], height: f64) -> Self {
        let size = [f64::from(b.width()) * scale[0], f64::from(b.height()) * scale[1]];
        let left = f64::from(b.x0) * scale[0];
        let top = height - f64::from(b.y0) * scale[1];
        Self { centre: [left + size[0] / 2.0, top - size[1] / 2.0], size }
    }
}

/// Where a line runs, in user space.
struct Baseline {
    origin: [f64; 2],
    /// A unit vector in reading direction.
    direction: [f64; 2],
}

impl Baseline {
    fn of(pixels: [f32; 4], scale: [f64; 2], height: f64, boxes: &[Rect]) -> Option<Self> {
        let [x0, y0, x1, y1] = pixels.map(f64::from);
        let origin = [x0 * scale[0], height - y0 * scale[1]];
        let along = [(x1 - x0) * scale[0], (y0 - y1) * scale[1]];
        let length = along[0].hypot(along[1]);
        if length.is_finite() && length > 0.01 {
            return Some(Self { origin, direction: along.map(|part| part / length) });
        }
        // No baseline: the boxes' lower edge, left to right.
        let first = boxes.first()?;
        let origin = [first.centre[0] - first.size[0] / 2.0, first.centre[1] - first.size[1] / 2.0];
        Some(Self { origin, direction: [1.0, 0.0] })
    }

    /// The direction in which words are written: along the line, but square to the page where the line is only skewed.
    ///
    /// Poppler takes a letter that stands half a point higher than the one before it for another line's; a skewed word would
    /// fall apart in its text. The words of a skewed line climb like stairs instead, each whole and in its place.
    fn upright(&self) -> [f64; 2] {
        let [dx, dy] = self.direction;
        if dy.abs() < SKEW {
            [dx.signum(), 0.0]
        } else if dx.abs() < SKEW {
            [0.0, dy.signum()]
        } else {
            self.direction
        }
    }

    fn at(&self, distance: f64) -> [f64; 2] {
        [self.origin[0] + self.direction[0] * distance, self.origin[1] + self.direction[1] * distance]
    }

    /// How far the box's centre lies along the line, and how far above it.
    fn locate(&self, b: &Rect) -> [f64; 2] {
        let [x, y] = [b.centre[0] - self.origin[0], b.centre[1] - self.origin[1]];
        let [dx, dy] = self.direction;
        [x * dx + y * dy, y * dx - x * dy]
    }

    /// Length and height of the word in the box: the box is the upright one around a word that is turned with the line.
    fn extent(&self, b: &Rect) -> [f64; 2] {
        let [cos, sin] = self.direction.map(f64::abs);
        let [w, h] = b.size;
        let bounds = [w * cos + h * sin, w * sin + h * cos];
        let spread = cos * cos - sin * sin;
        // Near 45° the box says little about the word; its own bounds must do.
        if spread.abs() < 0.5 {
            return bounds.map(|side| side / 2.0);
        }
        let turned = [(w * cos - h * sin) / spread, (h * cos - w * sin) / spread];
        [turned[0].clamp(0.25 * bounds[0], bounds[0]), turned[1].clamp(0.25 * bounds[1], bounds[1])]
    }

    fn span(&self, b: &Rect) -> [f64; 2] {
        let middle = self.locate(b)[0];
        let half = self.extent(b)[0] / 2.0;
        [middle - half, middle + half]
    }

    /// How far the box reaches above the line.
    fn reach(&self, b: &Rect) -> f64 {
        let [_, height] = self.extent(b);
        (self.locate(b)[1] + height / 2.0).min(height * 1.5).max(height * 0.4)
    }
}

/// A TrueType font whose two glyphs are empty: the six tables that ISO 32000-1 section 9.9 asks of an embedded CIDFontType2.
fn glyphless() -> Vec<u8> {
    fn words(values: &[i32]) -> Vec<u8> {
        values.iter().flat_map(|&value| (value as u16).to_be_bytes()).collect()
    }
    let mut head = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x5F, 0x0F, 0x3C, 0xF5];
    head.extend(words(&[0, 1000])); // flags, units an em
    head.extend([0; 16]); // created, modified
    head.extend(words(&[0, -200, 500, 800, 0, 8, 2, 0, 0])); // box, style, smallest size, direction, short offsets, format
    let mut hhea = vec![0, 1, 0, 0];
    hhea.extend(words(&[800, -200, 0, 500, 0, 0, 500, 1, 0, 0, 0, 0, 0, 0, 0, 2]));
    let mut maxp = vec![0, 1, 0, 0];
    maxp.extend(words(&[2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
    let tables: [(&[u8; 4], Vec<u8>); 6] = [
        (b"glyf", vec![0; 4]),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", words(&[500, 0, 500, 0])),
        (b"loca", words(&[0, 0, 0])),
        (b"maxp", maxp),
    ];
    let mut font = vec![0, 1, 0, 0];
    font.extend(words(&[6, 64, 2, 32]));
    let mut body = Vec::new();
    for (tag, table) in &tables {
        let offset = 12 + 16 * tables.len() + body.len();
        font.extend(*tag);
        font.extend(checksum(table).to_be_bytes());
        font.extend((offset as u32).to_be_bytes());
        font.extend((table.len() as u32).to_be_bytes());
        body.extend(table);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    font.extend(body);
    let adjustment = 0xB1B0_AFBA_u32.wrapping_sub(checksum(&font));
    let at = 12 + 16 * tables.len() + 4 + 8;
    font[at..at + 4].copy_from_slice(&adjustment.to_be_bytes());
    font
}

fn checksum(table: &[u8]) -> u32 {
    table.chunks(4).fold(0_u32, |sum, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_is_small_and_reads_back() {
        let font = glyphless();
        assert!(font.len() < 1024, "{}", font.len());
        assert_eq!(checksum(&font), 0xB1B0_AFBA);
        let face = ttf_parser::Face::parse(&font, 0).expect("a TrueType font");
        assert_eq!((face.number_of_glyphs(), face.units_per_em()), (2, 1000));
        assert_eq!(face.glyph_hor_advance(ttf_parser::GlyphId(1)), Some(500));
    }

    #[test]
    fn codes_are_unicode() {
        let mut font = TextFont::default();
        assert_eq!(font.codes("Nguye\u{302}\u{303}n"), "Nguyễn".encode_utf16().collect::<Vec<_>>());
        assert_eq!(font.codes("😀a😀𝕊"), [0xD800, 0x61, 0xD800, 0xD801]);
        assert_eq!(font.codes("\u{FEFF}\u{7} \n"), [0_u16; 0]);
        let map = to_unicode(font.characters());
        assert!(
            map.contains("<1EC5> <1EC5>")
                && map.contains("<D800> <D83DDE00>")
                && map.contains("<D801> <D835DD4A>")
        );
    }

    fn page(baseline: [f32; 4], boxes: &[[u32; 4]]) -> PageText {
        let words = boxes
            .iter()
            .map(|&b| Word { text: "chữ".into(), confidence: 1.0, bbox: b.into() })
            .collect::<Vec<_>>();
        let lines = vec![Line { words: 0..words.len(), baseline, block: 0 }];
        PageText { width: 1000, height: 1000, words, lines, ..PageText::default() }
    }

    #[test]
    fn a_word_fills_its_box() {
        let page = page([100.0, 130.0, 400.0, 130.0], &[[100, 100, 200, 130], [220, 100, 320, 130]]);
        let text = operators(&page, [0.5, 0.5], 500.0, &mut TextFont::default());
        // 15 points above the baseline: size 18.75; three glyphs of half that over 50 points: 177.7778 %.
        let expected = "q BT\n3 Tr\n/F0 18.75 Tf\n1 0 0 1 50 435 Tm\n177.7778 Tz <006300681EEF> Tj\n";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("106.6667 Tz <0020> Tj\n1 0 0 1 110 435 Tm\n"), "{text}");
        assert!(text.ends_with("ET Q\n"));
    }

    #[test]
    fn a_turned_line_turns_its_text() {
        // Reading upwards: the page lies on its side.
        let page = page([130.0, 400.0, 130.0, 100.0], &[[100, 300, 130, 400]]);
        let text = operators(&page, [1.0, 1.0], 1000.0, &mut TextFont::default());
        assert!(text.contains("0 1 -1 0 130 600 Tm"), "{text}");
    }

    #[test]
    fn a_skewed_box_gives_the_word_s_own_length() {
        let (sin, cos) = 5.0_f64.to_radians().sin_cos();
        let line = Baseline { origin: [0.0, 0.0], direction: [cos, sin] };
        let word = Rect { centre: [0.0, 0.0], size: [100.0 * cos + 20.0 * sin, 100.0 * sin + 20.0 * cos] };
        let [length, height] = line.extent(&word);
        assert!((length - 100.0).abs() < 1e-6 && (height - 20.0).abs() < 1e-6, "{length} {height}");
    }

    #[test]
    fn lines_of_one_print_have_one_size() {
        // 20, 22 and 24 pixels above the baseline, and a title of 60.
        let tops = [(130, 20), (230, 22), (330, 24), (430, 60)];
        let boxes: Vec<[u32; 4]> = tops.iter().map(|&(y, up)| [100, y - up, 200, y]).collect();
        let mut page = page([0.0; 4], &boxes);
        page.lines = (0..4)
            .map(|i| Line {
                words: i..i + 1,
                baseline: [100.0, tops[i].0 as f32, 200.0, tops[i].0 as f32],
                block: 0,
            })
            .collect();
        let text = operators(&page, [0.8, 0.8], 800.0, &mut TextFont::default());
        let sizes: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix(" Tf")).collect();
        assert_eq!(sizes, ["/F0 24", "/F0 24", "/F0 24", "/F0 60"]);
    }

    #[test]
    fn an_empty_page_has_no_operators() {
        let mut font = TextFont::default();
        assert_eq!(operators(&PageText::default(), [1.0, 1.0], 10.0, &mut font), "");
        assert!(font.used.is_empty());
    }
}
