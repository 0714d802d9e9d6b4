//! `saoy read`: words and fields, nothing issued.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::certify::{Progress, cancel_on_signal, chosen_form, default_jobs};
use super::limits::Limits;
use super::{Outcome, output};
use crate::error::Failure;
use crate::extract::Forms;
use crate::ocr::{Defect, EnginePool, OWN_MODEL, PageText, Word};
use crate::pipeline::{self, Event};
use crate::record::Fields;

/// Read scans: words and fields with their places and doubts; nothing is issued
#[derive(Debug, Args)]
pub(super) struct Read {
    /// The form of the papers, or auto to recognise it
    #[arg(long, default_value = "auto", value_name = "ID")]
    form: String,
    /// Model: saoy (its own, of Vietnamese), or Tesseract's languages, joined by +
    #[arg(long, default_value = OWN_MODEL, value_name = "LANG")]
    lang_ocr: String,
    /// Pages read at once
    #[arg(long, default_value_t = default_jobs(), value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// An array with one object a document on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limits: Limits,
    /// The scans: PDF, JPEG, PNG or TIFF
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// One document as `read --json` writes it.
#[derive(Serialize)]
struct ReadDocument<'a> {
    file: &'a Path,
    form: Option<&'a str>,
    pages: Vec<ReadPage<'a>>,
    fields: &'a std::collections::BTreeMap<String, crate::record::Field>,
}

#[derive(Serialize)]
struct ReadPage<'a> {
    width: u32,
    height: u32,
    dpi: Option<[f64; 2]>,
    /// What is wrong with the picture.
    quality: &'a [Defect],
    text: String,
    words: &'a [Word],
}

impl<'a> ReadPage<'a> {
    fn of(page: &'a PageText) -> Self {
        Self {
            width: page.width,
            height: page.height,
            dpi: page.dpi,
            quality: &page.quality,
            text: page.text(),
            words: &page.words,
        }
    }
}

impl Read {
    pub(super) fn run(self) -> Outcome {
        let cancelled = cancel_on_signal()?;
        let forms = Forms::builtin()?;
        let form = chosen_form(&forms, self.form)?;
        let engines = EnginePool::of_language(&self.lang_ocr, usize::from(self.jobs))?
            .with_deadline(self.limits.of_a_page());
        let progress = Progress::new(true);
        let limits = self.limits.of_scans();
        let show = |event: Event<'_>| progress.show(event);
        let documents =
            pipeline::read_only(&engines, &forms, form.as_deref(), &self.files, &limits, &cancelled, &show);
        progress.finish();
        let mut failed = false;
        let mut read = Vec::new();
        for (file, result) in &documents {
            match result {
                Ok((pages, fields)) => {
                    for remark in pipeline::remarks(pages.iter()) {
                        output::note(&format!("{}: {remark}", file.display()));
                    }
                    read.push(ReadDocument {
                        file,
                        form: fields.form.as_deref(),
                        pages: pages.iter().map(ReadPage::of).collect(),
                        fields: &fields.fields,
                    });
                }
                Err(failure) => {
                    failed = true;
                    output::failure_of(file, failure);
                }
            }
        }
        if self.json {
            output::json_pretty(&read);
        } else {
            read.iter().for_each(print);
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn print(document: &ReadDocument<'_>) {
    output::line(&format!("{}: {}", document.file.display(), document.form.unwrap_or("no known form")));
    for (name, field) in document.fields {
        let mark = if field.review { "?" } else { " " };
        let value = match &field.value {
            Value::Null => "—".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        output::line(&format!("{mark} {name:<22} {value}"));
    }
    if document.fields.is_empty() {
        document.pages.iter().for_each(|page| output::line(&page.text));
    }
}

/// Reads what `read --json` wrote and an officer corrected: the fields by file name.
pub(super) fn parse_read_json(path: &Path) -> Result<HashMap<String, Fields>, Failure> {
    // Only what the officer answers for is looked at; pages may be cut from the file.
    #[derive(Deserialize)]
    struct Corrected {
        file: PathBuf,
        #[serde(flatten)]
        fields: Fields,
    }
    let bad = |what: String| {
        Failure::new(
            "fields-file",
            format!("{}: {what}", path.display()),
            "give the array that `saoy read --json FILE…` writes, with its values corrected",
        )
    };
    let bytes = std::fs::read(path).map_err(|e| bad(e.to_string()))?;
    let documents: Vec<Corrected> = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
    let mut fields = HashMap::new();
    for document in documents {
        let name = document.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if fields.insert(name.clone(), document.fields).is_some() {
            return Err(bad(format!("two documents are named {name}")));
        }
    }
    Ok(fields)
}
