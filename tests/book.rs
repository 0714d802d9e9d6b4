//! The certification book as CSV and as PDF/A, seen by tools that nobody here wrote: veraPDF, qpdf, poppler.

use std::path::{Path, PathBuf};

use crate::tools_support;
use saoy::ambient::{FixedClock, SeededEntropy};
use saoy::certify::Fonts;
use saoy::office::book::{self, BookLine, Cover};
use saoy::office::{Ambient, NewOffice, Office};
use saoy::record::{BookNumber, Digest};
use saoy::registry::{EntryKind, VoidCause};
use saoy::signature::Algorithm;
use saoy::store::{Book, Effect, Job, JobState, Key, Mode, RegisterRow};
use time::OffsetDateTime;
use time::macros::datetime;
use tools_support::{POPPLER, QPDF, VERAPDF, pdfa_check, run, text};

const NOW: OffsetDateTime = datetime!(2027-01-04 01:02:03 UTC);
const OFFICE: &str = "Ủy ban nhân dân xã Nguyễn Nghiêm";

fn row(number: u64) -> RegisterRow {
    RegisterRow {
        book: BookNumber { symbol: "SCT/BS".into(), year: 2026, number },
        date: "2026-11-22".into(),
        requester: Some("Đặng Thị Ngọc Diễm".into()),
        document: "Giấy khai sinh".into(),
        officer: Some("Trần Thị Ví Dụ".into()),
        title: Some("Phó Chủ tịch".into()),
        pages: 3,
        copies: 2,
        fee: 10_000,
        trial: false,
        void_cause: None,
    }
}

fn line(row: RegisterRow) -> BookLine {
    BookLine { index: row.book.number + 40, row }
}

fn a_book(symbol: &str, closed_at: Option<&str>) -> Book {
    Book { symbol: symbol.into(), year: 2026, first: 1, last: 200, closed_at: closed_at.map(str::to_owned) }
}

fn print(books: &[Book], lines: &[BookLine]) -> Vec<u8> {
    let fonts = Fonts::find().expect("fonts-liberation2 is installed");
    let cover = Cover { office: OFFICE, symbol: "SCT/BS", books, created: NOW };
    book::print(&cover, lines, &fonts).expect("it is printed")
}

/// Two hundred lines with everything that a book can have.
fn full_book() -> Vec<BookLine> {
    let mut lines: Vec<BookLine> = (1..=200).map(|number| line(row(number))).collect();
    lines[2].row.void_cause = Some("withdrawn".into());
    lines[2].row.requester = Some("Vũ Thị Bị Hủy".into());
    lines[4].row.requester = None;
    lines[4].row.officer = None;
    lines[4].row.title = None;
    lines[6].row.trial = true;
    lines[8].row.requester = Some("Lý 漢\u{202E}".into());
    lines[10].row.document = long_text();
    lines[12].row.requester = Some("Ế".repeat(500));
    lines[199].row.requester = Some("Hồ Văn Cuối Cùng".into());
    lines
}

/// About 500 characters with every word once, so that it is found again in its order.
fn long_text() -> String {
    (0..70).map(|i| format!("giấy{i:02}")).collect::<Vec<_>>().join(" ")
}

// ---- CSV ----

#[test]
fn csv_is_what_it_was() {
    let plain = row(1);
    let void = RegisterRow { void_cause: Some("rút lại, \"nhầm\"\nngười".into()), ..row(2) };
    let bare = RegisterRow { requester: None, officer: None, title: None, trial: true, fee: 0, ..row(3) };
    let formula = RegisterRow { requester: Some("=HYPERLINK(1)".into()), ..row(4) };
    let csv = book::to_csv(&[plain, void, bare, formula].map(line));
    let expected = [
        "\u{feff}Số chứng thực,\"Ngày, tháng, năm\",Người yêu cầu chứng thực,Tên bản chính,\"Người ký, chức danh\",Số trang,Số bản sao,Phí (đồng),Ghi chú",
        "1/SCT/BS,2026-11-22,Đặng Thị Ngọc Diễm,Giấy khai sinh,\"Trần Thị Ví Dụ, Phó Chủ tịch\",3,2,10000,",
        "2/SCT/BS,2026-11-22,Đặng Thị Ngọc Diễm,Giấy khai sinh,\"Trần Thị Ví Dụ, Phó Chủ tịch\",3,2,10000,\"HỦY: rút lại, \"\"nhầm\"\"\nngười\"",
        "3/SCT/BS,2026-11-22,,Giấy khai sinh,,3,2,0,THỬ NGHIỆM",
        "4/SCT/BS,2026-11-22,'=HYPERLINK(1),Giấy khai sinh,\"Trần Thị Ví Dụ, Phó Chủ tịch\",3,2,10000,",
        "",
    ];
    assert_eq!(csv, expected.join("\r\n"));
}

