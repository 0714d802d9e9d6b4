//! Tables for people, to last as long as the copies: PDF/A-3u, landscape A4, without attachments or signatures.
//!
//! In come headings, columns and rows as text, out comes the file; what the words mean is not this file's business. Cells wrap and
//! never overlap, the header row stands on every page, a row too tall for a page goes on on the next. The same input gives the
//! same bytes.

use std::fmt::Write as _;

use time::OffsetDateTime;
use unicode_normalization::UnicodeNormalization;

use crate::record::Digest;

use super::error::CertifyError;
use super::file::{File, Ref, number};
use super::font::{Face, Fonts, Set};
use super::pdfa::{self, About};
use super::strip::{Align, wrap};

/// Landscape A4 in points.
const PAGE: [f64; 2] = [841.89, 595.276];
/// Left and right.
const SIDE: f64 = 34.0;
/// From the page's upper edge to the first row.
const TOP: f64 = PAGE[1] - 34.0;
/// No row goes below.
const BOTTOM: f64 = 40.0;
/// The footer's baseline.
const FOOTER: f64 = 24.0;
/// The size of the table's text, and of the footer's.
const SIZE: f64 = 9.0;
const FOOTER_SIZE: f64 = 8.0;
/// From one line to the next, as a part of the size: room for capitals with two marks.
const LEADING: f64 = 1.25;
/// Between a cell's border and its text.
const PAD: f64 = 3.0;

/// The tables of one file.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The file's title.
    pub title: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Who answers for it.
    pub publisher: String,
    /// When it was made.
    pub created: OffsetDateTime,
    /// Stands at the foot of every page, beside the page's number; one row, what does not fit is left out.
    pub footer: String,
    /// Each begins on a page of its own.
    pub tables: Vec<Table>,
}

/// One table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Above it.
    pub heading: Vec<Paragraph>,
    /// From the left.
    pub columns: Vec<Column>,
    /// From above; cells in the columns' order.
    pub rows: Vec<Vec<Cell>>,
    /// Below it.
    pub closing: Vec<Paragraph>,
}

/// Text over the whole width; it wraps where it must, `\n` breaks it.
#[derive(Clone, Debug)]
pub struct Paragraph {
    /// The words.
    pub text: String,
    /// In points.
    pub size: f64,
    /// Whether in bold.
    pub bold: bool,
    /// Where.
    pub align: Align,
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// In the header row.
    pub title: String,
    /// In proportion to the others'.
    pub width: f64,
    /// Where its cells' text stands.
    pub align: Align,
}

/// One cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// Whether struck out: a line runs through the words, which stay readable.
    pub struck: bool,
}

impl Tables {
    /// Sets the tables. A character that the font lacks, or that shows nothing, stands as its code: `[U+6F22]`.
    ///
    /// # Errors
    /// [`CertifyError::NoPage`] without a table; [`CertifyError::TableHeader`]; fonts that cannot be used.
    pub fn to_pdf(&self, fonts: &Fonts) -> Result<Vec<u8>, CertifyError> {
        if self.tables.is_empty() {
            return Err(CertifyError::NoPage);
        }
        let mut sheet = Sheet::new(fonts);
        for table in &self.tables {
            sheet.begin_page();
            sheet.table(table)?;
        }
        sheet.foot(&self.footer)?;
        self.write(sheet)
    }

    fn write(&self, sheet: Sheet<'_>) -> Result<Vec<u8>, CertifyError> {
        let mut file = File::new(64 * 1024);
        let (root, tree) = (file.reserve(), file.reserve());
        let mut used = String::new();
        for (set, font) in sheet.sets.into_iter().zip(["R", "B"]) {
            if let Some(object) = set.write(&mut file)? {
                write!(used, " /{font} {object}").expect("writing to memory succeeds");
            }
        }
        let resources = file.add(format_args!("<< /Font <<{used} >> >>"));
        let [width, height] = PAGE.map(number);
        let mut kids = Vec::new();
        for content in &sheet.pages {
            let contents = file.add_deflated("", content.as_bytes());
            let page = file.add(format_args!(
                "<< /Type /Page /Parent {tree} /MediaBox [0 0 {width} {height}] /Resources {resources} /Contents {contents} >>"
            ));
            kids.push(Ref::to_string(&page));
        }
        file.put(tree, format_args!("<< /Type /Pages /Count {} /Kids [{}] >>", kids.len(), kids.join(" ")));
        let about = About {
            title: &self.title,
            description: &self.description,
            publisher: &self.publisher,
            created: self.created,
        };
        pdfa::catalog(&mut file, root, tree, &pdfa::xmp(&about, ""), &[], &[]);
        let digest = Digest::of(file.bytes()).0;
        file.close(root, digest.first_chunk().expect("a digest has 32 bytes"));
        Ok(file.into_bytes())
    }
}

