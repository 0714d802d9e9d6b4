//! C2SP tlog-policy, <https://c2sp.org/tlog-policy> (no tag; read at commit 13027ee): which logs and how many witnesses.
//!
//! Lines of `log`, `witness`, `group` and exactly one `quorum`; names are octets that mean nothing outside the file. A witness
//! whose key has a type that this code cannot verify (ML-DSA-44) is known, and never counts as having cosigned.

use std::collections::{BTreeMap, BTreeSet};

use super::cosignature::CosignatureVerifier;
use super::error::RegistryError;
use super::note::{Note, NoteVerifier};

/// Bytes that a policy may have.
const MAX_BYTES: usize = 1 << 20;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The logs whose checkpoints are accepted; with none, the application knows them.
    pub logs: Vec<PolicyLog>,
    /// The witnesses, in the order of the file.
    pub witnesses: Vec<PolicyWitness>,
    rules: Vec<Rule>,
    quorum: Option<usize>,
}

/// A `log` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key; the name is its origin.
    pub key: NoteVerifier,
    /// Where it is found.
    pub url: Option<String>,
}

/// A `witness` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name in this file; not always UTF-8.
    pub name: Vec<u8>,
    /// Its key; `None` for one of a type that cannot be verified.
    pub key: Option<CosignatureVerifier>,
    /// Its submission prefix.
    pub url: Option<String>,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Witness(usize),
    Group { threshold: usize, members: Vec<usize> },
}

/// Which witnesses cosigned a checkpoint, and whether they are enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// Whether the quorum is reached.
    pub quorum: bool,
    /// Index into [`Policy::witnesses`] and time of cosigning, seconds since 1970.
    pub by: Vec<(usize, u64)>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`RegistryError::Policy`] with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, RegistryError> {
        let mut reader = Reader::default();
        if bytes.len() > MAX_BYTES {
            return Err(RegistryError::Policy { line: 0, problem: "too long" });
        }
        let mut lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
        if lines.pop().is_some_and(|last| !last.is_empty()) {
            return Err(RegistryError::Policy { line: lines.len() + 1, problem: "no newline at the end" });
        }
        for (number, line) in (1..).zip(lines) {
            reader.line(line).map_err(|problem| RegistryError::Policy { line: number, problem })?;
        }
        let quorum = reader.quorum.ok_or(RegistryError::Policy { line: 0, problem: "no quorum" })?;
        Ok(Self { logs: reader.logs, witnesses: reader.witnesses, rules: reader.rules, quorum })
    }

    /// Whose cosignatures the note has. One that does not verify counts as none: whoever hands the note on may have added it.
    pub fn witnessed(&self, note: &Note) -> Witnessed {
        let times: Vec<Option<u64>> = self
            .witnesses
            .iter()
            .map(|witness| witness.key.as_ref().and_then(|key| key.verify(note).ok().flatten()))
            .collect();
        let quorum = self.quorum.is_none_or(|rule| self.holds(rule, &times));
        let by = times.iter().enumerate().filter_map(|(i, time)| Some((i, (*time)?))).collect();
        Witnessed { quorum, by }
    }

    /// Whether the quorum can be reached by cosignatures at all, thus `quorum` is not `none`.
    pub const fn asks_for_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    fn holds(&self, rule: usize, times: &[Option<u64>]) -> bool {
        match &self.rules[rule] {
            Rule::Witness(witness) => times[*witness].is_some(),
            Rule::Group { threshold, members } => {
                members.iter().filter(|member| self.holds(**member, times)).count() >= *threshold
            }
        }
    }
}

