//! Trust lists: made of many offices, signed by a root, pinned, followed only by newer ones; and copies judged by them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::office_support::{Desk, NOW};
use crate::tools_support::text;
use crate::verify_support::in_vietnamese;
use ed25519_dalek::SigningKey;
use saoy::office::Office;
use saoy::registry::entry::KeyRole;
use saoy::registry::note::{Note, NoteSigner};
use saoy::store::Pins;
use saoy::verify::trust::{IndexRange, SignedList, TrustError, TrustList};
use saoy::verify::{self, FactId, Options, State, Verdict};
use time::macros::datetime;

const EXPIRES: time::OffsetDateTime = datetime!(2027-02-20 00:00 UTC);

fn root(seed: u8) -> NoteSigner {
    NoteSigner::new("trust.example", SigningKey::from_bytes(&[seed; 32])).unwrap()
}

fn trust(office: &Office) -> TrustList {
    office.trust().unwrap()
}

fn list(sequence: u64) -> TrustList {
    let desk = Desk::new();
    TrustList::merge(sequence, EXPIRES, [trust(&desk.reader())]).unwrap()
}

/// `list` again with one thing in its JSON changed.
fn changed(list: &TrustList, from: &str, to: &str) -> TrustList {
    let json = list.to_json();
    assert!(json.contains(from), "{json} does not hold {from}");
    TrustList::parse(json.replacen(from, to, 1).as_bytes()).unwrap()
}

#[test]
fn a_signed_list_reads_back_under_its_root_and_no_other() {
    let signed = SignedList::sign(list(3), &root(1)).unwrap();
    let bytes = signed.note().to_string().into_bytes();
    assert!(SignedList::is_signed(&bytes));
    assert!(!SignedList::is_signed(signed.list().to_json().as_bytes()));
    assert_eq!(SignedList::open(&bytes, root(1).verifier()).unwrap(), signed);
    // The same name and another key; another name and the same key.
    let renamed = NoteSigner::new("other.example", SigningKey::from_bytes(&[1; 32])).unwrap();
    for stranger in [root(2), renamed] {
        let refused = SignedList::open(&bytes, stranger.verifier());
        assert!(matches!(refused, Err(TrustError::Note(_))), "{refused:?}");
    }
}

#[test]
fn each_flipped_bit_of_a_signed_list_is_refused() {
    let bytes = SignedList::sign(list(3), &root(1)).unwrap().note().to_string().into_bytes();
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(SignedList::open(&flipped, root(1).verifier()).is_err(), "byte {at}");
    }
}

#[test]
fn a_note_of_the_root_that_is_no_list_is_none() {
    let checkpoint =
        Note::sign("trust.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", &[&root(1)]);
    let refused = SignedList::open(checkpoint.unwrap().to_string().as_bytes(), root(1).verifier());
    assert!(matches!(refused, Err(TrustError::Shape(_))), "{refused:?}");
}

#[test]
fn pinned_lists_go_forward_only() {
    let folder = tempfile::tempdir().unwrap();
    let pins = Pins::new(&folder.path().join("trust"));
    let root1 = root(1);
    let signed = |list: TrustList| SignedList::sign(list, &root1).unwrap().note().to_string().into_bytes();
    let third = list(3);
    let failed = |result: Result<SignedList, saoy::error::Failure>| result.expect_err("it is refused").code;

    assert_eq!(failed(pins.open(&signed(third.clone()))), "no-root");
    assert_eq!(failed(pins.pin(None, &signed(third.clone()))), "no-root");
    assert!(pins.list().unwrap().is_none());
    // A list that is not the told root's pins neither list nor root.
    assert_eq!(failed(pins.pin(Some(root(2).verifier()), &signed(third.clone()))), "trust-unsigned");
    assert!(pins.root().unwrap().is_none());

    pins.pin(Some(root1.verifier()), &signed(third.clone())).unwrap();
    pins.pin(None, &signed(third.clone())).unwrap();
    assert_eq!(failed(pins.pin(None, &signed(list(2)))), "trust-older");
    assert_eq!(failed(pins.open(&signed(list(2)))), "trust-older");
    assert_eq!(failed(pins.pin(None, &signed(changed(&third, "2027-02-20", "2028-02-20")))), "trust-forked");
    assert_eq!(failed(pins.pin(Some(root(2).verifier()), &signed(third.clone()))), "other-root");
    assert_eq!(pins.list().unwrap().unwrap().list(), &third);
    // Looking at a newer list does not pin it.
    pins.open(&signed(changed(&third, "\"sequence\": 3", "\"sequence\": 9"))).unwrap();
    assert_eq!(pins.list().unwrap().unwrap().list().sequence(), 3);
    pins.pin(None, &signed(changed(&third, "\"sequence\": 3", "\"sequence\": 4"))).unwrap();
    assert_eq!(failed(pins.pin(None, &signed(third))), "trust-older");

    let path = folder.path().join("trust/trust.note");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("\"sequence\": 4", "\"sequence\": 1"))
        .unwrap();
    assert_eq!(pins.list().expect_err("somebody changed it").code, "pins");
}

