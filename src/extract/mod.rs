//! Words → fields.
//!
//! In come the words of a document's pages, out go [`Fields`]: for every field of the recognised form its words, its
//! value, how sure it is and whether an officer must look. What a form looks like is data: one TOML file in
//! `models/forms/` (schema: `docs/forms.md`); nothing here knows any particular paper. Not its business: reading
//! pixels, and whether a person confirmed a value. Names and numbers are never corrected, only flagged.

mod classify;
mod confidence;
mod correct;
mod error;
mod form;
mod label;
mod layout;
mod learn;
mod lists;
mod locate;
mod mrz;
mod numerals;
mod parse;
mod reread;
pub mod text;
mod validate;

pub use confidence::{Calibration, Evidence, Fitted};
pub use error::ExtractError;
pub use form::Form;
pub use learn::learn;
pub use reread::{Places, Reading, WeakField};

/// What a code on a paper says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCode {
    /// The page, from 1.
    pub page: u32,
    /// Its text.
    pub text: String,
    /// Where it stands, upright page pixels.
    pub bbox: PixelBox,
}

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::geom::PixelBox;
use crate::ocr::PageText;
use crate::record::{Field, Fields};
use form::{FieldSpec, FieldType};
use layout::Layout;
use lists::List;
use locate::{Located, Located1, Locator};
use parse::Parsed;

/// The form files that come with the program: name and text.
const BUILTIN_FORMS: [(&str, &str); 12] = [
    ("models/forms/giay-khai-sinh.toml", include_str!("../../models/forms/giay-khai-sinh.toml")),
    ("models/forms/van-ban.toml", include_str!("../../models/forms/van-ban.toml")),
    (
        "models/forms/giay-chung-nhan-ket-hon.toml",
        include_str!("../../models/forms/giay-chung-nhan-ket-hon.toml"),
    ),
    ("models/forms/trich-luc-khai-tu.toml", include_str!("../../models/forms/trich-luc-khai-tu.toml")),
    (
        "models/forms/giay-xac-nhan-tinh-trang-hon-nhan.toml",
        include_str!("../../models/forms/giay-xac-nhan-tinh-trang-hon-nhan.toml"),
    ),
    ("models/forms/bang-tot-nghiep.toml", include_str!("../../models/forms/bang-tot-nghiep.toml")),
    ("models/forms/dang-ky-doanh-nghiep.toml", include_str!("../../models/forms/dang-ky-doanh-nghiep.toml")),
    ("models/forms/dang-ky-xe.toml", include_str!("../../models/forms/dang-ky-xe.toml")),
    ("models/forms/giay-phep-lai-xe.toml", include_str!("../../models/forms/giay-phep-lai-xe.toml")),
    ("models/forms/can-cuoc.toml", include_str!("../../models/forms/can-cuoc.toml")),
    ("models/forms/cccd.toml", include_str!("../../models/forms/cccd.toml")),
    ("models/forms/giay-chung-nhan-qsdd.toml", include_str!("../../models/forms/giay-chung-nhan-qsdd.toml")),
];

/// The closed lists that come with the program.
const BUILTIN_LISTS: [(&str, &str); 16] = [
    ("models/forms/lists/nhan-hieu-xe.toml", include_str!("../../models/forms/lists/nhan-hieu-xe.toml")),
    ("models/forms/lists/dia-danh.toml", include_str!("../../models/forms/lists/dia-danh.toml")),
    ("models/forms/lists/tinh.toml", include_str!("../../models/forms/lists/tinh.toml")),
    ("models/forms/lists/tieng-anh.toml", include_str!("../../models/forms/lists/tieng-anh.toml")),
    ("models/forms/lists/bang.toml", include_str!("../../models/forms/lists/bang.toml")),
    ("models/forms/lists/mau.toml", include_str!("../../models/forms/lists/mau.toml")),
    ("models/forms/lists/loai-giay-to.toml", include_str!("../../models/forms/lists/loai-giay-to.toml")),
    ("models/forms/lists/hang-xe.toml", include_str!("../../models/forms/lists/hang-xe.toml")),
    ("models/forms/lists/xep-loai.toml", include_str!("../../models/forms/lists/xep-loai.toml")),
    ("models/forms/lists/dan-toc.toml", include_str!("../../models/forms/lists/dan-toc.toml")),
    ("models/forms/lists/quoc-tich.toml", include_str!("../../models/forms/lists/quoc-tich.toml")),
    ("models/forms/lists/chuc-vu.toml", include_str!("../../models/forms/lists/chuc-vu.toml")),
    ("models/forms/lists/cum-tu.toml", include_str!("../../models/forms/lists/cum-tu.toml")),
    ("models/forms/lists/ho.toml", include_str!("../../models/forms/lists/ho.toml")),
    ("models/forms/lists/ten.toml", include_str!("../../models/forms/lists/ten.toml")),
    ("models/forms/lists/loai-van-ban.toml", include_str!("../../models/forms/lists/loai-van-ban.toml")),
];

