//! `kill -9` at any moment of a batch: no number used twice, nothing half written, and the next run finishes what was left.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::office_support;
use office_support::{batch_with, draw, fake_engines, finish, names, new_office, request};
use saoy::ambient::{Entropy, SystemClock, SystemEntropy};
use saoy::office::{Ambient, Office, audit, book};
use saoy::pipeline::{Event, Outcome};
use saoy::record::Digest;
use saoy::store::{Anchor, JobState, Mode, anchor_path};
use saoy::verify::{self, Options, Verdict};

/// How often a running batch is killed.
const KILLS: u64 = 100;
/// Files in a batch.
const FILES: u32 = 20;
/// Where the worker is told what to do.
const HOME: &str = "SAOY_CRASH_HOME";
const FILES_IN: &str = "SAOY_CRASH_FILES";
const OUT: &str = "SAOY_CRASH_OUT";
const STOP_AT: &str = "SAOY_CRASH_STOP_AT";

/// When a worker is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// A while after so many documents.
    Random { after: u64, later: Duration },
    /// When it asks for randomness for the nth time: between any two steps, before the transaction and after it.
    Draw(u64),
    /// While it writes a copy.
    Writing,
    /// While it writes the anchor: the transaction is done, nothing is released.
    Anchoring,
}

impl Moment {
    fn of(run: u64) -> Self {
        let turn = run / 4;
        match run % 4 {
            0 => Self::Random { after: turn % 5, later: Duration::from_micros(turn * 7919 % 60_000) },
            1 => Self::Draw(turn * 5 % 37),
            2 => Self::Writing,
            _ => Self::Anchoring,
        }
    }
}

#[test]
fn killed_at_any_moment_nothing_is_lost_or_doubled() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("office");
    Office::create(&home, &new_office(), None, ambient(None)).expect("an office is made");

    let mut batches: Vec<(PathBuf, PathBuf)> = Vec::new();
    let (mut kills, mut ended) = (0, true);
    let mut stages: BTreeMap<&str, u64> = BTreeMap::new();
    for run in 0.. {
        if kills >= KILLS && stages.len() == 5 {
            break;
        }
        assert!(run < 4 * KILLS, "after {run} runs: {kills} kills, {stages:?}");
        if ended {
            let batch = batches.len() as u32;
            let files = folder.path().join(format!("batch-{batch}"));
            fs::create_dir(&files).expect("the folder can be made");
            for file in 0..FILES {
                draw(&files.join(format!("scan-{batch:03}-{file:02}.jpg")), batch * FILES + file);
            }
            let out = folder.path().join(format!("out-{batch}"));
            fs::create_dir(&out).expect("the folder can be made");
            batches.push((files, out));
        }
        let (files, out) = batches.last().expect("there is one");
        ended = !run_and_kill(&home, files, out, Moment::of(run));
        if !ended {
            kills += 1;
            for stage in found(&home, out) {
                *stages.entry(stage).or_default() += 1;
            }
        }
        let found = audit::check(&home, &ambient(None)).expect("the home can be checked");
        assert_eq!(found.wrong, None, "run {run}: {:?}", Moment::of(run));
    }

    println!("{kills} kills in {} batches left: {stages:?}", batches.len());

    for (files, out) in &batches {
        let outcomes = work(&home, files, out, None);
        let refused: Vec<_> = outcomes.iter().filter(|o| matches!(o, Outcome::Refused(_))).collect();
        assert!(refused.is_empty(), "{refused:?}");
    }
    let found = audit::check(&home, &ambient(None)).expect("the home can be checked");
    assert_eq!(found.wrong, None);
    assert!(found.pending.is_empty(), "{:?}", found.pending);
    assert_eq!(found.released, found.entries, "each entry has a copy");
    assert_eq!(found.entries, batches.len() as u64 * u64::from(FILES), "no document was certified twice");

    let office = Office::open(&home, ambient(None), Mode::Read).expect("the office opens");
    let numbers: Vec<u64> =
        book::lines(&office, None).expect("the book opens").iter().map(|line| line.row.book.number).collect();
    assert_eq!(numbers, (1..=found.entries).collect::<Vec<_>>(), "no number is used twice, none is left out");

    let jobs = office.store.jobs_in(JobState::Released).expect("the jobs can be read");
    let mut copies: HashSet<Digest> = jobs.into_iter().filter_map(|job| job.copy_digest).collect();
    let trust = office.trust().expect("there is a trust list");
    for (_, out) in &batches {
        assert_eq!(names(out).len(), FILES as usize, "{:?}", names(out));
        for name in names(out) {
            let bytes = fs::read(out.join(&name)).expect("it can be read");
            assert!(copies.remove(&Digest::of(&bytes)), "{name} is not one of the copies, whole");
            let options = Options { now: office.clock.now(), status: Some(&office) };
            let report = verify::verify(&bytes, &trust, &options).expect("it is a copy");
            assert_eq!(report.verdict, Verdict::Valid, "{name}");
        }
    }
    assert_eq!(office.store.orphans().expect("the folders can be read"), Vec::<String>::new());
    let half = |name: &String| name.ends_with(".part") || name.contains('#');
    let folders = names(&home.join("blobs")).into_iter().map(|name| home.join("blobs").join(name));
    for folder in folders.chain([home.clone()]) {
        assert!(!names(&folder).iter().any(half), "{}: {:?}", folder.display(), names(&folder));
    }
}

