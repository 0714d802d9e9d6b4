//! What is verified against: the trust list and what else the reader asks for, read once.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use crate::cli::output;
use crate::cli::trust::{pinned, read_trust};
use crate::error::Failure;
use crate::office::{Ambient, Office};
use crate::registry::check::{self, Place as _, STATUS_PATH};
use crate::registry::policy::Policy;
use crate::registry::proof::Proof;
use crate::registry::status::StatusList;
use crate::registry::{Note, Receipt, RegistryError};
use crate::remote::{HttpPlace, WitnessClient};
use crate::server;
use crate::store::Mode;
use crate::verify::status::{Missing, StatusLists};
use crate::verify::trust::TrustList;
use crate::verify::{
    National, Paths, ProofSource, Reason as _, SealReport, StatusAnswer, StatusSource, Verifier, Witnesses,
};

/// How long a national log has for an answer.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(10);

/// Where it stands.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("asked").args(["policy", "national_policy"]).multiple(true)))]
pub(super) struct Against {
    /// The trust list: offices with their keys; a signed one must be the pinned root's. Without one, the pinned list is taken
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// An office's own home: knows the status of its copies too; not used where --trust is given
    #[arg(long, value_name = "DIR", env = "SAOY_HOME")]
    home: Option<PathBuf>,
    /// The office's signed status list: a file, or the address of its log, where a seal's entry is looked up too; may be given several times
    #[arg(long, value_name = "FILE|URL")]
    status: Vec<String>,
    /// Ask for witnesses of the office's log: a C2SP tlog-policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A receipt that was stapled beside the copy later (`registry proof --witnessed`); may be given several times
    #[arg(long, value_name = "FILE", requires = "asked")]
    receipt: Vec<PathBuf>,
    /// Ask that the office's checkpoint is in a national log: a proof of it (`registry proof --witnessed --national`), or the log's
    /// address; may be given several times
    #[arg(long, value_name = "FILE|URL", requires = "national_policy")]
    national: Vec<String>,
    /// The national logs' keys, and the witnesses that their checkpoints need: a C2SP tlog-policy
    #[arg(long, value_name = "FILE", requires = "national")]
    national_policy: Option<PathBuf>,
}

/// All of it, read.
pub(super) struct Ground {
    trust: TrustList,
    lists: Option<StatusLists>,
    office: Option<Office>,
    policy: Option<Policy>,
    stapled: Vec<Receipt>,
    national_policy: Option<Policy>,
    proofs: Proofs,
    paths: Paths,
    /// Logs that can be asked, by the codes of their offices.
    logs: Vec<(String, HttpPlace)>,
}

impl Ground {
    /// Reads it.
    pub(super) fn of(against: &Against) -> Result<Self, Failure> {
        let office = match (&against.trust, &against.home) {
            (None, Some(home)) => Some(Office::open(home, Ambient::system()?, Mode::Read)?),
            _ => None,
        };
        let trust = match (&against.trust, &office) {
            (Some(path), _) => read_trust(path)?,
            (None, Some(office)) => office.trust()?,
            (None, None) => pinned()?.ok_or_else(|| {
                Failure::new(
                    "no-trust",
                    "nothing says which offices are trusted",
                    "give --trust FILE (an office's trust.json) or --home DIR, or pin a signed list: saoy trust pin",
                )
                .in_vietnamese(
                    "không có gì cho biết cơ quan nào được tin cậy",
                    "thêm --trust TỆP (trust.json của cơ quan) hoặc --home THƯ_MỤC, hoặc ghim một danh sách có ký: saoy trust pin",
                )
            })?,
        };
        if let Some(Err(behind)) = office.as_ref().map(Office::refuse_forgotten) {
            output::note(&format!("{}; so the status is unknown", behind.message));
        }
        let mut lists = StatusLists::default();
        let mut logs = Vec::new();
        for place in &against.status {
            // Without its list a copy's status is unknown, and all else about it can be told.
            let said =
                |failure: &Failure| output::note(&format!("{place}: no status list: {}", failure.message));
            let bytes = match read_status(place) {
                Ok(bytes) => bytes,
                Err(failure) if failure.code == "no-status-file" => return Err(failure),
                Err(failure) => {
                    said(&failure);
                    lists.add_missing(match failure.code {
                        "unreachable" => Missing::Unreachable,
                        _ => Missing::NotThere,
                    });
                    continue;
                }
            };
            match lists.add(&bytes, &trust) {
                Ok(()) => {
                    let origin = StatusList::origin_of(&bytes).ok().filter(|_| HttpPlace::is_address(place));
                    let office = origin.and_then(|origin| trust.log(&origin));
                    logs.extend(office.map(|office| (office.code.clone(), HttpPlace::new(place))));
                }
                Err(error) => {
                    said(&error.clone().into());
                    lists.add_missing(Missing::Refused(error));
                }
            }
        }
        let policy = |path: &Option<PathBuf>| -> Result<Option<Policy>, Failure> {
            path.as_ref().map(|path| parsed(path, &POLICY, Policy::parse)).transpose()
        };
        let stapled = against.receipt.iter().map(|path| parsed(path, &RECEIPT, Receipt::parse));
        let mut proofs = Proofs::default();
        for place in &against.national {
            proofs.add(place)?;
        }
        Ok(Self {
            lists: (!against.status.is_empty()).then_some(lists),
            office,
            policy: policy(&against.policy)?,
            stapled: stapled.collect::<Result<_, _>>()?,
            national_policy: policy(&against.national_policy)?,
            proofs,
            trust,
            paths: Paths::default(),
            logs,
        })
    }