#[test]
fn a_rotated_key_is_taken_over_and_nothing_is_taken_back() {
    let desk = Desk::new();
    desk.one("before.png", 1);
    let before = trust(&desk.reader());
    desk.writer().rotate(KeyRole::Seal, None).unwrap();
    desk.writer().rotate(KeyRole::Log, None).unwrap();
    let after = trust(&desk.reader());
    let merged = TrustList::merge(7, EXPIRES, [before.clone(), after.clone()]).unwrap();
    assert_eq!(merged.offices(), after.offices());
    assert_eq!((merged.sequence(), merged.expires()), (7, EXPIRES));
    let office = &merged.offices()[0];
    assert_eq!((office.seal_keys.len(), office.log.keys.len()), (2, 2));

    let back = TrustList::merge(8, EXPIRES, [after, before]);
    assert!(
        matches!(&back, Err(TrustError::Office { problem, .. }) if problem.contains("takes back")),
        "{back:?}"
    );
    // Two offices that call themselves by one code.
    let clash = TrustList::merge(8, EXPIRES, [merged, trust(&Desk::impostor().reader())]);
    assert!(
        matches!(&clash, Err(TrustError::Office { problem, .. }) if problem.contains("different")),
        "{clash:?}"
    );
}

#[test]
fn a_copy_made_after_a_change_of_key_waits_for_a_newer_list() {
    let before = |desk: &Desk| (desk.one("before.png", 1).output, trust(&desk.reader()));
    let judged = |list: &TrustList, pdf: &[u8]| {
        let options = Options { now: NOW, status: None };
        verify::verify(pdf, list, &options).expect("it is a copy")
    };
    for roles in [&[KeyRole::Seal][..], &[KeyRole::Log], &[KeyRole::Seal, KeyRole::Log]] {
        let desk = Desk::new();
        let (old, list) = before(&desk);
        for role in roles {
            desk.writer().rotate(*role, None).unwrap();
        }
        let copy = fs::read(desk.one("after.png", 2).output).unwrap();
        let report = judged(&list, &copy);
        assert_eq!(
            (report.verdict, report.verdict.exit_code(true)),
            (Verdict::Indeterminate, 1),
            "{report:?}"
        );
        assert_eq!(report.failures().count(), 0);
        assert!(
            report.summary.en.contains("a key that this trust list does not have"),
            "{:?}",
            report.summary
        );
        assert!(report.advice.en.contains("newer trust list"), "{:?}", report.advice);
        let open = |id| report.fact(id).is_some_and(|fact| fact.state == State::NotChecked);
        assert_eq!(open(FactId::Seal), roles.contains(&KeyRole::Seal));
        assert_eq!(open(FactId::Checkpoint), roles.contains(&KeyRole::Log));
        assert!(open(FactId::Issuer), "it is not said that the keys are all of the office");
        for text in
            [&report.summary, &report.advice].into_iter().chain(report.facts.iter().map(|f| &f.evidence))
        {
            in_vietnamese(&text.vi);
        }
        let newer = trust(&desk.reader());
        for file in [fs::read(old).unwrap(), copy.clone()] {
            assert_eq!(judged(&newer, &file).verdict, Verdict::AuthenticStatusUnknown);
        }
        // Whatever else is wrong is wrong: a byte, another office of this name and code, a key that the list gives to other entries.
        let mut changed = copy.clone();
        changed[copy.len() / 2] ^= 1;
        assert_eq!(judged(&list, &changed).verdict, Verdict::Invalid);
        let mut offices = newer.offices().to_vec();
        let later = IndexRange { from: 100, until: None };
        offices[0].seal_keys.iter_mut().for_each(|key| key.valid = later);
        offices[0].log.keys.iter_mut().for_each(|key| key.valid = later);
        let ended = TrustList::new(9, EXPIRES, offices).unwrap();
        assert_eq!(judged(&ended, &copy).verdict, Verdict::Invalid);
    }
    let impostor = fs::read(Desk::impostor().one("other.png", 3).output).unwrap();
    assert_eq!(judged(&before(&Desk::new()).1, &impostor).verdict, Verdict::Invalid);
}

/// `saoy` with trust pinned in a folder of its own.
struct Person {
    folder: tempfile::TempDir,
}

impl Person {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn saoy(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_saoy"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("SAOY_HOME")
            .env_remove("SAOY_PASSPHRASE_FILE")
            .env("SAOY_TRUST", self.path("pins"))
            .output()
            .unwrap()
    }

