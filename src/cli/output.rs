//! Lines for people and for scripts.

#![allow(clippy::print_stdout)] // the one file that writes to standard output

use std::io::{IsTerminal, Write};
use std::path::Path;

use serde::Serialize;

use crate::error::Failure;
use crate::verify::{Language, printable};

/// A result line on standard output. A closed pipe ends the program quietly and as the signal would that other programs end by; a full disk does
/// not. Neither ends it with the code of a result that nobody could read.
pub(super) fn line(text: &str) {
    /// What a shell gives for a program that SIGPIPE (13) ended.
    const PIPE: i32 = 128 + 13;
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(PIPE),
        Err(error) => {
            note(&format!("error: the report could not be written to standard output: {error} [output]"));
            note("  → What was issued is in the registry; run the command again where there is room.");
            std::process::exit(2);
        }
    }
}

/// One JSON value on one line of standard output.
pub(super) fn json(value: &impl Serialize) {
    line(&serde_json::to_string(value).expect("results are plain data"));
}

/// One JSON value, indented.
pub(super) fn json_pretty(value: &impl Serialize) {
    line(&serde_json::to_string_pretty(value).expect("results are plain data"));
}

/// What went wrong and what to do, on standard error.
pub(super) fn failure(failure: &Failure) {
    note(&format!("error: {} [{}]", failure.message, failure.code));
    note(&format!("  → {}", failure.advice));
}

/// The same in one language, where the failure has it.
pub(super) fn in_language(failure: Failure, language: Language) -> Failure {
    match (language, failure.vietnamese) {
        (Language::Vietnamese, Some(told)) => {
            let (message, advice) = *told;
            Failure { message, advice, vietnamese: None, ..failure }
        }
        (_, vietnamese) => Failure { vietnamese, ..failure },
    }
}

/// The same of one file among others.
pub(super) fn failure_of(file: &Path, failure: &Failure) {
    note(&format!("{}: {} [{}]", name(file), failure.message, failure.code));
    note(&format!("  → {}", failure.advice));
}

/// A file's name on one line: one that somebody else gave must not write lines of its own, nor turn the direction of those that follow.
pub(super) fn name(file: &Path) -> String {
    printable(&file.to_string_lossy()).replace(['\u{200e}', '\u{200f}'], "\u{fffd}")
}

/// Why a file or folder cannot be read.
pub(super) fn unreadable(error: &std::io::Error) -> Failure {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "không có tệp này".to_owned(),
        std::io::ErrorKind::PermissionDenied => "không được phép đọc".to_owned(),
        std::io::ErrorKind::IsADirectory => "đây là thư mục".to_owned(),
        _ => error
            .raw_os_error()
            .map_or_else(|| "lỗi đọc".to_owned(), |code| format!("lỗi {code} của hệ điều hành")),
    };
    Failure::new("unreadable", format!("cannot be read: {error}"), "check the name and the permissions")
        .in_vietnamese(format!("không đọc được: {why}"), "kiểm tra lại tên tệp và quyền đọc")
}

/// A remark on standard error.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether a person watches.
pub(super) fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}
