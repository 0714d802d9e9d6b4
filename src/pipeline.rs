//! The life of one document, read top-down: the only room that knows all the others.
//!
//! ```text
//! admit → read → confirm → prepare (all that can fail) → enter (one transaction) → release (seal, PDF, signatures, file)
//! ```
//!
//! What a crash leaves is an entered job; [`finish_pending`] ends it with the same `release`. Nothing is released that was not
//! durable before, and a number is never used twice: it is taken in the transaction that logs its entry.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::ambient::vietnam_year;
use crate::certify::{self, Acts, Attachment, CopyPage, Fonts, Metadata, Relationship};
use crate::error::Failure;
use crate::extract::{self, Forms, PageCode, Reading};
use crate::ocr::{self, Defect, EnginePool, Frame, PageJob, PageText, Recognizer};
use crate::office::{COPY, Office, OfficeConfig, job_key, record_context};
use crate::record::{
    self, Act, BookNumber, ConfirmedFields, Digest, Disclosure, Fields, Record, RequiredSigner, Role,
    SourcePage,
};
use crate::registry::entry::{EntryKind, VoidCause};
use crate::registry::receipt::Receipt;
use crate::scan::{DpiSource, Limits, Scan, StoredImage};
use crate::seal::{self, Seal};
use crate::signature::{Signer, cms};
use crate::store::{Effect, Job, JobState, Key, RegisterRow, create_durably, folder_of};
use crate::verify;

/// What an officer asks for one batch of files.
#[derive(Clone, Debug)]
pub struct Request {
    /// Why the copies are made.
    pub act: Act,
    /// The form, or `None` to recognise it.
    pub form: Option<String>,
    /// The officer's own version of the fields, by input file name; such a document is confirmed.
    pub officer_fields: HashMap<String, Fields>,
    /// Make one document of all files.
    pub join: bool,
    /// How many copies were asked for.
    pub copies: u32,
    /// Who asked.
    pub requester: Option<String>,
    /// Where the copies go.
    pub out: PathBuf,
    /// Certify once more what was certified already.
    pub again: bool,
    /// Certify a document too of which no page has a word.
    pub allow_blank: bool,
    /// What input may cost.
    pub limits: Limits,
}

/// What became of one document.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// There is a certified copy.
    Certified(Certified),
    /// There is none, and no number was used unless `pending` says so.
    Refused(Refused),
}

/// A copy that was released.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Certified {
    /// The file that came in; the first of those joined.
    pub input: PathBuf,
    /// The copy.
    pub output: PathBuf,
    /// The first 16 bytes of SHA-256(R), hexadecimal.
    pub copy_id: String,
    /// `<số chứng thực>/<year>`.
    pub number: String,
    /// The entry's index in the log.
    pub index: u64,
    /// The form, where one was recognised.
    pub form: Option<String>,
    /// Fields that a person should look at.
    pub fields_to_review: Vec<String>,
    /// The number of pages.
    pub pages: u32,
    /// Whether the copy is marked THỬ NGHIỆM.
    pub trial: bool,
    /// Whether this document had been certified before: the same copy, no new number.
    pub already: bool,
    /// Remarks: a resolution that was estimated, for one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A document that was refused or failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refused {
    /// The file that came in.
    pub input: PathBuf,
    /// Why.
    pub error: ErrorText,
}

/// A failure as scripts read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErrorText {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl From<Failure> for ErrorText {
    fn from(f: Failure) -> Self {
        Self { code: f.code, message: f.message, advice: f.advice }
    }
}

/// What a batch reports while it runs.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// So many pages are to be read.
    Begin {
        /// Pages in all documents.
        pages: usize,
    },
    /// One more page was read.
    PageRead,
    /// A document has ended.
    Document(&'a Outcome),
}

/// What the rooms need that an office does not own.
pub struct Tools<'a> {
    /// The forms.
    pub forms: &'a Forms,
    /// The acts.
    pub acts: &'a Acts,
    /// The typefaces of the strip.
    pub fonts: &'a Fonts,
    /// The readers.
    pub engines: &'a EnginePool,
}

/// One document on its way: an ordered list of pages of scans.
struct Document {
    input: PathBuf,
    output: PathBuf,
    scans: Vec<ScanRef>,
    /// `(index into scans, page number)`, in order.
    pages: Vec<(usize, u32)>,
    key: Digest,
    cost: u64,
}

struct ScanRef {
    path: PathBuf,
    digest: Digest,
    pages: u32,
    cost: u64,
    /// A PDF with an electronic signature.
    signed: bool,
}

impl ScanRef {
    /// Opens the file again; it must still be the one that was admitted.
    fn open(&self, limits: &Limits) -> Result<Scan, Failure> {
        let scan = Scan::open(&self.path, limits)?;
        if scan.digest() == self.digest { Ok(scan) } else { Err(self.changed()) }
    }

    /// Its bytes; they must still be those that were admitted.
    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let bytes = std::fs::read(&self.path).map_err(|_| self.changed())?;
        if Digest::of(&bytes) == self.digest { Ok(bytes) } else { Err(self.changed()) }
    }

    fn changed(&self) -> Failure {
        Failure::new(
            "changed",
            format!("{} changed while it was being read", self.path.display()),
            "wait until the scanner has written the file, then run again",
        )
    }
}

