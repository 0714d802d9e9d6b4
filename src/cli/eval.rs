//! `saoy eval`: how right the reading is, over papers whose answers are known.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use super::certify::{Progress, cancel_on_signal, default_jobs};
use super::{Outcome, output};
use crate::error::Failure;
use crate::eval::{self, Answer, Sample};
use crate::extract::{Calibration, Forms};
use crate::ocr::{EnginePool, OWN_MODEL, Recognizer};
use crate::pipeline::{self, Event};
use crate::scan::Limits;

/// Measure the reading of papers whose answers stand beside them: <name>.expected.json
#[derive(Debug, Args)]
pub(super) struct Eval {
    /// The folders of papers and expectations
    #[arg(value_name = "DIR", required = true)]
    folder: Vec<PathBuf>,
    /// The figures as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Also write a page with the crops of all wrong fields; it shows what stands on the papers
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// A folder of form files instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    forms: Option<PathBuf>,
    /// Keep the engine's answers here, so that another run over the same papers only tries the forms; it then holds what
    /// stands on the papers
    #[arg(long, value_name = "DIR")]
    remember: Option<PathBuf>,
    /// Fit how sure a field is to these papers, and write it here: models/confidence.toml. Only to papers of the split `calibrate`
    #[arg(long, value_name = "FILE")]
    calibrate: Option<PathBuf>,
    /// Another file than the built-in models/confidence.toml: to check a fit on papers that it did not see
    #[arg(long, value_name = "FILE", conflicts_with = "calibrate")]
    confidence: Option<PathBuf>,
    /// What the fitted file says of the papers: split, seed, styles, day
    #[arg(long, value_name = "TEXT", requires = "calibrate")]
    source: Option<String>,
    /// The risk that a field may pass with, in the fitted file: the probability that it is wrong
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, requires = "calibrate")]
    risk: f32,
    /// Model: saoy (its own, of Vietnamese), or Tesseract's languages, joined by +
    #[arg(long, default_value = OWN_MODEL, value_name = "LANG")]
    lang_ocr: String,
    /// Pages read at once
    #[arg(long, default_value_t = default_jobs(), value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
}

impl Eval {
    pub(super) fn run(self) -> Outcome {
        let forms = match &self.forms {
            Some(folder) => Forms::load(folder)?,
            None => Forms::builtin()?,
        };
        let forms = match &self.confidence {
            Some(path) => forms.with_calibration(Calibration::load(path)?),
            None => forms,
        };
        let forms = if self.calibrate.is_some() { forms.uncalibrated() } else { forms };
        let mut samples = Vec::new();
        for folder in &self.folder {
            samples.extend(eval::samples(folder)?);
        }
        let engines = self.engines()?;
        let limits = Limits::default();
        let (answers, seconds) = answers(&engines, &forms, samples, &limits)?;
        let report = eval::evaluate(&answers, self.remember.is_none().then_some(seconds));
        if let Some(path) = &self.html {
            std::fs::write(path, eval::html(&report, &limits)).map_err(|e| unwritable(path, &e))?;
        }
        if let Some(path) = &self.calibrate {
            let fitted = eval::fitted(&answers, &forms);
            let source = self.source.clone().unwrap_or_default();
            let calibration = Calibration::fit(&fitted, source, self.risk);
            std::fs::write(path, calibration.to_toml()).map_err(|e| unwritable(path, &e))?;
        }
        if self.json {
            output::json_pretty(&report);
        } else {
            report.table().iter().for_each(|line| output::line(line));
        }
        Ok(if report.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn engines(&self) -> Result<EnginePool, Failure> {
        let jobs = usize::from(self.jobs);
        let Some(folder) = &self.remember else { return Ok(EnginePool::of_language(&self.lang_ocr, jobs)?) };
        std::fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
        let (folder, languages) = (folder.clone(), self.lang_ocr.clone());
        let pool = EnginePool::of_language(&languages, 1)?;
        Ok(EnginePool::with(jobs, move || {
            let engine = eval::Remembering::new(pool.spare()?, &languages, &folder);
            Ok(Box::new(engine) as Box<dyn Recognizer + Send>)
        }))
    }
}

/// Reads papers whose answers are known, and says which could not be read; with the seconds that it took.
pub(super) fn answers(
    engines: &EnginePool,
    forms: &Forms,
    samples: Vec<Sample>,
    limits: &Limits,
) -> Result<(Vec<Answer>, f64), Failure> {
    let cancelled = cancel_on_signal()?;
    let files: Vec<PathBuf> = samples.iter().map(|s| s.scan.clone()).collect();
    let progress = Progress::new(true);
    let show = |event: Event<'_>| progress.show(event);
    let begin = Instant::now();
    let read = pipeline::read_only(engines, forms, None, &files, limits, &cancelled, &show);
    let seconds = begin.elapsed().as_secs_f64();
    progress.finish();
    let answers: Vec<Answer> =
        samples.into_iter().zip(read).map(|(sample, (_, read))| Answer { sample, read }).collect();
    for answer in &answers {
        if let Err(failure) = &answer.read {
            output::note(&format!("{}:", answer.sample.scan.display()));
            output::failure(failure);
        }
    }
    Ok((answers, seconds))
}

fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::new(
        "output-unwritable",
        format!("{}: {error}", path.display()),
        "check the folder and its rights, or name another file",
    )
}
