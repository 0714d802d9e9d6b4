//! An office: its home on disk, its keys, its book, its registry.
//!
//! In comes a folder, out goes an [`Office`] that can issue, or a reason why it may not: a restored backup, another writer, keys
//! that do not open. Not its business: what happens to a document, which `pipeline` says.
//!
//! ```text
//! DIR/office.json   who the office is                    DIR/keys/      private keys, certificates
//! DIR/trust.json    what others need to verify (public)  DIR/saoy.db    entries, book, jobs
//! DIR/anchor.json   what no restored backup may undo     DIR/blobs/     sealed scans and copies
//! ```

pub mod audit;
pub mod book;
mod entries;
mod log;
mod rotation;
mod sequencer;
mod status;
mod witness;

pub use entries::Imported;
pub use log::Submission;
pub use sequencer::Sequencer;
pub use witness::Cosigned;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use unicode_normalization::UnicodeNormalization;

use crate::ambient::{Clock, Entropy, vietnam_year};
use crate::error::Failure;
use crate::keys::{Brought, OfficeKeys, OfficeProfile};
use crate::record::{Act, Digest, OfficeName, Officer, Record, Role};
use crate::registry::log::Registry;
use crate::registry::note::{NoteSigner, NoteVerifier};
use crate::signature::{Algorithm, chain};
use crate::store::{
    Anchor, Job, Key, LogDb, Mode, Store, StoreError, anchor_path, database, file_identity, folder_of,
    replace_durably, sync_folder_of,
};
use crate::verify::trust::{self, IndexRange, LogKey, SealKey, TrustList};
use crate::{certify, registry, seal};

/// The name of a released copy among a document's sealed files.
pub(crate) const COPY: &str = "copy.pdf";

/// The longest address for verification, in bytes: it stands in the QR code.
const LONGEST_URL: usize = 72;

/// How long a trust list made by `saoy init` is good for.
const TRUST_YEARS: i64 = 5;

/// What `office.json` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeConfig {
    /// The version of this file.
    pub version: u32,
    /// The office.
    pub office: OfficeName,
    /// The officer whose certificate lies in `keys/`; without one, copies are marked THỬ NGHIỆM.
    pub officer: Option<Officer>,
    /// Where people verify: the QR code's address.
    pub verify_url: Option<String>,
    /// The certification book's symbol, as on its cover.
    pub book_symbol: String,
    /// The first number of the book of `first_year`: an office may come from paper in the middle of a year.
    pub first_number: u64,
    /// The year in which the office was made; the books of later years begin at 1.
    pub first_year: u16,
    /// The origin of the office's log.
    pub log_origin: String,
}

/// What `saoy init` is told.
#[derive(Clone, Debug)]
pub struct NewOffice {
    /// Name as printed.
    pub name: String,
    /// Code.
    pub code: String,
    /// The officer, if there is one.
    pub officer: Option<Officer>,
    /// Where people verify.
    pub verify_url: Option<String>,
    /// The book's symbol.
    pub book_symbol: String,
    /// The first number.
    pub first_number: u64,
    /// The algorithm of the certificates.
    pub algorithm: Algorithm,
}

impl NewOffice {
    /// The names as a record takes them: some keyboards and terminals give letters and marks apart.
    fn in_nfc(&self) -> Self {
        let nfc = |text: &str| text.nfc().collect::<String>();
        let officer = self.officer.as_ref();
        Self {
            name: nfc(&self.name),
            officer: officer.map(|o| Officer { name: nfc(&o.name), title: nfc(&o.title) }),
            book_symbol: nfc(&self.book_symbol),
            ..self.clone()
        }
    }
}

/// An office that is open.
pub struct Office {
    /// Its folder.
    pub home: PathBuf,
    /// Who it is.
    pub config: OfficeConfig,
    /// Its keys.
    pub keys: OfficeKeys,
    /// Its data.
    pub store: Store,
    /// Its log.
    pub registry: Registry,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Randomness.
    pub entropy: Box<dyn Entropy>,
    anchor: PathBuf,
    /// Whether the witnesses were asked since it was opened.
    asked: AtomicBool,
    /// Whether the database may be a restored backup: then a witness has to answer before anything is signed.
    doubt: AtomicBool,
    /// For a reader: what the anchor knows and the database has forgotten.
    behind: Option<String>,
    /// For a writer: whether the database is another file than the one that the anchor remembers.
    moved: bool,
}