/// What a job needs to be finished by another run: sealed beside the scans, written before the transaction.
#[derive(Serialize, Deserialize)]
struct Material {
    output: PathBuf,
    disclosures: Vec<String>,
    pages: Vec<MaterialPage>,
    seal_fields: Vec<String>,
    fields_to_review: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct MaterialPage {
    scan: usize,
    page: u32,
    dpi: [f64; 2],
    text: PageText,
}

/// Certifies a batch of files. Documents are read together and issued one by one, in the order in which their reading begins
/// (the dearest first, equal ones as given), whichever is read to its end first: the same batch gets the same numbers. One that
/// fails does not stop the others. `cancelled` ends the batch before the next page: what is entered is released.
///
/// # Errors
/// Only what concerns the whole batch: an act that cannot be done, a registry that is broken.
pub fn certify(
    office: &Office,
    tools: &Tools<'_>,
    files: &[PathBuf],
    request: &Request,
    cancelled: &AtomicBool,
    watch: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Vec<Outcome>, Failure> {
    tools.acts.get(request.act)?;
    let started = office.clock.now();
    let mut outcomes = Vec::new();
    let mut end = |outcome: Outcome| {
        watch(Event::Document(&outcome));
        outcomes.push(outcome);
    };

    refuse_unmatched(files, request)?;
    let mut documents = Vec::new();
    let mut outputs: HashMap<PathBuf, (PathBuf, Digest)> = HashMap::new();
    for (input, admitted) in admit(files, request) {
        let known = admitted.and_then(|document| {
            match outputs.get(&document.output) {
                // The same paper twice: the second gets the copy of the first.
                Some((_, key)) if *key == document.key && !request.again => {}
                Some((other, _)) => {
                    let why = format!("{} goes there too", other.display());
                    return Err(output_taken(&document.output, &why));
                }
                None => {
                    outputs.insert(document.output.clone(), (input.clone(), document.key));
                }
            }
            Ok((certified_before(office, &document, request)?, document))
        });
        match known {
            Ok((None, document)) => documents.push(document),
            Ok((Some(done), _)) => end(Outcome::Certified(done)),
            Err(failure) => end(refused(input, failure)),
        }
    }

    let stopped =
        || Failure::new("interrupted", "the batch was stopped before this document was issued", "run again");
    let mut broken = None;
    let mut rereader = Rereader::of(tools.engines);
    let unread = read(tools.engines, &documents, &request.limits, cancelled, watch, |index, pages| {
        let document = &documents[index];
        if broken.is_some() {
            return end(refused(document.input.clone(), stopped()));
        }
        // Asked again: the same paper may have come twice in this batch.
        let result = pages.and_then(|pages| match certified_before(office, document, request)? {
            Some(done) => Ok(done),
            None => issue(office, tools, &mut rereader, document, pages, request, started),
        });
        match result {
            Ok(done) => end(Outcome::Certified(done)),
            Err(failure) => {
                // Nothing more is issued once the registry itself is in doubt, or cannot be remembered outside the database.
                if matches!(failure.code, "registry-broken" | "damaged" | "conflict" | "anchor") {
                    broken = Some(failure.clone());
                    cancelled.store(true, Ordering::Relaxed);
                }
                end(refused(document.input.clone(), failure));
            }
        }
    });
    for index in unread {
        end(refused(documents[index].input.clone(), stopped()));
    }
    broken.map_or(Ok(outcomes), Err)
}

/// A file, its pages' words and its fields.
pub type ReadFile = (PathBuf, Result<(Vec<PageText>, Fields), Failure>);

/// Reads files without issuing anything: for each the pages' words and the fields.
pub fn read_only(
    engines: &EnginePool,
    forms: &Forms,
    form: Option<&str>,
    files: &[PathBuf],
    limits: &Limits,
    cancelled: &AtomicBool,
    watch: &(dyn Fn(Event<'_>) + Sync),
) -> Vec<ReadFile> {
    let mut results: Vec<_> = files.iter().map(|file| (file.clone(), None)).collect();
    let mut documents = Vec::new();
    for (slot, file) in files.iter().enumerate() {
        match look(file, limits) {
            Ok(scan) => documents.push((slot, Document::of(vec![scan], Act::Certification, Path::new("")))),
            Err(failure) => results[slot].1 = Some(Err(failure)),
        }
    }
    let mut rereader = Rereader::of(engines);
    let (slots, documents): (Vec<usize>, Vec<Document>) = documents.into_iter().unzip();
    read(engines, &documents, limits, cancelled, watch, |index, pages| {
        let read = pages.and_then(|pages| {
            let fields = extract(&mut rereader, forms, form, &documents[index], &pages, limits)?;
            Ok((pages.into_iter().map(|page| page.text).collect(), fields))
        });
        results[slots[index]].1 = Some(read);
    });
    let stopped = || Err(Failure::new("interrupted", "stopped before this file was read", "run again"));
    results.into_iter().map(|(file, result)| (file, result.unwrap_or_else(stopped))).collect()
}

/// The rescanned print of a copy.
pub struct Print {
    document: Document,
}

impl std::fmt::Debug for Print {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Print").field("input", &self.document.input).finish_non_exhaustive()
    }
}

impl Print {
    /// Opens a scan of a print.
    ///
    /// # Errors
    /// What keeps the scan from being opened.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, Failure> {
        let document = Document::of(vec![look(path, limits)?], Act::Certification, Path::new(""));
        Ok(Self { document })
    }

    /// The texts of the seals on it, each once, with the page of the first.
    ///
    /// # Errors
    /// A page that cannot be drawn.
    pub fn seals(&self, limits: &Limits) -> Result<Vec<(u32, String)>, Failure> {
        let scan = self.document.scans[0].open(limits)?;
        let mut found: Vec<(u32, String)> = Vec::new();
        for page in 1..=scan.page_count() {
            for code in ocr::read_codes(&scan.page(page)?) {
                if seal::from_qr_text(&code.text).is_ok() && !found.iter().any(|(_, text)| *text == code.text)
                {
                    found.push((page, code.text));
                }
            }
        }
        Ok(found)
    }

    /// Reads what a seal's office sealed once more from the print, whose page `page` bears the seal, and compares it: values are the same
    /// where they differ in nothing but case, white space and the place of a tone mark. The seal stands on the last page of its copy.
    ///
    /// # Errors
    /// What keeps a page from being read.
    pub fn compare(
        &self,
        engines: &EnginePool,
        forms: &Forms,
        seal: &verify::SealFacts,
        page: u32,
        limits: &Limits,
        watch: &(dyn Fn(Event<'_>) + Sync),
    ) -> Result<verify::Paper, Failure> {
        let all = self.document.pages.len();
        let range = match all == seal.pages as usize {
            true => 0..all,
            false => (page.saturating_sub(seal.pages) as usize).min(all)..(page as usize).min(all),
        };
        let mut document =
            Document::of(vec![look(&self.document.input, limits)?], Act::Certification, Path::new(""));
        document.pages = document.pages[range].to_vec();
        let count = u32::try_from(document.pages.len()).expect("the limits bound the pages");
        let mut rereader = Rereader::of(engines);
        let mut result = None;
        let go_on = AtomicBool::new(false);
        let documents = [document];
        read(engines, &documents, limits, &go_on, watch, |_, pages| {
            result = Some(pages.and_then(|pages| {
                let words: usize = pages.iter().map(|page| page.text.words.len()).sum();
                let words = u32::try_from(words).unwrap_or(u32::MAX);
                let paper = |form: Option<&str>, rereader: &mut Rereader<'_>| {
                    let fields = extract(rereader, forms, form, &documents[0], &pages, limits)?;
                    Ok::<_, Failure>(verify::Paper { words, ..compared(forms, fields, seal, count) })
                };
                let known = paper(None, &mut rereader)?;
                if known.form.is_some() && !known.other_form {
                    return Ok(known);
                }
                // A form that the officer named, or whose title cannot be read on the print.
                let mut best = known;
                for form in forms.iter().filter(|form| has_sealed(form, seal)) {
                    let other = paper(Some(form.id()), &mut rereader)?;
                    let agree = |paper: &verify::Paper| {
                        paper.values.iter().filter(|v| v.result == verify::Comparison::Agrees).count()
                    };
                    if agree(&other) > agree(&best) {
                        best = other;
                    }
                }
                Ok(best)
            }));
        });
        let stopped = || Err(Failure::new("interrupted", "stopped before it was read", "run again"));
        result.unwrap_or_else(stopped)
    }
}

/// Whether a copy of this form can have such a seal.
fn has_sealed(form: &extract::Form, seal: &verify::SealFacts) -> bool {
    let mut names = seal.values.keys().chain(&seal.omitted);
    names.all(|name| form.seal_fields().contains(name))
}

/// What was read beside what was sealed.
fn compared(forms: &Forms, fields: Fields, seal: &verify::SealFacts, pages: u32) -> verify::Paper {
    let form = fields.form.as_deref().and_then(|id| forms.get(id));
    let values = seal.values.iter().map(|(name, sealed)| {
        let field = fields.fields.get(name);
        let read = field.and_then(|field| field.value.as_str()).map(str::to_owned);
        let result = match &read {
            None => verify::Comparison::NotFound,
            Some(read) if extract::text::same(read, sealed) => verify::Comparison::Agrees,
            Some(_) => verify::Comparison::Differs,
        };
        // A paper of another form may have a field of that name.
        let titled = form.into_iter().chain(forms.iter().filter(|form| has_sealed(form, seal)));
        verify::PaperValue {
            field: name.clone(),
            title: titled.filter_map(|form| form.field_title(name)).next().map(str::to_owned),
            sealed: sealed.clone(),
            read,
            result,
            doubtful: field.is_none_or(|field| field.review),
        }
    });
    let values = values.collect();
    verify::Paper {
        other_form: form.is_some_and(|form| !has_sealed(form, seal)),
        form: fields.form,
        pages,
        words: 0,
        values,
    }
}

/// A job that an earlier run left: its entry's index, and where the copy lies or why it still waits.
pub type Ended = (u64, Result<Option<PathBuf>, Failure>);

/// Ends what an earlier run left: every entered job becomes a copy, or keeps waiting with the cause written down. Gives for each
/// its index and where the copy lies; nowhere but in the office if it cannot go where it was wanted any more: certifying the same
/// file again gives it out.
///
/// # Errors
/// The store's own; a job that cannot be finished is not an error of the run.
pub fn finish_pending(
    office: &Office,
    acts: &Acts,
    fonts: &Fonts,
    limits: &Limits,
) -> Result<Vec<Ended>, Failure> {
    office.store.remove_orphans(COPY)?;
    let mut ended = Vec::new();
    for job in office.store.jobs_in(JobState::Entered)? {
        let result = resume(office, acts, fonts, &job, limits);
        if let Err(failure) = &result {
            office.store.mark_problem(job.index, &failure.message)?;
        }
        ended.push((job.index, result));
    }
    Ok(ended)
}

/// Voids an issued number: an entry says so for ever, the book says why, the number stays used. Gives the entry's index.
///
/// # Errors
/// `not-issued` for an entry that issues nothing, `conflict` for one that is void already.
pub fn void(office: &Office, index: u64, code: VoidCause, cause: &str) -> Result<u64, Failure> {
    if cause.trim().is_empty() {
        return Err(Failure::new(
            "no-cause",
            "--cause is empty",
            "say in a few words why the number is void",
        ));
    }
    let issued = office.store.job(index)?;
    let issue = if issued.is_some() { Some(office.issues(&[index])?[0]) } else { None };
    let Some(target_leaf) = issue else {
        return Err(Failure::new(
            "not-issued",
            format!("entry {index} issues no copy; the registry has {} entries", office.registry.size()),
            "give the index of an issue: `saoy book show` lists them",
        ));
    };
    let day = office.day(office.clock.now())?;
    let next = office.next(EntryKind::Void { target: index, target_leaf, cause: code }, day)?;
    let entry = next.first().index;
    office.append(&next, &Effect::Void { target: index, cause: cause.to_owned() })?;
    Ok(entry)
}

/// The receipt of an entry, over the checkpoint that was signed with it.
///
/// # Errors
/// `no-entry`.
pub fn receipt(office: &Office, index: u64) -> Result<Receipt, Failure> {
    office.receipt(index)
}

// ---- admit: files → documents ----

/// Opens each file once for its digest and pages; the bytes are let go again, so that five hundred files cost no more memory
/// than two.
fn admit(files: &[PathBuf], request: &Request) -> Vec<(PathBuf, Result<Document, Failure>)> {
    let paper = |scan: ScanRef| match scan.signed {
        false => Ok(scan),
        // A copy is never certified as if it were an original, and an electronic document is no paper (NĐ 45/2020 art. 3(9)).
        true => Err(Failure::new(
            "signed-pdf",
            "the PDF carries an electronic signature: it is no scan of a paper original",
            "scan the paper; a certified copy is used as it is, without certifying it again",
        )),
    };
    let opened = files.iter().map(|path| (path.clone(), look(path, &request.limits).and_then(paper)));
    let document = |scans| Document::of(scans, request.act, &request.out);
    if !request.join {
        return opened.map(|(path, scan)| (path, scan.map(|scan| document(vec![scan])))).collect();
    }
    // One document: with a file that cannot be read, no part of it is certified.
    let input = files.first().cloned().unwrap_or_default();
    let scans: Result<Vec<_>, Failure> = opened
        .map(|(path, scan)| {
            scan.map_err(|f| Failure { message: format!("{}: {}", path.display(), f.message), ..f })
        })
        .collect();
    vec![(input, scans.map(document))]
}

impl Document {
    fn of(scans: Vec<ScanRef>, act: Act, out: &Path) -> Self {
        let input = scans[0].path.clone();
        let stem = input.file_stem().map_or_else(|| "scan".into(), |s| s.to_string_lossy());
        let output = out.join(format!("{stem}.certified.pdf"));
        let pages: Vec<(usize, u32)> = scans
            .iter()
            .enumerate()
            .flat_map(|(i, scan)| (1..=scan.pages).map(move |page| (i, page)))
            .collect();
        let sources: Vec<(Digest, u32)> = pages.iter().map(|(i, page)| (scans[*i].digest, *page)).collect();
        let cost = scans.iter().map(|scan| scan.cost).sum();
        Self { input, output, key: job_key(act, &sources), scans, pages, cost }
    }
}

fn look(path: &Path, limits: &Limits) -> Result<ScanRef, Failure> {
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        return Err(Failure::new("not-a-file", "it is a pipe or a device, not a file", "give a file"));
    }
    let scan = Scan::open(path, limits)?;
    let pages = scan.page_count();
    let cost = (1..=pages).map(|page| scan.page_cost(page)).sum();
    let signed =
        scan.media_type() == "application/pdf" && memchr::memmem::find(scan.bytes(), b"/ByteRange").is_some();
    Ok(ScanRef { path: path.to_owned(), digest: scan.digest(), pages, cost, signed })
}

/// A document that was certified already is given out again, unless another copy is asked for.
fn certified_before(
    office: &Office,
    document: &Document,
    request: &Request,
) -> Result<Option<Certified>, Failure> {
    let job = if request.again { None } else { office.store.job_by_key(document.key)? };
    let Some(job) = job else {
        refuse_output(&document.output)?;
        return Ok(None);
    };
    if job.state == JobState::Entered {
        return Err(Failure::new(
            "pending",
            format!(
                "its number is taken (entry {}), but the copy could not be made yet: {}",
                job.index,
                job.problem.as_deref().unwrap_or("no cause is known")
            ),
            "mend the cause and run again, or void the number with `saoy registry void`",
        ));
    }
    let key = office.store.document_key(&job)?;
    let copy = office.store.get(&key, &job.folder, COPY)?;
    place(&document.output, &job.copy_id, &copy)?;
    let (record, _) = office.record(&job)?;
    let material = material(office, &key, &job)?;
    let mut done = certified(document, &job, &record, &material, true);
    if request.requester.is_some() || request.copies != record.copies {
        done.notes.push("requester and copies given now are not in the book: it was certified before".into());
    }
    if request.officer_fields.contains_key(&file_name(&document.input)) {
        done.notes.push("the fields given now are not in it: it was certified before with its own".into());
    }
    Ok(Some(done))
}

/// The longest file name, in bytes.
const LONGEST_NAME: usize = 255;

/// The officer's fields must be of files of this batch: a correction that went nowhere would look as if it had been taken.
fn refuse_unmatched(files: &[PathBuf], request: &Request) -> Result<(), Failure> {
    let inputs: Vec<String> = files.iter().map(|file| file_name(file)).collect();
    match request.officer_fields.keys().filter(|name| !inputs.contains(name)).min() {
        None => Ok(()),
        Some(name) => Err(fields_failure(format!("the fields are of {name}, which is not among the files"))),
    }
}

/// The officer's fields must be of a form that there is, stand on a page that there is, and be texts.
fn refuse_fields(officer: &Fields, forms: &Forms, pages: usize) -> Result<(), Failure> {
    let Some(form) = officer.form.as_deref() else {
        return match officer.fields.is_empty() {
            true => Ok(()),
            false => Err(fields_failure("there are fields, but no form".into())),
        };
    };
    let Some(form) = forms.get(form) else {
        return Err(fields_failure(format!("there is no form {form:?}")));
    };
    for (name, field) in &officer.fields {
        if !form.field_names().any(|known| known == name) {
            return Err(fields_failure(format!("form {} has no field {name}", form.id())));
        }
        if field.page.is_some_and(|page| page == 0 || page as usize > pages) {
            return Err(fields_failure(format!(
                "field {name} stands on a page that the document does not have"
            )));
        }
        let text = |value: &serde_json::Value| value.is_string();
        let list = |value: &serde_json::Value| value.as_array().is_some_and(|items| items.iter().all(text));
        if !field.value.is_null() && !text(&field.value) && !list(&field.value) {
            return Err(fields_failure(format!(
                "the value of field {name} is neither a text, a list of texts nor null"
            )));
        }
    }
    Ok(())
}

fn fields_failure(what: String) -> Failure {
    let advice = "give the output of `saoy read --json` for these files, with only its values corrected; no number was used";
    Failure::new("fields-file", what, advice)
}

/// What is wrong with the place of a copy costs no number.
fn refuse_output(output: &Path) -> Result<(), Failure> {
    if output.file_name().is_some_and(|name| name.len() > LONGEST_NAME) {
        return Err(Failure::new(
            "long-name",
            format!("the copy's name would be longer than the {LONGEST_NAME} bytes that file systems allow"),
            "give the scan a shorter name; no number was used",
        ));
    }
    // A link that leads nowhere takes the name too.
    if output.symlink_metadata().is_ok() {
        return Err(output_taken(output, "it exists already"));
    }
    // A file without a name: gone with the process, however it ends.
    tempfile::tempfile_in(folder_of(output)).map(drop).map_err(|error| out(output, &error))
}

fn out(output: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        "out",
        format!("{}: {error}", output.display()),
        "choose a folder with --out that is there, can be written and has room, then run again",
    )
}

fn output_taken(path: &Path, why: &str) -> Failure {
    Failure::new(
        "output-exists",
        format!("{} would be overwritten: {why}", path.display()),
        "choose another folder with --out, or move the file away",
    )
}

fn refused(input: PathBuf, failure: Failure) -> Outcome {
    Outcome::Refused(Refused { input, error: failure.into() })
}

// ---- read: pages → words ----

/// A page as the copy will show it, with what it says.
struct ReadPage {
    stored: StoredImage,
    dpi: [f64; 2],
    dpi_source: DpiSource,
    text: PageText,
}

/// Reads all pages of all documents and hands over each complete document in its turn: dearest first, equal ones as given.
/// Gives those that were not handed over, because the batch was cancelled.
fn read(
    engines: &EnginePool,
    documents: &[Document],
    limits: &Limits,
    cancelled: &AtomicBool,
    watch: &(dyn Fn(Event<'_>) + Sync),
    mut complete: impl FnMut(usize, Result<Vec<ReadPage>, Failure>),
) -> Vec<usize> {
    let mut turns: Vec<usize> = (0..documents.len()).collect();
    turns.sort_by_key(|&document| std::cmp::Reverse(documents[document].cost));
    let mut turn_of = vec![0; documents.len()];
    turns.iter().enumerate().for_each(|(turn, &document)| turn_of[document] = turn);
    // The same cost for all pages of a document keeps them together: a document that is complete is let go.
    let work: Vec<PageJob> = turns
        .iter()
        .flat_map(|&document| {
            let d = &documents[document];
            (1..).zip(&d.pages).map(move |(page, _)| PageJob { document, page, cost: d.cost })
        })
        .collect();
    let turnstile = Turnstile::default();
    let ahead = READ_AHEAD * engines.jobs();
    watch(Event::Begin { pages: work.len() });
    let open = OpenScans::default();
    let load = |document: usize, page: u32| {
        if !turnstile.wait(turn_of[document], ahead, cancelled) {
            return Err(Failure::new("interrupted", "stopped before it was read", "run again"));
        }
        let d = &documents[document];
        let (scan, number) = d.pages[page as usize - 1];
        open.get(document, scan, &d.scans[scan], limits)?.page(number).map_err(Failure::from)
    };
    let mut waiting: Vec<Vec<Option<Result<ReadPage, Failure>>>> =
        documents.iter().map(|d| d.pages.iter().map(|_| None).collect()).collect();
    // Bounded: pages that were read wait in memory, so reading does not run far ahead of issuing.
    let (sender, results) = sync_channel(2 * engines.jobs());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            engines.read_all(work, load, cancelled, |document, page, result| {
                watch(Event::PageRead);
                // The receiver goes on until this sender is dropped.
                let _ = sender.send((document, page, result));
            })
        });
        // Dropped before the readers are waited for, even by a panic: none of them stands at the turnstile for ever.
        let mut turn = Turn { turnstile: &turnstile, turn: 0 };
        for (document, page, result) in results {
            let read = result.map_err(|error| on_page(page, error.into())).map(|read| ReadPage {
                stored: read.stored,
                dpi: read.dpi,
                dpi_source: read.dpi_source,
                text: read.text,
            });
            waiting[document][page as usize - 1] = Some(read);
            if waiting[document].iter().all(Option::is_some) {
                open.close(document);
            }
            while let Some(&document) = turns.get(turn.turn)
                && waiting[document].iter().all(Option::is_some)
            {
                let pages = std::mem::take(&mut waiting[document]);
                complete(document, pages.into_iter().flatten().collect());
                turn.advance();
            }
        }
        let mut unread = turns.split_off(turn.turn);
        unread.sort_unstable();
        unread
    })
}

