//! The service that verifies over HTTP, from outside: reports, refusals, limits, its end; and what `docs/openapi.json` says about it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use saoy::ambient::FixedClock;
use saoy::error::Failure;
use saoy::seal;
use saoy::server::{self, Ground, VerifyLimits};
use saoy::verify::{Paths, Status, StatusAnswer, TrustList, Verifier};
use serde_json::{Value, json};
use ureq::http::Request;

use crate::office_support::Desk;
use crate::tools_support;
use crate::verify_support::{self, House, INDEX, NOW, image, options};

const KNOWN: &str = "0123456789abcdef0123456789abcdef";
const REVOKED: &str = "000000000000000000000000000000ff";
/// Asking for this copy takes until the gate is opened.
const WAITS: &str = "000000000000000000000000000000aa";
/// Asking for this one breaks off.
const BREAKS: &str = "000000000000000000000000000000bb";

#[derive(Default)]
struct Gate {
    /// How many wait, and whether they may go on.
    state: Mutex<(u32, bool)>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().expect("nobody panics");
        state.0 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| !state.1).expect("nobody panics"));
    }

    fn until_waiting(&self, count: u32) {
        let state = self.state.lock().expect("nobody panics");
        drop(self.changed.wait_while(state, |state| state.0 < count).expect("nobody panics"));
    }

    fn open(&self) {
        self.state.lock().expect("nobody panics").1 = true;
        self.changed.notify_all();
    }
}

struct Offices {
    trust: TrustList,
    paths: Paths,
    gate: Arc<Gate>,
}

impl Ground for Offices {
    fn verifier(&self) -> Verifier<'_> {
        Verifier { trust: &self.trust, status: None, witnesses: None, national: None, paths: &self.paths }
    }

    fn by_id(&self, id: &str) -> Result<Option<(u64, StatusAnswer)>, Failure> {
        let status = match id {
            WAITS => {
                self.gate.pass();
                Status::Good
            }
            BREAKS => return Err(Failure::new("storage", "/home/secret/saoy.db: I/O error", "x")),
            KNOWN => Status::Good,
            REVOKED => Status::Revoked,
            _ => return Ok(None),
        };
        Ok(Some((
            INDEX,
            StatusAnswer { entry: None, status, since: None, replacement: None, as_of: NOW, until: None },
        )))
    }
}

/// A service in this process; dropped, it is asked to end and must.
struct Server {
    address: SocketAddr,
    gate: Arc<Gate>,
    log: Arc<Mutex<Vec<String>>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{:?}", String::from_utf8_lossy(&self.body)))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The code of a problem, whose members are those of RFC 9457.
    #[track_caller]
    fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.status);
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        let code =
            problem["type"].as_str().and_then(|name| name.strip_prefix("https://saoy.invalid/problems/"));
        code.expect("a name").to_owned()
    }
}

impl Server {
    fn of(house: &House, limits: VerifyLimits) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (told, address) = std::sync::mpsc::channel();
        let (gate, log) = (Arc::new(Gate::default()), Arc::new(Mutex::new(Vec::new())));
        let (list, kept, lines) = (house.trusted(), Arc::clone(&gate), Arc::clone(&log));
        let thread = std::thread::spawn(move || {
            let ground = move || {
                let trust = TrustList::new(7, NOW + time::Duration::days(365), vec![list.clone()])?;
                let ground = Offices { trust, paths: Paths::default(), gate: Arc::clone(&kept) };
                Ok(Box::new(ground) as Box<dyn Ground>)
            };
            let stopped = async {
                let _ = stopped.await;
            };
            let log = move |line: &str| lines.lock().expect("nobody panics").push(line.to_owned());
            let tell = move |address| told.send(address).expect("somebody waits");
            let any = "127.0.0.1:0".parse().expect("an address");
            server::serve_verify(
                any,
                ground,
                Box::new(FixedClock(options().now)),
                limits,
                log,
                stopped,
                tell,
            )
            .expect("it serves");
        });
        let address = address.recv().expect("it listens");
        Self { address, gate, log, stop: Some(stop), thread: Some(thread) }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .build()
            .into();
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url()));
        let sent = match body.is_empty() && method != "POST" {
            true => agent.run(request.body(()).expect("a request")),
            false => agent.run(request.header("content-type", kind).body(body).expect("a request")),
        };
        let (parts, mut body) = sent.expect("it answers").into_parts();
        let body = body.read_to_vec().expect("a body");
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        documented(method, path, &answer);
        answer
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", b"")
    }

    fn copy(&self, pdf: &[u8]) -> Answer {
        self.send("POST", "/v1/copy", "application/pdf", pdf)
    }

    fn seal(&self, text: &str) -> Answer {
        self.send("POST", "/v1/seal", "text/plain; charset=utf-8", text.as_bytes())
    }

    /// Writes bytes by hand, and leaves the connection open.
    fn begin(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("it can be set");
        stream.write_all(bytes.as_bytes()).expect("written");
        stream
    }

    fn ask_to_end(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }

    fn ends(&mut self) -> bool {
        self.ask_to_end();
        self.gate.open();
        self.thread.take().map(std::thread::JoinHandle::join).is_none_or(|ended| ended.is_ok())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        assert!(self.ends() || std::thread::panicking(), "it ends without a panic");
    }
}