/// What is handed in to open an office.
pub struct Ambient {
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Randomness.
    pub entropy: Box<dyn Entropy>,
    /// The passphrase of the key files.
    pub passphrase: Option<Vec<u8>>,
    /// Where the anchor lies, if not in the home.
    pub anchor: Option<PathBuf>,
}

impl Ambient {
    /// The machine's clock and generator, passphrase and anchor from `SAOY_PASSPHRASE_FILE` and `SAOY_ANCHOR`.
    ///
    /// # Errors
    /// A passphrase file that cannot be read or is empty.
    pub fn system() -> Result<Self, Failure> {
        let passphrase =
            std::env::var_os("SAOY_PASSPHRASE_FILE").map(|path| read_passphrase(Path::new(&path)));
        Ok(Self {
            clock: Box::new(crate::ambient::SystemClock),
            entropy: Box::new(crate::ambient::SystemEntropy),
            passphrase: passphrase.transpose()?,
            anchor: Self::system_anchor(),
        })
    }

    /// Where `SAOY_ANCHOR` puts the anchor.
    pub fn system_anchor() -> Option<PathBuf> {
        std::env::var_os("SAOY_ANCHOR").map(PathBuf::from)
    }
}

/// Opens the log of a home alone, for which no key is needed: to publish it.
///
/// # Errors
/// No office there; `registry-behind` where the anchor knows more than the database, so that no old state is published again.
pub fn open_log(home: &Path, anchor: Option<&Path>) -> Result<LogDb, Failure> {
    // Read first: what another process issues meanwhile is in the database before it is in the anchor.
    let path = home.join("office.json");
    if !path.exists() {
        return Err(StoreError::NoHome { path }.into());
    }
    let config: OfficeConfig = read_json(&path)?;
    let anchor = read_anchor(&anchor_path(home, anchor), &config)?;
    let log = LogDb::open(home)?;
    let Some(anchor) = anchor else { return Ok(log) };
    // The numbers are the book's, which is not published.
    let anchor = Anchor { numbers: Vec::new(), ..anchor };
    let entries = log.last_checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
    match anchor.ahead_of(entries, log.checkpoint(anchor.size)?.map(|checkpoint| checkpoint.root), &[]) {
        None => Ok(log),
        Some(lost) => Err(behind(&lost)),
    }
}

/// The database has forgotten what the office signed.
fn behind(lost: &str) -> Failure {
    Failure::new(
        "registry-behind",
        format!("the database is behind what this office has signed: {lost}"),
        "this looks like a restored backup: bring back the newest database; nothing was issued",
    )
}

impl Office {
    /// Makes an office: keys, certificates, empty book and registry, `trust.json`.
    ///
    /// # Errors
    /// A home that exists, a name or code that cannot be printed, the file system's. What was made of a home that failed is
    /// removed again.
    pub fn create(
        home: &Path,
        new: &NewOffice,
        brought: Option<&Brought<'_>>,
        ambient: Ambient,
    ) -> Result<Self, Failure> {
        let new = &new.in_nfc();
        check_names(new)?;
        let io = |source| Failure::from(StoreError::Io { path: home.to_owned(), source });
        if home.exists() && std::fs::read_dir(home).map_err(io)?.next().is_some() {
            return Err(Failure::new(
                "home-exists",
                format!("{} is not empty", home.display()),
                "choose a new folder; an office is never overwritten",
            ));
        }
        if let Some(path) = &ambient.anchor
            && Anchor::read(path)?.is_some_and(|anchor| !anchor.is_empty())
        {
            return Err(Failure::new(
                "anchor-exists",
                format!("{} is the anchor of an office that issues", path.display()),
                "let SAOY_ANCHOR name another file for the new office",
            ));
        }
        // Made beside its place and renamed: a home is there whole or not at all.
        let parent = folder_of(home);
        std::fs::create_dir_all(parent).map_err(io)?;
        let making = tempfile::Builder::new().prefix(".saoy-init-").tempdir_in(parent).map_err(io)?;
        restrict(making.path()).map_err(io)?;
        Self::create_in(making.path(), new, brought, &ambient)?;
        let made = making.keep();
        std::fs::rename(&made, home).map_err(|source| {
            let _ = std::fs::remove_dir_all(&made);
            io(source)
        })?;
        sync_folder_of(home).map_err(io)?;
        Self::open(home, ambient, Mode::Write)
    }

