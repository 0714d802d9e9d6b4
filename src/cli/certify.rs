//! `saoy certify`: scans in, certified copies out.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::limits::Limits;
use super::read::parse_read_json;
use super::{Home, Outcome, output};
use crate::certify::{Acts, Fonts};
use crate::error::Failure;
use crate::extract::Forms;
use crate::ocr::{EnginePool, OWN_MODEL};
use crate::pipeline::{self, ErrorText, Event, Outcome as Document, Request, Tools};
use crate::record::Act;

/// Certify scans: read, extract, number, log, seal and sign; writes <stem>.certified.pdf
#[derive(Debug, Args)]
pub(super) struct Certify {
    #[command(flatten)]
    home: Home,
    /// The officer's statement: the paper originals were compared with these scans
    #[arg(long)]
    compared: bool,
    /// Why the copies are made
    #[arg(long, value_enum, default_value_t = ActName::Certification)]
    act: ActName,
    /// The form of the papers, or auto to recognise it
    #[arg(long, default_value = "auto", value_name = "ID")]
    form: String,
    /// The output of `saoy read --json`, corrected by the officer: its fields count as confirmed. A value that its field cannot
    /// have is refused, unless it was left as read or "as-on-paper" stands among its problems
    #[arg(long, value_name = "FILE")]
    fields: Option<PathBuf>,
    /// Make one document of all files, in the order given
    #[arg(long)]
    join: bool,
    /// How many copies were asked for
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=9999))]
    copies: u32,
    /// Model: saoy (its own, of Vietnamese), or Tesseract's languages, joined by +
    #[arg(long, default_value = OWN_MODEL, value_name = "LANG")]
    lang_ocr: String,
    /// Who asked for the copy; goes into the book, never onto the copy
    #[arg(long, value_name = "NAME")]
    requester: Option<String>,
    /// Where the copies go
    #[arg(long, default_value = ".", value_name = "DIR")]
    out: PathBuf,
    /// Pages read at once
    #[arg(long, default_value_t = default_jobs(), value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Certify once more what was certified already: another number, another copy
    #[arg(long)]
    again: bool,
    /// Certify papers too on whose pages no word can be read
    #[arg(long)]
    allow_blank: bool,
    #[command(flatten)]
    limits: Limits,
    /// One JSON line a document on standard output
    #[arg(long)]
    json: bool,
    /// The scans: PDF, JPEG, PNG or TIFF
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ActName {
    /// Chứng thực bản sao điện tử từ bản chính
    Certification,
    /// Sao y: the office copies a document that it issued or holds
    AgencyCopy,
    /// Số hóa (not yet)
    Digitisation,
}

pub(super) fn default_jobs() -> u16 {
    std::thread::available_parallelism().map_or(1, |n| u16::try_from(n.get()).unwrap_or(u16::MAX))
}

