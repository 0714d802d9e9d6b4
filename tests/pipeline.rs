//! One batch after another: who gets a number, who does not, and that the same input gives the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::office_support;
use image::GrayImage;
use office_support::{
    Desk, batch, batch_with, certified, draw, fake_engines, finish, names, new_office, refused,
};
use saoy::ambient::{Entropy, SeededEntropy};
use saoy::ocr::{EnginePool, FakeRecognizer, OcrError, RawLine, Recognizer};
use saoy::office::{Ambient, Office, book};
use saoy::pipeline::{self, Certified, Event, Outcome, Request};
use saoy::record::{Act, Field, Fields, Role};
use saoy::registry::VoidCause;
use saoy::signature::Algorithm;
use saoy::store::{JobState, Mode};
use saoy::verify::{self, Options, Report, Verdict};
use serde_json::json;

fn verdict(desk: &Desk, done: &Certified) -> Verdict {
    let report = desk.verify(&done.output);
    assert!(report.failures().next().is_none(), "{report:?}");
    report.verdict
}

fn files(desk: &Desk, count: u32) -> Vec<PathBuf> {
    (0..count).map(|i| desk.scan(&format!("scan-{i:02}.png"), i)).collect()
}

fn entries(desk: &Desk) -> u64 {
    desk.reader().registry.size()
}

fn input(outcome: &Outcome) -> &Path {
    match outcome {
        Outcome::Certified(done) => &done.input,
        Outcome::Refused(refused) => &refused.input,
    }
}

fn message(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Certified(done) => panic!("certified: {done:?}"),
        Outcome::Refused(refused) => &refused.error.message,
    }
}

fn clean(desk: &Desk) {
    let found = desk.check();
    assert_eq!(found.wrong, None);
    assert!(found.pending.is_empty(), "{:?}", found.pending);
    assert_eq!(desk.reader().store.orphans().expect("the folders can be read"), Vec::<String>::new());
}

// ---- the same bytes ----

/// A recogniser whose first page waits until so many others were read.
struct Straggler {
    read: Arc<AtomicUsize>,
    wait_for: usize,
}

impl Recognizer for Straggler {
    fn read_page(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        deadline: Duration,
    ) -> Result<Vec<RawLine>, OcrError> {
        if self.read.fetch_add(1, Ordering::SeqCst) == 0 {
            while self.read.load(Ordering::SeqCst) <= self.wait_for {
                std::thread::yield_now();
            }
        }
        FakeRecognizer.read_page(image, ppi, deadline)
    }

    fn read_line(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        allowed: Option<&str>,
    ) -> Result<(String, f32), OcrError> {
        FakeRecognizer.read_line(image, ppi, allowed)
    }
}

fn straggling(wait_for: usize) -> EnginePool {
    let read = Arc::new(AtomicUsize::new(0));
    EnginePool::with(2, move || Ok(Box::new(Straggler { read: read.clone(), wait_for })))
}

