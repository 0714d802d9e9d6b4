//! `saoy trust`: lists of offices, made, joined, signed, looked at and pinned.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::{Outcome, output};
use crate::error::Failure;
use crate::keys::{NoteKey, PrivateKey, load_key};
use crate::office::Ambient;
use crate::registry::note::{NoteSigner, NoteVerifier};
use crate::store::{Pins, replace_durably};
use crate::verify::trust::{SignedList, TrustList};

/// Make, sign and pin lists of the offices whose copies are trusted
#[derive(Debug, Subcommand)]
pub(super) enum Trust {
    Key(Key),
    #[command(visible_alias = "merge")]
    Make(Make),
    Sign(Sign),
    Show(Show),
    Pin(Pin),
}

/// Make the root key that signs lists; print its public half, which verifiers are told out of band
#[derive(Debug, Args)]
pub(super) struct Key {
    /// The root's name: the address of whoever keeps it, without https://
    #[arg(long)]
    name: String,
    /// The new key file (PKCS#8 PEM; encrypted where SAOY_PASSPHRASE_FILE names a file)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// One list of the offices of many homes and lists; later ones may add keys and end them, not take them back
#[derive(Debug, Args)]
pub(super) struct Make {
    /// Where to write it; a list that is there is followed: its offices stay, its sequence rises by one
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Its sequence, instead of one more than that of the list before
    #[arg(long, value_name = "N")]
    sequence: Option<u64>,
    /// For how many days it may be relied on
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..))]
    days: u16,
    /// Offices' homes, or trust lists that are not signed
    #[arg(required = true, value_name = "DIR|FILE")]
    places: Vec<PathBuf>,
}

/// Sign a list with the root's key (C2SP signed-note)
#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The root's key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The root's name, as its public key says it
    #[arg(long)]
    name: String,
    /// Where to write the signed list; one that is there must be older
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The list
    #[arg(value_name = "LIST")]
    list: PathBuf,
}

/// Show a list: sequence, expiry, offices, keys and their ranges. Nothing of it is trusted by that
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Check its signature by this root too, instead of the pinned one
    #[arg(long, value_name = "KEY")]
    root: Option<NoteVerifier>,
    /// The list, signed or not; without one, the pinned list
    #[arg(value_name = "LIST")]
    list: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Pin a signed list: `saoy verify` takes it where no other is named, and older ones are refused from then on
#[derive(Debug, Args)]
pub(super) struct Pin {
    /// The root's public key as you were told it out of band; needed the first time
    #[arg(long, value_name = "KEY")]
    root: Option<NoteVerifier>,
    /// The signed list
    #[arg(value_name = "LIST")]
    list: PathBuf,
}

impl Trust {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Key(command) => command.run(),
            Self::Make(command) => command.run(),
            Self::Sign(command) => command.run(),
            Self::Show(command) => command.run(),
            Self::Pin(command) => command.run(),
        }
    }
}

