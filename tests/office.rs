//! An office: its registry checked against every lie, its book, its anchor, its doors.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::office_support;
use office_support::{Desk, NOW, batch, certified, copy_folder, finish, names, new_office, refused};
use saoy::ambient::{Clock, FixedClock};
use saoy::office::{Ambient, NewOffice, Office, book};
use saoy::pipeline::{self, Request};
use saoy::record::{Act, Digest, Officer};
use saoy::registry::note::NoteSigner;
use saoy::registry::{Checkpoint, RevokeCause, VoidCause};
use saoy::store::{Anchor, Mode, anchor_path};
use saoy::verify::{self, Status, StatusSource as _, Verdict};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

// ---- registry check ----

/// Three copies, the third void by entry 3.
fn honest() -> &'static Desk {
    static DESK: OnceLock<Desk> = OnceLock::new();
    DESK.get_or_init(|| {
        let desk = Desk::new();
        for mark in 0..3 {
            desk.one(&format!("scan-{mark}.png"), mark);
        }
        let office = desk.writer();
        assert_eq!(pipeline::void(&office, 2, VoidCause::Withdrawn, "người yêu cầu rút lại"), Ok(3));
        drop(office);
        let found = desk.check();
        assert_eq!((found.wrong.as_deref(), found.entries, found.released, found.void), (None, 4, 2, 1));
        desk
    })
}

/// What the check says of a home that was tampered with.
fn lie(tamper: impl FnOnce(&Desk)) -> String {
    let desk = honest().copy();
    tamper(&desk);
    desk.check().wrong.expect("the lie is found")
}

fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

#[test]
fn a_flipped_entry_byte_is_named() {
    let entry = honest().bytes("SELECT entry FROM entries WHERE idx = 1");
    for at in 0..entry.len() {
        let text = lie(|desk| {
            desk.sql("UPDATE entries SET entry = $1 WHERE idx = 1", Some(flipped(entry.clone(), at)));
        });
        says(&text, &["entry 1"]);
    }
    // One that is an entry too: the checkpoint over it tells.
    let other = flipped(entry.clone(), entry.len() - 1);
    let text = lie(|desk| desk.sql("UPDATE entries SET entry = $1 WHERE idx = 1", Some(other)));
    says(&text, &["entry 1", "size 2", "root"]);
}

#[test]
fn a_missing_entry_is_named() {
    says(
        &lie(|d| d.sql("DELETE FROM entries WHERE idx = 1", None)),
        &["entry 1 is missing", "next one is 2"],
    );
    let last = lie(|d| d.sql("DELETE FROM entries WHERE idx = 3", None));
    says(&last, &["checkpoint of size 4", "3 entries"]);
}

#[test]
fn a_changed_or_missing_checkpoint_is_named() {
    let text = lie(|d| d.sql("UPDATE checkpoints SET root = $1 WHERE size = 2", Some(vec![7; 32])));
    says(&text, &["checkpoint of size 2", "root", &Digest([7; 32]).to_string()]);
    let text = lie(|d| d.sql("DELETE FROM checkpoints WHERE size = 3", None));
    says(&text, &["no checkpoint of size 3"]);
    let text = lie(|d| {
        d.sql(
            "UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 1) WHERE size = 2",
            None,
        );
    });
    says(&text, &["signed note of size 2", "does not verify"]);
    let text = lie(|d| {
        d.sql("INSERT INTO checkpoints SELECT 9, 4, root, note FROM checkpoints WHERE size = 1", None);
    });
    says(&text, &["checkpoint of size 9", "4 entries"]);
}

#[test]
fn a_note_signed_by_another_key_is_named() {
    let desk = honest();
    let root =
        Digest(desk.bytes("SELECT root FROM checkpoints WHERE size = 2").try_into().expect("32 bytes"));
    let origin = desk.reader().config.log_origin.clone();
    let other = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let signer = NoteSigner::new(&origin, other).expect("a key");
    let note = Checkpoint::new(&origin, 2, root).sign(&signer).expect("signs").to_string();
    let text = lie(|d| {
        d.sql("UPDATE checkpoints SET note = CAST($1 AS TEXT) WHERE size = 2", Some(note.into_bytes()));
    });
    says(&text, &["signed note of size 2"]);
}

