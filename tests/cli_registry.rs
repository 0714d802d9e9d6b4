//! `saoy registry` and `saoy witness` as a person or a script uses them: what they print and how they end.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::tools_support;
use saoy::record::Digest;
use saoy::registry::witness::AddCheckpoint;

const SAOY: &str = env!("CARGO_BIN_EXE_saoy");

fn saoy<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    Command::new(SAOY).args(arguments).env_remove("SAOY_HOME").output().expect("saoy runs")
}

/// `saoy registry COMMAND --home HOME …`: its exit code and what it printed.
fn registry(home: &Path, command: &str, more: &[&str]) -> (i32, String) {
    let home = home.to_string_lossy();
    let arguments = ["registry", command, "--home", &home].into_iter().chain(more.iter().copied());
    let output = saoy(arguments);
    (output.status.code().expect("no signal"), tools_support::text(&output))
}

#[track_caller]
fn says((code, text): &(i32, String), expected: i32, parts: &[&str]) {
    assert_eq!(*code, expected, "{text}");
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

/// A server that is ended with its test; its address.
struct Server(Child, String);

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(SAOY)
            .args(arguments)
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("saoy runs");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let line = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        Self(child, line.expect("it listens"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn init(folder: &Path) -> std::path::PathBuf {
    let home = folder.join("office");
    let home_text = home.to_string_lossy();
    let output =
        saoy(["init", "--home", &home_text, "--name", "Ủy ban nhân dân phường Bến Mẫu", "--code", "999.01"]);
    assert!(output.status.success(), "{}", tools_support::text(&output));
    home
}

fn records(folder: &Path, range: std::ops::Range<u64>) -> String {
    let path = folder.join(format!("records-{}.txt", range.start));
    let lines: String = range.map(|i| format!("{}\n", Digest::of(&i.to_be_bytes()))).collect();
    fs::write(&path, lines).expect("written");
    path.to_string_lossy().into_owned()
}

#[test]
fn a_log_from_import_to_the_auditor() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = init(folder.path());
    let list = records(folder.path(), 0..300);
    let out = folder.path().join("log");
    let out_text = out.to_string_lossy().into_owned();
    says(&registry(&home, "export", &["--out", &out_text]), 2, &["log-empty"]);
    says(&registry(&home, "import", &[&list]), 0, &["300 logged, 0 known", "300 entries"]);
    says(&registry(&home, "import", &["--json", &list]), 0, &[r#"{"logged":0,"known":300,"size":300}"#]);
    fs::write(folder.path().join("bad.txt"), "0123\n").expect("written");
    says(
        &registry(&home, "import", &[&folder.path().join("bad.txt").to_string_lossy()]),
        2,
        &["bad-line", "line 1"],
    );
    says(&registry(&home, "revoke", &["7", "--cause", "annulled"]), 2, &["which-number", "entry:7"]);
    says(
        &registry(&home, "revoke", &["entry:7", "--cause", "annulled"]),
        0,
        &["entry 7 is revoked: annulled, says entry 300"],
    );
    says(
        &registry(&home, "revoke", &["entry:7", "--cause", "annulled"]),
        2,
        &["conflict", "revoked already, by entry 300"],
    );
    says(&registry(&home, "revoke", &["entry:8", "--cause", "no-reason"]), 2, &["possible values"]);
    says(
        &registry(&home, "supersede", &["entry:8", "--by", "entry:9"]),
        0,
        &["entry 8 is superseded by entry 9, says entry 301"],
    );
    says(
        &registry(&home, "correct", &["entry:10", "--by", "entry:11", "--json"]),
        0,
        &[r#"{"index":10,"state":"corrected","by":302,"replacement":11}"#],
    );
    says(&registry(&home, "status", &["entry:8"]), 0, &["entry 8: superseded by entry 301, see entry 9"]);
    says(&registry(&home, "status", &["entry:9", "--json"]), 0, &[r#""state":"in force""#]);
    says(&registry(&home, "status", &["entry:300"]), 2, &["not-issued"]);
    says(
        &registry(&home, "status", &[]),
        0,
        &["entry 7: revoked", "entry 8: superseded", "entry 10: corrected"],
    );
    says(&registry(&home, "status", &["--publish", "24"]), 0, &["303 entries, 3 not in force"]);
    says(
        &registry(&home, "keys", &["--rotate", "log"]),
        0,
        &["entry 304 names the new log key", "until 305", "from entry 305 on"],
    );
    says(&registry(&home, "export", &["--out", &out_text, "--json"]), 0, &[r#""size":305"#]);
    says(&registry(&home, "check", &[]), 0, &["nothing is wrong"]);

    let (_, body) = registry(&home, "consistency", &["300"]);
    let request = AddCheckpoint::parse(body.as_bytes()).expect("a request to a witness");
    assert_eq!((request.old, request.proof.is_empty()), (300, false));
    says(&registry(&home, "consistency", &["300", "299"]), 2, &["no-such-size"]);
    says(&registry(&home, "consistency", &["3", "200"]), 2, &["no-checkpoint"]);

    let trust = home.join("trust.json").to_string_lossy().into_owned();
    let check = |place: &str| {
        let output = saoy(["registry", "check", "--trust", &trust, place]);
        (output.status.code().expect("no signal"), tools_support::text(&output))
    };
    says(&check(&out_text), 0, &["305 entries, 3 not in force", "nothing is wrong"]);
    says(&check(&folder.path().join("nothing").to_string_lossy()), 2, &["no-place"]);
    let tile = out.join("tile/0/000");
    let whole = fs::read(&tile).expect("there");
    let mut changed = whole.clone();
    changed[4000] ^= 0x10;
    fs::write(&tile, changed).expect("written");
    says(&check(&out_text), 1, &["WRONG: tile/0/000"]);
    fs::remove_file(&tile).expect("there");
    says(&check(&out_text), 1, &["WRONG: tile/0/000 is missing"]);
    fs::write(&tile, whole).expect("written");
    let status = fs::read(out.join("status")).expect("there");
    fs::remove_file(out.join("checkpoint")).expect("there");
    says(&check(&out_text), 1, &["WRONG: checkpoint is missing"]);
    says(&registry(&home, "export", &["--out", &out_text]), 0, &["305 entries"]);
    assert_eq!(fs::read(out.join("status")).expect("there"), status);
    // Another office's list knows nothing of this log.
    let other = tempfile::tempdir().expect("a folder");
    let output = saoy([
        "init",
        "--home",
        &other.path().join("o").to_string_lossy(),
        "--name",
        "Khác",
        "--code",
        "999.02",
    ]);
    assert!(output.status.success());
    let output = saoy([
        "registry",
        "check",
        "--trust",
        &other.path().join("o/trust.json").to_string_lossy(),
        &out_text,
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        tools_support::text(&output)
            .contains("no office of the trust list has the log 999.01.saoy.invalid/log")
    );
    assert_eq!(saoy(["registry", "check"]).status.code(), Some(2));
    assert_eq!(saoy(["registry", "check", &out_text]).status.code(), Some(2), "a place needs a trust list");

    let home_text = home.to_string_lossy().into_owned();
    let server = Server::start(&["registry", "serve", "--home", &home_text]);
    says(&check(&server.1), 0, &["305 entries", "nothing is wrong"]);
    says(&check("http://127.0.0.1:1"), 2, &["unreachable"]);
    // Being served does not keep the office from issuing.
    says(&registry(&home, "import", &[&records(folder.path(), 300..310)]), 0, &["10 logged"]);
    says(&check(&server.1), 0, &["315 entries"]);
}

#[test]
fn an_office_and_its_witness() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = init(folder.path());
    says(&registry(&home, "witness", &[]), 2, &["no-witnesses"]);
    says(&registry(&home, "import", &[&records(folder.path(), 0..10)]), 0, &["10 logged"]);
    let (state, trust) = (folder.path().join("w"), home.join("trust.json"));
    let (state, trust) = (state.to_string_lossy().into_owned(), trust.to_string_lossy().into_owned());
    let arguments = ["witness", "--state", &state, "--name", "w.example/1", "--trust", &trust];
    let server = Server::start(&arguments);
    // The second one on the same state is refused, but has told the key.
    let second = saoy(arguments.iter().copied().chain(["--listen", "127.0.0.1:0"]));
    assert_eq!(second.status.code(), Some(2));
    assert!(tools_support::text(&second).contains("witness-locked"));
    drop(server);
    let mut child = Command::new(SAOY)
        .args(arguments)
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("saoy runs");
    let mut vkey = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut vkey).expect("the key");
    let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let url = lines.map_while(Result::ok).find_map(|l| l.strip_prefix("listening on ").map(str::to_owned));
    let server = Server(child, url.expect("it listens"));
    let policy = format!("witness w {} {}\nquorum w\n", vkey.trim(), server.1);
    fs::write(home.join("witnesses"), policy).expect("written");
    says(&registry(&home, "proof", &["3", "--witnessed"]), 2, &["not-witnessed"]);
    says(&registry(&home, "witness", &[]), 0, &["size 10: cosigned by w; as the policy asks"]);
    says(
        &registry(&home, "proof", &["3", "--witnessed"]),
        0,
        &["c2sp.org/tlog-proof@v1", "\u{2014} w.example/1 "],
    );
    drop(server);
    says(&registry(&home, "import", &[&records(folder.path(), 10..12)]), 0, &["2 logged"]);
    says(&registry(&home, "witness", &["--json"]), 1, &[r#""quorum":false"#, "w: http"]);
    says(&registry(&home, "check", &[]), 0, &["nothing is wrong"]);
}

#[test]
fn an_auditor_finds_what_was_rewritten_since() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = init(folder.path());
    let place = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    says(&registry(&home, "import", &[&records(folder.path(), 0..300)]), 0, &["300 entries"]);
    says(&registry(&home, "export", &["--out", &place("first")]), 0, &["300 entries"]);
    // The same office twice: one goes on, the other with other entries.
    let fork = folder.path().join("fork");
    let copied = Command::new("cp").arg("-r").args([&home, &fork]).status().expect("cp runs");
    assert!(copied.success());
    says(&registry(&home, "import", &[&records(folder.path(), 300..310)]), 0, &["310 entries"]);
    says(&registry(&home, "export", &["--out", &place("second")]), 0, &["310 entries"]);
    let (code, said) = registry(&fork, "import", &[&records(folder.path(), 400..420)]);
    assert!(code == 0 && said.contains("another file than the last time"), "{said}");
    let (code, said) = registry(&fork, "import", &[&records(folder.path(), 500..501)]);
    assert!(code == 0 && !said.contains("another file"), "it is said once: {said}");
    says(&registry(&fork, "export", &["--out", &place("forked")]), 0, &["321 entries"]);

    let trust = home.join("trust.json").to_string_lossy().into_owned();
    let check = |at: &str, since: &str| {
        let output = saoy([
            "registry",
            "check",
            "--trust",
            &trust,
            &place(at),
            "--since",
            &format!("{}/checkpoint", place(since)),
        ]);
        (output.status.code().expect("no signal"), tools_support::text(&output))
    };
    says(&check("second", "first"), 0, &["310 entries", "nothing is wrong"]);
    says(&check("second", "second"), 0, &["nothing is wrong"]);
    says(&check("forked", "first"), 0, &["nothing is wrong"]);
    says(&check("forked", "second"), 1, &["WRONG: the log was rewritten: at size 310"]);
    says(
        &check("first", "second"),
        1,
        &["WRONG: the log was cut: the earlier checkpoint has 310 entries, this one 300"],
    );
    let altered = fs::read_to_string(folder.path().join("first/checkpoint"))
        .expect("there")
        .replacen("\n300\n", "\n299\n", 1);
    fs::create_dir(folder.path().join("altered")).expect("made");
    fs::write(folder.path().join("altered/checkpoint"), altered).expect("written");
    says(&check("second", "altered"), 1, &["WRONG: the earlier checkpoint"]);
    says(&check("second", "nowhere"), 2, &["nowhere"]);
    fs::write(folder.path().join("altered/checkpoint"), "no note").expect("written");
    says(&check("second", "altered"), 2, &["no-checkpoint"]);
}

#[test]
fn an_old_status_list_put_back_is_found_and_what_it_does_not_say_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = init(folder.path());
    let out = folder.path().join("log").to_string_lossy().into_owned();
    let trust = home.join("trust.json").to_string_lossy().into_owned();
    let check = || {
        let output = saoy(["registry", "check", "--trust", &trust, &out]);
        (output.status.code().expect("no signal"), tools_support::text(&output))
    };
    says(&registry(&home, "import", &[&records(folder.path(), 0..5)]), 0, &["5 entries"]);
    says(&registry(&home, "export", &["--out", &out]), 0, &["5 entries"]);
    says(&registry(&home, "status", &[]), 0, &["every copy is in force"]);
    says(&registry(&home, "status", &["--publish", "24"]), 0, &["5 entries, 0 not in force"]);
    says(
        &registry(&home, "revoke", &["entry:2", "--cause", "annulled"]),
        0,
        &["the published status list covers the first 5 entries and does not say so yet"],
    );
    says(&registry(&home, "export", &["--out", &out]), 0, &["7 entries"]);
    says(
        &check(),
        0,
        &[
            "the status list covers the first 5 entries: 1 that ended later are not in it yet",
            "nothing is wrong",
        ],
    );
    let old = fs::read(folder.path().join("log/status")).expect("there");
    says(&registry(&home, "status", &["--publish", "24"]), 0, &["7 entries, 1 not in force"]);
    says(&registry(&home, "export", &["--out", &out]), 0, &["8 entries"]);
    let (code, said) = check();
    assert!(code == 0 && !said.contains("not in it yet"), "{said}");
    fs::write(folder.path().join("log/status"), old).expect("written");
    says(&check(), 1, &["WRONG: status is an old one: it covers 5 entries, and entry 7 names a newer list"]);
}

#[test]
fn a_database_behind_its_anchor_tells_nothing_old_and_is_not_published() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = init(folder.path());
    let out = folder.path().join("log").to_string_lossy().into_owned();
    says(&registry(&home, "import", &[&records(folder.path(), 0..5)]), 0, &["5 entries"]);
    let database = home.join("saoy.db");
    assert!(!home.join("saoy.db-wal").exists(), "the writer has closed it");
    let yesterday = fs::read(&database).expect("there");
    says(&registry(&home, "revoke", &["entry:2", "--cause", "annulled"]), 0, &["entry 2 is revoked"]);
    says(&registry(&home, "export", &["--out", &out]), 0, &["6 entries"]);
    fs::write(&database, yesterday).expect("written");
    for (command, more) in [
        ("status", vec!["entry:2"]),
        ("proof", vec!["2"]),
        ("consistency", vec!["3"]),
        ("export", vec!["--out", &out]),
    ] {
        says(&registry(&home, command, &more), 2, &["registry-behind", "size 6"]);
    }
    says(&registry(&home, "serve", &["--listen", "127.0.0.1:0"]), 2, &["registry-behind"]);
}

#[test]
fn keys_are_not_published_with_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = init(folder.path());
    says(&registry(&home, "import", &[&records(folder.path(), 0..2)]), 0, &["2 entries"]);
    for out in [home.as_path(), folder.path()] {
        says(&registry(&home, "export", &["--out", &out.to_string_lossy()]), 2, &["out-is-home"]);
        assert!(!out.join("checkpoint").exists());
    }
}
