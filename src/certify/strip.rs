//! The strip under the last page's image: the certification text and the QR code.
//!
//! It lies outside the image, in a part of the page that the box gains downwards; where the page is too narrow the box also
//! gains to the right. Text wraps beside the code and never reaches it.

use std::fmt::Write as _;

use qrcode::bits::Bits;
use qrcode::{Color, EcLevel, QrCode, Version};
use serde::Deserialize;

use super::error::CertifyError;
use super::file::{File, Ref, number};
use super::font::{Face, Fonts};

/// A module of the QR code, in points: 0.617 mm, above the 0.6 mm that a phone and a worn print need.
const MODULE: f64 = 1.75;
/// The standard's quiet zone, in modules.
const QUIET: f64 = 4.0;
/// The largest version printed: 69 modules.
const MAX_VERSION: i16 = 13;
/// White round the strip's content.
const MARGIN: f64 = 12.0;
/// The narrowest column that the text gets.
const MIN_TEXT: f64 = 190.0;
/// From one line to the next, as a part of the size.
const LEADING: f64 = 1.25;

/// What the strip says.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// From above.
    pub lines: Vec<StripLine>,
    /// The QR code's text.
    pub qr: Option<String>,
    /// Whether the copy is a trial: the strip then says so in large letters, whatever the act's file says.
    pub trial: bool,
}

/// One line of the certification text; it wraps where it must, `\n` breaks it.
#[derive(Clone, Debug, PartialEq)]
pub struct StripLine {
    /// The words.
    pub text: String,
    /// In points.
    pub size: f64,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// Whether in bold.
    pub bold: bool,
    /// Where in the column.
    pub align: Align,
}

/// Where a line stands in its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// At its left.
    #[default]
    Left,
    /// In its middle.
    Center,
    /// At its right.
    Right,
}

/// The strip laid out, in points.
pub(super) struct Layout {
    /// The page's width, not below that of the image.
    pub(super) width: f64,
    /// The strip's height, whole points.
    pub(super) height: f64,
    rows: Vec<Row>,
    qr: Option<Qr>,
}

/// A row of text, placed; the origin is the strip's lower left corner.
struct Row {
    text: String,
    size: f64,
    color: [u8; 3],
    bold: bool,
    x: f64,
    baseline: f64,
}

struct Qr {
    code: QrCode,
    /// The lower left corner of the quiet zone.
    x: f64,
    y: f64,
}

impl Qr {
    fn side(code: &QrCode) -> f64 {
        (code.width() as f64 + 2.0 * QUIET) * MODULE
    }
}

/// Lays the strip out under an image of `image_width` points.
pub(super) fn layout(strip: &Strip, image_width: f64, fonts: &Fonts) -> Result<Layout, CertifyError> {
    let code = strip.qr.as_deref().map(encode).transpose()?;
    let qr_side = code.as_ref().map_or(0.0, Qr::side);
    // The quiet zone is white already: a smaller margin beside it.
    let left = if code.is_some() { MARGIN / 2.0 + qr_side + MARGIN / 2.0 } else { MARGIN };
    let width = image_width.max(left + MIN_TEXT + MARGIN);
    let column = width - left - MARGIN;

    let notice = [
        ("THỬ NGHIỆM", 30.0, true),
        (
            "Bản thử nghiệm: cơ quan chưa có chứng thư của người chứng thực. Không có giá trị pháp lý.",
            10.0,
            true,
        ),
    ];
    let notice = notice.into_iter().filter(|_| strip.trial).map(|(text, size, bold)| StripLine {
        text: text.to_owned(),
        size,
        color: [0xC0, 0, 0],
        bold,
        align: Align::Center,
    });
    let mut rows = Vec::new();
    let mut depth = 0.0;
    for line in notice.chain(strip.lines.iter().cloned()) {
        let face = fonts.face(line.bold);
        for text in wrap(&line.text, face, line.size, column)? {
            let free = column - face.width(&text, line.size)?;
            let x = left
                + match line.align {
                    Align::Left => 0.0,
                    Align::Center => free / 2.0,
                    Align::Right => free,
                };
            depth += line.size * LEADING;
            rows.push(Row {
                text,
                size: line.size,
                color: line.color,
                bold: line.bold,
                x,
                baseline: -(depth - line.size * 0.3),
            });
        }
    }
    let height = (f64::max(depth + 2.0 * MARGIN, if qr_side > 0.0 { qr_side + MARGIN } else { 0.0 })).ceil();
    let top = height - (height - depth) / 2.0;
    for row in &mut rows {
        row.baseline += top;
    }
    let qr = code.map(|code| Qr { x: MARGIN / 2.0, y: (height - Qr::side(&code)) / 2.0, code });
    Ok(Layout { width, height, rows, qr })
}