/// What a kill left behind.
fn found(home: &Path, out: &Path) -> Vec<&'static str> {
    let office = Office::open(home, ambient(None), Mode::Read).expect("a reader opens");
    let store = &office.store;
    let mut found = Vec::new();
    if !store.orphans().expect("the folders can be read").is_empty() {
        found.push("before the transaction");
    }
    let anchor = Anchor::read(&anchor_path(home, None)).expect("it can be read").expect("there is one");
    if anchor.size < office.registry.size() {
        found.push("between transaction and anchor");
    }
    for job in store.jobs_in(JobState::Entered).expect("the jobs can be read") {
        match store.holds(&job.folder, "copy.pdf").expect("the folder can be read") {
            false => found.push("entered, without a copy"),
            true => found.push("entered, with a copy"),
        }
    }
    if names(out).iter().any(|name| name.ends_with(".part")) {
        found.push("writing the file");
    }
    found
}

/// Runs a batch in a process of its own and kills it. Says whether it was still running.
fn run_and_kill(home: &Path, files: &Path, out: &Path, moment: Moment) -> bool {
    let mut command = Command::new(std::env::current_exe().expect("this test has a path"));
    command.args(["--exact", "crash::worker", "--ignored", "--nocapture"]);
    command.env(HOME, home).env(FILES_IN, files).env(OUT, out).env_remove(STOP_AT);
    if let Moment::Draw(n) = moment {
        command.env(STOP_AT, n.to_string());
    }
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the worker starts");
    let lines = lines_of(&mut child);
    match moment {
        Moment::Random { after, later } => {
            (0..after).take_while(|_| lines.recv().is_ok()).for_each(drop);
            // The moment of the kill; no assertion depends on it.
            let _ = lines.recv_timeout(later);
        }
        Moment::Draw(_) => while lines.recv().is_ok_and(|line| line != "stopped") {},
        Moment::Writing => {
            until(&lines, || names(out).iter().any(|name| name.ends_with(".part")));
        }
        Moment::Anchoring => until(&lines, || home.join("anchor.json.part").exists()),
    }
    // SIGKILL on Unix.
    child.kill().expect("the worker can be killed");
    child.wait().expect("the worker ends").code().is_none()
}

/// Returns once `seen`, or when the worker has ended.
fn until(lines: &Receiver<String>, seen: impl Fn() -> bool) {
    while !seen() {
        match lines.recv_timeout(Duration::from_micros(20)) {
            Err(RecvTimeoutError::Disconnected) => break,
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn lines_of(child: &mut Child) -> Receiver<String> {
    let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        let wanted = stdout.lines().map_while(Result::ok).filter(|l| l == "released" || l == "stopped");
        wanted.for_each(|line| {
            let _ = sender.send(line);
        });
    });
    lines
}

/// Not a test: the process that is killed.
#[test]
#[ignore = "run by killed_at_any_moment_nothing_is_lost_or_doubled"]
fn worker() {
    let place = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (Some(home), Some(files), Some(out)) = (place(HOME), place(FILES_IN), place(OUT)) else { return };
    let stop_at = std::env::var(STOP_AT).ok().map(|n| n.parse().expect("a number"));
    work(&home, &files, &out, stop_at);
}

fn work(home: &Path, files: &Path, out: &Path, stop_at: Option<u64>) -> Vec<Outcome> {
    let office = Office::open(home, ambient(stop_at), Mode::Write).expect("the office opens");
    for (index, ended) in finish(&office) {
        let place = ended.unwrap_or_else(|f| panic!("entry {index}: {f}"));
        assert!(place.is_some(), "entry {index} could not go where it was wanted");
    }
    let paths: Vec<PathBuf> = names(files).iter().map(|name| files.join(name)).collect();
    let watch = |event: Event<'_>| {
        if let Event::Document(_) = event {
            println!("released");
        }
    };
    batch_with(&office, &fake_engines(), &paths, &request(out), &AtomicBool::new(false), &watch)
        .expect("the batch runs")
}

fn ambient(stop_at: Option<u64>) -> Ambient {
    Ambient {
        clock: Box::new(SystemClock),
        entropy: Box::new(Stopping { at: stop_at, drawn: AtomicU64::new(0) }),
        passphrase: None,
        anchor: None,
    }
}

/// The system's randomness, which says "stopped" at the nth asking and waits to be killed.
struct Stopping {
    at: Option<u64>,
    drawn: AtomicU64,
}

impl Entropy for Stopping {
    fn fill(&self, out: &mut [u8]) {
        if Some(self.drawn.fetch_add(1, Ordering::Relaxed)) == self.at {
            println!("stopped");
            loop {
                std::thread::park();
            }
        }
        SystemEntropy.fill(out);
    }
}