/// What an office of this algorithm makes of a fixed batch: every public byte.
fn everything(algorithm: Algorithm, wait_for: usize) -> Vec<(String, Vec<u8>)> {
    let mut new = new_office();
    new.algorithm = algorithm;
    let desk = Desk::of(&new);
    let mut files = files(&desk, 6);
    files.push(files[2].clone());
    let office = desk.writer();
    let engines = straggling(wait_for);
    let never = AtomicBool::new(false);
    let outcomes = batch_with(&office, &engines, &files, &desk.request(), &never, &|_| {}).expect("it runs");
    let mut all = Vec::new();
    for outcome in outcomes {
        let done = certified(outcome);
        let name = done.input.file_name().expect("it has a name").to_string_lossy().into_owned();
        all.push((format!("number of {name}"), done.number.clone().into_bytes()));
        all.push((name, fs::read(&done.output).expect("the copy is there")));
    }
    for name in ["trust.json", "office.json", "keys/office.pem", "keys/officer.pem"] {
        all.push((name.to_owned(), fs::read(desk.home.join(name)).expect("it is there")));
    }
    // Which file the database is differs by its nature.
    let anchor = fs::read(desk.home.join("anchor.json")).expect("it is there");
    let mut anchor: serde_json::Value = serde_json::from_slice(&anchor).expect("JSON");
    let database = anchor.as_object_mut().expect("an object").remove("database");
    assert!(database.is_some(), "the anchor knows its database");
    all.push(("anchor.json".to_owned(), anchor.to_string().into_bytes()));
    for entry in office.store.log().entries(0, 1000).expect("the entries can be read") {
        all.push((format!("entry {}", entry.index), entry.entry));
    }
    for checkpoint in office.store.log().checkpoints(0, 1000).expect("the checkpoints can be read") {
        all.push((format!("checkpoint {}", checkpoint.size), checkpoint.note.into_bytes()));
    }
    for job in office.store.jobs().expect("the jobs can be read") {
        // R, sealed: the same nonce, key and bytes.
        all.push((format!("record {}", job.index), job.record));
    }
    drop(office);
    clean(&desk);
    all
}

#[test]
fn the_same_input_clock_seed_and_home_give_the_same_bytes() {
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let (one, two) = (everything(algorithm, 0), everything(algorithm, 4));
        assert_eq!(one.len(), two.len());
        for ((name, one), (_, two)) in one.iter().zip(&two) {
            assert!(one == two, "{name} differs");
        }
        let copies = one.iter().filter(|(name, _)| name.ends_with(".png") && !name.starts_with("number"));
        assert_eq!(copies.count(), 7);
    }
}

#[test]
fn reading_far_ahead_of_a_slow_page_ends_well() {
    // More documents than may wait in memory: the readers stop until the first is through.
    let desk = Desk::new();
    let files = files(&desk, 30);
    let never = AtomicBool::new(false);
    let outcomes = batch_with(&desk.writer(), &straggling(12), &files, &desk.request(), &never, &|_| {})
        .expect("the batch runs");
    assert_eq!(outcomes.into_iter().map(certified).count(), 30);
    clean(&desk);
}

// ---- who gets a number ----

#[test]
fn copies_of_a_batch_are_valid_and_numbered_once() {
    let desk = Desk::new();
    let files = files(&desk, 4);
    let mut numbers: Vec<String> = desk
        .certify(&files, &desk.request())
        .into_iter()
        .map(|outcome| {
            let done = certified(outcome);
            assert_eq!(verdict(&desk, &done), Verdict::Valid);
            assert!(!done.already && !done.trial);
            done.number
        })
        .collect();
    numbers.sort();
    assert_eq!(numbers, ["1/2026", "2/2026", "3/2026", "4/2026"]);
    clean(&desk);
}

#[test]
fn a_taken_name_or_a_missing_folder_costs_no_number() {
    let desk = Desk::new();
    let file = desk.scan("a.png", 1);
    let taken = desk.out.join("a.certified.pdf");
    fs::write(&taken, b"mine").expect("writes");
    let outcome = desk.certify(std::slice::from_ref(&file), &desk.request()).remove(0);
    assert_eq!(refused(&outcome), "output-exists");
    assert!(message(&outcome).contains("a.certified.pdf"), "{outcome:?}");
    assert_eq!(fs::read(&taken).expect("it is there"), b"mine");
    let gone = Request { out: desk.folder.path().join("gone"), ..desk.request() };
    let outcome = desk.certify(std::slice::from_ref(&file), &gone).remove(0);
    assert_eq!(refused(&outcome), "out");
    assert!(message(&outcome).contains("gone"), "{outcome:?}");
    #[cfg(unix)]
    {
        fs::remove_file(&taken).expect("it is there");
        std::os::unix::fs::symlink("nowhere", &taken).expect("links");
        assert_eq!(refused(&desk.certify(&[file], &desk.request())[0]), "output-exists");
    }
    assert_eq!(entries(&desk), 0);
    clean(&desk);
}