/// How many documents, for each reader, may be read while an earlier one is not: they wait in memory.
const READ_AHEAD: usize = 8;

/// Lets documents be read only so far ahead of the one whose turn it is to be issued.
#[derive(Default)]
struct Turnstile {
    turn: Mutex<usize>,
    moved: Condvar,
}

impl Turnstile {
    /// Waits until `turn` is less than `ahead` away; false where the batch was cancelled meanwhile.
    fn wait(&self, turn: usize, ahead: usize, cancelled: &AtomicBool) -> bool {
        let mut now = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        while turn >= now.saturating_add(ahead) {
            if cancelled.load(Ordering::Relaxed) {
                return false;
            }
            // Whoever cancels does not know of this turnstile.
            let waited = self.moved.wait_timeout(now, Duration::from_millis(50));
            now = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn set(&self, turn: usize) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
        self.moved.notify_all();
    }
}

/// Whose turn it is: held by the one that issues.
struct Turn<'a> {
    turnstile: &'a Turnstile,
    turn: usize,
}

impl Turn<'_> {
    fn advance(&mut self) {
        self.turn += 1;
        self.turnstile.set(self.turn);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turnstile.set(usize::MAX);
    }
}

fn on_page(page: u32, failure: Failure) -> Failure {
    Failure { message: format!("page {page}: {}", failure.message), ..failure }
}