/// All that comes until the other side closes.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // Refused with the body unread, a connection may end with a reset after the answer.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Up to the end of a head.
fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).expect("text")
}

fn api() -> Value {
    serde_json::from_str(server::OPENAPI).expect("JSON")
}

/// Every answer is one that the document names.
#[track_caller]
fn documented(method: &str, path: &str, answer: &Answer) {
    let api = api();
    let route = if path.starts_with("/v1/copy/") { "/v1/copy/{id}" } else { path };
    let Some(operation) = api["paths"][route].get(method.to_ascii_lowercase()) else {
        let known = api["paths"].get(route).is_some() && method != "HEAD";
        assert!(
            (known && answer.status == 405) || (!known && answer.status == 404) || method == "HEAD",
            "{method} {path}: {}",
            answer.status
        );
        return;
    };
    let response = &operation["responses"][answer.status.to_string()];
    let kind = answer.header("content-type").split(';').next().unwrap_or_default();
    assert!(response["content"].get(kind).is_some(), "{method} {path}: {} {kind}", answer.status);
}

fn seal_text(house: &House) -> String {
    let seal = house.parts(1, vec![image(1, 600)]).seal;
    let cose = seal::sign(&seal, house.keys.seal_key()).expect("a seal");
    seal::qr_text(&cose, Some("https://xacminh.example.vn")).expect("it fits")
}

#[test]
fn copies_seals_and_ids_are_answered_with_what_the_library_says() {
    let house = House::new("999.01", 1);
    let server = Server::of(&house, VerifyLimits::default());
    let (copy, trust) = (house.copy(1), verify_support::trust(&[&house]));
    let answer = server.copy(&copy);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let report = serde_json::to_value(verify_support::verify(&copy, &trust)).expect("plain data");
    assert_eq!(answer.json(), report);
    assert_eq!(report["verdict"], "authentic-status-unknown");
    // The certificates' paths are remembered by now: nothing else is believed for it.
    for at in [copy.len() / 3, copy.len() / 2, copy.len() - 700] {
        let mut forged = copy.clone();
        forged[at] ^= 1;
        let answer = server.copy(&forged);
        assert_eq!((answer.status, &answer.json()["verdict"]), (200, &json!("invalid")), "{at}");
    }
    let stranger = House::new("999.02", 2);
    assert_eq!(server.copy(&stranger.copy(1)).json()["verdict"], "unknown-issuer");
    let text = seal_text(&house);
    let answer = server.seal(&text);
    assert_eq!((answer.status, &answer.json()["verdict"]), (200, &json!("sealed")));
    assert_eq!(server.seal(&seal_text(&stranger)).json()["verdict"], "unknown-issuer");

    let answer = server.get(&format!("/v1/copy/{KNOWN}"));
    assert_eq!(
        answer.json(),
        json!({"copy_id": KNOWN, "index": INDEX, "status": {"state": "good"}, "since": null, "cause": null,
            "as_of": "2026-11-22T03:04:05Z"})
    );
    assert_eq!(server.get(&format!("/v1/copy/{REVOKED}")).json()["status"]["state"], "revoked");
}

/// Method, address, kind and body; status and code of the answer.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [u8], u16, &'a str);

