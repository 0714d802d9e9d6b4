//! `registry check`: everything derived again from the entries, and the first thing that is wrong named.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::{Ambient, Parts};
use crate::error::Failure;
use crate::record::{self, BookNumber, Digest, Record};
use crate::registry::checkpoint::Checkpoint;
use crate::registry::entry::{Entry, EntryKind, NO_PREDECESSOR};
use crate::registry::merkle::{self, CompactRange};
use crate::registry::note::{Note, NoteVerifier};
use crate::seal;
use crate::store::{Anchor, Job, JobState, Mode};

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Entries that were derived again.
    pub entries: u64,
    /// Copies that are there and whole.
    pub released: u64,
    /// Numbers voided.
    pub void: u64,
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
    let parts = Parts::open(home, ambient, Mode::Read)?;
    let mut audit = Audit::default();
    match audit.run(&parts) {
        Ok(()) => {}
        Err(Stop::Wrong(what)) => audit.wrong = Some(what),
        Err(Stop::Failed(failure)) if failure.code == "sealed" || failure.code == "damaged" => {
            audit.wrong = Some(failure.message);
        }
        Err(Stop::Failed(failure)) => return Err(failure),
    }
    Ok(audit)
}

/// Why a check ends early.
enum Stop {
    Wrong(String),
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn wrong<T>(what: String) -> Result<T, Stop> {
    Err(Stop::Wrong(what))
}

impl Audit {
    fn run(&mut self, parts: &Parts) -> Result<(), Stop> {
        let jobs: HashMap<u64, Job> = parts.store.jobs()?.into_iter().map(|job| (job.index, job)).collect();
        let mut issued = BTreeMap::new();
        let mut voided = HashMap::new();
        self.log(parts, &mut issued, &mut voided)?;
        for (&index, commitment) in &issued {
            let Some(job) = jobs.get(&index) else {
                return wrong(format!("entry {index} issues a copy, but there is no job for it"));
            };
            self.job(parts, job, *commitment, voided.contains_key(&index))?;
        }
        if let Some(index) = jobs.keys().filter(|index| !issued.contains_key(*index)).min() {
            return wrong(format!("there is a job for entry {index}, which issues nothing"));
        }
        books(parts, &issued)?;
        match Anchor::read(&parts.anchor)? {
            None => wrong(format!("the anchor {} is missing", parts.anchor.display())),
            Some(anchor) => {
                let there = parts.store.checkpoint(anchor.size)?;
                let books = parts.store.books()?;
                anchor.ahead_of(|_| there.as_ref().map(|c| c.root), &books).map_or(Ok(()), wrong)
            }
        }
    }

    /// Entries, their chain, the tree, each signed checkpoint.
    fn log(
        &mut self,
        parts: &Parts,
        issued: &mut BTreeMap<u64, Digest>,
        voided: &mut HashMap<u64, u64>,
    ) -> Result<(), Stop> {
        let key_id = seal::key_id(&parts.keys.seal_key().verifying_key());
        let origin = parts.config.log_origin.as_str();
        let log_key = [NoteVerifier::new(origin, parts.keys.log_key().verifying_key())?];
        let checkpoints: HashMap<u64, _> =
            parts.store.checkpoints()?.into_iter().map(|checkpoint| (checkpoint.size, checkpoint)).collect();
        let entries = parts.store.entries(0)?;
        let mut leaves: Vec<Digest> = Vec::with_capacity(entries.len());
        let mut range = CompactRange::default();
        let mut day = 0;
        for (position, logged) in (0u64..).zip(&entries) {
            if logged.index != position {
                return wrong(format!("entry {position} is missing; the next one is {}", logged.index));
            }
            let entry = match Entry::parse(&logged.entry) {
                Ok(entry) => entry,
                Err(error) => return wrong(format!("entry {position}: {error}")),
            };
            if entry.index != position {
                return wrong(format!("entry {position} says that its index is {}", entry.index));
            }
            let prev = leaves.last().copied().unwrap_or(NO_PREDECESSOR);
            if entry.prev != prev {
                return wrong(format!(
                    "entry {position} says that the leaf before it is {}, but it is {prev}",
                    entry.prev
                ));
            }
            if entry.key_id != key_id {
                return wrong(format!("entry {position} names another seal key than the office's"));
            }
            if entry.day < day {
                return wrong(format!(
                    "entry {position} is of day {}, the one before it of day {day}",
                    entry.day
                ));
            }
            day = entry.day;
            let leaf = merkle::leaf_hash(&logged.entry);
            if leaf != logged.leaf {
                return wrong(format!("entry {position} has leaf hash {leaf}, stored is {}", logged.leaf));
            }
            leaves.push(leaf);
            range.push(leaf);
            let (size, root) = (position + 1, range.root());
            let Some(checkpoint) = checkpoints.get(&size) else {
                return wrong(format!("there is no checkpoint of size {size}"));
            };
            if checkpoint.root != root {
                return wrong(format!(
                    "the checkpoint of size {size} has root {}, the entries give {root}",
                    checkpoint.root
                ));
            }
            let note = Note::parse(checkpoint.note.as_bytes());
            match note.and_then(|note| Checkpoint::open(&note, origin, &log_key)) {
                Ok(signed) if signed.size == size && signed.root == root => {}
                Ok(signed) => {
                    return wrong(format!(
                        "the signed note of size {size} is over size {} and root {}",
                        signed.size, signed.root
                    ));
                }
                Err(error) => return wrong(format!("the signed note of size {size}: {error}")),
            }
            match entry.kind {
                EntryKind::Issue { commitment } => {
                    issued.insert(position, commitment);
                }
                EntryKind::Void { target, target_leaf, .. } => {
                    if leaves.get(usize::try_from(target).unwrap_or(usize::MAX)) != Some(&target_leaf)
                        || !issued.contains_key(&target)
                    {
                        return wrong(format!(
                            "entry {position} voids entry {target}, which is not what it says"
                        ));
                    }
                    if let Some(first) = voided.insert(target, position) {
                        return wrong(format!("entry {target} is voided twice, by {first} and {position}"));
                    }
                }
                _ => {}
            }
            self.entries += 1;
        }
        match checkpoints.keys().max() {
            Some(&size) if size > self.entries => wrong(format!(
                "a checkpoint of size {size} is signed, but there are only {} entries",
                self.entries
            )),
            _ => Ok(()),
        }
    }