impl Layout {
    /// Writes the form XObject; `unit` is points a unit of user space.
    pub(super) fn write(&self, file: &mut File, fonts: &Fonts, unit: f64) -> Result<Ref, CertifyError> {
        let mut out = String::new();
        let mut add =
            |text: std::fmt::Arguments<'_>| out.write_fmt(text).expect("writing to memory succeeds");
        if unit != 1.0 {
            let scale = number(1.0 / unit);
            add(format_args!("{scale} 0 0 {scale} 0 0 cm\n"));
        }
        // A hairline keeps the scan and the certification apart.
        add(format_args!("0.6 G 0.5 w 0 {0} m {1} {0} l S\n", number(self.height - 0.5), number(self.width)));
        let mut sets = [fonts.face(false).set(), fonts.face(true).set()];
        for row in &self.rows {
            let [r, g, b] = row.color.map(|part| number(f64::from(part) / 255.0));
            let codes = sets[usize::from(row.bold)].codes(&row.text)?;
            let font = if row.bold { "B" } else { "R" };
            add(format_args!(
                "BT {r} {g} {b} rg /{font} {} Tf {} {} Td <",
                number(row.size),
                number(row.x),
                number(row.baseline)
            ));
            for code in codes {
                add(format_args!("{code:04X}"));
            }
            add(format_args!("> Tj ET\n"));
        }
        if let Some(qr) = &self.qr {
            add(format_args!("0 g\n"));
            for [x, y, width] in runs(&qr.code) {
                let side = qr.code.width() as f64;
                add(format_args!(
                    "{} {} {} {} re\n",
                    number(qr.x + (QUIET + x as f64) * MODULE),
                    number(qr.y + (QUIET + side - 1.0 - y as f64) * MODULE),
                    number(width as f64 * MODULE),
                    number(MODULE)
                ));
            }
            add(format_args!("f\n"));
        }
        let mut resources = String::new();
        for (set, font) in sets.into_iter().zip(["R", "B"]) {
            if let Some(object) = set.write(file)? {
                write!(resources, " /{font} {object}").expect("writing to memory succeeds");
            }
        }
        let form = format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 {} {}] /Resources << /Font <<{resources} >> >>",
            number(self.width / unit),
            number(self.height / unit)
        );
        Ok(file.add_deflated(form, out.as_bytes()))
    }
}

/// The smallest code in two segments, as `seal::qr_text` reckons its room: bytes to the last character that alphanumeric mode lacks (ISO/IEC
/// 18004 section 7.4.4), which ends an address, then alphanumeric ones. The crate's own choice of segments needs more room for some seals.
fn encode(text: &str) -> Result<QrCode, CertifyError> {
    let alphanumeric = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || " $%*+-./:".contains(c);
    let split = text.char_indices().rfind(|(_, c)| !alphanumeric(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    let (address, rest) = text.split_at(split);
    let of_version = |version| {
        let mut bits = Bits::new(Version::Normal(version));
        if !address.is_empty() {
            bits.push_byte_data(address.as_bytes())?;
        }
        bits.push_alphanumeric_data(rest.as_bytes())?;
        bits.push_terminator(EcLevel::M)?;
        QrCode::with_bits(bits, EcLevel::M)
    };
    let code = (1..=MAX_VERSION).find_map(|version| of_version(version).ok());
    code.ok_or(CertifyError::Qr { length: text.chars().count() })
}

/// The dark runs of each row: `[x, y, length]` in modules from the upper left.
fn runs(code: &QrCode) -> Vec<[usize; 3]> {
    let side = code.width();
    let colors = code.to_colors();
    let mut runs = Vec::new();
    for (y, row) in colors.chunks(side).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                runs.push([x, y, run.len()]);
            }
            x += run.len();
        }
    }
    runs
}