#[test]
fn two_papers_that_want_one_name_are_told_so() {
    let desk = Desk::new();
    let other = desk.folder.path().join("other");
    fs::create_dir(&other).expect("the folder can be made");
    let (one, two) = (desk.scan("a.png", 1), other.join("a.png"));
    draw(&two, 2);
    let outcomes = desk.certify(&[one.clone(), two.clone()], &desk.request());
    let of = |path: &Path| outcomes.iter().find(|o| input(o) == path).expect("it has an outcome").clone();
    assert_eq!(certified(of(&one)).number, "1/2026");
    assert_eq!(refused(&of(&two)), "output-exists");
    assert!(message(&of(&two)).contains(&one.display().to_string()));
    assert_eq!(entries(&desk), 1);
}

#[test]
fn the_same_paper_twice_has_one_number_and_again_makes_another() {
    let desk = Desk::new();
    let one = desk.scan("a.png", 1);
    let two = desk.folder.path().join("b.png");
    fs::copy(&one, &two).expect("copies");
    // By another name, and by the same.
    let outcomes = desk.certify(&[one.clone(), two, one.clone()], &desk.request());
    let done: Vec<Certified> = outcomes.into_iter().map(certified).collect();
    assert!(done.iter().all(|d| d.number == "1/2026" && d.copy_id == done[0].copy_id), "{done:?}");
    assert_eq!(done.iter().filter(|d| d.already).count(), 2);
    assert_eq!(names(&desk.out), ["a.certified.pdf", "b.certified.pdf"]);
    assert_eq!(
        fs::read(desk.out.join("a.certified.pdf")).expect("it is there"),
        fs::read(desk.out.join("b.certified.pdf")).expect("it is there")
    );
    assert_eq!(entries(&desk), 1);
    // Another day: the same copy, given out where it is wanted now.
    let elsewhere = desk.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("the folder can be made");
    let there = Request { out: elsewhere, ..desk.request() };
    let given = certified(desk.certify(std::slice::from_ref(&one), &there).remove(0));
    assert!(given.already && given.copy_id == done[0].copy_id);
    assert_eq!(verdict(&desk, &given), Verdict::Valid);

    let again = Request { again: true, ..there.clone() };
    assert_eq!(refused(&desk.certify(std::slice::from_ref(&one), &again)[0]), "output-exists");
    fs::remove_file(&given.output).expect("it is there");
    let another = certified(desk.certify(std::slice::from_ref(&one), &again).remove(0));
    assert_eq!((another.number.as_str(), another.already), ("2/2026", false));
    assert_ne!(another.copy_id, given.copy_id);
    clean(&desk);
}

#[test]
fn one_bad_file_stops_no_other_and_loses_no_number() {
    let desk = Desk::new();
    let mut files = files(&desk, 4);
    fs::write(&files[1], b"not an image").expect("writes");
    files.push(desk.folder.path().join("missing.png"));
    let outcomes = desk.certify(&files, &desk.request());
    assert_eq!(outcomes.len(), 5);
    let (good, bad): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|o| matches!(o, Outcome::Certified(_)));
    let mut bad: Vec<&Path> = bad.iter().map(input).collect();
    bad.sort();
    assert_eq!(bad, [files[4].as_path(), files[1].as_path()]);
    let mut numbers: Vec<String> = good.into_iter().map(|o| certified(o).number).collect();
    numbers.sort();
    assert_eq!(numbers, ["1/2026", "2/2026", "3/2026"]);
    clean(&desk);
}