// ---- PDF ----

struct Printed {
    _folder: tempfile::TempDir,
    path: String,
}

impl Printed {
    fn new(pdf: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("book.pdf");
        std::fs::write(&path, pdf).expect("it can be written");
        // For a person's eye: SAOY_KEEP=folder keeps every book.
        if let Some(keep) = std::env::var_os("SAOY_KEEP") {
            let name = std::thread::current().name().unwrap_or("book").replace("::", "-");
            std::fs::copy(&path, Path::new(&keep).join(format!("{name}.pdf"))).expect("it can be kept");
        }
        Self { path: path.display().to_string(), _folder: folder }
    }

    /// The text of each page, in the order in which it was written.
    fn pages(&self) -> Vec<String> {
        let said = text(&run("pdftotext", POPPLER, ["-raw", &self.path, "-"]));
        said.trim_end_matches('\u{c}').split('\u{c}').map(str::to_owned).collect()
    }

    fn check(&self) {
        let checked = run(pdfa_check(), VERAPDF, ["3u", &self.path]);
        assert!(checked.status.success() && text(&checked).starts_with("PASS"), "{}", text(&checked));
        let qpdf = run("qpdf", QPDF, ["--check", &self.path]);
        assert!(qpdf.status.success() && !text(&qpdf).contains("WARNING"), "{}", text(&qpdf));
    }

    /// `[page, x0, y0, x1, y1]` of every word.
    fn boxes(&self) -> Vec<([f64; 5], String)> {
        let html = text(&run("pdftotext", POPPLER, ["-bbox", &self.path, "-"]));
        let mut page = 0.0;
        let mut boxes = Vec::new();
        for line in html.lines().map(str::trim) {
            if line.starts_with("<page ") {
                page += 1.0;
            }
            if let Some(rest) = line.strip_prefix("<word ") {
                let mut parts = rest.split('"').skip(1).step_by(2);
                let mut next = || parts.next().and_then(|n| n.parse::<f64>().ok()).expect("a number");
                let edges = [page, next(), next(), next(), next()];
                let word = rest.split(['>', '<']).nth(1).unwrap_or_default();
                boxes.push((edges, word.to_owned()));
            }
        }
        boxes
    }
}

#[test]
fn a_full_book_is_pdfa_with_its_header_on_every_page() {
    let printed = Printed::new(&print(&[a_book("SCT/BS", Some("2026-12-31T17:05:00Z"))], &full_book()));
    printed.check();
    let pages = printed.pages();
    assert!(pages.len() > 5, "{} pages", pages.len());
    for (i, page) in pages.iter().enumerate() {
        assert!(page.contains("Tên bản chính") && page.contains("Phí (đồng)"), "page {}: {page}", i + 1);
        assert!(page.contains(&format!("Trang {}/{}", i + 1, pages.len())), "page {}: {page}", i + 1);
        assert!(page.contains("Xuất từ Saoy lúc 08:02:03 ngày 04/01/2027 (giờ Việt Nam)"), "{page}");
    }
    let first = &pages[0];
    for words in [
        OFFICE,
        "SỔ CHỨNG THỰC BẢN SAO TỪ BẢN CHÍNH",
        "Quyển số 2026 - SCT/BS",
        "Từ số 1 đến số 200; khóa sổ lúc 00:05:00 ngày 01/01/2027 (giờ Việt Nam)",
        "Đặng Thị Ngọc Diễm",
        "Trần Thị Ví Dụ, Phó",
        "22/11/2026",
        "10.000",
        "Vũ Thị Bị Hủy",
        "HỦY: withdrawn",
        "THỬ NGHIỆM",
        "Lý [U+6F22][U+202E]",
    ] {
        assert!(first.contains(words), "{words:?} is not in\n{first}");
    }
    let last = &pages[pages.len() - 1].replace('\n', " ");
    assert!(last.contains("Hồ Văn Cuối Cùng"), "{last}");
    // 199 lines with two copies for 10 000 đồng, one void.
    let sum = "Cộng: 200 số, trong đó 1 số đã hủy. Không kể các số đã hủy: 398 bản sao, phí 1.990.000 đồng.";
    assert!(last.contains(sum) && last.contains("1 số THỬ NGHIỆM"), "{last}");
    let all = pages.concat();
    assert_eq!((1..=200).filter(|n| all.contains(&format!("\n{n}/SCT/BS"))).count(), 200);
}