    /// The report with the entry that its seal names, where `--status` gave the address of the office's log.
    pub(super) fn looked_up(&self, report: SealReport) -> SealReport {
        let Some(seal) = &report.seal else { return report };
        let log = self.logs.iter().find(|(code, _)| *code == seal.office);
        let Some(((_, place), office)) = log.zip(self.trust.office(&seal.office)) else { return report };
        match check::entry(place, &office.log_trust(), seal.index) {
            Ok(found) => report.with_entry(found.as_ref().map_err(String::as_str)),
            Err(failure) => report.with_entry(Err(&failure.message)),
        }
    }

    pub(super) fn verifier(&self) -> Verifier<'_> {
        let status: Option<&dyn StatusSource> = match (&self.lists, &self.office) {
            (Some(lists), _) => Some(lists),
            (None, Some(office)) => Some(office),
            (None, None) => None,
        };
        let (stapled, proofs) = (&self.stapled[..], &self.proofs);
        Verifier {
            trust: &self.trust,
            status,
            witnesses: self.policy.as_ref().map(|policy| Witnesses { policy, stapled }),
            national: self.national_policy.as_ref().map(|policy| National { policy, stapled, proofs }),
            paths: &self.paths,
        }
    }
}

impl server::Ground for Ground {
    fn verifier(&self) -> Verifier<'_> {
        self.verifier()
    }

    fn by_id(&self, id: &str) -> Result<Option<(u64, StatusAnswer)>, Failure> {
        let office = self.office.as_ref().ok_or_else(|| {
            Failure::new("no-register", "a trust list knows no ids of copies", "start with --home DIR")
        })?;
        office.status_by_id(id)
    }
}

/// A kind of file that a reader gives to be verified against.
struct Kind {
    code: &'static str,
    en: &'static str,
    vi: &'static str,
    advice: (&'static str, &'static str),
}

const POLICY: Kind = Kind {
    code: "bad-policy",
    en: "witness policy (C2SP tlog-policy)",
    vi: "chính sách về bên chứng kiến (C2SP tlog-policy)",
    advice: ("mend it, or fetch the policy again", "sửa lại, hoặc lấy lại tệp chính sách"),
};
const RECEIPT: Kind = Kind {
    code: "bad-log-proof",
    en: "receipt (C2SP tlog-proof)",
    vi: "biên nhận (C2SP tlog-proof)",
    advice: (
        "give the file that `saoy registry proof --witnessed` wrote",
        "đưa tệp do `saoy registry proof --witnessed` ghi ra",
    ),
};
const PROOF: Kind = Kind {
    code: "bad-log-proof",
    en: "proof of a national log",
    vi: "bằng chứng của nhật ký quốc gia",
    advice: (
        "give the file that `saoy registry proof --witnessed --national` wrote",
        "đưa tệp do `saoy registry proof --witnessed --national` ghi ra",
    ),
};

/// A file of this kind.
fn parsed<T>(
    path: &Path,
    kind: &Kind,
    parse: impl FnOnce(&[u8]) -> Result<T, RegistryError>,
) -> Result<T, Failure> {
    let bytes = std::fs::read(path).map_err(|error| output::unreadable(&error).named(path))?;
    parse(&bytes).map_err(|error| {
        let failure = Failure::new(kind.code, format!("it is no {}: {error}", kind.en), kind.advice.0);
        let why = error.reason().vi;
        failure.in_vietnamese(format!("không phải là {} ({why})", kind.vi), kind.advice.1).named(path)
    })
}

/// Proofs from files, and national logs that are asked for theirs.
#[derive(Default)]
struct Proofs {
    given: Vec<Proof>,
    logs: Vec<WitnessClient>,
}

impl Proofs {
    fn add(&mut self, place: &str) -> Result<(), Failure> {
        if HttpPlace::is_address(place) {
            self.logs.push(WitnessClient::new(place, ANSWER));
        } else {
            self.given.push(parsed(Path::new(place), &PROOF, Proof::parse)?);
        }
        Ok(())
    }
}

impl ProofSource for Proofs {
    /// A log that does not answer proves nothing, which the report then says.
    fn proofs(&self, checkpoint: &Note) -> Vec<Proof> {
        let asked = self.logs.iter().filter_map(|log| log.logged(checkpoint).ok().flatten());
        let asked = asked.filter_map(|bytes| Proof::parse(&bytes).ok());
        self.given.iter().cloned().chain(asked).collect()
    }
}

/// A status list from a file, or from a log's address.
fn read_status(place: &str) -> Result<Vec<u8>, Failure> {
    let missing = |problem: &str| {
        Failure::new(
            "status",
            format!("{place}: {problem}"),
            "give the status file of an office, or its log's address",
        )
    };
    if HttpPlace::is_address(place) {
        let found = HttpPlace::new(place).read(STATUS_PATH)?;
        return found.ok_or_else(|| missing("there is no status list"));
    }
    std::fs::read(place).map_err(|error| {
        let failure = Failure { code: "no-status-file", ..output::unreadable(&error) };
        failure.named(Path::new(place))
    })
}