#[test]
fn a_page_that_cannot_be_read_is_named_and_costs_no_number() {
    struct Fails;
    impl Recognizer for Fails {
        fn read_page(&mut self, image: &GrayImage, _: u32, _: Duration) -> Result<Vec<RawLine>, OcrError> {
            let (width, height) = image.dimensions();
            Err(OcrError::ImageSize { width, height })
        }
        fn read_line(&mut self, _: &GrayImage, _: u32, _: Option<&str>) -> Result<(String, f32), OcrError> {
            Ok((String::new(), 0.0))
        }
    }
    let desk = Desk::new();
    let files = files(&desk, 2);
    let engines = EnginePool::with(2, || Ok(Box::new(Fails)));
    let never = AtomicBool::new(false);
    let outcomes = batch_with(&desk.writer(), &engines, &files, &desk.request(), &never, &|_| {})
        .expect("the batch runs");
    assert!(outcomes.iter().all(|o| message(o).starts_with("page 1: ")), "{outcomes:?}");
    assert_eq!(entries(&desk), 0);
    clean(&desk);
}

#[test]
fn joined_files_are_one_document_with_its_pages_in_order() {
    let desk = Desk::new();
    let files = files(&desk, 3);
    let join = Request { join: true, ..desk.request() };
    let order = [files[2].clone(), files[0].clone(), files[1].clone()];
    let done = certified(desk.certify(&order, &join).remove(0));
    assert_eq!((done.pages, done.number.as_str()), (3, "1/2026"));
    assert_eq!(done.output, desk.out.join("scan-02.certified.pdf"));
    assert_eq!(verdict(&desk, &done), Verdict::Valid);
    let office = desk.reader();
    let digest = |path: &PathBuf| saoy::record::Digest::of(&fs::read(path).expect("it is there"));
    let expected: Vec<_> = order.iter().map(|path| (digest(path), 1)).collect();
    let record = record_of(&done.output);
    let sources: Vec<_> = record.sources.iter().map(|s| (s.scan, s.page)).collect();
    assert_eq!(sources, expected);
    assert_eq!(book::lines(&office, None).expect("the book opens")[0].row.pages, 3);
    // Another order is another document; the same order is the same.
    assert!(certified(desk.certify(&order, &join).remove(0)).already);
    let other = certified(desk.certify(&files, &join).remove(0));
    assert_eq!((other.number.as_str(), other.already), ("2/2026", false));
    // With a file that cannot be read, nothing is certified.
    fs::write(&files[1], b"not an image").expect("writes");
    let outcomes = desk.certify(&files, &join);
    assert_eq!(outcomes.len(), 1);
    assert!(message(&outcomes[0]).contains("scan-01.png"), "{outcomes:?}");
    assert_eq!(entries(&desk), 2);
}

/// The record that a copy carries.
fn record_of(copy: &Path) -> saoy::record::Record {
    let bytes = fs::read(copy).expect("the copy is there");
    let start = find(&bytes, b"{\"_sd\"").expect("the record is stored as it is");
    let end = start + find(&bytes[start..], b"\nendstream").expect("a stream ends");
    saoy::record::Record::parse(&bytes[start..end]).expect("a record")
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

// ---- a batch that is stopped ----

#[test]
fn a_batch_that_is_cancelled_loses_nothing() {
    let desk = Desk::new();
    let files = files(&desk, 8);
    let cancelled = AtomicBool::new(false);
    let engines = EnginePool::with(1, || Ok(Box::new(FakeRecognizer)));
    let watch = |event: Event<'_>| {
        if let Event::Document(Outcome::Certified(_)) = event {
            cancelled.store(true, Ordering::Relaxed);
        }
    };
    let outcomes = batch_with(&desk.writer(), &engines, &files, &desk.request(), &cancelled, &watch)
        .expect("the batch ends");
    assert_eq!(outcomes.len(), 8, "each file has an outcome");
    let issued = outcomes.iter().filter(|o| matches!(o, Outcome::Certified(_))).count();
    let stopped: Vec<_> = outcomes.iter().filter(|o| matches!(o, Outcome::Refused(_))).collect();
    assert!(issued >= 1 && !stopped.is_empty());
    assert!(stopped.iter().all(|o| refused(o) == "interrupted"), "{stopped:?}");
    assert_eq!(entries(&desk), issued as u64);
    clean(&desk);
    // The next run goes on where it stopped.
    let done: Vec<Certified> = desk.certify(&files, &desk.request()).into_iter().map(certified).collect();
    assert_eq!(done.iter().filter(|d| d.already).count(), issued);
    assert_eq!(entries(&desk), 8);
    // Stopped before it began.
    let more = [desk.scan("more.png", 99)];
    let all = batch_with(&desk.writer(), &engines, &more, &desk.request(), &AtomicBool::new(true), &|_| {})
        .expect("the batch ends");
    assert_eq!(refused(&all[0]), "interrupted");
    assert_eq!(entries(&desk), 8);
}

