//! A print at hand: printed, scanned again, altered. The sealed values are read from the paper and compared; real Tesseract, real samples.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use image::{GenericImage as _, GenericImageView as _, RgbImage};
use serde_json::Value;

use crate::tools_support::*;

const DPI: f64 = 200.0;

struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    fn new() -> Self {
        let office = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let home = office.path("office");
        let name = "Ủy ban nhân dân phường Bến Mẫu";
        let officer = ["--officer", "Trần Thị Mẫu", "--title", "Phó Chủ tịch"];
        let arguments =
            [&["init", "--home", str_of(&home), "--name", name, "--code", "999.01"][..], &officer];
        assert_eq!(office.run(&arguments.concat()).0, 0);
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_saoy"))
            .args(arguments)
            .env_remove("SAOY_HOME")
            .current_dir(root())
            .output()
            .expect("saoy runs");
        print!("{}", String::from_utf8_lossy(&output.stderr));
        let code = output.status.code().expect("it was not killed");
        (code, String::from_utf8(output.stdout).expect("UTF-8"))
    }

    /// Certifies a sample: its copy.
    fn certify(&self, sample: &str) -> PathBuf {
        let (home, out) = (self.path("office"), self.path("copies"));
        let scan = format!("samples/{sample}");
        let (code, said) =
            self.run(&["certify", "--home", str_of(&home), "--compared", "--out", str_of(&out), &scan]);
        assert_eq!(code, 0, "{said}");
        out.join(Path::new(sample).with_extension("certified.pdf"))
    }

    /// `verify --seal` of a scan against the list alone, or the office itself: exit code and report.
    fn verify(&self, print: &Path, against: &str) -> (i32, Value) {
        let place = self.path(if against == "--home" { "office" } else { "office/trust.json" });
        let (code, said) = self.run(&["verify", against, str_of(&place), "--json", "--seal", str_of(print)]);
        let lines = self.path("report.ndjson");
        fs::write(&lines, &said).expect("it can be written");
        let checker = root().join("tests/tools/check_report.py");
        let schema = root().join("docs/report.schema.json");
        let output = run(in_venv("python3"), PYHANKO, [checker, schema, lines]);
        assert!(text(&output).contains("1 lines keep to the schema"), "{}", text(&output));
        (code, serde_json::from_str(said.trim()).expect("one report"))
    }
}

/// The office's log, served on loopback for as long as this lives.
struct Log {
    server: Child,
    url: String,
}