#[test]
fn swapped_lines_of_the_book_are_named() {
    let text = lie(|d| {
        let (first, second) = (
            d.bytes("SELECT sealed FROM register WHERE idx = 0"),
            d.bytes("SELECT sealed FROM register WHERE idx = 1"),
        );
        d.sql("UPDATE register SET sealed = $1 WHERE idx = 0", Some(second));
        d.sql("UPDATE register SET sealed = $1 WHERE idx = 1", Some(first));
    });
    says(&text, &["register/0 does not open"]);
    let text = lie(|d| {
        d.sql("UPDATE register SET number = 100 WHERE idx = 0", None);
        d.sql("UPDATE register SET number = 1 WHERE idx = 1", None);
        d.sql("UPDATE register SET number = 2 WHERE idx = 0", None);
    });
    says(&text, &["line of entry 1", "stands under 1/2026", "is 2/2026"]);
}

#[test]
fn a_changed_number_or_line_is_named() {
    let text = lie(|d| d.sql("UPDATE register SET number = 9 WHERE idx = 1", None));
    says(&text, &["line of entry 1", "9/2026", "2/2026"]);
    let text = lie(|d| d.sql("UPDATE books SET last_number = 9", None));
    says(&text, &["book SCT/BS of 2026", "last number is 9", "last line is 3"]);
    let text = lie(|d| d.sql("UPDATE books SET first_number = 2", None));
    says(&text, &["book SCT/BS of 2026", "number 2 is missing"]);
    let text = lie(|d| d.sql("DELETE FROM books", None));
    says(&text, &["entry 0", "there is no book SCT/BS of 2026"]);
    let text = lie(|d| d.sql("DELETE FROM register WHERE idx = 1", None));
    says(&text, &["number 2 is missing", "next is 3"]);
    let text = lie(|d| d.sql("UPDATE register SET idx = 8 WHERE idx = 1", None));
    says(&text, &["register/8 does not open"]);
    let text = lie(|d| d.sql("UPDATE register SET number = -1 WHERE idx = 1", None));
    says(&text, &["line of entry 1", "-1/2026"]);
}

#[test]
fn a_changed_record_is_named() {
    let record = honest().bytes("SELECT record FROM jobs WHERE idx = 1");
    let text = lie(|d| {
        d.sql("UPDATE jobs SET record = $1 WHERE idx = 1", Some(flipped(record.clone(), 60)));
    });
    says(&text, &["entry 1", "record.json does not open"]);
    // Another job's record, with its key and folder.
    let text = lie(|d| {
        d.sql(
            "UPDATE jobs SET (record, wrapped_key, folder) = \
             (SELECT record, wrapped_key, folder FROM jobs AS j WHERE j.idx = 0) WHERE idx = 1",
            None,
        );
    });
    says(&text, &["entry 1", "commits to another record"]);
}

#[test]
fn a_changed_or_missing_copy_is_named() {
    let folder = |desk: &Desk, index: u64| {
        let office = desk.reader();
        let job = office.store.job(index).expect("it can be read").expect("there is one");
        desk.home.join("blobs").join(job.folder)
    };
    let text = lie(|d| {
        let copy = folder(d, 1).join("copy.pdf");
        let bytes = fs::read(&copy).expect("it is there");
        fs::write(&copy, flipped(bytes, 1000)).expect("it can be written");
    });
    says(&text, &["entry 1", "copy.pdf does not open"]);
    let text = lie(|d| fs::remove_file(folder(d, 1).join("copy.pdf")).expect("it can be removed"));
    says(&text, &["entry 1", "copy.pdf is missing"]);
    let text = lie(|d| d.sql("UPDATE jobs SET copy_digest = $1 WHERE idx = 1", Some(vec![1; 32])));
    says(&text, &["entry 1", "not the one that was released"]);
}

