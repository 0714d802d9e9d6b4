//! The answer: a verdict, what to do, and one fact after another.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::geom::PixelBox;
use crate::record::{Act, Role};

use super::fact::{Fact, FactId, Language, State, Text};
use super::indication::Indication;
use super::status::Status;

/// The version of the report's JSON.
pub const VERSION: u32 = 1;

/// The whole in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every fact holds and the copy is in force.
    Valid,
    /// A fact does not hold.
    Invalid,
    /// Nothing is wrong, but something needed could not be concluded, or the copy is a trial.
    Indeterminate,
    /// The office is not in the trust list.
    UnknownIssuer,
    /// Every fact holds; whether the copy was revoked since is not known.
    AuthenticStatusUnknown,
}

impl Verdict {
    /// The exit code of `saoy verify`.
    pub const fn exit_code(self, allow_status_unknown: bool) -> u8 {
        match self {
            Self::Valid => 0,
            Self::AuthenticStatusUnknown if allow_status_unknown => 0,
            Self::AuthenticStatusUnknown => 3,
            Self::Invalid | Self::Indeterminate | Self::UnknownIssuer => 1,
        }
    }

    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Indeterminate => "indeterminate",
            Self::UnknownIssuer => "unknown-issuer",
            Self::AuthenticStatusUnknown => "authentic-status-unknown",
        }
    }
}

/// What verification of one file found. Serialises to the JSON of `saoy verify --json`; what the copy says about itself is
/// only as good as the verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// The whole in one word.
    pub verdict: Verdict,
    /// Whether the copy says that it is a trial (THỬ NGHIỆM).
    pub trial: bool,
    /// The moment of checking that was handed in, RFC 3339.
    pub checked_at: String,
    /// The verdict in a sentence.
    pub summary: Text,
    /// What to do.
    pub advice: Text,
    /// The PDF signatures alone, in ETSI's words: the worst of them.
    #[serde(flatten)]
    pub signed: Indication,
    /// What the copy says, where its record could be read.
    pub copy: Option<CopyFacts>,
    /// The PDF signatures, in the order of signing.
    pub signatures: Vec<SignatureFacts>,
    /// Each check.
    pub facts: Vec<Fact>,
    /// What the registry says now, where that is known.
    pub status: Option<Status>,
}

/// What a copy says about itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CopyFacts {
    /// Whether the office answers for what follows. Else the file only claims it: something is wrong, or could not be checked. A copy that was
    /// revoked stays proven.
    pub proven: bool,
    /// Lower-case hexadecimal, 32 digits.
    pub copy_id: String,
    /// The office's code.
    pub office: String,
    /// The office's name in the trust list, else the one in the record.
    pub office_name: String,
    /// The officer's name and title.
    pub officer: Option<String>,
    /// The act.
    pub act: Act,
    /// Number and year in the book: `12/2026`.
    pub number: String,
    /// The book's symbol.
    pub book: String,
    /// The day in Vietnam's calendar, `YYYY-MM-DD`.
    pub date: String,
    /// How many copies were asked for.
    pub copies: u32,
    /// The number of pages.
    pub pages: usize,
    /// The index in the office's registry.
    pub index: Option<u64>,
    /// The form's id.
    pub form: Option<String>,
    /// The disclosed fields by name.
    pub fields: BTreeMap<String, FieldFacts>,
    /// How many certified fields are withheld.
    pub withheld: Option<usize>,
}

/// A disclosed field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldFacts {
    /// The value.
    pub value: Value,
    /// Whether a person confirmed it.
    pub confirmed: bool,
    /// The page that it stands on, from 1.
    pub page: Option<u32>,
    /// Where it stands on that page, pixels of the upright page image.
    #[serde(rename = "box")]
    pub bbox: Option<PixelBox>,
}

/// What one PDF signature says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureFacts {
    /// Who.
    pub role: Role,
    /// The certificate's subject, RFC 4514.
    pub subject: Option<String>,
    /// SHA-256 of the certificate.
    pub certificate: Option<String>,
    /// The time that the signer claims, RFC 3339; nothing proves it.
    pub claimed_time: Option<String>,
    /// What ETSI EN 319 102-1 would say about it.
    #[serde(flatten)]
    pub validation: Indication,
}

/// Of a form's id and a field's name the field's place among those of the form, and what people call it.
pub type Known<'k> = dyn Fn(&str, &str) -> Option<(usize, String)> + 'k;

