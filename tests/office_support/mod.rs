//! An office in a temporary folder, with a clock, a seed and a recogniser of its own.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use image::{GrayImage, Luma};
use saoy::ambient::{FixedClock, SeededEntropy};
use saoy::certify::{Acts, Fonts};
use saoy::error::Failure;
use saoy::extract::Forms;
use saoy::ocr::{EnginePool, FakeRecognizer};
use saoy::office::{Ambient, NewOffice, Office, audit};
use saoy::pipeline::{self, Certified, Event, Outcome, Request, Tools};
use saoy::record::{Act, Officer};
use saoy::scan::Limits;
use saoy::signature::Algorithm;
use saoy::store::Mode;
use saoy::verify::{self, Options, Report};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use time::OffsetDateTime;
use time::macros::datetime;

/// A working day.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 03:04:05 UTC);

pub(crate) fn forms() -> &'static Forms {
    static FORMS: OnceLock<Forms> = OnceLock::new();
    FORMS.get_or_init(|| Forms::builtin().expect("the forms load"))
}

pub(crate) fn acts() -> &'static Acts {
    static ACTS: OnceLock<Acts> = OnceLock::new();
    ACTS.get_or_init(|| Acts::builtin().expect("the acts load"))
}

pub(crate) fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| Fonts::find().expect("fonts-liberation is installed"))
}

pub(crate) fn fake_engines() -> EnginePool {
    EnginePool::with(2, || Ok(Box::new(FakeRecognizer)))
}

/// An office as most tests want it.
pub(crate) fn new_office() -> NewOffice {
    NewOffice {
        name: "Ủy ban nhân dân phường Bến Mẫu".into(),
        code: "999.01".into(),
        officer: Some(Officer { name: "Trần Thị Mẫu".into(), title: "Phó Chủ tịch".into() }),
        verify_url: None,
        book_symbol: "SCT/BS".into(),
        first_number: 1,
        algorithm: Algorithm::EcdsaP256,
    }
}

/// A request for certifications into `out`.
pub(crate) fn request(out: &Path) -> Request {
    Request {
        act: Act::Certification,
        form: None,
        officer_fields: HashMap::new(),
        join: false,
        copies: 1,
        requester: None,
        out: out.to_owned(),
        again: false,
        allow_blank: false,
        limits: Limits::default(),
    }
}

/// A small scan; another one for each `mark`.
pub(crate) fn draw(path: &Path, mark: u32) {
    let image = GrayImage::from_fn(100, 140, |x, y| {
        Luma([((x * 7 + y * 3 + mark * 11 + (x * y * mark) % 7) % 251) as u8])
    });
    image.save(path).expect("the scan is written");
}

/// An office's home, scans and copies in a folder that is removed in the end.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) home: PathBuf,
    pub(crate) out: PathBuf,
    pub(crate) now: OffsetDateTime,
    seed: u8,
    opened: AtomicU64,
}

