//! The schema of a form file, and what is checked when one is loaded. `docs/forms.md` describes it for people.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use regex::Regex;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::error::ExtractError;
use super::lists::List;

/// At most so many values fit into the seal (DESIGN.md decision 5).
const MAX_SEAL_FIELDS: usize = 4;

/// One kind of paper, as its file in `models/forms/` describes it.
#[derive(Clone, Debug)]
pub struct Form {
    spec: Spec,
    seal: Vec<String>,
}

impl Form {
    /// Reads one form file and checks it against the schema and the closed lists that exist.
    ///
    /// # Errors
    /// [`ExtractError::Form`] with the file, the line and what was expected.
    pub(crate) fn parse(
        file: &str,
        source: &str,
        lists: &BTreeMap<String, List>,
    ) -> Result<Self, ExtractError> {
        let spec: Spec = toml::from_str(source).map_err(|e| syntax_error(file, source, &e))?;
        check(&spec, lists).map_err(|Wrong { span, expected }| ExtractError::Form {
            file: file.to_owned(),
            line: line_of(source, span.start),
            expected,
        })?;
        let seal = spec.field.iter().filter(|f| f.seal).map(|f| f.name.get_ref().clone()).collect();
        Ok(Self { spec, seal })
    }

    /// The form's id, as in the record: `giay-khai-sinh`.
    pub fn id(&self) -> &str {
        self.spec.id.get_ref()
    }

    /// What people call the paper.
    pub fn title(&self) -> &str {
        &self.spec.title
    }

    /// The names of all fields, in the order of the file.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.spec.field.iter().map(|f| f.name.get_ref().as_str())
    }

    /// What people call a field, where the form's file says so.
    pub fn field_title(&self, field: &str) -> Option<&str> {
        self.spec.field.iter().find(|f| f.name.get_ref() == field)?.title.as_deref()
    }

    /// The fields whose values go into the seal, in order of importance; at most four.
    pub fn seal_fields(&self) -> &[String] {
        &self.seal
    }

    /// Whether a field is sensitive personal data (ethnicity, religion).
    pub fn is_sensitive(&self, field: &str) -> bool {
        self.spec.field.iter().any(|f| f.name.get_ref() == field && f.sensitive)
    }

    /// Whether a QR code on the paper says something that the form has a field for.
    pub fn has_qr(&self) -> bool {
        self.spec.field.iter().any(|f| f.kind == FieldType::Qr)
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }
}

/// A form file as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) id: Spanned<String>,
    pub(crate) title: String,
    /// Where the layout is laid down; for people.
    #[serde(rename = "source")]
    _source: String,
    /// Version of the schema.
    version: Spanned<u32>,
    #[serde(default)]
    pub(crate) review: Review,
    pub(crate) classify: Classify,
    pub(crate) label: BTreeMap<Spanned<String>, Label>,
    #[serde(default)]
    pub(crate) section: Vec<Section>,
    #[serde(default)]
    pub(crate) ignore: Vec<Ignore>,
    pub(crate) field: Vec<FieldSpec>,
    #[serde(default)]
    pub(crate) rule: Vec<Rule>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Review {
    /// A field that is right with less probability goes to the officer; without it, as `models/confidence.toml` says.
    pub(crate) below: Option<f32>,
    /// A closed list of phrases: texts that spell one of them with other accents are flagged.
    pub(crate) phrases: Option<Spanned<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Classify {
    /// Of the forms that reach their score, the highest rank wins: a form by name before any document.
    #[serde(default)]
    pub(crate) rank: i32,
    pub(crate) min_score: Spanned<f32>,
    /// Printed text that speaks for the form, or against it with a negative weight.
    pub(crate) anchor: Vec<Label>,
}

/// Printed words by which a place on the paper is known.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Label {
    /// As printed, with all variants.
    pub(crate) text: Vec<String>,
    /// Share of letters that may be misread; accents, case and punctuation are never compared.
    #[serde(default = "default_edit")]
    pub(crate) max_edit: f32,
    /// Only with a colon behind it.
    #[serde(default)]
    pub(crate) colon: bool,
    /// Only at the beginning of a run of words.
    #[serde(default)]
    pub(crate) start: bool,
    /// Only where it is most of its run of words: titles.
    #[serde(default)]
    pub(crate) whole: bool,
    /// Only in capitals.
    #[serde(default)]
    pub(crate) capitals: bool,
    /// Only here: `[x0, y0, x1, y1]` as fractions of the page.
    #[serde(default, deserialize_with = "zone")]
    pub(crate) zone: Option<[f32; 4]>,
    /// Only on this page, from 1; negative counts from the last.
    pub(crate) page: Option<i32>,
    /// What it counts as an anchor of classification.
    #[serde(default = "one")]
    pub(crate) weight: f32,
}

