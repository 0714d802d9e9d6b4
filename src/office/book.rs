//! The certification book as people see it: lines, CSV, PDF/A.

use std::fmt;

use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::Office;
use crate::ambient::VIETNAM;
use crate::certify::table::{Cell, Column, Paragraph, Table, Tables};
use crate::certify::{Align, Fonts};
use crate::error::Failure;
use crate::extract::text::grouped;
use crate::record;
use crate::store::{Book, RegisterRow};

/// One line of the book with the entry that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BookLine {
    /// The entry's index in the log.
    pub index: u64,
    /// What the book says.
    #[serde(flatten)]
    pub row: RegisterRow,
}

impl fmt::Display for BookLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RegisterRow { book, date, document, pages, copies, fee, .. } = &self.row;
        write!(
            f,
            "{book} {}  entry {}  {date}  {document}  {pages} tr.  {copies} bản  {fee} đ",
            book.symbol, self.index
        )?;
        if self.row.trial {
            write!(f, "  THỬ NGHIỆM")?;
        }
        if let Some(cause) = &self.row.void_cause {
            write!(f, "  HỦY: {cause}")?;
        }
        Ok(())
    }
}

/// The lines of one year, or of all.
///
/// # Errors
/// The store's.
pub fn lines(office: &Office, year: Option<u16>) -> Result<Vec<BookLine>, Failure> {
    let rows = office.store.register()?;
    let wanted = rows.into_iter().filter(|(_, row)| year.is_none_or(|y| y == row.book.year));
    Ok(wanted.map(|(index, row)| BookLine { index, row }).collect())
}

/// The entry of what a person names: a number of the book (`3/2026`, with its symbol `3/SCT/BS/2026`), an entry's index
/// (`entry:3`), or a copy's id. A bare `3` could be both, and what is done to the wrong one stays done.
///
/// # Errors
/// `no-number` for what the book does not have, `which-number` where two books have it, or for a bare number; the store's.
pub fn entry_of(office: &Office, name: &str) -> Result<u64, Failure> {
    let is_id = name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit());
    let found: Vec<(u64, String)> = if is_id {
        let jobs = office.store.jobs()?.into_iter().filter(|job| job.copy_id.eq_ignore_ascii_case(name));
        jobs.map(|job| (job.index, job.copy_id)).collect()
    } else if let Some(index) = name.strip_prefix("entry:").and_then(|index| index.parse().ok()) {
        return Ok(index);
    } else if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Failure::new(
            "which-number",
            format!("{name} alone could be a number of the book or the index of an entry"),
            format!("say the number with its year ({name}/2026), or entry:{name}"),
        ));
    } else {
        let rows = office.store.register()?.into_iter();
        let named = rows.map(|(index, RegisterRow { book, .. })| {
            let full = format!("{}/{}/{}", book.number, book.symbol, book.year);
            (index, book.to_string(), full)
        });
        named.filter(|(_, short, full)| short == name || full == name).map(|(i, _, full)| (i, full)).collect()
    };
    match found.as_slice() {
        [(index, _)] => Ok(*index),
        [] => Err(Failure::new(
            "no-number",
            format!("the book has no {name:?}"),
            "give the number with its year (3/2026), its entry (entry:2) or the copy's id: `saoy book show` lists them",
        )),
        several => {
            let names: Vec<&str> = several.iter().map(|(_, full)| full.as_str()).collect();
            Err(Failure::new(
                "which-number",
                format!("{name} is in {} books", names.len()),
                format!("say which: {}", names.join(" or ")),
            ))
        }
    }
}

/// How people name an entry: by its number in the book, where it has one, and its index.
///
/// # Errors
/// The store's.
pub fn name_of(office: &Office, index: u64) -> Result<String, Failure> {
    let row = office.store.register()?.into_iter().find(|(entry, _)| *entry == index);
    Ok(match row {
        Some((_, row)) => format!("{} (entry {index})", row.book),
        None => format!("entry {index}"),
    })
}

/// The columns of the book's template (facts: vietnam.md 1.4; the template of NĐ 280/2025 is not confirmed).
pub(crate) const COLUMNS: [&str; 9] = [
    "Số chứng thực",
    "Ngày, tháng, năm",
    "Người yêu cầu chứng thực",
    "Tên bản chính",
    "Người ký, chức danh",
    "Số trang",
    "Số bản sao",
    "Phí (đồng)",
    "Ghi chú",
];