impl Log {
    fn of(home: &Path) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_saoy"))
            .args(["registry", "serve", "--home", str_of(home), "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("saoy runs");
        let mut said = BufReader::new(server.stderr.take().expect("its standard error")).lines();
        let line = said.find(|line| line.as_ref().is_ok_and(|line| line.contains("listening on")));
        let line = line.expect("it listens").expect("a line");
        let url = line.split_once("listening on ").expect("an address").1.to_owned();
        Self { server, url }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn str_of(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Prints a copy's only page and scans it again.
fn print(office: &Office, copy: &Path, name: &str) -> PathBuf {
    let out = office.path(name);
    run("pdftoppm", POPPLER, ["-r", "200", "-png", "-singlefile", str_of(copy), str_of(&out)]);
    out.with_extension("png")
}

/// Where a field stands on the print of its copy, with some room.
fn place(office: &Office, copy: &Path, field: &str) -> [u32; 4] {
    let trust = office.path("office/trust.json");
    let (_, said) = office.run(&["verify", "--trust", str_of(&trust), "--json", str_of(copy)]);
    let report: Value = serde_json::from_str(&said).expect("a report");
    let place = report["copy"]["fields"][field]["box"].as_array().expect("it stands somewhere").clone();
    // The samples are scans of 200 dpi: a pixel of the page image is one of the print.
    let pixel = |i: usize| u32::try_from(place[i].as_u64().expect("a number")).expect("a page's");
    [pixel(0) - 4, pixel(1) - 6, pixel(2) + 4, pixel(3) + 6]
}

/// Covers a place with another part of the same or another picture.
fn cover(on: &mut RgbImage, at: [u32; 4], with: &RgbImage, from: [u32; 4]) {
    for y in at[1]..at[3] {
        for x in at[0]..at[2] {
            on.put_pixel(x, y, image::Rgb([255, 255, 255]));
        }
    }
    let part = with.view(from[0], from[1], from[2] - from[0], from[3] - from[1]).to_image();
    on.copy_from(&part, at[0], at[1]).expect("it fits");
}

/// Where the print's code stands, its quiet zone included.
fn code(picture: &Path) -> [u32; 4] {
    let scan = saoy::scan::Scan::open(picture, &saoy::scan::Limits::default()).expect("a picture");
    let codes = saoy::ocr::read_codes(&scan.page(1).expect("its page"));
    let [code] = codes.as_slice() else { panic!("{} codes", codes.len()) };
    let quiet = (4.0 * 1.75 / 72.0 * DPI) as u32;
    [code.bbox.x0 - quiet, code.bbox.y0 - quiet, code.bbox.x1 + quiet, code.bbox.y1 + quiet]
}

fn open(picture: &Path) -> RgbImage {
    image::open(picture).expect("a picture").to_rgb8()
}

/// State and evidence of a fact.
fn fact<'r>(report: &'r Value, id: &str) -> (&'r str, &'r str, &'r str) {
    let facts = report["facts"].as_array().expect("facts");
    let fact = facts.iter().find(|fact| fact["id"] == id).expect("it is there");
    let text = |of: &'r Value| of.as_str().expect("a text");
    (text(&fact["state"]), text(&fact["evidence"]["vi"]), text(&fact["evidence"]["en"]))
}

fn results(report: &Value) -> Vec<(&str, &str)> {
    let values = report["paper"]["values"].as_array().expect("what was compared").iter();
    values
        .map(|value| (value["field"].as_str().expect("a name"), value["result"].as_str().expect("a result")))
        .collect()
}

#[test]
fn a_rescanned_print_is_compared_with_its_seal() {
    let office = Office::new();
    let copy = office.certify("khai-sinh-12-sach.png");
    let print_of = print(&office, &copy, "print");

    // As it is: every value agrees, and it is still no more than sealed.
    let (code_of, report) = office.verify(&print_of, "--trust");
    assert_eq!((code_of, &report["verdict"]), (3, &"sealed".into()), "{report:#}");
    let count = report["seal"]["values"].as_object().expect("values").len();
    assert!(count >= 3, "{report:#}");
    assert!(results(&report).iter().all(|(_, result)| *result == "agrees"), "{report:#}");
    assert_eq!((results(&report).len(), &report["paper"]["form"]), (count, &"giay-khai-sinh".into()));
    let (state, vi, en) = fact(&report, "paper-values");
    assert_eq!(state, "passed");
    assert!(en.contains(&format!("{count} of {count} values agree")), "{en}");
    assert!(vi.contains(&format!("{count}/{count} giá trị khớp")), "{vi}");
    let (state, _, en) = fact(&report, "paper");
    assert_eq!(state, "not-checked");
    assert!(en.contains("does not prove that this paper is the certified copy"), "{en}");
    let summary = report["summary"]["en"].as_str().expect("a sentence");
    assert!(summary.contains("values agree; a print is not the certified copy"), "{summary}");
    assert_eq!(office.verify(&print_of, "--home").0, 0, "the office knows that it is in force");

    // With the network: the entry in the public log, and its status.
    let home = office.path("office");
    let (code_of, said) = office.run(&["registry", "status", "--home", str_of(&home), "--publish", "24"]);
    assert_eq!(code_of, 0, "{said}");
    let log = Log::of(&home);
    let trust = office.path("office/trust.json");
    let status = ["verify", "--trust", str_of(&trust), "--status", &log.url, "--json", "--seal"];
    let (code_of, said) = office.run(&[&status[..], &[str_of(&print_of)]].concat());
    let report: Value = serde_json::from_str(&said).expect("one report");
    assert_eq!(
        (code_of, &report["verdict"], &report["status"]["state"]),
        (0, &"sealed".into(), &"good".into())
    );
    assert_eq!(fact(&report, "entry").0, "passed", "{report:#}");

    // Another name drawn over the child's: the genuine code does not help.
    let mut altered = open(&print_of);
    let (child, mother) = (place(&office, &copy, "child_name"), place(&office, &copy, "mother_name"));
    let before = altered.clone();
    cover(&mut altered, child, &before, mother);
    let forged = office.path("forged.png");
    altered.save(&forged).expect("it can be written");
    for against in ["--trust", "--home"] {
        let (code_of, report) = office.verify(&forged, against);
        assert_eq!((code_of, &report["verdict"]), (1, &"differs".into()), "{report:#}");
        let differing: Vec<_> = results(&report).into_iter().filter(|(_, r)| *r != "agrees").collect();
        assert_eq!(differing, [("child_name", "differs")], "{report:#}");
        let (state, vi, en) = fact(&report, "paper-values");
        assert_eq!(state, "warning");
        let values = report["paper"]["values"].as_array().expect("values");
        let child = values.iter().find(|value| value["field"] == "child_name").expect("the child's");
        for shown in [&child["sealed"], &child["read"]] {
            let shown = shown.as_str().expect("a name");
            assert!(vi.contains(shown) && en.contains(shown), "{vi} {en}");
        }
        for (language, says) in [("vi", "KHÁC VỚI DẤU"), ("en", "THE PAPER DIFFERS FROM THE SEAL")] {
            let summary = report["summary"][language].as_str().expect("a sentence");
            assert!(summary.contains(says), "{summary}");
        }
        assert_eq!(fact(&report, "seal").0, "passed", "the seal itself is genuine");
    }

    // Another paper's code on it, of the same form and of another.
    for sample in ["khai-sinh-02-dau-tren-ten.jpg", "van-ban-01-quyet-dinh.jpg"] {
        let other = print(&office, &office.certify(sample), "other");
        let (mut pasted, at) = (open(&print_of), code(&print_of));
        cover(&mut pasted, at, &open(&other), code(&other));
        let forged = office.path("pasted.png");
        pasted.save(&forged).expect("it can be written");
        let (code_of, report) = office.verify(&forged, "--home");
        assert_eq!((code_of, &report["verdict"]), (1, &"differs".into()), "{report:#}");
        assert_eq!(fact(&report, "paper-values").0, "warning");
        assert!(results(&report).iter().all(|(_, result)| *result != "agrees"), "{report:#}");
    }

    // Under a text that is no such paper: the code is genuine, and nothing of what is sealed stands there.
    let letter = open(&root().join("samples/van-ban-01-quyet-dinh.jpg"));
    let (width, height) = letter.dimensions();
    let mut pasted = letter.view(0, height * 2 / 5, width, height * 2 / 5).to_image();
    let [x0, y0, x1, y1] = code(&print_of);
    let at = [200, pasted.height() - (y1 - y0), 200 + x1 - x0, pasted.height()];
    cover(&mut pasted, at, &open(&print_of), code(&print_of));
    let forged = office.path("letter.png");
    pasted.save(&forged).expect("it can be written");
    for against in ["--trust", "--home"] {
        let (code_of, report) = office.verify(&forged, against);
        assert_eq!((code_of, &report["verdict"]), (1, &"differs".into()), "{report:#}");
        assert!(results(&report).iter().all(|(_, result)| *result == "not-found"), "{report:#}");
        let summary = report["summary"]["en"].as_str().expect("a sentence");
        assert!(summary.contains("THE PAPER DOES NOT SHOW WHAT IS SEALED"), "{summary}");
    }

    // The code alone: nothing to compare it with, which is told and not taken for agreement.
    let [x0, y0, x1, y1] = code(&print_of);
    let alone = office.path("alone.png");
    open(&print_of).view(x0, y0, x1 - x0, y1 - y0).to_image().save(&alone).expect("it can be written");
    let (code_of, report) = office.verify(&alone, "--trust");
    assert_eq!((code_of, &report["verdict"]), (3, &"sealed".into()), "{report:#}");
    assert_eq!(fact(&report, "paper-values").0, "not-checked");
    assert!(results(&report).iter().all(|(_, result)| *result == "not-found"), "{report:#}");
}
