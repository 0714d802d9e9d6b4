//! `saoy verify`: what a copy proves, as separate facts, or the seal of a print.

mod batch;
mod ground;

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::certify::{Progress, default_jobs};
use super::{Outcome, output};
use crate::ambient::SystemClock;
use crate::error::Failure;
use crate::extract::Forms;
use crate::ocr::EnginePool;
use crate::pipeline::Print;
use crate::scan::Limits;
use crate::server::{self, VerifyLimits};
use crate::verify::{Language, Report, SealReport, facts_text, humanised, no_seal};
use batch::{Refused, Told};
use ground::{Against, Ground};

/// Verify copies against a trust list; keys inside a copy are never trusted
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    against: Against,
    /// An authentic copy whose status is not known ends with exit 0
    #[arg(long)]
    allow_status_unknown: bool,
    /// One JSON report a file, one a line
    #[arg(long)]
    json: bool,
    /// Paths of copies from standard input, one a line; for each a JSON report a line, in the same order
    #[arg(long, conflicts_with_all = ["files", "seal", "serve", "lang"])]
    ndjson: bool,
    /// The report's language
    #[arg(long, value_enum, default_value_t = Lang::Vi)]
    lang: Lang,
    /// A print: its QR code's text, the link in it, or a scan or photograph of the print, from which the sealed values are read again
    /// and compared; may be given several times
    #[arg(long, value_name = "TEXT|LINK|FILE")]
    seal: Vec<String>,
    /// Verify over HTTP what is sent to this address (docs/openapi.json); put a proxy with TLS in front of it
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["files", "seal", "json", "lang", "allow_status_unknown"])]
    serve: Option<SocketAddr>,
    /// Bytes that a copy may have which is sent to --serve
    #[arg(long, value_name = "N", requires = "serve", default_value_t = VerifyLimits::default().copy, value_parser = clap::value_parser!(u64).range(1..=1 << 32))]
    max_bytes: u64,
    /// Requests that --serve works on at once; the next is told to come again
    #[arg(long, value_name = "N", requires = "serve", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    max_requests: u16,
    /// The copies, or folders with copies
    #[arg(required_unless_present_any = ["seal", "ndjson", "serve"], value_name = "FILE|DIR")]
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
        if let Some(listen) = self.serve {
            return self.serve(listen);
        }
        let language = self.language();
        self.each(language).map_err(|failure| output::in_language(failure, language))
    }

    const fn language(&self) -> Language {
        match self.lang {
            Lang::Vi => Language::Vietnamese,
            Lang::En => Language::English,
        }
    }

    fn each(self, language: Language) -> Outcome {
        let ground = Ground::of(&self.against)?;
        let forms = Forms::builtin()?;
        let worst = Cell::new(0);
        let bar = super::registry::bar("copies");
        let tell = |file: PathBuf, told: Told| {
            let code = match &told {
                Ok(report) => report.verdict.exit_code(self.allow_status_unknown),
                Err(_) => 2,
            };
            worst.set(worst.get().max(code));
            bar.suspend(|| match told {
                Ok(report) => self.show(&file, &report, &forms, language),
                Err(refused) => self.refused(&file, &refused, language),
            });
            bar.inc(1);
        };
        if self.ndjson {
            let broken = AtomicBool::new(false);
            let failed = |failure: Failure| {
                broken.store(true, Ordering::Relaxed);
                output::failure_of(Path::new("standard input"), &failure);
            };
            batch::each(batch::named_by_input(failed), &ground, tell);
            if broken.into_inner() {
                worst.set(2);
            }
        } else {
            let mut files = Vec::new();
            for place in &self.files {
                match batch::below(place) {
                    Ok(below) if !below.is_empty() => files.extend(below),
                    Ok(_) => {
                        let failure =
                            Failure::new("no-copies", "no PDF file is in it", "give another folder")
                                .in_vietnamese("trong đó không có tệp PDF nào", "đưa thư mục khác");
                        self.failed(place, &failure);
                        worst.set(2);
                    }
                    Err(failure) => {
                        self.failed(place, &failure);
                        worst.set(2);
                    }
                }
            }
            bar.set_length(files.len() as u64);
            batch::each(files.into_iter(), &ground, tell);
        }
        bar.finish_and_clear();
        for given in &self.seal {
            worst.set(worst.get().max(self.print(given, &ground, &forms, language)));
        }
        Ok(ExitCode::from(worst.get()))
    }

    fn serve(self, listen: SocketAddr) -> Outcome {
        let limits = VerifyLimits {
            copy: self.max_bytes,
            requests: self.max_requests.into(),
            ..VerifyLimits::default()
        };
        let ground = || Ground::of(&self.against).map(|ground| Box::new(ground) as Box<dyn server::Ground>);
        let say = |address| output::note(&format!("listening on http://{address}"));
        let stop = server::until_asked_to_end();
        server::serve_verify(listen, ground, Box::new(SystemClock), limits, output::note, stop, say)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The seals of one print; gives the highest exit code.
    fn print(&self, given: &str, ground: &Ground, forms: &Forms, language: Language) -> u8 {
        // What a seal's text says of a person is not repeated.
        // Pasted text brings white space along; a file's name may have it.
        let text = given.trim();
        let is_text = is_code(text);
        let name = Path::new(if is_text { "--seal" } else { given });
        let reports = if is_text {
            ground
                .verifier()
                .seal(text, OffsetDateTime::now_utc())
                .map(|report| vec![ground.looked_up(report)])
                .map_err(|error| no_seal(&error))
        } else if !name.exists() {
            Err(Failure::new(
                "no-seal",
                "it is neither the text of a copy's QR code (SC1:…, or a link https://…/#…) nor a file",
                "give what the code on the copy says, whole, or the name of a picture or PDF of the print; other codes on a paper are no seal",
            )
            .in_vietnamese(
                "đây không phải nội dung mã QR của một bản sao (SC1:…, hoặc đường dẫn https://…/#…), cũng không phải là tệp",
                "đưa nguyên văn nội dung của mã trên bản sao, hoặc tên tệp ảnh hay PDF của bản in; các mã khác trên tờ giấy không phải là dấu",
            ))
        } else {
            reread(name, ground, forms)
        };
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
                    value["file"] = serde_json::json!(name.to_string_lossy());
                }
                output::json(&value);
            } else {
                output::line(&output::name(name));
                let known = |field: &str| forms.iter().find_map(|form| form.field_title(field));
                output::line(&report.text_titled(language, &|field| called(language, field, known(field))));
            }
        }
        reports.iter().map(|report| report.exit_code(self.allow_status_unknown)).max().unwrap_or(2)
    }

    fn failed(&self, file: &Path, failure: &Failure) {
        if self.json || self.ndjson {
            output::json(&refusal(file, failure));
        } else {
            output::failure_of(file, &output::in_language(failure.clone(), self.language()));
        }
    }

    fn refused(&self, file: &Path, refused: &Refused, language: Language) {
        let Refused { failure, signatures } = refused;
        if signatures.is_empty() {
            return self.failed(file, failure);
        }
        if self.json || self.ndjson {
            let mut value = refusal(file, failure);
            value["error"]["signatures"] = serde_json::json!(signatures);
            return output::json(&value);
        }
        output::failure_of(file, &output::in_language(failure.clone(), language));
        output::line(&output::name(file));
        let facts: Vec<_> = signatures.iter().map(|signature| signature.fact.clone()).collect();
        output::line(facts_text(&facts, language).trim_end());
    }

    fn show(&self, file: &Path, report: &Report, forms: &Forms, language: Language) {
        if self.json || self.ndjson {
            let mut value = serde_json::to_value(report).expect("a report is plain data");
            value["file"] = serde_json::json!(file.to_string_lossy());
            output::json(&value);
        } else {
            output::line(&output::name(file));
            let known = |form: &str, field: &str| {
                let form = forms.get(form);
                let place = form.and_then(|form| form.field_names().position(|name| name == field));
                let called = called(language, field, form.and_then(|form| form.field_title(field)))?;
                Some((place.unwrap_or(usize::MAX), called))
            };
            output::line(&report.text_titled(language, &known));
        }
    }
}

