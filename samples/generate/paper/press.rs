//! What the forms have in common: heading, title, rows of labels and values, columns, signatures with their seal.

use super::dice::Dice;
use super::font::Family;
use super::ink::{self, Seal};
use super::people::Place;
use super::recipe::Look;
use super::sheet::{BLACK, RED, Sheet, Style, WIDTH};

/// A label and what stands behind it.
pub(super) type Part<'a> = (&'a str, Option<&'a str>);

/// A form being set, sheet after sheet.
pub(super) struct Press<'a> {
    /// The sheets, the current one last.
    pub(super) sheets: Vec<Sheet>,
    /// The face of what is printed.
    pub(super) labels: &'a Family,
    /// The face of what is filled in.
    pub(super) values: &'a Family,
    pub(super) look: &'a Look,
    /// The next baseline.
    pub(super) y: f32,
    /// Margins as x.
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) size: f32,
    pub(super) pitch: f32,
    /// How far values overprinted on a blank form sit from their labels' baselines.
    pub(super) drift: (f32, f32),
    /// Where values begin in rows of one label: behind it, or at a stop.
    pub(super) stop: Option<f32>,
    dpi: u32,
    /// The middle of the first values.
    spots: Vec<(f32, f32)>,
}

impl<'a> Press<'a> {
    pub(super) fn new(dice: &mut Dice, look: &'a Look, dpi: u32, faces: (&'a Family, &'a Family)) -> Self {
        let measure = look.measure();
        let (labels, values) = faces;
        // Wide faces are set smaller, or lines would not hold what a form's lines hold.
        let shrink = if labels.regular_width() > 1.08 { 0.92 } else { 1.0 };
        Self {
            sheets: vec![Sheet::new(dpi)],
            labels,
            values,
            look,
            y: 56.0,
            left: measure.left,
            right: WIDTH - measure.right,
            size: measure.size * shrink,
            pitch: 20.6 * measure.pitch,
            drift: (0.0, dice.real(-0.8, 0.8)),
            stop: None,
            dpi,
            spots: Vec::new(),
        }
    }

    /// One of two by the plan's bit.
    pub(super) fn choose<T>(&self, bit: u8, a: T, b: T) -> T {
        if self.look.plan >> bit & 1 == 0 { a } else { b }
    }

    pub(super) fn sheet(&mut self) -> &mut Sheet {
        self.sheets.last_mut().expect("there is always a sheet")
    }

    pub(super) fn next_sheet(&mut self) {
        self.sheets.push(Sheet::new(self.dpi));
        self.y = 60.0;
    }

