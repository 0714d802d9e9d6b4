//! Witnesses from outside: what they cosign, what they never do, and an office that asks them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use crate::office_support;
use ed25519_dalek::SigningKey;
use office_support::{Desk, NOW};
use saoy::ambient::FixedClock;
use saoy::error::Failure;
use saoy::office::Office;
use saoy::record::Digest;
use saoy::registry::check::LogTrust;
use saoy::registry::check::Place as _;
use saoy::registry::cosignature::Cosigner;
use saoy::registry::note::NoteSigner;
use saoy::registry::policy::Policy;
use saoy::registry::proof::Proof;
use saoy::registry::tiles::{self, Content, Tile};
use saoy::registry::witness::{AddCheckpoint, Refusal};
use saoy::registry::{Checkpoint, Note, Receipt, merkle};
use saoy::remote::{HttpPlace, WitnessAnswer, WitnessClient};
use saoy::server::{self, Declined, Witness};
use saoy::store::{CheckpointLog, LogDb, LogFolder};
use saoy::verify::{self, FactId, National, Options, State, Verdict, Witnesses};

fn cosigner(name: &str) -> Cosigner {
    Cosigner::new(name, SigningKey::from_bytes(&Digest::of(name.as_bytes()).0)).expect("a name")
}

fn trust_of(desk: &Desk) -> Vec<LogTrust> {
    desk.reader().trust().expect("a list").offices().iter().map(|office| office.log_trust()).collect()
}

fn witness(folder: &Path, name: &str, logs: Vec<LogTrust>) -> Result<Witness, Failure> {
    Witness::open(folder, cosigner(name), logs, Box::new(FixedClock(NOW)))
}

/// A witness that listens until it is dropped.
struct Server {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn of(witness: Witness) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (told, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let stopped = async {
                let _ = stopped.await;
            };
            let tell = move |address| told.send(address).expect("somebody waits");
            let any = "127.0.0.1:0".parse().expect("an address");
            server::serve_witness(witness, any, stopped, tell).expect("it serves");
        });
        Self { address: address.recv().expect("it listens"), stop: Some(stop), thread: Some(thread) }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
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

fn import(office: &Office, range: std::ops::Range<u64>) {
    let records = range.map(|i| Ok(Digest::of(&i.to_be_bytes())));
    office.import(records, &mut |_| {}).expect("they are logged");
}

fn request(office: &Office, old: u64) -> AddCheckpoint {
    let checkpoint = office.store.log().last_checkpoint().expect("read").expect("there");
    AddCheckpoint {
        old,
        proof: office.consistency(old, checkpoint.size).expect("in order"),
        checkpoint: Note::parse(checkpoint.note.as_bytes()).expect("a note"),
    }
}

fn write_policy(desk: &Desk, witnesses: &[(&str, String)], quorum: &str) {
    let mut text = "# saoy-wait-ms 1500\n".to_owned();
    for (name, url) in witnesses {
        text.push_str(&format!("witness {name} {} {url}\n", cosigner(name).verifier()));
    }
    let names: Vec<&str> = witnesses.iter().map(|(name, _)| *name).collect();
    text.push_str(&format!("group all-of-them {quorum} {}\nquorum all-of-them\n", names.join(" ")));
    fs::write(desk.home.join("witnesses"), text).expect("written");
}

