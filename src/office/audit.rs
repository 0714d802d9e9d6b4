//! `registry check`: everything derived again from the entries, and the first thing that is wrong named.
//!
//! The home may be in use meanwhile: what lies outside the database (anchor, copies) is looked at first, then one moment of the
//! database, which can only know more.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::{Ambient, Parts, job_key};
use crate::error::Failure;
use crate::record::{self, Digest, Record};
use crate::registry::RegistryError;
use crate::registry::checkpoint::Checkpoint;
use crate::registry::entry::EntryKind;
use crate::registry::log::SignedCheckpoint;
use crate::registry::note::{Note, NoteVerifier};
use crate::registry::replay::Replay;
use crate::registry::status::StatusList;
use crate::registry::tiles::{Content, Tile};
use crate::seal;
use crate::store::{Job, JobState, Mode, RegisterRow, StoreError};
use crate::verify::trust::{IndexRange, LogKey};

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Entries that were derived again.
    pub entries: u64,
    /// Copies that are there and whole.
    pub released: u64,
    /// Numbers voided.
    pub void: u64,
    /// Documents erased; their entries and lines are there.
    pub erased: u64,
    /// Numbers whose copy is still to be made.
    pub pending: Vec<Pending>,
    /// The first thing that is wrong.
    pub wrong: Option<String>,
}

/// A job that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// Its entry.
    pub index: u64,
    /// Why; null where the run that entered it was killed.
    pub problem: Option<String>,
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(wrong) = &self.wrong {
            return write!(f, "WRONG: {wrong}");
        }
        write!(
            f,
            "{} entries: {} copies, {} void, {} pending",
            self.entries,
            self.released,
            self.void,
            self.pending.len()
        )?;
        if self.erased > 0 {
            write!(f, ", {} erased", self.erased)?;
        }
        for pending in &self.pending {
            let cause = pending
                .problem
                .as_deref()
                .unwrap_or("the run that entered it did not end; the next run finishes it");
            write!(f, "\n  pending: entry {}: {cause}", pending.index)?;
        }
        write!(f, "\nnothing is wrong")
    }
}

/// Checks a home from its entries up. Opens it as a reader: a home that no writer may open can still be checked.
///
/// # Errors
/// What keeps it from being read at all; what is wrong in it is in the [`Audit`].
pub fn check(home: &Path, ambient: &Ambient) -> Result<Audit, Failure> {
    audit(&Parts::open(home, ambient, Mode::Read)?, true)
}

/// The same without the anchor, which was lost.
pub(super) fn without_anchor(parts: &Parts) -> Result<Audit, Failure> {
    audit(parts, false)
}

fn audit(parts: &Parts, with_anchor: bool) -> Result<Audit, Failure> {
    let mut audit = Audit::default();
    match audit.run(parts, with_anchor) {
        Ok(()) => {}
        Err(Stop::Wrong(what)) => audit.wrong = Some(what),
        Err(Stop::Failed(failure)) => return Err(failure),
    }
    Ok(audit)
}

/// Why a check ends early.
enum Stop {
    Wrong(String),
    Failed(Failure),
}

impl From<StoreError> for Stop {
    /// What is stored wrongly is a finding; that it cannot be read is not.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Sealed { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Lost { .. }
            | StoreError::Anchor { .. }
            | StoreError::OtherAnchor { .. } => Self::Wrong(error.to_string()),
            other => Self::Failed(other.into()),
        }
    }
}

impl From<RegistryError> for Stop {
    fn from(error: RegistryError) -> Self {
        Self::Wrong(error.to_string())
    }
}

impl Stop {
    /// Says with which entry it came up.
    fn at(self, index: u64) -> Self {
        match self {
            Self::Wrong(what) => Self::Wrong(format!("entry {index}: {what}")),
            failed @ Self::Failed(_) => failed,
        }
    }
}

fn wrong<T>(what: String) -> Result<T, Stop> {
    Err(Stop::Wrong(what))
}

/// An issue that the log holds.
struct Issue {
    commitment: Digest,
    day: u32,
    /// The entry that voids it.
    voided_by: Option<u64>,
}