#[test]
fn a_job_that_is_not_what_the_entries_say_is_named() {
    let text = lie(|d| d.sql("DELETE FROM jobs WHERE idx = 1", None));
    says(&text, &["entry 1", "no job"]);
    let text = lie(|d| d.sql("UPDATE jobs SET idx = 3 WHERE idx = 2", None));
    says(&text, &["entry 2", "no job"]);
    let text = lie(|d| {
        d.sql(
            "INSERT INTO jobs SELECT 9, job_key, 'x', folder, wrapped_key, record, signed_at, state, copy_digest, \
             problem FROM jobs WHERE idx = 0",
            None,
        );
    });
    says(&text, &["job for entry 9", "issues nothing"]);
    let text = lie(|d| d.sql("UPDATE jobs SET state = 'void' WHERE idx = 0", None));
    says(&text, &["entry 0", "no entry says so"]);
    let text = lie(|d| d.sql("UPDATE jobs SET state = 'released' WHERE idx = 2", None));
    says(&text, &["entry 2", "entry 3 voids it"]);
    let text = lie(|d| d.sql("UPDATE jobs SET state = 'gone' WHERE idx = 2", None));
    says(&text, &["gone"]);
    let text = lie(|d| d.sql("UPDATE jobs SET job_key = $1 WHERE idx = 0", Some(vec![1; 32])));
    says(&text, &["entry 0", "other scans"]);
    let text = lie(|d| d.sql("UPDATE jobs SET copy_id = 'x' WHERE idx = 0", None));
    says(&text, &["entry 0", "id x"]);
    let text = lie(|d| d.sql("UPDATE jobs SET signed_at = '2020-01-01T00:00:00Z' WHERE idx = 0", None));
    says(&text, &["entry 0", "2020-01-01T00:00:00Z"]);
}

// ---- the anchor ----

#[test]
fn a_database_from_before_is_refused_and_both_values_named() {
    let desk = Desk::new();
    desk.one("a.png", 1);
    let before = fs::read(desk.home.join("saoy.db")).expect("the database is one file once it is closed");
    let anchor = fs::read(desk.home.join("anchor.json")).expect("there is an anchor");
    desk.one("b.png", 2);
    fs::write(desk.home.join("saoy.db"), before).expect("it is put back");

    let failure = desk.open(Mode::Write).err().expect("refused");
    assert_eq!(failure.code, "registry-behind");
    says(&failure.message, &["size 2", "has 1 entries"]);
    says(&desk.check().wrong.expect("the check says so"), &["size 2", "has 1 entries"]);
    assert_eq!(names(&desk.home.join("blobs")).len(), 2, "the later copy is still there");
    drop(desk.reader());

    // The anchor was lost too: what the later document left gives the backup away, and nothing is removed.
    fs::remove_file(desk.home.join("anchor.json")).expect("it is there");
    let failure = Office::recover(&desk.home, desk.ambient()).err().expect("refused");
    assert_eq!(failure.code, "registry-broken");
    says(&failure.message, &["no job knows"]);
    assert!(!desk.home.join("anchor.json").exists());

    // Even where somebody brings an old anchor back, the copy stays and the check tells.
    fs::write(desk.home.join("anchor.json"), anchor).expect("the old one");
    let office = desk.writer();
    assert_eq!(finish(&office), []);
    drop(office);
    assert_eq!(names(&desk.home.join("blobs")).len(), 2);
    says(&desk.check().wrong.expect("said"), &["blobs/", "no job knows"]);
}

#[test]
fn an_anchor_that_knows_a_higher_number_or_another_root_is_right() {
    let desk = honest().copy();
    let path = anchor_path(&desk.home, None);
    let anchor = Anchor::read(&path).expect("reads").expect("there is one");
    let mut higher = anchor.clone();
    higher.numbers[0].number = 9;
    higher.write(&path).expect("writes");
    let failure = desk.open(Mode::Write).err().expect("refused");
    assert_eq!(failure.code, "registry-behind");
    says(&failure.message, &["number 9", "last is 3"]);
    says(&desk.check().wrong.expect("said"), &["number 9", "last is 3"]);

    Anchor { root: Digest([3; 32]), ..anchor.clone() }.write(&path).expect("writes");
    let failure = desk.open(Mode::Write).err().expect("refused");
    says(&failure.message, &["size 4", &Digest([3; 32]).to_string(), &anchor.root.to_string()]);

    Anchor { size: 7, ..anchor.clone() }.write(&path).expect("writes");
    says(&desk.check().wrong.expect("said"), &["size 7"]);

    Anchor { origin: "999.02.saoy.invalid/log".into(), ..anchor }.write(&path).expect("writes");
    assert_eq!(desk.open(Mode::Write).err().expect("refused").code, "anchor-other");
    says(&desk.check().wrong.expect("said"), &["999.02.saoy.invalid/log", "999.01.saoy.invalid/log"]);
}