/// The scans that are being read: opened when their first page is wanted, let go when their document is complete.
#[derive(Default)]
struct OpenScans(Mutex<HashMap<(usize, usize), Arc<Scan>>>);

impl OpenScans {
    fn get(
        &self,
        document: usize,
        scan: usize,
        file: &ScanRef,
        limits: &Limits,
    ) -> Result<Arc<Scan>, Failure> {
        let mut open = self.0.lock().expect("no holder of this lock panics");
        if let Some(scan) = open.get(&(document, scan)) {
            return Ok(scan.clone());
        }
        let opened = Arc::new(file.open(limits)?);
        open.insert((document, scan), opened.clone());
        Ok(opened)
    }

    fn close(&self, document: usize) {
        self.0.lock().expect("no holder of this lock panics").retain(|(d, _), _| *d != document);
    }
}

// ---- issue: words → copy ----

const MATERIAL: &str = "material.json";

fn scan_name(index: usize) -> String {
    format!("scan-{index}")
}

/// Takes a document that was read through to its released copy.
fn issue(
    office: &Office,
    tools: &Tools<'_>,
    rereader: &mut Rereader<'_>,
    document: &Document,
    pages: Vec<ReadPage>,
    request: &Request,
    started: OffsetDateTime,
) -> Result<Certified, Failure> {
    let remarks = remarks(pages.iter().map(|page| &page.text));
    if !request.allow_blank && pages.iter().all(|page| page.text.is_blank()) {
        return Err(Failure::new(
            "blank",
            "no word can be read on any of its pages",
            "look at the scan: the paper may lie face down; if it is right so, say --allow-blank; no number was used",
        ));
    }
    let by_officer = request.officer_fields.get(&file_name(&document.input));
    if let Some(officer) = by_officer {
        refuse_fields(officer, tools.forms, document.pages.len())?;
    }
    // Read as the officer's form: what was left as read is told from what was changed.
    let form = by_officer.and_then(|officer| officer.form.as_deref()).or(request.form.as_deref());
    let read = extract(rereader, tools.forms, form, document, &pages, &request.limits)?;
    if let Some(officer) = by_officer {
        tools.forms.check_corrections(&read, officer)?;
    }
    let confirmed = match by_officer {
        Some(officer) => ConfirmedFields::by_officer(&read, officer),
        None => ConfirmedFields::unconfirmed(&read),
    };
    let form = confirmed.form().and_then(|id| tools.forms.get(id));
    let disclosures = record::disclose(&confirmed, office.entropy.as_ref())?;
    let estimated = pages.iter().any(|page| page.dpi_source == DpiSource::Estimated);
    let to_review =
        read.fields.iter().filter(|(_, f)| f.review && by_officer.is_none()).map(|(name, _)| name.clone());
    let material = Material {
        output: std::path::absolute(&document.output).unwrap_or_else(|_| document.output.clone()),
        disclosures: disclosures.iter().map(Disclosure::encode).collect(),
        seal_fields: form.map(|f| f.seal_fields().to_vec()).unwrap_or_default(),
        fields_to_review: to_review.collect(),
        pages: document
            .pages
            .iter()
            .zip(&pages)
            .map(|(&(scan, page), read)| MaterialPage { scan, page, dpi: read.dpi, text: read.text.clone() })
            .collect(),
    };
    let pages: Vec<CopyPage> = pages.into_iter().map(|p| copy_page(p.stored, p.dpi, p.text)).collect();
    let plan = Plan {
        act: tools.acts.get(request.act)?,
        form: confirmed.form().map(str::to_owned),
        digests: certify::page_digests(pages.iter().map(|page| &page.stored))?,
        sources: document
            .pages
            .iter()
            .map(|&(scan, page)| SourcePage { scan: document.scans[scan].digest, page })
            .collect(),
        sd: record::digests(&disclosures),
        copies: request.copies,
        started,
    };

    // All that can fail comes first: a whole draft under the number that comes next, signed on trial, through our own gate.
    rehearse(office, tools, &plan, &material, &pages)?;
    let folder = random_name(office);
    let key = Key::random(office.entropy.as_ref());
    keep(office, &key, &folder, document, &material)?;

    // From here on the number is used: the job ends released, or by a void entry.
    let title = form.map_or("Giấy tờ, văn bản", |f| f.title());
    let (job, record) = enter(office, &plan, document, request.requester.clone(), title, (&folder, &key))?;
    let released =
        make_copy(office, tools.acts, tools.fonts, &job, &record, &material, pages).and_then(|copy| {
            office.store.put(&key, &job.folder, COPY, &copy, office.entropy.as_ref())?;
            place(&material.output, &job.copy_id, &copy)?;
            Ok(office.store.mark_released(job.index, Digest::of(&copy))?)
        });
    if let Err(failure) = released {
        // Should not even this be written, the job waits without a cause: the first failure is the one to tell.
        let _ = office.store.mark_problem(job.index, &failure.message);
        let number = &record.book;
        return Err(Failure {
            message: format!("number {number} is taken (entry {}), but: {}", job.index, failure.message),
            ..failure
        });
    }
    let mut done = certified(document, &job, &record, &material, false);
    if estimated {
        done.notes.push("the file says no resolution; it was estimated from the page's size".into());
    }
    done.notes.extend(remarks);
    Ok(done)
}

