//! Asking the witnesses of the office's policy for cosignatures.
//!
//! `DIR/witnesses` is a C2SP tlog-policy file; its comment `# saoy-wait-ms N` says how long issuing waits (2000 without one).
//! Issuing goes on without them: a missing cosignature is said to be missing, and can be asked for later. Only one answer stops
//! the office: a witness that has seen more of this log than the office itself; they are asked for that before anything is signed.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::Office;
use crate::error::Failure;
use crate::registry::cosignature::CosignatureVerifier;
use crate::registry::log::{Registry, SignedCheckpoint};
use crate::registry::note::{Note, NoteSignature};
use crate::registry::policy::{Policy, PolicyWitness};
use crate::registry::receipt::Receipt;
use crate::registry::witness::AddCheckpoint;
use crate::registry::{Checkpoint, merkle};
use crate::remote::{WitnessAnswer, WitnessClient};
use crate::store::StoreError;

/// How long issuing waits where the policy does not say it.
const WAIT: Duration = Duration::from_millis(2000);

/// Who cosigned a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cosigned {
    /// The checkpoint's size.
    pub size: u64,
    /// Whether they are as many as the policy asks for.
    pub quorum: bool,
    /// The names of the witnesses whose cosignatures the office has.
    pub by: Vec<String>,
    /// Why others are missing.
    pub missing: Vec<String>,
}