#[test]
fn an_office_is_witnessed_and_staples_what_comes_later() {
    let desk = Desk::new();
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let one = Server::of(witness(folders[0].path(), "w1.example", trust_of(&desk)).expect("opens"));
    write_policy(&desk, &[("w1.example", one.url()), ("w2.example", "http://127.0.0.1:1".into())], "all");
    let office = desk.writer();
    assert_eq!(office.ask_witnesses(), Ok(None), "no entry yet");
    import(&office, 0..300);
    let cosigned = office.ask_witnesses().expect("asked").expect("a policy");
    assert_eq!((cosigned.size, cosigned.quorum, cosigned.by), (300, false, vec!["w1.example".to_owned()]));
    assert_eq!(cosigned.missing.len(), 1);
    assert_eq!(office.witnessed_receipt(5).expect_err("not yet").code, "not-witnessed");
    // The receipt that goes out has what there is.
    let receipt = office.receipt(5).expect("proven");
    assert_eq!(cosigner("w1.example").verifier().verify(&receipt.checkpoint), Ok(Some(1_795_316_645)));
    let known = [office.registry.verifier().clone()];
    assert!(receipt.verify(&office.config.log_origin, &known).is_ok());
    // Issuing goes on; later the other one is there.
    import(&office, 300..400);
    let two = Server::of(witness(folders[1].path(), "w2.example", trust_of(&desk)).expect("opens"));
    write_policy(&desk, &[("w1.example", one.url()), ("w2.example", two.url())], "all");
    let cosigned = office.ask_witnesses().expect("asked").expect("a policy");
    assert_eq!((cosigned.size, cosigned.quorum, cosigned.missing.len()), (400, true, 0));
    let stapled = office.witnessed_receipt(5).expect("witnessed");
    let checkpoint = stapled.verify(&office.config.log_origin, &known).expect("it holds");
    assert_eq!((checkpoint.size, stapled.entry.index), (400, 5));
    let policy = Policy::parse(&fs::read(desk.home.join("witnesses")).expect("there")).expect("a policy");
    assert!(policy.witnessed(&stapled.checkpoint).quorum);
    // What the office forgot of its witnesses, they tell it.
    drop(office);
    desk.sql("DELETE FROM cosignatures", None);
    let office = desk.writer();
    import(&office, 400..500);
    assert!(office.ask_witnesses().expect("asked").expect("a policy").quorum);
    // And the same checkpoint again.
    assert!(office.ask_witnesses().expect("asked").expect("a policy").quorum);
    drop(office);
    assert_eq!(desk.check().wrong, None);
    // A copy carries them; nothing of it fails.
    let copy = desk.one("a.png", 1).output;
    assert_eq!(desk.verify(&copy).verdict, saoy::verify::Verdict::Valid);
    let receipt = desk.reader().receipt(500).expect("proven");
    assert_eq!(receipt.checkpoint.signatures().len(), 3, "the log and two witnesses");
    // One that left while a witness was away is not proven to be witnessed, until the receipt is stapled.
    drop(two);
    let late = desk.one("b.png", 2).output;
    let trust = desk.reader().trust().expect("a list");
    let said = |copy: &Path, stapled: &[Receipt]| {
        let status = desk.reader();
        let options = Options { now: NOW, status: Some(&status) };
        let witnesses = Some(Witnesses { policy: &policy, stapled });
        let bytes = fs::read(copy).expect("there");
        let report = verify::verify_witnessed(&bytes, &trust, &options, witnesses, None).expect("a copy");
        let fact = report.fact(FactId::Witnessed).expect("a fact");
        // Nobody but witnesses bears out when a copy was issued.
        let time = report.fact(FactId::Time).expect("a fact");
        let borne_out = time.evidence.en.contains("witnesses had seen the entry");
        assert_eq!(borne_out, fact.state == State::Passed, "{time:?}");
        assert_eq!(time.state == State::NotChecked, !borne_out, "{time:?}");
        (report.verdict, fact.state, fact.evidence.en.clone())
    };
    let (verdict, state, _) = said(&copy, &[]);
    assert_eq!((verdict, state), (Verdict::Valid, State::Passed));
    let (verdict, state, text) = said(&late, &[]);
    assert_eq!((verdict, state), (Verdict::Indeterminate, State::NotChecked));
    assert!(text.contains("not proven: 1 cosignatures"), "{text}");
    assert!(!text.contains("other entries"), "{text}");
    let two = Server::of(witness(folders[1].path(), "w2.example", trust_of(&desk)).expect("opens"));
    write_policy(&desk, &[("w1.example", one.url()), ("w2.example", two.url())], "all");
    assert!(desk.writer().ask_witnesses().expect("asked").expect("a policy").quorum);
    let stapled = desk.reader().witnessed_receipt(501).expect("witnessed");
    assert_eq!(said(&late, std::slice::from_ref(&stapled)).1, State::Passed);
    // The log is published with what the witnesses signed.
    let out = tempfile::tempdir().expect("a folder");
    let log = LogDb::open(&desk.home).expect("a reader opens");
    LogFolder::new(out.path()).export(&log, &mut |_, _| {}).expect("exported");
    let published = Note::parse(&fs::read(out.path().join("checkpoint")).expect("there")).expect("a note");
    assert_eq!(published.signatures().len(), 3, "the log and two witnesses");
    assert!(policy.witnessed(&published).quorum);
    // Another entry's receipt staples nothing.
    let other = desk.reader().witnessed_receipt(499).expect("witnessed");
    let (_, state, text) = said(&late, &[other]);
    assert_eq!(state, State::NotChecked);
    assert!(text.contains("the receipts that were given are of other entries"), "{text}");
}