/// Remarks on pages: without words, or with a picture that should be taken again.
pub fn remarks<'a>(pages: impl Iterator<Item = &'a PageText> + Clone) -> Vec<String> {
    let mut remarks: Vec<String> = blank_pages(pages.clone()).into_iter().collect();
    for (number, page) in (1..).zip(pages) {
        let number: u32 = number;
        remarks.extend(page.quality.iter().map(|defect| format!("page {number} {}", defect.advice())));
    }
    remarks
}

/// A remark on the pages without words, if there are any: a sheet that lay face down is noticed.
fn blank_pages<'a>(pages: impl Iterator<Item = &'a PageText>) -> Option<String> {
    let blank: Vec<String> = (1..)
        .zip(pages)
        .filter(|(_, page)| page.is_blank())
        .map(|(page, _): (u32, _)| page.to_string())
        .collect();
    match blank.as_slice() {
        [] => None,
        [page] => Some(format!("page {page} has no words: look whether it is blank on the paper too")),
        pages => Some(format!(
            "pages {} have no words: look whether they are blank on the paper too",
            pages.join(", ")
        )),
    }
}

/// Words → fields; doubtful ones of one line are read a second time, from the page's own pixels.
fn extract(
    rereader: &mut Rereader<'_>,
    forms: &Forms,
    form: Option<&str>,
    document: &Document,
    pages: &[ReadPage],
    limits: &Limits,
) -> Result<Fields, Failure> {
    // Words are understood where they were read: upright, level and flat.
    let texts: Vec<PageText> = pages.iter().map(|page| page.text.straight()).collect();
    let frames: Vec<Option<&Frame>> =
        pages.iter().map(|page| page.text.upright.as_ref().map(|upright| &upright.frame)).collect();
    let Some(form) = forms.recognise(&texts, form)? else { return Ok(Fields::default()) };
    let mut codes = Vec::new();
    if form.has_qr() {
        for (page, (scan, number)) in (1..).zip(&document.pages) {
            let pixels = document.scans[*scan].open(limits)?.page(*number)?;
            let read = ocr::read_codes(&pixels).into_iter();
            let frame = frames[page as usize - 1];
            codes.extend(read.map(|code| {
                let bbox = frame.map_or(code.bbox, |frame| frame.of_page(code.bbox));
                PageCode { page, text: code.text, bbox }
            }));
        }
    }
    let (mut fields, places) = forms.placed_fields(form, &texts, &codes);
    let mut weak = forms.weak_fields(&fields, &places);
    weak.extend(forms.second_looks(&fields, &places, &texts));
    weak.sort_by_key(|field| field.page);
    let mut readings = Vec::new();
    for on_page in weak.chunk_by(|a, b| a.page == b.page) {
        let (scan, number) = document.pages[on_page[0].page as usize - 1];
        let page = document.scans[scan].open(limits)?.page(number)?;
        let engine = rereader.engine()?;
        let frame = frames[on_page[0].page as usize - 1];
        for field in on_page {
            let (text, confidence) = ocr::reread(&page, frame, field.bbox, field.allowed.as_deref(), engine)?;
            readings.push(Reading { name: field.name.clone(), text, confidence });
        }
    }
    forms.apply_reread(&mut fields, &readings)?;
    // Of half a page all that stands on the other half is missing, and what may be missing is not known to be.
    const MISSING: usize = 3;
    let missing = |field: &&crate::record::Field| field.problems.iter().any(|problem| problem == "missing");
    if fields.fields.values().filter(missing).count() >= MISSING {
        for field in fields.fields.values_mut().filter(|field| field.value.is_null() && !field.review) {
            field.problems.push("page-incomplete".to_owned());
            field.review = true;
        }
    }
    // Which of the papers a value is of, nobody knows; of a page that cannot be read well no word is sure, and what it lacks is not seen.
    const DOUBTFUL: [(Defect, &str); 4] = [
        (Defect::TwoPapers, "two-papers"),
        (Defect::CutOff, "cut-off"),
        (Defect::Blurred, "blurred"),
        (Defect::TooSmall, "too-small"),
    ];
    for (page, text) in (1..).zip(texts) {
        for (defect, problem) in DOUBTFUL.iter().filter(|(defect, _)| text.quality.contains(defect)) {
            let all = *defect == Defect::TwoPapers;
            let concerned = |field: &&mut crate::record::Field| all || field.page.is_none_or(|on| on == page);
            for field in fields.fields.values_mut().filter(concerned) {
                field.problems.push((*problem).to_owned());
                field.review = true;
            }
        }
    }
    for field in fields.fields.values_mut() {
        let frame = field.page.and_then(|page| frames.get(page as usize - 1).copied().flatten());
        field.bbox = field.bbox.map(|b| frame.map_or(b, |frame| frame.to_page(b)));
    }
    Ok(fields)
}

