//! An office's log from outside: what is appended, published, served and read by others, and each lie that is found.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::office_support;
use crate::tools_support;
use crate::verify_support::in_vietnamese;
use office_support::{Desk, NOW};
use saoy::error::Failure;
use saoy::office::{Office, Sequencer, Submission};
use saoy::pipeline;
use saoy::record::Digest;
use saoy::registry::check::{self, LogAudit, Place};
use saoy::registry::entry::{EntryKind, KeyRole, RevokeCause};
use saoy::registry::status::StatusList;
use saoy::registry::tiles::Tile;
use saoy::registry::{Note, VoidCause, merkle};
use saoy::remote::HttpPlace;
use saoy::server;
use saoy::store::{Exported, LogDb, LogFolder, Mode};
use saoy::verify::status::StatusLists;
use saoy::verify::{self, FactId, Options, Silence, State, Status, StatusSource as _, TrustList, Verdict};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

fn records(range: std::ops::Range<u64>) -> impl Iterator<Item = Result<Digest, Failure>> {
    range.map(|i| Ok(Digest::of(&i.to_be_bytes())))
}

fn import(office: &Office, range: std::ops::Range<u64>) -> (u64, u64) {
    let done = office.import(records(range), &mut |_| {}).expect("they are logged");
    (done.logged, done.known)
}

/// A log with every kind of entry: 600 imported records, some ended, a status list, both keys changed, more records.
fn every_kind() -> &'static Desk {
    static DESK: OnceLock<Desk> = OnceLock::new();
    DESK.get_or_init(|| {
        let desk = Desk::new();
        let office = desk.writer();
        assert_eq!(import(&office, 0..600), (600, 0));
        assert_eq!(office.revoke(7, RevokeCause::Annulled), Ok(600));
        assert_eq!(office.supersede(8, 9), Ok(601));
        assert_eq!(office.correct(300, 10), Ok(602));
        assert_eq!(office.revoke(8, RevokeCause::KeyCompromise), Ok(603));
        let list = office.publish_status(NOW + Duration::hours(24)).expect("signed");
        assert_eq!((list.size, list.rows.len()), (604, 3));
        assert_eq!(office.rotate(KeyRole::Log, None), Ok(605));
        assert_eq!(desk.writer().rotate(KeyRole::Seal, None), Ok(606));
        let office = desk.writer();
        assert_eq!(import(&office, 600..700), (100, 0));
        office.publish_status(NOW + Duration::hours(24)).expect("signed");
        drop(office);
        assert_eq!(desk.check().wrong, None);
        desk
    })
}

fn export(desk: &Desk, out: &Path) -> Exported {
    let log = LogDb::open(&desk.home).expect("a reader opens");
    LogFolder::new(out).export(&log, &mut |_, _| {}).expect("exported")
}