impl Key {
    fn run(self) -> Outcome {
        let ambient = Ambient::system()?;
        let (pass, entropy) = (ambient.passphrase.as_deref(), ambient.entropy.as_ref());
        let key = NoteKey::create(&self.out, pass, entropy)?;
        output::line(&NoteSigner::new(&self.name, key.0)?.verifier().to_string());
        if pass.is_none() {
            output::note(&format!(
                "{} is not encrypted; set SAOY_PASSPHRASE_FILE, or keep it where nobody else reads",
                self.out.display()
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Make {
    fn run(self) -> Outcome {
        let before = self.out.exists().then(|| unsigned(&self.out)).transpose()?;
        let next = before.as_ref().map_or(1, |list| list.sequence() + 1);
        let sequence = self.sequence.unwrap_or(next);
        if sequence < next {
            return Err(Failure::new(
                "trust-older",
                format!("{} has sequence {}, and {sequence} is not above it", self.out.display(), next - 1),
                "Leave --sequence out, or give one that is higher: verifiers refuse a list that is not newer.",
            ));
        }
        let mut lists: Vec<TrustList> = before.into_iter().collect();
        for place in &self.places {
            lists.push(unsigned(&if place.is_dir() { place.join("trust.json") } else { place.clone() })?);
        }
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).expect("0 is a nanosecond");
        let list =
            TrustList::merge(sequence, now + Duration::days(self.days.into()), lists)?.issued_at(now)?;
        write(&self.out, list.to_json().as_bytes())?;
        output::line(&summary(&list));
        Ok(ExitCode::SUCCESS)
    }
}

impl Sign {
    fn run(self) -> Outcome {
        let ambient = Ambient::system()?;
        let key = match load_key(&self.key, ambient.passphrase.as_deref())?.0 {
            PrivateKey::Ed25519(key) => key,
            PrivateKey::EcdsaP256(_) => {
                return Err(Failure::new(
                    "trust-key",
                    format!("{} is not an Ed25519 key", self.key.display()),
                    "Make the root's key with saoy trust key.",
                ));
            }
        };
        let root = NoteSigner::new(&self.name, key)?;
        let signed = SignedList::sign(unsigned(&self.list)?, &root)?;
        if self.out.exists() {
            signed.follows(&SignedList::open(&read(&self.out)?, root.verifier())?)?;
        }
        write(&self.out, signed.note().to_string().as_bytes())?;
        output::line(&format!("{}, signed by {}", summary(signed.list()), root.verifier()));
        Ok(ExitCode::SUCCESS)
    }
}

impl Show {
    fn run(self) -> Outcome {
        let pins = pins()?;
        let root = self.root.clone().map_or_else(|| pins.root(), |root| Ok(Some(root)))?;
        let (list, signature) = match &self.list {
            None => {
                let list = pins.list()?.ok_or_else(|| {
                    Failure::new(
                        "no-trust",
                        format!("no trust list is pinned in {}", pins.dir().display()),
                        "name a list, or pin one: saoy trust pin --root KEY FILE",
                    )
                })?;
                (list.list().clone(), "pinned")
            }
            Some(path) => {
                let bytes = read(path)?;
                match (SignedList::is_signed(&bytes), &root) {
                    (true, Some(root)) => (SignedList::open(&bytes, root)?.list().clone(), "good"),
                    (true, None) => (pins.open(&bytes)?.list().clone(), "good"),
                    (false, _) => (TrustList::parse(&bytes)?, "none"),
                }
            }
        };
        if self.json {
            let mut value: serde_json::Value =
                serde_json::from_str(&list.to_json()).expect("a list writes JSON");
            let root = (signature != "none").then(|| root.map(|root| root.to_string())).flatten();
            value["signature"] = json!({"state": signature, "root": root});
            output::json(&value);
            return Ok(ExitCode::SUCCESS);
        }
        output::line(&summary(&list));
        match (signature, &root) {
            ("none", _) | (_, None) => output::line("signature: none; whoever handed it over is believed"),
            (_, Some(root)) => output::line(&format!("signature: {signature}, by {root}")),
        }
        for office in list.offices() {
            output::line(&format!("{}  {}", office.code, office.name));
            for key in &office.seal_keys {
                let id = data_encoding::HEXLOWER.encode(&crate::seal::key_id(&key.key));
                output::line(&format!("    seal {id}  {}", range(key.valid)));
            }
            for key in &office.log.keys {
                output::line(&format!("    log  {}  {}", key.key, range(key.valid)));
            }
            if let Some(url) = &office.log.url {
                output::line(&format!("    published at {url}"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Pin {
    fn run(self) -> Outcome {
        let pins = pins()?;
        let bytes = read(&self.list)?;
        no_pdf(&self.list, &bytes)?;
        if !SignedList::is_signed(&bytes) {
            return Err(Failure::new(
                "trust-unsigned",
                "the list is not signed",
                "Have it signed by whoever keeps the root (saoy trust sign); an unsigned one is named with --trust each time.",
            )
            .named(&self.list));
        }
        let root = self.root.clone().map_or_else(|| pins.root(), |root| Ok(Some(root)))?;
        // What is not the root's is refused below, however old it is.
        let offered = root.and_then(|root| SignedList::open(&bytes, &root).ok());
        let expired = offered.map(|list| list.list().expires()).filter(|at| *at < OffsetDateTime::now_utc());
        if let Some(at) = expired {
            let at = at.format(&Rfc3339).expect("years of four digits have this form");
            return Err(Failure::new(
                "trust-expired",
                format!("the list expired at {at}, and nothing could be concluded from it"),
                "Fetch the newest list from where it is published; if it is the newest, check this machine's clock, or ask whoever keeps the root.",
            ));
        }
        let list = pins.pin(self.root.as_ref(), &bytes)?;
        output::line(&format!("{}, pinned in {}", summary(list.list()), pins.dir().display()));
        Ok(ExitCode::SUCCESS)
    }
}

/// A trust list that a person names: by itself, it is believed as it is; signed, it is believed under the pinned root only.
pub(super) fn read_trust(path: &Path) -> Result<TrustList, Failure> {
    let bytes = read(path)?;
    no_pdf(path, &bytes)?;
    let list = match SignedList::is_signed(&bytes) {
        true => pins()?.open(&bytes).map(|signed| signed.list().clone()),
        false => TrustList::parse(&bytes).map_err(Failure::from),
    };
    list.map_err(|failure| failure.named(path))
}

/// Refuses a copy that is given where a list belongs.
fn no_pdf(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if bytes.starts_with(b"%PDF-") {
        let advice = "name the office's trust.json with --trust, and the copy by itself: saoy verify --trust OFFICE/trust.json COPY.pdf";
        return Err(Failure::new("bad-trust-list", "it is a PDF, not a trust list", advice)
            .in_vietnamese(
                "đây là tệp PDF, không phải danh sách tin cậy",
                "nêu trust.json của cơ quan sau --trust, còn bản sao thì để riêng: saoy verify --trust CƠ_QUAN/trust.json BẢN_SAO.pdf",
            )
            .named(path));
    }
    Ok(())
}

/// The pinned list, where there is one.
pub(super) fn pinned() -> Result<Option<TrustList>, Failure> {
    Ok(pins()?.list()?.map(|list| list.list().clone()))
}

/// `SAOY_TRUST`, or `saoy/trust` where a person's settings lie.
fn pins() -> Result<Pins, Failure> {
    let named = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let dir = named("SAOY_TRUST")
        .or_else(|| Some(named("XDG_CONFIG_HOME")?.join("saoy/trust")))
        .or_else(|| Some(named("HOME")?.join(".config/saoy/trust")))
        .ok_or_else(|| {
            Failure::new("pins", "nothing says where pinned trust lies", "set SAOY_TRUST to a folder")
        })?;
    Ok(Pins::new(&dir))
}

fn unsigned(path: &Path) -> Result<TrustList, Failure> {
    let bytes = read(path)?;
    no_pdf(path, &bytes)?;
    if SignedList::is_signed(&bytes) {
        return Err(Failure::new(
            "bad-trust-list",
            format!("{} is signed already", path.display()),
            "Give the list as saoy trust make wrote it, or an office's trust.json.",
        ));
    }
    Ok(TrustList::parse(&bytes)?)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure { code: "trust", ..output::unreadable(&error) }.named(path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    replace_durably(path, bytes).map_err(|error| {
        Failure::new("trust", format!("{}: {error}", path.display()), "check the folder and its permissions")
    })
}

fn summary(list: &TrustList) -> String {
    let until = list.expires().format(&Rfc3339).expect("years of four digits have this form");
    let offices = match list.offices().len() {
        1 => "1 office".to_owned(),
        many => format!("{many} offices"),
    };
    format!("trust list {}: {offices}, good until {until}", list.sequence())
}

fn range(valid: crate::verify::trust::IndexRange) -> String {
    match valid.until {
        None => format!("from entry {}", valid.from),
        Some(until) => format!("entries {} to {}", valid.from, until - 1),
    }
}
