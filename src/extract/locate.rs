//! Where a field's words stand: to the right of a label, below it, between two, or in a zone.

use std::collections::BTreeMap;

use super::form::{Pick, Place, Section, Spec, Take};
use super::label::{Hit, Hits, is_page};
use super::layout::Layout;
use super::parse;
use crate::geom::PixelBox;

/// What stands at a place.
#[derive(Clone, Debug)]
pub(crate) enum Located {
    /// The label is not on the paper, or was not read.
    NoLabel,
    /// The place is there and no words but leaders stand on it; beside a label, its page from 1 and its box.
    Empty(Option<(u32, PixelBox)>),
    /// Words stand there, and the place's pattern is not among them.
    Unmatched(Located1),
    /// Words.
    Words(Located1),
}

/// The words of a field.
#[derive(Clone, Debug)]
pub(crate) struct Located1 {
    /// Per line, the text; with a pattern, one line.
    pub(crate) lines: Vec<String>,
    pub(crate) page: u32,
    pub(crate) bbox: PixelBox,
    /// Of each word.
    pub(crate) confidences: Vec<f32>,
    pub(crate) label_quality: f32,
    /// A line below may belong to it.
    pub(crate) line_below: bool,
    /// The boxes of its rows.
    pub(crate) rows: Vec<PixelBox>,
    tokens: Vec<Vec<usize>>,
}

impl Located1 {
    pub(crate) fn text(&self) -> String {
        self.lines.join(" ")
    }
}

/// Everything known about one document under one form.
pub(crate) struct Locator<'a> {
    layout: &'a Layout,
    spec: &'a Spec,
    hits: Hits<'a>,
    /// Tokens of earlier stamps.
    dead: Vec<bool>,
    spans: BTreeMap<&'a str, Option<Span>>,
}

/// Where a section lies.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: usize,
    to: usize,
    columns: [f32; 2],
}

/// Default widest gap inside a value on one line, in line heights.
const WORD_GAP: f32 = 4.0;
/// Default widest pitch of lines, in line heights: forms are set at one and a half, dotted lines wider.
const LINE_GAP: f32 = 3.4;
/// A line that ends before this share of the text's width did not wrap.
const WRAP: f32 = 0.6;
/// A line that begins farther in than this share of the text's width goes on with nothing.
const INDENT: f32 = 0.3;
/// A run of words wider than this share of the page is two columns read as one.
const WIDE: f32 = 0.62;
/// So many line heights above its label begins what stands beside it.
const BESIDE: f32 = 4.0;

impl<'a> Locator<'a> {
    pub(crate) fn new(layout: &'a Layout, spec: &'a Spec) -> Self {
        let mut hits = Hits::find(layout, spec);
        let dead = stamps(layout, spec, &hits);
        // The labels inside stamps are no labels of the paper.
        hits.bury(&dead);
        let mut locator = Self { layout, spec, hits, dead, spans: BTreeMap::new() };
        locator.spans = spec.section.iter().map(|s| (s.id.get_ref().as_str(), locator.span(s))).collect();
        locator
    }

    /// Whether a label is on the paper.
    pub(crate) fn has(&self, label: &str) -> bool {
        !self.hits.of(label).is_empty()
    }

    /// Whether a section is on the paper.
    pub(crate) fn has_section(&self, section: &str) -> bool {
        self.spans.get(section).is_some_and(Option::is_some)
    }

    /// Whether an earlier stamp is on the paper.
    pub(crate) fn has_stamp(&self) -> bool {
        self.dead.iter().any(|d| *d)
    }

