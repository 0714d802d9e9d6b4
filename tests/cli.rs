//! The command line from outside: what it prints, what it writes, how it ends. Real Tesseract, real samples.

use crate::tools_support;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tools_support::*;

const SCAN: &str = "samples/khai-sinh-02-dau-tren-ten.jpg";

struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    fn new() -> Self {
        Self::of("H99.01", &["--officer", "Trần Thị Mẫu", "--title", "Phó Chủ tịch"])
    }

    fn of(code: &str, more: &[&str]) -> Self {
        let office = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let home = office.home();
        let mut arguments =
            vec!["init", "--home", home.to_str().expect("UTF-8"), "--name", "Ủy ban nhân dân phường Bến Mẫu"];
        arguments.extend(["--code", code, "--verify-url", "https://xacminh.example.vn"]);
        arguments.extend(more);
        let output = saoy(&arguments);
        assert_eq!(self::code(&output), 0, "{}", text(&output));
        office
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("office")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command with this office as `SAOY_HOME`.
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_saoy"))
            .args(arguments)
            .env("SAOY_HOME", self.home())
            .current_dir(root())
            .output()
            .expect("saoy runs")
    }

    /// Certifies one sample into `copies`.
    fn certify(&self, more: &[&str]) -> (Output, PathBuf) {
        let out = self.path("copies");
        let mut arguments = vec!["certify", "--compared", "--json", "--out", out.to_str().expect("UTF-8")];
        arguments.extend(more);
        arguments.push(SCAN);
        (self.run(&arguments), out.join("khai-sinh-02-dau-tren-ten.certified.pdf"))
    }
}