#[test]
fn a_missing_anchor_is_refused_until_it_is_recovered() {
    let desk = honest().copy();
    let path = anchor_path(&desk.home, None);
    let failure = Office::recover(&desk.home, desk.ambient()).err().expect("there is nothing to recover");
    assert_eq!(failure.code, "anchor-there");
    // It remembers which file the database is: a copy is another one.
    drop(desk.writer());
    let there = fs::read(&path).expect("there is one");
    fs::remove_file(&path).expect("it is there");

    let failure = desk.open(Mode::Write).err().expect("refused");
    assert_eq!(failure.code, "anchor-missing");
    says(&failure.message, &["anchor.json"]);
    says(&desk.check().wrong.expect("said"), &["anchor", "missing"]);
    drop(desk.reader());

    // Not over a registry that is wrong.
    let wrong = desk.copy();
    wrong.sql("DELETE FROM register WHERE idx = 1", None);
    let failure = Office::recover(&wrong.home, wrong.ambient()).err().expect("refused");
    assert_eq!(failure.code, "registry-broken");
    says(&failure.message, &["number 2 is missing"]);

    drop(Office::recover(&desk.home, desk.ambient()).expect("recovers"));
    assert_eq!(fs::read(&path).expect("it is there again"), there);
    assert_eq!(desk.check().wrong, None);
    drop(desk.writer());
}

#[test]
fn a_damaged_anchor_is_refused() {
    let desk = honest().copy();
    fs::write(anchor_path(&desk.home, None), b"{\"size\":4").expect("writes");
    assert_eq!(desk.open(Mode::Write).err().expect("refused").code, "anchor-damaged");
    says(&desk.check().wrong.expect("said"), &["anchor.json is damaged"]);
    let failure = Office::recover(&desk.home, desk.ambient()).err().expect("refused: it is there");
    assert_eq!(failure.code, "anchor-damaged");
}

#[test]
fn an_anchor_that_is_behind_is_brought_up() {
    let desk = honest().copy();
    let path = anchor_path(&desk.home, None);
    drop(desk.writer());
    let there = fs::read(&path).expect("there is one");
    let origin = desk.reader().config.log_origin.clone();
    Anchor::of(&origin, None, &[]).write(&path).expect("writes");
    assert_eq!(desk.check().wrong, None, "a crash came between transaction and anchor");
    drop(desk.writer());
    assert_eq!(fs::read(&path).expect("it is there"), there);
}

#[test]
fn two_offices_do_not_share_an_anchor() {
    let desk = Desk::bare();
    let at = |seconds| Ambient {
        anchor: Some(desk.folder.path().join("elsewhere.json")),
        clock: Box::new(FixedClock(NOW + Duration::seconds(seconds))),
        ..desk.ambient()
    };
    let office = Office::create(&desk.home, &new_office(), None, at(0)).expect("an office is made");
    assert!(!desk.home.join("anchor.json").exists());
    let file = desk.scan("a.png", 1);
    certified(batch(&office, &[file], &desk.request()).remove(0));
    drop(office);
    let other = desk.folder.path().join("other");
    let failure = Office::create(&other, &new_office(), None, at(1)).err().expect("refused");
    assert_eq!(failure.code, "anchor-exists");
    assert!(!other.exists());
    drop(Office::open(&desk.home, at(2), Mode::Write).expect("the first is as it was"));
}

// ---- the book ----

fn numbers(desk: &Desk, year: Option<u16>) -> Vec<u64> {
    let lines = book::lines(&desk.reader(), year).expect("the book opens");
    lines.iter().map(|line| line.row.book.number).collect()
}