/// An engine for second readings, beside those of the pool, which are busy; made when first needed.
struct Rereader<'a> {
    pool: &'a EnginePool,
    engine: Option<Box<dyn Recognizer + Send>>,
}

impl<'a> Rereader<'a> {
    fn of(pool: &'a EnginePool) -> Self {
        Self { pool, engine: None }
    }

    fn engine(&mut self) -> Result<&mut dyn Recognizer, Failure> {
        if self.engine.is_none() {
            self.engine = Some(self.pool.spare()?);
        }
        Ok(self.engine.as_mut().expect("it was made just now").as_mut())
    }
}

/// A record that has no number yet.
struct Plan<'a> {
    act: &'a certify::Act,
    form: Option<String>,
    digests: Vec<record::PageDigest>,
    sources: Vec<SourcePage>,
    sd: Vec<String>,
    copies: u32,
    started: OffsetDateTime,
}

impl Plan<'_> {
    /// The record under the number that comes next in the book of today.
    fn record(&self, office: &Office, now: OffsetDateTime) -> Result<Record, Failure> {
        let id = self.act.id;
        let needs_officer = self.act.signers(false).contains(&Role::Officer);
        let trial = needs_officer && office.keys.signer(Role::Officer).is_none();
        let signers = self
            .act
            .signers(trial)
            .into_iter()
            .map(|role| Ok(RequiredSigner { role, certificate: certificate_digest(signer(office, role)?) }))
            .collect::<Result<_, Failure>>()?;
        let mut salt = [0; 32];
        office.entropy.fill(&mut salt);
        Ok(Record {
            version: record::VERSION,
            act: id,
            trial,
            office: office.config.office.clone(),
            officer: office.config.officer.clone().filter(|_| needs_officer),
            book: next_number(office, self.act, now)?,
            date: record::day_text(record::vietnam_day(now)).expect("the present has a date"),
            converted_at: record::timestamp(self.started),
            compared_at: record::timestamp(self.started),
            issued_at: record::timestamp(now),
            sources: self.sources.clone(),
            pages: self.digests.clone(),
            form: self.form.clone(),
            signers,
            copies: self.copies,
            salt: data_encoding::BASE64URL_NOPAD.encode(&salt),
            sd: self.sd.clone(),
            sd_alg: record::SD_ALG.into(),
        })
    }
}

