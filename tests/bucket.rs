//! A log published into a bucket: the server is moto's, the readers are Saoy's and the one written from the specifications alone.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use saoy::error::Failure;
use saoy::record::Digest;
use saoy::registry::check::{self, Place};
use saoy::registry::tiles::Tile;
use saoy::remote::HttpPlace;
use saoy::store::{Exported, LogBucket, LogDb, LogFolder};
use time::Duration;

use crate::office_support::Desk;
use crate::tools_support;

/// moto in a process that ends with this.
struct Server {
    process: Child,
    url: String,
    key: String,
    secret: String,
}

impl Server {
    fn new(arguments: &[&str]) -> Self {
        let mut process = Command::new(tools_support::in_venv("python3"))
            .arg(tools_support::root().join("tests/tools/s3_server.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("python3 does not run ({error}): {}", tools_support::PYHANKO));
        let mut line = String::new();
        let mut said = BufReader::new(process.stdout.take().expect("piped"));
        said.read_line(&mut line).expect("it says something");
        let told: serde_json::Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("moto does not start: {}", tools_support::PYHANKO));
        let text = |name: &str| told[name].as_str().expect("text").to_owned();
        Self { process, url: text("url"), key: text("key"), secret: text("secret") }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", self.key.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret.clone()),
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_ALLOW_HTTP", "true".into()),
            ("HOME", "/nobody".into()),
        ]
    }

    fn bucket(&self, prefix: &str) -> LogBucket {
        LogBucket::open(&format!("s3://registry{prefix}"), self.variables()).expect("its settings are whole")
    }

    /// Where everybody may read it.
    fn public(&self, prefix: &str) -> HttpPlace {
        HttpPlace::new(&format!("{}/registry{prefix}", self.url))
    }

    /// The `from`-th put from now on and all after it answer `status`; from 0 on none.
    fn fault(&self, from: u32, status: u16) {
        let url = format!("{}/saoy-fault?from={from}&status={status}", self.url);
        ureq::put(url).send_empty().expect("it answers");
    }

    /// Changes an object behind everybody's back; `None` removes it.
    fn change(&self, key: &str, bytes: Option<&[u8]>) {
        let url = format!("{}/saoy-object/{key}", self.url);
        let done = bytes.map_or_else(|| ureq::delete(&url).call(), |bytes| ureq::put(&url).send(bytes));
        done.expect("it answers");
    }