    fn create_in(
        home: &Path,
        new: &NewOffice,
        brought: Option<&Brought<'_>>,
        ambient: &Ambient,
    ) -> Result<(), Failure> {
        let profile = OfficeProfile {
            name: new.name.clone(),
            code: new.code.clone(),
            officer: new.officer.clone(),
            algorithm: new.algorithm,
        };
        let (folder, passphrase) = (home.join("keys"), ambient.passphrase.as_deref());
        let (clock, entropy) = (ambient.clock.as_ref(), ambient.entropy.as_ref());
        let keys = match brought {
            Some(brought) => OfficeKeys::import(&folder, brought, clock, entropy, passphrase)?,
            None => OfficeKeys::create(&folder, &profile, clock, entropy, passphrase)?,
        };
        let host = new.verify_url.as_deref().map(seal::check_verify_url).transpose()?;
        let config = OfficeConfig {
            version: 1,
            office: OfficeName { code: new.code.clone(), name: new.name.clone() },
            officer: new.officer.clone(),
            verify_url: new.verify_url.clone(),
            book_symbol: new.book_symbol.clone(),
            first_number: new.first_number,
            first_year: vietnam_year(clock.now()),
            log_origin: registry::origin(&new.code, host),
        };
        Store::create(home, Key::new(*keys.vault_key()))?;
        let anchor = Anchor::of(&config.log_origin, None, &[]).of_database(Some(database_of(home)?));
        anchor.write(&anchor_path(home, ambient.anchor.as_deref()))?;
        write_json(&home.join("office.json"), &config)?;
        let trust = trust_list(&config, &keys, clock.now())?;
        write(&home.join("trust.json"), trust.to_json().as_bytes())
    }

    /// Opens an office's home. A writer is refused where the anchor knows more than the database: a restored backup.
    ///
    /// # Errors
    /// No office there, wrong passphrase, locked by another writer, a broken registry, a database behind its anchor.
    pub fn open(home: &Path, ambient: Ambient, mode: Mode) -> Result<Self, Failure> {
        if mode == Mode::Read {
            return Self::open_to_read(home, ambient);
        }
        let parts = Parts::open(home, &ambient, mode)?.finish_rotation(&ambient)?;
        let mut office = parts.into_office(ambient)?;
        office.moved = office.refuse_restored_backup()?;
        office.anchor()?;
        Ok(office)
    }

    fn open_to_read(home: &Path, ambient: Ambient) -> Result<Self, Failure> {
        // Read first: what another process issues meanwhile is in the database before it is in the anchor.
        let anchor = Anchor::read(&anchor_path(home, ambient.anchor.as_deref()));
        let mut office = Parts::open(home, &ambient, Mode::Read)?.into_office(ambient)?;
        // One that is another office's, broken or lost is the check's and the writer's business.
        let own = anchor.ok().flatten().filter(|anchor| anchor.origin == office.config.log_origin);
        if let Some(anchor) = own {
            office.behind = office.lost(&anchor)?;
        }
        Ok(office)
    }

    /// Refuses to tell what is in a database that is behind its anchor: a restored backup does not know what was revoked since.
    ///
    /// # Errors
    /// `registry-behind`.
    pub fn refuse_forgotten(&self) -> Result<(), Failure> {
        self.behind.as_deref().map_or(Ok(()), |lost| Err(behind(lost)))
    }

    /// Whether the database was another file than the one that the anchor remembered when this writer opened it: the home was moved, or
    /// brought back from a backup together with its anchor.
    pub const fn is_moved(&self) -> bool {
        self.moved
    }

    /// What the anchor knows and the database does not.
    fn lost(&self, anchor: &Anchor) -> Result<Option<String>, Failure> {
        let there = self.store.log().checkpoint(anchor.size)?;
        Ok(anchor.ahead_of(self.registry.size(), there.map(|c| c.root), &self.store.books()?))
    }