#[test]
fn nothing_overlaps_and_long_cells_are_whole() {
    let printed = Printed::new(&print(&[a_book("SCT/BS", None)], &full_book()));
    let boxes = printed.boxes();
    for (i, (a, word)) in boxes.iter().enumerate() {
        assert!(
            a[1] >= 30.0 && a[3] <= 812.0 && a[2] >= 30.0 && a[4] <= 580.0,
            "{word} leaves the page: {a:?}"
        );
        for (b, other) in boxes[i + 1..].iter().take_while(|(b, _)| b[0] == a[0]) {
            // Boxes are the font's height; lines set 1.25 times the size apart still leave room between them.
            let apart = a[3] <= b[1] || b[3] <= a[1] || a[4] <= b[2] + 0.05 || b[4] <= a[2] + 0.05;
            assert!(apart, "{word} {a:?} and {other} {b:?} on page {}", a[0]);
        }
    }
    let text = printed.pages().concat();
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(&long_text()), "{flat}");
    assert_eq!(text.matches('Ế').count(), 500);
    assert!(flat.contains("sổ chưa khóa"));
}

#[test]
fn the_books_of_other_acts_stand_apart() {
    let mut other = row(1);
    other.book.symbol = "SY".into();
    let books = [a_book("SCT/BS", None), a_book("SY", None)];
    let printed = Printed::new(&print(&books, &[row(1), other].map(line)));
    printed.check();
    let pages = printed.pages();
    assert_eq!(pages.len(), 2);
    assert!(
        pages[0].contains("SỔ CHỨNG THỰC") && pages[0].contains("1/SCT/BS") && !pages[0].contains("1/SY")
    );
    assert!(
        pages[1].contains("SỔ BẢN SAO") && !pages[1].contains("SỔ CHỨNG THỰC") && pages[1].contains("1/SY")
    );
}

#[test]
fn the_same_book_gives_the_same_bytes() {
    let books = [a_book("SCT/BS", None)];
    assert_eq!(print(&books, &full_book()), print(&books, &full_book()));
    let mut changed = full_book();
    changed[7].row.copies += 1;
    assert_ne!(print(&books, &full_book()), print(&books, &changed));
}

#[test]
fn no_book_is_refused() {
    let fonts = Fonts::find().expect("fonts-liberation2 is installed");
    let cover = Cover { office: OFFICE, symbol: "SCT/BS", books: &[], created: NOW };
    let failure = book::print(&cover, &[], &fonts).expect_err("nothing to print");
    assert_eq!(failure.code, "no-book");
}

// ---- from an office ----

fn office(home: PathBuf) -> Office {
    let new = NewOffice {
        name: OFFICE.into(),
        code: "H999.01".into(),
        officer: None,
        verify_url: None,
        book_symbol: "SCT/BS".into(),
        first_number: 57,
        algorithm: Algorithm::EcdsaP256,
    };
    let ambient = Ambient {
        clock: Box::new(FixedClock(NOW)),
        entropy: Box::new(SeededEntropy::new([7; 32])),
        passphrase: None,
        anchor: None,
    };
    Office::create(&home, &new, None, ambient).expect("an office")
}