/// The pages while they are set; `y` is where the next thing's upper edge goes.
struct Sheet<'a> {
    fonts: &'a Fonts,
    /// Regular and bold.
    sets: [Set<'a>; 2],
    pages: Vec<String>,
    y: f64,
}

/// A row with its cells wrapped.
struct Row {
    cells: Vec<(Vec<String>, bool)>,
    /// Lines of the tallest cell.
    lines: usize,
    header: bool,
}

/// Where a column stands.
struct Place {
    x: f64,
    width: f64,
    align: Align,
}

impl<'a> Sheet<'a> {
    fn new(fonts: &'a Fonts) -> Self {
        Self { fonts, sets: [fonts.face(false).set(), fonts.face(true).set()], pages: Vec::new(), y: TOP }
    }

    fn begin_page(&mut self) {
        self.pages.push(String::new());
        self.y = TOP;
    }

    fn table(&mut self, table: &Table) -> Result<(), CertifyError> {
        table.heading.iter().try_for_each(|paragraph| self.paragraph(paragraph))?;
        self.y -= 6.0;
        let total: f64 = table.columns.iter().map(|column| column.width).sum();
        let mut x = SIDE;
        let mut places = Vec::new();
        for column in &table.columns {
            let width = (PAGE[0] - 2.0 * SIDE) * column.width / total;
            places.push(Place { x, width, align: column.align });
            x += width;
        }
        let titles: Vec<Cell> =
            table.columns.iter().map(|column| Cell { text: column.title.clone(), struck: false }).collect();
        let header = self.wrap_row(&titles, &places, true)?;
        // A row of one line must fit below it, with its own padding.
        if lines_in(TOP - BOTTOM - 2.0 * PAD) < header.lines + 1 {
            return Err(CertifyError::TableHeader { lines: header.lines });
        }
        let mut fresh = lines_in(self.y - BOTTOM) < header.lines + 2;
        if fresh {
            self.begin_page();
        }
        self.band(&header, 0..header.lines, &places)?;
        for cells in &table.rows {
            let row = self.wrap_row(cells, &places, false)?;
            let mut done = 0;
            while done < row.lines {
                let rest = row.lines - done;
                let room = lines_in(self.y - BOTTOM);
                // A row that a page of its own holds stays whole; a taller one fills pages of its own.
                if room >= rest || fresh {
                    let end = done + rest.min(room);
                    self.band(&row, done..end, &places)?;
                    done = end;
                    fresh = false;
                } else {
                    self.begin_page();
                    self.band(&header, 0..header.lines, &places)?;
                    fresh = true;
                }
            }
        }
        self.y -= 6.0;
        table.closing.iter().try_for_each(|paragraph| self.paragraph(paragraph))
    }

    fn paragraph(&mut self, paragraph: &Paragraph) -> Result<(), CertifyError> {
        let Paragraph { size, bold, align, .. } = *paragraph;
        let face = self.fonts.face(bold);
        let width = PAGE[0] - 2.0 * SIDE;
        for line in wrap(&shown(&paragraph.text, face), face, size, width)? {
            if self.y - size * LEADING < BOTTOM {
                self.begin_page();
            }
            self.y -= size * LEADING;
            let x = align_in(SIDE, width, face.width(&line, size)?, align);
            self.text(&line, bold, size, [x, self.y + 0.3 * size])?;
        }
        Ok(())
    }

    fn wrap_row(&self, cells: &[Cell], places: &[Place], header: bool) -> Result<Row, CertifyError> {
        let face = self.fonts.face(header);
        let none = Cell::default();
        let cells: Vec<(Vec<String>, bool)> = places
            .iter()
            .zip(cells.iter().chain(std::iter::repeat(&none)))
            .map(|(place, cell)| {
                let lines = wrap(&shown(&cell.text, face), face, SIZE, place.width - 2.0 * PAD)?;
                Ok((lines, cell.struck))
            })
            .collect::<Result<_, CertifyError>>()?;
        let lines = cells.iter().map(|(lines, _)| lines.len()).max().unwrap_or(1);
        Ok(Row { cells, lines, header })
    }