/// The list of provinces, which every address is held against.
const PROVINCES: &str = "tinh";
/// The lists of syllables that places are called by: places', and people's, after whom many are called.
const PLACE_NAMES: [&str; 3] = ["dia-danh", "ten", "ho"];

/// All forms that are known, and the closed lists that they use.
#[derive(Clone, Debug)]
pub struct Forms {
    forms: Vec<Form>,
    lists: BTreeMap<String, List>,
    calibration: Calibration,
    /// Whether confidences become probabilities at the end.
    calibrated: bool,
}

impl Forms {
    /// The forms that come with the program.
    ///
    /// # Errors
    /// [`ExtractError::Form`] where a file breaks the schema; a test holds that none does.
    pub fn builtin() -> Result<Self, ExtractError> {
        Self::from_sources(&BUILTIN_FORMS, &BUILTIN_LISTS)
    }

    /// The forms of a folder: every `*.toml` in it, with the closed lists of its subfolder `lists` besides those that
    /// come with the program.
    ///
    /// # Errors
    /// [`ExtractError::Read`] where a file cannot be read, [`ExtractError::Form`] where one breaks the schema.
    pub fn load(folder: &Path) -> Result<Self, ExtractError> {
        let forms = read_folder(folder)?;
        let lists_folder = folder.join("lists");
        let own = if lists_folder.is_dir() { read_folder(&lists_folder)? } else { Vec::new() };
        let builtin = BUILTIN_LISTS.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned()));
        let lists: Vec<(String, String)> = builtin.chain(own).collect();
        Self::from_sources(&forms, &lists)
    }

    fn from_sources<S: AsRef<str>>(forms: &[(S, S)], lists: &[(S, S)]) -> Result<Self, ExtractError> {
        let mut known = BTreeMap::new();
        for (file, source) in lists {
            let id = Path::new(file.as_ref()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            known.insert(id, List::parse(file.as_ref(), source.as_ref())?);
        }
        let mut loaded: Vec<Form> = Vec::new();
        for (file, source) in forms {
            let form = Form::parse(file.as_ref(), source.as_ref(), &known)?;
            if loaded.iter().any(|f| f.id() == form.id()) {
                let expected = format!("form {:?} is there twice", form.id());
                return Err(ExtractError::Form { file: file.as_ref().to_owned(), line: 1, expected });
            }
            loaded.push(form);
        }
        Ok(Self { forms: loaded, lists: known, calibration: Calibration::builtin()?, calibrated: true })
    }

    /// The same forms with the evidence's own figures left as confidence, to fit probabilities to.
    #[must_use]
    pub fn uncalibrated(self) -> Self {
        Self { calibrated: false, ..self }
    }

    /// The same forms with another calibration than the one that comes with the program.
    #[must_use]
    pub fn with_calibration(self, calibration: Calibration) -> Self {
        Self { calibration, ..self }
    }

    /// What a field's confidence rests on; None where the form or the field is not known.
    pub fn evidence(&self, form: &str, name: &str, field: &Field) -> Option<Evidence> {
        let spec = self.get(form)?.spec().field.iter().find(|s| s.name.get_ref() == name)?;
        Some(Evidence::of(spec.kind, field))
    }

    /// All forms, in the order of their files.
    pub fn iter(&self) -> impl Iterator<Item = &Form> {
        self.forms.iter()
    }

    /// The form with this id.
    pub fn get(&self, id: &str) -> Option<&Form> {
        self.forms.iter().find(|f| f.id() == id)
    }

    /// The form of one document: the one that is named, or with None the one that it is recognised as, if any.
    ///
    /// # Errors
    /// [`ExtractError::UnknownForm`] where `form` names none that is loaded.
    pub fn recognise(&self, pages: &[PageText], form: Option<&str>) -> Result<Option<&Form>, ExtractError> {
        match form {
            Some(id) => self.get(id).map(Some).ok_or_else(|| self.unknown(id)),
            None => Ok(classify::classify(&Layout::new(pages), &self.forms)),
        }
    }

    /// The fields of one document, from its words alone. With `form` None the form is recognised; a paper that no form describes
    /// gives no form and no fields.
    ///
    /// # Errors
    /// [`ExtractError::UnknownForm`] where `form` names none that is loaded.
    pub fn extract(&self, pages: &[PageText], form: Option<&str>) -> Result<Fields, ExtractError> {
        Ok(self.recognise(pages, form)?.map_or_else(Fields::default, |form| self.fields(form, pages, &[])))
    }

    /// The fields of one document that is of a form, from its words and the codes on it.
    pub fn fields(&self, form: &Form, pages: &[PageText], codes: &[PageCode]) -> Fields {
        self.placed_fields(form, pages, codes).0
    }

    /// The same, with the lines that the values were read from.
    pub fn placed_fields(&self, form: &Form, pages: &[PageText], codes: &[PageCode]) -> (Fields, Places) {
        let layout = Layout::new(pages);
        let locator = Locator::new(&layout, form.spec());
        let mut found: BTreeMap<&str, Located1> = BTreeMap::new();
        let mut fields = BTreeMap::new();
        let mut places = Places::default();
        for spec in &form.spec().field {
            let name = spec.name.get_ref().as_str();
            let (field, words) = match spec.kind {
                FieldType::RedSeal => (red_seal(pages), None),
                FieldType::Ink => (signature(pages), None),
                FieldType::Qr => (qr(spec, codes), None),
                _ => self.field(spec, &locator, codes, (&found, &fields), &mut places),
            };
            fields.insert(name.to_owned(), field);
            if let Some(words) = words {
                places.add(name, &words);
                found.insert(name, words);
            }
        }
        self.check_phrases(form, &mut fields);
        for spec in &form.spec().field {
            let texts = matches!(spec.kind, FieldType::Text | FieldType::Address | FieldType::Items);
            if let Some(field) = fields.get_mut(spec.name.get_ref()).filter(|_| texts && !spec.foreign) {
                validate::spelt_twice(field, &layout);
            }
        }
        validate::cross_check(&mut fields, &form.spec().rule);
        let mut fields = Fields { form: Some(form.id().to_owned()), fields };
        self.conclude(form, &mut fields);
        (fields, places)
    }

    fn unknown(&self, id: &str) -> ExtractError {
        let known: Vec<&str> = self.forms.iter().map(Form::id).collect();
        ExtractError::UnknownForm { id: id.to_owned(), known: known.join(", ") }
    }

    fn field(
        &self,
        spec: &FieldSpec,
        locator: &Locator<'_>,
        codes: &[PageCode],
        (found, earlier): (&BTreeMap<&str, Located1>, &BTreeMap<String, Field>),
        places: &mut Places,
    ) -> (Field, Option<Located1>) {
        if let Some(when) = &spec.when {
            let decided = earlier.get(when.field.get_ref()).and_then(|f| f.value.as_str());
            if !decided.is_some_and(|v| when.is.iter().any(|w| w == v)) {
                return (empty(confidence::EMPTY, None), None);
            }
        }
        let says = |field: &toml::Spanned<String>, pattern: &form::Pattern| {
            let value = earlier.get(field.get_ref()).and_then(|f| f.value.as_str());
            value.is_some_and(|v| pattern.0.is_match(&text::plain(v)))
        };
        let choice = spec.choose.iter().find(|c| {
            c.label.as_ref().is_none_or(|l| locator.has(l.get_ref()))
                && c.field.as_ref().zip(c.pattern.as_ref()).is_none_or(|(f, p)| says(f, p))
        });
        if let Some(choice) = choice {
            let mut field = empty(confidence::EMPTY, None);
            field.value = Value::String(choice.value.clone());
            if choice.unsure {
                field.problems.push("unsure".to_owned());
            }
            // What is told from another field is as sure as that one.
            if let Some(other) = choice.field.as_ref().and_then(|f| earlier.get(f.get_ref())) {
                field.page = other.page;
                field.bbox = other.bbox;
            }
            if locator.has_stamp() {
                field.problems.push(format!("{}earlier-certification-stamp", validate::NOTE));
            }
            return (field, None);
        }
        let mut label_seen = false;
        let mut unmatched: Option<Located1> = None;
        let due = spec.due_with.iter().any(|label| locator.has(label.get_ref()));
        let (mut no_code, mut label_due) = (false, !spec.optional || due);
        let valid = |text: &str| {
            let parsed = self.parse(spec, &[text.to_owned()]);
            !parsed.value.is_null()
                && parsed.problems.iter().all(|p| matches!(*p, "syllable" | "surname-rare" | "name-rare"))
        };
        for place in &spec.at {
            if place.take == form::Take::Qr {
                if let Some(field) = self.of_code(spec, place, codes) {
                    return (field, None);
                }
                no_code = true;
                continue;
            }
            match locator.locate(place, found, &valid) {
                Located::Words(words) => {
                    let parsed = self.parse(spec, &words.lines);
                    let confidence = confidence::of_words(&words.confidences, words.label_quality);
                    let mut problems: Vec<String> = parsed.problems.iter().map(|p| (*p).to_owned()).collect();
                    if words.line_below {
                        problems.push("line-below".to_owned());
                    }
                    let field = Field {
                        raw: Some(text::nfc(&words.text())),
                        value: parsed.value,
                        confidence,
                        page: Some(words.page),
                        bbox: Some(words.bbox),
                        review: false,
                        problems,
                    };
                    return (field, Some(words));
                }
                Located::Empty(blank) => {
                    label_seen = true;
                    places.add_blank(spec.name.get_ref(), blank);
                }
                Located::Unmatched(words) => {
                    label_seen = true;
                    unmatched.get_or_insert(words);
                }
                // Its part of the paper is there: then its label should be.
                Located::NoLabel => {
                    label_due |= place.section.as_ref().is_some_and(|s| locator.has_section(s.get_ref()));
                }
            }
        }
        if no_code {
            return (empty(confidence::MISSING, Some("code-not-read")), None);
        }
        // Something stands there, and it is not what was looked for.
        if let Some(words) = unmatched.filter(|_| !spec.optional) {
            let mut field = empty(confidence::MISSING, Some("not-as-expected"));
            field.page = Some(words.page);
            field.bbox = Some(words.bbox);
            return (field, None);
        }
        let field = match (spec.required, label_due, label_seen) {
            (true, ..) => empty(confidence::MISSING, Some("missing")),
            (false, true, false) => empty(confidence::MISSING, Some("label-not-found")),
            // What stands with it is there, and of it nothing was read.
            (false, true, true) if due => empty(confidence::MISSING, Some("missing")),
            _ => empty(confidence::EMPTY, None),
        };
        (field, None)
    }

    /// The part of a code that a place asks for; a code has check symbols of its own.
    fn of_code(&self, spec: &FieldSpec, place: &form::Place, codes: &[PageCode]) -> Option<Field> {
        let pattern = place.pattern.as_ref()?;
        codes.iter().find_map(|code| {
            let captures = pattern.0.captures(&code.text)?;
            let group = if captures.len() > 1 { 1 } else { 0 };
            let part = captures.get(group).map_or("", |m| m.as_str());
            let parsed = self.parse(spec, &[part.to_owned()]);
            let mut field = empty(confidence::CODE, None);
            if !part.is_empty() {
                field.raw = Some(text::nfc(part));
                field.value = parsed.value;
                field.problems = parsed.problems.iter().map(|p| (*p).to_owned()).collect();
            }
            field.page = Some(code.page);
            field.bbox = Some(code.bbox);
            Some(field)
        })
    }

    /// The value of a field's words, with the checks that concern it alone.
    fn parse(&self, spec: &FieldSpec, lines: &[String]) -> Parsed {
        let raw = lines.join(" ");
        let trimmed = parse::trim(&raw);
        if let Some(instead) = spec.or.iter().find(|o| trimmed.as_deref().is_some_and(|t| text::same(o, t))) {
            return Parsed { value: Value::String(instead.clone()), problems: Vec::new() };
        }
        let mut parsed = match spec.kind {
            FieldType::Name => parse::name(&raw),
            FieldType::Date => parse::date(&raw),
            FieldType::Year => parse::year(&raw),
            FieldType::Sex => parse::sex(&raw),
            FieldType::Words => parse::date_words(&raw),
            FieldType::Pin => parse::pin(&raw),
            FieldType::Number => parse::number(&raw),
            FieldType::Code => parse::code(&raw),
            FieldType::Items => parse::items(lines),
            FieldType::Mrz => mrz::parse(lines),
            FieldType::Numerals => parse::numerals(&raw),
            FieldType::List => match spec.list.as_ref().and_then(|l| self.lists.get(l.get_ref())) {
                Some(list) => parse::list(&raw, list),
                None => parse::free_text(&raw),
            },
            FieldType::Address => parse::address(&raw, self.lists.get(PROVINCES)),
            FieldType::Text | FieldType::RedSeal | FieldType::Ink | FieldType::Qr => parse::free_text(&raw),
        };
        if spec.foreign {
            parsed.problems.retain(|p| !matches!(*p, "syllable" | "letter-in-number"));
        }
        if (spec.place || spec.kind == FieldType::Address)
            && let Some(value) = parsed.value.as_str()
        {
            let lists: Vec<&List> = PLACE_NAMES.iter().filter_map(|id| self.lists.get(*id)).collect();
            if !parse::known_places(value, &lists) {
                parsed.problems.push("place-rare");
            }
            if spec.place && parse::lacks_province(value) {
                parsed.problems.push("address-incomplete");
            }
        }
        if let Some(list) = spec.words.as_ref().and_then(|l| self.lists.get(l.get_ref()))
            && parsed.value.as_str().is_some_and(|value| !parse::known_words(value, list))
        {
            parsed.problems.push("word-unknown");
        }
        if spec.kind == FieldType::Number
            && let Some(format) = &spec.format
        {
            parse::slashes(&mut parsed, &format.0);
        }
        // Of several texts the last is the one that a form can foretell: a list of recipients ends with the archive.
        let last = parsed.value.as_array().and_then(|items| items.last()).and_then(Value::as_str);
        if last.zip(spec.format.as_ref()).is_some_and(|(item, format)| !format.0.is_match(item)) {
            parsed.problems.push("format");
        }
        if let Some(value) = parsed.value.as_str() {
            let listed = |list: &Option<toml::Spanned<String>>, word: &str| {
                list.as_ref().and_then(|l| self.lists.get(l.get_ref())).is_none_or(|l| l.contains(word))
            };
            let (surname, others) = value.split_once(' ').unwrap_or((value, ""));
            if !listed(&spec.surnames, surname) {
                parsed.problems.push("surname-rare");
            }
            if !others.split(' ').all(|word| listed(&spec.given_names, word)) {
                parsed.problems.push("name-rare");
            }
            if spec.format.as_ref().is_some_and(|f| !f.0.is_match(value)) {
                parsed.problems.push("format");
            }
            if spec.check.is_some_and(|kind| !validate::check_digits(kind, value)) {
                parsed.problems.push("check-digit");
            }
        }
        parsed
    }

    /// Flags texts that spell a phrase which stands on many papers in a way that nobody does; the officer is shown the text with the
    /// phrase as it is spelt.
    fn check_phrases(&self, form: &Form, fields: &mut BTreeMap<String, Field>) {
        let phrases = form.spec().review.phrases.as_ref().and_then(|p| self.lists.get(p.get_ref()));
        let Some(phrases) = phrases else { return };
        for spec in &form.spec().field {
            let texts = matches!(spec.kind, FieldType::Text | FieldType::Address | FieldType::Items);
            let Some(field) = fields.get_mut(spec.name.get_ref()).filter(|_| texts) else { continue };
            let proposed = match &mut field.value {
                Value::String(text) => phrases.respelt(text).map(|respelt| *text = respelt).is_some(),
                Value::Array(items) => {
                    items
                        .iter_mut()
                        .filter_map(|item| {
                            let respelt = phrases.respelt(item.as_str()?)?;
                            *item = Value::String(respelt);
                            Some(())
                        })
                        .count()
                        > 0
                }
                _ => false,
            };
            if field.value.as_str().is_some_and(|text| phrases.breaks_off(text)) {
                field.problems.push("breaks-off".to_owned());
            }
            if proposed {
                field.problems.push("phrase-misspelt".to_owned());
            }
        }
    }

    fn conclude(&self, form: &Form, fields: &mut Fields) {
        for spec in &form.spec().field {
            if let Some(field) = fields.fields.get_mut(spec.name.get_ref()) {
                let evidence = confidence::Evidence::of(spec.kind, field);
                confidence::conclude(field, self.threshold(form, spec), |raw| {
                    self.calibration.probability(evidence, raw)
                });
            }
        }
    }
}

