//! An act as data: who signs, what the strip says, what is charged (`models/acts/*.toml`).

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml::Spanned;

use crate::ambient::VIETNAM;
use crate::record::{Record, Role};

use super::error::CertifyError;
use super::strip::{Align, Strip, StripLine};

/// The values that an act's text may ask for, and where they come from: all from the record, but for the copy's id.
const PLACEHOLDERS: [&str; 17] = [
    "number",
    "year",
    "book",
    "date_day",
    "date_month",
    "date_year",
    "office",
    "office_code",
    "officer_name",
    "officer_title",
    "issued_at",
    "converted_at",
    "compared_at",
    "pages",
    "copies",
    "form",
    "copy_id",
];

/// The acts that come with the program.
const BUILTIN: [(&str, &str); 3] = [
    ("certification.toml", include_str!("../../models/acts/certification.toml")),
    ("agency-copy.toml", include_str!("../../models/acts/agency-copy.toml")),
    ("digitisation.toml", include_str!("../../models/acts/digitisation.toml")),
];

/// One act.
#[derive(Clone, Debug)]
pub struct Act {
    /// Which.
    pub id: crate::record::Act,
    /// Its name in Vietnamese, for reports.
    pub name: String,
    /// The symbol of its book by default: `SCT/BS`.
    pub book: String,
    /// The copy's title, with placeholders.
    title: String,
    /// The conversion mark (vietnam.md 1.7), with placeholders.
    conversion: String,
    /// Who signs, in order.
    signers: Vec<Role>,
    /// Why it is not issued; none if it is.
    unavailable: Option<String>,
    fee: Option<Fee>,
    lines: Vec<Line>,
}

/// A page's price in đồng, by tiers, with a cap a copy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fee {
    tiers: Vec<Tier>,
    cap: Option<u64>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tier {
    from_page: u64,
    amount: u64,
}

/// Where a line's wording comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wording {
    /// Found in a source that the line names.
    Confirmed,
    /// Saoy's own neutral words or plain values; it claims no form of the law.
    Own,
    /// Recalled, not confirmed: kept for the reader of the file, never printed.
    Recalled,
}