/// One line's cells, in the order of [`COLUMNS`].
pub(crate) fn cells(line: &BookLine) -> [String; 9] {
    let row = &line.row;
    let signer =
        [row.officer.as_deref(), row.title.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let mut remarks = Vec::new();
    if row.trial {
        remarks.push("THỬ NGHIỆM".to_owned());
    }
    if let Some(cause) = &row.void_cause {
        remarks.push(format!("HỦY: {cause}"));
    }
    [
        format!("{}/{}", row.book.number, row.book.symbol),
        row.date.clone(),
        row.requester.clone().unwrap_or_default(),
        row.document.clone(),
        signer,
        row.pages.to_string(),
        row.copies.to_string(),
        row.fee.to_string(),
        remarks.join("; "),
    ]
}

/// RFC 4180 with a byte order mark, without which spreadsheets misread Vietnamese. A cell that a spreadsheet would take for a
/// formula is quoted with an apostrophe.
pub fn to_csv(lines: &[BookLine]) -> String {
    let mut csv = String::from("\u{feff}");
    let mut push = |cells: Vec<String>| {
        let quoted: Vec<String> = cells.iter().map(|cell| quote(cell)).collect();
        csv.push_str(&quoted.join(","));
        csv.push_str("\r\n");
    };
    push(COLUMNS.map(str::to_owned).to_vec());
    for line in lines {
        push(cells(line).to_vec());
    }
    csv
}

fn quote(cell: &str) -> String {
    let guarded =
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if guarded.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// What stands on the cover.
#[derive(Clone, Debug)]
pub struct Cover<'a> {
    /// The office's name.
    pub office: &'a str,
    /// The symbol of its certification book; other symbols are those of other acts.
    pub symbol: &'a str,
    /// The books to print, each with its own table.
    pub books: &'a [Book],
    /// When it is printed.
    pub created: OffsetDateTime,
}

/// A year's books, or all, as PDF/A-3u. The same book at the same time gives the same bytes.
///
/// # Errors
/// `no-book` where there is none; fonts that are missing; the store's.
pub fn to_pdf(office: &Office, lines: &[BookLine], year: Option<u16>) -> Result<Vec<u8>, Failure> {
    let mut books = office.store.books()?;
    books.retain(|book| year.is_none_or(|year| year == book.year));
    let cover = Cover {
        office: &office.config.office.name,
        symbol: &office.config.book_symbol,
        books: &books,
        created: office.clock.now(),
    };
    print(&cover, lines, &Fonts::find()?)
}

/// [`to_pdf`] for whoever has the books.
///
/// # Errors
/// As [`to_pdf`].
pub fn print(cover: &Cover<'_>, lines: &[BookLine], fonts: &Fonts) -> Result<Vec<u8>, Failure> {
    let tables: Vec<Table> = cover
        .books
        .iter()
        .map(|book| {
            let in_book =
                |line: &&BookLine| line.row.book.symbol == book.symbol && line.row.book.year == book.year;
            table(cover, book, &lines.iter().filter(in_book).collect::<Vec<_>>())
        })
        .collect();
    if tables.is_empty() {
        return Err(Failure::new(
            "no-book",
            "there is no book to print",
            "see `saoy book show` for the books that there are",
        ));
    }
    let names: Vec<String> =
        cover.books.iter().map(|book| format!("{} - {}", book.year, book.symbol)).collect();
    let title = format!("{}, quyển số {}", heading(cover, &cover.books[0]), names.join(", "));
    let file = Tables {
        description: format!("{title}; {}", cover.office),
        title,
        publisher: cover.office.to_owned(),
        created: cover.created,
        footer: format!("Xuất từ Saoy lúc {}", moment(cover.created)),
        tables,
    };
    Ok(file.to_pdf(fonts)?)
}

/// The name of the book is that of the law for certifications alone: the acts are never mixed.
fn heading(cover: &Cover<'_>, book: &Book) -> &'static str {
    if book.symbol == cover.symbol {
        "SỔ CHỨNG THỰC BẢN SAO TỪ BẢN CHÍNH"
    } else {
        "SỔ BẢN SAO"
    }
}

fn table(cover: &Cover<'_>, book: &Book, lines: &[&BookLine]) -> Table {
    let paragraph = |text, size, bold, align| Paragraph { text, size, bold, align };
    let numbers = match (lines.first(), lines.last()) {
        (Some(first), Some(last)) => {
            format!("Từ số {} đến số {}", first.row.book.number, last.row.book.number)
        }
        _ => "Chưa có số nào".to_owned(),
    };
    let closed = match &book.closed_at {
        Some(at) => format!("khóa sổ lúc {}", record::parse_timestamp(at).map_or_else(|| at.clone(), moment)),
        None => "sổ chưa khóa".to_owned(),
    };
    let counted = lines.iter().map(|line| &line.row).filter(|row| row.void_cause.is_none());
    let (mut copies, mut fee) = (0u64, 0u64);
    for row in counted {
        copies += u64::from(row.copies);
        fee += row.fee;
    }
    let count = |of: fn(&RegisterRow) -> bool| lines.iter().filter(|line| of(&line.row)).count() as u64;
    let [void, trial] = [count(|row| row.void_cause.is_some()), count(|row| row.trial)];
    let mut closing = vec![paragraph(
        format!(
            "Cộng: {} số, trong đó {} số đã hủy. Không kể các số đã hủy: {} bản sao, phí {} đồng.",
            grouped(lines.len() as u64),
            grouped(void),
            grouped(copies),
            grouped(fee)
        ),
        11.0,
        true,
        Align::Left,
    )];
    if trial > 0 {
        let text = format!("{} số THỬ NGHIỆM: các bản sao này không có giá trị pháp lý.", grouped(trial));
        closing.push(paragraph(text, 11.0, false, Align::Left));
    }
    Table {
        heading: vec![
            paragraph(cover.office.to_owned(), 12.0, true, Align::Left),
            paragraph(heading(cover, book).to_owned(), 15.0, true, Align::Center),
            paragraph(format!("Quyển số {} - {}", book.year, book.symbol), 12.0, false, Align::Center),
            paragraph(format!("{numbers}; {closed}"), 11.0, false, Align::Center),
        ],
        columns: columns(),
        rows: lines.iter().map(|line| printed(line)).collect(),
        closing,
    }
}

fn columns() -> Vec<Column> {
    use Align::{Center, Left, Right};
    // Wide enough for what stands there mostly: "12345/SCT/BS", a date, a name of four syllables.
    let shapes: [(f64, Align); 9] = [
        (11.0, Left),
        (8.0, Center),
        (17.0, Left),
        (20.0, Left),
        (17.0, Left),
        (5.0, Right),
        (5.5, Right),
        (7.5, Right),
        (13.0, Left),
    ];
    COLUMNS
        .into_iter()
        .zip(shapes)
        .map(|(title, (width, align))| Column { title: title.to_owned(), width, align })
        .collect()
}

/// One line's cells for people: [`cells`] with the day and the fee as Vietnam writes them. A voided line is struck out but for
/// the remark, which says why.
fn printed(line: &BookLine) -> Vec<Cell> {
    let mut cells = cells(line);
    if let Some(day) = record::day_from_text(&line.row.date).and_then(record::day_to_date) {
        cells[1] = format!("{:02}/{:02}/{:04}", day.day(), u8::from(day.month()), day.year());
    }
    cells[7] = grouped(line.row.fee);
    let void = line.row.void_cause.is_some();
    let last = cells.len() - 1;
    cells.into_iter().enumerate().map(|(i, text)| Cell { text, struck: void && i != last }).collect()
}

/// `00:05:00 ngày 01/01/2027 (giờ Việt Nam)`.
fn moment(at: OffsetDateTime) -> String {
    let form = format_description!("[hour]:[minute]:[second] ngày [day]/[month]/[year] (giờ Việt Nam)");
    at.to_offset(VIETNAM).format(form).expect("a time has these parts")
}

/// Closes a year's book.
///
/// # Errors
/// `no-book` where there is none that is open.
pub fn close(office: &Office, year: u16) -> Result<(), Failure> {
    let at = record::timestamp(office.clock.now());
    if office.store.close_books(year, &at)? == 0 {
        return Err(Failure::new(
            "no-book",
            format!("there is no open book of {year}"),
            "see `saoy book show` for the books that there are",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_points() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1.000"),
            (1_234_567, "1.234.567"),
            (u64::MAX, "18.446.744.073.709.551.615"),
        ];
        for (value, text) in cases {
            assert_eq!(grouped(value), text);
        }
    }

    #[test]
    fn cells_are_quoted_and_formulas_disarmed() {
        assert_eq!(quote("a,b"), "\"a,b\"");
        assert_eq!(quote("nói \"vậy\""), "\"nói \"\"vậy\"\"\"");
        assert_eq!(quote("=1+1"), "'=1+1");
        assert_eq!(quote("Lê Thị Mai"), "Lê Thị Mai");
    }
}
