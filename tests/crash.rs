//! `kill -9` at any moment of a batch: no number used twice, nothing half written, and the next run finishes what was left.
#![cfg(feature = "issue")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::time::Duration;

use image::{GrayImage, Luma};
use saoy::certify::{Acts, Fonts};
use saoy::extract::Forms;
use saoy::ocr::{EnginePool, FakeRecognizer};
use saoy::office::{Ambient, NewOffice, Office, audit};
use saoy::pipeline::{self, Outcome, Request, Tools};
use saoy::record::{Act, Digest, Officer};
use saoy::scan::Limits;
use saoy::signature::Algorithm;
use saoy::store::{JobState, Mode};

/// How often the batch is killed.
const KILLS: u64 = 100;
/// Files in a batch.
const FILES: u32 = 20;

#[test]
fn killed_at_any_moment_nothing_is_lost_or_doubled() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("office");
    let new = NewOffice {
        name: "Ủy ban nhân dân phường Bến Mẫu".into(),
        code: "H99.01".into(),
        officer: Some(Officer { name: "Trần Thị Mẫu".into(), title: "Phó Chủ tịch".into() }),
        verify_url: None,
        book_symbol: "SCT/BS".into(),
        first_number: 1,
        algorithm: Algorithm::EcdsaP256,
    };
    Office::create(&home, &new, None, ambient()).expect("an office is made");

    let mut batch = 0;
    let mut batches = Vec::new();
    let mut killed_while_working = 0;
    for kill in 0..KILLS {
        let files = folder.path().join(format!("batch-{batch}"));
        let out = folder.path().join(format!("out-{batch}"));
        if !files.exists() {
            draw(&files, batch);
            batches.push((files.clone(), out.clone()));
        }
        // Another moment each time: after so many documents, and a little later.
        let (after, later) = (kill % 7, Duration::from_micros(kill * 7919 % 60_000));
        if run_and_kill(&home, &files, &out, after, later) {
            killed_while_working += 1;
        } else {
            batch += 1;
        }
        let found = audit::check(&home, &ambient()).expect("the home can be checked");
        assert_eq!(found.wrong, None, "after kill {kill}");
    }
    assert!(
        killed_while_working > KILLS / 2,
        "only {killed_while_working} of {KILLS} kills hit a running batch"
    );

    for (files, out) in &batches {
        let outcomes = work(&home, files, out);
        let refused: Vec<_> = outcomes.iter().filter(|o| matches!(o, Outcome::Refused(_))).collect();
        assert!(refused.is_empty(), "{refused:?}");
    }
    let found = audit::check(&home, &ambient()).expect("the home can be checked");
    assert_eq!(found.wrong, None);
    assert!(found.pending.is_empty(), "{:?}", found.pending);
    assert_eq!(found.released + found.void, found.entries, "each entry has a copy or is void");
    assert_eq!(found.entries, batches.len() as u64 * u64::from(FILES), "no document was certified twice");

    let office = Office::open(&home, ambient(), Mode::Read).expect("the office opens");
    let copies: Vec<Digest> = office
        .store
        .jobs_in(JobState::Released)
        .expect("the jobs can be read")
        .into_iter()
        .filter_map(|job| job.copy_digest)
        .collect();
    for (_, out) in &batches {
        for entry in fs::read_dir(out).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            let bytes = fs::read(&path).expect("it can be read");
            assert!(copies.contains(&Digest::of(&bytes)), "{} is not a whole copy", path.display());
        }
        assert_eq!(fs::read_dir(out).expect("the folder is there").count(), FILES as usize);
    }
}

/// Runs a batch in a process of its own and kills it once it has released `after` documents and some time has passed. Says whether
/// it was still running.
fn run_and_kill(home: &Path, files: &Path, out: &Path, after: u64, later: Duration) -> bool {
    let mut child = Command::new(std::env::current_exe().expect("this test has a path"))
        .args(["--exact", "worker", "--ignored", "--nocapture"])
        .env("SAOY_CRASH_HOME", home)
        .env("SAOY_CRASH_FILES", files)
        .env("SAOY_CRASH_OUT", out)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the worker starts");
    let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        stdout.lines().map_while(Result::ok).filter(|l| l.starts_with("released")).for_each(|line| {
            let _ = sender.send(line);
        });
    });
    for _ in 0..after {
        if lines.recv().is_err() {
            break;
        }
    }
    // The moment of the kill; no assertion depends on it.
    let _ = lines.recv_timeout(later);
    let running = child.try_wait().expect("the worker can be asked").is_none();
    child.kill().expect("the worker can be killed");
    child.wait().expect("the worker ends");
    running
}

/// Not a test: the process that is killed.
#[test]
#[ignore = "run by killed_at_any_moment_nothing_is_lost_or_doubled"]
fn worker() {
    let place = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (Some(home), Some(files), Some(out)) =
        (place("SAOY_CRASH_HOME"), place("SAOY_CRASH_FILES"), place("SAOY_CRASH_OUT"))
    else {
        return;
    };
    work(&home, &files, &out);
}

fn work(home: &Path, files: &Path, out: &Path) -> Vec<Outcome> {
    let office = Office::open(home, ambient(), Mode::Write).expect("the office opens");
    let forms = Forms::builtin().expect("the forms load");
    let acts = Acts::builtin().expect("the acts load");
    let fonts = Fonts::find().expect("fonts-liberation is installed");
    let engines = EnginePool::with(2, || Ok(Box::new(FakeRecognizer)));
    let request = Request {
        act: Act::Certification,
        form: None,
        officer_fields: HashMap::new(),
        join: false,
        copies: 1,
        requester: None,
        out: out.to_owned(),
        again: false,
        limits: Limits::default(),
    };
    fs::create_dir_all(out).expect("the folder can be made");
    for (index, ended) in
        pipeline::finish_pending(&office, &acts, &fonts, &request.limits).expect("jobs can be read")
    {
        ended.unwrap_or_else(|f| panic!("entry {index}: {f}"));
    }
    let mut paths: Vec<PathBuf> =
        fs::read_dir(files).expect("the batch is there").map(|e| e.expect("it can be read").path()).collect();
    paths.sort();
    let tools = Tools { forms: &forms, acts: &acts, fonts: &fonts, engines: &engines };
    let watch = |event: pipeline::Event<'_>| {
        if let pipeline::Event::Document(_) = event {
            println!("released");
        }
    };
    pipeline::certify(&office, &tools, &paths, &request, &AtomicBool::new(false), &watch)
        .expect("the batch runs")
}

/// Twenty small scans, all different.
fn draw(folder: &Path, batch: u32) {
    fs::create_dir_all(folder).expect("the folder can be made");
    for file in 0..FILES {
        let image = GrayImage::from_fn(200, 280, |x, y| {
            Luma([((x * 7 + y * 3 + batch * 31 + file * 11) % 251) as u8])
        });
        image.save(folder.join(format!("scan-{batch:03}-{file:02}.jpg"))).expect("the scan is written");
    }
}

fn ambient() -> Ambient {
    Ambient {
        clock: Box::new(saoy::ambient::SystemClock),
        entropy: Box::new(saoy::ambient::SystemEntropy),
        passphrase: None,
        anchor: None,
    }
}