    /// The words at a place. `others` are the fields found so far, `valid` tells whether a line reads as the type.
    pub(crate) fn locate(
        &self,
        place: &Place,
        others: &BTreeMap<&str, Located1>,
        valid: &dyn Fn(&str) -> bool,
    ) -> Located {
        let mut blank = None;
        let (lines, quality, line_below) = match place.take {
            Take::Field => {
                let other = place.label.as_ref().and_then(|l| others.get(l.get_ref().as_str()));
                match other {
                    Some(found) => (found.tokens.clone(), found.label_quality, false),
                    None => return Located::NoLabel,
                }
            }
            Take::Qr => return Located::NoLabel,
            Take::Zone => match self.zone(place) {
                Some(lines) => (lines, 1.0, false),
                None => return Located::NoLabel,
            },
            Take::Right | Take::Below | Take::Between | Take::Label => {
                let Some(hit) = self.hit(place) else { return Located::NoLabel };
                let (lines, line_below) = match place.take {
                    Take::Right => {
                        blank = self.blank(hit, place);
                        self.right(hit, place)
                    }
                    Take::Below => (self.below(hit, place), false),
                    Take::Label => (vec![(hit.first..hit.end).collect()], false),
                    _ => (self.between(hit, place), false),
                };
                (lines, hit.quality, line_below)
            }
        };
        let lines = self.filter(lines, place, valid);
        match self.read(&lines, place, quality, line_below) {
            Some(found) => Located::Words(found),
            None if place.pattern.is_some() => match self.read(&lines, &place.plain(), quality, line_below) {
                Some(found) => Located::Unmatched(found),
                None => Located::Empty(blank),
            },
            None => Located::Empty(blank),
        }
    }

    /// The label's best place inside the section.
    fn hit(&self, place: &Place) -> Option<&Hit> {
        let label = place.label.as_ref()?;
        let span = match &place.section {
            Some(section) => Some(self.spans.get(section.get_ref().as_str()).copied().flatten()?),
            None => None,
        };
        let pages = self.layout.sheets.len();
        let candidates = self.hits.of(label.get_ref()).iter().filter(|hit| {
            let page = self.layout.rows[hit.row].page;
            let on_page = place.page.is_none_or(|p| is_page(p, page, pages));
            let inside = span.is_none_or(|s| self.inside(&s, hit.first));
            let in_zone = place.zone.is_none_or(|zone| {
                let (x, y) = self.layout.fraction(&self.layout.tokens[hit.first]);
                (zone[0]..=zone[2]).contains(&x) && (zone[1]..=zone[3]).contains(&y)
            });
            on_page && inside && in_zone
        });
        // The first of equals: reading order decides.
        candidates.fold(None, |best: Option<&Hit>, hit| match best {
            Some(b) if b.quality >= hit.quality - 0.08 => Some(b),
            _ => Some(hit),
        })
    }

    fn inside(&self, span: &Span, token: usize) -> bool {
        let (x, _) = self.layout.fraction(&self.layout.tokens[token]);
        (span.from..span.to).contains(&token) && (span.columns[0]..=span.columns[1]).contains(&x)
    }

    fn span(&self, section: &Section) -> Option<Span> {
        let columns = self.edges(section);
        let in_columns = |token: usize, columns: [f32; 2]| {
            let (x, _) = self.layout.fraction(&self.layout.tokens[token]);
            (columns[0]..=columns[1]).contains(&x)
        };
        let opening = |s: &Section| match &s.from {
            None => Some(0),
            Some(label) => {
                let columns = self.edges(s);
                self.hits.of(label.get_ref()).iter().map(|h| h.first).find(|&t| in_columns(t, columns))
            }
        };
        let from = opening(section)?;
        let meets = |s: &Section| {
            let other = self.edges(s);
            other[0] < columns[1] && columns[0] < other[1]
        };
        let next_sections = self
            .spec
            .section
            .iter()
            .filter(|s| s.id.get_ref() != section.id.get_ref() && meets(s))
            .filter_map(opening);
        let closings = section.until.iter().flat_map(|l| self.hits.of(l.get_ref())).map(|h| h.first);
        let to =
            next_sections.chain(closings).filter(|t| *t > from).min().unwrap_or(self.layout.tokens.len());
        Some(Span { from, to, columns })
    }