/// Whether a red seal stands on one of the pages: the last page's largest is shown. That none was found is less sure, for worn
/// seals are missed, and where one page alone cannot tell, nothing is said.
fn red_seal(pages: &[PageText]) -> Field {
    let seals = |page: &PageText| page.seals.iter().flatten().copied().max_by_key(PixelBox::width);
    let found = pages.iter().zip(1_u32..).filter_map(|(page, number)| Some((number, seals(page)?))).last();
    let (value, confidence) = match found {
        Some(_) => ("true", confidence::SEAL_FOUND),
        None if pages.iter().all(|page| page.seals.is_some()) => ("false", confidence::SEAL_NOT_FOUND),
        None => return empty(confidence::MISSING, Some("red-not-told")),
    };
    let mut field = empty(confidence, None);
    field.value = Value::String(value.to_owned());
    field.page = found.map(|(number, _)| number);
    field.bbox = found.map(|(_, seal)| seal);
    field
}

/// Whether somebody signed in blue ink: the last page's widest strokes are shown. That none were found says nothing, for a
/// signature may be black, and is not guessed from where a name stands.
fn signature(pages: &[PageText]) -> Field {
    let widest = |page: &PageText| page.signatures.iter().copied().max_by_key(PixelBox::width);
    let found = pages.iter().zip(1_u32..).filter_map(|(page, number)| Some((number, widest(page)?))).last();
    let Some((number, strokes)) = found else {
        return empty(confidence::MISSING, Some("not-told-by-words"));
    };
    let mut field = empty(confidence::SIGNATURE_FOUND, None);
    field.value = Value::String("true".to_owned());
    field.page = Some(number);
    field.bbox = Some(strokes);
    field
}