/// Breaks at spaces, and within a word only where it alone is too wide.
pub(super) fn wrap(text: &str, face: &Face, size: f64, column: f64) -> Result<Vec<String>, CertifyError> {
    let mut rows = Vec::new();
    for paragraph in text.split('\n') {
        let mut row = String::new();
        for word in paragraph.split_whitespace() {
            let longer = if row.is_empty() { word.to_owned() } else { format!("{row} {word}") };
            if face.width(&longer, size)? <= column {
                row = longer;
                continue;
            }
            if !row.is_empty() {
                rows.push(std::mem::take(&mut row));
            }
            for c in word.chars() {
                row.push(c);
                if row.chars().count() > 1 && face.width(&row, size)? > column {
                    row.pop();
                    rows.push(std::mem::replace(&mut row, c.to_string()));
                }
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(texts: &[&str], qr: Option<usize>) -> Strip {
        let lines = texts
            .iter()
            .map(|text| StripLine {
                text: (*text).to_owned(),
                size: 16.0,
                color: [0, 0, 255],
                bold: false,
                align: Align::Center,
            })
            .collect();
        Strip {
            lines,
            qr: qr.map(|length| "SC1:".chars().chain("A7".chars().cycle()).take(length).collect()),
            trial: false,
        }
    }

    #[test]
    fn nothing_overlaps_whatever_the_width() {
        let fonts = Fonts::find().expect("fonts-liberation2 is installed");
        let long = "Ủy ban nhân dân xã Nguyễn Nghiêm-Trường-Sa huyện Phú Quốc tỉnh Thử Nghiệm ".repeat(3);
        let unbroken = "Ế".repeat(200);
        for width in [30.0, 153.0, 241.0, 420.0, 595.0, 2400.0] {
            for qr in [None, Some(20), Some(480)] {
                let strip = strip(&["Số chứng thực 1", &long, &unbroken, ""], qr);
                let layout = layout(&strip, width, &fonts).expect("it fits");
                assert!(layout.width >= width && layout.height >= 24.0);
                let left = layout.qr.as_ref().map_or(0.0, |qr| qr.x + Qr::side(&qr.code));
                for row in &layout.rows {
                    let right =
                        row.x + fonts.face(row.bold).width(&row.text, row.size).expect("known glyphs");
                    assert!(row.x >= left && right <= layout.width, "{width} {qr:?}: {} {right}", row.x);
                    assert!(
                        row.baseline - 0.3 * row.size >= 0.0
                            && row.baseline + 0.95 * row.size <= layout.height
                    );
                }
                for pair in layout.rows.windows(2) {
                    assert!(pair[0].baseline > pair[1].baseline);
                }
                if let Some(qr) = &layout.qr {
                    let side = Qr::side(&qr.code);
                    assert!(qr.y >= 0.0 && qr.y + side <= layout.height && qr.x + side <= layout.width);
                }
            }
        }
    }

    #[test]
    fn the_longest_seal_fits_and_one_longer_does_not() {
        assert!(encode(&strip(&[], Some(480)).qr.expect("given")).is_ok());
        let error = encode(&strip(&[], Some(600)).qr.expect("given")).map(|_| ()).expect_err("too long");
        assert!(matches!(error, CertifyError::Qr { length: 600 }));
    }

    /// Base32 of chance, of which the crate's own choice of segments makes more than version 13 holds.
    #[test]
    fn what_a_seal_is_reckoned_to_need_it_needs() {
        use crate::seal::{SealError, qr_text};
        let mut state = 7_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        for url in [
            None,
            Some("https://v.vn"),
            Some("https://verify.example.vn"),
            Some("https://xacthuc.namdinh.example.vn/verify"),
        ] {
            let fits = |length: usize| qr_text(&vec![0; length], url).is_ok();
            let longest = (1..400).rev().find(|length| fits(*length)).expect("a short one fits");
            assert!(matches!(qr_text(&vec![0; longest + 1], url), Err(SealError::TooLong { .. })));
            for length in [longest, longest - 1, longest / 2, 1] {
                for _ in 0..20 {
                    let cose: Vec<u8> = (0..length).map(|_| random()).collect();
                    let text = qr_text(&cose, url).expect("as long as one that fits");
                    let code = encode(&text).expect("a code of 13-M at most");
                    assert!(matches!(code.version(), Version::Normal(1..=MAX_VERSION)));
                }
            }
        }
    }

    #[test]
    fn a_trial_says_so_first() {
        let fonts = Fonts::find().expect("fonts-liberation2 is installed");
        let trial = Strip { trial: true, ..strip(&["x"], None) };
        let layout = layout(&trial, 595.0, &fonts).expect("it fits");
        assert_eq!(layout.rows[0].text, "THỬ NGHIỆM");
        assert!(layout.rows[0].size >= 24.0 && layout.rows[0].bold);
    }

    #[test]
    fn a_character_without_glyph_is_refused() {
        let fonts = Fonts::find().expect("fonts-liberation2 is installed");
        let error = layout(&strip(&["tên 漢"], None), 595.0, &fonts).map(|_| ()).expect_err("no such glyph");
        assert!(matches!(error, CertifyError::Glyph { code: 0x6F22, .. }), "{error}");
    }
}
