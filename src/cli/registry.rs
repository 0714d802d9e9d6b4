//! `saoy registry`: the office's log.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::trust::read_trust;
use super::{Home, Outcome, open_to_write, output};
use crate::error::Failure;
use crate::office::{Ambient, Office, audit, book, open_log};
use crate::pipeline;
use crate::record::Digest;
use crate::registry::Checkpoint;
use crate::registry::check::{self, LogAudit, Place};
use crate::registry::entry::{KeyRole, RevokeCause, VoidCause};
use crate::registry::note::Note;
use crate::registry::proof::Proof;
use crate::registry::status;
use crate::registry::tiles::CHECKPOINT_PATH;
use crate::registry::witness::AddCheckpoint;
use crate::remote::{HttpPlace, WitnessClient};
use crate::server;
use crate::store::{LogBucket, LogFolder, Mode, StoreError};

/// How long another server has for an answer.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(30);

/// The office's append-only log
#[derive(Debug, Subcommand)]
pub(super) enum Registry {
    /// Re-derive everything from the entries; name the first thing that is wrong (exit 1)
    Check {
        /// The office's folder, with everything in it
        #[arg(long, value_name = "DIR", env = "SAOY_HOME")]
        home: Option<PathBuf>,
        /// Check a published log at PLACE instead, believing only this trust list
        #[arg(long, value_name = "FILE", requires = "place")]
        trust: Option<PathBuf>,
        /// Where the log is published: a folder, an http address, or a bucket (s3://BUCKET/PREFIX)
        #[arg(value_name = "PLACE", requires = "trust")]
        place: Option<String>,
        /// A checkpoint of the log that was kept from before: check also that nothing up to it was rewritten since
        #[arg(long, value_name = "FILE", requires = "place")]
        since: Option<PathBuf>,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the receipt of an entry: a C2SP tlog-proof
    Proof {
        #[command(flatten)]
        home: Home,
        /// The entry's index
        index: u64,
        /// Over the first checkpoint that has the cosignatures which the policy asks for
        #[arg(long)]
        witnessed: bool,
        /// Print the proof that the checkpoint of the witnessed receipt is in the national log at this address
        #[arg(long, value_name = "URL", requires = "witnessed")]
        national: Option<String>,
    },
    /// Ask the witnesses of DIR/witnesses (C2SP tlog-policy) to cosign the last checkpoint
    Witness {
        #[command(flatten)]
        home: Home,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the proof that a smaller tree begins a larger one, with the larger one's checkpoint: what a witness is sent
    Consistency {
        #[command(flatten)]
        home: Home,
        /// The size of the smaller tree
        older: u64,
        /// The size of the larger one, which must have a checkpoint (default: the last)
        newer: Option<u64>,
    },
    /// Write the log as files into a folder or a bucket: checkpoint, status, tile/… (C2SP tlog-tiles); what is there already stays
    Export {
        #[command(flatten)]
        home: Home,
        /// A folder, or s3://BUCKET/PREFIX with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL
        #[arg(long, value_name = "DIR|s3://BUCKET/PREFIX")]
        out: String,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Serve the log over HTTP, read-only; put a proxy with TLS in front of it
    Serve {
        #[command(flatten)]
        home: Home,
        /// Where to listen
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Log records that were digitised elsewhere: one line each, SHA-256(R) in hexadecimal; may be repeated
    Import {
        #[command(flatten)]
        home: Home,
        /// The file
        file: PathBuf,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say for ever that a released copy must not be relied on
    Revoke {
        #[command(flatten)]
        home: Home,
        /// Which: its number (3/2026), its entry (entry:2), or the copy's id
        #[arg(value_name = "NUMBER")]
        number: String,
        /// Why, as a code, which everybody can read in the log
        #[arg(long, value_enum)]
        cause: Cause,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Destroy what the office keeps of a document: key, record, scans, copy. The entry and the book's line stay; no revocation
    Erase {
        #[command(flatten)]
        home: Home,
        /// Which: its number (3/2026), its entry (entry:2), or the copy's id
        #[arg(value_name = "NUMBER")]
        number: String,
        /// It cannot be undone: say that it is meant
        #[arg(long, required = true)]
        for_ever: bool,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say that a copy of a newer version of the paper was issued
    Supersede {
        #[command(flatten)]
        home: Home,
        /// The older copy
        #[arg(value_name = "NUMBER")]
        number: String,
        /// The newer one
        #[arg(long, value_name = "NUMBER")]
        by: String,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say that a copy had a mistake and a right one was issued
    Correct {
        #[command(flatten)]
        home: Home,
        /// The copy with the mistake
        #[arg(value_name = "NUMBER")]
        number: String,
        /// The right one
        #[arg(long, value_name = "NUMBER")]
        by: String,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what the log says about a copy; or sign and publish the list of all states
    Status {
        #[command(flatten)]
        home: Home,
        /// Which copy; all that are not in force where none is named
        #[arg(value_name = "NUMBER")]
        number: Option<String>,
        /// Sign the list of all states anew, good for so many hours
        #[arg(long, value_name = "HOURS", conflicts_with = "number", value_parser = clap::value_parser!(u16).range(1..=8760))]
        publish: Option<u16>,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the office's keys with the entries for which they are good; or change one
    Keys {
        #[command(flatten)]
        home: Home,
        /// Make a new key; an entry says so, and the trust list gets its range
        #[arg(long, value_enum, value_name = "KEY")]
        rotate: Option<Key>,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Void a number: its entry stays, the book says why
    Void {
        #[command(flatten)]
        home: Home,
        /// Which: the number as the book has it (3/2026; 3/SCT/BS/2026 where two books have it), its entry (entry:2), or the copy's id
        #[arg(value_name = "NUMBER")]
        number: String,
        /// Why: failure, withdrawn or duplicate, or a few words of your own, which go into the book and not into the log
        /// (there: withdrawn)
        #[arg(long, value_name = "TEXT")]
        cause: String,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// After the anchor was lost for good: check everything, then remember the present state again
    Recover {
        #[command(flatten)]
        home: Home,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Why a copy is revoked.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Cause {
    /// The office issued it by mistake
    IssuedInError,
    /// The original was found to be forged, altered or withdrawn
    OriginalInvalid,
    /// A competent authority or a court annulled it
    Annulled,
    /// A key that sealed or signed it was in other hands
    KeyCompromise,
}

impl Cause {
    const fn code(self) -> RevokeCause {
        match self {
            Self::IssuedInError => RevokeCause::IssuedInError,
            Self::OriginalInvalid => RevokeCause::OriginalInvalid,
            Self::Annulled => RevokeCause::Annulled,
            Self::KeyCompromise => RevokeCause::KeyCompromise,
        }
    }
}

/// A key that can be changed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Key {
    /// The key that seals
    Seal,
    /// The key that signs checkpoints
    Log,
}

impl Registry {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Check { home, trust, place, since, json } => match (trust, place, home) {
                (Some(trust), Some(place), _) => check_place(&trust, &place, since.as_deref(), json),
                (_, _, Some(home)) => check_home(&home, json),
                _ => Err(Failure::new(
                    "no-place",
                    "nothing says what to check",
                    "give --home DIR, or --trust FILE and the folder or address of a published log",
                )),
            },
            Self::Proof { home, index, witnessed, national } => {
                proof(&home.home, index, witnessed, national.as_deref())
            }
            Self::Witness { home, json } => witness(&home.home, json),
            Self::Consistency { home, older, newer } => consistency(&home.home, older, newer),
            Self::Export { home, out, json } => export(&home.home, &out, json),
            Self::Serve { home, listen } => {
                let log = open_log(&home.home, Ambient::system_anchor().as_deref())?;
                let say = |address| output::note(&format!("listening on http://{address}"));
                server::serve_log(log, listen, server::until_asked_to_end(), say)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Import { home, file, json } => import(&home.home, &file, json),
            Self::Revoke { home, number, cause, json } => {
                let code = cause.code();
                end(&home.home, &number, json, |office, index| {
                    Ok((office.revoke(index, code)?, format!("revoked: {code}")))
                })
            }
            Self::Supersede { home, number, by, json } => end(&home.home, &number, json, |office, index| {
                let (newer, name) = named(office, &by)?;
                Ok((office.supersede(index, newer)?, format!("superseded by {name}")))
            }),
            Self::Correct { home, number, by, json } => end(&home.home, &number, json, |office, index| {
                let (right, name) = named(office, &by)?;
                Ok((office.correct(index, right)?, format!("corrected by {name}")))
            }),
            Self::Void { home, number, cause, json } => {
                let code = cause.parse().unwrap_or(VoidCause::Withdrawn);
                end(&home.home, &number, json, |office, index| {
                    let entry = pipeline::void(office, index, code, &cause)?;
                    Ok((entry, "void; its number stays used".to_owned()))
                })
            }
            Self::Erase { home, number, for_ever: _, json } => {
                let office = open_to_write(&home.home)?;
                let (index, name) = named(&office, &number)?;
                office.erase(index)?;
                if json {
                    output::json(&serde_json::json!({"index": index, "state": "erased"}));
                } else {
                    output::line(&format!(
                        "the document of {name} is erased; entry and line of the book stay"
                    ));
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Status { home, number, publish, json } => show_status(&home.home, number, publish, json),
            Self::Keys { home, rotate, json } => keys(&home.home, rotate, json),
            Self::Recover { home, json } => {
                let office = Office::recover(&home.home, Ambient::system()?)?;
                let size = office.registry.size();
                if json {
                    output::json(&serde_json::json!({"size": size}));
                } else {
                    output::line(&format!("the anchor remembers {size} entries again"));
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// The entry of what a person names, and how the office names it.
fn named(office: &Office, name: &str) -> Result<(u64, String), Failure> {
    let index = book::entry_of(office, name)?;
    Ok((index, book::name_of(office, index)?))
}

/// Writes the entry that ends a copy, and says in the book's words which it was.
fn end(
    home: &Path,
    number: &str,
    json: bool,
    write: impl FnOnce(&Office, u64) -> Result<(u64, String), Failure>,
) -> Outcome {
    let office = open_to_write(home)?;
    let (index, name) = named(&office, number)?;
    let (entry, what) = write(&office, index)?;
    if json {
        output::json(&State::of(index, office.store.log().state_of(index)?.as_ref()));
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&format!("{name} is {what}, says entry {entry}"));
    if let Some((list, _)) = office.store.log().status_list()? {
        output::note(&format!(
            "the published status list covers the first {list} entries and does not say so yet: sign it anew (saoy registry status \
             --publish HOURS) and export it"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn proof(home: &Path, index: u64, witnessed: bool, national: Option<&str>) -> Outcome {
    let office = Office::open(home, Ambient::system()?, Mode::Read)?;
    office.refuse_forgotten()?;
    let receipt = match witnessed {
        true => office.witnessed_receipt(index)?,
        false => pipeline::receipt(&office, index)?,
    };
    let Some(url) = national else {
        output::line(receipt.to_string().trim_end());
        return Ok(ExitCode::SUCCESS);
    };
    let Some(proof) = WitnessClient::new(url, ANSWER).logged(&receipt.checkpoint)? else {
        return Err(Failure::new(
            "not-logged",
            format!("{url} has not logged the checkpoint over entry {index}"),
            "ask it to cosign with `saoy registry witness`, then run again",
        ));
    };
    output::line(Proof::parse(&proof)?.to_string().trim_end());
    Ok(ExitCode::SUCCESS)
}

fn check_home(home: &Path, json: bool) -> Outcome {
    let audit = audit::check(home, &Ambient::system()?)?;
    say(&audit, json);
    Ok(if audit.wrong.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check_place(trust: &Path, place: &str, since: Option<&Path>, json: bool) -> Outcome {
    let trust = read_trust(trust)?;
    let since = since.map(kept_checkpoint).transpose()?;
    if trust.expires() < OffsetDateTime::now_utc() {
        return Err(Failure::new(
            "trust-expired",
            "the trust list has expired: the keys in it may not be right any more",
            "get the newest list from the office",
        ));
    }
    let at: Box<dyn Place> = match HttpPlace::is_address(place) {
        true => Box::new(HttpPlace::new(place)),
        false if LogBucket::is_address(place) => Box::new(bucket(place)?),
        false if Path::new(place).is_dir() => Box::new(LogFolder::new(Path::new(place))),
        false => {
            return Err(Failure::new(
                "no-place",
                format!("{place} is no folder"),
                "give the folder into which the log was exported, or an address that begins with http or s3",
            ));
        }
    };
    // Whose log it says it is decides only which keys it must be signed with.
    let claimed = at.read(CHECKPOINT_PATH)?;
    let origin =
        claimed.and_then(|bytes| Some(Checkpoint::parse(Note::parse(&bytes).ok()?.text()).ok()?.origin));
    let audit = match origin.as_deref().map(|origin| (origin, trust.log(origin))) {
        Some((_, Some(office))) => {
            let bar = bar("entries");
            let audit = check::check(at.as_ref(), &office.log_trust(), since.as_ref(), &mut |done, all| {
                bar.set_length(all);
                bar.set_position(done);
            })?;
            bar.finish_and_clear();
            audit
        }
        Some((origin, None)) => LogAudit {
            wrong: Some(format!("no office of the trust list has the log {origin}")),
            ..LogAudit::default()
        },
        None => LogAudit {
            wrong: Some(format!("{CHECKPOINT_PATH} is missing, or is none")),
            ..LogAudit::default()
        },
    };
    say(&audit, json);
    Ok(if audit.wrong.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A checkpoint that somebody kept.
fn kept_checkpoint(file: &Path) -> Result<Note, Failure> {
    let bytes = std::fs::read(file).map_err(|source| StoreError::Io { path: file.to_owned(), source })?;
    Note::parse(&bytes).map_err(|error| {
        Failure::new(
            "no-checkpoint",
            format!("{} is no checkpoint: {error}", file.display()),
            "give the file `checkpoint` as the log published it then",
        )
    })
}

fn consistency(home: &Path, older: u64, newer: Option<u64>) -> Outcome {
    let office = Office::open(home, Ambient::system()?, Mode::Read)?;
    office.refuse_forgotten()?;
    let size = office.registry.size();
    let newer = newer.unwrap_or(size);
    if older > newer || newer > size {
        return Err(Failure::new(
            "no-such-size",
            format!("no tree of {older} entries begins one of {newer}: the log has {size}"),
            "give the smaller size first, and no more than the log has",
        ));
    }
    let proof = office.consistency(older, newer)?;
    let Some(checkpoint) = office.store.log().checkpoint(newer)? else {
        return Err(Failure::new(
            "no-checkpoint",
            format!("no checkpoint of size {newer} was signed"),
            "give the size of one that was, or none for the last",
        ));
    };
    let checkpoint = Note::parse(checkpoint.note.as_bytes())?;
    output::line(AddCheckpoint { old: older, proof, checkpoint }.to_string().trim_end());
    Ok(ExitCode::SUCCESS)
}

fn witness(home: &Path, json: bool) -> Outcome {
    let office = open_to_write(home)?;
    let Some(cosigned) = office.ask_witnesses()? else {
        return Err(Failure::new(
            "no-witnesses",
            "there is no DIR/witnesses, or no entry yet",
            "write a C2SP tlog-policy there: witness NAME VKEY URL, then quorum NAME",
        ));
    };
    if json {
        output::json(&cosigned);
    } else {
        let quorum = if cosigned.quorum { "as the policy asks" } else { "witnessed: not proven" };
        output::line(&format!("size {}: cosigned by {}; {quorum}", cosigned.size, cosigned.by.join(", ")));
        cosigned.missing.iter().for_each(|missing| output::note(missing));
    }
    Ok(if cosigned.quorum { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn export(home: &Path, out: &str, json: bool) -> Outcome {
    let log = open_log(home, Ambient::system_anchor().as_deref())?;
    if !LogBucket::is_address(out) {
        refuse_home(home, Path::new(out))?;
    }
    let bar = bar("files");
    let progress = &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let done = match LogBucket::is_address(out) {
        true => bucket(out)?.export(&log, progress)?,
        false => LogFolder::new(Path::new(out)).export(&log, progress)?,
    };
    bar.finish_and_clear();
    if json {
        output::json(&done);
    } else {
        let (size, written, removed) = (done.size, done.written, done.removed);
        output::line(&format!("{size} entries in {out}: {written} files written, {removed} removed"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is exported is served to everybody: the office's keys must not lie in it.
fn refuse_home(home: &Path, out: &Path) -> Result<(), Failure> {
    let (Ok(home), Ok(out)) = (home.canonicalize(), out.canonicalize()) else { return Ok(()) };
    match home.starts_with(&out) {
        true => Err(Failure::new(
            "out-is-home",
            format!("the office's folder with its keys lies in {}", out.display()),
            "export into a folder of its own: everybody will read it",
        )),
        false => Ok(()),
    }
}

/// A bucket with the settings of the environment.
fn bucket(address: &str) -> Result<LogBucket, Failure> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    LogBucket::open(address, variables)
}

fn import(home: &Path, file: &Path, json: bool) -> Outcome {
    let office = open_to_write(home)?;
    let io = |source| StoreError::Io { path: file.to_owned(), source };
    let records = BufReader::new(File::open(file).map_err(io)?).lines().enumerate().map(|(at, line)| {
        let line = line.map_err(io)?;
        Digest::from_hex(line.trim()).ok_or_else(|| {
            Failure::new(
                "bad-line",
                format!("{}: line {} is not 64 hexadecimal digits", file.display(), at + 1),
                "give SHA-256 of one record a line; the lines before it are logged, and may stay when it is repeated",
            )
        })
    });
    let bar = bar("records");
    let done = office.import(records, &mut |done| bar.set_position(done))?;
    bar.finish_and_clear();
    if json {
        output::json(&done);
    } else {
        output::line(&format!(
            "{} logged, {} known already; {} entries now",
            done.logged, done.known, done.size
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the log says about one copy.
#[derive(Serialize)]
struct State {
    index: u64,
    state: &'static str,
    by: Option<u64>,
    replacement: Option<u64>,
}

impl State {
    fn of(index: u64, row: Option<&status::StatusRow>) -> Self {
        Self {
            index,
            state: status::state_name(row.map_or(0, |row| row.kind)),
            by: row.map(|row| row.by),
            replacement: row.filter(|row| row.kind > 3).map(|row| row.replacement),
        }
    }
}

fn show_status(home: &Path, number: Option<String>, publish: Option<u16>, json: bool) -> Outcome {
    if let Some(hours) = publish {
        let office = open_to_write(home)?;
        let list = office.publish_status(office.clock.now() + Duration::hours(hours.into()))?;
        let (size, ended) = (list.size, list.rows.len());
        if json {
            let value =
                serde_json::json!({"size": size, "ended": ended, "made": list.made, "until": list.until});
            output::json(&value);
        } else {
            output::line(&format!("signed: {size} entries, {ended} not in force, good for {hours} hours"));
            output::note("it is published with the log: saoy registry export, or serve");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let office = Office::open(home, Ambient::system()?, Mode::Read)?;
    office.refuse_forgotten()?;
    let log = office.store.log();
    let states = match number {
        Some(number) => {
            let index = book::entry_of(&office, &number)?;
            office.issues(&[index])?;
            vec![State::of(index, log.state_of(index)?.as_ref())]
        }
        None => log.states()?.iter().map(|row| State::of(row.index, Some(row))).collect(),
    };
    if states.is_empty() && !json {
        output::note("every copy is in force");
    }
    for state in states {
        if json {
            output::json(&state);
            continue;
        }
        let by = state.by.map(|by| format!(" by entry {by}")).unwrap_or_default();
        let replacement = state.replacement.map(|r| format!(", see entry {r}")).unwrap_or_default();
        output::line(&format!("entry {}: {}{by}{replacement}", state.index, state.state));
    }
    Ok(ExitCode::SUCCESS)
}

fn keys(home: &Path, rotate: Option<Key>, json: bool) -> Outcome {
    let ambient = Ambient::system()?;
    if let Some(key) = rotate {
        let role = match key {
            Key::Seal => KeyRole::Seal,
            Key::Log => KeyRole::Log,
        };
        let passphrase = ambient.passphrase.clone();
        let index = Office::open(home, ambient, Mode::Write)?.rotate(role, passphrase.as_deref())?;
        output::note(&format!("entry {index} names the new {role} key; give out the new trust.json"));
    }
    let office = Office::open(home, Ambient::system()?, Mode::Read)?;
    let trust = office.trust()?;
    let Some(own) = trust.office(&office.config.office.code) else {
        return Err(Failure::new("trust", "trust.json does not name this office", "bring trust.json back"));
    };
    let seals = own
        .seal_keys
        .iter()
        .map(|key| ("seal", data_encoding::HEXLOWER.encode(&crate::seal::key_id(&key.key)), key.valid));
    let logs = own.log.keys.iter().map(|key| ("log", key.key.to_string(), key.valid));
    for (role, key, valid) in seals.chain(logs) {
        if json {
            output::json(
                &serde_json::json!({"role": role, "key": key, "from": valid.from, "until": valid.until}),
            );
        } else {
            let until = valid.until.map_or_else(|| "on".to_owned(), |until| format!("until {until}"));
            output::line(&format!("{role}: {key} from entry {} {until}", valid.from));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn say<T: Serialize + std::fmt::Display>(result: &T, json: bool) {
    if json {
        output::json(result);
    } else {
        output::line(&result.to_string());
    }
}

/// Progress for a person at a terminal.
pub(super) fn bar(what: &str) -> ProgressBar {
    let bar = if output::is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template(&format!(
        "{{bar:30}} {{pos}}/{{len}} {what}  {{per_sec}}  {{eta}} left"
    ));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