/// Whether what was given is meant as a code's text or the link in it, be it a wrong one, and not as a file's name.
fn is_code(text: &str) -> bool {
    let begins = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    text.is_empty() || ["SC1:", "https://", "http://"].into_iter().any(begins)
}

fn refusal(file: &Path, failure: &Failure) -> serde_json::Value {
    serde_json::json!({"file": file.to_string_lossy(), "error": {
        "code": failure.code, "message": failure.message, "advice": failure.advice}})
}

/// What people call a field: its title, which is Vietnamese, or its name in words.
fn called(language: Language, field: &str, title: Option<&str>) -> Option<String> {
    let title = title.filter(|_| language == Language::Vietnamese);
    Some(title.map_or_else(|| humanised(field), str::to_owned))
}

/// The reports on the seals of a scan, with the sealed values read again from it; without an engine they are not, which the reports say.
fn reread(file: &Path, ground: &Ground, forms: &Forms) -> Result<Vec<SealReport>, Failure> {
    let limits = Limits::default();
    let print = Print::open(file, &limits)?;
    let (verifier, now) = (ground.verifier(), OffsetDateTime::now_utc());
    let seals = print.seals(&limits)?.into_iter();
    let reports: Vec<(u32, SealReport)> = seals
        .filter_map(|(page, text)| Some((page, ground.looked_up(verifier.seal(&text, now).ok()?))))
        .collect();
    if reports.is_empty() {
        return Err(Failure::new(
            "no-seal",
            "no QR code with a seal could be read",
            "scan the print flat at 300 dpi, or photograph the code alone, sharp and from straight above",
        )
        .in_vietnamese(
            "không đọc được mã QR nào có dấu",
            "quét phẳng bản in ở 300 dpi, hoặc chụp riêng mã QR, rõ nét và thẳng từ trên xuống",
        ));
    }
    let not_read = |failure: Failure| {
        output::failure_of(
            file,
            &Failure { message: format!("not read again: {}", failure.message), ..failure },
        );
    };
    let holds = reports.iter().any(|(_, report)| report.seal.is_some());
    let engines = holds.then(|| EnginePool::own(usize::from(default_jobs())).map_err(Failure::from));
    let engines = engines.and_then(|engines| engines.map_err(not_read).ok());
    let progress = Progress::new(true);
    let read = |(page, report): (u32, SealReport)| {
        let (Some(engines), Some(seal)) = (&engines, &report.seal) else { return report };
        match print.compare(engines, forms, seal, page, &limits, &|event| progress.show(event)) {
            Ok(paper) => report.with_paper(paper),
            Err(failure) => {
                not_read(failure);
                report
            }
        }
    };
    let reports = reports.into_iter().map(read).collect();
    progress.finish();
    Ok(reports)
}
