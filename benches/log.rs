//! The log's figures: `cargo bench --bench log`. One run, no statistics: it takes minutes, and the disk decides most of it.
//!
//! `SAOY_BENCH_SECONDS` (60) is how long the sustained load lasts, `SAOY_BENCH_ENTRIES` (1000000) how large the imported log is,
//! `SAOY_BENCH_DIR` where it lies: a folder on the disk to be measured, not in memory.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use saoy::ambient::{SystemClock, SystemEntropy};
use saoy::office::{Ambient, NewOffice, Office, Sequencer, Submission};
use saoy::record::Digest;
use saoy::registry::entry::EntryKind;
use saoy::signature::Algorithm;
use saoy::store::{LogDb, LogFolder, Mode};

const SAOY: &str = env!("CARGO_BIN_EXE_saoy");

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (seconds, entries) = (number("SAOY_BENCH_SECONDS", 60), number("SAOY_BENCH_ENTRIES", 1_000_000));
    let place = std::env::var_os("SAOY_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(place).expect("a folder");
    println!(
        "in {}, {} CPUs",
        folder.path().display(),
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    sustained(&folder.path().join("sustained"), seconds);
    singly(&folder.path().join("singly"), seconds.min(30));
    large(folder.path(), entries);
}

fn ambient() -> Ambient {
    let (clock, entropy) = (Box::new(SystemClock), Box::new(SystemEntropy));
    Ambient { clock, entropy, passphrase: None, anchor: None }
}

fn office(home: &Path) -> Office {
    let new = NewOffice {
        name: "Ủy ban nhân dân phường Bến Mẫu".into(),
        code: "999.01".into(),
        officer: None,
        verify_url: None,
        book_symbol: "SCT/BS".into(),
        first_number: 1,
        algorithm: Algorithm::EcdsaP256,
    };
    Office::create(home, &new, None, ambient()).expect("an office")
}

fn issue(number: u64) -> Submission {
    let digest = Digest::of(&number.to_be_bytes());
    Submission { kind: EntryKind::Issue { commitment: digest }, key: Some(digest) }
}

/// Batches as fast as they go, while another thread publishes the log as files every second.
fn sustained(home: &Path, seconds: u64) {
    let office = office(home);
    let out = home.join("log");
    let (stop, published) = (AtomicBool::new(false), AtomicU64::new(0));
    let begin = Instant::now();
    let mut logged = 0;
    std::thread::scope(|scope| {
        let publisher = scope.spawn(|| {
            let log = LogDb::open(home).expect("a reader opens");
            while !stop.load(Ordering::Relaxed) {
                if let Ok(done) = LogFolder::new(&out).export(&log, &mut |_, _| {}) {
                    published.store(done.size, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_secs(1));
            }
            let done = LogFolder::new(&out).export(&log, &mut |_, _| {}).expect("exported");
            published.store(done.size, Ordering::Relaxed);
        });
        while begin.elapsed() < Duration::from_secs(seconds) {
            let batch: Vec<Submission> = (logged..logged + 1000).map(issue).collect();
            logged = office.log(&batch).expect("logged").last().expect("a batch") + 1;
        }
        stop.store(true, Ordering::Relaxed);
        publisher.join().expect("it ends");
    });
    let all = begin.elapsed();
    assert_eq!(published.load(Ordering::Relaxed), logged);
    println!(
        "batches of 1000, fsync, signed, published as files: {logged} entries in {:.1} s: {:.0}/s",
        all.as_secs_f64(),
        logged as f64 / all.as_secs_f64()
    );
}

/// Thirty a second, each by itself from request to receipt, from eight threads.
fn singly(home: &Path, seconds: u64) {
    let office = office(home);
    let sequencer = Sequencer::new(&office);
    let times = Mutex::new(Vec::new());
    let begin = Instant::now();
    let count = 30 * seconds;
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let due = begin + Duration::from_millis(number * 1000 / 30);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let asked = Instant::now();
                    sequencer.submit_for_receipt(issue(number)).expect("logged");
                    times.lock().expect("nobody panics").push(asked.elapsed());
                }
            });
        }
    });
    let mut times = times.into_inner().expect("nobody panics");
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "singly, 30/s, request to receipt: {} entries, p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    let begin = Instant::now();
    let mut number = count;
    while begin.elapsed() < Duration::from_secs(5) {
        sequencer.submit_for_receipt(issue(number)).expect("logged");
        number += 1;
    }
    println!("singly, one after another: {:.0}/s", (number - count) as f64 / begin.elapsed().as_secs_f64());
    drop(office);
    let bytes = fs::metadata(home.join("saoy.db")).expect("there").len();
    println!("database of single appends: {:.0} bytes an entry", bytes as f64 / number as f64);
}