/// A part of the paper that has its own labels: the mother's block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    pub(crate) id: Spanned<String>,
    /// The label that opens it; without one it opens at the top.
    pub(crate) from: Option<Spanned<String>>,
    /// The labels that close it, besides the opening of the next section.
    #[serde(default)]
    pub(crate) until: Vec<Spanned<String>>,
    /// The share of the width that it takes: `[0.0, 0.5]` is the left column.
    pub(crate) columns: Option<[f32; 2]>,
    /// Where the section's own label and this one stand side by side, the right one's left edge parts the columns.
    pub(crate) beside: Option<Spanned<String>>,
}

/// Something on the paper that is not of the paper: an earlier certification stamp.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ignore {
    pub(crate) from: Spanned<String>,
    /// How many rows below it belong to it.
    pub(crate) lines: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FieldType {
    /// A person's name.
    Name,
    /// A date, possibly partial.
    Date,
    /// Four digits.
    Year,
    /// Nam or Nữ.
    Sex,
    /// A date in words, in the closed vocabulary of numbers.
    Words,
    /// A number in words, in the closed vocabulary of numbers, with its unit.
    Numerals,
    /// Any text.
    Text,
    /// A place.
    Address,
    /// Số định danh cá nhân.
    Pin,
    /// A number, with letters or without, without white space.
    Number,
    /// A code of letters, without white space.
    Code,
    /// A value of a closed list.
    List,
    /// Several texts, one an item.
    Items,
    /// The lines of a machine-readable zone, with their check digits.
    Mrz,
    /// What a QR code on the paper says; not of words.
    Qr,
    /// Whether a red seal stands on the paper: `true` or `false`, `null` where the scan cannot tell.
    RedSeal,
    /// Cannot be told from words: `null` with a note.
    Ink,
}