#[test]
fn numbers_go_on_from_the_first_one() {
    let mut new = new_office();
    new.first_number = 115;
    let mut desk = Desk::of(&new);
    let files: Vec<PathBuf> = (0..3).map(|i| desk.scan(&format!("{i}.png"), i)).collect();
    for outcome in desk.certify(&files, &desk.request()) {
        certified(outcome);
    }
    assert_eq!(desk.one("3.png", 3).number, "118/2026");
    assert_eq!(numbers(&desk, None), [115, 116, 117, 118]);
    // Only the first book continues a paper one.
    desk.now = datetime!(2027-03-01 03:00:00 UTC);
    assert_eq!(desk.one("4.png", 4).number, "1/2027");
    assert_eq!(desk.check().wrong, None);
}

#[test]
fn the_year_turns_at_midnight_in_vietnam() {
    let mut desk = Desk::new();
    desk.now = datetime!(2026-12-31 16:59:59 UTC);
    assert_eq!(desk.one("a.png", 1).number, "1/2026");
    assert_eq!(desk.one("b.png", 2).number, "2/2026");
    desk.now = datetime!(2026-12-31 17:00:00 UTC);
    let first = desk.one("c.png", 3);
    assert_eq!(first.number, "1/2027");
    assert_eq!(numbers(&desk, Some(2026)), [1, 2]);
    assert_eq!(numbers(&desk, Some(2027)), [1]);
    let books = desk.reader().store.books().expect("the books can be read");
    assert_eq!(books[0].closed_at.as_deref(), Some("2026-12-31T17:00:00Z"));
    assert_eq!((books[1].year, books[1].closed_at.as_deref()), (2027, None));
    let lines = book::lines(&desk.reader(), Some(2027)).expect("the book opens");
    assert_eq!(lines[0].row.date, "2027-01-01");
    assert_eq!(desk.verify(&first.output).verdict, Verdict::Valid);

    // The clock goes back: refused, whatever the year of the book.
    desk.now = datetime!(2026-12-31 16:59:59 UTC);
    let file = desk.scan("d.png", 4);
    let outcome = desk.certify(&[file], &desk.request()).remove(0);
    assert_eq!(refused(&outcome), "clock-back");
    let failure = pipeline::void(&desk.writer(), 0, VoidCause::Withdrawn, "rút").expect_err("refused too");
    assert_eq!(failure.code, "clock-back");
    says(&failure.message, &["2026-12-31", "2027-01-01"]);
    assert_eq!(numbers(&desk, None), [1, 2, 1]);
    assert_eq!(desk.check().wrong, None);
}

#[test]
fn a_clock_that_goes_back_a_day_is_refused() {
    let mut desk = Desk::new();
    desk.one("a.png", 1);
    desk.now = NOW - Duration::days(1);
    let file = desk.scan("b.png", 2);
    assert_eq!(refused(&desk.certify(std::slice::from_ref(&file), &desk.request())[0]), "clock-back");
    desk.now = NOW;
    assert_eq!(certified(desk.certify(&[file], &desk.request()).remove(0)).number, "2/2026");
    assert_eq!(desk.check().wrong, None);
}

#[test]
fn a_closed_book_gives_no_number() {
    let desk = Desk::new();
    desk.one("a.png", 1);
    desk.writer().store.close_books(2026, "2026-11-22T03:04:05Z").expect("closes");
    let file = desk.scan("b.png", 2);
    assert_eq!(refused(&desk.certify(&[file], &desk.request())[0]), "book-closed");
    assert_eq!(numbers(&desk, None), [1]);
    assert_eq!(desk.check().wrong, None);
}

