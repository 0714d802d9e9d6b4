//! `saoy verify`: what a copy proves, as separate facts, or the seal of a print.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Args, ValueEnum};

use super::trust::{pinned, read_trust};
use super::{Outcome, output};
use crate::error::Failure;
use crate::extract::Forms;
use crate::ocr;
use crate::office::{Ambient, Office};
use crate::registry::check::{Place as _, STATUS_PATH};
use crate::registry::policy::Policy;
use crate::registry::proof::Proof;
use crate::registry::{Note, Receipt};
use crate::remote::{HttpPlace, WitnessClient};
use crate::scan::{Limits, Scan};
use crate::store::Mode;
use crate::verify::status::StatusLists;
use crate::verify::trust::TrustList;
use crate::verify::{self, Language, National, Options, ProofSource, Verdict, Witnesses};

/// The largest file that is taken for a copy.
const MAX_BYTES: u64 = 4 << 30;

/// How long a national log has for an answer.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(10);

/// Verify copies against a trust list; keys inside a copy are never trusted
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("asked").args(["policy", "national_policy"]).multiple(true)))]
pub(super) struct Verify {
    /// The trust list: offices with their keys; a signed one must be the pinned root's. Without one, the pinned list is taken
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// An office's own home: knows the status of its copies too; not used where --trust is given
    #[arg(long, value_name = "DIR", env = "SAOY_HOME")]
    home: Option<PathBuf>,
    /// The office's signed status list: a file, or the address of its log; may be given several times
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
    /// An authentic copy whose status is not known ends with exit 0
    #[arg(long)]
    allow_status_unknown: bool,
    /// One JSON report a file, one a line
    #[arg(long)]
    json: bool,
    /// The report's language
    #[arg(long, value_enum, default_value_t = Lang::Vi)]
    lang: Lang,
    /// A print: its QR code's text, the link in it, or a scan or photograph of the print; may be given several times
    #[arg(long, value_name = "TEXT|LINK|FILE")]
    seal: Vec<String>,
    /// The copies
    #[arg(required_unless_present = "seal", value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    /// Tiếng Việt
    Vi,
    /// English
    En,
}