    /// The columns of a section: as the file says, parted where the labels of two columns stand side by side.
    fn edges(&self, section: &Section) -> [f32; 2] {
        let columns = section.columns.unwrap_or([0.0, 1.0]);
        let (Some(own), Some(other)) = (&section.from, &section.beside) else { return columns };
        let first = |label: &toml::Spanned<String>| self.hits.of(label.get_ref()).first();
        let (Some(own), Some(other)) = (first(own), first(other)) else { return columns };
        let x = |hit: &Hit| {
            let token = &self.layout.tokens[hit.first];
            let sheet = &self.layout.sheets[token.page];
            (token.x0 - 0.7 * (token.y1 - token.y0) - sheet.x0) / sheet.width.max(1.0)
        };
        let (own, other) = (x(own), x(other));
        if own < other { [columns[0], other] } else { [own, columns[1]] }
    }

    /// The token at which the place's section ends: its columns end there too.
    fn limit(&self, place: &Place) -> usize {
        let span =
            place.section.as_ref().and_then(|s| self.spans.get(s.get_ref().as_str()).copied().flatten());
        span.map_or(usize::MAX, |s| s.to)
    }

    fn columns(&self, place: &Place) -> [f32; 2] {
        let span =
            place.section.as_ref().and_then(|s| self.spans.get(s.get_ref().as_str()).copied().flatten());
        span.map_or([0.0, 1.0], |s| s.columns)
    }

    /// Whether a token counts: not of a stamp, and inside the section's columns.
    fn counts(&self, token: usize, columns: [f32; 2]) -> bool {
        let (x, _) = self.layout.fraction(&self.layout.tokens[token]);
        !self.dead[token] && (columns[0]..=columns[1]).contains(&x)
    }

    fn right(&self, hit: &Hit, place: &Place) -> (Vec<Vec<usize>>, bool) {
        let mut columns = self.columns(place);
        if place.hang {
            let token = &self.layout.tokens[hit.first];
            let sheet = &self.layout.sheets[token.page];
            columns[0] = columns[0].max((token.x0 - (token.y1 - token.y0) - sheet.x0) / sheet.width.max(1.0));
        }
        let row = &self.layout.rows[hit.row];
        let stop = self.hits.next_in_row(hit.row, hit.end).unwrap_or(row.tokens.end);
        let open = !(stop..row.tokens.end).any(|t| self.counts(t, columns));
        let (mut first, cut) = self.run(hit.end..stop, columns, place.gap.unwrap_or(WORD_GAP), row.height);
        let mut lines = Vec::new();
        let mut last_row = hit.row;
        let mut last_x = first.iter().map(|&t| self.layout.tokens[t].x1).fold(f32::MIN, f32::max);
        if first.iter().all(|&t| self.layout.tokens[t].is_mark()) {
            // A dotted line of nothing: the value may stand on the next.
            last_x = f32::MAX;
        }
        lines.push(std::mem::take(&mut first));
        let mut line_below = false;
        if open && !cut {
            let (left, right) = self.margins(row.page, columns);
            let limit = self.limit(place);
            while lines.len() < place.lines.max(1) + 1 {
                let next = self.continuation(last_row, columns, place);
                let Some((at, next)) = next.filter(|(at, _)| self.layout.rows[*at].tokens.start < limit)
                else {
                    break;
                };
                // A short line wrapped too where the next word would not have fitted.
                let next_word = &self.layout.tokens[next[0]];
                let full = last_x + (next_word.x1 - next_word.x0) + 0.3 * self.layout.rows[at].height > right;
                let wrapped = full || last_x > left + (right - left) * WRAP;
                if lines.len() == place.lines.max(1) || !wrapped {
                    // One line too many, or the line above had room: not taken, and said.
                    line_below = place.lines > 1;
                    break;
                }
                // What goes on begins where lines begin: at the margin, or under the value's own beginning.
                let begins = self.layout.tokens[next[0]].x0;
                let own = lines[0].first().map_or(left, |&t| self.layout.tokens[t].x0);
                let height = self.layout.rows[at].height;
                let at_label = (begins - self.layout.tokens[hit.first].x0).abs() <= 1.5 * height;
                let far_in = begins > left + (right - left) * INDENT;
                if far_in && !at_label && ((begins - own).abs() > 2.0 * height || self.is_dated(&next)) {
                    break;
                }
                last_x = next.iter().map(|&t| self.layout.tokens[t].x1).fold(f32::MIN, f32::max);
                last_row = at;
                lines.push(next);
            }
        }
        (lines, line_below)
    }