impl Report {
    /// The fact with this id.
    pub fn fact(&self, id: FactId) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.id == id)
    }

    /// The facts that do not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(|fact| fact.state == State::Failed)
    }

    /// The report for people: verdict, what to do, what the copy says, one line a fact. Fields stand under their names.
    pub fn text(&self, language: Language) -> String {
        self.text_titled(language, &|_, _| None)
    }

    /// The same with the fields in the order of their form and by what people call them, where `known` knows them.
    pub fn text_titled(&self, language: Language, known: &Known<'_>) -> String {
        let say = |vi: &'static str, en: &'static str| match language {
            Language::Vietnamese => vi,
            Language::English => en,
        };
        let mut out = String::new();
        let mut line = |text: &str| {
            out.push_str(text.trim_end());
            out.push('\n');
        };
        line(self.summary.get(language));
        line(self.advice.get(language));
        if let Some(copy) = &self.copy {
            line("");
            if !copy.proven {
                line(say(
                    "Tệp tự khai như sau; không điều nào được chứng minh:",
                    "What the file claims, and nothing proves:",
                ));
            }
            line(&format!(
                "{}: {} ({})",
                say("Cơ quan", "Office"),
                printable(&copy.office_name),
                printable(&copy.office)
            ));
            if let Some(officer) = &copy.officer {
                line(&format!("{}: {}", say("Người chứng thực", "Officer"), printable(officer)));
            }
            line(&format!(
                "{}: {} — {}",
                say("Số chứng thực", "Number"),
                printable(&copy.number),
                printable(&copy.book)
            ));
            line(&format!("{}: {}", say("Ngày", "Date"), date(&copy.date, language)));
            let mut technical = format!("{}: {}", say("Mã bản sao", "Copy id"), copy.copy_id);
            if let Some(index) = copy.index {
                let _ = write!(technical, "; {} {index}", say("mục số", "entry"));
            }
            let _ = write!(
                technical,
                "; {} {}",
                copy.pages,
                say("trang", if copy.pages == 1 { "page" } else { "pages" })
            );
            line(&technical);
            // What a forgery says of a person is not worth repeating.
            let told = copy.proven || self.verdict != Verdict::Invalid;
            if !told && !copy.fields.is_empty() {
                let count = copy.fields.len();
                line(&format!(
                    "  {}: {count}",
                    say(
                        "Số trường không nêu ở đây vì tệp không hợp lệ",
                        "Fields not repeated here, since the file is invalid"
                    )
                ));
            }
            let known = |name: &str| copy.form.as_deref().and_then(|form| known(form, name));
            let mut fields: Vec<_> = copy
                .fields
                .iter()
                .filter(|_| told)
                .map(|(name, field)| {
                    let (place, called) = known(name).unwrap_or_else(|| (usize::MAX, name.clone()));
                    (place, called, field)
                })
                .collect();
            fields.sort_by_key(|(place, ..)| *place);
            for (_, called, field) in fields {
                let mark = if field.confirmed {
                    ""
                } else {
                    say(" (chưa có người xác nhận)", " (not confirmed by a person)")
                };
                line(&format!("  {}: {}{mark}", printable(&called), shown(&field.value)));
            }
            if let Some(withheld @ 1..) = copy.withheld {
                line(&format!("  {}: {withheld}", say("Số trường không công bố", "Fields withheld")));
            }
        }
        line("");
        out + &facts_text(&self.facts, language)
    }
}

/// One line a fact.
pub fn facts_text(facts: &[Fact], language: Language) -> String {
    let say = |vi: &'static str, en: &'static str| match language {
        Language::Vietnamese => vi,
        Language::English => en,
    };
    let mut out = String::new();
    for fact in facts {
        let mark = match fact.state {
            State::Passed => say("[đạt]", "[passed]"),
            State::Failed => say("[KHÔNG ĐẠT]", "[FAILED]"),
            State::NotChecked => say("[chưa kiểm tra]", "[not checked]"),
            State::Warning => say("[lưu ý]", "[warning]"),
        };
        let _ = writeln!(
            out,
            "{mark} {}: {}",
            fact.title.get(language),
            printable(fact.evidence.get(language)).trim_end()
        );
    }
    out
}

/// A value of a file on a terminal: without control characters, and on one line.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control()
                || ('\u{202a}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c)
            {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// A value between quotation marks.
pub(super) fn quoted(text: &str) -> String {
    format!("“{}”", printable(text))
}

/// `birth_date` and `mother.name` in words, where no form says what a field is called in the reader's language.
pub fn humanised(name: &str) -> String {
    let words = printable(name).replace('.', ": ").replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::String(text) => printable(text),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => printable(&other.to_string()),
    }
}

/// `2026-11-22` as people write it.
pub(super) fn date(iso: &str, language: Language) -> String {
    let parts: Vec<&str> = iso.split('-').collect();
    match (language, parts.as_slice()) {
        (Language::Vietnamese, [year, month, day]) => printable(&format!("{day}/{month}/{year}")),
        _ => printable(iso),
    }
}