fn audit(desk: &Desk, place: &dyn Place) -> LogAudit {
    let trust = desk.reader().trust().expect("a trust list");
    let trust = trust.office("999.01").expect("the office").log_trust();
    check::check(place, &trust, None, &mut |_, _| {}).expect("the place can be read")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if !path.file_name().expect("a name").to_string_lossy().starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read_with_python(desk: &Desk, place: &str) -> (bool, String) {
    let trust = desk.reader().trust().expect("a trust list");
    let mut arguments =
        vec![tools_support::root().join("tests/tools/read_log.py").into_os_string(), "--entries".into()];
    for key in &trust.office("999.01").expect("the office").log.keys {
        arguments.extend(["--vkey".into(), key.key.to_string().into()]);
    }
    arguments.push(place.into());
    let python = tools_support::in_venv("python3");
    let output = tools_support::run(python, tools_support::PYHANKO, arguments);
    (output.status.success(), tools_support::text(&output))
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

// ---- entries and states ----

#[test]
fn what_is_asked_for_twice_is_logged_once() {
    let desk = Desk::new();
    let office = desk.writer();
    assert_eq!(import(&office, 0..300), (300, 0));
    assert_eq!(import(&office, 200..400), (100, 100));
    // Twice in one batch.
    let twice = records(500..510).chain(records(500..510));
    let done = office.import(twice, &mut |_| {}).expect("they are logged");
    assert_eq!((done.logged, done.known, done.size), (10, 10, 410));
    // An error keeps what came before it.
    let bad = || Err(Failure::new("bad-line", "x", "y"));
    let failed = office.import(records(600..605).chain([bad()]).chain(records(700..710)), &mut |_| {});
    assert_eq!(failed.expect_err("refused").code, "bad-line");
    assert_eq!(office.registry.size(), 415);
    drop(office);
    assert_eq!(desk.check().wrong, None);
    let office = desk.writer();
    assert_eq!(import(&office, 0..415), (15, 400));
}

/// What is public says the day and no more: two offices that did the same at the first and the last second of one have the same log.
#[test]
fn the_public_log_does_not_tell_the_hour() {
    let mut early = Desk::new();
    let mut late = early.copy();
    let mut tomorrow = early.copy();
    early.now = datetime!(2026-12-01 17:00:00 UTC);
    late.now = datetime!(2026-12-02 16:59:59 UTC);
    tomorrow.now = datetime!(2026-12-02 17:00:00 UTC);
    let published = |desk: &Desk| {
        let office = desk.writer();
        import(&office, 0..300);
        office.revoke(7, RevokeCause::Annulled).expect("logged");
        office.supersede(8, 9).expect("logged");
        office.correct(10, 11).expect("logged");
        drop(office);
        let out = desk.folder.path().join("log");
        export(desk, &out);
        let read = |path: &PathBuf| {
            (path.strip_prefix(&out).expect("in it").to_owned(), fs::read(path).expect("there"))
        };
        files(&out).iter().map(read).collect::<Vec<_>>()
    };
    let log = published(&early);
    assert!(log.len() > 4 && log == published(&late));
    assert_ne!(log, published(&tomorrow));
}

#[test]
fn states_follow_the_rules() {
    let desk = Desk::new();
    let office = desk.writer();
    import(&office, 0..10);
    let code = |result: Result<u64, Failure>| result.expect_err("refused").code;
    assert_eq!(office.revoke(1, RevokeCause::IssuedInError), Ok(10));
    assert_eq!(code(office.revoke(1, RevokeCause::Annulled)), "conflict");
    assert_eq!(code(office.supersede(1, 2)), "conflict");
    assert_eq!(code(office.supersede(3, 1)), "conflict", "the replacement is revoked");
    assert_eq!(office.supersede(3, 4), Ok(11));
    assert_eq!(code(office.correct(3, 5)), "conflict");
    assert_eq!(office.revoke(3, RevokeCause::OriginalInvalid), Ok(12));
    assert_eq!(code(office.revoke(10, RevokeCause::Annulled)), "not-issued");
    assert_eq!(code(office.revoke(99, RevokeCause::Annulled)), "not-issued");
    assert_eq!(code(office.correct(5, 5)), "not-issued", "itself");
    let status = |index| office.status("999.01", index).ok().map(|answer| answer.status);
    assert_eq!(status(1), Some(Status::Revoked));
    assert_eq!(status(3), Some(Status::Revoked));
    assert_eq!(status(4), Some(Status::Good));
    assert_eq!(office.status("999.01", 99), Err(Silence::NoEntry { size: office.registry.size() }));
    assert_eq!(office.status("999.02", 1), Err(Silence::OtherOffice));
    assert_eq!(office.registry.size(), 13, "what was refused left nothing");
    drop(office);
    assert_eq!(desk.check().wrong, None);
}

#[test]
fn a_state_that_the_entries_do_not_give_is_found() {
    let lie = |statement: &str| {
        let desk = every_kind().copy();
        desk.sql(statement, None);
        desk.check().wrong.expect("the lie is found")
    };
    says(&lie("DELETE FROM states WHERE idx = 300"), &["states"]);
    says(&lie("INSERT INTO states VALUES (20, 600)"), &["states"]);
    says(&lie("DELETE FROM key_changes WHERE idx = 606"), &["keys"]);
    says(&lie("DELETE FROM requests WHERE idx = 20"), &["entry 20", "no job"]);
    says(&lie("UPDATE requests SET idx = 604 WHERE idx = 20"), &["entry"]);
    says(&lie("UPDATE tiles SET hashes = zeroblob(8192) WHERE idx = 1"), &["tile/0/001"]);
    says(&lie("DELETE FROM tiles WHERE idx = 1"), &["tile/0/001"]);
    says(&lie("UPDATE checkpoints SET after = 5 WHERE size = 600"), &["no checkpoint of size 5"]);
    says(&lie("UPDATE status_lists SET size = 604"), &["status list"]);
}

/// Many threads, one office each or shared: every submission is answered with an index of its own, in batches.
#[test]
fn many_at_once_are_logged_together_and_each_once() {
    let desks = [Desk::new(), Desk::new()];
    let offices = desks.each_ref().map(Desk::writer);
    let sequencers = offices.each_ref().map(Sequencer::new);
    let issue = |number: u64| Submission {
        kind: EntryKind::Issue { commitment: Digest::of(&number.to_be_bytes()) },
        key: Some(Digest::of(&number.to_be_bytes())),
    };
    let indices: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let sequencer = &sequencers[thread % 2];
                // Two threads of each office ask for the same.
                let from = u64::try_from(thread / 4).expect("small") * 1000;
                scope.spawn(move || {
                    (from..from + 60).map(|n| sequencer.submit(issue(n)).expect("logged")).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(indices[0], indices[2], "the same keys, the same indices");
    assert_eq!(indices[1], indices[3]);
    for (office, desk) in offices.iter().zip(&desks) {
        assert_eq!(office.registry.size(), 120);
        let receipt = office.receipt(77).expect("proven");
        let known = [office.registry.verifier().clone()];
        assert!(receipt.verify(&office.config.log_origin, &known).is_ok());
        let checkpoints = office.store.log().checkpoints(0, 1000).expect("read").len();
        assert!(checkpoints <= 120, "{checkpoints}");
        assert_eq!(desk.check().wrong, None);
    }
    // One that cannot be does not take the others with it.
    let sequencer = &sequencers[0];
    let bad = EntryKind::Revoke { target: 5, target_leaf: Digest([1; 32]), cause: RevokeCause::Annulled };
    let answers: Vec<Result<u64, Failure>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12_u64)
            .map(|n| {
                let bad = Submission { kind: bad.clone(), key: None };
                let submission = if n % 4 == 0 { bad } else { issue(5000 + n) };
                scope.spawn(move || sequencer.submit(submission))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(
            answer.as_ref().map_err(|failure| failure.code).err(),
            (n % 4 == 0).then_some("conflict"),
            "{n}"
        );
    }
    assert_eq!(offices[0].registry.size(), 129);
    drop(sequencers);
    drop(offices);
    assert_eq!(desks[0].check().wrong, None);
}

// ---- copies and their status ----

#[test]
fn an_unknown_status_says_why() {
    let (desk, other) = (Desk::new(), Desk::neighbour());
    let copy = desk.one("0.png", 0).output;
    other.one("1.png", 1);
    let publish = |desk: &Desk, until| {
        let office = desk.writer();
        office.publish_status(until).expect("signed");
        office.store.log().status_list().expect("read").expect("there is one").1
    };
    let now = OffsetDateTime::now_utc();
    let list = publish(&desk, now + Duration::days(1));
    let late = desk.one("2.png", 2).output;
    let place = |name: &str, bytes: &[u8]| {
        let path = desk.folder.path().join(name);
        fs::write(&path, bytes).expect("it can be written");
        path.to_string_lossy().into_owned()
    };
    let mut broken = list.clone();
    let end = broken.len() - 10;
    broken[end] ^= 1;
    let both = [desk.reader(), other.reader()].map(|office| office.trust().expect("a list"));
    let both = TrustList::merge(3, now + Duration::days(1), both).expect("a list").to_json();
    let (own, both) =
        (desk.home.join("trust.json").to_string_lossy().into_owned(), place("both", both.as_bytes()));
    let of_other = place("other", &publish(&other, now + Duration::days(1)));
    let old = desk.copy();
    let old = place("old", &publish(&old, NOW + Duration::hours(1)));
    // Nobody listens on a port that was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let cases = [
        (&own, format!("http://{free}"), &copy, "cannot be reached"),
        (&own, of_other.clone(), &copy, "signed by no log of the trust list: it is another office's"),
        (&both, of_other, &copy, "speaks for other offices"),
        (&own, place("photo.jpg", b"\xff\xd8\xff\xe0"), &copy, "no status list, or a broken one"),
        (&own, place("broken", &broken), &copy, "no status list, or a broken one"),
        (&own, place("list", &list), &late, "covers the first 1 entries, and this one is newer"),
        (&own, old, &copy, "too old"),
    ];
    for (trust, status, copy, says) in cases {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_saoy"))
            .args(["verify", "--json", "--trust", trust, "--status", &status])
            .arg(copy)
            .env_remove("SAOY_HOME")
            .output()
            .expect("saoy runs");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!((output.status.code(), &report["verdict"]), (Some(3), &"authentic-status-unknown".into()));
        let facts = report["facts"].as_array().expect("facts");
        let evidence = &facts.iter().find(|fact| fact["id"] == "status").expect("it is there")["evidence"];
        let (vi, en) = (evidence["vi"].as_str().expect("text"), evidence["en"].as_str().expect("text"));
        assert!(en.contains(says), "{status}: {en}");
        in_vietnamese(vi);
    }
}

#[test]
fn a_verdict_says_what_the_list_says() {
    let mut desk = Desk::new();
    let copies: Vec<_> = (0..5).map(|mark| desk.one(&format!("{mark}.png"), mark).output).collect();
    let office = desk.writer();
    office.revoke(0, RevokeCause::Annulled).expect("revoked");
    office.supersede(1, 2).expect("superseded");
    office.correct(3, 4).expect("corrected");
    let list = office.publish_status(NOW + Duration::hours(1)).expect("signed");
    let (_, note) = office.store.log().status_list().expect("read").expect("there is one");
    let trust = office.trust().expect("a trust list");
    drop(office);
    let late = desk.one("5.png", 5).output;

    let verify = |copy: &Path, now| {
        let mut lists = StatusLists::default();
        lists.add(&note, &trust).expect("a signed list");
        let options = Options { now, status: Some(&lists) };
        verify::verify(&fs::read(copy).expect("there"), &trust, &options).expect("a copy")
    };
    let said = |copy: &Path, now| {
        let report = verify(copy, now);
        (report.verdict, report.fact(FactId::Status).expect("a fact").evidence.en.clone())
    };
    let (verdict, text) = said(&copies[0], NOW);
    assert_eq!(verdict, Verdict::Invalid);
    says(&text, &["revoked on 2026-11-22 because: annulled", "as of 2026-11-22T03:04:05Z"]);
    says(&said(&copies[1], NOW).1, &["superseded by entry 2"]);
    says(&said(&copies[3], NOW).1, &["corrected by entry 4"]);
    let (verdict, text) = said(&copies[2], NOW);
    assert_eq!(verdict, Verdict::Valid);
    says(&text, &["in force as of 2026-11-22T03:04:05Z"]);
    // The office itself knows the numbers, too.
    let office = desk.reader();
    for (copy, words) in [
        (&copies[1], "superseded by copy 3/2026 (entry 2)"),
        (&copies[3], "corrected by copy 5/2026 (entry 4)"),
    ] {
        let options = Options { now: NOW, status: Some(&office) };
        let report = verify::verify(&fs::read(copy).expect("there"), &trust, &options).expect("a copy");
        says(&report.fact(FactId::Status).expect("a fact").evidence.en, &[words]);
    }
    drop(office);
    // Newer than the list: nobody knows. Too old a list: it says so, and what is ended stays ended.
    assert_eq!(said(&late, NOW).0, Verdict::AuthenticStatusUnknown);
    let tomorrow = NOW + Duration::days(1);
    let (verdict, text) = said(&copies[2], tomorrow);
    assert_eq!(verdict, Verdict::AuthenticStatusUnknown);
    says(&text, &["too old", "2026-11-22T04:04:05Z"]);
    let report = verify(&copies[2], tomorrow);
    assert_eq!(report.fact(FactId::Status).expect("a fact").state, State::NotChecked);
    assert_eq!(said(&copies[0], tomorrow).0, Verdict::Invalid);
    // The home says the same without a list.
    assert_eq!(desk.verify(&copies[0]).status, Some(Status::Revoked));
    assert_eq!(desk.verify(&copies[2]).verdict, Verdict::Valid);

    // A list of another log, a changed one, one by nobody.
    for at in 0..note.len() {
        let mut changed = note.clone();
        changed[at] ^= 1;
        assert!(StatusLists::default().add(&changed, &trust).is_err(), "byte {at}");
    }
    let parsed = StatusList::parse(Note::parse(&note).expect("a note").text()).expect("a list");
    assert_eq!(parsed, list);
    // A revoked copy is not given out again: the paper gets a new number.
    fs::remove_file(&copies[0]).expect("it is there");
    desk.now = NOW;
    assert_eq!(desk.one("0.png", 0).number, "7/2026");
    assert_eq!(desk.check().wrong, None);
}

#[test]
fn a_void_number_or_an_unfinished_copy_is_not_revoked() {
    let desk = Desk::new();
    desk.one("a.png", 1);
    let office = desk.writer();
    pipeline::void(&office, 0, VoidCause::Duplicate, "x").expect("void");
    assert_eq!(office.revoke(0, RevokeCause::Annulled).expect_err("refused").code, "conflict");
    drop(office);
    desk.sql("UPDATE jobs SET state = 'entered' WHERE idx = 0", None);
    let refused = desk.writer().revoke(0, RevokeCause::Annulled).expect_err("refused");
    assert_eq!(refused.code, "not-released");
}

/// The document's key, salts and disclosures are destroyed; the book's line is kept.
#[test]
fn an_erasure_leaves_the_tree_and_everybody_elses_proofs_whole() {
    let desk = Desk::new();
    let (one, two) = (desk.one("a.png", 1), desk.one("b.png", 2));
    let before = desk.reader().receipt(1).expect("proven").to_bytes();
    let root = desk.reader().registry.root();
    let job = desk.reader().store.job(0).expect("read").expect("there");
    let known_by =
        [job.record.clone(), job.wrapped_key.clone(), job.key.0.to_vec(), job.copy_id.clone().into_bytes()];
    let database = || fs::read(desk.home.join("saoy.db")).expect("there");
    let holds = |bytes: &[u8]| database().windows(16).any(|window| window == &bytes[bytes.len() - 16..]);
    assert!(known_by.iter().all(|bytes| holds(bytes)), "what is looked for is what is stored");
    desk.writer().erase(0).expect("erased");
    assert!(!known_by.iter().any(|bytes| holds(bytes)), "nothing of it is left in the file");
    assert!(!desk.home.join("blobs").join(&job.folder).exists());
    desk.writer().erase(0).expect("again");
    let found = desk.check();
    assert_eq!((found.wrong, found.released, found.erased), (None, 1, 1));
    assert_eq!(desk.writer().erase(2).expect_err("no entry").code, "not-issued");
    let office = desk.reader();
    assert_eq!(office.registry.root(), root);
    assert_eq!(office.receipt(1).expect("proven").to_bytes(), before);
    let known = [office.registry.verifier().clone()];
    assert!(office.receipt(0).expect("proven").verify(&office.config.log_origin, &known).is_ok());
    assert_eq!(office.store.register().expect("the book").len(), 2);
    drop(office);
    // Who holds the copy still proves it; nothing that is left can say what it was.
    assert_eq!(desk.verify(&one.output).verdict, Verdict::Valid);
    assert_eq!(desk.verify(&two.output).verdict, Verdict::Valid);
    let out = desk.folder.path().join("log");
    export(&desk, &out);
    assert_eq!(audit(&desk, &LogFolder::new(&out)).wrong, None);
    // It may still be revoked, and what is half erased is found.
    desk.writer().revoke(0, RevokeCause::Annulled).expect("revoked");
    assert_eq!(desk.verify(&one.output).status, Some(Status::Revoked));
    desk.sql("UPDATE jobs SET wrapped_key = x'' WHERE idx = 1", None);
    says(&desk.check().wrong.expect("found"), &["entry 1", "erased only in part"]);
    desk.writer().erase(1).expect("completed");
    assert_eq!(desk.check().wrong, None);
    // The paper is not known any more: it gets a number of its own.
    fs::remove_file(&two.output).expect("there");
    assert_eq!(desk.one("b.png", 2).number, "3/2026");
}

// ---- keys ----

#[test]
fn a_retired_key_counts_below_its_end() {
    let desk = every_kind();
    let office = desk.reader();
    let trust = office.trust().expect("a trust list");
    let own = trust.office("999.01").expect("the office");
    let ranges: Vec<_> = own.log.keys.iter().map(|key| (key.valid.from, key.valid.until)).collect();
    assert_eq!(ranges, [(0, Some(606)), (606, None)]);
    let ranges: Vec<_> = own.seal_keys.iter().map(|key| (key.valid.from, key.valid.until)).collect();
    assert_eq!(ranges, [(0, Some(607)), (607, None)]);
    assert_eq!(trust.sequence(), 3);
    // Each receipt holds with the key of its time, and only with that.
    for index in [0, 599, 605, 606, 607, 650] {
        let receipt = office.receipt(index).expect("proven");
        let good = own.log_trust();
        let last = if index < 600 { 599 } else { index };
        let keys = good.keys_at(last);
        let checkpoint = receipt.verify(&office.config.log_origin, &keys).expect("it holds");
        assert!(checkpoint.size > index);
        let others: Vec<_> =
            good.log_keys.iter().map(|k| k.key.clone()).filter(|key| !keys.contains(key)).collect();
        assert!(receipt.verify(&office.config.log_origin, &others).is_err(), "{index}");
    }
}

#[test]
fn a_change_of_key_that_was_cut_short_is_finished() {
    for role in [KeyRole::Seal, KeyRole::Log] {
        let desk = Desk::new();
        import(&desk.writer(), 0..5);
        let (keys, trust) = (desk.home.join("keys"), desk.home.join("trust.json"));
        let (current, next) = (keys.join(format!("{role}.key")), keys.join(format!("{role}.next.key")));
        let (old_key, old_trust) = (fs::read(&current).expect("there"), fs::read(&trust).expect("there"));
        desk.writer().rotate(role, None).expect("changed");
        let (new_key, new_trust) = (fs::read(&current).expect("there"), fs::read(&trust).expect("there"));
        assert_ne!(old_key, new_key);
        // As a crash leaves it after the entry, and after the trust list.
        for cut in [&old_trust, &new_trust] {
            let desk = desk.copy();
            let keys = desk.home.join("keys");
            fs::write(keys.join(format!("{role}.key")), &old_key).expect("put back");
            fs::write(keys.join(format!("{role}.next.key")), &new_key).expect("put there");
            fs::write(desk.home.join("trust.json"), cut).expect("put back");
            let office = desk.writer();
            assert_eq!(import(&office, 5..8), (3, 0));
            drop(office);
            assert_eq!(fs::read(desk.home.join("trust.json")).expect("there"), new_trust);
            assert!(!keys.join(format!("{role}.next.key")).exists());
            assert_eq!(desk.check().wrong, None);
        }
        // The old key came back from a backup: nothing is signed with it.
        assert!(!next.exists());
        fs::write(&current, &old_key).expect("put back");
        let refused = desk.open(Mode::Write).err().expect("refused");
        assert_eq!(refused.code, "old-key");
        says(&refused.message, &["entry 5", role.name()]);
    }
}

// ---- as files ----

#[test]
fn an_independent_reader_reads_the_log() {
    let desk = every_kind();
    let out = tempfile::tempdir().expect("a folder");
    let size = desk.reader().registry.size();
    let done = export(desk, out.path());
    assert_eq!((done.size, done.from), (size, 0));
    let (read, said) = read_with_python(desk, &out.path().to_string_lossy());
    assert!(read, "{said}");
    says(&said, &["999.01.saoy.invalid/log: 708 entries", "3 not in force", "status list (707, 3)"]);
    let found = audit(desk, &LogFolder::new(out.path()));
    assert_eq!((found.wrong, found.entries, found.ended), (None, 708, 3));
    // It is not one that says yes to everything.
    for path in files(out.path()) {
        let bytes = fs::read(&path).expect("there");
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        fs::write(&path, &changed).expect("written");
        let (read, said) = read_with_python(desk, &out.path().to_string_lossy());
        assert!(!read, "{}: {said}", path.display());
        fs::write(&path, &bytes).expect("written");
    }
}

#[test]
fn every_flipped_bit_cut_and_missing_file_is_found() {
    let desk = every_kind();
    let out = tempfile::tempdir().expect("a folder");
    export(desk, out.path());
    let place = LogFolder::new(out.path());
    assert_eq!(audit(desk, &place).wrong, None);
    let paths = files(out.path());
    assert_eq!(paths.len(), 2 + 2 * 3 + 1, "checkpoint, status, three tiles and bundles, one of level 1");
    for path in paths {
        let name = path.strip_prefix(out.path()).expect("below").to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("there");
        let found = || audit(desk, &place).wrong;
        let step = (bytes.len() / 40).max(1);
        for at in (0..bytes.len()).step_by(step).chain([bytes.len() - 1]) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&path, &changed).expect("written");
            assert!(found().is_some(), "{name}, byte {at}");
        }
        for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).expect("written");
            assert!(found().is_some(), "{name}, cut at {cut}");
        }
        fs::write(&path, [bytes.as_slice(), &[0]].concat()).expect("written");
        assert!(found().is_some(), "{name}, longer");
        fs::remove_file(&path).expect("removed");
        assert!(found().is_some(), "{name}, missing");
        fs::write(&path, &bytes).expect("written");
    }
    assert_eq!(audit(desk, &place).wrong, None);
    fs::write(out.path().join("tile/0/extra"), b"").expect("written");
    says(&audit(desk, &place).wrong.expect("found"), &["tile/0/extra"]);
}