    /// The box beside a label, as far as the next word of its columns: its page from 1, and its pixels.
    fn blank(&self, hit: &Hit, place: &Place) -> Option<(u32, PixelBox)> {
        let columns = self.columns(place);
        let row = &self.layout.rows[hit.row];
        let label = (hit.first..hit.end).map(|t| self.layout.tokens[t].bbox).reduce(|a, b| a.union(&b))?;
        let beside = |t: &usize| self.counts(*t, columns) && !parse::is_leader(&self.layout.tokens[*t].text);
        let next = (hit.end..row.tokens.end).find(beside).map(|t| self.layout.tokens[t].bbox.x0);
        let end = next.unwrap_or(self.margins(row.page, columns).1.max(0.0) as u32);
        let wide = end > label.x1 + 2 * label.height();
        wide.then(|| (row.page as u32 + 1, PixelBox::new(label.x1, label.y0, end, label.y1)))
    }

    /// Whether a line is the one above a signature: a place and its date, `…, ngày 2 tháng 7 năm 2025`.
    fn is_dated(&self, line: &[usize]) -> bool {
        let text = super::text::plain(&self.text(line));
        let after = |text: &str, word: &str| text.find(word).map(|at| at + word.len());
        after(&text, "ngay")
            .and_then(|day| Some(day + after(&text[day..], "thang")?))
            .and_then(|month| after(&text[month..], "nam"))
            .is_some()
    }

    /// Tokens up to the first gap that is too wide; whether there was one.
    fn run(
        &self,
        range: std::ops::Range<usize>,
        columns: [f32; 2],
        gap: f32,
        height: f32,
    ) -> (Vec<usize>, bool) {
        let mut out: Vec<usize> = Vec::new();
        let mut begun = false;
        for token in range.filter(|&t| self.counts(t, columns)) {
            // Behind specks and leaders alone a value begins as far from its label as it likes.
            if let Some(&last) = out.last().filter(|_| begun)
                && self.layout.tokens[token].x0 - self.layout.tokens[last].x1 > gap * height
            {
                return (out, true);
            }
            begun |= !self.layout.tokens[token].is_mark();
            out.push(token);
        }
        (out, false)
    }

    /// The words at the start of the next row of these columns that no label claims, and the row.
    fn continuation(&self, row: usize, columns: [f32; 2], place: &Place) -> Option<(usize, Vec<usize>)> {
        let this = &self.layout.rows[row];
        for (index, next) in self.layout.rows.iter().enumerate().skip(row + 1) {
            let near = next.page == this.page && next.y - this.y <= LINE_GAP * this.height.max(next.height);
            if !near {
                return None;
            }
            let mine: Vec<usize> = next.tokens.clone().filter(|&t| self.counts(t, columns)).collect();
            // A row of the other column alone.
            let Some(&first) = mine.first() else { continue };
            let label = mine.iter().copied().find(|&t| self.hits.covers(index, t));
            let (words, _) = self.run(
                first..label.unwrap_or(next.tokens.end),
                columns,
                place.gap.unwrap_or(WORD_GAP),
                next.height,
            );
            let solid = words.iter().any(|&t| !self.layout.tokens[t].is_mark());
            return solid.then_some((index, words));
        }
        None
    }

    /// Left and right edge of the running text of a page.
    fn margins(&self, page: usize, columns: [f32; 2]) -> (f32, f32) {
        let rows = self.layout.rows.iter().filter(|r| r.page == page && r.tokens.len() >= 3);
        let tokens = rows
            .flat_map(|r| r.tokens.clone())
            .filter(|&t| self.counts(t, columns))
            .map(|t| &self.layout.tokens[t]);
        tokens.fold((f32::MAX, f32::MIN), |(l, r), t| (l.min(t.x0), r.max(t.x1)))
    }

