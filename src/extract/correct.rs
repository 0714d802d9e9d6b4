//! The officer's corrections: a value that was changed must be one that its field can have.

use serde_json::Value;

use super::error::ExtractError;
use super::form::{FieldSpec, FieldType, RuleKind};
use super::lists::Found;
use super::{Forms, mrz, parse, text, validate};
use crate::record::{Field, Fields};

/// The officer's word, among a field's problems, that the paper says so, odd as it is.
const AS_ON_PAPER: &str = "as-on-paper";

impl Forms {
    /// Checks the values that an officer changed against the form's types, lists, formats and rules; those left as read pass,
    /// and so does what the officer marks `as-on-paper`, but for dates and years. What only makes a misreading likely (a rare
    /// name, a surname that is neither parent's) is no reason: the officer saw the paper.
    ///
    /// # Errors
    /// [`ExtractError::UnknownForm`], or [`ExtractError::Value`] with the first field whose value cannot be.
    pub fn check_corrections(&self, read: &Fields, officer: &Fields) -> Result<(), ExtractError> {
        let Some(id) = officer.form.as_deref() else { return Ok(()) };
        let form = self.get(id).ok_or_else(|| self.unknown(id))?;
        let specs = &form.spec().field;
        let changed: Vec<(&FieldSpec, &Field)> = specs
            .iter()
            .filter_map(|spec| Some((spec, officer.fields.get(spec.name.get_ref())?)))
            .filter(|(spec, field)| {
                read.fields.get(spec.name.get_ref()).is_none_or(|r| r.value != field.value)
            })
            .collect();
        let wrong = |spec: &FieldSpec, problem: String| {
            Err(ExtractError::Value { field: spec.name.get_ref().clone(), problem })
        };
        let insisted = |field: &Field| field.problems.iter().any(|p| p == AS_ON_PAPER);
        for (spec, field) in &changed {
            let is_date = matches!(spec.kind, FieldType::Date | FieldType::Year);
            if let Some(problem) = self.misfit(spec, &field.value)
                && (is_date || !insisted(field))
            {
                return wrong(spec, problem);
            }
        }
        let mut fields = officer.fields.clone();
        let rules: Vec<_> =
            form.spec().rule.iter().filter(|r| r.kind != RuleKind::Surname).cloned().collect();
        fields.values_mut().for_each(|field| field.problems.clear());
        validate::cross_check(&mut fields, &rules);
        for (spec, _) in changed.into_iter().filter(|(_, field)| !insisted(field)) {
            let problems = &fields[spec.name.get_ref()].problems;
            if let Some(others) = problems.iter().find_map(|p| p.strip_prefix(validate::CROSS_CHECK)) {
                return wrong(spec, format!("it contradicts {others}"));
            }
        }
        Ok(())
    }

    /// Why a value is none that the field can have; nothing of the value is in it.
    fn misfit(&self, spec: &FieldSpec, value: &Value) -> Option<String> {
        let items: Vec<&str> = match value {
            // Nothing stands there.
            Value::Null => return None,
            Value::String(text) if !is_list(spec.kind) => vec![text],
            Value::Array(items) if is_list(spec.kind) => items.iter().filter_map(Value::as_str).collect(),
            _ if is_list(spec.kind) => {
                return Some("expected a list of texts, or null".to_owned());
            }
            _ => return Some("expected one text, or null".to_owned()),
        };
        let blank = |item: &&str| parse::trim(item).is_none() || item.chars().any(char::is_control);
        if items.is_empty() || items.iter().any(blank) {
            return Some("expected words on one line; null where nothing stands on the paper".to_owned());
        }
        let last = *items.last()?;
        if spec.or.iter().any(|o| o == last) {
            return None;
        }
        let expected = match spec.kind {
            FieldType::Date if !parse::is_iso_date(last) => {
                "expected a date that exists, as YYYY-MM-DD, YYYY-MM or YYYY"
            }
            FieldType::Year if !(last.len() == 4 && parse::is_iso_date(last)) => {
                "expected a year of four digits"
            }
            FieldType::Name if !parse::is_name(last) => "expected a name: letters, no digits or other marks",
            FieldType::Words if parse::date_in_words(last).is_none() => "expected a date in words",
            FieldType::Sex if !matches!(last, "Nam" | "Nữ") => "expected Nam or Nữ",
            FieldType::Pin if !read_as_is(&parse::pin(last), last) => "expected twelve digits",
            FieldType::Number if !read_as_is(&parse::number(last), last) => {
                "expected a number, without white space"
            }
            FieldType::Code if !read_as_is(&parse::code(last), last) => {
                "expected a code, without white space"
            }
            FieldType::RedSeal | FieldType::Ink if !matches!(last, "true" | "false") => {
                "expected true or false"
            }
            FieldType::Mrz
                if !mrz::parse(&items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>())
                    .problems
                    .is_empty() =>
            {
                "expected three lines of thirty characters, with right check digits"
            }
            FieldType::List => return self.unlisted(spec, last),
            _ => "",
        };
        if !expected.is_empty() {
            return Some(expected.to_owned());
        }
        if let Some(format) = spec.format.as_ref().filter(|f| !f.0.is_match(&text::nfc(last))) {
            return Some(format!("expected the form {}", format.0));
        }
        let digits = spec.check.is_some_and(|kind| !validate::check_digits(kind, last));
        digits.then(|| "its check digit is wrong".to_owned())
    }

    /// Why a value is not one of its list, as the list spells it.
    fn unlisted(&self, spec: &FieldSpec, value: &str) -> Option<String> {
        if spec.choose.iter().any(|choice| choice.value == value) {
            return None;
        }
        let Some(list) = spec.list.as_ref() else {
            let choices: Vec<&str> = spec.choose.iter().map(|c| c.value.as_str()).collect();
            return Some(format!("expected one of {}", choices.join(", ")));
        };
        match self.lists.get(list.get_ref())?.find(value) {
            Found::Exact(listed) if listed == text::nfc(value) => None,
            _ => Some(format!("expected a value of the list {}, as it is spelt there", list.get_ref())),
        }
    }
}

/// Whether values of a type are lists of texts.
fn is_list(kind: FieldType) -> bool {
    matches!(kind, FieldType::Items | FieldType::Mrz)
}

/// Whether a value is already what would be read from it.
fn read_as_is(parsed: &parse::Parsed, value: &str) -> bool {
    parsed.problems.is_empty() && parsed.value.as_str() == Some(text::nfc(value).as_str())
}