impl Office {
    /// The office's policy and how long to wait; `None` for an office without witnesses.
    ///
    /// # Errors
    /// A file that cannot be read or is no policy.
    pub fn policy(&self) -> Result<Option<(Policy, Duration)>, Failure> {
        let path: PathBuf = self.home.join("witnesses");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { path, source }.into()),
        };
        let text = String::from_utf8_lossy(&bytes);
        let wait = text.lines().find_map(|line| line.trim().strip_prefix("# saoy-wait-ms "));
        let wait = wait.and_then(|ms| ms.trim().parse().ok()).map_or(WAIT, Duration::from_millis);
        Ok(Some((Policy::parse(&bytes)?, wait)))
    }

    /// Whether a policy is there at all.
    pub(super) fn has_witnesses(&self) -> bool {
        self.home.join("witnesses").exists()
    }

    /// Asks every witness for the last checkpoint, all at once, and keeps what comes in time. `None` for an office without
    /// witnesses or entries.
    ///
    /// # Errors
    /// `witness-ahead` where a witness has cosigned a larger log than this one, naming both sizes; nothing is signed any more then.
    pub fn ask_witnesses(&self) -> Result<Option<Cosigned>, Failure> {
        let Some((policy, wait)) = self.policy()? else { return Ok(None) };
        let Some(checkpoint) = self.store.log().last_checkpoint()? else { return Ok(None) };
        let answers: Vec<Result<Vec<NoteSignature>, Failure>> = std::thread::scope(|scope| {
            let asked: Vec<_> = policy
                .witnesses
                .iter()
                .map(|witness| scope.spawn(|| self.ask(witness, &checkpoint, wait)))
                .collect();
            asked.into_iter().map(|thread| thread.join().expect("asking does not panic")).collect()
        });
        let mut missing = Vec::new();
        let mut lines = Vec::new();
        for (witness, answer) in policy.witnesses.iter().zip(answers) {
            match answer {
                Ok(cosignatures) => lines.extend(cosignatures),
                Err(failure) if failure.code == "witness-ahead" => {
                    self.stop(&failure);
                    return Err(failure);
                }
                Err(failure) => {
                    missing.push(format!("{}: {}", String::from_utf8_lossy(&witness.name), failure.message));
                }
            }
        }
        self.store.log().keep_cosignatures(checkpoint.size, &lines)?;
        let witnessed = policy.witnessed(&self.store.log().with_cosignatures(&checkpoint)?);
        let name =
            |(index, _): &(usize, u64)| String::from_utf8_lossy(&policy.witnesses[*index].name).into_owned();
        let by = witnessed.by.iter().map(name).collect();
        Ok(Some(Cosigned { size: checkpoint.size, quorum: witnessed.quorum, by, missing }))
    }

    /// One witness: what it cosigned last is asked for where it is not known.
    fn ask(
        &self,
        witness: &PolicyWitness,
        checkpoint: &SignedCheckpoint,
        wait: Duration,
    ) -> Result<Vec<NoteSignature>, Failure> {
        let none = |what: &str| Failure::new("witness-unreachable", what, "name its address in the policy");
        let key = witness.key.as_ref().ok_or_else(|| none("its key is of a type that cannot be verified"))?;
        let url = witness.url.as_deref().ok_or_else(|| none("the policy names no address for it"))?;
        let client = WitnessClient::new(url, wait);
        let note = Note::parse(checkpoint.note.as_bytes())?;
        let mut old = self.store.log().cosigned_by(key.name())?.unwrap_or(0).min(checkpoint.size);
        // What is remembered here may be wrong; what it answers then is right, unless it goes on meanwhile.
        for _ in 0..3 {
            let proof = self.consistency(old, checkpoint.size)?;
            let request = AddCheckpoint { old, proof, checkpoint: note.clone() };
            match client.add_checkpoint(&request)? {
                WitnessAnswer::Has(size) if size > checkpoint.size => {
                    return Err(ahead(url, size, checkpoint.size));
                }
                WitnessAnswer::Has(size) => old = size,
                WitnessAnswer::Cosigned(mut lines) => {
                    lines.retain(|line| key.verify_line(note.text(), line).is_ok());
                    return match lines.is_empty() {
                        true => Err(none("its answer has no cosignature of its key over this checkpoint")),
                        false => Ok(lines),
                    };
                }
                WitnessAnswer::Refused(status) => {
                    return Err(none(&format!(
                        "it refuses the checkpoint of size {}: HTTP {status}",
                        checkpoint.size
                    )));
                }
            }
        }
        Err(none("it has another size each time it is asked"))
    }

    /// Asks the witnesses before the first entry is signed since the office was opened: a home that was restored whole, anchor and
    /// all, cannot know what it forgot. Who does not answer in time is passed over, unless the database is another file than the one
    /// that the anchor remembers; then one of them must.
    ///
    /// # Errors
    /// `witness-ahead` with both sizes; `witness-unreachable` where one had to answer and none did. Nothing is signed then.
    pub(super) fn ask_before_signing(&self) -> Result<(), Failure> {
        if self.asked.load(Ordering::Acquire) {
            return Ok(());
        }
        self.refuse_behind_witnesses()?;
        self.asked.store(true, Ordering::Release);
        if self.doubt.swap(false, Ordering::AcqRel) {
            self.anchor()?;
        }
        Ok(())
    }

    fn refuse_behind_witnesses(&self) -> Result<(), Failure> {
        let Some((policy, wait)) = self.policy()? else { return Ok(()) };
        let asked: Vec<_> = policy
            .witnesses
            .iter()
            .filter_map(|witness| Some((witness, witness.key.as_ref()?, witness.url.as_deref()?)))
            .collect();
        let answers: Vec<Result<(), Failure>> = std::thread::scope(|scope| {
            let threads: Vec<_> = asked
                .iter()
                .map(|(witness, key, url)| scope.spawn(|| self.refuse_behind(witness, key, url, wait)))
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("asking does not panic")).collect()
        });
        let mut unreachable = None;
        for answer in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            if answer.code == "witness-ahead" {
                self.stop(answer);
                return Err(answer.clone());
            }
            unreachable = Some(answer);
        }
        match unreachable {
            Some(failure) if self.doubt.load(Ordering::Acquire) && answers.iter().all(Result::is_err) => {
                Err(Failure {
                    advice: "the database is another file than the office's last: after a restore the witnesses are asked first; run \
                             again when one of them answers"
                        .into(),
                    ..failure.clone()
                })
            }
            _ => Ok(()),
        }
    }

    /// One witness: refuses where it knows more of this log than the database.
    fn refuse_behind(
        &self,
        witness: &PolicyWitness,
        key: &CosignatureVerifier,
        url: &str,
        wait: Duration,
    ) -> Result<(), Failure> {
        let Some(bytes) = WitnessClient::new(url, wait).last(&self.config.log_origin)? else {
            // It knows nothing of the log, or does not say what it cosigned last: then its answer to a checkpoint does.
            let Some(own) = self.store.log().last_checkpoint()? else { return Ok(()) };
            return self.ask(witness, &own, wait).map(drop);
        };
        let Ok(note) = Note::parse(&bytes) else { return Ok(()) };
        let Ok(Some(_)) = key.verify(&note) else { return Ok(()) };
        let Ok(there) = Checkpoint::parse(note.text()) else { return Ok(()) };
        let size = self.registry.size();
        if there.origin != self.config.log_origin {
            return Ok(());
        }
        if there.size > size {
            return Err(ahead(url, there.size, size));
        }
        let own = match there.size {
            0 => Some(merkle::empty_root()),
            size => self.store.log().checkpoint(size)?.map(|checkpoint| checkpoint.root),
        };
        if own == Some(there.root) {
            return Ok(());
        }
        let own = own.map_or_else(|| "none".to_owned(), |root| root.to_string());
        Err(Failure::new(
            "witness-ahead",
            format!("{url} cosigned root {} at size {}, the database has {own}", there.root, there.size),
            "this is not the database of that log: bring back the newest one; nothing is signed",
        ))
    }

    /// Nothing is signed any more, in this process or another, until the witnesses were asked again.
    fn stop(&self, failure: &Failure) {
        self.registry.distrust(&failure.message);
        self.doubt.store(true, Ordering::Release);
        self.asked.store(false, Ordering::Release);
        // A disk that does not take this takes no entry either; one that was lost is not made again by a refusal.
        if self.anchor.exists() {
            let _ = self.anchor();
        }
    }

    /// The receipt of an entry over the first checkpoint with enough cosignatures; over that of its batch where no policy asks for
    /// any. To be stapled beside a copy that left without them.
    ///
    /// # Errors
    /// `not-witnessed` where there is none yet.
    pub fn witnessed_receipt(&self, index: u64) -> Result<Receipt, Failure> {
        let Some((policy, _)) = self.policy()? else { return self.receipt(index) };
        let logged = self.entry(index)?;
        for size in self.store.log().cosigned_sizes(index + 1)? {
            let Some(checkpoint) = self.store.log().checkpoint(size)? else { continue };
            let note = self.store.log().with_cosignatures(&checkpoint)?;
            if policy.witnessed(&note).quorum {
                let receipt = Registry::receipt(&logged, &checkpoint, |tile| self.tile(tile))?;
                return Ok(Receipt { checkpoint: note, ..receipt });
            }
        }
        Err(Failure::new(
            "not-witnessed",
            format!("no checkpoint over entry {index} has the cosignatures that the policy asks for"),
            "ask for them with `saoy registry witness`, then run again",
        ))
    }
}

fn ahead(url: &str, there: u64, here: u64) -> Failure {
    Failure::new(
        "witness-ahead",
        format!("{url} cosigned this log at size {there}, the database has {here} entries"),
        "this looks like a restored backup: bring back the newest database; nothing is signed",
    )
}