impl Audit {
    fn run(&mut self, parts: &Parts, with_anchor: bool) -> Result<(), Stop> {
        // What is outside the database comes first: see above.
        let anchor = if with_anchor { Some(parts.read_anchor()) } else { None };
        let mut strays = Vec::new();
        for folder in parts.store.orphans()? {
            if parts.store.holds(&folder, super::COPY)? {
                strays.push(folder);
            }
        }
        let _moment = parts.store.log().moment()?;

        let issues = self.log(parts)?;
        let mut lines = lines(parts, &issues)?;
        let mut folders = HashSet::new();
        let mut next = parts.store.jobs()?.into_iter().peekable();
        for (&index, issue) in &issues {
            if let Some(job) = next.next_if(|job| job.index < index) {
                return wrong(format!("there is a job for entry {}, which issues nothing", job.index));
            }
            let Some(job) = next.next_if(|job| job.index == index) else {
                return wrong(format!("entry {index} issues a copy, but there is no job for it"));
            };
            let Some(line) = lines.remove(&index) else {
                return wrong(format!("entry {index} has no line in the book"));
            };
            self.job(parts, &job, issue, &line).map_err(|stop| stop.at(index))?;
            folders.insert(job.folder);
        }
        if let Some(job) = next.next() {
            return wrong(format!("there is a job for entry {}, which issues nothing", job.index));
        }
        if let Some(anchor) = anchor {
            let Some(anchor) = anchor? else {
                return wrong(format!("the anchor {} is missing", parts.anchor.display()));
            };
            let there = parts.store.log().checkpoint(anchor.size)?.map(|checkpoint| checkpoint.root);
            if let Some(lost) = anchor.ahead_of(self.entries, there, &parts.store.books()?) {
                return wrong(lost);
            }
        }
        if let Some(stray) = strays.iter().find(|folder| !folders.contains(*folder)) {
            return wrong(format!(
                "blobs/{stray} holds a copy that no job knows: the database may be a restored backup"
            ));
        }
        Ok(())
    }

    /// Entries, their chain, the tree, each signed checkpoint, and what is kept beside them.
    fn log(&mut self, parts: &Parts) -> Result<BTreeMap<u64, Issue>, Stop> {
        let log = parts.store.log();
        let changes = log.key_changes()?;
        let keys = KeyHistory::of(parts, !changes.is_empty())?;
        let imported: HashSet<u64> = log.requested_entries()?.into_iter().collect();
        let mut issues: BTreeMap<u64, Issue> = BTreeMap::new();
        let mut replay = Replay::new(Some(keys.first_seal));
        let mut batches = log.batches(0, CHUNK)?.into_iter().peekable();
        let mut before = 0;
        loop {
            let entries = log.entries(self.entries, CHUNK)?;
            if entries.is_empty() {
                break;
            }
            for logged in entries {
                let position = self.entries;
                if logged.index != position {
                    return wrong(format!("entry {position} is missing; the next one is {}", logged.index));
                }
                let mut filled = Vec::new();
                let leaf_of = |index| match log.entry(index)? {
                    Some(there) => Ok(there.leaf),
                    None => wrong(format!("entry {index} is missing")),
                };
                let entry = replay.push::<Stop>(&logged.entry, leaf_of, |level, index, hashes| {
                    filled.push((level, index, hashes.to_vec()));
                })?;
                for (level, index, hashes) in filled {
                    let tile = Tile { content: Content::Hashes(level), index, width: 256 };
                    if log.full_tile(level, index)?.as_ref() != Some(&hashes) {
                        return wrong(format!("{tile} is missing, or not the one that the entries give"));
                    }
                }
                self.entries += 1;
                if let Some((after, checkpoint)) = batches.next_if(|(_, c)| c.size == self.entries) {
                    if after != before {
                        return wrong(format!("there is no checkpoint of size {after}"));
                    }
                    before = checkpoint.size;
                    keys.checkpoint(&checkpoint, &replay.root())
                        .or_else(|what| wrong(format!("entry {position}: {what}")))?;
                    if batches.peek().is_none() {
                        batches = log.batches(before + 1, CHUNK)?.into_iter().peekable();
                    }
                }
                match entry.kind {
                    EntryKind::Issue { commitment } if !imported.contains(&position) => {
                        issues.insert(position, Issue { commitment, day: entry.day, voided_by: None });
                    }
                    EntryKind::Void { target, .. } => {
                        if let Some(issue) = issues.get_mut(&target) {
                            issue.voided_by = Some(position);
                        }
                    }
                    _ => {}
                }
            }
        }
        if let Some((_, checkpoint)) = batches.peek() {
            return wrong(format!(
                "a checkpoint of size {} is signed, but there are {} entries",
                checkpoint.size, self.entries
            ));
        }
        if before != self.entries {
            return wrong(format!("there is no checkpoint of size {}", self.entries));
        }
        if replay.seal_key() != Some(keys.last_seal) {
            return wrong("the office's seal key is not the one that the entries name".into());
        }
        if changes != replay.key_changes() {
            return wrong("the changes of keys are not those that the entries give".into());
        }
        if !log.states()?.iter().eq(replay.states()) {
            return wrong("the states of the issues are not those that the entries give".into());
        }
        if let Some(index) = imported.iter().find(|index| !replay.is_issue(**index)) {
            return wrong(format!("entry {index} is kept as an imported issue, but issues nothing"));
        }
        if let Some((size, note)) = log.status_list()? {
            keys.status_list(size, &note, &replay).or_else(wrong)?;
        }
        Ok(issues)
    }