    fn below(&self, hit: &Hit, place: &Place) -> Vec<Vec<usize>> {
        let tokens = &self.layout.tokens;
        let label_end = (hit.first..hit.end).rev().find(|&t| !tokens[t].is_mark()).unwrap_or(hit.first);
        let (x0, x1) = (tokens[hit.first].x0, tokens[label_end].x1);
        let page = self.layout.rows[hit.row].page;
        let gap = place.gap.unwrap_or(LINE_GAP);
        // Labels of another column end nothing here.
        let beneath = |h: &&Hit| h.row > hit.row && tokens[h.end - 1].x1 > x0 && tokens[h.first].x0 < x1;
        let stops: Vec<usize> = place
            .until
            .iter()
            .flat_map(|l| self.hits.of(l.get_ref()))
            .filter(beneath)
            .map(|h| h.row)
            .collect();
        let mut last_y = self.layout.rows[hit.row].y;
        let mut height = self.layout.rows[hit.row].height;
        let mut lines = Vec::new();
        for (index, row) in self.layout.rows.iter().enumerate().skip(hit.row + 1) {
            if row.page != page || stops.contains(&index) {
                break;
            }
            if row.y - last_y > gap * height.max(row.height) {
                break;
            }
            let mut line: Vec<usize> = Vec::new();
            let mut labelled = false;
            for cell in &row.cells {
                let (c0, c1) = (tokens[cell.start].x0, tokens[cell.end - 1].x1);
                let overlap = c1.min(x1) - c0.max(x0);
                if overlap < 0.3 * (c1 - c0).min(x1 - x0) {
                    continue;
                }
                // A run over most of the page was joined with its neighbour: the label's half of it counts.
                let sheet = &self.layout.sheets[page];
                let middle = sheet.x0 + sheet.width / 2.0;
                let wide = c1 - c0 > WIDE * sheet.width;
                for t in cell.clone().filter(|&t| !self.dead[t]) {
                    let centre = (tokens[t].x0 + tokens[t].x1) / 2.0;
                    if wide && (centre < middle) != ((x0 + x1) / 2.0 < middle) {
                        continue;
                    }
                    if self.hits.covers(index, t) {
                        labelled = true;
                    } else {
                        line.push(t);
                    }
                }
            }
            if labelled && line.iter().all(|&t| tokens[t].is_mark()) {
                break;
            }
            if line.iter().any(|&t| !tokens[t].is_mark()) {
                last_y = row.y;
                height = row.height;
                lines.push(line);
            }
        }
        lines
    }

    fn between(&self, hit: &Hit, place: &Place) -> Vec<Vec<usize>> {
        let columns = self.columns(place);
        let stops = place.until.iter().flat_map(|l| self.hits.of(l.get_ref())).map(|h| h.first);
        let Some(stop) = stops.filter(|t| *t >= hit.end).min() else { return Vec::new() };
        let rows = self.layout.rows.iter().skip(hit.row).take(place.lines.max(1));
        rows.map(|row| {
            let range = row.tokens.start.max(hit.end)..row.tokens.end.min(stop);
            range.filter(|&t| self.counts(t, columns)).collect::<Vec<usize>>()
        })
        .filter(|line| !line.is_empty())
        .collect()
    }