#[derive(Clone, Debug)]
struct Line {
    text: String,
    size: f64,
    color: [u8; 3],
    bold: bool,
    align: Align,
    printed: bool,
    optional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActFile {
    id: crate::record::Act,
    name: String,
    book: String,
    title: Spanned<String>,
    conversion: Spanned<String>,
    signers: Spanned<Vec<Role>>,
    unavailable: Option<String>,
    #[serde(rename = "sources")]
    _sources: Vec<String>,
    fee: Option<Spanned<Fee>>,
    #[serde(default)]
    line: Vec<LineFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineFile {
    text: Spanned<String>,
    size: Spanned<f64>,
    color: Spanned<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    align: Align,
    /// Left out where the record lacks a value.
    #[serde(default)]
    optional: bool,
    wording: Wording,
    #[serde(rename = "source")]
    _source: String,
}

/// All acts that a home knows.
#[derive(Clone, Debug)]
pub struct Acts(Vec<Act>);

impl Acts {
    /// The acts that come with the program.
    ///
    /// # Errors
    /// None in a released program: a test loads them.
    pub fn builtin() -> Result<Self, CertifyError> {
        BUILTIN.iter().map(|(file, text)| Act::parse(file, text)).collect::<Result<_, _>>().map(Self)
    }

    /// The acts of a folder's `*.toml` files, by name.
    ///
    /// # Errors
    /// The folder or a file cannot be read; a file is wrong, with its line.
    pub fn load(folder: &Path) -> Result<Self, CertifyError> {
        let read = |path: &Path| {
            let failed = |source| CertifyError::Read { path: path.to_owned(), source };
            if path.is_dir() {
                let mut names = Vec::new();
                for entry in std::fs::read_dir(path).map_err(failed)? {
                    names.push(entry.map_err(failed)?.path());
                }
                names.retain(|name| name.extension().is_some_and(|e| e == "toml"));
                names.sort();
                return Ok((names, String::new()));
            }
            Ok((Vec::new(), std::fs::read_to_string(path).map_err(failed)?))
        };
        let mut acts = Vec::new();
        for path in read(folder)?.0 {
            acts.push(Act::parse(&path.display().to_string(), &read(&path)?.1)?);
        }
        Ok(Self(acts))
    }

    /// The act with this id.
    ///
    /// # Errors
    /// [`CertifyError::ActUnavailable`] if it is not described, or described and not issued.
    pub fn get(&self, id: crate::record::Act) -> Result<&Act, CertifyError> {
        let refuse = |why: &str| CertifyError::ActUnavailable { act: act_id(id), why: why.to_owned() };
        let act = self.0.iter().find(|act| act.id == id).ok_or_else(|| refuse("it has no file"))?;
        match &act.unavailable {
            Some(why) => Err(refuse(why)),
            None => Ok(act),
        }
    }

    /// Every act, those that are not issued too.
    pub fn all(&self) -> &[Act] {
        &self.0
    }
}

impl Act {
    /// Reads one act's file; `file` is its name for errors.
    ///
    /// # Errors
    /// [`CertifyError::Act`] with the line: unknown keys, unknown placeholders, colours or sizes that are none.
    pub fn parse(file: &str, text: &str) -> Result<Self, CertifyError> {
        let fail = |span: Option<Range<usize>>, message: String| CertifyError::Act {
            file: file.to_owned(),
            line: text[..span.map_or(0, |span| span.start)].matches('\n').count() + 1,
            message,
        };
        let parsed: ActFile =
            toml::from_str(text).map_err(|error| fail(error.span(), error.message().to_owned()))?;
        let checked = |value: Spanned<String>| match unknown_placeholder(value.get_ref()) {
            Some(name) => Err(fail(
                Some(value.span()),
                format!("unknown placeholder {{{name}}}; known are {}", PLACEHOLDERS.join(", ")),
            )),
            None => Ok(value.into_inner()),
        };
        let mut lines = Vec::new();
        for line in parsed.line {
            let color = parse_color(line.color.get_ref())
                .ok_or_else(|| fail(Some(line.color.span()), "a colour is #rrggbb".to_owned()))?;
            let size = *line.size.get_ref();
            if !(4.0..=72.0).contains(&size) {
                return Err(fail(Some(line.size.span()), "a size is 4 to 72 points".to_owned()));
            }
            lines.push(Line {
                text: checked(line.text)?,
                size,
                color,
                bold: line.bold,
                align: line.align,
                printed: line.wording != Wording::Recalled,
                optional: line.optional,
            });
        }
        if parsed.signers.get_ref().is_empty() {
            return Err(fail(Some(parsed.signers.span()), "an act names at least one signer".to_owned()));
        }
        if let Some(fee) = &parsed.fee {
            let tiers = &fee.get_ref().tiers;
            if tiers.first().is_none_or(|tier| tier.from_page != 1)
                || !tiers.is_sorted_by(|a, b| a.from_page < b.from_page)
            {
                return Err(fail(Some(fee.span()), "tiers begin at page 1 and ascend".to_owned()));
            }
        }
        Ok(Self {
            id: parsed.id,
            name: parsed.name,
            book: parsed.book,
            title: checked(parsed.title)?,
            conversion: checked(parsed.conversion)?,
            signers: parsed.signers.into_inner(),
            unavailable: parsed.unavailable,
            fee: parsed.fee.map(Spanned::into_inner),
            lines,
        })
    }

    /// Who signs, in order. A trial copy has no officer's certificate: there the office signs alone.
    pub fn signers(&self, trial: bool) -> Vec<Role> {
        if trial { vec![Role::Office] } else { self.signers.clone() }
    }

    /// What a copy of so many pages of the original costs, in đồng; none where the act has no rule.
    pub fn fee(&self, pages: u64) -> Option<u64> {
        let fee = self.fee.as_ref()?;
        let mut sum = 0;
        for (i, tier) in fee.tiers.iter().enumerate() {
            let end = fee.tiers.get(i + 1).map_or(pages, |next| pages.min(next.from_page - 1));
            sum += end.saturating_sub(tier.from_page - 1) * tier.amount;
        }
        Some(fee.cap.map_or(sum, |cap| sum.min(cap)))
    }

    /// The strip under the last page.
    ///
    /// # Errors
    /// [`CertifyError::Value`] if the text asks for what the record lacks.
    pub fn strip(&self, record: &Record, copy_id: &str, qr: Option<String>) -> Result<Strip, CertifyError> {
        let mut lines = Vec::new();
        for line in self.lines.iter().filter(|line| line.printed) {
            let text = match fill(&line.text, record, copy_id) {
                Ok(text) => text,
                Err(_) if line.optional => continue,
                Err(error) => return Err(error),
            };
            lines.push(StripLine {
                text,
                size: line.size,
                color: line.color,
                bold: line.bold,
                align: line.align,
            });
        }
        Ok(Strip { lines, qr, trial: record.trial })
    }

    /// The copy's title.
    ///
    /// # Errors
    /// As [`Self::strip`].
    pub fn title(&self, record: &Record, copy_id: &str) -> Result<String, CertifyError> {
        fill(&self.title, record, copy_id)
    }

    /// The conversion mark: that the copy is a data message converted from paper, when, and by whom.
    ///
    /// # Errors
    /// As [`Self::strip`].
    pub fn conversion(&self, record: &Record, copy_id: &str) -> Result<String, CertifyError> {
        fill(&self.conversion, record, copy_id)
    }
}

fn act_id(act: crate::record::Act) -> String {
    serde_json::to_value(act).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The text and its placeholders in turn: `(before, name)`, at the end `(rest, None)`.
fn parts(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let found = text.split_once('{').and_then(|(before, after)| {
            let (name, after) = after.split_once('}')?;
            Some((before, name, after))
        });
        match found {
            Some((before, name, after)) => {
                rest = Some(after);
                Some((before, Some(name)))
            }
            None => Some((text, None)),
        }
    })
}

fn unknown_placeholder(text: &str) -> Option<&str> {
    parts(text).filter_map(|(_, name)| name).find(|name| !PLACEHOLDERS.contains(name))
}

fn parse_color(text: &str) -> Option<[u8; 3]> {
    let value = u32::from_str_radix(text.strip_prefix('#').filter(|digits| digits.len() == 6)?, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    Some([r, g, b])
}

fn fill(text: &str, record: &Record, copy_id: &str) -> Result<String, CertifyError> {
    let mut out = String::new();
    for (before, name) in parts(text) {
        out.push_str(before);
        if let Some(name) = name {
            let value =
                value(name, record, copy_id).ok_or_else(|| CertifyError::Value { name: name.to_owned() })?;
            out.push_str(&value);
        }
    }
    Ok(out)
}

fn value(name: &str, record: &Record, copy_id: &str) -> Option<String> {
    let officer = record.officer.as_ref();
    Some(match name {
        "number" => record.book.number.to_string(),
        "year" => record.book.year.to_string(),
        "book" => record.book.symbol.clone(),
        "date_year" => record.date.get(0..4)?.to_owned(),
        "date_month" => record.date.get(5..7)?.to_owned(),
        "date_day" => record.date.get(8..10)?.to_owned(),
        "office" => record.office.name.clone(),
        "office_code" => record.office.code.clone(),
        "officer_name" => officer?.name.clone(),
        "officer_title" => officer?.title.clone(),
        "issued_at" => local_time(&record.issued_at)?,
        "converted_at" => local_time(&record.converted_at)?,
        "compared_at" => local_time(&record.compared_at)?,
        "pages" => record.pages.len().to_string(),
        "copies" => record.copies.to_string(),
        "form" => record.form.clone()?,
        "copy_id" => copy_id.to_owned(),
        _ => return None,
    })
}

/// A stored time as people read it, in Vietnam's time with the offset (NĐ 30/2020 App. I): `12/09/2026 09:41:07 +07:00`.
fn local_time(stored: &str) -> Option<String> {
    let t = OffsetDateTime::parse(stored, &Rfc3339).ok()?.to_offset(VIETNAM);
    Some(format!(
        "{:02}/{:02}/{:04} {:02}:{:02}:{:02} +07:00",
        t.day(),
        u8::from(t.month()),
        t.year(),
        t.hour(),
        t.minute(),
        t.second()
    ))
}