fn append(office: &Office, kind: EntryKind, effect: impl FnOnce(u64) -> Effect) -> Result<u64, String> {
    let next = office.registry.next(kind, 20_000).map_err(|e| e.to_string())?;
    let index = next.first().index;
    office.store.commit(&next, &effect(index), &[], office.entropy.as_ref()).map_err(|e| e.to_string())?;
    office.registry.appended(&next);
    Ok(index)
}

fn issue(office: &Office, number: u64) -> Result<u64, String> {
    let kind = EntryKind::Issue { commitment: Digest::of(&number.to_be_bytes()) };
    append(office, kind, |index| {
        let folder = format!("{index:032x}");
        let key = Key::new([9; 32]);
        let job = Job {
            index,
            key: Digest::of(&[1]),
            copy_id: folder.clone(),
            wrapped_key: office.store.wrap_key(&key, &folder, office.entropy.as_ref()),
            folder,
            record: vec![],
            signed_at: "2026-11-22T03:04:05Z".into(),
            state: JobState::Entered,
            copy_digest: None,
            problem: None,
        };
        Effect::Issue { row: row(number), job: Box::new(job), book_first: 57 }
    })
}

#[test]
fn an_offices_book_begins_where_the_paper_one_ended_and_has_no_gap() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let office = office(folder.path().join("home"));
    let refused = book::to_pdf(&office, &[], Some(2026)).expect_err("no book yet");
    assert_eq!(refused.code, "no-book");

    assert!(issue(&office, 58).expect_err("57 comes first").contains("58"));
    let first = issue(&office, 57).expect("the first number");
    assert!(issue(&office, 57).is_err(), "never twice");
    assert!(issue(&office, 59).is_err(), "no gap");
    issue(&office, 58).expect("the next");

    let target_leaf = office.entry(first).expect("it is logged").leaf;
    let void = || {
        let kind = EntryKind::Void { target: first, target_leaf, cause: VoidCause::Duplicate };
        append(&office, kind, |_| Effect::Void { target: first, cause: "trùng".into() })
    };
    void().expect("it is voided");
    assert!(void().is_err(), "void once");
    assert!(issue(&office, 57).is_err(), "a void number stays used");

    book::close(&office, 2026).expect("it is open");
    assert_eq!(book::close(&office, 2026).expect_err("closed already").code, "no-book");
    assert!(issue(&office, 59).is_err(), "a closed book gives no number");

    let lines = book::lines(&office, Some(2026)).expect("the lines");
    assert_eq!(lines.iter().map(|line| line.row.book.number).collect::<Vec<_>>(), [57, 58]);
    assert!(book::lines(&office, Some(2025)).expect("the lines").is_empty());
    let printed = Printed::new(&book::to_pdf(&office, &lines, Some(2026)).expect("it is printed"));
    let said = printed.pages().concat();
    for words in [
        "Từ số 57 đến số 58; khóa sổ lúc 08:02:03 ngày 04/01/2027",
        "HỦY: trùng",
        "Cộng: 2 số, trong đó 1 số đã hủy. Không kể các số đã hủy: 2 bản sao, phí 10.000 đồng.",
    ] {
        assert!(said.contains(words), "{words:?} is not in\n{said}");
    }
    drop(office);
    let (home, out) = (folder.path().join("home"), folder.path().join("book.pdf"));
    let export = || {
        let arguments = ["book", "export", "--year", "2026", "--format", "pdf", "--home"].map(Path::new);
        run(
            env!("CARGO_BIN_EXE_saoy"),
            "cargo builds it",
            arguments.into_iter().chain([&*home, Path::new("--out"), &*out]),
        )
    };
    let done = export();
    assert!(done.status.success(), "{}", text(&done));
    assert!(Printed::new(&std::fs::read(&out).expect("it is there")).pages()[0].contains("HỦY: trùng"));
    std::fs::write(&out, b"something else").expect("it can be written");
    assert_eq!(export().status.code(), Some(2), "an existing file stays");
    let reader = Ambient {
        clock: Box::new(FixedClock(NOW)),
        entropy: Box::new(SeededEntropy::new([8; 32])),
        passphrase: None,
        anchor: None,
    };
    let again = Office::open(&home, reader, Mode::Read).expect("it opens");
    assert_eq!(book::lines(&again, None).expect("the lines"), lines);
}