    /// Opens a home whose anchor was lost: checks everything, then writes the anchor anew from what is there.
    ///
    /// # Errors
    /// As [`Office::open`]; `anchor-there` where there is one, which is then right and must stay; what the check finds.
    pub fn recover(home: &Path, ambient: Ambient) -> Result<Self, Failure> {
        let parts = Parts::open(home, &ambient, Mode::Write)?;
        if let Some(anchor) = parts.read_anchor()? {
            return Err(Failure::new(
                "anchor-there",
                format!("{} is there and remembers {} entries", parts.anchor.display(), anchor.size),
                "nothing is lost that recover could mend; if the database is behind, bring back the newest one",
            ));
        }
        if let Some(wrong) = audit::without_anchor(&parts)?.wrong {
            return Err(Failure::new(
                "registry-broken",
                wrong,
                "the anchor is not written over a registry that is wrong: bring back the newest backup",
            ));
        }
        let office = parts.into_office(ambient)?;
        office.doubt.store(true, Ordering::Release);
        office.ask_before_signing()?;
        office.anchor()?;
        Ok(office)
    }

    /// Refuses where something outside the database knows more than it; says whether the database is another file than before.
    fn refuse_restored_backup(&self) -> Result<bool, Failure> {
        let Some(anchor) = read_anchor(&self.anchor, &self.config)? else {
            return Err(Failure::new(
                "anchor-missing",
                format!(
                    "{} is missing: nothing outside the database says how far it had come",
                    self.anchor.display()
                ),
                "bring the file back; if it is lost for good, compare the last number with the copies handed out last, then run \
                 `saoy registry recover --home DIR`",
            ));
        };
        let other = anchor.database != Some(database_of(&self.home)?);
        // Where there is nobody to ask, nothing is gained by doubting.
        if other && self.has_witnesses() {
            self.doubt.store(true, Ordering::Release);
        }
        match self.lost(&anchor)? {
            None => Ok(other && anchor.database.is_some()),
            Some(lost) => Err(behind(&lost)),
        }
    }

    /// Remembers the highest checkpoint and the last numbers outside the database.
    ///
    /// # Errors
    /// The file system's.
    pub fn anchor(&self) -> Result<(), Failure> {
        let checkpoint = self.store.log().last_checkpoint()?;
        let anchor = Anchor::of(&self.config.log_origin, checkpoint.as_ref(), &self.store.books()?);
        let database = match self.doubt.load(Ordering::Acquire) {
            true => None,
            false => Some(database_of(&self.home)?),
        };
        let anchor = anchor.of_database(database);
        match Anchor::read(&self.anchor) {
            Ok(Some(there)) if there == anchor => Ok(()),
            _ => Ok(anchor.write(&self.anchor)?),
        }
    }

    /// Whether certifications of this office are marked THỬ NGHIỆM.
    pub fn is_trial(&self) -> bool {
        self.keys.signer(Role::Officer).is_none()
    }

    /// The symbol of an act's book: the office's own for certifications.
    pub(crate) fn book_symbol<'a>(&'a self, act: &'a certify::Act) -> &'a str {
        if act.id == Act::Certification { &self.config.book_symbol } else { &act.book }
    }

    /// The name that stands in a signature.
    pub(crate) fn signer_name(&self, role: Role) -> &str {
        match (role, &self.config.officer) {
            (Role::Officer, Some(officer)) => &officer.name,
            _ => &self.config.office.name,
        }
    }

    /// Refuses to sign with a certificate that is not valid now.
    pub(crate) fn refuse_expired(&self, role: Role, now: OffsetDateTime) -> Result<(), Failure> {
        use crate::signature::Signer;
        let Some(signer) = self.keys.signer(role) else { return Ok(()) };
        let (leaf, between) = signer.certificates().split_first().expect("a signer has a certificate");
        chain::verify(leaf, between, self.keys.root_certificate().der(), now).map(|_| ()).map_err(|error| {
            Failure::new(
                "certificate",
                format!("the certificate for {role:?} cannot be used: {error}"),
                "renew it; nothing was issued",
            )
        })
    }

