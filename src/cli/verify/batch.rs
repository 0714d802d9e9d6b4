//! Many files, on all cores, told in their order.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use super::ground::Ground;
use crate::cli::output::unreadable;
use crate::error::Failure;
use crate::verify::{ForeignSignature, Report};

/// The largest file that is taken for a copy.
const MAX_BYTES: u64 = 4 << 30;
/// How many files may be verified ahead of the one that is told next.
const AHEAD: usize = 64;

/// What became of one file.
pub(super) type Told = Result<Report, Refused>;

/// Why there is no report, and what can be told all the same.
pub(super) struct Refused {
    pub(super) failure: Failure,
    /// Of a PDF that others signed.
    pub(super) signatures: Vec<ForeignSignature>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, signatures: Vec::new() }
    }
}

/// Verifies each path and tells of it in the order in which they came; reading the paths goes no further than [`AHEAD`].
pub(super) fn each<P: AsRef<Path> + Clone + Send>(
    paths: impl Iterator<Item = P> + Send,
    ground: &Ground,
    mut tell: impl FnMut(P, Told),
) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (work, working) = sync_channel::<(P, SyncSender<Told>)>(threads);
    let (queue, queued) = sync_channel::<(P, Receiver<Told>)>(AHEAD);
    let working = Mutex::new(working);
    let next = || working.lock().unwrap_or_else(PoisonError::into_inner).recv();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Ok((path, answer)) = next() {
                    // Nobody waits any more only where telling has ended early.
                    let _ = answer.send(one(path.as_ref(), ground));
                }
            });
        }
        scope.spawn(move || {
            for path in paths {
                let (answer, answered) = sync_channel(1);
                if queue.send((path.clone(), answered)).is_err() || work.send((path, answer)).is_err() {
                    break;
                }
            }
        });
        for (path, answered) in queued {
            let broken =
                |_| Failure::new("internal", "its verification broke off", "verify it by itself").into();
            tell(path, answered.recv().map_err(broken).flatten());
        }
    });
}

fn one(file: &Path, ground: &Ground) -> Told {
    match std::fs::metadata(file) {
        Ok(m) if !m.is_dir() && !m.is_file() => {
            let (vi, en) = special(m.file_type());
            let advice = "give the name of a certified copy; names of many come with --ndjson, the text of a QR code with --seal";
            return Err(Failure::new("not-a-file", format!("it is {en}, not a file"), advice)
                .in_vietnamese(
                    format!("đây là {vi}, không phải tệp"),
                    "đưa tên của tệp bản sao; nhiều tên thì dùng --ndjson, nội dung mã QR thì dùng --seal",
                )
                .into());
        }
        Ok(m) if m.is_file() && m.len() > MAX_BYTES => {
            let size = m.len();
            let (message, advice) = (
                format!("it has {size} bytes, more than {MAX_BYTES}"),
                "give a certified copy; no copy is as large",
            );
            return Err(Failure::new("too-many-bytes", message, advice)
                .in_vietnamese(
                    format!("tệp có {size} byte, quá {MAX_BYTES}"),
                    "đưa bản sao đã chứng thực; không bản sao nào lớn như vậy",
                )
                .into());
        }
        _ => {}
    }
    let bytes = std::fs::read(file).map_err(|e| unreadable(&e))?;
    ground.verifier().copy(&bytes, OffsetDateTime::now_utc()).map_err(|error| {
        let (failure, signatures) = error.told(&bytes);
        Refused { failure, signatures }
    })
}

/// The paths that standard input names, one a line. What cannot be read ends them, and `failed` is told.
pub(super) fn named_by_input(failed: impl Fn(Failure) + Send) -> impl Iterator<Item = PathBuf> + Send {
    let mut lines = std::io::BufReader::new(std::io::stdin()).split(b'\n');
    std::iter::from_fn(move || {
        lines
            .find(|line| line.as_ref().map_or(true, |line| !ended(line).is_empty()))?
            .map_err(|e| failed(unreadable(&e)))
            .ok()
    })
    .map(|line| path(ended(&line).to_vec()))
}

/// A line of a list without the carriage return that Windows puts before its end.
fn ended(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(unix)]
fn path(line: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec(line).into()
}

#[cfg(not(unix))]
fn path(line: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&line).into_owned().into()
}

/// A file, or every PDF file below a folder in order of name; what begins with a point is passed over.
pub(super) fn below(place: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let (mut files, mut folders) = (Vec::new(), vec![place.to_owned()]);
    while let Some(folder) = folders.pop() {
        let unreadable = |error: std::io::Error| unreadable(&error).named(&folder);
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pdf")) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What something is that has a name like a file's.
fn special(kind: std::fs::FileType) -> (&'static str, &'static str) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return ("đường ống (pipe)", "a pipe");
        }
        if kind.is_socket() {
            return ("ổ cắm mạng (socket)", "a socket");
        }
        if kind.is_char_device() || kind.is_block_device() {
            return ("thiết bị", "a device");
        }
    }
    let _ = kind;
    ("thứ khác", "something else")
}