#[test]
fn an_anchor_that_cannot_be_written_stops_the_batch_and_releases_nothing() {
    let desk = Desk::new();
    let files = files(&desk, 5);
    let office = desk.writer();
    // Where the anchor's part would be written, there is a folder.
    let block = desk.home.join("anchor.json.part");
    fs::create_dir(&block).expect("the folder can be made");
    let never = AtomicBool::new(false);
    let failure = batch_with(&office, &fake_engines(), &files, &desk.request(), &never, &|_| {})
        .expect_err("the batch is stopped");
    assert_eq!(failure.code, "anchor");
    assert!(failure.message.contains("entry 0 is logged"), "{failure:?}");
    assert_eq!(office.registry.size(), 1);
    assert_eq!(names(&desk.out), Vec::<String>::new());
    drop(office);
    assert_eq!(desk.open(Mode::Write).err().expect("still refused").code, "storage");
    fs::remove_dir(&block).expect("it is there");
    let office = desk.writer();
    assert_eq!(finish(&office).into_iter().map(|(_, ended)| ended.is_ok()).collect::<Vec<_>>(), [true]);
    for outcome in batch(&office, &files, &desk.request()) {
        certified(outcome);
    }
    drop(office);
    assert_eq!(entries(&desk), 5);
    clean(&desk);
}

// ---- what an earlier run left ----

/// Randomness in an office whose folder for copies goes away as soon as a document is being issued.
struct Vanishing {
    out: PathBuf,
    inner: SeededEntropy,
}

impl Entropy for Vanishing {
    fn fill(&self, out: &mut [u8]) {
        // It is gone already at the second asking.
        let _ = fs::remove_dir_all(&self.out);
        self.inner.fill(out);
    }
}

/// An office in which `count` documents were entered and none was released, because the folder for copies vanished.
fn left(count: u32) -> (Desk, Vec<PathBuf>) {
    let desk = Desk::new();
    let files = files(&desk, count);
    let entropy = Vanishing { out: desk.out.clone(), inner: SeededEntropy::new([1; 32]) };
    let ambient = Ambient { entropy: Box::new(entropy), ..desk.ambient() };
    let office = Office::open(&desk.home, ambient, Mode::Write).expect("a writer opens");
    for (file, index) in files.iter().zip(0..) {
        fs::create_dir_all(&desk.out).expect("the folder can be made");
        let outcome = batch(&office, std::slice::from_ref(file), &desk.request()).remove(0);
        assert_eq!(refused(&outcome), "out");
        let says = format!("number {}/2026 is taken (entry {index})", index + 1);
        assert!(message(&outcome).contains(&says), "{outcome:?}");
    }
    drop(office);
    assert!(!desk.out.exists());
    let found = desk.check();
    assert_eq!((found.wrong, found.pending.len()), (None, count as usize));
    assert!(found.pending.iter().all(|p| p.problem.as_ref().is_some_and(|p| p.contains("certified.pdf"))));
    (desk, files)
}

#[test]
fn a_folder_that_vanishes_costs_the_others_of_the_batch_no_number() {
    let desk = Desk::new();
    let files = files(&desk, 4);
    let entropy = Vanishing { out: desk.out.clone(), inner: SeededEntropy::new([1; 32]) };
    let ambient = Ambient { entropy: Box::new(entropy), ..desk.ambient() };
    let office = Office::open(&desk.home, ambient, Mode::Write).expect("a writer opens");
    let outcomes = batch(&office, &files, &desk.request());
    assert!(outcomes.iter().all(|o| refused(o) == "out"), "{outcomes:?}");
    assert_eq!(office.registry.size(), 1);
}