#[test]
fn an_office_whose_witnesses_know_more_signs_nothing() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::of(witness(folder.path(), "w1.example", trust_of(&desk)).expect("opens"));
    write_policy(&desk, &[("w1.example", server.url())], "any");
    let office = desk.writer();
    import(&office, 0..10);
    assert!(office.ask_witnesses().expect("asked").expect("a policy").quorum);
    drop(office);
    let yesterday = desk.copy();
    let office = desk.writer();
    import(&office, 10..20);
    assert!(office.ask_witnesses().expect("asked").expect("a policy").quorum);
    drop(office);

    // Database and anchor are both from yesterday: only the witness knows, and is asked before anything is signed.
    let signs_nothing = |office: &Office, code: &str| {
        let record = Digest::of(b"another");
        for _ in 0..2 {
            let failure = office.import([Ok(record)], &mut |_| {}).expect_err("refused");
            assert_eq!(failure.code, code, "{failure}");
            assert_eq!(office.store.log().last_checkpoint().expect("read").expect("there").size, 10);
        }
    };
    let office = yesterday.writer();
    signs_nothing(&office, "witness-ahead");
    let failure = office.ask_witnesses().expect_err("refused");
    assert_eq!(failure.code, "witness-ahead");
    assert!(failure.message.contains("size 20") && failure.message.contains("10 entries"), "{failure}");
    assert!(office.registry.is_distrusted());
    drop(office);
    // Without an answer nobody knows, since the database is not the file that the anchor remembers; once one answered, it is.
    let restored = yesterday.copy();
    let policy = fs::read(desk.home.join("witnesses")).expect("there");
    write_policy(&restored, &[("w1.example", "http://127.0.0.1:1".into())], "any");
    signs_nothing(&restored.writer(), "witness-unreachable");
    signs_nothing(&restored.writer(), "witness-unreachable");
    let brought = desk.copy();
    import(&brought.writer(), 20..21);
    write_policy(&brought, &[("w1.example", "http://127.0.0.1:1".into())], "any");
    import(&brought.writer(), 21..22);
    // The anchor was lost too: recovering asks the witnesses first.
    fs::remove_file(yesterday.home.join("anchor.json")).expect("there");
    let failure = Office::recover(&yesterday.home, yesterday.ambient()).err().expect("refused");
    assert_eq!(failure.code, "witness-ahead");
    assert!(!yesterday.home.join("anchor.json").exists());
    // The newest database may be recovered; without an answer nobody knows.
    fs::remove_file(desk.home.join("anchor.json")).expect("there");
    write_policy(&desk, &[("w1.example", "http://127.0.0.1:1".into())], "any");
    let failure = Office::recover(&desk.home, desk.ambient()).err().expect("refused");
    assert_eq!(failure.code, "witness-unreachable");
    fs::write(desk.home.join("witnesses"), policy).expect("written");
    assert_eq!(Office::recover(&desk.home, desk.ambient()).expect("recovers").registry.size(), 20);

    // Another history of the same length or longer is not cosigned.
    let other = yesterday.copy();
    fs::remove_file(other.home.join("witnesses")).expect("there");
    let office = Office::recover(&other.home, other.ambient()).expect("nobody to ask");
    import(&office, 100..130);
    write_policy(&other, &[("w1.example", server.url())], "any");
    let cosigned = office.ask_witnesses().expect("asked").expect("a policy");
    assert!(!cosigned.quorum && cosigned.missing[0].contains("422"), "{cosigned:?}");
}