    /// The record of a job, with its bytes.
    pub(crate) fn record(&self, job: &Job) -> Result<(Record, Vec<u8>), Failure> {
        let key = self.store.document_key(job)?;
        let bytes = key.open(&record_context(&job.folder), &job.record)?;
        Ok((Record::parse(&bytes)?, bytes))
    }

    /// The public trust list of this home.
    ///
    /// # Errors
    /// A file that cannot be read or is no trust list.
    pub fn trust(&self) -> Result<TrustList, Failure> {
        read_trust(&self.home)
    }
}

/// The public trust list of a home.
fn read_trust(home: &Path) -> Result<TrustList, Failure> {
    let path = home.join("trust.json");
    let bytes = std::fs::read(&path).map_err(|source| StoreError::Io { path, source })?;
    Ok(TrustList::parse(&bytes)?)
}

/// A home as far as it can be opened without judging its registry.
pub(crate) struct Parts {
    home: PathBuf,
    config: OfficeConfig,
    keys: OfficeKeys,
    store: Store,
    anchor: PathBuf,
}

impl Parts {
    fn read_anchor(&self) -> Result<Option<Anchor>, StoreError> {
        read_anchor(&self.anchor, &self.config)
    }

    fn open(home: &Path, ambient: &Ambient, mode: Mode) -> Result<Self, Failure> {
        let path = home.join("office.json");
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => return Err(StoreError::NoHome { path }.into()),
            Err(source) => return Err(StoreError::Io { path, source }.into()),
        }
        let config: OfficeConfig = read_json(&home.join("office.json"))?;
        let keys = OfficeKeys::open(&home.join("keys"), ambient.passphrase.as_deref())?;
        let store = Store::open(home, Key::new(*keys.vault_key()), mode)?;
        let anchor = anchor_path(home, ambient.anchor.as_deref());
        Ok(Self { home: home.to_owned(), config, keys, store, anchor })
    }

    fn into_office(self, ambient: Ambient) -> Result<Office, Failure> {
        let Self { home, config, keys, store, anchor } = self;
        let log_key = NoteSigner::new(&config.log_origin, keys.log_key().clone())?;
        let key_id = seal::key_id(&keys.seal_key().verifying_key());
        // Entries and checkpoint of one moment: another process may be issuing.
        let moment = store.log().moment()?;
        let state = store.log().state()?;
        drop(moment);
        let registry = Registry::load(log_key, key_id, state)?;
        let Ambient { clock, entropy, .. } = ambient;
        let (asked, doubt) = (AtomicBool::new(false), AtomicBool::new(false));
        let (behind, moved) = (None, false);
        Ok(Office {
            home,
            config,
            keys,
            store,
            registry,
            clock,
            entropy,
            anchor,
            asked,
            doubt,
            behind,
            moved,
        })
    }
}

/// Which file the database of a home is.
fn database_of(home: &Path) -> Result<String, StoreError> {
    let path = database(home);
    file_identity(&path).map_err(|source| StoreError::Io { path, source })
}

/// The anchor, which must be this office's own.
fn read_anchor(path: &Path, config: &OfficeConfig) -> Result<Option<Anchor>, StoreError> {
    match Anchor::read(path)? {
        Some(anchor) if anchor.origin != config.log_origin => Err(StoreError::OtherAnchor {
            path: path.to_owned(),
            found: anchor.origin,
            expected: config.log_origin.clone(),
        }),
        anchor => Ok(anchor),
    }
}

/// The public trust list of one office.
fn trust_list(config: &OfficeConfig, keys: &OfficeKeys, now: OffsetDateTime) -> Result<TrustList, Failure> {
    let valid = IndexRange { from: 0, until: None };
    let log_key = NoteVerifier::new(&config.log_origin, keys.log_key().verifying_key())?;
    let office = trust::Office {
        code: config.office.code.clone(),
        name: config.office.name.clone(),
        root: keys.root_certificate().clone(),
        seal_keys: vec![SealKey { key: keys.seal_key().verifying_key(), valid }],
        log: trust::Log {
            origin: config.log_origin.clone(),
            keys: vec![LogKey { key: log_key, valid }],
            url: None,
        },
    };
    Ok(TrustList::new(1, now + Duration::days(TRUST_YEARS * 365), vec![office])?.issued_at(now)?)
}