#[test]
fn a_pending_job_is_finished_where_it_was_wanted() {
    let (desk, files) = left(2);
    fs::create_dir(&desk.out).expect("the folder can be made");
    // The second copy was not even stored.
    let (first, second) = (folder(&desk, 0), folder(&desk, 1));
    let made = plain_copy(&desk, 1);
    fs::remove_file(second.join("copy.pdf")).expect("it is there");
    fs::write(first.join("copy.pdf#1"), b"half").expect("writes");
    let ended = finish(&desk.writer());
    let expected = [0, 1].map(|i| (i, Ok(Some(desk.out.join(format!("scan-{i:02}.certified.pdf"))))));
    assert_eq!(ended, expected);
    assert!(!first.join("copy.pdf#1").exists(), "half a file is swept away");
    assert!(plain_copy(&desk, 1) == made, "made again, it has the same bytes");
    assert_eq!(finish(&desk.writer()), [], "nothing is left");
    for done in desk.certify(&files, &desk.request()).into_iter().map(certified) {
        assert!(done.already);
        assert_eq!(verdict(&desk, &done), Verdict::Valid);
    }
    assert_eq!(entries(&desk), 2);
    clean(&desk);
}

#[test]
fn a_pending_job_whose_place_is_gone_or_taken_is_kept_and_given_out_later() {
    let (desk, files) = left(2);
    // Of both the folder is gone.
    assert_eq!(finish(&desk.writer()), [(0, Ok(None)), (1, Ok(None))]);
    let found = desk.check();
    assert_eq!((found.wrong, found.released), (None, 2));
    fs::create_dir(&desk.out).expect("the folder can be made");
    fs::write(desk.out.join("scan-00.certified.pdf"), b"mine").expect("writes");
    let outcomes = desk.certify(&files, &desk.request());
    let of = |i: usize| outcomes.iter().find(|o| input(o) == files[i]).expect("it has an outcome").clone();
    assert_eq!(refused(&of(0)), "output-exists");
    let done = certified(of(1));
    assert!(done.already && verdict(&desk, &done) == Verdict::Valid);
    assert_eq!(entries(&desk), 2);
    clean(&desk);
}

#[test]
fn a_pending_job_whose_name_is_taken_is_released_all_the_same() {
    let (desk, _) = left(1);
    fs::create_dir(&desk.out).expect("the folder can be made");
    fs::write(desk.out.join("scan-00.certified.pdf"), b"mine").expect("writes");
    assert_eq!(finish(&desk.writer()), [(0, Ok(None))]);
    assert_eq!(fs::read(desk.out.join("scan-00.certified.pdf")).expect("it is there"), b"mine");
    assert_eq!(names(&desk.out), ["scan-00.certified.pdf"]);
    clean(&desk);
}