    /// One job: its record is the one committed to, the book says the same, its copy is there.
    fn job(&mut self, parts: &Parts, job: &Job, issue: &Issue, line: &RegisterRow) -> Result<(), Stop> {
        if job.is_erased() {
            return self.erased(parts, job, issue, line);
        }
        let key = parts.store.document_key(job)?;
        let bytes = key.open(&super::record_context(&job.folder), &job.record)?;
        if record::commitment(&bytes) != issue.commitment {
            return wrong("it commits to another record than the one that is stored".into());
        }
        if record::copy_id(&bytes) != job.copy_id {
            return wrong(format!("the copy's id {} is not that of its record", job.copy_id));
        }
        let record = match Record::parse(&bytes) {
            Ok(record) => record,
            Err(error) => return wrong(format!("its record: {error}")),
        };
        let sources: Vec<(Digest, u32)> = record.sources.iter().map(|s| (s.scan, s.page)).collect();
        if job_key(record.act, &sources) != job.key {
            return wrong("its job is known by other scans than its record".into());
        }
        if job.signed_at != record.issued_at {
            return wrong(format!(
                "its job is to be signed at {}, its record at {}",
                job.signed_at, record.issued_at
            ));
        }
        if record::day_text(issue.day).as_ref() != Some(&record.date) {
            return wrong(format!("it is of day {}, its record of {}", issue.day, record.date));
        }
        same_line(&record, line, issue.voided_by)?;
        match (job.state, issue.voided_by) {
            (JobState::Void, Some(_)) => self.void += 1,
            (JobState::Void, None) => return wrong("its job is void, but no entry says so".into()),
            (_, Some(by)) => return wrong(format!("entry {by} voids it, but its job is not void")),
            (JobState::Entered, None) => {
                self.pending.push(Pending { index: job.index, problem: job.problem.clone() });
            }
            (JobState::Released, None) => {
                let copy = parts.store.get(&key, &job.folder, super::COPY)?;
                if Some(Digest::of(&copy)) != job.copy_digest {
                    return wrong("the stored copy is not the one that was released".into());
                }
                self.released += 1;
            }
        }
        Ok(())
    }
}

impl Audit {
    /// A document that was erased: nothing of it is left but its entry and its line.
    fn erased(&mut self, parts: &Parts, job: &Job, issue: &Issue, line: &RegisterRow) -> Result<(), Stop> {
        match (job.state, issue.voided_by) {
            (JobState::Void, Some(_)) => self.void += 1,
            (JobState::Released, None) => {}
            _ => return wrong("its document is erased, but its job does not end as the entries say".into()),
        }
        if line.void_cause.is_some() != issue.voided_by.is_some() {
            return wrong("the book's line does not say what the entries say".into());
        }
        if !job.record.is_empty() || parts.store.holds(&job.folder, super::COPY)? {
            return wrong("its document is erased only in part: run `saoy registry erase` again".into());
        }
        self.erased += 1;
        Ok(())
    }
}

/// Entries, checkpoints and jobs are read so many at a time.
const CHUNK: u64 = 2048;

/// The keys that the office had, as far as they can be known in its home.
struct KeyHistory {
    origin: String,
    first_seal: [u8; 8],
    last_seal: [u8; 8],
    log: Vec<LogKey>,
}

impl KeyHistory {
    /// Where no key ever changed, those in `keys/`; else the earlier ones from the home's own trust list.
    fn of(parts: &Parts, changed: bool) -> Result<Self, Stop> {
        let origin = parts.config.log_origin.clone();
        let last_seal = seal::key_id(&parts.keys.seal_key().verifying_key());
        let own = NoteVerifier::new(&origin, parts.keys.log_key().verifying_key());
        let own = own.map_err(|error| Stop::Failed(error.into()))?;
        if !changed {
            let log = vec![LogKey { key: own, valid: IndexRange { from: 0, until: None } }];
            return Ok(Self { origin, first_seal: last_seal, last_seal, log });
        }
        let trust = super::read_trust(&parts.home).map_err(Stop::Failed)?;
        let Some(office) = trust.office(&parts.config.office.code) else {
            return wrong("trust.json does not name this office".into());
        };
        let Some(first) = office.seal_keys.iter().find(|key| key.valid.contains(0)) else {
            return wrong("trust.json names no seal key for entry 0".into());
        };
        if !office.log.keys.iter().any(|key| key.key == own && key.valid.until.is_none()) {
            return wrong("trust.json does not name the key with which the log is signed".into());
        }
        Ok(Self { origin, first_seal: seal::key_id(&first.key), last_seal, log: office.log.keys.clone() })
    }