#[test]
fn a_witness_answers_as_the_specification_says() {
    let desk = Desk::new();
    let office = desk.writer();
    import(&office, 0..5);
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::of(witness(folder.path(), "w1.example", trust_of(&desk)).expect("opens"));
    let client = WitnessClient::new(&server.url(), std::time::Duration::from_secs(10));
    assert_eq!(client.last(&office.config.log_origin), Ok(None));
    let first = request(&office, 0);
    let Ok(WitnessAnswer::Cosigned(lines)) = client.add_checkpoint(&first) else { panic!("cosigned") };
    assert!(cosigner("w1.example").verifier().verify_line(first.checkpoint.text(), &lines[0]).is_ok());
    assert_eq!(client.add_checkpoint(&first), Ok(WitnessAnswer::Has(5)));
    let last = client.last(&office.config.log_origin).expect("asked").expect("there");
    let last = Note::parse(&last).expect("a note");
    assert_eq!((last.text(), last.signatures().len()), (first.checkpoint.text(), 2));

    import(&office, 5..9);
    let raw = |body: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.post(format!("{}/add-checkpoint", server.url())).send(body).expect("answers");
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
        (answer.status().as_u16(), kind, answer.body_mut().read_to_string().expect("text"))
    };
    let conflict = raw(&request(&office, 3).to_string());
    assert_eq!(conflict, (409, Some("text/x.tlog.size".into()), "5\n".into()));
    assert_eq!(raw("old 5\n").0, 400);
    let mut cut = request(&office, 5);
    cut.proof.pop();
    assert_eq!(raw(&cut.to_string()).0, 422);
    let unknown = Checkpoint::new("example.com/other", 1, Digest::of(b"x"));
    let key = saoy::registry::note::NoteSigner::new("example.com/other", SigningKey::from_bytes(&[1; 32]));
    let unknown = unknown.sign(&key.expect("a name")).expect("signed");
    assert_eq!(raw(&AddCheckpoint { old: 0, proof: vec![], checkpoint: unknown }.to_string()).0, 404);
    let forged = request(&office, 5).to_string().replacen("\n9\n", "\n8\n", 1);
    assert_eq!(raw(&forged).0, 403);
    assert_eq!(raw(&"x".repeat(65 << 10)).0, 413);
    assert_eq!(raw(&request(&office, 5).to_string()).0, 200);
}

#[test]
fn a_witness_never_forgets_and_never_cosigns_two_histories() {
    let desk = Desk::new();
    import(&desk.writer(), 0..5);
    let folder = tempfile::tempdir().expect("a folder");
    let open = || witness(folder.path(), "w1.example", trust_of(&desk));
    let one = open().expect("opens");
    assert_eq!(open().err().expect("one process").code, "witness-locked");
    // Two histories at once, many times: one of them is cosigned.
    let fork = desk.copy();
    import(&desk.writer(), 5..9);
    import(&fork.writer(), 50..54);
    let bodies = [&desk, &fork].map(|d| request(&d.reader(), 0).to_string());
    let cosigned: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|i| {
                let (one, body) = (&one, &bodies[i % 2]);
                scope.spawn(move || one.add_checkpoint(body.as_bytes()).is_ok())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(cosigned.iter().filter(|done| **done).count(), 1);
    drop(one);
    // The one that was, is, after a restart too.
    let again = open().expect("opens");
    for body in &bodies {
        let refused = again.add_checkpoint(body.as_bytes()).expect_err("it has size 9");
        assert!(matches!(refused, Declined::Refused(Refusal::Conflict(9))), "{refused:?}");
    }
    drop(again);
    // State that cannot be kept is not answered with a cosignature.
    let state = fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("an entry").path());
    let state = state.filter(|path| path.extension().is_some_and(|e| e == "checkpoint")).collect::<Vec<_>>();
    assert_eq!(state.len(), 1);
    let whole = fs::read(&state[0]).expect("there");
    for at in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&state[0], changed).expect("written");
        // A changed byte in the log's own signature is noticed when the next checkpoint comes; all others at once.
        let note = Note::parse(&fs::read(&state[0]).expect("there"));
        let kept =
            note.is_ok_and(|note| cosigner("w1.example").verifier().verify(&note).is_ok_and(|t| t.is_some()));
        assert_eq!(open().is_ok(), kept, "byte {at}");
    }
    fs::write(&state[0], b"").expect("written");
    assert_eq!(open().err().expect("damaged").code, "witness-damaged");
    fs::write(&state[0], &whole).expect("written");
    let part =
        folder.path().join(format!("{}.part", state[0].file_name().expect("a name").to_string_lossy()));
    let once_more = open().expect("opens");
    fs::create_dir(&part).expect("it is in the way");
    import(&desk.writer(), 9..12);
    let next = request(&desk.reader(), 9).to_string();
    let answer = once_more.add_checkpoint(next.as_bytes());
    // Which of the two histories won decides whether this one follows it.
    let Err(refused) = answer else { panic!("nothing was kept") };
    assert!(
        matches!(refused, Declined::Failed(_) | Declined::Refused(Refusal::Inconsistent(_))),
        "{refused:?}"
    );
}