#[test]
fn a_pending_job_that_cannot_be_finished_waits_with_its_cause_and_stops_no_other() {
    let (desk, files) = left(3);
    fs::create_dir(&desk.out).expect("the folder can be made");
    for index in [0, 1] {
        fs::remove_file(folder(&desk, index).join("copy.pdf")).expect("it is there");
    }
    // One scan is damaged, one is missing.
    let scan = folder(&desk, 0).join("scan-0");
    let mut bytes = fs::read(&scan).expect("it was stored");
    bytes[100] ^= 1;
    fs::write(&scan, bytes).expect("writes");
    fs::remove_file(folder(&desk, 1).join("scan-0")).expect("it is there");
    let ended = finish(&desk.writer());
    assert_eq!(ended[0].1.as_ref().expect_err("damaged").code, "sealed");
    assert_eq!(ended[1].1.as_ref().expect_err("missing").code, "lost");
    assert_eq!(ended[2].1, Ok(Some(desk.out.join("scan-02.certified.pdf"))));
    let found = desk.check();
    assert_eq!((found.wrong.as_deref(), found.released, found.pending.len()), (None, 1, 2));
    let causes: Vec<&str> = found.pending.iter().filter_map(|p| p.problem.as_deref()).collect();
    assert!(
        causes[0].contains("scan-0 does not open") && causes[1].contains("scan-0 is missing"),
        "{causes:?}"
    );
    // Asked for again, it says so; another paper goes through; the number can be voided.
    let outcome = desk.certify(&files[..1], &desk.request()).remove(0);
    assert_eq!(refused(&outcome), "pending");
    assert!(message(&outcome).contains("scan-0 does not open"), "{outcome:?}");
    assert_eq!(desk.one("more.png", 50).number, "4/2026");
    for index in [0, 1] {
        pipeline::void(&desk.writer(), index, VoidCause::Failure, "hỏng tệp quét").expect("it is voided");
    }
    let done = certified(desk.certify(&files[..1], &desk.request()).remove(0));
    assert_eq!((done.number.as_str(), done.already), ("5/2026", false));
    clean(&desk);
}

fn plain_copy(desk: &Desk, index: u64) -> Vec<u8> {
    let office = desk.reader();
    let store = &office.store;
    let job = store.job(index).expect("it can be read").expect("there is one");
    let key = store.document_key(&job).expect("its key opens");
    store.get(&key, &job.folder, "copy.pdf").expect("it is stored")
}

fn folder(desk: &Desk, index: u64) -> PathBuf {
    let job = desk.reader().store.job(index).expect("it can be read").expect("there is one");
    desk.home.join("blobs").join(job.folder)
}

#[test]
fn what_never_came_to_an_entry_is_removed() {
    let desk = Desk::new();
    let orphan = desk.home.join("blobs/0123456789abcdef");
    fs::create_dir(&orphan).expect("the folder can be made");
    fs::write(orphan.join("scan-0"), b"sealed").expect("writes");
    fs::write(orphan.join("material.json#1"), b"half").expect("writes");
    assert_eq!(desk.check().wrong, None);
    assert_eq!(finish(&desk.writer()), []);
    assert_eq!(names(&desk.home.join("blobs")), Vec::<String>::new());
}

// ---- who says what ----

#[test]
fn what_the_officer_confirmed_says_so() {
    let desk = Desk::new();
    let (confirmed, plain) = (desk.scan("confirmed.png", 1), desk.scan("plain.png", 2));
    let field = Field {
        raw: None,
        value: json!("12"),
        confidence: 1.0,
        page: Some(1),
        bbox: None,
        review: false,
        problems: Vec::new(),
    };
    let fields = Fields { form: Some("van-ban".into()), fields: [("doc_no".to_owned(), field)].into() };
    let mut request = desk.request();
    request.officer_fields.insert("confirmed.png".into(), fields);
    let outcomes = desk.certify(&[confirmed.clone(), plain], &request);
    for done in outcomes.into_iter().map(certified) {
        let report = desk.verify(&done.output);
        assert_eq!(report.verdict, Verdict::Valid);
        let text = fs::read(&done.output).expect("the copy is there");
        let disclosures = disclosures_of(&text);
        if done.input == confirmed {
            assert_eq!(done.form.as_deref(), Some("van-ban"));
            assert_eq!(done.fields_to_review, Vec::<String>::new());
            assert_eq!(disclosures.len(), 1);
            let (name, field) = &disclosures[0];
            assert_eq!((name.as_str(), &field["value"]), ("doc_no", &json!("12")));
            assert_eq!((&field["confirmed"], &field["source"]), (&json!(true), &json!("officer")));
        } else {
            assert!(disclosures.iter().all(|(_, field)| field["confirmed"] == false), "{disclosures:?}");
        }
    }
    // Given out again, the copy is the old one: fields that come later are not in it, and it says so.
    let again = certified(desk.certify(&[confirmed], &request).remove(0));
    assert!(again.already && again.notes.len() == 1, "{:?}", again.notes);
}

