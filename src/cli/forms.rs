//! `saoy forms`: the kinds of paper that Saoy knows.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use super::certify::default_jobs;
use super::{Outcome, output};
use crate::error::Failure;
use crate::eval;
use crate::extract;
use crate::ocr::{EnginePool, OWN_MODEL, PAGE_DEADLINE, read_page};
use crate::scan::{Limits, Scan};

/// The kinds of paper that Saoy knows
#[derive(Debug, Subcommand)]
pub(super) enum Forms {
    /// List the forms
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Propose a form file from the scan of a blank form: on standard output, for a person to mend
    Learn {
        /// The scan: PDF, JPEG, PNG or TIFF
        #[arg(value_name = "BLANK")]
        blank: PathBuf,
        /// The new form's id
        #[arg(long, default_value = "bieu-mau", value_name = "ID")]
        id: String,
        /// Model: saoy (its own, of Vietnamese), or Tesseract's languages, joined by +
        #[arg(long, default_value = OWN_MODEL, value_name = "LANG")]
        lang_ocr: String,
    },
    /// Check form files: a mistake is named with its file and line
    Check {
        /// A folder of form files; without it, the built-in ones
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Also read the papers of this folder, <name>.expected.json beside each: every form must be told, and no wrong value may pass
        /// without a flag
        #[arg(long, value_name = "DIR")]
        samples: Option<PathBuf>,
        /// Model: saoy (its own, of Vietnamese), or Tesseract's languages, joined by +
        #[arg(long, default_value = OWN_MODEL, value_name = "LANG")]
        lang_ocr: String,
    },
}

impl Forms {
    pub(super) fn run(self) -> Outcome {
        if let Self::Learn { blank, id, lang_ocr } = &self {
            return propose(blank, id, lang_ocr);
        }
        let folder = match &self {
            Self::Check { folder, .. } => folder.as_ref(),
            Self::List { .. } | Self::Learn { .. } => None,
        };
        let forms = match folder {
            Some(folder) => extract::Forms::load(folder)?,
            None => extract::Forms::builtin()?,
        };
        match self {
            Self::List { json: true } => {
                let list: Vec<_> = forms
                    .iter()
                    .map(|f| serde_json::json!({"id": f.id(), "title": f.title(), "fields": f.field_names().collect::<Vec<_>>()}))
                    .collect();
                output::json(&list);
            }
            Self::List { json: false } => {
                for form in forms.iter() {
                    output::line(&format!(
                        "{:<28} {} ({} fields)",
                        form.id(),
                        form.title(),
                        form.field_names().count()
                    ));
                }
            }
            Self::Check { folder: Some(folder), .. } if forms.iter().next().is_none() => {
                return Err(Failure::new(
                    "no-forms",
                    format!("{} has no form files", folder.display()),
                    "give the folder in which the *.toml files of the forms lie",
                ));
            }
            Self::Check { samples, lang_ocr, .. } => {
                output::line(&format!("{} forms, no mistake found", forms.iter().count()));
                if let Some(folder) = samples {
                    return run_samples(&forms, &folder, &lang_ocr);
                }
            }
            Self::Learn { .. } => {}
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads the papers of a folder and says by form what came out; exit 1 where a form is not told or a wrong value passes in silence.
fn run_samples(forms: &extract::Forms, folder: &Path, lang_ocr: &str) -> Outcome {
    let samples = eval::samples(folder)?;
    let engines = EnginePool::of_language(lang_ocr, usize::from(default_jobs()))?;
    let (answers, _) = super::eval::answers(&engines, forms, samples, &Limits::default())?;
    let report = eval::evaluate(&answers, None);
    for (id, form) in &report.forms {
        let all = &form.all;
        output::line(&format!(
            "{id:<36} {}/{} papers told, {}/{} fields right, {} wrong without a flag",
            form.form_right, form.papers, all.right, all.expected, all.wrong_not_flagged
        ));
    }
    for wrong in report.wrong.iter().filter(|w| !w.flagged) {
        output::note(&format!("{}: {} is wrong and not flagged", wrong.scan.display(), wrong.field));
    }
    let told = report.forms.values().all(|f| f.form_right == f.papers);
    let silent = report.forms.values().any(|f| f.all.wrong_not_flagged > 0);
    Ok(if told && !silent && report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn propose(blank: &Path, id: &str, lang_ocr: &str) -> Outcome {
    let scan = Scan::open(blank, &Limits::default())?;
    let mut engine = EnginePool::of_language(lang_ocr, 1)?.spare()?;
    let mut pages = Vec::new();
    for number in 1..=scan.page_count() {
        pages.push(read_page(&scan.page(number)?, engine.as_mut(), PAGE_DEADLINE)?);
    }
    let proposed = extract::learn(&pages, id).ok_or_else(|| {
        Failure::new(
            "nothing-learnt",
            format!(
                "{}: no title in capitals, or no label with a colon or a dotted line behind it",
                blank.display()
            ),
            "scan a blank form upright and straight, or write the file by hand after docs/forms.md",
        )
    })?;
    output::line(proposed.trim_end());
    Ok(ExitCode::SUCCESS)
}