/// From the copy to the national log: the receipt leads to the office's checkpoint, the proof from there to the nation's.
#[test]
fn a_copy_chains_to_the_national_log() {
    let desks = [Desk::new(), Desk::new()];
    let folder = tempfile::tempdir().expect("a folder");
    let key =
        || NoteSigner::new("log.example.vn/national", SigningKey::from_bytes(&[77; 32])).expect("a name");
    let open = || {
        let log = CheckpointLog::open(&folder.path().join("log"), key())?;
        Ok::<_, Failure>(witness(folder.path(), "w1.example", trust_of(&desks[0]))?.with_log(log))
    };
    let server = Server::of(open().expect("opens"));
    write_policy(&desks[0], &[("w1.example", server.url())], "any");
    for upto in 1..=270 {
        let office = desks[0].writer();
        import(&office, 0..upto);
        assert!(office.ask_witnesses().expect("asked").expect("a policy").quorum);
        // The same checkpoint again is logged once.
        if upto % 90 == 0 {
            assert!(office.ask_witnesses().expect("asked").expect("a policy").quorum);
        }
    }
    let receipt = desks[0].reader().witnessed_receipt(100).expect("witnessed");
    let client = WitnessClient::new(&server.url(), std::time::Duration::from_secs(10));
    let proof = client.logged(&receipt.checkpoint).expect("asked").expect("logged");
    let proof = Proof::parse(&proof).expect("a proof");
    let known = [key().verifier().clone()];
    let chain = |receipt: &Receipt, proof: &Proof| {
        let office = desks[0].reader();
        let own = [office.registry.verifier().clone()];
        receipt.verify(&office.config.log_origin, &own)?;
        proof.verify_checkpoint(&receipt.checkpoint, "log.example.vn/national", &known)
    };
    assert_eq!(chain(&receipt, &proof).map(|checkpoint| checkpoint.size), Ok(270));
    assert_eq!(proof.index, 100);
    assert_eq!(Proof::parse(proof.to_string().as_bytes()), Ok(proof.clone()));
    // Another checkpoint's proof is no proof of this one.
    let other = desks[0].reader().witnessed_receipt(101).expect("witnessed");
    assert!(chain(&other, &proof).is_err());
    assert_eq!(client.logged(&Note::parse(FOREIGN.as_bytes()).expect("a note")), Ok(None));

    // It is a log as any other: the files are those of tlog-tiles.
    let place = HttpPlace::new(&server.url());
    let checkpoint = Note::parse(&place.read("checkpoint").expect("read").expect("there")).expect("a note");
    let checkpoint = Checkpoint::open(&checkpoint, "log.example.vn/national", &known).expect("signed");
    let mut leaves = Vec::new();
    for tile in Tile::all(checkpoint.size).take_while(|tile| tile.content == Content::Entries) {
        let bytes = place.read(&tile.to_string()).expect("read").expect("there");
        let entries = tiles::bundle_from_bytes(&bytes, tile.width).expect("a bundle");
        leaves.extend(entries.iter().map(|entry| merkle::leaf_hash(entry)));
    }
    assert_eq!((leaves.len(), merkle::root(&leaves)), (270, checkpoint.root));
    assert_eq!(place.read("national.key"), Ok(None));

    // After a crash it goes on; what lies ahead of the checkpoint is written again.
    drop(server);
    let log = folder.path().join("log");
    fs::write(log.join("tile/entries/001.p/15"), b"half").expect("written");
    let server = Server::of(open().expect("opens"));
    write_policy(&desks[0], &[("w1.example", server.url())], "any");
    let office = desks[0].writer();
    import(&office, 270..271);
    assert!(office.ask_witnesses().expect("asked").expect("a policy").quorum);
    drop(server);
    let whole = fs::read(log.join("tile/entries/000")).expect("there");
    let mut changed = whole.clone();
    changed[100] ^= 1;
    fs::write(log.join("tile/entries/000"), changed).expect("written");
    let failure = open().err().expect("refused");
    assert_eq!(failure.code, "registry-broken");
    assert!(failure.message.contains("size 271"), "{failure}");
    fs::write(log.join("tile/entries/000"), whole).expect("written");

    // In the report of a real copy it is a fact of its own.
    drop(office);
    let server = Server::of(open().expect("opens"));
    write_policy(&desks[0], &[("w1.example", server.url())], "any");
    let desk = &desks[0];
    let copy = desk.one("a.png", 1).output;
    let reader = desk.reader();
    let client = WitnessClient::new(&server.url(), std::time::Duration::from_secs(10));
    let index = reader.registry.size() - 1;
    let receipt = reader.witnessed_receipt(index).expect("witnessed");
    let proof = client.logged(&receipt.checkpoint).expect("asked").expect("logged");
    let proof = Proof::parse(&proof).expect("a proof");
    let said = |policy: &str, proofs: Vec<Proof>| {
        let policy = Policy::parse(policy.as_bytes()).expect("a policy");
        let national = National { policy: &policy, stapled: &[], proofs: &proofs };
        let options = Options { now: NOW, status: Some(&reader) };
        let trust = reader.trust().expect("a list");
        let bytes = fs::read(&copy).expect("there");
        let report =
            verify::verify_witnessed(&bytes, &trust, &options, None, Some(national)).expect("a copy");
        let fact = report.fact(FactId::National).expect("a fact");
        (report.verdict, fact.state, fact.evidence.en.clone())
    };
    let named = format!("log {}\nquorum none\n", key().verifier());
    let (verdict, state, text) = said(&named, vec![other_proof(&client, desk), proof.clone()]);
    assert_eq!((verdict, state), (Verdict::Valid, State::Passed), "{text}");
    assert!(text.contains("log.example.vn/national"), "{text}");
    let mut wrong = proof.clone();
    wrong.hashes[0].0[0] ^= 1;
    let stranger =
        NoteSigner::new("log.example.vn/national", SigningKey::from_bytes(&[78; 32])).expect("a name");
    let unknown = format!("log {}\nquorum none\n", stranger.verifier());
    let witnessed = format!("{named}witness w {}\n", cosigner("w9.example").verifier());
    let witnessed = format!("{}quorum w\n", witnessed.replace("quorum none\n", ""));
    for (policy, proofs, why) in [
        (&named, vec![], "no proof"),
        (&named, vec![wrong], "no proof"),
        (&named, vec![other_proof(&client, desk)], "no proof"),
        (&unknown, vec![proof.clone()], "no proof"),
        (&witnessed, vec![proof.clone()], "only 0 cosignatures"),
    ] {
        let (verdict, state, text) = said(policy, proofs);
        assert_eq!((verdict, state), (Verdict::Indeterminate, State::NotChecked), "{text}");
        assert!(text.contains(why), "{text}");
    }

    // And on the command line, with the proof as a file or from the log itself.
    drop(reader);
    let file = |name: &str, text: &str| {
        let path = desk.folder.path().join(name);
        fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    };
    let (named, unknown) = (file("named", &named), file("unknown", &unknown));
    let proof = file("national.tlog-proof", &proof.to_string());
    let trust = desk.home.join("trust.json").to_string_lossy().into_owned();
    let ends = |national: &str, policy: &str| {
        let arguments = [
            "verify",
            "--allow-status-unknown",
            "--trust",
            &trust,
            "--national",
            national,
            "--national-policy",
            policy,
        ];
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_saoy")).args(arguments).arg(&copy).output();
        output.expect("it runs").status.code()
    };
    assert_eq!(ends(&proof, &named), Some(0));
    assert_eq!(ends(&server.url(), &named), Some(0));
    assert_eq!(ends(&proof, &unknown), Some(1));
    assert_eq!(ends("http://127.0.0.1:1", &named), Some(1));
}

/// The proof of the national log for an earlier checkpoint.
fn other_proof(client: &WitnessClient, desk: &Desk) -> Proof {
    let earlier = desk.reader().witnessed_receipt(101).expect("witnessed");
    Proof::parse(&client.logged(&earlier.checkpoint).expect("asked").expect("logged")).expect("a proof")
}

const FOREIGN: &str =
    "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} example.com/log AAAAAAA=\n";