/// The code on the paper that the field's format fits, or the first.
fn qr(spec: &FieldSpec, codes: &[PageCode]) -> Field {
    let fits = |code: &&PageCode| spec.format.as_ref().is_none_or(|f| f.0.is_match(&code.text));
    let Some(code) = codes.iter().find(fits) else {
        let problem = if spec.optional { None } else { Some("code-not-read") };
        return empty(if spec.optional { confidence::EMPTY } else { confidence::MISSING }, problem);
    };
    let mut field = empty(confidence::CODE, None);
    field.raw = Some(text::nfc(&code.text));
    field.value = Value::String(text::nfc(&code.text));
    field.page = Some(code.page);
    field.bbox = Some(code.bbox);
    field
}

fn empty(confidence: f32, problem: Option<&str>) -> Field {
    Field {
        raw: None,
        value: Value::Null,
        confidence,
        page: None,
        bbox: None,
        review: false,
        problems: problem.map(str::to_owned).into_iter().collect(),
    }
}

/// The `*.toml` files of a folder, by name.
fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, ExtractError> {
    let failed = |file: &Path| {
        let file = file.display().to_string();
        move |source| ExtractError::Read { file, source }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let source = std::fs::read_to_string(&path).map_err(failed(&path))?;
            Ok((path.display().to_string(), source))
        })
        .collect()
}
