//! Other people's tools. One that is absent fails the test and says what to install: a copy that nobody else looked at proves nothing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) const QPDF: &str = "install the Debian package qpdf";
pub(crate) const POPPLER: &str = "install the Debian package poppler-utils";
pub(crate) const ZBAR: &str = "install the Debian package zbar-tools";
pub(crate) const VERAPDF: &str = "install the Debian packages default-jdk-headless and python3-pip";
pub(crate) const PYHANKO: &str =
    "run script/test, which installs pyHanko into target/tools, or put it on PATH";

/// Runs a tool; `install` is what a person must do if it is absent.
pub(crate) fn run<S: AsRef<OsStr>>(
    program: impl AsRef<Path>,
    install: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Output {
    let program = program.as_ref();
    Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{} does not run ({error}): {install}", program.display()))
}

/// Standard output, then standard error.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// veraPDF's core behind a script.
pub(crate) fn pdfa_check() -> PathBuf {
    root().join("tests/tools/pdfa-check")
}

/// pyHanko's command line.
pub(crate) fn pyhanko() -> PathBuf {
    in_venv("pyhanko")
}

/// A program of the tests' Python environment, else of PATH.
pub(crate) fn in_venv(program: &str) -> PathBuf {
    let installed = root().join("target/tools/venv/bin").join(program);
    if installed.is_file() { installed } else { program.into() }
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