impl FieldType {
    /// Whether the value is words on the paper.
    pub(crate) fn is_words(self) -> bool {
        !matches!(self, Self::RedSeal | Self::Ink | Self::Qr)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldSpec {
    pub(crate) name: Spanned<String>,
    /// What people call it, in reports.
    title: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: FieldType,
    /// Goes into the seal.
    #[serde(default)]
    pub(crate) seal: bool,
    /// Sensitive personal data; never in a seal.
    #[serde(default)]
    pub(crate) sensitive: bool,
    /// Empty is a reason for review.
    #[serde(default)]
    pub(crate) required: bool,
    /// Need not be printed: where its label is missing there is nothing to review.
    #[serde(default)]
    pub(crate) optional: bool,
    /// The closed list of a `list` field.
    pub(crate) list: Option<Spanned<String>>,
    /// The value must match.
    pub(crate) format: Option<Pattern>,
    /// Closed lists of a name's first word and of its others: what is not in them is flagged.
    pub(crate) surnames: Option<Spanned<String>>,
    pub(crate) given_names: Option<Spanned<String>>,
    /// Words that may stand there instead of what the type asks for: `Không thời hạn` for a date.
    #[serde(default)]
    pub(crate) or: Vec<String>,
    /// Of another language: no Vietnamese syllables are asked for.
    #[serde(default)]
    pub(crate) foreign: bool,
    /// Whether it names a place, as an address does: syllables of no place's name are flagged.
    #[serde(default)]
    pub(crate) place: bool,
    /// A closed list of words: a text with another one is flagged, unless it is a syllable without accents.
    pub(crate) words: Option<Spanned<String>>,
    /// Labels that stand beside it: where one of them is, the field should be.
    #[serde(default)]
    pub(crate) due_with: Vec<Spanned<String>>,
    /// Check digits.
    pub(crate) check: Option<CheckDigits>,
    pub(crate) review_below: Option<f32>,
    /// Stands on the paper only when another field has one of these values.
    pub(crate) when: Option<When>,
    /// Decided by which label is there; the first that matches.
    #[serde(default)]
    pub(crate) choose: Vec<Choice>,
    /// Where it is looked for; the first place that gives words.
    #[serde(default)]
    pub(crate) at: Vec<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckDigits {
    /// Mã số doanh nghiệp, ten digits (facts: vietnam.md 3.0).
    TaxCode,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    pub(crate) field: Spanned<String>,
    pub(crate) is: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: Option<Spanned<String>>,
    /// An earlier field whose text must match `pattern` (folded text: lower case, no accents).
    pub(crate) field: Option<Spanned<String>>,
    pub(crate) pattern: Option<Pattern>,
    /// The label alone does not settle it: the officer looks.
    #[serde(default)]
    pub(crate) unsure: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Take {
    /// From the label to the next label or the line's end, and on the lines that continue it.
    Right,
    /// The runs of words under the label.
    Below,
    /// From one label to another in reading order.
    Between,
    /// The runs of words in a zone.
    Zone,
    /// The words of another field.
    Field,
    /// The label's own words: a title that is the value.
    Label,
    /// The part of a QR code's text that `pattern` gives.
    Qr,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pick {
    #[default]
    All,
    First,
    Last,
    /// The one before the last.
    Previous,
    /// The first that reads as the field's type.
    FirstValid,
    /// The last that reads as the field's type.
    LastValid,
}

/// One place where a value may stand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) take: Take,
    /// The label it stands at, or the other field's name for `take = "field"`.
    pub(crate) label: Option<Spanned<String>>,
    /// Labels of this section alone.
    pub(crate) section: Option<Spanned<String>>,
    /// Besides every label of the form on the same line: labels that end it.
    #[serde(default)]
    pub(crate) until: Vec<Spanned<String>>,
    /// What goes on below begins no farther left than the label.
    #[serde(default)]
    pub(crate) hang: bool,
    /// At most so many lines.
    #[serde(default = "one_line")]
    pub(crate) lines: usize,
    /// The widest gap inside the value, in line heights: between words for `right`, between lines for the others.
    pub(crate) gap: Option<f32>,
    /// `[x0, y0, x1, y1]` as fractions of the page.
    #[serde(default, deserialize_with = "zone")]
    pub(crate) zone: Option<[f32; 4]>,
    /// Edges of a zone given by labels.
    pub(crate) above: Option<Spanned<String>>,
    pub(crate) under: Option<Spanned<String>>,
    pub(crate) left_of: Option<Spanned<String>>,
    pub(crate) right_of: Option<Spanned<String>>,
    /// From a little above the label's line downwards: a signature block stands beside the recipients.
    pub(crate) beside: Option<Spanned<String>>,
    /// From 1; negative counts from the last.
    pub(crate) page: Option<i32>,
    /// Lines without this are left out (folded text: lower case, no accents).
    pub(crate) only: Option<Pattern>,
    /// Lines with this are left out.
    pub(crate) not: Option<Pattern>,
    /// A line with this begins a new item; the others continue the one before.
    pub(crate) starts: Option<Pattern>,
    #[serde(default)]
    pub(crate) pick: Pick,
    /// The part of the text that is the value: group 1, or all of the match.
    pub(crate) pattern: Option<Pattern>,
}

impl Place {
    /// The same place without its pattern.
    pub(crate) fn plain(&self) -> Self {
        Self { pattern: None, ..self.clone() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RuleKind {
    /// The first date is not after the second.
    Order,
    /// A date in figures and the same in words.
    DateWords,
    /// A pin, the sex and the birth date that it tells.
    Pin,
    /// The years between two dates lie within `min` and `max`.
    Age,
    /// The year behind the number's slash is the date's.
    YearSuffix,
    /// Two fields have the same value.
    Equal,
    /// A number in figures and the same in words.
    NumberWords,
    /// A machine-readable zone and what it says again: pin, name, sex, birth date, expiry.
    Mrz,
    /// A QR code and the fields that its parts repeat, in order.
    Qr,
    /// The first name begins as one of the others does.
    Surname,
    /// Where the first field has a value, so have the others.
    Together,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) kind: RuleKind,
    pub(crate) fields: Vec<Spanned<String>>,
    pub(crate) min: Option<i32>,
    pub(crate) max: Option<i32>,
}

/// A regular expression, compiled when the file is loaded.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(pub(crate) Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let regex = Regex::new(&text).map_err(|e| {
            let last = e.to_string().lines().last().unwrap_or_default().to_owned();
            D::Error::custom(format!("expected a regular expression: {last}"))
        })?;
        Ok(Self(regex))
    }
}

fn one() -> f32 {
    1.0
}

fn one_line() -> usize {
    1
}

fn default_edit() -> f32 {
    0.2
}

/// A part of the page that there is.
fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[f32; 4]>, D::Error> {
    let zone @ [x0, y0, x1, y1] = <[f32; 4]>::deserialize(deserializer)?;
    let part = |from: f32, to: f32| 0.0 <= from && from < to && to <= 1.0;
    match part(x0, x1) && part(y0, y1) {
        true => Ok(Some(zone)),
        false => Err(D::Error::custom(
            "expected a zone [x0, y0, x1, y1] with 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1",
        )),
    }
}

struct Wrong {
    span: Range<usize>,
    expected: String,
}

fn check(spec: &Spec, lists: &BTreeMap<String, List>) -> Result<(), Wrong> {
    let wrong = |span: Range<usize>, expected: String| Err(Wrong { span, expected });
    if *spec.version.get_ref() != 1 {
        return wrong(spec.version.span(), "expected version = 1".to_owned());
    }
    if let Some(phrases) = spec.review.phrases.as_ref().filter(|p| !lists.contains_key(p.get_ref())) {
        return wrong(phrases.span(), format!("no list {:?}", phrases.get_ref()));
    }
    let anchors = &spec.classify.anchor;
    if anchors.is_empty() {
        return wrong(spec.id.span(), "classify: expected at least one anchor".to_owned());
    }
    let most: f32 = anchors.iter().map(|a| a.weight.max(0.0)).sum();
    if most < *spec.classify.min_score.get_ref() {
        let expected = format!("min_score: expected at most {most}, which is what all anchors weigh");
        return wrong(spec.classify.min_score.span(), expected);
    }
    let labels: BTreeSet<&str> = spec.label.keys().map(|k| k.get_ref().as_str()).collect();
    let is_label = |name: &Spanned<String>| -> Result<(), Wrong> {
        if labels.contains(name.get_ref().as_str()) {
            return Ok(());
        }
        Err(Wrong {
            span: name.span(),
            expected: format!("no label {:?}: expected one of [label]", name.get_ref()),
        })
    };
    for (name, label) in &spec.label {
        if label.text.is_empty() || label.text.iter().any(|t| super::text::fold(t).is_empty()) {
            return wrong(name.span(), format!("label {:?}: expected printed words in text", name.get_ref()));
        }
        if !(0.0..=0.4).contains(&label.max_edit) {
            return wrong(
                name.span(),
                format!("label {:?}: expected max_edit from 0 to 0.4", name.get_ref()),
            );
        }
    }
    let mut sections = BTreeSet::new();
    for section in &spec.section {
        if !sections.insert(section.id.get_ref().as_str()) {
            return wrong(section.id.span(), format!("section {:?} is there twice", section.id.get_ref()));
        }
        section.from.iter().chain(&section.until).chain(&section.beside).try_for_each(is_label)?;
    }
    for ignore in &spec.ignore {
        is_label(&ignore.from)?;
    }
    let mut earlier: BTreeSet<&str> = BTreeSet::new();
    for field in &spec.field {
        let name = field.name.get_ref();
        let span = field.name.span();
        let segments_ok = name.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        });
        if !segments_ok {
            return wrong(
                span,
                format!("field {name:?}: expected lower-case letters, digits and _, nested by dots"),
            );
        }
        if field.seal && field.sensitive {
            return wrong(span, format!("field {name:?} is sensitive: expected no seal = true"));
        }
        match (&field.list, field.kind) {
            (Some(list), FieldType::List) if !lists.contains_key(list.get_ref()) => {
                let known: Vec<&str> = lists.keys().map(String::as_str).collect();
                return wrong(
                    list.span(),
                    format!("no list {:?}: expected one of {}", list.get_ref(), known.join(", ")),
                );
            }
            (None, FieldType::List) if field.choose.is_empty() => {
                return wrong(span, format!("field {name:?}: expected list or choose for type = \"list\""));
            }
            (Some(list), kind) if kind != FieldType::List => {
                return wrong(list.span(), format!("field {name:?}: expected type = \"list\" beside list"));
            }
            _ => {}
        }
        field.due_with.iter().try_for_each(is_label)?;
        for words in [&field.surnames, &field.given_names, &field.words].into_iter().flatten() {
            if !lists.contains_key(words.get_ref()) {
                return wrong(words.span(), format!("no list {:?}", words.get_ref()));
            }
        }
        if field.at.is_empty() && field.choose.is_empty() && field.kind.is_words() {
            return wrong(span, format!("field {name:?}: expected at least one [[field.at]]"));
        }
        field.choose.iter().filter_map(|c| c.label.as_ref()).try_for_each(is_label)?;
        if let Some(half) = field.choose.iter().find(|c| c.field.is_some() != c.pattern.is_some()) {
            let expected =
                format!("choice {:?} of field {name:?}: expected field and pattern together", half.value);
            return wrong(span, expected);
        }
        let is_earlier = |other: &Spanned<String>| {
            if earlier.contains(other.get_ref().as_str()) {
                return Ok(());
            }
            let expected = format!("no field {:?} before field {name:?}", other.get_ref());
            Err(Wrong { span: other.span(), expected })
        };
        if let Some(when) = &field.when {
            is_earlier(&when.field)?;
        }
        field.choose.iter().filter_map(|c| c.field.as_ref()).try_for_each(is_earlier)?;
        for place in &field.at {
            match (place.take, &place.label) {
                (Take::Field, Some(other)) => is_earlier(other)?,
                (Take::Zone, None) => {}
                (Take::Qr, None) if place.pattern.is_some() => {}
                (Take::Qr, _) => {
                    return wrong(
                        span,
                        format!("field {name:?}: expected pattern, and no label, beside take = \"qr\""),
                    );
                }
                (Take::Zone, Some(label)) => {
                    return wrong(
                        label.span(),
                        "take = \"zone\": expected above, under, left_of or right_of".to_owned(),
                    );
                }
                (_, Some(label)) => is_label(label)?,
                (_, None) => return wrong(span, format!("field {name:?}: expected a label beside take")),
            }
            if place.take == Take::Between && place.until.is_empty() {
                return wrong(span, format!("field {name:?}: expected until beside take = \"between\""));
            }
            let edges = [&place.above, &place.under, &place.left_of, &place.right_of, &place.beside];
            edges.into_iter().flatten().chain(&place.until).try_for_each(is_label)?;
            if let Some(section) = &place.section
                && !sections.contains(section.get_ref().as_str())
            {
                return wrong(section.span(), format!("no section {:?}", section.get_ref()));
            }
        }
        if !earlier.insert(name) {
            return wrong(span, format!("field {name:?} is there twice"));
        }
    }
    for rule in &spec.rule {
        let Some(first) = rule.fields.first() else {
            return wrong(spec.id.span(), format!("rule {:?}: expected fields", rule.kind));
        };
        let count = match rule.kind {
            RuleKind::Pin | RuleKind::Surname => 3..=3,
            RuleKind::Mrz => 6..=6,
            RuleKind::Qr | RuleKind::Together => 2..=20,
            _ => 2..=2,
        };
        if !count.contains(&rule.fields.len()) {
            return wrong(first.span(), format!("rule {:?}: expected {} fields", rule.kind, count.start()));
        }
        // A part of a code that no field repeats is named by nothing.
        let named = |f: &&Spanned<String>| rule.kind != RuleKind::Qr || !f.get_ref().is_empty();
        if let Some(unknown) =
            rule.fields.iter().filter(named).find(|f| !earlier.contains(f.get_ref().as_str()))
        {
            return wrong(unknown.span(), format!("rule {:?}: no field {:?}", rule.kind, unknown.get_ref()));
        }
        if rule.kind == RuleKind::Age && rule.min.is_none() && rule.max.is_none() {
            return wrong(first.span(), "rule Age: expected min or max".to_owned());
        }
        if rule.min.zip(rule.max).is_some_and(|(min, max)| min > max) {
            return wrong(
                first.span(),
                "rule Age: no age lies between min and max: expected min up to max".to_owned(),
            );
        }
        let named: Vec<&str> =
            rule.fields.iter().map(|f| f.get_ref().as_str()).filter(|f| !f.is_empty()).collect();
        if let Some(twice) = (1..named.len()).find(|i| named[..*i].contains(&named[*i])) {
            let expected = format!(
                "rule {:?}: expected other fields beside {:?}, not it again",
                rule.kind, named[twice]
            );
            return wrong(first.span(), expected);
        }
    }
    let seals: Vec<&FieldSpec> = spec.field.iter().filter(|f| f.seal).collect();
    if let Some(extra) = seals.get(MAX_SEAL_FIELDS) {
        let expected = format!("{} fields with seal = true: expected at most {MAX_SEAL_FIELDS}", seals.len());
        return wrong(extra.name.span(), expected);
    }
    Ok(())
}

pub(crate) fn syntax_error(file: &str, source: &str, error: &toml::de::Error) -> ExtractError {
    ExtractError::Form {
        file: file.to_owned(),
        line: line_of(source, error.span().map_or(0, |s| s.start)),
        expected: error.message().replace('\n', " "),
    }
}

fn line_of(source: &str, offset: usize) -> usize {
    1 + source.bytes().take(offset).filter(|b| *b == b'\n').count()
}