#[test]
fn a_number_is_found_by_what_people_call_it() {
    let desk = Desk::new();
    let first = desk.one("a.png", 1);
    let second = desk.one("b.png", 2);
    // The agency's own copies have a book of their own, with a number 1 too.
    let agency = Request { act: Act::AgencyCopy, ..desk.request() };
    let third = certified(desk.certify(&[desk.scan("c.png", 3)], &agency).remove(0));
    let office = desk.reader();
    let entry = |name: &str| book::entry_of(&office, name).map_err(|failure| failure.code);
    assert_eq!((first.number.as_str(), third.number.as_str()), ("1/2026", "1/2026"));
    assert_eq!(entry(&second.number), Ok(second.index));
    assert_eq!(entry(&first.copy_id), Ok(first.index));
    assert_eq!(entry(&third.copy_id.to_uppercase()), Ok(third.index));
    assert_eq!(entry("entry:2"), Ok(2), "an index is given as it is");
    assert_eq!(entry("2"), Err("which-number"), "a bare number could be either");
    assert_eq!(entry("1/2026"), Err("which-number"));
    let advice = book::entry_of(&office, "1/2026").expect_err("there are two").advice;
    let names: Vec<&str> = advice.trim_start_matches("say which: ").split(" or ").collect();
    assert_eq!(
        names.iter().map(|n| entry(n)).collect::<Vec<_>>(),
        [Ok(first.index), Ok(third.index)],
        "{advice}"
    );
    for unknown in ["3/2026", "1/2025", "x", "", "entry:x", "0123456789abcdef0123456789abcdef"] {
        assert_eq!(entry(unknown), Err("no-number"), "{unknown}");
    }
}

#[test]
fn a_void_number_stays_used_and_the_book_says_why() {
    let desk = Desk::new();
    let done = desk.one("a.png", 1);
    assert_eq!(desk.verify(&done.output).verdict, Verdict::Valid);
    let office = desk.writer();
    let missing = pipeline::void(&office, 7, VoidCause::Failure, "x").expect_err("refused");
    assert_eq!(missing.code, "not-issued");
    says(&missing.message, &["entry 7", "1 entries"]);
    assert_eq!(pipeline::void(&office, 0, VoidCause::Duplicate, "chứng thực hai lần"), Ok(1));
    let answer = office.status("999.01", 0).expect("its own entry");
    assert_eq!(answer.status, Status::Void, "the office that voided knows at once");
    let twice = pipeline::void(&office, 0, VoidCause::Duplicate, "x").expect_err("refused");
    assert_eq!(twice.code, "conflict");
    says(&twice.message, &["entry 0", "void already"]);
    assert_eq!(pipeline::void(&office, 1, VoidCause::Failure, "x").expect_err("no issue").code, "not-issued");
    drop(office);

    let line = book::lines(&desk.reader(), None).expect("the book opens").remove(0);
    assert_eq!(line.row.void_cause.as_deref(), Some("chứng thực hai lần"));
    says(&line.to_string(), &["1/2026", "chứng thực hai lần"]);
    let report = desk.verify(&done.output);
    assert_eq!((report.verdict, report.status), (Verdict::Invalid, Some(Status::Void)));
    // The paper may be certified once more, under the next number.
    fs::remove_file(&done.output).expect("it is there");
    assert_eq!(desk.one("a.png", 1).number, "2/2026");
    let found = desk.check();
    assert_eq!((found.wrong, found.released, found.void), (None, 1, 1));
}

// ---- doors ----

/// A clock whose hand the test moves.
struct Hand(Arc<AtomicI64>);

impl Clock for Hand {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).expect("a time")
    }
}

#[test]
fn a_reader_tells_what_the_home_has_now() {
    let desk = Desk::new();
    desk.one("a.png", 1);
    let hand = Arc::new(AtomicI64::new(NOW.unix_timestamp()));
    let ambient = Ambient { clock: Box::new(Hand(Arc::clone(&hand))), ..desk.ambient() };
    let reader = Office::open(&desk.home, ambient, Mode::Read).expect("a reader opens");
    // Issued and revoked by another process, so to say, after it was opened.
    let later = fs::read(desk.one("b.png", 2).output).expect("the copy");
    desk.writer().revoke(0, RevokeCause::Annulled).expect("it is revoked");
    hand.fetch_add(60, Ordering::SeqCst);
    let options = verify::Options { now: NOW, status: Some(&reader) };
    let report = verify::verify(&later, &reader.trust().expect("a list"), &options).expect("a copy");
    assert_eq!(report.verdict, Verdict::Valid, "{report:?}");
    let id = report.copy.expect("it was read").copy_id;
    let (index, answer) = reader.status_by_id(&id).expect("it is asked").expect("it is known");
    assert_eq!((index, answer.status), (1, Status::Good));
    let revoked = reader.status("999.01", 0).expect("it is known");
    assert_eq!((revoked.status, revoked.as_of), (Status::Revoked, NOW + Duration::minutes(1)));
}