/// A large log: import, check, start after a kill, size.
fn large(folder: &Path, entries: u64) {
    let (home, out, list) = (folder.join("large"), folder.join("large-log"), folder.join("records.txt"));
    drop(office(&home));
    write_records(&list, 0..entries);
    let (time, memory) = timed(saoy(&["registry", "import", "--json"], &home).arg(&list));
    println!("import of {entries}: {:.1} s, peak memory {:.0} MiB", time.as_secs_f64(), memory);
    let bytes = fs::metadata(home.join("saoy.db")).expect("there").len();
    println!("database: {:.0} bytes an entry", bytes as f64 / entries as f64);
    let (time, memory) = timed(&mut saoy(&["registry", "check"], &home));
    println!("check --home: {:.1} s, peak memory {memory:.0} MiB", time.as_secs_f64());
    let (time, memory) = timed(saoy(&["registry", "export"], &home).arg("--out").arg(&out));
    println!("export: {:.1} s, peak memory {memory:.0} MiB", time.as_secs_f64());
    let mut check = Command::new(SAOY);
    check.args(["registry", "check", "--trust"]).arg(home.join("trust.json")).arg(&out);
    let (time, memory) = timed(&mut check);
    println!("check --trust of the folder: {:.1} s, peak memory {memory:.0} MiB", time.as_secs_f64());
    let (files, size) = size_of(&out);
    // What entries and full tiles need: 2 + 86 bytes an entry, 32 a hash.
    let hashes: u64 = (0..8).map(|level| entries >> (8 * level)).sum();
    let ideal = entries * 88 + hashes * 32;
    println!("folder: {files} files, {size} bytes, {:.3} of entries and hashes", size as f64 / ideal as f64);

    write_records(&list, entries..entries + 400_000);
    let mut child = saoy(&["registry", "import"], &home).arg(&list).spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(2500));
    child.kill().expect("it is killed");
    let killed = child.wait().expect("it ends");
    let wal = fs::metadata(home.join("saoy.db-wal")).map_or(0, |m| m.len());
    let begin = Instant::now();
    let office = Office::open(&home, ambient(), Mode::Write).expect("it opens");
    println!(
        "start after {killed} with {} entries and {} MiB of write-ahead log: {:.0} ms",
        office.registry.size(),
        wal >> 20,
        begin.elapsed().as_secs_f64() * 1000.0
    );
}

fn write_records(path: &Path, range: std::ops::Range<u64>) {
    let mut file = std::io::BufWriter::new(fs::File::create(path).expect("a file"));
    range.for_each(|i| writeln!(file, "{}", Digest::of(&i.to_be_bytes())).expect("written"));
    file.flush().expect("written");
}

fn saoy(arguments: &[&str], home: &Path) -> Command {
    let mut command = Command::new(SAOY);
    command.args(arguments).arg("--home").arg(home).stdout(Stdio::null());
    command
}

/// Time and peak memory in MiB of a command that must succeed.
fn timed(command: &mut Command) -> (Duration, f64) {
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
    let mut peak = 0.0;
    loop {
        peak = peak_memory(&child).unwrap_or(peak);
        match child.try_wait().expect("it can be waited for") {
            None => std::thread::sleep(Duration::from_millis(5)),
            Some(status) => {
                assert!(status.success(), "{command:?}: {status}");
                return (begin.elapsed(), peak);
            }
        }
    }
}

fn peak_memory(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok().map(|kib| kib / 1024.0)
}

fn size_of(folder: &Path) -> (u64, u64) {
    let mut sum = (0, 0);
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let more = match entry.file_type().expect("a kind").is_dir() {
            true => size_of(&entry.path()),
            false => (1, entry.metadata().expect("there").len()),
        };
        sum = (sum.0 + more.0, sum.1 + more.1);
    }
    sum
}