#[test]
fn an_export_is_repeated_and_completed() {
    let desk = Desk::new();
    let out = desk.folder.path().join("log");
    let log = LogFolder::new(&out);
    let nothing = LogFolder::new(&out).export(&LogDb::open(&desk.home).expect("opens"), &mut |_, _| {});
    assert_eq!(nothing.expect_err("empty").code, "log-empty");
    let mut sizes = Vec::new();
    for upto in [3, 200, 255, 256, 300, 511, 512, 513, 1100] {
        import(&desk.writer(), 0..upto);
        let done = export(&desk, &out);
        assert_eq!((done.size, done.from), (upto, sizes.last().copied().unwrap_or(0)));
        sizes.push(upto);
        assert_eq!(audit(&desk, &log).wrong, None, "{upto}");
        let again = export(&desk, &out);
        assert_eq!((again.written, again.removed), (0, 0), "{upto}");
    }
    // No partial file beside a full one; those of the last tiles stay for readers of earlier checkpoints.
    for path in files(&out) {
        let name = path.strip_prefix(&out).expect("below").to_string_lossy().into_owned();
        if let Ok(tile) = name.parse::<Tile>() {
            let full = out.join(tile.full().to_string());
            assert!(tile.is_full() || !full.exists(), "{name}");
        }
    }
    // What a crash leaves: no checkpoint, half a file, files ahead of it.
    let tile = out.join("tile/0/001");
    fs::remove_file(&tile).expect("there");
    fs::write(out.join(".saoy.part"), b"half").expect("written");
    assert!(audit(&desk, &log).wrong.is_some());
    export(&desk, &out);
    assert_eq!(audit(&desk, &log).wrong, None);
    fs::remove_file(out.join("checkpoint")).expect("there");
    fs::write(&tile, vec![0; 8192]).expect("written");
    assert_eq!(export(&desk, &out).from, 0);
    assert_eq!(audit(&desk, &log).wrong, None);
    let ahead = desk.copy();
    import(&desk.writer(), 0..1400);
    let checkpoint = fs::read(out.join("checkpoint")).expect("there");
    export(&desk, &out);
    fs::write(out.join("checkpoint"), &checkpoint).expect("written");
    assert_eq!(audit(&desk, &log).wrong, None, "tiles ahead of the checkpoint are no lie");
    export(&desk, &out);
    // A database from before, and another history.
    let refuse = |desk: &Desk| {
        let log = LogDb::open(&desk.home).expect("opens");
        let failure = LogFolder::new(&out).export(&log, &mut |_, _| {}).expect_err("refused");
        assert_eq!(failure.code, "log-ahead");
        failure.message
    };
    says(&refuse(&ahead), &["size 1400", "1100 entries"]);
    import(&ahead.writer(), 2000..2300);
    says(&refuse(&ahead), &["size 1400", "root"]);
}