    /// The lines of a zone; None where a label that bounds it from above or below is missing.
    fn zone(&self, place: &Place) -> Option<Vec<Vec<usize>>> {
        let tokens = &self.layout.tokens;
        let edge =
            |label: &Option<toml::Spanned<String>>| label.as_ref().map(|l| self.hits.of(l.get_ref()).first());
        let bounds = [edge(&place.above), edge(&place.under), edge(&place.beside)];
        if bounds.iter().any(|b| matches!(b, Some(None))) {
            return None;
        }
        let [above, under, beside] = bounds.map(Option::flatten);
        let (left_of, right_of) = (edge(&place.left_of).flatten(), edge(&place.right_of).flatten());
        let [x0, y0, x1, y1] = place.zone.unwrap_or([0.0, 0.0, 1.0, 1.0]);
        let anchor_page = above.or(under).or(beside).map(|h| self.layout.rows[h.row].page);
        let top = beside.map(|h| self.layout.rows[h.row].y - BESIDE * self.layout.rows[h.row].height);
        let stop = place.until.iter().flat_map(|l| self.hits.of(l.get_ref())).map(|h| h.first);
        let stop = stop.filter(|t| under.is_none_or(|u| *t >= u.end)).min().unwrap_or(tokens.len());
        let mut lines: Vec<Vec<usize>> = Vec::new();
        let mut last: Option<usize> = None;
        for (index, row) in self.layout.rows.iter().enumerate() {
            let right_page = match (anchor_page, place.page) {
                (Some(page), _) => row.page == page,
                (None, Some(page)) => is_page(page, row.page, self.layout.sheets.len()),
                (None, None) => true,
            };
            if !right_page
                || above.is_some_and(|h| index >= h.row)
                || under.is_some_and(|h| index <= h.row)
                || top.is_some_and(|y| row.y < y)
                || row.tokens.start >= stop
            {
                continue;
            }
            let line: Vec<usize> = row
                .tokens
                .clone()
                .filter(|&t| {
                    let token = &tokens[t];
                    let (x, y) = self.layout.fraction(token);
                    let centre = (token.x0 + token.x1) / 2.0;
                    !self.dead[t]
                        && !self.hits.covers(index, t)
                        && (x0..=x1).contains(&x)
                        && (y0..=y1).contains(&y)
                        && left_of.is_none_or(|h| centre < tokens[h.first].x0)
                        && right_of.is_none_or(|h| centre > tokens[h.end - 1].x1)
                })
                .collect();
            if line.iter().all(|&t| tokens[t].is_mark()) {
                continue;
            }
            if let (Some(gap), Some(last)) = (place.gap, last) {
                let last: &super::layout::Row = &self.layout.rows[last];
                if row.y - last.y > gap * last.height.max(row.height) {
                    break;
                }
            }
            last = Some(index);
            lines.push(line);
        }
        Some(lines)
    }

    /// The lines that the place asks for, grouped into items where it says so.
    fn filter(&self, lines: Vec<Vec<usize>>, place: &Place, valid: &dyn Fn(&str) -> bool) -> Vec<Vec<usize>> {
        let plain = |line: &Vec<usize>| super::text::plain(&self.text(line));
        let mut kept: Vec<Vec<usize>> = lines
            .into_iter()
            .map(|line| if place.starts.is_some() { line } else { self.strip(&line) })
            .filter(|line| place.only.as_ref().is_none_or(|p| p.0.is_match(&plain(line))))
            .filter(|line| place.not.as_ref().is_none_or(|p| !p.0.is_match(&plain(line))))
            .collect();
        if matches!(place.take, Take::Zone | Take::Below) {
            kept.truncate(place.lines);
        }
        if let Some(starts) = &place.starts {
            let mut items: Vec<Vec<usize>> = Vec::new();
            for line in kept {
                match items.last_mut() {
                    Some(item) if !starts.0.is_match(&plain(&line)) => item.extend(line),
                    _ => items.push(line),
                }
            }
            kept = items;
        }
        let reads = |line: &Vec<usize>| valid(&self.text(line));
        let one = |line: Option<Vec<usize>>| line.into_iter().collect();
        match place.pick {
            Pick::All => kept,
            Pick::First => one(kept.into_iter().next()),
            Pick::Last => one(kept.pop()),
            Pick::Previous => {
                kept.pop();
                one(kept.pop())
            }
            Pick::FirstValid => one(kept.into_iter().find(reads)),
            Pick::LastValid => one(kept.into_iter().rfind(reads)),
        }
    }

    fn text(&self, line: &[usize]) -> String {
        self.join(line).0
    }

    /// The words of a line and where each token's text begins in it.
    fn join(&self, line: &[usize]) -> (String, Vec<usize>) {
        let mut text = String::new();
        let mut starts = Vec::with_capacity(line.len());
        for (i, &t) in line.iter().enumerate() {
            let token = &self.layout.tokens[t];
            let glued = token.glued && i > 0 && line[i - 1] + 1 == t;
            if !text.is_empty() && !glued {
                text.push(' ');
            }
            starts.push(text.len());
            text.push_str(&token.text);
        }
        (text, starts)
    }