    /// Runs it and gives what it printed; it must end with this code.
    #[track_caller]
    fn run(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.saoy(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        text(&output)
    }
}

impl Person {
    /// Signs a list with the root's key in `root.key`.
    #[track_caller]
    fn sign(&self, code: i32, out: &str, list: &str) -> String {
        let key = ["--key", "root.key", "--name", "trust.example"];
        self.run(code, &[&["trust", "sign"], &key[..], &["--out", out, list]].concat())
    }
}

fn init(person: &Person, name: &str, code: &str) {
    person.run(
        0,
        &[
            "init",
            "--home",
            name,
            "--name",
            "Ủy ban nhân dân phường Bến Mẫu",
            "--code",
            code,
            "--officer",
            "Trần Thị Thử",
            "--title",
            "Phó Chủ tịch",
        ],
    );
}

#[test]
fn from_two_offices_to_a_pinned_list_and_a_verdict() {
    let person = Person::new();
    init(&person, "one", "999.01");
    init(&person, "two", "999.02");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/khai-sinh-01-ban-chinh.jpg");
    let certified = person
        .run(0, &["certify", "--home", "one", "--compared", "--out", "copies", &sample.to_string_lossy()]);
    let copy = fs::read_dir(person.path("copies")).unwrap().next().expect(&certified).unwrap().path();
    let copy = copy.to_string_lossy().into_owned();

    let key = person.run(0, &["trust", "key", "--name", "trust.example", "--out", "root.key"]);
    let vkey = key.lines().next().unwrap().to_owned();
    assert!(
        person
            .run(2, &["trust", "key", "--name", "trust.example", "--out", "root.key"])
            .contains("exists already")
    );

    let made = person.run(0, &["trust", "make", "--out", "list.json", "one", "two/trust.json"]);
    assert!(made.contains("trust list 1: 2 offices"), "{made}");
    person.sign(0, "list-1.note", "list.json");
    // The next edition; signing it as the first one again would make two lists with one sequence.
    let merged = person.run(0, &["trust", "merge", "--out", "list.json", "--days", "30", "one"]);
    assert!(merged.contains("trust list 2: 2 offices"), "{merged}");
    person.sign(0, "list-2.note", "list.json");
    assert!(
        person
            .run(2, &["trust", "make", "--out", "list.json", "--sequence", "2", "one"])
            .contains("trust-older")
    );
    assert!(person.sign(2, "x", "list-2.note").contains("signed already"));

    assert!(person.run(2, &["verify", &copy]).contains("no-trust"));
    assert!(person.run(2, &["verify", "--trust", "list-2.note", &copy]).contains("no-root"));
    let pinned = person.run(0, &["trust", "pin", "--root", &vkey, "list-2.note"]);
    assert!(pinned.contains("trust list 2"), "{pinned}");
    let report = person.run(3, &["verify", "--json", &copy]);
    assert!(report.contains("authentic-status-unknown"), "{report}");
    person.run(3, &["verify", "--trust", "list-2.note", &copy]);
    assert!(person.run(2, &["verify", "--trust", "list-1.note", &copy]).contains("trust-older"));
    assert!(person.run(2, &["trust", "pin", "list-1.note"]).contains("trust-older"));

    let shown = person.run(0, &["trust", "show"]);
    for part in ["trust list 2", &vkey, "999.01", "999.02", "signature: pinned"] {
        assert!(shown.contains(part), "{shown} does not say {part}");
    }
    let shown: serde_json::Value =
        serde_json::from_str(&person.run(0, &["trust", "show", "--json", "list-1.note"])).unwrap();
    assert_eq!((&shown["sequence"], &shown["signature"]["state"]), (&1.into(), &"good".into()));
}

#[test]
fn an_expired_list_is_not_pinned() {
    let person = Person::new();
    let signed = |expires| {
        let list = TrustList::merge(3, expires, [trust(&Desk::new().reader())]).unwrap();
        SignedList::sign(list, &root(1)).unwrap().note().to_string()
    };
    fs::write(person.path("old"), signed(datetime!(2020-01-01 00:00 UTC))).unwrap();
    fs::write(person.path("new"), signed(datetime!(2099-01-01 00:00 UTC))).unwrap();
    let key = root(1).verifier().to_string();
    let refused = person.saoy(&["trust", "pin", "--root", &key, "old"]);
    assert!(!refused.status.success() && text(&refused).contains("trust-expired"), "{}", text(&refused));
    assert!(Pins::new(&person.path("pins")).root().unwrap().is_none(), "nothing of it is kept");
    person.run(0, &["trust", "pin", "--root", &key, "new"]);
    let refused = person.saoy(&["trust", "pin", "old"]);
    assert!(!refused.status.success() && text(&refused).contains("trust-expired"), "{}", text(&refused));
}