// ---- over HTTP ----

struct Server {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn of(home: &Path) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (told, address) = std::sync::mpsc::channel();
        let home = home.to_owned();
        let thread = std::thread::spawn(move || {
            let stopped = async {
                let _ = stopped.await;
            };
            let tell = move |address| told.send(address).expect("somebody waits");
            server::serve_log(
                LogDb::open(&home).expect("a log"),
                "127.0.0.1:0".parse().expect("an address"),
                stopped,
                tell,
            )
            .expect("it serves");
        });
        let address = address.recv().expect("it listens");
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn get(&self, path: &str, tag: Option<&str>) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request = agent.get(format!("{}/{path}", self.url()));
        if let Some(tag) = tag {
            request = request.header("If-None-Match", tag);
        }
        let mut response = request.call().expect("it answers");
        let headers = response.headers().iter();
        let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().expect("text").to_owned())).collect();
        let body = response.body_mut().read_to_vec().expect("a body");
        (response.status().as_u16(), headers, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        assert!(
            std::thread::panicking() || ended.is_some_and(|ended| ended.is_ok()),
            "it ends without a panic"
        );
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_log_is_served_as_the_specification_says() {
    let desk = every_kind();
    let server = Server::of(&desk.home);
    assert_eq!(audit(desk, &HttpPlace::new(&server.url())).wrong, None);
    let (read, said) = read_with_python(desk, &server.url());
    assert!(read, "{said}");

    let (status, headers, checkpoint) = server.get("checkpoint", None);
    assert_eq!(status, 200);
    assert_eq!(header(&headers, "content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(header(&headers, "cache-control"), Some("no-cache"));
    let tag = header(&headers, "etag").expect("a tag").to_owned();
    let (status, headers, body) = server.get("checkpoint", Some(&tag));
    assert_eq!((status, body.len(), header(&headers, "etag")), (304, 0, Some(tag.as_str())));
    assert_eq!(server.get("checkpoint", Some("\"other\"")).0, 200);

    let (status, headers, full) = server.get("tile/0/001", None);
    assert_eq!((status, full.len()), (200, 8192));
    assert_eq!(header(&headers, "content-type"), Some("application/octet-stream"));
    assert!(header(&headers, "cache-control").expect("caching").contains("immutable"));
    // The partial tiles of earlier checkpoints are cut out of what is there now.
    assert_eq!(server.get("tile/0/001.p/9", None).2, full[..9 * 32]);
    let bundle = server.get("tile/entries/000.p/2", None).2;
    assert_eq!(bundle.len(), 2 * (2 + 86));
    assert_eq!(server.get("tile/0/002.p/196", None).0, 200);
    for missing in [
        "tile/0/002",
        "tile/0/002.p/197",
        "tile/0/003.p/1",
        "tile/0/1",
        "tile/1/000.p/3",
        "tile/2/000.p/1",
        "tile/entries/x000/001",
        "tile/0/../0/001",
        "",
        "saoy.db",
        "office.json",
        "tile/0/%2e%2e/saoy.db",
    ] {
        assert_eq!(server.get(missing, None).0, 404, "{missing}");
    }
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = agent.post(format!("{}/checkpoint", server.url())).send("x").expect("it answers");
    assert_eq!(post.status().as_u16(), 405);
    // The next entry is there at once.
    let desk = desk.copy();
    let server = Server::of(&desk.home);
    import(&desk.writer(), 9000..9001);
    assert_ne!(server.get("checkpoint", None).2, checkpoint);
    assert_eq!(server.get("tile/0/002.p/197", None).0, 200);
    assert_eq!(
        HttpPlace::new("http://127.0.0.1:1").read("checkpoint").expect_err("nobody").code,
        "unreachable"
    );
}

// ---- faults ----

/// Two faults of the store in a row: nothing is logged, nothing more is signed until the log could be loaded again, and then
/// it goes on as if nothing had been.
#[test]
fn after_faults_of_the_store_the_log_goes_on_whole() {
    let desk = Desk::new();
    let office = desk.writer();
    import(&office, 0..300);
    let root = office.registry.root();
    for table in ["checkpoints", "entries", "tiles", "requests"] {
        desk.sql_now(&format!(
            "CREATE TRIGGER fault BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
        ));
        for _ in 0..2 {
            let failure = office.import(records(1000..1300), &mut |_| {}).expect_err("refused");
            assert_eq!(failure.code, "storage", "{table}");
            assert!(office.registry.is_distrusted());
        }
        desk.sql_now("DROP TRIGGER fault");
        assert_eq!((office.registry.size(), office.registry.root()), (300, root), "{table}");
    }
    // Behind its back the last checkpoint is another: it says so and signs nothing.
    office.registry.distrust("a test");
    desk.sql("UPDATE checkpoints SET root = $1 WHERE size = 300", Some(vec![7; 32]));
    let failure = office.import(records(1000..1300), &mut |_| {}).expect_err("refused");
    assert_eq!(failure.code, "registry-broken");
    says(&failure.message, &[&Digest([7; 32]).to_string(), &root.to_string()]);
    assert!(office.registry.is_distrusted());
    desk.sql("UPDATE checkpoints SET root = $1 WHERE size = 300", Some(root.0.to_vec()));
    assert_eq!(import(&office, 1000..1300), (300, 0));
    drop(office);
    assert_eq!(desk.check().wrong, None);
}

#[test]
fn a_log_that_disagrees_with_its_checkpoint_is_not_opened() {
    let desk = every_kind().copy();
    let root = desk.reader().registry.root();
    desk.sql("UPDATE checkpoints SET root = $1 WHERE size = 708", Some(vec![7; 32]));
    let failure = desk.open(Mode::Read).err().expect("refused");
    assert_eq!(failure.code, "registry-broken");
    says(&failure.message, &[&Digest([7; 32]).to_string(), &root.to_string(), "size 708"]);
    let desk = every_kind().copy();
    desk.sql("UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0 AND idx = 0", None);
    assert_eq!(desk.open(Mode::Read).err().expect("refused").code, "registry-broken");
    assert_ne!(root, merkle::empty_root());
}

/// A place that changes a byte in every entry and hash of the files below a path.
struct Lying<'p>(&'p HttpPlace, &'static str);

impl Place for Lying<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let mut bytes = self.0.read(path)?;
        if let Some(bytes) = bytes.as_mut().filter(|_| path.starts_with(self.1)) {
            bytes.iter_mut().skip(20).step_by(32).for_each(|byte| *byte ^= 1);
        }
        Ok(bytes)
    }
}

#[test]
fn an_entry_is_looked_up_and_proven() {
    let desk = every_kind();
    let server = Server::of(&desk.home);
    let place = HttpPlace::new(&server.url());
    let trust = desk.reader().trust().expect("a trust list");
    let trust = trust.office("999.01").expect("the office").log_trust();
    let size = audit(desk, &place).size;
    for index in [0, 255, 256, 599, size - 1] {
        let found = check::entry(&place, &trust, index).expect("it answers").expect("it is there");
        assert_eq!((found.entry.index, found.size), (index, size));
        for path in ["checkpoint", "tile/entries/", "tile/0/"] {
            let told = check::entry(&Lying(&place, path), &trust, index).expect("it answers");
            assert!(told.is_err(), "entry {index} is believed with a lie in {path}");
        }
    }
    let beyond = check::entry(&place, &trust, size).expect("it answers").expect_err("there is none");
    says(&beyond, &[&size.to_string()]);
    let nobody = HttpPlace::new("http://127.0.0.1:1");
    assert_eq!(check::entry(&nobody, &trust, 0).expect_err("nobody answers").code, "unreachable");
}
