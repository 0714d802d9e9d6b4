//! What is said of a file is true of it, to people and to scripts: each fact names what was compared, a refusal what was found, an exit code the
//! verdict.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use memchr::memmem;
use saoy::verify::TrustList;
use time::Duration;

use crate::verify_support::{House, NOW};

/// A folder with a house's copy, one that was changed, and a list that trusts the house.
struct Desk {
    folder: tempfile::TempDir,
    house: House,
}

impl Desk {
    fn new() -> Self {
        let (folder, house) = (tempfile::tempdir().expect("a folder"), House::new("999.01", 1));
        // The list in the houses' time would have expired by the machine's clock one day.
        let list = TrustList::new(7, NOW + Duration::days(36_500), vec![house.trusted()]).expect("a list");
        fs::write(folder.path().join("trust.json"), list.to_json()).expect("written");
        let desk = Self { folder, house };
        let copy = desk.house.copy(1);
        desk.write("good.pdf", &copy);
        desk.write("bad.pdf", &changed(&copy));
        desk
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    fn verify(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saoy"));
        command.arg("verify").arg("--trust").arg(self.folder.path().join("trust.json"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("SAOY_HOME");
        command
    }
}

/// One bit of the page image is another.
fn changed(copy: &[u8]) -> Vec<u8> {
    let mut bytes = copy.to_vec();
    let at = memmem::find(copy, b"/DCTDecode").expect("a picture");
    let at = at + memmem::find(&copy[at..], b"stream\n").expect("its bytes") + 50;
    bytes[at] ^= 1;
    bytes
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
#[cfg(unix)]
fn a_pipe_that_nobody_reads_and_a_full_disk_are_no_verdict() {
    let desk = Desk::new();
    let kinds: [&[&str]; 4] = [
        &["bad.pdf"],
        &["--json", "bad.pdf"],
        &["--json", "--allow-status-unknown", "good.pdf", "bad.pdf"],
        &["--lang", "en", "bad.pdf", "good.pdf"],
    ];
    for arguments in kinds {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = desk.verify(arguments).stdout(writer).output().expect("it runs");
        assert_eq!(code(&output), Some(141), "{arguments:?}");
        if !Path::new("/dev/full").exists() {
            continue;
        }
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
        let output = desk.verify(arguments).stdout(Stdio::from(full)).output().expect("it runs");
        let said = String::from_utf8(output.stderr.clone()).expect("UTF-8");
        assert_eq!(code(&output), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("the report could not be written"), "{said}");
    }
    assert_eq!(code(&desk.verify(&["bad.pdf"]).output().expect("it runs")), Some(1));
}