    pub(super) fn nation(&self) -> &'static str {
        if self.look.old_tones {
            "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM"
        } else {
            "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
        }
    }

    /// Agency at the left, if any, nation and motto at the right or in the middle; `under` stands below the agency.
    pub(super) fn heading(&mut self, agency: &[String], under: &[(&str, &str)]) {
        let labels = self.labels;
        let nation = self.nation();
        let bold = Style::new(&labels.bold, 11.3);
        let bold = if bold.width(nation) > 285.0 {
            Style { size: 11.3 * 285.0 / bold.width(nation), ..bold }
        } else {
            bold
        };
        let top = self.y;
        let mut y = top;
        for (i, line) in agency.iter().enumerate() {
            let face = if i == 0 && agency.len() > 1 { &labels.regular } else { &labels.bold };
            let style = Style::new(face, 11.0);
            let style = Style { size: 11.0 * (205.0 / style.width(line)).min(1.0), ..style };
            self.sheet().centered(155.0, y, line, style);
            y += 15.0;
        }
        if !agency.is_empty() {
            self.sheet().rule(130.0, 180.0, y - 9.0);
        }
        for (label, value) in under {
            y += 4.0;
            self.pair(155.0, y, label, value, true);
            y += 13.0;
        }
        let center = if agency.is_empty() && under.is_empty() { WIDTH / 2.0 } else { 412.0 };
        self.sheet().centered(center, top, nation, bold);
        let motto = Style::new(&labels.bold, 11.8);
        self.sheet().centered(center, top + 17.0, "Độc lập - Tự do - Hạnh phúc", motto);
        let half = motto.width("Độc lập - Tự do - Hạnh phúc") / 2.0;
        self.sheet().rule(center - half, center + half, top + 23.0);
        self.y = y.max(top + 34.0);
    }

    /// A label and its value around `center`, the value bold and perhaps red.
    pub(super) fn pair(&mut self, center: f32, y: f32, label: &str, value: &str, red: bool) {
        let style = Style::new(&self.labels.regular, self.size);
        let inked = if red && self.look.red_number { RED } else { BLACK };
        let strong = Style::new(&self.values.bold, self.size).ink(inked);
        let x = center - (style.width(label) + 4.0 + strong.width(value)) / 2.0;
        let end = self.sheet().text(x, y, label, style);
        self.sheet().text(end + 4.0, y, value, strong);
        self.sheet().say(format!("{label} {value}"));
    }

    /// A title, one line each.
    pub(super) fn title(&mut self, lines: &[&str], size: f32) {
        let ink = if self.look.red_title { RED } else { BLACK };
        for (i, line) in lines.iter().enumerate() {
            let style = Style::new(&self.labels.bold, if i == 0 { size } else { size * 0.8 }).ink(ink);
            let y = self.y;
            self.sheet().centered(WIDTH / 2.0, y, line, style);
            self.y += size * 1.25;
        }
    }

    /// A centred line.
    pub(super) fn line(&mut self, text: &str, bold: bool, size: f32) {
        let face = if bold { &self.labels.bold } else { &self.labels.italic };
        let style = Style::new(face, size);
        let y = self.y;
        self.sheet().centered(WIDTH / 2.0, y, text, style);
        self.y += size * 1.6;
    }

    /// A section's heading, bold, on a line of its own.
    pub(super) fn section(&mut self, text: &str) {
        let style = Style::new(&self.labels.bold, self.size);
        let (x, y) = (self.left, self.y);
        self.sheet().text(x, y, text, style);
        self.sheet().say(text);
        self.y += self.pitch;
    }

    /// Labels with values over the whole width.
    pub(super) fn row(&mut self, parts: &[Part<'_>], strong: bool) {
        let (left, right) = (self.left, self.right);
        let stops: &[f32] = match (parts.len(), self.look.plan % 2) {
            (1, _) => &[0.0],
            (2, 0) => &[0.0, 0.5],
            (2, _) => &[0.0, 0.56],
            _ => &[0.0, 0.34, 0.67],
        };
        self.row_in(left, right, stops, parts, strong);
    }

    /// Labels with values between two edges, each from its share of the width; what is too long goes on below. One row of labels
    /// is one line of the page's text.
    pub(super) fn row_in(&mut self, left: f32, right: f32, stops: &[f32], parts: &[Part<'_>], strong: bool) {
        let mut said = Vec::new();
        let rest = self.parts(left, right, stops, parts, strong, &mut said);
        self.sheet().say(said.join(" "));
        self.y += self.pitch;
        for line in rest {
            self.filled(left, right, &line, strong);
            self.sheet().say(line);
            self.y += self.pitch;
        }
    }

    /// The first line of a row; what did not fit.
    fn parts(
        &mut self,
        left: f32,
        right: f32,
        stops: &[f32],
        parts: &[Part<'_>],
        strong: bool,
        said: &mut Vec<String>,
    ) -> Vec<String> {
        let label_style = Style::new(&self.labels.regular, self.size);
        let value_style = self.value_style(strong);
        let (y, drift) = (self.y, self.drift);
        let mut rest = Vec::new();
        for (i, (label, value)) in parts.iter().enumerate() {
            let x = left + (right - left) * stops[i];
            let limit = stops.get(i + 1).map_or(right, |stop| left + (right - left) * stop - 6.0);
            let end = self.sheet().text(x, y, label, label_style);
            if !label.is_empty() {
                said.push((*label).to_owned());
            }
            let from = match self.stop {
                Some(stop) if parts.len() == 1 && end < left + stop - 4.0 => left + stop,
                _ if label.is_empty() => end,
                _ => end + 5.0,
            };
            if self.look.leaders {
                self.sheet().leader(from, limit, y + 2.6);
            }
            let Some(value) = value else { continue };
            let mut lines = value_style.wrap(value, limit - from, right - left);
            let first = lines.remove(0);
            let to = self.sheet().text(from + drift.0, y + drift.1, &first, value_style);
            self.spots.push(((from + to) / 2.0, y));
            said.push(first);
            rest.extend(lines);
        }
        rest
    }

    fn value_style(&self, strong: bool) -> Style<'a> {
        let face = if strong || self.look.bold_values { &self.values.bold } else { &self.values.regular };
        let shrink = if self.values.regular_width() > 1.15 { 0.9 } else { 1.0 };
        Style::new(face, (self.size + 0.3) * shrink)
    }

    /// A line of value alone.
    fn filled(&mut self, left: f32, right: f32, line: &str, strong: bool) {
        let (y, drift, style) = (self.y, self.drift, self.value_style(strong));
        if self.look.leaders {
            self.sheet().leader(left, right, y + 2.6);
        }
        self.sheet().text(left + drift.0, y + drift.1, line, style);
    }

    /// Two columns of one-label rows: at the left and at the right; the left column is said whole before the right one.
    pub(super) fn columns(&mut self, left: &[Part<'_>], right: &[Part<'_>], strong: &[bool]) {
        let middle = (self.left + self.right) / 2.0;
        let edges = [(self.left, middle - 9.0), (middle + 9.0, self.right)];
        let mut said: [Vec<String>; 2] = [Vec::new(), Vec::new()];
        for (i, (a, b)) in left.iter().zip(right).enumerate() {
            let top = self.y;
            let mut lowest = top;
            for (side, part) in [a, b].into_iter().enumerate() {
                self.y = top;
                let (from, to) = edges[side];
                let mut first = Vec::new();
                let strong = strong.get(i).copied().unwrap_or(false);
                let rest = self.parts(from, to, &[0.0], &[*part], strong, &mut first);
                said[side].push(first.join(" "));
                self.y += self.pitch;
                for line in rest {
                    self.filled(from, to, &line, strong);
                    said[side].push(line);
                    self.y += self.pitch;
                }
                lowest = lowest.max(self.y);
            }
            self.y = lowest;
        }
        for line in said.into_iter().flatten() {
            self.sheet().say(line);
        }
    }

    /// Running text.
    pub(super) fn paragraph(&mut self, text: &str) {
        let style = Style::new(&self.labels.regular, self.size);
        let (left, right) = (self.left, self.right);
        for (i, line) in style.wrap(text, right - left - 24.0, right - left).iter().enumerate() {
            let (x, y) = (if i == 0 { left + 24.0 } else { left }, self.y);
            self.sheet().text(x, y, line, style);
            self.sheet().say(line.clone());
            self.y += self.pitch * 0.86;
        }
    }

    /// Lines, a signature, a name, and the seal: over the name or beside it.
    pub(super) fn signature(
        &mut self,
        center: f32,
        lines: &[(&str, Weight)],
        name: &str,
        rim: Option<(&str, &str)>,
        dice: &mut Dice,
    ) {
        let labels = self.labels;
        let bold = Style::new(&labels.bold, 11.5);
        let mut y = self.y;
        for (line, weight) in lines {
            let style = match weight {
                Weight::Bold => bold,
                Weight::Small => Style::new(&labels.italic, 10.4),
                Weight::Italic => Style::new(&labels.italic, 11.5),
            };
            let style = Style { size: style.size * (250.0 / style.width(line)).min(1.0), ..style };
            self.sheet().centered(center, y, line, style);
            y += 15.2;
        }
        let name_y = (y + 52.0).min(824.0);
        self.sheet().centered(center, name_y, name, Style { size: 12.0, ..bold });
        ink::sign(self.sheet(), center - 48.0, (y + name_y) / 2.0 + 2.0, 112.0, dice);
        if let Some((top, bottom)) = rim {
            let seal = Seal { top, bottom, font: &labels.bold };
            let (x, y) = if self.look.seal_on_signer {
                (center - dice.real(28.0, 44.0), name_y - dice.real(20.0, 30.0))
            } else {
                (center - dice.real(72.0, 86.0), (y + name_y) / 2.0 - 8.0)
            };
            seal.stamp(self.sheet(), x, y, dice);
            if self.look.seal_on_child && !self.spots.is_empty() && self.sheets.len() == 1 {
                let upper = (self.spots.len() as i64 - 1).min(3);
                let (x, y) = self.spots[dice.whole(0, upper) as usize];
                let (dx, dy) = (dice.real(-20.0, 20.0), dice.real(-14.0, 10.0));
                seal.stamp(self.sheet(), x + dx, y + dy, dice);
            }
        }
        self.y = name_y + 20.0;
    }
}

/// How a line over a signature is set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Bold,
    Small,
    Italic,
}

/// The words on a People's Committee's seal.
pub(super) fn committee_rim(place: &Place) -> (String, String) {
    (format!("ỦY BAN NHÂN DÂN {}", place.capitals()), format!("TỈNH {}", place.province.to_uppercase()))
}

/// A People's Committee as the heading names it.
pub(super) fn committee(place: &Place, long: bool) -> Vec<String> {
    let mut lines = vec!["ỦY BAN NHÂN DÂN".to_owned(), place.capitals()];
    if long {
        if let Some(district) = &place.district {
            lines.push(district.to_uppercase());
        }
        lines.push(format!("TỈNH {}", place.province.to_uppercase()));
    }
    lines
}