impl Desk {
    /// A folder without an office.
    pub(crate) fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (home, out) = (folder.path().join("office"), folder.path().join("out"));
        fs::create_dir(&out).expect("the folder can be made");
        Self { folder, home, out, now: NOW, seed: 7, opened: AtomicU64::new(0) }
    }

    pub(crate) fn new() -> Self {
        Self::of(&new_office())
    }

    pub(crate) fn of(new: &NewOffice) -> Self {
        Self::made(new, Self::bare())
    }

    /// The same office's name and code with other keys.
    pub(crate) fn impostor() -> Self {
        Self::made(&new_office(), Self { seed: 8, ..Self::bare() })
    }

    /// Another office, with a code and keys of its own.
    pub(crate) fn neighbour() -> Self {
        Self::made(&NewOffice { code: "999.02".into(), ..new_office() }, Self { seed: 9, ..Self::bare() })
    }

    fn made(new: &NewOffice, desk: Self) -> Self {
        match Office::create(&desk.home, new, None, desk.ambient()) {
            // It is made by then, and opened last: whose lock that is `writer` says.
            Err(failure) if failure.code == "home-locked" => {}
            made => drop(made.expect("an office is made")),
        }
        desk
    }

    /// The same office, in a folder of its own.
    pub(crate) fn copy(&self) -> Self {
        let other = Self { opened: AtomicU64::new(1000), now: self.now, ..Self::bare() };
        copy_folder(&self.home, &other.home);
        copy_folder(&self.out, &other.out);
        other
    }

    /// The clock stands at `now`; each opening has a seed of its own.
    pub(crate) fn ambient(&self) -> Ambient {
        let mut seed = [self.seed; 32];
        seed[..8].copy_from_slice(&self.opened.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Ambient {
            clock: Box::new(FixedClock(self.now)),
            entropy: Box::new(SeededEntropy::new(seed)),
            passphrase: None,
            anchor: None,
        }
    }

    pub(crate) fn open(&self, mode: Mode) -> Result<Office, Failure> {
        Office::open(&self.home, self.ambient(), mode)
    }

    pub(crate) fn reader(&self) -> Office {
        self.open(Mode::Read).expect("a reader opens")
    }

    /// A program that another test starts holds this one's lock, too, from its fork to its exec: the lock is asked for again.
    pub(crate) fn writer(&self) -> Office {
        let mut opened = self.open(Mode::Write);
        for _ in 0..10_000 {
            if !matches!(&opened, Err(failure) if failure.code == "home-locked") {
                break;
            }
            std::thread::yield_now();
            opened = self.open(Mode::Write);
        }
        opened.expect("a writer opens")
    }

    pub(crate) fn scan(&self, name: &str, mark: u32) -> PathBuf {
        let path = self.folder.path().join(name);
        draw(&path, mark);
        path
    }

    pub(crate) fn request(&self) -> Request {
        request(&self.out)
    }

    /// One batch in an office that is opened for it.
    pub(crate) fn certify(&self, files: &[PathBuf], request: &Request) -> Vec<Outcome> {
        batch(&self.writer(), files, request)
    }

    /// One document that must become a copy.
    pub(crate) fn one(&self, name: &str, mark: u32) -> Certified {
        let file = self.scan(name, mark);
        certified(self.certify(&[file], &self.request()).remove(0))
    }

    pub(crate) fn check(&self) -> audit::Audit {
        audit::check(&self.home, &self.ambient()).expect("the home can be checked")
    }

    /// Verifies a copy with the status that the home knows.
    pub(crate) fn verify(&self, copy: &Path) -> Report {
        let office = self.reader();
        let bytes = fs::read(copy).expect("the copy can be read");
        let options = Options { now: self.now, status: Some(&office) };
        verify::verify(&bytes, &office.trust().expect("there is a trust list"), &options)
            .expect("it is a copy")
    }

    /// Changes the database behind the office's back.
    pub(crate) fn sql(&self, statement: &str, bytes: Option<Vec<u8>>) {
        self.database(async |connection| {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()));
            if let Some(bytes) = bytes {
                query = query.bind(bytes);
            }
            let done = query.execute(connection).await.expect("the statement runs");
            assert!(done.rows_affected() > 0, "{statement} changed nothing");
        });
    }

    /// Changes how the database is made.
    pub(crate) fn sql_now(&self, statement: &str) {
        self.database(async |connection| {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
                .execute(connection)
                .await
                .expect("the statement runs");
        });
    }

    /// One value of the database.
    pub(crate) fn bytes(&self, select: &str) -> Vec<u8> {
        self.database(async |connection| {
            sqlx::query_scalar::<_, Vec<u8>>(sqlx::AssertSqlSafe(select.to_owned()))
                .fetch_one(connection)
                .await
                .expect("there is such a value")
        })
    }

    fn database<T>(&self, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
        let options = SqliteConnectOptions::new().filename(self.home.join("saoy.db")).foreign_keys(false);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut connection = SqliteConnection::connect_with(&options).await.expect("the database opens");
            let answer = work(&mut connection).await;
            connection.close().await.expect("it closes");
            answer
        })
    }
}

pub(crate) fn batch(office: &Office, files: &[PathBuf], request: &Request) -> Vec<Outcome> {
    batch_with(office, &fake_engines(), files, request, &AtomicBool::new(false), &|_| {})
        .expect("the batch runs")
}

pub(crate) fn batch_with(
    office: &Office,
    engines: &EnginePool,
    files: &[PathBuf],
    request: &Request,
    cancelled: &AtomicBool,
    watch: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Vec<Outcome>, Failure> {
    let tools = Tools { forms: forms(), acts: acts(), fonts: fonts(), engines };
    pipeline::certify(office, &tools, files, request, cancelled, watch)
}

pub(crate) fn finish(office: &Office) -> Vec<(u64, Result<Option<PathBuf>, Failure>)> {
    pipeline::finish_pending(office, acts(), fonts(), &Limits::default()).expect("the jobs can be read")
}

pub(crate) fn certified(outcome: Outcome) -> Certified {
    match outcome {
        Outcome::Certified(done) => done,
        Outcome::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

/// The code with which a document was refused.
pub(crate) fn refused(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Refused(refused) => refused.error.code,
        Outcome::Certified(done) => panic!("certified: {done:?}"),
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    // SQLite takes its journal away when the last connection closes, which a thread of its own may do just now: then the copy would be
    // of two moments, and is made again.
    while let Err(error) = try_copy_folder(from, to) {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
        fs::remove_dir_all(to).expect("the half copy can be removed");
    }
}

fn try_copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to).expect("the folder can be made");
    for entry in fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("it can be read");
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            try_copy_folder(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

/// The names in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
