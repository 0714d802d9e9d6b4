//! Many copies at once: folders, and paths on standard input; and that what certificates lead to is remembered right.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use saoy::record::Role;
use saoy::signature::Signer as _;
use saoy::signature::chain::{self, ChainError};
use saoy::signature::paths::Paths;
use saoy::verify::Verifier;
use serde_json::Value;
use time::Duration;

use crate::verify_support::{House, NOW, options, trust, verify};

/// A house's copies and other things in folders, with its trust list.
struct Folder {
    folder: tempfile::TempDir,
    house: House,
}

impl Folder {
    fn new() -> Self {
        let (folder, house) = (tempfile::tempdir().expect("a folder"), House::new("999.01", 1));
        // The list in the houses' time would have expired by the machine's clock one day.
        let list = saoy::verify::TrustList::new(7, NOW + Duration::days(36_500), vec![house.trusted()]);
        let list = list.expect("a list").to_json();
        fs::write(folder.path().join("trust.json"), list).expect("written");
        let made = Self { folder, house };
        for (name, seed) in [("b/2.pdf", 2), ("a.pdf", 1), ("b/c/3.PDF", 3), (".hidden/4.pdf", 4)] {
            made.write(name, &made.house.copy(seed));
        }
        made.write("b/notes.txt", b"no copy");
        made
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("copies").join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        fs::write(&path, bytes).expect("written");
        path
    }

    fn forged(&self) -> Vec<u8> {
        let mut copy = self.house.copy(5);
        let middle = copy.len() / 2;
        copy[middle] ^= 1;
        copy
    }