    /// One job: its record is the one committed to, its copy is there.
    fn job(&mut self, parts: &Parts, job: &Job, commitment: Digest, voided: bool) -> Result<(), Stop> {
        let index = job.index;
        let key = parts.store.document_key(job)?;
        let bytes = key.open(&super::record_context(&job.folder), &job.record)?;
        if record::commitment(&bytes) != commitment {
            return wrong(format!("entry {index} commits to another record than the one that is stored"));
        }
        if record::copy_id(&bytes) != job.copy_id {
            return wrong(format!("entry {index}: the copy's id {} is not that of its record", job.copy_id));
        }
        match (job.state, voided) {
            (JobState::Void, true) => self.void += 1,
            (JobState::Void, false) => {
                return wrong(format!("the job of entry {index} is void, but no entry says so"));
            }
            (_, true) => return wrong(format!("an entry voids entry {index}, but its job is not void")),
            (JobState::Entered, false) => {
                self.pending.push(Pending { index, problem: job.problem.clone() });
            }
            (JobState::Released, false) => {
                let copy = parts.store.get(&key, &job.folder, super::COPY)?;
                if Some(Digest::of(&copy)) != job.copy_digest {
                    return wrong(format!(
                        "the stored copy of entry {index} is not the one that was released"
                    ));
                }
                self.released += 1;
            }
        }
        Ok(())
    }
}

/// Each book's numbers: continuous, one line and one issue entry each, as the record says.
fn books(parts: &Parts, issued: &BTreeMap<u64, Digest>) -> Result<(), Stop> {
    let rows = parts.store.register()?;
    let mut by_index: HashMap<u64, BookNumber> = HashMap::new();
    for (index, row) in &rows {
        if !issued.contains_key(index) {
            return wrong(format!("the book has a line for entry {index}, which issues nothing"));
        }
        by_index.insert(*index, row.book.clone());
    }
    for book in parts.store.books()? {
        let numbers: Vec<u64> = rows
            .iter()
            .filter(|(_, row)| row.book.symbol == book.symbol && row.book.year == book.year)
            .map(|(_, row)| row.book.number)
            .collect();
        let expected: Vec<u64> = (book.first..=book.last).collect();
        if numbers != expected {
            let gap = expected.iter().zip(numbers.iter().map(Some).chain(std::iter::repeat(None)));
            let first = gap.into_iter().find(|(e, n)| Some(*e) != *n).map_or(book.last + 1, |(e, _)| *e);
            return wrong(format!(
                "book {} of {}: number {first} is missing or stands twice",
                book.symbol, book.year
            ));
        }
    }
    for job in parts.store.jobs()? {
        let key = parts.store.document_key(&job)?;
        let bytes = key.open(&super::record_context(&job.folder), &job.record)?;
        let record = match Record::parse(&bytes) {
            Ok(record) => record,
            Err(error) => return wrong(format!("the record of entry {}: {error}", job.index)),
        };
        match by_index.get(&job.index) {
            Some(line) if *line == record.book => {}
            Some(line) => {
                return wrong(format!(
                    "entry {}: the record has number {}/{}, the book {}/{}",
                    job.index, record.book.number, record.book.year, line.number, line.year
                ));
            }
            None => return wrong(format!("entry {} has no line in the book", job.index)),
        }
    }
    Ok(())
}