    /// Draws some lines of a row, boxed.
    fn band(
        &mut self,
        row: &Row,
        lines: std::ops::Range<usize>,
        places: &[Place],
    ) -> Result<(), CertifyError> {
        let height = lines.len() as f64 * SIZE * LEADING + 2.0 * PAD;
        let top = self.y;
        self.y -= height;
        let boxes: String =
            places.iter().map(|p| [p.x, self.y, p.width, height].map(number).join(" ") + " re\n").collect();
        let paint = if row.header { "0.9 g 0 G 0.5 w" } else { "0 G 0.5 w" };
        let how = if row.header { "B" } else { "S" };
        self.draw(format_args!("{paint}\n{boxes}{how}\n"));
        let face = self.fonts.face(row.header);
        for (place, (cell, struck)) in places.iter().zip(&row.cells) {
            for (i, line) in cell.iter().take(lines.end).skip(lines.start).enumerate() {
                let width = face.width(line, SIZE)?;
                let align = if row.header { Align::Center } else { place.align };
                let x = align_in(place.x + PAD, place.width - 2.0 * PAD, width, align);
                let y = top - PAD - (i as f64 + 1.0) * SIZE * LEADING + 0.3 * SIZE;
                self.text(line, row.header, SIZE, [x, y])?;
                if *struck && width > 0.0 {
                    let (left, right, y) = (number(x), number(x + width), number(y + 0.27 * SIZE));
                    self.draw(format_args!("0.75 0 0 RG 0.5 w {left} {y} m {right} {y} l S\n"));
                }
            }
        }
        Ok(())
    }

    /// The footer, once it is known how many pages there are.
    fn foot(&mut self, footer: &str) -> Result<(), CertifyError> {
        let face = self.fonts.face(false);
        let count = self.pages.len();
        let first =
            wrap(&shown(footer, face), face, FOOTER_SIZE, PAGE[0] - 2.0 * SIDE - 100.0)?.swap_remove(0);
        for i in 0..count {
            let number = format!("Trang {}/{count}", i + 1);
            let x = PAGE[0] - SIDE - face.width(&number, FOOTER_SIZE)?;
            for (text, x) in [(first.as_str(), SIDE), (&number, x)] {
                let operators = self.operators(text, false, FOOTER_SIZE, [x, FOOTER])?;
                self.pages[i].push_str(&operators);
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, bold: bool, size: f64, at: [f64; 2]) -> Result<(), CertifyError> {
        let operators = self.operators(text, bold, size, at)?;
        self.draw(format_args!("{operators}"));
        Ok(())
    }

    fn operators(
        &mut self,
        text: &str,
        bold: bool,
        size: f64,
        [x, y]: [f64; 2],
    ) -> Result<String, CertifyError> {
        if text.is_empty() {
            return Ok(String::new());
        }
        let font = if bold { "B" } else { "R" };
        let mut out = format!("BT 0 g /{font} {} Tf {} {} Td <", number(size), number(x), number(y));
        for code in self.sets[usize::from(bold)].codes(text)? {
            write!(out, "{code:04X}").expect("writing to memory succeeds");
        }
        out.push_str("> Tj ET\n");
        Ok(out)
    }

    fn draw(&mut self, operators: std::fmt::Arguments<'_>) {
        let page = self.pages.last_mut().expect("a table begins with a page");
        page.write_fmt(operators).expect("writing to memory succeeds");
    }
}

/// How many lines a row of this height has room for.
fn lines_in(height: f64) -> usize {
    // A tenth of a point of rounding must not cost a line; a negative height has room for none.
    ((height - 2.0 * PAD + 0.1) / (SIZE * LEADING)).floor().max(0.0) as usize
}

fn align_in(left: f64, width: f64, text: f64, align: Align) -> f64 {
    match align {
        Align::Left => left,
        Align::Center => left + (width - text) / 2.0,
        Align::Right => left + width - text,
    }
}

/// The text as the font can show it. A list with a name that no font has is better than no list, and nothing is left out unseen.
fn shown(text: &str, face: &Face) -> String {
    let text: String = text.nfc().collect();
    let has = |text: &str| face.width(text, 1.0).is_ok();
    let words = text.split_whitespace().collect::<String>();
    if !words.contains(unseen) && has(&words) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() || (!unseen(c) && has(c.encode_utf8(&mut [0; 4]))) {
            out.push(c);
        } else {
            write!(out, "[U+{:04X}]", u32::from(c)).expect("writing to memory succeeds");
        }
    }
    out
}

/// Whether a character would stand there without being seen.
fn unseen(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFFE}')
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn tables(rows: Vec<Vec<Cell>>) -> Tables {
        let column = |title: &str, width| Column { title: title.into(), width, align: Align::Left };
        let heading =
            |text: &str| Paragraph { text: text.into(), size: 14.0, bold: true, align: Align::Center };
        Tables {
            title: "Danh sách".into(),
            description: "Một danh sách thử".into(),
            publisher: "Ủy ban nhân dân xã Mẫu".into(),
            created: datetime!(2026-11-22 03:04:05 UTC),
            footer: "chân trang".into(),
            tables: vec![Table {
                heading: vec![heading("DANH SÁCH")],
                columns: vec![column("Số", 1.0), column("Tên", 3.0)],
                rows,
                closing: vec![heading("Hết")],
            }],
        }
    }