    fn saoy(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saoy"));
        command.arg("verify").arg("--trust").arg(self.folder.path().join("trust.json"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("SAOY_HOME");
        command
    }

    /// Exit code and one value a line.
    fn run(&self, arguments: &[&str]) -> (i32, Vec<Value>) {
        let output = self.saoy(arguments).output().expect("it runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let lines = text.lines().map(|line| line.parse().unwrap_or_else(|_| panic!("{line}"))).collect();
        (output.status.code().expect("it was not killed"), lines)
    }
}

fn told(lines: &[Value]) -> Vec<(&str, &str)> {
    lines
        .iter()
        .map(|line| {
            let verdict = line["verdict"].as_str().or(line["error"]["code"].as_str());
            (line["file"].as_str().expect("a file"), verdict.expect("a verdict or a code"))
        })
        .collect()
}

const FINE: &str = "authentic-status-unknown";

#[test]
fn a_folder_is_verified_whole_and_in_order() {
    let folder = Folder::new();
    let (code, lines) = folder.run(&["--json", "copies"]);
    let all = [("copies/a.pdf", FINE), ("copies/b/2.pdf", FINE), ("copies/b/c/3.PDF", FINE)];
    assert_eq!((code, told(&lines)), (3, all.to_vec()));
    assert_eq!(folder.run(&["--json", "--allow-status-unknown", "copies"]).0, 0);
    // A file that is named is taken whatever it is called; the worst decides.
    let named = ["--json", "copies/b/c", "copies/b/notes.txt", "copies/a.pdf"];
    let (code, lines) = folder.run(&named);
    let each = [("copies/b/c/3.PDF", FINE), ("copies/b/notes.txt", "not-a-copy"), ("copies/a.pdf", FINE)];
    assert_eq!((code, told(&lines)), (3, each.to_vec()));
    folder.write("b/5.pdf", &folder.forged());
    let (code, lines) = folder.run(&["--json", "--allow-status-unknown", "copies"]);
    assert_eq!((code, told(&lines)[2]), (1, ("copies/b/5.pdf", "invalid")));
    fs::create_dir(folder.folder.path().join("empty")).expect("made");
    let (code, lines) = folder.run(&["--json", "empty"]);
    assert_eq!((code, told(&lines)), (2, vec![("empty", "no-copies")]));
}

#[test]
fn paths_come_in_and_reports_go_out_one_by_one_and_in_order() {
    let folder = Folder::new();
    folder.write("forged.pdf", &folder.forged());
    let names =
        ["copies/a.pdf", "copies/none.pdf", "copies/forged.pdf", "copies/b/notes.txt", "copies/b/2.pdf"];
    let expected = [FINE, "unreadable", "invalid", "not-a-copy", FINE];
    let mut process = folder
        .saoy(&["--ndjson", "--allow-status-unknown"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut paths = process.stdin.take().expect("piped");
    let mut reports = BufReader::new(process.stdout.take().expect("piped")).lines();
    let mut next = || -> Value { reports.next().expect("a line").expect("UTF-8").parse().expect("JSON") };
    // One at a time: an answer needs no second question.
    for (name, expected) in names.iter().zip(expected) {
        writeln!(paths, "{name}\n").expect("it reads");
        assert_eq!(told(&[next()]), [(*name, expected)]);
    }
    // And many at once.
    let many: Vec<&str> = (0..40).map(|i| names[i % names.len()]).collect();
    paths.write_all(many.join("\n").as_bytes()).expect("it reads");
    drop(paths);
    for (i, name) in many.iter().enumerate() {
        assert_eq!(told(&[next()]), [(*name, expected[i % names.len()])]);
    }
    assert!(reports.next().is_none());
    assert_eq!(process.wait().expect("it ends").code(), Some(2));
    let nothing = folder.saoy(&["--ndjson"]).stdin(Stdio::null()).output().expect("it runs");
    assert_eq!((nothing.status.code(), nothing.stdout.len()), (Some(0), 0));
    for wrong in [
        &["--ndjson", "copies"][..],
        &["--ndjson", "--serve", "127.0.0.1:0"],
        &["--serve", "127.0.0.1:0", "x"],
    ] {
        assert_eq!(folder.saoy(wrong).output().expect("it runs").status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_remembered_path_answers_as_a_new_one_would() {
    let (house, other) = (House::new("999.01", 1), House::new("999.02", 2));
    let root = house.keys.root_certificate().der();
    let paths = Paths::default();
    for role in [Role::Officer, Role::Office] {
        let [leaf, between @ ..] = house.keys.signer(role).expect("a signer").certificates() else {
            panic!("a signer has a certificate")
        };
        let from = saoy::signature::certificate::Certificate::from_der(leaf).expect("a certificate");
        let (from, until) = (from.not_before(), from.not_after());
        let second = Duration::SECOND;
        let moments = [
            NOW,
            from - second,
            from,
            NOW,
            until,
            until + second,
            NOW + Duration::days(36_500),
            NOW,
            from - second,
        ];
        for at in moments {
            let fresh = chain::verify(leaf, between, root, at);
            let remembered = paths.verify(leaf, between, root, at);
            assert_eq!(
                remembered.as_deref().map_err(Clone::clone),
                fresh.as_ref().map_err(Clone::clone),
                "{at}"
            );
        }
        assert!(paths.verify(leaf, between, root, NOW).is_ok());
        let stranger = paths.verify(leaf, between, other.keys.root_certificate().der(), NOW);
        assert!(
            matches!(stranger, Err(ChainError::UnknownIssuer | ChainError::BadSignature)),
            "{stranger:?}"
        );
        let mut changed = leaf.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        assert!(paths.verify(&changed, between, root, NOW).is_err());
    }
}

#[test]
fn one_verifier_says_of_many_files_what_many_would() {
    let (house, other) = (House::new("999.01", 1), House::new("999.02", 2));
    let list = trust(&[&house, &other]);
    let paths = Paths::default();
    let verifier = Verifier { trust: &list, status: None, witnesses: None, national: None, paths: &paths };
    for seed in 1..6 {
        let swapped = house
            .issue_with(&house.parts(seed, vec![crate::verify_support::image(seed, 600)]), |role| {
                (if role == Role::Office { &other } else { &house }, role)
            });
        for copy in [house.copy(seed), other.copy(seed), swapped] {
            let report = verifier.copy(&copy, options().now).expect("a copy");
            assert_eq!(report, verify(&copy, &list));
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_in_no_encoding_or_with_lines_of_its_own_stops_and_deceives_nobody() {
    use std::os::unix::ffi::OsStringExt as _;
    let folder = Folder::new();
    let odd = folder.folder.path().join("odd");
    fs::create_dir(&odd).expect("made");
    let names: [&[u8]; 3] = [b"gi\xea\xe1y.pdf", b"a.pdf\nVALID: whole\nx.pdf", b"z.pdf"];
    for name in names {
        let name = std::ffi::OsString::from_vec(name.to_vec());
        fs::write(odd.join(name), folder.house.copy(1)).expect("written");
    }
    fs::write(odd.join(std::ffi::OsString::from_vec(b"\xff.pdf".to_vec())), b"no copy").expect("written");
    let output = folder.saoy(&["--json", "odd"]).output().expect("saoy runs");
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let files: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(files.len(), 4, "{lines}");
    assert_eq!(
        files.iter().filter(|file| file["verdict"] == "authentic-status-unknown").count(),
        3,
        "{lines}"
    );
    let output = folder.saoy(&["--lang", "en", "odd"]).output().expect("saoy runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!text.lines().any(|line| line.starts_with("VALID: whole")), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("odd/")).count(), 3, "{text}");
}

#[test]
fn a_pasted_seal_may_have_white_space_around_it() {
    let place = Folder::new();
    let parts = place.house.parts(9, vec![crate::verify_support::image(9, 60)]);
    let cose = &parts.files.iter().find(|(name, _)| name == "seal.cose").expect("it is attached").1;
    for host in [None, Some("https://xacminh.example.vn")] {
        let text = saoy::seal::qr_text(cose, host).expect("it fits");
        let (code, lines) = place.run(&["--json", "--seal", &format!("  \n{text}\t\n")]);
        assert_eq!((code, lines[0]["verdict"].as_str()), (3, Some("sealed")), "{lines:?}");
    }
}