/// What R is sealed for in the database.
pub(crate) fn record_context(folder: &str) -> String {
    format!("{folder}/record.json")
}

fn check_names(new: &NewOffice) -> Result<(), Failure> {
    let texts =
        [("--name", Some(&new.name)), ("--code", Some(&new.code)), ("--book-symbol", Some(&new.book_symbol))];
    let fonts = certify::Fonts::find()?;
    let officer = new.officer.as_ref();
    let more = [("--officer", officer.map(|o| &o.name)), ("--title", officer.map(|o| &o.title))];
    for (option, text) in texts.into_iter().chain(more).filter_map(|(o, t)| Some((o, t?))) {
        // Marks that turn the direction of writing would make a name read as another.
        let hidden = |c: char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        };
        if text.trim() != text || text.is_empty() || text.chars().any(hidden) || text.chars().count() > 200 {
            return Err(Failure::new(
                "bad-name",
                format!(
                    "{option} is empty, too long, begins or ends with a space, or has control characters"
                ),
                "give the name as it is printed, at most 200 characters",
            ));
        }
        fonts.check(text).map_err(|error| {
            Failure::new(
                "bad-name",
                format!("{option} cannot be printed on a copy: {error}"),
                "write it with letters, digits and ordinary marks",
            )
        })?;
    }
    let code_ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !new.code.chars().all(code_ok) || new.code.len() > 32 {
        return Err(Failure::new(
            "bad-code",
            format!(
                "--code {:?} has other characters than letters, digits, '.', '-' and '_', or more than 32",
                new.code
            ),
            "give the office's code as in QĐ 20/2020/QĐ-TTg: H99.01",
        ));
    }
    let url_ok = |url: &String| url.len() <= LONGEST_URL && seal::check_verify_url(url).is_ok();
    if !new.verify_url.as_ref().is_none_or(url_ok) {
        return Err(Failure::new(
            "bad-url",
            "--verify-url is not an https address of host and path, or has more than 72 characters",
            "give the address where people verify: https://xacminh.example.vn",
        ));
    }
    let acts = certify::Acts::builtin()?;
    let taken = acts.all().iter().find(|act| act.id != Act::Certification && act.book == new.book_symbol);
    if let Some(act) = taken {
        return Err(Failure::new(
            "bad-symbol",
            format!("--book-symbol {:?} is the symbol of another book: {}", new.book_symbol, act.name),
            "give the symbol on the certification book's cover: SCT/BS",
        ));
    }
    if new.first_number == 0 || new.first_number > 1_000_000_000 {
        return Err(Failure::new(
            "bad-number",
            format!("--first-number is {}", new.first_number),
            "the first number of a book is at least 1 and at most 1000000000",
        ));
    }
    Ok(())
}

fn read_passphrase(path: &Path) -> Result<Vec<u8>, Failure> {
    let advice = "SAOY_PASSPHRASE_FILE names a file whose first line is the passphrase";
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::new("passphrase-file", format!("{}: {e}", path.display()), advice))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.as_bytes().to_vec()),
        _ => Err(Failure::new(
            "passphrase-file",
            format!("{} has an empty first line", path.display()),
            advice,
        )),
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let advice = "bring the file back from where the office was made";
    let bytes = std::fs::read(path).map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Failure::new("unreadable", format!("{}: {e}", path.display()), advice))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("the office's files are plain data");
    bytes.push(b'\n');
    write(path, &bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    replace_durably(path, bytes).map_err(|source| StoreError::Io { path: path.to_owned(), source }.into())
}

/// Only the office's own user may look into a home.
#[cfg(unix)]
fn restrict(home: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// What a job is known by: the act and the pages, wherever the files lie.
pub(crate) fn job_key(act: crate::record::Act, sources: &[(Digest, u32)]) -> Digest {
    let act = serde_json::to_vec(&act).expect("an act has a name");
    let mut parts: Vec<Vec<u8>> = vec![b"saoy/job/v1".to_vec(), act];
    parts.extend(sources.iter().map(|(scan, page)| [scan.0.as_slice(), &page.to_be_bytes()].concat()));
    Digest::of_parts(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}
