//! The certification book as people see it: lines, CSV, PDF/A.

use std::fmt;

use serde::Serialize;

use super::Office;
use crate::error::Failure;
use crate::record;
use crate::store::RegisterRow;

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
        write!(f, "{}/{}  {date}  {document}  {pages} tr.  {copies} bản  {fee} đ", book.number, book.year)?;
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
    fn cells_are_quoted_and_formulas_disarmed() {
        assert_eq!(quote("a,b"), "\"a,b\"");
        assert_eq!(quote("nói \"vậy\""), "\"nói \"\"vậy\"\"\"");
        assert_eq!(quote("=1+1"), "'=1+1");
        assert_eq!(quote("Lê Thị Mai"), "Lê Thị Mai");
    }
}