    fn read(&self, lines: &[Vec<usize>], place: &Place, quality: f32, line_below: bool) -> Option<Located1> {
        let mut tokens: Vec<Vec<usize>> =
            lines.iter().map(|l| self.strip(l)).filter(|l| !l.is_empty()).collect();
        let mut texts: Vec<String> = tokens.iter().map(|l| self.text(l)).collect();
        if let Some(pattern) = &place.pattern {
            let all: Vec<usize> = tokens.concat();
            let (text, starts) = self.join(&all);
            let captures = pattern.0.captures(&text)?;
            let found = captures.get(1).or_else(|| captures.get(0))?;
            let touched = |i: &usize| {
                let from = starts[*i];
                let to = starts.get(i + 1).copied().unwrap_or(text.len());
                from < found.end() && found.start() < to
            };
            let part: Vec<usize> = (0..all.len()).filter(touched).map(|i| all[i]).collect();
            texts = vec![found.as_str().trim().to_owned()];
            tokens = vec![part];
        }
        if texts.iter().all(|t| parse::trim(t).is_none()) {
            return None;
        }
        let first = tokens.iter().flatten().next()?;
        // The box is of one page; what runs over to the next page is in the text.
        let page = self.layout.tokens[*first].page;
        let words = || tokens.iter().flatten().map(|&t| &self.layout.tokens[t]);
        let bbox = words().filter(|t| t.page == page).map(|t| t.bbox).reduce(|a, b| a.union(&b))?;
        let confidences = words().filter(|t| !t.is_mark()).map(|t| t.confidence).collect();
        let mut rows: Vec<(usize, PixelBox)> = Vec::new();
        for token in words().filter(|t| t.page == page) {
            match rows.last_mut() {
                Some((row, bbox)) if *row == token.row => *bbox = bbox.union(&token.bbox),
                _ => rows.push((token.row, token.bbox)),
            }
        }
        let rows = rows.into_iter().map(|(_, bbox)| bbox).collect();
        let page = page as u32 + 1;
        Some(Located1 {
            lines: texts,
            page,
            bbox,
            confidences,
            label_quality: quality,
            line_below,
            rows,
            tokens,
        })
    }

    /// A line without the leaders and stray marks at its ends.
    fn strip(&self, line: &[usize]) -> Vec<usize> {
        let tokens = &self.layout.tokens;
        let solid = |t: &usize| !tokens[*t].is_mark();
        let Some(from) = line.iter().position(solid) else { return Vec::new() };
        let to = line.iter().rposition(solid).map_or(from, |p| p + 1);
        line[from..to].iter().copied().filter(|&t| !parse::is_leader(&tokens[t].text)).collect()
    }
}

/// The tokens of earlier certification stamps: from their title so many rows down, in their own column.
fn stamps(layout: &Layout, spec: &Spec, hits: &Hits) -> Vec<bool> {
    let mut dead = vec![false; layout.tokens.len()];
    for ignore in &spec.ignore {
        for hit in hits.of(ignore.from.get_ref()) {
            let cell = layout.cell_of(hit.first);
            let (mut x0, mut x1) = (layout.tokens[cell.start].x0, layout.tokens[cell.end - 1].x1);
            dead[cell].fill(true);
            let (page, mut y) = (layout.rows[hit.row].page, layout.rows[hit.row].y);
            for row in layout.rows.iter().skip(hit.row + 1).take(ignore.lines) {
                if row.page != page || row.y - y > LINE_GAP * row.height {
                    break;
                }
                for cell in &row.cells {
                    let (c0, c1) = (layout.tokens[cell.start].x0, layout.tokens[cell.end - 1].x1);
                    if c1.min(x1) - c0.max(x0) >= 0.5 * (c1 - c0).min(x1 - x0) {
                        dead[cell.clone()].fill(true);
                        y = row.y;
                        x0 = x0.min(c0);
                        x1 = x1.max(c1);
                    }
                }
            }
        }
    }
    dead
}