/// The number that comes next: continuous within Vietnam's year, from 1 but for an office's first book.
fn next_number(office: &Office, act: &certify::Act, now: OffsetDateTime) -> Result<BookNumber, Failure> {
    let year = vietnam_year(now);
    let symbol = office.book_symbol(act);
    let books = office.store.books()?;
    if let Some(later) = books.iter().find(|b| b.year > year) {
        return Err(Failure::new(
            "clock-back",
            format!("the clock says {year}, but there is a book of {} already", later.year),
            "set the machine's clock; nothing was issued",
        ));
    }
    let number = match books.iter().find(|b| b.year == year && b.symbol == symbol) {
        Some(book) if book.closed_at.is_some() => {
            return Err(Failure::new(
                "book-closed",
                format!("the book {symbol} of {year} is closed"),
                "numbers go on in the book of the next year",
            ));
        }
        Some(book) => book.last + 1,
        None => first_number(office, symbol, year),
    };
    Ok(BookNumber { symbol: symbol.to_owned(), year, number })
}

fn first_number(office: &Office, symbol: &str, year: u16) -> u64 {
    let OfficeConfig { book_symbol, first_year, first_number, .. } = &office.config;
    if symbol == book_symbol && year == *first_year { *first_number } else { 1 }
}

/// A whole draft under the next number, with an empty receipt, signed on trial: what is wrong with it costs no number.
fn rehearse(
    office: &Office,
    tools: &Tools<'_>,
    plan: &Plan<'_>,
    material: &Material,
    pages: &[CopyPage],
) -> Result<(), Failure> {
    let now = office.clock.now();
    office.day(now)?;
    let record = plan.record(office, now)?;
    for role in plan.act.signers(record.trial) {
        office.refuse_expired(role, now)?;
    }
    let index = office.registry.size();
    let receipt = b"placeholder".to_vec();
    let draft =
        compose(office, tools.acts, tools.fonts, &record, index, receipt, material, pages.to_vec(), now)?;
    match verify::examine(&draft) {
        Ok(digests) if digests == record.pages => Ok(()),
        Ok(_) => Err("its page images are not those of the record".to_owned()),
        Err(error) => Err(error.to_string()),
    }
    .map_err(|what| {
        Failure::new(
            "draft-refused",
            format!("the draft does not pass our own gate: {what}"),
            "this is a defect of Saoy: report it with the kind of file; no number was used",
        )
    })
}

/// Keeps what another run needs to finish the job, before there is a job.
fn keep(
    office: &Office,
    key: &Key,
    folder: &str,
    document: &Document,
    material: &Material,
) -> Result<(), Failure> {
    let entropy = office.entropy.as_ref();
    for (i, scan) in document.scans.iter().enumerate() {
        office.store.put(key, folder, &scan_name(i), &scan.bytes()?, entropy)?;
    }
    let bytes = serde_json::to_vec(material).expect("the material is plain data");
    Ok(office.store.put(key, folder, MATERIAL, &bytes, entropy)?)
}

/// One transaction: number, record, entry, checkpoint, job. Durable when it returns.
fn enter(
    office: &Office,
    plan: &Plan<'_>,
    document: &Document,
    requester: Option<String>,
    title: &str,
    (folder, key): (&str, &Key),
) -> Result<(Job, Record), Failure> {
    let now = office.clock.now();
    let day = office.day(now)?;
    let record = plan.record(office, now)?;
    let bytes = record.to_bytes()?;
    let books = office.store.books()?;
    // The year has turned in Vietnam: the books of the old one are closed.
    for old in books.iter().filter(|b| b.year < record.book.year && b.closed_at.is_none()) {
        office.store.close_books(old.year, &record::timestamp(now))?;
    }
    let commitment = record::commitment(&bytes);
    let next = office.next(EntryKind::Issue { commitment }, day)?;
    let pages = record.pages.len();
    let row = RegisterRow {
        book: record.book.clone(),
        date: record.date.clone(),
        requester,
        document: title.to_owned(),
        officer: record.officer.as_ref().map(|o| o.name.clone()),
        title: record.officer.as_ref().map(|o| o.title.clone()),
        pages: u32::try_from(pages).expect("the limits bound the pages"),
        copies: record.copies,
        fee: plan.act.fee(pages as u64).unwrap_or(0) * u64::from(record.copies),
        trial: record.trial,
        void_cause: None,
    };
    let job = Job {
        index: next.first().index,
        key: document.key,
        copy_id: record::copy_id(&bytes),
        folder: folder.to_owned(),
        wrapped_key: office.store.wrap_key(key, folder, office.entropy.as_ref()),
        record: key.seal(&record_context(folder), &bytes, office.entropy.as_ref()),
        signed_at: record::timestamp(now),
        state: JobState::Entered,
        copy_digest: None,
        problem: None,
    };
    let book_first = first_number(office, &record.book.symbol, record.book.year);
    office.append(&next, &Effect::Issue { row, job: Box::new(job.clone()), book_first })?;
    Ok((job, record))
}

/// Makes the copy of an entered job: receipt, seal, PDF, signatures. The same job gives the same bytes.
fn make_copy(
    office: &Office,
    acts: &Acts,
    fonts: &Fonts,
    job: &Job,
    record: &Record,
    material: &Material,
    pages: Vec<CopyPage>,
) -> Result<Vec<u8>, Failure> {
    // Cosignatures that come in time go into the receipt; later ones are stapled beside the copy.
    office.ask_witnesses()?;
    let receipt = receipt(office, job.index)?.to_bytes();
    let signed_at = record::parse_timestamp(&job.signed_at).ok_or_else(|| {
        Failure::new("damaged", "the job has no time of signing", "run `saoy registry check`")
    })?;
    compose(office, acts, fonts, record, job.index, receipt, material, pages, signed_at)
}

/// Finishes a job of an earlier run from what it kept, and says where the copy lies.
fn resume(
    office: &Office,
    acts: &Acts,
    fonts: &Fonts,
    job: &Job,
    limits: &Limits,
) -> Result<Option<PathBuf>, Failure> {
    office.store.sweep(&job.folder)?;
    let key = office.store.document_key(job)?;
    let material = material(office, &key, job)?;
    // One that is stored may be out already: another is never made, even if this program would make it otherwise.
    let copy = match office.store.holds(&job.folder, COPY)? {
        true => office.store.get(&key, &job.folder, COPY)?,
        false => {
            let copy = remake(office, acts, fonts, job, &key, &material, limits)?;
            office.store.put(&key, &job.folder, COPY, &copy, office.entropy.as_ref())?;
            copy
        }
    };
    // Where it was wanted may be gone or taken by now, which is no reason to keep the office waiting.
    let placed = place(&material.output, &job.copy_id, &copy).is_ok();
    office.store.mark_released(job.index, Digest::of(&copy))?;
    Ok(placed.then_some(material.output))
}