fn saoy(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_saoy"))
        .args(arguments)
        .env_remove("SAOY_HOME")
        .current_dir(root())
        .output()
        .expect("saoy runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn json_lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

fn str_of(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn a_copy_from_scan_to_verdict_accepted_by_everybody() {
    let office = Office::new();
    let (output, copy) = office.certify(&["--requester", "Nguyễn Văn Ví Dụ", "--copies", "2"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    let lines = json_lines(&output);
    let [line] = lines.as_slice() else { panic!("one line a document: {lines:?}") };
    assert_eq!(line["input"], SCAN);
    assert_eq!(line["output"], str_of(&copy));
    assert_eq!((&line["number"], &line["index"]), (&Value::from(format!("1/{}", year())), &Value::from(0)));
    assert_eq!(line["copy_id"].as_str().map(str::len), Some(32));
    assert!(line["fields_to_review"].is_array());

    // Saoy: the office knows the status, its trust list alone does not, another office's list does not know the office.
    let verify = |more: &[&str]| {
        let mut arguments = vec!["verify", "--json"];
        arguments.extend(more);
        arguments.push(str_of(&copy));
        let output = saoy(&arguments);
        (code(&output), json_lines(&output)[0]["verdict"].as_str().unwrap_or("none").to_owned())
    };
    let (home, trust) = (office.home(), office.home().join("trust.json"));
    assert_eq!(verify(&["--home", str_of(&home)]), (0, "valid".into()));
    assert_eq!(verify(&["--trust", str_of(&trust)]), (3, "authentic-status-unknown".into()));
    let allow = ["--trust", str_of(&trust), "--allow-status-unknown"];
    assert_eq!(verify(&allow), (0, "authentic-status-unknown".into()));
    let other = Office::of("H99.02", &[]);
    let foreign = other.home().join("trust.json");
    assert_eq!(verify(&["--trust", str_of(&foreign)]), (1, "unknown-issuer".into()));

    // veraPDF, qpdf, poppler, pyHanko.
    let path = str_of(&copy);
    let output = run(pdfa_check(), VERAPDF, ["3u", path]);
    assert!(text(&output).starts_with("PASS"), "{}", text(&output));
    let output = run("qpdf", QPDF, ["--check", path]);
    assert!(output.status.success() && !text(&output).contains("WARNING"), "{}", text(&output));
    let output = text(&run("pdfsig", POPPLER, [path]));
    assert_eq!(output.matches("Signature is Valid").count(), 2, "{output}");
    let last = output.rsplit("Signature #").next().unwrap_or_default();
    assert!(last.contains("Total document signed"), "{output}");
    let root_certificate = office.home().join("keys/root.pem");
    let arguments = ["sign", "validate", "--trust", str_of(&root_certificate), "--pretty-print", path];
    let output = run(pyhanko(), PYHANKO, arguments);
    assert!(output.status.success(), "{}", text(&output));
    let output = text(&output);
    assert_eq!(output.matches("The signature is judged VALID").count(), 2, "{output}");
    assert_eq!(output.matches("certificate is trusted").count(), 2, "{output}");

    // The text layer, the evidence, the image.
    let output = text(&run("pdftotext", POPPLER, [path, "-"]));
    for words in ["Họ, chữ đệm, tên", "HUỲNH MỸ THẢO", "Chứng thực bản sao đúng với bản chính"]
    {
        assert!(output.contains(words), "{words:?} is not in {output}");
    }
    let evidence = office.path("evidence");
    fs::create_dir(&evidence).expect("it can be made");
    let output = run("pdfdetach", POPPLER, ["-saveall", "-o", str_of(&evidence), path]);
    assert!(output.status.success(), "{}", text(&output));
    let mut names: Vec<String> = fs::read_dir(&evidence)
        .expect("it is there")
        .map(|e| e.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["fields.json", "receipt.tlog-proof", "record.json", "seal.cose"]);
    let record: Value =
        serde_json::from_slice(&fs::read(evidence.join("record.json")).expect("it is there")).expect("JSON");
    assert_eq!(record["copies"], 2);
    assert!(!record.to_string().contains("Ví Dụ"), "the requester stays in the book");
    let images = office.path("image");
    run("pdfimages", POPPLER, ["-all", path, str_of(&images)]);
    let image = fs::read(office.path("image-000.jpg")).expect("pdfimages wrote it");
    assert!(
        image == fs::read(root().join(SCAN)).expect("the sample"),
        "the image is not the JPEG that came in"
    );

    // The formats, read by code that was written from their specifications alone.
    let mut files: Vec<PathBuf> = ["record.json", "fields.json", "seal.cose", "receipt.tlog-proof"]
        .iter()
        .map(|name| evidence.join(name))
        .collect();
    let mut arguments = vec![root().join("tests/tools/check_formats.py"), "--trust".into(), trust.clone()];
    arguments.append(&mut files);
    let output = run(in_venv("python3"), PYHANKO, arguments);
    assert!(output.status.success(), "{}", text(&output));

    // The QR code, by another decoder, holds the seal.
    let png = office.path("page");
    run("pdftoppm", POPPLER, ["-r", "150", "-png", path, str_of(&png)]);
    let output = run("zbarimg", ZBAR, ["-q", "--raw", str_of(&office.path("page-1.png"))]);
    let output = String::from_utf8(output.stdout).expect("UTF-8");
    let seal = fs::read(evidence.join("seal.cose")).expect("it is there");
    let sealed = output.trim().to_owned();
    assert_eq!(saoy::seal::from_qr_text(&sealed).expect("it holds a seal"), seal);

    // The print verifies from its QR code alone: as text, and as the picture of the page. It is never more than sealed values.
    let print = office.path("page-1.png");
    for (given, more) in [(sealed.as_str(), 3), (str_of(&print), 3), (str_of(&root().join(SCAN)), 2)] {
        let output = office.run(&["verify", "--trust", str_of(&trust), "--json", "--seal", given]);
        assert_eq!(code(&output), more, "{}", text(&output));
        let line = &json_lines(&output)[0];
        if more == 3 {
            assert_eq!((&line["verdict"], &line["seal"]["pages"]), (&"sealed".into(), &1.into()));
            assert_eq!(line["seal"]["number"], format!("1/{}", year()));
        } else {
            assert_eq!(line["error"]["code"], "no-seal");
        }
    }
    let output = office.run(&["verify", "--home", str_of(&home), "--lang", "en", "--seal", str_of(&print)]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains("SEALED") && text(&output).contains("in force"), "{}", text(&output));

    // The same scan again: the same copy, no new number.
    fs::remove_file(&copy).expect("it is there");
    let (output, copy) = office.certify(&[]);
    let line = &json_lines(&output)[0];
    assert_eq!((&line["already"], &line["index"]), (&Value::from(true), &Value::from(0)));
    assert!(copy.exists());
    // Changed by one byte, it is refused.
    let good = office.path("good.pdf");
    fs::copy(&copy, &good).expect("it can be copied");
    let mut bytes = fs::read(&copy).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&copy, bytes).expect("it can be written");
    assert_eq!(verify(&["--home", str_of(&home)]), (1, "invalid".into()));

    // What verify says keeps to its schema: of a good copy, a changed one, no copy, and a print.
    let scan = root().join(SCAN);
    let lines = office.path("reports.ndjson");
    let output = office.run(&[
        "verify",
        "--home",
        str_of(&home),
        "--json",
        str_of(&good),
        str_of(&copy),
        str_of(&scan),
        "--seal",
        &sealed,
    ]);
    fs::write(&lines, &output.stdout).expect("it can be written");
    let checker = root().join("tests/tools/check_report.py");
    let output = run(in_venv("python3"), PYHANKO, [checker, root().join("docs/report.schema.json"), lines]);
    assert!(text(&output).contains("4 lines keep to the schema"), "{}", text(&output));

    // The book and the log.
    let lines = json_lines(&office.run(&["book", "show", "--json"]));
    assert_eq!(lines[0][0]["requester"], "Nguyễn Văn Ví Dụ");
    assert_eq!(lines[0][0]["fee"], 4000, "one page, two copies");
    let csv = office.path("book.csv");
    let output = office.run(&["book", "export", "--out", str_of(&csv)]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(fs::read_to_string(&csv).expect("it is there").contains("Nguyễn Văn Ví Dụ"));
    fs::write(&csv, b"something else").expect("it can be written");
    assert_eq!(code(&office.run(&["book", "export", "--out", str_of(&csv)])), 2, "an existing file stays");
    assert_eq!(code(&office.run(&["registry", "check"])), 0);
    let proof = office.run(&["registry", "proof", "0"]);
    assert_eq!(proof.stdout, fs::read(evidence.join("receipt.tlog-proof")).expect("it is there"));
    let number = format!("1/{}", year());
    assert_eq!(code(&office.run(&["registry", "void", &number, "--cause", "nhầm giấy tờ"])), 0);
    let text = text(&office.run(&["book", "show"]));
    assert!(text.contains("HỦY: nhầm giấy tờ"), "{text}");
    assert_eq!(code(&office.run(&["registry", "check"])), 0);
}

#[test]
fn an_officer_corrects_the_reading_and_it_counts_as_confirmed() {
    let office = Office::new();
    let output = office.run(&["read", "--json", SCAN]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    let mut read: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let document = &read[0];
    assert_eq!(document["file"], SCAN);
    assert_eq!(document["form"], "giay-khai-sinh");
    let page = &document["pages"][0];
    assert!(page["width"].as_u64() > Some(1000) && page["dpi"][0].as_f64() > Some(199.0));
    assert!(page["text"].as_str().is_some_and(|t| t.contains("Họ, chữ đệm, tên")));
    let word = &page["words"][0];
    assert!(word["text"].is_string() && word["confidence"].is_number() && word["box"][3].is_u64());
    let field = &document["fields"]["child_name"];
    for member in ["raw", "value", "confidence", "page", "box", "review", "problems"] {
        assert!(field.get(member).is_some(), "{member} is missing: {field}");
    }

    read[0]["fields"]["child_name"]["value"] = "LÊ VÍ DỤ".into();
    let corrected = office.path("corrected.json");
    fs::write(&corrected, read.to_string()).expect("it can be written");
    let (output, copy) = office.certify(&["--fields", str_of(&corrected)]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert_eq!(json_lines(&output)[0]["fields_to_review"], serde_json::json!([]));
    let report = &json_lines(&office.run(&["verify", "--json", str_of(&copy)]))[0];
    assert_eq!(report["verdict"], "valid");
    let fields = &report["copy"]["fields"];
    assert_eq!(fields["child_name"]["value"], "LÊ VÍ DỤ");
    assert!(
        fields.as_object().is_some_and(|f| f.values().all(|field| field["confirmed"] == true)),
        "{fields}"
    );
    // People read what a field is called; scripts and English readers its name.
    let vietnamese = text(&office.run(&["verify", str_of(&copy)]));
    assert!(vietnamese.contains("  Họ, chữ đệm, tên: LÊ VÍ DỤ\n"), "{vietnamese}");
    assert!(!vietnamese.contains("child_name") && !vietnamese.contains("=#"), "{vietnamese}");
    assert!(vietnamese.contains("organizationIdentifier=H99.01"), "{vietnamese}");
    let english = text(&office.run(&["verify", "--lang", "en", str_of(&copy)]));
    assert!(english.contains("  Child name: LÊ VÍ DỤ\n"), "{english}");
}

#[test]
fn fields_that_cannot_be_the_officers_cost_no_number() {
    let office = Office::new();
    let field = |page: u32, value: &str| {
        format!(
            r#"{{"raw":"x","value":{value},"confidence":1,"page":{page},"box":[0,0,9,9],"review":false,"problems":[]}}"#
        )
    };
    let document = |file: &str, form: &str, name: &str, field: &str| {
        format!(r#"[{{"file":"{file}","form":"{form}","pages":[],"fields":{{"{name}":{field}}}}}]"#)
    };
    let (form, name) = ("giay-khai-sinh", "child_name");
    for (text, expected) in [
        (document("another.jpg", form, name, &field(1, r#""A""#)), "another.jpg"),
        (document(SCAN, "no-form", name, &field(1, r#""A""#)), "no-form"),
        (document(SCAN, form, "no_field", &field(1, r#""A""#)), "no_field"),
        (document(SCAN, form, name, &field(99, r#""A""#)), "page"),
        (document(SCAN, form, name, &field(1, "12")), "neither a text"),
        (document(SCAN, form, name, &field(1, r#""LÊ V1 DỤ""#)), "field child_name: expected a name"),
        (document(SCAN, form, "child_dob", &field(1, r#""2021-02-30""#)), "field child_dob: expected a date"),
    ] {
        let path = office.path("fields.json");
        fs::write(&path, &text).expect("it can be written");
        let (output, _) = office.certify(&["--fields", str_of(&path)]);
        assert_ne!(code(&output), 0, "{text}");
        assert!(self::text(&output).contains(expected), "{text}: {}", self::text(&output));
    }
    assert_eq!(
        json_lines(&office.run(&["book", "show", "--json"]))[0],
        serde_json::json!([]),
        "no number was used"
    );
}

#[test]
fn a_copy_is_never_certified_as_if_it_were_an_original() {
    let office = Office::new();
    let (_, copy) = office.certify(&[]);
    let out = office.path("again");
    let output = office.run(&["certify", "--compared", "--json", "--out", str_of(&out), str_of(&copy)]);
    assert_eq!(code(&output), 1);
    assert_eq!(json_lines(&output)[0]["error"]["code"], "signed-pdf");
    // An explicit trust list wins over SAOY_HOME, which would know the status.
    let trust = office.home().join("trust.json");
    assert_eq!(code(&office.run(&["verify", "--trust", str_of(&trust), str_of(&copy)])), 3);
    assert_eq!(code(&office.run(&["registry", "void", "entry:0", "--cause", " "])), 2, "no cause");
}

#[test]
fn a_batch_goes_on_past_bad_files() {
    let office = Office::new();
    let out = office.path("copies");
    let empty = office.path("empty.jpg");
    fs::write(&empty, b"").expect("it can be written");
    let missing = office.path("missing.png");
    let arguments = [
        "certify",
        "--compared",
        "--json",
        "--out",
        str_of(&out),
        str_of(&empty),
        "Cargo.toml",
        str_of(&missing),
        SCAN,
    ];
    let output = office.run(&arguments);
    assert_eq!(code(&output), 1, "{}", text(&output));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 4);
    let codes: Vec<&str> = lines.iter().filter_map(|l| l["error"]["code"].as_str()).collect();
    assert_eq!(codes, ["empty-file", "wrong-type", "file-not-found"]);
    assert!(
        lines
            .iter()
            .all(|l| l["error"].is_null() || l["error"]["advice"].as_str().is_some_and(|a| !a.is_empty()))
    );
    assert_eq!(lines.iter().filter(|l| l["number"].is_string()).count(), 1);
    assert_eq!(fs::read_dir(&out).expect("it is there").count(), 1);

    // A name that is taken costs no number.
    let copy = out.join("khai-sinh-02-dau-tren-ten.certified.pdf");
    fs::write(&copy, b"something else").expect("it can be written");
    let output = office.run(&["certify", "--compared", "--again", "--json", "--out", str_of(&out), SCAN]);
    assert_eq!(json_lines(&output)[0]["error"]["code"], "output-exists");
    assert_eq!(fs::read(&copy).expect("it is there"), b"something else");
    let books = text(&office.run(&["book", "show"]));
    assert!(books.contains("1 to 1"), "{books}");
}

#[test]
fn wrong_usage_says_what_to_do() {
    let office = Office::new();
    for (arguments, expected) in [
        (vec!["certify", SCAN], "not-compared"),
        (vec!["certify", "--compared", "--form", "no-such-form", SCAN], "unknown-form"),
        (vec!["certify", "--compared", "--lang-ocr", "xxx", SCAN], "xxx"),
        (vec!["certify", "--compared", "--act", "digitisation", SCAN], "digitisation"),
        (vec!["verify", SCAN], "not-a-copy"),
        (vec!["registry", "proof", "7"], "no-entry"),
        (vec!["registry", "void", "entry:7", "--cause", "failure"], "not-issued"),
        (vec!["registry", "void", "7/2026", "--cause", "failure"], "no-number"),
        (vec!["book", "close", "--year", "1999"], "no-book"),
        (vec!["forms", "check", "samples"], "no-forms"),
    ] {
        let output = office.run(&arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(expected), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains('→'), "{arguments:?} gives no advice: {}", text(&output));
    }
    let output = saoy(&["verify", SCAN]);
    assert_eq!(code(&output), 2);
    assert!(text(&output).contains("no-trust"), "{}", text(&output));
    let output = saoy(&["init", "--home", str_of(&office.home()), "--name", "X", "--code", "H99.02"]);
    assert!(code(&output) == 2 && text(&output).contains("home-exists"), "{}", text(&output));
    let nowhere = office.path("nowhere");
    for url in ["http://xacminh.example.vn", "https://xacminh.example.vn?a", "https://Xacminh.example.vn"] {
        let output = saoy(&[
            "init",
            "--home",
            str_of(&nowhere),
            "--name",
            "X",
            "--code",
            "H99.02",
            "--verify-url",
            url,
        ]);
        assert!(code(&output) == 2 && text(&output).contains("bad-url"), "{url}: {}", text(&output));
    }
    let output = saoy(&["certify", "--home", str_of(&nowhere), "--compared", SCAN]);
    assert!(code(&output) == 2 && text(&output).contains("no-home"), "{}", text(&output));
}

#[test]
fn a_trial_office_says_so_everywhere() {
    let office = Office::of("H99.01", &[]);
    let (output, copy) = office.certify(&[]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert_eq!(json_lines(&output)[0]["trial"], true);
    let output = office.run(&["verify", "--json", str_of(&copy)]);
    assert_eq!(code(&output), 1);
    let report = &json_lines(&output)[0];
    assert_eq!((&report["verdict"], &report["trial"]), (&"indeterminate".into(), &true.into()));
    let output = text(&run("pdftotext", POPPLER, [str_of(&copy), "-"]));
    assert!(output.contains("THỬ NGHIỆM"), "{output}");
}

#[test]
fn a_sheet_without_words_is_noticed() {
    let office = Office::new();
    let (blank, dot) = (office.path("blank.png"), office.path("dot.png"));
    image::GrayImage::from_pixel(827, 1169, image::Luma([250])).save(&blank).expect("it can be written");
    image::GrayImage::from_pixel(1, 1, image::Luma([0])).save(&dot).expect("it can be written");
    let out = office.path("copies");
    let certify = |more: &[&str]| {
        let mut arguments = vec!["certify", "--compared", "--out", str_of(&out)];
        arguments.extend(more);
        office.run(&arguments)
    };
    // Nothing but blank pages: most likely the paper lay face down.
    for file in [&blank, &dot] {
        let output = certify(&[str_of(file)]);
        assert_eq!(code(&output), 1, "{}", text(&output));
        let name = format!("{}: no word", file.display());
        assert!(text(&output).contains(&name) && text(&output).contains("[blank]"), "{}", text(&output));
        assert!(text(&output).contains("--allow-blank"), "{}", text(&output));
    }
    assert_eq!(json_lines(&office.run(&["book", "show", "--json"]))[0], serde_json::json!([]));
    // Among others a blank page is remarked upon, with the file and the page.
    let output = certify(&["--join", SCAN, str_of(&blank), str_of(&dot)]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains(&format!("{SCAN}: pages 2, 3 have no words")), "{}", text(&output));
    let output = certify(&["--allow-blank", str_of(&blank)]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    let remark = format!("{}: page 1 has no words", blank.display());
    assert!(text(&output).contains(&remark), "{}", text(&output));
    let output = office.run(&["read", str_of(&blank)]);
    assert!(code(&output) == 0 && text(&output).contains(&remark), "{}", text(&output));
}

/// Half a page and a blurred one: what is on them may be part of a value, or another.
#[test]
fn no_value_of_a_page_that_cannot_be_read_well_passes_in_silence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sample = root().join("samples/khai-sinh-01-ban-chinh.jpg");
    let paper = image::open(sample).expect("a picture").to_rgb8();
    let (width, height) = paper.dimensions();
    let half = |x| image::imageops::crop_imm(&paper, x, 0, width / 2, height).to_image();
    let pages = [
        ("left.jpg", half(0), "cut-off"),
        ("right.jpg", half(width / 2), "cut-off"),
        ("blurred.jpg", image::imageops::blur(&paper, 4.0), "blurred"),
    ];
    for (name, page, problem) in pages {
        let file = folder.path().join(name);
        let to = fs::File::create(&file).expect("it can be written");
        let mut jpeg = image::codecs::jpeg::JpegEncoder::new_with_quality(to, 90);
        jpeg.set_pixel_density(image::codecs::jpeg::PixelDensity::dpi(300));
        jpeg.encode_image(&page).expect("it can be written");
        let output = saoy(&["read", "--json", str_of(&file)]);
        let read: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let read = &read[0];
        assert!(
            read["pages"][0]["quality"].to_string().contains(problem),
            "{name}: {}",
            read["pages"][0]["quality"]
        );
        for (field, found) in read["fields"].as_object().expect("fields") {
            assert!(found["review"] == true || found["page"].as_u64() > Some(1), "{name}: {field}: {found}");
        }
    }
}

#[test]
fn limits_are_options_and_a_refusal_names_its_own() {
    for (option, limit, file, expected) in [
        ("--max-bytes", "1000", SCAN, "too-many-bytes"),
        ("--max-pixels", "1000", SCAN, "too-many-pixels"),
        ("--max-pages", "1", "samples/van-ban-04-bao-cao-hai-trang.tif", "too-many-pages"),
    ] {
        let output = saoy(&["read", option, limit, file]);
        assert_eq!(code(&output), 1, "{}", text(&output));
        let text = text(&output);
        assert!(text.contains(&format!("{file}: ")) && text.contains(&format!("[{expected}]")), "{text}");
        assert!(text.contains(&format!("raise the limit with {option}")), "{text}");
    }
    let office = Office::new();
    let (output, _) = office.certify(&["--max-pixels", "1000"]);
    assert_eq!(json_lines(&output)[0]["error"]["code"], "too-many-pixels");
    let output = saoy(&["read", "--max-decoded", "10", "samples/van-ban-05-ke-hoach-hai-trang.pdf"]);
    assert!(text(&output).contains("[decompression-bomb]"), "{}", text(&output));
    assert_eq!(code(&saoy(&["read", "--page-seconds", "0", SCAN])), 2);
}

#[test]
fn what_is_no_copy_is_not_read_to_its_end() {
    let office = Office::new();
    let (pipe, vast) = (office.path("pipe"), office.path("vast.pdf"));
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    // One byte more than the limit, none of them on the disk.
    let file = fs::File::create(&vast).expect("it can be written");
    file.set_len((4 << 30) + 1).expect("the file system has sparse files");
    for (file, message) in
        [(&pipe, ("not-a-file", "it is a pipe")), (&vast, ("too-many-bytes", "4294967297 bytes"))]
    {
        let (code_of, message) = message;
        let output = office.run(&["verify", "--json", str_of(file)]);
        assert_eq!(code(&output), 2, "{}", text(&output));
        let report = &json_lines(&output)[0];
        assert_eq!((&report["file"], &report["error"]["code"]), (&str_of(file).into(), &code_of.into()));
        assert!(report["error"]["message"].as_str().is_some_and(|m| m.contains(message)), "{report}");
    }
}

/// This year in Vietnam, as `date` knows it.
fn year() -> String {
    let output = Command::new("date").env("TZ", "Asia/Ho_Chi_Minh").arg("+%Y").output().expect("date runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A home for reading only, and a user who has no more rights than that: root would have them all.
#[cfg(unix)]
mod readers {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;

    use super::*;

    /// Who owns nothing.
    const NOBODY: u32 = 65534;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    /// Folders get one mode, files another.
    fn modes(folder: &Path, (of_folders, of_files): (u32, u32)) {
        mode(folder, 0o755);
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("readable").path();
            if path.is_dir() { modes(&path, (of_folders, of_files)) } else { mode(&path, of_files) }
        }
        mode(folder, of_folders);
    }

    /// Runs a command as one who may only read.
    fn run(office: &Office, arguments: &[&str]) -> Output {
        mode(office.folder.path(), 0o755);
        // Built under a folder that nobody else may look into, perhaps.
        let program = office.path("saoy");
        if !program.exists() {
            fs::copy(env!("CARGO_BIN_EXE_saoy"), &program).expect("it can be copied");
        }
        let mut command = Command::new(&program);
        command.args(arguments).env("SAOY_HOME", office.home()).current_dir(office.folder.path());
        if office.folder.path().metadata().expect("it is there").uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output().expect("saoy runs")
    }

    #[test]
    fn a_home_that_may_only_be_read_is_read() {
        let office = Office::new();
        let (_, copy) = office.certify(&[]);
        modes(&office.home(), (0o555, 0o444));
        mode(&office.path("copies"), 0o755);
        mode(&copy, 0o644);

        let verified = run(&office, &["verify", "--json", str_of(&copy)]);
        assert_eq!(code(&verified), 0, "{}", text(&verified));
        assert_eq!(json_lines(&verified)[0]["verdict"], "valid");
        let checked = run(&office, &["registry", "check"]);
        assert_eq!(code(&checked), 0, "{}", text(&checked));
        assert!(text(&checked).contains("1 entries: 1 copies"), "{}", text(&checked));
        assert!(text(&run(&office, &["book", "show"])).contains("Giấy khai sinh"));
        let out = tempfile::tempdir().expect("a temporary folder");
        mode(out.path(), 0o777);
        let csv = out.path().join("book.csv");
        let exported = run(&office, &["book", "export", "--out", str_of(&csv)]);
        assert_eq!(code(&exported), 0, "{}", text(&exported));
        assert!(csv.exists());
        assert!(!office.home().join("saoy.db-shm").exists(), "nothing was written into the home");

        // A writer at work, or one that was killed: what it wrote would be missed, so nothing is said.
        modes(&office.home(), (0o755, 0o644));
        fs::write(office.home().join("saoy.db-wal"), b"not yet in the database").expect("it can be written");
        modes(&office.home(), (0o555, 0o444));
        let refused = run(&office, &["registry", "check"]);
        assert_eq!(code(&refused), 2, "{}", text(&refused));
        assert!(text(&refused).contains("[home-changing]"), "{}", text(&refused));
        modes(&office.home(), (0o755, 0o644));
    }

    /// A disk that became read-only, as far as the office can tell.
    #[test]
    fn a_home_that_may_only_be_read_takes_no_entry() {
        let office = Office::new();
        office.certify(&[]);
        let list = office.path("records.txt");
        fs::write(&list, format!("{}\n", saoy::record::Digest::of(b"a record"))).expect("it can be written");
        mode(&list, 0o644);
        let before = fs::read(office.home().join("saoy.db")).expect("the database");
        modes(&office.home(), (0o555, 0o444));
        let refused = run(&office, &["registry", "import", str_of(&list)]);
        modes(&office.home(), (0o755, 0o644));
        assert_eq!(code(&refused), 2, "{}", text(&refused));
        assert!(text(&refused).contains("[not-allowed]"), "{}", text(&refused));
        assert!(fs::read(office.home().join("saoy.db")).expect("the database") == before);
        assert_eq!(code(&office.run(&["registry", "import", str_of(&list)])), 0);
        let checked = office.run(&["registry", "check"]);
        assert!(text(&checked).contains("2 entries"), "{}", text(&checked));
    }

    #[test]
    fn a_home_that_is_forbidden_is_not_called_missing() {
        let office = Office::new();
        mode(&office.home(), 0);
        let refused = run(&office, &["registry", "check"]);
        mode(&office.home(), 0o755);
        assert_eq!(code(&refused), 2);
        assert!(text(&refused).contains("[not-allowed]"), "{}", text(&refused));
        mode(&office.home().join("office.json"), 0);
        let refused = run(&office, &["book", "show"]);
        mode(&office.home().join("office.json"), 0o644);
        assert!(text(&refused).contains("[not-allowed]"), "{}", text(&refused));
        assert!(text(&refused).contains("office.json"), "{}", text(&refused));
    }
}