#[test]
fn every_refusal_is_a_problem() {
    let house = House::new("999.01", 1);
    let limits = VerifyLimits { copy: 100_000, ..VerifyLimits::default() };
    let server = Server::of(&house, limits);
    let long = vec![b'A'; 100_001];
    let (pdf, text) = ("application/pdf", "text/plain");
    let cases: &[Case<'_>] = &[
        ("POST", "/v1/copy", pdf, b"", 422, "not-a-copy"),
        ("POST", "/v1/copy", pdf, b"\xff\xd8\xff\xe0", 422, "not-a-copy"),
        ("POST", "/v1/copy", "application/octet-stream", b"%PDF-1.7\n", 422, "not-a-copy"),
        ("POST", "/v1/copy", "multipart/form-data; boundary=x", b"x", 415, "other-kind"),
        ("POST", "/v1/copy", "", b"x", 415, "other-kind"),
        ("POST", "/v1/copy", pdf, &long, 413, "too-many-bytes"),
        ("POST", "/v1/seal", "application/x-www-form-urlencoded", b"x", 415, "other-kind"),
        ("POST", "/v1/seal", text, b"\xff\xfe", 400, "no-text"),
        ("POST", "/v1/seal", text, b"SC1:ABC", 422, "bad-seal"),
        ("POST", "/v1/seal", text, b"", 422, "bad-seal"),
        ("POST", "/v1/seal", text, &long[..8193], 413, "too-many-bytes"),
        ("GET", "/v1/copy/1", "", b"", 400, "no-id"),
        ("GET", "/v1/copy/0123456789ABCDEF0123456789ABCDEF", "", b"", 400, "no-id"),
        ("GET", "/v1/copy/00000000000000000000000000000000", "", b"", 404, "no-copy"),
        ("GET", "/v1/copy/000000000000000000000000000000bb", "", b"", 503, "storage"),
        ("GET", "/", "", b"", 404, "no-route"),
        ("GET", "/v1/copy/", "", b"", 404, "no-route"),
        ("GET", "/v1/copy/a/b", "", b"", 404, "no-route"),
        ("GET", "/../etc/passwd", "", b"", 404, "no-route"),
        ("GET", "/v1/copy", "", b"", 405, "no-method"),
        ("PUT", "/v1/seal", text, b"x", 405, "no-method"),
        ("DELETE", "/openapi.json", "", b"", 405, "no-method"),
    ];
    for (method, path, kind, body, status, code) in cases {
        let answer = server.send(method, path, kind, body);
        assert_eq!((answer.status, answer.problem().as_str()), (*status, *code), "{method} {path} {kind}");
        if *status == 405 {
            assert!(!answer.header("allow").is_empty(), "{method} {path}");
        }
        // Nothing of what was sent, nothing of where the service lives.
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"), "{method} {path}");
    }
    // What goes on after its length was reached, without a length said before.
    let chunk = format!("{:x}\r\n{}\r\n", 60_000, "A".repeat(60_000));
    let head = "POST /v1/copy HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = rest(server.begin(&format!("{head}{chunk}{chunk}")));
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn the_log_says_method_route_status_and_time_and_nothing_else() {
    let house = House::new("999.01", 1);
    let server = Server::of(&house, VerifyLimits::default());
    server.copy(&house.copy(1));
    server.seal(&seal_text(&house));
    server.get(&format!("/v1/copy/{KNOWN}"));
    server.get("/nguyen-van-vi-du?number=1");
    server.send("FROBNICATE", "/v1/copy", "", b"");
    server.get("/openapi.json");
    let log = Arc::clone(&server.log);
    drop(server);
    let lines = log.lock().expect("nobody panics").clone();
    let parts: Vec<Vec<&str>> = lines.iter().map(|line| line.split(' ').collect()).collect();
    let told: Vec<[&str; 3]> = parts.iter().map(|line| [line[0], line[1], line[2]]).collect();
    let expected = [
        ["POST", "/v1/copy", "200"],
        ["POST", "/v1/seal", "200"],
        ["GET", "/v1/copy/{id}", "200"],
        ["GET", "-", "404"],
        ["-", "/v1/copy", "405"],
        ["GET", "/openapi.json", "200"],
    ];
    assert_eq!(told, expected);
    for line in &parts {
        assert!(line.len() == 5 && line[3].parse::<u32>().is_ok() && line[4] == "ms", "{line:?}");
    }
}

#[test]
fn the_document_agrees_with_the_routes() {
    let house = House::new("999.01", 1);
    let server = Server::of(&house, VerifyLimits::default());
    let api = api();
    assert_eq!(server.get("/openapi.json").json(), api);
    let schema: Value = server.get("/report.schema.json").json();
    assert!(api["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    let paths = api["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), 5);
    for (path, operations) in paths {
        let concrete = path.replace("{id}", KNOWN);
        for method in ["get", "put", "post", "delete", "patch"] {
            let kind = operations[method]["requestBody"]["content"].as_object();
            let kind = kind.and_then(|kinds| kinds.keys().next()).map_or("", String::as_str);
            let body: &[u8] = if kind.is_empty() { b"" } else { b"x" };
            let answer = server.send(&method.to_uppercase(), &concrete, kind, body);
            let offered = operations.get(method).is_some();
            assert_eq!(answer.status == 405, !offered, "{method} {path}: {}", answer.status);
            assert!(offered || answer.header("allow").contains(|c: char| c.is_ascii_uppercase()));
        }
    }
    // What it points to is there.
    let text = server::OPENAPI;
    for reference in text.split("\"$ref\": \"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let (file, pointer) = reference.split_once('#').expect("a pointer");
        let document = if file.is_empty() { &api } else { &schema };
        assert!(["", "report.schema.json"].contains(&file), "{reference}");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let read = tools_support::run(
        tools_support::in_venv("python3"),
        tools_support::PYHANKO,
        ["-m", "openapi_spec_validator", "docs/openapi.json"],
    );
    assert!(read.status.success(), "{}", tools_support::text(&read));
}

#[test]
fn beyond_its_places_it_refuses_before_a_body_is_read() {
    let house = House::new("999.01", 1);
    let server = Server::of(&house, VerifyLimits { requests: 1, ..VerifyLimits::default() });
    let mut waiting = server.begin(&format!("GET /v1/copy/{WAITS} HTTP/1.1\r\nHost: x\r\n\r\n"));
    server.gate.until_waiting(1);
    // Not one byte of this body is ever sent.
    let head =
        "POST /v1/copy HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\nContent-Length: 1000\r\n\r\n";
    let answer = rest(server.begin(head));
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    for answer in [server.seal(&seal_text(&house)), server.get(&format!("/v1/copy/{KNOWN}"))] {
        assert_eq!((answer.status, answer.problem().as_str()), (503, "busy"));
        assert_eq!(answer.header("retry-after"), "1");
    }
    // A length that is too much is said even now, and what takes no place is answered.
    let long = head.replace("1000", "99999999999");
    assert!(rest(server.begin(&long)).starts_with("HTTP/1.1 413 "));
    assert_eq!(server.get("/openapi.json").status, 200);
    server.gate.open();
    assert!(self::head(&mut waiting).starts_with("HTTP/1.1 200 "));
    let copy = house.copy(1);
    // The place is given back once the work is done, which may be a moment after its answer.
    while server.get(&format!("/v1/copy/{KNOWN}")).status == 503 {}
    assert_eq!(server.copy(&copy).status, 200);
}

#[test]
fn bodies_have_so_much_memory_and_no_more() {
    let house = House::new("999.01", 1);
    let copy = house.copy(1);
    let most = copy.len() as u64 + 5_000;
    let server = Server::of(&house, VerifyLimits { copy: most, memory: most, ..VerifyLimits::default() });
    let head = format!(
        "POST /v1/copy HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\nConnection: close\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        copy.len()
    );
    let mut slow = server.begin(&head);
    // It asks for the body: its room is taken.
    assert!(self::head(&mut slow).starts_with("HTTP/1.1 100 "));
    let refused = server.copy(&copy);
    assert_eq!((refused.status, refused.problem().as_str()), (503, "busy"));
    assert_eq!(server.seal(&seal_text(&house)).status, 200);
    slow.write_all(&copy).expect("written");
    assert!(rest(slow).contains("\"verdict\":\"authentic-status-unknown\""));
    while server.copy(&copy).status == 503 {}
}

#[test]
fn who_is_too_slow_is_cut_off() {
    let house = House::new("999.01", 1);
    let limits = VerifyLimits { wait: Duration::from_millis(300), connections: 1, ..VerifyLimits::default() };
    let server = Server::of(&house, limits);
    let head = "POST /v1/copy HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\nContent-Length: 1000\r\n\r\n%PDF";
    let slow = server.begin(head);
    // There is room for one connection.
    let turned_away = rest(server.begin(""));
    assert!(
        turned_away.starts_with("HTTP/1.1 503 ") && turned_away.contains("problems/busy"),
        "{turned_away}"
    );
    let answer = rest(slow);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("problems/too-slow"), "{answer}");
    // A head that does not come to its end.
    let stuck = loop {
        let mut stream = server.begin("GET / HTTP/1.1\r\nHo");
        let mut byte = [0; 512];
        let read = stream.read(&mut byte).unwrap_or(0);
        if !byte[..read].starts_with(b"HTTP/1.1 503 ") {
            break read;
        }
    };
    assert_eq!(stuck, 0, "closed without an answer");
    while TcpStream::connect(server.address).is_err() {}
}

#[test]
fn what_was_accepted_is_finished_before_it_ends() {
    let house = House::new("999.01", 1);
    let mut server = Server::of(&house, VerifyLimits::default());
    let copy = house.copy(1);
    let head = format!(
        "POST /v1/copy HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        copy.len()
    );
    let mut uploading = server.begin(&head);
    assert!(self::head(&mut uploading).starts_with("HTTP/1.1 100 "));
    let mut working = server.begin(&format!("GET /v1/copy/{WAITS} HTTP/1.1\r\nHost: x\r\n\r\n"));
    server.gate.until_waiting(1);
    let idle = server.begin("");
    server.ask_to_end();
    // Nobody else gets in.
    while TcpStream::connect(server.address).is_ok() {}
    assert_eq!(rest(idle), "");
    uploading.write_all(&copy).expect("written");
    let answer = rest(uploading);
    assert!(answer.contains("\"verdict\":\"authentic-status-unknown\""), "{answer}");
    server.gate.open();
    assert!(self::head(&mut working).starts_with("HTTP/1.1 200 "));
    assert!(server.ends());
}

#[test]
fn the_command_serves_until_it_is_asked_to_end() {
    let desk = Desk::new();
    let copy = desk.one("scan.png", 1);
    let mut process = Command::new(env!("CARGO_BIN_EXE_saoy"))
        .args(["verify", "--serve", "127.0.0.1:0", "--home"])
        .arg(&desk.home)
        .env_remove("SAOY_PASSPHRASE_FILE")
        .stderr(Stdio::piped())
        .spawn()
        .expect("saoy runs");
    let mut said = BufReader::new(process.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let line = said.next().expect("it says where");
    let url = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
    let pdf = std::fs::read(&copy.output).expect("the copy");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent
        .post(format!("{url}/v1/copy"))
        .content_type("application/pdf")
        .send(&pdf[..])
        .expect("it answers");
    let report: Value =
        answer.body_mut().read_to_string().map(|text| text.parse().expect("JSON")).expect("text");
    assert_eq!(report["verdict"], "valid", "{report}");
    let asked = |id: &str| {
        let mut answer = agent.get(format!("{url}/v1/copy/{id}")).call().expect("it answers");
        let status: Value =
            answer.body_mut().read_to_string().map(|text| text.parse().expect("JSON")).expect("text");
        (status["index"].clone(), status["status"]["state"].clone())
    };
    let id = report["copy"]["copy_id"].as_str().expect("an id").to_owned();
    assert_eq!(asked(&id), (json!(0), json!("good")));
    // A copy that is issued while it serves, and a seal that borrows its entry.
    let later = std::fs::read(desk.one("later.png", 2).output).expect("the copy");
    let post = |route: &str, kind: &str, body: &[u8]| -> Value {
        let request = agent.post(format!("{url}{route}")).content_type(kind);
        let mut answer = request.send(body).expect("it answers");
        answer.body_mut().read_to_string().map(|text| text.parse().expect("JSON")).expect("text")
    };
    let report = post("/v1/copy", "application/pdf", &later);
    assert_eq!(report["verdict"], "valid", "{report}");
    let later = report["copy"]["copy_id"].as_str().expect("an id").to_owned();
    assert_eq!(asked(&later), (json!(1), json!("good")));
    let office = desk.reader();
    let key = office.keys.seal_key();
    let mut forged = House::new("999.01", 1).parts(1, vec![image(1, 600)]).seal;
    (forged.key_id, forged.index) = (seal::key_id(&key.verifying_key()), 1);
    let forged = seal::qr_text(&seal::sign(&forged, key).expect("a seal"), None).expect("it fits");
    let report = post("/v1/seal", "text/plain", forged.as_bytes());
    assert_eq!((&report["verdict"], &report["status"]), (&json!("invalid"), &Value::Null), "{report}");
    drop(office);
    let kill = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    assert!(process.wait().expect("it ends").success());
    let log: Vec<String> = said.collect();
    assert_eq!(log.len(), 5, "{log:?}");
    assert!(!log.concat().contains(&id));
}