/// Makes an entered job's copy from its scans and its reading.
fn remake(
    office: &Office,
    acts: &Acts,
    fonts: &Fonts,
    job: &Job,
    key: &Key,
    material: &Material,
    limits: &Limits,
) -> Result<Vec<u8>, Failure> {
    let (record, _) = office.record(job)?;
    let mut scans: HashMap<usize, Scan> = HashMap::new();
    let mut pages = Vec::new();
    for page in &material.pages {
        let scan = match scans.entry(page.scan) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(free) => {
                let bytes = office.store.get(key, &job.folder, &scan_name(page.scan))?;
                free.insert(Scan::from_bytes(&scan_name(page.scan), bytes, limits)?)
            }
        };
        let (stored, ..) = scan.stored_page(page.page).map_err(|e| on_page(page.page, e.into()))?;
        pages.push(copy_page(stored, page.dpi, page.text.clone()));
    }
    make_copy(office, acts, fonts, job, &record, material, pages)
}

#[expect(clippy::too_many_arguments, reason = "the one place where everything meets")]
fn compose(
    office: &Office,
    acts: &Acts,
    fonts: &Fonts,
    record: &Record,
    index: u64,
    receipt: Vec<u8>,
    material: &Material,
    pages: Vec<CopyPage>,
    signed_at: OffsetDateTime,
) -> Result<Vec<u8>, Failure> {
    let act = acts.get(record.act)?;
    let bytes = record.to_bytes()?;
    let copy_id = record::copy_id(&bytes);
    let disclosures: Vec<Disclosure> =
        material.disclosures.iter().map(|d| Disclosure::parse(d)).collect::<Result<_, _>>()?;
    let seal_key = office.keys.seal_key();
    let verify_url = office.config.verify_url.as_deref();
    let seal = Seal::of(record, Digest::of(&bytes), index, &seal_key.verifying_key())?;
    let (_, cose) =
        seal::sign_to_fit(seal, &wanted(&disclosures, &material.seal_fields), seal_key, verify_url)?;
    let qr = seal::qr_text(&cose, verify_url)?;
    let fields = record::fields_to_bytes(&disclosures);
    let attach = |name: &str, media_type, relationship, description: &str, bytes| Attachment {
        name: name.to_owned(),
        media_type,
        relationship,
        description: description.to_owned(),
        bytes,
        modified: signed_at,
    };
    let (data, supplement) = (Relationship::Data, Relationship::Supplement);
    let attachments = [
        attach("record.json", "application/json", data, "Bản ghi mà cơ quan xác nhận (RFC 8785)", bytes),
        attach("fields.json", "application/json", data, "Các trường đã xác nhận (RFC 9901)", fields),
        attach("seal.cose", "application/cose", supplement, "Dấu niêm của cơ quan (RFC 9052)", cose),
        attach(
            "receipt.tlog-proof",
            "text/plain",
            supplement,
            "Biên nhận của sổ đăng ký (C2SP tlog-proof)",
            receipt,
        ),
    ];
    let meta = Metadata {
        title: act.title(record, &copy_id)?,
        conversion: act.conversion(record, &copy_id)?,
        office: record.office.name.clone(),
        officer: record.officer.as_ref().map(|o| o.name.clone()),
        converted_at: record::parse_timestamp(&record.converted_at)
            .expect("the record was written by this program"),
        created: signed_at,
        copy_id: *Digest::of(&attachments[0].bytes).0.first_chunk().expect("SHA-256 has 32 bytes"),
        trial: record.trial,
    };
    let strip = act.strip(record, &copy_id, Some(qr))?;
    let roles: Vec<Role> = record.signers.iter().map(|s| s.role).collect();
    let mut draft = certify::compose(pages, &strip, &attachments, &meta, &roles, fonts)?;
    for role in roles {
        let signer = signer(office, role)?;
        let prepared = draft.prepare(role, office.signer_name(role), signed_at)?;
        let digest = prepared.to_be_signed(signer.algorithm().digest()).digest;
        draft = prepared.finish(&signed_data(&digest, signer)?)?;
    }
    Ok(draft.into_copy()?)
}

/// The values that the form wants in the seal, in its order; those that are text.
fn wanted(disclosures: &[Disclosure], names: &[String]) -> Vec<(String, String)> {
    names
        .iter()
        .filter_map(|name| {
            let disclosure = disclosures.iter().find(|d| d.name() == name)?;
            Some((name.clone(), disclosure.field().value.as_str()?.to_owned()))
        })
        .collect()
}

fn signer(office: &Office, role: Role) -> Result<&dyn Signer, Failure> {
    office.keys.signer(role).map(|s| s as &dyn Signer).ok_or_else(|| {
        Failure::new(
            "no-signer",
            format!("this office has no certificate for the role {role:?}"),
            "make the office with --officer and --title, or bring its certificate",
        )
    })
}

/// CMS SignedData over a digest, by a key that may live elsewhere.
fn signed_data(digest: &[u8], signer: &dyn Signer) -> Result<Vec<u8>, Failure> {
    cms::sign(digest, signer).map_err(|error| {
        Failure::new(
            "signing",
            format!("the signature could not be made: {error}"),
            "check the key's token or file, then run again: the copy is finished with the same number",
        )
    })
}

fn certificate_digest(signer: &dyn Signer) -> Digest {
    Digest::of(signer.certificates().first().map_or(&[], Vec::as_slice))
}

fn copy_page(stored: StoredImage, dpi: [f64; 2], text: PageText) -> CopyPage {
    let (width, height) = match stored.orientation.swaps_axes() {
        true => (stored.height, stored.width),
        false => (stored.width, stored.height),
    };
    CopyPage { stored, width, height, dpi, text }
}

fn material(office: &Office, key: &Key, job: &Job) -> Result<Material, Failure> {
    let bytes = office.store.get(key, &job.folder, MATERIAL)?;
    serde_json::from_slice(&bytes).map_err(|_| {
        Failure::new(
            "material",
            format!("what entry {} kept to be finished with cannot be read", job.index),
            "it was written by another version of saoy: use that one, or void the number with `saoy registry void`",
        )
    })
}

fn place(output: &Path, copy_id: &str, copy: &[u8]) -> Result<(), Failure> {
    create_durably(output, copy_id, copy).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => output_taken(output, "another file has this name"),
        _ => out(output, &error),
    })
}

fn certified(
    document: &Document,
    job: &Job,
    record: &Record,
    material: &Material,
    already: bool,
) -> Certified {
    Certified {
        input: document.input.clone(),
        output: document.output.clone(),
        copy_id: job.copy_id.clone(),
        number: record.book.to_string(),
        index: job.index,
        form: record.form.clone(),
        fields_to_review: material.fields_to_review.clone(),
        pages: u32::try_from(record.pages.len()).expect("the limits bound the pages"),
        trial: record.trial,
        already,
        notes: Vec::new(),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn random_name(office: &Office) -> String {
    let mut bytes = [0; 16];
    office.entropy.fill(&mut bytes);
    data_encoding::HEXLOWER.encode(&bytes)
}