#[test]
fn one_writes_and_any_number_read() {
    let desk = honest().copy();
    let writer = desk.writer();
    let failure = desk.open(Mode::Write).err().expect("a second writer is refused");
    assert_eq!(failure.code, "home-locked");
    assert_eq!(Office::recover(&desk.home, desk.ambient()).err().expect("too").code, "home-locked");
    let (one, two) = (desk.reader(), desk.reader());
    assert_eq!((one.registry.size(), two.registry.size()), (4, 4));
    let refusal = one.store.close_books(2026, "2026-11-22T03:04:05Z").expect_err("a reader changes nothing");
    says(&refusal.to_string(), &["readonly"]);
    drop(writer);
    drop(desk.writer());
}

#[test]
fn what_is_read_while_another_issues_is_of_one_moment() {
    let desk = Desk::new();
    let files: Vec<PathBuf> = (0..12).map(|i| desk.scan(&format!("{i}.png"), i)).collect();
    let (office, done) = (desk.writer(), AtomicBool::new(false));
    let checks = std::thread::scope(|scope| {
        let checking = scope.spawn(|| {
            let mut checks = 0;
            while !done.load(Ordering::Relaxed) || checks == 0 {
                assert_eq!(desk.check().wrong, None);
                desk.reader();
                checks += 1;
            }
            checks
        });
        for file in &files {
            certified(batch(&office, std::slice::from_ref(file), &desk.request()).remove(0));
        }
        done.store(true, Ordering::Relaxed);
        checking.join().expect("no check fails")
    });
    assert!(checks > 0);
    assert_eq!(desk.check().released, 12);
}

#[test]
fn keys_that_do_not_open_are_refused() {
    let desk = Desk::bare();
    let with = |passphrase: Option<&str>| Ambient {
        passphrase: passphrase.map(|p| p.as_bytes().to_vec()),
        ..desk.ambient()
    };
    drop(Office::create(&desk.home, &new_office(), None, with(Some("đúng"))).expect("an office is made"));
    let open = |passphrase| Office::open(&desk.home, with(passphrase), Mode::Write).err().map(|f| f.code);
    assert_eq!(open(Some("sai")), Some("key-passphrase-wrong"));
    assert_eq!(open(None), Some("key-passphrase-needed"));
    assert_eq!(open(Some("đúng")), None);
    // Another office's vault key.
    let other = Desk::bare();
    other.ambient();
    drop(Office::create(&other.home, &new_office(), None, other.ambient()).expect("an office is made"));
    let mine = honest().copy();
    fs::copy(other.home.join("keys/vault.key"), mine.home.join("keys/vault.key")).expect("it can be copied");
    says(&mine.check().wrong.expect("said"), &["register/0 does not open"]);
}

#[test]
fn a_folder_that_is_no_home_is_refused() {
    let desk = Desk::bare();
    let open = |mode| desk.open(mode).err().expect("refused");
    assert_eq!(open(Mode::Read).code, "no-home");
    fs::create_dir(&desk.home).expect("the folder can be made");
    says(&open(Mode::Write).message, &["office.json"]);
    assert_eq!(names(&desk.home), Vec::<String>::new(), "nothing was made in it");
    // A home whose database is gone.
    let half = honest().copy();
    fs::remove_file(half.home.join("saoy.db")).expect("it is there");
    let failure = half.open(Mode::Read).err().expect("refused");
    says(&failure.message, &["saoy.db"]);
}

/// Nothing was released with another schema than today's: there is nothing to migrate, and what is not known is not touched.
#[test]
fn a_home_of_another_schema_is_refused_and_left_as_it_is() {
    for found in ["1", "3"] {
        let desk = honest().copy();
        desk.sql(&format!("UPDATE meta SET value = '{found}' WHERE name = 'schema'"), None);
        let database = fs::read(desk.home.join("saoy.db")).expect("it is there");
        for mode in [Mode::Read, Mode::Write] {
            let failure = desk.open(mode).err().expect("refused");
            assert_eq!(failure.code, "schema");
            says(&failure.message, &[&format!("schema {found}"), "knows 2"]);
        }
        assert_eq!(
            saoy::office::audit::check(&desk.home, &desk.ambient()).expect_err("refused").code,
            "schema"
        );
        assert!(fs::read(desk.home.join("saoy.db")).expect("it is there") == database);
    }
}