impl Certify {
    pub(super) fn run(self) -> Outcome {
        if !self.compared {
            return Err(Failure::new(
                "not-compared",
                "nothing was certified: --compared is missing",
                "compare the paper originals with the scans, then say so with --compared",
            ));
        }
        let cancelled = cancel_on_signal()?;
        let office = super::open_to_write(&self.home.home)?;
        let forms = Forms::builtin()?;
        let acts = Acts::builtin()?;
        let fonts = Fonts::find()?;
        let limits = self.limits.of_scans();
        std::fs::create_dir_all(&self.out).map_err(|e| {
            Failure::new(
                "out",
                format!("{}: {e}", self.out.display()),
                "choose a folder with --out that can be written",
            )
        })?;
        for (index, ended) in pipeline::finish_pending(&office, &acts, &fonts, &limits)? {
            match ended {
                Ok(Some(path)) => {
                    output::note(&format!(
                        "finished what an earlier run left: entry {index}, {}",
                        path.display()
                    ));
                }
                Ok(None) => output::note(&format!(
                    "finished what an earlier run left: entry {index}; its place is gone or taken, certify the same file again to get it"
                )),
                Err(failure) => {
                    output::note(&format!("entry {index} of an earlier run still waits:"));
                    output::failure(&failure);
                }
            }
        }
        let engines = EnginePool::of_language(&self.lang_ocr, usize::from(self.jobs))?
            .with_deadline(self.limits.of_a_page());
        let request = Request {
            act: match self.act {
                ActName::Certification => Act::Certification,
                ActName::AgencyCopy => Act::AgencyCopy,
                ActName::Digitisation => Act::Digitisation,
            },
            form: chosen_form(&forms, self.form)?,
            officer_fields: match &self.fields {
                Some(path) => parse_read_json(path)?,
                None => HashMap::new(),
            },
            join: self.join,
            copies: self.copies,
            requester: self.requester,
            out: self.out,
            again: self.again,
            allow_blank: self.allow_blank,
            limits,
        };
        let progress = Progress::new(self.json);
        let tools = Tools { forms: &forms, acts: &acts, fonts: &fonts, engines: &engines };
        let outcomes = pipeline::certify(&office, &tools, &self.files, &request, &cancelled, &|event| {
            progress.show(event)
        })?;
        progress.finish();
        let refused = outcomes.iter().filter(|o| matches!(o, Document::Refused(_))).count();
        if !self.json && outcomes.len() > 1 {
            output::note(&format!("{} certified, {refused} not", outcomes.len() - refused));
        }
        Ok(match (cancelled.load(Ordering::Relaxed), refused) {
            (true, _) => ExitCode::from(130),
            (false, 0) => ExitCode::SUCCESS,
            (false, _) => ExitCode::FAILURE,
        })
    }
}

/// `auto` is none; anything else must be a form that there is.
pub(super) fn chosen_form(forms: &Forms, id: String) -> Result<Option<String>, Failure> {
    if id == "auto" {
        return Ok(None);
    }
    if forms.get(&id).is_none() {
        return Err(Failure::new(
            "unknown-form",
            format!("there is no form {id:?}"),
            "`saoy forms list` lists them",
        ));
    }
    Ok(Some(id))
}

/// Ctrl-C ends the batch after the pages in flight; a second one ends the program at once, which loses nothing either.
pub(super) fn cancel_on_signal() -> Result<Arc<AtomicBool>, Failure> {
    let cancelled = Arc::new(AtomicBool::new(false));
    let flag = cancelled.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        output::note("stopping after the pages in flight; what has a number will be finished");
    })
    .map_err(|e| {
        Failure::new("signal", format!("no signal handler: {e}"), "report this with your system's name")
    })?;
    Ok(cancelled)
}

/// Progress for a person at a terminal, results for everyone.
pub(super) struct Progress {
    bar: ProgressBar,
    json: bool,
}

impl Progress {
    pub(super) fn new(json: bool) -> Self {
        let bar = if output::is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} pages  {per_sec}  {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, json }
    }

    pub(super) fn show(&self, event: Event<'_>) {
        match event {
            Event::Begin { pages } => self.bar.set_length(pages as u64),
            Event::PageRead => self.bar.inc(1),
            Event::Document(outcome) => self.bar.suspend(|| self.document(outcome)),
        }
    }

    fn document(&self, outcome: &Document) {
        if self.json {
            return output::json(outcome);
        }
        match outcome {
            Document::Certified(done) => {
                let already = if done.already { " (certified before; --again makes another)" } else { "" };
                output::line(&format!("{}  number {}{already}", done.output.display(), done.number));
                // Apart from the results a remark stands alone: each names its file.
                let remark = |text: &str| output::note(&format!("{}: {text}", done.input.display()));
                if done.trial {
                    remark("THỬ NGHIỆM: a trial copy without an officer's signature, of no legal value");
                }
                done.notes.iter().for_each(|note| remark(note));
                if !done.fields_to_review.is_empty() {
                    remark(&format!("to review: {}", done.fields_to_review.join(", ")));
                }
            }
            Document::Refused(refused) => {
                let ErrorText { code, message, advice } = &refused.error;
                output::failure_of(&refused.input, &Failure::new(code, message, advice));
            }
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