    fn log_keys(&self, last: u64) -> Vec<NoteVerifier> {
        let good = self.log.iter().filter(|key| key.valid.contains(last));
        good.map(|key| key.key.clone()).collect()
    }

    fn checkpoint(&self, checkpoint: &SignedCheckpoint, root: &Digest) -> Result<(), String> {
        let size = checkpoint.size;
        if checkpoint.root != *root {
            return Err(format!(
                "the checkpoint of size {size} has root {}, the entries give {root}",
                checkpoint.root
            ));
        }
        let note = Note::parse(checkpoint.note.as_bytes());
        match note.and_then(|note| Checkpoint::open(&note, &self.origin, &self.log_keys(size - 1))) {
            Ok(signed) if signed.size == size && signed.root == *root => Ok(()),
            Ok(signed) => Err(format!(
                "the signed note of size {size} is over size {} and root {}",
                signed.size, signed.root
            )),
            Err(error) => Err(format!("the signed note of size {size}: {error}")),
        }
    }

    /// The list that was signed last: the entry at its size has its hash, which the replay has compared with the states.
    fn status_list(&self, size: u64, note: &[u8], replay: &Replay) -> Result<(), String> {
        let list =
            StatusList::open(note, &self.origin, |size| self.log_keys(size)).map_err(|e| e.to_string())?;
        let named = replay.status_lists().iter().find(|named| named.size == size);
        if list.size != size || !named.is_some_and(|n| n.hash == list.hash() && n.root == list.root) {
            return Err(format!("the signed status list of size {size} is not the one that an entry names"));
        }
        Ok(())
    }
}

/// The book's line says what the record says.
fn same_line(record: &Record, line: &RegisterRow, voided_by: Option<u64>) -> Result<(), Stop> {
    let (book, of) = (&line.book, &record.book);
    if book != of {
        return wrong(format!(
            "the record has number {of} of {}, the book {book} of {}",
            of.symbol, book.symbol
        ));
    }
    let officer = record.officer.as_ref();
    let same = line.date == record.date
        && line.pages as usize == record.pages.len()
        && line.copies == record.copies
        && line.trial == record.trial
        && line.officer.as_ref() == officer.map(|o| &o.name)
        && line.title.as_ref() == officer.map(|o| &o.title);
    if !same {
        return wrong(format!("the book's line of number {book} does not say what the record says"));
    }
    match (&line.void_cause, voided_by) {
        (Some(_), None) => wrong(format!("the book says that number {book} is void, but no entry says so")),
        (None, Some(by)) => {
            wrong(format!("entry {by} voids it, but the book's line of number {book} has no cause"))
        }
        _ => Ok(()),
    }
}

/// The book's lines by entry. Each book's numbers are continuous, and each line belongs to an issue.
fn lines(parts: &Parts, issues: &BTreeMap<u64, Issue>) -> Result<HashMap<u64, RegisterRow>, Stop> {
    let rows = parts.store.register()?;
    let books = parts.store.books()?;
    for (index, row) in &rows {
        if !issues.contains_key(index) {
            return wrong(format!("the book has a line for entry {index}, which issues nothing"));
        }
        if !books.iter().any(|book| book.symbol == row.book.symbol && book.year == row.book.year) {
            return wrong(format!(
                "entry {index} has number {}, but there is no book {} of {}",
                row.book, row.book.symbol, row.book.year
            ));
        }
    }
    for book in books {
        let mut expected = book.first;
        let of_book = rows.iter().map(|(_, row)| &row.book);
        for line in of_book.filter(|line| line.symbol == book.symbol && line.year == book.year) {
            // Never twice: the table's own rule.
            if line.number != expected {
                return wrong(format!(
                    "book {} of {}: number {expected} is missing, the next is {}",
                    book.symbol, book.year, line.number
                ));
            }
            expected += 1;
        }
        if expected != book.last.saturating_add(1) {
            return wrong(format!(
                "book {} of {}: the last number is {}, but the last line is {}",
                book.symbol,
                book.year,
                book.last,
                expected.saturating_sub(1)
            ));
        }
    }
    Ok(rows.into_iter().collect())
}