impl Verify {
    pub(super) fn run(self) -> Outcome {
        let office = match (&self.trust, &self.home) {
            (None, Some(home)) => Some(Office::open(home, Ambient::system()?, Mode::Read)?),
            _ => None,
        };
        let trust = match (&self.trust, &office) {
            (Some(path), _) => read_trust(path)?,
            (None, Some(office)) => office.trust()?,
            (None, None) => pinned()?.ok_or_else(|| {
                Failure::new(
                    "no-trust",
                    "nothing says which offices are trusted",
                    "give --trust FILE (an office's trust.json) or --home DIR, or pin a signed list: saoy trust pin",
                )
            })?,
        };
        let mut lists = StatusLists::default();
        for place in &self.status {
            lists.add(&read_status(place)?, &trust)?;
        }
        let status: Option<&dyn verify::StatusSource> = match (&office, self.status.is_empty()) {
            (_, false) => Some(&lists),
            (Some(office), true) => Some(office),
            (None, true) => None,
        };
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|e| {
                Failure::new(
                    "unreadable",
                    format!("{}: {e}", path.display()),
                    "check the name and the permissions",
                )
            })
        };
        let policy =
            self.policy.as_ref().map(|path| Ok::<_, Failure>(Policy::parse(&read(path)?)?)).transpose()?;
        let stapled = self.receipt.iter().map(|path| Ok::<_, Failure>(Receipt::parse(&read(path)?)?));
        let stapled = stapled.collect::<Result<Vec<_>, _>>()?;
        let witnesses = policy.as_ref().map(|policy| Witnesses { policy, stapled: &stapled });
        let national_policy = self.national_policy.as_ref();
        let national_policy =
            national_policy.map(|path| Ok::<_, Failure>(Policy::parse(&read(path)?)?)).transpose()?;
        let mut proofs = Proofs::default();
        for place in &self.national {
            proofs.add(place, |path| read(&path))?;
        }
        let national =
            national_policy.as_ref().map(|policy| National { policy, stapled: &stapled, proofs: &proofs });
        let language = match self.lang {
            Lang::Vi => Language::Vietnamese,
            Lang::En => Language::English,
        };
        let forms = Forms::builtin()?;
        let mut worst = 0;
        for file in &self.files {
            let code = match self.one(file, &trust, status, (witnesses, national), &forms, language) {
                Ok(verdict) => verdict.exit_code(self.allow_status_unknown),
                Err(failure) => {
                    self.failed(file, &failure);
                    2
                }
            };
            worst = worst.max(code);
        }
        for given in &self.seal {
            worst = worst.max(self.print(given, &trust, status, language));
        }
        Ok(ExitCode::from(worst))
    }

    /// The seals of one print; gives the highest exit code.
    fn print(
        &self,
        given: &str,
        trust: &TrustList,
        status: Option<&dyn verify::StatusSource>,
        language: Language,
    ) -> u8 {
        let options = Options { now: time::OffsetDateTime::now_utc(), status };
        // What a seal's text says of a person is not repeated.
        let is_text = given.starts_with("SC1:") || given.starts_with("https://");
        let name = Path::new(if is_text { "--seal" } else { given });
        let reports = if is_text {
            verify::verify_seal(given, trust, &options).map(|report| vec![report]).map_err(Failure::from)
        } else {
            seals_on(name).map(|texts| {
                let reports = texts.iter().map(|text| verify::verify_seal(text, trust, &options));
                reports.filter_map(Result::ok).collect()
            })
        };
        let no_seal = || {
            Failure::new(
                "no-seal",
                "no QR code with a seal could be read",
                "scan the print flat at 300 dpi, or photograph the code alone, sharp and from straight above",
            )
        };
        let reports = reports.and_then(|list| if list.is_empty() { Err(no_seal()) } else { Ok(list) });
        let reports = match reports {
            Ok(reports) => reports,
            Err(failure) => {
                self.failed(name, &failure);
                return 2;
            }
        };
        for report in &reports {
            if self.json {
                let mut value = serde_json::to_value(report).expect("a report is plain data");
                if !is_text {
                    value["file"] = serde_json::json!(name);
                }
                output::json(&value);
            } else {
                output::line(&format!("{}", name.display()));
                output::line(&report.text(language));
            }
        }
        reports.iter().map(|report| report.exit_code(self.allow_status_unknown)).max().unwrap_or(2)
    }

    fn failed(&self, file: &Path, failure: &Failure) {
        if self.json {
            output::json(&serde_json::json!({"file": file, "error": {
                "code": failure.code, "message": failure.message, "advice": failure.advice}}));
        } else {
            output::failure_of(file, failure);
        }
    }

    fn one(
        &self,
        file: &PathBuf,
        trust: &TrustList,
        status: Option<&dyn verify::StatusSource>,
        (witnesses, national): (Option<Witnesses<'_>>, Option<National<'_>>),
        forms: &Forms,
        language: Language,
    ) -> Result<Verdict, Failure> {
        let too_large = |size| {
            Failure::new(
                "too-many-bytes",
                format!("it has {size} bytes, more than {MAX_BYTES}, or is no file"),
                "give a certified copy; no copy is as large",
            )
        };
        match std::fs::metadata(file) {
            Ok(m) if !m.is_dir() && (!m.is_file() || m.len() > MAX_BYTES) => return Err(too_large(m.len())),
            _ => {}
        }
        let bytes = std::fs::read(file).map_err(|e| {
            Failure::new("unreadable", format!("cannot be read: {e}"), "check the name and the permissions")
        })?;
        let options = Options { now: time::OffsetDateTime::now_utc(), status };
        let report = verify::verify_witnessed(&bytes, trust, &options, witnesses, national)?;
        if self.json {
            let mut value = serde_json::to_value(&report).expect("a report is plain data");
            value["file"] = serde_json::json!(file);
            output::json(&value);
        } else {
            output::line(&format!("{}", file.display()));
            // The forms' titles are Vietnamese; a copy of another form stands with its fields' names.
            let title = |form: &str, field: &str| Some(forms.get(form)?.field_title(field)?.to_owned());
            output::line(&match language {
                Language::Vietnamese => report.text_titled(language, &title),
                Language::English => report.text(language),
            });
        }
        Ok(report.verdict)
    }
}

/// The texts of the seals on a scan, each once.
fn seals_on(file: &Path) -> Result<Vec<String>, Failure> {
    let scan = Scan::open(file, &Limits::default())?;
    let mut texts = Vec::new();
    for number in 1..=scan.page_count() {
        for code in ocr::read_codes(&scan.page(number)?) {
            if crate::seal::from_qr_text(&code.text).is_ok() && !texts.contains(&code.text) {
                texts.push(code.text);
            }
        }
    }
    Ok(texts)
}

/// Proofs from files, and national logs that are asked for theirs.
#[derive(Default)]
struct Proofs {
    given: Vec<Proof>,
    logs: Vec<WitnessClient>,
}

impl Proofs {
    fn add(
        &mut self,
        place: &str,
        read: impl FnOnce(PathBuf) -> Result<Vec<u8>, Failure>,
    ) -> Result<(), Failure> {
        if place.starts_with("https://") || place.starts_with("http://") {
            self.logs.push(WitnessClient::new(place, ANSWER));
        } else {
            self.given.push(Proof::parse(&read(PathBuf::from(place))?)?);
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
    let missing = |problem: String| {
        Failure::new(
            "status",
            format!("{place}: {problem}"),
            "give the status file of an office, or its log's address",
        )
    };
    if place.starts_with("https://") || place.starts_with("http://") {
        let found = HttpPlace::new(place).read(STATUS_PATH)?;
        return found.ok_or_else(|| missing("there is no status list".into()));
    }
    std::fs::read(place).map_err(|e| missing(e.to_string()))
}
