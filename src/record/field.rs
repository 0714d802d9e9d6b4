//! What stands on a paper: one value a field, with where it was read and how sure the reading is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::geom::PixelBox;

/// One value on a form, as extraction proposes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The words as read, joined by single spaces, NFC; null where nothing stands on the paper.
    pub raw: Option<String>,
    /// The normalised value: a string, a list, or null. Dates are ISO 8601, possibly partial (`YYYY`, `YYYY-MM`).
    pub value: Value,
    /// How likely the value is right, 0 to 1.
    pub confidence: f32,
    /// The page it stands on, from 1; null where nothing was found.
    pub page: Option<u32>,
    /// Where it stands on that page.
    #[serde(rename = "box")]
    pub bbox: Option<PixelBox>,
    /// Whether an officer must look at it before it is relied on.
    pub review: bool,
    /// Why, as stable codes with values: `cross-check: child_dob_words`.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// Everything read from one document, under the names of its form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fields {
    /// The form's id, or null where none was recognised.
    pub form: Option<String>,
    /// The fields by name; names are those of the form's file.
    pub fields: BTreeMap<String, Field>,
}

/// Where a certified value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Read from the page and left as read.
    Ocr,
    /// Entered or corrected by the officer.
    Officer,
}

/// One value as the office attests it; the third member of its disclosure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedField {
    /// The value: a string, a list, or null.
    pub value: Value,
    /// The page it stands on, from 1.
    pub page: Option<u32>,
    /// Where it stands on that page.
    #[serde(rename = "box")]
    pub bbox: Option<PixelBox>,
    /// Where the value comes from.
    pub source: Source,
    /// Whether a person confirmed it.
    pub confirmed: bool,
}

/// The fields that go into a record, each said to be confirmed by a person or not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfirmedFields {
    form: Option<String>,
    fields: BTreeMap<String, ConfirmedField>,
}

impl ConfirmedFields {
    /// The machine's reading as it stands: every field says `confirmed: false`.
    pub fn unconfirmed(read: &Fields) -> Self {
        let fields = read
            .fields
            .iter()
            .map(|(name, field)| {
                let confirmed = ConfirmedField {
                    value: field.value.clone(),
                    page: field.page,
                    bbox: field.bbox,
                    source: Source::Ocr,
                    confirmed: false,
                };
                (name.clone(), confirmed)
            })
            .collect();
        Self { form: read.form.clone(), fields }
    }

    /// The officer's version, compared with what was read: a value that differs comes from the officer,
    /// and every field is confirmed.
    pub fn by_officer(read: &Fields, officer: &Fields) -> Self {
        let fields = officer
            .fields
            .iter()
            .map(|(name, field)| {
                let unchanged = read.fields.get(name).is_some_and(|r| r.value == field.value);
                let confirmed = ConfirmedField {
                    value: field.value.clone(),
                    page: field.page,
                    bbox: field.bbox,
                    source: if unchanged { Source::Ocr } else { Source::Officer },
                    confirmed: true,
                };
                (name.clone(), confirmed)
            })
            .collect();
        Self { form: officer.form.clone(), fields }
    }

    /// The form's id.
    pub fn form(&self) -> Option<&str> {
        self.form.as_deref()
    }

    /// The fields by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ConfirmedField)> {
        self.fields.iter().map(|(name, field)| (name.as_str(), field))
    }

    /// One field.
    pub fn get(&self, name: &str) -> Option<&ConfirmedField> {
        self.fields.get(name)
    }
}