#[test]
fn an_office_is_made_whole_or_not_at_all() {
    let desk = Desk::bare();
    let make = |new: &NewOffice| Office::create(&desk.home, new, None, desk.ambient()).err().map(|f| f.code);
    // What cannot be made leaves nothing.
    let mut bad = new_office();
    bad.code = "99/1".into();
    assert_eq!(make(&bad), Some("bad-code"));
    bad = new_office();
    bad.first_number = 0;
    assert_eq!(make(&bad), Some("bad-number"));
    bad = new_office();
    bad.name = " ".into();
    assert_eq!(make(&bad), Some("bad-name"));
    // What the copies' font cannot print is said now, not when the first copy is issued.
    for (name, officer, title, option) in [
        ("Xã 中 Mẫu", "Nguyễn Văn Ví Dụ", "Chủ tịch", "--name"),
        ("Xã Mẫu", "Nguyễn Văn 😀", "Chủ tịch", "--officer"),
        ("Xã Mẫu", "Nguyễn Văn Ví Dụ", "ประธาน", "--title"),
    ] {
        let officer = Some(Officer { name: officer.into(), title: title.into() });
        let bad = NewOffice { name: name.into(), officer, ..new_office() };
        let failure = Office::create(&desk.home, &bad, None, desk.ambient()).err().expect("refused");
        assert_eq!(failure.code, "bad-name");
        says(&failure.message, &[option, "no glyph for U+"]);
    }
    bad = new_office();
    bad.algorithm = saoy::signature::Algorithm::RsaPkcs1;
    assert_eq!(make(&bad), Some("key-rsa"));
    assert_eq!(names(desk.folder.path()), ["out"]);
    // Never into what is there.
    fs::create_dir(&desk.home).expect("the folder can be made");
    fs::write(desk.home.join("letter.txt"), b"x").expect("writes");
    assert_eq!(make(&new_office()), Some("home-exists"));
    assert_eq!(names(&desk.home), ["letter.txt"]);
    fs::remove_file(desk.home.join("letter.txt")).expect("it is there");
    // Into an empty one; what an init that was killed left beside it is no hindrance.
    copy_folder(&honest().home, &desk.folder.path().join(".saoy-init-killed"));
    assert_eq!(make(&new_office()), None);
    assert_eq!(make(&new_office()), Some("home-exists"));
    let there = ["anchor.json", "blobs", "keys", "lock", "office.json", "saoy.db", "trust.json"];
    assert_eq!(names(&desk.home), there);
    assert_eq!(desk.check().wrong, None);
}

/// `saoy init` is killed while it writes: there is no home, and the next one is made.
#[test]
fn an_init_that_is_killed_leaves_no_half_home() {
    struct Stops(std::sync::atomic::AtomicU64, u64);
    impl saoy::ambient::Entropy for Stops {
        fn fill(&self, out: &mut [u8]) {
            // A panic unwinds where a kill does not: what it leaves is a part of what a kill leaves.
            assert!(self.0.fetch_add(1, Ordering::Relaxed) < self.1, "stopped");
            out.fill(self.1 as u8 ^ 0x55);
        }
    }
    let desk = Desk::bare();
    for stop in 0..6 {
        let ambient = Ambient { entropy: Box::new(Stops(0.into(), stop)), ..desk.ambient() };
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            Office::create(&desk.home, &new_office(), None, ambient).map(drop)
        }));
        assert!(made.is_err() && !desk.home.exists(), "stopped at {stop}");
    }
    Office::create(&desk.home, &new_office(), None, desk.ambient()).expect("an office is made");
}

#[test]
fn names_are_kept_in_nfc() {
    use unicode_normalization::UnicodeNormalization as _;
    let mut new = new_office();
    new.name = new.name.nfd().collect();
    let desk = Desk::of(&new);
    assert_eq!(desk.reader().config.office.name, new_office().name);
    desk.one("a.png", 1);
}