#[derive(Default)]
struct Reader {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    rules: Vec<Rule>,
    names: BTreeMap<Vec<u8>, usize>,
    log_keys: BTreeSet<Vec<u8>>,
    witness_keys: BTreeSet<Vec<u8>>,
    members: BTreeSet<usize>,
    quorum: Option<Option<usize>>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if line.iter().any(|b| (*b < b' ' && *b != b'\t') || *b == 0x7f) {
            return Err("a control character");
        }
        let items: Vec<&[u8]> =
            line.split(|b| matches!(b, b' ' | b'\t')).filter(|item| !item.is_empty()).collect();
        let Some((keyword, items)) = items.split_first() else { return Ok(()) };
        match (*keyword, items) {
            (word, _) if word.starts_with(b"#") => Ok(()),
            (b"log", [key, url @ ..]) => {
                let (text, material) = vkey(key)?;
                let key: NoteVerifier = text.parse().map_err(|_| "not a log's Ed25519 vkey")?;
                if !self.log_keys.insert(material) {
                    return Err("a log's key comes twice");
                }
                self.logs.push(PolicyLog { key, url: one_url(url)? });
                Ok(())
            }
            (b"witness", [name, key, url @ ..]) => {
                let (text, material) = vkey(key)?;
                let key = match cosigning(&text)? {
                    true => Some(text.parse().map_err(|_| "not a witness's vkey")?),
                    false => None,
                };
                if !self.witness_keys.insert(material) {
                    return Err("a witness's key comes twice");
                }
                let witness = PolicyWitness { name: name.to_vec(), key, url: one_url(url)? };
                self.define(name, Rule::Witness(self.witnesses.len()))?;
                self.witnesses.push(witness);
                Ok(())
            }
            (b"group", [name, threshold, members @ ..]) => {
                if members.is_empty() {
                    return Err("a group without members");
                }
                let threshold = match *threshold {
                    b"all" => members.len(),
                    b"any" => 1,
                    number => std::str::from_utf8(number)
                        .ok()
                        .and_then(super::decimal)
                        .and_then(|k| usize::try_from(k).ok())
                        .filter(|k| (1..=members.len()).contains(k))
                        .ok_or("a threshold that is not all, any, or from 1 to the number of members")?,
                };
                let members: Vec<usize> =
                    members.iter().map(|member| self.known(member)).collect::<Result<_, _>>()?;
                if !members.iter().all(|member| self.members.insert(*member)) {
                    return Err("a name is a member twice");
                }
                self.define(name, Rule::Group { threshold, members })
            }
            (b"quorum", [name]) => {
                let rule = if *name == b"none" { None } else { Some(self.known(name)?) };
                match self.quorum.replace(rule) {
                    None => Ok(()),
                    Some(_) => Err("a second quorum"),
                }
            }
            (b"log" | b"witness" | b"group" | b"quorum", _) => Err("too few or too many words"),
            _ => Err("not log, witness, group or quorum"),
        }
    }

    fn known(&self, name: &[u8]) -> Result<usize, &'static str> {
        self.names.get(name).copied().ok_or("a name that no line before it defines")
    }

    fn define(&mut self, name: &[u8], rule: Rule) -> Result<(), &'static str> {
        if name == b"none" {
            return Err("the name none is taken");
        }
        if self.names.insert(name.to_vec(), self.rules.len()).is_some() {
            return Err("a name is defined twice");
        }
        self.rules.push(rule);
        Ok(())
    }
}

/// A vkey's text, and the key in it without its type.
fn vkey(item: &[u8]) -> Result<(String, Vec<u8>), &'static str> {
    let text = std::str::from_utf8(item).map_err(|_| "a vkey that is not UTF-8")?;
    let typed = text.splitn(3, '+').nth(2).ok_or("not a vkey")?;
    let typed = super::from_base64(typed).map_err(|_| "not a vkey")?;
    let (_, key) = typed.split_first().ok_or("not a vkey")?;
    Ok((text.to_owned(), key.to_vec()))
}

/// Whether a witness's vkey is of the type that can be verified; an error for a type that is no cosignature's.
fn cosigning(text: &str) -> Result<bool, &'static str> {
    let typed = text.splitn(3, '+').nth(2).and_then(|typed| super::from_base64(typed).ok());
    match typed.as_deref() {
        Some([4, ..]) => Ok(true),
        Some([6, key @ ..]) if key.len() == 1312 => Ok(false),
        _ => Err("not a witness's vkey"),
    }
}

fn one_url(items: &[&[u8]]) -> Result<Option<String>, &'static str> {
    match items {
        [] => Ok(None),
        [url] => Ok(Some(String::from_utf8(url.to_vec()).map_err(|_| "an address that is not UTF-8")?)),
        _ => Err("too many words"),
    }
}