    fn cell(text: &str) -> Cell {
        Cell { text: text.into(), struck: false }
    }

    fn pages(pdf: &[u8]) -> usize {
        lopdf::Document::load_mem(pdf).expect("a PDF").get_pages().len()
    }

    #[test]
    fn the_same_input_gives_the_same_bytes_and_another_time_does_not() {
        let fonts = Fonts::find().expect("fonts-liberation2 is installed");
        let mut list = tables(vec![vec![cell("1"), cell("Nguyễn Thị Ví Dụ")]]);
        let first = list.to_pdf(&fonts).expect("it is set");
        assert_eq!(first, list.to_pdf(&fonts).expect("it is set"));
        list.created += time::Duration::seconds(1);
        assert_ne!(first, list.to_pdf(&fonts).expect("it is set"));
    }

    #[test]
    fn a_row_taller_than_a_page_goes_on_on_the_next() {
        let fonts = Fonts::find().expect("fonts-liberation2 is installed");
        let long = "Ế ".repeat(6000);
        let pdf = tables(vec![vec![cell("1")], vec![cell("2"), cell(&long)], vec![]])
            .to_pdf(&fonts)
            .expect("it is set");
        assert!((3..=6).contains(&pages(&pdf)), "{}", pages(&pdf));
        // Not a header: it stands on every page.
        let mut list = tables(vec![vec![cell("x")]; 3]);
        list.tables[0].columns[0].title = long;
        assert!(matches!(list.to_pdf(&fonts), Err(CertifyError::TableHeader { .. })));
        // The tallest that leaves room for one line on a page of its own.
        for lines in 1..60 {
            list.tables[0].columns[0].title = vec!["x"; lines].join("\n");
            match list.to_pdf(&fonts) {
                Ok(pdf) => assert!(lines <= 44 && pages(&pdf) <= 5, "{lines}"),
                Err(error) => assert!(lines > 44, "{error}"),
            }
        }
    }

    #[test]
    fn what_the_font_lacks_stands_as_its_code() {
        let fonts = Fonts::find().expect("fonts-liberation2 is installed");
        let face = fonts.face(false);
        assert_eq!(
            shown("Lý 漢\u{202E}\u{7}\u{0}\u{FEFF}", face),
            "Lý [U+6F22][U+202E][U+0007][U+0000][U+FEFF]"
        );
        assert_eq!(shown("a\tb\nc\u{A0}d", face), "a\tb\nc\u{A0}d");
        // Another normal form is the same name.
        assert_eq!(shown("Ve\u{302}\u{301}", face), "Vế");
        assert!(tables(vec![vec![cell("漢\r\n字\u{0}\u{85}\u{2028}x\u{3000}y")]]).to_pdf(&fonts).is_ok());
    }

    #[test]
    fn no_table_is_no_file() {
        let fonts = Fonts::find().expect("fonts-liberation2 is installed");
        let none = Tables { tables: vec![], ..tables(vec![]) };
        assert!(matches!(none.to_pdf(&fonts), Err(CertifyError::NoPage)));
        assert_eq!(pages(&tables(vec![]).to_pdf(&fonts).expect("an empty table")), 1);
    }
}