    /// What it was asked for so far.
    fn requests(&self) -> Vec<String> {
        let text = ureq::get(format!("{}/saoy-requests", self.url)).call().expect("it answers");
        let text = text.into_body().read_to_string().expect("text");
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its standard input; the kill is for one that hangs.
        drop(self.process.stdin.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn import(desk: &Desk, range: std::ops::Range<u64>) {
    let records = range.map(|i| Ok(Digest::of(&i.to_be_bytes())));
    desk.writer().import(records, &mut |_| {}).expect("they are logged");
}

fn export(desk: &Desk, bucket: &LogBucket) -> Result<Exported, Failure> {
    bucket.export(&LogDb::open(&desk.home).expect("a reader opens"), &mut |_, _| {})
}

/// What is wrong with a published log, and its size.
fn audit(desk: &Desk, place: &dyn Place) -> (Option<String>, u64) {
    let trust = desk.reader().trust().expect("a trust list");
    let trust = trust.office("999.01").expect("the office").log_trust();
    let audit = check::check(place, &trust, None, &mut |_, _| {}).expect("the place can be read");
    (audit.wrong, audit.size)
}

#[test]
fn a_bucket_holds_what_a_folder_would_and_is_read_by_its_public_address() {
    let (server, desk) = (Server::new(&[]), Desk::new());
    // A prefix of a prefix is another log.
    let bucket = server.bucket("/logs/999.01");
    import(&desk, 0..1);
    export(&desk, &server.bucket("/logs/999")).expect("exported");
    assert_eq!(bucket.list(), Ok(Some(Vec::new())));
    let mut from = 0;
    for upto in [3, 255, 256, 300, 513, 1100] {
        import(&desk, 0..upto);
        let done = export(&desk, &bucket).expect("exported");
        assert_eq!((done.size, done.from), (upto, from));
        from = upto;
        for place in [&bucket as &dyn Place, &server.public("/logs/999.01")] {
            assert_eq!(audit(&desk, place), (None, upto));
        }
        let before = server.requests().len();
        let again = export(&desk, &bucket).expect("exported");
        assert_eq!((again.written, again.removed), (0, 0));
        let asked = server.requests().split_off(before);
        assert!(asked.iter().all(|request| request.starts_with("GET")), "{asked:?}");
    }
    let office = desk.writer();
    office.publish_status(desk.now + Duration::hours(24)).expect("signed");
    drop(office);
    let before = server.requests().len();
    export(&desk, &bucket).expect("exported");
    // The checkpoint comes after all tiles; then the status, then what is outgrown goes.
    let asked = server.requests().split_off(before);
    let changes = asked.iter().filter(|request| !request.starts_with("GET"));
    let kinds: Vec<&str> = changes.map(|r| r.rsplit('/').next().expect("a name")).collect();
    let checkpoint = kinds.iter().position(|name| *name == "checkpoint 200").expect("published");
    assert_eq!(kinds[checkpoint + 1], "status 200", "{asked:?}");
    assert!(
        asked[..].iter().filter(|r| r.starts_with("PUT") && r.contains("/tile/")).count() > 1,
        "{asked:?}"
    );
    for path in bucket.list().expect("listed").expect("it can tell") {
        if let Ok(tile) = path.parse::<Tile>() {
            let full = bucket.read(&tile.full().to_string()).expect("read");
            assert!(tile.is_full() || full.is_none(), "{path}");
        }
    }
    // As any reader of a tlog finds it.
    let response =
        ureq::get(format!("{}/registry/logs/999.01/checkpoint", server.url)).call().expect("there");
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    let response =
        ureq::get(format!("{}/registry/logs/999.01/tile/0/000", server.url)).call().expect("there");
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    assert!(response.headers()["cache-control"].to_str().expect("text").contains("immutable"));
    let trust = desk.reader().trust().expect("a trust list");
    let mut arguments = vec![tools_support::root().join("tests/tools/read_log.py").display().to_string()];
    for key in &trust.office("999.01").expect("the office").log.keys {
        arguments.extend(["--vkey".into(), key.key.to_string()]);
    }
    arguments.push(format!("{}/registry/logs/999.01", server.url));
    let read = tools_support::run(tools_support::in_venv("python3"), tools_support::PYHANKO, arguments);
    assert!(read.status.success(), "{}", tools_support::text(&read));
}

#[test]
fn an_upload_that_broke_off_is_completed() {
    let (server, desk) = (Server::new(&[]), Desk::new());
    let bucket = server.bucket("");
    let folder = LogFolder::new(&desk.folder.path().join("log"));
    let into_folder = || {
        folder.export(&LogDb::open(&desk.home).expect("opens"), &mut |_, _| {}).expect("exported");
    };
    import(&desk, 0..600);
    export(&desk, &bucket).expect("exported");
    into_folder();
    import(&desk, 600..1100);
    for status in [400, 503] {
        // The eighth is the checkpoint's own.
        for at in [1, 3, 8] {
            server.fault(at, status);
            let failure = export(&desk, &bucket).expect_err("the server fails");
            assert_eq!(failure.code, "bucket", "{}", failure.message);
            assert!(
                failure.message.contains("s3://registry") && failure.message.contains("a fault of the test")
            );
            // Readers see the old log, whole.
            assert_eq!(audit(&desk, &bucket), (None, 600), "{at}");
            if status == 503 {
                break;
            }
        }
    }
    server.fault(0, 0);
    let done = export(&desk, &bucket).expect("exported");
    assert_eq!((done.from, done.size), (600, 1100));
    assert_eq!(audit(&desk, &bucket), (None, 1100));
    assert!(done.removed > 0);
    // What went missing or was cut behind its back comes again.
    server.change("tile/0/001", None);
    server.change("tile/0/002", Some(&[0; 31]));
    assert!(audit(&desk, &bucket).0.is_some());
    assert_eq!(export(&desk, &bucket).expect("exported").written, 2);
    assert_eq!(audit(&desk, &bucket), (None, 1100));
    // The same files as in a folder with the same past.
    into_folder();
    assert_eq!(bucket.list(), folder.list());
    for path in bucket.list().expect("listed").into_iter().flatten() {
        assert_eq!(bucket.read(&path), folder.read(&path), "{path}");
    }
}

#[test]
fn a_checkpoint_that_is_ahead_or_another_is_never_replaced() {
    let (server, desk) = (Server::new(&[]), Desk::new());
    let bucket = server.bucket("/log");
    import(&desk, 0..300);
    let behind = desk.copy();
    import(&desk, 300..400);
    export(&desk, &bucket).expect("exported");
    let refuse = |desk: &Desk, code: &str| {
        let before = bucket.list();
        let failure = export(desk, &bucket).expect_err("refused");
        assert_eq!((failure.code, bucket.list()), (code, before));
        failure.message
    };
    let said = refuse(&behind, "log-ahead");
    assert!(said.contains("size 400") && said.contains("300 entries"), "{said}");
    // Another history of the same size, and another office.
    import(&behind, 900..1000);
    assert!(refuse(&behind, "log-ahead").contains("root"));
    let other = Desk::new();
    import(&other, 0..2);
    refuse(&other, "log-ahead");
    server.change("log/checkpoint", Some(b"no checkpoint"));
    refuse(&desk, "log-damaged");
}

/// Between reading the checkpoint and replacing it another export comes first.
#[test]
fn of_two_exports_at_once_the_older_does_not_win() {
    let (server, desk) = (Server::new(&[]), Desk::new());
    let bucket = server.bucket("/log");
    import(&desk, 0..300);
    export(&desk, &bucket).expect("exported");
    import(&desk, 300..310);
    let behind = desk.copy();
    import(&desk, 310..320);
    let log = LogDb::open(&behind.home).expect("opens");
    let mut first = true;
    let failure = bucket.export(&log, &mut |done, all| {
        if first && done == all {
            first = false;
            export(&desk, &server.bucket("/log")).expect("exported");
        }
    });
    assert_eq!(failure.expect_err("raced").code, "export-raced");
    assert_eq!(audit(&desk, &bucket), (None, 320));
}

#[test]
fn who_may_not_write_is_told_so() {
    let (server, desk) = (Server::new(&["--auth"]), Desk::new());
    import(&desk, 0..3);
    let open = |change: &[(&'static str, &str)]| {
        let mut variables = server.variables();
        for (name, value) in change {
            variables.retain(|(there, _)| there != name);
            if !value.is_empty() {
                variables.push((name, (*value).to_owned()));
            }
        }
        LogBucket::open("s3://registry/log", variables)
    };
    let code = |change: &[(&'static str, &str)]| {
        let failure = open(change).and_then(|bucket| export(&desk, &bucket)).expect_err("refused");
        assert!(!failure.message.contains(&server.secret), "{}", failure.message);
        failure.code
    };
    assert_eq!(code(&[("AWS_SECRET_ACCESS_KEY", "another")]), "bucket-denied");
    assert_eq!(code(&[("AWS_ACCESS_KEY_ID", "nobody")]), "bucket-denied");
    assert_eq!(code(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]), "bucket-settings");
    assert_eq!(code(&[("AWS_SECRET_ACCESS_KEY", "")]), "bucket-settings");
    assert_eq!(code(&[("AWS_ALLOW_HTTP", "")]), "bucket-settings");
    assert_eq!(code(&[("AWS_ALLOW_HTTP", "perhaps")]), "bucket-settings");
    assert_eq!(code(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]), "bucket");
    for address in ["s3://", "s3:///log", "s3://a b/log", "s3://registry/a//b", "registry"] {
        assert_eq!(LogBucket::open(address, server.variables()).expect_err("refused").code, "bucket-address");
    }
    let missing = LogBucket::open("s3://elsewhere/log", server.variables()).expect("its settings are whole");
    assert_eq!(export(&desk, &missing).expect_err("refused").code, "no-bucket");
    // The right keys sign right, whatever the request.
    let bucket = server.bucket("/log");
    export(&desk, &bucket).expect("exported");
    import(&desk, 3..300);
    export(&desk, &bucket).expect("exported");
    assert_eq!(audit(&desk, &bucket), (None, 300));
}

#[test]
fn the_command_line_publishes_into_a_bucket() {
    let (server, desk) = (Server::new(&[]), Desk::new());
    import(&desk, 0..5);
    let saoy = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saoy"));
        command.args(arguments).env_remove("SAOY_HOME").envs(server.variables());
        let output = command.output().expect("it runs");
        (output.status.code(), tools_support::text(&output))
    };
    let home = desk.home.to_string_lossy();
    let (code, said) =
        saoy(&["registry", "export", "--home", &home, "--out", "s3://registry/a/log", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\"size\":5"), "{said}");
    let trust = desk.home.join("trust.json");
    for place in ["s3://registry/a/log", &format!("{}/registry/a/log", server.url)] {
        let (code, said) = saoy(&["registry", "check", "--trust", &trust.to_string_lossy(), place]);
        assert_eq!(code, Some(0), "{said}");
    }
    let (code, said) = saoy(&["registry", "export", "--home", &home, "--out", "s3://elsewhere"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("s3://elsewhere") && said.contains("make the bucket first"), "{said}");
}