/// The disclosures that a copy carries: name and field.
fn disclosures_of(copy: &[u8]) -> Vec<(String, serde_json::Value)> {
    // fields.json is an array of base64url strings; the one stream that begins so.
    let start = find(copy, b"stream\n[").expect("fields.json is stored as it is") + 7;
    let end = start + find(&copy[start..], b"\nendstream").expect("a stream ends");
    let encoded: Vec<String> = serde_json::from_slice(&copy[start..end]).expect("an array of strings");
    encoded
        .iter()
        .map(|text| {
            let disclosure = saoy::record::Disclosure::parse(text).expect("a disclosure");
            let field = serde_json::to_value(disclosure.field()).expect("plain data");
            (disclosure.name().to_owned(), field)
        })
        .collect()
}

#[test]
fn an_office_without_an_officer_makes_trial_copies() {
    let mut new = new_office();
    new.officer = None;
    let desk = Desk::of(&new);
    assert!(desk.reader().is_trial());
    let done = desk.one("a.png", 1);
    assert!(done.trial);
    let record = record_of(&done.output);
    assert!(record.trial && record.officer.is_none());
    assert_eq!(record.signers.iter().map(|s| s.role).collect::<Vec<_>>(), [Role::Office]);
    let report = desk.verify(&done.output);
    assert_eq!((report.verdict, report.trial), (Verdict::Indeterminate, true));
    assert!(book::lines(&desk.reader(), None).expect("the book opens")[0].row.trial);
    clean(&desk);

    // A copy of what the office itself holds needs no officer.
    let file = desk.scan("b.png", 2);
    let request = Request { act: Act::AgencyCopy, ..desk.request() };
    let done = certified(desk.certify(&[file], &request).remove(0));
    assert!(!done.trial);
    assert_eq!(verdict(&desk, &done), Verdict::Valid);
}

#[test]
fn an_agency_copy_is_signed_by_the_office_alone_and_has_its_own_book() {
    let desk = Desk::new();
    desk.one("a.png", 1);
    let file = desk.scan("b.png", 2);
    let request = Request { act: Act::AgencyCopy, ..desk.request() };
    let done = certified(desk.certify(&[file], &request).remove(0));
    let report: Report = desk.verify(&done.output);
    assert_eq!(report.verdict, Verdict::Valid);
    assert_eq!(report.signatures.len(), 1);
    assert_eq!(record_of(&done.output).officer, None);
    let lines = book::lines(&desk.reader(), None).expect("the book opens");
    let books: Vec<_> = lines.iter().map(|l| (l.row.book.symbol.as_str(), l.row.book.number)).collect();
    assert_eq!(books, [("SCT/BS", 1), ("SY", 1)]);
    clean(&desk);
}

#[test]
fn an_act_that_is_not_issued_yet_refuses_the_batch() {
    let desk = Desk::new();
    let files = files(&desk, 1);
    let request = Request { act: Act::Digitisation, ..desk.request() };
    let never = AtomicBool::new(false);
    let failure = batch_with(&desk.writer(), &fake_engines(), &files, &request, &never, &|_| {});
    assert!(failure.is_err());
    assert_eq!(entries(&desk), 0);
}

#[test]
fn a_copy_verifies_with_the_public_trust_list_alone() {
    let desk = Desk::new();
    let done = desk.one("a.png", 1);
    let trust = desk.reader().trust().expect("there is a trust list");
    let bytes = fs::read(&done.output).expect("the copy is there");
    let options = Options { now: desk.now, status: None };
    let report = verify::verify(&bytes, &trust, &options).expect("it is a copy");
    assert_eq!(report.verdict, Verdict::AuthenticStatusUnknown);
    let jobs = desk.reader().store.jobs_in(JobState::Released).expect("the jobs can be read");
    assert_eq!(jobs.len(), 1);
}
